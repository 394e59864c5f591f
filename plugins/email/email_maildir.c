/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Maildir, out and in.
 *
 * Out: a file's name comes from the message's identity, so a repeat replaces its file.  Files are
 * synced one by one, the folders once for a batch, and only then the batch is reported.
 *
 * In: a file is handed over, the host commits, and only then it moves from new/ to cur/.
 */
#include "email_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 255, COMMIT_EVERY = 50, REFUSALS_MAX = 3 };

/* --- out --------------------------------------------------------------------------------------*/

static bool make_folder(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

/* Makes `base`, with tmp, new and cur; 0 or errno. */
static int maildir_make(const char *base)
{
    static const char *const subs[] = {"tmp", "new", "cur"};

    if (!make_folder(base))
        return errno;
    for (size_t i = 0; i < G_N_ELEMENTS(subs); i++) {
        char *path = g_build_filename(base, subs[i], NULL);
        bool ok = make_folder(path);
        int error = errno;

        g_free(path);
        if (!ok)
            return error;
    }
    return 0;
}

/* An address as the name of a folder: no path, no dot file, one spelling. */
static char *folder_name(const char *address)
{
    char *name = g_ascii_strdown(address, -1);

    for (char *p = name; *p; p++) {
        if (*p == '/' || (p == name && *p == '.'))
            *p = '_';
    }
    return name;
}

/* A reader may have moved an earlier copy to cur/ and given it flags. */
static bool was_read(const char *base, const char *name)
{
    char *path = g_build_filename(base, "cur", NULL);
    size_t len = strlen(name);
    DIR *dir = opendir(path);
    bool is_found = false;
    struct dirent *entry;

    g_free(path);
    while (dir && !is_found && (entry = readdir(dir)))
        is_found = strncmp(entry->d_name, name, len) == 0 &&
                   (!entry->d_name[len] || entry->d_name[len] == ':');
    if (dir)
        closedir(dir);
    return is_found;
}

static int write_synced(const char *path, const GString *data)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int error = fd < 0 ? errno : 0;

    for (size_t off = 0; !error && off < data->len;) {
        ssize_t n = write(fd, data->str + off, data->len - off);

        if (n >= 0)
            off += (size_t)n;
        else if (errno != EINTR)
            error = errno;
    }
    if (!error && fdatasync(fd) < 0)
        error = errno;
    if (fd >= 0 && close(fd) < 0 && !error)
        error = errno;
    if (error && fd >= 0)
        unlink(path);
    return error;
}

/* tmp/ to new/; 0 or errno. */
static int message_store(const char *base, const struct fl_item *item, const GString *data)
{
    char name[NAME_BYTES];
    char *tmp, *new;
    int error = maildir_make(base);

    if (error)
        return error;
    g_snprintf(name, sizeof name, "%" PRIx64 ".%s.fairline", (uint64_t)item->message_id,
               item->token_identity);
    if (item->attempt > 1 && was_read(base, name))
        return 0;
    tmp = g_build_filename(base, "tmp", name, NULL);
    new = g_build_filename(base, "new", name, NULL);
    error = write_synced(tmp, data);
    if (!error && rename(tmp, new) < 0) {
        error = errno;
        unlink(tmp);
    }
    g_free(tmp);
    g_free(new);
    return error;
}

static int folder_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) < 0 ? errno : 0;

    if (fd >= 0)
        close(fd);
    return error;
}

/* What became of one item before the folders are synced. */
struct stored {
    enum fl_outcome outcome;
    enum fl_fault_class fault;
    char *base; /* where it lies; NULL: it was not stored */
    char *detail;
};

static void item_store(struct email *self, const struct fl_item *item, GString *scratch,
                       struct stored *out)
{
    const struct email_settings *set = &self->set;
    struct fl_why why = {.size = sizeof why};
    char *folder;
    int error;

    if (!email_address_is_safe(item->to_address)) {
        out->outcome = FL_OUTCOME_BOUNCED;
        out->fault = FL_FAULT_ADDRESS;
        out->detail = g_strdup("the address is not local@domain in ASCII");
        return;
    }
    if (!email_message_build(set, item, self->services->now_us(self->services->host), scratch,
                             &why)) {
        out->outcome = FL_OUTCOME_FAILED;
        out->fault = why.fault;
        out->detail = g_strdup(why.text);
        return;
    }
    folder = folder_name(item->to_address);
    out->base = set->is_maildir_each ? g_build_filename(set->maildir, folder, NULL)
                                     : g_strdup(set->maildir);
    g_free(folder);
    error = message_store(out->base, item, scratch);
    if (error) {
        out->outcome = FL_OUTCOME_DEFERRED;
        out->fault = FL_FAULT_OUR_SIDE;
        out->detail =
            g_strdup_printf("could not store in \"%s\": %s", out->base, g_strerror(error));
        g_clear_pointer(&out->base, g_free);
        return;
    }
    /* A Maildir of the customer's is the mailbox; one for all is a hand-over. */
    out->outcome = set->is_maildir_each ? FL_OUTCOME_DELIVERED : FL_OUTCOME_ACCEPTED;
}

