/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The four marks around a code.
 *
 * The code says roughly where they are: how large it is printed depends on the pixels of the page
 * it was drawn on, and a small error of its corners grows on the way to the far edge.  So every
 * solid square near such a place is a candidate, and those three are taken that make the
 * straightest form around the code, and a fourth where there is one.
 */
#include "paper/form_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A code is drawn with whole pixels, so it may be smaller than the form gives room for. */
#define SCALE_MIN   0.94
#define SCALE_MAX   1.24
#define ASPECT_MAX  1.08 /* how much longer a unit may be in one direction than in the other */
#define ANGLE_MAX   0.10 /* radians between the code's direction and the marks' */
#define SHEAR_MAX   0.06 /* cosine of the angle between the axes */
#define CENTRE_MAX  0.9  /* units between the code's place and where the marks say it is */
#define FOURTH_MAX  0.8  /* units between the fourth mark and where three say it is */
#define LOST_FOURTH 1.0  /* what a form with three marks is worse by */
#define SQUARE_MIN  0.72 /* sides of a mark, of what they should be */
#define SQUARE_MAX  1.40
#define SOLID_MIN   0.70 /* of its surrounding rectangle */

enum { CANDIDATES_MAX = 24, QUIET_MODULES = 4, VERSIONS = 9 };

struct candidates {
    struct form_point at[CANDIDATES_MAX];
    size_t n;
};

/* Side in modules of a code that holds `len` bytes at level M (ISO/IEC 18004, table 7). */
static int modules_of(size_t len)
{
    static const size_t capacity[VERSIONS] = {14, 26, 42, 62, 84, 106, 122, 152, 180};
    int version = 0;

    while (version < VERSIONS - 1 && capacity[version] < len)
        version++;
    return 21 + 4 * version;
}

void form_map_of_code(const struct form_code *code, struct form_map *out)
{
    const struct form_point *c = code->corners;
    double modules = modules_of(code->text_len);
    double side = FORM_CODE_SIDE * modules / (modules + 2 * QUIET_MODULES);
    double x = (c[0].x + c[1].x + c[2].x + c[3].x) / 4, y = (c[0].y + c[1].y + c[2].y + c[3].y) / 4;
    double cx = FORM_CODE_X + FORM_CODE_SIDE / 2, cy = FORM_CODE_Y + FORM_CODE_SIDE / 2;

    out->xx = (c[1].x - c[0].x + c[2].x - c[3].x) / 2 / side;
    out->yx = (c[1].y - c[0].y + c[2].y - c[3].y) / 2 / side;
    out->xy = (c[3].x - c[0].x + c[2].x - c[1].x) / 2 / side;
    out->yy = (c[3].y - c[0].y + c[2].y - c[1].y) / 2 / side;
    out->x0 = x - out->xx * cx - out->xy * cy;
    out->y0 = y - out->yx * cx - out->yy * cy;
}

double form_map_unit(const struct form_map *map)
{
    return (hypot(map->xx, map->yx) + hypot(map->xy, map->yy)) / 2;
}

static struct form_point mark_at(double height, int corner)
{
    return (struct form_point){corner & 1 ? FORM_WIDTH - FORM_MARK / 2 : FORM_MARK / 2,
                               corner & 2 ? height - FORM_MARK / 2 : FORM_MARK / 2};
}

/* --- solid squares -----------------------------------------------------------------------------*/

struct blob {
    int left, right, top, bottom;
    size_t area;
};

struct search {
    const struct form_picture *picture;
    uint8_t *seen; /* of the whole picture */
    int *stack;
    size_t stack_max;
    double side; /* of a mark, pixels */
};

static void push(struct search *search, size_t *n, int x, int y)
{
    size_t at = (size_t)y * (size_t)search->picture->width + (size_t)x;

    if (*n + 2 > search->stack_max || !form_is_black(search->picture, x, y) || search->seen[at])
        return;
    search->seen[at] = 1;
    search->stack[(*n)++] = x;
    search->stack[(*n)++] = y;
}

/* What hangs together with a pixel.  Larger pieces than a mark are given up early; what was seen of
 * them is not looked at again, so the work is bounded by the pixels. */
