/* `value fit`: what is told of the fit, and of each customer. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "ops/ops_value_fit.h"

static const double CORRELATION_WARNING = 0.2; /* Gamma-Gamma takes it for 0 */
enum { ROW_NAME_SIZE = 32 };

static const char *state_name(enum fl_value_state state)
{
    static const char *const names[] = {[FL_VALUE_FITTED] = "fitted",
                                        [FL_VALUE_NOT_ENOUGH] = "not_enough_data",
                                        [FL_VALUE_NOT_CONVERGED] = "not_converged"};

    return names[state];
}

/* JSON has no NaN: what is not known is null. */
static void put_number(json_t *row, const char *key, double value)
{
    (void)json_object_set_new(row, key, isfinite(value) ? json_real(value) : json_null());
}

/* How many: whole unless a table gives weights that are not. */
/* Shares of a whole, as percents are, need not add up to it in the last bit. */
static void put_count(json_t *row, const char *key, double value)
{
    static const double close = 1e-9;
    bool is_whole = value < INT32_MAX && fabs(value - round(value)) <= close * fmax(value, 1);

    (void)json_object_set_new(
        row, key, is_whole ? json_integer((json_int_t)llround(value)) : json_real(value));
}

static void put_date(json_t *row, const char *key, int32_t date)
{
    char text[FL_TIME_TEXT_SIZE];

    if (date != FL_DATE_NONE)
        fl_date_format(date, text);
    fl_ops_put_str(row, key, date == FL_DATE_NONE ? NULL : text);
}

static json_t *numbers_of(enum fl_value_model model, const double *values)
{
    json_t *object = json_object();

    for (size_t i = 0; i < fl_value_params(model); i++)
        put_number(object, fl_value_param_name(model, i), values[i]);
    return object;
}

static void put_fit(json_t *row, const struct fl_value_fit *fit)
{
    bool has_numbers = fit->state != FL_VALUE_NOT_ENOUGH;

    fl_ops_put_str(row, "model", fl_value_model_key(fit->model));
    fl_ops_put_str(row, "title", fl_value_model_title(fit->model));
    fl_ops_put_str(row, "state", state_name(fit->state));
    fl_ops_put_str(row, "why", *fit->why ? fit->why : NULL);
    (void)json_object_set_new(row, "parameters",
                              has_numbers ? numbers_of(fit->model, fit->p) : json_null());
    (void)json_object_set_new(row, "standard_errors",
                              has_numbers ? numbers_of(fit->model, fit->se) : json_null());
    put_number(row, "log_likelihood", has_numbers ? fit->log_likelihood : NAN);
    fl_ops_put_bool(row, "converged", fit->state == FL_VALUE_FITTED);
    fl_ops_put_int(row, "iterations", has_numbers ? fit->iterations : 0);
    fl_ops_put_int(row, "starts", has_numbers ? fit->starts : 0);
    fl_ops_put_int(row, "starts_agreed", has_numbers ? fit->starts_agreed : 0);
    fl_ops_put_str(row, "optimiser", has_numbers ? fit->optimiser : NULL);
    put_count(row, "customers", fit->customers);
    fl_ops_put_int(row, "rows", (int64_t)fit->rows);
}

static bool is_correlated(const struct fl_ops_fit_result *result)
{
    return result->has_spend && fabs(result->correlation) > CORRELATION_WARNING;
}

static json_t *spend_of(const struct fl_ops_fit_result *result)
{
    json_t *spend;

    if (!result->has_spend)
        return json_null();
    spend = json_object();
    put_fit(spend, &result->spend);
    put_number(spend, "correlation", result->correlation);
    fl_ops_put_str(spend, "warning",
                   is_correlated(result)
                       ? "how much is spent goes with how often: Gamma-Gamma takes both for "
                         "independent"
                       : NULL);
    return spend;
}

static json_t *chosen_of(const struct fl_ops_fit_request *request,
                         const struct fl_ops_fit_result *result)
{
    json_t *chosen, *scores;

    if (!request->is_auto)
        return json_null();
    chosen = json_object();
    fl_ops_put_str(chosen, "why", result->why);
    scores = json_object();
    for (size_t i = 0; i < result->n_candidates; i++)
        put_number(scores, fl_value_model_key(result->candidates[i]), result->scores[i]);
    (void)json_object_set_new(chosen, "scores", scores);
    return chosen;
}

