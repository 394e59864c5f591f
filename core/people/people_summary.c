#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "people/people_table.h"

enum { ROWS_FIRST_CAP = 1024 };

/* ---- purchases -------------------------------------------------------------------------------*/

enum { CUSTOMER = 1, DATE, AMOUNT, MARGIN, KIND, CURRENCY, TRANSACTION };

static const struct people_table_name purchase_names[] = {
    {"ignore", PEOPLE_TABLE_IGNORE},
    {"customer", CUSTOMER},
    {"customer_id", CUSTOMER},
    {"customerid", CUSTOMER},
    {"cust", CUSTOMER},
    {"cust_id", CUSTOMER},
    {"external_id", CUSTOMER},
    {"id", CUSTOMER},
    {"date", DATE},
    {"datetime", DATE},
    {"timestamp", DATE},
    {"purchase_date", DATE},
    {"order_date", DATE},
    {"invoicedate", DATE},
    {"day", DATE},
    {"amount", AMOUNT},
    {"sales", AMOUNT},
    {"monetary_value", AMOUNT},
    {"value", AMOUNT},
    {"price", AMOUNT},
    {"total", AMOUNT},
    {"margin", MARGIN},
    {"kind", KIND},
    {"currency", CURRENCY},
    {"transaction", TRANSACTION},
    {"transaction_id", TRANSACTION},
    {"id", TRANSACTION}, /* where another column is the customer */
    {NULL, 0},
};

/* id, date, quantity, amount; the sample has its own id behind the first. */
static const struct people_table_headless cdnow = {
    {CUSTOMER, DATE, PEOPLE_TABLE_IGNORE, AMOUNT},
    {PEOPLE_TABLE_IGNORE, CUSTOMER, DATE, PEOPLE_TABLE_IGNORE, AMOUNT}};

/* Room for one more of `size` bytes in *items. */
static enum fl_status make_room(void **items, size_t n, size_t *cap, size_t size,
                                struct fl_error *err)
{
    size_t grown_cap = *cap ? *cap * 2 : ROWS_FIRST_CAP;
    void *grown;

    if (n < *cap)
        return FL_OK;
    if (n >= FL_SUMMARY_ROWS_MAX)
        return fl_error_set(err, FL_LIMIT, "more than %d rows", FL_SUMMARY_ROWS_MAX);
    grown = reallocarray(*items, grown_cap, size);
    if (!grown)
        return fl_error_set(err, FL_IO, "out of memory");
    *items = grown;
    *cap = grown_cap;
    return FL_OK;
}

static bool read_kind(struct people_table *table, bool *out_is_refund)
{
    const char *kind = people_table_cell(table, KIND);

    *out_is_refund = !strcmp(kind, "refund");
    if (*out_is_refund || !*kind || !strcmp(kind, "purchase"))
        return true;
    people_table_fault(table, KIND, "\"purchase\" or \"refund\" is expected");
    return false;
}

/* Sums over several currencies would mean nothing. */
static bool check_currency(struct fl_purchases *into, struct people_table *table)
{
    const char *currency = people_table_cell(table, CURRENCY);

    if (!people_table_has(table, CURRENCY))
        return true;
    if (!into->currency[0])
        snprintf(into->currency, sizeof into->currency, "%s", currency);
    if (*currency && !strcmp(into->currency, currency))
        return true;
    people_table_fault(table, CURRENCY,
                       "one currency is expected, that of the first row, of at most 15 bytes");
    return false;
}

static bool read_purchase(struct fl_purchases *into, struct people_table *table,
                          bool *out_is_refund, const char **out_name, struct fl_purchase *out)
{
    bool is_good = read_kind(table, out_is_refund);

    is_good = people_table_name(table, CUSTOMER, out_name) && is_good;
    is_good = people_table_date(table, DATE, &out->date) && is_good;
    if (people_table_has(table, AMOUNT)) /* checked also where the margin is what counts */
        is_good =
            people_table_number(table, AMOUNT, 0, FL_SUMMARY_AMOUNT_MAX, &out->amount) && is_good;
    if (people_table_has(table, MARGIN))
        is_good = people_table_number(table, MARGIN, -FL_SUMMARY_AMOUNT_MAX, FL_SUMMARY_AMOUNT_MAX,
                                      &out->amount) &&
                  is_good;
    return check_currency(into, table) && is_good;
}

static bool are_equal_purchases(const struct fl_purchase *a, const struct fl_purchase *b)
{
    return a->customer == b->customer && a->date == b->date && !(a->amount < b->amount) &&
           !(a->amount > b->amount);
}

