/* Valuation runs as core sees them: when one is due, what the value process hands over, how it
 * ends.  Its scores are written a frame at a time, so that dispatch has its turns in between. */
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise.h"
#include "base/local.h"
#include "daemon/daemon_core_private.h"
#include "daemon/daemon_frames.h"

enum {
    QUEUE_MAX = 1 << 20,
    WHAT_SIZE = 64,
    RUNS_MAX = 64, /* left running by cores before: more than a few nobody has */
    MINUTES_A_DAY = 24 * 60
};
/* A run of a million customers takes seconds; one that says nothing for so long is stuck. */
static const int64_t silent_max_us = 900 * FL_US_PER_S;
/* Clocks are changed, and machines sleep: the timer is looked at again before long. */
static const int64_t tick_max_us = 600 * FL_US_PER_S;

struct fl_core_value {
    struct fl_core *core;
    struct fl_link *link; /* NULL: no value process */
    struct fl_source *timer;
    struct fl_appraise_store_sink sink;
    bool is_running; /* asked for, and not ended */
    int64_t as_of_us, heard_us;
    int64_t last_us; /* when the last run began, or this core: what is due since then is made up */
    char what[WHAT_SIZE];
    int64_t done, total;
    enum fl_status status;
    char why[FL_CORE_DETAIL_SIZE];
    int64_t run, n_changes; /* of the last one that was done */
};

/* ---- the end of a run -------------------------------------------------------------------------*/

static void failed(struct fl_core_value *value, enum fl_status status, const char *why)
{
    struct fl_core *core = value->core;
    struct fl_error err;

    fl_link_destroy(&value->link);
    value->is_running = false;
    value->status = status == FL_AGAIN ? FL_UNAVAILABLE : status; /* nothing goes on any more */
    snprintf(value->why, sizeof value->why, "%s", why);
    FL_LOG(&core->log, FL_LOG_ERROR, "the valuation run failed", FL_KV_STR("reason", why));
    if (fl_appraise_sink_fail(&value->sink, why, &err))
        FL_LOG(&core->log, FL_LOG_ERROR, "the run could not be marked as failed",
               FL_KV_STR("reason", err.text));
    fl_core_poke(core); /* a drain may have waited */
}

static void thin(struct fl_core *core)
{
    int64_t before_us = fl_clock_now(&fl_clock_system) - core->conf->value.keep_us, n = 0;
    struct fl_error err;
    enum fl_status st = fl_store_begin(core->store, &err);

    if (!st)
        st = fl_store_run_thin(core->store, before_us, &n, &err);
    if (!st)
        st = fl_store_commit(core->store, &err);
    if (st) {
        fl_store_rollback(core->store);
        FL_LOG(&core->log, FL_LOG_WARN, "scores of old runs could not be thinned out",
               FL_KV_STR("reason", err.text));
    }
}

static bool on_finish(struct fl_core_value *value, struct fl_wire_frame *frame)
{
    struct fl_value_run run = {.state = FL_RUN_DONE,
                               .as_of_us = value->as_of_us,
                               .n_customers = fl_wire_get_i64(frame),
                               .n_valued = fl_wire_get_i64(frame)};
    struct fl_core *core = value->core;
    struct fl_error err;

    run.report = fl_wire_get_str(frame);
    run.reference = fl_wire_get_bytes(frame, &run.reference_len);
    if (!fl_wire_end(frame) || !run.report || !value->sink.run)
        return false;
    run.started_us = value->last_us;
    run.finished_us = fl_clock_now(&fl_clock_system);
    if (fl_appraise_sink_of_store(&value->sink)
            .finish(&value->sink, &run, &value->n_changes, &err)) {
        failed(value, FL_IO, err.text);
        return true;
    }
    FL_LOG(&core->log, FL_LOG_INFO, "customers were valued",
           FL_KV_INT("customers", run.n_customers), FL_KV_INT("valued", run.n_valued),
           FL_KV_INT("zone_changes", value->n_changes));
    value->run = value->sink.run;
    value->sink.run = 0;
    value->status = FL_OK;
    value->is_running = false;
    fl_link_destroy(&value->link);
    fl_core_rescore_forget(core);
    thin(core);
    fl_loop_arm(core->plan, 0); /* stages may wait for a change of zone */
    return true;
}

/* ---- frames -----------------------------------------------------------------------------------*/

static bool on_begin(struct fl_core_value *value, struct fl_wire_frame *frame)
{
    struct fl_value_run run = {.state = FL_RUN_RUNNING,
                               .as_of_us = fl_wire_get_i64(frame),
                               .started_us = fl_wire_get_i64(frame)};
    struct fl_error err;

    if (!fl_wire_end(frame) || value->sink.run)
        return false;
    if (fl_appraise_sink_of_store(&value->sink).begin(&value->sink, &run, &err))
        failed(value, FL_IO, err.text);
    return true;
}

