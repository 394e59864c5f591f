/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Jobs and returned files on an SFTP server, by libcurl over one kept connection.
 *
 * A job is uploaded into .NAME.part/ and that folder is renamed: the server shows a job whole or
 * not at all.  A rename of which no answer came is looked up the next time.
 */
#include "letter/letter_private.h"

#include <curl/curl.h>
#include <string.h>

enum { MANIFEST_MAX = 16 << 20, LISTING_MAX = 8 << 20, RENAMES_MAX = 20 };

struct sftp {
    struct letter_place base;
    CURL *curl;
    char *url;  /* of the folder, ends with '/' */
    char *path; /* of the folder on the server, ends with '/' */
    char error[CURL_ERROR_SIZE];
};

struct source {
    const guint8 *data;
    size_t left;
};

struct sink {
    GByteArray *out;
    size_t max;
    bool is_over;
};

static struct sftp *sftp_of(struct letter_place *place)
{
    return (struct sftp *)(void *)place;
}

static size_t on_read(char *buffer, size_t size, size_t n, void *arg)
{
    struct source *source = arg;
    size_t len = MIN(size * n, source->left);

    memcpy(buffer, source->data, len);
    source->data += len;
    source->left -= len;
    return len;
}

static size_t on_write(char *data, size_t size, size_t n, void *arg)
{
    struct sink *sink = arg;

    if (size * n > sink->max - sink->out->len) {
        sink->is_over = true;
        return 0;
    }
    g_byte_array_append(sink->out, (const guint8 *)data, (guint)(size * n));
    return size * n;
}

static size_t on_nothing(char *data, size_t size, size_t n, void *arg)
{
    (void)data;
    (void)arg;
    return size * n;
}

static enum fl_call trouble(const struct sftp *self, const char *what, const char *name,
                            CURLcode code, struct fl_why *why)
{
    bool is_ours = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_LOGIN_DENIED ||
                   code == CURLE_REMOTE_ACCESS_DENIED || code == CURLE_REMOTE_DISK_FULL;

    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE,
                        "the key of \"%s\" is not the one that is expected; nothing was sent",
                        self->url);
    return plug_why(why, FL_CALL_RETRY, is_ours ? FL_FAULT_OUR_SIDE : FL_FAULT_TRANSIENT,
                    "could not %s \"%s%s\": %s", what, self->url, name,
                    self->error[0] ? self->error : curl_easy_strerror(code));
}

/* --- single steps -----------------------------------------------------------------------------*/

/* Every step begins from the same state of the handle; the connection is kept. */
static CURL *step(struct sftp *self, const char *folder, const char *name)
{
    char *escaped = curl_easy_escape(self->curl, name, 0);
    char *url = g_strdup_printf("%s%s%s", self->url, folder, escaped ? escaped : "");

    curl_easy_setopt(self->curl, CURLOPT_URL, url);
    curl_easy_setopt(self->curl, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(self->curl, CURLOPT_UPLOAD, 0L);
    curl_easy_setopt(self->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(self->curl, CURLOPT_DIRLISTONLY, 0L);
    curl_easy_setopt(self->curl, CURLOPT_FILETIME, 0L);
    curl_easy_setopt(self->curl, CURLOPT_QUOTE, NULL);
    curl_easy_setopt(self->curl, CURLOPT_WRITEFUNCTION, on_nothing);
    self->error[0] = '\0';
    curl_free(escaped);
    g_free(url);
    return self->curl;
}

static CURLcode upload(struct sftp *self, const char *folder, const char *name, const void *data,
                       size_t len)
{
    CURL *curl = step(self, folder, name);
    struct source source = {data, len};

    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &source);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)len);
    return curl_easy_perform(curl);
}

static CURLcode download(struct sftp *self, const char *folder, const char *name, size_t max,
                         GByteArray *out, bool *out_is_over)
{
    CURL *curl = step(self, folder, name);
    struct sink sink = {out, max, false};
    CURLcode code;

    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
    code = curl_easy_perform(curl);
    *out_is_over = sink.is_over;
    return code;
}

