/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plugins/letter: batches to jobs in folders, and what comes back. */
#include "letter-options.h"

#include <glib/gstdio.h>
#include <unistd.h>

/* --- a host -----------------------------------------------------------------------------------*/

struct world {
    GHashTable *memory; /* char * -> GBytes * */
    GArray *reports;    /* struct fl_report, texts copied */
    GPtrArray *receipts, *forms;
    GString *log;
    size_t n_commits, n_begun, refuse_after;
    int64_t now_us;
};

static void on_log(void *host, enum fl_level level, const char *message)
{
    struct world *world = host;

    (void)level;
    g_string_append_printf(world->log, "%s\n", message);
}

static int64_t on_now(void *host)
{
    return ((struct world *)host)->now_us;
}

static int on_report(void *host, const struct fl_report *report)
{
    struct world *world = host;
    struct fl_report copy = *report;

    copy.detail = g_strdup(report->detail);
    copy.provider_ref = g_strdup(report->provider_ref);
    g_array_append_val(world->reports, copy);
    return 0;
}

static int on_inbound(void *host, const struct fl_inbound *inbound)
{
    struct world *world = host;

    if (world->refuse_after && world->forms->len >= world->refuse_after)
        return 1;
    g_ptr_array_add(world->forms,
                    g_strdup_printf("%s %s %zu", inbound->dedupe_key,
                                    inbound->form ? inbound->form : "-", inbound->n_attachments));
    return 0;
}

static int on_receipt(void *host, const struct fl_receipt *receipt)
{
    struct world *world = host;

    if (world->refuse_after && world->receipts->len >= world->refuse_after)
        return 1;
    g_ptr_array_add(world->receipts,
                    g_strdup_printf("%s %d %d %s", receipt->token, (int)receipt->report.outcome,
                                    (int)receipt->report.fault, receipt->report.detail));
    return 0;
}

static int on_commit(void *host)
{
    ((struct world *)host)->n_commits++;
    return 0;
}

static int on_stopping(void *host)
{
    (void)host;
    return 0;
}

static int on_remember(void *host, const char *key, const void *data, size_t len)
{
    assert_in_range(len, 1, 4096);
    g_hash_table_insert(((struct world *)host)->memory, g_strdup(key), g_bytes_new(data, len));
    return 0;
}

static long on_recall(void *host, const char *key, void *data, size_t cap)
{
    GBytes *bytes = g_hash_table_lookup(((struct world *)host)->memory, key);
    gsize len;
    const void *value = bytes ? g_bytes_get_data(bytes, &len) : NULL;

    if (!value)
        return -1;
    memcpy(data, value, MIN(len, cap));
    return (long)len;
}

static int on_begin(void *host, uint32_t item)
{
    (void)item;
    ((struct world *)host)->n_begun++;
    return 0;
}

static void bytes_free(gpointer bytes)
{
    g_bytes_unref(bytes);
}

static struct world *world_new(void)
{
    struct world *world = g_new0(struct world, 1);

    world->memory = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, bytes_free);
    world->reports = g_array_new(FALSE, FALSE, sizeof(struct fl_report));
    world->receipts = g_ptr_array_new_with_free_func(g_free);
    world->forms = g_ptr_array_new_with_free_func(g_free);
    world->log = g_string_new(NULL);
    world->now_us = g_get_real_time() + INT64_C(3600) * G_USEC_PER_SEC;
    return world;
}

static void reports_clear(struct world *world)
{
    for (guint i = 0; i < world->reports->len; i++) {
        struct fl_report *report = &g_array_index(world->reports, struct fl_report, i);

        g_free((char *)(uintptr_t)report->detail);
        g_free((char *)(uintptr_t)report->provider_ref);
    }
    g_array_set_size(world->reports, 0);
}

static void world_free(struct world *world)
{
    reports_clear(world);
    g_array_free(world->reports, TRUE);
    g_hash_table_destroy(world->memory);
    g_ptr_array_free(world->receipts, TRUE);
    g_ptr_array_free(world->forms, TRUE);
    g_string_free(world->log, TRUE);
    g_free(world);
}

