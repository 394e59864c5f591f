/* The models behind a valuation: parameters, fit, why chosen; how well commitment foretells. */
#include <math.h>

#include "base/file.h"
#include "base/str.h"
#include "ops/ops_worth.h"

enum { SENTENCE_MAX = 1024 };

static json_t *row_of(const char *section, const char *key)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "section", section);
    fl_ops_put_str(row, "key", key);
    return row;
}

/* JSON knows no NaN. */
static void put_number(json_t *row, const char *key, double value)
{
    if (isfinite(value))
        fl_ops_put_real(row, key, value);
    else
        (void)json_object_set_new(row, key, json_null());
}

static void put_parameters(json_t *row, const struct fl_value_fit *fit, struct fl_buf *sentence)
{
    json_t *parameters = json_object(), *errors = json_object();

    for (size_t i = 0; i < fl_value_params(fit->model); i++) {
        const char *name = fl_value_param_name(fit->model, i);

        fl_buf_printf(sentence, "%s%s %.4g", i ? ", " : ": ", name, fit->p[i]);
        put_number(parameters, name, fit->p[i]);
        put_number(errors, name, fit->se[i]);
    }
    (void)json_object_set_new(row, "parameters", parameters);
    (void)json_object_set_new(row, "standard_errors", errors);
}

static void emit_model(struct fl_ops_call *call, const char *stream,
                       const struct fl_appraise_fit *of, const json_t *kept)
{
    json_t *row = row_of("model", stream);
    FL_AUTO_BUF struct fl_buf sentence = FL_BUF(SENTENCE_MAX);

    if (!of || of->fit.state != FL_VALUE_FITTED) {
        fl_buf_printf(&sentence, "none%s%s", of && *of->fit.why ? ": " : "", of ? of->fit.why : "");
        fl_ops_put_str(row, "sentence", sentence.data);
        fl_ops_row_emit(call->sink, row);
        return;
    }
    fl_buf_puts(&sentence, fl_value_model_title(of->fit.model));
    put_parameters(row, &of->fit, &sentence);
    fl_buf_printf(&sentence, "; log-likelihood %.1f; %s", of->fit.log_likelihood, of->chosen_by);
    fl_ops_put_int(row, "count", (int64_t)of->fit.customers);
    fl_ops_put_str(row, "sentence", sentence.data);
    fl_ops_put_str(row, "model", fl_value_model_title(of->fit.model));
    put_number(row, "log_likelihood", of->fit.log_likelihood);
    fl_ops_put_int(row, "iterations", of->fit.iterations);
    fl_ops_put_int(row, "starts", of->fit.starts);
    fl_ops_put_int(row, "starts_agreed", of->fit.starts_agreed);
    fl_ops_put_str(row, "optimiser", of->fit.optimiser);
    fl_ops_put_str(row, "chosen_by", of->chosen_by);
    (void)json_object_set(row, "details", json_object_get(kept, stream));
    fl_ops_row_emit(call->sink, row);
}

static void emit_measure(struct fl_ops_call *call, const char *key, double value, double alone)
{
    json_t *row = row_of("commitment", key);

    if (isfinite(value))
        fl_ops_put_str(
            row, "sentence",
            fl_arena_printf(call->args->arena, "%.4f, of behaviour alone %.4f", value, alone));
    put_number(row, "with_signals", value);
    put_number(row, "behaviour_alone", alone);
    fl_ops_row_emit(call->sink, row);
}

static void emit_bin(struct fl_ops_call *call, size_t i, const struct fl_commitment_bin *bin)
{
    json_t *row = row_of("calibration",
                         fl_arena_printf(call->args->arena, "part %zu of the customers", i + 1));

    fl_ops_put_int(row, "count", (int64_t)bin->n);
    fl_ops_put_str(row, "sentence",
                   fl_arena_printf(call->args->arena, "%.3f foretold, %.3f seen (%.3f to %.3f)",
                                   bin->predicted, bin->observed, bin->observed_low,
                                   bin->observed_high));
    put_number(row, "predicted", bin->predicted);
    put_number(row, "observed", bin->observed);
    put_number(row, "observed_low", bin->observed_low);
    put_number(row, "observed_high", bin->observed_high);
    fl_ops_row_emit(call->sink, row);
}

static void emit_weights(struct fl_ops_call *call, const struct fl_commitment_report *of)
{
    for (int j = 0; j < FL_SIGNALS; j++) {
        enum fl_signal signal = (enum fl_signal)j;
        json_t *row = row_of("weight", fl_signal_key(signal));

        fl_ops_put_str(row, "sentence",
                       fl_arena_printf(call->args->arena, "%+.3f log-odds: %s", of->weight[j],
                                       fl_signal_help(signal)));
        put_number(row, "weight", of->weight[j]);
        put_number(row, "standard_error", of->se[j]);
        fl_ops_row_emit(call->sink, row);
    }
}

static void emit_items(struct fl_ops_call *call, const json_t *items)
{
    bool is_derived = json_is_true(json_object_get(items, "derived"));
    const char *key;
    json_t *weight;

    json_object_foreach(json_object_get(items, "weights"), key, weight)
    {
        json_t *row = row_of("item", key);
        double value = json_number_value(json_object_get(weight, "value"));

        fl_ops_put_str(
            row, "sentence",
            fl_arena_printf(call->args->arena, "%.3f of the spend, %s", value,
                            is_derived ? "derived from stated value for money" : "as configured"));
        (void)json_object_update(row, weight);
        fl_ops_row_emit(call->sink, row);
    }
}

void fl_ops_value_models(struct fl_ops_call *call, const struct fl_appraise_frame *frame,
                         const json_t *kept)
{
    const struct fl_commitment_report *of = fl_appraise_frame_commitment(frame);
    json_t *row;

    emit_model(call, "purchases", fl_appraise_frame_purchase(frame), kept);
    emit_model(call, "subscriptions", fl_appraise_frame_subscription(frame), kept);
    emit_model(call, "spend", fl_appraise_frame_spend(frame), kept);
    if (!of)
        return;
    row = row_of("commitment", of->is_learned ? "weights learned" : "weights as configured");
    fl_ops_put_int(row, "count", (int64_t)of->n_with_signals);
    fl_ops_put_str(row, "sentence", of->why);
    fl_ops_put_bool(row, "is_learned", of->is_learned);
    fl_ops_put_bool(row, "are_signals_used", of->are_signals_used);
    fl_ops_row_emit(call->sink, row);
    emit_measure(call, "AUC", of->auc, of->auc_p);
    emit_measure(call, "Brier score", of->brier, of->brier_p);
    for (size_t i = 0; i < of->n_bins; i++)
        emit_bin(call, i, &of->bins[i]);
    emit_weights(call, of);
    emit_items(call, json_object_get(kept, "items"));
}
