/* One piece becomes evidence, feedback, and what follows from it; all or nothing. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "dispatch/dispatch.h"
#include "feedback/feedback_private.h"

enum { DETAIL_MAX = 1000, KEY_MAX = 1000, ARENA_MAX = 8 << 20 };

/* --- what both mail and receipts do
 * -------------------------------------------------------------*/

/* A final refusal: the address's or the mailbox's fault is a bounce. */
static enum fl_message_state refused_state(enum fl_fault_class fault)
{
    return fault == FL_FAULT_ADDRESS || fault == FL_FAULT_MAILBOX || fault == FL_FAULT_UNKNOWN
               ? FL_MESSAGE_BOUNCED
               : FL_MESSAGE_FAILED;
}

enum fl_status fl_feedback_settle(const struct fl_feedback_context *context,
                                  const struct fl_message *message, enum fl_message_state to,
                                  const struct fl_event *event, int64_t *out_event,
                                  struct fl_error *err)
{
    struct fl_settle settle = {.message = message->id,
                               .from = message->state,
                               .to = to,
                               .rule = FL_RULE_NONE,
                               .attempts = message->attempts,
                               .due_us = message->due_us};
    enum fl_status st = fl_store_event_put(context->store, event, out_event, err);

    if (st || to == message->state || !fl_dispatch_may_follow(message->state, to))
        return st;
    return fl_store_message_settle(context->store, &settle, err);
}

static enum fl_address_status address_status(const struct fl_customer *customer, int64_t address)
{
    for (size_t i = 0; i < customer->n_addresses; i++)
        if (customer->addresses[i].id == address)
            return customer->addresses[i].status;
    return FL_ADDRESS_OK;
}

enum fl_status fl_feedback_blame_address(const struct fl_feedback_context *context,
                                         const struct fl_message *message,
                                         enum fl_address_status status, int64_t event,
                                         struct fl_error *err)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    struct fl_customer customer;
    enum fl_status st;

    if (!arena)
        return fl_error_set(err, FL_IO, "could not settle a bounce: no memory");
    if (!message->address)
        return FL_OK;
    st = fl_store_customer_get(context->store, arena, message->customer, &customer, err);
    if (st)
        return st == FL_NOT_FOUND ? FL_OK : st;
    /* A complaint stands above a bounce, and a replaced address is out of use already. */
    if (address_status(&customer, message->address) >= status)
        return FL_OK;
    return fl_store_address_set_status(context->store, message->address, status, event, err);
}

/* --- consent
 * ------------------------------------------------------------------------------------*/

/* The purpose of the campaign a message belongs to; "" when there is none. */
static enum fl_status purpose_of(const struct fl_feedback_context *context, struct fl_arena *arena,
                                 const struct fl_message *message, const char **out,
                                 struct fl_error *err)
{
    struct fl_occurrence occurrence;
    struct fl_campaign_row campaign;
    enum fl_status st;

    *out = "";
    if (!message->id)
        return FL_OK;
    st = fl_store_occurrence_get(context->store, arena, message->occurrence, &occurrence, err);
    if (!st)
        st = fl_store_campaign_get(context->store, arena, occurrence.campaign, &campaign, err);
    if (!st && campaign.purpose)
        *out = campaign.purpose;
    return st == FL_NOT_FOUND ? FL_OK : st;
}

static bool is_withdrawn(const struct fl_customer *customer, const char *purpose,
                         enum fl_medium medium)
{
    for (size_t i = 0; i < customer->n_consents; i++)
        if (customer->consents[i].medium == medium &&
            fl_str_equal(customer->consents[i].purpose, purpose))
            return customer->consents[i].state == FL_CONSENT_WITHDRAWN;
    return false;
}

static enum fl_status append_withdrawal(const struct fl_feedback_context *context,
                                        const struct fl_customer *customer, const char *purpose,
                                        enum fl_medium medium, const char *source,
                                        const char *proof, struct fl_error *err)
{
    struct fl_consent consent = {.customer = customer->id,
                                 .purpose = purpose,
                                 .medium = medium,
                                 .state = FL_CONSENT_WITHDRAWN,
                                 .source = source,
                                 .proof = proof,
                                 .at_us = fl_clock_now(&context->clock)};

    if (is_withdrawn(customer, purpose, medium))
        return FL_OK;
    return fl_store_consent_append(context->store, &consent, err);
}

/* Without a purpose to go by, everything that was allowed on this medium is withdrawn: the customer
 * did not say which, and silence is the safe side. */
