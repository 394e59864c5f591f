/* Title, keys, axes: what every plot has around its data. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot/plot_private.h"

enum { TITLE_LINES = 2, SUBTITLE_LINES = 2, SENTENCE_LINES = 4 };
static const double margin = 24, tick_gap = 6, title_gap = 6;

double fl_plot_margin(const struct fl_plot_canvas *canvas)
{
    return margin * canvas->unit;
}

static void name_canvas(struct fl_plot_canvas *canvas, const char *title, const char *subtitle)
{
    size_t len;

    snprintf(canvas->name, sizeof canvas->name, "%s%s%s", title, subtitle ? ". " : "",
             subtitle ? subtitle : "");
    for (len = strlen(canvas->name); len && !fl_utf8_is_valid(canvas->name, len); len--)
        ;
    canvas->name[len] = '\0';
}

double fl_plot_head(struct fl_plot_canvas *canvas, const struct fl_plot_style *style,
                    enum fl_plot_word title)
{
    double pad = fl_plot_margin(canvas), y = pad * 0.75;
    const bool has_title = style->title && *style->title;
    const bool has_subtitle = style->subtitle && *style->subtitle;
    struct fl_plot_text text = {
        .text = has_title ? style->title : fl_plot_word(canvas->language, title),
        .size = FL_TYPE_TITLE,
        .is_bold = true,
        .ink = FL_INK_TEXT,
        .width = canvas->width - 2 * pad,
        .lines = TITLE_LINES,
    };

    fl_plot_ink(canvas, FL_INK_BACK);
    cairo_paint(canvas->cairo);
    name_canvas(canvas, text.text, has_subtitle ? style->subtitle : NULL);
    y += fl_plot_text_draw(canvas, &text, pad, y);
    if (has_subtitle) {
        text = (struct fl_plot_text){.text = style->subtitle,
                                     .size = FL_TYPE_BODY,
                                     .ink = FL_INK_MUTED,
                                     .width = text.width,
                                     .lines = SUBTITLE_LINES};
        y += title_gap / 2 * canvas->unit;
        y += fl_plot_text_draw(canvas, &text, pad, y);
    }
    return y + 2 * title_gap * canvas->unit;
}

void fl_plot_sentence(const struct fl_plot_canvas *canvas, double top, const char *sentence)
{
    double width, height;
    struct fl_plot_text text = {.text = sentence,
                                .size = FL_TYPE_ZONE,
                                .ink = FL_INK_MUTED,
                                .width = canvas->width - 2 * fl_plot_margin(canvas),
                                .lines = SENTENCE_LINES,
                                .align = FL_ALIGN_MIDDLE};

    fl_plot_text_size(canvas, &text, &width, &height);
    fl_plot_text_draw(canvas, &text, canvas->width / 2, top + (canvas->height - top - height) / 2);
}

/* --- keys --------------------------------------------------------------------------------------*/

static const double swatch_width = 26, swatch_gap = 7, key_gap = 22;

void fl_plot_hatch(const struct fl_plot_canvas *canvas, const struct fl_plot_area *area,
                   enum fl_plot_ink ink)
{
    double step = 6 * canvas->unit;
    cairo_t *cairo = canvas->cairo;

    cairo_save(cairo);
    cairo_rectangle(cairo, area->x, area->y, area->width, area->height);
    cairo_clip(cairo);
    fl_plot_colour(canvas, canvas->palette->ink[ink], 0.16);
    cairo_paint(cairo);
    fl_plot_ink(canvas, ink);
    fl_plot_line_width(canvas, 1.3);
    for (double x = step / 2; x < area->width + area->height; x += step) {
        cairo_move_to(cairo, area->x + x, area->y);
        cairo_line_to(cairo, area->x + x - area->height, area->y + area->height);
    }
    cairo_stroke(cairo);
    cairo_restore(cairo);
    fl_plot_ink(canvas, ink);
    fl_plot_line_width(canvas, 1.5);
    cairo_rectangle(cairo, area->x, area->y, area->width, area->height);
    cairo_stroke(cairo);
}

