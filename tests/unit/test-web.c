/* The web channel: signatures, what a receiver's answer means, webhooks that come in. */
#include "unit.h"

#include <stdbool.h>

#include "../../plugins/web/web_private.h"

#define SECRET     "0123456789abcdef-one"
#define OLD_SECRET "0123456789abcdef-two"
#define NOW_US     INT64_C(1795000000000000)
#define TOKEN      "abcdefghijklmnopqrstuvwxyz234567abcdefgh"

/* --- a host ------------------------------------------------------------------------------------*/

struct host {
    int n_inbound, n_receipt, n_commit, n_log;
    bool refuses, commit_fails;
    char key[8][WEB_KEY_MAX];
    char data[1024];
    struct fl_receipt receipt;
    char memory[4096];
    long memory_len;
    int64_t now_us;
};

static void host_log(void *host, enum fl_level level, const char *message)
{
    (void)level;
    (void)message;
    ((struct host *)host)->n_log++;
}

static int64_t host_now(void *host)
{
    return ((struct host *)host)->now_us;
}

static int host_inbound(void *ctx, const struct fl_inbound *inbound)
{
    struct host *host = ctx;

    assert_int_equal(inbound->kind, FL_INBOUND_FORM);
    assert_int_equal(inbound->is_authenticated, 1);
    snprintf(host->key[host->n_inbound % 8], WEB_KEY_MAX, "%s", inbound->dedupe_key);
    snprintf(host->data, sizeof host->data, "%.*s", (int)inbound->data_len,
             (const char *)inbound->data);
    host->n_inbound++;
    return host->refuses;
}

static int host_receipt(void *ctx, const struct fl_receipt *receipt)
{
    struct host *host = ctx;

    host->n_receipt++;
    host->receipt = *receipt;
    return host->refuses;
}

static int host_commit(void *ctx)
{
    struct host *host = ctx;

    host->n_commit++;
    return host->commit_fails;
}

static int host_stopping(void *ctx)
{
    (void)ctx;
    return 0;
}

static int host_remember(void *ctx, const char *key, const void *data, size_t len)
{
    struct host *host = ctx;

    assert_string_equal(key, "seen");
    assert_true(len <= sizeof host->memory);
    memcpy(host->memory, data, len);
    host->memory_len = (long)len;
    return 0;
}

static long host_recall(void *ctx, const char *key, void *data, size_t cap)
{
    struct host *host = ctx;

    (void)key;
    if (host->memory_len <= 0 || (size_t)host->memory_len > cap)
        return -1;
    memcpy(data, host->memory, (size_t)host->memory_len);
    return host->memory_len;
}

static struct fl_services services_of(struct host *host)
{
    return (struct fl_services){.size = sizeof(struct fl_services),
                                .host = host,
                                .log = host_log,
                                .now_us = host_now,
                                .inbound = host_inbound,
                                .receipt = host_receipt,
                                .commit = host_commit,
                                .is_stopping = host_stopping,
                                .remember = host_remember,
                                .recall = host_recall};
}

/* --- a channel ---------------------------------------------------------------------------------*/

struct fixture {
    struct host host;
    struct fl_services services;
    struct web web;
};

static void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->host.now_us = NOW_US;
    f->services = services_of(&f->host);
    f->web.services = &f->services;
    f->web.set.in.text[0] = (char *)(uintptr_t)SECRET;
    f->web.set.window_us = 300 * WEB_US_PER_S;
    f->web.set.max_size = 4096;
}

/* Posts `body` with `signature`, or the right one. */
static int post_as(struct fixture *f, const char *body, const char *signature)
{
    char made[WEB_SIGNATURE_HEADER_MAX];
    struct fl_http_field header = {"fairline-signature", made};
    const struct fl_http_request request = {.size = sizeof request,
                                            .method = "POST",
                                            .path = "/",
                                            .headers = &header,
                                            .n_headers = 1,
                                            .body = body,
                                            .body_len = strlen(body),
                                            .peer_address = "192.0.2.1"};
    struct fl_http_response response = {.size = sizeof response};
    struct fl_why why = {.size = sizeof why};

    if (signature)
        header.value = signature;
    else
        assert_true(web_signature_make(&f->web.set.in, f->host.now_us / WEB_US_PER_S, body,
                                       strlen(body), made));
    assert_int_equal(web_hook(&f->web, &request, &response, &why), FL_CALL_OK);
    assert_non_null(response.body);
    return response.status;
}

/* --- signatures --------------------------------------------------------------------------------*/

