/* A sink that is the store itself: short transactions, so that others get their turn. */
#include <stdlib.h>

#include "appraise/appraise.h"

static enum fl_status end(struct fl_store *store, enum fl_status st, struct fl_error *err)
{
    if (!st)
        st = fl_store_commit(store, err);
    if (st)
        fl_store_rollback(store);
    return st;
}

static enum fl_status sink_begin(void *ctx, const struct fl_value_run *run, struct fl_error *err)
{
    struct fl_appraise_store_sink *to = ctx;
    enum fl_status st = fl_store_begin(to->store, err);

    if (!st)
        st = fl_store_run_begin(to->store, run, &to->run, err);
    st = end(to->store, st, err);
    if (st)
        to->run = 0;
    return st;
}

static enum fl_status sink_scores(void *ctx, const struct fl_score *scores, size_t n,
                                  struct fl_error *err)
{
    struct fl_appraise_store_sink *to = ctx;
    enum fl_status st = fl_store_begin(to->store, err);

    if (!st)
        st = fl_store_scores_put(to->store, to->run, scores, n, err);
    return end(to->store, st, err);
}

static enum fl_status sink_finish(void *ctx, const struct fl_value_run *run, int64_t *out_n_changes,
                                  struct fl_error *err)
{
    struct fl_appraise_store_sink *to = ctx;
    struct fl_value_run row = *run;
    enum fl_status st = fl_store_begin(to->store, err);

    row.id = to->run;
    if (!st)
        st = fl_store_run_finish(to->store, &row, out_n_changes, err);
    return end(to->store, st, err);
}

static void sink_progress(void *ctx, const char *what, int64_t done, int64_t total)
{
    struct fl_appraise_store_sink *to = ctx;

    if (to->progress)
        to->progress(to->progress_ctx, what, done, total);
}

struct fl_appraise_sink fl_appraise_sink_of_store(struct fl_appraise_store_sink *to)
{
    return (struct fl_appraise_sink){.ctx = to,
                                     .begin = sink_begin,
                                     .scores = sink_scores,
                                     .finish = sink_finish,
                                     .progress = sink_progress};
}

enum fl_status fl_appraise_sink_fail(struct fl_appraise_store_sink *to, const char *why,
                                     struct fl_error *err)
{
    json_t *report = json_pack("{s:s}", "error", why);
    char *text = report ? json_dumps(report, JSON_COMPACT) : NULL;
    enum fl_status st = FL_OK;

    if (to->run && text) {
        st = fl_store_begin(to->store, err);
        if (!st)
            st = fl_store_run_fail(to->store, to->run, text, err);
        st = end(to->store, st, err);
    }
    free(text);
    json_decref(report);
    to->run = 0;
    return st;
}
