/* Conditional expectation: what customers bought in the hold-out window, by what they had bought
 * before it. */
#include <math.h>
#include <stdio.h>

#include "plot/plot_private.h"

static enum fl_status check(const struct fl_plot_frequency *frequency, struct fl_error *err)
{
    size_t n = frequency->n;
    enum fl_status st;

    if (n > FL_PLOT_FREQUENCIES_MAX)
        return fl_error_set(err, FL_INVALID, "%zu frequencies: at most %d can be drawn", n,
                            FL_PLOT_FREQUENCIES_MAX);
    if (!(frequency->window_periods >= 0 && frequency->window_periods <= FL_PLOT_VALUE_MAX))
        return fl_error_set(err, FL_INVALID, "a window of %g periods", frequency->window_periods);
    st = fl_plot_check("customers", frequency->customers, n, 0, FL_PLOT_VALUE_MAX, err);
    if (!st && n && (!frequency->actual || !frequency->expected))
        return fl_error_set(err, FL_INVALID, "frequencies without means");
    /* nobody of a frequency: it has no mean, and none is drawn */
    for (size_t i = 0; !st && i < n; i++)
        if (frequency->customers[i] > 0) {
            st = fl_plot_check("actual", &frequency->actual[i], 1, 0, FL_PLOT_VALUE_MAX, err);
            if (!st)
                st = fl_plot_check("expected", &frequency->expected[i], 1, 0, FL_PLOT_VALUE_MAX,
                                   err);
            if (st)
                return fl_error_prefix(err, st, "frequency %zu", i);
        }
    return st;
}

static void choose_axes(const struct fl_plot_canvas *canvas,
                        const struct fl_plot_frequency *frequency, struct fl_plot_frame *frame,
                        char title[FL_PLOT_TEXT_MAX])
{
    double high = 0;
    char number[FL_PLOT_NUMBER_MAX];

    frame->x = (struct fl_plot_axis){
        .low = -0.5,
        .high = (double)frequency->n - 0.5,
        .title = fl_plot_word(canvas->language, FL_WORD_PURCHASES_BEFORE),
    };
    for (size_t i = 0; i < frequency->n; i++)
        if (frequency->customers[i] > 0)
            high = fmax(high, fmax(frequency->actual[i], frequency->expected[i]));
    fl_plot_axis_number(&frame->y, high * 1.05, fl_plot_ticks_up(canvas));
    fl_plot_number(number, frequency->window_periods, 0);
    fl_plot_say(canvas->language, title, FL_WORD_PURCHASES_IN_WINDOW, number, NULL);
    frame->y.title = title;
}

static void draw_bar(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame,
                     double from, double to, double value, bool is_actual)
{
    double x = fl_plot_x(frame, from), y = fl_plot_y(frame, value), height;
    struct fl_plot_area bar = {x, y, fl_plot_x(frame, to) - x, fl_plot_y(frame, 0) - y};
    char number[FL_PLOT_NUMBER_MAX];
    struct fl_plot_text text = {
        .text = number, .size = FL_TYPE_SMALL, .ink = FL_INK_TEXT, .align = FL_ALIGN_MIDDLE};
    double width;

    if (is_actual) {
        fl_plot_ink(canvas, FL_INK_ACTUAL);
        cairo_rectangle(canvas->cairo, bar.x, bar.y, bar.width, bar.height);
        cairo_fill(canvas->cairo);
    } else
        fl_plot_hatch(canvas, &bar, FL_INK_EXPECTED);
    fl_plot_number(number, value, value < 99.5 ? 2 : 0);
    fl_plot_text_size(canvas, &text, &width, &height);
    if (width < bar.width * 1.05)
        fl_plot_text_draw(canvas, &text, bar.x + bar.width / 2, bar.y - height - 2 * canvas->unit);
}

