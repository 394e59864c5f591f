/*
 * HTML as plain text, over gumbo.
 *
 * gumbo builds a tree whose size and depth the sender decides, frees it recursively and does not
 * expect an allocation to fail.  Hence it gets a pool with an end, left by longjmp, that is freed
 * whole; and HTML of unreasonable depth never reaches it.  What gumbo may not see is stripped of
 * its tags by a loop.
 */
#include <gumbo.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "feedback/feedback_private.h"

enum {
    POOL_MAX = 64 << 20,
    POOL_BLOCK = 256 << 10,
    HTML_MAX = 2 * FL_FEEDBACK_TEXT_MAX,
    DEPTH_MAX = 400,
    ATTRIBUTES_MAX = 2000, /* of one tag, by what separates them */
    QUOTE_DEPTH_MAX = 10
};

struct pool_block {
    struct pool_block *next;
    _Alignas(16) unsigned char data[];
};

struct pool {
    struct pool_block *blocks;
    size_t used, cap; /* of the newest block */
    size_t total;
    jmp_buf full;
};

static void *pool_alloc(void *ctx, size_t size)
{
    struct pool *pool = ctx;

    size = (size + 15) & ~(size_t)15;
    if (!pool->blocks || pool->cap - pool->used < size) {
        size_t cap = size > POOL_BLOCK ? size : POOL_BLOCK;
        struct pool_block *block = NULL;

        if (pool->total + cap <= POOL_MAX)
            block = malloc(sizeof *block + cap);
        if (!block)
            longjmp(pool->full, 1);
        block->next = pool->blocks;
        pool->blocks = block;
        pool->used = 0;
        pool->cap = cap;
        pool->total += cap;
    }
    pool->used += size;
    return pool->blocks->data + pool->used - size;
}

static void pool_free(void *ctx, void *p)
{
    (void)ctx;
    (void)p;
}

static void pool_finish(struct pool *pool)
{
    while (pool->blocks) {
        struct pool_block *next = pool->blocks->next;

        free(pool->blocks);
        pool->blocks = next;
    }
}

/* --- writing text ------------------------------------------------------------------------------*/

struct writer {
    struct fl_buf out;
    int quote_depth;
    bool wants_space;
    int wants_newlines;
};

static void begin_text(struct writer *w)
{
    if (w->out.len == 0)
        w->wants_newlines = 1;
    if (w->wants_newlines) {
        for (int i = w->out.len == 0; i < w->wants_newlines; i++) {
            fl_buf_putc(&w->out, '\n');
            if (i + 1 < w->wants_newlines && w->quote_depth)
                fl_buf_putc(&w->out, '>');
        }
        for (int i = 0; i < w->quote_depth && i < QUOTE_DEPTH_MAX; i++)
            fl_buf_puts(&w->out, i + 1 == w->quote_depth || i + 1 == QUOTE_DEPTH_MAX ? "> " : ">");
    } else if (w->wants_space) {
        fl_buf_putc(&w->out, ' ');
    }
    w->wants_newlines = 0;
    w->wants_space = false;
}

static void write_text(struct writer *w, const char *s, bool is_preformatted)
{
    while (*s) {
        bool is_nbsp = (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] == 0xa0;

        if (is_preformatted && *s == '\n') {
            w->wants_newlines++;
            s++;
        } else if (is_nbsp || strchr(" \t\r\n\f", *s)) {
            w->wants_space = true;
            s += is_nbsp ? 2 : 1;
        } else {
            begin_text(w);
            while (*s && !strchr(" \t\r\n\f", *s) &&
                   !((unsigned char)s[0] == 0xc2 && (unsigned char)s[1] == 0xa0))
                fl_buf_putc(&w->out, *s++);
        }
    }
}

static void want_newlines(struct writer *w, int n)
{
    if (n == 0)
        return;
    if (w->wants_newlines < n)
        w->wants_newlines = n;
    w->wants_space = false;
}

/* --- the tree ----------------------------------------------------------------------------------*/

