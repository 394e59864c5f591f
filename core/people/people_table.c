#include "people/people_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

enum { CDNOW_COLUMNS = 4, CDNOW_SAMPLE_COLUMNS = 5, CDNOW_DATE_FROM_END = 3, DATE_DIGITS = 8 };

static void fault_of_file(struct people_table *table, long line, const char *reason)
{
    fl_faults_add(table->faults, table->options->name, line, NULL, NULL, "%s", reason);
}

/* ---- cells -----------------------------------------------------------------------------------*/

/* A row without separators is split at its blanks, as the CDNOW files are written. */
static void take_cells(struct people_table *table)
{
    struct people_reader *reader = &table->reader;
    size_t n = reader->n_cells < FL_IMPORT_COLUMNS_MAX ? reader->n_cells : FL_IMPORT_COLUMNS_MAX;
    char *rest = NULL;

    table->n_cells = n;
    for (size_t i = 0; i < n; i++)
        table->cells[i] = fl_str_trim(people_reader_cell(reader, i));
    if (reader->n_cells != 1 || (table->has_header && table->n_columns == 1))
        return;
    table->n_cells = 0;
    for (char *word = strtok_r(people_reader_cell(reader, 0), " \t", &rest);
         word && table->n_cells < FL_IMPORT_COLUMNS_MAX; word = strtok_r(NULL, " \t", &rest))
        table->cells[table->n_cells++] = word;
}

static bool is_empty_row(const struct people_table *table)
{
    for (size_t i = 0; i < table->n_cells; i++)
        if (*table->cells[i])
            return false;
    return true;
}

const char *people_table_cell(const struct people_table *table, int field)
{
    size_t column = table->column_of[field];

    return column && column <= table->n_cells ? table->cells[column - 1] : "";
}

void people_table_fault(struct people_table *table, int field, const char *reason)
{
    size_t column = table->column_of[field];
    const char *value = people_table_cell(table, field);

    fl_faults_add(table->faults, table->options->name, table->reader.row_line,
                  column ? table->headers[column - 1] : NULL, *value ? value : NULL, "%s", reason);
}

bool people_table_number(struct people_table *table, int field, double min, double max, double *out)
{
    const char *text = people_table_cell(table, field);
    bool is_plain = *text && !text[strspn(text, "0123456789+-.eE")];
    char *end = NULL;
    /* strtod alone would take "nan", "inf" and hexadecimal. */
    double value = is_plain ? strtod(text, &end) : NAN;

    if (!is_plain || *end || !isfinite(value)) {
        people_table_fault(table, field, "a number as 12.50 is expected");
        return false;
    }
    if (value < min || value > max) {
        fl_faults_add(table->faults, table->options->name, table->reader.row_line,
                      table->headers[table->column_of[field] - 1], text,
                      "a number from %.15g to %.15g is expected", min, max);
        return false;
    }
    *out = value;
    return true;
}

bool people_table_date(struct people_table *table, int field, int32_t *out)
{
    const char *text = people_table_cell(table, field);
    const char *time = text + strcspn(text, "Tt ");
    char day[FL_TIME_TEXT_SIZE];
    int64_t unused;
    size_t len = (size_t)(time - text);

    if (len < sizeof day) {
        memcpy(day, text, len);
        day[len] = '\0';
        /* The day as it is written there, whatever the offset of its time. */
        if (fl_date_parse(day, out) && (!*time || fl_time_parse(text, &unused)))
            return true;
    }
    people_table_fault(table, field, "a date as 2026-11-22 or 20261122 is expected");
    return false;
}

bool people_table_name(struct people_table *table, int field, const char **out)
{
    const char *text = people_table_cell(table, field);

    if (!*text || strlen(text) > FL_SUMMARY_ID_MAX) {
        people_table_fault(table, field, "a customer's id of at most 200 bytes is expected");
        return false;
    }
    *out = text;
    return true;
}

/* ---- header ----------------------------------------------------------------------------------*/

static bool is_number(const char *text)
{
    return *text && !text[strspn(text, "0123456789.-")];
}

static bool is_headless(const struct people_table *table)
{
    size_t n = table->n_cells;
    const char *date;
    int32_t unused;

    if (n != CDNOW_COLUMNS && n != CDNOW_SAMPLE_COLUMNS)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_number(table->cells[i]))
            return false;
    date = table->cells[n - CDNOW_DATE_FROM_END];
    return strlen(date) == DATE_DIGITS && fl_date_parse(date, &unused);
}

