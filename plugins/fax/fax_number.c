/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telephone numbers: to dial, and as an exchange or a machine shows them. */
#include "fax/fax_private.h"

#include <string.h>

enum { E164_DIGITS_MAX = 15, E164_DIGITS_MIN = 5 };

static size_t digits_of(const char *text, char *out, size_t size)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++) {
        if (g_ascii_isdigit(*text))
            out[n++] = *text;
    }
    out[n] = '\0';
    return n;
}

bool fax_number_is_e164(const char *number)
{
    size_t n = number[0] == '+' ? strspn(number + 1, "0123456789") : 0;

    return n >= E164_DIGITS_MIN && n <= E164_DIGITS_MAX && !number[1 + n] && number[1] != '0';
}

/* Behind our own country's code, or NULL. */
static const char *national_part(const struct fax_settings *set, const char *e164)
{
    size_t n = strlen(set->country_code);

    return strncmp(e164 + 1, set->country_code, n) == 0 ? e164 + 1 + n : NULL;
}

bool fax_number_dial(const struct fax_settings *set, const char *e164, char out[FAX_NUMBER_MAX])
{
    const char *national;

    if (!fax_number_is_e164(e164))
        return false;
    national = national_part(set, e164);
    return g_snprintf(out, FAX_NUMBER_MAX, "%s%s%s", set->dial_prefix,
                      national ? set->trunk_prefix : set->international_prefix,
                      national ? national : e164 + 1) < FAX_NUMBER_MAX;
}

bool fax_number_read(const struct fax_settings *set, const char *shown, char out[FAX_NUMBER_MAX])
{
    char digits[FAX_NUMBER_MAX];
    size_t n = digits_of(shown, digits, sizeof digits);
    const char *number = digits, *code = "";
    size_t international = strlen(set->international_prefix), trunk = strlen(set->trunk_prefix);

    if (strchr(shown, '+'))
        ;
    else if (international && strncmp(digits, set->international_prefix, international) == 0)
        number += international;
    else if (trunk && strncmp(digits, set->trunk_prefix, trunk) == 0) {
        number += trunk;
        code = set->country_code;
    } else
        code = set->country_code;
    n = strlen(number) + strlen(code);
    if (n < E164_DIGITS_MIN || n > E164_DIGITS_MAX)
        return false;
    g_snprintf(out, FAX_NUMBER_MAX, "+%s%s", code, number);
    return fax_number_is_e164(out);
}

/* Four, then three or four, then the area: how numbers are grouped in most places. */
void fax_number_show(const struct fax_settings *set, const char *e164, char *out, size_t size)
{
    const char *national = fax_number_is_e164(e164) ? national_part(set, e164) : NULL;
    char digits[FAX_NUMBER_MAX];
    size_t n, middle;

    if (!national) {
        g_strlcpy(out, e164, size);
        return;
    }
    n = (size_t)g_snprintf(digits, sizeof digits, "%s%s", set->trunk_prefix, national);
    if (n < 8 || n >= sizeof digits) {
        g_strlcpy(out, digits, size);
        return;
    }
    middle = n >= 10 && !(n == 10 && digits[1] != '2') ? 4 : 3;
    g_snprintf(out, size, "%.*s-%.*s-%s", (int)(n - 4 - middle), digits, (int)middle,
               digits + n - 4 - middle, digits + n - 4);
}
