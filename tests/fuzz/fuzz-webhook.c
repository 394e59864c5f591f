/* A webhook as strangers may send it: the signature header, then a body whose signature fits. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/web/web_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 65536, NOW_S = 1795000000 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void on_log(void *host, enum fl_level level, const char *message)
{
    (void)host;
    (void)level;
    check(strlen(message) < 512);
}

static int64_t on_now(void *host)
{
    (void)host;
    return NOW_S * WEB_US_PER_S;
}

static int on_inbound(void *host, const struct fl_inbound *inbound)
{
    ++*(int *)host;
    check(inbound->data_len && strlen(inbound->dedupe_key) < WEB_KEY_MAX);
    return 0;
}

static int on_receipt(void *host, const struct fl_receipt *receipt)
{
    ++*(int *)host;
    check(receipt->token || receipt->provider_ref);
    return 0;
}

static int on_commit(void *host)
{
    (void)host;
    return 0;
}

static int on_remember(void *host, const char *key, const void *data, size_t len)
{
    (void)host;
    (void)key;
    check(data && len <= 4096);
    return 0;
}

static int post(struct web *web, const char *signature, const char *body, size_t len)
{
    struct fl_http_field header = {"fairline-signature", signature};
    const struct fl_http_request request = {.size = sizeof request,
                                            .method = "POST",
                                            .path = "/",
                                            .headers = &header,
                                            .n_headers = 1,
                                            .body = body,
                                            .body_len = len};
    struct fl_http_response response = {.size = sizeof response};
    struct fl_why why = {.size = sizeof why};

    check(web_hook(web, &request, &response, &why) == FL_CALL_OK);
    return response.status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int n_taken = 0, status;
    struct fl_services services = {.size = sizeof services,
                                   .host = &n_taken,
                                   .log = on_log,
                                   .now_us = on_now,
                                   .inbound = on_inbound,
                                   .receipt = on_receipt,
                                   .commit = on_commit,
                                   .remember = on_remember};
    struct web web = {.services = &services,
                      .set = {.in = {{(char *)(uintptr_t) "0123456789abcdef", NULL}},
                              .window_us = 300 * WEB_US_PER_S,
                              .max_size = INPUT_MAX}};
    char signature[WEB_SIGNATURE_HEADER_MAX];
    char *text;

    if (size > INPUT_MAX)
        return 0;
    text = calloc(1, size + 1);
    check(text != NULL);
    if (size)
        memcpy(text, data, size);
    check(post(&web, text, text, size) == 401 && !n_taken);
    check(web_signature_make(&web.set.in, NOW_S, text, size, signature));
    status = post(&web, signature, text, size);
    check(status == 200 || status == 400);
    check((status == 200) == (n_taken > 0));
    if (status == 200)
        check(post(&web, signature, text, size) == 409);
    free(text);
    return 0;
}
