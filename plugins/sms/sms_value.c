/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON, XML, forms and text as one kind of tree, and paths into it.  Everything here comes from
 * outside: sizes, depth and number of values are bounded, entities and document types refused. */
#include "sms_private.h"

#include <libxml/xmlreader.h>
#include <string.h>

enum { FORM_FIELDS_MAX = 500, PATH_STEP_MAX = 200 };

static char *reason(const char *fmt, ...) SMS_PRINTF(1, 2);

static char *reason(const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return text;
}

/* --- JSON --------------------------------------------------------------------------------------*/

/* Brackets outside of strings, before a parser that recurses sees them. */
static bool depth_is_fine(const char *data, size_t len)
{
    int depth = 0;
    bool is_text = false;

    for (size_t i = 0; i < len; i++) {
        if (is_text && data[i] == '\\')
            i++;
        else if (data[i] == '"')
            is_text = !is_text;
        else if (!is_text && (data[i] == '{' || data[i] == '['))
            depth++;
        else if (!is_text && (data[i] == '}' || data[i] == ']'))
            depth--;
        if (depth > SMS_DEPTH_MAX)
            return false;
    }
    return true;
}

static json_t *json_parse(const char *data, size_t len, char **out_reason)
{
    json_error_t error;
    json_t *tree;

    if (!depth_is_fine(data, len)) {
        *out_reason = reason("is nested deeper than %d", SMS_DEPTH_MAX);
        return NULL;
    }
    tree = json_loadb(data, len, JSON_DECODE_ANY, &error);
    if (!tree)
        *out_reason = reason("is no JSON: %s", error.text);
    return tree;
}

/* --- XML ---------------------------------------------------------------------------------------*/

/* An element is its text, or an object of its attributes ("@name"), children and text ("#text");
 * children of one name become a list. */
static void member_add(json_t *object, const char *name, json_t *value)
{
    json_t *old = json_object_get(object, name);

    if (!old) {
        json_object_set_new(object, name, value);
        return;
    }
    /* A list of our own making is marked by being the only kind of array there is. */
    if (!json_is_array(old)) {
        json_t *list = json_array();

        json_array_append(list, old);
        json_object_set_new(object, name, list);
        old = list;
    }
    json_array_append_new(old, value);
}

struct xml_frame {
    json_t *object;
    GString *text;
    char *name;
};

struct xml_build {
    struct xml_frame stack[SMS_DEPTH_MAX + 1];
    int depth;
    int n_values;
};

static bool xml_push(struct xml_build *build, const char *name)
{
    if (build->depth == SMS_DEPTH_MAX || ++build->n_values > SMS_VALUES_MAX)
        return false;
    build->depth++;
    build->stack[build->depth] =
        (struct xml_frame){json_object(), g_string_new(NULL), g_strdup(name)};
    return true;
}

static void xml_pop(struct xml_build *build)
{
    struct xml_frame *frame = &build->stack[build->depth--];
    char *text = g_strstrip(g_string_free(frame->text, FALSE));
    json_t *value = frame->object;

    if (json_object_size(value) == 0) {
        json_decref(value);
        value = json_string(text);
    } else if (*text) {
        json_object_set_new(value, "#text", json_string(text));
    }
    member_add(build->stack[build->depth].object, frame->name, value);
    g_free(text);
    g_free(frame->name);
}

static bool xml_element(struct xml_build *build, xmlTextReaderPtr reader)
{
    bool is_empty = xmlTextReaderIsEmptyElement(reader) == 1;

    if (!xml_push(build, (const char *)xmlTextReaderConstLocalName(reader)))
        return false;
    while (xmlTextReaderMoveToNextAttribute(reader) == 1) {
        const char *value = (const char *)xmlTextReaderConstValue(reader);
        char *name = g_strconcat("@", (const char *)xmlTextReaderConstLocalName(reader), NULL);

        json_object_set_new(build->stack[build->depth].object, name,
                            json_string(value ? value : ""));
        g_free(name);
    }
    if (is_empty)
        xml_pop(build);
    return true;
}

static bool xml_node(struct xml_build *build, xmlTextReaderPtr reader)
{
    switch (xmlTextReaderNodeType(reader)) {
    case XML_READER_TYPE_ELEMENT:
        return xml_element(build, reader);
    case XML_READER_TYPE_END_ELEMENT:
        xml_pop(build);
        return true;
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
        if (build->depth)
            g_string_append(build->stack[build->depth].text,
                            (const char *)xmlTextReaderConstValue(reader));
        return true;
    case XML_READER_TYPE_DOCUMENT_TYPE:
    case XML_READER_TYPE_ENTITY_REFERENCE:
    case XML_READER_TYPE_ENTITY:
        return false;
    default:
        return true;
    }
}

