/* Value: what is drawn has the distribution it is said to have, and is the same for a seed. */
#include "unit.h"

#include <math.h>

#include "value/simulate.h"

enum { DRAWS = 20000 };

/* Within four standard errors: a right generator fails this once in 16,000 seeds, and ours has one
 * seed. */
static void assert_mean(double sum, double squares, int n, double expected)
{
    double mean = sum / n, variance = squares / n - mean * mean;

    if (fabs(mean - expected) > 4 * sqrt(variance / n))
        fail_msg("mean %.6f, expected %.6f", mean, expected);
}

static void test_generator(void **state)
{
    /* The first outputs of the authors' reference for the state 1 2 3 4. */
    static const uint64_t reference[] = {UINT64_C(41943041), UINT64_C(58720359),
                                         UINT64_C(3588806011781223), UINT64_C(3591011842654386)};
    struct fl_value_random random = {{1, 2, 3, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof reference / sizeof *reference; i++) {
        double expected = ((double)(reference[i] >> 12) + 0.5) * 0x1p-52;

        assert_true(fabs(fl_value_random_uniform(&random) - expected) < 1e-18);
    }
}

static void test_moments(void **state)
{
    struct fl_value_random random;
    double sum[4] = {0}, squares[4] = {0};

    (void)state;
    fl_value_random_init(&random, 7);
    for (int i = 0; i < DRAWS; i++) {
        double draw[4] = {fl_value_random_uniform(&random), fl_value_random_normal(&random),
                          fl_value_random_gamma(&random, 0.25, 4.5),
                          fl_value_random_beta(&random, 0.8, 2.4)};

        assert_true(draw[0] > 0 && draw[0] < 1 && draw[2] >= 0 && draw[3] >= 0 && draw[3] <= 1);
        for (int k = 0; k < 4; k++) {
            sum[k] += draw[k];
            squares[k] += draw[k] * draw[k];
        }
    }
    assert_mean(sum[0], squares[0], DRAWS, 0.5);
    assert_mean(sum[1], squares[1], DRAWS, 0);
    assert_mean(sum[2], squares[2], DRAWS, 0.25 / 4.5);
    assert_mean(sum[3], squares[3], DRAWS, 0.8 / 3.2);
    assert_true(fabs(squares[1] / DRAWS - 1) < 0.05);
}

/* NBD: E[x] = T r / alpha.  Pareto/NBD: r beta / (alpha (s - 1)) (1 - (beta / (beta + T))^(s - 1)).
 */
static void test_counts(void **state)
{
    static const double nbd[] = {0.5, 10}, pareto[] = {0.5, 10, 0.6, 12};
    static struct fl_value_obs obs[DRAWS];
    struct fl_value_random random;
    double sum = 0, squares = 0, expected;

    (void)state;
    fl_value_random_init(&random, 11);
    fl_value_simulate(FL_VALUE_NBD, nbd, 40, false, &random, obs, DRAWS);
    for (int i = 0; i < DRAWS; i++) {
        sum += obs[i].x;
        squares += obs[i].x * obs[i].x;
        assert_true(obs[i].tx <= obs[i].T && (obs[i].x > 0) == (obs[i].tx > 0));
    }
    assert_mean(sum, squares, DRAWS, 40 * 0.5 / 10);
    sum = squares = 0;
    fl_value_simulate(FL_VALUE_PARETONBD, pareto, 40, false, &random, obs, DRAWS);
    for (int i = 0; i < DRAWS; i++) {
        sum += obs[i].x;
        squares += obs[i].x * obs[i].x;
    }
    expected = 0.5 * 12 / (10 * (0.6 - 1)) * (1 - pow(12.0 / (12 + 40), 0.6 - 1));
    assert_mean(sum, squares, DRAWS, expected);
}

/* sBG: S(t) = B(gamma, delta + t) / B(gamma, delta): 0.627, 0.473 after one and two periods. */
static void test_contract(void **state)
{
    static const double sbg[] = {0.704, 1.182}, bdw[] = {0.704, 1.182, 1.5};
    static struct fl_value_obs obs[DRAWS];
    struct fl_value_random random;
    double left = 0, second = 0;

    (void)state;
    fl_value_random_init(&random, 13);
    fl_value_simulate(FL_VALUE_SBG, sbg, 7, false, &random, obs, DRAWS);
    for (int i = 0; i < DRAWS; i++) {
        assert_true(obs[i].T >= 1 && obs[i].T <= 7 && (obs[i].x == 1 || obs[i].T == 7));
        left += obs[i].x == 1 && obs[i].T == 1;
        second += obs[i].x == 1 && obs[i].T == 2;
    }
    assert_true(fabs(left / DRAWS - 0.704 / 1.886) < 0.015);
    assert_true(fabs(second / DRAWS - 0.704 / 1.886 * 1.182 / 2.886) < 0.012);
    /* The first period is the same whatever c is; the second is left sooner where c > 1. */
    left = second = 0;
    fl_value_simulate(FL_VALUE_BDW, bdw, 7, true, &random, obs, DRAWS);
    for (int i = 0; i < DRAWS; i++) {
        assert_true(obs[i].T >= 1 && obs[i].T <= 7);
        left += obs[i].x == 1 && obs[i].T == 1;
        second += obs[i].x == 1 && obs[i].T == 2;
    }
    assert_true(fabs(left / DRAWS - 0.704 / 1.886) < 0.015);
    assert_true(second / DRAWS > 0.704 / 1.886 * 1.182 / 2.886 + 0.015);
}

static void test_times(void **state)
{
    static const double bgnbd[] = {0.8, 4, 0.8, 2.4}, bgbb[] = {1.2, 0.75, 0.66, 2.8};
    struct fl_value_random a, b;
    double first[64], second[64];

    (void)state;
    fl_value_random_init(&a, 17);
    fl_value_random_init(&b, 17);
    for (int i = 0; i < 500; i++) {
        enum fl_value_model model = i % 2 ? FL_VALUE_BGNBD : FL_VALUE_BGBB;
        const double *p = i % 2 ? bgnbd : bgbb;
        size_t n = fl_value_simulate_times(model, p, 40, &a, first, 64);

        assert_int_equal(fl_value_simulate_times(model, p, 40, &b, second, 64), n);
        for (size_t k = 0; k < n; k++) {
            assert_true(first[k] > (k ? first[k - 1] : 0) && first[k] <= 40);
            assert_memory_equal(&first[k], &second[k], sizeof(double));
            assert_true(i % 2 || floor(first[k]) >= first[k]);
        }
    }
    assert_int_equal(fl_value_simulate_times(FL_VALUE_NBD, (double[]){50, 1}, 40, &a, first, 3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generator), cmocka_unit_test(test_moments),
        cmocka_unit_test(test_counts),    cmocka_unit_test(test_contract),
        cmocka_unit_test(test_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
