/* Taking due messages: which, and what is needed to decide about and render each. */
#include "store_sqlite_private.h"

#include "base/file.h"
#include "base/str.h"

enum { JSON_MAX = 256 << 10 };

/* What rows of one occurrence have in common. */
struct setting {
    int64_t occurrence, campaign, content;
    enum fl_campaign_state state;
    const char *stage, *name, *purpose;
};

struct claim {
    struct fl_sqlite *db;
    struct fl_arena *arena;
    int64_t channel, now_us;
    enum fl_medium medium;
    struct fl_claim_row *rows;
    size_t n, limit;
    struct setting setting; /* of the row before: neighbours share it */
};

static enum fl_status load_setting(struct claim *claim, int64_t occurrence, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st;

    if (claim->setting.occurrence == occurrence)
        return FL_OK;
    st = fl_query_open(claim->db, &query,
                       "SELECT o.content, o.stage, k.id, k.state, k.name, k.purpose"
                       " FROM occurrence o JOIN campaign k ON k.id = o.campaign WHERE o.id = ?1",
                       Q_VALUES(Q_INT(occurrence)), err);
    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, FL_INTERNAL, "a message belongs to occurrence %lld, which is gone",
                            (long long)occurrence);
    if (st)
        return st;
    claim->setting = (struct setting){
        .occurrence = occurrence,
        .content = fl_query_int(&query, 0),
        .stage = fl_query_text(&query, 1, claim->arena),
        .campaign = fl_query_int(&query, 2),
        .state = (enum fl_campaign_state)fl_query_int(&query, 3),
        .name = fl_query_text(&query, 4, claim->arena),
        .purpose = fl_query_text(&query, 5, claim->arena),
    };
    return fl_query_memory(&query, err);
}

/* ---- one row ----------------------------------------------------------------------------------*/

static void add_json_string(struct fl_buf *buf, const char *s)
{
    fl_buf_putc(buf, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fl_buf_printf(buf, "\\%c", *s);
        else if ((unsigned char)*s < ' ')
            fl_buf_printf(buf, "\\u%04x", (unsigned)*s);
        else
            fl_buf_putc(buf, *s);
    }
    fl_buf_putc(buf, '"');
}

static enum fl_status load_anchors(struct claim *claim, struct fl_claim_row *row,
                                   struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    FL_AUTO_BUF struct fl_buf json = FL_BUF(JSON_MAX);
    const char *comma = "{";
    enum fl_status st = fl_query_open(
        claim->db, &query, "SELECT name, date FROM anchor WHERE customer = ?1 ORDER BY name",
        Q_VALUES(Q_INT(row->message.customer)), err);

    row->anchors = "{}";
    while (!st) {
        char date[FL_TIME_TEXT_SIZE];

        st = fl_query_next(&query, err);
        if (st)
            break;
        fl_date_format((int32_t)fl_query_int(&query, 1), date);
        fl_buf_puts(&json, comma);
        add_json_string(&json, fl_query_peek(&query, 0));
        fl_buf_printf(&json, ":\"%s\"", date);
        comma = ",";
    }
    if (st != FL_NOT_FOUND || !json.len)
        return fl_query_end(st);
    fl_buf_putc(&json, '}');
    row->anchors =
        fl_buf_failed(&json) ? NULL : fl_arena_strndup(claim->arena, json.data, json.len);
    return row->anchors ? FL_OK : fl_sqlite_no_memory(err);
}

static void fill_row(struct claim *claim, struct fl_query *q, struct fl_claim_row *row)
{
    const struct setting *s = &claim->setting;

    row->campaign = s->campaign;
    row->campaign_state = s->state;
    row->content = s->content;
    row->stage = s->stage;
    row->campaign_name = s->name;
    row->purpose = s->purpose;
    row->message.customer = fl_query_int(q, 0);
    row->message.address = fl_query_int(q, 1);
    row->message.state = (enum fl_message_state)fl_query_int(q, 2);
    row->message.rule = (enum fl_rule)fl_query_int(q, 3);
    row->message.attempts = (int)fl_query_int(q, 4);
    row->message.due_us = fl_query_int(q, 5);
    row->address = fl_query_text(q, 6, claim->arena);
    row->address_status = (enum fl_address_status)fl_query_int(q, 7);
    row->customer_state = (enum fl_customer_state)fl_query_int(q, 8);
    row->external_id = fl_query_text(q, 9, claim->arena);
    if (!row->address && claim->medium == FL_MEDIUM_WEB)
        row->address = row->external_id;
    row->name = fl_query_text(q, 10, claim->arena);
    row->language = fl_query_text(q, 11, claim->arena);
    row->time_zone = fl_query_text(q, 12, claim->arena);
    row->attributes = fl_query_text(q, 13, claim->arena);
    row->consent = (enum fl_consent_state)fl_query_int(q, 14);
}

