/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plugins/letter: everything that needs no server. */
#include "unit.h"

#include "letter/letter_private.h"

#include <glib/gstdio.h>
#include <unistd.h>

static const char token[] = "abcdefghijklmnopqrstuvwxyz234567abcdefgh";

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

/* --- options ----------------------------------------------------------------------------------*/

enum { OPTIONS_MAX = 64 };

struct options {
    struct fl_option list[OPTIONS_MAX];
    size_t n;
};

static int64_t choice_of(const char *choices, const char *text)
{
    char **all = g_strsplit(choices, "|", -1);
    int64_t i = 0;

    while (all[i] && strcmp(all[i], text) != 0)
        i++;
    assert_non_null(all[i]);
    g_strfreev(all);
    return i;
}

/* The defaults, as the host would give them. */
static void options_init(struct options *options, const char *directory)
{
    options->n = 0;
    for (const struct fl_option_spec *spec = letter_option_specs; spec->name; spec++) {
        struct fl_option *option = &options->list[options->n++];

        *option = (struct fl_option){.name = spec->name, .text = spec->default_text};
        if (spec->default_text && spec->type == FL_OPTION_ENUM)
            option->number = choice_of(spec->choices, spec->default_text);
        else if (spec->default_text && spec->type == FL_OPTION_INT)
            option->number = g_ascii_strtoll(spec->default_text, NULL, 10);
        else if (spec->type == FL_OPTION_DURATION)
            option->number = 60 * G_USEC_PER_SEC;
        else if (spec->type == FL_OPTION_SIZE)
            option->number = 64 << 20;
        if (strcmp(spec->name, "directory") == 0)
            option->text = directory;
        if (strcmp(spec->name, "sender_name") == 0)
            option->text = "한결상점";
        if (strcmp(spec->name, "sender_address") == 0)
            option->text = "율곡로 99 | 03060 서울";
    }
}

static void option_set(struct options *options, const char *name, const char *text, int64_t number)
{
    for (size_t i = 0; i < options->n; i++) {
        if (strcmp(options->list[i].name, name) == 0) {
            options->list[i].text = text;
            options->list[i].number = number;
            return;
        }
    }
    fail_msg("no option %s", name);
}

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

#define T "abcdefghijklmnopqrstuvwxyz234567abcdefgh"
#define U "QBCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGH"

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
                                           .token_card = token,
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
    assert_non_null(strstr(form, token));
    assert_non_null(strstr(form, "\"boxes\""));
    assert_true(g_str_has_suffix(form, " 1"));
    g_free(batch);
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
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_postage),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_returns),
        cmocka_unit_test_setup_teardown(test_job, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_same_bytes, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_no_letter_twice, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_no_room, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_heavy, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_collect, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_collect_waits, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_collect_refused, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_card, run_setup, run_teardown),
        cmocka_unit_test(test_hostile_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
