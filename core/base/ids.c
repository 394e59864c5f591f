#include "base/ids.h"

/* 2020-01-01T00:00:00Z */
#define EPOCH_US (INT64_C(1577836800) * FL_US_PER_S)

void fl_ids_init(struct fl_ids *ids, struct fl_clock clock, int node, int64_t highest_known_id)
{
    ids->clock = clock;
    ids->node = node;
    ids->last_tick = highest_known_id / FL_ID_STRIDE;
}

int64_t fl_ids_next_block(struct fl_ids *ids, int64_t n)
{
    int64_t tick = fl_clock_now(&ids->clock) - EPOCH_US;

    if (tick <= ids->last_tick)
        tick = ids->last_tick + 1;
    ids->last_tick = tick + n - 1;
    return tick * FL_ID_STRIDE | ids->node;
}

int64_t fl_ids_next(struct fl_ids *ids)
{
    return fl_ids_next_block(ids, 1);
}

int64_t fl_id_time_us(int64_t id)
{
    return id / FL_ID_STRIDE + EPOCH_US;
}
