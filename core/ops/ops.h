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

/* What an operation works on.  `dispatch` and `daemon` are NULL when the daemon is down; `store`
 * and `keys` are NULL for LOCAL operations. */
struct fl_ops_context {
    struct fl_store *store;
    const struct fl_conf *conf;
    struct fl_token_keys *keys;
    struct fl_clock clock;
    const struct fl_log *log;
    struct fl_dispatch *dispatch;
    const struct fl_ops_daemon *daemon;
};

/* The valuation run that core looks after, or the last one since it started. */
struct fl_ops_value {
    bool is_running;
    int64_t run;      /* 0: none was made */
    const char *what; /* it is doing */
    int64_t done, total;
    enum fl_status status; /* of the last one */
    const char *why;       /* it failed */
    int64_t n_changes;     /* of zones */
};

/* What core offers to operations while the daemon runs. */
struct fl_ops_daemon {
    void *ctx;
    /* The state of every channel and worker, as rows. */
    enum fl_status (*channels)(void *ctx, json_t *out_array, struct fl_error *err);
    enum fl_status (*reload)(void *ctx, struct fl_faults *faults, struct fl_error *err);
    void (*plan_now)(void *ctx);     /* schedules are looked at in the next turn */
    void (*changed)(void *ctx);      /* queue or campaign changed: dispatch should look */
    const char *(*front)(void *ctx); /* running, down or disabled */
    /* A valuation run by the value process; FL_CONFLICT where one is going on. */
    enum fl_status (*value_start)(void *ctx, int64_t as_of_us, struct fl_error *err);
    void (*value_state)(void *ctx, struct fl_ops_value *out);
};

/* Where results go. */
struct fl_ops_sink {
    void *ctx;
    void (*row)(void *ctx, json_t *row);       /* borrows the reference */
    void (*note)(void *ctx, const char *text); /* a sentence for people, on stderr */
    void (*progress)(void *ctx, const char *what, int64_t done, int64_t total);
    void (*faults)(void *ctx, const struct fl_faults *faults);
};

enum fl_ops_param_type {
    FL_OPS_STRING,
    FL_OPS_INT,
    FL_OPS_BOOL,
    FL_OPS_FILE,   /* read by the operation; the command line opens it */
    FL_OPS_FOLDER, /* a content folder; its files travel in the arguments */
    FL_OPS_BUNDLE, /* a file together with the content folders beside it that it names */
    FL_OPS_PATH    /* written by the operation, or a folder; made absolute by the command line */
};
enum fl_ops_param_flags {
    FL_OPS_POSITIONAL = 1,
    FL_OPS_NEEDED = 2,
    FL_OPS_REPEATED = 4,
    FL_OPS_OR_NAME = 8, /* FOLDER: what is no folder is the name of stored content */
    FL_OPS_BARE = 16    /* an option that may stand without value: the first of its choices */
};

struct fl_ops_param {
    const char *name; /* option --name, or the placeholder of a positional one; NULL ends */
    enum fl_ops_param_type type;
    unsigned flags;
    const char *help;
    const char *choices; /* STRING: one of these, separated by '|'; NULL: any */
    char letter;         /* -x as well; 0: none */
};

enum { FL_OPS_FDS_MAX = 16, FL_OPS_FOLDERS_MAX = 64 };

/* Arguments as received, by parameter name:
 *     STRING PATH "text"   INT 5   BOOL true   REPEATED ["text", ...]
 *     FILE    {"name": "people.csv", "fd": 0}, for LOCAL operations {"name": ..., "path": ...}
 *     FOLDER  {"name": "welcome", "hash": "...", "files": [{"path": "content.md", "body": ...}]},
 *             with OR_NAME {"name": "welcome"} for stored content
 *     BUNDLE  like FILE, with "folders": [FOLDER, ...]
 * Beside the operation's own parameters every call may have "limit" (INT) and "dry-run" (BOOL). */
struct fl_ops_args {
    json_t *values; /* object by parameter name */
    int fds[FL_OPS_FDS_MAX];
    int n_fds;
    struct fl_arena *arena; /* of this call */
};

enum fl_ops_flags {
    FL_OPS_WRITES = 1,   /* opens the store for writing; "dry-run" rolls back */
    FL_OPS_CONFIRMS = 2, /* sends or deletes: the command line shows the dry run and asks */
    FL_OPS_LOCAL = 4,    /* always runs in the command line, needs no store */
    FL_OPS_FOLLOWS = 8,  /* called again and again with "after" = the last row's "id" */
    FL_OPS_NEEDS_DAEMON = 16,
    FL_OPS_RAW = 32,     /* rows are {"text": ...} or {"base64": ...}: printed bare */
    FL_OPS_DIRECT = 64,  /* reads the store itself, also beside a running daemon */
    FL_OPS_CHECKS = 128, /* rows have "result" OK, WARN or FAIL: exit 1 where one is FAIL */
    FL_OPS_AWAITS = 256  /* called again with "again" while it says FL_AGAIN: the daemon goes on */
};

struct fl_ops_op {
    const char *noun;
    const char *verb; /* NULL for a noun that is a command: status, doctor, why */
    const char *summary;
    const struct fl_ops_param *params;
    unsigned flags;
    const char *columns; /* shown in a table, separated by ','; NULL: one record, all members */
    enum fl_status (*run)(struct fl_ops_context *context, struct fl_ops_args *args,
                          const struct fl_ops_sink *sink, struct fl_error *err);
    const char *examples; /* command lines without the leading "fairline ", separated by '\n' */
};

/* All operations, sorted by noun and verb; ends with a row without noun. */
const struct fl_ops_op *fl_ops_table(void);
const struct fl_ops_op *fl_ops_find(const char *noun, const char *verb);
/* One line about a noun, for help and manual pages; NULL when there is none. */
const char *fl_ops_noun_summary(const char *noun);

const char *fl_ops_str(const struct fl_ops_args *args, const char *name); /* NULL when absent */
int64_t fl_ops_int(const struct fl_ops_args *args, const char *name, int64_t fallback);
bool fl_ops_bool(const struct fl_ops_args *args, const char *name);

#endif
