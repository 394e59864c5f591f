/*
 * The lock of a data folder: whoever writes to its store holds it, so that there is one writer.
 *
 * The daemon holds it as long as it lives, the command line while it writes without a daemon.  It
 * goes with the descriptor: a process that dies leaves nothing behind.
 */
#ifndef FL_BASE_LOCK_H
#define FL_BASE_LOCK_H

#include "base/error.h"

/* FL_AGAIN: another process holds it.  Close `*out_fd` to let it go. */
FL_CHECK_RESULT enum fl_status fl_lock_take(const char *data_dir, int *out_fd,
                                            struct fl_error *err);

#endif
