/* Customer value: sums, what a segment thinks, derived weights, lines that add up. */
#include "unit.h"

#include <math.h>

#include "people/people_random.h"
#include "value/customer_value.h"

static bool near(double a, double b, double within)
{
    if (!(fabs(a - b) <= within))
        print_message("%.17g against %.17g\n", a, b);
    return fabs(a - b) <= within;
}

static double uniform(struct people_random *random)
{
    return ((double)(people_random_u64(random) >> 11) + 0.5) * 0x1p-53;
}

static double normal(struct people_random *random)
{
    double u = uniform(random);

    return sqrt(-2 * log(u)) * cos(2 * M_PI * uniform(random));
}

static void test_names(void **state)
{
    enum fl_aspect item = FL_ASPECT_BRAND;

    (void)state;
    for (int k = 0; k < FL_ASPECTS; k++) {
        assert_true(fl_aspect_parse(fl_aspect_key((enum fl_aspect)k), &item));
        assert_int_equal(item, k);
    }
    assert_string_equal(fl_aspect_key(FL_ASPECT_CONVENIENCE), "convenience");
    assert_false(fl_aspect_parse("taste", &item));
    assert_false(fl_aspect_parse(NULL, &item));
    assert_int_equal(item, FL_ASPECTS - 1);
}

/* Worked by hand: EV 500 + 20 x 10 + 0.7 x 300 + 90, SpV 10000 x 0.05 x 0.4, C 250 + 3 x 40 +
 * (60 - 52) x 15. */
static void test_sums(void **state)
{
    struct fl_customer_value_settings settings;
    struct fl_customer_facts facts = {.spend_minor = 10000,
                                      .discount_minor = 500,
                                      .points = 20,
                                      .gift_minor = 300,
                                      .saved_minor = 90,
                                      .fee_minor = 250,
                                      .waited_hours = 3,
                                      .contacts = 60};
    struct fl_aspect_prior prior = {0};
    struct fl_customer_value value;

    (void)state;
    fl_customer_value_defaults(&settings);
    assert_true(near(settings.gift_share, 0.7, 0));
    assert_true(near(settings.welcome_contacts, 52, 0));
    settings.point_value = 10;
    settings.hour_value = 40;
    settings.contact_burden = 15;
    facts.items[FL_ASPECT_BRAND] =
        (struct fl_aspect_answer){.is_known = true, .score = 0.4, .n = 4, .event = 7};
    prior.is_known[FL_ASPECT_BRAND] = true;
    prior.variance[FL_ASPECT_BRAND] = 0.04;
    fl_customer_value_of(&settings, &facts, &prior, &value);
    assert_true(near(value.ev, 1000, 1e-9));
    assert_true(near(value.spv, 200, 1e-9));
    assert_true(near(value.cost, 490, 1e-9));
    assert_true(near(value.cv, 710, 1e-9));
    assert_true(near(value.sd, 500 * 0.1, 1e-9)); /* 0.04 / 4 answers */
    assert_false(value.is_estimated);

    facts.contacts = 52; /* all of them welcome */
    fl_customer_value_of(&settings, &facts, &prior, &value);
    assert_true(near(value.cost, 370, 1e-9));
    facts.spend_minor = -10000; /* sent back more than bought */
    fl_customer_value_of(&settings, &facts, &prior, &value);
    assert_true(near(value.spv, 0, 0));
    assert_true(near(value.sd, 0, 0));
}

