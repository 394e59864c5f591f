/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A received TIFF to pages.  Anybody can send one, and some gateways pass on what came by mail:
 * every size is looked at before memory is asked for, complaints of the library go to the log, and
 * a page that breaks off is read as far as it goes.
 */
#include "fax/fax_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

enum {
    WIDTH_MAX = 5000,
    HEIGHT_MAX = 20000,         /* a roll of paper: 2.6 m */
    PIXELS_MAX = 40000000,      /* of a page */
    PIXELS_ALL_MAX = 400000000, /* of a fax */
    ALLOCATION_MAX = 200 << 20,
    COMPLAINTS_MAX = 20,
    OBLONG_MAX = 4,
    PNG_HEIGHT_MAX = 32000, /* cairo's own limit is 32767 */
    BLACK_BELOW = 160       /* as in fax_tiff.c */
};

struct source {
    const uint8_t *data;
    size_t len, at;
    const struct fax_scan_limits *limits;
    int n_complaints;
};

static tmsize_t on_read(thandle_t handle, void *data, tmsize_t size)
{
    struct source *s = handle;
    size_t n = s->at >= s->len ? 0 : MIN((size_t)size, s->len - s->at);

    if (n)
        memcpy(data, s->data + s->at, n);
    s->at += n;
    return (tmsize_t)n;
}

static tmsize_t on_write(thandle_t handle, void *data, tmsize_t size)
{
    (void)handle;
    (void)data;
    (void)size;
    return 0;
}

static toff_t on_seek(thandle_t handle, toff_t offset, int whence)
{
    struct source *s = handle;

    s->at = (size_t)(offset + (whence == SEEK_CUR ? s->at : whence == SEEK_END ? s->len : 0));
    return s->at;
}

static int on_close(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t on_size(thandle_t handle)
{
    const struct source *s = handle;

    return s->len;
}

__attribute__((format(printf, 4, 0))) static int on_complaint(TIFF *tiff, void *arg,
                                                              const char *module, const char *fmt,
                                                              va_list ap)
{
    struct source *s = arg;
    char words[256];

    (void)tiff;
    (void)module;
    if (s->limits->log && s->n_complaints++ < COMPLAINTS_MAX) {
        g_vsnprintf(words, sizeof words, fmt, ap);
        s->limits->log(s->limits->ctx, words);
    }
    return 1;
}

static TIFF *tiff_open(struct source *source)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    TIFF *tiff;

    if (!options)
        return NULL;
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, ALLOCATION_MAX);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_complaint, source);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_complaint, source);
    /* m: not mapped, the data lies in memory already; O: sizes of strips as they are read */
    tiff = TIFFClientOpenExt("fax", "rmO", source, on_read, on_write, on_seek, on_close, on_size,
                             NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

/* faxgetty writes who called whom into the description: identity, number, name, -, called. */
static void description_read(TIFF *tiff, struct fax_scan *out)
{
    const char *text = NULL;
    g_auto(GStrv) lines = NULL;
    guint n;

    if (!TIFFGetField(tiff, TIFFTAG_IMAGEDESCRIPTION, &text) || !text)
        return;
    lines = g_strsplit(text, "\n", 6);
    n = g_strv_length(lines);
    for (guint i = 0; i < n; i++) {
        char *to = i == 0 ? out->sender : i == 1 ? out->caller : i == 4 ? out->called : NULL;
        g_autofree char *valid = g_utf8_make_valid(lines[i], -1);

        if (!to || strcmp(valid, "<NONE>") == 0)
            continue;
        g_snprintf(to, sizeof out->sender, "%.*s",
                   (int)(g_utf8_strlen(valid, -1) > 40 ? g_utf8_offset_to_pointer(valid, 40) - valid
                                                       : (ptrdiff_t)strlen(valid)),
                   valid);
        g_strstrip(to);
        for (char *p = to; *p; p++)
            *p = g_ascii_iscntrl(*p) ? ' ' : *p;
    }
}

static bool is_plain(TIFF *tiff)
{
    uint16_t bits = 1, samples = 1, photometric = PHOTOMETRIC_MINISWHITE;

    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    return bits == 1 && samples == 1 && !TIFFIsTiled(tiff) &&
           (photometric == PHOTOMETRIC_MINISWHITE || photometric == PHOTOMETRIC_MINISBLACK);
}

/* Black and white, line by line; returns how many lines came. */
static int rows_read(TIFF *tiff, int width, int height, uint8_t *grey)
{
    tmsize_t size = TIFFScanlineSize(tiff);
    uint16_t photometric = PHOTOMETRIC_MINISWHITE;
    uint8_t *line;
    int y = 0;

    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    if (size < (width + 7) / 8)
        return 0;
    line = calloc(1, (size_t)size);
    for (; line && y < height && TIFFReadScanline(tiff, line, (uint32_t)y, 0) >= 0; y++) {
        uint8_t *row = grey + (size_t)y * (size_t)width;

        for (int x = 0; x < width; x++) {
            bool bit = line[x / 8] & (0x80 >> (x % 8));

            row[x] = bit == (photometric == PHOTOMETRIC_MINISWHITE) ? 0 : 255;
        }
    }
    free(line);
    return y;
}

/* Anything else the library can make colours of: a scan that came another way. */
static int colours_read(TIFF *tiff, int width, int height, uint8_t *grey)
{
    size_t n = (size_t)width * (size_t)height;
    uint32_t *colours = calloc(n, sizeof *colours);
    bool is_read = colours && TIFFReadRGBAImageOriented(tiff, (uint32_t)width, (uint32_t)height,
                                                        colours, ORIENTATION_TOPLEFT, 0);

    for (size_t i = 0; is_read && i < n; i++)
        grey[i] = (uint8_t)((TIFFGetR(colours[i]) * 299 + TIFFGetG(colours[i]) * 587 +
                             TIFFGetB(colours[i]) * 114) /
                            1000);
    free(colours);
    return is_read ? height : 0;
}

static void resolution_read(TIFF *tiff, struct fax_scan_page *page)
{
    float x = 0, y = 0;
    uint16_t unit = RESUNIT_INCH;
    double factor;

    TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &x);
    TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &y);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_RESOLUTIONUNIT, &unit);
    factor = unit == RESUNIT_CENTIMETER ? 2.54 : 1;
    if (x > 1 && y > 1 && x < 1e5f && y < 1e5f && x / y < OBLONG_MAX && y / x < OBLONG_MAX) {
        page->x_dpi = x * factor;
        page->y_dpi = y * factor;
    }
}

