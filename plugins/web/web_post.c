/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A batch as signed webhooks, several at a time over connections that are kept. */
#include "web_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 200, HEADER_MAX = WEB_SIGNATURE_HEADER_MAX + 64 };

/* One request on its way; belongs to one handle for the time of a batch. */
struct post {
    CURL *handle;
    struct curl_slist *headers;
    char *body;
    uint32_t item;
    bool is_running;
    char error[CURL_ERROR_SIZE];
    char *reply;
    size_t reply_len;
};

struct batch {
    struct web *self;
    const struct fl_item *const *items;
    size_t n, next;
    struct post *posts;
    size_t n_running;
    bool is_away;    /* the receiver cannot be reached: no more are begun */
    bool is_stopped; /* nobody is listening */
    char away[CURL_ERROR_SIZE];
};

static int put(json_t *object, const char *name, const char *text)
{
    return json_object_set_new(object, name, json_string(text ? text : ""));
}

static int put_part(json_t *object, const char *name, const struct fl_part *part)
{
    return part ? json_object_set_new(object, name, json_stringn(part->data, part->data_len)) : 0;
}

char *web_post_body(const struct fl_item *item)
{
    json_t *json = json_object();
    char id[32], *body = NULL;
    bool has_11 = FL_HAS(item, page_url);

    /* As text: numbers above 2^53 do not survive every receiver. */
    snprintf(id, sizeof id, "%lld", (long long)item->message_id);
    if (json && put(json, "message_id", id) == 0 && put(json, "token", item->token_reply) == 0 &&
        put(json, "page_url", has_11 ? item->page_url : "") == 0 &&
        put(json, "unsubscribe_url", item->unsubscribe_url) == 0 &&
        put(json, "to", item->to_address) == 0 && put(json, "to_name", item->to_name) == 0 &&
        put(json, "language", item->language) == 0 && put(json, "campaign", item->campaign) == 0 &&
        put(json, "subject", item->subject) == 0 &&
        put_part(json, "text", web_part(item, "text/plain")) == 0 &&
        put_part(json, "html", web_part(item, "text/html")) == 0)
        body = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return body;
}

static size_t reply_take(char *data, size_t size, size_t n, void *ctx)
{
    struct post *post = ctx;
    size_t len = size * n, room = WEB_REPLY_MAX - post->reply_len;

    /* What is longer is read and forgotten: only its beginning could matter. */
    memcpy(post->reply + post->reply_len, data, len < room ? len : room);
    post->reply_len += len < room ? len : room;
    return len;
}

static CURL *handle_make(const struct web *self)
{
    CURL *handle = curl_easy_init();

    if (!handle)
        return NULL;
    curl_easy_setopt(handle, CURLOPT_URL, self->set.url);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, self->set.timeout_ms);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, self->set.timeout_ms);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "Fairline");
    if (self->set.ca_file)
        curl_easy_setopt(handle, CURLOPT_CAINFO, self->set.ca_file);
    return handle;
}

void web_post_close(struct web *self)
{
    for (size_t i = 0; self->handles && i < self->set.parallel; i++)
        if (self->handles[i])
            curl_easy_cleanup(self->handles[i]);
    free((void *)(uintptr_t)self->handles);
    self->handles = NULL;
    if (self->multi)
        curl_multi_cleanup(self->multi);
    self->multi = NULL;
}

enum fl_call web_post_open(struct web *self, struct fl_why *why)
{
    CURL **handles = calloc(self->set.parallel, sizeof *handles);

    self->handles = handles;
    self->multi = curl_multi_init();
    if (!handles || !self->multi)
        return web_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "no memory");
    for (size_t i = 0; i < self->set.parallel; i++) {
        handles[i] = handle_make(self);
        if (!handles[i])
            return web_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "no memory");
    }
    return FL_CALL_OK;
}

/* --- one request -------------------------------------------------------------------------------*/

static bool header_add(struct post *post, const char *name, const char *value)
{
    char line[HEADER_MAX];
    struct curl_slist *headers;

    snprintf(line, sizeof line, "%s: %s", name, value);
    headers = curl_slist_append(post->headers, line);
    if (headers)
        post->headers = headers;
    return headers != NULL;
}

static void post_clear(struct post *post)
{
    curl_slist_free_all(post->headers);
    free(post->body);
    post->headers = NULL;
    post->body = NULL;
    post->is_running = false;
    post->reply_len = 0;
    post->error[0] = '\0';
}

static bool post_fill(struct batch *batch, struct post *post, const struct fl_item *item)
{
    const struct web *self = batch->self;
    int64_t now_s = self->services->now_us(self->services->host) / WEB_US_PER_S;
    char signature[WEB_SIGNATURE_HEADER_MAX];
    CURL *handle = post->handle;

    post->body = web_post_body(item);
    if (!post->body ||
        !web_signature_make(&self->set.out, now_s, post->body, strlen(post->body), signature))
        return false;
    if (!header_add(post, "Content-Type", "application/json") ||
        !header_add(post, "Fairline-Signature", signature) ||
        !header_add(post, "Idempotency-Key", item->token_identity) ||
        !header_add(post, "Expect", ""))
        return false;
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(post->body));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, post->body);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, post->headers);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, post->error);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, reply_take);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(handle, CURLOPT_PRIVATE, post);
    return true;
}

