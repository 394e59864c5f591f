/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * IMAP in, by libcurl: search what lacks our keyword, fetch, hand over, commit, set the keyword,
 * and move when asked to.  The keyword is the cursor, so several readers, a restart, or a person
 * who reads the folder do not matter; \Seen does not count.
 *
 * One easy handle keeps one connection.  A whole message comes by its URL (a FETCH as custom
 * request loses the literal); everything else is a custom request, whose untagged answers come to
 * the write callback and whose tagged ones to the header callback.  Every URL carries the
 * UIDVALIDITY seen by the search: when it changes in between, curl refuses instead of fetching
 * another message under the same number.
 */
#include "email_private.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 4 << 20, STORE_AT_ONCE = 50, CONNECT_PART = 2 };

struct email_imap {
    struct email *self;
    CURL *curl;
    char *root, *folder; /* URLs */
    char *quoted_move_to;
    GString *body, *header;
    size_t body_max;
    char validity[24]; /* "" : not known yet */
    size_t n_too_large;
    char error[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct email_imap *imap = arg;

    if (imap->body->len + size * n > imap->body_max)
        return 0;
    g_string_append_len(imap->body, data, (gssize)(size * n));
    return size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct email_imap *imap = arg;

    if (imap->header->len + size * n <= ANSWER_MAX)
        g_string_append_len(imap->header, data, (gssize)(size * n));
    return size * n;
}

/* "a"b" as an IMAP quoted string. */
static char *quoted(const char *s)
{
    GString *out = g_string_new("\"");

    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *s);
    }
    g_string_append_c(out, '"');
    return g_string_free(out, FALSE);
}

static void set_security(CURL *curl, const struct email_settings *set)
{
    if (set->imap_tls != EMAIL_TLS_NONE)
        curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (set->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, set->ca_file);
}

struct email_imap *email_imap_create(struct email *self, struct fl_why *why)
{
    const struct email_settings *set = &self->set;
    const char *scheme = set->imap_tls == EMAIL_TLS_IMPLICIT ? "imaps" : "imap";
    struct email_imap *imap = g_new0(struct email_imap, 1);
    char *folder;

