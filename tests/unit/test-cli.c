/* The command line: how rows look in each format, and what an exit code says. */
#include "unit.h"

#include "cli/cli.h"
#include "cli/cli_out.h"

#include <locale.h>

struct page {
    char *text;
    size_t len;
    FILE *stream;
};

static void page_open(struct page *page)
{
    page->stream = open_memstream(&page->text, &page->len);
    assert_non_null(page->stream);
}

static void page_close(struct page *page)
{
    assert_int_equal(fclose(page->stream), 0);
    free(page->text);
}

/* Prints the rows of a JSON array and gives the text back, malloc'ed. */
static char *printed(const char *rows, enum fl_cli_format format, const char *columns,
                     bool is_terminal, int width)
{
    json_t *array = json_loads(rows, 0, NULL);
    struct fl_cli_out_options options = {
        .format = format, .columns = columns, .is_terminal = is_terminal, .width = width};
    struct fl_cli_out *out;
    struct page page;
    char *copy;
    size_t i;
    json_t *row;

    assert_non_null(array);
    page_open(&page);
    options.stream = page.stream;
    out = fl_cli_out_create(&options);
    assert_non_null(out);
    json_array_foreach(array, i, row) fl_cli_out_row(out, row);
    fl_cli_out_finish(out);
    fflush(page.stream);
    copy = strdup(page.text);
    fl_cli_out_destroy(&out);
    page_close(&page);
    json_decref(array);
    return copy;
}

static void assert_printed(const char *rows, enum fl_cli_format format, const char *columns,
                           const char *expected)
{
    char *text = printed(rows, format, columns, false, 80);

    assert_string_equal(text, expected);
    free(text);
}

static void test_csv_is_rfc_4180(void **state)
{
    (void)state;
    assert_printed("[{\"a\": \"x\", \"b\": 1}, {\"a\": \"say \\\"hi\\\", all\", \"b\": null}]",
                   FL_CLI_CSV, "a,b", "a,b\r\nx,1\r\n\"say \"\"hi\"\", all\",\r\n");
    assert_printed("[{\"a\": \"two\\nlines\"}]", FL_CLI_CSV, NULL, "a\r\n\"two\nlines\"\r\n");
    assert_printed("[{\"a\": [1, 2]}]", FL_CLI_CSV, NULL, "a\r\n\"[1,2]\"\r\n");
    assert_printed("[]", FL_CLI_CSV, "a,b", "");
}

static void test_csv_neutralises_formulas(void **state)
{
    (void)state;
    assert_printed("[{\"a\": \"=1+1\"}, {\"a\": \"+82\"}, {\"a\": \"-x\"}, {\"a\": \"@sum\"}]",
                   FL_CLI_CSV, "a", "a\r\n\"'=1+1\"\r\n\"'+82\"\r\n\"'-x\"\r\n\"'@sum\"\r\n");
    assert_printed("[{\"a\": \"\\tx\"}, {\"a\": \"\\rx\"}, {\"a\": \"=\\\"\"}]", FL_CLI_CSV, "a",
                   "a\r\n\"'\tx\"\r\n\"'\rx\"\r\n\"'=\"\"\"\r\n");
    /* A negative number of ours is a number. */
    assert_printed("[{\"a\": -5}]", FL_CLI_CSV, "a", "a\r\n-5\r\n");
    assert_printed("[{\"a\": \"-12.50\"}, {\"a\": \"-7\"}]", FL_CLI_CSV, "a",
                   "a\r\n-12.50\r\n-7\r\n");
    assert_printed("[{\"a\": \"-1.2.3\"}, {\"a\": \"-.5\"}, {\"a\": \"-5.\"}, {\"a\": \"-\"}]",
                   FL_CLI_CSV, "a", "a\r\n\"'-1.2.3\"\r\n\"'-.5\"\r\n\"'-5.\"\r\n\"'-\"\r\n");
}

static void test_json_is_one_array(void **state)
{
    char *text;
    json_t *array;

    (void)state;
    assert_printed("[]", FL_CLI_JSON, NULL, "[]\n");
    text = printed("[{\"a\": 1}, {\"a\": \"\\ud55c\"}]", FL_CLI_JSON, NULL, false, 80);
    array = json_loads(text, 0, NULL);
    assert_non_null(array);
    assert_int_equal(json_array_size(array), 2);
    json_decref(array);
    free(text);
    assert_printed("[{\"a\": 1, \"b\": 2}, {\"a\": 3}]", FL_CLI_JSONL, "a,b",
                   "{\"a\":1,\"b\":2}\n{\"a\":3,\"b\":null}\n");
    /* Rows of another kind, which have none of the fields asked for, are left out. */
    assert_printed("[{\"a\": 1, \"b\": 2}, {\"a\": 3}]", FL_CLI_JSONL, "b", "{\"b\":2}\n");
}

static void test_names_are_the_first_column(void **state)
{
    (void)state;
    assert_printed("[{\"id\": \"7\", \"name\": \"x\"}, {\"id\": \"8\", \"name\": \"y\"}]",
                   FL_CLI_NAME, "name,id", "x\ny\n");
}

