/* value: treated against hold-out. */
#include "unit.h"

#include <math.h>

#include "draws.h"
#include "value/effect.h"

static const double LEVEL = 0.95;

static struct fl_effect_group group_of(const double *changes, size_t n)
{
    struct fl_effect_group group = {0};

    for (size_t i = 0; i < n; i++)
        fl_effect_add(&group, changes[i]);
    return group;
}

static struct fl_effect_group normal_group(struct draws *draws, size_t n, double mean, double sd)
{
    struct fl_effect_group group = {0};

    for (size_t i = 0; i < n; i++)
        fl_effect_add(&group, mean + sd * draw_normal(draws));
    return group;
}

static void groups_have_mean_and_squares_in_any_order(void **state)
{
    static const double up[] = {1, 2, 4, 8, 1e6}, down[] = {1e6, 8, 4, 2, 1};
    struct fl_effect_group a = group_of(up, 5), b = group_of(down, 5);
    double mean = (1 + 2 + 4 + 8 + 1e6) / 5, m2 = 0;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        m2 += (up[i] - mean) * (up[i] - mean);
    assert_near(a.mean, mean, 1e-6);
    assert_near(b.mean, mean, 1e-6);
    assert_near(a.m2 / m2, 1, 1e-12);
    assert_near(b.m2 / m2, 1, 1e-12);
    fl_effect_add(&a, NAN);
    fl_effect_add(&a, INFINITY);
    assert_near(a.n, 5, 0);
    assert_near(a.mean, mean, 1e-6);
}

/* Expected: Student's density integrated by Simpson's rule, the quantile by bisection. */
static void interval_is_welchs(void **state)
{
    struct fl_effect_group a = {0}, b = {0};
    struct fl_effect one, four;

    (void)state;
    for (int i = 0; i < 25; i++)
        fl_effect_add(&a, (i * i) % 17 + 0.5 * i);
    for (int i = 0; i < 40; i++)
        fl_effect_add(&b, (3 * i * i) % 29 - 0.2 * i);
    one = fl_effect_of(&a, &b, LEVEL, 1);
    assert_near(one.difference, 3.89, 1e-12);
    assert_near(one.low, 0.04524450205653752, 1e-9);
    assert_near(one.high, 7.734755497943464, 1e-9);
    assert_near(one.p_value, 0.04745171540751747, 1e-9);
    assert_int_equal(one.verdict, FL_EFFECT_ROSE);
    /* With four measures the same difference is no longer enough. */
    four = fl_effect_of(&a, &b, LEVEL, 4);
    assert_near(four.low, -1.062852267074775, 1e-9);
    assert_near(four.high, 8.842852267074775, 1e-9);
    assert_near(four.p_value, 4 * 0.04745171540751747, 1e-8);
    assert_int_equal(four.verdict, FL_EFFECT_UNDECIDED);
    /* The other way round it is as far on the other side. */
    four = fl_effect_of(&b, &a, LEVEL, 1);
    assert_int_equal(four.verdict, FL_EFFECT_FELL);
    assert_near(four.high, -one.low, 1e-12);
}

static void large_groups_have_the_normal_quantile(void **state)
{
    struct fl_effect_group a = {.n = 5e5, .mean = 0.01, .m2 = 5e5 - 1};
    struct fl_effect_group b = {.n = 5e5, .mean = 0, .m2 = 5e5 - 1};
    struct fl_effect effect = fl_effect_of(&a, &b, LEVEL, 1);

    (void)state;
    assert_near((effect.high - effect.difference) / sqrt(4e-6), 1.959963985, 1e-5);
    assert_int_equal(effect.verdict, FL_EFFECT_ROSE);
}

static void too_few_is_said(void **state)
{
    struct draws draws = {1};
    struct fl_effect_group enough = normal_group(&draws, FL_EFFECT_MIN, 5, 1);
    struct fl_effect_group few = normal_group(&draws, FL_EFFECT_MIN - 1, 0, 1), none = {0};
    struct fl_effect effect = fl_effect_of(&enough, &few, LEVEL, 1);
    char text[200];

    (void)state;
    assert_int_equal(effect.verdict, FL_EFFECT_NOT_ENOUGH);
    assert_true(isnan(effect.difference) && isnan(effect.low) && isnan(effect.p_value));
    assert_near(effect.holdout_mean, few.mean, 0);
    fl_effect_sentence(&effect, "ce", text, sizeof text);
    assert_string_equal(text,
                        "not enough data on ce: 20 treated and 19 held out were scored before "
                        "and after, expected 20 of each");
    effect = fl_effect_of(&none, &enough, LEVEL, 1);
    assert_int_equal(effect.verdict, FL_EFFECT_NOT_ENOUGH);
    assert_true(isnan(effect.treated_mean));
    effect = fl_effect_of(&enough, &enough, LEVEL, 1);
    assert_int_equal(effect.verdict, FL_EFFECT_UNDECIDED);
}

