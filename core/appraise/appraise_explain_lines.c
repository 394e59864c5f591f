/* What a customer receives and pays, event by event. */
#include <math.h>
#include <stdlib.h>

#include "appraise/appraise_explain.h"

/* ---- transactions ----------------------------------------------------------------------------*/

struct trading {
    const struct fl_customer_value_settings *settings;
    struct appraise_sheet *sheet;
};

static void add_trade(struct trading *trading, const char *label, double quantity,
                      double unit_minor, const struct fl_transaction *from)
{
    json_t *row;

    if (!(fabs(quantity * unit_minor) > 0))
        return;
    row = appraise_sheet_line(trading->sheet, label, quantity, unit_minor);
    appraise_sheet_event(row, "transaction", from->id, from->external_id, FL_TIME_NONE);
    appraise_sheet_date(row, from->date);
}

static bool on_receipt(void *ctx, const struct fl_transaction *from)
{
    struct trading *trading = ctx;

    add_trade(trading, "discount", 1, (double)from->discount_minor, from);
    add_trade(trading, "points", (double)from->points, trading->settings->point_value, from);
    add_trade(trading, "gift, as far as perceived", trading->settings->gift_share,
              (double)from->gift_minor, from);
    add_trade(trading, "below the reference price", 1, (double)from->saved_minor, from);
    return true;
}

static bool on_fee(void *ctx, const struct fl_transaction *from)
{
    struct trading *trading = ctx;

    add_trade(trading, "fee", 1, (double)from->fee_minor, from);
    add_trade(trading, "shipping", 1, (double)from->shipping_minor, from);
    return true;
}

static enum fl_status each_trade(struct appraise_explain *explain, struct appraise_sheet *sheet,
                                 fl_store_transaction_fn *fn)
{
    struct trading trading = {&explain->frame->settings.customer, sheet};
    const struct appraise_dates *dates = &explain->file.dates;

    return fl_store_transaction_each(explain->store, explain->file.facts.customer,
                                     dates->window_from, dates->today, fn, &trading, explain->err);
}

enum fl_status appraise_explain_economic(struct appraise_explain *explain,
                                         struct appraise_sheet *sheet)
{
    enum fl_status st = each_trade(explain, sheet, on_receipt);

    if (!st)
        appraise_sheet_total(sheet, "economic value", explain->worth.value.ev);
    return st;
}

/* ---- answers ---------------------------------------------------------------------------------*/

struct asking {
    const struct appraise_explain *explain;
    struct appraise_sheet *sheet;
    double spend;
};

static bool on_answer(void *ctx, const struct fl_sign *sign)
{
    struct asking *asking = ctx;
    const struct appraise_attitude *attitude = asking->explain->file.facts.attitude;
    double score = (sign->value - sign->low) / (sign->high - sign->low) - 0.5;
    enum fl_aspect item;
    json_t *row;

    if (sign->kind != FL_SIGN_ANSWER || !isfinite(score) || fabs(score) > 0.5 ||
        !appraise_question_aspect(sign->question, &item) || !attitude->n_items[item])
        return true;
    row = appraise_sheet_line(asking->sheet, fl_aspect_key(item), score,
                              asking->spend *
                                  asking->explain->frame->settings.customer.aspect_weight[item] /
                                  attitude->n_items[item]);
    appraise_sheet_event(row, "feedback", sign->event, NULL, sign->at_us);
    return true;
}

/* An item the customer did not answer counts as the segment does, on average. */
static void add_estimates(const struct asking *asking)
{
    const struct appraise_explain *explain = asking->explain;
    const char *segment = explain->frame->segments[explain->file.facts.segment].name;

    for (int k = 0; k < FL_ASPECTS; k++) {
        double unit = asking->spend * explain->frame->settings.customer.aspect_weight[k];
        json_t *row;

        if (explain->file.facts.attitude->n_items[k] || !explain->prior->is_known[k])
            continue;
        row = appraise_sheet_line(asking->sheet, fl_aspect_key((enum fl_aspect)k),
                                  explain->prior->mean[k], unit);
        (void)json_object_set_new(row, "of", json_string("segment"));
        (void)json_object_set_new(row, "name", json_string(*segment ? segment : "unknown"));
        (void)json_object_set_new(row, "is_estimated", json_true());
    }
}

