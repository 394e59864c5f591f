/* Parsing and cutting what others collected; every part is skipped where its data is absent. */
#include "unit.h"

#include <dirent.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "feedback/feedback.h"

enum { FILES_MAX = 1000, PATH_SIZE = 1024, FILE_MAX = 16 << 20 };

/* Shares that were reached when this was written, less a little. */
static const double cut_floor = 0.93, kind_floor = 0.90, hard_floor = 0.85;

static struct fl_error err;

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

/* The path of something in the shared data; skips the test where it is not there. */
static const char *shared(struct fl_arena *arena, const char *name)
{
    const char *base = getenv("FL_SHARED_DATA");
    const char *path = fl_arena_printf(arena, "%s/%s", base ? base : "", name);
    FILE *f = base ? fopen(path, "r") : NULL;

    if (!f) {
        print_message("no %s: skipped\n", path);
        skip();
    }
    fclose(f);
    return path;
}

static char *read_file(struct fl_arena *arena, const char *path, size_t *out_len)
{
    char *data;

    assert_ok(fl_file_read(arena, path, FILE_MAX, &data, out_len, &err));
    return data;
}

static struct fl_feedback_parsed parse(struct fl_arena *arena, const char *data, size_t len)
{
    struct fl_inbound inbound = {.size = sizeof inbound,
                                 .kind = FL_INBOUND_MAIL,
                                 .dedupe_key = "k",
                                 .data = data,
                                 .data_len = len};
    struct fl_feedback_parsed parsed;

    assert_ok(fl_feedback_parse(arena, &inbound, &parsed, &err));
    return parsed;
}

/* White space at the ends of the text and of its lines does not count. */
static char *normal(struct fl_arena *arena, const char *text)
{
    char *out = fl_arena_alloc(arena, strlen(text) + 1), *to = out;

    for (const char *p = text; *p; p++) {
        if (*p == '\n')
            while (to > out && strchr(" \t\r", to[-1]))
                to--;
        *to++ = *p;
    }
    *to = '\0';
    return fl_str_trim(out);
}

/* --- the customer's own words ----------------------------------------------------------------*/

static bool cuts_to(struct fl_arena *arena, const char *body, const char *text,
                    const char *signature)
{
    struct fl_feedback_cut cut;

    assert_ok(fl_feedback_cut(arena, body, &cut, &err));
    return strcmp(normal(arena, cut.text), normal(arena, text)) == 0 &&
           (!signature || strcmp(normal(arena, cut.signature), normal(arena, signature)) == 0);
}

static void test_talon(void **state)
{
    json_t *cases = json_load_file(shared(*state, "reply/talon-cases.json"), 0, NULL), *c;
    size_t i, n = 0, n_right = 0;

    json_array_foreach(cases, i, c)
    {
        const char *input = json_string_value(json_object_get(c, "input"));
        json_t *expected = json_object_get(c, "expected");
        const char *signature = NULL;

        if (json_is_array(expected)) {
            signature = json_string_value(json_array_get(expected, 1));
            signature = signature ? signature : "";
            expected = json_array_get(expected, 0);
        }
        if (!input || !json_is_string(expected))
            continue;
        n++;
        n_right += cuts_to(*state, input, json_string_value(expected), signature);
    }
    json_decref(cases);
    print_message("talon: %zu of %zu exactly\n", n_right, n);
    assert_true((double)n_right >= cut_floor * (double)n);
}

static void test_crisp(void **state)
{
    static const char *const keys[] = {"first_fragment_trimmed", "visible_text"};
    const char *labels = shared(*state, "reply/crisp-labels.json");
    json_t *cases = json_load_file(labels, 0, NULL), *c;
    size_t i, n = 0, n_right = 0;

    json_array_foreach(cases, i, c)
    {
        const char *file = json_string_value(json_object_get(c, "fixture")), *text = NULL;
        const char *path =
            fl_arena_printf(*state, "%s/reply/crisp/%s", getenv("FL_SHARED_DATA"), file);
        size_t len;

        for (size_t k = 0; k < 2 && !text; k++)
            text = json_string_value(json_object_get(c, keys[k]));
        if (!text)
            continue;
        n++;
        n_right += cuts_to(*state, read_file(*state, path, &len), text, NULL);
    }
    json_decref(cases);
    print_message("crisp: %zu of %zu exactly\n", n_right, n);
    assert_true((double)n_right >= cut_floor * (double)n);
}

static void test_talon_html(void **state)
{
    static const char *const names[] = {"gmail",           "hotmail",         "mail_ru",
                                        "ms_outlook_2003", "ms_outlook_2007", "ms_outlook_2010",
                                        "thunderbird",     "windows_mail",    "yandex_ru"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *path =
            shared(*state, fl_arena_printf(*state, "reply/talon/html_replies/%s.html", names[i]));
        struct fl_feedback_cut cut;
        const char *text;
        size_t len;
        char *html = read_file(*state, path, &len);

        assert_ok(fl_feedback_html_text(*state, html, len, &text, &err));
        assert_ok(fl_feedback_cut(*state, text, &cut, &err));
        assert_string_equal(cut.text, "Hi. I am fine.");
    }
}

