/*
 * Surveys: questions that stand beside a content and are asked on every channel.
 *
 * FORM   survey.md, one variant a language, with the same keys, types and options in each:
 *
 *            ## satisfaction: scale 1..5
 *            How satisfied are you with us?
 *            - 1 Not at all
 *            - 5 Very
 *
 *            ## recommend: nps
 *            Would you recommend us to a friend?
 *
 *            ## reason: choice
 *            Why did you come to us?
 *            - price The price
 *            - friend A friend told me
 *
 *            ## words: text
 *            What else should we know?
 *
 *        Types: `csat` (scale 1..5), `nps` (scale 0..10), `scale A..B`, `choice` (one), `choices`
 *        (several), `text`.  A key is [a-z][a-z0-9_]*; the keys satisfaction, recommend,
 *        convenience, safety, brand, usefulness, value_for_money and commitment are what the
 *        valuation reads.
 * USES   the page shows it as a form, a fax and a reply card as boxes to tick.
 */
#ifndef FL_CONTENT_SURVEY_H
#define FL_CONTENT_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/faults.h"

enum {
    FL_SURVEY_QUESTIONS_MAX = 20,
    FL_SURVEY_OPTIONS_MAX = 12,
    FL_SURVEY_KEY_MAX = 32,
    FL_SURVEY_TEXT_MAX = 2000, /* bytes of an answer in words */
    FL_SURVEY_SCALE_SPAN_MAX = 10
};

enum fl_question_type {
    FL_QUESTION_SCALE = 1,
    FL_QUESTION_CHOICE,
    FL_QUESTION_CHOICES,
    FL_QUESTION_TEXT
};

struct fl_question_option {
    const char *key; /* of a scale: a number as text */
    const char *label;
};

struct fl_question {
    const char *key;
    enum fl_question_type type;
    int min, max; /* of a scale */
    const char *text;
    const struct fl_question_option *options; /* of a scale: labels of some of its numbers */
    size_t n_options;
};

struct fl_survey {
    const struct fl_question *questions;
    size_t n_questions;
};

/* Every fault is listed with `file` and line; FL_INVALID when there is one. */
FL_CHECK_RESULT enum fl_status fl_survey_parse(struct fl_arena *arena, const char *file,
                                               const char *text, size_t len,
                                               struct fl_faults *faults, struct fl_survey *out,
                                               struct fl_error *err);
/* Do two variants ask the same?  Faults name the question. */
bool fl_survey_is_same(const struct fl_survey *a, const struct fl_survey *b, const char *file,
                       struct fl_faults *faults);

/* JSON array as in struct fl_item; NULL without memory. */
const char *fl_survey_json(struct fl_arena *arena, const struct fl_survey *survey);

/* One answer checked against its question. */
struct fl_answer_value {
    const struct fl_question *question;
    bool has_number;
    double number;    /* of a scale; of a choice: its place from 1 on */
    const char *text; /* words; the key of a choice; keys of choices separated by ' '; "" */
};

/* `value`: a number, an option's key, keys separated by ' ' for choices, or words (cut at
 * FL_SURVEY_TEXT_MAX).  FL_NOT_FOUND: no such question, or "": nothing was answered; FL_REJECTED:
 * no such answer, named. */
FL_CHECK_RESULT enum fl_status fl_survey_answer(const struct fl_survey *survey,
                                                struct fl_arena *arena, const char *key,
                                                const char *value, struct fl_answer_value *out,
                                                struct fl_error *err);
/* The same read off paper: question and marked boxes by their places from 1 on. */
FL_CHECK_RESULT enum fl_status fl_survey_boxes(const struct fl_survey *survey,
                                               struct fl_arena *arena, size_t question,
                                               const int *boxes, size_t n_boxes,
                                               struct fl_answer_value *out, struct fl_error *err);

#endif
