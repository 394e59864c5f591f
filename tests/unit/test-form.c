/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plugins/paper: a form drawn, marked by hand, mistreated by machines, and read again. */
#include "unit.h"

#include "paper/form_private.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "abcdefghijklmnopqrstuvwxyz234567abcdefgh"

enum { WIDTH = 1728, FINE_HEIGHT = 2292, MARKS_MAX = 32 };

static const char survey[] =
    "[{\"key\":\"satisfaction\",\"type\":\"scale\",\"min\":1,\"max\":5,\"text\":\"How satisfied "
    "are "
    "you with us?\",\"options\":[{\"key\":\"1\",\"label\":\"Not at all\"},{\"key\":\"5\","
    "\"label\":\"Very\"}]},"
    "{\"key\":\"recommend\",\"type\":\"scale\",\"min\":0,\"max\":10,\"text\":\"Would you recommend "
    "us to a friend?\"},"
    "{\"key\":\"reason\",\"type\":\"choice\",\"text\":\"Why did you come to us?\",\"options\":["
    "{\"key\":\"price\",\"label\":\"The price\"},{\"key\":\"friend\",\"label\":\"A friend told "
    "me\"},"
    "{\"key\":\"near\",\"label\":\"You are near\"},{\"key\":\"other\",\"label\":\"Another "
    "reason\"}]},"
    "{\"key\":\"like\",\"type\":\"choices\",\"text\":\"What do you like?\",\"options\":["
    "{\"key\":\"a\",\"label\":\"Fruit\"},{\"key\":\"b\",\"label\":\"Vegetables\"},"
    "{\"key\":\"c\",\"label\":\"Bread\"}]},"
    "{\"key\":\"words\",\"type\":\"text\",\"text\":\"What else should we know?\"}]";
enum { N_QUESTIONS = 5, Q_WORDS = 4 };

/* --- a sheet of paper, a pen, a machine --------------------------------------------------------*/

enum pen { PEN_TICK, PEN_CROSS, PEN_FILL, PEN_DOT };

struct mark {
    size_t question; /* N_QUESTIONS: the box to opt out */
    int box;
    enum pen pen;
};

struct machine {
    double x_dpi, y_dpi;
    double askew;  /* degrees */
    double shrink; /* 1: none */
    int turns;     /* quarters, clockwise */
    double noise;  /* share of pixels */
    int n_lines;   /* black or lost lines */
    unsigned seed;
};

static const struct machine fine = {.x_dpi = 204, .y_dpi = 196, .shrink = 1};

struct scan {
    struct form_image image;
    uint8_t *pixels;
};

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static double jitter(unsigned *seed, double most)
{
    return most * (((double)(next(seed) % 2001) - 1000) / 1000);
}

static void pen_draw(cairo_t *cairo, double x, double y, double side, enum pen pen, unsigned *seed)
{
    cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(cairo, 1.3);
    x += jitter(seed, 0.05 * side);
    y += jitter(seed, 0.05 * side);
    switch (pen) {
    case PEN_TICK:
        cairo_move_to(cairo, x + side * 0.15, y + side * 0.5);
        cairo_line_to(cairo, x + side * 0.42, y + side * 0.85);
        cairo_line_to(cairo, x + side * 1.1, y - side * 0.15);
        cairo_stroke(cairo);
        break;
    case PEN_CROSS:
        for (int i = 0; i < 2; i++) {
            cairo_move_to(cairo, x + side * 0.1, y + side * (i ? 0.9 : 0.1));
            cairo_line_to(cairo, x + side * 0.95, y + side * (i ? 0.05 : 0.95));
        }
        cairo_stroke(cairo);
        break;
    case PEN_FILL:
        cairo_rectangle(cairo, x + side * 0.08, y + side * 0.08, side * 0.85, side * 0.85);
        cairo_fill(cairo);
        break;
    case PEN_DOT:
        cairo_arc(cairo, x + side * 0.5, y + side * 0.5, 1.0, 0, 2 * M_PI);
        cairo_fill(cairo);
        break;
    }
}

struct sheet {
    struct form form;
    void *owner;
    struct form_layout layout;
    char code[FORM_CODE_MAX];
    const struct mark *marks;
    size_t n_marks;
    bool has_words;
};

static const struct paper_style style = {.width = 609.88,
                                         .height = 841.96,
                                         .font = "NanumGothic, sans",
                                         .size = 11,
                                         .language = "en",
                                         .is_bilevel = true};

