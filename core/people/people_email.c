#include <ctype.h>
#include <idn2.h>
#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "people/people.h"

/* RFC 5321 section 4.5.3.1; 254 is what is left of a path of 256 without its brackets. */
enum { LOCAL_MAX = 64, DOMAIN_MAX = 255, ADDRESS_MAX = 254, LABEL_MAX = 63, IDN_INPUT_MAX = 1024 };

static bool is_atext(unsigned char c)
{
    return isalnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static enum fl_status check_local(const char *local, size_t len, struct fl_error *err)
{
    if (!len)
        return fl_error_set(err, FL_INVALID, "nothing before the \"@\"");
    if (local[0] == '"')
        return fl_error_set(err, FL_INVALID, "quoted local parts are not supported");
    if (len > LOCAL_MAX)
        return fl_error_set(err, FL_INVALID, "%zu characters before the \"@\", at most %d", len,
                            LOCAL_MAX);
    if (local[0] == '.' || local[len - 1] == '.')
        return fl_error_set(err, FL_INVALID, "a dot at the border of the part before the \"@\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)local[i];

        if (c == '.' && local[i + 1] == '.')
            return fl_error_set(err, FL_INVALID, "two dots in a row before the \"@\"");
        if (c >= 0x80)
            return fl_error_set(err, FL_INVALID, "a letter outside ASCII before the \"@\"");
        if (c == ' ' || c == '\t')
            return fl_error_set(err, FL_INVALID, "a blank before the \"@\"");
        if (c != '.' && !is_atext(c))
            return isprint(c)
                       ? fl_error_set(err, FL_INVALID,
                                      "the character '%c' is not allowed before the \"@\"", c)
                       : fl_error_set(err, FL_INVALID, "a control character");
    }
    return FL_OK;
}

static enum fl_status check_label(const char *label, size_t len, struct fl_error *err)
{
    if (!len)
        return fl_error_set(err, FL_INVALID,
                            "an empty label in the domain (two dots, or one at "
                            "its border)");
    if (len > LABEL_MAX)
        return fl_error_set(err, FL_INVALID, "a label of %zu characters in the domain, at most %d",
                            len, LABEL_MAX);
    if (label[0] == '-' || label[len - 1] == '-')
        return fl_error_set(err, FL_INVALID, "a label of the domain begins or ends with a hyphen");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)label[i];

        if (c == ' ' || c == '\t')
            return fl_error_set(err, FL_INVALID, "a blank in the domain");
        if (!isalnum(c) && c != '-')
            return isprint(c) ? fl_error_set(err, FL_INVALID,
                                             "the character '%c' is not allowed in a domain", c)
                              : fl_error_set(err, FL_INVALID, "a control character in the domain");
    }
    return FL_OK;
}

/* `domain` is ASCII; sets *has_a_label where a label is punycode and has to be looked at. */
static enum fl_status check_domain(const char *domain, bool *has_a_label, struct fl_error *err)
{
    const char *label = domain;
    size_t len = strlen(domain);

    if (!len)
        return fl_error_set(err, FL_INVALID, "nothing after the \"@\"");
    if (domain[0] == '[')
        return fl_error_set(err, FL_INVALID, "a domain is expected, not an IP address");
    if (len > DOMAIN_MAX)
        return fl_error_set(err, FL_INVALID, "a domain of %zu characters, at most %d", len,
                            DOMAIN_MAX);
    for (;;) {
        size_t n = strcspn(label, ".");
        enum fl_status st = check_label(label, n, err);

        if (st)
            return st;
        if (n > 4 && !strncasecmp(label, "xn--", 4))
            *has_a_label = true;
        if (!label[n])
            break;
        label += n + 1;
    }
    /* RFC 1123 section 2.1: the highest label is never a number, so this is an address of a host.
     */
    if (label[strspn(label, "0123456789")] == '\0')
        return fl_error_set(err, FL_INVALID, "the domain ends in a number");
    return FL_OK;
}

/* U-labels to A-labels; A-labels are checked to be what IDNA would make. */
static enum fl_status domain_to_ascii(struct fl_arena *arena, const char *in, const char **out,
                                      struct fl_error *err)
{
    bool ignored = false;
    char *ascii = NULL;
    const char *copy;
    enum fl_status st;
    int rc;

    if (strlen(in) > IDN_INPUT_MAX)
        return fl_error_set(err, FL_INVALID, "a domain of %zu bytes", strlen(in));
    if (!fl_utf8_is_valid(in, strlen(in)))
        return fl_error_set(err, FL_INVALID, "the domain is not UTF-8");
    rc = idn2_to_ascii_8z(in, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    if (rc == IDN2_MALLOC)
        return fl_error_set(err, FL_IO, "out of memory");
    if (rc != IDN2_OK)
        return fl_error_set(err, FL_INVALID, "no international domain name: %s", idn2_strerror(rc));
    copy = fl_arena_strdup(arena, ascii);
    idn2_free(ascii);
    if (!copy)
        return fl_error_set(err, FL_LIMIT, "out of memory");
    st = check_domain(copy, &ignored, err);
    if (!st)
        *out = copy;
    return st;
}

static bool is_ascii(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s >= 0x80)
            return false;
    return true;
}

enum fl_status fl_people_email_normalise(struct fl_arena *arena, const char *in, const char **out,
                                         struct fl_error *err)
{
    const char *at = strrchr(in, '@'), *domain;
    bool needs_idn = false;
    enum fl_status st;
    char *result;
    size_t local_len;

    if (!at)
        return fl_error_set(err, FL_INVALID, *in ? "no \"@\"" : "empty");
    local_len = (size_t)(at - in);
    domain = at + 1;
    st = check_local(in, local_len, err);
    if (st)
        return st;
    if (is_ascii(domain))
        st = check_domain(domain, &needs_idn, err);
    else
        needs_idn = true;
    if (!st && needs_idn)
        st = domain_to_ascii(arena, domain, &domain, err);
    if (st)
        return st;
    if (local_len + 1 + strlen(domain) > ADDRESS_MAX)
        return fl_error_set(err, FL_INVALID, "%zu characters, at most %d",
                            local_len + 1 + strlen(domain), ADDRESS_MAX);
    result = fl_arena_alloc(arena, local_len + 1 + strlen(domain) + 1);
    if (!result)
        return fl_error_set(err, FL_LIMIT, "out of memory");
    memcpy(result, in, local_len + 1);
    memcpy(result + local_len + 1, domain, strlen(domain) + 1);
    fl_str_lower_ascii(result + local_len + 1);
    *out = result;
    return FL_OK;
}
