/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a received fax: pages within bounds, forms read off them. */
#include "fax/fax_private.h"
#include "paper/form.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

enum { PIXELS_MAX = 4000000 /* larger ones only cost time */ };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_page(void *ctx, const struct fax_scan_page *page)
{
    struct form_image image = {page->width, page->height, page->x_dpi, page->y_dpi, page->grey};
    struct form_reading found[4];
    size_t n;

    (void)ctx;
    assert(page->width > 0 && page->height > 0);
    if ((int64_t)page->width * page->height > PIXELS_MAX)
        return;
    n = form_read(&image, found, 4);
    for (size_t i = 0; i < n; i++)
        free(form_reading_json(&found[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fax_scan_limits limits = {.max_pages = 2};
    struct fax_scan scan;

    fax_scan_read(data, size, &limits, on_page, NULL, &scan);
    return 0;
}
