/* The base room: numbers, text, time, identities, tokens. */
#include "unit.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/faults.h"
#include "base/ids.h"
#include "base/str.h"
#include "base/token.h"

static void test_error_context(void **state)
{
    struct fl_error err;
    enum fl_status st = fl_error_set(&err, FL_INVALID, "wrong %s", "unit");

    (void)state;
    st = fl_error_prefix(&err, st, "line %d", 3);
    assert_int_equal(st, FL_INVALID);
    assert_string_equal(err.text, "line 3: wrong unit");
    for (int i = 0; i < 200; i++)
        st = fl_error_prefix(&err, st, "a context that is long enough to overflow in the end");
    assert_true(strlen(err.text) < sizeof err.text);
    assert_int_equal(fl_error_set(NULL, FL_LIMIT, "x"), FL_LIMIT);
}

static void test_arena(void **state)
{
    struct fl_arena *arena = fl_arena_create(100000);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        char *p = fl_arena_printf(arena, "%d", i);

        assert_non_null(p);
        assert_int_equal(atoi(p), i);
        assert_int_equal((uintptr_t)p % 16, 0);
    }
    assert_null(fl_arena_alloc(arena, 100001));
    assert_null(fl_arena_calloc(arena, SIZE_MAX / 2, 4));
    assert_non_null(fl_arena_alloc(arena, 50000));
    fl_arena_reset(arena);
    assert_int_equal(fl_arena_used(arena), 0);
    assert_non_null(fl_arena_alloc(arena, 100000));
    fl_arena_destroy(&arena);
    assert_null(arena);
}

static void test_buf(void **state)
{
    struct fl_buf buf = FL_BUF(10);

    (void)state;
    assert_string_equal(buf.data, "");
    fl_buf_puts(&buf, "12345");
    fl_buf_printf(&buf, "%d", 67890);
    assert_false(fl_buf_failed(&buf));
    assert_string_equal(buf.data, "1234567890");
    fl_buf_putc(&buf, 'x');
    assert_true(fl_buf_failed(&buf));
    assert_string_equal(buf.data, "1234567890");
    fl_buf_reset(&buf);
    assert_false(fl_buf_failed(&buf));
    fl_buf_finish(&buf);
}

static void test_numbers(void **state)
{
    int64_t v = 7;

    (void)state;
    assert_true(fl_str_parse_i64("-42", -50, 50, &v));
    assert_int_equal(v, -42);
    assert_false(fl_str_parse_i64("51", -50, 50, &v));
    assert_false(fl_str_parse_i64("", 0, 9, &v));
    assert_false(fl_str_parse_i64(" 1", 0, 9, &v));
    assert_false(fl_str_parse_i64("1x", 0, 9, &v));
    assert_false(fl_str_parse_i64("99999999999999999999", INT64_MIN, INT64_MAX, &v));
    assert_true(fl_str_parse_duration_us("90s", &v));
    assert_int_equal(v, 90000000);
    assert_true(fl_str_parse_duration_us("2d", &v));
    assert_int_equal(v, 2 * FL_US_PER_DAY);
    assert_false(fl_str_parse_duration_us("90", &v));
    assert_false(fl_str_parse_duration_us("9223372036854775807d", &v));
    assert_true(fl_str_parse_size("64k", &v));
    assert_int_equal(v, 65536);
}

static void test_utf8(void **state)
{
    (void)state;
    assert_true(fl_utf8_is_valid("\xed\x95\x9c\xea\xb8\x80", 6));
    assert_false(fl_utf8_is_valid("\xed\xa0\x80", 3));     /* surrogate */
    assert_false(fl_utf8_is_valid("\xc0\xaf", 2));         /* overlong */
    assert_false(fl_utf8_is_valid("\xf4\x90\x80\x80", 4)); /* above U+10FFFF */
    assert_false(fl_utf8_is_valid("\xed\x95", 2));         /* cut */
    assert_int_equal(fl_utf8_columns("\xed\x95\x9c"
                                     "a",
                                     4),
                     3);
    assert_int_equal(fl_utf8_length("\xed\x95\x9c"
                                    "a",
                                    4),
                     2);
}