static enum fl_status take(struct claim *claim, int64_t message, int64_t occurrence,
                           struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_claim_row *row = &claim->rows[claim->n];
    enum fl_status st = load_setting(claim, occurrence, err);

    if (st)
        return st;
    st = fl_query_open(
        claim->db, &query,
        "SELECT m.customer, m.address, m.state, m.rule, m.attempts, m.due_us, a.value, a.status,"
        " c.state, c.external_id, c.name, c.language, c.time_zone, c.attributes, n.state"
        " FROM message m CROSS JOIN customer c ON c.id = m.customer"
        " LEFT JOIN address a ON a.id = m.address"
        " LEFT JOIN consent_now n"
        "  ON n.customer = m.customer AND n.purpose = ?2 AND n.medium = ?3"
        " WHERE m.id = ?1",
        Q_VALUES(Q_INT(message), Q_TEXT(claim->setting.purpose), Q_INT(claim->medium)), err);
    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, FL_INTERNAL, "message %lld belongs to a customer who is gone",
                            (long long)message);
    if (st)
        return st;
    *row = (struct fl_claim_row){
        .message = {.id = message, .occurrence = occurrence, .channel = claim->channel}};
    fill_row(claim, &query, row);
    st = fl_query_memory(&query, err);
    if (!st)
        st = load_anchors(claim, row, err);
    if (!st)
        claim->n++;
    return st;
}

/* ---- which ------------------------------------------------------------------------------------*/

static enum fl_status take_deferred(struct claim *claim, struct fl_error *err)
{
    static const char sql[] =
        "SELECT m.id, m.occurrence FROM message m INDEXED BY message_deferred"
        " WHERE m.channel = ?1 AND m.state = 1 AND m.due_us <= ?2 ORDER BY m.due_us, m.id";
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(claim->db, &query, sql,
                                      Q_VALUES(Q_INT(claim->channel), Q_INT(claim->now_us)), err);

    while (!st && claim->n < claim->limit) {
        int64_t message, occurrence;

        st = fl_query_next(&query, err);
        if (st)
            break;
        message = fl_query_int(&query, 0);
        occurrence = fl_query_int(&query, 1);
        if (fl_map_get(&claim->db->hands.leased, message))
            continue;
        st = load_setting(claim, occurrence, err);
        if (!st && claim->setting.state != FL_CAMPAIGN_PAUSED)
            st = take(claim, message, occurrence, err);
    }
    return fl_query_end(st);
}

struct block {
    int64_t id, last_id, occurrence;
};

/* Walks on from the cursor; what is taken now stays before the cursor until it is leased. */
static enum fl_status walk(struct claim *claim, const struct block *block, int64_t *cursor,
                           bool *is_at_end, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    bool has_taken = false;
    enum fl_status st = fl_query_open(
        claim->db, &query,
        "SELECT id FROM message NOT INDEXED"
        " WHERE id BETWEEN ?1 AND ?2 AND occurrence = ?3"
        " AND state = 0 ORDER BY id",
        Q_VALUES(Q_INT(*cursor), Q_INT(block->last_id), Q_INT(block->occurrence)), err);

    while (!st) {
        int64_t message;

        if (claim->n == claim->limit)
            return FL_OK;
        st = fl_query_next(&query, err);
        if (st)
            break;
        message = fl_query_int(&query, 0);
        if (fl_map_get(&claim->db->hands.leased, message)) {
            if (!has_taken)
                *cursor = message + 1;
            continue;
        }
        if (!has_taken)
            *cursor = message;
        has_taken = true;
        st = take(claim, message, block->occurrence, err);
    }
    if (st == FL_NOT_FOUND && !has_taken)
        *is_at_end = true;
    return fl_query_end(st);
}

static enum fl_status take_from(struct claim *claim, const struct block *block,
                                struct fl_error *err)
{
    struct fl_hands *hands = &claim->db->hands;
    const int64_t *kept = fl_map_get(&hands->cursors, block->id);
    int64_t cursor = kept ? fl_cursor_id(*kept) : block->id;
    int64_t *to_keep;
    bool is_at_end = false;
    enum fl_status st;

    if (kept && fl_cursor_is_at_end(*kept))
        return FL_OK;
    st = walk(claim, block, &cursor, &is_at_end, err);
    if (st)
        return st;
    to_keep = fl_map_add(&hands->cursors, block->id);
    if (!to_keep)
        return fl_sqlite_no_memory(err);
    *to_keep = fl_cursor_make(cursor, is_at_end);
    return is_at_end ? fl_hands_note_end(hands, block->id, err) : FL_OK;
}

