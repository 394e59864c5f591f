/* The value process: one valuation run.  It reads the store by connections of its own and hands
 * what comes out to core, which alone writes. */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "appraise/appraise.h"
#include "base/file.h"
#include "daemon/daemon.h"
#include "daemon/daemon_frames.h"
#include "host/host.h"
#include "wire/wire.h"

enum {
    EXIT_FINE = 0,
    EXIT_NO_PEER = 69,
    EXIT_TEMPORARY = 75,
    ARENA_MAX = 512 << 20,
    THREADS = 2,
    NICENESS = 5, /* messages come first */
    /* One transaction of core's each: some ten milliseconds, and dispatch has its turn again. */
    SCORES_A_FRAME = 2000,
    BUSY_TIMEOUT_US = 10000000
};

struct value {
    int fd;
    struct fl_wire_frame in, out;
    struct fl_arena *arena;
    struct fl_log log;
    const struct fl_conf *conf;
    struct fl_store *store;
    int64_t as_of_us, now_us;
    bool is_core_gone;
};

/* --- what core is told ---*/

static enum fl_status send_out(struct value *value, struct fl_error *err)
{
    enum fl_status st = fl_wire_send(value->fd, &value->out, err);

    value->is_core_gone |= st == FL_UNAVAILABLE;
    return st;
}

static enum fl_status on_begin(void *ctx, const struct fl_value_run *run, struct fl_error *err)
{
    struct value *value = ctx;

    fl_wire_start(&value->out, FL_VALUE_BEGIN, 0);
    fl_wire_put_i64(&value->out, run->as_of_us);
    fl_wire_put_i64(&value->out, run->started_us);
    return send_out(value, err);
}

static enum fl_status on_scores(void *ctx, const struct fl_score *scores, size_t n,
                                struct fl_error *err)
{
    struct value *value = ctx;
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < n; i += SCORES_A_FRAME) {
        size_t some = n - i < SCORES_A_FRAME ? n - i : SCORES_A_FRAME;

        fl_wire_start(&value->out, FL_VALUE_SCORES, 0);
        fl_wire_put_bytes(&value->out, &scores[i], some * sizeof *scores);
        st = send_out(value, err);
    }
    return st;
}

static enum fl_status on_finish(void *ctx, const struct fl_value_run *run, int64_t *out_n_changes,
                                struct fl_error *err)
{
    struct value *value = ctx;

    *out_n_changes = 0; /* core counts them */
    fl_wire_start(&value->out, FL_VALUE_FINISH, 0);
    fl_wire_put_i64(&value->out, run->n_customers);
    fl_wire_put_i64(&value->out, run->n_valued);
    fl_wire_put_str(&value->out, run->report);
    fl_wire_put_bytes(&value->out, run->reference, run->reference_len);
    return send_out(value, err);
}

/* Not worth failing for; whether core is there the next chunk tells. */
static void on_progress(void *ctx, const char *what, int64_t done, int64_t total)
{
    struct value *value = ctx;
    struct fl_error ignored;

    fl_wire_start(&value->out, FL_VALUE_PROGRESS, 0);
    fl_wire_put_str(&value->out, what);
    fl_wire_put_i64(&value->out, done);
    fl_wire_put_i64(&value->out, total);
    if (send_out(value, &ignored))
        fl_wire_start(&value->out, 0, 0);
}

/* --- the run ---*/

static enum fl_status read_open(struct value *value, struct fl_error *err)
{
    struct fl_faults faults;
    const char *name, *text;
    enum fl_status st = fl_wire_recv(value->fd, &value->in, err);

    if (st)
        return st;
    name = fl_wire_get_str(&value->in);
    text = fl_wire_get_str(&value->in);
    value->as_of_us = fl_wire_get_i64(&value->in);
    value->now_us = fl_wire_get_i64(&value->in);
    if (value->in.type != FL_VALUE_OPEN || !fl_wire_end(&value->in) || !name || !text)
        return fl_error_set(err, FL_INVALID, "what to value did not come");
    fl_faults_init(&faults, value->arena);
    st = fl_conf_parse(value->arena, fl_arena_strdup(value->arena, name),
                       fl_arena_strdup(value->arena, text), &faults, &value->conf, err);
    if (!st)
        fl_log_stderr.max_level = (enum fl_log_level)value->conf->log_level;
    return st;
}

static enum fl_status open_store(struct value *value, struct fl_error *err)
{
    const struct fl_store_options options = {.clock = fl_clock_system,
                                             .log = &value->log,
                                             .is_read_only = true,
                                             .busy_timeout_us = BUSY_TIMEOUT_US};
    enum fl_status st = fl_host_become(value->conf->user, err);

    return st ? st : fl_store_open(value->conf->store, &options, &value->store, err);
}

static enum fl_status run(struct value *value, struct fl_error *err)
{
    const struct fl_appraise_input input = {
        .store = value->store,
        .store_uri = fl_store_remembers(value->store) ? value->conf->store : NULL,
        .conf = value->conf,
        .as_of_us = value->as_of_us,
        .now_us = value->now_us,
        .threads = THREADS,
        .sink = {value, on_begin, on_scores, on_finish, on_progress},
    };
    struct fl_appraise_result result;

    return fl_appraise_run(value->arena, &input, &result, err);
}

static void value_finish(struct value *value)
{
    fl_store_close(&value->store);
    fl_wire_finish(&value->in);
    fl_wire_finish(&value->out);
    fl_arena_destroy(&value->arena);
    close(value->fd);
}

int fl_daemon_run_value(int fd)
{
    struct value value = {.fd = fd, .arena = fl_arena_create(ARENA_MAX)};
    struct fl_error err, ignored;
    enum fl_status st;
    int code = EXIT_FINE;

    fl_host_harden_early();
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
    value.log = fl_log_root(&fl_log_stderr, "value");
    fl_wire_init(&value.in);
    fl_wire_init(&value.out);
    st = value.arena ? read_open(&value, &err) : fl_error_set(&err, FL_IO, "no memory");
    if (!st)
        st = open_store(&value, &err);
    if (!st)
        st = run(&value, &err);
    if (st && !value.is_core_gone) {
        fl_wire_start(&value.out, FL_VALUE_FAILED, 0);
        fl_wire_put_u32(&value.out, (uint32_t)st);
        fl_wire_put_str(&value.out, err.text);
        if (send_out(&value, &ignored))
            code = EXIT_TEMPORARY;
    }
    if (value.is_core_gone)
        code = EXIT_NO_PEER;
    value_finish(&value);
    return code;
}
