#include "content/content_private.h"

#include <string.h>

enum { LEAD_MAX = 48 }; /* bytes of a lead that is repeated when a line is wrapped */

struct layout {
    struct fl_buf *out;
    size_t n_empty; /* empty lines not written yet */
    bool has_text;
    bool has_signature; /* the line "-- " is not written yet: nothing may come behind it */
    bool is_short;      /* no wrapping, no underlines, no empty lines */
};

static size_t character_len(const char *s, size_t len)
{
    size_t n = 1;

    while (n < len && ((unsigned char)s[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* Quotation signs, blanks and one bullet: what a line goes on behind when it is wrapped. */
static size_t lead_len(const char *line, size_t len)
{
    size_t n = 0, digits;

    len = len < LEAD_MAX ? len : LEAD_MAX;
    while (n < len && (line[n] == ' ' || (line[n] == '>' && n + 1 < len && line[n + 1] == ' ')))
        n++;
    if (n + 1 < len && line[n] == '-' && line[n + 1] == ' ')
        return n + 2;
    for (digits = n; digits < len && line[digits] >= '0' && line[digits] <= '9'; digits++)
        ;
    if (digits > n && digits + 1 < len && line[digits] == '.' && line[digits + 1] == ' ')
        return digits + 2;
    return n;
}

static void lead_put(struct fl_buf *out, const char *lead, size_t len, bool is_first)
{
    if (is_first) {
        fl_buf_add(out, lead, len);
        return;
    }
    for (size_t i = 0; i < len; i++)
        fl_buf_putc(out, lead[i] == '>' ? '>' : ' ');
}

/* How much of a word too long for a line goes on this one: it breaks beside wide characters, so
 * that addresses of pages stay whole.  0: nothing. */
static size_t break_at(const char *word, size_t len, size_t columns)
{
    size_t used = 0, at = 0, i = 0;
    bool was_wide = false;

    while (i < len) {
        size_t n = character_len(word + i, len - i), width = fl_utf8_columns(word + i, n);

        if (i && (was_wide || width == 2))
            at = i;
        if (used + width > columns)
            return at;
        used += width;
        was_wide = width == 2;
        i += n;
    }
    return len;
}

struct wrapped {
    struct fl_buf *out;
    const char *lead;
    size_t lead_len;
    size_t lead_columns;
    size_t columns; /* used on this line */
    bool is_empty;  /* but for the lead */
};

static void wrapped_newline(struct wrapped *w)
{
    fl_buf_putc(w->out, '\n');
    lead_put(w->out, w->lead, w->lead_len, false);
    w->columns = w->lead_columns;
    w->is_empty = true;
}

/* Most words are ASCII, where columns are bytes. */
static size_t columns_of(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] & 0x80)
            return fl_utf8_columns(s, len);
    return len;
}

static void word_put(struct wrapped *w, const char *word, size_t len)
{
    size_t columns = columns_of(word, len);

    if (!w->is_empty && w->columns + 1 + columns > FL_CONTENT_TEXT_COLUMNS)
        wrapped_newline(w);
    if (!w->is_empty) {
        fl_buf_putc(w->out, ' ');
        w->columns++;
    }
    while (w->columns + columns > FL_CONTENT_TEXT_COLUMNS) {
        size_t n = break_at(
            word, len,
            FL_CONTENT_TEXT_COLUMNS > w->columns ? FL_CONTENT_TEXT_COLUMNS - w->columns : 0);

        if (!n || n == len)
            break;
        fl_buf_add(w->out, word, n);
        word += n;
        len -= n;
        columns -= fl_utf8_columns(word - n, n);
        wrapped_newline(w);
    }
    fl_buf_add(w->out, word, len);
    w->columns += columns;
    w->is_empty = false;
}

static void line_wrap(struct fl_buf *out, const char *line, size_t len)
{
    struct wrapped w = {.out = out, .lead = line, .lead_len = lead_len(line, len)};
    size_t i = w.lead_len;

    w.lead_columns = w.columns = fl_utf8_columns(line, w.lead_len);
    w.is_empty = true;
    lead_put(out, line, w.lead_len, true);
    while (i < len) {
        size_t n = 0;

        while (i < len && line[i] == ' ')
            i++;
        while (i + n < len && line[i + n] != ' ')
            n++;
        if (n)
            word_put(&w, line + i, n);
        i += n;
    }
}

static void underline_put(struct fl_buf *out, const char *line, size_t len, char c)
{
    size_t columns = fl_utf8_columns(line, len);

    fl_buf_putc(out, '\n');
    for (size_t i = 0; i < columns && i < FL_CONTENT_TEXT_COLUMNS; i++)
        fl_buf_putc(out, c);
}

static void line_lay_out(struct layout *layout, const char *line, size_t len)
{
    char code = len && line[0] < FL_CONTENT_CODE_VERBATIM + 1 && line[0] > 0 ? line[0] : '\0';

    if (len == 3 && !memcmp(line, "-- ", 3)) {
        layout->has_signature = true;
        return;
    }
    if (code) {
        line++;
        len--;
    }
    while (len && strchr(" \t", line[len - 1]))
        len--;
    if (!len) {
        layout->n_empty++;
        return;
    }
    if (layout->n_empty && layout->has_text && !layout->is_short)
        fl_buf_putc(layout->out, '\n');
    if (layout->has_signature)
        fl_buf_puts(layout->out, "-- \n");
    layout->n_empty = 0;
    layout->has_text = true;
    layout->has_signature = false;
    /* No character has more columns than bytes. */
    if (len <= FL_CONTENT_TEXT_COLUMNS || code == FL_CONTENT_CODE_VERBATIM || layout->is_short)
        fl_buf_add(layout->out, line, len);
    else
        line_wrap(layout->out, line, len);
    if (layout->is_short)
        ;
    else if (code == FL_CONTENT_CODE_TITLE)
        underline_put(layout->out, line, len, '=');
    else if (code == FL_CONTENT_CODE_HEADING)
        underline_put(layout->out, line, len, '-');
    fl_buf_putc(layout->out, '\n');
}

static void lay_out(const char *text, struct layout *layout)
{
    static const char ends[] = {'\n', FL_CONTENT_CODE_TITLE, FL_CONTENT_CODE_HEADING,
                                FL_CONTENT_CODE_VERBATIM, '\0'};

    /* A code begins a line also where a section that was left out took the line end with it. */
    while (*text) {
        size_t n = *text == '\n' ? 0 : 1 + strcspn(text + 1, ends);

        line_lay_out(layout, text, n);
        text += n + (text[n] == '\n');
    }
}

void fl_content_lay_out(const char *text, struct fl_buf *out)
{
    struct layout layout = {.out = out};

    lay_out(text, &layout);
}

void fl_content_lay_out_short(const char *text, struct fl_buf *out)
{
    struct layout layout = {.out = out, .is_short = true};

    lay_out(text, &layout);
}

/* Control characters, line and paragraph separators, and signs that turn the reading direction:
 * each has been used to make a header say something else. */
static size_t unwanted_len(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;

    if (p[0] <= 0x20 || p[0] == 0x7f)
        return 1;
    if (len >= 2 && p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
        return 2;
    if (len >= 3 && p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae)
        return 3;
    if (len >= 3 && p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)
        return 3;
    return 0;
}

void fl_content_line_clean(const char *text, size_t len, struct fl_buf *out)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    size_t i = 0, n, start = out->len;
    bool is_gap = false;

    while (i < len) {
        n = unwanted_len(text + i, len - i);
        if (n) {
            is_gap = out->len > start;
            i += n;
            continue;
        }
        n = character_len(text + i, len - i);
        if (out->len - start + n + is_gap > FL_CONTENT_LINE_MAX - strlen(ellipsis)) {
            fl_buf_puts(out, ellipsis);
            return;
        }
        if (is_gap)
            fl_buf_putc(out, ' ');
        is_gap = false;
        fl_buf_add(out, text + i, n);
        i += n;
    }
}
