/*
 * Identities: positive int64, ordered by time, made by the node without asking anybody.
 *
 *     id = microseconds since 2020-01-01 UTC << 6 | node (0..63)
 *
 * A block of n ids is n consecutive microseconds; the generator never goes
 * back, so blocks never overlap, also when the clock does.  At start it is told
 * the highest id the store holds.
 */
#ifndef FL_BASE_IDS_H
#define FL_BASE_IDS_H

#include <stdint.h>

#include "base/clock.h"

#define FL_ID_NONE   INT64_C(0)
#define FL_ID_STRIDE INT64_C(64) /* between two neighbouring ids of one node */

struct fl_ids {
    struct fl_clock clock;
    int64_t last_tick; /* microseconds since 2020 of the last id given */
    int node;
};

void fl_ids_init(struct fl_ids *ids, struct fl_clock clock, int node, int64_t highest_known_id);
int64_t fl_ids_next(struct fl_ids *ids);
/* First of `n` ids; the k-th is first + k * FL_ID_STRIDE. */
int64_t fl_ids_next_block(struct fl_ids *ids, int64_t n);
int64_t fl_id_time_us(int64_t id); /* when it was made (blocks run ahead), UTC */

#endif
