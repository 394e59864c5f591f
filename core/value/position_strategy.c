/* What follows from a position: Park & Kim 2002, figure 3. */
#include <math.h>
#include <stdio.h>

#include "value/position.h"

enum strategy { NONE, LEARN, TRANSACTIONAL, NON_TRANSACTIONAL, PROTECT, DEVELOP };

static const struct fl_strategy strategies[] = {
    [NONE] = {.key = "none",
              .title = "no strategy",
              .actions = "none: leave in peace",
              .meaning = "objected to profiling: nothing is computed or kept"},
    [LEARN] = {.key = "learn",
               .title = "get to know",
               .actions = "first survey, first purchase",
               .meaning = "too little is known to say what the relationship is worth"},
    [TRANSACTIONAL] = {.key = "transactional-bonding",
                       .title = "transactional bonding",
                       .actions = "promotion, coupon, cross-selling, capture the purchase",
                       .meaning = "the customer receives more than the firm earns"},
    [NON_TRANSACTIONAL] = {.key = "non-transactional-bonding",
                           .title = "non-transactional bonding",
                           .actions = "gift, differentiated care, bonus, a call",
                           .meaning = "the firm earns more than the customer receives, who may "
                                      "leave for it"},
    [PROTECT] = {.key = "protect",
                 .title = "protect",
                 .actions = "keep up what works, thank, ask for a referral",
                 .meaning = "fair, and worth much to both sides"},
    [DEVELOP] = {.key = "develop",
                 .title = "develop or reactivate",
                 .actions = "try the next product, reactivate, or let it be",
                 .meaning = "fair, and worth little to both sides"},
};

static enum strategy choose(enum fl_score_state state, const struct fl_position *position)
{
    if (state == FL_SCORE_OBJECTED)
        return NONE;
    if (state != FL_SCORE_VALUED || !position)
        return LEARN;
    switch (position->zone) {
    case FL_ZONE_I:
        return TRANSACTIONAL;
    case FL_ZONE_II:
        return NON_TRANSACTIONAL;
    case FL_ZONE_III:
        return position->is_high ? PROTECT : DEVELOP;
    case FL_ZONE_N:
        break;
    }
    return LEARN;
}

const struct fl_strategy *fl_strategy_of(enum fl_score_state state,
                                         const struct fl_position *position)
{
    return &strategies[choose(state, position)];
}

void fl_strategy_reason(const struct fl_position_settings *settings, enum fl_score_state state,
                        const struct fl_position *position, char *out, size_t size)
{
    enum strategy strategy = choose(state, position);
    const char *meaning = strategies[strategy].meaning;

    if (strategy == NONE || strategy == LEARN) {
        snprintf(out, size, "%s", meaning);
        return;
    }
    if (position->zone != FL_ZONE_III)
        snprintf(out, size,
                 "%s: cv %.2f against ce %.2f, distance %.2f beyond the band of %.2f with "
                 "certainty %.2f",
                 meaning, position->cv, position->ce, position->distance, settings->band,
                 position->certainty);
    else if (fabs(position->distance) <= settings->band)
        snprintf(out, size,
                 "%s: cv %.2f against ce %.2f, distance %.2f within the band of %.2f with "
                 "certainty %.2f",
                 meaning, position->cv, position->ce, position->distance, settings->band,
                 position->certainty);
    else
        snprintf(out, size,
                 "%s: cv %.2f against ce %.2f, distance %.2f beyond the band of %.2f, but within "
                 "it with probability %.2f; certainty above %.2f is wanted",
                 meaning, position->cv, position->ce, position->distance, settings->band,
                 position->certainty, settings->level);
}
