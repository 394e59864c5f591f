/* Parsing and cutting: mails as customers, their programs and mail systems write them. */
#include "unit.h"

#include <iconv.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "feedback/feedback.h"

#define TOKEN "abcdefghijklmnopqrstuvwxyz234567abcdefgh"

static struct fl_error err;

static int setup(void **state)
{
    *state = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    struct fl_arena *arena = *state;

    fl_arena_destroy(&arena);
    return 0;
}

static struct fl_inbound mail_of(const char *data, size_t len)
{
    return (struct fl_inbound){.size = sizeof(struct fl_inbound),
                               .kind = FL_INBOUND_MAIL,
                               .dedupe_key = "k",
                               .data = data,
                               .data_len = len};
}

static struct fl_feedback_parsed parse(struct fl_arena *arena, const char *mail)
{
    struct fl_inbound inbound = mail_of(mail, strlen(mail));
    struct fl_feedback_parsed parsed;

    assert_ok(fl_feedback_parse(arena, &inbound, &parsed, &err));
    return parsed;
}

/* ---- the customer's own words -----------------------------------------------------------------*/

struct cut_case {
    const char *body, *text, *signature;
};

static const struct cut_case cut_cases[] = {
    {"Great cheese!\n\nOn Mon, 22 Nov 2026 at 10:00, Fair Dairy <a@shop.test> wrote:\n> Hello\n",
     "Great cheese!", ""},
    {"Great cheese!\n\nOn Mon, 22 Nov 2026 at 10:00, The Fair Dairy Company\n<a@shop.test> "
     "wrote:\n\n"
     "> Hello\n",
     "Great cheese!", ""},
    {"잘 받았습니다.\n\n2026년 11월 22일 (일) 오전 10:00, 페어 데어리 <a@shop.test>님이 작성:\n\n> "
     "안녕하세요\n",
     "잘 받았습니다.", ""},
    {"잘 받았습니다.\n\n2026년 11월 22일 (일) 오전 10:00, 페어 데어리\n<a@shop.test>님이 "
     "작성:\n\n> 안녕하세요\n",
     "잘 받았습니다.", ""},
    {"네 좋아요\n\n나의 iPhone에서 보냄\n\n2026. 11. 22. 오전 10:00, 페어 데어리 <a@shop.test> "
     "작성:\n\n"
     "> 안녕하세요\n",
     "네 좋아요", "나의 iPhone에서 보냄"},
    {"Yes please\n\nSent from my iPhone\n\n> On 22 Nov 2026, at 10:00, Dairy <a@shop.test> "
     "wrote:\n> \n"
     "> Hello\n",
     "Yes please", "Sent from my iPhone"},
    {"Where is it?\n\n-----Original Message-----\nFrom: Dairy\nSent: Monday\nTo: Kim\nSubject: "
     "News\n\nHi\n",
     "Where is it?", ""},
    {"Where is it?\n\n________________________________\nFrom: Dairy <a@shop.test>\nSent: Monday, "
     "November "
     "22, 2026 10:00 AM\nTo: Kim\nSubject: News\n\nHi\n",
     "Where is it?", ""},
    {"언제 오나요?\n\n보낸 사람: 페어 데어리 <a@shop.test>\n보낸 날짜: 2026년 11월 22일 일요일 "
     "오전 10:00\n"
     "받는 사람: 김철수\n제목: 소식\n\n안녕하세요\n",
     "언제 오나요?", ""},
    {"언제 오나요?\n\n-----원본 메시지-----\n보낸 사람: 페어 데어리\n보낸 날짜: "
     "어제\n\n안녕하세요\n",
     "언제 오나요?", ""},
    {"취소해 주세요\n\n-----Original Message-----\nFrom: \"페어\"<a@shop.test>\nTo: "
     "<kim@naver.test>\nCc:\n"
     "Sent: 2026-11-22 (일) 10:00:00 (GMT+09:00)\nSubject: 소식\n\n안녕\n",
     "취소해 주세요", ""},
    {"감사합니다\n\n--------- 원본 메일 ---------\n보낸사람 : 페어 <a@shop.test>\n받는사람 : 김 "
     "<k@daum.test>\n"
     "날짜: 2026년 11월 22일\n제목: 소식\n\n안녕\n",
     "감사합니다", ""},
    {"Fine.\n\nGet Outlook for Android<https://aka.ms/x>\n________________________________\nFrom: "
     "A\nSent: "
     "B\n\nHi",
     "Fine.", "Get Outlook for Android<https://aka.ms/x>"},
    {"I like it.\n-- \nKim Minji\nSeoul\n", "I like it.", "--\nKim Minji\nSeoul"},
    {"> Do you like it?\nYes, very much.\n> And the price?\nToo high.\n",
     "Yes, very much.\n\nToo high.", ""},
    {"문의드립니다.\n배송이 늦어요.\n\n김민지 드림\n", "문의드립니다.\n배송이 늦어요.",
     "김민지 드림"},
    {"No quotation here.\n\nTwo paragraphs.", "No quotation here.\n\nTwo paragraphs.", ""},
    {"On Monday I called and nobody answered.\nWhat now?",
     "On Monday I called and nobody answered.\nWhat now?", ""},
    {"10년째 마시고 있는데 맛이 변함없어서 좋습니다.\n\n2026년 11월 22일 (일) 오전 10:00, 페어 "
     "<a@shop.test>님이 작성:\n> 안녕하세요\n",
     "10년째 마시고 있는데 맛이 변함없어서 좋습니다.", ""},
    {"", "", ""},
    {"\n\n\n", "", ""},
};

