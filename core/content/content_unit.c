#include "content/content_private.h"

#include <stdlib.h>
#include <string.h>

void fl_content_language_normalise(const char *language, char out[FL_CONTENT_LANGUAGE_MAX + 1])
{
    size_t len = language ? strlen(language) : 0;

    if (len > FL_CONTENT_LANGUAGE_MAX)
        len = 0;
    for (size_t i = 0; i < len; i++)
        out[i] = language[i] == '_' ? '-' : language[i];
    out[len] = '\0';
    fl_str_lower_ascii(out);
}

bool fl_content_language_shorten(char *language)
{
    char *dash = strrchr(language, '-');

    if (!*language)
        return false;
    *(dash ? dash : language) = '\0';
    return true;
}

struct fl_content_unit *fl_content_unit_exact(const struct fl_content *content, const char *base,
                                              const char *language)
{
    for (size_t i = 0; i < content->n_units; i++)
        if (!strcmp(content->units[i].base, base) && !strcmp(content->units[i].language, language))
            return &content->units[i];
    return NULL;
}

struct fl_content_unit *fl_content_unit_find(const struct fl_content *content, const char *base,
                                             const char *language)
{
    char key[FL_CONTENT_LANGUAGE_MAX + 1];
    struct fl_content_unit *unit;

    fl_content_language_normalise(language, key);
    do {
        unit = fl_content_unit_exact(content, base, key);
    } while (!unit && fl_content_language_shorten(key));
    return unit;
}

const struct fl_survey *fl_content_survey(const struct fl_content *content, const char *language)
{
    const struct fl_content_unit *unit = fl_content_unit_find(content, "survey", language);

    return unit ? unit->survey : NULL;
}

void fl_content_destroy(struct fl_content **content)
{
    if (!*content)
        return;
    for (size_t i = 0; i < (*content)->n_units; i++)
        for (int form = 0; form < FL_CONTENT_FORMS; form++)
            fl_mustache_destroy(&(*content)->units[i].forms[form]);
    fl_buf_finish(&(*content)->scratch);
    fl_arena_destroy(&(*content)->arena);
    free(*content);
    *content = NULL;
}

/* ---- names -----------------------------------------------------------------------------------*/

struct names {
    struct fl_arena *arena;
    const char **items;
    size_t n;
    size_t cap;
    bool is_out_of_memory;
};

static void name_add(void *ctx, const char *name, size_t len)
{
    struct names *names = ctx;

    if (names->n == names->cap) {
        size_t cap = names->cap ? names->cap * 2 : 32;
        const char **items = FL_ARENA_ARRAY(names->arena, const char *, cap);

        if (!items) {
            names->is_out_of_memory = true;
            return;
        }
        if (names->n)
            memcpy(items, names->items, names->n * sizeof *items);
        names->items = items;
        names->cap = cap;
    }
    names->items[names->n] = fl_arena_strndup(names->arena, name, len);
    if (!names->items[names->n])
        names->is_out_of_memory = true;
    else
        names->n++;
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum fl_status fl_content_variables(const struct fl_content *content, struct fl_arena *arena,
                                    const char *const **out, size_t *out_n, struct fl_error *err)
{
    struct names names = {.arena = arena};
    size_t n = 0;

    for (size_t i = 0; i < content->n_units; i++)
        for (int form = 0; form < FL_CONTENT_FORMS; form++)
            if (content->units[i].forms[form])
                fl_mustache_each_name(content->units[i].forms[form], name_add, &names);
    if (names.is_out_of_memory)
        return fl_error_set(err, FL_IO, "could not list the variables: memory is out");
    if (names.n)
        qsort(names.items, names.n, sizeof *names.items, name_compare);
    for (size_t i = 0; i < names.n; i++)
        if (!n || strcmp(names.items[n - 1], names.items[i]) != 0)
            names.items[n++] = names.items[i];
    *out = names.items;
    *out_n = n;
    return FL_OK;
}
