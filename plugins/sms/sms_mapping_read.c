/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the members of a mapping by tables, with file, line, field and reason where one is wrong.
 */
#include "sms_mapping_private.h"

#include <string.h>

/* --- complaints --------------------------------------------------------------------------------*/

/* The line of a member: jansson keeps none, so the names on the way there are looked for in turn.
 */
static int line_of(const struct sms_reader *in, const char *where)
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

bool sms_read_refuse(struct sms_reader *in, const char *member, const char *fmt, ...)
{
    GString *where = g_string_new(in->where->str);
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    if (*member)
        g_string_append_printf(where, "%s%s", where->len ? "." : "", member);
    plug_why(in->why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "%s:%d: %s %s", in->file,
             line_of(in, where->str), where->len ? where->str : "the file", text);
    g_string_free(where, TRUE);
    g_free(text);
    return false;
}

size_t sms_read_enter(struct sms_reader *in, const char *member)
{
    size_t len = in->where->len;

    g_string_append_printf(in->where, "%s%s", len ? "." : "", member);
    return len;
}

void sms_read_leave(struct sms_reader *in, size_t len)
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

bool sms_read_template(struct sms_reader *in, const char *member, const char *text)
{
    char *reason = NULL;
    bool is_fine = sms_template_check(text, in->allowed, &reason);

    if (!is_fine)
        sms_read_refuse(in, member, "cannot be filled: %s", reason);
    g_free(reason);
    return is_fine;
}

/* All texts in a tree. */
bool sms_read_templates(struct sms_reader *in, const char *member, json_t *tree)
{
    const char *key;
    json_t *child;
    size_t i;

    if (json_is_string(tree))
        return sms_read_template(in, member, json_string_value(tree));
    if (json_is_object(tree)) {
        json_object_foreach(tree, key, child)
        {
            if (!sms_read_templates(in, member, child))
                return false;
        }
    }
    if (json_is_array(tree)) {
        json_array_foreach(tree, i, child)
        {
            if (!sms_read_templates(in, member, child))
                return false;
        }
    }
    return true;
}

bool sms_paths_are_fine(json_t *value)
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

static bool member_read(struct sms_reader *in, const struct sms_member *member, json_t *value,
                        char *out)
{
    const char *text = json_string_value(value);
    void *slot = out + member->offset;
    int choice;

    switch (member->kind) {
    case SMS_M_TEXT:
    case SMS_M_TEMPLATE:
        if (!text)
            return sms_read_refuse(in, member->name, "is no text");
        *(const char **)slot = text;
        return member->kind == SMS_M_TEXT || sms_read_template(in, member->name, text);
    case SMS_M_PATHS:
        if (!sms_paths_are_fine(value))
            return sms_read_refuse(in, member->name,
                                   "is neither a path such as \"body.id\" nor a list of "
                                   "such");
        *(json_t **)slot = value;
        return true;
    case SMS_M_CHOICE:
        choice = text ? choice_find(member->choices, text) : -1;
        if (choice < 0)
            return sms_read_refuse(in, member->name, "is none of %s", member->choices);
        *(int *)slot = choice;
        return true;
    case SMS_M_NUMBER:
        if (!json_is_integer(value) || json_integer_value(value) < member->min ||
            json_integer_value(value) > member->max)
            return sms_read_refuse(in, member->name,
                                   "is no whole number from %" G_GINT64_FORMAT
                                   " to %" G_GINT64_FORMAT,
                                   member->min, member->max);
        *(int64_t *)slot = json_integer_value(value);
        return true;
    case SMS_M_OTHER:
        break;
    }
    return true;
}

bool sms_read_members(struct sms_reader *in, json_t *object, const struct sms_member *members,
                      size_t n, void *out)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return sms_read_refuse(in, "", "is no object");
    json_object_foreach(object, key, value)
    {
        size_t i = 0;

        while (i < n && strcmp(members[i].name, key) != 0)
            i++;
        if (i == n)
            return sms_read_refuse(in, key, "is not known here");
        if (!member_read(in, &members[i], value, out))
            return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (members[i].is_required && !json_object_get(object, members[i].name))
            return sms_read_refuse(in, members[i].name, "is not given");
    }
    return true;
}

bool sms_read_rules(struct sms_reader *in, const char *member, json_t *list, struct sms_rules *out)
{
    char *reason = NULL;
    size_t at = 0;
    bool is_fine = !list || sms_rules_read(list, out, &at, &reason);

    if (!is_fine)
        sms_read_refuse(in, member, "%s (rule %zu)", reason, at + 1);
    g_free(reason);
    return is_fine;
}
