/* Transactions, and the purchase days that are kept in step with them. */
#include "store_sqlite_private.h"

#include <string.h>

#include "base/file.h"
#include "base/str.h"

/* A customer who buys every day for a hundred years. */
enum { DAYS_BYTES_MAX = 4 << 20 };

/* ---- currency ---------------------------------------------------------------------------------*/

static enum fl_status read_currency(struct fl_sqlite *db, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(db, &query, "SELECT value FROM meta WHERE key = 'currency'", Q_NONE, err);

    if (!st)
        st = fl_query_next(&query, err);
    if (!st && sqlite3_column_bytes(query.stmt, 0) == (int)sizeof db->currency - 1)
        memcpy(db->currency, fl_query_peek(&query, 0), sizeof db->currency);
    return fl_query_end(st);
}

enum fl_status fl_sqlite_currency(struct fl_store *store, char *out, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    enum fl_status st = FL_OK;

    /* A reader is never told that another process has written. */
    if (!*db->currency)
        st = read_currency(db, err);
    if (!st && !*db->currency)
        return fl_error_set(err, FL_NOT_FOUND, "no transaction has told the currency yet");
    if (!st)
        memcpy(out, db->currency, sizeof db->currency);
    return st;
}

enum fl_status fl_sqlite_take_currency(struct fl_sqlite *db, const char *currency,
                                       const char *external_id, struct fl_error *err)
{
    enum fl_status st = FL_OK;

    if (!*db->currency)
        st = read_currency(db, err);
    if (st)
        return st;
    if (*db->currency && strcmp(db->currency, currency) != 0)
        return fl_error_set(err, FL_REJECTED, "\"%s\" is in %s, everything stored is in %s",
                            external_id, currency, db->currency);
    if (*db->currency)
        return FL_OK;
    st = fl_query_exec(db, "INSERT INTO meta (key, value) VALUES ('currency', ?1)",
                       Q_VALUES(Q_TEXT(currency)), err);
    if (!st)
        memcpy(db->currency, currency, sizeof db->currency);
    return st;
}

/* ---- lines ------------------------------------------------------------------------------------*/

enum fl_status fl_sqlite_need_customer(struct fl_sqlite *db, int64_t customer, struct fl_error *err)
{
    int64_t state = 0;
    enum fl_status st = fl_query_number(db, "SELECT state FROM customer WHERE id = ?1",
                                        Q_VALUES(Q_INT(customer)), &state, err);

    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no customer %lld", (long long)customer);
    if (!st && state == FL_CUSTOMER_ERASED)
        return fl_error_set(err, FL_REJECTED, "customer %lld was erased", (long long)customer);
    return st;
}

struct fl_transaction fl_sqlite_line_row(const struct fl_query *query, const char *currency)
{
    return (struct fl_transaction){.id = fl_query_int(query, 0),
                                   .customer = fl_query_int(query, 1),
                                   .external_id = fl_query_peek(query, 2),
                                   .kind = (enum fl_transaction_kind)fl_query_int(query, 3),
                                   .at_us = fl_query_int(query, 4),
                                   .date = (int32_t)fl_query_int(query, 5),
                                   .amount_minor = fl_query_int(query, 6),
                                   .margin_minor = fl_query_int(query, 7),
                                   .saved_minor = fl_query_int(query, 8),
                                   .discount_minor = fl_query_int(query, 9),
                                   .gift_minor = fl_query_int(query, 10),
                                   .fee_minor = fl_query_int(query, 11),
                                   .shipping_minor = fl_query_int(query, 12),
                                   .points = fl_query_int(query, 13),
                                   .product = fl_query_peek(query, 14),
                                   .currency = currency};
}

static bool is_same(const struct fl_transaction *a, const struct fl_transaction *b)
{
    return a->customer == b->customer && a->kind == b->kind && a->at_us == b->at_us &&
           a->date == b->date && a->amount_minor == b->amount_minor &&
           a->margin_minor == b->margin_minor && a->saved_minor == b->saved_minor &&
           a->discount_minor == b->discount_minor && a->gift_minor == b->gift_minor &&
           a->fee_minor == b->fee_minor && a->shipping_minor == b->shipping_minor &&
           a->points == b->points &&
           strcmp(fl_text_or(a->product, ""), fl_text_or(b->product, "")) == 0;
}

