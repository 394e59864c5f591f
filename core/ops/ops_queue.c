/* The queue: what waits, and what staff may do about it. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "dispatch/dispatch.h"
#include "ops/ops_private.h"
#include "policy/policy.h"

struct selection {
    struct fl_ops_list messages;
};

static bool collect(void *ctx, const struct fl_message *message)
{
    struct selection *selection = ctx;
    struct fl_message *copy = fl_ops_list_add(&selection->messages);

    if (copy)
        *copy = *message;
    return copy != NULL;
}

/* 0 when no --campaign is given. */
static enum fl_status campaign_of(struct fl_ops_call *call, int64_t *out)
{
    const char *name = fl_ops_str(call->args, "campaign");
    struct fl_campaign_row row;
    enum fl_status st;

    *out = 0;
    if (!name)
        return FL_OK;
    st = fl_ops_campaign(call->context, call->args, name, &row, call->err);
    if (!st)
        *out = row.id;
    return st;
}

static enum fl_status list_state(struct fl_ops_call *call, struct fl_ops_names *names,
                                 enum fl_message_state state, int64_t campaign, int64_t *left)
{
    struct selection selection;
    enum fl_status st;

    fl_ops_list_init(&selection.messages, call->args->arena, sizeof(struct fl_message));
    st = fl_store_message_each(call->context->store, state, campaign, 0, *left, collect, &selection,
                               call->err);
    for (size_t i = 0; !st && i < selection.messages.n; i++) {
        json_t *row;

        st = fl_ops_message_row(names, (struct fl_message *)selection.messages.items + i, state,
                                &row, call->err);
        if (!st)
            fl_ops_row_emit(call->sink, row);
    }
    *left -= (int64_t)selection.messages.n;
    return st;
}

FL_OPS_RUN(fl_ops_queue_list_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    const char *name = fl_ops_str(args, "state");
    int64_t limit = fl_ops_limit(args, FL_OPS_LIST_LIMIT), left = limit;
    enum fl_message_state only = FL_MESSAGE_DUE;
    struct fl_ops_names names;
    int64_t campaign;
    enum fl_status st;

    if (name && !fl_message_state_parse(name, &only))
        return fl_error_set(err, FL_INVALID, "\"%s\" is not a state of a message", name);
    fl_ops_names_init(&names, context, args->arena);
    st = campaign_of(&call, &campaign);
    for (int i = 0; !st && left > 0 && i < FL_MESSAGE_STATES; i++) {
        enum fl_message_state state = (enum fl_message_state)i;

        if (name ? state == only : !fl_message_state_is_final(state))
            st = list_state(&call, &names, state, campaign, &left);
    }
    fl_ops_note_limit(sink, args, st ? 0 : limit - left);
    return st;
}

FL_OPS_RUN(fl_ops_queue_show_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    int64_t counts[FL_MESSAGE_STATES];
    int64_t campaign;
    enum fl_status st;

    st = campaign_of(&call, &campaign);
    if (!st)
        st = fl_store_message_counts(context->store, campaign, counts, err);
    for (int i = 0; !st && i < FL_MESSAGE_STATES; i++) {
        enum fl_message_state state = (enum fl_message_state)i;
        json_t *row;

        if (!counts[i])
            continue;
        row = json_object();
        fl_ops_put_str(row, "state", fl_message_state_name(state));
        fl_ops_put_int(row, "messages", counts[i]);
        fl_ops_put_bool(row, "is_final", fl_message_state_is_final(state));
        fl_ops_row_emit(sink, row);
    }
    return st;
}

/* --- changing states -------------------------------------------------------------------------*/

/* What a verb does to each message it may be done to. */
struct action {
    const char *name;
    unsigned from; /* bits of stored states */
    enum fl_message_state to;
    enum fl_rule rule;
    enum fl_event_kind event;
    bool only_by_staff; /* of the held ones, those a person held */
    bool is_due_now;
};

#define BIT(state) (1u << FL_MESSAGE_##state)