static json_t *xml_parse(const char *data, size_t len, char **out_reason)
{
    struct xml_build build = {.depth = 0};
    xmlTextReaderPtr reader;
    bool is_fine = true;
    int more;

    /* A document type could bring entities; none is needed in an answer. */
    if (memmem(data, len, "<!DOCTYPE", 9) || len > SMS_ANSWER_MAX) {
        *out_reason = reason("has a document type or is too long");
        return NULL;
    }
    reader = xmlReaderForMemory(data, (int)len, NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!reader) {
        *out_reason = reason("is no XML");
        return NULL;
    }
    build.stack[0].object = json_object();
    while ((more = xmlTextReaderRead(reader)) == 1 && is_fine)
        is_fine = xml_node(&build, reader);
    while (build.depth)
        xml_pop(&build);
    xmlFreeTextReader(reader);
    if (more != 0 || !is_fine || json_object_size(build.stack[0].object) == 0) {
        *out_reason = reason(is_fine ? "is no XML" : "is XML nested too deep or with entities");
        json_decref(build.stack[0].object);
        return NULL;
    }
    return build.stack[0].object;
}

/* --- forms -------------------------------------------------------------------------------------*/

static char *form_decode(const char *data, size_t len, const char *charset)
{
    GString *out = g_string_sized_new(len);
    char *text;

    for (size_t i = 0; i < len; i++) {
        if (data[i] == '%' && i + 2 < len && g_ascii_isxdigit(data[i + 1]) &&
            g_ascii_isxdigit(data[i + 2])) {
            g_string_append_c(out, (char)(g_ascii_xdigit_value(data[i + 1]) * 16 +
                                          g_ascii_xdigit_value(data[i + 2])));
            i += 2;
        } else {
            g_string_append_c(out, data[i] == '+' ? ' ' : data[i]);
        }
    }
    text = sms_text_decode(out->str, out->len, charset);
    g_string_free(out, TRUE);
    return text;
}

static json_t *form_parse(const char *data, size_t len, const char *charset)
{
    json_t *object = json_object();
    const char *end = data + len;

    for (int n = 0; data < end && n < FORM_FIELDS_MAX; n++) {
        const char *stop = memchr(data, '&', (size_t)(end - data));
        const char *equals;
        char *name, *value;

        stop = stop ? stop : end;
        equals = memchr(data, '=', (size_t)(stop - data));
        equals = equals ? equals : stop;
        name = form_decode(data, (size_t)(equals - data), NULL);
        value = form_decode(equals < stop ? equals + 1 : stop,
                            equals < stop ? (size_t)(stop - equals - 1) : 0, charset);
        if (*name)
            json_object_set_new(object, name, json_string(value));
        g_free(name);
        g_free(value);
        data = stop + 1;
    }
    return object;
}

json_t *sms_value_parse(enum sms_type type, const char *data, size_t len, const char *charset,
                        char **out_reason)
{
    json_t *value = NULL;
    char *text;

    *out_reason = NULL;
    switch (type) {
    case SMS_TYPE_JSON:
        return json_parse(data, len, out_reason);
    case SMS_TYPE_XML:
        return xml_parse(data, len, out_reason);
    case SMS_TYPE_FORM:
        return form_parse(data, len, charset);
    case SMS_TYPE_TEXT:
        text = sms_text_decode(data, len, charset);
        value = json_string(text);
        g_free(text);
        return value;
    case SMS_TYPE_NONE:
        break;
    }
    return json_string("");
}

/* --- paths -------------------------------------------------------------------------------------*/

static json_t *step(json_t *tree, const char *name)
{
    char *end;
    guint64 index;

    if (json_is_object(tree) && json_object_get(tree, name))
        return json_object_get(tree, name);
    index = g_ascii_strtoull(name, &end, 10);
    if (*end || !*name)
        return NULL;
    if (json_is_array(tree))
        return json_array_get(tree, index);
    return index == 0 ? tree : NULL; /* XML cannot tell a list of one from the thing */
}

json_t *sms_value_at(json_t *tree, const char *path)
{
    while (tree && *path) {
        char name[PATH_STEP_MAX + 1];
        size_t len = strcspn(path, ".");

        if (len > PATH_STEP_MAX)
            return NULL;
        memcpy(name, path, len);
        name[len] = '\0';
        tree = step(tree, name);
        path += len + (path[len] == '.');
    }
    return tree;
}

static char *scalar_text(json_t *value)
{
    if (json_is_string(value))
        return *json_string_value(value) ? g_strdup(json_string_value(value)) : NULL;
    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_real(value)) {
        char number[G_ASCII_DTOSTR_BUF_SIZE];

        return g_strdup(g_ascii_formatd(number, sizeof number, "%.10g", json_real_value(value)));
    }
    if (json_is_boolean(value))
        return g_strdup(json_is_true(value) ? "true" : "false");
    if (json_is_object(value) && json_object_get(value, "#text"))
        return scalar_text(json_object_get(value, "#text"));
    return NULL;
}

char *sms_value_text(json_t *item, json_t *root, json_t *paths)
{
    size_t n = json_is_array(paths) ? json_array_size(paths) : paths ? 1 : 0;

    for (size_t i = 0; i < n; i++) {
        const char *path =
            json_string_value(json_is_array(paths) ? json_array_get(paths, i) : paths);
        char *text = path ? scalar_text(sms_value_at(item, path)) : NULL;

        if (!text && path && root != item)
            text = scalar_text(sms_value_at(root, path));
        if (text)
            return text;
    }
    return NULL;
}

int64_t sms_value_micro(const char *text)
{
    double number = text ? g_ascii_strtod(text, NULL) : 0;

    return number > 0 && number < 1e9 ? (int64_t)(number * 1e6 + 0.5) : 0;
}
