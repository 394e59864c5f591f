/* A reply onto the wire, with what every reply carries. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/str.h"
#include "front/front_decode.h"
#include "front/front_server.h"

enum { RETRY_AFTER_S = 10 };

static const char *const always[][2] = {
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
};

/* Pages that have a style of their own say so with a policy of their own. */
static const char policy[] = "default-src 'none'; img-src data: https:; form-action 'self'; "
                             "frame-ancestors 'none'; base-uri 'none'";
static const char cacheable[] = "public, max-age=86400";

static bool has_header(const struct fl_front_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->n_headers; i++)
        if (strcasecmp(reply->headers[i].name, name) == 0)
            return true;
    return false;
}

/* Length and framing are the library's; a plugin must not split the answer in two. */
static bool is_allowed(const struct fl_http_field *field)
{
    static const char *const own[] = {"content-length", "transfer-encoding", "connection", "date",
                                      "server",         "content-type",      "location"};

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcasecmp(field->name, own[i]) == 0)
            return false;
    return *field->name && !strpbrk(field->name, " \t\r\n:") && !strpbrk(field->value, "\r\n");
}

static void put(struct MHD_Response *response, const char *name, const char *value)
{
    (void)MHD_add_response_header(response, name, value);
}

static void put_default(struct MHD_Response *response, const struct fl_front_reply *reply,
                        const char *name, const char *value)
{
    if (!has_header(reply, name))
        put(response, name, value);
}

static void put_headers(struct fl_front_connection *connection, struct MHD_Response *response,
                        const struct fl_front_reply *reply)
{
    const struct fl_front_server *server = connection->server;
    char seconds[16];

    for (size_t i = 0; i < reply->n_headers; i++)
        if (is_allowed(&reply->headers[i]))
            put(response, reply->headers[i].name, reply->headers[i].value);
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        put_default(response, reply, always[i][0], always[i][1]);
    put_default(response, reply, "Content-Security-Policy", policy);
    put_default(response, reply, "Cache-Control", reply->may_be_cached ? cacheable : "no-store");
    if (reply->content_type && reply->body_len)
        put(response, "Content-Type", reply->content_type);
    if (reply->location && !strpbrk(reply->location, "\r\n"))
        put(response, "Location", reply->location);
    if (server->tls_cert)
        put_default(response, reply, "Strict-Transport-Security", "max-age=31536000");
    if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        put_default(response, reply, "Allow", "GET, HEAD, POST");
    snprintf(seconds, sizeof seconds, "%d", RETRY_AFTER_S);
    if (reply->status == MHD_HTTP_SERVICE_UNAVAILABLE ||
        reply->status == MHD_HTTP_TOO_MANY_REQUESTS)
        put_default(response, reply, "Retry-After", seconds);
    /* Whether the rest of a request that was refused has been read is nobody's guess. */
    if (server->is_draining || connection->is_refused)
        put(response, "Connection", "close");
}

static void log_request(const struct fl_front_connection *connection)
{
    char path[128], address[FL_FRONT_ADDRESS_SIZE];

    if (fl_log_stderr.max_level < FL_LOG_DEBUG)
        return;
    fl_front_path_mask(path, sizeof path, connection->path ? connection->path : "?");
    fl_str_mask_address(address, sizeof address, connection->peer ? connection->peer : "");
    FL_LOG(&connection->server->log, FL_LOG_DEBUG, "request",
           FL_KV_STR("method",
                     connection->request.http.method ? connection->request.http.method : "?"),
           FL_KV_STR("path", path), FL_KV_INT("status", connection->sent_status),
           FL_KV_INT("us", fl_clock_monotonic_us() - connection->begun_us),
           FL_KV_STR("from", address));
}

enum MHD_Result fl_front_send(struct fl_front_connection *connection,
                              const struct fl_front_reply *reply)
{
    struct MHD_Response *response;
    int status = reply->status >= 200 && reply->status <= 599 ? reply->status : 500;
    enum MHD_Result result;

    /* The body lives in the request's arena, or in core's answer, until the request has ended. */
    response = MHD_create_response_from_buffer(reply->body_len, (void *)(uintptr_t)reply->body,
                                               MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    put_headers(connection, response, reply);
    connection->sent_status = status;
    connection->stage = FL_FRONT_SENDING;
    connection->deadline_us =
        fl_clock_monotonic_us() + connection->server->conf->front.request_timeout_us;
    if (status == MHD_HTTP_NOT_FOUND && connection->peer)
        (void)fl_front_limit_take(connection->server->misses, connection->peer,
                                  fl_clock_monotonic_us());
    result = MHD_queue_response(connection->mhd, (unsigned)status, response);
    MHD_destroy_response(response);
    log_request(connection);
    return result;
}

enum MHD_Result fl_front_send_error(struct fl_front_connection *connection, int status)
{
    struct fl_front_reply reply = {0};

    fl_front_error_reply(&connection->server->site,
                         connection->has_plan ? connection->plan.language : NULL, status,
                         connection->arena, &reply);
    return fl_front_send(connection, &reply);
}
