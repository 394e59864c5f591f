/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of one paragraph: what cmark found, as text with Pango attributes. */
#include "paper/paper_private.h"

#include <string.h>

static const double LINE_SPACING = 1.35; /* baselines, against the height of the font */
static const char CODE_FAMILY[] = "NanumGothicCoding, monospace";

struct building {
    GString *text;
    PangoAttrList *attrs;
    size_t n_attrs;
    GArray *starts; /* guint: where open emphasis began */
};

PangoContext *paper_context(const struct paper_style *style)
{
    PangoContext *context = pango_font_map_create_context(pango_cairo_font_map_get_default());
    cairo_font_options_t *options = cairo_font_options_create();

    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_cairo_context_set_resolution(context, 72);
    pango_context_set_round_glyph_positions(context, FALSE);
    if (style->language && style->language[0])
        pango_context_set_language(context, pango_language_from_string(style->language));
    return context;
}

PangoLayout *paper_layout(PangoContext *context, const struct paper_style *style, double size,
                          bool is_bold)
{
    PangoLayout *layout = pango_layout_new(context);
    PangoFontDescription *font = pango_font_description_new();
    PangoAttrList *attrs = pango_attr_list_new();

    pango_font_description_set_family(font, style->font && style->font[0] ? style->font : "sans");
    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    if (is_bold)
        pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_line_spacing(layout, (float)LINE_SPACING);
    /* A hyphen in an address that is too long for its line would be typed. */
    pango_attr_list_insert(attrs, pango_attr_insert_hyphens_new(FALSE));
    pango_layout_set_attributes(layout, attrs);
    pango_attr_list_unref(attrs);
    return layout;
}

static bool is_hangul(gunichar c)
{
    return (c >= 0xac00 && c <= 0xd7a3) || (c >= 0x1100 && c <= 0x11ff);
}

/* Unicode lets a line end after any syllable; Korean is read more easily when it ends at a blank.
 * Short words only, so that a line is never left half empty. */
static void keep_korean_words(const char *text, PangoAttrList *attrs)
{
    const char *p = text, *start = text;
    size_t n = 0, kept = 0;
    bool has_hangul = false;

    for (;; p = g_utf8_next_char(p)) {
        gunichar c = *p ? g_utf8_get_char(p) : ' ';

        if (c != ' ' && c != '\n' && c != '\t' && c != 0x2028) {
            has_hangul = has_hangul || is_hangul(c);
            n++;
            continue;
        }
        if (has_hangul && n > 1 && n <= PAPER_KEPT_WORD_MAX && kept < PAPER_ATTRS_MAX) {
            PangoAttribute *attr = pango_attr_allow_breaks_new(FALSE);

            attr->start_index = (guint)(start - text);
            attr->end_index = (guint)(p - text);
            pango_attr_list_insert(attrs, attr);
            kept++;
        }
        if (!*p)
            return;
        start = p + 1;
        if (c == 0x2028)
            start = g_utf8_next_char(p);
        n = 0;
        has_hangul = false;
    }
}

/* Control characters would be drawn as boxes with their code. */
static void put_text(GString *out, const char *text)
{
    for (const char *p = text ? text : ""; *p; p++) {
        unsigned char c = (unsigned char)*p;

        g_string_append_c(out, (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? ' ' : *p);
    }
}

/* What a reader of HTML would see, near enough: words without tags. */
static void put_html(GString *out, const char *html)
{
    bool is_in_tag = false;

    if (html && g_ascii_strncasecmp(html, "<br", 3) == 0)
        g_string_append(out, "\u2028");
    for (const char *p = html ? html : ""; *p; p++) {
        if (*p == '<')
            is_in_tag = true;
        else if (*p == '>' && is_in_tag)
            is_in_tag = false;
        else if (!is_in_tag)
            g_string_append_c(out, (unsigned char)*p < 0x20 ? ' ' : *p);
    }
}

static const char *without_scheme(const char *url)
{
    static const char *const schemes[] = {"https://", "http://", "mailto:", "tel:"};

    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (g_str_has_prefix(url, schemes[i]))
            return url + strlen(schemes[i]);
    }
    return url;
}

static bool is_same_url(const char *text, const char *url)
{
    size_t a, b;

    text = without_scheme(text);
    url = without_scheme(url);
    a = strlen(text);
    b = strlen(url);
    if (a && text[a - 1] == '/')
        a--;
    if (b && url[b - 1] == '/')
        b--;
    return a == b && strncmp(text, url, a) == 0;
}

/* A link on paper is words; the address is added where the words do not say it. */
static void put_link_end(struct building *in, guint start, const char *url)
{
    if (!url || !url[0] || url[0] == '#' || is_same_url(in->text->str + start, url))
        return;
    g_string_append(in->text, " (");
    put_text(in->text, without_scheme(url));
    g_string_append_c(in->text, ')');
}

static void put_attr(struct building *in, PangoAttribute *attr, guint start)
{
    if (in->n_attrs >= PAPER_ATTRS_MAX || start >= in->text->len) {
        pango_attribute_destroy(attr);
        return;
    }
    attr->start_index = start;
    attr->end_index = (guint)in->text->len;
    pango_attr_list_insert(in->attrs, attr);
    in->n_attrs++;
}

static void put_code(struct building *in, const char *code)
{
    guint start = (guint)in->text->len;

    put_text(in->text, code);
    put_attr(in, pango_attr_family_new(CODE_FAMILY), start);
}

