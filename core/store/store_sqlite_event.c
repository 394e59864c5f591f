/* Events, raw evidence, and what plugins remember. */
#include "store_sqlite_private.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/str.h"

enum { ZSTD_LEVEL = 3, MEMORY_KEYS_MAX = 64 };

static enum fl_status mark_customer_of(struct fl_sqlite *db, int64_t message, struct fl_error *err)
{
    int64_t customer = 0;
    enum fl_status st = fl_query_number(db, "SELECT customer FROM message WHERE id = ?1",
                                        Q_VALUES(Q_INT(message)), &customer, err);

    return st ? fl_query_end(st) : fl_sqlite_mark_stale(db, customer, err);
}

enum fl_status fl_sqlite_event_put(struct fl_store *store, const struct fl_event *event,
                                   int64_t *out_id, struct fl_error *err)
{
    int64_t id = fl_store_new_id(store);
    int64_t at_us = event->at_us ? event->at_us : fl_clock_now(&store->clock);
    enum fl_status st = fl_query_exec(
        fl_sqlite_of(store),
        "INSERT INTO event (id, message, kind, fault, attempt, code, status, detail, provider_ref,"
        " cost_micro, at_us, evidence, dedupe_key, currency, units, is_machine)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        Q_VALUES(Q_INT(id), Q_INT(event->message), Q_INT(event->kind), Q_INT(event->fault),
                 Q_INT(event->attempt), Q_INT(event->code), Q_TEXT(event->status),
                 Q_TEXT(event->detail), Q_TEXT(event->provider_ref), Q_INT(event->cost_micro),
                 Q_INT(at_us), Q_TEXT(event->evidence), Q_TEXT(event->dedupe_key),
                 Q_TEXT(event->currency), Q_INT(event->units), Q_INT(event->is_machine)),
        err);

    if (st == FL_CONFLICT)
        return fl_error_set(err, st, "the event \"%s\" is stored already",
                            fl_text_or(event->dedupe_key, ""));
    /* A robot's click, and an open at all, say nothing about the customer. */
    if (!st && event->kind == FL_EVENT_CLICKED && !event->is_machine)
        st = mark_customer_of(fl_sqlite_of(store), event->message, err);
    if (!st && out_id)
        *out_id = id;
    return st;
}

static struct fl_event event_row(const struct fl_query *query)
{
    return (struct fl_event){.id = fl_query_int(query, 0),
                             .message = fl_query_int(query, 1),
                             .kind = (enum fl_event_kind)fl_query_int(query, 2),
                             .fault = (enum fl_fault_class)fl_query_int(query, 3),
                             .attempt = (int)fl_query_int(query, 4),
                             .code = (int)fl_query_int(query, 5),
                             .status = fl_query_peek(query, 6),
                             .detail = fl_query_peek(query, 7),
                             .provider_ref = fl_query_peek(query, 8),
                             .cost_micro = fl_query_int(query, 9),
                             .at_us = fl_query_int(query, 10),
                             .evidence = fl_query_peek(query, 11),
                             .dedupe_key = fl_query_peek(query, 12),
                             .currency = fl_query_peek(query, 13),
                             .units = (int)fl_query_int(query, 14),
                             .is_machine = fl_query_int(query, 15) != 0};
}

enum fl_status fl_sqlite_event_each(struct fl_store *store, int64_t message, fl_store_event_fn *fn,
                                    void *ctx, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(
        fl_sqlite_of(store), &query,
        "SELECT id, message, kind, fault, attempt, code, status, detail, provider_ref, cost_micro,"
        " at_us, evidence, dedupe_key, currency, units, is_machine FROM event WHERE message = ?1 "
        "ORDER BY id",
        Q_VALUES(Q_INT(message)), err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_event event = event_row(&query);

            if (!fn(ctx, &event))
                return FL_OK;
        }
    }
    return fl_query_end(st);
}

enum fl_status fl_sqlite_event_by_provider(struct fl_store *store, const char *provider_ref,
                                           int64_t *out_message, struct fl_error *err)
{
    enum fl_status st = fl_query_number(fl_sqlite_of(store),
                                        "SELECT message FROM event WHERE provider_ref = ?1"
                                        " AND message <> 0 ORDER BY id DESC LIMIT 1",
                                        Q_VALUES(Q_TEXT(provider_ref)), out_message, err);

    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "no event has the reference \"%s\"", provider_ref);
    return st;
}

/* ---- evidence ---------------------------------------------------------------------------------*/

static enum fl_status has_evidence(struct fl_sqlite *db, const char *hash, bool *out,
                                   struct fl_error *err)
{
    int64_t one = 0;
    enum fl_status st = fl_query_number(db, "SELECT 1 FROM evidence WHERE hash = ?1",
                                        Q_VALUES(Q_TEXT(hash)), &one, err);

