/* Density by hexagons: size and colour both say how many, so that either alone is enough. */
#include <math.h>

#include "plot/plot_map_private.h"

static const double sqrt3 = 1.7320508075688772;
/* A hexagon should be seen as one. */
static const double radius_min = 5.5;

/* More customers, finer hexagons: about 8 in each on average, as far as they can be seen. */
static int columns_of(const struct fl_map_drawing *drawing)
{
    static const double per_hexagon = 8;
    double side = drawing->frame.area.width;
    double most = side / (sqrt3 * radius_min * drawing->canvas.unit);
    double columns = sqrt(drawing->count->n / per_hexagon);

    columns = fmin(fmax(columns, 16), fmin(most, FL_MAP_COLUMNS_MAX));
    return columns < 6 ? 6 : (int)columns;
}

/* The centre of a cell in pixels from the lower left corner of the plane. */
static void centre_of(const struct fl_map_drawing *drawing, int row, int column, double *x,
                      double *y)
{
    *x = sqrt3 * drawing->radius * (column + (row % 2 ? 0.5 : 0));
    *y = 1.5 * drawing->radius * row;
}

static double distance2(const struct fl_map_drawing *drawing, int row, int column, double x,
                        double y)
{
    double at_x, at_y;

    centre_of(drawing, row, column, &at_x, &at_y);
    return (x - at_x) * (x - at_x) + (y - at_y) * (y - at_y);
}

/* Of the two rows around y the cell whose centre is nearest. */
static void add_point(struct fl_map_drawing *drawing, double x, double y)
{
    int low = (int)floor(y / (1.5 * drawing->radius)), best_row = 0, best_column = 0;
    double best = INFINITY;

    for (int row = low; row <= low + 1; row++) {
        int column = (int)lround(x / (sqrt3 * drawing->radius) - (row % 2 ? 0.5 : 0));
        double distance;

        column = column < 0 ? 0 : column > drawing->columns ? drawing->columns : column;
        distance = distance2(drawing, row, column, x, y);
        if (row < drawing->rows && distance < best) {
            best = distance;
            best_row = row;
            best_column = column;
        }
    }
    drawing->cells[best_row][best_column]++;
}

/* 1, 2, 5, 10, ... */
static double round_count(int i)
{
    static const double steps[] = {1, 2, 5};

    return steps[i % 3] * pow(10, i / 3);
}

/* The smallest step with a number people count in that needs no more than all levels. */
static double step_for(double most)
{
    static const double steps[] = {1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10};
    double power = 1;

    for (;; power *= 10)
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            double step = steps[i] * power;

            if (step * FL_PLOT_LEVELS > most && fabs(step - floor(step)) < 1e-9)
                return step;
        }
}

/* Equal steps of a round size; or, where few hexagons hold nearly everybody, steps that grow. */
static void choose_levels(struct fl_map_drawing *drawing)
{
    static const double skewed = 12;
    double most = 0, occupied = 0, step;
    int i = 0, stride;

    for (int row = 0; row < drawing->rows; row++)
        for (int column = 0; column <= drawing->columns; column++) {
            most = fmax(most, drawing->cells[row][column]);
            occupied += drawing->cells[row][column] > 0;
        }
    drawing->count->most = most;
    drawing->levels = 0;
    drawing->from[0] = 1;
    if (most <= skewed * drawing->count->n / occupied) {
        step = step_for(most);
        while (drawing->levels < FL_PLOT_LEVELS && drawing->levels * step <= most) {
            if (drawing->levels)
                drawing->from[drawing->levels] = drawing->levels * step;
            drawing->levels++;
        }
        if (drawing->levels > 1 && step <= 1) { /* level 0 would be nobody */
            for (int level = 0; level + 1 < drawing->levels; level++)
                drawing->from[level] = drawing->from[level + 1];
            drawing->levels--;
        }
        return;
    }
    while (round_count(i) <= most)
        i++;
    stride = (i + FL_PLOT_LEVELS - 1) / FL_PLOT_LEVELS;
    for (int at = 0; at < i && drawing->levels < FL_PLOT_LEVELS; at += stride)
        drawing->from[drawing->levels++] = round_count(at);
}

void fl_map_density(struct fl_map_drawing *drawing)
{
    const struct fl_plot_map *map = drawing->map;
    double side = drawing->frame.area.width;

    drawing->columns = columns_of(drawing);
    drawing->radius = side / (sqrt3 * drawing->columns);
    drawing->rows = (int)ceil(side / (1.5 * drawing->radius)) + 1;
    if (drawing->rows > FL_MAP_ROWS_MAX)
        drawing->rows = FL_MAP_ROWS_MAX;
    for (size_t i = 0; i < map->n; i++)
        add_point(drawing, (double)map->points[i].cv * side, (double)map->points[i].ce * side);
    choose_levels(drawing);
}

/* Index among FL_PLOT_LEVELS colours: few levels are spread over all of them. */
static int colour_of(const struct fl_map_drawing *drawing, int level)
{
    return drawing->levels < 2 ? FL_PLOT_LEVELS - 1
                               : level * (FL_PLOT_LEVELS - 1) / (drawing->levels - 1);
}

static void trace(cairo_t *cairo, double x, double y, double radius)
{
    cairo_new_sub_path(cairo);
    for (int corner = 0; corner < 6; corner++)
        cairo_line_to(cairo, x + radius * cos(G_PI / 6 + corner * G_PI / 3),
                      y + radius * sin(G_PI / 6 + corner * G_PI / 3));
    cairo_close_path(cairo);
}

static double size_of(const struct fl_map_drawing *drawing, int level)
{
    static const double smallest = 0.4;
    double share = drawing->levels < 2 ? 1 : (double)level / (drawing->levels - 1);

    return smallest + (1 - smallest) * sqrt(share);
}

void fl_map_hexagon(const struct fl_plot_canvas *canvas, double x, double y, double radius,
                    const struct fl_map_drawing *drawing, int level)
{
    fl_plot_colour(canvas, canvas->palette->level[colour_of(drawing, level)], 1);
    trace(canvas->cairo, x, y, radius * size_of(drawing, level));
    cairo_fill(canvas->cairo);
}

static int level_of(const struct fl_map_drawing *drawing, double n)
{
    int level = drawing->levels - 1;

    while (level > 0 && n < drawing->from[level])
        level--;
    return level;
}

/* One path a level: a million customers are a few thousand corners. */
void fl_map_hexagons(const struct fl_map_drawing *drawing)
{
    const struct fl_plot_area *area = &drawing->frame.area;
    const struct fl_plot_canvas *canvas = &drawing->canvas;

    for (int level = 0; level < drawing->levels; level++) {
        double radius = drawing->radius * size_of(drawing, level) * 0.97, x, y;

        for (int row = 0; row < drawing->rows; row++)
            for (int column = 0; column <= drawing->columns; column++) {
                double n = drawing->cells[row][column];

                if (!(n > 0) || level_of(drawing, n) != level)
                    continue;
                centre_of(drawing, row, column, &x, &y);
                trace(canvas->cairo, area->x + x, area->y + area->height - y, radius);
            }
        fl_plot_colour(canvas, canvas->palette->level[colour_of(drawing, level)], 1);
        cairo_fill(canvas->cairo);
    }
}
