/* Treated against hold-out: Welch's interval, and what may be said of it. */
#include "value/effect.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>

enum { DECIMALS_MAX = 9 };

void fl_effect_add(struct fl_effect_group *group, double change)
{
    double from_mean = change - group->mean;

    if (!isfinite(change))
        return;
    group->n++;
    group->mean += from_mean / group->n;
    group->m2 += from_mean * (change - group->mean);
}

/* Squared standard error of a mean. */
static double error2(const struct fl_effect_group *group)
{
    return group->m2 / (group->n - 1) / group->n;
}

/* Welch 1947, Satterthwaite 1946. */
static double degrees(const struct fl_effect_group *a, const struct fl_effect_group *b)
{
    double ea = error2(a), eb = error2(b);

    return (ea + eb) * (ea + eb) / (ea * ea / (a->n - 1) + eb * eb / (b->n - 1));
}

static enum fl_effect_verdict verdict_of(const struct fl_effect *effect)
{
    if (effect->low > 0)
        return FL_EFFECT_ROSE;
    return effect->high < 0 ? FL_EFFECT_FELL : FL_EFFECT_UNDECIDED;
}

struct fl_effect fl_effect_of(const struct fl_effect_group *treated,
                              const struct fl_effect_group *holdout, double level, int n_tests)
{
    struct fl_effect out = {.treated_n = treated->n,
                            .holdout_n = holdout->n,
                            .treated_mean = treated->n > 0 ? treated->mean : NAN,
                            .holdout_mean = holdout->n > 0 ? holdout->mean : NAN,
                            .difference = NAN,
                            .low = NAN,
                            .high = NAN,
                            .level = level,
                            .p_value = NAN,
                            .verdict = FL_EFFECT_NOT_ENOUGH};
    double tests = n_tests > 1 ? n_tests : 1, se, reach = 0;

    if (treated->n < FL_EFFECT_MIN || holdout->n < FL_EFFECT_MIN)
        return out;
    /* Where a quantile cannot be had it is NAN: that decides nothing and aborts nothing. */
    gsl_set_error_handler_off();
    out.difference = treated->mean - holdout->mean;
    se = sqrt(error2(treated) + error2(holdout));
    if (se > 0) {
        double df = degrees(treated, holdout);

        reach = se * gsl_cdf_tdist_Qinv((1 - level) / 2 / tests, df);
        out.p_value = fmin(1, tests * 2 * gsl_cdf_tdist_Q(fabs(out.difference) / se, df));
    } else {
        out.p_value = fabs(out.difference) > 0 ? 0 : 1;
    }
    out.low = out.difference - reach;
    out.high = out.difference + reach;
    out.verdict = verdict_of(&out);
    return out;
}

const char *fl_effect_verdict_name(enum fl_effect_verdict verdict)
{
    static const char *const names[] = {[FL_EFFECT_NOT_ENOUGH] = "not enough data",
                                        [FL_EFFECT_UNDECIDED] = "undecided",
                                        [FL_EFFECT_ROSE] = "rose",
                                        [FL_EFFECT_FELL] = "fell"};

    return names[verdict];
}

/* Two digits of the interval's width: more would be noise. */
static int decimals_of(const struct fl_effect *effect)
{
    double width = effect->high - effect->low;

    if (!(width > 0))
        width = fabs(effect->difference);
    return width > 0 ? (int)fmin(fmax(1 - floor(log10(width)), 0), DECIMALS_MAX) : 0;
}

void fl_effect_sentence(const struct fl_effect *effect, const char *measure, char *out, size_t size)
{
    int places = decimals_of(effect);

    switch (effect->verdict) {
    case FL_EFFECT_ROSE:
        snprintf(out, size, "%s rose by %.*f (%.*f to %.*f) against the hold-out", measure, places,
                 effect->difference, places, effect->low, places, effect->high);
        break;
    case FL_EFFECT_FELL:
        snprintf(out, size, "%s fell by %.*f (%.*f to %.*f) against the hold-out", measure, places,
                 -effect->difference, places, -effect->high, places, -effect->low);
        break;
    case FL_EFFECT_UNDECIDED:
        snprintf(
            out, size,
            "no conclusion on %s: a difference of %.*f (%.*f to %.*f) from the hold-out may be "
            "chance",
            measure, places, effect->difference, places, effect->low, places, effect->high);
        break;
    case FL_EFFECT_NOT_ENOUGH:
        snprintf(out, size,
                 "not enough data on %s: %.0f treated and %.0f held out were scored before and "
                 "after, expected %d of each",
                 measure, effect->treated_n, effect->holdout_n, FL_EFFECT_MIN);
        break;
    }
}
