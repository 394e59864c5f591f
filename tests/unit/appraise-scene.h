/* A store with a simulated population, for the tests of valuation runs. */
#ifndef TESTS_UNIT_APPRAISE_SCENE_H
#define TESTS_UNIT_APPRAISE_SCENE_H

#include "../conform/world.h"

#include <math.h>

#include "appraise/appraise.h"
#include "value/simulate.h"

enum { SCENE_CUSTOMERS = 600, SCENE_DAYS = 600, SCENE_TIMES_MAX = 400 };

struct scene {
    struct world world;
    const struct fl_conf *conf;
    struct fl_appraise_result result;
    int64_t customers[SCENE_CUSTOMERS];
    int64_t messages[SCENE_CUSTOMERS]; /* one each, for answers; 0: none yet */
    int n_customers;
    int64_t n_transactions;
    int32_t today;
};

static inline void scene_open(struct scene *scene, const char *settings)
{
    struct fl_faults faults;
    struct fl_error err;
    char text[512];

    memset(scene, 0, sizeof *scene);
    world_init(&scene->world, "sqlite");
    world_open(&scene->world);
    fl_faults_init(&faults, scene->world.arena);
    snprintf(text, sizeof text, "data_dir = \"%s\"\nvalue { %s }\n", scene->world.dir, settings);
    assert_ok(fl_conf_parse(scene->world.arena, "test.conf",
                            fl_arena_strdup(scene->world.arena, text), &faults, &scene->conf,
                            &err));
    scene->today = fl_date_of_time(WORLD_NOW);
}

static inline void scene_close(struct scene *scene)
{
    world_finish(&scene->world);
}

static inline int64_t scene_customer(struct scene *scene)
{
    char id[16];

    snprintf(id, sizeof id, "C%d", scene->n_customers);
    scene->customers[scene->n_customers] = world_customer(&scene->world, id, NULL, FL_CONSENT_NONE);
    return scene->customers[scene->n_customers++];
}

static inline void scene_trade(struct scene *scene, int64_t customer, int32_t date,
                               enum fl_transaction_kind kind, int64_t amount, int64_t discount)
{
    char id[24];
    struct fl_transaction transaction = {.customer = customer,
                                         .external_id = id,
                                         .kind = kind,
                                         .at_us = (int64_t)date * FL_US_PER_DAY,
                                         .date = date,
                                         .amount_minor = amount,
                                         .margin_minor = amount / 2,
                                         .discount_minor = discount,
                                         .currency = "USD",
                                         .product = ""};
    struct fl_error err;
    enum fl_put put;
    int64_t made;

    snprintf(id, sizeof id, "T%lld", (long long)scene->n_transactions++);
    assert_ok(fl_store_transaction_put(scene->world.store, &transaction, &put, &made, &err));
}

static inline void scene_buys(struct scene *scene, int64_t customer, int32_t date, int64_t amount)
{
    scene_trade(scene, customer, date, FL_TRANSACTION_PURCHASE, amount, amount / 20);
}

static inline void scene_subscribes(struct scene *scene, int64_t customer, int32_t start,
                                    int32_t end)
{
    char id[24];
    struct fl_subscription subscription = {.customer = customer,
                                           .external_id = id,
                                           .start = start,
                                           .end = end,
                                           .period_days = 30,
                                           .price_minor = 3000,
                                           .margin_minor = 900,
                                           .currency = "USD",
                                           .product = ""};
    struct fl_error err;
    enum fl_put put;
    int64_t made;

    snprintf(id, sizeof id, "S%lld", (long long)scene->n_transactions++);
    assert_ok(fl_store_subscription_put(scene->world.store, &subscription, &put, &made, &err));
}

/* `n` customers who buy as the MBG/NBD has it; every third also subscribes, some have left. */
static inline void scene_population(struct scene *scene, int n, bool has_subscriptions)
{
    static const double params[] = {0.9, 5, 0.9, 2.2};
    struct fl_value_random random;
    double times[SCENE_TIMES_MAX];

    fl_value_random_init(&random, 11);
    world_begin(&scene->world);
    for (int i = 0; i < n; i++) {
        int64_t customer = scene_customer(scene);
        int32_t start =
            scene->today - SCENE_DAYS + (int32_t)(200 * fl_value_random_uniform(&random));
        double weeks = (scene->today - start) / 7.0;
        double spend = 1000 + 4000 * fl_value_random_uniform(&random);
        size_t k = fl_value_simulate_times(FL_VALUE_MBGNBD, params, weeks, &random, times,
                                           SCENE_TIMES_MAX);

        scene_buys(scene, customer, start, llround(spend));
        for (size_t j = 0; j < k; j++)
            scene_buys(scene, customer, start + (int32_t)(times[j] * 7),
                       llround(spend * (0.6 + 0.8 * fl_value_random_uniform(&random))));
        if (has_subscriptions && i % 3 == 0) {
            double stays = -log(fl_value_random_uniform(&random)) * (i % 2 ? 100 : 500);
            int32_t end = start + 1 + (int32_t)stays;

            scene_subscribes(scene, customer, start, end <= scene->today ? end : FL_DATE_NONE);
        }
    }
    world_commit(&scene->world);
}

static inline enum fl_status scene_try(struct scene *scene, int64_t as_of_us, int threads,
                                       struct fl_error *err)
{
    struct fl_appraise_store_sink to = {.store = scene->world.store};
    const struct fl_appraise_input input = {.store = scene->world.store,
                                            .store_uri = scene->world.uri,
                                            .conf = scene->conf,
                                            .as_of_us = as_of_us,
                                            .now_us = WORLD_NOW,
                                            .threads = threads,
                                            .sink = fl_appraise_sink_of_store(&to)};
    struct fl_error ignored;
    enum fl_status st = fl_appraise_run(scene->world.arena, &input, &scene->result, err);

    if (st)
        assert_status(FL_OK, fl_appraise_sink_fail(&to, err->text, &ignored));
    return st;
}

static inline void scene_run(struct scene *scene)
{
    struct fl_error err;

    assert_ok(scene_try(scene, WORLD_NOW, 1, &err));
}

static inline struct fl_score scene_score(struct scene *scene, int64_t customer)
{
    struct fl_score score;
    struct fl_error err;

    assert_ok(fl_store_score_get(scene->world.store, customer, &score, &err));
    return score;
}

static inline struct fl_appraise_frame *scene_frame(struct scene *scene)
{
    struct fl_appraise_frame *frame;
    struct fl_error err;

    assert_ok(fl_appraise_frame_open(scene->world.store, scene->conf, &frame, &err));
    return frame;
}

#endif
