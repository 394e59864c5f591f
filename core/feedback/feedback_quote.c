/* Where a mail quotes another: ">", "On ... wrote:", header blocks, "Original Message". */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "feedback/feedback_lines.h"
#include "feedback/feedback_private.h"

enum {
    SAID_LINES_MAX = 6,   /* "On ... wrote:" is wrapped over at most so many lines */
    SAID_BYTES_MAX = 400, /* ... and is no longer than this */
    HEADER_LINES_MAX = 10,
    WRAPPED_BYTES_MIN = 60
};

static bool is_angle_quoted(const struct fl_feedback_line *line)
{
    const char *end = line->s + line->len, *p = fl_feedback_skip_blanks(line->s, end);

    /* ">>> http://... <<<" is decoration. */
    return p < end && *p == '>' && !fl_feedback_ends(line->s, line->len, "<<");
}

static bool has_digit(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (isdigit((unsigned char)s[i]))
            return true;
    return false;
}

/* "10:30" somewhere in it. */
static bool has_time(const char *s, size_t len)
{
    for (size_t i = 1; i + 2 < len; i++)
        if (s[i] == ':' && isdigit((unsigned char)s[i - 1]) && isdigit((unsigned char)s[i + 1]) &&
            isdigit((unsigned char)s[i + 2]))
            return true;
    return false;
}

/* --- "On Monday, X wrote:" ---------------------------------------------------------------------*/

/* Without dashes, stars and blanks around. */
static void strip_frame(const char **s, size_t *len)
{
    while (*len && strchr("-_=*# \t", (*s)[0])) {
        (*s)++;
        (*len)--;
    }
    while (*len && strchr("-_=*# \t", (*s)[*len - 1]))
        (*len)--;
}

static bool begins_with_date(const char *s, size_t len)
{
    size_t n = 0;

    while (n < len && isdigit((unsigned char)s[n]))
        n++;
    if (n == 0 || n > 4 || n == len)
        return false;
    /* "2026년 11월" is a date; "10년째" counts years. */
    return strchr("-./ ", s[n]) ||
           (n == 4 && (fl_feedback_begins(s + n, len - n, "년") ||
                       fl_feedback_begins(s + n, len - n, "年"))) ||
           (n <= 2 &&
            (fl_feedback_begins(s + n, len - n, "월") || fl_feedback_begins(s + n, len - n, "月")));
}

static bool ends_with_colon(const char *s, size_t len)
{
    return fl_feedback_ends(s, len, ":") || fl_feedback_ends(s, len, "：");
}

/* Does the whole of `s` say that somebody wrote what follows? */
static bool is_said(const char *s, size_t len)
{
    bool is_framed = len && (s[0] == '-' || s[len - 1] == '-'), has_address, has_colon;

    strip_frame(&s, &len);
    has_address = memchr(s, '@', len) != NULL;
    has_colon = ends_with_colon(s, len);
    if (!has_colon && !has_address && !is_framed)
        return false;
    if (has_address && fl_feedback_ends(s, len, ">:") &&
        (begins_with_date(s, len) || has_time(s, len)))
        return true;
    for (size_t i = 0; fl_feedback_languages[i]; i++) {
        const struct fl_feedback_words *words = fl_feedback_languages[i];

        if (!fl_feedback_any_of(words->said_verbs, fl_feedback_contains, s, len))
            continue;
        if (has_colon && words->said_starts &&
            fl_feedback_any_of(words->said_starts, fl_feedback_begins, s, len) && has_digit(s, len))
            return true;
        if (has_colon && (has_address || (!words->said_starts && has_digit(s, len))))
            return true;
        /* "On ... wrote" without the colon, and "---- John wrote ----" */
        if (fl_feedback_any_of(words->said_verbs, fl_feedback_ends, s, len) &&
            (has_address || is_framed))
            return true;
    }
    return false;
}

static bool may_begin_said(const char *s, size_t len)
{
    strip_frame(&s, &len);
    if (begins_with_date(s, len))
        return true;
    for (size_t i = 0; fl_feedback_languages[i]; i++)
        if (fl_feedback_any_of(fl_feedback_languages[i]->said_starts, fl_feedback_begins, s, len))
            return true;
    return false;
}

