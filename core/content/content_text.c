#include "content/content_private.h"

#include <stdio.h>
#include <string.h>

#include <cmark-gfm-core-extensions.h>

#include "base/file.h"

enum { LEVELS_MAX = 32, PREFIX_MAX = 256, BULLET_SIZE = 16 };

/* Quotations and list items a line stands in: what is written before it. */
struct writer {
    const struct fl_content_tags *tags;
    struct fl_buf *out;
    char prefix[PREFIX_MAX + 1];
    char first[PREFIX_MAX + 1]; /* of the next line, which has the bullets */
    size_t lens[LEVELS_MAX];    /* prefix lengths to go back to */
    size_t n_levels;
    bool has_first;
    bool is_in_line;
    char code;         /* of the line to begin */
    size_t line_start; /* of the line being written, and of what follows its prefix */
    size_t body_start;
    size_t link_start;
    size_t n_cells;
    bool is_short;
};

static void line_begin(struct writer *w)
{
    if (w->is_in_line)
        return;
    w->line_start = w->out->len;
    if (w->code)
        fl_buf_putc(w->out, w->code);
    fl_buf_puts(w->out, w->has_first ? w->first : w->prefix);
    w->body_start = w->out->len;
    w->has_first = false;
    w->is_in_line = true;
}

/* A line that is one section goes with it: its tags get lines of their own around it. */
static void line_unwrap(struct writer *w)
{
    struct fl_buf FL_AUTO_BUF line = FL_BUF(FL_CONTENT_WORK_MAX);
    const char *inner = w->out->data + w->body_start;
    size_t len = w->out->len - w->body_start, open_len = 0, close_len = 0;

    if (w->body_start > w->out->len ||
        !fl_content_tags_wrap(w->tags, inner, len, &open_len, &close_len))
        return;
    fl_buf_add(&line, inner, open_len);
    fl_buf_putc(&line, '\n');
    fl_buf_add(&line, w->out->data + w->line_start, w->body_start - w->line_start);
    fl_buf_add(&line, inner + open_len, len - open_len - close_len);
    fl_buf_putc(&line, '\n');
    fl_buf_add(&line, inner + len - close_len, close_len);
    w->out->len = w->line_start;
    fl_buf_add(w->out, line.data, line.len);
}

static void line_end(struct writer *w)
{
    if (w->is_in_line) {
        line_unwrap(w);
        fl_buf_putc(w->out, '\n');
    }
    w->is_in_line = false;
    w->code = 0;
}

static void empty_line(struct writer *w)
{
    line_end(w);
    fl_buf_putc(w->out, '\n');
}

static void text_put(struct writer *w, const char *text)
{
    line_begin(w);
    fl_content_plain_put(text, strlen(text), w->out);
}

static void lines_put(struct writer *w, const char *text, char code, const char *indent)
{
    while (*text) {
        size_t len = strcspn(text, "\n");

        w->code = code;
        line_begin(w);
        fl_buf_puts(w->out, indent);
        fl_content_plain_put(text, len, w->out);
        line_end(w);
        text += len + (text[len] == '\n');
    }
}

/* A tag that must stand alone on its line, so that the line goes with it. */
static void marker_put(struct writer *w, const struct fl_content_tag *tag)
{
    line_end(w);
    fl_buf_printf(w->out, "%s%zuz\n", w->tags->prefix, (size_t)(tag - w->tags->items));
}

static void level_enter(struct writer *w, const char *mark, bool is_item)
{
    size_t len = strlen(w->prefix), n = strlen(mark);

    if (w->n_levels < LEVELS_MAX)
        w->lens[w->n_levels] = len;
    w->n_levels++;
    if (w->n_levels > LEVELS_MAX || len + n > PREFIX_MAX)
        return;
    if (!w->has_first)
        memcpy(w->first, w->prefix, len + 1);
    w->has_first = w->has_first || is_item;
    strncat(w->first, mark, PREFIX_MAX - strlen(w->first));
    if (is_item)
        memset(w->prefix + len, ' ', n);
    else
        memcpy(w->prefix + len, mark, n);
    w->prefix[len + n] = '\0';
}

static void level_leave(struct writer *w)
{
    w->n_levels--;
    if (w->n_levels < LEVELS_MAX)
        w->prefix[w->lens[w->n_levels]] = '\0';
    w->has_first = false;
}

static bool is_in_tight_list(cmark_node *node)
{
    cmark_node *item = cmark_node_parent(node);
    cmark_node *list = item ? cmark_node_parent(item) : NULL;

    return list && cmark_node_get_type(list) == CMARK_NODE_LIST && cmark_node_get_list_tight(list);
}

