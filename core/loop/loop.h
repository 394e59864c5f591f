/*
 * The event loop of core and parent: descriptors, timers, signals over libevent.
 *
 * OWNS   its sources until fl_loop_remove() or destroy; never the descriptors.
 * CALLS  one callback at a time; a callback may add and remove any source, also itself.
 *
 *     struct fl_loop *loop = fl_loop_create();
 *     struct fl_source *s = fl_loop_add_fd(loop, fd, FL_LOOP_READ, on_readable, self);
 *     fl_loop_run(loop);
 */
#ifndef FL_LOOP_LOOP_H
#define FL_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct fl_loop;
struct fl_source;

enum { FL_LOOP_READ = 1, FL_LOOP_WRITE = 2 };

typedef void fl_loop_fd_fn(void *ctx, int fd, int ready); /* ready: FL_LOOP_READ | FL_LOOP_WRITE */
typedef void fl_loop_fn(void *ctx);

struct fl_loop *fl_loop_create(void);
void fl_loop_destroy(struct fl_loop **loop);

/* All return NULL when memory is out.  A source is level-triggered and stays until removed. */
struct fl_source *fl_loop_add_fd(struct fl_loop *loop, int fd, int interest, fl_loop_fd_fn *fn,
                                 void *ctx);
void fl_loop_set_interest(struct fl_source *source, int interest);
/* Not armed until fl_loop_arm(); fires once per arming. */
struct fl_source *fl_loop_add_timer(struct fl_loop *loop, fl_loop_fn *fn, void *ctx);
void fl_loop_arm(struct fl_source *timer, int64_t after_us); /* replaces an earlier arming */
void fl_loop_disarm(struct fl_source *timer);
bool fl_loop_is_armed(const struct fl_source *timer);
struct fl_source *fl_loop_add_signal(struct fl_loop *loop, int signum, fl_loop_fn *fn, void *ctx);
void fl_loop_remove(struct fl_source **source); /* NULL is fine */

FL_CHECK_RESULT enum fl_status fl_loop_run(struct fl_loop *loop, struct fl_error *err);
void fl_loop_stop(struct fl_loop *loop); /* run() returns after the current callback */

#endif
