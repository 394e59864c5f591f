/* Valuation runs: states, identities, odd populations. */
#include "appraise-scene.h"

#include "appraise/appraise_private.h"

static bool warns_of(const struct scene *scene, const char *words)
{
    return strstr(scene->result.report, words) != NULL;
}

/* ---- identities -------------------------------------------------------------------------------*/

/* Expected CLV of a customer, straight from the models: the plain discounted sum of unconditional
 * expectations times spend, and renewals of what still goes on. */
static double expected_clv(const struct fl_appraise_frame *frame, const struct appraise_file *file)
{
    const struct fl_appraise_fit *purchase = fl_appraise_frame_purchase(frame);
    const struct fl_appraise_fit *spend = fl_appraise_frame_spend(frame);
    const struct fl_value_horizon *horizon = &purchase->horizon;
    struct fl_value_obs obs;
    double clv = 0, before = 0;

    if (appraise_trade_obs(&file->facts.trade, &file->dates, &obs)) {
        double each = fl_value_spend(spend->fit.p, obs.x, obs.z);

        for (int k = 1; k <= horizon->periods; k++) {
            double until =
                fl_value_conditional(purchase->fit.model, purchase->fit.p, &obs, k, false);

            clv += each * (until - before) *
                   pow(1 + horizon->yearly_rate, -k * horizon->period_days / 365);
            before = until;
        }
    }
    for (size_t i = 0; i < file->n_contracts; i++) {
        const struct fl_value_fit *fit = &fl_appraise_frame_subscription(frame)->fit;
        const struct appraise_contract *contract = &file->contracts[i];
        double p, ltv = appraise_contract_ltv(&frame->models, horizon, contract, &p);

        assert_near(p,
                    contract->is_over ? 0 : fl_value_retention(fit->model, fit->p, contract->T + 1),
                    1e-9);
        clv += p * ltv;
    }
    return clv;
}

static void test_without_attitude_ce_is_the_expected_clv(void **state)
{
    struct scene scene;
    struct fl_appraise_frame *frame;
    int n_both = 0;

    (void)state;
    scene_open(&scene, "");
    scene_population(&scene, SCENE_CUSTOMERS, true);
    scene_run(&scene);
    assert_int_equal(scene.result.n_valued, SCENE_CUSTOMERS);
    frame = scene_frame(&scene);
    assert_non_null(fl_appraise_frame_purchase(frame));
    assert_non_null(fl_appraise_frame_subscription(frame));
    assert_non_null(fl_appraise_frame_spend(frame));
    for (int i = 0; i < scene.n_customers; i++) {
        struct fl_score score = scene_score(&scene, scene.customers[i]);
        struct appraise_file file;
        struct fl_error err;
        double clv;

        assert_ok(appraise_file_open(frame, scene.world.store, scene.customers[i], WORLD_NOW, &file,
                                     &err));
        clv = expected_clv(frame, &file);
        n_both += file.n_contracts && !file.contracts[0].is_over;
        appraise_file_close(&file);
        assert_true(score.commitment == score.p);
        assert_true(fabs((double)score.ce_minor - clv) <= 0.5 + 2e-6 * clv);
        assert_int_equal(score.cv_minor, score.ev_minor + score.spv_minor - score.cost_minor);
    }
    assert_true(n_both > 20);
    fl_appraise_frame_close(&frame);
    scene_close(&scene);
}

/* ---- states -----------------------------------------------------------------------------------*/

