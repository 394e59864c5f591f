/* Tables by libsmartcols, records, bare text. */
#include <errno.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/cli_out_private.h"

enum { NAME_WIDTH_MAX = 24, TOLD_WIDTH_MIN = 24 };

/* Columns that may be cut so that a table fits the terminal, by name. */
static bool is_long(const char *name)
{
    static const char *const names[] = {"text",   "subject", "summary",    "help",      "detail",
                                        "proof",  "remedy",  "definition", "addresses", "content",
                                        "reason", "value",   "hash",       "name"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Columns whose end matters as much as their beginning: they go on in the next line. */
static bool is_told(const char *name)
{
    return strcmp(name, "sentence") == 0 || strcmp(name, "what_and_why") == 0;
}

/* Money is text with the currency's decimals, and still stands under money. */
static bool is_amount(const char *name)
{
    static const char *const names[] = {"amount", "unit", "ltv", "customer_equity",
                                        "customer_value"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* By the first that is there. */
static bool is_number(const json_t *rows, const char *name)
{
    const json_t *value = NULL;

    for (size_t i = 0; i < json_array_size(rows) && (!value || json_is_null(value)); i++)
        value = json_object_get(json_array_get(rows, i), name);
    return json_is_number(value) || (json_is_string(value) && is_amount(name));
}

static const char *colour_of(const char *text)
{
    static const struct {
        const char *text, *colour;
    } colours[] = {{"OK", "green"},      {"WARN", "yellow"},      {"FAIL", "red"},
                   {"running", "green"}, {"delivered", "green"},  {"accepted", "green"},
                   {"held", "yellow"},   {"uncertain", "yellow"}, {"deferred", "yellow"},
                   {"bounced", "red"},   {"failed", "red"},       {"down", "red"}};

    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++)
        if (strcmp(colours[i].text, text) == 0)
            return colours[i].colour;
    return NULL;
}

/* One line: line ends become blanks, what would steer a terminal is taken out. */
static void cell_text(struct fl_buf *buf, const json_t *value)
{
    FL_AUTO_BUF struct fl_buf raw = FL_BUF(FL_CLI_CELL_MAX);
    char *clean = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&clean, &len);

    if (!stream)
        return;
    fl_cli_cell(&raw, value);
    fl_cli_put_harmless(stream, raw.data, raw.len);
    if (fclose(stream) == 0)
        for (size_t i = 0; i < len; i++)
            fl_buf_putc(buf, clean[i] == '\n' || clean[i] == '\t' ? ' ' : clean[i]);
    free(clean);
}

/* What is left for the column that is told, beside the widest of each other. */
static size_t room_for_told(const struct fl_cli_out_options *options, const json_t *columns,
                            const json_t *rows)
{
    size_t taken = 0, i, j;
    json_t *name, *row;

    json_array_foreach(columns, i, name)
    {
        const char *text = json_string_value(name);
        size_t widest = strlen(text);

        if (is_told(text))
            continue;
        json_array_foreach(rows, j, row)
        {
            FL_AUTO_BUF struct fl_buf buf = FL_BUF(FL_CLI_CELL_MAX);
            size_t width;

            cell_text(&buf, json_object_get(row, text));
            width = fl_utf8_columns(buf.data, buf.len);
            widest = width > widest ? width : widest;
        }
        taken += widest + 1;
    }
    return (size_t)options->width > taken + TOLD_WIDTH_MIN ? (size_t)options->width - taken
                                                           : TOLD_WIDTH_MIN;
}

/* Line ends in the place of blanks, so that no line is wider, but for a word that is. */
static void fold(char *text, size_t width)
{
    char *line = text, *blank = NULL;

    for (char *p = text; *p; p++) {
        if (*p != ' ')
            continue;
        if (blank && fl_utf8_columns(line, (size_t)(p - line)) > width) {
            *blank = '\n';
            line = blank + 1;
        }
        blank = p;
    }
    if (blank && fl_utf8_columns(line, strlen(line)) > width)
        *blank = '\n';
}

static void add_columns(struct libscols_table *table, const struct fl_cli_out_options *options,
                        const json_t *columns, const json_t *rows)
{
    size_t i;
    json_t *name;

    json_array_foreach(columns, i, name)
    {
        const char *text = json_string_value(name);
        FL_AUTO_FREE char *heading = strdup(text);
        int flags = is_number(rows, text) ? SCOLS_FL_RIGHT : 0;
        struct libscols_column *column;

        for (char *p = heading; p && *p; p++)
            if (*p >= 'a' && *p <= 'z')
                *p = (char)(*p - 'a' + 'A');
        if (options->is_terminal && is_told(text))
            flags |= SCOLS_FL_WRAP;
        else if (options->is_terminal && is_long(text))
            flags |= SCOLS_FL_TRUNC;
        column = scols_table_new_column(table, heading ? heading : text, 0, flags);
        if (column && (flags & SCOLS_FL_WRAP)) {
            (void)scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk,
                                            NULL);
            (void)scols_column_set_safechars(column, "\n");
        }
    }
}

static void add_row(struct libscols_table *table, const struct fl_cli_out_options *options,
                    const json_t *columns, const json_t *row, size_t told_width)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    size_t i;
    json_t *name;

    if (!line)
        return;
    json_array_foreach(columns, i, name)
    {
        FL_AUTO_BUF struct fl_buf buf = FL_BUF(FL_CLI_CELL_MAX);
        const char *colour;

        cell_text(&buf, json_object_get(row, json_string_value(name)));
        if (options->is_terminal && is_told(json_string_value(name)) && buf.len)
            fold(buf.data, told_width);
        (void)scols_line_set_data(line, i, buf.data);
        colour = options->has_colour ? colour_of(buf.data) : NULL;
        if (colour)
            (void)scols_cell_set_color(scols_line_get_cell(line, i), colour);
    }
}