static void test_cut(void **state)
{
    for (size_t i = 0; i < sizeof cut_cases / sizeof cut_cases[0]; i++) {
        struct fl_feedback_cut cut;

        assert_ok(fl_feedback_cut(*state, cut_cases[i].body, &cut, &err));
        assert_string_equal(cut.text, cut_cases[i].text);
        assert_string_equal(cut.signature, cut_cases[i].signature);
    }
}

static size_t count_full_bytes(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += !strchr(" \t\r\n", *s);
    return n;
}

static void assert_nothing_lost(struct fl_arena *arena, const char *body)
{
    struct fl_feedback_cut cut;

    assert_ok(fl_feedback_cut(arena, body, &cut, &err));
    assert_int_equal(count_full_bytes(body), count_full_bytes(cut.text) +
                                                 count_full_bytes(cut.quoted) +
                                                 count_full_bytes(cut.signature));
}

static void test_cut_loses_nothing(void **state)
{
    for (size_t i = 0; i < sizeof cut_cases / sizeof cut_cases[0]; i++)
        assert_nothing_lost(*state, cut_cases[i].body);
    assert_nothing_lost(*state,
                        "reply--- On Wed, Apr 4, 2012 at 3:59 PM, me@d.test wrote:\n> Hi\n");
}

/* ---- kinds ------------------------------------------------------------------------------------*/

static const char reply_mail[] =
    "From: =?UTF-8?B?6rmA66+87KeA?= <minji@naver.test>\r\n"
    "To: reply+" TOKEN "@shop.test\r\n"
    "Subject: =?EUC-KR?B?"
    "yLjN5w=="
    "?=\r\n"
    "Message-ID: <m1@naver.test>\r\n"
    "In-Reply-To: <zyxwvutsrqponmlkjihgfedcba765432zyxwvuts@shop.test>\r\n"
    "References: <old@x.test> <zyxwvutsrqponmlkjihgfedcba765432zyxwvuts@shop.test>\r\n"
    "Date: Sun, 22 Nov 2026 10:00:00 +0900\r\n"
    "\r\n"
    "Thank you, it is very good.\r\n\r\n"
    "On Sun, 22 Nov 2026 at 09:00, Dairy <a@shop.test> wrote:\r\n> Hello\r\n";

static void test_reply(void **state)
{
    struct fl_feedback_parsed p = parse(*state, reply_mail);

    assert_int_equal(p.kind, FL_FEEDBACK_REPLY);
    assert_string_equal(p.from_address, "minji@naver.test");
    assert_string_equal(p.to_address, "reply+" TOKEN "@shop.test");
    assert_string_equal(p.message_id, "m1@naver.test");
    assert_string_equal(p.text, "Thank you, it is very good.");
    assert_string_equal(p.language, "en");
    assert_int_equal(p.n_tokens, 2);
    assert_string_equal(p.tokens[0], TOKEN);
    assert_string_equal(p.tokens[1], "zyxwvutsrqponmlkjihgfedcba765432zyxwvuts");
    assert_int_equal(p.n_references, 2);
    assert_string_equal(p.references[1], "old@x.test");
    assert_true(p.date_us > 0);
}

