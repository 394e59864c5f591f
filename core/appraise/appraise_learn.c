/* A run learns: weights of attitude on the hold-out, priors of survey items, weights of items. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise_run_private.h"

/* ---- commitment -------------------------------------------------------------------------------*/

static void not_learned(struct appraise_run *run, const char *why)
{
    struct fl_commitment_report *report = &run->frame->commitment;

    *report = (struct fl_commitment_report){
        .are_signals_used = true, .auc = NAN, .auc_p = NAN, .brier = NAN, .brier_p = NAN};
    snprintf(report->why, sizeof report->why, "%s", why);
    memcpy(report->weight, run->frame->settings.commitment.weight, sizeof report->weight);
}

static size_t with_signals(const struct fl_commitment_sample *samples, size_t n)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < FL_SIGNALS; k++)
            if (samples[i].s[k] != 0) {
                found++;
                break;
            }
    return found;
}

/* The window as the model sees it, from the calibration's end on. */
static enum fl_status read_samples(struct appraise_run *run, bool with_signals_only,
                                   struct fl_commitment_sample **out, size_t *out_n,
                                   struct fl_error *err)
{
    const struct fl_value_fit *fit = &run->frame->calibration;
    double window = (double)(run->dates.today - run->then.today) / run->dates.period_days;
    struct fl_commitment_sample *samples;
    struct appraise_sample *customers;
    size_t n;
    enum fl_status st =
        appraise_sample_read(run, with_signals_only, APPRAISE_SAMPLE_MAX, &customers, &n, err);

    if (st)
        return st;
    samples = calloc(n ? n : 1, sizeof *samples);
    for (size_t i = 0; samples && i < n; i++) {
        const struct appraise_sample *customer = &customers[i];

        samples[i].p = fl_value_p_active(fit->model, fit->p, &customer->before, window);
        samples[i].stayed = customer->later > 0;
        if (customer->record->attitude) {
            const struct appraise_stance *stance =
                appraise_list_at(&customer->part->stances, customer->record->attitude - 1);

            for (int k = 0; k < FL_SIGNALS; k++)
                samples[i].s[k] = (double)stance->then[k];
        }
    }
    free(customers);
    if (!samples)
        return fl_error_set(err, FL_IO, "no memory to learn");
    *out = samples;
    *out_n = n;
    return FL_OK;
}

enum fl_status appraise_learn(struct appraise_run *run, struct fl_error *err)
{
    struct appraise_settings *settings = &run->frame->settings;
    struct fl_commitment_sample *samples = NULL;
    size_t n = 0;
    enum fl_status st;

    if (!run->input->conf->value.learns || run->frame->calibrated_at == FL_DATE_NONE) {
        not_learned(run, run->input->conf->value.learns ? "there is no hold-out to learn from"
                                                        : "learning is switched off");
        return FL_OK;
    }
    st = read_samples(run, false, &samples, &n, err);
    /* In a large population those with signals may be thin in the sample. */
    if (!st && n == APPRAISE_SAMPLE_MAX && with_signals(samples, n) < FL_COMMITMENT_SAMPLES_MIN) {
        struct fl_commitment_sample *carriers;
        size_t n_carriers;

        st = read_samples(run, true, &carriers, &n_carriers, err);
        if (!st && n_carriers >= FL_COMMITMENT_SAMPLES_MIN) {
            struct fl_commitment_sample *all = samples;

            samples = carriers;
            n = n_carriers;
            carriers = all;
        }
        if (!st)
            free(carriers);
    }
    if (!st)
        st =
            fl_commitment_learn(&settings->commitment, samples, n, 0, &run->frame->commitment, err);
    free(samples);
    if (!st)
        memcpy(settings->commitment.weight, run->frame->commitment.weight,
               sizeof settings->commitment.weight);
    return st;
}

/* ---- survey items -----------------------------------------------------------------------------*/

static enum fl_status set_priors(struct appraise_run *run, struct fl_error *err)
{
    struct fl_appraise_frame *frame = run->frame;
    struct fl_aspect_moments(*moments)[FL_ASPECTS] = calloc(frame->n_segments, sizeof *moments);
    struct fl_aspect_prior *priors = calloc(frame->n_segments, sizeof *priors);

    for (size_t p = 0; moments && priors && p < run->n_parts; p++)
        for (size_t i = 0; i < run->parts[p].records.n; i++) {
            const struct appraise_record *record = appraise_list_at(&run->parts[p].records, i);
            const struct appraise_facts facts = appraise_facts_of(&run->parts[p], record);

            for (int k = 0; record->attitude && k < FL_ASPECTS; k++)
                if (facts.attitude->n_items[k])
                    fl_aspect_moments_add(&moments[record->segment][k],
                                          (double)facts.attitude->item[k]);
        }
    if (moments && priors) {
        fl_aspect_priors((const struct fl_aspect_moments(*)[FL_ASPECTS])moments, frame->n_segments,
                         priors);
        for (size_t s = 0; s < frame->n_segments; s++)
            frame->segments[s].prior = priors[s];
    }
    free(moments);
    free(priors);
    return moments && priors ? FL_OK : fl_error_set(err, FL_IO, "no memory");
}

static bool row_of(const struct appraise_attitude *attitude, struct fl_aspect_row *out)
{
    if (isnan(attitude->value_for_money))
        return false;
    out->value_for_money = (double)attitude->value_for_money;
    for (int k = 0; k < FL_ASPECTS; k++) {
        if (!attitude->n_items[k])
            return false;
        out->score[k] = (double)attitude->item[k];
    }
    return true;
}

static enum fl_status derive_items(struct appraise_run *run, struct fl_error *err)
{
    struct fl_customer_value_settings *customer = &run->frame->settings.customer;
    struct fl_aspect_row *rows;
    size_t n_all = 0, n = 0;

    for (size_t p = 0; p < run->n_parts; p++)
        n_all += run->parts[p].stances.n;
    rows = calloc(n_all ? n_all : 1, sizeof *rows);
    if (!rows)
        return fl_error_set(err, FL_IO, "no memory");
    for (size_t p = 0; p < run->n_parts; p++)
        for (size_t i = 0; i < run->parts[p].stances.n; i++) {
            const struct appraise_stance *stance = appraise_list_at(&run->parts[p].stances, i);

            n += row_of(&stance->now, &rows[n]);
        }
    run->has_item_weights =
        fl_aspect_weights_derive(rows, n, customer->aspect_weight, &run->item_weights);
    free(rows);
    if (run->has_item_weights)
        memcpy(customer->aspect_weight, run->item_weights.weight, sizeof customer->aspect_weight);
    else
        appraise_warn(run,
                      "weights of survey items could not be derived from %zu complete answers, at "
                      "least %d are needed: the configured ones count",
                      n, FL_ASPECT_ROWS_MIN);
    return FL_OK;
}

enum fl_status appraise_priors(struct appraise_run *run, struct fl_error *err)
{
    enum fl_status st = set_priors(run, err);

    return st || !run->input->conf->value.derives_items ? st : derive_items(run, err);
}
