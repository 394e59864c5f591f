/* Argument checks of content, campaigns and messages. */
#include "store_private.h"

#include <string.h>

enum { CLAIM_MAX = 100000, LEASE_IDS_MAX = 100000, PLAN_ATTRIBUTES_MAX = 16, PERMILLE = 1000 };

static bool is_stored_state(enum fl_message_state state)
{
    return (int)state >= FL_MESSAGE_PLANNED && (int)state <= FL_MESSAGE_CANCELLED;
}

static enum fl_status check_stored_state(enum fl_message_state state, struct fl_error *err)
{
    if (!is_stored_state(state))
        return fl_error_set(err, FL_INVALID, "\"%s\" is no state a message is stored in",
                            fl_message_state_name(state));
    return FL_OK;
}

static enum fl_status check_rule(enum fl_rule rule, struct fl_error *err)
{
    if ((int)rule < FL_RULE_NONE || (int)rule >= FL_RULES)
        return fl_error_set(err, FL_INVALID, "rule %d, expected %d to %d", (int)rule, FL_RULE_NONE,
                            FL_RULES - 1);
    return FL_OK;
}

/* ---- content, channels, campaigns -----------------------------------------------------------*/

enum fl_status fl_store_content_put(struct fl_store *store,
                                    const struct fl_content_version *content, enum fl_put *out_put,
                                    int64_t *out_id, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    if (!content->name || !*content->name || !content->hash || !*content->hash)
        return fl_error_set(err, FL_INVALID, "content needs a name and a hash");
    for (size_t i = 0; i < content->n_files; i++)
        if (!content->files[i].path || !*content->files[i].path)
            return fl_error_set(err, FL_INVALID, "a file of content needs a path");
    return fl_store_wrote(store, store->driver->content_put(store, content, out_put, out_id, err));
}

enum fl_status fl_store_content_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                    struct fl_content_version *out, struct fl_error *err)
{
    return store->driver->content_get(store, arena, id, out, err);
}

enum fl_status fl_store_content_newest(struct fl_store *store, const char *name, int64_t *out_id,
                                       struct fl_error *err)
{
    return store->driver->content_newest(store, name, out_id, err);
}

enum fl_status fl_store_content_each(struct fl_store *store, fl_store_content_fn *fn, void *ctx,
                                     struct fl_error *err)
{
    return store->driver->content_each(store, fn, ctx, err);
}

enum fl_status fl_store_channel_id(struct fl_store *store, const char *name, enum fl_medium medium,
                                   int64_t *out_id, struct fl_error *err)
{
    enum fl_medium known = FL_MEDIUM_NONE;
    int64_t id = 0;
    enum fl_status st;

    if (!*name)
        return fl_error_set(err, FL_INVALID, "a channel needs a name");
    if ((int)medium <= FL_MEDIUM_NONE || (int)medium > FL_MEDIUM_OTHER)
        return fl_error_set(err, FL_INVALID, "medium %d of channel \"%s\", expected %d to %d",
                            (int)medium, name, FL_MEDIUM_EMAIL, FL_MEDIUM_OTHER);
    st = store->driver->channel_find(store, name, &id, &known, err);
    if (st == FL_NOT_FOUND) {
        st = fl_store_may_write(store, err);
        if (st)
            return st;
        return fl_store_wrote(store, store->driver->channel_add(store, name, medium, out_id, err));
    }
    if (st)
        return st;
    if (known != medium)
        return fl_error_set(err, FL_CONFLICT,
                            "channel \"%s\" was known with the medium %s and is configured with %s",
                            name, fl_medium_name(known), fl_medium_name(medium));
    *out_id = id;
    return FL_OK;
}

enum fl_status fl_store_channel_find(struct fl_store *store, const char *name, int64_t *out_id,
                                     enum fl_medium *out_medium, struct fl_error *err)
{
    return store->driver->channel_find(store, name, out_id, out_medium, err);
}

enum fl_status fl_store_channel_name(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                     const char **out_name, enum fl_medium *out_medium,
                                     struct fl_error *err)
{
    return store->driver->channel_name(store, arena, id, out_name, out_medium, err);
}

static enum fl_status check_campaign_state(enum fl_campaign_state state, struct fl_error *err)
{
    if ((int)state < FL_CAMPAIGN_DRAFT || (int)state > FL_CAMPAIGN_DONE)
        return fl_error_set(err, FL_INVALID, "campaign state %d, expected %d to %d", (int)state,
                            FL_CAMPAIGN_DRAFT, FL_CAMPAIGN_DONE);
    return FL_OK;
}

enum fl_status fl_store_campaign_put(struct fl_store *store, const struct fl_campaign_row *campaign,
                                     enum fl_put *out_put, int64_t *out_id, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_campaign_state(campaign->state, err);
    if (st)
        return st;
    if (!campaign->name || !*campaign->name)
        return fl_error_set(err, FL_INVALID, "a campaign needs a name");
    return fl_store_wrote(store,
                          store->driver->campaign_put(store, campaign, out_put, out_id, err));
}

