/* Argument checks of valuation runs, scores and what is read from them. */
#include "store_private.h"

#include <math.h>
#include <string.h>

#include "value/position.h"

enum {
    REPORT_MAX = 16 << 20, /* bytes */
    STATE_MAX = FL_SCORE_OBJECTED,
    ZONE_MAX = FL_ZONES - 1,
    SEGMENT_MAX = FL_SEGMENTS - 1,
    KEYS_MAX = FL_KEY_CONTRIBUTION | FL_KEY_EXCHANGE | FL_KEY_LEADER
};

static enum fl_status check_run(const struct fl_value_run *run, struct fl_error *err)
{
    if (run->n_customers < 0 || run->n_valued < 0 || run->n_valued > run->n_customers)
        return fl_error_set(err, FL_INVALID, "%lld customers valued of %lld",
                            (long long)run->n_valued, (long long)run->n_customers);
    if (run->report && strlen(run->report) > REPORT_MAX)
        return fl_error_set(err, FL_LIMIT, "the report of a run is above the limit of %d bytes",
                            REPORT_MAX);
    return FL_OK;
}

static enum fl_status check_score(const struct fl_score *s, struct fl_error *err)
{
    const double numbers[] = {s->p, s->commitment, s->ce, s->cv, s->distance, s->certainty};

    if (s->customer <= 0)
        return fl_error_set(err, FL_INVALID, "a score of no customer");
    if (s->state < 0 || s->state > STATE_MAX || s->zone < 0 || s->zone > ZONE_MAX ||
        s->segment < 0 || s->segment > SEGMENT_MAX || s->keys > KEYS_MAX)
        return fl_error_set(err, FL_INVALID,
                            "the score of customer %lld has state %d, zone %d, segment %d and "
                            "keys %u, expected up to %d, %d, %d and %d",
                            (long long)s->customer, s->state, s->zone, s->segment, s->keys,
                            STATE_MAX, ZONE_MAX, SEGMENT_MAX, KEYS_MAX);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!isfinite(numbers[i]))
            return fl_error_set(err, FL_INVALID, "the score of customer %lld holds %g",
                                (long long)s->customer, numbers[i]);
    return FL_OK;
}

enum fl_status fl_store_run_begin(struct fl_store *store, const struct fl_value_run *run,
                                  int64_t *out_id, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_run(run, err);
    return st ? st : fl_store_wrote(store, store->driver->run_begin(store, run, out_id, err));
}

enum fl_status fl_store_scores_put(struct fl_store *store, int64_t run,
                                   const struct fl_score *scores, size_t n, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    for (size_t i = 0; !st && i < n; i++) {
        st = check_score(&scores[i], err);
        if (!st && i && scores[i].customer <= scores[i - 1].customer)
            st = fl_error_set(err, FL_INVALID, "scores of customer %lld after those of %lld",
                              (long long)scores[i].customer, (long long)scores[i - 1].customer);
    }
    return st ? st : fl_store_wrote(store, store->driver->scores_put(store, run, scores, n, err));
}

enum fl_status fl_store_run_finish(struct fl_store *store, const struct fl_value_run *run,
                                   int64_t *out_n_changes, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_run(run, err);
    return st ? st
              : fl_store_wrote(store, store->driver->run_finish(store, run, out_n_changes, err));
}

enum fl_status fl_store_run_fail(struct fl_store *store, int64_t run, const char *report,
                                 struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    return st ? st : fl_store_wrote(store, store->driver->run_fail(store, run, report, err));
}

enum fl_status fl_store_run_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                struct fl_value_run *out, struct fl_error *err)
{
    return store->driver->run_get(store, arena, id, out, err);
}

enum fl_status fl_store_run_at(struct fl_store *store, int64_t at_us, int64_t *out_id,
                               struct fl_error *err)
{
    return store->driver->run_at(store, at_us, out_id, err);
}

enum fl_status fl_store_run_each(struct fl_store *store, fl_store_run_fn *fn, void *ctx,
                                 struct fl_error *err)
{
    return store->driver->run_each(store, fn, ctx, err);
}

enum fl_status fl_store_run_thin(struct fl_store *store, int64_t before_us, int64_t *out_n,
                                 struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    return st ? st : fl_store_wrote(store, store->driver->run_thin(store, before_us, out_n, err));
}

enum fl_status fl_store_score_get(struct fl_store *store, int64_t customer, struct fl_score *out,
                                  struct fl_error *err)
{
    return store->driver->score_get(store, 0, customer, out, err);
}

enum fl_status fl_store_score_of_run(struct fl_store *store, int64_t run, int64_t customer,
                                     struct fl_score *out, struct fl_error *err)
{
    if (run <= 0)
        return fl_error_set(err, FL_INVALID, "a score of run %lld", (long long)run);
    return store->driver->score_get(store, run, customer, out, err);
}

enum fl_status fl_store_score_each(struct fl_store *store, const struct fl_score_filter *filter,
                                   fl_store_score_fn *fn, void *ctx, struct fl_error *err)
{
    return store->driver->score_each(store, filter, fn, ctx, err);
}

enum fl_status fl_store_rescore_put(struct fl_store *store, const struct fl_score *score,
                                    struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_score(score, err);
    return st ? st : fl_store_wrote(store, store->driver->rescore_put(store, score, err));
}

enum fl_status fl_store_stale_add(struct fl_store *store, int64_t customer, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    return st ? st : fl_store_wrote(store, store->driver->stale_add(store, customer, err));
}

enum fl_status fl_store_stale_list(struct fl_store *store, int64_t *out, size_t max, size_t *out_n,
                                   int64_t *out_total, struct fl_error *err)
{
    return store->driver->stale_list(store, out, max, out_n, out_total, err);
}

enum fl_status fl_store_stale_drop(struct fl_store *store, int64_t customer, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    return st ? st : fl_store_wrote(store, store->driver->stale_drop(store, customer, err));
}

enum fl_status fl_store_zone_change_each(struct fl_store *store, int64_t customer, int64_t after,
                                         int64_t limit, fl_store_zone_change_fn *fn, void *ctx,
                                         struct fl_error *err)
{
    return store->driver->zone_change_each(store, customer, after, limit, fn, ctx, err);
}

enum fl_status fl_store_zone_matrix(struct fl_store *store, int64_t run_from, int64_t run_to,
                                    int64_t out[5][5], struct fl_error *err)
{
    return store->driver->zone_matrix(store, run_from, run_to, out, err);
}

enum fl_status fl_store_effect_each(struct fl_store *store, int64_t campaign, int64_t run_before,
                                    int64_t run_after, fl_store_effect_fn *fn, void *ctx,
                                    struct fl_error *err)
{
    return store->driver->effect_each(store, campaign, run_before, run_after, fn, ctx, err);
}
