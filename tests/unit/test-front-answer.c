/* Core's side of the pages: which token opens what, what is shown, and what traces are left. */
#include "feedback-scene.h"

#include <jansson.h>

#include "base/str.h"
#include "conf/conf.h"
#include "front/front.h"

struct desk {
    struct scene *scene;
    struct fl_front_context context;
    json_t *answer;
};

static void put_content(struct world *w)
{
    static const char text[] = "---\nsubject: \"For {{name}}\"\n---\nHello **{{name}}**,\n\n"
                               "[the survey]({{survey_url}})\n";
    static const char survey[] = "## satisfaction: csat\nHow?\n\n## products: choices\nWhich?\n"
                                 "- milk Milk\n- tea Tea\n\n## words: text\nWhat else?\n";
    const struct fl_content_file files[] = {{"content.md", text, sizeof text - 1},
                                            {"survey.md", survey, sizeof survey - 1}};
    struct fl_content_version content = {
        .name = "welcome", .hash = "hash-2", .files = files, .n_files = 2};
    struct fl_occurrence occurrence = {.campaign = w->campaign,
                                       .stage = "",
                                       .cycle = "",
                                       .channel = w->channel,
                                       .scheduled_us = WORLD_NOW};
    enum fl_put put;
    int64_t id;

    world_begin(w);
    assert_ok(fl_store_content_put(w->store, &content, &put, &occurrence.content, &err));
    assert_ok(fl_store_occurrence_put(w->store, &occurrence, &put, &id, &err));
    world_commit(w);
}

static int desk_setup(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    struct fl_faults faults;
    void *scene;

    assert_non_null(desk);
    assert_int_equal(setup(&scene), 0);
    desk->scene = scene;
    put_content(&desk->scene->world);
    fl_faults_init(&faults, desk->scene->world.arena);
    desk->context = (struct fl_front_context){.store = desk->scene->world.store,
                                              .keys = desk->scene->keys,
                                              .clock = desk->scene->world.options.clock,
                                              .cache = fl_front_cache_create()};
    assert_ok(fl_conf_parse(desk->scene->world.arena, "t",
                            "data_dir = \"/nowhere\"\norganisation { name = \"Firm\"\n"
                            "web_base = \"https://shop.test\"\ntime_zone = \"Asia/Seoul\" }\n",
                            &faults, &desk->context.conf, &err));
    desk->scene->world.manual.now_us = WORLD_NOW + 3600 * FL_US_PER_S;
    *state = desk;
    return 0;
}

static int desk_teardown(void **state)
{
    struct desk *desk = *state;
    void *scene = desk->scene;

    json_decref(desk->answer);
    fl_front_cache_destroy(&desk->context.cache);
    teardown(&scene);
    free(desk);
    return 0;
}

/* Consumes `args`. */
static enum fl_status ask(struct desk *desk, const char *call, json_t *args)
{
    enum fl_status st;

    json_decref(desk->answer);
    desk->answer = NULL;
    assert_non_null(args);
    world_begin(&desk->scene->world);
    st = fl_front_answer(&desk->context, call, args, &desk->answer, &err);
    world_commit(&desk->scene->world);
    json_decref(args);
    return st;
}

static enum fl_status ask_by(struct desk *desk, const char *call, enum fl_token_kind kind)
{
    return ask(desk, call, json_pack("{s:s}", "token", token(desk->scene, kind)));
}

static const char *text_of(const struct desk *desk, const char *name)
{
    const char *text = json_string_value(json_object_get(desk->answer, name));

    return text ? text : "";
}

static int events_of(struct desk *desk, enum fl_event_kind kind)
{
    struct count count = {.kind = kind};

    assert_ok(fl_store_event_each(desk->scene->world.store, desk->scene->message, count_event,
                                  &count, &err));
    return count.n;
}

/* --- tokens ------------------------------------------------------------------------------------*/

