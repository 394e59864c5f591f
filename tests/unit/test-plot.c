/* Plots: what is refused, what is counted, what can be read. */
#include "unit.h"

#include <libxml/parser.h>
#include <math.h>

#include "base/clock.h"
#include "base/file.h"
#include "points.h"

enum { FEW = 300, PERIODS = 78 };

/* ---- data ------------------------------------------------------------------------------------*/

struct series {
    double actual[PERIODS], expected[PERIODS], low[PERIODS], high[PERIODS], size[PERIODS];
    double predicted[PERIODS];
};

static void fill(struct series *series)
{
    for (int i = 0; i < PERIODS; i++) {
        series->actual[i] = exp(-i / 40.0);
        series->expected[i] = exp(-i / 42.0);
        series->low[i] = series->actual[i] * 0.95;
        series->high[i] = fmin(1, series->actual[i] * 1.05);
        series->size[i] = 1000.0 / (i + 1);
        series->predicted[i] = (double)i / PERIODS;
    }
}

/* One of the five with `n` values. */
typedef enum fl_status draw_fn(const struct fl_plot_style *style, struct series *series, size_t n,
                               struct fl_buf *out, struct fl_error *err);

static enum fl_status draw_map(const struct fl_plot_style *style, struct series *series, size_t n,
                               struct fl_buf *out, struct fl_error *err)
{
    struct fl_plot_point *points = points_of(FEW);
    const struct fl_plot_map map = map_of(points, n ? FEW : 0);
    enum fl_status st = fl_plot_map(style, &map, out, err);

    (void)series;
    test_free(points);
    return st;
}

static enum fl_status draw_tracking(const struct fl_plot_style *style, struct series *series,
                                    size_t n, struct fl_buf *out, struct fl_error *err)
{
    const struct fl_plot_tracking tracking = {.n = n,
                                              .actual = series->actual,
                                              .expected = series->expected,
                                              .holdout_from = n / 2,
                                              .period = "week",
                                              .first_date = 9862,
                                              .period_days = 7};

    return fl_plot_tracking(style, &tracking, out, err);
}

static enum fl_status draw_frequency(const struct fl_plot_style *style, struct series *series,
                                     size_t n, struct fl_buf *out, struct fl_error *err)
{
    const struct fl_plot_frequency frequency = {.n = n < 8 ? n : 8,
                                                .customers = series->size,
                                                .actual = series->actual,
                                                .expected = series->expected,
                                                .window_periods = 39};

    return fl_plot_frequency(style, &frequency, out, err);
}

static enum fl_status draw_survival(const struct fl_plot_style *style, struct series *series,
                                    size_t n, struct fl_buf *out, struct fl_error *err)
{
    const struct fl_plot_survival survival = {.n = n,
                                              .observed = series->actual,
                                              .low = series->low,
                                              .high = series->high,
                                              .expected = series->expected,
                                              .period = "month"};

    return fl_plot_survival(style, &survival, out, err);
}

static enum fl_status draw_calibration(const struct fl_plot_style *style, struct series *series,
                                       size_t n, struct fl_buf *out, struct fl_error *err)
{
    const struct fl_plot_calibration calibration = {.n = n,
                                                    .predicted = series->predicted,
                                                    .observed = series->actual,
                                                    .low = series->low,
                                                    .high = series->high,
                                                    .customers = series->size,
                                                    .auc = 0.8,
                                                    .auc_p = NAN,
                                                    .brier = NAN,
                                                    .brier_p = NAN};

    return fl_plot_calibration(style, &calibration, out, err);
}

static draw_fn *const plots[] = {draw_map, draw_tracking, draw_frequency, draw_survival,
                                 draw_calibration};
enum { PLOTS = sizeof plots / sizeof plots[0] };

/* ---- pictures --------------------------------------------------------------------------------*/

