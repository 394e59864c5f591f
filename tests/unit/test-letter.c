/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plugins/letter: options, postage, addresses, tables, returned files: what needs no files. */
#include "letter-options.h"

static void check_refused(const char *name, const char *text, int64_t number, const char *why_part)
{
    struct options options;
    struct fl_why why = {.size = sizeof why};

    options_init(&options, "/nowhere");
    option_set(&options, name, text, number);
    if (fairline_channel_v1()->check(options.list, options.n, &why) != FL_CALL_FAILED)
        fail_msg("%s = %s was taken", name, text);
    if (!strstr(why.text, why_part))
        fail_msg("%s = %s: \"%s\" does not say \"%s\"", name, text, why.text, why_part);
}

static void test_options(void **state)
{
    struct options options;
    struct fl_why why = {.size = sizeof why};
    const struct fl_channel_v1 *channel = fairline_channel_v1();

    (void)state;
    options_init(&options, "/nowhere");
    assert_int_equal(channel->check(options.list, options.n, &why), FL_CALL_OK);
    check_refused("directory", NULL, 0, "either directory or sftp");
    check_refused("sftp", "sftp://host/x/", 0, "both are");
    check_refused("font_size", "99", 0, "font_size \"99\"");
    check_refused("sender_name", NULL, 0, "sender_name");
    check_refused("sender_note", "a\x01", 0, "control");
    check_refused("home", "kr", 0, "home \"kr\"");
    check_refused("weight_steps", "25g:450", 0, "currency");
    check_refused("weight_steps", "25g=450", 0, "25g=450");
    check_refused("weight_steps", "50g:470,25g:450", 0, "25g:450");
    check_refused("sheet_weight", "0", 0, "sheet_weight \"0\"");
    check_refused("fixed_columns", "nothing:5", 0, "nothing:5");
    check_refused("fixed_columns", "name:0", 0, "name:0");
    options_init(&options, NULL);
    option_set(&options, "sftp", "sftp://host/folder/", 0);
    assert_int_equal(channel->check(options.list, options.n, &why), FL_CALL_FAILED);
    assert_non_null(strstr(why.text, "user is not given"));
    option_set(&options, "user", "me", 0);
    option_set(&options, "key_file", "/key", 0);
    assert_int_equal(channel->check(options.list, options.n, &why), FL_CALL_FAILED);
    assert_non_null(strstr(why.text, "not spoken to"));
    option_set(&options, "host_key", "SHA256:short", 0);
    assert_int_equal(channel->check(options.list, options.n, &why), FL_CALL_FAILED);
    option_set(&options, "host_key", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", 0);
    assert_int_equal(channel->check(options.list, options.n, &why), FL_CALL_OK);
    option_set(&options, "sftp", "sftp://host/a\"b/", 0);
    assert_int_equal(channel->check(options.list, options.n, &why), FL_CALL_FAILED);
}

static void test_postage(void **state)
{
    struct letter_settings set = {.sheet_mg = 4990, .envelope_mg = 5500};
    char why[200];

    (void)state;
    assert_true(letter_steps_parse("20g:0.85, 50g:1.00,500:1.60", set.steps, &set.n_steps, why,
                                   sizeof why));
    assert_int_equal(set.n_steps, 3);
    assert_int_equal(letter_weight_mg(&set, 2), 15480);
    assert_int_equal(letter_cost_micro(&set, letter_weight_mg(&set, 2)), 850000);
    assert_int_equal(letter_cost_micro(&set, 20000), 850000);
    assert_int_equal(letter_cost_micro(&set, 20001), 1000000);
    assert_int_equal(letter_cost_micro(&set, 500001), -1);
    set.n_steps = 0;
    assert_int_equal(letter_cost_micro(&set, 500001), 0);
    assert_false(letter_steps_parse("20g", set.steps, &set.n_steps, why, sizeof why));
    assert_false(letter_steps_parse("x:1", set.steps, &set.n_steps, why, sizeof why));
}

/* --- addresses --------------------------------------------------------------------------------*/

static char *block_of(const char *text, const char *name, const char *home)
{
    struct letter_address address;
    char why[200], *block;

    if (!letter_address_parse(text, &address, why, sizeof why))
        fail_msg("%s", why);
    block = letter_address_block(&address, name, home);
    letter_address_clear(&address);
    return block;
}

static void check_block(const char *text, const char *name, const char *home, const char *expected)
{
    char *block = block_of(text, name, home);

    assert_string_equal(block, expected);
    g_free(block);
}

static void check_no_address(const char *text, const char *why_part)
{
    struct letter_address address;
    char why[200];

    if (letter_address_parse(text, &address, why, sizeof why))
        fail_msg("an address was made of \"%s\"", text);
    if (!strstr(why, why_part))
        fail_msg("\"%s\" does not say \"%s\"", why, why_part);
}

static void test_addresses(void **state)
{
    (void)state;
    check_block("세종대로 110\n5층\n04524\nKR", "김민수", "KR",
                "세종대로 110\n5층\n김민수 귀하\n04524");
    check_block("Lindenstraße 12\nBerlin\n10969\nde", "Anna Müller", "DE",
                "Anna Müller\nLindenstraße 12\n10969 Berlin");
    check_block("1 Main St\nSpringfield IL\n62704\nUS", "H. S.", "KR",
                "H. S.\n1 Main St\nSpringfield IL 62704\nUNITED STATES");
    check_block("10 Downing Street\nLONDON\nSW1A 2AA\nGB", "", "DE",
                "10 Downing Street\nLONDON\nSW1A 2AA\nUNITED KINGDOM");
    check_block("2-8-1 Nishi\nTokyo\n163-8001\nJP", "Sato", "JP",
                "〒163-8001\nSato\n2-8-1 Nishi\nTokyo");
    check_block("1 Queen's Road\nCentral\n\nHK", "Lee", "KR",
                "Lee\n1 Queen's Road\nCentral\nHONG KONG SAR CHINA");
    check_no_address("Street\n\nDE", "no postcode");
    check_no_address("Street\n123\nKR", "\"123\" is no postcode of KR");
    check_no_address("Street\n12345", "has 2 lines");
    check_no_address("12345\nDE", "has 2 lines");
    check_no_address("\n12345\nDE", "no line but");
    check_no_address("Street\n12345\nDeutschland", "no country");
    check_no_address("St\x01reet\n12345\nDE", "line 1");
    check_no_address("a\nb\nc\nd\ne\nf\ng\nh\ni\n12345\nDE", "more than 8");
    check_no_address("Street\n12345<>\nZA", "no postcode of ZA");
}

/* --- tables -----------------------------------------------------------------------------------*/

static void test_csv(void **state)
{
    const char *fields[LETTER_FIELDS] = {
        [LETTER_F_LINE] = "1",           [LETTER_F_NAME] = "=cmd|' /C calc'!A0",
        [LETTER_F_LINE1] = "a \"b\", c", [LETTER_F_LINE2] = "@sum",
        [LETTER_F_LINE3] = "-1+1",       [LETTER_F_POSTCODE] = "04524"};
    GString *out = g_string_new(NULL);

    (void)state;
    letter_csv_row(out, fields);
    assert_string_equal(out->str, "1,,,\"'=cmd|' /C calc'!A0\",\"a \"\"b\"\", c\",\"'@sum\","
                                  "\"'-1+1\",,,,,,04524,,,,,,\r\n");
    g_string_free(out, TRUE);
}

static void test_fixed(void **state)
{
    GStringChunk *strings = g_string_chunk_new(64);
    struct letter_settings set = {.charset = LETTER_CP949};
    const char *fields[LETTER_FIELDS] = {
        [LETTER_F_LINE] = "7", [LETTER_F_NAME] = "김민수", [LETTER_F_POSTCODE] = "04524"};
    GString *out = g_string_new("before");
    char why[200];

    (void)state;
    assert_true(letter_columns_parse("line:4,name:8,postcode:6", strings, set.columns,
                                     &set.n_columns, why, sizeof why));
    assert_true(letter_fixed_row(&set, out, fields, why, sizeof why));
    /* Six bytes of name in CP949, where UTF-8 would have nine. */
    assert_memory_equal(out->str, "before0007\xb1\xe8\xb9\xce\xbc\xf6  04524 \r\n", out->len);
    assert_int_equal(out->len, 6 + 4 + 8 + 6 + 2);
    fields[LETTER_F_NAME] = "김민수김민수";
    assert_false(letter_fixed_row(&set, out, fields, why, sizeof why));
    assert_non_null(strstr(why, "has 12 bytes, its column 8"));
    fields[LETTER_F_NAME] = "नमस्ते";
    assert_false(letter_fixed_row(&set, out, fields, why, sizeof why));
    assert_non_null(strstr(why, "cannot be written in CP949"));
    assert_int_equal(out->len, 26);
    set.charset = LETTER_UTF8;
    fields[LETTER_F_NAME] = "नम";
    assert_true(letter_fixed_row(&set, out, fields, why, sizeof why));
    g_string_free(out, TRUE);
    g_string_chunk_free(strings);
}

/* --- returned files ---------------------------------------------------------------------------*/

struct seen {
    GString *text;
};

static bool see_row(void *ctx, const struct letter_return *row)
{
    g_string_append_printf(((struct seen *)ctx)->text, "%zu:%.4s:%d:%" G_GINT64_FORMAT "\n",
                           row->line, row->token, (int)row->fault,
                           row->at_us / G_USEC_PER_SEC / 86400);
    return true;
}

static void see_bad(void *ctx, size_t line, const char *raw, const char *why)
{
    (void)raw;
    (void)why;
    g_string_append_printf(((struct seen *)ctx)->text, "%zu:bad\n", line);
}

static void check_returns(const char *data, size_t len, const char *expected)
{
    struct seen seen = {g_string_new(NULL)};
    const struct letter_returns_sink sink = {see_row, see_bad, &seen};

    assert_true(letter_returns_parse(data, len, &sink));
    assert_string_equal(seen.text->str, expected);
    g_string_free(seen.text, TRUE);
}

static void test_returns(void **state)
{
    static const char plain[] = T ",unknown,2026-11-20\n" U "\n";
    static const char head[] = "\xef\xbb\xbf"
                               "Date;Reason;Barcode\r\n20.11.2026;Annahme verweigert;" T "\r\n"
                               ";verzogen;https://shop.test/x/" U "?a=1\r\n";
    static const char mixed[] = "사유\t코드\n수취거부\t" T "\nrubbish\tnone\n\n이사감\t" U "\n";
    static const char quoted[] =
        "\"" T "\",\"moved, \"\"gone\"\"\",x\n\"never closed," U "\n" T ",deceased\n";
    static const char cp949[] = T ",\xbc\xf6\xc3\xeb\xb0\xc5\xc0\xfd\n"; /* 수취거절 */
    static const char longer[] = T "a,unknown\n";

    (void)state;
    check_returns(plain, sizeof plain - 1, "1:abcd:1:20777\n2:qbcd:1:0\n");
    check_returns(head, sizeof head - 1, "2:abcd:4:20777\n3:qbcd:1:0\n");
    check_returns(mixed, sizeof mixed - 1, "2:abcd:4:0\n3:bad\n5:qbcd:1:0\n");
    check_returns(quoted, sizeof quoted - 1, "1:bad\n1:abcd:1:0\n2:bad\n3:abcd:1:0\n");
    check_returns(cp949, sizeof cp949 - 1, "1:abcd:4:0\n");
    check_returns(longer, sizeof longer - 1, "1:bad\n");
    check_returns("", 0, "");
    assert_int_equal(letter_reason_class("no idea"), FL_FAULT_UNKNOWN);
    assert_int_equal(letter_reason_class("보관기간 경과"), FL_FAULT_MAILBOX);
}

/* A PNG that says it is huge is refused before a pixel is decoded. */
static void test_hostile_picture(void **state)
{
    unsigned char png[64] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08";
    char why[200] = "";

    (void)state;
    assert_true(letter_is_scan(png, sizeof png));
    assert_false(letter_scan_read(png, sizeof png, NULL, NULL, why, sizeof why));
    assert_non_null(strstr(why, "beyond"));
    assert_false(letter_scan_read("II*\0\1\2\3\4\5\6", 10, NULL, NULL, why, sizeof why));
    assert_non_null(strstr(why, "TIFF"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),         cmocka_unit_test(test_postage),
        cmocka_unit_test(test_addresses),       cmocka_unit_test(test_csv),
        cmocka_unit_test(test_fixed),           cmocka_unit_test(test_returns),
        cmocka_unit_test(test_hostile_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
