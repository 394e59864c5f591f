#include <math.h>

#include "value/value_private.h"

/* Schmittlein, Morrison & Colombo 1987.  Their likelihood, and Fader & Hardie's with the difference
 * of two 2F1, is what is left of
 *     Gamma(r + x) / Gamma(r) alpha^r beta^s
 *         { (alpha + T)^-(r + x) (beta + T)^-s
 *           + s integral_tx^T (alpha + t)^-(r + x) (beta + t)^-(s + 1) dt }
 * once the death at t is integrated out.  Here the integral itself is taken: every term of it is
 * positive, so that nothing cancels whatever x, tx close to T, or alpha against beta, and the
 * gradient comes from the same nodes. */
enum { R, ALPHA, S, BETA };

/* What is the same for all rows. */
struct constants {
    const double *p;
    double log_alpha, log_s, log_ratio; /* of the lesser of alpha and beta to beta */
    double least;
};

/* What the likelihood of one row is made of; of the two terms alpha^r beta^s is taken out, and
 * alpha^-x. */
struct parts {
    double log_alive, log_left; /* the two terms in braces */
    double p_alive;
    double log_a_T, log_b_T, log_a_tx, log_b_tx; /* log((alpha + T) / alpha) ... */
    struct value_integral integral;
};

static struct constants constants_of(const double *p)
{
    double least = fmin(p[ALPHA], p[BETA]);

    return (struct constants){.p = p,
                              .log_alpha = log(p[ALPHA]),
                              .log_s = log(p[S]),
                              .log_ratio = log(least / p[BETA]),
                              .least = least};
}

static void parts_of(const struct constants *at, const struct fl_value_obs *obs, struct parts *out)
{
    const double *p = at->p;
    double ref = at->least + obs->tx, rx = p[R] + obs->x, log_ref;
    struct value_integrand f = {.p = 1,
                                .a = p[ALPHA] - at->least,
                                .q = rx,
                                .b = p[BETA] - at->least,
                                .w = p[S] + 1,
                                .ref = ref};

    value_integrate(&f, 0, log1p((obs->T - obs->tx) / ref), &out->integral);
    out->log_a_T = log1p(obs->T / p[ALPHA]);
    out->log_b_T = log1p(obs->T / p[BETA]);
    out->log_a_tx = log1p(obs->tx / p[ALPHA]);
    out->log_b_tx = log1p(obs->tx / p[BETA]);
    log_ref = at->log_ratio + (p[ALPHA] < p[BETA] ? out->log_a_tx : out->log_b_tx);
    out->log_alive = -rx * out->log_a_T - p[S] * out->log_b_T;
    out->log_left = at->log_s + log_ref - rx * out->log_a_tx - (p[S] + 1) * out->log_b_tx +
                    out->integral.log_sum;
    out->p_alive = 1 / (1 + exp(out->log_left - out->log_alive));
}

/* d log L / d log p of one row, n times; `rising` is psi(r + x) - psi(r). */
static void gradient_add(const double *p, const struct fl_value_obs *obs, const struct parts *parts,
                         double rising, double *gradient)
{
    double alive = parts->p_alive, left = 1 - alive, rx = p[R] + obs->x;
    const struct value_integral *mean = &parts->integral;
    double log_a = alive * parts->log_a_T + left * (parts->log_a_tx + mean->log_a);
    double log_b = alive * parts->log_b_T + left * (parts->log_b_tx + mean->log_b);
    double a = alive / (p[ALPHA] + obs->T) + left * mean->inverse_a;
    double b = alive * p[S] / (p[BETA] + obs->T) + left * (p[S] + 1) * mean->inverse_b;

    gradient[R] += obs->n * p[R] * (rising - log_a);
    gradient[ALPHA] += obs->n * (p[R] - rx * p[ALPHA] * a);
    gradient[S] += obs->n * (left - p[S] * log_b);
    gradient[BETA] += obs->n * (p[S] - p[BETA] * b);
}

static double log_likelihood(const double *p, const struct fl_value_obs *obs, size_t n,
                             double *out_gradient)
{
    const struct constants at = constants_of(p);
    double sum = 0, gradient[FL_VALUE_PARAMS_MAX] = {0}, log_rising = 0, rising = 0, x = 0;

    for (size_t i = 0; i < n; i++) {
        struct parts parts;

        if (obs[i].x > x || obs[i].x < x) { /* grouped rows are sorted: it changes seldom */
            x = obs[i].x;
            log_rising = value_log_rising(p[R], x) - x * at.log_alpha;
            rising = value_digamma_rising(p[R], x);
        }
        parts_of(&at, &obs[i], &parts);
        sum += obs[i].n * (log_rising + value_log_sum(parts.log_alive, parts.log_left));
        if (out_gradient)
            gradient_add(p, &obs[i], &parts, rising, gradient);
    }
    for (size_t j = 0; out_gradient && j < value_paretonbd.n_params; j++)
        out_gradient[j] = gradient[j];
    return isnan(sum) ? -INFINITY : sum;
}

static double p_alive(const double *p, const struct fl_value_obs *obs)
{
    const struct constants at = constants_of(p);
    struct parts parts;

    parts_of(&at, obs, &parts);
    return parts.p_alive;
}

/* Mean life within t of somebody whose death rate is Gamma(s, beta):
 * beta / (s - 1) (1 - (beta / (beta + t))^(s - 1)), also where s is 1. */
static double mean_life(double s, double beta, double t)
{
    double log_t = log1p(t / beta), y = (s - 1) * log_t;

    return beta * log_t * (fabs(y) > 0 ? -expm1(-y) / y : 1);
}

static double expected(const double *p, double t)
{
    return p[R] / p[ALPHA] * mean_life(p[S], p[BETA], t);
}

/* Alive at T, the rates are Gamma(r + x, alpha + T) and Gamma(s, beta + T), independent. */
static double conditional_alive(const double *p, const struct fl_value_obs *obs, double t)
{
    return (p[R] + obs->x) / (p[ALPHA] + obs->T) * mean_life(p[S], p[BETA] + obs->T, t);
}

/* Of those alive at t, and of those who left before: the NBD up to the death, over its density. */
static double pmf(const double *p, int x, double t)
{
    struct value_integrand f = {
        .p = x + 1.0, .a = p[ALPHA], .q = p[R] + x, .b = p[BETA], .w = p[S] + 1, .ref = t};
    struct value_integral integral;
    double log_alive, log_left;

    if (x < 0 || !(t > 0))
        return x == 0 ? 1 : 0;
    value_integrate(&f, -INFINITY, 0, &integral);
    log_alive = value_nbd_log_pmf(p[R], p[ALPHA], x, t) - p[S] * log1p(t / p[BETA]);
    /* the same at t, times the density of a death there and dt / d log t */
    log_left = log_alive + log(p[S]) - log1p(p[BETA] / t) + integral.log_sum;
    return fmin(exp(value_log_sum(log_alive, log_left)), 1);
}

static double survival(const double *p, double t)
{
    return exp(-p[S] * log1p(t / p[BETA]));
}

static void start(const struct fl_value_obs *obs, size_t n, double *p)
{
    value_nbd.start(obs, n, p);
    p[S] = 1;
    p[BETA] = p[ALPHA];
}

const struct value_ops value_paretonbd = {.key = "paretonbd",
                                          .title = "Pareto/NBD",
                                          .n_params = 4,
                                          .names = {"r", "alpha", "s", "beta"},
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
