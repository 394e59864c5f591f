/* Sheets of `explain`. */
#include "appraise/appraise_sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { LINES_FIRST = 16, ID_TEXT_SIZE = 24 };
static const double WHOLE_MAX = 9007199254740992.0; /* 2^53: above, a double skips numbers */

void appraise_sheet_init(struct appraise_sheet *sheet)
{
    *sheet = (struct appraise_sheet){.rows = json_array()};
    sheet->has_no_memory = !sheet->rows;
}

void appraise_sheet_finish(struct appraise_sheet *sheet)
{
    free(sheet->lines);
    free(sheet->line_rows);
    json_decref(sheet->rows);
    *sheet = (struct appraise_sheet){0};
}

static void put(json_t *row, const char *key, json_t *value)
{
    (void)json_object_set_new(row, key, value);
}

/* JSON knows no NaN and no infinity; a count is whole. */
static json_t *number(double value)
{
    if (!isfinite(value))
        return json_null();
    return fabs(value) < WHOLE_MAX && !(fabs(value - round(value)) > 0)
               ? json_integer((json_int_t)value)
               : json_real(value);
}

static json_t *add_row(struct appraise_sheet *sheet, const char *kind, const char *label)
{
    json_t *row = json_object();

    put(row, "kind", json_string(kind));
    put(row, "label", json_string(label));
    if (json_array_append_new(sheet->rows, row)) {
        sheet->has_no_memory = true;
        return NULL;
    }
    return row;
}

json_t *appraise_sheet_fact(struct appraise_sheet *sheet, const char *label, double quantity)
{
    json_t *row = add_row(sheet, "fact", label);

    put(row, "quantity", number(quantity));
    return row;
}

json_t *appraise_sheet_text(struct appraise_sheet *sheet, const char *label, const char *text)
{
    json_t *row = add_row(sheet, "fact", label);

    put(row, "text", json_string(text));
    return row;
}

static bool reserve(struct appraise_sheet *sheet)
{
    size_t cap = sheet->cap ? 2 * sheet->cap : LINES_FIRST;
    struct fl_value_line *lines;
    json_t **rows;

    if (sheet->n < sheet->cap)
        return true;
    lines = realloc(sheet->lines, cap * sizeof *lines);
    if (lines)
        sheet->lines = lines;
    rows = realloc(sheet->line_rows, cap * sizeof(json_t *));
    if (rows)
        sheet->line_rows = rows;
    if (!lines || !rows) {
        sheet->has_no_memory = true;
        return false;
    }
    sheet->cap = cap;
    return true;
}

json_t *appraise_sheet_line(struct appraise_sheet *sheet, const char *label, double quantity,
                            double unit_minor)
{
    json_t *row = add_row(sheet, "line", label);

    if (!row || !reserve(sheet))
        return row;
    put(row, "quantity", number(quantity));
    put(row, "unit_minor", number(unit_minor));
    sheet->lines[sheet->n] = (struct fl_value_line){.exact = quantity * unit_minor};
    sheet->line_rows[sheet->n++] = row;
    return row;
}

json_t *appraise_sheet_term(struct appraise_sheet *sheet, const char *label, double quantity,
                            double unit, double amount)
{
    json_t *row = add_row(sheet, "line", label);

    put(row, "quantity", number(quantity));
    put(row, "unit", number(unit));
    put(row, "amount", number(amount));
    return row;
}

void appraise_sheet_event(json_t *row, const char *of, int64_t id, const char *name, int64_t at_us)
{
    char text[ID_TEXT_SIZE], time[FL_TIME_TEXT_SIZE];

    /* As text: identities do not fit into the numbers of JavaScript and jq. */
    snprintf(text, sizeof text, "%" PRId64, id);
    put(row, "of", json_string(of));
    put(row, "event", json_string(text));
    if (name)
        put(row, "name", json_string(name));
    if (at_us != FL_TIME_NONE) {
        fl_time_format(at_us, time);
        put(row, "at", json_string(time));
    }
}

void appraise_sheet_date(json_t *row, int32_t date)
{
    char text[FL_TIME_TEXT_SIZE];

    fl_date_format(date, text);
    put(row, "at", json_string(text));
}

void appraise_sheet_total(struct appraise_sheet *sheet, const char *label, double total)
{
    json_t *row;

    fl_value_lines_round(sheet->lines, sheet->n, total);
    for (size_t i = 0; i < sheet->n; i++)
        put(sheet->line_rows[i], "amount_minor", json_integer(sheet->lines[i].minor));
    row = add_row(sheet, "total", label);
    put(row, "amount_minor", json_integer(llround(total)));
}

void appraise_sheet_put(struct appraise_sheet *sheet, json_t *out, const char *section)
{
    if (json_object_set(out, section, sheet->rows))
        sheet->has_no_memory = true;
}
