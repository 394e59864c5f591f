#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * FL_US_PER_S + ts.tv_nsec / 1000;
}

static int64_t system_now_us(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME);
}

const struct fl_clock fl_clock_system = {system_now_us, NULL};

static int64_t manual_now_us(void *ctx)
{
    return ((struct fl_clock_manual *)ctx)->now_us;
}

struct fl_clock fl_clock_of_manual(struct fl_clock_manual *manual)
{
    return (struct fl_clock){manual_now_us, manual};
}

int64_t fl_clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* Civil date conversions count in 400-year eras that start on 1 March (Howard Hinnant's method). */
int32_t fl_date_of_civil(int year, int month, int day)
{
    int era, year_of_era, day_of_year, day_of_era;

    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    year_of_era = year - era * 400;
    day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void fl_civil_of_date(int32_t date, int *out_year, int *out_month, int *out_day)
{
    int32_t days = date + 719468;
    int era = (days >= 0 ? days : days - 146096) / 146097;
    int day_of_era = days - era * 146097;
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted_month = (5 * day_of_year + 2) / 153;

    *out_day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    *out_month = shifted_month + (shifted_month < 10 ? 3 : -9);
    *out_year = year_of_era + era * 400 + (*out_month <= 2);
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && is_leap ? 29 : days[month - 1];
}

bool fl_date_is_civil(int year, int month, int day)
{
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days_in_month(year, month);
}

int32_t fl_date_of_time(int64_t time_us)
{
    int64_t day = time_us / FL_US_PER_DAY;

    return (int32_t)(day - (time_us % FL_US_PER_DAY < 0));
}

int32_t fl_date_add_months(int32_t date, int months)
{
    int year, month, day, index, last;

    fl_civil_of_date(date, &year, &month, &day);
    index = year * 12 + (month - 1) + months;
    year = index >= 0 ? index / 12 : (index - 11) / 12;
    month = index - year * 12 + 1;
    last = days_in_month(year, month);
    return fl_date_of_civil(year, month, day < last ? day : last);
}

/* Reads exactly `n` digits; moves *s past them. */
static bool take_digits(const char **s, int n, int *out)
{
    int v = 0;

    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)(*s)[i]))
            return false;
        v = v * 10 + ((*s)[i] - '0');
    }
    *s += n;
    *out = v;
    return true;
}

static bool take_date(const char **s, int32_t *out)
{
    int year, month, day;
    char separator;

    if (!take_digits(s, 4, &year))
        return false;
    separator = **s;
    if (separator == '-' || separator == '/' || separator == '.')
        (*s)++;
    else
        separator = '\0';
    if (!take_digits(s, 2, &month))
        return false;
    if (separator && *(*s)++ != separator)
        return false;
    if (!take_digits(s, 2, &day) || !fl_date_is_civil(year, month, day))
        return false;
    *out = fl_date_of_civil(year, month, day);
    return true;
}

bool fl_date_parse(const char *s, int32_t *out)
{
    int32_t date;

    if (!take_date(&s, &date) || *s)
        return false;
    *out = date;
    return true;
}

void fl_date_format(int32_t date, char out[FL_TIME_TEXT_SIZE])
{
    int year, month, day;

    fl_civil_of_date(date, &year, &month, &day);
    snprintf(out, FL_TIME_TEXT_SIZE, "%04d-%02d-%02d", year, month, day);
}

static bool take_fraction(const char **s, int64_t *out_us)
{
    int64_t us = 0, scale = 100000;

    if (!isdigit((unsigned char)**s))
        return false;
    for (; isdigit((unsigned char)**s); (*s)++, scale /= 10)
        us += (**s - '0') * scale;
    *out_us = us;
    return true;
}

/* "Z", "+09:00", "+0900" or nothing; seconds east of UTC. */
static bool take_offset(const char **s, int *out_seconds)
{
    int sign, hours, minutes;

    *out_seconds = 0;
    if (**s == '\0')
        return true;
    if (**s == 'Z' || **s == 'z') {
        (*s)++;
        return true;
    }
    if (**s != '+' && **s != '-')
        return false;
    sign = *(*s)++ == '-' ? -1 : 1;
    if (!take_digits(s, 2, &hours))
        return false;
    if (**s == ':')
        (*s)++;
    if (!take_digits(s, 2, &minutes) || hours > 18 || minutes > 59)
        return false;
    *out_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool fl_time_parse(const char *s, int64_t *out_us)
{
    int32_t date;
    int hours = 0, minutes = 0, seconds = 0, offset = 0;
    int64_t fraction_us = 0;

    if (!take_date(&s, &date))
        return false;
    if (*s == 'T' || *s == 't' || *s == ' ') {
        s++;
        if (!take_digits(&s, 2, &hours) || *s++ != ':' || !take_digits(&s, 2, &minutes))
            return false;
        if (*s == ':') {
            s++;
            if (!take_digits(&s, 2, &seconds))
                return false;
            if (*s == '.') {
                s++;
                if (!take_fraction(&s, &fraction_us))
                    return false;
            }
        }
        if (!take_offset(&s, &offset))
            return false;
    }
    if (*s || hours > 23 || minutes > 59 || seconds > 60)
        return false;
    *out_us = (int64_t)date * FL_US_PER_DAY +
              ((int64_t)hours * 3600 + minutes * 60 + seconds - offset) * FL_US_PER_S + fraction_us;
    return true;
}

void fl_time_format(int64_t time_us, char out[FL_TIME_TEXT_SIZE])
{
    int32_t date = fl_date_of_time(time_us);
    int64_t rest = time_us - (int64_t)date * FL_US_PER_DAY;
    int seconds = (int)(rest / FL_US_PER_S), year, month, day;

    fl_civil_of_date(date, &year, &month, &day);
    snprintf(out, FL_TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", year, month, day,
             seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, (int)(rest % FL_US_PER_S));
}
