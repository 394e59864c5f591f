/* Inside the room: one table row a model, and the special functions they share. */
#ifndef FL_VALUE_PRIVATE_H
#define FL_VALUE_PRIVATE_H

#include "value/value.h"

/* One model.  Functions that a model has no use for are NULL. */
struct value_ops {
    const char *key, *title;
    size_t n_params;
    const char *names[FL_VALUE_PARAMS_MAX];
    const char *fault; /* what an observation must be, for the error */
    bool (*is_valid)(const struct fl_value_obs *obs);
    /* NULL: enough to try a fit; else what is missing. */
    const char *(*missing)(const struct fl_value_obs *obs, size_t n);
    /* A start for the fit from the data; p > 0. */
    void (*start)(const struct fl_value_obs *obs, size_t n, double *p);
    /* Sum of n log L and, unless NULL, its gradient in log p. */
    double (*log_likelihood)(const double *p, const struct fl_value_obs *obs, size_t n,
                             double *out_gradient);
    double (*p_alive)(const double *p, const struct fl_value_obs *obs);
    double (*expected)(const double *p, double t);
    double (*conditional_alive)(const double *p, const struct fl_value_obs *obs, double t);
    double (*pmf)(const double *p, int x, double t);
    double (*survival)(const double *p, double t);
};

/* By enum fl_value_model (value_table.c). */
extern const struct value_ops *const value_table[FL_VALUE_MODELS];

extern const struct value_ops value_bgnbd, value_mbgnbd, value_paretonbd, value_nbd, value_bgbb,
    value_sbg, value_bdw, value_gammagamma;

/* ---- special functions (value_math.c); all finite where the result is representable -----------*/
double value_log_beta(double a, double b);
/* log Gamma(a + k) - log Gamma(a) for k >= 0, without cancellation. */
double value_log_rising(double a, double k);
double value_digamma(double x);
/* digamma(a + k) - digamma(a) for k >= 0. */
double value_digamma_rising(double a, double k);
double value_log1mexp(double x);                 /* log(1 - e^x), x < 0 */
double value_log_sum(double a, double b);        /* log(e^a + e^b) */
double value_log_difference(double a, double b); /* log(e^a - e^b), a > b */
/* log 2F1(a, b; c; z) for a, b, c > 0 and 0 <= z < 1, by series in log space with scaling; Euler's
 * and Pfaff's forms where they converge faster. */
double value_log_2f1(double a, double b, double c, double z);
/* log of the mean of exp(log_h(p, q)) over p ~ Beta(a, b), q = 1 - p, by the trapezium rule in
 * logit p, whose error falls exponentially.  `log_h` has to be smooth, and level but for e^-37
 * where logit p is below -low - 37 or above high + 37. */
double value_log_beta_mean(double a, double b, double low, double high,
                           double (*log_h)(const void *context, double p, double q),
                           const void *context);

/* ---- what BG/NBD and MBG/NBD share (value_bgnbd.c) --------------------------------------------
 * They differ in one thing: `first` is 1 where a customer may leave right after the first purchase
 * (MBG/NBD), so that the chance of leaving was met y = x + first times. */
double value_bg_log_likelihood(const double *p, const struct fl_value_obs *obs, size_t n, int first,
                               double *out_gradient);
double value_bg_p_alive(const double *p, const struct fl_value_obs *obs, int first);
double value_bg_pmf(const double *p, int x, double t, int first);
double value_bg_survival(const double *p, double t, int first);
double value_bg_conditional_alive(const double *p, const struct fl_value_obs *obs, double t,
                                  int first);
void value_bg_start(const struct fl_value_obs *obs, size_t n, double *p);

/* Observations of purchases in real time; for BG/NBD, MBG/NBD, Pareto/NBD and NBD (value.c). */
extern const char value_purchases_fault[];
bool value_purchases_are_valid(const struct fl_value_obs *obs);
const char *value_purchases_missing(const struct fl_value_obs *obs, size_t n);

/* ---- the sum over rows (value.c) -------------------------------------------------------------*/

/* Rows are summed in chunks of this many and the chunks in their order, so that the number of
 * threads has no effect on the last bit. */
enum { VALUE_CHUNK_ROWS = 8192 };
struct value_partial {
    double log_likelihood, gradient[FL_VALUE_PARAMS_MAX];
};
/* `partial` has room for one entry a chunk where `threads` is above 1; else NULL will do. */
double value_sum(const struct value_ops *ops, const double *p, const struct fl_value_obs *obs,
                 size_t n, int threads, struct value_partial *partial, double *out_gradient);

/* ---- integrals (value_integral.c) -------------------------------------------------------------*/
/* y^p (a + y)^-q (b + y)^-w over v = log(y / ref), as a multiple of its value at v = 0; p, q and w
 * such that it is log-concave: p <= 1 or a, b > 0, and q, w >= 0. */
struct value_integrand {
    double p, a, q, b, w, ref;
};
struct value_integral {
    double log_sum;              /* -INFINITY: nothing; then the means are 0 */
    double log_a, log_b;         /* means of log((a + y) / (a + ref)) */
    double inverse_a, inverse_b; /* means of 1 / (a + y) */
};
/* lo may be -INFINITY where p > 0 and a, b > 0. */
void value_integrate(const struct value_integrand *f, double lo, double hi,
                     struct value_integral *out);

/* ---- NBD, for Pareto/NBD (value_nbd.c) --------------------------------------------------------*/
/* log P(X(t) = x) of somebody who stays. */
double value_nbd_log_pmf(double r, double alpha, int x, double t);

/* fl_value_fit() of checked rows, in the unit they are in (value_fit.c). */
FL_CHECK_RESULT enum fl_status value_fit_as_it_is(enum fl_value_model model,
                                                  const struct fl_value_obs *obs, size_t n,
                                                  const struct fl_value_fit_options *options,
                                                  struct fl_value_fit *out, struct fl_error *err);

#endif
