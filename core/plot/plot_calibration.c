/* Calibration of CL: of those who were given 80 %, did 80 % stay? */
#include <math.h>
#include <stdio.h>

#include "plot/plot_private.h"

static enum fl_status check(const struct fl_plot_calibration *calibration, struct fl_error *err)
{
    size_t n = calibration->n;
    enum fl_status st;

    if (n > FL_PLOT_CALIBRATION_MAX)
        return fl_error_set(err, FL_INVALID, "%zu bins: at most %d can be drawn", n,
                            FL_PLOT_CALIBRATION_MAX);
    st = fl_plot_check("predicted share", calibration->predicted, n, 0, 1, err);
    if (!st)
        st = fl_plot_check("observed share", calibration->observed, n, 0, 1, err);
    if (!st)
        st = fl_plot_check("lower limit", calibration->low, n, 0, 1, err);
    if (!st)
        st = fl_plot_check("upper limit", calibration->high, n, 0, 1, err);
    return st ? st
              : fl_plot_check("customers", calibration->customers, n, 0, FL_PLOT_VALUE_MAX, err);
}

static void draw_diagonal(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame)
{
    fl_plot_ink(canvas, FL_INK_MUTED);
    fl_plot_line_width(canvas, 1.5);
    fl_plot_dash(canvas, 6, 4);
    cairo_move_to(canvas->cairo, fl_plot_x(frame, 0), fl_plot_y(frame, 0));
    cairo_line_to(canvas->cairo, fl_plot_x(frame, 1), fl_plot_y(frame, 1));
    cairo_stroke(canvas->cairo);
    fl_plot_dash(canvas, 0, 0);
}

static void draw_bin(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame,
                     const struct fl_plot_calibration *calibration, size_t i, double most)
{
    static const double dot_min = 3.5, dot_max = 8, cap = 5;
    double x = fl_plot_x(frame, calibration->predicted[i]), u = canvas->unit;
    double low = fl_plot_y(frame, calibration->low[i]),
           high = fl_plot_y(frame, calibration->high[i]);
    double share = most > 0 ? sqrt(calibration->customers[i] / most) : 1;

    fl_plot_ink(canvas, FL_INK_ACTUAL);
    fl_plot_line_width(canvas, 1.8);
    cairo_move_to(canvas->cairo, x, low);
    cairo_line_to(canvas->cairo, x, high);
    cairo_move_to(canvas->cairo, x - cap * u, low);
    cairo_line_to(canvas->cairo, x + cap * u, low);
    cairo_move_to(canvas->cairo, x - cap * u, high);
    cairo_line_to(canvas->cairo, x + cap * u, high);
    cairo_stroke(canvas->cairo);
    cairo_arc(canvas->cairo, x, fl_plot_y(frame, calibration->observed[i]),
              (dot_min + (dot_max - dot_min) * share) * u, 0, 2 * G_PI);
    cairo_fill(canvas->cairo);
}

static double most_of(const struct fl_plot_calibration *calibration)
{
    double most = 0;

    for (size_t i = 0; i < calibration->n; i++)
        most = fmax(most, calibration->customers[i]);
    return most;
}

/* Below the plot, on the same axis: where the customers are. */
static void draw_sizes(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame,
                       const struct fl_plot_calibration *calibration, double top, double height)
{
    double most = most_of(calibration), half = 5 * canvas->unit, width, text_height;
    double free_from = -1e9, bars = height;
    char number[FL_PLOT_NUMBER_MAX];
    struct fl_plot_text text = {
        .text = number, .size = FL_TYPE_SMALL, .ink = FL_INK_MUTED, .align = FL_ALIGN_MIDDLE};

    fl_plot_number(number, most, 0);
    fl_plot_text_size(canvas, &text, &width, &text_height);
    bars -= text_height;
    for (size_t i = 0; most > 0 && i < calibration->n; i++) {
        double x = fl_plot_x(frame, calibration->predicted[i]);
        double tall = calibration->customers[i] / most * bars;

        fl_plot_ink(canvas, FL_INK_AXIS);
        cairo_rectangle(canvas->cairo, x - half, top + height - tall, 2 * half, tall);
        cairo_fill(canvas->cairo);
        fl_plot_number(number, calibration->customers[i], 0);
        fl_plot_text_size(canvas, &text, &width, &text_height);
        if (x - width / 2 < free_from)
            continue;
        fl_plot_text_draw(canvas, &text, x, top + height - tall - text_height);
        free_from = x + width / 2 + half;
    }
    fl_plot_ink(canvas, FL_INK_AXIS);
    fl_plot_line_width(canvas, 1.2);
    cairo_move_to(canvas->cairo, frame->area.x, top + height);
    cairo_line_to(canvas->cairo, frame->area.x + frame->area.width, top + height);
    cairo_stroke(canvas->cairo);
}