enum fl_status fl_store_campaign_set_state(struct fl_store *store, int64_t id,
                                           enum fl_campaign_state state, const char *reason,
                                           struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_campaign_state(state, err);
    if (st)
        return st;
    return fl_store_wrote(store, store->driver->campaign_set_state(store, id, state, reason, err));
}

enum fl_status fl_store_campaign_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                     struct fl_campaign_row *out, struct fl_error *err)
{
    return store->driver->campaign_get(store, arena, id, out, err);
}

enum fl_status fl_store_campaign_find(struct fl_store *store, struct fl_arena *arena,
                                      const char *name, struct fl_campaign_row *out,
                                      struct fl_error *err)
{
    return store->driver->campaign_find(store, arena, name, out, err);
}

enum fl_status fl_store_campaign_each(struct fl_store *store, fl_store_campaign_fn *fn, void *ctx,
                                      struct fl_error *err)
{
    return store->driver->campaign_each(store, fn, ctx, err);
}

enum fl_status fl_store_occurrence_put(struct fl_store *store,
                                       const struct fl_occurrence *occurrence, enum fl_put *out_put,
                                       int64_t *out_id, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    if (occurrence->campaign <= 0 || occurrence->content <= 0 || occurrence->channel <= 0)
        return fl_error_set(err, FL_INVALID,
                            "an occurrence needs a campaign, a content and a channel");
    return fl_store_wrote(store,
                          store->driver->occurrence_put(store, occurrence, out_put, out_id, err));
}

enum fl_status fl_store_occurrence_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                       struct fl_occurrence *out, struct fl_error *err)
{
    return store->driver->occurrence_get(store, arena, id, out, err);
}

enum fl_status fl_store_occurrence_each(struct fl_store *store, int64_t campaign,
                                        fl_store_occurrence_fn *fn, void *ctx, struct fl_error *err)
{
    return store->driver->occurrence_each(store, campaign, fn, ctx, err);
}

enum fl_status fl_store_occurrence_finish(struct fl_store *store, int64_t *out_finished,
                                          struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    return fl_store_wrote(store, store->driver->occurrence_finish(store, out_finished, err));
}

/* ---- messages ---------------------------------------------------------------------------------*/