static void draw_swatch(const struct fl_plot_canvas *canvas, const struct fl_plot_key *key,
                        double x, double middle)
{
    double width = swatch_width * canvas->unit, half = 6 * canvas->unit;
    const struct fl_plot_area box = {x, middle - half, width, 2 * half};
    cairo_t *cairo = canvas->cairo;

    fl_plot_ink(canvas, key->ink);
    switch (key->swatch) {
    case FL_SWATCH_BOX:
    case FL_SWATCH_BAND:
        cairo_rectangle(cairo, box.x, box.y, box.width, box.height);
        cairo_fill(cairo);
        return;
    case FL_SWATCH_HATCH:
        fl_plot_hatch(canvas, &box, key->ink);
        return;
    case FL_SWATCH_DOT:
    case FL_SWATCH_DOT_LINE:
        cairo_arc(cairo, x + width / 2, middle, 4.5 * canvas->unit, 0, 2 * G_PI);
        cairo_fill(cairo);
        if (key->swatch == FL_SWATCH_DOT)
            return;
        break;
    case FL_SWATCH_LINE:
    case FL_SWATCH_DASHES:
        break;
    }
    fl_plot_line_width(canvas, 2.5);
    if (key->swatch == FL_SWATCH_DASHES)
        fl_plot_dash(canvas, 6, 4);
    cairo_move_to(cairo, x, middle);
    cairo_line_to(cairo, x + width, middle);
    cairo_stroke(cairo);
    fl_plot_dash(canvas, 0, 0);
}

double fl_plot_keys(const struct fl_plot_canvas *canvas, const struct fl_plot_key *keys, size_t n,
                    double top)
{
    double left = fl_plot_margin(canvas), right = canvas->width - left, x = left, height = 0;
    double before = (swatch_width + swatch_gap) * canvas->unit;

    for (size_t i = 0; i < n; i++) {
        struct fl_plot_text text = {.text = keys[i].text, .size = FL_TYPE_BODY, .ink = FL_INK_TEXT};
        double width;

        fl_plot_text_size(canvas, &text, &width, &height);
        if (x > left && x + before + width > right) {
            x = left;
            top += height * 1.25;
        }
        if (x + before + width > right)
            text.width = right - x - before;
        draw_swatch(canvas, &keys[i], x, top + height / 2);
        fl_plot_text_draw(canvas, &text, x + before, top);
        x += before + width + key_gap * canvas->unit;
    }
    return top + height + 2 * title_gap * canvas->unit;
}

/* --- axes --------------------------------------------------------------------------------------*/

static struct fl_plot_text tick_text(const struct fl_plot_tick *tick)
{
    return (struct fl_plot_text){.text = tick->text, .size = FL_TYPE_SMALL, .ink = FL_INK_MUTED};
}

/* With `length` 0 as long as it is. */
static struct fl_plot_text title_text(const struct fl_plot_canvas *canvas,
                                      const struct fl_plot_axis *axis, double length,
                                      char brief[FL_PLOT_TEXT_MAX])
{
    struct fl_plot_text text = {.text = axis->title, .size = FL_TYPE_BODY, .ink = FL_INK_TEXT};
    const char *colon = strstr(axis->title, ": ");
    double width, height;

    fl_plot_text_size(canvas, &text, &width, &height);
    if (length > 0 && width > length && colon) {
        snprintf(brief, FL_PLOT_TEXT_MAX, "%.*s", (int)(colon - axis->title), axis->title);
        text.text = brief;
    }
    text.width = length;
    return text;
}

int fl_plot_ticks_across(const struct fl_plot_canvas *canvas)
{
    int ticks = (int)(canvas->width / (100 * canvas->unit));

    return ticks < 3 ? 3 : ticks > 10 ? 10 : ticks;
}

int fl_plot_ticks_up(const struct fl_plot_canvas *canvas)
{
    int ticks = (int)(canvas->height / (90 * canvas->unit));

    return ticks < 3 ? 3 : ticks > 10 ? 10 : ticks;
}

void fl_plot_frame_fit(const struct fl_plot_canvas *canvas, struct fl_plot_frame *frame,
                       const struct fl_plot_area *outer)
{
    double widest = 0, tallest = 0, last = 0, width, height, gap = tick_gap * canvas->unit;
    struct fl_plot_area *area = &frame->area;
    char brief[FL_PLOT_TEXT_MAX];

    *area = *outer;
    for (size_t i = 0; i < frame->y.n; i++) {
        struct fl_plot_text text = tick_text(&frame->y.ticks[i]);

        fl_plot_text_size(canvas, &text, &width, &height);
        widest = fmax(widest, width);
    }
    for (size_t i = 0; i < frame->x.n; i++) {
        struct fl_plot_text text = tick_text(&frame->x.ticks[i]);

        fl_plot_text_size(canvas, &text, &last, &height);
        tallest = fmax(tallest, height);
    }
    area->x += widest + gap;
    area->width -= widest + gap + last / 2;
    area->height -= tallest + gap;
    if (frame->y.title[0]) {
        struct fl_plot_text text = title_text(canvas, &frame->y, 0, brief);

        fl_plot_text_size(canvas, &text, &width, &height);
        area->x += height + gap;
        area->width -= height + gap;
    }
    if (frame->x.title[0]) {
        struct fl_plot_text text = title_text(canvas, &frame->x, 0, brief);

        fl_plot_text_size(canvas, &text, &width, &height);
        area->height -= height + gap;
    }
}

