/* One content on every medium: short texts, Markdown for paper, pieces of pages, links replaced. */
#include "unit.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include "base/str.h"
#include "content/content.h"

enum { FILES_MAX = 8 };

struct fixture {
    struct fl_arena *arena;
    struct fl_content_file files[FILES_MAX];
    size_t n_files;
    struct fl_faults faults;
    struct fl_content *content;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    cmark_gfm_core_extensions_ensure_registered();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fl_content_destroy(&f->content);
    fl_arena_destroy(&f->arena);
    free(f);
    return 0;
}

static void file(struct fixture *f, const char *path, const char *body)
{
    f->files[f->n_files++] =
        (struct fl_content_file){.path = path, .body = body, .body_len = strlen(body)};
}

static enum fl_status compile(struct fixture *f)
{
    struct fl_error err;
    enum fl_status st;

    fl_content_destroy(&f->content);
    fl_faults_init(&f->faults, f->arena);
    st = fl_content_compile("c", f->files, f->n_files, &f->faults, &f->content, &err);
    f->n_files = 0;
    return st;
}

static struct fl_content_rendering render(struct fixture *f, enum fl_medium medium,
                                          const char *json)
{
    struct fl_content_rendering out = {.text = NULL};
    struct fl_data *data = NULL;
    struct fl_error err;

    assert_ok(fl_data_of_json(f->arena, json, strlen(json), &data, &err));
    assert_ok(fl_content_render(f->content, medium, NULL, data, f->arena, &out, &err));
    assert_int_equal(strlen(out.text), out.text_len);
    return out;
}

static struct fl_content_rendering body(struct fixture *f, enum fl_medium medium,
                                        const char *markdown, const char *json)
{
    file(f, "content.md", markdown);
    assert_int_equal(compile(f), FL_OK);
    return render(f, medium, json);
}

static void holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        print_message("%s\nlacks \"%s\"\n", text, part);
    assert_non_null(strstr(text, part));
}

static const char letter[] = "---\nsubject: S\ntitle: Hello {{name}}\n---\n\n"
                             "# Dear *{{name}}*\n\n"
                             "A word that is **strong**\nand a [link](https://e.x/a_b), see "
                             "<https://e.x> or <{{page_url}}>.\n\n"
                             "{{#items}}\n- {{.}}\n{{/items}}\n\n---\n\n> said\n\n"
                             "**[Open it]({{page_url}})**\n\n    code *x*\n\n"
                             "| a | b |\n|---|---|\n{{#items}}\n| {{.}} | 1 |\n{{/items}}\n";
static const char letter_json[] =
    "{\"name\":\"Kim\",\"page_url\":\"https://p.x/l/abc\",\"items\":[\"one\",\"two\"]}";

static void test_sms_is_bare_text(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r = body(f, FL_MEDIUM_SMS, letter, letter_json);

    assert_string_equal(r.text, "Dear Kim\n"
                                "A word that is strong and a link https://e.x/a_b, see "
                                "https://e.x or https://p.x/l/abc.\n"
                                "- one\n- two\n"
                                "said\n"
                                "Open it: https://p.x/l/abc\n"
                                "code *x*\n"
                                "a | b\none | 1\ntwo | 1");
    assert_null(r.html);
    assert_null(r.markdown);
    assert_string_equal(r.subject, "Hello Kim");
}

static void test_sms_is_never_wrapped_and_has_no_footer(void **state)
{
    struct fixture *f = *state;
    char long_line[1000] = "";
    struct fl_content_rendering r;

    for (int i = 0; i < 60; i++)
        strcat(long_line, "word and ");
    r = body(f, FL_MEDIUM_SMS, long_line,
             "{\"organisation\":\"Dairy\",\"unsubscribe_url\":\"https://p.x/u/1\"}");
    assert_null(strchr(r.text, '\n'));
    assert_null(strstr(r.text, "Dairy"));
    assert_null(strstr(r.text, "https"));
}

