/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Callbacks: authenticated, taken apart, handed over, committed, and only then answered. */
#include "sms_private.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum {
    KEY_MAX = 200,
    FORGED_LOG_MS = 10000, /* forged callbacks are logged no more often than that */
    CLOCK_SKEW_S = 300,    /* of a signed time */
    ELEMENTS_MAX = 1000,
    TIME_MS_ABOVE = 100000000 /* seconds up to 1973 are no time of a message: what is a thousand
                                 times larger than a plausible one is in milliseconds */
};

/* --- who sends it ------------------------------------------------------------------------------*/

static const char *field_of(const struct fl_http_field *fields, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (g_ascii_strcasecmp(fields[i].name, name) == 0)
            return fields[i].value;
    }
    return NULL;
}

/* In a time that says nothing of where they differ, nor of their lengths. */
static bool is_same(const char *a, const char *b)
{
    unsigned char hash_a[EVP_MAX_MD_SIZE], hash_b[EVP_MAX_MD_SIZE];
    unsigned int len_a = 0, len_b = 0;

    EVP_Digest(a, strlen(a), hash_a, &len_a, EVP_sha256(), NULL);
    EVP_Digest(b, strlen(b), hash_b, &len_b, EVP_sha256(), NULL);
    return len_a && len_a == len_b && CRYPTO_memcmp(hash_a, hash_b, len_a) == 0;
}

static bool basic_is_right(const struct sms *self, const struct fl_http_request *request)
{
    const char *given = field_of(request->headers, request->n_headers, "authorization");
    char *pair = g_strconcat(self->set.username, ":", self->set.callback_secret, NULL);
    char *encoded = g_base64_encode((const unsigned char *)pair, strlen(pair));
    char *expected = g_strconcat("Basic ", encoded, NULL);
    bool is_right = given && is_same(given, expected);

    g_free(expected);
    g_free(encoded);
    g_free(pair);
    return is_right;
}

static bool time_is_near(const struct sms *self, const char *text)
{
    gint64 at = text ? g_ascii_strtoll(text, NULL, 10) : 0;
    gint64 now = self->services->now_us(self->services->host) / 1000000;

    if (at / 1000 > TIME_MS_ABOVE)
        at /= 1000;
    return at > now - CLOCK_SKEW_S && at < now + CLOCK_SKEW_S;
}

static bool signature_is_right(const struct sms *self, const struct sms_auth *auth,
                               const struct fl_http_request *request)
{
    const char *given = field_of(request->headers, request->n_headers, auth->name);
    const char *at = auth->time ? field_of(request->headers, request->n_headers, auth->time) : NULL;
    struct sms_fields fields = {.value = {NULL}};
    GString *text = g_string_new(NULL);
    GString *expected = g_string_new(NULL);
    char *body = g_strndup(request->body ? request->body : "", request->body_len);
    char *signature;
    bool is_right;

    sms_fields_common(self, &fields);
    fields.value[SMS_F_METHOD] = request->method;
    fields.value[SMS_F_PATH] = request->path;
    fields.value[SMS_F_BODY] = body;
    fields.value[SMS_F_TIME] = at;
    (void)sms_template_fill(auth->string, &fields, SMS_RAW, text);
    signature =
        sms_hmac(auth->digest, auth->encoding, self->set.callback_secret, text->str, text->len);
    fields.value[SMS_F_SIGNATURE] = signature;
    (void)sms_template_fill(auth->value ? auth->value : "{signature}", &fields, SMS_RAW, expected);
    /* A body with a NUL would be signed only up to it. */
    is_right = given && is_same(given, expected->str) && strlen(body) == request->body_len &&
               (!auth->time || time_is_near(self, at));
    g_free(signature);
    g_free(body);
    g_string_free(expected, TRUE);
    g_string_free(text, TRUE);
    return is_right;
}

static bool is_authentic(const struct sms *self, const struct sms_auth *auth,
                         const struct fl_http_request *request, const char *rest_of_path)
{
    const char *given = NULL;

    if (!*self->set.callback_secret)
        return false;
    switch (auth->type) {
    case SMS_AUTH_BASIC:
        return basic_is_right(self, request);
    case SMS_AUTH_HMAC:
        return signature_is_right(self, auth, request);
    case SMS_AUTH_HEADER:
        given = field_of(request->headers, request->n_headers, auth->name);
        break;
    case SMS_AUTH_SECRET:
        given = field_of(request->query, request->n_query, auth->name ? auth->name : "key");
        if (!given && rest_of_path[0] == '/')
            given = rest_of_path + 1;
        break;
    default:
        break;
    }
    return given && is_same(given, self->set.callback_secret);
}

