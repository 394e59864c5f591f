/* Pieces that are no mail: a short message, a form, a picture and what was read off it. */
#include <stdlib.h>
#include <string.h>

#include "feedback/feedback_private.h"

static const char *as_text(struct fl_arena *arena, const char *s)
{
    return s ? fl_feedback_to_utf8(arena, NULL, s, strlen(s)) : "";
}

/* The token of a form says for itself whom it is from, so it comes first. */
static enum fl_status read_tokens(struct fl_arena *arena, const json_t *form, const char *text,
                                  struct fl_feedback_parsed *out, struct fl_error *err)
{
    const struct fl_feedback_mail mail = {.report_type = "", .text = text, .links = ""};
    const char *first =
        fl_arena_printf(arena, "%s %s", fl_feedback_form_text(form, "token"), out->to_address);

    return first ? fl_feedback_tokens(arena, &mail, first, out, err) : fl_feedback_no_memory(err);
}

/* The form of a piece, where there is one that can be read; *out_is_broken: there is another. */
static enum fl_status read_form(const struct fl_inbound *inbound, json_t **out, bool *out_is_broken,
                                struct fl_error *err)
{
    enum fl_status st = FL_OK;

    if (inbound->kind == FL_INBOUND_FORM)
        st = fl_feedback_form_read(inbound->data, inbound->data_len, out, err);
    else if (inbound->form)
        st = fl_feedback_form_read(inbound->form, strlen(inbound->form), out, err);
    *out_is_broken = st == FL_INVALID;
    return st == FL_INVALID ? FL_OK : st;
}

static enum fl_status read_text(struct fl_arena *arena, const struct fl_inbound *inbound,
                                const json_t *form, bool is_broken, const char **out,
                                struct fl_error *err)
{
    const char *text = fl_feedback_form_text(form, "text");

    if (inbound->kind == FL_INBOUND_TEXT || (inbound->kind == FL_INBOUND_FORM && is_broken)) {
        if (inbound->data_len > FL_FEEDBACK_TEXT_MAX)
            return fl_error_set(err, FL_LIMIT, "text has %zu bytes, at most %d are read",
                                inbound->data_len, FL_FEEDBACK_TEXT_MAX);
        text = fl_feedback_to_utf8(arena, "utf-8", inbound->data, inbound->data_len);
    } else {
        text = fl_arena_strdup(arena, text);
    }
    if (!text)
        return fl_feedback_no_memory(err);
    fl_feedback_unify_newlines((char *)(uintptr_t)text);
    *out = text;
    return FL_OK;
}

static void decide(const struct fl_inbound *inbound, const json_t *form, bool is_broken,
                   struct fl_feedback_parsed *out)
{
    out->confidence = 0.99;
    if (json_is_true(json_object_get(form, "is_opt_out")))
        out->kind = FL_FEEDBACK_OPT_OUT;
    else if (json_object_get(form, "answers") || json_object_get(form, "boxes"))
        out->kind = FL_FEEDBACK_SURVEY;
    else if (json_object_get(form, "preferences"))
        out->kind = FL_FEEDBACK_PREFERENCE;
    else if (is_broken || !out->text[0])
        out->kind = FL_FEEDBACK_UNKNOWN;
    else if (fl_feedback_is_opt_out(out->text))
        out->kind = FL_FEEDBACK_OPT_OUT;
    else /* core knows whether it answers something; a token is a sign of it */
        out->kind = out->n_tokens ? FL_FEEDBACK_REPLY : FL_FEEDBACK_CONTACT;
    if (out->kind == FL_FEEDBACK_UNKNOWN)
        out->confidence = inbound->kind == FL_INBOUND_IMAGE ? 0.5 : 0;
    else if (out->text[0])
        out->confidence = 0.95;
}

static const char *form_dump(struct fl_arena *arena, const json_t *form)
{
    char *text = json_dumps(form, JSON_COMPACT | JSON_SORT_KEYS);
    const char *copy = text ? fl_arena_strdup(arena, text) : NULL;

    free(text);
    return copy;
}

enum fl_status fl_feedback_parse_other(struct fl_arena *arena, const struct fl_inbound *inbound,
                                       struct fl_feedback_parsed *out, struct fl_error *err)
{
    FL_AUTO_FORM json_t *form = NULL;
    bool is_broken = false;
    enum fl_status st = read_form(inbound, &form, &is_broken, err);

    if (!st)
        st = read_text(arena, inbound, form, is_broken, &out->text, err);
    if (st)
        return st;
    out->from_address = as_text(arena, inbound->from_address);
    if (out->from_address && !out->from_address[0])
        out->from_address = fl_arena_strdup(arena, fl_feedback_form_text(form, "reply_to"));
    out->to_address = as_text(arena, inbound->to_address);
    out->subject = fl_arena_strdup(arena, fl_feedback_form_text(form, "subject"));
    out->form = form ? form_dump(arena, form) : "";
    if (!out->from_address || !out->to_address || !out->subject || !out->form)
        return fl_feedback_no_memory(err);
    /* Core reads it under the same bound. */
    if (strlen(out->form) > FL_FEEDBACK_FORM_MAX)
        return fl_error_set(err, FL_LIMIT, "a form has more than %d bytes when it is checked",
                            FL_FEEDBACK_FORM_MAX);
    st = read_tokens(arena, form, out->text, out, err);
    if (st)
        return st;
    out->language = fl_feedback_language(out->text);
    decide(inbound, form, is_broken, out);
    return FL_OK;
}
