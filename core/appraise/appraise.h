/*
 * Appraise: from what the store knows to what every relationship is worth.
 *
 * FOR    the value process and `value run` (everybody), core (one customer after an event), ops
 *        (show, explain, report, plots).
 * DOES   reads the store as of a valuation date, fits the models, scores, places against the
 *        fair-value line; keeps with the run what one more customer is scored against.
 * OWNS   nothing; all in the caller's arena, but for the memory of a run (at most 300 bytes a
 *        customer), freed with it.  Reads no clock: the valuation date is an argument.
 * RULES  who objects to profiling is not scored; no data is a state, not a number.  The same store,
 *        date and settings give the same scores.
 *
 *     fl_appraise_run(&input, &result, err);
 *     fl_appraise_one(frame, store, customer, as_of_us, &score, err);
 */
#ifndef FL_APPRAISE_APPRAISE_H
#define FL_APPRAISE_APPRAISE_H

#include <jansson.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "store/store.h"
#include "value/commitment.h"
#include "value/customer_value.h"
#include "value/position.h"
#include "value/value.h"

/* Where scores go: straight into the store, or to core in chunks.  Each returns FL_OK or ends the
 * run.  `finish` comes once, after all scores. */
struct fl_appraise_sink {
    void *ctx;
    enum fl_status (*begin)(void *ctx, const struct fl_value_run *run, struct fl_error *err);
    enum fl_status (*scores)(void *ctx, const struct fl_score *scores, size_t n,
                             struct fl_error *err);
    enum fl_status (*finish)(void *ctx, const struct fl_value_run *run, int64_t *out_n_changes,
                             struct fl_error *err);
    void (*progress)(void *ctx, const char *what, int64_t done, int64_t total); /* may be NULL */
};
/* A sink that writes into `store` in transactions of FL_APPRAISE_CHUNK scores. */
enum { FL_APPRAISE_CHUNK = 10000 };
struct fl_appraise_store_sink {
    struct fl_store *store;
    int64_t run; /* once it has begun */
    void (*progress)(void *ctx, const char *what, int64_t done, int64_t total); /* may be NULL */
    void *progress_ctx;
};
struct fl_appraise_sink fl_appraise_sink_of_store(struct fl_appraise_store_sink *to);
/* A run that ended otherwise: its scores go, it stays as failed with the reason.  Nothing where it
 * had not begun. */
FL_CHECK_RESULT enum fl_status fl_appraise_sink_fail(struct fl_appraise_store_sink *to,
                                                     const char *why, struct fl_error *err);

struct fl_appraise_input {
    struct fl_store *store; /* read from; the caller's */
    const char *store_uri;  /* for the threads' own connections; NULL: one thread, `store` alone */
    const struct fl_conf *conf; /* value { } and time zone */
    int64_t as_of_us;           /* nothing later is looked at */
    int64_t now_us;             /* when the run was started, for the record */
    int threads;                /* 1 or 2 .. */
    struct fl_appraise_sink sink;
};
struct fl_appraise_result {
    int64_t n_customers, n_valued, n_not_enough, n_objected, n_changes;
    int64_t by_zone[FL_ZONES];
    int64_t memory_bytes; /* held at most for the customers */
    const char *report;   /* JSON, in `arena` */
};
/* One valuation run.  FL_INVALID: the data cannot be valued (mixed currency, dates in the future),
 * with the reason; too little data is a run that is done and scores N. */
FL_CHECK_RESULT enum fl_status fl_appraise_run(struct fl_arena *arena,
                                               const struct fl_appraise_input *input,
                                               struct fl_appraise_result *out,
                                               struct fl_error *err);

/* The frame of a done run: fitted models, weights, segment priors, reference populations. */
struct fl_appraise_frame;
/* FL_NOT_FOUND: there was no run yet.  FL_INVALID: made by another version, run again. */
FL_CHECK_RESULT enum fl_status fl_appraise_frame_open(struct fl_store *store,
                                                      const struct fl_conf *conf,
                                                      struct fl_appraise_frame **out,
                                                      struct fl_error *err);
void fl_appraise_frame_close(struct fl_appraise_frame **frame);
int64_t fl_appraise_frame_run(const struct fl_appraise_frame *frame);