#define POSTFIX_DSN(action, status, diagnostic)                                                    \
    "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.test (Mail Delivery System)\r\n"                    \
    "To: bounces+" TOKEN "@shop.test\r\nSubject: Undelivered Mail Returned to Sender\r\n"          \
    "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"                                        \
    "Content-Type: multipart/report; "                                                             \
    "report-type=delivery-status;\r\n\tboundary=\"B1/mx.test\"\r\n"                                \
    "\r\nThis is a MIME-encapsulated message.\r\n\r\n--B1/mx.test\r\n"                             \
    "Content-Description: Notification\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"      \
    "This is the mail system at host mx.test.\r\n\r\n--B1/mx.test\r\n"                             \
    "Content-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n"        \
    "Reporting-MTA: dns; mx.test\r\nX-Postfix-Queue-ID: 12345\r\n\r\n"                             \
    "Final-Recipient: rfc822; kim@customer.test\r\nOriginal-Recipient: "                           \
    "rfc822;kim@customer.test\r\n"                                                                 \
    "Action: " action "\r\nStatus: " status "\r\nRemote-MTA: dns; mx.customer.test\r\n"            \
    "Diagnostic-Code: " diagnostic "\r\n\r\n--B1/mx.test\r\n"                                      \
    "Content-Description: Undelivered Message\r\nContent-Type: message/rfc822\r\n\r\n"             \
    "Return-Path: <bounces+" TOKEN "@shop.test>\r\nFrom: Dairy <a@shop.test>\r\n"                  \
    "To: kim@customer.test\r\n"                                                                    \
    "Message-ID: <zyxwvutsrqponmlkjihgfedcba765432zyxwvuts@shop.test>\r\nSubject: "                \
    "News\r\n\r\nHi\r\n"                                                                           \
    "\r\n--B1/mx.test--\r\n"

static const char dsn_mail[] = POSTFIX_DSN(
    "failed", "5.1.1",
    "smtp; 550 5.1.1 <kim@customer.test>: Recipient address\r\n    rejected: User unknown");

static void test_dsn(void **state)
{
    struct fl_feedback_parsed p = parse(*state, dsn_mail);

    assert_int_equal(p.kind, FL_FEEDBACK_BOUNCE);
    assert_int_equal(p.n_recipients, 1);
    assert_string_equal(p.recipients[0].address, "kim@customer.test");
    assert_string_equal(p.recipients[0].action, "failed");
    assert_string_equal(p.recipients[0].status, "5.1.1");
    assert_int_equal(p.recipients[0].code, 550);
    assert_non_null(strstr(p.recipients[0].diagnostic, "User unknown"));
    assert_int_equal(p.recipients[0].fault, FL_FAULT_ADDRESS);
    assert_true(p.recipients[0].is_hard);
    assert_string_equal(p.tokens[0], TOKEN);
    assert_string_equal(p.tokens[1], "zyxwvutsrqponmlkjihgfedcba765432zyxwvuts");

    p = parse(*state, POSTFIX_DSN("delayed", "4.4.1", "X-Postfix; connect to mx: timed out"));
    assert_int_equal(p.kind, FL_FEEDBACK_DELAYED);
    assert_int_equal(p.recipients[0].fault, FL_FAULT_TRANSIENT);
    assert_false(p.recipients[0].is_hard);
    p = parse(*state, POSTFIX_DSN("delivered", "2.0.0", "smtp; 250 ok"));
    assert_int_equal(p.kind, FL_FEEDBACK_DELIVERED);
    p = parse(*state, POSTFIX_DSN("relayed", "2.0.0", "smtp; 250 ok"));
    assert_int_equal(p.kind, FL_FEEDBACK_RELAYED);
    p = parse(*state, POSTFIX_DSN("expanded", "2.0.0", "smtp; 250 ok"));
    assert_int_equal(p.kind, FL_FEEDBACK_RELAYED);
    p = parse(*state, POSTFIX_DSN("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full"));
    assert_int_equal(p.recipients[0].fault, FL_FAULT_MAILBOX);
    assert_false(p.recipients[0].is_hard);
}

