/* `why CUSTOMER CAMPAIGN`: always an answer, from what is stored. */
#include <string.h>

#include "base/str.h"
#include "ops/ops_private.h"
#include "policy/policy.h"

struct collected {
    struct fl_ops_list messages;
};

static bool collect(void *ctx, const struct fl_message *message)
{
    struct collected *collected = ctx;
    struct fl_message *copy = fl_ops_list_add(&collected->messages);

    if (copy)
        *copy = *message;
    return copy != NULL;
}

static const char *state_sentence(enum fl_message_state state)
{
    switch (state) {
    case FL_MESSAGE_PLANNED:
        return "it is planned and its time has not come";
    case FL_MESSAGE_DUE:
        return "it is due and waits for a worker";
    case FL_MESSAGE_CLAIMED:
    case FL_MESSAGE_BEGUN:
        return "a worker has it in hand";
    case FL_MESSAGE_DEFERRED:
        return "it could not be sent yet and will be tried again";
    case FL_MESSAGE_ACCEPTED:
        return "it was sent and the peer took it";
    case FL_MESSAGE_DELIVERED:
        return "it was delivered";
    case FL_MESSAGE_BOUNCED:
        return "it was sent and came back";
    case FL_MESSAGE_FAILED:
        return "it could not be sent";
    case FL_MESSAGE_UNCERTAIN:
        return "it was begun and nobody knows whether it left";
    case FL_MESSAGE_SUPPRESSED:
        return "it was not sent because of a rule";
    case FL_MESSAGE_EXPIRED:
        return "it was tried until it was too late";
    case FL_MESSAGE_HELD:
        return "it is held back";
    case FL_MESSAGE_CANCELLED:
        return "it was cancelled";
    }
    return "its state is unknown";
}

/* The first attribute of the audience that the customer does not have; NULL when all fit. */
static const char *attribute_missed(struct fl_arena *arena, const struct fl_campaign *campaign,
                                    const struct fl_customer *customer)
{
    json_t *attributes = json_loads(customer->attributes ? customer->attributes : "{}", 0, NULL);
    const char *sentence = NULL;

    for (size_t i = 0; campaign->attribute_names && campaign->attribute_names[i]; i++) {
        const char *name = campaign->attribute_names[i];
        const char *wanted = campaign->attribute_values[i];
        const char *found = json_string_value(json_object_get(attributes, name));

        if (fl_str_equal(found, wanted))
            continue;
        sentence = found ? fl_arena_printf(arena,
                                           "the customer is not in the audience: attribute \"%s\" "
                                           "is \"%s\", expected \"%s\"",
                                           name, found, wanted)
                         : fl_arena_printf(arena,
                                           "the customer is not in the audience: there is no "
                                           "attribute \"%s\", expected \"%s\"",
                                           name, wanted);
        break;
    }
    json_decref(attributes);
    return sentence;
}

static int32_t anchor_of(const struct fl_customer *customer, const char *name)
{
    for (size_t i = 0; i < customer->n_anchors; i++)
        if (fl_str_equal(customer->anchors[i].name, name))
            return customer->anchors[i].date;
    return FL_DATE_NONE;
}

/* What is known of a customer when nothing was made for him. */
struct absence {
    struct fl_ops_call *call;
    const struct fl_campaign_row *row;
    const struct fl_campaign *campaign;
    const struct fl_customer *customer;
    int64_t now_us;
    struct fl_score score; /* of whom a stage or the audience asks for one */
};

static enum fl_status stage_is_open(struct absence *absence, const struct fl_stage *stage,
                                    bool *out)
{
    int32_t mine, from, to;

    if (!stage->anchor)
        return fl_ops_change_found(absence->call, stage, &absence->score, out);
    mine = anchor_of(absence->customer, stage->anchor);
    fl_stage_anchor_range(stage, fl_date_of_time(absence->now_us), &from, &to);
    *out = mine != FL_DATE_NONE && from <= mine && mine <= to;
    return FL_OK;
}

static const char *closed_sentence(struct absence *absence, const struct fl_stage *stage)
{
    struct fl_arena *arena = absence->call->args->arena;
    char date[FL_TIME_TEXT_SIZE];

    if (!stage->anchor)
        return "no stage is open: the customer did not come from one zone to another in time";
    if (anchor_of(absence->customer, stage->anchor) == FL_DATE_NONE)
        return fl_arena_printf(arena, "the customer has no date \"%s\", which the stages go by",
                               stage->anchor);
    fl_date_format(anchor_of(absence->customer, stage->anchor), date);
    return fl_arena_printf(arena, "no stage is open today for \"%s\" on %s", stage->anchor, date);
}

/* Why no stage of a programme is open for the customer today; NULL when one is. */
static enum fl_status stages_missed(struct absence *absence, const char **out)
{
    const struct fl_campaign *campaign = absence->campaign;
    const struct fl_stage *shown = &campaign->stages[0];

    for (size_t i = 0; i < campaign->n_stages; i++) {
        const struct fl_stage *stage = &campaign->stages[i];
        bool is_open = false;
        enum fl_status st = stage_is_open(absence, stage, &is_open);

        if (st)
            return st;
        if (is_open) {
            *out = NULL;
            return FL_OK;
        }
        if (stage->anchor && anchor_of(absence->customer, stage->anchor) != FL_DATE_NONE)
            shown = stage;
    }
    *out = closed_sentence(absence, shown);
    return FL_OK;
}

