#include <math.h>

#include "value/value_private.h"

/* Fader & Hardie 2013, note 025: the values of one customer's purchases are Gamma(p, nu), and nu is
 * Gamma(q, v) among customers.  The likelihood of a mean z over x purchases is written in v / (x
 * z), so that nothing cancels for large x. */
enum { P, Q, V };
enum {
    CUSTOMERS_MIN = 10, /* three parameters from fewer would be an invention */
    VALUES_MIN = 3      /* two values fit any shape */
};

static bool is_valid(const struct fl_value_obs *obs)
{
    return isfinite(obs->x) && isfinite(obs->z) && obs->x >= 1 && obs->x <= FL_VALUE_X_MAX &&
           !(floor(obs->x) < obs->x) && obs->z > 0;
}

static const char *missing(const struct fl_value_obs *obs, size_t n)
{
    double customers = 0, repeaters = 0;
    size_t values = 0;

    for (size_t i = 0; i < n; i++) {
        customers += obs[i].n;
        repeaters += obs[i].x > 1 ? obs[i].n : 0;
        /* up to the third different value is all that has to be known */
        values +=
            values < VALUES_MIN && (i == 0 || obs[i].z > obs[i - 1].z || obs[i].z < obs[i - 1].z);
    }
    if (customers < CUSTOMERS_MIN)
        return "fewer than 10 customers";
    if (!(repeaters > 0))
        return "nobody bought more than once";
    return values < VALUES_MIN ? "all spend the same" : NULL;
}

static double log_likelihood(const double *p, const struct fl_value_obs *obs, size_t n,
                             double *out_gradient)
{
    double sum = 0, by_p = 0, by_q = 0, by_v = 0;
    double psi_q = value_digamma(p[Q]);
    int sign;
    double log_gamma_q = lgamma_r(p[Q], &sign);

    for (size_t i = 0; i < n; i++) {
        double px = p[P] * obs[i].x, total = obs[i].x * obs[i].z;
        double log_own = -log1p(p[V] / total), log_prior = -log1p(total / p[V]);
        double psi;

        sum += obs[i].n * (value_log_rising(px, p[Q]) - log_gamma_q - log(obs[i].z) + px * log_own +
                           p[Q] * log_prior);
        if (!out_gradient)
            continue;
        psi = value_digamma(px + p[Q]);
        by_p += obs[i].n * px * (psi - value_digamma(px) + log_own);
        by_q += obs[i].n * p[Q] * (psi - psi_q + log_prior);
        by_v += obs[i].n * (p[Q] * total - px * p[V]) / (total + p[V]);
    }
    if (out_gradient) {
        out_gradient[P] = by_p;
        out_gradient[Q] = by_q;
        out_gradient[V] = by_v;
    }
    return isnan(sum) ? -INFINITY : sum;
}

/* Somewhat regular spending; the population's mean p v / (q - 1) is the data's. */
static void start(const struct fl_value_obs *obs, size_t n, double *p)
{
    double spend = 0, days = 0;

    for (size_t i = 0; i < n; i++) {
        spend += obs[i].n * obs[i].x * obs[i].z;
        days += obs[i].n * obs[i].x;
    }
    p[P] = 2;
    p[Q] = 3;
    p[V] = days > 0 && spend > 0 ? spend / days : 1;
}

double fl_value_spend(const double *p, double x, double z)
{
    double weight = p[P] * x + p[Q] - 1;

    if (!(weight > 0))
        return NAN;
    return p[P] * (p[V] + (x > 0 ? x * z : 0)) / weight;
}

const struct value_ops value_gammagamma = {.key = "gammagamma",
                                           .title = "Gamma-Gamma",
                                           .n_params = 3,
                                           .names = {"p", "q", "v"},
                                           .fault = "x must be a whole number from 1 to 10,000 and "
                                                    "z a value above 0",
                                           .is_valid = is_valid,
                                           .missing = missing,
                                           .start = start,
                                           .log_likelihood = log_likelihood};
