/* `queue resolve`: a person decides about a message nobody knows was sent. */
#include "base/str.h"
#include "dispatch/dispatch.h"
#include "ops/ops_private.h"

struct resolution {
    const char *name;
    enum fl_message_state to;
    const char *detail;
};

static const struct resolution resolutions[] = {
    {"sent", FL_MESSAGE_ACCEPTED, "staff say it was sent"},
    {"failed", FL_MESSAGE_FAILED, "staff say it was not sent and shall not be"},
    {"retry", FL_MESSAGE_DEFERRED, "staff say it shall be sent again"},
};

static const struct resolution *resolution_of(const char *name)
{
    for (size_t i = 0; i < sizeof resolutions / sizeof resolutions[0]; i++)
        if (fl_str_equal(resolutions[i].name, name))
            return &resolutions[i];
    return NULL;
}

static bool is_open(const struct fl_message *message)
{
    if (message->state == FL_MESSAGE_UNCERTAIN)
        return true;
    return message->state == FL_MESSAGE_HELD &&
           (message->rule == FL_RULE_HELD_UNCERTAIN || message->rule == FL_RULE_HELD_QUARANTINE);
}

static enum fl_status settle(struct fl_ops_call *call, const struct fl_message *message,
                             const struct resolution *resolution)
{
    int64_t now = fl_clock_now(&call->context->clock);
    struct fl_settle change = {
        .message = message->id,
        .from = message->state,
        .to = resolution->to,
        .attempts = message->attempts,
        .due_us = resolution->to == FL_MESSAGE_DEFERRED ? now : message->due_us,
    };
    struct fl_event event = {
        .message = message->id,
        .kind = FL_EVENT_RESOLVED,
        .attempt = message->attempts,
        .detail = resolution->detail,
        .at_us = now,
    };
    int64_t id;
    enum fl_status st = fl_ops_begin(call->context, call->err);

    if (st)
        return st;
    st = fl_store_message_settle(call->context->store, &change, call->err);
    if (!st)
        st = fl_store_event_put(call->context->store, &event, &id, call->err);
    return fl_ops_end(call->context, call->args, st, call->err);
}

FL_OPS_RUN(fl_ops_queue_resolve_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    const struct resolution *resolution = resolution_of(fl_ops_str(args, "as"));
    struct fl_ops_names names;
    struct fl_message message;
    json_t *row;
    int64_t id;
    enum fl_status st;

    if (!resolution)
        return fl_error_set(err, FL_INVALID, "--as expects sent, failed or retry");
    st = fl_ops_id(args, "message", &id, err);
    if (!st)
        st = fl_store_message_get(context->store, id, &message, err);
    if (st)
        return st;
    if (!is_open(&message) || !fl_dispatch_may_follow(message.state, resolution->to))
        return fl_error_set(err, FL_CONFLICT,
                            "message %lld is %s; only one that is uncertain or was quarantined "
                            "needs to be resolved",
                            (long long)id, fl_message_state_name(message.state));
    st = settle(&call, &message, resolution);
    if (st)
        return st;
    fl_ops_changed(context);
    message.state = resolution->to;
    message.rule = FL_RULE_NONE;
    fl_ops_names_init(&names, context, args->arena);
    st = fl_ops_message_row(&names, &message, message.state, &row, err);
    if (!st)
        fl_ops_row_emit(sink, row);
    return st;
}
