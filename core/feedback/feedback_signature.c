/* Where the customer stops talking: "-- ", "Sent from my phone", "Best regards", legal footers. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "feedback/feedback_lines.h"
#include "feedback/feedback_private.h"

enum {
    FOOTER_BYTES_MAX = 140,
    SIGNATURE_LINES_MAX = 12,
    SIGN_OFF_LINES_MAX = 6,
    SIGN_OFF_BYTES_MAX = 90,
    NAME_BYTES_MAX = 60
};

static bool is_footer(const struct fl_feedback_line *line)
{
    const char *end = line->s + line->len, *s = fl_feedback_skip_blanks(line->s, end);
    size_t len = (size_t)(end - s);

    if (!len || len > FOOTER_BYTES_MAX)
        return false;
    for (size_t i = 0; fl_feedback_languages[i]; i++)
        if (fl_feedback_any_of(fl_feedback_languages[i]->footers, fl_feedback_begins, s, len) ||
            fl_feedback_any_of(fl_feedback_languages[i]->footer_ends, fl_feedback_ends, s, len))
            return true;
    return false;
}

static bool is_legal(const struct fl_feedback_line *line)
{
    for (size_t i = 0; fl_feedback_languages[i]; i++)
        if (fl_feedback_any_of(fl_feedback_languages[i]->legal_starts, fl_feedback_begins, line->s,
                               line->len))
            return true;
    return false;
}

/* Full lines, counted up to one more than `max`. */
static size_t count_full(const struct fl_feedback_lines *lines, size_t from, size_t to, size_t max,
                         size_t *out_longest)
{
    size_t n = 0;

    *out_longest = 0;
    for (size_t i = from; i < to && n <= max; i++) {
        n += !fl_feedback_is_empty(&lines->items[i]);
        if (lines->items[i].len > *out_longest)
            *out_longest = lines->items[i].len;
    }
    return n;
}

static bool is_delimiter(const struct fl_feedback_lines *lines, size_t at, size_t to)
{
    const struct fl_feedback_line *line = &lines->items[at];
    size_t longest;

    if (line->len == 2 && memcmp(line->s, "--", 2) == 0)
        return true;
    if (!(line->len == 3 && fl_feedback_is_rule(line, '-', 3)) &&
        !fl_feedback_is_rule(line, '_', 2))
        return false;
    return count_full(lines, at + 1, to, SIGNATURE_LINES_MAX, &longest) <= SIGNATURE_LINES_MAX;
}

/* "Regards," with a name and little else below it. */
static bool is_sign_off(const struct fl_feedback_lines *lines, size_t at, size_t to)
{
    const char *s = lines->items[at].s;
    size_t longest, n, len = lines->items[at].len;
    bool is_found = false;

    while (len && strchr(",.!- ", s[len - 1]))
        len--;
    for (size_t i = 0; fl_feedback_languages[i] && !is_found; i++)
        is_found =
            fl_feedback_any_of(fl_feedback_languages[i]->sign_offs, fl_feedback_equals, s, len);
    if (!is_found)
        return false;
    n = count_full(lines, at + 1, to, SIGN_OFF_LINES_MAX, &longest);
    return n > 0 && n <= SIGN_OFF_LINES_MAX && longest <= SIGN_OFF_BYTES_MAX;
}

/* The last line: "-roman", "홍길동 드림". */
static bool is_name_line(const struct fl_feedback_lines *lines, size_t from, size_t at, size_t to)
{
    const struct fl_feedback_line *line = &lines->items[at];
    const char *end = line->s + line->len, *s = line->s + 1;

    if (at == from || fl_feedback_next_full(lines, at + 1) < to || line->len > NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; fl_feedback_languages[i]; i++)
        if (fl_feedback_any_of(fl_feedback_languages[i]->name_ends, fl_feedback_ends, line->s,
                               line->len))
            return true;
    if (line->len < 3 || line->s[0] != '-' || line->s[1] == '-')
        return false;
    for (size_t i = from; i < at; i++)
        if (lines->items[i].len && lines->items[i].s[0] == '-')
            return false; /* the last of a list */
    s = fl_feedback_skip_blanks(s, end);
    for (; s < end; s++)
        if (!isalpha((unsigned char)*s) && (unsigned char)*s < 0x80 && (*s != '.' || s + 1 < end))
            return false;
    return true;
}

/* Where the signature of own lines [from, to) begins; `to`: there is none. */
static size_t signature_start(const struct fl_feedback_lines *lines, size_t from, size_t to)
{
    size_t first = fl_feedback_next_full(lines, from);

    for (size_t i = from; i < to; i++)
        if (!fl_feedback_is_empty(&lines->items[i]) &&
            (is_delimiter(lines, i, to) || is_footer(&lines->items[i]) ||
             is_legal(&lines->items[i]) || (i > first && is_sign_off(lines, i, to)) ||
             is_name_line(lines, first, i, to)))
            return i;
    return to;
}

static void mark_signature(struct fl_feedback_lines *lines, size_t from, size_t to)
{
    size_t start = signature_start(lines, from, to), above = start,
           first = fl_feedback_next_full(lines, from);

    /* A name right above "Sent from my phone" belongs to it. */
    while (start < to && above > first && fl_feedback_is_empty(&lines->items[above - 1]))
        above--;
    if (start < to && above > first && is_name_line(lines, first, above - 1, start))
        start = above - 1;
    fl_feedback_set_part(lines, start, to, FL_PART_SIGNATURE);
}

void fl_feedback_mark_signatures(struct fl_feedback_lines *lines)
{
    size_t from = 0;

    while (from < lines->n_items) {
        size_t to = from;

        while (to < lines->n_items && lines->items[to].part == FL_PART_TEXT)
            to++;
        if (to > from)
            mark_signature(lines, from, to);
        from = to + 1;
    }
}
