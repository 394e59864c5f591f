/* Message, inbox, feed, preferences, opting out, contact. */
#include <string.h>

#include "base/clock.h"
#include "front/front_pages_private.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static const char *upper_first(struct fl_front_view *view, const char *text)
{
    char *copy = fl_arena_strdup(view->visit->arena, text);

    if (copy && *copy >= 'a' && *copy <= 'z')
        *copy = (char)(*copy - 'a' + 'A');
    return copy ? copy : "";
}

/* --- message -----------------------------------------------------------------------------------*/

void fl_front_show_message(struct fl_front_visit *visit, const json_t *answer,
                           struct fl_front_reply *out)
{
    const char *subject = text_of(answer, "subject"), *html = text_of(answer, "html");
    struct fl_front_view view;

    fl_front_view_start(&view, visit, answer,
                        *subject ? subject : fl_front_word_of(visit->language, "message_untitled"));
    fl_front_put(&view, view.root, "html", html);
    fl_front_put(&view, view.root, "text", *html ? "" : text_of(answer, "text"));
    fl_front_put(&view, view.root, "content_language", text_of(answer, "content_language"));
    fl_front_put_flag(&view, view.root, "has_own_colours",
                      json_is_true(json_object_get(answer, "has_own_colours")));
    fl_front_put(&view, view.root, "date", text_of(answer, "date"));
    fl_front_put(&view, view.root, "date_word", fl_front_date_word(&view, text_of(answer, "date")));
    fl_front_put(&view, view.root, "medium",
                 upper_first(&view, fl_front_medium_word(&view, text_of(answer, "medium"))));
    if (json_is_true(json_object_get(answer, "has_survey")))
        fl_front_put(&view, view.root, "survey_href", fl_front_href(visit, "s", visit->token, ""));
    fl_front_put(&view, view.root, "contact_page", fl_front_href(visit, "k", visit->token, ""));
    fl_front_put(&view, view.root, "opt_out_page", fl_front_href(visit, "u", visit->token, ""));
    fl_front_reply_page(&view, FL_TEMPLATE_MESSAGE, 200, *html != '\0', out);
}

/* --- inbox -------------------------------------------------------------------------------------*/

static void put_page_way(struct fl_front_view *view, const char *name, json_int_t number)
{
    const char *query = fl_arena_printf(view->visit->arena, "page=%lld", (long long)number);

    fl_front_put(
        view, view->root, name,
        fl_front_href(view->visit, "i", view->visit->token, number > 1 && query ? query : ""));
}

void fl_front_show_inbox(struct fl_front_visit *visit, const json_t *answer,
                         struct fl_front_reply *out)
{
    const json_t *messages = json_object_get(answer, "messages");
    json_int_t number = json_integer_value(json_object_get(answer, "page"));
    struct fl_front_view view;
    struct fl_data *list;

    fl_front_view_start(&view, visit, answer, fl_front_word_of(visit->language, "inbox_title"));
    list = fl_front_put_list(&view, view.root, "messages");
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i);
        const char *subject = text_of(message, "subject");
        struct fl_data *item = fl_front_add(&view, list);

        fl_front_put(&view, item, "subject",
                     *subject ? subject : fl_front_word(&view, "message_untitled"));
        fl_front_put(&view, item, "href", fl_front_href(visit, "m", text_of(message, "token"), ""));
        fl_front_put(&view, item, "medium",
                     upper_first(&view, fl_front_medium_word(&view, text_of(message, "medium"))));
        fl_front_put(&view, item, "date", text_of(message, "date"));
        fl_front_put(&view, item, "date_word", fl_front_date_word(&view, text_of(message, "date")));
        fl_front_put(&view, item, "excerpt", text_of(message, "excerpt"));
        fl_front_put_flag(&view, item, "is_this",
                          json_is_true(json_object_get(message, "is_this")));
    }
    fl_front_put_flag(&view, view.root, "has_messages", json_array_size(messages) > 0);
    if (number > 1)
        put_page_way(&view, "newer", number - 1);
    if (json_is_true(json_object_get(answer, "has_more")))
        put_page_way(&view, "older", number + 1);
    fl_front_put_flag(&view, view.root, "has_pages",
                      number > 1 || json_is_true(json_object_get(answer, "has_more")));
    fl_front_put(&view, view.root, "feed_href", fl_front_href(visit, "f", visit->token, ""));
    fl_front_reply_page(&view, FL_TEMPLATE_INBOX, 200, false, out);
}

