/* Position: ranks, zones, strategies, key customers, segments. */
#include "unit.h"

#include <math.h>

#include "people/people_random.h"
#include "value/position.h"

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

/* The definition, in n steps a value. */
static double mid_rank(const double *values, size_t n, double value)
{
    double below = 0, equal = 0;

    for (size_t i = 0; i < n; i++) {
        below += values[i] < value;
        equal += values[i] <= value && values[i] >= value;
    }
    return (below + equal / 2) / (double)n;
}

static void test_ranks(void **state)
{
    static const double values[] = {3, -1, 3, 0.0, 7.5, -0.0, -INFINITY, INFINITY, 3, 1e-300};
    enum { N = sizeof values / sizeof *values };
    double ranks[N];
    struct fl_error err = {0};

    (void)state;
    assert_ok(fl_position_ranks(values, N, ranks, &err));
    for (size_t i = 0; i < N; i++)
        assert_true(near(ranks[i], mid_rank(values, N, values[i]), 1e-15));
    assert_true(near(ranks[0], 0.65, 1e-15));
    assert_ok(fl_position_ranks(values, 1, ranks, &err));
    assert_true(near(ranks[0], 0.5, 0));
}

/* Ranks do not know the currency, nor any other growing measure. */
static void test_ranks_invariant(void **state)
{
    enum { N = 5000 };
    static double values[N], others[N], ranks[N], again[N];
    struct people_random random = {.state = 12};
    struct fl_error err = {0};
    double sum = 0;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        values[i] = floor(2000 * (uniform(&random) - 0.5));
        others[i] = atan(values[i] * 1350.7 / 1000) * 1e9 - 5;
    }
    assert_ok(fl_position_ranks(values, N, ranks, &err));
    assert_ok(fl_position_ranks(others, N, again, &err));
    assert_memory_equal(ranks, again, sizeof ranks);
    for (size_t i = 0; i < N; i++) {
        assert_true(ranks[i] > 0 && ranks[i] < 1);
        sum += ranks[i];
    }
    assert_true(near(sum / N, 0.5, 1e-12));
    for (size_t i = 0; i < N; i += 97)
        assert_true(near(ranks[i], mid_rank(values, N, values[i]), 1e-15));
    assert_ok(fl_position_sort(others, N, &err));
    for (size_t i = 1; i < N; i++)
        assert_true(others[i - 1] <= others[i]);
}

static void test_reference_small(void **state)
{
    double values[] = {-5, 0, 0, 0, 2, 9};
    struct fl_reference reference;

    (void)state;
    fl_reference_init(&reference, values, 6);
    for (size_t i = 0; i < 6; i++)
        assert_true(
            near(fl_reference_rank(&reference, values[i]), mid_rank(values, 6, values[i]), 1e-15));
    assert_true(near(fl_reference_rank(&reference, 1), 4 / 6.0, 1e-15));
    assert_true(near(fl_reference_rank(&reference, -6), 1 / 12.0, 1e-15));
    assert_true(near(fl_reference_rank(&reference, 10), 11 / 12.0, 1e-15));
    fl_reference_init(&reference, values, 1);
    assert_true(near(fl_reference_rank(&reference, -5), 0.5, 0));
    fl_reference_init(&reference, values, 0);
    assert_true(near(fl_reference_rank(&reference, 3), 0.5, 0));
}

/* A large population with many equal customers: within 1 / 1024 of the exact rank, never falling.
 */
static void test_reference_large(void **state)
{
    enum { N = 50000 };
    static double values[N], ranks[N];
    struct people_random random = {.state = 44};
    struct fl_reference reference;
    struct fl_error err = {0};
    double before = 0, worst = 0;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        double u = uniform(&random);

        values[i] = u < 0.4 ? 0 : u < 0.45 ? 1e4 : pow(uniform(&random), -3) - 20;
    }
    assert_ok(fl_position_sort(values, N, &err));
    assert_ok(fl_position_ranks(values, N, ranks, &err));
    fl_reference_init(&reference, values, N);
    assert_int_equal(reference.n, FL_REFERENCE_SIZE);
    for (size_t i = 0; i < N; i++) {
        double rank = fl_reference_rank(&reference, values[i]);

        worst = fmax(worst, fabs(rank - ranks[i]));
        assert_true(rank >= before && rank > 0 && rank < 1);
        before = rank;
    }
    assert_true(worst <= 1.0 / FL_REFERENCE_SIZE);
    assert_true(near(fl_reference_rank(&reference, -1e9), 0.5 / N, 1e-15));
    assert_true(near(fl_reference_rank(&reference, INFINITY), 1 - 0.5 / N, 1e-15));
}

