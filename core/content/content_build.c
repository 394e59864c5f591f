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
    unit->forms[FL_CONTENT_HTML] = inner_compile(b, file, &whole, FL_MUSTACHE_HTML);
}

static void text_build(struct fl_content_builder *b, struct fl_content_unit *unit, const char *file,
                       const struct fl_buf *body)
{
    struct fl_content_front front = front_of(b->content, unit);
    struct fl_content_frame frame = {.language = language_guess(unit, body), .front = &front};
    struct fl_buf FL_AUTO_BUF whole = FL_BUF(FL_CONTENT_WORK_MAX);

    unit->forms[FL_CONTENT_TEXT] = inner_compile(b, file, body, FL_MUSTACHE_TEXT);
    if (is_partial(unit) || !unit->forms[FL_CONTENT_TEXT])
        return;
    fl_buf_add(&whole, body->data, body->len);
    if (!fl_content_names_unsubscribe(body)) {
        if (body->len && body->data[body->len - 1] != '\n')
            fl_buf_putc(&whole, '\n');
        fl_content_footer_text(&frame, &whole);
    }
    unit->forms[FL_CONTENT_MAIL_TEXT] = inner_compile(b, file, &whole, FL_MUSTACHE_TEXT);
}

/* ---- media beside mail -----------------------------------------------------------------------*/

static bool is_for(const struct fl_content_unit *unit, enum fl_medium medium)
{
    return is_partial(unit) || !strcmp(unit->base, "content") ||
           !strcmp(unit->base, fl_medium_name(medium));
}

static struct fl_mustache *short_build(struct fl_content_builder *b,
                                       const struct fl_content_tags *tags, const char *file,
                                       cmark_node *document)
{
    struct fl_buf FL_AUTO_BUF derived = FL_BUF(FL_CONTENT_WORK_MAX);
    struct fl_buf FL_AUTO_BUF text = FL_BUF(FL_CONTENT_WORK_MAX);

    fl_content_markdown_text(tags, document, true, &derived);
    fl_content_tags_restore(tags, derived.data, derived.len, &text);
    text.has_failed = text.has_failed || fl_buf_failed(&derived);
    return inner_compile(b, file, &text, FL_MUSTACHE_TEXT);
}

static struct fl_mustache *fragment_build(struct fl_content_builder *b,
                                          const struct fl_content_tags *tags, const char *file,
                                          cmark_node *document, cmark_parser *parser)
{
    struct fl_buf FL_AUTO_BUF html = FL_BUF(FL_CONTENT_WORK_MAX);

    fl_content_markdown_html(tags, document, parser, false, &html);
    return inner_compile(b, file, &html, FL_MUSTACHE_HTML);
}

static struct fl_mustache *paper_build(struct fl_content_builder *b,
                                       const struct fl_content_source *source)
{
    struct fl_buf FL_AUTO_BUF text = FL_BUF(FL_CONTENT_WORK_MAX);

    fl_content_markdown_paper(source, &text);
    return inner_compile(b, source->file, &text, FL_MUSTACHE_MARKDOWN);
}

/* What failed as mail or text has its fault already. */
static void others_build(struct fl_content_builder *b, struct fl_content_unit *unit,
                         const struct fl_content_tags *tags, cmark_node *document,
                         cmark_parser *parser)
{
    const char *file = unit->markdown->file;
    bool is_paper = is_for(unit, FL_MEDIUM_FAX) || is_for(unit, FL_MEDIUM_LETTER);

    if (is_for(unit, FL_MEDIUM_WEB) && !unit->html_file)
        unit->forms[FL_CONTENT_FRAGMENT] = fragment_build(b, tags, file, document, parser);
    if (unit->text_file || !unit->forms[FL_CONTENT_TEXT])
        return;
    if (is_for(unit, FL_MEDIUM_SMS))
        unit->forms[FL_CONTENT_SHORT] = short_build(b, tags, file, document);
    if (is_paper)
        unit->forms[FL_CONTENT_PAPER] = paper_build(b, unit->markdown);
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
    fl_content_markdown_html(&tags, document, parser, true, &html);
    fl_content_markdown_text(&tags, document, false, &derived);
    fl_content_tags_restore(&tags, derived.data, derived.len, &text);
    text.has_failed = text.has_failed || fl_buf_failed(&derived);
    if (!unit->html_file)
        html_build(b, unit, source->file, &html);
    if (!unit->text_file)
        text_build(b, unit, source->file, &text);
    unit->is_text_derived = !unit->text_file;
    if (unit->html_file || unit->forms[FL_CONTENT_HTML])
        others_build(b, unit, &tags, document, parser);
    cmark_node_free(document);
    cmark_parser_free(parser);
}

