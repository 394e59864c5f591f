/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs and returned files in folders of this machine. */
#include "letter/letter_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0750, FILE_MODE = 0640, NAMES_MAX = 100000 };

struct folder {
    struct letter_place base;
    char *path;
};

static struct folder *folder_of(struct letter_place *place)
{
    return (struct folder *)(void *)place;
}

static enum fl_call trouble(struct fl_why *why, const char *what, const char *path, int error)
{
    return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "could not %s \"%s\": %s", what, path,
                    g_strerror(error));
}

static bool folder_make(const char *path)
{
    return mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST;
}

static int folder_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) < 0 ? errno : 0;

    if (fd >= 0)
        close(fd);
    return error;
}

static int file_write(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    int error = fd < 0 ? errno : 0;

    for (size_t off = 0; !error && off < len;) {
        ssize_t n = write(fd, (const char *)data + off, len - off);

        if (n >= 0)
            off += (size_t)n;
        else if (errno != EINTR)
            error = errno;
    }
    if (!error && fsync(fd) < 0)
        error = errno;
    if (fd >= 0 && close(fd) < 0 && !error)
        error = errno;
    return error;
}

/* 0 or errno; EFBIG above `max`. */
static int file_read(const char *path, size_t max, GByteArray *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    int error = fd < 0 || fstat(fd, &st) < 0 ? errno : 0;

    if (!error && !S_ISREG(st.st_mode))
        error = EINVAL;
    if (!error && (uint64_t)st.st_size > max)
        error = EFBIG;
    if (!error)
        g_byte_array_set_size(out, (guint)st.st_size);
    for (size_t off = 0; !error && off < out->len;) {
        ssize_t n = read(fd, out->data + off, out->len - off);

        if (n < 0 && errno != EINTR)
            error = errno;
        if (n == 0)
            g_byte_array_set_size(out, (guint)off);
        off += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        close(fd);
    return error;
}

/* Removes a folder of plain files; what is no file stays, and so does the folder. */
static void folder_remove(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir)
        closedir(dir);
    (void)rmdir(path);
}

/* --- jobs -------------------------------------------------------------------------------------*/

static enum fl_call folder_has(struct letter_place *place, const char *job, bool *out,
                               struct fl_why *why)
{
    char *path = g_build_filename(folder_of(place)->path, job, "manifest.json", NULL);
    struct stat st;
    int error = lstat(path, &st) < 0 ? errno : 0;
    enum fl_call call = FL_CALL_OK;

    if (error && error != ENOENT)
        call = trouble(why, "look for", path, error);
    else
        *out = !error;
    g_free(path);
    return call;
}

/* The job stands there already: the same, or something is wrong. */
static enum fl_call compare(struct folder *self, const struct letter_job *job, struct fl_why *why)
{
    char *path = g_build_filename(self->path, job->name, "manifest.json", NULL);
    GByteArray *manifest = g_byte_array_new();
    int error = file_read(path, (size_t)job->files[job->n_files - 1].data->len + 1, manifest);
    enum fl_call call = FL_CALL_OK;

    if (error && error != EFBIG)
        call = trouble(why, "read", path, error);
    else if (error || !letter_same_job(job, manifest))
        call = plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                        "job \"%s\" stands there already with other content", job->name);
    g_byte_array_unref(manifest);
    g_free(path);
    return call;
}

static enum fl_call write_files(const char *part, const struct letter_job *job, struct fl_why *why)
{
    int error = folder_make(part) ? 0 : errno;

    if (error)
        return trouble(why, "make", part, error);
    for (size_t i = 0; i < job->n_files; i++) {
        char *path = g_build_filename(part, job->files[i].name, NULL);

        error = file_write(path, job->files[i].data->data, job->files[i].data->len);
        if (error)
            (void)trouble(why, "write", path, error);
        g_free(path);
        if (error)
            return FL_CALL_RETRY;
    }
    error = folder_sync(part);
    return error ? trouble(why, "sync", part, error) : FL_CALL_OK;
}

static enum fl_call folder_publish(struct letter_place *place, const struct letter_job *job,
                                   struct fl_why *why)
{
    struct folder *self = folder_of(place);
    char *name = g_strdup_printf(".%s.part", job->name);
    char *part = g_build_filename(self->path, name, NULL);
    char *whole = g_build_filename(self->path, job->name, NULL);
    bool is_there = false;
    enum fl_call call;
    int error;

    if (!folder_make(self->path))
        call = trouble(why, "make", self->path, errno);
    else
        call = folder_has(place, job->name, &is_there, why);
    if (call == FL_CALL_OK && is_there) {
        call = compare(self, job, why);
    } else if (call == FL_CALL_OK) {
        folder_remove(part);
        call = write_files(part, job, why);
        if (call == FL_CALL_OK && rename(part, whole) < 0)
            call = trouble(why, "rename to", whole, errno);
        if (call != FL_CALL_OK)
            folder_remove(part);
    }
    error = call == FL_CALL_OK ? folder_sync(self->path) : 0;
    if (error)
        call = trouble(why, "sync", self->path, error);
    g_free(name);
    g_free(part);
    g_free(whole);
    return call;
}

