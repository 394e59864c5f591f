/* Messages nobody knows the fate of: what to ask the peer about. */
#include <string.h>

#include "base/str.h"
#include "dispatch/dispatch_private.h"

enum { LOOKED_AT_MAX = 2000 }; /* doubtful messages of all channels that one call walks through */

struct search {
    struct fl_dispatch_worker *worker;
    struct fl_arena *arena;
    const char **refs;
    size_t n, max;
    size_t n_seen;
    int64_t last; /* message looked at last */
    enum fl_status status;
    struct fl_error *err;
};

struct newest {
    struct fl_arena *arena;
    const char *ref;
};

static bool newest_ref(void *ctx, const struct fl_event *event)
{
    struct newest *newest = ctx;

    if (event->provider_ref && *event->provider_ref)
        newest->ref = fl_arena_strdup(newest->arena, event->provider_ref);
    return true;
}

/* The peer's own reference, or the identity it was given. */
static enum fl_status ref_of(struct search *search, int64_t message, const char **out)
{
    struct fl_dispatch *dispatch = search->worker->dispatch;
    const struct fl_token token = {message, search->worker->channel->medium, FL_TOKEN_MESSAGE_ID};
    struct newest newest = {.arena = search->arena};
    char *text;
    enum fl_status st;

    st = fl_store_event_each(dispatch->options.store, message, newest_ref, &newest, search->err);
    if (st || newest.ref) {
        *out = newest.ref;
        return st;
    }
    text = fl_arena_alloc(search->arena, FL_TOKEN_SIZE);
    if (!text)
        return fl_error_set(search->err, FL_LIMIT, "no memory for a reference");
    *out = text;
    return fl_token_sign(dispatch->options.keys, &token, text, search->err);
}

static bool look_at(void *ctx, const struct fl_message *message)
{
    struct search *search = ctx;

    search->last = message->id;
    if (message->channel == search->worker->channel->id &&
        (message->state == FL_MESSAGE_UNCERTAIN || message->rule == FL_RULE_HELD_UNCERTAIN)) {
        search->status = ref_of(search, message->id, &search->refs[search->n]);
        search->n += !search->status;
    }
    return !search->status && search->n < search->max && ++search->n_seen < LOOKED_AT_MAX;
}

enum fl_status fl_dispatch_doubts(struct fl_dispatch_worker *worker, struct fl_arena *arena,
                                  size_t max, const char *const **out, size_t *out_n,
                                  struct fl_error *err)
{
    static const enum fl_message_state states[] = {FL_MESSAGE_UNCERTAIN, FL_MESSAGE_HELD};
    struct channel *channel = worker->channel;
    struct search search = {.worker = worker,
                            .arena = arena,
                            .refs = FL_ARENA_ARRAY(arena, const char *, max),
                            .max = max,
                            .err = err};

    if (!search.refs)
        return fl_error_set(err, FL_LIMIT, "no memory for %zu references", max);
    for (size_t i = 0; i < sizeof states / sizeof states[0] && search.n < max; i++) {
        enum fl_status st;

        search.n_seen = 0;
        search.last = 0;
        st = fl_store_message_each(worker->dispatch->options.store, states[i], 0,
                                   channel->asked_about[i], LOOKED_AT_MAX, look_at, &search, err);
        if (st || search.status)
            return st ? st : search.status;
        /* Ask about all of them in turn, and begin again behind the last one. */
        channel->asked_about[i] =
            search.n == max || search.n_seen == LOOKED_AT_MAX ? search.last : 0;
    }
    *out = search.refs;
    *out_n = search.n;
    return FL_OK;
}
