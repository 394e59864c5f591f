/* What customers said. */
#include "store_sqlite_private.h"

#include "base/file.h"
#include "base/str.h"

enum { SQL_MAX = 4096 };

static bool is_contact(enum fl_feedback_kind kind)
{
    return kind == FL_FEEDBACK_REPLY || kind == FL_FEEDBACK_CONTACT;
}

enum fl_status fl_sqlite_feedback_put(struct fl_store *store, const struct fl_feedback *f,
                                      int64_t *out_id, struct fl_error *err)
{
    int64_t id = fl_store_new_id(store), now_us = fl_clock_now(&store->clock);
    enum fl_status st = fl_query_exec(
        fl_sqlite_of(store),
        "INSERT INTO feedback (id, channel, customer, message, kind, state, matched_by, confidence,"
        " from_address, subject, text, quoted, signature, language, evidence, dedupe_key,"
        " received_us, stored_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
        " ?14, ?15, ?16, ?17, ?18)",
        Q_VALUES(Q_INT(id), Q_INT(f->channel), Q_INT(f->customer), Q_INT(f->message),
                 Q_INT(f->kind), Q_INT(f->state), Q_INT(f->matched_by), Q_REAL(f->confidence),
                 Q_TEXT(fl_text_or(f->from_address, "")), Q_TEXT(fl_text_or(f->subject, "")),
                 Q_TEXT(fl_text_or(f->text, "")), Q_TEXT(fl_text_or(f->quoted, "")),
                 Q_TEXT(fl_text_or(f->signature, "")), Q_TEXT(fl_text_or(f->language, "")),
                 Q_TEXT(fl_text_or(f->evidence, "")), Q_TEXT(f->dedupe_key),
                 Q_INT(f->received_us ? f->received_us : now_us), Q_INT(now_us)),
        err);

    if (st == FL_CONFLICT)
        return fl_error_set(err, st, "the piece \"%s\" is stored already", f->dedupe_key);
    if (!st && f->customer && is_contact(f->kind))
        st = fl_sqlite_mark_stale(fl_sqlite_of(store), f->customer, err);
    if (!st)
        *out_id = id;
    return st;
}

enum fl_status fl_sqlite_feedback_assign(struct fl_store *store, int64_t id, int64_t customer,
                                         int64_t message, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t before = 0;
    enum fl_status st = fl_query_number(db, "SELECT customer FROM feedback WHERE id = ?1",
                                        Q_VALUES(Q_INT(id)), &before, err);

    if (st == FL_NOT_FOUND)
        return fl_error_set(err, FL_NOT_FOUND, "there is no feedback %lld", (long long)id);
    if (!st)
        st = fl_query_exec(
            db,
            "UPDATE feedback SET customer = ?2, message = ?3, matched_by = ?4, confidence = 1.0"
            " WHERE id = ?1",
            Q_VALUES(Q_INT(id), Q_INT(customer), Q_INT(message), Q_INT(FL_MATCH_STAFF)), err);
    if (!st && before && before != customer)
        st = fl_sqlite_mark_stale(db, before, err);
    return st ? st : fl_sqlite_mark_stale(db, customer, err);
}

#define FEEDBACK_COLUMNS                                                                           \
    "id, channel, customer, message, kind, state, matched_by, confidence, from_address, subject,"  \
    " text, quoted, signature, language, evidence, dedupe_key, received_us, stored_us"

static const char *text(struct fl_query *query, int column, struct fl_arena *arena)
{
    return arena ? fl_query_text(query, column, arena) : fl_query_peek(query, column);
}

