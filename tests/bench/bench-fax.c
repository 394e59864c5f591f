/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Faxes laid out and written as TIFF G4, on one core.  bench-fax N FOLDER < TEXT: N faxes of that
 * Markdown, each a file of its own; prints the pages a second.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fax/fax_private.h"

enum { PAGE_LINES = 2292, TEXT_MAX = 16384, N_MAX = 100000 };

static const struct fax_settings set = {.number = "+82215770000",
                                        .return_number = "+82215770000",
                                        .opt_out_number = "+82805770000",
                                        .name = "한결상점",
                                        .language = "ko",
                                        .form = FAX_FORM_NEVER,
                                        .font = "Nanum Gothic, sans",
                                        .size = 12,
                                        .page_height = PAGE_LINES,
                                        .country_code = "82",
                                        .trunk_prefix = "0",
                                        .international_prefix = "00",
                                        .dial_prefix = "",
                                        .max_pages = 50};

static bool write_fax(const struct fl_part *text, int i, const char *folder, size_t *out_pages)
{
    const struct fl_part *const parts[] = {text};
    g_autofree char *name = g_strdup_printf("김민수 %d", i);
    g_autofree char *path = g_strdup_printf("%s/%d.tif", folder, i);
    const struct fl_item item = {.size = sizeof item,
                                 .attempt = 1,
                                 .message_id = 1 + i,
                                 .to_address = "+82215770001",
                                 .to_name = name,
                                 .language = "ko",
                                 .subject = "가을 감사제 안내",
                                 .campaign = "bench",
                                 .parts = parts,
                                 .n_parts = 1};
    GByteArray *tiff = g_byte_array_new();
    char why[256] = "";
    bool is_written = fax_tiff_of_item(&set, &item, tiff, out_pages, why, sizeof why) &&
                      g_file_set_contents(path, (const char *)tiff->data, tiff->len, NULL);

    if (!is_written)
        fprintf(stderr, "bench-fax: %s: %s\n", path, why);
    g_byte_array_free(tiff, TRUE);
    return is_written;
}

int main(int argc, char **argv)
{
    static char text[TEXT_MAX];
    long n = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    struct fl_part part = {.size = sizeof part, .type = "text/markdown", .data = text};
    size_t pages = 0;
    gint64 begin;

    if (n < 1 || n > N_MAX)
        return 64;
    part.data_len = fread(text, 1, sizeof text, stdin);
    begin = g_get_monotonic_time();
    for (int i = 0; i < n; i++) {
        size_t of_this = 0;

        if (!write_fax(&part, i, argv[2], &of_this))
            return 1;
        pages += of_this;
    }
    printf("%.1f\n", (double)pages * 1e6 / (double)(g_get_monotonic_time() - begin));
    return 0;
}
