/*
 * Many transactions at once, and reading the purchase days of everybody.
 *
 * In a bulk the days of a customer are set NULL when the first of his lines comes, and made at the
 * end.  Who reads in between makes them as it goes, so that they are right at every commit, also
 * where the bulk is never ended.
 */
#include "store_sqlite_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

enum { CHUNK = 4096 /* customers whose days are made at a time */, PATH_BYTES_MAX = 1024 };

bool fl_sqlite_bulk_knows(const struct fl_sqlite *db, int64_t customer)
{
    return db->bulk.is_on && fl_map_get(&db->bulk.touched, customer) != NULL;
}

enum fl_status fl_sqlite_bulk_touch(struct fl_sqlite *db, int64_t customer, struct fl_error *err)
{
    int64_t *mark = fl_map_add(&db->bulk.touched, customer);

    if (!mark)
        return fl_sqlite_no_memory(err);
    if (*mark)
        return FL_OK;
    *mark = 1;
    return fl_query_exec(db,
                         "INSERT INTO trade (customer, days) VALUES (?1, NULL)"
                         " ON CONFLICT (customer) DO UPDATE SET days = NULL WHERE days IS NOT NULL",
                         Q_VALUES(Q_INT(customer)), err);
}

void fl_sqlite_bulk_rolled_back(struct fl_sqlite *db)
{
    fl_map_clear(&db->bulk.touched);
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

static enum fl_status list_open(struct fl_sqlite *db, int64_t after, int64_t *ids, size_t *out_n,
                                struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(db, &query,
                                      "SELECT customer FROM trade WHERE days IS NULL"
                                      " AND customer > ?1 ORDER BY customer LIMIT ?2",
                                      Q_VALUES(Q_INT(after), Q_INT(CHUNK)), err);

    *out_n = 0;
    while (!st && *out_n < CHUNK) {
        st = fl_query_next(&query, err);
        if (!st)
            ids[(*out_n)++] = fl_query_int(&query, 0);
    }
    return fl_query_end(st);
}

static enum fl_status mark_few(struct fl_sqlite *db, struct fl_error *err)
{
    int64_t n = 0, now_us = fl_clock_now(&db->store->clock);
    enum fl_status st = fl_query_number(db,
                                        "SELECT count(*) FROM (SELECT 1 FROM trade"
                                        " WHERE days IS NULL LIMIT ?1)",
                                        Q_VALUES(Q_INT(FL_STORE_BULK_STALE_MAX + 1)), &n, err);

    if (st || n > FL_STORE_BULK_STALE_MAX)
        return st;
    return fl_query_exec(
        db,
        "INSERT INTO stale (customer, since_us, last_us) SELECT t.customer, ?1, ?1 FROM trade t"
        " CROSS JOIN customer c ON c.id = t.customer WHERE t.days IS NULL AND c.state = 0"
        " AND EXISTS (SELECT 1 FROM value_run)"
        " ON CONFLICT (customer) DO UPDATE SET last_us = max(last_us, excluded.last_us)",
        Q_VALUES(Q_INT(now_us)), err);
}

static enum fl_status make_open(struct fl_sqlite *db, struct fl_error *err)
{
    FL_AUTO_FREE int64_t *ids = malloc(CHUNK * sizeof *ids);
    struct fl_days days = {0};
    int64_t after = 0;
    size_t n = CHUNK;
    enum fl_status st = ids ? FL_OK : fl_sqlite_no_memory(err);

    while (!st && n == CHUNK) {
        st = list_open(db, after, ids, &n, err);
        for (size_t i = 0; !st && i < n; i++) {
            st = fl_sqlite_days_make(db, ids[i], &days, err);
            if (!st)
                st = fl_sqlite_days_keep(db, ids[i], &days, err);
            after = ids[i];
        }
    }
    fl_days_finish(&days);
    return st;
}

enum fl_status fl_sqlite_transactions_end(struct fl_store *store, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    enum fl_status st;

    db->bulk.is_on = false;
    fl_map_finish(&db->bulk.touched);
    st = mark_few(db, err);
    return st ? st : make_open(db, err);
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

static enum fl_status days_for(struct fl_sqlite *db, struct scan *scan, int64_t customer,
                               struct fl_error *err)
{
    enum fl_status st = FL_OK;

    scan->days.n = 0;
    while (!st && scan->has_trade && fl_query_int(&scan->trades, 0) < customer)
        st = next_trade(scan, err);
    if (st || !scan->has_trade || fl_query_int(&scan->trades, 0) != customer)
        return st;
    st = fl_sqlite_days_of(db, customer, scan->trades.stmt, 1, &scan->days, err);
    return st ? st : next_trade(scan, err);
}

static enum fl_status each_row(struct fl_sqlite *db, struct scan *scan, bool has_segment,
                               fl_store_trade_fn *fn, void *ctx, struct fl_error *err)
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
        st = days_for(db, scan, row.customer, err);
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
        st = each_row(db, &scan, segment != NULL, fn, ctx, err);
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
