/* Core: the one writer of the store.  A loop over the parent, the hosts and the control socket;
 * whatever came in a turn is settled and dispatched once, at its end. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "daemon/daemon.h"
#include "daemon/daemon_core_private.h"
#include "daemon/daemon_frames.h"
#include "host/host.h"

enum {
    EXIT_FINE = 0,
    EXIT_NO_PEER = 69,
    EXIT_TEMPORARY = 75,
    PIECE_ARENA_MAX = 256 << 20,
    BUSY_TIMEOUT_US = 10000000,
    RETRY_STEP_US = 1000000, /* after the store refused */
    RELOAD_TIMEOUT_US = 120000000,
    FLUSH_US = 2000000
};

void fl_core_poke(struct fl_core *core)
{
    if (core->is_step_due || !core->step)
        return;
    core->is_step_due = true;
    fl_loop_arm(core->step, 0);
}

void fl_core_tell_parent(struct fl_core *core)
{
    struct fl_error err;

    if (fl_link_send(core->parent, &core->out, &err))
        FL_LOG(&core->log, FL_LOG_WARN, "the parent could not be told",
               FL_KV_STR("reason", err.text));
}

static void stop_hosts(struct fl_core *core)
{
    struct fl_error err;

    for (struct fl_core_host *h = core->hosts; h; h = h->next) {
        fl_wire_start(&core->out, FL_HOST_STOP, 0);
        if (fl_link_send(h->link, &core->out, &err))
            FL_LOG(&core->log, FL_LOG_DEBUG, "a host ended before it was asked to");
    }
}

/* Draining: first no work in hand, then no hosts, then the end. */
static void drain(struct fl_core *core)
{
    if (fl_dispatch_has_work_in_hand(core->dispatch) || fl_dispatch_wants_step(core->dispatch))
        return;
    if (core->fronts) /* who has asked already is answered */
        return;
    if (!core->is_drained)
        stop_hosts(core);
    core->is_drained = true;
    if (core->hosts)
        return;
    fl_wire_start(&core->out, FL_CORE_DRAINED, 0);
    fl_core_tell_parent(core);
    fl_link_flush(core->parent, FLUSH_US);
    core->exit_code = EXIT_FINE;
    fl_loop_stop(core->loop);
}

static void on_step(void *ctx)
{
    struct fl_core *core = ctx;
    int64_t wake_us = FL_TIME_NONE;
    struct fl_error err;

    core->is_step_due = false;
    fl_core_settle(core);
    if (fl_dispatch_step(core->dispatch, &wake_us, &err)) {
        FL_LOG(&core->log, FL_LOG_ERROR, "the store refuses what is to be settled; tried again",
               FL_KV_STR("reason", err.text));
        fl_loop_arm(core->step, RETRY_STEP_US);
        return;
    }
    if (core->is_draining)
        drain(core);
    fl_core_rescore_poke(core);
    if (fl_dispatch_wants_step(core->dispatch))
        fl_core_poke(core);
    else if (wake_us != FL_TIME_NONE && !core->is_step_due)
        fl_loop_arm(core->step, wake_us - fl_clock_now(&fl_clock_system));
}

static void on_settle(void *ctx)
{
    fl_core_settle(ctx);
}

static void on_plan(void *ctx)
{
    struct fl_core *core = ctx;

    fl_core_settle(core);
    if (!core->is_draining)
        fl_core_plan(core);
    fl_loop_arm(core->plan, core->conf->plan_interval_us);
}

/* --- what operations may ask of core ---*/

static enum fl_status ask_reload(void *ctx, struct fl_faults *faults, struct fl_error *err)
{
    struct fl_core *core = ctx;
    enum fl_status st;

    core->reload_faults = faults;
    core->is_reload_answered = false;
    fl_wire_start(&core->out, FL_CORE_RELOAD, 0);
    fl_core_tell_parent(core);
    st = fl_link_wait(core->parent, &core->is_reload_answered, RELOAD_TIMEOUT_US, err);
    core->reload_faults = NULL;
    if (st)
        return fl_error_prefix(err, st, "reloading");
    if (!core->is_reload_fine)
        return fl_error_set(err, FL_INVALID, "the old configuration stays: %s", core->reload_why);
    return FL_OK;
}

static void plan_now(void *ctx)
{
    struct fl_core *core = ctx;

    fl_loop_arm(core->plan, 0);
}

