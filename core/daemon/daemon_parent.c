/* The parent: a loop over signals, children and one socket to core. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/file.h"
#include "base/str.h"
#include "daemon/daemon_frames.h"
#include "daemon/daemon_parent_private.h"
#include "host/host.h"
#include "host/host_protocol.h"

enum {
    EXIT_FINE = 0,
    EXIT_BUG = 70,
    EXIT_SYSTEM = 71,
    EXIT_TEMPORARY = 75,
    EXIT_CONFIG = 78,
    FAULTS_ARENA_MAX = 16 << 20,
    PING_INTERVAL_US = 60000000,
    /* An operation runs in core's one thread and a large import takes its time. */
    CORE_SILENT_MAX_US = 900000000,
    CORE_LAST_WORDS_US = 3000000
};

void fl_parent_tell_core(struct fl_parent *parent)
{
    struct fl_error err = {.text = "core is not there"};

    if (!parent->core || fl_link_send(parent->core, &parent->out, &err))
        FL_LOG(&parent->log, FL_LOG_WARN, "core could not be told", FL_KV_STR("reason", err.text));
}

/* --- reload ---*/

static void warn_about(struct fl_parent *parent, const char *key, const char *old, const char *now)
{
    if (!fl_str_equal(old, now))
        FL_LOG(&parent->log, FL_LOG_WARN, "a change that takes effect at the next start only",
               FL_KV_STR("key", key), FL_KV_STR("value", now));
}

static void adopt(struct fl_parent *parent, struct fl_parent_conf *fresh)
{
    struct fl_parent_conf old = parent->conf;

    warn_about(parent, "data_dir", old.conf->data_dir, fresh->conf->data_dir);
    warn_about(parent, "store", old.conf->store, fresh->conf->store);
    warn_about(parent, "control_socket", old.conf->control_socket, fresh->conf->control_socket);
    warn_about(parent, "user", old.conf->user, fresh->conf->user);
    parent->conf = *fresh;
    fl_log_stderr.max_level = (enum fl_log_level)fresh->conf->log_level;
    if (parent->is_core_ready) {
        fl_wire_start(&parent->out, FL_PARENT_CONF, 0);
        fl_wire_put_str(&parent->out, parent->conf.name);
        fl_wire_put_str(&parent->out, parent->conf.text);
        fl_parent_tell_core(parent);
    }
    fl_parent_hosts_match(parent);
    if (parent->is_core_ready)
        fl_parent_fronts_match(parent);
    fl_parent_conf_finish(&old);
}

static void reload(struct fl_parent *parent, bool has_asker)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(FAULTS_ARENA_MAX);
    struct fl_parent_conf fresh;
    struct fl_faults faults;
    struct fl_error err = {.text = "no memory"};
    enum fl_status st = FL_IO;

    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)fl_clock_monotonic_us());
    fl_faults_init(&faults, arena);
    if (arena)
        st = fl_parent_conf_load(parent->options.conf_path, &fresh, &faults, &err);
    for (size_t i = 0; i < faults.n_items; i++)
        FL_LOG(&parent->log, FL_LOG_ERROR, "a fault in the configuration",
               FL_KV_STR("fault", fl_fault_text(arena, &faults.items[i])));
    if (st)
        FL_LOG(&parent->log, FL_LOG_ERROR, "the old configuration stays",
               FL_KV_STR("reason", err.text));
    else {
        adopt(parent, &fresh);
        FL_LOG(&parent->log, FL_LOG_INFO, "configuration reloaded",
               FL_KV_STR("file", parent->conf.name));
    }
    if (has_asker) {
        fl_wire_start(&parent->out, FL_PARENT_RELOADED, 0);
        fl_wire_put_bool(&parent->out, !st);
        fl_wire_put_str(&parent->out, st ? err.text : "");
        fl_host_put_faults(&parent->out, &faults);
        fl_parent_tell_core(parent);
    }
    sd_notify(0, "READY=1");
}

static void on_hangup(void *ctx)
{
    reload(ctx, false);
}

/* --- the end ---*/

void fl_parent_child_gone(struct fl_parent *parent)
{
    if (parent->stage && !parent->core_pid && !fl_parent_has_hosts(parent) && !parent->fronts &&
        !parent->value_pid)
        fl_loop_stop(parent->loop);
}

