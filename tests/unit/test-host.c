/* The host room without a process: what crosses the socket comes out as it went in, hostile frames
 * are refused or cleaned, and plugins that do not fit are refused in a sentence. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "host/host.h"
#include "host/host_protocol.h"

static struct fl_error err;

struct scene {
    int fds[2];
    struct fl_wire_frame out, in;
    struct fl_arena *arena;
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    assert_ok(fl_wire_pair(s->fds, &err));
    fl_wire_init(&s->out);
    fl_wire_init(&s->in);
    s->arena = fl_arena_create(8 << 20);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    close(s->fds[0]);
    close(s->fds[1]);
    fl_wire_finish(&s->out);
    fl_wire_finish(&s->in);
    fl_arena_destroy(&s->arena);
    free(s);
    return 0;
}

static void pass(struct scene *s)
{
    assert_ok(fl_wire_send(s->fds[0], &s->out, &err));
    assert_ok(fl_wire_recv(s->fds[1], &s->in, &err));
    fl_wire_start(&s->out, 1, 1);
}

static void test_item(void **state)
{
    struct scene *s = *state;
    char *big = malloc(200000);
    const struct fl_part text = {sizeof text, "text/plain", NULL, "\xed\x95\x9c", 3},
                         pdf = {sizeof pdf, "application/pdf", "a.pdf", big, 200000};
    const struct fl_part *const parts[] = {&text, &pdf};
    const struct fl_item item = {.size = sizeof item,
                                 .attempt = 3,
                                 .message_id = INT64_MAX,
                                 .to_address = "kim@example.org",
                                 .to_name = "Kim",
                                 .language = "ko",
                                 .subject = "s",
                                 .sender_name = "n",
                                 .token_return = "t1",
                                 .token_reply = "t2",
                                 .token_identity = "t3",
                                 .token_unsubscribe = "t4",
                                 .unsubscribe_url = "u",
                                 .campaign = "c",
                                 .parts = parts,
                                 .n_parts = 2,
                                 .in_reply_to = "i",
                                 .token_card = "t5",
                                 .page_url = "p",
                                 .survey = "[]"};
    struct fl_item got;

    memset(big, 7, 200000);
    fl_wire_start(&s->out, 1, 1);
    fl_host_put_item(&s->out, &item);
    pass(s);
    assert_true(fl_host_get_item(&s->in, s->arena, &got));
    assert_true(fl_wire_end(&s->in));
    assert_int_equal(got.attempt, 3);
    assert_true(got.message_id == INT64_MAX);
    assert_string_equal(got.to_address, item.to_address);
    assert_string_equal(got.token_unsubscribe, "t4");
    assert_string_equal(got.in_reply_to, "i");
    assert_string_equal(got.token_card, "t5");
    assert_string_equal(got.page_url, "p");
    assert_string_equal(got.survey, "[]");
    assert_int_equal(got.n_parts, 2);
    assert_null(got.parts[0]->name);
    assert_memory_equal(got.parts[0]->data, "\xed\x95\x9c", 3);
    assert_string_equal(got.parts[1]->name, "a.pdf");
    assert_memory_equal(got.parts[1]->data, big, 200000);
    free(big);
}

static void test_report(void **state)
{
    struct scene *s = *state;
    char long_text[3000];
    struct fl_report report = {.size = sizeof report,
                               .item = 7,
                               .outcome = FL_OUTCOME_BOUNCED,
                               .fault = FL_FAULT_ADDRESS,
                               .code = 550,
                               .status = "5.1.1",
                               .detail = "caf\xe9",
                               .provider_ref = NULL,
                               .cost_micro = -1,
                               .currency = "KRW",
                               .units = 2,
                               .retry_after_us = 5};
    struct fl_report got;

    fl_wire_start(&s->out, 1, 1);
    fl_host_put_report(&s->out, &report);
    pass(s);
    assert_true(fl_host_get_report(&s->in, s->arena, &got));
    assert_int_equal(got.item, 7);
    assert_int_equal(got.code, 550);
    assert_string_equal(got.detail, "caf?"); /* a peer's Latin-1 */
    assert_string_equal(got.provider_ref, "");
    assert_string_equal(got.currency, "KRW");
    assert_int_equal(got.cost_micro, -1);

    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    report.detail = long_text;
    fl_host_put_report(&s->out, &report);
    pass(s);
    assert_true(fl_host_get_report(&s->in, s->arena, &got));
    assert_int_equal(strlen(got.detail), FL_HOST_TEXT_MAX);

    report.outcome = (enum fl_outcome)99;
    fl_host_put_report(&s->out, &report);
    pass(s);
    assert_false(fl_host_get_report(&s->in, s->arena, &got));
}

