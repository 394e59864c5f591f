/* What a segment thinks, for its customers who did not say: empirical Bayes.
 *
 * One-way random effects: a customer's score = grand + segment + own.  Both variances by the method
 * of moments for groups of unequal size (analysis of variance; Searle, Casella & McCulloch 1992,
 * Variance Components, section 3.6), the grand mean weighted with 1 / (between + within / n), the
 * segment's mean shrunk toward it (Morris 1983, Parametric Empirical Bayes Inference). */
#include <math.h>

#include "value/customer_value.h"

/* Of one item over all segments. */
struct pool {
    double within, between; /* variances: of customers in a segment, of segments' true means */
    double grand, variance; /* mean of segments' true means, and of that estimate */
    bool is_known;
};

void fl_aspect_moments_add(struct fl_aspect_moments *moments, double score)
{
    double before = score - moments->mean;

    moments->n += 1;
    moments->mean += before / moments->n;
    moments->m2 += before * (score - moments->mean);
}

static void pool_variances(const struct fl_aspect_moments (*segments)[FL_ASPECTS],
                           size_t n_segments, int k, struct pool *pool)
{
    double n = 0, squares = 0, sum = 0, groups = 0, inside = 0, outside = 0;

    for (size_t s = 0; s < n_segments; s++) {
        const struct fl_aspect_moments *of = &segments[s][k];

        if (of->n < 1)
            continue;
        groups += 1;
        n += of->n;
        squares += of->n * of->n;
        sum += of->n * of->mean;
        inside += of->m2;
    }
    pool->is_known = groups > 0;
    pool->within = n > groups ? fmax(inside / (n - groups), 0) : FL_ASPECT_VARIANCE_UNKNOWN;
    pool->between = 0;
    if (groups < 2)
        return;
    for (size_t s = 0; s < n_segments; s++) {
        double off = segments[s][k].mean - sum / n;

        if (segments[s][k].n >= 1)
            outside += segments[s][k].n * off * off;
    }
    pool->between = fmax((outside - (groups - 1) * pool->within) / (n - squares / n), 0);
}

static void pool_grand(const struct fl_aspect_moments (*segments)[FL_ASPECTS], size_t n_segments,
                       int k, struct pool *pool)
{
    double weights = 0, sum = 0;

    for (size_t s = 0; s < n_segments; s++) {
        const struct fl_aspect_moments *of = &segments[s][k];
        double variance = of->n >= 1 ? pool->between + pool->within / of->n : 0;
        /* Everybody in every segment said the same: each counts by its customers. */
        double weight = variance > 0 ? 1 / variance : of->n;

        if (of->n < 1)
            continue;
        weights += weight;
        sum += weight * of->mean;
    }
    pool->grand = sum / weights;
    pool->variance = pool->between + pool->within > 0 ? 1 / weights : 0;
}

static void shrink(const struct pool *pool, const struct fl_aspect_moments *of,
                   struct fl_aspect_prior *out, int k)
{
    double sampling = of->n >= 1 ? pool->within / of->n : INFINITY;
    double toward = isfinite(sampling) && pool->between > 0 ? sampling / (sampling + pool->between)
                                                            : 1; /* Morris' B */

    out->is_known[k] = true;
    out->mean[k] = of->n >= 1 ? toward * pool->grand + (1 - toward) * of->mean : pool->grand;
    /* Of a customer around the segment's true mean, of that given the answers (between x B), and of
     * the grand mean as far as it counts. */
    out->variance[k] = pool->within + toward * pool->between + toward * toward * pool->variance;
}

void fl_aspect_priors(const struct fl_aspect_moments (*segments)[FL_ASPECTS], size_t n_segments,
                      struct fl_aspect_prior *out)
{
    for (size_t s = 0; s < n_segments; s++)
        out[s] = (struct fl_aspect_prior){0};
    for (int k = 0; k < FL_ASPECTS; k++) {
        struct pool pool = {0};

        pool_variances(segments, n_segments, k, &pool);
        if (!pool.is_known)
            continue;
        pool_grand(segments, n_segments, k, &pool);
        for (size_t s = 0; s < n_segments; s++)
            shrink(&pool, &segments[s][k], &out[s], k);
    }
}
