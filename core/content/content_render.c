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

static enum fl_status html_render(struct rendering *r, const struct fl_mustache *template,
                                  bool is_mail, struct fl_content_rendering *out)
{
    struct fl_buf FL_AUTO_BUF linked = FL_BUF(FL_CONTENT_OUTPUT_MAX);
    const struct fl_buf *html = &r->content->scratch;
    enum fl_status st = run(r, template, "HTML");

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

typedef void lay_out_fn(const char *text, struct fl_buf *out);

static enum fl_status text_render(struct rendering *r, const struct fl_mustache *template,
                                  lay_out_fn *lay_out, struct fl_content_rendering *out)
{
    struct fl_buf FL_AUTO_BUF laid_out = FL_BUF(FL_CONTENT_OUTPUT_MAX);
    const struct fl_buf *text = &r->content->scratch;
    enum fl_status st = run(r, template, "text");

    if (st)
        return st;
    if (lay_out) {
        lay_out(text->data, &laid_out);
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
    const struct fl_content_unit *own;
    const struct fl_content_unit *common;
    const struct fl_content_unit *front_else; /* whose subject counts where `own` has none */
};

static bool choose(const struct fl_content *content, enum fl_medium medium, const char *language,
                   struct choice *choice)
{
    char key[FL_CONTENT_LANGUAGE_MAX + 1];

    fl_content_language_normalise(language, key);
    do {
        choice->own = fl_content_unit_exact(content, fl_medium_name(medium), key);
        choice->common = fl_content_unit_exact(content, "content", key);
        if (choice->own)
            choice->front_else = fl_content_unit_find(content, "content", key);
        if (choice->own || choice->common)
            return true;
    } while (fl_content_language_shorten(key));
    return false;
}

static const struct fl_content_unit *front_of(const struct choice *choice)
{
    return choice->own ? choice->own : choice->common;
}

/* The form of the override, else that of the common content of the same language. */
static const struct fl_content_unit *unit_with(const struct choice *choice,
                                               enum fl_content_form form)
{
    if (choice->own && choice->own->forms[form])
        return choice->own;
    return choice->common && choice->common->forms[form] ? choice->common : NULL;
}

static enum fl_status line_of(struct rendering *r, const struct choice *choice,
                              enum fl_content_form form, const char *part, const char **out)
{
    const struct fl_content_unit *front = front_of(choice), *other = choice->front_else;
    const struct fl_mustache *template = front->forms[form];

    return line_render(r, template ? template : other ? other->forms[form] : NULL, part, out);
}

static enum fl_status front_render(struct rendering *r, const struct choice *choice, bool is_mail,
                                   struct fl_content_rendering *out)
{
    enum fl_status st = FL_OK;

    if (!is_mail)
        st = line_of(r, choice, FL_CONTENT_TITLE, "title", &out->subject);
    if (!st && !out->subject)
        st = line_of(r, choice, FL_CONTENT_SUBJECT, "subject", &out->subject);
    return st ? st : line_of(r, choice, FL_CONTENT_SENDER_NAME, "sender name", &out->sender_name);
}

/* ---- media -----------------------------------------------------------------------------------*/

static enum fl_status mail_render(struct rendering *r, const struct choice *choice,
                                  struct fl_content_rendering *out)
{
    const struct fl_content_unit *text = unit_with(choice, FL_CONTENT_MAIL_TEXT),
                                 *html = unit_with(choice, FL_CONTENT_HTML);
    enum fl_status st = FL_OK;

    if (!out->subject || !*out->subject)
        return fl_error_set(r->err, FL_INVALID,
                            "content \"%s\" has no subject, an e-mail needs one", r->content->name);
    if (text)
        st = text_render(r, text->forms[FL_CONTENT_MAIL_TEXT],
                         text->is_text_derived ? fl_content_lay_out : NULL, out);
    if (!st && html)
        st = html_render(r, html->forms[FL_CONTENT_HTML], true, out);
    return st;
}

static enum fl_status plain_render(struct rendering *r, const struct choice *choice,
                                   struct fl_content_rendering *out)
{
    const struct fl_content_unit *text = unit_with(choice, FL_CONTENT_TEXT);

    if (!text)
        return FL_OK;
    return text_render(r, text->forms[FL_CONTENT_TEXT],
                       text->is_text_derived ? fl_content_lay_out : NULL, out);
}

/* The author's own words for it before what can be made of the body. */
static enum fl_status sms_render(struct rendering *r, const struct choice *choice,
                                 struct fl_content_rendering *out)
{
    const struct fl_content_unit *own = choice->own, *common = choice->common;
    const char *line = NULL;
    enum fl_status st;

    if (own && own->text_file)
        st = text_render(r, own->forms[FL_CONTENT_TEXT], NULL, out);
    else if (own && own->forms[FL_CONTENT_SHORT])
        st = text_render(r, own->forms[FL_CONTENT_SHORT], fl_content_lay_out_short, out);
    else if (common && common->forms[FL_CONTENT_SMS]) {
        st = line_render(r, common->forms[FL_CONTENT_SMS], "sms", &line);
        if (!st)
            st = keep(r, line, strlen(line), &out->text, &out->text_len);
    } else if (common && common->forms[FL_CONTENT_SHORT])
        st = text_render(r, common->forms[FL_CONTENT_SHORT], fl_content_lay_out_short, out);
    else
        return plain_render(r, choice, out);
    while (!st && out->text_len && out->text[out->text_len - 1] == '\n')
        out->text_len--;
    return st ? st : keep(r, out->text, out->text_len, &out->text, &out->text_len);
}

static enum fl_status page_render(struct rendering *r, const struct choice *choice,
                                  struct fl_content_rendering *out)
{
    const struct fl_content_unit *html = unit_with(choice, FL_CONTENT_FRAGMENT);
    enum fl_status st = plain_render(r, choice, out);

    if (!st && html)
        st = html_render(r, html->forms[FL_CONTENT_FRAGMENT], false, out);
    return st;
}

static enum fl_status paper_render(struct rendering *r, const struct choice *choice,
                                   struct fl_content_rendering *out)
{
    bool is_plain = choice->own && choice->own->text_file; /* as it stands: it is no Markdown */
    const struct fl_content_unit *paper = unit_with(choice, FL_CONTENT_PAPER);
    enum fl_status st = plain_render(r, choice, out);

    if (st || is_plain || !paper)
        return st;
    st = run(r, paper->forms[FL_CONTENT_PAPER], "Markdown");
    return st ? st
              : keep(r, r->content->scratch.data, r->content->scratch.len, &out->markdown,
                     &out->markdown_len);
}

static enum fl_status medium_render(struct rendering *r, enum fl_medium medium,
                                    const struct choice *choice, struct fl_content_rendering *out)
{
    switch (medium) {
    case FL_MEDIUM_EMAIL:
        return mail_render(r, choice, out);
    case FL_MEDIUM_SMS:
        return sms_render(r, choice, out);
    case FL_MEDIUM_WEB:
        return page_render(r, choice, out);
    case FL_MEDIUM_FAX:
    case FL_MEDIUM_LETTER:
        return paper_render(r, choice, out);
    default:
        return plain_render(r, choice, out);
    }
}

enum fl_status fl_content_render_linked(struct fl_content *content, enum fl_medium medium,
                                        const char *language, const struct fl_data *data,
                                        const struct fl_content_links *links,
                                        struct fl_arena *arena, struct fl_content_rendering *out,
                                        struct fl_error *err)
{
    struct rendering r = {
        .content = content, .data = data, .arena = arena, .links = links, .err = err};
    struct fl_content_rendering result = {.text = "", .subject = NULL};
    struct choice choice = {.own = NULL};
    enum fl_status st;

    if (!choose(content, medium, language, &choice))
        return fl_error_set(err, FL_NOT_FOUND,
                            "content \"%s\" has nothing for %s in language \"%s\", and no file "
                            "without a language",
                            content->name, fl_medium_name(medium), language ? language : "");
    result.language = front_of(&choice)->language;
    result.survey = fl_content_survey(content, language);
    st = front_render(&r, &choice, medium == FL_MEDIUM_EMAIL, &result);
    if (!st)
        st = medium_render(&r, medium, &choice, &result);
    if (!st)
        *out = result;
    return st;
}

enum fl_status fl_content_render(struct fl_content *content, enum fl_medium medium,
                                 const char *language, const struct fl_data *data,
                                 struct fl_arena *arena, struct fl_content_rendering *out,
                                 struct fl_error *err)
{
    return fl_content_render_linked(content, medium, language, data, NULL, arena, out, err);
}
