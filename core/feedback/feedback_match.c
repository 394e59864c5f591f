/*
 * To which message does a piece belong?  Our signed token, then the provider's reference, then the
 * sender's address and what we sent there last.  The kind of a token is part of its signature: a
 * report counts only with one that stood in the envelope or the Message-ID of what we sent, never
 * with one from a link somebody clicked on.
 */
#include <string.h>

#include "feedback/feedback_private.h"

#define KIND(x) (1u << FL_TOKEN_##x)

enum {
    OF_MACHINES = KIND(RETURN_PATH) | KIND(MESSAGE_ID),
    OF_ANSWERS = KIND(REPLY) | KIND(MESSAGE_ID) | KIND(UNSUBSCRIBE) | KIND(CARD) | KIND(FAX_BACK),
    OF_LINKS = KIND(CLICK) | KIND(PAGE) | KIND(SURVEY) | KIND(OPEN)
};

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
};

/* Kinds where an address alone says who it is; reports by machines never do. */
static bool may_match_by_sender(enum fl_feedback_kind kind)
{
    return kind == FL_FEEDBACK_REPLY || kind == FL_FEEDBACK_OPT_OUT ||
           kind == FL_FEEDBACK_AUTO_REPLY || kind == FL_FEEDBACK_UNKNOWN;
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
    if (holds(parsed->to_address, token) || holds(inbound->to_address, token)) {
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
            !(accepted_tokens[parsed->kind] >> token.kind & 1u) ||
            /* A report about mail says nothing about a letter. */
            (token.medium != medium && (KIND(RETURN_PATH) >> token.kind & 1u)))
            continue;
        rate(parsed, inbound, text, &found);
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
static enum fl_status by_provider(const struct fl_feedback_context *context,
                                  const struct fl_feedback_parsed *parsed,
                                  struct fl_feedback_matched *out, struct fl_error *err)
{
    for (size_t i = 0; i < parsed->n_references; i++) {
        struct fl_feedback_matched found = {.by = FL_MATCH_PROVIDER, .confidence = 0.9};
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

struct newest {
    int64_t channel;
    struct fl_message message;
};

static bool has_left(const struct fl_message *message)
{
    return message->state == FL_MESSAGE_ACCEPTED || message->state == FL_MESSAGE_DELIVERED ||
           message->state == FL_MESSAGE_UNCERTAIN;
}

static bool take_newest(void *ctx, const struct fl_message *message)
{
    struct newest *newest = ctx;

    if (!has_left(message) || message->channel != newest->channel)
        return true;
    newest->message = *message;
    return false;
}

static enum fl_status by_sender(const struct fl_feedback_context *context, int64_t channel,
                                enum fl_medium medium, const struct fl_feedback_parsed *parsed,
                                struct fl_feedback_matched *out, struct fl_error *err)
{
    struct fl_feedback_matched found = {.by = FL_MATCH_SENDER, .confidence = 0.5};
    struct newest newest = {.channel = channel};
    enum fl_status st;

    if (!parsed->from_address[0] || !may_match_by_sender(parsed->kind))
        return FL_OK;
    st =
        fl_store_customers_by_address(context->store, medium, parsed->from_address, found.customers,
                                      FL_FEEDBACK_CUSTOMERS_MAX, &found.n_customers, err);
    if (st || found.n_customers == 0)
        return st == FL_NOT_FOUND ? FL_OK : st;
    if (found.n_customers > 1)
        found.confidence = 0.3; /* a family with one address */
    st = fl_store_message_of(context->store, found.customers[0], 0, take_newest, &newest, err);
    if (st && st != FL_NOT_FOUND)
        return st;
    if (newest.message.id)
        found.message = newest.message;
    *out = found;
    return FL_OK;
}

enum fl_status fl_feedback_match(const struct fl_feedback_context *context, int64_t channel,
                                 enum fl_medium medium, const struct fl_feedback_parsed *parsed,
                                 const struct fl_inbound *inbound, struct fl_feedback_matched *out,
                                 struct fl_error *err)
{
    struct fl_feedback_matched found = {.by = FL_MATCH_NONE};
    enum fl_status st = by_token(context, medium, parsed, inbound, &found, err);

    if (!st && !found.by)
        st = by_provider(context, parsed, &found, err);
    if (!st && !found.by)
        st = by_sender(context, channel, medium, parsed, &found, err);
    if (!st)
        *out = found;
    return st;
}
