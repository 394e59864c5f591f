/* When a nightly valuation is due. */
#include "unit.h"

#include "base/clock.h"
#include "daemon/daemon_core_private.h"

static int64_t at(const char *text)
{
    int64_t us = 0;

    assert_true(fl_time_parse(text, &us));
    return us;
}

static void assert_times(const char *run_at, const char *zone, const char *now, const char *last,
                         const char *next)
{
    int64_t last_us = 0, next_us = 0;

    assert_true(fl_core_value_times(run_at, zone, at(now), &last_us, &next_us));
    assert_int_equal(last_us, at(last));
    assert_int_equal(next_us, at(next));
}

static void test_times(void **state)
{
    (void)state;
    assert_times("03:00", "UTC", "2026-05-10T02:59:59Z", "2026-05-09T03:00:00Z",
                 "2026-05-10T03:00:00Z");
    assert_times("03:00", "UTC", "2026-05-10T03:00:00Z", "2026-05-10T03:00:00Z",
                 "2026-05-11T03:00:00Z");
    assert_times("03:00", "Asia/Seoul", "2026-05-09T18:30:00Z", "2026-05-09T18:00:00Z",
                 "2026-05-10T18:00:00Z");
    assert_times("23:45", "Asia/Seoul", "2026-05-09T23:50:00Z", "2026-05-09T14:45:00Z",
                 "2026-05-10T14:45:00Z");
}

static void test_clocks_that_are_changed(void **state)
{
    (void)state;
    /* In Berlin 02:30 is skipped on the 29th of March 2026, and comes twice on the 25th of October:
     * one run each night. */
    assert_times("02:30", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-28T01:30:00Z",
                 "2026-03-29T01:30:00Z");
    assert_times("02:30", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T01:30:00Z",
                 "2026-03-30T00:30:00Z");
    assert_times("02:30", "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-25T01:30:00Z",
                 "2026-10-26T01:30:00Z");
}

static void test_off(void **state)
{
    int64_t last_us = 1, next_us = 2;

    (void)state;
    assert_false(fl_core_value_times("off", "UTC", 0, &last_us, &next_us));
    assert_false(fl_core_value_times("03:00", "Asia/Atlantis", 0, &last_us, &next_us));
    assert_int_equal(last_us, 1);
    assert_int_equal(next_us, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_clocks_that_are_changed),
        cmocka_unit_test(test_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
