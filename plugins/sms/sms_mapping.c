/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A gateway's API as data: the file, read and checked whole before anything is opened. */
#include "sms_mapping_private.h"

#include <string.h>

#define READ(in, object, members, out)                                                             \
    sms_read_members(in, object, members, G_N_ELEMENTS(members), out)

/* --- signatures and logins ---------------------------------------------------------------------*/

static bool auth_read(struct sms_reader *in, json_t *object, bool is_callback, struct sms_auth *out)
{
    static const struct sms_member members[] = {
        {.name = "type",
         .kind = SMS_M_CHOICE,
         .offset = offsetof(struct sms_auth, type),
         .choices = "none|basic|bearer|header|hmac|secret",
         .is_required = true},
        {.name = "algorithm",
         .kind = SMS_M_CHOICE,
         .offset = offsetof(struct sms_auth, digest),
         .choices = "sha256|sha1|sha512"},
        {.name = "encoding",
         .kind = SMS_M_CHOICE,
         .offset = offsetof(struct sms_auth, encoding),
         .choices = "hex|base64"},
        {.name = "name", .kind = SMS_M_TEXT, .offset = offsetof(struct sms_auth, name)},
        {.name = "value", .kind = SMS_M_TEXT, .offset = offsetof(struct sms_auth, value)},
        {.name = "string", .kind = SMS_M_TEXT, .offset = offsetof(struct sms_auth, string)},
        {.name = "time", .kind = SMS_M_TEXT, .offset = offsetof(struct sms_auth, time)},
    };
    uint64_t allowed = SMS_FIELDS_ALWAYS | SMS_FIELDS_SIGNED;
    size_t len;
    bool is_fine;

    if (!object)
        return true;
    len = sms_read_enter(in, "auth");
    is_fine = READ(in, object, members, out);
    if (is_fine && is_callback && (out->type == SMS_AUTH_BEARER || out->type == SMS_AUTH_NONE))
        is_fine = sms_read_refuse(in, "type",
                                  "is none of basic|header|hmac|secret, which a callback needs");
    if (is_fine && !is_callback && out->type == SMS_AUTH_SECRET)
        is_fine = sms_read_refuse(in, "type", "is none of none|basic|bearer|header|hmac");
    if (is_fine && (out->type == SMS_AUTH_HEADER || out->type == SMS_AUTH_HMAC) && !out->name)
        is_fine = sms_read_refuse(in, "name", "is not given, expected the header");
    if (is_fine && out->type == SMS_AUTH_HEADER && !is_callback && !out->value)
        is_fine = sms_read_refuse(in, "value", "is not given");
    if (is_fine && out->type == SMS_AUTH_HMAC && !out->string)
        is_fine = sms_read_refuse(in, "string", "is not given, expected what is signed");
    in->allowed = allowed;
    if (is_fine && out->string)
        is_fine = sms_read_template(in, "string", out->string);
    in->allowed = allowed | SMS_BIT(SMS_F_SIGNATURE);
    if (is_fine && out->value)
        is_fine = sms_read_template(in, "value", out->value);
    sms_read_leave(in, len);
    return is_fine;
}

/* --- requests ----------------------------------------------------------------------------------*/

static bool body_is_fine(struct sms_reader *in, const struct sms_request *request)
{
    const char *key;
    json_t *value;

    switch (request->type) {
    case SMS_TYPE_XML:
    case SMS_TYPE_TEXT:
        if (!json_is_string(request->body))
            return sms_read_refuse(in, "body", "is no text, as this type needs");
        break;
    case SMS_TYPE_FORM:
        if (!json_is_object(request->body))
            return sms_read_refuse(in, "body", "is no object of form fields");
        json_object_foreach(request->body, key, value)
        {
            if (!json_is_string(value))
                return sms_read_refuse(in, key, "is no text, as form fields are");
        }
        break;
    default:
        break;
    }
    return true;
}

static bool request_read(struct sms_reader *in, json_t *object, uint64_t fields,
                         struct sms_request *out)
{
    static const struct sms_member members[] = {
        {.name = "method",
         .kind = SMS_M_TEXT,
         .offset = offsetof(struct sms_request, method),
         .is_required = true},
        {.name = "url",
         .kind = SMS_M_TEMPLATE,
         .offset = offsetof(struct sms_request, url),
         .is_required = true},
        {.name = "content_type",
         .kind = SMS_M_TEXT,
         .offset = offsetof(struct sms_request, content_type)},
        {.name = "charset", .kind = SMS_M_TEXT, .offset = offsetof(struct sms_request, charset)},
        {.name = "type",
         .kind = SMS_M_CHOICE,
         .offset = offsetof(struct sms_request, type),
         .choices = "json|xml|form|text|none"},
        {.name = "recipients",
         .kind = SMS_M_NUMBER,
         .offset = offsetof(struct sms_request, recipients),
         .min = 1,
         .max = SMS_RECIPIENTS_MAX},
        {.name = "headers", .kind = SMS_M_OTHER},
        {.name = "body", .kind = SMS_M_OTHER},
        {.name = "each", .kind = SMS_M_OTHER},
        {.name = "auth", .kind = SMS_M_OTHER},
        {.name = "response", .kind = SMS_M_OTHER},
    };
    bool is_many;

