/*
 * Position: where a relationship stands against the fair-value line, and what follows from it.
 * Park & Kim 2002, figures 2 and 3.
 *
 *     cv, ce in (0,1): mid-rank percentiles in the valued population, or (scale = money)
 *                      Phi of the log ratio against the population's median
 *     line             ce = intercept + slope cv
 *     d                signed distance of (cv, ce) from it, > 0 where the customer receives more:
 *                      (intercept + slope cv - ce) / sqrt(1 + slope^2);  (cv - ce) / sqrt 2 at
 *                      the defaults
 * Pure.
 */
#ifndef FL_VALUE_POSITION_H
#define FL_VALUE_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Stored as these numbers. */
enum fl_zone {
    FL_ZONE_N = 0,  /* too little data: learn */
    FL_ZONE_I = 1,  /* the customer receives more than the firm earns */
    FL_ZONE_II = 2, /* the firm earns more than the customer receives; defection risk */
    FL_ZONE_III = 3 /* fair */
};
enum { FL_ZONES = 4 };
const char *fl_zone_name(enum fl_zone zone); /* "N" "I" "II" "III" */
bool fl_zone_parse(const char *name, enum fl_zone *out);

enum fl_score_state {
    FL_SCORE_VALUED = 0,
    FL_SCORE_NOT_ENOUGH, /* no purchase, no subscription, or no model fits */
    FL_SCORE_OBJECTED    /* to profiling: nothing is computed or kept */
};
const char *fl_score_state_name(enum fl_score_state state); /* "valued" "not enough data" ... */

enum fl_position_scale { FL_SCALE_RANK = 0, FL_SCALE_MONEY };

struct fl_position_settings {
    double intercept, slope; /* 0, 1 */
    double band;             /* delta, 0.15 */
    double level;            /* 0.8: certainty that is wanted for I and II */
    enum fl_position_scale scale;
};
void fl_position_defaults(struct fl_position_settings *out);

/* Mid-ranks in (0,1): (number below + half of the equal ones, itself among them) / n.  `values` in
 * any order, none NAN; n >= 1.  FL_IO: memory. */
FL_CHECK_RESULT enum fl_status fl_position_ranks(const double *values, size_t n, double *out,
                                                 struct fl_error *err);

/* Ascending, in place; none NAN.  For quantiles, medians and references.  FL_IO: memory. */
FL_CHECK_RESULT enum fl_status fl_position_sort(double *values, size_t n, struct fl_error *err);
/* Scale = money: Phi(log(value / median)), within (0,1).  What is below one minor unit counts as
 * one, so that losses have a place too. */
double fl_position_money(double value, double median);

/* A population of which only quantiles are kept, so that one customer can be placed in it later:
 * exact for up to FL_REFERENCE_SIZE customers. */
enum { FL_REFERENCE_SIZE = 1024 };
struct fl_reference {
    size_t n; /* values kept */
    double population;
    double value[FL_REFERENCE_SIZE]; /* ascending */
};
/* `sorted` ascending. */
void fl_reference_init(struct fl_reference *reference, const double *sorted, size_t n);
/* Rank in (0,1) of a value in the population: its mid-rank, within 1 / FL_REFERENCE_SIZE where the
 * population is larger than that. */
double fl_reference_rank(const struct fl_reference *reference, double value);

struct fl_position {
    double cv, ce, distance;
    double certainty; /* P(d on this side beyond the band), of III: P(within it) */
    enum fl_zone zone;
    bool is_high; /* (cv + ce) / 2 >= 1/2: matters in III */
};
/* sd_cv, sd_ce: standard deviations of cv and ce on (0,1); d is taken as normal.  A NAN gives zone
 * N. */
void fl_position_of(const struct fl_position_settings *settings, double cv, double ce, double sd_cv,
                    double sd_ce, struct fl_position *out);

/* ---- strategy ---------------------------------------------------------------------------------*/
struct fl_strategy {
    const char *key; /* "transactional-bonding" "non-transactional-bonding" "protect" "develop"
                        "learn" "none" (objected) */
    const char *title;
    const char *actions; /* promotion, coupon, cross-sell ... */
    const char *meaning;
};
const struct fl_strategy *fl_strategy_of(enum fl_score_state state,
                                         const struct fl_position *position);
/* Why, with the numbers: "receives more than the firm earns: cv 0.81 against ce 0.32, distance 0.35
 * beyond the band of 0.15 with certainty 0.93". */
void fl_strategy_reason(const struct fl_position_settings *settings, enum fl_score_state state,
                        const struct fl_position *position, char *out, size_t size);

/* ---- key customers ----------------------------------------------------------------------------*/
enum fl_key_flag {
    FL_KEY_CONTRIBUTION = 1, /* top margin until the share is covered */
    FL_KEY_EXCHANGE = 2,     /* mid-rank of two-way contacts above the percentile, at least one */
    FL_KEY_LEADER = 4        /* has referred somebody, mid-rank of PageRank among those above it */
};
const char *fl_key_flag_name(enum fl_key_flag flag); /* "contribution" "exchange" "leadership" */
bool fl_key_flag_parse(const char *name, enum fl_key_flag *out);
struct fl_key_settings {
    double contribution_share;  /* 0.8 */
    double exchange_percentile; /* 0.8 */
    double leader_percentile;   /* 0.8 */
};
void fl_key_defaults(struct fl_key_settings *out);
struct fl_referral { /* indexes into the population */
    uint32_t referrer, referred;
};
/* Sets flags[i] |= ... ; margins and exchanges by customer.  FL_IO: memory; FL_INVALID: a referral
 * out of the population.  Who refers themselves is passed over, who is named twice counts once. */
FL_CHECK_RESULT enum fl_status fl_key_customers(const struct fl_key_settings *settings,
                                                const double *margin, const uint32_t *exchanges,
                                                size_t n, const struct fl_referral *referrals,
                                                size_t n_referrals, uint8_t *flags,
                                                struct fl_error *err);
/* PageRank with damping 0.85 to 1e-10, dangling mass spread evenly; a referral is a vote of the
 * referred for the referrer.  out sums to 1. */
FL_CHECK_RESULT enum fl_status fl_page_rank(size_t n, const struct fl_referral *referrals,
                                            size_t n_referrals, double *out, struct fl_error *err);

/* ---- value segments: Hwang, Jung & Suh 2004 -----------------------------------------------------
 * current value x potential value x loyalty, each above (H) or not above (L) the median. */
enum { FL_SEGMENTS = 8 };                  /* bit 2 current, bit 1 potential, bit 0 loyalty */
const char *fl_segment_name(int segment);  /* "HHH" .. "LLL" */
const char *fl_segment_title(int segment); /* a few words for a marketer */
bool fl_segment_parse(const char *name, int *out);
struct fl_segment_cuts {
    double current, potential, loyalty;
};
int fl_segment_of(const struct fl_segment_cuts *cuts, double current, double potential,
                  double loyalty);

#endif
