/*
 * Work in hand.  A lease is one row; which messages are leased, and how far each open block has
 * been walked, is kept in memory, because only this process writes.
 *
 * A cursor is the first message of its block that may still be free.  It passes what is not
 * planned any more and what is leased; a lease that is dropped moves it back to what it frees.
 */
#include "store_sqlite_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { ID_BYTES = 8 };

void fl_hands_forget(struct fl_hands *hands)
{
    for (size_t i = 0; i < hands->n_leases; i++)
        free((void *)(uintptr_t)hands->leases[i].ids);
    hands->n_leases = 0;
    hands->n_to_close = 0;
    fl_map_clear(&hands->leased);
    fl_map_clear(&hands->cursors);
    hands->is_loaded = false;
}

void fl_hands_finish(struct fl_hands *hands)
{
    fl_hands_forget(hands);
    free(hands->leases);
    free(hands->to_close);
    fl_map_finish(&hands->leased);
    fl_map_finish(&hands->cursors);
}

/* ---- the packed array -------------------------------------------------------------------------*/

static void pack_ids(unsigned char *out, const int64_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (int b = 0; b < ID_BYTES; b++)
            *out++ = (unsigned char)((uint64_t)ids[i] >> (8 * b));
}

static void unpack_ids(int64_t *out, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t id = 0;

        for (int b = ID_BYTES - 1; b >= 0; b--)
            id = id << 8 | bytes[i * ID_BYTES + (size_t)b];
        out[i] = (int64_t)id;
    }
}

/* ---- keeping leases in mind -------------------------------------------------------------------*/

static enum fl_status remember(struct fl_hands *hands, const struct fl_lease *lease,
                               struct fl_error *err)
{
    struct fl_lease copy = *lease;
    int64_t *ids;

    if (hands->n_leases == hands->cap_leases) {
        size_t cap = hands->cap_leases ? hands->cap_leases * 2 : 16;
        struct fl_lease *leases = realloc(hands->leases, cap * sizeof *leases);

        if (!leases)
            return fl_sqlite_no_memory(err);
        hands->leases = leases;
        hands->cap_leases = cap;
    }
    ids = malloc((lease->n_ids ? lease->n_ids : 1) * sizeof *ids);
    if (!ids)
        return fl_sqlite_no_memory(err);
    memcpy(ids, lease->ids, lease->n_ids * sizeof *ids);
    copy.ids = ids;
    hands->leases[hands->n_leases++] = copy;
    for (size_t i = 0; i < copy.n_ids; i++) {
        int64_t *flags = fl_map_add(&hands->leased, copy.ids[i]);

        if (!flags)
            return fl_sqlite_no_memory(err);
        *flags |= FL_HAND_LEASED | (copy.is_begun ? FL_HAND_BEGUN : 0);
    }
    return FL_OK;
}

static struct fl_lease *find_lease(struct fl_hands *hands, int64_t id)
{
    for (size_t i = 0; i < hands->n_leases; i++)
        if (hands->leases[i].id == id)
            return &hands->leases[i];
    return NULL;
}

static void forget_lease(struct fl_hands *hands, struct fl_lease *lease)
{
    for (size_t i = 0; i < lease->n_ids; i++)
        fl_map_remove(&hands->leased, lease->ids[i]);
    free((void *)(uintptr_t)lease->ids);
    *lease = hands->leases[--hands->n_leases];
}

#define LEASE_COLUMNS "id, channel, worker, epoch, is_begun, ids"

/* The ids stay where SQLite has them: `*ids` is a buffer the caller frees. */
static enum fl_status read_lease(struct fl_query *query, struct fl_lease *out, int64_t **ids,
                                 struct fl_error *err)
{
    size_t n = (size_t)sqlite3_column_bytes(query->stmt, 5) / ID_BYTES;

