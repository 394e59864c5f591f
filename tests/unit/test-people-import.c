/* Importing customers into a store: what is taken, what is refused, what stays. */
#include "unit.h"

#include <iconv.h>
#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "people/people.h"

#define NOW INT64_C(1795316645000000) /* 2026-11-22 */

struct world {
    char dir[64];
    char path[128];
    struct fl_store *store;
    struct fl_clock_manual manual;
    struct fl_arena *arena;
    struct fl_faults faults;
    struct fl_import_options options;
    struct fl_import_result result;
    struct fl_error err;
    int64_t progress_done, progress_total;
};

static void note_progress(void *ctx, int64_t done, int64_t total)
{
    struct world *w = ctx;

    assert_true(done >= w->progress_done && done <= total);
    w->progress_done = done;
    w->progress_total = total;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct fl_store_options options = {.create_if_missing = true, .busy_timeout_us = FL_US_PER_S};
    char uri[160];
    struct fl_error err;

    strcpy(w->dir, "/tmp/test-people-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/t.db", w->dir);
    snprintf(uri, sizeof uri, "sqlite:%s", w->path);
    w->manual.now_us = NOW;
    options.clock = fl_clock_of_manual(&w->manual);
    assert_ok(fl_store_open(uri, &options, &w->store, &err));
    w->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    w->options = (struct fl_import_options){
        .name = "c.csv", .country = "KR", .now_us = NOW, .progress = note_progress, .ctx = w};
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    struct world *w = *state;
    char path[200];

    fl_store_close(&w->store);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(path, sizeof path, "%s%s", w->path, suffixes[i]);
        unlink(path);
    }
    rmdir(w->dir);
    fl_arena_destroy(&w->arena);
    free(w);
    return 0;
}

static enum fl_status import_bytes(struct world *w, const void *data, size_t len)
{
    enum fl_status st;
    int fd;

    assert_int_equal(fl_memfd_sealed("csv", data, len, &fd, NULL), FL_OK);
    fl_faults_init(&w->faults, w->arena);
    w->progress_done = 0;
    st = fl_people_import(w->store, fd, &w->options, &w->faults, &w->result, &w->err);
    close(fd);
    return st;
}

static enum fl_status import_text(struct world *w, const char *text)
{
    return import_bytes(w, text, strlen(text));
}

static void assert_imported(struct world *w, const char *text)
{
    if (import_text(w, text))
        fail_msg("%s", w->err.text);
}

static struct fl_customer customer(struct world *w, const char *external_id)
{
    struct fl_customer out;
    struct fl_error err;
    int64_t id;

    assert_ok(fl_store_customer_find(w->store, external_id, &id, &err));
    assert_ok(fl_store_customer_get(w->store, w->arena, id, &out, &err));
    return out;
}

static const char *address(const struct fl_customer *c, enum fl_medium medium)
{
    for (size_t i = 0; i < c->n_addresses; i++)
        if (c->addresses[i].medium == medium && c->addresses[i].status == FL_ADDRESS_OK)
            return c->addresses[i].value;
    return NULL;
}

static enum fl_consent_state consent(const struct fl_customer *c, enum fl_medium medium)
{
    for (size_t i = 0; i < c->n_consents; i++)
        if (c->consents[i].medium == medium)
            return c->consents[i].state;
    return FL_CONSENT_NONE;
}

static bool count_one(void *ctx, const struct fl_customer *c)
{
    (void)c;
    ++*(int *)ctx;
    return true;
}

static int count_customers(struct world *w)
{
    struct fl_error err;
    int n = 0;

    assert_ok(fl_store_customer_each(w->store, 0, 1000000, count_one, &n, &err));
    return n;
}

/* "line column value: reason" of every fault. */
static const char *faults_text(struct world *w)
{
    const char *text = "";

    for (size_t i = 0; i < w->faults.n_items; i++)
        text =
            fl_arena_printf(w->arena, "%s%s\n", text, fl_fault_text(w->arena, &w->faults.items[i]));
    return text;
}

