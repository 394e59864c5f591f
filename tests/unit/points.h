/* Customers on a map, always the same ones. */
#ifndef TESTS_UNIT_POINTS_H
#define TESTS_UNIT_POINTS_H

#include <math.h>

#include "plot/plot_map_private.h"

enum { PICTURE_MAX = 96 << 20 };

static inline double uniform(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 9007199254740992.0;
}

static const char *const group_names[] = {"", "Mothers' class", "Home delivery", "매장"};

static inline struct fl_plot_point *points_of(size_t n)
{
    struct fl_plot_point *points = test_calloc(n, sizeof *points);
    uint64_t state = 4711;

    for (size_t i = 0; i < n; i++) {
        double cv = uniform(&state), ce = (cv + uniform(&state)) / 2, d = (cv - ce) / sqrt(2);

        points[i] = (struct fl_plot_point){.cv = (float)cv,
                                           .ce = (float)ce,
                                           .zone = d > 0.15    ? FL_ZONE_I
                                                   : d < -0.15 ? FL_ZONE_II
                                                               : FL_ZONE_III,
                                           .keys = (uint8_t)(i % 8),
                                           .group = (uint16_t)(i % 4)};
    }
    return points;
}

static inline struct fl_plot_map map_of(const struct fl_plot_point *points, size_t n)
{
    return (struct fl_plot_map){.points = points,
                                .n = n,
                                .slope = 1,
                                .band = 0.15,
                                .groups = group_names,
                                .n_groups = sizeof group_names / sizeof group_names[0]};
}

#endif