static void test_dates(void **state)
{
    int32_t date;
    int64_t t;
    char text[FL_TIME_TEXT_SIZE];

    (void)state;
    assert_int_equal(fl_date_of_civil(1970, 1, 1), 0);
    assert_int_equal(fl_date_of_civil(2000, 3, 1), 11017);
    for (int32_t d = -200000; d < 200000; d += 13) {
        int y, m, day;

        fl_civil_of_date(d, &y, &m, &day);
        assert_int_equal(fl_date_of_civil(y, m, day), d);
    }
    assert_true(fl_date_parse("2024-02-29", &date));
    assert_false(fl_date_parse("2023-02-29", &date));
    assert_false(fl_date_parse("2023-02-2", &date));
    assert_true(fl_date_parse("20240131", &date));
    fl_date_format(fl_date_add_months(date, 1), text);
    assert_string_equal(text, "2024-02-29");
    fl_date_format(fl_date_add_months(date, -14), text);
    assert_string_equal(text, "2022-11-30");
    assert_true(fl_time_parse("2026-11-22T10:00:00.25+09:00", &t));
    fl_time_format(t, text);
    assert_string_equal(text, "2026-11-22T01:00:00.250000Z");
    fl_time_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
    assert_false(fl_time_parse("2026-11-22T24:00", &t));
}

static void test_ids(void **state)
{
    struct fl_clock_manual manual = {INT64_C(1800000000000000)};
    struct fl_ids ids;
    int64_t a, block, b;

    (void)state;
    fl_ids_init(&ids, fl_clock_of_manual(&manual), 5, 0);
    a = fl_ids_next(&ids);
    block = fl_ids_next_block(&ids, 1000000);
    b = fl_ids_next(&ids);
    assert_true(a < block);
    assert_true(block + 999999 * FL_ID_STRIDE < b);
    assert_int_equal(a % FL_ID_STRIDE, 5);
    assert_int_equal(fl_id_time_us(a), manual.now_us);
    manual.now_us -= FL_US_PER_DAY; /* the clock goes back, identities do not */
    assert_true(fl_ids_next(&ids) > b);
    fl_ids_init(&ids, fl_clock_of_manual(&manual), 5, b);
    assert_true(fl_ids_next(&ids) > b);
}

static void test_seal(void **state)
{
    struct fl_token_keys *keys = fl_token_keys_create();
    unsigned char key[FL_TOKEN_KEY_BYTES] = {1, 2, 3};
    struct fl_token token = {640, FL_MEDIUM_EMAIL, FL_TOKEN_CLICK};
    const char *target = "https://example.org/offer?a=1";
    char text[FL_TOKEN_SIZE], other[FL_TOKEN_SIZE], seal[FL_TOKEN_SEAL_LEN + 1];
    struct fl_error err;

    (void)state;
    assert_ok(fl_token_keys_load(keys, 0, key, &err));
    assert_ok(fl_token_sign(keys, &token, text, &err));
    token.message_id = 704;
    assert_ok(fl_token_sign(keys, &token, other, &err));
    assert_ok(fl_token_seal(keys, text, target, seal, &err));
    assert_int_equal(strlen(seal), FL_TOKEN_SEAL_LEN);
    assert_true(fl_token_seal_fits(keys, text, target, seal));
    assert_false(fl_token_seal_fits(keys, text, "https://example.com/offer?a=1", seal));
    assert_false(fl_token_seal_fits(keys, text, "", seal));
    assert_false(fl_token_seal_fits(keys, other, target, seal));
    assert_false(fl_token_seal_fits(keys, "", target, seal));
    assert_false(fl_token_seal_fits(keys, text, target, ""));
    for (int i = 0; i < FL_TOKEN_SEAL_LEN; i++) {
        char forged[sizeof seal];

        memcpy(forged, seal, sizeof seal);
        forged[i] = forged[i] == 'a' ? 'b' : 'a';
        assert_false(fl_token_seal_fits(keys, text, target, forged));
    }
    /* A newer key signs; the seal counts as long as the old one is loaded. */
    key[0] = 7;
    assert_ok(fl_token_keys_load(keys, 1, key, &err));
    assert_true(fl_token_seal_fits(keys, text, target, seal));
    assert_ok(fl_token_keys_load(keys, 0, key, &err));
    assert_false(fl_token_seal_fits(keys, text, target, seal));
    assert_status(FL_INVALID, fl_token_seal(keys, "no token", target, seal, &err));
    fl_token_keys_destroy(&keys);
}