static const struct action hold = {"held",
                                   BIT(PLANNED) | BIT(DEFERRED),
                                   FL_MESSAGE_HELD,
                                   FL_RULE_HELD_BY_STAFF,
                                   FL_EVENT_HELD,
                                   false,
                                   false};
static const struct action release = {
    "released", BIT(HELD), FL_MESSAGE_DEFERRED, FL_RULE_NONE, FL_EVENT_RELEASED, true, true};
static const struct action cancel = {"cancelled",
                                     BIT(PLANNED) | BIT(DEFERRED) | BIT(HELD) | BIT(UNCERTAIN),
                                     FL_MESSAGE_CANCELLED,
                                     FL_RULE_NONE,
                                     FL_EVENT_CANCELLED,
                                     false,
                                     false};
static const struct action flush = {
    "flushed", BIT(DEFERRED), FL_MESSAGE_DEFERRED, FL_RULE_NONE, FL_EVENT_RELEASED, false, true};

static bool applies(const struct action *action, const struct fl_message *message)
{
    if (!(action->from >> message->state & 1u))
        return false;
    if (!fl_dispatch_may_follow(message->state, action->to))
        return false;
    return !action->only_by_staff || message->rule == FL_RULE_HELD_BY_STAFF;
}

static enum fl_status put_event(struct fl_ops_call *call, const struct fl_message *message,
                                enum fl_event_kind kind, const char *detail)
{
    struct fl_event event = {
        .message = message->id,
        .kind = kind,
        .attempt = message->attempts,
        .detail = detail,
        .at_us = fl_clock_now(&call->context->clock),
    };
    int64_t id;

    return fl_store_event_put(call->context->store, &event, &id, call->err);
}

static enum fl_status act_on(struct fl_ops_call *call, const struct action *action,
                             const struct fl_message *message)
{
    int64_t now = fl_clock_now(&call->context->clock);
    struct fl_settle settle = {
        .message = message->id,
        .from = message->state,
        .to = action->to,
        .rule = action->rule,
        .attempts = message->attempts,
        .due_us = action->is_due_now && message->due_us > now ? now : message->due_us,
    };
    enum fl_status st = fl_store_message_settle(call->context->store, &settle, call->err);

    if (!st)
        st = put_event(call, message, action->event, "by staff");
    return st;
}

static int compare_ids(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Sorted ids of everything workers have in hand: these cannot be changed. */
static enum fl_status ids_in_hand(struct fl_ops_call *call, struct fl_ops_list *out)
{
    struct fl_lease *leases;
    size_t n;
    enum fl_status st =
        fl_store_lease_all(call->context->store, call->args->arena, &leases, &n, call->err);

    if (st)
        return st;
    fl_ops_list_init(out, call->args->arena, sizeof(int64_t));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < leases[i].n_ids; k++) {
            int64_t *id = fl_ops_list_add(out);

            if (!id)
                return fl_error_set(call->err, FL_IO, "no memory for the leases");
            *id = leases[i].ids[k];
        }
    if (out->n)
        qsort(out->items, out->n, sizeof(int64_t), compare_ids);
    return FL_OK;
}

static bool is_in(const struct fl_ops_list *ids, int64_t id)
{
    return ids->n && bsearch(&id, ids->items, ids->n, sizeof id, compare_ids) != NULL;
}

static enum fl_status select_all(struct fl_ops_call *call, const struct action *action,
                                 int64_t campaign, struct selection *out)
{
    enum fl_status st = FL_OK;

    for (int i = 0; !st && i < FL_MESSAGE_STATES; i++)
        if (action->from >> i & 1u)
            st = fl_store_message_each(call->context->store, (enum fl_message_state)i, campaign, 0,
                                       FL_OPS_LIST_MAX, collect, out, call->err);
    /* `planned` as a name does not include what is due already. */
    if (!st && (action->from & BIT(PLANNED)))
        st = fl_store_message_each(call->context->store, FL_MESSAGE_DUE, campaign, 0,
                                   FL_OPS_LIST_MAX, collect, out, call->err);
    if (!st && out->messages.has_failed)
        st = fl_error_set(call->err, FL_IO, "no memory for the messages");
    return st;
}

