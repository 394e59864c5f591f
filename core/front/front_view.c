/* What every template sees: language, words, ways to the other pages, who we are. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "front/front_pages_private.h"

enum { ID_SIZE = 17 };

void fl_front_put(struct fl_front_view *view, struct fl_data *object, const char *name,
                  const char *text)
{
    if (!object || !fl_data_set_str(view->visit->arena, object, name, text))
        view->has_failed = true;
}

void fl_front_put_flag(struct fl_front_view *view, struct fl_data *object, const char *name,
                       bool flag)
{
    struct fl_data *value = fl_data_bool(view->visit->arena, flag);

    if (!object || !value || !fl_data_set(view->visit->arena, object, name, value))
        view->has_failed = true;
}

struct fl_data *fl_front_put_list(struct fl_front_view *view, struct fl_data *object,
                                  const char *name)
{
    struct fl_data *list = fl_data_list(view->visit->arena);

    if (!object || !list || !fl_data_set(view->visit->arena, object, name, list))
        view->has_failed = true;
    return list;
}

struct fl_data *fl_front_add(struct fl_front_view *view, struct fl_data *list)
{
    struct fl_data *object = fl_data_object(view->visit->arena);

    if (!list || !object || !fl_data_append(view->visit->arena, list, object))
        view->has_failed = true;
    return object;
}

const char *fl_front_word(const struct fl_front_view *view, const char *key)
{
    const char *word = fl_front_word_of(view->visit->language, key);

    return word ? word : "";
}

const char *fl_front_fill(const struct fl_front_view *view, const char *key, const char *one,
                          const char *two)
{
    struct fl_buf buf = FL_BUF(FL_BUF_LINE_MAX);
    const char *text;

    for (const char *p = fl_front_word(view, key); *p; p++)
        if (*p == '%' && (p[1] == '1' || p[1] == '2'))
            fl_buf_puts(&buf, *++p == '1' ? one : two);
        else
            fl_buf_putc(&buf, *p);
    text = fl_buf_failed(&buf) ? NULL : fl_arena_strdup(view->visit->arena, buf.data);
    fl_buf_finish(&buf);
    return text ? text : "";
}

const char *fl_front_medium_word(const struct fl_front_view *view, const char *medium)
{
    char key[sizeof "medium_" + FL_FRONT_CODE_MAX];
    const char *word;

    snprintf(key, sizeof key, "medium_%s", medium);
    word = fl_front_word_of(view->visit->language, key);
    return word ? word : medium;
}

/* A purpose we have no word for is shown as it is named, made readable. */
const char *fl_front_purpose_word(const struct fl_front_view *view, const char *purpose)
{
    char key[sizeof "purpose_" + FL_FRONT_PURPOSE_MAX];
    const char *word;
    char *copy;

    snprintf(key, sizeof key, "purpose_%s", purpose);
    word = fl_front_word_of(view->visit->language, key);
    if (word)
        return word;
    copy = fl_arena_strdup(view->visit->arena, purpose);
    if (!copy)
        return "";
    for (char *p = copy; *p; p++)
        if (*p == '_' || *p == '-')
            *p = ' ';
    *copy = (char)toupper((unsigned char)*copy);
    return copy;
}

const char *fl_front_date_word(const struct fl_front_view *view, const char *date)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    int year, month, day;
    int32_t value;
    const char *text;

    if (!date || !fl_date_parse(date, &value))
        return "";
    fl_civil_of_date(value, &year, &month, &day);
    text = view->visit->language == FL_FRONT_KO
               ? fl_arena_printf(view->visit->arena, "%d년 %d월 %d일", year, month, day)
               : fl_arena_printf(view->visit->arena, "%d %s %d", day, months[month - 1], year);
    return text ? text : "";
}

/* --- the frame ---------------------------------------------------------------------------------*/