static void test_states(void **state)
{
    struct fl_appraise_frame *frame;
    struct scene scene;
    struct fl_customer objector = {.external_id = "C5", .state = FL_CUSTOMER_OBJECTED};
    struct fl_score score;
    struct fl_error err;
    enum fl_put put;
    int64_t nobody, id;

    (void)state;
    scene_open(&scene, "");
    scene_population(&scene, 300, false);
    world_begin(&scene.world);
    nobody = scene_customer(&scene);
    assert_ok(fl_store_customer_put(scene.world.store, &objector, &put, &id, &err));
    world_commit(&scene.world);
    scene_run(&scene);
    assert_int_equal(scene.result.n_customers, 301);
    assert_int_equal(scene.result.n_objected, 1);
    assert_int_equal(scene.result.n_not_enough, 1);
    assert_int_equal(scene.result.n_valued, 299);
    assert_int_equal(scene.result.by_zone[FL_ZONE_N], 2);
    score = scene_score(&scene, nobody);
    assert_int_equal(score.state, FL_SCORE_NOT_ENOUGH);
    assert_int_equal(score.zone, FL_ZONE_N);
    /* Of who objects nothing is kept, and asked for one again nothing is computed. */
    assert_status(FL_NOT_FOUND,
                  fl_store_score_get(scene.world.store, scene.customers[5], &score, &err));
    frame = scene_frame(&scene);
    assert_ok(
        fl_appraise_one(frame, scene.world.store, scene.customers[5], WORLD_NOW, &score, &err));
    assert_int_equal(score.state, FL_SCORE_OBJECTED);
    assert_int_equal(score.ltv_minor, 0);
    assert_int_equal(score.cv_minor, 0);
    assert_true(score.p == 0 && score.ce == 0 && score.cv == 0);
    fl_appraise_frame_close(&frame);
    scene_close(&scene);
}

static void test_a_subscription_that_ended_is_worth_nothing_more(void **state)
{
    struct fl_complaint complaint = {.external_id = "K1",
                                     .opened_us = WORLD_NOW - FL_US_PER_DAY,
                                     .settled_us = FL_TIME_NONE,
                                     .text = "late again"};
    struct scene scene;
    struct fl_score score;
    struct fl_error err;
    enum fl_put put;
    int64_t gone, here, angry, id;

    (void)state;
    scene_open(&scene, "");
    scene_population(&scene, 300, true);
    world_begin(&scene.world);
    gone = scene_customer(&scene);
    here = scene_customer(&scene);
    scene_subscribes(&scene, gone, scene.today - 300, scene.today - 100);
    scene_subscribes(&scene, here, scene.today - 300, FL_DATE_NONE);
    angry = complaint.customer = scene_customer(&scene);
    scene_subscribes(&scene, angry, scene.today - 300, FL_DATE_NONE);
    assert_ok(fl_store_complaint_put(scene.world.store, &complaint, &put, &id, &err));
    world_commit(&scene.world);
    scene_run(&scene);
    score = scene_score(&scene, gone);
    assert_int_equal(score.state, FL_SCORE_VALUED);
    assert_true(score.p == 0);
    assert_int_equal(score.ce_minor, 0);
    score = scene_score(&scene, here);
    assert_true(score.p > 0.5 && score.p < 1);
    assert_true(score.ltv_minor > 900);
    assert_near((double)score.ce_minor, (double)score.ltv_minor * score.p, 1);
    /* Who is bound by a contract can be unhappy as well. */
    score = scene_score(&scene, angry);
    assert_true(score.commitment < score.p - 1e-3);
    assert_true((double)score.ce_minor < (double)score.ltv_minor * score.p - 1);
    scene_close(&scene);
}

static void test_attitude_moves_commitment(void **state)
{
    struct scene scene;
    struct fl_complaint complaint = {.external_id = "K1",
                                     .opened_us = WORLD_NOW - FL_US_PER_DAY,
                                     .settled_us = FL_TIME_NONE,
                                     .text = "late"};
    struct fl_score before, after;
    struct fl_error err;
    enum fl_put put;
    int64_t id;

    (void)state;
    scene_open(&scene, "hour_value = 10");
    scene_population(&scene, 300, false);
    scene_run(&scene);
    before = scene_score(&scene, scene.customers[3]);
    complaint.customer = scene.customers[3];
    world_begin(&scene.world);
    assert_ok(fl_store_complaint_put(scene.world.store, &complaint, &put, &id, &err));
    assert_ok(fl_store_referral_put(scene.world.store, scene.customers[4], scene.customers[9],
                                    WORLD_NOW - FL_US_PER_DAY, &put, &err));
    world_commit(&scene.world);
    scene_run(&scene);
    after = scene_score(&scene, scene.customers[3]);
    assert_true(after.p == before.p);
    assert_true(after.commitment < after.p);
    assert_int_equal(after.ltv_minor, before.ltv_minor);
    assert_int_equal(after.cost_minor, before.cost_minor + 24 * 10);
    after = scene_score(&scene, scene.customers[4]);
    assert_true(after.commitment > after.p);
    scene_close(&scene);
}

/* ---- odd populations --------------------------------------------------------------------------*/

