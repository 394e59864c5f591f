/* The content room: compiling, rendering for mail and other media. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "content/content.h"
#include "content/data.h"

enum { FILES_MAX = 8 };

struct fixture {
    struct fl_arena *arena;
    struct fl_content_file files[FILES_MAX];
    size_t n_files;
    struct fl_faults faults;
    struct fl_content *content;
    struct fl_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    fl_faults_init(&f->faults, f->arena);
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
    enum fl_status st;

    fl_content_destroy(&f->content);
    fl_faults_init(&f->faults, f->arena);
    st = fl_content_compile("c", f->files, f->n_files, &f->faults, &f->content, &f->err);
    f->n_files = 0;
    return st;
}

static void compile_ok(struct fixture *f)
{
    enum fl_status st = compile(f);

    for (size_t i = 0; i < f->faults.n_items; i++)
        print_message("%s\n", fl_fault_text(f->arena, &f->faults.items[i]));
    assert_int_equal(st, FL_OK);
}

static struct fl_content_rendering render_as(struct fixture *f, enum fl_medium medium,
                                             const char *language, const char *json)
{
    struct fl_content_rendering out = {.text = NULL};
    struct fl_data *data = NULL;
    struct fl_error err;

    assert_ok(fl_data_of_json(f->arena, json, strlen(json), &data, &err));
    assert_ok(fl_content_render(f->content, medium, language, data, f->arena, &out, &err));
    assert_int_equal(strlen(out.text), out.text_len);
    assert_null(strchr(out.text, '\r'));
    assert_null(out.html ? strchr(out.html, '\r') : NULL);
    return out;
}

static struct fl_content_rendering render(struct fixture *f, const char *json)
{
    return render_as(f, FL_MEDIUM_EMAIL, NULL, json);
}

/* Compiles a body alone with a subject. */
static struct fl_content_rendering body(struct fixture *f, const char *markdown, const char *json)
{
    file(f, "content.md", fl_arena_printf(f->arena, "---\nsubject: S\n---\n%s", markdown));
    compile_ok(f);
    return render(f, json);
}

static void holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        print_message("[%s] is not in\n%s\n", part, text);
    assert_non_null(strstr(text, part));
}

static void holds_not(const char *text, const char *part)
{
    if (strstr(text, part))
        print_message("[%s] is in\n%s\n", part, text);
    assert_null(strstr(text, part));
}

static void fault_is(struct fixture *f, size_t index, const char *text)
{
    assert_true(index < f->faults.n_items);
    assert_string_equal(fl_fault_text(f->arena, &f->faults.items[index]), text);
}

/* ---- Markdown and tags -----------------------------------------------------------------------*/

static void test_tags_survive_markdown(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r = body(
        f,
        "Hi **{{name}}**님, [page]({{url}}) <{{url}}> [a](https://e.x/?q={{q}}&x=1 \"{{name}}\")"
        " `{{q}}` {{{name}}} {{&name}} {{! gone }}![{{name}}]({{url}})\n",
        "{\"name\":\"A&B\",\"url\":\"https://e.x/a?b=1&c=%20\",\"q\":\"x_y_z\"}");

    holds(r.html, "Hi <strong>A&amp;B</strong>님, <a style=");
    holds(r.html, "href=\"https://e.x/a?b=1&amp;c=%20\">page</a>");
    holds(r.html, "href=\"https://e.x/a?b=1&amp;c=%20\">https://e.x/a?b=1&amp;c=%20</a>");
    holds(r.html, "href=\"https://e.x/?q=x_y_z&amp;x=1\" title=\"A&amp;B\">a</a>");
    holds(r.html, "<code>x_y_z</code> A&B A&B <img ");
    holds(r.html, "alt=\"A&amp;B\"");
    holds_not(r.html, "gone");
    holds_not(r.html, "mq0q");
    holds(r.text, "Hi A&B님, page <https://e.x/a?b=1&c=%20> https://e.x/a?b=1&c=%20 a\n");
    holds(r.text, "<https://e.x/?q=x_y_z&x=1> x_y_z A&B A&B A&B\n");
}

