#include "front/front_guard.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

enum {
    BAD_REQUEST = 400,
    METHOD_NOT_ALLOWED = 405,
    LENGTH_REQUIRED = 411,
    TOO_LARGE = 413,
    URL_TOO_LONG = 414,
    HEADERS_TOO_LARGE = 431,
    LINE_END = 2 /* CR LF */
};

static bool is_named(const struct fl_front_header *h, const char *name)
{
    return h->name_len == strlen(name) && strncasecmp(h->name, name, h->name_len) == 0;
}

/* A token of RFC 9110: no blank, no control character, no separator. */
static bool is_name(const struct fl_front_header *h)
{
    for (size_t i = 0; i < h->name_len; i++) {
        unsigned char c = (unsigned char)h->name[i];

        if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c))
            return false;
    }
    return h->name_len > 0;
}

static bool is_value(const struct fl_front_header *h)
{
    for (size_t i = 0; i < h->value_len; i++) {
        unsigned char c = (unsigned char)h->value[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static size_t request_line(const struct fl_front_head *head)
{
    return strlen(head->method) + 1 + strlen(head->url) + 1 + strlen(head->version) + LINE_END;
}

/* Does what was parsed account for every byte?  Addresses are compared as numbers: nothing is read
 * between the fields. */
static bool is_laid_out(const struct fl_front_head *head)
{
    size_t total = request_line(head) + LINE_END;
    uintptr_t end = 0;

    for (size_t i = 0; i < head->n_headers; i++) {
        const struct fl_front_header *h = &head->headers[i];
        uintptr_t name = (uintptr_t)h->name, value = (uintptr_t)h->value;

        if ((i > 0 && name != end + LINE_END) || value <= name + h->name_len)
            return false;
        end = value + h->value_len;
        total += end - name + LINE_END;
    }
    return total == head->size;
}

static int guard_url(const struct fl_front_head *head, const char **why)
{
    if (strcmp(head->method, "GET") != 0 && strcmp(head->method, "HEAD") != 0 &&
        strcmp(head->method, "POST") != 0) {
        *why = "a method other than GET, HEAD and POST";
        return METHOD_NOT_ALLOWED;
    }
    if (strlen(head->url) > FL_FRONT_GUARD_URL_MAX) {
        *why = "a URL that is too long";
        return URL_TOO_LONG;
    }
    *why = "a URL that is not the path of a page";
    if (*head->url != '/' || head->url[1] == '/')
        return BAD_REQUEST;
    for (const unsigned char *p = (const unsigned char *)head->url; *p; p++)
        if (*p <= ' ' || *p >= 0x7f || *p == '#')
            return BAD_REQUEST;
    return 0;
}

/* How long is the body, and is there one way only to tell? */
static int guard_length(const struct fl_front_head *head, const char **why)
{
    const struct fl_front_header *length = NULL, *encoding = NULL;
    char digits[20];
    int64_t n = 0;

    *why = "Content-Length or Transfer-Encoding given twice, or both";
    for (size_t i = 0; i < head->n_headers; i++) {
        const struct fl_front_header *h = &head->headers[i];
        bool is_length = is_named(h, "content-length");

        if (!is_length && !is_named(h, "transfer-encoding"))
            continue;
        if (length || encoding)
            return BAD_REQUEST;
        *(is_length ? &length : &encoding) = h;
    }
    *why = "a Transfer-Encoding other than chunked";
    if (encoding && (encoding->value_len != strlen("chunked") ||
                     strncasecmp(encoding->value, "chunked", encoding->value_len) != 0 ||
                     strcmp(head->version, "HTTP/1.1") != 0))
        return BAD_REQUEST;
    *why = "a POST that does not say how long it is";
    if (strcmp(head->method, "POST") == 0 && !length && !encoding)
        return LENGTH_REQUIRED;
    *why = "a body without POST";
    if (strcmp(head->method, "POST") != 0 && encoding)
        return BAD_REQUEST;
    if (!length)
        return 0;
    *why = "a Content-Length that is no number";
    if (length->value_len >= sizeof digits)
        return BAD_REQUEST;
    memcpy(digits, length->value, length->value_len);
    digits[length->value_len] = '\0';
    if (!fl_str_parse_i64(digits, 0, INT64_MAX, &n) ||
        strspn(digits, "0123456789") != length->value_len)
        return BAD_REQUEST;
    *why = "a body without POST";
    if (n > 0 && strcmp(head->method, "POST") != 0)
        return BAD_REQUEST;
    *why = "a body that is too large";
    return n > head->body_max ? TOO_LARGE : 0;
}

static int guard_host(const struct fl_front_head *head, const char **why)
{
    const struct fl_front_header *host = NULL;

    *why = "no Host, or several";
    for (size_t i = 0; i < head->n_headers; i++) {
        if (!is_named(&head->headers[i], "host"))
            continue;
        if (host)
            return BAD_REQUEST;
        host = &head->headers[i];
    }
    if (!host)
        return strcmp(head->version, "HTTP/1.0") == 0 ? 0 : BAD_REQUEST;
    *why = "a Host that is none";
    for (size_t i = 0; i < host->value_len; i++)
        if (strchr(" \t/\\?#@\"<>,", host->value[i]))
            return BAD_REQUEST;
    return host->value_len ? 0 : BAD_REQUEST;
}

int fl_front_guard(const struct fl_front_head *head, const char **why)
{
    int status;

    *why = "too many header fields";
    if (head->n_headers > FL_FRONT_HEADERS_MAX)
        return HEADERS_TOO_LARGE;
    *why = "a version that is neither HTTP/1.0 nor HTTP/1.1";
    if (strcmp(head->version, "HTTP/1.1") != 0 && strcmp(head->version, "HTTP/1.0") != 0)
        return BAD_REQUEST;
    *why = "a header field with a control character, or a name that is none";
    for (size_t i = 0; i < head->n_headers; i++)
        if (!is_name(&head->headers[i]) || !is_value(&head->headers[i]))
            return BAD_REQUEST;
    *why = "a head that is folded, ended by bare LF, or holds NUL";
    if (!is_laid_out(head))
        return BAD_REQUEST;
    status = guard_url(head, why);
    if (!status)
        status = guard_host(head, why);
    return status ? status : guard_length(head, why);
}
