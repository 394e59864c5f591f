/* `value fit`: a model of buying fitted to a table, without a store. */
#include "ops/ops_value_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const struct {
    const char *name;
    double days;
} units[] = {{"day", 1}, {"week", 7}, {"month", 365.0 / 12}, {"year", 365}};

static const double DEFAULT_HORIZON_DAYS = 156 * 7; /* the usual 156 weeks, in any unit */
static const double DEFAULT_RATE = 0.10;
static const double RATE_MAX = 10;

static enum fl_status read_unit(const char *unit, struct fl_ops_fit_request *out,
                                struct fl_error *err)
{
    out->unit = unit ? unit : "week";
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(units[i].name, out->unit)) {
            out->unit_days = units[i].days;
            return FL_OK;
        }
    return fl_error_set(err, FL_INVALID, "unit \"%s\", expected day, week, month or year", unit);
}

static enum fl_status read_date(const struct fl_ops_args *args, const char *name, int32_t *out,
                                struct fl_error *err)
{
    const char *text = fl_ops_str(args, name);

    *out = FL_DATE_NONE;
    if (text && !fl_date_parse(text, out))
        return fl_error_set(err, FL_INVALID, "--%s \"%s\", expected a date as 2026-11-22", name,
                            text);
    return FL_OK;
}

static enum fl_status read_rate(const char *text, double *out, struct fl_error *err)
{
    char *end = NULL;

    *out = text ? strtod(text, &end) : DEFAULT_RATE;
    if (text && (!*text || *end || !(*out >= 0) || *out > RATE_MAX))
        return fl_error_set(err, FL_INVALID,
                            "--discount-rate \"%s\", expected a share a year as 0.10", text);
    return FL_OK;
}

static enum fl_status read_model(const char *key, struct fl_ops_fit_request *out,
                                 struct fl_error *err)
{
    out->is_auto = !key || !strcmp(key, "auto");
    if (out->is_auto || fl_value_model_parse(key, &out->model))
        return FL_OK;
    return fl_error_set(err, FL_INVALID, "model \"%s\" is not known", key);
}

static enum fl_status check_sources(const struct fl_ops_args *args,
                                    const struct fl_ops_fit_request *request, struct fl_error *err)
{
    bool has_purchases = json_array_size(json_object_get(args->values, "transactions")) > 0;
    bool has_summary = json_object_get(args->values, "summary") != NULL;
    bool is_contract = request->model == FL_VALUE_SBG || request->model == FL_VALUE_BDW;

    if (has_purchases == has_summary)
        return fl_error_set(err, FL_INVALID, "either --transactions or --summary is expected");
    if (has_purchases && !request->is_auto && is_contract)
        return fl_error_set(err, FL_INVALID,
                            "%s is of subscriptions: --summary with T, x, n or year, n is expected",
                            fl_value_model_title(request->model));
    if (has_summary && (request->until != FL_DATE_NONE || request->holdout_until != FL_DATE_NONE))
        return fl_error_set(err, FL_INVALID,
                            "--until and --holdout-until go with --transactions: a summary is made "
                            "for one date");
    return FL_OK;
}

static enum fl_status read_request(const struct fl_ops_args *args, struct fl_ops_fit_request *out,
                                   struct fl_error *err)
{
    int64_t horizon;
    enum fl_status st = read_model(fl_ops_str(args, "model"), out, err);

    if (!st)
        st = read_unit(fl_ops_str(args, "unit"), out, err);
    if (!st)
        st = read_date(args, "until", &out->until, err);
    if (!st)
        st = read_date(args, "holdout-until", &out->holdout_until, err);
    if (!st)
        st = read_rate(fl_ops_str(args, "discount-rate"), &out->rate, err);
    if (!st)
        st = check_sources(args, out, err);
    if (st)
        return st;
    horizon = fl_ops_int(args, "horizon", (int64_t)(DEFAULT_HORIZON_DAYS / out->unit_days + 0.5));
    if (horizon < 1 || horizon > FL_VALUE_HORIZON_MAX)
        return fl_error_set(err, FL_INVALID, "--horizon %lld, expected 1 to %d periods",
                            (long long)horizon, FL_VALUE_HORIZON_MAX);
    out->horizon = (int)horizon;
    out->map = fl_ops_str(args, "map");
    return FL_OK;
}

static void tell(const struct fl_ops_sink *sink, const struct fl_ops_fit_data *data,
                 const struct fl_ops_fit_request *request)
{
    if (data->ignored)
        fl_ops_note(sink, "these columns are not used: %s", data->ignored);
    if (data->n_files_twice)
        fl_ops_note(sink, "%lld files were given twice and are read once",
                    (long long)data->n_files_twice);
    if (data->n_later_purchases && request->until != FL_DATE_NONE)
        fl_ops_note(sink, "%lld purchases are later than what is looked at",
                    (long long)data->n_later_purchases);
}

FL_OPS_RUN(fl_ops_value_fit_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_ops_fit_request request = {0};
    struct fl_ops_fit_data data = {0};
    struct fl_ops_fit_result result = {0};
    enum fl_status st = read_request(args, &request, err);

    if (!st)
        st = fl_ops_fit_read(&call, &request, &data);
    if (!st)
        st = fl_ops_fit_make(&data, &request, &result, err);
    if (!st) {
        tell(sink, &data, &request);
        fl_ops_fit_emit(&call, &request, &data, &result);
        if (json_object_get(args->values, "predict") && result.fit.state == FL_VALUE_FITTED)
            st = fl_ops_fit_predict(&call, &request, &data, &result);
    }
    fl_ops_fit_data_finish(&data);
    return st;
}
