/* Facts from CSV: one kind a file, columns by header or map. */
#include <string.h>

#include "base/str.h"
#include "people/people_fact_private.h"

/* What one reading works with. */
struct csv {
    struct people_facts *facts;
    struct people_source source;
    struct people_reader reader;
    struct fl_arena *names;
    const char *header[FL_IMPORT_COLUMNS_MAX];
    int field[FL_IMPORT_COLUMNS_MAX];
    size_t n;
};

static void map_pair(struct csv *csv, const char *column, const char *field, bool *is_mapped)
{
    const struct fl_fact_options *options = csv->facts->options;
    struct fl_faults *faults = csv->facts->faults;
    bool is_found = false;

    for (size_t i = 0; i < csv->n; i++) {
        if (strcmp(csv->header[i], column) != 0)
            continue;
        is_found = true;
        csv->field[i] = people_fact_field_find(options->fact, field);
        if (is_mapped[i])
            fl_faults_add(faults, options->name, 1, column, NULL, "mapped twice");
        else if (csv->field[i] == FACT_UNKNOWN)
            fl_faults_add(faults, options->name, 1, column, field, "no such field");
        is_mapped[i] = true;
    }
    if (!is_found)
        fl_faults_add(faults, options->name, 1, column, NULL,
                      "the map names a column the file has not");
}

static void apply_map(struct csv *csv, bool *is_mapped)
{
    const struct fl_fact_options *options = csv->facts->options;
    const char *map = options->map;
    char *column, *field;

    while (map && people_map_next(csv->names, &map, &column, &field)) {
        if (!*column && !field)
            continue; /* a comma at the end */
        if (!field || !*field)
            fl_faults_add(csv->facts->faults, options->name, 0, "map", column,
                          "\"COLUMN=FIELD\" is expected");
        else
            map_pair(csv, column, field, is_mapped);
    }
}

static void check_twice(const struct csv *csv)
{
    for (size_t i = 0; i < csv->n; i++)
        for (size_t k = 0; k < i; k++)
            if (csv->field[i] == csv->field[k] && csv->field[i] >= 0 &&
                csv->field[i] != FACT_IGNORED) {
                fl_faults_add(csv->facts->faults, csv->facts->options->name, 1, csv->header[i],
                              NULL, "goes into the same field as column \"%s\"", csv->header[k]);
                break;
            }
}

static void read_header(struct csv *csv)
{
    const struct fl_fact_options *options = csv->facts->options;
    struct fl_faults *faults = csv->facts->faults;
    bool is_mapped[FL_IMPORT_COLUMNS_MAX] = {false};

    if (csv->reader.n_cells > FL_IMPORT_COLUMNS_MAX) {
        fl_faults_add(faults, options->name, csv->reader.row_line, NULL, NULL,
                      "%zu columns, at most %d", csv->reader.n_cells, FL_IMPORT_COLUMNS_MAX);
        return;
    }
    csv->n = csv->reader.n_cells;
    for (size_t i = 0; i < csv->n; i++) {
        const char *cell =
            fl_arena_strdup(csv->names, fl_str_trim(people_reader_cell(&csv->reader, i)));

        csv->header[i] = cell ? cell : "";
    }
    apply_map(csv, is_mapped);
    for (size_t i = 0; i < csv->n; i++) {
        char *lower = fl_arena_strdup(csv->names, csv->header[i]);

        if (is_mapped[i] || !lower)
            continue;
        fl_str_lower_ascii(lower);
        /* spreadsheets leave columns without a name behind the last one */
        csv->field[i] = *lower ? people_fact_field_find(options->fact, lower) : FACT_IGNORED;
        if (csv->field[i] == FACT_UNKNOWN)
            fl_faults_add(faults, options->name, csv->reader.row_line, csv->header[i], NULL,
                          "a %s has no such field; map the column to one, or to \"ignore\"",
                          fl_fact_name(options->fact));
    }
    check_twice(csv);
}

static enum fl_status take_row(struct csv *csv, struct fl_error *err)
{
    struct people_facts *facts = csv->facts;
    struct people_fact fact = {.fact = facts->options->fact, .line = csv->reader.row_line};
    bool is_empty = true;

    if (csv->reader.n_cells > csv->n) {
        fl_faults_add(facts->faults, facts->options->name, csv->reader.row_line, NULL, NULL,
                      "%zu cells, the header has %zu", csv->reader.n_cells, csv->n);
        return FL_OK;
    }
    for (size_t i = 0; i < csv->reader.n_cells; i++) {
        char *cell = fl_str_trim(people_reader_cell(&csv->reader, i));

        is_empty = is_empty && !*cell;
        if (*cell && csv->field[i] >= 0 && csv->field[i] < FACT_FIELDS)
            fact.value[csv->field[i]] = cell;
    }
    fl_arena_reset(facts->arena);
    return is_empty ? FL_OK : people_fact_take(facts, &fact, err);
}

static void report_progress(const struct csv *csv)
{
    const struct fl_fact_options *options = csv->facts->options;

    if (options->progress)
        options->progress(options->ctx, csv->source.pos, csv->source.size);
}

static enum fl_status read_rows(struct csv *csv, struct fl_error *err)
{
    struct people_facts *facts = csv->facts;
    int64_t shown = -1;

    for (bool is_header = true;; is_header = false) {
        struct fl_error fault = {0};
        enum fl_status st = people_reader_next(&csv->reader, &fault);

        if (csv->source.pos != shown)
            report_progress(csv);
        shown = csv->source.pos;
        if (st == FL_NOT_FOUND && is_header)
            fl_faults_add(facts->faults, facts->options->name, 0, NULL, NULL, "the file is empty");
        if (st == FL_NOT_FOUND)
            return FL_OK;
        if (st == FL_INVALID)
            fl_faults_add(facts->faults, facts->options->name, csv->reader.row_line, NULL, NULL,
                          "%s", fault.text);
        else if (st)
            return fl_error_set(err, st, "%s", fault.text);
        else if (is_header)
            read_header(csv);
        else
            st = take_row(csv, err);
        if (is_header && people_facts_have_faults(facts))
            return FL_OK; /* what the columns are is not known */
        if (st && st != FL_INVALID)
            return fl_error_prefix(err, st, "line %ld", csv->reader.row_line);
    }
}

enum fl_status people_facts_read_csv(struct people_facts *facts, int fd, struct fl_error *err)
{
    const struct fl_fact_options *options = facts->options;
    struct csv csv = {.facts = facts, .names = fl_arena_create(FL_ARENA_DEFAULT_MAX)};
    enum fl_status st;

    csv.source.converter = (iconv_t)-1;
    csv.source.fd = -1;
    if (!csv.names)
        return fl_error_set(err, FL_IO, "out of memory");
    st = people_source_open(&csv.source, fd, options->name, options->charset, facts->faults, err);
    if (!st && !people_facts_have_faults(facts)) {
        struct fl_error fault = {0};

        facts->result.charset = csv.source.charset;
        st = people_reader_open(&csv.reader, &csv.source, &fault);
        if (st == FL_INVALID) {
            fl_faults_add(facts->faults, options->name, 1, NULL, NULL, "%s", fault.text);
            st = FL_OK;
        } else if (st)
            st = fl_error_set(err, st, "%s", fault.text);
        else
            st = read_rows(&csv, err);
        people_reader_close(&csv.reader);
    }
    people_source_close(&csv.source);
    fl_arena_destroy(&csv.names);
    return st;
}
