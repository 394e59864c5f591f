/* Everything of one customer, ordered by time. */
#include <stdlib.h>
#include <string.h>

#include "ops/ops_private.h"
#include "policy/policy.h"

struct entry {
    int64_t at_us;
    json_t *row;
};

struct timeline {
    struct fl_ops_context *context;
    struct fl_arena *arena;
    struct fl_ops_list entries, messages;
    const char *campaign; /* of the messages being collected */
};

struct entry_message {
    struct fl_message message;
    const char *campaign;
};

static void add(struct timeline *timeline, int64_t at_us, const char *direction, const char *what,
                const char *campaign, const char *detail)
{
    struct entry *entry = fl_ops_list_add(&timeline->entries);
    json_t *row = json_object();

    fl_ops_put_time(row, "at", at_us);
    fl_ops_put_str(row, "direction", direction);
    fl_ops_put_str(row, "what", what);
    fl_ops_put_str(row, "campaign", campaign);
    fl_ops_put_str(row, "detail", detail);
    if (!entry) {
        json_decref(row);
        return;
    }
    *entry = (struct entry){at_us, row};
}

static bool add_consent(void *ctx, const struct fl_consent *consent)
{
    struct timeline *timeline = ctx;

    add(timeline, consent->at_us, "in", "consent", NULL,
        fl_arena_printf(timeline->arena, "%s by %s: %s (%s: %s)", consent->purpose,
                        fl_medium_name(consent->medium), fl_ops_consent_state_name(consent->state),
                        consent->source, consent->proof));
    return true;
}

static bool add_feedback(void *ctx, const struct fl_feedback *feedback)
{
    add(ctx, feedback->received_us ? feedback->received_us : feedback->stored_us, "in",
        fl_feedback_kind_name(feedback->kind), NULL,
        *feedback->text ? feedback->text : feedback->subject);
    return true;
}

static bool collect_message(void *ctx, const struct fl_message *message)
{
    struct timeline *timeline = ctx;
    struct entry_message *item = fl_ops_list_add(&timeline->messages);

    if (item)
        *item = (struct entry_message){*message, timeline->campaign};
    return item != NULL;
}

struct campaigns {
    struct fl_arena *arena;
    struct fl_ops_list ids, names;
};

static bool collect_campaign(void *ctx, const struct fl_campaign_row *row)
{
    struct campaigns *campaigns = ctx;
    int64_t *id = fl_ops_list_add(&campaigns->ids);
    const char **name = fl_ops_list_add(&campaigns->names);

    if (!id || !name)
        return false;
    *id = row->id;
    *name = fl_arena_strdup(campaigns->arena, row->name);
    return true;
}

struct event_adder {
    struct timeline *timeline;
    const char *campaign;
};

static bool add_event(void *ctx, const struct fl_event *event)
{
    struct event_adder *adder = ctx;

    add(adder->timeline, event->at_us, "out", fl_event_kind_name(event->kind), adder->campaign,
        event->detail);
    return true;
}

static enum fl_status add_messages(struct timeline *timeline, int64_t customer,
                                   struct fl_error *err)
{
    struct campaigns campaigns = {.arena = timeline->arena};
    enum fl_status st;

    fl_ops_list_init(&campaigns.ids, timeline->arena, sizeof(int64_t));
    fl_ops_list_init(&campaigns.names, timeline->arena, sizeof(char *));
    st = fl_store_campaign_each(timeline->context->store, collect_campaign, &campaigns, err);
    for (size_t i = 0; !st && i < campaigns.ids.n; i++) {
        timeline->campaign = ((const char **)campaigns.names.items)[i];
        st = fl_store_message_of(timeline->context->store, customer,
                                 ((int64_t *)campaigns.ids.items)[i], collect_message, timeline,
                                 err);
    }
    for (size_t i = 0; !st && i < timeline->messages.n; i++) {
        const struct entry_message *item = (struct entry_message *)timeline->messages.items + i;
        struct event_adder adder = {timeline, item->campaign};
        const char *why = item->message.rule ? fl_rule_sentence(item->message.rule) : NULL;

        add(timeline, fl_id_time_us(item->message.id), "out", "planned", item->campaign, why);
        st =
            fl_store_event_each(timeline->context->store, item->message.id, add_event, &adder, err);
    }
    return st;
}

static int by_time(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

FL_OPS_RUN(fl_ops_customer_timeline_run)
{
    struct timeline timeline = {.context = context, .arena = args->arena};
    struct fl_feedback_filter filter = {.kind = -1};
    struct fl_customer customer;
    struct entry *entries;
    enum fl_status st;

    st = fl_ops_customer(context, args, fl_ops_str(args, "customer"), &customer, err);
    if (st)
        return st;
    fl_ops_list_init(&timeline.entries, args->arena, sizeof(struct entry));
    fl_ops_list_init(&timeline.messages, args->arena, sizeof(struct entry_message));
    filter.customer = customer.id;
    st = fl_store_consent_history(context->store, customer.id, add_consent, &timeline, err);
    if (!st)
        st = fl_store_feedback_each(context->store, &filter, add_feedback, &timeline, err);
    if (!st)
        st = add_messages(&timeline, customer.id, err);
    entries = timeline.entries.items;
    if (timeline.entries.n)
        qsort(entries, timeline.entries.n, sizeof *entries, by_time);
    for (size_t i = 0; i < timeline.entries.n; i++)
        if (st)
            json_decref(entries[i].row);
        else
            fl_ops_row_emit(sink, entries[i].row);
    return st;
}