static void changed(void *ctx)
{
    fl_core_poke(ctx);
}

/* --- start and configuration ---*/

static enum fl_status read_conf(struct fl_core *core, struct fl_wire_frame *frame,
                                struct fl_error *err)
{
    const char *name = fl_wire_get_str(frame), *text = fl_wire_get_str(frame);
    struct fl_arena *arena = fl_arena_create(FL_CORE_CONF_ARENA_MAX);
    const struct fl_conf *conf;
    struct fl_faults faults;
    enum fl_status st;

    if (!arena || !name || !text) {
        fl_arena_destroy(&arena);
        return fl_error_set(err, FL_IO, "no configuration came");
    }
    fl_faults_init(&faults, arena);
    st = fl_conf_parse(arena, fl_arena_strdup(arena, name), fl_arena_strdup(arena, text), &faults,
                       &conf, err);
    if (st) {
        fl_arena_destroy(&arena);
        return st;
    }
    /* An operation that asked for the reload still looks at the old one: it goes a reload later. */
    fl_arena_destroy(&core->retired_arena);
    core->retired_arena = core->conf_arena;
    core->conf_arena = arena;
    core->conf = conf;
    memset(core->last_why, 0, sizeof core->last_why);
    fl_log_stderr.max_level = (enum fl_log_level)conf->log_level;
    if (core->dispatch)
        fl_dispatch_set_conf(core->dispatch, conf);
    fl_core_value_conf(core);
    return FL_OK;
}

static enum fl_status open_all(struct fl_core *core, int listen_fd, struct fl_error *err)
{
    const struct fl_store_options options = {.clock = fl_clock_system,
                                             .log = &core->log,
                                             .node = (int)core->conf->node,
                                             .create_if_missing = true,
                                             .busy_timeout_us = BUSY_TIMEOUT_US};
    struct fl_dispatch_options dispatch = {.clock = fl_clock_system,
                                           .log = &core->log,
                                           .conf = core->conf,
                                           .io = {fl_core_deliver, core}};
    enum fl_status st = fl_host_become(core->conf->user, err);

    if (!st)
        st = fl_keys_open(core->conf->data_dir, false, &core->keys, err);
    if (!st)
        st = fl_store_open(core->conf->store, &options, &core->store, err);
    if (st)
        return st;
    dispatch.store = core->store;
    dispatch.keys = core->keys;
    st = fl_dispatch_create(&dispatch, &core->dispatch, err);
    if (!st)
        st = fl_dispatch_recover(core->dispatch, err);
    if (st)
        return st;
    core->step = fl_loop_add_timer(core->loop, on_step, core);
    core->plan = fl_loop_add_timer(core->loop, on_plan, core);
    core->settle = fl_loop_add_timer(core->loop, on_settle, core);
    core->piece_arena = fl_arena_create(PIECE_ARENA_MAX);
    if (!core->step || !core->plan || !core->settle || !core->piece_arena)
        return fl_error_set(err, FL_IO, "no memory");
    st = fl_core_fronts_init(core, err);
    if (!st)
        st = fl_core_rescore_init(core, err);
    if (!st)
        st = fl_core_value_init(core, err);
    if (st)
        return st;
    return fl_control_server_create(core, listen_fd, &core->control, err);
}

static bool on_start(struct fl_core *core, struct fl_wire_frame *frame)
{
    struct fl_error err;
    enum fl_status st = read_conf(core, frame, &err);
    int listen_fd = fl_wire_get_fd(frame);

    if (!fl_wire_end(frame) || core->store)
        return false;
    if (!st)
        st = open_all(core, listen_fd, &err);
    if (st) {
        FL_LOG(&core->log, FL_LOG_ERROR, "core cannot start", FL_KV_STR("reason", err.text));
        fl_wire_start(&core->out, FL_CORE_FAILED, 0);
        fl_wire_put_str(&core->out, err.text);
        fl_core_tell_parent(core);
        fl_link_flush(core->parent, FLUSH_US);
        core->exit_code = EXIT_TEMPORARY;
        fl_loop_stop(core->loop);
        return true;
    }
    fl_wire_start(&core->out, FL_CORE_READY, 0);
    fl_core_tell_parent(core);
    fl_loop_arm(core->plan, 0);
    fl_core_poke(core);
    return true;
}