static void test_money(void **state)
{
    (void)state;
    assert_true(near(fl_position_money(300, 300), 0.5, 1e-15));
    assert_true(near(fl_position_money(300 * M_E, 300), 0.841344746, 1e-9));
    assert_true(near(fl_position_money(300 * M_E, 300), fl_position_money(7e5 * M_E, 7e5), 1e-12));
    assert_true(fl_position_money(-50, 300) > 0);
    assert_true(fl_position_money(1e300, -4) < 1);
}

static struct fl_position place(double cv, double ce, double sd_cv, double sd_ce)
{
    struct fl_position_settings settings;
    struct fl_position position;

    fl_position_defaults(&settings);
    fl_position_of(&settings, cv, ce, sd_cv, sd_ce, &position);
    return position;
}

static void test_zones(void **state)
{
    struct fl_position_settings settings;
    struct fl_position position = place(0.9, 0.2, 0, 0);

    (void)state;
    assert_int_equal(position.zone, FL_ZONE_I);
    assert_true(near(position.distance, 0.7 / sqrt(2), 1e-12));
    assert_true(near(position.certainty, 1, 0));
    assert_true(position.is_high);
    assert_int_equal(place(0.2, 0.9, 0, 0).zone, FL_ZONE_II);
    position = place(0.3, 0.4, 0, 0);
    assert_int_equal(position.zone, FL_ZONE_III);
    assert_false(position.is_high);
    /* Beyond the band by one and by half a standard deviation of d. */
    position = place(0.5 + 0.25 * sqrt(2), 0.5, 0.1 * sqrt(2), 0);
    assert_true(near(position.certainty, 0.841344746, 1e-6));
    assert_int_equal(position.zone, FL_ZONE_I);
    position = place(0.5 + 0.20 * sqrt(2), 0.5, 0, 0.1 * sqrt(2));
    assert_int_equal(position.zone, FL_ZONE_III);
    assert_true(near(position.certainty, 1 - 0.691462461 - 0.000232629, 1e-6));
    assert_int_equal(place(NAN, 0.5, 0, 0).zone, FL_ZONE_N);
    assert_int_equal(place(0.9, 0.2, NAN, 0).zone, FL_ZONE_N);

    fl_position_defaults(&settings);
    settings.intercept = 0.2; /* what is asked of the firm's side is more */
    settings.slope = 0.5;
    fl_position_of(&settings, 0.6, 0.5, 0.2, 0.1, &position);
    assert_true(near(position.distance, 0, 1e-12));
    fl_position_of(&settings, 0.6, 0.1, 0.2, 0.1, &position);
    assert_true(near(position.distance, 0.4 / sqrt(1.25), 1e-12));
    assert_true(near(position.certainty,
                     erfc(-(0.4 / sqrt(1.25) - 0.15) / (sqrt(0.02) / sqrt(1.25)) / sqrt(2)) / 2,
                     1e-12));
}

/* On a grid: exchanging the sides exchanges I and II; the zone follows the certainty; the further
 * the surer. */