/* Syncs every folder of the batch once; an item whose folder could not be synced is in doubt. */
static void folders_sync(const char *root, struct stored *stored, size_t n)
{
    GHashTable *synced = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < n; i++) {
        char *path = stored[i].base ? g_build_filename(stored[i].base, "new", NULL) : NULL;
        int error;

        if (path && !g_hash_table_contains(synced, path)) {
            error = folder_sync(path);
            g_hash_table_insert(synced, g_strdup(path), GINT_TO_POINTER(error));
        }
        error = path ? GPOINTER_TO_INT(g_hash_table_lookup(synced, path)) : 0;
        if (error) {
            stored[i].outcome = FL_OUTCOME_UNCERTAIN;
            stored[i].fault = FL_FAULT_OUR_SIDE;
            stored[i].detail =
                g_strdup_printf("could not sync \"%s\": %s", path, g_strerror(error));
        }
        g_free(path);
    }
    g_hash_table_destroy(synced);
    (void)folder_sync(root);
}

enum fl_call email_maildir_deliver(struct email *self, const struct fl_item *const *items,
                                   size_t n_items, struct fl_why *why)
{
    const struct fl_services *services = self->services;
    struct stored *stored = g_new0(struct stored, n_items);
    GString *scratch = g_string_sized_new(8192);
    size_t n = 0;
    enum fl_call call = FL_CALL_OK;

    if (!make_folder(self->set.maildir))
        call = plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "could not make \"%s\": %s",
                        self->set.maildir, g_strerror(errno));
    while (call == FL_CALL_OK && n < n_items && !email_is_stopping(self)) {
        item_store(self, items[n], scratch, &stored[n]);
        n++;
    }
    folders_sync(self->set.maildir, stored, n);
    for (size_t i = 0; i < n; i++) {
        struct fl_report report = {.size = sizeof report,
                                   .item = (uint32_t)i,
                                   .outcome = stored[i].outcome,
                                   .fault = stored[i].fault,
                                   .detail = stored[i].detail};

        if (services->report(services->host, &report) != 0)
            break;
    }
    for (size_t i = 0; i < n; i++) {
        g_free(stored[i].base);
        g_free(stored[i].detail);
    }
    if (call == FL_CALL_OK && n < n_items)
        call = plug_why(why, FL_CALL_RETRY, FL_FAULT_NONE, "stopped between two messages");
    g_string_free(scratch, TRUE);
    g_free(stored);
    return call;
}

/* --- in ---------------------------------------------------------------------------------------*/

/* Whole file; NULL with errno, EFBIG above the limit. */
static char *file_read(const char *path, size_t max, size_t *out_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    char *data = NULL;
    size_t len = 0;
    ssize_t n = 1;
    int error = 0;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) < 0)
        error = errno;
    else if (!S_ISREG(st.st_mode))
        error = EINVAL;
    else if ((uint64_t)st.st_size > max)
        error = EFBIG;
    if (!error) {
        data = g_malloc((gsize)st.st_size + 1);
        while (
            len < (size_t)st.st_size &&
            ((n = read(fd, data + len, (size_t)st.st_size - len)) > 0 || (n < 0 && errno == EINTR)))
            len += n > 0 ? (size_t)n : 0;
        if (n < 0)
            error = errno;
    }
    close(fd);
    if (error) {
        g_free(data);
        errno = error;
        return NULL;
    }
    *out_len = len;
    return data;
}

static void file_retire(struct email *self, const char *name, const char *flags)
{
    const char *colon = strchr(name, ':');
    char *base = g_strndup(name, colon ? (gsize)(colon - name) : strlen(name));
    char *marked = g_strconcat(base, ":2,", flags, NULL);
    char *from = g_build_filename(self->set.inbound_maildir, "new", name, NULL);
    char *to = g_build_filename(self->set.inbound_maildir, "cur", marked, NULL);

    /* Should it fail, the file is handed over again, under the same key. */
    if (rename(from, to) < 0)
        email_log(self, FL_LEVEL_WARN, "could not move \"%s\" to cur, it will be read again: %s",
                  name, g_strerror(errno));
    g_free(base);
    g_free(marked);
    g_free(from);
    g_free(to);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in new/, oldest first (a Maildir name begins with the time). */
static GPtrArray *names_list(const char *path)
{
    DIR *dir = opendir(path);
    GPtrArray *names;
    struct dirent *entry;

    if (!dir)
        return NULL;
    names = g_ptr_array_new_with_free_func(g_free);
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] != '.')
            g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    closedir(dir);
    g_ptr_array_sort(names, by_name);
    return names;
}

