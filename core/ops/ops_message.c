/* Messages: in words, with their events, and why there is one or none. */
#include <string.h>

#include "base/str.h"
#include "dispatch/dispatch.h"
#include "ops/ops_private.h"
#include "policy/policy.h"

struct known_occurrence {
    int64_t id;
    const char *campaign, *stage, *channel;
    int64_t campaign_id;
};

void fl_ops_names_init(struct fl_ops_names *names, struct fl_ops_context *context,
                       struct fl_arena *arena)
{
    *names = (struct fl_ops_names){.context = context, .arena = arena};
    fl_ops_list_init(&names->occurrences, arena, sizeof(struct known_occurrence));
}

static enum fl_status occurrence_of(struct fl_ops_names *names, int64_t id,
                                    struct known_occurrence *out, struct fl_error *err)
{
    struct fl_store *store = names->context->store;
    struct known_occurrence *known = names->occurrences.items;
    struct fl_occurrence occurrence;
    struct fl_campaign_row campaign;
    enum fl_medium medium;
    enum fl_status st;

    for (size_t i = 0; i < names->occurrences.n; i++)
        if (known[i].id == id) {
            *out = known[i];
            return FL_OK;
        }
    st = fl_store_occurrence_get(store, names->arena, id, &occurrence, err);
    if (!st)
        st = fl_store_campaign_get(store, names->arena, occurrence.campaign, &campaign, err);
    if (st)
        return st;
    *out = (struct known_occurrence){id, campaign.name, occurrence.stage, NULL, campaign.id};
    st =
        fl_store_channel_name(store, names->arena, occurrence.channel, &out->channel, &medium, err);
    if (st)
        return st;
    known = fl_ops_list_add(&names->occurrences);
    if (known)
        *known = *out;
    return FL_OK;
}

enum fl_status fl_ops_message_campaign(struct fl_ops_names *names, int64_t message,
                                       const char **out, struct fl_error *err)
{
    struct known_occurrence occurrence;
    struct fl_message found;
    enum fl_status st = fl_store_message_get(names->context->store, message, &found, err);

    if (!st)
        st = occurrence_of(names, found.occurrence, &occurrence, err);
    if (!st)
        *out = occurrence.campaign;
    return st;
}

enum fl_status fl_ops_message_row(struct fl_ops_names *names, const struct fl_message *message,
                                  enum fl_message_state shown_state, json_t **out,
                                  struct fl_error *err)
{
    struct known_occurrence occurrence;
    struct fl_customer customer;
    enum fl_status st;
    json_t *row;

    st = occurrence_of(names, message->occurrence, &occurrence, err);
    if (!st)
        st = fl_store_customer_get(names->context->store, names->arena, message->customer,
                                   &customer, err);
    if (st)
        return st;
    row = json_object();
    fl_ops_put_id(row, "id", message->id);
    fl_ops_put_str(row, "state", fl_message_state_name(shown_state));
    fl_ops_put_str(row, "campaign", occurrence.campaign);
    fl_ops_put_str(row, "stage", occurrence.stage);
    fl_ops_put_str(row, "customer", customer.external_id);
    fl_ops_put_str(row, "channel", occurrence.channel);
    fl_ops_put_int(row, "attempts", message->attempts);
    fl_ops_put_time(row, "due_at", message->due_us);
    fl_ops_put_str(row, "rule", message->rule ? fl_rule_name(message->rule) : NULL);
    *out = row;
    return FL_OK;
}

struct events {
    struct fl_arena *arena;
    json_t *array;
};

static bool add_event(void *ctx, const struct fl_event *event)
{
    struct events *events = ctx;
    json_t *item = json_object();

    fl_ops_put_time(item, "at", event->at_us);
    fl_ops_put_str(item, "event", fl_event_kind_name(event->kind));
    fl_ops_put_str(item, "fault", event->fault ? fl_fault_class_name(event->fault) : NULL);
    fl_ops_put_int(item, "attempt", event->attempt);
    fl_ops_put_int(item, "code", event->code);
    fl_ops_put_str(item, "status", event->status);
    fl_ops_put_str(item, "detail", event->detail);
    fl_ops_put_str(item, "provider_ref", event->provider_ref);
    fl_ops_put_cost(item, events->arena, event);
    (void)json_array_append_new(events->array, item);
    return true;
}