/* How many lines from `at` on are one "On ... wrote:"; 0: none. */
static size_t said_lines(const struct fl_feedback_lines *lines, size_t at)
{
    char joined[SAID_BYTES_MAX + 1];
    size_t len = 0, n_empty = 0;
    bool may_wrap = may_begin_said(lines->items[at].s, lines->items[at].len);

    for (size_t n = 0; n < SAID_LINES_MAX && at + n < lines->n_items; n++) {
        const struct fl_feedback_line *line = &lines->items[at + n];

        if (len + line->len + 1 > SAID_BYTES_MAX || (n && !may_wrap))
            return 0;
        if (n && may_begin_said(line->s, line->len) && !begins_with_date(line->s, line->len))
            return 0;
        /* A line that says it all by itself is where it begins: what stands before is a reply. */
        if (n && begins_with_date(line->s, line->len) && is_said(line->s, line->len))
            return 0;
        n_empty += fl_feedback_is_empty(line);
        if (n_empty > 1)
            return 0;
        if (len && line->len)
            joined[len++] = ' ';
        memcpy(joined + len, line->s, line->len);
        len += line->len;
        if (line->len && is_said(joined, len))
            return n + 1;
    }
    return 0;
}

/* "reply On Wed, Apr 4, 2012, bob wrote:" in one line: where the second half begins, 0: nowhere. */
static size_t said_within(const struct fl_feedback_line *line)
{
    if (!ends_with_colon(line->s, line->len) || line->len > SAID_BYTES_MAX)
        return 0;
    for (size_t i = 1; i + 4 < line->len; i++) {
        size_t start = i;

        if (!strchr(" -", line->s[i - 1]) ||
            !fl_feedback_begins(line->s + i, line->len - i, "On ") ||
            !is_said(line->s + i, line->len - i) || !fl_feedback_contains(line->s + i, 30, ","))
            continue;
        while (start && strchr("- ", line->s[start - 1]))
            start--;
        return start;
    }
    return 0;
}

/* ---- "-----Original Message-----", "From: ... Sent: ..." --------------------------------------*/

static bool is_separator(const struct fl_feedback_line *line)
{
    const char *s = line->s;
    size_t len = line->len;
    bool is_framed = len > 4 && strchr("-_=*", s[0]) && s[1] == s[0];

    strip_frame(&s, &len);
    if (!len || (!is_framed && !ends_with_colon(s, len)))
        return false;
    for (size_t i = 0; fl_feedback_languages[i]; i++)
        if (fl_feedback_any_of(fl_feedback_languages[i]->separators, fl_feedback_equals, s, len))
            return true;
    return false;
}

/* Index of the header name a line of this language begins with, -1: none. */
static int header_name(const struct fl_feedback_words *words, const struct fl_feedback_line *line)
{
    const char *end = line->s + line->len, *s = fl_feedback_skip_blanks(line->s, end);

    while (s < end && *s == '*')
        s++;
    for (int i = 0; words->headers && words->headers[i]; i++) {
        size_t n = strlen(words->headers[i]);
        const char *p;

        if (!fl_feedback_begins(s, (size_t)(end - s), words->headers[i]))
            continue;
        p = s + n;
        while (p < end && *p == '*')
            p++;
        p = fl_feedback_skip_blanks(p, end);
        if (fl_feedback_begins(p, (size_t)(end - p), ":") ||
            fl_feedback_begins(p, (size_t)(end - p), "："))
            return i;
    }
    return -1;
}

static bool is_header_block_of(const struct fl_feedback_words *words,
                               const struct fl_feedback_lines *lines, size_t at)
{
    unsigned long long seen = 0;
    int n = 0;

    for (size_t i = at; i < lines->n_items && i < at + HEADER_LINES_MAX; i++) {
        int name = header_name(words, &lines->items[i]);

        if (fl_feedback_is_empty(&lines->items[i]) || (i == at && name < 0))
            break;
        if (name >= 0 && name < 64 && !(seen >> name & 1)) {
            seen |= 1ull << name;
            n++;
        }
    }
    return n >= 2;
}