static void sheet_make(struct sheet *sheet, const char *text, const struct mark *marks, size_t n)
{
    char why[200];

    memset(sheet, 0, sizeof *sheet);
    assert_true(form_of_survey(text, TOKEN, "en", &sheet->form, &sheet->owner, why, sizeof why));
    form_layout_of(&sheet->form, &sheet->layout);
    sheet->marks = marks;
    sheet->n_marks = n;
}

static void sheet_draw(struct sheet *sheet, cairo_t *cairo, unsigned *seed)
{
    const double left = 40, top = 90, width = 530, height = 720;
    double unit = fmin(16, fmin(width / FORM_WIDTH, height / form_layout_height(&sheet->layout)));
    double x0 = left + (width - FORM_WIDTH * unit) / 2;

    assert_true(form_draw(cairo, &style, &sheet->form, left, top, width, height, sheet->code));
    cairo_set_source_rgb(cairo, 0, 0, 0);
    for (size_t i = 0; i < sheet->n_marks; i++) {
        const struct mark *m = &sheet->marks[i];
        struct form_point at = m->question == N_QUESTIONS
                                   ? form_layout_opt_out(&sheet->layout)
                                   : form_layout_box(&sheet->layout, m->question, m->box);

        pen_draw(cairo, x0 + at.x * unit, top + at.y * unit, unit, m->pen, seed);
    }
    if (sheet->has_words) {
        struct form_rect field = form_layout_field(&sheet->layout, Q_WORDS);

        paper_text(cairo, &style, "the bread was very good", 14, false, x0 + (field.x + 1) * unit,
                   top + (field.y + 1) * unit, 300);
    }
}

static void turn(struct scan *scan)
{
    int w = scan->image.width, h = scan->image.height;
    double dpi = scan->image.x_dpi;
    uint8_t *turned = malloc((size_t)w * (size_t)h);

    assert_non_null(turned);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            turned[(size_t)x * (size_t)h + (size_t)(h - 1 - y)] =
                scan->pixels[(size_t)y * (size_t)w + (size_t)x];
    free(scan->pixels);
    scan->pixels = turned;
    scan->image = (struct form_image){h, w, scan->image.y_dpi, dpi, turned};
}

static void mistreat(struct scan *scan, const struct machine *machine, unsigned *seed)
{
    size_t w = (size_t)scan->image.width, h = (size_t)scan->image.height;

    for (size_t i = 0; i < (size_t)(machine->noise * (double)(w * h)); i++) {
        size_t at = (((size_t)next(seed) << 16) ^ next(seed)) % (w * h);

        scan->pixels[at] = next(seed) & 1 ? 0 : 255;
    }
    for (int i = 0; i < machine->n_lines; i++) {
        size_t y = next(seed) % (unsigned)(h - 3), thick = 1 + next(seed) % 2;
        int colour = next(seed) & 1 ? 0 : 255;

        memset(scan->pixels + y * w, colour, w * thick);
    }
}

static struct scan sheet_scan(struct sheet *sheet, const struct machine *machine)
{
    int height = (int)(FINE_HEIGHT * machine->y_dpi / 196), stride;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, height);
    cairo_t *cairo = cairo_create(surface);
    unsigned seed = machine->seed * 7919U + 1;
    struct scan scan;

    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    cairo_scale(cairo, machine->x_dpi / 72, machine->y_dpi / 72);
    cairo_translate(cairo, style.width / 2, style.height / 2);
    cairo_rotate(cairo, machine->askew * M_PI / 180);
    cairo_scale(cairo, machine->shrink, machine->shrink);
    cairo_translate(cairo, -style.width / 2, -style.height / 2);
    sheet_draw(sheet, cairo, &seed);
    assert_int_equal(cairo_status(cairo), CAIRO_STATUS_SUCCESS);
    cairo_destroy(cairo);
    cairo_surface_flush(surface);
    stride = cairo_image_surface_get_stride(surface);
    scan.pixels = malloc((size_t)WIDTH * (size_t)height);
    assert_non_null(scan.pixels);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < WIDTH; x++)
            scan.pixels[(size_t)y * WIDTH + (size_t)x] =
                cairo_image_surface_get_data(surface)[(size_t)(y * stride) + 4 * (size_t)x] < 128
                    ? 0
                    : 255;
    cairo_surface_destroy(surface);
    scan.image = (struct form_image){WIDTH, height, machine->x_dpi, machine->y_dpi, scan.pixels};
    mistreat(&scan, machine, &seed);
    for (int i = 0; i < machine->turns; i++)
        turn(&scan);
    return scan;
}

