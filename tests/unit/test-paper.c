/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plugins/paper: pages, what stands on them, codes. */
#include "unit.h"

#include "paper/paper.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zbar.h>

static const struct paper_style style = {.width = 595.28,
                                         .height = 841.89,
                                         .left = 70,
                                         .right = 57,
                                         .top = 57,
                                         .bottom = 57,
                                         .first_top = 280,
                                         .first_bottom = 57,
                                         .font = "NanumGothic, sans",
                                         .size = 10.5,
                                         .language = "ko"};

static struct paper *make(const char *markdown)
{
    struct paper *paper = NULL;
    char why[200] = "";

    assert_true(paper_create(&style, markdown, strlen(markdown), &paper, why, sizeof why));
    return paper;
}

/* Ink of a page at 72 dpi, one byte a point: 0 black. */
static cairo_surface_t *picture(const struct paper *paper, size_t page)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 596, 842);
    cairo_t *cairo = cairo_create(surface);

    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    paper_draw(paper, page, cairo);
    assert_int_equal(cairo_status(cairo), CAIRO_STATUS_SUCCESS);
    cairo_destroy(cairo);
    cairo_surface_flush(surface);
    return surface;
}

struct ink {
    int left, top, right, bottom; /* right < 0: none */
};

static struct ink ink_of(cairo_surface_t *surface)
{
    struct ink ink = {10000, 10000, -1, -1};
    int stride = cairo_image_surface_get_stride(surface);

    for (int y = 0; y < cairo_image_surface_get_height(surface); y++) {
        const unsigned char *row = cairo_image_surface_get_data(surface) + (size_t)(y * stride);

        for (int x = 0; x < cairo_image_surface_get_width(surface); x++) {
            if (row[4 * x] > 200)
                continue;
            ink.left = x < ink.left ? x : ink.left;
            ink.right = x > ink.right ? x : ink.right;
            ink.top = y < ink.top ? y : ink.top;
            ink.bottom = y > ink.bottom ? y : ink.bottom;
        }
    }
    return ink;
}

static struct ink page_ink(const struct paper *paper, size_t page)
{
    cairo_surface_t *surface = picture(paper, page);
    struct ink ink = ink_of(surface);

    cairo_surface_destroy(surface);
    return ink;
}

static void test_margins_hold(void **state)
{
    static const char text[] =
        "# 제목 Heading\n\n가나다라마바사 아자차카타파하 Averyverylongwordthatdoesnotfitanywhere"
        "AveryverylongwordthatdoesnotfitanywhereAveryverylongwordthatdoesnotfitanywhere\n\n"
        "> quoted **bold** and *slanted* [link](https://example.com/path)\n\n"
        "1. one\n2. two\n   * inner\n\n---\n\n```\ncode code\n```\n\n"
        "| a | b |\n|---|--:|\n| 사과 | 1,000 |\n| long long long long long long long long long "
        "long long long long long long long long long long long | 2 |\n";
    struct paper *paper = make(text);
    struct ink ink = page_ink(paper, 0);

    (void)state;
    assert_int_equal(paper_n_pages(paper), 1);
    assert_in_range(ink.left, 69, 75);
    assert_in_range(ink.top, 279, 292);
    assert_true(ink.right <= 595 - 57 + 1);
    assert_true(fabs(paper_end(paper) - ink.bottom) < 12);
    paper_destroy(&paper);
    assert_null(paper);
}

static void test_empty(void **state)
{
    struct paper *paper = make("");

    (void)state;
    assert_int_equal(paper_n_pages(paper), 1);
    assert_int_equal(page_ink(paper, 0).right, -1);
    assert_true(fabs(paper_end(paper) - style.first_top) < 0.01);
    paper_destroy(&paper);
}

/* Fills the first page but for `room` points with a word in each line, then adds `rest`. */
static struct paper *filled(int lines, const char *rest)
{
    char *text = g_malloc0(100000), *p = text;
    struct paper *paper;

    for (int i = 0; i < lines; i++)
        p += sprintf(p, "line%s", i + 1 < lines ? "\\\n" : "\n\n");
    strcpy(p, rest);
    paper = make(text);
    g_free(text);
    return paper;
}