static void test_zones_properties(void **state)
{
    static const enum fl_zone mirror[FL_ZONES] = {FL_ZONE_N, FL_ZONE_II, FL_ZONE_I, FL_ZONE_III};
    size_t seen[FL_ZONES] = {0};

    (void)state;
    for (int sd = 0; sd < 5; sd++) {
        for (int a = 1; a < 40; a++) {
            double surest = 0;

            for (int b = 1; b < 40; b++) {
                double cv = b / 40.0, ce = a / 40.0;
                struct fl_position one = place(cv, ce, 0.05 * sd, 0.02 * sd);
                struct fl_position two = place(ce, cv, 0.02 * sd, 0.05 * sd);

                seen[one.zone]++;
                assert_int_equal(one.zone, mirror[two.zone]);
                assert_true(near(one.distance, -two.distance, 1e-15));
                assert_true(near(one.certainty, two.certainty, 1e-12));
                assert_true(one.certainty >= 0 && one.certainty <= 1);
                if (one.zone != FL_ZONE_III)
                    assert_true(one.certainty > 0.8 && fabs(one.distance) > 0.15);
                if (one.zone == FL_ZONE_I) {
                    assert_true(one.certainty >= surest);
                    surest = one.certainty;
                } else {
                    assert_true(surest <= 0); /* no way back from I as cv grows */
                }
            }
        }
    }
    assert_true(seen[FL_ZONE_I] && seen[FL_ZONE_II] && seen[FL_ZONE_III]);
}

static void test_names(void **state)
{
    enum fl_zone zone;
    enum fl_key_flag flag;
    int segment;

    (void)state;
    for (int i = 0; i < FL_ZONES; i++) {
        assert_true(fl_zone_parse(fl_zone_name((enum fl_zone)i), &zone));
        assert_int_equal(zone, i);
    }
    assert_true(fl_zone_parse("iii", &zone));
    assert_int_equal(zone, FL_ZONE_III);
    assert_false(fl_zone_parse("IV", &zone));
    for (unsigned i = FL_KEY_CONTRIBUTION; i <= FL_KEY_LEADER; i <<= 1) {
        assert_true(fl_key_flag_parse(fl_key_flag_name((enum fl_key_flag)i), &flag));
        assert_int_equal(flag, i);
    }
    assert_false(fl_key_flag_parse("", &flag));
    for (int i = 0; i < FL_SEGMENTS; i++) {
        assert_true(fl_segment_parse(fl_segment_name(i), &segment));
        assert_int_equal(segment, i);
        assert_true(strlen(fl_segment_title(i)) > 4);
    }
    assert_string_equal(fl_segment_name(6), "HHL");
    assert_false(fl_segment_parse("HH", &segment));
    assert_string_equal(fl_score_state_name(FL_SCORE_NOT_ENOUGH), "not enough data");
}

static const char *strategy(enum fl_score_state state, double cv, double ce)
{
    struct fl_position position = place(cv, ce, 0, 0);

    return fl_strategy_of(state, &position)->key;
}

static void test_strategy(void **state)
{
    struct fl_position_settings settings;
    struct fl_position position;
    char reason[256];

    (void)state;
    assert_string_equal(strategy(FL_SCORE_VALUED, 0.9, 0.2), "transactional-bonding");
    assert_string_equal(strategy(FL_SCORE_VALUED, 0.2, 0.9), "non-transactional-bonding");
    assert_string_equal(strategy(FL_SCORE_VALUED, 0.8, 0.8), "protect");
    assert_string_equal(strategy(FL_SCORE_VALUED, 0.2, 0.2), "develop");
    assert_string_equal(strategy(FL_SCORE_VALUED, NAN, 0.2), "learn");
    assert_string_equal(strategy(FL_SCORE_NOT_ENOUGH, 0.9, 0.2), "learn");
    assert_string_equal(strategy(FL_SCORE_OBJECTED, 0.9, 0.2), "none");
    assert_string_equal(fl_strategy_of(FL_SCORE_OBJECTED, NULL)->key, "none");

    fl_position_defaults(&settings);
    position = place(0.81, 0.32, 0.1, 0.07);
    fl_strategy_reason(&settings, FL_SCORE_VALUED, &position, reason, sizeof reason);
    assert_string_equal(reason, "the customer receives more than the firm earns: cv 0.81 against "
                                "ce 0.32, distance 0.35 beyond the band of 0.15 with certainty "
                                "0.99");
    position = place(0.8, 0.5, 0.3, 0.3);
    fl_strategy_reason(&settings, FL_SCORE_VALUED, &position, reason, sizeof reason);
    assert_non_null(strstr(reason, "certainty above 0.80 is wanted"));
    fl_strategy_reason(&settings, FL_SCORE_OBJECTED, NULL, reason, sizeof reason);
    assert_non_null(strstr(reason, "objected"));
}