/* Commands of libcurl's "quote": rename, mkdir, rm; '*' before one: it may fail. */
static CURLcode quote(struct sftp *self, const char *const *commands, size_t n)
{
    CURL *curl = step(self, "", "");
    struct curl_slist *list = NULL;
    CURLcode code;

    for (size_t i = 0; i < n; i++)
        list = curl_slist_append(list, commands[i]);
    curl_easy_setopt(curl, CURLOPT_QUOTE, list);
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_QUOTE, NULL);
    curl_slist_free_all(list);
    return code;
}

static CURLcode quote_rename(struct sftp *self, const char *from, const char *to)
{
    char *command = g_strdup_printf("rename \"%s%s\" \"%s%s\"", self->path, from, self->path, to);
    const char *const commands[] = {command};
    CURLcode code = quote(self, commands, 1);

    g_free(command);
    return code;
}

/* --- jobs -------------------------------------------------------------------------------------*/

static enum fl_call manifest_get(struct sftp *self, const char *job, GByteArray *out,
                                 bool *out_is_there, struct fl_why *why)
{
    char *folder = g_strdup_printf("%s/", job);
    bool is_over;
    CURLcode code = download(self, folder, "manifest.json", MANIFEST_MAX, out, &is_over);
    enum fl_call call = FL_CALL_OK;

    if (code == CURLE_OK || is_over)
        *out_is_there = true;
    else if (code == CURLE_REMOTE_FILE_NOT_FOUND)
        *out_is_there = false;
    else
        call = trouble(self, "look for", job, code, why);
    g_free(folder);
    return call;
}

static enum fl_call sftp_has(struct letter_place *place, const char *job, bool *out,
                             struct fl_why *why)
{
    GByteArray *manifest = g_byte_array_new();
    enum fl_call call = manifest_get(sftp_of(place), job, manifest, out, why);

    g_byte_array_unref(manifest);
    return call;
}

/* The job stands there: the same, or something is wrong. */
static enum fl_call look(struct sftp *self, const struct letter_job *job, bool *out_is_there,
                         struct fl_why *why)
{
    GByteArray *manifest = g_byte_array_new();
    enum fl_call call = manifest_get(self, job->name, manifest, out_is_there, why);

    if (call == FL_CALL_OK && *out_is_there && !letter_same_job(job, manifest))
        call = plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                        "job \"%s\" stands there already with other content", job->name);
    g_byte_array_unref(manifest);
    return call;
}

static enum fl_call upload_all(struct sftp *self, const struct letter_job *job, struct fl_why *why)
{
    char *part = g_strdup_printf(".%s.part", job->name);
    char *folder = g_strdup_printf("%s/", part);
    enum fl_call call = FL_CALL_OK;
    CURLcode code;

    for (size_t i = 0; call == FL_CALL_OK && i < job->n_files; i++) {
        const struct letter_file *file = &job->files[i];

        code = upload(self, folder, file->name, file->data->data, file->data->len);
        if (code != CURLE_OK)
            call = trouble(self, "upload", file->name, code, why);
    }
    if (call == FL_CALL_OK) {
        code = quote_rename(self, part, job->name);
        if (code != CURLE_OK)
            call = trouble(self, "rename to", job->name, code, why);
    }
    g_free(part);
    g_free(folder);
    return call;
}

static enum fl_call sftp_publish(struct letter_place *place, const struct letter_job *job,
                                 struct fl_why *why)
{
    struct sftp *self = sftp_of(place);
    bool is_there = false;
    enum fl_call call = look(self, job, &is_there, why);

    if (call != FL_CALL_OK || is_there)
        return call;
    return upload_all(self, job, why);
}

static void sftp_forget(struct letter_place *place, const char *job)
{
    struct sftp *self = sftp_of(place);
    char *commands[LETTER_FILES_MAX + 1];

    for (size_t i = 0; i < LETTER_FILES_MAX; i++)
        commands[i] =
            g_strdup_printf("*rm \"%s.%s.part/%s\"", self->path, job, letter_file_names[i]);
    commands[LETTER_FILES_MAX] = g_strdup_printf("*rmdir \"%s.%s.part\"", self->path, job);
    (void)quote(self, (const char *const *)commands, G_N_ELEMENTS(commands));
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        g_free(commands[i]);
}

