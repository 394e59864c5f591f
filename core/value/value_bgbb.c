/* BG/BB: Fader, Hardie & Shang, Customer-base analysis in a discrete-time noncontractual setting,
 * 2010.  Equation numbers are theirs. */
#include <gsl/gsl_sf_gamma.h>
#include <math.h>

#include "value/value_private.h"

enum { ALPHA, BETA, GAMMA, DELTA, BGBB_PARAMS };

/* Fewer tell nothing that a plan could rest on. */
enum { CUSTOMERS_MIN = 10, BUYERS_MIN = 3, OPPORTUNITIES_MIN = 3 };

static bool is_valid(const struct fl_value_obs *obs)
{
    double x = obs->x, tx = obs->tx, T = obs->T;
    bool is_whole = floor(x) >= x && floor(tx) >= tx && floor(T) >= T;

    return is_whole && x >= 0 && x <= tx && tx <= T && T >= 1 && T <= FL_VALUE_X_MAX &&
           (x > 0 || tx <= 0);
}

static const char *missing(const struct fl_value_obs *obs, size_t n)
{
    double customers = 0, buyers = 0, longest = 0;

    for (size_t i = 0; i < n; i++) {
        customers += obs[i].n;
        buyers += obs[i].x > 0 ? obs[i].n : 0;
        longest = fmax(longest, obs[i].T);
    }
    if (customers < CUSTOMERS_MIN)
        return "fewer than 10 customers";
    if (buyers < BUYERS_MIN)
        return "fewer than 3 customers bought again";
    if (longest < OPPORTUNITIES_MIN)
        return "nobody was seen for three opportunities";
    return NULL;
}

/* Buying where it was seen to go on; leaving about once in the time seen. */
static void start(const struct fl_value_obs *obs, size_t n, double *p)
{
    double bought = 0, chances = 0, customers = 0, length = 0, share;

    for (size_t i = 0; i < n; i++) {
        bought += obs[i].n * obs[i].x;
        chances += obs[i].n * obs[i].tx;
        length += obs[i].n * obs[i].T;
        customers += obs[i].n;
    }
    share = chances > 0 ? fmin(bought / chances, 0.9) : 0.5;
    p[ALPHA] = 2 * share;
    p[BETA] = 2 * (1 - share);
    p[GAMMA] = 1;
    p[DELTA] = fmax(1, length / customers);
}

/* Equation 5 is a sum over the opportunity after tx at which the customer may have left, and that
 * he is still there.  Each summand is the one before it times
 *     (beta + t - x) / (alpha + beta + t)  (delta + t) / (gamma + 1 + delta + t),    t = tx + i,
 * and the one of staying is the last of them times (gamma + delta + T) / gamma; all are counted in
 * the first, which is the largest of leaving, so that nothing overflows. */
struct summands {
    double log_first; /* with the beta functions of the parameters taken off */
    double sum;       /* of all, in units of the first */
    double stays;     /* the one of staying */
};

static double log_first(const double *p, const struct fl_value_obs *obs)
{
    return value_log_beta(p[ALPHA] + obs->x, p[BETA] + obs->tx - obs->x) -
           value_log_beta(p[ALPHA], p[BETA]) + value_log_beta(p[GAMMA] + 1, p[DELTA] + obs->tx) -
           value_log_beta(p[GAMMA], p[DELTA]);
}

static double ratio(const double *p, double x, double t)
{
    return (p[BETA] + t - x) / (p[ALPHA] + p[BETA] + t) * (p[DELTA] + t) /
           (p[GAMMA] + 1 + p[DELTA] + t);
}

static struct summands summands_of(const double *p, const struct fl_value_obs *obs)
{
    struct summands s = {.log_first = log_first(p, obs)};
    double w = 1;

    for (double t = obs->tx; t < obs->T; t++) {
        s.sum += w;
        w *= ratio(p, obs->x, t);
    }
    s.stays = w * (p[GAMMA] + p[DELTA] + obs->T) / p[GAMMA];
    s.sum += s.stays;
    return s;
}

/* d log L / d log p: the summands' own derivatives, weighted with them.  psi(z + 1) = psi(z) + 1/z
 * takes them from one to the next. */
