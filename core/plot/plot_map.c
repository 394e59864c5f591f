/* The relationship map: every customer between what they receive and what the firm earns.
 * Park & Kim 2002, figures 3 and 5. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "plot/plot_map_private.h"

static enum fl_status check(const struct fl_plot_map *map, struct fl_error *err)
{
    if (!isfinite(map->intercept) || !isfinite(map->slope) || !isfinite(map->band) ||
        map->band < 0 || fabs(map->slope) > FL_PLOT_VALUE_MAX ||
        fabs(map->intercept) > FL_PLOT_VALUE_MAX)
        return fl_error_set(err, FL_INVALID, "the fair-value line %g + %g cv, band %g is no line",
                            map->intercept, map->slope, map->band);
    if (map->n && !map->points)
        return fl_error_set(err, FL_INVALID, "a map of %zu customers without any", map->n);
    for (size_t i = 0; i < map->n_groups; i++)
        if (i && (!map->groups[i] || !fl_utf8_is_valid(map->groups[i], strlen(map->groups[i]))))
            return fl_error_set(err, FL_INVALID, "the name of group %zu is not UTF-8", i);
    for (size_t i = 0; i < map->n; i++) {
        const struct fl_plot_point *point = &map->points[i];

        if (!(point->cv >= 0 && point->cv <= 1 && point->ce >= 0 && point->ce <= 1))
            return fl_error_set(err, FL_INVALID,
                                "customer %zu stands at cv %g, ce %g: expected numbers within 0..1",
                                i, (double)point->cv, (double)point->ce);
        if (point->zone >= FL_ZONES)
            return fl_error_set(err, FL_INVALID, "customer %zu is in zone %d, there is none such",
                                i, point->zone);
        if (point->group && point->group >= map->n_groups)
            return fl_error_set(err, FL_INVALID, "customer %zu is in group %d of %zu", i,
                                point->group, map->n_groups);
    }
    return FL_OK;
}

static int larger_first(const void *a, const void *b)
{
    const struct fl_map_group *one = a, *other = b;

    if (one->n > other->n || one->n < other->n)
        return one->n > other->n ? -1 : 1;
    return (one->index > other->index) - (one->index < other->index);
}

static enum fl_status count_all(const struct fl_plot_map *map, struct fl_map_count *count,
                                struct fl_error *err)
{
    FL_AUTO_FREE struct fl_map_group *groups = calloc(map->n_groups + 1, sizeof *groups);

    if (!groups)
        return fl_error_set(err, FL_IO, "memory is out");
    for (size_t i = 0; i < map->n; i++) {
        const struct fl_plot_point *point = &map->points[i];
        struct fl_map_group *group = &groups[point->group];

        count->by_zone[point->zone]++;
        for (int kind = 0; kind < FL_MAP_KINDS; kind++)
            count->by_kind[kind] += (point->keys >> kind) & 1;
        count->keys += (point->keys & ((1 << FL_MAP_KINDS) - 1)) != 0;
        group->n++;
        group->cv += (double)point->cv;
        group->ce += (double)point->ce;
    }
    count->n = (double)map->n;
    for (size_t i = 1; i < map->n_groups; i++) {
        groups[i].index = (uint16_t)i;
        if (groups[i].n > 0) {
            count->n_groups_all++;
            groups[i].cv /= groups[i].n;
            groups[i].ce /= groups[i].n;
        }
    }
    if (map->n_groups > 1)
        qsort(groups + 1, map->n_groups - 1, sizeof *groups, larger_first);
    while (count->n_groups < FL_MAP_GROUPS_MAX && count->n_groups + 1 < map->n_groups &&
           groups[count->n_groups + 1].n > 0) {
        count->groups[count->n_groups] = groups[count->n_groups + 1];
        count->n_groups++;
    }
    return FL_OK;
}

/* --- the plane ---------------------------------------------------------------------------------*/

/* Far outside of the plane on either side, so that a half-plane is a quadrangle. */
static const double far_out = 3;

static double line_at(const struct fl_plot_map *map, double cv, double shift)
{
    double across = shift * sqrt(1 + map->slope * map->slope);

    return map->intercept + map->slope * cv + across;
}

static void half_plane(const struct fl_map_drawing *drawing, double shift, double to_ce,
                       enum fl_plot_ink ink)
{
    const struct fl_plot_frame *frame = &drawing->frame;
    cairo_t *cairo = drawing->canvas.cairo;