static uint32_t big_endian(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void assert_png(const struct fl_buf *picture, int width, int height)
{
    enum { WIDTH_AT = 16, HEIGHT_AT = 20 };

    assert_true(picture->len > 1000);
    assert_memory_equal(picture->data, "\211PNG\r\n\032\n", 8);
    assert_int_equal(big_endian(picture->data + WIDTH_AT), width);
    assert_int_equal(big_endian(picture->data + HEIGHT_AT), height);
}

/* Well-formed, of the size, with a title that says what it is. */
static void assert_svg(const struct fl_buf *picture, const char *width, const char *title)
{
    xmlDoc *doc = xmlReadMemory(picture->data, (int)picture->len, "plot.svg", NULL,
                                XML_PARSE_NONET | XML_PARSE_HUGE);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    xmlChar *value;

    assert_non_null(root);
    value = xmlGetProp(root, (const xmlChar *)"width");
    assert_string_equal((char *)value, width);
    xmlFree(value);
    value = xmlNodeGetContent(xmlFirstElementChild(root));
    assert_string_equal((char *)xmlFirstElementChild(root)->name, "title");
    assert_string_equal((char *)value, title);
    xmlFree(value);
    xmlFreeDoc(doc);
}

static void every_plot_is_a_png_of_the_size(void **unused)
{
    static const int sizes[][2] = {{320, 320}, {480, 360}, {1600, 500}, {400, 1200}};
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(PICTURE_MAX);
    struct fl_error err = {0};
    struct series series;

    (void)unused;
    fill(&series);
    for (size_t size = 0; size < sizeof sizes / sizeof sizes[0]; size++)
        for (size_t i = 0; i < PLOTS; i++) {
            const struct fl_plot_style style = {.format = FL_PLOT_PNG,
                                                .width = sizes[size][0],
                                                .height = sizes[size][1],
                                                .is_dark = i % 2,
                                                .language = i % 2 ? "en" : "ko-KR"};

            fl_buf_reset(&picture);
            assert_ok(plots[i](&style, &series, PERIODS, &picture, &err));
            assert_png(&picture, sizes[size][0], sizes[size][1]);
        }
}

static void every_plot_is_svg_that_says_what_it_is(void **unused)
{
    static const char *const titles[] = {"고객 관계 지도. <a> & b", "누적 재구매. <a> & b",
                                         "이전 구매 빈도별 구매. <a> & b", "구독 유지율. <a> & b",
                                         "몰입도 보정. <a> & b"};
    const struct fl_plot_style style = {
        .format = FL_PLOT_SVG, .language = "ko", .subtitle = "<a> & b"};
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(PICTURE_MAX);
    struct fl_error err = {0};
    struct series series;

    (void)unused;
    fill(&series);
    for (size_t i = 0; i < PLOTS; i++) {
        fl_buf_reset(&picture);
        assert_ok(plots[i](&style, &series, PERIODS, &picture, &err));
        assert_svg(&picture, "960px", titles[i]);
    }
}

static void the_same_plot_has_the_same_bytes(void **unused)
{
    FL_AUTO_BUF struct fl_buf first = FL_BUF(PICTURE_MAX);
    FL_AUTO_BUF struct fl_buf second = FL_BUF(PICTURE_MAX);
    struct fl_error err = {0};
    struct series series;

    (void)unused;
    fill(&series);
    for (int format = FL_PLOT_SVG; format <= FL_PLOT_PNG; format++)
        for (size_t i = 0; i < PLOTS; i++) {
            const struct fl_plot_style style = {.format = (enum fl_plot_format)format};

            fl_buf_reset(&first);
            fl_buf_reset(&second);
            assert_ok(plots[i](&style, &series, PERIODS, &first, &err));
            assert_ok(plots[i](&style, &series, PERIODS, &second, &err));
            assert_int_equal(first.len, second.len);
            assert_memory_equal(first.data, second.data, first.len);
        }
}

static void no_data_is_a_plot_that_says_so(void **unused)
{
    const struct fl_plot_style style = {.format = FL_PLOT_SVG, .title = "None"};
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(PICTURE_MAX);
    struct fl_error err = {0};
    struct series series;

    (void)unused;
    fill(&series);
    for (size_t i = 0; i < PLOTS; i++) {
        fl_buf_reset(&picture);
        assert_ok(plots[i](&style, &series, 0, &picture, &err));
        assert_svg(&picture, "960px", "None");
    }
}

static void one_value_and_all_alike_are_drawn(void **unused)
{
    const struct fl_plot_style style = {.format = FL_PLOT_SVG};
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(PICTURE_MAX);
    struct fl_plot_point *points = points_of(2000);
    struct fl_plot_map map = map_of(points, 2000);
    struct fl_error err = {0};
    struct series series;

    (void)unused;
    memset(&series, 0, sizeof series);
    for (size_t i = 0; i < PLOTS; i++)
        assert_ok(plots[i](&style, &series, 1, &picture, &err));
    for (size_t i = 0; i < PLOTS; i++)
        assert_ok(plots[i](&style, &series, PERIODS, &picture, &err));
    for (size_t i = 0; i < 2000; i++)
        points[i].cv = points[i].ce = 0.5F;
    assert_ok(fl_plot_map(&style, &map, &picture, &err));
    for (size_t i = 0; i < 2000; i++)
        points[i].cv = points[i].ce = (float)(i % 2);
    assert_ok(fl_plot_map(&style, &map, &picture, &err));
    map.slope = 0;
    map.intercept = 40;
    assert_ok(fl_plot_map(&style, &map, &picture, &err));
    map.slope = -1000;
    map.band = 0;
    assert_ok(fl_plot_map(&style, &map, &picture, &err));
    test_free(points);
}

static void long_titles_and_names_find_room(void **unused)
{
    char title[4000], name[2000];
    const char *const groups[] = {"", name};
    struct fl_plot_style style = {
        .format = FL_PLOT_PNG, .width = 320, .height = 320, .title = title, .subtitle = title};
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(PICTURE_MAX);
    const struct fl_plot_point point = {.cv = 0.9F, .ce = 0.1F, .zone = FL_ZONE_I, .group = 1};
    const struct fl_plot_map map = {
        .points = &point, .n = 1, .slope = 1, .groups = groups, .n_groups = 2};
    struct fl_error err = {0};

    (void)unused;
    memset(title, 'W', sizeof title);
    title[sizeof title - 1] = '\0';
    for (size_t i = 0; i + 3 < sizeof name; i += 3)
        memcpy(name + i, "값", 4);
    assert_ok(fl_plot_map(&style, &map, &picture, &err));
    assert_png(&picture, 320, 320);
    style.format = FL_PLOT_SVG;
    assert_ok(fl_plot_map(&style, &map, &picture, &err));
}

/* ---- what is refused -------------------------------------------------------------------------*/

static void numbers_that_are_none_are_refused(void **unused)
{
    const struct fl_plot_style style = {.format = FL_PLOT_SVG};
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(PICTURE_MAX);
    struct fl_plot_point *points = points_of(FEW);
    struct fl_plot_map map = map_of(points, FEW);
    struct fl_error err = {0};
    struct series series;

    (void)unused;
    fl_buf_puts(&picture, "before");
    for (size_t i = 1; i < PLOTS; i++) {
        fill(&series);
        series.actual[3] = NAN;
        assert_status(FL_INVALID, plots[i](&style, &series, PERIODS, &picture, &err));
        series.actual[3] = INFINITY;
        assert_status(FL_INVALID, plots[i](&style, &series, PERIODS, &picture, &err));
        series.actual[3] = -1;
        assert_status(FL_INVALID, plots[i](&style, &series, PERIODS, &picture, &err));
    }
    points[7].cv = NAN;
    assert_status(FL_INVALID, fl_plot_map(&style, &map, &picture, &err));
    assert_non_null(strstr(err.text, "customer 7"));
    points[7].cv = 1.5F;
    assert_status(FL_INVALID, fl_plot_map(&style, &map, &picture, &err));
    points[7].cv = 0.5F;
    points[7].group = 4;
    assert_status(FL_INVALID, fl_plot_map(&style, &map, &picture, &err));
    points[7].group = 0;
    points[7].zone = FL_ZONES;
    assert_status(FL_INVALID, fl_plot_map(&style, &map, &picture, &err));
    points[7].zone = FL_ZONE_N;
    map.band = -0.1;
    assert_status(FL_INVALID, fl_plot_map(&style, &map, &picture, &err));
    map.band = 0.1;
    map.slope = NAN;
    assert_status(FL_INVALID, fl_plot_map(&style, &map, &picture, &err));
    assert_string_equal(picture.data, "before");
    test_free(points);
}

static void styles_that_cannot_be_are_refused(void **unused)
{
    static const struct fl_plot_style styles[] = {
        {.format = FL_PLOT_PNG, .width = 319, .height = 400},
        {.format = FL_PLOT_PNG, .width = 400, .height = 4097},
        {.format = FL_PLOT_PNG, .width = -5, .height = 400},
        {.format = FL_PLOT_PNG, .width = 1000000, .height = 1000000},
        {.format = (enum fl_plot_format)7, .width = 400, .height = 400},
        {.format = FL_PLOT_SVG, .title = "\xff"},
        {.format = FL_PLOT_SVG, .subtitle = "\xed\xa0\x80"}};
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(PICTURE_MAX);
    struct fl_error err = {0};
    struct series series;

    (void)unused;
    fill(&series);
    for (size_t s = 0; s < sizeof styles / sizeof styles[0]; s++)
        for (size_t i = 0; i < PLOTS; i++)
            assert_status(FL_INVALID, plots[i](&styles[s], &series, PERIODS, &picture, &err));
    assert_int_equal(picture.len, 0);
}

static void a_buffer_too_small_stays_as_it_was(void **unused)
{
    const struct fl_plot_style style = {.format = FL_PLOT_PNG};
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(2000);
    struct fl_error err = {0};
    struct series series;

    (void)unused;
    fill(&series);
    fl_buf_puts(&picture, "before");
    for (size_t i = 0; i < PLOTS; i++)
        assert_status(FL_LIMIT, plots[i](&style, &series, PERIODS, &picture, &err));
    assert_string_equal(picture.data, "before");
    assert_false(fl_buf_failed(&picture));
}

static void dates_and_holdouts_out_of_the_plot_are_refused(void **unused)
{
    const struct fl_plot_style style = {.format = FL_PLOT_SVG};
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(PICTURE_MAX);
    struct fl_error err = {0};
    struct series series;
    struct fl_plot_tracking tracking = {.n = PERIODS,
                                        .actual = series.actual,
                                        .expected = series.expected,
                                        .holdout_from = PERIODS + 1,
                                        .period = "week",
                                        .first_date = FL_DATE_NONE};

    (void)unused;
    fill(&series);
    assert_status(FL_INVALID, fl_plot_tracking(&style, &tracking, &picture, &err));
    tracking.holdout_from = PERIODS;
    assert_ok(fl_plot_tracking(&style, &tracking, &picture, &err));
    tracking.first_date = 0;
    assert_status(FL_INVALID, fl_plot_tracking(&style, &tracking, &picture, &err));
    tracking.period_days = 1e9;
    assert_status(FL_INVALID, fl_plot_tracking(&style, &tracking, &picture, &err));
    tracking.period_days = 365.25;
    tracking.period = "aeon";
    assert_ok(fl_plot_tracking(&style, &tracking, &picture, &err));
}

/* ---- what can be read ------------------------------------------------------------------------*/

/* WCAG 2.1, 1.4.3 for texts and 1.4.11 for what carries a meaning. */
static const double text_contrast = 4.5, sign_contrast = 3;

static void texts_have_contrast(void **unused)
{
    static const enum fl_plot_ink texts[] = {FL_INK_TEXT, FL_INK_MUTED};
    static const enum fl_plot_ink grounds[] = {FL_INK_BACK, FL_INK_ZONE_I, FL_INK_ZONE_II,
                                               FL_INK_ZONE_III};
    static const enum fl_plot_ink signs[] = {FL_INK_ACTUAL, FL_INK_EXPECTED, FL_INK_MARK};

    (void)unused;
    for (int is_dark = 0; is_dark < 2; is_dark++) {
        const struct fl_plot_palette *palette = fl_plot_palette_of(is_dark);
        uint32_t back = palette->ink[FL_INK_BACK];

        for (size_t g = 0; g < sizeof grounds / sizeof grounds[0]; g++) {
            uint32_t ground = palette->ink[grounds[g]];

            for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
                assert_true(fl_plot_contrast(palette->ink[texts[t]], ground) >= text_contrast);
            for (size_t s = 0; s < sizeof signs / sizeof signs[0]; s++)
                assert_true(fl_plot_contrast(palette->ink[signs[s]], ground) >= sign_contrast);
        }
        /* texts on plates, whatever is below */
        for (int level = 0; level < FL_PLOT_LEVELS; level++) {
            uint32_t plate = fl_plot_blend(back, palette->level[level], FL_PLOT_PLATE);

            assert_true(fl_plot_contrast(palette->ink[FL_INK_TEXT], plate) >= text_contrast);
        }
        /* more customers are darker on light, lighter on dark: without colour as well */
        for (int level = 1; level < FL_PLOT_LEVELS; level++)
            assert_true(fl_plot_contrast(palette->level[level], back) >
                        fl_plot_contrast(palette->level[level - 1], back) * 1.1);
    }
}

static void contrast_is_as_defined(void **unused)
{
    (void)unused;
    assert_true(fabs(fl_plot_contrast(0, 0xffffff) - 21) < 1e-9);
    assert_true(fabs(fl_plot_contrast(0x777777, 0xffffff) - 4.48) < 0.005);
    assert_int_equal(fl_plot_blend(0xffffff, 0x000000, 0.5), 0x808080);
}

static void every_word_is_there_and_has_glyphs(void **unused)
{
    static const char *const tags[FL_PLOT_LANGUAGES] = {"en", "ko"};
    struct fl_plot_canvas canvas;
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(PICTURE_MAX);
    struct fl_error err = {0};
    bool has_hangul;

    (void)unused;
    for (int language = 0; language < FL_PLOT_LANGUAGES; language++) {
        const struct fl_plot_style style = {.format = FL_PLOT_SVG, .language = tags[language]};

        assert_ok(fl_plot_open(&canvas, &style, &err));
        pango_layout_set_text(canvas.layout, "한", -1);
        has_hangul = pango_layout_get_unknown_glyphs_count(canvas.layout) == 0;
        if (!has_hangul)
            print_message("no font with Hangul is installed\n");
        for (int word = 0; word < FL_WORDS; word++) {
            const char *text =
                fl_plot_word((enum fl_plot_language)language, (enum fl_plot_word)word);

            assert_non_null(text);
            assert_true(*text && fl_utf8_is_valid(text, strlen(text)));
            pango_layout_set_text(canvas.layout, text, -1);
            if (language == FL_PLOT_EN || has_hangul)
                assert_int_equal(pango_layout_get_unknown_glyphs_count(canvas.layout), 0);
        }
        fl_buf_reset(&picture);
        assert_ok(fl_plot_close(&canvas, &picture, &err));
    }
    assert_int_equal(fl_plot_language_of("ko-KR"), FL_PLOT_KO);
    assert_int_equal(fl_plot_language_of("KO"), FL_PLOT_KO);
    assert_int_equal(fl_plot_language_of("kok"), FL_PLOT_EN);
    assert_int_equal(fl_plot_language_of(NULL), FL_PLOT_EN);
}

static void numbers_are_written_as_people_do(void **unused)
{
    static const struct {
        double value;
        int decimals;
        const char *text;
    } numbers[] = {{0, 0, "0"},
                   {1234567.891, 2, "1,234,567.89"},
                   {999, 0, "999"},
                   {1000, 0, "1,000"},
                   {-0.001, 1, "0.0"},
                   {-1234, 0, "\342\210\2221,234"},
                   {1e14, 0, "100,000,000,000,000"}};
    char text[FL_PLOT_NUMBER_MAX];

    (void)unused;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        fl_plot_number(text, numbers[i].value, numbers[i].decimals);
        assert_string_equal(text, numbers[i].text);
    }
    fl_plot_percent(text, 0.234, 0);
    assert_string_equal(text, "23%");
    fl_map_share(text, 1, 3);
    assert_string_equal(text, "33%");
    fl_map_share(text, 1, 250);
    assert_string_equal(text, "0.4%");
    fl_map_share(text, 0, 0);
    assert_string_equal(text, "0%");
}