static struct fl_services services_of(struct world *world)
{
    return (struct fl_services){.size = sizeof(struct fl_services),
                                .host = world,
                                .log = on_log,
                                .now_us = on_now,
                                .report = on_report,
                                .inbound = on_inbound,
                                .receipt = on_receipt,
                                .commit = on_commit,
                                .is_stopping = on_stopping,
                                .remember = on_remember,
                                .recall = on_recall,
                                .begin = on_begin};
}

/* --- jobs -------------------------------------------------------------------------------------*/

enum { ITEMS_MAX = 600 };

struct batch {
    struct fl_item items[ITEMS_MAX];
    const struct fl_item *pointers[ITEMS_MAX];
    char addresses[ITEMS_MAX][128];
    struct fl_part part;
    const struct fl_part *parts[1];
    size_t n;
};

static struct batch *batch_new(size_t n)
{
    struct batch *batch = g_new0(struct batch, 1);

    batch->part = (struct fl_part){.size = sizeof batch->part,
                                   .type = "text/markdown",
                                   .data = "안녕하세요, **김민수** 님.\n\n- 하나\n",
                                   .data_len = strlen("안녕하세요, **김민수** 님.\n\n- 하나\n")};
    batch->parts[0] = &batch->part;
    batch->n = n;
    for (size_t i = 0; i < n; i++) {
        /* Postcodes run backwards, so that order means something. */
        g_snprintf(batch->addresses[i], sizeof batch->addresses[i], "세종대로 %zu\n%05zu\n%s", i,
                   99000 - i, i % 5 == 4 ? "DE" : "KR");
        batch->items[i] = (struct fl_item){.size = sizeof(struct fl_item),
                                           .attempt = 1,
                                           .message_id = (int64_t)(7000 + i),
                                           .to_address = batch->addresses[i],
                                           .to_name = "김민수",
                                           .language = "ko",
                                           .subject = "안내",
                                           .sender_name = "",
                                           .campaign = "가을 Autumn 2026",
                                           .parts = batch->parts,
                                           .n_parts = 1,
                                           .token_card = T,
                                           .page_url = "",
                                           .survey = ""};
        batch->pointers[i] = &batch->items[i];
    }
    return batch;
}

struct run {
    char *dir;
    struct world *world;
    struct options options;
    void *self;
    struct fl_services services;
};

static void run_open(struct run *run)
{
    struct fl_why why = {.size = sizeof why};

    run->services = services_of(run->world);
    if (fairline_channel_v1()->open(run->options.list, run->options.n, &run->services, &run->self,
                                    &why) != FL_CALL_OK)
        fail_msg("%s", why.text);
}

static int run_setup(void **state)
{
    struct run *run = g_new0(struct run, 1);

    run->dir = g_dir_make_tmp("fl-letter-XXXXXX", NULL);
    run->world = world_new();
    options_init(&run->options, run->dir);
    *state = run;
    return 0;
}

static int run_teardown(void **state)
{
    struct run *run = *state;
    char *command = g_strdup_printf("rm -rf '%s'", run->dir);

    if (run->self)
        fairline_channel_v1()->close(run->self);
    assert_int_equal(system(command), 0);
    g_free(command);
    g_free(run->dir);
    world_free(run->world);
    g_free(run);
    return 0;
}

static enum fl_call deliver(struct run *run, const struct batch *batch, size_t from, size_t n)
{
    struct fl_why why = {.size = sizeof why};

    reports_clear(run->world);
    return fairline_channel_v1()->deliver(run->self, batch->pointers + from, n, &why);
}

static const struct fl_report *report_at(const struct run *run, guint i)
{
    assert_in_range(i, 0, run->world->reports->len - 1);
    return &g_array_index(run->world->reports, struct fl_report, i);
}

static size_t count(const struct run *run, enum fl_outcome outcome)
{
    size_t n = 0;

    for (guint i = 0; i < run->world->reports->len; i++)
        n += report_at(run, i)->outcome == outcome;
    return n;
}

