/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Collecting where the gateway does not call back: page after page, and the cursor is moved only
 * when what came before it is stored. */
#include "sms_private.h"

#include <string.h>

enum { CURSOR_MAX = 1000 };

static char *cursor_load(const struct sms *self, const char *key, const char *start)
{
    char data[CURSOR_MAX];
    long len = self->services->recall(self->services->host, key, data, sizeof data);

    return len > 0 && len <= CURSOR_MAX ? g_strndup(data, (gsize)len) : g_strdup(start);
}

static enum fl_call page_fetch(struct sms *self, const struct sms_poll *poll, const char *cursor,
                               json_t **out, struct fl_why *why)
{
    struct sms_fields fields = {.value = {NULL}};
    struct sms_exchange exchange;
    char *reason = NULL;
    enum fl_call call = FL_CALL_OK;
    json_t *body = NULL;

    sms_exchange_init(&exchange);
    sms_fields_common(self, &fields);
    fields.value[SMS_F_CURSOR] = cursor;
    if (!sms_request_build(self, &poll->request, &fields, NULL, &exchange, &reason) ||
        !sms_exchange_run(self, &exchange) || exchange.result != CURLE_OK)
        call = plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "could not ask the gateway: %.300s",
                        reason ? reason : exchange.trouble);
    else if (exchange.status < 200 || exchange.status > 299)
        call = plug_why(why, FL_CALL_RETRY, sms_status_verdict(exchange.status).fault,
                        "the gateway refuses to be asked: HTTP %ld", exchange.status);
    else
        body = sms_value_parse((enum sms_type)poll->hook.type, exchange.answer->str,
                               exchange.answer->len, exchange.answer_charset, &reason);
    if (call == FL_CALL_OK && !body)
        call = plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "the gateway's answer %.300s",
                        reason ? reason : "cannot be read");
    if (body)
        *out = json_pack("{s:o}", "body", body);
    g_free(reason);
    sms_exchange_finish(&exchange);
    return call;
}

/* The cursor after a page: from the page, or from its last element. */
static char *cursor_next(const struct sms_poll *poll, json_t *root, json_t *list)
{
    size_t n = json_array_size(list);
    json_t *last = n ? json_array_get(list, n - 1) : NULL;

    return sms_value_text(last ? last : root, root, poll->cursor);
}

/* *out_more: there may be another page. */
static enum fl_call page_take(struct sms *self, const struct sms_poll *poll, const char *key,
                              bool is_receipt, bool *out_more, struct fl_why *why)
{
    const struct fl_services *services = self->services;
    char *cursor = cursor_load(self, key, poll->cursor_start);
    char *next = NULL;
    json_t *root = NULL, *list = NULL, *item;
    bool is_taken = true;
    enum fl_call call = page_fetch(self, poll, cursor, &root, why);
    size_t i;

    *out_more = false;
    if (call == FL_CALL_OK) {
        list = sms_hook_elements(&poll->hook, root);
        json_array_foreach(list, i, item)
        {
            is_taken =
                is_taken && (is_receipt ? sms_hand_over_receipt(self, &poll->hook, item, root)
                                        : sms_hand_over_inbound(self, &poll->hook, item, root));
        }
        if (!is_taken || services->commit(services->host) != 0)
            call = plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "could not be stored");
    }
    if (call == FL_CALL_OK) {
        next = cursor_next(poll, root, list);
        if (next && strcmp(next, cursor) != 0 && strlen(next) <= CURSOR_MAX) {
            *out_more = json_array_size(list) > 0;
            if (services->remember(services->host, key, next, strlen(next)) != 0)
                call = plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT,
                                "the place in the gateway's list could not be kept");
        }
    }
    json_decref(list);
    json_decref(root);
    g_free(next);
    g_free(cursor);
    return call;
}

static enum fl_call poll_run(struct sms *self, const struct sms_poll *poll, const char *key,
                             bool is_receipt, struct fl_why *why)
{
    enum fl_call call = FL_CALL_OK;
    bool has_more = poll->hook.is_given;

    for (int i = 0; has_more && call == FL_CALL_OK && i < SMS_POLL_ROUNDS; i++) {
        if (sms_is_stopping(self))
            break;
        call = page_take(self, poll, key, is_receipt, &has_more, why);
    }
    return call;
}

enum fl_call sms_collect(struct sms *self, struct fl_why *why)
{
    enum fl_call call = poll_run(self, &self->mapping->poll_receipts, "cursor.receipts", true, why);

    if (call == FL_CALL_OK)
        call = poll_run(self, &self->mapping->poll_inbound, "cursor.inbound", false, why);
    if (call == FL_CALL_OK && self->may_hold_parts &&
        (!sms_join_expire(self) || self->services->commit(self->services->host) != 0))
        call = plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "could not be stored");
    return call;
}

enum fl_call sms_health(struct sms *self, struct fl_why *why)
{
    const struct sms_mapping *mapping = self->mapping;
    struct sms_fields fields = {.value = {NULL}};
    struct sms_result result = {.code = 0};
    struct sms_exchange exchange;
    char *reason = NULL;
    enum fl_call call = FL_CALL_OK;
    json_t *root;

    if (!mapping->health.is_given)
        return FL_CALL_OK;
    sms_exchange_init(&exchange);
    sms_fields_common(self, &fields);
    if (!sms_request_build(self, &mapping->health, &fields, NULL, &exchange, &reason) ||
        !sms_exchange_run(self, &exchange) || exchange.result != CURLE_OK) {
        call = plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT,
                        "could not reach the gateway: %.300s", reason ? reason : exchange.trouble);
    } else {
        root = sms_answer_read(&mapping->health_answer, &exchange);
        sms_answer_judge(&mapping->health_answer, &exchange, root, 0, "", &result);
        json_decref(root);
        if (result.verdict.outcome != FL_OUTCOME_ACCEPTED)
            call = plug_why(
                why, result.verdict.fault == FL_FAULT_OUR_SIDE ? FL_CALL_FAILED : FL_CALL_RETRY,
                result.verdict.fault, "the gateway refuses: %.300s", result.detail);
    }
    sms_result_finish(&result);
    g_free(reason);
    sms_exchange_finish(&exchange);
    return call;
}