static void test_estimated(void **state)
{
    struct fl_customer_value_settings settings;
    struct fl_customer_facts facts = {.spend_minor = 10000};
    struct fl_aspect_prior prior = {0};
    struct fl_customer_value value;

    (void)state;
    fl_customer_value_defaults(&settings);
    fl_customer_value_of(&settings, &facts, &prior, &value);
    assert_true(near(value.spv, 0, 0)); /* nobody answered */
    assert_true(near(value.sd, 0, 0));
    assert_true(value.is_estimated);
    prior.is_known[FL_ASPECT_SAFETY] = true;
    prior.mean[FL_ASPECT_SAFETY] = -0.2;
    prior.variance[FL_ASPECT_SAFETY] = 0.09;
    fl_customer_value_of(&settings, &facts, &prior, &value);
    assert_true(near(value.spv, -100, 1e-9));
    assert_true(near(value.sd, 150, 1e-9));
    assert_true(value.is_estimated);
    /* The first to answer a question at all. */
    facts.items[FL_ASPECT_BRAND] =
        (struct fl_aspect_answer){.is_known = true, .score = 0.5, .n = 1};
    fl_customer_value_of(&settings, &facts, &prior, &value);
    assert_true(near(value.spv, 150, 1e-9));
    assert_true(near(value.sd, hypot(150, 500 * sqrt(FL_ASPECT_VARIANCE_UNKNOWN)), 1e-9));
    assert_false(value.is_estimated);
}

static void test_moments(void **state)
{
    static const double scores[] = {0.5, -0.25, 0.25, 0, 0.5};
    struct fl_aspect_moments moments = {0};

    (void)state;
    for (size_t i = 0; i < 5; i++)
        fl_aspect_moments_add(&moments, scores[i]);
    assert_true(near(moments.n, 5, 0));
    assert_true(near(moments.mean, 0.2, 1e-12));
    assert_true(near(moments.m2, 0.425, 1e-12));
}

/* Nobody, one segment alone, everybody of one mind. */
static void test_prior_edges(void **state)
{
    struct fl_aspect_moments segments[3][FL_ASPECTS] = {0};
    struct fl_aspect_prior priors[3];

    (void)state;
    fl_aspect_priors(segments, 3, priors);
    assert_false(priors[0].is_known[FL_ASPECT_SAFETY]);

    fl_aspect_moments_add(&segments[1][FL_ASPECT_SAFETY], 0.3);
    fl_aspect_priors(segments, 3, priors);
    for (int s = 0; s < 3; s++) {
        assert_true(priors[s].is_known[FL_ASPECT_SAFETY]);
        assert_false(priors[s].is_known[FL_ASPECT_BRAND]);
        assert_true(near(priors[s].mean[FL_ASPECT_SAFETY], 0.3, 1e-12));
        assert_true(priors[s].variance[FL_ASPECT_SAFETY] >= FL_ASPECT_VARIANCE_UNKNOWN);
    }
    for (int i = 0; i < 9; i++)
        fl_aspect_moments_add(&segments[1 + i % 2][FL_ASPECT_BRAND], 0.25);
    fl_aspect_priors(segments, 3, priors);
    for (int s = 0; s < 3; s++) {
        assert_true(near(priors[s].mean[FL_ASPECT_BRAND], 0.25, 1e-12));
        assert_true(near(priors[s].variance[FL_ASPECT_BRAND], 0, 1e-12));
    }
}

/* By hand: means 0.1 and 0.3 of 4 each, m2 0.06 each: within 0.12 / 6 = 0.02, outside 0.08, between
 * (0.08 - 0.02) / 4 = 0.015, B = 0.005 / 0.020. */
static void test_prior_by_hand(void **state)
{
    struct fl_aspect_moments segments[3][FL_ASPECTS] = {0};
    struct fl_aspect_prior priors[3];

    (void)state;
    segments[0][0] = (struct fl_aspect_moments){.n = 4, .mean = 0.1, .m2 = 0.06};
    segments[2][0] = (struct fl_aspect_moments){.n = 4, .mean = 0.3, .m2 = 0.06};
    fl_aspect_priors(segments, 3, priors);
    assert_true(near(priors[0].mean[0], 0.125, 1e-12));
    assert_true(near(priors[1].mean[0], 0.2, 1e-12));
    assert_true(near(priors[2].mean[0], 0.275, 1e-12));
    assert_true(near(priors[0].variance[0], 0.02 + 0.25 * 0.015 + 0.01 / 16, 1e-12));
    assert_true(near(priors[1].variance[0], 0.02 + 0.015 + 0.01, 1e-12));
}

