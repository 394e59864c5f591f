/* SPDX-License-Identifier: MIT
 *
 * ntfy: push messages to phones by an ntfy server (ntfy.sh, or one of your own), and answers back
 * from one topic.  An example of a plugin that needs nothing of Fairline but its header. */
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fairline/channel.h>

enum { ANSWER_MAX = 4 << 20, TEXT_MAX = 4096, TOPIC_MAX = 64, ID_MAX = 64, URL_MAX_LEN = 1000 };

enum {
    SERVER,
    REPLY_TOPIC,
    ACCESS_TOKEN,
    TIMEOUT,
    N_OPTIONS
}; /* rows of the table, in its order */

static const struct fl_option_spec options[] = {
    {"server", FL_OPTION_URL, NULL, 0, 0, NULL, FL_OPTION_REQUIRED, "address of the ntfy server"},
    {"reply_topic", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_REQUIRED,
     "topic to which customers answer"},
    {"access_token", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET, "for a closed server"},
    {"timeout", FL_OPTION_DURATION, "30s", 1000000, 300000000, NULL, 0, "for each request"},
    {NULL, (enum fl_option_type)0, NULL, 0, 0, NULL, 0, NULL},
};

struct ntfy {
    const struct fl_services *services;
    char server[URL_MAX_LEN + 1], reply_topic[TOPIC_MAX + 1], since[ID_MAX + 1];
    CURL *curl;
    struct curl_slist *headers;
    char *answer; /* of the last request, with its end */
    size_t answer_len;
};

static enum fl_call fail(struct fl_why *why, enum fl_call call, enum fl_fault_class fault,
                         const char *what, const char *detail)
{
    snprintf(why->text, sizeof why->text, "%s%.300s", what, detail);
    why->fault = fault;
    return call;
}

/* As the server has it; also keeps an address from becoming another path. */
static int is_topic(const char *s)
{
    size_t len = s ? strlen(s) : 0;

    return len > 0 && len <= TOPIC_MAX &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == len;
}

static enum fl_call ntfy_check(const struct fl_option *o, size_t n, struct fl_why *why)
{
    if (n != N_OPTIONS || !o[SERVER].text || strncmp(o[SERVER].text, "http", 4) != 0 ||
        strlen(o[SERVER].text) > URL_MAX_LEN)
        return fail(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                    "server is missing or no web address, expected one as https://ntfy.sh", "");
    if (!is_topic(o[REPLY_TOPIC].text))
        return fail(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                    "reply_topic is missing or no topic, expected at most 64 of a-z A-Z 0-9 - _",
                    "");
    return FL_CALL_OK;
}

/* --- one request ---*/

static size_t take_answer(char *data, size_t size, size_t n, void *ctx)
{
    struct ntfy *ntfy = ctx;
    char *grown;

    if (ntfy->answer_len + size * n > ANSWER_MAX)
        return 0;
    grown = realloc(ntfy->answer, ntfy->answer_len + size * n + 1);
    if (!grown)
        return 0;
    ntfy->answer = grown;
    memcpy(grown + ntfy->answer_len, data, size * n);
    ntfy->answer_len += size * n;
    grown[ntfy->answer_len] = '\0';
    return size * n;
}

/* GET, or POST of `body`.  The answer and its status are in `ntfy` and `*out_status`. */
static CURLcode ask(struct ntfy *ntfy, const char *path, const char *body, long *out_status)
{
    char url[URL_MAX_LEN + 2 * TOPIC_MAX + ID_MAX];
    CURLcode code;

    snprintf(url, sizeof url, "%s/%s", ntfy->server, path);
    ntfy->answer_len = 0;
    *out_status = 0;
    curl_easy_setopt(ntfy->curl, CURLOPT_URL, url);
    if (body)
        curl_easy_setopt(ntfy->curl, CURLOPT_POSTFIELDS, body);
    else
        curl_easy_setopt(ntfy->curl, CURLOPT_HTTPGET, 1L);
    code = curl_easy_perform(ntfy->curl);
    curl_easy_getinfo(ntfy->curl, CURLINFO_RESPONSE_CODE, out_status);
    return code;
}

/* --- open and close ---*/

static void ntfy_close(void *self)
{
    struct ntfy *ntfy = self;

    curl_easy_cleanup(ntfy->curl);
    curl_slist_free_all(ntfy->headers);
    free(ntfy->answer);
    free(ntfy);
}

static enum fl_call ntfy_open(const struct fl_option *o, size_t n,
                              const struct fl_services *services, void **out_self,
                              struct fl_why *why)
{
    struct ntfy *ntfy = calloc(1, sizeof *ntfy);
    char header[1024];
    long len;

