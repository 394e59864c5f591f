/*
 * Dispatch: takes due messages, decides, renders, hands them to workers, settles what came of it.
 *
 * FOR    core.  It does no I/O itself but the store's: workers are reached through `io`.
 * OWNS   the life of a message: one table (dispatch_state.c) says which state may follow which;
 *        nothing else changes a state.
 * LIFE   create -> recover -> { worker_up | started | reported | finished | worker_lost | step }*
 * HOLDS  a lease that says `begun` is durable before a worker sees an item, so that after a crash
 *        what was begun and not reported is known: with FL_DEDUPES it is sent again under the same
 *        identity, at most FL_DISPATCH_DOUBTS_MAX times, else held for a person, and so is all that
 *        costs money.  What a worker has not started, or by its own word (FL_BEGINS) not begun,
 * goes back untouched.  Work in hand is at most FL_DISPATCH_BATCHES batches a worker: the doubtful
 *        window.  One commit a step serves all workers (group commit).  An item that was in hand
 *        when two workers died is quarantined.
 * ASKS   a peer that can tell about what is doubtful (fl_dispatch_doubts); a receipt then settles
 * it.
 */
#ifndef FL_DISPATCH_DISPATCH_H
#define FL_DISPATCH_DISPATCH_H

#include "base/log.h"
#include "base/token.h"
#include "conf/conf.h"
#include "content/content.h"
#include "content/data.h"
#include "fairline/channel.h"
#include "store/store.h"

enum { FL_DISPATCH_BATCHES = 2, FL_DISPATCH_RETRIES_MAX = 30, FL_DISPATCH_DOUBTS_MAX = 4 };

struct fl_dispatch;
struct fl_dispatch_worker; /* one process of a channel */

struct fl_dispatch_io {
    /* Hands a batch over; must not block.  A failure is a lost worker, told by worker_lost(). */
    enum fl_status (*deliver)(void *ctx, void *worker_ctx, uint64_t batch,
                              const struct fl_item *const *items, size_t n_items,
                              struct fl_error *err);
    void *ctx;
};

struct fl_dispatch_options {
    struct fl_store *store;
    struct fl_token_keys *keys;
    struct fl_clock clock;
    const struct fl_log *log;
    const struct fl_conf *conf; /* replaced on reload by fl_dispatch_set_conf() */
    struct fl_dispatch_io io;
};

FL_CHECK_RESULT enum fl_status fl_dispatch_create(const struct fl_dispatch_options *options,
                                                  struct fl_dispatch **out, struct fl_error *err);
void fl_dispatch_destroy(struct fl_dispatch **dispatch);
void fl_dispatch_set_conf(struct fl_dispatch *dispatch, const struct fl_conf *conf);

/* Settles the leases an earlier life left behind; once, before any worker is up. */
FL_CHECK_RESULT enum fl_status fl_dispatch_recover(struct fl_dispatch *dispatch,
                                                   struct fl_error *err);

/* A worker is ready.  `capabilities` are the plugin's; `batch_max` its limit or the channel's. */
FL_CHECK_RESULT enum fl_status fl_dispatch_worker_up(struct fl_dispatch *dispatch,
                                                     const char *channel, enum fl_medium medium,
                                                     int worker, unsigned capabilities,
                                                     size_t batch_max, void *worker_ctx,
                                                     struct fl_dispatch_worker **out,
                                                     struct fl_error *err);
/* The worker has begun the batch: from now on its items are doubtful when it dies. */
void fl_dispatch_started(struct fl_dispatch_worker *worker, uint64_t batch);
/* A plugin with FL_BEGINS says that what cannot be taken back comes next for this item.  Of its
 * batches only what it has begun is doubtful. */
void fl_dispatch_began(struct fl_dispatch_worker *worker, uint64_t batch, uint32_t item);
void fl_dispatch_reported(struct fl_dispatch_worker *worker, uint64_t batch,
                          const struct fl_report *report);
/* deliver() came back; items without a report are UNCERTAIN, or NOT_TRIED when `is_retry`.  With
 * FL_BEGINS they are what they are: begun ones UNCERTAIN, the others NOT_TRIED. */
void fl_dispatch_finished(struct fl_dispatch_worker *worker, uint64_t batch, bool is_retry,
                          const char *why);
