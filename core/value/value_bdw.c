/* Beta-discrete-Weibull: Fader, Hardie, Liu, Davin & Steenburgh, "How to project customer
 * retention" revisited: the role of duration dependence, 2018. */
#include <math.h>

#include "value/value_contract.h"

enum { BDW_PARAMS = 3, BDW_PERIODS = 3 };

static struct value_contract model_of(const double *p)
{
    return (struct value_contract){.gamma = p[0], .delta = p[1], .c = p[2]};
}

static const char *missing(const struct fl_value_obs *obs, size_t n)
{
    return value_contract_missing(obs, n, BDW_PERIODS);
}

static void start(const struct fl_value_obs *obs, size_t n, double *p)
{
    value_contract_start(obs, n, p);
    p[2] = 1;
}

static double log_likelihood(const double *p, const struct fl_value_obs *obs, size_t n,
                             double *out_gradient)
{
    struct value_contract m = model_of(p);

    return value_contract_log_likelihood(&m, obs, n, out_gradient);
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

const struct value_ops value_bdw = {
    .key = "bdw",
    .title = "BdW",
    .n_params = BDW_PARAMS,
    .names = {"gamma", "delta", "c"},
    .fault = "x 0 or 1 (1: left in period T) and a whole T of 1 to 10000",
    .is_valid = value_contract_is_valid,
    .missing = missing,
    .start = start,
    .log_likelihood = log_likelihood,
    .p_alive = value_contract_p_alive,
    .expected = expected,
    .conditional_alive = conditional_alive,
    .survival = survival,
};
