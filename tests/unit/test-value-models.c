/* What must hold for every model in the table: gradients, probabilities, finite numbers over the
 * whole range; and the published spot values of BG/NBD. */
#include "unit.h"

#include <math.h>

#include "value/simulate.h"
#include "value/value_private.h"

static const double bgnbd_cdnow[] = {0.243, 4.414, 0.793, 2.426};

/* ---- published -------------------------------------------------------------------------------*/

static void test_bgnbd_spot_values(void **state)
{
    static const struct {
        double t, expected;
    } known[] = {{0.1429, 0.0078},  {1, 0.0532},  {3, 0.1506},
                 {31.8571, 1.0405}, {32, 1.0437}, {78, 1.8576}};
    struct fl_value_obs obs = {.x = 2, .tx = 30.43, .T = 38.86, .n = 1};
    struct fl_value_obs once = {.T = 38.86, .n = 1};
    static const double sheet[] = {0.2426, 4.4136, 0.7929, 2.4259}; /* Hardie's, four digits */

    (void)state;
    assert_near(fl_value_conditional(FL_VALUE_BGNBD, sheet, &obs, 39, false), 1.226, 5e-4);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_near(fl_value_expected(FL_VALUE_BGNBD, sheet, known[i].t), known[i].expected, 5e-4);
    assert_near(fl_value_pmf(FL_VALUE_BGNBD, bgnbd_cdnow, 10, 2), 1.07869e-07, 1e-12);
    assert_near(fl_value_pmf(FL_VALUE_BGNBD, bgnbd_cdnow, 0, 39), 0.5737864, 1e-7);
    assert_near(fl_value_p_alive(FL_VALUE_BGNBD, bgnbd_cdnow, &once), 1, 0);
    assert_true(fl_value_p_alive(FL_VALUE_MBGNBD, bgnbd_cdnow, &once) < 0.9);
}

/* ---- the grid --------------------------------------------------------------------------------*/

/* From nearly alike to wildly apart; each parameter walks over these. */
static const double grid[] = {1e-3, 0.05, 0.3, 1, 2.5, 30, 1000};
enum { GRID = sizeof grid / sizeof grid[0], ROWS = 12 };

/* A spread of parameter sets that visits every pair of neighbours without all 7^4. */
static void grid_params(enum fl_value_model model, size_t i, double *p)
{
    p[0] = grid[i % GRID];
    p[1] = grid[(i / GRID) % GRID];
    p[2] = grid[(i + 3 * (i / GRID)) % GRID];
    p[3] = grid[(2 * i + 5 * (i / GRID)) % GRID];
    /* BdW's c is an exponent of t: 1000 periods to the 30th are still a number. */
    if (model == FL_VALUE_BDW)
        p[2] = fmin(fmax(p[2], 0.05), 30);
}

static size_t rows_of(enum fl_value_model model, struct fl_value_obs rows[ROWS])
{
    static const struct fl_value_obs purchases[] = {
        {0, 0, 0, 0, 1},         {0, 0, 30, 0, 2},        {1, 0.15, 0.2, 0, 1},
        {2, 30.43, 38.86, 0, 3}, {26, 30.86, 31, 0, 1},   {7, 1, 1043, 0, 1},
        {132, 200, 200, 0, 1},   {900, 7300, 7300, 0, 1}, {10000, 1040, 1043, 0, 1},
    };
    static const struct fl_value_obs chances[] = {
        {0, 0, 6, 0, 1}, {1, 1, 6, 0, 2}, {6, 6, 6, 0, 1}, {2, 4, 6, 0, 1}, {40, 900, 1043, 0, 1},
    };
    static const struct fl_value_obs contracts[] = {
        {0, 0, 1, 0, 3}, {1, 0, 1, 0, 1}, {1, 0, 7, 0, 2}, {0, 0, 1040, 0, 1}, {1, 0, 120, 0, 1},
    };
    static const struct fl_value_obs spends[] = {
        {1, 0, 0, 35.17, 1},
        {2, 0, 0, 22.35, 2},
        {26, 0, 0, 0.01, 1},
        {10000, 0, 0, 1e7, 1},
    };
    const struct fl_value_obs *from = purchases;
    size_t n = sizeof purchases / sizeof purchases[0];

    if (model == FL_VALUE_BGBB) {
        from = chances;
        n = sizeof chances / sizeof chances[0];
    } else if (model == FL_VALUE_SBG || model == FL_VALUE_BDW) {
        from = contracts;
        n = sizeof contracts / sizeof contracts[0];
    } else if (model == FL_VALUE_GAMMAGAMMA) {
        from = spends;
        n = sizeof spends / sizeof spends[0];
    }
    memcpy(rows, from, n * sizeof rows[0]);
    return n;
}

