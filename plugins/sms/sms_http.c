/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests over libcurl: side by side over connections that are kept, bounded in bytes and time.
 *
 * A request costs money, so it must never be repeated unasked.  curl repeats one by itself when a
 * kept connection breaks before the first byte of the answer; the peer may have read it all the
 * same.  The call before each request counts, and stops the second.
 */
#include "sms_private.h"

#include <string.h>

enum {
    CONNECT_TIMEOUT_MS = 10000,
    KEEP_S = 20, /* a connection idle for longer is not used again: the peer may be closing it */
    POLL_MS = 500,
    RETRY_AFTER_MAX_S = 86400
};

static size_t on_answer(char *data, size_t size, size_t n, void *arg)
{
    struct sms_exchange *exchange = arg;

    if (exchange->answer->len + n > SMS_ANSWER_MAX) {
        exchange->is_too_long = true;
        return 0;
    }
    g_string_append_len(exchange->answer, data, (gssize)n);
    return size * n;
}

static int before_request(void *arg, char *peer, char *own, int peer_port, int own_port)
{
    struct sms_exchange *exchange = arg;

    (void)peer, (void)own, (void)peer_port, (void)own_port;
    if (exchange->n_begun++)
        return CURL_PREREQFUNC_ABORT;
    if (exchange->begin && !exchange->begin(exchange->ctx)) {
        exchange->n_begun = 0;
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

void sms_exchange_init(struct sms_exchange *exchange)
{
    *exchange = (struct sms_exchange){.result = CURLE_OK};
}

void sms_exchange_finish(struct sms_exchange *exchange)
{
    if (exchange->easy)
        curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->headers);
    g_free(exchange->method);
    g_free(exchange->url);
    g_free(exchange->answer_charset);
    if (exchange->body)
        g_string_free(exchange->body, TRUE);
    if (exchange->answer)
        g_string_free(exchange->answer, TRUE);
    sms_exchange_init(exchange);
}

static void body_set(CURL *easy, struct sms_exchange *exchange)
{
    /* Without "Expect", which would cost a round trip. */
    exchange->headers = curl_slist_append(exchange->headers, "Expect:");
    if (strcmp(exchange->method, "GET") == 0)
        return;
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange->method);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body->len);
    /* Leaves with the headers in one piece, which a callback for the body would not. */
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->body->str);
}

bool sms_exchange_start(struct sms *self, struct sms_exchange *exchange)
{
    const struct sms_settings *set = &self->set;
    CURL *easy = curl_easy_init();

    if (!easy)
        return false;
    exchange->easy = easy;
    exchange->answer = g_string_new(NULL);
    body_set(easy, exchange);
    curl_easy_setopt(easy, CURLOPT_URL, exchange->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)set->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)MIN(set->timeout_ms, (int64_t)CONNECT_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)KEEP_S);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->trouble);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    if (*set->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, set->ca_file);
    if (curl_multi_add_handle(self->multi, easy) != CURLM_OK)
        return false;
    self->n_under_way++;
    return true;
}

/* The charset of a Content-Type, as far as it is a plain word. */
static char *charset_of(const char *content_type)
{
    const char *found = content_type ? strcasestr(content_type, "charset=") : NULL;
    size_t len;

    if (!found)
        return NULL;
    found += strlen("charset=");
    found += *found == '"';
    len = strcspn(found, "\"; \t");
    return len && len < 40 ? g_strndup(found, len) : NULL;
}

static void take_result(struct sms *self, struct sms_exchange *exchange, CURLcode result)
{
    CURL *easy = exchange->easy;
    const char *content_type = NULL;
    curl_off_t retry_after = 0;

    exchange->result = result;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &exchange->status);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &content_type);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
    exchange->answer_charset = charset_of(content_type);
    exchange->retry_after_us =
        (int64_t)MIN(retry_after, (curl_off_t)RETRY_AFTER_MAX_S) * INT64_C(1000000);
    if (result != CURLE_OK && !exchange->trouble[0])
        g_strlcpy(exchange->trouble, curl_easy_strerror(result), sizeof exchange->trouble);
    curl_multi_remove_handle(self->multi, easy);
    self->n_under_way--;
}

struct sms_exchange *sms_exchange_wait(struct sms *self)
{
    while (self->n_under_way > 0) {
        struct sms_exchange *exchange = NULL;
        CURLMsg *message;
        int running = 0, left;

        if (curl_multi_perform(self->multi, &running) != CURLM_OK)
            return NULL;
        while ((message = curl_multi_info_read(self->multi, &left)) != NULL) {
            if (message->msg != CURLMSG_DONE)
                continue;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
            take_result(self, exchange, message->data.result);
            return exchange;
        }
        if (curl_multi_poll(self->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
            return NULL;
    }
    return NULL;
}

bool sms_exchange_run(struct sms *self, struct sms_exchange *exchange)
{
    return sms_exchange_start(self, exchange) && sms_exchange_wait(self) == exchange;
}

enum sms_transport sms_exchange_transport(const struct sms_exchange *exchange)
{
    long request_size = 0;

    if (!exchange->n_begun)
        return SMS_TRANSPORT_NOT_BEGUN;
    if (exchange->result == CURLE_OK)
        return SMS_TRANSPORT_FINE;
    /* A refusal is one however it goes on. */
    if (exchange->status >= 400 && exchange->is_too_long)
        return SMS_TRANSPORT_FINE;
    curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &request_size);
    if (exchange->status == 0 && exchange->n_begun == 1 && request_size == 0)
        return SMS_TRANSPORT_BROKEN;
    return SMS_TRANSPORT_DOUBTFUL;
}
