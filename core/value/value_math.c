/* Special functions in log space. */
#include <gsl/gsl_sf_psi.h>
#include <math.h>

#include "value/value_private.h"

enum {
    PRODUCT_MAX = 16,          /* factors multiplied out: cheaper and exacter than two lgamma */
    SERIES_MAX = 1000,         /* terms of a series; beyond, the integral is cheaper */
    SERIES_LONG_MAX = 1 << 24, /* where there is no integral */
    STEPS_MAX = 14             /* halvings of the step of the integral: peaks down to 1e-4 wide */
};

static const double STIRLING_FROM = 10;   /* below, lgamma itself loses nothing */
static const double PRODUCT_BELOW = 1e15; /* to the 16th is 1e240, which is no overflow */
static const double FAR = 1000;           /* the next term, a^-4 / 30, is below 1e-13 */
static const double TAIL_LOG = 37;        /* e^-37 is below the last bit of 1 */
static const double EPSILON = 1e-17;      /* a rest below this part of its sum is lost in it */
static const double SCALE_FROM = 1e200;   /* far enough below overflow for one more term */
static const double HALVES_AGREE = 1e-7;

static double log_gamma(double x)
{
    int sign; /* lgamma() would write a global */

    return lgamma_r(x, &sign);
}

/* log Gamma(x) less its leading terms, Abramowitz & Stegun 6.1.41; for x >= STIRLING_FROM. */
static double stirling_rest(double x)
{
    double w = 1 / (x * x);

    return (1.0 / 12 -
            w * (1.0 / 360 -
                 w * (1.0 / 1260 - w * (1.0 / 1680 - w * (1.0 / 1188 - w * 691.0 / 360360))))) /
           x;
}

static bool is_small_count(double k)
{
    return k <= PRODUCT_MAX && !(k > floor(k));
}

double value_log_rising(double a, double k)
{
    if (is_small_count(k) && a < PRODUCT_BELOW) {
        double product = 1;

        for (int i = 0; i < (int)k; i++)
            product *= a + i;
        return log(product);
    }
    if (a < STIRLING_FROM)
        return log_gamma(a + k) - log_gamma(a);
    return (a - 0.5) * log1p(k / a) + k * (log(a + k) - 1) + stirling_rest(a + k) -
           stirling_rest(a);
}

double value_log_beta(double a, double b)
{
    double small = a < b ? a : b, large = a < b ? b : a;

    return log_gamma(small) - value_log_rising(large, small);
}

double value_digamma(double x)
{
    gsl_sf_result result;

    return gsl_sf_psi_e(x, &result) ? NAN : result.val;
}

/* Abramowitz & Stegun 6.3.18, the difference taken term by term. */
static double digamma_rising_far(double a, double k)
{
    double end = a + k;

    return log1p(k / a) + k / (2 * a * end) * (1 + (a + end) / (6 * a * end));
}

double value_digamma_rising(double a, double k)
{
    double sum = 0;

    if (a > FAR)
        return digamma_rising_far(a, k);
    if (!is_small_count(k))
        return value_digamma(a + k) - value_digamma(a);
    for (int i = 0; i < (int)k; i++)
        sum += 1 / (a + i);
    return sum;
}

double value_log1mexp(double x)
{
    return x > -M_LN2 ? log(-expm1(x)) : log1p(-exp(x));
}

double value_log_sum(double a, double b)
{
    double high = a > b ? a : b, low = a > b ? b : a;

    return low > -INFINITY ? high + log1p(exp(low - high)) : high;
}

double value_log_difference(double a, double b)
{
    return b > -INFINITY ? a + value_log1mexp(b - a) : a;
}

/* ---- means over a beta distribution ----------------------------------------------------------*/

struct beta_mean {
    double a, b;
    double low, high; /* in logit p; beyond them exp(log_h) is level */
    double (*log_h)(const void *context, double p, double q);
    const void *context;
};

/* The integrand p^a q^b h(p), as dp = p q du for u = logit p. */
static double log_integrand(const struct beta_mean *mean, double u)
{
    double log_p = u < 0 ? u - log1p(exp(u)) : -log1p(exp(-u));
    double log_q = log_p - u;

    return mean->a * log_p + mean->b * log_q + mean->log_h(mean->context, exp(log_p), exp(log_q));
}

struct log_sum {
    double top, sum; /* e^top * sum */
    double at;       /* where the top is */
};

static void log_sum_add(struct log_sum *sum, double value, double at)
{
    if (value <= sum->top) {
        sum->sum += exp(value - sum->top);
        return;
    }
    sum->sum = sum->sum * exp(sum->top - value) + 1;
    sum->top = value;
    sum->at = at;
}