    *out = one != 0;
    return fl_query_end(st);
}

enum fl_status fl_sqlite_evidence_put(struct fl_store *store, const char *hash, const void *data,
                                      size_t len, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_FREE void *packed = NULL;
    size_t bound = ZSTD_compressBound(len), packed_len;
    bool is_known = false;
    enum fl_status st = has_evidence(db, hash, &is_known, err);

    if (st || is_known)
        return st;
    packed = malloc(bound);
    if (!packed)
        return fl_sqlite_no_memory(err);
    packed_len = ZSTD_compress(packed, bound, data, len, ZSTD_LEVEL);
    if (ZSTD_isError(packed_len))
        return fl_error_set(err, FL_INTERNAL, "could not compress a piece of evidence: %s",
                            ZSTD_getErrorName(packed_len));
    return fl_query_exec(
        db, "INSERT INTO evidence (hash, size, body, received_us) VALUES (?1, ?2, ?3, ?4)",
        Q_VALUES(Q_TEXT(hash), Q_INT(len), Q_BLOB(packed, packed_len),
                 Q_INT(fl_clock_now(&store->clock))),
        err);
}

static enum fl_status unpack(struct fl_query *query, struct fl_arena *arena, const char *hash,
                             char **out, size_t *out_len, struct fl_error *err)
{
    size_t size = (size_t)fl_query_int(query, 0);
    const void *packed = sqlite3_column_blob(query->stmt, 1);
    size_t packed_len = (size_t)sqlite3_column_bytes(query->stmt, 1);
    char is_hash[FL_SHA256_HEX_SIZE];
    char *data = fl_arena_alloc(arena, size + 1);

    if (!data)
        return fl_error_set(err, FL_LIMIT, "no memory for evidence of %zu bytes", size);
    if (ZSTD_decompress(data, size, packed, packed_len) == size) {
        fl_sha256_hex(data, size, is_hash);
        if (fl_str_equal(is_hash, hash)) {
            data[size] = '\0';
            *out = data;
            *out_len = size;
            return FL_OK;
        }
    }
    return fl_error_set(err, FL_IO, "the evidence %s is damaged", hash);
}

enum fl_status fl_sqlite_evidence_get(struct fl_store *store, struct fl_arena *arena,
                                      const char *hash, void **out, size_t *out_len,
                                      struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    char *data = NULL;
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query,
                                      "SELECT size, body FROM evidence WHERE hash = ?1",
                                      Q_VALUES(Q_TEXT(hash)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no evidence %s", hash);
    if (!st)
        st = unpack(&query, arena, hash, &data, out_len, err);
    if (!st)
        *out = data;
    return st;
}

/* ---- what plugins remember --------------------------------------------------------------------*/

enum fl_status fl_sqlite_memory_set(struct fl_store *store, const char *channel, const char *key,
                                    const void *data, size_t len, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t n_others = 0;
    enum fl_status st =
        fl_query_number(db, "SELECT count(*) FROM plugin_memory WHERE channel = ?1 AND key <> ?2",
                        Q_VALUES(Q_TEXT(channel), Q_TEXT(key)), &n_others, err);

    if (st)
        return st;
    if (n_others >= MEMORY_KEYS_MAX)
        return fl_error_set(err, FL_LIMIT, "channel \"%s\" remembers %d values already", channel,
                            MEMORY_KEYS_MAX);
    return fl_query_exec(db,
                         "INSERT INTO plugin_memory (channel, key, value) VALUES (?1, ?2, ?3)"
                         " ON CONFLICT (channel, key) DO UPDATE SET value = excluded.value",
                         Q_VALUES(Q_TEXT(channel), Q_TEXT(key), Q_BLOB(data, len)), err);
}

enum fl_status fl_sqlite_memory_get(struct fl_store *store, struct fl_arena *arena,
                                    const char *channel, const char *key, void **out,
                                    size_t *out_len, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    size_t len;
    char *data;
    enum fl_status st =
        fl_query_open(fl_sqlite_of(store), &query,
                      "SELECT value FROM plugin_memory WHERE channel = ?1 AND key = ?2",
                      Q_VALUES(Q_TEXT(channel), Q_TEXT(key)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "channel \"%s\" remembers no \"%s\"", channel, key);
    if (st)
        return st;
    len = (size_t)sqlite3_column_bytes(query.stmt, 0);
    data = fl_arena_alloc(arena, len + 1);
    if (!data)
        return fl_sqlite_no_memory(err);
    if (len)
        memcpy(data, sqlite3_column_blob(query.stmt, 0), len);
    data[len] = '\0';
    *out = data;
    *out_len = len;
    return FL_OK;
}