    (void)n;
    if (!ntfy || !(ntfy->curl = curl_easy_init())) {
        free(ntfy);
        return fail(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "no memory", "");
    }
    ntfy->services = services;
    snprintf(ntfy->server, sizeof ntfy->server, "%s", o[SERVER].text);
    snprintf(ntfy->reply_topic, sizeof ntfy->reply_topic, "%s", o[REPLY_TOPIC].text);
    len = services->recall(services->host, "since", ntfy->since, ID_MAX);
    ntfy->since[len > 0 && len <= ID_MAX ? len : 0] = '\0';
    if (o[ACCESS_TOKEN].text) {
        snprintf(header, sizeof header, "Authorization: Bearer %s", o[ACCESS_TOKEN].text);
        ntfy->headers = curl_slist_append(NULL, header);
    }
    curl_easy_setopt(ntfy->curl, CURLOPT_HTTPHEADER, ntfy->headers);
    curl_easy_setopt(ntfy->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(ntfy->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(ntfy->curl, CURLOPT_TIMEOUT_MS, (long)(o[TIMEOUT].number / 1000));
    curl_easy_setopt(ntfy->curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(ntfy->curl, CURLOPT_WRITEDATA, ntfy);
    *out_self = ntfy;
    return FL_CALL_OK;
}

static enum fl_call ntfy_health(void *self, struct fl_why *why)
{
    struct ntfy *ntfy = self;
    long status;
    CURLcode code = ask(ntfy, "v1/health", NULL, &status);

    if (code != CURLE_OK)
        return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT,
                    "cannot reach the server: ", curl_easy_strerror(code));
    return status == 200 ? FL_CALL_OK
                         : fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "the server is ill", "");
}

/* --- out ---*/

/* The text, and two buttons by which the customer answers without typing. */
static char *message_of(const struct ntfy *ntfy, const struct fl_item *item)
{
    const char *text = "";
    size_t len = 0;
    char url[URL_MAX_LEN + TOPIC_MAX + 2], *body;
    json_t *message;

    for (size_t i = 0; i < item->n_parts; i++)
        if (strcmp(item->parts[i]->type, "text/plain") == 0) {
            text = item->parts[i]->data;
            len = item->parts[i]->data_len;
        }
    snprintf(url, sizeof url, "%s/%s", ntfy->server, ntfy->reply_topic);
    message = json_pack(
        "{s:s, s:s, s:s%, s:[{s:s,s:s,s:s,s:s,s:{s:s}}, {s:s,s:s,s:s,s:s,s:{s:s}}]}", "topic",
        item->to_address, "title", item->subject, "message", text, len, "actions", "action", "http",
        "label", "\xf0\x9f\x91\x8d", "url", url, "body", "\xf0\x9f\x91\x8d", "headers", "Title",
        item->token_reply, "action", "http", "label", "STOP", "url", url, "body", "STOP", "headers",
        "Title", item->token_reply);
    if (message && FL_HAS(item, page_url) && *item->page_url)
        json_object_set_new(message, "click", json_string(item->page_url));
    body = message ? json_dumps(message, JSON_COMPACT) : NULL;
    json_decref(message);
    return body;
}

/* What the server's answer says of the message. */
static void judge(struct fl_report *report, CURLcode code, long status)
{
    report->code = (int32_t)status;
    report->detail = code == CURLE_OK ? NULL : curl_easy_strerror(code);
    if (code != CURLE_OK) {
        report->outcome = FL_OUTCOME_UNCERTAIN; /* it may have got through before the line broke */
        report->fault = FL_FAULT_TRANSIENT;
    } else if (status == 200) {
        report->outcome = FL_OUTCOME_ACCEPTED;
        report->fault = FL_FAULT_NONE;
    } else if (status == 400 || status == 404) {
        report->outcome = FL_OUTCOME_BOUNCED;
        report->fault = FL_FAULT_ADDRESS;
    } else if (status == 413) {
        report->outcome = FL_OUTCOME_FAILED;
        report->fault = FL_FAULT_CONTENT;
    } else {
        report->outcome = FL_OUTCOME_DEFERRED;
        report->fault = status == 429                    ? FL_FAULT_THROTTLED
                        : status == 401 || status == 403 ? FL_FAULT_OUR_SIDE
                                                         : FL_FAULT_TRANSIENT;
    }
}

static enum fl_call send_item(struct ntfy *ntfy, const struct fl_item *item, uint32_t index,
                              struct fl_why *why)
{
    const struct fl_services *s = ntfy->services;
    struct fl_report report = {.size = sizeof report, .item = index};
    char *body = message_of(ntfy, item);
    json_t *answer = NULL;
    long status;

