/*
 * Frames between processes: one SOCK_SEQPACKET datagram each, binary, typed.
 *
 *     header  u32 magic · u16 type · u16 zero · u64 correlation
 *     fields  one tag byte each, then the value, little endian
 *
 * A writer appends fields to a frame; a reader takes them in the same order
 * with typed getters and ends with fl_wire_end(), which is true only when every
 * field was there, of the right type, and nothing is left.  Getters on a frame
 * that has failed return zero values, so a reader checks once, at the end.
 *
 * A body that does not fit (FL_WIRE_INLINE_MAX) travels as a sealed memfd beside
 * the frame; the getter maps it, the user of the frame sees bytes.
 *
 * A nested frame is a bag of fields without header or descriptors: it is filled
 * like any other and put into a frame as one body, so that a whole batch of
 * messages costs at most one memfd.
 *
 * OWNS   a frame owns its bytes and descriptors until start or finish.
 */
#ifndef FL_WIRE_WIRE_H
#define FL_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum {
    FL_WIRE_FRAME_MAX = 128 * 1024, /* below the default socket buffer of 208 KiB */
    FL_WIRE_INLINE_MAX = 64 * 1024, /* larger bytes go by memfd */
    FL_WIRE_FDS_MAX = 16,
    FL_WIRE_BODY_MAX = 64 << 20, /* one memfd body; also a nested frame */
    FL_WIRE_HEADER_SIZE = 16
};

struct fl_wire_frame {
    uint16_t type;
    uint64_t correlation;
    struct fl_buf bytes; /* fields, without the header */
    int fds[FL_WIRE_FDS_MAX];
    int n_fds;
    bool is_nested;
    bool has_failed; /* a put did not fit, or a getter found something else */
    /* reading */
    const char *view; /* the fields: `bytes`, or memory of the frame around a nested one */
    size_t view_len;
    size_t pos;
    int next_fd;
    void *maps[FL_WIRE_FDS_MAX]; /* bodies mapped from memfds, unmapped by start and finish */
    size_t map_sizes[FL_WIRE_FDS_MAX];
    int n_maps;
};

void fl_wire_init(struct fl_wire_frame *frame);
void fl_wire_init_nested(struct fl_wire_frame *frame);
void fl_wire_finish(struct fl_wire_frame *frame); /* closes descriptors that were not taken */
void fl_wire_start(struct fl_wire_frame *frame, uint16_t type, uint64_t correlation); /* empties */

void fl_wire_put_u32(struct fl_wire_frame *frame, uint32_t v);
void fl_wire_put_i64(struct fl_wire_frame *frame, int64_t v);
void fl_wire_put_bool(struct fl_wire_frame *frame, bool v);
void fl_wire_put_double(struct fl_wire_frame *frame, double v);
void fl_wire_put_str(struct fl_wire_frame *frame, const char *s); /* NULL travels as NULL */
void fl_wire_put_bytes(struct fl_wire_frame *frame, const void *data, size_t len);
void fl_wire_put_fd(struct fl_wire_frame *frame, int fd); /* duplicated; the caller keeps its own */
void fl_wire_put_nested(struct fl_wire_frame *frame, const struct fl_wire_frame *inner);
bool fl_wire_is_full(const struct fl_wire_frame *frame,
                     size_t more); /* would `more` bytes not fit? */

uint32_t fl_wire_get_u32(struct fl_wire_frame *frame);
int64_t fl_wire_get_i64(struct fl_wire_frame *frame);
bool fl_wire_get_bool(struct fl_wire_frame *frame);
double fl_wire_get_double(struct fl_wire_frame *frame);
/* Points into the frame, NUL-terminated without NUL inside; NULL where NULL was put or on failure.
 */
const char *fl_wire_get_str(struct fl_wire_frame *frame);
const void *fl_wire_get_bytes(struct fl_wire_frame *frame, size_t *out_len);
/* Makes `inner` (initialised by fl_wire_init_nested) read from inside `frame`, which must live on.
 */
void fl_wire_get_nested(struct fl_wire_frame *frame, struct fl_wire_frame *inner);
int fl_wire_get_fd(struct fl_wire_frame *frame);      /* the caller's from now on; -1 on failure */
bool fl_wire_more(const struct fl_wire_frame *frame); /* is there another field? */
FL_CHECK_RESULT bool fl_wire_end(struct fl_wire_frame *frame);
#define FL_AUTO_FRAME __attribute__((cleanup(fl_wire_finish)))

/* --- over a socket ---
 * Blocking or not is the socket's own mode.  send: FL_AGAIN when a non-blocking socket is full
 * (nothing was sent), FL_UNAVAILABLE when the peer is gone, FL_LIMIT when a put had failed.
 * recv: FL_AGAIN, FL_UNAVAILABLE at end of stream, FL_INVALID for a malformed frame. */
FL_CHECK_RESULT enum fl_status fl_wire_send(int fd, struct fl_wire_frame *frame,
                                            struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_wire_recv(int fd, struct fl_wire_frame *frame,
                                            struct fl_error *err);
/* A connected pair, close-on-exec, with buffers that hold several full frames. */
FL_CHECK_RESULT enum fl_status fl_wire_pair(int out_fds[2], struct fl_error *err);

/* For fuzzers and tests: reads a frame from memory (header and fields, no descriptors). */
FL_CHECK_RESULT enum fl_status fl_wire_parse(const void *data, size_t len,
                                             struct fl_wire_frame *frame, struct fl_error *err);

#endif