static void test_other_delimiters(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r = body(
        f, "{{=<% %>=}}\nDear <%name%>, write {{name}} to *<% name %>*.\n", "{\"name\":\"Kim\"}");

    holds(r.html, "Dear Kim, write {{name}} to <em>Kim</em>.");
    holds(r.text, "Dear Kim, write {{name}} to Kim.");
}

static void test_placeholder_is_unique(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r = body(f, "mq0q0z mq1q {{a}} mq2q9z\n", "{\"a\":\"mq2q0z\"}");

    holds(r.text, "mq0q0z mq1q mq2q0z mq2q9z\n");
    holds(r.html, "mq0q0z mq1q mq2q0z mq2q9z</p>");
}

static void test_sections_between_paragraphs(void **state)
{
    static const char text[] = "One\n{{#vip}}\nTwo *{{vip}}*\n\nThree\n{{/vip}}\nFour\n"
                               "{{^vip}}\nNo\n{{/vip}}\n";
    struct fixture *f = *state;
    struct fl_content_rendering r = body(f, text, "{\"vip\":\"V\"}");

    holds(r.html, "\">One</p>\n<p style=\"margin:0 0 16px\">Two <em>V</em></p>\n"
                  "<p style=\"margin:0 0 16px\">Three</p>\n"
                  "<p style=\"margin:0 0 16px\">Four</p>\n</td>");
    assert_string_equal(r.text, "One\n\nTwo V\n\nThree\n\nFour\n");
    r = render(f, "{}");
    holds(r.html, "\">One</p>\n<p style=\"margin:0 0 16px\">Four</p>\n"
                  "<p style=\"margin:0 0 16px\">No</p>\n</td>");
    assert_string_equal(r.text, "One\n\nFour\n\nNo\n");
}

static void test_sections_in_lists(void **state)
{
    static const char text[] = "{{#items}}\n1. {{.}}\n{{/items}}\n\nx\n\n- a\n{{#items}}\n- {{.}}\n"
                               "{{/items}}\n- z\n{{^items}}\n- none\n{{/items}}\n\n"
                               "{{#items}}\n- open\n\nafter\n{{/items}}\n";
    struct fixture *f = *state;
    struct fl_content_rendering r = body(f, text, "{\"items\":[1,2]}");

    holds(r.html, "<ol style=\"margin:0;padding:0 0 0 24px\">\n"
                  "<li style=\"margin:0 0 10px\">1</li>\n<li style=\"margin:0 0 10px\">2</li>\n"
                  "</ol>");
    holds(r.html, "<ul style=\"margin:0;padding:0 0 0 24px\">\n"
                  "<li style=\"margin:0 0 10px\">a</li>\n<li style=\"margin:0 0 10px\">1</li>\n"
                  "<li style=\"margin:0 0 10px\">2</li>\n<li style=\"margin:0 0 10px\">z</li>\n"
                  "</ul>");
    assert_string_equal(
        r.text, "- 1\n- 2\n\nx\n\n- a\n- 1\n- 2\n- z\n\n- open\n\nafter\n\n- open\n\nafter\n");
    r = render(f, "{}");
    assert_string_equal(r.text, "x\n\n- a\n- z\n- none\n");
}

static void test_sections_in_tables(void **state)
{
    static const char text[] = "| a | b |\n|---|--:|\n{{#rows}}\n| {{x}} | {{y}} |\n{{/rows}}\n"
                               "| s | t |\n\nend {{#rows}}{{x}}{{/rows}}\n";
    struct fixture *f = *state;
    struct fl_content_rendering r =
        body(f, text, "{\"rows\":[{\"x\":1,\"y\":2},{\"x\":\"<\",\"y\":\"|\"}]}");

    holds(r.html, "vertical-align:top\">1</td>\n<td style=\"padding:8px 10px;border-bottom:1px "
                  "solid #d9dee7;vertical-align:top\" align=\"right\">2</td>\n</tr>\n<tr>");
    holds(r.html, ">&lt;</td>");
    assert_string_equal(r.text, "a | b\n-----\n1 | 2\n< | |\ns | t\n\nend 1<\n");
}