static struct fl_feedback_parsed sample_parsed(void)
{
    static const char *const tokens[] = {"a", "b"}, *const references[] = {"<r@x>"};
    static const struct fl_feedback_recipient recipients[] = {
        {"kim@example.org", "failed", "5.1.1", 550, "no such user", FL_FAULT_ADDRESS, true}};

    return (struct fl_feedback_parsed){.kind = FL_FEEDBACK_BOUNCE,
                                       .confidence = 0.75,
                                       .from_address = "f",
                                       .to_address = "t",
                                       .subject = "s",
                                       .message_id = "m",
                                       .text = "words",
                                       .quoted = "q",
                                       .signature = "g",
                                       .language = "ko",
                                       .tokens = tokens,
                                       .n_tokens = 2,
                                       .references = references,
                                       .n_references = 1,
                                       .recipients = recipients,
                                       .n_recipients = 1,
                                       .date_us = 42};
}

static void test_parsed(void **state)
{
    struct scene *s = *state;
    struct fl_feedback_parsed parsed = sample_parsed(), got;

    fl_wire_start(&s->out, 1, 1);
    fl_host_put_parsed(&s->out, &parsed);
    pass(s);
    assert_true(fl_host_get_parsed(&s->in, s->arena, &got));
    assert_true(fl_wire_end(&s->in));
    assert_int_equal(got.kind, FL_FEEDBACK_BOUNCE);
    assert_string_equal(got.text, "words");
    assert_int_equal(got.n_tokens, 2);
    assert_string_equal(got.tokens[1], "b");
    assert_string_equal(got.references[0], "<r@x>");
    assert_string_equal(got.recipients[0].diagnostic, "no such user");
    assert_true(got.recipients[0].is_hard);
    assert_int_equal(got.date_us, 42);
    /* Bad text is cleaned: refusing it would bring the same piece back for ever. */
    parsed.text = "\xff\xfe";
    fl_host_put_parsed(&s->out, &parsed);
    pass(s);
    assert_true(fl_host_get_parsed(&s->in, s->arena, &got));
    assert_string_equal(got.text, "??");
    parsed.confidence = 2;
    fl_host_put_parsed(&s->out, &parsed);
    pass(s);
    assert_false(fl_host_get_parsed(&s->in, s->arena, &got));
}

