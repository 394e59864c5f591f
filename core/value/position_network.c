/* PageRank on who referred whom: Page, Brin, Motwani & Winograd 1999.
 *
 * Mass of those who refer to nobody is spread evenly, and then the ranks are the solution of
 * y = 1 + damping A y, scaled to sum 1 (Del Corso, Gulli & Romani 2005, Fast PageRank computation
 * via a sparse linear system): only customers with a referral ever change, so that a step costs as
 * much as there are referrals, not customers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "value/position.h"

static const double DAMPING = 0.85;
static const double TOLERANCE = 1e-10;
/* The error falls by the damping each step: 0.85^1000 is far below what a double can tell. */
enum { STEPS_MAX = 1000 };

static int by_referred(const void *a, const void *b)
{
    const struct fl_referral *x = a, *y = b;

    if (x->referred != y->referred)
        return x->referred < y->referred ? -1 : 1;
    return x->referrer < y->referrer ? -1 : x->referrer > y->referrer;
}

/* Sorted, each once, nobody referred by themselves; returns how many are left. */
static size_t clean(struct fl_referral *votes, size_t n)
{
    size_t k = 0;

    qsort(votes, n, sizeof *votes, by_referred);
    for (size_t i = 0; i < n; i++) {
        if (votes[i].referrer != votes[i].referred && (!k || by_referred(&votes[i], &votes[k - 1])))
            votes[k++] = votes[i];
    }
    return k;
}

/* One step; returns the sum of changes. */
static double step(const struct fl_referral *votes, const double *share, size_t m, double *rank,
                   double *next)
{
    double change = 0;

    for (size_t i = 0; i < m; i++)
        next[votes[i].referrer] = 1;
    for (size_t i = 0; i < m; i++)
        next[votes[i].referrer] += DAMPING * share[i] * rank[votes[i].referred];
    for (size_t i = 0; i < m; i++) {
        uint32_t to = votes[i].referrer;

        change += fabs(next[to] - rank[to]); /* once: then they are equal */
        rank[to] = next[to];
    }
    return change;
}

static double sum_of(const double *values, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum;
}

static void solve(size_t n, const struct fl_referral *votes, const double *share, size_t m,
                  double *next, double *out)
{
    double sum;

    for (size_t i = 0; i < n; i++)
        out[i] = 1;
    for (int i = 0; m && i < STEPS_MAX; i++) {
        double left = step(votes, share, m, out, next) * DAMPING / (1 - DAMPING);

        if (left <= TOLERANCE * (double)n) /* the sum is at least that */
            break;
    }
    sum = sum_of(out, n);
    for (size_t i = 0; i < n; i++)
        out[i] /= sum;
}

enum fl_status fl_page_rank(size_t n, const struct fl_referral *referrals, size_t n_referrals,
                            double *out, struct fl_error *err)
{
    size_t m = n_referrals ? n_referrals : 1;
    FL_AUTO_FREE struct fl_referral *votes = calloc(m, sizeof *votes);
    FL_AUTO_FREE double *share = calloc(m, sizeof *share);
    FL_AUTO_FREE double *next = calloc(n ? n : 1, sizeof *next);

    if (!votes || !share || !next)
        return fl_error_set(err, FL_IO, "no memory for the referrals of %zu customers", n);
    for (size_t i = 0; i < n_referrals; i++) {
        if (referrals[i].referrer >= n || referrals[i].referred >= n)
            return fl_error_set(err, FL_INVALID, "referral %zu names none of %zu customers", i, n);
        votes[i] = referrals[i];
    }
    m = n_referrals ? clean(votes, n_referrals) : 0;
    for (size_t first = 0, end; first < m; first = end) {
        for (end = first + 1; end < m && votes[end].referred == votes[first].referred;)
            end++;
        for (size_t i = first; i < end; i++)
            share[i] = 1 / (double)(end - first);
    }
    solve(n, votes, share, m, next, out);
    return FL_OK;
}