static void show(const struct scan *scan, const char *name)
{
    const char *folder = getenv("FL_TEST_PICTURES");
    char path[512];
    FILE *f;

    if (!folder)
        return;
    snprintf(path, sizeof path, "%s/%s.pgm", folder, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    fprintf(f, "P5 %d %d 255\n", scan->image.width, scan->image.height);
    fwrite(scan->pixels, 1, (size_t)scan->image.width * (size_t)scan->image.height, f);
    fclose(f);
}

/* --- what must come out ------------------------------------------------------------------------*/

struct expected {
    uint16_t marked[N_QUESTIONS];
    bool is_opted_out;
};

static struct expected expected_of(const struct sheet *sheet)
{
    struct expected e = {0};

    for (size_t i = 0; i < sheet->n_marks; i++) {
        const struct mark *m = &sheet->marks[i];

        if (m->pen == PEN_DOT)
            continue;
        if (m->question == N_QUESTIONS)
            e.is_opted_out = true;
        else
            e.marked[m->question] |= (uint16_t)(1U << m->box);
    }
    return e;
}

/* Nothing wrong may be counted.  What is not right must be doubtful; returns how much is. */
static int reading_check(const struct sheet *sheet, const struct form_reading *r)
{
    struct expected e = expected_of(sheet);
    int doubts = 0;

    assert_string_equal(r->token, TOKEN);
    assert_true(r->has_layout);
    if (!r->has_marks)
        return 100;
    assert_int_equal(r->n_questions, sheet->layout.n);
    for (size_t q = 0; q < r->n_questions; q++) {
        uint16_t wrong = (uint16_t)(r->marked[q] ^ e.marked[q]) & (uint16_t)~r->doubtful[q];

        if (wrong)
            print_message("question %zu: marked %x, doubtful %x, expected %x\n", q + 1,
                          r->marked[q], r->doubtful[q], e.marked[q]);
        assert_int_equal(wrong, 0);
        doubts += __builtin_popcount(r->doubtful[q]);
    }
    assert_true(r->is_opted_out == e.is_opted_out || r->is_opt_out_doubtful);
    return doubts + r->is_opt_out_doubtful;
}

static int scan_check(struct sheet *sheet, const struct machine *machine, const char *name)
{
    struct scan scan = sheet_scan(sheet, machine);
    struct form_reading readings[FORM_CODES_MAX];
    size_t n;
    int doubts;

    show(&scan, name);
    n = form_read(&scan.image, readings, FORM_CODES_MAX);
    if (n != 1)
        print_message("%s: %zu codes\n", name, n);
    free(scan.pixels);
    assert_int_equal(n, 1);
    assert_int_equal(readings[0].turned, machine->turns % 4 * 90);
    doubts = reading_check(sheet, &readings[0]);
    if (doubts)
        print_message("%s: %d doubtful\n", name, doubts);
    return doubts;
}

static const struct mark answers[] = {
    {0, 3, PEN_TICK}, {1, 9, PEN_CROSS}, {2, 1, PEN_FILL},
    {2, 3, PEN_DOT},  {3, 0, PEN_TICK},  {3, 2, PEN_CROSS},
};
enum { N_ANSWERS = sizeof answers / sizeof answers[0] };

static void test_clean(void **state)
{
    struct sheet sheet;
    struct scan scan;
    struct form_reading r[2];
    char *json;

    (void)state;
    sheet_make(&sheet, survey, answers, N_ANSWERS);
    sheet.has_words = true;
    scan = sheet_scan(&sheet, &fine);
    assert_string_equal(sheet.code, TOKEN ".s5.s11.a4.m3.t");
    show(&scan, "clean");
    assert_int_equal(form_read(&scan.image, r, 2), 1);
    assert_int_equal(reading_check(&sheet, &r[0]), 0);
    assert_true(r[0].has_words[Q_WORDS]);
    json = form_reading_json(&r[0]);
    assert_string_equal(json, "{\"token\":\"" TOKEN "\",\"boxes\":{\"1\":[4],\"2\":[10],\"3\":[2],"
                              "\"4\":[1,3]},\"details\":{\"words\":[5]}}");
    free(json);
    free(scan.pixels);
    form_release(&sheet.owner);
    assert_null(sheet.owner);
}

static void test_empty_and_opt_out(void **state)
{
    static const struct mark out[] = {{N_QUESTIONS, 0, PEN_CROSS}};
    struct sheet sheet;
    struct scan scan;
    struct form_reading r;
    char *json;

    (void)state;
    sheet_make(&sheet, survey, NULL, 0);
    assert_int_equal(scan_check(&sheet, &fine, "empty"), 0);
    form_release(&sheet.owner);
    sheet_make(&sheet, "", out, 1);
    scan = sheet_scan(&sheet, &fine);
    show(&scan, "opt-out");
    assert_int_equal(form_read(&scan.image, &r, 1), 1);
    assert_true(r.is_opted_out);
    assert_false(r.has_words[0]);
    json = form_reading_json(&r);
    assert_string_equal(json, "{\"token\":\"" TOKEN "\",\"boxes\":{},\"is_opt_out\":true}");
    free(json);
    free(scan.pixels);
    form_release(&sheet.owner);
}

static void test_two_where_one(void **state)
{
    static const struct mark two[] = {{0, 1, PEN_CROSS}, {0, 2, PEN_TICK}, {1, 0, PEN_FILL}};
    struct sheet sheet;
    struct scan scan;
    struct form_reading r;
    char *json;

    (void)state;
    sheet_make(&sheet, survey, two, 3);
    scan = sheet_scan(&sheet, &fine);
    assert_int_equal(form_read(&scan.image, &r, 1), 1);
    json = form_reading_json(&r);
    assert_string_equal(json, "{\"token\":\"" TOKEN "\",\"boxes\":{\"2\":[1]},\"details\":{"
                              "\"doubtful\":{\"1\":[2,3]}}}");
    free(json);
    free(scan.pixels);
    form_release(&sheet.owner);
}

/* Each alone leaves nothing in doubt, but for the stray dot. */
static void test_mistreated(void **state)
{
    static const struct {
        const char *name;
        struct machine machine;
    } cases[] = {
        {"standard", {204, 98, 0, 1, 0, 0, 0, 1}},
        {"turned-90", {204, 196, 0, 1, 1, 0, 0, 1}},
        {"turned-180", {204, 196, 0, 1, 2, 0, 0, 1}},
        {"turned-270", {204, 196, 0, 1, 3, 0, 0, 1}},
        {"askew-left", {204, 196, -3, 0.97, 0, 0, 0, 1}},
        {"askew-right", {204, 196, 3, 0.97, 0, 0, 0, 1}},
        {"shrunk", {204, 196, 0, 0.97, 0, 0, 0, 1}},
        {"noisy", {204, 196, 0, 1, 0, 0.02, 0, 1}},
        {"standard-180", {204, 98, 1, 0.98, 2, 0.01, 0, 1}},
    };
    struct sheet sheet;

    (void)state;
    sheet_make(&sheet, survey, answers, N_ANSWERS);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(scan_check(&sheet, &cases[i].machine, cases[i].name) <= 1);
    form_release(&sheet.owner);
}

/* Whatever machine and pen: right, or in doubt, and in doubt seldom. */
static void test_seeds(void **state)
{
    static const unsigned seeds[] = {1,   2,   3,   5,   8,   13,   21,   34,   55,   89,
                                     144, 233, 377, 610, 987, 1597, 2584, 4181, 6765, 10946};
    int doubts = 0;

    (void)state;
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        unsigned seed = seeds[i];
        struct mark marks[MARKS_MAX];
        struct machine machine = {.x_dpi = 204, .seed = seed};
        struct sheet sheet;
        size_t n = 0;
        char name[32];

        machine.y_dpi = next(&seed) % 3 ? 196 : 98;
        machine.askew = jitter(&seed, 3);
        machine.shrink = 0.985 + jitter(&seed, 0.015);
        machine.turns = (int)(next(&seed) % 4);
        machine.noise = (double)(next(&seed) % 20) / 1000;
        machine.n_lines = (int)(next(&seed) % 12);
        sheet_make(&sheet, survey, marks, 0);
        for (size_t q = 0; q < N_QUESTIONS - 1; q++)
            for (int b = 0; b < sheet.layout.boxes[q]; b++)
                if (next(&seed) % 3 == 0)
                    marks[n++] = (struct mark){q, b, (enum pen)(next(&seed) % 4)};
        if (next(&seed) % 4 == 0)
            marks[n++] = (struct mark){N_QUESTIONS, 0, (enum pen)(next(&seed) % 4)};
        sheet.n_marks = n;
        snprintf(name, sizeof name, "seed-%u", seeds[i]);
        doubts += scan_check(&sheet, &machine, name);
        form_release(&sheet.owner);
    }
    print_message("%d of %zu boxes doubtful\n", doubts, 24 * sizeof seeds / sizeof seeds[0]);
    assert_true(doubts < 48);
}

