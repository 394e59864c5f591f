/*
 * Forms: a JSON object that a stranger filled in, or that was read off paper, becomes one of ours.
 * Only what the contract names is taken; what is left out of it is named in "faults", so that a
 * person sees it.  The same reading serves core, which does not believe its hosts.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "feedback/feedback_private.h"

enum {
    KEY_MAX_BYTES = 64, /* of a question */
    LINE_MAX_BYTES = 500,
    WORDS_MAX_BYTES = 4000, /* of one answer */
    ANSWERS_MAX = 100,
    PREFERENCES_MAX = 64,
    PLACE_MAX = 1000, /* of a question or box */
    FAULTS_MAX = 20
};

struct reading {
    json_t *out;
    json_t *faults;
};

static void fault(struct reading *r, const char *what, const char *key, const char *expected)
{
    int len = (int)fl_feedback_utf8_cut(key, strlen(key), KEY_MAX_BYTES);

    if (json_array_size(r->faults) < FAULTS_MAX)
        json_array_append_new(r->faults, json_sprintf("%s%s%.*s%s: %s", what, *key ? " \"" : "",
                                                      len, key, *key ? "\"" : "", expected));
}

/* Counts everything within; false above a bound. */
static bool is_bounded(const json_t *value, size_t depth, size_t *n_members)
{
    const char *key;
    json_t *item;
    size_t i;

    if (depth > FL_FEEDBACK_FORM_DEPTH_MAX || ++*n_members > FL_FEEDBACK_FORM_MEMBERS_MAX)
        return false;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, key, item)
        {
            if (!is_bounded(item, depth + 1, n_members))
                return false;
        }
    } else {
        json_array_foreach(value, i, item)
        {
            if (!is_bounded(item, depth + 1, n_members))
                return false;
        }
    }
    return true;
}

/* A string of at most `max` bytes, cut between characters; a line has no line ends. */
static void take_text(struct reading *r, const json_t *form, const char *key, size_t max,
                      bool is_line)
{
    const json_t *value = json_object_get(form, key);
    size_t len;
    char *copy, *trimmed;

    if (!value || json_is_null(value))
        return;
    if (!json_is_string(value)) {
        fault(r, key, "", "expected text");
        return;
    }
    len = fl_feedback_utf8_cut(json_string_value(value), json_string_length(value), max);
    copy = strndup(json_string_value(value), len);
    if (!copy)
        return;
    fl_feedback_unify_newlines(copy);
    for (char *p = copy; *p; p++)
        if (((unsigned char)*p < ' ' && *p != '\n' && *p != '\t') || *p == 0x7f ||
            (is_line && *p == '\n'))
            *p = ' ';
    trimmed = fl_str_trim(copy);
    if (*trimmed)
        json_object_set_new(r->out, key, json_string(trimmed));
    free(copy);
}

static bool is_key(const char *key)
{
    size_t len = strlen(key);

    if (!len || len > KEY_MAX_BYTES)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)key[i] <= ' ' || key[i] == 0x7f)
            return false;
    return true;
}

/* A number or words as a new reference; NULL for anything else. */
static json_t *take_value(const json_t *value)
{
    if (json_is_integer(value))
        return json_integer(json_integer_value(value));
    if (json_is_real(value) && isfinite(json_real_value(value)))
        return json_real(json_real_value(value));
    if (json_is_string(value))
        return json_stringn(json_string_value(value),
                            fl_feedback_utf8_cut(json_string_value(value),
                                                 json_string_length(value), WORDS_MAX_BYTES));
    return NULL;
}

/* Keys of options: words without blanks. */
static json_t *take_keys(const json_t *array)
{
    json_t *out = json_array(), *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        if (!json_is_string(item) || !is_key(json_string_value(item))) {
            json_decref(out);
            return NULL;
        }
        json_array_append(out, item);
    }
    return out;
}

static void take_answers(struct reading *r, json_t *answers)
{
    json_t *out = json_object(), *value;
    const char *key;

    if (answers && !json_is_object(answers))
        fault(r, "answers", "", "expected an object");
    json_object_foreach(answers, key, value)
    {
        json_t *taken = json_is_array(value) ? take_keys(value) : take_value(value);

        if (!is_key(key))
            fault(r, "answer", "", "the key of a question has 1 to 64 characters without blanks");
        else if (!taken)
            fault(r, "answer", key, "expected a number, words or an array of option keys");
        else if (json_object_size(out) < ANSWERS_MAX)
            json_object_set(out, key, taken);
        json_decref(taken);
    }
    if (json_object_size(out))
        json_object_set(r->out, "answers", out);
    json_decref(out);
}

static json_t *take_places(const json_t *array)
{
    json_t *out = json_array(), *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        json_int_t place = json_is_integer(item) ? json_integer_value(item) : 0;

        if (place < 1 || place > PLACE_MAX) {
            json_decref(out);
            return NULL;
        }
        json_array_append(out, item);
    }
    return out;
}

