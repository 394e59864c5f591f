/* The front as core sees it: questions and forms are pieces of the turn they came in, callbacks of
 * plugins go to the first host of their channel. */
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon_core_private.h"
#include "front/front.h"

enum {
    /* A provider waits about this long before it calls again. */
    HOOK_TIMEOUT_US = 20000000,
    /* Below what may wait in a host (FL_HOST_QUEUE_MAX), with room for batches. */
    HOOKS_A_HOST_MAX = 32
};

static const char fallback_channel[] = "web";

struct fl_core_front {
    struct fl_core_front *next;
    struct fl_core *core;
    struct fl_link *link;
};

/* A request a plugin has, or that waits for it in its host. */
struct fl_core_hook {
    struct fl_core_hook *next;
    struct fl_core_front *front; /* NULL: nobody waits any more */
    struct fl_core_host *host;
    uint64_t correlation; /* the front's */
    uint64_t request;     /* ours, towards the host */
    int64_t deadline_us;
};

static void tell(struct fl_core_front *front)
{
    struct fl_error err;

    if (fl_link_send(front->link, &front->core->out, &err))
        FL_LOG(&front->core->log, FL_LOG_DEBUG, "the front did not wait for an answer",
               FL_KV_STR("reason", err.text));
}

/* --- questions and forms -----------------------------------------------------------------------*/

/* The channel a form came over: the one whose plugin is for the web, where there is one. */
static const char *web_channel(const struct fl_core *core)
{
    for (const struct fl_core_host *h = core->hosts; h; h = h->next)
        if (h->state == FL_CORE_HOST_RUNNING && h->medium == FL_MEDIUM_WEB)
            return h->channel;
    for (size_t i = 0; i < core->conf->n_channels; i++) {
        enum fl_medium medium;
        int64_t id;

        if (!fl_store_channel_find(core->store, core->conf->channels[i].name, &id, &medium, NULL) &&
            medium == FL_MEDIUM_WEB)
            return core->conf->channels[i].name;
    }
    return fallback_channel;
}

/* What is the asker's fault is an answer; the rest undoes the transaction. */
static bool is_answer(enum fl_status st)
{
    return st == FL_OK || st == FL_NOT_FOUND || st == FL_REJECTED || st == FL_INVALID;
}

static enum fl_status answer_ask(struct fl_core_piece *piece,
                                 const struct fl_front_context *context, struct fl_error *err)
{
    const char *call = fl_wire_get_str(&piece->frame);
    json_t *args, *answer = NULL;
    size_t len;
    const char *text = fl_wire_get_bytes(&piece->frame, &len);
    enum fl_status st;

    if (!fl_wire_end(&piece->frame) || !call || !text)
        return fl_error_set(err, FL_INVALID, "the question is malformed");
    args = json_loadb(text, len, 0, NULL);
    if (!args)
        return fl_error_set(err, FL_INVALID, "the question is no JSON");
    st = fl_front_answer(context, call, args, &answer, err);
    json_decref(args);
    if (!st && answer) {
        piece->answer = json_dumps(answer, JSON_COMPACT);
        if (!piece->answer)
            st = fl_error_set(err, FL_IO, "no memory for an answer");
    }
    json_decref(answer);
    return st;
}

static enum fl_status accept_form(struct fl_core_piece *piece, const struct fl_front_context *front,
                                  struct fl_error *err)
{
    struct fl_core *core = piece->front->core;
    const struct fl_feedback_context context = {
        .store = core->store, .keys = core->keys, .clock = fl_clock_system, .log = &core->log};
    struct fl_feedback_parsed parsed;
    struct fl_inbound inbound;
    int64_t channel, id;
    enum fl_status st;

    if (!fl_core_read_inbound(core, &piece->frame, &inbound, &parsed))
        return fl_error_set(err, FL_INVALID, "the form is malformed");
    st = fl_front_admit(front, &inbound, err);
    if (!st)
        st = fl_store_channel_id(core->store, web_channel(core), FL_MEDIUM_WEB, &channel, err);
    return st ? st
              : fl_feedback_accept(&context, channel, FL_MEDIUM_WEB, &parsed, &inbound, &id, err);
}

enum fl_status fl_core_front_piece(struct fl_core_piece *piece, struct fl_error *err)
{
    struct fl_core *core = piece->front->core;
    const struct fl_front_context context = {.store = core->store,
                                             .keys = core->keys,
                                             .conf = core->conf,
                                             .clock = fl_clock_system,
                                             .log = &core->log,
                                             .cache = core->front_cache};
    enum fl_status st;