static const char *state_missed(struct fl_arena *arena, const struct fl_campaign_row *row)
{
    if (row->state == FL_CAMPAIGN_DRAFT)
        return fl_arena_printf(arena,
                               "the campaign is a draft; \"fairline campaign schedule %s\" "
                               "lets it run",
                               row->name);
    if (row->state == FL_CAMPAIGN_PAUSED)
        return fl_arena_printf(arena, "the campaign is paused%s%s", *row->reason ? ": " : "",
                               row->reason);
    if (row->state == FL_CAMPAIGN_CANCELLED)
        return fl_arena_printf(arena, "the campaign was cancelled%s%s", *row->reason ? ": " : "",
                               row->reason);
    return NULL;
}

/* Asks only what the campaign asks. */
static enum fl_status worth_missed(struct absence *absence, const char **out)
{
    const struct fl_campaign *campaign = absence->campaign;
    bool is_asked = campaign->worth != NULL;

    for (size_t i = 0; i < campaign->n_stages; i++)
        is_asked |= !campaign->stages[i].anchor;
    *out = NULL;
    return is_asked ? fl_ops_worth_missed(absence->call, campaign->worth, absence->customer, out,
                                          &absence->score)
                    : FL_OK;
}

static enum fl_status why_none(struct absence *absence, const char **out)
{
    struct fl_arena *arena = absence->call->args->arena;
    const struct fl_campaign_row *row = absence->row;
    const struct fl_campaign *campaign = absence->campaign;
    const char *sentence = attribute_missed(arena, campaign, absence->customer);
    enum fl_status st = FL_OK;

    if (!sentence && absence->customer->state == FL_CUSTOMER_ERASED)
        sentence = "the customer was erased";
    if (!sentence)
        st = worth_missed(absence, &sentence);
    if (!st && !sentence)
        sentence = state_missed(arena, row);
    if (!st && !sentence && campaign->n_stages)
        st = stages_missed(absence, &sentence);
    else if (!st && !sentence && !campaign->is_at_once && campaign->at_us > absence->now_us)
        sentence = "the time of the campaign has not come";
    if (st)
        return st;
    if (!sentence)
        sentence = row->state == FL_CAMPAIGN_DONE
                       ? "the campaign was planned before the customer fitted its audience"
                       : "the campaign fits and is planned at the next round";
    *out = sentence;
    return FL_OK;
}

static enum fl_status answer_none(struct fl_ops_call *call, const struct fl_campaign_row *row,
                                  const struct fl_customer *customer)
{
    struct absence absence = {.call = call,
                              .row = row,
                              .customer = customer,
                              .now_us = fl_clock_now(&call->context->clock)};
    struct fl_campaign *campaign;
    const char *why;
    json_t *answer;
    enum fl_status st =
        fl_ops_campaign_parsed(call->context, call->args, row, &campaign, call->err);

    if (st)
        return st;
    absence.campaign = campaign;
    st = why_none(&absence, &why);
    if (st)
        return st;
    answer = json_object();
    fl_ops_put_str(answer, "customer", customer->external_id);
    fl_ops_put_str(answer, "campaign", row->name);
    fl_ops_put_str(answer, "state", "none");
    fl_ops_put_str(answer, "why", why);
    fl_ops_row_emit(call->sink, answer);
    return FL_OK;
}

static enum fl_status answer_message(struct fl_ops_call *call, struct fl_ops_names *names,
                                     const struct fl_message *message)
{
    struct fl_arena *arena = call->args->arena;
    enum fl_message_state state;
    json_t *row, *events;
    const char *why;
    enum fl_status st;

    st = fl_ops_message_state(call->context, arena, message, &state, call->err);
    if (!st)
        st = fl_ops_message_row(names, message, state, &row, call->err);
    if (st)
        return st;
    st = fl_ops_events(call->context, call->args->arena, message->id, &events, call->err);
    if (st) {
        json_decref(row);
        return st;
    }
    why = state_sentence(state);
    if (message->rule)
        why = fl_arena_printf(arena, "%s: %s", why, fl_rule_sentence(message->rule));
    fl_ops_put_str(row, "why", why);
    (void)json_object_set_new(row, "events", events);
    fl_ops_row_emit(call->sink, row);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_why_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct collected collected;
    struct fl_ops_names names;
    struct fl_campaign_row row;
    struct fl_customer customer;
    enum fl_status st;

    fl_ops_list_init(&collected.messages, args->arena, sizeof(struct fl_message));
    fl_ops_names_init(&names, context, args->arena);
    st = fl_ops_customer(context, args, fl_ops_str(args, "customer"), &customer, err);
    if (!st)
        st = fl_ops_campaign(context, args, fl_ops_str(args, "campaign"), &row, err);
    if (!st)
        st = fl_store_message_of(context->store, customer.id, row.id, collect, &collected, err);
    if (!st && collected.messages.n == 0)
        return answer_none(&call, &row, &customer);
    for (size_t i = 0; !st && i < collected.messages.n; i++)
        st = answer_message(&call, &names, (struct fl_message *)collected.messages.items + i);
    return st;
}
