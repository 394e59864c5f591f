/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages as files: the same pages give the same bytes. */
#include "letter/letter_private.h"

#include <cairo-pdf.h>

struct letter_pdf {
    cairo_surface_t *surface;
    cairo_t *cairo;
    GByteArray *data;
};

/* A file says when it was made; a repeat must not say otherwise. */
static const char MADE[] = "2000-01-01T00:00:00Z";

static cairo_status_t take(void *arg, const unsigned char *data, unsigned len)
{
    g_byte_array_append(arg, data, len);
    return CAIRO_STATUS_SUCCESS;
}

struct letter_pdf *letter_pdf_create(double width, double height, const char *title)
{
    struct letter_pdf *pdf = g_new0(struct letter_pdf, 1);

    pdf->data = g_byte_array_new();
    pdf->surface = cairo_pdf_surface_create_for_stream(take, pdf->data, width, height);
    cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_CREATE_DATE, MADE);
    pdf->cairo = cairo_create(pdf->surface);
    return pdf;
}

cairo_t *letter_pdf_cairo(struct letter_pdf *pdf)
{
    return pdf->cairo;
}

GByteArray *letter_pdf_finish(struct letter_pdf **pdf, char *why, size_t why_size)
{
    struct letter_pdf *self = *pdf;
    GByteArray *data = self->data;
    cairo_status_t status = cairo_status(self->cairo);

    cairo_destroy(self->cairo);
    cairo_surface_finish(self->surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(self->surface);
    cairo_surface_destroy(self->surface);
    g_free(self);
    *pdf = NULL;
    if (status == CAIRO_STATUS_SUCCESS)
        return data;
    g_snprintf(why, (gulong)why_size, "could not make the PDF: %s", cairo_status_to_string(status));
    g_byte_array_unref(data);
    return NULL;
}

GByteArray *letter_png(const struct letter_page *page, size_t index, double width, double height,
                       double dpi)
{
    cairo_surface_t *surface = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, (int)(width * dpi / 72 + 0.5), (int)(height * dpi / 72 + 0.5));
    cairo_t *cairo = cairo_create(surface);
    GByteArray *data = g_byte_array_new();
    cairo_status_t status;

    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    cairo_scale(cairo, dpi / 72, dpi / 72);
    cairo_set_source_rgb(cairo, 0, 0, 0);
    letter_page_draw(page, index, cairo);
    status = cairo_status(cairo);
    cairo_destroy(cairo);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, take, data);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        return data;
    g_byte_array_unref(data);
    return NULL;
}