/* Scores one customer as of now against a frame; writes nothing. */
FL_CHECK_RESULT enum fl_status fl_appraise_one(const struct fl_appraise_frame *frame,
                                               struct fl_store *store, int64_t customer,
                                               int64_t as_of_us, struct fl_score *out,
                                               struct fl_error *err);
/* The stored score with every number down to the events and parameters that made it, as of its
 * time: a JSON object with `at`, `state` and, where there is a value, the sections ltv, commitment,
 * equity, economic, social, cost, value, position, strategy, keys and segment.  Each is a list of
 *     {kind: "fact",  label, quantity | text | unit_minor}
 *     {kind: "line",  label, of, event, at, quantity, unit_minor, amount_minor}
 *     {kind: "total", label, amount_minor}
 * where the lines' amounts, whole minor units, add up to the total exactly; `of` says what kind of
 * thing the id `event` is.  Commitment and position are no money: `unit` and `amount` (log-odds,
 * distance).  FL_NOT_FOUND: no score; FL_CONFLICT: what is known since changed it. */
FL_CHECK_RESULT enum fl_status fl_appraise_explain(const struct fl_appraise_frame *frame,
                                                   struct fl_store *store, int64_t customer,
                                                   json_t **out, struct fl_error *err);

/* ---- what plots and reports ask for; JSON reports hold the same numbers -----------------------*/

struct fl_appraise_fit { /* of one stream of customers: shop purchases, subscriptions, spend */
    struct fl_value_fit fit;
    const char *chosen_by; /* "hold-out log-likelihood", "only model with enough data", ... */
    struct fl_value_horizon horizon;
};
/* NULL: not fitted. */
const struct fl_appraise_fit *fl_appraise_frame_purchase(const struct fl_appraise_frame *frame);
const struct fl_appraise_fit *fl_appraise_frame_subscription(const struct fl_appraise_frame *frame);
const struct fl_appraise_fit *fl_appraise_frame_spend(const struct fl_appraise_frame *frame);
const struct fl_commitment_report *fl_appraise_frame_commitment(
    const struct fl_appraise_frame *frame);
const struct fl_position_settings *fl_appraise_frame_position(
    const struct fl_appraise_frame *frame);

/* Cumulative repeat purchases of all customers by period: actual against expected by the model,
 * from the first purchase of all to the valuation date; `holdout_from` is the period at which the
 * calibration of the hold-out check ended (0: none). */
struct fl_appraise_tracking {
    size_t n;
    double *actual, *expected; /* n each */
    size_t holdout_from;
    int32_t first_date;
    double period_days;
};
FL_CHECK_RESULT enum fl_status fl_appraise_tracking(const struct fl_appraise_frame *frame,
                                                    struct fl_store *store, struct fl_arena *arena,
                                                    struct fl_appraise_tracking *out,
                                                    struct fl_error *err);
/* Mean purchases in the hold-out window by the number of purchases before it: actual against
 * conditional expectation. */
enum { FL_APPRAISE_FREQUENCIES = 8 }; /* 0, 1, .. 6, 7+ */
struct fl_appraise_frequency {
    double customers[FL_APPRAISE_FREQUENCIES];
    double actual[FL_APPRAISE_FREQUENCIES], expected[FL_APPRAISE_FREQUENCIES];
    double window_periods;
};
FL_CHECK_RESULT enum fl_status fl_appraise_frequency(const struct fl_appraise_frame *frame,
                                                     struct fl_store *store,
                                                     struct fl_appraise_frequency *out,
                                                     struct fl_error *err);
/* Survival of subscriptions by whole periods: Kaplan-Meier with its 95 % band against the model. */
struct fl_appraise_survival {
    size_t n;
    double *observed, *low, *high, *expected, *at_risk; /* by period 0.. */
};
FL_CHECK_RESULT enum fl_status fl_appraise_survival(const struct fl_appraise_frame *frame,
                                                    struct fl_store *store, struct fl_arena *arena,
                                                    struct fl_appraise_survival *out,
                                                    struct fl_error *err);

/* Settings as the configuration has them. */
void fl_appraise_settings(const struct fl_conf *conf, struct fl_commitment_settings *commitment,
                          struct fl_customer_value_settings *customer,
                          struct fl_position_settings *position, struct fl_key_settings *keys,
                          struct fl_value_horizon *horizon);

#endif
