/* Campaigns and their occurrences. */
#include "store_sqlite_private.h"

#include "base/str.h"

/* ---- campaigns --------------------------------------------------------------------------------*/

struct known {
    int64_t id, version;
    bool has_new_definition, has_new_purpose;
};

static enum fl_status look_up(struct fl_sqlite *db, const struct fl_campaign_row *campaign,
                              struct known *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(
        db, &query, "SELECT id, version, definition, purpose FROM campaign WHERE name = ?1",
        Q_VALUES(Q_TEXT(campaign->name)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st)
        return fl_query_end(st);
    out->id = fl_query_int(&query, 0);
    out->version = fl_query_int(&query, 1);
    out->has_new_definition =
        campaign->definition && !fl_str_equal(campaign->definition, fl_query_peek(&query, 2));
    out->has_new_purpose =
        campaign->purpose && !fl_str_equal(campaign->purpose, fl_query_peek(&query, 3));
    return FL_OK;
}

static enum fl_status insert_campaign(struct fl_sqlite *db, const struct fl_campaign_row *campaign,
                                      int64_t id, int64_t now_us, struct fl_error *err)
{
    return fl_query_exec(
        db,
        "INSERT INTO campaign (id, name, state, definition, version, purpose, reason, created_us,"
        " updated_us) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?7)",
        Q_VALUES(Q_INT(id), Q_TEXT(campaign->name), Q_INT(campaign->state),
                 Q_TEXT(fl_text_or(campaign->definition, "")),
                 Q_TEXT(fl_text_or(campaign->purpose, "")),
                 Q_TEXT(fl_text_or(campaign->reason, "")), Q_INT(now_us)),
        err);
}

enum fl_status fl_sqlite_campaign_put(struct fl_store *store,
                                      const struct fl_campaign_row *campaign, enum fl_put *out_put,
                                      int64_t *out_id, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    struct known known = {0};
    int64_t id, now_us = fl_clock_now(&store->clock);
    enum fl_put put = FL_PUT_UNCHANGED;
    enum fl_status st = look_up(db, campaign, &known, err);

    if (st)
        return st;
    id = known.id ? known.id : fl_store_new_id(store);
    if (!known.id) {
        put = FL_PUT_INSERTED;
        st = insert_campaign(db, campaign, id, now_us, err);
    } else if (known.has_new_definition || known.has_new_purpose) {
        put = FL_PUT_UPDATED;
        /* The state stays: applying a file again neither starts nor stops anything. */
        st = fl_query_exec(db,
                           "UPDATE campaign SET definition = ifnull(?2, definition),"
                           " purpose = ifnull(?3, purpose), version = ?4, updated_us = ?5"
                           " WHERE id = ?1",
                           Q_VALUES(Q_INT(id), Q_TEXT(campaign->definition),
                                    Q_TEXT(campaign->purpose),
                                    Q_INT(known.version + known.has_new_definition), Q_INT(now_us)),
                           err);
    }
    if (st)
        return st;
    *out_put = put;
    *out_id = id;
    return FL_OK;
}

enum fl_status fl_sqlite_campaign_set_state(struct fl_store *store, int64_t id,
                                            enum fl_campaign_state state, const char *reason,
                                            struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    enum fl_status st = fl_query_exec(
        db, "UPDATE campaign SET state = ?2, reason = ?3, updated_us = ?4 WHERE id = ?1",
        Q_VALUES(Q_INT(id), Q_INT(state), Q_TEXT(fl_text_or(reason, "")),
                 Q_INT(fl_clock_now(&store->clock))),
        err);

    if (!st && !sqlite3_changes(db->handle))
        return fl_error_set(err, FL_NOT_FOUND, "there is no campaign %lld", (long long)id);
    return st;
}

#define CAMPAIGN_COLUMNS                                                                           \
    "id, name, state, definition, version, purpose, reason, created_us, updated_us"

static struct fl_campaign_row campaign_row(struct fl_query *query, struct fl_arena *arena)
{
    return (struct fl_campaign_row){
        .id = fl_query_int(query, 0),
        .name = arena ? fl_query_text(query, 1, arena) : fl_query_peek(query, 1),
        .state = (enum fl_campaign_state)fl_query_int(query, 2),
        .definition = arena ? fl_query_text(query, 3, arena) : fl_query_peek(query, 3),
        .version = fl_query_int(query, 4),
        .purpose = arena ? fl_query_text(query, 5, arena) : fl_query_peek(query, 5),
        .reason = arena ? fl_query_text(query, 6, arena) : fl_query_peek(query, 6),
        .created_us = fl_query_int(query, 7),
        .updated_us = fl_query_int(query, 8)};
}

static enum fl_status get_campaign(struct fl_query *query, struct fl_arena *arena,
                                   struct fl_campaign_row *out, struct fl_error *err)
{
    struct fl_campaign_row row;
    enum fl_status st = fl_query_next(query, err);

    if (st)
        return st;
    row = campaign_row(query, arena);
    st = fl_query_memory(query, err);
    if (!st)
        *out = row;
    return st;
}

enum fl_status fl_sqlite_campaign_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                      struct fl_campaign_row *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query,
                                      "SELECT " CAMPAIGN_COLUMNS " FROM campaign WHERE id = ?1",
                                      Q_VALUES(Q_INT(id)), err);

    if (!st)
        st = get_campaign(&query, arena, out, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no campaign %lld", (long long)id);
    return st;
}

