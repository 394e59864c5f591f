/* Weights of survey items from stated value for money: ordinary least squares.  On the items'
 * correlations, 5 x 5, so that nothing grows with the rows and a singular design shows. */
#include <gsl/gsl_linalg.h>
#include <math.h>

#include "value/customer_value.h"

/* Eigenvalues of a correlation matrix sum to its size; below this the items say the same thing. */
static const double SINGULAR = 1e-8;
/* Variance, of numbers on [-1/2, 1/2], below which all said the same. */
static const double CONSTANT = 1e-12;

struct design {
    double mean[FL_ASPECTS], mean_y;
    double cross[FL_ASPECTS][FL_ASPECTS]; /* centred sums of products */
    double with_y[FL_ASPECTS], total;
};

static void design_init(struct design *design, const struct fl_aspect_row *rows, size_t n)
{
    *design = (struct design){0};
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < FL_ASPECTS; k++)
            design->mean[k] += rows[i].score[k] / (double)n;
        design->mean_y += rows[i].value_for_money / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double y = rows[i].value_for_money - design->mean_y;

        for (int k = 0; k < FL_ASPECTS; k++) {
            double a = rows[i].score[k] - design->mean[k];

            for (int j = 0; j < FL_ASPECTS; j++)
                design->cross[k][j] += a * (rows[i].score[j] - design->mean[j]);
            design->with_y[k] += a * y;
        }
        design->total += y * y;
    }
}

/* Inverse of the cross products; false where items are constant or say the same. */
static bool invert(const struct design *design, size_t n, double out[FL_ASPECTS][FL_ASPECTS])
{
    double u[FL_ASPECTS * FL_ASPECTS], v[FL_ASPECTS * FL_ASPECTS], s[FL_ASPECTS];
    gsl_matrix_view of_u = gsl_matrix_view_array(u, FL_ASPECTS, FL_ASPECTS);
    gsl_matrix_view of_v = gsl_matrix_view_array(v, FL_ASPECTS, FL_ASPECTS);
    gsl_vector_view of_s = gsl_vector_view_array(s, FL_ASPECTS);

    for (int k = 0; k < FL_ASPECTS; k++) {
        if (!(design->cross[k][k] > CONSTANT * (double)n))
            return false;
        for (int j = 0; j < FL_ASPECTS; j++)
            u[k * FL_ASPECTS + j] =
                design->cross[k][j] / sqrt(design->cross[k][k]) / sqrt(design->cross[j][j]);
    }
    if (gsl_linalg_SV_decomp_jacobi(&of_u.matrix, &of_v.matrix, &of_s.vector) ||
        !(s[FL_ASPECTS - 1] > SINGULAR))
        return false;
    for (int k = 0; k < FL_ASPECTS; k++) {
        for (int j = 0; j < FL_ASPECTS; j++) {
            double sum = 0;

            for (int i = 0; i < FL_ASPECTS; i++)
                sum += v[k * FL_ASPECTS + i] * u[j * FL_ASPECTS + i] / s[i];
            out[k][j] = sum / sqrt(design->cross[k][k]) / sqrt(design->cross[j][j]);
        }
    }
    return true;
}

bool fl_aspect_weights_derive(const struct fl_aspect_row *rows, size_t n, const double *configured,
                              struct fl_aspect_weights *out)
{
    struct fl_aspect_weights weights = {.n = n};
    double inverse[FL_ASPECTS][FL_ASPECTS];
    double wanted = 0, positive = 0, explained = 0;
    struct design design;

    if (n < FL_ASPECT_ROWS_MIN)
        return false;
    design_init(&design, rows, n);
    if (!(design.total > CONSTANT * (double)n) || !invert(&design, n, inverse))
        return false;
    for (int k = 0; k < FL_ASPECTS; k++) {
        for (int j = 0; j < FL_ASPECTS; j++)
            weights.coefficient[k] += inverse[k][j] * design.with_y[j];
        explained += weights.coefficient[k] * design.with_y[k];
        wanted += configured[k];
        positive += fmax(weights.coefficient[k], 0);
    }
    if (!(positive > 0))
        return false;
    weights.r2 = fmin(fmax(explained / design.total, 0), 1);
    for (int k = 0; k < FL_ASPECTS; k++) {
        double residual = (1 - weights.r2) * design.total / (double)(n - FL_ASPECTS - 1);

        weights.se[k] = sqrt(fmax(residual * inverse[k][k], 0));
        weights.weight[k] = fmax(weights.coefficient[k], 0) / positive * wanted;
    }
    *out = weights;
    return true;
}