static void groups_without_spread_are_compared_plainly(void **state)
{
    struct fl_effect_group same = {.n = 30, .mean = 0.1}, other = {.n = 40, .mean = 0.2};
    struct fl_effect effect = fl_effect_of(&same, &same, LEVEL, 4);

    (void)state;
    assert_int_equal(effect.verdict, FL_EFFECT_UNDECIDED);
    assert_near(effect.low, 0, 0);
    assert_near(effect.p_value, 1, 0);
    effect = fl_effect_of(&same, &other, LEVEL, 4);
    assert_int_equal(effect.verdict, FL_EFFECT_FELL);
    assert_near(effect.p_value, 0, 0);
}

static void sentences_round_to_what_is_known(void **state)
{
    struct fl_effect effect = {
        .difference = 0.03114, .low = 0.01211, .high = 0.05017, .verdict = FL_EFFECT_ROSE};
    char text[200];

    (void)state;
    fl_effect_sentence(&effect, "ce", text, sizeof text);
    assert_string_equal(text, "ce rose by 0.031 (0.012 to 0.050) against the hold-out");
    effect = (struct fl_effect){
        .difference = -1234.4, .low = -2000.6, .high = -468.2, .verdict = FL_EFFECT_FELL};
    fl_effect_sentence(&effect, "CE", text, sizeof text);
    assert_string_equal(text, "CE fell by 1234 (468 to 2001) against the hold-out");
    effect = (struct fl_effect){
        .difference = 0.5, .low = -1.25, .high = 2.25, .verdict = FL_EFFECT_UNDECIDED};
    fl_effect_sentence(&effect, "cv", text, sizeof text);
    assert_string_equal(text, "no conclusion on cv: a difference of 0.5 (-1.2 to 2.2) from the "
                              "hold-out may be chance");
    for (int i = FL_EFFECT_NOT_ENOUGH; i <= FL_EFFECT_FELL; i++)
        assert_true(strlen(fl_effect_verdict_name((enum fl_effect_verdict)i)) > 3);
    /* A short buffer is cut, not overrun. */
    fl_effect_sentence(&effect, "cv", text, 8);
    assert_string_equal(text, "no conc");
}

/* How often, of many simulated campaigns, something holds; sizes and spreads are unequal, as those
 * of a hold-out are. */
enum { RUNS = 10000 };
struct tally {
    int n_concluded, n_covered;
};
static struct tally simulate(double effect, int n_tests)
{
    struct tally tally = {0};

    for (uint64_t run = 0; run < RUNS; run++) {
        struct draws draws = {1000 + run};
        bool is_concluded = false, is_covered = true;

        for (int i = 0; i < n_tests; i++) {
            struct fl_effect_group treated = normal_group(&draws, 180, 0.3 + effect, 1.5);
            struct fl_effect_group holdout = normal_group(&draws, 25, 0.3, 0.8);
            struct fl_effect out = fl_effect_of(&treated, &holdout, LEVEL, n_tests);

            is_concluded |= out.verdict == FL_EFFECT_ROSE || out.verdict == FL_EFFECT_FELL;
            is_covered &= out.low <= effect && effect <= out.high;
        }
        tally.n_concluded += is_concluded;
        tally.n_covered += is_covered;
    }
    return tally;
}

/* Three standard errors of a share of 5 % in so many runs. */
static const double SLACK = 0.0066;

static void noise_is_no_effect(void **state)
{
    struct tally one = simulate(0, 1), four = simulate(0, 4);

    (void)state;
    assert_near((double)one.n_concluded / RUNS, 0.05, SLACK);
    /* Bonferroni keeps all four together at or below it. */
    assert_true((double)four.n_concluded / RUNS <= 0.05 + SLACK);
    assert_true(four.n_concluded > 0);
}

static void intervals_cover_the_truth(void **state)
{
    struct tally one = simulate(0.4, 1), four = simulate(0.4, 4);

    (void)state;
    assert_near((double)one.n_covered / RUNS, LEVEL, SLACK);
    assert_near((double)four.n_covered / RUNS, LEVEL, SLACK);
    /* And an effect that is there is found more often than not. */
    assert_in_range(one.n_concluded, RUNS / 2, RUNS - 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_have_mean_and_squares_in_any_order),
        cmocka_unit_test(interval_is_welchs),
        cmocka_unit_test(large_groups_have_the_normal_quantile),
        cmocka_unit_test(too_few_is_said),
        cmocka_unit_test(groups_without_spread_are_compared_plainly),
        cmocka_unit_test(sentences_round_to_what_is_known),
        cmocka_unit_test(noise_is_no_effect),
        cmocka_unit_test(intervals_cover_the_truth),
    };

    return cmocka_run_group_tests_name("effect", tests, NULL, NULL);
}
