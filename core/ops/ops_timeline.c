/* Everything of one customer on all channels, ordered by time. */
#include <stdlib.h>
#include <string.h>

#include "ops/ops_private.h"
#include "policy/policy.h"

/* What every line has; NULL: nothing to say. */
struct line {
    int64_t at_us;
    const char *direction; /* out: for the customer; in: by the customer; of: about the customer */
    enum fl_medium medium;
    const char *channel;
    const char *what;
    const char *campaign;
    const char *detail;
    const struct fl_event *event; /* with what it cost */
};

struct entry {
    int64_t at_us;
    size_t place; /* things of one moment stay in the order they were found in */
    json_t *row;
};

struct timeline {
    struct fl_ops_context *context;
    struct fl_arena *arena;
    struct fl_ops_names names;
    struct fl_ops_list entries, messages;
    /* of the message whose events are being added */
    struct line about;
};

static void add(struct timeline *timeline, const struct line *line)
{
    static const struct fl_event free_of_charge;
    struct entry *entry = fl_ops_list_add(&timeline->entries);
    json_t *row = json_object();

    fl_ops_put_time(row, "at", line->at_us);
    fl_ops_put_str(row, "direction", line->direction);
    fl_ops_put_str(row, "medium", line->medium ? fl_medium_name(line->medium) : NULL);
    fl_ops_put_str(row, "channel", line->channel);
    fl_ops_put_str(row, "what", line->what);
    fl_ops_put_str(row, "campaign", line->campaign);
    fl_ops_put_str(row, "detail", line->detail);
    fl_ops_put_cost(row, timeline->arena, line->event ? line->event : &free_of_charge);
    if (!entry) {
        json_decref(row);
        return;
    }
    *entry = (struct entry){line->at_us, timeline->entries.n, row};
}

static bool add_consent(void *ctx, const struct fl_consent *consent)
{
    struct timeline *timeline = ctx;

    add(timeline, &(struct line){.at_us = consent->at_us,
                                 .direction = "in",
                                 .medium = consent->medium,
                                 .what = "consent",
                                 .detail = fl_arena_printf(
                                     timeline->arena, "%s: %s (%s: %s)", consent->purpose,
                                     fl_ops_consent_state_name(consent->state), consent->source,
                                     consent->proof)});
    return true;
}

static void add_addresses(struct timeline *timeline, const struct fl_customer *customer)
{
    for (size_t i = 0; i < customer->n_addresses; i++) {
        const struct fl_address *address = &customer->addresses[i];

        add(timeline,
            &(struct line){.at_us = address->status_us,
                           .direction = "of",
                           .medium = address->medium,
                           .what = "address",
                           .detail = fl_arena_printf(timeline->arena, "%s: %s",
                                                     fl_ops_address_status_name(address->status),
                                                     address->value)});
    }
}

/* --- by the customer ---------------------------------------------------------------------------*/

static bool add_feedback(void *ctx, const struct fl_feedback *feedback)
{
    struct timeline *timeline = ctx;
    struct line line = {.at_us =
                            feedback->received_us ? feedback->received_us : feedback->stored_us,
                        .direction = "in",
                        .what = fl_feedback_kind_name(feedback->kind),
                        .detail = *feedback->text ? feedback->text : feedback->subject};

    /* A channel that is gone has no name; what came over it stays. */
    if (fl_store_channel_name(timeline->context->store, timeline->arena, feedback->channel,
                              &line.channel, &line.medium, NULL))
        line.channel = NULL;
    add(timeline, &line);
    return true;
}

static bool add_answer(void *ctx, const struct fl_answer *answer)
{
    struct timeline *timeline = ctx;
    struct line line = {.at_us = answer->at_us,
                        .direction = "in",
                        .medium = answer->medium,
                        .what = "answer",
                        .detail = fl_ops_answer(timeline->arena, answer)};

    if (fl_ops_message_campaign(&timeline->names, answer->message, &line.campaign, NULL))
        line.campaign = NULL;
    add(timeline, &line);
    return true;
}