/* Whatever room is left, a heading is never the last thing on a page. */
static void test_heading_stays_with_text(void **state)
{
    size_t together = 0, moved = 0;

    (void)state;
    for (int lines = 20; lines < 40; lines++) {
        struct paper *with = filled(lines, "## Head\n\nafter\n");
        struct paper *without = filled(lines, "## Head\n");
        struct paper *bare = filled(lines, "");

        if (paper_n_pages(with) > 1 && paper_n_pages(bare) == 1) {
            /* The page holds exactly what it held before. */
            assert_int_equal(page_ink(with, 0).bottom, page_ink(bare, 0).bottom);
            moved++;
        }
        if (paper_n_pages(with) == 1)
            together++;
        paper_destroy(&with);
        paper_destroy(&without);
        paper_destroy(&bare);
    }
    assert_true(together > 0 && moved > 0);
}

/* A paragraph of four lines that does not fit is cut two and two, or goes whole. */
static void test_no_line_alone(void **state)
{
    int seen_cut = 0;

    (void)state;
    for (int lines = 20; lines < 42; lines++) {
        struct paper *bare = filled(lines, ""), *paper = filled(lines, "p1\\\np2\\\np3\\\np4\n");
        struct ink before, after, next;
        double line = 10.5 * 1.35 * 1.15;

        if (paper_n_pages(bare) == 1 && paper_n_pages(paper) == 2) {
            before = page_ink(bare, 0);
            after = page_ink(paper, 0);
            next = page_ink(paper, 1);
            if (after.bottom > before.bottom) {
                assert_true(after.bottom - before.bottom > 1.6 * line);
                seen_cut++;
            }
            assert_true(next.bottom - next.top > line);
        }
        paper_destroy(&bare);
        paper_destroy(&paper);
    }
    assert_true(seen_cut > 0);
}

static void test_long_text_over_pages(void **state)
{
    struct paper *paper = filled(200, "end\n");

    (void)state;
    assert_true(paper_n_pages(paper) >= 4);
    for (size_t i = 0; i < paper_n_pages(paper); i++) {
        struct ink ink = page_ink(paper, i);

        assert_true(ink.bottom <= 841 - 57 + 1);
        assert_true(ink.top >= (i ? 57 : 280) - 1);
    }
    paper_destroy(&paper);
}

static void test_bounds(void **state)
{
    struct paper *paper = NULL;
    struct paper_style narrow = style;
    char why[200] = "";
    char *big = g_malloc(PAPER_TEXT_MAX + 2);

    (void)state;
    memset(big, 'a', PAPER_TEXT_MAX + 1);
    assert_false(paper_create(&style, big, PAPER_TEXT_MAX + 1, &paper, why, sizeof why));
    assert_non_null(strstr(why, "1048577 bytes"));
    assert_false(paper_create(&style, big, PAPER_TEXT_MAX, &paper, why, sizeof why));
    assert_non_null(strstr(why, "a paragraph that is too long"));
    for (int i = 0; i < PAPER_TEXT_MAX; i += 100)
        memcpy(big + i, "\n\n", 2);
    assert_false(paper_create(&style, big, 900000, &paper, why, sizeof why));
    assert_non_null(strstr(why, "lines"));
    assert_false(paper_create(&style, big, 480000, &paper, why, sizeof why));
    assert_non_null(strstr(why, "pages"));
    for (int i = 0; i < 400; i += 2)
        memcpy(big + i, "|a", 2);
    assert_false(paper_create(&style, big, 400, &paper, why, sizeof why));
    assert_non_null(strstr(why, "bars"));
    memset(big, '\n', PAPER_TEXT_MAX);
    assert_false(paper_create(&style, big, PAPER_TEXT_MAX, &paper, why, sizeof why));
    assert_non_null(strstr(why, "lines"));
    narrow.left = 550;
    assert_false(paper_create(&narrow, "a", 1, &paper, why, sizeof why));
    assert_non_null(strstr(why, "margins"));
    assert_null(paper);
    g_free(big);
}

