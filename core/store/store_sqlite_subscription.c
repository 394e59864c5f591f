/* Subscriptions, referrals and complaints. */
#include "store_sqlite_private.h"

#include <string.h>

#include "base/str.h"

static struct fl_value date_or_null(int32_t date)
{
    return date == FL_DATE_NONE ? (struct fl_value)Q_TEXT(NULL) : (struct fl_value)Q_INT(date);
}

static struct fl_value time_or_null(int64_t time_us)
{
    return time_us == FL_TIME_NONE ? (struct fl_value)Q_TEXT(NULL)
                                   : (struct fl_value)Q_INT(time_us);
}

static bool is_null(const struct fl_query *query, int column)
{
    return sqlite3_column_type(query->stmt, column) == SQLITE_NULL;
}

/* What an external id stands for already. */
struct known {
    int64_t id; /* 0: it is new */
    bool is_same;
};

/* ---- subscriptions ----------------------------------------------------------------------------*/

#define SUBSCRIPTION_COLUMNS                                                                       \
    "id, customer, external_id, start, end, period_days, price_minor, margin_minor, product,"      \
    " updated_us"

static struct fl_subscription subscription_row(const struct fl_query *query, const char *currency)
{
    return (struct fl_subscription){.id = fl_query_int(query, 0),
                                    .customer = fl_query_int(query, 1),
                                    .external_id = fl_query_peek(query, 2),
                                    .start = (int32_t)fl_query_int(query, 3),
                                    .end = is_null(query, 4) ? FL_DATE_NONE
                                                             : (int32_t)fl_query_int(query, 4),
                                    .period_days = (int32_t)fl_query_int(query, 5),
                                    .price_minor = fl_query_int(query, 6),
                                    .margin_minor = fl_query_int(query, 7),
                                    .product = fl_query_peek(query, 8),
                                    .updated_us = fl_query_int(query, 9),
                                    .currency = currency};
}

static enum fl_status find_subscription(struct fl_sqlite *db, const struct fl_subscription *given,
                                        struct known *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_subscription known;
    enum fl_status st = fl_query_open(
        db, &query, "SELECT " SUBSCRIPTION_COLUMNS " FROM subscription WHERE external_id = ?1",
        Q_VALUES(Q_TEXT(given->external_id)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st)
        return fl_query_end(st);
    known = subscription_row(&query, "");
    if (known.customer != given->customer)
        return fl_error_set(err, FL_CONFLICT, "subscription \"%s\" is of another customer",
                            given->external_id);
    *out =
        (struct known){known.id, known.start == given->start && known.end == given->end &&
                                     known.period_days == given->period_days &&
                                     known.price_minor == given->price_minor &&
                                     known.margin_minor == given->margin_minor &&
                                     fl_str_equal(known.product, fl_text_or(given->product, ""))};
    return FL_OK;
}

enum fl_status fl_sqlite_subscription_put(struct fl_store *store, const struct fl_subscription *s,
                                          enum fl_put *out_put, int64_t *out_id,
                                          struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    struct known known = {0};
    int64_t id;
    enum fl_status st = fl_sqlite_need_customer(db, s->customer, err);

    if (!st)
        st = find_subscription(db, s, &known, err);
    if (!st)
        st = fl_sqlite_take_currency(db, s->currency, s->external_id, err);
    if (st)
        return st;
    id = known.id ? known.id : fl_store_new_id(store);
    if (!known.is_same)
        st = fl_query_exec(
            db,
            "INSERT INTO subscription (" SUBSCRIPTION_COLUMNS ")"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE SET"
            " start = excluded.start, end = excluded.end, period_days = excluded.period_days,"
            " price_minor = excluded.price_minor, margin_minor = excluded.margin_minor,"
            " product = excluded.product, updated_us = excluded.updated_us",
            Q_VALUES(Q_INT(id), Q_INT(s->customer), Q_TEXT(s->external_id), Q_INT(s->start),
                     date_or_null(s->end), Q_INT(s->period_days), Q_INT(s->price_minor),
                     Q_INT(s->margin_minor), Q_TEXT(fl_text_or(s->product, "")),
                     Q_INT(fl_clock_now(&store->clock))),
            err);
    if (!st && !known.is_same)
        st = fl_sqlite_mark_stale(db, s->customer, err);
    if (st)
        return st;
    *out_put = known.is_same ? FL_PUT_UNCHANGED : known.id ? FL_PUT_UPDATED : FL_PUT_INSERTED;
    *out_id = id;
    return FL_OK;
}

enum fl_status fl_sqlite_subscription_each(struct fl_store *store, int64_t first, int64_t last,
                                           fl_store_subscription_fn *fn, void *ctx,
                                           struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_QUERY struct fl_query query = {0};
    char currency[sizeof db->currency] = "";
    enum fl_status st = fl_query_end(fl_sqlite_currency(store, currency, err));

    if (!st)
        st = fl_query_open(db, &query,
                           "SELECT " SUBSCRIPTION_COLUMNS " FROM subscription"
                           " WHERE customer BETWEEN ?1 AND ?2 ORDER BY customer, start, id",
                           Q_VALUES(Q_INT(first), Q_INT(last)), err);
    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_subscription row = subscription_row(&query, currency);

            if (!fn(ctx, &row))
                return FL_OK;
        }
    }
    return fl_query_end(st);
}

/* ---- referrals --------------------------------------------------------------------------------*/

