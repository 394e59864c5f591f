/* Campaigns: offsets from anchors, and local times. */
#include "unit.h"

#include "base/clock.h"
#include "campaign/campaign.h"

/* A deterministic stream of numbers. */
static unsigned next(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static void test_offsets(void **state)
{
    static const char *const wrong[] = {"",     "d",   "1",    "1D",   "-",      "--1d",
                                        "1 d",  "1d ", "1m",   "1.5w", "101y",   "1201M",
                                        "+-1d", "1dd", "0x1d", "-w1d", "99999d", "1234567890123d"};
    struct fl_offset offset;
    int32_t leap = fl_date_of_civil(2024, 2, 29);

    (void)state;
    assert_true(fl_offset_parse("-12w", &offset));
    assert_int_equal(offset.n, -12);
    assert_int_equal(offset.unit, 'w');
    assert_true(fl_offset_parse("+100y", &offset));
    assert_true(fl_offset_parse("36600d", &offset));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(fl_offset_parse(wrong[i], &offset));
    assert_int_equal(fl_offset_apply(leap, (struct fl_offset){1, 'y'}),
                     fl_date_of_civil(2025, 2, 28));
    assert_int_equal(fl_offset_apply(leap, (struct fl_offset){-1, 'M'}),
                     fl_date_of_civil(2024, 1, 29));
    assert_int_equal(fl_offset_apply(leap, (struct fl_offset){2, 'w'}),
                     fl_date_of_civil(2024, 3, 14));
}

static void test_anchor_golden(void **state)
{
    static const struct {
        int from, to;
        char from_unit, to_unit;
        const char *today, *first, *last;
    } golden[] = {
        {-12, -8, 'w', 'w', "2026-11-22", "2027-01-17", "2027-02-14"},
        {0, 28, 'd', 'd', "2026-11-22", "2026-10-25", "2026-11-22"},
        {4, 4, 'M', 'M', "2026-11-22", "2026-07-22", "2026-07-22"},
        /* On the last of February whoever was born on the 28th, 29th, 30th or 31st is a month old.
         */
        {1, 1, 'M', 'M', "2023-02-28", "2023-01-28", "2023-01-31"},
        {1, 1, 'M', 'M', "2024-02-28", "2024-01-28", "2024-01-28"},
        {1, 1, 'M', 'M', "2024-02-29", "2024-01-29", "2024-01-31"},
        {1, 1, 'M', 'M', "2024-04-30", "2024-03-30", "2024-03-31"},
        /* No day of February is a month before the 31st of March. */
        {1, 1, 'M', 'M', "2023-03-31", "2023-03-01", "2023-02-28"},
        {-1, -1, 'M', 'M', "2023-02-28", "2023-03-28", "2023-03-31"},
        /* A child of the leap day has its birthday on the 28th of February. */
        {1, 1, 'y', 'y', "2025-02-28", "2024-02-28", "2024-02-29"},
        {4, 4, 'y', 'y', "2028-02-29", "2024-02-29", "2024-02-29"},
        {1, 1, 'y', 'y', "2024-02-29", "2023-03-01", "2023-02-28"},
        {12, 13, 'M', 'M', "2026-11-30", "2025-10-30", "2025-11-30"},
        {-2, 1, 'w', 'M', "2026-03-01", "2026-02-01", "2026-03-15"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        struct fl_stage stage = {.from = {golden[i].from, golden[i].from_unit},
                                 .to = {golden[i].to, golden[i].to_unit}};
        int32_t today, from, to;
        char first[FL_TIME_TEXT_SIZE], last[FL_TIME_TEXT_SIZE];

        assert_true(fl_date_parse(golden[i].today, &today));
        fl_stage_anchor_range(&stage, today, &from, &to);
        fl_date_format(from, first);
        fl_date_format(to, last);
        assert_string_equal(first, golden[i].first);
        assert_string_equal(last, golden[i].last);
    }
}

/* The range is what asking every day one by one finds. */
static void test_anchor_property(void **state)
{
    static const char units[] = "dwMy";
    unsigned seed = 7;

    (void)state;
    for (int run = 0; run < 4000; run++) {
        struct fl_stage stage = {.from = {(int)next(&seed, 30) - 15, units[next(&seed, 4)]},
                                 .to = {(int)next(&seed, 30) - 15, units[next(&seed, 4)]}};
        int32_t today = fl_date_of_civil(1995, 1, 1) + (int32_t)next(&seed, 60 * 365);
        int32_t from, to, near;

        if (run % 2) /* ends of months are where it is hard */
            today = fl_date_add_months(fl_date_of_civil(1995, 1, 31), (int)next(&seed, 700));
        fl_stage_anchor_range(&stage, today, &from, &to);
        for (int side = 0; side < 2; side++) {
            near = side ? to : from;
            for (int32_t a = near - 40; a <= near + 40; a++) {
                bool is_open = fl_offset_apply(a, stage.from) <= today &&
                               today <= fl_offset_apply(a, stage.to);

                assert_int_equal(is_open, a >= from && a <= to);
            }
        }
    }
}

static void check_local(const char *zone, const char *local, const char *utc)
{
    struct fl_error err;
    int64_t t, us = 0;
    char text[FL_TIME_TEXT_SIZE];

    assert_true(fl_time_parse(local, &t));
    assert_ok(fl_campaign_time_of_local(zone, t, &us, &err));
    fl_time_format(us, text);
    if (strncmp(text, utc, strlen(utc)) != 0)
        fail_msg("%s in %s is %s, expected %s", local, zone, text, utc);
}

static void test_local_times(void **state)
{
    struct fl_error err;
    int64_t t, back;

    (void)state;
    check_local("Asia/Seoul", "2026-11-22T10:00", "2026-11-22T01:00:00");
    check_local("UTC", "2026-11-22T10:00", "2026-11-22T10:00:00");
    check_local("Asia/Kathmandu", "2026-11-22T10:00", "2026-11-22T04:15:00");
    check_local("Europe/Berlin", "2026-07-01T10:00", "2026-07-01T08:00:00");
    check_local("Europe/Berlin", "2026-12-01T10:00", "2026-12-01T09:00:00");
    /* Skipped: 02:30 becomes 03:30. */
    check_local("Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59:00");
    check_local("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30:00");
    check_local("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00:00");
    check_local("America/New_York", "2026-03-08T02:00", "2026-03-08T07:00:00");
    /* Repeated: the second time round. */
    check_local("Europe/Berlin", "2026-10-25T01:59", "2026-10-24T23:59:00");
    check_local("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T01:30:00");
    check_local("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00:00");
    check_local("America/New_York", "2026-11-01T01:30", "2026-11-01T06:30:00");
    check_local("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T15:15:00");
    assert_status(FL_INVALID, fl_campaign_time_of_local("Asia/Atlantis", 0, &t, &err));
    assert_status(FL_INVALID, fl_campaign_time_to_local("Asia/Atlantis", 0, &t, &err));
    /* There and back, hour by hour over a year. */
    for (int64_t us = INT64_C(1767225600) * FL_US_PER_S; us < INT64_C(1798761600) * FL_US_PER_S;
         us += 3600 * FL_US_PER_S) {
        int64_t local = 0, again = 0;

        assert_ok(fl_campaign_time_to_local("America/New_York", us, &local, &err));
        assert_ok(fl_campaign_time_of_local("America/New_York", local, &back, &err));
        assert_ok(fl_campaign_time_to_local("America/New_York", back, &again, &err));
        assert_int_equal(local, again);
        assert_true(back == us || back == us + 3600 * FL_US_PER_S);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_anchor_golden),
        cmocka_unit_test(test_anchor_property),
        cmocka_unit_test(test_local_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