double fl_plot_x(const struct fl_plot_frame *frame, double value)
{
    return frame->area.x +
           (value - frame->x.low) / (frame->x.high - frame->x.low) * frame->area.width;
}

double fl_plot_y(const struct fl_plot_frame *frame, double value)
{
    return frame->area.y + frame->area.height -
           (value - frame->y.low) / (frame->y.high - frame->y.low) * frame->area.height;
}

void fl_plot_frame_grid(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame)
{
    const struct fl_plot_area *area = &frame->area;

    fl_plot_ink(canvas, FL_INK_GRID);
    fl_plot_line_width(canvas, 1);
    for (size_t i = 0; i < frame->y.n; i++) {
        double y = fl_plot_y(frame, frame->y.ticks[i].at);

        cairo_move_to(canvas->cairo, area->x, y);
        cairo_line_to(canvas->cairo, area->x + area->width, y);
    }
    cairo_stroke(canvas->cairo);
}

static void across(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame,
                   double shift)
{
    const struct fl_plot_area *area = &frame->area;
    double bottom = area->y + area->height, gap = tick_gap * canvas->unit, free_from = -1e9;
    double height = 0, width;
    char brief[FL_PLOT_TEXT_MAX];

    for (size_t i = 0; i < frame->x.n; i++) {
        struct fl_plot_text text = tick_text(&frame->x.ticks[i]);
        double x = fl_plot_x(frame, frame->x.ticks[i].at);

        text.align = FL_ALIGN_MIDDLE;
        fl_plot_text_size(canvas, &text, &width, &height);
        fl_plot_ink(canvas, FL_INK_AXIS);
        cairo_move_to(canvas->cairo, x, bottom);
        cairo_line_to(canvas->cairo, x, bottom + gap * 0.6);
        cairo_stroke(canvas->cairo);
        if (x - width / 2 < free_from)
            continue; /* the tick stays, a text on a text does not */
        fl_plot_text_draw(canvas, &text, x, bottom + gap);
        free_from = x + width / 2 + gap;
    }
    if (frame->x.title[0]) {
        struct fl_plot_text text = title_text(canvas, &frame->x, area->width, brief);

        text.align = FL_ALIGN_MIDDLE;
        fl_plot_text_draw(canvas, &text, area->x + area->width / 2,
                          bottom + height + 2 * gap + shift);
    }
}

static void upwards(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame)
{
    const struct fl_plot_area *area = &frame->area;
    double gap = tick_gap * canvas->unit, widest = 0, width, height;
    char brief[FL_PLOT_TEXT_MAX];

    for (size_t i = 0; i < frame->y.n; i++) {
        struct fl_plot_text text = tick_text(&frame->y.ticks[i]);
        double y = fl_plot_y(frame, frame->y.ticks[i].at);

        text.align = FL_ALIGN_RIGHT;
        fl_plot_text_size(canvas, &text, &width, &height);
        widest = fmax(widest, width);
        fl_plot_text_draw(canvas, &text, area->x - gap, y - height / 2);
    }
    if (frame->y.title[0]) {
        struct fl_plot_text text = title_text(canvas, &frame->y, area->height, brief);

        fl_plot_text_size(canvas, &text, &width, &height);
        fl_plot_text_upwards(canvas, &text, area->x - 2 * gap - widest - height / 2,
                             area->y + area->height / 2);
    }
}

void fl_plot_frame_axes(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame)
{
    fl_plot_frame_axes_shifted(canvas, frame, 0);
}

void fl_plot_frame_axes_shifted(const struct fl_plot_canvas *canvas,
                                const struct fl_plot_frame *frame, double shift)
{
    const struct fl_plot_area *area = &frame->area;

    fl_plot_ink(canvas, FL_INK_AXIS);
    fl_plot_line_width(canvas, 1.2);
    cairo_move_to(canvas->cairo, area->x, area->y);
    cairo_line_to(canvas->cairo, area->x, area->y + area->height);
    cairo_line_to(canvas->cairo, area->x + area->width, area->y + area->height);
    cairo_stroke(canvas->cairo);
    across(canvas, frame, shift);
    upwards(canvas, frame);
}

void fl_plot_line(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame,
                  const double *values, size_t n, double first)
{
    size_t step = n / FL_PLOT_VERTICES_MAX + 1;

    for (size_t i = 0; i < n; i += step)
        cairo_line_to(canvas->cairo, fl_plot_x(frame, first + (double)i),
                      fl_plot_y(frame, values[i]));
    if (n && (n - 1) % step)
        cairo_line_to(canvas->cairo, fl_plot_x(frame, first + (double)(n - 1)),
                      fl_plot_y(frame, values[n - 1]));
}
