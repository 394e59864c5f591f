/* Hosts as core sees them: batches go out, reports come in, an overdue call is killed. */
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon_core_private.h"
#include "daemon/daemon_frames.h"

static void put_host(struct fl_core_host *host, enum fl_parent_frame type)
{
    fl_wire_start(&host->core->out, (uint16_t)type, 0);
    fl_wire_put_str(&host->core->out, host->channel);
    fl_wire_put_u32(&host->core->out, (uint32_t)host->worker);
    fl_wire_put_i64(&host->core->out, host->generation);
}

/* The last thing a channel said about itself, for `status`. */
static void note_detail(struct fl_core_host *host, const char *text)
{
    const struct fl_conf *conf = host->core->conf;

    for (size_t i = 0; i < conf->n_channels; i++)
        if (strcmp(conf->channels[i].name, host->channel) == 0)
            snprintf(host->core->last_why[i], FL_CORE_DETAIL_SIZE, "%s", text);
}

static void host_free(struct fl_core_host *host)
{
    struct fl_core_host **p = &host->core->hosts;

    while (*p != host)
        p = &(*p)->next;
    *p = host->next;
    fl_loop_remove(&host->deadline);
    fl_loop_remove(&host->lookup);
    fl_link_destroy(&host->link);
    free(host);
}

static void on_host_gone(void *ctx, const char *why)
{
    struct fl_core_host *host = ctx;
    struct fl_core *core = host->core;

    FL_LOG(&core->log, host->is_in_call ? FL_LOG_WARN : FL_LOG_DEBUG, "a host is gone",
           FL_KV_STR("channel", host->channel), FL_KV_INT("worker", host->worker),
           FL_KV_STR("reason", why));
    fl_core_settle(core); /* its pieces point to it */
    fl_core_hooks_lost(host);
    fl_dispatch_worker_lost(&host->dispatched);
    host_free(host);
    fl_core_poke(core);
}

/* --- deadlines ---*/

static void on_deadline(void *ctx)
{
    struct fl_core_host *host = ctx;
    int64_t late_us = fl_clock_monotonic_us() - host->heard_us - host->timeout_us;

    if (!host->is_in_call)
        return;
    if (late_us < 0) {
        fl_loop_arm(host->deadline, -late_us);
        return;
    }
    FL_LOG(&host->core->log, FL_LOG_ERROR, "a plugin's call is overdue: its host is killed",
           FL_KV_STR("channel", host->channel), FL_KV_INT("worker", host->worker),
           FL_KV_INT("silent_s", (late_us + host->timeout_us) / FL_US_PER_S));
    note_detail(host, "a call was overdue and its process was killed");
    put_host(host, FL_CORE_HOST_KILL);
    fl_core_tell_parent(host->core);
    host->is_in_call = false;
}

/* Any frame of a host is a sign of life; the timer itself is left alone and looks when it fires. */
static void enter_call(struct fl_core_host *host)
{
    host->is_in_call = true;
    host->heard_us = fl_clock_monotonic_us();
    if (!fl_loop_is_armed(host->deadline))
        fl_loop_arm(host->deadline, host->timeout_us);
}

/* --- frames of a host ---*/