static struct fl_feedback feedback_row(struct fl_query *query, struct fl_arena *arena)
{
    return (struct fl_feedback){.id = fl_query_int(query, 0),
                                .channel = fl_query_int(query, 1),
                                .customer = fl_query_int(query, 2),
                                .message = fl_query_int(query, 3),
                                .kind = (enum fl_feedback_kind)fl_query_int(query, 4),
                                .state = (enum fl_feedback_state)fl_query_int(query, 5),
                                .matched_by = (enum fl_match)fl_query_int(query, 6),
                                .confidence = sqlite3_column_double(query->stmt, 7),
                                .from_address = text(query, 8, arena),
                                .subject = text(query, 9, arena),
                                .text = text(query, 10, arena),
                                .quoted = text(query, 11, arena),
                                .signature = text(query, 12, arena),
                                .language = text(query, 13, arena),
                                .evidence = text(query, 14, arena),
                                .dedupe_key = text(query, 15, arena),
                                .received_us = fl_query_int(query, 16),
                                .stored_us = fl_query_int(query, 17)};
}

enum fl_status fl_sqlite_feedback_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                      struct fl_feedback *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_feedback row;
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query,
                                      "SELECT " FEEDBACK_COLUMNS " FROM feedback WHERE id = ?1",
                                      Q_VALUES(Q_INT(id)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no feedback %lld", (long long)id);
    if (st)
        return st;
    row = feedback_row(&query, arena);
    st = fl_query_memory(&query, err);
    if (!st)
        *out = row;
    return st;
}

enum fl_status fl_sqlite_feedback_each(struct fl_store *store,
                                       const struct fl_feedback_filter *filter,
                                       fl_store_feedback_fn *fn, void *ctx, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    FL_AUTO_BUF struct fl_buf sql = FL_BUF(SQL_MAX);
    enum fl_status st;

    /* Only what is asked for stands in the text, so that the index of customers can serve. */
    fl_buf_puts(&sql, "SELECT " FEEDBACK_COLUMNS " FROM feedback WHERE id > ?1");
    if (filter->customer)
        fl_buf_puts(&sql, " AND customer = ?2");
    if (filter->kind >= 0)
        fl_buf_puts(&sql, " AND kind = ?3");
    if (filter->is_unmatched_only)
        fl_buf_puts(&sql, " AND customer = 0");
    fl_buf_puts(&sql, filter->is_newest_first ? " ORDER BY id DESC" : " ORDER BY id");
    fl_buf_puts(&sql, " LIMIT ?4");
    st = fl_query_open_once(fl_sqlite_of(store), &query, sql.data,
                            Q_VALUES(Q_INT(filter->after), Q_INT(filter->customer),
                                     Q_INT(filter->kind),
                                     Q_INT(filter->limit > 0 ? filter->limit : -1)),
                            err);
    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_feedback row = feedback_row(&query, NULL);

            if (!fn(ctx, &row))
                return FL_OK;
        }
    }
    return fl_query_end(st);
}

enum fl_status fl_sqlite_feedback_counts(struct fl_store *store, int64_t campaign, int64_t *out,
                                         struct fl_error *err)
{
    static const char of_all[] = "SELECT kind, count(*) FROM feedback WHERE ?1 = 0 GROUP BY kind";
    static const char of_campaign[] =
        "SELECT f.kind, count(*) FROM feedback f CROSS JOIN message m ON m.id = f.message"
        " CROSS JOIN occurrence o ON o.id = m.occurrence WHERE o.campaign = ?1 GROUP BY f.kind";
    FL_AUTO_QUERY struct fl_query query = {0};
    int64_t counts[FL_FEEDBACK_KINDS] = {0};
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query, campaign ? of_campaign : of_all,
                                      Q_VALUES(Q_INT(campaign)), err);

    while (!st) {
        int64_t kind;

        st = fl_query_next(&query, err);
        if (st)
            break;
        kind = fl_query_int(&query, 0);
        if (kind >= 0 && kind < FL_FEEDBACK_KINDS)
            counts[kind] = fl_query_int(&query, 1);
    }
    st = fl_query_end(st);
    for (int i = 0; !st && i < FL_FEEDBACK_KINDS; i++)
        out[i] = counts[i];
    return st;
}
