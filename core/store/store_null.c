/*
 * The driver that forgets: every write is accepted and gets an id, nothing is ever found.
 * For tests of callers and for benchmarks that leave the store out.
 */
#include "store_private.h"

#include <string.h>

#define UNUSED __attribute__((unused))

static enum fl_status nothing(struct fl_error *err)
{
    return fl_error_set(err, FL_NOT_FOUND, "the null store remembers nothing");
}

static enum fl_status put(struct fl_store *store, enum fl_put *out_put, int64_t *out_id)
{
    *out_put = FL_PUT_INSERTED;
    *out_id = fl_store_new_id(store);
    return FL_OK;
}

static enum fl_status null_open(struct fl_store *store UNUSED, const char *path,
                                const struct fl_store_options *options UNUSED, struct fl_error *err)
{
    if (*path)
        return fl_error_set(err, FL_INVALID, "\"null:\" takes no path, found \"%s\"", path);
    return FL_OK;
}

static void null_close(struct fl_store *store UNUSED)
{
}

static int null_schema_version(struct fl_store *store UNUSED)
{
    return 0;
}

static enum fl_status null_begin(struct fl_store *store UNUSED, struct fl_error *err UNUSED)
{
    return FL_OK;
}

static void null_rollback(struct fl_store *store UNUSED)
{
}

