/* One piece becomes evidence, feedback, and what follows from it; all or nothing. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "dispatch/dispatch.h"
#include "feedback/feedback_private.h"

enum { DETAIL_MAX = 1000, KEY_MAX = 1000, ARENA_MAX = 64 << 20 };

/* ---- what both mail and receipts do -----------------------------------------------------------*/

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

/* ---- what follows from each kind --------------------------------------------------------------*/

struct piece {
    const struct fl_feedback_context *context;
    enum fl_medium medium; /* it came over */
    const struct fl_inbound *inbound;
    const struct fl_feedback_parsed *parsed;
    enum fl_feedback_kind kind;
    struct fl_feedback_matched matched;
    json_t *form; /* NULL: none */
    struct fl_feedback_answers answers;
    char evidence[65];
    int64_t received_us;
};

static struct fl_event event_of(const struct piece *piece, enum fl_event_kind kind)
{
    return (struct fl_event){.message = piece->matched.message.id,
                             .kind = kind,
                             .attempt = piece->matched.message.attempts,
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
    st = fl_feedback_settle(piece->context, &piece->matched.message, to, &event, &id, err);
    if (st || !recipient || !recipient->is_hard || fault != FL_FAULT_ADDRESS)
        return st;
    return fl_feedback_blame_address(piece->context, &piece->matched.message, FL_ADDRESS_SUPPRESSED,
                                     id, err);
}

static enum fl_status act_news(const struct piece *piece, enum fl_event_kind kind,
                               enum fl_message_state to, struct fl_error *err)
{
    struct fl_event event = event_of(piece, kind);
    char detail[DETAIL_MAX + 1];
    int64_t id = 0;

    describe(&event, recipient_of(piece->parsed), detail);
    return fl_feedback_settle(piece->context, &piece->matched.message, to, &event, &id, err);
}

static enum fl_status act_complaint(const struct piece *piece, struct fl_error *err)
{
    struct fl_event event = event_of(piece, FL_EVENT_COMPLAINED);
    int64_t id = 0;
    enum fl_status st = fl_store_event_put(piece->context->store, &event, &id, err);

