/* The template engine: the official specification, its bounds, its faults. */
#include "unit.h"

#include <jansson.h>

#include "content/data.h"
#include "content/mustache.h"

enum { PARTIALS_MAX = 16 };

static const struct fl_mustache_bounds bounds = {.steps = 10000, .bytes = 100000, .depth = 64};

/* ---- the specification -----------------------------------------------------------------------*/

struct partials {
    const char *names[PARTIALS_MAX];
    struct fl_mustache *templates[PARTIALS_MAX];
    size_t n;
};

static const struct fl_mustache *partial_find(void *ctx, const char *name)
{
    const struct partials *partials = ctx;

    for (size_t i = 0; i < partials->n; i++)
        if (!strcmp(partials->names[i], name))
            return partials->templates[i];
    return NULL;
}

static struct fl_mustache *compile(struct fl_arena *arena, const char *text,
                                   enum fl_mustache_escape escape)
{
    struct fl_mustache_source source = {
        .file = "t", .text = text, .len = strlen(text), .escape = escape};
    struct fl_mustache *template = NULL;
    struct fl_faults faults;
    struct fl_error err;

    fl_faults_init(&faults, arena);
    assert_ok(fl_mustache_compile(&source, &faults, &template, &err));
    return template;
}

static bool spec_case_passes(const char *file, const json_t *test)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_mustache *template =
        compile(arena, json_string_value(json_object_get(test, "template")), FL_MUSTACHE_HTML);
    const char *expected = json_string_value(json_object_get(test, "expected")), *key;
    char *json =
        json_dumps(json_object_get(test, "data"), JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    struct partials partials = {.n = 0};
    struct fl_buf out = FL_BUF(100000);
    struct fl_data *data = NULL;
    struct fl_error err;
    json_t *value;
    bool passes;

    json_object_foreach(json_object_get(test, "partials"), key, value)
    {
        assert_true(partials.n < PARTIALS_MAX);
        partials.names[partials.n] = key;
        partials.templates[partials.n++] =
            compile(arena, json_string_value(value), FL_MUSTACHE_HTML);
    }
    fl_mustache_link(template, partial_find, &partials);
    for (size_t i = 0; i < partials.n; i++)
        fl_mustache_link(partials.templates[i], partial_find, &partials);
    assert_ok(fl_data_of_json(arena, json, strlen(json), &data, &err));
    assert_ok(fl_mustache_render(template, data, &bounds, &out, &err));
    passes = !strcmp(out.data, expected);
    if (!passes)
        print_message("%s: %s\nexpected [%s]\ngot      [%s]\n", file,
                      json_string_value(json_object_get(test, "name")), expected, out.data);
    for (size_t i = 0; i < partials.n; i++)
        fl_mustache_destroy(&partials.templates[i]);
    fl_mustache_destroy(&template);
    fl_buf_finish(&out);
    free(json);
    fl_arena_destroy(&arena);
    return passes;
}

static void test_specification(void **state)
{
    static const char *const modules[] = {"comments", "delimiters", "interpolation",
                                          "inverted", "partials",   "sections"};
    const char *dir = getenv("FL_SHARED_DATA");
    size_t n_passed = 0, n = 0, i;
    json_t *file, *test;
    char path[4096];

    (void)state;
    for (size_t m = 0; m < sizeof modules / sizeof *modules; m++) {
        snprintf(path, sizeof path, "%s/mustache/%s.json", dir ? dir : "", modules[m]);
        file = json_load_file(path, 0, NULL);
        if (!file) {
            print_message("no %s: FL_SHARED_DATA names the folder of the test data\n", path);
            skip();
        }
        json_array_foreach(json_object_get(file, "tests"), i, test)
        {
            n++;
            n_passed += spec_case_passes(modules[m], test);
        }
        json_decref(file);
    }
    print_message("%zu of %zu cases of the specification pass\n", n_passed, n);
    assert_int_equal(n_passed, n);
}

/* ---- beyond the specification ----------------------------------------------------------------*/

static void renders_to(const char *text, const char *json, enum fl_mustache_escape escape,
                       const char *expected)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_mustache *template = compile(arena, text, escape);
    struct fl_buf out = FL_BUF(100000);
    struct fl_data *data = NULL;
    struct fl_error err;

    assert_ok(fl_data_of_json(arena, json, strlen(json), &data, &err));
    assert_ok(fl_mustache_render(template, data, &bounds, &out, &err));
    assert_string_equal(out.data, expected);
    fl_mustache_destroy(&template);
    fl_buf_finish(&out);
    fl_arena_destroy(&arena);
}

