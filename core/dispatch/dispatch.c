#include "dispatch/dispatch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "dispatch/dispatch_private.h"

enum { PENDING_ARENA_MAX = 64 << 20, LEASE_ARENA_MAX = 64 << 20 };

enum fl_status fl_dispatch_create(const struct fl_dispatch_options *options,
                                  struct fl_dispatch **out, struct fl_error *err)
{
    struct fl_dispatch *dispatch = calloc(1, sizeof *dispatch);

    if (dispatch) {
        dispatch->options = *options;
        if (options->log)
            dispatch->log = *options->log;
        dispatch->pending_arena = fl_arena_create(PENDING_ARENA_MAX);
        dispatch->claim_arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    }
    if (!dispatch || !dispatch->pending_arena || !dispatch->claim_arena) {
        fl_dispatch_destroy(&dispatch);
        return fl_error_set(err, FL_LIMIT, "no memory for dispatch");
    }
    *out = dispatch;
    return FL_OK;
}

static void worker_free(struct fl_dispatch_worker *worker)
{
    for (int i = 0; i < FL_DISPATCH_BATCHES; i++)
        fl_dispatch_batch_destroy(&worker->batches[i]);
    free(worker);
}

void fl_dispatch_destroy(struct fl_dispatch **dispatch)
{
    struct fl_dispatch *d = *dispatch;

    if (!d)
        return;
    while (d->workers) {
        struct fl_dispatch_worker *next = d->workers->next;

        worker_free(d->workers);
        d->workers = next;
    }
    while (d->channels) {
        struct channel *next = d->channels->next;

        free(d->channels->name);
        free(d->channels);
        d->channels = next;
    }
    fl_dispatch_cache_clear(d);
    fl_arena_destroy(&d->pending_arena);
    fl_arena_destroy(&d->claim_arena);
    fl_arena_destroy(&d->lease_arena);
    free(d->pending);
    free(d->suspects);
    free(d);
    *dispatch = NULL;
}

void fl_dispatch_set_conf(struct fl_dispatch *dispatch, const struct fl_conf *conf)
{
    dispatch->options.conf = conf;
}

/* A channel that was taken out of the configuration keeps working, with the built-in settings, for
 * what its workers still have in hand. */
const struct fl_conf_channel *fl_dispatch_conf_of(const struct fl_dispatch *dispatch,
                                                  const struct channel *channel)
{
    static const struct fl_conf_channel removed = {
        .name = "",
        .retry_first_us = 60 * FL_US_PER_S,
        .retry_max_us = 3600 * FL_US_PER_S,
        .expire_after_us = 3 * FL_US_PER_DAY,
    };
    const struct fl_conf_channel *conf =
        fl_conf_channel_find(dispatch->options.conf, channel->name);

    return conf ? conf : &removed;
}

enum fl_status fl_dispatch_recover(struct fl_dispatch *dispatch, struct fl_error *err)
{
    dispatch->lease_arena = fl_arena_create(LEASE_ARENA_MAX);
    if (!dispatch->lease_arena)
        return fl_error_set(err, FL_LIMIT, "no memory for the leases of an earlier life");
    return fl_store_lease_all(dispatch->options.store, dispatch->lease_arena, &dispatch->old_leases,
                              &dispatch->n_old_leases, err);
}

static enum fl_status channel_get(struct fl_dispatch *dispatch, const char *name,
                                  enum fl_medium medium, struct channel **out, struct fl_error *err)
{
    struct channel *channel;
    int64_t id = 0;
    enum fl_status st;

