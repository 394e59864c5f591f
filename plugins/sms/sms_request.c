/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mapping and an item to an HTTP request, with its signature. */
#include "sms_private.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

enum { NONCE_BYTES = 12 };

static const EVP_MD *digest_of(int digest)
{
    return digest == SMS_SHA1 ? EVP_sha1() : digest == SMS_SHA512 ? EVP_sha512() : EVP_sha256();
}

static char *encode(int encoding, const unsigned char *data, size_t len)
{
    GString *hex;

    if (encoding == SMS_BASE64)
        return g_base64_encode(data, len);
    hex = g_string_sized_new(2 * len);
    for (size_t i = 0; i < len; i++)
        g_string_append_printf(hex, "%02x", data[i]);
    return g_string_free(hex, FALSE);
}

char *sms_hmac(int digest, int encoding, const char *key, const char *text, size_t len)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int mac_len = 0;

    HMAC(digest_of(digest), key, (int)strlen(key), (const unsigned char *)text, len, mac, &mac_len);
    return encode(encoding, mac, mac_len);
}

static char *sha256_hex(const char *data, size_t len)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int hash_len = 0;

    EVP_Digest(data, len, hash, &hash_len, EVP_sha256(), NULL);
    return encode(SMS_HEX, hash, hash_len);
}

void sms_fields_common(const struct sms *self, struct sms_fields *fields)
{
    const struct sms_settings *set = &self->set;

    fields->value[SMS_F_USERNAME] = set->username;
    fields->value[SMS_F_PASSWORD] = set->password;
    fields->value[SMS_F_URL] = set->url;
    fields->value[SMS_F_CALLBACK] = set->callback_url;
    fields->value[SMS_F_SECRET] = set->callback_secret;
    fields->value[SMS_F_SMSC] = set->smsc;
}

/* --- body --------------------------------------------------------------------------------------*/

static GString *json_body(const struct sms_request *request, const struct sms_fields *fields,
                          json_t *recipients)
{
    json_t *tree = sms_template_json(request->body, fields);
    char *text;
    GString *out;

    /* The list of recipients takes the place of the member whose text is "{recipients}". */
    if (recipients && json_is_object(tree)) {
        const char *key;
        json_t *value;

        json_object_foreach(request->body, key, value)
        {
            const char *template = json_string_value(value);

            if (template && strcmp(template, "{recipients}") == 0)
                json_object_set(tree, key, recipients);
        }
    }
    text = json_dumps(recipients && !json_is_object(tree) ? recipients : tree, JSON_COMPACT);
    out = g_string_new(text);
    free(text);
    json_decref(tree);
    return out;
}

static GString *form_body(const struct sms_request *request, const struct sms_fields *fields,
                          char **out_reason)
{
    GString *out = g_string_new(NULL);
    const char *key;
    json_t *template;

    json_object_foreach(request->body, key, template)
    {
        GString *value = g_string_new(NULL);
        GString *bytes = NULL;

        if (sms_template_fill(json_string_value(template), fields, SMS_RAW, value)) {
            bytes = sms_text_encode(value->str, request->charset);
            if (!bytes) {
                *out_reason = g_strdup_printf("the text has a character that %s does not have",
                                              request->charset);
            } else {
                if (out->len)
                    g_string_append_c(out, '&');
                sms_escape_append(out, key, SMS_ESCAPE_FORM);
                g_string_append_c(out, '=');
                sms_escape_append(out, bytes->str, SMS_ESCAPE_FORM);
                g_string_free(bytes, TRUE);
            }
        }
        g_string_free(value, TRUE);
    }
    return out;
}

static GString *body_build(const struct sms_request *request, const struct sms_fields *fields,
                           json_t *recipients, char **out_reason)
{
    GString *text, *bytes;

    if (request->type == SMS_TYPE_NONE)
        return g_string_new(NULL);
    if (request->type == SMS_TYPE_JSON)
        return json_body(request, fields, recipients);
    if (request->type == SMS_TYPE_FORM)
        return form_body(request, fields, out_reason);
    text = g_string_new(NULL);
    (void)sms_template_fill(json_string_value(request->body), fields,
                            request->type == SMS_TYPE_XML ? SMS_ESCAPE_XML : SMS_RAW, text);
    bytes = sms_text_encode(text->str, request->charset);
    g_string_free(text, TRUE);
    if (!bytes) {
        *out_reason =
            g_strdup_printf("the text has a character that %s does not have", request->charset);
        return g_string_new(NULL);
    }
    return bytes;
}

/* --- headers -----------------------------------------------------------------------------------*/

static void header_add(struct sms_exchange *out, const char *name, const char *template,
                       const struct sms_fields *fields)
{
    GString *line = g_string_new(name);

    g_string_append(line, ": ");
    if (sms_template_fill(template, fields, SMS_ESCAPE_HEADER, line)) {
        /* curl leaves a header without value out unless it is written so. */
        if (line->str[line->len - 2] == ':')
            g_string_printf(line, "%s;", name);
        out->headers = curl_slist_append(out->headers, line->str);
    }
    g_string_free(line, TRUE);
}