static enum fl_status compare_line(struct fl_sqlite *db, const struct fl_transaction *given,
                                   int64_t *out_id, struct fl_error *err)
{
#define KNOWN(table)                                                                               \
    "SELECT " FL_LINE_COLUMNS("l.") " FROM trade_key k CROSS JOIN " table                          \
                                    " l ON l.customer = k.customer AND l.date = k.date AND l.id "  \
                                    "= k.id WHERE k.external_id = ?1"
    static const char sql[] = KNOWN("trade_line") " UNION ALL " KNOWN("trade_new");
#undef KNOWN
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_transaction known;
    enum fl_status st = fl_query_open(db, &query, sql, Q_VALUES(Q_TEXT(given->external_id)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, FL_IO, "transaction \"%s\" has a name and no line",
                            given->external_id);
    if (st)
        return st;
    known = fl_sqlite_line_row(&query, db->currency);
    if (!is_same(given, &known))
        return fl_error_set(err, FL_CONFLICT, "transaction \"%s\" is stored with other content",
                            given->external_id);
    *out_id = known.id;
    return FL_OK;
}

/* FL_NOT_FOUND, `err` untouched: the name is taken. */
static enum fl_status insert_key(struct fl_sqlite *db, const struct fl_transaction *t, int64_t id,
                                 struct fl_error *err)
{
    enum fl_status st = fl_query_exec(
        db,
        "INSERT INTO trade_key (external_id, customer, date, id) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (external_id) DO NOTHING",
        Q_VALUES(Q_TEXT(t->external_id), Q_INT(t->customer), Q_INT(t->date), Q_INT(id)), err);

    return !st && !sqlite3_changes(db->handle) ? FL_NOT_FOUND : st;
}

enum fl_status fl_sqlite_line_put(struct fl_sqlite *db, const struct fl_transaction *t, int64_t id,
                                  bool is_in_bulk, struct fl_error *err)
{
#define INTO(table)                                                                                \
    "INSERT INTO " table " (" FL_LINE_COLUMNS("") ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"  \
                                                  " ?10, ?11, ?12, ?13, ?14, ?15)"
    static const char line[] = INTO("trade_line"), later[] = INTO("trade_new");
#undef INTO

    return fl_query_exec(
        db, is_in_bulk ? later : line,
        Q_VALUES(Q_INT(id), Q_INT(t->customer), Q_TEXT(t->external_id), Q_INT(t->kind),
                 Q_INT(t->at_us), Q_INT(t->date), Q_INT(t->amount_minor), Q_INT(t->margin_minor),
                 Q_INT(t->saved_minor), Q_INT(t->discount_minor), Q_INT(t->gift_minor),
                 Q_INT(t->fee_minor), Q_INT(t->shipping_minor), Q_INT(t->points),
                 Q_TEXT(fl_text_or(t->product, ""))),
        err);
}

/* ---- days -------------------------------------------------------------------------------------*/

enum fl_status fl_sqlite_days_make(struct fl_sqlite *db, int64_t customer, struct fl_days *days,
                                   struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(db, &query,
                      "SELECT " FL_LINE_COLUMNS("") " FROM trade_line WHERE customer = ?1"
                                                    " ORDER BY date",
                      Q_VALUES(Q_INT(customer)), err);

    days->n = 0;
    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_transaction line = fl_sqlite_line_row(&query, db->currency);

            st = fl_days_add(days, &line, err);
        }
    }
    return fl_query_end(st);
}

enum fl_status fl_sqlite_days_keep(struct fl_sqlite *db, int64_t customer,
                                   const struct fl_days *days, struct fl_error *err)
{
    FL_AUTO_BUF struct fl_buf packed = FL_BUF(DAYS_BYTES_MAX);

    fl_days_pack(days, &packed);
    if (fl_buf_failed(&packed))
        return fl_error_set(err, FL_LIMIT, "customer %lld has too many purchase days: %zu",
                            (long long)customer, days->n);
    return fl_query_exec(db,
                         "INSERT INTO trade (customer, days) VALUES (?1, ?2)"
                         " ON CONFLICT (customer) DO UPDATE SET days = excluded.days",
                         Q_VALUES(Q_INT(customer), Q_BLOB(packed.data, packed.len)), err);
}

