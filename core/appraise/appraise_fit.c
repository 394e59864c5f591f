/* A run fits: shop purchases, spend, subscriptions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise_run_private.h"

/* Frequency and spend are taken as independent: above this correlation the report warns. */
static const double correlation_max = 0.2;

static void adopt(struct appraise_run *run, struct appraise_fitted *fitted,
                  const struct fl_value_fit *fit, const char *chosen_by)
{
    fitted->fit.fit = *fit;
    fitted->fit.horizon = run->frame->settings.horizon;
    fitted->is_fitted = fit->state == FL_VALUE_FITTED;
    snprintf(fitted->chosen_by, sizeof fitted->chosen_by, "%s", chosen_by);
    snprintf(fitted->optimiser, sizeof fitted->optimiser, "%s",
             fit->optimiser ? fit->optimiser : "");
}

/* ---- shop purchases ---------------------------------------------------------------------------*/

/* Rows that tell something: whoever first bought today tells nothing. */
static bool tells(const struct appraise_run *run, const struct appraise_record *record)
{
    return record->trade.first != FL_DATE_NONE && record->trade.first < run->dates.today;
}

typedef bool row_fn(const struct appraise_run *run, const struct appraise_record *record,
                    struct fl_value_obs *out);

static bool purchase_row(const struct appraise_run *run, const struct appraise_record *record,
                         struct fl_value_obs *out)
{
    if (!tells(run, record) || !appraise_trade_obs(&record->trade, &run->dates, out))
        return false;
    out->z = 0;
    return true;
}

static bool spend_row(const struct appraise_run *run, const struct appraise_record *record,
                      struct fl_value_obs *out)
{
    (void)run;
    *out = (struct fl_value_obs){
        .x = record->trade.x, .z = appraise_trade_mean(&record->trade), .n = 1};
    return out->x > 0 && out->z > 0;
}

/* Evenly spread rows of everybody, at most `max`; from malloc. */
static enum fl_status rows_of(const struct appraise_run *run, row_fn *fn, size_t max,
                              struct fl_value_obs **out, size_t *out_n, size_t *out_all,
                              struct fl_error *err)
{
    struct fl_value_obs *rows, row;
    size_t n_all = 0, wanted, seen = 0, n = 0;

    for (size_t p = 0; p < run->n_parts; p++)
        for (size_t i = 0; i < run->parts[p].records.n; i++)
            n_all += fn(run, appraise_list_at(&run->parts[p].records, i), &row);
    wanted = n_all < max ? n_all : max;
    rows = calloc(wanted ? wanted : 1, sizeof *rows);
    if (!rows)
        return fl_error_set(err, FL_IO, "no memory to fit");
    for (size_t p = 0; p < run->n_parts; p++)
        for (size_t i = 0; i < run->parts[p].records.n && n < wanted; i++)
            if (fn(run, appraise_list_at(&run->parts[p].records, i), &row) &&
                seen++ * wanted / n_all >= n)
                rows[n++] = row;
    *out = rows;
    *out_n = n;
    *out_all = n_all;
    return FL_OK;
}

/* Threads are free: the sums are the same to the last bit. */
static struct fl_value_fit_options options_of(const struct appraise_run *run, const double *start)
{
    return (struct fl_value_fit_options){.start = start, .threads = run->input->threads};
}

static enum fl_status fit_rows(const struct appraise_run *run, enum fl_value_model model,
                               struct fl_value_obs *rows, size_t n, const double *start,
                               struct fl_value_fit *out, struct fl_error *err)
{
    const struct fl_value_fit_options options = options_of(run, start);

    return fl_value_fit(model, rows, fl_value_group(rows, n), &options, out, err);
}

/* The model that said best what came after the calibration period. */
static enum fl_status choose(struct appraise_run *run, const struct appraise_sample *samples,
                             size_t n, struct fl_value_fit *out, char why[FL_VALUE_WHY_SIZE],
                             struct fl_error *err)
{
    static const enum fl_value_model models[] = {FL_VALUE_BGNBD, FL_VALUE_MBGNBD,
                                                 FL_VALUE_PARETONBD};
    enum { N_MODELS = sizeof models / sizeof models[0] };
    struct fl_value_obs *before = calloc(n, sizeof *before), *until = calloc(n, sizeof *until);
    const struct fl_value_fit_options options = options_of(run, NULL);
    double scores[N_MODELS];
    enum fl_status st = before && until ? FL_OK : fl_error_set(err, FL_IO, "no memory to fit");

    for (size_t i = 0; !st && i < n; i++) {
        before[i] = samples[i].before;
        until[i] = samples[i].until;
        before[i].z = until[i].z = 0;
    }
    if (!st)
        st = fl_value_choose(models, N_MODELS, before, until, n, &options, out, scores, why, err);
    for (size_t i = 0; !st && i < N_MODELS; i++)
        run->choice_scores[models[i]] = scores[i];
    free(before);
    free(until);
    return st;
}