/* ---- every model -----------------------------------------------------------------------------*/

/* Four-point difference: exact to h^4, so that rounding alone is seen. */
static double slope(enum fl_value_model model, const double *p, const struct fl_value_obs *row,
                    size_t j)
{
    static const double step = 1e-3, at[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
    double sum = 0;

    for (size_t k = 0; k < 4; k++) {
        double moved[FL_VALUE_PARAMS_MAX];

        memcpy(moved, p, sizeof moved);
        moved[j] *= exp(at[k] * step);
        sum += weight[k] * fl_value_log_likelihood(model, moved, row, 1, NULL);
    }
    return sum / (12 * step);
}

static void check_gradient(enum fl_value_model model, const double *p,
                           const struct fl_value_obs *row)
{
    double gradient[FL_VALUE_PARAMS_MAX];
    double here = fl_value_log_likelihood(model, p, row, 1, gradient);
    double alone = fl_value_log_likelihood(model, p, row, 1, NULL);

    if (!isfinite(here) || fabs(here - alone) > 1e-12 * fabs(here))
        fail_msg("%s p %g %g %g %g x %g tx %g T %g: log L %g with a gradient, %g without",
                 fl_value_model_key(model), p[0], p[1], p[2], p[3], row->x, row->tx, row->T, here,
                 alone);
    for (size_t j = 0; j < fl_value_params(model); j++) {
        double expected = slope(model, p, row, j);
        /* log L of a loss late in a long contract is a difference with 8 digits: 1e-8 / 1e-3. */
        double tolerance = 1e-6 * fabs(expected) + 2e-5 * row->n + 2e-12 * fabs(here);

        if (!(fabs(gradient[j] - expected) <= tolerance))
            fail_msg("%s p %g %g %g %g x %g tx %g T %g: d log L / d log %s is %.10g, by "
                     "differences %.10g",
                     fl_value_model_key(model), p[0], p[1], p[2], p[3], row->x, row->tx, row->T,
                     fl_value_param_name(model, j), gradient[j], expected);
    }
}

static void test_gradients(void **state)
{
    (void)state;
    for (size_t m = 0; m < FL_VALUE_MODELS; m++) {
        struct fl_value_obs rows[ROWS];
        struct fl_error err = {0};
        size_t n = rows_of((enum fl_value_model)m, rows);

        assert_ok(fl_value_check((enum fl_value_model)m, rows, n, &err));
        for (size_t i = 0; i < GRID * GRID; i++) {
            double p[FL_VALUE_PARAMS_MAX];

            grid_params((enum fl_value_model)m, i, p);
            for (size_t k = 0; k < n; k++)
                check_gradient((enum fl_value_model)m, p, &rows[k]);
        }
    }
}

static void check_share(const char *what, enum fl_value_model model, const double *p,
                        const struct fl_value_obs *row, double found)
{
    if (!(found >= 0 && found <= 1 + 1e-12))
        fail_msg("%s p %g %g %g %g x %g tx %g T %g: %s is %.17g", fl_value_model_key(model), p[0],
                 p[1], p[2], p[3], row->x, row->tx, row->T, what, found);
}

static void check_forecasts(enum fl_value_model model, const double *p,
                            const struct fl_value_obs *row)
{
    static const double times[] = {1, 52, 156, 1040};
    double before = 0;

    check_share("P(alive)", model, p, row, fl_value_p_alive(model, p, row));
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        double alive = fl_value_conditional(model, p, row, times[i], true);
        double whole = fl_value_conditional(model, p, row, times[i], false);

        if (!(alive >= before * (1 - 1e-10) && isfinite(alive) && whole <= alive && whole >= 0))
            fail_msg("%s p %g %g %g %g x %g tx %g T %g: %.17g purchases until %g, %.17g before",
                     fl_value_model_key(model), p[0], p[1], p[2], p[3], row->x, row->tx, row->T,
                     alive, times[i], before);
        before = alive;
        check_share("P(active)", model, p, row, fl_value_p_active(model, p, row, times[i]));
    }
}

