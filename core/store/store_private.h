/*
 * What a driver of the store is: one table of functions.
 *
 * store.c, store_people.c, store_messages.c, store_feedback.c, store_worth.c and store_scores.c
 * check arguments and the rules of transactions; a driver sees only calls that are allowed.  A
 * driver need not check again, and leaves out-parameters untouched on failure.
 */
#ifndef FL_STORE_STORE_PRIVATE_H
#define FL_STORE_STORE_PRIVATE_H

#include "store/store.h"

struct fl_store_driver {
    const char *name;
    bool remembers; /* what was put can be got */

    enum fl_status (*open)(struct fl_store *, const char *path, const struct fl_store_options *,
                           struct fl_error *);
    void (*close)(struct fl_store *); /* also after a failed open */
    int (*schema_version)(struct fl_store *);
    enum fl_status (*begin)(struct fl_store *, struct fl_error *);
    enum fl_status (*commit)(struct fl_store *, struct fl_error *);
    void (*rollback)(struct fl_store *);
    enum fl_status (*backup)(struct fl_store *, const char *path, struct fl_error *);
    enum fl_status (*check)(struct fl_store *, fl_store_report_fn *, void *, struct fl_error *);
    enum fl_status (*meta_get)(struct fl_store *, struct fl_arena *, const char *key, const char **,
                               struct fl_error *);
    enum fl_status (*meta_set)(struct fl_store *, const char *key, const char *value,
                               struct fl_error *);

    enum fl_status (*customer_put)(struct fl_store *, const struct fl_customer *, enum fl_put *,
                                   int64_t *, struct fl_error *);
    enum fl_status (*customer_get)(struct fl_store *, struct fl_arena *, int64_t,
                                   struct fl_customer *, struct fl_error *);
    enum fl_status (*customer_find)(struct fl_store *, const char *, int64_t *, struct fl_error *);
    enum fl_status (*customers_by_address)(struct fl_store *, enum fl_medium, const char *,
                                           int64_t *, size_t, size_t *, struct fl_error *);
    enum fl_status (*customer_each)(struct fl_store *, int64_t, int64_t, fl_store_customer_fn *,
                                    void *, struct fl_error *);
    enum fl_status (*consent_append)(struct fl_store *, const struct fl_consent *,
                                     struct fl_error *);
    enum fl_status (*consent_history)(struct fl_store *, int64_t, fl_store_consent_fn *, void *,
                                      struct fl_error *);
    enum fl_status (*address_set_status)(struct fl_store *, int64_t, enum fl_address_status,
                                         int64_t, struct fl_error *);

    enum fl_status (*content_put)(struct fl_store *, const struct fl_content_version *,
                                  enum fl_put *, int64_t *, struct fl_error *);
    enum fl_status (*content_get)(struct fl_store *, struct fl_arena *, int64_t,
                                  struct fl_content_version *, struct fl_error *);
    enum fl_status (*content_newest)(struct fl_store *, const char *, int64_t *, struct fl_error *);
    enum fl_status (*content_each)(struct fl_store *, fl_store_content_fn *, void *,
                                   struct fl_error *);
    enum fl_status (*channel_find)(struct fl_store *, const char *, int64_t *, enum fl_medium *,
                                   struct fl_error *);
    enum fl_status (*channel_add)(struct fl_store *, const char *, enum fl_medium, int64_t *,
                                  struct fl_error *);
    enum fl_status (*channel_name)(struct fl_store *, struct fl_arena *, int64_t, const char **,
                                   enum fl_medium *, struct fl_error *);
    enum fl_status (*campaign_put)(struct fl_store *, const struct fl_campaign_row *, enum fl_put *,
                                   int64_t *, struct fl_error *);
    enum fl_status (*campaign_set_state)(struct fl_store *, int64_t, enum fl_campaign_state,
                                         const char *, struct fl_error *);
    enum fl_status (*campaign_get)(struct fl_store *, struct fl_arena *, int64_t,
                                   struct fl_campaign_row *, struct fl_error *);
    enum fl_status (*campaign_find)(struct fl_store *, struct fl_arena *, const char *,
                                    struct fl_campaign_row *, struct fl_error *);
    enum fl_status (*campaign_each)(struct fl_store *, fl_store_campaign_fn *, void *,
                                    struct fl_error *);
    enum fl_status (*occurrence_put)(struct fl_store *, const struct fl_occurrence *, enum fl_put *,
                                     int64_t *, struct fl_error *);
    enum fl_status (*occurrence_get)(struct fl_store *, struct fl_arena *, int64_t,
                                     struct fl_occurrence *, struct fl_error *);
    enum fl_status (*occurrence_each)(struct fl_store *, int64_t, fl_store_occurrence_fn *, void *,
                                      struct fl_error *);
    enum fl_status (*occurrence_finish)(struct fl_store *, int64_t *, struct fl_error *);

