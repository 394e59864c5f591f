#include "content/content_private.h"

#include <string.h>

#include "base/file.h"

struct rendering {
    struct fl_content *content;
    const struct fl_data *data;
    struct fl_arena *arena;
    const struct fl_content_links *links;
    struct fl_error *err;
};

static enum fl_status run(struct rendering *r, const struct fl_mustache *template, const char *part)
{
    static const struct fl_mustache_bounds bounds = {.steps = FL_CONTENT_STEPS_MAX,
                                                     .bytes = FL_CONTENT_OUTPUT_MAX,
                                                     .depth = FL_CONTENT_DEPTH_MAX};
    enum fl_status st;

    fl_buf_reset(&r->content->scratch);
    st = fl_mustache_render(template, r->data, &bounds, &r->content->scratch, r->err);
    return st ? fl_error_prefix(r->err, st, "%s of content \"%s\"", part, r->content->name) : st;
}

static enum fl_status keep(struct rendering *r, const char *text, size_t len, const char **out,
                           size_t *out_len)
{
    char *copy = fl_arena_strndup(r->arena, text, len);

    if (!copy)
        return fl_error_set(r->err, FL_LIMIT, "content \"%s\": the rendering does not fit",
                            r->content->name);
    *out = copy;
    if (out_len)
        *out_len = len;
    return FL_OK;
}

static enum fl_status line_render(struct rendering *r, const struct fl_mustache *template,
                                  const char *part, const char **out)
{
    struct fl_buf FL_AUTO_BUF line = FL_BUF(FL_CONTENT_LINE_MAX);
    enum fl_status st;

    if (!template)
        return FL_OK;
    st = run(r, template, part);
    if (st)
        return st;
    fl_content_line_clean(r->content->scratch.data, r->content->scratch.len, &line);
    return keep(r, line.data, line.len, out, NULL);
}

static enum fl_status html_render(struct rendering *r, const struct fl_content_unit *unit,
                                  bool is_mail, struct fl_content_rendering *out)
{
    struct fl_buf FL_AUTO_BUF linked = FL_BUF(FL_CONTENT_OUTPUT_MAX);
    const struct fl_buf *html = &r->content->scratch;
    enum fl_status st = run(r, unit->html, "HTML");

    if (st)
        return st;
    if (r->links) {
        fl_content_links_put(r->links, r->data, r->arena, html->data, html->len, is_mail, &linked);
        html = &linked;
    }
    if (fl_buf_failed(html))
        return fl_error_set(r->err, FL_LIMIT, "HTML of content \"%s\" is longer than %d bytes",
                            r->content->name, FL_CONTENT_OUTPUT_MAX);
    return keep(r, html->data, html->len, &out->html, &out->html_len);
}

static enum fl_status text_render(struct rendering *r, const struct fl_content_unit *unit,
                                  bool is_mail, struct fl_content_rendering *out)
{
    struct fl_buf FL_AUTO_BUF laid_out = FL_BUF(FL_CONTENT_OUTPUT_MAX);
    const struct fl_buf *text = &r->content->scratch;
    enum fl_status st = run(r, is_mail ? unit->mail_text : unit->text, "text");

    if (st)
        return st;
    if (unit->is_text_derived) {
        fl_content_lay_out(text->data, &laid_out);
        text = &laid_out;
    }
    if (fl_buf_failed(text))
        return fl_error_set(r->err, FL_LIMIT, "text of content \"%s\" is longer than %d bytes",
                            r->content->name, FL_CONTENT_OUTPUT_MAX);
    return keep(r, text->data, text->len, &out->text, &out->text_len);
}

/* The units one rendering is made of: the override of the medium and the common content, of the
 * same language level where both are there. */
struct choice {
    const struct fl_content_unit *html;
    const struct fl_content_unit *text;
    const struct fl_content_unit *front; /* whose subject is taken first */
    const struct fl_content_unit *front_else;
};

static bool choose_at(const struct fl_content *content, const char *base, const char *language,
                      struct choice *choice)
{
    const struct fl_content_unit *own = fl_content_unit_exact(content, base, language);
    const struct fl_content_unit *common = fl_content_unit_exact(content, "content", language);

    if (!own && !common)
        return false;
    choice->html = own && own->html ? own : common;
    choice->text = own && own->text ? own : common;
    choice->front = own ? own : common;
    choice->front_else = own ? fl_content_unit_find(content, "content", language) : NULL;
    return choice->html || choice->text;
}

static bool choose(const struct fl_content *content, enum fl_medium medium, const char *language,
                   struct choice *choice)
{
    char key[FL_CONTENT_LANGUAGE_MAX + 1];

    fl_content_language_normalise(language, key);
    do {
        if (choose_at(content, fl_medium_name(medium), key, choice))
            return true;
    } while (fl_content_language_shorten(key));
    return false;
}

static enum fl_status front_render(struct rendering *r, const struct choice *choice,
                                   struct fl_content_rendering *out)
{
    const struct fl_content_unit *a = choice->front, *b = choice->front_else;
    enum fl_status st;

    st = line_render(r, a->subject ? a->subject : b ? b->subject : NULL, "subject", &out->subject);
    if (st)
        return st;
    return line_render(r,
                       a->sender_name ? a->sender_name
                       : b            ? b->sender_name
                                      : NULL,
                       "sender name", &out->sender_name);
}

enum fl_status fl_content_render_linked(struct fl_content *content, enum fl_medium medium,
                                        const char *language, const struct fl_data *data,
                                        const struct fl_content_links *links,
                                        struct fl_arena *arena, struct fl_content_rendering *out,
                                        struct fl_error *err)
{
    struct rendering r = {
        .content = content, .data = data, .arena = arena, .links = links, .err = err};
    bool is_mail = medium == FL_MEDIUM_EMAIL;
    struct fl_content_rendering result = {.text = "", .subject = NULL};
    struct choice choice;
    enum fl_status st;

    if (!choose(content, medium, language, &choice))
        return fl_error_set(err, FL_NOT_FOUND,
                            "content \"%s\" has nothing for %s in language \"%s\", and no file "
                            "without a language",
                            content->name, fl_medium_name(medium), language ? language : "");
    result.language = choice.front->language;
    result.survey = fl_content_survey(content, language);
    st = front_render(&r, &choice, &result);
    if (st)
        return st;
    if (is_mail && (!result.subject || !*result.subject))
        return fl_error_set(err, FL_INVALID, "content \"%s\" has no subject, an e-mail needs one",
                            content->name);
    if (choice.text && choice.text->text)
        st = text_render(&r, choice.text, is_mail, &result);
    if (!st && choice.html && choice.html->html && (is_mail || choice.html->html_file))
        st = html_render(&r, choice.html, is_mail, &result);
    if (st)
        return st;
    *out = result;
    return FL_OK;
}

enum fl_status fl_content_render(struct fl_content *content, enum fl_medium medium,
                                 const char *language, const struct fl_data *data,
                                 struct fl_arena *arena, struct fl_content_rendering *out,
                                 struct fl_error *err)
{
    return fl_content_render_linked(content, medium, language, data, NULL, arena, out, err);
}
