/* Valuation runs. */
#include "store_sqlite_private.h"

static void sql_new_id(sqlite3_context *ctx, int n_args, sqlite3_value **args)
{
    struct fl_sqlite *db = sqlite3_user_data(ctx);

    (void)n_args;
    (void)args;
    sqlite3_result_int64(ctx, fl_store_new_id(db->store));
}

enum fl_status fl_sqlite_register_worth_functions(struct fl_sqlite *db, struct fl_error *err)
{
    int rc = sqlite3_create_function_v2(db->handle, "fl_new_id", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                        db, sql_new_id, NULL, NULL, NULL);

    return rc == SQLITE_OK ? FL_OK : fl_sqlite_fail(db, rc, err);
}

enum fl_status fl_sqlite_current_run(struct fl_sqlite *db, int64_t *out, struct fl_error *err)
{
    enum fl_status st = fl_query_number(db, "SELECT run FROM value_now", Q_NONE, out, err);

    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "no valuation run has been done yet");
    return st;
}

/* ---- from begin to end ------------------------------------------------------------------------*/

enum fl_status fl_sqlite_run_begin(struct fl_store *store, const struct fl_value_run *run,
                                   int64_t *out_id, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t id = fl_store_new_id(store);
    /* An import may have been cut off before its end. */
    enum fl_status st = fl_sqlite_bulk_take_in(db, err);

    if (st)
        return st;
    st = fl_query_exec(
        db,
        "INSERT INTO value_run (id, as_of_us, started_us, finished_us, state, has_scores,"
        " n_customers, n_valued, report) VALUES (?1, ?2, ?3, 0, 0, 1, 0, 0, '')",
        Q_VALUES(Q_INT(id), Q_INT(run->as_of_us),
                 Q_INT(run->started_us ? run->started_us : fl_clock_now(&store->clock))),
        err);

    if (!st)
        *out_id = id;
    return st;
}

/* What the run was begun with; FL_REJECTED: it does not run. */
struct begun {
    int64_t as_of_us, started_us;
    bool is_newest; /* no done run has a later valuation date */
};

