/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures of cards: TIFF of many pages, or PNG, to grey. */
#include "letter/letter_private.h"

#include <cairo.h>
#include <math.h>
#include <string.h>
#include <tiffio.h>

static const double DPI_UNKNOWN = 200;
static const double DPI_MIN = 50, DPI_MAX = 2400;
static const double INCH_PER_METRE = 0.0254, CM_PER_INCH = 2.54;

struct memory {
    const unsigned char *data;
    size_t len, at;
};

static double dpi_within(double dpi)
{
    return isfinite(dpi) && dpi >= DPI_MIN && dpi <= DPI_MAX ? dpi : DPI_UNKNOWN;
}

static bool is_png(const void *data, size_t len)
{
    return len > 33 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0;
}

static bool is_tiff(const void *data, size_t len)
{
    return len > 8 && (memcmp(data, "II*\0", 4) == 0 || memcmp(data, "MM\0*", 4) == 0);
}

bool letter_is_scan(const void *data, size_t len)
{
    return is_png(data, len) || is_tiff(data, len);
}

/* False with a reason. */
static bool size_is_sound(uint64_t width, uint64_t height, char *why, size_t why_size)
{
    if (width >= 1 && height >= 1 && width <= LETTER_SCAN_PIXELS_MAX &&
        height <= LETTER_SCAN_PIXELS_MAX && width * height <= LETTER_SCAN_PIXELS_MAX)
        return true;
    g_snprintf(why, (gulong)why_size,
               "a picture of %" G_GUINT64_FORMAT " x %" G_GUINT64_FORMAT " is beyond %d pixels",
               width, height, LETTER_SCAN_PIXELS_MAX);
    return false;
}

static bool scan_begin(struct letter_scan *scan, int width, int height)
{
    *scan = (struct letter_scan){.grey = g_try_malloc((size_t)width * (size_t)height)};
    scan->image = (struct form_image){width, height, DPI_UNKNOWN, DPI_UNKNOWN, scan->grey};
    return scan->grey != NULL;
}

static uint8_t grey_of(unsigned red, unsigned green, unsigned blue)
{
    return (uint8_t)((red * 77 + green * 150 + blue * 29) >> 8);
}

/* --- PNG --------------------------------------------------------------------------------------*/

static cairo_status_t png_more(void *arg, unsigned char *out, unsigned len)
{
    struct memory *memory = arg;

    if (len > memory->len - memory->at)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(out, memory->data + memory->at, len);
    memory->at += len;
    return CAIRO_STATUS_SUCCESS;
}

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The chunk pHYs, in pixels a metre; it stands before the pixels. */
static void png_resolution(const unsigned char *data, size_t len, struct form_image *image)
{
    for (size_t at = 8; at + 21 <= len;) {
        uint32_t n = be32(data + at);

        if (memcmp(data + at + 4, "IDAT", 4) == 0 || n > len - at - 12)
            return;
        if (memcmp(data + at + 4, "pHYs", 4) == 0 && n == 9 && data[at + 16] == 1) {
            image->x_dpi = dpi_within(be32(data + at + 8) * INCH_PER_METRE);
            image->y_dpi = dpi_within(be32(data + at + 12) * INCH_PER_METRE);
            return;
        }
        at += 12 + (size_t)n;
    }
}

static void png_to_grey(cairo_surface_t *surface, struct letter_scan *scan)
{
    int stride = cairo_image_surface_get_stride(surface);
    bool has_alpha = cairo_image_surface_get_format(surface) == CAIRO_FORMAT_ARGB32;

    for (int y = 0; y < scan->image.height; y++) {
        const unsigned char *row =
            cairo_image_surface_get_data(surface) + (ptrdiff_t)y * (ptrdiff_t)stride;

        for (int x = 0; x < scan->image.width; x++) {
            uint32_t pixel;
            unsigned paper;

            memcpy(&pixel, row + 4 * (size_t)x, sizeof pixel);
            /* Premultiplied: what is not covered is white. */
            paper = has_alpha ? 255 - (pixel >> 24) : 0;
            scan->grey[(size_t)y * (size_t)scan->image.width + (size_t)x] = grey_of(
                (pixel >> 16 & 255) + paper, (pixel >> 8 & 255) + paper, (pixel & 255) + paper);
        }
    }
}

typedef bool page_fn(void *ctx, const struct letter_scan *scan, size_t index);

static bool png_read(const void *data, size_t len, page_fn *page, void *ctx, char *why,
                     size_t why_size)
{
    struct memory memory = {data, len, 0};
    struct letter_scan scan;
    cairo_surface_t *surface;
    cairo_format_t format;
    bool ok;

    if (!size_is_sound(be32(memory.data + 16), be32(memory.data + 20), why, why_size))
        return false;
    surface = cairo_image_surface_create_from_png_stream(png_more, &memory);
    format = cairo_image_surface_get_format(surface);
    ok = cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS &&
         (format == CAIRO_FORMAT_ARGB32 || format == CAIRO_FORMAT_RGB24) &&
         scan_begin(&scan, cairo_image_surface_get_width(surface),
                    cairo_image_surface_get_height(surface));
    if (!ok) {
        g_strlcpy(why, "the PNG is damaged or of a kind that is not read", why_size);
    } else {
        png_to_grey(surface, &scan);
        png_resolution(data, len, &scan.image);
        ok = page(ctx, &scan, 0);
        g_free(scan.grey);
    }
    cairo_surface_destroy(surface);
    return ok;
}