static void put_indented(FILE *stream, const char *text, const char *indent)
{
    while (text && *text) {
        size_t len = strcspn(text, "\n");

        while (len && text[len - 1] == ' ')
            len--;
        fprintf(stream, "%s%.*s\n", indent, (int)len, text);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}

void fl_cli_table_print(const struct fl_cli_out_options *options, const json_t *columns,
                        const json_t *rows, bool has_heading, const char *indent)
{
    struct libscols_table *table = scols_new_table();
    int width = options->width - (int)strlen(indent);
    char *text = NULL;
    size_t i, told_width;
    json_t *row;

    if (!table)
        return;
    (void)scols_table_enable_ascii(table, !options->is_terminal);
    (void)scols_table_enable_colors(table, options->has_colour);
    (void)scols_table_enable_noheadings(table, !has_heading);
    (void)scols_table_set_termforce(
        table, options->is_terminal && width > 0 ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
    if (options->is_terminal && width > 0)
        (void)scols_table_set_termwidth(table, (size_t)width);
    add_columns(table, options, columns, rows);
    told_width = options->is_terminal ? room_for_told(options, columns, rows) : 0;
    json_array_foreach(rows, i, row) add_row(table, options, columns, row, told_width);
    if (scols_print_table_to_string(table, &text) == 0)
        put_indented(options->stream, text, indent);
    free(text);
    scols_unref_table(table);
}

/* --- records ---------------------------------------------------------------------------------*/

static bool is_table(const json_t *value)
{
    return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static void print_member(const struct fl_cli_out_options *options, const char *key, json_t *value,
                         int width)
{
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(FL_CLI_CELL_MAX);
    const char *member;
    json_t *columns, *item;

    if (is_table(value)) {
        columns = json_array();
        json_object_foreach(json_array_get(value, 0), member, item)(void)
            json_array_append_new(columns, json_string(member));
        fprintf(options->stream, "%s\n", key);
        fl_cli_table_print(options, columns, value, true, "    ");
        json_decref(columns);
        return;
    }
    fl_cli_cell(&buf, value);
    if (strchr(buf.data, '\n')) {
        fprintf(options->stream, "%s\n", key);
        for (const char *p = buf.data; *p;) {
            size_t len = strcspn(p, "\n");

            fputs(len ? "    " : "", options->stream);
            fl_cli_put_harmless(options->stream, p, len);
            fputc('\n', options->stream);
            p += len;
            p += *p == '\n';
        }
        return;
    }
    fprintf(options->stream, "%-*s", buf.len ? width : 0, key);
    fputs(buf.len ? "  " : "", options->stream);
    fl_cli_put_harmless(options->stream, buf.data, buf.len);
    fputc('\n', options->stream);
}

void fl_cli_record_print(const struct fl_cli_out_options *options, const json_t *columns,
                         const json_t *row)
{
    const char *key;
    json_t *value;
    int width = 0;

    (void)columns;
    json_object_foreach((json_t *)(uintptr_t)row, key, value)
    {
        int len = (int)strlen(key);

        if (len > width && len <= NAME_WIDTH_MAX)
            width = len;
    }
    json_object_foreach((json_t *)(uintptr_t)row, key, value)
        print_member(options, key, value, width);
}

/* --- bare ------------------------------------------------------------------------------------*/

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void put_base64(FILE *stream, const char *text)
{
    unsigned bits = 0;
    int n_bits = 0;

    for (; *text && *text != '='; text++) {
        int digit = digit_of(*text);

        if (digit < 0)
            continue;
        bits = bits << 6 | (unsigned)digit;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            fputc((int)(bits >> n_bits & 255u), stream);
        }
    }
}

void fl_cli_raw_print(const struct fl_cli_out_options *options, const json_t *row)
{
    const json_t *value = json_object_get(row, "text");
    const char *text = json_string_value(value);
    const char *base64 = json_string_value(json_object_get(row, "base64"));
    size_t len = json_string_length(value);

    if (base64) {
        put_base64(options->stream, base64);
    } else if (text && options->is_terminal) {
        fl_cli_put_harmless(options->stream, text, len);
    } else if (text) {
        fwrite(text, 1, len, options->stream);
    }
    if (text && (len == 0 || text[len - 1] != '\n'))
        fputc('\n', options->stream);
}
