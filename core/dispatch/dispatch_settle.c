#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"
#include "dispatch/dispatch_private.h"
#include "policy/policy.h"

/* NULL when memory is out: then the answer stays unwritten, its lease stays, and the message is
 * doubtful, which is the truth. */
static struct pending *pending_add(struct fl_dispatch *dispatch)
{
    if (dispatch->n_pending == dispatch->cap_pending) {
        size_t cap = dispatch->cap_pending ? dispatch->cap_pending * 2 : 256;
        struct pending *grown = realloc(dispatch->pending, cap * sizeof *grown);

        if (!grown)
            return NULL;
        dispatch->pending = grown;
        dispatch->cap_pending = cap;
    }
    memset(&dispatch->pending[dispatch->n_pending], 0, sizeof *dispatch->pending);
    return &dispatch->pending[dispatch->n_pending++];
}

static const char *keep(struct fl_dispatch *dispatch, const char *text)
{
    return text && *text ? fl_arena_strdup(dispatch->pending_arena, text) : NULL;
}

static bool count_doubt(void *ctx, const struct fl_event *event)
{
    int *n = ctx;

    *n += event->kind == FL_EVENT_UNCERTAIN;
    return true;
}

/* A peer that takes a message and never says so would be given it again without end, and a mailbox
 * that cannot tell copies apart would fill with them: each further doubt waits longer, and the last
 * one is for a person.  Whoever kills workers needs no such bound: it is quarantined at once. */
static void bound_doubts(struct fl_dispatch_worker *worker, const struct in_hand *hand,
                         int64_t now_us, struct fl_verdict *verdict)
{
    const struct fl_conf_channel *conf = fl_dispatch_conf_of(worker->dispatch, worker->channel);
    int64_t delay_us = conf->retry_first_us;
    int n = 0;

    if (verdict->event != FL_EVENT_UNCERTAIN || verdict->state != FL_MESSAGE_DEFERRED ||
        fl_dispatch_suspect_deaths(worker->dispatch, hand->message))
        return;
    if (fl_store_event_each(worker->dispatch->options.store, hand->message, count_doubt, &n, NULL))
        n = 1;
    if (n + 1 >= FL_DISPATCH_DOUBTS_MAX) {
        verdict->state = FL_MESSAGE_UNCERTAIN;
        verdict->rule = FL_RULE_HELD_UNCERTAIN;
        verdict->due_us = 0;
        return;
    }
    for (int i = 1; i < n; i++)
        delay_us *= 2;
    if (n)
        verdict->due_us = now_us + (delay_us < conf->retry_max_us ? delay_us : conf->retry_max_us);
}

void fl_dispatch_answer(struct fl_dispatch_worker *worker, struct batch *batch,
                        struct in_hand *hand, const struct fl_report *report)
{
    struct fl_dispatch *dispatch = worker->dispatch;
    int64_t now_us = fl_clock_now(&dispatch->options.clock);
    struct fl_verdict verdict = fl_dispatch_judge(
        fl_dispatch_conf_of(dispatch, worker->channel), report, worker->channel->capabilities,
        hand->attempts, now_us, (uint32_t)(fl_random_u64() % 1000));
    struct pending *p;

    if (hand->is_answered)
        return;
    p = pending_add(dispatch);
    if (!p)
        return;
    bound_doubts(worker, hand, now_us, &verdict);
    hand->is_answered = true;
    batch->n_answered++;
    p->settle = (struct fl_settle){hand->message,  hand->from,
                                   verdict.state,  verdict.rule,
                                   hand->attempts, verdict.due_us ? verdict.due_us : hand->due_us};
    p->event = (struct fl_event){
        .message = hand->message,
        .kind = verdict.event,
        .fault = report->fault,
        .attempt = hand->attempts,
        .code = report->code,
        .status = keep(dispatch, report->status),
        .detail = keep(dispatch, report->detail),
        .provider_ref = keep(dispatch, report->provider_ref),
        .cost_micro = report->cost_micro,
        .currency = keep(dispatch, report->currency),
        .units = report->units,
        .at_us = now_us,
    };
    if (verdict.suppresses_address)
        p->suppress_address = hand->address;
}

/* Nothing was begun: it is due again at once, and the try does not count. */
void fl_dispatch_give_back(struct fl_dispatch *dispatch, const struct in_hand *hand)
{
    struct pending *p = pending_add(dispatch);

    if (p)
        p->settle = (struct fl_settle){hand->message, hand->from,         FL_MESSAGE_DEFERRED,
                                       FL_RULE_NONE,  hand->attempts - 1, hand->due_us};
}

void fl_dispatch_refuse(struct fl_dispatch *dispatch, const struct fl_claim_row *row,
                        enum fl_message_state to, enum fl_rule rule, const char *detail)
{
    static const enum fl_event_kind events[FL_MESSAGE_STATES] = {
        [FL_MESSAGE_SUPPRESSED] = FL_EVENT_SUPPRESSED, [FL_MESSAGE_EXPIRED] = FL_EVENT_EXPIRED,
        [FL_MESSAGE_FAILED] = FL_EVENT_FAILED,         [FL_MESSAGE_HELD] = FL_EVENT_HELD,
        [FL_MESSAGE_CANCELLED] = FL_EVENT_CANCELLED,
    };
    struct pending *p = pending_add(dispatch);