static enum fl_status withdraw_of(const struct fl_feedback_context *context, struct fl_arena *arena,
                                  int64_t customer_id, const char *purpose, enum fl_medium medium,
                                  const char *source, const char *proof, struct fl_error *err)
{
    struct fl_customer customer;
    enum fl_status st = fl_store_customer_get(context->store, arena, customer_id, &customer, err);

    if (st)
        return st == FL_NOT_FOUND ? FL_OK : st;
    if (purpose[0])
        return append_withdrawal(context, &customer, purpose, medium, source, proof, err);
    for (size_t i = 0; !st && i < customer.n_consents; i++)
        if (customer.consents[i].medium == medium)
            st = append_withdrawal(context, &customer, customer.consents[i].purpose, medium, source,
                                   proof, err);
    return st;
}

static enum fl_status withdraw(const struct fl_feedback_context *context,
                               const struct fl_feedback_matched *matched, enum fl_medium medium,
                               const char *source, const char *proof, struct fl_error *err)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    const char *purpose;
    enum fl_status st;

    if (!arena)
        return fl_error_set(err, FL_IO, "could not withdraw consent: no memory");
    st = purpose_of(context, arena, &matched->message, &purpose, err);
    /* Who shares an address shares the wish not to be written to there. */
    for (size_t i = 0; !st && i < matched->n_customers; i++)
        st =
            withdraw_of(context, arena, matched->customers[i], purpose, medium, source, proof, err);
    return st;
}

/* --- what follows from each kind
 * ------------------------------------------------------------------*/

struct piece {
    const struct fl_feedback_context *context;
    enum fl_medium medium;
    const struct fl_feedback_parsed *parsed;
    const struct fl_feedback_matched *matched;
    const char *evidence;
    int64_t received_us;
};

static struct fl_event event_of(const struct piece *piece, enum fl_event_kind kind)
{
    return (struct fl_event){.message = piece->matched->message.id,
                             .kind = kind,
                             .attempt = piece->matched->message.attempts,
                             .at_us = piece->received_us,
                             .evidence = piece->evidence};
}

/* The recipient of a report that is the reason for its kind: the first with the worst action. */
static const struct fl_feedback_recipient *recipient_of(const struct fl_feedback_parsed *parsed)
{
    const char *action = parsed->kind == FL_FEEDBACK_BOUNCE    ? "failed"
                         : parsed->kind == FL_FEEDBACK_DELAYED ? "delayed"
                                                               : "";

    for (size_t i = 0; i < parsed->n_recipients; i++)
        if (fl_str_equal(parsed->recipients[i].action, action))
            return &parsed->recipients[i];
    return parsed->n_recipients ? &parsed->recipients[0] : NULL;
}

static void describe(struct fl_event *event, const struct fl_feedback_recipient *recipient,
                     char detail[DETAIL_MAX + 1])
{
    size_t len;

    if (!recipient)
        return;
    len = fl_feedback_utf8_cut(recipient->diagnostic, strlen(recipient->diagnostic), DETAIL_MAX);
    memcpy(detail, recipient->diagnostic, len);
    detail[len] = '\0';
    event->fault = recipient->fault;
    event->code = recipient->code;
    event->status = recipient->status;
    event->detail = detail;
}

static enum fl_status act_bounce(const struct piece *piece, struct fl_error *err)
{
    const struct fl_feedback_recipient *recipient = recipient_of(piece->parsed);
    enum fl_fault_class fault = recipient ? recipient->fault : FL_FAULT_UNKNOWN;
    enum fl_message_state to = refused_state(fault);
    struct fl_event event =
        event_of(piece, to == FL_MESSAGE_BOUNCED ? FL_EVENT_BOUNCED : FL_EVENT_FAILED);
    char detail[DETAIL_MAX + 1];
    int64_t id = 0;
    enum fl_status st;

    describe(&event, recipient, detail);
    event.fault = fault;
    st = fl_feedback_settle(piece->context, &piece->matched->message, to, &event, &id, err);
    if (st || !recipient || !recipient->is_hard || fault != FL_FAULT_ADDRESS)
        return st;
    return fl_feedback_blame_address(piece->context, &piece->matched->message,
                                     FL_ADDRESS_SUPPRESSED, id, err);
}

static enum fl_status act_news(const struct piece *piece, enum fl_event_kind kind,
                               enum fl_message_state to, struct fl_error *err)
{
    struct fl_event event = event_of(piece, kind);
    char detail[DETAIL_MAX + 1];
    int64_t id = 0;

    describe(&event, recipient_of(piece->parsed), detail);
    return fl_feedback_settle(piece->context, &piece->matched->message, to, &event, &id, err);
}

static enum fl_status act_complaint(const struct piece *piece, struct fl_error *err)
{
    struct fl_event event = event_of(piece, FL_EVENT_COMPLAINED);
    int64_t id = 0;
    enum fl_status st = fl_store_event_put(piece->context->store, &event, &id, err);

    if (!st)
        st = fl_feedback_blame_address(piece->context, &piece->matched->message,
                                       FL_ADDRESS_COMPLAINED, id, err);
    if (!st)
        st = withdraw(piece->context, piece->matched, piece->medium, "complaint", piece->evidence,
                      err);
    return st;
}