static void a_signature_is_what_openssl_says(void **state)
{
    const struct web_secrets secrets = {{(char *)(uintptr_t) "Jefe-Jefe-Jefe-Jefe", NULL}};
    char header[WEB_SIGNATURE_HEADER_MAX];

    (void)state;
    assert_true(web_signature_make(&secrets, 1795000000, "{}", 2, header));
    /* printf '1795000000.{}' | openssl dgst -sha256 -hmac Jefe-Jefe-Jefe-Jefe */
    assert_string_equal(header, "t=1795000000,v1="
                                "4dd02406816e7c5bf82aa1d28e07096288ecec87d85ba7895b97135f9fe64092");
}

static enum web_signature check(const struct web_secrets *secrets, const char *header,
                                const char *body, int64_t now_us)
{
    int64_t at_s = 0;
    uint64_t mark = 0;

    return web_signature_check(secrets, header, body, strlen(body), now_us, 300 * WEB_US_PER_S,
                               &at_s, &mark);
}

static void signatures_are_checked(void **state)
{
    const struct web_secrets mine = {{(char *)(uintptr_t)SECRET, NULL}};
    const struct web_secrets both = {{(char *)(uintptr_t)OLD_SECRET, (char *)(uintptr_t)SECRET}};
    const struct web_secrets other = {{(char *)(uintptr_t)OLD_SECRET, NULL}};
    const int64_t now_s = NOW_US / WEB_US_PER_S;
    char header[WEB_SIGNATURE_HEADER_MAX], twice[WEB_SIGNATURE_HEADER_MAX];

    (void)state;
    assert_true(web_signature_make(&mine, now_s, "body", 4, header));
    assert_int_equal(check(&mine, header, "body", NOW_US), WEB_SIGNATURE_FITS);
    assert_int_equal(check(&both, header, "body", NOW_US), WEB_SIGNATURE_FITS);
    assert_int_equal(check(&other, header, "body", NOW_US), WEB_SIGNATURE_FORGED);
    assert_int_equal(check(&mine, header, "Body", NOW_US), WEB_SIGNATURE_FORGED);
    assert_true(web_signature_make(&both, now_s, "body", 4, twice));
    assert_int_equal(check(&mine, twice, "body", NOW_US), WEB_SIGNATURE_FITS);
    assert_int_equal(check(&mine, header, "body", NOW_US + 300 * WEB_US_PER_S), WEB_SIGNATURE_FITS);
    assert_int_equal(check(&mine, header, "body", NOW_US + 301 * WEB_US_PER_S),
                     WEB_SIGNATURE_STALE);
    assert_int_equal(check(&mine, header, "body", NOW_US - 301 * WEB_US_PER_S),
                     WEB_SIGNATURE_STALE);
    header[2]++; /* another time */
    assert_int_equal(check(&mine, header, "body", NOW_US), WEB_SIGNATURE_FORGED);
}