/* At most `max` references of messages of the worker's channel that nobody knows the fate of, for
 * lookup(): the peer's own, or the identity token.  Another call goes on behind these. */
FL_CHECK_RESULT enum fl_status fl_dispatch_doubts(struct fl_dispatch_worker *worker,
                                                  struct fl_arena *arena, size_t max,
                                                  const char *const **out, size_t *out_n,
                                                  struct fl_error *err);
/* The process is gone; frees the worker. */
void fl_dispatch_worker_lost(struct fl_dispatch_worker **worker);

/* One round: settles reports, fills free workers, commits, hands over.  `*out_wake_us`: call again
 * at the latest then (FL_TIME_NONE: when something happens).  The caller has no transaction open.
 */
FL_CHECK_RESULT enum fl_status fl_dispatch_step(struct fl_dispatch *dispatch, int64_t *out_wake_us,
                                                struct fl_error *err);
bool fl_dispatch_has_work_in_hand(const struct fl_dispatch *dispatch);
bool fl_dispatch_wants_step(const struct fl_dispatch *dispatch); /* answers are waiting */
void fl_dispatch_drain(struct fl_dispatch *dispatch);            /* no new claims from now on */

/* ---- one message as a plugin gets it ----------------------------------------------------------*/

enum {
    FL_DISPATCH_SHORT_CODE_LEN = 13, /* 65 bits */
    FL_DISPATCH_SHORT_LINK_DAYS = 90 /* after that its code says nothing any more */
};

/* Addresses of the customer's pages; "" where there are no public pages. */
struct fl_dispatch_urls {
    const char *unsubscribe;
    const char *preferences;
    const char *page;
    const char *survey; /* "" too where the content has no survey */
};

/* What a template sees of one message, here and in every preview:
 *     name external_id language attributes.* anchors.* (dates as text) campaign stage
 *     organisation postal_address contact
 *     unsubscribe_url preferences_url page_url survey_url */
FL_CHECK_RESULT enum fl_status fl_dispatch_data(struct fl_arena *arena, const struct fl_conf *conf,
                                                const struct fl_claim_row *row,
                                                const struct fl_dispatch_urls *urls,
                                                const struct fl_data **out, struct fl_error *err);

/* The addresses of one message's pages, in full; for staff who help a customer. */
FL_CHECK_RESULT enum fl_status fl_dispatch_urls_of(
    struct fl_arena *arena, const struct fl_conf *conf, struct fl_token_keys *keys, int64_t message,
    enum fl_medium medium, bool has_survey, struct fl_dispatch_urls *out, struct fl_error *err);

struct fl_dispatch_compose {
    const struct fl_conf *conf;
    struct fl_token_keys *keys;
    enum fl_medium medium;
    unsigned capabilities;  /* of the plugin */
    const char *short_code; /* where fl_dispatch_wants_short_link() */
};
bool fl_dispatch_wants_short_link(const struct fl_dispatch_compose *compose);
void fl_dispatch_short_code(char out[FL_DISPATCH_SHORT_CODE_LEN + 1]); /* a random one */

/* Signs the tokens, renders, and wraps the links of a mail where the configuration says so.  All of
 * it lives in `arena`, the survey with the content. */
FL_CHECK_RESULT enum fl_status fl_dispatch_compose(const struct fl_dispatch_compose *compose,
                                                   struct fl_content *content,
                                                   const struct fl_claim_row *row,
                                                   struct fl_arena *arena,
                                                   const struct fl_item **out,
                                                   struct fl_error *err);

/* --- the state table ---------------------------------------------------------------------------*/

/* May `to` follow `from`?  The only truth about it. */
bool fl_dispatch_may_follow(enum fl_message_state from, enum fl_message_state to);

/* What an outcome does to a message: its next state, and whether the address is suppressed.
 * `attempts` includes the one reported; `jitter` 0..999 spreads retries over 3/4 to 5/4 of the
 * delay.  Deferred for longer than the channel's expire_after in all: expired. */
struct fl_verdict {
    enum fl_message_state state;
    enum fl_rule rule;
    enum fl_event_kind event;
    bool suppresses_address;
    int64_t due_us; /* when deferred */
};
struct fl_verdict fl_dispatch_judge(const struct fl_conf_channel *channel,
                                    const struct fl_report *report, unsigned capabilities,
                                    int attempts, int64_t now_us, uint32_t jitter);

#endif
