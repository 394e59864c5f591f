/* One request: head, body, plan, answer. */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/str.h"
#include "front/front_decode.h"
#include "front/front_guard.h"
#include "front/front_server.h"

enum { REQUEST_ARENA_BASE = 8 << 20, BODY_COPIES_MAX = 8, POST_BUFFER = 4096 };

static const char urlencoded[] = "application/x-www-form-urlencoded";
static const char multipart[] = "multipart/form-data";

void fl_front_request_begin(struct fl_front_connection *connection, const char *url)
{
    struct fl_front_server *server = connection->server;
    size_t max = REQUEST_ARENA_BASE + BODY_COPIES_MAX * (size_t)server->conf->front.body_max;

    if (!connection->arena)
        connection->arena = fl_arena_create(max);
    connection->stage = FL_FRONT_RECEIVING;
    connection->generation++;
    connection->begun_us = fl_clock_monotonic_us();
    connection->deadline_us = connection->begun_us + server->conf->front.request_timeout_us;
    connection->url = connection->arena ? fl_arena_strdup(connection->arena, url) : NULL;
}

void fl_front_request_end(struct fl_front_connection *connection)
{
    if (connection->has_plan)
        fl_front_plan_finish(&connection->plan);
    json_decref(connection->answer);
    connection->answer = NULL;
    connection->has_head = connection->has_plan = connection->has_reply = false;
    connection->is_body_too_large = connection->is_refused = false;
    connection->url = connection->path = connection->peer = NULL;
    connection->request = (struct fl_front_request){0};
    connection->reply = (struct fl_front_reply){0};
    connection->sent_status = 0;
    fl_buf_reset(&connection->body);
    if (connection->arena)
        fl_arena_reset(connection->arena);
    connection->stage = FL_FRONT_IDLE;
}

/* --- the head ---*/

struct collected {
    struct fl_front_header headers[FL_FRONT_HEADERS_MAX + 1];
    size_t n;
};

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    struct collected *collected = cls;

    (void)kind;
    /* One too many stays in, for the guard to see. */
    if (collected->n <= FL_FRONT_HEADERS_MAX)
        collected->headers[collected->n++] =
            (struct fl_front_header){name, name_len, value ? value : "", value ? value_len : 0};
    return MHD_YES;
}

/* Names in lower case; what is no UTF-8 is left out: some browsers send such a Referer. */
static bool take_headers(struct fl_front_connection *connection, const struct collected *collected)
{
    struct fl_arena *arena = connection->arena;
    struct fl_http_field *fields = FL_ARENA_ARRAY(arena, struct fl_http_field, collected->n + 1);
    size_t n = 0;

    for (size_t i = 0; fields && i < collected->n; i++) {
        const struct fl_front_header *h = &collected->headers[i];
        char *name;

        if (!fl_utf8_is_valid(h->value, h->value_len))
            continue;
        name = fl_arena_strndup(arena, h->name, h->name_len);
        fields[n].value = fl_arena_strndup(arena, h->value, h->value_len);
        if (!name || !fields[n].value)
            return false;
        fl_str_lower_ascii(name);
        fields[n++].name = name;
    }
    connection->request.http.headers = fields;
    connection->request.http.n_headers = n;
    return fields != NULL;
}

static const char *header(const struct fl_front_connection *connection, const char *name)
{
    const char *last = NULL;

    for (size_t i = 0; i < connection->request.http.n_headers; i++)
        if (strcmp(connection->request.http.headers[i].name, name) == 0)
            last = connection->request.http.headers[i].value;
    return last;
}

static void take_peer(struct fl_front_connection *connection)
{
    const char *forwarded = connection->is_proxy ? header(connection, "x-forwarded-for") : NULL;
    const char *address = forwarded ? fl_front_forwarded_for(connection->arena, forwarded) : NULL;

    connection->peer = address ? address : connection->address;
}

static enum MHD_Result refuse(struct fl_front_connection *connection, int status, const char *why)
{
    FL_LOG(&connection->server->log, FL_LOG_DEBUG, "a request is refused", FL_KV_STR("why", why),
           FL_KV_INT("status", status));
    connection->is_refused = true;
    return fl_front_send_error(connection, status);
}

/* A path below that of web_base counts as one without: a proxy may cut it off or not. */
static const char *cut_base(const struct fl_front_server *server, const char *url)
{
    size_t len = strlen(server->base_path);

    return len && strncmp(url, server->base_path, len) == 0 && url[len] == '/' ? url + len : url;
}

static enum fl_status take_url(struct fl_front_connection *connection, struct fl_error *err)
{
    const char *url = cut_base(connection->server, connection->url);
    const char *question = strchr(url, '?');
    struct fl_http_request *http = &connection->request.http;
    enum fl_status st;