static void test_values_are_not_template(void **state)
{
    (void)state;
    renders_to("Hi {{name}}, {{{name}}}", "{\"name\":\"{{{secret}}}\",\"secret\":\"x\"}",
               FL_MUSTACHE_HTML, "Hi {{{secret}}}, {{{secret}}}");
    renders_to("{{a}}|{{{a}}}|{{&a}}", "{\"a\":\"<a b='c' d=\\\"e\\\">&\"}", FL_MUSTACHE_HTML,
               "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;|<a b='c' d=\"e\">&|<a b='c' "
               "d=\"e\">&");
    renders_to("{{a}}", "{\"a\":\"<&>\"}", FL_MUSTACHE_TEXT, "<&>");
    renders_to("{{a}}", "{\"a\":\"1\\r\\n2\\r3\\u0001\\u001b[m\\t4\"}", FL_MUSTACHE_TEXT,
               "1\n2\n3[m\t4");
    renders_to("{{a}}", "{\"a\":\"1\\r\\n2\\r\\u007f\"}", FL_MUSTACHE_HTML, "1\n2\n");
    renders_to("{{a}}", "{\"a\":\"1\\r\\n\\u0001\"}", FL_MUSTACHE_NONE, "1\r\n\001");
    renders_to("{{이름}}님, {{주문.번호}}", "{\"이름\":\"홍길동\",\"주문\":{\"번호\":7}}",
               FL_MUSTACHE_HTML, "홍길동님, 7");
}

static void test_truth(void **state)
{
    (void)state;
    renders_to("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\":\"\"}", FL_MUSTACHE_HTML, "no");
    renders_to("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\":0}", FL_MUSTACHE_HTML, "no");
    renders_to("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\":0.5}", FL_MUSTACHE_HTML, "yes");
    renders_to("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\":{}}", FL_MUSTACHE_HTML, "yes");
    renders_to("{{#a}}{{.}},{{/a}}", "{\"a\":[1,true,null,\"x\",1e30,-0.0]}", FL_MUSTACHE_HTML,
               "1,true,,x,1e+30,0,");
    renders_to("{{a}}{{b}}{{a.b.c}}", "{\"a\":[1],\"b\":{}}", FL_MUSTACHE_HTML, "");
    renders_to("{{a}}", "17", FL_MUSTACHE_HTML, "");
}

static void test_bounds(void **state)
{
    static const char recursive[] = "({{>self}})";
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_mustache *template = compile(arena, recursive, FL_MUSTACHE_HTML);
    struct partials partials = {.names = {"self"}, .templates = {template}, .n = 1};
    struct fl_buf out = FL_BUF(100);
    struct fl_data *list = fl_data_list(arena), *data = fl_data_object(arena);
    struct fl_mustache_bounds small = bounds;
    struct fl_error err;
    char *value = fl_arena_alloc(arena, 50000);

    (void)state;
    fl_mustache_link(template, partial_find, &partials);
    fl_buf_puts(&out, "kept");
    assert_status(FL_LIMIT, fl_mustache_render(template, data, &bounds, &out, &err));
    assert_non_null(strstr(err.text, "depth"));
    assert_string_equal(out.data, "kept");
    fl_mustache_destroy(&template);

    template = compile(arena, "{{#l}}{{#l}}{{v}}{{/l}}{{/l}}", FL_MUSTACHE_HTML);
    memset(value, '<', 50000);
    for (int i = 0; i < 1000; i++)
        assert_true(fl_data_append(arena, list, fl_data_bool(arena, true)));
    assert_true(fl_data_set(arena, data, "l", list));
    assert_status(FL_LIMIT, fl_mustache_render(template, data, &bounds, &out, &err));
    assert_non_null(strstr(err.text, "steps"));
    assert_true(fl_data_set(arena, data, "v", fl_data_string(arena, value, 50000)));
    assert_status(FL_LIMIT, fl_mustache_render(template, data, &bounds, &out, &err));
    assert_non_null(strstr(err.text, "bytes"));
    fl_mustache_destroy(&template);

    /* Exactly the bound, and one byte more. */
    template = compile(arena, "12345{{v}}", FL_MUSTACHE_HTML);
    assert_true(fl_data_set_str(arena, data, "v", "<"));
    small.bytes = 9;
    assert_ok(fl_mustache_render(template, data, &small, &out, &err));
    assert_string_equal(out.data, "kept12345&lt;");
    small.bytes = 8;
    assert_status(FL_LIMIT, fl_mustache_render(template, data, &small, &out, &err));
    assert_string_equal(out.data, "kept12345&lt;");
    fl_mustache_destroy(&template);
    fl_buf_finish(&out);
    fl_arena_destroy(&arena);
}