static void test_sms_has_its_own_words(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(
        body(f, FL_MEDIUM_SMS, "---\nsms: Hi {{name}}, {{page_url}}\n---\nLong\n", letter_json)
            .text,
        "Hi Kim, https://p.x/l/abc");
    file(f, "content.md", "---\nsms: not this\n---\nLong\n");
    file(f, "sms.txt", "  As it *is*, {{name}}\n\nEnd\n\n");
    assert_int_equal(compile(f), FL_OK);
    assert_string_equal(render(f, FL_MEDIUM_SMS, letter_json).text, "  As it *is*, Kim\n\nEnd");
    file(f, "sms.md", "Made of *Markdown*\n");
    assert_int_equal(compile(f), FL_OK);
    assert_string_equal(render(f, FL_MEDIUM_SMS, "{}").text, "Made of Markdown");
}

static void test_paper_gets_markdown(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r = body(f, FL_MEDIUM_LETTER, letter, letter_json);

    assert_non_null(r.markdown);
    assert_int_equal(strlen(r.markdown), r.markdown_len);
    assert_string_equal(r.subject, "Hello Kim");
    holds(r.markdown, "# Dear *Kim*\n");
    holds(r.markdown, "[link](https://e.x/a_b), see <https://e.x> or https\\://p.x/l/abc.\n");
    holds(r.markdown, "\n- one\n- two\n");
    holds(r.markdown, "\nOpen it: https\\://p.x/l/abc\n");
    holds(r.markdown, "|---|---|\n| one | 1 |\n| two | 1 |\n");
    holds(r.text, "Dear Kim");
    assert_non_null(render(f, FL_MEDIUM_FAX, letter_json).markdown);
    assert_null(render(f, FL_MEDIUM_PUSH, letter_json).markdown);
}

static void test_paper_overrides(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r;

    file(f, "content.md", "---\nsubject: S\n---\nCommon\n");
    file(f, "fax.md", "---\ntitle: F\n---\nFax *{{name}}*\n");
    file(f, "letter.txt", "Plain *text*\n");
    assert_int_equal(compile(f), FL_OK);
    r = render(f, FL_MEDIUM_FAX, letter_json);
    assert_string_equal(r.subject, "F");
    assert_string_equal(r.markdown, "Fax *Kim*\n");
    r = render(f, FL_MEDIUM_LETTER, letter_json);
    assert_string_equal(r.subject, "S");
    assert_null(r.markdown);
    assert_string_equal(r.text, "Plain *text*\n");
}

/* A parser must find nothing but text where a value stands. */
static void assert_stays_text(struct fixture *f, const char *template, const char *value)
{
    static const char *const extensions[] = {"table", "strikethrough", "autolink"};
    char *json = NULL;
    struct fl_content_rendering r;
    cmark_parser *parser = cmark_parser_new(CMARK_OPT_DEFAULT);
    cmark_node *document;
    cmark_iter *iter;

    assert_true(asprintf(&json, "{\"v\":\"%s\"}", value) > 0);
    r = body(f, FL_MEDIUM_LETTER, template, json);
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(extensions[i]));
    cmark_parser_feed(parser, r.markdown, r.markdown_len);
    document = cmark_parser_finish(parser);
    iter = cmark_iter_new(document);
    while (cmark_iter_next(iter) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(node);
        bool is_fine = type == CMARK_NODE_DOCUMENT || type == CMARK_NODE_PARAGRAPH ||
                       type == CMARK_NODE_TEXT || type == CMARK_NODE_HEADING ||
                       type == CMARK_NODE_SOFTBREAK;

        if (!is_fine)
            print_message("%s is %s in\n%s\n", value, cmark_node_get_type_string(node), r.markdown);
        assert_true(is_fine);
    }
    cmark_iter_free(iter);
    cmark_node_free(document);
    cmark_parser_free(parser);
    free(json);
}