    connection->path =
        fl_arena_strndup(connection->arena, url, question ? (size_t)(question - url) : strlen(url));
    if (!connection->path)
        return fl_error_set(err, FL_LIMIT, "no memory for a request");
    http->path = connection->path;
    st = fl_front_path_check(connection->path, err);
    if (!st && question)
        st = fl_front_fields_decode(connection->arena, question + 1, strlen(question + 1), false,
                                    &http->query, &http->n_query, err);
    return st;
}

/* Attempts at guessing a code are what is slowed down, and whoever finds nothing again and again;
 * the peers of channels and a monitor are not. */
static bool is_too_often(const struct fl_front_connection *connection)
{
    struct fl_front_server *server = connection->server;
    int64_t now_us = fl_clock_monotonic_us();

    if (fl_str_starts_with(connection->path, "/h/") || strcmp(connection->path, "/healthz") == 0)
        return false;
    if (!fl_front_limit_has(server->misses, connection->peer, now_us))
        return true;
    return fl_str_starts_with(connection->path, "/l/") &&
           !fl_front_limit_take(server->lookups, connection->peer, now_us);
}

static enum MHD_Result take_head(struct fl_front_connection *connection, const char *method,
                                 const char *version)
{
    struct fl_front_server *server = connection->server;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct collected collected = {.n = 0};
    struct fl_front_head head = {.method = method,
                                 .version = version,
                                 .url = connection->url,
                                 .size = info ? info->header_size : 0,
                                 .headers = collected.headers,
                                 .body_max = server->conf->front.body_max};
    const char *why = "no memory";
    struct fl_error err = {.status = FL_OK};
    int status;

    if (!connection->url)
        return MHD_NO;
    (void)MHD_get_connection_values_n(connection->mhd, MHD_HEADER_KIND, on_header, &collected);
    head.n_headers = collected.n;
    connection->peer = connection->address;
    status = fl_front_guard(&head, &why);
    if (status)
        return refuse(connection, status, why);
    connection->request.http.size = sizeof connection->request.http;
    connection->request.http.method = fl_arena_strdup(connection->arena, method);
    if (!take_headers(connection, &collected))
        return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory");
    take_peer(connection);
    connection->request.http.peer_address = connection->peer;
    if (take_url(connection, &err))
        return refuse(connection,
                      err.status == FL_LIMIT ? MHD_HTTP_URI_TOO_LONG : MHD_HTTP_BAD_REQUEST,
                      err.text);
    if (is_too_often(connection))
        return refuse(connection, MHD_HTTP_TOO_MANY_REQUESTS, "too often");
    return MHD_YES;
}

/* --- the body ---*/

static void take_body(struct fl_front_connection *connection, const char *data, size_t len)
{
    /* Only a body in chunks can still be too large here.  What is left of it is read and thrown
     * away: until then the library cannot answer; the deadline bounds it. */
    if (connection->is_body_too_large)
        return;
    fl_buf_add(&connection->body, data, len);
    if (fl_buf_failed(&connection->body)) {
        connection->is_body_too_large = true;
        fl_buf_finish(&connection->body);
        fl_buf_init(&connection->body, (size_t)connection->server->conf->front.body_max);
    }
}

struct multipart_fields {
    struct fl_arena *arena;
    struct fl_http_field *fields;
    struct fl_buf value;
    size_t n;
    bool has_failed;
};

static enum MHD_Result on_part(void *cls, enum MHD_ValueKind kind, const char *key,
                               const char *filename, const char *content_type,
                               const char *transfer_encoding, const char *data, uint64_t offset,
                               size_t size)
{
    struct multipart_fields *parts = cls;
    bool is_new = offset == 0;

    (void)kind;
    (void)content_type;
    (void)transfer_encoding;
    if (is_new && parts->n == FL_FRONT_FIELDS_MAX)
        parts->has_failed = true;
    if (filename || !key || parts->has_failed || (!is_new && !parts->n)) {
        parts->has_failed = true; /* our forms have no files */
        return MHD_NO;
    }
    if (is_new) {
        fl_buf_reset(&parts->value);
        parts->fields[parts->n++].name = fl_arena_strdup(parts->arena, key);
    }
    fl_buf_add(&parts->value, data, size);
    parts->fields[parts->n - 1].value =
        fl_arena_strndup(parts->arena, parts->value.data, parts->value.len);
    parts->has_failed = fl_buf_failed(&parts->value) || !parts->fields[parts->n - 1].value ||
                        !parts->fields[parts->n - 1].name ||
                        strlen(parts->value.data) != parts->value.len ||
                        !fl_utf8_is_valid(key, strlen(key));
    return parts->has_failed ? MHD_NO : MHD_YES;
}

/* The one-click opt-out of RFC 8058 may come like this. */
static enum fl_status take_multipart(struct fl_front_connection *connection, struct fl_error *err)
{
    struct multipart_fields parts = {
        .arena = connection->arena,
        .fields = FL_ARENA_ARRAY(connection->arena, struct fl_http_field, FL_FRONT_FIELDS_MAX + 1),
        .value = FL_BUF(FL_FRONT_FIELD_MAX)};
    struct MHD_PostProcessor *processor =
        MHD_create_post_processor(connection->mhd, POST_BUFFER, on_part, &parts);
    bool is_fine = processor && parts.fields;

