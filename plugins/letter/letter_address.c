/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Postal addresses: checked, and as they stand in a window. */
#include "letter/letter_private.h"

#include <string.h>
#include <unicode/uloc.h>

enum { POSTCODE_MAX = 12 };

/* Where the postcode stands, as the post of the country wants it; UPU S42. */
enum placing { BEFORE_TOWN, AFTER_TOWN, LAST_LINE, FIRST_LINE };

static enum placing placing_of(const char *country)
{
    static const char after[] = "US CA AU NZ IN ID TH TW SG PH BR PK BD LK NP SA VN ";
    static const char last[] = "KR GB IE UA RU KZ ";
    static const char first[] = "JP CN ";
    char key[4];

    g_snprintf(key, sizeof key, "%s ", country);
    return strstr(after, key)   ? AFTER_TOWN
           : strstr(last, key)  ? LAST_LINE
           : strstr(first, key) ? FIRST_LINE
                                : BEFORE_TOWN;
}

/* Countries whose post knows no postcode; UPU, "Universal POST*CODE". */
static bool needs_postcode(const char *country)
{
    static const char without[] =
        "AE AG AN AO AW BF BI BJ BO BS BW BZ CD CF CG CI CK CM DJ DM ER FJ GA GD GH GM GN GQ GY "
        "HK IE JM KI KM KN KP LC ML MO MR MW NR NU PA QA RW SB SC SL SR ST SY TD TG TK TO TT TV "
        "UG VU WS YE ZW ";
    char key[4];

    g_snprintf(key, sizeof key, "%s ", country);
    return !strstr(without, key);
}

/* N is a digit, A a letter; several shapes are separated by '|'. */
static const struct {
    const char *country, *shapes;
} postcodes[] = {
    {"KR", "NNNNN"},
    {"US", "NNNNN|NNNNN-NNNN"},
    {"DE", "NNNNN"},
    {"FR", "NNNNN"},
    {"IT", "NNNNN"},
    {"ES", "NNNNN"},
    {"AT", "NNNN"},
    {"CH", "NNNN"},
    {"BE", "NNNN"},
    {"DK", "NNNN"},
    {"NO", "NNNN"},
    {"AU", "NNNN"},
    {"JP", "NNN-NNNN|NNNNNNN"},
    {"CN", "NNNNNN"},
    {"PL", "NN-NNN"},
    {"SE", "NNN NN|NNNNN"},
    {"NL", "NNNN AA|NNNNAA"},
    {"CA", "ANA NAN|ANANAN"},
    {"FI", "NNNNN"},
    {"CZ", "NNN NN|NNNNN"},
};

static bool has_shape(const char *postcode, const char *shape, size_t len)
{
    if (strlen(postcode) != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (shape[i] == 'N'   ? !g_ascii_isdigit(postcode[i])
            : shape[i] == 'A' ? !g_ascii_isalpha(postcode[i])
                              : postcode[i] != shape[i])
            return false;
    }
    return true;
}

static bool postcode_is_sound(const char *country, const char *postcode)
{
    for (size_t i = 0; i < G_N_ELEMENTS(postcodes); i++) {
        if (strcmp(postcodes[i].country, country) != 0)
            continue;
        for (const char *s = postcodes[i].shapes;; s++) {
            size_t len = strcspn(s, "|");

            if (has_shape(postcode, s, len))
                return true;
            s += len;
            if (!*s)
                return false;
        }
    }
    for (const char *p = postcode; *p; p++) {
        if (!g_ascii_isalnum(*p) && *p != ' ' && *p != '-')
            return false;
    }
    return strlen(postcode) <= POSTCODE_MAX;
}

static bool is_clean(const char *line)
{
    if (!g_utf8_validate(line, -1, NULL) || strlen(line) > LETTER_LINE_MAX)
        return false;
    for (const char *p = line; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (g_unichar_iscntrl(c) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
            return false;
    }
    return true;
}

static bool address_is_sound(const struct letter_address *address, char *why, size_t why_size)
{
    if (!address->n_lines) {
        g_snprintf(why, (gulong)why_size, "the address has no line but postcode and country");
        return false;
    }
    if (!address->postcode[0] && needs_postcode(address->country)) {
        g_snprintf(why, (gulong)why_size, "the address has no postcode, %s needs one",
                   address->country);
        return false;
    }
    if (address->postcode[0] && !postcode_is_sound(address->country, address->postcode)) {
        g_snprintf(why, (gulong)why_size, "\"%s\" is no postcode of %s", address->postcode,
                   address->country);
        return false;
    }
    return true;
}

static bool take_lines(char **parts, size_t n, struct letter_address *address, char *why,
                       size_t why_size)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_clean(g_strstrip(parts[i]))) {
            g_snprintf(why, (gulong)why_size,
                       "line %zu of the address is longer than %d bytes or no clean UTF-8", i + 1,
                       LETTER_LINE_MAX);
            return false;
        }
        if (!parts[i][0])
            continue;
        if (address->n_lines == LETTER_LINES_MAX) {
            g_snprintf(why, (gulong)why_size, "the address has more than %d lines",
                       LETTER_LINES_MAX);
            return false;
        }
        address->lines[address->n_lines++] = g_strdup(parts[i]);
    }
    return true;
}

