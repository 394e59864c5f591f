/* Random draws of a test: the same on every machine for one seed. */
#ifndef TESTS_UNIT_DRAWS_H
#define TESTS_UNIT_DRAWS_H

#include <math.h>
#include <stdint.h>

struct draws {
    uint64_t state;
};

/* Splitmix64 (Steele, Lea & Flood 2014). */
static inline uint64_t draw_bits(struct draws *draws)
{
    uint64_t z = draws->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* In (0, 1). */
static inline double draw_uniform(struct draws *draws)
{
    return ((double)(draw_bits(draws) >> 11) + 0.5) * 0x1p-53;
}

/* Box & Muller 1958. */
static inline double draw_normal(struct draws *draws)
{
    double radius = sqrt(-2 * log(draw_uniform(draws)));

    return radius * cos(6.283185307179586 * draw_uniform(draws));
}

#endif
