/* Customers who are to be scored again, and those about whom nothing may be kept. */
#include "store_sqlite_private.h"

enum fl_status fl_sqlite_mark_stale(struct fl_sqlite *db, int64_t customer, struct fl_error *err)
{
    if (db->bulk.is_on && db->bulk.n_stale++ >= FL_STORE_BULK_STALE_MAX)
        return FL_OK;
    return fl_query_exec(
        db,
        "INSERT INTO stale (customer, since_us, last_us) SELECT id, ?2, ?2 FROM customer"
        " WHERE id = ?1 AND state = 0 AND EXISTS (SELECT 1 FROM value_run)"
        " ON CONFLICT (customer) DO UPDATE SET last_us = max(last_us, excluded.last_us)",
        Q_VALUES(Q_INT(customer), Q_INT(fl_clock_now(&db->store->clock))), err);
}

enum fl_status fl_sqlite_stale_add(struct fl_store *store, int64_t customer, struct fl_error *err)
{
    return fl_query_exec(
        fl_sqlite_of(store),
        "INSERT INTO stale (customer, since_us, last_us) SELECT id, ?2, ?2 FROM customer"
        " WHERE id = ?1 AND state = 0"
        " ON CONFLICT (customer) DO UPDATE SET last_us = max(last_us, excluded.last_us)",
        Q_VALUES(Q_INT(customer), Q_INT(fl_clock_now(&store->clock))), err);
}

enum fl_status fl_sqlite_stale_list(struct fl_store *store, int64_t *out, size_t max, size_t *out_n,
                                    int64_t *out_total, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_QUERY struct fl_query query = {0};
    int64_t total = 0;
    size_t n = 0;
    enum fl_status st = fl_query_number(db, "SELECT count(*) FROM stale", Q_NONE, &total, err);

    if (!st)
        st = fl_query_open(db, &query,
                           "SELECT customer FROM stale ORDER BY since_us, customer LIMIT ?1",
                           Q_VALUES(Q_INT(max)), err);
    while (!st && n < max) {
        st = fl_query_next(&query, err);
        if (!st)
            out[n++] = fl_query_int(&query, 0);
    }
    st = fl_query_end(st);
    if (st)
        return st;
    *out_n = n;
    *out_total = total;
    return FL_OK;
}

enum fl_status fl_sqlite_stale_drop(struct fl_store *store, int64_t customer, struct fl_error *err)
{
    return fl_query_exec(fl_sqlite_of(store), "DELETE FROM stale WHERE customer = ?1",
                         Q_VALUES(Q_INT(customer)), err);
}

enum fl_status fl_sqlite_forget_scores(struct fl_sqlite *db, int64_t customer, struct fl_error *err)
{
    static const char *const each[] = {
        "DELETE FROM score WHERE customer = ?1 AND run IN (SELECT id FROM value_run)",
        "DELETE FROM rescore WHERE customer = ?1",
        "DELETE FROM zone_change WHERE customer = ?1",
        "DELETE FROM stale WHERE customer = ?1",
    };
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < sizeof each / sizeof each[0]; i++)
        st = fl_query_exec(db, each[i], Q_VALUES(Q_INT(customer)), err);
    return st;
}
