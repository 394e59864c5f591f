/* Where a relationship stands in the valued population. */
#include <math.h>

#include "appraise/appraise_private.h"

static double rank_of(const struct appraise_settings *settings,
                      const struct fl_reference *reference, double median, double value)
{
    return settings->position.scale == FL_SCALE_MONEY ? fl_position_money(value, median)
                                                      : fl_reference_rank(reference, value);
}

double appraise_place_ce(const struct appraise_settings *settings,
                         const struct appraise_places *places, double ce)
{
    return rank_of(settings, &places->ce, places->ce_median, ce);
}

double appraise_place_cv(const struct appraise_settings *settings,
                         const struct appraise_places *places, double cv)
{
    return rank_of(settings, &places->cv, places->cv_median, cv);
}

double appraise_place_sd_ce(const struct appraise_places *places, double ce_rank)
{
    int bin = (int)(ce_rank * APPRAISE_SD_BINS);

    return places->ce_sd[bin < 0 ? 0 : bin >= APPRAISE_SD_BINS ? APPRAISE_SD_BINS - 1 : bin];
}

double appraise_place_sd_cv(const struct appraise_settings *settings,
                            const struct appraise_places *places,
                            const struct fl_customer_value *value)
{
    if (!(value->sd > 0))
        return 0;
    return (appraise_place_cv(settings, places, value->cv + value->sd) -
            appraise_place_cv(settings, places, value->cv - value->sd)) /
           2;
}

static int64_t minor(double money)
{
    return llround(money);
}

void appraise_score_of(const struct appraise_settings *settings,
                       const struct appraise_places *places, const struct appraise_facts *facts,
                       const struct appraise_worth *worth, double cv, double ce, int64_t at_us,
                       struct fl_score *out)
{
    struct fl_position position;

    *out = (struct fl_score){
        .customer = facts->customer, .at_us = at_us, .state = (int)worth->state, .zone = FL_ZONE_N};
    if (worth->state != FL_SCORE_VALUED)
        return;
    fl_position_of(&settings->position, cv, ce,
                   appraise_place_sd_cv(settings, places, &worth->value),
                   appraise_place_sd_ce(places, ce), &position);
    out->zone = (int)position.zone;
    out->segment =
        fl_segment_of(&places->cuts, appraise_margin(facts), worth->ltv, worth->commitment);
    out->is_high = position.is_high;
    out->is_estimated = worth->value.is_estimated;
    out->p = worth->p;
    out->commitment = worth->commitment;
    out->ltv_minor = minor(worth->ltv);
    out->ce_minor = minor(worth->ce);
    out->ev_minor = minor(worth->value.ev);
    out->spv_minor = minor(worth->value.spv);
    out->cost_minor = minor(worth->value.cost);
    out->cv_minor = out->ev_minor + out->spv_minor - out->cost_minor; /* adds up as shown */
    out->ce = ce;
    out->cv = cv;
    out->distance = position.distance;
    out->certainty = position.certainty;
}
