/* `value fit`: the fits themselves. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ops/ops_value_fit.h"

enum { FIT_THREADS = 2 };

static const enum fl_value_model shop_models[] = {FL_VALUE_BGNBD, FL_VALUE_MBGNBD,
                                                  FL_VALUE_PARETONBD};
enum { SHOP_MODELS = sizeof shop_models / sizeof *shop_models };

/* Of the calibration: the choice is made on what came after its first two thirds. */
static const double BEFORE_SHARE = 2.0 / 3;

static const struct fl_value_fit_options fit_options = {.threads = FIT_THREADS};

/* A copy of what the model is told, grouped.  NULL: out of memory. */
static struct fl_value_obs *take_obs(const struct fl_ops_fit_data *data, enum fl_value_model model,
                                     size_t *out_n)
{
    struct fl_value_obs *obs = calloc(data->n + 1, sizeof *obs);
    size_t n = 0;

    for (size_t i = 0; obs && i < data->n; i++) {
        obs[n] = data->customers[i].obs;
        if (model == FL_VALUE_GAMMAGAMMA) {
            /* of those who came back, and left something */
            obs[n].tx = obs[n].T = 0;
            n += obs[n].x > 0 && obs[n].z > 0;
        } else
            obs[n++].z = 0;
    }
    if (obs)
        n = fl_value_group(obs, n);
    *out_n = n;
    return obs;
}

static enum fl_status fit_one(const struct fl_ops_fit_data *data, enum fl_value_model model,
                              struct fl_value_fit *out, struct fl_error *err)
{
    size_t n;
    FL_AUTO_FREE struct fl_value_obs *obs = take_obs(data, model, &n);

    if (!obs)
        return fl_error_set(err, FL_IO, "out of memory");
    return fl_value_fit(model, obs, n, &fit_options, out, err);
}

/* ---- auto ------------------------------------------------------------------------------------*/

static void copy_obs(const struct fl_ops_fit_data *data, struct fl_value_obs *out)
{
    for (size_t i = 0; i < data->n; i++) {
        out[i] = data->customers[i].obs;
        out[i].z = 0;
    }
}

/* By what came after: the same customers at two dates of the calibration. */
static enum fl_status choose_by_time(struct fl_ops_fit_data *data,
                                     const struct fl_ops_fit_request *request, double *scores,
                                     struct fl_ops_fit_result *out, struct fl_error *err)
{
    int32_t before = data->first + (int32_t)(BEFORE_SHARE * (data->until - data->first));
    FL_AUTO_FREE struct fl_value_obs *first = calloc(data->n + 1, sizeof *first);
    FL_AUTO_FREE struct fl_value_obs *second = calloc(data->n + 1, sizeof *second);
    enum fl_status st = FL_OK;

    if (!first || !second)
        return fl_error_set(err, FL_IO, "out of memory");
    st = fl_ops_fit_reduce(data, request, before, before, before, err);
    copy_obs(data, first);
    if (!st)
        st = fl_ops_fit_reduce(data, request, before, data->until, data->until, err);
    copy_obs(data, second);
    if (!st)
        st = fl_value_choose(shop_models, SHOP_MODELS, first, second, data->n, &fit_options,
                             &out->fit, scores, out->why, err);
    if (!st)
        st = fl_ops_fit_reduce(
            data, request, data->until, data->until,
            data->holdout_until == FL_DATE_NONE ? data->until : data->holdout_until, err);
    /* Those who came later have their say in the parameters. */
    return st ? st : fit_one(data, out->fit.model, &out->fit, err);
}

/* A table has no dates: the likelihood decides; the models have as many parameters. */
static enum fl_status choose_by_likelihood(const struct fl_ops_fit_data *data, double *scores,
                                           struct fl_ops_fit_result *out, struct fl_error *err)
{
    double customers = 0;
    bool is_found = false, is_mostly_once;
    struct fl_value_fit fit;
    enum fl_status st = FL_OK;

    for (size_t i = 0; i < data->n; i++)
        customers += data->customers[i].obs.n;
    is_mostly_once = out->one_time > customers / 2;
    for (size_t i = 0; !st && i < SHOP_MODELS; i++) {
        scores[i] = NAN;
        if (shop_models[i] == FL_VALUE_BGNBD && is_mostly_once)
            continue;
        st = fit_one(data, shop_models[i], &fit, err);
        if (st || fit.state != FL_VALUE_FITTED) {
            out->fit = is_found ? out->fit : fit;
            continue;
        }
        scores[i] = fit.log_likelihood;
        if (!is_found || fit.log_likelihood > out->fit.log_likelihood)
            out->fit = fit;
        is_found = true;
    }
    snprintf(out->why, sizeof out->why, "%s",
             is_mostly_once ? "the most likely; BG/NBD left out: more than half never came back"
                            : "the most likely of BG/NBD, MBG/NBD and Pareto/NBD");
    return st;
}

