/* Inside the room: a table of numbers and names, read once, row by row (see summary.h). */
#ifndef FL_PEOPLE_TABLE_H
#define FL_PEOPLE_TABLE_H

#include "people/people_private.h"
#include "people/summary.h"

enum { PEOPLE_TABLE_FIELDS_MAX = 12, PEOPLE_TABLE_IGNORE = 0 };

/* What a column may be called.  Where several columns mean one field, the name that stands first
 * here counts and the other columns are left out. */
struct people_table_name {
    const char *name; /* lower case; NULL ends */
    int field;        /* from 1 */
};

struct people_table {
    struct people_source source;
    struct people_reader reader;
    const struct fl_summary_options *options;
    struct fl_faults *faults;
    size_t n_faults_before;
    struct fl_arena *arena;
    const char *headers[FL_IMPORT_COLUMNS_MAX];
    size_t n_columns;
    size_t column_of[PEOPLE_TABLE_FIELDS_MAX]; /* by field: index + 1; 0: no such column */
    const char *cells[FL_IMPORT_COLUMNS_MAX];
    size_t n_cells;
    bool has_header, is_row_held; /* the first line is a row that is still to be given */
    const char *ignored;
};

/* Reads the header.  A file without one is taken for CDNOW's where `headless` is not NULL: the
 * fields of its 4 columns, and of its 5.  FL_INVALID: see the faults. */
struct people_table_headless {
    int of_4[4], of_5[5];
};
FL_CHECK_RESULT enum fl_status people_table_open(struct people_table *table, int fd,
                                                 const struct fl_summary_options *options,
                                                 const struct people_table_name *names,
                                                 const struct people_table_headless *headless,
                                                 struct fl_faults *faults, struct fl_error *err);
void people_table_close(struct people_table *table);
/* Next row that is not empty; FL_NOT_FOUND at the end.  Broken rows are faults and passed over. */
FL_CHECK_RESULT enum fl_status people_table_next(struct people_table *table, struct fl_error *err);
static inline bool people_table_has(const struct people_table *table, int field)
{
    return table->column_of[field] != 0;
}
static inline bool people_table_has_faults(const struct people_table *table)
{
    return table->faults->n_total > table->n_faults_before;
}
/* A fault of the row's cell of this field, or of the column where there is no cell. */
void people_table_fault(struct people_table *table, int field, const char *reason);
const char *people_table_cell(const struct people_table *table, int field); /* "" when missing */
/* These add a fault and give false where the cell is not what is expected. */
bool people_table_number(struct people_table *table, int field, double min, double max,
                         double *out);
bool people_table_date(struct people_table *table, int field, int32_t *out);
bool people_table_name(struct people_table *table, int field, const char **out);

/* Index of a name, added where it is new; FL_IO. */
FL_CHECK_RESULT enum fl_status people_names_add(struct fl_summary_names *names, const char *name,
                                                uint32_t *out_index, bool *out_is_new,
                                                struct fl_error *err);
void people_names_finish(struct fl_summary_names *names);

#endif
