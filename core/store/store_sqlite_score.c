/* Scores: of runs, and of customers scored again since. */
#include "store_sqlite_private.h"

#include "base/file.h"
#include "base/str.h"
#include "value/position.h"

enum { SQL_MAX = 4096 };

struct fl_score fl_sqlite_score_row(const struct fl_query *query, int at)
{
    sqlite3_stmt *stmt = query->stmt;

    return (struct fl_score){.customer = fl_query_int(query, at),
                             .at_us = fl_query_int(query, at + 1),
                             .state = (int)fl_query_int(query, at + 2),
                             .zone = (int)fl_query_int(query, at + 3),
                             .segment = (int)fl_query_int(query, at + 4),
                             .keys = (unsigned)fl_query_int(query, at + 5),
                             .is_high = fl_query_int(query, at + 6) != 0,
                             .is_estimated = fl_query_int(query, at + 7) != 0,
                             .p = sqlite3_column_double(stmt, at + 8),
                             .commitment = sqlite3_column_double(stmt, at + 9),
                             .ltv_minor = fl_query_int(query, at + 10),
                             .ce_minor = fl_query_int(query, at + 11),
                             .ev_minor = fl_query_int(query, at + 12),
                             .spv_minor = fl_query_int(query, at + 13),
                             .cost_minor = fl_query_int(query, at + 14),
                             .cv_minor = fl_query_int(query, at + 15),
                             .ce = sqlite3_column_double(stmt, at + 16),
                             .cv = sqlite3_column_double(stmt, at + 17),
                             .distance = sqlite3_column_double(stmt, at + 18),
                             .certainty = sqlite3_column_double(stmt, at + 19)};
}

/* ---- writing ----------------------------------------------------------------------------------*/

/* Two numbers first (run and customer, or customer and time), then the values of the score. */
static enum fl_status put_one(struct fl_query *query, int64_t first, int64_t second,
                              const struct fl_score *s, struct fl_error *err)
{
    sqlite3_stmt *stmt = query->stmt;
    const int64_t numbers[] = {first,         second,      s->state,    s->zone,
                               s->segment,    s->keys,     s->is_high,  s->is_estimated,
                               s->ltv_minor,  s->ce_minor, s->ev_minor, s->spv_minor,
                               s->cost_minor, s->cv_minor};
    const double reals[] = {s->p, s->commitment, s->ce, s->cv, s->distance, s->certainty};
    enum { NUMBERS = sizeof numbers / sizeof numbers[0], REALS = sizeof reals / sizeof reals[0] };
    enum fl_status st;
    int rc = SQLITE_OK;

    _Static_assert(NUMBERS + REALS == FL_SCORE_N_VALUES + 2, "every column is written");
    for (int i = 0; rc == SQLITE_OK && i < NUMBERS; i++)
        rc = sqlite3_bind_int64(stmt, i + 1, numbers[i]);
    for (int i = 0; rc == SQLITE_OK && i < REALS; i++)
        rc = sqlite3_bind_double(stmt, NUMBERS + i + 1, reals[i]);
    if (rc != SQLITE_OK)
        return fl_sqlite_fail(query->db, rc, err);
    st = fl_query_next(query, err);
    sqlite3_reset(stmt);
    return fl_query_end(st);
}

#define SCORE_INTO                                                                                 \
    " state, zone, segment, keys, is_high, is_estimated, ltv_minor, ce_minor, ev_minor,"           \
    " spv_minor, cost_minor, cv_minor, p, commitment, ce, cv, distance, certainty)"                \
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"    \
    " ?19, ?20)"

enum fl_status fl_sqlite_scores_put(struct fl_store *store, int64_t run,
                                    const struct fl_score *scores, size_t n, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_QUERY struct fl_query query = {0};
    int64_t state = -1;
    enum fl_status st = fl_query_number(db, "SELECT state FROM value_run WHERE id = ?1",
                                        Q_VALUES(Q_INT(run)), &state, err);

    if (fl_query_end(st))
        return st;
    if (state != FL_RUN_RUNNING)
        return fl_error_set(err, FL_REJECTED, "run %lld is not running", (long long)run);
    st = fl_query_open(db, &query, "INSERT INTO score (run, customer," SCORE_INTO, Q_NONE, err);
    for (size_t i = 0; !st && i < n; i++)
        if (scores[i].state != FL_SCORE_OBJECTED)
            st = put_one(&query, run, scores[i].customer, &scores[i], err);
    return st;
}

