/* Inside the fit: rows under climb, and the shape of the likelihood where a climb ended. */
#ifndef FL_VALUE_FIT_PRIVATE_H
#define FL_VALUE_FIT_PRIVATE_H

#include "value/value_private.h"

enum { VALUE_DIM_MAX = FL_VALUE_PARAMS_MAX };

/* How far log p may be from its middle: a factor of 1.2e6 either way. */
#define VALUE_LOG_P_LIMIT 14.0
/* Curvature of log L in log p below which p is known to a factor of e^10 at best: not at all. */
#define VALUE_FLAT 0.01

struct value_climb {
    const struct value_ops *ops;
    const struct fl_value_obs *obs;
    size_t n;
    int threads;
    struct value_partial *partial;
    double customers;             /* in obs */
    double middle[VALUE_DIM_MAX]; /* of the bounds */
    int evaluations;
    double best, best_log_p[VALUE_DIM_MAX];
};

/* Log L of the rows at log p; NAN and the like are -INFINITY. */
double value_climb_evaluate(struct value_climb *climb, const double *log_p, double *out_gradient);
/* log p_j drawn in to its bounds. */
double value_climb_clamp(const struct value_climb *climb, size_t j, double log_p);

struct value_top {
    double log_likelihood, gradient[VALUE_DIM_MAX];
    bool is_bound[VALUE_DIM_MAX];    /* held by the limit: the gradient points out of it */
    double curvature[VALUE_DIM_MAX]; /* eigenvalues of -Hessian */
    double direction[VALUE_DIM_MAX][VALUE_DIM_MAX]; /* [k]: the k-th eigenvector */
    double decrement; /* g' H^-1 g: twice what is left to gain in log L */
    bool is_maximum;  /* log L falls, or is level, on both sides of every direction */
};

/* Gradient, and Hessian by central differences of the gradient; false where they are not finite. */
bool value_top_look(struct value_climb *climb, const double *log_p, struct value_top *out);
/* Newton's steps with one Hessian, `scale` times as curved as `top` says, until nothing is gained;
 * moves log_p. */
void value_top_polish(struct value_climb *climb, const struct value_top *top, double scale,
                      double *log_p);
/* Newton's method to the end; false where it does not get to a maximum. */
bool value_top_finish(struct value_climb *climb, double *log_p, struct value_top *out);

#endif