/* A feed is read elsewhere: its addresses are whole. */
static const char *whole(const struct fl_front_visit *visit, const char *name, const char *token)
{
    const char *base = visit->site->web_base ? visit->site->web_base : "";
    int len = (int)strlen(base);
    const char *url;

    while (len && base[len - 1] == '/')
        len--;
    url = fl_arena_printf(visit->arena, "%.*s/%s/%s", len, base, name, token);
    return url ? url : "";
}

static const char *second_of(const struct fl_front_visit *visit, json_int_t at_us)
{
    char text[FL_TIME_TEXT_SIZE];
    const char *copy;

    fl_time_format(at_us - at_us % FL_US_PER_S, text);
    copy = fl_arena_printf(visit->arena, "%.19sZ", text);
    return copy ? copy : "";
}

void fl_front_show_feed(struct fl_front_visit *visit, const json_t *answer,
                        struct fl_front_reply *out)
{
    const json_t *messages = json_object_get(answer, "messages");
    json_int_t newest = json_integer_value(json_object_get(json_array_get(messages, 0), "at_us"));
    struct fl_front_view view;
    struct fl_data *list;

    fl_front_view_start(&view, visit, answer, fl_front_word_of(visit->language, "inbox_title"));
    fl_front_put(&view, view.root, "self", whole(visit, "f", visit->token));
    fl_front_put(&view, view.root, "inbox", whole(visit, "i", visit->token));
    fl_front_put(&view, view.root, "updated", second_of(visit, newest));
    list = fl_front_put_list(&view, view.root, "messages");
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i);
        const char *subject = text_of(message, "subject");
        struct fl_data *item = fl_front_add(&view, list);

        fl_front_put(&view, item, "subject",
                     *subject ? subject : fl_front_word(&view, "message_untitled"));
        fl_front_put(&view, item, "url", whole(visit, "m", text_of(message, "token")));
        fl_front_put(&view, item, "excerpt", text_of(message, "excerpt"));
        fl_front_put(&view, item, "at",
                     second_of(visit, json_integer_value(json_object_get(message, "at_us"))));
    }
    fl_front_reply_feed(&view, out);
}

/* --- preferences -------------------------------------------------------------------------------*/

static void put_purpose(struct fl_front_view *view, struct fl_data *list, size_t number,
                        const json_t *purpose)
{
    const json_t *cells = json_object_get(purpose, "cells");
    const char *name = text_of(purpose, "purpose");
    struct fl_data *item = fl_front_add(view, list), *boxes;

    fl_front_put(view, item, "word", fl_front_purpose_word(view, name));
    boxes = fl_front_put_list(view, item, "boxes");
    for (size_t i = 0; i < json_array_size(cells); i++) {
        const json_t *cell = json_array_get(cells, i);
        const char *medium = text_of(cell, "medium");
        struct fl_data *box = fl_front_add(view, boxes);

        fl_front_put(view, box, "value",
                     fl_arena_printf(view->visit->arena, "%s/%s", medium, name));
        fl_front_put(view, box, "box_id",
                     fl_arena_printf(view->visit->arena, "b%zu-%zu", number, i));
        fl_front_put(view, box, "word", upper_first(view, fl_front_medium_word(view, medium)));
        fl_front_put(view, box, "address", text_of(cell, "address"));
        fl_front_put_flag(view, box, "is_on", strcmp(text_of(cell, "state"), "granted") == 0);
    }
}