    report.outcome = FL_OUTCOME_BOUNCED;
    report.fault = FL_FAULT_ADDRESS;
    report.detail = "no topic, expected at most 64 of a-z A-Z 0-9 - _";
    if (body && is_topic(item->to_address)) {
        CURLcode code = CURLE_ABORTED_BY_CALLBACK;

        if (!FL_HAS(s, begin) || s->begin(s->host, index) == 0)
            code = ask(ntfy, "", body, &status);
        if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
            code == CURLE_ABORTED_BY_CALLBACK) {
            free(body);
            return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT,
                        "nothing was sent: ", curl_easy_strerror(code));
        }
        judge(&report, code, status);
        answer = code == CURLE_OK
                     ? json_loadb(ntfy->answer ? ntfy->answer : "", ntfy->answer_len, 0, NULL)
                     : NULL;
        report.provider_ref = json_string_value(json_object_get(answer, "id"));
    }
    if (!body)
        report.detail = "its text is no UTF-8, or there is no memory";
    free(body);
    status = s->report(s->host, &report);
    json_decref(answer);
    return status ? fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "nobody is listening", "")
                  : FL_CALL_OK;
}

static enum fl_call ntfy_deliver(void *self, const struct fl_item *const *items, size_t n,
                                 struct fl_why *why)
{
    struct ntfy *ntfy = self;
    enum fl_call call = FL_CALL_OK;

    for (uint32_t i = 0; call == FL_CALL_OK && i < n; i++) {
        if (i && ntfy->services->is_stopping(ntfy->services->host))
            return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "asked to stop", "");
        call = send_item(ntfy, items[i], i, why);
    }
    return call;
}

/* --- in ---*/

/* 0: handed over, and `since` is its id. */
static int take_line(struct ntfy *ntfy, const char *line, size_t len, char *since)
{
    json_t *event = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    const char *id = json_string_value(json_object_get(event, "id"));
    const char *kind = json_string_value(json_object_get(event, "event"));
    const char *text = json_string_value(json_object_get(event, "message"));
    struct fl_inbound in = {.size = sizeof in, .kind = FL_INBOUND_TEXT, .dedupe_key = id};
    int refused = 0;

    in.to_address = json_string_value(json_object_get(event, "title")); /* holds the token */
    in.received_us = json_integer_value(json_object_get(event, "time")) * 1000000;
    if (id && *id && strlen(id) <= ID_MAX && kind && strcmp(kind, "message") == 0) {
        in.data = text ? text : "";
        in.data_len = strlen(in.data);
        refused = ntfy->services->inbound(ntfy->services->host, &in);
        if (!refused)
            strcpy(since, id);
    }
    json_decref(event);
    return refused;
}

static enum fl_call ntfy_collect(void *self, struct fl_why *why)
{
    struct ntfy *ntfy = self;
    const struct fl_services *s = ntfy->services;
    char path[TOPIC_MAX + ID_MAX + 40], since[ID_MAX + 1] = "", *line;
    long status;
    CURLcode code;

    snprintf(path, sizeof path, "%s/json?poll=1&since=%s", ntfy->reply_topic,
             *ntfy->since ? ntfy->since : "all");
    code = ask(ntfy, path, NULL, &status);
    if (code != CURLE_OK || status != 200)
        return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "cannot read the replies: ",
                    code != CURLE_OK ? curl_easy_strerror(code) : "the server refuses");
    line = ntfy->answer_len ? ntfy->answer : (char *)"";
    for (size_t len; *line; line += len + (line[len] == '\n')) {
        len = strcspn(line, "\n");
        if (take_line(ntfy, line, len, since) != 0)
            break; /* it is the first next time */
    }
    /* The server keeps what it has; what is stored here is remembered by the id of the last. */
    if (*since && s->commit(s->host) != 0)
        return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "replies could not be stored", "");
    if (*since) {
        strcpy(ntfy->since, since);
        (void)s->remember(s->host, "since", since, strlen(since));
    }
    return FL_CALL_OK;
}

static const struct fl_limits limits = {
    .size = sizeof limits, .batch_max = 50, .text_max = TEXT_MAX};

static const struct fl_channel_v1 channel = {
    .magic = FL_CHANNEL_MAGIC,
    .abi_major = FL_CHANNEL_ABI_MAJOR,
    .abi_minor = FL_CHANNEL_ABI_MINOR,
    .size = sizeof channel,
    .name = "ntfy",
    .version = "1.0",
    .summary = "push messages by an ntfy server, answers from a topic",
    .medium = "push",
    .capabilities = FL_CAN_DELIVER | FL_CAN_COLLECT | FL_CAN_HEALTH | FL_BEGINS,
    .limits = &limits,
    .options = options,
    .check = ntfy_check,
    .open = ntfy_open,
    .deliver = ntfy_deliver,
    .collect = ntfy_collect,
    .health = ntfy_health,
    .close = ntfy_close,
};

const struct fl_channel_v1 *fairline_channel_v1(void)
{
    return &channel;
}