static bool on_ready(struct fl_core_host *host, struct fl_wire_frame *frame)
{
    struct fl_core *core = host->core;
    const struct fl_conf_channel *conf = fl_conf_channel_find(core->conf, host->channel);
    struct fl_host_ready ready;
    struct fl_error err;
    uint32_t batch;

    if (host->state != FL_CORE_HOST_OPENING || !fl_host_get_ready(frame, NULL, &ready) ||
        !fl_wire_end(frame) || !fl_medium_parse(ready.medium, &host->medium))
        return false;
    host->state = FL_CORE_HOST_RUNNING;
    host->is_in_call = false;
    host->capabilities = ready.capabilities;
    if (ready.call_timeout_s)
        host->timeout_us = (int64_t)ready.call_timeout_s * FL_US_PER_S;
    batch = conf && conf->batch < ready.batch_max ? (uint32_t)conf->batch : ready.batch_max;
    if (batch > FL_HOST_BATCH_ITEMS_MAX)
        batch = FL_HOST_BATCH_ITEMS_MAX;
    put_host(host, FL_CORE_HOST_READY);
    fl_core_tell_parent(core);
    note_detail(host, "");
    if ((ready.capabilities & FL_CAN_DELIVER) &&
        fl_dispatch_worker_up(core->dispatch, host->channel, host->medium, host->worker,
                              ready.capabilities, batch, host, &host->dispatched, &err)) {
        FL_LOG(&core->log, FL_LOG_ERROR, "a channel cannot deliver",
               FL_KV_STR("channel", host->channel), FL_KV_STR("reason", err.text));
        note_detail(host, err.text);
    }
    if (host->dispatched && host->worker == 0 && (ready.capabilities & FL_CAN_LOOKUP))
        fl_core_lookup_begin(host);
    FL_LOG(&core->log, FL_LOG_INFO, "host ready", FL_KV_STR("channel", host->channel),
           FL_KV_INT("worker", host->worker), FL_KV_STR("plugin", ready.plugin),
           FL_KV_STR("version", ready.version));
    fl_core_poke(core);
    return true;
}

static bool on_failed(struct fl_core_host *host, struct fl_wire_frame *frame)
{
    struct fl_core *core = host->core;
    const char *why = fl_wire_get_str(frame);

    if (!fl_wire_end(frame) || !why)
        return false;
    FL_LOG(&core->log, FL_LOG_ERROR, "a channel cannot be opened; it is tried again later",
           FL_KV_STR("channel", host->channel), FL_KV_STR("reason", why));
    note_detail(host, why);
    host->is_in_call = false;
    host->state = FL_CORE_HOST_ENDED;
    return true;
}

static bool on_report(struct fl_core_host *host, struct fl_wire_frame *frame)
{
    struct fl_core *core = host->core;
    struct fl_report report;

    fl_arena_reset(core->piece_arena);
    if (!fl_host_get_report(frame, core->piece_arena, &report) || !fl_wire_end(frame))
        return false;
    host->n_reports++;
    if (host->dispatched)
        fl_dispatch_reported(host->dispatched, frame->correlation, &report);
    return true;
}

static bool on_began_item(struct fl_core_host *host, struct fl_wire_frame *frame)
{
    uint32_t item = fl_wire_get_u32(frame);

    if (!fl_wire_end(frame))
        return false;
    if (host->dispatched)
        fl_dispatch_began(host->dispatched, frame->correlation, item);
    return true;
}

static bool on_finished(struct fl_core_host *host, struct fl_wire_frame *frame)
{
    struct fl_core *core = host->core;
    struct fl_host_result result;

    fl_arena_reset(core->piece_arena);
    if (!fl_host_get_result(frame, core->piece_arena, &result) || !fl_wire_end(frame))
        return false;
    host->is_in_call = false;
    if (result.call != FL_CALL_OK) {
        note_detail(host, result.why);
        FL_LOG(&core->log, FL_LOG_WARN, "a batch came back with trouble",
               FL_KV_STR("channel", host->channel), FL_KV_STR("why", result.why));
    } else {
        note_detail(host, "");
    }
    if (host->dispatched)
        fl_dispatch_finished(host->dispatched, frame->correlation, result.call == FL_CALL_RETRY,
                             result.why);
    fl_core_poke(core);
    return true;
}