static json_t *hold_out_of(const struct fl_ops_fit_request *request,
                           const struct fl_ops_fit_data *data,
                           const struct fl_ops_fit_result *result)
{
    json_t *hold_out;

    if (data->holdout_until == FL_DATE_NONE)
        return json_null();
    hold_out = json_object();
    put_date(hold_out, "until", data->holdout_until);
    put_number(hold_out, "periods", (data->holdout_until - data->until) / request->unit_days);
    put_number(hold_out, "expected", result->fit.state == FL_VALUE_FITTED ? result->expected : NAN);
    put_count(hold_out, "actual", result->actual);
    return hold_out;
}

void fl_ops_fit_emit(const struct fl_ops_call *call, const struct fl_ops_fit_request *request,
                     const struct fl_ops_fit_data *data, const struct fl_ops_fit_result *result)
{
    bool is_fitted = result->fit.state == FL_VALUE_FITTED;
    json_t *row = json_object();

    /* A spend that could not be fitted is a warning too: there is no LTV then. */
    bool is_warned =
        is_correlated(result) || (result->has_spend && result->spend.state != FL_VALUE_FITTED);

    fl_ops_put_str(row, "result", !is_fitted ? "FAIL" : is_warned ? "WARN" : "OK");
    put_fit(row, &result->fit);
    put_count(row, "one_time_buyers", result->one_time);
    fl_ops_put_str(row, "unit", request->unit);
    put_date(row, "from", data->first);
    put_date(row, "until", data->until);
    (void)json_object_set_new(row, "holdout", hold_out_of(request, data, result));
    (void)json_object_set_new(row, "spend", spend_of(result));
    (void)json_object_set_new(row, "chosen", chosen_of(request, result));
    fl_ops_put_int(row, "refunds_left_out", data->purchases.n_refunds);
    fl_ops_put_int(row, "purchases_left_out", data->n_later_purchases);
    fl_ops_put_int(row, "customers_left_out", data->n_later_customers);
    fl_ops_row_emit(call->sink, row);
}

/* ---- customers -------------------------------------------------------------------------------*/

struct prediction {
    struct fl_ops_call *call;
    const struct fl_ops_fit_request *request;
    const struct fl_ops_fit_data *data;
    const struct fl_ops_fit_result *result;
    struct fl_value_residual residual;
};

/* Mean value of a day of purchase, or of a period of a subscription. */
static double spend_of_one(const struct prediction *prediction, const struct fl_value_obs *obs)
{
    const struct fl_ops_fit_result *result = prediction->result;
    bool is_contract = result->fit.model == FL_VALUE_SBG || result->fit.model == FL_VALUE_BDW;

    if (is_contract)
        return prediction->data->has_values ? obs->z : NAN;
    if (!result->has_spend || result->spend.state != FL_VALUE_FITTED)
        return NAN;
    return fl_value_spend(result->spend.p, obs->x, obs->z);
}

static void predict_one(const struct prediction *prediction, const char *name, size_t number,
                        const struct fl_value_obs *obs)
{
    const struct fl_ops_fit_result *result = prediction->result;
    enum fl_value_model model = result->fit.model;
    const double *p = result->fit.p;
    double spend = spend_of_one(prediction, obs);
    double alive = NAN, expected = NAN, discounted = NAN;
    char number_text[ROW_NAME_SIZE];
    json_t *row = json_object();

    snprintf(number_text, sizeof number_text, "%zu", number);
    if (model != FL_VALUE_GAMMAGAMMA) {
        alive = fl_value_p_alive(model, p, obs);
        expected = fl_value_conditional(model, p, obs, prediction->request->horizon, false);
        discounted = fl_value_residual_of(&prediction->residual, model, p, obs);
    }
    fl_ops_put_str(row, "customer", name ? name : number_text);
    put_number(row, "x", obs->x);
    put_number(row, "tx", obs->tx);
    put_number(row, "T", obs->T);
    put_number(row, "p_alive", alive);
    put_number(row, "expected_purchases", expected);
    put_number(row, "discounted_purchases", discounted);
    put_number(row, "spend", spend);
    put_number(row, "ltv", spend * discounted);
    put_number(row, "ce", spend * discounted * alive);
    fl_ops_row_emit(prediction->call->sink, row);
}