static void block_end(struct writer *w, cmark_node *node)
{
    if (is_in_tight_list(node))
        line_end(w);
    else
        empty_line(w);
}

/* Numbers are left out where a section decides how many items there are.  A list carries the
 * number of its next item, counted from 1; 0 is none. */
static void list_enter(struct writer *w, cmark_node *list)
{
    intptr_t next = 0;

    if (cmark_node_get_list_type(list) == CMARK_ORDERED_LIST &&
        !fl_content_is_list_with_markers(w->tags, list))
        next = (intptr_t)cmark_node_get_list_start(list) + 1;
    cmark_node_set_user_data(list, (void *)next);
}

static void item_enter(struct writer *w, cmark_node *item)
{
    cmark_node *list = cmark_node_parent(item);
    intptr_t next = (intptr_t)cmark_node_get_user_data(list);
    char bullet[BULLET_SIZE] = "- ";

    if (next) {
        snprintf(bullet, sizeof bullet, "%d. ", (int)(next - 1));
        cmark_node_set_user_data(list, (void *)(next + 1));
    }
    level_enter(w, bullet, true);
}

/* Text and URL of a link may hold the same tag in different places. */
static bool is_same_text(const struct writer *w, const char *a, size_t a_len, const char *b)
{
    struct fl_buf FL_AUTO_BUF left = FL_BUF(FL_CONTENT_WORK_MAX);
    struct fl_buf FL_AUTO_BUF right = FL_BUF(FL_CONTENT_WORK_MAX);

    fl_content_tags_restore(w->tags, a, a_len, &left);
    fl_content_tags_restore(w->tags, b, strlen(b), &right);
    return !strcmp(left.data, right.data);
}

/* A paragraph that is one strong link: the colon says what the address is for. */
static bool is_button(cmark_node *link)
{
    cmark_node *strong = cmark_node_parent(link), *paragraph = cmark_node_parent(strong);

    return cmark_node_get_type(strong) == CMARK_NODE_STRONG && !cmark_node_previous(link) &&
           !cmark_node_next(link) && !cmark_node_previous(strong) && !cmark_node_next(strong) &&
           cmark_node_get_type(paragraph) == CMARK_NODE_PARAGRAPH;
}

static void link_end(struct writer *w, cmark_node *node)
{
    const char *url = cmark_node_get_url(node);
    size_t start = w->link_start < w->out->len ? w->link_start : w->out->len;
    const char *label = w->out->data + start;
    const char *shown = fl_str_starts_with(url, "mailto:") ? url + strlen("mailto:") : url;

    if (*url && !is_same_text(w, label, w->out->len - start, shown)) {
        line_begin(w);
        fl_buf_puts(w->out, !w->is_short ? " <" : is_button(node) ? ": " : " ");
        fl_content_plain_put(shown, strlen(shown), w->out);
        if (!w->is_short)
            fl_buf_putc(w->out, '>');
    }
}

static void inline_html_put(struct writer *w, const char *html)
{
    if (fl_str_starts_with(html, "<br"))
        line_end(w);
}

static void html_block_put(struct writer *w, cmark_node *node)
{
    const struct fl_content_tag *tag = fl_content_node_marker(w->tags, node);
    struct fl_buf FL_AUTO_BUF text = FL_BUF(FL_CONTENT_WORK_MAX);

    if (tag) {
        marker_put(w, tag);
        return;
    }
    fl_content_html_strip(w->tags, cmark_node_get_literal(node), &text);
    for (char *line = text.data; *line;) {
        size_t len = strcspn(line, "\n");
        const struct fl_content_tag *alone = fl_content_tags_marker(w->tags, line, len);
        char end = line[len];

        line[len] = '\0';
        if (alone)
            marker_put(w, alone);
        else
            lines_put(w, line, 0, "");
        line += len + (end != '\0');
    }
    empty_line(w);
}

/* ---- tables ----------------------------------------------------------------------------------*/

static bool is_type(cmark_node *node, const char *type)
{
    return !strcmp(cmark_node_get_type_string(node), type);
}

/* The marker of a row that has nothing else. */
static const struct fl_content_tag *row_marker(const struct writer *w, cmark_node *row)
{
    cmark_node *cell = cmark_node_first_child(row), *text = cmark_node_first_child(cell);
    const char *literal;

    if (!text || cmark_node_next(text) || cmark_node_get_type(text) != CMARK_NODE_TEXT)
        return NULL;
    for (cmark_node *c = cmark_node_next(cell); c; c = cmark_node_next(c))
        if (cmark_node_first_child(c))
            return NULL;
    literal = cmark_node_get_literal(text);
    return fl_content_tags_marker(w->tags, literal, strlen(literal));
}

