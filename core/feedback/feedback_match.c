/*
 * To which message does a piece belong?  Our signed token, then the provider's reference, then the
 * sender's address and what we sent there last.  The kind of a token is part of its signature: a
 * report counts only with one that stood in the envelope or the Message-ID of what we sent, never
 * with one from a link somebody clicked on.
 */
#include <string.h>

#include "base/file.h"
#include "feedback/feedback_private.h"
#include "people/people.h"

#define KIND(x) (1u << FL_TOKEN_##x)

enum {
    OF_MACHINES = KIND(RETURN_PATH) | KIND(MESSAGE_ID),
    OF_ANSWERS = KIND(REPLY) | KIND(MESSAGE_ID) | KIND(UNSUBSCRIBE) | KIND(CARD) | KIND(FAX_BACK),
    OF_LINKS = KIND(CLICK) | KIND(PAGE) | KIND(SURVEY) | KIND(OPEN),
    /* What is filled in: on a page, on paper, in answer to a message. */
    OF_PAPER = KIND(CARD) | KIND(FAX_BACK),
    OF_FORMS = KIND(PAGE) | KIND(SURVEY) | KIND(UNSUBSCRIBE) | KIND(REPLY) | OF_PAPER
};

enum { ARENA_MAX = 4 << 20 };

/* Which tokens may speak for which kind of piece. */
static const unsigned accepted_tokens[FL_FEEDBACK_KINDS] = {
    [FL_FEEDBACK_UNKNOWN] = OF_ANSWERS,
    [FL_FEEDBACK_REPLY] = OF_ANSWERS | OF_LINKS,
    [FL_FEEDBACK_OPT_OUT] = OF_ANSWERS | OF_LINKS,
    [FL_FEEDBACK_BOUNCE] = OF_MACHINES,
    [FL_FEEDBACK_DELAYED] = OF_MACHINES,
    [FL_FEEDBACK_DELIVERED] = OF_MACHINES,
    [FL_FEEDBACK_RELAYED] = OF_MACHINES,
    [FL_FEEDBACK_COMPLAINT] = OF_MACHINES | KIND(REPLY) | KIND(UNSUBSCRIBE),
    [FL_FEEDBACK_AUTO_REPLY] = OF_MACHINES | KIND(REPLY),
    [FL_FEEDBACK_CHALLENGE] = OF_MACHINES | KIND(REPLY),
    [FL_FEEDBACK_MDN] = OF_MACHINES | KIND(REPLY),
    [FL_FEEDBACK_LIST] = OF_MACHINES | KIND(REPLY),
    [FL_FEEDBACK_SURVEY] = OF_FORMS,
    [FL_FEEDBACK_PREFERENCE] = OF_FORMS,
    [FL_FEEDBACK_CONTACT] = OF_ANSWERS | OF_LINKS,
};

static const unsigned allowed_tokens[] = {
    [FL_FEEDBACK_ANSWERS] = KIND(PAGE) | KIND(SURVEY) | KIND(REPLY) | OF_PAPER,
    [FL_FEEDBACK_LEAVING] = OF_FORMS,
    [FL_FEEDBACK_PREFERENCES] = KIND(PAGE) | KIND(UNSUBSCRIBE),
};

bool fl_feedback_token_allows(enum fl_token_kind kind, enum fl_feedback_effect effect)
{
    return (allowed_tokens[effect] >> kind & 1u) != 0;
}

/* A wish to leave is taken from mail as mail programs send it; a form needs what it was given. */
static unsigned tokens_for(enum fl_feedback_kind kind, enum fl_inbound_kind inbound)
{
    return kind == FL_FEEDBACK_OPT_OUT && inbound != FL_INBOUND_MAIL ? OF_FORMS
                                                                     : accepted_tokens[kind];
}

/* Kinds where an address alone says who it is; reports by machines never do. */
static bool may_match_by_sender(enum fl_feedback_kind kind, enum fl_inbound_kind inbound)
{
    /* Anybody can write any address into a form: it says who wants an answer, no more. */
    if (inbound == FL_INBOUND_FORM)
        return kind == FL_FEEDBACK_REPLY || kind == FL_FEEDBACK_CONTACT;
    return kind == FL_FEEDBACK_REPLY || kind == FL_FEEDBACK_OPT_OUT ||
           kind == FL_FEEDBACK_AUTO_REPLY || kind == FL_FEEDBACK_UNKNOWN ||
           kind == FL_FEEDBACK_CONTACT || kind == FL_FEEDBACK_SURVEY;
}