/* The name becomes a quoted label of a JSON path, where these cannot be written. */
static bool is_path_label(const char *name)
{
    for (const char *p = name; *p; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ')
            return false;
    return *name != '\0';
}

static bool is_range(double min, double max)
{
    return min <= max && min >= 0 && max <= 1;
}

static enum fl_status check_worth(const struct fl_store_plan *plan, struct fl_error *err)
{
    const struct fl_store_worth_filter *worth = plan->worth;

    if (plan->hold_out_permille < 0 || plan->hold_out_permille > PERMILLE)
        return fl_error_set(err, FL_INVALID, "a hold-out of %d permille", plan->hold_out_permille);
    if (!worth)
        return FL_OK;
    if ((worth->has_ce && !is_range(worth->ce_min, worth->ce_max)) ||
        (worth->has_cv && !is_range(worth->cv_min, worth->cv_max)) ||
        (worth->has_commitment && !is_range(worth->commitment_min, worth->commitment_max)))
        return fl_error_set(err, FL_INVALID, "an audience by ranks that are not within 0..1");
    if (worth->change_since_us != FL_TIME_NONE && plan->anchor)
        return fl_error_set(err, FL_INVALID, "an audience by both an anchor and a change of zone");
    return FL_OK;
}

bool fl_store_is_held_out(int64_t key, int64_t customer, int permille)
{
    /* The finaliser of splitmix64 (Steele, Lea & Flood 2014): ids differ in a few bits only. */
    uint64_t z = (uint64_t)customer + (uint64_t)key * UINT64_C(0x9e3779b97f4a7c15);

    if (permille <= 0)
        return false;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return z % PERMILLE < (uint64_t)permille;
}

static enum fl_status check_plan(const struct fl_store_plan *plan, struct fl_error *err)
{
    size_t n = 0;

    if (!plan->is_dry_run && (plan->occurrence <= 0 || plan->channel <= 0))
        return fl_error_set(err, FL_INVALID, "a plan needs an occurrence and a channel");
    if ((int)plan->medium <= FL_MEDIUM_NONE || (int)plan->medium > FL_MEDIUM_OTHER)
        return fl_error_set(err, FL_INVALID, "medium %d of a plan, expected %d to %d",
                            (int)plan->medium, FL_MEDIUM_EMAIL, FL_MEDIUM_OTHER);
    if (plan->limit < 0)
        return fl_error_set(err, FL_INVALID, "the limit of a plan cannot be negative");
    if (check_worth(plan, err))
        return FL_INVALID;
    for (; plan->attribute_names && plan->attribute_names[n]; n++) {
        if (n == PLAN_ATTRIBUTES_MAX)
            return fl_error_set(err, FL_LIMIT, "an audience names more than %d attributes",
                                PLAN_ATTRIBUTES_MAX);
        if (!is_path_label(plan->attribute_names[n]))
            return fl_error_set(err, FL_INVALID,
                                "attribute name \"%s\": quotes, backslashes and control characters "
                                "cannot be searched for",
                                plan->attribute_names[n]);
        if (!plan->attribute_values || !plan->attribute_values[n])
            return fl_error_set(err, FL_INVALID, "attribute \"%s\" has no value to equal",
                                plan->attribute_names[n]);
    }
    return FL_OK;
}

enum fl_status fl_store_plan(struct fl_store *store, const struct fl_store_plan *plan,
                             struct fl_store_plan_result *out, struct fl_error *err)
{
    enum fl_status st = check_plan(plan, err);

    if (!st && !plan->is_dry_run)
        st = fl_store_may_write(store, err);
    if (st)
        return st;
    st = store->driver->plan(store, plan, out, err);
    return plan->is_dry_run ? st : fl_store_wrote(store, st);
}

enum fl_status fl_store_message_put(struct fl_store *store, struct fl_message *message,
                                    struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_stored_state(message->state, err);
    if (!st)
        st = check_rule(message->rule, err);
    if (st)
        return st;
    if (message->occurrence <= 0 || message->customer <= 0 || message->channel <= 0)
        return fl_error_set(err, FL_INVALID,
                            "a message needs an occurrence, a customer and a channel");
    return fl_store_wrote(store, store->driver->message_put(store, message, err));
}

enum fl_status fl_store_claim(struct fl_store *store, struct fl_arena *arena, int64_t channel,
                              int64_t now_us, size_t limit, struct fl_claim_row **out,
                              size_t *out_n, struct fl_error *err)
{
    return store->driver->claim(store, arena, channel, now_us,
                                limit < CLAIM_MAX ? limit : CLAIM_MAX, out, out_n, err);
}

enum fl_status fl_store_next_due(struct fl_store *store, int64_t channel, int64_t *out_us,
                                 struct fl_error *err)
{
    return store->driver->next_due(store, channel, out_us, err);
}

enum fl_status fl_store_lease_put(struct fl_store *store, struct fl_lease *lease,
                                  struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    if (!lease->n_ids || lease->n_ids > LEASE_IDS_MAX)
        return fl_error_set(err, FL_LIMIT, "a lease of %zu messages, expected 1 to %d",
                            lease->n_ids, LEASE_IDS_MAX);
    for (size_t i = 0; i < lease->n_ids; i++)
        if (lease->ids[i] <= 0)
            return fl_error_set(err, FL_INVALID, "%lld is no id of a message",
                                (long long)lease->ids[i]);
    return fl_store_wrote(store, store->driver->lease_put(store, lease, err));
}

enum fl_status fl_store_lease_drop(struct fl_store *store, int64_t lease, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    return fl_store_wrote(store, store->driver->lease_drop(store, lease, err));
}

enum fl_status fl_store_lease_all(struct fl_store *store, struct fl_arena *arena,
                                  struct fl_lease **out, size_t *out_n, struct fl_error *err)
{
    return store->driver->lease_all(store, arena, out, out_n, err);
}

enum fl_status fl_store_message_settle(struct fl_store *store, const struct fl_settle *settle,
                                       struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_stored_state(settle->from, err);
    if (!st)
        st = check_stored_state(settle->to, err);
    if (!st)
        st = check_rule(settle->rule, err);
    if (st)
        return st;
    return fl_store_wrote(store, store->driver->message_settle(store, settle, err));
}

enum fl_status fl_store_message_get(struct fl_store *store, int64_t id, struct fl_message *out,
                                    struct fl_error *err)
{
    return store->driver->message_get(store, id, out, err);
}

enum fl_status fl_store_message_of(struct fl_store *store, int64_t customer, int64_t campaign,
                                   fl_store_message_fn *fn, void *ctx, struct fl_error *err)
{
    return store->driver->message_of(store, customer, campaign, fn, ctx, err);
}

enum fl_status fl_store_message_each(struct fl_store *store, enum fl_message_state state,
                                     int64_t campaign, int64_t after, int64_t limit,
                                     fl_store_message_fn *fn, void *ctx, struct fl_error *err)
{
    if ((int)state < 0 || (int)state >= FL_MESSAGE_STATES)
        return fl_error_set(err, FL_INVALID, "message state %d, expected 0 to %d", (int)state,
                            FL_MESSAGE_STATES - 1);
    return store->driver->message_each(store, state, campaign, after, limit, fn, ctx, err);
}

enum fl_status fl_store_message_sweep(struct fl_store *store, int64_t campaign,
                                      enum fl_message_state from, enum fl_message_state to,
                                      enum fl_rule rule, int64_t *out_n, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_stored_state(from, err);
    if (!st)
        st = check_stored_state(to, err);
    if (!st)
        st = check_rule(rule, err);
    if (st)
        return st;
    if (fl_message_state_is_final(from))
        return fl_error_set(err, FL_INVALID, "\"%s\" is final, its messages cannot be swept",
                            fl_message_state_name(from));
    return fl_store_wrote(
        store, store->driver->message_sweep(store, campaign, from, to, rule, out_n, err));
}

enum fl_status fl_store_message_counts(struct fl_store *store, int64_t campaign,
                                       int64_t out[FL_MESSAGE_STATES], struct fl_error *err)
{
    return store->driver->message_counts(store, campaign, out, err);
}
