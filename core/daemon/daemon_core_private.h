/* Core: state that its files share. */
#ifndef FL_DAEMON_DAEMON_CORE_PRIVATE_H
#define FL_DAEMON_DAEMON_CORE_PRIVATE_H

#include "base/arena.h"
#include "base/faults.h"
#include "base/log.h"
#include "conf/conf.h"
#include "dispatch/dispatch.h"
#include "host/host_protocol.h"
#include "loop/link.h"
#include "ops/ops.h"
#include "store/store.h"

enum {
    FL_CORE_PIECES_MAX = 64,           /* of inbound in one transaction */
    FL_CORE_HOST_QUEUE_MAX = 64 << 20, /* bytes that may wait for a host: two batches */
    FL_CORE_PARENT_QUEUE_MAX = 16 << 20,
    FL_CORE_FRONT_QUEUE_MAX = 64 << 20,
    FL_CORE_CONF_ARENA_MAX = 64 << 20,
    FL_CORE_HOST_NAME_SIZE = 64,
    FL_CORE_DETAIL_SIZE = 256,
    FL_CORE_LOOKUP_REFS_MAX = 100, /* doubtful messages a peer is asked about at once */
    FL_CORE_LOOKUP_FIRST_MS = 1000,
    FL_CORE_LOOKUP_INTERVAL_MS = 300000
};

struct fl_core;
struct fl_core_front;
struct fl_core_hook;
struct fl_front_cache;
struct fl_control_server;
struct fl_core_rescore;
struct fl_core_value;

enum fl_core_host_state { FL_CORE_HOST_OPENING, FL_CORE_HOST_RUNNING, FL_CORE_HOST_ENDED };

/* One host as core sees it; lives as long as its socket. */
struct fl_core_host {
    struct fl_core_host *next;
    struct fl_core *core;
    char channel[FL_CORE_HOST_NAME_SIZE];
    int worker;
    int64_t generation;
    enum fl_core_host_state state;
    enum fl_medium medium;
    struct fl_link *link;
    struct fl_dispatch_worker *dispatched; /* NULL until READY, and without FL_CAN_DELIVER */
    struct fl_source *deadline;
    struct fl_source *lookup; /* NULL: this worker is not asked about doubtful messages */
    bool is_looking_up;
    int64_t timeout_us;
    int64_t heard_us; /* monotonic: the last sign of life */
    bool is_in_call;
    bool has_lost_piece; /* since its last COMMIT */
    bool wants_commit;
    unsigned capabilities;
    int n_unsettled; /* pieces in the transaction of this turn */
    int64_t n_reports, n_pieces;
};

/* A raw piece, receipt or remembered value of a host that is not stored yet; a question or form of
 * a front that is not answered yet. */
struct fl_core_piece {
    struct fl_core_host *host; /* one of these two */
    struct fl_core_front *front;
    struct fl_wire_frame frame;
    enum fl_status status; /* of a front's: what it is told */
    char *answer;          /* JSON; from malloc */
};

struct fl_core {
    struct fl_loop *loop;
    struct fl_log log;
    struct fl_link *parent;
    struct fl_arena *conf_arena;    /* of `conf` */
    struct fl_arena *retired_arena; /* of the one before */
    const struct fl_conf *conf;
    struct fl_store *store;
    struct fl_token_keys *keys;
    struct fl_dispatch *dispatch;
    struct fl_core_host *hosts;
    struct fl_core_front *fronts;
    struct fl_core_hook *hooks; /* oldest first */
    uint64_t n_hooks;           /* so far */
    struct fl_front_cache *front_cache;
    struct fl_source *step, *plan, *settle, *hook_timer;
    bool is_step_due; /* armed for the end of this turn */
    bool is_draining, is_drained;
    struct fl_core_piece pieces[FL_CORE_PIECES_MAX];
    size_t n_pieces;
    struct fl_arena *piece_arena;
    struct fl_control_server *control;
    struct fl_core_value *value;
    struct fl_core_rescore *rescore;
    struct fl_ops_daemon ops_daemon;
    struct fl_wire_frame out;
    /* the answer to a reload that is waited for */
    struct fl_faults *reload_faults;
    bool is_reload_answered, is_reload_fine;
    char reload_why[FL_CORE_DETAIL_SIZE];
    char last_why[FL_CONF_CHANNELS_MAX][FL_CORE_DETAIL_SIZE]; /* of channels, in their order */
    int exit_code;
};

