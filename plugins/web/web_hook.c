/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Webhooks that come in: who they are from, whether they came before, what they say. */
#include "web_private.h"

#include <stdio.h>
#include <string.h>

static const char memory_key[] = "seen";

struct refusal {
    int status;
    const char *text;
};

/* --- what came before --------------------------------------------------------------------------*/

void web_hook_recall(struct web *self)
{
    long len =
        self->services->recall(self->services->host, memory_key, self->seen, sizeof self->seen);

    if (len > 0 && (size_t)len <= sizeof self->seen) {
        self->n_seen = (size_t)len / sizeof self->seen[0];
        self->next_seen = self->n_seen % WEB_SEEN_MAX;
    }
}

static bool is_seen(const struct web *self, uint64_t mark)
{
    for (size_t i = 0; i < self->n_seen; i++)
        if (self->seen[i] == mark)
            return true;
    return false;
}

/* A ring that outlives the process.  Should it lose one, the keys of what it held are known to the
 * store, and nothing counts twice. */
static void seen_add(struct web *self, uint64_t mark)
{
    self->seen[self->next_seen] = mark;
    self->next_seen = (self->next_seen + 1) % WEB_SEEN_MAX;
    if (self->n_seen < WEB_SEEN_MAX)
        self->n_seen++;
    if (self->services->remember(self->services->host, memory_key, self->seen,
                                 self->n_seen * sizeof self->seen[0]))
        web_log(self, FL_LEVEL_WARN, "could not remember the signature of a webhook");
}

/* --- answers -----------------------------------------------------------------------------------*/

static void answer(struct fl_http_response *response, int status, const char *text)
{
    response->status = status;
    response->content_type = "application/json";
    response->body = text;
    response->body_len = strlen(text);
}

static const struct {
    int status;
    const char *body;
} refusals[WEB_REFUSALS] = {
    {400, "{\"error\":\"bad_request\"}\n"},      {401, "{\"error\":\"unauthorized\"}\n"},
    {404, "{\"error\":\"not_found\"}\n"},        {405, "{\"error\":\"method_not_allowed\"}\n"},
    {409, "{\"error\":\"already_received\"}\n"}, {413, "{\"error\":\"too_large\"}\n"},
    {503, "{\"error\":\"unavailable\"}\n"},
};

/* Who knocks without end shall not fill the log: one line a second of each kind, with the number
 * left out. */
static enum fl_call refuse(struct web *self, const struct fl_http_request *request,
                           struct fl_http_response *response, const struct refusal *refusal)
{
    int64_t now_us = self->services->now_us(self->services->host);
    struct web_warned *warned;
    size_t i = 0;

    while (i + 1 < WEB_REFUSALS && refusals[i].status != refusal->status)
        i++;
    warned = &self->warned[i];
    answer(response, refusal->status, refusals[i].body);
    if (now_us - warned->at_us < WEB_US_PER_S && now_us >= warned->at_us) {
        warned->n_since++;
        return FL_CALL_OK;
    }
    web_log(self, FL_LEVEL_WARN,
            "webhook from %s refused with %d: %s (%u more since the last line)",
            request->peer_address ? request->peer_address : "?", refusal->status, refusal->text,
            warned->n_since);
    *warned = (struct web_warned){.at_us = now_us};
    return FL_CALL_OK;
}

/* --- one request -------------------------------------------------------------------------------*/

static const char *header_of(const struct fl_http_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_headers; i++)
        if (strcmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

static bool is_for_us(const struct web *self, const struct fl_http_request *request,
                      struct refusal *out)
{
    if (strcmp(request->path, "/") != 0)
        *out = (struct refusal){404, "no such path; webhooks are posted to /"};
    else if (strcmp(request->method, "POST") != 0)
        *out = (struct refusal){405, "webhooks are posted"};
    else if (request->body_len > self->set.max_size)
        *out = (struct refusal){413, "larger than max_size"};
    else if (!self->set.in.text[0])
        *out = (struct refusal){401, "no inbound_secret_file is set, so none is taken"};
    else
        return true;
    return false;
}

static bool is_signed(struct web *self, const struct fl_http_request *request, int64_t *at_s,
                      uint64_t *mark, struct refusal *out)
{
    int64_t now_us = self->services->now_us(self->services->host);

    switch (web_signature_check(&self->set.in, header_of(request, "fairline-signature"),
                                request->body, request->body_len, now_us, self->set.window_us, at_s,
                                mark)) {
    case WEB_SIGNATURE_MISSING:
        *out = (struct refusal){401, "no Fairline-Signature"};
        return false;
    case WEB_SIGNATURE_GARBLED:
        *out = (struct refusal){401, "Fairline-Signature is not t=...,v1=..."};
        return false;
    case WEB_SIGNATURE_FORGED:
        *out = (struct refusal){401, "the signature does not fit"};
        return false;
    case WEB_SIGNATURE_STALE:
        *out = (struct refusal){401, "its time is too far from ours"};
        return false;
    case WEB_SIGNATURE_FITS:
        break;
    }
    if (is_seen(self, *mark)) {
        *out = (struct refusal){409, "it came before"};
        return false;
    }
    return true;
}

/* An object, or an array of objects; all are looked at before one is taken. */
static bool is_taken_apart(json_t *json, struct refusal *out)
{
    size_t n = json_array_size(json);
    const char *fault = NULL;

    if (!json)
        *out = (struct refusal){400, "not JSON"};
    else if (json_is_object(json))
        fault = web_object_fault(json);
    else if (!json_is_array(json) || !n || n > WEB_OBJECTS_MAX)
        fault = "expected an object, or an array of 1 to 1000";
    for (size_t i = 0; !fault && i < n; i++)
        fault = web_object_fault(json_array_get(json, i));
    if (fault)
        *out = (struct refusal){400, fault};
    return json && !fault;
}

static bool is_stored(struct web *self, const json_t *json, int64_t at_s, uint64_t mark,
                      struct refusal *out)
{
    const struct fl_services *services = self->services;
    size_t n = json_is_array(json) ? json_array_size(json) : 1;
    int refused = 0;

    for (size_t i = 0; !refused && i < n; i++)
        refused =
            web_object_submit(self, json_is_array(json) ? json_array_get(json, i) : json, at_s);
    if (!refused)
        refused = services->commit(services->host);
    if (refused)
        *out = (struct refusal){503, "it could not be stored now"};
    else
        seen_add(self, mark);
    return !refused;
}

enum fl_call web_hook(struct web *self, const struct fl_http_request *request,
                      struct fl_http_response *response, struct fl_why *why)
{
    struct refusal refusal = {503, ""};
    json_t *json = NULL;
    uint64_t mark = 0;
    int64_t at_s = 0;
    bool is_fine;

    (void)why;
    is_fine =
        is_for_us(self, request, &refusal) && is_signed(self, request, &at_s, &mark, &refusal);
    if (is_fine) {
        json = json_loadb(request->body_len ? request->body : "", request->body_len,
                          JSON_REJECT_DUPLICATES, NULL);
        is_fine = is_taken_apart(json, &refusal) && is_stored(self, json, at_s, mark, &refusal);
    }
    json_decref(json);
    if (!is_fine)
        return refuse(self, request, response, &refusal);
    answer(response, 200, "{\"status\":\"stored\"}\n");
    return FL_CALL_OK;
}