static void test_inward(void **state)
{
    struct scene *s = *state;
    static char big[100000];
    const struct fl_part pages[] = {
        {sizeof pages[0], "image/png", "page-1.png", "one", 3},
        {sizeof pages[0], "image/png", NULL, big, sizeof big},
    };
    const struct fl_part *const list[] = {&pages[0], &pages[1]};
    struct fl_inbound inbound = {.size = sizeof inbound,
                                 .kind = FL_INBOUND_IMAGE,
                                 .dedupe_key = "k",
                                 .data = "raw\0raw",
                                 .data_len = 7,
                                 .received_us = 9,
                                 .is_authenticated = 1,
                                 .form = "{\"boxes\":{\"1\":[2]}}",
                                 .attachments = list,
                                 .n_attachments = 2};
    const struct fl_receipt receipt = {.size = sizeof receipt,
                                       .kind = FL_RECEIPT_CLICK,
                                       .dedupe_key = "k2",
                                       .provider_ref = "p",
                                       .report = {.size = sizeof receipt.report},
                                       .target = "https://example.org/"};
    struct fl_inbound got;
    struct fl_receipt got_receipt;

    fl_wire_start(&s->out, 1, 1);
    fl_host_put_inbound(&s->out, &inbound);
    pass(s);
    assert_true(fl_host_get_inbound(&s->in, s->arena, &got));
    assert_memory_equal(got.data, "raw\0raw", 7);
    assert_string_equal(got.to_address, "");
    assert_true(got.is_authenticated);
    assert_string_equal(got.form, inbound.form);
    assert_int_equal(got.n_attachments, 2);
    assert_string_equal(got.attachments[0]->name, "page-1.png");
    assert_string_equal(got.attachments[0]->type, "image/png");
    assert_memory_equal(got.attachments[0]->data, "one", 3);
    assert_int_equal(got.attachments[1]->data_len, sizeof big);
    assert_memory_equal(got.attachments[1]->data, big, sizeof big);
    inbound.form = NULL;
    inbound.n_attachments = 0;
    fl_host_put_inbound(&s->out, &inbound);
    pass(s);
    assert_true(fl_host_get_inbound(&s->in, s->arena, &got));
    assert_null(got.form);
    assert_int_equal(got.n_attachments, 0);
    fl_host_put_receipt(&s->out, &receipt);
    pass(s);
    assert_true(fl_host_get_receipt(&s->in, s->arena, &got_receipt));
    assert_null(got_receipt.token);
    assert_string_equal(got_receipt.provider_ref, "p");
    assert_string_equal(got_receipt.target, "https://example.org/");
}

static void test_response(void **state)
{
    struct scene *s = *state;
    const struct fl_http_field headers[] = {{"cache-control", "no-store"}, {"x-a", "b"}};
    const struct fl_http_response response = {.size = sizeof response,
                                              .status = 303,
                                              .body = "there",
                                              .body_len = 5,
                                              .location = "/there",
                                              .headers = headers,
                                              .n_headers = 2};
    struct fl_http_response got;

    fl_host_put_http_response(&s->out, &response);
    pass(s);
    assert_true(fl_host_get_http_response(&s->in, s->arena, &got));
    assert_int_equal(got.status, 303);
    assert_string_equal(got.location, "/there");
    assert_int_equal(got.n_headers, 2);
    assert_string_equal(got.headers[1].name, "x-a");
    assert_string_equal(got.headers[1].value, "b");
}

static void test_open_and_faults(void **state)
{
    struct scene *s = *state;
    const struct fl_conf_setting settings[] = {{"key", "text", "f.conf", 7}};
    const struct fl_host_open open = {.channel = "mail",
                                      .plugin = "email",
                                      .plugin_dir = "/p",
                                      .user = "",
                                      .file = "f.conf",
                                      .line = 5,
                                      .worker = 2,
                                      .collects = true,
                                      .collect_interval_us = 30000000,
                                      .log_level = 6,
                                      .settings = settings,
                                      .n_settings = 1};
    struct fl_host_open got;
    struct fl_faults faults, got_faults;

    fl_wire_start(&s->out, FL_HOST_OPEN, 1);
    fl_host_put_open(&s->out, &open);
    pass(s);
    assert_true(fl_host_get_open(&s->in, s->arena, &got));
    assert_true(fl_wire_end(&s->in));
    assert_string_equal(got.settings[0].text, "text");
    assert_int_equal(got.settings[0].line, 7);
    assert_true(got.collects);

    fl_faults_init(&faults, s->arena);
    fl_faults_init(&got_faults, s->arena);
    fl_faults_add(&faults, "f.conf", 3, "key", NULL, "expected %s", "100% sense");
    fl_host_put_faults(&s->out, &faults);
    pass(s);
    assert_true(fl_host_get_faults(&s->in, &got_faults));
    assert_int_equal(got_faults.n_items, 1);
    assert_string_equal(got_faults.items[0].reason, "expected 100% sense");
    assert_null(got_faults.items[0].value);
}

