/* Pareto/NBD and NBD: published values, references of 60 digits, gradients, the whole range. */
#include <math.h>

#include "unit.h"
#include "value/value.h"

enum { ROWS_MAX = 4000, STARTS = 10, PMF_MAX = 400 };

static const double published[] = {.553, 10.578, .606, 11.669};
static const double of_vignette[] = {.55, 10.58, .61, 11.67};

static double relative(double got, double expected)
{
    return fabs(got - expected) / fmax(fabs(expected), 1e-300);
}

static size_t cdnow(struct fl_value_obs *rows)
{
    const char *shared = getenv("FL_SHARED_DATA");
    char path[1000], line[200];
    size_t n = 0;
    FILE *file;

    snprintf(path, sizeof path, "%s/clv/cdnow_customers_summary.csv", shared ? shared : "/nowhere");
    file = fopen(path, "r");
    if (!file) {
        print_message("FL_SHARED_DATA has no clv/cdnow_customers_summary.csv\n");
        return 0;
    }
    while (n < ROWS_MAX && fgets(line, sizeof line, file)) {
        struct fl_value_obs *row = &rows[n];

        if (sscanf(line, "%*d,%lf,%lf,%lf", &row->x, &row->tx, &row->T) == 3) {
            row->n = 1;
            n++;
        }
    }
    fclose(file);
    return n;
}

/* Fader & Hardie's values of E[X(t)], and what is expected of one heavy buyer. */
static void test_published(void **state)
{
    static const double expected[] = {0,         .05077821, .09916088, .14542507, .18979930,
                                      .23247466, .27361274, .31335159, .35181024, .38909211};
    const struct fl_value_obs heavy = {.x = 26, .tx = 30.86, .T = 31, .n = 1};
    struct fl_value_obs extreme = {.x = 132, .tx = 200, .T = 200, .n = 1};

    (void)state;
    for (int t = 0; t < 10; t++)
        assert_near(fl_value_expected(FL_VALUE_PARETONBD, published, t), expected[t],
                    .01 * expected[t]); /* theirs come from a fit of their own */
    assert_near(fl_value_conditional(FL_VALUE_PARETONBD, published, &heavy, 52, false), 25.46,
                0.01);
    assert_near(fl_value_conditional(FL_VALUE_PARETONBD, of_vignette, &extreme, 10, false), 6.20605,
                1e-5);
    extreme.x = 133;
    assert_near(fl_value_conditional(FL_VALUE_PARETONBD, of_vignette, &extreme, 10, false), 6.25287,
                1e-5);
}