static void ticks_are_round_and_few(void **unused)
{
    struct fl_plot_axis axis;

    (void)unused;
    for (double high = 1e-6; high < 1e12; high *= 1.37) {
        fl_plot_axis_number(&axis, high, 8);
        assert_in_range(axis.n, 3, 10);
        assert_true(axis.high >= high * (1 - 1e-9) && axis.high < high * 2.01);
    }
    fl_plot_axis_number(&axis, 5e-324, 8);
    assert_true(axis.high > 0.5);
    fl_plot_axis_number(&axis, 0, 8);
    assert_true(axis.high > 0);
    fl_plot_axis_number(&axis, 3800, 8);
    assert_string_equal(axis.ticks[axis.n - 1].text, "4,000");
    fl_plot_axis_percent(&axis, 0, 1, 5);
    assert_string_equal(axis.ticks[axis.n - 1].text, "100%");
    fl_plot_axis_whole(&axis, 0, 3, 8);
    assert_int_equal(axis.n, 4);
    fl_plot_axis_date(&axis, 9862, 9862 + 78 * 7, 8);
    assert_string_equal(axis.ticks[0].text, "1997-01");
    assert_in_range(axis.n, 4, 10);
    fl_plot_axis_date(&axis, 0, 40000, 8);
    assert_string_equal(axis.ticks[0].text, "1980");
    fl_plot_axis_date(&axis, 9862, 9880, 8);
    assert_string_equal(axis.ticks[0].text, "1997-01-01");
    fl_plot_axis_date(&axis, -719000, 2932000, 8);
    assert_in_range(axis.n, 1, FL_PLOT_TICKS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_plot_is_a_png_of_the_size),
        cmocka_unit_test(every_plot_is_svg_that_says_what_it_is),
        cmocka_unit_test(the_same_plot_has_the_same_bytes),
        cmocka_unit_test(no_data_is_a_plot_that_says_so),
        cmocka_unit_test(one_value_and_all_alike_are_drawn),
        cmocka_unit_test(long_titles_and_names_find_room),
        cmocka_unit_test(numbers_that_are_none_are_refused),
        cmocka_unit_test(styles_that_cannot_be_are_refused),
        cmocka_unit_test(a_buffer_too_small_stays_as_it_was),
        cmocka_unit_test(dates_and_holdouts_out_of_the_plot_are_refused),
        cmocka_unit_test(texts_have_contrast),
        cmocka_unit_test(contrast_is_as_defined),
        cmocka_unit_test(every_word_is_there_and_has_glyphs),
        cmocka_unit_test(numbers_are_written_as_people_do),
        cmocka_unit_test(ticks_are_round_and_few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