    cairo_move_to(cairo, fl_plot_x(frame, 0), fl_plot_y(frame, line_at(drawing->map, 0, shift)));
    cairo_line_to(cairo, fl_plot_x(frame, 1), fl_plot_y(frame, line_at(drawing->map, 1, shift)));
    cairo_line_to(cairo, fl_plot_x(frame, 1), fl_plot_y(frame, to_ce));
    cairo_line_to(cairo, fl_plot_x(frame, 0), fl_plot_y(frame, to_ce));
    cairo_close_path(cairo);
    fl_plot_ink(&drawing->canvas, ink);
    cairo_fill(cairo);
}

static void clip_to_plane(const struct fl_map_drawing *drawing)
{
    const struct fl_plot_area *area = &drawing->frame.area;

    cairo_save(drawing->canvas.cairo);
    cairo_rectangle(drawing->canvas.cairo, area->x, area->y, area->width, area->height);
    cairo_clip(drawing->canvas.cairo);
}

static void draw_zones(const struct fl_map_drawing *drawing)
{
    const struct fl_plot_map *map = drawing->map;
    double reach = far_out + fabs(map->intercept) + fabs(map->slope) + 2 * map->band;

    clip_to_plane(drawing);
    fl_plot_ink(&drawing->canvas, FL_INK_ZONE_III);
    cairo_paint(drawing->canvas.cairo);
    half_plane(drawing, -map->band, -reach, FL_INK_ZONE_I);
    half_plane(drawing, map->band, reach, FL_INK_ZONE_II);
    cairo_restore(drawing->canvas.cairo);
}

static void stroke_line(const struct fl_map_drawing *drawing, double shift)
{
    const struct fl_plot_frame *frame = &drawing->frame;
    cairo_t *cairo = drawing->canvas.cairo;

    cairo_move_to(cairo, fl_plot_x(frame, 0), fl_plot_y(frame, line_at(drawing->map, 0, shift)));
    cairo_line_to(cairo, fl_plot_x(frame, 1), fl_plot_y(frame, line_at(drawing->map, 1, shift)));
    cairo_stroke(cairo);
}

/* Over the density, each with an edge of the background so that it shows on any of its colours. */
static void draw_lines(const struct fl_map_drawing *drawing)
{
    const struct fl_plot_canvas *canvas = &drawing->canvas;
    double band = drawing->map->band;

    clip_to_plane(drawing);
    fl_plot_colour(canvas, canvas->palette->ink[FL_INK_BACK], 0.75);
    fl_plot_line_width(canvas, 4.4);
    stroke_line(drawing, 0);
    fl_plot_ink(canvas, FL_INK_TEXT);
    fl_plot_line_width(canvas, 2.2);
    stroke_line(drawing, 0);
    for (int side = -1; side <= 1; side += 2) {
        fl_plot_colour(canvas, canvas->palette->ink[FL_INK_BACK], 0.75);
        fl_plot_line_width(canvas, 3);
        stroke_line(drawing, side * band);
        fl_plot_ink(canvas, FL_INK_TEXT);
        fl_plot_line_width(canvas, 1.1);
        fl_plot_dash(canvas, 5, 4);
        stroke_line(drawing, side * band);
        fl_plot_dash(canvas, 0, 0);
    }
    cairo_restore(canvas->cairo);
}

/* --- arrows to the line ------------------------------------------------------------------------*/

static void letter(struct fl_map_drawing *drawing, const char *name, double x, double y)
{
    struct fl_plot_text text = {.text = name,
                                .size = FL_TYPE_SMALL,
                                .ink = FL_INK_TEXT,
                                .is_bold = true,
                                .align = FL_ALIGN_MIDDLE,
                                .has_plate = true};
    double width, height;

    fl_plot_text_size(&drawing->canvas, &text, &width, &height);
    fl_plot_text_draw(&drawing->canvas, &text, x, y - height / 2);
    if (drawing->n_boxes < FL_MAP_BOXES_MAX)
        drawing->boxes[drawing->n_boxes++] =
            (struct fl_plot_area){x - width, y - height, 2 * width, 2 * height};
}

