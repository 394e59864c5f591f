/* How good a probability was: order (AUC), distance (Brier score), calibration. */
#include <math.h>
#include <stdlib.h>

#include "base/file.h"
#include "value/commitment.h"

static const double Z95 = 1.959963984540054; /* normal quantile of 0.975 */

struct place {
    double predicted;
    bool stayed;
};

static int compare(const void *a, const void *b)
{
    double x = ((const struct place *)a)->predicted, y = ((const struct place *)b)->predicted;

    return (x > y) - (x < y);
}

/* Rank sum of those who stayed, Mann & Whitney 1947. */
static double auc_of(const struct place *places, size_t n)
{
    double n_stayed = 0, ranks = 0;

    for (size_t from = 0, to; from < n; from = to) {
        double stayed = 0;

        for (to = from; to < n && places[to].predicted <= places[from].predicted; to++)
            stayed += places[to].stayed;
        ranks += stayed * ((double)(from + to) + 1) / 2;
        n_stayed += stayed;
    }
    if (n_stayed < 1 || n_stayed > (double)n - 1)
        return NAN;
    return (ranks - n_stayed * (n_stayed + 1) / 2) / (n_stayed * ((double)n - n_stayed));
}

static double brier_of(const struct place *places, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double error = places[i].predicted - places[i].stayed;

        sum += error * error;
    }
    return n ? sum / (double)n : NAN;
}

/* Wilson 1927. */
static struct fl_commitment_bin bin_of(const struct place *places, size_t n)
{
    struct fl_commitment_bin bin = {.n = (double)n};
    double spread, middle, scale = 1 + Z95 * Z95 / bin.n;

    for (size_t i = 0; i < n; i++) {
        bin.predicted += places[i].predicted / bin.n;
        bin.observed += places[i].stayed;
    }
    bin.observed /= bin.n;
    middle = (bin.observed + Z95 * Z95 / (2 * bin.n)) / scale;
    spread = Z95 / scale *
             sqrt(bin.observed * (1 - bin.observed) / bin.n + Z95 * Z95 / (4 * bin.n * bin.n));
    bin.observed_low = fmax(middle - spread, 0);
    bin.observed_high = fmin(middle + spread, 1);
    return bin;
}

/* Equal predictions are never parted, so that the order of customers has no effect. */
static size_t bins_of(const struct place *places, size_t n, struct fl_commitment_bin *out)
{
    size_t n_bins = 0, from = 0;

    for (size_t i = 1; i <= FL_COMMITMENT_BINS; i++) {
        size_t to = n * i / FL_COMMITMENT_BINS;

        while (to > 0 && to < n && places[to].predicted <= places[to - 1].predicted)
            to++;
        if (to <= from)
            continue;
        out[n_bins++] = bin_of(places + from, to - from);
        from = to;
    }
    return n_bins;
}

enum fl_status fl_commitment_measure(const double *predicted, const bool *stayed, size_t n,
                                     double *out_auc, double *out_brier,
                                     struct fl_commitment_bin *bins, size_t *out_n_bins,
                                     struct fl_error *err)
{
    FL_AUTO_FREE struct place *places = calloc(n + 1, sizeof *places);

    if (!places)
        return fl_error_set(err, FL_IO, "no memory to measure %zu predictions", n);
    for (size_t i = 0; i < n; i++) {
        if (!(predicted[i] >= 0 && predicted[i] <= 1))
            return fl_error_set(err, FL_INVALID, "prediction %zu is %g, expected a probability", i,
                                predicted[i]);
        places[i] = (struct place){predicted[i], stayed[i]};
    }
    qsort(places, n, sizeof *places, compare);
    *out_auc = auc_of(places, n);
    *out_brier = brier_of(places, n);
    *out_n_bins = bins_of(places, n, bins);
    return FL_OK;
}
