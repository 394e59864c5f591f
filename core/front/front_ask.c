/* The link to core: questions go out, answers wake the request that asked. */
#include <string.h>

#include "base/clock.h"
#include "feedback/feedback.h"
#include "front/front_server.h"
#include "host/host_protocol.h"

enum { SLOT_BITS = 32 };

static uint64_t correlation_of(const struct fl_front_connection *connection)
{
    return (uint64_t)connection->generation << SLOT_BITS | connection->slot;
}

/* The request an answer belongs to; NULL: it has been answered without, or its client is gone. */
static struct fl_front_connection *asker_of(struct fl_front_server *server, uint64_t correlation)
{
    size_t slot = (size_t)(correlation & UINT32_MAX);
    struct fl_front_connection *connection =
        slot < server->n_slots ? server->connections[slot] : NULL;

    return connection && connection->stage == FL_FRONT_ASKED &&
                   connection->generation == (uint32_t)(correlation >> SLOT_BITS)
               ? connection
               : NULL;
}

/* --- out ---*/

static enum fl_status put_call(struct fl_front_connection *connection, struct fl_wire_frame *out,
                               struct fl_error *err)
{
    char *text = json_dumps(connection->plan.args, JSON_COMPACT);

    if (!text)
        return fl_error_set(err, FL_IO, "no memory for a question to core");
    fl_wire_put_str(out, connection->plan.call);
    fl_wire_put_bytes(out, text, strlen(text));
    free(text);
    return FL_OK;
}

/* What strangers have written is taken apart here and not in core. */
static enum fl_status put_form(struct fl_front_connection *connection, struct fl_wire_frame *out,
                               struct fl_error *err)
{
    const struct fl_inbound *inbound = &connection->plan.inbound;
    struct fl_feedback_parsed parsed;
    struct fl_wire_frame found;
    enum fl_status st = fl_feedback_parse(connection->arena, inbound, &parsed, err);

    if (st)
        return st;
    fl_wire_init_nested(&found);
    fl_host_put_parsed(&found, &parsed);
    fl_host_put_inbound(out, inbound);
    fl_wire_put_nested(out, &found);
    fl_wire_finish(&found);
    return FL_OK;
}

enum fl_status fl_front_ask(struct fl_front_connection *connection, struct fl_error *err)
{
    struct fl_front_server *server = connection->server;
    uint64_t correlation = correlation_of(connection);
    struct fl_http_request http = connection->request.http;
    struct fl_wire_frame *out = &server->out;
    enum fl_status st = FL_OK;

    if (!server->core)
        return fl_error_set(err, FL_UNAVAILABLE, "core is not there");
    if (connection->plan.step == FL_FRONT_ASKS) {
        fl_wire_start(out, FL_FRONT_ASK, correlation);
        st = put_call(connection, out, err);
    } else if (connection->plan.step == FL_FRONT_SUBMITS) {
        fl_wire_start(out, FL_FRONT_SUBMIT, correlation);
        st = put_form(connection, out, err);
    } else {
        fl_wire_start(out, FL_FRONT_HOOK, correlation);
        http.path = connection->plan.path;
        fl_wire_put_str(out, connection->plan.channel);
        fl_host_put_http_request(out, &http);
    }
    return st ? st : fl_link_send(server->core, out, err);
}

/* --- in ---*/

static bool on_answer(struct fl_front_server *server, struct fl_wire_frame *frame)
{
    struct fl_front_connection *connection = asker_of(server, frame->correlation);
    uint32_t status = fl_wire_get_u32(frame);
    size_t len;
    const char *text = fl_wire_get_bytes(frame, &len);

    if (!fl_wire_end(frame) || status > FL_INTERNAL)
        return false;
    if (!connection)
        return true;
    connection->status = (enum fl_status)status;
    connection->answer = len ? json_loadb(text, len, 0, NULL) : NULL;
    if (len && !connection->answer)
        connection->status = FL_INTERNAL;
    fl_front_connection_wake(connection);
    return true;
}

static const char *copy(struct fl_arena *arena, const char *text)
{
    return text && *text ? fl_arena_strdup(arena, text) : NULL;
}

/* What a plugin answered, out of the frame and into the request. */
static bool take_response(struct fl_front_connection *connection,
                          const struct fl_http_response *response)
{
    struct fl_arena *arena = connection->arena;
    struct fl_http_field *headers =
        FL_ARENA_ARRAY(arena, struct fl_http_field, response->n_headers + 1);

    for (size_t i = 0; headers && i < response->n_headers; i++) {
        headers[i].name = fl_arena_strdup(arena, response->headers[i].name);
        headers[i].value = fl_arena_strdup(arena, response->headers[i].value);
        if (!headers[i].name || !headers[i].value)
            return false;
    }
    connection->reply = (struct fl_front_reply){
        .status = response->status ? response->status : MHD_HTTP_INTERNAL_SERVER_ERROR,
        .content_type = copy(arena, response->content_type),
        .location = copy(arena, response->location),
        .body =
            response->body_len ? fl_arena_memdup(arena, response->body, response->body_len) : "",
        .body_len = response->body_len,
        .headers = headers,
        .n_headers = response->n_headers,
    };
    if (!connection->reply.content_type)
        connection->reply.content_type = "text/plain; charset=utf-8";
    return headers && connection->reply.body;
}

static bool on_hooked(struct fl_front_server *server, struct fl_wire_frame *frame)
{
    struct fl_front_connection *connection = asker_of(server, frame->correlation);
    struct fl_http_response response;
    uint32_t status = fl_wire_get_u32(frame);

    if (status > FL_INTERNAL)
        return false;
    if (!connection)
        return true;
    if (status == FL_OK && !fl_host_get_http_response(frame, connection->arena, &response))
        return false;
    if (!fl_wire_end(frame))
        return false;
    connection->status = (enum fl_status)status;
    connection->has_reply = status == FL_OK && take_response(connection, &response);
    fl_front_connection_wake(connection);
    return true;
}

static bool on_core_frame(void *ctx, struct fl_wire_frame *frame)
{
    switch (frame->type) {
    case FL_FRONT_ANSWER:
    case FL_FRONT_SUBMITTED:
        return on_answer(ctx, frame);
    case FL_FRONT_HOOKED:
        return on_hooked(ctx, frame);
    default:
        return false;
    }
}

static void on_core_gone(void *ctx, const char *why)
{
    struct fl_front_server *server = ctx;

    FL_LOG(&server->log, FL_LOG_DEBUG, "core is gone: the pages say so until it is back",
           FL_KV_STR("reason", why));
    fl_front_core_lose(server);
}

void fl_front_core_lose(struct fl_front_server *server)
{
    fl_link_destroy(&server->core);
    for (size_t i = 0; i < server->n_slots; i++) {
        struct fl_front_connection *connection = server->connections[i];

        if (!connection || connection->stage != FL_FRONT_ASKED)
            continue;
        connection->status = FL_UNAVAILABLE;
        fl_front_connection_wake(connection);
    }
}

void fl_front_core_take(struct fl_front_server *server, int fd)
{
    const struct fl_link_handler handler = {on_core_frame, on_core_gone, server};

    fl_front_core_lose(server);
    server->core = fl_link_create(server->loop, fd, FL_FRONT_CORE_QUEUE_MAX, &handler);
}