static void folder_forget(struct letter_place *place, const char *job)
{
    char *part = g_strdup_printf("%s/.%s.part", folder_of(place)->path, job);

    folder_remove(part);
    g_free(part);
}

static enum fl_call folder_health(struct letter_place *place, struct fl_why *why)
{
    struct folder *self = folder_of(place);
    struct stat st;

    if (stat(self->path, &st) < 0)
        return trouble(why, "use", self->path, errno);
    if (!S_ISDIR(st.st_mode))
        return trouble(why, "use", self->path, ENOTDIR);
    if (access(self->path, R_OK | W_OK | X_OK) < 0)
        return trouble(why, "write in", self->path, errno);
    return FL_CALL_OK;
}

/* --- returned files ---------------------------------------------------------------------------*/

bool letter_name_is_ours(const char *name)
{
    static const char *const others[] = {".part", ".tmp", ".done", ".rejected"};

    if (name[0] == '.' || !name[0] || strpbrk(name, "/\\\"") || strlen(name) > 200)
        return false;
    for (const char *p = name; *p; p++) {
        if ((unsigned char)*p < 0x20)
            return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (g_str_has_suffix(name, others[i]))
            return false;
    }
    return true;
}

static gint came_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(((const struct letter_came *)a)->name, ((const struct letter_came *)b)->name);
}

void letter_came_free(GArray *came)
{
    for (guint i = 0; i < came->len; i++)
        g_free(g_array_index(came, struct letter_came, i).name);
    g_array_free(came, TRUE);
}

static enum fl_call folder_list(struct letter_place *place, GArray *out, struct fl_why *why)
{
    struct folder *self = folder_of(place);
    DIR *dir = opendir(self->path);
    struct dirent *entry;

    if (!dir)
        return errno == ENOENT ? FL_CALL_OK : trouble(why, "read", self->path, errno);
    while (out->len < NAMES_MAX && (entry = readdir(dir))) {
        struct letter_came came = {0};
        struct stat st;
        char *marker;

        if (!letter_name_is_ours(entry->d_name) ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(st.st_mode))
            continue;
        marker = g_strdup_printf("%s.done", entry->d_name);
        came.name = g_strdup(entry->d_name);
        came.changed_us = (int64_t)st.st_mtim.tv_sec * G_USEC_PER_SEC;
        came.is_marked = faccessat(dirfd(dir), marker, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        g_free(marker);
        g_array_append_val(out, came);
    }
    closedir(dir);
    g_array_sort(out, came_compare);
    return FL_CALL_OK;
}

static enum fl_call folder_read(struct letter_place *place, const char *name, size_t max,
                                GByteArray *out, struct fl_why *why)
{
    char *path = g_build_filename(folder_of(place)->path, name, NULL);
    int error = file_read(path, max, out);
    enum fl_call call = FL_CALL_OK;

    if (error)
        call = plug_why(why, error == EFBIG ? FL_CALL_FAILED : FL_CALL_RETRY, FL_FAULT_OUR_SIDE,
                        "could not read \"%s\": %s", path, g_strerror(error));
    g_free(path);
    return call;
}

/* A free name in processed/: NAME, NAME.1, ... */
static char *free_name(const char *processed, const char *name)
{
    char *path = g_build_filename(processed, name, NULL);

    for (int i = 1; access(path, F_OK) == 0 && i < NAMES_MAX; i++) {
        g_free(path);
        path = g_strdup_printf("%s/%s.%d", processed, name, i);
    }
    return path;
}

static enum fl_call folder_done(struct letter_place *place, const char *name,
                                const GString *rejected, struct fl_why *why)
{
    struct folder *self = folder_of(place);
    char *processed = g_build_filename(self->path, "processed", NULL);
    char *from = g_build_filename(self->path, name, NULL), *to = NULL, *aside = NULL;
    char *marker = g_strdup_printf("%s.done", from);
    int error = folder_make(processed) ? 0 : errno;

    if (!error) {
        to = free_name(processed, name);
        aside = g_strdup_printf("%s.rejected", to);
        if (rejected->len)
            error = file_write(aside, rejected->str, rejected->len);
    }
    if (!error && rename(from, to) < 0)
        error = errno;
    if (!error)
        (void)unlink(marker);
    if (!error)
        (void)folder_sync(processed);
    if (error)
        (void)trouble(why, "put aside", from, error);
    g_free(processed);
    g_free(from);
    g_free(to);
    g_free(aside);
    g_free(marker);
    return error ? FL_CALL_RETRY : FL_CALL_OK;
}

static void folder_destroy(struct letter_place *place)
{
    g_free(folder_of(place)->path);
    g_free(place);
}

struct letter_place *letter_folder_create(const char *path)
{
    static const struct letter_place_ops ops = {
        .publish = folder_publish,
        .has = folder_has,
        .forget = folder_forget,
        .health = folder_health,
        .list = folder_list,
        .read = folder_read,
        .done = folder_done,
        .destroy = folder_destroy,
    };
    struct folder *self = g_new0(struct folder, 1);

    self->base.ops = &ops;
    self->path = g_strdup(path);
    return &self->base;
}