enum fl_status fl_sqlite_days_take(const struct fl_query *query, int64_t customer, int column,
                                   struct fl_days *days, struct fl_error *err)
{
    const void *data = sqlite3_column_blob(query->stmt, column);
    enum fl_status st =
        fl_days_unpack(days, data, (size_t)sqlite3_column_bytes(query->stmt, column), err);

    if (st != FL_INVALID)
        return st;
    fl_error_prefix(err, FL_IO, "the purchase days of customer %lld are damaged",
                    (long long)customer);
    return FL_IO;
}

enum fl_status fl_sqlite_days_get(struct fl_sqlite *db, int64_t customer, struct fl_days *days,
                                  struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(db, &query, "SELECT days FROM trade WHERE customer = ?1",
                                      Q_VALUES(Q_INT(customer)), err);

    days->n = 0;
    if (!st)
        st = fl_query_next(&query, err);
    return st ? fl_query_end(st) : fl_sqlite_days_take(&query, customer, 0, days, err);
}

static enum fl_status add_line(struct fl_sqlite *db, const struct fl_transaction *t, int64_t id,
                               struct fl_error *err)
{
    struct fl_days days = {0};
    enum fl_status st = fl_sqlite_days_get(db, t->customer, &days, err);

    if (!st)
        st = fl_days_add(&days, t, err);
    if (!st)
        st = fl_sqlite_line_put(db, t, id, false, err);
    if (!st)
        st = fl_sqlite_days_keep(db, t->customer, &days, err);
    if (!st)
        st = fl_sqlite_mark_stale(db, t->customer, err);
    fl_days_finish(&days);
    /* The name is stored already and must not stay without its line. */
    return st == FL_LIMIT ? FL_IO : st;
}

enum fl_status fl_sqlite_transaction_put(struct fl_store *store, const struct fl_transaction *t,
                                         enum fl_put *out_put, int64_t *out_id,
                                         struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t id = fl_store_new_id(store);
    enum fl_put put = FL_PUT_INSERTED;
    enum fl_status st = db->bulk.is_on ? fl_sqlite_bulk_need(db, t->customer, err)
                                       : fl_sqlite_need_customer(db, t->customer, err);

    if (!st)
        st = fl_sqlite_take_currency(db, t->currency, t->external_id, err);
    if (st)
        return st;
    st = insert_key(db, t, id, err);
    if (st == FL_NOT_FOUND) {
        put = FL_PUT_UNCHANGED;
        st = compare_line(db, t, &id, err);
    } else if (!st) {
        st = db->bulk.is_on ? fl_sqlite_line_put(db, t, id, true, err) : add_line(db, t, id, err);
    }
    if (st)
        return st;
    *out_put = put;
    *out_id = id;
    return FL_OK;
}

enum fl_status fl_sqlite_transaction_each(struct fl_store *store, int64_t customer, int32_t from,
                                          int32_t to, fl_store_transaction_fn *fn, void *ctx,
                                          struct fl_error *err)
{
#define LINES "SELECT " FL_LINE_COLUMNS("") " FROM trade_line WHERE date BETWEEN ?1 AND ?2"
    static const char of_all[] = LINES " ORDER BY customer, date, id";
    static const char of_one[] = LINES " AND customer = ?3 ORDER BY customer, date, id";
#undef LINES
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_QUERY struct fl_query query = {0};
    char currency[sizeof db->currency] = "";
    const struct fl_value values[] = {Q_INT(from), Q_INT(to), Q_INT(customer)};
    enum fl_status st = fl_sqlite_currency(store, currency, NULL);

    if (st && st != FL_NOT_FOUND)
        return fl_error_set(err, st, "could not read the currency");
    st = fl_query_open(db, &query, customer ? of_one : of_all, values, customer ? 3 : 2, err);
    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_transaction line = fl_sqlite_line_row(&query, currency);

            if (!fn(ctx, &line))
                return FL_OK;
        }
    }
    return fl_query_end(st);
}
