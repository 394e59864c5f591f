/*
 * How often an address may do something: token buckets in a table of fixed size.  An address that
 * is not in it has a full bucket; when there is no place, the one that was quiet the longest of its
 * neighbours makes room.  IPv6 counts by its first 64 bits: a household has as many of the rest as
 * it likes.  Not thread-safe; time comes in.
 */
#ifndef FL_FRONT_FRONT_LIMIT_H
#define FL_FRONT_FRONT_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fl_front_limit;

/* `burst` at once, then one each `interval_us`. */
struct fl_front_limit *fl_front_limit_create(size_t addresses, int64_t burst, int64_t interval_us);
void fl_front_limit_destroy(struct fl_front_limit **limit);

/* Is there anything left?  Takes nothing. */
bool fl_front_limit_has(struct fl_front_limit *limit, const char *address, int64_t now_us);
/* Takes one; false when there was none. */
bool fl_front_limit_take(struct fl_front_limit *limit, const char *address, int64_t now_us);

/* What an address counts as; false when it is none. */
struct fl_front_network {
    unsigned char bytes[8];
};
bool fl_front_network_of(const char *address, struct fl_front_network *out);

#endif
