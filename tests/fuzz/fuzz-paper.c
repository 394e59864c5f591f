/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as Markdown: pages within bounds, drawn without complaint. */
#include "paper/paper.h"

#include <assert.h>
#include <cairo.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct paper_style style = {.width = 595,
                                      .height = 842,
                                      .left = 60,
                                      .right = 60,
                                      .top = 60,
                                      .bottom = 60,
                                      .first_top = 300,
                                      .first_bottom = 60,
                                      .font = "NanumGothic, sans",
                                      .size = 11,
                                      .language = "ko",
                                      .is_bilevel = size % 2};
    struct paper *paper = NULL;
    char why[200];
    cairo_surface_t *surface;
    cairo_t *cairo;

    if (size > 4096 || !paper_create(&style, (const char *)data, size, &paper, why, sizeof why))
        return 0;
    surface = cairo_recording_surface_create(CAIRO_CONTENT_COLOR, NULL);
    cairo = cairo_create(surface);
    assert(paper_n_pages(paper) >= 1 && paper_n_pages(paper) <= PAPER_PAGES_MAX);
    assert(paper_end(paper) <= style.height);
    for (size_t i = 0; i < paper_n_pages(paper); i++)
        paper_draw(paper, i, cairo);
    assert(cairo_status(cairo) == CAIRO_STATUS_SUCCESS);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    paper_destroy(&paper);
    return 0;
}