static void test_refunds_are_no_purchases_and_no_wrong_numbers(void **state)
{
    struct scene scene;
    struct fl_score kept, returned;

    (void)state;
    scene_open(&scene, "");
    scene_population(&scene, 300, false);
    world_begin(&scene.world);
    for (int i = 0; i < 2; i++) {
        int64_t customer = scene_customer(&scene);

        for (int k = 0; k < 5; k++)
            scene_buys(&scene, customer, scene.today - 300 + 50 * k, 5000);
        for (int k = 0; i == 1 && k < 5; k++)
            scene_trade(&scene, customer, scene.today - 299 + 50 * k, FL_TRANSACTION_REFUND, 6000,
                        0);
    }
    world_commit(&scene.world);
    scene_run(&scene);
    kept = scene_score(&scene, scene.customers[300]);
    returned = scene_score(&scene, scene.customers[301]);
    assert_true(kept.p == returned.p);
    assert_true(returned.ltv_minor >= 0 && returned.ltv_minor < kept.ltv_minor / 2);
    assert_true(returned.spv_minor == 0);
    scene_close(&scene);
}

static void test_nobody(void **state)
{
    struct scene scene;
    struct fl_appraise_frame *frame;

    (void)state;
    scene_open(&scene, "");
    scene_run(&scene);
    assert_int_equal(scene.result.n_customers, 0);
    assert_int_equal(scene.result.n_valued, 0);
    frame = scene_frame(&scene);
    assert_null(fl_appraise_frame_purchase(frame));
    fl_appraise_frame_close(&frame);
    scene_close(&scene);
}

static void test_one_customer(void **state)
{
    struct scene scene;
    struct fl_score score;

    (void)state;
    scene_open(&scene, "");
    scene_population(&scene, 1, true);
    scene_run(&scene);
    assert_int_equal(scene.result.n_customers, 1);
    score = scene_score(&scene, scene.customers[0]);
    assert_true(isfinite(score.p) && isfinite(score.ce) && isfinite(score.distance));
    if (score.state == FL_SCORE_NOT_ENOUGH)
        assert_int_equal(score.zone, FL_ZONE_N);
    scene_close(&scene);
}

static void test_who_all_bought_once_are_not_enough(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, "");
    world_begin(&scene.world);
    for (int i = 0; i < 100; i++)
        scene_buys(&scene, scene_customer(&scene), scene.today - 300 + i, 1000);
    world_commit(&scene.world);
    scene_run(&scene);
    assert_int_equal(scene.result.n_valued, 0);
    assert_int_equal(scene.result.by_zone[FL_ZONE_N], 100);
    assert_true(warns_of(&scene, "purchases: "));
    scene_close(&scene);
}

static void test_dates_to_come_are_refused_by_name(void **state)
{
    struct scene scene;
    struct fl_value_run run;
    struct fl_error err;

    (void)state;
    scene_open(&scene, "");
    scene_population(&scene, 50, false);
    world_begin(&scene.world);
    scene_buys(&scene, scene.customers[7], scene.today + 2, 1000);
    world_commit(&scene.world);
    assert_status(FL_INVALID, scene_try(&scene, WORLD_NOW, 2, &err));
    assert_non_null(strstr(err.text, "\"C7\""));
    assert_non_null(strstr(err.text, "2027-01-17"));
    assert_status(FL_NOT_FOUND,
                  fl_store_run_get(scene.world.store, scene.world.arena, 0, &run, &err));
    assert_status(FL_INVALID, scene_try(&scene, WORLD_NOW + FL_US_PER_DAY, 1, &err));
    scene_close(&scene);
}

/* ---- the same again ---------------------------------------------------------------------------*/

static void assert_same(const struct fl_score *a, const struct fl_score *b)
{
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->zone, b->zone);
    assert_int_equal(a->segment, b->segment);
    assert_int_equal(a->keys, b->keys);
    assert_int_equal(a->ltv_minor, b->ltv_minor);
    assert_int_equal(a->ce_minor, b->ce_minor);
    assert_int_equal(a->cv_minor, b->cv_minor);
    assert_true(a->p == b->p && a->commitment == b->commitment && a->ce == b->ce &&
                a->cv == b->cv && a->distance == b->distance && a->certainty == b->certainty);
}

