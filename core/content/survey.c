#include "content/survey.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "base/str.h"
#include "content/survey_private.h"

struct reader {
    struct fl_arena *arena;
    const char *file;
    struct fl_faults *faults;
    long line;
    struct fl_question *questions;
    size_t n_questions;
    struct fl_question *at; /* the question being read; NULL: none, or one with a faulty head */
    struct fl_question_option *options;
    struct fl_buf text;
    long at_line;
    bool has_head; /* a head was seen, good or not */
    bool has_gap;  /* an empty line between two of the text */
};

const char *fl_question_type_name(enum fl_question_type type)
{
    static const char *const names[] = {[FL_QUESTION_SCALE] = "scale",
                                        [FL_QUESTION_CHOICE] = "choice",
                                        [FL_QUESTION_CHOICES] = "choices",
                                        [FL_QUESTION_TEXT] = "text"};

    return type >= FL_QUESTION_SCALE && type <= FL_QUESTION_TEXT ? names[type] : "";
}

static bool is_key(const char *s, bool may_begin_with_digit)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t len = strlen(s);

    return len && len <= FL_SURVEY_KEY_MAX && strspn(s, signs) == len && *s != '_' &&
           (may_begin_with_digit || *s > '9');
}

/* "scale 1..5", "csat", ... */
static bool type_read(char *text, struct fl_question *out)
{
    char *dots, *first;
    int64_t min, max;

    if (!strcmp(text, "csat") || !strcmp(text, "nps")) {
        out->type = FL_QUESTION_SCALE;
        out->min = *text == 'c';
        out->max = *text == 'c' ? 5 : 10;
        return true;
    }
    for (int type = FL_QUESTION_CHOICE; type <= FL_QUESTION_TEXT; type++)
        if (!strcmp(text, fl_question_type_name((enum fl_question_type)type))) {
            out->type = (enum fl_question_type)type;
            return true;
        }
    dots = strstr(text, "..");
    if (strncmp(text, "scale", 5) != 0 || (text[5] != ' ' && text[5] != '\t') || !dots)
        return false;
    *dots = '\0';
    first = fl_str_trim(text + 5);
    if (!fl_str_parse_i64(first, 0, FL_SURVEY_NUMBER_MAX, &min) ||
        !fl_str_parse_i64(fl_str_trim(dots + 2), 0, FL_SURVEY_NUMBER_MAX, &max) || min >= max ||
        max - min > FL_SURVEY_SCALE_SPAN_MAX)
        return false;
    out->type = FL_QUESTION_SCALE;
    out->min = (int)min;
    out->max = (int)max;
    return true;
}

/* The question is whole: what is missing? */
static void question_end(struct reader *r)
{
    struct fl_question *q = r->at;
    size_t needed;

    if (!q)
        return;
    needed = q->type == FL_QUESTION_CHOICE ? 2 : q->type == FL_QUESTION_CHOICES ? 1 : 0;
    q->text = fl_arena_strndup(r->arena, r->text.data, r->text.len);
    q->options = r->options;
    if (!r->text.len)
        fl_faults_add(r->faults, r->file, r->at_line, q->key, NULL, "asks nothing");
    else if (fl_buf_failed(&r->text))
        fl_faults_add(r->faults, r->file, r->at_line, q->key, NULL, "asks in more than %d bytes",
                      FL_SURVEY_QUESTION_MAX);
    if (q->n_options < needed)
        fl_faults_add(r->faults, r->file, r->at_line, q->key, NULL,
                      "has %zu options, expected at least %zu as in \"- key Label\"", q->n_options,
                      needed);
    r->at = NULL;
}

static const struct fl_question *question_find(const struct fl_question *questions, size_t n,
                                               const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(questions[i].key, key))
            return &questions[i];
    return NULL;
}

