/* From the fields of a form to a piece of feedback: JSON as of FL_INBOUND_FORM. */
#include <ctype.h>
#include <string.h>

#include "base/crypto.h"
#include "content/survey.h"
#include "front/front_pages_private.h"

enum { DIGEST_MAX = 4 << 20 };

/* The same form sent twice is one piece.  A form that carries an id is known by it; what has none
 * is sent by mail providers or changes a setting, and counts again a minute later: who stops a
 * message, takes that back and stops it once more must be heard. */
static const char *dedupe_key(const struct fl_front_visit *visit)
{
    const struct fl_front_request *request = visit->request;
    struct fl_buf buf = FL_BUF(DIGEST_MAX);
    char hash[FL_SHA256_HEX_SIZE];
    bool has_failed;

    fl_buf_printf(&buf, "%s/%s\n", visit->route->name, visit->token);
    for (size_t i = 0; i < request->n_form; i++)
        fl_buf_printf(&buf, "%zu:%s=%zu:%s\n", strlen(request->form[i].name), request->form[i].name,
                      strlen(request->form[i].value), request->form[i].value);
    if (!*fl_front_field(request, "id"))
        fl_buf_printf(&buf, "%lld", (long long)(request->at_us / (60 * INT64_C(1000000))));
    fl_sha256_hex(buf.data, buf.len, hash);
    has_failed = fl_buf_failed(&buf);
    fl_buf_finish(&buf);
    return has_failed ? NULL : fl_arena_printf(visit->arena, "form:%s", hash);
}

/* Consumes `form`. */
static enum fl_status submit(struct fl_front_visit *visit, json_t *form, struct fl_front_plan *out,
                             struct fl_error *err)
{
    json_t *details = json_object();
    const char *key = dedupe_key(visit);
    char *text = NULL, *copy = NULL;
    bool is_fine = form && details && key;

    if (details)
        json_object_set_new(details, "page", json_string(visit->route->call));
    if (is_fine)
        is_fine = json_object_set(form, "details", details) == 0 &&
                  json_object_set_new(form, "token", json_string(visit->token)) == 0 &&
                  json_object_set_new(form, "language",
                                      json_string(fl_front_language_tag(visit->language))) == 0;
    if (is_fine)
        text = json_dumps(form, JSON_COMPACT);
    if (text)
        copy = fl_arena_strdup(visit->arena, text);
    free(text);
    json_decref(details);
    json_decref(form);
    if (!copy)
        return fl_error_set(err, FL_LIMIT, "no memory for a form");
    out->step = FL_FRONT_SUBMITS;
    out->inbound = (struct fl_inbound){
        .size = sizeof out->inbound,
        .kind = FL_INBOUND_FORM,
        .dedupe_key = key,
        .content_type = "application/json",
        .data = copy,
        .data_len = strlen(copy),
        .received_us = visit->request->at_us,
    };
    return FL_OK;
}

/* The form is shown again, with what is wrong. */
static enum fl_status show_again(struct fl_front_visit *visit, struct fl_front_plan *out,
                                 struct fl_error *err)
{
    out->step = FL_FRONT_ASKS;
    out->call = visit->route->call;
    out->args = json_pack("{s:s, s:s}", "token", visit->token, "language",
                          visit->is_language_asked ? fl_front_language_tag(visit->language) : "");
    return out->args ? FL_OK : fl_error_set(err, FL_LIMIT, "no memory for a call");
}

/* --- survey ------------------------------------------------------------------------------------*/

