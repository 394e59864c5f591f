/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * In: received faxes, from the server or a folder, each once.
 *
 * A fax is known by its name, its size and its time.  It stays where it is until it is stored, and
 * then too unless it is to be deleted.
 */
#include "fax/fax_private.h"
#include "paper/form.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEY_MAX = 160,
    SETTLED_US = 2000000 /* a file that was written to this lately is not whole */
};

struct receive {
    struct fax *self;
    struct fax_seen *seen;
    const struct fax_received *fax;
    GPtrArray *pngs;  /* of GByteArray */
    GArray *readings; /* of struct form_reading */
    GArray *on_page;  /* of int, from 1 on */
    GPtrArray *keys;  /* handed over, not committed yet */
    GPtrArray *files; /* of these, to delete */
    int n_taken;
    bool is_refused;
};

static void on_complaint(void *ctx, const char *words)
{
    const struct fax *self = ctx;

    fax_log(self, FL_LEVEL_DEBUG, "received fax: %s", words);
}

static void on_page(void *ctx, const struct fax_scan_page *page)
{
    struct receive *receive = ctx;
    struct form_image image = {page->width, page->height, page->x_dpi, page->y_dpi, page->grey};
    struct form_reading found[FORM_CODES_MAX];
    GByteArray *png = g_byte_array_new();
    size_t n = form_read(&image, found, FORM_CODES_MAX);
    int number = page->index + 1;

    for (size_t i = 0; i < n; i++) {
        g_array_append_val(receive->readings, found[i]);
        g_array_append_val(receive->on_page, number);
    }
    if (!fax_png_of_grey(page, png))
        fax_log(receive->self, FL_LEVEL_WARN, "page %d of %s could not be made a picture", number,
                receive->fax->file);
    g_ptr_array_add(receive->pngs, png);
}

static void set_text(json_t *object, const char *key, const char *value)
{
    if (*value)
        json_object_set_new(object, key, json_string(value));
}

/* What was read off one form, or NULL, with what a person may want to see. */
static char *form_json(const struct receive *receive, const struct fax_scan *scan, int reading)
{
    const struct fax_received *fax = receive->fax;
    char *text =
        reading < 0
            ? NULL
            : form_reading_json(&g_array_index(receive->readings, struct form_reading, reading));
    json_t *form = text ? json_loads(text, 0, NULL) : json_object();
    json_t *details = json_object_get(form, "details");

    free(text);
    if (!details) {
        details = json_object();
        json_object_set_new(form, "details", details);
    }
    set_text(details, "file", fax->file);
    set_text(details, "called", scan->called);
    set_text(details, "caller", *scan->caller ? scan->caller : fax->caller);
    set_text(details, "sender", *scan->sender ? scan->sender : fax->sender);
    set_text(details, "error", fax->error);
    json_object_set_new(details, "pages", json_integer(scan->n_pages));
    if (scan->n_bad)
        json_object_set_new(details, "unreadable_pages", json_integer(scan->n_bad));
    if (fax->seconds)
        json_object_set_new(details, "seconds", json_integer(fax->seconds));
    if (reading >= 0)
        json_object_set_new(details, "page",
                            json_integer(g_array_index(receive->on_page, int, reading)));
    text = json_dumps(form, JSON_COMPACT);
    json_decref(form);
    return text;
}

static bool hand_over(struct receive *receive, const GByteArray *tiff, const struct fax_scan *scan,
                      const char *key, int reading)
{
    const struct fl_services *s = receive->self->services;
    g_autofree struct fl_part *parts = g_new0(struct fl_part, receive->pngs->len + 1);
    g_autofree const struct fl_part **list = g_new0(const struct fl_part *, receive->pngs->len + 1);
    char from[FAX_NUMBER_MAX], to[FAX_NUMBER_MAX], dedupe[KEY_MAX + 16];
    const char *caller = *scan->caller ? scan->caller : receive->fax->caller;
    char *form = form_json(receive, scan, reading), names[FAX_PAGES_MAX][24];
    size_t n = 0;
    bool is_taken;

    for (guint i = 0; i < receive->pngs->len && i < FAX_PAGES_MAX; i++) {
        const GByteArray *png = g_ptr_array_index(receive->pngs, i);

        if (!png->len)
            continue;
        g_snprintf(names[i], sizeof names[i], "page-%u.png", i + 1);
        parts[n] = (struct fl_part){.size = sizeof parts[n],
                                    .type = "image/png",
                                    .name = names[i],
                                    .data = png->data,
                                    .data_len = png->len};
        list[n] = &parts[n];
        n++;
    }
    g_snprintf(dedupe, sizeof dedupe, reading > 0 ? "%s:%d" : "%s", key, reading + 1);
    if (!*caller || !fax_number_read(&receive->self->set, caller, from))
        fax_number_read(&receive->self->set, scan->sender, from) || (from[0] = '\0');
    is_taken =
        s->inbound(s->host, &(struct fl_inbound){
                                .size = sizeof(struct fl_inbound),
                                .kind = FL_INBOUND_IMAGE,
                                .dedupe_key = dedupe,
                                .content_type = "image/tiff",
                                .data = tiff->data,
                                .data_len = tiff->len,
                                .from_address = from[0] ? from : NULL,
                                .to_address = fax_number_read(&receive->self->set, scan->called, to)
                                                  ? to
                                                  : receive->self->set.number,
                                .received_us = receive->fax->at_us,
                                .form = form,
                                .attachments = list,
                                .n_attachments = n,
                            }) == 0;
    free(form);
    return is_taken;
}

