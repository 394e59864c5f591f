/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages to TIFF G4, in memory: what a fax machine sends, 204 x 196 dots an inch, black or white. */
#include "fax/fax_private.h"

#include <stdarg.h>
#include <string.h>
#include <tiffio.h>

/* Thin strokes of a small Korean letter are grey once drawn: more of them must become black than an
 * even threshold would. */
enum { BLACK_BELOW = 160, LINE_BYTES = FAX_WIDTH / 8, PIXEL_BYTES = 4 };

struct fax_tiff {
    TIFF *tiff;
    GByteArray *file;
    toff_t at;
    bool is_broken;
};

static tmsize_t on_read(thandle_t handle, void *data, tmsize_t size)
{
    struct fax_tiff *t = handle;
    tmsize_t n = t->at >= t->file->len ? 0 : (tmsize_t)MIN((toff_t)size, t->file->len - t->at);

    memcpy(data, t->file->data + t->at, (size_t)n);
    t->at += (toff_t)n;
    return n;
}

static tmsize_t on_write(thandle_t handle, void *data, tmsize_t size)
{
    struct fax_tiff *t = handle;

    if (t->at + (toff_t)size > t->file->len) {
        guint before = t->file->len;

        g_byte_array_set_size(t->file, (guint)(t->at + (toff_t)size));
        if (t->at > before)
            memset(t->file->data + before, 0, (size_t)(t->at - before));
    }
    memcpy(t->file->data + t->at, data, (size_t)size);
    t->at += (toff_t)size;
    return size;
}

static toff_t on_seek(thandle_t handle, toff_t offset, int whence)
{
    struct fax_tiff *t = handle;

    t->at = offset + (whence == SEEK_CUR ? t->at : whence == SEEK_END ? t->file->len : 0);
    return t->at;
}

static int on_close(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t on_size(thandle_t handle)
{
    const struct fax_tiff *t = handle;

    return t->file->len;
}

struct fax_tiff *fax_tiff_create(void)
{
    struct fax_tiff *t = g_new0(struct fax_tiff, 1);

    t->file = g_byte_array_new();
    t->tiff =
        TIFFClientOpen("fax", "wl", t, on_read, on_write, on_seek, on_close, on_size, NULL, NULL);
    t->is_broken = !t->tiff;
    return t;
}

/* Black and white were drawn, so one colour tells the grey. */
static void line_pack(const uint8_t *row, uint8_t out[LINE_BYTES])
{
    for (size_t i = 0; i < LINE_BYTES; i++, row += 8 * PIXEL_BYTES) {
        unsigned byte = 0;

        for (size_t bit = 0; bit < 8; bit++)
            byte = byte << 1 | (row[PIXEL_BYTES * bit + 1] < BLACK_BELOW);
        out[i] = (uint8_t)byte;
    }
}

bool fax_tiff_page(void *ctx, cairo_surface_t *page, size_t index, size_t n_pages)
{
    struct fax_tiff *t = ctx;
    int height = cairo_image_surface_get_height(page);
    size_t stride = (size_t)cairo_image_surface_get_stride(page);
    const uint8_t *pixels = cairo_image_surface_get_data(page);
    uint8_t line[LINE_BYTES];

    if (t->is_broken)
        return false;
    TIFFSetField(t->tiff, TIFFTAG_SUBFILETYPE, FILETYPE_PAGE);
    TIFFSetField(t->tiff, TIFFTAG_IMAGEWIDTH, FAX_WIDTH);
    TIFFSetField(t->tiff, TIFFTAG_IMAGELENGTH, height);
    TIFFSetField(t->tiff, TIFFTAG_BITSPERSAMPLE, 1);
    TIFFSetField(t->tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(t->tiff, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX4);
    TIFFSetField(t->tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
    TIFFSetField(t->tiff, TIFFTAG_FILLORDER, FILLORDER_MSB2LSB);
    TIFFSetField(t->tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    TIFFSetField(t->tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(t->tiff, TIFFTAG_ROWSPERSTRIP, height);
    TIFFSetField(t->tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
    TIFFSetField(t->tiff, TIFFTAG_XRESOLUTION, (double)FAX_X_DPI);
    TIFFSetField(t->tiff, TIFFTAG_YRESOLUTION, (double)FAX_Y_DPI);
    TIFFSetField(t->tiff, TIFFTAG_PAGENUMBER, (int)index, (int)n_pages);
    for (int y = 0; y < height && !t->is_broken; y++) {
        line_pack(pixels + (size_t)y * stride, line);
        t->is_broken = TIFFWriteScanline(t->tiff, line, (uint32_t)y, 0) < 0;
    }
    if (!t->is_broken)
        t->is_broken = !TIFFWriteDirectory(t->tiff);
    return !t->is_broken;
}

bool fax_tiff_finish(struct fax_tiff **out_tiff, GByteArray *out)
{
    struct fax_tiff *t = *out_tiff;
    bool is_good;

    if (t->tiff)
        TIFFClose(t->tiff);
    is_good = !t->is_broken;
    if (is_good)
        g_byte_array_append(out, t->file->data, t->file->len);
    g_byte_array_free(t->file, TRUE);
    g_free(t);
    *out_tiff = NULL;
    return is_good;
}

struct counted {
    struct fax_tiff *tiff;
    size_t n;
};

static bool on_counted_page(void *ctx, cairo_surface_t *page, size_t index, size_t n_pages)
{
    struct counted *counted = ctx;

    counted->n = n_pages;
    return fax_tiff_page(counted->tiff, page, index, n_pages);
}

bool fax_tiff_of_item(const struct fax_settings *set, const struct fl_item *item, GByteArray *out,
                      size_t *out_pages, char *why, size_t why_size)
{
    struct counted counted = {fax_tiff_create(), 0};
    bool is_drawn = fax_pages_draw(set, item, on_counted_page, &counted, why, why_size);

    if (!fax_tiff_finish(&counted.tiff, out) && is_drawn) {
        g_strlcpy(why, "the pages could not be written as TIFF", why_size);
        return false;
    }
    *out_pages = counted.n;
    return is_drawn;
}