static enum fl_call sftp_health(struct letter_place *place, struct fl_why *why)
{
    struct sftp *self = sftp_of(place);
    CURLcode code = quote(self, NULL, 0);

    return code == CURLE_OK ? FL_CALL_OK : trouble(self, "log in at", "", code, why);
}

/* --- returned files ---------------------------------------------------------------------------*/

static int64_t changed_us(struct sftp *self, const char *name)
{
    CURL *curl = step(self, "", name);
    curl_off_t seconds = -1;

    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(curl, CURLOPT_FILETIME, 1L);
    if (curl_easy_perform(curl) != CURLE_OK ||
        curl_easy_getinfo(curl, CURLINFO_FILETIME_T, &seconds) != CURLE_OK || seconds < 0)
        return 0;
    return (int64_t)seconds * G_USEC_PER_SEC;
}

static gint came_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(((const struct letter_came *)a)->name, ((const struct letter_came *)b)->name);
}

static void take_names(struct sftp *self, char **names, GArray *out)
{
    GHashTable *all = g_hash_table_new(g_str_hash, g_str_equal);

    for (char **name = names; *name; name++)
        g_hash_table_add(all, g_strchomp(*name));
    for (char **name = names; *name && out->len < LETTER_COLLECT_PORTION; name++) {
        struct letter_came came = {0};
        char *marker = g_strdup_printf("%s.done", *name);

        came.is_marked = g_hash_table_contains(all, marker);
        g_free(marker);
        if (!letter_name_is_ours(*name) || strcmp(*name, "processed") == 0)
            continue;
        came.name = g_strdup(*name);
        if (!came.is_marked)
            came.changed_us = changed_us(self, came.name);
        g_array_append_val(out, came);
    }
    g_hash_table_destroy(all);
    g_array_sort(out, came_compare);
}

static enum fl_call sftp_list(struct letter_place *place, GArray *out, struct fl_why *why)
{
    struct sftp *self = sftp_of(place);
    CURL *curl = step(self, "", "");
    GByteArray *listing = g_byte_array_new();
    struct sink sink = {listing, LISTING_MAX, false};
    char **names;
    CURLcode code;

    curl_easy_setopt(curl, CURLOPT_DIRLISTONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
    code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        g_byte_array_unref(listing);
        return trouble(self, "list", "", code, why);
    }
    g_byte_array_append(listing, (const guint8 *)"", 1);
    names = g_strsplit((const char *)listing->data, "\n", -1);
    g_byte_array_unref(listing);
    take_names(self, names, out);
    g_strfreev(names);
    return FL_CALL_OK;
}

static enum fl_call sftp_read(struct letter_place *place, const char *name, size_t max,
                              GByteArray *out, struct fl_why *why)
{
    struct sftp *self = sftp_of(place);
    bool is_over;
    CURLcode code = download(self, "", name, max, out, &is_over);

    if (is_over)
        return plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "\"%s%s\" is larger than %zu",
                        self->url, name, max);
    if (code == CURLE_REMOTE_FILE_NOT_FOUND)
        return plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "\"%s%s\" is no file", self->url,
                        name);
    return code == CURLE_OK ? FL_CALL_OK : trouble(self, "read", name, code, why);
}

/* A name that is taken in processed/ makes the rename fail: the next one is tried. */
static CURLcode put_aside(struct sftp *self, const char *name, const GString *rejected)
{
    CURLcode code = CURLE_QUOTE_ERROR;

    for (int i = 0; code == CURLE_QUOTE_ERROR && i < RENAMES_MAX; i++) {
        char *to =
            i ? g_strdup_printf("processed/%s.%d", name, i) : g_strdup_printf("processed/%s", name);

        code = quote_rename(self, name, to);
        if (code == CURLE_OK && rejected->len) {
            char *aside = g_strdup_printf("%s.rejected", to + strlen("processed/"));

            code = upload(self, "processed/", aside, rejected->str, rejected->len);
            g_free(aside);
        }
        g_free(to);
    }
    return code;
}

