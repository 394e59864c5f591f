#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "host/host_inproc_private.h"

enum { FILE_MAX_BYTES = 64 << 20, PARTS_MAX = 64, SHOWN_BYTES_MAX = 1 << 20 };

static const char *text_of(struct fl_arena *arena, json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s ? fl_arena_strdup(arena, s) : "";
}

static enum fl_status read_part(struct fl_arena *arena, json_t *object, struct fl_part *out,
                                struct fl_error *err)
{
    json_t *text = json_object_get(object, "text");
    const char *file = json_string_value(json_object_get(object, "file"));
    const char *name = text_of(arena, object, "name");
    char *data;

    out->size = sizeof *out;
    out->type = text_of(arena, object, "type");
    out->name = *name ? name : NULL;
    if (file) {
        enum fl_status st = fl_file_read(arena, file, FILE_MAX_BYTES, &data, &out->data_len, err);

        out->data = data;
        return st;
    }
    if (!json_is_string(text))
        return fl_error_set(err, FL_INVALID, "a part has neither \"text\" nor \"file\"");
    out->data_len = json_string_length(text);
    out->data = fl_arena_memdup(arena, json_string_value(text), out->data_len);
    return FL_OK;
}

static enum fl_status read_item(struct fl_arena *arena, json_t *object, struct fl_item *out,
                                struct fl_error *err)
{
    json_t *parts = json_object_get(object, "parts");
    size_t n = json_array_size(parts);
    const struct fl_part **pointers = FL_ARENA_ARRAY(arena, const struct fl_part *, n + 1);
    struct fl_part *own = FL_ARENA_ARRAY(arena, struct fl_part, n + 1);
    enum fl_status st = FL_OK;

    if (!json_is_object(object) || n > PARTS_MAX || !pointers || !own)
        return fl_error_set(err, FL_INVALID, "an item is no object with at most %d parts",
                            PARTS_MAX);
    *out = (struct fl_item){
        .size = sizeof *out,
        .attempt = (uint32_t)json_integer_value(json_object_get(object, "attempt")),
        .message_id = json_integer_value(json_object_get(object, "message_id")),
        .to_address = text_of(arena, object, "to_address"),
        .to_name = text_of(arena, object, "to_name"),
        .language = text_of(arena, object, "language"),
        .subject = text_of(arena, object, "subject"),
        .sender_name = text_of(arena, object, "sender_name"),
        .token_return = text_of(arena, object, "token_return"),
        .token_reply = text_of(arena, object, "token_reply"),
        .token_identity = text_of(arena, object, "token_identity"),
        .token_unsubscribe = text_of(arena, object, "token_unsubscribe"),
        .unsubscribe_url = text_of(arena, object, "unsubscribe_url"),
        .campaign = text_of(arena, object, "campaign"),
        .in_reply_to = text_of(arena, object, "in_reply_to"),
        .token_card = text_of(arena, object, "token_card"),
        .page_url = text_of(arena, object, "page_url"),
        .survey = text_of(arena, object, "survey"),
        .parts = pointers,
        .n_parts = n,
    };
    if (!out->attempt)
        out->attempt = 1;
    for (size_t i = 0; !st && i < n; i++) {
        pointers[i] = &own[i];
        st = read_part(arena, json_array_get(parts, i), &own[i], err);
    }
    return st;
}

enum fl_status fl_inproc_items_read(struct fl_arena *arena, const char *path,
                                    const struct fl_item ***out, size_t *out_n,
                                    struct fl_error *err)
{
    json_error_t why;
    json_t *root = json_load_file(path, 0, &why);
    size_t n = json_is_array(root) ? json_array_size(root) : 1;
    const struct fl_item **pointers = FL_ARENA_ARRAY(arena, const struct fl_item *, n + 1);
    struct fl_item *items = FL_ARENA_ARRAY(arena, struct fl_item, n + 1);
    enum fl_status st = FL_OK;

    if (!root)
        return fl_error_set(err, FL_INVALID, "%s:%d: %s", path, why.line, why.text);
    if (!pointers || !items)
        st = fl_error_set(err, FL_LIMIT, "no memory for %zu items", n);
    for (size_t i = 0; !st && i < n; i++) {
        pointers[i] = &items[i];
        st = read_item(arena, json_is_array(root) ? json_array_get(root, i) : root, &items[i], err);
        if (st)
            st = fl_error_prefix(err, st, "%s: item %zu", path, i);
    }
    json_decref(root);
    if (st)
        return st;
    *out = pointers;
    *out_n = n;
    return FL_OK;
}