static void test_one_section_takes_its_line(void **state)
{
    static const char text[] =
        "a\n\n{{#x}}only **x** {{#y}}y{{/y}}{{/x}}\n\n- {{#x}}in{{/x}}\n- {{^x}}out{{/x}}\n"
        "- {{#x}}1{{/x}}{{^x}}2{{/x}}\n- {{x}}\n\n## {{#x}}h{{/x}}\n\nz\n";
    struct fixture *f = *state;
    struct fl_content_rendering r = body(f, text, "{\"x\":\"X\"}");

    holds(r.html, ">a</p>\n<p style=\"margin:0 0 16px\">only <strong>x</strong> </p>\n<ul");
    assert_string_equal(r.text, "a\n\nonly x\n\n- in\n- 1\n- X\n\nh\n-\n\nz\n");
    r = render(f, "{}");
    holds(r.html, ">a</p>\n\n<ul style=\"margin:0;padding:0 0 0 24px\">\n\n"
                  "<li style=\"margin:0 0 10px\">out</li>\n<li style=\"margin:0 0 10px\">2</li>\n"
                  "<li style=\"margin:0 0 10px\"></li>\n</ul>");
    assert_string_equal(r.text, "a\n\n- out\n- 2\n-\n\nz\n");
}

static void test_text_form(void **state)
{
    static const char text[] =
        "# Big 가나\n\n## Small\n\n### Third\n\npara with\nsoft\\\nbreak ~~s~~\n\n> quote\n> > "
        "inner\n\n- a\n  - b\n\n    c\n- d\n\n3. x\n4. y\n   > q\n\n***\n\n    code  {{v}}\n\n"
        "<div class=\"x\">raw &amp; <a href=\"https://e.x/{{v}}\">link</a><br>new\n{{#v}}\n"
        "<style>p{}</style><!-- c -->in\n{{/v}}\n</div>\n\n[m](mailto:a@e.x) <a@e.x> a<br>b "
        "https://e.x/p\n";
    struct fixture *f = *state;
    struct fl_content_rendering r = body(f, text, "{\"v\":\"V\"}");

    assert_string_equal(
        r.text, "Big 가나\n========\n\nSmall\n-----\n\nThird\n\npara with soft\nbreak s\n\n"
                "> quote\n\n> > inner\n\n- a\n  - b\n\n    c\n\n- d\n\n3. x\n4. y\n   > q\n\n"
                "----------\n\n    code  V\n\nraw & link <https://e.x/V>\nnew\nin\n\n"
                "m <a@e.x> a@e.x a\nb https://e.x/p\n");
    holds(r.html, "<div class=\"x\">raw &amp; <a style=");
    holds(r.html, "href=\"https://e.x/V\">link</a>");
}

static void test_wrapping(void **state)
{
    static const char word[] = "가나다라마바사아자차카타파하";
    struct fixture *f = *state;
    struct fl_buf text = FL_BUF(10000);
    struct fl_content_rendering r;
    const char *line;

    fl_buf_puts(&text, "> - ");
    for (int i = 0; i < 30; i++)
        fl_buf_puts(&text, "동해물과 백두산이 ");
    fl_buf_puts(&text, "\n\nhttps://example.org/a/long/address/that/does/not/fit/on/a/line/of/"
                       "seventy-six/columns/but/stays/whole\n\n");
    for (int i = 0; i < 10; i++)
        fl_buf_puts(&text, word);
    fl_buf_puts(&text, "\n");
    r = body(f, text.data, "{}");
    holds(r.text, "> - 동해물과 백두산이");
    holds(r.text, "\n>   동해물과");
    holds(r.text, "\nhttps://example.org/a/long/address/that/does/not/fit/on/a/line/of/"
                  "seventy-six/columns/but/stays/whole\n");
    for (line = r.text; *line; line += strcspn(line, "\n") + 1)
        if (*line != 'h')
            assert_true(fl_utf8_columns(line, strcspn(line, "\n")) <= 76);
    fl_buf_finish(&text);
}

