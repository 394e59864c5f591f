#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"
#include "dispatch/dispatch_private.h"

enum { SHORT_CODE_TRIES = 4 };

static void cache_drop(struct cached_content *entry)
{
    fl_content_destroy(&entry->content);
    memset(entry, 0, sizeof *entry);
}

void fl_dispatch_cache_clear(struct fl_dispatch *dispatch)
{
    for (int i = 0; i < CONTENT_CACHE_SIZE; i++)
        cache_drop(&dispatch->cache[i]);
}

/* Compiles a stored version; one that has a fault is remembered as such with the reason. */
static void cache_fill(struct fl_dispatch *dispatch, struct cached_content *entry, int64_t id)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_content_version version;
    struct fl_faults faults;
    struct fl_error err = {0};
    enum fl_status st;

    cache_drop(entry);
    entry->id = id;
    if (!arena) {
        snprintf(entry->why, sizeof entry->why, "no memory");
        return;
    }
    fl_faults_init(&faults, arena);
    st = fl_store_content_get(dispatch->options.store, arena, id, &version, &err);
    if (!st)
        st = fl_content_compile(version.name, version.files, version.n_files, &faults,
                                &entry->content, &err);
    if (st)
        snprintf(entry->why, sizeof entry->why, "%s", err.text);
    fl_arena_destroy(&arena);
}

static struct cached_content *cache_get(struct fl_dispatch *dispatch, int64_t id)
{
    struct cached_content *oldest = &dispatch->cache[0];

    for (int i = 0; i < CONTENT_CACHE_SIZE; i++) {
        struct cached_content *entry = &dispatch->cache[i];

        if (entry->id == id) {
            entry->used = ++dispatch->cache_clock;
            return entry;
        }
        if (entry->used < oldest->used)
            oldest = entry;
    }
    cache_fill(dispatch, oldest, id);
    oldest->used = ++dispatch->cache_clock;
    return oldest;
}

/* The code of a message's short link: the one it has from an earlier try, or a new one, durable
 * with the lease of this step. */
static enum fl_status short_code(struct fl_dispatch *dispatch, struct fl_arena *arena,
                                 int64_t message, const char **out, struct fl_error *err)
{
    struct fl_store *store = dispatch->options.store;
    int64_t now_us = fl_clock_now(&dispatch->options.clock);
    enum fl_status st = fl_store_short_link_of(store, arena, message, out, err);
    char code[FL_DISPATCH_SHORT_CODE_LEN + 1];

    for (int i = 0; st == FL_NOT_FOUND || (st == FL_CONFLICT && i < SHORT_CODE_TRIES); i++) {
        fl_dispatch_short_code(code);
        st = fl_store_short_link_put(store, code, message,
                                     now_us + FL_DISPATCH_SHORT_LINK_DAYS * FL_US_PER_DAY, err);
        if (st)
            continue;
        *out = fl_arena_strdup(arena, code);
        return *out ? FL_OK : fl_error_set(err, FL_LIMIT, "no memory for a short link");
    }
    return st;
}

enum fl_status fl_dispatch_item(struct fl_dispatch *dispatch, struct fl_arena *arena,
                                const struct channel *channel, const struct fl_claim_row *row,
                                const struct fl_item **out, struct fl_error *err)
{
    struct cached_content *cached = cache_get(dispatch, row->content);
    struct fl_dispatch_compose compose = {
        .conf = dispatch->options.conf,
        .keys = dispatch->options.keys,
        .medium = channel->medium,
        .capabilities = channel->capabilities,
    };
    enum fl_status st = FL_OK;

    if (!cached->content)
        return fl_error_set(err, FL_INVALID, "content: %s", cached->why);
    if (fl_dispatch_wants_short_link(&compose))
        st = short_code(dispatch, arena, row->message.id, &compose.short_code, err);
    return st ? st : fl_dispatch_compose(&compose, cached->content, row, arena, out, err);
}
