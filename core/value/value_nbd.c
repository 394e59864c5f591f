#include <math.h>

#include "value/value_private.h"

/* Ehrenberg 1959: purchases at a Gamma(r, alpha) rate, and nobody ever leaves. */
enum { R, ALPHA };

double value_nbd_log_pmf(double r, double alpha, int x, double t)
{
    int sign;

    return value_log_rising(r, x) - lgamma_r(x + 1.0, &sign) - r * log1p(t / alpha) -
           x * log1p(alpha / t);
}

static double log_likelihood(const double *p, const struct fl_value_obs *obs, size_t n,
                             double *out_gradient)
{
    double sum = 0, by_r = 0, by_alpha = 0, log_rising = 0, rising = 0, x = 0;

    for (size_t i = 0; i < n; i++) {
        double log_t = log1p(obs[i].T / p[ALPHA]);

        if (obs[i].x > x || obs[i].x < x) { /* grouped rows are sorted: it changes seldom */
            x = obs[i].x;
            log_rising = value_log_rising(p[R], x);
            rising = value_digamma_rising(p[R], x);
        }
        sum += obs[i].n * (log_rising - p[R] * log_t - x * log(p[ALPHA] + obs[i].T));
        by_r += obs[i].n * p[R] * (rising - log_t);
        by_alpha += obs[i].n * (p[R] - (p[R] + x) * p[ALPHA] / (p[ALPHA] + obs[i].T));
    }
    if (out_gradient) {
        out_gradient[R] = by_r;
        out_gradient[ALPHA] = by_alpha;
    }
    return isnan(sum) ? -INFINITY : sum;
}

static double p_alive(const double *p, const struct fl_value_obs *obs)
{
    (void)p;
    (void)obs;
    return 1;
}

static double expected(const double *p, double t)
{
    return p[R] / p[ALPHA] * t;
}

static double conditional_alive(const double *p, const struct fl_value_obs *obs, double t)
{
    return (p[R] + obs->x) / (p[ALPHA] + obs->T) * t;
}

static double pmf(const double *p, int x, double t)
{
    if (x < 0 || !(t > 0))
        return x == 0 ? 1 : 0;
    return fmin(exp(value_nbd_log_pmf(p[R], p[ALPHA], x, t)), 1);
}

static double survival(const double *p, double t)
{
    (void)p;
    (void)t;
    return 1;
}

/* As if everybody bought at the same rate, give or take itself. */
static void start(const struct fl_value_obs *obs, size_t n, double *p)
{
    double purchases = 0, time = 0;

    for (size_t i = 0; i < n; i++) {
        purchases += obs[i].n * obs[i].x;
        time += obs[i].n * obs[i].T;
    }
    p[R] = 1;
    p[ALPHA] = purchases > 0 && time > 0 ? time / purchases : 1;
}

const struct value_ops value_nbd = {.key = "nbd",
                                    .title = "NBD",
                                    .n_params = 2,
                                    .names = {"r", "alpha"},
                                    .fault = value_purchases_fault,
                                    .is_valid = value_purchases_are_valid,
                                    .missing = value_purchases_missing,
                                    .start = start,
                                    .log_likelihood = log_likelihood,
                                    .p_alive = p_alive,
                                    .expected = expected,
                                    .conditional_alive = conditional_alive,
                                    .pmf = pmf,
                                    .survival = survival};
