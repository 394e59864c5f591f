/* The public pages without a server: where a request leads, what a form becomes, what is shown. */
#include "unit.h"

#include <jansson.h>
#include <stdbool.h>

#include "base/crypto.h"
#include "front/front_pages.h"
#include "front/front_words.h"

#define TOKEN "abcdefghijklmnopqrstuvwxyz234567abcdefgh"
#define SEAL  "aaaaaaaabbbbbbbb"

enum { FIELDS_MAX = 8 };

struct fixture {
    struct fl_arena *arena;
    struct fl_front_pages *pages;
    struct fl_front_site site;
    struct fl_front_request request;
    struct fl_http_field query[FIELDS_MAX], headers[FIELDS_MAX], form[FIELDS_MAX];
    struct fl_front_plan plan;
    struct fl_front_reply reply;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct fl_error err;

    assert_non_null(f);
    f->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    assert_ok(fl_front_pages_create(&f->pages, &err));
    f->site = (struct fl_front_site){.pages = f->pages,
                                     .organisation = "Hill & Farm",
                                     .contact = "desk@shop.example",
                                     .postal_address = "1 Hill Road",
                                     .language = "en",
                                     .web_base = "https://shop.example"};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fl_front_plan_finish(&f->plan);
    fl_front_pages_destroy(&f->pages);
    fl_arena_destroy(&f->arena);
    free(f);
    return 0;
}

static void ask(struct fixture *f, const char *method, const char *path)
{
    fl_front_plan_finish(&f->plan);
    memset(&f->plan, 0, sizeof f->plan);
    memset(&f->reply, 0, sizeof f->reply);
    memset(&f->request, 0, sizeof f->request);
    f->request.http = (struct fl_http_request){.size = sizeof f->request.http,
                                               .method = method,
                                               .path = path,
                                               .query = f->query,
                                               .headers = f->headers,
                                               .peer_address = "192.0.2.1"};
    f->request.form = f->form;
    f->request.at_us = INT64_C(1795000000000000);
}

static void query(struct fixture *f, const char *name, const char *value)
{
    f->query[f->request.http.n_query++] = (struct fl_http_field){name, value};
}

static void header(struct fixture *f, const char *name, const char *value)
{
    f->headers[f->request.http.n_headers++] = (struct fl_http_field){name, value};
}

static void field(struct fixture *f, const char *name, const char *value)
{
    f->form[f->request.n_form++] = (struct fl_http_field){name, value};
}

static enum fl_front_step plan(struct fixture *f)
{
    struct fl_error err;

    assert_ok(fl_front_plan(&f->site, &f->request, f->arena, &f->plan, &err));
    return f->plan.step;
}

static int finish(struct fixture *f, enum fl_status status, const char *answer)
{
    json_t *json = answer ? json_loads(answer, 0, NULL) : NULL;

    assert_true(!answer || json);
    fl_front_finish(&f->site, &f->request, &f->plan, status, json, f->arena, &f->reply);
    json_decref(json);
    return f->reply.status;
}

/* Plans and, where core is asked, lets it answer. */
static int get(struct fixture *f, const char *path)
{
    ask(f, "GET", path);
    return plan(f) == FL_FRONT_REPLY ? finish(f, FL_OK, NULL) : 0;
}

static json_t *form_of(const struct fixture *f)
{
    json_t *json = json_loadb(f->plan.inbound.data, f->plan.inbound.data_len, 0, NULL);

    assert_non_null(json);
    return json;
}

#define assert_shows(f, text)    assert_non_null(strstr((f)->reply.body, text))
#define assert_shows_no(f, text) assert_null(strstr((f)->reply.body, text))

static const char *header_of(const struct fl_front_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->n_headers; i++)
        if (strcasecmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return "";
}

/* --- ways --------------------------------------------------------------------------------------*/