enum fl_status fl_ops_events(struct fl_ops_context *context, struct fl_arena *arena,
                             int64_t message, json_t **out, struct fl_error *err)
{
    struct events events = {arena, json_array()};
    enum fl_status st = fl_store_event_each(context->store, message, add_event, &events, err);

    if (st) {
        json_decref(events.array);
        return st;
    }
    *out = events.array;
    return FL_OK;
}

enum fl_status fl_ops_message_in_hand(struct fl_ops_context *context, struct fl_arena *arena,
                                      int64_t message, bool *out_is_in_hand, bool *out_is_begun,
                                      struct fl_error *err)
{
    struct fl_lease *leases;
    size_t n;
    enum fl_status st = fl_store_lease_all(context->store, arena, &leases, &n, err);

    if (st)
        return st;
    *out_is_in_hand = *out_is_begun = false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < leases[i].n_ids; k++)
            if (leases[i].ids[k] == message) {
                *out_is_in_hand = true;
                *out_is_begun = leases[i].is_begun;
                return FL_OK;
            }
    return FL_OK;
}

enum fl_status fl_ops_message_state(struct fl_ops_context *context, struct fl_arena *arena,
                                    const struct fl_message *message, enum fl_message_state *out,
                                    struct fl_error *err)
{
    bool is_in_hand = false, is_begun = false;
    enum fl_status st;

    *out = message->state;
    if (message->state != FL_MESSAGE_PLANNED && message->state != FL_MESSAGE_DEFERRED)
        return FL_OK;
    st = fl_ops_message_in_hand(context, arena, message->id, &is_in_hand, &is_begun, err);
    if (st)
        return st;
    if (is_in_hand)
        *out = is_begun ? FL_MESSAGE_BEGUN : FL_MESSAGE_CLAIMED;
    else if (message->due_us <= fl_clock_now(&context->clock))
        *out = FL_MESSAGE_DUE;
    return FL_OK;
}

/* A message with its rule in words and its events. */
static enum fl_status message_full(struct fl_ops_names *names, const struct fl_message *message,
                                   json_t **out, struct fl_error *err)
{
    enum fl_message_state state;
    json_t *row, *events = NULL;
    enum fl_status st;

    st = fl_ops_message_state(names->context, names->arena, message, &state, err);
    if (!st)
        st = fl_ops_events(names->context, names->arena, message->id, &events, err);
    if (!st)
        st = fl_ops_message_row(names, message, state, &row, err);
    if (st) {
        json_decref(events);
        return st;
    }
    if (message->rule)
        fl_ops_put_str(row, "sentence", fl_rule_sentence(message->rule));
    (void)json_object_set_new(row, "events", events);
    *out = row;
    return FL_OK;
}

FL_OPS_RUN(fl_ops_message_show_run)
{
    struct fl_ops_names names;
    struct fl_message message;
    json_t *row;
    int64_t id;
    enum fl_status st;

    fl_ops_names_init(&names, context, args->arena);
    st = fl_ops_id(args, "message", &id, err);
    if (!st)
        st = fl_store_message_get(context->store, id, &message, err);
    if (!st)
        st = message_full(&names, &message, &row, err);
    if (!st)
        fl_ops_row_emit(sink, row);
    return st;
}

FL_OPS_RUN(fl_ops_message_link_run)
{
    struct fl_dispatch_urls urls;
    struct fl_message message;
    enum fl_medium medium;
    const char *channel;
    json_t *row;
    int64_t id;
    enum fl_status st;

    st = fl_ops_id(args, "message", &id, err);
    if (!st)
        st = fl_store_message_get(context->store, id, &message, err);
    if (!st)
        st = fl_store_channel_name(context->store, args->arena, message.channel, &channel, &medium,
                                   err);
    if (!st && (!context->conf->web_base || !*context->conf->web_base))
        st = fl_error_set(err, FL_NOT_FOUND, "there are no public pages: web_base is not set");
    if (!st)
        st = fl_dispatch_urls_of(args->arena, context->conf, context->keys, id, medium, true, &urls,
                                 err);
    if (st)
        return st;
    row = json_object();
    fl_ops_put_str(row, "page_url", urls.page);
    fl_ops_put_str(row, "survey_url", urls.survey);
    fl_ops_put_str(row, "preferences_url", urls.preferences);
    fl_ops_put_str(row, "unsubscribe_url", urls.unsubscribe);
    fl_ops_row_emit(sink, row);
    return FL_OK;
}