/* log L and P(alive) by the difference of two 2F1 in 60 digits (mpmath). */
static void test_references(void **state)
{
    static const struct {
        double p[4];
        struct fl_value_obs obs;
        double log_l, alive;
    } cases[] = {
        {{.55, 10.58, .61, 11.67},
         {10000, 1000, 1040, 0, 1},
         12906.57063753898,
         4.08644521165e-165},
        {{.55, 10.58, .61, 11.67}, {0, 0, 1040, 0, 1}, -.6632947506867821, .00993832243177},
        {{.05, .001, .61, 50}, {0, 0, 7300, 0, 1}, -.5780999511872809, .0385332729327},
        {{5, 100, 2, .001}, {3, 10, 7300, 0, 1}, -28.05231960005953, 6.67862877881e-21},
        {{.5, 1, 2000, 1e5}, {3, 10, 1000, 0, 1}, -10.51790645326115, 4.97282492326e-15},
        {{.5, 3, 1e4, 1e4}, {2, 1, 300, 0, 1}, -4.638667066029415, 3.56710405278e-133},
        {{.001, 1, .001, 2}, {0, 0, 1e4, 0, 1}, -.009173582549504176, .991482232512},
        {{.3, 1e4, 300, 3}, {0, 0, 1000, 0, 1}, -3.010029958533662e-7, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double log_l =
            fl_value_log_likelihood(FL_VALUE_PARETONBD, cases[i].p, &cases[i].obs, 1, NULL);
        double alive = fl_value_p_alive(FL_VALUE_PARETONBD, cases[i].p, &cases[i].obs);

        /* what cancels in 60 digits does not here: 1e-15 of the largest term is left */
        assert_near(log_l, cases[i].log_l, 1e-10 * fmax(1, fabs(cases[i].log_l)));
        assert_near(alive, cases[i].alive, 1e-8 * cases[i].alive + 1e-300);
    }
    assert_near(fl_value_pmf(FL_VALUE_PARETONBD, published, 0, 39), .59362503160238, 1e-12);
    assert_near(fl_value_pmf(FL_VALUE_PARETONBD, published, 10, 39), .0041934393320804, 1e-13);
    assert_near(fl_value_pmf(FL_VALUE_PARETONBD, published, 3, 2), .0012449080933346, 1e-13);
}

static void check_gradient(enum fl_value_model model, const double *p,
                           const struct fl_value_obs *obs)
{
    double gradient[FL_VALUE_PARAMS_MAX], h = 1e-4;

    fl_value_log_likelihood(model, p, obs, 1, gradient);
    for (size_t j = 0; j < fl_value_params(model); j++) {
        double at[4], difference = 0;

        /* central differences of fourth order */
        for (int k = -2; k <= 2; k++) {
            static const double weight[] = {1. / 12, -2. / 3, 0, 2. / 3, -1. / 12};

            memcpy(at, p, fl_value_params(model) * sizeof *at);
            at[j] *= exp(k * h);
            difference += weight[k + 2] * fl_value_log_likelihood(model, at, obs, 1, NULL) / h;
        }
        assert_near(gradient[j], difference, 1e-7 * (1 + fabs(difference)));
    }
}

static void test_gradient(void **state)
{
    static const double params[][4] = {
        {.55, 10.58, .61, 11.67}, {5, 100, 2, .1}, {.05, .01, 3, 50}, {20, 3, .2, 3}};
    static const struct fl_value_obs rows[] = {{0, 0, 39, 0, 1},
                                               {0, 0, 0, 0, 1},
                                               {1, 39, 39, 0, 1},
                                               {7, 3, 38.9, 0, 3},
                                               {200, 1000, 1043, 0, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof params / sizeof *params; i++)
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            check_gradient(FL_VALUE_PARETONBD, params[i], &rows[k]);
            check_gradient(FL_VALUE_NBD, params[i], &rows[k]);
        }
}

/* Probabilities, identities and finite numbers for x up to 10,000 and 20 years in days. */
static void test_range(void **state)
{
    static const double xs[] = {0, 1, 5, 200, 10000}, ages[] = {0.14, 39, 1043, 7300};
    static const double shares[] = {0.001, .5, .999999, 1};

    (void)state;
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 4; k++)
            for (size_t j = 0; j < 4; j++) {
                struct fl_value_obs obs = {xs[i], xs[i] > 0 ? shares[j] * ages[k] : 0, ages[k], 0,
                                           1};
                double alive = fl_value_p_alive(FL_VALUE_PARETONBD, published, &obs);
                double active = fl_value_p_active(FL_VALUE_PARETONBD, published, &obs, 52);
                double given = fl_value_conditional(FL_VALUE_PARETONBD, published, &obs, 52, true);

                assert_true(alive >= 0 && alive <= 1);
                assert_true(active >= 0 && active <= alive + 1e-12);
                assert_true(isfinite(given) && given >= 0);
                assert_true(isfinite(
                    fl_value_log_likelihood(FL_VALUE_PARETONBD, published, &obs, 1, NULL)));
                if (obs.x > 0 && j == 3)
                    assert_near(alive, 1, 0);
                /* bought at least once: no more than is expected */
                assert_true(active <= alive * given + 1e-12);
                assert_near(fl_value_p_alive(FL_VALUE_NBD, published, &obs), 1, 0);
            }
}