static enum fl_status take_planned(struct claim *claim, struct fl_error *err)
{
    static const char sql[] =
        "SELECT b.id, b.last_id, b.occurrence FROM block b INDEXED BY block_open"
        " CROSS JOIN occurrence o ON o.id = b.occurrence"
        " CROSS JOIN campaign k ON k.id = o.campaign"
        " WHERE b.channel = ?1 AND b.is_open AND b.due_us <= ?2 AND k.state <> ?3"
        " ORDER BY b.due_us, b.id";
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(
        claim->db, &query, sql,
        Q_VALUES(Q_INT(claim->channel), Q_INT(claim->now_us), Q_INT(FL_CAMPAIGN_PAUSED)), err);

    while (!st && claim->n < claim->limit) {
        struct block block;

        st = fl_query_next(&query, err);
        if (st)
            break;
        block = (struct block){fl_query_int(&query, 0), fl_query_int(&query, 1),
                               fl_query_int(&query, 2)};
        st = take_from(claim, &block, err);
    }
    return fl_query_end(st);
}

/* In a transaction begin() has looked already. */
static enum fl_status look(struct fl_sqlite *db, struct fl_error *err)
{
    return db->store->is_in_transaction ? FL_OK : fl_sqlite_look(db, err);
}

enum fl_status fl_sqlite_claim(struct fl_store *store, struct fl_arena *arena, int64_t channel,
                               int64_t now_us, size_t limit, struct fl_claim_row **out,
                               size_t *out_n, struct fl_error *err)
{
    struct claim claim = {.db = fl_sqlite_of(store),
                          .arena = arena,
                          .channel = channel,
                          .now_us = now_us,
                          .limit = limit};
    int64_t medium = 0;
    enum fl_status st = look(claim.db, err);

    if (st)
        return st;
    st = fl_query_number(claim.db, "SELECT medium FROM channel WHERE id = ?1",
                         Q_VALUES(Q_INT(channel)), &medium, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no channel %lld", (long long)channel);
    if (st)
        return st;
    claim.medium = (enum fl_medium)medium;
    claim.rows = FL_ARENA_ARRAY(arena, struct fl_claim_row, limit);
    if (!claim.rows)
        return fl_sqlite_no_memory(err);
    st = take_deferred(&claim, err);
    if (!st)
        st = take_planned(&claim, err);
    if (st)
        return st;
    *out = claim.rows;
    *out_n = claim.n;
    return FL_OK;
}

/* ---- when -------------------------------------------------------------------------------------*/

static void earlier(int64_t *due_us, int64_t other_us)
{
    if (*due_us == FL_TIME_NONE || other_us < *due_us)
        *due_us = other_us;
}

static enum fl_status next_deferred(struct fl_sqlite *db, int64_t channel, int64_t *due_us,
                                    struct fl_error *err)
{
    static const char sql[] =
        "SELECT m.id, m.due_us FROM message m INDEXED BY message_deferred"
        " CROSS JOIN occurrence o ON o.id = m.occurrence"
        " CROSS JOIN campaign k ON k.id = o.campaign"
        " WHERE m.channel = ?1 AND m.state = 1 AND k.state <> ?2 ORDER BY m.due_us, m.id";
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(db, &query, sql, Q_VALUES(Q_INT(channel), Q_INT(FL_CAMPAIGN_PAUSED)), err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (st || fl_map_get(&db->hands.leased, fl_query_int(&query, 0)))
            continue;
        earlier(due_us, fl_query_int(&query, 1));
        return FL_OK;
    }
    return fl_query_end(st);
}

static enum fl_status next_planned(struct fl_sqlite *db, int64_t channel, int64_t *due_us,
                                   struct fl_error *err)
{
    static const char sql[] = "SELECT b.id, b.due_us FROM block b INDEXED BY block_open"
                              " CROSS JOIN occurrence o ON o.id = b.occurrence"
                              " CROSS JOIN campaign k ON k.id = o.campaign"
                              " WHERE b.channel = ?1 AND b.is_open AND k.state <> ?2"
                              " ORDER BY b.due_us, b.id";
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(db, &query, sql, Q_VALUES(Q_INT(channel), Q_INT(FL_CAMPAIGN_PAUSED)), err);

    while (!st) {
        const int64_t *cursor;

        st = fl_query_next(&query, err);
        if (st)
            break;
        cursor = fl_map_get(&db->hands.cursors, fl_query_int(&query, 0));
        if (cursor && fl_cursor_is_at_end(*cursor))
            continue;
        earlier(due_us, fl_query_int(&query, 1));
        return FL_OK;
    }
    return fl_query_end(st);
}

enum fl_status fl_sqlite_next_due(struct fl_store *store, int64_t channel, int64_t *out_us,
                                  struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t due_us = FL_TIME_NONE;
    enum fl_status st = look(db, err);

    if (!st)
        st = next_deferred(db, channel, &due_us, err);
    if (!st)
        st = next_planned(db, channel, &due_us, err);
    if (!st)
        *out_us = due_us;
    return st;
}
