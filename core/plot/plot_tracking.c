/* Tracking plot: cumulative repeat purchases, what happened against what the model expects. */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "plot/plot_private.h"

/* Days that a date can have in a file, 0001-01-01 to 9999-12-31. */
static const double date_min = -719162, date_max = 2932896;

static enum fl_status check(const struct fl_plot_tracking *tracking, struct fl_error *err)
{
    enum fl_status st;
    double last;

    if (tracking->n > FL_PLOT_PERIODS_MAX)
        return fl_error_set(err, FL_INVALID, "%zu periods: at most %d can be drawn", tracking->n,
                            FL_PLOT_PERIODS_MAX);
    if (tracking->holdout_from > tracking->n)
        return fl_error_set(err, FL_INVALID, "the hold-out begins at period %zu of %zu",
                            tracking->holdout_from, tracking->n);
    if (tracking->n && tracking->first_date != FL_DATE_NONE) {
        last = tracking->first_date + (double)tracking->n * tracking->period_days;
        if (!(tracking->period_days > 0))
            return fl_error_set(err, FL_INVALID, "a period of %g days: expected more than 0",
                                tracking->period_days);
        if (tracking->first_date < date_min || !(last < date_max))
            return fl_error_set(err, FL_INVALID, "the periods end outside of the calendar");
    }
    st = fl_plot_check("actual", tracking->actual, tracking->n, 0, FL_PLOT_VALUE_MAX, err);
    return st ? st
              : fl_plot_check("expected", tracking->expected, tracking->n, 0, FL_PLOT_VALUE_MAX,
                              err);
}

static double highest(const double *values, size_t n)
{
    double high = 0;

    for (size_t i = 0; i < n; i++)
        high = fmax(high, values[i]);
    return high;
}

/* Everything is drawn by period; with dates only the ticks differ. */
static void choose_x(const struct fl_plot_canvas *canvas, const struct fl_plot_tracking *tracking,
                     struct fl_plot_axis *x, char title[FL_PLOT_TEXT_MAX])
{
    int ticks = fl_plot_ticks_across(canvas);
    double n = (double)tracking->n;

    x->title = title;
    if (tracking->first_date == FL_DATE_NONE) {
        fl_plot_say(canvas->language, title, FL_WORD_SINCE_START,
                    fl_plot_period(canvas->language, tracking->period), NULL);
        fl_plot_axis_whole(x, 0, n, ticks);
        return;
    }
    fl_plot_say(canvas->language, title, FL_WORD_DATE, NULL, NULL);
    fl_plot_axis_date(x, tracking->first_date, tracking->first_date + n * tracking->period_days,
                      ticks);
    for (size_t i = 0; i < x->n; i++)
        x->ticks[i].at = (x->ticks[i].at - tracking->first_date) / tracking->period_days;
    x->low = 0;
    x->high = n;
}

/* Where what the model was told ends: after it, it is on its own. */
static void draw_holdout(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame,
                         double period)
{
    const struct fl_plot_area *area = &frame->area;
    double x = fl_plot_x(frame, period), bottom = area->y + area->height, gap = 8 * canvas->unit;
    struct fl_plot_text before = {.text =
                                      fl_plot_word(canvas->language, FL_WORD_CALIBRATION_PERIOD),
                                  .size = FL_TYPE_SMALL,
                                  .ink = FL_INK_MUTED,
                                  .align = FL_ALIGN_RIGHT};
    struct fl_plot_text after = before;
    double width, height;

    fl_plot_ink(canvas, FL_INK_ZONE_III);
    cairo_rectangle(canvas->cairo, x, area->y, area->x + area->width - x, area->height);
    cairo_fill(canvas->cairo);
    fl_plot_ink(canvas, FL_INK_MUTED);
    fl_plot_line_width(canvas, 1.2);
    fl_plot_dash(canvas, 3, 3);
    cairo_move_to(canvas->cairo, x, area->y);
    cairo_line_to(canvas->cairo, x, bottom);
    cairo_stroke(canvas->cairo);
    fl_plot_dash(canvas, 0, 0);
    after.text = fl_plot_word(canvas->language, FL_WORD_HOLDOUT_PERIOD);
    after.align = FL_ALIGN_LEFT;
    fl_plot_text_size(canvas, &before, &width, &height);
    if (width + 2 * gap < x - area->x)
        fl_plot_text_draw(canvas, &before, x - gap, bottom - height - gap / 2);
    fl_plot_text_size(canvas, &after, &width, &height);
    if (width + 2 * gap < area->x + area->width - x)
        fl_plot_text_draw(canvas, &after, x + gap, bottom - height - gap / 2);
}

