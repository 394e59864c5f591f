/*
 * Many transactions at once, and reading the purchase days of everybody.
 *
 * Lines of a bulk are put aside in the order they come; at its end they are sorted and go to their
 * customers in one pass.  Put in place one by one, 10,000,000 lines in order of time would rewrite
 * a page each: seven minutes and 80 GB to the disk, instead of one and 3.
 */
#include "store_sqlite_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

enum { PATH_BYTES_MAX = 1024 };

enum fl_status fl_sqlite_bulk_need(struct fl_sqlite *db, int64_t customer, struct fl_error *err)
{
    int64_t *known = fl_map_add(&db->bulk.known, customer);
    enum fl_status st = known && *known ? FL_OK : fl_sqlite_need_customer(db, customer, err);

    if (!known)
        return fl_sqlite_no_memory(err);
    if (!st)
        *known = 1;
    return st;
}

void fl_sqlite_bulk_rolled_back(struct fl_sqlite *db)
{
    fl_map_clear(&db->bulk.known);
    *db->currency = '\0';
}

enum fl_status fl_sqlite_transactions_begin(struct fl_store *store, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);

    if (db->bulk.is_on)
        return fl_error_set(err, FL_INTERNAL, "a bulk of transactions is open already");
    db->bulk.is_on = true;
    db->bulk.n_stale = 0;
    return FL_OK;
}

/* The customer whose lines are being put in place, and those that were. */
struct mover {
    int64_t customer;
    struct fl_days days;
    int64_t first[FL_STORE_BULK_STALE_MAX];
    int64_t n;
};

static enum fl_status leave(struct fl_sqlite *db, struct mover *m, struct fl_error *err)
{
    if (!m->customer)
        return FL_OK;
    if (m->n < FL_STORE_BULK_STALE_MAX)
        m->first[m->n] = m->customer;
    m->n++;
    return fl_sqlite_days_keep(db, m->customer, &m->days, err);
}

static enum fl_status move_line(struct fl_sqlite *db, struct mover *m,
                                const struct fl_transaction *line, struct fl_error *err)
{
    enum fl_status st = FL_OK;

    if (line->customer != m->customer) {
        st = leave(db, m, err);
        m->customer = line->customer;
        if (!st)
            st = fl_sqlite_days_get(db, line->customer, &m->days, err);
    }
    if (!st)
        st = fl_days_add(&m->days, line, err);
    return st ? st : fl_sqlite_line_put(db, line, line->id, false, err);
}

static enum fl_status move_all(struct fl_sqlite *db, struct mover *m, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(
        db, &query, "SELECT " FL_LINE_COLUMNS("") " FROM trade_new ORDER BY customer, date, id",
        Q_NONE, err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_transaction line = fl_sqlite_line_row(&query, db->currency);

            st = move_line(db, m, &line, err);
        }
    }
    st = fl_query_end(st);
    return st ? st : leave(db, m, err);
}

enum fl_status fl_sqlite_bulk_take_in(struct fl_sqlite *db, struct fl_error *err)
{
    FL_AUTO_FREE struct mover *m = calloc(1, sizeof *m);
    enum fl_status st = m ? move_all(db, m, err) : fl_sqlite_no_memory(err);

    if (m)
        fl_days_finish(&m->days);
    if (!st && m->n)
        st = fl_query_exec(db, "DELETE FROM trade_new", Q_NONE, err);
    for (int64_t i = 0; !st && m->n <= FL_STORE_BULK_STALE_MAX && i < m->n; i++)
        st = fl_sqlite_mark_stale(db, m->first[i], err);
    return st;
}

enum fl_status fl_sqlite_transactions_end(struct fl_store *store, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);

    db->bulk.is_on = false;
    fl_map_finish(&db->bulk.known);
    return fl_sqlite_bulk_take_in(db, err);
}

/* ---- reading ----------------------------------------------------------------------------------*/

/* Two scans in order of customer side by side: a join would look each customer's row up. */
struct scan {
    struct fl_query customers, trades;
    bool has_trade;
    struct fl_days days;
};

static enum fl_status next_trade(struct scan *scan, struct fl_error *err)
{
    enum fl_status st = fl_query_next(&scan->trades, err);