    if (!st)
        st = fl_feedback_blame_address(piece->context, &piece->matched.message,
                                       FL_ADDRESS_COMPLAINED, id, err);
    if (!st)
        st = fl_feedback_withdraw(piece->context, &piece->matched, "complaint", piece->evidence,
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

/* Mail and texts say it in words, and who they are from is known; a form is as good as its token,
 * and one that was read off a fax as its sender. */
static bool may_leave(const struct piece *piece)
{
    if (piece->inbound->kind == FL_INBOUND_MAIL || piece->matched.by == FL_MATCH_SENDER)
        return true;
    return fl_feedback_token_allows(piece->matched.token, FL_FEEDBACK_LEAVING);
}

static enum fl_status act_opt_out(const struct piece *piece, struct fl_error *err)
{
    bool is_words =
        piece->inbound->kind == FL_INBOUND_MAIL || piece->inbound->kind == FL_INBOUND_TEXT;
    enum fl_status st;

    if (!may_leave(piece))
        return FL_OK;
    st = fl_feedback_withdraw(piece->context, &piece->matched, is_words ? "reply" : "form",
                              piece->evidence, err);
    return st ? st : act_plain(piece, FL_EVENT_OPTED_OUT, err);
}

/* What a form holds beside its kind. */
static enum fl_status act_form(const struct piece *piece, int64_t feedback, struct fl_error *err)
{
    struct fl_event event = event_of(piece, FL_EVENT_ANSWERED);
    char detail[DETAIL_MAX + 1];
    size_t len =
        fl_feedback_utf8_cut(piece->answers.notes.data, piece->answers.notes.len, DETAIL_MAX);
    enum fl_status st = FL_OK;

    memcpy(detail, piece->answers.notes.data, len);
    detail[len] = '\0';
    event.detail = len ? detail : NULL;
    if (piece->answers.n_values) {
        st = fl_feedback_answers_store(piece->context, &piece->answers, &piece->matched,
                                       piece->medium, feedback, piece->received_us, err);
        if (!st)
            st = fl_store_event_put(piece->context->store, &event, NULL, err);
    }
    if (!st && fl_feedback_token_allows(piece->matched.token, FL_FEEDBACK_PREFERENCES))
        st = fl_feedback_prefer(piece->context, &piece->matched, piece->form, piece->evidence,
                                piece->received_us, err);
    return st;
}

static enum fl_status act(const struct piece *piece, struct fl_error *err)
{
    enum fl_message_state as_it_is = piece->matched.message.state;

    switch (piece->kind) {
    case FL_FEEDBACK_BOUNCE:
        return act_bounce(piece, err);
    case FL_FEEDBACK_DELAYED:
        return act_news(piece, FL_EVENT_DELAYED, as_it_is, err);
    case FL_FEEDBACK_DELIVERED:
        return act_news(piece, FL_EVENT_DELIVERED, FL_MESSAGE_DELIVERED, err);
    case FL_FEEDBACK_COMPLAINT:
        return act_complaint(piece, err);
    case FL_FEEDBACK_OPT_OUT:
        return act_opt_out(piece, err);
    case FL_FEEDBACK_REPLY:
        return act_plain(piece, FL_EVENT_REPLIED, err);
    default:
        return FL_OK; /* programs talking, and words to nobody: kept, and nothing follows */
    }
}

/* ---- storing ----------------------------------------------------------------------------------*/

/* Words that answer a message are a reply; whether they do, only the match tells. */
static enum fl_feedback_kind kind_of(const struct piece *piece)
{
    enum fl_feedback_kind kind = piece->parsed->kind;

    if (piece->inbound->kind == FL_INBOUND_MAIL ||
        (kind != FL_FEEDBACK_REPLY && kind != FL_FEEDBACK_CONTACT))
        return kind;
    return piece->matched.message.id ? FL_FEEDBACK_REPLY : FL_FEEDBACK_CONTACT;
}

/* Who has to look at it. */
static enum fl_feedback_state state_of(const struct piece *piece)
{
    bool is_matched = piece->matched.by != FL_MATCH_NONE;

    switch (piece->kind) {
    case FL_FEEDBACK_REPLY:
    case FL_FEEDBACK_CONTACT:
    case FL_FEEDBACK_UNKNOWN:
        return FL_FEEDBACK_OPEN;
    case FL_FEEDBACK_OPT_OUT:
    case FL_FEEDBACK_PREFERENCE:
    case FL_FEEDBACK_SURVEY:
        /* Words, and what could not be taken, are for a person. */
        if (piece->form && (piece->answers.notes.len || piece->parsed->text[0]))
            return FL_FEEDBACK_OPEN;
        return is_matched ? FL_FEEDBACK_CLOSED : FL_FEEDBACK_OPEN;
    default:
        return FL_FEEDBACK_SYSTEM;
    }
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

/* Beside the words of a form stands what else a person may want to see. */
static const char *quoted_of(const struct piece *piece, struct fl_arena *arena)
{
    struct fl_buf buf = FL_BUF(FL_FEEDBACK_TEXT_MAX);
    const char *name = fl_feedback_form_text(piece->form, "name"), *key, *out;
    json_t *value;

    if (!piece->form)
        return piece->parsed->quoted;
    if (*name)
        fl_buf_printf(&buf, "name: %s\n", name);
    json_object_foreach(json_object_get(piece->form, "details"), key, value)
    {
        if (json_is_string(value))
            fl_buf_printf(&buf, "%s: %s\n", key, json_string_value(value));
        else if (json_is_integer(value))
            fl_buf_printf(&buf, "%s: %lld\n", key, (long long)json_integer_value(value));
    }
    if (piece->answers.notes.len)
        fl_buf_printf(&buf, "not taken:\n%s\n", piece->answers.notes.data);
    out = fl_arena_strndup(arena, buf.data, buf.len);
    fl_buf_finish(&buf);
    return out ? out : "";
}

static enum fl_status keep_attachments(const struct piece *piece, int64_t feedback,
                                       struct fl_error *err)
{
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < piece->inbound->n_attachments; i++) {
        const struct fl_part *part = piece->inbound->attachments[i];
        char hash[65];
        struct fl_attachment attachment = {
            .name = part->name, .type = part->type, .evidence = hash};

        st = fl_store_evidence_put(piece->context->store, part->data ? part->data : "",
                                   part->data_len, hash, err);
        if (!st)
            st = fl_store_attachment_put(piece->context->store, feedback, &attachment, err);
    }
    return st;
}

/* Whose it is, and what of its form can be taken. */
static enum fl_status understand(struct piece *piece, struct fl_arena *arena, int64_t channel,
                                 struct fl_error *err)
{
    const char *form = piece->parsed->form;
    enum fl_status st = fl_feedback_match(piece->context, channel, piece->medium, piece->parsed,
                                          piece->inbound, &piece->matched, err);

    if (!st && form && *form)
        st = fl_feedback_form_load(form, strlen(form), &piece->form, err);
    if (!st && piece->form)
        st = fl_feedback_answers_read(piece->context, arena, &piece->matched, piece->form,
                                      &piece->answers, err);
    piece->kind = kind_of(piece);
    return st;
}

static enum fl_status store_piece(const struct piece *piece, struct fl_arena *arena,
                                  int64_t channel, int64_t *out_id, struct fl_error *err)
{
    const struct fl_feedback_parsed *parsed = piece->parsed;
    char key[KEY_MAX];
    const struct fl_feedback feedback = {
        .channel = channel,
        .customer = piece->matched.n_customers ? piece->matched.customers[0] : 0,
        .message = piece->matched.message.id,
        .kind = piece->kind,
        .state = state_of(piece),
        .matched_by = piece->matched.by,
        .confidence = piece->matched.confidence,
        .from_address = parsed->from_address,
        .subject = parsed->subject,
        .text = parsed->text,
        .quoted = quoted_of(piece, arena),
        .signature = parsed->signature,
        .language = parsed->language,
        .evidence = piece->evidence,
        .dedupe_key = key,
        .received_us = piece->received_us,
    };
    int64_t id = 0;
    enum fl_status st;

    dedupe_key(channel, piece->inbound, piece->evidence, key);
    st = fl_store_feedback_put(piece->context->store, &feedback, &id, err);
    if (st == FL_CONFLICT) {
        *out_id = 0; /* seen before: it was acted upon then */
        return FL_OK;
    }
    if (!st)
        st = keep_attachments(piece, id, err);
    if (!st && piece->matched.by)
        st = act(piece, err);
    if (!st && piece->form && piece->matched.by)
        st = act_form(piece, id, err);
    if (!st)
        *out_id = id;
    return st;
}

enum fl_status fl_feedback_accept(const struct fl_feedback_context *context, int64_t channel,
                                  enum fl_medium medium, const struct fl_feedback_parsed *parsed,
                                  const struct fl_inbound *inbound, int64_t *out_id,
                                  struct fl_error *err)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    struct piece piece = {.context = context,
                          .medium = medium,
                          .parsed = parsed,
                          .inbound = inbound,
                          .answers = {.notes = FL_BUF(FL_FEEDBACK_NOTES_MAX)}};
    enum fl_status st;

    if (!arena)
        return fl_error_set(err, FL_IO, "could not accept a piece: no memory");
    /* It was parsed in another process, by the one that reads strangers' bytes. */
    if ((size_t)parsed->kind >= FL_FEEDBACK_KINDS)
        return fl_error_set(err, FL_INVALID, "feedback of kind %d, expected 0 to %d",
                            (int)parsed->kind, FL_FEEDBACK_KINDS - 1);
    piece.received_us = inbound->received_us ? inbound->received_us : fl_clock_now(&context->clock);
    st = fl_store_evidence_put(context->store, inbound->data ? inbound->data : "",
                               inbound->data_len, piece.evidence, err);
    if (!st)
        st = understand(&piece, arena, channel, err);
    if (!st)
        st = store_piece(&piece, arena, channel, out_id, err);
    fl_feedback_answers_finish(&piece.answers);
    json_decref(piece.form);
    return st;
}
