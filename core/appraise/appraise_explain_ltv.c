/* Lifetime value and commitment: streams of money, and what speaks for their going on. */
#include <math.h>
#include <stdio.h>

#include "appraise/appraise_explain.h"

enum { LABEL_SIZE = 96 };
/* As fl_commitment_level() keeps a probability from 0 and 1 before it is shifted. */
static const double P_MARGIN = 1e-9;

static void add_fit(struct appraise_sheet *sheet, const char *of,
                    const struct appraise_fitted *fitted)
{
    const struct fl_value_fit *fit = &fitted->fit.fit;
    char label[LABEL_SIZE];

    snprintf(label, sizeof label, "model of %s", of);
    appraise_sheet_text(sheet, label, fl_value_model_title(fit->model));
    appraise_sheet_text(sheet, "chosen because", fitted->chosen_by);
    for (size_t i = 0; i < fl_value_params(fit->model); i++) {
        snprintf(label, sizeof label, "parameter %s", fl_value_param_name(fit->model, i));
        appraise_sheet_fact(sheet, label, fit->p[i]);
    }
}

static void add_horizon(struct appraise_sheet *sheet, const struct fl_value_horizon *horizon)
{
    appraise_sheet_fact(sheet, "periods ahead", horizon->periods);
    appraise_sheet_fact(sheet, "days a period", horizon->period_days);
    appraise_sheet_fact(sheet, "yearly discount rate", horizon->yearly_rate);
}

static void add_shop(struct appraise_explain *explain, struct appraise_sheet *sheet)
{
    const struct appraise_models *models = &explain->frame->models;
    struct fl_value_obs obs;
    json_t *row;

    if (!appraise_trade_obs(&explain->file.facts.trade, &explain->file.dates, &obs)) {
        appraise_sheet_text(sheet, "no purchase until the valuation date", NULL);
        return;
    }
    appraise_sheet_fact(sheet, "x, purchase days after the first", obs.x);
    appraise_sheet_fact(sheet, "tx, periods to the last one", obs.tx);
    appraise_sheet_fact(sheet, "T, periods since the first", obs.T);
    row = appraise_sheet_text(sheet, "zbar, mean margin of them", NULL);
    (void)json_object_set_new(row, "unit_minor", json_real(obs.z));
    if (!explain->worth.has_shop) {
        appraise_sheet_text(sheet, "no model of purchases", models->purchase.fit.fit.why);
        return;
    }
    add_fit(sheet, "purchases", &models->purchase);
    add_horizon(sheet, &explain->frame->settings.horizon);
    if (models->spend.is_fitted)
        add_fit(sheet, "spend", &models->spend);
    appraise_sheet_line(sheet, "purchase days to come while it goes on, discounted",
                        explain->worth.residual, explain->worth.spend);
}

struct subscribing {
    struct appraise_explain *explain;
    struct appraise_sheet *sheet;
    bool has_model;
};

static bool on_subscription(void *ctx, const struct fl_subscription *subscription)
{
    struct subscribing *subscribing = ctx;
    struct appraise_explain *explain = subscribing->explain;
    const struct appraise_models *models = &explain->frame->models;
    struct appraise_contract contract;
    double ltv, margin, p;
    json_t *row;

    if (!appraise_contract_of(&explain->file.dates, subscription, &contract) || contract.is_over)
        return true;
    if (!models->subscription.is_fitted) {
        row = appraise_sheet_text(subscribing->sheet, "no model of subscriptions",
                                  models->subscription.fit.fit.why);
        appraise_sheet_event(row, "subscription", subscription->id, subscription->external_id,
                             FL_TIME_NONE);
        return true;
    }
    if (!subscribing->has_model)
        add_fit(subscribing->sheet, "subscriptions", &models->subscription);
    subscribing->has_model = true;
    ltv = appraise_contract_ltv(models, &explain->frame->settings.horizon, &contract, &p);
    margin = (double)contract.margin_minor;
    row = fabs(margin) > 0
              ? appraise_sheet_line(subscribing->sheet, "renewals if the next comes, discounted",
                                    ltv / margin, margin)
              : appraise_sheet_line(subscribing->sheet, "renewals to come", 0, 0);
    appraise_sheet_event(row, "subscription", subscription->id, subscription->external_id,
                         FL_TIME_NONE);
    return true;
}

enum fl_status appraise_explain_ltv(struct appraise_explain *explain, struct appraise_sheet *sheet)
{
    struct subscribing subscribing = {.explain = explain, .sheet = sheet};
    int64_t id = explain->file.facts.customer;
    enum fl_status st;

    add_shop(explain, sheet);
    if (!explain->file.n_contracts)
        appraise_sheet_text(sheet, "no subscription until the valuation date", NULL);
    st = fl_store_subscription_each(explain->store, id, id, on_subscription, &subscribing,
                                    explain->err);
    if (!st)
        appraise_sheet_total(sheet, "LTV, lifetime value while it goes on", explain->worth.ltv);
    return st;
}

