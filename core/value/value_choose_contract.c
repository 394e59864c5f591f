/* Which model of subscriptions. */
#include <gsl/gsl_cdf.h>
#include <stdio.h>

#include "value/value.h"

static const double LEVEL = 0.05;

static void say_simple(char out_why[FL_VALUE_WHY_SIZE], const struct fl_value_fit *bdw,
                       double twice_gain)
{
    if (bdw->state == FL_VALUE_FITTED)
        snprintf(out_why, FL_VALUE_WHY_SIZE,
                 "no duration dependence shows: likelihood ratio %.2f, p = %.3f", twice_gain,
                 gsl_cdf_chisq_Q(twice_gain > 0 ? twice_gain : 0, 1));
    else
        snprintf(out_why, FL_VALUE_WHY_SIZE, "duration dependence cannot be told: %.*s",
                 FL_VALUE_WHY_SIZE / 2, bdw->why);
}

enum fl_status fl_value_choose_contract(const struct fl_value_obs *obs, size_t n,
                                        const struct fl_value_fit_options *options,
                                        struct fl_value_fit *out, char out_why[FL_VALUE_WHY_SIZE],
                                        struct fl_error *err)
{
    struct fl_value_fit sbg, bdw;
    double twice_gain;
    enum fl_status st = fl_value_fit(FL_VALUE_SBG, obs, n, options, &sbg, err);

    if (!st && sbg.state == FL_VALUE_NOT_ENOUGH) {
        snprintf(out_why, FL_VALUE_WHY_SIZE, "%s", sbg.why);
        *out = sbg;
        return FL_OK;
    }
    if (!st)
        st = fl_value_fit(FL_VALUE_BDW, obs, n, options, &bdw, err);
    if (st)
        return st;
    /* The models are nested, c = 1: Wilks. */
    twice_gain = 2 * (bdw.log_likelihood - sbg.log_likelihood);
    if (bdw.state == FL_VALUE_FITTED &&
        (sbg.state != FL_VALUE_FITTED || gsl_cdf_chisq_Q(twice_gain, 1) < LEVEL)) {
        snprintf(out_why, FL_VALUE_WHY_SIZE,
                 "duration dependence, c = %.2f: likelihood ratio %.2f against sBG", bdw.p[2],
                 twice_gain);
        *out = bdw;
        return FL_OK;
    }
    say_simple(out_why, &bdw, twice_gain);
    *out = sbg;
    return FL_OK;
}