static void a_token_opens_the_pages_of_its_kind(void **state)
{
    static const struct {
        const char *call;
        unsigned kinds;
    } rows[] = {
        {"message", 1u << FL_TOKEN_PAGE},
        {"inbox", 1u << FL_TOKEN_PAGE},
        {"feed", 1u << FL_TOKEN_PAGE},
        {"contact", 1u << FL_TOKEN_PAGE},
        {"survey", 1u << FL_TOKEN_PAGE | 1u << FL_TOKEN_SURVEY},
        {"preferences", 1u << FL_TOKEN_PAGE | 1u << FL_TOKEN_UNSUBSCRIBE},
        {"opt_out", 1u << FL_TOKEN_PAGE | 1u << FL_TOKEN_UNSUBSCRIBE},
        {"open", 1u << FL_TOKEN_OPEN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int kind = FL_TOKEN_RETURN_PATH; kind <= FL_TOKEN_FAX_BACK; kind++) {
            enum fl_status st = ask_by(*state, rows[i].call, (enum fl_token_kind)kind);

            if (st != (rows[i].kinds & 1u << kind ? FL_OK : FL_NOT_FOUND))
                fail_msg("%s with kind %d: %s", rows[i].call, kind, fl_status_name(st));
        }
}

static void what_is_no_token_says_nothing(void **state)
{
    assert_status(FL_NOT_FOUND, ask(*state, "message", json_object()));
    assert_status(FL_NOT_FOUND, ask(*state, "message", json_pack("{s:s}", "token", "x")));
    assert_status(FL_NOT_FOUND, ask(*state, "message", json_pack("{s:i}", "token", 7)));
    assert_status(FL_NOT_FOUND,
                  ask(*state, "message",
                      json_pack("{s:s}", "token", "abcdefghijklmnopqrstuvwxyz234567abcdefgh")));
    assert_status(FL_INVALID, ask(*state, "nonsense", json_object()));
    assert_status(FL_OK, ask(*state, "health", json_object()));
}

static void an_erased_customer_is_not_there(void **state)
{
    struct desk *desk = *state;
    struct fl_customer erased = {.external_id = "c000000", .state = FL_CUSTOMER_ERASED};
    struct fl_inbound form = {.size = sizeof form, .kind = FL_INBOUND_FORM};
    enum fl_put put;
    int64_t id;

    form.data = fl_arena_printf(desk->scene->world.arena, "{\"token\":\"%s\",\"text\":\"x\"}",
                                token(desk->scene, FL_TOKEN_PAGE));
    form.data_len = strlen(form.data);
    assert_ok(fl_front_admit(&desk->context, &form, &err));
    world_begin(&desk->scene->world);
    assert_ok(fl_store_customer_put(desk->scene->world.store, &erased, &put, &id, &err));
    world_commit(&desk->scene->world);
    assert_status(FL_NOT_FOUND, ask_by(desk, "message", FL_TOKEN_PAGE));
    assert_status(FL_NOT_FOUND, ask_by(desk, "opt_out", FL_TOKEN_UNSUBSCRIBE));
    assert_status(FL_NOT_FOUND, fl_front_admit(&desk->context, &form, &err));
}

static enum fl_status admit(struct desk *desk, enum fl_token_kind kind, const char *rest)
{
    struct fl_inbound form = {.size = sizeof form, .kind = FL_INBOUND_FORM};

    form.data = fl_arena_printf(desk->scene->world.arena, "{\"token\":\"%s\"%s}",
                                token(desk->scene, kind), rest);
    form.data_len = strlen(form.data);
    return fl_front_admit(&desk->context, &form, &err);
}

static void a_form_needs_a_token_that_may_say_it(void **state)
{
    const struct fl_inbound bad = {.size = sizeof bad, .data = "[]", .data_len = 2};
    struct desk *desk = *state;

    assert_ok(admit(desk, FL_TOKEN_SURVEY, ",\"answers\":{}"));
    assert_ok(admit(desk, FL_TOKEN_PAGE, ",\"answers\":{}"));
    assert_status(FL_NOT_FOUND, admit(desk, FL_TOKEN_UNSUBSCRIBE, ",\"answers\":{}"));
    assert_ok(admit(desk, FL_TOKEN_UNSUBSCRIBE, ",\"is_opt_out\":true"));
    assert_status(FL_NOT_FOUND, admit(desk, FL_TOKEN_SURVEY, ",\"is_opt_out\":true"));
    assert_status(FL_NOT_FOUND, admit(desk, FL_TOKEN_OPEN, ",\"is_opt_out\":true"));
    assert_ok(admit(desk, FL_TOKEN_PAGE, ",\"text\":\"x\""));
    assert_status(FL_NOT_FOUND, admit(desk, FL_TOKEN_SURVEY, ",\"text\":\"x\""));
    assert_status(FL_INVALID, fl_front_admit(&desk->context, &bad, &err));
}

/* --- pages -------------------------------------------------------------------------------------*/

static void a_message_is_shown_as_it_was_sent(void **state)
{
    struct desk *desk = *state;

    assert_ok(ask_by(desk, "message", FL_TOKEN_PAGE));
    assert_string_equal(text_of(desk, "kind"), "page");
    assert_true(fl_str_starts_with(text_of(desk, "subject"), "For "));
    assert_non_null(strstr(text_of(desk, "html"), "<strong>"));
    /* Its links lead on by the token of pages, which opens them all. */
    assert_non_null(strstr(text_of(desk, "html"), "https://shop.test/s/"));
    assert_true(json_is_true(json_object_get(desk->answer, "has_survey")));
    assert_string_equal(text_of(desk, "medium"), "email");
    assert_int_equal(events_of(desk, FL_EVENT_VISITED), 1);
    assert_ok(ask_by(desk, "message", FL_TOKEN_PAGE));
    assert_int_equal(events_of(desk, FL_EVENT_VISITED), 1); /* within the minute */
}

static void the_inbox_holds_what_was_sent(void **state)
{
    struct desk *desk = *state;
    const json_t *row;

    assert_ok(ask_by(desk, "inbox", FL_TOKEN_PAGE));
    assert_int_equal(json_array_size(json_object_get(desk->answer, "messages")), 1);
    row = json_array_get(json_object_get(desk->answer, "messages"), 0);
    assert_true(json_is_true(json_object_get(row, "is_this")));
    assert_non_null(strstr(json_string_value(json_object_get(row, "excerpt")), "Hello"));
    assert_string_equal(json_string_value(json_object_get(row, "token")),
                        token(desk->scene, FL_TOKEN_PAGE));
    assert_false(json_is_true(json_object_get(desk->answer, "has_more")));
    assert_ok(ask(desk, "inbox",
                  json_pack("{s:s, s:i}", "token", token(desk->scene, FL_TOKEN_PAGE), "page", 2)));
    assert_int_equal(json_array_size(json_object_get(desk->answer, "messages")), 0);
}

static void a_survey_remembers_answers(void **state)
{
    struct desk *desk = *state;
    struct fl_answer answers[] = {
        {.question = "satisfaction", .has_number = true, .number = 4, .text = ""},
        {.question = "products", .text = "milk tea"},
        {.question = "words", .text = "fine"},
        {.question = "no_longer_asked", .text = "x"}};
    const json_t *given;

    world_begin(&desk->scene->world);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        answers[i].message = desk->scene->message;
        answers[i].customer = desk->scene->customer;
        answers[i].feedback = 1;
        answers[i].medium = FL_MEDIUM_WEB;
        answers[i].at_us = WORLD_NOW;
        assert_ok(fl_store_answer_put(desk->scene->world.store, &answers[i], &err));
    }
    world_commit(&desk->scene->world);
    assert_ok(ask_by(desk, "survey", FL_TOKEN_SURVEY));
    assert_int_equal(json_array_size(json_object_get(desk->answer, "questions")), 3);
    given = json_object_get(desk->answer, "answers");
    assert_int_equal(json_object_size(given), 3);
    assert_true(json_number_value(json_object_get(given, "satisfaction")) == 4.0);
    assert_int_equal(json_array_size(json_object_get(given, "products")), 2);
    assert_string_equal(json_string_value(json_object_get(given, "words")), "fine");
}