/* Something changed: dispatch looks at the end of this turn of the loop. */
void fl_core_poke(struct fl_core *core);
void fl_core_tell_parent(struct fl_core *core); /* core->out */

/* --- hosts (daemon_core_hosts.c) ---*/
bool fl_core_host_add(struct fl_core *core, struct fl_wire_frame *frame);
bool fl_core_host_stop(struct fl_core *core, struct fl_wire_frame *frame);
void fl_core_hosts_destroy(struct fl_core *core);
enum fl_status fl_core_deliver(void *ctx, void *worker_ctx, uint64_t batch,
                               const struct fl_item *const *items, size_t n_items,
                               struct fl_error *err);
enum fl_status fl_core_channel_rows(void *ctx, json_t *out_array, struct fl_error *err);

/* --- doubtful messages (daemon_core_lookup.c) ---*/
/* Has the peer asked soon and then from time to time. */
void fl_core_lookup_begin(struct fl_core_host *host);

/* --- inward (daemon_core_inbound.c) ---*/
void fl_core_piece_add(struct fl_core_host *host, struct fl_wire_frame *frame); /* takes it */
/* Stores what has come, together or, when that fails, one by one; answers who asked for a commit.
 */
void fl_core_settle(struct fl_core *core);
void fl_core_front_piece_add(struct fl_core *core, struct fl_core_front *front,
                             struct fl_wire_frame *frame); /* takes it */
/* A piece with what was found in it, in the piece arena and the frame. */
FL_CHECK_RESULT bool fl_core_read_inbound(struct fl_core *core, struct fl_wire_frame *frame,
                                          struct fl_inbound *out,
                                          struct fl_feedback_parsed *out_parsed);
bool fl_core_recall(struct fl_core_host *host, struct fl_wire_frame *frame);

/* --- fronts (daemon_core_front.c) ---*/
FL_CHECK_RESULT enum fl_status fl_core_fronts_init(struct fl_core *core, struct fl_error *err);
void fl_core_fronts_destroy(struct fl_core *core);
bool fl_core_front_add(struct fl_core *core, struct fl_wire_frame *frame);
/* Inside the transaction of a turn; what is only the asker's fault is no failure. */
FL_CHECK_RESULT enum fl_status fl_core_front_piece(struct fl_core_piece *piece,
                                                   struct fl_error *err);
void fl_core_front_settled(struct fl_core_piece *piece); /* tells the asker */
/* A plugin has answered, or given up; false: the response cannot be. */
bool fl_core_hook_done(struct fl_core_host *host, uint64_t request, bool is_answered,
                       struct fl_wire_frame *frame);
void fl_core_hooks_lost(struct fl_core_host *host);
const char *fl_core_front_state(void *ctx); /* for `status` */

/* --- plans (daemon_core_plan.c) ---*/
void fl_core_plan(struct fl_core *core);

/* --- valuation (daemon_core_value.c) ---*/
/* Runs that a core before did not end have failed. */
FL_CHECK_RESULT enum fl_status fl_core_value_init(struct fl_core *core, struct fl_error *err);
void fl_core_value_destroy(struct fl_core *core);
bool fl_core_value_frame(struct fl_core *core, struct fl_wire_frame *frame); /* the parent's */
void fl_core_value_conf(struct fl_core *core); /* there is a new configuration */
/* For operations: FL_CONFLICT where one is going on. */
enum fl_status fl_core_value_start(void *ctx, int64_t as_of_us, struct fl_error *err);
void fl_core_value_state(void *ctx, struct fl_ops_value *out);
/* The last time at or before `now_us` that the clock of the zone showed `run_at`, and the next
 * one.  False: run_at is "off". */
FL_CHECK_RESULT bool fl_core_value_times(const char *run_at, const char *time_zone, int64_t now_us,
                                         int64_t *out_last_us, int64_t *out_next_us);

/* --- scoring again (daemon_core_rescore.c) ---*/
FL_CHECK_RESULT enum fl_status fl_core_rescore_init(struct fl_core *core, struct fl_error *err);
void fl_core_rescore_destroy(struct fl_core *core);
void fl_core_rescore_poke(struct fl_core *core);   /* something may have happened */
void fl_core_rescore_forget(struct fl_core *core); /* there is another run, or configuration */

/* --- control socket (daemon_control.c) ---*/
FL_CHECK_RESULT enum fl_status fl_control_server_create(struct fl_core *core, int listen_fd,
                                                        struct fl_control_server **out,
                                                        struct fl_error *err);
void fl_control_server_destroy(struct fl_control_server **server);

#endif