static void arrow(struct fl_map_drawing *drawing, double from_x, double from_y, double to_x,
                  double to_y)
{
    const struct fl_plot_canvas *canvas = &drawing->canvas;
    double angle = atan2(to_y - from_y, to_x - from_x), head = 9 * canvas->unit;
    cairo_t *cairo = canvas->cairo;

    if (drawing->n_boxes < FL_MAP_BOXES_MAX)
        drawing->boxes[drawing->n_boxes++] =
            (struct fl_plot_area){fmin(from_x, to_x) - head / 2, fmin(from_y, to_y) - head / 2,
                                  fabs(to_x - from_x) + head, fabs(to_y - from_y) + head};
    for (int pass = 0; pass < 2; pass++) {
        fl_plot_colour(canvas, canvas->palette->ink[pass ? FL_INK_TEXT : FL_INK_BACK],
                       pass ? 0.85 : 0.8);
        fl_plot_line_width(canvas, pass ? 1.6 : 4.2);
        cairo_move_to(cairo, from_x, from_y);
        cairo_line_to(cairo, to_x, to_y);
        cairo_move_to(cairo, to_x - head * cos(angle - 0.4), to_y - head * sin(angle - 0.4));
        cairo_line_to(cairo, to_x, to_y);
        cairo_line_to(cairo, to_x - head * cos(angle + 0.4), to_y - head * sin(angle + 0.4));
        cairo_stroke(cairo);
    }
}

static bool is_inside(double value)
{
    return value > 0.04 && value < 0.96;
}

double fl_map_roominess(const struct fl_map_drawing *drawing)
{
    static const double usual = 550;

    return drawing->frame.area.width / (usual * drawing->canvas.unit);
}

/* A to B: what the firm earns grows; C to D: what the customer receives grows. */
static void draw_arrows(struct fl_map_drawing *drawing)
{
    static const double a_at = 0.84, c_at = 0.64, beyond = 0.24, least_room = 0.6;
    const struct fl_plot_map *map = drawing->map;
    const struct fl_plot_frame *frame = &drawing->frame;
    double gap = 10 * drawing->canvas.unit;
    double across = map->band * sqrt(1 + map->slope * map->slope), b = line_at(map, a_at, 0);
    double a = b - across - beyond, d, c;

    if (fl_map_roominess(drawing) < least_room)
        return;
    drawing->has_arrow_i = is_inside(a) && is_inside(b);
    if (drawing->has_arrow_i) {
        double x = fl_plot_x(frame, a_at), from = fl_plot_y(frame, a), to = fl_plot_y(frame, b);

        arrow(drawing, x, from - gap, x, to + gap / 3);
        letter(drawing, "A", x, from);
        letter(drawing, "B", x, to - gap);
    }
    if (!(map->slope > 0))
        return;
    d = (c_at - map->intercept) / map->slope;
    c = d - across / map->slope - beyond;
    drawing->has_arrow_ii = is_inside(c) && is_inside(d);
    if (drawing->has_arrow_ii) {
        double y = fl_plot_y(frame, c_at), from = fl_plot_x(frame, c), to = fl_plot_x(frame, d);

        arrow(drawing, from + gap, y, to - gap / 3, y);
        letter(drawing, "C", from, y);
        letter(drawing, "D", to + gap, y);
    }
}

/* --- names in the corners ----------------------------------------------------------------------*/

static void corner(struct fl_map_drawing *drawing, enum fl_zone zone, bool is_right, bool is_bottom)
{
    const struct fl_plot_canvas *canvas = &drawing->canvas;
    const struct fl_plot_area *area = &drawing->frame.area;
    double gap = 10 * canvas->unit, width, height, x, y;
    char share[FL_PLOT_NUMBER_MAX], name[FL_PLOT_NUMBER_MAX + 8];
    struct fl_plot_text text = {.text = name,
                                .size =
                                    fl_map_roominess(drawing) < 0.6 ? FL_TYPE_SMALL : FL_TYPE_ZONE,
                                .ink = FL_INK_TEXT,
                                .is_bold = true,
                                .align = is_right ? FL_ALIGN_RIGHT : FL_ALIGN_LEFT,
                                .has_plate = true};

    fl_map_share(share, drawing->count->by_zone[zone], drawing->count->n);
    snprintf(name, sizeof name, "%s  %s", fl_map_zone_name(zone), share);
    fl_plot_text_size(canvas, &text, &width, &height);
    x = is_right ? area->x + area->width - gap : area->x + gap;
    y = is_bottom ? area->y + area->height - gap - height : area->y + gap;
    fl_plot_text_draw(canvas, &text, x, y);
    drawing->boxes[drawing->n_boxes++] =
        (struct fl_plot_area){is_right ? x - width : x, y, width, height};
}

