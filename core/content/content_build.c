#include "content/content_private.h"

#include <string.h>

#include "base/file.h"

static bool is_partial(const struct fl_content_unit *unit)
{
    return unit->base[0] == '_';
}

/* Compiles a text in inner form.  The author's own form was free of faults, so a fault now comes
 * from what Markdown made of it, and is reported for the file as a whole. */
static struct fl_mustache *inner_compile(struct fl_content_builder *b, const char *file,
                                         const struct fl_buf *text, enum fl_mustache_escape escape)
{
    struct fl_mustache_source source = {.file = file,
                                        .text = text->data,
                                        .len = text->len,
                                        .escape = escape,
                                        .open = FL_CONTENT_TAG_OPEN,
                                        .close = FL_CONTENT_TAG_CLOSE};
    struct fl_mustache *template = NULL;
    struct fl_faults faults;
    enum fl_status st;

    if (b->status)
        return NULL;
    if (fl_buf_failed(text)) {
        b->status = fl_error_set(b->err, FL_LIMIT, "%s grows beyond %d bytes while it is compiled",
                                 file, FL_CONTENT_WORK_MAX);
        return NULL;
    }
    fl_faults_init(&faults, b->content->arena);
    st = fl_mustache_compile(&source, &faults, &template, b->err);
    if (st == FL_INVALID)
        fl_faults_add(b->faults, file, 0, NULL, faults.items ? faults.items[0].value : NULL,
                      "a section begins or ends inside a piece of HTML that has no text, so the "
                      "plain text cannot be made: write a text file beside it");
    else if (st)
        b->status = st;
    return template;
}

/* The faults of a file, as its author sees it; false: it has some. */
static bool source_check(struct fl_content_builder *b, const struct fl_content_source *source)
{
    struct fl_mustache_source check = {.file = source->file,
                                       .first_line = source->first_line,
                                       .text = source->text,
                                       .len = source->len};
    struct fl_mustache *template = NULL;
    enum fl_status st;

    if (b->status)
        return false;
    st = fl_mustache_compile(&check, b->faults, &template, b->err);
    fl_mustache_destroy(&template);
    if (st && st != FL_INVALID)
        b->status = st;
    return st == FL_OK;
}

static struct fl_mustache *field_compile(struct fl_content_builder *b,
                                         const struct fl_content_field *field)
{
    struct fl_content_source source = {
        .file = field->file, .first_line = field->line, .text = field->value, .len = field->len};
    struct fl_buf FL_AUTO_BUF inner = FL_BUF(FL_CONTENT_WORK_MAX);

    if (!field->value || !source_check(b, &source))
        return NULL;
    fl_content_tags_convert(field->value, field->len, &inner);
    return inner_compile(b, field->file, &inner, FL_MUSTACHE_TEXT);
}

/* ---- what surrounds the body -----------------------------------------------------------------*/

struct scripts {
    size_t latin, hangul, kana;
};

/* Letters by script, outside of HTML elements and tags. */
static struct scripts scripts_count(const struct fl_buf *body)
{
    struct scripts n = {.latin = 0};
    char until = '\0';

    for (const char *p = body->data; *p; p++) {
        unsigned char a = (unsigned char)p[0], b = (unsigned char)p[1];

        if (until) {
            until = *p == until ? '\0' : until;
        } else if (*p == '<') {
            until = '>';
        } else if (*p == *FL_CONTENT_TAG_OPEN) {
            until = *FL_CONTENT_TAG_CLOSE;
        } else if (a == 0xe3 && b >= 0x81 && b <= 0x83) {
            n.kana++;
        } else if ((a >= 0xeb && a <= 0xed) || (a == 0xea && b >= 0xb0)) {
            n.hangul++;
        } else {
            n.latin += (a | 32) >= 'a' && (a | 32) <= 'z';
        }
    }
    return n;
}

/* The language for screen readers and the footer where the file name gives none: seen by its
 * script, and English where that says nothing.  A syllable weighs as much as several letters. */
static const char *language_guess(const struct fl_content_unit *unit, const struct fl_buf *body)
{
    struct scripts n;

    if (*unit->language)
        return unit->language;
    n = scripts_count(body);
    if (n.kana > n.hangul && n.kana * 4 > n.latin)
        return "ja";
    return n.hangul * 4 > n.latin ? "ko" : "en";
}

/* An override without front matter of its own has that of the content it stands for. */
static struct fl_content_front front_of(const struct fl_content *content,
                                        const struct fl_content_unit *unit)
{
    const struct fl_content_unit *main = fl_content_unit_find(content, "content", unit->language);
    struct fl_content_front front = unit->front;

    if (!main)
        return front;
    if (!front.subject.value)
        front.subject = main->front.subject;
    if (!front.sender_name.value)
        front.sender_name = main->front.sender_name;
    if (!front.preheader.value)
        front.preheader = main->front.preheader;
    return front;
}

static void html_build(struct fl_content_builder *b, struct fl_content_unit *unit, const char *file,
                       const struct fl_buf *body)
{
    struct fl_content_front front = front_of(b->content, unit);
    struct fl_content_frame frame = {.language = language_guess(unit, body), .front = &front};
    struct fl_buf FL_AUTO_BUF whole = FL_BUF(FL_CONTENT_WORK_MAX);

    whole.has_failed = fl_buf_failed(body);
    if (is_partial(unit))
        fl_buf_add(&whole, body->data, body->len);
    else if (fl_content_is_document(body->data))
        fl_content_frame_override(&frame, body, &whole);
    else
        fl_content_frame_html(&frame, body, &whole);
    unit->html = inner_compile(b, file, &whole, FL_MUSTACHE_HTML);
}

