/* Where a customer stands and why, and what else is remarkable. */
#include <math.h>
#include <stdio.h>

#include "appraise/appraise_explain.h"

enum { REASON_SIZE = 320 };

static struct fl_position position_of(const struct fl_score *score)
{
    return (struct fl_position){.cv = score->cv,
                                .ce = score->ce,
                                .distance = score->distance,
                                .certainty = score->certainty,
                                .zone = (enum fl_zone)score->zone,
                                .is_high = score->is_high};
}

static void add_money(struct appraise_sheet *sheet, const char *label, double minor)
{
    json_t *row = appraise_sheet_text(sheet, label, NULL);

    (void)json_object_set_new(row, "unit_minor", isfinite(minor) ? json_real(minor) : json_null());
}

/* Of what the distance is made: slope x cv + intercept - ce, over the line's length. */
enum fl_status appraise_explain_position(struct appraise_explain *explain,
                                         struct appraise_sheet *sheet)
{
    const struct appraise_settings *settings = &explain->frame->settings;
    const struct appraise_places *places = &explain->frame->places;
    const struct fl_position_settings *line = &settings->position;
    const struct fl_score *score = &explain->score;
    double length = sqrt(1 + line->slope * line->slope);

    appraise_sheet_text(sheet, "scale", line->scale == FL_SCALE_MONEY ? "money" : "rank");
    appraise_sheet_fact(sheet, "customers in the population", places->cv.population);
    appraise_sheet_term(sheet, "cv, the customer's side", score->cv, line->slope / length,
                        score->cv * line->slope / length);
    appraise_sheet_term(sheet, "ce, the firm's side", score->ce, -1 / length, -score->ce / length);
    if (fabs(line->intercept) > 0)
        appraise_sheet_term(sheet, "intercept of the fair-value line", line->intercept, 1 / length,
                            line->intercept / length);
    appraise_sheet_term(sheet, "distance from the fair-value line", 1, score->distance,
                        score->distance);
    appraise_sheet_fact(sheet, "band", line->band);
    appraise_sheet_fact(sheet, "standard deviation of cv",
                        appraise_place_sd_cv(settings, places, &explain->worth.value));
    appraise_sheet_fact(sheet, "standard deviation of ce", appraise_place_sd_ce(places, score->ce));
    appraise_sheet_fact(sheet, "certainty", score->certainty);
    appraise_sheet_fact(sheet, "certainty wanted for I and II", line->level);
    appraise_sheet_text(sheet, "zone", fl_zone_name((enum fl_zone)score->zone));
    return FL_OK;
}

enum fl_status appraise_explain_strategy(struct appraise_explain *explain,
                                         struct appraise_sheet *sheet)
{
    enum fl_score_state state = (enum fl_score_state)explain->score.state;
    struct fl_position position = position_of(&explain->score);
    const struct fl_strategy *strategy = fl_strategy_of(state, &position);
    appraise_sheet_text(sheet, "strategy", strategy->title);
    appraise_sheet_text(sheet, "because", strategy->meaning);
    appraise_sheet_text(sheet, "actions", strategy->actions);
    return FL_OK;
}

struct counting {
    int64_t n;
    int64_t until_us;
};

static bool count_referral(void *ctx, int64_t referrer, int64_t referred, int64_t at_us)
{
    struct counting *counting = ctx;

    counting->n += referred != referrer && at_us <= counting->until_us;
    return true;
}

static void add_flag(struct appraise_sheet *sheet, unsigned keys, enum fl_key_flag flag)
{
    appraise_sheet_text(sheet, fl_key_flag_name(flag), keys & flag ? "yes" : "no");
}

enum fl_status appraise_explain_keys(struct appraise_explain *explain, struct appraise_sheet *sheet)
{
    const struct appraise_facts *facts = &explain->file.facts;
    const struct appraise_places *places = &explain->frame->places;
    struct counting counting = {.until_us = explain->file.dates.as_of_us};
    enum fl_status st = fl_store_referral_of(explain->store, facts->customer, count_referral,
                                             &counting, explain->err);

    if (st)
        return st;
    add_flag(sheet, explain->score.keys, FL_KEY_CONTRIBUTION);
    add_money(sheet, "margin in the window", appraise_margin(facts));
    add_money(sheet, "margin of the least key customer", places->contribution_from);
    add_flag(sheet, explain->score.keys, FL_KEY_EXCHANGE);
    appraise_sheet_fact(sheet, "contacts of theirs in the window", facts->attitude->exchanges);
    appraise_sheet_fact(sheet, "contacts of the least key customer", places->exchanges_from);
    add_flag(sheet, explain->score.keys, FL_KEY_LEADER);
    appraise_sheet_fact(sheet, "customers referred", (double)counting.n);
    return FL_OK;
}

enum fl_status appraise_explain_segment(struct appraise_explain *explain,
                                        struct appraise_sheet *sheet)
{
    const struct fl_segment_cuts *cuts = &explain->frame->places.cuts;
    char title[REASON_SIZE];

    add_money(sheet, "current value: margin in the window", appraise_margin(&explain->file.facts));
    add_money(sheet, "median of current value", cuts->current);
    add_money(sheet, "potential value: LTV", explain->worth.ltv);
    add_money(sheet, "median of potential value", cuts->potential);
    appraise_sheet_fact(sheet, "loyalty: commitment level", explain->worth.commitment);
    appraise_sheet_fact(sheet, "median of loyalty", cuts->loyalty);
    snprintf(title, sizeof title, "%s: %s", fl_segment_name(explain->score.segment),
             fl_segment_title(explain->score.segment));
    appraise_sheet_text(sheet, "segment", title);
    return FL_OK;
}
