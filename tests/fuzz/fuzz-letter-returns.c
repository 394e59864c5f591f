/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a file of returned letters, and as a picture. */
#include "letter/letter_private.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    size_t last_line, n;
};

static bool on_row(void *ctx, const struct letter_return *row)
{
    struct seen *seen = ctx;

    assert(row->line >= seen->last_line);
    assert(strlen(row->token) == LETTER_TOKEN_LEN);
    assert(g_utf8_validate(row->reason, -1, NULL));
    assert(row->at_us >= 0);
    seen->last_line = row->line;
    return ++seen->n < 1000;
}

static void on_bad(void *ctx, size_t line, const char *raw, const char *why)
{
    struct seen *seen = ctx;

    assert(line >= seen->last_line && raw && why);
    seen->last_line = line;
}

static bool on_page(void *ctx, const struct letter_scan *scan, size_t index)
{
    (void)ctx;
    assert(scan->image.width > 0 && scan->image.height > 0);
    assert((uint64_t)scan->image.width * (uint64_t)scan->image.height <= LETTER_SCAN_PIXELS_MAX);
    assert(scan->image.x_dpi >= 50 && scan->image.y_dpi >= 50);
    return index < 3;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {0};
    const struct letter_returns_sink sink = {on_row, on_bad, &seen};
    char why[200];

    if (letter_is_scan(data, size))
        (void)letter_scan_read(data, size, on_page, NULL, why, sizeof why);
    else
        (void)letter_returns_parse((const char *)data, size, &sink);
    return 0;
}