static void test_indentation_bound(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    char text[120];
    struct partials partials = {.names = {"self"}, .n = 1};
    struct fl_buf out = FL_BUF(100);
    struct fl_error err;

    (void)state;
    memset(text, ' ', 100);
    strcpy(text + 100, "{{>self}}\n");
    partials.templates[0] = compile(arena, text, FL_MUSTACHE_HTML);
    fl_mustache_link(partials.templates[0], partial_find, &partials);
    assert_status(FL_LIMIT, fl_mustache_render(partials.templates[0], NULL, &bounds, &out, &err));
    assert_non_null(strstr(err.text, "indentation"));
    fl_mustache_destroy(&partials.templates[0]);
    fl_buf_finish(&out);
    fl_arena_destroy(&arena);
}

static void faults_are(const char *text, size_t n, const char *const expected[])
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_mustache_source source = {
        .file = "t.md", .first_line = 4, .text = text, .len = strlen(text)};
    struct fl_mustache *template = NULL;
    struct fl_faults faults;
    struct fl_error err;

    fl_faults_init(&faults, arena);
    assert_status(FL_INVALID, fl_mustache_compile(&source, &faults, &template, &err));
    assert_null(template);
    for (size_t i = 0; i < faults.n_items && i < n; i++)
        assert_string_equal(fl_fault_text(arena, &faults.items[i]), expected[i]);
    assert_int_equal(faults.n_total, n);
    fl_arena_destroy(&arena);
}

#define FAULTS(text, ...)                                                                          \
    faults_are(text, sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *),                 \
               (const char *[]){__VA_ARGS__})

static void test_faults(void **state)
{
    (void)state;
    FAULTS("a\n 가{{#b}}", "t.md:5: \"b\": column 3: section is never closed");
    FAULTS("{{/b}}", "t.md:4: \"b\": column 1: closes a section that is not open");
    FAULTS("{{#a}}{{/b}}", "t.md:4: \"b\": column 7: closes a section while \"a\" is the one open");
    FAULTS("x {{name\n{{b}}\n{{ }}", "t.md:4: column 3: tag is never closed",
           "t.md:6: column 1: tag without a name");
    FAULTS("{{a b}}{{a..b}}{{.a}}{{a.}}{{=<<=}}{{! never",
           "t.md:4: column 1: name with white space in it",
           "t.md:4: column 8: name with an empty part before or behind a dot",
           "t.md:4: column 16: name with an empty part before or behind a dot",
           "t.md:4: column 22: name with an empty part before or behind a dot",
           "t.md:4: column 28: delimiters must be two words of at most 8 bytes without \"=\"",
           "t.md:4: column 36: tag is never closed");
    FAULTS("{{=a= b=}}", "t.md:4: column 1: delimiters must be two words of at most 8 bytes "
                         "without \"=\"");
    FAULTS("{{{a}}", "t.md:4: column 1: tag is never closed");
}

static void test_nesting_bound(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_buf text = FL_BUF(100000);
    struct fl_mustache *template = NULL;
    struct fl_mustache_source source = {.file = "t"};
    struct fl_faults faults;
    struct fl_error err;

    (void)state;
    for (int i = 0; i < 65; i++)
        fl_buf_puts(&text, "{{#a}}");
    for (int i = 0; i < 65; i++)
        fl_buf_puts(&text, "{{/a}}");
    source.text = text.data;
    source.len = text.len;
    fl_faults_init(&faults, arena);
    assert_status(FL_INVALID, fl_mustache_compile(&source, &faults, &template, &err));
    assert_non_null(strstr(faults.items[0].reason, "nested deeper than 64"));
    fl_buf_reset(&text);
    for (int i = 0; i < 257; i++)
        fl_buf_printf(&text, "{{>p%d}}{{>p0}}", i);
    source.text = text.data;
    source.len = text.len;
    fl_faults_init(&faults, arena);
    assert_status(FL_INVALID, fl_mustache_compile(&source, &faults, &template, &err));
    assert_int_equal(faults.n_total, 1);
    assert_string_equal(faults.items[0].value, "p256");
    source.len = FL_MUSTACHE_SOURCE_MAX + (size_t)1;
    assert_status(FL_LIMIT, fl_mustache_compile(&source, &faults, &template, &err));
    fl_buf_finish(&text);
    fl_arena_destroy(&arena);
}

static void name_collect(void *ctx, const char *name, size_t len)
{
    fl_buf_add(ctx, name, len);
    fl_buf_putc(ctx, ' ');
}

static void test_names(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_mustache *template =
        compile(arena, "{{a.b}}{{#c}}{{.}}{{{d}}}{{/c}}{{^e}}{{! f }}{{/e}}", FL_MUSTACHE_TEXT);
    struct fl_buf names = FL_BUF(100);

    (void)state;
    fl_mustache_each_name(template, name_collect, &names);
    assert_string_equal(names.data, "a c d e ");
    fl_buf_finish(&names);
    fl_mustache_destroy(&template);
    fl_arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specification),
        cmocka_unit_test(test_values_are_not_template),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_indentation_bound),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_nesting_bound),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests_name("mustache", tests, NULL, NULL);
}
