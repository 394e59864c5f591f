/* People: addresses, how a file is read, and the sample company. */
#include "unit.h"

#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "people/people_phone.h"
#include "people/people_private.h"
#include "people/people_random.h"

static const char *shared_file(const char *name)
{
    static char path[4096];
    const char *dir = getenv("FL_SHARED_DATA");

    snprintf(path, sizeof path, "%s/%s", dir ? dir : "/nonexistent", name);
    if (access(path, R_OK)) {
        print_message("%s is absent: skipped\n", name);
        skip();
    }
    return path;
}

static const char *email(struct fl_arena *arena, const char *in)
{
    struct fl_error err = {0};
    const char *out = NULL;

    return fl_people_email_normalise(arena, in, &out, &err) ? NULL : out;
}

static void test_email(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    static const char *const bad[] = {"",
                                      "kim",
                                      "@cust.test",
                                      "kim@",
                                      "kim@@cust.test",
                                      "k im@a.test",
                                      "kim@a..test",
                                      "kim@.a.test",
                                      "kim@a.test.",
                                      "kim@-a.test",
                                      "kim@a-.test",
                                      ".kim@a.test",
                                      "kim.@a.test",
                                      "k..im@a.test",
                                      "\"kim\"@a.test",
                                      "kim@[1.2.3.4]",
                                      "kim@1.2.3.4",
                                      "kim@a_b.test",
                                      "Kim <kim@a.test>",
                                      "kim@a.test\n",
                                      "kim@a.test,lee@a.test",
                                      "\xea\xb9\x80@a.test",
                                      "kim@xn--a.test",
                                      "kim@a\x01.test",
                                      "kim@\xff\xfe.test",
                                      "kim@\xef\xbc\x8e.test"};
    char text[400];

    (void)state;
    assert_string_equal(email(arena, "Kim.Min@Cust.TEST"), "Kim.Min@cust.test");
    assert_string_equal(email(arena, "kim@한국.test"), "kim@xn--3e0b707e.test");
    assert_string_equal(email(arena, "kim@xn--3e0b707e.test"), "kim@xn--3e0b707e.test");
    /* UTS 46 non-transitional: the sharp s stays itself. */
    assert_string_equal(email(arena, "a@faß.test"), "a@xn--fa-hia.test");
    assert_string_equal(email(arena, "a+b@BÜCHER.test"), "a+b@xn--bcher-kva.test");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (email(arena, bad[i]))
            fail_msg("accepted: %s", bad[i]);
    memset(text, 'a', sizeof text);
    memcpy(text + 64, "@b.test", 8);
    assert_non_null(email(arena, text));
    memcpy(text + 64, "a@b.test", 9);
    assert_null(email(arena, text));
    memset(text, 'b', sizeof text); /* 254 in all is the most */
    text[1] = '@';
    for (int i = 33; i < 254; i += 32)
        text[i] = '.';
    text[254] = '\0';
    assert_non_null(email(arena, text));
    strcpy(text + 254, "b");
    assert_null(email(arena, text));
    fl_arena_destroy(&arena);
}

static void test_email_reasons(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    const char *out;
    struct fl_error err;

    (void)state;
    assert_status(FL_INVALID, fl_people_email_normalise(arena, "kim", &out, &err));
    assert_string_equal(err.text, "no \"@\"");
    assert_status(FL_INVALID, fl_people_email_normalise(arena, "kim@a b", &out, &err));
    assert_string_equal(err.text, "a blank in the domain");
    fl_arena_destroy(&arena);
}

/* What isemail calls valid is accepted, what it calls an error is refused; between them lie forms
 * (comments, quoted strings, literals) that no customer file holds and that are refused as well. */
