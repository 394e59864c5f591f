/* Header fields (RFC 5322), also those inside reports, and the encoded words in them (RFC 2047). */
#include <gmime/gmime.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "feedback/feedback_private.h"

enum { WORD_CHARSET_MAX = 40, ADDRESS_MAX = 320 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* End of the field that begins at `p`: the newline that is not followed by a folded line. */
static const char *field_end(const char *p, const char *end)
{
    for (;;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));

        if (!newline)
            return end;
        if (newline + 1 >= end || !is_blank(newline[1]))
            return newline;
        p = newline + 1;
    }
}

static const char *unfolded(struct fl_arena *arena, const char *p, const char *end)
{
    FL_AUTO_BUF struct fl_buf buf = FL_BUF((size_t)(end - p) + 1);

    while (p < end && (is_blank(*p) || *p == '\r' || *p == '\n'))
        p++;
    while (end > p && (is_blank(end[-1]) || end[-1] == '\r' || end[-1] == '\n'))
        end--;
    for (; p < end; p++) {
        if (*p != '\r' && *p != '\n')
            fl_buf_putc(&buf, *p == '\t' ? ' ' : *p);
    }
    return fl_feedback_to_utf8(arena, NULL, buf.data, buf.len);
}

static bool is_field_name(const char *p, const char *colon)
{
    if (colon == p)
        return false;
    for (; p < colon; p++)
        if (*p <= ' ' || *p > '~')
            return is_blank(*p) && p + 1 == colon; /* "Name :" */
    return true;
}

static size_t count_fields(const char *p, const char *end)
{
    size_t n = 1;

    for (; p < end && n < FL_FEEDBACK_FIELDS_MAX; n++) {
        const char *stop = field_end(p, end);

        p = stop < end ? stop + 1 : end;
    }
    return n;
}

/* The empty line that ends the header, or the end. */
static const char *header_end(const char *data, const char *end)
{
    const char *p = data;

    while (p < end && *p != '\n' && !(*p == '\r' && p + 1 < end && p[1] == '\n')) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));

        p = newline ? newline + 1 : end;
    }
    return p;
}

enum fl_status fl_feedback_fields_parse(struct fl_arena *arena, const char *data, size_t len,
                                        struct fl_feedback_fields *out, size_t *out_used,
                                        struct fl_error *err)
{
    const char *end = data + len, *stop = header_end(data, end), *p = data;
    struct fl_feedback_fields fields = {NULL, 0};

    fields.items = FL_ARENA_ARRAY(arena, struct fl_feedback_field, count_fields(data, stop));
    if (!fields.items)
        return fl_feedback_no_memory(err);
    while (p < stop && fields.n_items < FL_FEEDBACK_FIELDS_MAX) {
        const char *next = field_end(p, stop), *colon = memchr(p, ':', (size_t)(next - p));
        struct fl_feedback_field *field = &fields.items[fields.n_items];

        if (colon && is_field_name(p, colon)) {
            field->value = unfolded(arena, colon + 1, next);
            while (is_blank(colon[-1]))
                colon--;
            field->name = fl_arena_strndup(arena, p, (size_t)(colon - p));
            if (!field->name || !field->value)
                return fl_feedback_no_memory(err);
            fields.n_items++;
        }
        p = next < stop ? next + 1 : stop;
    }
    if (stop < end && *stop == '\r')
        stop++;
    *out_used = (size_t)((stop < end ? stop + 1 : end) - data);
    *out = fields;
    return FL_OK;
}

const char *fl_feedback_field(const struct fl_feedback_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->n_items; i++)
        if (strcasecmp(fields->items[i].name, name) == 0)
            return fields->items[i].value;
    return "";
}

bool fl_feedback_has_field(const struct fl_feedback_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->n_items; i++)
        if (strcasecmp(fields->items[i].name, name) == 0)
            return true;
    return false;
}

/* One "=?charset?B?text?=" at `p`; the end behind it, NULL when it is none. */
static const char *encoded_word(const char *p, char charset[WORD_CHARSET_MAX], struct fl_buf *bytes)
{
    const char *q, *text, *end;
    GMimeEncoding state;
    char chunk[1024];

    if (p[0] != '=' || p[1] != '?' || !(q = strchr(p + 2, '?')))
        return NULL;
    if (!q[1] || q[2] != '?' || !strchr("bBqQ", q[1]))
        return NULL;
    text = q + 3;
    end = strstr(text, "?=");
    if (!end || (size_t)(q - p - 2) >= WORD_CHARSET_MAX)
        return NULL;
    memcpy(charset, p + 2, (size_t)(q - p - 2));
    charset[q - p - 2] = '\0';
    charset[strcspn(charset, "*")] = '\0'; /* RFC 2231 language */
    g_mime_encoding_init_decode(&state, strchr("bB", q[1])
                                            ? GMIME_CONTENT_ENCODING_BASE64
                                            : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    while (text < end) {
        char in[256];
        size_t n = 0;

        for (; n < sizeof in && text < end; text++)
            in[n++] = *text == '_' && strchr("qQ", q[1]) ? ' ' : *text;
        fl_buf_add(bytes, chunk, g_mime_encoding_step(&state, in, n, chunk));
    }
    fl_buf_add(bytes, chunk, g_mime_encoding_flush(&state, "", 0, chunk));
    return end + 2;
}

/* Adjacent words of one charset are one run of bytes: programs cut inside a character. */
static const char *encoded_run(struct fl_arena *arena, const char *p, struct fl_buf *out)
{
    FL_AUTO_BUF struct fl_buf bytes = FL_BUF(FL_FEEDBACK_FIELD_MAX);
    char charset[WORD_CHARSET_MAX], next[WORD_CHARSET_MAX];
    const char *end = encoded_word(p, charset, &bytes), *text;

    while (end) {
        const char *more = end + strspn(end, " \t"), *after;
        size_t len = bytes.len;

        after = encoded_word(more, next, &bytes);
        if (!after || strcasecmp(charset, next) != 0) {
            bytes.len = len;
            if (after)
                end = more; /* white space between two encoded words is not text */
            break;
        }
        end = after;
    }
    if (!end)
        return NULL;
    text = fl_feedback_to_utf8(arena, charset, bytes.data, bytes.len);
    if (text)
        fl_buf_puts(out, text);
    return end;
}

const char *fl_feedback_decode_words(struct fl_arena *arena, const char *value)
{
    FL_AUTO_BUF struct fl_buf out = FL_BUF((size_t)4 * FL_FEEDBACK_FIELD_MAX);

    while (*value) {
        const char *end = *value == '=' ? encoded_run(arena, value, &out) : NULL;

        if (end) {
            value = end;
            continue;
        }
        fl_buf_putc(&out, *value++);
    }
    return fl_arena_strndup(arena, out.data, out.len);
}

static bool is_address_char(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f && !strchr("<>()[]\",;:\\", c);
}

const char *fl_feedback_first_address(struct fl_arena *arena, const char *value)
{
    const char *at = value;

    /* Around the first '@' that has something on both sides; display names hold none. */
    while ((at = strchr(at, '@'))) {
        const char *start = at, *end = at + 1;

        while (start > value && is_address_char(start[-1]) && start[-1] != '@')
            start--;
        while (is_address_char(*end) && *end != '@')
            end++;
        while (end > at && end[-1] == '.')
            end--;
        if (start < at && end > at + 1 && end - start <= ADDRESS_MAX)
            return fl_arena_strndup(arena, start, (size_t)(end - start));
        at++;
    }
    return "";
}