/* Segments of unequal size: the estimates are right on average, closer to the truth than the
 * segment's own mean, and their variance is what they really miss by. */
static void test_prior_simulated(void **state)
{
    enum { SEGMENTS = 12, DRAWS = 400, SILENT = SEGMENTS - 1 };
    const double grand = 0.08, between = 0.01, within = 0.04;
    struct people_random random = {.state = 200211131};
    double off = 0, missed = 0, own = 0, claimed = 0, around = 0;

    (void)state;
    for (int draw = 0; draw < DRAWS; draw++) {
        struct fl_aspect_moments segments[SEGMENTS][FL_ASPECTS] = {0};
        struct fl_aspect_prior priors[SEGMENTS];
        double truth[SEGMENTS];

        for (int s = 0; s < SEGMENTS; s++) {
            truth[s] = grand + sqrt(between) * normal(&random);
            for (int i = 0; s != SILENT && i < 2 + 3 * s; i++)
                fl_aspect_moments_add(&segments[s][1], truth[s] + sqrt(within) * normal(&random));
        }
        fl_aspect_priors(segments, SEGMENTS, priors);
        off += (priors[SILENT].mean[1] - grand) / DRAWS;
        for (int s = 0; s < SILENT; s++) {
            double customer = truth[s] + sqrt(within) * normal(&random);

            missed += pow(priors[s].mean[1] - truth[s], 2) / DRAWS / SILENT;
            own += pow(segments[s][1].mean - truth[s], 2) / DRAWS / SILENT;
            claimed += priors[s].variance[1] / DRAWS / SILENT;
            around += pow(customer - priors[s].mean[1], 2) / DRAWS / SILENT;
        }
    }
    assert_true(near(off, 0, 4 * sqrt(between / 10 / DRAWS)));
    assert_true(missed < 0.8 * own);
    assert_true(near(claimed / around, 1, 0.08));
}

static void test_weights(void **state)
{
    static const double slope[FL_ASPECTS] = {0.5, 0, 0.25, -0.2, 0.25};
    static const double configured[FL_ASPECTS] = {0.05, 0.05, 0.05, 0.05, 0.05};
    static struct fl_aspect_row rows[2000];
    struct people_random random = {.state = 77};
    struct fl_aspect_weights weights;
    double sum = 0;

    (void)state;
    for (size_t i = 0; i < 2000; i++) {
        rows[i].value_for_money = 0.1;
        for (int k = 0; k < FL_ASPECTS; k++) {
            rows[i].score[k] = uniform(&random) - 0.5;
            rows[i].value_for_money += slope[k] * rows[i].score[k];
        }
    }
    assert_true(fl_aspect_weights_derive(rows, 2000, configured, &weights));
    for (int k = 0; k < FL_ASPECTS; k++) {
        assert_true(near(weights.coefficient[k], slope[k], 1e-10));
        assert_true(weights.se[k] < 1e-7);
        assert_true(near(weights.weight[k], fmax(slope[k], 0) * 0.25, 1e-10));
        sum += weights.weight[k];
    }
    assert_true(near(sum, 0.25, 1e-12));
    assert_true(near(weights.r2, 1, 1e-12));
    /* The standard errors are those of the noise: 1 / 12 the variance of a score. */
    for (size_t i = 0; i < 2000; i++)
        rows[i].value_for_money += 0.2 * normal(&random);
    assert_true(fl_aspect_weights_derive(rows, 2000, configured, &weights));
    for (int k = 0; k < FL_ASPECTS; k++) {
        assert_true(near(weights.se[k], 0.2 / sqrt(2000 / 12.0), 0.001));
        assert_true(near(weights.coefficient[k], slope[k], 5 * weights.se[k]));
    }
    assert_true(weights.r2 > 0.3 && weights.r2 < 0.7);
}

