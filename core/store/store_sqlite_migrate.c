/* Is it our database, of which schema, and bringing it to the newest. */
#include "store_sqlite_private.h"

#include <stdio.h>

#define APPLICATION_ID     INT64_C(0x464c4e45) /* "FLNE", in the header of the file */
#define SET_APPLICATION_ID "PRAGMA application_id = 0x464c4e45"

static int newest_version(void)
{
    int version = 0;

    for (const struct fl_migration *m = fl_store_migrations; m->version; m++)
        version = m->version;
    return version;
}

/* 0: an empty file that may become ours. */
static enum fl_status version_of(struct fl_sqlite *db, int64_t *out, struct fl_error *err)
{
    int64_t application = 0, version = 0, n_objects = 0;
    enum fl_status st = fl_query_number(db, "PRAGMA application_id", Q_NONE, &application, err);

    if (!st)
        st = fl_query_number(db, "PRAGMA user_version", Q_NONE, &version, err);
    if (!st)
        st = fl_query_number(db, "SELECT count(*) FROM sqlite_schema", Q_NONE, &n_objects, err);
    if (st)
        return st;
    if (application != APPLICATION_ID && (application || version || n_objects))
        return fl_error_set(err, FL_INVALID, "\"%s\" is the database of another program", db->path);
    if (version > newest_version())
        return fl_error_set(err, FL_INVALID,
                            "\"%s\" has schema %lld and this program knows schemas up to %d: "
                            "upgrade the program",
                            db->path, (long long)version, newest_version());
    *out = version;
    return FL_OK;
}

static enum fl_status apply(struct fl_sqlite *db, int64_t version, struct fl_error *err)
{
    enum fl_status st = FL_OK;
    char set_version[64];

    for (const struct fl_migration *m = fl_store_migrations; !st && m->version; m++) {
        if (m->version <= version)
            continue;
        st = fl_sqlite_script(db, m->sql, err);
        if (st)
            return fl_error_prefix(err, st, "migration %04d", m->version);
        snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", m->version);
        st = fl_sqlite_script(db, set_version, err);
    }
    if (!st)
        st = fl_sqlite_script(db, SET_APPLICATION_ID, err);
    return st;
}

enum fl_status fl_sqlite_migrate(struct fl_sqlite *db, bool may_write, struct fl_error *err)
{
    int64_t version = 0;
    enum fl_status st = version_of(db, &version, err);

    if (st || version == newest_version())
        return st;
    if (!may_write)
        return fl_error_set(err, FL_INVALID,
                            "\"%s\" has schema %lld, expected %d: open it once for writing",
                            db->path, (long long)version, newest_version());
    st = fl_sqlite_script(db, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE", err);
    if (st)
        return st;
    /* Another process may have been first. */
    st = version_of(db, &version, err);
    if (!st)
        st = apply(db, version, err);
    if (!st)
        st = fl_sqlite_script(db, "COMMIT", err);
    if (st)
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

enum fl_status fl_sqlite_highest_id(struct fl_sqlite *db, int64_t *out, struct fl_error *err)
{
    /* A block's last message is a message; blocks are asked too in case their rows are gone. */
    static const char sql[] = "SELECT max((SELECT ifnull(max(id), 0) FROM customer),"
                              " (SELECT ifnull(max(id), 0) FROM address),"
                              " (SELECT ifnull(max(id), 0) FROM consent),"
                              " (SELECT ifnull(max(id), 0) FROM content),"
                              " (SELECT ifnull(max(id), 0) FROM channel),"
                              " (SELECT ifnull(max(id), 0) FROM campaign),"
                              " (SELECT ifnull(max(id), 0) FROM occurrence),"
                              " ifnull((SELECT last_id FROM block ORDER BY id DESC LIMIT 1), 0),"
                              " (SELECT ifnull(max(id), 0) FROM message),"
                              " (SELECT ifnull(max(id), 0) FROM lease),"
                              " (SELECT ifnull(max(id), 0) FROM event),"
                              " (SELECT ifnull(max(id), 0) FROM feedback),"
                              " (SELECT ifnull(max(id), 0) FROM subscription),"
                              " (SELECT ifnull(max(id), 0) FROM complaint),"
                              " (SELECT ifnull(max(id), 0) FROM value_run),"
                              " (SELECT ifnull(max(id), 0) FROM zone_change))";

    return fl_query_number(db, sql, Q_NONE, out, err);
}