enum fl_status fl_sqlite_referral_put(struct fl_store *store, int64_t referrer, int64_t referred,
                                      int64_t at_us, enum fl_put *out_put, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t known = 0;
    enum fl_status st = fl_sqlite_need_customer(db, referrer, err);

    if (!st)
        st = fl_sqlite_need_customer(db, referred, err);
    if (!st)
        st = fl_query_end(fl_query_number(db, "SELECT referrer FROM referral WHERE referred = ?1",
                                          Q_VALUES(Q_INT(referred)), &known, err));
    if (!st && known && known != referrer)
        return fl_error_set(err, FL_CONFLICT, "customer %lld was brought by customer %lld",
                            (long long)referred, (long long)known);
    if (!st && !known)
        st = fl_query_exec(db,
                           "INSERT INTO referral (referred, referrer, at_us) VALUES (?1, ?2, ?3)",
                           Q_VALUES(Q_INT(referred), Q_INT(referrer),
                                    Q_INT(at_us ? at_us : fl_clock_now(&store->clock))),
                           err);
    if (!st && !known)
        st = fl_sqlite_mark_stale(db, referrer, err);
    if (!st)
        *out_put = known ? FL_PUT_UNCHANGED : FL_PUT_INSERTED;
    return st;
}

enum fl_status fl_sqlite_referral_each(struct fl_store *store, int64_t referrer,
                                       fl_store_referral_fn *fn, void *ctx, struct fl_error *err)
{
    static const char of_all[] = "SELECT referrer, referred, at_us FROM referral ORDER BY referred";
    static const char of_one[] = "SELECT referrer, referred, at_us FROM referral"
                                 " WHERE referrer = ?1 ORDER BY referred";
    FL_AUTO_QUERY struct fl_query query = {0};
    const struct fl_value values[] = {Q_INT(referrer)};
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query, referrer ? of_one : of_all,
                                      values, referrer ? 1 : 0, err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (!st &&
            !fn(ctx, fl_query_int(&query, 0), fl_query_int(&query, 1), fl_query_int(&query, 2)))
            return FL_OK;
    }
    return fl_query_end(st);
}

/* ---- complaints -------------------------------------------------------------------------------*/

#define COMPLAINT_COLUMNS "id, customer, external_id, feedback, opened_us, settled_us, text"

static struct fl_complaint complaint_row(const struct fl_query *query)
{
    return (struct fl_complaint){.id = fl_query_int(query, 0),
                                 .customer = fl_query_int(query, 1),
                                 .external_id = fl_query_peek(query, 2),
                                 .feedback = fl_query_int(query, 3),
                                 .opened_us = fl_query_int(query, 4),
                                 .settled_us =
                                     is_null(query, 5) ? FL_TIME_NONE : fl_query_int(query, 5),
                                 .text = fl_query_peek(query, 6)};
}

/* The same line again, also the one that opened what is settled by now, changes nothing. */
static enum fl_status find_complaint(struct fl_sqlite *db, const struct fl_complaint *given,
                                     struct known *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_complaint known;
    enum fl_status st = fl_query_open(
        db, &query, "SELECT " COMPLAINT_COLUMNS " FROM complaint WHERE external_id = ?1",
        Q_VALUES(Q_TEXT(given->external_id)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st)
        return fl_query_end(st);
    known = complaint_row(&query);
    if (known.customer != given->customer)
        return fl_error_set(err, FL_CONFLICT, "complaint \"%s\" is of another customer",
                            given->external_id);
    if (known.opened_us != given->opened_us)
        return fl_error_set(err, FL_CONFLICT, "complaint \"%s\" was made at another time",
                            given->external_id);
    if (known.settled_us != FL_TIME_NONE && given->settled_us != FL_TIME_NONE &&
        known.settled_us != given->settled_us)
        return fl_error_set(err, FL_CONFLICT, "complaint \"%s\" was settled at another time",
                            given->external_id);
    *out = (struct known){known.id, given->settled_us == FL_TIME_NONE ||
                                        given->settled_us == known.settled_us};
    return FL_OK;
}

enum fl_status fl_sqlite_complaint_put(struct fl_store *store, const struct fl_complaint *c,
                                       enum fl_put *out_put, int64_t *out_id, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    struct known known = {0};
    int64_t id;
    enum fl_status st = fl_sqlite_need_customer(db, c->customer, err);

    if (!st)
        st = find_complaint(db, c, &known, err);
    if (st)
        return st;
    id = known.id ? known.id : fl_store_new_id(store);
    if (!known.is_same)
        st = fl_query_exec(db,
                           "INSERT INTO complaint (" COMPLAINT_COLUMNS ")"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                           " ON CONFLICT (id) DO UPDATE SET settled_us = excluded.settled_us",
                           Q_VALUES(Q_INT(id), Q_INT(c->customer), Q_TEXT(c->external_id),
                                    Q_INT(c->feedback), Q_INT(c->opened_us),
                                    time_or_null(c->settled_us), Q_TEXT(fl_text_or(c->text, ""))),
                           err);
    if (!st && !known.is_same)
        st = fl_sqlite_mark_stale(db, c->customer, err);
    if (st)
        return st;
    *out_put = known.is_same ? FL_PUT_UNCHANGED : known.id ? FL_PUT_UPDATED : FL_PUT_INSERTED;
    *out_id = id;
    return FL_OK;
}

enum fl_status fl_sqlite_complaint_each(struct fl_store *store, int64_t first, int64_t last,
                                        fl_store_complaint_fn *fn, void *ctx, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query,
                                      "SELECT " COMPLAINT_COLUMNS " FROM complaint WHERE customer"
                                      " BETWEEN ?1 AND ?2 ORDER BY customer, opened_us, id",
                                      Q_VALUES(Q_INT(first), Q_INT(last)), err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_complaint row = complaint_row(&query);

            if (!fn(ctx, &row))
                return FL_OK;
        }
    }
    return fl_query_end(st);
}
