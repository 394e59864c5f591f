#include "content/content_private.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_CAP = 32, PREFIX_TRIES = 1000 };

/* ---- taking out ------------------------------------------------------------------------------*/

/* What the lines written so far say: is the next one inside a table? */
struct lines {
    size_t pos; /* start of the first line not looked at */
    bool is_in_table;
    bool has_bar; /* the line before this one has a column border */
};

static bool is_delimiter_row(const char *line, size_t len)
{
    bool has_dash = false, has_bar = false;

    for (size_t i = 0; i < len; i++) {
        if (!strchr(" \t|:-", line[i]))
            return false;
        has_dash = has_dash || line[i] == '-';
        has_bar = has_bar || line[i] == '|';
    }
    return has_dash && has_bar;
}

static void lines_follow(struct lines *lines, const struct fl_buf *out)
{
    const char *newline;

    while (lines->pos < out->len &&
           (newline = memchr(out->data + lines->pos, '\n', out->len - lines->pos))) {
        const char *line = out->data + lines->pos;
        size_t len = (size_t)(newline - line);

        if (strspn(line, " \t") >= len)
            lines->is_in_table = false;
        else if (lines->has_bar && is_delimiter_row(line, len))
            lines->is_in_table = true;
        lines->has_bar = memchr(line, '|', len) != NULL;
        lines->pos += len + 1;
    }
}

/* A word the source does not hold. */
static bool prefix_choose(const struct fl_content_source *source, char prefix[16])
{
    for (int i = 0; i < PREFIX_TRIES; i++) {
        snprintf(prefix, 16, "mq%dq", i);
        if (!memmem(source->text, source->len, prefix, strlen(prefix)))
            return true;
    }
    return false;
}

static bool tags_add(struct fl_arena *arena, struct fl_content_tags *tags, const struct fl_tag *tag,
                     bool is_marker)
{
    if (tags->n == tags->cap) {
        size_t cap = tags->cap ? tags->cap * 2 : FIRST_CAP;
        struct fl_content_tag *items = FL_ARENA_ARRAY(arena, struct fl_content_tag, cap);

        if (!items)
            return false;
        if (tags->n)
            memcpy(items, tags->items, tags->n * sizeof *items);
        tags->items = items;
        tags->cap = cap;
    }
    tags->items[tags->n++] = (struct fl_content_tag){
        .kind = tag->kind, .name = tag->name, .name_len = tag->name_len, .is_marker = is_marker};
    return true;
}

static bool is_silent(const struct fl_tag *tag)
{
    return tag->kind == FL_TAG_COMMENT || tag->kind == FL_TAG_DELIMITERS;
}

static void marker_put(const struct fl_content_tags *tags, const struct lines *lines,
                       const char *blanks, size_t n_blanks, struct fl_buf *out)
{
    size_t number = tags->n - 1;

    if (lines->is_in_table) {
        fl_buf_printf(out, "%s%zuz\n", tags->prefix, number);
        return;
    }
    fl_buf_add(out, blanks, n_blanks);
    fl_buf_printf(out, "<!--%s%zuz-->\n", tags->prefix, number);
}

/* <{{url}}> is meant as a link, but would look like a tag of HTML. */
static bool is_autolink(const struct fl_content_source *source, const struct fl_tag *tag)
{
    return tag->kind == FL_TAG_VARIABLE && tag->start && source->text[tag->start - 1] == '<' &&
           tag->end < source->len && source->text[tag->end] == '>';
}

bool fl_content_tags_take(struct fl_arena *arena, const struct fl_content_source *source,
                          struct fl_content_tags *tags, struct fl_buf *out)
{
    struct lines lines = {.pos = 0};
    struct fl_tag_scan scan;
    struct fl_tag tag;
    const char *reason;
    size_t done = 0, start, end;

