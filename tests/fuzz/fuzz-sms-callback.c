/* What strangers and gateways post: whatever it is, nothing is handed over without the secret, and
 * what is handed over is UTF-8. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/sms/sms_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 65536, LINES_MAX = 12 };

struct world {
    char memory[4096];
    size_t memory_len;
    bool is_authentic;
    int n_taken;
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void on_log(void *host, enum fl_level level, const char *message)
{
    (void)host, (void)level, (void)message;
}

static int64_t on_now(void *host)
{
    (void)host;
    return INT64_C(1790000000000000);
}

static int on_inbound(void *host, const struct fl_inbound *inbound)
{
    struct world *w = host;

    check(w->is_authentic);
    check(g_utf8_validate(inbound->data, (gssize)inbound->data_len, NULL));
    check(g_utf8_validate(inbound->from_address, -1, NULL));
    check(strncmp(inbound->dedupe_key, "mo:", 3) == 0);
    w->n_taken++;
    return 0;
}

static int on_receipt(void *host, const struct fl_receipt *receipt)
{
    struct world *w = host;

    check(w->is_authentic);
    check(strncmp(receipt->dedupe_key, "dlr:", 4) == 0);
    check(!receipt->token || g_utf8_validate(receipt->token, -1, NULL));
    w->n_taken++;
    return 0;
}

static int on_commit(void *host)
{
    (void)host;
    return 0;
}

static int on_remember(void *host, const char *key, const void *data, size_t len)
{
    struct world *w = host;

    (void)key;
    check(len <= sizeof w->memory);
    memcpy(w->memory, data, len);
    w->memory_len = len;
    return 0;
}

static long on_recall(void *host, const char *key, void *data, size_t cap)
{
    struct world *w = host;

    (void)key;
    memcpy(data, w->memory, w->memory_len < cap ? w->memory_len : cap);
    return (long)w->memory_len;
}

/* Lines "name=value" up to an empty one are query and headers alike, the rest is the body. */
static void call(struct sms *self, struct world *w, char *text, size_t size)
{
    struct fl_http_field fields[LINES_MAX + 1];
    struct fl_http_request request = {.size = sizeof request, .query = fields, .headers = fields};
    struct fl_http_response response = {.size = sizeof response};
    struct fl_why why = {.size = sizeof why};
    char *at = text, *end = text + size;
    size_t n = 0;

    while (n < LINES_MAX && at < end && *at != '\n') {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        char *equals = memchr(at, '=', (size_t)((stop ? stop : end) - at));

        if (!stop || !equals)
            break;
        *stop = *equals = '\0';
        fields[n++] = (struct fl_http_field){at, equals + 1};
        at = stop + 1;
    }
    if (at < end && *at == '\n')
        at++;
    request.n_query = request.n_headers = n;
    request.method = "POST";
    request.body = at;
    request.body_len = (size_t)(end - at);
    for (int i = 0; i < 2; i++) {
        w->is_authentic = false;
        for (size_t k = 0; k < n; k++)
            w->is_authentic |= g_ascii_strcasecmp(fields[k].name, "key") == 0 &&
                               strcmp(fields[k].value, self->set.callback_secret) == 0;
        request.path = i ? "/mo" : "/dlr";
        check(sms_http(self, &request, &response, &why) == FL_CALL_OK);
        check(response.status >= 200 && response.status < 600);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.n_taken = 0};
    const struct fl_services services = {.size = sizeof services,
                                         .host = &w,
                                         .log = on_log,
                                         .now_us = on_now,
                                         .inbound = on_inbound,
                                         .receipt = on_receipt,
                                         .commit = on_commit,
                                         .remember = on_remember,
                                         .recall = on_recall};
    struct sms self = {.services = &services};
    struct fl_why why = {.size = sizeof why};
    char *text;

    if (size < 1 || size > INPUT_MAX)
        return 0;
    self.set = (struct sms_settings){.username = "gw",
                                     .password = "",
                                     .url = "",
                                     .smsc = "",
                                     .callback_url = "",
                                     .callback_secret = "k",
                                     .country_code = "82",
                                     .join_wait_us = 1};
    self.mapping =
        sms_mapping_parse("kannel", sms_kannel_mapping, strlen(sms_kannel_mapping), &why);
    check(self.mapping != NULL);
    self.mapping->inbound.type = self.mapping->receipt.type = data[0] % 5;
    text = g_malloc(size);
    memcpy(text, data + 1, size - 1);
    call(&self, &w, text, size - 1);
    g_free(text);
    sms_mapping_destroy(&self.mapping);
    return 0;
}