static enum fl_status choose(struct fl_ops_fit_data *data, const struct fl_ops_fit_request *request,
                             struct fl_ops_fit_result *out, struct fl_error *err)
{
    static const double unknown[SHOP_MODELS] = {NAN, NAN, NAN};
    double scores[SHOP_MODELS];
    size_t n;
    enum fl_status st;

    memcpy(scores, unknown, sizeof scores);
    if (data->summary.is_survival) {
        FL_AUTO_FREE struct fl_value_obs *obs = take_obs(data, FL_VALUE_SBG, &n);

        return obs ? fl_value_choose_contract(obs, n, &fit_options, &out->fit, out->why, err)
                   : fl_error_set(err, FL_IO, "out of memory");
    }
    st = data->first == FL_DATE_NONE ? choose_by_likelihood(data, scores, out, err)
                                     : choose_by_time(data, request, scores, out, err);
    if (st)
        return st;
    out->n_candidates = SHOP_MODELS;
    out->candidates = shop_models;
    memcpy(out->scores, scores, sizeof scores);
    return FL_OK;
}

/* ---- spend, hold-out -------------------------------------------------------------------------*/

/* Pearson's, of frequency and mean value over those who came back: the model takes it for 0. */
static double correlation_of(const struct fl_value_obs *obs, size_t n)
{
    double sum = 0, mean_x = 0, mean_z = 0, xx = 0, zz = 0, xz = 0;

    for (size_t i = 0; i < n; i++) {
        double dx = obs[i].x - mean_x, dz = obs[i].z - mean_z, share;

        sum += obs[i].n;
        share = obs[i].n / sum;
        mean_x += dx * share;
        mean_z += dz * share;
        xx += obs[i].n * dx * (obs[i].x - mean_x);
        zz += obs[i].n * dz * (obs[i].z - mean_z);
        xz += obs[i].n * dx * (obs[i].z - mean_z);
    }
    return xx > 0 && zz > 0 ? xz / sqrt(xx * zz) : NAN;
}

static enum fl_status fit_spend(const struct fl_ops_fit_data *data, struct fl_ops_fit_result *out,
                                struct fl_error *err)
{
    size_t n;
    FL_AUTO_FREE struct fl_value_obs *obs = take_obs(data, FL_VALUE_GAMMAGAMMA, &n);

    if (!obs)
        return fl_error_set(err, FL_IO, "out of memory");
    out->has_spend = true;
    out->correlation = correlation_of(obs, n);
    if (out->fit.model == FL_VALUE_GAMMAGAMMA) {
        out->spend = out->fit;
        return FL_OK;
    }
    return fl_value_fit(FL_VALUE_GAMMAGAMMA, obs, n, &fit_options, &out->spend, err);
}

static enum fl_status hold_out(const struct fl_ops_fit_data *data,
                               const struct fl_ops_fit_request *request,
                               struct fl_ops_fit_result *out, struct fl_error *err)
{
    double t = (data->holdout_until - data->until) / request->unit_days;
    size_t n;
    FL_AUTO_FREE struct fl_value_obs *obs = take_obs(data, out->fit.model, &n);

    if (!obs)
        return fl_error_set(err, FL_IO, "out of memory");
    if (out->fit.model == FL_VALUE_BGBB)
        t = floor(t);
    for (size_t i = 0; i < n; i++)
        out->expected +=
            obs[i].n * fl_value_conditional(out->fit.model, out->fit.p, &obs[i], t, false);
    for (size_t i = 0; i < data->n; i++)
        out->actual += data->customers[i].actual;
    return FL_OK;
}

/* A subscription says itself what a period of it is worth; of opportunities in purchases only
 * whether they were taken is known. */
static bool needs_spend(const struct fl_ops_fit_data *data, const struct fl_ops_fit_result *result)
{
    return data->has_values && result->fit.model != FL_VALUE_SBG &&
           result->fit.model != FL_VALUE_BDW &&
           (result->fit.model != FL_VALUE_BGBB || data->first == FL_DATE_NONE);
}

enum fl_status fl_ops_fit_make(struct fl_ops_fit_data *data,
                               const struct fl_ops_fit_request *request,
                               struct fl_ops_fit_result *out, struct fl_error *err)
{
    enum fl_status st;

    out->correlation = NAN;
    for (size_t i = 0; i < data->n; i++)
        out->one_time += data->customers[i].obs.x > 0 ? 0 : data->customers[i].obs.n;
    st = request->is_auto ? choose(data, request, out, err)
                          : fit_one(data, request->model, &out->fit, err);
    if (!st && needs_spend(data, out))
        st = fit_spend(data, out, err);
    if (!st && out->fit.state == FL_VALUE_FITTED && data->holdout_until != FL_DATE_NONE &&
        out->fit.model != FL_VALUE_GAMMAGAMMA)
        st = hold_out(data, request, out, err);
    return st;
}