    for (channel = dispatch->channels; channel; channel = channel->next) {
        if (strcmp(channel->name, name) == 0) {
            *out = channel;
            return FL_OK;
        }
    }
    st = fl_store_begin(dispatch->options.store, err);
    if (!st)
        st = fl_store_channel_id(dispatch->options.store, name, medium, &id, err);
    if (!st)
        st = fl_store_commit(dispatch->options.store, err);
    if (st) {
        fl_store_rollback(dispatch->options.store);
        return st;
    }
    channel = calloc(1, sizeof *channel);
    if (channel)
        channel->name = strdup(name);
    if (!channel || !channel->name) {
        free(channel);
        return fl_error_set(err, FL_LIMIT, "no memory for channel \"%s\"", name);
    }
    channel->id = id;
    channel->medium = medium;
    channel->filled_us = fl_clock_now(&dispatch->options.clock);
    channel->next = dispatch->channels;
    dispatch->channels = channel;
    *out = channel;
    return FL_OK;
}

enum fl_status fl_dispatch_worker_up(struct fl_dispatch *dispatch, const char *channel_name,
                                     enum fl_medium medium, int worker, unsigned capabilities,
                                     size_t batch_max, void *worker_ctx,
                                     struct fl_dispatch_worker **out, struct fl_error *err)
{
    struct fl_dispatch_worker *w;
    struct channel *channel = NULL;
    enum fl_status st = channel_get(dispatch, channel_name, medium, &channel, err);

    if (st)
        return fl_error_prefix(err, st, "channel \"%s\"", channel_name);
    w = calloc(1, sizeof *w);
    if (!w)
        return fl_error_set(err, FL_LIMIT, "no memory for a worker");
    channel->capabilities = capabilities;
    w->dispatch = dispatch;
    w->channel = channel;
    w->number = worker;
    w->epoch = fl_store_new_id(dispatch->options.store);
    w->batch_max = batch_max ? batch_max : 1;
    w->ctx = worker_ctx;
    w->next = dispatch->workers;
    dispatch->workers = w;
    if (!channel->is_recovered)
        fl_dispatch_recover_channel(dispatch, channel);
    *out = w;
    return FL_OK;
}

static struct batch *batch_of(struct fl_dispatch_worker *worker, uint64_t id)
{
    for (int i = 0; i < FL_DISPATCH_BATCHES; i++)
        if (worker->batches[i] && worker->batches[i]->id == id)
            return worker->batches[i];
    FL_LOG(&worker->dispatch->log, FL_LOG_WARN,
           "a worker speaks of a batch it does not have; ignored",
           FL_KV_STR("channel", worker->channel->name), FL_KV_INT("worker", worker->number));
    return NULL;
}

void fl_dispatch_started(struct fl_dispatch_worker *worker, uint64_t id)
{
    struct batch *batch = batch_of(worker, id);

    if (batch)
        batch->is_started = true;
}

/* The worker lives, whatever it says: this message did not kill it. */
static void answer_alive(struct fl_dispatch_worker *worker, struct batch *batch,
                         struct in_hand *hand, const struct fl_report *report)
{
    fl_dispatch_suspect_clear(worker->dispatch, hand->message);
    fl_dispatch_answer(worker, batch, hand, report);
}

static struct in_hand *hand_of(struct fl_dispatch_worker *worker, struct batch *batch,
                               uint32_t item)
{
    if (!batch)
        return NULL;
    if (item < batch->n_items)
        return &batch->hands[item];
    FL_LOG(&worker->dispatch->log, FL_LOG_WARN,
           "a worker speaks of an item its batch does not have; ignored",
           FL_KV_STR("channel", worker->channel->name), FL_KV_INT("item", item));
    return NULL;
}

void fl_dispatch_began(struct fl_dispatch_worker *worker, uint64_t id, uint32_t item)
{
    struct in_hand *hand = hand_of(worker, batch_of(worker, id), item);

    if (hand)
        hand->is_begun = true;
}

void fl_dispatch_reported(struct fl_dispatch_worker *worker, uint64_t id,
                          const struct fl_report *report)
{
    struct batch *batch = batch_of(worker, id);
    struct in_hand *hand = hand_of(worker, batch, report->item);

    if (hand)
        answer_alive(worker, batch, hand, report);
}

/* May the message have left without our knowing?  A plugin that says when it begins is believed. */
static bool is_doubtful(const struct fl_dispatch_worker *worker, const struct batch *batch,
                        const struct in_hand *hand)
{
    return batch->is_started && (hand->is_begun || !(worker->channel->capabilities & FL_BEGINS));
}