/* "## key: type" */
static void head_read(struct reader *r, char *line)
{
    struct fl_question question = {.n_options = 0};
    char *colon = strchr(line, ':'), *key, *type;

    question_end(r);
    r->has_head = true;
    r->at_line = r->line;
    if (!colon) {
        fl_faults_add(r->faults, r->file, r->line, NULL, line, "expected \"## key: type\"");
        return;
    }
    *colon = '\0';
    key = fl_str_trim(line);
    type = fl_str_trim(colon + 1);
    if (!is_key(key, false))
        fl_faults_add(r->faults, r->file, r->line, NULL, key,
                      "no key of a question; expected a small letter and then small letters, "
                      "digits and _, at most %d",
                      FL_SURVEY_KEY_MAX);
    else if (question_find(r->questions, r->n_questions, key))
        fl_faults_add(r->faults, r->file, r->line, key, NULL, "is asked twice");
    else if (r->n_questions == FL_SURVEY_QUESTIONS_MAX)
        fl_faults_add(r->faults, r->file, r->line, key, NULL, "is more than %d questions",
                      FL_SURVEY_QUESTIONS_MAX);
    else if (!type_read(type, &question))
        fl_faults_add(r->faults, r->file, r->line, key, type,
                      "no type; expected csat, nps, scale A..B with at most %d steps, choice, "
                      "choices or text",
                      FL_SURVEY_SCALE_SPAN_MAX);
    else {
        question.key = key;
        r->options = FL_ARENA_ARRAY(r->arena, struct fl_question_option, FL_SURVEY_OPTIONS_MAX);
        r->at = &r->questions[r->n_questions++];
        *r->at = question;
    }
    fl_buf_reset(&r->text);
    r->has_gap = false;
}

/* What is wrong with an option; NULL: nothing. */
static const char *option_fault(const struct reader *r, const char *key, const char *label)
{
    const struct fl_question *q = r->at;
    int64_t number;

    if (q->type == FL_QUESTION_TEXT)
        return "a question to be answered in words has no options";
    if (q->n_options == FL_SURVEY_OPTIONS_MAX)
        return "is one option too many; expected at most 12";
    if (q->type == FL_QUESTION_SCALE && !fl_str_parse_i64(key, q->min, q->max, &number))
        return "is no number of the scale";
    if (!is_key(key, true))
        return "no key of an option; expected small letters, digits and _, at most 32";
    if (!*label)
        return "has no label; expected \"- key Label\"";
    if (strlen(label) > FL_SURVEY_LABEL_MAX)
        return "has a label of more than 200 bytes";
    for (size_t i = 0; i < q->n_options; i++)
        if (!strcmp(r->options[i].key, key))
            return "is there twice";
    return NULL;
}

/* "- key Label" */
static void option_read(struct reader *r, char *line)
{
    char *key = fl_str_trim(line);
    char *end = key + strcspn(key, " \t"), *label = end;
    const char *fault;

    if (!r->at)
        return;
    if (*end) {
        *end = '\0';
        label = fl_str_trim(end + 1);
    }
    fault = option_fault(r, key, label);
    if (fault)
        fl_faults_add(r->faults, r->file, r->line, r->at->key, key, "%s", fault);
    else
        r->options[r->at->n_options++] = (struct fl_question_option){key, label};
}

static void text_read(struct reader *r, const char *line)
{
    if (!r->has_head) {
        fl_faults_add(r->faults, r->file, r->line, NULL, line,
                      "expected \"## key: type\" before anything else");
        r->has_head = true;
        return;
    }
    if (!r->at)
        return;
    if (r->at->n_options) {
        fl_faults_add(r->faults, r->file, r->line, r->at->key, line,
                      "stands behind the options; expected in front of them");
        return;
    }
    if (r->text.len)
        fl_buf_putc(&r->text, r->has_gap ? '\n' : ' ');
    fl_buf_puts(&r->text, line);
    r->has_gap = false;
}

static void line_read(struct reader *r, char *line)
{
    bool is_head = !strncmp(line, "##", 2) && (line[2] == ' ' || line[2] == '\t');

    if (strstr(line, "{{"))
        fl_faults_add(r->faults, r->file, r->line, NULL, line,
                      "a survey asks everybody the same: it has no tags");
    else if (is_head)
        head_read(r, line + 3);
    else if (line[0] == '-' && (line[1] == ' ' || line[1] == '\t'))
        option_read(r, line + 2);
    else if (!*(line = fl_str_trim(line)))
        r->has_gap = true;
    else
        text_read(r, line);
}

/* Refuses what cannot be shown: nothing of it is looked at then. */
static bool is_text(const char *text, size_t len)
{
    if (!fl_utf8_is_valid(text, len))
        return false;
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < ' ' && !strchr("\t\n\r", text[i])) || text[i] == 0x7f ||
            !text[i])
            return false;
    return true;
}

static void lines_read(struct reader *r, char *text, size_t len)
{
    char *end = text + len;

    if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        text += 3;
    while (text < end) {
        char *next = memchr(text, '\n', (size_t)(end - text)) ?: end;
        char *last = next;

        if (last > text && last[-1] == '\r')
            last--;
        *last = '\0';
        r->line++;
        line_read(r, text);
        text = next + 1;
    }
    question_end(r);
}

