/*
 * Customer value: what the relationship is worth to the customer, in money, over a trailing window.
 *
 *     CV = (EV + SpV) - C       Park & Kim 2002, table 1
 *
 * EV   discounts + points x point value + gifts x perceived share + (reference - paid) x quantity
 * SpV  S x sum_k w_k (s_k - neutral_k) / range_k, S the spend in the window, items k from surveys
 * C    fees and shipping + hours waited for complaints x value of an hour
 *      + contacts above what was welcome x burden
 *
 * Every component is a sum of lines that name their event; the parts here are computed from sums,
 * and fl_customer_value_lines() gives lines that add up to them to the minor unit.  Pure.
 */
#ifndef FL_VALUE_CUSTOMER_VALUE_H
#define FL_VALUE_CUSTOMER_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fl_aspect { /* survey items that carry social-psychological value */
                 FL_ASPECT_CONVENIENCE = 0,
                 FL_ASPECT_SAFETY,
                 FL_ASPECT_BRAND,
                 FL_ASPECT_USEFULNESS, /* of what we send */
                 FL_ASPECT_SATISFACTION
};
enum { FL_ASPECTS = FL_ASPECT_SATISFACTION + 1 };
const char *fl_aspect_key(enum fl_aspect item); /* the survey's key: "convenience", ... */
bool fl_aspect_parse(const char *key, enum fl_aspect *out);

struct fl_customer_value_settings {
    double point_value;      /* minor units a point; default 1 */
    double gift_share;       /* of a gift's cost that is perceived; default 0.7 */
    double hour_value;       /* minor units an hour waited */
    double contact_burden;   /* minor units a contact above the welcome ones */
    double welcome_contacts; /* in a window; default 52 */
    double
        aspect_weight[FL_ASPECTS]; /* share of the spend for an item's full range; default 0.05 */
};
void fl_customer_value_defaults(struct fl_customer_value_settings *out);

/* An item on [-1/2, 1/2]: (v - neutral) / range with neutral the middle of its scale. */
struct fl_aspect_answer {
    bool is_known;
    double score;
    int n;         /* answers it is the mean of */
    int64_t event; /* the latest */
};

/* Sums over the window for one customer. */
struct fl_customer_facts {
    int64_t spend_minor; /* paid, less refunds; below 0 counts as 0 for SpV */
    int64_t discount_minor, gift_minor, saved_minor, fee_minor; /* fee: with shipping */
    int64_t points;
    double waited_hours;
    int64_t contacts; /* of ours, delivered */
    struct fl_aspect_answer items[FL_ASPECTS];
};

/* Mean score of an item in the customer's segment, shrunk toward everybody's by empirical Bayes:
 * mean = B grand + (1 - B) segment, B = within / n / (within / n + between).  Morris 1983.
 * The variance of one customer around it is within + B between + B^2 Var(grand). */
struct fl_aspect_prior {
    double mean[FL_ASPECTS];
    double variance[FL_ASPECTS]; /* of one customer around it */
    bool is_known[FL_ASPECTS];   /* somebody answered */
};
/* Of a score of which nothing is known but its scale: uniform on [-1/2, 1/2]. */
#define FL_ASPECT_VARIANCE_UNKNOWN (1.0 / 12)
struct fl_aspect_moments { /* of one segment, one item; add the answers' mean of each customer */
    double n, mean, m2;
};
void fl_aspect_moments_add(struct fl_aspect_moments *moments, double score);
/* `segments[s][k]`; out: one prior a segment.  Segments without answers get the grand mean. */
void fl_aspect_priors(const struct fl_aspect_moments (*segments)[FL_ASPECTS], size_t n_segments,
                      struct fl_aspect_prior *out);

struct fl_customer_value {
    double ev, spv, cost, cv; /* minor units */
    double sd;                /* of cv, from the survey items */
    bool is_estimated;        /* no answer of the customer's own: SpV from the segment */
};
/* An item nobody answered counts 0.  `sd`: an own answer has the prior's variance / n of answers,
 * an estimated one the prior's variance. */
void fl_customer_value_of(const struct fl_customer_value_settings *settings,
                          const struct fl_customer_facts *facts,
                          const struct fl_aspect_prior *prior, struct fl_customer_value *out);

/* Weights from stated value-for-money: ordinary least squares of it on the items, negative ones 0,
 * scaled so that they sum to the configured weights' sum.  False, `out` untouched: fewer than
 * FL_ASPECT_ROWS_MIN complete rows, a singular design, or no item that counts for anything. */
struct fl_aspect_row {
    double score[FL_ASPECTS]; /* complete rows only */
    double value_for_money;   /* on [-1/2, 1/2] */
};
enum { FL_ASPECT_ROWS_MIN = 50 };
struct fl_aspect_weights {
    double weight[FL_ASPECTS], coefficient[FL_ASPECTS], se[FL_ASPECTS];
    double r2;
    size_t n;
};
bool fl_aspect_weights_derive(const struct fl_aspect_row *rows, size_t n, const double *configured,
                              struct fl_aspect_weights *out);

/* ---- lines for `explain` ----------------------------------------------------------------------*/
enum fl_value_side { FL_SIDE_ECONOMIC = 0, FL_SIDE_SOCIAL, FL_SIDE_COST };
struct fl_value_line {
    enum fl_value_side side;
    const char
        *kind;     /* "discount", "points", "gift", "reference price", "convenience", "fee", ... */
    int64_t event; /* transaction, feedback, complaint or message id; 0: of a segment or sum */
    double quantity; /* points, hours, contacts, item score ... */
    double unit;     /* minor units each, or weight x spend for an item */
    double exact;    /* quantity x unit */
    int64_t minor;   /* shown; the lines of all sides add up to the rounded total exactly */
};
/* Sets `minor` of each line by largest remainders so that their sum is llround(total); ties go to
 * the line before.  What a cost takes has a negative `exact`.  Amounts stay within 2^53; what is no
 * number counts 0. */
void fl_value_lines_round(struct fl_value_line *lines, size_t n, double total);

#endif