/* True: handled; on entering a row that is a marker, the walk is to go on behind it. */
static bool table_event(struct writer *w, cmark_node *node, bool is_enter, bool *out_skip)
{
    if (is_type(node, "table")) {
        if (!is_enter)
            empty_line(w);
    } else if (is_type(node, "table_cell")) {
        if (is_enter && w->n_cells++)
            text_put(w, " | ");
    } else if (is_type(node, "table_row") || is_type(node, "table_header")) {
        const struct fl_content_tag *tag = is_enter ? row_marker(w, node) : NULL;

        w->n_cells = 0;
        if (tag) {
            marker_put(w, tag);
            *out_skip = true;
        } else if (is_enter && is_type(node, "table_header")) {
            w->code = FL_CONTENT_CODE_HEADING;
        } else if (!is_enter) {
            line_end(w);
        }
    } else {
        return false;
    }
    return true;
}

/* ---- the walk --------------------------------------------------------------------------------*/

static void heading_enter(struct writer *w, cmark_node *node)
{
    int level = cmark_node_get_heading_level(node);

    if (w->n_levels)
        return;
    if (level == 1)
        w->code = FL_CONTENT_CODE_TITLE;
    else if (level == 2)
        w->code = FL_CONTENT_CODE_HEADING;
}

static void inline_event(struct writer *w, cmark_node *node, bool is_enter)
{
    cmark_node_type type = cmark_node_get_type(node);

    if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE)
        text_put(w, cmark_node_get_literal(node));
    else if (type == CMARK_NODE_SOFTBREAK)
        text_put(w, " ");
    else if (type == CMARK_NODE_LINEBREAK)
        line_end(w);
    else if (type == CMARK_NODE_HTML_INLINE)
        inline_html_put(w, cmark_node_get_literal(node));
    else if (type == CMARK_NODE_LINK && is_enter) {
        line_begin(w);
        w->link_start = w->out->len;
    } else if (type == CMARK_NODE_LINK) {
        link_end(w, node);
    }
}

static void block_event(struct writer *w, cmark_node *node, bool is_enter)
{
    cmark_node_type type = cmark_node_get_type(node);

    if (type == CMARK_NODE_HEADING && is_enter)
        heading_enter(w, node);
    else if ((type == CMARK_NODE_HEADING || type == CMARK_NODE_PARAGRAPH) && !is_enter)
        block_end(w, node);
    else if (type == CMARK_NODE_BLOCK_QUOTE && is_enter)
        level_enter(w, w->is_short ? "" : "> ", false);
    else if (type == CMARK_NODE_BLOCK_QUOTE)
        level_leave(w);
    else if (type == CMARK_NODE_ITEM && is_enter)
        item_enter(w, node);
    else if (type == CMARK_NODE_ITEM)
        level_leave(w);
    else if (type == CMARK_NODE_LIST && is_enter)
        list_enter(w, node);
    else if (type == CMARK_NODE_LIST)
        block_end(w, node);
    else if (type == CMARK_NODE_HTML_BLOCK)
        html_block_put(w, node);
    else if (type == CMARK_NODE_CODE_BLOCK) {
        lines_put(w, cmark_node_get_literal(node), FL_CONTENT_CODE_VERBATIM,
                  w->is_short ? "" : "    ");
        empty_line(w);
    } else if (type == CMARK_NODE_THEMATIC_BREAK && !w->is_short) {
        text_put(w, "----------");
        empty_line(w);
    }
}

void fl_content_markdown_text(const struct fl_content_tags *tags, cmark_node *document,
                              bool is_short, struct fl_buf *out)
{
    struct writer w = {.tags = tags, .out = out, .is_short = is_short};
    cmark_iter *iter = cmark_iter_new(document);
    cmark_event_type event;

    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter), *child;
        bool is_enter = event == CMARK_EVENT_ENTER, is_skipped = false;

        child = is_enter && cmark_node_get_type(node) == CMARK_NODE_ITEM
                    ? cmark_node_first_child(node)
                    : NULL;
        if (child && fl_content_node_marker(tags, child)) {
            marker_put(&w, fl_content_node_marker(tags, child));
            is_skipped = true;
        } else if (table_event(&w, node, is_enter, &is_skipped)) {
            ;
        } else if ((cmark_node_get_type(node) & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_INLINE) {
            inline_event(&w, node, is_enter);
        } else {
            block_event(&w, node, is_enter);
        }
        if (is_skipped)
            cmark_iter_reset(iter, node, CMARK_EVENT_EXIT);
    }
    cmark_iter_free(iter);
}
