/* Conformance: valuation runs, scores, and who moved. */
#include "scores.h"

#include <math.h>

static void assert_same_score(const struct fl_score *a, const struct fl_score *b)
{
    assert_int_equal(a->customer, b->customer);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->zone, b->zone);
    assert_int_equal(a->segment, b->segment);
    assert_int_equal(a->keys, b->keys);
    assert_int_equal(a->is_high, b->is_high);
    assert_int_equal(a->is_estimated, b->is_estimated);
    assert_int_equal(a->ltv_minor, b->ltv_minor);
    assert_int_equal(a->ce_minor, b->ce_minor);
    assert_int_equal(a->ev_minor, b->ev_minor);
    assert_int_equal(a->spv_minor, b->spv_minor);
    assert_int_equal(a->cost_minor, b->cost_minor);
    assert_int_equal(a->cv_minor, b->cv_minor);
    assert_true(a->p == b->p && a->commitment == b->commitment && a->ce == b->ce &&
                a->cv == b->cv && a->distance == b->distance && a->certainty == b->certainty);
}

struct scores {
    int n;
    struct fl_score list[LIST_MAX];
};

static bool keep_score(void *ctx, const struct fl_score *score)
{
    struct scores *scores = ctx;

    assert_true(scores->n < LIST_MAX);
    scores->list[scores->n++] = *score;
    return true;
}

static int count_scores(struct world *w, const struct fl_score_filter *filter)
{
    struct scores scores = {0};
    struct fl_error err;

    assert_ok(fl_store_score_each(w->store, filter, keep_score, &scores, &err));
    for (int i = 1; i < scores.n; i++)
        assert_true(scores.list[i - 1].customer < scores.list[i].customer);
    return scores.n;
}

#define ANYBODY                                                                                    \
    {                                                                                              \
        .state = -1, .zone = -1, .segment = -1                                                     \
    }

static void test_one_run(void **state)
{
    struct world *w = *state;
    struct people p = add_people(w);
    struct fl_score want, got;
    struct fl_value_run run;
    struct fl_error err;
    struct fl_score_filter all = ANYBODY, some;
    int64_t id, at = 0, n_changes;

    assert_status(FL_NOT_FOUND, fl_store_run_get(w->store, w->arena, 0, &run, &err));
    assert_status(FL_NOT_FOUND, fl_store_run_at(w->store, INT64_MAX, &at, &err));
    assert_status(FL_NOT_FOUND, fl_store_score_get(w->store, p.id[0], &got, &err));
    id = run_with(w, &p, WORLD_NOW, all_fair, N - 1, &n_changes);
    assert_int_equal(n_changes, 0);
    if (!fl_store_remembers(w->store)) {
        assert_int_equal(count_scores(w, &all), 0);
        return;
    }
    assert_ok(fl_store_score_get(w->store, p.id[1], &got, &err));
    want = score_of(p.id[1], ZONE_III);
    assert_same_score(&got, &want);
    assert_true(got.at_us == WORLD_NOW);
    assert_ok(fl_store_score_of_run(w->store, id, p.id[1], &got, &err));
    assert_same_score(&got, &want);
    assert_status(FL_NOT_FOUND, fl_store_score_get(w->store, p.id[N - 1], &got, &err));
    assert_int_equal(count_scores(w, &all), N - 1);
    some = all;
    some.zone = ZONE_I;
    assert_int_equal(count_scores(w, &some), 0);
    some = all;
    some.keys = 2;
    some.segment = 5;
    some.state = 0;
    some.zone = ZONE_III;
    some.after = p.id[0];
    some.limit = 2;
    assert_int_equal(count_scores(w, &some), 2);
    some.keys = 4;
    assert_int_equal(count_scores(w, &some), 0);
    some = all;
    some.is_key = true;
    assert_int_equal(count_scores(w, &some), N - 1);
    some.keys = 4;
    assert_int_equal(count_scores(w, &some), 0);
    some = all;
    some.run = id;
    assert_int_equal(count_scores(w, &some), N - 1);
    some.run = id + 64;
    assert_int_equal(count_scores(w, &some), 0);
    assert_ok(fl_store_run_get(w->store, w->arena, 0, &run, &err));
    assert_int_equal(run.id, id);
    assert_int_equal(run.state, FL_RUN_DONE);
    assert_int_equal(run.n_valued, N - 1);
    assert_string_equal(run.report, "{\"a\":1}");
    assert_int_equal(run.reference_len, 5);
    assert_memory_equal(run.reference, "frame", 5);
    assert_true(run.finished_us == WORLD_NOW);
    assert_status(FL_NOT_FOUND, fl_store_run_at(w->store, WORLD_NOW - 1, &at, &err));
    assert_ok(fl_store_run_at(w->store, WORLD_NOW, &at, &err));
    assert_int_equal(at, id);
}