static enum fl_status act_plain(const struct piece *piece, enum fl_event_kind kind,
                                struct fl_error *err)
{
    struct fl_event event = event_of(piece, kind);

    if (!event.message)
        return FL_OK;
    return fl_store_event_put(piece->context->store, &event, NULL, err);
}

static enum fl_status act(const struct piece *piece, struct fl_error *err)
{
    enum fl_message_state as_it_is = piece->matched->message.state;
    enum fl_status st;

    switch (piece->parsed->kind) {
    case FL_FEEDBACK_BOUNCE:
        return act_bounce(piece, err);
    case FL_FEEDBACK_DELAYED:
        return act_news(piece, FL_EVENT_DELAYED, as_it_is, err);
    case FL_FEEDBACK_DELIVERED:
        return act_news(piece, FL_EVENT_DELIVERED, FL_MESSAGE_DELIVERED, err);
    case FL_FEEDBACK_COMPLAINT:
        return act_complaint(piece, err);
    case FL_FEEDBACK_OPT_OUT:
        st = withdraw(piece->context, piece->matched, piece->medium, "reply", piece->evidence, err);
        return st ? st : act_plain(piece, FL_EVENT_OPTED_OUT, err);
    case FL_FEEDBACK_REPLY:
        return act_plain(piece, FL_EVENT_REPLIED, err);
    default:
        return FL_OK; /* programs talking: kept, and nothing follows */
    }
}

/* --- storing
 * -------------------------------------------------------------------------------------*/

/* Who has to look at it. */
static enum fl_feedback_state state_of(enum fl_feedback_kind kind, bool is_matched)
{
    if (kind == FL_FEEDBACK_REPLY || kind == FL_FEEDBACK_UNKNOWN)
        return FL_FEEDBACK_OPEN;
    if (kind == FL_FEEDBACK_OPT_OUT)
        return is_matched ? FL_FEEDBACK_CLOSED : FL_FEEDBACK_OPEN;
    return FL_FEEDBACK_SYSTEM;
}

/* Keys are the peer's and unique to a channel; a piece without one is known by what it is. */
static void dedupe_key(int64_t channel, const struct fl_inbound *inbound, const char *evidence,
                       char out[KEY_MAX])
{
    const char *key = inbound->dedupe_key && *inbound->dedupe_key ? inbound->dedupe_key : evidence;
    int len = snprintf(out, KEY_MAX, "%lld:%s", (long long)channel, key);

    if (len >= KEY_MAX)
        snprintf(out, KEY_MAX, "%lld:%s", (long long)channel, evidence);
}

enum fl_status fl_feedback_accept(const struct fl_feedback_context *context, int64_t channel,
                                  enum fl_medium medium, const struct fl_feedback_parsed *parsed,
                                  const struct fl_inbound *inbound, int64_t *out_id,
                                  struct fl_error *err)
{
    struct fl_feedback_matched matched = {.by = FL_MATCH_NONE};
    struct piece piece = {.context = context, .medium = medium, .parsed = parsed};
    struct fl_feedback feedback;
    char evidence[65], key[KEY_MAX];
    int64_t id = 0;
    enum fl_status st;

    /* It was parsed in another process, by the one that reads strangers' bytes. */
    if ((size_t)parsed->kind >= FL_FEEDBACK_KINDS)
        return fl_error_set(err, FL_INVALID, "feedback of kind %d, expected 0 to %d",
                            (int)parsed->kind, FL_FEEDBACK_KINDS - 1);
    st = fl_store_evidence_put(context->store, inbound->data ? inbound->data : "",
                               inbound->data_len, evidence, err);
    if (!st)
        st = fl_feedback_match(context, channel, medium, parsed, inbound, &matched, err);
    if (st)
        return st;
    dedupe_key(channel, inbound, evidence, key);
    piece.matched = &matched;
    piece.evidence = evidence;
    piece.received_us = inbound->received_us ? inbound->received_us : fl_clock_now(&context->clock);
    feedback = (struct fl_feedback){
        .channel = channel,
        .customer = matched.n_customers ? matched.customers[0] : 0,
        .message = matched.message.id,
        .kind = parsed->kind,
        .state = state_of(parsed->kind, matched.by != FL_MATCH_NONE),
        .matched_by = matched.by,
        .confidence = matched.confidence,
        .from_address = parsed->from_address,
        .subject = parsed->subject,
        .text = parsed->text,
        .quoted = parsed->quoted,
        .signature = parsed->signature,
        .language = parsed->language,
        .evidence = evidence,
        .dedupe_key = key,
        .received_us = piece.received_us,
    };
    st = fl_store_feedback_put(context->store, &feedback, &id, err);
    if (st == FL_CONFLICT) {
        *out_id = 0; /* seen before: it was acted upon then */
        return FL_OK;
    }
    if (!st && matched.by)
        st = act(&piece, err);
    if (!st)
        *out_id = id;
    return st;
}
