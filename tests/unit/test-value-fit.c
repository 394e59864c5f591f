/* Fits against published figures. */
#include "unit.h"

#include <math.h>

#include "value/simulate.h"

enum { ROWS_MAX = 4000 };

static size_t cdnow(struct fl_value_obs *obs)
{
    const char *shared = getenv("FL_SHARED_DATA");
    char path[1024], line[200];
    FILE *file;
    size_t n = 0;

    snprintf(path, sizeof path, "%s/clv/cdnow_customers_summary.csv", shared ? shared : "");
    file = shared ? fopen(path, "r") : NULL;
    if (!file) {
        print_message("no FL_SHARED_DATA/clv: skipped\n");
        skip();
    }
    while (file && fgets(line, sizeof line, file))
        if (n < ROWS_MAX &&
            sscanf(line, "%*[^,],%lf,%lf,%lf", &obs[n].x, &obs[n].tx, &obs[n].T) == 3)
            obs[n++].n = 1;
    fclose(file);
    assert_int_equal(n, 2357);
    return n;
}

static void meets_published(enum fl_value_model model, const double *p, double log_likelihood)
{
    static struct fl_value_obs obs[ROWS_MAX];
    struct fl_value_fit_options options = {.n_starts = 10, .seed = 1};
    struct fl_value_fit fit;
    struct fl_error err = {0};
    size_t n = cdnow(obs), rows = fl_value_group(obs, n);

    assert_ok(fl_value_fit(model, obs, rows, &options, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_FITTED);
    assert_int_equal(fit.starts_agreed, 10);
    assert_true(fabs(fit.log_likelihood - log_likelihood) < 0.05);
    for (size_t j = 0; j < fl_value_params(model); j++)
        assert_true(fabs(fit.p[j] / p[j] - 1) < 0.01);
}

static void test_bgnbd_cdnow(void **state)
{
    static const double p[] = {0.243, 4.414, 0.793, 2.426};

    (void)state;
    meets_published(FL_VALUE_BGNBD, p, -9582.4);
}

static void test_mbgnbd_cdnow(void **state)
{
    static const double p[] = {0.525, 6.183, 0.891, 1.614};

    (void)state;
    meets_published(FL_VALUE_MBGNBD, p, -9582.1);
}

/* ---- what must have no effect ----------------------------------------------------------------*/

static void assert_same_fit(const struct fl_value_fit *a, const struct fl_value_fit *b,
                            double tolerance)
{
    assert_int_equal(a->state, FL_VALUE_FITTED);
    assert_int_equal(b->state, FL_VALUE_FITTED);
    assert_near(a->log_likelihood / b->log_likelihood, 1, tolerance);
    for (size_t j = 0; j < fl_value_params(a->model); j++) {
        assert_near(a->p[j] / b->p[j], 1, tolerance);
        assert_near(a->se[j] / b->se[j], 1, 1e-4 * (tolerance > 0));
    }
}

static void draw(struct fl_value_obs *obs, size_t n, uint64_t seed)
{
    static const double p[] = {0.5, 6, 0.9, 1.8};
    struct fl_value_random random;

    fl_value_random_init(&random, seed);
    fl_value_simulate(FL_VALUE_MBGNBD, p, 52, true, &random, obs, n);
}

static void shuffle(struct fl_value_obs *obs, size_t n)
{
    struct fl_value_random random;

    fl_value_random_init(&random, 99);
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = (size_t)(fl_value_random_uniform(&random) * (double)(i + 1));
        struct fl_value_obs kept = obs[i];

        obs[i] = obs[j];
        obs[j] = kept;
    }
}

/* So many rows that a sample is climbed first. */
enum { MANY = 50000 };

static void test_order_and_grouping_have_no_effect(void **state)
{
    struct fl_value_obs *obs = calloc(MANY, sizeof *obs);
    struct fl_value_fit sorted, shuffled, grouped;
    struct fl_error err = {0};

    (void)state;
    assert_non_null(obs);
    draw(obs, MANY, 3);
    for (size_t i = 0; i < MANY; i++) { /* whole days, some of them alike */
        obs[i].T = ceil(obs[i].T * 7) / 7;
        obs[i].tx = ceil(obs[i].tx * 7) / 7;
    }
    shuffle(obs, MANY);
    assert_ok(fl_value_fit(FL_VALUE_MBGNBD, obs, MANY, NULL, &shuffled, &err));
    shuffle(obs, MANY);
    assert_ok(fl_value_fit(FL_VALUE_MBGNBD, obs, MANY, NULL, &sorted, &err));
    assert_same_fit(&sorted, &shuffled, 1e-7);
    assert_ok(fl_value_fit(FL_VALUE_MBGNBD, obs, fl_value_group(obs, MANY), NULL, &grouped, &err));
    assert_true(grouped.rows < sorted.rows);
    assert_near(grouped.customers, MANY, 0);
    assert_same_fit(&grouped, &sorted, 1e-7);
    free(obs);
}

