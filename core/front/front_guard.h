/*
 * Guards: what libmicrohttpd 0.9.75 lets through and must not reach anything behind it.
 *
 * It reads a request's head in place, so that names and values lie in memory as they came over the
 * wire, with NULs where ':' and CR stood.  That is how the guards see what its functions hide:
 * lines folded or ended by a bare LF, blanks before a colon, NUL bytes.  Each gap between two
 * header fields must be a CR LF, and what was parsed must account for every byte of the head.  An
 * other version of the library that copied the fields would have every request refused, which
 * tests/e2e/front-guards.sh would tell; it would not let anything slip through.
 */
#ifndef FL_FRONT_FRONT_GUARD_H
#define FL_FRONT_FRONT_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FL_FRONT_HEADERS_MAX = 100,
    FL_FRONT_GUARD_URL_MAX = 8000 /* a click carries the address it goes to */
};

struct fl_front_header {
    const char *name; /* where the library has them, not terminated for sure */
    size_t name_len;
    const char *value;
    size_t value_len;
};

struct fl_front_head {
    const char *method, *version;
    const char *url;                       /* as it came, with the query */
    size_t size;                           /* bytes of the head, as the library counted them */
    const struct fl_front_header *headers; /* in the order they came */
    size_t n_headers;
    int64_t body_max;
};

/* 0, or the HTTP status the request is refused with; `why` is for the log. */
int fl_front_guard(const struct fl_front_head *head, const char **why);

#endif