enum fl_status appraise_explain_social(struct appraise_explain *explain,
                                       struct appraise_sheet *sheet)
{
    const struct appraise_dates *dates = &explain->file.dates;
    struct fl_customer_facts facts;
    struct asking asking = {.explain = explain, .sheet = sheet};
    int64_t id = explain->file.facts.customer;
    json_t *row = appraise_sheet_text(sheet, "spend in the window", NULL);
    enum fl_status st;

    appraise_customer_facts(&explain->file.facts, &facts);
    asking.spend = facts.spend_minor > 0 ? (double)facts.spend_minor : 0;
    (void)json_object_set_new(row, "unit_minor", json_real(asking.spend));
    st = fl_store_sign_each(explain->store, id, id, dates->window_from_us, dates->as_of_us,
                            on_answer, &asking, explain->err);
    if (st)
        return st;
    add_estimates(&asking);
    appraise_sheet_total(sheet, "social-psychological value", explain->worth.value.spv);
    return FL_OK;
}

/* ---- cost ------------------------------------------------------------------------------------*/

struct waiting {
    const struct appraise_explain *explain;
    struct appraise_sheet *sheet;
};

static bool on_complaint(void *ctx, const struct fl_complaint *complaint)
{
    struct waiting *waiting = ctx;
    double hours = appraise_waited_hours(&waiting->explain->file.dates, complaint->opened_us,
                                         complaint->settled_us);
    json_t *row;

    if (!(hours > 0))
        return true;
    row = appraise_sheet_line(waiting->sheet, "hours waited for an answer", hours,
                              waiting->explain->frame->settings.customer.hour_value);
    appraise_sheet_event(row, "complaint", complaint->id, complaint->external_id,
                         complaint->opened_us);
    return true;
}

struct contacting {
    json_t *events; /* of the messages above the welcome ones */
    double welcome;
    int64_t n;
};

static bool on_message(void *ctx, const struct fl_sign *sign)
{
    struct contacting *contacting = ctx;

    if (sign->kind == FL_SIGN_MESSAGE_OUT && (double)++contacting->n > contacting->welcome) {
        json_t *row = json_object();

        appraise_sheet_event(row, "message", sign->event, NULL, sign->at_us);
        (void)json_array_append_new(contacting->events, row);
    }
    return true;
}

static enum fl_status add_contacts(struct appraise_explain *explain, struct appraise_sheet *sheet)
{
    const struct fl_customer_value_settings *settings = &explain->frame->settings.customer;
    const struct appraise_dates *dates = &explain->file.dates;
    int64_t id = explain->file.facts.customer, n = explain->file.facts.attitude->contacts;
    struct contacting contacting = {.welcome = settings->welcome_contacts};
    enum fl_status st;
    json_t *row;

    if ((double)n <= settings->welcome_contacts)
        return FL_OK;
    contacting.events = json_array();
    st = fl_store_sign_each(explain->store, id, id, dates->window_from_us, dates->as_of_us,
                            on_message, &contacting, explain->err);
    row = appraise_sheet_line(sheet, "messages above the welcome ones",
                              (double)n - settings->welcome_contacts, settings->contact_burden);
    (void)json_object_set_new(row, "events", contacting.events);
    return st;
}

enum fl_status appraise_explain_cost(struct appraise_explain *explain, struct appraise_sheet *sheet)
{
    struct waiting waiting = {explain, sheet};
    int64_t id = explain->file.facts.customer;
    enum fl_status st = each_trade(explain, sheet, on_fee);

    if (!st)
        st = fl_store_complaint_each(explain->store, id, id, on_complaint, &waiting, explain->err);
    if (!st)
        st = add_contacts(explain, sheet);
    if (!st)
        appraise_sheet_total(sheet, "relationship cost", explain->worth.value.cost);
    return st;
}