    enum fl_status (*plan)(struct fl_store *, const struct fl_store_plan *,
                           struct fl_store_plan_result *, struct fl_error *);
    enum fl_status (*message_put)(struct fl_store *, struct fl_message *, struct fl_error *);
    enum fl_status (*claim)(struct fl_store *, struct fl_arena *, int64_t, int64_t, size_t,
                            struct fl_claim_row **, size_t *, struct fl_error *);
    enum fl_status (*next_due)(struct fl_store *, int64_t, int64_t *, struct fl_error *);
    enum fl_status (*lease_put)(struct fl_store *, struct fl_lease *, struct fl_error *);
    enum fl_status (*lease_drop)(struct fl_store *, int64_t, struct fl_error *);
    enum fl_status (*lease_all)(struct fl_store *, struct fl_arena *, struct fl_lease **, size_t *,
                                struct fl_error *);
    enum fl_status (*message_settle)(struct fl_store *, const struct fl_settle *,
                                     struct fl_error *);
    enum fl_status (*message_get)(struct fl_store *, int64_t, struct fl_message *,
                                  struct fl_error *);
    enum fl_status (*message_of)(struct fl_store *, int64_t, int64_t, fl_store_message_fn *, void *,
                                 struct fl_error *);
    enum fl_status (*message_each)(struct fl_store *, enum fl_message_state, int64_t, int64_t,
                                   int64_t, fl_store_message_fn *, void *, struct fl_error *);
    enum fl_status (*message_sweep)(struct fl_store *, int64_t, enum fl_message_state,
                                    enum fl_message_state, enum fl_rule, int64_t *,
                                    struct fl_error *);
    enum fl_status (*message_counts)(struct fl_store *, int64_t, int64_t *, struct fl_error *);

    enum fl_status (*event_put)(struct fl_store *, const struct fl_event *, int64_t *,
                                struct fl_error *);
    enum fl_status (*event_each)(struct fl_store *, int64_t, fl_store_event_fn *, void *,
                                 struct fl_error *);
    enum fl_status (*event_by_provider)(struct fl_store *, const char *, int64_t *,
                                        struct fl_error *);
    enum fl_status (*evidence_put)(struct fl_store *, const char *hash, const void *, size_t,
                                   struct fl_error *);
    enum fl_status (*evidence_get)(struct fl_store *, struct fl_arena *, const char *, void **,
                                   size_t *, struct fl_error *);
    enum fl_status (*feedback_put)(struct fl_store *, const struct fl_feedback *, int64_t *,
                                   struct fl_error *);
    enum fl_status (*feedback_get)(struct fl_store *, struct fl_arena *, int64_t,
                                   struct fl_feedback *, struct fl_error *);
    enum fl_status (*feedback_assign)(struct fl_store *, int64_t, int64_t, int64_t,
                                      struct fl_error *);
    enum fl_status (*feedback_each)(struct fl_store *, const struct fl_feedback_filter *,
                                    fl_store_feedback_fn *, void *, struct fl_error *);
    enum fl_status (*feedback_counts)(struct fl_store *, int64_t, int64_t *, struct fl_error *);
    enum fl_status (*attachment_put)(struct fl_store *, int64_t, const struct fl_attachment *,
                                     struct fl_error *);
    enum fl_status (*attachments)(struct fl_store *, struct fl_arena *, int64_t,
                                  struct fl_attachment **, size_t *, struct fl_error *);
    enum fl_status (*answer_put)(struct fl_store *, const struct fl_answer *, struct fl_error *);
    enum fl_status (*answer_each)(struct fl_store *, int64_t, int64_t, fl_store_answer_fn *, void *,
                                  struct fl_error *);
    enum fl_status (*answer_tally)(struct fl_store *, int64_t, fl_store_answer_tally_fn *, void *,
                                   struct fl_error *);
    enum fl_status (*cost_tally)(struct fl_store *, int64_t, fl_store_cost_tally_fn *, void *,
                                 struct fl_error *);
    enum fl_status (*short_link_put)(struct fl_store *, const char *, int64_t, int64_t,
                                     struct fl_error *);
    enum fl_status (*short_link_get)(struct fl_store *, const char *, int64_t, int64_t *,
                                     struct fl_error *);
    enum fl_status (*short_link_of)(struct fl_store *, struct fl_arena *, int64_t, const char **,
                                    struct fl_error *);
    enum fl_status (*memory_set)(struct fl_store *, const char *, const char *, const void *,
                                 size_t, struct fl_error *);
    enum fl_status (*memory_get)(struct fl_store *, struct fl_arena *, const char *, const char *,
                                 void **, size_t *, struct fl_error *);

