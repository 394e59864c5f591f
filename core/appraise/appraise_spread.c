/* How surely the rank of ce is known, given what the fits do not know: along each principal axis of
 * a fit's covariance the parameters go one standard deviation up and down, a sample of customers is
 * valued again, and half the change of a customer's rank is that axis' share of the spread. */
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_eigen.h>

#include "appraise/appraise_run_private.h"

/* Why so few are enough: a bin's mean of 25 ranks is steady to a few per cent. */
struct spread {
    struct appraise_run *run;
    const struct appraise_part *parts[APPRAISE_SPREAD_SAMPLE];
    const struct appraise_record *records[APPRAISE_SPREAD_SAMPLE];
    double ce[APPRAISE_SPREAD_SAMPLE], up[APPRAISE_SPREAD_SAMPLE], down[APPRAISE_SPREAD_SAMPLE];
    double variance[APPRAISE_SPREAD_SAMPLE];
    size_t n;
};

struct axes {
    size_t n;
    double length[FL_VALUE_PARAMS_MAX];
    double direction[FL_VALUE_PARAMS_MAX][FL_VALUE_PARAMS_MAX]; /* [axis][parameter], of log p */
};

static bool has_covariance(const struct fl_value_fit *fit, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (!isfinite(fit->covariance[i][j]))
                return false;
    return n > 0;
}

static bool axes_of(const struct fl_value_fit *fit, struct axes *out)
{
    size_t n = fl_value_params(fit->model);
    gsl_matrix *matrix, *vectors;
    gsl_vector *values;
    gsl_eigen_symmv_workspace *work;

    if (!has_covariance(fit, n))
        return false;
    matrix = gsl_matrix_alloc(n, n);
    vectors = gsl_matrix_alloc(n, n);
    values = gsl_vector_alloc(n);
    work = gsl_eigen_symmv_alloc(n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            gsl_matrix_set(matrix, i, j, fit->covariance[i][j]);
    (void)gsl_eigen_symmv(matrix, values, vectors, work);
    out->n = n;
    for (size_t a = 0; a < n; a++) {
        out->length[a] = sqrt(fmax(gsl_vector_get(values, a), 0));
        for (size_t i = 0; i < n; i++)
            out->direction[a][i] = gsl_matrix_get(vectors, i, a);
    }
    gsl_eigen_symmv_free(work);
    gsl_vector_free(values);
    gsl_matrix_free(vectors);
    gsl_matrix_free(matrix);
    return true;
}

/* Ranks (or places by money) of the sample among itself. */
static enum fl_status place_sample(const struct spread *spread, double *ce, struct fl_error *err)
{
    double sorted[APPRAISE_SPREAD_SAMPLE], median;
    enum fl_status st;

    if (spread->run->frame->settings.position.scale == FL_SCALE_RANK)
        return fl_position_ranks(ce, spread->n, ce, err);
    for (size_t i = 0; i < spread->n; i++)
        sorted[i] = ce[i];
    st = fl_position_sort(sorted, spread->n, err);
    median = sorted[spread->n / 2];
    for (size_t i = 0; !st && i < spread->n; i++)
        ce[i] = fl_position_money(ce[i], median);
    return st;
}

static enum fl_status value_sample(const struct spread *spread,
                                   const struct appraise_models *models, double *out,
                                   struct fl_error *err)
{
    struct appraise_run *run = spread->run;
    const struct appraise_settings *settings = &run->frame->settings;

    for (size_t i = 0; i < spread->n; i++) {
        const struct appraise_facts facts = appraise_facts_of(spread->parts[i], spread->records[i]);
        struct appraise_worth worth;

        appraise_worth_of(models, settings, &run->dates, &facts,
                          &run->frame->segments[facts.segment].prior, NULL, &worth);
        out[i] = isfinite(worth.ce) ? worth.ce : 0;
    }
    return place_sample(spread, out, err);
}

/* `fitted` is within `models`, a copy that is moved and moved back. */
static enum fl_status add_axes(struct spread *spread, struct appraise_models *models,
                               struct appraise_fitted *fitted, struct fl_error *err)
{
    const struct fl_value_fit fit = fitted->fit.fit;
    struct axes axes;
    enum fl_status st = FL_OK;

    if (!fitted->is_fitted || !axes_of(&fit, &axes))
        return FL_OK;
    for (size_t a = 0; !st && a < axes.n; a++) {
        for (size_t i = 0; i < axes.n; i++)
            fitted->fit.fit.p[i] = fit.p[i] * exp(axes.length[a] * axes.direction[a][i]);
        st = value_sample(spread, models, spread->up, err);
        for (size_t i = 0; i < axes.n; i++)
            fitted->fit.fit.p[i] = fit.p[i] * exp(-axes.length[a] * axes.direction[a][i]);
        if (!st)
            st = value_sample(spread, models, spread->down, err);
        for (size_t i = 0; !st && i < spread->n; i++) {
            double half = (spread->up[i] - spread->down[i]) / 2;

            spread->variance[i] += half * half;
        }
    }
    fitted->fit.fit = fit;
    return st;
}

static void take_sample(struct spread *spread)
{
    struct appraise_run *run = spread->run;
    size_t wanted = run->n_valued < APPRAISE_SPREAD_SAMPLE ? run->n_valued : APPRAISE_SPREAD_SAMPLE;

    for (size_t p = 0; p < run->n_parts; p++)
        for (size_t i = 0; i < run->parts[p].records.n && spread->n < wanted; i++) {
            const struct appraise_record *record = appraise_list_at(&run->parts[p].records, i);

            if (record->score == FL_SCORE_VALUED &&
                record->place * wanted / run->n_valued >= spread->n) {
                spread->parts[spread->n] = &run->parts[p];
                spread->records[spread->n] = record;
                spread->ce[spread->n++] = run->ce_rank[record->place];
            }
        }
}

/* Root of the mean variance by bin of the rank; a bin without anybody is as its neighbour below,
 * or above where there is none. */
static void set_bins(const struct spread *spread, double *bins)
{
    double sum[APPRAISE_SD_BINS] = {0}, n[APPRAISE_SD_BINS] = {0}, known = 0;

    for (size_t i = 0; i < spread->n; i++) {
        int bin = (int)(spread->ce[i] * APPRAISE_SD_BINS);

        bin = bin < 0 ? 0 : bin >= APPRAISE_SD_BINS ? APPRAISE_SD_BINS - 1 : bin;
        sum[bin] += spread->variance[i];
        n[bin]++;
    }
    for (int b = APPRAISE_SD_BINS - 1; b >= 0; b--)
        if (n[b] > 0)
            known = sqrt(sum[b] / n[b]);
    for (int b = 0; b < APPRAISE_SD_BINS; b++) {
        if (n[b] > 0)
            known = sqrt(sum[b] / n[b]);
        bins[b] = known;
    }
}

enum fl_status appraise_spread(struct appraise_run *run, struct fl_error *err)
{
    struct spread *spread = calloc(1, sizeof *spread);
    struct appraise_models *models = malloc(sizeof *models);
    enum fl_status st = FL_OK;

    if (!spread || !models) {
        st = fl_error_set(err, FL_IO, "no memory");
    } else {
        spread->run = run;
        *models = run->frame->models;
        take_sample(spread);
        if (spread->n)
            st = add_axes(spread, models, &models->purchase, err);
        if (!st && spread->n)
            st = add_axes(spread, models, &models->spend, err);
        if (!st && spread->n)
            st = add_axes(spread, models, &models->subscription, err);
        if (!st)
            set_bins(spread, run->frame->places.ce_sd);
    }
    free(spread);
    free(models);
    return st;
}
