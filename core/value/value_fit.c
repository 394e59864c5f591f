/* Maximum likelihood.  Optimisation is over log p: parameters stay positive and their likelihood is
 * nearer to a parabola.
 *
 * Bounds on log p, around the start that the data suggest, so that neither the unit of time nor of
 * money has an effect: the line search of L-BFGS steps far outside where the gradient is steep,
 * exp() of that would overflow, and beyond 1e6 the differences of log Gamma that the models are
 * made of have lost six digits.  Data without a spread (all rates alike) drive two parameters to
 * infinity with their ratio held: the bound is where that ends, harmlessly.
 *
 * Of many rows a sample is climbed first: all starts run on it, and the full sum is only asked for
 * the last steps, which Newton's method does in a few. */
#include <math.h>
#include <nlopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value/simulate.h"
#include "value/value_fit_private.h"

enum {
    STARTS_DEFAULT = 3,
    STARTS_MAX = 100,
    EVALUATIONS_MAX = 500, /* of one climb; some 30 are usual */
    SAMPLE_ROWS = 8 * 1024 /* enough for all but the last steps */
};

static const double START_SPREAD = 2;     /* other starts are up to e^2 = 7 times off */
static const double CLIMB_TOL = 1e-13;    /* of log L, relative */
static const double AGREE = 1e-3;         /* in log L */
static const double SHARE_OF_FLAT = 0.01; /* of a flat direction, for a parameter to be in it */

/* ---- climbing --------------------------------------------------------------------------------*/

/* NLopt's view: per customer, so that tolerances and first steps do not grow with the data. */
static double objective(unsigned dim, const double *log_p, double *gradient, void *context)
{
    struct value_climb *climb = context;
    double own[VALUE_DIM_MAX], sum = value_climb_evaluate(climb, log_p, own);

    if (!isfinite(sum)) {
        /* Worse than anything, and level: the line search turns back. */
        for (unsigned j = 0; gradient && j < dim; j++)
            gradient[j] = 0;
        return -HUGE_VAL;
    }
    for (unsigned j = 0; gradient && j < dim; j++)
        gradient[j] = own[j] / climb->customers;
    if (sum > climb->best) {
        climb->best = sum;
        memcpy(climb->best_log_p, log_p, dim * sizeof log_p[0]);
    }
    return sum / climb->customers;
}

static bool run_optimiser(struct value_climb *climb, nlopt_algorithm algorithm, double *log_p)
{
    nlopt_opt opt = nlopt_create(algorithm, (unsigned)climb->ops->n_params);
    double value, low[VALUE_DIM_MAX], high[VALUE_DIM_MAX];

    if (!opt)
        return false;
    nlopt_set_max_objective(opt, objective, climb);
    for (size_t j = 0; j < climb->ops->n_params; j++) {
        low[j] = climb->middle[j] - VALUE_LOG_P_LIMIT;
        high[j] = climb->middle[j] + VALUE_LOG_P_LIMIT;
    }
    nlopt_set_lower_bounds(opt, low);
    nlopt_set_upper_bounds(opt, high);
    nlopt_set_ftol_rel(opt, CLIMB_TOL);
    nlopt_set_maxeval(opt, EVALUATIONS_MAX);
    /* Its verdict is not asked: at the last bits of log L a line search that cannot rise is called
     * a failure.  The gradient and the Hessian at the best point decide. */
    (void)nlopt_optimize(opt, log_p, &value);
    nlopt_destroy(opt);
    return true;
}

/* To the top from one start; FL_IO where there is no memory. */
static enum fl_status climb_from(struct value_climb *climb, const double *start,
                                 struct fl_error *err)
{
    double log_p[VALUE_DIM_MAX] = {0};

    for (size_t j = 0; j < climb->ops->n_params; j++)
        log_p[j] = value_climb_clamp(climb, j, start[j]);
    climb->best = -INFINITY;
    memcpy(climb->best_log_p, log_p, sizeof log_p);
    if (!run_optimiser(climb, NLOPT_LD_LBFGS, log_p))
        return fl_error_set(err, FL_IO, "no memory for the optimiser");
    return FL_OK;
}

/* ---- starts ----------------------------------------------------------------------------------*/

struct starts {
    int n;
    double log_p[STARTS_MAX][VALUE_DIM_MAX];
};

