/* Key customers: who earns most, who talks with us, whom others listen to. */
#include <math.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "value/position.h"

static const struct key_name {
    enum fl_key_flag flag;
    const char *name;
} key_names[] = {{FL_KEY_CONTRIBUTION, "contribution"},
                 {FL_KEY_EXCHANGE, "exchange"},
                 {FL_KEY_LEADER, "leadership"}};
enum { KEYS = sizeof key_names / sizeof *key_names };

const char *fl_key_flag_name(enum fl_key_flag flag)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (key_names[i].flag == flag)
            return key_names[i].name;
    }
    return "?";
}

bool fl_key_flag_parse(const char *name, enum fl_key_flag *out)
{
    for (size_t i = 0; name && i < KEYS; i++) {
        if (fl_str_equal(name, key_names[i].name)) {
            *out = key_names[i].flag;
            return true;
        }
    }
    return false;
}

void fl_key_defaults(struct fl_key_settings *out)
{
    *out = (struct fl_key_settings){
        .contribution_share = 0.8, .exchange_percentile = 0.8, .leader_percentile = 0.8};
}

struct earner {
    double margin;
    size_t at;
};

static int by_margin(const void *a, const void *b)
{
    const struct earner *x = a, *y = b;

    if (x->margin > y->margin || x->margin < y->margin)
        return x->margin > y->margin ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* The largest margins until they cover the share of all that is positive. */
static enum fl_status mark_contribution(double share, const double *margin, size_t n,
                                        uint8_t *flags, struct fl_error *err)
{
    FL_AUTO_FREE struct earner *earners = calloc(n ? n : 1, sizeof *earners);
    double total = 0, covered = 0;
    size_t k = 0;

    if (!earners)
        return fl_error_set(err, FL_IO, "no memory for the margins of %zu customers", n);
    for (size_t i = 0; i < n; i++) {
        if (margin[i] > 0)
            earners[k++] = (struct earner){.margin = margin[i], .at = i};
    }
    qsort(earners, k, sizeof *earners, by_margin);
    for (size_t i = 0; i < k; i++)
        total += earners[i].margin;
    for (size_t i = 0; i < k && covered < share * total; i++) {
        flags[earners[i].at] |= FL_KEY_CONTRIBUTION;
        covered += earners[i].margin;
    }
    return FL_OK;
}

/* Of `values[i]`, those with at least `least` and a mid-rank above the percentile. */
static enum fl_status mark_above(const double *values, size_t n, double percentile, double least,
                                 const uint32_t *at, enum fl_key_flag flag, uint8_t *flags,
                                 struct fl_error *err)
{
    FL_AUTO_FREE double *rank = calloc(n ? n : 1, sizeof *rank);
    enum fl_status st;

    if (!rank)
        return fl_error_set(err, FL_IO, "no memory for the ranks of %zu customers", n);
    st = fl_position_ranks(values, n, rank, err);
    for (size_t i = 0; !st && i < n; i++) {
        if (values[i] >= least && rank[i] > percentile)
            flags[at ? at[i] : i] |= (uint8_t)flag;
    }
    return st;
}

static enum fl_status mark_exchange(double percentile, const uint32_t *exchanges, size_t n,
                                    uint8_t *flags, struct fl_error *err)
{
    FL_AUTO_FREE double *values = calloc(n ? n : 1, sizeof *values);

    if (!values)
        return fl_error_set(err, FL_IO, "no memory for the contacts of %zu customers", n);
    for (size_t i = 0; i < n; i++)
        values[i] = exchanges[i];
    return mark_above(values, n, percentile, 1, NULL, FL_KEY_EXCHANGE, flags, err);
}

/* Among those who referred somebody else, whose rank is above the percentile. */
static enum fl_status mark_leaders(double percentile, size_t n, const struct fl_referral *referrals,
                                   size_t n_referrals, uint8_t *flags, struct fl_error *err)
{
    FL_AUTO_FREE double *rank = calloc(n ? n : 1, sizeof *rank);
    FL_AUTO_FREE double *of_referrers = calloc(n ? n : 1, sizeof *of_referrers);
    FL_AUTO_FREE uint32_t *at = calloc(n ? n : 1, sizeof *at);
    FL_AUTO_FREE bool *has_referred = calloc(n ? n : 1, sizeof *has_referred);
    enum fl_status st;
    size_t k = 0;

    if (!rank || !of_referrers || !at || !has_referred)
        return fl_error_set(err, FL_IO, "no memory for the referrals of %zu customers", n);
    st = fl_page_rank(n, referrals, n_referrals, rank, err);
    if (st)
        return st;
    for (size_t i = 0; i < n_referrals; i++) {
        if (referrals[i].referrer != referrals[i].referred)
            has_referred[referrals[i].referrer] = true;
    }
    for (size_t i = 0; i < n; i++) {
        if (has_referred[i]) {
            of_referrers[k] = rank[i];
            at[k++] = (uint32_t)i;
        }
    }
    return mark_above(of_referrers, k, percentile, 0, at, FL_KEY_LEADER, flags, err);
}

enum fl_status fl_key_customers(const struct fl_key_settings *settings, const double *margin,
                                const uint32_t *exchanges, size_t n,
                                const struct fl_referral *referrals, size_t n_referrals,
                                uint8_t *flags, struct fl_error *err)
{
    enum fl_status st = mark_contribution(settings->contribution_share, margin, n, flags, err);

    if (!st)
        st = mark_exchange(settings->exchange_percentile, exchanges, n, flags, err);
    if (!st && n_referrals)
        st = mark_leaders(settings->leader_percentile, n, referrals, n_referrals, flags, err);
    return st;
}
