/*
 * Commitment: the probability that the lifetime value is realised.
 *
 *     logit CL = logit p + sum_j w_j s_j
 *
 * p is P(alive) (or conditional survival); s_j are attitude signals in [-1, 1], decayed by age with
 * a half-life and 0 when nothing is known, so that CL = p exactly where no attitude is known.
 * Weights start at documented defaults and are learned, where enough customers carry signals, by
 * logistic regression with a ridge toward those defaults.
 * Source: Park & Kim 2002, table 1 (CE = LTV x CL); the shift in log-odds is ours.
 * Pure: no clock (ages are given), no I/O.
 */
#ifndef FL_VALUE_COMMITMENT_H
#define FL_VALUE_COMMITMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum fl_signal {
    FL_SIGNAL_SATISFACTION = 0, /* latest answer on its scale: 2 (v - low) / (high - low) - 1 */
    FL_SIGNAL_COMMITMENT,       /* stated commitment, the same */
    FL_SIGNAL_ADVOCACY,         /* "recommend", 0..10, the same */
    FL_SIGNAL_OPEN_COMPLAINT,   /* 1 while one is open; does not decay */
    FL_SIGNAL_SETTLED,          /* 1: a complaint was settled within the time set, decays */
    FL_SIGNAL_REFERRAL,         /* 1 - exp(-sum of decayed referrals) */
    FL_SIGNAL_ENGAGEMENT,       /* 1 - exp(-sum of decayed contacts / 3): replies, human clicks,
                                   survey answers; never opens, robots or automatic replies */
    FL_SIGNAL_OPT_OUT           /* 1: some purpose or channel was withdrawn, decays */
};
enum { FL_SIGNALS = FL_SIGNAL_OPT_OUT + 1 };

const char *fl_signal_key(enum fl_signal signal); /* "satisfaction", ... as in the settings */
bool fl_signal_parse(const char *key, enum fl_signal *out);
const char *fl_signal_help(enum fl_signal signal); /* one line */
/* In log-odds for s = 1: satisfaction 0.6 commitment 0.8 advocacy 0.5 open_complaint -1.0
 * settled 0.3 referral 0.4 engagement 0.5 opt_out -0.8. */
double fl_signal_default_weight(enum fl_signal signal);

/* One thing a customer said or did. */
struct fl_signal_line {
    enum fl_signal signal;
    double value, low, high; /* ratings; counts and flags: 1, 0, 1 */
    double age_days;         /* >= 0 */
    int64_t event;           /* what it comes from, for `explain` */
};

struct fl_commitment_settings {
    double weight[FL_SIGNALS];
    double half_life_days;    /* > 0, default 180 */
    double settled_hours_max; /* default 48; used by who makes the lines */
};
void fl_commitment_defaults(struct fl_commitment_settings *out);

/* s_j of a customer's lines.  Ratings: the youngest counts (of equal age the last in order); flags:
 * the strongest.  Lines that say nothing (an empty scale, an age below 0, a value that is not
 * finite) are left out.  *out_is_known: some line said something. */
void fl_commitment_signals(const struct fl_commitment_settings *settings,
                           const struct fl_signal_line *lines, size_t n, double out_s[FL_SIGNALS],
                           bool *out_is_known);

/* CL from p and s; exactly p where they shift nothing, NAN where p is.  p is kept within [1e-9, 1 -
 * 1e-9] for a shift. */
double fl_commitment_level(const struct fl_commitment_settings *settings, double p,
                           const double s[FL_SIGNALS]);

/* Learning on a hold-out window: `p` the model's probability of a purchase in it as seen at its
 * beginning, `s` the signals of then, `stayed` whether there was one. */
struct fl_commitment_sample {
    double p;
    double s[FL_SIGNALS];
    bool stayed;
};
enum { FL_COMMITMENT_SAMPLES_MIN = 500, FL_COMMITMENT_BINS = 10, FL_COMMITMENT_FOLDS = 5 };

struct fl_commitment_bin { /* of the calibration table, by decile of the prediction */
    double n, predicted, observed, observed_low, observed_high; /* Wilson 95 % */
};
struct fl_commitment_report {
    bool is_learned;       /* else the defaults (or none) are in force, and `why` says why */
    bool are_signals_used; /* false: signals made the prediction worse, the weights are all 0 */
    char why[160];
    size_t n, n_with_signals;
    double weight[FL_SIGNALS]; /* in force */
    double se[FL_SIGNALS];     /* of learned ones, with the ridge as their prior; else 0 */
    double intercept;          /* of the fit; not used for CL */
    double auc, auc_p; /* of what is in force, learned weights cross-validated; of p alone */
    double brier, brier_p;
    struct fl_commitment_bin bins[FL_COMMITMENT_BINS];
    size_t n_bins;
};
/* Ridge toward the settings' weights (penalty ridge / 2 x squared distance; 0: 10), Newton steps,
 * five folds by the sample's place.  Learned weights are taken only where the cross-validated Brier
 * score is not worse than the defaults'; weights are 0 where even those are worse than p alone.
 * Never fails on data: says why not. FL_IO: memory. */
FL_CHECK_RESULT enum fl_status fl_commitment_learn(const struct fl_commitment_settings *settings,
                                                   const struct fl_commitment_sample *samples,
                                                   size_t n, double ridge,
                                                   struct fl_commitment_report *out,
                                                   struct fl_error *err);

/* Area under the ROC curve with ties at half; NAN where one class is empty.  Mean squared error of
 * a probability.  Calibration: up to FL_COMMITMENT_BINS bins of equal size. */
FL_CHECK_RESULT enum fl_status fl_commitment_measure(const double *predicted, const bool *stayed,
                                                     size_t n, double *out_auc, double *out_brier,
                                                     struct fl_commitment_bin *bins,
                                                     size_t *out_n_bins, struct fl_error *err);

#endif