static void on_drain_timer(void *ctx)
{
    struct fl_parent *parent = ctx;

    if (parent->stage == 1) {
        FL_LOG(&parent->log, FL_LOG_WARN, "batches were still in hand: their hosts are killed");
        fl_parent_hosts_kill(parent);
        fl_parent_fronts_kill(parent);
        parent->stage = 2;
        fl_loop_arm(parent->drain, CORE_LAST_WORDS_US);
    } else if (parent->core_pid) {
        FL_LOG(&parent->log, FL_LOG_WARN, "core did not end: it is killed");
        kill(parent->core_pid, SIGKILL);
        parent->stage = 3;
    }
}

static void on_terminate(void *ctx)
{
    struct fl_parent *parent = ctx;

    fl_parent_value_kill(parent); /* it is made again */
    if (parent->stage) {          /* asked twice: at once */
        fl_parent_hosts_kill(parent);
        fl_parent_fronts_kill(parent);
        if (parent->core_pid)
            kill(parent->core_pid, SIGKILL);
        return;
    }
    sd_notify(0, "STOPPING=1");
    FL_LOG(&parent->log, FL_LOG_INFO, "ending: batches in hand are waited for");
    parent->stage = 1;
    fl_parent_fronts_drain(parent);
    if (parent->is_core_ready) {
        fl_wire_start(&parent->out, FL_PARENT_DRAIN, 0);
        fl_parent_tell_core(parent);
        fl_loop_arm(parent->drain, parent->conf.conf->drain_timeout_us);
    } else if (parent->core_pid) {
        kill(parent->core_pid, SIGKILL);
        fl_parent_fronts_kill(parent);
    } else {
        fl_parent_fronts_kill(parent);
    }
    fl_parent_child_gone(parent);
}

static void on_orphans(void *ctx)
{
    struct fl_parent *parent = ctx;

    if (!parent->core_pid)
        fl_parent_hosts_kill(parent);
}

static void on_core_timer(void *ctx)
{
    fl_parent_core_start(ctx);
}

static void on_child(void *ctx)
{
    fl_parent_reap(ctx);
}

/* --- core's frames ---*/

static void on_core_ready(struct fl_parent *parent)
{
    parent->is_core_ready = parent->was_core_ready = true;
    parent->was_core_ever_ready = true;
    parent->core_backoff_us = 0;
    FL_LOG(&parent->log, FL_LOG_INFO, "ready",
           FL_KV_STR("control", parent->conf.conf->control_socket));
    fl_parent_hosts_match(parent);
    fl_parent_fronts_connect(parent);
    fl_parent_fronts_match(parent);
    sd_notify(0, "READY=1\nSTATUS=running");
}

static bool on_core_frame(void *ctx, struct fl_wire_frame *frame)
{
    struct fl_parent *parent = ctx;
    struct fl_parent_host *host;

    switch (frame->type) {
    case FL_CORE_READY:
        on_core_ready(parent);
        return true;
    case FL_CORE_FAILED: /* it has logged why, and ends */
    case FL_CORE_DRAINED:
        return true;
    case FL_CORE_HOST_READY:
        host = fl_parent_host_find(parent, frame);
        if (host) {
            host->is_ready = true;
            host->backoff_us = 0;
        }
        return true;
    case FL_CORE_HOST_KILL:
        host = fl_parent_host_find(parent, frame);
        if (host)
            kill(host->pid, SIGKILL);
        return true;
    case FL_CORE_RELOAD:
        reload(parent, true);
        return true;
    case FL_CORE_VALUE:
        return fl_parent_value_start(parent, frame);
    case FL_CORE_PONG:
        parent->ponged_us = fl_clock_monotonic_us();
        if (parent->has_watchdog)
            sd_notify(0, "WATCHDOG=1");
        return true;
    default:
        return false;
    }
}

static void on_core_gone(void *ctx, const char *why)
{
    struct fl_parent *parent = ctx;

    (void)why;
    parent->is_core_ready = false;
    /* Its end is told by SIGCHLD; one that only closed its socket is of no use any more. */
    if (parent->core_pid && !parent->stage)
        kill(parent->core_pid, SIGKILL);
}

const struct fl_link_handler fl_parent_core_handler = {on_core_frame, on_core_gone, NULL};

static void on_ping(void *ctx)
{
    struct fl_parent *parent = ctx;

    fl_loop_arm(parent->ping, parent->ping_interval_us);
    if (!parent->is_core_ready)
        return;
    if (fl_clock_monotonic_us() - parent->ponged_us > CORE_SILENT_MAX_US) {
        FL_LOG(&parent->log, FL_LOG_ERROR, "core does not answer: it is killed");
        kill(parent->core_pid, SIGKILL);
        return;
    }
    fl_wire_start(&parent->out, FL_PARENT_PING, 0);
    fl_parent_tell_core(parent);
}