static enum fl_status null_backup(struct fl_store *store UNUSED, const char *path UNUSED,
                                  struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_check(struct fl_store *store UNUSED, fl_store_report_fn *report UNUSED,
                                 void *ctx UNUSED, struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_meta_get(struct fl_store *store UNUSED, struct fl_arena *arena UNUSED,
                                    const char *key UNUSED, const char **out UNUSED,
                                    struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_meta_set(struct fl_store *store UNUSED, const char *key UNUSED,
                                    const char *value UNUSED, struct fl_error *err UNUSED)
{
    return FL_OK;
}

/* ---- people -----------------------------------------------------------------------------------*/

static enum fl_status null_customer_put(struct fl_store *store,
                                        const struct fl_customer *customer UNUSED,
                                        enum fl_put *out_put, int64_t *out_id,
                                        struct fl_error *err UNUSED)
{
    return put(store, out_put, out_id);
}

static enum fl_status null_customer_get(struct fl_store *store UNUSED,
                                        struct fl_arena *arena UNUSED, int64_t id UNUSED,
                                        struct fl_customer *out UNUSED, struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_find(struct fl_store *store UNUSED, const char *name UNUSED,
                                int64_t *out UNUSED, struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_customers_by_address(struct fl_store *store UNUSED,
                                                enum fl_medium medium UNUSED,
                                                const char *value UNUSED, int64_t *ids UNUSED,
                                                size_t max UNUSED, size_t *out_n,
                                                struct fl_error *err UNUSED)
{
    *out_n = 0;
    return FL_OK;
}

static enum fl_status null_customer_each(struct fl_store *store UNUSED, int64_t after UNUSED,
                                         int64_t limit UNUSED, fl_store_customer_fn *fn UNUSED,
                                         void *ctx UNUSED, struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_consent_append(struct fl_store *store UNUSED,
                                          const struct fl_consent *consent UNUSED,
                                          struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_consent_history(struct fl_store *store UNUSED, int64_t customer UNUSED,
                                           fl_store_consent_fn *fn UNUSED, void *ctx UNUSED,
                                           struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_address_set_status(struct fl_store *store UNUSED, int64_t address UNUSED,
                                              enum fl_address_status status UNUSED,
                                              int64_t evidence UNUSED, struct fl_error *err UNUSED)
{
    return FL_OK;
}

/* ---- content and campaigns --------------------------------------------------------------------*/

static enum fl_status null_content_put(struct fl_store *store,
                                       const struct fl_content_version *content UNUSED,
                                       enum fl_put *out_put, int64_t *out_id,
                                       struct fl_error *err UNUSED)
{
    return put(store, out_put, out_id);
}

static enum fl_status null_content_get(struct fl_store *store UNUSED, struct fl_arena *arena UNUSED,
                                       int64_t id UNUSED, struct fl_content_version *out UNUSED,
                                       struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_content_each(struct fl_store *store UNUSED,
                                        fl_store_content_fn *fn UNUSED, void *ctx UNUSED,
                                        struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_channel_find(struct fl_store *store UNUSED, const char *name UNUSED,
                                        int64_t *out_id UNUSED, enum fl_medium *out_medium UNUSED,
                                        struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_channel_add(struct fl_store *store, const char *name UNUSED,
                                       enum fl_medium medium UNUSED, int64_t *out_id,
                                       struct fl_error *err UNUSED)
{
    *out_id = fl_store_new_id(store);
    return FL_OK;
}

static enum fl_status null_channel_name(struct fl_store *store UNUSED,
                                        struct fl_arena *arena UNUSED, int64_t id UNUSED,
                                        const char **out_name UNUSED,
                                        enum fl_medium *out_medium UNUSED, struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_campaign_put(struct fl_store *store,
                                        const struct fl_campaign_row *campaign UNUSED,
                                        enum fl_put *out_put, int64_t *out_id,
                                        struct fl_error *err UNUSED)
{
    return put(store, out_put, out_id);
}

static enum fl_status null_campaign_set_state(struct fl_store *store UNUSED, int64_t id UNUSED,
                                              enum fl_campaign_state state UNUSED,
                                              const char *reason UNUSED,
                                              struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_campaign_get(struct fl_store *store UNUSED,
                                        struct fl_arena *arena UNUSED, int64_t id UNUSED,
                                        struct fl_campaign_row *out UNUSED, struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_campaign_find(struct fl_store *store UNUSED,
                                         struct fl_arena *arena UNUSED, const char *name UNUSED,
                                         struct fl_campaign_row *out UNUSED, struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_campaign_each(struct fl_store *store UNUSED,
                                         fl_store_campaign_fn *fn UNUSED, void *ctx UNUSED,
                                         struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_occurrence_put(struct fl_store *store,
                                          const struct fl_occurrence *occurrence UNUSED,
                                          enum fl_put *out_put, int64_t *out_id,
                                          struct fl_error *err UNUSED)
{
    return put(store, out_put, out_id);
}

static enum fl_status null_occurrence_get(struct fl_store *store UNUSED,
                                          struct fl_arena *arena UNUSED, int64_t id UNUSED,
                                          struct fl_occurrence *out UNUSED, struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_occurrence_each(struct fl_store *store UNUSED, int64_t campaign UNUSED,
                                           fl_store_occurrence_fn *fn UNUSED, void *ctx UNUSED,
                                           struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_occurrence_finish(struct fl_store *store UNUSED, int64_t *out,
                                             struct fl_error *err UNUSED)
{
    *out = 0;
    return FL_OK;
}

/* ---- messages ---------------------------------------------------------------------------------*/

static enum fl_status null_plan(struct fl_store *store UNUSED,
                                const struct fl_store_plan *plan UNUSED,
                                struct fl_store_plan_result *out, struct fl_error *err UNUSED)
{
    *out = (struct fl_store_plan_result){0};
    return FL_OK;
}

static enum fl_status null_message_put(struct fl_store *store, struct fl_message *message,
                                       struct fl_error *err UNUSED)
{
    message->id = fl_store_new_id(store);
    return FL_OK;
}

static enum fl_status null_claim(struct fl_store *store UNUSED, struct fl_arena *arena UNUSED,
                                 int64_t channel UNUSED, int64_t now_us UNUSED, size_t limit UNUSED,
                                 struct fl_claim_row **out, size_t *out_n,
                                 struct fl_error *err UNUSED)
{
    *out = NULL;
    *out_n = 0;
    return FL_OK;
}

static enum fl_status null_next_due(struct fl_store *store UNUSED, int64_t channel UNUSED,
                                    int64_t *out_us, struct fl_error *err UNUSED)
{
    *out_us = FL_TIME_NONE;
    return FL_OK;
}

static enum fl_status null_lease_put(struct fl_store *store, struct fl_lease *lease,
                                     struct fl_error *err UNUSED)
{
    if (!lease->id)
        lease->id = fl_store_new_id(store);
    return FL_OK;
}

static enum fl_status null_lease_drop(struct fl_store *store UNUSED, int64_t lease UNUSED,
                                      struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_lease_all(struct fl_store *store UNUSED, struct fl_arena *arena UNUSED,
                                     struct fl_lease **out, size_t *out_n,
                                     struct fl_error *err UNUSED)
{
    *out = NULL;
    *out_n = 0;
    return FL_OK;
}

static enum fl_status null_message_settle(struct fl_store *store UNUSED,
                                          const struct fl_settle *settle UNUSED,
                                          struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_message_get(struct fl_store *store UNUSED, int64_t id UNUSED,
                                       struct fl_message *out UNUSED, struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_message_of(struct fl_store *store UNUSED, int64_t customer UNUSED,
                                      int64_t campaign UNUSED, fl_store_message_fn *fn UNUSED,
                                      void *ctx UNUSED, struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_message_each(struct fl_store *store UNUSED,
                                        enum fl_message_state state UNUSED, int64_t campaign UNUSED,
                                        int64_t after UNUSED, int64_t limit UNUSED,
                                        fl_store_message_fn *fn UNUSED, void *ctx UNUSED,
                                        struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_message_sweep(struct fl_store *store UNUSED, int64_t campaign UNUSED,
                                         enum fl_message_state from UNUSED,
                                         enum fl_message_state to UNUSED, enum fl_rule rule UNUSED,
                                         int64_t *out_n, struct fl_error *err UNUSED)
{
    *out_n = 0;
    return FL_OK;
}

static enum fl_status null_message_counts(struct fl_store *store UNUSED, int64_t campaign UNUSED,
                                          int64_t *out, struct fl_error *err UNUSED)
{
    memset(out, 0, FL_MESSAGE_STATES * sizeof *out);
    return FL_OK;
}

/* ---- what comes back --------------------------------------------------------------------------*/

static enum fl_status null_event_put(struct fl_store *store, const struct fl_event *event UNUSED,
                                     int64_t *out_id, struct fl_error *err UNUSED)
{
    *out_id = fl_store_new_id(store);
    return FL_OK;
}

static enum fl_status null_event_each(struct fl_store *store UNUSED, int64_t message UNUSED,
                                      fl_store_event_fn *fn UNUSED, void *ctx UNUSED,
                                      struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_evidence_put(struct fl_store *store UNUSED, const char *hash UNUSED,
                                        const void *data UNUSED, size_t len UNUSED,
                                        struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_evidence_get(struct fl_store *store UNUSED,
                                        struct fl_arena *arena UNUSED, const char *hash UNUSED,
                                        void **out UNUSED, size_t *out_len UNUSED,
                                        struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_feedback_put(struct fl_store *store,
                                        const struct fl_feedback *feedback UNUSED, int64_t *out_id,
                                        struct fl_error *err UNUSED)
{
    *out_id = fl_store_new_id(store);
    return FL_OK;
}

static enum fl_status null_feedback_get(struct fl_store *store UNUSED,
                                        struct fl_arena *arena UNUSED, int64_t id UNUSED,
                                        struct fl_feedback *out UNUSED, struct fl_error *err)
{
    return nothing(err);
}

static enum fl_status null_feedback_assign(struct fl_store *store UNUSED, int64_t id UNUSED,
                                           int64_t customer UNUSED, int64_t message UNUSED,
                                           struct fl_error *err)
{
    return fl_error_set(err, FL_NOT_FOUND, "the null store keeps no feedback");
}

static enum fl_status null_feedback_each(struct fl_store *store UNUSED,
                                         const struct fl_feedback_filter *filter UNUSED,
                                         fl_store_feedback_fn *fn UNUSED, void *ctx UNUSED,
                                         struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_feedback_counts(struct fl_store *store UNUSED, int64_t campaign UNUSED,
                                           int64_t *out, struct fl_error *err UNUSED)
{
    memset(out, 0, FL_FEEDBACK_KINDS * sizeof *out);
    return FL_OK;
}

static enum fl_status null_memory_set(struct fl_store *store UNUSED, const char *channel UNUSED,
                                      const char *key UNUSED, const void *data UNUSED,
                                      size_t len UNUSED, struct fl_error *err UNUSED)
{
    return FL_OK;
}

static enum fl_status null_memory_get(struct fl_store *store UNUSED, struct fl_arena *arena UNUSED,
                                      const char *channel UNUSED, const char *key UNUSED,
                                      void **out UNUSED, size_t *out_len UNUSED,
                                      struct fl_error *err)
{
    return nothing(err);
}

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
    .memory_set = null_memory_set,
    .memory_get = null_memory_get,
};
