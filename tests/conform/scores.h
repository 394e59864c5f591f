/* What the tests of scores share: a few customers and a run over them. */
#ifndef TESTS_CONFORM_SCORES_H
#define TESTS_CONFORM_SCORES_H

#include "drivers.h"

enum { N = 6, LIST_MAX = 64, ZONE_I = 1, ZONE_II = 2, ZONE_III = 3, OBJECTED = 2 };

struct people {
    int64_t id[N];
};

static inline struct people add_people(struct world *w)
{
    struct people p;

    world_begin(w);
    for (int i = 0; i < N; i++) {
        char external_id[16], email[32];

        snprintf(external_id, sizeof external_id, "c%d", i);
        snprintf(email, sizeof email, "c%d@example.org", i);
        p.id[i] = world_customer(w, external_id, email, FL_CONSENT_GRANTED);
    }
    world_commit(w);
    return p;
}

static inline struct fl_score score_of(int64_t customer, int zone)
{
    return (struct fl_score){.customer = customer,
                             .zone = zone,
                             .segment = 5,
                             .keys = 3,
                             .is_high = true,
                             .p = 0.5,
                             .commitment = 0.25,
                             .ltv_minor = 1000,
                             .ce_minor = 250,
                             .ev_minor = 30,
                             .spv_minor = 20,
                             .cost_minor = 10,
                             .cv_minor = 40,
                             .ce = 0.6,
                             .cv = 0.7,
                             .distance = 0.1,
                             .certainty = 0.9};
}

static inline int64_t begin_run(struct world *w, int64_t as_of_us)
{
    struct fl_value_run run = {.as_of_us = as_of_us, .started_us = w->manual.now_us};
    struct fl_error err;
    int64_t id = 0;

    world_begin(w);
    assert_ok(fl_store_run_begin(w->store, &run, &id, &err));
    world_commit(w);
    return id;
}

/* A run in which everybody but the last has the zone; *out_changes may be NULL. */
static inline int64_t run_with(struct world *w, const struct people *p, int64_t as_of_us,
                               const int *zones, size_t n, int64_t *out_changes)
{
    int64_t id = begin_run(w, as_of_us), changes = -1;
    struct fl_score scores[N];
    struct fl_value_run run = {.id = id,
                               .n_customers = N,
                               .n_valued = (int64_t)n,
                               .report = "{\"a\":1}",
                               .reference = "frame",
                               .reference_len = 5};
    struct fl_error err;

    for (size_t i = 0; i < n; i++)
        scores[i] = score_of(p->id[i], zones[i]);
    world_begin(w);
    assert_ok(fl_store_scores_put(w->store, id, scores, n / 2, &err));
    assert_ok(fl_store_scores_put(w->store, id, scores + n / 2, n - n / 2, &err));
    assert_ok(fl_store_run_finish(w->store, &run, &changes, &err));
    world_commit(w);
    if (out_changes)
        *out_changes = changes;
    return id;
}

static const int all_fair[N] = {ZONE_III, ZONE_III, ZONE_III, ZONE_III, ZONE_III, ZONE_III};

struct changes {
    int n;
    struct fl_zone_change list[LIST_MAX];
};

static inline bool keep_change(void *ctx, const struct fl_zone_change *change)
{
    struct changes *changes = ctx;

    assert_true(changes->n < LIST_MAX);
    changes->list[changes->n++] = *change;
    return true;
}

#endif