static void test_whole_row(void **state)
{
    struct world *w = *state;
    struct fl_customer c;

    assert_imported(
        w, "external_id,name,language,time_zone,email,phone,fax,postal_address,"
           "anchor.birth,attribute.z,attribute.a,consent.marketing.email,"
           "consent.marketing.sms,consent_proof,consent_at\r\n"
           "C1,김민지,ko,Asia/Seoul,Min.Ji@CUST.test,010-1234-5678,02-345-6789,"
           "\"마포대로 1\n서울\n04175\",2026-05-01,\"q\"\"x\",아,예,거부,paper 7,2026-11-01\r\n");
    c = customer(w, "C1");
    assert_string_equal(c.name, "김민지");
    assert_string_equal(c.language, "ko");
    assert_string_equal(c.time_zone, "Asia/Seoul");
    assert_string_equal(c.attributes, "{\"a\":\"아\",\"z\":\"q\\\"x\"}");
    assert_string_equal(address(&c, FL_MEDIUM_EMAIL), "Min.Ji@cust.test");
    assert_string_equal(address(&c, FL_MEDIUM_SMS), "+821012345678");
    assert_string_equal(address(&c, FL_MEDIUM_FAX), "+8223456789");
    assert_string_equal(address(&c, FL_MEDIUM_LETTER), "마포대로 1\n서울\n04175\nKR");
    assert_int_equal(c.n_anchors, 1);
    assert_int_equal(c.anchors[0].date, fl_date_of_civil(2026, 5, 1));
    assert_int_equal(consent(&c, FL_MEDIUM_EMAIL), FL_CONSENT_GRANTED);
    assert_int_equal(consent(&c, FL_MEDIUM_SMS), FL_CONSENT_WITHDRAWN);
    assert_string_equal(c.consents[0].proof, "paper 7");
    assert_string_equal(c.consents[0].source, "import");
    assert_int_equal(w->result.n_rows, 1);
    assert_int_equal(w->result.n_inserted, 1);
    assert_string_equal(w->result.charset, "UTF-8");
    assert_true(w->progress_total > 0);
}

static void test_postal_address_in_parts(void **state)
{
    struct world *w = *state;
    struct fl_customer c;

    assert_imported(w, "external_id,street,city,region,postcode,country\r\n"
                       "C1,12 Saebyeok-gil|Apt 3,Gaon,,06236,\r\n"
                       "C2,1 Main St,Springfield,IL,62701-1234,US\r\n"
                       "C3,,,,,DE\r\n");
    c = customer(w, "C1");
    assert_string_equal(address(&c, FL_MEDIUM_LETTER), "12 Saebyeok-gil\nApt 3\nGaon\n06236\nKR");
    c = customer(w, "C2");
    assert_string_equal(address(&c, FL_MEDIUM_LETTER),
                        "1 Main St\nSpringfield, IL\n62701-1234\nUS");
    c = customer(w, "C3");
    assert_int_equal(c.n_addresses, 0);
}

static void test_again_changes_nothing(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    size_t len;
    char *csv;

    assert_ok(
        fl_people_sample(w->arena, 1, 2000, fl_date_of_civil(2026, 11, 22), &csv, &len, &err));
    assert_imported(w, csv);
    assert_int_equal(w->result.n_inserted, 2000);
    w->manual.now_us += FL_US_PER_DAY;
    w->options.now_us += FL_US_PER_DAY;
    assert_imported(w, csv);
    assert_int_equal(w->result.n_rows, 2000);
    assert_int_equal(w->result.n_unchanged, 2000);
    assert_int_equal(count_customers(w), 2000);
}

static void test_update(void **state)
{
    struct world *w = *state;
    struct fl_customer c;

    assert_imported(w, "external_id,name,email,attribute.a,attribute.b\n"
                       "1,Kim,a@cust.test,x,y\n2,Lee,b@cust.test,,\n");
    assert_imported(w, "external_id;email;attribute.b;attribute.c\n1;c@cust.test;;z\n2;;;\n");
    assert_int_equal(w->result.n_updated, 1);
    assert_int_equal(w->result.n_unchanged, 1);
    c = customer(w, "1");
    assert_string_equal(c.name, "Kim");
    assert_string_equal(address(&c, FL_MEDIUM_EMAIL), "c@cust.test");
    assert_string_equal(c.attributes, "{\"a\":\"x\",\"b\":\"y\",\"c\":\"z\"}");
}

