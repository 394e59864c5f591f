/* The top that a climb ends on: its gradient, its Hessian, and Newton's last steps to it. */
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <string.h>

#include "value/value_fit_private.h"

enum {
    NEWTON_MAX = 12, /* steps with one Hessian */
    POLISHES_MAX = 4 /* Hessians */
};

static const double AT_LIMIT = 1e-6;
static const double HESSIAN_STEP = 1e-4;                /* truncation 1e-9, rounding 1e-11 */
static const double POLISHED = 1e-16, CONVERGED = 1e-6; /* of the decrement */

double value_climb_evaluate(struct value_climb *climb, const double *log_p, double *out_gradient)
{
    double p[VALUE_DIM_MAX] = {0}, sum;
    size_t dim = climb->ops->n_params;
    bool is_finite;

    for (size_t j = 0; j < dim; j++)
        p[j] = exp(log_p[j]);
    climb->evaluations++;
    sum = value_sum(climb->ops, p, climb->obs, climb->n, climb->threads, climb->partial,
                    out_gradient);
    is_finite = isfinite(sum);
    for (size_t j = 0; is_finite && out_gradient && j < dim; j++)
        is_finite = isfinite(out_gradient[j]);
    return is_finite ? sum : -INFINITY;
}

double value_climb_clamp(const struct value_climb *climb, size_t j, double log_p)
{
    double middle = climb->middle[j];

    return fmin(fmax(log_p, middle - VALUE_LOG_P_LIMIT), middle + VALUE_LOG_P_LIMIT);
}

static void eigen(double hessian[VALUE_DIM_MAX][VALUE_DIM_MAX], size_t dim, struct value_top *top)
{
    double cells[VALUE_DIM_MAX * VALUE_DIM_MAX], vectors[VALUE_DIM_MAX * VALUE_DIM_MAX];
    gsl_matrix_view matrix = gsl_matrix_view_array(cells, dim, dim);
    gsl_matrix_view vector = gsl_matrix_view_array(vectors, dim, dim);
    gsl_vector_view values = gsl_vector_view_array(top->curvature, dim);
    gsl_eigen_symmv_workspace *space = gsl_eigen_symmv_alloc(dim);

    for (size_t i = 0; i < dim; i++)
        for (size_t j = 0; j < dim; j++)
            cells[i * dim + j] = -(hessian[i][j] + hessian[j][i]) / 2;
    gsl_eigen_symmv(&matrix.matrix, &values.vector, &vector.matrix, space);
    gsl_eigen_symmv_free(space);
    for (size_t k = 0; k < dim; k++)
        for (size_t j = 0; j < dim; j++)
            top->direction[k][j] = vectors[j * dim + k];
}

static void mark_bound(const struct value_climb *climb, struct value_top *top, const double *log_p)
{
    for (size_t j = 0; j < climb->ops->n_params; j++) {
        double off = log_p[j] - climb->middle[j];

        top->is_bound[j] = fabs(off) > VALUE_LOG_P_LIMIT - AT_LIMIT &&
                           !(off > 0 ? top->gradient[j] < 0 : top->gradient[j] > 0);
    }
}

static double decrement_of(const struct value_top *top, size_t dim)
{
    double sum = 0;

    for (size_t k = 0; k < dim; k++) {
        double slope = 0;

        for (size_t j = 0; j < dim; j++)
            slope += top->is_bound[j] ? 0 : top->direction[k][j] * top->gradient[j];
        sum += slope * slope / fmax(top->curvature[k], VALUE_FLAT);
    }
    return sum;
}

bool value_top_look(struct value_climb *climb, const double *log_p, struct value_top *out)
{
    size_t dim = climb->ops->n_params;
    double hessian[VALUE_DIM_MAX][VALUE_DIM_MAX] = {{0}};

    out->log_likelihood = value_climb_evaluate(climb, log_p, out->gradient);
    if (!isfinite(out->log_likelihood))
        return false;
    mark_bound(climb, out, log_p);
    for (size_t i = 0; i < dim; i++) {
        double at[VALUE_DIM_MAX], high[VALUE_DIM_MAX], low[VALUE_DIM_MAX];

        memcpy(at, log_p, dim * sizeof at[0]);
        at[i] = log_p[i] + HESSIAN_STEP;
        if (!isfinite(value_climb_evaluate(climb, at, high)))
            return false;
        at[i] = log_p[i] - HESSIAN_STEP;
        if (!isfinite(value_climb_evaluate(climb, at, low)))
            return false;
        for (size_t j = 0; j < dim; j++)
            if (!out->is_bound[i] && !out->is_bound[j])
                hessian[i][j] = (high[j] - low[j]) / (2 * HESSIAN_STEP);
    }
    eigen(hessian, dim, out);
    out->is_maximum = true;
    for (size_t k = 0; k < dim; k++)
        if (out->curvature[k] < -VALUE_FLAT)
            out->is_maximum = false;
    out->decrement = decrement_of(out, dim);
    return true;
}

/* Newton's step with the curvature of `top`, times `scale`; nothing along flat directions. */
static void newton_step(const struct value_top *top, const double *gradient, double scale,
                        size_t dim, double *step)
{
    memset(step, 0, dim * sizeof step[0]);
    for (size_t k = 0; k < dim; k++) {
        double slope = 0;

        if (top->curvature[k] < VALUE_FLAT)
            continue;
        for (size_t j = 0; j < dim; j++)
            slope += top->is_bound[j] ? 0 : top->direction[k][j] * gradient[j];
        for (size_t j = 0; j < dim; j++)
            step[j] += top->direction[k][j] * slope / (top->curvature[k] * scale);
    }
}

static double step_size(const double *gradient, const double *step, size_t dim)
{
    double sum = 0;

    for (size_t j = 0; j < dim; j++)
        sum += gradient[j] * step[j];
    return sum;
}

void value_top_polish(struct value_climb *climb, const struct value_top *top, double scale,
                      double *log_p)
{
    size_t dim = climb->ops->n_params;
    double gradient[VALUE_DIM_MAX], step[VALUE_DIM_MAX], left;
    double here = value_climb_evaluate(climb, log_p, gradient);

    for (int i = 0; i < NEWTON_MAX && isfinite(here); i++) {
        double next[VALUE_DIM_MAX] = {0}, gradient_next[VALUE_DIM_MAX], step_next[VALUE_DIM_MAX],
               there;

        newton_step(top, gradient, scale, dim, step);
        left = step_size(gradient, step, dim);
        if (!(left > POLISHED))
            return;
        for (size_t j = 0; j < dim; j++)
            next[j] = value_climb_clamp(climb, j, log_p[j] + step[j]);
        there = value_climb_evaluate(climb, next, gradient_next);
        if (!isfinite(there))
            return;
        newton_step(top, gradient_next, scale, dim, step_next);
        /* Near the top log L has no more digits to tell by; the gradient has. */
        if (step_size(gradient_next, step_next, dim) > left / 2)
            return;
        memcpy(log_p, next, dim * sizeof next[0]);
        memcpy(gradient, gradient_next, sizeof gradient);
    }
}

bool value_top_finish(struct value_climb *climb, double *log_p, struct value_top *top)
{
    for (int i = 0; i < POLISHES_MAX; i++) {
        if (!value_top_look(climb, log_p, top))
            return false;
        if (top->decrement < POLISHED || !top->is_maximum)
            break;
        value_top_polish(climb, top, 1, log_p);
    }
    return top->is_maximum && top->decrement < CONVERGED;
}