static bool is_header_block(const struct fl_feedback_lines *lines, size_t at)
{
    const struct fl_feedback_line *line = &lines->items[at];

    if (!memchr(line->s, ':', line->len) && !memmem(line->s, line->len, "：", strlen("：")))
        return false;
    for (size_t i = 0; fl_feedback_languages[i]; i++)
        if (is_header_block_of(fl_feedback_languages[i], lines, at))
            return true;
    return false;
}

/* --- quotation ---------------------------------------------------------------------------------*/

/* The rest of an address or line that was wrapped without a new '>'. */
static bool is_wrapped_rest(const struct fl_feedback_lines *lines, size_t at)
{
    const struct fl_feedback_line *line = &lines->items[at];
    const char *end = line->s + line->len, *s = fl_feedback_skip_blanks(line->s, end);

    if (at == 0 || at + 1 >= lines->n_items || fl_feedback_is_empty(line) ||
        lines->items[at - 1].part != FL_PART_QUOTED || !is_angle_quoted(&lines->items[at + 1]))
        return false;
    if (islower((unsigned char)*s) && lines->items[at - 1].len >= WRAPPED_BYTES_MIN &&
        !fl_feedback_ends(lines->items[at - 1].s, lines->items[at - 1].len, "?"))
        return true; /* a full line, and this goes on in the middle of its sentence */
    if (memchr(s, ' ', (size_t)(end - s)))
        return fl_feedback_contains(s, (size_t)(end - s), "://") && strchr(">)", end[-1]);
    return strpbrk(s, "=/&_") && strpbrk(s, "=/&_") < end;
}

static bool begins_tail(const struct fl_feedback_lines *lines, size_t at)
{
    size_t next;

    if (is_separator(&lines->items[at]) || is_header_block(lines, at))
        return true;
    if (!fl_feedback_is_rule(&lines->items[at], '_', 10) &&
        !fl_feedback_is_rule(&lines->items[at], '-', 10) &&
        !fl_feedback_is_rule(&lines->items[at], '=', 4))
        return false;
    next = fl_feedback_next_full(lines, at + 1);
    return next < lines->n_items && is_header_block(lines, next);
}

/* Splits the line in two where the quotation begins within it. */
static void split_line(struct fl_feedback_lines *lines, size_t at, size_t offset)
{
    memmove(&lines->items[at + 1], &lines->items[at],
            (lines->n_items - at) * sizeof lines->items[0]);
    lines->n_items++;
    lines->items[at].len = offset;
    lines->items[at + 1].s += offset;
    lines->items[at + 1].len -= offset;
    lines->items[at + 1].part = FL_PART_QUOTED;
}

void fl_feedback_mark_quotation(struct fl_feedback_lines *lines)
{
    bool has_split = false; /* room is kept for one */

    for (size_t i = 0; i < lines->n_items; i++)
        if (is_angle_quoted(&lines->items[i]))
            lines->items[i].part = FL_PART_QUOTED;
    for (size_t i = 0; i < lines->n_items; i++) {
        size_t n, within;

        if (lines->items[i].part == FL_PART_QUOTED || fl_feedback_is_empty(&lines->items[i]))
            continue;
        if (begins_tail(lines, i)) {
            fl_feedback_set_part(lines, i, lines->n_items, FL_PART_QUOTED);
            return;
        }
        within = has_split ? 0 : said_within(&lines->items[i]);
        n = within ? 1 : said_lines(lines, i);
        if (within) {
            split_line(lines, i++, within);
            has_split = true;
        }
        if (n) {
            size_t next = fl_feedback_next_full(lines, i + n);

            fl_feedback_set_part(lines, i, i + n, FL_PART_QUOTED);
            if (next < lines->n_items && lines->items[next].part != FL_PART_QUOTED) {
                fl_feedback_set_part(lines, i, lines->n_items, FL_PART_QUOTED);
                return;
            }
            i += n - 1;
        } else if (is_wrapped_rest(lines, i)) {
            lines->items[i].part = FL_PART_QUOTED;
        }
    }
}
