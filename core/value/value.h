/*
 * Value: the models behind customer equity, as pure functions.
 *
 * FOR    appraise (scores of all customers), ops (`value fit`), plots, tests.
 * OWNS   nothing; no clock, no I/O, no store, no globals.  Money is double minor units inside.
 * MODELS BG/NBD    Fader, Hardie & Lee 2005             r alpha a b
 *        MBG/NBD   Batislam, Denizel & Filiztekin 2007  r alpha a b
 *        Pareto/NBD Schmittlein, Morrison & Colombo 1987 r alpha s beta
 *        NBD       Ehrenberg 1959                       r alpha
 *        BG/BB     Fader, Hardie & Shang 2010           alpha beta gamma delta
 *        sBG       Fader & Hardie 2007                  gamma delta
 *        BdW       Fader, Hardie, Liu, Davin & Steenburgh 2018   gamma delta c
 *        Gamma-Gamma Fader & Hardie 2013, note 025      p q v
 * NUMBERS finite for x up to 10,000 and T of 20 years: log space throughout.
 * FAILS  bad observations and bad parameters are FL_INVALID with the row and the reason; too few
 *        rows, all one-time buyers and the like are the state FL_VALUE_NOT_ENOUGH of a fit, which
 *        is no error.
 *
 *     st = fl_value_check(FL_VALUE_BGNBD, obs, n, err);
 *     n = fl_value_group(obs, n);
 *     st = fl_value_fit(FL_VALUE_BGNBD, obs, n, NULL, &fit, err);
 *     p = fl_value_p_alive(FL_VALUE_BGNBD, fit.p, &obs[0]);
 */
#ifndef FL_VALUE_VALUE_H
#define FL_VALUE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum fl_value_model {
    FL_VALUE_BGNBD = 0,
    FL_VALUE_MBGNBD,
    FL_VALUE_PARETONBD,
    FL_VALUE_NBD,
    FL_VALUE_BGBB,
    FL_VALUE_SBG,
    FL_VALUE_BDW,
    FL_VALUE_GAMMAGAMMA
};
enum {
    FL_VALUE_MODELS = FL_VALUE_GAMMAGAMMA + 1,
    FL_VALUE_PARAMS_MAX = 4,
    FL_VALUE_X_MAX = 10000,
    FL_VALUE_WHY_SIZE = 160
};

/* What a model is told of one customer, or of `n` customers of whom it is told the same.
 *     BG/NBD, MBG/NBD, Pareto/NBD, NBD
 *                  x repeat purchase days, tx time of the last one since the first (0 where x is
 * 0), T time since the first; in periods (weeks), real numbers, tx <= T BG/BB        x purchases
 * among T opportunities (whole numbers), tx the last of them (0: none) sBG, BdW     T periods
 * observed (whole number >= 1), x 1: left in period T (paid T - 1 renewals), 0: still there after
 * T; tx unused Gamma-Gamma  x >= 1 purchase days with mean value z > 0; tx and T unused */
struct fl_value_obs {
    double x, tx, T, z;
    double n; /* > 0; 1 before grouping */
};

const char *fl_value_model_key(enum fl_value_model model);   /* "bgnbd", as on the command line */
const char *fl_value_model_title(enum fl_value_model model); /* "BG/NBD" */
bool fl_value_model_parse(const char *key, enum fl_value_model *out);
size_t fl_value_params(enum fl_value_model model);
const char *fl_value_param_name(enum fl_value_model model, size_t i);

/* All rows are what the model can be told; FL_INVALID names the first that is not. */
FL_CHECK_RESULT enum fl_status fl_value_check(enum fl_value_model model,
                                              const struct fl_value_obs *obs, size_t n,
                                              struct fl_error *err);
/* Merges equal rows in place (sorts them); returns how many are left.  Order of input has no
 * effect on what follows. */
size_t fl_value_group(struct fl_value_obs *obs, size_t n);

/* Sum over obs of n * log L.  `out_gradient`, when not NULL, gets d/d(log p_j) for each parameter.
 * Parameters are > 0; -INFINITY where they are out of the model's range. */
double fl_value_log_likelihood(enum fl_value_model model, const double *p,
                               const struct fl_value_obs *obs, size_t n, double *out_gradient);

enum fl_value_state {
    FL_VALUE_FITTED = 0,
    FL_VALUE_NOT_ENOUGH, /* the data cannot tell; `why` says what is missing */
    FL_VALUE_NOT_CONVERGED
};

struct fl_value_fit_options {
    const double *start; /* one start from here; NULL: several of its own */
    int n_starts;        /* 0: the default, 3 */
    uint64_t seed;       /* of the starts beyond the first */
    int threads;         /* 0 or 1: none beside the caller's */
};

struct fl_value_fit {
    enum fl_value_model model;
    enum fl_value_state state;
    char why[FL_VALUE_WHY_SIZE]; /* of a fit: empty, or what the data hardly tell */
    double p[FL_VALUE_PARAMS_MAX];
    double se[FL_VALUE_PARAMS_MAX]; /* of p, by the delta method; NAN where the Hessian is flat */
    double covariance[FL_VALUE_PARAMS_MAX][FL_VALUE_PARAMS_MAX]; /* of log p; flat directions out */
    double log_likelihood;
    int iterations;        /* evaluations of the likelihood over all starts */
    int starts;            /* that were tried, on a sample of the rows where there are many */
    int starts_agreed;     /* that ended at the same optimum */
    const char *optimiser; /* "NLopt L-BFGS" */
    double customers;      /* sum of n */
    size_t rows;           /* grouped */
};

