/* `value tracking`, `frequency`, `survival`, `calibration`: does the model say what happens? */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "ops/ops_plot.h"

/* What people call a period of so many days; the plot knows these words. */
static const char *period_name(double days)
{
    static const struct {
        double from, to;
        const char *name;
    } periods[] = {{1, 1, "day"}, {7, 7, "week"}, {28, 31, "month"}, {365, 366, "year"}};

    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++)
        if (days >= periods[i].from && days <= periods[i].to)
            return periods[i].name;
    return "period";
}

static const char *model_of(const struct fl_appraise_fit *fit)
{
    return fit ? fl_value_model_title(fit->fit.model) : NULL;
}

/* Options, frame and subtitle; the frame is closed by the caller in any case. */
static enum fl_status begin(
    struct fl_ops_call *call, struct fl_ops_plot *plot, struct fl_appraise_frame **frame,
    const struct fl_appraise_fit *(*fit_of)(const struct fl_appraise_frame *))
{
    struct fl_value_run run;
    enum fl_status st = fl_ops_plot_begin(plot, call);

    if (!st)
        st = fl_ops_plot_say_run(
            call,
            fl_appraise_frame_open(call->context->store, call->context->conf, frame, call->err));
    if (!st)
        st = fl_ops_plot_run(call, fl_appraise_frame_run(*frame), &run);
    return st ? st
              : fl_ops_plot_subtitle(plot, run.as_of_us, fit_of ? model_of(fit_of(*frame)) : NULL);
}

static void put_count(json_t *row, const char *key, double value)
{
    fl_ops_put_int(row, key, (int64_t)llround(value));
}

static void put_number(json_t *row, const char *key, double value)
{
    if (isfinite(value))
        fl_ops_put_real(row, key, value);
    else
        fl_ops_put_str(row, key, NULL);
}

/* --- tracking ----------------------------------------------------------------------------------*/

static enum fl_status draw_tracking(const struct fl_plot_style *style, const void *data,
                                    struct fl_buf *out, struct fl_error *err)
{
    return fl_plot_tracking(style, data, out, err);
}

static void emit_tracking(struct fl_ops_call *call, const struct fl_appraise_tracking *tracking)
{
    for (size_t i = 0; i < tracking->n; i++) {
        double days = (double)(i + 1) * tracking->period_days;
        bool is_holdout = tracking->holdout_from && i >= tracking->holdout_from;
        char until[FL_TIME_TEXT_SIZE];
        json_t *row = json_object();

        fl_date_format(tracking->first_date + (int32_t)days, until);
        fl_ops_put_int(row, "period", (int64_t)i + 1);
        fl_ops_put_str(row, "until", until);
        put_count(row, "actual", tracking->actual[i]);
        put_number(row, "expected", tracking->expected[i]);
        fl_ops_put_str(row, "part", is_holdout ? "hold-out" : "calibration");
        fl_ops_row_emit(call->sink, row);
    }
}

FL_OPS_RUN(fl_ops_value_tracking_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_appraise_frame *frame = NULL;
    struct fl_appraise_tracking tracking;
    struct fl_ops_plot plot;
    enum fl_status st = begin(&call, &plot, &frame, fl_appraise_frame_purchase);

    if (!st)
        st = fl_appraise_tracking(frame, context->store, args->arena, &tracking, err);
    if (!st && fl_ops_plot_is_drawn(&plot)) {
        const struct fl_plot_tracking data = {.n = tracking.n,
                                              .actual = tracking.actual,
                                              .expected = tracking.expected,
                                              .holdout_from = tracking.holdout_from,
                                              .period = period_name(tracking.period_days),
                                              .first_date = tracking.first_date,
                                              .period_days = tracking.period_days};

        st = fl_ops_plot_write(&plot, draw_tracking, &data);
    } else if (!st)
        emit_tracking(&call, &tracking);
    fl_appraise_frame_close(&frame);
    return st;
}

/* --- frequency ---------------------------------------------------------------------------------*/

static enum fl_status draw_frequency(const struct fl_plot_style *style, const void *data,
                                     struct fl_buf *out, struct fl_error *err)
{
    return fl_plot_frequency(style, data, out, err);
}

static void emit_frequency(struct fl_ops_call *call, const struct fl_appraise_frequency *frequency)
{
    for (int i = 0; i < FL_APPRAISE_FREQUENCIES; i++) {
        json_t *row = json_object();
        char purchases[16];

        snprintf(purchases, sizeof purchases, "%d%s", i,
                 i + 1 == FL_APPRAISE_FREQUENCIES ? "+" : "");
        fl_ops_put_str(row, "purchases", purchases);
        put_count(row, "customers", frequency->customers[i]);
        put_number(row, "actual", frequency->customers[i] > 0 ? frequency->actual[i] : NAN);
        put_number(row, "expected", frequency->customers[i] > 0 ? frequency->expected[i] : NAN);
        fl_ops_row_emit(call->sink, row);
    }
}

FL_OPS_RUN(fl_ops_value_frequency_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_appraise_frame *frame = NULL;
    struct fl_appraise_frequency frequency;
    struct fl_ops_plot plot;
    enum fl_status st = begin(&call, &plot, &frame, fl_appraise_frame_purchase);

    if (!st)
        st = fl_appraise_frequency(frame, context->store, &frequency, err);
    if (!st && fl_ops_plot_is_drawn(&plot)) {
        const struct fl_plot_frequency data = {.n = FL_APPRAISE_FREQUENCIES,
                                               .customers = frequency.customers,
                                               .actual = frequency.actual,
                                               .expected = frequency.expected,
                                               .window_periods = frequency.window_periods};

        st = fl_ops_plot_write(&plot, draw_frequency, &data);
    } else if (!st)
        emit_frequency(&call, &frequency);
    fl_appraise_frame_close(&frame);
    return st;
}

