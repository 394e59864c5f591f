/* Conformance: audiences by what customers are worth, and who is held out of them. */
#include "scores.h"

#include "value/position.h"

static const struct fl_store_worth_filter anything = FL_STORE_WORTH_ANY;

/* A deterministic stream of numbers. */
static unsigned next(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static int64_t count(struct world *w, const struct fl_store_worth_filter *worth)
{
    struct fl_store_plan plan = world_plan(w);
    struct fl_store_plan_result result = {0};
    struct fl_error err;

    plan.is_dry_run = true;
    plan.worth = worth;
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    return result.n_audience;
}

/* ---- by score ---------------------------------------------------------------------------------*/

enum { CROWD = 60 };

/* Scores of many kinds, some of customers about whom too little is known. */
static void add_crowd(struct world *w, unsigned *seed, struct fl_score *out)
{
    struct fl_value_run run = {.as_of_us = WORLD_NOW, .n_customers = CROWD, .report = "{}"};
    struct fl_error err;
    int64_t changes;

    world_begin(w);
    for (int i = 0; i < CROWD; i++) {
        char external_id[8];
        struct fl_score *s = &out[i];

        snprintf(external_id, sizeof external_id, "k%d", i);
        *s = score_of(world_customer(w, external_id, "k@example.org", FL_CONSENT_GRANTED), 0);
        s->state = next(seed, 5) ? FL_SCORE_VALUED : FL_SCORE_NOT_ENOUGH;
        s->zone = s->state == FL_SCORE_VALUED ? (int)next(seed, FL_ZONES) : FL_ZONE_N;
        s->segment = (int)next(seed, FL_SEGMENTS);
        s->keys = next(seed, 8);
        s->ce = next(seed, 11) / 10.0;
        s->cv = next(seed, 11) / 10.0;
        s->commitment = next(seed, 11) / 10.0;
    }
    world_campaign(w);
    assert_ok(fl_store_run_begin(w->store, &run, &run.id, &err));
    assert_ok(fl_store_scores_put(w->store, run.id, out, CROWD, &err));
    assert_ok(fl_store_run_finish(w->store, &run, &changes, &err));
    world_commit(w);
}

static struct fl_store_worth_filter random_filter(unsigned *seed)
{
    struct fl_store_worth_filter f = FL_STORE_WORTH_ANY;

    f.zones = next(seed, 2) ? next(seed, 1u << FL_ZONES) : 0;
    f.segments = next(seed, 3) ? 0 : next(seed, 1u << FL_SEGMENTS);
    f.keys = next(seed, 2) ? next(seed, 8) : 0;
    f.has_ce = next(seed, 3) == 0;
    f.has_cv = next(seed, 3) == 0;
    f.has_commitment = next(seed, 3) == 0;
    f.ce_min = next(seed, 6) / 10.0;
    f.ce_max = f.ce_min + next(seed, 6) / 10.0;
    f.cv_min = next(seed, 6) / 10.0;
    f.cv_max = f.cv_min + next(seed, 6) / 10.0;
    f.commitment_min = next(seed, 6) / 10.0;
    f.commitment_max = f.commitment_min + next(seed, 6) / 10.0;
    return f;
}

static bool is_within(bool has, double value, double min, double max)
{
    return !has || (min <= value && value <= max);
}

static bool is_meant(const struct fl_score *s, const struct fl_store_worth_filter *f)
{
    bool is_of_valued = f->segments || f->has_ce || f->has_cv || f->has_commitment;

    return (!f->zones || f->zones >> s->zone & 1u) &&
           (!f->segments || f->segments >> s->segment & 1u) && (s->keys & f->keys) == f->keys &&
           is_within(f->has_ce, s->ce, f->ce_min, f->ce_max) &&
           is_within(f->has_cv, s->cv, f->cv_min, f->cv_max) &&
           is_within(f->has_commitment, s->commitment, f->commitment_min, f->commitment_max) &&
           (!is_of_valued || s->state == FL_SCORE_VALUED);
}

static void test_scores_choose(void **state)
{
    struct world *w = *state;
    struct fl_score scores[CROWD];
    bool can = fl_store_remembers(w->store);
    unsigned seed = 11;
    int64_t n_all = 0;

    add_crowd(w, &seed, scores);
    assert_int_equal(count(w, &anything), can ? CROWD : 0);
    for (int run = 0; run < 500; run++) {
        struct fl_store_worth_filter f = random_filter(&seed);
        int64_t n = 0;

        for (int i = 0; i < CROWD; i++)
            n += is_meant(&scores[i], &f);
        assert_int_equal(count(w, &f), can ? n : 0);
        n_all += n;
    }
    assert_true(n_all > 1000);
}

/* Without a score nobody is meant; with a newer one that one counts. */
static void test_current_scores_count(void **state)
{
    static const int zones[N] = {ZONE_I, ZONE_II, ZONE_III, ZONE_I, ZONE_II, ZONE_III};
    struct world *w = *state;
    struct people p = add_people(w);
    struct fl_store_worth_filter in_one = FL_STORE_WORTH_ANY;
    struct fl_score score = score_of(p.id[1], ZONE_I);
    bool can = fl_store_remembers(w->store);
    struct fl_error err;

    world_begin(w);
    world_campaign(w);
    world_commit(w);
    in_one.zones = 1u << ZONE_I;
    assert_int_equal(count(w, &in_one), 0);
    run_with(w, &p, WORLD_NOW, zones, N - 1, NULL);
    assert_int_equal(count(w, &in_one), can ? 2 : 0);
    assert_int_equal(count(w, &anything), can ? N - 1 : 0);
    assert_int_equal(count(w, NULL), can ? N : 0);
    w->manual.now_us += FL_US_PER_S;
    world_begin(w);
    assert_ok(fl_store_rescore_put(w->store, &score, &err));
    score = score_of(p.id[0], ZONE_III);
    assert_ok(fl_store_rescore_put(w->store, &score, &err));
    score = score_of(p.id[4], ZONE_I);
    assert_ok(fl_store_rescore_put(w->store, &score, &err));
    world_commit(w);
    assert_int_equal(count(w, &in_one), can ? 3 : 0);
}

static void test_objectors_are_left_out(void **state)
{
    struct world *w = *state;
    struct people p = add_people(w);
    struct fl_customer objector = {.external_id = "c2", .state = FL_CUSTOMER_OBJECTED};
    bool can = fl_store_remembers(w->store);
    struct fl_error err;
    enum fl_put put;
    int64_t id;

    world_begin(w);
    world_campaign(w);
    world_commit(w);
    run_with(w, &p, WORLD_NOW, all_fair, N, NULL);
    world_begin(w);
    assert_ok(fl_store_customer_put(w->store, &objector, &put, &id, &err));
    world_commit(w);
    assert_int_equal(count(w, &anything), can ? N - 1 : 0);
    assert_int_equal(count(w, NULL), can ? N : 0);
}

/* ---- by a change of zone ----------------------------------------------------------------------*/

static struct fl_store_worth_filter change(int from, int to, int64_t since_us)
{
    struct fl_store_worth_filter f = FL_STORE_WORTH_ANY;

    f.change_from = from;
    f.change_to = to;
    f.change_since_us = since_us;
    return f;
}

#define COUNT_CHANGE(from, to, since)                                                              \
    count(w, &(struct fl_store_worth_filter[]){change((from), (to), (since))}[0])

static void test_changes_choose(void **state)
{
    static const int first[N] = {ZONE_III, ZONE_III, ZONE_III, ZONE_I, ZONE_II, ZONE_I};
    static const int second[N] = {ZONE_II, ZONE_II, ZONE_I, ZONE_II, ZONE_II, ZONE_III};
    struct world *w = *state;
    struct people p = add_people(w);
    bool can = fl_store_remembers(w->store);
    int64_t then = WORLD_NOW + 10 * FL_US_PER_S;
    struct fl_score back = score_of(p.id[0], ZONE_III);
    struct fl_store_worth_filter both = change(ZONE_III, -1, WORLD_NOW);
    struct fl_error err;

    world_begin(w);
    world_campaign(w);
    world_commit(w);
    run_with(w, &p, WORLD_NOW, first, N, NULL);
    assert_int_equal(COUNT_CHANGE(-1, -1, 0), 0);
    w->manual.now_us = then;
    run_with(w, &p, then, second, N, NULL);
    assert_int_equal(COUNT_CHANGE(ZONE_III, ZONE_II, then), can ? 2 : 0);
    assert_int_equal(COUNT_CHANGE(ZONE_III, ZONE_II, then + 1), 0);
    assert_int_equal(COUNT_CHANGE(ZONE_III, -1, WORLD_NOW), can ? 3 : 0);
    assert_int_equal(COUNT_CHANGE(-1, ZONE_II, WORLD_NOW), can ? 3 : 0);
    assert_int_equal(COUNT_CHANGE(-1, -1, WORLD_NOW), can ? 5 : 0);
    /* Together with what else is asked for. */
    both.zones = 1u << ZONE_I;
    assert_int_equal(count(w, &both), can ? 1 : 0);
    /* Whoever has gone on since is no longer meant by the change of before. */
    w->manual.now_us += FL_US_PER_S;
    world_begin(w);
    assert_ok(fl_store_rescore_put(w->store, &back, &err));
    world_commit(w);
    assert_int_equal(COUNT_CHANGE(ZONE_III, ZONE_II, WORLD_NOW), can ? 1 : 0);
    assert_int_equal(COUNT_CHANGE(ZONE_II, ZONE_III, WORLD_NOW), can ? 1 : 0);
    assert_int_equal(COUNT_CHANGE(-1, -1, WORLD_NOW), can ? 5 : 0);
}

static void test_a_change_reaches_once(void **state)
{
    static const int there[N] = {ZONE_II, ZONE_II, ZONE_III, ZONE_III, ZONE_III, ZONE_III};
    struct world *w = *state;
    struct people p = add_people(w);
    struct fl_store_worth_filter worth = change(ZONE_III, ZONE_II, WORLD_NOW);
    bool can = fl_store_remembers(w->store);
    struct fl_store_plan_result result;
    struct fl_store_plan plan;
    struct fl_error err;

    world_begin(w);
    world_campaign(w);
    world_commit(w);
    plan = world_plan(w);
    plan.worth = &worth;
    for (int round = 0; round < 4; round++) {
        run_with(w, &p, WORLD_NOW + round, round % 2 ? there : all_fair, N, NULL);
        world_begin(w);
        assert_ok(fl_store_plan(w->store, &plan, &result, &err));
        world_commit(w);
        assert_int_equal(result.n_planned, can && round == 1 ? 2 : 0);
    }
}

/* ---- hold-out ---------------------------------------------------------------------------------*/

static bool keep_rule(void *ctx, const struct fl_message *message)
{
    int *rule = ctx;

    *rule = (int)message->rule;
    assert_int_equal(message->state, *rule ? FL_MESSAGE_SUPPRESSED : FL_MESSAGE_PLANNED);
    return false;
}

enum { MANY = 400 };

/* Every fifth has no consent, every seventh an older address at fault beside a good one. */
static void add_many(struct world *w, int64_t *ids)
{
    struct fl_error err;
    enum fl_put put;

    world_begin(w);
    for (int i = 0; i < MANY; i++) {
        char external_id[8], email[32];
        struct fl_address two[] = {{.medium = FL_MEDIUM_EMAIL, .value = "old@example.org"},
                                   {.medium = FL_MEDIUM_EMAIL, .value = email}};
        struct fl_customer customer = {
            .external_id = external_id, .addresses = two, .n_addresses = 2};
        struct fl_customer got;

        snprintf(external_id, sizeof external_id, "m%d", i);
        snprintf(email, sizeof email, "m%d@example.org", i);
        ids[i] =
            world_customer(w, external_id, email, i % 5 ? FL_CONSENT_GRANTED : FL_CONSENT_NONE);
        if (i % 7 || !fl_store_remembers(w->store))
            continue;
        assert_ok(fl_store_customer_put(w->store, &customer, &put, &ids[i], &err));
        assert_ok(fl_store_customer_get(w->store, w->arena, ids[i], &got, &err));
        assert_int_equal(got.n_addresses, 2);
        assert_ok(fl_store_address_set_status(w->store, got.addresses[0].id, FL_ADDRESS_SUPPRESSED,
                                              0, &err));
    }
    world_campaign(w);
    world_commit(w);
}

static void test_hold_out(void **state)
{
    struct world *w = *state;
    struct fl_store_plan_result result, dry;
    struct fl_store_plan plan;
    struct fl_error err;
    int64_t ids[MANY], n_held = 0;

    add_many(w, ids);
    plan = world_plan(w);
    plan.hold_out_permille = 200;
    plan.hold_out_key = w->campaign;
    plan.is_dry_run = true;
    assert_ok(fl_store_plan(w->store, &plan, &dry, &err));
    plan.is_dry_run = false;
    world_begin(w);
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    world_commit(w);
    if (!fl_store_remembers(w->store)) {
        assert_int_equal(result.n_audience, 0);
        return;
    }
    for (int i = 0; i < MANY; i++) {
        bool is_held = fl_store_is_held_out(w->campaign, ids[i], 200);
        int rule = -1;

        assert_ok(fl_store_message_of(w->store, ids[i], w->campaign, keep_rule, &rule, &err));
        assert_int_equal(rule, i % 5 == 0 ? FL_RULE_NO_CONSENT
                               : is_held  ? FL_RULE_HOLD_OUT
                                          : FL_RULE_NONE);
        n_held += rule == FL_RULE_HOLD_OUT;
    }
    assert_int_equal(result.n_audience, MANY);
    assert_int_equal(result.n_suppressed[FL_RULE_HOLD_OUT], n_held);
    assert_int_equal(result.n_suppressed[FL_RULE_NO_CONSENT], MANY / 5);
    assert_int_equal(result.n_planned, MANY - MANY / 5 - n_held);
    assert_memory_equal(dry.n_suppressed, result.n_suppressed, sizeof dry.n_suppressed);
    /* Four standard deviations of 320 draws at a fifth. */
    assert_in_range(n_held, 64 - 29, 64 + 29);
}

static void test_who_is_held_out(void **state)
{
    enum { IDS = 20000 };
    int n[3] = {0}, n_both = 0;

    (void)state;
    for (int i = 0; i < IDS; i++) {
        int64_t id = INT64_C(14620000000000000) + i * FL_ID_STRIDE;
        bool held = fl_store_is_held_out(INT64_C(14610000000000064), id, 100);

        n[0] += held;
        n[1] += fl_store_is_held_out(INT64_C(14610000000000064), id, 500);
        n[2] += fl_store_is_held_out(INT64_C(14610000000000128), id, 100);
        n_both += held && fl_store_is_held_out(INT64_C(14610000000000128), id, 100);
        /* A larger share holds out the same customers and others. */
        if (held)
            assert_true(fl_store_is_held_out(INT64_C(14610000000000064), id, 101));
        assert_false(fl_store_is_held_out(64, id, 0));
        assert_true(fl_store_is_held_out(64, id, 1000));
    }
    /* Four standard deviations. */
    assert_in_range(n[0], 2000 - 170, 2000 + 170);
    assert_in_range(n[1], 10000 - 283, 10000 + 283);
    assert_in_range(n[2], 2000 - 170, 2000 + 170);
    /* One campaign's says nothing of another's. */
    assert_in_range(n_both, 200 - 57, 200 + 57);
}

static void test_refusals(void **state)
{
    struct world *w = *state;
    struct fl_store_worth_filter f = FL_STORE_WORTH_ANY;
    struct fl_store_plan plan = {.medium = FL_MEDIUM_EMAIL, .is_dry_run = true, .worth = &f};
    struct fl_store_plan_result result;
    struct fl_error err;

    plan.hold_out_permille = 1001;
    assert_status(FL_INVALID, fl_store_plan(w->store, &plan, &result, &err));
    plan.hold_out_permille = -1;
    assert_status(FL_INVALID, fl_store_plan(w->store, &plan, &result, &err));
    plan.hold_out_permille = 0;
    f.has_cv = true;
    f.cv_min = 0.6, f.cv_max = 0.5;
    assert_status(FL_INVALID, fl_store_plan(w->store, &plan, &result, &err));
    f.cv_max = (double)NAN;
    assert_status(FL_INVALID, fl_store_plan(w->store, &plan, &result, &err));
    f.has_cv = false;
    f.change_since_us = 0;
    plan.anchor = "birth";
    assert_status(FL_INVALID, fl_store_plan(w->store, &plan, &result, &err));
    plan.anchor = NULL;
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_scores_choose),  BOTH(test_current_scores_count),
        BOTH(test_changes_choose), BOTH(test_objectors_are_left_out),
        BOTH(test_hold_out),       BOTH(test_a_change_reaches_once),
        BOTH(test_refusals),       cmocka_unit_test(test_who_is_held_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