static void test_button(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r =
        body(f, "**[Buy {{n}}]({{url}})**\n\n**[a *b*](c)**\n\n**[a](b)** c\n",
             "{\"n\":\"<1>\",\"url\":\"https://e.x/\\\"\"}");

    holds(r.html, "class=\"fl-button\"");
    holds(r.html, "<a href=\"https://e.x/&quot;\" style=");
    holds(r.html, ">Buy &lt;1&gt;</a></td></tr></table>");
    assert_null(strstr(strstr(r.html, "class=\"fl-button\"") + 1, "class=\"fl-button\""));
}

/* ---- the frame -------------------------------------------------------------------------------*/

static const char footer_json[] =
    "{\"organisation\":\"A & B\",\"postal_address\":\"1 Road\\nTown\",\"contact\":\"h@e.x\","
    "\"unsubscribe_url\":\"https://e.x/u?a=1&b=2\",\"name\":\"N\"}";

static void test_frame(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r;

    file(f, "content.md",
         "---\nsubject: \"Hi {{{name}}} & <you>\"\nsender_name: {{organisation}}\npreheader: pre "
         "{{name}}\n---\n\nBody\n");
    file(f, "content.ko.md", "---\nsubject: 안녕 {{name}}\n---\n본문\n");
    compile_ok(f);
    r = render(f, footer_json);
    assert_string_equal(r.subject, "Hi N & <you>");
    assert_string_equal(r.sender_name, "A & B");
    assert_string_equal(r.language, "");
    holds(r.html, "<html lang=\"en\">");
    holds(r.html, "<title>Hi N &amp; &lt;you&gt;</title>");
    holds(r.html, "aria-hidden=\"true\">pre N&#847;");
    holds(r.html, "<strong>A &amp; B</strong>");
    holds(r.html, "href=\"https://e.x/u?a=1&amp;b=2\"");
    holds(r.html, ">Unsubscribe</a>");
    assert_string_equal(r.text, "Body\n\n-- \nA & B\n1 Road\nTown\nContact: h@e.x\nUnsubscribe: "
                                "https://e.x/u?a=1&b=2\n");
    r = render_as(f, FL_MEDIUM_EMAIL, "ko-KR", footer_json);
    assert_string_equal(r.language, "ko");
    assert_null(r.sender_name);
    holds(r.html, "<html lang=\"ko\">");
    holds(r.html, ">수신거부</a>");
    holds(r.text, "수신거부: https");
    r = render(f, "{}");
    holds_not(r.html, "Unsubscribe");
    assert_string_equal(r.text, "Body\n");
}

static void test_language_choice(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r, none = {.text = NULL};
    struct fl_error err;

    file(f, "content.ko.md", "---\nsubject: k\n---\nK\n");
    file(f, "content.zh-Hant.md", "---\nsubject: z\n---\nZ\n");
    compile_ok(f);
    assert_status(FL_NOT_FOUND, fl_content_render(f->content, FL_MEDIUM_EMAIL, "en", NULL, f->arena,
                                                  &none, &err));
    holds(err.text, "\"en\"");
    assert_null(none.text);
    assert_status(FL_NOT_FOUND, fl_content_render(f->content, FL_MEDIUM_EMAIL, NULL, NULL, f->arena,
                                                  &none, &err));
    r = render_as(f, FL_MEDIUM_EMAIL, "KO_kr", "{}");
    assert_string_equal(r.subject, "k");
    r = render_as(f, FL_MEDIUM_EMAIL, "zh-hant-TW", "{}");
    assert_string_equal(r.language, "zh-hant");

    /* Without a language in its name, the script tells screen readers which one it is. */
    file(f, "content.md", "---\nsubject: s\n---\n본문\n");
    compile_ok(f);
    r = render_as(f, FL_MEDIUM_EMAIL, "fr", "{}");
    assert_string_equal(r.language, "");
    holds(r.html, "<html lang=\"ko\">");
    file(f, "content.md", "---\nsubject: s\n---\nThe firm is called 행복 and has {{name}}\n");
    compile_ok(f);
    holds(render(f, "{}").html, "<html lang=\"en\">");
    file(f, "content.md", "---\nsubject: s\n---\nあいう\n");
    compile_ok(f);
    holds(render(f, "{}").html, "<html lang=\"ja\">");
}