json_t *fl_inproc_report_json(const struct fl_report *report)
{
    static const char *const outcomes[] = {"not_tried", "accepted", "delivered", "deferred",
                                           "bounced",   "failed",   "uncertain"};

    return json_pack(
        "{s:i, s:s, s:s, s:i, s:s?, s:s?, s:s?, s:I, s:s?, s:i, s:I}", "item", (int)report->item,
        "outcome",
        (unsigned)report->outcome <= FL_OUTCOME_UNCERTAIN ? outcomes[report->outcome] : "unknown",
        "fault", fl_fault_class_name(report->fault), "code", (int)report->code, "status",
        report->status, "detail", report->detail, "provider_ref", report->provider_ref,
        "cost_micro", (json_int_t)report->cost_micro, "currency", report->currency, "units",
        (int)report->units, "retry_after_us", (json_int_t)report->retry_after_us);
}

json_t *fl_inproc_receipt_json(const struct fl_receipt *receipt)
{
    static const char *const kinds[] = {"", "outcome", "click", "open"};

    return json_pack("{s:s, s:s, s:s?, s:s?, s:o, s:I, s:b, s:s?}", "kind",
                     (unsigned)receipt->kind < 4 ? kinds[receipt->kind] : "unknown", "dedupe_key",
                     receipt->dedupe_key, "token", receipt->token, "provider_ref",
                     receipt->provider_ref, "report", fl_inproc_report_json(&receipt->report),
                     "at_us", (json_int_t)receipt->at_us, "is_authenticated",
                     receipt->is_authenticated, "target", receipt->target);
}

static json_t *list_json(const char *const *texts, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

static json_t *parsed_json(const struct fl_feedback_parsed *p)
{
    json_t *recipients = json_array();

    for (size_t i = 0; i < p->n_recipients; i++) {
        const struct fl_feedback_recipient *r = &p->recipients[i];

        json_array_append_new(recipients,
                              json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:b}", "address",
                                        r->address, "action", r->action, "status", r->status,
                                        "code", r->code, "diagnostic", r->diagnostic, "fault",
                                        fl_fault_class_name(r->fault), "is_hard", r->is_hard));
    }
    return json_pack(
        "{s:s, s:f, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "kind",
        fl_feedback_kind_name(p->kind), "confidence", p->confidence, "from_address",
        p->from_address, "to_address", p->to_address, "subject", p->subject, "message_id",
        p->message_id, "text", p->text, "quoted", p->quoted, "signature", p->signature, "language",
        p->language, "tokens", list_json(p->tokens, p->n_tokens), "references",
        list_json(p->references, p->n_references), "recipients", recipients, "form", p->form);
}

static json_t *attachments_json(const struct fl_inbound *inbound)
{
    json_t *list = json_array();

    for (size_t i = 0; i < inbound->n_attachments; i++)
        json_array_append_new(list,
                              json_pack("{s:s?, s:s?, s:I}", "name", inbound->attachments[i]->name,
                                        "type", inbound->attachments[i]->type, "bytes",
                                        (json_int_t)inbound->attachments[i]->data_len));
    return list;
}

json_t *fl_inproc_inbound_json(const struct fl_inbound *inbound,
                               const struct fl_feedback_parsed *parsed)
{
    static const char *const kinds[] = {"", "mail", "text", "image", "form"};
    size_t shown = inbound->data_len < SHOWN_BYTES_MAX ? inbound->data_len : SHOWN_BYTES_MAX;
    json_t *body =
        json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:I, s:I, s:b, s:o, s:s?, s:o}", "kind",
                  (unsigned)inbound->kind < 5 ? kinds[inbound->kind] : "unknown", "dedupe_key",
                  inbound->dedupe_key, "content_type", inbound->content_type, "from_address",
                  inbound->from_address, "to_address", inbound->to_address, "bytes",
                  (json_int_t)inbound->data_len, "received_us", (json_int_t)inbound->received_us,
                  "is_authenticated", inbound->is_authenticated, "parsed", parsed_json(parsed),
                  "form", inbound->form, "attachments", attachments_json(inbound));

    /* Raw bytes only where JSON can carry them. */
    if (fl_utf8_is_valid(inbound->data, shown))
        json_object_set_new(body, "data", json_stringn(inbound->data, shown));
    return body;
}