static enum fl_status note_change(struct fl_sqlite *db, const struct fl_score *score, int64_t at_us,
                                  struct fl_error *err)
{
    return fl_query_exec(db,
                         "INSERT INTO zone_change (id, customer, zone_from, zone_to, at_us, run)"
                         " SELECT fl_new_id(), customer, zone, ?2, ?3, 0 FROM score_now"
                         " WHERE customer = ?1 AND zone <> ?2",
                         Q_VALUES(Q_INT(score->customer), Q_INT(score->zone), Q_INT(at_us)), err);
}

enum fl_status fl_sqlite_rescore_put(struct fl_store *store, const struct fl_score *score,
                                     struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_QUERY struct fl_query query = {0};
    int64_t at_us = score->at_us ? score->at_us : fl_clock_now(&store->clock), state = 0;
    enum fl_status st = fl_query_number(db, "SELECT state FROM customer WHERE id = ?1",
                                        Q_VALUES(Q_INT(score->customer)), &state, err);

    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no customer %lld", (long long)score->customer);
    if (st)
        return st;
    if (state != FL_CUSTOMER_ACTIVE || score->state == FL_SCORE_OBJECTED)
        return fl_sqlite_forget_scores(db, score->customer, err);
    st = note_change(db, score, at_us, err);
    if (!st)
        st = fl_query_open(
            db, &query, "INSERT OR REPLACE INTO rescore (customer, at_us," SCORE_INTO, Q_NONE, err);
    return st ? st : put_one(&query, score->customer, at_us, score, err);
}

/* ---- reading ----------------------------------------------------------------------------------*/

#define SELECT_SCORE(from) "SELECT customer, at_us, " FL_SCORE_VALUES("") " FROM " from

enum fl_status fl_sqlite_score_get(struct fl_store *store, int64_t run, int64_t customer,
                                   struct fl_score *out, struct fl_error *err)
{
    static const char now[] = SELECT_SCORE(FL_SCORES_NOW) " WHERE customer = ?1";
    static const char of_run[] = SELECT_SCORE(FL_SCORES_OF("2")) " WHERE customer = ?1";
    const struct fl_value values[] = {Q_INT(customer), Q_INT(run)};
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(fl_sqlite_of(store), &query, run ? of_run : now, values, run ? 2 : 1, err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "customer %lld has no score", (long long)customer);
    if (!st)
        *out = fl_sqlite_score_row(&query, 0);
    return st;
}

enum fl_status fl_sqlite_score_each(struct fl_store *store, const struct fl_score_filter *filter,
                                    fl_store_score_fn *fn, void *ctx, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    FL_AUTO_BUF struct fl_buf sql = FL_BUF(SQL_MAX);
    enum fl_status st;

    fl_buf_puts(&sql, filter->run ? SELECT_SCORE(FL_SCORES_OF("2")) : SELECT_SCORE(FL_SCORES_NOW));
    fl_buf_puts(&sql, " WHERE customer > ?1");
    if (filter->state >= 0)
        fl_buf_puts(&sql, " AND state = ?3");
    if (filter->zone >= 0)
        fl_buf_puts(&sql, " AND zone = ?4");
    if (filter->segment >= 0)
        fl_buf_puts(&sql, " AND segment = ?5");
    if (filter->is_key)
        fl_buf_puts(&sql, " AND keys <> 0");
    if (filter->keys)
        fl_buf_puts(&sql, " AND keys & ?6 = ?6");
    fl_buf_puts(&sql, " ORDER BY customer LIMIT ?7");
    st = fl_query_open_once(fl_sqlite_of(store), &query, sql.data,
                            Q_VALUES(Q_INT(filter->after), Q_INT(filter->run), Q_INT(filter->state),
                                     Q_INT(filter->zone), Q_INT(filter->segment),
                                     Q_INT(filter->keys),
                                     Q_INT(filter->limit > 0 ? filter->limit : -1)),
                            err);
    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_score score = fl_sqlite_score_row(&query, 0);

            if (!fn(ctx, &score))
                return FL_OK;
        }
    }
    return fl_query_end(st);
}
