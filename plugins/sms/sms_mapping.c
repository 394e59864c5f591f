/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A gateway's API as data: the file, read and checked whole before anything is opened. */
#include "sms_private.h"

#include <errno.h>
#include <string.h>

enum kind { TEXT, TEMPLATE, PATHS, CHOICE, NUMBER, OTHER };

struct member {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *choices; /* separated by '|'; the index is what is stored */
    int64_t min, max;
    bool is_required;
};

struct reader {
    const char *file, *text;
    struct fl_why *why;
    GString *where;   /* "send.response" */
    uint64_t allowed; /* fields a template may name */
};

/* --- complaints --------------------------------------------------------------------------------*/

/* The line of a member: jansson keeps none, so the names on the way there are looked for in turn.
 */
static int line_of(const struct reader *in, const char *where)
{
    char **names = g_strsplit(where, ".", -1);
    const char *at = in->text;
    int line = 1;

    for (char **name = names; *name; name++) {
        char *quoted = g_strdup_printf("\"%s\"", *name);
        const char *found = g_ascii_isdigit(**name) ? NULL : strstr(at, quoted);

        at = found ? found : at;
        g_free(quoted);
    }
    g_strfreev(names);
    for (const char *p = in->text; p < at; p++)
        line += *p == '\n';
    return line;
}

static bool refuse(struct reader *in, const char *member, const char *fmt, ...) SMS_PRINTF(3, 4);

static bool refuse(struct reader *in, const char *member, const char *fmt, ...)
{
    GString *where = g_string_new(in->where->str);
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    if (*member)
        g_string_append_printf(where, "%s%s", where->len ? "." : "", member);
    sms_why(in->why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "%s:%d: %s %s", in->file,
            line_of(in, where->str), where->len ? where->str : "the file", text);
    g_string_free(where, TRUE);
    g_free(text);
    return false;
}

static size_t enter(struct reader *in, const char *member)
{
    size_t len = in->where->len;

    g_string_append_printf(in->where, "%s%s", len ? "." : "", member);
    return len;
}

static void leave(struct reader *in, size_t len)
{
    g_string_truncate(in->where, len);
}

/* --- members -----------------------------------------------------------------------------------*/

static int choice_find(const char *choices, const char *text)
{
    char **names = g_strsplit(choices, "|", -1);
    int found = -1;

    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], text) == 0)
            found = i;
    }
    g_strfreev(names);
    return found;
}

static bool template_is_fine(struct reader *in, const char *member, const char *text)
{
    char *reason = NULL;
    bool is_fine = sms_template_check(text, in->allowed, &reason);

    if (!is_fine)
        refuse(in, member, "cannot be filled: %s", reason);
    g_free(reason);
    return is_fine;
}

/* All texts in a tree. */
static bool templates_are_fine(struct reader *in, const char *member, json_t *tree)
{
    const char *key;
    json_t *child;
    size_t i;

    if (json_is_string(tree))
        return template_is_fine(in, member, json_string_value(tree));
    if (json_is_object(tree)) {
        json_object_foreach(tree, key, child)
        {
            if (!templates_are_fine(in, member, child))
                return false;
        }
    }
    if (json_is_array(tree)) {
        json_array_foreach(tree, i, child)
        {
            if (!templates_are_fine(in, member, child))
                return false;
        }
    }
    return true;
}

static bool paths_are_fine(json_t *value)
{
    json_t *child;
    size_t i;

    if (!json_is_array(value))
        return json_is_string(value) && json_string_length(value);
    json_array_foreach(value, i, child)
    {
        if (!json_is_string(child) || !json_string_length(child))
            return false;
    }
    return json_array_size(value) > 0;
}

