/* Customers drawn from a model: for tests, benchmarks and the sample company.  Deterministic for a
 * seed.  Pure. */
#ifndef FL_VALUE_SIMULATE_H
#define FL_VALUE_SIMULATE_H

#include "value/value.h"

struct fl_value_random { /* xoshiro256++ state; never all zero */
    uint64_t s[4];
};
void fl_value_random_init(struct fl_value_random *random, uint64_t seed);
double fl_value_random_uniform(struct fl_value_random *random); /* (0,1) */
double fl_value_random_normal(struct fl_value_random *random);
double fl_value_random_gamma(struct fl_value_random *random, double shape, double rate);
double fl_value_random_beta(struct fl_value_random *random, double a, double b);

/* Purchase times in (0, until] of one customer whose first purchase is at 0; at most `max` are
 * written, their number is returned.  BG/NBD, MBG/NBD, Pareto/NBD, NBD, BG/BB (whole times). */
size_t fl_value_simulate_times(enum fl_value_model model, const double *p, double until,
                               struct fl_value_random *random, double *times, size_t max);
/* n observations, each with its own length of observation T = horizon (or uniform in
 * [horizon/2, horizon] where `is_staggered`).  All models; Gamma-Gamma: x uniform in 1..10. */
void fl_value_simulate(enum fl_value_model model, const double *p, double horizon,
                       bool is_staggered, struct fl_value_random *random, struct fl_value_obs *out,
                       size_t n);

#endif
