#include "content/content_private.h"

#include <string.h>

static size_t line_len(const struct fl_content_source *source)
{
    const char *newline = memchr(source->text, '\n', source->len);

    return newline ? (size_t)(newline - source->text) : source->len;
}

static void line_skip(struct fl_content_source *source)
{
    size_t len = line_len(source);

    len += len < source->len;
    source->text += len;
    source->len -= len;
    source->first_line++;
}

static bool is_fence(const struct fl_content_source *source)
{
    size_t len = line_len(source);

    while (len > 3 && (source->text[len - 1] == ' ' || source->text[len - 1] == '\t'))
        len--;
    return len == 3 && !memcmp(source->text, "---", 3);
}

static struct fl_content_field *field_find(struct fl_content_front *front, const char *key)
{
    if (!strcmp(key, "subject"))
        return &front->subject;
    if (!strcmp(key, "sender_name"))
        return &front->sender_name;
    if (!strcmp(key, "preheader"))
        return &front->preheader;
    if (!strcmp(key, "title"))
        return &front->title;
    if (!strcmp(key, "sms"))
        return &front->sms;
    return NULL;
}

/* A pair of quotation marks around the whole value is not part of it. */
static char *value_unquote(char *value)
{
    size_t len = strlen(value);

    if (len >= 2 && (value[0] == '"' || value[0] == '\'') && value[len - 1] == value[0]) {
        value[len - 1] = '\0';
        value++;
    }
    return value;
}

static void field_read(char *line, const struct fl_content_source *source,
                       struct fl_content_front *front, struct fl_faults *faults)
{
    char *colon = strchr(line, ':'), *key, *value;
    struct fl_content_field *field;

    if (!*fl_str_trim(line) || *fl_str_trim(line) == '#')
        return;
    if (!colon) {
        fl_faults_add(faults, source->file, source->first_line, NULL, line,
                      "expected \"key: value\"");
        return;
    }
    *colon = '\0';
    key = fl_str_trim(line);
    value = value_unquote(fl_str_trim(colon + 1));
    field = field_find(front, key);
    if (!field)
        fl_faults_add(faults, source->file, source->first_line, key, NULL,
                      "unknown key; known are subject, title, sender_name, preheader and sms");
    else if (field->value)
        fl_faults_add(faults, source->file, source->first_line, key, value,
                      "given twice, first in %s on line %ld", field->file, field->line);
    else if (!*value)
        fl_faults_add(faults, source->file, source->first_line, key, NULL, "has no value");
    else
        *field = (struct fl_content_field){
            .value = value, .len = strlen(value), .file = source->file, .line = source->first_line};
}

void fl_content_front_read(struct fl_arena *arena, struct fl_content_source *source,
                           struct fl_content_front *front, struct fl_faults *faults)
{
    long first = source->first_line;

    if (!is_fence(source))
        return;
    line_skip(source);
    while (source->len && !is_fence(source)) {
        char *line = fl_arena_strndup(arena, source->text, line_len(source));

        if (line)
            field_read(line, source, front, faults);
        line_skip(source);
    }
    if (!source->len)
        fl_faults_add(faults, source->file, first, NULL, NULL,
                      "front matter is never closed with \"---\"");
    else
        line_skip(source);
}
