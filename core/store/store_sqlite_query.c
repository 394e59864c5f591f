/* Prepared statements, and what SQLite's result codes mean in words. */
#include "store_sqlite_private.h"

#include <string.h>

enum fl_status fl_sqlite_no_memory(struct fl_error *err)
{
    return fl_error_set(err, FL_IO, "no memory for what the store found");
}

static enum fl_status fail_constraint(struct fl_sqlite *db, int rc, struct fl_error *err)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return fl_error_set(err, FL_CONFLICT, "it is stored already (%s)",
                            sqlite3_errmsg(db->handle));
    case SQLITE_CONSTRAINT_TRIGGER:
        return fl_error_set(err, FL_REJECTED, "%s", sqlite3_errmsg(db->handle));
    default:
        return fl_error_set(err, FL_INTERNAL, "the store refuses a row: %s",
                            sqlite3_errmsg(db->handle));
    }
}

static enum fl_status fail_io(struct fl_sqlite *db, struct fl_error *err)
{
    int errnum = sqlite3_system_errno(db->handle);

    fl_error_set(err, FL_IO, "could not read or write \"%s\": %s%s%s", db->path,
                 sqlite3_errmsg(db->handle), errnum ? ": " : "", errnum ? strerror(errnum) : "");
    return FL_IO;
}

enum fl_status fl_sqlite_fail(struct fl_sqlite *db, int rc, struct fl_error *err)
{
    int extended = sqlite3_extended_errcode(db->handle);

    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fl_error_set(err, FL_UNAVAILABLE,
                            "another process has kept \"%s\" locked for more than %lld ms",
                            db->path, (long long)(db->busy_timeout_us / FL_US_PER_MS));
    case SQLITE_FULL:
        return fl_error_set(err, FL_IO, "no space left for \"%s\"", db->path);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
        return fail_io(db, err);
    case SQLITE_CORRUPT:
        return fl_error_set(err, FL_IO, "\"%s\" is damaged: %s, restore a backup", db->path,
                            sqlite3_errmsg(db->handle));
    case SQLITE_NOTADB:
        return fl_error_set(err, FL_INVALID, "\"%s\" is not a database", db->path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return fl_error_set(err, FL_REJECTED, "\"%s\" cannot be written to: %s", db->path,
                            sqlite3_errmsg(db->handle));
    case SQLITE_TOOBIG:
        return fl_error_set(err, FL_LIMIT, "a value is too large for the store");
    case SQLITE_NOMEM:
        return fl_error_set(err, FL_IO, "no memory for the store");
    case SQLITE_CONSTRAINT:
        return fail_constraint(db, extended, err);
    default:
        return fl_error_set(err, FL_INTERNAL, "the store fails with code %d: %s", extended,
                            sqlite3_errmsg(db->handle));
    }
}

enum fl_status fl_sqlite_script(struct fl_sqlite *db, const char *sql, struct fl_error *err)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? FL_OK : fl_sqlite_fail(db, rc, err);
}