static void test_faults(void **state)
{
    struct world *w = *state;

    assert_status(
        FL_INVALID,
        import_text(w,
                    "external_id,email,phone,anchor.birth,language,consent.news.email,time_zone\n"
                    "1,good@cust.test,010-1234-5678,2026-01-01,ko,yes,Asia/Seoul\n"
                    "2,bad@,,,,,\n"
                    "3,,12,,,,\n"
                    "4,,,2026-02-30,,,\n"
                    "5,,,,korean,,\n"
                    "6,,,,,maybe,\n"
                    ",x@cust.test,,,,,\n"
                    "\"8\n\",,,,,,Mars/Base\n"
                    "1,,,,,,\n"
                    "9,,,,,,,\n"
                    "x\"y,,,,,,\n"
                    "\x01,,,,,,\n"));
    assert_string_equal(
        faults_text(w),
        "c.csv:3: email \"bad@\": nothing after the \"@\"\n"
        "c.csv:4: phone \"12\": too short for a phone number of its country\n"
        "c.csv:5: anchor.birth \"2026-02-30\": a date as \"2026-11-22\" is expected\n"
        "c.csv:6: language \"korean\": a language tag as \"ko\" or \"en-GB\" is expected\n"
        "c.csv:7: consent.news.email \"maybe\": yes or no is expected (or nothing, where it is not "
        "known)\n"
        "c.csv:8: external_id: missing\n"
        "c.csv:9: time_zone \"Mars/Base\": a time zone as \"Asia/Seoul\" is expected\n"
        "c.csv:11: external_id \"1\": stands in line 2 already\n"
        "c.csv:12: 8 cells, the header has 7\n"
        "c.csv:13: a quote within a cell: cells with quotes are quoted, and the quotes in them "
        "doubled\n"
        "c.csv:14: external_id \"\x01\": a control character or line break within\n");
    assert_int_equal(count_customers(w), 0);
    assert_false(fl_store_in_transaction(w->store));
}

static void test_header_faults(void **state)
{
    static const struct {
        const char *header, *map, *faults;
    } cases[] = {
        {"name\n", NULL, "c.csv:1: external_id: no column goes into this field (see --map)\n"},
        {"external_id,Colour\n", NULL,
         "c.csv:1: Colour: no such field; map the column to one, or to \"ignore\"\n"},
        {"id,x\n", "id=external_id,x=consent.marketing.pigeon",
         "c.csv:1: x \"consent.marketing.pigeon\": no such field\n"},
        {"id\n", "id=external_id,gone=name",
         "c.csv:1: gone: the map names a column the file has not\n"},
        {"id,email,mail\n", "id=external_id,mail=email",
         "c.csv:1: mail: goes into the same field as column \"email\"\n"},
        {"id\n", "id=external_id,nonsense",
         "c.csv: map \"nonsense\": \"COLUMN=FIELD\" is expected\n"},
        {"", NULL, "c.csv: the file is empty\n"},
        {"\n\n", NULL, "c.csv: the file is empty\n"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        w->options.map = cases[i].map;
        assert_status(FL_INVALID, import_text(w, cases[i].header));
        assert_string_equal(faults_text(w), cases[i].faults);
    }
}

static void test_map(void **state)
{
    struct world *w = *state;
    struct fl_customer c;

    w->options.map = "고객번호=external_id, Name\\, first=name,비고=ignore";
    assert_imported(w, "고객번호;\"Name, first\";비고;Email;\n7;Kim;x;k@cust.test;\n;;;;\n");
    assert_int_equal(w->result.n_rows, 1);
    c = customer(w, "7");
    assert_string_equal(c.name, "Kim");
    assert_string_equal(address(&c, FL_MEDIUM_EMAIL), "k@cust.test");
}

static void test_cp949(void **state)
{
    static const char text[] = "고객번호,이름,수신동의\nA1,홍길동,동의\nA2,이순신,거부\n";
    struct world *w = *state;
    iconv_t converter = iconv_open("CP949", "UTF-8");
    char bytes[200], *in = (char *)(uintptr_t)text, *out = bytes;
    size_t in_left = sizeof text - 1, out_left = sizeof bytes;
    struct fl_customer c;

    iconv(converter, &in, &in_left, &out, &out_left);
    iconv_close(converter);
    w->options.map = "고객번호=external_id,이름=name,수신동의=consent.marketing.email";
    assert_int_equal(import_bytes(w, bytes, (size_t)(out - bytes)), FL_OK);
    assert_string_equal(w->result.charset, "CP949");
    c = customer(w, "A1");
    assert_string_equal(c.name, "홍길동");
    assert_int_equal(consent(&c, FL_MEDIUM_EMAIL), FL_CONSENT_GRANTED);
    assert_string_equal(c.consents[0].proof, "c.csv");
    c = customer(w, "A2");
    assert_int_equal(consent(&c, FL_MEDIUM_EMAIL), FL_CONSENT_WITHDRAWN);
}

static void opt_out(struct world *w, const char *external_id, int64_t at_us)
{
    struct fl_customer c = customer(w, external_id);
    struct fl_consent line = {.customer = c.id,
                              .purpose = "marketing",
                              .medium = FL_MEDIUM_EMAIL,
                              .state = FL_CONSENT_WITHDRAWN,
                              .source = "reply",
                              .proof = "",
                              .at_us = at_us};
    struct fl_error err;

    assert_ok(fl_store_begin(w->store, &err));
    assert_ok(fl_store_consent_append(w->store, &line, &err));
    assert_ok(fl_store_commit(w->store, &err));
}

static void test_opt_out_stays(void **state)
{
    static const char list[] = "external_id,consent.marketing.email\n1,yes\n2,no\n";
    struct world *w = *state;
    struct fl_customer c;

    assert_imported(w, list);
    opt_out(w, "1", NOW + 5);
    w->options.now_us = NOW + FL_US_PER_DAY;
    assert_imported(w, list);
    assert_int_equal(w->result.n_opt_outs_kept, 1);
    assert_int_equal(w->result.n_unchanged, 2);
    c = customer(w, "1");
    assert_int_equal(consent(&c, FL_MEDIUM_EMAIL), FL_CONSENT_WITHDRAWN);
    /* A consent before the opt-out says nothing, one after it does. */
    assert_imported(w, "external_id,consent.marketing.email,consent_at\n1,yes,2026-11-01\n");
    assert_int_equal(w->result.n_opt_outs_kept, 1);
    assert_imported(w, "external_id,consent.marketing.email,consent_at\n1,yes,2026-11-23\n");
    assert_int_equal(w->result.n_updated, 1);
    c = customer(w, "1");
    assert_int_equal(consent(&c, FL_MEDIUM_EMAIL), FL_CONSENT_GRANTED);
    /* What only a list has said, the next list may change. */
    assert_imported(w, "external_id,consent.marketing.email\n2,yes\n");
    c = customer(w, "2");
    assert_int_equal(consent(&c, FL_MEDIUM_EMAIL), FL_CONSENT_GRANTED);
}

static void test_dry_run(void **state)
{
    struct world *w = *state;

    w->options.is_dry_run = true;
    assert_imported(w, "external_id\n1\n2\n");
    assert_int_equal(w->result.n_inserted, 2);
    assert_int_equal(count_customers(w), 0);
}

static void test_pipe(void **state)
{
    struct world *w = *state;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "external_id\n1\n2\n", 16), 16);
    close(fds[1]);
    fl_faults_init(&w->faults, w->arena);
    assert_int_equal(
        fl_people_import(w->store, fds[0], &w->options, &w->faults, &w->result, &w->err), FL_OK);
    assert_int_equal(w->result.n_inserted, 2);
    close(fds[0]);
}