enum fl_status fl_sqlite_campaign_find(struct fl_store *store, struct fl_arena *arena,
                                       const char *name, struct fl_campaign_row *out,
                                       struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query,
                                      "SELECT " CAMPAIGN_COLUMNS " FROM campaign WHERE name = ?1",
                                      Q_VALUES(Q_TEXT(name)), err);

    if (!st)
        st = get_campaign(&query, arena, out, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no campaign \"%s\"", name);
    return st;
}

enum fl_status fl_sqlite_campaign_each(struct fl_store *store, fl_store_campaign_fn *fn, void *ctx,
                                       struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(fl_sqlite_of(store), &query,
                      "SELECT " CAMPAIGN_COLUMNS " FROM campaign ORDER BY name", Q_NONE, err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_campaign_row row = campaign_row(&query, NULL);

            if (!fn(ctx, &row))
                return FL_OK;
        }
    }
    return fl_query_end(st);
}

/* ---- occurrences ------------------------------------------------------------------------------*/

static enum fl_status find_occurrence(struct fl_sqlite *db, const struct fl_occurrence *occurrence,
                                      int64_t *out_id, bool *out_is_same, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(db, &query,
                                      "SELECT id, content, state FROM occurrence"
                                      " WHERE campaign = ?1 AND stage = ?2 AND cycle = ?3",
                                      Q_VALUES(Q_INT(occurrence->campaign),
                                               Q_TEXT(fl_text_or(occurrence->stage, "")),
                                               Q_TEXT(fl_text_or(occurrence->cycle, ""))),
                                      err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st)
        return fl_query_end(st);
    *out_id = fl_query_int(&query, 0);
    *out_is_same = fl_query_int(&query, 1) == occurrence->content &&
                   fl_query_int(&query, 2) == FL_OCCURRENCE_PLANNED;
    return FL_OK;
}