static bool member_read(struct reader *in, const struct member *member, json_t *value, char *out)
{
    const char *text = json_string_value(value);
    void *slot = out + member->offset;
    int choice;

    switch (member->kind) {
    case TEXT:
    case TEMPLATE:
        if (!text)
            return refuse(in, member->name, "is no text");
        *(const char **)slot = text;
        return member->kind == TEXT || template_is_fine(in, member->name, text);
    case PATHS:
        if (!paths_are_fine(value))
            return refuse(in, member->name,
                          "is neither a path such as \"body.id\" nor a list of "
                          "such");
        *(json_t **)slot = value;
        return true;
    case CHOICE:
        choice = text ? choice_find(member->choices, text) : -1;
        if (choice < 0)
            return refuse(in, member->name, "is none of %s", member->choices);
        *(int *)slot = choice;
        return true;
    case NUMBER:
        if (!json_is_integer(value) || json_integer_value(value) < member->min ||
            json_integer_value(value) > member->max)
            return refuse(in, member->name,
                          "is no whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                          member->min, member->max);
        *(int64_t *)slot = json_integer_value(value);
        return true;
    case OTHER:
        break;
    }
    return true;
}

static bool members_read(struct reader *in, json_t *object, const struct member *members, size_t n,
                         void *out)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return refuse(in, "", "is no object");
    json_object_foreach(object, key, value)
    {
        size_t i = 0;

        while (i < n && strcmp(members[i].name, key) != 0)
            i++;
        if (i == n)
            return refuse(in, key, "is not known here");
        if (!member_read(in, &members[i], value, out))
            return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (members[i].is_required && !json_object_get(object, members[i].name))
            return refuse(in, members[i].name, "is not given");
    }
    return true;
}

#define READ(in, object, members, out) members_read(in, object, members, G_N_ELEMENTS(members), out)

static bool rules_read(struct reader *in, const char *member, json_t *list, struct sms_rules *out)
{
    char *reason = NULL;
    size_t at = 0;
    bool is_fine = !list || sms_rules_read(list, out, &at, &reason);

    if (!is_fine)
        refuse(in, member, "%s (rule %zu)", reason, at + 1);
    g_free(reason);
    return is_fine;
}

/* --- signatures and logins ---------------------------------------------------------------------*/

static bool auth_read(struct reader *in, json_t *object, bool is_callback, struct sms_auth *out)
{
    static const struct member members[] = {
        {.name = "type",
         .kind = CHOICE,
         .offset = offsetof(struct sms_auth, type),
         .choices = "none|basic|bearer|header|hmac|secret",
         .is_required = true},
        {.name = "algorithm",
         .kind = CHOICE,
         .offset = offsetof(struct sms_auth, digest),
         .choices = "sha256|sha1|sha512"},
        {.name = "encoding",
         .kind = CHOICE,
         .offset = offsetof(struct sms_auth, encoding),
         .choices = "hex|base64"},
        {.name = "name", .kind = TEXT, .offset = offsetof(struct sms_auth, name)},
        {.name = "value", .kind = TEXT, .offset = offsetof(struct sms_auth, value)},
        {.name = "string", .kind = TEXT, .offset = offsetof(struct sms_auth, string)},
        {.name = "time", .kind = TEXT, .offset = offsetof(struct sms_auth, time)},
    };
    uint64_t allowed = SMS_FIELDS_ALWAYS | SMS_FIELDS_SIGNED;
    size_t len;
    bool is_fine;

    if (!object)
        return true;
    len = enter(in, "auth");
    is_fine = READ(in, object, members, out);
    if (is_fine && is_callback && (out->type == SMS_AUTH_BEARER || out->type == SMS_AUTH_NONE))
        is_fine = refuse(in, "type", "is none of basic|header|hmac|secret, which a callback needs");
    if (is_fine && !is_callback && out->type == SMS_AUTH_SECRET)
        is_fine = refuse(in, "type", "is none of none|basic|bearer|header|hmac");
    if (is_fine && (out->type == SMS_AUTH_HEADER || out->type == SMS_AUTH_HMAC) && !out->name)
        is_fine = refuse(in, "name", "is not given, expected the header");
    if (is_fine && out->type == SMS_AUTH_HEADER && !is_callback && !out->value)
        is_fine = refuse(in, "value", "is not given");
    if (is_fine && out->type == SMS_AUTH_HMAC && !out->string)
        is_fine = refuse(in, "string", "is not given, expected what is signed");
    in->allowed = allowed;
    if (is_fine && out->string)
        is_fine = template_is_fine(in, "string", out->string);
    in->allowed = allowed | SMS_BIT(SMS_F_SIGNATURE);
    if (is_fine && out->value)
        is_fine = template_is_fine(in, "value", out->value);
    leave(in, len);
    return is_fine;
}