static void use_headless(struct people_table *table, const struct people_table_headless *headless)
{
    const int *fields = table->n_cells == CDNOW_COLUMNS ? headless->of_4 : headless->of_5;

    table->n_columns = table->n_cells;
    for (size_t i = 0; i < table->n_columns; i++) {
        table->headers[i] = fl_arena_printf(table->arena, "column %zu", i + 1);
        table->column_of[fields[i]] = i + 1;
    }
    table->column_of[PEOPLE_TABLE_IGNORE] = 0;
    table->is_row_held = true;
}

static const struct people_table_name *name_find(const struct people_table_name *names,
                                                 const char *text)
{
    for (; names->name; names++)
        if (fl_str_equal_nocase(names->name, text))
            return names;
    return NULL;
}

/* The column that is called so; SIZE_MAX: none. */
static size_t column_find(const struct people_table *table, const char *header)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (!strcmp(table->headers[i], header))
            return i;
    return SIZE_MAX;
}

static void map_pair(struct people_table *table, const struct people_table_name *names,
                     const char *column, const char *field, bool *is_mapped)
{
    const char *file = table->options->name;
    const struct people_table_name *found = field ? name_find(names, field) : NULL;
    size_t i = column_find(table, column);

    if (table->options->may_be_list && (i == SIZE_MAX || !found))
        return; /* the map is that of the table the list belongs to */
    if (!field || !*field)
        fl_faults_add(table->faults, file, 0, "map", column, "\"COLUMN=FIELD\" is expected");
    else if (i == SIZE_MAX)
        fl_faults_add(table->faults, file, 1, column, NULL,
                      "the map names a column the file has not");
    else if (!found)
        fl_faults_add(table->faults, file, 1, column, field, "no such field");
    else if (is_mapped[i])
        fl_faults_add(table->faults, file, 1, column, NULL, "mapped twice");
    else if (found->field && table->column_of[found->field])
        fl_faults_add(table->faults, file, 1, column, field, "another column goes into this field");
    else {
        is_mapped[i] = true;
        if (found->field)
            table->column_of[found->field] = i + 1;
    }
}

/* In the order of the names, so that the best of several columns is taken. */
static void use_names(struct people_table *table, const struct people_table_name *names,
                      bool *is_mapped)
{
    for (; names->name; names++) {
        size_t found = SIZE_MAX;

        if (!names->field || table->column_of[names->field])
            continue;
        for (size_t i = 0; i < table->n_columns; i++) {
            if (is_mapped[i] || !fl_str_equal_nocase(table->headers[i], names->name))
                continue;
            if (found != SIZE_MAX)
                fl_faults_add(table->faults, table->options->name, table->reader.row_line,
                              table->headers[i], NULL, "stands twice in the header");
            found = i;
            is_mapped[i] = true;
        }
        if (found != SIZE_MAX)
            table->column_of[names->field] = found + 1;
    }
}

static void note_ignored(struct people_table *table, const bool *is_mapped)
{
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(FL_BUF_LINE_MAX);

    for (size_t i = 0; i < table->n_columns; i++)
        if (!is_mapped[i] && *table->headers[i])
            fl_buf_printf(&buf, "%s%s", buf.len ? ", " : "", table->headers[i]);
    if (buf.len && !fl_buf_failed(&buf))
        table->ignored = fl_arena_strdup(table->faults->arena, buf.data);
}

static void use_header(struct people_table *table, const struct people_table_name *names)
{
    bool is_mapped[FL_IMPORT_COLUMNS_MAX] = {false};
    const char *map = table->options->map;
    char *column, *field;

    table->has_header = true;
    table->n_columns = table->n_cells;
    for (size_t i = 0; i < table->n_columns; i++) {
        const char *header = fl_arena_strdup(table->arena, table->cells[i]);

        table->headers[i] = header ? header : "";
    }
    while (map && people_map_next(table->arena, &map, &column, &field))
        if (*column || field)
            map_pair(table, names, column, field, is_mapped);
    use_names(table, names, is_mapped);
    note_ignored(table, is_mapped);
}

/* ---- rows ------------------------------------------------------------------------------------*/

/* FL_INVALID was told as a fault. */
static enum fl_status next_row(struct people_table *table, struct fl_error *err)
{
    struct fl_error fault = {0};
    enum fl_status st;

    do {
        st = people_reader_next(&table->reader, &fault);
        if (st == FL_INVALID)
            fault_of_file(table, table->reader.row_line, fault.text);
        else if (st && st != FL_NOT_FOUND)
            return fl_error_set(err, st, "%s", fault.text);
        else if (!st)
            take_cells(table);
    } while (st == FL_INVALID || (!st && is_empty_row(table)));
    return st;
}