static bool blob_fill(struct search *search, int x, int y, struct blob *out)
{
    struct blob blob = {x, x, y, y, 0};
    double most = SQUARE_MAX * search->side;
    size_t n = 0;

    push(search, &n, x, y);
    while (n) {
        y = search->stack[--n];
        x = search->stack[--n];
        blob.area++;
        blob.left = x < blob.left ? x : blob.left;
        blob.right = x > blob.right ? x : blob.right;
        blob.top = y < blob.top ? y : blob.top;
        blob.bottom = y > blob.bottom ? y : blob.bottom;
        if (blob.right - blob.left >= most || blob.bottom - blob.top >= most)
            return false;
        push(search, &n, x - 1, y);
        push(search, &n, x + 1, y);
        push(search, &n, x, y - 1);
        push(search, &n, x, y + 1);
    }
    *out = blob;
    return true;
}

static bool is_square(const struct blob *blob, double side)
{
    double w = blob->right - blob->left + 1, h = blob->bottom - blob->top + 1;

    return w >= SQUARE_MIN * side && h >= SQUARE_MIN * side && w <= SQUARE_MAX * h &&
           h <= SQUARE_MAX * w && (double)blob->area >= SOLID_MIN * w * h;
}

static void window_search(struct search *search, const int window[4], struct candidates *out)
{
    for (int y = window[1]; y <= window[3]; y++) {
        for (int x = window[0]; x <= window[2]; x++) {
            struct blob blob;

            if (!form_is_black(search->picture, x, y) ||
                search->seen[(size_t)y * (size_t)search->picture->width + (size_t)x] ||
                !blob_fill(search, x, y, &blob) || !is_square(&blob, search->side))
                continue;
            if (out->n < CANDIDATES_MAX)
                out->at[out->n++] = (struct form_point){(blob.left + blob.right) / 2.0,
                                                        (blob.top + blob.bottom) / 2.0};
        }
    }
}

static int clamp(double v, int max)
{
    return v < 0 ? 0 : v > max ? max : (int)v;
}

/* Where a mark may be: on a line from the code outwards, and beside it the more the farther. */
static void window_of(const struct form_picture *picture, const struct form_map *map,
                      struct form_point mark, int window[4])
{
    double cx = FORM_CODE_X + FORM_CODE_SIDE / 2, cy = FORM_CODE_Y + FORM_CODE_SIDE / 2;
    double dx = mark.x - cx, dy = mark.y - cy;
    double room = form_map_unit(map) * (1.5 + ANGLE_MAX * hypot(dx, dy));
    struct form_point a = form_map_point(map, cx + dx * SCALE_MIN, cy + dy * SCALE_MIN);
    struct form_point b = form_map_point(map, cx + dx * SCALE_MAX, cy + dy * SCALE_MAX);

    window[0] = clamp(fmin(a.x, b.x) - room, picture->width - 1);
    window[1] = clamp(fmin(a.y, b.y) - room, picture->height - 1);
    window[2] = clamp(fmax(a.x, b.x) + room, picture->width - 1);
    window[3] = clamp(fmax(a.y, b.y) + room, picture->height - 1);
}

/* --- three of them -----------------------------------------------------------------------------*/

struct choice {
    struct form_point corners[4];
    double error;
};

/* Where the fourth corner of a parallelogram is. */
static struct form_point fourth(const struct form_point corners[4], int missing)
{
    const struct form_point *far = &corners[missing ^ 3];
    const struct form_point *a = &corners[missing ^ 1], *b = &corners[missing ^ 2];

    return (struct form_point){a->x + b->x - far->x, a->y + b->y - far->y};
}

static bool is_plausible(const struct form_point corners[4], double height,
                         const struct form_map *code, double *out_error)
{
    double w = FORM_WIDTH - FORM_MARK, h = height - FORM_MARK;
    struct form_map map = {
        .xx = (corners[1].x - corners[0].x) / w,
        .yx = (corners[1].y - corners[0].y) / w,
        .xy = (corners[2].x - corners[0].x) / h,
        .yy = (corners[2].y - corners[0].y) / h,
    };
    double x = hypot(map.xx, map.yx), y = hypot(map.xy, map.yy);
    double code_x = hypot(code->xx, code->yx), code_y = hypot(code->xy, code->yy);
    double cx = FORM_CODE_X + FORM_CODE_SIDE / 2, cy = FORM_CODE_Y + FORM_CODE_SIDE / 2;
    struct form_point here, there = form_map_point(code, cx, cy);

    map.x0 = corners[0].x - (map.xx + map.xy) * FORM_MARK / 2;
    map.y0 = corners[0].y - (map.yx + map.yy) * FORM_MARK / 2;
    here = form_map_point(&map, cx, cy);
    *out_error = hypot(here.x - there.x, here.y - there.y) / fmax(1, (x + y) / 2);
    return x >= SCALE_MIN * code_x && x <= SCALE_MAX * code_x && y >= SCALE_MIN * code_y &&
           y <= SCALE_MAX * code_y && x <= ASPECT_MAX * y && y <= ASPECT_MAX * x &&
           fabs(map.xx * map.xy + map.yx * map.yy) <= SHEAR_MAX * x * y &&
           map.xx * code->xx + map.yx * code->yx >= cos(ANGLE_MAX) * x * code_x &&
           map.xy * code->xy + map.yy * code->yy >= cos(ANGLE_MAX) * y * code_y &&
           *out_error <= CENTRE_MAX;
}