static enum fl_status find_running(struct fl_sqlite *db, int64_t id, struct begun *out,
                                   struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(db, &query,
                      "SELECT state, as_of_us, started_us, NOT EXISTS (SELECT 1 FROM value_run n"
                      " WHERE n.id = (SELECT run FROM value_now) AND n.as_of_us > r.as_of_us)"
                      " FROM value_run r WHERE id = ?1",
                      Q_VALUES(Q_INT(id)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no run %lld", (long long)id);
    if (!st && fl_query_int(&query, 0) != FL_RUN_RUNNING)
        return fl_error_set(err, FL_REJECTED, "run %lld is not running", (long long)id);
    if (!st)
        *out = (struct begun){fl_query_int(&query, 1), fl_query_int(&query, 2),
                              fl_query_int(&query, 3) != 0};
    return st;
}

/* A customer scored again after the valuation date is seen as then, so he has not moved. */
static enum fl_status note_changes(struct fl_sqlite *db, int64_t run, int64_t as_of_us,
                                   int64_t *out_n, struct fl_error *err)
{
    enum fl_status st = fl_query_exec(
        db,
        "INSERT INTO zone_change (id, customer, zone_from, zone_to, at_us, run)"
        " SELECT fl_new_id(), n.customer, b.zone, n.zone, ?2, ?1 FROM score n"
        " CROSS JOIN score_now b ON b.customer = n.customer WHERE n.run = ?1 AND b.zone <> n.zone"
        " AND NOT EXISTS (SELECT 1 FROM rescore r WHERE r.customer = n.customer AND r.at_us > ?2)",
        Q_VALUES(Q_INT(run), Q_INT(as_of_us)), err);

    if (!st)
        *out_n = sqlite3_changes64(db->handle);
    return st;
}

static enum fl_status become_current(struct fl_sqlite *db, int64_t run, const struct begun *begun,
                                     int64_t *out_n, struct fl_error *err)
{
    int64_t n = 0;
    enum fl_status st = note_changes(db, run, begun->as_of_us, &n, err);

    if (!st)
        st = fl_query_exec(db,
                           "INSERT INTO value_now (one, run) VALUES (1, ?1)"
                           " ON CONFLICT (one) DO UPDATE SET run = excluded.run",
                           Q_VALUES(Q_INT(run)), err);
    if (!st)
        st = fl_query_exec(db, "DELETE FROM rescore WHERE at_us <= ?1",
                           Q_VALUES(Q_INT(begun->as_of_us)), err);
    if (!st)
        st = fl_query_exec(db, "DELETE FROM stale WHERE last_us < ?1",
                           Q_VALUES(Q_INT(begun->started_us)), err);
    if (!st)
        *out_n = n;
    return st;
}

enum fl_status fl_sqlite_run_finish(struct fl_store *store, const struct fl_value_run *run,
                                    int64_t *out_n_changes, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    struct begun begun = {0};
    int64_t n = 0;
    enum fl_status st = find_running(db, run->id, &begun, err);

    /* Who objected while it ran. */
    if (!st)
        st = fl_query_exec(db,
                           "DELETE FROM score WHERE run = ?1 AND customer IN"
                           " (SELECT id FROM customer WHERE state <> 0)",
                           Q_VALUES(Q_INT(run->id)), err);
    if (!st)
        st = fl_query_exec(
            db,
            "UPDATE value_run SET state = 1, finished_us = ?2, n_customers = ?3, n_valued = ?4,"
            " report = ?5, reference = ?6 WHERE id = ?1",
            Q_VALUES(Q_INT(run->id),
                     Q_INT(run->finished_us ? run->finished_us : fl_clock_now(&store->clock)),
                     Q_INT(run->n_customers), Q_INT(run->n_valued),
                     Q_TEXT(fl_text_or(run->report, "")),
                     Q_BLOB(run->reference, run->reference_len)),
            err);
    if (!st && begun.is_newest)
        st = become_current(db, run->id, &begun, &n, err);
    if (!st)
        *out_n_changes = n;
    return st;
}

enum fl_status fl_sqlite_run_fail(struct fl_store *store, int64_t run, const char *report,
                                  struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    struct begun begun;
    enum fl_status st = find_running(db, run, &begun, err);

    if (!st)
        st = fl_query_exec(db, "DELETE FROM score WHERE run = ?1", Q_VALUES(Q_INT(run)), err);
    if (st)
        return st;
    return fl_query_exec(
        db,
        "UPDATE value_run SET state = 2, has_scores = 0, finished_us = ?2,"
        " report = ?3 WHERE id = ?1",
        Q_VALUES(Q_INT(run), Q_INT(fl_clock_now(&store->clock)), Q_TEXT(fl_text_or(report, ""))),
        err);
}

/* The months are those of the valuation dates. */
enum fl_status fl_sqlite_run_thin(struct fl_store *store, int64_t before_us, int64_t *out_n,
                                  struct fl_error *err)
{
#define THIN                                                                                       \
    "(SELECT id FROM value_run r WHERE state = 1 AND has_scores AND as_of_us < ?1"                 \
    " AND id <> (SELECT run FROM value_now)"                                                       \
    " AND EXISTS (SELECT 1 FROM value_run n WHERE n.state = 1 AND n.has_scores"                    \
    "  AND (n.as_of_us, n.id) > (r.as_of_us, r.id)"                                                \
    "  AND strftime('%Y-%m', n.as_of_us / 1000000, 'unixepoch') ="                                 \
    "      strftime('%Y-%m', r.as_of_us / 1000000, 'unixepoch')))"
    struct fl_sqlite *db = fl_sqlite_of(store);
    enum fl_status st =
        fl_query_exec(db, "DELETE FROM score WHERE run IN " THIN, Q_VALUES(Q_INT(before_us)), err);

    if (!st)
        st = fl_query_exec(db, "UPDATE value_run SET has_scores = 0 WHERE id IN " THIN,
                           Q_VALUES(Q_INT(before_us)), err);
    if (!st)
        *out_n = sqlite3_changes64(db->handle);
    return st;
#undef THIN
}

/* ---- reading ----------------------------------------------------------------------------------*/

#define RUN_COLUMNS "id, as_of_us, started_us, finished_us, state, n_customers, n_valued"

static struct fl_value_run run_row(const struct fl_query *query)
{
    return (struct fl_value_run){.id = fl_query_int(query, 0),
                                 .as_of_us = fl_query_int(query, 1),
                                 .started_us = fl_query_int(query, 2),
                                 .finished_us = fl_query_int(query, 3),
                                 .state = (enum fl_run_state)fl_query_int(query, 4),
                                 .n_customers = fl_query_int(query, 5),
                                 .n_valued = fl_query_int(query, 6)};
}

static enum fl_status read_run(struct fl_query *query, struct fl_arena *arena,
                               struct fl_value_run *out, struct fl_error *err)
{
    struct fl_value_run run = run_row(query);
    const void *data = sqlite3_column_blob(query->stmt, 8);
    void *copy;
    enum fl_status st;

    run.report = fl_query_text(query, 7, arena);
    run.reference_len = (size_t)sqlite3_column_bytes(query->stmt, 8);
    copy = run.reference_len ? fl_arena_memdup(arena, data, run.reference_len) : NULL;
    if (run.reference_len && !copy)
        return fl_sqlite_no_memory(err);
    run.reference = copy;
    st = fl_query_memory(query, err);
    if (!st)
        *out = run;
    return st;
}

enum fl_status fl_sqlite_run_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                 struct fl_value_run *out, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = id ? FL_OK : fl_sqlite_current_run(db, &id, err);

    if (!st)
        st = fl_query_open(db, &query,
                           "SELECT " RUN_COLUMNS ", report, reference FROM value_run WHERE id = ?1",
                           Q_VALUES(Q_INT(id)), err);
    if (st)
        return st;
    st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no run %lld", (long long)id);
    return st ? st : read_run(&query, arena, out, err);
}

enum fl_status fl_sqlite_run_at(struct fl_store *store, int64_t at_us, int64_t *out_id,
                                struct fl_error *err)
{
    enum fl_status st = fl_query_number(fl_sqlite_of(store),
                                        "SELECT id FROM value_run WHERE state = 1 AND has_scores"
                                        " AND as_of_us <= ?1 ORDER BY as_of_us DESC, id DESC"
                                        " LIMIT 1",
                                        Q_VALUES(Q_INT(at_us)), out_id, err);
    char text[FL_TIME_TEXT_SIZE];

    if (st != FL_NOT_FOUND)
        return st;
    fl_time_format(at_us, text);
    return fl_error_set(err, st, "there is no valuation run of %s or before", text);
}

enum fl_status fl_sqlite_run_each(struct fl_store *store, fl_store_run_fn *fn, void *ctx,
                                  struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(fl_sqlite_of(store), &query,
                      "SELECT " RUN_COLUMNS " FROM value_run ORDER BY id DESC", Q_NONE, err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_value_run run = run_row(&query);

            if (!fn(ctx, &run))
                return FL_OK;
        }
    }
    return fl_query_end(st);
}
