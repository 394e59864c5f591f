/* Content, channels. */
#include "store_sqlite_private.h"

#include "base/str.h"

/* ---- content ----------------------------------------------------------------------------------*/

struct newest {
    int64_t id, version;
    bool is_same;
};

static enum fl_status find_newest(struct fl_sqlite *db, const struct fl_content_version *content,
                                  struct newest *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(db, &query,
                                      "SELECT id, version, hash FROM content WHERE name = ?1"
                                      " ORDER BY version DESC LIMIT 1",
                                      Q_VALUES(Q_TEXT(content->name)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st)
        return fl_query_end(st);
    *out = (struct newest){fl_query_int(&query, 0), fl_query_int(&query, 1),
                           fl_str_equal(fl_query_peek(&query, 2), content->hash)};
    return FL_OK;
}

enum fl_status fl_sqlite_content_put(struct fl_store *store,
                                     const struct fl_content_version *content, enum fl_put *out_put,
                                     int64_t *out_id, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    struct newest newest = {0};
    enum fl_status st = find_newest(db, content, &newest, err);
    int64_t id;

    if (st)
        return st;
    if (newest.is_same) {
        *out_put = FL_PUT_UNCHANGED;
        *out_id = newest.id;
        return FL_OK;
    }
    id = fl_store_new_id(store);
    st = fl_query_exec(db,
                       "INSERT INTO content (id, name, version, hash, created_us)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
                       Q_VALUES(Q_INT(id), Q_TEXT(content->name), Q_INT(newest.version + 1),
                                Q_TEXT(content->hash), Q_INT(fl_clock_now(&store->clock))),
                       err);
    for (size_t i = 0; !st && i < content->n_files; i++)
        st = fl_query_exec(db, "INSERT INTO content_file (content, path, body) VALUES (?1, ?2, ?3)",
                           Q_VALUES(Q_INT(id), Q_TEXT(content->files[i].path),
                                    Q_BLOB(content->files[i].body, content->files[i].body_len)),
                           err);
    if (st)
        return st;
    *out_put = newest.id ? FL_PUT_UPDATED : FL_PUT_INSERTED;
    *out_id = id;
    return FL_OK;
}

static enum fl_status read_files(struct fl_sqlite *db, struct fl_arena *arena,
                                 struct fl_content_version *content, size_t n, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_content_file *files = FL_ARENA_ARRAY(arena, struct fl_content_file, n);
    enum fl_status st =
        files
            ? fl_query_open(db, &query,
                            "SELECT path, body FROM content_file WHERE content = ?1 ORDER BY path",
                            Q_VALUES(Q_INT(content->id)), err)
            : fl_sqlite_no_memory(err);

    for (size_t i = 0; !st && i < n; i++) {
        st = fl_query_next(&query, err);
        if (st)
            break;
        files[i].path = fl_query_text(&query, 0, arena);
        files[i].body = fl_query_text(&query, 1, arena);
        files[i].body_len = (size_t)sqlite3_column_bytes(query.stmt, 1);
        content->n_files = i + 1;
    }
    content->files = files;
    st = fl_query_end(st);
    return st ? st : fl_query_memory(&query, err);
}

static struct fl_content_version content_row(struct fl_query *query, struct fl_arena *arena)
{
    return (struct fl_content_version){
        .id = fl_query_int(query, 0),
        .name = arena ? fl_query_text(query, 1, arena) : fl_query_peek(query, 1),
        .version = fl_query_int(query, 2),
        .hash = arena ? fl_query_text(query, 3, arena) : fl_query_peek(query, 3),
        .created_us = fl_query_int(query, 4)};
}

enum fl_status fl_sqlite_content_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                     struct fl_content_version *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_content_version content;
    enum fl_status st =
        fl_query_open(fl_sqlite_of(store), &query,
                      "SELECT id, name, version, hash, created_us,"
                      " (SELECT count(*) FROM content_file WHERE content = content.id) FROM content"
                      " WHERE id = ?1",
                      Q_VALUES(Q_INT(id)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no content %lld", (long long)id);
    if (st)
        return st;
    content = content_row(&query, arena);
    st = fl_query_memory(&query, err);
    if (!st)
        st = read_files(fl_sqlite_of(store), arena, &content, (size_t)fl_query_int(&query, 5), err);
    if (!st)
        *out = content;
    return st;
}

enum fl_status fl_sqlite_content_newest(struct fl_store *store, const char *name, int64_t *out_id,
                                        struct fl_error *err)
{
    enum fl_status st = fl_query_number(
        fl_sqlite_of(store), "SELECT id FROM content WHERE name = ?1 ORDER BY version DESC LIMIT 1",
        Q_VALUES(Q_TEXT(name)), out_id, err);

    return st == FL_NOT_FOUND ? fl_error_set(err, st, "there is no content \"%s\"", name) : st;
}

enum fl_status fl_sqlite_content_each(struct fl_store *store, fl_store_content_fn *fn, void *ctx,
                                      struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query,
                                      "SELECT id, name, version, hash, created_us FROM content"
                                      " ORDER BY name, version",
                                      Q_NONE, err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (!st) {
            struct fl_content_version content = content_row(&query, NULL);

            if (!fn(ctx, &content))
                return FL_OK;
        }
    }
    return fl_query_end(st);
}

/* ---- channels ---------------------------------------------------------------------------------*/

enum fl_status fl_sqlite_channel_find(struct fl_store *store, const char *name, int64_t *out_id,
                                      enum fl_medium *out_medium, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(fl_sqlite_of(store), &query, "SELECT id, medium FROM channel WHERE name = ?1",
                      Q_VALUES(Q_TEXT(name)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no channel \"%s\"", name);
    if (st)
        return st;
    *out_id = fl_query_int(&query, 0);
    *out_medium = (enum fl_medium)fl_query_int(&query, 1);
    return FL_OK;
}

enum fl_status fl_sqlite_channel_add(struct fl_store *store, const char *name,
                                     enum fl_medium medium, int64_t *out_id, struct fl_error *err)
{
    int64_t id = fl_store_new_id(store);
    enum fl_status st = fl_query_exec(fl_sqlite_of(store),
                                      "INSERT INTO channel (id, name, medium) VALUES (?1, ?2, ?3)",
                                      Q_VALUES(Q_INT(id), Q_TEXT(name), Q_INT(medium)), err);

    if (!st)
        *out_id = id;
    return st;
}

enum fl_status fl_sqlite_channel_name(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                      const char **out_name, enum fl_medium *out_medium,
                                      struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    const char *name;
    enum fl_status st =
        fl_query_open(fl_sqlite_of(store), &query, "SELECT name, medium FROM channel WHERE id = ?1",
                      Q_VALUES(Q_INT(id)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no channel %lld", (long long)id);
    if (st)
        return st;
    name = fl_query_text(&query, 0, arena);
    st = fl_query_memory(&query, err);
    if (st)
        return st;
    *out_name = name;
    if (out_medium)
        *out_medium = (enum fl_medium)fl_query_int(&query, 1);
    return FL_OK;
}
