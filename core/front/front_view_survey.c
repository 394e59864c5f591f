/* The survey: questions as a form, with what was answered before. */
#include <stdio.h>
#include <string.h>

#include "front/front_pages_private.h"

enum {
    SCALE_MAX = 100,
    NUMBER_SIZE = 24,
    NARROW_SPAN = 6 /* a scale up to this stands in one row on a phone */
};

struct question {
    struct fl_front_view *view;
    struct fl_data *item;
    const json_t *json;
    const char *key;
    const json_t *answer; /* a number, a key, an array of keys, words; NULL: none yet */
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static bool is_answer(const json_t *answer, const char *key)
{
    if (json_is_array(answer)) {
        for (size_t i = 0; i < json_array_size(answer); i++)
            if (is_answer(json_array_get(answer, i), key))
                return true;
        return false;
    }
    return json_is_string(answer) && strcmp(json_string_value(answer), key) == 0;
}

static const char *label_of(const json_t *options, const char *key)
{
    for (size_t i = 0; i < json_array_size(options); i++) {
        const json_t *option = json_array_get(options, i);

        if (strcmp(text_of(option, "key"), key) == 0)
            return text_of(option, "label");
    }
    return "";
}

/* Where the scale breaks into two rows, an end is named by its number too. */
static const char *end_label(struct fl_front_view *view, const char *number, const char *label,
                             bool is_wide)
{
    const char *text = label;

    if (is_wide && *label)
        text = fl_arena_printf(view->visit->arena, "%s %s", number, label);
    return text ? text : "";
}

static void put_scale(struct question *q)
{
    const json_t *options = json_object_get(q->json, "options");
    json_int_t min = json_integer_value(json_object_get(q->json, "min"));
    json_int_t max = json_integer_value(json_object_get(q->json, "max"));
    bool is_nps = min == 0 && max == 10 && json_array_size(options) == 0;
    struct fl_data *list = fl_front_put_list(q->view, q->item, "points");

    for (json_int_t n = min; n <= max && n - min <= SCALE_MAX; n++) {
        struct fl_data *point = fl_front_add(q->view, list);
        char text[NUMBER_SIZE];
        const char *label;

        snprintf(text, sizeof text, "%lld", (long long)n);
        label = label_of(options, text);
        if (is_nps && (n == min || n == max))
            label = fl_front_word(q->view, n == min ? "survey_least_nps" : "survey_most_nps");
        fl_front_put(q->view, point, "value", fl_arena_strdup(q->view->visit->arena, text));
        fl_front_put(q->view, point, "label", label);
        fl_front_put_flag(q->view, point, "is_on",
                          json_is_number(q->answer) && json_number_value(q->answer) == (double)n);
        if (n == min || n == max)
            fl_front_put(q->view, q->item, n == min ? "least" : "most",
                         end_label(q->view, text, label, max - min > NARROW_SPAN));
    }
    fl_front_put_flag(q->view, q->item, "is_scale", true);
    fl_front_put_flag(q->view, q->item, "is_wide", max - min > NARROW_SPAN);
}

static void put_options(struct question *q, bool is_several)
{
    const json_t *options = json_object_get(q->json, "options");
    struct fl_data *list = fl_front_put_list(q->view, q->item, "options");

    for (size_t i = 0; i < json_array_size(options); i++) {
        const json_t *option = json_array_get(options, i);
        struct fl_data *item = fl_front_add(q->view, list);

        fl_front_put(q->view, item, "value", text_of(option, "key"));
        fl_front_put(q->view, item, "label", text_of(option, "label"));
        fl_front_put_flag(q->view, item, "is_on", is_answer(q->answer, text_of(option, "key")));
    }
    fl_front_put_flag(q->view, q->item, is_several ? "is_choices" : "is_choice", true);
}

static void put_question(struct fl_front_view *view, struct fl_data *list, const json_t *json,
                         const json_t *answers)
{
    const char *type = text_of(json, "type");
    struct question q = {
        .view = view, .item = fl_front_add(view, list), .json = json, .key = text_of(json, "key")};

    q.answer = json_object_get(answers, q.key);
    fl_front_put(view, q.item, "key", q.key);
    fl_front_put(view, q.item, "text", text_of(json, "text"));
    if (strcmp(type, "scale") == 0)
        put_scale(&q);
    else if (strcmp(type, "choice") == 0)
        put_options(&q, false);
    else if (strcmp(type, "choices") == 0)
        put_options(&q, true);
    else {
        fl_front_put_flag(view, q.item, "is_text", true);
        fl_front_put(view, q.item, "words",
                     json_is_string(q.answer) ? json_string_value(q.answer) : "");
    }
}

static void put_number(struct fl_front_view *view, const char *name, size_t number)
{
    fl_front_put(view, view->root, name, fl_arena_printf(view->visit->arena, "%zu", number));
}

static void thanks(struct fl_front_visit *visit, const json_t *answer, size_t n, size_t n_answered,
                   struct fl_front_reply *out)
{
    struct fl_front_view view;
    bool is_all = n_answered >= n;

    fl_front_view_start(&view, visit, answer, fl_front_word_of(visit->language, "thanks_title"));
    fl_front_put(&view, view.root, "text",
                 fl_front_word(&view, is_all ? "thanks_all" : "thanks_some"));
    fl_front_put(&view, view.root, is_all ? "second_href" : "next_href",
                 fl_front_href(visit, "s", visit->token, ""));
    fl_front_put(&view, view.root, is_all ? "second_word" : "next_word",
                 fl_front_word(&view, is_all ? "thanks_change" : "thanks_go_on"));
    fl_front_reply_page(&view, FL_TEMPLATE_NOTICE, 200, false, out);
}

void fl_front_show_survey(struct fl_front_visit *visit, const json_t *answer,
                          struct fl_front_reply *out)
{
    const json_t *questions = json_object_get(answer, "questions");
    const json_t *answers = json_object_get(answer, "answers");
    const char *title = text_of(answer, "title");
    size_t n = json_array_size(questions), n_answered = json_object_size(answers);
    bool is_again = fl_front_is_post(visit->request);
    struct fl_front_view view;
    struct fl_data *list;

    if (!is_again && *fl_front_query(visit->request, "done")) {
        thanks(visit, answer, n, n_answered, out);
        return;
    }
    if (!n) {
        fl_front_reply_notice(visit, 404, "survey_title", "survey_none", out);
        return;
    }
    fl_front_view_start(&view, visit, answer, fl_front_word_of(visit->language, "survey_title"));
    fl_front_put(&view, view.root, "about", title);
    list = fl_front_put_list(&view, view.root, "questions");
    for (size_t i = 0; i < n; i++)
        put_question(&view, list, json_array_get(questions, i), answers);
    fl_front_put(&view, view.root, "first", text_of(json_array_get(questions, 0), "key"));
    fl_front_put_flag(&view, view.root, "has_faults", is_again);
    fl_front_put_flag(&view, view.root, "has_answers", n_answered > 0);
    put_number(&view, "n", n);
    put_number(&view, "n_answered", n_answered);
    if (n_answered) {
        char one[NUMBER_SIZE], two[NUMBER_SIZE];

        snprintf(one, sizeof one, "%zu", n_answered);
        snprintf(two, sizeof two, "%zu", n);
        fl_front_put(&view, view.root, "progress",
                     fl_front_fill(&view, "survey_progress", one, two));
    }
    fl_front_reply_page(&view, FL_TEMPLATE_SURVEY, is_again ? 422 : 200, false, out);
}
