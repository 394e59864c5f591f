/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A survey to a form; what was read off a form to JSON. */
#include "paper/form_private.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SURVEY_MAX = 256 << 10, LABEL_MAX = 400 };

/* Everything a form points to, in one block. */
struct owner {
    json_t *survey;
    struct form_question questions[FORM_QUESTIONS_MAX];
    struct form_option options[FORM_QUESTIONS_MAX][FORM_BOXES_MAX];
    char numbers[FORM_QUESTIONS_MAX][FORM_BOXES_MAX][LABEL_MAX];
    char token[FORM_TOKEN_LEN + 1];
    char word_question[80];
};

static bool is_korean(const char *language)
{
    return language && strncmp(language, "ko", 2) == 0;
}

static const char *member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static const char *label_of_number(const json_t *options, long long number)
{
    char key[24];
    size_t i;
    json_t *option;

    snprintf(key, sizeof key, "%lld", number);
    json_array_foreach(options, i, option)
    {
        if (strcmp(member(option, "key"), key) == 0)
            return member(option, "label");
    }
    return "";
}

static bool scale_read(struct owner *owner, size_t q, const json_t *json)
{
    long long min = json_integer_value(json_object_get(json, "min"));
    long long max = json_integer_value(json_object_get(json, "max"));
    const json_t *options = json_object_get(json, "options");

    if (max <= min || max - min >= FORM_BOXES_MAX || min < -99 || max > 999)
        return false;
    owner->questions[q].type = 's';
    owner->questions[q].n_options = (size_t)(max - min + 1);
    for (long long i = min; i <= max; i++) {
        char *text = owner->numbers[q][i - min];
        const char *label = label_of_number(options, i);

        snprintf(text, LABEL_MAX, "%lld%s%s", i, *label ? " " : "", label);
        owner->options[q][i - min].label = text;
    }
    return true;
}

static bool choice_read(struct owner *owner, size_t q, const json_t *json, char type)
{
    const json_t *options = json_object_get(json, "options");
    size_t n = json_array_size(options);

    if (n < 1 || n > FORM_BOXES_MAX)
        return false;
    owner->questions[q].type = type;
    owner->questions[q].n_options = n;
    for (size_t i = 0; i < n; i++)
        owner->options[q][i].label = member(json_array_get(options, i), "label");
    return true;
}

static bool question_read(struct owner *owner, size_t q, const json_t *json)
{
    const char *type = member(json, "type");

    owner->questions[q].text = member(json, "text");
    owner->questions[q].options = owner->options[q];
    if (strcmp(type, "scale") == 0)
        return scale_read(owner, q, json);
    if (strcmp(type, "choice") == 0)
        return choice_read(owner, q, json, 'a');
    if (strcmp(type, "choices") == 0)
        return choice_read(owner, q, json, 'm');
    owner->questions[q].type = 't';
    return strcmp(type, "text") == 0;
}

static bool survey_read(struct owner *owner, const char *survey, size_t *out_n, char *why,
                        size_t why_size)
{
    json_error_t error;
    size_t len = strlen(survey), n;

    if (len > SURVEY_MAX) {
        snprintf(why, why_size, "the survey has %zu bytes, expected at most %d", len, SURVEY_MAX);
        return false;
    }
    owner->survey = json_loadb(survey, len, JSON_REJECT_DUPLICATES, &error);
    n = json_array_size(owner->survey);
    if (!json_is_array(owner->survey) || n > FORM_QUESTIONS_MAX) {
        snprintf(why, why_size, "the survey is no JSON array of at most %d questions",
                 FORM_QUESTIONS_MAX);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (question_read(owner, i, json_array_get(owner->survey, i)))
            continue;
        snprintf(why, why_size,
                 "question %zu of the survey cannot be put on paper: expected a scale or choice of "
                 "at most %d boxes, or text",
                 i + 1, FORM_BOXES_MAX);
        return false;
    }
    *out_n = n;
    return true;
}