    free(piece->answer);
    piece->answer = NULL;
    st = piece->frame.type == FL_FRONT_ASK ? answer_ask(piece, &context, err)
                                           : accept_form(piece, &context, err);
    piece->status = st;
    return is_answer(st) ? FL_OK : st;
}

void fl_core_front_settled(struct fl_core_piece *piece)
{
    struct fl_wire_frame *out = &piece->front->core->out;
    size_t len = piece->answer ? strlen(piece->answer) : 0;

    fl_wire_start(out, piece->frame.type == FL_FRONT_ASK ? FL_FRONT_ANSWER : FL_FRONT_SUBMITTED,
                  piece->frame.correlation);
    fl_wire_put_u32(out, piece->status);
    fl_wire_put_bytes(out, piece->answer, len);
    tell(piece->front);
    free(piece->answer);
    piece->answer = NULL;
}

/* --- hooks -------------------------------------------------------------------------------------*/

static void hook_refuse(struct fl_core_front *front, uint64_t correlation, enum fl_status status)
{
    fl_wire_start(&front->core->out, FL_FRONT_HOOKED, correlation);
    fl_wire_put_u32(&front->core->out, status);
    tell(front);
}

static struct fl_core_hook *hook_take(struct fl_core *core, struct fl_core_hook *hook)
{
    struct fl_core_hook **p = &core->hooks;

    while (*p != hook)
        p = &(*p)->next;
    *p = hook->next;
    return hook;
}

static void hook_fail(struct fl_core *core, struct fl_core_hook *hook, enum fl_status status)
{
    hook_take(core, hook);
    if (hook->front)
        hook_refuse(hook->front, hook->correlation, status);
    free(hook);
}

/* The host itself is watched by the deadline of its call. */
static void on_hook_timer(void *ctx)
{
    struct fl_core *core = ctx;
    int64_t now_us = fl_clock_monotonic_us();

    while (core->hooks && core->hooks->deadline_us <= now_us)
        hook_fail(core, core->hooks, FL_UNAVAILABLE);
    if (core->hooks)
        fl_loop_arm(core->hook_timer, core->hooks->deadline_us - now_us);
}

static struct fl_core_host *first_host(struct fl_core *core, const char *channel)
{
    for (struct fl_core_host *h = core->hosts; h; h = h->next)
        if (h->worker == 0 && h->state == FL_CORE_HOST_RUNNING && strcmp(h->channel, channel) == 0)
            return h;
    return NULL;
}

static size_t hooks_of(const struct fl_core *core, const struct fl_core_host *host)
{
    size_t n = 0;

    for (const struct fl_core_hook *hook = core->hooks; hook; hook = hook->next)
        n += hook->host == host;
    return n;
}

static enum fl_status hook_send(struct fl_core_front *front, uint64_t correlation,
                                const char *channel, const struct fl_http_request *request,
                                struct fl_error *err)
{
    struct fl_core *core = front->core;
    const struct fl_conf_channel *conf = fl_conf_channel_find(core->conf, channel);
    struct fl_core_host *host = first_host(core, channel);
    struct fl_core_hook *hook, **end = &core->hooks;
    enum fl_status st;

    if (!conf || !conf->is_enabled || (host && !(host->capabilities & FL_CAN_HTTP)))
        return fl_error_set(err, FL_NOT_FOUND, "no channel \"%s\" takes requests", channel);
    if (!host || hooks_of(core, host) >= HOOKS_A_HOST_MAX)
        return fl_error_set(err, FL_UNAVAILABLE, "channel \"%s\" is away or busy", channel);
    hook = calloc(1, sizeof *hook);
    if (!hook)
        return fl_error_set(err, FL_IO, "no memory");
    *hook = (struct fl_core_hook){.front = front,
                                  .host = host,
                                  .correlation = correlation,
                                  .request = ++core->n_hooks,
                                  .deadline_us = fl_clock_monotonic_us() + HOOK_TIMEOUT_US};
    fl_wire_start(&core->out, FL_HOST_HTTP, hook->request);
    fl_host_put_http_request(&core->out, request);
    st = fl_link_send(host->link, &core->out, err);
    if (st) {
        free(hook);
        return st;
    }
    while (*end)
        end = &(*end)->next;
    *end = hook;
    if (!fl_loop_is_armed(core->hook_timer))
        fl_loop_arm(core->hook_timer, HOOK_TIMEOUT_US);
    return FL_OK;
}