/* --- bounces ---------------------------------------------------------------------------------*/

static enum fl_feedback_kind kind_of_class(const char *class)
{
    if (fl_str_starts_with(class, "bounce"))
        return FL_FEEDBACK_BOUNCE;
    if (fl_str_equal(class, "delayed"))
        return FL_FEEDBACK_DELAYED;
    if (fl_str_equal(class, "complaint"))
        return FL_FEEDBACK_COMPLAINT;
    return FL_FEEDBACK_DELIVERED;
}

/* Those that are one kind for us: "delayed" is another tool's word for what was given up. */
static bool is_same(enum fl_feedback_kind want, const struct fl_feedback_parsed *p)
{
    return p->kind == want || (want == FL_FEEDBACK_DELAYED && p->kind == FL_FEEDBACK_BOUNCE);
}

static void test_bounce_kinds(void **state)
{
    const char *base = shared(*state, "bounce/inbound-class.tsv");
    size_t len, n = 0, n_right = 0, n_hard = 0, n_hard_right = 0, n_soft = 0, n_soft_wrong = 0;
    char *rest = read_file(*state, base, &len), *line;

    strsep(&rest, "\n"); /* the head */
    while ((line = strsep(&rest, "\n")) && *line) {
        char *file = strsep(&line, "\t"), *class = strsep(&line, "\t");
        struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
        struct fl_feedback_parsed p;
        char *data = read_file(
            arena, fl_arena_printf(arena, "%s/bounce/%s", getenv("FL_SHARED_DATA"), file), &len);
        bool is_hard;

        p = parse(arena, data, len);
        is_hard = p.n_recipients && p.recipients[0].is_hard;
        n++;
        n_right += is_same(kind_of_class(class), &p);
        n_hard += fl_str_equal(class, "bounce-hard");
        n_hard_right += fl_str_equal(class, "bounce-hard") && is_hard;
        n_soft += fl_str_equal(class, "bounce-soft");
        n_soft_wrong += fl_str_equal(class, "bounce-soft") && is_hard;
        fl_arena_destroy(&arena);
    }
    print_message("bounces: kind %zu of %zu; hard %zu of %zu; %zu of %zu soft taken for hard\n",
                  n_right, n, n_hard_right, n_hard, n_soft_wrong, n_soft);
    assert_true((double)n_right >= kind_floor * (double)n);
    assert_true((double)n_hard_right >= hard_floor * (double)n_hard);
    assert_true(n_soft_wrong * 8 <= n_soft);
}

/* --- odd mail, charsets, speed ---------------------------------------------------------------*/

static size_t parse_folder(struct fl_arena *names, const char *folder, size_t *out_bytes)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    DIR *dir = opendir(folder);
    struct dirent *entry;
    size_t n = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        const char *path = fl_arena_printf(names, "%s/%s", folder, entry->d_name);
        struct fl_feedback_parsed p;
        size_t len;
        char *data;

        if (entry->d_name[0] == '.')
            continue;
        if (entry->d_type == DT_DIR) {
            n += parse_folder(names, path, out_bytes);
            continue;
        }
        data = read_file(arena, path, &len);
        p = parse(arena, data, len);
        assert_true(fl_utf8_is_valid(p.text, strlen(p.text)));
        assert_true(fl_utf8_is_valid(p.subject, strlen(p.subject)));
        n++;
        *out_bytes += len;
        fl_arena_reset(arena);
    }
    closedir(dir);
    fl_arena_destroy(&arena);
    return n;
}

static void test_odd_mail(void **state)
{
    static const char *const folders[] = {"mime", "reply", "charset", "bounce"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        const char *folder = shared(*state, folders[i]);
        int64_t start = fl_clock_monotonic_us();
        size_t total = 0, n = parse_folder(*state, folder, &total);

        start = fl_clock_monotonic_us() - start;
        print_message("%s: %zu files, %zu KiB, %.0f mails/s with reading\n", folders[i], n,
                      total >> 10, (double)n * 1e6 / (double)(start ? start : 1));
        assert_true(n > 0);
    }
}

static void test_charset_files(void **state)
{
    static const char *const names[] = {"euc_kr", "shift_jis", "gb2312", "big5"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len, utf8_len;
        const char *path = shared(*state, fl_arena_printf(*state, "charset/%s.txt", names[i]));
        char *raw = read_file(*state, path, &len);
        char *utf8 = read_file(
            *state, shared(*state, fl_arena_printf(*state, "charset/%s-utf8.txt", names[i])),
            &utf8_len);
        struct fl_buf mail = FL_BUF(FILE_MAX);
        struct fl_feedback_parsed p;

        fl_buf_printf(&mail, "From: a@b.test\nContent-Type: text/plain; charset=%s\n\n", names[i]);
        fl_buf_add(&mail, raw, len);
        p = parse(*state, mail.data, mail.len);
        assert_string_equal(normal(*state, p.text), normal(*state, utf8));
        fl_buf_finish(&mail);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_talon),        TEST(test_crisp),    TEST(test_talon_html),
        TEST(test_bounce_kinds), TEST(test_odd_mail), TEST(test_charset_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
