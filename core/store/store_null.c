/*
 * The driver that forgets: every write is accepted and gets an id, nothing is ever found.
 * For tests of callers and for benchmarks that leave the store out.
 */
#include "store_private.h"

#include <string.h>

/* It looks at nothing it is given. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static enum fl_status nothing(struct fl_error *err)
{
    return fl_error_set(err, FL_NOT_FOUND, "the null store remembers nothing");
}

/* What is put is taken, or gets an id; what is asked for is not there. */
#define TAKES(name, ...)                                                                           \
    static enum fl_status null_##name(struct fl_store *store, __VA_ARGS__, struct fl_error *err)   \
    {                                                                                              \
        return FL_OK;                                                                              \
    }
#define NUMBERS(name, ...)                                                                         \
    static enum fl_status null_##name(struct fl_store *store, __VA_ARGS__, int64_t *out_id,        \
                                      struct fl_error *err)                                        \
    {                                                                                              \
        *out_id = fl_store_new_id(store);                                                          \
        return FL_OK;                                                                              \
    }
#define PUTS(name, ...)                                                                            \
    static enum fl_status null_##name(struct fl_store *store, __VA_ARGS__, enum fl_put *out_put,   \
                                      int64_t *out_id, struct fl_error *err)                       \
    {                                                                                              \
        *out_put = FL_PUT_INSERTED;                                                                \
        *out_id = fl_store_new_id(store);                                                          \
        return FL_OK;                                                                              \
    }
#define COUNTS_NONE(name, ...)                                                                     \
    static enum fl_status null_##name(struct fl_store *store, __VA_ARGS__, int64_t *out_n,         \
                                      struct fl_error *err)                                        \
    {                                                                                              \
        *out_n = 0;                                                                                \
        return FL_OK;                                                                              \
    }
#define FINDS_NOTHING(name, ...)                                                                   \
    static enum fl_status null_##name(struct fl_store *store, __VA_ARGS__, struct fl_error *err)   \
    {                                                                                              \
        return nothing(err);                                                                       \
    }

static enum fl_status null_open(struct fl_store *store, const char *path,
                                const struct fl_store_options *options, struct fl_error *err)
{
    if (*path)
        return fl_error_set(err, FL_INVALID, "\"null:\" takes no path, found \"%s\"", path);
    return FL_OK;
}

static void null_close(struct fl_store *store)
{
}

static int null_schema_version(struct fl_store *store)
{
    return 0;
}

static enum fl_status null_begin(struct fl_store *store, struct fl_error *err)
{
    return FL_OK;
}

static void null_rollback(struct fl_store *store)
{
}

FINDS_NOTHING(backup, const char *path)
TAKES(check, fl_store_report_fn *report, void *ctx)
FINDS_NOTHING(meta_get, struct fl_arena *arena, const char *key, const char **out)
TAKES(meta_set, const char *key, const char *value)

/* ---- people -----------------------------------------------------------------------------------*/

PUTS(customer_put, const struct fl_customer *customer)
FINDS_NOTHING(customer_get, struct fl_arena *arena, int64_t id, struct fl_customer *out)
FINDS_NOTHING(find, const char *name, int64_t *out)

static enum fl_status null_customers_by_address(struct fl_store *store, enum fl_medium medium,
                                                const char *value, int64_t *ids, size_t max,
                                                size_t *out_n, struct fl_error *err)
{
    *out_n = 0;
    return FL_OK;
}

TAKES(customer_each, int64_t after, int64_t limit, fl_store_customer_fn *fn, void *ctx)
TAKES(consent_append, const struct fl_consent *consent)
TAKES(consent_history, int64_t customer, fl_store_consent_fn *fn, void *ctx)
TAKES(address_set_status, int64_t address, enum fl_address_status status, int64_t evidence)

/* ---- content and campaigns --------------------------------------------------------------------*/

PUTS(content_put, const struct fl_content_version *content)
FINDS_NOTHING(content_get, struct fl_arena *arena, int64_t id, struct fl_content_version *out)
TAKES(content_each, fl_store_content_fn *fn, void *ctx)
FINDS_NOTHING(channel_find, const char *name, int64_t *out_id, enum fl_medium *out_medium)
NUMBERS(channel_add, const char *name, enum fl_medium medium)
FINDS_NOTHING(channel_name, struct fl_arena *arena, int64_t id, const char **out_name,
              enum fl_medium *out_medium)
