/*
 * A link: one end of a SOCK_SEQPACKET socket on the loop, with frames that wait when it is full.
 *
 * Reads are bounded in one turn, so that one busy peer does not keep the others waiting.  Callbacks
 * may destroy the link.
 */
#ifndef FL_LOOP_LINK_H
#define FL_LOOP_LINK_H

#include "loop/loop.h"
#include "wire/wire.h"

struct fl_link;

struct fl_link_handler {
    /* A frame came; it is the link's and lives until the callback returns.  False: the peer speaks
     * nonsense, the link counts as gone. */
    bool (*on_frame)(void *ctx, struct fl_wire_frame *frame);
    void (*on_gone)(void *ctx, const char *why); /* once; destroy the link here or later */
    void *ctx;
};

/* Takes over `fd`.  `queue_max` bytes may wait for the peer; more and it counts as gone. */
struct fl_link *fl_link_create(struct fl_loop *loop, int fd, size_t queue_max,
                               const struct fl_link_handler *handler);
void fl_link_destroy(struct fl_link **link);

/* Sends or queues; the frame is empty afterwards.  FL_UNAVAILABLE; FL_LIMIT: too much waits or it
 * does not fit, and the frame is as it was. */
FL_CHECK_RESULT enum fl_status fl_link_send(struct fl_link *link, struct fl_wire_frame *frame,
                                            struct fl_error *err);
/* Hands frames to the handler until `is_done` says so or the time is over: for the few places that
 * must have an answer before they go on. */
FL_CHECK_RESULT enum fl_status fl_link_wait(struct fl_link *link, const bool *is_done,
                                            int64_t timeout_us, struct fl_error *err);
/* Tries to get rid of what waits, for at most this long. */
void fl_link_flush(struct fl_link *link, int64_t timeout_us);
size_t fl_link_queued(const struct fl_link *link); /* bytes that wait */
void fl_link_set_reading(struct fl_link *link, bool is_reading);
int fl_link_fd(const struct fl_link *link);

#endif
