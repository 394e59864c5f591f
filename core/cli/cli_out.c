#include "cli/cli_out.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli_out_private.h"

struct fl_cli_out {
    struct fl_cli_out_options options;
    json_t *columns; /* names in order; NULL until the first row where none are given */
    json_t *rows;    /* of a table, until it is printed */
    size_t n_rows, n_lost;
    bool has_heading;
    bool is_open; /* JSON: the array was begun */
};

bool fl_cli_format_parse(const char *name, enum fl_cli_format *out)
{
    static const char *const names[] = {"table", "json", "jsonl", "csv", "name"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0) {
            *out = (enum fl_cli_format)i;
            return true;
        }
    return false;
}

static json_t *split(const char *columns)
{
    json_t *array = json_array();

    while (columns && *columns) {
        size_t len = strcspn(columns, ",");

        if (len)
            (void)json_array_append_new(array, json_stringn(columns, len));
        columns += len;
        columns += *columns == ',';
    }
    return array;
}

struct fl_cli_out *fl_cli_out_create(const struct fl_cli_out_options *options)
{
    struct fl_cli_out *out = calloc(1, sizeof *out);

    if (!out)
        return NULL;
    out->options = *options;
    out->columns = options->columns ? split(options->columns) : NULL;
    out->rows = json_array();
    return out;
}

void fl_cli_out_destroy(struct fl_cli_out **out)
{
    if (!*out)
        return;
    json_decref((*out)->columns);
    json_decref((*out)->rows);
    free(*out);
    *out = NULL;
}

size_t fl_cli_out_lost(const struct fl_cli_out *out)
{
    return out->n_lost;
}

size_t fl_cli_out_count(const struct fl_cli_out *out)
{
    return out->n_rows;
}

/* Columns that were not given are the members of the first row. */
static const json_t *columns_of(struct fl_cli_out *out, json_t *row)
{
    const char *key;
    json_t *value;

    if (out->columns)
        return out->columns;
    out->columns = json_array();
    json_object_foreach(row, key, value)(void)
        json_array_append_new(out->columns, json_string(key));
    return out->columns;
}

static void csv_row(struct fl_cli_out *out, json_t *row)
{
    const json_t *columns = columns_of(out, row);
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(FL_CLI_CELL_MAX);
    size_t i;
    json_t *name;

    if (!out->has_heading)
        json_array_foreach(columns, i, name)
        {
            fl_buf_puts(&buf, i ? "," : "");
            fl_cli_csv_cell(&buf, name);
        }
    fl_buf_puts(&buf, out->has_heading ? "" : "\r\n");
    out->has_heading = true;
    json_array_foreach(columns, i, name)
    {
        fl_buf_puts(&buf, i ? "," : "");
        fl_cli_csv_cell(&buf, json_object_get(row, json_string_value(name)));
    }
    fl_buf_puts(&buf, "\r\n");
    fwrite(buf.data, 1, buf.len, out->options.stream);
}

static void name_row(struct fl_cli_out *out, json_t *row)
{
    const json_t *columns = columns_of(out, row);
    const char *first = json_string_value(json_array_get(columns, 0));
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(FL_CLI_CELL_MAX);

    fl_cli_cell(&buf, first ? json_object_get(row, first) : NULL);
    fl_cli_put_harmless(out->options.stream, buf.data, buf.len);
    fputc('\n', out->options.stream);
}

/* With --fields only these members are shown. */
static json_t *chosen(struct fl_cli_out *out, json_t *row)
{
    json_t *object, *name;
    size_t i;

    if (!out->options.columns)
        return json_incref(row);
    object = json_object();
    json_array_foreach(out->columns, i, name)
    {
        json_t *value = json_object_get(row, json_string_value(name));

        (void)json_object_set(object, json_string_value(name), value ? value : json_null());
    }
    return object;
}

static void json_row(struct fl_cli_out *out, json_t *row)
{
    FILE *stream = out->options.stream;
    json_t *object = chosen(out, row);

    if (out->options.format == FL_CLI_JSON) {
        fputs(out->is_open ? ",\n" : "[\n", stream);
        (void)json_dumpf(object, stream, JSON_INDENT(2));
    } else {
        (void)json_dumpf(object, stream, JSON_COMPACT);
        fputc('\n', stream);
    }
    out->is_open = true;
    json_decref(object);
}

/* Rows may be of more than one kind: one that has none of the fields asked for is not meant. */
static bool is_meant(const struct fl_cli_out *out, json_t *row)
{
    json_t *name;
    size_t i;

    json_array_foreach(out->columns, i,
                       name) if (json_object_get(row, json_string_value(name))) return true;
    return !out->columns;
}

void fl_cli_out_row(struct fl_cli_out *out, json_t *row)
{
    bool is_lost = out->options.columns && !is_meant(out, row);

    if (is_lost && out->n_rows == 0 && out->options.has_own_columns) {
        /* an operation that wrote a file says so instead of filling its table */
        json_decref(out->columns);
        out->columns = NULL;
        out->options.columns = NULL;
    } else if (is_lost) {
        out->n_lost++;
        return;
    }
    out->n_rows++;
    switch (out->options.format) {
    case FL_CLI_TABLE:
        (void)json_array_append(out->rows, row);
        break;
    case FL_CLI_JSON:
    case FL_CLI_JSONL:
        json_row(out, row);
        break;
    case FL_CLI_CSV:
        csv_row(out, row);
        break;
    case FL_CLI_NAME:
        name_row(out, row);
        break;
    case FL_CLI_RAW:
        fl_cli_raw_print(&out->options, row);
        break;
    }
}

static void finish_table(struct fl_cli_out *out)
{
    size_t i;
    json_t *row;

    if (json_array_size(out->rows) == 0)
        return;
    if (out->columns) {
        fl_cli_table_print(&out->options, out->columns, out->rows, !out->has_heading, "");
        out->has_heading = true;
    } else {
        json_array_foreach(out->rows, i, row)
        {
            if (i)
                fputc('\n', out->options.stream);
            fl_cli_record_print(&out->options, NULL, row);
        }
    }
    (void)json_array_clear(out->rows);
}

void fl_cli_out_finish(struct fl_cli_out *out)
{
    if (out->options.format == FL_CLI_TABLE)
        finish_table(out);
    else if (out->options.format == FL_CLI_JSON)
        fputs(out->is_open ? "\n]\n" : "[]\n", out->options.stream);
    fflush(out->options.stream);
}
