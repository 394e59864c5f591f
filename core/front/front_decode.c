#include "front/front_decode.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "front/front_pages.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes into `out`, which has room for `len` bytes and a NUL. */
static enum fl_status decode(const char *text, size_t len, bool plus_is_blank, bool allows_lines,
                             char *out, struct fl_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '+' && plus_is_blank)
            c = ' ';
        if (c == '%') {
            int high = i + 2 < len ? hex(text[i + 1]) : -1, low = high < 0 ? -1 : hex(text[i + 2]);

            if (low < 0)
                return fl_error_set(err, FL_INVALID, "a '%%' is not followed by two hex digits");
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (((unsigned char)c < ' ' && !(allows_lines && (c == '\t' || c == '\r' || c == '\n'))) ||
            c == 0x7f)
            return fl_error_set(err, FL_INVALID, "a control character stands in it");
        out[n++] = c;
    }
    out[n] = '\0';
    if (!fl_utf8_is_valid(out, n))
        return fl_error_set(err, FL_INVALID, "it is no UTF-8");
    return FL_OK;
}

enum fl_status fl_front_path_check(const char *path, struct fl_error *err)
{
    char decoded[FL_FRONT_FIELD_MAX];
    size_t len = strlen(path);
    enum fl_status st;

    if (*path != '/' || len >= sizeof decoded)
        return fl_error_set(err, FL_INVALID, "the path does not begin with '/', or never ends");
    if (strpbrk(path, "\\ \"<>#"))
        return fl_error_set(err, FL_INVALID, "the path has a character that must be encoded");
    st = decode(path, len, false, false, decoded, err);
    if (st)
        return fl_error_prefix(err, st, "the path");
    if (strchr(decoded, '\\'))
        return fl_error_set(err, FL_INVALID, "the path holds a backslash");
    for (const char *segment = decoded; segment; segment = strchr(segment, '/')) {
        size_t n;

        segment++;
        n = strcspn(segment, "/");
        if ((n == 1 && segment[0] == '.') || (n == 2 && memcmp(segment, "..", 2) == 0))
            return fl_error_set(err, FL_INVALID, "the path goes up");
    }
    return FL_OK;
}

static enum fl_status decode_part(struct fl_arena *arena, const char *text, size_t len,
                                  bool allows_lines, const char **out, struct fl_error *err)
{
    char *copy;
    enum fl_status st;

    if (len > 3 * (size_t)FL_FRONT_FIELD_MAX)
        return fl_error_set(err, FL_LIMIT, "a field is longer than %d bytes", FL_FRONT_FIELD_MAX);
    copy = fl_arena_alloc(arena, len + 1);
    if (!copy)
        return fl_error_set(err, FL_LIMIT, "no memory for the fields");
    st = decode(text, len, true, allows_lines, copy, err);
    if (st)
        return fl_error_prefix(err, st, "a field");
    if (strlen(copy) > FL_FRONT_FIELD_MAX)
        return fl_error_set(err, FL_LIMIT, "a field is longer than %d bytes", FL_FRONT_FIELD_MAX);
    *out = copy;
    return FL_OK;
}

enum fl_status fl_front_fields_decode(struct fl_arena *arena, const char *text, size_t len,
                                      bool allows_lines, const struct fl_http_field **out,
                                      size_t *out_n, struct fl_error *err)
{
    const char *end = text + len;
    struct fl_http_field *fields;
    size_t n = 0, n_max = len > 0;
    enum fl_status st = FL_OK;

    for (const char *p = text; p < end; p++)
        n_max += *p == '&';
    if (n_max > FL_FRONT_FIELDS_MAX)
        return fl_error_set(err, FL_LIMIT, "more than %d fields", FL_FRONT_FIELDS_MAX);
    fields = FL_ARENA_ARRAY(arena, struct fl_http_field, n_max + 1);
    if (!fields)
        return fl_error_set(err, FL_LIMIT, "no memory for the fields");
    while (!st && text < end) {
        const char *amp = memchr(text, '&', (size_t)(end - text));
        size_t part = (size_t)((amp ? amp : end) - text);
        const char *equal = memchr(text, '=', part);
        size_t name = equal ? (size_t)(equal - text) : part;

        if (part) {
            fields[n].value = "";
            st = decode_part(arena, text, name, allows_lines, &fields[n].name, err);
            if (!st && equal)
                st = decode_part(arena, equal + 1, part - name - 1, allows_lines, &fields[n].value,
                                 err);
            n++;
        }
        text += part + (amp != NULL);
    }
    if (st)
        return st;
    *out = fields;
    *out_n = n;
    return FL_OK;
}

const char *fl_front_forwarded_for(struct fl_arena *arena, const char *header)
{
    const char *comma = strrchr(header, ',');
    char *last = fl_arena_strdup(arena, comma ? comma + 1 : header);
    unsigned char address[sizeof(struct in6_addr)];

    last = last ? fl_str_trim(last) : NULL;
    if (!last ||
        (inet_pton(AF_INET, last, address) != 1 && inet_pton(AF_INET6, last, address) != 1))
        return NULL;
    return last;
}

/* What a token stands behind is a page of one letter; the name of a channel is no secret. */
void fl_front_path_mask(char *out, size_t size, const char *path)
{
    const char *second = *path ? strchr(path + 1, '/') : NULL;
    const char *end = second;

    if (second && fl_str_starts_with(path, "/h/"))
        end = strchr(second + 1, '/');
    if (end && end[1])
        snprintf(out, size, "%.*s/...", (int)(end - path), path);
    else
        snprintf(out, size, "%s", path);
}