static bool on_called(struct fl_core_host *host, struct fl_wire_frame *frame)
{
    struct fl_core *core = host->core;
    struct fl_host_result result;
    uint32_t call = fl_wire_get_u32(frame);

    fl_arena_reset(core->piece_arena);
    if (!fl_host_get_result(frame, core->piece_arena, &result))
        return false;
    host->is_in_call = false;
    if (call == FL_HOST_HTTP) {
        if (result.call != FL_CALL_OK) {
            note_detail(host, result.why);
            FL_LOG(&core->log, FL_LOG_WARN, "a callback came back with trouble",
                   FL_KV_STR("channel", host->channel), FL_KV_STR("why", result.why));
        }
        return fl_core_hook_done(host, frame->correlation, result.call == FL_CALL_OK, frame);
    }
    if (call == FL_HOST_LOOKUP)
        host->is_looking_up = false;
    if ((call == FL_HOST_COLLECT || call == FL_HOST_LOOKUP) &&
        (result.call == FL_CALL_RETRY || result.call == FL_CALL_FAILED)) {
        note_detail(host, result.why);
        FL_LOG(&core->log, FL_LOG_WARN,
               call == FL_HOST_COLLECT ? "collecting came back with trouble; tried again later"
                                       : "looking up came back with trouble; tried again later",
               FL_KV_STR("channel", host->channel), FL_KV_STR("why", result.why));
    }
    return true;
}

static bool on_host_frame(void *ctx, struct fl_wire_frame *frame)
{
    struct fl_core_host *host = ctx;

    host->heard_us = fl_clock_monotonic_us();
    switch (frame->type) {
    case FL_HOST_READY:
        return on_ready(host, frame);
    case FL_HOST_FAILED:
        return on_failed(host, frame);
    case FL_HOST_STARTED:
        enter_call(host);
        if (host->dispatched)
            fl_dispatch_started(host->dispatched, frame->correlation);
        return fl_wire_end(frame);
    case FL_HOST_BEGAN:
        enter_call(host);
        (void)fl_wire_get_u32(frame);
        return fl_wire_end(frame);
    case FL_HOST_REPORT:
        return on_report(host, frame);
    case FL_HOST_BEGAN_ITEM:
        return on_began_item(host, frame);
    case FL_HOST_FINISHED:
        return on_finished(host, frame);
    case FL_HOST_CALLED:
        return on_called(host, frame);
    case FL_HOST_INBOUND:
    case FL_HOST_RECEIPT:
        if (host->state != FL_CORE_HOST_RUNNING)
            return false;
        fl_core_piece_add(host, frame);
        return true;
    case FL_HOST_REMEMBER:
        fl_core_piece_add(host, frame);
        return true;
    case FL_HOST_RECALL:
        return fl_core_recall(host, frame);
    case FL_HOST_COMMIT:
        host->wants_commit = true;
        fl_core_poke(host->core);
        return fl_wire_end(frame);
    default:
        return false;
    }
}

/* --- orders of the parent ---*/

bool fl_core_host_add(struct fl_core *core, struct fl_wire_frame *frame)
{
    struct fl_core_host *host = calloc(1, sizeof *host);
    const struct fl_link_handler handler = {on_host_frame, on_host_gone, host};
    const char *channel = fl_wire_get_str(frame);
    int fd;

    if (!host)
        return false;
    host->core = core;
    host->worker = (int)fl_wire_get_u32(frame);
    host->generation = fl_wire_get_i64(frame);
    host->timeout_us = fl_wire_get_i64(frame);
    fd = fl_wire_get_fd(frame);
    if (!fl_wire_end(frame) || !channel) {
        free(host);
        return false;
    }
    snprintf(host->channel, sizeof host->channel, "%s", channel);
    host->link = fl_link_create(core->loop, fd, FL_CORE_HOST_QUEUE_MAX, &handler);
    host->deadline = fl_loop_add_timer(core->loop, on_deadline, host);
    if (!host->link || !host->deadline) {
        fl_link_destroy(&host->link);
        fl_loop_remove(&host->deadline);
        free(host);
        return false;
    }
    host->next = core->hosts;
    core->hosts = host;
    enter_call(host); /* loading and opening have the same deadline */
    return true;
}