/* The same page in each language; what else was asked for stays, but not "it is done". */
static void put_languages(struct fl_front_view *view)
{
    const struct fl_front_visit *visit = view->visit;
    struct fl_data *list = fl_front_put_list(view, view->root, "languages");
    const char *number = fl_front_query(visit->request, "page");
    int64_t page;

    for (int i = 0; i < FL_FRONT_LANGUAGES; i++) {
        enum fl_front_language language = (enum fl_front_language)i;
        struct fl_data *item = fl_front_add(view, list);
        const char *tag = fl_front_language_tag(language);

        fl_front_put(view, item, "tag", tag);
        fl_front_put(view, item, "name", fl_front_language_name(language));
        fl_front_put_flag(view, item, "is_current", language == visit->language);
        fl_front_put(view, item, "href",
                     fl_str_parse_i64(number, 2, FL_FRONT_PAGE_NUMBER_MAX, &page)
                         ? fl_arena_printf(visit->arena, "?page=%lld&l=%s", (long long)page, tag)
                         : fl_arena_printf(visit->arena, "?l=%s", tag));
    }
}

/* A token opens the pages its kind is for, and only ways to these are shown. */
static void put_ways(struct fl_front_view *view, const json_t *answer)
{
    static const struct {
        enum fl_front_page page;
        const char *name, *word;
    } ways[] = {
        {FL_PAGE_MESSAGE, "m", "nav_message"}, {FL_PAGE_SURVEY, "s", "nav_survey"},
        {FL_PAGE_INBOX, "i", "nav_inbox"},     {FL_PAGE_PREFERENCES, "p", "nav_preferences"},
        {FL_PAGE_CONTACT, "k", "nav_contact"},
    };
    const char *kind = json_string_value(json_object_get(answer, "kind"));
    bool has_survey = json_is_true(json_object_get(answer, "has_survey"));
    struct fl_data *list;

    if (!kind || strcmp(kind, "page") != 0)
        return;
    list = fl_front_put_list(view, view->root, "ways");
    fl_front_put_flag(view, view->root, "has_ways", true);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        bool is_current = view->visit->route && view->visit->route->page == ways[i].page;
        struct fl_data *item;

        if (ways[i].page == FL_PAGE_SURVEY && !has_survey && !is_current)
            continue;
        item = fl_front_add(view, list);
        fl_front_put(view, item, "word", fl_front_word(view, ways[i].word));
        fl_front_put(view, item, "href",
                     fl_front_href(view->visit, ways[i].name, view->visit->token, ""));
        fl_front_put_flag(view, item, "is_current", is_current);
    }
}

static void put_firm(struct fl_front_view *view)
{
    const struct fl_front_site *site = view->visit->site;
    const char *contact = site->contact ? site->contact : "";

    fl_front_put(view, view->root, "organisation", site->organisation);
    fl_front_put(view, view->root, "postal_address", site->postal_address);
    fl_front_put(view, view->root, "contact", contact);
    if (strchr(contact, '@') && !strpbrk(contact, " <>\"'&?"))
        fl_front_put(view, view->root, "contact_href",
                     fl_arena_printf(view->visit->arena, "mailto:%s", contact));
}

void fl_front_view_start(struct fl_front_view *view, struct fl_front_visit *visit,
                         const json_t *answer, const char *title)
{
    struct fl_arena *arena = visit->arena;
    char id[ID_SIZE];

    *view = (struct fl_front_view){.visit = visit, .root = fl_data_object(arena)};
    if (!view->root || !visit->site->pages) {
        view->has_failed = true;
        return;
    }
    if (!fl_data_set(arena, view->root, "w",
                     fl_front_pages_words(visit->site->pages, visit->language)))
        view->has_failed = true;
    snprintf(id, sizeof id, "%llx", (unsigned long long)visit->request->at_us);
    fl_front_put(view, view->root, "id", fl_arena_strdup(arena, id));
    fl_front_put(view, view->root, "language", fl_front_language_tag(visit->language));
    fl_front_put(view, view->root, "style", fl_front_pages_style(visit->site->pages));
    fl_front_put(view, view->root, "title", title ? title : "");
    if (visit->route && *visit->token) {
        /* What a form is answered with is in the language it was filled in. */
        struct fl_front_visit spoken = *visit;

        spoken.is_language_asked = true;
        fl_front_put(view, view->root, "action",
                     fl_front_href(&spoken, visit->route->name, visit->token, ""));
    }
    put_languages(view);
    put_ways(view, answer);
    put_firm(view);
}