static void test_email_isemail(void **state)
{
    FILE *f = fopen(shared_file("address/isemail.jsonl"), "r");
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    char line[8192];
    int n = 0;

    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        json_t *test = json_loads(line, JSON_ALLOW_NUL, NULL);
        const char *address = json_string_value(json_object_get(test, "address"));
        size_t len = json_string_length(json_object_get(test, "address"));
        const char *category = json_string_value(json_object_get(test, "category"));
        bool is_good =
            !strcmp(category, "ISEMAIL_VALID_CATEGORY") || !strcmp(category, "ISEMAIL_DNSWARN");

        /* "a@bar": right by RFC 5321, and the set has "test@io" as plainly valid. */
        if (!strcmp(address, "a@bar"))
            is_good = true;
        if (strlen(address) == len && !email(arena, address) == is_good)
            fail_msg("%s %s", is_good ? "refused:" : "accepted:", address);
        n++;
        json_decref(test);
    }
    assert_true(n > 150);
    fclose(f);
    fl_arena_destroy(&arena);
}

static const char *phone(struct fl_arena *arena, const char *in, const char *country)
{
    struct fl_error err = {0};
    const char *out = NULL;

    return fl_people_phone_normalise(arena, in, country, &out, &err) ? NULL : out;
}

static void test_phone(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    static const char *const bad[] = {
        "",        "abc",       "010",           "010-1234-567a",    "1-800-FLOWERS",
        "+82",     "114;ext=3", "+999123456789", "0101234567890123", "tel:010-1234-5678",
        "\xff\xff"};

    (void)state;
    assert_string_equal(phone(arena, "010-1234-5678", "KR"), "+821012345678");
    assert_string_equal(phone(arena, "010 1234 5678", "KR"), "+821012345678");
    assert_string_equal(phone(arena, "01012345678", "KR"), "+821012345678");
    assert_string_equal(phone(arena, "1012345678", "KR"), "+821012345678"); /* spreadsheets */
    assert_string_equal(phone(arena, "+82-10-1234-5678", NULL), "+821012345678");
    assert_string_equal(phone(arena, "+82 (0)10-1234-5678", NULL), "+821012345678");
    assert_string_equal(phone(arena, "02-345-6789", "KR"), "+8223456789");
    assert_string_equal(phone(arena, "(02) 345-6789", "KR"), "+8223456789");
    assert_string_equal(phone(arena, "+44 20 7946 0958", "KR"), "+442079460958");
    assert_string_equal(phone(arena, "(212) 555-0123", "US"), "+12125550123");
    assert_string_equal(phone(arena, "０１０-１２３４-５６７８", "KR"), "+821012345678");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (phone(arena, bad[i], "KR"))
            fail_msg("accepted: %s", bad[i]);
    assert_null(phone(arena, "010-1234-5678", NULL));
    assert_null(phone(arena, "010-1234-5678", "XX"));
    fl_arena_destroy(&arena);
}

/* The short cut must say nothing or what the library says. */
static void test_phone_short_cut(void **state)
{
    static const char *const prefixes[] = {
        "010",   "02",     "031", "032", "042", "051", "055", "064",  "070", "011", "+8210", "+822",
        "+8231", "+82010", "+1",  "0",   "",    "05",  "03",  "1588", "080", "+82", "060"};
    struct people_random random = {42};
    int n_short = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        char in[40], quick[PEOPLE_PHONE_SIZE], slow[PEOPLE_PHONE_SIZE];
        const char *country = people_random_percent(&random, 90) ? "KR" : "US", *reason;
        int n_digits = 5 + people_random_below(&random, 6);
        char *p =
            stpcpy(in, prefixes[people_random_below(&random, sizeof prefixes / sizeof *prefixes)]);

        while (n_digits--) {
            if (people_random_percent(&random, 15))
                *p++ = "- ."[people_random_below(&random, 3)];
            *p++ = (char)('0' + people_random_below(&random, 10));
        }
        *p = '\0';
        if (!people_phone_by_shape(in, country, quick))
            continue;
        n_short++;
        if (!people_phone_by_library(in, country, slow, &reason))
            fail_msg("%s in %s: %s, the library refuses: %s", in, country, quick, reason);
        if (strcmp(quick, slow) != 0)
            fail_msg("%s in %s: %s, the library says %s", in, country, quick, slow);
    }

    assert_true(n_short > 2000);
}

