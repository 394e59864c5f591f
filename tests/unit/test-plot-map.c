/* The relationship map: what is counted and where it stands. */
#include "unit.h"

#include "base/file.h"
#include "points.h"

enum { SVG_MAX = 1500 << 10, MANY = 1000000 };

static void a_million_customers_are_a_small_picture(void **unused)
{
    const struct fl_plot_style style = {.format = FL_PLOT_SVG, .width = 4096, .height = 3072};
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(PICTURE_MAX);
    struct fl_plot_point *points = points_of(MANY);
    const struct fl_plot_map map = map_of(points, MANY);
    struct fl_error err = {0};

    (void)unused;
    assert_ok(fl_plot_map(&style, &map, &picture, &err));
    assert_in_range(picture.len, 10000, SVG_MAX);
    test_free(points);
}

static struct fl_map_drawing *drawing_of(const struct fl_plot_map *map, struct fl_map_count *count,
                                         double side)
{
    struct fl_map_drawing *drawing = test_calloc(1, sizeof *drawing);
    const struct fl_plot_style style = {.format = FL_PLOT_SVG};
    struct fl_error err = {0};

    assert_ok(fl_plot_open(&drawing->canvas, &style, &err));
    drawing->map = map;
    drawing->count = count;
    count->n = (double)map->n;
    drawing->frame.area = (struct fl_plot_area){60, 80, side, side};
    drawing->frame.x.high = drawing->frame.y.high = 1;
    return drawing;
}

static void drop(struct fl_map_drawing *drawing)
{
    FL_AUTO_BUF struct fl_buf picture = FL_BUF(PICTURE_MAX);
    struct fl_error err = {0};

    assert_ok(fl_plot_close(&drawing->canvas, &picture, &err));
    test_free(drawing);
}

static void every_customer_is_in_one_hexagon(void **unused)
{
    enum { N = 20000 };
    struct fl_plot_point *points = points_of(N);
    const struct fl_plot_map map = map_of(points, N);

    (void)unused;
    points[0].cv = points[0].ce = 0;
    points[1].cv = points[1].ce = 1;
    for (double side = 60; side < 3000; side *= 1.7) {
        struct fl_map_count count = {.n = 0};
        struct fl_map_drawing *drawing = drawing_of(&map, &count, side);
        double sum = 0, most = 0;

        fl_map_density(drawing);
        for (int row = 0; row < FL_MAP_ROWS_MAX; row++)
            for (int column = 0; column <= FL_MAP_COLUMNS_MAX; column++) {
                sum += drawing->cells[row][column];
                most = fmax(most, drawing->cells[row][column]);
            }
        assert_int_equal((int)sum, N);
        assert_true(fabs(count.most - most) < 0.5);
        assert_in_range(drawing->levels, 1, FL_PLOT_LEVELS);
        assert_true(fabs(drawing->from[0] - 1) < 1e-9);
        for (int level = 1; level < drawing->levels; level++)
            assert_true(drawing->from[level] > drawing->from[level - 1]);
        assert_true(drawing->from[drawing->levels - 1] <= most);
        drop(drawing);
    }
    test_free(points);
}

static bool is_apart(const struct fl_plot_area *a, const struct fl_plot_area *b)
{
    const double slack = 0.1;

    return a->x + a->width <= b->x + slack || b->x + b->width <= a->x + slack ||
           a->y + a->height <= b->y + slack || b->y + b->height <= a->y + slack;
}

/* Eight groups whose centres stand close together. */
static void names_of_groups_do_not_cover_each_other(void **unused)
{
    static const char *const names[] = {"",     "Mothers' class", "Home delivery",
                                        "Shop", "어머니 교실",    "Web",
                                        "Fax",  "Letter",         "가정 배달"};
    enum { GROUPS = sizeof names / sizeof names[0] };
    const struct fl_plot_map map = {.groups = names, .n_groups = GROUPS};
    struct fl_map_count count = {.n_groups = GROUPS - 1};
    struct fl_map_drawing *drawing = drawing_of(&map, &count, 540);

    (void)unused;
    for (uint16_t i = 1; i < GROUPS; i++)
        count.groups[i - 1] = (struct fl_map_group){
            .n = 10, .cv = 0.5 + 0.04 * (i % 3), .ce = 0.5 + 0.04 * (i / 3.0), .index = i};
    fl_map_groups(drawing);
    assert_int_equal(drawing->n_boxes, 2 * (GROUPS - 1));
    for (size_t i = GROUPS - 1; i < drawing->n_boxes; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(is_apart(&drawing->boxes[i], &drawing->boxes[j]));
    drop(drawing);
}

static void key_customers_are_an_even_sample(void **unused)
{
    enum { N = 80000 };
    struct fl_plot_point *points = points_of(N);
    const struct fl_plot_map map = map_of(points, N);
    struct fl_map_count count = {.by_kind = {N / 2, N / 2, N / 2}, .keys = N - N / 8};
    struct fl_map_drawing *drawing = drawing_of(&map, &count, 550);

    (void)unused;
    fl_map_marks(drawing);
    assert_in_range((int)count.marked, FL_MAP_MARKS_MAX, 3 * FL_MAP_MARKS_MAX);
    drop(drawing);
    test_free(points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_customer_is_in_one_hexagon),
        cmocka_unit_test(names_of_groups_do_not_cover_each_other),
        cmocka_unit_test(key_customers_are_an_even_sample),
        cmocka_unit_test(a_million_customers_are_a_small_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