static gint names_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder, in order. */
static char *names(const char *dir)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    GDir *d = g_dir_open(dir, 0, NULL);
    const char *name;
    char *joined;

    while (d && (name = g_dir_read_name(d)))
        g_ptr_array_add(all, g_strdup(name));
    if (d)
        g_dir_close(d);
    g_ptr_array_sort(all, names_compare);
    g_ptr_array_add(all, NULL);
    joined = g_strjoinv(" ", (char **)all->pdata);
    g_ptr_array_free(all, TRUE);
    return joined;
}

static char *read_in(const char *dir, const char *job, const char *name, gsize *len)
{
    char *path = g_build_filename(dir, job, name, NULL), *data = NULL;

    if (!g_file_get_contents(path, &data, len, NULL))
        fail_msg("no %s", path);
    g_free(path);
    return data;
}

static void test_job(void **state)
{
    struct run *run = *state;
    struct batch *batch = batch_new(20);
    char *all, *csv, *manifest, **lines;
    gsize len;

    option_set(&run->options, "bag_size", "6", 6);
    option_set(&run->options, "weight_steps", "25g:450", 0);
    option_set(&run->options, "currency", "KRW", 0);
    run_open(run);
    batch->items[3].to_address = "세종대로\n\nKR";
    batch->part.data_len -= 1;
    assert_int_equal(deliver(run, batch, 0, 20), FL_CALL_OK);
    assert_int_equal(count(run, FL_OUTCOME_ACCEPTED), 19);
    assert_int_equal(count(run, FL_OUTCOME_BOUNCED), 1);
    assert_int_equal(report_at(run, 0)->item, 3);
    assert_int_equal(report_at(run, 0)->fault, FL_FAULT_ADDRESS);
    assert_int_equal(report_at(run, 1)->units, 1);
    assert_int_equal(report_at(run, 1)->cost_micro, 450000000);
    assert_string_equal(report_at(run, 1)->currency, "KRW");
    assert_int_equal(run->world->n_begun, 19);
    all = names(run->dir);
    assert_true(g_str_has_prefix(all, "autumn-2026-"));
    assert_null(strchr(all, ' '));
    csv = read_in(run->dir, all, "addresses.csv", &len);
    lines = g_strsplit(csv, "\r\n", -1);
    assert_int_equal(g_strv_length(lines), 19 + 2);
    /* Home first, by postcode; fifteen letters in three bags, then the other country in one. */
    assert_true(g_str_has_prefix(lines[1], "1,1," T ",김민수,세종대로 18,"));
    assert_true(g_str_has_prefix(lines[7], "7,2,"));
    assert_true(g_str_has_prefix(lines[15], "15,3,"));
    assert_non_null(strstr(lines[15], ",99000,KR,"));
    assert_true(g_str_has_prefix(lines[16], "16,4,"));
    assert_non_null(strstr(lines[16], ",98981,DE,"));
    manifest = read_in(run->dir, all, "manifest.json", &len);
    assert_non_null(strstr(manifest, "\"letters\": 19"));
    assert_non_null(strstr(manifest, "\"bags\": 4"));
    assert_non_null(strstr(manifest, "\"postage\": 8550.0"));
    g_strfreev(lines);
    g_free(manifest);
    g_free(csv);
    g_free(all);
    g_free(batch);
}

