/*
 * Paper: what letter and fax share - Markdown laid out on pages, codes to scan.
 *
 * FOR    the plugins letter and fax, which link it; it knows nothing of channels.
 * MADE   of cmark-gfm (parsing), Pango and cairo (layout, drawing), libqrencode.
 * UNITS  points, 1/72 inch, from the upper left corner of the sheet.
 * LIFE   create -> draw page by page onto any cairo surface -> destroy.  A document may be drawn on
 *        surfaces of different kinds; layout does not depend on the surface.
 *
 *     paper_create(&style, markdown, len, &paper, &why);
 *     for (i = 0; i < paper_n_pages(paper); i++) paper_draw(paper, i, cairo);
 */
#ifndef PLUGINS_PAPER_PAPER_H
#define PLUGINS_PAPER_PAPER_H

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>

enum { PAPER_PAGES_MAX = 50, PAPER_TEXT_MAX = 1 << 20, PAPER_BLOCKS_MAX = 5000 };

struct paper;

struct paper_style {
    double width, height;
    double left, right, top, bottom; /* margins */
    double first_top;                /* of the first page: below address field, heads; >= top */
    double first_bottom;  /* of the first page: above what stands at its foot; >= bottom */
    const char *font;     /* Pango family list, "Nanum Gothic, sans" */
    double size;          /* of body text */
    const char *language; /* BCP 47, for shaping and line breaks */
    bool is_bilevel;      /* no greys, thicker lines: fax */
};

/* False with a sentence in `why` (at least 200 bytes): too long, no memory. */
bool paper_create(const struct paper_style *style, const char *markdown, size_t len,
                  struct paper **out, char *why, size_t why_size);
void paper_destroy(struct paper **paper);
size_t paper_n_pages(const struct paper *paper);
double paper_end(const struct paper *paper); /* where text ends on the last page */
void paper_draw(const struct paper *paper, size_t page, cairo_t *cairo);

/* Text in a box of `width`, at (x, y); returns its height.  Plain text, not Markdown.  Without a
 * cairo it is only measured. */
double paper_text(cairo_t *cairo, const struct paper_style *style, const char *text, double size,
                  bool is_bold, double x, double y, double width);

/* A QR code of this side length with its quiet zone inside; level M.  False: text too long. */
bool paper_qr(cairo_t *cairo, const char *text, double x, double y, double side);

#endif