/* --- for the customer --------------------------------------------------------------------------*/

static bool collect_message(void *ctx, const struct fl_message *message)
{
    struct timeline *timeline = ctx;
    struct fl_message *item = fl_ops_list_add(&timeline->messages);

    if (item)
        *item = *message;
    return item != NULL;
}

/* Whose doing an event is: what the customer does comes in. */
static const char *direction_of(enum fl_event_kind kind)
{
    switch (kind) {
    case FL_EVENT_CLICKED:
    case FL_EVENT_OPENED:
    case FL_EVENT_REPLIED:
    case FL_EVENT_COMPLAINED:
    case FL_EVENT_OPTED_OUT:
    case FL_EVENT_ANSWERED:
    case FL_EVENT_VISITED:
        return "in";
    default:
        return "out";
    }
}

static bool add_event(void *ctx, const struct fl_event *event)
{
    struct timeline *timeline = ctx;
    struct line line = timeline->about;

    line.at_us = event->at_us;
    line.direction = direction_of(event->kind);
    line.what = fl_event_kind_name(event->kind);
    line.event = event;
    line.detail = event->detail;
    if (event->is_machine)
        line.detail = fl_arena_printf(timeline->arena, "by a machine%s%s", line.detail ? ": " : "",
                                      line.detail ? line.detail : "");
    add(timeline, &line);
    return true;
}

static enum fl_status add_message(struct timeline *timeline, const struct fl_message *message,
                                  struct fl_error *err)
{
    struct fl_store *store = timeline->context->store;
    struct line *about = &timeline->about;
    enum fl_status st;

    *about = (struct line){.at_us = fl_id_time_us(message->id),
                           .direction = "out",
                           .what = "planned",
                           .detail = message->rule ? fl_rule_sentence(message->rule) : NULL};
    st = fl_ops_message_campaign(&timeline->names, message->id, &about->campaign, err);
    if (!st)
        st = fl_store_channel_name(store, timeline->arena, message->channel, &about->channel,
                                   &about->medium, err);
    if (st)
        return st;
    add(timeline, about);
    return fl_store_event_each(store, message->id, add_event, timeline, err);
}

static enum fl_status add_messages(struct timeline *timeline, int64_t customer,
                                   struct fl_error *err)
{
    enum fl_status st =
        fl_store_message_of(timeline->context->store, customer, 0, collect_message, timeline, err);

    for (size_t i = timeline->messages.n; !st && i; i--)
        st = add_message(timeline, (struct fl_message *)timeline->messages.items + i - 1, err);
    return st;
}

static int by_time(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->at_us != y->at_us)
        return (x->at_us > y->at_us) - (x->at_us < y->at_us);
    return (x->place > y->place) - (x->place < y->place);
}

static enum fl_status collect(struct timeline *timeline, const struct fl_customer *customer,
                              struct fl_error *err)
{
    struct fl_store *store = timeline->context->store;
    const struct fl_feedback_filter filter = {.kind = -1, .customer = customer->id};
    enum fl_status st;

    add_addresses(timeline, customer);
    st = fl_store_consent_history(store, customer->id, add_consent, timeline, err);
    if (!st)
        st = add_messages(timeline, customer->id, err);
    if (!st)
        st = fl_store_feedback_each(store, &filter, add_feedback, timeline, err);
    return st ? st : fl_store_answer_each(store, 0, customer->id, add_answer, timeline, err);
}

FL_OPS_RUN(fl_ops_customer_timeline_run)
{
    struct timeline timeline = {.context = context, .arena = args->arena};
    struct fl_customer customer;
    struct entry *entries;
    enum fl_status st;

    st = fl_ops_customer(context, args, fl_ops_str(args, "customer"), &customer, err);
    if (st)
        return st;
    fl_ops_list_init(&timeline.entries, args->arena, sizeof(struct entry));
    fl_ops_list_init(&timeline.messages, args->arena, sizeof(struct fl_message));
    fl_ops_names_init(&timeline.names, context, args->arena);
    st = collect(&timeline, &customer, err);
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