static void test_refused_scores(void **state)
{
    struct world *w = *state;
    struct people p = add_people(w);
    int64_t run = begin_run(w, WORLD_NOW);
    struct fl_score bad[8], two[2];
    struct fl_error err;
    struct fl_value_run more = {.id = run, .n_valued = 1};
    size_t n = 0;
    int64_t changes;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        bad[i] = score_of(p.id[0], ZONE_I);
    bad[n++].customer = 0;
    bad[n++].zone = 4;
    bad[n++].zone = -1;
    bad[n++].segment = 8;
    bad[n++].keys = 8;
    bad[n++].p = (double)NAN;
    bad[n++].certainty = (double)INFINITY;
    bad[n++].state = 3;
    world_begin(w);
    for (size_t i = 0; i < n; i++) {
        assert_status(FL_INVALID, fl_store_scores_put(w->store, run, &bad[i], 1, &err));
        assert_status(FL_INVALID, fl_store_rescore_put(w->store, &bad[i], &err));
    }
    two[0] = score_of(p.id[1], ZONE_I);
    two[1] = score_of(p.id[0], ZONE_I);
    assert_status(FL_INVALID, fl_store_scores_put(w->store, run, two, 2, &err));
    assert_status(FL_INVALID, fl_store_run_finish(w->store, &more, &changes, &err));
    if (fl_store_remembers(w->store)) {
        assert_ok(fl_store_scores_put(w->store, run, two, 1, &err));
        assert_status(FL_CONFLICT, fl_store_scores_put(w->store, run, two, 1, &err));
        assert_status(FL_REJECTED, fl_store_scores_put(w->store, run + 64, two, 1, &err));
    }
    world_commit(w);
}

static bool keep_run(void *ctx, const struct fl_value_run *run)
{
    struct fl_value_run *list = ctx;
    int i = 0;

    while (list[i].id)
        i++;
    assert_null(run->report);
    list[i] = *run;
    return true;
}

static void test_failed_run(void **state)
{
    struct world *w = *state;
    struct people p = add_people(w);
    struct fl_value_run runs[4] = {{0}}, run;
    struct fl_score score = score_of(p.id[0], ZONE_I);
    struct fl_error err;
    int64_t good, failed;

    good = run_with(w, &p, WORLD_NOW, all_fair, N, NULL);
    failed = begin_run(w, WORLD_NOW + 1);
    world_begin(w);
    assert_ok(fl_store_scores_put(w->store, failed, &score, 1, &err));
    assert_ok(fl_store_run_fail(w->store, failed, "no space", &err));
    world_commit(w);
    if (!fl_store_remembers(w->store))
        return;
    world_begin(w);
    assert_status(FL_REJECTED, fl_store_scores_put(w->store, failed, &score, 1, &err));
    assert_status(FL_REJECTED, fl_store_run_fail(w->store, good, "", &err));
    assert_status(FL_NOT_FOUND, fl_store_run_fail(w->store, good + 1, "", &err));
    world_commit(w);
    assert_status(FL_NOT_FOUND, fl_store_score_of_run(w->store, failed, p.id[0], &score, &err));
    assert_ok(fl_store_run_get(w->store, w->arena, failed, &run, &err));
    assert_int_equal(run.state, FL_RUN_FAILED);
    assert_string_equal(run.report, "no space");
    assert_ok(fl_store_run_get(w->store, w->arena, 0, &run, &err));
    assert_int_equal(run.id, good);
    assert_ok(fl_store_run_each(w->store, keep_run, runs, &err));
    assert_int_equal(runs[0].id, failed);
    assert_int_equal(runs[1].id, good);
    assert_int_equal(runs[2].id, 0);
}

static void check_matrix(struct world *w, int64_t first, int64_t second, int64_t backdated)
{
    int64_t matrix[5][5];
    struct fl_error err;

    assert_ok(fl_store_zone_matrix(w->store, first, second, matrix, &err));
    assert_int_equal(matrix[ZONE_III][ZONE_I], 1);
    assert_int_equal(matrix[ZONE_III][ZONE_II], 1);
    assert_int_equal(matrix[ZONE_III][ZONE_III], 3);
    assert_int_equal(matrix[4][ZONE_I], 1);
    assert_ok(fl_store_zone_matrix(w->store, second, backdated, matrix, &err));
    assert_int_equal(matrix[ZONE_I][ZONE_III], 1);
    assert_int_equal(matrix[ZONE_I][4], 1);
    assert_ok(fl_store_zone_matrix(w->store, second, 0, matrix, &err));
    assert_int_equal(matrix[ZONE_III][ZONE_II], 1);
    assert_status(FL_NOT_FOUND, fl_store_zone_matrix(w->store, first, first + 1, matrix, &err));
}

