/* A survey and answers to it: the first line is a key, the second an answer, the rest the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "content/survey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *line_take(struct fl_arena *arena, const char **text, size_t *len)
{
    const char *end = memchr(*text, '\n', *len);
    size_t n = end ? (size_t)(end - *text) : *len;
    const char *line = fl_arena_strndup(arena, *text, n);

    n += end != NULL;
    *text += n;
    *len -= n;
    return line;
}

static void answers_take(struct fl_arena *arena, const struct fl_survey *survey, const char *key,
                         const char *value)
{
    const int boxes[] = {1, (int)strlen(value)};
    struct fl_answer_value answer;
    struct fl_error err;

    if (!fl_survey_json(arena, survey))
        abort();
    if (!fl_survey_answer(survey, arena, key, value, &answer, &err) &&
        (!fl_utf8_is_valid(answer.text, strlen(answer.text)) ||
         strlen(answer.text) > FL_SURVEY_TEXT_MAX))
        abort();
    for (size_t i = 0; i <= survey->n_questions + 1; i++)
        (void)!fl_survey_boxes(survey, arena, i, boxes, 2, &answer, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    const char *text = (const char *)data, *key, *value;
    struct fl_faults faults;
    struct fl_survey survey;
    struct fl_error err;

    fl_faults_init(&faults, arena);
    key = line_take(arena, &text, &size);
    value = line_take(arena, &text, &size);
    if (!fl_survey_parse(arena, "survey.md", text, size, &faults, &survey, &err)) {
        if (!fl_survey_is_same(&survey, &survey, "survey.md", &faults))
            abort();
        answers_take(arena, &survey, key, value);
    }
    fl_arena_destroy(&arena);
    return 0;
}