static void report(struct batch *batch, struct fl_report *report)
{
    const struct fl_services *services = batch->self->services;

    report->size = sizeof *report;
    if (services->report(services->host, report))
        batch->is_stopped = true;
}

static bool begin(struct batch *batch, uint32_t item)
{
    const struct fl_services *services = batch->self->services;

    return !FL_HAS(services, begin) || services->begin(services->host, item) == 0;
}

/* Starts the next item on this handle. */
static void post_start(struct batch *batch, struct post *post)
{
    post->item = (uint32_t)batch->next++;
    if (!post_fill(batch, post, batch->items[post->item])) {
        struct fl_report r = {.item = post->item,
                              .outcome = FL_OUTCOME_FAILED,
                              .fault = FL_FAULT_CONTENT,
                              .detail = "the message is not valid UTF-8, or too large"};

        report(batch, &r);
        post_clear(post);
    } else if (!begin(batch, post->item)) {
        batch->is_stopped = true;
        post_clear(post);
    } else if (curl_multi_add_handle(batch->self->multi, post->handle)) {
        struct fl_report r = {.item = post->item, .outcome = FL_OUTCOME_NOT_TRIED};

        report(batch, &r);
        post_clear(post);
    } else {
        post->is_running = true;
        batch->n_running++;
    }
}

static void post_end(struct batch *batch, CURL *handle, CURLcode result)
{
    struct web_reply reply = {.result = result};
    char detail[WEB_DETAIL_MAX], ref[WEB_ID_MAX];
    struct fl_report r = {0};
    struct post *post = NULL;

    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &post);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_easy_getinfo(handle, CURLINFO_SIZE_UPLOAD_T, &reply.sent);
    curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &reply.retry_after_s);
    reply.error = post->error[0] ? post->error : curl_easy_strerror(result);
    reply.body = post->reply;
    reply.body_len = post->reply_len;
    web_reply_class(&reply, detail, ref, &r);
    r.item = post->item;
    if (web_reply_is_away(&reply)) {
        batch->is_away = true;
        snprintf(batch->away, sizeof batch->away, "%s", reply.error);
    }
    report(batch, &r);
    curl_multi_remove_handle(batch->self->multi, handle);
    post_clear(post);
    batch->n_running--;
}

/* --- the batch ---------------------------------------------------------------------------------*/

static bool may_start(const struct batch *batch)
{
    const struct fl_services *services = batch->self->services;

    return batch->next < batch->n && !batch->is_away && !batch->is_stopped &&
           !services->is_stopping(services->host);
}

static void fill(struct batch *batch)
{
    for (size_t i = 0; i < batch->self->set.parallel; i++)
        while (!batch->posts[i].is_running && may_start(batch))
            post_start(batch, &batch->posts[i]);
}

static void turn(struct batch *batch)
{
    CURLMsg *message;
    int running, left;

    curl_multi_perform(batch->self->multi, &running);
    while ((message = curl_multi_info_read(batch->self->multi, &left)))
        if (message->msg == CURLMSG_DONE)
            post_end(batch, message->easy_handle, message->data.result);
    if (running)
        curl_multi_poll(batch->self->multi, NULL, 0, POLL_MS, NULL);
}

static bool posts_make(struct batch *batch)
{
    size_t n = batch->self->set.parallel;

    batch->posts = calloc(n, sizeof *batch->posts);
    for (size_t i = 0; batch->posts && i < n; i++) {
        batch->posts[i].handle = batch->self->handles[i];
        batch->posts[i].reply = malloc(WEB_REPLY_MAX);
        if (!batch->posts[i].reply)
            return false;
    }
    return batch->posts != NULL;
}

static void posts_free(struct batch *batch)
{
    for (size_t i = 0; batch->posts && i < batch->self->set.parallel; i++) {
        post_clear(&batch->posts[i]);
        free(batch->posts[i].reply);
    }
    free(batch->posts);
}

enum fl_call web_post_deliver(struct web *self, const struct fl_item *const *items, size_t n,
                              struct fl_why *why)
{
    struct batch batch = {.self = self, .items = items, .n = n};
    enum fl_call call = FL_CALL_OK;

    if (!posts_make(&batch)) {
        posts_free(&batch);
        return web_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "no memory");
    }
    do {
        fill(&batch);
        if (batch.n_running)
            turn(&batch);
    } while (batch.n_running || may_start(&batch));
    if (batch.is_away)
        call = web_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT,
                       "could not reach the receiver of webhooks: %s", batch.away);
    else if (batch.next < n) /* the host is stopping: what was not begun waits */
        call = web_why(why, FL_CALL_RETRY, FL_FAULT_NONE, "stopped before the end of the batch");
    posts_free(&batch);
    return call;
}

/* A HEAD request sends nothing; whatever the receiver thinks of it, it is there. */
enum fl_call web_post_health(struct web *self, struct fl_why *why)
{
    CURL *handle = handle_make(self);
    char error[CURL_ERROR_SIZE] = "";
    CURLcode result;
    long status = 0;

    if (!handle)
        return web_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "no memory");
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
    result = curl_easy_perform(handle);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(handle);
    if (result)
        return web_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT,
                       "could not reach the receiver of webhooks: %s",
                       error[0] ? error : curl_easy_strerror(result));
    if (status >= 500)
        return web_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT,
                       "the receiver of webhooks answers %ld", status);
    return FL_CALL_OK;
}
