/* Offsets from anchors, and which anchors a day belongs to. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "campaign/campaign_private.h"

/* Ends of months move a date by at most three days, so that guesses are near. */
enum { GUESS_DAYS = 4, MONTHS_PER_YEAR = 12, DAYS_PER_WEEK = 7 };

bool fl_offset_parse(const char *text, struct fl_offset *out)
{
    static const struct {
        char unit;
        int max;
    } units[] = {{'d', FL_OFFSET_YEARS_MAX * 366},
                 {'w', FL_OFFSET_YEARS_MAX * 53},
                 {'M', FL_OFFSET_YEARS_MAX * MONTHS_PER_YEAR},
                 {'y', FL_OFFSET_YEARS_MAX}};
    const char *digits = text + (*text == '+' || *text == '-');
    size_t len = strspn(digits, "0123456789");
    char number[8];
    int64_t n;

    if (!len || len >= sizeof number || !digits[len] || digits[len + 1])
        return false;
    memcpy(number, digits, len);
    number[len] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (units[i].unit == digits[len] && fl_str_parse_i64(number, 0, units[i].max, &n)) {
            *out = (struct fl_offset){(int)(*text == '-' ? -n : n), units[i].unit};
            return true;
        }
    return false;
}

static bool is_in_months(struct fl_offset offset)
{
    return offset.unit == 'M' || offset.unit == 'y';
}

/* Months, or days. */
static int steps(struct fl_offset offset)
{
    return offset.n * (offset.unit == 'y'   ? MONTHS_PER_YEAR
                       : offset.unit == 'w' ? DAYS_PER_WEEK
                                            : 1);
}

int32_t fl_offset_apply(int32_t date, struct fl_offset offset)
{
    if (is_in_months(offset))
        return fl_date_add_months(date, steps(offset));
    return date + steps(offset);
}

static int32_t undo(int32_t date, struct fl_offset offset)
{
    return fl_offset_apply(date, (struct fl_offset){-offset.n, offset.unit});
}

/* Moving by an offset keeps the order of dates, so that the anchors of a day are a range; months
 * have no exact inverse, so that its ends are looked for. */
void fl_stage_anchor_range(const struct fl_stage *stage, int32_t today, int32_t *out_from,
                           int32_t *out_to)
{
    int32_t first = undo(today, stage->to) - GUESS_DAYS;
    int32_t last = undo(today, stage->from) + GUESS_DAYS;

    while (fl_offset_apply(first, stage->to) < today)
        first++;
    while (fl_offset_apply(last, stage->from) > today)
        last--;
    *out_from = first;
    *out_to = last;
}

bool fl_stage_is_ordered(struct fl_offset from, struct fl_offset to, int32_t *out_example)
{
    /* Two leap cycles, the second across a century that has no leap year. */
    static const int first_years[] = {2000, 2096};
    enum { CYCLE_DAYS = 8 * 366 };

    if (is_in_months(from) == is_in_months(to)) {
        *out_example = fl_date_of_civil(first_years[0], 1, 1);
        return steps(from) <= steps(to);
    }
    for (size_t i = 0; i < sizeof first_years / sizeof first_years[0]; i++) {
        int32_t start = fl_date_of_civil(first_years[i], 1, 1);

        for (int32_t date = start; date < start + CYCLE_DAYS; date++)
            if (fl_offset_apply(date, from) > fl_offset_apply(date, to)) {
                *out_example = date;
                return false;
            }
    }
    return true;
}
