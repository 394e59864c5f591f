/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one substitution: fields into a template, escaped for where they stand.  Values are never
 * read as templates. */
#include "sms_private.h"

#include <string.h>

enum { NAME_LEN_MAX = 24 };

static const char *const names[SMS_FIELDS] = {
    [SMS_F_USERNAME] = "username",
    [SMS_F_PASSWORD] = "password",
    [SMS_F_URL] = "url",
    [SMS_F_CALLBACK] = "callback",
    [SMS_F_SECRET] = "secret",
    [SMS_F_SMSC] = "smsc",
    [SMS_F_TIME] = "time",
    [SMS_F_TIME_MS] = "time_ms",
    [SMS_F_NONCE] = "nonce",
    [SMS_F_TO] = "to",
    [SMS_F_FROM] = "from",
    [SMS_F_TEXT] = "text",
    [SMS_F_SUBJECT] = "subject",
    [SMS_F_ID] = "id",
    [SMS_F_TOKEN] = "token",
    [SMS_F_CAMPAIGN] = "campaign",
    [SMS_F_LANGUAGE] = "language",
    [SMS_F_PARTS] = "parts",
    [SMS_F_UNITS] = "units",
    [SMS_F_PART] = "part",
    [SMS_F_CODING] = "coding",
    [SMS_F_ALPHABET] = "alphabet",
    [SMS_F_KIND] = "kind",
    [SMS_F_UDH] = "udh",
    [SMS_F_MASK] = "dlr_mask",
    [SMS_F_RECIPIENTS] = "recipients",
    [SMS_F_CURSOR] = "cursor",
    [SMS_F_METHOD] = "method",
    [SMS_F_PATH] = "path",
    [SMS_F_QUERY] = "query",
    [SMS_F_BODY] = "body",
    [SMS_F_BODY_SHA256] = "body_sha256",
    [SMS_F_SIGNATURE] = "signature",
};

enum modifier { PLAIN, AS_URL, AS_NUMBER, WANTED };

struct piece {
    enum sms_field field;
    enum modifier modifier;
    size_t len; /* of the whole, with its braces */
};

static int field_find(const char *name, size_t len)
{
    for (int i = 0; i < SMS_FIELDS; i++) {
        if (strlen(names[i]) == len && strncmp(names[i], name, len) == 0)
            return i;
    }
    return -1;
}

/* Reads "{name...}" at `p`; NULL, or what is wrong with it. */
static const char *piece_read(const char *p, struct piece *out)
{
    const char *close = strchr(p, '}');
    size_t len = strcspn(p + 1, "}:?");
    const char *tail = p + 1 + len;
    int field = field_find(p + 1, len);

    if (!close)
        return "a brace is open, expected {name}";
    if (field < 0)
        return "is no field";
    out->field = (enum sms_field)field;
    out->len = (size_t)(close - p) + 1;
    out->modifier = PLAIN;
    if (g_str_has_prefix(tail, "?}"))
        out->modifier = WANTED;
    else if (g_str_has_prefix(tail, ":url}"))
        out->modifier = AS_URL;
    else if (g_str_has_prefix(tail, ":number}"))
        out->modifier = AS_NUMBER;
    else if (*tail != '}')
        return "is followed by something else than :url, :number or ?";
    return NULL;
}

bool sms_template_check(const char *text, uint64_t allowed, char **out_reason)
{
    struct piece piece;

    for (const char *p = text; *p; p++) {
        const char *trouble;
        int shown;

        if ((p[0] == '{' && p[1] == '{') || (p[0] == '}' && p[1] == '}')) {
            p++;
            continue;
        }
        if (*p == '}') {
            *out_reason = g_strdup("a closing brace stands alone, expected \"}}\" for a brace");
            return false;
        }
        if (*p != '{')
            continue;
        shown = (int)MIN(strcspn(p + 1, "}"), (size_t)NAME_LEN_MAX);
        trouble = piece_read(p, &piece);
        if (!trouble && !(allowed & SMS_BIT(piece.field)))
            trouble = "says nothing here";
        if (trouble) {
            *out_reason = g_strdup_printf("{%.*s} %s", shown, p + 1, trouble);
            return false;
        }
        p += piece.len - 1;
    }
    return true;
}