static int bind_one(sqlite3_stmt *stmt, int index, const struct fl_value *value)
{
    switch (value->type) {
    case FL_VALUE_INT:
        return sqlite3_bind_int64(stmt, index, value->number);
    case FL_VALUE_REAL:
        return sqlite3_bind_double(stmt, index, value->real);
    case FL_VALUE_TEXT:
        return sqlite3_bind_text(stmt, index, value->data, -1, SQLITE_STATIC);
    case FL_VALUE_BLOB:
        /* Nothing is an empty blob, not a NULL. */
        return sqlite3_bind_blob64(stmt, index, value->len ? value->data : "", value->len,
                                   SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static enum fl_status bind_all(struct fl_query *query, const struct fl_value *values,
                               size_t n_values, struct fl_error *err)
{
    for (size_t i = 0; i < n_values; i++) {
        int rc = bind_one(query->stmt, (int)i + 1, &values[i]);

        if (rc != SQLITE_OK)
            return fl_sqlite_fail(query->db, rc, err);
    }
    return FL_OK;
}

static enum fl_status prepare(struct fl_sqlite *db, const char *sql, unsigned flags,
                              sqlite3_stmt **out, struct fl_error *err)
{
    int rc = sqlite3_prepare_v3(db->handle, sql, -1, flags, out, NULL);

    return rc == SQLITE_OK ? FL_OK : fl_sqlite_fail(db, rc, err);
}

enum fl_status fl_query_open_once(struct fl_sqlite *db, struct fl_query *query, const char *sql,
                                  const struct fl_value *values, size_t n_values,
                                  struct fl_error *err)
{
    enum fl_status st;

    *query = (struct fl_query){.db = db};
    st = prepare(db, sql, 0, &query->stmt, err);
    return st ? st : bind_all(query, values, n_values, err);
}

enum fl_status fl_query_open(struct fl_sqlite *db, struct fl_query *query, const char *sql,
                             const struct fl_value *values, size_t n_values, struct fl_error *err)
{
    int64_t *kept = fl_map_add(&db->statements, (int64_t)(intptr_t)sql);
    enum fl_status st;

    if (!kept)
        return fl_sqlite_no_memory(err);
    *query = (struct fl_query){.db = db};
    if (!*kept) {
        st = prepare(db, sql, SQLITE_PREPARE_PERSISTENT, &query->stmt, err);
        if (st)
            return st;
        *kept = (int64_t)(intptr_t)query->stmt;
    }
    query->stmt = (sqlite3_stmt *)(intptr_t)*kept;
    if (sqlite3_stmt_busy(query->stmt))
        return fl_query_open_once(db, query, sql, values, n_values, err);
    query->is_kept = true;
    return bind_all(query, values, n_values, err);
}

void fl_query_close(struct fl_query *query)
{
    if (!query->stmt)
        return;
    if (query->is_kept)
        sqlite3_reset(query->stmt);
    else
        sqlite3_finalize(query->stmt);
    query->stmt = NULL;
}

enum fl_status fl_query_next(struct fl_query *query, struct fl_error *err)
{
    int rc = sqlite3_step(query->stmt);

    if (rc == SQLITE_ROW)
        return FL_OK;
    if (rc == SQLITE_DONE)
        return FL_NOT_FOUND;
    return fl_sqlite_fail(query->db, rc, err);
}

enum fl_status fl_query_exec(struct fl_sqlite *db, const char *sql, const struct fl_value *values,
                             size_t n_values, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(db, &query, sql, values, n_values, err);

    if (st)
        return st;
    do {
        st = fl_query_next(&query, err);
    } while (!st);
    return fl_query_end(st);
}

enum fl_status fl_query_number(struct fl_sqlite *db, const char *sql, const struct fl_value *values,
                               size_t n_values, int64_t *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(db, &query, sql, values, n_values, err);

    if (!st)
        st = fl_query_next(&query, err);
    if (!st)
        *out = fl_query_int(&query, 0);
    return st;
}

const char *fl_query_text(struct fl_query *query, int column, struct fl_arena *arena)
{
    const char *text = fl_query_peek(query, column);
    const char *copy;

    if (!text || !arena)
        return NULL;
    copy = fl_arena_strndup(arena, text, (size_t)sqlite3_column_bytes(query->stmt, column));
    if (!copy)
        query->has_no_memory = true;
    return copy;
}

enum fl_status fl_query_memory(const struct fl_query *query, struct fl_error *err)
{
    return query->has_no_memory ? fl_sqlite_no_memory(err) : FL_OK;
}

void fl_sqlite_forget_statements(struct fl_sqlite *db)
{
    for (size_t i = 0; i < db->statements.cap; i++)
        if (db->statements.entries[i].key)
            sqlite3_finalize((sqlite3_stmt *)(intptr_t)db->statements.entries[i].value);
    fl_map_finish(&db->statements);
}
