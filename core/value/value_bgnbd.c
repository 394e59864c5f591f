/* BG/NBD: Fader, Hardie & Lee (2005), "Counting your customers" the easy way.  The purchase rate is
 * gamma (r, alpha) over customers, the chance p of leaving after a purchase beta (a, b).
 *
 * MBG/NBD (Batislam et al. 2007) lets a customer leave after the first purchase too.  With
 * y = x + first both have
 *     log L = log (r)_x + r log alpha - (r + x) log(alpha + T) + log (b)_y - log (a + b)_y
 *             + log(1 + e^d),   d = log(a / (b + y - 1)) + (r + x) log((alpha + T)/(alpha + tx)),
 * the last term only where y > 0; e^d are the odds of having left. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "value/value_private.h"

enum { R, ALPHA, A, B, PARAMS };

/* What a row's x alone decides.  Few x occur, so that they are kept for as long as p holds. */
struct x_terms {
    double x;
    double log_rising, log_odds, inverse; /* inverse = 1 / (b + y - 1), 0 where y is 0 */
    double d_r, d_a, d_b;
};
enum { X_KEPT = 64 };

static void x_terms_fill(struct x_terms *terms, const double *p, double x, int first,
                         bool has_gradient)
{
    double y = x + first;

    terms->x = x;
    terms->log_rising =
        value_log_rising(p[R], x) + value_log_rising(p[B], y) - value_log_rising(p[A] + p[B], y);
    terms->log_odds = y > 0 ? log(p[A]) - log(p[B] + y - 1) : -INFINITY;
    terms->inverse = y > 0 ? 1 / (p[B] + y - 1) : 0;
    if (!has_gradient)
        return;
    terms->d_r = value_digamma_rising(p[R], x);
    terms->d_a = -value_digamma_rising(p[A] + p[B], y);
    terms->d_b = value_digamma_rising(p[B], y) + terms->d_a;
}

/* log(1 + e^d) and e^d / (1 + e^d). */
static double softplus(double d, double *out_share)
{
    double e = exp(-fabs(d));

    *out_share = (d > 0 ? 1 : e) / (1 + e);
    return (d > 0 ? d : 0) + log(1 + e); /* its error is absolute, as that of log L */
}

/* log(alpha + t) and 1 / (alpha + t) of the last t: grouped rows share tx in runs. */
struct time_terms {
    double t, log, inverse;
};

static const struct time_terms *time_terms_of(struct time_terms *terms, double alpha, double t)
{
    if (terms->t < t || terms->t > t) {
        terms->t = t;
        terms->log = log(alpha + t);
        terms->inverse = 1 / (alpha + t);
    }
    return terms;
}

static double row_log_likelihood(const double *p, const struct x_terms *terms,
                                 struct time_terms *last, const struct fl_value_obs *o,
                                 double *gradient)
{
    double shape = p[R] + o->x, log_until = log(p[ALPHA] + o->T), log_since = 0, share = 0;
    double left = 0;

    if (terms->inverse > 0) {
        log_since = log_until - time_terms_of(last, p[ALPHA], o->tx)->log;
        left = softplus(terms->log_odds + shape * log_since, &share);
    }
    if (gradient) {
        double inverse_until = 1 / (p[ALPHA] + o->T);

        gradient[R] += o->n * (terms->d_r - log_until + share * log_since);
        gradient[ALPHA] -= o->n * shape * (inverse_until + share * (last->inverse - inverse_until));
        gradient[A] += o->n * (p[A] * terms->d_a + share);
        gradient[B] += o->n * (terms->d_b - share * terms->inverse);
    }
    return o->n * (terms->log_rising - shape * log_until + left);
}

double value_bg_log_likelihood(const double *p, const struct fl_value_obs *obs, size_t n, int first,
                               double *out_gradient)
{
    struct x_terms kept[X_KEPT];
    struct time_terms last = {.t = -1};
    double sum = 0, customers = 0, gradient[PARAMS] = {0};

    for (size_t i = 0; i < X_KEPT; i++)
        kept[i].x = -1;
    for (size_t i = 0; i < n; i++) {
        struct x_terms *terms = &kept[(size_t)obs[i].x % X_KEPT];

        if (terms->x < obs[i].x || terms->x > obs[i].x)
            x_terms_fill(terms, p, obs[i].x, first, out_gradient != NULL);
        sum += row_log_likelihood(p, terms, &last, &obs[i], out_gradient ? gradient : NULL);
        customers += obs[i].n;
    }
    if (out_gradient) {
        out_gradient[R] = p[R] * (gradient[R] + customers * log(p[ALPHA]));
        out_gradient[ALPHA] = p[ALPHA] * gradient[ALPHA] + customers * p[R];
        out_gradient[A] = gradient[A];
        out_gradient[B] = p[B] * gradient[B];
    }
    return sum + customers * p[R] * log(p[ALPHA]);
}

void value_bg_start(const struct fl_value_obs *obs, size_t n, double *p)
{
    double purchases = 0, time = 0;

    for (size_t i = 0; i < n; i++) {
        purchases += obs[i].n * obs[i].x;
        time += obs[i].n * obs[i].T;
    }
    /* A wide spread of rates around the mean rate seen, and one in three leaving. */
    p[R] = 0.5;
    p[ALPHA] = p[R] * time / purchases;
    p[A] = 1;
    p[B] = 2;
}

double value_bg_p_alive(const double *p, const struct fl_value_obs *obs, int first)
{
    double y = obs->x + first, share;

    if (!(y > 0))
        return 1;
    softplus(log(p[B] + y - 1) - log(p[A]) +
                 (p[R] + obs->x) * log((p[ALPHA] + obs->tx) / (p[ALPHA] + obs->T)),
             &share);
    return share;
}