static void preferences_hint_at_addresses(void **state)
{
    struct desk *desk = *state;
    const json_t *purpose, *cell;

    assert_ok(ask_by(desk, "preferences", FL_TOKEN_UNSUBSCRIBE));
    assert_string_equal(text_of(desk, "kind"), "unsubscribe");
    assert_int_equal(json_array_size(json_object_get(desk->answer, "purposes")), 1);
    purpose = json_array_get(json_object_get(desk->answer, "purposes"), 0);
    assert_string_equal(json_string_value(json_object_get(purpose, "purpose")), "marketing");
    cell = json_array_get(json_object_get(purpose, "cells"), 0);
    assert_string_equal(json_string_value(json_object_get(cell, "medium")), "email");
    assert_string_equal(json_string_value(json_object_get(cell, "state")), "granted");
    assert_null(strstr(json_string_value(json_object_get(cell, "address")), "c000000"));
    assert_ok(ask_by(desk, "opt_out", FL_TOKEN_UNSUBSCRIBE));
    assert_string_equal(text_of(desk, "purpose"), "marketing");
    assert_false(json_is_true(json_object_get(desk->answer, "is_withdrawn")));
}

/* --- traces ------------------------------------------------------------------------------------*/

static enum fl_status click(struct desk *desk, const char *url, const char *sealed, bool is_machine)
{
    const char *text = token(desk->scene, FL_TOKEN_CLICK);
    char seal[FL_TOKEN_SEAL_LEN + 1];

