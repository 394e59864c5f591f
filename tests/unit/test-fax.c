/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plugins/fax: pages, files, numbers, listings, verdicts. */
#include "unit.h"

#include "fax/fax_private.h"
#include "paper/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

#define TOKEN "abcdefghijklmnopqrstuvwxyz234567abcdefgh"

static const struct fax_settings korea = {
    .number = "+82215770001",
    .return_number = "+82215770001",
    .opt_out_number = "+82805770000",
    .name = "맑은들 가게",
    .language = "ko",
    .font = "Nanum Gothic, sans",
    .size = 12,
    .page_height = 2292,
    .country_code = "82",
    .trunk_prefix = "0",
    .international_prefix = "00",
    .dial_prefix = "",
};

static const char korean_text[] =
    "김하늘 님, 안녕하세요.\n\n지난달 주문해 주신 **유기농 쌀**은 잘 받으셨는지요? 이번 주부터 "
    "햇감자와 "
    "양배추가 들어옵니다.\n\n## 이번 주 소식\n\n- 햇감자 2kg — 6,900원\n- 양배추 1통 — 3,200원\n- "
    "유정란 "
    "15구 — 8,400원\n\n| 품목 | 산지 | 가격 |\n|---|---|---|\n| 감자 | 강원 | 6,900 |\n| 양배추 | "
    "제주 | "
    "3,200 |\n\n아래 양식에 표시하여 다시 팩스로 보내 주시면 고맙겠습니다.";
static const char korean_survey[] =
    "[{\"key\":\"satisfaction\",\"type\":\"scale\",\"min\":1,\"max\":5,\"text\":\"저희에게 얼마나 "
    "만족하십니까?\",\"options\":[{\"key\":\"1\",\"label\":\"전혀 "
    "아니다\"},{\"key\":\"5\",\"label\":"
    "\"매우 "
    "만족\"}]},{\"key\":\"recommend\",\"type\":\"scale\",\"min\":0,\"max\":10,\"text\":\"친구에게 "
    "저희를 "
    "권하시겠습니까?\",\"options\":[{\"key\":\"0\",\"label\":\"전혀\"},{\"key\":\"10\",\"label\":"
    "\"꼭\"}]},{\"key\":\"reason\",\"type\":\"choice\",\"text\":\"어떻게 저희를 알게 되셨습니까?\","
    "\"options\":[{\"key\":\"p\",\"label\":\"가격\"},{\"key\":\"f\",\"label\":\"친구 "
    "소개\"},{\"key\":"
    "\"n\",\"label\":\"가까워서\"},{\"key\":\"o\",\"label\":\"다른 "
    "까닭\"}]},{\"key\":\"words\",\"type\":"
    "\"text\",\"text\":\"하고 싶으신 말씀을 적어 주세요.\"}]";

struct fixture {
    struct fl_item item;
    struct fl_part part;
    const struct fl_part *parts[1];
};

static void item_make(struct fixture *f, const char *language, const char *text, const char *survey)
{
    f->part = (struct fl_part){
        .size = sizeof f->part, .type = "text/markdown", .data = text, .data_len = strlen(text)};
    f->parts[0] = &f->part;
    f->item = (struct fl_item){.size = sizeof f->item,
                               .to_address = "+82215770002",
                               .to_name = "김하늘",
                               .language = language,
                               .subject = "11월 소식",
                               .sender_name = "",
                               .token_identity = TOKEN,
                               .token_card = TOKEN,
                               .survey = survey,
                               .parts = f->parts,
                               .n_parts = 1};
}

static void show(const char *name, const void *data, size_t len)
{
    const char *folder = getenv("FL_TEST_PICTURES");
    char path[512];
    FILE *f;

    if (!folder)
        return;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    fwrite(data, 1, len, f);
    fclose(f);
}

/* --- pages -------------------------------------------------------------------------------------*/

struct pages {
    int n;
    int width, height;
    size_t n_readings;
    struct form_reading reading;
    bool shows;
};

