/* What customers say, in valuation runs: survey items, segments, learned weights, key customers. */
#include "appraise-scene.h"

/* Answers are given to a message; each customer has one. */
static int64_t message(struct scene *scene, int i)
{
    struct fl_message made = {.customer = scene->customers[i], .due_us = WORLD_NOW};
    struct fl_error err;

    if (!scene->world.occurrence)
        world_campaign(&scene->world);
    made.occurrence = scene->world.occurrence;
    made.channel = scene->world.channel;
    if (!scene->messages[i]) {
        assert_ok(fl_store_message_put(scene->world.store, &made, &err));
        scene->messages[i] = made.id;
    }
    return scene->messages[i];
}

static void answer(struct scene *scene, int i, const char *question, double number, int64_t at_us)
{
    char key[32];
    struct fl_feedback feedback = {.customer = scene->customers[i],
                                   .message = message(scene, i),
                                   .channel = scene->world.channel,
                                   .kind = FL_FEEDBACK_SURVEY,
                                   .state = FL_FEEDBACK_CLOSED,
                                   .matched_by = FL_MATCH_TOKEN,
                                   .confidence = 1,
                                   .dedupe_key = key,
                                   .received_us = at_us};
    struct fl_answer line = {.customer = scene->customers[i],
                             .message = feedback.message,
                             .question = question,
                             .has_number = true,
                             .number = number,
                             .low = 1,
                             .high = 5,
                             .medium = FL_MEDIUM_WEB,
                             .at_us = at_us};
    struct fl_error err;

    snprintf(key, sizeof key, "A%lld", (long long)scene->n_transactions++);
    assert_ok(fl_store_feedback_put(scene->world.store, &feedback, &line.feedback, &err));
    assert_ok(fl_store_answer_put(scene->world.store, &line, &err));
}

static int64_t days_ago(int days)
{
    return WORLD_NOW - days * FL_US_PER_DAY;
}

/* ---- survey items -----------------------------------------------------------------------------*/

static void test_answers_carry_social_value(void **state)
{
    struct scene scene;
    struct fl_score said, silent;

    (void)state;
    scene_open(&scene, "item_convenience = 0.2 item_satisfaction = 0");
    scene_population(&scene, 200, false);
    world_begin(&scene.world);
    for (int i = 0; i < 50; i++)
        answer(&scene, i, "convenience", 5, days_ago(10 + i));
    for (int k = 0; k < 2; k++) /* the same purchases, one of them speaks */
        for (int i = 0; i < 4; i++)
            scene_buys(&scene, i ? scene.customers[scene.n_customers - 1] : scene_customer(&scene),
                       scene.today - 100 + 20 * i, 10000);
    answer(&scene, 200, "convenience", 1, days_ago(5));
    world_commit(&scene.world);
    scene_run(&scene);
    said = scene_score(&scene, scene.customers[200]);
    silent = scene_score(&scene, scene.customers[201]);
    assert_false(said.is_estimated);
    assert_true(silent.is_estimated);
    assert_int_equal(said.spv_minor, llround(40000 * 0.2 * -0.5));
    /* The others of the segment are nearly all content, which is what is expected of the silent. */
    assert_in_range(silent.spv_minor, 3200, 4000);
    assert_int_equal(said.ev_minor, silent.ev_minor);
    scene_close(&scene);
}

static void test_old_answers_are_out_of_the_window(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, "");
    scene_population(&scene, 100, false);
    world_begin(&scene.world);
    answer(&scene, 0, "convenience", 5, days_ago(400));
    world_commit(&scene.world);
    scene_run(&scene);
    assert_true(scene_score(&scene, scene.customers[0]).is_estimated);
    assert_int_equal(scene_score(&scene, scene.customers[0]).spv_minor, 0);
    scene_close(&scene);
}

/* ---- commitment -------------------------------------------------------------------------------*/