/* The same batch into two folders, and again into one of them. */
static void test_same_bytes(void **state)
{
    static const char *const files[] = {"letters.pdf", "addresses.csv", "addresses.txt",
                                        "labels.pdf", "manifest.json"};
    struct run *run = *state;
    struct batch *batch = batch_new(5);
    struct fl_why why = {.size = sizeof why};
    char *first, *second, *one, *two, *job, *again;
    gsize n_one, n_two;

    first = g_build_filename(run->dir, "first", NULL);
    second = g_build_filename(run->dir, "second", NULL);
    option_set(&run->options, "address_file", "both", 2);
    option_set(&run->options, "directory", first, 0);
    run_open(run);
    assert_int_equal(deliver(run, batch, 0, 5), FL_CALL_OK);
    job = names(first);
    fairline_channel_v1()->close(run->self);
    g_hash_table_remove_all(run->world->memory);
    option_set(&run->options, "directory", second, 0);
    run_open(run);
    assert_int_equal(deliver(run, batch, 0, 5), FL_CALL_OK);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        one = read_in(first, job, files[i], &n_one);
        two = read_in(second, job, files[i], &n_two);
        assert_int_equal(n_one, n_two);
        assert_memory_equal(one, two, n_one);
        g_free(one);
        g_free(two);
    }
    /* Repeated where nothing is remembered: success, and nothing is written. */
    g_hash_table_remove_all(run->world->memory);
    assert_int_equal(deliver(run, batch, 0, 5), FL_CALL_OK);
    assert_int_equal(count(run, FL_OUTCOME_ACCEPTED), 5);
    again = names(second);
    assert_string_equal(again, job);
    /* Something else under the same name is refused, item by item. */
    g_hash_table_remove_all(run->world->memory);
    batch->items[2].to_name = "다른 사람";
    assert_int_equal(deliver(run, batch, 0, 5), FL_CALL_OK);
    assert_int_equal(count(run, FL_OUTCOME_FAILED), 5);
    assert_int_equal(report_at(run, 0)->fault, FL_FAULT_OUR_SIDE);
    (void)why;
    g_free(again);
    g_free(job);
    g_free(first);
    g_free(second);
    g_free(batch);
}

/* What is in a job gets into no second one, however the letters are put together the next time. */
static void test_no_letter_twice(void **state)
{
    struct run *run = *state;
    struct batch *batch = batch_new(30);
    char *all;

    run_open(run);
    assert_int_equal(deliver(run, batch, 0, 20), FL_CALL_OK);
    assert_int_equal(deliver(run, batch, 10, 20), FL_CALL_OK);
    assert_int_equal(count(run, FL_OUTCOME_ACCEPTED), 20);
    all = names(run->dir);
    assert_int_equal(strcspn(all, " "), strlen(all) / 2);
    g_free(all);
    assert_int_equal(deliver(run, batch, 0, 30), FL_CALL_OK);
    assert_int_equal(count(run, FL_OUTCOME_ACCEPTED), 30);
    all = names(run->dir);
    assert_int_equal(strcspn(all, " "), strlen(all) / 2);
    g_free(all);
    g_free(batch);
}

/* The folder cannot be written: nothing is reported, and the next time it is all there, once. */
static void test_no_room(void **state)
{
    struct run *run = *state;
    struct batch *batch = batch_new(3);
    char *block = g_build_filename(run->dir, "jobs", NULL), *all;
    struct fl_why why = {.size = sizeof why};

    option_set(&run->options, "directory", block, 0);
    run_open(run);
    assert_true(g_file_set_contents(block, "a file in the way", -1, NULL));
    assert_int_equal(deliver(run, batch, 0, 3), FL_CALL_RETRY);
    assert_int_equal(run->world->reports->len, 0);
    assert_int_equal(fairline_channel_v1()->health(run->self, &why), FL_CALL_RETRY);
    assert_int_equal(g_unlink(block), 0);
    assert_int_equal(deliver(run, batch, 0, 2), FL_CALL_OK);
    assert_int_equal(deliver(run, batch, 0, 3), FL_CALL_OK);
    assert_int_equal(fairline_channel_v1()->health(run->self, &why), FL_CALL_OK);
    all = names(block);
    assert_int_equal(strcspn(all, " "), strlen(all) / 2);
    g_free(all);
    g_free(block);
    g_free(batch);
}

