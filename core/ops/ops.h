/*
 * Operations: everything a user can ask for, once, wherever it runs.
 *
 * An operation is a row in a table: noun, verb, parameters, a function.  The same table drives the
 * command line (parsing, help, completion, manual pages) and the control socket: with the daemon up
 * the command line sends the call to core, which runs it; with the daemon down it runs it itself on
 * the store.  Results are rows (JSON objects, snake_case) into a sink, so that table, JSON, JSONL,
 * CSV and name output are one piece of code.
 *
 * CALLS  every room above; never prints, never exits, never reads the clock but the context's.
 */
#ifndef FL_OPS_OPS_H
#define FL_OPS_OPS_H

#include <jansson.h>

#include "base/arena.h"
#include "base/log.h"
#include "conf/conf.h"
#include "store/store.h"

struct fl_dispatch;

/* What an operation works on.  `dispatch` and `daemon` are NULL when the daemon is down. */
struct fl_ops_context {
    struct fl_store *store;
    const struct fl_conf *conf;
    struct fl_token_keys *keys;
    struct fl_clock clock;
    const struct fl_log *log;
    struct fl_dispatch *dispatch;
    const struct fl_ops_daemon *daemon;
};

/* What core offers to operations while the daemon runs. */
struct fl_ops_daemon {
    void *ctx;
    /* The state of every channel and worker, as rows. */
    enum fl_status (*channels)(void *ctx, json_t *out_array, struct fl_error *err);
    enum fl_status (*reload)(void *ctx, struct fl_faults *faults, struct fl_error *err);
    void (*plan_now)(void *ctx); /* schedules are looked at in the next turn */
    void (*changed)(void *ctx);  /* queue or campaign changed: dispatch should look */
};

/* Where results go. */
struct fl_ops_sink {
    void *ctx;
    void (*row)(void *ctx, json_t *row);       /* borrows the reference */
    void (*note)(void *ctx, const char *text); /* a sentence for people, on stderr */
    void (*progress)(void *ctx, const char *what, int64_t done, int64_t total);
    void (*faults)(void *ctx, const struct fl_faults *faults);
};

enum fl_ops_param_type { FL_OPS_STRING, FL_OPS_INT, FL_OPS_BOOL, FL_OPS_FILE, FL_OPS_FOLDER };
enum fl_ops_param_flags { FL_OPS_POSITIONAL = 1, FL_OPS_NEEDED = 2, FL_OPS_REPEATED = 4 };

struct fl_ops_param {
    const char *name; /* option --name, or the placeholder of a positional one; NULL ends */
    enum fl_ops_param_type type;
    unsigned flags;
    const char *help;
};

/* Arguments as received: strings, and files as descriptors (a folder as an array of files). */
struct fl_ops_args {
    json_t *values; /* object by parameter name */
    int fds[16];    /* FILE parameters: values[name] = {"fd": index, "name": ...} */
    int n_fds;
    struct fl_arena *arena; /* of this call */
};

enum fl_ops_flags {
    FL_OPS_WRITES = 1,   /* opens the store for writing */
    FL_OPS_CONFIRMS = 2, /* sends or deletes: the command line shows the count and asks */
    FL_OPS_LOCAL = 4,    /* always runs in the command line, needs no store */
    FL_OPS_FOLLOWS = 8,  /* goes on until interrupted */
    FL_OPS_NEEDS_DAEMON = 16
};

struct fl_ops_op {
    const char *noun;
    const char *verb; /* NULL for a noun that is a command: status, doctor, why */
    const char *summary;
    const struct fl_ops_param *params;
    unsigned flags;
    const char *columns; /* shown in a table, separated by ','; NULL: all members */
    enum fl_status (*run)(struct fl_ops_context *context, struct fl_ops_args *args,
                          const struct fl_ops_sink *sink, struct fl_error *err);
};

/* All operations, sorted by noun and verb; ends with a row without noun. */
const struct fl_ops_op *fl_ops_table(void);
const struct fl_ops_op *fl_ops_find(const char *noun, const char *verb);

const char *fl_ops_str(const struct fl_ops_args *args, const char *name); /* NULL when absent */
int64_t fl_ops_int(const struct fl_ops_args *args, const char *name, int64_t fallback);
bool fl_ops_bool(const struct fl_ops_args *args, const char *name);

#endif
