/* Receipts: what a peer says later about a message it took. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "feedback/feedback_private.h"

#define KIND(x) (1u << FL_TOKEN_##x)

enum { KEY_MAX = 1000, AS_IT_IS = FL_MESSAGE_STATES };

/* Tokens that may come back with each kind of receipt. */
static const unsigned accepted_tokens[] = {
    [FL_RECEIPT_OUTCOME] = KIND(RETURN_PATH) | KIND(MESSAGE_ID) | KIND(CARD) | KIND(FAX_BACK),
    [FL_RECEIPT_CLICK] = KIND(CLICK) | KIND(PAGE) | KIND(SURVEY),
    [FL_RECEIPT_OPEN] = KIND(OPEN),
};

/* What an outcome tells about a message that was handed over before. */
static bool verdict_of(const struct fl_report *report, enum fl_event_kind *out_event,
                       int *out_state)
{
    switch (report->outcome) {
    case FL_OUTCOME_ACCEPTED:
        *out_event = FL_EVENT_ACCEPTED;
        *out_state = FL_MESSAGE_ACCEPTED;
        return true;
    case FL_OUTCOME_DELIVERED:
        *out_event = FL_EVENT_DELIVERED;
        *out_state = FL_MESSAGE_DELIVERED;
        return true;
    case FL_OUTCOME_BOUNCED:
        *out_event = FL_EVENT_BOUNCED;
        *out_state = FL_MESSAGE_BOUNCED;
        return true;
    case FL_OUTCOME_FAILED:
        *out_event = FL_EVENT_FAILED;
        *out_state = FL_MESSAGE_FAILED;
        return true;
    case FL_OUTCOME_DEFERRED:
        *out_event = FL_EVENT_DELAYED; /* the peer has it and goes on trying */
        *out_state = AS_IT_IS;
        return true;
    default:
        return false; /* a peer that does not know says nothing */
    }
}

/* Is it a token of ours that may speak for this kind of receipt?  What became of a letter, only
 * letters tell. */
static bool has_token(const struct fl_feedback_context *context, enum fl_medium medium,
                      const struct fl_receipt *receipt, struct fl_token *out)
{
    return receipt->token &&
           fl_token_verify(context->keys, receipt->token, strlen(receipt->token), out, NULL) ==
               FL_OK &&
           (accepted_tokens[receipt->kind] >> out->kind & 1u) &&
           (receipt->kind != FL_RECEIPT_OUTCOME || out->medium == medium);
}

static enum fl_status find_message(const struct fl_feedback_context *context, int64_t channel,
                                   enum fl_medium medium, const struct fl_receipt *receipt,
                                   struct fl_message *out, struct fl_error *err)
{
    struct fl_token token;
    int64_t id = 0;
    enum fl_status st;

    if (has_token(context, medium, receipt, &token))
        return fl_store_message_get(context->store, token.message_id, out, err);
    /* A reference can be guessed: it counts only from a peer that has proved who it is. */
    if (!receipt->provider_ref || !*receipt->provider_ref || !receipt->is_authenticated)
        return FL_NOT_FOUND;
    st = fl_store_event_by_provider(context->store, receipt->provider_ref, &id, err);
    if (!st)
        st = fl_store_message_get(context->store, id, out, err);
    /* References of two peers may be equal. */
    return !st && out->channel != channel ? FL_NOT_FOUND : st;
}

static void receipt_key(int64_t channel, const struct fl_receipt *receipt, char out[KEY_MAX])
{
    if (receipt->dedupe_key && *receipt->dedupe_key)
        snprintf(out, KEY_MAX, "%lld:%s", (long long)channel, receipt->dedupe_key);
    else
        snprintf(out, KEY_MAX, "%lld:%d:%d:%s:%s:%s", (long long)channel, (int)receipt->kind,
                 (int)receipt->report.outcome, receipt->token ? receipt->token : "",
                 receipt->provider_ref ? receipt->provider_ref : "",
                 receipt->target ? receipt->target : "");
}

static const char *or_null(const char *s)
{
    return s && *s ? s : NULL;
}

static enum fl_status settle(const struct fl_feedback_context *context,
                             const struct fl_message *message, enum fl_message_state to,
                             const struct fl_event *event, struct fl_error *err)
{
    int64_t id = 0;
    enum fl_status st = fl_feedback_settle(context, message, to, event, &id, err);

    if (st == FL_CONFLICT)
        return FL_OK; /* the same receipt again */
    if (!st && message->id && event->kind == FL_EVENT_BOUNCED && event->fault == FL_FAULT_ADDRESS)
        st = fl_feedback_blame_address(context, message, FL_ADDRESS_SUPPRESSED, id, err);
    return st;
}

enum fl_status fl_feedback_receipt(const struct fl_feedback_context *context, int64_t channel,
                                   enum fl_medium medium, const struct fl_receipt *receipt,
                                   struct fl_error *err)
{
    struct fl_message message = {.id = 0};
    int to = AS_IT_IS;
    char key[KEY_MAX];
    struct fl_event event = {.fault = receipt->report.fault,
                             .code = receipt->report.code,
                             .status = or_null(receipt->report.status),
                             .detail = or_null(receipt->report.detail),
                             .provider_ref = or_null(receipt->provider_ref),
                             .cost_micro = receipt->report.cost_micro,
                             .currency = or_null(receipt->report.currency),
                             .units = receipt->report.units,
                             .at_us = receipt->at_us,
                             .dedupe_key = key};
    enum fl_status st;

    if (receipt->kind < FL_RECEIPT_OUTCOME || receipt->kind > FL_RECEIPT_OPEN)
        return fl_error_set(err, FL_INVALID, "receipt of kind %d, expected %d to %d",
                            (int)receipt->kind, FL_RECEIPT_OUTCOME, FL_RECEIPT_OPEN);
    if (receipt->kind == FL_RECEIPT_OUTCOME && !verdict_of(&receipt->report, &event.kind, &to))
        return FL_OK;
    if (receipt->kind != FL_RECEIPT_OUTCOME) {
        event.kind = receipt->kind == FL_RECEIPT_CLICK ? FL_EVENT_CLICKED : FL_EVENT_OPENED;
        event.detail = or_null(receipt->target);
    }
    st = find_message(context, channel, medium, receipt, &message, err);
    if (st && st != FL_NOT_FOUND)
        return st;
    if (st) /* kept without a message: nothing follows from it, and nothing is lost */
        message = (struct fl_message){.id = 0};
    if (st || to == AS_IT_IS)
        to = (int)message.state;
    event.message = message.id;
    event.attempt = message.attempts;
    receipt_key(channel, receipt, key);
    if (event.at_us == 0)
        event.at_us = fl_clock_now(&context->clock);
    return settle(context, &message, (enum fl_message_state)to, &event, err);
}
