/* Value: a case of each model to simulate, and whether fits give back what was simulated. */
#ifndef TESTS_UNIT_VALUE_CASES_H
#define TESTS_UNIT_VALUE_CASES_H

#include <math.h>

#include "value/simulate.h"

/* A population with enough spread that the data tell its parameters; `customers` is what the
 * normal approximation needs. */
struct value_case {
    enum fl_value_model model;
    double p[FL_VALUE_PARAMS_MAX];
    double horizon;
    size_t customers;
};

static const struct value_case value_cases[] = {
    {FL_VALUE_BGNBD, {0.8, 4, 0.8, 2.4}, 52, 1500},
    {FL_VALUE_MBGNBD, {0.8, 4, 0.8, 2.4}, 52, 1500},
    {FL_VALUE_PARETONBD, {0.8, 6, 0.7, 12}, 78, 1000},
    {FL_VALUE_NBD, {0.5, 8}, 52, 500},
    {FL_VALUE_BGBB, {1.2, 0.75, 0.66, 2.8}, 8, 4000},
    {FL_VALUE_SBG, {0.7, 1.2}, 12, 1000},
    {FL_VALUE_BDW, {0.8, 2.5, 1.3}, 24, 8000},
    {FL_VALUE_GAMMAGAMMA, {6, 4, 15}, 1, 1000},
};
enum { VALUE_CASES = sizeof value_cases / sizeof value_cases[0] };

enum {
    RECOVERED_AMONG = 100, /* simulations, of which in RECOVERED_MIN the truth is within three */
    RECOVERED_MIN = 95,    /* standard errors */
    COVERED_POINTS = 3,    /* percent that the coverage of a 95 % interval may be off */
    SIMULATIONS_LONG = 4   /* times as many where FL_LONG is set */
};

static inline const struct value_case *value_case_of(enum fl_value_model model)
{
    for (int i = 0; i < VALUE_CASES; i++)
        if (value_cases[i].model == model)
            return &value_cases[i];
    return NULL;
}

static inline struct fl_value_obs *value_simulated(const struct value_case *c, uint64_t seed,
                                                   size_t n)
{
    struct fl_value_obs *obs = calloc(n, sizeof *obs);
    struct fl_value_random random;

    assert_non_null(obs);
    fl_value_random_init(&random, seed);
    fl_value_simulate(c->model, c->p, c->horizon, true, &random, obs, n);
    return obs;
}

/* How many standard errors log p is off.  On the scale of log p, on which is fitted: the
 * likelihood is nearer to a parabola there, and intervals of positive parameters stay positive. */
static inline void value_errors(const struct value_case *c, uint64_t seed, double *out)
{
    struct fl_value_obs *obs = value_simulated(c, seed, c->customers);
    size_t rows = fl_value_group(obs, c->customers);
    const struct fl_value_fit_options options = {.start = c->p};
    struct fl_value_fit fit;
    struct fl_error err = {0};

    assert_ok(fl_value_fit(c->model, obs, rows, &options, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_FITTED);
    for (size_t j = 0; j < fl_value_params(c->model); j++)
        out[j] = fabs(log(fit.p[j] / c->p[j])) / sqrt(fit.covariance[j][j]);
    free(obs);
}

static inline void value_assert_recovered(enum fl_value_model model, int simulations)
{
    static const double normal_95 = 1.959964, three = 3;
    const struct value_case *c = value_case_of(model);
    int recovered[FL_VALUE_PARAMS_MAX] = {0}, covered[FL_VALUE_PARAMS_MAX] = {0};
    int n = getenv("FL_LONG") ? simulations * SIMULATIONS_LONG : simulations;

    for (int i = 0; i < n; i++) {
        double errors[FL_VALUE_PARAMS_MAX];

        value_errors(c, (uint64_t)(i + 1), errors);
        for (size_t j = 0; j < fl_value_params(model); j++) {
            recovered[j] += i < RECOVERED_AMONG && errors[j] <= three;
            covered[j] += errors[j] <= normal_95;
        }
    }
    for (size_t j = 0; j < fl_value_params(model); j++) {
        double percent = 100.0 * covered[j] / n;

        print_message("%s %s: %d of %d within three standard errors; 95 %% intervals cover %.1f "
                      "%% of %d\n",
                      fl_value_model_title(model), fl_value_param_name(model, j), recovered[j],
                      RECOVERED_AMONG, percent, n);
        assert_true(recovered[j] >= RECOVERED_MIN);
        assert_near(percent, 95, COVERED_POINTS);
    }
}

#endif