enum fl_status fl_survey_parse(struct fl_arena *arena, const char *file, const char *text,
                               size_t len, struct fl_faults *faults, struct fl_survey *out,
                               struct fl_error *err)
{
    size_t n_before = faults->n_total;
    struct reader r = {
        .arena = arena, .file = file, .faults = faults, .text = FL_BUF(FL_SURVEY_QUESTION_MAX)};
    char *copy = len <= FL_SURVEY_FILE_MAX ? fl_arena_strndup(arena, text, len) : NULL;

    if (len > FL_SURVEY_FILE_MAX) {
        fl_faults_add(faults, file, 0, NULL, NULL, "has %zu bytes, at most %d are allowed", len,
                      FL_SURVEY_FILE_MAX);
        return fl_faults_status(faults, err);
    }
    r.questions = FL_ARENA_ARRAY(arena, struct fl_question, FL_SURVEY_QUESTIONS_MAX);
    if (!copy || !r.questions)
        return fl_error_set(err, FL_IO, "could not read the survey: memory is out");
    if (is_text(text, len))
        lines_read(&r, copy, len);
    else
        fl_faults_add(faults, file, 0, NULL, NULL, "is not plain UTF-8 text");
    fl_buf_finish(&r.text);
    if (faults->n_total == n_before && !r.n_questions)
        fl_faults_add(faults, file, 0, NULL, NULL, "asks nothing");
    if (faults->n_total > n_before)
        return fl_faults_status(faults, err);
    *out = (struct fl_survey){.questions = r.questions, .n_questions = r.n_questions};
    return FL_OK;
}

/* ---- variants --------------------------------------------------------------------------------*/

static bool has_option(const struct fl_question *q, const char *key)
{
    for (size_t i = 0; i < q->n_options; i++)
        if (!strcmp(q->options[i].key, key))
            return true;
    return false;
}

/* Labels of a scale may differ, they say nothing about what an answer means. */
static const char *difference(const struct fl_question *a, const struct fl_question *b)
{
    if (strcmp(a->key, b->key) != 0)
        return "stands in another place, or is not asked, in the other language";
    if (a->type != b->type || a->min != b->min || a->max != b->max)
        return "has another type in the other language";
    if (a->type == FL_QUESTION_SCALE)
        return NULL;
    if (a->n_options != b->n_options)
        return "has another number of options in the other language";
    for (size_t i = 0; i < a->n_options; i++)
        if (strcmp(a->options[i].key, b->options[i].key) != 0)
            return has_option(b, a->options[i].key)
                       ? "has its options in another order in the other language"
                       : "has other options in the other language";
    return NULL;
}

bool fl_survey_is_same(const struct fl_survey *a, const struct fl_survey *b, const char *file,
                       struct fl_faults *faults)
{
    bool is_same = a->n_questions == b->n_questions;

    if (!is_same)
        fl_faults_add(faults, file, 0, NULL, NULL,
                      "asks %zu questions, in the other language there are %zu", b->n_questions,
                      a->n_questions);
    for (size_t i = 0; i < a->n_questions && i < b->n_questions; i++) {
        const char *reason = difference(&a->questions[i], &b->questions[i]);

        if (reason)
            fl_faults_add(faults, file, 0, b->questions[i].key, NULL, "%s", reason);
        is_same = is_same && !reason;
    }
    return is_same;
}

/* ---- JSON ------------------------------------------------------------------------------------*/

static json_t *question_json(const struct fl_question *q)
{
    json_t *object = json_pack("{s:s, s:s, s:s}", "key", q->key, "type",
                               fl_question_type_name(q->type), "text", q->text);
    json_t *options = json_array();

    for (size_t i = 0; i < q->n_options; i++)
        json_array_append_new(options, json_pack("{s:s, s:s}", "key", q->options[i].key, "label",
                                                 q->options[i].label));
    if (q->type == FL_QUESTION_SCALE) {
        json_object_set_new(object, "min", json_integer(q->min));
        json_object_set_new(object, "max", json_integer(q->max));
    }
    if (q->n_options)
        json_object_set(object, "options", options);
    json_decref(options);
    return object;
}

const char *fl_survey_json(struct fl_arena *arena, const struct fl_survey *survey)
{
    json_t *array = json_array();
    char FL_AUTO_FREE *text = NULL;

    for (size_t i = 0; array && i < survey->n_questions; i++)
        if (json_array_append_new(array, question_json(&survey->questions[i])))
            break;
    if (array && json_array_size(array) == survey->n_questions)
        text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text ? fl_arena_strdup(arena, text) : NULL;
}