static bool is_question_key(const char *key)
{
    size_t len = strlen(key);

    if (!len || len > FL_SURVEY_KEY_MAX || !islower((unsigned char)*key))
        return false;
    return strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* Text of a field without what a textarea adds: CR before LF, blanks around. */
static json_t *words_of(struct fl_front_visit *visit, const char *value, size_t max)
{
    char *copy = fl_arena_strdup(visit->arena, value), *to = copy, *text;
    size_t len;

    if (!copy || !fl_utf8_is_valid(value, strlen(value)))
        return NULL;
    for (const char *from = value; *from; from++)
        if (*from != '\r')
            *to++ = *from;
    *to = '\0';
    text = fl_str_trim(copy);
    len = strlen(text);
    if (len > max)
        for (len = max; len && ((unsigned char)text[len] & 0xC0) == 0x80;)
            len--;
    return json_stringn(text, len);
}

/* The first two characters of a field's name say what its question is: "n_" a scale, "c_" a
 * choice, "m_" several, "t_" words. */
static void answer_put(struct fl_front_visit *visit, json_t *answers,
                       const struct fl_http_field *field)
{
    const char *key = field->name + 2;
    int64_t number;
    json_t *list, *words;

    if (strlen(field->name) < 3 || field->name[1] != '_' || !is_question_key(key) || !*field->value)
        return;
    switch (field->name[0]) {
    case 'n':
        if (fl_str_parse_i64(field->value, -1000, 1000, &number))
            json_object_set_new(answers, key, json_integer(number));
        break;
    case 'c':
        json_object_set_new(answers, key, words_of(visit, field->value, FL_SURVEY_KEY_MAX));
        break;
    case 'm':
        list = json_object_get(answers, key);
        if (!json_is_array(list) && json_object_set_new(answers, key, json_array()) == 0)
            list = json_object_get(answers, key);
        json_array_append_new(list, words_of(visit, field->value, FL_SURVEY_KEY_MAX));
        break;
    case 't':
        words = words_of(visit, field->value, FL_SURVEY_TEXT_MAX);
        if (json_string_length(words))
            json_object_set(answers, key, words);
        json_decref(words);
        break;
    default:
        break;
    }
}

enum fl_status fl_front_form_survey(struct fl_front_visit *visit, struct fl_front_plan *out,
                                    struct fl_error *err)
{
    json_t *form = json_object(), *answers = json_object();

    for (size_t i = 0; form && answers && i < visit->request->n_form; i++)
        answer_put(visit, answers, &visit->request->form[i]);
    if (!json_object_size(answers)) {
        json_decref(answers);
        json_decref(form);
        return show_again(visit, out, err);
    }
    json_object_set_new(form, "answers", answers);
    return submit(visit, form, out, err);
}

/* --- preferences -------------------------------------------------------------------------------*/

/* "email/marketing" */
static json_t *preference_of(const char *text, bool is_granted)
{
    const char *slash = strchr(text, '/');
    size_t len = slash ? strlen(slash + 1) : 0;

    if (!len || len > FL_FRONT_PURPOSE_MAX || slash - text > FL_FRONT_CODE_MAX)
        return NULL;
    return json_pack("{s:s, s:s#, s:s}", "purpose", slash + 1, "medium", text, (int)(slash - text),
                     "state", is_granted ? "granted" : "withdrawn");
}

static bool is_ticked(const struct fl_front_request *request, const char *shown)
{
    for (size_t i = 0; i < request->n_form; i++)
        if (strcmp(request->form[i].name, "on") == 0 && strcmp(request->form[i].value, shown) == 0)
            return true;
    return false;
}

enum fl_status fl_front_form_preferences(struct fl_front_visit *visit, struct fl_front_plan *out,
                                         struct fl_error *err)
{
    const struct fl_front_request *request = visit->request;
    bool stops = strcmp(fl_front_field(request, "do"), "stop") == 0;
    json_t *form = json_object(), *list = json_array();

    for (size_t i = 0; form && list && i < request->n_form; i++) {
        const struct fl_http_field *field = &request->form[i];

        if (strcmp(field->name, "shown") == 0)
            json_array_append_new(
                list, preference_of(field->value, !stops && is_ticked(request, field->value)));
    }
    if (!json_array_size(list)) {
        json_decref(list);
        json_decref(form);
        return show_again(visit, out, err);
    }
    json_object_set_new(form, "preferences", list);
    return submit(visit, form, out, err);
}

enum fl_status fl_front_form_opt_out(struct fl_front_visit *visit, struct fl_front_plan *out,
                                     struct fl_error *err)
{
    return submit(visit, json_pack("{s:b}", "is_opt_out", 1), out, err);
}

/* --- contact -----------------------------------------------------------------------------------*/

/* Something somebody could answer to; whether it exists only a mail can tell. */
static bool is_address(const char *text)
{
    const char *at = strchr(text, '@');
    size_t len = strlen(text);

    if (!at || at == text || strchr(at + 1, '@') || len > FL_FRONT_ADDRESS_MAX)
        return false;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("<>,;\"\\", *p))
            return false;
    return strchr(at + 1, '.') && at[1] != '.' && text[len - 1] != '.';
}

static size_t trimmed_length(const char *text)
{
    size_t len;

    text += strspn(text, " \t\r\n");
    len = strlen(text);
    while (len && strchr(" \t\r\n", text[len - 1]))
        len--;
    return len;
}

struct fl_front_contact_faults fl_front_contact_check(const struct fl_front_request *request)
{
    const char *words = fl_front_field(request, "words");
    size_t len = fl_utf8_is_valid(words, strlen(words)) ? trimmed_length(words) : 0;
    const char *reply_to = fl_front_field(request, "reply_to");

    return (struct fl_front_contact_faults){
        .is_empty = !len,
        .is_too_long = len > FL_FRONT_WORDS_MAX,
        .is_bad_address = trimmed_length(reply_to) && !is_address(reply_to),
    };
}

enum fl_status fl_front_form_contact(struct fl_front_visit *visit, struct fl_front_plan *out,
                                     struct fl_error *err)
{
    struct fl_front_contact_faults faults = fl_front_contact_check(visit->request);
    const char *reply_to = fl_front_field(visit->request, "reply_to");
    json_t *form;

    if (faults.is_empty || faults.is_too_long || faults.is_bad_address)
        return show_again(visit, out, err);
    form = json_object();
    if (form)
        json_object_set_new(
            form, "text",
            words_of(visit, fl_front_field(visit->request, "words"), FL_FRONT_WORDS_MAX));
    if (form && trimmed_length(reply_to))
        json_object_set_new(form, "reply_to", json_string(reply_to));
    return submit(visit, form, out, err);
}