static double draw_score(const struct fl_plot_canvas *canvas, enum fl_plot_word word, double value,
                         double alone, double x, double y, double room)
{
    double width, height;
    char number[FL_PLOT_NUMBER_MAX], other[FL_PLOT_NUMBER_MAX], both[FL_PLOT_TEXT_MAX];
    char line[2 * FL_PLOT_TEXT_MAX];
    struct fl_plot_text text = {.text = line,
                                .size = FL_TYPE_BODY,
                                .ink = FL_INK_TEXT,
                                .align = FL_ALIGN_RIGHT,
                                .has_plate = true};

    if (!isfinite(value))
        return 0;
    fl_plot_number(number, value, 3);
    if (isfinite(alone)) {
        fl_plot_number(other, alone, 3);
        fl_plot_say(canvas->language, both, FL_WORD_P_ALONE, number, other);
    } else
        snprintf(both, sizeof both, "%s", number);
    snprintf(line, sizeof line, "%s %s", fl_plot_word(canvas->language, word), both);
    fl_plot_text_size(canvas, &text, &width, &height);
    if (width > room)
        snprintf(line, sizeof line, "%s %s", fl_plot_word(canvas->language, word), number);
    return fl_plot_text_draw(canvas, &text, x, y) * 1.35;
}

static void draw(struct fl_plot_canvas *canvas, const struct fl_plot_calibration *calibration,
                 double top)
{
    const struct fl_plot_key keys[] = {
        {FL_SWATCH_DOT_LINE, FL_INK_ACTUAL, fl_plot_word(canvas->language, FL_WORD_OBSERVED_95)},
        {FL_SWATCH_DASHES, FL_INK_MUTED, fl_plot_word(canvas->language, FL_WORD_DIAGONAL)},
        {FL_SWATCH_BOX, FL_INK_AXIS, fl_plot_word(canvas->language, FL_WORD_BINS)},
    };
    double pad = fl_plot_margin(canvas), strip = 58 * canvas->unit, gap = 10 * canvas->unit;
    double right, bottom, room, most = most_of(calibration);
    struct fl_plot_area outer;
    struct fl_plot_frame frame;

    top = fl_plot_keys(canvas, keys, sizeof keys / sizeof keys[0], top);
    outer = (struct fl_plot_area){pad, top + strip + gap, canvas->width - 2 * pad,
                                  canvas->height - top - pad * 0.75 - strip - gap};
    fl_plot_axis_percent(&frame.x, 0, 1, fl_plot_ticks_across(canvas));
    fl_plot_axis_percent(&frame.y, 0, 1, fl_plot_ticks_up(canvas));
    frame.x.title = fl_plot_word(canvas->language, FL_WORD_PREDICTED);
    frame.y.title = fl_plot_word(canvas->language, FL_WORD_OBSERVED);
    fl_plot_frame_fit(canvas, &frame, &outer);
    fl_plot_frame_grid(canvas, &frame);
    draw_diagonal(canvas, &frame);
    for (size_t i = 0; i < calibration->n; i++)
        draw_bin(canvas, &frame, calibration, i, most);
    fl_plot_frame_axes(canvas, &frame);
    draw_sizes(canvas, &frame, calibration, top, strip);
    right = frame.area.x + frame.area.width - gap;
    bottom = frame.area.y + frame.area.height - 60 * canvas->unit;
    room = frame.area.width * 0.62; /* right of the diagonal */
    bottom +=
        draw_score(canvas, FL_WORD_AUC, calibration->auc, calibration->auc_p, right, bottom, room);
    draw_score(canvas, FL_WORD_BRIER, calibration->brier, calibration->brier_p, right, bottom,
               room);
}

enum fl_status fl_plot_calibration(const struct fl_plot_style *style,
                                   const struct fl_plot_calibration *calibration,
                                   struct fl_buf *out, struct fl_error *err)
{
    struct fl_plot_canvas canvas;
    enum fl_status st = check(calibration, err);
    double top;

    if (!st)
        st = fl_plot_open(&canvas, style, err);
    if (st)
        return st;
    top = fl_plot_head(&canvas, style, FL_WORD_CALIBRATION);
    if (calibration->n)
        draw(&canvas, calibration, top);
    else
        fl_plot_sentence(&canvas, top, fl_plot_word(canvas.language, FL_WORD_CALIBRATION_EMPTY));
    return fl_plot_close(&canvas, out, err);
}