static void test_table_aligns_korean(void **state)
{
    (void)state;
    assert_printed("[{\"name\": \"\\uae40\\ubbf8\\ub798\", \"n\": 5},"
                   " {\"name\": \"Kim\", \"n\": 12}]",
                   FL_CLI_TABLE, "name,n",
                   "NAME    N\n"
                   "\xea\xb9\x80\xeb\xaf\xb8\xeb\x9e\x98  5\n"
                   "Kim    12\n");
}

static void test_table_fits_the_terminal(void **state)
{
    char *text, *line;

    (void)state;
    text = printed("[{\"id\": \"123456789\", \"text\": \"a very long text that goes on and on and "
                   "on beyond what a narrow terminal can show on one line\"}]",
                   FL_CLI_TABLE, "id,text", true, 40);
    for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(strlen(line) <= 40);
    free(text);
}

/* Nothing of a sentence is lost: it goes on in the next line, between two words. */
static void test_sentences_go_on(void **state)
{
    static const char rows[] = "[{\"id\": \"123456789\", \"sentence\": \"the firm earns more than "
                               "the customer receives\"}, {\"id\": \"7\", \"sentence\": \"fair\"}]";
    char *text;

    (void)state;
    text = printed(rows, FL_CLI_TABLE, "id,sentence", true, 40);
    assert_string_equal(text, "ID        SENTENCE\n"
                              "123456789 the firm earns more than the\n"
                              "          customer receives\n"
                              "7         fair\n");
    free(text);
    text = printed(rows, FL_CLI_TABLE, "id,sentence", false, 40);
    assert_string_equal(text, "ID        SENTENCE\n"
                              "123456789 the firm earns more than the customer receives\n"
                              "7         fair\n");
    free(text);
}

static void test_text_cannot_steer_a_terminal(void **state)
{
    /* Escape, carriage return, DEL, a C1 control, a mark that turns the direction; then Hangul. */
    static const char bad[] = "a\x1b[31mb\rc\nd\te\x7f"
                              "\xc2\x9b"
                              "f\xe2\x80\xae"
                              "g\xed\x95\x9c";
    struct page page;

    (void)state;
    page_open(&page);
    fl_cli_put_harmless(page.stream, bad, sizeof bad - 1);
    fflush(page.stream);
    assert_string_equal(page.text, "a[31mbc\nd\tefg\xed\x95\x9c");
    page_close(&page);
    assert_printed("[{\"a\": \"x\\u001b[2Jy\\nz\"}]", FL_CLI_TABLE, "a", "A\nx[2Jy z\n");
}

static void test_record_shows_every_member(void **state)
{
    (void)state;
    assert_printed("[{\"name\": \"x\", \"longer\": 5, \"is_so\": true,"
                   " \"list\": [{\"k\": \"v\", \"n\": 1}], \"text\": \"one\\ntwo\"}]",
                   FL_CLI_TABLE, NULL,
                   "name    x\n"
                   "longer  5\n"
                   "is_so   yes\n"
                   "list\n"
                   "    K N\n"
                   "    v 1\n"
                   "text\n"
                   "    one\n"
                   "    two\n");
}

static void test_raw_is_bare(void **state)
{
    (void)state;
    assert_printed("[{\"text\": \"Hello\\n\"}]", FL_CLI_RAW, NULL, "Hello\n");
    assert_printed("[{\"text\": \"Hello\"}]", FL_CLI_RAW, NULL, "Hello\n");
    assert_printed("[{\"base64\": \"RnJvbTogeAo=\"}]", FL_CLI_RAW, NULL, "From: x\n");
    assert_printed("[{\"base64\": \"YWI=\"}]", FL_CLI_RAW, NULL, "ab");
}

static void test_formats_have_names(void **state)
{
    enum fl_cli_format format = FL_CLI_TABLE;

    (void)state;
    assert_true(fl_cli_format_parse("jsonl", &format));
    assert_int_equal(format, FL_CLI_JSONL);
    assert_false(fl_cli_format_parse("xml", &format));
}

static void test_exit_codes(void **state)
{
    static const struct {
        enum fl_status status;
        int code;
    } cases[] = {{FL_OK, 0},        {FL_AGAIN, 75},   {FL_REJECTED, 77},    {FL_INVALID, 65},
                 {FL_NOT_FOUND, 1}, {FL_CONFLICT, 1}, {FL_UNAVAILABLE, 69}, {FL_LIMIT, 65},
                 {FL_IO, 74},       {FL_INTERNAL, 70}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(fl_cli_exit_of(cases[i].status), cases[i].code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_is_rfc_4180),
        cmocka_unit_test(test_csv_neutralises_formulas),
        cmocka_unit_test(test_json_is_one_array),
        cmocka_unit_test(test_names_are_the_first_column),
        cmocka_unit_test(test_table_aligns_korean),
        cmocka_unit_test(test_table_fits_the_terminal),
        cmocka_unit_test(test_sentences_go_on),
        cmocka_unit_test(test_text_cannot_steer_a_terminal),
        cmocka_unit_test(test_record_shows_every_member),
        cmocka_unit_test(test_raw_is_bare),
        cmocka_unit_test(test_formats_have_names),
        cmocka_unit_test(test_exit_codes),
    };

    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