static void on_scan_page(void *ctx, const struct fax_scan_page *page)
{
    struct pages *pages = ctx;
    struct form_image image = {page->width, page->height, page->x_dpi, page->y_dpi, page->grey};
    struct form_reading found[2];
    size_t n = form_read(&image, found, 2);
    GByteArray *png = g_byte_array_new();
    char name[32];

    pages->n++;
    pages->width = page->width;
    pages->height = page->height;
    assert_true(page->x_dpi == 204 && page->y_dpi == 196);
    if (n)
        pages->reading = found[0];
    pages->n_readings += n;
    assert_true(fax_png_of_grey(page, png));
    snprintf(name, sizeof name, "fax-%d.png", pages->n);
    if (pages->shows)
        show(name, png->data, png->len);
    g_byte_array_free(png, TRUE);
}

static void test_pages(void **state)
{
    const struct fax_scan_limits limits = {.max_pages = 50};
    struct fixture f;
    GByteArray *tiff = g_byte_array_new(), *again = g_byte_array_new();
    struct pages pages = {.shows = true};
    struct fax_scan scan;
    size_t n = 0;
    char why[256] = "";

    (void)state;
    item_make(&f, "ko", korean_text, korean_survey);
    assert_true(fax_tiff_of_item(&korea, &f.item, tiff, &n, why, sizeof why));
    assert_int_equal(n, 2);
    show("fax.tif", tiff->data, tiff->len);
    assert_true(fax_scan_read(tiff->data, tiff->len, &limits, on_scan_page, &pages, &scan));
    assert_int_equal(scan.n_pages, 2);
    assert_int_equal(scan.n_bad, 0);
    assert_int_equal(pages.width, 1728);
    assert_int_equal(pages.height, 2292);
    assert_int_equal(pages.n_readings, 1);
    assert_string_equal(pages.reading.token, TOKEN);
    assert_true(pages.reading.has_marks);
    assert_int_equal(pages.reading.n_questions, 4);
    for (size_t q = 0; q < 4; q++)
        assert_int_equal(pages.reading.marked[q] | pages.reading.doubtful[q], 0);
    /* the same item gives the same file */
    assert_true(fax_tiff_of_item(&korea, &f.item, again, &n, why, sizeof why));
    assert_int_equal(tiff->len, again->len);
    assert_memory_equal(tiff->data, again->data, tiff->len);
    g_byte_array_free(tiff, TRUE);
    g_byte_array_free(again, TRUE);
}

static void test_long_text(void **state)
{
    GString *text = g_string_new("# Terms\n\n");
    struct fixture f;
    GByteArray *tiff = g_byte_array_new();
    struct pages pages = {0};
    const struct fax_scan_limits limits = {.max_pages = 2};
    struct fax_scan scan;
    size_t n = 0;
    char why[256];

    (void)state;
    for (int i = 0; i < 120; i++)
        g_string_append(text, "A paragraph that says little, but says it in more than one line, so "
                              "that pages fill up and are turned.\n\n");
    item_make(&f, "en", text->str, "");
    assert_true(fax_tiff_of_item(&korea, &f.item, tiff, &n, why, sizeof why));
    assert_true(n > 3 && n < 12);
    /* no survey: no form, no code; and no more pages are looked at than wanted */
    assert_true(fax_scan_read(tiff->data, tiff->len, &limits, on_scan_page, &pages, &scan));
    assert_int_equal(scan.n_pages, 2);
    assert_int_equal(pages.n_readings, 0);
    g_byte_array_free(tiff, TRUE);
    g_string_free(text, TRUE);
}

static void test_page_faults(void **state)
{
    struct fixture f;
    struct fax_settings set = korea;
    GByteArray *tiff = g_byte_array_new();
    size_t n;
    char why[256];

    (void)state;
    item_make(&f, "en", "hello", "[{\"type\":\"dance\"}]");
    assert_false(fax_tiff_of_item(&set, &f.item, tiff, &n, why, sizeof why));
    assert_non_null(strstr(why, "question 1"));
    item_make(&f, "en", "hello", "");
    f.item.n_parts = 0;
    assert_false(fax_tiff_of_item(&set, &f.item, tiff, &n, why, sizeof why));
    assert_non_null(strstr(why, "no text"));
    set.form = FAX_FORM_ALWAYS;
    item_make(&f, "en", "hello", "");
    f.item.token_card = "";
    assert_false(fax_tiff_of_item(&set, &f.item, tiff, &n, why, sizeof why));
    f.item.token_card = TOKEN;
    assert_true(fax_tiff_of_item(&set, &f.item, tiff, &n, why, sizeof why));
    assert_int_equal(n, 2);
    set.form = FAX_FORM_NEVER;
    item_make(&f, "en", "hello", korean_survey);
    assert_true(fax_tiff_of_item(&set, &f.item, tiff, &n, why, sizeof why));
    assert_int_equal(n, 1);
    g_byte_array_free(tiff, TRUE);
}