/* --- survival ----------------------------------------------------------------------------------*/

static enum fl_status draw_survival(const struct fl_plot_style *style, const void *data,
                                    struct fl_buf *out, struct fl_error *err)
{
    return fl_plot_survival(style, data, out, err);
}

static void emit_survival(struct fl_ops_call *call, const struct fl_appraise_survival *survival)
{
    for (size_t i = 0; i < survival->n; i++) {
        json_t *row = json_object();

        fl_ops_put_int(row, "period", (int64_t)i);
        put_count(row, "at_risk", survival->at_risk[i]);
        put_number(row, "observed", survival->observed[i]);
        put_number(row, "low", survival->low[i]);
        put_number(row, "high", survival->high[i]);
        put_number(row, "expected", survival->expected[i]);
        fl_ops_row_emit(call->sink, row);
    }
}

FL_OPS_RUN(fl_ops_value_survival_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_appraise_frame *frame = NULL;
    struct fl_appraise_survival survival;
    struct fl_ops_plot plot;
    enum fl_status st = begin(&call, &plot, &frame, fl_appraise_frame_subscription);

    if (!st)
        st = fl_appraise_survival(frame, context->store, args->arena, &survival, err);
    if (!st && fl_ops_plot_is_drawn(&plot)) {
        const struct fl_appraise_fit *fit = fl_appraise_frame_subscription(frame);
        const struct fl_plot_survival data = {.n = survival.n,
                                              .observed = survival.observed,
                                              .low = survival.low,
                                              .high = survival.high,
                                              .expected = survival.expected,
                                              .period =
                                                  period_name(fit ? fit->horizon.period_days : 0)};

        st = fl_ops_plot_write(&plot, draw_survival, &data);
    } else if (!st)
        emit_survival(&call, &survival);
    fl_appraise_frame_close(&frame);
    return st;
}

/* --- calibration -------------------------------------------------------------------------------*/

struct bins {
    size_t n;
    double customers[FL_COMMITMENT_BINS], predicted[FL_COMMITMENT_BINS];
    double observed[FL_COMMITMENT_BINS], low[FL_COMMITMENT_BINS], high[FL_COMMITMENT_BINS];
};

static struct bins bins_of(const struct fl_commitment_report *report)
{
    struct bins bins = {.n = report ? report->n_bins : 0};

    for (size_t i = 0; i < bins.n; i++) {
        bins.customers[i] = report->bins[i].n;
        bins.predicted[i] = report->bins[i].predicted;
        bins.observed[i] = report->bins[i].observed;
        bins.low[i] = report->bins[i].observed_low;
        bins.high[i] = report->bins[i].observed_high;
    }
    return bins;
}

static enum fl_status draw_calibration(const struct fl_plot_style *style, const void *data,
                                       struct fl_buf *out, struct fl_error *err)
{
    return fl_plot_calibration(style, data, out, err);
}

static void emit_calibration(struct fl_ops_call *call, const struct bins *bins,
                             const struct fl_commitment_report *report)
{
    for (size_t i = 0; i < bins->n; i++) {
        json_t *row = json_object();

        fl_ops_put_int(row, "bin", (int64_t)i + 1);
        put_count(row, "customers", bins->customers[i]);
        put_number(row, "predicted", bins->predicted[i]);
        put_number(row, "observed", bins->observed[i]);
        put_number(row, "low", bins->low[i]);
        put_number(row, "high", bins->high[i]);
        fl_ops_row_emit(call->sink, row);
    }
    if (bins->n)
        fl_ops_note(call->sink, "AUC %.3f (%.3f by purchases alone), Brier score %.4f (%.4f)",
                    report->auc, report->auc_p, report->brier, report->brier_p);
    else
        fl_ops_note(call->sink, "there was no hold-out to compare with%s%s",
                    report && *report->why ? ": " : "", report ? report->why : "");
}

FL_OPS_RUN(fl_ops_value_calibration_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_appraise_frame *frame = NULL;
    const struct fl_commitment_report *report;
    struct fl_ops_plot plot;
    struct bins bins;
    enum fl_status st = begin(&call, &plot, &frame, NULL);

    if (st) {
        fl_appraise_frame_close(&frame);
        return st;
    }
    report = fl_appraise_frame_commitment(frame);
    bins = bins_of(report);
    if (fl_ops_plot_is_drawn(&plot)) {
        const struct fl_plot_calibration data = {.n = bins.n,
                                                 .predicted = bins.predicted,
                                                 .observed = bins.observed,
                                                 .low = bins.low,
                                                 .high = bins.high,
                                                 .customers = bins.customers,
                                                 .auc = report ? report->auc : NAN,
                                                 .auc_p = report ? report->auc_p : NAN,
                                                 .brier = report ? report->brier : NAN,
                                                 .brier_p = report ? report->brier_p : NAN};

        st = fl_ops_plot_write(&plot, draw_calibration, &data);
    } else
        emit_calibration(&call, &bins, report);
    fl_appraise_frame_close(&frame);
    return st;
}