static void text_build(struct fl_content_builder *b, struct fl_content_unit *unit, const char *file,
                       const struct fl_buf *body)
{
    struct fl_content_front front = front_of(b->content, unit);
    struct fl_content_frame frame = {.language = language_guess(unit, body), .front = &front};
    struct fl_buf FL_AUTO_BUF whole = FL_BUF(FL_CONTENT_WORK_MAX);

    unit->text = inner_compile(b, file, body, FL_MUSTACHE_TEXT);
    if (is_partial(unit) || !unit->text)
        return;
    fl_buf_add(&whole, body->data, body->len);
    if (!fl_content_names_unsubscribe(body)) {
        if (body->len && body->data[body->len - 1] != '\n')
            fl_buf_putc(&whole, '\n');
        fl_content_footer_text(&frame, &whole);
    }
    unit->mail_text = inner_compile(b, file, &whole, FL_MUSTACHE_TEXT);
}

/* ---- files -----------------------------------------------------------------------------------*/

static void markdown_build(struct fl_content_builder *b, struct fl_content_unit *unit)
{
    const struct fl_content_source *source = unit->markdown;
    struct fl_buf FL_AUTO_BUF marked = FL_BUF(FL_CONTENT_WORK_MAX);
    struct fl_buf FL_AUTO_BUF html = FL_BUF(FL_CONTENT_WORK_MAX);
    struct fl_buf FL_AUTO_BUF derived = FL_BUF(FL_CONTENT_WORK_MAX);
    struct fl_buf FL_AUTO_BUF text = FL_BUF(FL_CONTENT_WORK_MAX);
    struct fl_content_tags tags;
    cmark_parser *parser;
    cmark_node *document;

    if (!source_check(b, source))
        return;
    if (!fl_content_tags_take(b->content->arena, source, &tags, &marked)) {
        b->status = fl_error_set(b->err, FL_LIMIT, "%s has too many tags", source->file);
        return;
    }
    document = fl_content_markdown_parse(&tags, marked.data, marked.len, &parser);
    fl_content_markdown_html(&tags, document, parser, &html);
    fl_content_markdown_text(&tags, document, &derived);
    fl_content_tags_restore(&tags, derived.data, derived.len, &text);
    text.has_failed = text.has_failed || fl_buf_failed(&derived);
    cmark_node_free(document);
    cmark_parser_free(parser);
    if (!unit->html_file)
        html_build(b, unit, source->file, &html);
    if (!unit->text_file)
        text_build(b, unit, source->file, &text);
    unit->is_text_derived = !unit->text_file;
}

static void file_build(struct fl_content_builder *b, struct fl_content_unit *unit,
                       const struct fl_content_source *source, bool is_html)
{
    struct fl_buf FL_AUTO_BUF inner = FL_BUF(FL_CONTENT_WORK_MAX);

    if (!source || !source_check(b, source))
        return;
    fl_content_tags_convert(source->text, source->len, &inner);
    if (is_html)
        html_build(b, unit, source->file, &inner);
    else
        text_build(b, unit, source->file, &inner);
}

void fl_content_unit_build(struct fl_content_builder *b, struct fl_content_unit *unit)
{
    if (unit->markdown)
        markdown_build(b, unit);
    file_build(b, unit, unit->html_file, true);
    file_build(b, unit, unit->text_file, false);
    unit->subject = field_compile(b, &unit->front.subject);
    unit->sender_name = field_compile(b, &unit->front.sender_name);
    /* The preheader lives in the HTML alone; compiled here for its faults. */
    if (unit->front.preheader.value) {
        struct fl_mustache *preheader = field_compile(b, &unit->front.preheader);

        fl_mustache_destroy(&preheader);
    }
}

/* ---- partials --------------------------------------------------------------------------------*/

struct linking {
    struct fl_content_builder *builder;
    const struct fl_content_unit *unit;
    const char *file;
    bool is_html;
};

static const struct fl_mustache *partial_find(void *ctx, const char *name)
{
    const struct linking *linking = ctx;
    struct fl_content_builder *b = linking->builder;
    const char *base = fl_arena_printf(b->content->arena, "_%s", name);
    const struct fl_content_unit *unit =
        base ? fl_content_unit_find(b->content, base, linking->unit->language) : NULL;
    const struct fl_mustache *found = NULL;

    if (unit)
        found = linking->is_html ? unit->html : unit->text;
    if (!found)
        fl_faults_add(b->faults, linking->file, 0, NULL, name,
                      "no such partial: expected a file _%s.md or _%s.%s", name, name,
                      linking->is_html ? "html" : "txt");
    return found;
}

static const char *file_of(const struct fl_content_unit *unit, bool is_html)
{
    const struct fl_content_source *own = is_html ? unit->html_file : unit->text_file;

    if (!own)
        own = unit->markdown ? unit->markdown : unit->html_file ?: unit->text_file;
    return own->file;
}

static void template_link(struct fl_content_builder *b, const struct fl_content_unit *unit,
                          struct fl_mustache *template, bool is_html)
{
    struct linking linking = {
        .builder = b, .unit = unit, .file = file_of(unit, is_html), .is_html = is_html};

    if (template)
        fl_mustache_link(template, partial_find, &linking);
}

void fl_content_unit_link(struct fl_content_builder *b, struct fl_content_unit *unit)
{
    template_link(b, unit, unit->html, true);
    template_link(b, unit, unit->text, false);
    template_link(b, unit, unit->subject, false);
    template_link(b, unit, unit->sender_name, false);
    /* Its faults are those of the text without the footer. */
    if (b->faults->n_total == 0)
        template_link(b, unit, unit->mail_text, false);
}
