/* Who moved: from zone to zone, between two runs, and after a campaign. */
#include "store_sqlite_private.h"

#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "value/position.h"

enum { SQL_MAX = 4096, MISSING = FL_ZONES /* no score in this run */ };

enum fl_status fl_sqlite_zone_change_each(struct fl_store *store, int64_t customer, int64_t after,
                                          int64_t limit, fl_store_zone_change_fn *fn, void *ctx,
                                          struct fl_error *err)
{
#define CHANGES "SELECT id, customer, zone_from, zone_to, at_us, run FROM zone_change WHERE id > ?1"
    static const char of_all[] = CHANGES " ORDER BY id LIMIT ?2";
    static const char of_one[] = CHANGES " AND customer = ?3 ORDER BY id LIMIT ?2";
#undef CHANGES
    FL_AUTO_QUERY struct fl_query query = {0};
    const struct fl_value values[] = {Q_INT(after), Q_INT(limit > 0 ? limit : -1), Q_INT(customer)};
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query, customer ? of_one : of_all,
                                      values, customer ? 3 : 2, err);

    while (!st) {
        struct fl_zone_change change;

        st = fl_query_next(&query, err);
        if (st)
            break;
        change = (struct fl_zone_change){.id = fl_query_int(&query, 0),
                                         .customer = fl_query_int(&query, 1),
                                         .from = (int)fl_query_int(&query, 2),
                                         .to = (int)fl_query_int(&query, 3),
                                         .at_us = fl_query_int(&query, 4),
                                         .run = fl_query_int(&query, 5)};
        if (!fn(ctx, &change))
            return FL_OK;
    }
    return fl_query_end(st);
}

/* ---- between two runs -------------------------------------------------------------------------*/

static enum fl_status need_scores(struct fl_sqlite *db, int64_t run, struct fl_error *err)
{
    int64_t has_scores = 0;
    enum fl_status st = run ? FL_OK : fl_sqlite_current_run(db, &run, err);

    if (!st)
        st = fl_query_number(db, "SELECT has_scores FROM value_run WHERE id = ?1 AND state = 1",
                             Q_VALUES(Q_INT(run)), &has_scores, err);
    if (st == FL_NOT_FOUND && run)
        return fl_error_set(err, st, "there is no run %lld that was done", (long long)run);
    if (!st && !has_scores)
        return fl_error_set(err, FL_NOT_FOUND, "the scores of run %lld were thinned out",
                            (long long)run);
    return st;
}

/* One of two lists in order of customer. */
struct side {
    struct fl_query query;
    int64_t customer; /* INT64_MAX: at the end */
    int64_t zone;
};

static enum fl_status step(struct side *side, struct fl_error *err)
{
    enum fl_status st = fl_query_next(&side->query, err);

    side->customer = st ? INT64_MAX : fl_query_int(&side->query, 0);
    side->zone = st ? MISSING : fl_query_int(&side->query, 1);
    return fl_query_end(st);
}

static enum fl_status open_side(struct fl_sqlite *db, struct side *side, int64_t run,
                                struct fl_error *err)
{
    static const char now[] = "SELECT customer, zone FROM score_now ORDER BY customer";
    static const char of_run[] =
        "SELECT customer, zone FROM score WHERE run = ?1 ORDER BY customer";
    const struct fl_value values[] = {Q_INT(run)};
    enum fl_status st = need_scores(db, run, err);

    if (!st)
        st = fl_query_open(db, &side->query, run ? of_run : now, values, run ? 1 : 0, err);
    return st ? st : step(side, err);
}

enum fl_status fl_sqlite_zone_matrix(struct fl_store *store, int64_t run_from, int64_t run_to,
                                     int64_t (*out)[5], struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    struct side from = {0}, to = {0};
    int64_t counts[MISSING + 1][MISSING + 1] = {{0}};
    enum fl_status st = open_side(db, &from, run_from, err);

    if (!st)
        st = open_side(db, &to, run_to, err);
    while (!st && (from.customer != INT64_MAX || to.customer != INT64_MAX)) {
        bool has_from = from.customer <= to.customer, has_to = to.customer <= from.customer;
        int64_t a = has_from ? from.zone : MISSING, b = has_to ? to.zone : MISSING;

        if (a >= 0 && a <= MISSING && b >= 0 && b <= MISSING)
            counts[a][b]++;
        if (has_from)
            st = step(&from, err);
        if (!st && has_to)
            st = step(&to, err);
    }
    fl_query_close(&from.query);
    fl_query_close(&to.query);
    if (!st)
        memcpy(out, counts, sizeof counts);
    return st;
}

/* ---- after a campaign -------------------------------------------------------------------------*/

/* Whoever was sent one message is treated, also where another one was held back - and where it did
 * not arrive: of the hold-out nobody knows to whom it would have (intention to treat). */
static void effect_sql(struct fl_buf *sql, int64_t run_before, int64_t run_after)
{
    fl_buf_printf(
        sql,
        "SELECT m.customer, m.is_hold_out, b.customer, b.at_us, " FL_SCORE_VALUES(
            "b.") ","
                  " a.customer, a.at_us, " FL_SCORE_VALUES(
                      "a.") " FROM (SELECT m.customer AS customer, min(m.state = %d) AS "
                            "is_hold_out FROM occurrence o"
                            "  CROSS JOIN message m ON m.occurrence = o.id WHERE o.campaign = ?1"
                            "  AND (m.state IN (%d, %d, %d, %d) OR (m.state = %d AND m.rule = %d)) "
                            "GROUP "
                            "BY m.customer) m"
                            " CROSS JOIN ",
        FL_MESSAGE_SUPPRESSED, FL_MESSAGE_ACCEPTED, FL_MESSAGE_DELIVERED, FL_MESSAGE_BOUNCED,
        FL_MESSAGE_FAILED, FL_MESSAGE_SUPPRESSED, FL_RULE_HOLD_OUT);
    fl_buf_puts(sql, run_before ? FL_SCORES_OF("2") : FL_SCORES_NOW);
    fl_buf_puts(sql, " b ON b.customer = m.customer CROSS JOIN ");
    fl_buf_puts(sql, run_after ? FL_SCORES_OF("3") : FL_SCORES_NOW);
    /* The last value stands in the text whatever is asked for, so that all can be bound. */
    fl_buf_puts(sql, " a ON a.customer = m.customer WHERE ?4 ORDER BY m.customer");
}

enum fl_status fl_sqlite_effect_each(struct fl_store *store, int64_t campaign, int64_t run_before,
                                     int64_t run_after, fl_store_effect_fn *fn, void *ctx,
                                     struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_QUERY struct fl_query query = {0};
    FL_AUTO_BUF struct fl_buf sql = FL_BUF(SQL_MAX);
    enum fl_status st = need_scores(db, run_before, err);

    if (!st)
        st = need_scores(db, run_after, err);
    if (st)
        return st;
    effect_sql(&sql, run_before, run_after);
    st = fl_query_open_once(
        db, &query, sql.data,
        Q_VALUES(Q_INT(campaign), Q_INT(run_before), Q_INT(run_after), Q_INT(1)), err);
    while (!st) {
        struct fl_effect_row row;

        st = fl_query_next(&query, err);
        if (st)
            break;
        row = (struct fl_effect_row){.customer = fl_query_int(&query, 0),
                                     .is_hold_out = fl_query_int(&query, 1) != 0,
                                     .before = fl_sqlite_score_row(&query, 2),
                                     .after = fl_sqlite_score_row(&query, 4 + FL_SCORE_N_VALUES)};
        if (!fn(ctx, &row))
            return FL_OK;
    }
    return fl_query_end(st);
}
