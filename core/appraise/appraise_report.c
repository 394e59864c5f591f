/* The report of a run: what was fitted on what, how well it says what came after, and what is to be
 * taken with care. */
#include <math.h>
#include <stdlib.h>

#include "appraise/appraise_run_private.h"

/* JSON has no number for what is not known. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static void put(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

static void put_real(json_t *object, const char *key, double value)
{
    put(object, key, real(value));
}

static void put_text(json_t *object, const char *key, const char *text)
{
    put(object, key, json_string(text));
}

static void put_date(json_t *object, const char *key, int32_t date)
{
    char text[FL_TIME_TEXT_SIZE];

    fl_date_format(date, text);
    put(object, key, date == FL_DATE_NONE ? json_null() : json_string(text));
}

static const char *state_name(enum fl_value_state state)
{
    static const char *const names[] = {"fitted", "not enough data", "not converged"};

    return names[state];
}

/* ---- fits -------------------------------------------------------------------------------------*/

static json_t *params_of(const struct fl_value_fit *fit)
{
    json_t *params = json_object();

    for (size_t i = 0; i < fl_value_params(fit->model); i++) {
        json_t *param = json_object();

        put_real(param, "value", fit->p[i]);
        put_real(param, "se", fit->se[i]);
        put(params, fl_value_param_name(fit->model, i), param);
    }
    return params;
}

static json_t *fit_of(const struct appraise_fitted *fitted)
{
    const struct fl_value_fit *fit = &fitted->fit.fit;
    json_t *object = json_object();

    put_text(object, "state", state_name(fit->state));
    if (*fit->why)
        put_text(object, "why", fit->why);
    if (!fitted->is_fitted)
        return object;
    put_text(object, "model", fl_value_model_key(fit->model));
    put_text(object, "title", fl_value_model_title(fit->model));
    put_text(object, "chosen_by", fitted->chosen_by);
    put(object, "parameters", params_of(fit));
    put_real(object, "log_likelihood", fit->log_likelihood);
    put_text(object, "optimiser", fitted->optimiser);
    put(object, "iterations", json_integer(fit->iterations));
    put(object, "starts", json_integer(fit->starts));
    put(object, "starts_agreed", json_integer(fit->starts_agreed));
    put_real(object, "customers", fit->customers);
    put(object, "rows", json_integer((json_int_t)fit->rows));
    return object;
}

static json_t *purchase_of(const struct appraise_run *run)
{
    const struct fl_appraise_frame *frame = run->frame;
    json_t *object = fit_of(&frame->models.purchase), *scores = json_object();

    for (int i = 0; i < FL_VALUE_MODELS; i++)
        if (!isnan(run->choice_scores[i]))
            put_real(scores, fl_value_model_key((enum fl_value_model)i), run->choice_scores[i]);
    put(object, "hold_out_log_likelihood", scores);
    put(object, "buyers", json_integer((json_int_t)run->n_buyers));
    put_date(object, "calibrated_until", frame->calibrated_at);
    return object;
}

static json_t *spend_of(const struct appraise_run *run)
{
    json_t *object = fit_of(&run->frame->models.spend);

    put_real(object, "mean_minor", run->frame->models.spend_mean);
    put_real(object, "correlation", run->spend_correlation);
    return object;
}

/* ---- attitude ---------------------------------------------------------------------------------*/

static json_t *bins_of(const struct fl_commitment_report *report)
{
    json_t *bins = json_array();

    for (size_t i = 0; i < report->n_bins; i++) {
        const struct fl_commitment_bin *bin = &report->bins[i];
        json_t *object = json_object();

        put_real(object, "customers", bin->n);
        put_real(object, "predicted", bin->predicted);
        put_real(object, "observed", bin->observed);
        put_real(object, "observed_low", bin->observed_low);
        put_real(object, "observed_high", bin->observed_high);
        (void)json_array_append_new(bins, object);
    }
    return bins;
}

static json_t *commitment_of(const struct appraise_run *run)
{
    const struct fl_commitment_report *report = &run->frame->commitment;
    json_t *object = json_object(), *weights = json_object();

    put(object, "learned", json_boolean(report->is_learned));
    put(object, "signals_used", json_boolean(report->are_signals_used));
    put_text(object, "why", report->why);
    put(object, "customers", json_integer((json_int_t)report->n));
    put(object, "customers_with_signals", json_integer((json_int_t)report->n_with_signals));
    for (int i = 0; i < FL_SIGNALS; i++) {
        json_t *weight = json_object();

        put_real(weight, "value", report->weight[i]);
        put_real(weight, "se", report->se[i]);
        put(weights, fl_signal_key((enum fl_signal)i), weight);
    }
    put(object, "weights", weights);
    put_real(object, "auc", report->auc);
    put_real(object, "auc_without_signals", report->auc_p);
    put_real(object, "brier", report->brier);
    put_real(object, "brier_without_signals", report->brier_p);
    put(object, "calibration", bins_of(report));
    return object;
}