static bool is_hidden(GumboTag tag)
{
    return tag == GUMBO_TAG_SCRIPT || tag == GUMBO_TAG_STYLE || tag == GUMBO_TAG_HEAD ||
           tag == GUMBO_TAG_TITLE || tag == GUMBO_TAG_TEMPLATE || tag == GUMBO_TAG_NOSCRIPT ||
           tag == GUMBO_TAG_SVG || tag == GUMBO_TAG_IFRAME || tag == GUMBO_TAG_OBJECT;
}

/* How many line ends stand before and after an element. */
static int newlines_around(GumboTag tag)
{
    switch (tag) {
    case GUMBO_TAG_P:
    case GUMBO_TAG_BLOCKQUOTE:
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_H1:
    case GUMBO_TAG_H2:
    case GUMBO_TAG_H3:
    case GUMBO_TAG_H4:
        return 2;
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_LI:
    case GUMBO_TAG_DT:
    case GUMBO_TAG_DD:
    case GUMBO_TAG_HR:
    case GUMBO_TAG_SECTION:
    case GUMBO_TAG_ARTICLE:
    case GUMBO_TAG_HEADER:
    case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_CENTER:
    case GUMBO_TAG_H5:
    case GUMBO_TAG_H6:
    case GUMBO_TAG_FORM:
    case GUMBO_TAG_CAPTION:
        return 1;
    default:
        return 0;
    }
}

/* Containers in which mail programs put what they quote; class or id begins so. */
static bool is_quotation(const GumboElement *element)
{
    static const char *const marks[] = {
        "gmail_attr",       "yahoo_quoted",   "moz-cite-prefix", "moz-forward",
        "protonmail_quote", "tutanota_quote", "zmail_extra",     "OutlookMessageHeader",
        "isReplyContent",   "reply-intro",    "divRplyFwdMsg",   "mailcontent_quot",
        "naver_quote",      "hanmail_quote",  "AOLMsgPart",
    };
    static const char *const names[] = {"class", "id"};

    if (element->tag == GUMBO_TAG_BLOCKQUOTE)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const GumboAttribute *attribute = gumbo_get_attribute(&element->attributes, names[i]);

        for (size_t k = 0; attribute && k < sizeof marks / sizeof marks[0]; k++)
            if (fl_str_starts_with(attribute->value, marks[k]))
                return true;
    }
    return false;
}

static bool walk(struct writer *w, const GumboNode *node, int depth, bool is_preformatted);

static bool walk_element(struct writer *w, const GumboElement *element, int depth,
                         bool is_preformatted)
{
    int newlines = newlines_around(element->tag);
    bool is_quote = is_quotation(element), has_reached_all = true;

    if (is_hidden(element->tag))
        return true;
    if (element->tag == GUMBO_TAG_BR) {
        w->wants_newlines++;
        w->wants_space = false;
        return true;
    }
    if (element->tag == GUMBO_TAG_TD || element->tag == GUMBO_TAG_TH)
        w->wants_space = true;
    want_newlines(w, newlines);
    if (is_quote)
        want_newlines(w, 1);
    w->quote_depth += is_quote;
    for (unsigned i = 0; i < element->children.length; i++)
        has_reached_all &= walk(w, element->children.data[i], depth + 1,
                                is_preformatted || element->tag == GUMBO_TAG_PRE);
    w->quote_depth -= is_quote;
    want_newlines(w, newlines);
    if (is_quote)
        want_newlines(w, 1);
    return has_reached_all;
}

static bool walk(struct writer *w, const GumboNode *node, int depth, bool is_preformatted)
{
    if (depth > DEPTH_MAX)
        return false;
    switch (node->type) {
    case GUMBO_NODE_TEXT:
    case GUMBO_NODE_WHITESPACE:
    case GUMBO_NODE_CDATA:
        write_text(w, node->v.text.text, is_preformatted);
        return true;
    case GUMBO_NODE_ELEMENT:
        return walk_element(w, &node->v.element, depth, is_preformatted);
    default:
        return true;
    }
}

