#include "store_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { NODE_MAX = 63, META_KEY_MAX = 200 };

static const struct fl_store_driver *const drivers[] = {
    &fl_store_driver_sqlite,
    &fl_store_driver_null,
};

static const struct fl_store_driver *driver_of(const char *uri, const char **out_path)
{
    const char *colon = strchr(uri, ':');

    if (!colon)
        return NULL;
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        size_t len = strlen(drivers[i]->name);

        if ((size_t)(colon - uri) == len && strncmp(uri, drivers[i]->name, len) == 0) {
            *out_path = colon + 1;
            return drivers[i];
        }
    }
    return NULL;
}

enum fl_status fl_store_open(const char *uri, const struct fl_store_options *options,
                             struct fl_store **out, struct fl_error *err)
{
    const char *path = NULL;
    const struct fl_store_driver *driver = driver_of(uri, &path);
    struct fl_store *store;
    enum fl_status st;

    if (!driver)
        return fl_error_set(err, FL_INVALID,
                            "no store driver for \"%s\", expected \"sqlite:PATH\" or \"null:\"",
                            uri);
    if (options->node < 0 || options->node > NODE_MAX)
        return fl_error_set(err, FL_INVALID, "node %d, expected 0 to %d", options->node, NODE_MAX);
    if (options->busy_timeout_us < 0)
        return fl_error_set(err, FL_INVALID, "the busy timeout cannot be negative");
    store = calloc(1, sizeof *store);
    if (!store)
        return fl_error_set(err, FL_IO, "no memory for the store");
    store->driver = driver;
    store->clock = options->clock;
    store->log = options->log;
    store->is_read_only = options->is_read_only;
    fl_ids_init(&store->ids, options->clock, options->node, 0);
    st = driver->open(store, path, options, err);
    if (st) {
        driver->close(store);
        free(store);
        return st;
    }
    *out = store;
    return FL_OK;
}

void fl_store_close(struct fl_store **store)
{
    if (!*store)
        return;
    fl_store_rollback(*store);
    (*store)->driver->close(*store);
    free(*store);
    *store = NULL;
}

const char *fl_store_driver(const struct fl_store *store)
{
    return store->driver->name;
}

bool fl_store_remembers(const struct fl_store *store)
{
    return store->driver->remembers;
}

int fl_store_schema_version(struct fl_store *store)
{
    return store->driver->schema_version(store);
}

int64_t fl_store_new_id(struct fl_store *store)
{
    return fl_ids_next(&store->ids);
}

/* ---- transactions -----------------------------------------------------------------------------*/

enum fl_status fl_store_begin(struct fl_store *store, struct fl_error *err)
{
    enum fl_status st;

    if (store->is_read_only)
        return fl_error_set(err, FL_REJECTED, "the store is open for reading only");
    if (store->is_in_transaction)
        return fl_error_set(err, FL_INTERNAL, "a transaction is open already");
    st = store->driver->begin(store, err);
    if (st)
        return st;
    store->is_in_transaction = true;
    store->is_broken = false;
    return FL_OK;
}

enum fl_status fl_store_commit(struct fl_store *store, struct fl_error *err)
{
    enum fl_status st;

    if (!store->is_in_transaction)
        return fl_error_set(err, FL_INTERNAL, "no transaction is open");
    if (store->is_broken)
        return fl_error_set(err, FL_REJECTED,
                            "cannot commit: an earlier write of this transaction failed");
    st = store->driver->commit(store, err);
    if (st)
        return fl_store_wrote(store, st);
    store->is_in_transaction = false;
    return FL_OK;
}

void fl_store_rollback(struct fl_store *store)
{
    if (!store->is_in_transaction)
        return;
    store->driver->rollback(store);
    store->is_in_transaction = false;
    store->is_broken = false;
}

bool fl_store_in_transaction(const struct fl_store *store)
{
    return store->is_in_transaction;
}

enum fl_status fl_store_may_write(const struct fl_store *store, struct fl_error *err)
{
    if (store->is_read_only)
        return fl_error_set(err, FL_REJECTED, "the store is open for reading only");
    if (!store->is_in_transaction)
        return fl_error_set(err, FL_INTERNAL, "a write outside a transaction");
    if (store->is_broken)
        return fl_error_set(err, FL_REJECTED,
                            "an earlier write of this transaction failed, roll it back");
    return FL_OK;
}

enum fl_status fl_store_wrote(struct fl_store *store, enum fl_status st)
{
    /* The others are answers that are given before anything is changed. */
    if (st == FL_IO || st == FL_INTERNAL || st == FL_UNAVAILABLE)
        store->is_broken = true;
    return st;
}

/* ---- the whole ----------------------------------------------------------------------------*/

enum fl_status fl_store_backup(struct fl_store *store, const char *path, struct fl_error *err)
{
    if (!*path)
        return fl_error_set(err, FL_INVALID, "the backup needs a file name");
    if (store->is_in_transaction)
        return fl_error_set(err, FL_INTERNAL, "a backup inside a transaction");
    return store->driver->backup(store, path, err);
}

enum fl_status fl_store_check(struct fl_store *store, fl_store_report_fn *report, void *ctx,
                              struct fl_error *err)
{
    return store->driver->check(store, report, ctx, err);
}

enum fl_status fl_store_meta_get(struct fl_store *store, struct fl_arena *arena, const char *key,
                                 const char **out, struct fl_error *err)
{
    return store->driver->meta_get(store, arena, key, out, err);
}

enum fl_status fl_store_meta_set(struct fl_store *store, const char *key, const char *value,
                                 struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    if (!*key || strlen(key) > META_KEY_MAX)
        return fl_error_set(err, FL_INVALID, "the key of a value has 1 to %d bytes", META_KEY_MAX);
    return fl_store_wrote(store, store->driver->meta_set(store, key, value, err));
}
