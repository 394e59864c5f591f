/* Short links. */
#include "store_sqlite_private.h"

enum fl_status fl_sqlite_short_link_put(struct fl_store *store, const char *code, int64_t message,
                                        int64_t expires_us, struct fl_error *err)
{
    enum fl_status st =
        fl_query_exec(fl_sqlite_of(store),
                      "INSERT INTO short_link (code, message, expires_us) VALUES (?1, ?2, ?3)",
                      Q_VALUES(Q_TEXT(code), Q_INT(message), Q_INT(expires_us)), err);

    /* Not the code: who reads the log could follow it. */
    if (st == FL_CONFLICT)
        return fl_error_set(err, st, "the code of a short link is taken");
    return st;
}

enum fl_status fl_sqlite_short_link_get(struct fl_store *store, const char *code, int64_t now_us,
                                        int64_t *out_message, struct fl_error *err)
{
    enum fl_status st = fl_query_number(
        fl_sqlite_of(store), "SELECT message FROM short_link WHERE code = ?1 AND expires_us > ?2",
        Q_VALUES(Q_TEXT(code), Q_INT(now_us)), out_message, err);

    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no such short link, or it has expired");
    return st;
}

enum fl_status fl_sqlite_short_link_of(struct fl_store *store, struct fl_arena *arena,
                                       int64_t message, const char **out_code, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    const char *code;
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query,
                                      "SELECT code FROM short_link WHERE message = ?1"
                                      " ORDER BY expires_us DESC, code LIMIT 1",
                                      Q_VALUES(Q_INT(message)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "message %lld has no short link", (long long)message);
    if (st)
        return st;
    code = fl_query_text(&query, 0, arena);
    st = fl_query_memory(&query, err);
    if (!st)
        *out_code = code;
    return st;
}