/* --- the gate ---*/

static enum fl_call check(const struct fl_option *o, size_t n, struct fl_why *why)
{
    (void)o;
    (void)n;
    (void)why;
    return FL_CALL_OK;
}

static enum fl_call open_it(const struct fl_option *o, size_t n, const struct fl_services *services,
                            void **out_self, struct fl_why *why)
{
    (void)o;
    (void)n;
    (void)services;
    (void)out_self;
    (void)why;
    return FL_CALL_OK;
}

static enum fl_call collect(void *self, struct fl_why *why)
{
    (void)self;
    (void)why;
    return FL_CALL_OK;
}

static void close_it(void *self)
{
    (void)self;
}

static struct fl_limits limits;
static struct fl_option_spec options[3];

static struct fl_channel_v1 good(void)
{
    limits = (struct fl_limits){.size = sizeof limits, .batch_max = 1};
    memset(options, 0, sizeof options);
    options[0] = (struct fl_option_spec){
        .name = "mode", .type = FL_OPTION_ENUM, .choices = "a|b", .default_text = "b", .help = "h"};
    return (struct fl_channel_v1){.magic = FL_CHANNEL_MAGIC,
                                  .abi_major = FL_CHANNEL_ABI_MAJOR,
                                  .abi_minor = FL_CHANNEL_ABI_MINOR,
                                  .size = sizeof(struct fl_channel_v1),
                                  .name = "good",
                                  .version = "1",
                                  .summary = "s",
                                  .medium = "sms",
                                  .capabilities = FL_CAN_COLLECT,
                                  .limits = &limits,
                                  .options = options,
                                  .check = check,
                                  .open = open_it,
                                  .collect = collect,
                                  .close = close_it};
}

static void refused(const struct fl_channel_v1 *channel, const char *words)
{
    memset(&err, 0, sizeof err);
    assert_status(FL_INVALID, fl_plugin_gate(channel, &err));
    if (!strstr(err.text, words))
        print_message("\"%s\" lacks \"%s\"\n", err.text, words);
    assert_non_null(strstr(err.text, words));
    assert_non_null(strstr(err.text, "expected"));
}

static void test_gate_descriptor(void **state)
{
    struct fl_channel_v1 c = good();

    (void)state;
    assert_ok(fl_plugin_gate(&c, &err));
    c.magic = 1;
    refused(&c, "0x00000001, expected 0x464c4348");
    c = good();
    c.abi_major = 2;
    refused(&c, "ABI 2.1, expected 1.x");
    c = good();
    c.abi_minor = 9;
    refused(&c, "ABI 1.9, expected at most 1.1");
    c = good();
    c.size -= 8;
    refused(&c, "bytes long, expected at least");
    c = good();
    c.name = "Bad Name";
    refused(&c, "\"Bad Name\"");
    c = good();
    c.medium = "pigeon";
    refused(&c, "\"pigeon\"");
    c = good();
    c.capabilities |= FL_CAN_DELIVER;
    refused(&c, "FL_CAN_DELIVER and has no deliver()");
    c = good();
    c.close = NULL;
    refused(&c, "no close()");
    c = good();
    c.capabilities = 0;
    refused(&c, "FL_ONE_WAY");
    c = good();
    c.capabilities |= FL_ONE_WAY;
    refused(&c, "FL_ONE_WAY and collects");
    assert_status(FL_INVALID, fl_plugin_gate(NULL, &err));
}

