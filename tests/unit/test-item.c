/* From content to the item a plugin gets: tokens, pages, surveys, links that are counted. */
#include "unit.h"

#include "base/str.h"
#include "dispatch/dispatch.h"

static const char body[] =
    "---\nsubject: Hi {{name}}\n---\n\nDear {{name}}, see [offers](https://shop.test/o?a=1&b=2), "
    "[your page]({{page_url}}), [this]({{survey_url}}), [choose]({{preferences_url}}), "
    "[mail](mailto:a@b.test) or [leave]({{unsubscribe_url}}).\n";
static const char survey[] = "## satisfaction: csat\nGood?\n";

struct fixture {
    struct fl_arena *arena;
    struct fl_token_keys *keys;
    struct fl_content *content;
    struct fl_conf conf;
    struct fl_claim_row row;
    struct fl_error err;
};

static int setup(void **state)
{
    const struct fl_content_file files[] = {
        {.path = "content.md", .body = body, .body_len = sizeof body - 1},
        {.path = "survey.md", .body = survey, .body_len = sizeof survey - 1},
    };
    const unsigned char key[FL_TOKEN_KEY_BYTES] = {7};
    struct fixture *f = calloc(1, sizeof *f);
    struct fl_faults faults;
    struct fl_error err;

    f->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    f->keys = fl_token_keys_create();
    fl_faults_init(&faults, f->arena);
    assert_ok(fl_token_keys_load(f->keys, 1, key, &err));
    assert_ok(fl_content_compile("c", files, 2, &faults, &f->content, &err));
    f->conf = (struct fl_conf){.organisation = "Dairy",
                               .postal_address = "",
                               .contact = "",
                               .language = "en",
                               .web_base = "https://p.test"};
    f->row = (struct fl_claim_row){.message = {.id = 4711},
                                   .address = "kim@cust.test",
                                   .name = "Kim",
                                   .campaign_name = "spring"};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fl_content_destroy(&f->content);
    fl_token_keys_destroy(&f->keys);
    fl_arena_destroy(&f->arena);
    free(f);
    return 0;
}

static const struct fl_item *compose(struct fixture *f, enum fl_medium medium, unsigned can,
                                     const char *code)
{
    const struct fl_dispatch_compose compose = {.conf = &f->conf,
                                                .keys = f->keys,
                                                .medium = medium,
                                                .capabilities = can,
                                                .short_code = code};
    const struct fl_item *item = NULL;
    struct fl_error err;

    assert_ok(fl_dispatch_compose(&compose, f->content, &f->row, f->arena, &item, &err));
    return item;
}

static const char *part(const struct fl_item *item, const char *type)
{
    for (size_t i = 0; i < item->n_parts; i++)
        if (fl_str_equal(item->parts[i]->type, type))
            return item->parts[i]->data;
    return NULL;
}

/* The token behind `before` in a text must be ours and of this kind. */
static void assert_token(struct fixture *f, const char *text, const char *before,
                         enum fl_token_kind kind)
{
    const char *place = strstr(text, before);
    struct fl_token token;
    struct fl_error err;

    assert_non_null(place);
    assert_ok(fl_token_verify(f->keys, place + strlen(before), FL_TOKEN_LEN, &token, &err));
    assert_int_equal(token.kind, kind);
    assert_int_equal(token.message_id, 4711);
}

static void test_mail_has_pages_and_survey(void **state)
{
    struct fixture *f = *state;
    const struct fl_item *item = compose(f, FL_MEDIUM_EMAIL, FL_WANTS_MARKDOWN, NULL);
    const char *html = part(item, "text/html");

    assert_token(f, item->page_url, "https://p.test/m/", FL_TOKEN_PAGE);
    assert_token(f, item->unsubscribe_url, "https://p.test/u/", FL_TOKEN_UNSUBSCRIBE);
    assert_token(f, html, "\"https://p.test/m/", FL_TOKEN_PAGE);
    assert_token(f, html, "\"https://p.test/s/", FL_TOKEN_SURVEY);
    assert_token(f, html, "\"https://p.test/p/", FL_TOKEN_UNSUBSCRIBE);
    assert_non_null(strstr(html, "\"https://shop.test/o?a=1&amp;b=2\""));
    assert_null(strstr(html, "/c/"));
    assert_null(strstr(html, "/o/"));
    assert_string_equal(item->token_card, "");
    assert_non_null(strstr(item->survey, "\"satisfaction\""));
    assert_string_equal(item->subject, "Hi Kim");
}