/* A row the store refuses in the second pass takes the whole file back. */
static void test_erased_stay_erased(void **state)
{
    struct fl_customer gone = {.external_id = "2", .state = FL_CUSTOMER_ERASED};
    struct world *w = *state;
    struct fl_error err;
    enum fl_put put;
    int64_t id;

    assert_ok(fl_store_begin(w->store, &err));
    assert_ok(fl_store_customer_put(w->store, &gone, &put, &id, &err));
    assert_ok(fl_store_commit(w->store, &err));
    assert_status(FL_INVALID, import_text(w, "external_id\n1\n2\n3\n"));
    assert_string_equal(faults_text(w), "c.csv:3: external_id \"2\": customer \"2\" was erased\n");
    assert_status(FL_NOT_FOUND, fl_store_customer_find(w->store, "1", &id, &err));
    assert_false(fl_store_in_transaction(w->store));
}

struct meddler {
    int fd;
    const char *text;
};

static void meddle(void *ctx, int64_t done, int64_t total)
{
    struct meddler *m = ctx;

    (void)done;
    (void)total;
    assert_int_equal(ftruncate(m->fd, 0), 0);
    assert_int_equal(pwrite(m->fd, m->text, strlen(m->text), 0), strlen(m->text));
}

/* Somebody writes into the file between the passes. */
static void test_file_changes(void **state)
{
    static const char *const after[] = {"external_id\n1\n", "nonsense\n1\n", "",
                                        "external_id\n1\n\"2\n"};
    static const char before[] = "external_id\n1\n2\n";
    struct world *w = *state;

    for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
        struct meddler m = {memfd_create("csv", 0), after[i]};

        assert_int_equal(write(m.fd, before, strlen(before)), strlen(before));
        w->options.progress = meddle;
        w->options.ctx = &m;
        fl_faults_init(&w->faults, w->arena);
        assert_status(FL_CONFLICT, fl_people_import(w->store, m.fd, &w->options, &w->faults,
                                                    &w->result, &w->err));
        assert_int_equal(count_customers(w), 0);
        close(m.fd);
    }
}