bool letter_address_parse(const char *text, struct letter_address *out, char *why, size_t why_size)
{
    struct letter_address address = {0};
    char **parts = g_strsplit(text, "\n", LETTER_LINES_MAX + 8);
    size_t n = g_strv_length(parts);
    bool ok = false;

    if (n < 3) {
        g_snprintf(why, (gulong)why_size,
                   "the address has %zu lines, expected lines, postcode and country", n);
    } else if (strlen(g_strstrip(parts[n - 1])) != 2 || !g_ascii_isalpha(parts[n - 1][0]) ||
               !g_ascii_isalpha(parts[n - 1][1])) {
        g_snprintf(why, (gulong)why_size, "the address ends with no country of two letters");
    } else {
        address.country[0] = g_ascii_toupper(parts[n - 1][0]);
        address.country[1] = g_ascii_toupper(parts[n - 1][1]);
        address.postcode = g_ascii_strup(g_strstrip(parts[n - 2]), -1);
        ok = take_lines(parts, n - 2, &address, why, why_size) &&
             address_is_sound(&address, why, why_size);
    }
    g_strfreev(parts);
    if (ok)
        *out = address;
    else
        letter_address_clear(&address);
    return ok;
}

void letter_address_clear(struct letter_address *address)
{
    for (size_t i = 0; i < address->n_lines; i++)
        g_free(address->lines[i]);
    g_free(address->postcode);
    *address = (struct letter_address){0};
}

/* In English and capitals, as the UPU asks for mail that crosses a border. */
static void put_country(GString *out, const char *country)
{
    char locale[8];
    UChar wide[100];
    UErrorCode status = U_ZERO_ERROR;
    int32_t n;
    char *name = NULL, *upper;

    g_snprintf(locale, sizeof locale, "und_%s", country);
    n = uloc_getDisplayCountry(locale, "en", wide, G_N_ELEMENTS(wide), &status);
    if (U_SUCCESS(status) && n > 0)
        name = g_utf16_to_utf8((const gunichar2 *)wide, n, NULL, NULL, NULL);
    upper = g_utf8_strup(name ? name : country, -1);
    g_string_append_printf(out, "\n%s", upper);
    g_free(upper);
    g_free(name);
}

static void put_name(GString *out, const struct letter_address *address, const char *name)
{
    bool is_korean = strcmp(address->country, "KR") == 0;

    if (!name[0])
        return;
    g_string_append(out, name);
    /* The polite form on an envelope; not after a name in Latin letters. */
    if (is_korean && (unsigned char)name[0] >= 0x80)
        g_string_append(out, " 귀하");
    g_string_append_c(out, '\n');
}

char *letter_address_block(const struct letter_address *address, const char *name, const char *home)
{
    GString *out = g_string_new(NULL);
    enum placing placing = placing_of(address->country);
    const char *postcode = address->postcode;
    bool is_korean = strcmp(address->country, "KR") == 0;

    if (placing == FIRST_LINE && postcode[0])
        g_string_append_printf(out, "%s%s\n", strcmp(address->country, "JP") ? "" : "〒", postcode);
    if (!is_korean)
        put_name(out, address, name);
    for (size_t i = 0; i < address->n_lines; i++) {
        bool is_last = i + 1 == address->n_lines;

        if (is_last && placing == BEFORE_TOWN && postcode[0])
            g_string_append_printf(out, "%s ", postcode);
        g_string_append(out, address->lines[i]);
        if (is_last && placing == AFTER_TOWN && postcode[0])
            g_string_append_printf(out, " %s", postcode);
        g_string_append_c(out, '\n');
    }
    if (is_korean)
        put_name(out, address, name);
    if (placing == LAST_LINE && postcode[0])
        g_string_append(out, postcode);
    while (out->len && out->str[out->len - 1] == '\n')
        g_string_truncate(out, out->len - 1);
    if (strcmp(address->country, home) != 0)
        put_country(out, address->country);
    return g_string_free(out, FALSE);
}