    scan->has_trade = !st;
    return fl_query_end(st);
}

static enum fl_status days_for(struct scan *scan, int64_t customer, struct fl_error *err)
{
    enum fl_status st = FL_OK;

    scan->days.n = 0;
    while (!st && scan->has_trade && fl_query_int(&scan->trades, 0) < customer)
        st = next_trade(scan, err);
    if (st || !scan->has_trade || fl_query_int(&scan->trades, 0) != customer)
        return st;
    st = fl_sqlite_days_take(&scan->trades, customer, 1, &scan->days, err);
    return st ? st : next_trade(scan, err);
}

static enum fl_status each_row(struct scan *scan, bool has_segment, fl_store_trade_fn *fn,
                               void *ctx, struct fl_error *err)
{
    enum fl_status st = next_trade(scan, err);

    while (!st) {
        struct fl_trade_row row;

        st = fl_query_next(&scan->customers, err);
        if (st)
            break;
        row = (struct fl_trade_row){
            .customer = fl_query_int(&scan->customers, 0),
            .state = (enum fl_customer_state)fl_query_int(&scan->customers, 1),
            .segment = has_segment ? fl_text_or(fl_query_peek(&scan->customers, 2), "") : ""};
        st = days_for(scan, row.customer, err);
        row.days = scan->days.list;
        row.n_days = scan->days.n;
        if (!st && !fn(ctx, &row))
            return FL_OK;
    }
    return fl_query_end(st);
}

enum fl_status fl_sqlite_trade_each(struct fl_store *store, int64_t first, int64_t last,
                                    const char *segment, fl_store_trade_fn *fn, void *ctx,
                                    struct fl_error *err)
{
#define RANGE " FROM customer WHERE id BETWEEN ?1 AND ?2 AND state <> 2 ORDER BY id"
    static const char plain[] = "SELECT id, state" RANGE;
    static const char with_segment[] = "SELECT id, state, json_extract(attributes, ?3)" RANGE;
#undef RANGE
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_BUF struct fl_buf path = FL_BUF(PATH_BYTES_MAX);
    struct scan scan = {0};
    enum fl_status st;

    if (segment)
        fl_buf_printf(&path, "$.\"%s\"", segment);
    if (fl_buf_failed(&path))
        return fl_error_set(err, FL_LIMIT, "the name of an attribute is too long");
    st = segment
             ? fl_query_open(db, &scan.customers, with_segment,
                             Q_VALUES(Q_INT(first), Q_INT(last), Q_TEXT(path.data)), err)
             : fl_query_open(db, &scan.customers, plain, Q_VALUES(Q_INT(first), Q_INT(last)), err);
    if (!st)
        st = fl_query_open(db, &scan.trades,
                           "SELECT customer, days FROM trade WHERE customer BETWEEN ?1 AND ?2"
                           " ORDER BY customer",
                           Q_VALUES(Q_INT(first), Q_INT(last)), err);
    if (!st)
        st = each_row(&scan, segment != NULL, fn, ctx, err);
    fl_query_close(&scan.customers);
    fl_query_close(&scan.trades);
    fl_days_finish(&scan.days);
    return st;
}

enum fl_status fl_sqlite_customer_cuts(struct fl_store *store, size_t parts, int64_t *out,
                                       struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t cuts[FL_STORE_PARTS_MAX + 1];
    int64_t n = 0, row = 0;
    size_t filled = 0;
    enum fl_status st = fl_query_number(db, "SELECT count(*) FROM customer", Q_NONE, &n, err);

    if (!st)
        st = fl_query_open(db, &query, "SELECT id FROM customer NOT INDEXED ORDER BY id", Q_NONE,
                           err);
    while (!st && filled < parts) {
        st = fl_query_next(&query, err);
        while (!st && filled < parts && row >= n * (int64_t)filled / (int64_t)parts)
            cuts[filled++] = fl_query_int(&query, 0);
        row++;
    }
    st = fl_query_end(st);
    if (st)
        return st;
    while (filled <= parts)
        cuts[filled++] = INT64_MAX;
    memcpy(out, cuts, filled * sizeof *out);
    return FL_OK;
}