static void test_phone_shared(void **state)
{
    FILE *f = fopen(shared_file("phone/kr_aytf.tsv"), "r");
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    char line[400];

    (void)state;
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    while (fgets(line, sizeof line, f)) {
        char *plain = strtok(line, "\t\n"), *written = strtok(NULL, "\t\n");
        const char *a = phone(arena, plain, "KR"), *b = phone(arena, written, "KR");

        /* However it is written, it is the same number, or none (02-114 is a service). */
        if (a)
            assert_string_equal(a, b);
        else
            assert_null(b);
    }
    fclose(f);
    fl_arena_destroy(&arena);
}

static int file_of(const void *data, size_t len)
{
    int fd;

    assert_int_equal(fl_memfd_sealed("test", data, len, &fd, NULL), FL_OK);
    return fd;
}

/* All rows as "line:cell|cell;" with broken ones as "line!". */
static char *rows_of(struct fl_arena *arena, const void *data, size_t len, const char *charset,
                     const char **out_charset)
{
    struct people_source source;
    struct people_reader *reader = calloc(1, sizeof *reader);
    struct fl_faults faults;
    struct fl_error err;
    struct fl_buf text = FL_BUF((size_t)64 << 20);
    int fd = file_of(data, len);
    enum fl_status st;
    char *copy;

    fl_faults_init(&faults, arena);
    assert_ok(people_source_open(&source, fd, "test", charset, &faults, &err));
    if (out_charset)
        *out_charset = source.charset;
    for (size_t i = 0; i < faults.n_items; i++)
        fl_buf_printf(&text, "%s;", fl_fault_text(arena, &faults.items[i]));
    assert_ok(people_reader_open(reader, &source, &err));
    while ((st = people_reader_next(reader, &err)) != FL_NOT_FOUND) {
        fl_buf_printf(&text, "%ld%s", reader->row_line, st ? "!" : ":");
        for (size_t i = 0; !st && i < reader->n_cells; i++)
            fl_buf_printf(&text, "%s%s", i ? "|" : "", people_reader_cell(reader, i));
        fl_buf_putc(&text, ';');
        assert_true(st == FL_OK || st == FL_INVALID);
    }
    copy = fl_arena_strndup(arena, text.data, text.len);
    people_reader_close(reader);
    people_source_close(&source);
    free(reader);
    fl_buf_finish(&text);
    close(fd);
    return copy;
}

static void test_reader(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    static const struct {
        const char *in, *rows;
    } cases[] = {
        {"a,b\n1,2\n", "1:a|b;2:1|2;"},
        {"a,b\r\n1,2", "1:a|b;2:1|2;"},
        {"a,b\r1,2\r", "1:a|b;2:1|2;"},
        {"a,b\n\n \n1,2\n", "1:a|b;4:1|2;"},
        {"a;b\n1,5;2\n", "1:a|b;2:1,5|2;"},
        {"a\tb\n\t\n1\t2\n", "1:a|b;2:|;3:1|2;"},
        {"sep=;\na;b,c,d\n", "2:a|b,c,d;"},
        {"\xef\xbb\xbf\"a\",b\n", "1:a|b;"},
        {"a,b\n\"x\ny\r\n\",2\n3,\"4\"\n", "1:a|b;2:x\ny\r\n|2;5:3|4;"},
        {"a,b\n\"x\"\"y\",2\n", "1:a|b;2:x\"y|2;"},
        {"a,b\nx\"y,2\n3,4\n", "1:a|b;2!;3:3|4;"},
        {"a,b\n\"x\"y,2\n3,4\n", "1:a|b;2!;3:3|4;"},
        {"a,b\n1,\"x\n3,4\n", "1:a|b;2!;"},
        {"\"a,\"\"b\",c;\n", "1:a,\"b|c;;"},
    };
    const char *charset;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(rows_of(arena, cases[i].in, strlen(cases[i].in), NULL, NULL),
                            cases[i].rows);
    assert_string_equal(rows_of(arena,
                                "\xff\xfe"
                                "a\0,\0\0\xac\n\0",
                                10, NULL, &charset),
                        "1:a|가;");
    assert_string_equal(charset, "UTF-16LE");
    assert_non_null(strstr(rows_of(arena, "a\nb\0c\n", 6, NULL, NULL), "test:2: a NUL byte"));
    assert_non_null(strstr(rows_of(arena,
                                   "\xef\xbb\xbf"
                                   "a\nb\xff\n",
                                   7, NULL, NULL),
                           "test:2: not well-formed"));
    fl_arena_destroy(&arena);
}