static void test_overrides(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r;

    file(f, "content.md", "---\nsubject: s\n---\nfrom markdown {{{x}}}\n");
    file(f, "email.html", "<!doctype html><html><body><p>own {{x}}</p></body></html>");
    file(f, "email.ko.html", "<p>조각 {{x}}</p>");
    file(f, "email.ko.txt",
         "---\nsubject: 제목\n---\n글 {{x}}\n  as it   is {{unsubscribe_url}}\n");
    file(f, "sms.txt", "{{x}}!");
    compile_ok(f);
    r = render(f, "{\"x\":\"<&>\",\"unsubscribe_url\":\"https://e.x/u\"}");
    assert_string_equal(r.subject, "s");
    holds(r.html, "<p>own &lt;&amp;&gt;</p><center>");
    holds(r.html, ">Unsubscribe</a>");
    holds(r.html, "</center>\n</body></html>");
    holds(r.text, "from markdown <&>\n");
    r = render_as(f, FL_MEDIUM_EMAIL, "ko",
                  "{\"x\":\"<&>\",\"unsubscribe_url\":\"https://e.x/u\"}");
    assert_string_equal(r.subject, "제목");
    holds(r.html, "<html lang=\"ko\">");
    holds(r.html, "<p>조각 &lt;&amp;&gt;</p>");
    assert_string_equal(r.text, "글 <&>\n  as it   is https://e.x/u\n");
    r = render_as(f, FL_MEDIUM_SMS, "ko", "{\"x\":\"<&>\"}");
    assert_string_equal(r.text, "<&>!");
    assert_null(r.html);
    r = render_as(f, FL_MEDIUM_LETTER, "ko", "{\"x\":\"<&>\"}");
    assert_string_equal(r.text, "from markdown <&>\n");
    assert_null(r.html);
}

static void test_own_unsubscribe_in_document(void **state)
{
    struct fixture *f = *state;

    file(f, "email.txt", "---\nsubject: s\n---\nt");
    file(f, "email.html", "<html><a href='{{unsubscribe_url}}'>out</a></html>");
    compile_ok(f);
    holds_not(render(f, footer_json).html, "<center>");
    holds(render(f, footer_json).html, "href='https://e.x/u?a=1&amp;b=2'");
    assert_string_equal(render(f, "{}").text, "t\n\n-- \n");
}

static void test_partials(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r, none;
    struct fl_error err;

    file(f, "content.md", "---\nsubject: s\n---\nA {{> inline}} B\n\n{{> block}}\nC\n");
    file(f, "_inline.html", "<b>{{x}}</b>");
    file(f, "_inline.txt", "*{{x}}*");
    file(f, "_block.md", "block **{{x}}**\n");
    compile_ok(f);
    r = render(f, "{\"x\":\"<1>\"}");
    holds(r.html, "A <b>&lt;1&gt;</b> B</p>\n<p style=\"margin:0 0 16px\">block "
                  "<strong>&lt;1&gt;</strong></p>\n<p style=\"margin:0 0 16px\">C</p>");
    assert_string_equal(r.text, "A *<1>* B\n\nblock <1>\n\nC\n");

    file(f, "content.md", "---\nsubject: s\n---\n{{> self}}\n");
    file(f, "_self.md", "x {{> self}}\n");
    compile_ok(f);
    assert_status(FL_LIMIT, fl_content_render(f->content, FL_MEDIUM_EMAIL, NULL, NULL, f->arena,
                                              &none, &err));
    holds(err.text, "depth ran out");

    file(f, "content.md", "---\nsubject: s\n---\n{{> gone}}\n");
    assert_status(FL_INVALID, compile(f));
    fault_is(f, 0, "content.md: \"gone\": no such partial: expected a file _gone.md or _gone.html");
}

