/* What each page shows, as JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "front/front_answer_private.h"

static void put(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_string(text ? text : ""));
}

/* A marketer's own colours are meant for white paper. */
static bool has_own_colours(const char *html)
{
    static const char *const signs[] = {"color:", "background", "bgcolor", "<font", "<style"};

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strcasestr(html, signs[i]))
            return true;
    return false;
}

enum fl_status fl_front_answer_message(const struct fl_front_subject *subject, json_t *out,
                                       struct fl_error *err)
{
    struct fl_front_shown shown;
    enum fl_status st = fl_front_render(subject, &subject->message, &shown, err);

    if (st)
        return st;
    put(out, "subject", shown.rendering.subject);
    if (shown.rendering.html) {
        put(out, "html", shown.rendering.html);
        json_object_set_new(out, "has_own_colours",
                            json_boolean(has_own_colours(shown.rendering.html)));
    } else {
        put(out, "text", shown.rendering.text);
    }
    put(out, "content_language", shown.rendering.language);
    put(out, "medium", fl_medium_name(shown.medium));
    put(out, "date", shown.date);
    return FL_OK;
}

/* --- inbox -------------------------------------------------------------------------------------*/

struct page_of_messages {
    struct fl_arena *arena;
    struct fl_message rows[FL_FRONT_INBOX_ROWS];
    size_t n;
    int64_t n_skip;
    bool has_more;
};

static bool inbox_one(void *ctx, const struct fl_message *message)
{
    struct page_of_messages *page = ctx;

    if (message->state != FL_MESSAGE_ACCEPTED && message->state != FL_MESSAGE_DELIVERED)
        return true;
    if (page->n_skip) {
        page->n_skip--;
        return true;
    }
    if (page->n == FL_FRONT_INBOX_ROWS) {
        page->has_more = true;
        return false;
    }
    page->rows[page->n++] = *message;
    return true;
}

/* The beginning of a text on one line, cut between words where there are any. */
static json_t *excerpt_of(const char *text)
{
    struct fl_buf buf = FL_BUF(FL_BUF_LINE_MAX);
    json_t *json = NULL;
    size_t n = 0, word_end = 0;
    bool is_cut = false;

    for (const char *p = text ? text : ""; *p && !is_cut; p++) {
        bool is_blank = (unsigned char)*p <= ' ';

        if (is_blank && (!buf.len || buf.data[buf.len - 1] == ' '))
            continue;
        if (((unsigned char)*p & 0xC0) != 0x80 && ++n > FL_FRONT_EXCERPT_MAX) {
            is_cut = true;
            break;
        }
        if (is_blank)
            word_end = buf.len;
        fl_buf_putc(&buf, is_blank ? ' ' : *p);
    }
    if (!fl_buf_failed(&buf)) {
        size_t len = is_cut && word_end ? word_end : buf.len;

        json = is_cut ? json_sprintf("%.*s …", (int)len, buf.data) : json_stringn(buf.data, len);
    }
    fl_buf_finish(&buf);
    return json;
}

static enum fl_status inbox_row(const struct fl_front_subject *subject,
                                const struct fl_message *message, json_t *list,
                                struct fl_error *err)
{
    struct fl_front_shown shown;
    char token[FL_TOKEN_SIZE];
    json_t *row;
    enum fl_status st = fl_front_render(subject, message, &shown, err);

    /* A content that cannot be rendered any more hides no other. */
    if (st == FL_INVALID || st == FL_NOT_FOUND || st == FL_LIMIT)
        return FL_OK;
    if (!st)
        st = fl_front_page_token(subject, message->id, shown.medium, token, err);
    if (st)
        return st;
    row = json_object();
    put(row, "token", token);
    put(row, "subject", shown.rendering.subject);
    json_object_set_new(row, "excerpt", excerpt_of(shown.rendering.text));
    put(row, "medium", fl_medium_name(shown.medium));
    put(row, "date", shown.date);
    json_object_set_new(row, "at_us", json_integer(shown.at_us));
    json_object_set_new(row, "is_this", json_boolean(message->id == subject->message.id));
    json_array_append_new(list, row);
    return FL_OK;
}