static void add_gradient(const double *p, const struct fl_value_obs *obs, const double *prior,
                         double *out)
{
    double x = obs->x, w = 1, sum = 0, g[BGBB_PARAMS] = {0}, stays;
    double to_alpha = value_digamma(p[ALPHA] + x), to_gamma = value_digamma(p[GAMMA]);
    double to_beta = value_digamma(p[BETA] + obs->tx - x);
    double to_delta = value_digamma(p[DELTA] + obs->tx);
    double bought = value_digamma(p[ALPHA] + p[BETA] + obs->tx);
    double left = value_digamma(p[GAMMA] + p[DELTA] + obs->tx + 1);

    for (double t = obs->tx; t < obs->T; t++) {
        sum += w;
        g[ALPHA] += w * (to_alpha - bought);
        g[BETA] += w * (to_beta - bought);
        g[GAMMA] += w * (to_gamma + 1 / p[GAMMA] - left);
        g[DELTA] += w * (to_delta - left);
        w *= ratio(p, x, t);
        to_beta += 1 / (p[BETA] + t - x);
        to_delta += 1 / (p[DELTA] + t);
        bought += 1 / (p[ALPHA] + p[BETA] + t);
        left += 1 / (p[GAMMA] + p[DELTA] + t + 1);
    }
    stays = w * (p[GAMMA] + p[DELTA] + obs->T) / p[GAMMA];
    left -= 1 / (p[GAMMA] + p[DELTA] + obs->T);
    sum += stays;
    g[ALPHA] += stays * (to_alpha - bought);
    g[BETA] += stays * (to_beta - bought);
    g[GAMMA] += stays * (to_gamma - left);
    g[DELTA] += stays * (to_delta - left);
    for (int j = 0; j < BGBB_PARAMS; j++)
        out[j] += obs->n * p[j] * (g[j] / sum - prior[j]);
}

static double log_likelihood(const double *p, const struct fl_value_obs *obs, size_t n,
                             double *out_gradient)
{
    double both = value_digamma(p[ALPHA] + p[BETA]), rest = value_digamma(p[GAMMA] + p[DELTA]);
    const double prior[BGBB_PARAMS] = {
        value_digamma(p[ALPHA]) - both, value_digamma(p[BETA]) - both,
        value_digamma(p[GAMMA]) - rest, value_digamma(p[DELTA]) - rest};
    double sum = 0, total[BGBB_PARAMS] = {0};

    for (size_t i = 0; i < n; i++) {
        struct summands s = summands_of(p, &obs[i]);

        sum += obs[i].n * (s.log_first + log(s.sum));
        if (!isfinite(sum))
            return -INFINITY;
        if (out_gradient)
            add_gradient(p, &obs[i], prior, total);
    }
    for (int j = 0; out_gradient && j < BGBB_PARAMS; j++)
        out_gradient[j] = total[j];
    return sum;
}

/* Equation 11 at the next opportunity: still there at T, and not leaving before T + 1. */
static double p_alive(const double *p, const struct fl_value_obs *obs)
{
    struct summands s = summands_of(p, obs);

    return s.stays / s.sum * (p[DELTA] + obs->T) / (p[GAMMA] + p[DELTA] + obs->T);
}

/* sum_{k=1..t} P(alive at from + k | alive at from): linear between whole t. */
static double opportunities(const double *p, double from, double t)
{
    double alive = 1, sum = 0;

    for (double k = 0; k < t; k++) {
        alive *= (p[DELTA] + from + k) / (p[GAMMA] + p[DELTA] + from + k);
        sum += alive * fmin(1, t - k);
    }
    return sum;
}

static double expected(const double *p, double t)
{
    return p[ALPHA] / (p[ALPHA] + p[BETA]) * opportunities(p, 0, t);
}

/* Equation 13 over p_alive(): a customer who is there at T + 1 has that opportunity for sure. */
static double conditional_alive(const double *p, const struct fl_value_obs *obs, double t)
{
    double buys = (p[ALPHA] + obs->x) / (p[ALPHA] + p[BETA] + obs->T);

    return t <= 1 ? buys * t : buys * (1 + opportunities(p, obs->T + 1, t - 1));
}

/* Equation 7; the choice of opportunities at which was bought with each way of leaving. */
static double pmf(const double *p, int x, double t)
{
    double n = floor(t), sum = 0;
    double base = value_log_beta(p[ALPHA], p[BETA]) + value_log_beta(p[GAMMA], p[DELTA]);

    for (double i = x; i <= n; i++) {
        bool is_last = i >= n;
        double choices = gsl_sf_lnchoose((unsigned)i, (unsigned)x);

        sum += exp(choices + value_log_beta(p[ALPHA] + x, p[BETA] + i - x) +
                   value_log_beta(p[GAMMA] + (is_last ? 0 : 1), p[DELTA] + i) - base);
    }
    return sum;
}

static double survival(const double *p, double t)
{
    return exp(value_log_rising(p[DELTA], p[GAMMA]) - value_log_rising(p[DELTA] + t, p[GAMMA]));
}

const struct value_ops value_bgbb = {
    .key = "bgbb",
    .title = "BG/BB",
    .n_params = BGBB_PARAMS,
    .names = {"alpha", "beta", "gamma", "delta"},
    .fault = "whole x <= tx <= T of 1 to 10000, tx = 0 where x = 0",
    .is_valid = is_valid,
    .missing = missing,
    .start = start,
    .log_likelihood = log_likelihood,
    .p_alive = p_alive,
    .expected = expected,
    .conditional_alive = conditional_alive,
    .pmf = pmf,
    .survival = survival,
};