/* Lines count and characters hold together where chunks meet, at every offset. */
static void test_reader_chunks(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    static const char row[] = "가나,\"x\r\ny\"\r\n";
    size_t cap = PEOPLE_CHUNK_BYTES + 200;
    char *data = malloc(cap);

    (void)state;
    for (int shift = 0; shift < 40; shift++) {
        size_t fill = (size_t)(PEOPLE_CHUNK_BYTES - 20 - shift);
        const char *rows;

        memset(data, 'a', fill);
        memcpy(data, "h,", 2);
        memcpy(data + fill, "\r\n", 2);
        memcpy(data + fill + 2, row, sizeof row - 1);
        memcpy(data + fill + 1 + sizeof row, row, sizeof row - 1);
        rows = rows_of(arena, data, fill + 2 * sizeof row, NULL, NULL);
        rows = strchr(rows, ';');
        assert_string_equal(rows, ";2:가나|x\r\ny;4:가나|x\r\ny;");
        fl_arena_reset(arena);
    }
    free(data);
    fl_arena_destroy(&arena);
}

static void test_postal(void **state)
{
    static const struct {
        struct fl_postal in;
        const char *country, *expected;
    } cases[] = {
        {{.whole = "Unter den Linden 1 | Berlin | 10117 | DE"},
         "KR",
         "Unter den Linden 1\nBerlin\n10117\nDE"},
        {{.whole = "강남대로 1\r\n\r\n 서울 \n06236"}, "KR", "강남대로 1\n서울\n06236\nKR"},
        {{.whole = "10 Downing Street\nLondon\nSW1A 2AA\nGB"},
         "ZZ",
         "10 Downing Street\nLondon\nSW1A 2AA\nGB"},
        {{.street = "a", .city = "b", .postcode = "123", .country = "KR"}, "KR", NULL},
        {{.street = "a", .city = "b", .postcode = "1234", .country = "DE"}, "KR", NULL},
        {{.street = "a", .city = "b", .postcode = "12345-67", .country = "US"}, "KR", NULL},
        {{.street = "a", .city = "b", .postcode = "no; code", .country = "FR"}, "KR", NULL},
        {{.street = "a", .city = "b", .postcode = "12345"}, "ZZ", NULL},
        {{.street = "a", .city = "b", .postcode = "12345", .country = "kr"}, "KR", NULL},
        {{.street = "a", .city = "b"}, "KR", NULL},
        {{.whole = "06236"}, "KR", NULL},
        {{.whole = "a|b|c|d|e|f|g|h|i|06236"}, "KR", NULL},
    };
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fl_error err = {0};
        const char *out = NULL;
        enum fl_status st =
            fl_people_postal_normalise(arena, &cases[i].in, cases[i].country, &out, &err);

        assert_int_equal(st, cases[i].expected ? FL_OK : FL_INVALID);
        if (cases[i].expected)
            assert_string_equal(out, cases[i].expected);
        else
            assert_true(err.text[0] != '\0');
    }
    fl_arena_destroy(&arena);
}