/* Takes the batch out of the worker's hands; its lease goes with the next commit. */
static void batch_close(struct fl_dispatch_worker *worker, struct batch *batch)
{
    fl_dispatch_drop_lease(worker->dispatch, (int64_t)batch->id);
    for (int i = 0; i < FL_DISPATCH_BATCHES; i++)
        if (worker->batches[i] == batch)
            fl_dispatch_batch_destroy(&worker->batches[i]);
}

void fl_dispatch_finished(struct fl_dispatch_worker *worker, uint64_t id, bool is_retry,
                          const char *why)
{
    struct batch *batch = batch_of(worker, id);
    struct fl_report silent = {
        .size = sizeof silent,
        .fault = is_retry ? FL_FAULT_TRANSIENT : FL_FAULT_UNKNOWN,
        .detail = why && *why ? why : "the plugin said nothing about this message",
    };

    if (!batch)
        return;
    batch->is_started = true; /* it came back */
    for (size_t i = 0; i < batch->n_items; i++) {
        bool is_left =
            is_doubtful(worker, batch, &batch->hands[i]) && (!is_retry || batch->hands[i].is_begun);

        silent.outcome = is_left ? FL_OUTCOME_UNCERTAIN : FL_OUTCOME_NOT_TRIED;
        answer_alive(worker, batch, &batch->hands[i], &silent);
    }
    batch_close(worker, batch);
}

/* A batch whose worker died: what it had not started or begun goes back untouched, the rest is
 * doubtful.  In a started one every message without an answer is suspected of having killed the
 * worker, begun or not. */
static void batch_lost(struct fl_dispatch_worker *worker, struct batch *batch)
{
    static const struct fl_report died = {
        .size = sizeof died,
        .outcome = FL_OUTCOME_UNCERTAIN,
        .fault = FL_FAULT_OUR_SIDE,
        .detail = "the worker died before it reported",
    };

    for (size_t i = 0; i < batch->n_items; i++) {
        struct in_hand *hand = &batch->hands[i];

        if (hand->is_answered)
            continue;
        if (batch->is_started)
            fl_dispatch_suspect_add(worker->dispatch, hand->message);
        if (is_doubtful(worker, batch, hand))
            fl_dispatch_answer(worker, batch, hand, &died);
        else
            fl_dispatch_give_back(worker->dispatch, hand);
    }
    batch_close(worker, batch);
}

void fl_dispatch_worker_lost(struct fl_dispatch_worker **worker)
{
    struct fl_dispatch_worker *w = *worker, **link;

    if (!w)
        return;
    for (int i = 0; i < FL_DISPATCH_BATCHES; i++)
        if (w->batches[i])
            batch_lost(w, w->batches[i]);
    for (link = &w->dispatch->workers; *link != w; link = &(*link)->next)
        ;
    *link = w->next;
    worker_free(w);
    *worker = NULL;
}

/* Claims for every free slot, first slots of all workers before second ones, so that few messages
 * are shared fairly. */
static enum fl_status fill_workers(struct fl_dispatch *dispatch, struct fl_error *err)
{
    for (int slot = 0; slot < FL_DISPATCH_BATCHES; slot++) {
        for (struct fl_dispatch_worker *w = dispatch->workers; w; w = w->next) {
            enum fl_status st;

            if (w->batches[slot])
                continue;
            st = fl_dispatch_fill(w, &w->batches[slot], err);
            if (st)
                return fl_error_prefix(err, st, "claiming for channel \"%s\"", w->channel->name);
        }
    }
    return FL_OK;
}

static bool has_free_slot(const struct fl_dispatch *dispatch)
{
    for (const struct fl_dispatch_worker *w = dispatch->workers; w; w = w->next)
        for (int i = 0; i < FL_DISPATCH_BATCHES; i++)
            if (!w->batches[i])
                return true;
    return false;
}