    out->is_given = true;
    out->charset = "UTF-8";
    out->type = SMS_TYPE_NONE;
    out->recipients = 1;
    out->headers = json_object_get(object, "headers");
    out->body = json_object_get(object, "body");
    out->each = json_object_get(object, "each");
    is_many = out->each != NULL;
    in->allowed =
        (is_many ? SMS_FIELDS_ALWAYS | SMS_BIT(SMS_F_FROM) | SMS_BIT(SMS_F_RECIPIENTS) : fields);
    if (!READ(in, object, members, out))
        return false;
    if (!g_strv_contains((const char *const[]){"GET", "POST", "PUT", NULL}, out->method))
        return sms_read_refuse(in, "method", "is none of GET, POST, PUT");
    if (out->headers &&
        (!json_is_object(out->headers) || !sms_read_templates(in, "headers", out->headers)))
        return json_is_object(out->headers) ? false
                                            : sms_read_refuse(in, "headers", "is no object");
    if (out->type != SMS_TYPE_NONE && !out->body)
        return sms_read_refuse(in, "body", "is not given");
    if (!body_is_fine(in, out) || !sms_read_templates(in, "body", out->body))
        return false;
    if ((out->recipients > 1 || is_many) && (out->type != SMS_TYPE_JSON || !is_many))
        return sms_read_refuse(in, "recipients", "of several want type json and a member \"each\"");
    in->allowed = fields;
    if (is_many && !sms_read_templates(in, "each", out->each))
        return false;
    return auth_read(in, json_object_get(object, "auth"), false, &out->auth);
}

/* --- answers -----------------------------------------------------------------------------------*/

static bool status_read(struct sms_reader *in, json_t *value, struct sms_answer *out)
{
    const char *text = json_string_value(value);

    if (json_is_integer(value)) {
        out->status_low = out->status_high = (int)json_integer_value(value);
    } else if (text && g_ascii_isdigit(text[0]) && strcmp(text + 1, "xx") == 0) {
        out->status_low = (text[0] - '0') * 100;
        out->status_high = out->status_low + 99;
    }
    if (value && (out->status_low < 100 || out->status_high > 599))
        return sms_read_refuse(in, "status",
                               "is neither a number from 100 to 599 nor like \"2xx\"");
    return true;
}

