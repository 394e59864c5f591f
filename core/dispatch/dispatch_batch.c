#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "dispatch/dispatch_private.h"
#include "policy/policy.h"

void fl_dispatch_batch_destroy(struct batch **batch)
{
    if (!*batch)
        return;
    fl_arena_destroy(&(*batch)->arena);
    free(*batch);
    *batch = NULL;
}

static struct batch *batch_create(size_t n_max)
{
    struct batch *batch = calloc(1, sizeof *batch);

    if (!batch)
        return NULL;
    batch->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    if (batch->arena) {
        batch->hands = FL_ARENA_ARRAY(batch->arena, struct in_hand, n_max);
        batch->items = FL_ARENA_ARRAY(batch->arena, const struct fl_item *, n_max);
    }
    if (!batch->arena || !batch->hands || !batch->items)
        fl_dispatch_batch_destroy(&batch);
    return batch;
}

/* How many items the channel's rate allows now: one bucket for all its workers. */
static size_t rate_allows(struct fl_dispatch *dispatch, struct channel *channel, size_t wanted)
{
    const struct fl_conf_channel *conf = fl_dispatch_conf_of(dispatch, channel);
    int64_t now_us = fl_clock_now(&dispatch->options.clock);
    double rate = (double)conf->rate, most = rate;

    if (conf->rate <= 0)
        return wanted;
    if (most < 1)
        most = 1;
    channel->tokens += (double)(now_us - channel->filled_us) / (double)FL_US_PER_S * rate;
    channel->filled_us = now_us;
    if (channel->tokens > most)
        channel->tokens = most;
    return channel->tokens < (double)wanted ? (size_t)channel->tokens : wanted;
}

static bool is_overdue(struct fl_dispatch *dispatch, struct channel *channel,
                       const struct fl_claim_row *row)
{
    const struct fl_conf_channel *conf = fl_dispatch_conf_of(dispatch, channel);

    return conf->expire_after_us > 0 &&
           fl_clock_now(&dispatch->options.clock) > row->message.due_us + conf->expire_after_us;
}

enum decision { TAKEN, SETTLED, NOT_NOW };

/* Decides about one claimed message and puts it into the batch when it may leave. */
static enum decision consider(struct fl_dispatch_worker *worker, struct batch *batch,
                              const struct fl_claim_row *row)
{
    struct fl_dispatch *dispatch = worker->dispatch;
    enum fl_rule rule = fl_policy_decide(row);
    struct fl_error err = {0};
    int deaths;

    if (row->campaign_state == FL_CAMPAIGN_CANCELLED) {
        fl_dispatch_refuse(dispatch, row, FL_MESSAGE_CANCELLED, FL_RULE_CAMPAIGN_CANCELLED, NULL);
        return SETTLED;
    }
    if (rule != FL_RULE_NONE) {
        fl_dispatch_refuse(dispatch, row, FL_MESSAGE_SUPPRESSED, rule, NULL);
        return SETTLED;
    }
    if (is_overdue(dispatch, worker->channel, row)) {
        fl_dispatch_refuse(dispatch, row, FL_MESSAGE_EXPIRED, FL_RULE_EXPIRED, NULL);
        return SETTLED;
    }
    deaths = fl_dispatch_suspect_deaths(dispatch, row->message.id);
    if (deaths >= DEATHS_UNTIL_QUARANTINE) {
        fl_dispatch_suspect_clear(dispatch, row->message.id);
        fl_dispatch_refuse(dispatch, row, FL_MESSAGE_HELD, FL_RULE_HELD_QUARANTINE, NULL);
        return SETTLED;
    }
    if (deaths && batch->n_items)
        return NOT_NOW; /* a suspect travels alone, so that it can hurt nobody else */
    if (fl_dispatch_item(dispatch, batch->arena, worker->channel, row,
                         &batch->items[batch->n_items], &err)) {
        fl_dispatch_refuse(dispatch, row, FL_MESSAGE_FAILED, FL_RULE_RENDERING_FAILED, err.text);
        return SETTLED;
    }
    batch->hands[batch->n_items++] = (struct in_hand){
        .message = row->message.id,
        .address = row->message.address,
        .from = row->message.state,
        .attempts = row->message.attempts + 1,
        .due_us = row->message.due_us,
    };
    return TAKEN;
}

static bool is_full(const struct fl_dispatch *dispatch, const struct batch *batch, size_t wanted)
{
    return batch->n_items == wanted ||
           (batch->n_items == 1 &&
            fl_dispatch_suspect_deaths(dispatch, batch->hands[0].message) > 0);
}

/* Leases what is in the batch; durable with the commit of this step. */
static enum fl_status lease(struct fl_dispatch_worker *worker, struct batch *batch,
                            struct fl_error *err)
{
    int64_t *ids = FL_ARENA_ARRAY(batch->arena, int64_t, batch->n_items);
    struct fl_lease row = {.channel = worker->channel->id,
                           .worker = worker->number,
                           .epoch = worker->epoch,
                           .is_begun = true,
                           .ids = ids,
                           .n_ids = batch->n_items};
    enum fl_status st;

    if (!ids)
        return fl_error_set(err, FL_LIMIT, "no memory for a lease");
    for (size_t i = 0; i < batch->n_items; i++)
        ids[i] = batch->hands[i].message;
    st = fl_store_lease_put(worker->dispatch->options.store, &row, err);
    if (!st)
        batch->id = (uint64_t)row.id;
    return st;
}

enum fl_status fl_dispatch_fill(struct fl_dispatch_worker *worker, struct batch **out,
                                struct fl_error *err)
{
    struct fl_dispatch *dispatch = worker->dispatch;
    struct channel *channel = worker->channel;
    size_t wanted = rate_allows(dispatch, channel, worker->batch_max);
    int64_t now_us = fl_clock_now(&dispatch->options.clock);
    struct batch *batch;
    enum fl_status st = FL_OK;

    if (!wanted)
        return FL_OK;
    batch = batch_create(wanted);
    if (!batch)
        return fl_error_set(err, FL_LIMIT, "no memory for a batch");
    for (int round = 0; round < CLAIM_ROUNDS_MAX && !is_full(dispatch, batch, wanted); round++) {
        size_t written = dispatch->n_pending, n = 0;
        struct fl_claim_row *rows;
        bool is_stopped = false;

        fl_arena_reset(dispatch->claim_arena);
        st = fl_store_claim(dispatch->options.store, dispatch->claim_arena, channel->id, now_us,
                            wanted - batch->n_items, &rows, &n, err);
        for (size_t i = 0; !st && i < n && !is_stopped; i++)
            is_stopped =
                consider(worker, batch, &rows[i]) == NOT_NOW || is_full(dispatch, batch, wanted);
        /* What was settled is written before the next claim, which would see it again. */
        if (!st)
            st = fl_dispatch_write_pending(dispatch, written, err);
        /* What was taken is invisible to a claim only from the lease on: so one round takes. */
        if (st || !n || batch->n_items)
            break;
    }
    if (!st && batch->n_items)
        st = lease(worker, batch, err);
    if (st || !batch->n_items) {
        fl_dispatch_batch_destroy(&batch);
        return st;
    }
    channel->tokens -= (double)batch->n_items;
    *out = batch;
    return FL_OK;
}