static void every_page_asks_its_call(void **state)
{
    static const struct {
        const char *path, *call;
    } rows[] = {{"/m/" TOKEN, "message"},     {"/i/" TOKEN, "inbox"},   {"/s/" TOKEN, "survey"},
                {"/p/" TOKEN, "preferences"}, {"/u/" TOKEN, "opt_out"}, {"/k/" TOKEN, "contact"},
                {"/f/" TOKEN, "feed"},        {"/o/" TOKEN, "open"},    {"/healthz", "health"},
                {"/l/abc123", "short"}};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(f, "GET", rows[i].path);
        assert_int_equal(plan(f), FL_FRONT_ASKS);
        assert_string_equal(f->plan.call, rows[i].call);
    }
    ask(f, "HEAD", "/m/" TOKEN);
    assert_int_equal(plan(f), FL_FRONT_ASKS);
    assert_true(json_is_true(json_object_get(f->plan.args, "is_machine")));
}

static void what_is_no_page_is_not_found(void **state)
{
    static const char *const paths[] = {"/",
                                        "",
                                        "//",
                                        "/m",
                                        "/m/",
                                        "/m/short",
                                        "/m/" TOKEN "/more",
                                        "/m/" TOKEN "x",
                                        "/mm/" TOKEN,
                                        "/c/" TOKEN,
                                        "/c/" TOKEN "/" SEAL,
                                        "/c/" TOKEN "/bad",
                                        "/l/",
                                        "/l/a/b",
                                        "/l/..",
                                        "/h",
                                        "/h/",
                                        "/favicon.ico",
                                        "/m/ABCDEFGHIJKLMNOPQRSTUVWXYZ1890ABCDEFGHIJKL"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (get(f, paths[i]) != 404)
            fail_msg("%s: %d", paths[i], f->reply.status);
        assert_shows(f, "There is nothing here");
    }
}

static void other_methods_are_refused(void **state)
{
    static const char *const methods[] = {"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        ask(f, methods[i], "/m/" TOKEN);
        assert_int_equal(plan(f), FL_FRONT_REPLY);
        assert_int_equal(finish(f, FL_OK, NULL), 405);
        assert_string_equal(header_of(&f->reply, "Allow"), "GET, HEAD, POST");
    }
    ask(f, "POST", "/m/" TOKEN);
    plan(f);
    assert_int_equal(finish(f, FL_OK, NULL), 405);
}

static void a_hook_is_the_plugins(void **state)
{
    struct fixture *f = *state;

    ask(f, "PUT", "/h/mail/a/b");
    assert_int_equal(plan(f), FL_FRONT_HOOKS);
    assert_string_equal(f->plan.channel, "mail");
    assert_string_equal(f->plan.path, "/a/b");
    ask(f, "POST", "/h/mail");
    assert_int_equal(plan(f), FL_FRONT_HOOKS);
    assert_string_equal(f->plan.path, "/");
}

static void a_base_path_is_taken_off_and_put_on(void **state)
{
    struct fixture *f = *state;

    f->site.web_base = "https://shop.example/talk/";
    ask(f, "GET", "/talk/m/" TOKEN);
    assert_int_equal(plan(f), FL_FRONT_ASKS);
    finish(f, FL_OK, "{\"kind\":\"page\",\"subject\":\"s\",\"text\":\"t\"}");
    assert_shows(f, "href=\"/talk/i/" TOKEN "\"");
    ask(f, "GET", "/m/" TOKEN);
    assert_int_equal(plan(f), FL_FRONT_ASKS);
}

static void a_click_goes_to_web_addresses_only(void **state)
{
    static const char *const bad[] = {"",
                                      "javascript:alert(1)",
                                      "//evil.example",
                                      "/x",
                                      "https://a.example/\r\nSet-Cookie: x",
                                      "ftp://a.example",
                                      "https://a.example/ b"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ask(f, "GET", "/c/" TOKEN "/" SEAL);
        query(f, "u", bad[i]);
        assert_int_equal(plan(f), FL_FRONT_REPLY);
        assert_int_equal(finish(f, FL_OK, NULL), 404);
    }
    ask(f, "GET", "/c/" TOKEN "/" SEAL);
    query(f, "u", "https://a.example/x?y=1&z=2");
    assert_int_equal(plan(f), FL_FRONT_ASKS);
    assert_string_equal(json_string_value(json_object_get(f->plan.args, "seal")), SEAL);
    assert_int_equal(finish(f, FL_REJECTED, NULL), 404);
    assert_null(f->reply.location);
    assert_int_equal(finish(f, FL_OK, "{}"), 302);
    assert_string_equal(f->reply.location, "https://a.example/x?y=1&z=2");
}