static void log_forged(struct sms *self, const struct fl_http_request *request)
{
    int64_t now_ms = sms_monotonic_ms();

    self->n_forged++;
    if (self->forged_logged_ms && now_ms - self->forged_logged_ms < FORGED_LOG_MS)
        return;
    self->forged_logged_ms = now_ms;
    sms_log(self, FL_LEVEL_WARN,
            "a callback to %.60s from %.60s did not prove who sends it and was refused; "
            "%" G_GINT64_FORMAT " so far",
            request->path, request->peer_address ? request->peer_address : "an unknown address",
            self->n_forged);
}

/* --- what is in it -----------------------------------------------------------------------------*/

static json_t *fields_json(const struct fl_http_field *fields, size_t n)
{
    json_t *object = json_object();

    for (size_t i = 0; i < n; i++) {
        char *value = g_utf8_make_valid(fields[i].value, -1);
        char *name = g_utf8_make_valid(fields[i].name, -1);

        json_object_set_new(object, name, json_string(value));
        g_free(name);
        g_free(value);
    }
    return object;
}

static char *charset_of(const struct fl_http_request *request)
{
    const char *type = field_of(request->headers, request->n_headers, "content-type");
    const char *found = type ? strcasestr(type, "charset=") : NULL;

    if (!found)
        return NULL;
    found += strlen("charset=");
    found += *found == '"';
    return g_strndup(found, strcspn(found, "\"; \t"));
}

/* {"query", "header", "body"} */
static json_t *request_json(const struct sms_hook *hook, const struct fl_http_request *request,
                            char **out_reason)
{
    json_t *query = fields_json(request->query, request->n_query);
    char *charset = charset_of(request);
    char *named = NULL;
    json_t *root = json_object(), *body;

    json_object_set_new(root, "query", query);
    json_object_set_new(root, "header", fields_json(request->headers, request->n_headers));
    if (!charset)
        charset = named = sms_value_text(root, root, hook->charset);
    body = sms_value_parse((enum sms_type)hook->type, request->body ? request->body : "",
                           request->body_len, charset, out_reason);
    g_free(charset);
    if (!body) {
        json_decref(root);
        return NULL;
    }
    json_object_set_new(root, "body", body);
    return root;
}

json_t *sms_hook_elements(const struct sms_hook *hook, json_t *root)
{
    json_t *found = hook->list ? sms_value_at(root, hook->list) : root;
    json_t *list;

    if (json_is_array(found))
        return json_incref(found);
    list = json_array();
    if (found && !(json_is_string(found) && !json_string_length(found)))
        json_array_append(list, found);
    return list;
}

static int64_t time_of(json_t *item, json_t *root, json_t *paths)
{
    char *text = sms_value_text(item, root, paths);
    char *end = NULL;
    gint64 at = text ? g_ascii_strtoll(text, &end, 10) : 0;
    GDateTime *date = text && *end ? g_date_time_new_from_iso8601(text, NULL) : NULL;

    if (date) {
        at = g_date_time_to_unix(date);
        g_date_time_unref(date);
    } else if (text && *end) {
        at = 0;
    }
    if (at / 1000 > TIME_MS_ABOVE)
        at /= 1000;
    g_free(text);
    return at > TIME_MS_ABOVE && at < G_GINT64_CONSTANT(10000000000) ? at * 1000000 : 0;
}

bool sms_hand_over_receipt(struct sms *self, const struct sms_hook *hook, json_t *item,
                           json_t *root)
{
    const struct fl_services *services = self->services;
    char *token = sms_value_text(item, root, hook->token);
    char *reference = sms_value_text(item, root, hook->reference);
    char *code = sms_value_text(item, root, hook->code);
    char *detail = sms_value_text(item, root, hook->detail);
    struct sms_verdict verdict = {FL_OUTCOME_UNCERTAIN, FL_FAULT_UNKNOWN, false};
    char key[KEY_MAX];
    char *end = NULL;
    gint64 number = code ? g_ascii_strtoll(code, &end, 10) : 0;
    struct fl_receipt receipt = {.size = sizeof receipt,
                                 .kind = FL_RECEIPT_OUTCOME,
                                 .dedupe_key = key,
                                 .token = token,
                                 .provider_ref = reference,
                                 .at_us = time_of(item, root, hook->time),
                                 .is_authenticated = 1};
    bool is_taken = true;

    if (!sms_rules_apply(&hook->rules, 0, code, detail, &verdict))
        sms_log(self, FL_LEVEL_WARN, "a receipt says \"%.60s\" \"%.100s\", which no rule knows",
                code ? code : "", detail ? detail : "");
    receipt.report = (struct fl_report){.size = sizeof receipt.report,
                                        .outcome = verdict.outcome,
                                        .fault = verdict.fault,
                                        .detail = detail,
                                        .provider_ref = reference};
    if (code && *code && !*end && number > INT32_MIN && number < INT32_MAX)
        receipt.report.code = (int32_t)number;
    g_snprintf(key, sizeof key, "dlr:%.80s:%.40s:%d",
               token       ? token
               : reference ? reference
                           : "",
               code ? code : "", (int)verdict.outcome);
    if (token || reference)
        is_taken = services->receipt(services->host, &receipt) == 0;
    g_free(token);
    g_free(reference);
    g_free(code);
    g_free(detail);
    return is_taken;
}