static bool on_reloaded(struct fl_core *core, struct fl_wire_frame *frame)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(FL_CORE_CONF_ARENA_MAX);
    struct fl_faults ignored;
    const char *why;

    if (!arena)
        return false;
    fl_faults_init(&ignored, arena);
    core->is_reload_fine = fl_wire_get_bool(frame);
    why = fl_wire_get_str(frame);
    snprintf(core->reload_why, sizeof core->reload_why, "%s", why ? why : "");
    if (!fl_host_get_faults(frame, core->reload_faults ? core->reload_faults : &ignored) ||
        !fl_wire_end(frame))
        return false;
    core->is_reload_answered = true;
    return true;
}

static bool on_parent_frame(void *ctx, struct fl_wire_frame *frame)
{
    struct fl_core *core = ctx;
    struct fl_error err;

    if (!core->store && frame->type != FL_PARENT_START)
        return false;
    switch (frame->type) {
    case FL_PARENT_START:
        return on_start(core, frame);
    case FL_PARENT_CONF:
        if (read_conf(core, frame, &err))
            FL_LOG(&core->log, FL_LOG_ERROR, "the new configuration was refused",
                   FL_KV_STR("reason", err.text));
        return fl_wire_end(frame);
    case FL_PARENT_HOST:
        return fl_core_host_add(core, frame);
    case FL_PARENT_FRONT:
        return fl_core_front_add(core, frame);
    case FL_PARENT_VALUE:
    case FL_PARENT_VALUE_FAILED:
        return fl_core_value_frame(core, frame);
    case FL_PARENT_HOST_STOP:
        return fl_core_host_stop(core, frame);
    case FL_PARENT_RELOADED:
        return on_reloaded(core, frame);
    case FL_PARENT_DRAIN:
        core->is_draining = true;
        fl_dispatch_drain(core->dispatch);
        fl_core_poke(core);
        return fl_wire_end(frame);
    case FL_PARENT_PING:
        fl_wire_start(&core->out, FL_CORE_PONG, 0);
        fl_core_tell_parent(core);
        return true;
    default:
        return false;
    }
}

static void on_parent_gone(void *ctx, const char *why)
{
    struct fl_core *core = ctx;

    FL_LOG(&core->log, FL_LOG_ERROR, "the parent is gone: core ends", FL_KV_STR("reason", why));
    core->exit_code = EXIT_NO_PEER;
    fl_loop_stop(core->loop);
}

static void core_finish(struct fl_core *core)
{
    fl_control_server_destroy(&core->control);
    fl_core_hosts_destroy(core);
    fl_core_fronts_destroy(core);
    fl_core_value_destroy(core);
    fl_core_rescore_destroy(core);
    for (size_t i = 0; i < core->n_pieces; i++)
        fl_wire_finish(&core->pieces[i].frame);
    fl_dispatch_destroy(&core->dispatch);
    fl_store_close(&core->store);
    fl_token_keys_destroy(&core->keys);
    fl_link_destroy(&core->parent);
    fl_loop_destroy(&core->loop);
    fl_wire_finish(&core->out);
    fl_arena_destroy(&core->piece_arena);
    fl_arena_destroy(&core->conf_arena);
    fl_arena_destroy(&core->retired_arena);
    free(core);
}

int fl_daemon_run_core(int fd)
{
    struct fl_core *core = calloc(1, sizeof *core);
    const struct fl_link_handler handler = {on_parent_frame, on_parent_gone, core};
    struct fl_error err;
    int code;

    fl_host_harden_early();
    if (!core)
        return EXIT_TEMPORARY;
    core->log = fl_log_root(&fl_log_stderr, "core");
    core->exit_code = EXIT_TEMPORARY;
    core->ops_daemon = (struct fl_ops_daemon){
        .ctx = core,
        .channels = fl_core_channel_rows,
        .reload = ask_reload,
        .plan_now = plan_now,
        .changed = changed,
        .front = fl_core_front_state,
        .value_start = fl_core_value_start,
        .value_state = fl_core_value_state,
    };
    fl_wire_init(&core->out);
    core->loop = fl_loop_create();
    if (core->loop)
        core->parent = fl_link_create(core->loop, fd, FL_CORE_PARENT_QUEUE_MAX, &handler);
    if (core->parent && fl_loop_run(core->loop, &err))
        FL_LOG(&core->log, FL_LOG_ERROR, "core ends", FL_KV_STR("reason", err.text));
    code = core->exit_code;
    core_finish(core);
    return code;
}