enum fl_status fl_front_answer_inbox(const struct fl_front_subject *subject, json_t *out,
                                     struct fl_error *err)
{
    json_int_t number = json_integer_value(json_object_get(subject->args, "page"));
    struct page_of_messages page = {.arena = subject->arena};
    json_t *list = json_array();
    enum fl_status st;

    if (number < 1)
        number = 1;
    page.n_skip = (number - 1) * FL_FRONT_INBOX_ROWS;
    st = fl_store_message_of(subject->context->store, subject->customer.id, 0, inbox_one, &page,
                             err);
    for (size_t i = 0; !st && i < page.n; i++)
        st = inbox_row(subject, &page.rows[i], list, err);
    json_object_set_new(out, "messages", list);
    json_object_set_new(out, "page", json_integer(number));
    json_object_set_new(out, "has_more", json_boolean(page.has_more));
    return st;
}

/* --- survey ------------------------------------------------------------------------------------*/

struct answers {
    const struct fl_survey *survey;
    json_t *json;
};

static const struct fl_question *question_of(const struct fl_survey *survey, const char *key)
{
    for (size_t i = 0; i < survey->n_questions; i++)
        if (fl_str_equal(survey->questions[i].key, key))
            return &survey->questions[i];
    return NULL;
}

static json_t *keys_of(const char *text)
{
    json_t *list = json_array();

    while (*text) {
        size_t len = strcspn(text, " ");

        if (len)
            json_array_append_new(list, json_stringn(text, len));
        text += len + strspn(text + len, " ");
    }
    return list;
}

static bool answer_one(void *ctx, const struct fl_answer *answer)
{
    struct answers *answers = ctx;
    const struct fl_question *question = question_of(answers->survey, answer->question);
    json_t *value = NULL;

    if (!question)
        return true;
    switch (question->type) {
    case FL_QUESTION_SCALE:
        if (answer->has_number)
            value = json_real(answer->number);
        break;
    case FL_QUESTION_CHOICES:
        value = keys_of(answer->text ? answer->text : "");
        break;
    case FL_QUESTION_CHOICE:
    case FL_QUESTION_TEXT:
        value = json_string(answer->text ? answer->text : "");
        break;
    }
    if (value)
        json_object_set_new(answers->json, question->key, value);
    return true;
}

enum fl_status fl_front_answer_survey(const struct fl_front_subject *subject, json_t *out,
                                      struct fl_error *err)
{
    struct fl_front_shown shown;
    struct answers answers;
    const char *text;
    json_t *questions;
    enum fl_status st = fl_front_render(subject, &subject->message, &shown, err);

    if (st)
        return st;
    put(out, "title", shown.rendering.subject);
    if (!shown.survey)
        return FL_OK;
    text = fl_survey_json(subject->arena, shown.survey);
    questions = text ? json_loads(text, 0, NULL) : NULL;
    if (!questions)
        return fl_error_set(err, FL_IO, "no memory for a survey");
    json_object_set_new(out, "questions", questions);
    answers = (struct answers){.survey = shown.survey, .json = json_object()};
    json_object_set_new(out, "answers", answers.json);
    return fl_store_answer_each(subject->context->store, subject->message.id, 0, answer_one,
                                &answers, err);
}

/* --- preferences -------------------------------------------------------------------------------*/

struct purposes {
    struct fl_arena *arena;
    const char *names[FL_FRONT_PURPOSES_MAX];
    size_t n;
};

static void purpose_add(struct purposes *purposes, const char *name)
{
    if (!name || !*name)
        return;
    for (size_t i = 0; i < purposes->n; i++)
        if (strcmp(purposes->names[i], name) == 0)
            return;
    if (purposes->n < FL_FRONT_PURPOSES_MAX) {
        purposes->names[purposes->n] = fl_arena_strdup(purposes->arena, name);
        if (purposes->names[purposes->n])
            purposes->n++;
    }
}

