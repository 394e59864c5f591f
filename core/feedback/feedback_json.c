/* What was found in a piece, as JSON. */
#include <jansson.h>

#include "feedback/feedback_private.h"

static json_t *strings(const char *const *items, size_t n)
{
    json_t *array = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, json_string(items[i]));
    return array;
}

static json_t *recipients(const struct fl_feedback_parsed *parsed)
{
    json_t *array = json_array();

    for (size_t i = 0; i < parsed->n_recipients; i++) {
        const struct fl_feedback_recipient *r = &parsed->recipients[i];

        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s, s:i, s:s, s:b, s:s}", "address",
                                        r->address, "action", r->action, "status", r->status,
                                        "code", r->code, "class", fl_fault_class_name(r->fault),
                                        "hard", r->is_hard, "diagnostic", r->diagnostic));
    }
    return array;
}

json_t *fl_feedback_parsed_json(const struct fl_feedback_parsed *parsed)
{
    char date[FL_TIME_TEXT_SIZE] = "";

    if (parsed->date_us)
        fl_time_format(parsed->date_us, date);
    return json_pack(
        "{s:s, s:f, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:{s:o}, s:o, s:o, "
        "s:o?}",
        "kind", fl_feedback_kind_name(parsed->kind), "confidence", parsed->confidence, "from",
        parsed->from_address, "to", parsed->to_address, "subject", parsed->subject, "message_id",
        parsed->message_id, "date", date, "language", parsed->language, "reply", "text",
        parsed->text, "quoted", parsed->quoted, "signature", parsed->signature, "bounce",
        "recipients", recipients(parsed), "tokens", strings(parsed->tokens, parsed->n_tokens),
        "references", strings(parsed->references, parsed->n_references), "form",
        parsed->form ? json_loads(parsed->form, 0, NULL) : NULL);
}