static void test_threads_change_nothing(void **state)
{
    struct scene scene;
    struct fl_score *scores;
    struct fl_error err;

    (void)state;
    scene_open(&scene, "");
    scene_population(&scene, SCENE_CUSTOMERS, true);
    scene_run(&scene);
    scores = test_calloc(SCENE_CUSTOMERS, sizeof *scores);
    for (int i = 0; i < scene.n_customers; i++)
        scores[i] = scene_score(&scene, scene.customers[i]);
    for (int threads = 2; threads <= 3; threads++) {
        assert_ok(scene_try(&scene, WORLD_NOW, threads, &err));
        assert_int_equal(scene.result.n_changes, 0);
        for (int i = 0; i < scene.n_customers; i++) {
            struct fl_score again = scene_score(&scene, scene.customers[i]);

            assert_same(&scores[i], &again);
        }
    }
    test_free(scores);
    scene_close(&scene);
}

static void test_what_came_later_does_not_count(void **state)
{
    struct scene scene;
    int64_t past_us = WORLD_NOW - 100 * FL_US_PER_DAY;
    struct fl_complaint complaint = {.external_id = "K1",
                                     .opened_us = past_us + FL_US_PER_DAY,
                                     .settled_us = FL_TIME_NONE,
                                     .text = "late"};
    struct fl_score *scores;
    struct fl_error err;
    enum fl_put put;
    int64_t id;

    (void)state;
    scene_open(&scene, "");
    scene_population(&scene, 300, true);
    assert_ok(scene_try(&scene, past_us, 1, &err));
    scores = test_calloc(300, sizeof *scores);
    for (int i = 0; i < 300; i++)
        scores[i] = scene_score(&scene, scene.customers[i]);
    world_begin(&scene.world);
    for (int i = 0; i < 300; i++)
        scene_buys(&scene, scene.customers[i], scene.today - 50, 100000);
    complaint.customer = scene.customers[0];
    assert_ok(fl_store_complaint_put(scene.world.store, &complaint, &put, &id, &err));
    scene_subscribes(&scene, scene.customers[1], scene.today - 10, FL_DATE_NONE);
    world_commit(&scene.world);
    assert_ok(scene_try(&scene, past_us, 1, &err));
    for (int i = 0; i < 300; i++) {
        struct fl_score again = scene_score(&scene, scene.customers[i]);

        assert_same(&scores[i], &again);
    }
    test_free(scores);
    scene_close(&scene);
}

static void test_one_is_as_the_run(void **state)
{
    static const char *const settings[] = {"", "scale = money"};
    enum { TWO = sizeof settings / sizeof settings[0] };

    (void)state;
    for (size_t k = 0; k < TWO; k++) {
        struct fl_appraise_frame *frame;
        struct scene scene;

        scene_open(&scene, settings[k]);
        scene_population(&scene, SCENE_CUSTOMERS, true);
        scene_run(&scene);
        frame = scene_frame(&scene);
        for (int i = 0; i < scene.n_customers; i++) {
            struct fl_score run = scene_score(&scene, scene.customers[i]), one;
            struct fl_error err;

            assert_ok(fl_appraise_one(frame, scene.world.store, scene.customers[i], WORLD_NOW, &one,
                                      &err));
            assert_same(&run, &one); /* up to 1024 customers the reference is exact */
        }
        fl_appraise_frame_close(&frame);
        scene_close(&scene);
    }
}

/* Where most customers lose, there is no median that money could be held against. */
static void test_money_needs_a_median(void **state)
{
    static const char *const settings[] = {"contact_burden = 0\npoint_value = 0\ngift_share = 0\n"
                                           "item_satisfaction = 0\nwindow = 1d\n",
                                           "contact_burden = 0\npoint_value = 0\ngift_share = 0\n"
                                           "item_satisfaction = 0\nwindow = 1d\nscale = money\n"};
    struct scene by_rank, by_money;

    (void)state;
    scene_open(&by_rank, settings[0]);
    scene_population(&by_rank, SCENE_CUSTOMERS, true);
    scene_run(&by_rank);
    scene_open(&by_money, settings[1]);
    scene_population(&by_money, SCENE_CUSTOMERS, true);
    scene_run(&by_money);
    for (int i = 0; i < by_rank.n_customers; i++) {
        struct fl_score rank = scene_score(&by_rank, by_rank.customers[i]);
        struct fl_score money = scene_score(&by_money, by_money.customers[i]);

        assert_float_equal(rank.cv, money.cv, 1e-12);
        assert_float_equal(rank.ce, money.ce, 1e-12);
        assert_int_equal(rank.zone, money.zone);
    }
    scene_close(&by_money);
    scene_close(&by_rank);
}