/* ---- commitment ------------------------------------------------------------------------------*/

/* What an event of a signal is. */
static const char *origin_of(enum fl_signal signal)
{
    switch (signal) {
    case FL_SIGNAL_SATISFACTION:
    case FL_SIGNAL_COMMITMENT:
    case FL_SIGNAL_ADVOCACY:
        return "feedback";
    case FL_SIGNAL_OPEN_COMPLAINT:
    case FL_SIGNAL_SETTLED:
        return "complaint";
    case FL_SIGNAL_REFERRAL:
        return "customer";
    case FL_SIGNAL_OPT_OUT:
        return "consent";
    case FL_SIGNAL_ENGAGEMENT:
        break;
    }
    return "contact";
}

static bool is_rating(enum fl_signal signal)
{
    return signal <= FL_SIGNAL_ADVOCACY;
}

/* Of a rating the youngest answer counts, as in fl_commitment_signals(); of the rest all do. */
static const struct fl_signal_line *youngest(const struct appraise_signs *signs,
                                             enum fl_signal signal)
{
    const struct fl_signal_line *found = NULL;

    for (size_t i = 0; i < signs->n; i++) {
        if (signs->lines[i].signal == signal &&
            (!found || signs->lines[i].age_days <= found->age_days))
            found = &signs->lines[i];
    }
    return found;
}

static json_t *line_event(const struct appraise_explain *explain, const struct fl_signal_line *line,
                          json_t *row)
{
    int64_t at_us =
        explain->file.dates.as_of_us - (int64_t)llround(line->age_days * (double)FL_US_PER_DAY);

    appraise_sheet_event(row, origin_of(line->signal), line->event, NULL, at_us);
    (void)json_object_set_new(row, "age_days", json_real(line->age_days));
    (void)json_object_set_new(row, "value", json_real(line->value));
    return row;
}

static void add_signal(const struct appraise_explain *explain, struct appraise_sheet *sheet,
                       enum fl_signal signal, double s)
{
    const struct appraise_signs *signs = &explain->file.signs;
    double weight = explain->frame->settings.commitment.weight[signal];
    const struct fl_signal_line *last = youngest(signs, signal);
    json_t *row, *events;

    if (!last)
        return;
    row = appraise_sheet_term(sheet, fl_signal_key(signal), s, weight, s * weight);
    line_event(explain, last, row);
    if (is_rating(signal))
        return;
    events = json_array();
    for (size_t i = 0; i < signs->n; i++) {
        if (signs->lines[i].signal == signal)
            (void)json_array_append_new(events,
                                        line_event(explain, &signs->lines[i], json_object()));
    }
    (void)json_object_set_new(row, "events", events);
}

static void add_behaviour(const struct appraise_explain *explain, struct appraise_sheet *sheet)
{
    const struct appraise_worth *worth = &explain->worth;
    json_t *row;

    if (worth->has_shop) {
        row = appraise_sheet_fact(sheet, "P(alive) as a shopper", worth->shop_p);
        (void)json_object_set_new(row, "unit_minor", json_real(worth->shop_ltv));
    }
    if (worth->contract_ltv > 0) {
        row = appraise_sheet_fact(sheet, "P(next renewal) of subscriptions", worth->contract_p);
        (void)json_object_set_new(row, "unit_minor", json_real(worth->contract_ltv));
    }
    appraise_sheet_fact(sheet, "p, of both by their LTV", worth->p);
    appraise_sheet_fact(sheet, "half-life of a signal in days",
                        explain->frame->settings.commitment.half_life_days);
    appraise_sheet_text(sheet, "weights",
                        explain->frame->commitment.is_learned ? "learned" : "as configured");
}

/* In log-odds; the last row says what probability they are. */
enum fl_status appraise_explain_commitment(struct appraise_explain *explain,
                                           struct appraise_sheet *sheet)
{
    const struct appraise_attitude *attitude = explain->file.facts.attitude;
    double p = fmin(fmax(explain->worth.p, P_MARGIN), 1 - P_MARGIN);
    double sum = log(p / (1 - p));
    json_t *row;

    add_behaviour(explain, sheet);
    appraise_sheet_term(sheet, "behaviour: log-odds of p", 1, sum, sum);
    for (int j = 0; j < FL_SIGNALS; j++) {
        double s = (double)attitude->signal[j];

        add_signal(explain, sheet, (enum fl_signal)j, s);
        sum += s * explain->frame->settings.commitment.weight[j];
    }
    row = appraise_sheet_term(sheet, "CL, commitment level", explain->worth.commitment, NAN, sum);
    (void)json_object_set_new(row, "kind", json_string("total"));
    return FL_OK;
}