static void test_values_cannot_become_markup(void **state)
{
    static const char *const values[] = {
        "**a**",       "_a_ *b*",        "[a](https://evil)", "![a](b)",      "<b>a</b>",
        "<script>",    "`code`",         "~~gone~~",          "# head",       "- item",
        "+ item",      "* item",         "1. item",           "12) item",     "===",
        "---",         "> said",         "    code",          "\\tcode",      "a\\n\\n# b",
        "a\\n- b",     "a | b",          "&lt;&#35;",         "https://evil", "www.evil.test",
        "\\\\*a\\\\*", "[a]: https://e", "| a |\\n|---|",     "</p>",         "a  ",
        "http://a.b/c"};
    static const char *const templates[] = {"{{v}}\n", "x {{v}} y\n", "# T {{v}}\n",
                                            "text\n{{v}}\n"};
    struct fixture *f = *state;

    for (size_t t = 0; t < sizeof templates / sizeof *templates; t++)
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            assert_stays_text(f, templates[t], values[i]);
}

static void test_values_stay_readable(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(
        body(f, FL_MEDIUM_LETTER, "Tel {{v}}, {{v}}\n", "{\"v\":\"010-1234-5678 (Kim & Co.)\"}")
            .markdown,
        "Tel 010-1234-5678 \\(Kim &amp; Co.\\), 010-1234-5678 \\(Kim &amp; "
        "Co.\\)\n");
}

static void test_page_is_a_piece_of_html(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r = body(f, FL_MEDIUM_WEB, letter, letter_json);

    assert_string_equal(r.subject, "Hello Kim");
    holds(r.html, "<h1>Dear <em>Kim</em></h1>");
    holds(r.html, "<p><a class=\"button\" href=\"https://p.x/l/abc\">Open it</a></p>");
    holds(r.html, "<li>one</li>");
    holds(r.html, "<td>two</td>");
    assert_null(strstr(r.html, "style="));
    assert_null(strstr(r.html, "<html"));
    assert_null(strstr(r.html, "<body"));
    r = render(f, FL_MEDIUM_WEB, "{\"name\":\"<script>\"}");
    holds(r.html, "&lt;script&gt;");
}

static void test_page_overrides(void **state)
{
    struct fixture *f = *state;

    file(f, "content.md", "Common {{> sign}}\n");
    file(f, "web.html", "<p>Mine {{name}} {{> sign}}</p>\n");
    file(f, "_sign.md", "the *firm*\n");
    assert_int_equal(compile(f), FL_OK);
    holds(render(f, FL_MEDIUM_WEB, letter_json).html, "<p>Mine Kim <p>the <em>firm</em></p>");
    holds(render(f, FL_MEDIUM_LETTER, letter_json).markdown, "Common the *firm*");
    holds(render(f, FL_MEDIUM_SMS, letter_json).text, "Common the firm");
    file(f, "web.html", "<html><body>x</body></html>");
    assert_status(FL_INVALID, compile(f));
    holds(f->faults.items[0].reason, "whole document");
    file(f, "web.html", "<p>{{> nobody}}</p>");
    assert_status(FL_INVALID, compile(f));
    holds(f->faults.items[0].reason, "no such partial");
}

static const char *shout(void *ctx, struct fl_arena *arena, const char *url)
{
    ++*(int *)ctx;
    return fl_arena_printf(arena, "https://c/?u=%s&x", url);
}