static void choice_try(const struct candidates marks[4], int missing, double height,
                       const struct form_map *code, struct form_point corners[4],
                       struct choice *best)
{
    double unit = form_map_unit(code), error, nearest = FOURTH_MAX;
    struct form_point there = corners[missing] = fourth(corners, missing);

    if (!is_plausible(corners, height, code, &error))
        return;
    for (size_t i = 0; i < marks[missing].n; i++) {
        double d = hypot(marks[missing].at[i].x - there.x, marks[missing].at[i].y - there.y) / unit;

        if (d < nearest) {
            nearest = d;
            corners[missing] = marks[missing].at[i];
        }
    }
    error += nearest < FOURTH_MAX ? nearest : LOST_FOURTH;
    if (error < best->error) {
        best->error = error;
        memcpy(best->corners, corners, sizeof best->corners);
    }
}

static void choose(const struct candidates marks[4], int missing, double height,
                   const struct form_map *code, struct choice *best)
{
    const int a = missing ^ 1, b = missing ^ 2, c = missing ^ 3;
    struct form_point corners[4];

    for (size_t i = 0; i < marks[a].n; i++) {
        for (size_t j = 0; j < marks[b].n; j++) {
            for (size_t k = 0; k < marks[c].n; k++) {
                corners[a] = marks[a].at[i];
                corners[b] = marks[b].at[j];
                corners[c] = marks[c].at[k];
                choice_try(marks, missing, height, code, corners, best);
            }
        }
    }
}

bool form_sheet_find(const struct form_picture *picture, const struct form_code *code,
                     struct form_sheet *out)
{
    size_t n = (size_t)picture->width * (size_t)picture->height;
    double height = form_layout_height(&code->layout);
    struct candidates marks[4] = {0};
    struct choice best = {.error = HUGE_VAL};
    struct form_map map;
    struct search search = {.picture = picture};

    form_map_of_code(code, &map);
    search.side = FORM_MARK * form_map_unit(&map) * (SCALE_MIN + SCALE_MAX) / 2;
    search.stack_max = (size_t)(8 * SQUARE_MAX * SQUARE_MAX * search.side * search.side) + 64;
    if (!(search.side >= 3 && search.side < picture->width + picture->height))
        return false;
    search.stack = calloc(search.stack_max, sizeof *search.stack);
    search.seen = malloc(n);
    for (int corner = 0; corner < 4 && search.stack && search.seen; corner++) {
        int window[4];

        memset(search.seen, 0, n);
        window_of(picture, &map, mark_at(height, corner), window);
        window_search(&search, window, &marks[corner]);
    }
    for (int missing = 0; missing < 4; missing++)
        choose(marks, missing, height, &map, &best);
    free(search.stack);
    free(search.seen);
    if (best.error == HUGE_VAL)
        return false;
    memcpy(out->marks, best.corners, sizeof out->marks);
    out->height = height;
    return true;
}

/* Between four marks: straight lines stay straight along the edges, which is enough for paper that
 * lay askew or was pulled unevenly. */
struct form_point form_sheet_point(const struct form_sheet *sheet, double x, double y)
{
    double u = (x - FORM_MARK / 2) / (FORM_WIDTH - FORM_MARK);
    double v = (y - FORM_MARK / 2) / (sheet->height - FORM_MARK);
    const struct form_point *m = sheet->marks;

    return (struct form_point){
        (1 - v) * ((1 - u) * m[0].x + u * m[1].x) + v * ((1 - u) * m[2].x + u * m[3].x),
        (1 - v) * ((1 - u) * m[0].y + u * m[1].y) + v * ((1 - u) * m[2].y + u * m[3].y)};
}