/* True when the host took it; `is_retired` when it was put aside for good. */
static bool file_hand_over(struct email *self, const char *name, bool *is_retired)
{
    const struct fl_services *services = self->services;
    char key[256];
    char *path = g_build_filename(self->set.inbound_maildir, "new", name, NULL);
    size_t len = 0;
    char *data = file_read(path, self->set.max_size, &len);
    struct fl_inbound inbound = {.size = sizeof inbound,
                                 .kind = FL_INBOUND_MAIL,
                                 .dedupe_key = key,
                                 .content_type = "message/rfc822",
                                 .data = data,
                                 .data_len = len};
    bool is_taken = false;

    *is_retired = false;
    if (data) {
        email_dedupe_key(key, sizeof key, data, len);
        is_taken = services->inbound(services->host, &inbound) == 0;
    } else if (errno == EFBIG || errno == EINVAL || errno == ELOOP) {
        email_log(self, FL_LEVEL_WARN,
                  "\"%s\" is larger than max_size or no file; it is put "
                  "aside in cur, flagged, and not read",
                  name);
        file_retire(self, name, "F");
        *is_retired = true;
    } else if (errno == ENOENT) {
        *is_retired = true; /* another worker's */
    } else {
        email_log(self, FL_LEVEL_WARN, "could not read \"%s\": %s", path, g_strerror(errno));
    }
    g_free(data);
    g_free(path);
    return is_taken;
}

static bool commit_and_retire(struct email *self, GPtrArray *taken)
{
    if (taken->len && self->services->commit(self->services->host) != 0)
        return false;
    for (guint i = 0; i < taken->len; i++)
        file_retire(self, g_ptr_array_index(taken, i), "S");
    g_ptr_array_set_size(taken, 0);
    return true;
}

/* The events say only that something came. */
static void watch_drain(const struct email *self)
{
    char events[4096];

    while (self->inotify_fd >= 0 && read(self->inotify_fd, events, sizeof events) > 0)
        continue;
}

enum fl_call email_maildir_collect(struct email *self, struct fl_why *why)
{
    char *path = g_build_filename(self->set.inbound_maildir, "new", NULL);
    GPtrArray *names, *taken;
    int refusals = 0;
    bool is_committed = true;

    watch_drain(self);
    if (self->inotify_fd < 0)
        email_maildir_watch(self);
    names = names_list(path);
    if (!names) {
        int error = errno;

        plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "could not read \"%s\": %s", path,
                 g_strerror(error));
        g_free(path);
        return error == ENOENT ? FL_CALL_OK : FL_CALL_RETRY;
    }
    taken = g_ptr_array_new();
    for (guint i = 0; i < names->len && i < EMAIL_COLLECT_PORTION && refusals < REFUSALS_MAX &&
                      is_committed && !email_is_stopping(self);
         i++) {
        bool is_retired;

        if (file_hand_over(self, g_ptr_array_index(names, i), &is_retired))
            g_ptr_array_add(taken, g_ptr_array_index(names, i));
        else if (!is_retired)
            refusals++;
        if (taken->len >= COMMIT_EVERY)
            is_committed = commit_and_retire(self, taken);
    }
    is_committed = is_committed && commit_and_retire(self, taken);
    g_ptr_array_free(taken, TRUE);
    g_ptr_array_free(names, TRUE);
    g_free(path);
    if (!is_committed)
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "the host could not commit");
    return FL_CALL_OK;
}

void email_maildir_watch(struct email *self)
{
    char *path = g_build_filename(self->set.inbound_maildir, "new", NULL);
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd >= 0 && inotify_add_watch(fd, path, IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE) >= 0) {
        self->inotify_fd = fd;
    } else if (fd >= 0) {
        close(fd);
    }
    g_free(path);
}

enum fl_call email_maildir_health(const char *path, struct fl_why *why)
{
    if (!make_folder(path))
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "could not make \"%s\": %s", path,
                        g_strerror(errno));
    if (access(path, R_OK | W_OK | X_OK) == 0)
        return FL_CALL_OK;
    return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "\"%s\" cannot be written to: %s", path,
                    g_strerror(errno));
}
