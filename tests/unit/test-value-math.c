/* Special functions against GSL and against references of 40 digits. */
#include "unit.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_hyperg.h>
#include <math.h>

#include "value/value_private.h"

static void assert_within(const char *what, double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance * fmax(fabs(expected), 1)))
        fail_msg("%s: found %.17g, expected %.17g", what, found, expected);
}

/* Relative to the figure even where it is small. */
static void assert_close(const char *what, double found, double expected, double tolerance)
{
    if (!(fabs(found / expected - 1) <= tolerance))
        fail_msg("%s: found %.17g, expected %.17g", what, found, expected);
}

static void test_gamma_family(void **state)
{
    static const struct {
        double a, k, log_rising, digamma_rising;
    } known[] = {
        {1e-6, 3, -13.1223618774049538, 1000001.49999875005},
        {0.5, 10000, 82103.7502891854407, 11.1738503984142729},
        {1e6, 5, 69.0775627898063706, 4.9999900000299999e-6},
        {1e6, 100, 1381.55600563226058, 0.0000999950503283254995},
        {1e6, 10000, 138204.934766176253, 0.00995033580366477435},
        {12.5, 0.25, 0.623883708287912439, 0.0206076251264434206},
        {3.25, 20, 48.3151623643438468, 2.10765471271064236},
    };
    static const struct {
        double a, b, log_beta;
    } betas[] = {
        {1e-5, 1e6, 11.5127815377952459},
        {1e6, 1e6, -1386300.00336292112},
        {0.793, 2.426, -0.511569288593703343},
        {1e-6, 1e-6, 14.5086577385225745},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_close("log rising", value_log_rising(known[i].a, known[i].k), known[i].log_rising,
                     1e-12);
        assert_close("digamma rising", value_digamma_rising(known[i].a, known[i].k),
                     known[i].digamma_rising, 1e-10);
        assert_within("nothing rises", value_log_rising(known[i].a, 0), 0, 0);
    }
    for (size_t i = 0; i < sizeof betas / sizeof betas[0]; i++) {
        assert_close("log beta", value_log_beta(betas[i].a, betas[i].b), betas[i].log_beta, 1e-12);
        assert_close("log beta", value_log_beta(betas[i].b, betas[i].a), betas[i].log_beta, 1e-12);
    }
    assert_close("digamma", value_digamma(1), -0.577215664901532861, 1e-14);
}

static void test_logarithms(void **state)
{
    (void)state;
    assert_close("log1mexp", value_log1mexp(-1e-20), log(1e-20), 1e-14);
    assert_close("log1mexp", value_log1mexp(-40), -4.248354255291589e-18, 1e-12);
    assert_close("log sum", value_log_sum(-1000, -1001), -999.686738312481777, 1e-15);
    assert_close("log sum", value_log_sum(-INFINITY, 3), 3, 0);
    assert_true(value_log_sum(-INFINITY, -INFINITY) < -1e300);
    assert_close("log difference", value_log_difference(1000, 999), 999.541324854612918, 1e-15);
    assert_close("log difference", value_log_difference(2, -INFINITY), 2, 0);
}

static void test_2f1_against_references(void **state)
{
    static const struct {
        double a, b, c, z, log_2f1;
    } known[] = {
        {0.243, 2.426, 3.219, 0.5, 0.118874994372138155},
        {1, 10000.5, 10002.1, 0.9, 2.30114771979050935},
        {2.6, 0.55, 3.2, 0.999, 1.79599938360256574},
        {0.5, 0.5, 1.2, 0.99999, 0.846528471131353347},
        {10001, 3, 10005.5, 0.3, 1.06944668363329467},
        {5, 0.001, 0.002, 0.97, 16.834093282239181},
        {1e-6, 1e-6, 3e-6, 0.5, 2.31048953419638526e-7},
        {400, 400, 900, 0.99, 353.997956473893683},
        {3, 4, 2, 0.6, 5.05145728861651059},
        {30, 40, 80, 0.999, 30.7637373014220681},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        double found = value_log_2f1(known[i].a, known[i].b, known[i].c, known[i].z);

        assert_close("log 2F1", found, known[i].log_2f1, 1e-9);
        assert_within("log 2F1", found, known[i].log_2f1, 2e-12);
    }
    assert_within("log 2F1 at 0", value_log_2f1(2, 3, 4, 0), 0, 0);
}

static void test_2f1_against_gsl(void **state)
{
    static const double values[] = {0.1, 0.243, 0.8, 1.5, 3.7, 9.1};
    enum { N = sizeof values / sizeof values[0] };
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    int compared = 0;

    (void)state;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            for (size_t k = 0; k < N; k++)
                for (int tenth = 1; tenth < 10; tenth += 2) {
                    double z = tenth / 10.0;
                    gsl_sf_result result;

                    if (gsl_sf_hyperg_2F1_e(values[i], values[j], values[k], z, &result) ||
                        result.err > 1e-9 * result.val)
                        continue;
                    assert_within("log 2F1 of GSL",
                                  value_log_2f1(values[i], values[j], values[k], z),
                                  log(result.val), 1e-9);
                    compared++;
                }
    gsl_set_error_handler(handler);
    assert_true(compared > 500);
}

/* E[(1 - e^(-lambda p t)) / p], integrated with 40 digits. */
static void test_purchases_to_come(void **state)
{
    static const struct {
        double p[4], x, T, t, expected;
    } known[] = {
        {{0.243, 4.414, 0.793, 2.426}, 2, 38.86, 39, 1.68739930580531304},
        {{0.243, 4.414, 1.0, 2.426}, 2, 38.86, 39, 1.62514953634328373},
        {{0.243, 4.414, 1.000000001, 2.426}, 0, 0, 5200, 7.50103802807096878},
        {{0.5, 0.05, 0.3, 0.7}, 0, 0, 156, 159.125842614864961},
        {{0.5, 0.05, 0.3, 0.1}, 0, 0, 5200, 561.660917022022932},
        {{200, 500, 0.5, 2}, 2, 40, 156, 23.3564686744645541},
        {{10000, 10000, 0.5, 2}, 2, 40, 156, 41.7994584404195056},
        {{0.2, 5, 0.001, 0.001}, 0, 10, 156, 1.23103287135267745},
        {{0.243, 4.414, 0.793, 2.426}, 10000, 1040, 156, 1412.40636664098826},
        {{3, 2, 50, 80}, 20, 30, 104, 3.04081586258409024},
        {{0.243, 4.414, 0.793, 1000}, 1, 30, 50, 1.80362822688686947},
        {{0.001, 100, 5, 5}, 0, 0, 0.1428, 1.42748995915880376e-6},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct fl_value_obs obs = {
            .x = known[i].x, .tx = known[i].x > 0 ? known[i].T / 2 : 0, .T = known[i].T, .n = 1};

        assert_close("purchases to come",
                     fl_value_conditional(FL_VALUE_BGNBD, known[i].p, &obs, known[i].t, true),
                     known[i].expected, 1e-10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gamma_family),           cmocka_unit_test(test_logarithms),
        cmocka_unit_test(test_2f1_against_references), cmocka_unit_test(test_2f1_against_gsl),
        cmocka_unit_test(test_purchases_to_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