static enum fl_status read_header(struct people_table *table, const struct people_table_name *names,
                                  const struct people_table_headless *headless,
                                  struct fl_error *err)
{
    struct fl_error fault = {0};
    enum fl_status st = people_reader_open(&table->reader, &table->source, &fault);

    if (st == FL_INVALID) {
        fault_of_file(table, table->reader.row_line, fault.text);
        return FL_OK;
    }
    if (st)
        return fl_error_set(err, st, "%s", fault.text);
    st = next_row(table, err);
    if (st == FL_NOT_FOUND) {
        if (!people_table_has_faults(table))
            fault_of_file(table, 0, "the file is empty");
        return FL_OK;
    }
    if (st)
        return st;
    if (table->reader.n_cells > FL_IMPORT_COLUMNS_MAX)
        fault_of_file(table, table->reader.row_line, "more than 200 columns");
    else if (headless && !table->options->map && is_headless(table))
        use_headless(table, headless);
    else
        use_header(table, names);
    return FL_OK;
}

enum fl_status people_table_open(struct people_table *table, int fd,
                                 const struct fl_summary_options *options,
                                 const struct people_table_name *names,
                                 const struct people_table_headless *headless,
                                 struct fl_faults *faults, struct fl_error *err)
{
    enum fl_status st;

    *table = (struct people_table){
        .options = options, .faults = faults, .n_faults_before = faults->n_total};
    table->source.fd = -1;
    table->source.converter = (iconv_t)-1;
    table->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    if (!table->arena)
        return fl_error_set(err, FL_IO, "out of memory");
    st = people_source_open(&table->source, fd, options->name, options->charset, faults, err);
    if (!st && !people_table_has_faults(table))
        st = read_header(table, names, headless, err);
    if (!st && people_table_has_faults(table))
        st = fl_faults_status(faults, err);
    return st;
}

void people_table_close(struct people_table *table)
{
    people_reader_close(&table->reader);
    people_source_close(&table->source);
    fl_arena_destroy(&table->arena);
}

enum fl_status people_table_next(struct people_table *table, struct fl_error *err)
{
    enum fl_status st = FL_OK;

    if (table->is_row_held) {
        table->is_row_held = false;
        return FL_OK;
    }
    while (!(st = next_row(table, err)) && table->n_cells > table->n_columns)
        fl_faults_add(table->faults, table->options->name, table->reader.row_line, NULL, NULL,
                      "%zu cells, the first line has %zu", table->n_cells, table->n_columns);
    return st;
}

/* ---- names -----------------------------------------------------------------------------------*/

enum { NAMES_FIRST_CAP = 256 };

static bool names_prepare(struct fl_summary_names *names)
{
    size_t cap = names->cap ? names->cap * 2 : NAMES_FIRST_CAP;
    const char **grown;

    if (!names->keys) {
        names->arena = fl_arena_create((size_t)FL_SUMMARY_ROWS_MAX * FL_SUMMARY_ID_MAX);
        names->keys = calloc(1, sizeof *names->keys);
        if (!names->keys || !names->arena)
            return false;
        people_keys_init(names->keys);
    }
    if (names->n < names->cap)
        return true;
    grown = reallocarray(names->items, cap, sizeof *grown);
    if (!grown)
        return false;
    names->items = grown;
    names->cap = cap;
    return true;
}

enum fl_status people_names_add(struct fl_summary_names *names, const char *name,
                                uint32_t *out_index, bool *out_is_new, struct fl_error *err)
{
    long known = names_prepare(names) ? people_keys_add(names->keys, name, (long)names->n + 1) : -1;

    if (!known) {
        names->items[names->n] = fl_arena_strdup(names->arena, name);
        known = names->items[names->n] ? (long)++names->n : -1;
        *out_is_new = true;
    } else
        *out_is_new = false;
    if (known < 0)
        return fl_error_set(err, FL_IO, "out of memory");
    *out_index = (uint32_t)(known - 1);
    return FL_OK;
}

size_t fl_people_names_find(const struct fl_summary_names *names, const char *name)
{
    long known = names->keys ? people_keys_find(names->keys, name) : 0;

    return known ? (size_t)known - 1 : SIZE_MAX;
}

void people_names_finish(struct fl_summary_names *names)
{
    if (names->keys)
        people_keys_finish(names->keys);
    free(names->keys);
    free((void *)names->items);
    fl_arena_destroy(&names->arena);
    *names = (struct fl_summary_names){0};
}