    *ids = malloc((n ? n : 1) * sizeof **ids);
    if (!*ids)
        return fl_sqlite_no_memory(err);
    unpack_ids(*ids, sqlite3_column_blob(query->stmt, 5), n);
    *out = (struct fl_lease){.id = fl_query_int(query, 0),
                             .channel = fl_query_int(query, 1),
                             .worker = fl_query_int(query, 2),
                             .epoch = fl_query_int(query, 3),
                             .is_begun = fl_query_int(query, 4) != 0,
                             .ids = *ids,
                             .n_ids = n};
    return FL_OK;
}

enum fl_status fl_hands_load(struct fl_sqlite *db, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st;

    fl_hands_forget(&db->hands);
    st = fl_query_open(db, &query, "SELECT " LEASE_COLUMNS " FROM lease ORDER BY id", Q_NONE, err);
    while (!st) {
        FL_AUTO_FREE int64_t *ids = NULL;
        struct fl_lease lease;

        st = fl_query_next(&query, err);
        if (!st)
            st = read_lease(&query, &lease, &ids, err);
        if (!st)
            st = remember(&db->hands, &lease, err);
    }
    st = fl_query_end(st);
    if (!st)
        db->hands.is_loaded = true;
    return st;
}

/* ---- leases -----------------------------------------------------------------------------------*/

static bool has_id(const struct fl_lease *lease, int64_t id)
{
    for (size_t i = 0; lease && i < lease->n_ids; i++)
        if (lease->ids[i] == id)
            return true;
    return false;
}

/* `own`: the lease that is renewed, or NULL. */
static enum fl_status check_free(const struct fl_hands *hands, const struct fl_lease *lease,
                                 const struct fl_lease *own, struct fl_error *err)
{
    for (size_t i = 0; i < lease->n_ids; i++)
        if (fl_map_get(&hands->leased, lease->ids[i]) && !has_id(own, lease->ids[i]))
            return fl_error_set(err, FL_CONFLICT, "message %lld is in somebody's hand already",
                                (long long)lease->ids[i]);
    return FL_OK;
}

enum fl_status fl_sqlite_lease_put(struct fl_store *store, struct fl_lease *lease,
                                   struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_FREE unsigned char *packed = malloc(lease->n_ids * ID_BYTES);
    const struct fl_lease *own = lease->id ? find_lease(&db->hands, lease->id) : NULL;
    struct fl_lease row = *lease;
    enum fl_status st = packed ? FL_OK : fl_sqlite_no_memory(err);

    if (!st && lease->id && !own)
        st = fl_error_set(err, FL_NOT_FOUND, "there is no lease %lld", (long long)lease->id);
    if (!st)
        st = check_free(&db->hands, lease, own, err);
    /* A lease that stands becomes what is given: begun, or fewer messages. */
    if (!st && own)
        st = fl_sqlite_lease_drop(store, lease->id, err);
    if (st)
        return st;
    if (!row.id)
        row.id = fl_store_new_id(store);
    pack_ids(packed, row.ids, row.n_ids);
    st = fl_query_exec(db,
                       "INSERT INTO lease (id, channel, worker, epoch, is_begun, at_us, ids)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                       Q_VALUES(Q_INT(row.id), Q_INT(row.channel), Q_INT(row.worker),
                                Q_INT(row.epoch), Q_INT(row.is_begun),
                                Q_INT(fl_clock_now(&store->clock)),
                                Q_BLOB(packed, row.n_ids * ID_BYTES)),
                       err);
    if (!st)
        st = remember(&db->hands, &row, err);
    if (!st)
        lease->id = row.id;
    return st;
}

static enum fl_status is_planned(struct fl_sqlite *db, int64_t message, bool *out,
                                 struct fl_error *err)
{
    int64_t state = FL_MESSAGE_CANCELLED;
    enum fl_status st = fl_query_number(db, "SELECT state FROM message WHERE id = ?1",
                                        Q_VALUES(Q_INT(message)), &state, err);

    *out = state == FL_MESSAGE_PLANNED;
    return fl_query_end(st);
}