/* A customer may always write: without a survey there is one field for words. */
static size_t words_only(struct owner *owner, const char *language)
{
    snprintf(owner->word_question, sizeof owner->word_question, "%s",
             is_korean(language) ? "하고 싶으신 말씀을 적어 주세요."
                                 : "What would you like to tell us?");
    owner->questions[0] = (struct form_question){.type = 't', .text = owner->word_question};
    return 1;
}

bool form_of_survey(const char *survey, const char *token, const char *language, struct form *out,
                    void **out_owner, char *why, size_t why_size)
{
    struct owner *owner;
    size_t n = 0;

    if (strlen(token) != FORM_TOKEN_LEN) {
        snprintf(why, why_size, "the form has no token of %d characters", FORM_TOKEN_LEN);
        return false;
    }
    owner = calloc(1, sizeof *owner);
    if (!owner) {
        snprintf(why, why_size, "no memory");
        return false;
    }
    if (*survey && !survey_read(owner, survey, &n, why, why_size)) {
        void *released = owner;

        form_release(&released);
        return false;
    }
    if (!n)
        n = words_only(owner, language);
    memcpy(owner->token, token, sizeof owner->token);
    *out = (struct form){
        .token = owner->token,
        .title = is_korean(language) ? "고객님의 의견을 들려주세요" : "Your answer",
        .opt_out_label = is_korean(language) ? "앞으로 이런 안내를 받지 않겠습니다 (수신거부)"
                                             : "Please do not send me such messages any more",
        .questions = owner->questions,
        .n_questions = n,
    };
    *out_owner = owner;
    return true;
}

void form_release(void **owner)
{
    struct owner *o = *owner;

    if (!o)
        return;
    json_decref(o->survey);
    free(o);
    *owner = NULL;
}

/* --- reading -> JSON ---------------------------------------------------------------------------*/

static bool has_several(uint16_t boxes)
{
    return boxes & (boxes - 1);
}

static void set_boxes(json_t *object, size_t question, uint16_t boxes)
{
    char key[24];
    json_t *places = json_array();

    for (int i = 0; i < FORM_BOXES_MAX; i++) {
        if (boxes & (1U << i))
            json_array_append_new(places, json_integer(i + 1));
    }
    snprintf(key, sizeof key, "%zu", question + 1);
    json_object_set_new(object, key, places);
}

static json_t *details_of(const struct form_reading *reading, json_t *boxes)
{
    json_t *details = json_object(), *doubtful = json_object(), *words = json_array();

    for (size_t i = 0; i < reading->n_questions; i++) {
        uint16_t marked = reading->marked[i], unsure = reading->doubtful[i];

        if (reading->types[i] != 'm' && has_several(marked)) {
            unsure |= marked;
            marked = 0;
        }
        if (marked)
            set_boxes(boxes, i, marked);
        if (unsure)
            set_boxes(doubtful, i, unsure);
        if (reading->has_words[i])
            json_array_append_new(words, json_integer((json_int_t)(i + 1)));
    }
    if (json_object_size(doubtful))
        json_object_set(details, "doubtful", doubtful);
    if (json_array_size(words))
        json_object_set(details, "words", words);
    if (reading->is_opt_out_doubtful)
        json_object_set_new(details, "opt_out_doubtful", json_true());
    if (reading->has_layout && !reading->has_marks)
        json_object_set_new(details, "unread", json_true());
    json_decref(doubtful);
    json_decref(words);
    return details;
}

char *form_reading_json(const struct form_reading *reading)
{
    json_t *form = json_object(), *boxes = json_object(), *details = details_of(reading, boxes);
    char *text;

    json_object_set_new(form, "token", json_string(reading->token));
    json_object_set(form, "boxes", boxes);
    if (reading->is_opted_out)
        json_object_set_new(form, "is_opt_out", json_true());
    if (json_object_size(details))
        json_object_set(form, "details", details);
    text = json_dumps(form, JSON_COMPACT);
    json_decref(details);
    json_decref(boxes);
    json_decref(form);
    return text;
}
