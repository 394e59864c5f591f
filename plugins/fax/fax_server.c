/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection to hfaxd, by libcurl's ftp://.
 *
 * hfaxd speaks FTP with commands of its own, which libcurl passes through as QUOTE and POSTQUOTE.
 * The handle keeps the connection between calls, and with it the server's idea of the current job:
 * what one call prepares, the next submits.  Replies come to the header function.  Whether a
 * command left is seen by the debug function, so that a connection that breaks after a submission
 * is told from one that broke before.
 */
#include "fax/fax_private.h"

#include <curl/curl.h>
#include <limits.h>
#include <string.h>

enum { CONNECT_PART = 2, URL_MAX = 512, LINE_MAX_BYTES = 1024, CODE_MAX = 999 };

struct fax_server {
    const struct fax_settings *set;
    CURL *curl;
    const char *watched;
    struct fax_reply reply;
    bool is_login_refused;
    GByteArray *body;
    size_t body_max;
    const char *source;
    size_t source_left;
    char error[CURL_ERROR_SIZE];
};

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct fax_server *server = arg;
    char line[LINE_MAX_BYTES];
    size_t len = MIN(size * n, sizeof line - 1);
    const char *job;
    static const char job_mark[] = "jobid: ";

    memcpy(line, data, len);
    line[len] = '\0';
    g_strchomp(line);
    if (!g_ascii_isdigit(line[0]) || !g_ascii_isdigit(line[1]) || !g_ascii_isdigit(line[2]) ||
        !fax_int_read(line, CODE_MAX, &server->reply.code))
        return size * n;
    g_strlcpy(server->reply.text, line, sizeof server->reply.text);
    job = strstr(line, job_mark);
    if (job && server->reply.code == 200)
        (void)fax_int_read(job + strlen(job_mark), INT_MAX, &server->reply.job);
    if (server->reply.code == 530)
        server->is_login_refused = true;
    return size * n;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct fax_server *server = arg;

    if (server->body->len + size * n > server->body_max)
        return 0;
    g_byte_array_append(server->body, (const guint8 *)data, (guint)(size * n));
    return size * n;
}

static size_t on_read(char *out, size_t size, size_t n, void *arg)
{
    struct fax_server *server = arg;
    size_t len = MIN(size * n, server->source_left);

    memcpy(out, server->source, len);
    server->source += len;
    server->source_left -= len;
    return len;
}

static int on_debug(CURL *curl, curl_infotype type, char *data, size_t size, void *arg)
{
    struct fax_server *server = arg;

    (void)curl;
    if (type == CURLINFO_HEADER_OUT && server->watched && size >= strlen(server->watched) &&
        memcmp(data, server->watched, strlen(server->watched)) == 0)
        server->reply.is_sent = true;
    return 0;
}

struct fax_server *fax_server_create(const struct fax_settings *set)
{
    struct fax_server *server = g_new0(struct fax_server, 1);

    server->set = set;
    server->body = g_byte_array_new();
    server->curl = curl_easy_init();
    return server;
}

void fax_server_destroy(struct fax_server **out)
{
    struct fax_server *server = *out;

    if (!server)
        return;
    if (server->curl)
        curl_easy_cleanup(server->curl);
    g_byte_array_free(server->body, TRUE);
    g_free(server);
    *out = NULL;
}

void fax_server_hang_up(struct fax_server *server)
{
    curl_easy_cleanup(server->curl);
    server->curl = curl_easy_init();
}

static void prepare(struct fax_server *server, const char *path)
{
    const struct fax_settings *set = server->set;
    char url[URL_MAX];
    CURL *curl = server->curl;

    curl_easy_reset(curl);
    memset(&server->reply, 0, sizeof server->reply);
    server->is_login_refused = false;
    server->watched = NULL;
    server->error[0] = '\0';
    g_byte_array_set_size(server->body, 0);
    g_snprintf(url, sizeof url, strchr(set->host, ':') ? "ftp://[%s]:%d/%s" : "ftp://%s:%d/%s",
               set->host, set->port, path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "ftp");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_USERNAME, set->user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, set->password ? set->password : "");
    curl_easy_setopt(curl, CURLOPT_FTP_FILEMETHOD, (long)CURLFTPMETHOD_NOCWD);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)set->timeout_ms / CONNECT_PART);
    curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(set->timeout_ms + 999) / 1000);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)(set->timeout_ms + 999) / 1000);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, server->error);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, server);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, server);
    curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, on_debug);
    curl_easy_setopt(curl, CURLOPT_DEBUGDATA, server);
    curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
}

