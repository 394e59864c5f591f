/* Inside the relationship map: what is counted before it is drawn. */
#ifndef FL_PLOT_MAP_PRIVATE_H
#define FL_PLOT_MAP_PRIVATE_H

#include "plot/plot_private.h"
#include "value/position.h"

enum {
    FL_MAP_POINTS_MAX = 1500, /* above it points cover each other, and hexagons say more */
    FL_MAP_COLUMNS_MAX = 44,
    FL_MAP_ROWS_MAX = 60,
    FL_MAP_KINDS = 3,       /* of key customers */
    FL_MAP_MARKS_MAX = 40,  /* of a kind: an even sample, not a cloud */
    FL_MAP_GROUPS_MAX = 12, /* named: the largest */
    FL_MAP_BOXES_MAX = 64
};

struct fl_map_group {
    double n, cv, ce; /* sums, then means */
    uint16_t index;
};

struct fl_map_count {
    double n;
    double by_zone[FL_ZONES];
    double by_kind[FL_MAP_KINDS], keys, marked;
    double most; /* in a hexagon */
    struct fl_map_group groups[FL_MAP_GROUPS_MAX];
    size_t n_groups, n_groups_all;
};

struct fl_map_drawing {
    struct fl_plot_canvas canvas;
    const struct fl_plot_map *map;
    struct fl_map_count *count;
    struct fl_plot_frame frame;
    /* hexagons, rows of pointed ones */
    int columns, rows;
    double radius;
    double cells[FL_MAP_ROWS_MAX][FL_MAP_COLUMNS_MAX + 1];
    double from[FL_PLOT_LEVELS + 1]; /* first count of each level */
    int levels;
    /* where a label would cover another one */
    struct fl_plot_area boxes[FL_MAP_BOXES_MAX];
    size_t n_boxes;
    bool has_arrow_i, has_arrow_ii;
};

static inline bool fl_map_is_dense(const struct fl_map_drawing *drawing)
{
    return drawing->map->n > FL_MAP_POINTS_MAX;
}

const char *fl_map_zone_name(enum fl_zone zone);
void fl_map_share(char out[FL_PLOT_NUMBER_MAX], double part, double all); /* "23%", "0.4%" */
void fl_map_density(struct fl_map_drawing *drawing);                      /* counts into hexagons */
void fl_map_hexagons(const struct fl_map_drawing *drawing);               /* draws them */
void fl_map_hexagon(const struct fl_plot_canvas *canvas, double x, double y, double radius,
                    const struct fl_map_drawing *drawing, int level);
void fl_map_points(const struct fl_map_drawing *drawing);
void fl_map_point(const struct fl_plot_canvas *canvas, int zone, double x, double y, double scale);
void fl_map_marks(struct fl_map_drawing *drawing);
void fl_map_mark(const struct fl_plot_canvas *canvas, unsigned keys, double x, double y);
void fl_map_groups(struct fl_map_drawing *drawing);
void fl_map_centre(const struct fl_plot_canvas *canvas, double x, double y);
/* How much room the plane has for what is drawn on it: 1 at the usual size. */
double fl_map_roominess(const struct fl_map_drawing *drawing);
/* The legend beside or below the map; width and height of `area` are what there is. */
void fl_map_panel(const struct fl_map_drawing *drawing, const struct fl_plot_area *area);

#endif
