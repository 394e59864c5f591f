/* The sum over nodes against the plain one. */
#include "unit.h"

#include <math.h>

#include "value/value.h"

static const enum fl_value_model purchases[] = {FL_VALUE_BGNBD, FL_VALUE_MBGNBD,
                                                FL_VALUE_PARETONBD};

static double worst_of(enum fl_value_model model, const double *p,
                       const struct fl_value_horizon *horizon)
{
    static const struct fl_value_obs customers[] = {
        {.x = 0, .tx = 0, .T = 0, .n = 1},         {.x = 0, .tx = 0, .T = 60, .n = 1},
        {.x = 2, .tx = 30.43, .T = 38.86, .n = 1}, {.x = 26, .tx = 30.86, .T = 31, .n = 1},
        {.x = 1, .tx = 0.1, .T = 0.2, .n = 1},     {.x = 900, .tx = 1000, .T = 1040, .n = 1},
    };
    struct fl_value_residual residual;
    struct fl_error err = {0};
    double worst = 0;

    assert_ok(fl_value_residual_init(&residual, horizon, &err));
    for (size_t i = 0; i < sizeof customers / sizeof customers[0]; i++) {
        double plain = fl_value_residual_plain(horizon, model, p, &customers[i]);
        double quick = fl_value_residual_of(&residual, model, p, &customers[i]);

        assert_true(plain >= 0 && isfinite(plain));
        if (fabs(quick / plain - 1) > 1e-6)
            print_message("%s %g %g %g %g x %g T %g H %d rate %g: %.12g %.12g\n",
                          fl_value_model_key(model), p[0], p[1], p[2], p[3], customers[i].x,
                          customers[i].T, horizon->periods, horizon->yearly_rate, quick, plain);
        worst = fmax(worst, fabs(quick / plain - 1));
    }
    return worst;
}

static void test_nodes_meet_the_plain_sum(void **state)
{
    static const double params[][4] = {
        {0.243, 4.414, 0.793, 2.426},
        {0.525, 6.183, 0.891, 1.614},
        {0.553, 10.578, 0.606, 11.669},
        {0.1, 0.05, 0.5, 0.2},
        {5, 0.01, 1, 1},
        {20, 100, 1.0000001, 30},
        {0.5, 3, 0.02, 5},
        {2, 50, 4, 0.1},
        {0.243, 30.9, 0.793, 2.426},
    };
    static const struct fl_value_horizon horizons[] = {
        {1, 0.1, 7}, {40, 0.1, 7}, {41, 0.1, 7}, {156, 0.1, 7}, {156, 0, 7}, {1092, 0.1, 1},
    };
    double worst = 0;

    (void)state;
    for (size_t m = 0; m < sizeof purchases / sizeof purchases[0]; m++)
        for (size_t i = 0; i < sizeof params / sizeof params[0]; i++)
            for (size_t h = 0; h < sizeof horizons / sizeof horizons[0]; h++)
                worst = fmax(worst, worst_of(purchases[m], params[i], &horizons[h]));
    for (size_t m = 0; m < sizeof purchases / sizeof purchases[0]; m++)
        worst = fmax(worst, worst_of(purchases[m], params[3],
                                     &(struct fl_value_horizon){FL_VALUE_HORIZON_MAX, 0.02, 7}));
    print_message("worst: %g\n", worst);
    assert_true(worst < 1e-6);
}

static void test_bad_horizons(void **state)
{
    static const struct fl_value_horizon bad[] = {{0, 0.1, 7},   {FL_VALUE_HORIZON_MAX + 1, 0.1, 7},
                                                  {10, -0.1, 7}, {10, NAN, 7},
                                                  {10, 0.1, 0},  {10, 0.1, INFINITY}};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fl_value_residual residual = {.n = 7};
        struct fl_error err = {0};

        assert_status(FL_INVALID, fl_value_residual_init(&residual, &bad[i], &err));
        assert_int_equal(residual.n, 7);
        assert_non_null(strstr(err.text, "expected"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes_meet_the_plain_sum),
        cmocka_unit_test(test_bad_horizons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