static void xml_append(GString *out, const char *text)
{
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (strchr("&<>\"'", *p) || (c < 0x20 && c != '\n'))
            g_string_append_printf(out, c < 0x20 ? " " : "&#%u;", c);
        else if (c != 0xfffe && c != 0xffff)
            g_string_append_unichar(out, c);
    }
}

static void percent_append(GString *out, const char *text, bool is_form)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (g_ascii_isalnum(*p) || strchr("-._~", *p))
            g_string_append_c(out, (char)*p);
        else if (is_form && *p == ' ')
            g_string_append_c(out, '+');
        else
            g_string_append_printf(out, "%%%02X", *p);
    }
}

void sms_escape_append(GString *out, const char *text, enum sms_escape escape)
{
    switch (escape) {
    case SMS_RAW:
        g_string_append(out, text);
        return;
    case SMS_ESCAPE_URL:
    case SMS_ESCAPE_FORM:
        percent_append(out, text, escape == SMS_ESCAPE_FORM);
        return;
    case SMS_ESCAPE_XML:
        xml_append(out, text);
        return;
    case SMS_ESCAPE_HEADER:
        /* Nothing can begin a header of its own. */
        for (; *text; text++)
            g_string_append_c(out, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
        return;
    }
}

bool sms_template_fill(const char *text, const struct sms_fields *fields, enum sms_escape escape,
                       GString *out)
{
    struct piece piece;

    for (const char *p = text; *p; p++) {
        const char *value;

        if ((p[0] == '{' && p[1] == '{') || (p[0] == '}' && p[1] == '}')) {
            g_string_append_c(out, *p++);
            continue;
        }
        if (*p != '{' || piece_read(p, &piece)) {
            g_string_append_c(out, *p);
            continue;
        }
        value = fields->value[piece.field] ? fields->value[piece.field] : "";
        if (piece.modifier == WANTED && !*value)
            return false;
        /* An address that begins a URL is one already. */
        if (escape == SMS_ESCAPE_URL && p == text &&
            (piece.field == SMS_F_URL || piece.field == SMS_F_CALLBACK))
            g_string_append(out, value);
        else if (piece.modifier == AS_URL && escape != SMS_ESCAPE_URL)
            percent_append(out, value, false);
        else
            sms_escape_append(out, value, escape);
        p += piece.len - 1;
    }
    return true;
}

static json_t *text_json(const char *template, const struct sms_fields *fields)
{
    GString *out = g_string_new(NULL);
    struct piece piece;
    json_t *value = NULL;

    if (sms_template_fill(template, fields, SMS_RAW, out)) {
        bool is_number = template[0] == '{' && !piece_read(template, &piece) &&
                         piece.modifier == AS_NUMBER && !template[piece.len];

        value = is_number ? json_integer(g_ascii_strtoll(out->str, NULL, 10))
                          : json_stringn(out->str, out->len);
    }
    g_string_free(out, TRUE);
    return value;
}

json_t *sms_template_json(json_t *tree, const struct sms_fields *fields)
{
    json_t *out, *child;
    const char *key;
    size_t i;

    if (json_is_string(tree))
        return text_json(json_string_value(tree), fields);
    if (json_is_object(tree)) {
        out = json_object();
        json_object_foreach(tree, key, child)
        {
            json_t *value = sms_template_json(child, fields);

            if (value)
                json_object_set_new(out, key, value);
        }
        return out;
    }
    if (json_is_array(tree)) {
        out = json_array();
        json_array_foreach(tree, i, child)
        {
            json_t *value = sms_template_json(child, fields);

            if (value)
                json_array_append_new(out, value);
        }
        return out;
    }
    return json_incref(tree);
}
