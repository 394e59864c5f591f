#include <math.h>

#include "value/value_private.h"

/* Gauss-Legendre with 12 nodes, the positive half (Abramowitz & Stegun 1964, table 25.4).  Within
 * a panel the logarithm of the integrand changes by at most PANEL_FALL, and the panel is no longer
 * than PANEL_WIDTH (the integrand's singularities lie pi off the real axis): then the error of the
 * rule is near 1e-14 of the panel. */
enum { HALF_NODES = 6, PANELS_MAX = 2000, BISECTIONS = 60 };
#define PANEL_FALL       8.0
#define PANEL_WIDTH      3.0
#define PANEL_NEGLIGIBLE 1e-17

static const double nodes[HALF_NODES] = {0.12523340851146894, 0.36783149899818018,
                                         0.58731795428661748, 0.76990267419430469,
                                         0.90411725637047480, 0.98156063424671924};
static const double weights[HALF_NODES] = {0.24914704581340288, 0.23349253653835478,
                                           0.20316742672306584, 0.16007832854334636,
                                           0.10693932599531855, 0.04717533638651184};

/* Sums over the panels so far, each times e^-peak. */
struct sums {
    double whole, log_a, log_b, inverse_a, inverse_b;
};

struct sweep {
    const struct value_integrand *f;
    double peak; /* largest logarithm of the integrand */
    struct sums sums;
};

/* Falls with v: the integrand is log-concave. */
static double slope(const struct value_integrand *f, double v)
{
    double y = f->ref * exp(v);

    return f->p - f->q * (y / (f->a + y)) - f->w * (y / (f->b + y));
}

static double log_ratio(double shift, double ref, double y, double v)
{
    return shift > 0 ? log((shift + y) / (shift + ref)) : v;
}

static double log_at(const struct value_integrand *f, double v)
{
    double y = f->ref * exp(v);

    return f->p * v - f->q * log_ratio(f->a, f->ref, y, v) - f->w * log_ratio(f->b, f->ref, y, v);
}

static void add_node(struct sweep *sweep, double v, double weight)
{
    const struct value_integrand *f = sweep->f;
    double y = f->ref * exp(v);
    double log_a = log_ratio(f->a, f->ref, y, v), log_b = log_ratio(f->b, f->ref, y, v);
    double g = weight * exp(f->p * v - f->q * log_a - f->w * log_b - sweep->peak);

    sweep->sums.whole += g;
    sweep->sums.log_a += g * log_a;
    sweep->sums.log_b += g * log_b;
    sweep->sums.inverse_a += g / (f->a + y);
    sweep->sums.inverse_b += g / (f->b + y);
}

static void add_panel(struct sweep *sweep, double from, double to)
{
    double middle = (from + to) / 2, half = fabs(to - from) / 2;

    for (int i = 0; i < HALF_NODES; i++) {
        add_node(sweep, middle - half * nodes[i], half * weights[i]);
        add_node(sweep, middle + half * nodes[i], half * weights[i]);
    }
}

/* Length of the next panel from v towards the side of `sign`. */
static double panel_length(const struct value_integrand *f, double v, double sign, double left)
{
    double length = fmin(left, PANEL_WIDTH), here = fabs(slope(f, v));

    if (here * length > PANEL_FALL)
        length = PANEL_FALL / here;
    while (length * fabs(slope(f, v + sign * length)) > PANEL_FALL)
        length /= 2;
    return length;
}

/* From the mode outwards, until the border or until nothing comes any more. */
static void sweep_side(struct sweep *sweep, double from, double border)
{
    double sign = border > from ? 1 : -1, v = from;

    for (int i = 0; i < PANELS_MAX && sign * (border - v) > 0; i++) {
        double before = sweep->sums.whole, left = sign * (border - v);
        double length = panel_length(sweep->f, v, sign, left);
        double next = length < left ? v + sign * length : border;

        add_panel(sweep, v, next);
        if (sweep->sums.whole - before <= PANEL_NEGLIGIBLE * before)
            return;
        v = next;
    }
}

static double mode_of(const struct value_integrand *f, double lo, double hi)
{
    double step = 1;

    if (slope(f, hi) >= 0)
        return hi;
    if (isinf(lo))
        for (lo = hi - step; slope(f, lo) < 0; lo = hi - step)
            step *= 2;
    else if (slope(f, lo) <= 0)
        return lo;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = (lo + hi) / 2;

        if (slope(f, middle) > 0)
            lo = middle;
        else
            hi = middle;
    }
    return lo;
}

void value_integrate(const struct value_integrand *f, double lo, double hi,
                     struct value_integral *out)
{
    double mode = mode_of(f, lo, hi);
    struct sweep sweep = {.f = f, .peak = log_at(f, mode)};
    const struct sums *sums = &sweep.sums;

    sweep_side(&sweep, mode, hi);
    sweep_side(&sweep, mode, lo);
    *out = (struct value_integral){.log_sum = -INFINITY};
    if (!(sums->whole > 0))
        return;
    out->log_sum = sweep.peak + log(sums->whole);
    out->log_a = sums->log_a / sums->whole;
    out->log_b = sums->log_b / sums->whole;
    out->inverse_a = sums->inverse_a / sums->whole;
    out->inverse_b = sums->inverse_b / sums->whole;
}
