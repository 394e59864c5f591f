/* Messages: one row at a time, lists and counts.  Claims and leases are elsewhere. */
#include "store_sqlite_private.h"

#define MESSAGE_COLUMNS                                                                            \
    "m.id, m.occurrence, m.customer, m.channel, m.address, m.state, m.rule, m.attempts, m.due_us"

static struct fl_message message_row(const struct fl_query *query)
{
    return (struct fl_message){.id = fl_query_int(query, 0),
                               .occurrence = fl_query_int(query, 1),
                               .customer = fl_query_int(query, 2),
                               .channel = fl_query_int(query, 3),
                               .address = fl_query_int(query, 4),
                               .state = (enum fl_message_state)fl_query_int(query, 5),
                               .rule = (enum fl_rule)fl_query_int(query, 6),
                               .attempts = (int)fl_query_int(query, 7),
                               .due_us = fl_query_int(query, 8)};
}

enum fl_status fl_sqlite_message_put(struct fl_store *store, struct fl_message *message,
                                     struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t id = fl_store_new_id(store);
    enum fl_status st = fl_query_exec(
        db,
        "INSERT INTO message (id, occurrence, customer, channel, address, state, rule, attempts,"
        " due_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        Q_VALUES(Q_INT(id), Q_INT(message->occurrence), Q_INT(message->customer),
                 Q_INT(message->channel), Q_INT(message->address), Q_INT(message->state),
                 Q_INT(message->rule), Q_INT(message->attempts), Q_INT(message->due_us)),
        err);

    if (st == FL_CONFLICT)
        return fl_error_set(err, st, "customer %lld has a message of this occurrence already",
                            (long long)message->customer);
    if (!st)
        st = fl_query_exec(db,
                           "INSERT INTO block (id, last_id, occurrence, channel, due_us, is_open)"
                           " VALUES (?1, ?1, ?2, ?3, ?4, ?5)",
                           Q_VALUES(Q_INT(id), Q_INT(message->occurrence), Q_INT(message->channel),
                                    Q_INT(message->due_us),
                                    Q_INT(message->state == FL_MESSAGE_PLANNED)),
                           err);
    if (!st)
        message->id = id;
    return st;
}

enum fl_status fl_sqlite_message_get(struct fl_store *store, int64_t id, struct fl_message *out,
                                     struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query,
                                      "SELECT " MESSAGE_COLUMNS " FROM message m WHERE m.id = ?1",
                                      Q_VALUES(Q_INT(id)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no message %lld", (long long)id);
    if (!st)
        *out = message_row(&query);
    return st;
}

/* ---- settling ---------------------------------------------------------------------------------*/

static enum fl_status why_not_settled(struct fl_store *store, const struct fl_settle *settle,
                                      struct fl_error *err)
{
    struct fl_message now;
    enum fl_status st = fl_sqlite_message_get(store, settle->message, &now, err);

    if (st)
        return st;
    return fl_error_set(err, FL_CONFLICT, "message %lld is %s by now, not %s",
                        (long long)settle->message, fl_message_state_name(now.state),
                        fl_message_state_name(settle->from));
}

enum fl_status fl_sqlite_message_settle(struct fl_store *store, const struct fl_settle *settle,
                                        struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t *flags;
    enum fl_status st = fl_query_exec(
        db,
        "UPDATE message SET state = ?3, rule = ?4, attempts = ?5,"
        " due_us = CASE ?3 WHEN 1 THEN ?6 ELSE due_us END WHERE id = ?1 AND state = ?2",
        Q_VALUES(Q_INT(settle->message), Q_INT(settle->from), Q_INT(settle->to),
                 Q_INT(settle->rule), Q_INT(settle->attempts), Q_INT(settle->due_us)),
        err);

    if (st)
        return st;
    if (!sqlite3_changes(db->handle))
        return why_not_settled(store, settle, err);
    flags = fl_map_get(&db->hands.leased, settle->message);
    if (flags)
        *flags = settle->to == FL_MESSAGE_PLANNED ? *flags & ~(int64_t)FL_HAND_SETTLED
                                                  : *flags | FL_HAND_SETTLED;
    return settle->to == FL_MESSAGE_PLANNED ? fl_hands_reopen(db, settle->message, err) : FL_OK;
}

/* ---- lists ------------------------------------------------------------------------------------*/

enum fl_status fl_sqlite_message_of(struct fl_store *store, int64_t customer, int64_t campaign,
                                    fl_store_message_fn *fn, void *ctx, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(fl_sqlite_of(store), &query,
                      "SELECT " MESSAGE_COLUMNS " FROM message m CROSS JOIN occurrence o"
                      " ON o.id = m.occurrence WHERE m.customer = ?1 AND (?2 = 0 OR o.campaign = "
                      "?2) ORDER BY m.id DESC",
                      Q_VALUES(Q_INT(customer), Q_INT(campaign)), err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_message message = message_row(&query);

            if (!fn(ctx, &message))
                return FL_OK;
        }
    }
    return fl_query_end(st);
}