/* --- start ---*/

static enum fl_status make_sources(struct fl_parent *parent, struct fl_error *err)
{
    uint64_t watchdog_us = 0;

    parent->loop = fl_loop_create();
    if (!parent->loop)
        return fl_error_set(err, FL_IO, "no memory");
    parent->has_watchdog = sd_watchdog_enabled(0, &watchdog_us) > 0;
    parent->ping_interval_us = parent->has_watchdog ? (int64_t)watchdog_us / 2 : PING_INTERVAL_US;
    parent->core_timer = fl_loop_add_timer(parent->loop, on_core_timer, parent);
    parent->ping = fl_loop_add_timer(parent->loop, on_ping, parent);
    parent->drain = fl_loop_add_timer(parent->loop, on_drain_timer, parent);
    parent->orphans = fl_loop_add_timer(parent->loop, on_orphans, parent);
    if (!parent->core_timer || !parent->ping || !parent->drain || !parent->orphans ||
        !fl_loop_add_signal(parent->loop, SIGCHLD, on_child, parent) ||
        !fl_loop_add_signal(parent->loop, SIGHUP, on_hangup, parent) ||
        !fl_loop_add_signal(parent->loop, SIGTERM, on_terminate, parent) ||
        !fl_loop_add_signal(parent->loop, SIGINT, on_terminate, parent))
        return fl_error_set(err, FL_IO, "no memory");
    fl_loop_arm(parent->ping, parent->ping_interval_us);
    return fl_parent_fronts_init(parent, err);
}

static void parent_finish(struct fl_parent *parent)
{
    if (parent->listen_fd >= 0) {
        (void)unlink(parent->conf.conf->control_socket);
        close(parent->listen_fd);
    }
    if (parent->loop) {
        fl_parent_hosts_finish(parent);
        fl_parent_fronts_finish(parent);
        fl_link_destroy(&parent->core);
        fl_loop_destroy(&parent->loop);
    }
    if (parent->lock_fd >= 0)
        close(parent->lock_fd);
    fl_wire_finish(&parent->out);
    fl_parent_conf_finish(&parent->conf);
    fl_arena_destroy(&parent->arena);
    free(parent);
}

/* The first reading: a person or a service manager looks at stderr. */
static enum fl_status load_first(struct fl_parent *parent, struct fl_error *err)
{
    struct fl_faults faults;
    enum fl_status st;

    fl_faults_init(&faults, parent->arena);
    st = fl_parent_conf_load(parent->options.conf_path, &parent->conf, &faults, err);
    for (size_t i = 1; i < faults.n_items; i++) /* the first one is in `err` */
        fprintf(stderr, "fairlined: %s\n", fl_fault_text(parent->arena, &faults.items[i]));
    return st;
}

static int run(struct fl_parent *parent)
{
    struct fl_error err;
    enum fl_status st = make_sources(parent, &err);

    if (!st)
        st = fl_parent_prepare(parent, &err);
    if (!st)
        st = fl_parent_front_listen(parent, &err);
    if (!st) {
        fl_parent_core_start(parent);
        st = fl_loop_run(parent->loop, &err);
    }
    if (!st)
        return parent->exit_code;
    fprintf(stderr, "fairlined: %s\n", err.text);
    return st == FL_AGAIN ? EXIT_TEMPORARY : EXIT_SYSTEM;
}

int fl_daemon_run_parent(const struct fl_daemon_options *options)
{
    struct fl_parent *parent = calloc(1, sizeof *parent);
    struct fl_error err;
    int code = EXIT_FINE;

    if (!parent)
        return EXIT_SYSTEM;
    (void)signal(SIGPIPE, SIG_IGN);
    parent->options = *options;
    parent->listen_fd = parent->lock_fd = parent->front_fd = -1;
    parent->log = fl_log_root(&fl_log_stderr, "parent");
    parent->arena = fl_arena_create(FAULTS_ARENA_MAX);
    fl_wire_init(&parent->out);
    if (!parent->arena) {
        code = EXIT_SYSTEM;
    } else if (load_first(parent, &err)) {
        fprintf(stderr, "fairlined: the configuration is refused: %s\n", err.text);
        code = EXIT_CONFIG;
    } else if (options->is_check_only) {
        fprintf(stderr, "fairlined: %s: no fault\n", parent->conf.name);
    } else {
        fl_log_stderr.max_level = (enum fl_log_level)parent->conf.conf->log_level;
        code = run(parent);
    }
    parent_finish(parent);
    return code;
}
