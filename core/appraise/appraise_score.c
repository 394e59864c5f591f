/* From facts to money: lifetime value, commitment, customer equity, customer value. */
#include <math.h>
#include <stdlib.h>

#include "appraise/appraise_private.h"

/* Slots, not entries: what falls on a taken slot takes its place. */
enum { MEMO_SLOTS = 1 << 16 };

struct memo_entry {
    uint64_t key; /* 0: empty */
    double value;
};
struct appraise_memo {
    struct memo_entry slots[MEMO_SLOTS];
};

struct appraise_memo *appraise_memo_create(void)
{
    return calloc(1, sizeof(struct appraise_memo));
}

void appraise_memo_destroy(struct appraise_memo **memo)
{
    free(*memo);
    *memo = NULL;
}

static struct memo_entry *memo_slot(struct appraise_memo *memo, uint64_t key)
{
    /* Knuth's multiplicative hash. */
    return &memo->slots[key * UINT64_C(0x9E3779B97F4A7C15) >> 48];
}

/* ---- shop -------------------------------------------------------------------------------------*/

static double shop_residual(const struct appraise_models *models,
                            const struct appraise_dates *dates, const struct appraise_trade *trade,
                            const struct fl_value_obs *obs, struct appraise_memo *memo)
{
    const struct fl_value_fit *fit = &models->purchase.fit.fit;
    uint64_t key = (uint64_t)(trade->x + 1) << 32 | (uint32_t)(dates->today - trade->first);
    struct memo_entry *slot = memo ? memo_slot(memo, key) : NULL;
    double value;

    if (slot && slot->key == key)
        return slot->value;
    value = fl_value_residual_of(&models->residual, fit->model, fit->p, obs);
    if (slot)
        *slot = (struct memo_entry){key, value};
    return value;
}

static double spend_of(const struct appraise_models *models, const struct fl_value_obs *obs)
{
    double spend = NAN;

    if (models->spend.is_fitted)
        spend = fl_value_spend(models->spend.fit.fit.p, obs->x, obs->z);
    return isfinite(spend) ? spend : models->spend_mean;
}

static void shop(const struct appraise_models *models, const struct appraise_dates *dates,
                 const struct appraise_trade *trade, struct appraise_memo *memo,
                 struct appraise_worth *out)
{
    struct fl_value_obs obs;

    if (!models->purchase.is_fitted || !appraise_trade_obs(trade, dates, &obs))
        return;
    out->has_shop = true;
    out->residual = shop_residual(models, dates, trade, &obs, memo);
    out->spend = spend_of(models, &obs);
    out->shop_ltv = out->residual * out->spend;
    out->shop_p =
        fl_value_p_alive(models->purchase.fit.fit.model, models->purchase.fit.fit.p, &obs);
}

/* ---- subscriptions ----------------------------------------------------------------------------*/

/* The horizon is a span of time; a subscription counts it in its own periods. */
static struct fl_value_horizon own_horizon(const struct fl_value_horizon *horizon,
                                           int32_t period_days)
{
    double periods = round(horizon->periods * horizon->period_days / period_days);
    struct fl_value_horizon own = *horizon;

    own.period_days = period_days;
    own.periods = periods < 1                      ? 1
                  : periods > FL_VALUE_HORIZON_MAX ? FL_VALUE_HORIZON_MAX
                                                   : (int)periods;
    return own;
}

double appraise_contract_ltv(const struct appraise_models *models,
                             const struct fl_value_horizon *horizon,
                             const struct appraise_contract *contract, double *out_p)
{
    const struct fl_value_fit *fit = &models->subscription.fit.fit;
    struct fl_value_horizon own = own_horizon(horizon, contract->period_days);
    struct fl_value_obs obs = appraise_contract_obs(contract);

    *out_p = contract->is_over ? 0 : fl_value_p_active(fit->model, fit->p, &obs, 1);
    if (!(*out_p > 0))
        return 0;
    return (double)contract->margin_minor *
           fl_value_residual_plain(&own, fit->model, fit->p, &obs) / *out_p;
}

/* LTV of all, and p such that their product is what is expected.  Without money to come from them
 * the likeliest one counts. */
static void contracts(const struct appraise_models *models, const struct fl_value_horizon *horizon,
                      const struct appraise_facts *facts, struct appraise_worth *out)
{
    double expected = 0, best = 0;

    for (size_t i = 0; i < facts->n_contracts; i++) {
        double p, ltv = appraise_contract_ltv(models, horizon, &facts->contracts[i], &p);

        out->contract_ltv += ltv;
        expected += ltv * p;
        best = fmax(best, p);
    }
    out->contract_p =
        out->contract_ltv > 0 && expected >= 0 ? fmin(expected / out->contract_ltv, best) : best;
}

/* ---- together ---------------------------------------------------------------------------------*/

void appraise_streams_of(const struct appraise_models *models,
                         const struct appraise_settings *settings,
                         const struct appraise_dates *dates, const struct appraise_facts *facts,
                         struct appraise_memo *memo, struct appraise_worth *out)
{
    bool has_contract = models->subscription.is_fitted && facts->n_contracts > 0;

    *out = (struct appraise_worth){.state = FL_SCORE_NOT_ENOUGH};
    if (facts->state == FL_CUSTOMER_OBJECTED) {
        out->state = FL_SCORE_OBJECTED;
        return;
    }
    shop(models, dates, &facts->trade, memo, out);
    if (has_contract)
        contracts(models, &settings->horizon, facts, out);
    if (!out->has_shop && !has_contract)
        return;
    out->state = FL_SCORE_VALUED;
    out->ltv = out->shop_ltv + out->contract_ltv;
    /* Without any money to come the streams have no weight; then the likeliest one counts. */
    if (out->shop_ltv >= 0 && out->contract_ltv >= 0 && out->ltv > 0)
        out->p = (out->shop_ltv * out->shop_p + out->contract_ltv * out->contract_p) / out->ltv;
    else
        out->p = fmax(out->contract_p, out->shop_p);
}

void appraise_worth_complete(const struct appraise_settings *settings,
                             const struct appraise_facts *facts,
                             const struct fl_aspect_prior *prior, struct appraise_worth *worth)
{
    struct fl_customer_facts customer;
    double s[FL_SIGNALS];

    if (worth->state != FL_SCORE_VALUED)
        return;
    for (int i = 0; i < FL_SIGNALS; i++)
        s[i] = (double)facts->attitude->signal[i];
    worth->commitment = fl_commitment_level(&settings->commitment, worth->p, s);
    worth->ce = worth->ltv * worth->commitment;
    appraise_customer_facts(facts, &customer);
    fl_customer_value_of(&settings->customer, &customer, prior, &worth->value);
}

void appraise_worth_of(const struct appraise_models *models,
                       const struct appraise_settings *settings, const struct appraise_dates *dates,
                       const struct appraise_facts *facts, const struct fl_aspect_prior *prior,
                       struct appraise_memo *memo, struct appraise_worth *out)
{
    appraise_streams_of(models, settings, dates, facts, memo, out);
    appraise_worth_complete(settings, facts, prior, out);
}