static void garbled_signatures_are_refused(void **state)
{
    static const char *const garbled[] = {
        "t=",
        "v1=",
        "t=1,v1=00",
        "t=x,v1=",
        "t=1",
        "=",
        ",,,,",
        "t=1,t=2,v1=",
        "v1=0000000000000000000000000000000000000000000000000000000000000000",
        "t=-5,v1=0000000000000000000000000000000000000000000000000000000000000000",
        "t=99999999999999999999,"
        "v1=0000000000000000000000000000000000000000000000000000000000000000"};
    const struct web_secrets secrets = {{(char *)(uintptr_t)SECRET, NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof garbled / sizeof garbled[0]; i++)
        assert_int_equal(check(&secrets, garbled[i], "", NOW_US), WEB_SIGNATURE_GARBLED);
    assert_int_equal(check(&secrets, "", "", NOW_US), WEB_SIGNATURE_MISSING);
    assert_int_equal(check(&secrets, NULL, "", NOW_US), WEB_SIGNATURE_MISSING);
}

/* --- coming in ---------------------------------------------------------------------------------*/

static void a_form_comes_in_once(void **state)
{
    static const char body[] = "{\"id\":\"f-1\",\"token\":\"" TOKEN "\",\"text\":\"hello\"}";
    struct fixture f;

    (void)state;
    fixture_init(&f);
    assert_int_equal(post_as(&f, body, NULL), 200);
    assert_int_equal(f.host.n_inbound, 1);
    assert_int_equal(f.host.n_commit, 1);
    assert_string_equal(f.host.key[0], "hook:id:f-1");
    assert_non_null(strstr(f.host.data, "\"text\":\"hello\""));
    assert_int_equal(post_as(&f, body, NULL), 409);
    assert_int_equal(f.host.n_inbound, 1);
    /* Signed again later: taken, and known by its key. */
    f.host.now_us += WEB_US_PER_S;
    assert_int_equal(post_as(&f, body, NULL), 200);
    assert_string_equal(f.host.key[1], "hook:id:f-1");
}

static void a_replay_is_known_after_a_restart(void **state)
{
    struct fixture f;
    struct web second;

    (void)state;
    fixture_init(&f);
    assert_int_equal(post_as(&f, "{\"text\":\"a\"}", NULL), 200);
    second = f.web;
    memset(second.seen, 0, sizeof second.seen);
    second.n_seen = second.next_seen = 0;
    f.web = second;
    web_hook_recall(&f.web);
    assert_int_equal(post_as(&f, "{\"text\":\"a\"}", NULL), 409);
}

static void what_could_not_be_stored_may_come_again(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    f.host.commit_fails = true;
    assert_int_equal(post_as(&f, "{\"text\":\"a\"}", NULL), 503);
    f.host.commit_fails = false;
    assert_int_equal(post_as(&f, "{\"text\":\"a\"}", NULL), 200);
    f.host.refuses = true;
    assert_int_equal(post_as(&f, "{\"text\":\"b\"}", NULL), 503);
}

static void receipts_and_clicks_come_in(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    assert_int_equal(post_as(&f,
                             "[{\"type\":\"receipt\",\"ref\":\"r9\",\"outcome\":\"bounced\","
                             "\"class\":\"address\"},{\"type\":\"click\",\"token\":\"" TOKEN
                             "\",\"target\":\"https://a.example\"}]",
                             NULL),
                     200);
    assert_int_equal(f.host.n_receipt, 2);
    assert_int_equal(f.host.receipt.kind, FL_RECEIPT_CLICK);
    assert_int_equal(f.host.n_commit, 1);
}

static void one_wrong_object_refuses_all(void **state)
{
    static const char *const wrong[] = {
        "",
        "nonsense",
        "7",
        "[]",
        "[7]",
        "{\"type\":\"other\"}",
        "{\"type\":5}",
        "[{\"text\":\"a\"},{\"type\":\"receipt\",\"ref\":\"r\",\"outcome\":\"lost\"}]",
        "{\"type\":\"receipt\",\"outcome\":\"delivered\"}",
        "{\"token\":\"short\"}",
        "{\"id\":7}",
        "{\"text\":\"a\",\"text\":\"b\"}",
        "{\"type\":\"receipt\",\"ref\":\"r\",\"outcome\":\"failed\",\"class\":\"bad\"}"};
    struct fixture f;

    (void)state;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (post_as(&f, wrong[i], NULL) != 400)
            fail_msg("%s", wrong[i]);
    }
    assert_int_equal(f.host.n_inbound + f.host.n_receipt + f.host.n_commit, 0);
}

static void strangers_are_refused_and_told_of(void **state)
{
    struct fixture f;
    char large[8192];

    (void)state;
    fixture_init(&f);
    assert_int_equal(post_as(&f, "{}", ""), 401);
    assert_int_equal(f.host.n_log, 1);
    assert_int_equal(post_as(&f, "{}", "t=1,v1=2"), 401);
    assert_int_equal(f.host.n_log, 1); /* one line a second */
    f.host.now_us += WEB_US_PER_S;
    assert_int_equal(post_as(&f, "{}", "t=1,v1=2"), 401);
    assert_int_equal(f.host.n_log, 2);
    memset(large, ' ', sizeof large);
    large[sizeof large - 1] = '\0';
    assert_int_equal(post_as(&f, large, NULL), 413);
    f.web.set.in.text[0] = NULL;
    assert_int_equal(post_as(&f, "{}", "t=1,v1=2"), 401);
    assert_int_equal(f.host.n_inbound, 0);
}

/* --- going out ---------------------------------------------------------------------------------*/

static struct fl_report class_of(CURLcode result, long status, curl_off_t sent)
{
    static char detail[WEB_DETAIL_MAX], ref[WEB_ID_MAX];
    const struct web_reply reply = {.result = result,
                                    .status = status,
                                    .sent = sent,
                                    .retry_after_s = 7,
                                    .error = "words",
                                    .body = "{\"id\":\"r-7\"}",
                                    .body_len = 12};
    struct fl_report report = {0};

    web_reply_class(&reply, detail, ref, &report);
    return report;
}