static void test_limits(void **state)
{
    struct world *w = *state;
    struct fl_buf csv = FL_BUF((size_t)8 << 20);

    fl_buf_puts(&csv, "external_id,attribute.x\n1,");
    for (int i = 0; i <= FL_IMPORT_CELL_MAX; i++)
        fl_buf_putc(&csv, 'x');
    fl_buf_puts(&csv, "\n2,\"never closed\n");
    for (int i = 0; i < 300000; i++)
        fl_buf_printf(&csv, "%d,1\n", i + 3);
    assert_status(FL_INVALID, import_bytes(w, csv.data, csv.len));
    assert_true(w->faults.n_total >= 2);
    assert_non_null(strstr(faults_text(w), ": 65537 bytes, at most 65536\n"));
    assert_non_null(strstr(faults_text(w), "c.csv:3: the row does not end"));
    fl_buf_reset(&csv);
    fl_buf_puts(&csv, "external_id");
    for (int i = 0; i < FL_IMPORT_COLUMNS_MAX; i++)
        fl_buf_printf(&csv, ",attribute.a%d", i);
    assert_status(FL_INVALID, import_bytes(w, csv.data, csv.len));
    assert_string_equal(faults_text(w), "c.csv:1: 201 columns, at most 200\n");
    fl_buf_finish(&csv);
    w->options.charset = "no-such-charset";
    assert_status(FL_INVALID, import_text(w, "external_id\n1\n"));
    w->options.charset = "UTF-8//IGNORE";
    assert_status(FL_INVALID, import_text(w, "external_id\n1\n"));
}

static void test_proof_is_needed(void **state)
{
    struct world *w = *state;

    w->options.name = NULL;
    assert_status(FL_INVALID, import_text(w, "external_id,consent.marketing.email\n1,yes\n"));
    assert_non_null(strstr(faults_text(w), "without proof"));
}

/* Whatever a name is, it comes back as it was or is refused. */
static void test_naughty_strings(void **state)
{
    struct world *w = *state;
    const char *dir = getenv("FL_SHARED_DATA");
    char path[4096];
    json_t *list;
    size_t n_taken = 0;

    snprintf(path, sizeof path, "%s/strings/naughty.json", dir ? dir : "/nonexistent");
    list = json_load_file(path, JSON_ALLOW_NUL, NULL);
    if (!list) {
        print_message("strings/naughty.json is absent: skipped\n");
        skip();
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *value = json_string_value(json_array_get(list, i));
        struct fl_buf csv = FL_BUF((size_t)1 << 20);

        fl_buf_printf(&csv, "external_id,name,attribute.x\n%zu,\"", i);
        for (int twice = 0; twice < 2; twice++) {
            for (const char *p = value; *p; p++)
                fl_buf_printf(&csv, *p == '"' ? "\"\"" : "%c", *p);
            fl_buf_puts(&csv, twice ? "\"\n" : "\",\"");
        }
        if (import_bytes(w, csv.data, csv.len) == FL_OK) {
            char id[32], *trimmed = fl_str_trim(fl_arena_strdup(w->arena, value));
            struct fl_customer c;
            json_t *attributes;

            snprintf(id, sizeof id, "%zu", i);
            c = customer(w, id);
            assert_string_equal(c.name, trimmed);
            attributes = json_loads(c.attributes, 0, NULL);
            assert_non_null(attributes);
            if (*trimmed)
                assert_string_equal(json_string_value(json_object_get(attributes, "x")), trimmed);
            json_decref(attributes);
            n_taken++;
        } else
            assert_true(w->faults.n_total > 0);
        fl_buf_finish(&csv);
    }
    assert_true(n_taken > json_array_size(list) * 9 / 10);
    json_decref(list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole_row),
        TEST(test_postal_address_in_parts),
        TEST(test_again_changes_nothing),
        TEST(test_update),
        TEST(test_faults),
        TEST(test_header_faults),
        TEST(test_map),
        TEST(test_cp949),
        TEST(test_opt_out_stays),
        TEST(test_dry_run),
        TEST(test_pipe),
        TEST(test_erased_stay_erased),
        TEST(test_file_changes),
        TEST(test_limits),
        TEST(test_proof_is_needed),
        TEST(test_naughty_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
