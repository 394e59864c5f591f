/* Numbers, percentages, and where an axis has its ticks. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "plot/plot_private.h"

enum { DIGITS_GROUP = 3, DECIMALS_MAX = 6, MONTHS_A_YEAR = 12 };
/* Above it, thousands of millions are a wall of digits. */
static const double plain_max = 1e15;
/* What is smaller has no place on a number axis. */
static const double nothing = 1e-12;

void fl_plot_number(char out[FL_PLOT_NUMBER_MAX], double value, int decimals)
{
    char digits[64];
    size_t n = 0, whole;
    const char *sign = "", *s = digits;

    if (!isfinite(value) || fabs(value) >= plain_max) {
        snprintf(out, FL_PLOT_NUMBER_MAX, "%.3g", value);
        return;
    }
    snprintf(digits, sizeof digits, "%.*f", decimals < DECIMALS_MAX ? decimals : DECIMALS_MAX,
             value);
    if (*s == '-') {
        sign = strspn(s, "-0.") == strlen(s) ? "" : "\342\210\222";
        s++;
    }
    whole = strcspn(s, ".");
    n = (size_t)snprintf(out, FL_PLOT_NUMBER_MAX, "%s", sign);
    for (size_t i = 0; s[i] && n + 1 < FL_PLOT_NUMBER_MAX; i++) {
        if (i && i < whole && (whole - i) % DIGITS_GROUP == 0)
            out[n++] = ',';
        out[n++] = s[i];
    }
    out[n] = '\0';
}

void fl_plot_percent(char out[FL_PLOT_NUMBER_MAX], double share, int decimals)
{
    size_t n;

    fl_plot_number(out, share * 100, decimals);
    n = strlen(out);
    snprintf(out + n, FL_PLOT_NUMBER_MAX - n, "%%");
}

static void put_tick(struct fl_plot_axis *axis, double at, const char text[FL_PLOT_NUMBER_MAX])
{
    struct fl_plot_tick *tick;

    if (axis->n >= FL_PLOT_TICKS_MAX)
        return;
    tick = &axis->ticks[axis->n++];
    tick->at = at;
    memcpy(tick->text, text, sizeof tick->text);
}

/* The smallest of 1, 2, 5 times a power of ten that gives at most `ticks` steps. */
static double nice_step(double span, int ticks)
{
    static const double nice[] = {1, 2, 5, 10};
    double rough = span / (ticks > 1 ? ticks : 1), power = pow(10, floor(log10(rough)));

    for (size_t i = 0; i < sizeof nice / sizeof nice[0]; i++)
        if (nice[i] * power >= rough * (1 - 1e-9))
            return nice[i] * power;
    return 10 * power;
}

static int decimals_of(double step)
{
    int decimals = (int)ceil(-log10(step) - 1e-9);

    return decimals > 0 ? decimals : 0;
}

void fl_plot_axis_number(struct fl_plot_axis *axis, double high, int ticks)
{
    double step, last;
    char text[FL_PLOT_NUMBER_MAX];

    if (!(high > nothing))
        high = 1;
    step = nice_step(high, ticks);
    last = ceil(high / step - 1e-9);
    axis->low = 0;
    axis->high = last * step;
    axis->n = 0;
    for (double i = 0; i <= last; i++) {
        fl_plot_number(text, i * step, decimals_of(step));
        put_tick(axis, i * step, text);
    }
}

static void inner_ticks(struct fl_plot_axis *axis, double low, double high, double step,
                        bool is_percent)
{
    char text[FL_PLOT_NUMBER_MAX];

    axis->low = low;
    axis->high = high;
    axis->n = 0;
    for (double i = ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
        if (is_percent)
            fl_plot_percent(text, i * step, decimals_of(step * 100));
        else
            fl_plot_number(text, i * step, 0);
        put_tick(axis, i * step, text);
    }
}

void fl_plot_axis_percent(struct fl_plot_axis *axis, double low, double high, int ticks)
{
    inner_ticks(axis, low, high, nice_step(high - low, ticks), true);
}

void fl_plot_axis_whole(struct fl_plot_axis *axis, double low, double high, int ticks)
{
    double step = nice_step(high - low, ticks);

    inner_ticks(axis, low, high, step > 1 ? step : 1, false);
}

/* Months between ticks that people count in; the last ones for centuries of data. */
static const int month_steps[] = {1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 60000};
static const double days_a_month = 30.4;

static void day_ticks(struct fl_plot_axis *axis, double low, double high, int ticks)
{
    static const double steps[] = {1, 2, 7, 14, 28};
    double step = steps[0];
    char text[FL_PLOT_NUMBER_MAX] = "";

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        step = steps[i];
        if ((high - low) / step <= ticks)
            break;
    }
    for (double at = ceil(low); at <= high; at += step) {
        fl_date_format((int32_t)at, text);
        put_tick(axis, at, text);
    }
}

void fl_plot_axis_date(struct fl_plot_axis *axis, double low, double high, int ticks)
{
    double months = (high - low) / days_a_month;
    int step = month_steps[0], year, month, day;
    char text[FL_PLOT_NUMBER_MAX];
    int32_t at;

    axis->low = low;
    axis->high = high;
    axis->n = 0;
    if (months < 3) {
        day_ticks(axis, low, high, ticks);
        return;
    }
    for (size_t i = 0; i < sizeof month_steps / sizeof month_steps[0]; i++) {
        step = month_steps[i];
        if (months / step <= ticks)
            break;
    }
    fl_civil_of_date((int32_t)low, &year, &month, &day);
    month -= (month - 1) % (step < MONTHS_A_YEAR ? step : MONTHS_A_YEAR);
    if (step > MONTHS_A_YEAR)
        year -= year % (step / MONTHS_A_YEAR);
    for (at = fl_date_of_civil(year, month, 1); at <= high; at = fl_date_add_months(at, step)) {
        fl_civil_of_date(at, &year, &month, &day);
        if (step < MONTHS_A_YEAR)
            snprintf(text, sizeof text, "%04d-%02d", year, month);
        else
            snprintf(text, sizeof text, "%d", year);
        if (at >= low)
            put_tick(axis, at, text);
    }
}
