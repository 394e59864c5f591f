#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void fl_buf_init(struct fl_buf *buf, size_t max_bytes)
{
    *buf = (struct fl_buf)FL_BUF(max_bytes);
}

void fl_buf_finish(struct fl_buf *buf)
{
    if (buf->cap)
        free(buf->data);
    fl_buf_init(buf, buf->max);
}

void fl_buf_reset(struct fl_buf *buf)
{
    buf->len = 0;
    buf->has_failed = false;
    if (buf->cap)
        buf->data[0] = '\0';
}

/* Makes room for `more` bytes and the final NUL. */
static bool buf_reserve(struct fl_buf *buf, size_t more)
{
    size_t cap = buf->cap ? buf->cap : 64;
    char *data;

    if (buf->has_failed || more > buf->max || buf->len > buf->max - more) {
        buf->has_failed = true;
        return false;
    }
    if (buf->len + more < buf->cap)
        return true;
    while (cap <= buf->len + more)
        cap *= 2;
    data = realloc(buf->cap ? buf->data : NULL, cap);
    if (!data) {
        buf->has_failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

void fl_buf_add(struct fl_buf *buf, const void *data, size_t len)
{
    if (!buf_reserve(buf, len))
        return;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void fl_buf_puts(struct fl_buf *buf, const char *s)
{
    fl_buf_add(buf, s, strlen(s));
}

void fl_buf_putc(struct fl_buf *buf, char c)
{
    fl_buf_add(buf, &c, 1);
}

void fl_buf_printf(struct fl_buf *buf, const char *fmt, ...)
{
    va_list ap, again;
    int len;

    va_start(ap, fmt);
    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0)
        buf->has_failed = true;
    else if (buf_reserve(buf, (size_t)len)) {
        vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

char *fl_buf_steal(struct fl_buf *buf)
{
    char *data = NULL;

    if (!buf->has_failed)
        data = buf->cap ? buf->data : strdup("");
    else if (buf->cap)
        free(buf->data);
    fl_buf_init(buf, buf->max);
    return data;
}

bool fl_str_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool fl_str_equal_nocase(const char *a, const char *b)
{
    return a == b || (a && b && strcasecmp(a, b) == 0);
}

bool fl_str_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool fl_str_ends_with(const char *s, const char *suffix)
{
    size_t len = strlen(s), suffix_len = strlen(suffix);

    return len >= suffix_len && strcmp(s + len - suffix_len, suffix) == 0;
}

void fl_str_lower_ascii(char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            *s = (char)(*s + ('a' - 'A'));
}

static bool is_blank_ascii(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

char *fl_str_trim(char *s)
{
    size_t len;

    while (is_blank_ascii(*s))
        s++;
    len = strlen(s);
    while (len && is_blank_ascii(s[len - 1]))
        len--;
    s[len] = '\0';
    return s;
}

bool fl_str_parse_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
    char *end;
    intmax_t v;

    if (!isdigit((unsigned char)*s) && !(*s == '-' && isdigit((unsigned char)s[1])))
        return false;
    errno = 0;
    v = strtoimax(s, &end, 10);
    if (errno || *end || v < min || v > max)
        return false;
    *out = v;
    return true;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* Parses a whole number followed by one of `units`; overflow is refused. */
static bool parse_with_unit(const char *s, const struct unit *units, int64_t *out)
{
    char *end;
    intmax_t v;

    if (!isdigit((unsigned char)*s))
        return false;
    errno = 0;
    v = strtoimax(s, &end, 10);
    if (errno)
        return false;
    for (; units->name; units++)
        if (strcmp(end, units->name) == 0)
            return !__builtin_mul_overflow((int64_t)v, units->factor, out);
    return false;
}

bool fl_str_parse_duration_us(const char *s, int64_t *out_us)
{
    static const struct unit units[] = {
        {"ms", 1000},
        {"s", 1000000},
        {"m", 60 * (int64_t)1000000},
        {"h", 3600 * (int64_t)1000000},
        {"d", 86400 * (int64_t)1000000},
        {NULL, 0},
    };

    return parse_with_unit(s, units, out_us);
}

bool fl_str_parse_size(const char *s, int64_t *out_bytes)
{
    static const struct unit units[] = {
        {"", 1}, {"k", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0},
    };

    return parse_with_unit(s, units, out_bytes);
}

/* Length of the well-formed sequence at s (n bytes left), 0 when malformed (Unicode table 3-7). */
static size_t utf8_sequence(const unsigned char *s, size_t n, uint32_t *cp)
{
    unsigned char c = s[0], low = 0x80, high = 0xbf;
    size_t len, i;

    if (c < 0x80) {
        *cp = c;
        return 1;
    }
    if (c >= 0xc2 && c <= 0xdf)
        len = 2;
    else if (c >= 0xe0 && c <= 0xef)
        len = 3;
    else if (c >= 0xf0 && c <= 0xf4)
        len = 4;
    else
        return 0;
    if (n < len)
        return 0;
    if (c == 0xe0)
        low = 0xa0;
    else if (c == 0xed)
        high = 0x9f;
    else if (c == 0xf0)
        low = 0x90;
    else if (c == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    *cp = c & (0x7fu >> len);
    for (i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *cp = *cp << 6 | (s[i] & 0x3fu);
    }
    return len;
}

bool fl_utf8_is_valid(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;
    uint32_t cp;

    while (len) {
        size_t n = utf8_sequence(p, len, &cp);

        if (!n)
            return false;
        p += n;
        len -= n;
    }
    return true;
}

size_t fl_utf8_length(const char *s, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)s[i] & 0xc0) != 0x80;
    return n;
}

/* East Asian Wide and Fullwidth blocks, and emoji; narrow ambiguity is left narrow. */
static bool is_wide(uint32_t cp)
{
    static const struct {
        uint32_t first, last;
    } wide[] = {
        {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
        {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
        {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
        {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
    };

    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (cp >= wide[i].first && cp <= wide[i].last)
            return true;
    return false;
}

static bool is_zero_width(uint32_t cp)
{
    return (cp >= 0x300 && cp <= 0x36f) || (cp >= 0x200b && cp <= 0x200f) || cp == 0xfeff ||
           (cp >= 0xfe00 && cp <= 0xfe0f) || (cp >= 0x1160 && cp <= 0x11ff);
}

size_t fl_utf8_columns(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t columns = 0;

    while (len) {
        uint32_t cp = 0;
        size_t n = utf8_sequence(p, len, &cp);

        if (!n) {
            n = 1;
            cp = '?';
        }
        columns += is_zero_width(cp) ? 0 : is_wide(cp) ? 2 : 1;
        p += n;
        len -= n;
    }
    return columns;
}

void fl_str_mask_address(char *out, size_t out_size, const char *address)
{
    const char *at = strrchr(address, '@');
    size_t len = strlen(address);

    if (at)
        snprintf(out, out_size, "%.*s***%s", at > address ? 1 : 0, address, at);
    else if (len > 9)
        snprintf(out, out_size, "%.5s***%s", address, address + len - 4);
    else
        snprintf(out, out_size, "***");
}