static void basic_add(const struct sms *self, struct sms_exchange *out)
{
    char *pair = g_strconcat(self->set.username, ":", self->set.password, NULL);
    char *encoded = g_base64_encode((const unsigned char *)pair, strlen(pair));
    char *line = g_strconcat("Authorization: Basic ", encoded, NULL);

    out->headers = curl_slist_append(out->headers, line);
    g_free(line);
    g_free(encoded);
    g_free(pair);
}

static void signature_add(const struct sms *self, const struct sms_auth *auth,
                          struct sms_fields *fields, struct sms_exchange *out)
{
    GString *text = g_string_new(NULL);
    char *body_hash = sha256_hex(out->body->str, out->body->len);
    const char *host = strstr(out->url, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;
    const char *query = path ? strchr(path, '?') : NULL;
    char *path_only = path ? g_strndup(path, query ? (gsize)(query - path) : strlen(path)) : NULL;
    char *signature;

    fields->value[SMS_F_METHOD] = out->method;
    fields->value[SMS_F_PATH] = path_only ? path_only : "/";
    fields->value[SMS_F_QUERY] = query ? query + 1 : "";
    fields->value[SMS_F_BODY] = out->body->str;
    fields->value[SMS_F_BODY_SHA256] = body_hash;
    (void)sms_template_fill(auth->string, fields, SMS_RAW, text);
    signature = sms_hmac(auth->digest, auth->encoding, self->set.password, text->str, text->len);
    fields->value[SMS_F_SIGNATURE] = signature;
    header_add(out, auth->name, auth->value ? auth->value : "{signature}", fields);
    for (int f = SMS_F_METHOD; f <= SMS_F_SIGNATURE; f++)
        fields->value[f] = NULL;
    g_free(signature);
    g_free(path_only);
    g_free(body_hash);
    g_string_free(text, TRUE);
}

static void auth_add(const struct sms *self, const struct sms_auth *auth, struct sms_fields *fields,
                     struct sms_exchange *out)
{
    switch (auth->type) {
    case SMS_AUTH_BASIC:
        basic_add(self, out);
        break;
    case SMS_AUTH_BEARER:
        header_add(out, "Authorization", "Bearer {password}", fields);
        break;
    case SMS_AUTH_HEADER:
        header_add(out, auth->name, auth->value, fields);
        break;
    case SMS_AUTH_HMAC:
        signature_add(self, auth, fields, out);
        break;
    default:
        break;
    }
}

static void content_type_add(const struct sms_request *request, struct sms_exchange *out)
{
    static const char *const types[] = {"application/json", "application/xml",
                                        "application/x-www-form-urlencoded", "text/plain"};
    char *line;

    if (request->type == SMS_TYPE_NONE)
        return;
    if (request->content_type)
        line = g_strconcat("Content-Type: ", request->content_type, NULL);
    else if (request->type == SMS_TYPE_JSON)
        line = g_strdup("Content-Type: application/json");
    else
        line = g_strconcat("Content-Type: ", types[request->type], "; charset=", request->charset,
                           NULL);
    out->headers = curl_slist_append(out->headers, line);
    g_free(line);
}

bool sms_request_build(struct sms *self, const struct sms_request *request,
                       struct sms_fields *fields, json_t *recipients, struct sms_exchange *out,
                       char **out_reason)
{
    int64_t now_us = self->services->now_us(self->services->host);
    char *seconds = g_strdup_printf("%" G_GINT64_FORMAT, now_us / 1000000);
    char *millis = g_strdup_printf("%" G_GINT64_FORMAT, now_us / 1000);
    unsigned char random[NONCE_BYTES] = {0};
    GString *url = g_string_new(NULL);
    const char *key;
    json_t *value;
    char *nonce;

    *out_reason = NULL;
    (void)RAND_bytes(random, sizeof random);
    nonce = encode(SMS_HEX, random, sizeof random);
    fields->value[SMS_F_TIME] = seconds;
    fields->value[SMS_F_TIME_MS] = millis;
    fields->value[SMS_F_NONCE] = nonce;
    (void)sms_template_fill(request->url, fields, SMS_ESCAPE_URL, url);
    out->url = g_string_free(url, FALSE);
    out->method = g_strdup(request->method);
    out->body = body_build(request, fields, recipients, out_reason);
    content_type_add(request, out);
    json_object_foreach(request->headers, key, value)
    {
        if (json_is_string(value))
            header_add(out, key, json_string_value(value), fields);
    }
    auth_add(self, &request->auth, fields, out);
    fields->value[SMS_F_TIME] = fields->value[SMS_F_TIME_MS] = fields->value[SMS_F_NONCE] = NULL;
    g_free(nonce);
    g_free(millis);
    g_free(seconds);
    return *out_reason == NULL;
}