/* --- TIFF -------------------------------------------------------------------------------------*/

static tmsize_t tiff_read(thandle_t handle, void *out, tmsize_t n)
{
    struct memory *memory = handle;
    size_t len = MIN((size_t)n, memory->len - MIN(memory->at, memory->len));

    memcpy(out, memory->data + (len ? memory->at : 0), len);
    memory->at += len;
    return (tmsize_t)len;
}

static tmsize_t tiff_write(thandle_t handle, void *data, tmsize_t n)
{
    (void)handle;
    (void)data;
    (void)n;
    return 0;
}

static toff_t tiff_seek(thandle_t handle, toff_t offset, int whence)
{
    struct memory *memory = handle;

    if (whence == SEEK_CUR)
        offset += memory->at;
    else if (whence == SEEK_END)
        offset += memory->len;
    memory->at = (size_t)offset;
    return offset;
}

static int tiff_close(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t tiff_size(thandle_t handle)
{
    return ((struct memory *)handle)->len;
}

static void tiff_resolution(TIFF *tiff, struct form_image *image)
{
    float x = 0, y = 0;
    uint16_t unit = RESUNIT_INCH;
    double scale;

    TIFFGetFieldDefaulted(tiff, TIFFTAG_RESOLUTIONUNIT, &unit);
    scale = unit == RESUNIT_CENTIMETER ? CM_PER_INCH : 1;
    if (TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &x) &&
        TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &y)) {
        image->x_dpi = dpi_within((double)x * scale);
        image->y_dpi = dpi_within((double)y * scale);
    }
}

static bool tiff_page(TIFF *tiff, struct letter_scan *out, char *why, size_t why_size)
{
    uint32_t width = 0, height = 0, *pixels;
    size_t n;
    bool ok;

    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width) ||
        !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height) ||
        !size_is_sound(width, height, why, why_size))
        return false;
    n = (size_t)width * height;
    pixels = g_try_malloc(n * sizeof *pixels);
    ok = pixels && TIFFReadRGBAImageOriented(tiff, width, height, pixels, ORIENTATION_TOPLEFT, 1) &&
         scan_begin(out, (int)width, (int)height);
    for (size_t i = 0; ok && i < n; i++)
        out->grey[i] = grey_of(TIFFGetR(pixels[i]), TIFFGetG(pixels[i]), TIFFGetB(pixels[i]));
    g_free(pixels);
    if (ok)
        tiff_resolution(tiff, &out->image);
    else
        g_strlcpy(why, "a page of the TIFF is damaged or of a kind that is not read", why_size);
    return ok;
}

static bool tiff_pages(const void *data, size_t len, page_fn *page, void *ctx, char *why,
                       size_t why_size)
{
    struct memory memory = {data, len, 0};
    struct letter_scan scan;
    TIFF *tiff;
    size_t index = 0;
    bool ok = true;

    /* What is wrong with a file is said once, with its name. */
    TIFFSetErrorHandler(NULL);
    TIFFSetWarningHandler(NULL);
    tiff = TIFFClientOpen("scan", "rm", &memory, tiff_read, tiff_write, tiff_seek, tiff_close,
                          tiff_size, NULL, NULL);
    if (!tiff) {
        g_strlcpy(why, "the TIFF is damaged", why_size);
        return false;
    }
    do {
        ok = tiff_page(tiff, &scan, why, why_size);
        if (!ok)
            break;
        ok = page(ctx, &scan, index++);
        g_free(scan.grey);
    } while (ok && index < LETTER_SCAN_PAGES_MAX && TIFFReadDirectory(tiff));
    TIFFClose(tiff);
    return ok;
}

bool letter_scan_read(const void *data, size_t len, page_fn *page, void *ctx, char *why,
                      size_t why_size)
{
    if (is_png(data, len))
        return png_read(data, len, page, ctx, why, why_size);
    if (is_tiff(data, len))
        return tiff_pages(data, len, page, ctx, why, why_size);
    g_strlcpy(why, "it is neither TIFF nor PNG", why_size);
    return false;
}

static cairo_status_t png_take(void *arg, const unsigned char *data, unsigned len)
{
    g_byte_array_append(arg, data, len);
    return CAIRO_STATUS_SUCCESS;
}

GByteArray *letter_scan_png(const struct letter_scan *scan)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, scan->image.width, scan->image.height);
    GByteArray *out = g_byte_array_new();
    unsigned char *pixels = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);

    for (int y = 0; pixels && y < scan->image.height; y++) {
        for (int x = 0; x < scan->image.width; x++) {
            uint32_t g = scan->grey[(size_t)y * (size_t)scan->image.width + (size_t)x];
            uint32_t pixel = g << 16 | g << 8 | g;

            memcpy(pixels + (ptrdiff_t)y * stride + 4 * (ptrdiff_t)x, &pixel, sizeof pixel);
        }
    }
    cairo_surface_mark_dirty(surface);
    if (cairo_surface_write_to_png_stream(surface, png_take, out) != CAIRO_STATUS_SUCCESS) {
        g_byte_array_unref(out);
        out = NULL;
    }
    cairo_surface_destroy(surface);
    return out;
}