    imap->self = self;
    imap->body = g_string_new(NULL);
    imap->header = g_string_new(NULL);
    imap->curl = curl_easy_init();
    if (!imap->curl) {
        email_imap_destroy(&imap);
        plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "could not set up libcurl");
        return NULL;
    }
    folder = curl_easy_escape(imap->curl, set->imap_folder, 0);
    imap->root = g_strdup_printf("%s://%s:%d/", scheme, set->imap_host, set->imap_port);
    imap->folder = g_strconcat(imap->root, folder, NULL);
    imap->quoted_move_to = set->imap_move_to ? quoted(set->imap_move_to) : NULL;
    curl_free(folder);
    curl_easy_setopt(imap->curl, CURLOPT_USERNAME, set->imap_user);
    curl_easy_setopt(imap->curl, CURLOPT_PASSWORD, set->imap_password ? set->imap_password : "");
    curl_easy_setopt(imap->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(imap->curl, CURLOPT_PROTOCOLS_STR, "imap,imaps");
    curl_easy_setopt(imap->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)set->timeout_ms / CONNECT_PART);
    curl_easy_setopt(imap->curl, CURLOPT_TIMEOUT_MS, (long)set->timeout_ms);
    curl_easy_setopt(imap->curl, CURLOPT_ERRORBUFFER, imap->error);
    curl_easy_setopt(imap->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(imap->curl, CURLOPT_WRITEDATA, imap);
    curl_easy_setopt(imap->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(imap->curl, CURLOPT_HEADERDATA, imap);
    set_security(imap->curl, set);
    return imap;
}

void email_imap_destroy(struct email_imap **imap)
{
    if (!*imap)
        return;
    if ((*imap)->curl)
        curl_easy_cleanup((*imap)->curl);
    g_string_free((*imap)->body, TRUE);
    g_string_free((*imap)->header, TRUE);
    g_free((*imap)->root);
    g_free((*imap)->folder);
    g_free((*imap)->quoted_move_to);
    g_free(*imap);
    *imap = NULL;
}

/* --- commands ---------------------------------------------------------------------------------*/

static CURLcode perform(struct email_imap *imap, const char *url, const char *command, size_t max)
{
    g_string_truncate(imap->body, 0);
    g_string_truncate(imap->header, 0);
    imap->error[0] = '\0';
    imap->body_max = max;
    curl_easy_setopt(imap->curl, CURLOPT_URL, url);
    curl_easy_setopt(imap->curl, CURLOPT_CUSTOMREQUEST, command);
    return curl_easy_perform(imap->curl);
}

static enum fl_fault_class fault_of(CURLcode code)
{
    switch (code) {
    case CURLE_LOGIN_DENIED:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_USE_SSL_FAILED:
    case CURLE_REMOTE_ACCESS_DENIED:
    case CURLE_QUOTE_ERROR:
        return FL_FAULT_OUR_SIDE;
    default:
        return FL_FAULT_TRANSIENT;
    }
}

static enum fl_call trouble(struct email_imap *imap, CURLcode code, const char *doing,
                            struct fl_why *why)
{
    const struct email_settings *set = &imap->self->set;

    imap->validity[0] = '\0';
    return plug_why(why, FL_CALL_RETRY, fault_of(code), "could not %s at \"%s\" as \"%s\": %s",
                    doing, set->imap_host, set->imap_user,
                    imap->error[0] ? imap->error : curl_easy_strerror(code));
}

/* The answer to SELECT says it; curl gives it only to the header callback. */
static void validity_read(struct email_imap *imap)
{
    const char *p = strstr(imap->header->str, "[UIDVALIDITY ");
    size_t n = 0;

    if (!p)
        return;
    for (p += strlen("[UIDVALIDITY "); g_ascii_isdigit(*p) && n + 1 < sizeof imap->validity; p++)
        imap->validity[n++] = *p;
    imap->validity[n] = '\0';
}

static char *folder_url(const struct email_imap *imap, const char *uid)
{
    return g_strconcat(imap->folder, imap->validity[0] ? ";UIDVALIDITY=" : "", imap->validity,
                       uid ? "/;UID=" : "", uid ? uid : "", NULL);
}

static CURLcode command(struct email_imap *imap, const char *text)
{
    char *url = folder_url(imap, NULL);
    CURLcode code = perform(imap, url, text, ANSWER_MAX);

    if (code == CURLE_REMOTE_FILE_NOT_FOUND && imap->validity[0]) {
        /* The folder was made anew: numbers of before mean nothing. */
        imap->validity[0] = '\0';
    }
    g_free(url);
    validity_read(imap);
    return code;
}

/* The numbers of "* SEARCH 3 5 8". */
static GArray *uids_read(const GString *answer)
{
    GArray *uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    const char *p = strstr(answer->str, "* SEARCH");
    char *end;

    if (!p)
        return uids;
    for (p += strlen("* SEARCH"); *p == ' ' && g_ascii_isdigit(p[1]); p = end) {
        guint32 uid = (guint32)strtoul(p + 1, &end, 10);

        g_array_append_val(uids, uid);
    }
    return uids;
}

static CURLcode search(struct email_imap *imap, const char *size_term, GArray **out)
{
    const struct email_settings *set = &imap->self->set;
    char *text = g_strdup_printf("UID SEARCH UNDELETED UNKEYWORD %s %s %zu", set->imap_keyword,
                                 size_term, set->max_size);
    CURLcode code = command(imap, text);

    if (code == CURLE_REMOTE_FILE_NOT_FOUND)
        code = command(imap, text);
    g_free(text);
    if (code == CURLE_OK)
        *out = uids_read(imap->body);
    return code;
}

/* --- collecting -------------------------------------------------------------------------------*/

static CURLcode fetch(struct email_imap *imap, guint32 uid)
{
    char number[16];
    char *url;
    CURLcode code;

    g_snprintf(number, sizeof number, "%u", uid);
    url = folder_url(imap, number);
    code = perform(imap, url, NULL, imap->self->set.max_size + 1);
    g_free(url);
    return code;
}

static bool hand_over(struct email_imap *imap)
{
    const struct fl_services *services = imap->self->services;
    char key[256];
    struct fl_inbound inbound = {.size = sizeof inbound,
                                 .kind = FL_INBOUND_MAIL,
                                 .dedupe_key = key,
                                 .content_type = "message/rfc822",
                                 .data = imap->body->str,
                                 .data_len = imap->body->len};

    email_dedupe_key(key, sizeof key, imap->body->str, imap->body->len);
    return services->inbound(services->host, &inbound) == 0;
}

static char *uid_set(const GArray *uids)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < uids->len; i++)
        g_string_append_printf(out, "%s%u", i ? "," : "", g_array_index(uids, guint32, i));
    return g_string_free(out, FALSE);
}

