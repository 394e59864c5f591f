#include <math.h>

#include "value/value_private.h"

/* Gauss-Legendre with 12 nodes, the positive half (Abramowitz & Stegun 1964, table 25.4).  Within
 * a panel the logarithm of the integrand changes by at most PANEL_FALL, and the panel is no longer
 * than PANEL_WIDTH (the integrand's singularities lie pi off the real axis): then the error of the
 * rule is near 1e-14 of the panel.  So it is with 6 nodes for an integral of one gentle panel, as
 * of most customers. */
enum { HALF_NODES = 6, HALF_NODES_GENTLE = 3, PANELS_MAX = 2000, BISECTIONS = 60 };
#define PANEL_FALL       8.0
#define PANEL_WIDTH      3.0
#define GENTLE_FALL      1.5
#define GENTLE_WIDTH     1.0
#define PANEL_NEGLIGIBLE 1e-17

struct rule {
    int half;
    double nodes[HALF_NODES], weights[HALF_NODES];
};

static const struct rule fine = {HALF_NODES,
                                 {0.12523340851146894, 0.36783149899818020, 0.58731795428661750,
                                  0.76990267419430470, 0.90411725637047480, 0.98156063424671920},
                                 {0.24914704581340288, 0.23349253653835478, 0.20316742672306584,
                                  0.16007832854334636, 0.10693932599531855, 0.04717533638651184}};
static const struct rule gentle = {HALF_NODES_GENTLE,
                                   {0.23861918608319690, 0.66120938646626451, 0.93246951420315203},
                                   {0.46791393457269104, 0.36076157304813861, 0.17132449237917036}};

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

static void add_panel(struct sweep *sweep, const struct rule *rule, double from, double to)
{
    double middle = (from + to) / 2, half = fabs(to - from) / 2;

    for (int i = 0; i < rule->half; i++) {
        add_node(sweep, middle - half * rule->nodes[i], half * rule->weights[i]);
        add_node(sweep, middle + half * rule->nodes[i], half * rule->weights[i]);
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

        add_panel(sweep, &fine, v, next);
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

static bool is_gentle(const struct value_integrand *f, double lo, double hi)
{
    /* the slope falls from one end to the other */
    return hi - lo <= GENTLE_WIDTH && fabs(slope(f, hi)) * (hi - lo) <= GENTLE_FALL &&
           fabs(slope(f, lo)) * (hi - lo) <= GENTLE_FALL;
}

void value_integrate(const struct value_integrand *f, double lo, double hi,
                     struct value_integral *out)
{
    struct sweep sweep = {.f = f};
    const struct sums *sums = &sweep.sums;

    if (is_gentle(f, lo, hi))
        add_panel(&sweep, &gentle, lo, hi);
    else {
        double mode = mode_of(f, lo, hi);

        sweep.peak = log_at(f, mode);
        sweep_side(&sweep, mode, hi);
        sweep_side(&sweep, mode, lo);
    }
    *out = (struct value_integral){.log_sum = -INFINITY};
    if (!(sums->whole > 0))
        return;
    out->log_sum = sweep.peak + log(sums->whole);
    out->log_a = sums->log_a / sums->whole;
    out->log_b = sums->log_b / sums->whole;
    out->inverse_a = sums->inverse_a / sums->whole;
    out->inverse_b = sums->inverse_b / sums->whole;
}
