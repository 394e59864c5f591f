/* Numbers for samples: the same from the same seed, on every machine (splitmix64). */
#ifndef FL_PEOPLE_RANDOM_H
#define FL_PEOPLE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct people_random {
    uint64_t state;
};

static inline uint64_t people_random_u64(struct people_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 .. n - 1; the bias of the remainder is far below what a sample shows. */
static inline int people_random_below(struct people_random *random, int n)
{
    return (int)(people_random_u64(random) % (uint64_t)n);
}

static inline bool people_random_percent(struct people_random *random, int percent)
{
    return people_random_below(random, 100) < percent;
}

#endif