static enum fl_status calibrate(struct appraise_run *run, const struct fl_value_fit *chosen,
                                bool has_start, const struct appraise_sample *samples, size_t n,
                                struct fl_error *err)
{
    struct fl_value_obs *before = calloc(n, sizeof *before);
    enum fl_status st;

    if (!before)
        return fl_error_set(err, FL_IO, "no memory to fit");
    for (size_t i = 0; i < n; i++) {
        before[i] = samples[i].before;
        before[i].z = 0;
    }
    st = fit_rows(run, chosen->model, before, n, has_start ? chosen->p : NULL,
                  &run->frame->calibration, err);
    free(before);
    if (!st && run->frame->calibration.state == FL_VALUE_FITTED)
        run->frame->calibrated_at = run->then.today;
    return st;
}

/* *out_model and where to start from; `out_has_start` false: nothing is known. */
static enum fl_status settle_model(struct appraise_run *run, struct fl_value_fit *chosen,
                                   bool *out_has_start, char why[FL_VALUE_WHY_SIZE],
                                   struct fl_error *err)
{
    const char *wanted = run->input->conf->value.model;
    struct appraise_sample *samples = NULL;
    size_t n = 0;
    enum fl_status st = FL_OK;

    *out_has_start = false;
    if (fl_value_model_parse(wanted, &chosen->model)) {
        snprintf(why, FL_VALUE_WHY_SIZE, "configured");
    } else {
        chosen->model = FL_VALUE_MBGNBD; /* of the three the one that is never absurd */
        snprintf(why, FL_VALUE_WHY_SIZE, "no hold-out to choose by");
    }
    if (!run->has_then)
        return FL_OK;
    st = appraise_sample_read(run, false, APPRAISE_CHOICE_MAX, &samples, &n, err);
    if (!st && n && strcmp(wanted, "auto") == 0) {
        struct fl_value_fit fit = {0};
        char reason[FL_VALUE_WHY_SIZE] = "";

        st = choose(run, samples, n, &fit, reason, err);
        if (!st && fit.state == FL_VALUE_FITTED) {
            *chosen = fit;
            *out_has_start = true;
            snprintf(why, FL_VALUE_WHY_SIZE, "%s", reason);
        }
    }
    if (!st && n)
        st = calibrate(run, chosen, *out_has_start, samples, n, err);
    free(samples);
    return st;
}

static enum fl_status fit_purchases(struct appraise_run *run, struct fl_error *err)
{
    struct fl_value_fit chosen = {0}, fit = {0};
    struct fl_value_obs *rows = NULL;
    char why[FL_VALUE_WHY_SIZE];
    size_t n = 0, n_all = 0;
    bool has_start;
    enum fl_status st = settle_model(run, &chosen, &has_start, why, err);

    if (!st)
        st = rows_of(run, purchase_row,
                     chosen.model == FL_VALUE_PARETONBD ? APPRAISE_PARETO_MAX : SIZE_MAX, &rows, &n,
                     &n_all, err);
    if (!st)
        st = fit_rows(run, chosen.model, rows, n, has_start ? chosen.p : NULL, &fit, err);
    free(rows);
    if (st)
        return st;
    if (fit.state != FL_VALUE_FITTED && has_start)
        fit = chosen;
    adopt(run, &run->frame->models.purchase, &fit, why);
    if (fit.state != FL_VALUE_FITTED && n_all)
        appraise_warn(run, "purchases: %s", fit.why);
    run->n_buyers = n_all;
    return FL_OK;
}

/* ---- spend ------------------------------------------------------------------------------------*/

struct moments {
    double n, x, z, xx, zz, xz; /* means and sums of products around them (Welford) */
    double margin, days, first_margin, firsts;
};

static void add_moments(struct moments *m, const struct appraise_trade *trade)
{
    double x = trade->x, z = appraise_trade_mean(trade), dx, dz;

    if (trade->first == FL_DATE_NONE)
        return;
    m->first_margin += (double)trade->first_margin_minor;
    m->firsts++;
    m->margin += trade->x ? (double)trade->repeat_margin_minor : 0;
    m->days += x;
    if (!(x > 0 && z > 0))
        return;
    m->n++;
    dx = x - m->x;
    dz = z - m->z;
    m->x += dx / m->n;
    m->z += dz / m->n;
    m->xx += dx * (x - m->x);
    m->zz += dz * (z - m->z);
    m->xz += dx * (z - m->z);
}

