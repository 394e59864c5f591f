/*
 * Strings: growing buffers born with a maximum, strict number parsing, UTF-8.
 *
 * A buffer remembers that an append failed (too long, or no memory); the caller
 * appends freely and asks once at the end with fl_buf_failed().  Its text is
 * always NUL-terminated.
 *
 *     struct fl_buf b = FL_BUF(FL_BUF_LINE_MAX);
 *     fl_buf_puts(&b, "to: ");
 *     fl_buf_printf(&b, "%s", address);
 *     if (fl_buf_failed(&b)) ...
 *     fl_buf_finish(&b);
 */
#ifndef FL_BASE_STR_H
#define FL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct fl_buf {
    char *data; /* NUL-terminated; "" before the first append */
    size_t len;
    size_t cap;
    size_t max;
    bool has_failed;
};

#define FL_BUF(max_bytes)                                                                          \
    {                                                                                              \
        .data = (char *)"", .max = (max_bytes)                                                     \
    }
#define FL_BUF_LINE_MAX ((size_t)64 << 10)

void fl_buf_init(struct fl_buf *buf, size_t max_bytes);
void fl_buf_finish(struct fl_buf *buf);
void fl_buf_reset(struct fl_buf *buf); /* empties, keeps the memory, forgets a failure */
void fl_buf_add(struct fl_buf *buf, const void *data, size_t len);
void fl_buf_puts(struct fl_buf *buf, const char *s);
void fl_buf_putc(struct fl_buf *buf, char c);
void fl_buf_printf(struct fl_buf *buf, const char *fmt, ...) FL_PRINTF(2, 3);
char *fl_buf_steal(struct fl_buf *buf); /* hands over a malloc'ed string; NULL when failed */
static inline bool fl_buf_failed(const struct fl_buf *buf)
{
    return buf->has_failed;
}

bool fl_str_equal(const char *a, const char *b); /* NULL equals only NULL */
bool fl_str_equal_nocase(const char *a, const char *b);
bool fl_str_starts_with(const char *s, const char *prefix);
bool fl_str_ends_with(const char *s, const char *suffix);
void fl_str_lower_ascii(char *s);
char *fl_str_trim(char *s); /* cuts ASCII white space at both ends, in place */

/* The whole of `s` must be one decimal number in range, without blanks. */
bool fl_str_parse_i64(const char *s, int64_t min, int64_t max, int64_t *out);

/* "30s" "15m" "4h" "2d" "500ms" to microseconds; a bare number is refused. */
bool fl_str_parse_duration_us(const char *s, int64_t *out_us);

/* "64k" "10M" "1G" or a bare number of bytes. */
bool fl_str_parse_size(const char *s, int64_t *out_bytes);

/* True for well-formed UTF-8 (no surrogates, no overlong forms). */
bool fl_utf8_is_valid(const char *s, size_t len);
size_t fl_utf8_length(const char *s, size_t len); /* characters in valid UTF-8 */
/* Terminal columns of valid UTF-8: East Asian wide characters take two. */
size_t fl_utf8_columns(const char *s, size_t len);

/* Shows an address in a log without naming the person: "k***@example.org", "+8210***5678". */
void fl_str_mask_address(char *out, size_t out_size, const char *address);

#endif
