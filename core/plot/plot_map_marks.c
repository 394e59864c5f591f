/* What stands out on the map: single customers, key customers, centres of groups. */
#include <math.h>

#include "plot/plot_map_private.h"

/* --- points: each zone its colour and its shape ------------------------------------------------*/

void fl_map_point(const struct fl_plot_canvas *canvas, int zone, double x, double y, double scale)
{
    static const double half[FL_ZONES] = {2.4, 3.2, 2.9, 2.4};
    double r = half[zone] * canvas->unit * scale;
    cairo_t *cairo = canvas->cairo;

    switch (zone) {
    case FL_ZONE_I:
    case FL_ZONE_III:
        cairo_new_sub_path(cairo);
        cairo_arc(cairo, x, y, r, 0, 2 * G_PI);
        fl_plot_ink(canvas, zone == FL_ZONE_I ? FL_INK_ACTUAL : FL_INK_AXIS);
        cairo_fill(cairo);
        break;
    case FL_ZONE_II:
        cairo_rectangle(cairo, x - r, y - r, 2 * r, 2 * r);
        fl_plot_ink(canvas, FL_INK_EXPECTED);
        cairo_fill(cairo);
        break;
    default:
        cairo_new_sub_path(cairo);
        cairo_arc(cairo, x, y, r, 0, 2 * G_PI);
        fl_plot_ink(canvas, FL_INK_MUTED);
        fl_plot_line_width(canvas, 1);
        cairo_stroke(cairo);
        break;
    }
}

void fl_map_points(const struct fl_map_drawing *drawing)
{
    double scale = fmin(1, sqrt(fl_map_roominess(drawing)));

    for (size_t i = 0; i < drawing->map->n; i++) {
        const struct fl_plot_point *point = &drawing->map->points[i];

        fl_map_point(&drawing->canvas, point->zone, fl_plot_x(&drawing->frame, (double)point->cv),
                     fl_plot_y(&drawing->frame, (double)point->ce), scale);
    }
}

/* --- key customers: one sign a criterion, made to be put together ------------------------------*/

static void trace_mark(const struct fl_plot_canvas *canvas, unsigned keys, double x, double y)
{
    static const double ring = 6.5, spike_from = 4.5, spike_to = 11;
    double u = canvas->unit;
    cairo_t *cairo = canvas->cairo;

    if (keys & FL_KEY_EXCHANGE) {
        cairo_new_sub_path(cairo);
        cairo_arc(cairo, x, y, ring * u, 0, 2 * G_PI);
    }
    if (keys & FL_KEY_LEADER)
        for (int side = 0; side < 4; side++) {
            double dx = (side == 0) - (side == 2), dy = (side == 1) - (side == 3);

            cairo_move_to(cairo, x + dx * spike_from * u, y + dy * spike_from * u);
            cairo_line_to(cairo, x + dx * spike_to * u, y + dy * spike_to * u);
        }
}

static void trace_diamond(const struct fl_plot_canvas *canvas, double x, double y)
{
    double r = 4.4 * canvas->unit;

    cairo_move_to(canvas->cairo, x, y - r);
    cairo_line_to(canvas->cairo, x + r, y);
    cairo_line_to(canvas->cairo, x, y + r);
    cairo_line_to(canvas->cairo, x - r, y);
    cairo_close_path(canvas->cairo);
}

void fl_map_mark(const struct fl_plot_canvas *canvas, unsigned keys, double x, double y)
{
    fl_plot_ink(canvas, FL_INK_BACK);
    fl_plot_line_width(canvas, 3.8);
    trace_mark(canvas, keys, x, y);
    cairo_stroke(canvas->cairo);
    if (keys & FL_KEY_CONTRIBUTION) {
        trace_diamond(canvas, x, y);
        fl_plot_line_width(canvas, 2.4);
        cairo_stroke(canvas->cairo);
        trace_diamond(canvas, x, y);
        fl_plot_ink(canvas, FL_INK_MARK);
        cairo_fill(canvas->cairo);
    }
    fl_plot_ink(canvas, FL_INK_MARK);
    fl_plot_line_width(canvas, 1.8);
    trace_mark(canvas, keys, x, y);
    cairo_stroke(canvas->cairo);
}

/* Every so many of each kind, so that what is marked stands for all of them. */
void fl_map_marks(struct fl_map_drawing *drawing)
{
    const struct fl_plot_map *map = drawing->map;
    double seen[FL_MAP_KINDS] = {0};
    double roominess = fl_map_roominess(drawing);
    double most = ceil(FL_MAP_MARKS_MAX * fmin(1, roominess * roominess));

    for (size_t i = 0; i < map->n; i++) {
        const struct fl_plot_point *point = &map->points[i];
        bool is_marked = false;

        for (int kind = 0; kind < FL_MAP_KINDS; kind++) {
            double all = drawing->count->by_kind[kind], stride = ceil(all / most);

            if (!((point->keys >> kind) & 1))
                continue;
            is_marked |= fmod(seen[kind], stride) < 0.5;
            seen[kind]++;
        }
        if (!is_marked)
            continue;
        drawing->count->marked++;
        fl_map_mark(&drawing->canvas, point->keys, fl_plot_x(&drawing->frame, (double)point->cv),
                    fl_plot_y(&drawing->frame, (double)point->ce));
    }
}