PUTS(campaign_put, const struct fl_campaign_row *campaign)
TAKES(campaign_set_state, int64_t id, enum fl_campaign_state state, const char *reason)
FINDS_NOTHING(campaign_get, struct fl_arena *arena, int64_t id, struct fl_campaign_row *out)
FINDS_NOTHING(campaign_find, struct fl_arena *arena, const char *name, struct fl_campaign_row *out)
TAKES(campaign_each, fl_store_campaign_fn *fn, void *ctx)
PUTS(occurrence_put, const struct fl_occurrence *occurrence)
FINDS_NOTHING(occurrence_get, struct fl_arena *arena, int64_t id, struct fl_occurrence *out)
TAKES(occurrence_each, int64_t campaign, fl_store_occurrence_fn *fn, void *ctx)

static enum fl_status null_occurrence_finish(struct fl_store *store, int64_t *out,
                                             struct fl_error *err)
{
    *out = 0;
    return FL_OK;
}

/* ---- messages ---------------------------------------------------------------------------------*/

static enum fl_status null_plan(struct fl_store *store, const struct fl_store_plan *plan,
                                struct fl_store_plan_result *out, struct fl_error *err)
{
    *out = (struct fl_store_plan_result){0};
    return FL_OK;
}

static enum fl_status null_message_put(struct fl_store *store, struct fl_message *message,
                                       struct fl_error *err)
{
    message->id = fl_store_new_id(store);
    return FL_OK;
}

static enum fl_status null_claim(struct fl_store *store, struct fl_arena *arena, int64_t channel,
                                 int64_t now_us, size_t limit, struct fl_claim_row **out,
                                 size_t *out_n, struct fl_error *err)
{
    *out = NULL;
    *out_n = 0;
    return FL_OK;
}

static enum fl_status null_next_due(struct fl_store *store, int64_t channel, int64_t *out_us,
                                    struct fl_error *err)
{
    *out_us = FL_TIME_NONE;
    return FL_OK;
}

static enum fl_status null_lease_put(struct fl_store *store, struct fl_lease *lease,
                                     struct fl_error *err)
{
    if (!lease->id)
        lease->id = fl_store_new_id(store);
    return FL_OK;
}

TAKES(lease_drop, int64_t lease)

static enum fl_status null_lease_all(struct fl_store *store, struct fl_arena *arena,
                                     struct fl_lease **out, size_t *out_n, struct fl_error *err)
{
    *out = NULL;
    *out_n = 0;
    return FL_OK;
}

TAKES(message_settle, const struct fl_settle *settle)
FINDS_NOTHING(message_get, int64_t id, struct fl_message *out)
TAKES(message_of, int64_t customer, int64_t campaign, fl_store_message_fn *fn, void *ctx)
TAKES(message_each, enum fl_message_state state, int64_t campaign, int64_t after, int64_t limit,
      fl_store_message_fn *fn, void *ctx)

static enum fl_status null_message_sweep(struct fl_store *store, int64_t campaign,
                                         enum fl_message_state from, enum fl_message_state to,
                                         enum fl_rule rule, int64_t *out_n, struct fl_error *err)
{
    *out_n = 0;
    return FL_OK;
}

static enum fl_status null_message_counts(struct fl_store *store, int64_t campaign, int64_t *out,
                                          struct fl_error *err)
{
    memset(out, 0, FL_MESSAGE_STATES * sizeof *out);
    return FL_OK;
}

/* ---- what comes back --------------------------------------------------------------------------*/

NUMBERS(event_put, const struct fl_event *event)
TAKES(event_each, int64_t message, fl_store_event_fn *fn, void *ctx)
TAKES(evidence_put, const char *hash, const void *data, size_t len)
FINDS_NOTHING(evidence_get, struct fl_arena *arena, const char *hash, void **out, size_t *out_len)
NUMBERS(feedback_put, const struct fl_feedback *feedback)
FINDS_NOTHING(feedback_get, struct fl_arena *arena, int64_t id, struct fl_feedback *out)

static enum fl_status null_feedback_assign(struct fl_store *store, int64_t id, int64_t customer,
                                           int64_t message, struct fl_error *err)
{
    return fl_error_set(err, FL_NOT_FOUND, "the null store keeps no feedback");
}

TAKES(feedback_each, const struct fl_feedback_filter *filter, fl_store_feedback_fn *fn, void *ctx)

