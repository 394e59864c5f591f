#include "content/content_private.h"

#include <stdlib.h>
#include <string.h>

#include <cmark-gfm-core-extensions.h>

enum { RUN_MAX = 200 }; /* lists and markers looked at together */

/* ---- lists that run through sections ---------------------------------------------------------*/

const struct fl_content_tag *fl_content_node_marker(const struct fl_content_tags *tags,
                                                    cmark_node *node)
{
    const char *literal;

    if (cmark_node_get_type(node) != CMARK_NODE_HTML_BLOCK)
        return NULL;
    literal = cmark_node_get_literal(node);
    return fl_content_tags_marker(tags, literal, strlen(literal));
}

static bool is_list(cmark_node *node)
{
    return cmark_node_get_type(node) == CMARK_NODE_LIST;
}

static bool is_same_kind(cmark_node *a, cmark_node *b)
{
    return cmark_node_get_list_type(a) == cmark_node_get_list_type(b) &&
           cmark_node_get_list_delim(a) == cmark_node_get_list_delim(b);
}

/* A marker opens (+1) or closes (-1) a section; partials end a run. */
static int balance_of(const struct fl_content_tag *tag)
{
    switch (tag->kind) {
    case FL_TAG_SECTION:
    case FL_TAG_INVERTED:
        return 1;
    case FL_TAG_CLOSE:
        return -1;
    default:
        return 0;
    }
}

/* The last node of the longest run from `first` on that is made of lists of one kind and of whole
 * sections; NULL when there is nothing to join.  The first list is told. */
static cmark_node *run_end(const struct fl_content_tags *tags, cmark_node *first,
                           cmark_node **out_list)
{
    cmark_node *list = NULL, *end = NULL, *node = first;
    bool has_marker = false, was_list = false;
    int balance = 0;

    *out_list = NULL;
    for (int i = 0; node && i < RUN_MAX; i++, node = cmark_node_next(node)) {
        const struct fl_content_tag *tag = fl_content_node_marker(tags, node);

        if (is_list(node)) {
            if (was_list || (list && !is_same_kind(list, node)))
                break;
            list = list ? list : node;
        } else if (!tag || !balance_of(tag)) {
            break;
        } else {
            balance += balance_of(tag);
            has_marker = true;
        }
        was_list = is_list(node);
        if (balance < 0)
            break;
        if (balance == 0 && list && has_marker)
            end = node;
    }
    *out_list = list;
    return end;
}

/* A marker as an item of a list, which alone can stand there. */
static cmark_node *item_of(cmark_node *marker)
{
    cmark_node *item = cmark_node_new(CMARK_NODE_ITEM);

    cmark_node_unlink(marker);
    cmark_node_append_child(item, marker);
    return item;
}

static void items_move(cmark_node *from, cmark_node *to)
{
    cmark_node *item, *next;

    for (item = cmark_node_first_child(from); item; item = next) {
        next = cmark_node_next(item);
        cmark_node_append_child(to, item);
    }
    cmark_node_unlink(from);
    cmark_node_free(from);
}

/* Makes one list of the run, its markers items; returns what follows the run. */
static cmark_node *run_join(cmark_node *first, cmark_node *end, cmark_node *list)
{
    cmark_node *node, *next, *behind = cmark_node_next(end);
    cmark_node *top = cmark_node_first_child(list);
    bool is_before = true;

    for (node = first; node != behind; node = next) {
        next = cmark_node_next(node);
        if (node == list)
            is_before = false;
        else if (is_list(node))
            items_move(node, list);
        else if (is_before)
            cmark_node_insert_before(top, item_of(node));
        else
            cmark_node_append_child(list, item_of(node));
    }
    return behind;
}

static void lists_join(const struct fl_content_tags *tags, cmark_node *container)
{
    cmark_node *node = cmark_node_first_child(container);

    while (node) {
        cmark_node *list, *end = run_end(tags, node, &list);

        node = end ? run_join(node, end, list) : cmark_node_next(node);
    }
}

bool fl_content_is_list_with_markers(const struct fl_content_tags *tags, cmark_node *list)
{
    for (cmark_node *item = cmark_node_first_child(list); item; item = cmark_node_next(item)) {
        cmark_node *child = cmark_node_first_child(item);

        if (child && fl_content_node_marker(tags, child))
            return true;
    }
    return false;
}