/* h times the sum over u = offset + j h.  Outside [low, high] the integrand is a geometric series,
 * summed exactly: a beta with a tiny parameter would otherwise need millions of points. */
static double grid_sum(const struct beta_mean *mean, double h, double offset, struct log_sum *sum)
{
    double first = offset + h * ceil((mean->low - offset) / h);
    double last = offset + h * floor((mean->high - offset) / h);
    size_t n = (size_t)lround((last - first) / h) + 1;

    *sum = (struct log_sum){.top = -INFINITY};
    for (size_t j = 0; j < n; j++) {
        double u = first + (double)j * h;

        log_sum_add(sum, log_integrand(mean, u), u);
    }
    log_sum_add(sum, log_integrand(mean, first) - mean->a * h - value_log1mexp(-mean->a * h),
                first);
    log_sum_add(sum, log_integrand(mean, last) - mean->b * h - value_log1mexp(-mean->b * h), last);
    return log(h * sum->sum) + sum->top;
}

/* Draws the borders in to where the integrand counts, for the finer grids of a narrow peak. */
static void narrow(struct beta_mean *mean, const struct log_sum *sum, double h)
{
    double low = sum->at, high = sum->at;

    while (low > mean->low && log_integrand(mean, low) > sum->top - 2 * TAIL_LOG)
        low -= h;
    while (high < mean->high && log_integrand(mean, high) > sum->top - 2 * TAIL_LOG)
        high += h;
    mean->low = fmax(mean->low, low);
    mean->high = fmin(mean->high, high);
}

double value_log_beta_mean(double a, double b, double low, double high,
                           double (*log_h)(const void *context, double p, double q),
                           const void *context)
{
    struct beta_mean mean = {.a = a,
                             .b = b,
                             .low = -TAIL_LOG - fmax(low, fmax(0, log(b))),
                             .high = TAIL_LOG + fmax(high, fmax(0, log(a))),
                             .log_h = log_h,
                             .context = context};
    struct log_sum sum, other;
    double h = 1, whole = grid_sum(&mean, h, 0, &sum), result = whole;

    for (int step = 0; step < STEPS_MAX; step++) {
        double between = grid_sum(&mean, h, h / 2, &other);

        result = value_log_sum(whole, between) - M_LN2;
        /* The error of the halved step is the square of that of the whole one. */
        if (fabs(whole - between) < HALVES_AGREE)
            break;
        narrow(&mean, other.top > sum.top ? &other : &sum, h);
        whole = result;
        h /= 2;
    }
    return result - value_log_beta(a, b);
}

/* ---- 2F1 -------------------------------------------------------------------------------------*/

static double log_2f1_series(double a, double b, double c, double z, size_t max, bool *out_is_done)
{
    double term = 1, beyond = 0, scale = 0; /* the sum is e^scale (1 + beyond) */

    *out_is_done = true;
    for (size_t k = 0; k < max; k++) {
        double i = (double)k, ratio = (a + i) * (b + i) / ((c + i) * (i + 1)) * z;

        term *= ratio;
        beyond += term;
        if (ratio < 1 && term * ratio < EPSILON * (1 - ratio) * beyond)
            return scale + log1p(beyond);
        if (beyond > SCALE_FROM) {
            scale += log1p(beyond);
            term /= 1 + beyond;
            beyond = 0;
        }
    }
    *out_is_done = false;
    return scale + log1p(beyond);
}

struct euler_kernel {
    double a, z, rest; /* rest = 1 - z */
};

static double log_euler_kernel(const void *context, double p, double q)
{
    const struct euler_kernel *kernel = context;

    return -kernel->a * log(p * kernel->rest + q);
}

/* Euler's integral, b < c: the mean of (1 - z p)^-a over p ~ Beta(b, c - b). */
static double log_2f1_integral(double a, double b, double c, double z)
{
    struct euler_kernel kernel = {.a = a, .z = z, .rest = 1 - z};
    double border = log1p(a) - log1p(-z);

    return value_log_beta_mean(b, c - b, log1p(a), border, log_euler_kernel, &kernel);
}

double value_log_2f1(double a, double b, double c, double z)
{
    double low = a < b ? a : b, high = a < b ? b : a, result;
    bool is_done;

    if (!(z > 0))
        return 0;
    if (high < c && a + b > c)
        return (c - a - b) * log1p(-z) + value_log_2f1(c - a, c - b, c, z);
    result = log_2f1_series(a, b, c, z, SERIES_MAX, &is_done);
    if (is_done)
        return result;
    if (low < c)
        return log_2f1_integral(high, low, c, z);
    return log_2f1_series(a, b, c, z, SERIES_LONG_MAX, &is_done);
}