static bool on_hook(struct fl_core_front *front, struct fl_wire_frame *frame)
{
    struct fl_http_request request;
    const char *channel = fl_wire_get_str(frame);
    struct fl_error err;
    enum fl_status st;

    fl_arena_reset(front->core->piece_arena);
    if (!fl_host_get_http_request(frame, front->core->piece_arena, &request) ||
        !fl_wire_end(frame) || !channel)
        return false;
    st = hook_send(front, frame->correlation, channel, &request, &err);
    if (st) {
        FL_LOG(&front->core->log, FL_LOG_DEBUG, "a callback is refused",
               FL_KV_STR("channel", channel), FL_KV_STR("reason", err.text));
        hook_refuse(front, frame->correlation, st);
    }
    return true;
}

bool fl_core_hook_done(struct fl_core_host *host, uint64_t request, bool is_answered,
                       struct fl_wire_frame *frame)
{
    struct fl_core *core = host->core;
    struct fl_core_hook *hook = core->hooks;
    struct fl_http_response response;

    if (is_answered &&
        (!fl_host_get_http_response(frame, core->piece_arena, &response) || !fl_wire_end(frame)))
        return false;
    while (hook && (hook->host != host || hook->request != request))
        hook = hook->next;
    if (!hook)
        return true;
    /* What the plugin has handed over and not asked to be stored is stored before the peer hears
     * that it was taken. */
    if (host->n_unsettled)
        fl_core_settle(core);
    if (!is_answered || !hook->front || (host->has_lost_piece && response.status < 400)) {
        hook_fail(core, hook, is_answered ? FL_UNAVAILABLE : FL_INTERNAL);
        return true;
    }
    hook_take(core, hook);
    fl_wire_start(&core->out, FL_FRONT_HOOKED, hook->correlation);
    fl_wire_put_u32(&core->out, FL_OK);
    fl_host_put_http_response(&core->out, &response);
    tell(hook->front);
    free(hook);
    return true;
}

void fl_core_hooks_lost(struct fl_core_host *host)
{
    struct fl_core *core = host->core;

    for (struct fl_core_hook *hook = core->hooks, *next; hook; hook = next) {
        next = hook->next;
        if (hook->host == host)
            hook_fail(core, hook, FL_UNAVAILABLE);
    }
}

/* --- the link ----------------------------------------------------------------------------------*/

static bool on_front_frame(void *ctx, struct fl_wire_frame *frame)
{
    struct fl_core_front *front = ctx;

    switch (frame->type) {
    case FL_FRONT_ASK:
    case FL_FRONT_SUBMIT:
        fl_core_front_piece_add(front->core, front, frame);
        return true;
    case FL_FRONT_HOOK:
        return on_hook(front, frame);
    default:
        return false;
    }
}

static void front_free(struct fl_core_front *front)
{
    struct fl_core_front **p = &front->core->fronts;

    while (*p != front)
        p = &(*p)->next;
    *p = front->next;
    for (struct fl_core_hook *hook = front->core->hooks; hook; hook = hook->next)
        if (hook->front == front)
            hook->front = NULL;
    fl_link_destroy(&front->link);
    free(front);
}

static void on_front_gone(void *ctx, const char *why)
{
    struct fl_core_front *front = ctx;
    struct fl_core *core = front->core;

    FL_LOG(&core->log, FL_LOG_DEBUG, "a front is gone", FL_KV_STR("reason", why));
    fl_core_settle(core); /* its pieces point to it */
    front_free(front);
    fl_core_poke(core);
}

bool fl_core_front_add(struct fl_core *core, struct fl_wire_frame *frame)
{
    struct fl_core_front *front = calloc(1, sizeof *front);
    const struct fl_link_handler handler = {on_front_frame, on_front_gone, front};
    int fd = fl_wire_get_fd(frame);

    if (!front || !fl_wire_end(frame)) {
        free(front);
        return false;
    }
    front->core = core;
    front->link = fl_link_create(core->loop, fd, FL_CORE_FRONT_QUEUE_MAX, &handler);
    if (!front->link) {
        free(front);
        return false;
    }
    front->next = core->fronts;
    core->fronts = front;
    return true;
}

enum fl_status fl_core_fronts_init(struct fl_core *core, struct fl_error *err)
{
    core->front_cache = fl_front_cache_create();
    core->hook_timer = fl_loop_add_timer(core->loop, on_hook_timer, core);
    return core->front_cache && core->hook_timer ? FL_OK : fl_error_set(err, FL_IO, "no memory");
}

void fl_core_fronts_destroy(struct fl_core *core)
{
    while (core->fronts)
        front_free(core->fronts);
    while (core->hooks)
        hook_fail(core, core->hooks, FL_UNAVAILABLE);
    fl_front_cache_destroy(&core->front_cache);
}

const char *fl_core_front_state(void *ctx)
{
    const struct fl_core *core = ctx;

    if (core->fronts)
        return "running";
    return core->conf->front.is_enabled ? "down" : "disabled";
}