static void check_newcomers(enum fl_value_model model, const double *p)
{
    static const struct fl_value_obs none;
    double last = 1, before = 0;

    for (int t = 1; t < 2000; t *= 5) {
        double survival = 1, expected = fl_value_expected(model, p, t), sum = 0;

        if (value_table[model]->survival)
            survival = fl_value_survival(model, p, t);
        check_share("survival", model, p, &none, survival);
        assert_true(survival <= last * (1 + 1e-12));
        last = survival;
        if (!(expected >= before * (1 - 1e-10)) || !isfinite(expected))
            fail_msg("%s p %g %g %g %g: expected %g until %d, %g before", fl_value_model_key(model),
                     p[0], p[1], p[2], p[3], expected, t, before);
        before = expected;
        for (int x = 0; value_table[model]->pmf && x < 40; x++) {
            double pmf = fl_value_pmf(model, p, x, t);

            check_share("P(X(t) = x)", model, p, &none, pmf);
            sum += pmf;
        }
        check_share("sum of P(X(t) = x)", model, p, &none, sum * (1 - 1e-9));
    }
}

static void test_finite_over_the_grid(void **state)
{
    (void)state;
    for (size_t m = 0; m < FL_VALUE_GAMMAGAMMA; m++)
        for (size_t i = 0; i < GRID * GRID; i++) {
            struct fl_value_obs rows[ROWS];
            double p[FL_VALUE_PARAMS_MAX];
            size_t n = rows_of((enum fl_value_model)m, rows);

            grid_params((enum fl_value_model)m, i, p);
            for (size_t k = 0; k < n; k++)
                check_forecasts((enum fl_value_model)m, p, &rows[k]);
            check_newcomers((enum fl_value_model)m, p);
        }
}

/* P(X(t) = x) adds up to 1 and its mean is E[X(t)]. */
static void test_pmf_has_the_mean(void **state)
{
    static const enum fl_value_model models[] = {FL_VALUE_BGNBD, FL_VALUE_MBGNBD,
                                                 FL_VALUE_PARETONBD, FL_VALUE_NBD};
    static const double p[] = {0.525, 6.183, 0.891, 1.614};

    (void)state;
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
        double sum = 0, mean = 0;

        for (int x = 0; x < 400; x++) {
            double pmf = fl_value_pmf(models[m], p, x, 39);

            sum += pmf;
            mean += x * pmf;
        }
        assert_near(sum, 1, 1e-9);
        assert_near(mean, fl_value_expected(models[m], p, 39), 1e-6);
    }
}

static void test_parameters_out_of_range(void **state)
{
    static const double bad[][4] = {
        {0, 1, 1, 1}, {1, -1, 1, 1}, {1, NAN, 1, 1}, {INFINITY, 1, 1, 1}};

    (void)state;
    for (size_t m = 0; m < FL_VALUE_MODELS; m++)
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            struct fl_value_obs rows[ROWS];
            enum fl_value_model model = (enum fl_value_model)m;
            size_t n = rows_of(model, rows);

            assert_true(fl_value_log_likelihood(model, bad[i], rows, n, NULL) < -1e300);
            assert_true(isnan(fl_value_p_alive(model, bad[i], rows)));
            assert_true(isnan(fl_value_conditional(model, bad[i], rows, 1, true)));
            assert_true(isnan(fl_value_p_active(model, bad[i], rows, 1)));
            assert_true(isnan(fl_value_expected(model, bad[i], 1)));
        }
}

/* ---- against a draw --------------------------------------------------------------------------*/

