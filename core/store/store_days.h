/*
 * Purchase days of one customer: merging transactions into them, and the row they are kept in.
 *
 * A row is the number of days, then each day: the days since the one before (of the first: since
 * 1970-01-01, zigzag), a byte with a bit for each of the eight numbers that is not the usual one
 * (one purchase, else 0), and those numbers, zigzag.  All are LEB128.  A day takes some 9 bytes.
 */
#ifndef FL_STORE_STORE_DAYS_H
#define FL_STORE_STORE_DAYS_H

#include "base/str.h"
#include "store/store.h"

struct fl_days {
    struct fl_trade_day *list; /* ascending */
    size_t n, cap;
};

void fl_days_finish(struct fl_days *days);
/* FL_LIMIT: a sum does not fit; FL_IO: memory.  The days are then as they were. */
FL_CHECK_RESULT enum fl_status fl_days_add(struct fl_days *days, const struct fl_transaction *line,
                                           struct fl_error *err);
/* Takes the place of what is there.  Safe whatever the bytes: FL_INVALID. */
FL_CHECK_RESULT enum fl_status fl_days_unpack(struct fl_days *days, const void *data, size_t len,
                                              struct fl_error *err);
/* Appends; ask fl_buf_failed(). */
void fl_days_pack(const struct fl_days *days, struct fl_buf *out);
bool fl_days_equal(const struct fl_days *a, const struct fl_days *b);

#endif