static void starts_fill(struct starts *starts, struct value_climb *climb,
                        const struct fl_value_fit_options *options)
{
    double first[VALUE_DIM_MAX] = {0};
    struct fl_value_random random;

    fl_value_random_init(&random, options->seed);
    starts->n = options->start ? 1 : options->n_starts;
    if (starts->n < 1)
        starts->n = STARTS_DEFAULT;
    if (starts->n > STARTS_MAX)
        starts->n = STARTS_MAX;
    climb->ops->start(climb->obs, climb->n, first);
    for (size_t j = 0; j < climb->ops->n_params; j++)
        climb->middle[j] = log(first[j]);
    if (options->start)
        memcpy(first, options->start, climb->ops->n_params * sizeof first[0]);
    for (int i = 0; i < starts->n; i++)
        for (size_t j = 0; j < climb->ops->n_params; j++)
            starts->log_p[i][j] = value_climb_clamp(
                climb, j,
                log(first[j]) +
                    (i > 0 ? START_SPREAD * (2 * fl_value_random_uniform(&random) - 1) : 0));
}

/* Climbs from all starts; the best end to out_log_p, how many ended there returned in out_agreed.
 */
static enum fl_status climb_all(struct value_climb *climb, const struct starts *starts,
                                double *out_log_p, int *out_agreed, struct fl_error *err)
{
    double ends[STARTS_MAX], best = -INFINITY;
    int agreed = 0;

    for (int i = 0; i < starts->n; i++) {
        enum fl_status st = climb_from(climb, starts->log_p[i], err);

        if (st)
            return st;
        ends[i] = climb->best;
        if (climb->best > best) {
            best = climb->best;
            memcpy(out_log_p, climb->best_log_p, sizeof climb->best_log_p);
        }
    }
    for (int i = 0; i < starts->n; i++)
        agreed += ends[i] > best - AGREE;
    *out_agreed = agreed;
    return FL_OK;
}

/* ---- the fit ---------------------------------------------------------------------------------*/

static double customers_of(const struct fl_value_obs *obs, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += obs[i].n;
    return sum;
}

/* Every `step`-th row; SAMPLE_ROWS to twice that many. */
static struct fl_value_obs *sample_of(const struct fl_value_obs *obs, size_t n, size_t *out_n)
{
    size_t step = n / SAMPLE_ROWS, kept = (n + step - 1) / step;
    struct fl_value_obs *sample = calloc(kept, sizeof *sample);

    for (size_t i = 0; sample && i < kept; i++)
        sample[i] = obs[i * step];
    if (sample)
        *out_n = kept;
    return sample;
}

/* From the tops of a sample to near the top of all rows. */
static enum fl_status approach_by_sample(struct value_climb *climb, const struct starts *starts,
                                         double *log_p, int *out_agreed, struct fl_error *err)
{
    struct value_climb part = *climb;
    struct fl_value_obs *sample = sample_of(climb->obs, climb->n, &part.n);
    enum fl_status st;
    struct value_top top = {0};

    if (!sample)
        return fl_error_set(err, FL_IO, "no memory for a sample of the rows");
    part.obs = sample;
    part.customers = customers_of(sample, part.n);
    st = climb_all(&part, starts, log_p, out_agreed, err);
    if (!st && value_top_look(&part, log_p, &top) && top.is_maximum)
        value_top_polish(climb, &top, climb->customers / part.customers, log_p);
    climb->evaluations += part.evaluations;
    free(sample);
    return st;
}

static void fill_covariance(struct fl_value_fit *fit, const struct value_top *top, size_t dim)
{
    bool is_flat[VALUE_DIM_MAX] = {false};

    memset(fit->covariance, 0, sizeof fit->covariance);
    for (size_t k = 0; k < dim; k++)
        for (size_t i = 0; i < dim; i++) {
            const double *v = top->direction[k];

            if (top->curvature[k] < VALUE_FLAT) {
                is_flat[i] = is_flat[i] || v[i] * v[i] > SHARE_OF_FLAT;
                continue;
            }
            for (size_t j = 0; j < dim; j++)
                fit->covariance[i][j] += v[i] * v[j] / top->curvature[k];
        }
    for (size_t i = 0; i < dim; i++)
        fit->se[i] = is_flat[i] || top->is_bound[i] ? NAN : fit->p[i] * sqrt(fit->covariance[i][i]);
}

