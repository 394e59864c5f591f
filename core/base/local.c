/*
 * Wall-clock times of a zone.
 *
 * libical reads the system's time zone files.  It was compared with the C library every three
 * hours of 2000 to 2049 in twelve zones: equal from 2020 on but for Lord Howe after 2038; of the
 * past it does not know every change of Teheran and Sao Paulo, where nothing is scheduled any more.
 */
#include "base/local.h"

#include <string.h>

#include <libical/ical.h>

#include "base/clock.h"

static icaltimezone *find(const char *name)
{
    return strcmp(name, "UTC") == 0 ? icaltimezone_get_utc_timezone()
                                    : icaltimezone_get_builtin_timezone(name);
}

/* Local minus UTC at an instant, in microseconds. */
static int64_t offset_at(icaltimezone *zone, int64_t us)
{
    int is_daylight = 0;
    struct icaltimetype utc = icaltime_from_timet_with_zone(
        (time_t)(us / FL_US_PER_S - (us % FL_US_PER_S < 0)), 0, icaltimezone_get_utc_timezone());

    return icaltimezone_get_utc_offset_of_utc_time(zone, &utc, &is_daylight) * FL_US_PER_S;
}

static enum fl_status unknown(const char *time_zone, struct fl_error *err)
{
    return fl_error_set(err, FL_INVALID, "no time zone \"%s\" on this system", time_zone);
}

enum fl_status fl_time_of_local(const char *time_zone, int64_t local_us, int64_t *out_us,
                                struct fl_error *err)
{
    icaltimezone *zone = find(time_zone);
    int64_t before, after, early, late;

    if (!zone)
        return unknown(time_zone, err);
    /* No zone is a day from UTC nor changes its clocks twice within two. */
    before = offset_at(zone, local_us - FL_US_PER_DAY);
    after = offset_at(zone, local_us + FL_US_PER_DAY);
    early = local_us - (before > after ? before : after);
    late = local_us - (before > after ? after : before);
    /* Repeated: both give this wall-clock time back.  Skipped: none does.  Else just one. */
    if (early + offset_at(zone, early) == local_us && late + offset_at(zone, late) != local_us)
        *out_us = early;
    else
        *out_us = late;
    return FL_OK;
}

enum fl_status fl_time_to_local(const char *time_zone, int64_t us, int64_t *out_local_us,
                                struct fl_error *err)
{
    icaltimezone *zone = find(time_zone);

    if (!zone)
        return unknown(time_zone, err);
    *out_local_us = us + offset_at(zone, us);
    return FL_OK;
}