bool fl_core_host_stop(struct fl_core *core, struct fl_wire_frame *frame)
{
    const char *channel = fl_wire_get_str(frame);
    int worker = (int)fl_wire_get_u32(frame);
    int64_t generation = fl_wire_get_i64(frame);
    struct fl_error err;

    if (!fl_wire_end(frame) || !channel)
        return false;
    for (struct fl_core_host *h = core->hosts; h; h = h->next) {
        if (strcmp(h->channel, channel) != 0 || h->worker != worker || h->generation != generation)
            continue;
        fl_wire_start(&core->out, FL_HOST_STOP, 0);
        if (fl_link_send(h->link, &core->out, &err))
            FL_LOG(&core->log, FL_LOG_DEBUG, "a host ended before it was asked to",
                   FL_KV_STR("channel", h->channel));
        break;
    }
    return true;
}

void fl_core_hosts_destroy(struct fl_core *core)
{
    while (core->hosts) {
        fl_dispatch_worker_lost(&core->hosts->dispatched);
        host_free(core->hosts);
    }
}

/* --- batches ---*/

static enum fl_status send_items(struct fl_core_host *host, enum fl_host_frame type, uint64_t batch,
                                 struct fl_wire_frame *bag, struct fl_error *err)
{
    struct fl_wire_frame *out = &host->core->out;

    fl_wire_start(out, (uint16_t)type, batch);
    fl_wire_put_nested(out, bag);
    fl_wire_start(bag, 0, 0);
    return fl_link_send(host->link, out, err);
}

enum fl_status fl_core_deliver(void *ctx, void *worker_ctx, uint64_t batch,
                               const struct fl_item *const *items, size_t n_items,
                               struct fl_error *err)
{
    struct fl_core_host *host = worker_ctx;
    FL_AUTO_FRAME struct fl_wire_frame bag;
    enum fl_status st = FL_OK;

    (void)ctx;
    fl_wire_init_nested(&bag);
    for (size_t i = 0; !st && i < n_items; i++) {
        fl_host_put_item(&bag, items[i]);
        if (bag.bytes.len > FL_HOST_ITEMS_FRAME_BYTES)
            st = send_items(host, FL_HOST_ITEMS, batch, &bag, err);
    }
    if (!st)
        st = send_items(host, FL_HOST_DELIVER, batch, &bag, err);
    if (st && host->link) { /* dispatch waits to hear that the worker is lost */
        put_host(host, FL_CORE_HOST_KILL);
        fl_core_tell_parent(host->core);
    }
    return st;
}

/* --- what `status` shows ---*/

static json_t *channel_row(const struct fl_core *core, size_t index)
{
    const struct fl_conf_channel *conf = &core->conf->channels[index];
    int64_t running = 0, opening = 0, reports = 0, pieces = 0;
    const char *state = "down";

    for (const struct fl_core_host *h = core->hosts; h; h = h->next) {
        if (strcmp(h->channel, conf->name) != 0)
            continue;
        running += h->state == FL_CORE_HOST_RUNNING;
        opening += h->state == FL_CORE_HOST_OPENING;
        reports += h->n_reports;
        pieces += h->n_pieces;
    }
    if (!conf->is_enabled)
        state = "disabled";
    else if (running)
        state = "running";
    else if (opening)
        state = "opening";
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "name", conf->name, "plugin",
                     conf->plugin, "state", state, "workers", (json_int_t)running, "workers_wanted",
                     (json_int_t)(conf->is_enabled ? conf->workers : 0), "reports",
                     (json_int_t)reports, "collected", (json_int_t)pieces, "detail",
                     core->last_why[index]);
}

enum fl_status fl_core_channel_rows(void *ctx, json_t *out_array, struct fl_error *err)
{
    const struct fl_core *core = ctx;

    for (size_t i = 0; i < core->conf->n_channels; i++) {
        json_t *row = channel_row(core, i);

        if (!row || json_array_append_new(out_array, row))
            return fl_error_set(err, FL_IO, "no memory");
    }
    return FL_OK;
}