/* ---- what customers may be called ------------------------------------------------------------*/

static void test_injection(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r;

    file(f, "content.md",
         "---\nsubject: Dear {{name}}\nsender_name: {{name}}\npreheader: {{name}}\n---\n"
         "# {{name}}\n\n{{name}} [x]({{name}})\n");
    compile_ok(f);
    r = render(f, "{\"name\":\"{{{secret}}}{{#secret}}\",\"secret\":\"TOPSECRET\"}");
    holds_not(r.html, "TOPSECRET");
    holds_not(r.text, "TOPSECRET");
    assert_string_equal(r.subject, "Dear {{{secret}}}{{#secret}}");
    r = render(f, "{\"name\":\"<script>alert(1)</script>\\\" onload='x'\"}");
    holds_not(r.html, "<script");
    holds_not(r.html, "onload='");
    holds_not(r.html, "\" onload");
}

static void test_lines_stay_lines(void **state)
{
    struct fixture *f = *state;
    struct fl_data *data = fl_data_object(f->arena);
    struct fl_content_rendering r;
    struct fl_error err;
    char *huge = fl_arena_alloc(f->arena, 3 << 20);

    file(f, "content.md",
         "---\nsubject: Dear {{name}}\nsender_name: {{name}}\n---\n# {{name}}\n\n{{name}}\n");
    compile_ok(f);
    r = render(f,
               "{\"name\":\" a\\r\\nBcc: x@e.x\\u0001\\n\\n\\u2028b\\u202ec\\u2066d\\u0085e\\u007f"
               "\\u001b[31m\\t\"}");
    assert_string_equal(r.subject, "Dear a Bcc: x@e.x b c d e[31m");
    assert_string_equal(r.sender_name, "a Bcc: x@e.x b c d e[31m");
    assert_null(strchr(r.text, '\r'));
    assert_null(strchr(r.text, '\033'));

    /* A long name is cut at a character; one beyond all bounds is refused. */
    for (size_t i = 0; i + 3 <= 3 << 20; i += 3)
        memcpy(huge + i, "가", 3);
    assert_true(fl_data_set(f->arena, data, "name", fl_data_string(f->arena, huge, 3000)));
    assert_ok(fl_content_render(f->content, FL_MEDIUM_EMAIL, NULL, data, f->arena, &r, &err));
    assert_true(strlen(r.subject) <= 512 && strlen(r.subject) > 500);
    assert_true(fl_utf8_is_valid(r.subject, strlen(r.subject)));
    assert_true(fl_str_ends_with(r.subject, "…"));
    assert_true(fl_data_set(f->arena, data, "name", fl_data_string(f->arena, huge, 3 << 20)));
    assert_status(FL_LIMIT,
                  fl_content_render(f->content, FL_MEDIUM_EMAIL, NULL, data, f->arena, &r, &err));
    holds(err.text, "bytes ran out");
}

static void test_codes_cannot_be_sent(void **state)
{
    struct fixture *f = *state;
    struct fl_data *data = fl_data_object(f->arena);
    struct fl_content_rendering r;
    struct fl_error err;

    file(f, "content.md", "---\nsubject: s\n---\n{{name}}\n");
    compile_ok(f);
    assert_true(fl_data_set_str(f->arena, data, "name", "\003title\n\001secret\002"));
    assert_ok(fl_content_render(f->content, FL_MEDIUM_EMAIL, NULL, data, f->arena, &r, &err));
    assert_string_equal(r.text, "title\nsecret\n");
    r = body(f, "&#1;name&#2; &#3;x [a](b&#1;name&#2;c) `d`\n", "{\"name\":\"N\"}");
    assert_string_equal(r.text, "name x a <bnamec> d\n");
    holds(r.html, ">name x <a ");
}

