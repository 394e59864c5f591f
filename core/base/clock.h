/*
 * Time: microseconds since 1970-01-01 UTC in int64, civil dates as days since
 * the same day in int32.  Code that needs "now" is given a clock, so that tests
 * own time; nothing below the daemon and the command line reads the system's.
 */
#ifndef FL_BASE_CLOCK_H
#define FL_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FL_US_PER_MS      INT64_C(1000)
#define FL_US_PER_S       INT64_C(1000000)
#define FL_US_PER_DAY     (INT64_C(86400) * FL_US_PER_S)
#define FL_DATE_NONE      INT32_MIN
#define FL_TIME_NONE      INT64_MIN
#define FL_TIME_TEXT_SIZE 32

struct fl_clock {
    int64_t (*now_us)(void *ctx);
    void *ctx;
};

extern const struct fl_clock fl_clock_system;

/* A clock a test sets by hand. */
struct fl_clock_manual {
    int64_t now_us;
};
struct fl_clock fl_clock_of_manual(struct fl_clock_manual *manual);

static inline int64_t fl_clock_now(const struct fl_clock *clock)
{
    return clock->now_us(clock->ctx);
}

int64_t fl_clock_monotonic_us(void); /* for measuring spans only */

int32_t fl_date_of_civil(int year, int month, int day); /* proleptic Gregorian */
void fl_civil_of_date(int32_t date, int *out_year, int *out_month, int *out_day);
bool fl_date_is_civil(int year, int month, int day); /* does the day exist? */
int32_t fl_date_of_time(int64_t time_us);            /* the UTC day */
/* `months` later; a day past the end of the month becomes its last day. */
int32_t fl_date_add_months(int32_t date, int months);

/* "YYYY-MM-DD", also "YYYY/MM/DD", "YYYY.MM.DD", "YYYYMMDD". */
bool fl_date_parse(const char *s, int32_t *out);
void fl_date_format(int32_t date, char out[FL_TIME_TEXT_SIZE]);

/* ISO 8601: a date, or date and time with optional fraction and Z or an offset; without one, UTC.
 */
bool fl_time_parse(const char *s, int64_t *out_us);
void fl_time_format(int64_t time_us,
                    char out[FL_TIME_TEXT_SIZE]); /* "2026-11-22T10:00:00.000000Z" */

#endif