/* A line through two marks, a torn corner: three marks do, with two nothing is read. */
static void test_torn(void **state)
{
    struct sheet sheet;
    struct scan scan;
    struct form_reading r;
    char *json;

    (void)state;
    sheet_make(&sheet, survey, answers, N_ANSWERS);
    scan = sheet_scan(&sheet, &fine);
    for (int y = 1700; y < FINE_HEIGHT; y++)
        memset(scan.pixels + (size_t)y * WIDTH, 255, 200);
    assert_int_equal(form_read(&scan.image, &r, 1), 1);
    assert_true(r.has_marks);
    assert_int_equal(r.marked[1], 1 << 9);
    for (int y = 1700; y < FINE_HEIGHT; y++)
        memset(scan.pixels + (size_t)y * WIDTH, 255, WIDTH);
    assert_int_equal(form_read(&scan.image, &r, 1), 1);
    assert_false(r.has_marks);
    json = form_reading_json(&r);
    assert_string_equal(json,
                        "{\"token\":\"" TOKEN "\",\"boxes\":{},\"details\":{\"unread\":true}}");
    free(json);
    free(scan.pixels);
    form_release(&sheet.owner);
}

static void test_nothing(void **state)
{
    uint8_t white[64 * 64];
    struct form_image image = {64, 64, 204, 196, white};
    struct form_reading r;

    (void)state;
    memset(white, 255, sizeof white);
    assert_int_equal(form_read(&image, &r, 1), 0);
    image.width = 0;
    assert_int_equal(form_read(&image, &r, 1), 0);
    image.width = image.height = 1 << 20;
    assert_int_equal(form_read(&image, &r, 1), 0);
}