void fl_front_show_preferences(struct fl_front_visit *visit, const json_t *answer,
                               struct fl_front_reply *out)
{
    const json_t *purposes = json_object_get(answer, "purposes");
    const char *done = fl_front_query(visit->request, "done");
    struct fl_front_view view;
    struct fl_data *list;

    fl_front_view_start(&view, visit, answer, fl_front_word_of(visit->language, "prefs_title"));
    list = fl_front_put_list(&view, view.root, "purposes");
    for (size_t i = 0; i < json_array_size(purposes); i++)
        put_purpose(&view, list, i, json_array_get(purposes, i));
    fl_front_put_flag(&view, view.root, "has_purposes", json_array_size(purposes) > 0);
    if (strcmp(done, "stop") == 0)
        fl_front_put(&view, view.root, "done", fl_front_word(&view, "prefs_stopped"));
    else if (*done)
        fl_front_put(&view, view.root, "done", fl_front_word(&view, "prefs_saved"));
    fl_front_reply_page(&view, FL_TEMPLATE_PREFERENCES, 200, false, out);
}

/* --- opting out --------------------------------------------------------------------------------*/

void fl_front_show_opt_out(struct fl_front_visit *visit, const json_t *answer,
                           struct fl_front_reply *out)
{
    const char *purpose = text_of(answer, "purpose"), *medium = text_of(answer, "medium");
    struct fl_front_view view;

    fl_front_view_start(&view, visit, answer, fl_front_word_of(visit->language, "optout_title"));
    fl_front_put(&view, view.root, "text",
                 *purpose
                     ? fl_front_fill(&view, "optout_text", fl_front_purpose_word(&view, purpose),
                                     fl_front_medium_word(&view, medium))
                     : fl_front_word(&view, "optout_plain"));
    fl_front_put_flag(&view, view.root, "is_already",
                      json_is_true(json_object_get(answer, "is_withdrawn")));
    fl_front_put(&view, view.root, "preferences_href", fl_front_href(visit, "p", visit->token, ""));
    fl_front_reply_page(&view, FL_TEMPLATE_OPT_OUT, 200, false, out);
}

/* --- contact -----------------------------------------------------------------------------------*/

static void contact_done(struct fl_front_visit *visit, const json_t *answer,
                         struct fl_front_reply *out)
{
    struct fl_front_view view;

    fl_front_view_start(&view, visit, answer,
                        fl_front_word_of(visit->language, "contact_done_title"));
    fl_front_put(&view, view.root, "text", fl_front_word(&view, "contact_done_text"));
    fl_front_put(&view, view.root, "message_href", fl_front_href(visit, "m", visit->token, ""));
    fl_front_reply_page(&view, FL_TEMPLATE_NOTICE, 200, false, out);
}

void fl_front_show_contact(struct fl_front_visit *visit, const json_t *answer,
                           struct fl_front_reply *out)
{
    bool is_again = fl_front_is_post(visit->request);
    struct fl_front_contact_faults faults = {0};
    struct fl_front_view view;

    if (!is_again && *fl_front_query(visit->request, "done")) {
        contact_done(visit, answer, out);
        return;
    }
    if (is_again)
        faults = fl_front_contact_check(visit->request);
    fl_front_view_start(&view, visit, answer, fl_front_word_of(visit->language, "contact_title"));
    fl_front_put(&view, view.root, "words", fl_front_field(visit->request, "words"));
    fl_front_put(&view, view.root, "reply_to", fl_front_field(visit->request, "reply_to"));
    fl_front_put_flag(&view, view.root, "has_faults", is_again);
    if (faults.is_empty || faults.is_too_long)
        fl_front_put(&view, view.root, "words_fault",
                     fl_front_word(&view, faults.is_empty ? "contact_empty" : "contact_long"));
    if (faults.is_bad_address)
        fl_front_put(&view, view.root, "address_fault", fl_front_word(&view, "contact_address"));
    fl_front_reply_page(&view, FL_TEMPLATE_CONTACT, is_again ? 422 : 200, false, out);
}