    *tags = (struct fl_content_tags){.n = 0};
    if (!prefix_choose(source, tags->prefix))
        return false;
    fl_tag_scan_init(&scan, source->text, source->len, NULL, NULL);
    while (fl_tag_scan_next(&scan, &tag, &reason) == FL_TAG_FOUND) {
        bool is_alone = fl_tag_is_standalone(&scan, &tag, &start, &end);

        if (!is_silent(&tag) && !tags_add(arena, tags, &tag, is_alone))
            return false;
        if (is_alone) {
            fl_buf_add(out, source->text + done, start - done);
            lines_follow(&lines, out);
            if (!is_silent(&tag))
                marker_put(tags, &lines, source->text + start, tag.start - start, out);
            done = end;
        } else if (is_autolink(source, &tag)) {
            fl_buf_add(out, source->text + done, tag.start - 1 - done);
            fl_buf_printf(out, "[%s%zuz](%s%zuz)", tags->prefix, tags->n - 1, tags->prefix,
                          tags->n - 1);
            done = tag.end + 1;
        } else {
            fl_buf_add(out, source->text + done, tag.start - done);
            if (!is_silent(&tag))
                fl_buf_printf(out, "%s%zuz", tags->prefix, tags->n - 1);
            done = tag.end;
        }
    }
    fl_buf_add(out, source->text + done, source->len - done);
    return !fl_buf_failed(out);
}

/* ---- putting back ----------------------------------------------------------------------------*/

static char sign_of(enum fl_tag_kind kind)
{
    static const char signs[] = {
        [FL_TAG_RAW] = '&',       [FL_TAG_SECTION] = '#', [FL_TAG_INVERTED] = '^',
        [FL_TAG_CLOSE] = '/',     [FL_TAG_PARTIAL] = '>', [FL_TAG_COMMENT] = '!',
        [FL_TAG_DELIMITERS] = '!'};

    return signs[kind];
}

void fl_content_tag_put(const struct fl_content_tag *tag, struct fl_buf *out)
{
    fl_buf_puts(out, FL_CONTENT_TAG_OPEN);
    if (tag->kind != FL_TAG_VARIABLE)
        fl_buf_putc(out, sign_of(tag->kind));
    if (tag->kind != FL_TAG_COMMENT && tag->kind != FL_TAG_DELIMITERS)
        fl_buf_add(out, tag->name, tag->name_len);
    fl_buf_puts(out, FL_CONTENT_TAG_CLOSE);
}

const struct fl_content_tag *fl_content_tags_at(const struct fl_content_tags *tags,
                                                const char *text, size_t len, size_t *out_len)
{
    size_t prefix = strlen(tags->prefix), i = prefix, number = 0;

    if (len <= prefix || memcmp(text, tags->prefix, prefix))
        return NULL;
    for (; i < len && text[i] >= '0' && text[i] <= '9' && number < tags->n; i++)
        number = number * 10 + (size_t)(text[i] - '0');
    if (i == prefix || i == len || text[i] != 'z' || number >= tags->n)
        return NULL;
    *out_len = i + 1;
    return &tags->items[number];
}

static bool skip(const char **text, size_t *len, const char *word)
{
    size_t n = strlen(word);

    if (*len < n || memcmp(*text, word, n))
        return false;
    *text += n;
    *len -= n;
    return true;
}

static void skip_blanks(const char **text, size_t *len)
{
    while (*len && strchr(" \t\n", **text)) {
        ++*text;
        --*len;
    }
}

const struct fl_content_tag *fl_content_tags_marker(const struct fl_content_tags *tags,
                                                    const char *text, size_t len)
{
    const struct fl_content_tag *tag;
    bool is_comment;
    size_t n;

    skip_blanks(&text, &len);
    is_comment = skip(&text, &len, "<!--");
    tag = fl_content_tags_at(tags, text, len, &n);
    if (!tag || !tag->is_marker)
        return NULL;
    text += n;
    len -= n;
    if (is_comment && !skip(&text, &len, "-->"))
        return NULL;
    skip_blanks(&text, &len);
    return len ? NULL : tag;
}