static void take_boxes(struct reading *r, json_t *boxes)
{
    json_t *out = json_object(), *value;
    const char *key;
    int64_t place;

    if (boxes && !json_is_object(boxes))
        fault(r, "boxes", "", "expected an object");
    json_object_foreach(boxes, key, value)
    {
        json_t *taken = json_is_array(value) ? take_places(value) : NULL;

        if (!fl_str_parse_i64(key, 1, PLACE_MAX, &place) || !taken)
            fault(r, "boxes", key, "expected the place of a question and an array of places");
        else if (json_array_size(taken) && json_object_size(out) < ANSWERS_MAX)
            json_object_set(out, key, taken);
        json_decref(taken);
    }
    if (json_object_size(out))
        json_object_set(r->out, "boxes", out);
    json_decref(out);
}

static void take_preferences(struct reading *r, const json_t *list)
{
    json_t *out = json_array(), *item;
    enum fl_medium medium;
    size_t i;

    if (list && !json_is_array(list))
        fault(r, "preferences", "", "expected an array");
    json_array_foreach(list, i, item)
    {
        const char *purpose = json_string_value(json_object_get(item, "purpose"));
        const char *name = json_string_value(json_object_get(item, "medium"));
        const char *state = json_string_value(json_object_get(item, "state"));

        if (!purpose || !is_key(purpose) || !name || !fl_medium_parse(name, &medium) || !state ||
            (strcmp(state, "granted") != 0 && strcmp(state, "withdrawn") != 0))
            fault(r, "preference", purpose ? purpose : "",
                  "expected purpose, medium and state \"granted\" or \"withdrawn\"");
        else if (json_array_size(out) < PREFERENCES_MAX)
            json_array_append_new(out, json_pack("{s:s, s:s, s:s}", "purpose", purpose, "medium",
                                                 name, "state", state));
    }
    if (json_array_size(out))
        json_object_set(r->out, "preferences", out);
    json_decref(out);
}

static void take_token(struct reading *r, const json_t *form)
{
    const char *text = json_string_value(json_object_get(form, "token")), *token;
    char lower[FL_TOKEN_SIZE];
    size_t pos = 0;

    if (!text || !*text)
        return;
    if (strlen(text) != FL_TOKEN_LEN || !fl_token_find(text, FL_TOKEN_LEN, &pos, &token)) {
        fault(r, "token", "", "expected 40 characters of ours");
        return;
    }
    memcpy(lower, text, sizeof lower);
    fl_str_lower_ascii(lower);
    json_object_set_new(r->out, "token", json_string(lower));
}

static void take_all(struct reading *r, json_t *form)
{
    const json_t *details = json_object_get(form, "details");

    take_token(r, form);
    take_answers(r, json_object_get(form, "answers"));
    take_boxes(r, json_object_get(form, "boxes"));
    take_text(r, form, "text", FL_FEEDBACK_TEXT_MAX, false);
    take_preferences(r, json_object_get(form, "preferences"));
    take_text(r, form, "name", LINE_MAX_BYTES, true);
    take_text(r, form, "reply_to", LINE_MAX_BYTES, true);
    take_text(r, form, "subject", LINE_MAX_BYTES, true);
    if (json_is_true(json_object_get(form, "is_opt_out")))
        json_object_set_new(r->out, "is_opt_out", json_true());
    if (json_object_size(details))
        json_object_set(r->out, "details", (json_t *)(uintptr_t)details);
    if (json_array_size(r->faults))
        json_object_set(r->out, "faults", r->faults);
}

enum fl_status fl_feedback_form_load(const char *data, size_t len, json_t **out,
                                     struct fl_error *err)
{
    json_error_t why;
    size_t n_members = 0;
    json_t *form;

    if (len > FL_FEEDBACK_FORM_MAX)
        return fl_error_set(err, FL_LIMIT, "a form has %zu bytes, at most %d are read", len,
                            FL_FEEDBACK_FORM_MAX);
    form = json_loadb(len ? data : "", len, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(form)) {
        bool is_json = form != NULL;

        json_decref(form);
        return fl_error_set(err, FL_INVALID, "a form is a JSON object%s%s", is_json ? "" : ": ",
                            is_json ? "" : why.text);
    }
    if (!is_bounded(form, 1, &n_members)) {
        json_decref(form);
        return fl_error_set(err, FL_LIMIT, "a form has more than %d values or %d levels",
                            FL_FEEDBACK_FORM_MEMBERS_MAX, FL_FEEDBACK_FORM_DEPTH_MAX);
    }
    *out = form;
    return FL_OK;
}

enum fl_status fl_feedback_form_read(const char *data, size_t len, json_t **out,
                                     struct fl_error *err)
{
    struct reading r;
    json_t *form = NULL;
    enum fl_status st = fl_feedback_form_load(data, len, &form, err);

    if (st)
        return st;
    r = (struct reading){.out = json_object(), .faults = json_array()};
    if (r.out && r.faults)
        take_all(&r, form);
    json_decref(r.faults);
    json_decref(form);
    if (!r.out)
        return fl_feedback_no_memory(err);
    *out = r.out;
    return FL_OK;
}

const char *fl_feedback_form_text(const json_t *form, const char *key)
{
    const char *text = json_string_value(json_object_get(form, key));

    return text ? text : "";
}
