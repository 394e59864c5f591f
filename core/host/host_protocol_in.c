/* The inward half of the protocol: raw pieces, what was read in them, receipts, HTTP. */
#include <string.h>

#include "host/host_private.h"
#include "host/host_protocol.h"

/* All in one body: a fax of many pages must not need a descriptor each. */
static void put_attachments(struct fl_wire_frame *frame, const struct fl_inbound *inbound)
{
    struct fl_wire_frame bag;

    fl_wire_init_nested(&bag);
    fl_wire_put_u32(&bag, (uint32_t)inbound->n_attachments);
    for (size_t i = 0; i < inbound->n_attachments; i++) {
        fl_wire_put_str(&bag, inbound->attachments[i]->type);
        fl_wire_put_str(&bag, inbound->attachments[i]->name);
        fl_wire_put_bytes(&bag, inbound->attachments[i]->data, inbound->attachments[i]->data_len);
    }
    fl_wire_put_nested(frame, &bag);
    fl_wire_finish(&bag);
}

static bool get_attachments(struct fl_wire_frame *frame, struct fl_arena *arena,
                            struct fl_inbound *out)
{
    const struct fl_part **pointers;
    struct fl_wire_frame bag;
    struct fl_part *parts;

    fl_wire_init_nested(&bag); /* only reads from inside `frame`: owns nothing */
    fl_wire_get_nested(frame, &bag);
    out->n_attachments = fl_host_get_count(&bag, FL_FEEDBACK_ATTACHMENTS_MAX);
    pointers = fl_host_get_array(&bag, arena, out->n_attachments, sizeof(struct fl_part *));
    parts = fl_host_get_array(&bag, arena, out->n_attachments, sizeof *parts);
    for (size_t i = 0; !bag.has_failed && i < out->n_attachments; i++) {
        pointers[i] = &parts[i];
        parts[i].size = sizeof parts[i];
        parts[i].type = fl_host_clean_text(arena, fl_wire_get_str(&bag), FL_HOST_TEXT_MAX);
        parts[i].name = fl_host_clean_text(arena, fl_wire_get_str(&bag), FL_HOST_TEXT_MAX);
        parts[i].data = fl_wire_get_bytes(&bag, &parts[i].data_len);
    }
    out->attachments = pointers;
    return fl_wire_end(&bag);
}

void fl_host_put_inbound(struct fl_wire_frame *frame, const struct fl_inbound *inbound)
{
    fl_wire_put_u32(frame, (uint32_t)inbound->kind);
    fl_wire_put_str(frame, inbound->dedupe_key);
    fl_wire_put_str(frame, inbound->content_type);
    fl_wire_put_str(frame, inbound->from_address);
    fl_wire_put_str(frame, inbound->to_address);
    fl_wire_put_i64(frame, inbound->received_us);
    fl_wire_put_bool(frame, inbound->is_authenticated);
    fl_wire_put_bytes(frame, inbound->data, inbound->data_len);
    fl_wire_put_str(frame, inbound->form);
    put_attachments(frame, inbound);
}

bool fl_host_get_inbound(struct fl_wire_frame *frame, struct fl_arena *arena,
                         struct fl_inbound *out)
{
    const char *form;

    *out = (struct fl_inbound){.size = sizeof *out};
    out->kind = (enum fl_inbound_kind)fl_host_get_enum(frame, FL_INBOUND_FORM);
    out->dedupe_key = fl_host_clean_text(arena, fl_wire_get_str(frame), FL_HOST_TEXT_MAX);
    out->content_type = fl_host_clean_text(arena, fl_wire_get_str(frame), FL_HOST_TEXT_MAX);
    out->from_address = fl_host_clean_text(arena, fl_wire_get_str(frame), FL_HOST_TEXT_MAX);
    out->to_address = fl_host_clean_text(arena, fl_wire_get_str(frame), FL_HOST_TEXT_MAX);
    out->received_us = fl_wire_get_i64(frame);
    out->is_authenticated = fl_wire_get_bool(frame);
    out->data = fl_wire_get_bytes(frame, &out->data_len);
    form = fl_wire_get_str(frame);
    out->form = form ? fl_host_clean_text(arena, form, FL_FEEDBACK_FORM_MAX) : NULL;
    return get_attachments(frame, arena, out) && !frame->has_failed && out->kind &&
           *out->dedupe_key && out->data_len <= FL_FEEDBACK_RAW_MAX;
}

/* Texts found in a stranger's bytes: a parser that lets bad UTF-8 through must not make core refuse
 * the piece again and again, so these are cleaned and not refused. */
static const char *get_clean(struct fl_wire_frame *frame, struct fl_arena *arena)
{
    return fl_host_clean_text(arena, fl_wire_get_str(frame), FL_FEEDBACK_TEXT_MAX);
}