/* Nothing of this step became durable: batches made in it were never real. */
static void undo_step(struct fl_dispatch *dispatch)
{
    fl_store_rollback(dispatch->options.store);
    for (struct fl_dispatch_worker *w = dispatch->workers; w; w = w->next)
        for (int i = 0; i < FL_DISPATCH_BATCHES; i++)
            if (w->batches[i] && !w->batches[i]->is_handed_over)
                fl_dispatch_batch_destroy(&w->batches[i]);
}

static void hand_over(struct fl_dispatch *dispatch)
{
    for (struct fl_dispatch_worker *w = dispatch->workers; w; w = w->next) {
        for (int i = 0; i < FL_DISPATCH_BATCHES; i++) {
            struct batch *batch = w->batches[i];
            struct fl_error err = {0};

            if (!batch || batch->is_handed_over)
                continue;
            batch->is_handed_over = true;
            if (dispatch->options.io.deliver(dispatch->options.io.ctx, w->ctx, batch->id,
                                             batch->items, batch->n_items, &err))
                FL_LOG(&dispatch->log, FL_LOG_WARN,
                       "a batch could not be handed to its worker; it goes back when it is gone",
                       FL_KV_STR("channel", w->channel->name), FL_KV_STR("why", err.text));
        }
    }
}

/* When the next message of any channel with a free worker will be due. */
static enum fl_status next_wake(struct fl_dispatch *dispatch, int64_t *out_us, struct fl_error *err)
{
    int64_t now_us = fl_clock_now(&dispatch->options.clock), wake = FL_TIME_NONE;

    for (const struct channel *c = dispatch->channels; c; c = c->next) {
        int64_t due_us = FL_TIME_NONE;
        bool has_free = false;
        enum fl_status st;

        for (const struct fl_dispatch_worker *w = dispatch->workers; w; w = w->next)
            for (int i = 0; w->channel == c && i < FL_DISPATCH_BATCHES; i++)
                has_free |= !w->batches[i];
        if (!has_free)
            continue;
        st = fl_store_next_due(dispatch->options.store, c->id, &due_us, err);
        if (st)
            return st;
        if (due_us == FL_TIME_NONE)
            continue;
        /* Due already and not taken: the rate, or a suspect in hand; look again shortly. */
        if (due_us <= now_us)
            due_us = now_us + 50 * FL_US_PER_MS;
        if (wake == FL_TIME_NONE || due_us < wake)
            wake = due_us;
    }
    *out_us = wake;
    return FL_OK;
}

enum fl_status fl_dispatch_step(struct fl_dispatch *dispatch, int64_t *out_wake_us,
                                struct fl_error *err)
{
    bool may_fill = !dispatch->is_draining && has_free_slot(dispatch);
    int64_t wake = FL_TIME_NONE;
    enum fl_status st;

    if (!dispatch->n_pending && !may_fill) {
        *out_wake_us = FL_TIME_NONE;
        return FL_OK;
    }
    st = fl_store_begin(dispatch->options.store, err);
    if (st)
        return st;
    st = fl_dispatch_write_pending(dispatch, 0, err);
    if (!st && may_fill)
        st = fill_workers(dispatch, err);
    if (!st)
        st = fl_store_commit(dispatch->options.store, err);
    if (st) {
        undo_step(dispatch);
        return st;
    }
    fl_dispatch_forget_pending(dispatch);
    hand_over(dispatch);
    if (may_fill)
        st = next_wake(dispatch, &wake, err);
    if (!st)
        *out_wake_us = wake;
    return st;
}

bool fl_dispatch_has_work_in_hand(const struct fl_dispatch *dispatch)
{
    for (const struct fl_dispatch_worker *w = dispatch->workers; w; w = w->next)
        for (int i = 0; i < FL_DISPATCH_BATCHES; i++)
            if (w->batches[i])
                return true;
    return false;
}

bool fl_dispatch_wants_step(const struct fl_dispatch *dispatch)
{
    return dispatch->n_pending > 0;
}

void fl_dispatch_drain(struct fl_dispatch *dispatch)
{
    dispatch->is_draining = true;
}