static void test_gate_tables(void **state)
{
    struct fl_channel_v1 c = good();

    (void)state;
    limits.batch_max = 0;
    refused(&c, "batch_max is 0, expected at least 1");
    c = good();
    limits.size = 4;
    refused(&c, "limits are 4 bytes");
    c = good();
    options[1] = options[0];
    refused(&c, "\"mode\" stands twice");
    c = good();
    options[0].default_text = "c";
    refused(&c, "default \"c\", expected one of a|b");
    c = good();
    options[0].choices = NULL;
    refused(&c, "no choices");
    c = good();
    options[0].type = (enum fl_option_type)77;
    refused(&c, "type 77");
    c = good();
    options[0].help = NULL;
    refused(&c, "no help");
    c = good();
    options[0].flags = FL_OPTION_SECRET;
    refused(&c, "secret with a default");
    c = good();
    c.options = NULL;
    refused(&c, "no option table");
}

/* --- the loader ---*/

static const char *built(const char *name)
{
    static char path[4096];

    snprintf(path, sizeof path, "%s/%s", getenv("FL_TOP_BUILDDIR"), name);
    return path;
}

static void load_refused(enum fl_status status, const char *path, const char *words)
{
    struct fl_plugin *plugin = NULL;

    memset(&err, 0, sizeof err);
    assert_status(status, fl_plugin_load("", path, &plugin, &err));
    assert_null(plugin);
    if (!strstr(err.text, words))
        print_message("\"%s\" lacks \"%s\"\n", err.text, words);
    assert_non_null(strstr(err.text, words));
}

static void test_loader(void **state)
{
    (void)state;
    load_refused(FL_INVALID, built("tests/unit/.libs/bad-major.so"), "ABI 2.1, expected 1.x");
    load_refused(FL_INVALID, built("tests/unit/.libs/bad-minor.so"), "newer than this Fairline");
    load_refused(FL_INVALID, built("tests/unit/.libs/bad-size.so"), "bytes long, expected");
    load_refused(FL_INVALID, built("tests/unit/.libs/bad-symbol.so"), "exports no");
    load_refused(FL_INVALID, built("config.status"), "cannot load");
    load_refused(FL_NOT_FOUND, built("nothing.so"), "cannot find");
    load_refused(FL_NOT_FOUND, "nothing", "no file \"nothing.so\"");
}

static void copy_file(const char *from, const char *to)
{
    struct fl_arena *arena = fl_arena_create(16 << 20);
    char *data;
    size_t len;

    assert_ok(fl_file_read(arena, from, 8 << 20, &data, &len, &err));
    assert_ok(fl_file_write(to, data, len, 0700, &err));
    fl_arena_destroy(&arena);
}

static void count(void *ctx, const char *name, const char *path)
{
    (void)path;
    assert_string_equal(name, "null");
    ++*(int *)ctx;
}

static void test_loader_rights(void **state)
{
    char folder[] = "/tmp/fairline-test-XXXXXX", path[64];
    struct fl_plugin *plugin = NULL;
    int n = 0;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/null.so", folder);
    copy_file(built("plugins/null/.libs/null.so"), path);
    assert_ok(fl_plugin_load(folder, "null", &plugin, &err));
    assert_string_equal(fl_plugin_info(plugin)->channel->name, "null");
    fl_plugin_unload(&plugin);
    assert_ok(fl_plugin_each(folder, count, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(chmod(path, 0702), 0);
    load_refused(FL_REJECTED, path, "may be written by group or others (mode 0702)");
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    load_refused(FL_REJECTED, path, "the folder");
    assert_int_equal(chmod(folder, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 65534, 65534), 0);
        load_refused(FL_REJECTED, path, "belongs to user 65534");
    }
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_item, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_report, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parsed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_inward, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_response, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open_and_faults, set_up, tear_down),
        cmocka_unit_test(test_gate_descriptor),
        cmocka_unit_test(test_gate_tables),
        cmocka_unit_test(test_loader),
        cmocka_unit_test(test_loader_rights),
    };

    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
