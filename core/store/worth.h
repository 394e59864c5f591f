/*
 * The store: what the relationship is made of and what it is worth - transactions, subscriptions,
 * referrals, complaints; valuation runs and scores.  Part of store/store.h, which says the rules
 * and includes this.
 *
 * KEEPS  for each customer, beside the transactions, the merged purchase days as one packed row, in
 *        step with them in the same transaction: the sufficient statistics of every model follow
 *        from it for any valuation date, and a run reads one small row a customer.
 *        A customer about whom something new is known is `stale` until scored again: from a
 *        transaction, subscription, complaint, referral (the referrer), answer, reply, human click
 *        or consent withdrawn by himself; only once there was a run.
 * NEVER  keeps a score of a customer who objects to profiling: putting him as objected (or erased)
 *        takes away his scores of all runs, his zone changes and his place among the stale; a
 *        score put later for him is passed over.
 */
#ifndef FL_STORE_WORTH_H
#define FL_STORE_WORTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "fairline/channel.h"
#include "store/inward.h"
#include "store/store.h"

struct fl_store;

/* ---- transactions ----------------------------------------------------------------------------*/

enum fl_transaction_kind {
    FL_TRANSACTION_PURCHASE = 1,
    FL_TRANSACTION_REFUND, /* amount > 0 is what went back */
    FL_TRANSACTION_GIFT,   /* gift_minor: what it cost us */
    FL_TRANSACTION_POINTS, /* points given (or, negative, taken) without a purchase */
    FL_TRANSACTION_FEE     /* fee_minor */
};
enum { FL_TRANSACTION_KINDS = FL_TRANSACTION_FEE + 1 };
const char *fl_transaction_kind_name(enum fl_transaction_kind kind); /* "purchase", ... */
bool fl_transaction_kind_parse(const char *name, enum fl_transaction_kind *out);

/* Money is minor units of the store's one currency. */
struct fl_transaction {
    int64_t id; /* made by put */
    int64_t customer;
    const char *external_id; /* unique; the same again with the same content changes nothing */
    enum fl_transaction_kind kind;
    int64_t at_us;
    int32_t date;         /* the day in the organisation's time zone */
    int64_t amount_minor; /* paid (or paid back), >= 0 */
    int64_t margin_minor; /* of it; of a refund what is lost, > 0; may be negative for a sale below
                             cost */
    int64_t saved_minor;  /* (reference price - paid price) x quantity, 0 where none is known */
    int64_t discount_minor, gift_minor, fee_minor, shipping_minor; /* >= 0 */
    int64_t points;
    const char *currency; /* ISO 4217 */
    const char *product;  /* "" unknown */
};
/* FL_CONFLICT: the external id is known with other content.  FL_REJECTED: another currency than the
 * store's (the first transaction's).  Marks the customer stale and keeps the purchase days. */
FL_CHECK_RESULT enum fl_status fl_store_transaction_put(struct fl_store *store,
                                                        const struct fl_transaction *transaction,
                                                        enum fl_put *out_put, int64_t *out_id,
                                                        struct fl_error *err);
/* A bulk (an import): its transactions count, all at once, from its end on.  `begin` may stand
 * outside a transaction and the bulk go on over several; `end` writes, and has to be called also
 * after a failure and a rollback.  What a bulk that was cut off has committed is taken in by the
 * next `end` or the next run.  Of a bulk with transactions of more than FL_STORE_BULK_STALE_MAX
 * customers nobody is marked stale: whoever imports that many values everybody again (`value run`).
 */
