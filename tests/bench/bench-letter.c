/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The peer of the letter plugin: the shortest program that makes personal pages with a code by
 * cairo, Pango and libqrencode, one loop, nothing checked.  bench-letter N FILE.pdf; prints the
 * pages a second.
 */
#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double put_text(cairo_t *cairo, double y, const char *font, const char *markup)
{
    PangoLayout *layout = pango_cairo_create_layout(cairo);
    PangoFontDescription *description = pango_font_description_from_string(font);
    int height;

    pango_layout_set_font_description(layout, description);
    pango_layout_set_width(layout, 475 * PANGO_SCALE);
    pango_layout_set_markup(layout, markup, -1);
    cairo_move_to(cairo, 60, y);
    pango_cairo_show_layout(cairo, layout);
    pango_layout_get_pixel_size(layout, NULL, &height);
    pango_font_description_free(description);
    g_object_unref(layout);
    return y + height + 8;
}

static void put_code(cairo_t *cairo, double x, double y, double side, const char *text)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    double module = side / (code->width + 8);

    for (int row = 0; row < code->width; row++) {
        for (int col = 0; col < code->width; col++) {
            if (code->data[row * code->width + col] & 1)
                cairo_rectangle(cairo, x + (col + 4) * module, y + (row + 4) * module, module,
                                module);
        }
    }
    cairo_fill(cairo);
    QRcode_free(code);
}

static void put_letter(cairo_t *cairo, int i)
{
    char text[200];
    double y = 60;

    snprintf(text, sizeof text, "한결상점\n서울특별시 중구 세종대로 110\n김민수 귀하 %d\n04524", i);
    y = put_text(cairo, y, "NanumGothic 10", text) + 60;
    y = put_text(cairo, y, "NanumGothic Bold 16", "가을 감사제 안내");
    y = put_text(
        cairo, y, "NanumGothic 10.5",
        "안녕하세요, <b>고객님</b>. 한 해 동안 이용해 주셔서 <i>감사합니다</i>. 10월 31일까지 모든 "
        "상품을 20% 할인하여 드립니다. 자세한 내용은 누리집(shop.test/autumn)에 있습니다.");
    y = put_text(cairo, y, "NanumGothic 10.5", "• 전 상품 20% 할인\n• 5만원 이상 무료 배송");
    put_text(cairo, y, "NanumGothic 10.5", "앞으로도 좋은 관계를 이어가겠습니다.");
    snprintf(text, sizeof text, "abcdefghijklmnopqrstuvwxyz234567abc%05d", i);
    put_code(cairo, 250, 60, 57, text);
    snprintf(text, sizeof text, "https://shop.test/m/abcdefghijklmnopqrstuvwxyz234567abc%05d", i);
    put_code(cairo, 380, 60, 68, text);
    cairo_show_page(cairo);
}

int main(int argc, char **argv)
{
    int n = argc == 3 ? atoi(argv[1]) : 0;
    cairo_surface_t *surface;
    cairo_t *cairo;
    struct timespec begin, end;

    if (n < 1)
        return 64;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    surface = cairo_pdf_surface_create(argv[2], 595.28, 841.89);
    cairo = cairo_create(surface);
    for (int i = 0; i < n; i++)
        put_letter(cairo, i);
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    cairo_surface_destroy(surface);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.1f\n",
           n / ((double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9));
    return 0;
}