static void machines_are_told_from_people(void **state)
{
    static const struct {
        const char *name, *value;
        bool is_machine;
    } rows[] = {{"user-agent",
                 "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604.1", false},
                {"user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)", true},
                {"user-agent", "curl/8.0", true},
                {"user-agent", "", true},
                {"sec-purpose", "prefetch;prerender", true},
                {"x-moz", "prefetch", true}};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(f, "GET", "/o/" TOKEN);
        header(f, rows[i].name, rows[i].value);
        if (strcmp(rows[i].name, "user-agent") != 0)
            header(f, "user-agent", "Mozilla/5.0");
        plan(f);
        assert_int_equal(json_is_true(json_object_get(f->plan.args, "is_machine")),
                         rows[i].is_machine);
    }
}

/* --- forms -------------------------------------------------------------------------------------*/

static void a_survey_becomes_answers(void **state)
{
    struct fixture *f = *state;
    json_t *form, *answers;

    ask(f, "POST", "/s/" TOKEN);
    field(f, "id", "1");
    field(f, "n_satisfaction", "4");
    field(f, "c_reason", "friend");
    field(f, "m_products", "milk");
    field(f, "m_products", "cheese");
    field(f, "t_words", "  two\r\nlines  ");
    field(f, "n_BAD KEY", "1");
    field(f, "t_empty", "  ");
    assert_int_equal(plan(f), FL_FRONT_SUBMITS);
    assert_int_equal(f->plan.inbound.kind, FL_INBOUND_FORM);
    form = form_of(f);
    answers = json_object_get(form, "answers");
    assert_string_equal(json_string_value(json_object_get(form, "token")), TOKEN);
    assert_int_equal(json_object_size(answers), 4);
    assert_int_equal(json_integer_value(json_object_get(answers, "satisfaction")), 4);
    assert_string_equal(json_string_value(json_object_get(answers, "reason")), "friend");
    assert_int_equal(json_array_size(json_object_get(answers, "products")), 2);
    assert_string_equal(json_string_value(json_object_get(answers, "words")), "two\nlines");
    json_decref(form);
    assert_int_equal(finish(f, FL_OK, NULL), 303);
    assert_string_equal(f->reply.location, "/s/" TOKEN "?done=1");
    assert_int_equal(finish(f, FL_NOT_FOUND, NULL), 404);
    assert_int_equal(finish(f, FL_UNAVAILABLE, NULL), 503);
    assert_string_equal(header_of(&f->reply, "Retry-After"), "10");
}

static void preferences_are_what_was_shown(void **state)
{
    struct fixture *f = *state;
    json_t *form, *list;

    ask(f, "POST", "/p/" TOKEN);
    field(f, "shown", "email/marketing");
    field(f, "shown", "sms/marketing");
    field(f, "shown", "nonsense");
    field(f, "on", "sms/marketing");
    field(f, "on", "fax/never-shown");
    assert_int_equal(plan(f), FL_FRONT_SUBMITS);
    form = form_of(f);
    list = json_object_get(form, "preferences");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "state")),
                        "withdrawn");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "state")),
                        "granted");
    json_decref(form);
    field(f, "do", "stop");
    assert_int_equal(plan(f), FL_FRONT_SUBMITS);
    form = form_of(f);
    list = json_object_get(form, "preferences");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "state")),
                        "withdrawn");
    json_decref(form);
    assert_int_equal(finish(f, FL_OK, NULL), 303);
    assert_string_equal(f->reply.location, "/p/" TOKEN "?done=stop");
}