/* The number behind a path; 0: none. */
static unsigned count_of(json_t *item, json_t *root, json_t *paths)
{
    char *text = sms_value_text(item, root, paths);
    gint64 number = text ? g_ascii_strtoll(text, NULL, 10) : 0;

    g_free(text);
    return number > 0 && number <= UINT16_MAX ? (unsigned)number : 0;
}

bool sms_hand_over_inbound(struct sms *self, const struct sms_hook *hook, json_t *item,
                           json_t *root)
{
    char *from = sms_value_text(item, root, hook->from);
    char *to = sms_value_text(item, root, hook->to);
    char *text = sms_value_text(item, root, hook->text);
    char *id = sms_value_text(item, root, hook->id);
    char *udh = sms_value_text(item, root, hook->udh);
    char *from_e164 = sms_number_read(from ? from : "", self->set.country_code);
    char *to_e164 = sms_number_read(to ? to : "", self->set.country_code);
    struct sms_piece piece = {.from = from_e164,
                              .to = to_e164,
                              .text = text ? text : "",
                              .id = id,
                              .at_us = time_of(item, root, hook->time),
                              .group = count_of(item, root, hook->group),
                              .part = count_of(item, root, hook->part),
                              .parts = count_of(item, root, hook->parts)};
    bool is_taken;

    if (udh)
        (void)sms_join_udh(udh, &piece);
    if (piece.parts > 1 && piece.part >= 1 && piece.part <= piece.parts &&
        piece.parts <= SMS_PARTS_MAX)
        is_taken = sms_join_part(self, &piece);
    else
        is_taken = sms_inbound_put(self, &piece);
    g_free(from);
    g_free(to);
    g_free(text);
    g_free(id);
    g_free(udh);
    g_free(from_e164);
    g_free(to_e164);
    return is_taken;
}

/* --- the request -------------------------------------------------------------------------------*/

static enum fl_call answer(struct fl_http_response *response, int status, const char *text)
{
    response->status = status;
    response->body = text;
    response->body_len = strlen(text);
    return FL_CALL_OK;
}

static enum fl_call take(struct sms *self, const struct sms_hook *hook, bool is_receipt,
                         const struct fl_http_request *request, struct fl_http_response *response)
{
    const struct fl_services *services = self->services;
    char *reason = NULL;
    json_t *root = request_json(hook, request, &reason);
    json_t *list, *item;
    bool is_taken = true;
    size_t i;

    if (!root) {
        sms_log(self, FL_LEVEL_WARN, "a callback to %.60s %.200s", request->path, reason);
        g_free(reason);
        return answer(response, 400, "not understood\n");
    }
    list = sms_hook_elements(hook, root);
    if (json_array_size(list) > ELEMENTS_MAX) {
        json_decref(list);
        json_decref(root);
        return answer(response, 413, "too many at once\n");
    }
    json_array_foreach(list, i, item)
    {
        is_taken = is_taken && (is_receipt ? sms_hand_over_receipt(self, hook, item, root)
                                           : sms_hand_over_inbound(self, hook, item, root));
    }
    json_decref(list);
    json_decref(root);
    if (!is_taken || services->commit(services->host) != 0)
        return answer(response, 503, "not stored, try again\n");
    return answer(response, 200, hook->reply ? hook->reply : "");
}

/* True for the path of the hook, and for what a secret may stand in: PATH/SECRET. */
static bool is_at(const struct sms_hook *hook, const char *path, const char **out_rest)
{
    size_t len = hook->path ? strlen(hook->path) : 0;

    if (!hook->is_given || strncmp(path, hook->path, len) != 0 || (path[len] && path[len] != '/'))
        return false;
    *out_rest = path + len;
    return !path[len] || hook->auth.type == SMS_AUTH_SECRET;
}

enum fl_call sms_http(struct sms *self, const struct fl_http_request *request,
                      struct fl_http_response *response, struct fl_why *why)
{
    const struct sms_hook *hook = &self->mapping->receipt;
    const char *rest = "";
    bool is_receipt = is_at(hook, request->path, &rest);

    (void)why;
    if (!is_receipt) {
        hook = &self->mapping->inbound;
        if (!is_at(hook, request->path, &rest))
            return answer(response, 404, "nothing here\n");
    }
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "POST") != 0)
        return answer(response, 405, "GET or POST\n");
    if (request->body_len > SMS_HOOK_MAX)
        return answer(response, 413, "too large\n");
    if (!is_authentic(self, &hook->auth, request, rest)) {
        log_forged(self, request);
        return answer(response, 403, "refused\n");
    }
    return take(self, hook, is_receipt, request, response);
}