static void test_keys(void **state)
{
    /* Positive margin 100: 50 and 25 leave it at 75, the first of the two 10 covers 80. */
    static const double margin[] = {10, 50, -40, 10, 25, 5, 0, 0, 0, 0};
    static const uint32_t exchanges[] = {0, 0, 0, 1, 0, 0, 0, 3, 0, 0};
    struct fl_key_settings settings;
    struct fl_error err = {0};
    uint8_t flags[10] = {0};

    (void)state;
    fl_key_defaults(&settings);
    assert_ok(fl_key_customers(&settings, margin, exchanges, 10, NULL, 0, flags, &err));
    for (size_t i = 0; i < 10; i++) {
        bool is_top = i == 0 || i == 1 || i == 4;

        assert_int_equal(flags[i] & FL_KEY_CONTRIBUTION, is_top ? FL_KEY_CONTRIBUTION : 0);
        assert_int_equal(flags[i] & FL_KEY_EXCHANGE, exchanges[i] ? FL_KEY_EXCHANGE : 0);
        assert_false(flags[i] & FL_KEY_LEADER);
    }
    memset(flags, 0, sizeof flags);
    settings.contribution_share = 1;
    settings.exchange_percentile = 0.9;
    assert_ok(fl_key_customers(&settings, margin, exchanges, 10, NULL, 0, flags, &err));
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(flags[i], (margin[i] > 0 ? FL_KEY_CONTRIBUTION : 0) |
                                       (exchanges[i] == 3 ? FL_KEY_EXCHANGE : 0));
    memset(flags, 0, sizeof flags);
    settings.contribution_share = 0;
    settings.exchange_percentile = 0; /* still at least one contact */
    assert_ok(fl_key_customers(&settings, margin, exchanges, 10, NULL, 0, flags, &err));
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(flags[i], exchanges[i] ? FL_KEY_EXCHANGE : 0);
    assert_ok(fl_key_customers(&settings, margin, exchanges, 0, NULL, 0, flags, &err));
}

static void test_leaders(void **state)
{
    /* 0 has brought three, 1 one, 2 only themselves; 9 brought 0, and so hears from all. */
    static const struct fl_referral referrals[] = {{0, 3}, {0, 4}, {0, 5}, {1, 6},
                                                   {2, 2}, {9, 0}, {0, 4}};
    static const double margin[10] = {0};
    static const uint32_t exchanges[10] = {0};
    static const struct fl_referral outside[] = {{10, 3}};
    struct fl_key_settings settings;
    struct fl_error err = {0};
    uint8_t flags[10] = {0};

    (void)state;
    fl_key_defaults(&settings);
    assert_ok(fl_key_customers(&settings, margin, exchanges, 10, referrals, 7, flags, &err));
    for (size_t i = 0; i < 10; i++) /* the second of three, 0, is not above 80 % of them */
        assert_int_equal(flags[i], i == 9 ? FL_KEY_LEADER : 0);
    settings.leader_percentile = 0.3;
    assert_ok(fl_key_customers(&settings, margin, exchanges, 10, referrals, 7, flags, &err));
    assert_int_equal(flags[0], FL_KEY_LEADER);
    assert_int_equal(flags[1], 0);
    assert_int_equal(flags[2], 0);
    assert_status(FL_INVALID,
                  fl_key_customers(&settings, margin, exchanges, 10, outside, 1, flags, &err));
}

static double sum_of(const double *values, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum;
}