/* ---- faults ----------------------------------------------------------------------------------*/

static void test_faults(void **state)
{
    struct fixture *f = *state;

    file(f, "content.md",
         "---\nsubject: {{a\ncolour: red\nno colon\npreheader:\nsubject: b\nsubject: c\n\n# note\n"
         "---\n{{#x}}\n");
    file(f, "content.korean!.md", "");
    file(f, "notes.doc", "");
    file(f, "email.html", "\001");
    file(f, "email.txt", "\xff");
    file(f, "sms.md", "---\nsubject: x\n");
    file(f, "sms.md", "again");
    assert_status(FL_INVALID, compile(f));
    assert_null(f->content);
    fault_is(f, 0,
             "content.md:3: colour: unknown key; known are subject, title, sender_name, preheader "
             "and sms");
    fault_is(f, 1, "content.md:4: \"no colon\": expected \"key: value\"");
    fault_is(f, 2, "content.md:5: preheader: has no value");
    fault_is(f, 3, "content.md:6: subject \"b\": given twice, first in content.md on line 2");
    fault_is(f, 4, "content.md:7: subject \"c\": given twice, first in content.md on line 2");
    holds(fl_fault_text(f->arena, &f->faults.items[5]), "content.korean!.md: unknown file name");
    holds(fl_fault_text(f->arena, &f->faults.items[6]), "notes.doc: unknown file name");
    fault_is(f, 7, "email.html:1: holds control character 1");
    fault_is(f, 8, "email.txt: is not UTF-8");
    fault_is(f, 9, "sms.md:1: front matter is never closed with \"---\"");
    fault_is(f, 10, "sms.md: is there twice");
    fault_is(f, 11, "content.md:11: \"x\": column 1: section is never closed");
    fault_is(f, 12, "content.md:2: column 1: tag is never closed");
    assert_int_equal(f->faults.n_total, 13);

    file(f, "email.html", "<p>");
    assert_status(FL_INVALID, compile(f));
    holds(f->faults.items[0].reason, "an e-mail needs one");
    holds(f->faults.items[1].reason, "needs a plain text");
    assert_status(FL_INVALID, compile(f));
    holds(f->err.text, "has no files");
}

static void test_limits(void **state)
{
    struct fixture *f = *state;
    char *big = fl_arena_alloc(f->arena, FL_CONTENT_FILE_MAX + 2);
    struct fl_content_file *many =
        FL_ARENA_ARRAY(f->arena, struct fl_content_file, FL_CONTENT_FILES_MAX + 1);

    memset(big, 'x', FL_CONTENT_FILE_MAX + 1);
    big[FL_CONTENT_FILE_MAX + 1] = '\0';
    file(f, "content.md", big);
    assert_status(FL_INVALID, compile(f));
    holds(f->faults.items[0].reason, "1048577 bytes");
    assert_status(FL_LIMIT, fl_content_compile("c", many, FL_CONTENT_FILES_MAX + 1, &f->faults,
                                               &f->content, &f->err));
}

static void test_html_that_breaks_text(void **state)
{
    struct fixture *f = *state;

    file(f, "content.md", "---\nsubject: s\n---\n<div {{#a}}class=\"x\">{{/a}}</div>\n");
    assert_status(FL_INVALID, compile(f));
    holds(fl_fault_text(f->arena, &f->faults.items[0]), "write a text file beside it");
    file(f, "content.md", "---\nsubject: s\n---\n<div {{#a}}class=\"x\">{{/a}}</div>\n");
    file(f, "email.txt", "x");
    assert_status(FL_INVALID, compile(f));
}