static void test_layout(void **state)
{
    static const struct {
        const char *tail;
        bool is_ours, has_layout;
        size_t n;
    } cases[] = {
        {"", true, false, 0},     {".", true, true, 0},
        {".t", true, true, 1},    {".s5.a3.m12.t", true, true, 4},
        {".s0", false, false, 0}, {".s13", false, false, 0},
        {".x3", false, false, 0}, {".t1", false, false, 0},
        {"s5", false, false, 0},  {".s05", false, false, 0},
        {".s", false, false, 0},  {".s5..t", false, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char code[FORM_CODE_MAX], token[FORM_TOKEN_LEN + 1];
        struct form_layout layout = {0};
        bool has = false;

        snprintf(code, sizeof code, "%s%s", TOKEN, cases[i].tail);
        if (form_layout_read(code, strlen(code), token, &layout, &has) != cases[i].is_ours)
            fail_msg("\"%s\"", cases[i].tail);
        assert_int_equal(has, cases[i].has_layout);
        assert_int_equal(layout.n, cases[i].n);
    }
}

static void test_survey_faults(void **state)
{
    static const char *const bad[] = {"{}",
                                      "[",
                                      "[1]",
                                      "[{\"type\":\"scale\",\"min\":0,\"max\":40,\"text\":\"\"}]",
                                      "[{\"type\":\"choice\",\"text\":\"\",\"options\":[]}]",
                                      "[{\"type\":\"dance\"}]"};
    struct form form;
    void *owner = NULL;
    char why[200];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(form_of_survey(bad[i], TOKEN, "en", &form, &owner, why, sizeof why));
        assert_true(strlen(why) > 10);
    }
    assert_false(form_of_survey("", "short", "en", &form, &owner, why, sizeof why));
    assert_null(owner);
}

/* Twenty scales do not fit: said, not drawn over the edge. */
static void test_too_many(void **state)
{
    char text[4096] = "[", code[FORM_CODE_MAX], why[200];
    cairo_surface_t *surface = cairo_recording_surface_create(CAIRO_CONTENT_COLOR, NULL);
    cairo_t *cairo = cairo_create(surface);
    struct form form;
    void *owner;

    (void)state;
    for (int i = 0; i < 20; i++)
        strcat(text, i ? ",{\"type\":\"scale\",\"min\":1,\"max\":5,\"text\":\"?\"}"
                       : "{\"type\":\"scale\",\"min\":1,\"max\":5,\"text\":\"?\"}");
    strcat(text, "]");
    assert_true(form_of_survey(text, TOKEN, "en", &form, &owner, why, sizeof why));
    assert_false(form_draw(cairo, &style, &form, 0, 0, 530, 700, code));
    form_release(&owner);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_survey_faults),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_empty_and_opt_out),
        cmocka_unit_test(test_two_where_one),
        cmocka_unit_test(test_mistreated),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_torn),
        cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
