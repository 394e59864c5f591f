/* Answers to surveys, pieces kept beside feedback, and sums over a campaign. */
#include "store_sqlite_private.h"

#include "base/str.h"

enum fl_status fl_sqlite_attachment_put(struct fl_store *store, int64_t feedback,
                                        const struct fl_attachment *attachment,
                                        struct fl_error *err)
{
    return fl_query_exec(
        fl_sqlite_of(store),
        "INSERT INTO attachment (feedback, place, name, type, evidence) VALUES (?1,"
        " (SELECT ifnull(max(place), 0) + 1 FROM attachment WHERE feedback = ?1), ?2, ?3, ?4)",
        Q_VALUES(Q_INT(feedback), Q_TEXT(fl_text_or(attachment->name, "")),
                 Q_TEXT(fl_text_or(attachment->type, "")), Q_TEXT(attachment->evidence)),
        err);
}

enum fl_status fl_sqlite_attachments(struct fl_store *store, struct fl_arena *arena,
                                     int64_t feedback, struct fl_attachment **out, size_t *out_n,
                                     struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_attachment *list = NULL;
    int64_t n = 0;
    size_t i = 0;
    enum fl_status st = fl_query_number(db, "SELECT count(*) FROM attachment WHERE feedback = ?1",
                                        Q_VALUES(Q_INT(feedback)), &n, err);

    if (!st) {
        list = FL_ARENA_ARRAY(arena, struct fl_attachment, (size_t)n);
        st = list ? fl_query_open(db, &query,
                                  "SELECT name, type, evidence FROM attachment WHERE feedback = ?1"
                                  " ORDER BY place",
                                  Q_VALUES(Q_INT(feedback)), err)
                  : fl_sqlite_no_memory(err);
    }
    while (!st && i < (size_t)n) {
        st = fl_query_next(&query, err);
        if (!st)
            list[i++] = (struct fl_attachment){.name = fl_query_text(&query, 0, arena),
                                               .type = fl_query_text(&query, 1, arena),
                                               .evidence = fl_query_text(&query, 2, arena)};
    }
    st = fl_query_end(st);
    if (!st)
        st = fl_query_memory(&query, err);
    if (st)
        return st;
    *out = list;
    *out_n = i;
    return FL_OK;
}

enum fl_status fl_sqlite_answer_put(struct fl_store *store, const struct fl_answer *answer,
                                    struct fl_error *err)
{
    const struct fl_value none = Q_TEXT(NULL), number = Q_REAL(answer->number);
    const struct fl_value low = Q_REAL(answer->low), high = Q_REAL(answer->high);
    bool has_scale = answer->has_number && answer->low < answer->high;
    int64_t at_us = answer->at_us ? answer->at_us : fl_clock_now(&store->clock);
    enum fl_status st = fl_query_exec(
        fl_sqlite_of(store),
        "INSERT INTO answer (message, question, customer, feedback, number, text, medium, at_us,"
        " low, high) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (message, "
        "question) DO UPDATE SET"
        " customer = excluded.customer, feedback = excluded.feedback, number = excluded.number,"
        " text = excluded.text, medium = excluded.medium, at_us = excluded.at_us,"
        " low = excluded.low, high = excluded.high"
        " WHERE excluded.at_us >= at_us",
        Q_VALUES(Q_INT(answer->message), Q_TEXT(answer->question), Q_INT(answer->customer),
                 Q_INT(answer->feedback), answer->has_number ? number : none,
                 Q_TEXT(fl_text_or(answer->text, "")), Q_INT(answer->medium), Q_INT(at_us),
                 has_scale ? low : none, has_scale ? high : none),
        err);

    return st ? st : fl_sqlite_mark_stale(fl_sqlite_of(store), answer->customer, err);
}

enum fl_status fl_sqlite_answer_each(struct fl_store *store, int64_t message, int64_t customer,
                                     fl_store_answer_fn *fn, void *ctx, struct fl_error *err)
{
#define ANSWER                                                                                     \
    "SELECT message, question, customer, feedback, number, text, medium, at_us, low,"              \
    " high FROM answer"
    static const char of_message[] = ANSWER " WHERE message = ?1 ORDER BY question";
    static const char of_customer[] = ANSWER " WHERE customer = ?1 ORDER BY question, at_us";
#undef ANSWER
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(fl_sqlite_of(store), &query, message ? of_message : of_customer,
                      Q_VALUES(Q_INT(message ? message : customer)), err);

    while (!st) {
        struct fl_answer answer;

        st = fl_query_next(&query, err);
        if (st)
            break;
        answer = (struct fl_answer){
            .message = fl_query_int(&query, 0),
            .question = fl_query_peek(&query, 1),
            .customer = fl_query_int(&query, 2),
            .feedback = fl_query_int(&query, 3),
            .has_number = sqlite3_column_type(query.stmt, 4) != SQLITE_NULL,
            .number = sqlite3_column_double(query.stmt, 4),
            .text = fl_query_peek(&query, 5),
            .medium = (enum fl_medium)fl_query_int(&query, 6),
            .at_us = fl_query_int(&query, 7),
            .low = sqlite3_column_double(query.stmt, 8),
            .high = sqlite3_column_double(query.stmt, 9),
        };
        if (!fn(ctx, &answer))
            return FL_OK;
    }
    return fl_query_end(st);
}

/* ---- sums -------------------------------------------------------------------------------------*/

enum fl_status fl_sqlite_answer_tally(struct fl_store *store, int64_t campaign,
                                      fl_store_answer_tally_fn *fn, void *ctx, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(
        fl_sqlite_of(store), &query,
        "SELECT a.question, a.number, count(*) FROM answer a CROSS JOIN message m"
        " ON m.id = a.message CROSS JOIN occurrence o ON o.id = m.occurrence"
        " WHERE o.campaign = ?1 GROUP BY a.question, a.number ORDER BY a.question, a.number",
        Q_VALUES(Q_INT(campaign)), err);

    while (!st) {
        struct fl_answer_tally tally;

        st = fl_query_next(&query, err);
        if (st)
            break;
        tally = (struct fl_answer_tally){
            .question = fl_query_peek(&query, 0),
            .has_number = sqlite3_column_type(query.stmt, 1) != SQLITE_NULL,
            .number = sqlite3_column_double(query.stmt, 1),
            .n = fl_query_int(&query, 2),
        };
        if (!fn(ctx, &tally))
            return FL_OK;
    }
    return fl_query_end(st);
}

enum fl_status fl_sqlite_cost_tally(struct fl_store *store, int64_t campaign,
                                    fl_store_cost_tally_fn *fn, void *ctx, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(
        fl_sqlite_of(store), &query,
        "SELECT ifnull(e.currency, ''), sum(e.cost_micro), sum(e.units) FROM event e"
        " CROSS JOIN message m ON m.id = e.message CROSS JOIN occurrence o ON o.id = m.occurrence"
        " WHERE (e.cost_micro <> 0 OR e.units <> 0) AND o.campaign = ?1"
        " GROUP BY ifnull(e.currency, '') ORDER BY 1",
        Q_VALUES(Q_INT(campaign)), err);

    while (!st) {
        struct fl_cost_tally tally;

        st = fl_query_next(&query, err);
        if (st)
            break;
        tally = (struct fl_cost_tally){.currency = fl_query_peek(&query, 0),
                                       .cost_micro = fl_query_int(&query, 1),
                                       .units = fl_query_int(&query, 2)};
        if (!fn(ctx, &tally))
            return FL_OK;
    }
    return fl_query_end(st);
}
