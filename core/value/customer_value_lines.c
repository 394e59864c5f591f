/* Lines that add up: money is shown in whole minor units, and a total is the sum of what is shown.
 */
#include <math.h>
#include <string.h>

#include "value/customer_value.h"

/* Above 2^53 a double skips whole numbers. */
static const double AMOUNT_MAX = 9007199254740992.0;
/* The sum of all lines stays within an int64_t. */
static const double SUM_MAX = 4611686018427387904.0;

static double amount(double exact, size_t n)
{
    double max = fmin(AMOUNT_MAX, SUM_MAX / (double)n);

    return isfinite(exact) ? fmin(fmax(exact, -max), max) : 0;
}

/* Doubles >= 0 in the order of their bits, so that a search halves to the last bit. */
static double of_bits(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static size_t count_above(const struct fl_value_line *lines, size_t n, double cut)
{
    size_t above = 0;

    for (size_t i = 0; i < n; i++) {
        double exact = amount(lines[i].exact, n);

        above += exact - floor(exact) > cut;
    }
    return above;
}

/* The smallest remainder above which at most `give` lines are. */
static double remainder_cut(const struct fl_value_line *lines, size_t n, size_t give)
{
    double one = 1;
    uint64_t low = 0, high;

    memcpy(&high, &one, sizeof high);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (count_above(lines, n, of_bits(middle)) <= give)
            high = middle;
        else
            low = middle + 1;
    }
    return of_bits(low);
}

void fl_value_lines_round(struct fl_value_line *lines, size_t n, double total)
{
    int64_t left = n ? llround(amount(total, 1)) : 0;
    int64_t each, give, ties;
    double cut;

    if (!n)
        return;
    for (size_t i = 0; i < n; i++) {
        lines[i].minor = (int64_t)floor(amount(lines[i].exact, n));
        left -= lines[i].minor;
    }
    /* Lines that are no account of the total share the rest. */
    each = left / (int64_t)n - (left % (int64_t)n < 0);
    give = left - each * (int64_t)n;
    cut = remainder_cut(lines, n, (size_t)give);
    ties = give - (int64_t)count_above(lines, n, cut);
    for (size_t i = 0; i < n; i++) {
        double exact = amount(lines[i].exact, n);
        double remainder = exact - floor(exact);
        bool is_tie = !(remainder < cut) && !(remainder > cut);

        lines[i].minor += each + (remainder > cut || (is_tie && ties > 0));
        ties -= is_tie;
    }
}
