/*
 * Logistic regression with an offset, penalised toward given weights, by Newton's method (IRLS).
 * Source: le Cessie & van Houwelingen 1992, the ridge moved from 0 to the weights of before.
 */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

#include "value/commitment_private.h"

enum { K = COMMITMENT_COEFFICIENTS, STEPS_MAX = 50, HALVINGS_MAX = 30 };

/* The decrement of Newton's method, twice what is left to gain in log-likelihood. */
static const double TOLERANCE = 1e-10;

struct problem {
    const struct fl_commitment_sample *samples;
    const double *offsets; /* logit p */
    size_t n;
    int without;
    const double *toward;
    double ridge;
};

static bool is_left_out(const struct problem *problem, size_t i)
{
    return (int)(i % FL_COMMITMENT_FOLDS) == problem->without;
}

static double predictor(const struct problem *problem, size_t i, const double *at)
{
    double eta = problem->offsets[i] + at[FL_SIGNALS];

    for (int j = 0; j < FL_SIGNALS; j++)
        eta += at[j] * problem->samples[i].s[j];
    return eta;
}

static double penalty(const struct problem *problem, const double *at)
{
    double sum = 0;

    for (int j = 0; j < FL_SIGNALS; j++)
        sum += (at[j] - problem->toward[j]) * (at[j] - problem->toward[j]);
    return problem->ridge / 2 * sum;
}

/* What is minimised: -log L + penalty. */
static double loss(const struct problem *problem, const double *at)
{
    double sum = penalty(problem, at);

    for (size_t i = 0; i < problem->n; i++)
        if (!is_left_out(problem, i)) {
            double eta = predictor(problem, i, at);

            /* log(1 + e^x) without overflow */
            eta = problem->samples[i].stayed ? -eta : eta;
            sum += fmax(eta, 0) + log1p(exp(-fabs(eta)));
        }
    return sum;
}

/* Gradient of the loss and the lower triangle of its Hessian. */
static void derive(const struct problem *problem, const double *at, double *gradient,
                   double hessian[K][K])
{
    memset(gradient, 0, K * sizeof *gradient);
    memset(hessian, 0, K * sizeof hessian[0]);
    for (size_t i = 0; i < problem->n; i++) {
        double x[K], mu, weight;

        if (is_left_out(problem, i))
            continue;
        memcpy(x, problem->samples[i].s, FL_SIGNALS * sizeof *x);
        x[FL_SIGNALS] = 1;
        mu = 1 / (1 + exp(-predictor(problem, i, at)));
        weight = mu * (1 - mu);
        for (int j = 0; j < K; j++) {
            gradient[j] += (mu - problem->samples[i].stayed) * x[j];
            for (int k = 0; k <= j; k++)
                hessian[j][k] += weight * x[j] * x[k];
        }
    }
    for (int j = 0; j < FL_SIGNALS; j++) {
        gradient[j] += problem->ridge * (at[j] - problem->toward[j]);
        hessian[j][j] += problem->ridge;
    }
}

/* Solves H step = gradient, leaving the factor in H; the decrement gradient' step, NAN where H has
 * no factor. */
static double solve(double hessian[K][K], const double *gradient, double *step)
{
    gsl_matrix_view matrix = gsl_matrix_view_array(&hessian[0][0], K, K);
    gsl_vector_const_view right = gsl_vector_const_view_array(gradient, K);
    gsl_vector_view left = gsl_vector_view_array(step, K);
    double decrement = 0;

    if (gsl_linalg_cholesky_decomp1(&matrix.matrix) ||
        gsl_linalg_cholesky_solve(&matrix.matrix, &right.vector, &left.vector))
        return NAN;
    for (int j = 0; j < K; j++)
        decrement += gradient[j] * step[j];
    return decrement;
}

/* Of the posterior with the ridge as its prior: the square roots of the diagonal of H^-1. */
static bool take_errors(double factor[K][K], double *se)
{
    gsl_matrix_view matrix = gsl_matrix_view_array(&factor[0][0], K, K);

    if (gsl_linalg_cholesky_invert(&matrix.matrix))
        return false;
    for (int j = 0; j < K; j++)
        se[j] = sqrt(factor[j][j]);
    return true;
}

/* Goes along -step, half of it and so on until the loss falls; false where it never does. */
static bool walk(const struct problem *problem, const double *step, double *at, double *at_loss)
{
    double share = 1;

    for (int i = 0; i < HALVINGS_MAX; i++, share /= 2) {
        double next[K], next_loss;

        for (int j = 0; j < K; j++)
            next[j] = at[j] - share * step[j];
        next_loss = loss(problem, next);
        if (next_loss <= *at_loss) {
            memcpy(at, next, sizeof next);
            *at_loss = next_loss;
            return true;
        }
    }
    return false;
}

bool commitment_fit(const struct fl_commitment_sample *samples, const double *offsets, size_t n,
                    int without, const double *toward, double ridge, struct commitment_fit *fit)
{
    struct problem problem = {samples, offsets, n, without, toward, ridge};
    double at_loss, gradient[K], step[K], hessian[K][K];

    /* A matrix without a factor is an answer, no reason to abort. */
    gsl_set_error_handler_off();
    at_loss = loss(&problem, fit->at);
    for (int i = 0; i < STEPS_MAX; i++) {
        double decrement;

        derive(&problem, fit->at, gradient, hessian);
        decrement = solve(hessian, gradient, step);
        if (!isfinite(decrement))
            return false;
        /* Where no step lowers the loss any more, it is as low as its last digit tells. */
        if (decrement < TOLERANCE || !walk(&problem, step, fit->at, &at_loss))
            return decrement < sqrt(TOLERANCE) && take_errors(hessian, fit->se);
    }
    return false;
}
