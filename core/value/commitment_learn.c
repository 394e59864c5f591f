/* Weights from who stayed, taken only where they are worth it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "value/commitment_private.h"

/* Of those who stayed, and of those who did not: four a fold. */
enum { CLASS_MIN = 4 * FL_COMMITMENT_FOLDS };

static const double RIDGE = 10, OFFSET_MARGIN = 1e-9;

struct learn {
    const struct fl_commitment_settings *settings;
    const struct fl_commitment_sample *samples;
    size_t n;
    double ridge;
    double *offsets, *predicted; /* n each */
    bool *stayed;
    struct fl_commitment_report *report;
    struct fl_error *err;
};

struct measures {
    double auc, brier;
    struct fl_commitment_bin bins[FL_COMMITMENT_BINS];
    size_t n_bins;
};

static bool has_signal(const struct fl_commitment_sample *sample)
{
    for (int j = 0; j < FL_SIGNALS; j++)
        if (sample->s[j] > 0 || sample->s[j] < 0)
            return true;
    return false;
}

static bool is_valid(const struct fl_commitment_sample *sample)
{
    for (int j = 0; j < FL_SIGNALS; j++)
        if (!(fabs(sample->s[j]) <= 1))
            return false;
    return sample->p >= 0 && sample->p <= 1;
}

/* False, with the reason, where a sample says nothing that can be used. */
static bool take_samples(struct learn *learn)
{
    struct fl_commitment_report *report = learn->report;

    for (size_t i = 0; i < learn->n; i++) {
        const struct fl_commitment_sample *sample = &learn->samples[i];
        double p = fmin(fmax(sample->p, OFFSET_MARGIN), 1 - OFFSET_MARGIN);

        if (!is_valid(sample)) {
            snprintf(report->why, sizeof report->why,
                     "sample %zu has p %g or a signal that is out of range; expected p within 0..1 "
                     "and signals within -1..1",
                     i, sample->p);
            return false;
        }
        learn->offsets[i] = log(p) - log1p(-p);
        learn->stayed[i] = sample->stayed;
        report->n_with_signals += has_signal(sample);
    }
    return true;
}

/* How well CL would have told who stays. */
static enum fl_status measure(struct learn *learn, struct measures *out)
{
    return fl_commitment_measure(learn->predicted, learn->stayed, learn->n, &out->auc, &out->brier,
                                 out->bins, &out->n_bins, learn->err);
}

/* Predictions of fold `fold` (-1: of all) with given weights. */
static void predict(struct learn *learn, const double *weights, int fold)
{
    struct fl_commitment_settings settings = *learn->settings;

    memcpy(settings.weight, weights, sizeof settings.weight);
    for (size_t i = 0; i < learn->n; i++)
        if (fold < 0 || (int)(i % FL_COMMITMENT_FOLDS) == fold)
            learn->predicted[i] =
                fl_commitment_level(&settings, learn->samples[i].p, learn->samples[i].s);
}

static enum fl_status measure_weights(struct learn *learn, const double *weights,
                                      struct measures *out)
{
    predict(learn, weights, -1);
    return measure(learn, out);
}

static const char *what_is_missing(struct learn *learn, char *out, size_t size)
{
    const struct fl_commitment_report *report = learn->report;
    size_t n_stayed = 0;

    for (size_t i = 0; i < learn->n; i++)
        n_stayed += learn->stayed[i];
    if (report->n_with_signals < FL_COMMITMENT_SAMPLES_MIN)
        snprintf(out, size,
                 "%zu customers carried a signal before the hold-out; %d are needed to learn from",
                 report->n_with_signals, FL_COMMITMENT_SAMPLES_MIN);
    else if (n_stayed < CLASS_MIN)
        snprintf(out, size, "%zu of %zu customers stayed; %d are needed to learn from", n_stayed,
                 learn->n, CLASS_MIN);
    else if (learn->n - n_stayed < CLASS_MIN)
        snprintf(out, size, "%zu of %zu customers did not stay; %d are needed to learn from",
                 learn->n - n_stayed, learn->n, CLASS_MIN);
    else
        return NULL;
    return out;
}

