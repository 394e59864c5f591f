/* Values as text: cells, CSV, and text that cannot steer a terminal. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli_out_private.h"

static const double WHOLE_FROM = 1000;

static void put_members(struct fl_buf *buf, const json_t *object)
{
    const char *key;
    json_t *value;
    bool is_first = true;

    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        fl_buf_printf(buf, "%s%s=", is_first ? "" : " ", key);
        fl_cli_cell(buf, value);
        is_first = false;
    }
}

/* For the eye: four digits, and the whole ones of a large number. */
static void put_real(struct fl_buf *buf, double value)
{
    fl_buf_printf(buf, fabs(value) < WHOLE_FROM ? "%.4g" : "%.1f", value);
}

void fl_cli_cell(struct fl_buf *buf, const json_t *value)
{
    size_t i;
    json_t *item;

    if (!value)
        return;
    switch (json_typeof(value)) {
    case JSON_STRING:
        fl_buf_add(buf, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        fl_buf_printf(buf, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        put_real(buf, json_real_value(value));
        break;
    case JSON_TRUE:
        fl_buf_puts(buf, "yes");
        break;
    case JSON_FALSE:
        fl_buf_puts(buf, "no");
        break;
    case JSON_NULL:
        break;
    case JSON_ARRAY:
        json_array_foreach(value, i, item)
        {
            fl_buf_puts(buf, i ? ", " : "");
            fl_cli_cell(buf, item);
        }
        break;
    case JSON_OBJECT:
        put_members(buf, value);
        break;
    }
}

/* A spreadsheet computes a cell that begins with one of these. */
static bool is_formula(const char *text)
{
    return *text && strchr("=+-@\t\r", *text);
}

bool fl_cli_is_decimal(const char *text)
{
    const char *digits = text + (*text == '-');
    size_t whole = strspn(digits, "0123456789");

    if (!whole || digits[whole] != '.')
        return whole && !digits[whole];
    digits += whole + 1;
    return *digits && !digits[strspn(digits, "0123456789")];
}

void fl_cli_csv_cell(struct fl_buf *buf, const json_t *value)
{
    FL_AUTO_BUF struct fl_buf cell = FL_BUF(FL_CLI_CELL_MAX);
    const char *text;
    bool is_neutralised;

    if (json_is_array(value) || json_is_object(value)) {
        char *json = json_dumps(value, JSON_COMPACT);

        fl_buf_puts(&cell, json ? json : "");
        free(json);
    } else if (json_is_real(value)) {
        fl_buf_printf(&cell, "%.15g", json_real_value(value)); /* for programs: all digits */
    } else {
        fl_cli_cell(&cell, value);
    }
    text = cell.data;
    /* An amount may be negative: money is text with its decimals. */
    is_neutralised = json_is_string(value) && is_formula(text) && !fl_cli_is_decimal(text);
    if (!is_neutralised && !strpbrk(text, ",\"\r\n")) {
        fl_buf_puts(buf, text);
        return;
    }
    fl_buf_puts(buf, is_neutralised ? "\"'" : "\"");
    for (; *text; text++) {
        if (*text == '"')
            fl_buf_putc(buf, '"');
        fl_buf_putc(buf, *text);
    }
    fl_buf_putc(buf, '"');
}

/* Length of a sequence at `s` that a terminal would obey: C0 and C1 controls, DEL, marks of
 * direction (U+200E, U+200F, U+202A..U+202E, U+2066..U+2069). */
static size_t steering(const unsigned char *s, size_t len)
{
    if (s[0] < 0x20 && s[0] != '\n' && s[0] != '\t')
        return 1;
    if (s[0] == 0x7f)
        return 1;
    if (len >= 2 && s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
        return 2;
    if (len < 3 || s[0] != 0xe2)
        return 0;
    if (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xaa && s[2] <= 0xae)))
        return 3;
    return s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9 ? 3 : 0;
}

void fl_cli_put_harmless(FILE *stream, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;

    for (size_t i = 0; i < len;) {
        size_t n = steering(s + i, len - i);

        if (n)
            i += n;
        else
            fputc(s[i++], stream);
    }
}