static struct curl_slist *list_of(const char *const *commands)
{
    struct curl_slist *list = NULL;

    for (; commands && *commands; commands++)
        list = curl_slist_append(list, *commands);
    return list;
}

static enum fax_result perform(struct fax_server *server, struct fax_reply *out)
{
    CURLcode code = curl_easy_perform(server->curl);

    *out = server->reply;
    if (code == CURLE_OK)
        return FAX_OK;
    if (code == CURLE_LOGIN_DENIED || server->is_login_refused)
        return FAX_LOGIN;
    if ((code == CURLE_QUOTE_ERROR || code == CURLE_UPLOAD_FAILED ||
         code == CURLE_FTP_COULDNT_RETR_FILE || code == CURLE_REMOTE_FILE_NOT_FOUND ||
         code == CURLE_REMOTE_DISK_FULL) &&
        server->reply.code >= 400 && server->reply.code != 421)
        return FAX_REFUSED;
    return FAX_AWAY;
}

enum fax_result fax_server_upload(struct fax_server *server, const char *name, const void *data,
                                  size_t len, const char *const *before, const char *const *after,
                                  struct fax_reply *out)
{
    struct curl_slist *quote = list_of(before), *postquote = list_of(after);
    char path[128];
    enum fax_result result;

    g_snprintf(path, sizeof path, "tmp/%s", name);
    prepare(server, path);
    server->source = data;
    server->source_left = len;
    curl_easy_setopt(server->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(server->curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(server->curl, CURLOPT_READDATA, server);
    curl_easy_setopt(server->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(server->curl, CURLOPT_QUOTE, quote);
    curl_easy_setopt(server->curl, CURLOPT_POSTQUOTE, postquote);
    result = perform(server, out);
    curl_easy_setopt(server->curl, CURLOPT_QUOTE, NULL);
    curl_easy_setopt(server->curl, CURLOPT_POSTQUOTE, NULL);
    curl_slist_free_all(quote);
    curl_slist_free_all(postquote);
    return result;
}

enum fax_result fax_server_say(struct fax_server *server, const char *const *commands,
                               const char *watched, struct fax_reply *out)
{
    struct curl_slist *quote = list_of(commands);
    enum fax_result result;

    prepare(server, "");
    server->watched = watched;
    curl_easy_setopt(server->curl, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(server->curl, CURLOPT_QUOTE, quote);
    result = perform(server, out);
    curl_easy_setopt(server->curl, CURLOPT_QUOTE, NULL);
    curl_slist_free_all(quote);
    return result;
}

enum fax_result fax_server_get(struct fax_server *server, const char *path,
                               const char *const *before, size_t max, GByteArray *out,
                               struct fax_reply *reply)
{
    struct curl_slist *quote = list_of(before);
    enum fax_result result;

    prepare(server, path);
    server->body_max = max;
    curl_easy_setopt(server->curl, CURLOPT_QUOTE, quote);
    result = perform(server, reply);
    curl_easy_setopt(server->curl, CURLOPT_QUOTE, NULL);
    curl_slist_free_all(quote);
    if (result == FAX_OK)
        g_byte_array_append(out, server->body->data, server->body->len);
    return result;
}

enum fl_call fax_server_why(const struct fax_server *server, enum fax_result result,
                            const struct fax_reply *reply, struct fl_why *why)
{
    const struct fax_settings *set = server->set;

    switch (result) {
    case FAX_OK:
        return FL_CALL_OK;
    case FAX_LOGIN:
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE,
                        "the fax server %s:%d does not let \"%s\" in: %s", set->host, set->port,
                        set->user, reply->text);
    case FAX_REFUSED:
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "the fax server %s:%d refused: %s",
                        set->host, set->port, reply->text);
    case FAX_AWAY:
        break;
    }
    return plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "the fax server %s:%d is away: %s",
                    set->host, set->port,
                    server->error[0] ? server->error : "the connection broke");
}