/* What the stored state and the leases make of a message together. */
static enum fl_message_state shown_state(const struct fl_hands *hands,
                                         const struct fl_message *message, int64_t now_us)
{
    const int64_t *flags = fl_map_get(&hands->leased, message->id);

    if (message->state != FL_MESSAGE_PLANNED && message->state != FL_MESSAGE_DEFERRED)
        return message->state;
    if (flags && !(*flags & FL_HAND_SETTLED))
        return *flags & FL_HAND_BEGUN ? FL_MESSAGE_BEGUN : FL_MESSAGE_CLAIMED;
    return message->due_us <= now_us ? FL_MESSAGE_DUE : message->state;
}

struct stored_range {
    int lowest, highest;
};

static struct stored_range stored_of(enum fl_message_state state)
{
    if (state >= FL_MESSAGE_DUE)
        return (struct stored_range){FL_MESSAGE_PLANNED, FL_MESSAGE_DEFERRED};
    return (struct stored_range){(int)state, (int)state};
}

/* The blocks of a campaign in order, and the messages of each, are its messages in order.  Without
 * a campaign the table is walked, but for the few that wait for a person. */
static const char each_of_campaign[] =
    "SELECT " MESSAGE_COLUMNS " FROM (SELECT b.id, b.last_id, b.occurrence FROM occurrence o"
    "  CROSS JOIN block b ON b.occurrence = o.id"
    "  WHERE o.campaign = ?3 AND b.last_id > ?4 ORDER BY b.id) b"
    " CROSS JOIN message m NOT INDEXED ON m.id BETWEEN b.id AND b.last_id"
    " WHERE m.id > ?4 AND m.occurrence = b.occurrence AND m.state BETWEEN ?1 AND ?2";
static const char each_of_all[] = "SELECT " MESSAGE_COLUMNS " FROM message m NOT INDEXED"
                                  " WHERE m.id > ?4 AND m.state BETWEEN ?1 AND ?2 AND ?3 = 0"
                                  " ORDER BY m.id";
static const char each_waiting[] =
    "SELECT " MESSAGE_COLUMNS " FROM message m INDEXED BY message_waiting"
    " WHERE m.state IN (6, 9) AND m.state = ?1 AND ?2 = ?1"
    " AND m.id > ?4 AND ?3 = 0 ORDER BY m.id";

static const char *each_sql(enum fl_message_state state, int64_t campaign)
{
    if (campaign)
        return each_of_campaign;
    if (state == FL_MESSAGE_UNCERTAIN || state == FL_MESSAGE_HELD)
        return each_waiting;
    return each_of_all;
}

enum fl_status fl_sqlite_message_each(struct fl_store *store, enum fl_message_state state,
                                      int64_t campaign, int64_t after, int64_t limit,
                                      fl_store_message_fn *fn, void *ctx, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_QUERY struct fl_query query = {0};
    struct stored_range range = stored_of(state);
    int64_t n = 0, now_us = fl_clock_now(&store->clock);
    enum fl_status st = fl_sqlite_look(db, err);

    if (!st)
        st = fl_query_open(
            db, &query, each_sql(state, campaign),
            Q_VALUES(Q_INT(range.lowest), Q_INT(range.highest), Q_INT(campaign), Q_INT(after)),
            err);
    while (!st && (limit <= 0 || n < limit)) {
        struct fl_message message;

        st = fl_query_next(&query, err);
        if (st)
            break;
        message = message_row(&query);
        if (shown_state(&db->hands, &message, now_us) != state)
            continue;
        n++;
        if (!fn(ctx, &message))
            break;
    }
    return fl_query_end(st);
}

/* ---- counts -----------------------------------------------------------------------------------*/

/* Those in hand were counted as due or as waiting: each is moved to where it is shown. */
static enum fl_status count_in_hand(struct fl_store *store, int64_t campaign, int64_t now_us,
                                    int64_t *counts, struct fl_error *err)
{
    struct fl_hands *hands = &fl_sqlite_of(store)->hands;

    for (size_t i = 0; i < hands->leased.cap; i++) {
        FL_AUTO_QUERY struct fl_query query = {0};
        struct fl_message message;
        enum fl_message_state shown;
        enum fl_status st;

        if (!hands->leased.entries[i].key)
            continue;
        st = fl_query_open(fl_sqlite_of(store), &query,
                           "SELECT " MESSAGE_COLUMNS ", o.campaign FROM message m"
                           " JOIN occurrence o ON o.id = m.occurrence WHERE m.id = ?1",
                           Q_VALUES(Q_INT(hands->leased.entries[i].key)), err);
        if (!st)
            st = fl_query_next(&query, err);
        if (st == FL_NOT_FOUND)
            continue;
        if (st)
            return st;
        if (campaign && fl_query_int(&query, 9) != campaign)
            continue;
        message = message_row(&query);
        shown = shown_state(hands, &message, now_us);
        if (shown != FL_MESSAGE_CLAIMED && shown != FL_MESSAGE_BEGUN)
            continue;
        counts[message.due_us <= now_us ? FL_MESSAGE_DUE : message.state]--;
        counts[shown]++;
    }
    return FL_OK;
}

