/* After something happened, whoever it happened to is scored again: a few at a time, against the
 * frame of the last run. */
#include <stdlib.h>

#include "appraise/appraise.h"
#include "daemon/daemon_core_private.h"

/* One transaction of a few milliseconds, then everybody else has a turn. */
enum { BITE = 50 };
static const int64_t pause_us = 200000;   /* several events of one customer are one rescoring */
static const int64_t retry_us = 10000000; /* after the store refused */

struct fl_core_rescore {
    struct fl_core *core;
    struct fl_source *timer;
    struct fl_appraise_frame *frame;
    bool has_no_frame; /* until the next run */
};

static enum fl_status rescore_one(struct fl_core_rescore *rescore, int64_t customer,
                                  struct fl_error *err)
{
    struct fl_store *store = rescore->core->store;
    struct fl_score score;
    enum fl_status st = fl_appraise_one(rescore->frame, store, customer,
                                        fl_clock_now(&fl_clock_system), &score, err);

    if (!st)
        st = fl_store_rescore_put(store, &score, err);
    if (st && st != FL_NOT_FOUND) /* who was erased meanwhile has no score */
        return st;
    return fl_store_stale_drop(store, customer, err);
}

static enum fl_status bite(struct fl_core_rescore *rescore, int64_t *out_left, struct fl_error *err)
{
    struct fl_store *store = rescore->core->store;
    int64_t customers[BITE], total = 0;
    size_t n = 0;
    enum fl_status st = fl_store_stale_list(store, customers, BITE, &n, &total, err);

    if (st || n == 0) {
        *out_left = 0;
        return st;
    }
    st = fl_store_begin(store, err);
    for (size_t i = 0; !st && i < n; i++)
        st = rescore_one(rescore, customers[i], err);
    if (!st)
        st = fl_store_commit(store, err);
    if (st)
        fl_store_rollback(store);
    *out_left = total - (int64_t)n;
    return st;
}

static bool has_frame(struct fl_core_rescore *rescore)
{
    struct fl_core *core = rescore->core;
    struct fl_error err;
    enum fl_status st;

    if (rescore->frame || rescore->has_no_frame)
        return rescore->frame != NULL;
    st = fl_appraise_frame_open(core->store, core->conf, &rescore->frame, &err);
    rescore->has_no_frame = st != FL_OK;
    if (st && st != FL_NOT_FOUND)
        FL_LOG(&core->log, FL_LOG_WARN, "customers are not scored again until the next run",
               FL_KV_STR("reason", err.text));
    return st == FL_OK;
}

static void on_timer(void *ctx)
{
    struct fl_core_rescore *rescore = ctx;
    struct fl_core *core = rescore->core;
    int64_t left = 0;
    struct fl_error err;

    fl_core_settle(core);
    if (core->is_draining || !has_frame(rescore))
        return;
    if (bite(rescore, &left, &err)) {
        FL_LOG(&core->log, FL_LOG_ERROR, "customers could not be scored again; tried later",
               FL_KV_STR("reason", err.text));
        fl_loop_arm(rescore->timer, retry_us);
    } else if (left > 0) {
        fl_loop_arm(rescore->timer, 0);
    }
}

void fl_core_rescore_poke(struct fl_core *core)
{
    if (core->rescore && !fl_loop_is_armed(core->rescore->timer))
        fl_loop_arm(core->rescore->timer, pause_us);
}

void fl_core_rescore_forget(struct fl_core *core)
{
    if (!core->rescore)
        return;
    fl_appraise_frame_close(&core->rescore->frame);
    core->rescore->has_no_frame = false;
    fl_core_rescore_poke(core);
}

enum fl_status fl_core_rescore_init(struct fl_core *core, struct fl_error *err)
{
    struct fl_core_rescore *rescore = calloc(1, sizeof *rescore);

    if (!rescore)
        return fl_error_set(err, FL_IO, "no memory");
    core->rescore = rescore;
    rescore->core = core;
    rescore->timer = fl_loop_add_timer(core->loop, on_timer, rescore);
    return rescore->timer ? FL_OK : fl_error_set(err, FL_IO, "no memory");
}

void fl_core_rescore_destroy(struct fl_core *core)
{
    if (!core->rescore)
        return;
    fl_appraise_frame_close(&core->rescore->frame);
    fl_loop_remove(&core->rescore->timer);
    free(core->rescore);
    core->rescore = NULL;
}
