/* MBG/NBD: Batislam, Denizel & Filiztekin (2007): BG/NBD whose customer may leave right after the
 * first purchase, so that one-time buyers are not all called alive. */
#include "value/value_private.h"

enum { R, ALPHA, A, B, PARAMS };

static double mbgnbd_log_likelihood(const double *p, const struct fl_value_obs *obs, size_t n,
                                    double *out_gradient)
{
    return value_bg_log_likelihood(p, obs, n, 1, out_gradient);
}

static double mbgnbd_p_alive(const double *p, const struct fl_value_obs *obs)
{
    return value_bg_p_alive(p, obs, 1);
}

static double mbgnbd_conditional_alive(const double *p, const struct fl_value_obs *obs, double t)
{
    return value_bg_conditional_alive(p, obs, t, 1);
}

static double mbgnbd_expected(const double *p, double t)
{
    static const struct fl_value_obs newcomer = {.n = 1};

    return p[B] / (p[A] + p[B]) * value_bg_conditional_alive(p, &newcomer, t, 1);
}

static double mbgnbd_pmf(const double *p, int x, double t)
{
    return value_bg_pmf(p, x, t, 1);
}

static double mbgnbd_survival(const double *p, double t)
{
    return value_bg_survival(p, t, 1);
}

const struct value_ops value_mbgnbd = {
    .key = "mbgnbd",
    .title = "MBG/NBD",
    .n_params = PARAMS,
    .names = {"r", "alpha", "a", "b"},
    .fault = value_purchases_fault,
    .is_valid = value_purchases_are_valid,
    .missing = value_purchases_missing,
    .start = value_bg_start,
    .log_likelihood = mbgnbd_log_likelihood,
    .p_alive = mbgnbd_p_alive,
    .expected = mbgnbd_expected,
    .conditional_alive = mbgnbd_conditional_alive,
    .pmf = mbgnbd_pmf,
    .survival = mbgnbd_survival,
};