static bool success_read(struct sms_reader *in, json_t *object, struct sms_answer *out)
{
    static const struct sms_member members[] = {
        {.name = "path", .kind = SMS_M_PATHS, .offset = offsetof(struct sms_answer, success_path)},
        {.name = "equals",
         .kind = SMS_M_PATHS,
         .offset = offsetof(struct sms_answer, success_equals)},
        {.name = "match", .kind = SMS_M_OTHER},
        {.name = "status", .kind = SMS_M_OTHER},
    };
    json_t *match = json_object_get(object, "match");
    size_t len;
    bool is_fine;

    out->status_low = 200;
    out->status_high = 299;
    if (!object)
        return true;
    len = sms_read_enter(in, "success");
    is_fine =
        READ(in, object, members, out) && status_read(in, json_object_get(object, "status"), out);
    if (is_fine && (match || out->success_equals) && !out->success_path)
        is_fine =
            sms_read_refuse(in, "path", "is not given, expected what match or equals looks at");
    if (is_fine && match &&
        (!json_is_string(match) || regcomp(&out->success_match, json_string_value(match),
                                           REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0))
        is_fine = sms_read_refuse(in, "match", "is no regular expression");
    out->has_success_match = is_fine && match;
    sms_read_leave(in, len);
    return is_fine;
}

static bool answer_read(struct sms_reader *in, json_t *object, struct sms_answer *out)
{
#define PATH(member)                                                                               \
    {                                                                                              \
        .name = #member, .kind = SMS_M_PATHS, .offset = offsetof(struct sms_answer, member)        \
    }
    static const struct sms_member members[] = {
        {.name = "type",
         .kind = SMS_M_CHOICE,
         .offset = offsetof(struct sms_answer, type),
         .choices = "json|xml|form|text|none",
         .is_required = true},
        {.name = "list", .kind = SMS_M_TEXT, .offset = offsetof(struct sms_answer, list)},
        PATH(match),
        PATH(reference),
        PATH(code),
        PATH(detail),
        PATH(cost),
        PATH(currency),
        PATH(parts),
        {.name = "success", .kind = SMS_M_OTHER},
        {.name = "errors", .kind = SMS_M_OTHER},
    };
#undef PATH
    size_t len;
    bool is_fine;

    if (!object)
        return sms_read_refuse(in, "response", "is not given");
    len = sms_read_enter(in, "response");
    is_fine = READ(in, object, members, out) &&
              success_read(in, json_object_get(object, "success"), out) &&
              sms_read_rules(in, "errors", json_object_get(object, "errors"), &out->rules);
    sms_read_leave(in, len);
    return is_fine;
}

/* --- callbacks ---------------------------------------------------------------------------------*/

static const struct sms_member *hook_members(size_t *out_n)
{
#define PATH(member)                                                                               \
    {                                                                                              \
        .name = #member, .kind = SMS_M_PATHS, .offset = offsetof(struct sms_hook, member)          \
    }
    static const struct sms_member members[] = {
        {.name = "path", .kind = SMS_M_TEXT, .offset = offsetof(struct sms_hook, path)},
        {.name = "type",
         .kind = SMS_M_CHOICE,
         .offset = offsetof(struct sms_hook, type),
         .choices = "json|xml|form|text|none",
         .is_required = true},
        {.name = "list", .kind = SMS_M_TEXT, .offset = offsetof(struct sms_hook, list)},
        {.name = "reply", .kind = SMS_M_TEXT, .offset = offsetof(struct sms_hook, reply)},
        {.name = "auth", .kind = SMS_M_OTHER},
        {.name = "states", .kind = SMS_M_OTHER},
        {.name = "request", .kind = SMS_M_OTHER},
        {.name = "cursor", .kind = SMS_M_OTHER},
        {.name = "cursor_start", .kind = SMS_M_OTHER},
        PATH(id),
        PATH(token),
        PATH(reference),
        PATH(code),
        PATH(detail),
        PATH(time),
        PATH(from),
        PATH(to),
        PATH(text),
        PATH(charset),
        PATH(udh),
        PATH(part),
        PATH(parts),
        PATH(group),
    };
#undef PATH
    *out_n = G_N_ELEMENTS(members);
    return members;
}

static bool hook_read(struct sms_reader *in, json_t *object, bool is_receipt, bool is_polled,
                      struct sms_hook *out)
{
    size_t n;
    const struct sms_member *members = hook_members(&n);

    if (!sms_read_members(in, object, members, n, out) ||
        !sms_read_rules(in, "states", json_object_get(object, "states"), &out->rules))
        return false;
    if (is_receipt && !out->token && !out->reference)
        return sms_read_refuse(in, "reference", "is not given, expected this or \"token\"");
    if (is_receipt && !json_object_get(object, "states"))
        return sms_read_refuse(in, "states", "is not given, expected a list of rules");
    if (!is_receipt && (!out->from || !out->text))
        return sms_read_refuse(in, out->from ? "text" : "from", "is not given");
    out->is_given = true;
    if (is_polled)
        return true;
    if (json_object_get(object, "request"))
        return sms_read_refuse(in, "request", "is for polling");
    if (!out->path || out->path[0] != '/')
        return sms_read_refuse(in, "path", "is not given, expected one such as \"/dlr\"");
    if (!json_object_get(object, "auth"))
        return sms_read_refuse(in, "auth", "is not given: a callback must prove who sends it");
    return auth_read(in, json_object_get(object, "auth"), true, &out->auth);
}

static bool poll_read(struct sms_reader *in, json_t *object, bool is_receipt, struct sms_poll *out)
{
    json_t *cursor = json_object_get(object, "cursor");
    json_t *start = json_object_get(object, "cursor_start");
    size_t len;
    bool is_fine;

    if (!object)
        return true;
    if (!hook_read(in, object, is_receipt, true, &out->hook))
        return false;
    if (!json_object_get(object, "request"))
        return sms_read_refuse(in, "request", "is not given");
    if (cursor && !sms_paths_are_fine(cursor))
        return sms_read_refuse(in, "cursor", "is no path");
    if (start && !json_is_string(start))
        return sms_read_refuse(in, "cursor_start", "is no text");
    out->cursor = cursor;
    out->cursor_start = start ? json_string_value(start) : "";
    len = sms_read_enter(in, "request");
    is_fine = request_read(in, json_object_get(object, "request"),
                           SMS_FIELDS_ALWAYS | SMS_BIT(SMS_F_CURSOR), &out->request);
    sms_read_leave(in, len);
    return is_fine;
}

/* --- the file ----------------------------------------------------------------------------------*/

static bool send_read(struct sms_reader *in, json_t *root, struct sms_mapping *out)
{
    json_t *health = json_object_get(root, "health");
    json_t *send = json_object_get(root, "send");
    size_t len = sms_read_enter(in, "send");
    bool is_fine = request_read(in, send, SMS_FIELDS_ITEM, &out->send) &&
                   answer_read(in, json_object_get(send, "response"), &out->answer);

    sms_read_leave(in, len);
    if (!is_fine || !health)
        return is_fine;
    len = sms_read_enter(in, "health");
    is_fine = request_read(in, health, SMS_FIELDS_ALWAYS, &out->health) &&
              answer_read(in, json_object_get(health, "response"), &out->health_answer);
    sms_read_leave(in, len);
    return is_fine;
}

static bool hooks_read(struct sms_reader *in, json_t *root, struct sms_mapping *out)
{
    const struct {
        const char *name;
        bool is_receipt;
        struct sms_hook *hook;
        struct sms_poll *poll;
    } rows[] = {
        {"receipt", true, &out->receipt, NULL},
        {"inbound", false, &out->inbound, NULL},
        {"poll_receipts", true, NULL, &out->poll_receipts},
        {"poll_inbound", false, NULL, &out->poll_inbound},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_t *object = json_object_get(root, rows[i].name);
        size_t len = sms_read_enter(in, rows[i].name);
        bool is_fine = true;

        if (object)
            is_fine = rows[i].hook ? hook_read(in, object, rows[i].is_receipt, false, rows[i].hook)
                                   : poll_read(in, object, rows[i].is_receipt, rows[i].poll);
        sms_read_leave(in, len);
        if (!is_fine)
            return false;
    }
    return true;
}

static bool root_read(struct sms_reader *in, struct sms_mapping *out)
{
    static const struct sms_member members[] = {
        {.name = "name",
         .kind = SMS_M_TEXT,
         .offset = offsetof(struct sms_mapping, name),
         .is_required = true},
        {.name = "send", .kind = SMS_M_OTHER, .is_required = true},
        {.name = "health", .kind = SMS_M_OTHER},
        {.name = "receipt", .kind = SMS_M_OTHER},
        {.name = "inbound", .kind = SMS_M_OTHER},
        {.name = "poll_receipts", .kind = SMS_M_OTHER},
        {.name = "poll_inbound", .kind = SMS_M_OTHER},
    };

    return READ(in, out->root, members, out) && send_read(in, out->root, out) &&
           hooks_read(in, out->root, out);
}

struct sms_mapping *sms_mapping_parse(const char *name, const char *text, size_t len,
                                      struct fl_why *why)
{
    struct sms_mapping *mapping = g_new0(struct sms_mapping, 1);
    struct sms_reader in = {.file = name, .text = text, .why = why, .where = g_string_new(NULL)};
    json_error_t error;

    mapping->root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!mapping->root) {
        plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "%s:%d: %s", name, error.line, error.text);
        sms_mapping_destroy(&mapping);
    } else if (!root_read(&in, mapping)) {
        sms_mapping_destroy(&mapping);
    }
    g_string_free(in.where, TRUE);
    return mapping;
}