static enum fl_status null_feedback_counts(struct fl_store *store, int64_t campaign, int64_t *out,
                                           struct fl_error *err)
{
    memset(out, 0, FL_FEEDBACK_KINDS * sizeof *out);
    return FL_OK;
}

TAKES(attachment_put, int64_t feedback, const struct fl_attachment *attachment)
TAKES(answer_put, const struct fl_answer *answer)
TAKES(answer_each, int64_t message, int64_t customer, fl_store_answer_fn *fn, void *ctx)
TAKES(answer_tally, int64_t campaign, fl_store_answer_tally_fn *fn, void *ctx)
TAKES(cost_tally, int64_t campaign, fl_store_cost_tally_fn *fn, void *ctx)
TAKES(short_link_put, const char *code, int64_t message, int64_t expires_us)
FINDS_NOTHING(short_link_get, const char *code, int64_t now_us, int64_t *out_message)
FINDS_NOTHING(short_link_of, struct fl_arena *arena, int64_t message, const char **out_code)

static enum fl_status null_attachments(struct fl_store *store, struct fl_arena *arena,
                                       int64_t feedback, struct fl_attachment **out, size_t *out_n,
                                       struct fl_error *err)
{
    *out = NULL;
    *out_n = 0;
    return FL_OK;
}

TAKES(memory_set, const char *channel, const char *key, const void *data, size_t len)
FINDS_NOTHING(memory_get, struct fl_arena *arena, const char *channel, const char *key, void **out,
              size_t *out_len)

/* ---- what it is worth -------------------------------------------------------------------------*/

PUTS(transaction_put, const struct fl_transaction *transaction)
TAKES(transaction_each, int64_t customer, int32_t from, int32_t to, fl_store_transaction_fn *fn,
      void *ctx)
FINDS_NOTHING(currency, char *out)
TAKES(trade_each, int64_t first, int64_t last, const char *segment_attribute, fl_store_trade_fn *fn,
      void *ctx)

static enum fl_status null_customer_cuts(struct fl_store *store, size_t parts, int64_t *out,
                                         struct fl_error *err)
{
    for (size_t i = 0; i <= parts; i++)
        out[i] = INT64_MAX;
    return FL_OK;
}

PUTS(subscription_put, const struct fl_subscription *subscription)
TAKES(subscription_each, int64_t first, int64_t last, fl_store_subscription_fn *fn, void *ctx)

static enum fl_status null_referral_put(struct fl_store *store, int64_t referrer, int64_t referred,
                                        int64_t at_us, enum fl_put *out_put, struct fl_error *err)
{
    *out_put = FL_PUT_INSERTED;
    return FL_OK;
}

TAKES(referral_each, int64_t referrer, fl_store_referral_fn *fn, void *ctx)
PUTS(complaint_put, const struct fl_complaint *complaint)
TAKES(complaint_each, int64_t first, int64_t last, fl_store_complaint_fn *fn, void *ctx)
TAKES(sign_each, int64_t first, int64_t last, int64_t from_us, int64_t until_us,
      fl_store_sign_fn *fn, void *ctx)
NUMBERS(run_begin, const struct fl_value_run *run)
TAKES(scores_put, int64_t run, const struct fl_score *scores, size_t n)
COUNTS_NONE(run_finish, const struct fl_value_run *run)
TAKES(run_fail, int64_t run, const char *report)
FINDS_NOTHING(run_get, struct fl_arena *arena, int64_t id, struct fl_value_run *out)
FINDS_NOTHING(run_at, int64_t at_us, int64_t *out_id)
TAKES(run_each, fl_store_run_fn *fn, void *ctx)
COUNTS_NONE(run_thin, int64_t before_us)
FINDS_NOTHING(score_get, int64_t run, int64_t customer, struct fl_score *out)
TAKES(score_each, const struct fl_score_filter *filter, fl_store_score_fn *fn, void *ctx)
TAKES(rescore_put, const struct fl_score *score)
TAKES(stale_add, int64_t customer)

static enum fl_status null_stale_list(struct fl_store *store, int64_t *out, size_t max,
                                      size_t *out_n, int64_t *out_total, struct fl_error *err)
{
    *out_n = 0;
    *out_total = 0;
    return FL_OK;
}

TAKES(stale_drop, int64_t customer)
TAKES(zone_change_each, int64_t customer, int64_t after, int64_t limit, fl_store_zone_change_fn *fn,
      void *ctx)

