/* Mails made to hurt: bounded in time and memory, refused in a sentence, never a crash. */
#include "unit.h"

#include <dirent.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "feedback/feedback.h"

#define TOKEN "abcdefghijklmnopqrstuvwxyz234567abcdefgh"

enum {
    BIG = 32 << 20,
    ARENA_MAX = 64 << 20,
    /* Seconds a single piece may take with sanitizers on a busy machine; without, all together
     * take less. */
    PIECE_SECONDS_MAX = 30
};

static struct fl_error err;

static enum fl_status parse(struct fl_arena *arena, const char *data, size_t len,
                            struct fl_feedback_parsed *out)
{
    struct fl_inbound inbound = {.size = sizeof inbound,
                                 .kind = FL_INBOUND_MAIL,
                                 .dedupe_key = "k",
                                 .data = data,
                                 .data_len = len};

    fl_error_clear(&err);
    return fl_feedback_parse(arena, &inbound, out, &err);
}

static void assert_text(const char *s)
{
    assert_non_null(s);
    assert_true(fl_utf8_is_valid(s, strlen(s)));
}

static void assert_sound(const struct fl_feedback_parsed *p)
{
    assert_text(p->from_address);
    assert_text(p->to_address);
    assert_text(p->subject);
    assert_text(p->message_id);
    assert_text(p->text);
    assert_text(p->quoted);
    assert_text(p->signature);
    assert_text(p->language);
    assert_true(p->n_tokens <= FL_FEEDBACK_TOKENS_MAX);
    assert_true(p->n_references <= FL_FEEDBACK_REFERENCES_MAX);
    assert_true(p->n_recipients <= FL_FEEDBACK_RECIPIENTS_MAX);
    for (size_t i = 0; i < p->n_recipients; i++) {
        assert_text(p->recipients[i].address);
        assert_text(p->recipients[i].diagnostic);
    }
}

/* --- cut short anywhere ----------------------------------------------------------------------*/

static const char *const whole_mails[] = {
    "From: =?UTF-8?B?6rmA66+87KeA?= <k@c.test>\r\nTo: reply+" TOKEN "@s.test\r\n"
    "Subject: =?EUC-KR?B?yLjN5w==?=\r\nReferences: <a@b> <" TOKEN
    "@s.test>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=\"x y\"\r\n\r\npreamble\r\n--x y\r\nContent-Type: "
    "multipart/alternative; boundary=in\r\n\r\n--in\r\nContent-Type: text/plain; "
    "charset=euc-kr\r\nContent-Transfer-Encoding: "
    "base64\r\n\r\nxNe9usauIA==\r\n--in\r\nContent-Type: "
    "text/html; charset=utf-8\r\nContent-Transfer-Encoding: "
    "quoted-printable\r\n\r\n<p>=ED=95=9C<br>"
    "<blockquote>x</blockquote></p>\r\n--in--\r\n--x y\r\nContent-Type: application/pdf; "
    "name*0*=utf-8''%ED%95; name*1*=%9C\r\nContent-Disposition: attachment\r\n\r\n%PDF\r\n--x "
    "y--\r\n",
    "Return-Path: <>\nFrom: MAILER-DAEMON@m.test\nTo: bounces+" TOKEN "@s.test\nSubject: failure\n"
    "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n "
    "boundary=b\n\n"
    "--b\nContent-Type: text/plain\n\nfailed\n--b\nContent-Type: message/delivery-status\n\n"
    "Reporting-MTA: dns; m.test\nOriginal-Envelope-Id: " TOKEN
    "\n\nFinal-Recipient: rfc822; k@c.test\n"
    "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1\n  unknown\n\n--b\n"
    "Content-Type: message/rfc822\n\nMessage-ID: <" TOKEN "@s.test>\nSubject: x\n\nHi\n--b--\n",
    "From: f@i.test\nMIME-Version: 1.0\nContent-Type: multipart/report; "
    "report-type=feedback-report; "
    "boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n--b\n"
    "Content-Type: text/rfc822-headers\n\nMessage-ID: <" TOKEN "@s.test>\n\n--b--\n",
    "From: MAILER-DAEMON@q.test\nSubject: failure notice\n\nHi. This is the qmail-send program at "
    "q.test.\n\n<k@c.test>:\nRemote host said: 550 5.1.1 no such user\n\n--- Below this line is a "
    "copy "
    "of the message.\n\nReturn-Path: <bounces+" TOKEN "@s.test>\n",
    "From: k@c.test\nContent-Type: text/html\n\n<div>Hi<!-- x --><a "
    "href='u'>&amp;&#x1F600;</a><table>"
    "<tr><td>1<td>2</table><div class=\"gmail_attr\">On Mon, 1 Nov 2026 at 10:00, A "
    "&lt;a@b.test&gt; "
    "wrote:</div><blockquote>q</blockquote>",
    "From: k@c.test\nSubject: x\n\n네\n\n나의 iPhone에서 보냄\n\n2026. 11. 22. 오전 10:00, A "
    "<a@b.test> "
    "작성:\n\n> 안녕\n> \n-- \nsig\n_______________\nFrom: a\nSent: b\nTo: c\n",
};

