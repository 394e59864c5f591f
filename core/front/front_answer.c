/* Which token opens what, and the traces pages leave. */
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/file.h"
#include "front/front_answer_private.h"

/* No person reads and clicks within this time of the sending. */
#define HUMAN_MIN_US (2 * FL_US_PER_S)
#define MINUTE_US    (60 * FL_US_PER_S)

enum { KEY_SIZE = 128, URL_DIGEST_LEN = 16, CODE_ARENA_MAX = 1 << 20 };

#define KIND(kind) (1u << (kind))

/* --- traces ------------------------------------------------------------------------------------*/

/* One trace a minute, message and target, of people and of machines each. */
static enum fl_status record(const struct fl_front_subject *subject, enum fl_event_kind kind,
                             const char *target, struct fl_error *err)
{
    bool is_machine = json_is_true(json_object_get(subject->args, "is_machine"));
    struct fl_event event = {.message = subject->message.id,
                             .kind = kind,
                             .attempt = subject->message.attempts,
                             .detail = target,
                             .at_us = subject->now_us};
    char key[KEY_SIZE], digest[FL_SHA256_HEX_SIZE] = "";
    int64_t sent_us;
    enum fl_status st = fl_front_sent_at(subject->context->store, &subject->message, &sent_us, err);

    if (st)
        return st;
    event.is_machine =
        is_machine || (kind != FL_EVENT_VISITED && subject->now_us - sent_us < HUMAN_MIN_US);
    if (target)
        fl_sha256_hex(target, strlen(target), digest);
    snprintf(key, sizeof key, "%s:%lld:%lld:%d:%.*s", fl_event_kind_name(kind),
             (long long)event.message, (long long)(subject->now_us / MINUTE_US), event.is_machine,
             URL_DIGEST_LEN, digest);
    event.dedupe_key = key;
    st = fl_store_event_put(subject->context->store, &event, NULL, err);
    return st == FL_CONFLICT ? FL_OK : st;
}

static enum fl_status answer_message(const struct fl_front_subject *subject, json_t *out,
                                     struct fl_error *err)
{
    enum fl_status st = fl_front_answer_message(subject, out, err);

    return st ? st : record(subject, FL_EVENT_VISITED, NULL, err);
}

static enum fl_status answer_click(const struct fl_front_subject *subject, json_t *out,
                                   struct fl_error *err)
{
    const char *url = json_string_value(json_object_get(subject->args, "url"));
    const char *seal = json_string_value(json_object_get(subject->args, "seal"));

    (void)out;
    if (!url || !seal)
        return fl_error_set(err, FL_INVALID, "a click has \"url\" and \"seal\"");
    if (!fl_token_seal_fits(subject->context->keys, subject->token_text, url, seal))
        return fl_error_set(err, FL_REJECTED, "the seal does not fit the link");
    return record(subject, FL_EVENT_CLICKED, url, err);
}

static enum fl_status answer_open(const struct fl_front_subject *subject, json_t *out,
                                  struct fl_error *err)
{
    (void)out;
    return record(subject, FL_EVENT_OPENED, NULL, err);
}

/* --- calls -------------------------------------------------------------------------------------*/

static const struct call {
    const char *name;
    unsigned kinds; /* of tokens that open it */
    fl_front_answer_fn *fill;
} calls[] = {
    {"message", KIND(FL_TOKEN_PAGE), answer_message},
    {"inbox", KIND(FL_TOKEN_PAGE), fl_front_answer_inbox},
    {"feed", KIND(FL_TOKEN_PAGE), fl_front_answer_inbox},
    {"survey", KIND(FL_TOKEN_PAGE) | KIND(FL_TOKEN_SURVEY), fl_front_answer_survey},
    {"preferences", KIND(FL_TOKEN_PAGE) | KIND(FL_TOKEN_UNSUBSCRIBE), fl_front_answer_preferences},
    {"opt_out", KIND(FL_TOKEN_PAGE) | KIND(FL_TOKEN_UNSUBSCRIBE), fl_front_answer_opt_out},
    {"contact", KIND(FL_TOKEN_PAGE), fl_front_answer_contact},
    {"click", KIND(FL_TOKEN_CLICK), answer_click},
    {"open", KIND(FL_TOKEN_OPEN), answer_open},
};

static const struct call *call_of(const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(calls[i].name, name) == 0)
            return &calls[i];
    return NULL;
}

/* Whatever is wrong with a token, it says nothing: who tries some learns nothing. */
static enum fl_status nothing(struct fl_error *err)
{
    return fl_error_set(err, FL_NOT_FOUND, "nothing is there");
}

static enum fl_status token_read(struct fl_token_keys *keys, const char *text, unsigned kinds,
                                 struct fl_token *out, struct fl_error *err)
{
    if (!text || fl_token_verify(keys, text, strlen(text), out, err) || !(kinds & KIND(out->kind)))
        return nothing(err);
    return FL_OK;
}

static enum fl_status customer_of(struct fl_store *store, struct fl_arena *arena,
                                  const struct fl_token *token, struct fl_message *out_message,
                                  struct fl_customer *out_customer, struct fl_error *err)
{
    enum fl_status st = fl_store_message_get(store, token->message_id, out_message, err);

    if (!st)
        st = fl_store_customer_get(store, arena, out_message->customer, out_customer, err);
    if (st == FL_NOT_FOUND || (!st && out_customer->state == FL_CUSTOMER_ERASED))
        return nothing(err);
    return st;
}

/* The one asked for on the page, the customer's, the firm's. */
static const char *language_of(const struct fl_front_subject *subject)
{
    const char *asked = json_string_value(json_object_get(subject->args, "language"));
    const char *own = subject->customer.language;

    if (asked && *asked)
        return asked;
    return own && *own ? own : subject->context->conf->language;
}