static bool campaign_one(void *ctx, const struct fl_campaign_row *campaign)
{
    if (campaign->state != FL_CAMPAIGN_DRAFT && campaign->state != FL_CAMPAIGN_CANCELLED)
        purpose_add(ctx, campaign->purpose);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum fl_consent_state consent_of(const struct fl_customer *customer, const char *purpose,
                                        enum fl_medium medium)
{
    for (size_t i = 0; i < customer->n_consents; i++)
        if (customer->consents[i].medium == medium &&
            fl_str_equal(customer->consents[i].purpose, purpose))
            return customer->consents[i].state;
    return FL_CONSENT_NONE;
}

static const char *address_of(const struct fl_customer *customer, enum fl_medium medium)
{
    for (size_t i = 0; i < customer->n_addresses; i++)
        if (customer->addresses[i].medium == medium &&
            customer->addresses[i].status != FL_ADDRESS_REPLACED)
            return customer->addresses[i].value;
    return NULL;
}

/* A cell for each medium there is an address for, or that was decided about. */
static json_t *cells_of(const struct fl_customer *customer, const char *purpose)
{
    static const enum fl_medium media[] = {FL_MEDIUM_EMAIL,  FL_MEDIUM_SMS, FL_MEDIUM_FAX,
                                           FL_MEDIUM_LETTER, FL_MEDIUM_WEB, FL_MEDIUM_PUSH};
    json_t *cells = json_array();

    for (size_t i = 0; i < sizeof media / sizeof media[0]; i++) {
        enum fl_consent_state state = consent_of(customer, purpose, media[i]);
        const char *address = address_of(customer, media[i]);
        char masked[FL_TIME_TEXT_SIZE * 4] = "";
        json_t *cell;

        if (!address && state == FL_CONSENT_NONE)
            continue;
        /* Who holds the link may not be the customer: addresses are hinted at, no more. */
        if (address && media[i] != FL_MEDIUM_LETTER && media[i] != FL_MEDIUM_WEB)
            fl_str_mask_address(masked, sizeof masked, address);
        cell = json_object();
        put(cell, "medium", fl_medium_name(media[i]));
        put(cell, "address", masked);
        put(cell, "state", state == FL_CONSENT_GRANTED ? "granted" : "withdrawn");
        json_array_append_new(cells, cell);
    }
    return cells;
}

enum fl_status fl_front_answer_preferences(const struct fl_front_subject *subject, json_t *out,
                                           struct fl_error *err)
{
    struct purposes purposes = {.arena = subject->arena};
    json_t *list = json_array();
    enum fl_status st =
        fl_store_campaign_each(subject->context->store, campaign_one, &purposes, err);

    for (size_t i = 0; !st && i < subject->customer.n_consents; i++)
        purpose_add(&purposes, subject->customer.consents[i].purpose);
    qsort(purposes.names, purposes.n, sizeof purposes.names[0], by_name);
    for (size_t i = 0; !st && i < purposes.n; i++) {
        json_t *row = json_object(), *cells = cells_of(&subject->customer, purposes.names[i]);

        put(row, "purpose", purposes.names[i]);
        if (json_array_size(cells))
            json_array_append(list, row);
        json_object_set_new(row, "cells", cells);
        json_decref(row);
    }
    json_object_set_new(out, "purposes", list);
    return st;
}

enum fl_status fl_front_answer_opt_out(const struct fl_front_subject *subject, json_t *out,
                                       struct fl_error *err)
{
    (void)err;
    put(out, "purpose", subject->campaign.purpose);
    put(out, "medium", fl_medium_name(subject->token.medium));
    json_object_set_new(out, "is_withdrawn",
                        json_boolean(consent_of(&subject->customer, subject->campaign.purpose,
                                                subject->token.medium) == FL_CONSENT_WITHDRAWN));
    return FL_OK;
}

enum fl_status fl_front_answer_contact(const struct fl_front_subject *subject, json_t *out,
                                       struct fl_error *err)
{
    (void)subject;
    (void)out;
    (void)err;
    return FL_OK;
}