    enum fl_status (*transaction_put)(struct fl_store *, const struct fl_transaction *transaction,
                                      enum fl_put *out_put, int64_t *out_id, struct fl_error *);
    enum fl_status (*transactions_begin)(struct fl_store *, struct fl_error *);
    enum fl_status (*transactions_end)(struct fl_store *, struct fl_error *);
    enum fl_status (*transaction_each)(struct fl_store *, int64_t customer, int32_t from,
                                       int32_t to, fl_store_transaction_fn *fn, void *ctx,
                                       struct fl_error *);
    enum fl_status (*currency)(struct fl_store *, char *out, struct fl_error *);
    enum fl_status (*trade_each)(struct fl_store *, int64_t first, int64_t last,
                                 const char *segment_attribute, fl_store_trade_fn *fn, void *ctx,
                                 struct fl_error *);
    enum fl_status (*customer_cuts)(struct fl_store *, size_t parts, int64_t *out,
                                    struct fl_error *);
    enum fl_status (*subscription_put)(struct fl_store *,
                                       const struct fl_subscription *subscription,
                                       enum fl_put *out_put, int64_t *out_id, struct fl_error *);
    enum fl_status (*subscription_each)(struct fl_store *, int64_t first, int64_t last,
                                        fl_store_subscription_fn *fn, void *ctx, struct fl_error *);
    enum fl_status (*referral_put)(struct fl_store *, int64_t referrer, int64_t referred,
                                   int64_t at_us, enum fl_put *out_put, struct fl_error *);
    /* referrer 0: all */
    enum fl_status (*referral_each)(struct fl_store *, int64_t referrer, fl_store_referral_fn *fn,
                                    void *ctx, struct fl_error *);
    enum fl_status (*complaint_put)(struct fl_store *, const struct fl_complaint *complaint,
                                    enum fl_put *out_put, int64_t *out_id, struct fl_error *);
    enum fl_status (*complaint_each)(struct fl_store *, int64_t first, int64_t last,
                                     fl_store_complaint_fn *fn, void *ctx, struct fl_error *);
    enum fl_status (*sign_each)(struct fl_store *, int64_t first, int64_t last, int64_t from_us,
                                int64_t until_us, fl_store_sign_fn *fn, void *ctx,
                                struct fl_error *);
    enum fl_status (*run_begin)(struct fl_store *, const struct fl_value_run *run, int64_t *out_id,
                                struct fl_error *);
    enum fl_status (*scores_put)(struct fl_store *, int64_t run, const struct fl_score *scores,
                                 size_t n, struct fl_error *);
    enum fl_status (*run_finish)(struct fl_store *, const struct fl_value_run *run,
                                 int64_t *out_n_changes, struct fl_error *);
    enum fl_status (*run_fail)(struct fl_store *, int64_t run, const char *report,
                               struct fl_error *);
    enum fl_status (*run_get)(struct fl_store *, struct fl_arena *arena, int64_t id,
                              struct fl_value_run *out, struct fl_error *);
    enum fl_status (*run_at)(struct fl_store *, int64_t at_us, int64_t *out_id, struct fl_error *);
    enum fl_status (*run_each)(struct fl_store *, fl_store_run_fn *fn, void *ctx,
                               struct fl_error *);
    enum fl_status (*run_thin)(struct fl_store *, int64_t before_us, int64_t *out_n,
                               struct fl_error *);
    /* run 0: current */
    enum fl_status (*score_get)(struct fl_store *, int64_t run, int64_t customer,
                                struct fl_score *out, struct fl_error *);
    enum fl_status (*score_each)(struct fl_store *, const struct fl_score_filter *filter,
                                 fl_store_score_fn *fn, void *ctx, struct fl_error *);
    enum fl_status (*rescore_put)(struct fl_store *, const struct fl_score *score,
                                  struct fl_error *);
    enum fl_status (*stale_add)(struct fl_store *, int64_t customer, struct fl_error *);
    enum fl_status (*stale_list)(struct fl_store *, int64_t *out, size_t max, size_t *out_n,
                                 int64_t *out_total, struct fl_error *);
    enum fl_status (*stale_drop)(struct fl_store *, int64_t customer, struct fl_error *);
    enum fl_status (*zone_change_each)(struct fl_store *, int64_t customer, int64_t after,
                                       int64_t limit, fl_store_zone_change_fn *fn, void *ctx,
                                       struct fl_error *);
    enum fl_status (*zone_matrix)(struct fl_store *, int64_t run_from, int64_t run_to,
                                  int64_t (*out)[5], struct fl_error *);
    enum fl_status (*effect_each)(struct fl_store *, int64_t campaign, int64_t run_before,
                                  int64_t run_after, fl_store_effect_fn *fn, void *ctx,
                                  struct fl_error *);
};

struct fl_store {
    const struct fl_store_driver *driver;
    void *data; /* the driver's */
    struct fl_ids ids;
    struct fl_clock clock;
    const struct fl_log *log;
    bool is_read_only;
    bool is_in_transaction;
    bool is_broken; /* a write of this transaction failed */
};

extern const struct fl_store_driver fl_store_driver_sqlite;
extern const struct fl_store_driver fl_store_driver_null;

/* May the caller write now? */
FL_CHECK_RESULT enum fl_status fl_store_may_write(const struct fl_store *store,
                                                  struct fl_error *err);
/* Every write passes its result through here, so that a half-done one is never committed. */
enum fl_status fl_store_wrote(struct fl_store *store, enum fl_status st);

#endif
