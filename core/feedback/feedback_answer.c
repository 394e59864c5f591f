/* Answers: the questions of the content a message was made of, and what a form says to them. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "content/content.h"
#include "feedback/feedback_private.h"

enum { VALUE_MAX = 8 << 10, BOXES_MAX = 32 };

/* One line about what was not taken. */
void fl_feedback_note(struct fl_feedback_answers *answers, const char *text)
{
    if (answers->notes.len)
        fl_buf_putc(&answers->notes, '\n');
    fl_buf_puts(&answers->notes, text);
}

void fl_feedback_answers_finish(struct fl_feedback_answers *answers)
{
    fl_content_destroy(&answers->content);
    fl_buf_finish(&answers->notes);
}

static enum fl_status load_survey(const struct fl_feedback_context *context, struct fl_arena *arena,
                                  const struct fl_message *message,
                                  struct fl_feedback_answers *answers, const struct fl_survey **out,
                                  struct fl_error *err)
{
    struct fl_occurrence occurrence;
    struct fl_content_version version;
    struct fl_customer customer;
    struct fl_faults faults;
    enum fl_status st =
        fl_store_occurrence_get(context->store, arena, message->occurrence, &occurrence, err);

    if (!st)
        st = fl_store_content_get(context->store, arena, occurrence.content, &version, err);
    if (!st)
        st = fl_store_customer_get(context->store, arena, message->customer, &customer, err);
    if (st)
        return st;
    fl_faults_init(&faults, arena);
    st = fl_content_compile(version.name, version.files, version.n_files, &faults,
                            &answers->content, err);
    if (!st)
        *out = fl_content_survey(answers->content, customer.language);
    return st;
}

/* What was answered, as fl_survey_answer() reads it. */
static void value_text(const json_t *value, struct fl_buf *out)
{
    json_t *item;
    size_t i;

    if (json_is_integer(value))
        fl_buf_printf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value) && json_real_value(value) == nearbyint(json_real_value(value)))
        fl_buf_printf(out, "%.0f", json_real_value(value));
    else if (json_is_real(value))
        fl_buf_printf(out, "%g", json_real_value(value));
    else if (json_is_string(value))
        fl_buf_puts(out, json_string_value(value));
    json_array_foreach(value, i, item)
    {
        if (!json_is_string(item))
            continue;
        if (out->len)
            fl_buf_putc(out, ' ');
        fl_buf_puts(out, json_string_value(item));
    }
}

/* Puts what the survey says to a value into the list, or a note about why not. */
static enum fl_status take(struct fl_feedback_answers *answers, enum fl_status st,
                           const struct fl_answer_value *value, const char *given,
                           struct fl_error *why)
{
    if (st == FL_REJECTED || (st == FL_NOT_FOUND && *given)) {
        fl_feedback_note(answers, why->text);
        return FL_OK;
    }
    if (st)
        return st == FL_NOT_FOUND ? FL_OK : st;
    for (size_t i = 0; i < answers->n_values; i++)
        if (answers->values[i].question == value->question)
            return FL_OK; /* words beside boxes: what was written comes first */
    if (answers->n_values < FL_SURVEY_QUESTIONS_MAX)
        answers->values[answers->n_values++] = *value;
    return FL_OK;
}

static enum fl_status take_answers(const struct fl_survey *survey, struct fl_arena *arena,
                                   const json_t *form, struct fl_feedback_answers *answers,
                                   struct fl_error *err)
{
    enum fl_status st = FL_OK;
    const char *key;
    json_t *given;

    json_object_foreach(json_object_get(form, "answers"), key, given)
    {
        struct fl_buf text = FL_BUF(VALUE_MAX);
        struct fl_answer_value value;

        value_text(given, &text);
        st = fl_survey_answer(survey, arena, key, text.data, &value, err);
        st = take(answers, st, &value, text.data, err);
        fl_buf_finish(&text);
        if (st)
            return st;
    }
    return st;
}

static enum fl_status take_boxes(const struct fl_survey *survey, struct fl_arena *arena,
                                 const json_t *form, struct fl_feedback_answers *answers,
                                 struct fl_error *err)
{
    enum fl_status st = FL_OK;
    const char *key;
    json_t *places;

    json_object_foreach(json_object_get(form, "boxes"), key, places)
    {
        struct fl_answer_value value;
        int boxes[BOXES_MAX];
        size_t n = json_array_size(places);
        int64_t question = 0;

        if (!fl_str_parse_i64(key, 1, FL_SURVEY_QUESTIONS_MAX, &question) || n > BOXES_MAX) {
            fl_feedback_note(answers, "boxes that are of no question");
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            json_int_t place = json_integer_value(json_array_get(places, i));

            boxes[i] = place > 0 && place <= INT_MAX ? (int)place : 0;
        }
        st = fl_survey_boxes(survey, arena, (size_t)question, boxes, n, &value, err);
        st = take(answers, st, &value, n ? key : "", err);
        if (st)
            return st;
    }
    return st;
}

enum fl_status fl_feedback_answers_read(const struct fl_feedback_context *context,
                                        struct fl_arena *arena,
                                        const struct fl_feedback_matched *matched,
                                        const json_t *form, struct fl_feedback_answers *out,
                                        struct fl_error *err)
{
    const struct fl_survey *survey = NULL;
    enum fl_status st;
    json_t *text;
    size_t i;

    json_array_foreach(json_object_get(form, "faults"), i, text)
    {
        if (json_is_string(text))
            fl_feedback_note(out, json_string_value(text));
    }
    if (!json_object_get(form, "answers") && !json_object_get(form, "boxes"))
        return FL_OK;
    if (!matched->message.id || !fl_feedback_token_allows(matched->token, FL_FEEDBACK_ANSWERS)) {
        fl_feedback_note(out, "answers without a token that may give them");
        return FL_OK;
    }
    st = load_survey(context, arena, &matched->message, out, &survey, err);
    if (st == FL_NOT_FOUND || st == FL_INVALID || (!st && !survey)) {
        fl_feedback_note(out, "answers to a message that asked nothing");
        return FL_OK;
    }
    if (!st)
        st = take_answers(survey, arena, form, out, err);
    return st ? st : take_boxes(survey, arena, form, out, err);
}

enum fl_status fl_feedback_answers_store(const struct fl_feedback_context *context,
                                         const struct fl_feedback_answers *answers,
                                         const struct fl_feedback_matched *matched,
                                         enum fl_medium medium, int64_t feedback, int64_t at_us,
                                         struct fl_error *err)
{
    for (size_t i = 0; i < answers->n_values; i++) {
        const struct fl_answer_value *value = &answers->values[i];
        const struct fl_question *question = value->question;
        bool is_scale = question->type == FL_QUESTION_SCALE;
        const struct fl_answer answer = {.message = matched->message.id,
                                         .customer = matched->message.customer,
                                         .feedback = feedback,
                                         .question = question->key,
                                         .has_number = value->has_number,
                                         .number = value->number,
                                         .low = is_scale ? question->min : 0,
                                         .high = is_scale ? question->max : 0,
                                         .text = value->text,
                                         .medium = medium,
                                         .at_us = at_us};
        enum fl_status st = fl_store_answer_put(context->store, &answer, err);

        if (st)
            return st;
    }
    return FL_OK;
}