/* Solutions by hand of y = 1 + 0.85 A y. */
static void test_page_rank(void **state)
{
    static const struct fl_referral chain[] = {{0, 1}, {1, 2}};
    static const struct fl_referral circle[] = {{0, 1}, {1, 2}, {2, 0}};
    static const struct fl_referral star[] = {{0, 1}, {0, 2}, {0, 3}, {0, 1}, {0, 0}};
    static const struct fl_referral split[] = {{0, 2}, {1, 2}};
    struct fl_error err = {0};
    double rank[4];

    (void)state;
    assert_ok(fl_page_rank(4, NULL, 0, rank, &err));
    for (size_t i = 0; i < 4; i++)
        assert_true(near(rank[i], 0.25, 1e-15));
    assert_ok(fl_page_rank(3, chain, 2, rank, &err));
    assert_true(near(rank[0], 2.5725 / 5.4225, 1e-10));
    assert_true(near(rank[1], 1.85 / 5.4225, 1e-10));
    assert_true(near(rank[2], 1 / 5.4225, 1e-10));
    assert_ok(fl_page_rank(3, circle, 3, rank, &err));
    for (size_t i = 0; i < 3; i++)
        assert_true(near(rank[i], 1 / 3.0, 1e-10));
    assert_ok(fl_page_rank(4, star, 5, rank, &err));
    assert_true(near(rank[0], 3.55 / 6.55, 1e-10));
    assert_true(near(rank[3], 1 / 6.55, 1e-10));
    assert_ok(fl_page_rank(3, split, 2, rank, &err)); /* a vote for two counts half each */
    assert_true(near(rank[0], 1.425 / 3.85, 1e-10));
    assert_true(near(rank[1], rank[0], 0));
}

/* Against the textbook's iteration with the mass of dangling nodes, on a graph with circles. */
static void test_page_rank_random(void **state)
{
    enum { N = 60, VOTES = 50 };
    struct people_random random = {.state = 1112};
    struct fl_referral votes[VOTES];
    double rank[N], x[N], next[N];
    bool has_voted[N] = {false};
    struct fl_error err = {0};

    (void)state;
    for (uint32_t i = 0; i < VOTES; i++) { /* each votes once, as in the store */
        votes[i] = (struct fl_referral){(uint32_t)(uniform(&random) * N), i};
        has_voted[i] = votes[i].referrer != i;
    }
    for (size_t i = 0; i < N; i++)
        x[i] = 1.0 / N;
    for (int step = 0; step < 400; step++) {
        double dangling = 0;

        for (size_t i = 0; i < N; i++)
            dangling += has_voted[i] ? 0 : x[i];
        for (size_t i = 0; i < N; i++)
            next[i] = 0.15 / N + 0.85 * dangling / N;
        for (size_t i = 0; i < VOTES; i++)
            next[votes[i].referrer] += has_voted[i] ? 0.85 * x[i] : 0;
        memcpy(x, next, sizeof x);
    }
    assert_ok(fl_page_rank(N, votes, VOTES, rank, &err));
    assert_true(near(sum_of(rank, N), 1, 1e-12));
    for (size_t i = 0; i < N; i++)
        assert_true(near(rank[i], x[i], 1e-10));
}

static void test_segments(void **state)
{
    static const struct fl_segment_cuts cuts = {.current = 100, .potential = 50, .loyalty = 0.5};

    (void)state;
    assert_string_equal(fl_segment_name(fl_segment_of(&cuts, 101, 51, 0.51)), "HHH");
    assert_string_equal(fl_segment_name(fl_segment_of(&cuts, 100, 50, 0.5)), "LLL");
    assert_string_equal(fl_segment_name(fl_segment_of(&cuts, 101, 0, 0.4)), "HLL");
    assert_string_equal(fl_segment_name(fl_segment_of(&cuts, 99, 60, 0.4)), "LHL");
    assert_string_equal(fl_segment_name(fl_segment_of(&cuts, 99, 60, 0.6)), "LHH");
    assert_string_equal(fl_segment_name(8), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_ranks_invariant),
        cmocka_unit_test(test_reference_small),
        cmocka_unit_test(test_reference_large),
        cmocka_unit_test(test_money),
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_zones_properties),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_strategy),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_leaders),
        cmocka_unit_test(test_page_rank),
        cmocka_unit_test(test_page_rank_random),
        cmocka_unit_test(test_segments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