static bool on_scores(struct fl_core_value *value, struct fl_wire_frame *frame)
{
    size_t len;
    const struct fl_score *scores = fl_wire_get_bytes(frame, &len);
    struct fl_score *aligned;
    struct fl_error err;
    enum fl_status st;

    if (!fl_wire_end(frame) || !scores || len == 0 || len % sizeof *scores || !value->sink.run)
        return false;
    aligned = malloc(len); /* in a frame they stand anywhere */
    if (!aligned) {
        failed(value, FL_IO, "no memory for scores");
        return true;
    }
    memcpy(aligned, scores, len);
    fl_core_settle(value->core);
    st = fl_appraise_sink_of_store(&value->sink)
             .scores(&value->sink, aligned, len / sizeof *aligned, &err);
    free(aligned);
    if (st)
        failed(value, st, err.text);
    return true;
}

static bool on_progress(struct fl_core_value *value, struct fl_wire_frame *frame)
{
    const char *what = fl_wire_get_str(frame);

    value->done = fl_wire_get_i64(frame);
    value->total = fl_wire_get_i64(frame);
    if (!fl_wire_end(frame) || !what)
        return false;
    snprintf(value->what, sizeof value->what, "%s", what);
    return true;
}

static bool on_failed(struct fl_core_value *value, struct fl_wire_frame *frame)
{
    uint32_t status = fl_wire_get_u32(frame);
    const char *why = fl_wire_get_str(frame);

    if (!fl_wire_end(frame) || !why || status == FL_OK || status > FL_INTERNAL)
        return false;
    failed(value, (enum fl_status)status, why);
    return true;
}

static bool on_value_frame(void *ctx, struct fl_wire_frame *frame)
{
    struct fl_core_value *value = ctx;

    value->heard_us = fl_clock_monotonic_us();
    switch (frame->type) {
    case FL_VALUE_BEGIN:
        return on_begin(value, frame);
    case FL_VALUE_PROGRESS:
        return on_progress(value, frame);
    case FL_VALUE_SCORES:
        return on_scores(value, frame);
    case FL_VALUE_FINISH:
        return on_finish(value, frame);
    case FL_VALUE_FAILED:
        return on_failed(value, frame);
    default:
        return false;
    }
}

static void on_value_gone(void *ctx, const char *why)
{
    struct fl_core_value *value = ctx;

    (void)why;
    failed(value, FL_UNAVAILABLE, "the value process died");
}

bool fl_core_value_frame(struct fl_core *core, struct fl_wire_frame *frame)
{
    struct fl_core_value *value = core->value;
    const struct fl_link_handler handler = {on_value_frame, on_value_gone, value};

    if (frame->type == FL_PARENT_VALUE_FAILED) {
        const char *why = fl_wire_get_str(frame);

        if (!fl_wire_end(frame) || !why)
            return false;
        failed(value, FL_UNAVAILABLE, why);
        return true;
    }
    value->link = fl_link_create(core->loop, fl_wire_get_fd(frame), QUEUE_MAX, &handler);
    if (!value->link)
        failed(value, FL_IO, "no memory");
    return fl_wire_end(frame);
}

/* ---- the beginning ----------------------------------------------------------------------------*/

enum fl_status fl_core_value_start(void *ctx, int64_t as_of_us, struct fl_error *err)
{
    struct fl_core *core = ctx;
    struct fl_core_value *value = core->value;
    int64_t now_us = fl_clock_now(&fl_clock_system);

    if (value->is_running)
        return fl_error_set(err, FL_CONFLICT, "a valuation run is going on: %s", value->what);
    if (core->is_draining)
        return fl_error_set(err, FL_UNAVAILABLE, "the gateway ends");
    value->is_running = true;
    value->as_of_us = as_of_us;
    value->last_us = now_us;
    value->heard_us = fl_clock_monotonic_us();
    value->run = value->done = value->total = 0;
    value->sink = (struct fl_appraise_store_sink){.store = core->store};
    snprintf(value->what, sizeof value->what, "starting");
    fl_wire_start(&core->out, FL_CORE_VALUE, 0);
    fl_wire_put_i64(&core->out, as_of_us);
    fl_wire_put_i64(&core->out, now_us);
    fl_core_tell_parent(core);
    return FL_OK;
}

void fl_core_value_state(void *ctx, struct fl_ops_value *out)
{
    const struct fl_core *core = ctx;
    const struct fl_core_value *value = core->value;

    *out = (struct fl_ops_value){
        .is_running = value->is_running,
        .run = value->run,
        .what = value->what,
        .done = value->done,
        .total = value->total,
        .status = value->status,
        .why = value->why,
        .n_changes = value->n_changes,
    };
}