/* The same form twice in a fax is one answer. */
static bool is_first(const struct receive *receive, guint reading)
{
    const struct form_reading *r = &g_array_index(receive->readings, struct form_reading, reading);

    for (guint i = 0; i < reading; i++) {
        if (strcmp(g_array_index(receive->readings, struct form_reading, i).token, r->token) == 0)
            return false;
    }
    return true;
}

static bool take(struct receive *receive, const GByteArray *tiff, const char *key)
{
    const struct fax_scan_limits limits = {receive->self->set.max_pages, on_complaint,
                                           receive->self};
    struct fax_scan scan = {0};
    bool is_taken = true;

    receive->pngs = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    receive->readings = g_array_new(FALSE, FALSE, sizeof(struct form_reading));
    receive->on_page = g_array_new(FALSE, FALSE, sizeof(int));
    if (!fax_scan_read(tiff->data, tiff->len, &limits, on_page, receive, &scan))
        fax_log(receive->self, FL_LEVEL_WARN, "the received fax %s is no TIFF; it is kept as it is",
                receive->fax->file);
    if (!receive->readings->len)
        is_taken = hand_over(receive, tiff, &scan, key, -1);
    for (guint i = 0; is_taken && i < receive->readings->len; i++) {
        if (is_first(receive, i))
            is_taken = hand_over(receive, tiff, &scan, key, (int)i);
    }
    g_array_free(receive->on_page, TRUE);
    g_array_free(receive->readings, TRUE);
    g_ptr_array_free(receive->pngs, TRUE);
    return is_taken;
}

static void key_of(const struct fax_received *fax, char key[KEY_MAX])
{
    g_snprintf(key, KEY_MAX, "fax:%s:%zu:%" G_GINT64_FORMAT, fax->file, fax->size, fax->at_us);
}

typedef bool fetch_fn(struct receive *receive, const char *file, GByteArray *out);

static void consider(struct receive *receive, const struct fax_received *fax, fetch_fn *fetch)
{
    GByteArray *tiff;
    char key[KEY_MAX];

    key_of(fax, key);
    if (fax->is_under_way || fax_seen_has(receive->seen, key) || receive->is_refused ||
        receive->n_taken >= FAX_COLLECT_PORTION)
        return;
    if (fax->size > receive->self->set.max_size) {
        fax_log(receive->self, FL_LEVEL_WARN,
                "the received fax %s has %zu bytes, more than max_size allows; it is left where it "
                "is",
                fax->file, fax->size);
        fax_seen_add(receive->seen, key);
        return;
    }
    tiff = g_byte_array_new();
    receive->fax = fax;
    if (fetch(receive, fax->file, tiff)) {
        receive->is_refused = !take(receive, tiff, key);
        if (!receive->is_refused) {
            receive->n_taken++;
            g_ptr_array_add(receive->keys, g_strdup(key));
            g_ptr_array_add(receive->files, g_strdup(fax->file));
        }
    }
    g_byte_array_free(tiff, TRUE);
}

/* --- from the server ---------------------------------------------------------------------------*/

/* faxgetty keeps what it received to administrators, unless RecvFileMode says otherwise.  Said once
 * more in a session that has it the command is refused, which libcurl passes over for the '*'. */
struct admin {
    char line[128];
};

static const char *admin_command(const struct fax *self, const char *otherwise, struct admin *out)
{
    if (!self->set.admin_password)
        return otherwise;
    g_snprintf(out->line, sizeof out->line, "*ADMIN %s", self->set.admin_password);
    return out->line;
}

static bool fetch_remote(struct receive *receive, const char *file, GByteArray *out)
{
    struct admin admin;
    const char *before[] = {admin_command(receive->self, "TYPE I", &admin), NULL};
    struct fax_reply reply;
    char path[96];

    g_snprintf(path, sizeof path, "recvq/%s", file);
    if (fax_server_get(receive->self->server, path, before, receive->self->set.max_size, out,
                       &reply) == FAX_OK)
        return true;
    fax_log(receive->self, FL_LEVEL_WARN, "the received fax %s could not be fetched: %s", file,
            reply.text);
    return false;
}

static void delete_remote(struct fax *self, const char *file)
{
    char delete[128];
    struct admin admin;
    const char *commands[] = {admin_command(self, "NOOP", &admin), delete, NULL};
    struct fax_reply reply;

    g_snprintf(delete, sizeof delete, "DELE recvq/%s", file);
    if (fax_server_say(self->server, commands, NULL, &reply) != FAX_OK)
        fax_log(self, FL_LEVEL_WARN, "the received fax %s could not be deleted: %s", file,
                reply.text);
}