static void measure_spend(struct appraise_run *run, struct moments *m)
{
    for (size_t p = 0; p < run->n_parts; p++)
        for (size_t i = 0; i < run->parts[p].records.n; i++) {
            const struct appraise_record *record = appraise_list_at(&run->parts[p].records, i);

            add_moments(m, &record->trade);
        }
    run->spend_correlation = m->xx > 0 && m->zz > 0 ? m->xz / sqrt(m->xx * m->zz) : NAN;
    run->frame->models.spend_mean = 0;
    if (m->days > 0)
        run->frame->models.spend_mean = fmax(m->margin / m->days, 0);
    else if (m->firsts > 0)
        run->frame->models.spend_mean = fmax(m->first_margin / m->firsts, 0);
}

static enum fl_status fit_spend(struct appraise_run *run, struct fl_error *err)
{
    struct fl_value_fit fit = {0};
    struct fl_value_obs *rows = NULL;
    struct moments moments = {0};
    size_t n = 0, n_all = 0;
    enum fl_status st;

    measure_spend(run, &moments);
    st = rows_of(run, spend_row, APPRAISE_SPEND_MAX, &rows, &n, &n_all, err);
    if (!st)
        st = fit_rows(run, FL_VALUE_GAMMAGAMMA, rows, n, NULL, &fit, err);
    free(rows);
    if (st)
        return st;
    adopt(run, &run->frame->models.spend, &fit, "the only one for spend");
    if (fit.state != FL_VALUE_FITTED && moments.firsts > 0)
        appraise_warn(run, "spend: %s; everybody counts with the mean margin of a purchase day",
                      fit.why);
    if (fabs(run->spend_correlation) > correlation_max)
        appraise_warn(run,
                      "spend and frequency correlate by %.2f, which the spend model takes as 0: "
                      "lifetime values of frequent buyers are off",
                      run->spend_correlation);
    return FL_OK;
}

/* ---- subscriptions ----------------------------------------------------------------------------*/

struct contracts {
    struct fl_value_obs *rows;
    size_t n;
    int32_t period_days;
    bool are_mixed;
};

static enum fl_status contract_rows(const struct appraise_run *run, struct contracts *out,
                                    struct fl_error *err)
{
    size_t n_all = 0;

    for (size_t p = 0; p < run->n_parts; p++)
        n_all += run->parts[p].contracts.n;
    out->rows = calloc(n_all ? n_all : 1, sizeof *out->rows);
    if (!out->rows)
        return fl_error_set(err, FL_IO, "no memory to fit");
    for (size_t p = 0; p < run->n_parts; p++)
        for (size_t i = 0; i < run->parts[p].contracts.n; i++) {
            const struct appraise_contract *contract =
                appraise_list_at(&run->parts[p].contracts, i);

            out->are_mixed |= out->period_days && out->period_days != contract->period_days;
            out->period_days = contract->period_days;
            if (contract->T >= 1)
                out->rows[out->n++] = appraise_contract_obs(contract);
        }
    return FL_OK;
}

static enum fl_status fit_subscriptions(struct appraise_run *run, struct fl_error *err)
{
    const char *wanted = run->input->conf->value.subscription_model;
    struct contracts contracts = {0};
    struct fl_value_fit fit = {0};
    char why[FL_VALUE_WHY_SIZE] = "configured";
    enum fl_value_model model;
    enum fl_status st = contract_rows(run, &contracts, err);

    if (!st) {
        contracts.n = fl_value_group(contracts.rows, contracts.n);
        if (fl_value_model_parse(wanted, &model))
            st = fl_value_fit(model, contracts.rows, contracts.n, NULL, &fit, err);
        else
            st = fl_value_choose_contract(contracts.rows, contracts.n, NULL, &fit, why, err);
    }
    free(contracts.rows);
    if (st)
        return st;
    adopt(run, &run->frame->models.subscription, &fit, why);
    /* Those of the subscriptions, not the shop's; 0: they have no period in common. */
    run->frame->models.subscription.fit.horizon.period_days =
        contracts.are_mixed ? 0 : contracts.period_days;
    if (fit.state != FL_VALUE_FITTED && contracts.period_days)
        appraise_warn(run, "subscriptions: %s", fit.why);
    if (contracts.are_mixed)
        appraise_warn(run, "subscriptions of different periods were fitted together, each in its "
                           "own periods");
    return FL_OK;
}

enum fl_status appraise_fit(struct appraise_run *run, struct fl_error *err)
{
    enum fl_status st;

    for (int i = 0; i < FL_VALUE_MODELS; i++)
        run->choice_scores[i] = NAN;
    st = fit_purchases(run, err);
    if (!st)
        st = fit_spend(run, err);
    if (!st)
        st = fit_subscriptions(run, err);
    return st ? st : appraise_frame_complete(run->frame, err);
}
