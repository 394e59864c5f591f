/* Discounted purchases to come.
 *
 * With Y(k) the expected purchases in k periods and m_k = delta_k - delta_(k+1), m_H = delta_H,
 * summation by parts turns sum delta_k (Y(k) - Y(k - 1)) into sum m_k Y(k).  Y is smooth in log t
 * (its nearest singularity, t = -(alpha + T), lies at a distance of pi from the real axis there),
 * so that the polynomial through Chebyshev points of log t stands for it, and the m_k of all
 * periods are gathered on the nodes.  The nodes are rounded to whole periods: the discrete models
 * know no others. */
#include <math.h>
#include <string.h>

#include "value/value_private.h"

enum {
    NODES_WHOLE = 20, /* up to so many periods, each is a node */
    NODES_SPREAD = 24 /* points of log t before those that round alike are merged */
};

static double discount(const struct fl_value_horizon *horizon, int k)
{
    return exp(-log1p(horizon->yearly_rate) * k * horizon->period_days / 365);
}

/* What Y(k) counts in the sum. */
static double part_of(const struct fl_value_horizon *horizon, int k)
{
    double here = discount(horizon, k);

    return k < horizon->periods ? here - discount(horizon, k + 1) : here;
}

static void place_nodes(struct fl_value_residual *residual, int periods)
{
    double half = log(periods) / 2;

    residual->n = 0;
    if (periods <= NODES_WHOLE) {
        for (int k = 1; k <= periods; k++)
            residual->t[residual->n++] = k;
        return;
    }
    for (int j = 0; j < NODES_SPREAD; j++) {
        double t = round(exp(half * (1 - cos(M_PI * j / (NODES_SPREAD - 1)))));

        if (residual->n == 0 || t > residual->t[residual->n - 1])
            residual->t[residual->n++] = t;
    }
}

/* Barycentric weights (Berrut & Trefethen 2004), scaled by the capacity of the interval. */
static void barycentric(const double *s, size_t n, double *weight)
{
    double capacity = (s[n - 1] - s[0]) / 4;

    for (size_t j = 0; j < n; j++) {
        weight[j] = 1;
        for (size_t i = 0; i < n; i++)
            if (i != j)
                weight[j] *= capacity / (s[j] - s[i]);
    }
}

/* Shares `part`, which belongs to a point s between nodes, out among them. */
static void share_out(struct fl_value_residual *residual, const double *node, const double *weight,
                      double s, double part)
{
    double share[FL_VALUE_NODES_MAX], sum = 0;

    for (size_t j = 0; j < residual->n; j++) {
        share[j] = weight[j] / (s - node[j]);
        sum += share[j];
    }
    for (size_t j = 0; j < residual->n; j++)
        residual->weight[j] += part * share[j] / sum;
}

static void weigh_nodes(struct fl_value_residual *residual)
{
    double node[FL_VALUE_NODES_MAX], weight[FL_VALUE_NODES_MAX];
    size_t next = 0;

    for (size_t j = 0; j < residual->n; j++)
        node[j] = log(residual->t[j]);
    if (residual->n > 1)
        barycentric(node, residual->n, weight);
    memset(residual->weight, 0, sizeof residual->weight);
    for (int k = 1; k <= residual->horizon.periods; k++) {
        double part = part_of(&residual->horizon, k);

        if (k == (int)residual->t[next])
            residual->weight[next++] += part;
        else
            share_out(residual, node, weight, log(k), part);
    }
}

enum fl_status fl_value_residual_init(struct fl_value_residual *residual,
                                      const struct fl_value_horizon *horizon, struct fl_error *err)
{
    struct fl_value_residual made = {.horizon = *horizon};

    if (horizon->periods < 1 || horizon->periods > FL_VALUE_HORIZON_MAX)
        return fl_error_set(err, FL_INVALID, "a horizon of %d periods, expected 1 to %d",
                            horizon->periods, FL_VALUE_HORIZON_MAX);
    if (!(horizon->yearly_rate >= 0) || !isfinite(horizon->yearly_rate))
        return fl_error_set(err, FL_INVALID, "a yearly discount rate of %g, expected 0 or more",
                            horizon->yearly_rate);
    if (!(horizon->period_days > 0) || !isfinite(horizon->period_days))
        return fl_error_set(err, FL_INVALID, "a period of %g days, expected more than 0",
                            horizon->period_days);
    place_nodes(&made, horizon->periods);
    weigh_nodes(&made);
    *residual = made;
    return FL_OK;
}

/* Subscriptions need no nodes: what is expected in period k is S(T + k) / S(T) itself. */
static bool is_contract(enum fl_value_model model)
{
    return model == FL_VALUE_SBG || model == FL_VALUE_BDW;
}

static double renewals(const struct fl_value_horizon *horizon, enum fl_value_model model,
                       const double *p, const struct fl_value_obs *obs)
{
    const struct fl_value_obs there = {.T = obs->T, .n = 1};
    double sum = 0;

    for (int k = 1; k <= horizon->periods; k++)
        sum += discount(horizon, k) * fl_value_p_active(model, p, &there, k);
    return sum;
}

double fl_value_residual_of(const struct fl_value_residual *residual, enum fl_value_model model,
                            const double *p, const struct fl_value_obs *obs)
{
    double sum = 0;

    if (is_contract(model))
        return renewals(&residual->horizon, model, p, obs);
    for (size_t j = 0; j < residual->n; j++)
        sum += residual->weight[j] * fl_value_conditional(model, p, obs, residual->t[j], true);
    return sum;
}

double fl_value_residual_plain(const struct fl_value_horizon *horizon, enum fl_value_model model,
                               const double *p, const struct fl_value_obs *obs)
{
    double sum = 0, before = 0;

    if (is_contract(model))
        return renewals(horizon, model, p, obs);
    for (int k = 1; k <= horizon->periods; k++) {
        double until = fl_value_conditional(model, p, obs, k, true);

        sum += discount(horizon, k) * (until - before);
        before = until;
    }
    return sum;
}