static enum fax_result list_remote(struct receive *receive, struct fax_reply *reply)
{
    struct admin admin;
    const char *before[] = {admin_command(receive->self, "NOOP", &admin), "TZONE GMT",
                            "RCVFMT \"" FAX_RECEIVE_FORMAT "\"", NULL};
    GByteArray *listing = g_byte_array_new();
    enum fax_result result =
        fax_server_get(receive->self->server, "recvq/", before, FAX_LISTING_MAX, listing, reply);
    const char *p = (const char *)listing->data, *end = p ? p + listing->len : p;
    bool is_one_under_way = false;

    while (result == FAX_OK && p < end && !receive->is_refused && !fax_is_stopping(receive->self)) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        struct fax_received fax;

        if (fax_received_read(p, (size_t)((eol ? eol : end) - p), &fax)) {
            is_one_under_way = is_one_under_way || fax.is_under_way;
            consider(receive, &fax, fetch_remote);
        }
        p = eol ? eol + 1 : end;
    }
    /* hfaxd looks once in a session whether a fax is still coming in, and says so ever after. */
    if (is_one_under_way)
        fax_server_hang_up(receive->self->server);
    g_byte_array_free(listing, TRUE);
    return result;
}

/* --- from a folder -----------------------------------------------------------------------------*/

static bool fetch_local(struct receive *receive, const char *file, GByteArray *out)
{
    g_autofree char *path = g_build_filename(receive->self->set.recvq, file, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    guint8 block[65536];
    ssize_t n = -1;

    while (fd >= 0 && (n = read(fd, block, sizeof block)) > 0 &&
           out->len <= receive->self->set.max_size)
        g_byte_array_append(out, block, (guint)n);
    if (fd >= 0)
        close(fd);
    if (n == 0)
        return true;
    fax_log(receive->self, FL_LEVEL_WARN, "the received fax %s could not be read: %s", path,
            g_strerror(errno));
    return false;
}

static void delete_local(struct fax *self, const char *file)
{
    g_autofree char *path = g_build_filename(self->set.recvq, file, NULL);

    if (unlink(path) < 0)
        fax_log(self, FL_LEVEL_WARN, "the received fax %s could not be deleted: %s", path,
                g_strerror(errno));
}

static bool list_local(struct receive *receive)
{
    DIR *dir = opendir(receive->self->set.recvq);
    int64_t now = receive->self->services->now_us(receive->self->services->host);
    const struct dirent *entry;

    while (dir && !receive->is_refused && !fax_is_stopping(receive->self) &&
           (entry = readdir(dir))) {
        struct fax_received fax = {0};
        struct stat st;

        if (!fax_file_is_safe(entry->d_name) ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(st.st_mode))
            continue;
        g_strlcpy(fax.file, entry->d_name, sizeof fax.file);
        fax.size = (size_t)st.st_size;
        fax.at_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
        fax.is_under_way = now - fax.at_us < SETTLED_US && now >= fax.at_us;
        consider(receive, &fax, fetch_local);
    }
    if (!dir)
        return false;
    closedir(dir);
    return true;
}

/* --- both --------------------------------------------------------------------------------------*/

static void acknowledge(struct receive *receive, bool is_stored)
{
    struct fax *self = receive->self;

    for (guint i = 0; is_stored && i < receive->keys->len; i++) {
        fax_seen_add(receive->seen, g_ptr_array_index(receive->keys, i));
        if (self->set.keep_received)
            continue;
        if (self->set.inbound == FAX_INBOUND_FOLDER)
            delete_local(self, g_ptr_array_index(receive->files, i));
        else
            delete_remote(self, g_ptr_array_index(receive->files, i));
    }
}

enum fl_call fax_receive_collect(struct fax *self, struct fl_why *why)
{
    const struct fl_services *s = self->services;
    struct receive receive = {.self = self,
                              .seen = fax_seen_load(s, "received"),
                              .keys = g_ptr_array_new_with_free_func(g_free),
                              .files = g_ptr_array_new_with_free_func(g_free)};
    struct fax_reply reply = {0};
    enum fax_result result = FAX_OK;
    bool is_stored = true, is_folder = self->set.inbound == FAX_INBOUND_FOLDER;

    if (!is_folder)
        result = list_remote(&receive, &reply);
    else if (!list_local(&receive))
        result = FAX_AWAY;
    if (receive.keys->len)
        is_stored = s->commit(s->host) == 0;
    acknowledge(&receive, is_stored);
    fax_seen_save(&receive.seen,
                  result == FAX_OK && !receive.is_refused && is_stored && !fax_is_stopping(self));
    g_ptr_array_free(receive.keys, TRUE);
    g_ptr_array_free(receive.files, TRUE);
    if (!is_stored || receive.is_refused)
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "nobody takes received faxes");
    if (result != FAX_OK && is_folder)
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE,
                        "the folder of received faxes \"%s\" cannot be read", self->set.recvq);
    return fax_server_why(self->server, result, &reply, why);
}