static void test_weights_refused(void **state)
{
    static const double configured[FL_ASPECTS] = {0.05, 0.05, 0.05, 0.05, 0.05};
    struct people_random random = {.state = 88};
    struct fl_aspect_row rows[100];
    struct fl_aspect_weights weights = {.n = 4711};

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        for (int k = 0; k < FL_ASPECTS; k++)
            rows[i].score[k] = uniform(&random) - 0.5;
        rows[i].value_for_money = rows[i].score[0];
    }
    assert_false(fl_aspect_weights_derive(rows, FL_ASPECT_ROWS_MIN - 1, configured, &weights));
    assert_true(fl_aspect_weights_derive(rows, FL_ASPECT_ROWS_MIN, configured, &weights));
    weights.n = 4711;
    for (size_t i = 0; i < 100; i++) /* worth nothing, or less */
        rows[i].value_for_money = -rows[i].score[0] - rows[i].score[1] - rows[i].score[2] -
                                  rows[i].score[3] - rows[i].score[4];
    assert_false(fl_aspect_weights_derive(rows, 100, configured, &weights));
    for (size_t i = 0; i < 100; i++)
        rows[i].score[2] = rows[i].score[1] - rows[i].score[4];
    assert_false(fl_aspect_weights_derive(rows, 100, configured, &weights));
    for (size_t i = 0; i < 100; i++)
        rows[i].score[2] = 0.25;
    assert_false(fl_aspect_weights_derive(rows, 100, configured, &weights));
    for (size_t i = 0; i < 100; i++) {
        rows[i].score[2] = uniform(&random) - 0.5;
        rows[i].value_for_money = 0.5;
    }
    assert_false(fl_aspect_weights_derive(rows, 100, configured, &weights));
    assert_int_equal(weights.n, 4711);
}

static int64_t sum_of(const struct fl_value_line *lines, size_t n)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += lines[i].minor;
    return sum;
}

static void test_lines(void **state)
{
    struct fl_value_line lines[4] = {{.exact = 0.4}, {.exact = 0.4}, {.exact = 0.4}, {.exact = -7}};

    (void)state;
    fl_value_lines_round(lines, 3, 1.2);
    assert_int_equal(lines[0].minor, 1); /* ties: the line before */
    assert_int_equal(lines[1].minor, 0);
    assert_int_equal(lines[2].minor, 0);
    fl_value_lines_round(lines, 4, -5.8);
    assert_int_equal(sum_of(lines, 4), -6);
    assert_int_equal(lines[3].minor, -7);
    fl_value_lines_round(lines, 4, 9); /* no account of the total, and still adding up */
    assert_int_equal(sum_of(lines, 4), 9);
    fl_value_lines_round(lines, 4, -100);
    assert_int_equal(sum_of(lines, 4), -100);
    fl_value_lines_round(lines, 0, 3);
    lines[0].exact = NAN;
    lines[1].exact = INFINITY;
    lines[2].exact = -1e300;
    fl_value_lines_round(lines, 4, 5);
    assert_int_equal(sum_of(lines, 4), 5);
}

/* Any lines, also negative and tiny: the sum is exact, and none is a whole unit off. */
static void test_lines_any(void **state)
{
    enum { LINES = 40 };
    struct people_random random = {.state = 35};
    struct fl_value_line lines[LINES];

    (void)state;
    for (int draw = 0; draw < 2000; draw++) {
        size_t n = 1 + (size_t)(uniform(&random) * LINES);
        double total = 0;

        for (size_t i = 0; i < n; i++) {
            double scale = pow(10, 18 * uniform(&random) - 9);

            lines[i].exact = scale * (uniform(&random) - 0.5);
            total += lines[i].exact;
        }
        fl_value_lines_round(lines, n, total);
        assert_int_equal(sum_of(lines, n), llround(total));
        for (size_t i = 0; i < n; i++)
            assert_true(near((double)lines[i].minor, lines[i].exact, 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),           cmocka_unit_test(test_sums),
        cmocka_unit_test(test_estimated),       cmocka_unit_test(test_moments),
        cmocka_unit_test(test_prior_edges),     cmocka_unit_test(test_prior_by_hand),
        cmocka_unit_test(test_prior_simulated), cmocka_unit_test(test_weights),
        cmocka_unit_test(test_weights_refused), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