static void draw_lines(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame,
                       const struct fl_plot_tracking *tracking)
{
    fl_plot_line_width(canvas, 2.6);
    cairo_set_line_join(canvas->cairo, CAIRO_LINE_JOIN_ROUND);
    fl_plot_ink(canvas, FL_INK_ACTUAL);
    cairo_move_to(canvas->cairo, fl_plot_x(frame, 0), fl_plot_y(frame, 0));
    fl_plot_line(canvas, frame, tracking->actual, tracking->n, 1);
    cairo_stroke(canvas->cairo);
    fl_plot_ink(canvas, FL_INK_EXPECTED);
    fl_plot_dash(canvas, 7, 4.5);
    cairo_move_to(canvas->cairo, fl_plot_x(frame, 0), fl_plot_y(frame, 0));
    fl_plot_line(canvas, frame, tracking->expected, tracking->n, 1);
    cairo_stroke(canvas->cairo);
    fl_plot_dash(canvas, 0, 0);
}

/* How far off the model ends, where the eye is: in the corner the lines leave free. */
static void draw_difference(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame,
                            const struct fl_plot_tracking *tracking)
{
    double actual = tracking->actual[tracking->n - 1];
    double expected = tracking->expected[tracking->n - 1];
    char percent[FL_PLOT_NUMBER_MAX], sign[FL_PLOT_NUMBER_MAX + 2], sentence[FL_PLOT_TEXT_MAX];
    const struct fl_plot_area *area = &frame->area;
    double gap = 10 * canvas->unit;
    struct fl_plot_text text = {.text = sentence,
                                .size = FL_TYPE_BODY,
                                .ink = FL_INK_TEXT,
                                .width = area->width - 2 * gap,
                                .lines = 2,
                                .has_plate = true};

    if (!(actual > 0))
        return;
    fl_plot_percent(percent, expected / actual - 1, 1);
    snprintf(sign, sizeof sign, "%s%s", expected > actual ? "+" : "", percent);
    fl_plot_say(canvas->language, sentence, FL_WORD_DIFFERENCE, sign, NULL);
    fl_plot_text_draw(canvas, &text, area->x + gap, area->y + gap);
}

static void draw(struct fl_plot_canvas *canvas, const struct fl_plot_tracking *tracking, double top)
{
    const struct fl_plot_key keys[] = {
        {FL_SWATCH_LINE, FL_INK_ACTUAL, fl_plot_word(canvas->language, FL_WORD_ACTUAL)},
        {FL_SWATCH_DASHES, FL_INK_EXPECTED, fl_plot_word(canvas->language, FL_WORD_EXPECTED)},
    };
    double pad = fl_plot_margin(canvas);
    char title[FL_PLOT_TEXT_MAX];
    struct fl_plot_area outer;
    struct fl_plot_frame frame;

    top = fl_plot_keys(canvas, keys, sizeof keys / sizeof keys[0], top);
    outer =
        (struct fl_plot_area){pad, top, canvas->width - 2 * pad, canvas->height - top - pad * 0.75};
    choose_x(canvas, tracking, &frame.x, title);
    fl_plot_axis_number(
        &frame.y,
        fmax(highest(tracking->actual, tracking->n), highest(tracking->expected, tracking->n)),
        fl_plot_ticks_up(canvas));
    frame.y.title = fl_plot_word(canvas->language, FL_WORD_CUMULATIVE);
    fl_plot_frame_fit(canvas, &frame, &outer);
    if (tracking->holdout_from)
        draw_holdout(canvas, &frame, (double)tracking->holdout_from);
    fl_plot_frame_grid(canvas, &frame);
    draw_lines(canvas, &frame, tracking);
    fl_plot_frame_axes(canvas, &frame);
    draw_difference(canvas, &frame, tracking);
}

enum fl_status fl_plot_tracking(const struct fl_plot_style *style,
                                const struct fl_plot_tracking *tracking, struct fl_buf *out,
                                struct fl_error *err)
{
    struct fl_plot_canvas canvas;
    enum fl_status st = check(tracking, err);
    double top;

    if (!st)
        st = fl_plot_open(&canvas, style, err);
    if (st)
        return st;
    top = fl_plot_head(&canvas, style, FL_WORD_TRACKING);
    if (tracking->n)
        draw(&canvas, tracking, top);
    else
        fl_plot_sentence(&canvas, top, fl_plot_word(canvas.language, FL_WORD_TRACKING_EMPTY));
    return fl_plot_close(&canvas, out, err);
}