static enum fl_status subject_load(struct fl_front_subject *subject, unsigned kinds,
                                   struct fl_error *err)
{
    const struct fl_front_context *context = subject->context;
    enum fl_status st;

    subject->token_text = json_string_value(json_object_get(subject->args, "token"));
    st = token_read(context->keys, subject->token_text, kinds, &subject->token, err);
    if (!st)
        st = customer_of(context->store, subject->arena, &subject->token, &subject->message,
                         &subject->customer, err);
    if (!st)
        st = fl_store_occurrence_get(context->store, subject->arena, subject->message.occurrence,
                                     &subject->occurrence, err);
    if (!st)
        st = fl_store_campaign_get(context->store, subject->arena, subject->occurrence.campaign,
                                   &subject->campaign, err);
    if (st)
        return st == FL_NOT_FOUND ? nothing(err) : st;
    subject->language = language_of(subject);
    subject->now_us = fl_clock_now(&context->clock);
    return FL_OK;
}

static const char *kind_name(enum fl_token_kind kind)
{
    return kind == FL_TOKEN_PAGE          ? "page"
           : kind == FL_TOKEN_SURVEY      ? "survey"
           : kind == FL_TOKEN_UNSUBSCRIBE ? "unsubscribe"
                                          : "";
}

/* A content that cannot be compiled any more asks nothing. */
static bool has_survey(const struct fl_front_subject *subject)
{
    struct fl_content *content;

    return subject->token.kind == FL_TOKEN_PAGE &&
           !fl_front_cache_get(subject->context->cache, subject->context->store,
                               subject->occurrence.content, &content, NULL) &&
           fl_content_survey(content, subject->language);
}

static enum fl_status answer_token(const struct fl_front_context *context, const struct call *call,
                                   const json_t *args, struct fl_arena *arena, json_t *out,
                                   struct fl_error *err)
{
    struct fl_front_subject subject = {.context = context, .args = args, .arena = arena};
    enum fl_status st = subject_load(&subject, call->kinds, err);

    if (st)
        return st;
    json_object_set_new(out, "kind", json_string(kind_name(subject.token.kind)));
    json_object_set_new(out, "language", json_string(subject.language));
    json_object_set_new(out, "has_survey", json_boolean(has_survey(&subject)));
    return call->fill(&subject, out, err);
}

static enum fl_status answer_short(const struct fl_front_context *context, const json_t *args,
                                   struct fl_arena *arena, json_t *out, struct fl_error *err)
{
    const char *code = json_string_value(json_object_get(args, "code"));
    struct fl_token token = {.kind = FL_TOKEN_PAGE};
    struct fl_customer customer;
    struct fl_message message;
    char text[FL_TOKEN_SIZE];
    const char *name;
    enum fl_status st;

    if (!code)
        return fl_error_set(err, FL_INVALID, "a short link has a \"code\"");
    st = fl_store_short_link_get(context->store, code, fl_clock_now(&context->clock),
                                 &token.message_id, err);
    if (!st)
        st = customer_of(context->store, arena, &token, &message, &customer, err);
    if (!st)
        st = fl_store_channel_name(context->store, arena, message.channel, &name, &token.medium,
                                   err);
    if (!st)
        st = fl_token_sign(context->keys, &token, text, err);
    if (st)
        return st == FL_NOT_FOUND ? nothing(err) : st;
    json_object_set_new(out, "token", json_string(text));
    return FL_OK;
}

enum fl_status fl_front_answer(const struct fl_front_context *context, const char *call,
                               const json_t *args, json_t **out, struct fl_error *err)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(FL_FRONT_ANSWER_MAX);
    const struct call *row = call_of(call);
    json_t *answer = json_object();
    enum fl_status st;

    if (!arena || !answer || !context->cache)
        st = fl_error_set(err, FL_IO, "no memory for an answer");
    else if (strcmp(call, "health") == 0)
        st = FL_OK;
    else if (strcmp(call, "short") == 0)
        st = answer_short(context, args, arena, answer, err);
    else if (row)
        st = answer_token(context, row, args, arena, answer, err);
    else
        st = fl_error_set(err, FL_INVALID, "no call \"%s\"", call);
    if (st)
        json_decref(answer);
    else
        *out = answer;
    return st;
}

/* --- forms -------------------------------------------------------------------------------------*/

/* What a form says decides which tokens may say it. */
static unsigned kinds_of(const json_t *form)
{
    if (json_object_get(form, "answers"))
        return KIND(FL_TOKEN_PAGE) | KIND(FL_TOKEN_SURVEY);
    if (json_object_get(form, "preferences") || json_object_get(form, "is_opt_out"))
        return KIND(FL_TOKEN_PAGE) | KIND(FL_TOKEN_UNSUBSCRIBE);
    return KIND(FL_TOKEN_PAGE);
}

enum fl_status fl_front_admit(const struct fl_front_context *context, const struct fl_inbound *form,
                              struct fl_error *err)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(CODE_ARENA_MAX);
    json_t *json = json_loadb(form->data, form->data_len, 0, NULL);
    struct fl_customer customer;
    struct fl_message message;
    struct fl_token token;
    enum fl_status st;

    if (!arena || !json_is_object(json))
        st = fl_error_set(err, FL_INVALID, "a form is a JSON object");
    else
        st = token_read(context->keys, json_string_value(json_object_get(json, "token")),
                        kinds_of(json), &token, err);
    json_decref(json);
    return st ? st : customer_of(context->store, arena, &token, &message, &customer, err);
}