static void answers_are_classed(void **state)
{
    static const struct {
        CURLcode result;
        long status;
        curl_off_t sent;
        enum fl_outcome outcome;
        enum fl_fault_class fault;
    } rows[] = {
        {CURLE_OK, 200, 1, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE},
        {CURLE_OK, 204, 1, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE},
        {CURLE_OK, 409, 1, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE},
        {CURLE_OK, 302, 1, FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE},
        {CURLE_OK, 400, 1, FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
        {CURLE_OK, 401, 1, FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE},
        {CURLE_OK, 410, 1, FL_OUTCOME_FAILED, FL_FAULT_POLICY},
        {CURLE_OK, 418, 1, FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN},
        {CURLE_OK, 429, 1, FL_OUTCOME_DEFERRED, FL_FAULT_THROTTLED},
        {CURLE_OK, 503, 1, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
        {CURLE_OK, 999, 1, FL_OUTCOME_UNCERTAIN, FL_FAULT_TRANSIENT},
        {CURLE_COULDNT_CONNECT, 0, 0, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
        {CURLE_PEER_FAILED_VERIFICATION, 0, 0, FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE},
        {CURLE_OPERATION_TIMEDOUT, 0, 0, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
        {CURLE_OPERATION_TIMEDOUT, 0, 90, FL_OUTCOME_UNCERTAIN, FL_FAULT_TRANSIENT},
        {CURLE_GOT_NOTHING, 0, 90, FL_OUTCOME_UNCERTAIN, FL_FAULT_TRANSIENT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fl_report report = class_of(rows[i].result, rows[i].status, rows[i].sent);

        if (report.outcome != rows[i].outcome || report.fault != rows[i].fault)
            fail_msg("%d %ld: %d %d", (int)rows[i].result, rows[i].status, (int)report.outcome,
                     (int)report.fault);
    }
    assert_string_equal(class_of(CURLE_OK, 200, 1).provider_ref, "r-7");
    assert_int_equal(class_of(CURLE_OK, 503, 1).retry_after_us, 7 * WEB_US_PER_S);
    assert_string_equal(class_of(CURLE_GOT_NOTHING, 0, 1).detail, "words");
}

/* --- options -----------------------------------------------------------------------------------*/

static const char *check_options(const char *mode, const char *url, const char *secret,
                                 const char *old)
{
    static struct fl_why why;
    const struct fl_option options[] = {{"mode", mode, strcmp(mode, "webhook") == 0},
                                        {"url", url, 0},
                                        {"secret", secret, 0},
                                        {"old_secret", old, 0},
                                        {"parallel", "16", 16},
                                        {"timeout", "10s", 10000000},
                                        {"window", "5m", 300000000},
                                        {"max_size", "1M", 1 << 20}};

    why = (struct fl_why){.size = sizeof why};
    return fairline_channel_v1()->check(options, sizeof options / sizeof options[0], &why)
               ? why.text
               : NULL;
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    assert_null(check_options("inbox", NULL, NULL, NULL));
    assert_null(check_options("webhook", "https://a.example/x", SECRET, NULL));
    assert_null(check_options("webhook", "http://127.0.0.1:80/x", SECRET, OLD_SECRET));
    assert_string_equal(check_options("webhook", NULL, SECRET, NULL), "mode webhook needs url");
    assert_non_null(strstr(check_options("webhook", "http://a.example/", SECRET, NULL), "https"));
    assert_non_null(
        strstr(check_options("webhook", "http://127.0.0.1.evil.example/", SECRET, NULL), "https"));
    assert_non_null(strstr(check_options("webhook", "https://a.example/", NULL, NULL), "secret"));
    assert_non_null(
        strstr(check_options("webhook", "https://a.example/", "short", NULL), "5 characters"));
    assert_non_null(
        strstr(check_options("inbox", NULL, NULL, OLD_SECRET), "old_secret_file stands"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_what_openssl_says),
        cmocka_unit_test(signatures_are_checked),
        cmocka_unit_test(garbled_signatures_are_refused),
        cmocka_unit_test(a_form_comes_in_once),
        cmocka_unit_test(a_replay_is_known_after_a_restart),
        cmocka_unit_test(what_could_not_be_stored_may_come_again),
        cmocka_unit_test(receipts_and_clicks_come_in),
        cmocka_unit_test(one_wrong_object_refuses_all),
        cmocka_unit_test(strangers_are_refused_and_told_of),
        cmocka_unit_test(answers_are_classed),
        cmocka_unit_test(wrong_options_are_named),
    };

    return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