struct kind_case {
    enum fl_feedback_kind kind;
    const char *mail;
};

static const struct kind_case kind_cases[] = {
    {FL_FEEDBACK_LIST,
     "From: a@shop.test\nTo: x@y.test\nMessage-ID: <" TOKEN "@shop.test>\n\nHi\n"},
    {FL_FEEDBACK_BOUNCE,
     "Return-Path: <>\nFrom: MAILER-DAEMON@q.test\nSubject: failure notice\n\n"
     "Hi. This is the qmail-send program at q.test.\nI'm afraid I wasn't able to deliver your "
     "message "
     "to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work "
     "out.\n\n<kim@customer.test>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 "
     "5.1.1 "
     "no such user\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <bounces+" TOKEN
     "@shop.test>\nSubject: News\n\nHi\n"},
    {FL_FEEDBACK_BOUNCE,
     "From: Mail Delivery System <Mailer-Daemon@e.test>\nX-Failed-Recipients: kim@customer.test\n"
     "Subject: Mail delivery failed: returning message to sender\n\nThis message was created "
     "automatically by mail delivery software.\n\n  kim@customer.test\n    SMTP error: 550 User "
     "unknown\n\n------ This is a copy of the message, including all the headers. ------\n"},
    {FL_FEEDBACK_COMPLAINT,
     "From: fbl@isp.test\nSubject: Abuse\nMIME-Version: 1.0\nContent-Type: multipart/report; "
     "report-type=feedback-report; boundary=b\n\n--b\nContent-Type: text/plain\n\nabuse\n--b\n"
     "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: X/1\nVersion: 1\n"
     "Original-Rcpt-To: kim@customer.test\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: "
     "<" TOKEN "@shop.test>\n\n--b--\n"},
    {FL_FEEDBACK_MDN,
     "From: kim@customer.test\nSubject: Read: News\nMIME-Version: 1.0\nContent-Type: "
     "multipart/report; "
     "report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: "
     "text/plain\n\nread\n--b\n"
     "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;kim@customer.test\n"
     "Disposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n"},
    {FL_FEEDBACK_CHALLENGE, "From: kim@customer.test\nSubject: Please confirm your "
                            "message\nX-TMDA-Challenge: 1\n\nClick\n"},
    {FL_FEEDBACK_AUTO_REPLY, "From: kim@customer.test\nAuto-Submitted: auto-replied "
                             "(vacation)\nSubject: I am away\n\nBack Monday\n"},
    {FL_FEEDBACK_AUTO_REPLY,
     "From: kim@customer.test\nX-Autoreply: yes\nSubject: x\n\nBack Monday\n"},
    {FL_FEEDBACK_AUTO_REPLY,
     "From: kim@customer.test\nPrecedence: auto_reply\nSubject: x\n\nBack\n"},
    {FL_FEEDBACK_AUTO_REPLY,
     "From: kim@customer.test\nSubject: Out of Office: News\n\nBack Monday\n"},
    {FL_FEEDBACK_AUTO_REPLY,
     "From: kim@customer.test\nSubject: 자동 응답: 소식\n\n휴가 중입니다\n"},
    {FL_FEEDBACK_AUTO_REPLY,
     "From: kim@customer.test\nSubject: [부재중] 김민지\n\n휴가 중입니다\n"},
    {FL_FEEDBACK_REPLY,
     "From: kim@customer.test\nAuto-Submitted: no\nSubject: Re: News\n\nHello\n"},
    {FL_FEEDBACK_OPT_OUT, "From: kim@customer.test\nTo: unsubscribe+" TOKEN "@shop.test\n\n"},
    {FL_FEEDBACK_OPT_OUT, "From: kim@customer.test\nTo: a@shop.test\nSubject: Re: News\n\nSTOP\n"},
    {FL_FEEDBACK_OPT_OUT,
     "From: kim@customer.test\nSubject: Re: News\n\nPlease unsubscribe me.\n\nOn Mon, 1 "
     "Nov 2026 at 10:00, A <a@b.test> wrote:\n> Hi\n"},
    {FL_FEEDBACK_OPT_OUT, "From: kim@customer.test\nSubject: Re\n\n수신거부\n"},
    {FL_FEEDBACK_OPT_OUT, "From: kim@customer.test\nSubject: Re\n\n이제 그만 보내세요!\n"},
    {FL_FEEDBACK_OPT_OUT,
     "From: kim@customer.test\nSubject: Re\n\n메일 수신을 원하지 않습니다. 명단에서 빼 주세요.\n"},
    {FL_FEEDBACK_OPT_OUT, "From: kim@customer.test\nSubject: unsubscribe\n\n"},
    {FL_FEEDBACK_REPLY,
     "From: kim@customer.test\nSubject: Re\n\nHow do I unsubscribe from the paper "
     "magazine but keep the mails?\n"},
    {FL_FEEDBACK_REPLY,
     "From: kim@customer.test\nSubject: Re\n\nThe bus did not stop at your shop.\n"},
    {FL_FEEDBACK_LIST, "From: l@list.test\nList-Id: <l.list.test>\nSubject: x\n\nHi all\n"},
    {FL_FEEDBACK_UNKNOWN, ""},
};