static void test_movement(void **state)
{
    static const int moved[N] = {ZONE_I, ZONE_III, ZONE_II, ZONE_III, ZONE_III, ZONE_I};
    struct world *w = *state;
    struct people p = add_people(w);
    int64_t first, second, backdated, n = 0;
    struct changes changes = {0};
    struct fl_value_run run;
    struct fl_score score;
    struct fl_error err;

    first = run_with(w, &p, WORLD_NOW, all_fair, N - 1, &n);
    assert_int_equal(n, 0);
    w->manual.now_us += FL_US_PER_DAY;
    second = run_with(w, &p, WORLD_NOW + FL_US_PER_DAY, moved, N, &n);
    if (!fl_store_remembers(w->store))
        return;
    assert_int_equal(n, 2);
    /* One of before the current run is history. */
    backdated = run_with(w, &p, WORLD_NOW - FL_US_PER_DAY, all_fair, 1, &n);
    assert_int_equal(n, 0);
    assert_ok(fl_store_run_get(w->store, w->arena, 0, &run, &err));
    assert_int_equal(run.id, second);
    world_begin(w);
    score = score_of(p.id[1], ZONE_II);
    score.at_us = WORLD_NOW + 2 * FL_US_PER_DAY;
    assert_ok(fl_store_rescore_put(w->store, &score, &err));
    assert_ok(fl_store_rescore_put(w->store, &score, &err));
    world_commit(w);
    assert_ok(fl_store_score_get(w->store, p.id[1], &score, &err));
    assert_int_equal(score.zone, ZONE_II);
    assert_true(score.at_us == WORLD_NOW + 2 * FL_US_PER_DAY);
    assert_ok(fl_store_score_of_run(w->store, second, p.id[1], &score, &err));
    assert_int_equal(score.zone, ZONE_III);

    assert_ok(fl_store_zone_change_each(w->store, 0, 0, 0, keep_change, &changes, &err));
    assert_int_equal(changes.n, 3);
    assert_int_equal(changes.list[0].customer, p.id[0]);
    assert_int_equal(changes.list[0].from, ZONE_III);
    assert_int_equal(changes.list[0].to, ZONE_I);
    assert_int_equal(changes.list[0].run, second);
    assert_true(changes.list[0].at_us == WORLD_NOW + FL_US_PER_DAY);
    assert_int_equal(changes.list[2].customer, p.id[1]);
    assert_int_equal(changes.list[2].run, 0);
    n = changes.list[0].id;
    changes.n = 0;
    assert_ok(fl_store_zone_change_each(w->store, 0, n, 1, keep_change, &changes, &err));
    assert_int_equal(changes.n, 1);
    assert_int_equal(changes.list[0].customer, p.id[2]);
    changes.n = 0;
    assert_ok(fl_store_zone_change_each(w->store, p.id[1], 0, 0, keep_change, &changes, &err));
    assert_int_equal(changes.n, 1);

    check_matrix(w, first, second, backdated);
    /* A run as of later takes the place of the rescoring, one as of before does not. */
    run_with(w, &p, WORLD_NOW + FL_US_PER_DAY, all_fair, N, &n);
    assert_int_equal(n, 3);
    assert_ok(fl_store_score_get(w->store, p.id[1], &score, &err));
    assert_int_equal(score.zone, ZONE_II);
    run_with(w, &p, WORLD_NOW + 3 * FL_US_PER_DAY, all_fair, N, &n);
    assert_int_equal(n, 1);
    assert_ok(fl_store_score_get(w->store, p.id[1], &score, &err));
    assert_int_equal(score.zone, ZONE_III);
}

static void test_thinning(void **state)
{
    struct world *w = *state;
    struct people p = add_people(w);
    int32_t day = fl_date_of_civil(2026, 1, 10);
    int64_t ids[5], n = -1, at;
    struct fl_error err;

    for (int i = 0; i < 5; i++) /* January 10 and 25, February 9 and 24, March 11 */
        ids[i] = run_with(w, &p, (day + 15 * i) * FL_US_PER_DAY, all_fair, N, NULL);
    world_begin(w);
    assert_ok(fl_store_run_thin(w->store, (day + 50) * FL_US_PER_DAY, &n, &err));
    world_commit(w);
    if (!fl_store_remembers(w->store)) {
        assert_int_equal(n, 0);
        return;
    }
    assert_int_equal(n, 2);
    for (int i = 0; i < 5; i++) {
        struct fl_score_filter of_run = ANYBODY;

        of_run.run = ids[i];
        assert_int_equal(count_scores(w, &of_run), i == 0 || i == 2 ? 0 : N);
    }
    assert_ok(fl_store_run_at(w->store, (day + 16) * FL_US_PER_DAY, &at, &err));
    assert_int_equal(at, ids[1]);
    world_begin(w);
    assert_ok(fl_store_run_thin(w->store, (day + 50) * FL_US_PER_DAY, &n, &err));
    assert_int_equal(n, 0);
    world_commit(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_one_run),  BOTH(test_refused_scores), BOTH(test_failed_run),
        BOTH(test_movement), BOTH(test_thinning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