/* Takes "<!--" back from the end of `out`, as such or escaped, when "-->" follows. */
static void comment_drop(const char **text, size_t *len, struct fl_buf *out)
{
    static const char *const signs[][2] = {{"<!--", "-->"}, {"&lt;!--", "--&gt;"}};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t n = strlen(signs[i][0]);

        if (out->len >= n && !memcmp(out->data + out->len - n, signs[i][0], n) &&
            skip(text, len, signs[i][1])) {
            out->len -= n;
            return;
        }
    }
}

void fl_content_tags_restore(const struct fl_content_tags *tags, const char *text, size_t len,
                             struct fl_buf *out)
{
    const struct fl_content_tag *tag;
    const char *hit;
    size_t n;

    while ((hit = memmem(text, len, tags->prefix, strlen(tags->prefix)))) {
        fl_buf_add(out, text, (size_t)(hit - text));
        len -= (size_t)(hit - text);
        text = hit;
        tag = fl_content_tags_at(tags, text, len, &n);
        if (!tag) {
            fl_buf_putc(out, *text++);
            len--;
            continue;
        }
        text += n;
        len -= n;
        if (tag->is_marker)
            comment_drop(&text, &len, out);
        fl_content_tag_put(tag, out);
    }
    fl_buf_add(out, text, len);
}

bool fl_content_tags_wrap(const struct fl_content_tags *tags, const char *text, size_t len,
                          size_t *out_open_len, size_t *out_close_len)
{
    const char *end = text + len, *p = text;
    int balance = 0;
    size_t n;

    while ((p = memmem(p, (size_t)(end - p), tags->prefix, strlen(tags->prefix)))) {
        const struct fl_content_tag *tag = fl_content_tags_at(tags, p, (size_t)(end - p), &n);

        if (!tag) {
            p++;
            continue;
        }
        if (tag->kind == FL_TAG_SECTION || tag->kind == FL_TAG_INVERTED)
            balance++;
        else if (tag->kind == FL_TAG_CLOSE)
            balance--;
        if (p == text)
            *out_open_len = n;
        *out_close_len = n;
        p += n;
        if (balance <= 0)
            return balance == 0 && p == end && tag->kind == FL_TAG_CLOSE &&
                   !memcmp(text, tags->prefix, strlen(tags->prefix));
    }
    return false;
}

/* ---- templates without Markdown --------------------------------------------------------------*/

static void escape_put(const char *text, size_t len, struct fl_buf *out)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '&')
            fl_buf_puts(out, "&amp;");
        else if (text[i] == '<')
            fl_buf_puts(out, "&lt;");
        else if (text[i] == '>')
            fl_buf_puts(out, "&gt;");
        else if (text[i] == '"')
            fl_buf_puts(out, "&quot;");
        else
            fl_buf_putc(out, text[i]);
    }
}

static void plain_put(const char *text, size_t len, bool is_escaped, struct fl_buf *out)
{
    if (is_escaped)
        escape_put(text, len, out);
    else
        fl_buf_add(out, text, len);
}

static void convert(const char *text, size_t len, bool is_escaped, struct fl_buf *out)
{
    struct fl_tag_scan scan;
    struct fl_tag tag;
    const char *reason;
    size_t done = 0;

    fl_tag_scan_init(&scan, text, len, NULL, NULL);
    while (fl_tag_scan_next(&scan, &tag, &reason) == FL_TAG_FOUND) {
        struct fl_content_tag copy = {.kind = tag.kind, .name = tag.name, .name_len = tag.name_len};

        if (is_escaped && copy.kind == FL_TAG_RAW)
            copy.kind = FL_TAG_VARIABLE;
        plain_put(text + done, tag.start - done, is_escaped, out);
        fl_content_tag_put(&copy, out);
        done = tag.end;
    }
    plain_put(text + done, len - done, is_escaped, out);
}

void fl_content_tags_convert(const char *text, size_t len, struct fl_buf *out)
{
    convert(text, len, false, out);
}

void fl_content_tags_convert_html(const char *text, size_t len, struct fl_buf *out)
{
    convert(text, len, true, out);
}
