/* Inside the dispatch room. */
#ifndef FL_DISPATCH_PRIVATE_H
#define FL_DISPATCH_PRIVATE_H

#include "content/content.h"
#include "dispatch/dispatch.h"

enum {
    CONTENT_CACHE_SIZE = 32,
    CLAIM_ROUNDS_MAX = 64, /* of one worker in one step, when policy suppresses whole claims */
    DEATHS_UNTIL_QUARANTINE = 2,
    SUSPECTS_MAX = 100000
};

/* A message in somebody's hand. */
struct in_hand {
    int64_t message;
    int64_t address;
    enum fl_message_state from; /* as stored when it was claimed */
    int attempts;               /* with this one */
    int64_t due_us;
    bool is_begun; /* by the plugin's own word */
    bool is_answered;
};

struct batch {
    uint64_t id; /* = the lease */
    struct fl_arena *arena;
    struct in_hand *hands;
    const struct fl_item **items;
    size_t n_items;
    size_t n_answered;
    bool is_handed_over;
    bool is_started;
    bool is_finished;
};

struct fl_dispatch_worker {
    struct fl_dispatch *dispatch;
    struct fl_dispatch_worker *next;
    struct channel *channel;
    int number;
    int64_t epoch;
    size_t batch_max;
    void *ctx;
    struct batch *batches[FL_DISPATCH_BATCHES];
};

struct channel {
    struct channel *next;
    char *name;
    int64_t id;
    enum fl_medium medium;
    unsigned capabilities;
    bool is_recovered;
    double tokens; /* of the rate bucket */
    int64_t filled_us;
    int64_t asked_about[2]; /* the last message of uncertain and of held ones */
};

/* What the next step will write; strings live in pending_arena. */
struct pending {
    struct fl_settle settle;
    struct fl_event event;
    int64_t suppress_address; /* 0: none */
    int64_t drop_lease;       /* not 0: only this */
};

struct cached_content {
    int64_t id;
    struct fl_content *content; /* NULL: it does not compile; `why` says it */
    char why[FL_ERROR_TEXT_SIZE];
    uint64_t used;
};

/* A message that was in hand when a worker died: it is tried alone next. */
struct suspect {
    int64_t message;
    int deaths;
};

struct fl_dispatch {
    struct fl_dispatch_options options;
    struct fl_log log;
    struct channel *channels;
    struct fl_dispatch_worker *workers;
    struct fl_arena *pending_arena;
    struct pending *pending; /* malloc'ed, survives a failed commit */
    size_t n_pending, cap_pending;
    struct fl_arena *claim_arena;
    struct cached_content cache[CONTENT_CACHE_SIZE];
    uint64_t cache_clock;
    struct suspect *suspects;
    size_t n_suspects, cap_suspects;
    struct fl_arena *lease_arena; /* of the leases found at start */
    struct fl_lease *old_leases;
    size_t n_old_leases;
    bool is_draining;
};

/* dispatch_settle.c */
void fl_dispatch_answer(struct fl_dispatch_worker *worker, struct batch *batch,
                        struct in_hand *hand, const struct fl_report *report);
void fl_dispatch_give_back(struct fl_dispatch *dispatch, const struct in_hand *hand);
void fl_dispatch_refuse(struct fl_dispatch *dispatch, const struct fl_claim_row *row,
                        enum fl_message_state to, enum fl_rule rule, const char *detail);
void fl_dispatch_drop_lease(struct fl_dispatch *dispatch, int64_t lease);
FL_CHECK_RESULT enum fl_status fl_dispatch_write_pending(struct fl_dispatch *dispatch, size_t from,
                                                         struct fl_error *err);
void fl_dispatch_forget_pending(struct fl_dispatch *dispatch);
int fl_dispatch_suspect_deaths(const struct fl_dispatch *dispatch, int64_t message);
int fl_dispatch_suspect_add(struct fl_dispatch *dispatch, int64_t message);
void fl_dispatch_suspect_clear(struct fl_dispatch *dispatch, int64_t message);
void fl_dispatch_recover_channel(struct fl_dispatch *dispatch, struct channel *channel);

/* dispatch_render.c */
FL_CHECK_RESULT enum fl_status fl_dispatch_item(struct fl_dispatch *dispatch,
                                                struct fl_arena *arena,
                                                const struct channel *channel,
                                                const struct fl_claim_row *row,
                                                const struct fl_item **out, struct fl_error *err);
void fl_dispatch_cache_clear(struct fl_dispatch *dispatch);

/* dispatch_batch.c */
FL_CHECK_RESULT enum fl_status fl_dispatch_fill(struct fl_dispatch_worker *worker,
                                                struct batch **out, struct fl_error *err);
void fl_dispatch_batch_destroy(struct batch **batch);
const struct fl_conf_channel *fl_dispatch_conf_of(const struct fl_dispatch *dispatch,
                                                  const struct channel *channel);

#endif
