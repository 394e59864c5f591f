/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One object of a webhook: {"type": "form"} as of FL_INBOUND_FORM, or news about a message. */
#include "web_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_LEN = 40 };

enum type { TYPE_NONE, TYPE_FORM, TYPE_RECEIPT, TYPE_CLICK, TYPE_OPEN };

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static enum type type_of(const json_t *object)
{
    static const struct {
        const char *name;
        enum type type;
    } types[] = {
        {"form", TYPE_FORM}, {"receipt", TYPE_RECEIPT}, {"click", TYPE_CLICK}, {"open", TYPE_OPEN}};
    const json_t *name = json_object_get(object, "type");

    if (!name)
        return TYPE_FORM;
    for (size_t i = 0; json_is_string(name) && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(json_string_value(name), types[i].name) == 0)
            return types[i].type;
    return TYPE_NONE;
}

static bool outcome_of(const json_t *object, enum fl_outcome *out)
{
    static const struct {
        const char *name;
        enum fl_outcome outcome;
    } outcomes[] = {{"accepted", FL_OUTCOME_ACCEPTED},
                    {"delivered", FL_OUTCOME_DELIVERED},
                    {"bounced", FL_OUTCOME_BOUNCED},
                    {"failed", FL_OUTCOME_FAILED}};
    const char *name = text_of(object, "outcome");

    for (size_t i = 0; name && i < sizeof outcomes / sizeof outcomes[0]; i++)
        if (strcmp(name, outcomes[i].name) == 0) {
            *out = outcomes[i].outcome;
            return true;
        }
    return false;
}

static bool class_of(const json_t *object, enum fl_fault_class *out)
{
    static const char *const names[] = {
        [FL_FAULT_NONE] = "none",           [FL_FAULT_ADDRESS] = "address",
        [FL_FAULT_MAILBOX] = "mailbox",     [FL_FAULT_CONTENT] = "content",
        [FL_FAULT_POLICY] = "policy",       [FL_FAULT_OUR_SIDE] = "our_side",
        [FL_FAULT_THROTTLED] = "throttled", [FL_FAULT_TRANSIENT] = "transient",
        [FL_FAULT_UNKNOWN] = "unknown"};
    const char *name = text_of(object, "class");

    *out = FL_FAULT_NONE;
    if (!json_object_get(object, "class"))
        return true;
    for (size_t i = 0; name && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum fl_fault_class)i;
            return true;
        }
    return false;
}

static bool is_text_or_missing(const json_t *object, const char *name, size_t max)
{
    const json_t *value = json_object_get(object, name);

    return !value || (json_is_string(value) && json_string_length(value) <= max &&
                      strlen(json_string_value(value)) == json_string_length(value));
}

const char *web_object_fault(const json_t *object)
{
    const char *token = text_of(object, "token");
    enum fl_outcome outcome;
    enum fl_fault_class fault;

    if (!json_is_object(object))
        return "not an object";
    if (!is_text_or_missing(object, "id", WEB_ID_MAX))
        return "\"id\" is no text of at most 200 bytes";
    if (!is_text_or_missing(object, "token", TOKEN_LEN) || (token && strlen(token) != TOKEN_LEN))
        return "\"token\" is no token";
    switch (type_of(object)) {
    case TYPE_FORM:
        return NULL;
    case TYPE_NONE:
        return "\"type\" is none of form, receipt, click, open";
    case TYPE_RECEIPT:
        if (!outcome_of(object, &outcome))
            return "\"outcome\" is none of accepted, delivered, bounced, failed";
        if (!class_of(object, &fault))
            return "\"class\" is no fault class";
        if (!is_text_or_missing(object, "detail", WEB_DETAIL_MAX))
            return "\"detail\" is no text of at most 200 bytes";
        break;
    case TYPE_CLICK:
    case TYPE_OPEN:
        break;
    }
    if (!is_text_or_missing(object, "ref", WEB_ID_MAX))
        return "\"ref\" is no text of at most 200 bytes";
    if (!is_text_or_missing(object, "target", WEB_REPLY_MAX))
        return "\"target\" is no text";
    return token || text_of(object, "ref") ? NULL : "neither \"token\" nor \"ref\"";
}

/* An id is its sender's promise that it is the same piece; without one, what it says at that
 * second is. */
static void key_make(const json_t *object, int64_t at_s, const char *text, char out[WEB_KEY_MAX])
{
    const char *id = text_of(object, "id");
    char digest[WEB_SIGNATURE_HEX + 1];

    if (id && *id)
        snprintf(out, WEB_KEY_MAX, "hook:id:%s", id);
    else {
        web_digest_hex(text, strlen(text), digest);
        snprintf(out, WEB_KEY_MAX, "hook:%" PRId64 ":%s", at_s, digest);
    }
}

static int form_submit(const struct web *self, const char *key, const char *text)
{
    const struct fl_inbound inbound = {.size = sizeof inbound,
                                       .kind = FL_INBOUND_FORM,
                                       .dedupe_key = key,
                                       .content_type = "application/json",
                                       .data = text,
                                       .data_len = strlen(text),
                                       .is_authenticated = 1};

    return self->services->inbound(self->services->host, &inbound);
}

static int receipt_submit(const struct web *self, const json_t *object, enum type type,
                          const char *key, int64_t at_s)
{
    struct fl_receipt receipt = {.size = sizeof receipt,
                                 .dedupe_key = key,
                                 .token = text_of(object, "token"),
                                 .provider_ref = text_of(object, "ref"),
                                 .report = {.size = sizeof receipt.report},
                                 .at_us = at_s * WEB_US_PER_S,
                                 .is_authenticated = 1,
                                 .target = text_of(object, "target")};

    receipt.kind = type == TYPE_CLICK  ? FL_RECEIPT_CLICK
                   : type == TYPE_OPEN ? FL_RECEIPT_OPEN
                                       : FL_RECEIPT_OUTCOME;
    if (type == TYPE_RECEIPT &&
        (!outcome_of(object, &receipt.report.outcome) || !class_of(object, &receipt.report.fault)))
        return 1;
    receipt.report.detail = text_of(object, "detail");
    return self->services->receipt(self->services->host, &receipt);
}

int web_object_submit(const struct web *self, const json_t *object, int64_t at_s)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    enum type type = type_of(object);
    char key[WEB_KEY_MAX];
    int refused;

    if (!text)
        return 1;
    key_make(object, at_s, text, key);
    refused = type == TYPE_FORM ? form_submit(self, key, text)
                                : receipt_submit(self, object, type, key, at_s);
    free(text);
    return refused;
}