cmark_node *fl_content_markdown_parse(const struct fl_content_tags *tags, const char *text,
                                      size_t len, cmark_parser **out_parser)
{
    static const char *const extensions[] = {"table", "strikethrough", "autolink"};
    cmark_parser *parser;
    cmark_node *document, *node;
    cmark_event_type event;
    cmark_iter *iter;

    cmark_gfm_core_extensions_ensure_registered();
    parser = cmark_parser_new(CMARK_OPT_UNSAFE);
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(extensions[i]));
    cmark_parser_feed(parser, text, len);
    document = cmark_parser_finish(parser);
    /* Children are joined when their container is left, so the walk does not see them again. */
    iter = cmark_iter_new(document);
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        node = cmark_iter_get_node(iter);
        if (event == CMARK_EVENT_EXIT &&
            (cmark_node_get_type(node) & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_BLOCK)
            lists_join(tags, node);
    }
    cmark_iter_free(iter);
    *out_parser = parser;
    return document;
}

/* ---- HTML ------------------------------------------------------------------------------------*/

enum { ROW_MAX = 8192 }; /* bytes of a table row that is looked at for a marker */

/* Mail programs cut style sheets, so what matters stands in the elements.  Margins are on the
 * items, not on the list: a list whose items are all left out takes no room. */
static const struct {
    const char *tag; /* as the renderer writes it */
    const char *with;
    const char *style;
} styles[] = {
    {"<p", ">", "margin:0 0 16px"},
    {"<h1", ">", "margin:0 0 16px;font-size:26px;line-height:1.3;font-weight:700"},
    {"<h2", ">", "margin:28px 0 12px;font-size:20px;line-height:1.35;font-weight:700"},
    {"<h3", ">", "margin:24px 0 8px;font-size:17px;line-height:1.4;font-weight:700"},
    {"<ul", ">", "margin:0;padding:0 0 0 24px"},
    {"<ol", ">", "margin:0;padding:0 0 0 24px"},
    {"<ol", " start=", "margin:0;padding:0 0 0 24px"},
    {"<li", ">", "margin:0 0 10px"},
    {"<a", " href=", "color:#1d4ed8;text-decoration:underline"},
    {"<img", " src=", "display:block;max-width:100%;height:auto;border:0"},
    {"<blockquote", ">",
     "margin:0 0 16px;padding:4px 0 4px 16px;border-left:3px solid #94a3b8;color:#475569"},
    {"<hr", " />", "margin:28px 0;border:0;border-top:1px solid #d9dee7"},
    {"<pre", ">",
     "margin:0 0 16px;padding:12px 14px;background:#f1f4f9;border-radius:6px;font-size:14px;"
     "line-height:1.5;white-space:pre-wrap;overflow-wrap:anywhere"},
    {"<table", ">", "width:100%;margin:0 0 20px;border-collapse:collapse;font-size:15px"},
    {"<th", ">", "padding:8px 10px;border-bottom:2px solid #94a3b8;text-align:left"},
    {"<td", ">", "padding:8px 10px;border-bottom:1px solid #d9dee7;vertical-align:top"},
    {"<th", " align=", "padding:8px 10px;border-bottom:2px solid #94a3b8"},
    {"<td", " align=", "padding:8px 10px;border-bottom:1px solid #d9dee7;vertical-align:top"},
};

struct styler {
    const struct fl_content_tags *tags;
    bool is_styled;
};

static bool starts(const char *s, const char *word)
{
    return !strncmp(s, word, strlen(word));
}

/* True when the element has a style of its own. */
static bool has_style(const char *element)
{
    const char *end = strchr(element, '>');

    return end && memmem(element, (size_t)(end - element), "style=", 6);
}

static size_t style_put(const struct styler *styler, const char *html, struct fl_buf *out)
{
    if (!styler->is_styled)
        return 0;
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        size_t n = strlen(styles[i].tag);

        if (starts(html, styles[i].tag) && starts(html + n, styles[i].with) && !has_style(html)) {
            fl_buf_printf(out, "%s style=\"%s\"", styles[i].tag, styles[i].style);
            return n;
        }
    }
    return 0;
}

/* A table row or list item that only carries a marker: the marker alone. */
static size_t marker_put(const struct fl_content_tags *tags, const char *html, const char *end,
                         struct fl_buf *out)
{
    size_t len = strnlen(html, ROW_MAX);
    const char *stop = memmem(html, len, end, strlen(end));
    struct fl_buf inner = FL_BUF(ROW_MAX);
    const struct fl_content_tag *tag;

    if (!stop)
        return 0;
    for (const char *p = html + 4; p < stop; p++) {
        if (*p == '<' && p[1] != '!')
            p = memchr(p, '>', (size_t)(stop - p)) ?: stop;
        else
            fl_buf_putc(&inner, *p);
    }
    tag = fl_content_tags_marker(tags, inner.data, inner.len);
    if (tag)
        fl_buf_printf(out, "%s%zuz\n", tags->prefix, (size_t)(tag - tags->items));
    fl_buf_finish(&inner);
    stop += strlen(end);
    return tag ? (size_t)(stop - html) + (*stop == '\n') : 0;
}