struct sms_mapping *sms_mapping_load(const char *path, struct fl_why *why)
{
    GError *error = NULL;
    struct sms_mapping *mapping = NULL;
    char *text;
    gsize len;

    if (!g_file_get_contents(path, &text, &len, &error)) {
        plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "cannot read the mapping: %s",
                 error->message);
        g_error_free(error);
        return NULL;
    }
    if (len > SMS_MAPPING_MAX)
        plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "the mapping %s has %zu bytes, at most %d",
                 path, (size_t)len, SMS_MAPPING_MAX);
    else
        mapping = sms_mapping_parse(path, text, len, why);
    g_free(text);
    return mapping;
}

static void answer_finish(struct sms_answer *answer)
{
    if (answer->has_success_match)
        regfree(&answer->success_match);
    sms_rules_finish(&answer->rules);
}

void sms_mapping_destroy(struct sms_mapping **mapping)
{
    struct sms_mapping *m = *mapping;

    if (!m)
        return;
    answer_finish(&m->answer);
    answer_finish(&m->health_answer);
    sms_rules_finish(&m->receipt.rules);
    sms_rules_finish(&m->inbound.rules);
    sms_rules_finish(&m->poll_receipts.hook.rules);
    sms_rules_finish(&m->poll_inbound.hook.rules);
    json_decref(m->root);
    g_free(m);
    *mapping = NULL;
}