static void test_refusals(void **state)
{
    struct run *run = *state;
    struct batch *batch = batch_new(6);
    char *big = g_strnfill(400, 'x');
    struct fl_part html = {.size = sizeof html, .type = "text/html", .data = "x", .data_len = 1};
    const struct fl_part *parts[] = {&html};

    option_set(&run->options, "weight_steps", "5g:430,10g:450", 0);
    option_set(&run->options, "currency", "KRW", 0);
    option_set(&run->options, "address_file", "both", 2);
    option_set(&run->options, "fixed_charset", "cp949", 1);
    run_open(run);
    batch->items[1].parts = parts;
    batch->items[2].to_name = big;                        /* does not fit the window */
    batch->items[3].to_name = "नमस्ते";                     /* not in CP949 */
    batch->items[4].survey = "[{\"key\":\"a\",\"type\":"; /* nonsense */
    batch->items[5].survey = "[{\"key\":\"a\",\"type\":\"scale\",\"min\":1,\"max\":5,"
                             "\"text\":\"q\",\"options\":[]}]";
    assert_int_equal(deliver(run, batch, 0, 6), FL_CALL_OK);
    assert_int_equal(run->world->reports->len, 6);
    assert_int_equal(count(run, FL_OUTCOME_FAILED), 4);
    assert_int_equal(count(run, FL_OUTCOME_ACCEPTED), 2);
    for (guint i = 0; i < 4; i++)
        assert_int_equal(report_at(run, i)->fault, FL_FAULT_CONTENT);
    assert_non_null(strstr(report_at(run, 0)->detail, "no text"));
    assert_non_null(strstr(report_at(run, 1)->detail, "window"));
    assert_non_null(strstr(report_at(run, 2)->detail, "CP949"));
    g_free(big);
    g_free(batch);
}

static void test_heavy(void **state)
{
    struct run *run = *state;
    struct batch *batch = batch_new(1);
    GString *text = g_string_new(NULL);

    for (int i = 0; i < 200; i++)
        g_string_append(text, "para\n\n");
    batch->part.data = text->str;
    batch->part.data_len = text->len;
    option_set(&run->options, "weight_steps", "5g:430,10g:450", 0);
    option_set(&run->options, "currency", "KRW", 0);
    run_open(run);
    assert_int_equal(deliver(run, batch, 0, 1), FL_CALL_OK);
    assert_int_equal(count(run, FL_OUTCOME_FAILED), 1);
    assert_non_null(strstr(report_at(run, 0)->detail, "the last of weight_steps is 10.0 g"));
    g_string_free(text, TRUE);
    g_free(batch);
}

/* --- collect ----------------------------------------------------------------------------------*/

static void put_file(const char *dir, const char *name, const void *data, size_t len)
{
    char *path = g_build_filename(dir, name, NULL);

    assert_true(g_file_set_contents(path, data, (gssize)len, NULL));
    g_free(path);
}

static enum fl_call collect(struct run *run)
{
    struct fl_why why = {.size = sizeof why};

    return fairline_channel_v1()->collect(run->self, &why);
}

static void test_collect(void **state)
{
    static const char csv[] = "code,reason\n" T ",unknown\nrubbish,x\n" U ",refused\n";
    struct run *run = *state;
    char *all, *rejected;
    gsize len;

    option_set(&run->options, "returns", run->dir, 0);
    run_open(run);
    put_file(run->dir, "a.csv", csv, sizeof csv - 1);
    put_file(run->dir, "b.csv.part", csv, sizeof csv - 1);
    put_file(run->dir, ".hidden.csv", csv, sizeof csv - 1);
    put_file(run->dir, "doc.pdf", "%PDF-1.5 ...", 12);
    assert_int_equal(collect(run), FL_CALL_OK);
    assert_int_equal(run->world->receipts->len, 2);
    assert_string_equal(g_ptr_array_index(run->world->receipts, 0), T " 4 1 unknown");
    assert_non_null(strstr(g_ptr_array_index(run->world->receipts, 1), " 4 4 refused"));
    all = names(run->dir);
    assert_string_equal(all, ".hidden.csv b.csv.part processed");
    g_free(all);
    rejected = read_in(run->dir, "processed", "a.csv.rejected", &len);
    assert_string_equal(rejected, "a.csv:3: there is no code of ours: rubbish,x\n");
    g_free(rejected);
    rejected = read_in(run->dir, "processed", "doc.pdf.rejected", &len);
    assert_non_null(strstr(rejected, "PDF"));
    g_free(rejected);
    assert_non_null(strstr(run->world->log->str, "a.csv:3"));
    /* The same name again does not overwrite the first. */
    put_file(run->dir, "a.csv", T "\n", 41);
    assert_int_equal(collect(run), FL_CALL_OK);
    assert_int_equal(run->world->receipts->len, 3);
    g_free(read_in(run->dir, "processed", "a.csv.1", &len));
    assert_int_equal(len, 41);
}