/* --- requests ----------------------------------------------------------------------------------*/

static bool body_is_fine(struct reader *in, const struct sms_request *request)
{
    const char *key;
    json_t *value;

    switch (request->type) {
    case SMS_TYPE_XML:
    case SMS_TYPE_TEXT:
        if (!json_is_string(request->body))
            return refuse(in, "body", "is no text, as this type needs");
        break;
    case SMS_TYPE_FORM:
        if (!json_is_object(request->body))
            return refuse(in, "body", "is no object of form fields");
        json_object_foreach(request->body, key, value)
        {
            if (!json_is_string(value))
                return refuse(in, key, "is no text, as form fields are");
        }
        break;
    default:
        break;
    }
    return true;
}

static bool request_read(struct reader *in, json_t *object, uint64_t fields,
                         struct sms_request *out)
{
    static const struct member members[] = {
        {.name = "method",
         .kind = TEXT,
         .offset = offsetof(struct sms_request, method),
         .is_required = true},
        {.name = "url",
         .kind = TEMPLATE,
         .offset = offsetof(struct sms_request, url),
         .is_required = true},
        {.name = "content_type",
         .kind = TEXT,
         .offset = offsetof(struct sms_request, content_type)},
        {.name = "charset", .kind = TEXT, .offset = offsetof(struct sms_request, charset)},
        {.name = "type",
         .kind = CHOICE,
         .offset = offsetof(struct sms_request, type),
         .choices = "json|xml|form|text|none"},
        {.name = "recipients",
         .kind = NUMBER,
         .offset = offsetof(struct sms_request, recipients),
         .min = 1,
         .max = SMS_RECIPIENTS_MAX},
        {.name = "headers", .kind = OTHER},
        {.name = "body", .kind = OTHER},
        {.name = "each", .kind = OTHER},
        {.name = "auth", .kind = OTHER},
        {.name = "response", .kind = OTHER},
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
        return refuse(in, "method", "is none of GET, POST, PUT");
    if (out->headers &&
        (!json_is_object(out->headers) || !templates_are_fine(in, "headers", out->headers)))
        return json_is_object(out->headers) ? false : refuse(in, "headers", "is no object");
    if (out->type != SMS_TYPE_NONE && !out->body)
        return refuse(in, "body", "is not given");
    if (!body_is_fine(in, out) || !templates_are_fine(in, "body", out->body))
        return false;
    if ((out->recipients > 1 || is_many) && (out->type != SMS_TYPE_JSON || !is_many))
        return refuse(in, "recipients", "of several want type json and a member \"each\"");
    in->allowed = fields;
    if (is_many && !templates_are_fine(in, "each", out->each))
        return false;
    return auth_read(in, json_object_get(object, "auth"), false, &out->auth);
}

/* --- answers -----------------------------------------------------------------------------------*/

static bool status_read(struct reader *in, json_t *value, struct sms_answer *out)
{
    const char *text = json_string_value(value);

    if (json_is_integer(value)) {
        out->status_low = out->status_high = (int)json_integer_value(value);
    } else if (text && g_ascii_isdigit(text[0]) && strcmp(text + 1, "xx") == 0) {
        out->status_low = (text[0] - '0') * 100;
        out->status_high = out->status_low + 99;
    }
    if (value && (out->status_low < 100 || out->status_high > 599))
        return refuse(in, "status", "is neither a number from 100 to 599 nor like \"2xx\"");
    return true;
}

static bool success_read(struct reader *in, json_t *object, struct sms_answer *out)
{
    static const struct member members[] = {
        {.name = "path", .kind = PATHS, .offset = offsetof(struct sms_answer, success_path)},
        {.name = "equals", .kind = PATHS, .offset = offsetof(struct sms_answer, success_equals)},
        {.name = "match", .kind = OTHER},
        {.name = "status", .kind = OTHER},
    };
    json_t *match = json_object_get(object, "match");
    size_t len;
    bool is_fine;

    out->status_low = 200;
    out->status_high = 299;
    if (!object)
        return true;
    len = enter(in, "success");
    is_fine =
        READ(in, object, members, out) && status_read(in, json_object_get(object, "status"), out);
    if (is_fine && (match || out->success_equals) && !out->success_path)
        is_fine = refuse(in, "path", "is not given, expected what match or equals looks at");
    if (is_fine && match &&
        (!json_is_string(match) || regcomp(&out->success_match, json_string_value(match),
                                           REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0))
        is_fine = refuse(in, "match", "is no regular expression");
    out->has_success_match = is_fine && match;
    leave(in, len);
    return is_fine;
}

static bool answer_read(struct reader *in, json_t *object, struct sms_answer *out)
{
#define PATH(member)                                                                               \
    {                                                                                              \
        .name = #member, .kind = PATHS, .offset = offsetof(struct sms_answer, member)              \
    }
    static const struct member members[] = {
        {.name = "type",
         .kind = CHOICE,
         .offset = offsetof(struct sms_answer, type),
         .choices = "json|xml|form|text|none",
         .is_required = true},
        {.name = "list", .kind = TEXT, .offset = offsetof(struct sms_answer, list)},
        PATH(match),
        PATH(reference),
        PATH(code),
        PATH(detail),
        PATH(cost),
        PATH(currency),
        PATH(parts),
        {.name = "success", .kind = OTHER},
        {.name = "errors", .kind = OTHER},
    };
#undef PATH
    size_t len;
    bool is_fine;

    if (!object)
        return refuse(in, "response", "is not given");
    len = enter(in, "response");
    is_fine = READ(in, object, members, out) &&
              success_read(in, json_object_get(object, "success"), out) &&
              rules_read(in, "errors", json_object_get(object, "errors"), &out->rules);
    leave(in, len);
    return is_fine;
}

/* --- callbacks ---------------------------------------------------------------------------------*/

static const struct member *hook_members(size_t *out_n)
{
#define PATH(member)                                                                               \
    {                                                                                              \
        .name = #member, .kind = PATHS, .offset = offsetof(struct sms_hook, member)                \
    }
    static const struct member members[] = {
        {.name = "path", .kind = TEXT, .offset = offsetof(struct sms_hook, path)},
        {.name = "type",
         .kind = CHOICE,
         .offset = offsetof(struct sms_hook, type),
         .choices = "json|xml|form|text|none",
         .is_required = true},
        {.name = "list", .kind = TEXT, .offset = offsetof(struct sms_hook, list)},
        {.name = "reply", .kind = TEXT, .offset = offsetof(struct sms_hook, reply)},
        {.name = "auth", .kind = OTHER},
        {.name = "states", .kind = OTHER},
        {.name = "request", .kind = OTHER},
        {.name = "cursor", .kind = OTHER},
        {.name = "cursor_start", .kind = OTHER},
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

static bool hook_read(struct reader *in, json_t *object, bool is_receipt, bool is_polled,
                      struct sms_hook *out)
{
    size_t n;
    const struct member *members = hook_members(&n);

    if (!members_read(in, object, members, n, out) ||
        !rules_read(in, "states", json_object_get(object, "states"), &out->rules))
        return false;
    if (is_receipt && !out->token && !out->reference)
        return refuse(in, "reference", "is not given, expected this or \"token\"");
    if (is_receipt && !json_object_get(object, "states"))
        return refuse(in, "states", "is not given, expected a list of rules");
    if (!is_receipt && (!out->from || !out->text))
        return refuse(in, out->from ? "text" : "from", "is not given");
    out->is_given = true;
    if (is_polled)
        return true;
    if (json_object_get(object, "request"))
        return refuse(in, "request", "is for polling");
    if (!out->path || out->path[0] != '/')
        return refuse(in, "path", "is not given, expected one such as \"/dlr\"");
    if (!json_object_get(object, "auth"))
        return refuse(in, "auth", "is not given: a callback must prove who sends it");
    return auth_read(in, json_object_get(object, "auth"), true, &out->auth);
}

static bool poll_read(struct reader *in, json_t *object, bool is_receipt, struct sms_poll *out)
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
        return refuse(in, "request", "is not given");
    if (cursor && !paths_are_fine(cursor))
        return refuse(in, "cursor", "is no path");
    if (start && !json_is_string(start))
        return refuse(in, "cursor_start", "is no text");
    out->cursor = cursor;
    out->cursor_start = start ? json_string_value(start) : "";
    len = enter(in, "request");
    is_fine = request_read(in, json_object_get(object, "request"),
                           SMS_FIELDS_ALWAYS | SMS_BIT(SMS_F_CURSOR), &out->request);
    leave(in, len);
    return is_fine;
}

/* --- the file ----------------------------------------------------------------------------------*/

static bool send_read(struct reader *in, json_t *root, struct sms_mapping *out)
{
    json_t *health = json_object_get(root, "health");
    json_t *send = json_object_get(root, "send");
    size_t len = enter(in, "send");
    bool is_fine = request_read(in, send, SMS_FIELDS_ITEM, &out->send) &&
                   answer_read(in, json_object_get(send, "response"), &out->answer);

    leave(in, len);
    if (!is_fine || !health)
        return is_fine;
    len = enter(in, "health");
    is_fine = request_read(in, health, SMS_FIELDS_ALWAYS, &out->health) &&
              answer_read(in, json_object_get(health, "response"), &out->health_answer);
    leave(in, len);
    return is_fine;
}

static bool hooks_read(struct reader *in, json_t *root, struct sms_mapping *out)
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
        size_t len = enter(in, rows[i].name);
        bool is_fine = true;

        if (object)
            is_fine = rows[i].hook ? hook_read(in, object, rows[i].is_receipt, false, rows[i].hook)
                                   : poll_read(in, object, rows[i].is_receipt, rows[i].poll);
        leave(in, len);
        if (!is_fine)
            return false;
    }
    return true;
}

static bool root_read(struct reader *in, struct sms_mapping *out)
{
    static const struct member members[] = {
        {.name = "name",
         .kind = TEXT,
         .offset = offsetof(struct sms_mapping, name),
         .is_required = true},
        {.name = "send", .kind = OTHER, .is_required = true},
        {.name = "health", .kind = OTHER},
        {.name = "receipt", .kind = OTHER},
        {.name = "inbound", .kind = OTHER},
        {.name = "poll_receipts", .kind = OTHER},
        {.name = "poll_inbound", .kind = OTHER},
    };

    return READ(in, out->root, members, out) && send_read(in, out->root, out) &&
           hooks_read(in, out->root, out);
}

struct sms_mapping *sms_mapping_parse(const char *name, const char *text, size_t len,
                                      struct fl_why *why)
{
    struct sms_mapping *mapping = g_new0(struct sms_mapping, 1);
    struct reader in = {.file = name, .text = text, .why = why, .where = g_string_new(NULL)};
    json_error_t error;

    mapping->root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!mapping->root) {
        sms_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "%s:%d: %s", name, error.line, error.text);
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
        sms_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "cannot read the mapping: %s",
                error->message);
        g_error_free(error);
        return NULL;
    }
    if (len > SMS_MAPPING_MAX)
        sms_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "the mapping %s has %zu bytes, at most %d",
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
