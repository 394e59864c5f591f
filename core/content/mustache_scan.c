#include "content/mustache_private.h"

#include <stdio.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
    return is_blank(c) || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

void fl_tag_scan_init(struct fl_tag_scan *scan, const char *text, size_t len, const char *open,
                      const char *close)
{
    *scan = (struct fl_tag_scan){.text = text, .len = len};
    strncpy(scan->open, open ? open : "{{", FL_MUSTACHE_DELIMITER_MAX);
    strncpy(scan->close, close ? close : "}}", FL_MUSTACHE_DELIMITER_MAX);
}

/* Offset of `needle` in from..to; `to` when there is none. */
static size_t find(const struct fl_tag_scan *scan, size_t from, size_t to, const char *needle)
{
    const char *hit =
        from < to ? memmem(scan->text + from, to - from, needle, strlen(needle)) : NULL;

    return hit ? (size_t)(hit - scan->text) : to;
}

static void tag_trim(struct fl_tag *tag, const char *text, size_t from, size_t to)
{
    while (from < to && is_space(text[from]))
        from++;
    while (to > from && is_space(text[to - 1]))
        to--;
    tag->name = text + from;
    tag->name_len = to - from;
}

static enum fl_tag_kind kind_of(char c)
{
    switch (c) {
    case '#':
        return FL_TAG_SECTION;
    case '^':
        return FL_TAG_INVERTED;
    case '/':
        return FL_TAG_CLOSE;
    case '>':
        return FL_TAG_PARTIAL;
    case '!':
        return FL_TAG_COMMENT;
    case '=':
        return FL_TAG_DELIMITERS;
    case '{':
    case '&':
        return FL_TAG_RAW;
    default:
        return FL_TAG_VARIABLE;
    }
}

/* Takes the word at *pos as a delimiter. */
static bool delimiter_take(const struct fl_tag *tag, size_t *pos,
                           char out[FL_MUSTACHE_DELIMITER_MAX + 1])
{
    size_t start, len;

    while (*pos < tag->name_len && is_space(tag->name[*pos]))
        ++*pos;
    start = *pos;
    while (*pos < tag->name_len && !is_space(tag->name[*pos]))
        ++*pos;
    len = *pos - start;
    if (!len || len > FL_MUSTACHE_DELIMITER_MAX || memchr(tag->name + start, '=', len))
        return false;
    memcpy(out, tag->name + start, len);
    out[len] = '\0';
    return true;
}

static const char *delimiters_set(struct fl_tag_scan *scan, const struct fl_tag *tag)
{
    char open[FL_MUSTACHE_DELIMITER_MAX + 1], close[FL_MUSTACHE_DELIMITER_MAX + 1];
    size_t pos = 0;

    if (!delimiter_take(tag, &pos, open) || !delimiter_take(tag, &pos, close) ||
        pos != tag->name_len)
        return "delimiters must be two words of at most 8 bytes without \"=\"";
    memcpy(scan->open, open, sizeof open);
    memcpy(scan->close, close, sizeof close);
    return NULL;
}

/* A name is one word; its parts, between dots, are not empty; "." alone is the current item. */
static const char *name_problem(const struct fl_tag *tag)
{
    const char *name = tag->name;
    size_t len = tag->name_len;

    if (!len)
        return "tag without a name";
    for (size_t i = 0; i < len; i++)
        if (is_space(name[i]))
            return "name with white space in it";
    if (len == 1 && name[0] == '.')
        return NULL;
    if (tag->kind == FL_TAG_PARTIAL)
        return NULL;
    if (name[0] == '.' || name[len - 1] == '.' || memmem(name, len, "..", 2))
        return "name with an empty part before or behind a dot";
    return NULL;
}

static const char *tag_problem(struct fl_tag_scan *scan, const struct fl_tag *tag)
{
    if (tag->kind == FL_TAG_COMMENT)
        return NULL;
    if (tag->kind == FL_TAG_DELIMITERS)
        return delimiters_set(scan, tag);
    return name_problem(tag);
}

/* Where the closing `ending` stands.  A tag other than a comment ends before the next one begins:
 * so the fault is found where it is, and no stretch of text is searched twice. */
static bool ending_find(struct fl_tag_scan *scan, enum fl_tag_kind kind, size_t from,
                        const char *ending, size_t *out_at)
{
    size_t next = scan->len, limit;

    if (kind != FL_TAG_COMMENT && kind != FL_TAG_DELIMITERS)
        next = find(scan, from, scan->len, scan->open);
    limit = scan->len - next > strlen(ending) ? next + strlen(ending) : scan->len;
    *out_at = find(scan, from, limit, ending);
    if (*out_at < limit)
        return true;
    scan->pos = next;
    return false;
}

enum fl_tag_found fl_tag_scan_next(struct fl_tag_scan *scan, struct fl_tag *tag,
                                   const char **out_reason)
{
    const char *before_close = "";
    char ending[FL_MUSTACHE_DELIMITER_MAX + 2];
    size_t start = find(scan, scan->pos, scan->len, scan->open);
    size_t from = start + strlen(scan->open), to;

    if (start == scan->len)
        return FL_TAG_NONE;
    *tag = (struct fl_tag){.start = start, .kind = FL_TAG_VARIABLE};
    while (from < scan->len && is_space(scan->text[from]))
        from++;
    if (from < scan->len)
        tag->kind = kind_of(scan->text[from]);
    if (tag->kind != FL_TAG_VARIABLE) {
        if (scan->text[from] == '{')
            before_close = "}";
        else if (tag->kind == FL_TAG_DELIMITERS)
            before_close = "=";
        from++;
    }
    snprintf(ending, sizeof ending, "%s%s", before_close, scan->close);
    if (!ending_find(scan, tag->kind, from, ending, &to)) {
        *out_reason = "tag is never closed";
        return FL_TAG_FAULT;
    }
    tag->end = to + strlen(ending);
    scan->pos = tag->end;
    tag_trim(tag, scan->text, from, to);
    *out_reason = tag_problem(scan, tag);
    return *out_reason ? FL_TAG_FAULT : FL_TAG_FOUND;
}

bool fl_tag_is_standalone(const struct fl_tag_scan *scan, const struct fl_tag *tag,
                          size_t *out_start, size_t *out_end)
{
    size_t start = tag->start, end = tag->end;

    if (tag->kind == FL_TAG_VARIABLE || tag->kind == FL_TAG_RAW)
        return false;
    while (start && is_blank(scan->text[start - 1]))
        start--;
    if (start && scan->text[start - 1] != '\n')
        return false;
    while (end < scan->len && is_blank(scan->text[end]))
        end++;
    if (end < scan->len && scan->text[end] == '\r' && end + 1 < scan->len &&
        scan->text[end + 1] == '\n')
        end++;
    if (end < scan->len && scan->text[end] != '\n')
        return false;
    *out_start = start;
    *out_end = end < scan->len ? end + 1 : end;
    return true;
}