/* ---- purchases to come -----------------------------------------------------------------------*/

/* Somebody alive whose rate is gamma (shape, rate) and whose p is beta (a, b): purchases to come in
 * t are the mean of (1 - (1 + p t / rate)^-shape) / p. */
struct prospect {
    double shape, rate, a, b;
};

/* Euler's form of Fader, Hardie & Lee's equation 10, with e = a - 1, c = a + b - 1,
 * z = t / (rate + t):
 *     c / e (1 - (1 - z)^e 2F1(c - shape, e; c; z))
 * divided through by e and c term by term, so that a = 1 and a + b = 1 are like any other: with
 * g = ((1 - z)^e - 1) / e it is -(c g + (1 - z)^e S), S = c (2F1 - 1) / e.  False where the terms
 * cancel or are too many. */
static bool prospect_series(const struct prospect *q, double t, double *out)
{
    enum { TERMS_MAX = 1000 };
    const double cancelled = 1e-4, enough = 1e-17;
    double z = t / (q->rate + t), log_rest = -log1p(t / q->rate);
    double e = q->a - 1, c = q->a + q->b - 1, first = c - q->shape;
    double g = fabs(e) > 0 ? expm1(e * log_rest) / e : log_rest, power = exp(e * log_rest);
    double term = first * z, sum = term, size = fabs(term), result;
    int k = 1;

    for (; fabs(term) > enough * size && k < TERMS_MAX; k++) {
        term *= (first + k) * (q->a + k - 1) / ((c + k) * (k + 1)) * z;
        sum += term;
        size += fabs(term);
    }
    result = -(c * g + power * sum);
    *out = result;
    return k < TERMS_MAX && result > cancelled * (fabs(c * g) + power * size);
}

struct prospect_kernel {
    double shape, scaled; /* scaled = t / rate */
};

static double log_prospect_kernel(const void *context, double p, double q)
{
    const struct prospect_kernel *kernel = context;

    (void)q;
    return log(-expm1(-kernel->shape * log1p(p * kernel->scaled)) / p);
}

static double prospect_expected(const struct prospect *q, double t)
{
    struct prospect_kernel kernel = {.shape = q->shape, .scaled = t / q->rate};
    double result;

    if (prospect_series(q, t, &result))
        return result;
    return exp(value_log_beta_mean(q->a, q->b, log1p((q->shape + 1) * kernel.scaled),
                                   log1p(q->shape), log_prospect_kernel, &kernel));
}

double value_bg_conditional_alive(const double *p, const struct fl_value_obs *obs, double t,
                                  int first)
{
    struct prospect prospect = {
        .shape = p[R] + obs->x, .rate = p[ALPHA] + obs->T, .a = p[A], .b = p[B] + obs->x + first};

    return prospect_expected(&prospect, t);
}

double value_bg_survival(const double *p, double t, int first)
{
    double b = p[B] + first, z = t / (p[ALPHA] + t);
    double stayed = first ? p[B] / (p[A] + p[B]) : 1;

    return stayed * exp(-p[R] * log1p(t / p[ALPHA]) + value_log_2f1(p[R], b, p[A] + b, z));
}

double value_bg_pmf(const double *p, int x, double t, int first)
{
    double z = t / (p[ALPHA] + t), y = x + first, whole = p[A] + p[B], here, left = 0;

    if (!(t > 0))
        return x == 0 ? 1 : 0;
    here = exp(value_log_rising(p[B], y) - value_log_rising(whole, y) + value_log_rising(p[R], x) -
               value_log_rising(1, x) - p[R] * log1p(t / p[ALPHA]) + (x > 0 ? x * log(z) : 0));
    if (y > 0)
        left = exp(log(p[A]) + value_log_rising(p[B], y - 1) - value_log_rising(whole, y)) *
               (x > 0 ? gsl_cdf_beta_P(z, x, p[R]) : 1);
    return here + left;
}

/* ---- the model -------------------------------------------------------------------------------*/

static double bgnbd_log_likelihood(const double *p, const struct fl_value_obs *obs, size_t n,
                                   double *out_gradient)
{
    return value_bg_log_likelihood(p, obs, n, 0, out_gradient);
}

static double bgnbd_p_alive(const double *p, const struct fl_value_obs *obs)
{
    return value_bg_p_alive(p, obs, 0);
}

static double bgnbd_conditional_alive(const double *p, const struct fl_value_obs *obs, double t)
{
    return value_bg_conditional_alive(p, obs, t, 0);
}

static double bgnbd_expected(const double *p, double t)
{
    static const struct fl_value_obs newcomer = {.n = 1};

    return value_bg_conditional_alive(p, &newcomer, t, 0);
}

static double bgnbd_pmf(const double *p, int x, double t)
{
    return value_bg_pmf(p, x, t, 0);
}

static double bgnbd_survival(const double *p, double t)
{
    return value_bg_survival(p, t, 0);
}

const struct value_ops value_bgnbd = {
    .key = "bgnbd",
    .title = "BG/NBD",
    .n_params = PARAMS,
    .names = {"r", "alpha", "a", "b"},
    .fault = value_purchases_fault,
    .is_valid = value_purchases_are_valid,
    .missing = value_purchases_missing,
    .start = value_bg_start,
    .log_likelihood = bgnbd_log_likelihood,
    .p_alive = bgnbd_p_alive,
    .expected = bgnbd_expected,
    .conditional_alive = bgnbd_conditional_alive,
    .pmf = bgnbd_pmf,
    .survival = bgnbd_survival,
};
