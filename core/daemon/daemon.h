/*
 * The daemon: parent and core.
 *
 * PARENT reads the configuration, makes what is missing (data folder, token key, control socket),
 *        starts core and one host for each worker, reaps, backs off, reloads, ends.  It has no
 *        database and reads nothing from outside but its own files.
 * CORE   is the only writer of the store: dispatch, collect, planning, control socket.  It is the
 *        same program started again with a socket to the parent.
 * VALUE  one valuation run: the same program once more, with its own read-only connection; scores
 * go to core in chunks.  When it dies the run has failed, and nothing else. HOLDS  a dead host is
 * started again at once, unless it died before it was ready: then after 2 s, doubled up to 60 s.  A
 * dead core takes its hosts with it, and a new one recovers. SIGHUP: the new configuration counts
 * when it has no fault, else the old one stays. SIGTERM: no new batches, those in hand end within
 * drain_timeout.
 */
#ifndef FL_DAEMON_DAEMON_H
#define FL_DAEMON_DAEMON_H

#include <stdbool.h>

#include "base/error.h"
#include "base/token.h"

struct fl_daemon_options {
    const char *conf_path; /* NULL: the one fl_conf_find() finds */
    bool is_check_only;
};

/* Both return an exit code of sysexits. */
int fl_daemon_run_parent(const struct fl_daemon_options *options);
int fl_daemon_run_core(int fd);
int fl_daemon_run_value(int fd); /* one valuation run, told by the parent, handed to core */

/* The key ring of a data folder: token.key, made with a random key when missing and asked for.
 * The file holds "SLOT KEY" lines, KEY in base32; the last one signs.  FL_NOT_FOUND, FL_INVALID,
 * FL_REJECTED when others may read it. */
FL_CHECK_RESULT enum fl_status fl_keys_open(const char *data_dir, bool create_if_missing,
                                            struct fl_token_keys **out, struct fl_error *err);

#endif
