/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers: E.164 and the other ways to write them.  A prefix rule and no more: the numbers of
 * customers were checked when they were imported. */
#include "sms_private.h"

#include <string.h>

enum { SHORT_CODE_MAX = 6, NATIONAL_MIN = 7, NAME_MAX_BYTES = 100 };

/* The digits of a number with its ornaments taken off; NULL when it is something else. */
static char *digits_of(const char *number, bool *out_is_international)
{
    GString *digits = g_string_new(NULL);

    *out_is_international = *number == '+';
    for (const char *p = number + *out_is_international; *p; p++) {
        if (g_ascii_isdigit(*p))
            g_string_append_c(digits, *p);
        else if (!strchr(" -().", *p))
            return g_string_free(digits, TRUE);
    }
    return g_string_free(digits, digits->len == 0);
}

static char *as_it_is(const char *number)
{
    char *copy = g_utf8_make_valid(number, (gssize)strnlen(number, NAME_MAX_BYTES));

    for (char *p = copy; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    }
    return g_strstrip(copy);
}

char *sms_number_read(const char *number, const char *country_code)
{
    char *trimmed = g_strstrip(g_strdup(number));
    const size_t code_len = strlen(country_code);
    bool is_international;
    char *digits = digits_of(trimmed, &is_international);
    char *out = NULL;
    size_t len = digits ? strlen(digits) : 0;

    /* A form turns '+' into a blank. */
    if (digits && !is_international && number[0] == ' ' && code_len &&
        g_str_has_prefix(digits, country_code))
        is_international = true;
    if (!digits || len <= SHORT_CODE_MAX || len > SMS_NUMBER_MAX + 2)
        out = as_it_is(trimmed);
    else if (is_international)
        out = g_strconcat("+", digits, NULL);
    else if (g_str_has_prefix(digits, "00"))
        out = g_strconcat("+", digits + 2, NULL);
    else if (code_len && digits[0] == '0')
        out = g_strconcat("+", country_code, digits + 1, NULL);
    else if (code_len && g_str_has_prefix(digits, country_code) && len >= code_len + NATIONAL_MIN)
        out = g_strconcat("+", digits, NULL);
    else
        out = g_strdup(digits);
    g_free(digits);
    g_free(trimmed);
    return out;
}

char *sms_number_write(const char *e164, enum sms_number_format format, const char *country_code)
{
    const size_t code_len = strlen(country_code);
    const size_t len = strlen(e164);

    if (e164[0] != '+' || len < NATIONAL_MIN + 1 || len > SMS_NUMBER_MAX + 1 ||
        strspn(e164 + 1, "0123456789") != len - 1)
        return NULL;
    if (format == SMS_NUMBER_NATIONAL && code_len && g_str_has_prefix(e164 + 1, country_code))
        return g_strconcat("0", e164 + 1 + code_len, NULL);
    return g_strdup(format == SMS_NUMBER_E164 ? e164 : e164 + 1);
}