static void test_kinds(void **state)
{
    for (size_t i = 0; i < sizeof kind_cases / sizeof kind_cases[0]; i++) {
        struct fl_feedback_parsed p = parse(*state, kind_cases[i].mail);

        if (p.kind != kind_cases[i].kind)
            print_message("case %zu: \"%s\"\n", i, kind_cases[i].mail);
        assert_int_equal(p.kind, kind_cases[i].kind);
        if (p.kind == FL_FEEDBACK_BOUNCE) {
            assert_string_equal(p.recipients[0].address, "kim@customer.test");
            assert_int_equal(p.recipients[0].code, 550);
            assert_true(p.recipients[0].is_hard);
        }
    }
}

static void test_text_bounce_token(void **state)
{
    struct fl_feedback_parsed p = parse(*state, kind_cases[1].mail);

    assert_int_equal(p.n_tokens, 1);
    assert_string_equal(p.tokens[0], TOKEN);
    assert_string_equal(p.recipients[0].status, "5.1.1");
}

static void test_classify(void **state)
{
    static const struct {
        const char *status;
        int code;
        const char *diagnostic;
        enum fl_fault_class fault;
        bool is_hard;
    } cases[] = {
        {"5.1.1", 550, "", FL_FAULT_ADDRESS, true},
        {"", 550, "no such user here", FL_FAULT_ADDRESS, true},
        {"5.7.1", 553, "sorry, user mail-box not found", FL_FAULT_ADDRESS, true},
        {"5.1.2", 0, "", FL_FAULT_ADDRESS, true},
        {"5.1.10", 556, "", FL_FAULT_ADDRESS, true},
        {"5.1.8", 553, "", FL_FAULT_OUR_SIDE, false},
        {"5.2.2", 552, "", FL_FAULT_MAILBOX, false},
        {"5.2.1", 550, "", FL_FAULT_MAILBOX, false},
        {"5.2.3", 552, "", FL_FAULT_CONTENT, false},
        {"5.3.4", 552, "", FL_FAULT_CONTENT, false},
        {"5.7.1", 550, "", FL_FAULT_POLICY, false},
        {"5.7.26", 550, "", FL_FAULT_POLICY, false},
        {"", 554, "blocked by spamhaus", FL_FAULT_POLICY, false},
        {"", 550, "", FL_FAULT_UNKNOWN, false},
        {"4.2.2", 452, "", FL_FAULT_MAILBOX, false},
        {"4.4.1", 0, "", FL_FAULT_TRANSIENT, false},
        {"4.1.1", 450, "user unknown", FL_FAULT_TRANSIENT, false},
        {"", 421, "too many connections", FL_FAULT_THROTTLED, false},
        {NULL, 0, NULL, FL_FAULT_UNKNOWN, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool is_hard = !cases[i].is_hard;

        assert_int_equal(
            fl_feedback_classify(cases[i].status, cases[i].code, cases[i].diagnostic, &is_hard),
            cases[i].fault);
        assert_int_equal(is_hard, cases[i].is_hard);
    }
}

/* ---- charsets and HTML ------------------------------------------------------------------------*/

static char *encode(struct fl_arena *arena, const char *charset, const char *text)
{
    iconv_t cd = iconv_open(charset, "UTF-8");
    size_t in_len = strlen(text), room = 4 * in_len + 16;
    char *in = (char *)(uintptr_t)text, *out = fl_arena_calloc(arena, room, 1), *to = out;

    assert_true(cd != (iconv_t)-1);
    assert_int_not_equal(iconv(cd, &in, &in_len, &to, &room), (size_t)-1);
    assert_int_not_equal(iconv(cd, NULL, NULL, &to, &room), (size_t)-1);
    iconv_close(cd);
    return out;
}

static void test_charsets(void **state)
{
    static const char korean[] = "배송이 너무 늦어서 실망했습니다. 다음에는 미리 알려 주세요.";
    static const char rare[] = "뷁! 똠방각하 펲시콜라를 찦차에 실었다."; /* CP949 only */
    static const struct {
        const char *charset, *label, *text;
    } cases[] = {
        {"EUC-KR", "charset=euc-kr", korean},
        {"CP949", "charset=euc-kr", rare},
        {"CP949", "charset=\"ks_c_5601-1987\"", rare},
        {"ISO-2022-KR", "charset=iso-2022-kr", korean},
        {"ISO-2022-KR", "charset=us-ascii", korean},
        {"UTF-8", "charset=euc-kr", korean}, /* mislabelled */
        {"UTF-8", "charset=iso-8859-1", korean},
        {"EUC-KR", "charset=utf-8", korean},
        {"EUC-KR", "charset=us-ascii", korean},
        {"EUC-KR", "charset=no-such-charset", korean},
        {"EUC-KR", "format=flowed", korean},
        {"SHIFT_JIS", "charset=shift_jis", "商品がとても良かったです。"},
        {"GB18030", "charset=gb2312", "非常好，谢谢你们。"},
        {"BIG5", "charset=big5", "非常好，謝謝你們。"},
        {"CP1252", "charset=iso-8859-1", "Très bien – merci"},
        {"UTF-7", "charset=unicode-1-1-utf-7", korean},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *body = encode(*state, cases[i].charset, cases[i].text);
        struct fl_feedback_parsed p = parse(
            *state, fl_arena_printf(*state,
                                    "From: k@c.test\nMIME-Version: 1.0\nContent-Type: text/plain; "
                                    "%s\nContent-Transfer-Encoding: 8bit\n\n%s\n",
                                    cases[i].label, body));

        assert_string_equal(p.text, cases[i].text);
        if (cases[i].text == korean)
            assert_string_equal(p.language, "ko");
    }
}

static void test_subjects(void **state)
{
    static const struct {
        const char *raw, *text;
    } cases[] = {
        {"=?UTF-8?B?7ZWc?= =?UTF-8?B?6riA?=", "한글"},
        {"=?UTF-8?B?7ZU=?= =?UTF-8?B?nA==?=", "한"}, /* cut inside a character */
        {"=?euc-kr?B?lO4=?=", "뷁"},
        {"=?EUC-KR?Q?=C7=D1_a?=", "한 a"},
        {"=?iso-2022-kr?B?GyQpQw5HUTFbDw==?=", "한글"},
        {"Re: =?UTF-8?Q?=ED=95=9C?= and more", "Re: 한 and more"},
        {"=?UTF-8?B?7ZWc?=\n =?UTF-8?B?6riA?=", "한글"},
        {"한글", "한글"},
        {"=?bad", "=?bad"},
        {"=?UTF-8?X?abc?=", "=?UTF-8?X?abc?="},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fl_feedback_parsed p = parse(
            *state, fl_arena_printf(*state, "From: a@b.test\nSubject: %s\n\nHi\n", cases[i].raw));

        assert_string_equal(p.subject, cases[i].text);
    }
}

static void test_html_only(void **state)
{
    static const struct {
        const char *html, *text;
    } cases[] = {
        {"<div dir=\"ltr\">I like it.<div><br></div><div>Really.</div></div><br><div "
         "class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Sun, Nov 22, 2026 at "
         "10:00 AM "
         "Dairy &lt;<a href=\"mailto:a@shop.test\">a@shop.test</a>&gt; wrote:<br></div><blockquote "
         "class=\"gmail_quote\">Hello</blockquote></div>",
         "I like it.\n\nReally."},
        {"<html><head><style>p{color:red}</style></head><body><p>언제 "
         "오나요?</p><div><hr><p><b>보낸 사람:</b> "
         "페어<br><b>보낸 날짜:</b> 어제<br><b>받는 사람:</b> 김<br><b>제목:</b> "
         "소식</p></div><p>안녕</p></body>"
         "</html>",
         "언제 오나요?"},
        {"<p>취소해 주세요.</p><p>-----Original Message-----<br><b>From:</b> "
         "\"페어\"&lt;a@shop.test&gt;<br>"
         "<b>To:</b> &lt;k@naver.test&gt;<br><b>Sent:</b> 2026-11-22<br><b>Subject:</b> "
         "소식</p><p>안녕</p>",
         "취소해 주세요."},
        {"<p>one&nbsp;two&amp;three</p><script>alert(1)</script>", "one two&three"},
        {"no mark-up", "no mark-up"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fl_feedback_parsed p =
            parse(*state, fl_arena_printf(*state,
                                          "From: k@c.test\nMIME-Version: 1.0\nContent-Type: "
                                          "text/html; charset=utf-8\n\n%s\n",
                                          cases[i].html));

        assert_string_equal(p.text, cases[i].text);
        assert_int_equal(p.kind, FL_FEEDBACK_REPLY);
    }
}

static void test_alternative_prefers_plain(void **state)
{
    struct fl_feedback_parsed p = parse(
        *state,
        "From: k@c.test\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n"
        "--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        "7KKL7JWE7JqU\n--b\nContent-Type: text/html\n\n<p>Other <a href=\"https://s.test/p/" TOKEN
        "\">x</a></p>\n--b--\n");

    assert_string_equal(p.text, "좋아요");
    assert_int_equal(p.n_tokens, 1); /* of a link in the HTML */
}

static void test_other_inbound(void **state)
{
    static const struct {
        enum fl_inbound_kind kind;
        const char *data, *text;
        enum fl_feedback_kind result;
    } cases[] = {
        {FL_INBOUND_TEXT, "Where is my milk?", "Where is my milk?", FL_FEEDBACK_REPLY},
        {FL_INBOUND_TEXT, "stop", "stop", FL_FEEDBACK_OPT_OUT},
        {FL_INBOUND_TEXT, "수신거부", "수신거부", FL_FEEDBACK_OPT_OUT},
        {FL_INBOUND_FORM, "{\"score\":9,\"why\":\"good\"}", "", FL_FEEDBACK_UNKNOWN},
        {FL_INBOUND_FORM, "{\"text\":\"good\"}", "good", FL_FEEDBACK_REPLY},
        {FL_INBOUND_FORM, "{broken", "{broken", FL_FEEDBACK_UNKNOWN},
        {FL_INBOUND_IMAGE, "II*\1", "", FL_FEEDBACK_UNKNOWN},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fl_inbound inbound = mail_of(cases[i].data, strlen(cases[i].data));
        struct fl_feedback_parsed p;

        inbound.kind = cases[i].kind;
        inbound.from_address = "+821012345678";
        inbound.to_address = TOKEN;
        assert_ok(fl_feedback_parse(*state, &inbound, &p, &err));
        assert_string_equal(p.text, cases[i].text);
        assert_int_equal(p.kind, cases[i].result);
        assert_string_equal(p.from_address, "+821012345678");
        assert_int_equal(p.n_tokens, 1);
    }
}

static void test_json(void **state)
{
    struct fl_feedback_parsed p = parse(*state, dsn_mail);
    json_t *json = fl_feedback_parsed_json(&p), *recipient;

    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "kind")), "bounce");
    recipient = json_array_get(json_object_get(json_object_get(json, "bounce"), "recipients"), 0);
    assert_string_equal(json_string_value(json_object_get(recipient, "class")), "address");
    assert_true(json_is_true(json_object_get(recipient, "hard")));
    assert_int_equal(json_integer_value(json_object_get(recipient, "code")), 550);
    assert_int_equal(json_array_size(json_object_get(json, "tokens")), 2);
    assert_non_null(json_object_get(json_object_get(json, "reply"), "text"));
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_bounce_token, setup, teardown),
        cmocka_unit_test(test_classify),
        cmocka_unit_test_setup_teardown(test_charsets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_subjects, setup, teardown),
        cmocka_unit_test_setup_teardown(test_html_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alternative_prefers_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_inbound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