static void test_collect_waits(void **state)
{
    struct run *run = *state;

    option_set(&run->options, "returns", run->dir, 0);
    run->world->now_us = g_get_real_time();
    run_open(run);
    put_file(run->dir, "young.csv", T "\n", 41);
    assert_int_equal(collect(run), FL_CALL_OK);
    assert_int_equal(run->world->receipts->len, 0);
    put_file(run->dir, "young.csv.done", "", 0);
    assert_int_equal(collect(run), FL_CALL_OK);
    assert_int_equal(run->world->receipts->len, 1);
    put_file(run->dir, "old.csv", T "\n", 41);
    run->world->now_us += 120 * G_USEC_PER_SEC;
    assert_int_equal(collect(run), FL_CALL_OK);
    assert_int_equal(run->world->receipts->len, 2);
}

static void test_collect_refused(void **state)
{
    struct run *run = *state;
    char *all;

    option_set(&run->options, "returns", run->dir, 0);
    run->world->refuse_after = 1;
    run_open(run);
    put_file(run->dir, "a.csv", T "\n" U "\n", 82);
    assert_int_equal(collect(run), FL_CALL_RETRY);
    all = names(run->dir);
    assert_string_equal(all, "a.csv");
    g_free(all);
    run->world->refuse_after = 0;
    assert_int_equal(collect(run), FL_CALL_OK);
    assert_int_equal(run->world->receipts->len, 3);
}

/* A card as it would be printed comes back as a picture, marked. */
static void test_card(void **state)
{
    struct run *run = *state;
    struct batch *batch = batch_new(1);
    struct fl_why why = {.size = sizeof why};
    char *form;

    (void)why;
    option_set(&run->options, "returns", run->dir, 0);
    run_open(run);
    batch->items[0].survey =
        "[{\"key\":\"csat\",\"type\":\"scale\",\"min\":1,\"max\":5,\"text\":\"만족?\","
        "\"options\":[]}]";
    {
        struct letter *self = run->self;
        struct letter_address address;
        struct letter_page *page;
        struct letter_sheet sheet;
        char reason[200];
        GByteArray *png;

        letter_sheet_of(&self->set, &sheet);
        assert_true(letter_address_parse(batch->items[0].to_address, &address, reason, 200));
        assert_true(letter_page_create(&self->set, &batch->items[0], &address, &page, reason, 200));
        assert_int_equal(letter_page_count(page), 1);
        png = letter_png(page, 0, sheet.width, sheet.height, 200);
        put_file(run->dir, "card.png", png->data, png->len);
        put_file(run->dir, "cut.png", png->data, png->len / 2);
        g_byte_array_unref(png);
        letter_page_destroy(&page);
        letter_address_clear(&address);
    }
    assert_int_equal(collect(run), FL_CALL_OK);
    assert_int_equal(run->world->forms->len, 1);
    form = g_ptr_array_index(run->world->forms, 0);
    assert_true(g_str_has_prefix(form, "card:"));
    assert_non_null(strstr(form, T));
    assert_non_null(strstr(form, "\"boxes\""));
    assert_true(g_str_has_suffix(form, " 1"));
    g_free(batch);
}

#define WITH_RUN(test) cmocka_unit_test_setup_teardown(test, run_setup, run_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RUN(test_job),     WITH_RUN(test_same_bytes),    WITH_RUN(test_no_letter_twice),
        WITH_RUN(test_no_room), WITH_RUN(test_refusals),      WITH_RUN(test_heavy),
        WITH_RUN(test_collect), WITH_RUN(test_collect_waits), WITH_RUN(test_collect_refused),
        WITH_RUN(test_card),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
