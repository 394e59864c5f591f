/*
 * Decoding of what stands in URLs and form bodies.  Pure and strict: what could be read in two ways
 * is not read at all, so that nothing behind this room sees other bytes than a proxy before it.
 *
 * Refused: '%' without two hex digits, NUL and other control characters (form fields may hold tab
 * and line ends), bytes that are no UTF-8, "." and ".." as segments of a path, more fields or
 * longer ones than front_pages.h allows.
 */
#ifndef FL_FRONT_FRONT_DECODE_H
#define FL_FRONT_FRONT_DECODE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "fairline/channel.h"

/* May this path, as it came, be looked at at all? */
FL_CHECK_RESULT enum fl_status fl_front_path_check(const char *path, struct fl_error *err);

/* application/x-www-form-urlencoded of a query (`allows_lines` false) or a body.  Names are put in
 * lower case only by who wants it: fields keep their order and may repeat.  In the arena. */
FL_CHECK_RESULT enum fl_status fl_front_fields_decode(struct fl_arena *arena, const char *text,
                                                      size_t len, bool allows_lines,
                                                      const struct fl_http_field **out,
                                                      size_t *out_n, struct fl_error *err);

/* The last address of X-Forwarded-For, which is the one the trusted proxy has added; NULL when it
 * is none. */
const char *fl_front_forwarded_for(struct fl_arena *arena, const char *header);

/* A path without its tokens, for logs: "/m/...". */
void fl_front_path_mask(char *out, size_t size, const char *path);

#endif