    if (is_fine && connection->body.len)
        is_fine =
            MHD_post_process(processor, connection->body.data, connection->body.len) == MHD_YES;
    if (processor && MHD_destroy_post_processor(processor) != MHD_YES)
        is_fine = false;
    fl_buf_finish(&parts.value);
    for (size_t i = 0; is_fine && !parts.has_failed && i < parts.n; i++)
        is_fine = fl_utf8_is_valid(parts.fields[i].value, strlen(parts.fields[i].value));
    if (!is_fine || parts.has_failed)
        return fl_error_set(err, FL_INVALID, "the multipart body cannot be read, or holds a file");
    connection->request.form = parts.fields;
    connection->request.n_form = parts.n;
    return FL_OK;
}

static bool is_type(const char *header, const char *type)
{
    size_t len = strlen(type);

    return header && strncasecmp(header, type, len) == 0 &&
           (!header[len] || strchr("; \t", header[len]));
}

/* 0, or the status to refuse with.  What goes to a plugin is the plugin's to read. */
static int take_form(struct fl_front_connection *connection, const char **why)
{
    struct fl_http_request *http = &connection->request.http;
    const char *type = header(connection, "content-type");
    struct fl_error err;
    enum fl_status st;

    http->body = connection->body.data;
    http->body_len = connection->body.len;
    *why = "a body that is too large";
    if (connection->is_body_too_large)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    if (strcmp(http->method, "POST") != 0 || fl_str_starts_with(http->path, "/h/") ||
        !http->body_len)
        return 0;
    *why = "a form of another type";
    if (is_type(type, urlencoded))
        st = fl_front_fields_decode(connection->arena, http->body, http->body_len, true,
                                    &connection->request.form, &connection->request.n_form, &err);
    else if (is_type(type, multipart))
        st = take_multipart(connection, &err);
    else
        return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    *why = "a form that cannot be read";
    if (!st)
        return 0;
    return st == FL_LIMIT ? MHD_HTTP_CONTENT_TOO_LARGE : MHD_HTTP_BAD_REQUEST;
}

/* --- plan and answer ---*/

static enum MHD_Result act(struct fl_front_connection *connection)
{
    const char *why;
    int status = take_form(connection, &why);
    struct fl_error err;

    if (status)
        return refuse(connection, status, why);
    connection->request.at_us = fl_clock_now(&fl_clock_system);
    if (fl_front_plan(&connection->server->site, &connection->request, connection->arena,
                      &connection->plan, &err)) {
        FL_LOG(&connection->server->log, FL_LOG_WARN, "a request cannot be planned",
               FL_KV_STR("reason", err.text));
        return fl_front_send_error(connection, MHD_HTTP_INTERNAL_SERVER_ERROR);
    }
    connection->has_plan = true;
    if (connection->plan.step == FL_FRONT_REPLY)
        return fl_front_send(connection, &connection->plan.reply);
    if (fl_front_ask(connection, &err)) {
        FL_LOG(&connection->server->log, FL_LOG_DEBUG, "core cannot be asked",
               FL_KV_STR("reason", err.text));
        return fl_front_send_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE);
    }
    connection->stage = FL_FRONT_ASKED;
    connection->deadline_us = fl_clock_monotonic_us() + FL_FRONT_ASK_TIMEOUT_US;
    MHD_suspend_connection(connection->mhd);
    return MHD_YES;
}

static int status_of_hook(enum fl_status status)
{
    switch (status) {
    case FL_NOT_FOUND:
        return MHD_HTTP_NOT_FOUND;
    case FL_UNAVAILABLE:
    case FL_AGAIN:
    case FL_LIMIT:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    default:
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

static enum MHD_Result answer(struct fl_front_connection *connection)
{
    struct fl_front_reply reply = {0};

    if (connection->plan.step == FL_FRONT_HOOKS && !connection->has_reply)
        return fl_front_send_error(connection, status_of_hook(connection->status));
    if (connection->has_reply)
        return fl_front_send(connection, &connection->reply);
    if (connection->status == FL_UNAVAILABLE)
        return fl_front_send_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE);
    fl_front_finish(&connection->server->site, &connection->request, &connection->plan,
                    connection->status, connection->answer, connection->arena, &reply);
    return fl_front_send(connection, &reply);
}

enum MHD_Result fl_front_request_go_on(struct fl_front_connection *connection, const char *method,
                                       const char *version, const char *upload, size_t *upload_len)
{
    if (!connection->has_head) {
        connection->has_head = true;
        return take_head(connection, method, version);
    }
    if (*upload_len) {
        take_body(connection, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    switch (connection->stage) {
    case FL_FRONT_RECEIVING:
        return act(connection);
    case FL_FRONT_ANSWERED:
        return answer(connection);
    default: /* asked, and woken for another reason: it goes on sleeping */
        return MHD_YES;
    }
}