    assert_ok(fl_token_seal(desk->scene->keys, text, sealed, seal, &err));
    return ask(desk, "click",
               json_pack("{s:s, s:s, s:s, s:b}", "token", text, "url", url, "seal", seal,
                         "is_machine", is_machine));
}

static void a_click_needs_its_seal(void **state)
{
    struct desk *desk = *state;

    assert_status(FL_REJECTED, click(desk, "https://evil.test/", "https://a.test/", false));
    assert_status(FL_INVALID, ask_by(desk, "click", FL_TOKEN_CLICK));
    assert_int_equal(events_of(desk, FL_EVENT_CLICKED), 0);
    assert_ok(click(desk, "https://a.test/", "https://a.test/", false));
    assert_ok(click(desk, "https://a.test/", "https://a.test/", false));
    assert_int_equal(events_of(desk, FL_EVENT_CLICKED), 1);
    assert_ok(click(desk, "https://a.test/b", "https://a.test/b", false));
    assert_int_equal(events_of(desk, FL_EVENT_CLICKED), 2);
    /* A scanner's takes the place of nobody's. */
    assert_ok(click(desk, "https://a.test/", "https://a.test/", true));
    assert_int_equal(events_of(desk, FL_EVENT_CLICKED), 3);
}

static bool last_is_machine(void *ctx, const struct fl_event *event)
{
    *(bool *)ctx = event->is_machine;
    return true;
}

static void nobody_opens_in_the_second_it_is_sent(void **state)
{
    struct desk *desk = *state;
    bool is_machine = false;

    desk->scene->world.manual.now_us = WORLD_NOW + FL_US_PER_S;
    assert_ok(ask_by(desk, "open", FL_TOKEN_OPEN));
    assert_ok(fl_store_event_each(desk->scene->world.store, desk->scene->message, last_is_machine,
                                  &is_machine, &err));
    assert_true(is_machine);
    desk->scene->world.manual.now_us = WORLD_NOW + 3600 * FL_US_PER_S;
    assert_ok(ask_by(desk, "open", FL_TOKEN_OPEN));
    assert_ok(fl_store_event_each(desk->scene->world.store, desk->scene->message, last_is_machine,
                                  &is_machine, &err));
    assert_false(is_machine);
    assert_int_equal(events_of(desk, FL_EVENT_OPENED), 2);
}

static void a_short_link_leads_to_the_page(void **state)
{
    struct desk *desk = *state;

    world_begin(&desk->scene->world);
    assert_ok(fl_store_short_link_put(desk->scene->world.store, "abc", desk->scene->message,
                                      WORLD_NOW + FL_US_PER_DAY, &err));
    world_commit(&desk->scene->world);
    assert_ok(ask(desk, "short", json_pack("{s:s}", "code", "abc")));
    assert_string_equal(text_of(desk, "token"), token(desk->scene, FL_TOKEN_PAGE));
    assert_status(FL_NOT_FOUND, ask(desk, "short", json_pack("{s:s}", "code", "abd")));
    assert_status(FL_INVALID, ask(desk, "short", json_object()));
    desk->scene->world.manual.now_us = WORLD_NOW + 2 * FL_US_PER_DAY;
    assert_status(FL_NOT_FOUND, ask(desk, "short", json_pack("{s:s}", "code", "abc")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_opens_the_pages_of_its_kind),
        TEST(what_is_no_token_says_nothing),
        TEST(an_erased_customer_is_not_there),
        TEST(a_form_needs_a_token_that_may_say_it),
        TEST(a_message_is_shown_as_it_was_sent),
        TEST(the_inbox_holds_what_was_sent),
        TEST(a_survey_remembers_answers),
        TEST(preferences_hint_at_addresses),
        TEST(a_click_needs_its_seal),
        TEST(nobody_opens_in_the_second_it_is_sent),
        TEST(a_short_link_leads_to_the_page),
    };

    return cmocka_run_group_tests_name("front-answer", tests, NULL, NULL);
}