/* A paragraph that is one strong link is a button. */
static size_t button_put(const struct styler *styler, const char *html, struct fl_buf *out)
{
    static const char begin[] = "<p><strong><a href=\"", end[] = "</a></strong></p>";
    const char *url = html + sizeof begin - 1, *text, *stop;

    if (!starts(html, begin))
        return 0;
    stop = strstr(url, "</");
    text = strchr(url, '>');
    if (!stop || !text || text > stop || !starts(stop, end) || text[-1] != '"' ||
        memchr(text, '<', (size_t)(stop - text)))
        return 0;
    if (!styler->is_styled) {
        fl_buf_printf(out, "<p><a class=\"button\" href=\"%.*s%.*s</a></p>", (int)(text - url), url,
                      (int)(stop - text), text);
        return (size_t)(stop - html) + sizeof end - 1;
    }
    fl_buf_printf(out,
                  "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
                  "style=\"margin:8px 0 24px\"><tr><td class=\"fl-button\" bgcolor=\"#1d4ed8\" "
                  "style=\"background:#1d4ed8;border-radius:8px;mso-padding-alt:12px 24px\">"
                  "<a href=\"%.*s style=\"color:#ffffff;text-decoration:none;font-weight:600;"
                  "display:inline-block;padding:12px 24px\"%.*s</a></td></tr></table>",
                  (int)(text - url), url, (int)(stop - text), text);
    return (size_t)(stop - html) + sizeof end - 1;
}

static void html_style(const struct styler *styler, const char *html, size_t len,
                       struct fl_buf *out);

/* A paragraph or list item that is one section goes with it. */
static size_t wrapped_put(const struct styler *styler, const char *html, const char *element,
                          const char *end, struct fl_buf *out)
{
    const struct fl_content_tags *tags = styler->tags;
    const char *inner = html + strlen(element), *stop;
    size_t open_len = 0, close_len = 0, len;

    if (!starts(html, element) || !starts(inner, tags->prefix))
        return 0;
    stop = strstr(inner, end);
    if (!stop)
        return 0;
    len = (size_t)(stop - inner);
    if (memmem(inner, len, "<p", 2) || memmem(inner, len, "<ul", 3) ||
        memmem(inner, len, "<ol", 3) ||
        !fl_content_tags_wrap(tags, inner, len, &open_len, &close_len))
        return 0;
    fl_buf_add(out, inner, open_len);
    if (!style_put(styler, html, out))
        fl_buf_add(out, element, strlen(element) - 1);
    fl_buf_putc(out, '>');
    html_style(styler, inner + open_len, len - open_len - close_len, out);
    fl_buf_puts(out, end);
    fl_buf_add(out, stop - close_len, close_len);
    return (size_t)(stop - html) + strlen(end);
}

static void html_style(const struct styler *styler, const char *html, size_t len,
                       struct fl_buf *out)
{
    const char *stop = html + len;

    while (html < stop) {
        const char *element = memchr(html, '<', (size_t)(stop - html)) ?: stop;
        size_t n = (size_t)(element - html);

        fl_buf_add(out, html, n);
        html = element;
        if (html == stop)
            break;
        n = starts(html, "<tr>") ? marker_put(styler->tags, html, "</tr>", out) : 0;
        if (!n && starts(html, "<li>"))
            n = marker_put(styler->tags, html, "</li>", out);
        if (!n)
            n = button_put(styler, html, out);
        if (!n)
            n = wrapped_put(styler, html, "<p>", "</p>", out);
        if (!n)
            n = wrapped_put(styler, html, "<li>", "</li>", out);
        if (!n)
            n = style_put(styler, html, out);
        if (!n) {
            fl_buf_putc(out, '<');
            n = 1;
        }
        html += n;
    }
}

void fl_content_markdown_html(const struct fl_content_tags *tags, cmark_node *document,
                              cmark_parser *parser, bool is_styled, struct fl_buf *out)
{
    const struct styler styler = {.tags = tags, .is_styled = is_styled};
    struct fl_buf plain = FL_BUF(FL_CONTENT_WORK_MAX), styled = FL_BUF(FL_CONTENT_WORK_MAX);
    char *html =
        cmark_render_html(document, CMARK_OPT_UNSAFE, cmark_parser_get_syntax_extensions(parser));

    fl_content_plain_put(html, strlen(html), &plain);
    free(html);
    html_style(&styler, plain.data, plain.len, &styled);
    fl_content_tags_restore(tags, styled.data, styled.len, out);
    out->has_failed = out->has_failed || fl_buf_failed(&plain) || fl_buf_failed(&styled);
    fl_buf_finish(&plain);
    fl_buf_finish(&styled);
}