static void predict_unknown(const struct prediction *prediction, const char *name)
{
    static const char *const keys[] = {
        "p_alive", "expected_purchases", "discounted_purchases", "spend", "ltv", "ce"};
    json_t *row = json_object();

    fl_ops_put_str(row, "customer", name);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        put_number(row, keys[i], NAN);
    fl_ops_row_emit(prediction->call->sink, row);
}

/* Names: who they are is known from the calibration. */
static enum fl_status predict_named(const struct prediction *prediction,
                                    const struct fl_summary *list)
{
    const struct fl_ops_fit_data *data = prediction->data;
    const struct fl_summary_names *names =
        data->summary.n ? &data->summary.names : &data->purchases.names;
    FL_AUTO_FREE size_t *place = calloc(names->n + 1, sizeof *place);
    size_t n_unknown = 0;

    if (!place)
        return fl_error_set(prediction->call->err, FL_IO, "out of memory");
    for (size_t i = 0; i < data->n; i++)
        if (data->customers[i].name)
            place[fl_people_names_find(names, data->customers[i].name)] = i + 1;
    for (size_t i = 0; i < list->names.n; i++) {
        size_t index = fl_people_names_find(names, list->names.items[i]);
        size_t at = index == SIZE_MAX ? 0 : place[index];

        n_unknown += !at;
        if (at)
            predict_one(prediction, list->names.items[i], i + 1, &data->customers[at - 1].obs);
        else
            predict_unknown(prediction, list->names.items[i]);
    }
    if (n_unknown)
        fl_ops_note(prediction->call->sink,
                    "%zu customers were not there in the time the model was fitted on", n_unknown);
    return FL_OK;
}

/* Rows of their own, which the model has not seen. */
static enum fl_status predict_rows(const struct prediction *prediction, const char *name,
                                   const struct fl_summary *summary, struct fl_faults *faults)
{
    enum fl_value_model model = prediction->result->fit.model;

    for (size_t i = 0; i < summary->n; i++) {
        struct fl_value_obs obs = fl_ops_fit_obs(&summary->items[i]);
        struct fl_error fault = {0};

        if (model != FL_VALUE_GAMMAGAMMA && fl_value_check(model, &obs, 1, &fault))
            fl_faults_add(faults, name, summary->items[i].line, NULL, NULL, "%s", fault.text);
    }
    if (faults->n_total)
        return fl_faults_status(faults, prediction->call->err);
    for (size_t i = 0; i < summary->n; i++) {
        struct fl_value_obs obs = fl_ops_fit_obs(&summary->items[i]);

        predict_one(prediction, summary->names.n ? summary->names.items[i] : NULL, i + 1, &obs);
    }
    return FL_OK;
}

enum fl_status fl_ops_fit_predict(struct fl_ops_call *call,
                                  const struct fl_ops_fit_request *request,
                                  const struct fl_ops_fit_data *data,
                                  const struct fl_ops_fit_result *result)
{
    struct prediction prediction = {call, request, data, result, {0}};
    const struct fl_value_horizon horizon = {request->horizon, request->rate, request->unit_days};
    struct fl_summary_options options = {.map = request->map, .may_be_list = true};
    struct fl_summary list = {0};
    struct fl_faults faults;
    FL_AUTO_FD int fd = -1;
    enum fl_status st = fl_value_residual_init(&prediction.residual, &horizon, call->err);

    fl_faults_init(&faults, call->args->arena);
    if (!st)
        st = fl_ops_file(call->args, json_object_get(call->args->values, "predict"), &fd,
                         &options.name, call->err);
    if (!st)
        st = fl_people_summary_read(&list, fd, &options, &faults, call->err);
    if (!st && list.is_survival)
        st = fl_error_set(call->err, FL_INVALID, "\"%s\" is of years, not of customers",
                          options.name);
    if (!st)
        st = list.is_list ? predict_named(&prediction, &list)
                          : predict_rows(&prediction, options.name, &list, &faults);
    if (faults.n_total)
        call->sink->faults(call->sink->ctx, &faults);
    fl_people_summary_finish(&list);
    return st;
}