enum fl_status fl_sqlite_occurrence_put(struct fl_store *store,
                                        const struct fl_occurrence *occurrence,
                                        enum fl_put *out_put, int64_t *out_id, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t id = 0;
    bool is_same = false;
    enum fl_put put = FL_PUT_UNCHANGED;
    enum fl_status st = find_occurrence(db, occurrence, &id, &is_same, err);

    if (st)
        return st;
    if (!id) {
        put = FL_PUT_INSERTED;
        id = fl_store_new_id(store);
        st = fl_query_exec(
            db,
            "INSERT INTO occurrence (id, campaign, stage, cycle, content, channel, state,"
            " scheduled_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)",
            Q_VALUES(Q_INT(id), Q_INT(occurrence->campaign),
                     Q_TEXT(fl_text_or(occurrence->stage, "")),
                     Q_TEXT(fl_text_or(occurrence->cycle, "")), Q_INT(occurrence->content),
                     Q_INT(occurrence->channel), Q_INT(occurrence->scheduled_us)),
            err);
    } else if (!is_same) {
        put = FL_PUT_UPDATED;
        st = fl_query_exec(db, "UPDATE occurrence SET content = ?2, state = 0 WHERE id = ?1",
                           Q_VALUES(Q_INT(id), Q_INT(occurrence->content)), err);
    }
    if (st)
        return st;
    *out_put = put;
    *out_id = id;
    return FL_OK;
}

#define OCCURRENCE_COLUMNS "id, campaign, stage, cycle, content, channel, state, scheduled_us"

static struct fl_occurrence occurrence_row(struct fl_query *query, struct fl_arena *arena)
{
    return (struct fl_occurrence){
        .id = fl_query_int(query, 0),
        .campaign = fl_query_int(query, 1),
        .stage = arena ? fl_query_text(query, 2, arena) : fl_query_peek(query, 2),
        .cycle = arena ? fl_query_text(query, 3, arena) : fl_query_peek(query, 3),
        .content = fl_query_int(query, 4),
        .channel = fl_query_int(query, 5),
        .state = (enum fl_occurrence_state)fl_query_int(query, 6),
        .scheduled_us = fl_query_int(query, 7)};
}

enum fl_status fl_sqlite_occurrence_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                        struct fl_occurrence *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_occurrence row;
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query,
                                      "SELECT " OCCURRENCE_COLUMNS " FROM occurrence WHERE id = ?1",
                                      Q_VALUES(Q_INT(id)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no occurrence %lld", (long long)id);
    if (st)
        return st;
    row = occurrence_row(&query, arena);
    st = fl_query_memory(&query, err);
    if (!st)
        *out = row;
    return st;
}

enum fl_status fl_sqlite_occurrence_each(struct fl_store *store, int64_t campaign,
                                         fl_store_occurrence_fn *fn, void *ctx,
                                         struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query,
                                      "SELECT " OCCURRENCE_COLUMNS
                                      " FROM occurrence WHERE campaign = ?1 ORDER BY id",
                                      Q_VALUES(Q_INT(campaign)), err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_occurrence row = occurrence_row(&query, NULL);

            if (!fn(ctx, &row))
                return FL_OK;
        }
    }
    return fl_query_end(st);
}

/* A message that is planned is in an open block or in somebody's hand: closing a block means that
 * all its messages were looked at, and dropping a lease opens it again. */
enum fl_status fl_sqlite_occurrence_finish(struct fl_store *store, int64_t *out_finished,
                                           struct fl_error *err)
{
    static const char sql[] =
        "UPDATE occurrence SET state = 1 WHERE state = 0"
        " AND NOT EXISTS (SELECT 1 FROM block b WHERE b.occurrence = occurrence.id AND b.is_open)"
        " AND id NOT IN (SELECT occurrence FROM message WHERE state = 1)"
        " AND id NOT IN (SELECT occurrence FROM message WHERE state IN (6, 9))"
        " AND NOT EXISTS (SELECT 1 FROM block b JOIN message m ON m.id BETWEEN b.id AND b.last_id"
        "  WHERE b.occurrence = occurrence.id AND +m.state = 0)";
    struct fl_sqlite *db = fl_sqlite_of(store);
    enum fl_status st = fl_query_exec(db, sql, Q_NONE, err);

    if (!st)
        *out_finished = sqlite3_changes(db->handle);
    return st;
}