static enum fl_call sftp_done(struct letter_place *place, const char *name, const GString *rejected,
                              struct fl_why *why)
{
    struct sftp *self = sftp_of(place);
    char *mkdir = g_strdup_printf("*mkdir \"%sprocessed\"", self->path);
    char *rm = g_strdup_printf("*rm \"%s%s.done\"", self->path, name);
    const char *const before[] = {mkdir}, *const after[] = {rm};
    CURLcode code = quote(self, before, 1);

    if (code == CURLE_OK)
        code = put_aside(self, name, rejected);
    if (code == CURLE_OK)
        (void)quote(self, after, 1);
    g_free(mkdir);
    g_free(rm);
    return code == CURLE_OK ? FL_CALL_OK : trouble(self, "put aside", name, code, why);
}

/* --- life -------------------------------------------------------------------------------------*/

static void sftp_destroy(struct letter_place *place)
{
    struct sftp *self = sftp_of(place);

    curl_easy_cleanup(self->curl);
    g_free(self->url);
    g_free(self->path);
    g_free(self);
}

static void login_set(CURL *curl, const struct letter_settings *set)
{
    curl_easy_setopt(curl, CURLOPT_USERNAME, set->user);
    curl_easy_setopt(curl, CURLOPT_SSH_AUTH_TYPES,
                     (long)(set->key_file ? CURLSSH_AUTH_PUBLICKEY : CURLSSH_AUTH_PASSWORD));
    if (set->key_file) {
        curl_easy_setopt(curl, CURLOPT_SSH_PRIVATE_KEYFILE, set->key_file);
        /* Empty: libssh2 finds it in the private key. */
        curl_easy_setopt(curl, CURLOPT_SSH_PUBLIC_KEYFILE, "");
    } else {
        curl_easy_setopt(curl, CURLOPT_PASSWORD, set->password);
    }
    if (set->host_key)
        curl_easy_setopt(curl, CURLOPT_SSH_HOST_PUBLIC_KEY_SHA256, set->host_key);
    else
        curl_easy_setopt(curl, CURLOPT_SSH_KNOWNHOSTS, set->known_hosts);
}

struct letter_place *letter_sftp_create(const struct letter_settings *set, const char *folder,
                                        struct fl_why *why)
{
    static const struct letter_place_ops ops = {
        .publish = sftp_publish,
        .has = sftp_has,
        .forget = sftp_forget,
        .health = sftp_health,
        .list = sftp_list,
        .read = sftp_read,
        .done = sftp_done,
        .destroy = sftp_destroy,
    };
    struct sftp *self = g_new0(struct sftp, 1);
    const char *slash = g_str_has_suffix(folder, "/") ? "" : "/";

    self->base.ops = &ops;
    self->curl = curl_easy_init();
    self->url = g_strdup_printf("%s%s", folder, slash);
    self->path = g_strdup(strchr(self->url + strlen("sftp://"), '/'));
    if (!self->curl || curl_easy_setopt(self->curl, CURLOPT_PROTOCOLS_STR, "sftp") != CURLE_OK) {
        plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                 "this libcurl has no SFTP, expected one built with libssh2");
        sftp_destroy(&self->base);
        return NULL;
    }
    curl_easy_setopt(self->curl, CURLOPT_ERRORBUFFER, self->error);
    curl_easy_setopt(self->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(self->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(self->curl, CURLOPT_FTP_CREATE_MISSING_DIRS, 1L);
    curl_easy_setopt(self->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)set->timeout_ms);
    curl_easy_setopt(self->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(self->curl, CURLOPT_LOW_SPEED_TIME, (long)MAX(set->timeout_ms / 1000, 1));
    login_set(self->curl, set);
    return &self->base;
}
