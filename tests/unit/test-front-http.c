/* The front before any page: guards, decoding, rates. */
#include "unit.h"

#include "front/front_decode.h"
#include "front/front_guard.h"
#include "front/front_limit.h"
#include "front/front_pages.h"

static struct fl_error err;

/* --- guards ---*/

enum { BODY_MAX = 1000 };

/* Reads a head as libmicrohttpd does: in place, names and values where they stand. */
static int guard_of(char *raw, size_t size)
{
    static struct fl_front_header headers[FL_FRONT_HEADERS_MAX + 50];
    struct fl_front_head head = {.size = size, .headers = headers, .body_max = BODY_MAX};
    const char *why = NULL;
    char *line = strstr(raw, "\r\n");
    int status;

    assert_non_null(line);
    *line = '\0';
    head.method = raw;
    head.url = strchr(raw, ' ') + 1;
    head.version = strrchr(raw, ' ') + 1;
    raw[head.url - 1 - raw] = '\0';
    raw[head.version - 1 - raw] = '\0';
    for (line += 2; strncmp(line, "\r\n", 2) != 0 && head.n_headers < 140;) {
        struct fl_front_header *h = &headers[head.n_headers++];
        char *end = line + strcspn(line, "\r\n"), *colon = strchr(line, ':');

        if (!colon || colon > end)
            break;
        h->name = line;
        h->name_len = (size_t)(colon - line);
        h->value = colon + 1 + strspn(colon + 1, " \t");
        h->value_len = (size_t)(end - h->value);
        line = end + strspn(end, "\r") + 1;
    }
    status = fl_front_guard(&head, &why);
    assert_non_null(why);
    return status;
}

static int guard(const char *text)
{
    size_t len = strlen(text);
    char *raw = strdup(text);
    int status;

    assert_non_null(raw);
    status = guard_of(raw, len);
    free(raw);
    return status;
}

#define GET  "GET / HTTP/1.1\r\nHost: x\r\n"
#define POST "POST / HTTP/1.1\r\nHost: x\r\n"

