/* Ranks of a population, and a population kept small enough to rank one more. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "value/position.h"

/* Least significant digit first: six passes over 64 bits whatever the numbers are, where a
 * comparing sort of a million takes three times as long. */
enum { DIGIT_BITS = 11, DIGITS = 6, BUCKETS = 1 << DIGIT_BITS };

struct ranked {
    uint64_t key; /* in the order of the values */
    uint32_t at;
};

static uint64_t key_of(double value)
{
    uint64_t bits;

    value += 0.0; /* -0 equals 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static double value_of(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~((uint64_t)1 << 63) : ~key;
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static size_t digit_of(uint64_t key, int digit)
{
    return (size_t)(key >> (digit * DIGIT_BITS)) & (BUCKETS - 1);
}

/* One digit from `from` to `to`; false: all had the same, nothing was moved. */
static bool sort_digit(const struct ranked *from, struct ranked *to, size_t n, int digit)
{
    size_t place[BUCKETS] = {0}, sum = 0;

    for (size_t i = 0; i < n; i++)
        place[digit_of(from[i].key, digit)]++;
    if (place[digit_of(from[0].key, digit)] == n)
        return false;
    for (size_t b = 0; b < BUCKETS; b++) {
        size_t here = place[b];

        place[b] = sum;
        sum += here;
    }
    for (size_t i = 0; i < n; i++)
        to[place[digit_of(from[i].key, digit)]++] = from[i];
    return true;
}

/* `*out`, for the caller to free, is in ascending order, equal values in that of their place. */
static enum fl_status sort_values(const double *values, size_t n, struct ranked **out,
                                  struct fl_error *err)
{
    struct ranked *from, *to;

    if (n > UINT32_MAX)
        return fl_error_set(err, FL_LIMIT, "%zu values are more than %u", n, UINT32_MAX);
    from = calloc(n ? n : 1, sizeof *from);
    to = calloc(n ? n : 1, sizeof *to);
    if (!from || !to) {
        free(from);
        free(to);
        return fl_error_set(err, FL_IO, "no memory for the ranks of %zu values", n);
    }
    for (size_t i = 0; i < n; i++)
        from[i] = (struct ranked){.key = key_of(values[i]), .at = (uint32_t)i};
    for (int digit = 0; n && digit < DIGITS; digit++) {
        if (sort_digit(from, to, n, digit)) {
            struct ranked *swap = from;

            from = to;
            to = swap;
        }
    }
    free(to);
    *out = from;
    return FL_OK;
}

enum fl_status fl_position_ranks(const double *values, size_t n, double *out, struct fl_error *err)
{
    FL_AUTO_FREE struct ranked *sorted = NULL;
    enum fl_status st = sort_values(values, n, &sorted, err);

    if (st)
        return st;
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && sorted[end].key == sorted[first].key;)
            end++;
        for (size_t i = first; i < end; i++)
            out[sorted[i].at] = ((double)first + (double)end) / 2 / (double)n;
    }
    return FL_OK;
}

enum fl_status fl_position_sort(double *values, size_t n, struct fl_error *err)
{
    FL_AUTO_FREE struct ranked *sorted = NULL;
    enum fl_status st = sort_values(values, n, &sorted, err);

    if (st)
        return st;
    for (size_t i = 0; i < n; i++)
        values[i] = value_of(sorted[i].key);
    return FL_OK;
}

/* Place in the population of the i-th value kept: the middle of its share. */
static size_t kept_at(size_t i, size_t n, size_t kept)
{
    return kept == n ? i : (size_t)(((double)i + 0.5) * (double)n / (double)kept);
}

void fl_reference_init(struct fl_reference *reference, const double *sorted, size_t n)
{
    reference->n = n < FL_REFERENCE_SIZE ? n : FL_REFERENCE_SIZE;
    reference->population = (double)n;
    memset(reference->value, 0, sizeof reference->value);
    for (size_t i = 0; i < reference->n; i++)
        reference->value[i] = sorted[kept_at(i, n, reference->n)];
}

/* Values kept that are below `value` or, `is_equal_too`, not above it. */
static size_t count_below(const struct fl_reference *reference, double value, bool is_equal_too)
{
    size_t low = 0, high = reference->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool is_below =
            is_equal_too ? reference->value[middle] <= value : reference->value[middle] < value;

        if (is_below)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double fl_reference_rank(const struct fl_reference *reference, double value)
{
    size_t below = count_below(reference, value, false);
    size_t until = count_below(reference, value, true);
    size_t population = (size_t)reference->population;
    double rank, edge;

    if (!reference->n)
        return 0.5;
    edge = 0.5 / reference->population;
    if (reference->n == population) {
        rank = ((double)below + (double)until) / 2 / reference->population;
    } else if (below < until) { /* among equals, or the one kept itself */
        rank = ((double)kept_at(below, population, reference->n) +
                (double)kept_at(until - 1, population, reference->n) + 1) /
               2 / reference->population;
    } else if (below == 0 || below == reference->n) {
        rank = below ? 1 : 0;
    } else { /* between two kept: so far along their distance */
        double from = reference->value[below - 1], to = reference->value[below];
        double start = (double)kept_at(below - 1, population, reference->n) + 0.5;
        double end = (double)kept_at(below, population, reference->n) + 0.5;

        rank = (start + (end - start) * ((value - from) / (to - from))) / reference->population;
    }
    return fmin(fmax(rank, edge), 1 - edge);
}