static const char *const zone_names[FL_ZONES] = {"N", "I", "II", "III"};

const char *fl_map_zone_name(enum fl_zone zone)
{
    return zone_names[zone];
}

void fl_map_share(char out[FL_PLOT_NUMBER_MAX], double part, double all)
{
    double share = all > 0 ? part / all : 0;

    fl_plot_percent(out, share, part > 0 && share < 0.0995 ? 1 : 0);
}

/* --- the whole ---------------------------------------------------------------------------------*/

/* The legend beside the map, or below where the picture is tall. */
static void lay_out(struct fl_map_drawing *drawing, double top, struct fl_plot_area *panel)
{
    static const double panel_width = 268, panel_share = 0.37, panel_height = 0.34;
    struct fl_plot_canvas *canvas = &drawing->canvas;
    double pad = fl_plot_margin(canvas), bottom = canvas->height - pad * 0.75;
    bool is_below = canvas->width < (canvas->height - top) * 1.12;
    double side = fmin(panel_width * canvas->unit, canvas->width * panel_share);
    struct fl_plot_area outer = {pad, top, canvas->width - 2 * pad, bottom - top};
    struct fl_plot_frame *frame = &drawing->frame;

    if (is_below)
        outer.height -= canvas->height * panel_height;
    else
        outer.width -= side + pad;
    fl_plot_axis_number(&frame->x, 1, 5);
    fl_plot_axis_number(&frame->y, 1, 5);
    frame->x.title = fl_plot_word(canvas->language, FL_WORD_CV);
    frame->y.title = fl_plot_word(canvas->language, FL_WORD_CE);
    fl_plot_frame_fit(canvas, frame, &outer);
    frame->area.width = frame->area.height = fmin(frame->area.width, frame->area.height);
    if (is_below) {
        double used = frame->area.y + frame->area.height + 62 * canvas->unit;

        frame->area.x += fmax(0, (outer.x + outer.width - frame->area.x - frame->area.width) / 2);
        *panel = (struct fl_plot_area){pad, used, canvas->width - 2 * pad, bottom - used};
    } else {
        double x = frame->area.x + frame->area.width + pad * 1.2;

        *panel = (struct fl_plot_area){x, top, canvas->width - pad - x, bottom - top};
    }
}

static void draw(struct fl_map_drawing *drawing, double top)
{
    struct fl_plot_area panel;

    lay_out(drawing, top, &panel);

    draw_zones(drawing);
    clip_to_plane(drawing);
    if (fl_map_is_dense(drawing)) {
        fl_map_density(drawing);
        fl_map_hexagons(drawing);
    } else
        fl_map_points(drawing);
    cairo_restore(drawing->canvas.cairo);
    draw_lines(drawing);
    fl_map_marks(drawing);
    corner(drawing, FL_ZONE_II, false, false);
    corner(drawing, FL_ZONE_III, true, false);
    corner(drawing, FL_ZONE_I, true, true);
    draw_arrows(drawing);
    fl_map_groups(drawing);
    fl_plot_frame_axes(&drawing->canvas, &drawing->frame);
    fl_map_panel(drawing, &panel);
}

enum fl_status fl_plot_map(const struct fl_plot_style *style, const struct fl_plot_map *map,
                           struct fl_buf *out, struct fl_error *err)
{
    FL_AUTO_FREE struct fl_map_drawing *drawing = calloc(1, sizeof *drawing);
    struct fl_map_count count = {.n = 0};
    enum fl_status st;
    double top;

    if (!drawing)
        return fl_error_set(err, FL_IO, "memory is out");
    drawing->map = map;
    drawing->count = &count;
    st = check(map, err);
    if (!st)
        st = count_all(map, &count, err);
    if (!st)
        st = fl_plot_open(&drawing->canvas, style, err);
    if (st)
        return st;
    top = fl_plot_head(&drawing->canvas, style, FL_WORD_MAP);
    if (map->n)
        draw(drawing, top);
    else
        fl_plot_sentence(&drawing->canvas, top,
                         fl_plot_word(drawing->canvas.language, FL_WORD_MAP_EMPTY));
    return fl_plot_close(&drawing->canvas, out, err);
}
