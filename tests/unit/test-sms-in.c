/* The SMS plugin, inward: receipts and messages by callback, what proves who sends them, parts that
 * are joined. */
#include "unit.h"

#include <glib.h>

#include "../../plugins/sms/sms_private.h"

enum { LOTS = 40 };

static const char secret[] = "a-secret-of-some-length";

static char *repeat(const char *what, size_t n, const char *then)
{
    GString *out = g_string_new(NULL);

    while (n--)
        g_string_append(out, what);
    g_string_append(out, then);
    return g_string_free(out, FALSE);
}

static char *mapping_file(const char *name)
{
    char *path = g_strdup_printf("%s/etc/sms/%s", getenv("FL_TOP_SRCDIR"), name);
    char *text = NULL;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_free(path);
    return text;
}

/* --- callbacks ---------------------------------------------------------------------------------*/

struct piece {
    enum fl_inbound_kind kind;
    char key[100], from[40], to[40], text[600], token[80], reference[40];
    enum fl_outcome outcome;
    enum fl_fault_class fault;
};

struct world {
    struct fl_services services;
    struct sms self;
    struct piece pieces[LOTS];
    int n_pieces, n_commits, n_logs;
    bool refuses;
    int64_t now_us;
    GHashTable *memory;
};

static void on_log(void *host, enum fl_level level, const char *message)
{
    (void)level, (void)message;
    ((struct world *)host)->n_logs++;
}

static int64_t on_now(void *host)
{
    return ((struct world *)host)->now_us;
}

static int on_inbound(void *host, const struct fl_inbound *inbound)
{
    struct world *w = host;
    struct piece *p = &w->pieces[w->n_pieces];

    if (w->refuses)
        return 1;
    assert_true(w->n_pieces < LOTS);
    assert_true(inbound->is_authenticated);
    w->n_pieces++;
    p->kind = inbound->kind;
    g_strlcpy(p->key, inbound->dedupe_key, sizeof p->key);
    g_strlcpy(p->from, inbound->from_address, sizeof p->from);
    g_strlcpy(p->to, inbound->to_address, sizeof p->to);
    g_snprintf(p->text, sizeof p->text, "%.*s", (int)inbound->data_len,
               (const char *)inbound->data);
    return 0;
}

static int on_receipt(void *host, const struct fl_receipt *receipt)
{
    struct world *w = host;
    struct piece *p = &w->pieces[w->n_pieces];

    if (w->refuses)
        return 1;
    assert_true(w->n_pieces < LOTS);
    assert_true(receipt->is_authenticated);
    w->n_pieces++;
    g_strlcpy(p->key, receipt->dedupe_key, sizeof p->key);
    g_strlcpy(p->token, receipt->token ? receipt->token : "", sizeof p->token);
    g_strlcpy(p->reference, receipt->provider_ref ? receipt->provider_ref : "",
              sizeof p->reference);
    p->outcome = receipt->report.outcome;
    p->fault = receipt->report.fault;
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
    struct world *w = host;

    if (len > 4096)
        return -1;
    g_hash_table_replace(w->memory, g_strdup(key), g_strndup(data, len));
    return 0;
}

static long on_recall(void *host, const char *key, void *data, size_t cap)
{
    struct world *w = host;
    const char *value = g_hash_table_lookup(w->memory, key);

    if (!value)
        return -1;
    memcpy(data, value, MIN(strlen(value), cap));
    return (long)strlen(value);
}

static void world_begin(struct world *w, const char *mapping)
{
    struct fl_why why = {.size = sizeof why};
    char *text = mapping ? mapping_file(mapping) : g_strdup(sms_kannel_mapping);

    *w = (struct world){.now_us = INT64_C(1790000000) * 1000000};
    w->services = (struct fl_services){.size = sizeof w->services,
                                       .host = w,
                                       .log = on_log,
                                       .now_us = on_now,
                                       .inbound = on_inbound,
                                       .receipt = on_receipt,
                                       .commit = on_commit,
                                       .is_stopping = on_stopping,
                                       .remember = on_remember,
                                       .recall = on_recall};
    w->memory = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    w->self.services = &w->services;
    w->self.set = (struct sms_settings){.username = "gw",
                                        .password = "pw",
                                        .url = "http://127.0.0.1/",
                                        .callback_url = "",
                                        .callback_secret = secret,
                                        .country_code = "82",
                                        .smsc = "",
                                        .join_wait_us = INT64_C(3600000000)};
    w->self.mapping = sms_mapping_parse("m.json", text, strlen(text), &why);
    assert_non_null(w->self.mapping);
    g_free(text);
}