/* ---- when -------------------------------------------------------------------------------------*/

static bool on_day(const char *time_zone, int32_t date, int64_t minutes, int64_t *out_us)
{
    return !fl_time_of_local(time_zone, (int64_t)date * FL_US_PER_DAY + minutes * 60 * FL_US_PER_S,
                             out_us, NULL);
}

bool fl_core_value_times(const char *run_at, const char *time_zone, int64_t now_us,
                         int64_t *out_last_us, int64_t *out_next_us)
{
    int64_t local_us, minutes, times[3];
    int32_t today;

    if (strcmp(run_at, "off") == 0 || fl_time_to_local(time_zone, now_us, &local_us, NULL))
        return false;
    today = fl_date_of_time(local_us);
    minutes = strtol(run_at, NULL, 10) * 60 + strtol(run_at + strlen("HH:"), NULL, 10);
    for (int i = 0; i < 3; i++)
        if (minutes >= MINUTES_A_DAY || !on_day(time_zone, today - 1 + i, minutes, &times[i]))
            return false;
    *out_last_us = times[1] <= now_us ? times[1] : times[0];
    *out_next_us = times[1] <= now_us ? times[2] : times[1];
    return true;
}

static bool has_something_to_value(struct fl_core *core)
{
    char currency[4];

    return fl_store_currency(core->store, currency, NULL) == FL_OK;
}

static void on_timer(void *ctx)
{
    struct fl_core_value *value = ctx;
    struct fl_core *core = value->core;
    int64_t now_us = fl_clock_now(&fl_clock_system), last_us, next_us, wait_us = tick_max_us;
    struct fl_error err;

    if (value->is_running && fl_clock_monotonic_us() - value->heard_us > silent_max_us)
        failed(value, FL_UNAVAILABLE, "the value process said nothing for too long");
    if (fl_core_value_times(core->conf->value.run_at, core->conf->time_zone, now_us, &last_us,
                            &next_us)) {
        if (last_us > value->last_us && !value->is_running && !core->is_draining &&
            has_something_to_value(core) && fl_core_value_start(core, now_us, &err))
            FL_LOG(&core->log, FL_LOG_WARN, "the nightly valuation could not be started",
                   FL_KV_STR("reason", err.text));
        if (next_us - now_us < wait_us)
            wait_us = next_us - now_us;
    }
    fl_loop_arm(value->timer, wait_us);
}

void fl_core_value_conf(struct fl_core *core)
{
    fl_core_rescore_forget(core);
    if (core->value)
        fl_loop_arm(core->value->timer, 0);
}

/* ---- start and end of core --------------------------------------------------------------------*/

struct left {
    int64_t ids[RUNS_MAX];
    size_t n;
    int64_t last_us; /* beginning of the last one that was done; FL_TIME_NONE */
};

static bool on_run(void *ctx, const struct fl_value_run *run)
{
    struct left *left = ctx;

    if (run->state == FL_RUN_RUNNING && left->n < RUNS_MAX)
        left->ids[left->n++] = run->id;
    if (run->state == FL_RUN_DONE && run->started_us > left->last_us)
        left->last_us = run->started_us;
    return true;
}

enum fl_status fl_core_value_init(struct fl_core *core, struct fl_error *err)
{
    struct fl_core_value *value = calloc(1, sizeof *value);
    struct left left = {.last_us = FL_TIME_NONE};
    enum fl_status st;

    if (!value)
        return fl_error_set(err, FL_IO, "no memory");
    core->value = value;
    value->core = core;
    value->timer = fl_loop_add_timer(core->loop, on_timer, value);
    if (!value->timer)
        return fl_error_set(err, FL_IO, "no memory");
    st = fl_store_run_each(core->store, on_run, &left, err);
    for (size_t i = 0; !st && i < left.n; i++) {
        struct fl_appraise_store_sink sink = {.store = core->store, .run = left.ids[i]};

        st = fl_appraise_sink_fail(&sink, "the gateway ended while it ran", err);
    }
    /* Where there never was a run nothing was missed. */
    value->last_us = left.last_us == FL_TIME_NONE ? fl_clock_now(&fl_clock_system) : left.last_us;
    if (!st)
        fl_loop_arm(value->timer, 0);
    return st;
}

void fl_core_value_destroy(struct fl_core *core)
{
    struct fl_core_value *value = core->value;

    if (!value)
        return;
    if (value->is_running)
        failed(value, FL_UNAVAILABLE, "the gateway ended while it ran");
    fl_loop_remove(&value->timer);
    free(value);
    core->value = NULL;
}
