#include "value/value_contract.h"

#include <math.h>

enum { GAMMA, DELTA, C, CONTRACT_PARAMS };

/* Fewer tell nothing that a plan could rest on. */
enum { CONTRACTS_MIN = 10, LEFT_MIN = 3 };

static double warped(const struct value_contract *m, double t)
{
    return t > 0 ? pow(t, m->c) : 0;
}

/* log B(gamma, delta + u) / B(gamma, delta) as a difference of two rises by gamma: accurate also
 * where gamma is small and the rises are. */
double value_contract_log_survival(const struct value_contract *m, double t)
{
    return value_log_rising(m->delta, m->gamma) -
           value_log_rising(m->delta + warped(m, t), m->gamma);
}

/* d log S(t) / d log p. */
static void survival_gradient(const struct value_contract *m, double t, double out[CONTRACT_PARAMS])
{
    double u = warped(m, t);
    double slope = -value_digamma_rising(m->delta + u, m->gamma); /* in u */

    out[GAMMA] = -m->gamma * value_digamma_rising(m->gamma + m->delta, u);
    out[DELTA] = m->delta * (value_digamma_rising(m->delta, m->gamma) + slope);
    out[C] = t > 0 ? slope * u * m->c * log(t) : 0;
}

/* log(S(t - 1) - S(t)), and its gradient unless NULL. */
static double log_left(const struct value_contract *m, double t, double *gradient)
{
    double log_before = value_contract_log_survival(m, t - 1);
    double step = value_contract_log_survival(m, t) - log_before; /* < 0 */

    if (!(step < 0))
        return -INFINITY;
    if (gradient) {
        double before[CONTRACT_PARAMS], weight = -1 / expm1(step);

        survival_gradient(m, t - 1, before);
        survival_gradient(m, t, gradient);
        for (int j = 0; j < CONTRACT_PARAMS; j++)
            gradient[j] += weight * (before[j] - gradient[j]);
    }
    return log_before + value_log1mexp(step);
}

double value_contract_log_likelihood(const struct value_contract *m, const struct fl_value_obs *obs,
                                     size_t n, double out_gradient[3])
{
    double sum = 0, total[CONTRACT_PARAMS] = {0};

    for (size_t i = 0; i < n; i++) {
        double one[CONTRACT_PARAMS], *gradient = out_gradient ? one : NULL;

        if (obs[i].x > 0)
            sum += obs[i].n * log_left(m, obs[i].T, gradient);
        else {
            sum += obs[i].n * value_contract_log_survival(m, obs[i].T);
            if (gradient)
                survival_gradient(m, obs[i].T, gradient);
        }
        if (!isfinite(sum))
            return -INFINITY;
        for (int j = 0; gradient && j < CONTRACT_PARAMS; j++)
            total[j] += obs[i].n * gradient[j];
    }
    for (int j = 0; out_gradient && j < CONTRACT_PARAMS; j++)
        out_gradient[j] = total[j];
    return sum;
}

double value_contract_renewals(const struct value_contract *m, double from, double t)
{
    double base = value_contract_log_survival(m, from), sum = 0, whole = floor(t);

    for (double k = 1; k <= whole; k++)
        sum += exp(value_contract_log_survival(m, from + k) - base);
    if (t > whole)
        sum += (t - whole) * exp(value_contract_log_survival(m, from + whole + 1) - base);
    return sum;
}

bool value_contract_is_valid(const struct fl_value_obs *obs)
{
    bool is_flag = obs->x >= 0 && obs->x <= 1 && floor(obs->x) >= obs->x;

    return is_flag && obs->T >= 1 && obs->T <= FL_VALUE_X_MAX && floor(obs->T) >= obs->T;
}

const char *value_contract_missing(const struct fl_value_obs *obs, size_t n, double periods)
{
    double customers = 0, left = 0, longest = 0;

    for (size_t i = 0; i < n; i++) {
        customers += obs[i].n;
        left += obs[i].x > 0 ? obs[i].n : 0;
        longest = fmax(longest, obs[i].T);
    }
    if (customers < CONTRACTS_MIN)
        return "fewer than 10 subscriptions";
    if (left < LEFT_MIN)
        return "fewer than 3 subscriptions have ended";
    if (longest < periods)
        return periods > 2 ? "no subscription was seen for three periods"
                           : "no subscription was seen for two periods";
    return NULL;
}

/* 1 - r(t) = gamma / (gamma + delta + t - 1), t = 1 and 2: Fader & Hardie 2007, appendix B. */
void value_contract_start(const struct fl_value_obs *obs, size_t n, double *p)
{
    double at_risk[2] = {0}, left[2] = {0}, first, second, sum = 3;

    for (size_t i = 0; i < n; i++)
        for (int t = 0; t < 2 && t < obs[i].T; t++) {
            at_risk[t] += obs[i].n;
            left[t] += obs[i].x > 0 && obs[i].T <= t + 1 ? obs[i].n : 0;
        }
    first = fmin(fmax(left[0] / at_risk[0], 0.01), 0.99);
    second = at_risk[1] > 0 ? left[1] / at_risk[1] : 0;
    if (second > 0 && second < first)
        sum = fmin(second / (first - second), 100);
    p[GAMMA] = first * sum;
    p[DELTA] = (1 - first) * sum;
}

double value_contract_p_alive(const double *p, const struct fl_value_obs *obs)
{
    (void)p;
    return obs->x > 0 ? 0 : 1;
}