/* The same lines whatever it is drawn on: the PDF has as many bytes of text either way. */
static void test_layout_is_of_no_surface(void **state)
{
    struct paper *paper = make("한국어 문장이 여러 줄로 나뉘어야 합니다. 한국어 문장이 여러 줄로 "
                               "나뉘어야 합니다. 한국어 문장이 여러 줄로 나뉘어야 합니다.");
    struct ink one = page_ink(paper, 0), two;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1192, 1684);
    cairo_t *cairo = cairo_create(surface);

    (void)state;
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    cairo_scale(cairo, 2, 2);
    paper_draw(paper, 0, cairo);
    cairo_destroy(cairo);
    cairo_surface_flush(surface);
    two = ink_of(surface);
    assert_in_range(two.right, 2 * one.right - 2, 2 * one.right + 3);
    assert_in_range(two.bottom, 2 * one.bottom - 2, 2 * one.bottom + 3);
    cairo_surface_destroy(surface);
    paper_destroy(&paper);
}

/* --- codes ------------------------------------------------------------------------------------*/

static char *decode(cairo_surface_t *surface)
{
    int width = cairo_image_surface_get_width(surface);
    int height = cairo_image_surface_get_height(surface);
    int stride = cairo_image_surface_get_stride(surface);
    unsigned char *grey = g_malloc((size_t)(width * height));
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_t *image = zbar_image_create();
    const zbar_symbol_t *symbol;
    char *text = NULL;

    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++)
            grey[y * width + x] = cairo_image_surface_get_data(surface)[y * stride + 4 * x];
    }
    zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
    zbar_image_set_size(image, (unsigned)width, (unsigned)height);
    zbar_image_set_data(image, grey, (unsigned long)(width * height), NULL);
    zbar_scan_image(scanner, image);
    symbol = zbar_image_first_symbol(image);
    if (symbol)
        text = g_strdup(zbar_symbol_get_data(symbol));
    zbar_image_destroy(image);
    zbar_image_scanner_destroy(scanner);
    g_free(grey);
    return text;
}

static void check_code(const char *text, double x_scale, double y_scale)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(120 * x_scale), (int)(120 * y_scale));
    cairo_t *cairo = cairo_create(surface);
    const unsigned char *data;
    char *got;

    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    cairo_scale(cairo, x_scale, y_scale);
    assert_true(paper_qr(cairo, text, 10.3, 9.7, 100));
    cairo_destroy(cairo);
    cairo_surface_flush(surface);
    data = cairo_image_surface_get_data(surface);
    for (int i = 0; i < cairo_image_surface_get_height(surface); i++) {
        for (int x = 0; x < cairo_image_surface_get_width(surface); x++) {
            unsigned char ink = data[i * cairo_image_surface_get_stride(surface) + 4 * x];

            assert_true(ink == 0 || ink == 255 || x < 0.2 * 120 * x_scale ||
                        x > 0.8 * 120 * x_scale);
        }
    }
    if (x_scale == y_scale) {
        got = decode(surface);
        assert_non_null(got);
        assert_string_equal(got, text);
        g_free(got);
    }
    cairo_surface_destroy(surface);
}

static void test_codes(void **state)
{
    char *huge = g_strnfill(3000, 'x');

    (void)state;
    check_code("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGH", 2.0833, 2.0833);
    check_code("https://shop.test/r/abc?x=1&y=가나", 2.8333, 2.8333);
    check_code("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGH", 2.8333, 1.3611);
    assert_false(paper_qr(NULL, huge, 0, 0, 100));
    g_free(huge);
}

static void test_text_has_height(void **state)
{
    double one = paper_text(NULL, &style, "한 줄", 10, false, 0, 0, 200);
    double two = paper_text(NULL, &style, "두\n줄", 10, true, 0, 0, 200);
    double wrapped =
        paper_text(NULL, &style, "긴 문장은 나뉜다 긴 문장은 나뉜다", 10, true, 0, 0, 60);

    (void)state;
    assert_true(one > 9 && one < 20);
    assert_true(two > 1.8 * one && two < 2.6 * one);
    assert_true(wrapped > 2.5 * one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_margins_hold),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_heading_stays_with_text),
        cmocka_unit_test(test_no_line_alone),
        cmocka_unit_test(test_long_text_over_pages),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_layout_is_of_no_surface),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_text_has_height),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