/* What libtiff itself says of the file: what a fax machine can send. */
static void test_tiff(void **state)
{
    struct fixture f;
    GByteArray *tiff = g_byte_array_new();
    char path[] = "/tmp/fl-test-fax-XXXXXX", why[256];
    int fd = mkstemp(path), n_pages = 0;
    size_t n;
    TIFF *t;

    (void)state;
    item_make(&f, "ko", korean_text, korean_survey);
    assert_true(fax_tiff_of_item(&korea, &f.item, tiff, &n, why, sizeof why));
    assert_int_equal(write(fd, tiff->data, tiff->len), tiff->len);
    close(fd);
    t = TIFFOpen(path, "r");
    unlink(path);
    assert_non_null(t);
    do {
        uint32_t width, height, strip;
        uint16_t compression, bits, photometric, page, of;
        float x, y;

        assert_true(TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &width) &&
                    TIFFGetField(t, TIFFTAG_IMAGELENGTH, &height) &&
                    TIFFGetField(t, TIFFTAG_ROWSPERSTRIP, &strip) &&
                    TIFFGetField(t, TIFFTAG_COMPRESSION, &compression) &&
                    TIFFGetField(t, TIFFTAG_BITSPERSAMPLE, &bits) &&
                    TIFFGetField(t, TIFFTAG_PHOTOMETRIC, &photometric) &&
                    TIFFGetField(t, TIFFTAG_PAGENUMBER, &page, &of) &&
                    TIFFGetField(t, TIFFTAG_XRESOLUTION, &x) &&
                    TIFFGetField(t, TIFFTAG_YRESOLUTION, &y));
        assert_int_equal(width, 1728);
        assert_int_equal(height, 2292);
        assert_int_equal(strip, height);
        assert_int_equal(compression, COMPRESSION_CCITTFAX4);
        assert_int_equal(bits, 1);
        assert_int_equal(photometric, PHOTOMETRIC_MINISWHITE);
        assert_true(x == 204 && y == 196);
        assert_int_equal(page, n_pages);
        assert_int_equal(of, 2);
        n_pages++;
    } while (TIFFReadDirectory(t));
    TIFFClose(t);
    assert_int_equal(n_pages, 2);
    g_byte_array_free(tiff, TRUE);
}

static void count_complaint(void *ctx, const char *words)
{
    int *n = ctx;

    (void)words;
    (*n)++;
}

/* Every cut of a file: fewer pages, never a crash, words to the log and not to stderr. */
static void test_broken_tiff(void **state)
{
    struct fixture f;
    GByteArray *tiff = g_byte_array_new();
    struct fax_scan scan;
    int complaints = 0;
    const struct fax_scan_limits limits = {50, count_complaint, &complaints};
    size_t n;
    char why[256];

    (void)state;
    item_make(&f, "en", "hello", "");
    assert_true(fax_tiff_of_item(&korea, &f.item, tiff, &n, why, sizeof why));
    for (size_t len = 0; len < tiff->len; len += tiff->len / 40 + 1) {
        struct pages pages = {0};

        if (fax_scan_read(tiff->data, len, &limits, on_scan_page, &pages, &scan))
            assert_true(scan.n_pages <= 1);
    }
    assert_true(complaints > 0);
    assert_false(fax_scan_read("GIF89a", 6, &limits, on_scan_page, NULL, &scan));
    g_byte_array_free(tiff, TRUE);
}

/* --- numbers -----------------------------------------------------------------------------------*/