static void test_without_pages_there_are_no_links(void **state)
{
    struct fixture *f = *state;
    const struct fl_item *item;

    f->conf.web_base = "";
    f->conf.front.tracks_clicks = f->conf.front.tracks_opens = true;
    item = compose(f, FL_MEDIUM_EMAIL, 0, NULL);
    assert_string_equal(item->page_url, "");
    assert_string_equal(item->unsubscribe_url, "");
    assert_null(strstr(part(item, "text/html"), "//p.test"));
    assert_null(strstr(part(item, "text/html"), "<img"));
}

static void test_paper_has_a_card(void **state)
{
    struct fixture *f = *state;

    assert_token(f, compose(f, FL_MEDIUM_LETTER, 0, NULL)->token_card, "", FL_TOKEN_CARD);
    assert_token(f, compose(f, FL_MEDIUM_FAX, 0, NULL)->token_card, "", FL_TOKEN_FAX_BACK);
    assert_string_equal(compose(f, FL_MEDIUM_SMS, 0, "abc")->token_card, "");
}

static void test_sms_has_the_short_link(void **state)
{
    struct fixture *f = *state;
    const struct fl_item *item = compose(f, FL_MEDIUM_SMS, 0, "abcdefghijklm");

    assert_string_equal(item->page_url, "https://p.test/l/abcdefghijklm");
    assert_non_null(strstr(part(item, "text/plain"), "https://p.test/l/abcdefghijklm"));
    assert_null(strstr(part(item, "text/plain"), "/s/"));
}

static void test_short_codes_differ(void **state)
{
    char a[FL_DISPATCH_SHORT_CODE_LEN + 1], b[FL_DISPATCH_SHORT_CODE_LEN + 1];

    (void)state;
    fl_dispatch_short_code(a);
    fl_dispatch_short_code(b);
    assert_int_equal(strlen(a), FL_DISPATCH_SHORT_CODE_LEN);
    assert_int_equal(strspn(a, "abcdefghijklmnopqrstuvwxyz234567"), FL_DISPATCH_SHORT_CODE_LEN);
    assert_string_not_equal(a, b);
}

static void test_counts_clicks_and_opens(void **state)
{
    static const char before[] = "\"https://p.test/c/",
                      after[] = "?u=https%3A%2F%2Fshop.test%2Fo%3Fa%3D1%26b%3D2\"";
    struct fixture *f = *state;
    char token[FL_TOKEN_SIZE], seal[FL_TOKEN_SEAL_LEN + 1];
    const char *html, *place;

    f->conf.front.tracks_clicks = f->conf.front.tracks_opens = true;
    html = part(compose(f, FL_MEDIUM_EMAIL, 0, NULL), "text/html");
    assert_token(f, html, before, FL_TOKEN_CLICK);
    place = strstr(html, before) + sizeof before - 1;
    snprintf(token, sizeof token, "%.40s", place);
    snprintf(seal, sizeof seal, "%.16s", place + FL_TOKEN_LEN + 1);
    assert_true(fl_token_seal_fits(f->keys, token, "https://shop.test/o?a=1&b=2", seal));
    assert_false(fl_token_seal_fits(f->keys, token, "https://evil.test/", seal));
    assert_memory_equal(place + FL_TOKEN_LEN + 1 + FL_TOKEN_SEAL_LEN, after, sizeof after - 1);
    assert_token(f, html, "<img src=\"https://p.test/o/", FL_TOKEN_OPEN);
    assert_true(strstr(html, "/o/") < strstr(html, "</body>"));
    /* Own pages and other schemes stay. */
    assert_token(f, html, "\"https://p.test/m/", FL_TOKEN_PAGE);
    assert_token(f, html, "\"https://p.test/s/", FL_TOKEN_SURVEY);
    assert_token(f, html, "\"https://p.test/p/", FL_TOKEN_UNSUBSCRIBE);
    assert_token(f, html, "\"https://p.test/u/", FL_TOKEN_UNSUBSCRIBE);
    assert_non_null(strstr(html, "\"mailto:a@b.test\""));
    place = strstr(html, "/c/");
    assert_null(strstr(place + 1, "/c/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mail_has_pages_and_survey, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_pages_there_are_no_links, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paper_has_a_card, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sms_has_the_short_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_short_codes_differ, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts_clicks_and_opens, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