static json_t *items_of(const struct appraise_run *run)
{
    const struct fl_aspect_weights *derived = &run->item_weights;
    json_t *object = json_object(), *weights = json_object();

    put(object, "derived", json_boolean(run->has_item_weights));
    for (int k = 0; k < FL_ASPECTS; k++) {
        json_t *weight = json_object();

        put_real(weight, "value", run->frame->settings.customer.aspect_weight[k]);
        if (run->has_item_weights) {
            put_real(weight, "coefficient", derived->coefficient[k]);
            put_real(weight, "se", derived->se[k]);
        }
        put(weights, fl_aspect_key((enum fl_aspect)k), weight);
    }
    put(object, "weights", weights);
    if (run->has_item_weights) {
        put_real(object, "r2", derived->r2);
        put(object, "answers", json_integer((json_int_t)derived->n));
    }
    return object;
}

/* ---- the population ---------------------------------------------------------------------------*/

static json_t *customers_of(const struct appraise_run *run)
{
    json_int_t all = (json_int_t)run->n_customers, valued = (json_int_t)run->n_valued,
               objected = (json_int_t)run->n_objected;

    return json_pack("{s:I,s:I,s:I,s:I}", "all", all, "valued", valued, "not_enough_data",
                     all - valued - objected, "objected", objected);
}

static json_t *zones_of(const struct appraise_run *run)
{
    json_t *object = json_object();

    for (int i = 0; i < FL_ZONES; i++)
        put(object, fl_zone_name((enum fl_zone)i), json_integer(run->by_zone[i]));
    return object;
}

static json_t *keys_of(const struct appraise_run *run)
{
    json_t *object = json_object();

    for (int k = 0; k < 3; k++)
        put(object, fl_key_flag_name((enum fl_key_flag)(1 << k)), json_integer(run->by_key[k]));
    return object;
}

static json_t *segments_of(const struct appraise_run *run)
{
    const struct fl_segment_cuts *cuts = &run->frame->places.cuts;
    json_t *object = json_object(), *counts = json_object();

    for (int i = 0; i < FL_SEGMENTS; i++)
        put(counts, fl_segment_name(i), json_integer(run->by_segment[i]));
    put(object, "customers", counts);
    put_real(object, "current_above_minor", cuts->current);
    put_real(object, "potential_above_minor", cuts->potential);
    put_real(object, "loyalty_above", cuts->loyalty);
    return object;
}

static json_t *position_of(const struct appraise_run *run)
{
    const struct fl_appraise_frame *frame = run->frame;
    const struct fl_position_settings *position = &frame->settings.position;
    json_t *object = json_object(), *spread = json_array();

    put_text(object, "scale", position->scale == FL_SCALE_MONEY ? "money" : "rank");
    put_real(object, "line_intercept", position->intercept);
    put_real(object, "line_slope", position->slope);
    put_real(object, "band", position->band);
    put_real(object, "certainty", position->level);
    put_real(object, "median_ce_minor", frame->places.ce_median);
    put_real(object, "median_cv_minor", frame->places.cv_median);
    for (int b = 0; b < APPRAISE_SD_BINS; b++)
        (void)json_array_append_new(spread, real(frame->places.ce_sd[b]));
    put(object, "ce_spread_by_rank", spread);
    return object;
}

static json_t *report_of(const struct appraise_run *run)
{
    const struct fl_appraise_frame *frame = run->frame;
    char as_of[FL_TIME_TEXT_SIZE], currency[4] = "";
    json_t *report = json_object();

    fl_time_format(frame->as_of_us, as_of);
    put_text(report, "as_of", as_of);
    if (!fl_store_currency(run->input->store, currency, NULL))
        put_text(report, "currency", currency);
    put_real(report, "period_days", frame->settings.horizon.period_days);
    put(report, "horizon_periods", json_integer(frame->settings.horizon.periods));
    put_real(report, "discount_rate", frame->settings.horizon.yearly_rate);
    put_real(report, "window_days", (double)frame->settings.window_us / (double)FL_US_PER_DAY);
    put(report, "customers", customers_of(run));
    put(report, "purchases", purchase_of(run));
    put(report, "spend", spend_of(run));
    put(report, "subscriptions", fit_of(&frame->models.subscription));
    put(report, "commitment", commitment_of(run));
    put(report, "items", items_of(run));
    put(report, "position", position_of(run));
    put(report, "zones", zones_of(run));
    put(report, "keys", keys_of(run));
    put(report, "segments", segments_of(run));
    put(report, "memory_bytes", json_integer(run->memory_peak));
    put(report, "warnings", json_incref(run->warnings));
    return report;
}

enum fl_status appraise_report(struct appraise_run *run, const char **out, struct fl_error *err)
{
    json_t *report = report_of(run);
    char *text = report ? json_dumps(report, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;

    json_decref(report);
    *out = text ? fl_arena_strdup(run->arena, text) : NULL;
    free(text);
    return *out ? FL_OK : fl_error_set(err, FL_IO, "no memory for the report");
}