static void test_numbers(void **state)
{
    static const struct {
        const char *e164, *dialled, *shown;
    } out[] = {
        {"+82215770001", "0215770001", "02-1577-0001"},
        {"+82312345678", "0312345678", "031-234-5678"},
        {"+821012345678", "01012345678", "010-1234-5678"},
        {"+493012345678", "00493012345678", "+493012345678"},
    };
    static const struct {
        const char *shown, *e164;
    } in[] = {
        {"0215770001", "+82215770001"},
        {"+82 2 1577 0001", "+82215770001"},
        {"00493012345678", "+493012345678"},
        {"15770001", "+8215770001"},
        {"LAB-A", NULL},
        {"", NULL},
        {"12", NULL},
        {"123456789012345678", NULL},
    };
    char text[FAX_NUMBER_MAX + 8];

    (void)state;
    for (size_t i = 0; i < sizeof out / sizeof out[0]; i++) {
        assert_true(fax_number_dial(&korea, out[i].e164, text));
        assert_string_equal(text, out[i].dialled);
        fax_number_show(&korea, out[i].e164, text, sizeof text);
        assert_string_equal(text, out[i].shown);
    }
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++) {
        assert_int_equal(fax_number_read(&korea, in[i].shown, text), in[i].e164 != NULL);
        if (in[i].e164)
            assert_string_equal(text, in[i].e164);
    }
    assert_false(fax_number_dial(&korea, "0215770001", text));
    assert_false(fax_number_dial(&korea, "+82; DELE x", text));
}

/* --- listings ----------------------------------------------------------------------------------*/

static bool job_read(const char *line, struct fax_job *job)
{
    return fax_job_read(line, strlen(line), job);
}

static void test_job_lines(void **state)
{
    struct fax_job job;

    (void)state;
    assert_true(job_read("1|D|" TOKEN "| 2:2 | 1:3 | 1:3 |000000001|0215770001|\r", &job));
    assert_int_equal(job.id, 1);
    assert_int_equal(job.state, 'D');
    assert_string_equal(job.tag, TOKEN);
    assert_int_equal(job.pages_sent, 2);
    assert_int_equal(job.dials, 1);
    assert_string_equal(job.communication, "000000001");
    assert_string_equal(job.words, "");
    assert_true(job_read("12|S||0:1|1:3|0:3||0215770001|Busy signal | detected", &job));
    assert_string_equal(job.words, "Busy signal | detected");
    assert_false(job_read("", &job));
    assert_false(job_read("1|D|x", &job));
    assert_false(job_read("x|D||0:1|1:3|0:3||0|", &job));
    assert_false(job_read("1|DD||0:1|1:3|0:3||0|", &job));
    assert_false(job_read("-1|D||0:1|1:3|0:3||0|", &job));
    assert_true(job_read("1|F||0:1|1:3|0:3||0|caf\xe9\x01!", &job));
    assert_true(g_utf8_validate(job.words, -1, NULL));
}

static void test_received_lines(void **state)
{
    static const char line[] =
        "|fax000000001.tif|1096|1|2026/11/22 19.58.25|02157700|LAB-A|0:01:11|";
    struct fax_received r;

    (void)state;
    assert_true(fax_received_read(line, strlen(line), &r));
    assert_string_equal(r.file, "fax000000001.tif");
    assert_int_equal(r.size, 1096);
    assert_int_equal(r.seconds, 71);
    assert_true(r.at_us == INT64_C(1795377505000000));
    assert_string_equal(r.caller, "02157700");
    assert_string_equal(r.sender, "LAB-A");
    assert_false(r.is_under_way);
    assert_true(fax_received_read("*|fax1.tif|0|0|||| |", 20, &r));
    assert_true(r.is_under_way);
    assert_false(fax_received_read("|../etc/x.tif|1|1||||0:1|", 25, &r));
    assert_false(fax_received_read("|seqf|1|1||||0:1|", 17, &r));
    assert_false(fax_file_is_safe("a/b.tif"));
    assert_false(fax_file_is_safe(".tif"));
    assert_false(fax_file_is_safe("a\r\nDELE x.tif"));
}