static enum fl_status null_zone_matrix(struct fl_store *store, int64_t run_from, int64_t run_to,
                                       int64_t (*out)[5], struct fl_error *err)
{
    memset(out, 0, 5 * sizeof *out);
    return FL_OK;
}

TAKES(effect_each, int64_t campaign, int64_t run_before, int64_t run_after, fl_store_effect_fn *fn,
      void *ctx)

const struct fl_store_driver fl_store_driver_null = {
    .name = "null",
    .remembers = false,
    .open = null_open,
    .close = null_close,
    .schema_version = null_schema_version,
    .begin = null_begin,
    .commit = null_begin,
    .rollback = null_rollback,
    .backup = null_backup,
    .check = null_check,
    .meta_get = null_meta_get,
    .meta_set = null_meta_set,
    .customer_put = null_customer_put,
    .customer_get = null_customer_get,
    .customer_find = null_find,
    .customers_by_address = null_customers_by_address,
    .customer_each = null_customer_each,
    .consent_append = null_consent_append,
    .consent_history = null_consent_history,
    .address_set_status = null_address_set_status,
    .content_put = null_content_put,
    .content_get = null_content_get,
    .content_newest = null_find,
    .content_each = null_content_each,
    .channel_find = null_channel_find,
    .channel_add = null_channel_add,
    .channel_name = null_channel_name,
    .campaign_put = null_campaign_put,
    .campaign_set_state = null_campaign_set_state,
    .campaign_get = null_campaign_get,
    .campaign_find = null_campaign_find,
    .campaign_each = null_campaign_each,
    .occurrence_put = null_occurrence_put,
    .occurrence_get = null_occurrence_get,
    .occurrence_each = null_occurrence_each,
    .occurrence_finish = null_occurrence_finish,
    .plan = null_plan,
    .message_put = null_message_put,
    .claim = null_claim,
    .next_due = null_next_due,
    .lease_put = null_lease_put,
    .lease_drop = null_lease_drop,
    .lease_all = null_lease_all,
    .message_settle = null_message_settle,
    .message_get = null_message_get,
    .message_of = null_message_of,
    .message_each = null_message_each,
    .message_sweep = null_message_sweep,
    .message_counts = null_message_counts,
    .event_put = null_event_put,
    .event_each = null_event_each,
    .event_by_provider = null_find,
    .evidence_put = null_evidence_put,
    .evidence_get = null_evidence_get,
    .feedback_put = null_feedback_put,
    .feedback_get = null_feedback_get,
    .feedback_assign = null_feedback_assign,
    .feedback_each = null_feedback_each,
    .feedback_counts = null_feedback_counts,
    .attachment_put = null_attachment_put,
    .attachments = null_attachments,
    .answer_put = null_answer_put,
    .answer_each = null_answer_each,
    .answer_tally = null_answer_tally,
    .cost_tally = null_cost_tally,
    .short_link_put = null_short_link_put,
    .short_link_get = null_short_link_get,
    .short_link_of = null_short_link_of,
    .memory_set = null_memory_set,
    .memory_get = null_memory_get,
    .transaction_put = null_transaction_put,
    .transactions_begin = null_begin,
    .transactions_end = null_begin,
    .transaction_each = null_transaction_each,
    .currency = null_currency,
    .trade_each = null_trade_each,
    .customer_cuts = null_customer_cuts,
    .subscription_put = null_subscription_put,
    .subscription_each = null_subscription_each,
    .referral_put = null_referral_put,
    .referral_each = null_referral_each,
    .complaint_put = null_complaint_put,
    .complaint_each = null_complaint_each,
    .sign_each = null_sign_each,
    .run_begin = null_run_begin,
    .scores_put = null_scores_put,
    .run_finish = null_run_finish,
    .run_fail = null_run_fail,
    .run_get = null_run_get,
    .run_at = null_run_at,
    .run_each = null_run_each,
    .run_thin = null_run_thin,
    .score_get = null_score_get,
    .score_each = null_score_each,
    .rescore_put = null_rescore_put,
    .stale_add = null_stale_add,
    .stale_list = null_stale_list,
    .stale_drop = null_stale_drop,
    .zone_change_each = null_zone_change_each,
    .zone_matrix = null_zone_matrix,
    .effect_each = null_effect_each,
};