static void opting_out_takes_a_post(void **state)
{
    struct fixture *f = *state;
    json_t *form;

    ask(f, "GET", "/u/" TOKEN);
    assert_int_equal(plan(f), FL_FRONT_ASKS);
    ask(f, "POST", "/u/" TOKEN);
    header(f, "sec-fetch-site", "cross-site");
    field(f, "List-Unsubscribe", "One-Click");
    assert_int_equal(plan(f), FL_FRONT_SUBMITS);
    form = form_of(f);
    assert_true(json_is_true(json_object_get(form, "is_opt_out")));
    json_decref(form);
    assert_int_equal(finish(f, FL_OK, NULL), 200);
    assert_shows(f, "You are unsubscribed");
}

static void other_sites_cannot_send_forms(void **state)
{
    static const struct {
        const char *name, *value;
        bool is_taken;
    } rows[] = {{"sec-fetch-site", "same-origin", true},
                {"sec-fetch-site", "none", true},
                {"sec-fetch-site", "same-site", false},
                {"sec-fetch-site", "cross-site", false},
                {"origin", "https://shop.example", true},
                {"origin", "https://front.internal", true},
                {"origin", "https://shop.example.evil.example", false},
                {"origin", "null", false}};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(f, "POST", "/k/" TOKEN);
        header(f, "host", "front.internal");
        header(f, rows[i].name, rows[i].value);
        field(f, "words", "hello");
        assert_int_equal(plan(f), rows[i].is_taken ? FL_FRONT_SUBMITS : FL_FRONT_REPLY);
        if (!rows[i].is_taken)
            assert_int_equal(finish(f, FL_OK, NULL), 403);
    }
}

static const char *key_of(struct fixture *f, const char *path, const char *id, const char *words,
                          int64_t later_us)
{
    ask(f, "POST", path);
    f->request.at_us += later_us;
    if (id)
        field(f, "id", id);
    field(f, "words", words);
    assert_int_equal(plan(f), FL_FRONT_SUBMITS);
    return f->plan.inbound.dedupe_key;
}

static void a_double_click_is_one_piece(void **state)
{
    const int64_t hour = INT64_C(3600000000);
    struct fixture *f = *state;
    const char *first = key_of(f, "/k/" TOKEN, "1", "hello", 0);

    assert_string_equal(first, key_of(f, "/k/" TOKEN, "1", "hello", hour));
    assert_string_not_equal(first, key_of(f, "/k/" TOKEN, "2", "hello", 0));
    assert_string_not_equal(first, key_of(f, "/k/" TOKEN, "1", "hello!", 0));
    first = key_of(f, "/u/" TOKEN, NULL, "x", 0);
    assert_string_equal(first, key_of(f, "/u/" TOKEN, NULL, "x", 1000));
    assert_string_not_equal(first, key_of(f, "/u/" TOKEN, NULL, "x", hour));
}

static void a_faulty_contact_form_comes_back(void **state)
{
    struct fixture *f = *state;

    ask(f, "POST", "/k/" TOKEN);
    field(f, "words", " \n ");
    field(f, "reply_to", "<b>no address</b>");
    assert_int_equal(plan(f), FL_FRONT_ASKS);
    assert_int_equal(finish(f, FL_OK, "{\"kind\":\"page\"}"), 422);
    assert_shows(f, "href=\"#words\"");
    assert_shows(f, "href=\"#reply-to\"");
    assert_shows(f, "aria-invalid=\"true\"");
    assert_shows(f, "&lt;b&gt;no address&lt;/b&gt;");
    assert_shows_no(f, "<b>no address");
}

/* --- pages -------------------------------------------------------------------------------------*/

static const char survey[] =
    "{\"kind\":\"page\",\"language\":\"ko\",\"has_survey\":true,\"title\":\"T\",\"questions\":["
    "{\"key\":\"a\",\"type\":\"scale\",\"min\":1,\"max\":5,\"text\":\"A?\",\"options\":"
    "[{\"key\":\"1\",\"label\":\"least\"},{\"key\":\"5\",\"label\":\"most\"}]},"
    "{\"key\":\"b\",\"type\":\"scale\",\"min\":0,\"max\":10,\"text\":\"B?\"},"
    "{\"key\":\"c\",\"type\":\"choices\",\"text\":\"C?\",\"options\":"
    "[{\"key\":\"x\",\"label\":\"<X>\"},{\"key\":\"y\",\"label\":\"Y\"}]},"
    "{\"key\":\"d\",\"type\":\"text\",\"text\":\"D?\"}],"
    "\"answers\":{\"a\":4,\"c\":[\"y\"],\"d\":\"</textarea><script>\"}}";