static void test_verdicts(void **state)
{
    static const struct {
        char state;
        const char *words;
        enum fl_outcome outcome;
        enum fl_fault_class fault;
    } cases[] = {
        {'D', "", FL_OUTCOME_DELIVERED, FL_FAULT_NONE},
        {'S', "Busy signal detected", FL_OUTCOME_ACCEPTED, FL_FAULT_NONE},
        {'F', "Busy signal detected; too many attempts to dial", FL_OUTCOME_BOUNCED,
         FL_FAULT_MAILBOX},
        {'F', "No answer from remote", FL_OUTCOME_BOUNCED, FL_FAULT_MAILBOX},
        {'F', "No carrier detected", FL_OUTCOME_BOUNCED, FL_FAULT_MAILBOX},
        {'F', "Ringback detected, no answer without CED", FL_OUTCOME_BOUNCED, FL_FAULT_MAILBOX},
        {'F', "No receiver protocol (T.30 T1 timeout)", FL_OUTCOME_BOUNCED, FL_FAULT_MAILBOX},
        {'F', "Unallocated (unassigned) number", FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
        {'F', "No local dialtone", FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
        {'F', "Invalid dialing command", FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
        {'F', "REJECT: Page width (4711) appears invalid", FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
        {'F', "REJECT: Too many attempts to dial: 3, max 3", FL_OUTCOME_BOUNCED, FL_FAULT_MAILBOX},
        {'F', "Too many pages in submission; max 3", FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
        {'F', "Job aborted by request", FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
        {'F', "Kill time expired", FL_OUTCOME_FAILED, FL_FAULT_TRANSIENT},
        {'F', "No response to EOP repeated 3 tries", FL_OUTCOME_FAILED, FL_FAULT_TRANSIENT},
        {'F', "Failure to train modems", FL_OUTCOME_FAILED, FL_FAULT_TRANSIENT},
        {'F', "", FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fax_job job = {.state = cases[i].state};
        struct fax_verdict verdict;

        g_strlcpy(job.words, cases[i].words, sizeof job.words);
        verdict = fax_job_classify(&job);
        if (verdict.outcome != cases[i].outcome || verdict.fault != cases[i].fault)
            fail_msg("\"%s\": outcome %d, class %d", cases[i].words, (int)verdict.outcome,
                     (int)verdict.fault);
    }
}

/* --- options -----------------------------------------------------------------------------------*/

static enum fl_call settings_of(const char *const given[][2], size_t n, struct fl_why *why)
{
    GStringChunk *strings = g_string_chunk_new(256);
    struct fl_option options[64] = {{0}};
    struct fax_settings set;
    size_t count = 0;
    enum fl_call call;

    for (const struct fl_option_spec *spec = fax_option_specs; spec->name; spec++) {
        struct fl_option *o = &options[count++];

        *o = (struct fl_option){spec->name, spec->default_text, 0};
        if (strcmp(spec->name, "keep_received") == 0)
            o->number = 1;
        for (size_t i = 0; i < n; i++) {
            if (strcmp(given[i][0], spec->name) == 0) {
                o->text = given[i][1];
                o->number = atoi(given[i][1]);
            }
        }
    }
    call = fax_settings_read(options, count, strings, &set, why);
    g_string_chunk_free(strings);
    return call;
}

static void test_options(void **state)
{
    static const char *const good[][2] = {{"number", "+82215770001"}, {"name", "Shop"}};
    static const char *const bad[][3][2] = {
        {{"number", "0215770001"}, {"name", "Shop"}, {"", ""}},
        {{"number", "+82215770001"}, {"name", "Shop"}, {"user", "a b"}},
        {{"number", "+82215770001"}, {"name", "Shop"}, {"password", "a\"b"}},
        {{"number", "+82215770001"}, {"name", "Shop"}, {"country_code", "+82"}},
        {{"number", "+82215770001"}, {"name", "Shop"}, {"inbound", "2"}},
        {{"number", "+82215770001"}, {"name", "Shop"}, {"currency", "won!"}},
    };
    struct fl_why why = {.size = sizeof why};

    (void)state;
    if (settings_of(good, 2, &why) != FL_CALL_OK)
        fail_msg("%s", why.text);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        why.text[0] = '\0';
        assert_int_equal(settings_of(bad[i], 3, &why), FL_CALL_FAILED);
        assert_non_null(strstr(why.text, "expected") ?: strstr(why.text, "does not take"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),       cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_page_faults), cmocka_unit_test(test_tiff),
        cmocka_unit_test(test_broken_tiff), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_job_lines),   cmocka_unit_test(test_received_lines),
        cmocka_unit_test(test_verdicts),    cmocka_unit_test(test_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
