/*
 * Effect: did it move them to the line?  The mean change of the treated against the hold-out, with
 * an interval; it refuses to conclude on noise.  Welch's t interval (Welch 1947).  Pure.
 */
#ifndef FL_VALUE_EFFECT_H
#define FL_VALUE_EFFECT_H

#include <stdbool.h>
#include <stddef.h>

enum fl_effect_verdict {
    FL_EFFECT_NOT_ENOUGH = 0, /* fewer than FL_EFFECT_MIN in one of the groups */
    FL_EFFECT_UNDECIDED,      /* the interval contains 0: no conclusion */
    FL_EFFECT_ROSE,
    FL_EFFECT_FELL
};
enum { FL_EFFECT_MIN = 20 };

/* Running moments of one group (Welford): add one change at a time, any order.  What is not finite
 * is no change and is not counted. */
struct fl_effect_group {
    double n, mean, m2;
};
void fl_effect_add(struct fl_effect_group *group, double change);

struct fl_effect {
    double treated_n, holdout_n;
    double treated_mean, holdout_mean; /* NAN without anybody */
    double difference, low, high;      /* of the means, with the interval; NAN: not enough */
    double level;                      /* of the interval */
    double p_value;                    /* two-sided, for all the tests together */
    enum fl_effect_verdict verdict;
};
/* `level` e.g. 0.95.  `n_tests` > 1: several measures are looked at together, the verdict holds for
 * all of them (Holm is left to the reader: Bonferroni on the interval). */
struct fl_effect fl_effect_of(const struct fl_effect_group *treated,
                              const struct fl_effect_group *holdout, double level, int n_tests);
const char *fl_effect_verdict_name(enum fl_effect_verdict verdict); /* "not enough data", ... */
/* A sentence for people: "ce rose by 0.031 (0.012 to 0.050) against the hold-out". */
void fl_effect_sentence(const struct fl_effect *effect, const char *measure, char *out,
                        size_t size);

#endif
