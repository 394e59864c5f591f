/*
 * The customer's own words, out of what stands around them.
 *
 * Every line goes to exactly one of text, quotation and signature, so nothing is lost.  First the
 * marks of quotation (">", "On ... wrote:", header blocks, "Original Message"), then signatures at
 * the end of each run of own lines.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "feedback/feedback_lines.h"
#include "feedback/feedback_private.h"

/* --- looking at lines --------------------------------------------------------------------------*/

const char *fl_feedback_skip_blanks(const char *p, const char *end)
{
    for (;;) {
        if (p < end && (*p == ' ' || *p == '\t'))
            p++;
        else if (end - p >= 2 && (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] == 0xa0)
            p += 2;
        else
            return p;
    }
}

bool fl_feedback_begins(const char *s, size_t len, const char *word)
{
    size_t n;

    /* Nearly every comparison ends at the first byte; letters differ in one bit. */
    if (!len || ((s[0] ^ word[0]) & ~32))
        return false;
    n = strlen(word);
    return len >= n && strncasecmp(s, word, n) == 0;
}

bool fl_feedback_ends(const char *s, size_t len, const char *word)
{
    size_t n = strlen(word);

    return len >= n && strncasecmp(s + len - n, word, n) == 0;
}

bool fl_feedback_contains(const char *s, size_t len, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= len; i++)
        if (!((s[i] ^ word[0]) & ~32) && strncasecmp(s + i, word, n) == 0)
            return true;
    return false;
}

bool fl_feedback_equals(const char *s, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(s, word, len) == 0;
}

bool fl_feedback_any_of(const char *const *words, fl_feedback_test_fn *test, const char *s,
                        size_t len)
{
    for (; words && *words; words++)
        if (test(s, len, *words))
            return true;
    return false;
}

bool fl_feedback_is_rule(const struct fl_feedback_line *line, char c, size_t min)
{
    for (size_t i = 0; i < line->len; i++)
        if (line->s[i] != c)
            return false;
    return line->len >= min;
}

size_t fl_feedback_next_full(const struct fl_feedback_lines *lines, size_t at)
{
    while (at < lines->n_items && fl_feedback_is_empty(&lines->items[at]))
        at++;
    return at;
}

void fl_feedback_set_part(struct fl_feedback_lines *lines, size_t from, size_t to,
                          enum fl_feedback_part part)
{
    for (size_t i = from; i < to; i++)
        lines->items[i].part = part;
}

/* --- putting together --------------------------------------------------------------------------*/

static enum fl_status split_lines(struct fl_arena *arena, const char *body,
                                  struct fl_feedback_lines *lines, struct fl_error *err)
{
    size_t n = 2; /* the last line, and one that may be split */

    for (const char *p = body; (p = strchr(p, '\n')); p++)
        n++;
    lines->items = FL_ARENA_ARRAY(arena, struct fl_feedback_line, n);
    if (!lines->items)
        return fl_feedback_no_memory(err);
    for (const char *p = body;; p++) {
        const char *end = strchrnul(p, '\n');
        size_t len = (size_t)(end - p);

        while (len && strchr(" \t\r", p[len - 1]))
            len--;
        lines->items[lines->n_items++] = (struct fl_feedback_line){.s = p, .len = len};
        if (!*end)
            return FL_OK;
        p = end;
    }
}

/* The lines of one part; runs that were apart are set apart by one empty line. */
static const char *collect(struct fl_arena *arena, const struct fl_feedback_lines *lines,
                           enum fl_feedback_part part, size_t max)
{
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(max);
    size_t n_empty = 0;
    bool was_other = false;

    for (size_t i = 0; i < lines->n_items; i++) {
        const struct fl_feedback_line *line = &lines->items[i];

        if (line->part != part) {
            was_other = was_other || line->len;
            continue;
        }
        if (fl_feedback_is_empty(line)) {
            n_empty++;
            continue;
        }
        if (buf.len) {
            if (was_other && part == FL_PART_TEXT)
                n_empty = 1;
            for (size_t k = 0; k <= n_empty; k++)
                fl_buf_putc(&buf, '\n');
        }
        n_empty = 0;
        was_other = false;
        fl_buf_add(&buf, line->s, line->len);
    }
    return fl_buf_failed(&buf) ? NULL : fl_arena_strndup(arena, buf.data, buf.len);
}

enum fl_status fl_feedback_cut(struct fl_arena *arena, const char *body,
                               struct fl_feedback_cut *out, struct fl_error *err)
{
    size_t len = strlen(body), max = len + 16;
    struct fl_feedback_lines lines = {NULL, 0};
    struct fl_feedback_cut parts;
    enum fl_status st;

    if (len > FL_FEEDBACK_TEXT_MAX)
        return fl_error_set(err, FL_LIMIT, "text has %zu bytes, at most %d are cut", len,
                            FL_FEEDBACK_TEXT_MAX);
    st = split_lines(arena, body, &lines, err);
    if (st)
        return st;
    fl_feedback_mark_quotation(&lines);
    fl_feedback_mark_signatures(&lines);
    parts.text = collect(arena, &lines, FL_PART_TEXT, max);
    parts.quoted = collect(arena, &lines, FL_PART_QUOTED, max);
    parts.signature = collect(arena, &lines, FL_PART_SIGNATURE, max);
    if (!parts.text || !parts.quoted || !parts.signature)
        return fl_feedback_no_memory(err);
    *out = parts;
    return FL_OK;
}