static void test_every_prefix(void **state)
{
    struct fl_arena *arena = fl_arena_create(ARENA_MAX);

    (void)state;
    for (size_t i = 0; i < sizeof whole_mails / sizeof whole_mails[0]; i++)
        for (size_t len = 0; len <= strlen(whole_mails[i]); len++) {
            struct fl_feedback_parsed p;
            char *exact = malloc(len + !len); /* nothing readable behind it */

            memcpy(exact, whole_mails[i], len);
            assert_ok(parse(arena, exact, len, &p));
            assert_sound(&p);
            free(exact);
            fl_arena_reset(arena);
        }
    fl_arena_destroy(&arena);
}

/* --- made to hurt ----------------------------------------------------------------------------*/

typedef void make_fn(struct fl_buf *out);

static void repeat(struct fl_buf *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fl_buf_puts(out, s);
}

static void fill(struct fl_buf *out, const char *s, size_t bytes)
{
    repeat(out, s, bytes / strlen(s));
}

static void nested_parts(struct fl_buf *out)
{
    for (int i = 0; i < 100000; i++)
        fl_buf_printf(out, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
}

static void some_nested_parts(struct fl_buf *out)
{
    for (int i = 0; i < 150; i++)
        fl_buf_printf(out, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
}

static void nested_messages(struct fl_buf *out)
{
    repeat(out, "Content-Type: message/rfc822\n\n", 100000);
}

static void flat_parts(struct fl_buf *out)
{
    fl_buf_puts(out, "Content-Type: multipart/mixed; boundary=b\n\n");
    repeat(out, "--b\n\nx\n", 1000000);
}

static void digest_parts(struct fl_buf *out)
{
    fl_buf_puts(out, "Content-Type: multipart/digest; boundary=b\n\n");
    repeat(out, "--b\n\nSubject: x\n\n", 900);
}

static void odd_boundaries(struct fl_buf *out)
{
    fl_buf_puts(out, "Content-Type: multipart/mixed; boundary*0=\"b\"; boundary*1=\"c\"\n\n");
    repeat(out, "--bc\n\nx\n", 100000);
}

static void folded_boundary(struct fl_buf *out)
{
    fl_buf_puts(out, "Content-Type: multipart/mixed; boundary=\n b\n\n");
    repeat(out, "--b\n\nx\n", 100000);
}

static void many_fields(struct fl_buf *out)
{
    repeat(out, "X-A: b\n", 1000000);
}

static void many_fields_in_parts(struct fl_buf *out)
{
    fl_buf_puts(out, "Content-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < 400; i++) {
        fl_buf_puts(out, "--b\n");
        repeat(out, "X-A: b\n", 1900);
        fl_buf_puts(out, "\nx\n");
    }
}

static void long_field(struct fl_buf *out)
{
    fl_buf_puts(out, "Subject: ");
    fill(out, "a", 20 << 20);
}

static void folded_field(struct fl_buf *out)
{
    fl_buf_puts(out, "References:\n");
    repeat(out, " <a@b>\n", 1000000);
}

static void too_large(struct fl_buf *out)
{
    fl_buf_puts(out, "Subject: x\n\n");
    fill(out, "a", BIG);
}

static void long_line(struct fl_buf *out)
{
    fl_buf_puts(out, "Subject: x\n\n");
    fill(out, "a", 30 << 20);
}

static void dash_lines(struct fl_buf *out)
{
    fl_buf_puts(out, "Content-Type: multipart/mixed; boundary=zz\n\n");
    repeat(out, "--x\n", 5000000);
}

static void field_of(struct fl_buf *out, const char *name, const char *value)
{
    fl_buf_puts(out, name);
    fl_buf_puts(out, ": ");
    fill(out, value, 60 << 10);
    fl_buf_puts(out, "\n\nx\n");
}

static void to_parentheses(struct fl_buf *out)
{
    field_of(out, "To", "(");
}
static void to_addresses(struct fl_buf *out)
{
    field_of(out, "To", "a@b,");
}
static void to_groups(struct fl_buf *out)
{
    field_of(out, "To", "a:");
}
static void to_quotes(struct fl_buf *out)
{
    field_of(out, "From", "\"\\");
}
static void words_open(struct fl_buf *out)
{
    field_of(out, "Subject", "=?a?b?");
}
static void words_many(struct fl_buf *out)
{
    field_of(out, "Subject", "=?utf-8?Q?a?= ");
}
static void words_of_two_charsets(struct fl_buf *out)
{
    field_of(out, "Subject", "=?utf-8?Q?a?= =?euc-kr?Q?a?= ");
}
static void type_parameters(struct fl_buf *out)
{
    field_of(out, "Content-Type", "text/plain; a*0=b; ");
}

static void html_of(struct fl_buf *out, const char *s)
{
    fl_buf_puts(out, "Content-Type: text/html\n\n");
    fill(out, s, 1 << 20);
}

static void html_deep(struct fl_buf *out)
{
    html_of(out, "<div>");
}
static void html_formatting(struct fl_buf *out)
{
    fl_buf_puts(out, "Content-Type: text/html\n\n");
    for (int i = 0; i < 390; i++)
        fl_buf_printf(out, "<b a=%d>", i);
    fill(out, "<p>x", 200 << 10);
}
static void html_tables(struct fl_buf *out)
{
    html_of(out, "<table><tr><td>x</table>");
}
static void html_open(struct fl_buf *out)
{
    html_of(out, "<");
}
static void html_select(struct fl_buf *out)
{
    html_of(out, "<p><a><select><i></p>");
}
static void html_attributes(struct fl_buf *out)
{
    fl_buf_puts(out, "Content-Type: text/html\n\n<a ");
    for (int i = 0; i < 40000; i++)
        fl_buf_printf(out, "a%d=b ", i);
}

static void text_of(struct fl_buf *out, const char *s)
{
    fl_buf_puts(out, "Subject: x\n\n");
    fill(out, s, FL_FEEDBACK_TEXT_MAX);
}

static void text_underscores(struct fl_buf *out)
{
    text_of(out, "__\n");
}
static void text_rules(struct fl_buf *out)
{
    text_of(out, "__________\n\n");
}
static void text_quotes(struct fl_buf *out)
{
    text_of(out, ">\na=b\n");
}
static void text_said(struct fl_buf *out)
{
    text_of(out, "On a 1 wrote\n2026-11-22 a@b\n");
}
static void text_headers(struct fl_buf *out)
{
    text_of(out, "From: x\n\nTo: y\n\n");
}
static void text_empty(struct fl_buf *out)
{
    text_of(out, "\n");
}
static void text_regards(struct fl_buf *out)
{
    text_of(out, "Regards\nx\n");
}
static void text_colons(struct fl_buf *out)
{
    text_of(out, "a@b 10:00 c:\n");
}
static void text_words(struct fl_buf *out)
{
    text_of(out, "On On On On On On, ");
}

static void report_recipients(struct fl_buf *out)
{
    fl_buf_puts(out, "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: "
                     "message/delivery-status\n\n");
    repeat(out, "Action: failed\nDiagnostic-Code: smtp; 5\n\n", 100000);
}

static void bounce_addresses(struct fl_buf *out)
{
    fl_buf_puts(out, "From: MAILER-DAEMON@x.test\nSubject: failure notice\n\n");
    fill(out, "mailer-daemon@a.test ", FL_FEEDBACK_TEXT_MAX);
}

static void bounce_lines(struct fl_buf *out)
{
    fl_buf_puts(out, "From: MAILER-DAEMON@x.test\nSubject: failure notice\n\n");
    fill(out, "@\n", FL_FEEDBACK_TEXT_MAX);
}

static void bytes(struct fl_buf *out)
{
    char all[256];

    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    fl_buf_puts(out, "Content-Type: text/plain; charset=euc-kr\n\n");
    for (int i = 0; i < 4000; i++)
        fl_buf_add(out, all, sizeof all);
}

struct hurt {
    const char *name;
    make_fn *make;
    const char *sentence; /* of FL_LIMIT; NULL: it is parsed */
};

#define HURT(name, sentence)                                                                       \
    {                                                                                              \
#name, name, sentence                                                                      \
    }

static const struct hurt hurts[] = {
    HURT(nested_parts, "multiparts"),
    HURT(some_nested_parts, "nested deeper than"),
    HURT(nested_messages, "parts"),
    HURT(flat_parts, "parts"),
    HURT(digest_parts, "parts"),
    HURT(odd_boundaries, "parts"),
    HURT(folded_boundary, "parts"),
    HURT(many_fields, "header fields"),
    HURT(many_fields_in_parts, "header fields"),
    HURT(long_field, "header field of more than"),
    HURT(folded_field, "header field of more than"),
    HURT(too_large, "bytes"),
    HURT(long_line, NULL),
    HURT(dash_lines, NULL),
    HURT(to_parentheses, NULL),
    HURT(to_addresses, NULL),
    HURT(to_groups, NULL),
    HURT(to_quotes, NULL),
    HURT(words_open, NULL),
    HURT(words_many, NULL),
    HURT(words_of_two_charsets, NULL),
    HURT(type_parameters, NULL),
    HURT(html_deep, NULL),
    HURT(html_formatting, NULL),
    HURT(html_tables, NULL),
    HURT(html_open, NULL),
    HURT(html_select, NULL),
    HURT(html_attributes, NULL),
    HURT(text_underscores, NULL),
    HURT(text_rules, NULL),
    HURT(text_quotes, NULL),
    HURT(text_said, NULL),
    HURT(text_headers, NULL),
    HURT(text_empty, NULL),
    HURT(text_regards, NULL),
    HURT(text_colons, NULL),
    HURT(text_words, NULL),
    HURT(report_recipients, NULL),
    HURT(bounce_addresses, NULL),
    HURT(bounce_lines, NULL),
    HURT(bytes, NULL),
};

static void test_made_to_hurt(void **state)
{
    struct fl_arena *arena = fl_arena_create(ARENA_MAX);

    (void)state;
    for (size_t i = 0; i < sizeof hurts / sizeof hurts[0]; i++) {
        FL_AUTO_BUF struct fl_buf mail = FL_BUF((size_t)BIG + (1 << 20));
        struct fl_feedback_parsed p;
        int64_t start;
        enum fl_status st;

        hurts[i].make(&mail);
        assert_false(fl_buf_failed(&mail));
        start = fl_clock_monotonic_us();
        st = parse(arena, mail.data, mail.len, &p);
        start = fl_clock_monotonic_us() - start;
        print_message("%-24s %8zu KiB %8.1f ms %6zu KiB kept %s\n", hurts[i].name, mail.len >> 10,
                      (double)start / 1000, fl_arena_used(arena) >> 10, st ? err.text : "");
        assert_true(start < PIECE_SECONDS_MAX * FL_US_PER_S);
        assert_int_equal(st, hurts[i].sentence ? FL_LIMIT : FL_OK);
        if (st)
            assert_non_null(strstr(err.text, hurts[i].sentence));
        else
            assert_sound(&p);
        fl_arena_reset(arena);
    }
    fl_arena_destroy(&arena);
}

static void test_small_arena(void **state)
{
    (void)state;
    for (size_t max = 0; max < 40000; max += 97) {
        struct fl_arena *arena = fl_arena_create(max);
        struct fl_feedback_parsed p;
        enum fl_status st = parse(arena, whole_mails[1], strlen(whole_mails[1]), &p);

        assert_true(st == FL_OK || st == FL_LIMIT);
        fl_arena_destroy(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_made_to_hurt),
        cmocka_unit_test(test_small_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
