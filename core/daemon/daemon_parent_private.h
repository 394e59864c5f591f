/* Parent: state that its files share. */
#ifndef FL_DAEMON_DAEMON_PARENT_PRIVATE_H
#define FL_DAEMON_DAEMON_PARENT_PRIVATE_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/faults.h"
#include "base/log.h"
#include "conf/conf.h"
#include "daemon/daemon.h"
#include "loop/link.h"

enum {
    FL_PARENT_NAME_SIZE = 64,
    FL_PARENT_BACKOFF_FIRST_US = 2000000,
    FL_PARENT_BACKOFF_MAX_US = 60000000,
    FL_PARENT_CONF_ARENA_MAX = 64 << 20,
    FL_PARENT_QUEUE_MAX = 16 << 20
};

struct fl_parent;
struct fl_parent_front;

/* One worker of a channel: the place, whoever is in it. */
struct fl_parent_host {
    struct fl_parent_host *next;
    struct fl_parent *parent;
    char channel[FL_PARENT_NAME_SIZE];
    int worker;
    pid_t pid; /* 0: nobody */
    int64_t generation;
    bool is_ready;
    bool is_wanted;                       /* by the configuration */
    char fingerprint[FL_SHA256_HEX_SIZE]; /* of what it was, or will be, started with */
    int64_t backoff_us;
    struct fl_source *timer;
};

/* A configuration with the text it came from. */
struct fl_parent_conf {
    struct fl_arena *arena;
    const struct fl_conf *conf;
    const char *name;
    const char *text;
};

struct fl_parent {
    struct fl_daemon_options options;
    struct fl_log log;
    struct fl_loop *loop;
    struct fl_parent_conf conf;
    const char *host_program;
    struct fl_arena *arena; /* for the life of the process */
    int listen_fd;
    int lock_fd;
    struct fl_link *core;
    pid_t core_pid;
    bool is_core_ready;
    bool was_core_ready; /* this one, before it died */
    bool was_core_ever_ready;
    int64_t core_backoff_us;
    struct fl_source *core_timer;
    struct fl_parent_host *hosts;
    int64_t generation;
    struct fl_parent_front *fronts; /* the one in use first, if there is one */
    struct fl_source *front_timer;
    int front_fd; /* listened on; -1: no front is wanted */
    char front_listens[FL_PARENT_NAME_SIZE];
    char front_print[FL_SHA256_HEX_SIZE];
    int64_t front_backoff_us;
    pid_t value_pid; /* 0: no valuation run */
    struct fl_source *ping, *drain, *orphans;
    int64_t ping_interval_us;
    int64_t ponged_us;
    bool has_watchdog;
    int stage; /* of the end: 0 running, 1 draining, 2 hosts killed, 3 core killed */
    int exit_code;
    struct fl_wire_frame out;
};

/* --- configuration and what it needs (daemon_parent_conf.c) ---*/
FL_CHECK_RESULT enum fl_status fl_parent_conf_load(const char *path, struct fl_parent_conf *out,
                                                   struct fl_faults *faults, struct fl_error *err);
void fl_parent_conf_finish(struct fl_parent_conf *conf);
/* Data folder, token key, lock, control socket. */
FL_CHECK_RESULT enum fl_status fl_parent_prepare(struct fl_parent *parent, struct fl_error *err);

/* --- children (daemon_parent_children.c) ---*/
void fl_parent_core_start(struct fl_parent *parent);
void fl_parent_hosts_match(struct fl_parent *parent); /* to the configuration */
void fl_parent_host_start(struct fl_parent_host *host);
void fl_parent_host_stop(struct fl_parent_host *host); /* after its batch */
struct fl_parent_host *fl_parent_host_find(struct fl_parent *parent, struct fl_wire_frame *frame);
void fl_parent_reap(struct fl_parent *parent);
bool fl_parent_has_hosts(const struct fl_parent *parent); /* processes */
void fl_parent_hosts_kill(struct fl_parent *parent);
void fl_parent_hosts_finish(struct fl_parent *parent);

/* A child's end for the log, and how long to wait with the next one. */
void fl_parent_log_exit(struct fl_parent *parent, const char *what, const char *channel, int worker,
                        int status, bool is_expected);
int64_t fl_parent_next_backoff(int64_t backoff_us);

/* --- the front (daemon_parent_front.c) ---*/
FL_CHECK_RESULT enum fl_status fl_parent_fronts_init(struct fl_parent *parent,
                                                     struct fl_error *err);
/* Opens the socket the configuration wants, or keeps it, or closes it. */
FL_CHECK_RESULT enum fl_status fl_parent_front_listen(struct fl_parent *parent,
                                                      struct fl_error *err);
void fl_parent_fronts_match(struct fl_parent *parent);   /* to the configuration */
void fl_parent_fronts_connect(struct fl_parent *parent); /* to a core that has become ready */
void fl_parent_fronts_drain(struct fl_parent *parent);
void fl_parent_fronts_reap(struct fl_parent *parent);
void fl_parent_fronts_kill(struct fl_parent *parent);
void fl_parent_fronts_finish(struct fl_parent *parent);

/* --- valuation runs (daemon_parent_value.c) ---*/
bool fl_parent_value_start(struct fl_parent *parent, struct fl_wire_frame *frame);
void fl_parent_value_reap(struct fl_parent *parent);
void fl_parent_value_kill(struct fl_parent *parent);

/* --- the rest (daemon_parent.c) ---*/
void fl_parent_tell_core(struct fl_parent *parent);         /* parent->out */
extern const struct fl_link_handler fl_parent_core_handler; /* its ctx is set to the parent */
void fl_parent_child_gone(struct fl_parent *parent);        /* may be the last one of the end */

#endif