/* --- groups ------------------------------------------------------------------------------------*/

void fl_map_centre(const struct fl_plot_canvas *canvas, double x, double y)
{
    static const double outer = 8.5, edge = 7, inner = 2.4;

    fl_plot_ink(canvas, FL_INK_BACK);
    cairo_arc(canvas->cairo, x, y, outer * canvas->unit, 0, 2 * G_PI);
    cairo_fill(canvas->cairo);
    fl_plot_ink(canvas, FL_INK_MARK);
    cairo_arc(canvas->cairo, x, y, edge * canvas->unit, 0, 2 * G_PI);
    cairo_fill(canvas->cairo);
    fl_plot_ink(canvas, FL_INK_BACK);
    cairo_arc(canvas->cairo, x, y, inner * canvas->unit, 0, 2 * G_PI);
    cairo_fill(canvas->cairo);
}

static double overlap(const struct fl_plot_area *a, const struct fl_plot_area *b)
{
    double width = fmin(a->x + a->width, b->x + b->width) - fmax(a->x, b->x);
    double height = fmin(a->y + a->height, b->y + b->height) - fmax(a->y, b->y);

    return width > 0 && height > 0 ? width * height : 0;
}

/* What a label there would cover, and how much of it would stick out of the plane. */
static double badness(const struct fl_map_drawing *drawing, const struct fl_plot_area *box)
{
    double sum = box->width * box->height - overlap(box, &drawing->frame.area);

    for (size_t i = 0; i < drawing->n_boxes; i++)
        sum += overlap(box, &drawing->boxes[i]);
    return sum;
}

static void keep_box(struct fl_map_drawing *drawing, const struct fl_plot_area *box)
{
    if (drawing->n_boxes < FL_MAP_BOXES_MAX)
        drawing->boxes[drawing->n_boxes++] = *box;
}

/* Around the centre, near before far, until one place is free; else the least bad. */
static struct fl_plot_area place(const struct fl_map_drawing *drawing, double x, double y,
                                 double width, double height)
{
    static const double rings[] = {14, 30, 50, 75, 105};
    static const double free_enough = 0.01; /* of a pixel */
    enum { DIRECTIONS = 12 };
    struct fl_plot_area best = {x, y, width, height};
    double least = INFINITY;

    for (size_t ring = 0; ring < sizeof rings / sizeof rings[0]; ring++)
        for (int i = 0; i < DIRECTIONS; i++) {
            double angle = i * 2 * G_PI / DIRECTIONS, r = rings[ring] * drawing->canvas.unit;
            double across = cos(angle), down = sin(angle);
            struct fl_plot_area box = {x + r * across - width * (1 - across) / 2,
                                       y + r * down - height * (1 - down) / 2, width, height};
            double bad = badness(drawing, &box);

            if (bad < least - 1e-6) {
                least = bad;
                best = box;
            }
            if (bad < free_enough)
                return box;
        }
    return best;
}

static void draw_label(struct fl_map_drawing *drawing, const struct fl_map_group *group)
{
    const struct fl_plot_canvas *canvas = &drawing->canvas;
    double x = fl_plot_x(&drawing->frame, group->cv), y = fl_plot_y(&drawing->frame, group->ce);
    double width, height, pad = 4 * canvas->unit, near_x, near_y;
    struct fl_plot_text text = {.text = drawing->map->groups[group->index],
                                .size = FL_TYPE_BODY,
                                .ink = FL_INK_TEXT,
                                .is_bold = true,
                                .width = drawing->frame.area.width * 0.45,
                                .has_plate = true};
    struct fl_plot_area box;

    fl_plot_text_size(canvas, &text, &width, &height);
    box = place(drawing, x, y, width + 2 * pad, height + pad);
    keep_box(drawing, &box);
    near_x = fmin(fmax(x, box.x), box.x + box.width);
    near_y = fmin(fmax(y, box.y), box.y + box.height);
    fl_plot_ink(canvas, FL_INK_MARK);
    fl_plot_line_width(canvas, 1.2);
    cairo_move_to(canvas->cairo, x, y);
    cairo_line_to(canvas->cairo, near_x, near_y);
    cairo_stroke(canvas->cairo);
    fl_map_centre(canvas, x, y);
    fl_plot_text_draw(canvas, &text, box.x + pad, box.y + pad / 2);
}

void fl_map_groups(struct fl_map_drawing *drawing)
{
    double half = 9 * drawing->canvas.unit;

    for (size_t i = 0; i < drawing->count->n_groups; i++) {
        const struct fl_map_group *group = &drawing->count->groups[i];
        const struct fl_plot_area box = {fl_plot_x(&drawing->frame, group->cv) - half,
                                         fl_plot_y(&drawing->frame, group->ce) - half, 2 * half,
                                         2 * half};

        keep_box(drawing, &box);
    }
    for (size_t i = 0; i < drawing->count->n_groups; i++)
        draw_label(drawing, &drawing->count->groups[i]);
}
