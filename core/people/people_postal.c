/* Postal addresses to the lines a letter needs. */
#include <ctype.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "people/people_private.h"

enum { LINES_MAX = 8, LINE_MAX = 200, POSTCODE_MAX = 12, COUNTRY_LEN = 2 };

static const char BREAKS[] = "\r\n|";
static const char NO_COUNTRY[] = "ZZ";

struct lines {
    const char *items[LINES_MAX];
    size_t n;
};

/* Cuts a text into lines without blanks around them and without empty ones. */
static enum fl_status cut(struct fl_arena *arena, const char *text, struct lines *out,
                          struct fl_error *err)
{
    while (text && *text) {
        size_t len = strcspn(text, BREAKS);
        char *line = fl_arena_strndup(arena, text, len);

        if (!line)
            return fl_error_set(err, FL_LIMIT, "no memory for an address");
        line = fl_str_trim(line);
        if (strlen(line) > LINE_MAX)
            return fl_error_set(err, FL_INVALID, "a line of %zu bytes, at most %d", strlen(line),
                                LINE_MAX);
        if (*line && out->n == LINES_MAX)
            return fl_error_set(err, FL_INVALID, "more than %d lines", LINES_MAX);
        if (*line)
            out->items[out->n++] = line;
        text += len + (text[len] != '\0');
    }
    return FL_OK;
}

static bool is_country(const char *s)
{
    return strlen(s) == COUNTRY_LEN && isupper((unsigned char)s[0]) && isupper((unsigned char)s[1]);
}

/* N stands for a digit. */
static bool has_shape(const char *s, const char *shape)
{
    for (; *s && *shape; s++, shape++)
        if (*shape == 'N' ? !isdigit((unsigned char)*s) : *s != *shape)
            return false;
    return !*s && !*shape;
}

/* The postcodes of the countries we know letters of; elsewhere only what no postcode can be. */
static enum fl_status check_postcode(const char *country, const char *postcode,
                                     struct fl_error *err)
{
    static const struct {
        const char *country, *shape, *other, *expected;
    } known[] = {
        {"KR", "NNNNN", NULL, "five digits"},
        {"DE", "NNNNN", NULL, "five digits"},
        {"US", "NNNNN", "NNNNN-NNNN", "a ZIP as 12345 or 12345-6789"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!fl_str_equal(country, known[i].country))
            continue;
        if (has_shape(postcode, known[i].shape) ||
            (known[i].other && has_shape(postcode, known[i].other)))
            return FL_OK;
        return fl_error_set(err, FL_INVALID, "postcode \"%s\": %s is expected for %s", postcode,
                            known[i].expected, country);
    }
    if (strlen(postcode) > POSTCODE_MAX ||
        postcode[strspn(postcode, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -")] != '\0')
        return fl_error_set(err, FL_INVALID, "\"%s\" is no postcode", postcode);
    return FL_OK;
}

static enum fl_status join(struct fl_arena *arena, const struct lines *lines, const char *postcode,
                           const char *country, const char **out, struct fl_error *err)
{
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(FL_IMPORT_CELL_MAX);
    const char *text;

    for (size_t i = 0; i < lines->n; i++) {
        fl_buf_puts(&buf, lines->items[i]);
        fl_buf_putc(&buf, '\n');
    }
    fl_buf_puts(&buf, postcode);
    fl_buf_putc(&buf, '\n');
    fl_buf_puts(&buf, country);
    text = fl_buf_failed(&buf) ? NULL : fl_arena_strndup(arena, buf.data, buf.len);
    if (!text)
        return fl_error_set(err, FL_LIMIT, "no memory for an address");
    *out = text;
    return FL_OK;
}

/* Takes country and postcode off the end of an address that came in one piece. */
static void split_ends(struct lines *lines, struct fl_postal *parts)
{
    if (!parts->country && lines->n && is_country(lines->items[lines->n - 1]))
        parts->country = lines->items[--lines->n];
    if (!parts->postcode && lines->n)
        parts->postcode = lines->items[--lines->n];
}

enum fl_status fl_people_postal_normalise(struct fl_arena *arena, const struct fl_postal *in,
                                          const char *country, const char **out,
                                          struct fl_error *err)
{
    struct fl_postal parts = *in;
    struct lines lines = {.n = 0};
    enum fl_status st = cut(arena, parts.whole ? parts.whole : parts.street, &lines, err);

    if (!st && parts.whole)
        split_ends(&lines, &parts);
    if (!st && parts.city)
        st = cut(arena,
                 parts.region ? fl_arena_printf(arena, "%s, %s", parts.city, parts.region)
                              : parts.city,
                 &lines, err);
    if (st)
        return st;
    if (parts.country && !is_country(parts.country))
        return fl_error_set(err, FL_INVALID, "country \"%s\": two capital letters are expected",
                            parts.country);
    if (!parts.country)
        parts.country = country;
    if (!parts.country || fl_str_equal(parts.country, NO_COUNTRY))
        return fl_error_set(err, FL_INVALID, "no country, and organisation { country } names none");
    if (!lines.n)
        return fl_error_set(err, FL_INVALID, "an address has a line before its postcode");
    if (!parts.postcode)
        return fl_error_set(err, FL_INVALID, "an address needs a postcode");
    st = check_postcode(parts.country, parts.postcode, err);
    return st ? st : join(arena, &lines, parts.postcode, parts.country, out, err);
}
