/* Zones: which side of the fair-value line, and how surely. */
#include "value/position.h"

#include <math.h>

#include "base/str.h"

static const char *const zone_names[FL_ZONES] = {
    [FL_ZONE_N] = "N", [FL_ZONE_I] = "I", [FL_ZONE_II] = "II", [FL_ZONE_III] = "III"};

const char *fl_zone_name(enum fl_zone zone)
{
    return (unsigned)zone < FL_ZONES ? zone_names[zone] : "?";
}

bool fl_zone_parse(const char *name, enum fl_zone *out)
{
    for (int i = 0; name && i < FL_ZONES; i++) {
        if (fl_str_equal_nocase(name, zone_names[i])) {
            *out = (enum fl_zone)i;
            return true;
        }
    }
    return false;
}

const char *fl_score_state_name(enum fl_score_state state)
{
    static const char *const names[] = {[FL_SCORE_VALUED] = "valued",
                                        [FL_SCORE_NOT_ENOUGH] = "not enough data",
                                        [FL_SCORE_OBJECTED] = "objected"};

    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "?";
}

void fl_position_defaults(struct fl_position_settings *out)
{
    *out = (struct fl_position_settings){.slope = 1, .band = 0.15, .level = 0.8};
}

static double normal_below(double z)
{
    return erfc(-z * M_SQRT1_2) / 2;
}

double fl_position_money(double value, double median)
{
    /* So that a rank far out is still inside (0,1) as stored. */
    static const double edge = 1e-9;
    double rank = normal_below(log(fmax(value, 1)) - log(fmax(median, 1)));

    return fmin(fmax(rank, edge), 1 - edge);
}

/* P(D > cut) where D is normal around `mean`; without spread it is or is not. */
static double beyond(double mean, double sd, double cut)
{
    if (!(sd > 0))
        return mean > cut;
    return normal_below((mean - cut) / sd);
}

void fl_position_of(const struct fl_position_settings *settings, double cv, double ce, double sd_cv,
                    double sd_ce, struct fl_position *out)
{
    double length = sqrt(1 + settings->slope * settings->slope);
    double d = (settings->intercept + settings->slope * cv - ce) / length;
    double sd = hypot(settings->slope * sd_cv, sd_ce) / length;
    double above = beyond(d, sd, settings->band), below = beyond(-d, sd, settings->band);
    struct fl_position position = {.cv = cv, .ce = ce, .distance = d, .zone = FL_ZONE_III};

    if (isnan(d) || isnan(sd)) {
        *out = (struct fl_position){.cv = cv, .ce = ce, .zone = FL_ZONE_N};
        return;
    }
    position.is_high = (cv + ce) / 2 >= 0.5;
    position.certainty = fmax(1 - above - below, 0);
    if (d > settings->band && above > settings->level) {
        position.zone = FL_ZONE_I;
        position.certainty = above;
    } else if (d < -settings->band && below > settings->level) {
        position.zone = FL_ZONE_II;
        position.certainty = below;
    }
    *out = position;
}
