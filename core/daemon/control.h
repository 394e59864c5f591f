/*
 * The control socket, seen from a client: the command line runs operations in core through it.
 *
 * One call at a time on a connection.  Rows arrive while the operation runs; the sink sees them in
 * order.  The peer is trusted by its credentials: same user, root, or a member of the socket's
 * group.
 *
 *     st = fl_control_connect(conf->control_socket, &control, err);    FL_UNAVAILABLE: no daemon
 *     st = fl_control_call(control, "campaign", "list", values, NULL, 0, &sink, err);
 *     fl_control_close(&control);
 */
#ifndef FL_DAEMON_CONTROL_H
#define FL_DAEMON_CONTROL_H

#include <jansson.h>

#include "base/error.h"
#include "ops/ops.h"

enum { FL_CONTROL_FDS_MAX = 15 }; /* one more of a frame is kept for long arguments */

struct fl_control;

FL_CHECK_RESULT enum fl_status fl_control_connect(const char *socket_path, struct fl_control **out,
                                                  struct fl_error *err);
void fl_control_close(struct fl_control **control);

/* Runs one operation and returns its own status and error.  `values` are the arguments by name as
 * in struct fl_ops_args, `fds` the files they refer to (duplicated; the caller keeps its own).
 * FL_UNAVAILABLE: the daemon went away, and whether the operation was done nobody can tell here. */
FL_CHECK_RESULT enum fl_status fl_control_call(struct fl_control *control, const char *noun,
                                               const char *verb, json_t *values, const int *fds,
                                               int n_fds, const struct fl_ops_sink *sink,
                                               struct fl_error *err);
int fl_control_fd(const struct fl_control *control);

#endif