static void put_leaf(struct building *in, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT:
        put_text(in->text, cmark_node_get_literal(node));
        break;
    case CMARK_NODE_SOFTBREAK:
        g_string_append_c(in->text, ' ');
        break;
    case CMARK_NODE_LINEBREAK:
        g_string_append(in->text, "\u2028");
        break;
    case CMARK_NODE_CODE:
        put_code(in, cmark_node_get_literal(node));
        break;
    case CMARK_NODE_HTML_INLINE:
    case CMARK_NODE_HTML_BLOCK:
        put_html(in->text, cmark_node_get_literal(node));
        break;
    default:
        break;
    }
}

static void put_open(struct building *in, cmark_node *node)
{
    guint at = (guint)in->text->len;

    g_array_append_val(in->starts, at);
    if (cmark_node_get_type(node) == CMARK_NODE_IMAGE)
        g_string_append_c(in->text, '[');
}

static void put_close(struct building *in, cmark_node *node)
{
    guint start = 0;

    if (!in->starts->len)
        return;
    start = g_array_index(in->starts, guint, in->starts->len - 1);
    g_array_set_size(in->starts, in->starts->len - 1);
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_EMPH:
        put_attr(in, pango_attr_style_new(PANGO_STYLE_ITALIC), start);
        break;
    case CMARK_NODE_STRONG:
        put_attr(in, pango_attr_weight_new(PANGO_WEIGHT_BOLD), start);
        break;
    case CMARK_NODE_LINK:
        put_link_end(in, start, cmark_node_get_url(node));
        break;
    case CMARK_NODE_IMAGE:
        g_string_append_c(in->text, ']');
        break;
    default:
        if (strcmp(cmark_node_get_type_string(node), "strikethrough") == 0)
            put_attr(in, pango_attr_strikethrough_new(TRUE), start);
        break;
    }
}

/* Such nodes are entered and never left. */
static bool is_leaf(cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT:
    case CMARK_NODE_SOFTBREAK:
    case CMARK_NODE_LINEBREAK:
    case CMARK_NODE_CODE:
    case CMARK_NODE_HTML_INLINE:
    case CMARK_NODE_HTML_BLOCK:
        return true;
    default:
        return false;
    }
}

static void walk(struct building *in, cmark_node *root)
{
    cmark_iter *iter = cmark_iter_new(root);
    cmark_event_type event;

    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);

        if (is_leaf(node))
            put_leaf(in, node);
        else if (node == root)
            continue;
        else if (event == CMARK_EVENT_EXIT)
            put_close(in, node);
        else
            put_open(in, node);
    }
    cmark_iter_free(iter);
}

static void code_block(struct building *in, cmark_node *node)
{
    put_code(in, cmark_node_get_literal(node));
    while (in->text->len && in->text->str[in->text->len - 1] == '\n')
        g_string_truncate(in->text, in->text->len - 1);
}

bool paper_inline(const struct paper *paper, cmark_node *node, double size, bool is_bold,
                  double width, struct paper_words *out)
{
    struct building in = {.text = g_string_new(NULL),
                          .attrs = pango_attr_list_new(),
                          .starts = g_array_new(FALSE, FALSE, sizeof(guint))};
    bool is_within;

    if (cmark_node_get_type(node) == CMARK_NODE_CODE_BLOCK)
        code_block(&in, node);
    else
        walk(&in, node);
    pango_attr_list_insert(in.attrs, pango_attr_insert_hyphens_new(FALSE));
    is_within = in.text->len <= PAPER_WORDS_MAX;
    if (is_within) {
        out->layout = paper_layout(paper->context, &paper->style, size, is_bold);
        if (width >= 0) {
            keep_korean_words(in.text->str, in.attrs);
            pango_layout_set_width(out->layout, (int)(width * PANGO_SCALE));
        }
        pango_layout_set_text(out->layout, in.text->str, (int)in.text->len);
        pango_layout_set_attributes(out->layout, in.attrs);
        paper_words_measure(out);
    }
    pango_attr_list_unref(in.attrs);
    g_array_free(in.starts, TRUE);
    g_string_free(in.text, TRUE);
    return is_within;
}

void paper_words_measure(struct paper_words *words)
{
    PangoLayoutIter *iter = pango_layout_get_iter(words->layout);
    size_t i = 0;

    g_free(words->lines);
    words->n_lines = (size_t)pango_layout_get_line_count(words->layout);
    words->lines = g_new0(struct paper_line, words->n_lines);
    do {
        int top, bottom;

        pango_layout_iter_get_line_yrange(iter, &top, &bottom);
        words->lines[i].top = (double)top / PANGO_SCALE;
        words->lines[i].bottom = (double)bottom / PANGO_SCALE;
        words->lines[i].baseline = (double)pango_layout_iter_get_baseline(iter) / PANGO_SCALE;
        i++;
    } while (i < words->n_lines && pango_layout_iter_next_line(iter));
    words->n_lines = i;
    pango_layout_iter_free(iter);
}

void paper_words_clear(struct paper_words *words)
{
    g_clear_object(&words->layout);
    g_clear_pointer(&words->lines, g_free);
    words->n_lines = 0;
}

double paper_words_height(const struct paper_words *words)
{
    return words->n_lines ? words->lines[words->n_lines - 1].bottom - words->lines[0].top : 0;
}