static enum fl_status select_one(struct fl_ops_call *call, const struct action *action,
                                 struct selection *out)
{
    struct fl_message message;
    int64_t id;
    enum fl_status st = fl_ops_id(call->args, "message", &id, call->err);

    if (!st)
        st = fl_store_message_get(call->context->store, id, &message, call->err);
    if (st)
        return st;
    if (action->only_by_staff && message.state == FL_MESSAGE_HELD && !applies(action, &message))
        return fl_error_set(call->err, FL_CONFLICT, "message %lld is held: %s (\"queue resolve\")",
                            (long long)id, fl_rule_sentence(message.rule));
    if (!applies(action, &message))
        return fl_error_set(call->err, FL_CONFLICT, "message %lld is %s and cannot be %s",
                            (long long)id, fl_message_state_name(message.state), action->name);
    return collect(out, &message) ? FL_OK : fl_error_set(call->err, FL_IO, "no memory");
}

static enum fl_status select_messages(struct fl_ops_call *call, const struct action *action,
                                      bool needs_selection, struct selection *out)
{
    const bool has_id = fl_ops_str(call->args, "message") != NULL;
    const bool has_campaign = fl_ops_str(call->args, "campaign") != NULL;
    int64_t campaign;
    enum fl_status st;

    fl_ops_list_init(&out->messages, call->args->arena, sizeof(struct fl_message));
    if (has_id && has_campaign)
        return fl_error_set(call->err, FL_INVALID,
                            "expected the id of a message or --campaign, not both");
    if (needs_selection && !has_id && !has_campaign)
        return fl_error_set(call->err, FL_INVALID, "expected the id of a message or --campaign");
    if (has_id)
        return select_one(call, action, out);
    st = campaign_of(call, &campaign);
    return st ? st : select_all(call, action, campaign, out);
}

/* Does it to all selected that no worker has in hand, in one transaction. */
static enum fl_status act(struct fl_ops_call *call, const struct action *action,
                          bool needs_selection)
{
    struct selection selection;
    struct fl_ops_list in_hand;
    int64_t n_done = 0, n_busy = 0;
    enum fl_status st;
    json_t *row;

    st = select_messages(call, action, needs_selection, &selection);
    if (!st)
        st = ids_in_hand(call, &in_hand);
    if (!st)
        st = fl_ops_begin(call->context, call->err);
    if (st)
        return st;
    for (size_t i = 0; !st && i < selection.messages.n; i++) {
        const struct fl_message *message = (struct fl_message *)selection.messages.items + i;

        if (!applies(action, message))
            continue;
        if (is_in(&in_hand, message->id)) {
            n_busy++;
            continue;
        }
        st = act_on(call, action, message);
        if (!st)
            n_done++;
    }
    st = fl_ops_end(call->context, call->args, st, call->err);
    if (st)
        return st;
    if (n_busy)
        fl_ops_note(call->sink, "%lld messages are in a worker's hand and were left alone",
                    (long long)n_busy);
    fl_ops_changed(call->context);
    row = json_object();
    fl_ops_put_str(row, "action", action->name);
    fl_ops_put_int(row, "messages", n_done);
    fl_ops_row_emit(call->sink, row);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_queue_hold_run)
{
    struct fl_ops_call call = {context, args, sink, err};

    return act(&call, &hold, true);
}

FL_OPS_RUN(fl_ops_queue_release_run)
{
    struct fl_ops_call call = {context, args, sink, err};

    return act(&call, &release, true);
}

FL_OPS_RUN(fl_ops_queue_cancel_run)
{
    struct fl_ops_call call = {context, args, sink, err};

    return act(&call, &cancel, true);
}

FL_OPS_RUN(fl_ops_queue_flush_run)
{
    struct fl_ops_call call = {context, args, sink, err};

    return act(&call, &flush, false);
}