static void world_end(struct world *w)
{
    sms_mapping_destroy(&w->self.mapping);
    g_hash_table_destroy(w->memory);
}

/* Query and headers as "name=value" separated by '|'; the answer's status. */
static int call(struct world *w, const char *path, const char *query, const char *headers,
                const void *body, size_t len)
{
    struct fl_http_field fields[2][10];
    size_t n[2] = {0, 0};
    char **pairs[2] = {g_strsplit(query, "|", -1), g_strsplit(headers, "|", -1)};
    struct fl_http_request request = {.size = sizeof request,
                                      .method = len ? "POST" : "GET",
                                      .path = path,
                                      .body = body,
                                      .body_len = len,
                                      .peer_address = "127.0.0.1"};
    struct fl_http_response response = {.size = sizeof response};
    struct fl_why why = {.size = sizeof why};

    for (int k = 0; k < 2; k++) {
        for (char **pair = pairs[k]; *pair && strchr(*pair, '='); pair++) {
            char *equals = strchr(*pair, '=');

            *equals = '\0';
            fields[k][n[k]++] = (struct fl_http_field){*pair, equals + 1};
        }
    }
    request.query = fields[0];
    request.n_query = n[0];
    request.headers = fields[1];
    request.n_headers = n[1];
    assert_int_equal(sms_http(&w->self, &request, &response, &why), FL_CALL_OK);
    g_strfreev(pairs[0]);
    g_strfreev(pairs[1]);
    return response.status;
}

#define KEY "key=a-secret-of-some-length"