/* It stands inside our page, which has a head and a body. */
static void web_file_build(struct fl_content_builder *b, struct fl_content_unit *unit,
                           const struct fl_content_source *source, const struct fl_buf *inner)
{
    if (fl_content_is_document(source->text))
        fl_faults_add(b->faults, source->file, 0, NULL, NULL,
                      "is a whole document; expected what stands between <body> and </body>");
    else
        unit->forms[FL_CONTENT_FRAGMENT] = inner_compile(b, source->file, inner, FL_MUSTACHE_HTML);
}

static void file_build(struct fl_content_builder *b, struct fl_content_unit *unit,
                       const struct fl_content_source *source, bool is_html)
{
    struct fl_buf FL_AUTO_BUF inner = FL_BUF(FL_CONTENT_WORK_MAX);

    if (!source || !source_check(b, source))
        return;
    fl_content_tags_convert(source->text, source->len, &inner);
    if (is_html && !strcmp(unit->base, fl_medium_name(FL_MEDIUM_WEB)))
        web_file_build(b, unit, source, &inner);
    else if (is_html)
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
    unit->forms[FL_CONTENT_SUBJECT] = field_compile(b, &unit->front.subject);
    unit->forms[FL_CONTENT_TITLE] = field_compile(b, &unit->front.title);
    unit->forms[FL_CONTENT_SENDER_NAME] = field_compile(b, &unit->front.sender_name);
    unit->forms[FL_CONTENT_SMS] = field_compile(b, &unit->front.sms);
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
    enum fl_content_form form;
};

static bool is_html_form(enum fl_content_form form)
{
    return form == FL_CONTENT_HTML || form == FL_CONTENT_FRAGMENT;
}

static const struct fl_mustache *partial_find(void *ctx, const char *name)
{
    const struct linking *linking = ctx;
    struct fl_content_builder *b = linking->builder;
    bool is_html = is_html_form(linking->form);
    const char *base = fl_arena_printf(b->content->arena, "_%s", name);
    const struct fl_content_unit *unit =
        base ? fl_content_unit_find(b->content, base, linking->unit->language) : NULL;
    const struct fl_mustache *found = unit ? unit->forms[linking->form] : NULL;

    /* What was written for mail or as text serves the others too. */
    if (unit && !found)
        found = unit->forms[is_html ? FL_CONTENT_HTML : FL_CONTENT_TEXT];
    if (!found)
        fl_faults_add(b->faults, linking->file, 0, NULL, name,
                      "no such partial: expected a file _%s.md or _%s.%s", name, name,
                      is_html ? "html" : "txt");
    return found;
}

static const char *file_of(const struct fl_content_unit *unit, bool is_html)
{
    const struct fl_content_source *own = is_html ? unit->html_file : unit->text_file;

    if (!own)
        own = unit->markdown ? unit->markdown : unit->html_file ?: unit->text_file;
    return own->file;
}

static void form_link(struct fl_content_builder *b, const struct fl_content_unit *unit,
                      enum fl_content_form form)
{
    struct linking linking = {
        .builder = b, .unit = unit, .file = file_of(unit, is_html_form(form)), .form = form};

    if (unit->forms[form])
        fl_mustache_link(unit->forms[form], partial_find, &linking);
}

void fl_content_unit_link(struct fl_content_builder *b, struct fl_content_unit *unit)
{
    static const enum fl_content_form first[] = {FL_CONTENT_HTML,        FL_CONTENT_TEXT,
                                                 FL_CONTENT_SUBJECT,     FL_CONTENT_TITLE,
                                                 FL_CONTENT_SENDER_NAME, FL_CONTENT_SMS},
                                      others[] = {FL_CONTENT_MAIL_TEXT, FL_CONTENT_FRAGMENT,
                                                  FL_CONTENT_SHORT, FL_CONTENT_PAPER};

    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        form_link(b, unit, first[i]);
    /* Their faults are those of the HTML and the text they are made like; web.html has its own. */
    if (b->faults->n_total == 0)
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            form_link(b, unit, others[i]);
}