/* Maximum likelihood over log p with the analytic gradient, best of several starts, gradient and
 * Hessian checked at the end.  The caller groups.  FL_INVALID: bad rows. */
FL_CHECK_RESULT enum fl_status fl_value_fit(enum fl_value_model model,
                                            const struct fl_value_obs *obs, size_t n,
                                            const struct fl_value_fit_options *options,
                                            struct fl_value_fit *out, struct fl_error *err);

/* ---- which model -----------------------------------------------------------------------------*/

/* Shop purchases: fits each of `models` on what was known at the end of a calibration period and
 * takes the one under which the time after it was most likely: the sum of
 * n (log L(until) - log L(before)).  `before` and `until` are the same customers in the same order
 * at the two dates (not grouped).  BG/NBD is left out where more than half never came back: it
 * calls them all alive.  *out is fitted on `until`; out_scores[i] the log-likelihood of the
 * hold-out by models[i], NAN where it was left out. */
FL_CHECK_RESULT enum fl_status fl_value_choose(const enum fl_value_model *models, size_t n_models,
                                               const struct fl_value_obs *before,
                                               const struct fl_value_obs *until, size_t n,
                                               const struct fl_value_fit_options *options,
                                               struct fl_value_fit *out, double *out_scores,
                                               char out_why[FL_VALUE_WHY_SIZE],
                                               struct fl_error *err);
/* Subscriptions: sBG, or BdW where a likelihood-ratio test at 5 % shows duration dependence. */
FL_CHECK_RESULT enum fl_status fl_value_choose_contract(const struct fl_value_obs *obs, size_t n,
                                                        const struct fl_value_fit_options *options,
                                                        struct fl_value_fit *out,
                                                        char out_why[FL_VALUE_WHY_SIZE],
                                                        struct fl_error *err);

/* ---- what a fitted model says (periods as in the observations; p as fitted) -------------------*/

/* P(still a customer at T | what was seen), [0,1].  sBG and BdW: 1 where x = 0, else 0. NBD: 1. */
double fl_value_p_alive(enum fl_value_model model, const double *p, const struct fl_value_obs *obs);
/* E[purchases in (0, t]] of a new customer; sBG, BdW: expected renewals. */
double fl_value_expected(enum fl_value_model model, const double *p, double t);
/* E[purchases in (T, T+t] | obs]; with is_alive also given that the customer is alive at T:
 * the first is P(alive) times the second. */
double fl_value_conditional(enum fl_value_model model, const double *p,
                            const struct fl_value_obs *obs, double t, bool is_alive);
/* P(at least one purchase in (T, T+t] | obs) = 1 - L(x, tx, T + t) / L(x, tx, T).  Not for
 * Gamma-Gamma; sBG, BdW: P(still there after T + t). */
double fl_value_p_active(enum fl_value_model model, const double *p, const struct fl_value_obs *obs,
                         double t);
/* P(X(t) = x) for a new customer; BG/NBD, NBD, Pareto/NBD, MBG/NBD, BG/BB. */
double fl_value_pmf(enum fl_value_model model, const double *p, int x, double t);
/* P(a new customer is still one after t). sBG: S(t) = B(gamma, delta + t) / B(gamma, delta). */
double fl_value_survival(enum fl_value_model model, const double *p, double t);
/* sBG, BdW: P(renews at t | was there at t - 1). */
double fl_value_retention(enum fl_value_model model, const double *p, double t);
/* Gamma-Gamma: E[mean value per purchase day | x days with mean z] = p (v + x z) / (p x + q - 1);
 * x 0: the population's mean p v / (q - 1), which needs q > 1 (else NAN). */
double fl_value_spend(const double *p, double x, double z);

/* Discounting: yearly rate, period length in days, whole periods ahead.
 * delta_k = (1 + rate) ^ (-k * period_days / 365). */
struct fl_value_horizon {
    int periods;
    double yearly_rate;
    double period_days;
};
enum { FL_VALUE_NODES_MAX = 64, FL_VALUE_HORIZON_MAX = 5200 };

/* sum_{k=1..H} delta_k E[dY(k) | alive at T], discounted expected residual purchases.  Written as a
 * sum over few nodes t_j with fixed weights (summation by parts, then interpolation), made once for
 * a horizon, so that a customer costs `n` evaluations of the conditional expectation; held to the
 * plain sum within 1e-6 relative.  sBG, BdW: residual renewals of somebody still there. */
struct fl_value_residual {
    size_t n;
    double t[FL_VALUE_NODES_MAX], weight[FL_VALUE_NODES_MAX];
    struct fl_value_horizon horizon;
};
FL_CHECK_RESULT enum fl_status fl_value_residual_init(struct fl_value_residual *residual,
                                                      const struct fl_value_horizon *horizon,
                                                      struct fl_error *err);
double fl_value_residual_of(const struct fl_value_residual *residual, enum fl_value_model model,
                            const double *p, const struct fl_value_obs *obs);
/* The plain sum, for `explain` and tests. */
double fl_value_residual_plain(const struct fl_value_horizon *horizon, enum fl_value_model model,
                               const double *p, const struct fl_value_obs *obs);

#endif