static void test_tokens(void **state)
{
    struct fl_token_keys *keys = fl_token_keys_create();
    unsigned char key[FL_TOKEN_KEY_BYTES] = {1, 2, 3};
    struct fl_token token = {INT64_MAX, FL_MEDIUM_EMAIL, FL_TOKEN_REPLY}, seen;
    char text[FL_TOKEN_SIZE], upper[FL_TOKEN_SIZE], around[100];
    const char *found;
    struct fl_error err;
    size_t pos = 0;

    (void)state;
    assert_status(FL_NOT_FOUND, fl_token_sign(keys, &token, text, &err));
    for (int slot = 0; slot < FL_TOKEN_KEYS; slot++) {
        key[0] = (unsigned char)slot;
        assert_ok(fl_token_keys_load(keys, slot, key, &err));
        assert_ok(fl_token_sign(keys, &token, text, &err));
        assert_int_equal(strlen(text), FL_TOKEN_LEN);
        assert_ok(fl_token_verify(keys, text, FL_TOKEN_LEN, &seen, &err));
        assert_int_equal(seen.message_id, token.message_id);
        assert_int_equal(seen.medium, token.medium);
        assert_int_equal(seen.kind, token.kind);
    }
    for (int i = 0; i <= FL_TOKEN_LEN; i++)
        upper[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
    assert_ok(fl_token_verify(keys, upper, FL_TOKEN_LEN, &seen, &err));
    for (int i = 0; i < FL_TOKEN_LEN; i++) { /* no single character may be changed */
        char forged[FL_TOKEN_SIZE];

        strcpy(forged, text);
        forged[i] = forged[i] == 'a' ? 'b' : 'a';
        assert_int_not_equal(fl_token_verify(keys, forged, FL_TOKEN_LEN, &seen, &err), FL_OK);
    }
    snprintf(around, sizeof around, "<bounces+%s@shop.test>", text);
    assert_true(fl_token_find(around, strlen(around), &pos, &found));
    assert_memory_equal(found, text, FL_TOKEN_LEN);
    assert_false(fl_token_find(around, strlen(around), &pos, &found));
    assert_status(FL_INVALID, fl_token_verify(keys, "short", 5, &seen, &err));
    fl_token_keys_destroy(&keys);
}

static void test_faults(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_faults faults;
    struct fl_error err;

    (void)state;
    fl_faults_init(&faults, arena);
    assert_ok(fl_faults_status(&faults, &err));
    fl_faults_add(&faults, "a.csv", 3, "email", "kim@", "no domain");
    assert_string_equal(fl_fault_text(arena, &faults.items[0]),
                        "a.csv:3: email \"kim@\": no domain");
    fl_faults_add(&faults, "a.csv", 0, NULL, NULL, "too long");
    assert_string_equal(fl_fault_text(arena, &faults.items[1]), "a.csv: too long");
    fl_faults_add(&faults, "c", 4, "workers", NULL, "missing");
    assert_string_equal(fl_fault_text(arena, &faults.items[2]), "c:4: workers: missing");
    assert_status(FL_INVALID, fl_faults_status(&faults, &err));
    assert_non_null(strstr(err.text, "(and 2 more)"));
    fl_arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_context), cmocka_unit_test(test_arena),
        cmocka_unit_test(test_buf),           cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_utf8),          cmocka_unit_test(test_dates),
        cmocka_unit_test(test_ids),           cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_seal),          cmocka_unit_test(test_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
