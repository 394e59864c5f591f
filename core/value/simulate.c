#include "value/simulate.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>

enum { GAMMA_GAMMA_X_MAX = 10 };

/* ---- the generator: xoshiro256++ of Blackman & Vigna 2021, seeded by splitmix64 ---------------*/

static uint64_t rotated(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t random_next(struct fl_value_random *random)
{
    uint64_t *s = random->s, result = rotated(s[0] + s[3], 23) + s[0], t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotated(s[3], 45);
    return result;
}

void fl_value_random_init(struct fl_value_random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        random->s[i] = z ^ (z >> 31);
    }
}

double fl_value_random_uniform(struct fl_value_random *random)
{
    /* The middle of one of 2^52 cells: exact, never 0 or 1. */
    return ((double)(random_next(random) >> 12) + 0.5) * 0x1p-52;
}

static void gsl_set(void *state, unsigned long seed)
{
    fl_value_random_init(state, seed);
}

/* 32 bits on every machine, so that a seed gives the same draws where long is shorter. */
static unsigned long gsl_get(void *state)
{
    return (unsigned long)(random_next(state) >> 32);
}

static double gsl_get_double(void *state)
{
    return fl_value_random_uniform(state);
}

static const gsl_rng_type generator = {
    "xoshiro256++", UINT32_MAX, 0, sizeof(struct fl_value_random), gsl_set, gsl_get, gsl_get_double,
};

double fl_value_random_normal(struct fl_value_random *random)
{
    gsl_rng rng = {&generator, random};

    return gsl_ran_gaussian_ziggurat(&rng, 1.0);
}

double fl_value_random_gamma(struct fl_value_random *random, double shape, double rate)
{
    gsl_rng rng = {&generator, random};

    return gsl_ran_gamma(&rng, shape, 1 / rate);
}

double fl_value_random_beta(struct fl_value_random *random, double a, double b)
{
    gsl_rng rng = {&generator, random};

    return gsl_ran_beta(&rng, a, b);
}

static double random_exponential(struct fl_value_random *random, double rate)
{
    return -log(fl_value_random_uniform(random)) / rate;
}

/* ---- one buyer --------------------------------------------------------------------------------*/

struct buyer {
    enum fl_value_model model;
    double rate; /* of buying; BG/BB: the probability at an opportunity */
    double quit; /* probability of leaving after a purchase, at an opportunity */
    double end;  /* when he leaves, where that does not hang on purchases */
    double now;
};

static struct buyer buyer_draw(enum fl_value_model model, const double *p,
                               struct fl_value_random *random)
{
    struct buyer buyer = {.model = model, .end = INFINITY};

    if (model == FL_VALUE_BGBB) {
        buyer.rate = fl_value_random_beta(random, p[0], p[1]);
        buyer.quit = fl_value_random_beta(random, p[2], p[3]);
        return buyer;
    }
    buyer.rate = fl_value_random_gamma(random, p[0], p[1]);
    if (model == FL_VALUE_PARETONBD)
        buyer.end = random_exponential(random, fl_value_random_gamma(random, p[2], p[3]));
    if (model == FL_VALUE_BGNBD || model == FL_VALUE_MBGNBD)
        buyer.quit = fl_value_random_beta(random, p[2], p[3]);
    if (model == FL_VALUE_MBGNBD && fl_value_random_uniform(random) < buyer.quit)
        buyer.end = 0;
    return buyer;
}

static double next_opportunity(struct buyer *buyer, double until, struct fl_value_random *random)
{
    while (buyer->now + 1 <= until) {
        buyer->now++;
        if (fl_value_random_uniform(random) < buyer->quit)
            break;
        if (fl_value_random_uniform(random) < buyer->rate)
            return buyer->now;
    }
    buyer->end = buyer->now;
    return INFINITY;
}

/* The next purchase up to `until`; INFINITY: none any more. */
static double buyer_next(struct buyer *buyer, double until, struct fl_value_random *random)
{
    if (buyer->end <= buyer->now)
        return INFINITY;
    if (buyer->model == FL_VALUE_BGBB)
        return next_opportunity(buyer, until, random);
    buyer->now += random_exponential(random, buyer->rate);
    if (buyer->now > until || buyer->now > buyer->end)
        return INFINITY;
    if (buyer->quit > 0 && fl_value_random_uniform(random) < buyer->quit)
        buyer->end = buyer->now;
    return buyer->now;
}

size_t fl_value_simulate_times(enum fl_value_model model, const double *p, double until,
                               struct fl_value_random *random, double *times, size_t max)
{
    struct buyer buyer = buyer_draw(model, p, random);
    size_t n = 0;

    for (double t; n < max && isfinite(t = buyer_next(&buyer, until, random));)
        times[n++] = t;
    return n;
}

/* ---- observations -----------------------------------------------------------------------------*/

static void observe_purchases(enum fl_value_model model, const double *p,
                              struct fl_value_random *random, struct fl_value_obs *obs)
{
    struct buyer buyer = buyer_draw(model, p, random);

    for (double t; obs->x < FL_VALUE_X_MAX && isfinite(t = buyer_next(&buyer, obs->T, random));) {
        obs->x++;
        obs->tx = t;
    }
}

/* S(t | theta) = (1 - theta)^(t^c): leaves in the first whole t where a uniform is above it. */
static void observe_contract(double gamma, double delta, double c, struct fl_value_random *random,
                             struct fl_value_obs *obs)
{
    double theta = fl_value_random_beta(random, gamma, delta);
    double power = log(fl_value_random_uniform(random)) / log1p(-theta);
    double leaves = fmax(1, ceil(pow(power, 1 / c)));

    if (leaves <= obs->T) {
        obs->x = 1;
        obs->T = leaves;
    }
}

static void observe_spend(const double *p, struct fl_value_random *random, struct fl_value_obs *obs)
{
    double rate = fl_value_random_gamma(random, p[1], p[2]);

    obs->x = 1 + floor(fl_value_random_uniform(random) * GAMMA_GAMMA_X_MAX);
    obs->z = fl_value_random_gamma(random, p[0] * obs->x, rate * obs->x);
}

static double draw_length(double horizon, bool is_whole, bool is_staggered,
                          struct fl_value_random *random)
{
    double low, high;

    if (!is_whole)
        return is_staggered ? horizon * (1 + fl_value_random_uniform(random)) / 2 : horizon;
    high = fmax(1, floor(horizon));
    low = is_staggered ? fmax(1, ceil(high / 2)) : high;
    return low + floor(fl_value_random_uniform(random) * (high - low + 1));
}

void fl_value_simulate(enum fl_value_model model, const double *p, double horizon,
                       bool is_staggered, struct fl_value_random *random, struct fl_value_obs *out,
                       size_t n)
{
    bool is_contract = model == FL_VALUE_SBG || model == FL_VALUE_BDW;

    for (size_t i = 0; i < n; i++) {
        out[i] = (struct fl_value_obs){.n = 1};
        if (model == FL_VALUE_GAMMAGAMMA) {
            observe_spend(p, random, &out[i]);
            continue;
        }
        out[i].T =
            draw_length(horizon, is_contract || model == FL_VALUE_BGBB, is_staggered, random);
        if (is_contract)
            observe_contract(p[0], p[1], model == FL_VALUE_BDW ? p[2] : 1, random, &out[i]);
        else
            observe_purchases(model, p, random, &out[i]);
    }
}
