/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a receiver's answer means, by one table. */
#include "web_private.h"

#include <stdio.h>
#include <string.h>

static const struct row {
    long from, to; /* HTTP status */
    enum fl_outcome outcome;
    enum fl_fault_class fault;
} rows[] = {
    {200, 299, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE},
    {300, 399, FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE}, /* url leads elsewhere; never followed */
    {400, 400, FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
    {401, 407, FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE}, /* secret, path, method: ours to mend */
    {408, 408, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
    {409, 409, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE}, /* it has the message already */
    {410, 410, FL_OUTCOME_FAILED, FL_FAULT_POLICY}, /* it wants nothing more for this customer */
    {413, 413, FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
    {415, 415, FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
    {422, 422, FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
    {425, 425, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
    {429, 429, FL_OUTCOME_DEFERRED, FL_FAULT_THROTTLED},
    {400, 499, FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN},
    {500, 599, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
};

static const struct row *row_of(long status)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (status >= rows[i].from && status <= rows[i].to)
            return &rows[i];
    return NULL;
}

/* Where the network failed before anything of the request left, nothing has happened. */
static void class_network(const struct web_reply *reply, struct fl_report *out)
{
    out->outcome = reply->sent > 0 ? FL_OUTCOME_UNCERTAIN : FL_OUTCOME_DEFERRED;
    out->fault = FL_FAULT_TRANSIENT;
    if (reply->sent > 0)
        return;
    switch (reply->result) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        out->fault = FL_FAULT_OUR_SIDE;
        break;
    default:
        break;
    }
}

/* One line of printable text: what strangers say goes to a log and a screen. */
static void line_copy(char *out, size_t size, const char *text, size_t len)
{
    size_t n = 0;

    while (len && (unsigned char)*text <= ' ')
        text++, len--;
    for (size_t i = 0; i < len && n + 1 < size; i++)
        out[n++] = (unsigned char)text[i] < ' ' || text[i] == 0x7f || (text[i] & 0x80)
                       ? (text[i] & 0x80) ? '?' : ' '
                       : text[i];
    out[n] = '\0';
}

/* {"id": "..."}: the receiver's reference, for receipts. */
static void ref_read(const struct web_reply *reply, char ref[WEB_ID_MAX])
{
    json_t *json = reply->body_len ? json_loadb(reply->body, reply->body_len, 0, NULL) : NULL;
    const char *id = json_string_value(json_object_get(json, "id"));

    if (id && strlen(id) < WEB_ID_MAX)
        line_copy(ref, WEB_ID_MAX, id, strlen(id));
    json_decref(json);
}

void web_reply_class(const struct web_reply *reply, char detail[WEB_DETAIL_MAX],
                     char ref[WEB_ID_MAX], struct fl_report *out)
{
    const struct row *row = reply->result == CURLE_OK ? row_of(reply->status) : NULL;

    ref[0] = detail[0] = '\0';
    out->code = (int32_t)reply->status;
    if (row) {
        out->outcome = row->outcome;
        out->fault = row->fault;
        if (row->outcome == FL_OUTCOME_ACCEPTED)
            ref_read(reply, ref);
        else
            line_copy(detail, WEB_DETAIL_MAX, reply->body, reply->body_len);
        if (row->outcome == FL_OUTCOME_DEFERRED && reply->retry_after_s > 0)
            out->retry_after_us = (int64_t)reply->retry_after_s * WEB_US_PER_S;
    } else {
        class_network(reply, out);
        line_copy(detail, WEB_DETAIL_MAX, reply->error, strlen(reply->error));
    }
    out->detail = detail;
    out->provider_ref = ref;
}

bool web_reply_is_away(const struct web_reply *reply)
{
    return reply->result == CURLE_COULDNT_RESOLVE_HOST || reply->result == CURLE_COULDNT_CONNECT ||
           reply->result == CURLE_SSL_CONNECT_ERROR ||
           reply->result == CURLE_PEER_FAILED_VERIFICATION;
}
