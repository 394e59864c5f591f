/* SPDX-License-Identifier: MIT
 *
 * The calls as the program gets them. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "exec_private.h"

/* Text of a peer or customer: JSON carries only UTF-8, so bytes that are none become '?'. */
static json_t *text_json(const char *s)
{
    json_t *json = json_string(s ? s : "");
    char *clean;

    if (json)
        return json;
    clean = strdup(s);
    for (char *p = clean; p && *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    json = clean ? json_string(clean) : NULL;
    free(clean);
    return json;
}

/* Adds `data` as "text", or as "base64" where it is no text. */
static void set_data(json_t *object, const char *text_key, const char *base64_key, const void *data,
                     size_t len)
{
    json_t *text = memchr(data ? data : "", '\0', len) ? NULL : json_stringn(data ? data : "", len);
    unsigned char *base64;

    if (text || len > EXEC_FILE_MAX) {
        json_object_set_new(object, text_key, text ? text : json_string(""));
        return;
    }
    base64 = malloc((len + 2) / 3 * 4 + 1);
    if (base64) {
        int n = EVP_EncodeBlock(base64, data, (int)len);

        json_object_set_new(object, base64_key, json_stringn((char *)base64, (size_t)n));
    }
    free(base64);
}

static json_t *part_json(const struct fl_part *part)
{
    json_t *object = json_object();

    json_object_set_new(object, "type", text_json(part->type));
    if (part->name)
        json_object_set_new(object, "name", text_json(part->name));
    set_data(object, "text", "base64", part->data, part->data_len);
    return object;
}

/* What most programs want: the first body that is plain text. */
static const struct fl_part *plain_text(const struct fl_item *item)
{
    for (size_t i = 0; i < item->n_parts; i++)
        if (!item->parts[i]->name && strncmp(item->parts[i]->type, "text/plain", 10) == 0)
            return item->parts[i];
    return NULL;
}

static json_t *item_json(const struct fl_item *item, size_t index)
{
    const struct fl_part *text = plain_text(item);
    json_t *object = json_object(), *parts = json_array();
    const struct {
        const char *key, *text;
    } texts[] = {
        {"to_address", item->to_address},
        {"to_name", item->to_name},
        {"language", item->language},
        {"subject", item->subject},
        {"sender_name", item->sender_name},
        {"token_return", item->token_return},
        {"token_reply", item->token_reply},
        {"token_identity", item->token_identity},
        {"token_unsubscribe", item->token_unsubscribe},
        {"unsubscribe_url", item->unsubscribe_url},
        {"campaign", item->campaign},
        {"in_reply_to", item->in_reply_to},
        {"token_card", FL_HAS(item, token_card) ? item->token_card : ""},
        {"page_url", FL_HAS(item, page_url) ? item->page_url : ""},
    };

    json_object_set_new(object, "item", json_integer((json_int_t)index));
    json_object_set_new(object, "message_id", json_integer(item->message_id));
    json_object_set_new(object, "attempt", json_integer(item->attempt));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        json_object_set_new(object, texts[i].key, text_json(texts[i].text));
    set_data(object, "text", "text_base64", text ? text->data : NULL, text ? text->data_len : 0);
    for (size_t i = 0; i < item->n_parts; i++)
        json_array_append_new(parts, part_json(item->parts[i]));
    json_object_set_new(object, "parts", parts);
    if (FL_HAS(item, survey) && item->survey && *item->survey) {
        json_t *survey = json_loads(item->survey, JSON_REJECT_DUPLICATES, NULL);

        if (survey)
            json_object_set_new(object, "survey", survey);
    }
    return object;
}

json_t *exec_call_deliver(const struct fl_item *const *items, size_t n_items)
{
    json_t *array = json_array();

    for (size_t i = 0; i < n_items; i++)
        json_array_append_new(array, item_json(items[i], i));
    return json_pack("{s:s, s:o}", "call", "deliver", "items", array);
}

/* Of a name that comes twice the first value counts. */
static json_t *fields_json(const struct fl_http_field *fields, size_t n)
{
    json_t *object = json_object();

    for (size_t i = 0; i < n; i++) {
        json_t *name = text_json(fields[i].name);
        const char *key = json_string_value(name);

        if (key && !json_object_get(object, key))
            json_object_set_new(object, key, text_json(fields[i].value));
        json_decref(name);
    }
    return object;
}

json_t *exec_call_http(const struct fl_http_request *request)
{
    json_t *object = json_object();

    json_object_set_new(object, "call", json_string("http"));
    json_object_set_new(object, "method", text_json(request->method));
    json_object_set_new(object, "path", text_json(request->path));
    json_object_set_new(object, "query", fields_json(request->query, request->n_query));
    json_object_set_new(object, "headers", fields_json(request->headers, request->n_headers));
    json_object_set_new(object, "peer_address", text_json(request->peer_address));
    set_data(object, "body", "body_base64", request->body, request->body_len);
    return object;
}

json_t *exec_call_lookup(const char *const *refs, size_t n_refs)
{
    json_t *array = json_array();

    for (size_t i = 0; i < n_refs; i++)
        json_array_append_new(array, text_json(refs[i]));
    return json_pack("{s:s, s:o}", "call", "lookup", "provider_refs", array);
}
