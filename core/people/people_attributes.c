#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "people/people_private.h"

static void put_escape(struct fl_buf *buf, char c)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *hit = strchr(plain, c);

    if (hit)
        fl_buf_printf(buf, "\\%c", letters[hit - plain]);
    else
        fl_buf_printf(buf, "\\u%04X", (unsigned)(unsigned char)c);
}

void people_json_string(struct fl_buf *buf, const char *s)
{
    fl_buf_putc(buf, '"');
    for (;;) {
        size_t plain = 0;

        while ((unsigned char)s[plain] >= 0x20 && s[plain] != '"' && s[plain] != '\\')
            plain++;
        fl_buf_add(buf, s, plain);
        s += plain;
        if (!*s)
            break;
        put_escape(buf, *s++);
    }
    fl_buf_putc(buf, '"');
}

const char *people_attributes_merge(struct fl_arena *arena, const char *old, const char *given)
{
    json_t *merged = old ? json_loads(old, 0, NULL) : NULL, *news = json_loads(given, 0, NULL);
    const char *result = NULL;
    char *text = NULL;

    if (!json_is_object(merged)) {
        json_decref(merged);
        merged = json_object();
    }
    if (news && !json_object_update(merged, news))
        text = json_dumps(merged, JSON_COMPACT | JSON_SORT_KEYS);
    if (text)
        result = fl_arena_strdup(arena, text);
    free(text);
    json_decref(news);
    json_decref(merged);
    return result;
}