static void test_charset(void **state)
{
    static const char text[] = "name,city\n홍길동,서울\n뷁쌰앎,펲시콜라\n";
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    iconv_t converter = iconv_open("CP949", "UTF-8");
    char cp949[200], *in = (char *)(uintptr_t)text, *out = cp949;
    size_t in_left = sizeof text - 1, out_left = sizeof cp949;
    const char *charset;

    (void)state;
    assert_int_equal(iconv(converter, &in, &in_left, &out, &out_left), 0);
    iconv_close(converter);
    assert_string_equal(rows_of(arena, cp949, (size_t)(out - cp949), NULL, &charset),
                        "1:name|city;2:홍길동|서울;3:뷁쌰앎|펲시콜라;");
    assert_string_equal(charset, "CP949");
    assert_string_equal(rows_of(arena, cp949, (size_t)(out - cp949), "euc-kr", &charset),
                        "1:name|city;2:홍길동|서울;3:뷁쌰앎|펲시콜라;");
    assert_string_equal(charset, "CP949");
    assert_string_equal(rows_of(arena, "a,b\nM\xfcller,1\n", 13, "windows-1252", &charset),
                        "1:a|b;2:Müller|1;");
    /* A wrong charset is refused at the line, not papered over. */
    assert_string_equal(rows_of(arena, "a,b\n1,2\nM\xff\xff,1\n", 14, "euc-kr", &charset),
                        "1:a|b;2:1|2;3!;");
    fl_arena_destroy(&arena);
}

static void test_charset_shared(void **state)
{
    static const char *const names[] = {"euc_kr", "shift_jis", "gb2312", "big5"};
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_error err;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char name[100], *raw, *good, *got, *want;
        size_t raw_len, good_len;
        const char *charset;

        snprintf(name, sizeof name, "charset/%s.txt", names[i]);
        assert_ok(fl_file_read(arena, shared_file(name), 1 << 20, &raw, &raw_len, &err));
        snprintf(name, sizeof name, "charset/%s-utf8.txt", names[i]);
        assert_ok(fl_file_read(arena, shared_file(name), 1 << 20, &good, &good_len, &err));
        got = rows_of(arena, raw, raw_len, names[i], NULL);
        want = rows_of(arena, good, good_len, NULL, NULL);
        /* The last line of the Korean file has syllables spelt in jamo, which iconv leaves apart.
         */
        assert_memory_equal(got, want, i ? strlen(want) + 1 : (size_t)(strstr(want, ";7:") - want));
        rows_of(arena, raw, raw_len, NULL, &charset);
        if (i == 0)
            assert_string_equal(charset, "CP949");
        else
            assert_string_not_equal(charset, "CP949");
    }
    fl_arena_destroy(&arena);
}

static void test_keys(void **state)
{
    struct people_keys keys;
    char id[32];

    (void)state;
    people_keys_init(&keys);
    for (int i = 0; i < 100000; i++) {
        snprintf(id, sizeof id, "C%d", i);
        assert_int_equal(people_keys_add(&keys, id, i + 1), 0);
    }
    for (int i = 0; i < 100000; i += 7) {
        snprintf(id, sizeof id, "C%d", i);
        assert_int_equal(people_keys_add(&keys, id, 7), i + 1);
    }
    people_keys_finish(&keys);
}

static void test_sample(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    int32_t today = fl_date_of_civil(2026, 11, 22);
    struct fl_error err;
    char *a, *b;
    size_t a_len, b_len, n = 0;

    (void)state;
    assert_ok(fl_people_sample(arena, 1, 2000, today, &a, &a_len, &err));
    assert_ok(fl_people_sample(arena, 1, 2000, today, &b, &b_len, &err));
    assert_int_equal(a_len, b_len);
    assert_memory_equal(a, b, a_len);
    assert_ok(fl_people_sample(arena, 2, 2000, today, &b, &b_len, &err));
    assert_true(a_len != b_len || memcmp(a, b, a_len));
    for (const char *p = a; (p = strchr(p, '\n')); p++)
        n++;
    assert_int_equal(n, 2001);
    assert_true(fl_utf8_is_valid(a, a_len));
    assert_status(FL_INVALID, fl_people_sample(arena, 1, 0, today, &a, &a_len, &err));
    fl_arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_email),           cmocka_unit_test(test_email_reasons),
        cmocka_unit_test(test_email_isemail),   cmocka_unit_test(test_phone),
        cmocka_unit_test(test_phone_short_cut), cmocka_unit_test(test_phone_shared),
        cmocka_unit_test(test_reader),          cmocka_unit_test(test_reader_chunks),
        cmocka_unit_test(test_postal),          cmocka_unit_test(test_charset),
        cmocka_unit_test(test_charset_shared),  cmocka_unit_test(test_keys),
        cmocka_unit_test(test_sample),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
