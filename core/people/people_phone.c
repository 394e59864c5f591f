#include "people/people_phone.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "people/people.h"

enum { PHONE_INPUT_MAX = 100, KEYPAD_MAX = 13 };

/* Digits of `in` with the separators people write taken out; false for anything else. */
static bool keypad(const char *in, char out[KEYPAD_MAX + 1])
{
    size_t n = 0;

    for (; *in; in++) {
        if (*in == '-' || *in == ' ' || *in == '.') {
            /* A separator stands between two digits, never at a border or in a row. */
            if (!isdigit((unsigned char)in[1]) || !n || !isdigit((unsigned char)in[-1]))
                return false;
            continue;
        }
        if (!isdigit((unsigned char)*in) || n == KEYPAD_MAX)
            return false;
        out[n++] = *in;
    }
    out[n] = '\0';
    return n > 0;
}

bool people_phone_by_shape(const char *in, const char *country, char out[PEOPLE_PHONE_SIZE])
{
    bool is_international = *in == '+';
    char digits[KEYPAD_MAX + 1];
    const char *national;
    size_t len;

    if (!keypad(in + is_international, digits))
        return false;
    if (is_international && !strncmp(digits, "82", 2) && digits[2] != '0')
        national = digits + 2;
    else if (!is_international && country && !strcmp(country, "KR") && digits[0] == '0')
        national = digits + 1;
    else
        return false;
    len = strlen(national);
    /* Mobile 10-NNNN-NNNN; Seoul 2-NNN(N)-NNNN; provinces 31-NNN(N)-NNNN to 64. */
    if (!(len == 10 && !strncmp(national, "10", 2)) &&
        !((len == 8 || len == 9) && national[0] == '2') &&
        !((len == 9 || len == 10) && national[0] >= '3' && national[0] <= '6' &&
          national[1] >= '1' && national[1] <= '4'))
        return false;
    memcpy(out, "+82", 3);
    memcpy(out + 3, national, len + 1);
    return true;
}

/* Letters would be read as keys of a keypad ("1-800-FLOWERS"), which no customer file means. */
static bool has_foreign_character(const char *in)
{
    for (; *in; in++)
        if ((unsigned char)*in < 0x80 && !isdigit((unsigned char)*in) && !strchr("+-. ()/", *in))
            return true;
    return false;
}

enum fl_status fl_people_phone_normalise(struct fl_arena *arena, const char *in,
                                         const char *country, const char **out,
                                         struct fl_error *err)
{
    char number[PEOPLE_PHONE_SIZE];
    const char *reason = NULL, *copy;

    if (!*in)
        return fl_error_set(err, FL_INVALID, "empty");
    if (!people_phone_by_shape(in, country, number)) {
        if (strlen(in) > PHONE_INPUT_MAX)
            return fl_error_set(err, FL_INVALID, "too long for a phone number");
        if (has_foreign_character(in) || !fl_utf8_is_valid(in, strlen(in)))
            return fl_error_set(err, FL_INVALID,
                                "not a phone number (digits, \"+\", blanks, "
                                "\"-\", \".\", \"/\" and brackets are expected)");
        if (!people_phone_by_library(in, country, number, &reason))
            return fl_error_set(err, FL_INVALID, "%s", reason);
    }
    copy = fl_arena_strdup(arena, number);
    if (!copy)
        return fl_error_set(err, FL_LIMIT, "out of memory");
    *out = copy;
    return FL_OK;
}
