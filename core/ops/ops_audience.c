/* Why a customer is not in an audience that goes by what relationships are worth. */
#include "ops/ops_private.h"
#include "value/position.h"

#define NOT_IN "the customer is not in the audience: "

static const char *zones_text(struct fl_arena *arena, unsigned zones)
{
    const char *text = "";

    for (int i = 0; text && i < FL_ZONES; i++)
        if (zones >> i & 1u)
            text = fl_arena_printf(arena, "%s%s%s", text, *text ? "|" : "",
                                   fl_zone_name((enum fl_zone)i));
    return text;
}

static const char *range_missed(struct fl_arena *arena, const char *what, double value, double min,
                                double max)
{
    if (min <= value && value <= max)
        return NULL;
    return fl_arena_printf(arena, NOT_IN "%s is %.3f, expected %g to %g", what, value, min, max);
}

static const char *ranges_missed(struct fl_arena *arena, const struct fl_store_worth_filter *worth,
                                 const struct fl_score *score)
{
    const char *sentence = NULL;

    if (worth->has_ce)
        sentence = range_missed(arena, "ce", score->ce, worth->ce_min, worth->ce_max);
    if (!sentence && worth->has_cv)
        sentence = range_missed(arena, "cv", score->cv, worth->cv_min, worth->cv_max);
    if (!sentence && worth->has_commitment)
        sentence = range_missed(arena, "commitment", score->commitment, worth->commitment_min,
                                worth->commitment_max);
    return sentence;
}

static const char *score_missed(struct fl_arena *arena, const struct fl_store_worth_filter *worth,
                                const struct fl_score *score)
{
    bool is_of_valued = worth->segments || worth->has_ce || worth->has_cv || worth->has_commitment;

    if (worth->zones && !(worth->zones >> score->zone & 1u))
        return fl_arena_printf(arena, NOT_IN "zone %s, expected %s",
                               fl_zone_name((enum fl_zone)score->zone),
                               zones_text(arena, worth->zones));
    if (is_of_valued && score->state != FL_SCORE_VALUED)
        return NOT_IN "too little is known to value the relationship";
    if (worth->segments && !(worth->segments >> score->segment & 1u))
        return fl_arena_printf(arena, NOT_IN "the value segment is %s",
                               fl_segment_name(score->segment));
    if ((score->keys & worth->keys) != worth->keys)
        return NOT_IN "it is of key customers by criteria that this one does not meet";
    return ranges_missed(arena, worth, score);
}

enum fl_status fl_ops_worth_missed(struct fl_ops_call *call,
                                   const struct fl_store_worth_filter *worth,
                                   const struct fl_customer *customer, const char **out,
                                   struct fl_score *out_score)
{
    enum fl_status st;

    *out = NULL;
    if (customer->state == FL_CUSTOMER_OBJECTED) {
        *out = NOT_IN "it goes by the worth of relationships, and the customer objects to "
                      "profiling";
        return FL_OK;
    }
    st = fl_store_score_get(call->context->store, customer->id, out_score, call->err);
    if (st == FL_NOT_FOUND) {
        *out = NOT_IN "nobody has valued the relationship yet; \"fairline value run\" does";
        return FL_OK;
    }
    if (!st && worth)
        *out = score_missed(call->args->arena, worth, out_score);
    return st;
}

struct search {
    const struct fl_stage *stage;
    int zone;
    int64_t since_us;
    bool is_found;
};

static bool on_change(void *ctx, const struct fl_zone_change *change)
{
    struct search *search = ctx;
    const struct fl_stage *stage = search->stage;

    search->is_found |= change->at_us >= search->since_us && change->to == search->zone &&
                        (stage->zone_from < 0 || change->from == stage->zone_from) &&
                        (stage->zone_to < 0 || change->to == stage->zone_to);
    return !search->is_found;
}

enum fl_status fl_ops_change_found(struct fl_ops_call *call, const struct fl_stage *stage,
                                   const struct fl_score *score, bool *out)
{
    struct search search = {.stage = stage,
                            .zone = score->zone,
                            .since_us = fl_clock_now(&call->context->clock) - stage->within_us};
    enum fl_status st = fl_store_zone_change_each(call->context->store, score->customer, 0, 0,
                                                  on_change, &search, call->err);

    if (!st)
        *out = search.is_found;
    return st;
}