/* --- without a tree ----------------------------------------------------------------------------*/

/* Elements that need no end tag, and so say nothing about depth. */
static bool is_void_tag(const char *name)
{
    static const char *const tags[] = {"br",  "img",   "p",      "li",    "td",   "tr", "th",
                                       "hr",  "meta",  "link",   "input", "dt",   "dd", "o:p",
                                       "col", "tbody", "option", "wbr",   "area", "!"};

    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        size_t n = strlen(tags[i]);

        if (strncasecmp(name, tags[i], n) == 0 &&
            (name[n] == '>' || name[n] == '/' || name[n] == ' ' || name[n] == '\n' ||
             tags[i][0] == '!'))
            return true;
    }
    return false;
}

/* Neither deeper nor with more attributes than anybody writes: gumbo compares each with each. */
static bool is_reasonable(const char *html, size_t len)
{
    size_t blanks_in_tag = 0;
    bool is_in_tag = false;
    long depth = 0;

    if (len > HTML_MAX || memchr(html, '\0', len))
        return false;
    for (size_t i = 0; i + 1 < len; i++) {
        if (html[i] == '>')
            is_in_tag = false;
        else if (is_in_tag && strchr(" \t\n\r\f/\"'", html[i]) && ++blanks_in_tag > ATTRIBUTES_MAX)
            return false;
        if (html[i] != '<')
            continue;
        is_in_tag = true;
        blanks_in_tag = 0;
        if (html[i + 1] == '/')
            depth -= depth > 0;
        else if (!is_void_tag(html + i + 1))
            depth++;
        if (depth > DEPTH_MAX)
            return false;
    }
    return true;
}

static void strip_tags(struct writer *w, const char *html, size_t len)
{
    const char *end = html + len;

    while (html < end) {
        const char *open = memchr(html, '<', (size_t)(end - html));
        const char *stop = open ? open : end;

        for (; html < stop; html++) {
            char c[2] = {*html, '\0'};

            if (*html)
                write_text(w, c, false);
        }
        if (!open)
            break;
        stop = memchr(open, '>', (size_t)(end - open));
        want_newlines(w, 1);
        html = stop ? stop + 1 : end;
    }
}

static bool parse_and_walk(struct writer *w, struct pool *pool, const char *html, size_t len)
{
    GumboOptions options = kGumboDefaultOptions;

    options.allocator = pool_alloc;
    options.deallocator = pool_free;
    options.userdata = pool;
    options.max_errors = 0;
    return walk(w, gumbo_parse_with_options(&options, html, len)->root, 0, false);
}

static bool write_tree(struct writer *w, const char *html, size_t len)
{
    struct pool pool = {.blocks = NULL};
    volatile bool is_whole = false;

    if (setjmp(pool.full) == 0)
        is_whole = parse_and_walk(w, &pool, html, len);
    pool_finish(&pool);
    return is_whole;
}

enum fl_status fl_feedback_html_text(struct fl_arena *arena, const char *html, size_t len,
                                     const char **out, struct fl_error *err)
{
    struct writer w = {.out = FL_BUF(4 * (size_t)FL_FEEDBACK_TEXT_MAX)};
    const char *text;

    html = fl_arena_strndup(arena, html, len); /* what follows looks one byte ahead */
    if (!html)
        return fl_feedback_no_memory(err);
    if (!is_reasonable(html, len) || !write_tree(&w, html, len)) {
        fl_buf_reset(&w.out);
        w.quote_depth = 0;
        w.wants_newlines = 0;
        strip_tags(&w, html, len);
    }
    text = fl_feedback_to_utf8(arena, "utf-8", w.out.data,
                               fl_feedback_utf8_cut(w.out.data, w.out.len, FL_FEEDBACK_TEXT_MAX));
    fl_buf_finish(&w.out);
    if (!text)
        return fl_feedback_no_memory(err);
    *out = text;
    return FL_OK;
}