static void test_threads_have_no_effect(void **state)
{
    struct fl_value_obs *obs = calloc(MANY, sizeof *obs);
    struct fl_value_fit one, three;
    struct fl_value_fit_options options = {.threads = 3};
    struct fl_error err = {0};

    (void)state;
    assert_non_null(obs);
    draw(obs, MANY, 4);
    assert_ok(fl_value_fit(FL_VALUE_BGNBD, obs, MANY, NULL, &one, &err));
    assert_ok(fl_value_fit(FL_VALUE_BGNBD, obs, MANY, &options, &three, &err));
    assert_same_fit(&one, &three, 0);
    free(obs);
}

/* ---- data that tell little -------------------------------------------------------------------*/

static struct fl_value_fit fit_of(const struct fl_value_obs *obs, size_t n)
{
    struct fl_value_fit fit = {.p = {0}};
    struct fl_error err = {0};

    assert_ok(fl_value_fit(FL_VALUE_BGNBD, obs, n, NULL, &fit, &err));
    return fit;
}

static void test_not_enough(void **state)
{
    static const struct fl_value_obs once[] = {{0, 0, 30, 0, 500}, {0, 0, 20, 0, 100}};
    static const struct fl_value_obs few[] = {{2, 10, 30, 0, 4}, {0, 0, 20, 0, 5}};
    static const struct fl_value_obs one_repeater[] = {{2, 10, 30, 0, 1}, {0, 0, 20, 0, 50}};
    struct fl_value_fit fit;

    (void)state;
    fit = fit_of(NULL, 0);
    assert_int_equal(fit.state, FL_VALUE_NOT_ENOUGH);
    assert_string_equal(fit.why, "no customers");
    fit = fit_of(once, 2);
    assert_int_equal(fit.state, FL_VALUE_NOT_ENOUGH);
    assert_string_equal(fit.why, "nobody bought a second time");
    assert_true(isnan(fit.p[0]) && isnan(fit.se[0]) && isnan(fit.log_likelihood));
    assert_int_equal(fit_of(few, 2).state, FL_VALUE_NOT_ENOUGH);
    assert_int_equal(fit_of(one_repeater, 2).state, FL_VALUE_NOT_ENOUGH);
}

/* All buy alike and nobody leaves: the spread cannot be told, and no number may be invented. */
static void test_flat_is_told(void **state)
{
    struct fl_value_obs alike[20];
    struct fl_value_fit fit;
    int untold = 0;

    (void)state;
    for (int i = 0; i < 20; i++)
        alike[i] = (struct fl_value_obs){.x = 10, .tx = 28 + i * 0.1, .T = 30, .n = 10};
    fit = fit_of(alike, 20);
    for (size_t j = 0; j < 4; j++) {
        untold += isnan(fit.se[j]);
        assert_true(isfinite(fit.p[j]) && fit.p[j] > 0);
        for (size_t k = 0; k < 4; k++)
            assert_true(isfinite(fit.covariance[j][k]));
    }
    assert_true(untold > 0);
    assert_true(fit.why[0] != '\0');
    /* What they buy is told all the same: ten in thirty periods. */
    if (fit.state == FL_VALUE_FITTED)
        assert_near(fl_value_conditional(FL_VALUE_BGNBD, fit.p, &alike[19], 3, true), 1, 0.05);
}

static void test_refused(void **state)
{
    static const struct fl_value_obs rows[] = {{2, 10, 30, 0, 100}, {0, 0, 20, 0, -1}};
    static const double bad_start[] = {1, 1, -1, 1};
    struct fl_value_fit_options options = {.start = bad_start};
    struct fl_value_fit fit = {.rows = 77};
    struct fl_error err = {0};

    (void)state;
    assert_status(FL_INVALID, fl_value_fit(FL_VALUE_BGNBD, rows, 2, NULL, &fit, &err));
    assert_non_null(strstr(err.text, "row 2"));
    assert_status(FL_INVALID, fl_value_fit(FL_VALUE_BGNBD, rows, 1, &options, &fit, &err));
    assert_non_null(strstr(err.text, "start a is -1"));
    assert_int_equal(fit.rows, 77);
}

