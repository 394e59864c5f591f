/* SPDX-License-Identifier: GPL-3.0-or-later */
/* QR codes: exact on a vector surface, a whole number of pixels a module on a picture. */
#include "paper/paper_private.h"

#include <math.h>
#include <qrencode.h>

enum { QUIET = 4 }; /* modules around a code, ISO/IEC 18004 */

struct grid {
    double x, y;   /* of the first module */
    double dx, dy; /* of one */
};

static bool is_picture(cairo_t *cairo)
{
    return cairo_surface_get_type(cairo_get_group_target(cairo)) == CAIRO_SURFACE_TYPE_IMAGE;
}

/* Moves to device units, where modules begin and end on pixels.  False: turned or too small. */
static bool grid_snap(cairo_t *cairo, double x, double y, double side, int modules,
                      struct grid *out)
{
    double x0 = x, y0 = y, x1 = x + side, y1 = y + side, across = side, askew = 0;
    struct grid grid;

    cairo_user_to_device_distance(cairo, &across, &askew);
    cairo_user_to_device(cairo, &x0, &y0);
    cairo_user_to_device(cairo, &x1, &y1);
    grid.dx = floor((x1 - x0) / modules);
    grid.dy = floor((y1 - y0) / modules);
    if (fabs(askew) > 0.01 || grid.dx < 1 || grid.dy < 1)
        return false;
    grid.x = round((x0 + x1 - grid.dx * modules) / 2);
    grid.y = round((y0 + y1 - grid.dy * modules) / 2);
    *out = grid;
    return true;
}

static void draw_modules(cairo_t *cairo, const QRcode *code, const struct grid *grid)
{
    int n = code->width;

    for (int row = 0; row < n; row++) {
        for (int col = 0; col < n;) {
            int first = col;

            while (col < n && (code->data[row * n + col] & 1))
                col++;
            if (col > first)
                cairo_rectangle(cairo, grid->x + (QUIET + first) * grid->dx,
                                grid->y + (QUIET + row) * grid->dy, (col - first) * grid->dx,
                                grid->dy);
            else
                col++;
        }
    }
    cairo_fill(cairo);
}

/* As a stencil of one bit a module: a tenth of the bytes and of the time of hundreds of boxes. */
static void draw_stencil(cairo_t *cairo, const QRcode *code, const struct grid *grid)
{
    int n = code->width;
    cairo_surface_t *stencil = cairo_image_surface_create(CAIRO_FORMAT_A8, n, n);
    unsigned char *pixels = cairo_image_surface_get_data(stencil);
    int stride = cairo_image_surface_get_stride(stencil);
    cairo_pattern_t *pattern;

    for (int row = 0; pixels && row < n; row++) {
        for (int col = 0; col < n; col++)
            pixels[row * stride + col] = code->data[row * n + col] & 1 ? 255 : 0;
    }
    cairo_surface_mark_dirty(stencil);
    pattern = cairo_pattern_create_for_surface(stencil);
    cairo_pattern_set_filter(pattern, CAIRO_FILTER_NEAREST);
    cairo_translate(cairo, grid->x + QUIET * grid->dx, grid->y + QUIET * grid->dy);
    cairo_scale(cairo, grid->dx, grid->dy);
    cairo_mask(cairo, pattern);
    cairo_pattern_destroy(pattern);
    cairo_surface_destroy(stencil);
}

static void white_box(cairo_t *cairo, double x, double y, double side)
{
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_rectangle(cairo, x, y, side, side);
    cairo_fill(cairo);
    cairo_set_source_rgb(cairo, 0, 0, 0);
}

bool paper_qr(cairo_t *cairo, const char *text, double x, double y, double side)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    int modules = code ? code->width + 2 * QUIET : 0;
    struct grid grid = {x, y, side / modules, side / modules};

    if (!code)
        return false;
    cairo_save(cairo);
    white_box(cairo, x, y, side);
    if (!is_picture(cairo)) {
        draw_stencil(cairo, code, &grid);
    } else {
        if (grid_snap(cairo, x, y, side, modules, &grid)) {
            cairo_identity_matrix(cairo);
            cairo_set_antialias(cairo, CAIRO_ANTIALIAS_NONE);
        }
        draw_modules(cairo, code, &grid);
    }
    cairo_restore(cairo);
    QRcode_free(code);
    return true;
}