static void a_survey_shows_what_was_answered(void **state)
{
    struct fixture *f = *state;

    ask(f, "GET", "/s/" TOKEN);
    plan(f);
    assert_int_equal(finish(f, FL_OK, survey), 200);
    assert_shows(f, "<html lang=\"ko\">");
    assert_shows(f, "name=\"n_a\" value=\"4\" checked");
    assert_shows_no(f, "name=\"n_a\" value=\"3\" checked");
    assert_shows(f, "name=\"n_b\" value=\"10\"");
    assert_shows(f, "value=\"y\" checked");
    assert_shows_no(f, "value=\"x\" checked");
    assert_shows(f, "&lt;X&gt;");
    assert_shows_no(f, "<script>");
    assert_shows(f, "4문항 중 3문항");
    ask(f, "GET", "/s/" TOKEN);
    query(f, "done", "1");
    plan(f);
    assert_int_equal(finish(f, FL_OK, survey), 200);
    assert_shows(f, "설문 이어서 하기");
}

static void the_language_asked_for_counts_most(void **state)
{
    struct fixture *f = *state;

    ask(f, "GET", "/k/" TOKEN);
    header(f, "accept-language", "fr;q=0.9, ko-KR;q=0.8, en;q=0.3");
    plan(f);
    assert_string_equal(f->plan.language, "ko");
    finish(f, FL_OK, "{\"kind\":\"page\"}");
    assert_shows(f, "<html lang=\"ko\">");
    finish(f, FL_OK, "{\"kind\":\"page\",\"language\":\"en-GB\"}");
    assert_shows(f, "<html lang=\"en\">");
    ask(f, "GET", "/k/" TOKEN);
    query(f, "l", "ko");
    plan(f);
    finish(f, FL_OK, "{\"kind\":\"page\",\"language\":\"en\"}");
    assert_shows(f, "<html lang=\"ko\">");
    assert_shows(f, "href=\"/i/" TOKEN "?l=ko\"");
    f->site.language = "ko";
    assert_int_equal(get(f, "/nowhere"), 404);
    assert_shows(f, "<html lang=\"ko\">");
}

static void ways_are_those_of_the_token(void **state)
{
    struct fixture *f = *state;

    ask(f, "GET", "/p/" TOKEN);
    plan(f);
    finish(f, FL_OK, "{\"kind\":\"unsubscribe\"}");
    assert_shows_no(f, "/m/" TOKEN);
    assert_shows_no(f, "/i/" TOKEN);
    ask(f, "GET", "/i/" TOKEN);
    plan(f);
    finish(f, FL_OK, "{\"kind\":\"page\",\"messages\":[]}");
    assert_shows(f, "/m/" TOKEN);
    assert_shows_no(f, "href=\"/s/" TOKEN);
    assert_shows(f, "Hill &amp; Farm");
}

static void a_message_stands_apart(void **state)
{
    struct fixture *f = *state;

    ask(f, "GET", "/m/" TOKEN);
    plan(f);
    finish(f, FL_OK, "{\"kind\":\"page\",\"subject\":\"<i>\",\"html\":\"<p>so</p>\"}");
    assert_shows(f, "<h1>&lt;i&gt;</h1>");
    assert_shows(f, "<p>so</p>");
    assert_non_null(strstr(header_of(&f->reply, "Content-Security-Policy"), "img-src https:"));
    finish(f, FL_OK, "{\"kind\":\"page\",\"subject\":\"s\",\"text\":\"a <b>\"}");
    assert_shows(f, "a &lt;b&gt;");
    assert_null(strstr(header_of(&f->reply, "Content-Security-Policy"), "https:"));
}