    if (!p)
        return;
    p->settle = (struct fl_settle){row->message.id,       row->message.state, to, rule,
                                   row->message.attempts, row->message.due_us};
    p->event = (struct fl_event){
        .message = row->message.id,
        .kind = events[to],
        .fault = rule == FL_RULE_RENDERING_FAILED ? FL_FAULT_OUR_SIDE : FL_FAULT_NONE,
        .attempt = row->message.attempts,
        .detail = keep(dispatch, detail ? detail : fl_rule_sentence(rule)),
        .at_us = fl_clock_now(&dispatch->options.clock),
    };
}

void fl_dispatch_drop_lease(struct fl_dispatch *dispatch, int64_t lease)
{
    struct pending *p = pending_add(dispatch);

    if (p)
        p->drop_lease = lease;
}

static enum fl_status write_one(struct fl_dispatch *dispatch, const struct pending *p,
                                struct fl_error *err)
{
    struct fl_store *store = dispatch->options.store;
    int64_t event_id = 0;
    enum fl_status st;

    if (p->drop_lease)
        return fl_store_lease_drop(store, p->drop_lease, err);
    st = fl_store_message_settle(store, &p->settle, err);
    /* Somebody was first, such as a delivery report that overtook the answer: the state is newer
     * than what we know, and the event is still true. */
    if (st && st != FL_CONFLICT)
        return st;
    if (p->event.kind) {
        st = fl_store_event_put(store, &p->event, &event_id, err);
        if (st)
            return st;
    }
    if (p->suppress_address)
        return fl_store_address_set_status(store, p->suppress_address, FL_ADDRESS_SUPPRESSED,
                                           event_id, err);
    return FL_OK;
}

enum fl_status fl_dispatch_write_pending(struct fl_dispatch *dispatch, size_t from,
                                         struct fl_error *err)
{
    for (size_t i = from; i < dispatch->n_pending; i++) {
        enum fl_status st = write_one(dispatch, &dispatch->pending[i], err);

        if (st)
            return fl_error_prefix(err, st, "settling a message");
    }
    return FL_OK;
}

void fl_dispatch_forget_pending(struct fl_dispatch *dispatch)
{
    dispatch->n_pending = 0;
    fl_arena_reset(dispatch->pending_arena);
}

int fl_dispatch_suspect_deaths(const struct fl_dispatch *dispatch, int64_t message)
{
    for (size_t i = 0; i < dispatch->n_suspects; i++)
        if (dispatch->suspects[i].message == message)
            return dispatch->suspects[i].deaths;
    return 0;
}

int fl_dispatch_suspect_add(struct fl_dispatch *dispatch, int64_t message)
{
    for (size_t i = 0; i < dispatch->n_suspects; i++)
        if (dispatch->suspects[i].message == message)
            return ++dispatch->suspects[i].deaths;
    if (dispatch->n_suspects == dispatch->cap_suspects) {
        size_t cap = dispatch->cap_suspects ? dispatch->cap_suspects * 2 : 64;
        struct suspect *grown;

        if (cap > SUSPECTS_MAX)
            return 1;
        grown = realloc(dispatch->suspects, cap * sizeof *grown);
        if (!grown)
            return 1;
        dispatch->suspects = grown;
        dispatch->cap_suspects = cap;
    }
    dispatch->suspects[dispatch->n_suspects++] = (struct suspect){message, 1};
    return 1;
}

void fl_dispatch_suspect_clear(struct fl_dispatch *dispatch, int64_t message)
{
    for (size_t i = 0; i < dispatch->n_suspects; i++) {
        if (dispatch->suspects[i].message == message) {
            dispatch->suspects[i] = dispatch->suspects[--dispatch->n_suspects];
            return;
        }
    }
}

/* A message of a lease that an earlier life left: it may have left the house. */
static void recover_message(struct fl_dispatch *dispatch, struct channel *channel, int64_t id)
{
    static const struct fl_report unanswered = {
        .size = sizeof unanswered,
        .outcome = FL_OUTCOME_UNCERTAIN,
        .fault = FL_FAULT_OUR_SIDE,
        .detail = "the gateway stopped before the peer's answer was stored",
    };
    struct fl_dispatch_worker nobody = {.dispatch = dispatch, .channel = channel};
    struct batch batch = {0};
    struct fl_message message;
    struct fl_error err;

    if (fl_store_message_get(dispatch->options.store, id, &message, &err))
        return;
    if (message.state != FL_MESSAGE_PLANNED && message.state != FL_MESSAGE_DEFERRED)
        return;
    fl_dispatch_answer(&nobody, &batch,
                       &(struct in_hand){.message = id,
                                         .address = message.address,
                                         .from = message.state,
                                         .attempts = message.attempts + 1,
                                         .due_us = message.due_us},
                       &unanswered);
}

void fl_dispatch_recover_channel(struct fl_dispatch *dispatch, struct channel *channel)
{
    int64_t n = 0;

    for (size_t i = 0; i < dispatch->n_old_leases; i++) {
        struct fl_lease *lease = &dispatch->old_leases[i];

        if (lease->channel != channel->id)
            continue;
        for (size_t k = 0; lease->is_begun && k < lease->n_ids; k++)
            recover_message(dispatch, channel, lease->ids[k]);
        fl_dispatch_drop_lease(dispatch, lease->id);
        n += (int64_t)lease->n_ids;
        lease->channel = 0;
    }
    channel->is_recovered = true;
    if (n)
        FL_LOG(&dispatch->log, FL_LOG_WARN,
               "messages were in hand when the gateway stopped; they are settled now",
               FL_KV_STR("channel", channel->name), FL_KV_INT("messages", n));
}
