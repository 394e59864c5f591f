/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The address file: CSV as of RFC 4180, or columns of fixed width. */
#include "letter/letter_private.h"

#include <string.h>

enum { COLUMN_WIDTH_MAX = 1000 };

const char *const letter_field_names[LETTER_FIELDS] = {[LETTER_F_LINE] = "line",
                                                       [LETTER_F_BAG] = "bag",
                                                       [LETTER_F_CODE] = "code",
                                                       [LETTER_F_NAME] = "name",
                                                       [LETTER_F_LINE1] = "line1",
                                                       [LETTER_F_LINE2] = "line2",
                                                       [LETTER_F_LINE3] = "line3",
                                                       [LETTER_F_LINE4] = "line4",
                                                       [LETTER_F_LINE5] = "line5",
                                                       [LETTER_F_LINE6] = "line6",
                                                       [LETTER_F_LINE7] = "line7",
                                                       [LETTER_F_LINE8] = "line8",
                                                       [LETTER_F_POSTCODE] = "postcode",
                                                       [LETTER_F_COUNTRY] = "country",
                                                       [LETTER_F_FIRST_PAGE] = "first_page",
                                                       [LETTER_F_PAGES] = "pages",
                                                       [LETTER_F_SHEETS] = "sheets",
                                                       [LETTER_F_WEIGHT_G] = "weight_g",
                                                       [LETTER_F_LANGUAGE] = "language"};

static int field_of(const char *name, size_t len)
{
    for (int i = 0; i < LETTER_FIELDS; i++) {
        if (strlen(letter_field_names[i]) == len && memcmp(letter_field_names[i], name, len) == 0)
            return i;
    }
    return -1;
}

bool letter_columns_parse(const char *text, GStringChunk *strings,
                          struct letter_column out[LETTER_COLUMNS_MAX], size_t *out_n, char *why,
                          size_t why_size)
{
    struct letter_column columns[LETTER_COLUMNS_MAX];
    size_t n = 0;

    for (const char *s = text; *s; n++) {
        size_t len;
        char *end;

        s += strspn(s, " ");
        len = strcspn(s, ":, ");
        if (n == LETTER_COLUMNS_MAX) {
            g_snprintf(why, (gulong)why_size, "more than %d columns", LETTER_COLUMNS_MAX);
            return false;
        }
        columns[n].field = field_of(s, len);
        columns[n].name = g_string_chunk_insert_len(strings, s, (gssize)len);
        columns[n].width = s[len] == ':' && g_ascii_isdigit(s[len + 1])
                               ? (size_t)g_ascii_strtoull(s + len + 1, &end, 10)
                               : 0;
        if (columns[n].field < 0 || columns[n].width < 1 || columns[n].width > COLUMN_WIDTH_MAX ||
            (*end && *end != ',')) {
            g_snprintf(why, (gulong)why_size,
                       "\"%.40s\" is no column, expected such as name:40 with 1 to %d bytes", s,
                       COLUMN_WIDTH_MAX);
            return false;
        }
        s = *end ? end + 1 : end;
    }
    if (!n) {
        g_snprintf(why, (gulong)why_size, "there is no column");
        return false;
    }
    memcpy(out, columns, n * sizeof *out);
    *out_n = n;
    return true;
}

/* A spreadsheet takes a cell that begins so for a formula; RFC 4180 knows no such thing, so a
 * quotation mark goes before it, as spreadsheets themselves do. */
static bool is_formula(const char *value)
{
    return value[0] && strchr("=+-@\t\r", value[0]);
}

void letter_csv_row(GString *out, const char *const fields[LETTER_FIELDS])
{
    for (size_t i = 0; i < LETTER_FIELDS; i++) {
        const char *value = fields[i] ? fields[i] : "";
        bool is_neutralised = is_formula(value);

        if (i)
            g_string_append_c(out, ',');
        if (!is_neutralised && !strpbrk(value, "\",\r\n") && value[0] != ' ') {
            g_string_append(out, value);
            continue;
        }
        g_string_append(out, is_neutralised ? "\"'" : "\"");
        for (; *value; value++) {
            if (*value == '"')
                g_string_append_c(out, '"');
            g_string_append_c(out, *value);
        }
        g_string_append_c(out, '"');
    }
    g_string_append(out, "\r\n");
}

static bool is_number(int field)
{
    return field == LETTER_F_LINE || field == LETTER_F_BAG || field == LETTER_F_FIRST_PAGE ||
           field == LETTER_F_PAGES || field == LETTER_F_SHEETS;
}

/* In the charset of the file; g_free() it.  NULL: it cannot be said there. */
static char *encode(enum letter_charset charset, const char *value, size_t *out_len)
{
    gsize len = strlen(value);
    char *encoded;

    if (charset == LETTER_UTF8) {
        *out_len = len;
        return g_strdup(value);
    }
    encoded = g_convert(value, (gssize)len, "CP949", "UTF-8", NULL, &len, NULL);
    *out_len = len;
    return encoded;
}

static bool put_column(enum letter_charset charset, const struct letter_column *column,
                       const char *value, GString *out, char *why, size_t why_size)
{
    size_t len;
    char *encoded = encode(charset, value, &len);

    if (!encoded) {
        g_snprintf(why, (gulong)why_size, "%s \"%.60s\" cannot be written in CP949", column->name,
                   value);
        return false;
    }
    if (len > column->width) {
        g_snprintf(why, (gulong)why_size, "%s \"%.60s\" has %zu bytes, its column %zu",
                   column->name, value, len, column->width);
        g_free(encoded);
        return false;
    }
    for (size_t i = len; is_number(column->field) && i < column->width; i++)
        g_string_append_c(out, '0');
    g_string_append_len(out, encoded, (gssize)len);
    for (size_t i = len; !is_number(column->field) && i < column->width; i++)
        g_string_append_c(out, ' ');
    g_free(encoded);
    return true;
}

bool letter_fixed_row(const struct letter_settings *set, GString *out,
                      const char *const fields[LETTER_FIELDS], char *why, size_t why_size)
{
    gsize before = out->len;

    for (size_t i = 0; i < set->n_columns; i++) {
        const char *value = fields[set->columns[i].field];

        if (!put_column(set->charset, &set->columns[i], value ? value : "", out, why, why_size)) {
            g_string_truncate(out, before);
            return false;
        }
    }
    g_string_append(out, "\r\n");
    return true;
}