enum { FL_STORE_BULK_STALE_MAX = 2000 };
FL_CHECK_RESULT enum fl_status fl_store_transactions_begin(struct fl_store *store,
                                                           struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_transactions_end(struct fl_store *store,
                                                         struct fl_error *err);
typedef bool fl_store_transaction_fn(void *ctx, const struct fl_transaction *transaction);
/* One customer's (0: everybody's), dates within [from, to], in order of customer and date. */
FL_CHECK_RESULT enum fl_status fl_store_transaction_each(struct fl_store *store, int64_t customer,
                                                         int32_t from, int32_t to,
                                                         fl_store_transaction_fn *fn, void *ctx,
                                                         struct fl_error *err);
/* The store's currency; FL_NOT_FOUND before the first transaction or subscription. */
FL_CHECK_RESULT enum fl_status fl_store_currency(struct fl_store *store, char out[4],
                                                 struct fl_error *err);

/* Everything of one customer on one day. */
struct fl_trade_day {
    int32_t date;
    int64_t purchases;    /* 0: no purchase day (refunds, gifts, points, fees alone) */
    int64_t spend_minor;  /* paid less refunds */
    int64_t margin_minor; /* less what refunds took */
    int64_t discount_minor, saved_minor, gift_minor, fee_minor /* with shipping */, points;
};
/* What a valuation is told of one customer first. */
struct fl_trade_row {
    int64_t customer;
    enum fl_customer_state state;
    const char *segment;             /* the attribute asked for, "" unknown */
    const struct fl_trade_day *days; /* ascending */
    size_t n_days;
};
/* Customers with ids in [first, last] in order of id, also those without trade; erased ones are
 * left out.  `segment_attribute` NULL: none is read.  Rows live until fn returns.  Also on a
 * read-only store beside the writer. */
typedef bool fl_store_trade_fn(void *ctx, const struct fl_trade_row *row);
FL_CHECK_RESULT enum fl_status fl_store_trade_each(struct fl_store *store, int64_t first,
                                                   int64_t last, const char *segment_attribute,
                                                   fl_store_trade_fn *fn, void *ctx,
                                                   struct fl_error *err);
/* Ids that cut the customers into `parts` ranges of about equal number: out[0] is the first id,
 * out[i] the first of range i; out has parts + 1 places, the last one INT64_MAX. */
enum { FL_STORE_PARTS_MAX = 256 };
FL_CHECK_RESULT enum fl_status fl_store_customer_cuts(struct fl_store *store, size_t parts,
                                                      int64_t *out, struct fl_error *err);

/* ---- subscriptions ---------------------------------------------------------------------------*/

struct fl_subscription {
    int64_t id;
    int64_t customer;
    const char *external_id; /* unique */
    int32_t start;
    int32_t end;          /* FL_DATE_NONE: it goes on */
    int32_t period_days;  /* between renewals, > 0 */
    int64_t price_minor;  /* a period */
    int64_t margin_minor; /* a period */
    const char *currency;
    const char *product;
    int64_t updated_us;
};
FL_CHECK_RESULT enum fl_status fl_store_subscription_put(struct fl_store *store,
                                                         const struct fl_subscription *subscription,
                                                         enum fl_put *out_put, int64_t *out_id,
                                                         struct fl_error *err);
typedef bool fl_store_subscription_fn(void *ctx, const struct fl_subscription *subscription);
/* Of customers with ids in [first, last], in order of customer and start. */
FL_CHECK_RESULT enum fl_status fl_store_subscription_each(struct fl_store *store, int64_t first,
                                                          int64_t last,
                                                          fl_store_subscription_fn *fn, void *ctx,
                                                          struct fl_error *err);

/* ---- referrals and complaints ----------------------------------------------------------------*/

/* One a referred customer: who was first to bring them.  FL_CONFLICT: somebody else did. */
FL_CHECK_RESULT enum fl_status fl_store_referral_put(struct fl_store *store, int64_t referrer,
                                                     int64_t referred, int64_t at_us,
                                                     enum fl_put *out_put, struct fl_error *err);
typedef bool fl_store_referral_fn(void *ctx, int64_t referrer, int64_t referred, int64_t at_us);
FL_CHECK_RESULT enum fl_status fl_store_referral_each(struct fl_store *store,
                                                      fl_store_referral_fn *fn, void *ctx,
                                                      struct fl_error *err);
/* Those one customer has brought. */
FL_CHECK_RESULT enum fl_status fl_store_referral_of(struct fl_store *store, int64_t referrer,
                                                    fl_store_referral_fn *fn, void *ctx,
                                                    struct fl_error *err);

/* A complaint that somebody has to settle; `settled_us` FL_TIME_NONE while it is open. */
struct fl_complaint {
    int64_t id;
    int64_t customer;
    const char *external_id; /* unique */
    int64_t feedback;        /* 0: not from a message */
    int64_t opened_us, settled_us;
    const char *text;
};
/* By external id: opens, or settles what is open. */
FL_CHECK_RESULT enum fl_status fl_store_complaint_put(struct fl_store *store,
                                                      const struct fl_complaint *complaint,
                                                      enum fl_put *out_put, int64_t *out_id,
                                                      struct fl_error *err);
typedef bool fl_store_complaint_fn(void *ctx, const struct fl_complaint *complaint);
FL_CHECK_RESULT enum fl_status fl_store_complaint_each(struct fl_store *store, int64_t first,
                                                       int64_t last, fl_store_complaint_fn *fn,
                                                       void *ctx, struct fl_error *err);

/* ---- what customers said and did, as the valuation reads it -----------------------------------*/

enum fl_sign_kind {
    FL_SIGN_ANSWER = 1, /* a survey answer on a known scale: question, value, low < high */
    FL_SIGN_CONTACT_IN, /* reply, words on a form or a card, human click: a genuine contact; neither
                           answers nor preferences, which are told by what they say */
    FL_SIGN_OPT_OUT,    /* a consent withdrawn by the customer: not by import or staff */
    FL_SIGN_MESSAGE_OUT /* one of our messages was accepted or delivered; when it was due */
};
struct fl_sign {
    int64_t customer;
    enum fl_sign_kind kind;
    int64_t event; /* feedback, event, consent or message id */
    int64_t at_us;
    const char *question;
    double value, low, high;
};
/* Of customers with ids in [first, last] and times in [from, until], in order of customer and time.
 * Nothing of machines, automatic replies and opens is among them. */
typedef bool fl_store_sign_fn(void *ctx, const struct fl_sign *sign);
FL_CHECK_RESULT enum fl_status fl_store_sign_each(struct fl_store *store, int64_t first,
                                                  int64_t last, int64_t from_us, int64_t until_us,
                                                  fl_store_sign_fn *fn, void *ctx,
                                                  struct fl_error *err);

/* ---- runs and scores -------------------------------------------------------------------------*/

enum fl_run_state { FL_RUN_RUNNING = 0, FL_RUN_DONE, FL_RUN_FAILED };
struct fl_value_run {
    int64_t id;
    int64_t as_of_us; /* valuation date */
    int64_t started_us, finished_us;
    enum fl_run_state state;
    int64_t n_customers, n_valued;
    const char *report;    /* JSON: settings, fits, calibration, warnings */
    const void *reference; /* what one customer is scored against later; appraise knows its form */
    size_t reference_len;
};

/* Codes are those of value/position.h; what is not known is 0, not NAN. */
struct fl_score {
    int64_t customer;
    int64_t at_us; /* as of when; of a run's scores its as_of_us; rescore: 0 is now */
    int state, zone, segment;
    unsigned keys;
    bool is_high, is_estimated;
    double p, commitment; /* P(alive), CL */
    int64_t ltv_minor, ce_minor;
    int64_t ev_minor, spv_minor, cost_minor, cv_minor;
    double ce, cv, distance, certainty;
};

FL_CHECK_RESULT enum fl_status fl_store_run_begin(struct fl_store *store,
                                                  const struct fl_value_run *run, int64_t *out_id,
                                                  struct fl_error *err);
/* Scores of a running run, in order of customer over all calls.  FL_REJECTED: it does not run. */
FL_CHECK_RESULT enum fl_status fl_store_scores_put(struct fl_store *store, int64_t run,
                                                   const struct fl_score *scores, size_t n,
                                                   struct fl_error *err);
/* Unless a run with a later valuation date is done, this one becomes the current one: its scores
 * are what everybody sees, but for rescorings as of later.  Zone changes against the current scores
 * of before become events, as of the valuation date; who was stale only before the run's start is
 * so no more. */
FL_CHECK_RESULT enum fl_status fl_store_run_finish(struct fl_store *store,
                                                   const struct fl_value_run *run,
                                                   int64_t *out_n_changes, struct fl_error *err);
/* Scores go, the run stays as failed with its report.  Also for runs found running at start. */
FL_CHECK_RESULT enum fl_status fl_store_run_fail(struct fl_store *store, int64_t run,
                                                 const char *report, struct fl_error *err);
/* `id` 0: the current one.  FL_NOT_FOUND. */
FL_CHECK_RESULT enum fl_status fl_store_run_get(struct fl_store *store, struct fl_arena *arena,
                                                int64_t id, struct fl_value_run *out,
                                                struct fl_error *err);
/* The last done run with as_of_us <= `at_us` that has its scores.  FL_NOT_FOUND. */
FL_CHECK_RESULT enum fl_status fl_store_run_at(struct fl_store *store, int64_t at_us,
                                               int64_t *out_id, struct fl_error *err);
typedef bool fl_store_run_fn(void *ctx, const struct fl_value_run *run); /* newest first; no
                                                                            report, no reference */
FL_CHECK_RESULT enum fl_status fl_store_run_each(struct fl_store *store, fl_store_run_fn *fn,
                                                 void *ctx, struct fl_error *err);
/* Scores of done runs as of before `before_us` go, but for the current one and the last one of each
 * month (UTC); the runs stay with their reports.  `out_n` counts runs. */
FL_CHECK_RESULT enum fl_status fl_store_run_thin(struct fl_store *store, int64_t before_us,
                                                 int64_t *out_n, struct fl_error *err);

/* The current score: of the current run, or a later rescoring.  FL_NOT_FOUND. */
FL_CHECK_RESULT enum fl_status fl_store_score_get(struct fl_store *store, int64_t customer,
                                                  struct fl_score *out, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_score_of_run(struct fl_store *store, int64_t run,
                                                     int64_t customer, struct fl_score *out,
                                                     struct fl_error *err);
struct fl_score_filter {
    int64_t run;              /* 0: current scores */
    int64_t after;            /* customers above */
    int64_t limit;            /* 0: none */
    int state, zone, segment; /* -1: any */
    bool is_key;              /* at least one key flag, whichever */
    unsigned keys;            /* all of these */
};
typedef bool fl_store_score_fn(void *ctx, const struct fl_score *score);
FL_CHECK_RESULT enum fl_status fl_store_score_each(struct fl_store *store,
                                                   const struct fl_score_filter *filter,
                                                   fl_store_score_fn *fn, void *ctx,
                                                   struct fl_error *err);
/* One customer scored again because of something that happened; another zone becomes an event. */
FL_CHECK_RESULT enum fl_status fl_store_rescore_put(struct fl_store *store,
                                                    const struct fl_score *score,
                                                    struct fl_error *err);
/* Customers to be scored again, longest waiting first; take them off with the rescoring. */
FL_CHECK_RESULT enum fl_status fl_store_stale_add(struct fl_store *store, int64_t customer,
                                                  struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_stale_list(struct fl_store *store, int64_t *out, size_t max,
                                                   size_t *out_n, int64_t *out_total,
                                                   struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_stale_drop(struct fl_store *store, int64_t customer,
                                                   struct fl_error *err);

/* A customer went from one zone to another. */
struct fl_zone_change {
    int64_t id;
    int64_t customer;
    int from, to; /* enum fl_zone */
    int64_t at_us;
    int64_t run; /* 0: a rescoring */
};
typedef bool fl_store_zone_change_fn(void *ctx, const struct fl_zone_change *change);
/* `customer` 0: of all; after this id; in order of id. */
FL_CHECK_RESULT enum fl_status fl_store_zone_change_each(struct fl_store *store, int64_t customer,
                                                         int64_t after, int64_t limit,
                                                         fl_store_zone_change_fn *fn, void *ctx,
                                                         struct fl_error *err);

/* Customers by zone in one run and in another (0: current scores); those in one of them only count
 * under `missing`: out[5][5] with index 4 for "not there". */
FL_CHECK_RESULT enum fl_status fl_store_zone_matrix(struct fl_store *store, int64_t run_from,
                                                    int64_t run_to, int64_t out[5][5],
                                                    struct fl_error *err);
/* For `campaign`: each customer who was sent a message, arrived or not, or was held out of all,
 * and has a score in both runs (0: current scores).  FL_NOT_FOUND: a run without scores. */
struct fl_effect_row {
    int64_t customer;
    bool is_hold_out;
    struct fl_score before, after;
};
typedef bool fl_store_effect_fn(void *ctx, const struct fl_effect_row *row);
FL_CHECK_RESULT enum fl_status fl_store_effect_each(struct fl_store *store, int64_t campaign,
                                                    int64_t run_before, int64_t run_after,
                                                    fl_store_effect_fn *fn, void *ctx,
                                                    struct fl_error *err);

#endif