static bool page_read(TIFF *tiff, int64_t *pixels_left, fax_scan_fn *fn, void *ctx, int index)
{
    struct fax_scan_page page = {.index = index, .x_dpi = FAX_X_DPI, .y_dpi = FAX_Y_DPI};
    uint32_t width = 0, height = 0;
    uint8_t *grey;

    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width) ||
        !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height) || !width || !height ||
        width > WIDTH_MAX || height > HEIGHT_MAX ||
        (int64_t)width * height > MIN(PIXELS_MAX, *pixels_left))
        return false;
    *pixels_left -= (int64_t)width * height;
    grey = malloc((size_t)width * height);
    if (!grey)
        return false;
    page.width = (int)width;
    page.height = is_plain(tiff) ? rows_read(tiff, (int)width, (int)height, grey)
                                 : colours_read(tiff, (int)width, (int)height, grey);
    page.grey = grey;
    resolution_read(tiff, &page);
    if (page.height > 0)
        fn(ctx, &page);
    free(grey);
    return page.height > 0;
}

bool fax_scan_read(const void *data, size_t len, const struct fax_scan_limits *limits,
                   fax_scan_fn *fn, void *ctx, struct fax_scan *out)
{
    struct source source = {data, len, 0, limits, 0};
    int64_t pixels_left = PIXELS_ALL_MAX;
    TIFF *tiff = tiff_open(&source);
    struct fax_scan scan = {0};

    if (!tiff)
        return false;
    description_read(tiff, &scan);
    do {
        if (page_read(tiff, &pixels_left, fn, ctx, scan.n_pages + scan.n_bad))
            scan.n_pages++;
        else
            scan.n_bad++;
    } while (scan.n_pages + scan.n_bad < MIN(limits->max_pages, FAX_PAGES_MAX) &&
             TIFFReadDirectory(tiff));
    TIFFClose(tiff);
    *out = scan;
    return true;
}

/* --- PNG ---------------------------------------------------------------------------------------*/

static cairo_status_t on_png(void *arg, const unsigned char *data, unsigned int len)
{
    g_byte_array_append(arg, data, len);
    return CAIRO_STATUS_SUCCESS;
}

/* One bit a pixel, where 1 is white. */
static void bit_set(uint8_t *row, int x)
{
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
    row[x / 8] |= (uint8_t)(1 << (x % 8));
#else
    row[x / 8] |= (uint8_t)(0x80 >> (x % 8));
#endif
}

bool fax_png_of_grey(const struct fax_scan_page *page, GByteArray *out)
{
    double stretch = page->x_dpi / page->y_dpi;
    int height = MIN(PNG_HEIGHT_MAX, (int)(page->height * stretch));
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_A1, page->width, MAX(1, height));
    uint8_t *pixels = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    bool is_written = pixels != NULL;

    for (int y = 0; pixels && y < height; y++) {
        int from = MIN(page->height - 1, (int)(y / stretch));
        const uint8_t *row = page->grey + (size_t)from * (size_t)page->width;

        for (int x = 0; x < page->width; x++) {
            if (row[x] >= 128)
                bit_set(pixels + (size_t)y * stride, x);
        }
    }
    cairo_surface_mark_dirty(surface);
    is_written = is_written &&
                 cairo_surface_write_to_png_stream(surface, on_png, out) == CAIRO_STATUS_SUCCESS;
    cairo_surface_destroy(surface);
    return is_written;
}

bool fax_png_of_page(cairo_surface_t *page, GByteArray *out)
{
    int width = cairo_image_surface_get_width(page), height = cairo_image_surface_get_height(page);
    size_t stride = (size_t)cairo_image_surface_get_stride(page);
    const uint8_t *pixels = cairo_image_surface_get_data(page);
    g_autofree uint8_t *grey = g_malloc((size_t)width * (size_t)height);

    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            grey[(size_t)y * (size_t)width + (size_t)x] =
                pixels[(size_t)y * stride + 4 * (size_t)x + 1] < BLACK_BELOW ? 0 : 255;
    return fax_png_of_grey(&(struct fax_scan_page){width, height, 0, FAX_X_DPI, FAX_Y_DPI, grey},
                           out);
}
