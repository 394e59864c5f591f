/* Gamma-Gamma: published fit and expectations, gradient, scale of money, the whole range. */
#include <math.h>

#include "unit.h"
#include "value/value.h"

enum { ROWS_MAX = 4000, STARTS = 10, FIRST = 10 };

static const double published[] = {6.25, 3.74, 15.44};

/* Repeaters of the file; the first ten customers, whoever they are, go to `first`. */
static size_t cdnow(struct fl_value_obs *rows, struct fl_value_obs *first)
{
    const char *shared = getenv("FL_SHARED_DATA");
    char path[1000], line[200];
    size_t n = 0, n_read = 0;
    FILE *file;

    snprintf(path, sizeof path, "%s/clv/cdnow_customers_summary_with_transactions.csv",
             shared ? shared : "/nowhere");
    file = fopen(path, "r");
    if (!file) {
        print_message("FL_SHARED_DATA has no clv/cdnow_customers_summary_with_transactions.csv\n");
        return 0;
    }
    while (n < ROWS_MAX && fgets(line, sizeof line, file)) {
        struct fl_value_obs row = {.n = 1};

        if (sscanf(line, "%*d,%lf,%*f,%*f,%lf", &row.x, &row.z) != 2)
            continue;
        if (n_read < FIRST)
            first[n_read] = row;
        n_read++;
        if (row.x > 0)
            rows[n++] = row;
    }
    fclose(file);
    return n;
}

static void test_fit(void **state)
{
    static const double means[FIRST] = {24.65, 18.91, 35.17, 35.17, 35.17,
                                        71.46, 18.91, 35.17, 27.28, 35.17};
    static struct fl_value_obs rows[ROWS_MAX], first[FIRST];
    size_t n = cdnow(rows, first);
    struct fl_value_fit fit, scaled;
    struct fl_error err = {0};

    (void)state;
    if (!n)
        skip();
    assert_int_equal(n, 946);
    n = fl_value_group(rows, n);
    assert_ok(fl_value_fit(FL_VALUE_GAMMAGAMMA, rows, n, NULL, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_FITTED);
    assert_near(fit.log_likelihood, -4055.9, 0.05);
    for (size_t j = 0; j < 3; j++)
        assert_near(fit.p[j] / published[j], 1, .01);
    for (size_t i = 0; i < FIRST; i++)
        assert_near(fl_value_spend(fit.p, first[i].x, first[i].z), means[i], .02);
    for (int i = 0; i < STARTS; i++) {
        double start[3];
        struct fl_value_fit_options options = {.start = start};
        struct fl_value_fit again;

        for (int j = 0; j < 3; j++)
            start[j] = published[j] * exp(1.5 * sin(i * 5 + j * 2 + 1));
        assert_ok(fl_value_fit(FL_VALUE_GAMMAGAMMA, rows, n, &options, &again, &err));
        assert_int_equal(again.state, FL_VALUE_FITTED);
        assert_near(again.log_likelihood, fit.log_likelihood, 1e-4);
        for (size_t j = 0; j < 3; j++)
            assert_near(again.p[j] / fit.p[j], 1, .005);
    }
    /* in other currencies, one of them of many digits */
    for (int i = 0; i < 2; i++) {
        double scale = i ? 1e9 : 1300;

        for (size_t k = 0; k < n; k++)
            rows[k].z *= scale;
        assert_ok(fl_value_fit(FL_VALUE_GAMMAGAMMA, rows, n, NULL, &scaled, &err));
        for (size_t k = 0; k < n; k++)
            rows[k].z /= scale;
        assert_int_equal(scaled.state, FL_VALUE_FITTED);
        assert_near(scaled.p[0] / fit.p[0], 1, 1e-3);
        assert_near(scaled.p[1] / fit.p[1], 1, 1e-3);
        assert_near(scaled.p[2] / fit.p[2] / scale, 1, 1e-3);
    }
}

static void test_gradient(void **state)
{
    static const double params[][3] = {{6.25, 3.74, 15.44}, {.3, 1.2, 900}, {40, 20, 3}};
    static const struct fl_value_obs rows[] = {
        {1, 0, 0, 11.77, 1}, {26, 0, 0, 300, 2}, {1000, 0, 0, .01, 1}, {10000, 0, 0, 1e6, 1}};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 4; k++) {
            double gradient[FL_VALUE_PARAMS_MAX], h = 1e-4;
            double here =
                fl_value_log_likelihood(FL_VALUE_GAMMAGAMMA, params[i], &rows[k], 1, gradient);

            assert_true(isfinite(here));
            for (size_t j = 0; j < 3; j++) {
                double up[3], down[3], difference;

                memcpy(up, params[i], sizeof up);
                memcpy(down, params[i], sizeof down);
                up[j] *= exp(h);
                down[j] *= exp(-h);
                difference =
                    (fl_value_log_likelihood(FL_VALUE_GAMMAGAMMA, up, &rows[k], 1, NULL) -
                     fl_value_log_likelihood(FL_VALUE_GAMMAGAMMA, down, &rows[k], 1, NULL)) /
                    (2 * h);
                assert_near(gradient[j], difference, 1e-5 * (1 + fabs(difference) + fabs(here)));
            }
        }
}

static void test_spend(void **state)
{
    (void)state;
    /* nothing is known of a newcomer, everything of a heavy buyer */
    assert_near(fl_value_spend(published, 0, 0), 6.25 * 15.44 / 2.74, 1e-9);
    assert_near(fl_value_spend(published, 10000, 80), 80, .02);
    assert_near(fl_value_spend(published, 2, 22.35), 6.25 * (15.44 + 44.7) / 15.24, 1e-9);
    assert_true(isnan(fl_value_spend((double[]){6.25, .9, 15}, 0, 0)));
    assert_true(fl_value_spend((double[]){6.25, .9, 15}, 1, 20) > 0);
}

static void test_not_enough(void **state)
{
    struct fl_value_obs same[] = {{1, 0, 0, 20, 30}, {2, 0, 0, 20, 30}};
    struct fl_value_obs once[] = {{1, 0, 0, 20, 30}, {1, 0, 0, 21, 30}, {1, 0, 0, 22, 30}};
    struct fl_value_obs bad = {.x = 2, .z = -1, .n = 1};
    struct fl_value_fit fit;
    struct fl_error err = {0};

    (void)state;
    assert_ok(fl_value_fit(FL_VALUE_GAMMAGAMMA, same, 2, NULL, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_NOT_ENOUGH);
    assert_ok(fl_value_fit(FL_VALUE_GAMMAGAMMA, once, 3, NULL, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_NOT_ENOUGH);
    assert_ok(fl_value_fit(FL_VALUE_GAMMAGAMMA, NULL, 0, NULL, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_NOT_ENOUGH);
    assert_status(FL_INVALID, fl_value_check(FL_VALUE_GAMMAGAMMA, &bad, 1, &err));
    bad.z = INFINITY;
    assert_status(FL_INVALID, fl_value_check(FL_VALUE_GAMMAGAMMA, &bad, 1, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_spend),
        cmocka_unit_test(test_not_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