/* Fits all, then each fold from there, and predicts each fold by the fit without it. */
static bool fit_all(struct learn *learn)
{
    struct fl_commitment_report *report = learn->report;
    const double *toward = learn->settings->weight;
    struct commitment_fit all = {0}, fold;

    memcpy(all.at, toward, FL_SIGNALS * sizeof *toward);
    if (!commitment_fit(learn->samples, learn->offsets, learn->n, -1, toward, learn->ridge, &all))
        return false;
    for (int i = 0; i < FL_COMMITMENT_FOLDS; i++) {
        fold = all;
        if (!commitment_fit(learn->samples, learn->offsets, learn->n, i, toward, learn->ridge,
                            &fold))
            return false;
        predict(learn, fold.at, i);
    }
    memcpy(report->weight, all.at, sizeof report->weight);
    memcpy(report->se, all.se, sizeof report->se);
    report->intercept = all.at[FL_SIGNALS];
    return true;
}

static void take_measures(struct fl_commitment_report *report, const struct measures *of)
{
    report->auc = of->auc;
    report->brier = of->brier;
    memcpy(report->bins, of->bins, sizeof report->bins);
    report->n_bins = of->n_bins;
}

static void take_defaults(struct learn *learn, const struct measures *defaults)
{
    memcpy(learn->report->weight, learn->settings->weight, sizeof learn->report->weight);
    memset(learn->report->se, 0, sizeof learn->report->se);
    learn->report->intercept = 0;
    take_measures(learn->report, defaults);
}

static void take_nothing(struct learn *learn, double brier, const struct measures *p)
{
    struct fl_commitment_report *report = learn->report;

    report->is_learned = report->are_signals_used = false;
    memset(report->weight, 0, sizeof report->weight);
    memset(report->se, 0, sizeof report->se);
    report->intercept = 0;
    snprintf(report->why, sizeof report->why,
             "signals made the prediction worse: Brier score %.6f against %.6f of P(alive) alone",
             brier, p->brier);
    take_measures(report, p);
}

/* Which weights are in force, by how they predicted those they had not seen. */
static enum fl_status choose(struct learn *learn, const struct measures *p,
                             const struct measures *defaults)
{
    struct fl_commitment_report *report = learn->report;
    struct measures learned = {0};
    enum fl_status st = FL_OK;
    bool is_fitted = fit_all(learn);

    if (is_fitted)
        st = measure(learn, &learned);
    if (st)
        return st;
    report->is_learned = is_fitted && learned.brier <= defaults->brier;
    if (report->is_learned)
        take_measures(report, &learned);
    else {
        take_defaults(learn, defaults);
        if (is_fitted)
            snprintf(report->why, sizeof report->why,
                     "the defaults predicted better: Brier score %.6f against %.6f learned",
                     defaults->brier, learned.brier);
        else
            snprintf(report->why, sizeof report->why, "the fit did not converge");
    }
    if (report->brier > p->brier)
        take_nothing(learn, report->brier, p);
    return FL_OK;
}

static enum fl_status learn_from(struct learn *learn)
{
    static const double nothing[FL_SIGNALS] = {0};
    struct fl_commitment_report *report = learn->report;
    struct measures p = {0}, defaults = {0};
    enum fl_status st = measure_weights(learn, nothing, &p);

    if (!st)
        st = measure_weights(learn, learn->settings->weight, &defaults);
    if (st)
        return st;
    report->auc_p = p.auc;
    report->brier_p = p.brier;
    take_defaults(learn, &defaults);
    if (what_is_missing(learn, report->why, sizeof report->why))
        return FL_OK;
    return choose(learn, &p, &defaults);
}

enum fl_status fl_commitment_learn(const struct fl_commitment_settings *settings,
                                   const struct fl_commitment_sample *samples, size_t n,
                                   double ridge, struct fl_commitment_report *out,
                                   struct fl_error *err)
{
    /* One more, so that an empty set is no failure of memory. */
    FL_AUTO_FREE double *offsets = calloc(n + 1, sizeof *offsets);
    FL_AUTO_FREE double *predicted = calloc(n + 1, sizeof *predicted);
    FL_AUTO_FREE bool *stayed = calloc(n + 1, sizeof *stayed);
    struct fl_commitment_report report = {
        .are_signals_used = true, .n = n, .auc = NAN, .auc_p = NAN, .brier = NAN, .brier_p = NAN};
    struct learn learn = {.settings = settings,
                          .samples = samples,
                          .n = n,
                          .ridge = ridge > 0 ? ridge : RIDGE,
                          .offsets = offsets,
                          .predicted = predicted,
                          .stayed = stayed,
                          .report = &report,
                          .err = err};
    enum fl_status st = FL_OK;

    if (!offsets || !predicted || !stayed)
        return fl_error_set(err, FL_IO, "no memory to learn from %zu customers", n);
    memcpy(report.weight, settings->weight, sizeof report.weight);
    if (take_samples(&learn))
        st = learn_from(&learn);
    if (!st)
        *out = report;
    return st;
}
