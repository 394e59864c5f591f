/* `value run`: by the daemon's value process, or, where there is none, here on the store. */
#include "appraise/appraise.h"
#include "base/local.h"
#include "ops/ops_private.h"

enum { THREADS = 2 };

/* The last moment of the day asked for, or now. */
static enum fl_status as_of(const struct fl_ops_context *context, const struct fl_ops_args *args,
                            int64_t *out_us, struct fl_error *err)
{
    const char *text = fl_ops_str(args, "as-of");
    int64_t now_us = fl_clock_now(&context->clock), end_us;
    int32_t date;
    enum fl_status st;

    *out_us = now_us;
    if (!text)
        return FL_OK;
    if (!fl_date_parse(text, &date))
        return fl_error_set(err, FL_INVALID, "as-of \"%s\" is no date; expected YYYY-MM-DD", text);
    st = fl_time_of_local(context->conf->time_zone, (int64_t)date * FL_US_PER_DAY, &end_us, err);
    if (st)
        return st;
    if (end_us > now_us)
        return fl_error_set(err, FL_INVALID, "as-of \"%s\" is in the future", text);
    st = fl_time_of_local(context->conf->time_zone, ((int64_t)date + 1) * FL_US_PER_DAY, &end_us,
                          err);
    if (!st && end_us - 1 < now_us)
        *out_us = end_us - 1;
    return st;
}

static void note_warnings(const struct fl_ops_sink *sink, const json_t *report)
{
    json_t *warning;
    size_t i;

    json_array_foreach(json_object_get(report, "warnings"), i, warning)
        fl_ops_note(sink, "warning: %s", json_string_value(warning));
}

/* A run that is done, from its report. */
static void emit(struct fl_ops_call *call, int64_t run, int64_t as_of_us, const char *report_text,
                 int64_t n_changes)
{
    static const struct {
        const char *key, *part, *member;
    } members[] = {
        {"customers", "customers", "all"},
        {"valued", "customers", "valued"},
        {"not_enough_data", "customers", "not_enough_data"},
        {"objected", "customers", "objected"},
        {"zone_i", "zones", "I"},
        {"zone_ii", "zones", "II"},
        {"zone_iii", "zones", "III"},
        {"zone_n", "zones", "N"},
    };
    json_t *row = json_object(), *report = json_loads(report_text, 0, NULL);

    fl_ops_put_id(row, "run", run);
    fl_ops_put_str(row, "state", "done");
    fl_ops_put_time(row, "as_of", as_of_us);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        fl_ops_put_int(row, members[i].key,
                       json_integer_value(json_object_get(json_object_get(report, members[i].part),
                                                          members[i].member)));
    fl_ops_put_int(row, "changes", n_changes);
    fl_ops_row_emit(call->sink, row);
    note_warnings(call->sink, report);
    json_decref(report);
}

static void on_progress(void *ctx, const char *what, int64_t done, int64_t total)
{
    const struct fl_ops_call *call = ctx;

    fl_ops_progress(call->sink, what, done, total);
}

/* A dry run computes everything and keeps nothing. */
static enum fl_status keep_no_run(void *ctx, const struct fl_value_run *run, struct fl_error *err)
{
    (void)ctx;
    (void)run;
    (void)err;
    return FL_OK;
}

static enum fl_status keep_no_scores(void *ctx, const struct fl_score *scores, size_t n,
                                     struct fl_error *err)
{
    (void)ctx;
    (void)scores;
    (void)n;
    (void)err;
    return FL_OK;
}

static enum fl_status keep_no_changes(void *ctx, const struct fl_value_run *run,
                                      int64_t *out_n_changes, struct fl_error *err)
{
    *out_n_changes = 0;
    return keep_no_run(ctx, run, err);
}

static enum fl_status run_here(struct fl_ops_call *call, int64_t as_of_us)
{
    struct fl_ops_context *context = call->context;
    struct fl_appraise_store_sink to = {
        .store = context->store, .progress = on_progress, .progress_ctx = call};
    struct fl_appraise_sink sink = fl_appraise_sink_of_store(&to);
    struct fl_appraise_result result;
    struct fl_error ignored;
    enum fl_status st;

    if (fl_ops_is_dry(call->args)) {
        sink.begin = keep_no_run;
        sink.scores = keep_no_scores;
        sink.finish = keep_no_changes;
    }
    st = fl_appraise_run(
        call->args->arena,
        &(struct fl_appraise_input){
            .store = context->store,
            .store_uri = fl_store_remembers(context->store) ? context->conf->store : NULL,
            .conf = context->conf,
            .as_of_us = as_of_us,
            .now_us = fl_clock_now(&context->clock),
            .threads = THREADS,
            .sink = sink,
        },
        &result, call->err);
    if (st) {
        if (fl_appraise_sink_fail(&to, call->err ? call->err->text : "failed", &ignored))
            fl_ops_note(call->sink, "the run could not be marked as failed: %s", ignored.text);
        return st;
    }
    emit(call, to.run, as_of_us, result.report, result.n_changes);
    return FL_OK;
}

/* ---- with the daemon up -----------------------------------------------------------------------*/

static enum fl_status begun(struct fl_ops_call *call, int64_t as_of_us)
{
    json_t *row;

    if (fl_ops_bool(call->args, "wait"))
        return fl_error_set(call->err, FL_AGAIN, "the valuation goes on");
    row = json_object();
    fl_ops_put_id(row, "run", 0);
    fl_ops_put_str(row, "state", "started");
    fl_ops_put_time(row, "as_of", as_of_us);
    fl_ops_row_emit(call->sink, row);
    return FL_OK;
}

static enum fl_status await(struct fl_ops_call *call, const struct fl_ops_daemon *daemon)
{
    struct fl_ops_value value;
    struct fl_value_run run;
    enum fl_status st;

    daemon->value_state(daemon->ctx, &value);
    if (value.is_running) {
        fl_ops_progress(call->sink, value.what, value.done, value.total);
        return fl_error_set(call->err, FL_AGAIN, "the valuation goes on");
    }
    if (value.status)
        return fl_error_set(call->err, value.status, "%s", value.why);
    st = fl_store_run_get(call->context->store, call->args->arena, value.run, &run, call->err);
    if (!st)
        emit(call, run.id, run.as_of_us, run.report, value.n_changes);
    return st;
}

FL_OPS_RUN(fl_ops_value_run_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    const struct fl_ops_daemon *daemon = context->daemon;
    int64_t as_of_us = 0;
    enum fl_status st;

    if (daemon && daemon->value_state && fl_ops_bool(args, "again"))
        return await(&call, daemon);
    st = as_of(context, args, &as_of_us, err);
    if (st || !daemon || !daemon->value_start)
        return st ? st : run_here(&call, as_of_us);
    if (fl_ops_is_dry(args))
        return fl_error_set(err, FL_REJECTED,
                            "a dry run is made in the command line, which the daemon must not use "
                            "the store beside: end it first");
    st = daemon->value_start(daemon->ctx, as_of_us, err);
    return st ? st : begun(&call, as_of_us);
}
