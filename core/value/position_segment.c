/* Value segments: current value x potential value x loyalty (Hwang, Jung & Suh 2004, An LTV model
 * and customer segmentation based on customer value, section 5). */
#include "base/str.h"
#include "value/position.h"

enum { CURRENT = 4, POTENTIAL = 2, LOYALTY = 1 };

static const struct segment {
    const char *name, *title;
} segments[FL_SEGMENTS] = {
    [0] = {"LLL", "little now, little ahead, loose"},
    [LOYALTY] = {"LLH", "loyal, little to gain"},
    [POTENTIAL] = {"LHL", "could grow, may leave first"},
    [POTENTIAL | LOYALTY] = {"LHH", "loyal and growing"},
    [CURRENT] = {"HLL", "was good, on the way out"},
    [CURRENT | LOYALTY] = {"HLH", "loyal earner, fully developed"},
    [CURRENT | POTENTIAL] = {"HHL", "valuable and at risk"},
    [CURRENT | POTENTIAL | LOYALTY] = {"HHH", "best in everything"},
};

const char *fl_segment_name(int segment)
{
    return segment >= 0 && segment < FL_SEGMENTS ? segments[segment].name : "?";
}

const char *fl_segment_title(int segment)
{
    return segment >= 0 && segment < FL_SEGMENTS ? segments[segment].title : "?";
}

bool fl_segment_parse(const char *name, int *out)
{
    for (int i = 0; name && i < FL_SEGMENTS; i++) {
        if (fl_str_equal_nocase(name, segments[i].name)) {
            *out = i;
            return true;
        }
    }
    return false;
}

int fl_segment_of(const struct fl_segment_cuts *cuts, double current, double potential,
                  double loyalty)
{
    return (current > cuts->current ? CURRENT : 0) | (potential > cuts->potential ? POTENTIAL : 0) |
           (loyalty > cuts->loyalty ? LOYALTY : 0);
}