static void test_guard(void **state)
{
    (void)state;
    assert_int_equal(guard(GET "\r\n"), 0);
    assert_int_equal(guard("GET / HTTP/1.0\r\n\r\n"), 0);
    assert_int_equal(guard("HEAD /a?b=c HTTP/1.1\r\nhost:x:80\r\nA:   b \r\nC:\r\n\r\n"), 0);
    assert_int_equal(guard(POST "Content-Length: 1000\r\n\r\n"), 0);
    assert_int_equal(guard(POST "transfer-encoding: Chunked\r\n\r\n"), 0);
    assert_int_equal(guard(GET "Content-Length: 0\r\n\r\n"), 0);

    assert_int_equal(guard(POST "Content-Length: 1001\r\n\r\n"), 413);
    assert_int_equal(guard(POST "\r\n"), 411);
    assert_int_equal(guard(POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"), 400);
    assert_int_equal(guard(POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    assert_int_equal(guard(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"), 400);
    assert_int_equal(guard(POST "Transfer-Encoding: \r\n\r\n"), 400);
    assert_int_equal(guard(POST "Content-Length: \r\n\r\n"), 400);
    assert_int_equal(guard(POST "Content-Length: 1 \r\n\r\n"), 400);
    assert_int_equal(guard(POST "Content-Length: 00000000000000000001\r\n\r\n"), 400);
    assert_int_equal(guard(GET "Content-Length: 1\r\n\r\n"), 400);
    assert_int_equal(guard(GET "Transfer-Encoding: chunked\r\n\r\n"), 400);
    assert_int_equal(guard(GET "A : b\r\n\r\n"), 400);
    assert_int_equal(guard(GET "A(b): b\r\n\r\n"), 400);
    assert_int_equal(guard(GET "A: \x7f\r\n\r\n"), 400);
    assert_int_equal(guard(GET "A: b\nC: d\r\n\r\n"), 400); /* the gap is one byte short */
    assert_int_equal(guard("GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n"), 400);
    assert_int_equal(guard(GET "Host: x\r\n\r\n"), 400);
    assert_int_equal(guard("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
    assert_int_equal(guard("GET / HTTP/1.1\r\nHost: \r\n\r\n"), 400);
    assert_int_equal(guard("GET / HTTP/1.1\r\nA: b\r\n\r\n"), 400);
    assert_int_equal(guard("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(guard("PUT / HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
    assert_int_equal(guard("GET //x HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(guard("GET x HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(guard("GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
}

/* A head of which a byte is not accounted for, wherever it may be. */
static void test_guard_bytes(void **state)
{
    static const char text[] = GET "A: b\r\nC: d\r\n\r\n";

    (void)state;
    for (int off = -3; off <= 3; off++) {
        char *raw = strdup(text);

        assert_non_null(raw);
        assert_int_equal(guard_of(raw, (size_t)((int)strlen(text) + off)), off ? 400 : 0);
        free(raw);
    }
}

static void test_guard_sizes(void **state)
{
    struct fl_buf url = FL_BUF(1 << 16), many = FL_BUF(1 << 16);

    (void)state;
    fl_buf_puts(&url, "GET /");
    for (int i = 0; i < FL_FRONT_GUARD_URL_MAX; i++)
        fl_buf_putc(&url, 'a');
    fl_buf_puts(&url, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(guard(url.data), 414);
    fl_buf_puts(&many, GET);
    for (int i = 0; i < FL_FRONT_HEADERS_MAX; i++)
        fl_buf_puts(&many, "A: b\r\n");
    fl_buf_puts(&many, "\r\n");
    assert_int_equal(guard(many.data), 431);
    fl_buf_finish(&url);
    fl_buf_finish(&many);
}

/* --- decoding ---*/

static void test_path(void **state)
{
    static const char *const good[] = {"/",        "/m/abc",         "/m/a%20b", "/c/t/s",
                                       "/a//b",    "/.well-known/x", "/m/...",   "/m/%ea%b0%80",
                                       "/m/a..b/", "/m/%2525"};
    static const char *const bad[] = {
        "",        "m",          "/..",   "/a/../b", "/a/./b", "/%2e%2e", "/a/%2E",
        "/%",      "/%1",        "/%gg",  "/%00",    "/%0a",   "/%7f",    "/%ff",
        "/%c0%af", "/%ed%a0%80", "/a\\b", "/a%5cb",  "/a b",   "/<a>",    "/a/..%2fb"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_ok(fl_front_path_check(good[i], &err));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(FL_INVALID, fl_front_path_check(bad[i], &err));
}

static void test_fields(void **state)
{
    struct fl_arena *arena = fl_arena_create(1 << 22);
    const struct fl_http_field *f;
    struct fl_buf many = FL_BUF(1 << 20);
    size_t n = 9;

    (void)state;
    assert_ok(fl_front_fields_decode(arena, "", 0, false, &f, &n, &err));
    assert_int_equal(n, 0);
    assert_ok(
        fl_front_fields_decode(arena, "a=1+2&&b&c=%ea%b0%80%3D=&=x&a=", 30, false, &f, &n, &err));
    assert_int_equal(n, 5);
    assert_string_equal(f[0].name, "a");
    assert_string_equal(f[0].value, "1 2");
    assert_string_equal(f[1].name, "b");
    assert_string_equal(f[1].value, "");
    assert_string_equal(f[2].value, "가==");
    assert_string_equal(f[3].name, "");
    assert_string_equal(f[4].value, "");
    assert_ok(fl_front_fields_decode(arena, "a=1%0d%0a2", 10, true, &f, &n, &err));
    assert_string_equal(f[0].value, "1\r\n2");
    n = 9;
    assert_status(FL_INVALID, fl_front_fields_decode(arena, "a=1%0d%0a2", 10, false, &f, &n, &err));
    assert_status(FL_INVALID, fl_front_fields_decode(arena, "a=%00", 5, true, &f, &n, &err));
    assert_status(FL_INVALID, fl_front_fields_decode(arena, "a%zz=1", 6, true, &f, &n, &err));
    assert_status(FL_INVALID, fl_front_fields_decode(arena, "a=b%4", 5, true, &f, &n, &err));
    assert_status(FL_INVALID, fl_front_fields_decode(arena, "a=\0b", 4, true, &f, &n, &err));
    assert_status(FL_INVALID, fl_front_fields_decode(arena, "a=%ff", 5, true, &f, &n, &err));
    for (int i = 0; i <= FL_FRONT_FIELDS_MAX; i++)
        fl_buf_puts(&many, i ? "&a" : "a");
    assert_status(FL_LIMIT, fl_front_fields_decode(arena, many.data, many.len, true, &f, &n, &err));
    fl_buf_reset(&many);
    fl_buf_puts(&many, "a=");
    for (int i = 0; i <= FL_FRONT_FIELD_MAX; i++)
        fl_buf_putc(&many, 'b');
    assert_status(FL_LIMIT, fl_front_fields_decode(arena, many.data, many.len, true, &f, &n, &err));
    assert_ok(fl_front_fields_decode(arena, many.data, many.len - 1, true, &f, &n, &err));
    assert_int_equal(strlen(f[0].value), FL_FRONT_FIELD_MAX);
    fl_buf_finish(&many);
    fl_arena_destroy(&arena);
}

static void test_forwarded(void **state)
{
    struct fl_arena *arena = fl_arena_create(1 << 20);

    (void)state;
    assert_string_equal(fl_front_forwarded_for(arena, "192.0.2.1"), "192.0.2.1");
    assert_string_equal(fl_front_forwarded_for(arena, "6.6.6.6, 192.0.2.1 "), "192.0.2.1");
    assert_string_equal(fl_front_forwarded_for(arena, "x,2001:db8::1"), "2001:db8::1");
    assert_null(fl_front_forwarded_for(arena, ""));
    assert_null(fl_front_forwarded_for(arena, "192.0.2.1,"));
    assert_null(fl_front_forwarded_for(arena, "192.0.2.1, unknown"));
    assert_null(fl_front_forwarded_for(arena, "192.0.2.1:80"));
    fl_arena_destroy(&arena);
}

static void mask_is(const char *path, const char *expected)
{
    char out[64];

    fl_front_path_mask(out, sizeof out, path);
    assert_string_equal(out, expected);
}

static void test_mask(void **state)
{
    (void)state;
    mask_is("/m/secret", "/m/...");
    mask_is("/c/secret/seal", "/c/...");
    mask_is("/h/sms/dlr/secret", "/h/sms/...");
    mask_is("/h/sms", "/h/sms");
    mask_is("/healthz", "/healthz");
    mask_is("/", "/");
    mask_is("", "");
}

/* --- rates ---*/

static void test_limit(void **state)
{
    struct fl_front_limit *limit = fl_front_limit_create(64, 3, 10);
    int64_t now = 1000000;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(fl_front_limit_take(limit, "192.0.2.1", now));
    assert_false(fl_front_limit_has(limit, "192.0.2.1", now));
    assert_false(fl_front_limit_take(limit, "192.0.2.1", now));
    assert_false(fl_front_limit_take(limit, "::ffff:192.0.2.1", now));
    assert_true(fl_front_limit_take(limit, "192.0.2.2", now));
    assert_false(fl_front_limit_has(limit, "192.0.2.1", now + 9));
    assert_true(fl_front_limit_take(limit, "192.0.2.1", now + 10));
    assert_false(fl_front_limit_take(limit, "192.0.2.1", now + 10));
    for (int i = 0; i < 3; i++)
        assert_true(fl_front_limit_take(limit, "192.0.2.1", now + 1000));
    assert_false(fl_front_limit_take(limit, "192.0.2.1", now + 1000));
    for (int i = 0; i < 3; i++)
        assert_true(fl_front_limit_take(limit, i ? "2001:db8::1" : "2001:db8:0:0:ff::", now));
    assert_false(fl_front_limit_take(limit, "2001:db8::7", now));
    assert_true(fl_front_limit_take(limit, "2001:db8:0:1::7", now));
    assert_true(fl_front_limit_take(limit, "not an address", now));
    fl_front_limit_destroy(&limit);
}

/* A table that is full forgets the quiet ones; it never grows and never refuses a newcomer. */
static void test_limit_full(void **state)
{
    struct fl_front_limit *limit = fl_front_limit_create(16, 2, 10);
    char address[32];

    (void)state;
    for (int i = 0; i < 5000; i++) {
        snprintf(address, sizeof address, "10.0.%d.%d", i / 250, i % 250);
        assert_true(fl_front_limit_take(limit, address, 1000 + i));
    }
    fl_front_limit_destroy(&limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guard),       cmocka_unit_test(test_guard_bytes),
        cmocka_unit_test(test_guard_sizes), cmocka_unit_test(test_path),
        cmocka_unit_test(test_fields),      cmocka_unit_test(test_forwarded),
        cmocka_unit_test(test_mask),        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_limit_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
