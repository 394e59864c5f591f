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

/* What is minimised, -log L + penalty, at a place, with its gradient and the lower triangle of its
 * Hessian. */
struct place {
    double at[K];
    double loss;
    double gradient[K];
    double hessian[K][K];
};

static void add_sample(const struct problem *problem, size_t i, struct place *place)
{
    const struct fl_commitment_sample *sample = &problem->samples[i];
    double eta = predictor(problem, i, place->at), tail = exp(-fabs(eta));
    double mu = (eta > 0 ? 1 : tail) / (1 + tail), weight = mu * (1 - mu), x[K];

    /* log(1 + e^x) without overflow */
    place->loss += fmax(sample->stayed ? -eta : eta, 0) + log1p(tail);
    memcpy(x, sample->s, FL_SIGNALS * sizeof *x);
    x[FL_SIGNALS] = 1;
    for (int j = 0; j < K; j++) {
        place->gradient[j] += (mu - sample->stayed) * x[j];
        for (int k = 0; k <= j; k++)
            place->hessian[j][k] += weight * x[j] * x[k];
    }
}

static void look(const struct problem *problem, struct place *place)
{
    place->loss = penalty(problem, place->at);
    memset(place->gradient, 0, sizeof place->gradient);
    memset(place->hessian, 0, sizeof place->hessian);
    for (int j = 0; j < FL_SIGNALS; j++) {
        place->gradient[j] = problem->ridge * (place->at[j] - problem->toward[j]);
        place->hessian[j][j] = problem->ridge;
    }
    for (size_t i = 0; i < problem->n; i++)
        if (!is_left_out(problem, i))
            add_sample(problem, i, place);
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
static bool walk(const struct problem *problem, const double *step, struct place *place)
{
    double share = 1;

    for (int i = 0; i < HALVINGS_MAX; i++, share /= 2) {
        struct place next;

        for (int j = 0; j < K; j++)
            next.at[j] = place->at[j] - share * step[j];
        look(problem, &next);
        if (next.loss <= place->loss) {
            *place = next;
            return true;
        }
    }
    return false;
}

bool commitment_fit(const struct fl_commitment_sample *samples, const double *offsets, size_t n,
                    int without, const double *toward, double ridge, struct commitment_fit *fit)
{
    struct problem problem = {samples, offsets, n, without, toward, ridge};
    struct place place;
    double step[K], factor[K][K];

    /* A matrix without a factor is an answer, no reason to abort. */
    gsl_set_error_handler_off();
    memcpy(place.at, fit->at, sizeof place.at);
    look(&problem, &place);
    for (int i = 0; i < STEPS_MAX; i++) {
        double decrement;

        memcpy(factor, place.hessian, sizeof factor);
        decrement = solve(factor, place.gradient, step);
        if (!isfinite(decrement))
            return false;
        /* Where no step lowers the loss any more, it is as low as its last digit tells. */
        if (decrement < TOLERANCE || !walk(&problem, step, &place)) {
            memcpy(fit->at, place.at, sizeof fit->at);
            return decrement < sqrt(TOLERANCE) && take_errors(factor, fit->se);
        }
    }
    return false;
}