/* How many customers each class stands for: a mean of five people is not one of five thousand. */
static void draw_classes(const struct fl_plot_canvas *canvas,
                         const struct fl_plot_frequency *frequency, struct fl_plot_frame *frame,
                         double top)
{
    double place = frame->area.width / (double)frequency->n, width, height, free_from = -1e9;
    char number[FL_PLOT_NUMBER_MAX];

    for (size_t i = 0; i < frequency->n; i++) {
        double x = fl_plot_x(frame, (double)i);
        struct fl_plot_text text = {.text = number,
                                    .size = FL_TYPE_SMALL,
                                    .ink = FL_INK_TEXT,
                                    .is_bold = true,
                                    .align = FL_ALIGN_MIDDLE};

        snprintf(number, sizeof number, "%zu%s", i, i + 1 == frequency->n ? "+" : "");
        fl_plot_text_size(canvas, &text, &width, &height);
        if (x - width / 2 < free_from)
            continue;
        free_from = x + width / 2;
        fl_plot_text_draw(canvas, &text, x, top);
        fl_plot_number(number, frequency->customers[i], 0);
        text.is_bold = false;
        text.ink = FL_INK_MUTED;
        fl_plot_text_size(canvas, &text, &width, &height);
        if (width < place)
            fl_plot_text_draw(canvas, &text, x, top + height);
    }
}

static void draw(struct fl_plot_canvas *canvas, const struct fl_plot_frequency *frequency,
                 double top)
{
    static const double half = 0.4, slit = 0.02;
    const struct fl_plot_key keys[] = {
        {FL_SWATCH_BOX, FL_INK_ACTUAL, fl_plot_word(canvas->language, FL_WORD_ACTUAL)},
        {FL_SWATCH_HATCH, FL_INK_EXPECTED, fl_plot_word(canvas->language, FL_WORD_EXPECTED)},
    };
    const char *const below = fl_plot_word(canvas->language, FL_WORD_CLASS_SIZES);
    double pad = fl_plot_margin(canvas), width, height, gap = 6 * canvas->unit;
    char title[FL_PLOT_TEXT_MAX];
    struct fl_plot_text text = {.text = below, .size = FL_TYPE_SMALL, .ink = FL_INK_MUTED};
    struct fl_plot_area outer;
    struct fl_plot_frame frame;

    top = fl_plot_keys(canvas, keys, sizeof keys / sizeof keys[0], top);
    fl_plot_text_size(canvas, &text, &width, &height);
    outer = (struct fl_plot_area){pad, top, canvas->width - 2 * pad,
                                  canvas->height - top - pad * 0.75 - 3 * height - gap};
    choose_axes(canvas, frequency, &frame, title);
    fl_plot_frame_fit(canvas, &frame, &outer);
    fl_plot_frame_grid(canvas, &frame);
    for (size_t i = 0; i < frequency->n; i++) {
        double at = (double)i;

        if (!(frequency->customers[i] > 0))
            continue;
        draw_bar(canvas, &frame, at - half, at - slit, frequency->actual[i], true);
        draw_bar(canvas, &frame, at + slit, at + half, frequency->expected[i], false);
    }
    draw_classes(canvas, frequency, &frame, frame.area.y + frame.area.height + gap / 2);
    fl_plot_frame_axes_shifted(canvas, &frame, 2 * height);
    text.align = FL_ALIGN_MIDDLE;
    text.width = canvas->width - 2 * pad;
    fl_plot_text_draw(canvas, &text, frame.area.x + frame.area.width / 2,
                      canvas->height - pad * 0.75 - height);
}

enum fl_status fl_plot_frequency(const struct fl_plot_style *style,
                                 const struct fl_plot_frequency *frequency, struct fl_buf *out,
                                 struct fl_error *err)
{
    struct fl_plot_canvas canvas;
    enum fl_status st = check(frequency, err);
    double top, customers = 0;

    for (size_t i = 0; !st && i < frequency->n; i++)
        customers += frequency->customers[i];
    if (!st)
        st = fl_plot_open(&canvas, style, err);
    if (st)
        return st;
    top = fl_plot_head(&canvas, style, FL_WORD_FREQUENCY);
    if (customers > 0)
        draw(&canvas, frequency, top);
    else
        fl_plot_sentence(&canvas, top, fl_plot_word(canvas.language, FL_WORD_FREQUENCY_EMPTY));
    return fl_plot_close(&canvas, out, err);
}