static void fill_state(struct fl_value_fit *fit, const struct value_top *top, bool is_converged,
                       size_t dim)
{
    fit->state = is_converged ? FL_VALUE_FITTED : FL_VALUE_NOT_CONVERGED;
    if (!is_converged) {
        snprintf(fit->why, sizeof fit->why, "no maximum found from %d starts, %d evaluations",
                 fit->starts, fit->iterations);
        return;
    }
    for (size_t j = 0; j < dim; j++)
        if (isnan(fit->se[j])) {
            snprintf(fit->why, sizeof fit->why, "the data hardly tell %s%s",
                     value_table[fit->model]->names[j],
                     top->is_bound[j] ? ", which ended at its limit" : "");
            return;
        }
}

static enum fl_status fit_rows(struct value_climb *climb,
                               const struct fl_value_fit_options *options, struct fl_value_fit *fit,
                               struct fl_error *err)
{
    struct starts starts;
    double log_p[VALUE_DIM_MAX] = {0};
    struct value_top top = {0};
    size_t dim = climb->ops->n_params;
    enum fl_status st;
    bool is_converged;

    starts_fill(&starts, climb, options);
    if (climb->n >= 2 * SAMPLE_ROWS)
        st = approach_by_sample(climb, &starts, log_p, &fit->starts_agreed, err);
    else
        st = climb_all(climb, &starts, log_p, &fit->starts_agreed, err);
    if (st)
        return st;
    is_converged = value_top_finish(climb, log_p, &top);
    if (!is_converged) {
        st = climb_from(climb, log_p, err);
        if (st)
            return st;
        memcpy(log_p, climb->best_log_p, sizeof log_p);
        (void)run_optimiser(climb, NLOPT_LD_SLSQP, log_p);
        memcpy(log_p, climb->best_log_p, sizeof log_p);
        is_converged = value_top_finish(climb, log_p, &top);
        fit->optimiser = "NLopt L-BFGS, SLSQP";
    }
    for (size_t j = 0; j < dim; j++)
        fit->p[j] = exp(log_p[j]);
    fit->log_likelihood = top.log_likelihood;
    fit->starts = starts.n;
    fit->iterations = climb->evaluations;
    fill_covariance(fit, &top, dim);
    fill_state(fit, &top, is_converged, dim);
    return FL_OK;
}

static void fit_init(struct fl_value_fit *fit, enum fl_value_model model,
                     const struct fl_value_obs *obs, size_t n)
{
    *fit = (struct fl_value_fit){.model = model,
                                 .log_likelihood = NAN,
                                 .optimiser = "NLopt L-BFGS",
                                 .customers = customers_of(obs, n),
                                 .rows = n};
    for (size_t j = 0; j < VALUE_DIM_MAX; j++)
        fit->p[j] = fit->se[j] = NAN;
}

enum fl_status value_fit_as_it_is(enum fl_value_model model, const struct fl_value_obs *obs,
                                  size_t n, const struct fl_value_fit_options *options,
                                  struct fl_value_fit *out, struct fl_error *err)
{
    static const struct fl_value_fit_options plain;
    struct value_climb climb = {.obs = obs, .n = n};
    struct fl_value_fit fit;
    enum fl_status st;
    const char *missing;

    options = options ? options : &plain;
    climb.ops = value_table[model];
    for (size_t j = 0; options->start && j < climb.ops->n_params; j++)
        if (!(options->start[j] > 0) || !isfinite(options->start[j]))
            return fl_error_set(err, FL_INVALID, "start %s is %g, expected a number above 0",
                                climb.ops->names[j], options->start[j]);
    fit_init(&fit, model, obs, n);
    missing = n > 0 ? climb.ops->missing(obs, n) : "no customers";
    if (missing) {
        fit.state = FL_VALUE_NOT_ENOUGH;
        snprintf(fit.why, sizeof fit.why, "%s", missing);
        *out = fit;
        return FL_OK;
    }
    climb.customers = fit.customers;
    climb.threads = options->threads;
    if (climb.threads > 1) {
        climb.partial = calloc(n / VALUE_CHUNK_ROWS + 1, sizeof climb.partial[0]);
        if (!climb.partial)
            return fl_error_set(err, FL_IO, "no memory for %d threads", climb.threads);
    }
    st = fit_rows(&climb, options, &fit, err);
    free(climb.partial);
    if (!st)
        *out = fit;
    return st;
}
