/* Rows, and the questions a model answers: each is passed on to the model's own function. */
#include "value/value.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "value/value_private.h"

static const struct value_ops *ops_of(enum fl_value_model model)
{
    return (unsigned)model < FL_VALUE_MODELS ? value_table[model] : NULL;
}

static bool are_positive(const double *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(p[i] > 0) || !isfinite(p[i]))
            return false;
    return true;
}

static const struct value_ops *ready(enum fl_value_model model, const double *p)
{
    const struct value_ops *ops = ops_of(model);

    return ops && are_positive(p, ops->n_params) ? ops : NULL;
}

/* ---- rows ------------------------------------------------------------------------------------*/

enum fl_status fl_value_check(enum fl_value_model model, const struct fl_value_obs *obs, size_t n,
                              struct fl_error *err)
{
    const struct value_ops *ops = ops_of(model);

    if (!ops)
        return fl_error_set(err, FL_INVALID, "model %d is not known", (int)model);
    for (size_t i = 0; i < n; i++) {
        const struct fl_value_obs *o = &obs[i];

        if (!(o->n > 0) || !isfinite(o->n))
            return fl_error_set(err, FL_INVALID,
                                "row %zu stands for %g customers, expected a number above 0", i + 1,
                                o->n);
        if (!ops->is_valid(o))
            return fl_error_set(err, FL_INVALID, "row %zu (x %g, tx %g, T %g, z %g): %s expects %s",
                                i + 1, o->x, o->tx, o->T, o->z, ops->title, ops->fault);
    }
    return FL_OK;
}

static int compare_numbers(double a, double b)
{
    return (a > b) - (a < b);
}

static int compare_rows(const void *left, const void *right)
{
    const struct fl_value_obs *a = left, *b = right;
    int order = compare_numbers(a->x, b->x);

    if (!order)
        order = compare_numbers(a->tx, b->tx);
    if (!order)
        order = compare_numbers(a->T, b->T);
    return order ? order : compare_numbers(a->z, b->z);
}

static bool is_same(double a, double b)
{
    return a >= b && a <= b; /* NAN is like nothing, itself included */
}

static bool are_equal(const struct fl_value_obs *a, const struct fl_value_obs *b)
{
    return is_same(a->x, b->x) && is_same(a->tx, b->tx) && is_same(a->T, b->T) &&
           is_same(a->z, b->z);
}

static uint64_t hash_of(const struct fl_value_obs *o)
{
    const double values[] = {o->x, o->tx, o->T, o->z};
    uint64_t hash = 0;

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        double value = values[i] + 0.0; /* -0 is 0 */
        uint64_t bits;

        memcpy(&bits, &value, sizeof bits);
        hash = (hash ^ bits) * UINT64_C(0x9e3779b97f4a7c15); /* Knuth's multiplicative hash */
        hash ^= hash >> 32;
    }
    return hash;
}

/* Equal rows into the first of them, so that the sort has few left; all are kept where there is no
 * memory for it. */
static size_t merge_by_hash(struct fl_value_obs *obs, size_t n)
{
    size_t mask = 1, kept = 0;
    uint32_t *slots;

    while (mask < 2 * n)
        mask *= 2;
    slots = n < UINT32_MAX ? calloc(mask--, sizeof *slots) : NULL;
    if (!slots)
        return n;
    for (size_t i = 0; i < n; i++) {
        size_t at = hash_of(&obs[i]) & mask;

        while (slots[at] && !are_equal(&obs[slots[at] - 1], &obs[i]))
            at = (at + 1) & mask;
        if (slots[at]) {
            obs[slots[at] - 1].n += obs[i].n;
        } else {
            obs[kept] = obs[i];
            slots[at] = (uint32_t)++kept;
        }
    }
    free(slots);
    return kept;
}

size_t fl_value_group(struct fl_value_obs *obs, size_t n)
{
    size_t kept = 0;

    if (n < 2)
        return n;
    n = merge_by_hash(obs, n);
    qsort(obs, n, sizeof obs[0], compare_rows);
    for (size_t i = 1; i < n; i++) {
        if (are_equal(&obs[kept], &obs[i]))
            obs[kept].n += obs[i].n;
        else
            obs[++kept] = obs[i];
    }
    return kept + 1;
}

/* ---- rows of purchases -----------------------------------------------------------------------*/

enum {
    CUSTOMERS_MIN = 10, /* four parameters from fewer would be an invention */
    REPEATERS_MIN = 3   /* the spread of rates needs more than a pair */
};

const char value_purchases_fault[] =
    "whole x of 0 to 10000, 0 <= tx <= T, tx = 0 where x = 0 and tx > 0 where x > 0";

bool value_purchases_are_valid(const struct fl_value_obs *obs)
{
    if (!(obs->x >= 0) || obs->x > FL_VALUE_X_MAX || obs->x > floor(obs->x))
        return false;
    if (!(obs->tx >= 0) || !(obs->T >= obs->tx) || !isfinite(obs->T))
        return false;
    return obs->x > 0 ? obs->tx > 0 : !(obs->tx > 0);
}

const char *value_purchases_missing(const struct fl_value_obs *obs, size_t n)
{
    double customers = 0, repeaters = 0;

    for (size_t i = 0; i < n; i++) {
        customers += obs[i].n;
        if (obs[i].x > 0)
            repeaters += obs[i].n;
    }
    if (customers < CUSTOMERS_MIN)
        return "fewer than 10 customers";
    if (!(repeaters > 0))
        return "nobody bought a second time";
    return repeaters < REPEATERS_MIN ? "fewer than 3 customers bought a second time" : NULL;
}

/* ---- the sum over rows -----------------------------------------------------------------------*/