static void test_links_are_replaced(void **state)
{
    static const char html[] =
        "<html><body><a class=x href='https://e.x/?a=1&amp;b=2'>a</a>"
        "<A HREF = \"HTTP://e.x/&quot;\" title='href=\"https://no\"'>b</A><abbr>c</abbr>"
        "<a href=\"mailto:a@b\">d</a><a href=\"{{page_url}}\">e</a>"
        "<a href=\"{{{unsubscribe_url}}}\">f</a><a name=x>g</a><link href=\"https://css\">"
        "<a title=\"a > b\" href=\"https://e.x/{{name}}\">h</a></body></html>";
    struct fixture *f = *state;
    struct fl_content_rendering r = {.text = NULL};
    struct fl_data *data = NULL;
    struct fl_error err;
    int n = 0;
    const struct fl_content_links links = {shout, &n, "https://o/1?a&b"};
    static const char json[] = "{\"name\":\"Kim\",\"page_url\":\"https://p.x/m/1?a&b\","
                               "\"unsubscribe_url\":\"https://p.x/u/1\"}";

    file(f, "email.html", html);
    file(f, "email.txt", "See https://e.x\n");
    file(f, "content.md", "---\nsubject: S\n---\n[x](https://web.x)\n");
    assert_int_equal(compile(f), FL_OK);
    assert_ok(fl_data_of_json(f->arena, json, sizeof json - 1, &data, &err));
    assert_ok(fl_content_render_linked(f->content, FL_MEDIUM_EMAIL, NULL, data, &links, f->arena,
                                       &r, &err));
    assert_int_equal(n, 3);
    holds(r.html, "<a class=x href='https://c/?u=https://e.x/?a=1&amp;b=2&amp;x'>a</a>");
    holds(r.html,
          "<A HREF = \"https://c/?u=HTTP://e.x/&quot;&amp;x\" title='href=\"https://no\"'>");
    holds(r.html, "<a href=\"mailto:a@b\">d</a><a href=\"https://p.x/m/1?a&amp;b\">e</a>"
                  "<a href=\"https://p.x/u/1\">f</a><a name=x>g</a><link href=\"https://css\">");
    holds(r.html, "<a title=\"a > b\" href=\"https://c/?u=https://e.x/Kim&amp;x\">h</a>");
    holds(r.html, "<img src=\"https://o/1?a&amp;b\" width=\"1\" height=\"1\" alt=\"\" "
                  "style=\"display:block;border:0\">\n</body></html>");
    holds(r.text, "See https://e.x\n");
    assert_ok(fl_content_render_linked(f->content, FL_MEDIUM_WEB, NULL, data, &links, f->arena, &r,
                                       &err));
    assert_string_equal(r.html, "<p><a href=\"https://c/?u=https://web.x&amp;x\">x</a></p>\n");
}

static void test_broken_html_is_left_as_it_is(void **state)
{
    static const char *const pieces[] = {"<a",
                                         "<a ",
                                         "<a href",
                                         "<a href=",
                                         "<a href=\"",
                                         "<a href=\"https://e.x",
                                         "<a href='https://e.x\">",
                                         "<a href=https://e.x>",
                                         "<a/href=\"https://e.x\"",
                                         "<"};
    struct fixture *f = *state;
    struct fl_data *data = fl_data_object(f->arena);
    struct fl_error err;
    int n = 0;
    const struct fl_content_links links = {shout, &n, NULL};

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct fl_content_rendering r = {.text = NULL};

        file(f, "web.html", pieces[i]);
        assert_int_equal(compile(f), FL_OK);
        assert_ok(fl_content_render_linked(f->content, FL_MEDIUM_WEB, NULL, data, &links, f->arena,
                                           &r, &err));
        if (!strstr(r.html, "https://c/"))
            assert_string_equal(r.html, pieces[i]);
    }
    assert_int_equal(n, 1);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_sms_is_bare_text),
        CASE(test_sms_is_never_wrapped_and_has_no_footer),
        CASE(test_sms_has_its_own_words),
        CASE(test_paper_gets_markdown),
        CASE(test_paper_overrides),
        CASE(test_values_cannot_become_markup),
        CASE(test_values_stay_readable),
        CASE(test_page_is_a_piece_of_html),
        CASE(test_page_overrides),
        CASE(test_links_are_replaced),
        CASE(test_broken_html_is_left_as_it_is),
    };

    return cmocka_run_group_tests_name("media", tests, NULL, NULL);
}
