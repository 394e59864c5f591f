/* Customer value from sums: what the customer receives, less what the relationship costs them. */
#include "value/customer_value.h"

#include <math.h>

#include "base/str.h"

static const char *const aspect_keys[FL_ASPECTS] = {
    [FL_ASPECT_CONVENIENCE] = "convenience",
    [FL_ASPECT_SAFETY] = "safety",
    [FL_ASPECT_BRAND] = "brand",
    [FL_ASPECT_USEFULNESS] = "usefulness",
    [FL_ASPECT_SATISFACTION] = "satisfaction",
};

const char *fl_aspect_key(enum fl_aspect item)
{
    return (unsigned)item < FL_ASPECTS ? aspect_keys[item] : "?";
}

bool fl_aspect_parse(const char *key, enum fl_aspect *out)
{
    for (int k = 0; key && k < FL_ASPECTS; k++) {
        if (fl_str_equal(key, aspect_keys[k])) {
            *out = (enum fl_aspect)k;
            return true;
        }
    }
    return false;
}

void fl_customer_value_defaults(struct fl_customer_value_settings *out)
{
    /* An hour and a message have no value that fits every currency: 0 until one is set. */
    *out = (struct fl_customer_value_settings){
        .point_value = 1, .gift_share = 0.7, .welcome_contacts = 52};
    for (int k = 0; k < FL_ASPECTS; k++)
        out->aspect_weight[k] = 0.05;
}

/* Score of an item and the variance of it; 0 and 0 where nobody answered. */
static double item_score(const struct fl_aspect_answer *answer, const struct fl_aspect_prior *prior,
                         int k, double *out_variance)
{
    double variance = prior->is_known[k] ? prior->variance[k] : FL_ASPECT_VARIANCE_UNKNOWN;

    if (answer->is_known) {
        *out_variance = variance / (answer->n > 1 ? answer->n : 1);
        return answer->score;
    }
    *out_variance = prior->is_known[k] ? variance : 0;
    return prior->is_known[k] ? prior->mean[k] : 0;
}

void fl_customer_value_of(const struct fl_customer_value_settings *settings,
                          const struct fl_customer_facts *facts,
                          const struct fl_aspect_prior *prior, struct fl_customer_value *out)
{
    double spend = facts->spend_minor > 0 ? (double)facts->spend_minor : 0;
    double above = (double)facts->contacts - settings->welcome_contacts;
    struct fl_customer_value value = {.is_estimated = true};
    double variance = 0;

    value.ev = (double)facts->discount_minor + (double)facts->points * settings->point_value +
               (double)facts->gift_minor * settings->gift_share + (double)facts->saved_minor;
    for (int k = 0; k < FL_ASPECTS; k++) {
        double unit = spend * settings->aspect_weight[k];
        double of_item;

        value.spv += unit * item_score(&facts->items[k], prior, k, &of_item);
        variance += unit * unit * of_item;
        if (facts->items[k].is_known)
            value.is_estimated = false;
    }
    value.cost = (double)facts->fee_minor + facts->waited_hours * settings->hour_value +
                 (above > 0 ? above * settings->contact_burden : 0);
    value.cv = value.ev + value.spv - value.cost;
    value.sd = sqrt(variance);
    *out = value;
}