static bool holds(const char *text, const char *token)
{
    return text && strcasestr(text, token);
}

static void rate(const struct fl_feedback_parsed *parsed, const struct fl_inbound *inbound,
                 const char *token, struct fl_feedback_matched *out)
{
    out->by = FL_MATCH_EMBEDDED;
    out->confidence = 0.9;
    for (size_t i = 0; i < parsed->n_references; i++)
        if (holds(parsed->references[i], token)) {
            out->by = FL_MATCH_REFERENCES;
            out->confidence = 0.95;
        }
    if (holds(parsed->to_address, token) || holds(inbound->to_address, token) ||
        holds(parsed->form, token)) {
        out->by = FL_MATCH_TOKEN;
        out->confidence = 0.99;
    }
}

static enum fl_status take_message(const struct fl_feedback_context *context, int64_t id,
                                   struct fl_feedback_matched *out, struct fl_error *err)
{
    enum fl_status st = fl_store_message_get(context->store, id, &out->message, err);

    if (!st) {
        out->customers[0] = out->message.customer;
        out->n_customers = 1;
    }
    return st;
}

static enum fl_status by_token(const struct fl_feedback_context *context, enum fl_medium medium,
                               const struct fl_feedback_parsed *parsed,
                               const struct fl_inbound *inbound, struct fl_feedback_matched *out,
                               struct fl_error *err)
{
    for (size_t i = 0; i < parsed->n_tokens; i++) {
        struct fl_feedback_matched found = {.by = FL_MATCH_NONE};
        const char *text = parsed->tokens[i];
        struct fl_token token;
        enum fl_status st;

        if (fl_token_verify(context->keys, text, strlen(text), &token, NULL) ||
            !(tokens_for(parsed->kind, inbound->kind) >> token.kind & 1u) ||
            /* A report about mail says nothing about a letter. */
            (token.medium != medium && (KIND(RETURN_PATH) >> token.kind & 1u)))
            continue;
        rate(parsed, inbound, text, &found);
        found.token = token.kind;
        found.medium = token.medium;
        st = take_message(context, token.message_id, &found, err);
        if (st == FL_NOT_FOUND)
            continue; /* signed by us, and since removed */
        if (!st)
            *out = found;
        return st;
    }
    return FL_OK;
}

/* The peer's own references, where replies name them. */
static enum fl_status by_provider(const struct fl_feedback_context *context, enum fl_medium medium,
                                  const struct fl_feedback_parsed *parsed,
                                  struct fl_feedback_matched *out, struct fl_error *err)
{
    for (size_t i = 0; i < parsed->n_references; i++) {
        struct fl_feedback_matched found = {
            .by = FL_MATCH_PROVIDER, .confidence = 0.9, .medium = medium};
        int64_t message;
        enum fl_status st =
            fl_store_event_by_provider(context->store, parsed->references[i], &message, err);

        if (!st)
            st = take_message(context, message, &found, err);
        if (!st)
            *out = found;
        if (st != FL_NOT_FOUND)
            return st;
    }
    return FL_OK;
}

/* --- by sender ---------------------------------------------------------------------------------*/

/* Mail is answered whenever; who answers a short message or sends a fax means the last one. */
struct newest {
    int64_t channel; /* 0: any */
    int64_t address; /* 0: any */
    int64_t since_us;
    struct fl_message message;
};

static bool has_left(const struct fl_message *message)
{
    return message->state == FL_MESSAGE_ACCEPTED || message->state == FL_MESSAGE_DELIVERED ||
           message->state == FL_MESSAGE_UNCERTAIN ||
           (message->state == FL_MESSAGE_HELD && message->rule == FL_RULE_HELD_UNCERTAIN);
}

static bool take_newest(void *ctx, const struct fl_message *message)
{
    struct newest *newest = ctx;

    if (!has_left(message) || (newest->channel && message->channel != newest->channel) ||
        (newest->address && message->address != newest->address) ||
        message->due_us < newest->since_us)
        return true;
    newest->message = *message;
    return false;
}

static bool is_phone(enum fl_medium medium)
{
    return medium == FL_MEDIUM_SMS || medium == FL_MEDIUM_FAX;
}

/* As it stands in the store; what cannot be a number stands in no store. */
static const char *sender_of(const struct fl_feedback_context *context, struct fl_arena *arena,
                             enum fl_medium medium, const char *from)
{
    const char *number;

    if (!is_phone(medium) ||
        fl_people_phone_normalise(arena, from, context->country ? context->country : "ZZ", &number,
                                  NULL))
        return from;
    return number;
}

