/* Inside the room: what sBG and BdW share.  Leaving is drawn once a period: of those with the same
 * propensity theta the share (1 - theta)^(t^c) is still there after t periods, and theta is
 * beta(gamma, delta), so that
 *     S(t) = B(gamma, delta + t^c) / B(gamma, delta)
 * Fader, Hardie, Liu, Davin & Steenburgh 2018; c = 1 is Fader & Hardie 2007. */
#ifndef FL_VALUE_CONTRACT_H
#define FL_VALUE_CONTRACT_H

#include "value/value_private.h"

struct value_contract {
    double gamma, delta, c;
};

double value_contract_log_survival(const struct value_contract *m, double t);
/* Sum of n log L and, unless NULL, its gradient in log gamma, log delta, log c. */
double value_contract_log_likelihood(const struct value_contract *m, const struct fl_value_obs *obs,
                                     size_t n, double out_gradient[3]);
/* sum_{k=1..t} S(from + k) / S(from): linear between whole t. */
double value_contract_renewals(const struct value_contract *m, double from, double t);

bool value_contract_is_valid(const struct fl_value_obs *obs);
/* `periods` are needed to tell the parameters apart. */
const char *value_contract_missing(const struct fl_value_obs *obs, size_t n, double periods);
/* gamma and delta from the first two retention rates. */
void value_contract_start(const struct fl_value_obs *obs, size_t n, double *p);
double value_contract_p_alive(const double *p, const struct fl_value_obs *obs);

#endif