/* ---- choosing --------------------------------------------------------------------------------*/

enum { CHOSEN = 6000, TIMES_MAX = 2000 };

/* The same customers at 40 and at 60 periods; a third came in 20 later. */
static void draw_pairs(enum fl_value_model model, const double *p, struct fl_value_obs *before,
                       struct fl_value_obs *until)
{
    static double times[TIMES_MAX];
    struct fl_value_random random;

    fl_value_random_init(&random, 11);
    for (size_t i = 0; i < CHOSEN; i++) {
        double age = i % 3 ? 40 : 20;
        size_t n = fl_value_simulate_times(model, p, age + 20, &random, times, TIMES_MAX), seen = 0;

        while (seen < n && times[seen] <= age)
            seen++;
        before[i] = (struct fl_value_obs){
            .x = (double)seen, .tx = seen > 0 ? times[seen - 1] : 0, .T = age, .n = 1};
        until[i] = (struct fl_value_obs){
            .x = (double)n, .tx = n > 0 ? times[n - 1] : 0, .T = age + 20, .n = 1};
    }
}

static void choose(enum fl_value_model truth, const double *p, enum fl_value_model expected,
                   const char *why)
{
    static const enum fl_value_model models[] = {FL_VALUE_BGNBD, FL_VALUE_MBGNBD, FL_VALUE_NBD};
    static struct fl_value_obs before[CHOSEN], until[CHOSEN];
    char out_why[FL_VALUE_WHY_SIZE];
    struct fl_value_fit fit;
    struct fl_error err = {0};
    double scores[3];

    draw_pairs(truth, p, before, until);
    assert_ok(fl_value_choose(models, 3, before, until, CHOSEN, NULL, &fit, scores, out_why, &err));
    assert_int_equal(fit.model, expected);
    assert_int_equal(fit.state, FL_VALUE_FITTED);
    assert_non_null(strstr(out_why, why));
    assert_true(isfinite(scores[1]) && isfinite(scores[2]));
    assert_true(scores[1] < 0 && scores[2] < fmax(scores[0], scores[1]));
}

static void test_choose(void **state)
{
    static const double staying[] = {1.5, 8, 0.6, 3}, leaving[] = {0.5, 10, 0.9, 0.5};

    (void)state;
    choose(FL_VALUE_BGNBD, staying, FL_VALUE_BGNBD, "BG/NBD tells the hold-out best");
    choose(FL_VALUE_MBGNBD, leaving, FL_VALUE_MBGNBD, "BG/NBD left out");
}

static void test_choose_with_little(void **state)
{
    static const enum fl_value_model models[] = {FL_VALUE_BGNBD, FL_VALUE_MBGNBD};
    static const struct fl_value_obs before[] = {{0, 0, 30, 0, 50}}, until[] = {{0, 0, 60, 0, 50}};
    static const struct fl_value_obs shrunk[] = {{0, 0, 20, 0, 50}};
    char why[FL_VALUE_WHY_SIZE];
    struct fl_value_fit fit;
    struct fl_error err = {0};
    double scores[2];

    (void)state;
    assert_ok(fl_value_choose(models, 2, before, until, 1, NULL, &fit, scores, why, &err));
    assert_int_equal(fit.state, FL_VALUE_NOT_ENOUGH);
    assert_true(isnan(scores[0]) && isnan(scores[1]));
    assert_non_null(strstr(why, "nobody bought a second time"));
    assert_status(FL_INVALID,
                  fl_value_choose(models, 2, before, shrunk, 1, NULL, &fit, scores, why, &err));
    assert_status(FL_INVALID,
                  fl_value_choose(models, 0, before, until, 1, NULL, &fit, scores, why, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bgnbd_cdnow),
        cmocka_unit_test(test_mbgnbd_cdnow),
        cmocka_unit_test(test_order_and_grouping_have_no_effect),
        cmocka_unit_test(test_threads_have_no_effect),
        cmocka_unit_test(test_not_enough),
        cmocka_unit_test(test_flat_is_told),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_choose),
        cmocka_unit_test(test_choose_with_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
