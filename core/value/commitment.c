/* Attitude signals of one customer, and what they do to the probability of staying. */
#include "value/commitment.h"

#include <math.h>
#include <string.h>

/* How the lines of a signal become one number. */
enum kind {
    RATING, /* the youngest answer on its scale, [-1, 1] */
    FLAG,   /* the strongest, [0, 1] */
    COUNT   /* 1 - exp(-sum / scale), [0, 1) */
};

static const struct row {
    const char *key, *help;
    double weight;
    enum kind kind;
    double scale; /* of a count: so many fresh ones give 1 - 1/e */
    bool is_lasting;
} rows[FL_SIGNALS] = {
    [FL_SIGNAL_SATISFACTION] = {"satisfaction", "stated satisfaction", 0.6, RATING, 0, false},
    [FL_SIGNAL_COMMITMENT] = {"commitment", "stated commitment", 0.8, RATING, 0, false},
    [FL_SIGNAL_ADVOCACY] = {"advocacy", "would recommend (NPS)", 0.5, RATING, 0, false},
    [FL_SIGNAL_OPEN_COMPLAINT] = {"open_complaint", "a complaint that is open", -1.0, FLAG, 0,
                                  true},
    [FL_SIGNAL_SETTLED] = {"settled", "a complaint settled quickly", 0.3, FLAG, 0, false},
    [FL_SIGNAL_REFERRAL] = {"referral", "has referred others", 0.4, COUNT, 1, false},
    [FL_SIGNAL_ENGAGEMENT] = {"engagement", "replies, clicks by hand, answers", 0.5, COUNT, 3,
                              false},
    [FL_SIGNAL_OPT_OUT] = {"opt_out", "some channel or purpose was withdrawn", -0.8, FLAG, 0,
                           false},
};

static const double P_MARGIN = 1e-9; /* of a probability that is shifted, from 0 and 1 */
static const double HALF_LIFE_DAYS = 180, SETTLED_HOURS_MAX = 48;

const char *fl_signal_key(enum fl_signal signal)
{
    return rows[signal].key;
}

bool fl_signal_parse(const char *key, enum fl_signal *out)
{
    for (int i = 0; i < FL_SIGNALS; i++)
        if (strcmp(rows[i].key, key) == 0) {
            *out = (enum fl_signal)i;
            return true;
        }
    return false;
}

const char *fl_signal_help(enum fl_signal signal)
{
    return rows[signal].help;
}

double fl_signal_default_weight(enum fl_signal signal)
{
    return rows[signal].weight;
}

void fl_commitment_defaults(struct fl_commitment_settings *out)
{
    for (int i = 0; i < FL_SIGNALS; i++)
        out->weight[i] = rows[i].weight;
    out->half_life_days = HALF_LIFE_DAYS;
    out->settled_hours_max = SETTLED_HOURS_MAX;
}

static double within(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

static bool is_usable(const struct fl_signal_line *line)
{
    return isfinite(line->value) && isfinite(line->low) && isfinite(line->high) &&
           line->high > line->low && line->age_days >= 0;
}

static double decay(const struct fl_commitment_settings *settings,
                    const struct fl_signal_line *line)
{
    return rows[line->signal].is_lasting ? 1 : exp2(-line->age_days / settings->half_life_days);
}

void fl_commitment_signals(const struct fl_commitment_settings *settings,
                           const struct fl_signal_line *lines, size_t n, double out_s[FL_SIGNALS],
                           bool *out_is_known)
{
    double youngest[FL_SIGNALS], s[FL_SIGNALS] = {0};
    bool is_known = false;

    for (int j = 0; j < FL_SIGNALS; j++)
        youngest[j] = INFINITY;
    for (size_t i = 0; i < n; i++) {
        const struct fl_signal_line *line = &lines[i];
        const struct row *row = &rows[line->signal];
        double *of = &s[line->signal], share;

        if (!is_usable(line))
            continue;
        is_known = true;
        share = (line->value - line->low) / (line->high - line->low);
        if (row->kind == COUNT)
            *of += fmax(share, 0) * decay(settings, line);
        else if (row->kind == FLAG)
            *of = fmax(*of, within(share, 0, 1) * decay(settings, line));
        else if (line->age_days <= youngest[line->signal]) {
            youngest[line->signal] = line->age_days;
            *of = (2 * within(share, 0, 1) - 1) * decay(settings, line);
        }
    }
    for (int j = 0; j < FL_SIGNALS; j++)
        out_s[j] = rows[j].kind == COUNT ? -expm1(-s[j] / rows[j].scale) : s[j];
    *out_is_known = is_known;
}

double fl_commitment_level(const struct fl_commitment_settings *settings, double p,
                           const double s[FL_SIGNALS])
{
    double shift = 0, kept = within(p, P_MARGIN, 1 - P_MARGIN), level;

    for (int j = 0; j < FL_SIGNALS; j++)
        shift += settings->weight[j] * s[j];
    if (isnan(p) || !(shift > 0 || shift < 0))
        return p;
    level = 1 / (1 + (1 - kept) / kept * exp(-shift));
    /* A p beyond the margin must not come back on the wrong side of itself. */
    return shift > 0 ? fmax(level, p) : fmin(level, p);
}