/* ---- the frame --------------------------------------------------------------------------------*/

static void test_a_damaged_frame_is_refused(void **state)
{
    struct fl_appraise_frame *frame, *other;
    struct fl_value_run run;
    struct scene scene;
    struct fl_error err;
    void *packed;
    char *copy;
    size_t len;

    (void)state;
    scene_open(&scene, "");
    assert_status(FL_NOT_FOUND,
                  fl_appraise_frame_open(scene.world.store, scene.conf, &frame, &err));
    scene_population(&scene, 200, true);
    scene_run(&scene);
    frame = scene_frame(&scene);
    assert_ok(appraise_frame_pack(frame, &packed, &len, &err));
    assert_ok(fl_store_run_get(scene.world.store, scene.world.arena, 0, &run, &err));
    assert_int_equal(run.reference_len, len);
    copy = malloc(len);
    for (size_t cut = 0; cut < len; cut += cut < 64 ? 1 : 97) {
        memcpy(copy, packed, cut);
        assert_status(FL_INVALID, appraise_frame_unpack(copy, cut, &other, &err));
    }
    memcpy(copy, packed, len);
    copy[8] = 77; /* another version */
    assert_status(FL_INVALID, appraise_frame_unpack(copy, len, &other, &err));
    free(copy);
    free(packed);
    fl_appraise_frame_close(&frame);
    scene_close(&scene);
}

/* ---- plots ------------------------------------------------------------------------------------*/

static void test_what_plots_show(void **state)
{
    struct fl_appraise_tracking tracking;
    struct fl_appraise_frequency frequency;
    struct fl_appraise_survival survival;
    struct fl_appraise_frame *frame;
    struct scene scene;
    struct fl_error err;
    double customers = 0;

    (void)state;
    scene_open(&scene, "");
    scene_population(&scene, SCENE_CUSTOMERS, true);
    scene_run(&scene);
    frame = scene_frame(&scene);
    assert_ok(fl_appraise_tracking(frame, scene.world.store, scene.world.arena, &tracking, &err));
    assert_true(tracking.n > 70 && tracking.holdout_from > 0 && tracking.holdout_from < tracking.n);
    for (size_t i = 1; i < tracking.n; i++) {
        assert_true(tracking.actual[i] >= tracking.actual[i - 1]);
        assert_true(tracking.expected[i] >= tracking.expected[i - 1]);
    }
    assert_true(fabs(tracking.expected[tracking.n - 1] / tracking.actual[tracking.n - 1] - 1) <
                0.15);
    assert_ok(fl_appraise_frequency(frame, scene.world.store, &frequency, &err));
    for (int i = 0; i < FL_APPRAISE_FREQUENCIES; i++)
        customers += frequency.customers[i];
    assert_true(customers == SCENE_CUSTOMERS);
    assert_true(frequency.expected[0] < frequency.expected[FL_APPRAISE_FREQUENCIES - 1]);
    assert_ok(fl_appraise_survival(frame, scene.world.store, scene.world.arena, &survival, &err));
    assert_true(survival.n > 10);
    assert_true(survival.observed[0] == 1 && survival.at_risk[0] == SCENE_CUSTOMERS / 3);
    for (size_t t = 1; t < survival.n; t++) {
        assert_true(survival.observed[t] <= survival.observed[t - 1]);
        assert_true(survival.low[t] <= survival.observed[t]);
        assert_true(survival.high[t] >= survival.observed[t]);
    }
    fl_appraise_frame_close(&frame);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_attitude_ce_is_the_expected_clv),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_a_subscription_that_ended_is_worth_nothing_more),
        cmocka_unit_test(test_attitude_moves_commitment),
        cmocka_unit_test(test_refunds_are_no_purchases_and_no_wrong_numbers),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_one_customer),
        cmocka_unit_test(test_who_all_bought_once_are_not_enough),
        cmocka_unit_test(test_dates_to_come_are_refused_by_name),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_what_came_later_does_not_count),
        cmocka_unit_test(test_one_is_as_the_run),
        cmocka_unit_test(test_money_needs_a_median),
        cmocka_unit_test(test_a_damaged_frame_is_refused),
        cmocka_unit_test(test_what_plots_show),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