static void kannel_receipts(void **state)
{
    const struct {
        const char *query;
        enum fl_outcome outcome;
        enum fl_fault_class fault;
    } rows[] = {
        {"st=1", FL_OUTCOME_DELIVERED, FL_FAULT_NONE},
        {"st=8|ans=ACK/", FL_OUTCOME_ACCEPTED, FL_FAULT_NONE},
        {"st=4", FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
        {"st=2|ans=id:7 stat:EXPIRED err:011 text:x", FL_OUTCOME_BOUNCED, FL_FAULT_MAILBOX},
        {"st=2|ans=id:7 stat:UNDELIV err:001 text:x", FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
        {"st=2|ans=Absent subscriber", FL_OUTCOME_BOUNCED, FL_FAULT_MAILBOX},
        {"st=2|ans=Unknown subscriber", FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
        {"st=2|ans=id:7 stat:REJECTD err:008", FL_OUTCOME_FAILED, FL_FAULT_POLICY},
        {"st=16|ans=NACK/0x0000000b/Invalid Destination Address", FL_OUTCOME_BOUNCED,
         FL_FAULT_ADDRESS},
        {"st=16|ans=NACK/0x0000000a/Invalid Source Address", FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
        {"st=16|ans=NACK/0x00000058/Throttling error", FL_OUTCOME_FAILED, FL_FAULT_THROTTLED},
        {"st=16|ans=NACK/", FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN},
        {"st=2|ans=", FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN},
    };
    struct world w;

    (void)state;
    world_begin(&w, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *query = g_strconcat(KEY "|token=abc|fid=77|", rows[i].query, NULL);

        assert_int_equal(call(&w, "/dlr", query, "", NULL, 0), 200);
        assert_int_equal(w.n_pieces, i + 1);
        assert_int_equal(w.n_commits, i + 1);
        assert_string_equal(w.pieces[i].token, "abc");
        assert_string_equal(w.pieces[i].reference, "77");
        if (w.pieces[i].outcome != rows[i].outcome || w.pieces[i].fault != rows[i].fault)
            fail_msg("row %zu: outcome %d fault %d", i, (int)w.pieces[i].outcome,
                     (int)w.pieces[i].fault);
        g_free(query);
    }
    /* the same again has the same key; another status has another */
    assert_int_equal(call(&w, "/dlr", KEY "|token=abc|fid=77|st=1", "", NULL, 0), 200);
    assert_string_equal(w.pieces[w.n_pieces - 1].key, w.pieces[0].key);
    assert_string_not_equal(w.pieces[0].key, w.pieces[1].key);
    /* the secret in the path, what is not stored, what is not there */
    assert_int_equal(call(&w, "/dlr/a-secret-of-some-length", "token=abc|st=1", "", NULL, 0), 200);
    w.refuses = true;
    assert_int_equal(call(&w, "/dlr", KEY "|token=abc|st=1", "", NULL, 0), 503);
    assert_int_equal(call(&w, "/other", KEY, "", NULL, 0), 404);
    world_end(&w);
}

static void forged_callbacks(void **state)
{
    struct world w;
    char *large = repeat("x", SMS_HOOK_MAX + 1, "");

    (void)state;
    world_begin(&w, NULL);
    assert_int_equal(call(&w, "/dlr", "token=abc|st=1", "", NULL, 0), 403);
    assert_int_equal(call(&w, "/dlr", "key=|token=abc|st=1", "", NULL, 0), 403);
    assert_int_equal(call(&w, "/dlr", "key=a-secret-of-some-lengtX|st=1", "", NULL, 0), 403);
    assert_int_equal(call(&w, "/dlr/wrong", "token=abc|st=1", "", NULL, 0), 403);
    assert_int_equal(call(&w, "/mo", "from=010", "", "hello", 5), 403);
    assert_int_equal(call(&w, "/mo", KEY "|from=010", "", large, strlen(large)), 413);
    w.self.set.callback_secret = "";
    assert_int_equal(call(&w, "/dlr", "key=|token=abc|st=1", "", NULL, 0), 403);
    assert_int_equal(w.n_pieces, 0);
    assert_true(w.n_logs >= 1);
    world_end(&w);
    g_free(large);
}

static void kannel_inbound(void **state)
{
    static const char korean[] = "\xac\x00\xb0\x98\x00 \xb2\xe4";
    struct world w;

    (void)state;
    world_begin(&w, NULL);
    assert_int_equal(call(&w, "/mo", KEY "|id=a1|from=+821012345678|to=0215771577",
                          "content-type=text/plain; charset=\"UTF-16BE\"", korean,
                          sizeof korean - 1),
                     200);
    assert_string_equal(w.pieces[0].text, "가나 다");
    assert_string_equal(w.pieces[0].from, "+821012345678");
    assert_string_equal(w.pieces[0].to, "+82215771577");
    assert_int_equal(w.pieces[0].kind, FL_INBOUND_TEXT);
    assert_int_equal(call(&w, "/mo", KEY "|id=a2|from=01012345678|to=0215771577",
                          "content-type=text/plain; charset=UTF-8", "STOP", 4),
                     200);
    assert_string_equal(w.pieces[1].text, "STOP");
    assert_string_equal(w.pieces[1].from, "+821012345678");
    assert_string_not_equal(w.pieces[0].key, w.pieces[1].key);
    /* got, not posted */
    assert_int_equal(call(&w, "/mo", KEY "|id=a3|from=01012345678|text=수신거부", "", NULL, 0),
                     200);
    assert_string_equal(w.pieces[2].text, "수신거부");
    /* the same message again has the same key */
    assert_int_equal(call(&w, "/mo", KEY "|id=a2|from=01012345678|to=0215771577",
                          "content-type=text/plain; charset=UTF-8", "STOP", 4),
                     200);
    assert_string_equal(w.pieces[3].key, w.pieces[1].key);
    world_end(&w);
}

static int part(struct world *w, const char *udh, const char *text, const char *id)
{
    char *query = g_strdup_printf(KEY "|id=%s|from=01012345678|to=15771577", id);
    char *headers = g_strdup_printf("content-type=text/plain|x-kannel-udh=%s", udh);
    int status = call(w, "/mo", query, headers, text, strlen(text));

    g_free(query);
    g_free(headers);
    return status;
}

static void parts_are_joined(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, NULL);
    assert_int_equal(part(&w, "050003070302", "two ", "b"), 200);
    assert_int_equal(part(&w, "050003070303", "three", "c"), 200);
    assert_int_equal(w.n_pieces, 0);
    assert_int_equal(w.n_commits, 2);
    assert_int_equal(part(&w, "050003070302", "two ", "b"), 200);
    assert_int_equal(part(&w, "050003070301", "one ", "a"), 200);
    assert_int_equal(w.n_pieces, 1);
    assert_string_equal(w.pieces[0].text, "one two three");
    /* a part that comes again belongs to what is done */
    assert_int_equal(part(&w, "050003070302", "two ", "b"), 200);
    assert_int_equal(w.n_pieces, 1);
    /* a wide group number; the missing part never comes */
    assert_int_equal(part(&w, "0608040102 0201", "x", "d"), 200);
    assert_int_equal(w.n_pieces, 2);
    assert_int_equal(part(&w, "06080401020201", "first ", "e"), 200);
    assert_int_equal(w.n_pieces, 2);
    assert_true(sms_join_expire(&w.self));
    assert_int_equal(w.n_pieces, 2);
    w.now_us += INT64_C(7200000000);
    assert_true(sms_join_expire(&w.self));
    assert_int_equal(w.n_pieces, 3);
    assert_string_equal(w.pieces[2].text, "first \xe2\x80\xa6");
    assert_true(sms_join_expire(&w.self));
    assert_int_equal(w.n_pieces, 3);
    /* many groups at once: a slot that is taken is handed over, nothing is lost */
    for (int i = 0; i < 100; i++) {
        char udh[16];

        g_snprintf(udh, sizeof udh, "050003%02x0201", i + 8);
        if (w.n_pieces > LOTS - 2)
            w.n_pieces = 3;
        assert_int_equal(part(&w, udh, "half", "f"), 200);
    }
    world_end(&w);
}

static void signed_callbacks(void **state)
{
    static const char body[] = "{\"receipts\": [{\"tag\": \"abc\", \"id\": \"x7\", \"state\": "
                               "\"delivered\"}, {\"tag\": \"abd\", \"state\": \"undeliverable\", "
                               "\"reason\": \"Unknown number\"}]}";
    struct world w;
    char *text, *signature, *headers;

    (void)state;
    world_begin(&w, "crane.json");
    text = g_strdup_printf("1790000000.%s", body);
    signature = sms_hmac(SMS_SHA256, SMS_HEX, secret, text, strlen(text));
    headers = g_strdup_printf("x-crane-time=1790000000|x-crane-signature=v1=%s", signature);
    assert_int_equal(call(&w, "/dlr", "", headers, body, strlen(body)), 200);
    assert_int_equal(w.n_pieces, 2);
    assert_int_equal(w.n_commits, 1);
    assert_int_equal(w.pieces[0].outcome, FL_OUTCOME_DELIVERED);
    assert_int_equal(w.pieces[1].fault, FL_FAULT_ADDRESS);
    /* another body, an old time, no signature */
    assert_int_equal(call(&w, "/dlr", "", headers, body, strlen(body) - 1), 403);
    w.now_us += INT64_C(1000000000);
    assert_int_equal(call(&w, "/dlr", "", headers, body, strlen(body)), 403);
    assert_int_equal(call(&w, "/dlr", "", "", body, strlen(body)), 403);
    assert_int_equal(w.n_pieces, 2);
    g_free(headers);
    g_free(signature);
    g_free(text);
    world_end(&w);
    world_begin(&w, "harbour.json");
    assert_int_equal(call(&w, "/mo", "",
                          "authorization=Basic Z3c6YS1zZWNyZXQtb2Ytc29tZS1sZW5ndGg=|"
                          "content-type=application/x-www-form-urlencoded; "
                          "charset=EUC-KR",
                          "serial=9&phone=01012345678&msg=%B0%A1", 37),
                     200);
    assert_string_equal(w.pieces[0].text, "가");
    assert_int_equal(call(&w, "/mo", "", "authorization=Basic eDp5", "serial=9", 8), 403);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kannel_receipts),  cmocka_unit_test(forged_callbacks),
        cmocka_unit_test(kannel_inbound),   cmocka_unit_test(parts_are_joined),
        cmocka_unit_test(signed_callbacks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