static void test_forecast_meets_simulation(void **state)
{
    enum { DRAWS = 60000, TIMES_MAX = 4000 };
    static const enum fl_value_model models[] = {FL_VALUE_BGNBD, FL_VALUE_MBGNBD};
    static const double p[] = {0.9, 4, 0.8, 2.5};
    static double times[TIMES_MAX];

    (void)state;
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
        struct fl_value_random random;
        double found = 0, told = 0, active = 0, told_active = 0, all = 0;

        fl_value_random_init(&random, 7);
        for (int i = 0; i < DRAWS; i++) {
            struct fl_value_obs obs = {.T = 30, .n = 1};
            size_t n = fl_value_simulate_times(models[m], p, 60, &random, times, TIMES_MAX);
            size_t seen = 0;

            while (seen < n && times[seen] <= obs.T)
                seen++;
            obs.x = (double)seen;
            obs.tx = seen > 0 ? times[seen - 1] : 0;
            all += (double)n;
            found += (double)(n - seen);
            active += n > seen;
            told += fl_value_conditional(models[m], p, &obs, 30, false);
            told_active += fl_value_p_active(models[m], p, &obs, 30);
        }
        /* Standard errors are near 1 % of the count of purchases and 0.6 % of the active. */
        assert_near(told / found, 1, 0.04);
        assert_near(told_active / active, 1, 0.025);
        assert_near(fl_value_expected(models[m], p, 60) * DRAWS / all, 1, 0.03);
    }
}

/* ---- rows ------------------------------------------------------------------------------------*/

static void test_group(void **state)
{
    struct fl_value_obs rows[] = {{2, 5, 9, 0, 1}, {0, 0, 9, 0, 1}, {2, 5, 9, 0, 3},
                                  {2, 5, 8, 0, 1}, {0, 0, 9, 0, 1}, {2, 5, 9, 1, 1}};

    (void)state;
    assert_int_equal(fl_value_group(rows, 6), 4);
    assert_near(rows[0].n, 2, 0);
    assert_near(rows[0].x, 0, 0);
    assert_near(rows[2].n, 4, 0);
    assert_near(rows[3].z, 1, 0);
    assert_int_equal(fl_value_group(rows, 1), 1);
    assert_int_equal(fl_value_group(NULL, 0), 0);
}

static void test_bad_rows(void **state)
{
    static const struct fl_value_obs bad[] = {
        {-1, 0, 9, 0, 1},  {1.5, 3, 9, 0, 1}, {1, 10, 9, 0, 1},  {0, 1, 9, 0, 1},
        {1, 0, 9, 0, 1},   {1, 3, NAN, 0, 1}, {1, NAN, 9, 0, 1}, {10001, 3, 9, 0, 1},
        {0, 0, -1, 0, 1},  {1, 3, 9, 0, 0},   {1, 3, 9, 0, NAN}, {1, 3, INFINITY, 0, 1},
        {NAN, 0, 9, 0, 1},
    };
    struct fl_value_obs rows[2] = {{1, 3, 9, 0, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fl_error err = {0};

        rows[1] = bad[i];
        assert_status(FL_INVALID, fl_value_check(FL_VALUE_BGNBD, rows, 2, &err));
        assert_non_null(strstr(err.text, "row 2"));
        assert_non_null(strstr(err.text, "expect"));
    }
}

static void test_names(void **state)
{
    (void)state;
    for (size_t m = 0; m < FL_VALUE_MODELS; m++) {
        enum fl_value_model model = FL_VALUE_BGNBD;

        assert_true(fl_value_model_parse(fl_value_model_key((enum fl_value_model)m), &model));
        assert_int_equal(model, m);
        assert_true(fl_value_model_title(model)[0] != '\0');
        for (size_t j = 0; j < fl_value_params(model); j++)
            assert_true(fl_value_param_name(model, j)[0] != '\0');
        assert_string_equal(fl_value_param_name(model, fl_value_params(model)), "");
    }
    assert_false(fl_value_model_parse("bg/nbd", &(enum fl_value_model){FL_VALUE_BGNBD}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bgnbd_spot_values),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_finite_over_the_grid),
        cmocka_unit_test(test_pmf_has_the_mean),
        cmocka_unit_test(test_parameters_out_of_range),
        cmocka_unit_test(test_forecast_meets_simulation),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_bad_rows),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
