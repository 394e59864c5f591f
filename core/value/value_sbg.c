/* Shifted beta-geometric: Fader & Hardie, How to project customer retention, 2007. */
#include <math.h>
#include <string.h>

#include "value/value_contract.h"

enum { SBG_PARAMS = 2, SBG_PERIODS = 2 };

static struct value_contract model_of(const double *p)
{
    return (struct value_contract){.gamma = p[0], .delta = p[1], .c = 1};
}

static const char *missing(const struct fl_value_obs *obs, size_t n)
{
    return value_contract_missing(obs, n, SBG_PERIODS);
}

static double log_likelihood(const double *p, const struct fl_value_obs *obs, size_t n,
                             double *out_gradient)
{
    struct value_contract m = model_of(p);
    double gradient[3],
        sum = value_contract_log_likelihood(&m, obs, n, out_gradient ? gradient : NULL);

    if (out_gradient && isfinite(sum))
        memcpy(out_gradient, gradient, SBG_PARAMS * sizeof *gradient);
    return sum;
}

static double expected(const double *p, double t)
{
    struct value_contract m = model_of(p);

    return value_contract_renewals(&m, 0, t);
}

static double conditional_alive(const double *p, const struct fl_value_obs *obs, double t)
{
    struct value_contract m = model_of(p);

    return value_contract_renewals(&m, obs->T, t);
}

static double survival(const double *p, double t)
{
    struct value_contract m = model_of(p);

    return exp(value_contract_log_survival(&m, t));
}

const struct value_ops value_sbg = {
    .key = "sbg",
    .title = "sBG",
    .n_params = SBG_PARAMS,
    .names = {"gamma", "delta"},
    .fault = "x 0 or 1 (1: left in period T) and a whole T of 1 to 10000",
    .is_valid = value_contract_is_valid,
    .missing = missing,
    .start = value_contract_start,
    .log_likelihood = log_likelihood,
    .p_alive = value_contract_p_alive,
    .expected = expected,
    .conditional_alive = conditional_alive,
    .survival = survival,
};
