/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Codes in a picture, by zbar. */
#include "paper/form_private.h"

#include <math.h>
#include <string.h>
#include <zbar.h>

static bool is_known(const struct form_code *codes, size_t n, const struct form_code *code)
{
    for (size_t i = 0; i < n; i++) {
        double dx = codes[i].corners[0].x - code->corners[0].x;
        double dy = codes[i].corners[0].y - code->corners[0].y;

        if (strcmp(codes[i].token, code->token) == 0 && hypot(dx, dy) < FORM_SIDE_MIN)
            return true;
    }
    return false;
}

static bool code_of_symbol(const zbar_symbol_t *symbol, double scale, struct form_code *out)
{
    /* zbar gives them counter-clockwise. */
    static const unsigned order[4] = {0, 3, 2, 1};
    struct form_code code = {.text_len = zbar_symbol_get_data_length(symbol)};

    if (zbar_symbol_get_type(symbol) != ZBAR_QRCODE || zbar_symbol_get_loc_size(symbol) != 4 ||
        !form_layout_read(zbar_symbol_get_data(symbol), code.text_len, code.token, &code.layout,
                          &code.has_layout))
        return false;
    for (int i = 0; i < 4; i++)
        code.corners[i] = (struct form_point){zbar_symbol_get_loc_x(symbol, order[i]) / scale,
                                              zbar_symbol_get_loc_y(symbol, order[i]) / scale};
    *out = code;
    return true;
}

static size_t scan(const struct form_picture *picture, double scale, struct form_code *out,
                   size_t n, size_t max)
{
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_t *image = zbar_image_create();

    if (scanner && image) {
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
        zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
        zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
        zbar_image_set_size(image, (unsigned)picture->width, (unsigned)picture->height);
        zbar_image_set_data(image, picture->pixels,
                            (unsigned long)picture->width * (unsigned long)picture->height, NULL);
        zbar_scan_image(scanner, image);
        for (const zbar_symbol_t *s = zbar_image_first_symbol(image); s && n < max;
             s = zbar_symbol_next(s)) {
            struct form_code code;

            if (code_of_symbol(s, scale, &code) && !is_known(out, n, &code))
                out[n++] = code;
        }
    }
    if (image)
        zbar_image_destroy(image);
    if (scanner)
        zbar_image_scanner_destroy(scanner);
    return n;
}

/* The picture as it came, without specks, softened, enlarged: the first that shows a code. */
size_t form_codes_find(const struct form_picture *picture, const struct form_picture *clean,
                       struct form_code *out, size_t max)
{
    struct form_picture other = {0};
    size_t n = scan(picture, 1, out, 0, max);

    if (!n)
        n = scan(clean, 1, out, 0, max);
    if (!n && form_picture_blur(picture, &other))
        n = scan(&other, 1, out, 0, max);
    form_picture_free(&other);
    if (!n && form_picture_blur(clean, &other))
        n = scan(&other, 1, out, 0, max);
    form_picture_free(&other);
    if (!n && form_picture_double(clean, &other))
        n = scan(&other, 2, out, 0, max);
    form_picture_free(&other);
    return n;
}
