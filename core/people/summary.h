/*
 * What a table says of customers and their purchases, as arrays: for `value fit`, which needs no
 * store.
 *
 * FOR    ops.
 * OWNS   arrays and names; finish() frees them.
 * FORMS  CSV with a header line (comma, semicolon or tab, any charset); of purchases also the two
 *        forms in which the CDNOW data are known, without header and separated by blanks: id, date
 *        as yyyymmdd, quantity, amount; and the sample with its own id after the first.
 * FIELDS of purchases  customer date amount margin kind currency transaction ignore
 *        of customers  customer x tx T z n, or of survival year and n or percent; ignore
 *        Well-known names of columns are understood (frequency, recency, monetary_value, weights,
 *        t_x, zbar ...); others go by a map.  Columns that mean nothing are left out and listed.
 *        `transaction` is the purchase's id: what stands there twice counts once.
 * RULES  every fault is listed with file, line, column, value and reason; with a fault nothing of
 *        the file may be used.  Amounts are not negative: what went back is kind = refund.
 *        One currency.
 */
#ifndef FL_PEOPLE_SUMMARY_H
#define FL_PEOPLE_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/faults.h"

enum { FL_SUMMARY_ROWS_MAX = 20000000, FL_SUMMARY_ID_MAX = 200, FL_SUMMARY_CURRENCY_SIZE = 16 };
#define FL_SUMMARY_AMOUNT_MAX 1e15

struct fl_summary_options {
    const char *name;    /* of the file, for messages */
    const char *map;     /* "COLUMN=FIELD,..." or NULL */
    const char *charset; /* NULL: detect */
    bool may_be_list;    /* a table of customers without x is a list of names; of the map only what
                            fits it counts */
};

struct fl_purchase {
    uint32_t customer; /* index in names */
    int32_t date;
    double amount; /* the margin where the file has one */
};

/* The customers of one or more files; an index is the order in which they came. */
struct fl_summary_names {
    const char **items;
    size_t n, cap;
    struct fl_arena *arena;
    struct people_keys *keys;
};

struct fl_purchases {
    struct fl_purchase *items;
    size_t n, cap;
    struct fl_summary_names names;
    struct fl_summary_names ids; /* of the purchases, where they have some: index in items */
    char currency[FL_SUMMARY_CURRENCY_SIZE];
    bool has_amounts, has_margins;
    int64_t n_refunds;   /* left out: a refund is no purchase */
    const char *ignored; /* columns that mean nothing, separated by ", "; NULL: none */
};

struct fl_summary_row {
    double x, tx, T, z, n;
    long line;
};

struct fl_summary {
    struct fl_summary_row *items;
    size_t n, cap;
    struct fl_summary_names names; /* one a row, or none */
    bool has_values;               /* a column z */
    bool is_survival;              /* T is a year, n how many are left after it */
    bool is_percent;               /* n is in percent */
    bool is_list;                  /* names only */
    const char *ignored;
};

/* Adds a file to `into`, which starts as {0}.  FL_INVALID: see the faults. */
FL_CHECK_RESULT enum fl_status fl_people_purchases_read(struct fl_purchases *into, int fd,
                                                        const struct fl_summary_options *options,
                                                        struct fl_faults *faults,
                                                        struct fl_error *err);
void fl_people_purchases_finish(struct fl_purchases *purchases);

FL_CHECK_RESULT enum fl_status fl_people_summary_read(struct fl_summary *into, int fd,
                                                      const struct fl_summary_options *options,
                                                      struct fl_faults *faults,
                                                      struct fl_error *err);
void fl_people_summary_finish(struct fl_summary *summary);

/* Index of a name; SIZE_MAX: unknown. */
size_t fl_people_names_find(const struct fl_summary_names *names, const char *name);

#endif