/* The same purchase again says nothing; another one under its id is a fault. */
static enum fl_status check_id(struct fl_purchases *into, struct people_table *table,
                               const struct fl_purchase *purchase, bool *out_is_new,
                               struct fl_error *err)
{
    const char *id;
    uint32_t index;
    enum fl_status st;

    *out_is_new = true;
    if (!people_table_has(table, TRANSACTION))
        return FL_OK;
    *out_is_new = false;
    if (!people_table_name(table, TRANSACTION, &id))
        return FL_OK;
    st = people_names_add(&into->ids, id, &index, out_is_new, err);
    if (st || *out_is_new)
        return st;
    if (!are_equal_purchases(&into->items[index], purchase))
        people_table_fault(
            table, TRANSACTION,
            "an earlier purchase has this id; where it is none, map it to \"ignore\"");
    return FL_OK;
}

static enum fl_status purchase_add(struct fl_purchases *into, struct people_table *table,
                                   struct fl_error *err)
{
    struct fl_purchase purchase = {0};
    bool is_refund, is_new = true;
    const char *name = "";
    void *items = into->items;
    enum fl_status st;

    if (!read_purchase(into, table, &is_refund, &name, &purchase))
        return FL_OK;
    into->n_refunds += is_refund;
    if (is_refund)
        return FL_OK;
    st = make_room(&items, into->n, &into->cap, sizeof *into->items, err);
    into->items = items;
    if (!st)
        st = people_names_add(&into->names, name, &purchase.customer, &is_new, err);
    if (!st)
        st = check_id(into, table, &purchase, &is_new, err);
    if (!st && is_new)
        into->items[into->n++] = purchase;
    return st;
}

static void need(struct people_table *table, int field, const char *name)
{
    if (!people_table_has(table, field))
        fl_faults_add(table->faults, table->options->name, table->reader.row_line, name, NULL,
                      "no column goes into this field (see --map)");
}

static enum fl_status read_purchases(struct fl_purchases *into, struct people_table *table,
                                     struct fl_error *err)
{
    bool has_margins = people_table_has(table, MARGIN);
    bool has_amounts = has_margins || people_table_has(table, AMOUNT);
    enum fl_status st = FL_OK;

    need(table, CUSTOMER, "customer");
    need(table, DATE, "date");
    if (into->n && people_table_has(table, TRANSACTION) != (into->ids.n > 0))
        fl_faults_add(table->faults, table->options->name, table->reader.row_line, "id", NULL,
                      "one file has ids of purchases and another has none");
    if (into->n && (has_amounts != into->has_amounts || has_margins != into->has_margins))
        fl_faults_add(table->faults, table->options->name, table->reader.row_line, "amount", NULL,
                      "one file says what was earned and another does not");
    if (people_table_has_faults(table))
        return fl_faults_status(table->faults, err);
    into->has_amounts = has_amounts;
    into->has_margins = has_margins;
    into->ignored = table->ignored ? table->ignored : into->ignored;
    while (!st && !(st = people_table_next(table, err)))
        st = purchase_add(into, table, err);
    if (st != FL_NOT_FOUND)
        return st;
    return people_table_has_faults(table) ? fl_faults_status(table->faults, err) : FL_OK;
}

enum fl_status fl_people_purchases_read(struct fl_purchases *into, int fd,
                                        const struct fl_summary_options *options,
                                        struct fl_faults *faults, struct fl_error *err)
{
    FL_AUTO_FREE struct people_table *table = calloc(1, sizeof *table);
    enum fl_status st;

    if (!table)
        return fl_error_set(err, FL_IO, "out of memory");
    st = people_table_open(table, fd, options, purchase_names, &cdnow, faults, err);
    if (!st)
        st = read_purchases(into, table, err);
    people_table_close(table);
    return st;
}

void fl_people_purchases_finish(struct fl_purchases *purchases)
{
    free(purchases->items);
    people_names_finish(&purchases->names);
    people_names_finish(&purchases->ids);
    *purchases = (struct fl_purchases){0};
}

/* ---- customers -------------------------------------------------------------------------------*/

enum { X = 2, TX, T, Z, N, YEAR, PERCENT };
enum { X_MAX = 10000, PERCENT_MAX = 100 };
#define TIME_MAX  1e6
#define COUNT_MAX 1e9

static const struct people_table_name customer_names[] = {
    {"ignore", PEOPLE_TABLE_IGNORE},
    {"customer", CUSTOMER},
    {"customer_id", CUSTOMER},
    {"cust_id", CUSTOMER},
    {"external_id", CUSTOMER},
    {"id", CUSTOMER},
    {"x", X},
    {"frequency", X},
    {"tx", TX},
    {"t_x", TX},
    {"t.x", TX},
    {"recency", TX},
    {"T", T},
    {"age", T},
    {"n.cal", T},
    {"periods", T},
    {"z", Z},
    {"zbar", Z},
    {"monetary_value", Z},
    {"m_x", Z},
    {"n", N},
    {"weights", N},
    {"weight", N},
    {"custs", N},
    {"count", N},
    {"customers", N},
    {"year", YEAR},
    {"percent", PERCENT},
    {"pct", PERCENT},
    {NULL, 0},
};