/* What the policy lets in is the very style sheet that stands in the page. */
static void the_policy_fits_the_style(void **state)
{
    struct fixture *f = *state;
    const char *policy, *start, *end;
    unsigned char hash[FL_SHA256_SIZE];
    char text[64];

    assert_int_equal(get(f, "/nowhere"), 404);
    start = strstr(f->reply.body, "<style>") + strlen("<style>");
    end = strstr(start, "</style>");
    fl_sha256(start, (size_t)(end - start), hash);
    policy = strstr(header_of(&f->reply, "Content-Security-Policy"), "'sha256-");
    assert_non_null(policy);
    /* 32 bytes are 44 characters of base64; the first 4 tell enough of the first 3 bytes. */
    snprintf(text, sizeof text, "%c%c",
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[hash[0] >> 2],
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(hash[0] & 3) << 4 |
                                                                                hash[1] >> 4]);
    assert_memory_equal(policy + strlen("'sha256-"), text, 2);
    assert_string_equal(header_of(&f->reply, "Cache-Control"), "no-store");
}

static void errors_have_a_page_each(void **state)
{
    static const int statuses[] = {400, 403, 404, 405, 413, 414, 429, 431, 500, 501, 503};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        fl_front_error_reply(&f->site, "ko", statuses[i], f->arena, &f->reply);
        assert_int_equal(f->reply.status, statuses[i]);
        assert_shows(f, "<html lang=\"ko\">");
        assert_true(f->reply.body_len < FL_FRONT_PAGE_MAX);
    }
    f->site.pages = NULL;
    fl_front_error_reply(&f->site, "ko", 404, f->arena, &f->reply);
    assert_int_equal(f->reply.status, 500);
}

static void the_pixel_and_the_feed(void **state)
{
    struct fixture *f = *state;

    ask(f, "GET", "/o/" TOKEN);
    plan(f);
    assert_int_equal(finish(f, FL_OK, "{}"), 200);
    assert_string_equal(f->reply.content_type, "image/gif");
    assert_int_equal(f->reply.body_len, 43);
    assert_memory_equal(f->reply.body, "GIF89a", 6);
    assert_int_equal(f->reply.body[42], ';');
    ask(f, "GET", "/f/" TOKEN);
    plan(f);
    assert_int_equal(finish(f, FL_OK,
                            "{\"kind\":\"page\",\"messages\":[{\"token\":\"" TOKEN
                            "\",\"subject\":\"a & b\",\"at_us\":1795000000000000}]}"),
                     200);
    assert_shows(f, "<title>a &amp; b</title>");
    assert_shows(f, "<updated>2026-11-18T11:06:40Z</updated>");
    assert_shows(f, "https://shop.example/m/" TOKEN);
}

/* A word that is missing in one language, or says something else with other places to fill. */
static void words_are_there_in_every_language(void **state)
{
    (void)state;
    for (const struct fl_front_word *word = fl_front_words(); word->key; word++) {
        for (int i = 0; i < FL_FRONT_LANGUAGES; i++)
            if (!word->text[i] || !*word->text[i])
                fail_msg("%s", word->key);
        assert_int_equal(!strstr(word->text[0], "%1"), !strstr(word->text[1], "%1"));
        assert_int_equal(!strstr(word->text[0], "%2"), !strstr(word->text[1], "%2"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_page_asks_its_call),
        TEST(what_is_no_page_is_not_found),
        TEST(other_methods_are_refused),
        TEST(a_hook_is_the_plugins),
        TEST(a_base_path_is_taken_off_and_put_on),
        TEST(a_click_goes_to_web_addresses_only),
        TEST(machines_are_told_from_people),
        TEST(a_survey_becomes_answers),
        TEST(preferences_are_what_was_shown),
        TEST(opting_out_takes_a_post),
        TEST(other_sites_cannot_send_forms),
        TEST(a_double_click_is_one_piece),
        TEST(a_faulty_contact_form_comes_back),
        TEST(a_survey_shows_what_was_answered),
        TEST(the_language_asked_for_counts_most),
        TEST(ways_are_those_of_the_token),
        TEST(a_message_stands_apart),
        TEST(the_policy_fits_the_style),
        TEST(errors_have_a_page_each),
        TEST(the_pixel_and_the_feed),
        cmocka_unit_test(words_are_there_in_every_language),
    };

    return cmocka_run_group_tests_name("front-pages", tests, NULL, NULL);
}
