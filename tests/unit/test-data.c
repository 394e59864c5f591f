/* The values that content is rendered with. */
#include "unit.h"

#include "base/arena.h"
#include "base/str.h"
#include "content/data.h"

static int setup(void **state)
{
    *state = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    struct fl_arena *arena = *state;

    fl_arena_destroy(&arena);
    return 0;
}

static void test_data_tree(void **state)
{
    struct fl_arena *arena = *state;
    struct fl_data *object = fl_data_object(arena), *list = fl_data_list(arena);
    size_t len = 0;

    for (int i = 0; i < 1000; i++)
        assert_true(fl_data_set_str(arena, object, fl_arena_printf(arena, "k%d", i),
                                    fl_arena_printf(arena, "v%d", i)));
    for (int i = 0; i < 1000; i++) {
        const char *name = fl_arena_printf(arena, "k%d", i);
        const char *text = fl_data_text(fl_data_get(object, name, strlen(name)), &len);

        assert_string_equal(text, fl_arena_printf(arena, "v%d", i));
        assert_int_equal(len, strlen(text));
    }
    assert_null(fl_data_get(object, "k1000", 5));
    assert_true(fl_data_set_str(arena, object, "k1", "later"));
    assert_string_equal(fl_data_text(fl_data_get(object, "k1", 2), NULL), "later");
    assert_true(fl_data_set(arena, object, "none", NULL));
    assert_true(fl_data_set_str(arena, object, "none", NULL));
    assert_null(fl_data_get(object, "none", 4));
    for (int i = 0; i < 10; i++)
        assert_true(fl_data_append(arena, list, fl_data_bool(arena, i % 2)));
    assert_true(fl_data_append(arena, list, NULL));
    assert_int_equal(fl_data_count(list), 10);
    assert_string_equal(fl_data_text(fl_data_at(list, 9), NULL), "true");
    assert_string_equal(fl_data_text(fl_data_at(list, 8), NULL), "false");
    assert_null(fl_data_at(list, 10));
    assert_string_equal(fl_data_text(list, NULL), "");
    assert_null(fl_data_get(list, "x", 1));
    assert_int_equal(fl_data_type(NULL), FL_DATA_NULL);
    assert_int_equal(fl_data_type(list), FL_DATA_LIST);
    assert_int_equal(fl_data_count(object), 0);
}

static void test_data_of_json(void **state)
{
    static const char *const numbers[][2] = {
        {"1.210", "1.21"},    {"7", "7"},
        {"-0.0", "0"},        {"1e3", "1000"},
        {"0.1", "0.1"},       {"9007199254740993", "9007199254740993"},
        {"1e300", "1e+300"},  {"123456.789", "123456.789"},
        {"2.5e-7", "2.5e-07"}};
    struct fl_arena *arena = *state;
    struct fl_data *data = NULL;
    struct fl_error err;
    struct fl_buf deep = FL_BUF(3 << 20);

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_ok(fl_data_of_json(arena, numbers[i][0], strlen(numbers[i][0]), &data, &err));
        assert_int_equal(fl_data_type(data), FL_DATA_NUMBER);
        assert_string_equal(fl_data_text(data, NULL), numbers[i][1]);
    }
    assert_ok(fl_data_of_json(arena, "{\"a\":null,\"b\":[\"x\\\"[\"]}", 23, &data, &err));
    assert_int_equal(fl_data_type(fl_data_get(data, "a", 1)), FL_DATA_NULL);
    assert_status(FL_INVALID, fl_data_of_json(arena, "{\"a\":}", 6, &data, &err));
    assert_non_null(strstr(err.text, "line 1"));
    assert_status(FL_INVALID, fl_data_of_json(arena, "\"\xff\"", 3, &data, &err));
    for (int i = 0; i < 64; i++)
        fl_buf_putc(&deep, '[');
    for (int i = 0; i < 64; i++)
        fl_buf_putc(&deep, ']');
    assert_ok(fl_data_of_json(arena, deep.data, deep.len, &data, &err));
    fl_buf_reset(&deep);
    for (int i = 0; i < 65; i++)
        fl_buf_putc(&deep, '[');
    assert_status(FL_LIMIT, fl_data_of_json(arena, deep.data, deep.len, &data, &err));
    fl_buf_reset(&deep);
    while (deep.len <= 1 << 20)
        fl_buf_putc(&deep, ' ');
    assert_status(FL_LIMIT, fl_data_of_json(arena, deep.data, deep.len, &data, &err));
    fl_buf_reset(&deep);
    fl_buf_puts(&deep, "{\"x\":1");
    for (int i = 0; i < 5000; i++)
        fl_buf_printf(&deep, ",\"%d\":1", i);
    fl_buf_putc(&deep, '}');
    assert_status(FL_LIMIT, fl_data_of_json(arena, deep.data, deep.len, &data, &err));
    fl_buf_finish(&deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_data_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_of_json, setup, teardown),
    };

    return cmocka_run_group_tests_name("data", tests, NULL, NULL);
}