static void test_subject_is_needed(void **state)
{
    struct fixture *f = *state;
    struct fl_content_rendering r = {.text = NULL};
    struct fl_error err;

    file(f, "content.md", "only text");
    compile_ok(f);
    assert_status(FL_INVALID,
                  fl_content_render(f->content, FL_MEDIUM_EMAIL, NULL, NULL, f->arena, &r, &err));
    holds(err.text, "no subject");
    assert_string_equal(render_as(f, FL_MEDIUM_SMS, NULL, "{}").text, "only text");
}

static void test_variables(void **state)
{
    struct fixture *f = *state;
    const char *const *names;
    struct fl_buf all = FL_BUF(1000);
    struct fl_error err;
    size_t n;

    file(f, "content.md", "---\nsubject: {{s.x}}\npreheader: {{p}}\n---\n{{#l}}{{.}}{{b}}{{/l}}\n");
    file(f, "sms.txt", "{{b}}{{t}}");
    compile_ok(f);
    assert_ok(fl_content_variables(f->content, f->arena, &names, &n, &err));
    for (size_t i = 0; i < n; i++)
        fl_buf_printf(&all, "%s ", names[i]);
    assert_string_equal(all.data, "b contact l organisation p postal_address s t unsubscribe_url ");
    fl_buf_finish(&all);
}

/* ---- folders ---------------------------------------------------------------------------------*/

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[512];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, strlen(text), out), strlen(text));
    assert_int_equal(fclose(out), 0);
}

static void remove_file(const char *dir, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(remove(path), 0);
}

static void test_folder(void **state)
{
    struct fixture *f = *state;
    char dir[] = "/tmp/fl-content-XXXXXX", slashed[64];
    struct fl_content_version first = {.id = 0}, second = {.id = 0};
    struct fl_error err;

    assert_non_null(mkdtemp(dir));
    assert_status(FL_NOT_FOUND, fl_content_read_folder(f->arena, dir, &first, &err));
    write_file(dir, "content.md", "---\r\nsubject: s\r\n---\r\nx\r\n");
    write_file(dir, "content.md~", "old");
    write_file(dir, ".hidden", "h");
    write_file(dir, "_p.txt", "");
    snprintf(slashed, sizeof slashed, "%s//", dir);
    assert_ok(fl_content_read_folder(f->arena, slashed, &first, &err));
    assert_string_equal(first.name, dir + 5);
    assert_int_equal(first.n_files, 2);
    assert_string_equal(first.files[0].path, "_p.txt");
    assert_string_equal(first.files[1].path, "content.md");
    assert_int_equal(strlen(first.hash), 64);
    assert_ok(
        fl_content_compile(first.name, first.files, first.n_files, &f->faults, &f->content, &err));
    assert_string_equal(render(f, "{}").text, "x\n");
    write_file(dir, "content.md", "---\nsubject: s\n---\ny\n");
    assert_ok(fl_content_read_folder(f->arena, dir, &second, &err));
    assert_string_not_equal(first.hash, second.hash);
    remove_file(dir, "content.md");
    remove_file(dir, "content.md~");
    remove_file(dir, ".hidden");
    remove_file(dir, "_p.txt");
    assert_int_equal(rmdir(dir), 0);
    assert_status(FL_NOT_FOUND, fl_content_read_folder(f->arena, dir, &second, &err));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_tags_survive_markdown),
        CASE(test_other_delimiters),
        CASE(test_placeholder_is_unique),
        CASE(test_sections_between_paragraphs),
        CASE(test_sections_in_lists),
        CASE(test_sections_in_tables),
        CASE(test_one_section_takes_its_line),
        CASE(test_text_form),
        CASE(test_wrapping),
        CASE(test_button),
        CASE(test_frame),
        CASE(test_language_choice),
        CASE(test_overrides),
        CASE(test_own_unsubscribe_in_document),
        CASE(test_partials),
        CASE(test_injection),
        CASE(test_lines_stay_lines),
        CASE(test_codes_cannot_be_sent),
        CASE(test_faults),
        CASE(test_limits),
        CASE(test_html_that_breaks_text),
        CASE(test_subject_is_needed),
        CASE(test_variables),
        CASE(test_folder),
    };

    return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}