/* fl_count(state, due_us), an aggregate: GROUP BY would sort every message first. */
static void sql_count(sqlite3_context *ctx, int n_args, sqlite3_value **args)
{
    struct fl_message_tally *tally = sqlite3_user_data(ctx);
    int64_t state = sqlite3_value_int64(args[0]);

    (void)n_args;
    if (state <= FL_MESSAGE_DEFERRED && sqlite3_value_int64(args[1]) <= tally->now_us)
        state = FL_MESSAGE_DUE;
    if (state >= 0 && state < FL_MESSAGE_STATES)
        tally->counts[state]++;
}

static void sql_count_end(sqlite3_context *ctx)
{
    sqlite3_result_null(ctx);
}

enum fl_status fl_sqlite_message_counts(struct fl_store *store, int64_t campaign, int64_t *out,
                                        struct fl_error *err)
{
    /* Blocks are ranges of ids: the messages of a campaign lie together. */
    static const char of_all[] =
        "SELECT fl_count(m.state, m.due_us) FROM message m NOT INDEXED WHERE ?1 = 0";
    static const char of_campaign[] =
        "SELECT fl_count(m.state, m.due_us)"
        " FROM occurrence o CROSS JOIN block b ON b.occurrence = o.id"
        " CROSS JOIN message m NOT INDEXED ON m.id BETWEEN b.id AND b.last_id"
        " WHERE o.campaign = ?1 AND m.occurrence = o.id";
    struct fl_sqlite *db = fl_sqlite_of(store);
    struct fl_message_tally *tally = &db->message_tally;
    enum fl_status st = fl_sqlite_look(db, err);

    *tally = (struct fl_message_tally){.now_us = fl_clock_now(&store->clock)};
    if (!st)
        st = fl_query_exec(db, campaign ? of_campaign : of_all, Q_VALUES(Q_INT(campaign)), err);
    if (!st)
        st = count_in_hand(store, campaign, tally->now_us, tally->counts, err);
    for (int i = 0; !st && i < FL_MESSAGE_STATES; i++)
        out[i] = tally->counts[i];
    return st;
}

/* ---- sweeping ---------------------------------------------------------------------------------*/

/* fl_is_leased(id), for statements that must leave alone what a worker has in hand */
static void sql_is_leased(sqlite3_context *ctx, int n_args, sqlite3_value **args)
{
    const struct fl_hands *hands = sqlite3_user_data(ctx);

    (void)n_args;
    sqlite3_result_int(ctx, fl_map_get(&hands->leased, sqlite3_value_int64(args[0])) != NULL);
}

enum fl_status fl_sqlite_register_message_functions(struct fl_sqlite *db, struct fl_error *err)
{
    int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
    int rc = sqlite3_create_function_v2(db->handle, "fl_is_leased", 1, flags, &db->hands,
                                        sql_is_leased, NULL, NULL, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db->handle, "fl_count", 2, flags, &db->message_tally, NULL,
                                        sql_count, sql_count_end, NULL);
    return rc == SQLITE_OK ? FL_OK : fl_sqlite_fail(db, rc, err);
}

/* A block is open while a message in it is planned and in nobody's hand. */
static enum fl_status fit_blocks(struct fl_sqlite *db, int64_t campaign, struct fl_error *err)
{
    static const char sql[] =
        "UPDATE block SET is_open = EXISTS (SELECT 1 FROM message m"
        "  WHERE m.id BETWEEN block.id AND block.last_id AND +m.state = 0)"
        " WHERE occurrence IN (SELECT id FROM occurrence WHERE campaign = ?1)";

    fl_map_clear(&db->hands.cursors);
    return fl_query_exec(db, sql, Q_VALUES(Q_INT(campaign)), err);
}

enum fl_status fl_sqlite_message_sweep(struct fl_store *store, int64_t campaign,
                                       enum fl_message_state from, enum fl_message_state to,
                                       enum fl_rule rule, int64_t *out_n, struct fl_error *err)
{
    static const char sql[] =
        "UPDATE message SET state = ?3, rule = ?4 WHERE id IN (SELECT m.id FROM occurrence o"
        "  CROSS JOIN block b ON b.occurrence = o.id"
        "  CROSS JOIN message m ON m.id BETWEEN b.id AND b.last_id"
        "  WHERE o.campaign = ?1 AND +m.occurrence = o.id AND +m.state = ?2"
        "  AND NOT fl_is_leased(m.id))";
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t n;
    enum fl_status st =
        fl_query_exec(db, sql, Q_VALUES(Q_INT(campaign), Q_INT(from), Q_INT(to), Q_INT(rule)), err);

    if (st)
        return st;
    n = sqlite3_changes64(db->handle);
    if (from == FL_MESSAGE_PLANNED || to == FL_MESSAGE_PLANNED)
        st = fit_blocks(db, campaign, err);
    if (!st)
        *out_n = n;
    return st;
}
