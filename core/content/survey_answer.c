#include <string.h>

#include "base/str.h"
#include "content/survey.h"
#include "content/survey_private.h"

static const struct fl_question *question_of(const struct fl_survey *survey, const char *key)
{
    for (size_t i = 0; i < survey->n_questions; i++)
        if (!strcmp(survey->questions[i].key, key))
            return &survey->questions[i];
    return NULL;
}

static int option_place(const struct fl_question *q, const char *key, size_t len)
{
    for (size_t i = 0; i < q->n_options; i++)
        if (strlen(q->options[i].key) == len && !memcmp(q->options[i].key, key, len))
            return (int)i + 1;
    return 0;
}

static enum fl_status refuse(const struct fl_question *q, const char *value, struct fl_error *err)
{
    if (q->type == FL_QUESTION_SCALE)
        return fl_error_set(err, FL_REJECTED,
                            "\"%.80s\" is no answer to \"%s\", expected a number within %d..%d",
                            value, q->key, q->min, q->max);
    return fl_error_set(err, FL_REJECTED,
                        "\"%.80s\" is no answer to \"%s\", expected one of its options", value,
                        q->key);
}

static enum fl_status nothing(const struct fl_question *q, struct fl_error *err)
{
    return fl_error_set(err, FL_NOT_FOUND, "\"%s\" is not answered", q->key);
}

static enum fl_status no_memory(struct fl_error *err)
{
    return fl_error_set(err, FL_IO, "could not keep an answer: memory is out");
}

/* Options by a bit each, from place 1 on: their keys in the order of the question. */
static enum fl_status choices_put(const struct fl_question *q, unsigned marks,
                                  struct fl_arena *arena, struct fl_answer_value *out,
                                  struct fl_error *err)
{
    struct fl_buf keys = FL_BUF(FL_SURVEY_OPTIONS_MAX * (FL_SURVEY_KEY_MAX + 1));
    const char *text;

    for (size_t i = 0; i < q->n_options; i++) {
        if (!(marks >> (i + 1) & 1u))
            continue;
        if (keys.len)
            fl_buf_putc(&keys, ' ');
        fl_buf_puts(&keys, q->options[i].key);
    }
    text = fl_arena_strndup(arena, keys.data, keys.len);
    fl_buf_finish(&keys);
    if (!text)
        return no_memory(err);
    *out = (struct fl_answer_value){.question = q, .text = text};
    return FL_OK;
}

static enum fl_status choices_answer(const struct fl_question *q, const char *value,
                                     struct fl_arena *arena, struct fl_answer_value *out,
                                     struct fl_error *err)
{
    unsigned marks = 0;

    for (const char *p = value; *p; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        int place = option_place(q, p, len);

        if (!place)
            return refuse(q, value, err);
        marks |= 1u << place;
        p += len;
    }
    return marks ? choices_put(q, marks, arena, out, err) : nothing(q, err);
}

static struct fl_answer_value choice_value(const struct fl_question *q, int place)
{
    return (struct fl_answer_value){
        .question = q, .has_number = true, .number = place, .text = q->options[place - 1].key};
}

static struct fl_answer_value scale_value(const struct fl_question *q, int64_t number)
{
    return (struct fl_answer_value){
        .question = q, .has_number = true, .number = (double)number, .text = ""};
}

/* Words of a stranger: cut between two characters, without control characters but the line end. */
static enum fl_status text_answer(const struct fl_question *q, char *value,
                                  struct fl_answer_value *out, struct fl_error *err)
{
    size_t len = strlen(value), n = 0;

    if (!fl_utf8_is_valid(value, len))
        return fl_error_set(err, FL_REJECTED, "the answer to \"%s\" is not UTF-8", q->key);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)value[i];

        if (c == '\n' || c == '\t' || (c >= ' ' && c != 0x7f))
            value[n++] = value[i];
    }
    if (n > FL_SURVEY_TEXT_MAX) {
        n = FL_SURVEY_TEXT_MAX;
        while (n && ((unsigned char)value[n] & 0xc0) == 0x80)
            n--;
    }
    value[n] = '\0';
    value = fl_str_trim(value);
    if (!*value)
        return nothing(q, err);
    *out = (struct fl_answer_value){.question = q, .text = value};
    return FL_OK;
}

enum fl_status fl_survey_answer(const struct fl_survey *survey, struct fl_arena *arena,
                                const char *key, const char *value, struct fl_answer_value *out,
                                struct fl_error *err)
{
    const struct fl_question *q = question_of(survey, key);
    char *copy = fl_arena_strdup(arena, value ? value : "");
    int64_t number;
    int place;

    if (!q)
        return fl_error_set(err, FL_NOT_FOUND, "the survey does not ask \"%.80s\"", key);
    if (!copy)
        return no_memory(err);
    copy = fl_str_trim(copy);
    if (!*copy)
        return nothing(q, err);
    switch (q->type) {
    case FL_QUESTION_SCALE:
        if (!fl_str_parse_i64(copy, q->min, q->max, &number))
            return refuse(q, copy, err);
        *out = scale_value(q, number);
        return FL_OK;
    case FL_QUESTION_CHOICE:
        place = option_place(q, copy, strlen(copy));
        if (!place)
            return refuse(q, copy, err);
        *out = choice_value(q, place);
        return FL_OK;
    case FL_QUESTION_CHOICES:
        return choices_answer(q, copy, arena, out, err);
    case FL_QUESTION_TEXT:
        return text_answer(q, copy, out, err);
    }
    return fl_error_set(err, FL_INTERNAL, "question \"%s\" has no type", q->key);
}

static int boxes_of(const struct fl_question *q)
{
    if (q->type == FL_QUESTION_TEXT)
        return 0;
    return q->type == FL_QUESTION_SCALE ? q->max - q->min + 1 : (int)q->n_options;
}

enum fl_status fl_survey_boxes(const struct fl_survey *survey, struct fl_arena *arena,
                               size_t question, const int *boxes, size_t n_boxes,
                               struct fl_answer_value *out, struct fl_error *err)
{
    const struct fl_question *q;
    unsigned marks = 0, n_marks;

    if (!question || question > survey->n_questions)
        return fl_error_set(err, FL_NOT_FOUND, "the survey has no question %zu", question);
    q = &survey->questions[question - 1];
    for (size_t i = 0; i < n_boxes; i++) {
        if (boxes[i] < 1 || boxes[i] > boxes_of(q))
            return fl_error_set(err, FL_REJECTED, "\"%s\" has %d boxes, not a box %d", q->key,
                                boxes_of(q), boxes[i]);
        marks |= 1u << boxes[i];
    }
    n_marks = (unsigned)__builtin_popcount(marks);
    if (!n_marks)
        return nothing(q, err);
    if (q->type == FL_QUESTION_CHOICES)
        return choices_put(q, marks, arena, out, err);
    if (n_marks > 1)
        return fl_error_set(err, FL_REJECTED, "\"%s\" has %u boxes marked, expected one", q->key,
                            n_marks);
    if (q->type == FL_QUESTION_SCALE)
        *out = scale_value(q, q->min + boxes[0] - 1);
    else
        *out = choice_value(q, boxes[0]);
    return FL_OK;
}