/* Who is content, as was said before the hold-out, comes back; who is not, does not. */
static void test_weights_are_learned_where_they_tell(void **state)
{
    struct fl_appraise_frame *frame;
    const struct fl_commitment_report *report;
    struct fl_value_random random;
    struct scene scene;
    struct fl_error err;

    (void)state;
    scene_open(&scene, "");
    fl_value_random_init(&random, 3);
    world_begin(&scene.world);
    for (int i = 0; i < SCENE_CUSTOMERS; i++) {
        int64_t customer = scene_customer(&scene);
        int32_t start = scene.today - SCENE_DAYS + i % 60;
        bool is_content = fl_value_random_uniform(&random) < 0.5;
        double gap = 15 + 40 * fl_value_random_uniform(&random);
        int32_t until = scene.today - (is_content ? 0 : 220);

        for (double day = start; day < until; day += -gap * log(fl_value_random_uniform(&random)))
            scene_buys(&scene, customer, (int32_t)day, 2000 + i % 500);
        answer(&scene, i, "satisfaction", is_content ? 5 : 1, days_ago(230));
    }
    world_commit(&scene.world);
    assert_ok(scene_try(&scene, WORLD_NOW, 2, &err));
    frame = scene_frame(&scene);
    report = fl_appraise_frame_commitment(frame);
    assert_true(report->n_with_signals >= FL_COMMITMENT_SAMPLES_MIN);
    assert_true(report->is_learned && report->are_signals_used);
    assert_true(report->weight[FL_SIGNAL_SATISFACTION] >
                fl_signal_default_weight(FL_SIGNAL_SATISFACTION));
    assert_true(report->auc > report->auc_p);
    assert_true(report->brier < report->brier_p);
    fl_appraise_frame_close(&frame);
    scene_close(&scene);

    scene_open(&scene, "learn = no");
    scene_population(&scene, 100, false);
    scene_run(&scene);
    frame = scene_frame(&scene);
    report = fl_appraise_frame_commitment(frame);
    assert_false(report->is_learned);
    assert_true(report->weight[FL_SIGNAL_ADVOCACY] == fl_signal_default_weight(FL_SIGNAL_ADVOCACY));
    fl_appraise_frame_close(&frame);
    scene_close(&scene);
}

/* ---- key customers ----------------------------------------------------------------------------*/

static void test_key_customers(void **state)
{
    struct fl_appraise_frame *frame;
    struct scene scene;
    struct fl_score score, one;
    struct fl_error err;
    enum fl_put put;

    (void)state;
    scene_open(&scene, "");
    scene_population(&scene, 200, false);
    world_begin(&scene.world);
    for (int i = 0; i < 6; i++)
        answer(&scene, 7, "brand", 3, days_ago(3 * i + 1));
    for (int i = 20; i < 30; i++)
        assert_ok(fl_store_referral_put(scene.world.store, scene.customers[8], scene.customers[i],
                                        days_ago(50), &put, &err));
    for (int i = 30; i < 36; i++)
        assert_ok(fl_store_referral_put(scene.world.store, scene.customers[i],
                                        scene.customers[i + 9], days_ago(50), &put, &err));
    for (int i = 0; i < 20; i++)
        scene_buys(&scene, scene.customers[9], scene.today - 10 * i - 1, 500000);
    world_commit(&scene.world);
    scene_run(&scene);
    score = scene_score(&scene, scene.customers[7]);
    assert_true(score.keys & FL_KEY_EXCHANGE);
    score = scene_score(&scene, scene.customers[8]);
    assert_true(score.keys & FL_KEY_LEADER);
    score = scene_score(&scene, scene.customers[9]);
    assert_true(score.keys & FL_KEY_CONTRIBUTION);
    assert_true(strncmp(fl_segment_name(score.segment), "HH", 2) == 0);
    frame = scene_frame(&scene);
    for (int i = 7; i <= 9; i++) {
        score = scene_score(&scene, scene.customers[i]);
        assert_ok(
            fl_appraise_one(frame, scene.world.store, scene.customers[i], WORLD_NOW, &one, &err));
        assert_int_equal(one.keys, score.keys);
        assert_int_equal(one.segment, score.segment);
        assert_true(one.commitment == score.commitment);
        assert_int_equal(one.cv_minor, score.cv_minor);
    }
    fl_appraise_frame_close(&frame);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_carry_social_value),
        cmocka_unit_test(test_old_answers_are_out_of_the_window),
        cmocka_unit_test(test_weights_are_learned_where_they_tell),
        cmocka_unit_test(test_key_customers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
