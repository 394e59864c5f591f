/* The unit of money must not matter: Gamma-Gamma is fitted to values in units of their mean, and
 * the result given back in the data's unit.  On data that hardly tell its parameters apart, an
 * optimiser that sees the unit ends elsewhere for each of them. */
#include <math.h>
#include <stdlib.h>

#include "value/value_private.h"

enum { MONEY = 2 /* v, the parameter of Gamma-Gamma that is money */ };

static double mean_value(const struct fl_value_obs *obs, size_t n)
{
    double spend = 0, days = 0;

    for (size_t i = 0; i < n; i++) {
        spend += obs[i].n * obs[i].x * obs[i].z;
        days += obs[i].n * obs[i].x;
    }
    return spend / days;
}

static void give_back(struct fl_value_fit *fit, double unit)
{
    fit->p[MONEY] *= unit;
    fit->se[MONEY] *= unit;
    fit->log_likelihood -= fit->customers * log(unit); /* of a density, by z */
}

static enum fl_status fit_money(const struct fl_value_obs *obs, size_t n,
                                const struct fl_value_fit_options *options,
                                struct fl_value_fit *out, struct fl_error *err)
{
    struct fl_value_obs *scaled = calloc(n, sizeof *scaled);
    struct fl_value_fit_options in_units = options ? *options : (struct fl_value_fit_options){0};
    double start[FL_VALUE_PARAMS_MAX];
    double unit = mean_value(obs, n);
    enum fl_status st;

    if (!scaled)
        return fl_error_set(err, FL_IO, "out of memory");
    for (size_t i = 0; i < n; i++) {
        scaled[i] = obs[i];
        scaled[i].z /= unit;
    }
    for (size_t j = 0; in_units.start && j < fl_value_params(FL_VALUE_GAMMAGAMMA); j++)
        start[j] = options->start[j] / (j == MONEY ? unit : 1);
    in_units.start = in_units.start ? start : NULL;
    st = value_fit_as_it_is(FL_VALUE_GAMMAGAMMA, scaled, n, &in_units, out, err);
    free(scaled);
    if (!st && out->state != FL_VALUE_NOT_ENOUGH)
        give_back(out, unit);
    return st;
}

enum fl_status fl_value_fit(enum fl_value_model model, const struct fl_value_obs *obs, size_t n,
                            const struct fl_value_fit_options *options, struct fl_value_fit *out,
                            struct fl_error *err)
{
    enum fl_status st = fl_value_check(model, obs, n, err);

    if (st)
        return st;
    if (model == FL_VALUE_GAMMAGAMMA && n > 0)
        return fit_money(obs, n, options, out, err);
    return value_fit_as_it_is(model, obs, n, options, out, err);
}
