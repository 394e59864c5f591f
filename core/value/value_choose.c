/* Which model tells best what came after it was fitted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value/value_private.h"

static const double ONE_TIME_SHARE = 0.5; /* above it BG/NBD, which calls them all alive, is out */

static double one_time_share(const struct fl_value_obs *obs, size_t n)
{
    double customers = 0, once = 0;

    for (size_t i = 0; i < n; i++) {
        customers += obs[i].n;
        once += obs[i].x > 0 ? 0 : obs[i].n;
    }
    return once / customers;
}

static enum fl_status check_pairs(const struct fl_value_obs *before,
                                  const struct fl_value_obs *until, size_t n, struct fl_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (until[i].x < before[i].x || until[i].T < before[i].T ||
            fabs(until[i].n - before[i].n) > 0)
            return fl_error_set(err, FL_INVALID,
                                "row %zu goes from x %g, T %g, n %g to x %g, T %g, n %g, expected "
                                "the same customers later",
                                i + 1, before[i].x, before[i].T, before[i].n, until[i].x,
                                until[i].T, until[i].n);
    return FL_OK;
}

static enum fl_status fit_grouped(enum fl_value_model model, const struct fl_value_obs *obs,
                                  size_t n, const struct fl_value_fit_options *options,
                                  struct fl_value_fit *out, struct fl_error *err)
{
    struct fl_value_obs *grouped = calloc(n + 1, sizeof *grouped);
    enum fl_status st;

    if (!grouped)
        return fl_error_set(err, FL_IO, "no memory for %zu rows", n);
    if (n > 0)
        memcpy(grouped, obs, n * sizeof *grouped);
    st = fl_value_fit(model, grouped, fl_value_group(grouped, n), options, out, err);
    free(grouped);
    return st;
}

/* Log-likelihood of the hold-out under a fit on what was known before it. */
static enum fl_status score(enum fl_value_model model, const struct fl_value_obs *before,
                            const struct fl_value_obs *until, size_t n,
                            const struct fl_value_fit_options *options, struct fl_value_fit *out,
                            double *out_score, struct fl_error *err)
{
    enum fl_status st = fit_grouped(model, before, n, options, out, err);

    if (st)
        return st;
    *out_score = NAN;
    if (out->state == FL_VALUE_FITTED)
        *out_score = fl_value_log_likelihood(model, out->p, until, n, NULL) -
                     fl_value_log_likelihood(model, out->p, before, n, NULL);
    return FL_OK;
}

struct choice {
    size_t tried, best;
    double score, second; /* of the best, and of the next */
    bool is_left_out;     /* BG/NBD was */
};

static enum fl_status score_all(const enum fl_value_model *models, size_t n_models,
                                const struct fl_value_obs *before, const struct fl_value_obs *until,
                                size_t n, const struct fl_value_fit_options *options,
                                double *out_scores, struct choice *choice,
                                struct fl_value_fit *last, struct fl_error *err)
{
    bool is_mostly_once = one_time_share(before, n) > ONE_TIME_SHARE;

    *choice = (struct choice){.score = -INFINITY, .second = -INFINITY};
    for (size_t i = 0; i < n_models; i++) {
        enum fl_status st;

        out_scores[i] = NAN;
        if (models[i] == FL_VALUE_BGNBD && is_mostly_once && n_models > 1) {
            choice->is_left_out = true;
            continue;
        }
        st = score(models[i], before, until, n, options, last, &out_scores[i], err);
        if (st)
            return st;
        if (isnan(out_scores[i]))
            continue;
        choice->tried++;
        if (out_scores[i] > choice->score) {
            choice->second = choice->score;
            choice->score = out_scores[i];
            choice->best = i;
        } else if (out_scores[i] > choice->second) {
            choice->second = out_scores[i];
        }
    }
    return FL_OK;
}

static void say_why(const struct choice *choice, enum fl_value_model model,
                    char out[FL_VALUE_WHY_SIZE])
{
    const char *title = fl_value_model_title(model);
    const char *note =
        choice->is_left_out ? "; BG/NBD left out, as more than half never came back" : "";

    if (choice->second > -INFINITY)
        snprintf(out, FL_VALUE_WHY_SIZE,
                 "%s tells the hold-out best: log-likelihood %.1f, next %.1f%s", title,
                 choice->score, choice->second, note);
    else
        snprintf(out, FL_VALUE_WHY_SIZE, "%s is the only one that could be fitted%s", title, note);
}

enum fl_status fl_value_choose(const enum fl_value_model *models, size_t n_models,
                               const struct fl_value_obs *before, const struct fl_value_obs *until,
                               size_t n, const struct fl_value_fit_options *options,
                               struct fl_value_fit *out, double *out_scores,
                               char out_why[FL_VALUE_WHY_SIZE], struct fl_error *err)
{
    struct choice choice;
    struct fl_value_fit fit;
    double scores[FL_VALUE_MODELS];
    enum fl_status st;

    if (n_models < 1 || n_models > FL_VALUE_MODELS)
        return fl_error_set(err, FL_INVALID, "%zu models to choose from, expected 1 to %d",
                            n_models, FL_VALUE_MODELS);
    for (size_t i = 0; i < n_models; i++) {
        st = fl_value_check(models[i], before, n, err);
        if (!st)
            st = fl_value_check(models[i], until, n, err);
        if (st)
            return st;
    }
    st = check_pairs(before, until, n, err);
    if (!st)
        st = score_all(models, n_models, before, until, n, options, scores, &choice, &fit, err);
    /* Where none could be fitted the last one's state says why. */
    if (!st && choice.tried > 0)
        st = fit_grouped(models[choice.best], until, n, options, &fit, err);
    if (st)
        return st;
    *out = fit;
    memcpy(out_scores, scores, n_models * sizeof scores[0]);
    if (choice.tried > 0)
        say_why(&choice, fit.model, out_why);
    else
        snprintf(out_why, FL_VALUE_WHY_SIZE, "%s: %.120s", fl_value_model_title(fit.model),
                 fit.why);
    return FL_OK;
}
