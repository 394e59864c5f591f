/* Survival of subscriptions by period: a step line of what was seen with its band, and the model.*/
#include <math.h>

#include "plot/plot_private.h"

static enum fl_status check(const struct fl_plot_survival *survival, struct fl_error *err)
{
    size_t n = survival->n;
    enum fl_status st;

    if (n > FL_PLOT_SURVIVAL_MAX)
        return fl_error_set(err, FL_INVALID, "%zu periods: at most %d can be drawn", n,
                            FL_PLOT_SURVIVAL_MAX);
    st = fl_plot_check("observed survival", survival->observed, n, 0, 1, err);
    if (!st)
        st = fl_plot_check("lower limit", survival->low, n, 0, 1, err);
    if (!st)
        st = fl_plot_check("upper limit", survival->high, n, 0, 1, err);
    return st ? st : fl_plot_check("expected survival", survival->expected, n, 0, 1, err);
}

/* To each period, then down: that is what survival of whole periods is. */
static void step_line(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame,
                      const double *values, size_t n, bool is_back)
{
    size_t step = n / FL_PLOT_VERTICES_MAX + 1;

    for (size_t k = 0; k < n; k += step) {
        size_t i = is_back ? n - 1 - k : k, before = i >= step ? i - step : 0;
        double x = fl_plot_x(frame, (double)i);

        if (is_back) {
            cairo_line_to(canvas->cairo, x, fl_plot_y(frame, values[i]));
            cairo_line_to(canvas->cairo, x, fl_plot_y(frame, values[before]));
        } else {
            cairo_line_to(canvas->cairo, x, fl_plot_y(frame, values[before]));
            cairo_line_to(canvas->cairo, x, fl_plot_y(frame, values[i]));
        }
    }
}

static void draw_lines(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame,
                       const struct fl_plot_survival *survival)
{
    static const size_t dots_max = 30;
    size_t n = survival->n;

    fl_plot_ink(canvas, FL_INK_BAND);
    cairo_new_path(canvas->cairo);
    step_line(canvas, frame, survival->high, n, false);
    step_line(canvas, frame, survival->low, n, true);
    cairo_close_path(canvas->cairo);
    cairo_fill(canvas->cairo);
    fl_plot_frame_grid(canvas, frame);
    fl_plot_line_width(canvas, 2.6);
    fl_plot_ink(canvas, FL_INK_ACTUAL);
    step_line(canvas, frame, survival->observed, n, false);
    cairo_stroke(canvas->cairo);
    fl_plot_ink(canvas, FL_INK_EXPECTED);
    fl_plot_dash(canvas, 7, 4.5);
    fl_plot_line(canvas, frame, survival->expected, n, 0);
    cairo_stroke(canvas->cairo);
    fl_plot_dash(canvas, 0, 0);
    for (size_t i = 0; n <= dots_max && i < n; i++) {
        cairo_arc(canvas->cairo, fl_plot_x(frame, (double)i),
                  fl_plot_y(frame, survival->expected[i]), 4 * canvas->unit, 0, 2 * G_PI);
        cairo_fill(canvas->cairo);
    }
}

static void draw(struct fl_plot_canvas *canvas, const struct fl_plot_survival *survival, double top)
{
    const struct fl_plot_key keys[] = {
        {FL_SWATCH_LINE, FL_INK_ACTUAL, fl_plot_word(canvas->language, FL_WORD_ACTUAL)},
        {FL_SWATCH_BAND, FL_INK_BAND, fl_plot_word(canvas->language, FL_WORD_BAND_95)},
        {FL_SWATCH_DASHES, FL_INK_EXPECTED, fl_plot_word(canvas->language, FL_WORD_EXPECTED)},
    };
    double pad = fl_plot_margin(canvas), last = survival->n > 1 ? (double)survival->n - 1 : 1;
    char title[FL_PLOT_TEXT_MAX];
    struct fl_plot_area outer;
    struct fl_plot_frame frame;

    top = fl_plot_keys(canvas, keys, sizeof keys / sizeof keys[0], top);
    outer =
        (struct fl_plot_area){pad, top, canvas->width - 2 * pad, canvas->height - top - pad * 0.75};
    fl_plot_say(canvas->language, title, FL_WORD_SINCE_START,
                fl_plot_period(canvas->language, survival->period), NULL);
    fl_plot_axis_whole(&frame.x, 0, last, fl_plot_ticks_across(canvas));
    frame.x.title = title;
    fl_plot_axis_percent(&frame.y, 0, 1, fl_plot_ticks_up(canvas));
    frame.y.title = fl_plot_word(canvas->language, FL_WORD_STILL_THERE);
    fl_plot_frame_fit(canvas, &frame, &outer);
    draw_lines(canvas, &frame, survival);
    fl_plot_frame_axes(canvas, &frame);
}

enum fl_status fl_plot_survival(const struct fl_plot_style *style,
                                const struct fl_plot_survival *survival, struct fl_buf *out,
                                struct fl_error *err)
{
    struct fl_plot_canvas canvas;
    enum fl_status st = check(survival, err);
    double top;

    if (!st)
        st = fl_plot_open(&canvas, style, err);
    if (st)
        return st;
    top = fl_plot_head(&canvas, style, FL_WORD_SURVIVAL);
    if (survival->n)
        draw(&canvas, survival, top);
    else
        fl_plot_sentence(&canvas, top, fl_plot_word(canvas.language, FL_WORD_SURVIVAL_EMPTY));
    return fl_plot_close(&canvas, out, err);
}