static size_t bounded(size_t n)
{
    return n < FL_FEEDBACK_PARTS_MAX ? n : FL_FEEDBACK_PARTS_MAX;
}

static void put_list(struct fl_wire_frame *frame, const char *const *texts, size_t n_texts)
{
    size_t n = bounded(n_texts);

    fl_wire_put_u32(frame, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        fl_wire_put_str(frame, texts[i]);
}

static const char *const *get_list(struct fl_wire_frame *frame, struct fl_arena *arena, size_t max,
                                   size_t *out_n)
{
    const char **texts;

    *out_n = fl_host_get_count(frame, max);
    texts = fl_host_get_array(frame, arena, *out_n, sizeof(char *));
    for (size_t i = 0; texts && i < *out_n; i++)
        texts[i] = get_clean(frame, arena);
    return texts;
}

static void put_recipient(struct fl_wire_frame *frame, const struct fl_feedback_recipient *r)
{
    fl_wire_put_str(frame, r->address);
    fl_wire_put_str(frame, r->action);
    fl_wire_put_str(frame, r->status);
    fl_wire_put_i64(frame, r->code);
    fl_wire_put_str(frame, r->diagnostic);
    fl_wire_put_u32(frame, (uint32_t)r->fault);
    fl_wire_put_bool(frame, r->is_hard);
}

static void get_recipient(struct fl_wire_frame *frame, struct fl_arena *arena,
                          struct fl_feedback_recipient *out)
{
    out->address = get_clean(frame, arena);
    out->action = get_clean(frame, arena);
    out->status = get_clean(frame, arena);
    out->code = (int)fl_wire_get_i64(frame);
    out->diagnostic = get_clean(frame, arena);
    out->fault = (enum fl_fault_class)fl_host_get_enum(frame, FL_FAULT_UNKNOWN);
    out->is_hard = fl_wire_get_bool(frame);
}

void fl_host_put_parsed(struct fl_wire_frame *frame, const struct fl_feedback_parsed *parsed)
{
    size_t n = bounded(parsed->n_recipients);

    fl_wire_put_u32(frame, (uint32_t)parsed->kind);
    fl_wire_put_double(frame, parsed->confidence);
    fl_wire_put_str(frame, parsed->from_address);
    fl_wire_put_str(frame, parsed->to_address);
    fl_wire_put_str(frame, parsed->subject);
    fl_wire_put_str(frame, parsed->message_id);
    fl_wire_put_str(frame, parsed->text);
    fl_wire_put_str(frame, parsed->quoted);
    fl_wire_put_str(frame, parsed->signature);
    fl_wire_put_str(frame, parsed->language);
    fl_wire_put_i64(frame, parsed->date_us);
    fl_wire_put_str(frame, parsed->form);
    put_list(frame, parsed->tokens, parsed->n_tokens);
    put_list(frame, parsed->references, parsed->n_references);
    fl_wire_put_u32(frame, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        put_recipient(frame, &parsed->recipients[i]);
}

bool fl_host_get_parsed(struct fl_wire_frame *frame, struct fl_arena *arena,
                        struct fl_feedback_parsed *out)
{
    struct fl_feedback_recipient *recipients;

    *out = (struct fl_feedback_parsed){0};
    out->kind = (enum fl_feedback_kind)fl_host_get_enum(frame, FL_FEEDBACK_KINDS - 1);
    out->confidence = fl_wire_get_double(frame);
    out->from_address = get_clean(frame, arena);
    out->to_address = get_clean(frame, arena);
    out->subject = get_clean(frame, arena);
    out->message_id = get_clean(frame, arena);
    out->text = get_clean(frame, arena);
    out->quoted = get_clean(frame, arena);
    out->signature = get_clean(frame, arena);
    out->language = get_clean(frame, arena);
    out->date_us = fl_wire_get_i64(frame);
    out->form = get_clean(frame, arena);
    out->tokens = get_list(frame, arena, FL_FEEDBACK_PARTS_MAX, &out->n_tokens);
    out->references = get_list(frame, arena, FL_FEEDBACK_PARTS_MAX, &out->n_references);
    out->n_recipients = fl_host_get_count(frame, FL_FEEDBACK_PARTS_MAX);
    recipients = fl_host_get_array(frame, arena, out->n_recipients, sizeof *recipients);
    for (size_t i = 0; recipients && i < out->n_recipients; i++)
        get_recipient(frame, arena, &recipients[i]);
    out->recipients = recipients;
    /* Also refuses NaN, which is in no order. */
    return !frame->has_failed && out->confidence >= 0 && out->confidence <= 1;
}

void fl_host_put_receipt(struct fl_wire_frame *frame, const struct fl_receipt *receipt)
{
    fl_wire_put_u32(frame, (uint32_t)receipt->kind);
    fl_wire_put_str(frame, receipt->dedupe_key);
    fl_wire_put_str(frame, receipt->token);
    fl_wire_put_str(frame, receipt->provider_ref);
    fl_host_put_report(frame, &receipt->report);
    fl_wire_put_i64(frame, receipt->at_us);
    fl_wire_put_bool(frame, receipt->is_authenticated);
    fl_wire_put_str(frame, receipt->target);
}

bool fl_host_get_receipt(struct fl_wire_frame *frame, struct fl_arena *arena,
                         struct fl_receipt *out)
{
    const char *token, *ref;

    *out = (struct fl_receipt){.size = sizeof *out};
    out->kind = (enum fl_receipt_kind)fl_host_get_enum(frame, FL_RECEIPT_OPEN);
    out->dedupe_key = fl_host_clean_text(arena, fl_wire_get_str(frame), FL_HOST_TEXT_MAX);
    token = fl_host_get_text(frame);
    ref = fl_host_clean_text(arena, fl_wire_get_str(frame), FL_HOST_TEXT_MAX);
    out->token = *token ? token : NULL;
    out->provider_ref = *ref ? ref : NULL;
    if (!fl_host_get_report(frame, arena, &out->report))
        return false;
    out->at_us = fl_wire_get_i64(frame);
    out->is_authenticated = fl_wire_get_bool(frame);
    out->target = fl_host_clean_text(arena, fl_wire_get_str(frame), FL_HOST_TEXT_MAX);
    return !frame->has_failed && out->kind && *out->dedupe_key;
}

static void put_fields(struct fl_wire_frame *frame, const struct fl_http_field *fields, size_t n)
{
    fl_wire_put_u32(frame, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        fl_wire_put_str(frame, fields[i].name);
        fl_wire_put_str(frame, fields[i].value);
    }
}

static const struct fl_http_field *get_fields(struct fl_wire_frame *frame, struct fl_arena *arena,
                                              size_t *out_n)
{
    struct fl_http_field *fields;

    *out_n = fl_host_get_count(frame, FL_HOST_HTTP_FIELDS_MAX);
    fields = fl_host_get_array(frame, arena, *out_n, sizeof *fields);
    for (size_t i = 0; fields && i < *out_n; i++) {
        fields[i].name = fl_host_get_text(frame);
        fields[i].value = fl_host_get_text(frame);
    }
    return fields;
}

void fl_host_put_http_request(struct fl_wire_frame *frame, const struct fl_http_request *request)
{
    fl_wire_put_str(frame, request->method);
    fl_wire_put_str(frame, request->path);
    put_fields(frame, request->query, request->n_query);
    put_fields(frame, request->headers, request->n_headers);
    fl_wire_put_bytes(frame, request->body, request->body_len);
    fl_wire_put_str(frame, request->peer_address);
}

bool fl_host_get_http_request(struct fl_wire_frame *frame, struct fl_arena *arena,
                              struct fl_http_request *out)
{
    *out = (struct fl_http_request){.size = sizeof *out};
    out->method = fl_host_get_text(frame);
    out->path = fl_host_get_text(frame);
    out->query = get_fields(frame, arena, &out->n_query);
    out->headers = get_fields(frame, arena, &out->n_headers);
    out->body = fl_wire_get_bytes(frame, &out->body_len);
    out->peer_address = fl_host_get_text(frame);
    return !frame->has_failed;
}

void fl_host_put_http_response(struct fl_wire_frame *frame, const struct fl_http_response *response)
{
    fl_wire_put_i64(frame, response->status);
    fl_wire_put_str(frame, response->content_type);
    fl_wire_put_bytes(frame, response->body, response->body_len);
    fl_wire_put_str(frame, response->location);
    put_fields(frame, response->headers,
               response->n_headers < FL_HOST_HTTP_FIELDS_MAX ? response->n_headers
                                                             : FL_HOST_HTTP_FIELDS_MAX);
}

bool fl_host_get_http_response(struct fl_wire_frame *frame, struct fl_arena *arena,
                               struct fl_http_response *out)
{
    *out = (struct fl_http_response){.size = sizeof *out};
    out->status = (int32_t)fl_wire_get_i64(frame);
    out->content_type = fl_wire_get_str(frame);
    out->body = fl_wire_get_bytes(frame, &out->body_len);
    out->location = fl_wire_get_str(frame);
    out->headers = get_fields(frame, arena, &out->n_headers);
    return !frame->has_failed && out->status >= 0 && out->status <= 999;
}
