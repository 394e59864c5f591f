#include "content/content_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/file.h"

/* Hidden files and the leavings of editors are not content. */
static bool is_wanted(const char *name)
{
    return name[0] != '.' && name[0] != '#' && !fl_str_ends_with(name, "~") &&
           !fl_str_ends_with(name, ".bak") && !fl_str_ends_with(name, ".swp");
}

static int wanted_filter(const struct dirent *entry)
{
    return is_wanted(entry->d_name);
}

static int name_compare(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum fl_status entry_read(struct fl_arena *arena, const char *folder, const char *name,
                                 struct fl_content_file *files, size_t *n, struct fl_error *err)
{
    const char *path = fl_arena_printf(arena, "%s/%s", folder, name);
    struct fl_content_file file = {.path = fl_arena_strdup(arena, name)};
    enum fl_status st;
    struct stat info;
    char *body;

    if (!path || !file.path)
        return fl_error_set(err, FL_IO, "could not read \"%s\": memory is out", folder);
    if (stat(path, &info))
        return fl_error_set_errno(err, errno, "could not read \"%s\"", path);
    if (!S_ISREG(info.st_mode))
        return FL_OK;
    if (*n == FL_CONTENT_FILES_MAX)
        return fl_error_set(err, FL_LIMIT, "\"%s\" has more than %d files", folder,
                            FL_CONTENT_FILES_MAX);
    st = fl_file_read(arena, path, FL_CONTENT_FILE_MAX, &body, &file.body_len, err);
    if (st)
        return st;
    file.body = body;
    files[(*n)++] = file;
    return FL_OK;
}

/* Over names, lengths and bodies, in the order of the names. */
static const char *hash_of(struct fl_arena *arena, const struct fl_content_file *files, size_t n)
{
    struct fl_buf FL_AUTO_BUF all = FL_BUF(SIZE_MAX / 2);
    char hex[FL_SHA256_HEX_SIZE];

    for (size_t i = 0; i < n; i++) {
        fl_buf_printf(&all, "%s%c%zu%c", files[i].path, '\0', files[i].body_len, '\0');
        fl_buf_add(&all, files[i].body, files[i].body_len);
    }
    if (fl_buf_failed(&all))
        return NULL;
    fl_sha256_hex(all.data, all.len, hex);
    return fl_arena_strdup(arena, hex);
}

static const char *name_of(struct fl_arena *arena, const char *path)
{
    size_t len = strlen(path), start;

    while (len > 1 && path[len - 1] == '/')
        len--;
    for (start = len; start && path[start - 1] != '/'; start--)
        ;
    return fl_arena_strndup(arena, path + start, len - start);
}

enum fl_status fl_content_read_folder(struct fl_arena *arena, const char *path,
                                      struct fl_content_version *out, struct fl_error *err)
{
    struct fl_content_file *files =
        FL_ARENA_ARRAY(arena, struct fl_content_file, FL_CONTENT_FILES_MAX);
    struct fl_content_version version = {.files = files};
    struct dirent **entries = NULL;
    enum fl_status st = FL_OK;
    int n;

    if (!files)
        return fl_error_set(err, FL_IO, "could not read \"%s\": memory is out", path);
    n = scandir(path, &entries, wanted_filter, name_compare);
    if (n < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? fl_error_set(err, FL_NOT_FOUND, "no folder \"%s\"", path)
                   : fl_error_set_errno(err, errno, "could not read folder \"%s\"", path);
    for (int i = 0; i < n; i++) {
        if (!st)
            st = entry_read(arena, path, entries[i]->d_name, files, &version.n_files, err);
        free(entries[i]);
    }
    free(entries);
    if (st)
        return st;
    if (!version.n_files)
        return fl_error_set(err, FL_NOT_FOUND, "folder \"%s\" has no files", path);
    version.name = name_of(arena, path);
    version.hash = hash_of(arena, files, version.n_files);
    if (!version.name || !version.hash)
        return fl_error_set(err, FL_IO, "could not read \"%s\": memory is out", path);
    *out = version;
    return FL_OK;
}