enum { THREADS_MAX = 64 };

struct sum_job {
    const struct value_ops *ops;
    const double *p;
    const struct fl_value_obs *obs;
    size_t n, n_chunks;
    bool has_gradient;
    struct value_partial *partial;
    atomic_size_t next;
};

static void sum_chunk(const struct sum_job *job, size_t chunk, struct value_partial *out)
{
    size_t from = chunk * VALUE_CHUNK_ROWS;
    size_t n = job->n - from < VALUE_CHUNK_ROWS ? job->n - from : VALUE_CHUNK_ROWS;

    out->log_likelihood = job->ops->log_likelihood(job->p, job->obs + from, n,
                                                   job->has_gradient ? out->gradient : NULL);
}

static void *sum_run(void *context)
{
    struct sum_job *job = context;
    size_t chunk;

    while ((chunk = atomic_fetch_add(&job->next, 1)) < job->n_chunks)
        sum_chunk(job, chunk, &job->partial[chunk]);
    return NULL;
}

static void sum_by_threads(struct sum_job *job, int threads)
{
    pthread_t helper[THREADS_MAX];
    int started = 0;

    /* A thread that cannot be had is no error: the others take its chunks. */
    for (; started < threads - 1 && started < THREADS_MAX; started++)
        if (pthread_create(&helper[started], NULL, sum_run, job))
            break;
    sum_run(job);
    for (int i = 0; i < started; i++)
        pthread_join(helper[i], NULL);
}

double value_sum(const struct value_ops *ops, const double *p, const struct fl_value_obs *obs,
                 size_t n, int threads, struct value_partial *partial, double *out_gradient)
{
    struct sum_job job = {.ops = ops,
                          .p = p,
                          .obs = obs,
                          .n = n,
                          .n_chunks = (n + VALUE_CHUNK_ROWS - 1) / VALUE_CHUNK_ROWS,
                          .has_gradient = out_gradient != NULL,
                          .partial = partial};
    bool is_parallel = partial && threads > 1 && job.n_chunks > 1;
    double sum = 0;

    if (is_parallel)
        sum_by_threads(&job, threads);
    for (size_t j = 0; out_gradient && j < ops->n_params; j++)
        out_gradient[j] = 0;
    for (size_t chunk = 0; chunk < job.n_chunks; chunk++) {
        struct value_partial own = {0};
        const struct value_partial *part = is_parallel ? &partial[chunk] : &own;

        if (!is_parallel)
            sum_chunk(&job, chunk, &own);
        sum += part->log_likelihood;
        for (size_t j = 0; out_gradient && j < ops->n_params; j++)
            out_gradient[j] += part->gradient[j];
    }
    return sum;
}

double fl_value_log_likelihood(enum fl_value_model model, const double *p,
                               const struct fl_value_obs *obs, size_t n, double *out_gradient)
{
    const struct value_ops *ops = ready(model, p);

    return ops ? value_sum(ops, p, obs, n, 1, NULL, out_gradient) : -INFINITY;
}

/* ---- questions -------------------------------------------------------------------------------*/

double fl_value_p_alive(enum fl_value_model model, const double *p, const struct fl_value_obs *obs)
{
    const struct value_ops *ops = ready(model, p);

    return ops && ops->p_alive ? ops->p_alive(p, obs) : NAN;
}

double fl_value_expected(enum fl_value_model model, const double *p, double t)
{
    const struct value_ops *ops = ready(model, p);

    if (!ops || !ops->expected || !(t >= 0))
        return NAN;
    return t > 0 ? ops->expected(p, t) : 0;
}

double fl_value_conditional(enum fl_value_model model, const double *p,
                            const struct fl_value_obs *obs, double t, bool is_alive)
{
    const struct value_ops *ops = ready(model, p);
    double alive;

    if (!ops || !ops->conditional_alive || !(t >= 0))
        return NAN;
    alive = t > 0 ? ops->conditional_alive(p, obs, t) : 0;
    return is_alive ? alive : alive * ops->p_alive(p, obs);
}

double fl_value_p_active(enum fl_value_model model, const double *p, const struct fl_value_obs *obs,
                         double t)
{
    const struct value_ops *ops = ready(model, p);
    struct fl_value_obs later = *obs, now = *obs;
    bool is_contract;
    double change;

    if (!ops || !(t >= 0) || model == FL_VALUE_GAMMAGAMMA)
        return NAN;
    is_contract = model == FL_VALUE_SBG || model == FL_VALUE_BDW;
    if (is_contract && obs->x > 0)
        return 0;
    later.T += model == FL_VALUE_BGBB ? floor(t) : t;
    later.n = now.n = 1;
    change = ops->log_likelihood(p, &later, 1, NULL) - ops->log_likelihood(p, &now, 1, NULL);
    if (is_contract)
        return exp(fmin(change, 0)); /* S(T + t) / S(T) */
    return change < 0 ? -expm1(change) : 0;
}

double fl_value_pmf(enum fl_value_model model, const double *p, int x, double t)
{
    const struct value_ops *ops = ready(model, p);

    if (!ops || !ops->pmf || !(t >= 0))
        return NAN;
    return x >= 0 ? ops->pmf(p, x, t) : 0;
}

double fl_value_survival(enum fl_value_model model, const double *p, double t)
{
    const struct value_ops *ops = ready(model, p);

    return ops && ops->survival && t >= 0 ? ops->survival(p, t) : NAN;
}

double fl_value_retention(enum fl_value_model model, const double *p, double t)
{
    if (!(t >= 1))
        return NAN;
    return fl_value_survival(model, p, t) / fl_value_survival(model, p, t - 1);
}