/* Marks what the host has committed, and moves it away when asked to. */
static enum fl_call acknowledge(struct email_imap *imap, GArray *taken, struct fl_why *why)
{
    const struct email_settings *set = &imap->self->set;
    char *uids, *text;
    CURLcode code;

    if (!taken->len)
        return FL_CALL_OK;
    if (imap->self->services->commit(imap->self->services->host) != 0)
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "the host could not commit");
    uids = uid_set(taken);
    text = g_strdup_printf("UID STORE %s +FLAGS.SILENT (%s)", uids, set->imap_keyword);
    code = command(imap, text);
    g_free(text);
    if (code == CURLE_OK && imap->quoted_move_to) {
        text = g_strdup_printf("UID MOVE %s %s", uids, imap->quoted_move_to);
        if (command(imap, text) != CURLE_OK)
            email_log(imap->self, FL_LEVEL_WARN,
                      "collected messages stay in \"%s\": could not move them to \"%s\": %s",
                      set->imap_folder, set->imap_move_to, imap->error);
        g_free(text);
    }
    g_free(uids);
    g_array_set_size(taken, 0);
    return code == CURLE_OK ? FL_CALL_OK : trouble(imap, code, "mark what was collected", why);
}

static enum fl_call collect_uids(struct email_imap *imap, const GArray *uids, struct fl_why *why)
{
    GArray *taken = g_array_new(FALSE, FALSE, sizeof(guint32));
    enum fl_call call = FL_CALL_OK, last;
    struct fl_why unused = {.size = sizeof unused};
    int64_t begun_ms = email_monotonic_ms();

    for (guint i = 0; i < uids->len && i < EMAIL_COLLECT_PORTION && call == FL_CALL_OK; i++) {
        guint32 uid = g_array_index(uids, guint32, i);
        CURLcode code;

        if (email_is_stopping(imap->self) || email_monotonic_ms() - begun_ms > EMAIL_CALL_BUDGET_MS)
            break;
        code = fetch(imap, uid);
        if (code == CURLE_REMOTE_FILE_NOT_FOUND)
            continue; /* gone since the search, or the folder was made anew */
        if (code != CURLE_OK)
            call = trouble(imap, code, "fetch a message", why);
        else if (imap->body->len && hand_over(imap))
            g_array_append_val(taken, uid);
        if (taken->len >= STORE_AT_ONCE && call == FL_CALL_OK)
            call = acknowledge(imap, taken, why);
    }
    /* What was handed over before the trouble is acknowledged all the same. */
    last = acknowledge(imap, taken, call == FL_CALL_OK ? why : &unused);
    g_array_free(taken, TRUE);
    return call != FL_CALL_OK ? call : last;
}

/* Says so when the number of messages that are too large has changed; they stay for a person. */
static void look_for_large(struct email_imap *imap)
{
    GArray *uids = NULL;

    if (search(imap, "LARGER", &uids) != CURLE_OK)
        return;
    if (uids->len && uids->len != imap->n_too_large)
        email_log(imap->self, FL_LEVEL_WARN,
                  "%u messages in \"%s\" are larger than max_size and stay there unread", uids->len,
                  imap->self->set.imap_folder);
    imap->n_too_large = uids->len;
    g_array_free(uids, TRUE);
}

enum fl_call email_imap_collect(struct email_imap *imap, struct fl_why *why)
{
    GArray *uids = NULL;
    CURLcode code = search(imap, "NOT LARGER", &uids);
    enum fl_call call;

    if (code != CURLE_OK)
        return trouble(imap, code, "search", why);
    call = collect_uids(imap, uids, why);
    g_array_free(uids, TRUE);
    if (call == FL_CALL_OK)
        look_for_large(imap);
    return call;
}

enum fl_call email_imap_health(struct email_imap *imap, struct fl_why *why)
{
    CURLcode code;

    curl_easy_setopt(imap->curl, CURLOPT_FRESH_CONNECT, 1L);
    code = command(imap, "NOOP");
    curl_easy_setopt(imap->curl, CURLOPT_FRESH_CONNECT, 0L);
    return code == CURLE_OK ? FL_CALL_OK : trouble(imap, code, "log in", why);
}