enum fl_status fl_sqlite_lease_drop(struct fl_store *store, int64_t id, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    struct fl_lease *lease = find_lease(&db->hands, id);
    enum fl_status st;

    if (!lease)
        return fl_error_set(err, FL_NOT_FOUND, "there is no lease %lld", (long long)id);
    st = fl_query_exec(db, "DELETE FROM lease WHERE id = ?1", Q_VALUES(Q_INT(id)), err);
    for (size_t i = 0; !st && i < lease->n_ids; i++) {
        const int64_t *flags = fl_map_get(&db->hands.leased, lease->ids[i]);
        bool is_free = false;

        if (flags && *flags & FL_HAND_SETTLED)
            continue;
        st = is_planned(db, lease->ids[i], &is_free, err);
        if (!st && is_free)
            st = fl_hands_reopen(db, lease->ids[i], err);
    }
    if (!st)
        forget_lease(&db->hands, lease);
    return st;
}

enum fl_status fl_sqlite_lease_all(struct fl_store *store, struct fl_arena *arena,
                                   struct fl_lease **out, size_t *out_n, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    enum fl_status st = fl_sqlite_look(db, err);
    struct fl_lease *list;

    if (st)
        return st;
    list = FL_ARENA_ARRAY(arena, struct fl_lease, db->hands.n_leases);
    if (!list)
        return fl_sqlite_no_memory(err);
    for (size_t i = 0; i < db->hands.n_leases; i++) {
        list[i] = db->hands.leases[i];
        list[i].ids = fl_arena_memdup(arena, list[i].ids, list[i].n_ids * sizeof *list[i].ids);
        if (!list[i].ids)
            return fl_sqlite_no_memory(err);
    }
    *out = list;
    *out_n = db->hands.n_leases;
    return FL_OK;
}

/* ---- blocks -----------------------------------------------------------------------------------*/

enum fl_status fl_hands_note_end(struct fl_hands *hands, int64_t block, struct fl_error *err)
{
    if (hands->n_to_close == hands->cap_to_close) {
        size_t cap = hands->cap_to_close ? hands->cap_to_close * 2 : 64;
        int64_t *list = realloc(hands->to_close, cap * sizeof *list);

        if (!list)
            return fl_sqlite_no_memory(err);
        hands->to_close = list;
        hands->cap_to_close = cap;
    }
    hands->to_close[hands->n_to_close++] = block;
    return FL_OK;
}

enum fl_status fl_hands_close_blocks(struct fl_sqlite *db, struct fl_error *err)
{
    struct fl_hands *hands = &db->hands;
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < hands->n_to_close; i++) {
        const int64_t *cursor = fl_map_get(&hands->cursors, hands->to_close[i]);

        if (!cursor || !fl_cursor_is_at_end(*cursor))
            continue;
        st = fl_query_exec(db, "UPDATE block SET is_open = 0 WHERE id = ?1",
                           Q_VALUES(Q_INT(hands->to_close[i])), err);
        fl_map_remove(&hands->cursors, hands->to_close[i]);
    }
    if (!st)
        hands->n_to_close = 0;
    return st;
}

enum fl_status fl_hands_reopen(struct fl_sqlite *db, int64_t message, struct fl_error *err)
{
    int64_t block = 0;
    int64_t *cursor;
    enum fl_status st = fl_query_number(db, "SELECT max(id) FROM block WHERE id <= ?1",
                                        Q_VALUES(Q_INT(message)), &block, err);

    if (st)
        return fl_query_end(st);
    cursor = fl_map_get(&db->hands.cursors, block);
    if (cursor && (fl_cursor_is_at_end(*cursor) || fl_cursor_id(*cursor) > message))
        *cursor = fl_cursor_make(message < fl_cursor_id(*cursor) ? message : fl_cursor_id(*cursor),
                                 false);
    return fl_query_exec(db, "UPDATE block SET is_open = 1 WHERE id = ?1 AND NOT is_open",
                         Q_VALUES(Q_INT(block)), err);
}