static enum fl_status address_id(const struct fl_feedback_context *context, struct fl_arena *arena,
                                 int64_t customer, enum fl_medium medium, const char *value,
                                 int64_t *out, struct fl_error *err)
{
    struct fl_customer row;
    enum fl_status st = fl_store_customer_get(context->store, arena, customer, &row, err);

    for (size_t i = 0; !st && i < row.n_addresses; i++)
        if (row.addresses[i].medium == medium && strcmp(row.addresses[i].value, value) == 0)
            *out = row.addresses[i].id;
    return st;
}

/* The message a customer was sent last, as far as this piece can mean it. */
static enum fl_status newest_of(const struct fl_feedback_context *context, struct fl_arena *arena,
                                int64_t customer, int64_t channel, enum fl_medium medium,
                                const char *from, struct fl_message *out, struct fl_error *err)
{
    struct newest newest = {.channel = channel};
    enum fl_status st = FL_OK;

    if (is_phone(medium)) {
        newest.channel = 0;
        newest.since_us = fl_clock_now(&context->clock) - FL_FEEDBACK_RECENT_DAYS * FL_US_PER_DAY;
        st = address_id(context, arena, customer, medium, from, &newest.address, err);
    }
    if (!st)
        st = fl_store_message_of(context->store, customer, 0, take_newest, &newest, err);
    if (!st)
        *out = newest.message;
    return st == FL_NOT_FOUND ? FL_OK : st;
}

/* Of several with one address the one who was written to last is meant. */
static enum fl_status take_last(const struct fl_feedback_context *context, struct fl_arena *arena,
                                int64_t channel, enum fl_medium medium, const char *from,
                                struct fl_feedback_matched *found, struct fl_error *err)
{
    size_t n = is_phone(medium) ? found->n_customers : 1, best = 0;
    enum fl_status st = FL_OK;
    int64_t meant;

    for (size_t i = 0; !st && i < n; i++) {
        struct fl_message message = {.id = 0};

        st = newest_of(context, arena, found->customers[i], channel, medium, from, &message, err);
        if (!st && message.id > found->message.id) {
            found->message = message;
            best = i;
        }
    }
    meant = found->customers[best];
    found->customers[best] = found->customers[0];
    found->customers[0] = meant;
    return st;
}

static enum fl_status by_sender(const struct fl_feedback_context *context, int64_t channel,
                                enum fl_medium medium, const struct fl_feedback_parsed *parsed,
                                const struct fl_inbound *inbound, struct fl_feedback_matched *out,
                                struct fl_error *err)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    struct fl_feedback_matched found = {.by = FL_MATCH_SENDER, .confidence = 0.5, .medium = medium};
    bool is_form = inbound->kind == FL_INBOUND_FORM;
    const char *from;
    enum fl_status st;

    if (!parsed->from_address[0] || !may_match_by_sender(parsed->kind, inbound->kind))
        return FL_OK;
    if (!arena)
        return fl_error_set(err, FL_IO, "could not match a piece: no memory");
    if (is_form)
        medium = strchr(parsed->from_address, '@') ? FL_MEDIUM_EMAIL : FL_MEDIUM_SMS;
    from = sender_of(context, arena, medium, parsed->from_address);
    st = fl_store_customers_by_address(context->store, medium, from, found.customers,
                                       FL_FEEDBACK_CUSTOMERS_MAX, &found.n_customers, err);
    if (st || found.n_customers == 0)
        return st == FL_NOT_FOUND ? FL_OK : st;
    if (found.n_customers > 1 || is_form)
        found.confidence = 0.3; /* a family with one address; a claim */
    if (!is_form)
        st = take_last(context, arena, channel, medium, from, &found, err);
    if (!st)
        *out = found;
    return st;
}

enum fl_status fl_feedback_match(const struct fl_feedback_context *context, int64_t channel,
                                 enum fl_medium medium, const struct fl_feedback_parsed *parsed,
                                 const struct fl_inbound *inbound, struct fl_feedback_matched *out,
                                 struct fl_error *err)
{
    struct fl_feedback_matched found = {.by = FL_MATCH_NONE};
    enum fl_status st = by_token(context, medium, parsed, inbound, &found, err);

    if (!st && !found.by)
        st = by_provider(context, medium, parsed, &found, err);
    if (!st && !found.by)
        st = by_sender(context, channel, medium, parsed, inbound, &found, err);
    if (!st)
        *out = found;
    return st;
}
