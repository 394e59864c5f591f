/* Inside the room: what learning and measuring share. */
#ifndef FL_VALUE_COMMITMENT_PRIVATE_H
#define FL_VALUE_COMMITMENT_PRIVATE_H

#include "value/commitment.h"

/* The penalised logistic regression of one set of samples; weights first, the intercept last. */
enum { COMMITMENT_COEFFICIENTS = FL_SIGNALS + 1 };
struct commitment_fit {
    double at[COMMITMENT_COEFFICIENTS];
    double se[COMMITMENT_COEFFICIENTS];
};

/* Leaves out every sample i with i % FL_COMMITMENT_FOLDS == without (-1: none).  `at` is where it
 * starts.  False: it did not converge. */
bool commitment_fit(const struct fl_commitment_sample *samples, const double *offsets, size_t n,
                    int without, const double *toward, double ridge, struct commitment_fit *fit);

#endif