/* Of a file of purchases in CDNOW's form only the names are of use here. */
static const struct people_table_headless cdnow_names = {{CUSTOMER, 0, 0, 0},
                                                         {0, CUSTOMER, 0, 0, 0}};

static void need_columns(struct fl_summary *into, struct people_table *table)
{
    if (people_table_has(table, YEAR)) {
        into->is_survival = true;
        into->is_percent = !people_table_has(table, N);
        need(table, into->is_percent ? PERCENT : N, "percent or n");
        return;
    }
    into->is_list = table->options->may_be_list && people_table_has(table, CUSTOMER) &&
                    !people_table_has(table, X);
    if (into->is_list)
        return;
    need(table, X, "x");
    if (!people_table_has(table, Z))
        need(table, T, "T");
}

static bool read_survival(struct people_table *table, bool is_percent, struct fl_summary_row *row)
{
    return people_table_number(table, YEAR, 0, X_MAX, &row->T) &&
           people_table_number(table, is_percent ? PERCENT : N, 0,
                               is_percent ? PERCENT_MAX : COUNT_MAX, &row->n);
}

static bool read_optional(struct people_table *table, int field, double min, double max,
                          double *out)
{
    return !people_table_has(table, field) || people_table_number(table, field, min, max, out);
}

static bool read_numbers(struct people_table *table, struct fl_summary_row *row)
{
    bool is_good = people_table_number(table, X, 0, X_MAX, &row->x);

    is_good = read_optional(table, TX, 0, TIME_MAX, &row->tx) && is_good;
    is_good = read_optional(table, T, 0, TIME_MAX, &row->T) && is_good;
    is_good =
        read_optional(table, Z, -FL_SUMMARY_AMOUNT_MAX, FL_SUMMARY_AMOUNT_MAX, &row->z) && is_good;
    is_good = read_optional(table, N, 0, COUNT_MAX, &row->n) && is_good;
    if (is_good && people_table_has(table, TX) && people_table_has(table, T) && row->tx > row->T) {
        people_table_fault(table, TX, "is above T");
        return false;
    }
    return is_good;
}

static enum fl_status row_add(struct fl_summary *into, struct people_table *table,
                              struct fl_error *err)
{
    struct fl_summary_row row = {.n = 1, .line = table->reader.row_line};
    bool is_good =
        into->is_list || (into->is_survival ? read_survival(table, into->is_percent, &row)
                                            : read_numbers(table, &row));
    void *items = into->items;
    const char *name;
    bool is_new = true;
    uint32_t index;
    enum fl_status st = FL_OK;

    if (people_table_has(table, CUSTOMER)) {
        is_good = people_table_name(table, CUSTOMER, &name) && is_good;
        if (is_good)
            st = people_names_add(&into->names, name, &index, &is_new, err);
        if (!st && !is_new && !into->is_list)
            people_table_fault(table, CUSTOMER, "stands in an earlier line already");
    }
    if (st || !is_good || !is_new || !(row.n > 0 || into->is_survival))
        return st;
    st = make_room(&items, into->n, &into->cap, sizeof *into->items, err);
    into->items = items;
    if (!st)
        into->items[into->n++] = row;
    return st;
}

enum fl_status fl_people_summary_read(struct fl_summary *into, int fd,
                                      const struct fl_summary_options *options,
                                      struct fl_faults *faults, struct fl_error *err)
{
    FL_AUTO_FREE struct people_table *table = calloc(1, sizeof *table);
    enum fl_status st;

    if (!table)
        return fl_error_set(err, FL_IO, "out of memory");
    st = people_table_open(table, fd, options, customer_names,
                           options->may_be_list ? &cdnow_names : NULL, faults, err);
    if (!st) {
        need_columns(into, table);
        into->has_values = people_table_has(table, Z);
        into->ignored = table->ignored;
    }
    if (!st && people_table_has_faults(table))
        st = fl_faults_status(faults, err);
    while (!st && !(st = people_table_next(table, err)))
        st = row_add(into, table, err);
    if (st == FL_NOT_FOUND)
        st = FL_OK;
    if (!st && people_table_has_faults(table))
        st = fl_faults_status(faults, err);
    people_table_close(table);
    return st;
}

void fl_people_summary_finish(struct fl_summary *summary)
{
    free(summary->items);
    people_names_finish(&summary->names);
    *summary = (struct fl_summary){0};
}