static void test_distribution(void **state)
{
    double sum = 0, mean = 0, sum_nbd = 0;
    const struct fl_value_obs newcomer = {.n = 1};

    (void)state;
    for (int x = 0; x < PMF_MAX; x++) {
        double p = fl_value_pmf(FL_VALUE_PARETONBD, published, x, 39);

        assert_true(p >= 0 && p <= 1);
        sum += p;
        mean += x * p;
        sum_nbd += fl_value_pmf(FL_VALUE_NBD, published, x, 39);
    }
    assert_near(sum, 1, 1e-10);
    assert_near(sum_nbd, 1, 1e-10);
    assert_near(mean, fl_value_expected(FL_VALUE_PARETONBD, published, 39), 1e-7);
    assert_true(isfinite(fl_value_pmf(FL_VALUE_PARETONBD, published, 10000, 7300)));
    assert_near(fl_value_pmf(FL_VALUE_PARETONBD, published, 0, 0), 1, 0);
    assert_near(fl_value_p_active(FL_VALUE_PARETONBD, published, &newcomer, 39),
                1 - fl_value_pmf(FL_VALUE_PARETONBD, published, 0, 39), 1e-12);
    /* nobody dies where s tends to 0 */
    assert_near(fl_value_expected(FL_VALUE_PARETONBD, (double[]){.5, 10, 1e-12, 10}, 39),
                fl_value_expected(FL_VALUE_NBD, (double[]){.5, 10}, 39), 1e-9);
    /* s = 1 is no hole */
    assert_near(fl_value_expected(FL_VALUE_PARETONBD, (double[]){.5, 10, 1, 10}, 39), .5 * log(4.9),
                1e-12);
}

static void test_fit(void **state)
{
    static struct fl_value_obs rows[ROWS_MAX];
    size_t n = cdnow(rows);
    struct fl_value_fit fit, nbd, again;
    struct fl_error err = {0};

    (void)state;
    if (!n)
        skip();
    assert_int_equal(n, 2357);
    n = fl_value_group(rows, n);
    assert_ok(fl_value_fit(FL_VALUE_PARETONBD, rows, n, NULL, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_FITTED);
    assert_near(fit.log_likelihood, -9595.0, 0.05);
    for (size_t j = 0; j < 4; j++) {
        assert_true(relative(fit.p[j], published[j]) < .01);
        assert_true(fit.se[j] > 0 && fit.se[j] < fit.p[j]);
    }
    for (uint64_t seed = 1; seed <= STARTS; seed++) {
        double start[4];
        struct fl_value_fit_options options = {.start = start};

        for (size_t j = 0; j < 4; j++) /* from a seventh to seven times */
            start[j] = published[j] * exp(2 * sin((double)(seed * 7 + j * 3)));
        assert_ok(fl_value_fit(FL_VALUE_PARETONBD, rows, n, &options, &again, &err));
        assert_int_equal(again.state, FL_VALUE_FITTED);
        assert_near(again.log_likelihood, fit.log_likelihood, 1e-4);
        for (size_t j = 0; j < 4; j++)
            assert_true(relative(again.p[j], fit.p[j]) < .005);
    }
    assert_ok(fl_value_fit(FL_VALUE_NBD, rows, n, NULL, &nbd, &err));
    assert_int_equal(nbd.state, FL_VALUE_FITTED);
    assert_true(nbd.log_likelihood < -9595.0);
    /* in seconds */
    for (size_t i = 0; i < n; i++) {
        rows[i].tx *= 604800;
        rows[i].T *= 604800;
    }
    assert_ok(fl_value_fit(FL_VALUE_PARETONBD, rows, n, NULL, &again, &err));
    assert_int_equal(again.state, FL_VALUE_FITTED);
    for (size_t j = 0; j < 4; j++)
        assert_near(again.p[j] / fit.p[j] / (j % 2 ? 604800 : 1), 1, 1e-3);
}

static void test_not_enough(void **state)
{
    struct fl_value_obs rows[] = {{0, 0, 30, 0, 40}, {0, 0, 20, 0, 60}};
    struct fl_value_obs bad = {.x = 1, .tx = 31, .T = 30, .n = 1};
    struct fl_value_fit fit;
    struct fl_error err = {0};

    (void)state;
    assert_ok(fl_value_fit(FL_VALUE_PARETONBD, rows, 2, NULL, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_NOT_ENOUGH);
    assert_true(strlen(fit.why) > 0);
    assert_ok(fl_value_fit(FL_VALUE_NBD, rows, 2, NULL, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_NOT_ENOUGH);
    assert_status(FL_INVALID, fl_value_fit(FL_VALUE_PARETONBD, &bad, 1, NULL, &fit, &err));
    bad = (struct fl_value_obs){.x = NAN, .T = 30, .n = 1};
    assert_status(FL_INVALID, fl_value_check(FL_VALUE_NBD, &bad, 1, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),    cmocka_unit_test(test_references),
        cmocka_unit_test(test_gradient),     cmocka_unit_test(test_range),
        cmocka_unit_test(test_distribution), cmocka_unit_test(test_fit),
        cmocka_unit_test(test_not_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
