/* The e-mail plugin: how a message is built, how an SMTP reply is classed, what options are
 * refused. */
#include "unit.h"

#include <gmime/gmime.h>

#include "../../plugins/email/email_private.h"

static const char token[] = "m000000000000000000000000000000000000001";

static struct email_settings settings(void)
{
    struct email_settings set = {.domain = "shop.test",
                                 .helo = "shop.test",
                                 .from_address = "news@shop.test",
                                 .from_name = "Shop",
                                 .return_local = "bounces",
                                 .reply_local = "reply",
                                 .unsubscribe_local = "unsubscribe",
                                 .list_id = "news.shop.test"};

    return set;
}

static struct fl_part part(const char *type, const char *name, const char *text)
{
    struct fl_part out = {sizeof out, type, name, text, strlen(text)};

    return out;
}

static struct fl_item item(const struct fl_part *const *parts, size_t n)
{
    struct fl_item out = {.size = sizeof out,
                          .attempt = 1,
                          .message_id = 1,
                          .to_address = "kim@cust.test",
                          .to_name = "",
                          .language = "ko",
                          .subject = "Hello",
                          .sender_name = "",
                          .token_return = token,
                          .token_reply = token,
                          .token_identity = token,
                          .token_unsubscribe = token,
                          .unsubscribe_url = "https://shop.test/u/1",
                          .campaign = "birthday",
                          .parts = parts,
                          .n_parts = n,
                          .in_reply_to = ""};

    return out;
}

/* Every line at most 998 octets, 7 bit, CRLF and nothing else at its end. */
static void assert_on_the_wire(const GString *out)
{
    size_t column = 0;

    for (size_t i = 0; i < out->len; i++) {
        unsigned char c = (unsigned char)out->str[i];

        assert_true(c && c < 128);
        if (c == '\r') {
            assert_int_equal(out->str[i + 1], '\n');
        } else if (c == '\n') {
            assert_int_equal(out->str[i - 1], '\r');
            column = 0;
        } else {
            column++;
            assert_true(column <= EMAIL_LINE_MAX);
        }
    }
    assert_true(out->len > 2 && out->str[out->len - 1] == '\n');
}

static GMimeMessage *parse(const GString *out)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(out->str, out->len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

    g_object_unref(parser);
    g_object_unref(stream);
    assert_non_null(message);
    return message;
}

static GString *built(const struct email_settings *set, const struct fl_item *in)
{
    GString *out = g_string_new(NULL);
    struct fl_why why = {.size = sizeof why};
    bool is_built = email_message_build(set, in, INT64_C(1795366702000000), out, &why);

    if (!is_built)
        print_message("%s\n", why.text);
    assert_true(is_built);
    assert_on_the_wire(out);
    return out;
}

static void assert_refused(const struct fl_item *in, const char *word)
{
    struct email_settings set = settings();
    GString *out = g_string_new(NULL);
    struct fl_why why = {.size = sizeof why};

    assert_false(email_message_build(&set, in, 0, out, &why));
    assert_int_equal(why.fault, FL_FAULT_CONTENT);
    if (!strstr(why.text, word))
        print_message("%s\n", why.text);
    assert_non_null(strstr(why.text, word));
    g_string_free(out, TRUE);
}

static void test_headers(void **state)
{
    struct fl_part text = part("text/plain", NULL, "hello\n"),
                   html = part("text/html", NULL, "<p>");
    const struct fl_part *const parts[] = {&html, &text};
    struct email_settings set = settings();
    struct fl_item in = item(parts, 2);
    GString *out = built(&set, &in);
    const char *s = out->str;

    (void)state;
    assert_non_null(strstr(s, "Date: Sun, 22 Nov 2026 16:58:22 +0000\r\n"));
    assert_non_null(strstr(s, "\r\nFrom: Shop <news@shop.test>\r\n"));
    assert_non_null(strstr(s, "\r\nTo: kim@cust.test\r\n"));
    assert_non_null(
        strstr(s, "\r\nMessage-ID: <m000000000000000000000000000000000000001@shop.test>"));
    assert_non_null(strstr(s, "\r\nReply-To: reply+m0"));
    assert_non_null(strstr(s, "\r\nList-Unsubscribe: <https://shop.test/u/1>,\r\n <mailto:unsub"));
    assert_non_null(strstr(s, "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    assert_non_null(strstr(s, "\r\nList-Id: <news.shop.test>\r\n"));
    assert_non_null(strstr(s, "\r\nFeedback-ID: birthday:email:fairline:shop.test\r\n"));
    assert_null(strstr(s, "Auto-Submitted"));
    assert_null(strstr(s, "In-Reply-To"));
    /* The plain text comes first, whatever the order of the parts. */
    assert_true(strstr(s, "text/plain") < strstr(s, "text/html"));
    g_string_free(out, TRUE);
}

static void test_answer(void **state)
{
    struct fl_part text = part("text/plain", NULL, "hello\n");
    const struct fl_part *const parts[] = {&text};
    struct email_settings set = settings();
    struct fl_item in = item(parts, 1);
    GString *out;

    (void)state;
    in.in_reply_to = "<abc@mail.test>";
    in.campaign = "";
    out = built(&set, &in);
    assert_non_null(strstr(out->str, "\r\nIn-Reply-To: <abc@mail.test>\r\n"));
    assert_non_null(strstr(out->str, "\r\nReferences: <abc@mail.test>\r\n"));
    assert_null(strstr(out->str, "List-"));
    assert_null(strstr(out->str, "Auto-Submitted")); /* a person wrote it */
    g_string_free(out, TRUE);

    in.campaign = "thanks";
    out = built(&set, &in);
    assert_non_null(strstr(out->str, "\r\nAuto-Submitted: auto-replied\r\n"));
    g_string_free(out, TRUE);

    in.in_reply_to = "bare@mail.test";
    out = built(&set, &in);
    assert_non_null(strstr(out->str, "\r\nIn-Reply-To: <bare@mail.test>\r\n"));
    g_string_free(out, TRUE);

    in.in_reply_to = "<a@b>\r\nBcc: x@y";
    out = built(&set, &in);
    assert_null(strstr(out->str, "In-Reply-To"));
    assert_null(strstr(out->str, "Bcc"));
    g_string_free(out, TRUE);
}

/* The value of a header, its encoded words decoded one by one as RFC 2047 6.2 says; checks that
 * each is whole UTF-8 by itself.  (GMime 3.2 decodes a run of words as one stream and loses what
 * follows a padded one.) */
static char *header_decode(const GString *message, const char *name)
{
    const char *p = strstr(message->str, name) + strlen(name);
    GString *out = g_string_new(NULL);
    bool was_word = false;

    for (; *p && (*p != '\n' || p[1] == ' '); p++) {
        const char *next = p + strspn(p, " \r\n");
        char *word, *plain;
        size_t len;

        if (was_word && strncmp(next, "=?", 2) == 0)
            p = next;
        if (strncmp(p, "=?", 2) != 0) {
            if (*p != '\r' && *p != '\n')
                g_string_append_c(out, *p);
            was_word = false;
            continue;
        }
        len = (size_t)(strstr(p + 10, "?=") + 2 - p);
        assert_true(len <= 75);
        assert_true(strcspn(p, "\r") <= 76);
        word = g_strndup(p, len);
        plain = g_mime_utils_header_decode_text(NULL, word);
        assert_true(g_utf8_validate(plain, -1, NULL));
        assert_null(strstr(plain, "=?"));
        g_string_append(out, plain);
        g_free(plain);
        g_free(word);
        was_word = true;
        p += len - 1;
    }
    return g_string_free(out, FALSE);
}

static void test_korean_header(void **state)
{
    static const char subject[] =
        "김민지 고객님, 아기의 첫 생일을 진심으로 축하드립니다! 생일 케이크 20% 할인 쿠폰과 함께 "
        "가족 사진 촬영권을 드립니다 (11월 30일까지)";
    struct fl_part text = part("text/plain", NULL, "안녕\n");
    const struct fl_part *const parts[] = {&text};
    struct email_settings set = settings();
    struct fl_item in = item(parts, 1);
    GMimeMessage *message;
    InternetAddressList *to;
    GString *out;
    char *got;

    (void)state;
    in.subject = subject;
    in.to_name = "남궁 김민지, \"별명\" <x@y>";
    in.sender_name = "아기상점 고객님을 위한 소식지 편집부 서울 강남점";
    out = built(&set, &in);
    got = header_decode(out, "\r\nSubject: ");
    assert_string_equal(got, subject);
    g_free(got);
    got = header_decode(out, "\r\nFrom: ");
    assert_string_equal(got, "아기상점 고객님을 위한 소식지 편집부 서울 강남점 <news@shop.test>");
    g_free(got);
    message = parse(out);
    assert_string_equal(g_mime_message_get_subject(message), subject);
    to = g_mime_message_get_addresses(message, GMIME_ADDRESS_TYPE_TO);
    assert_int_equal(internet_address_list_length(to), 1);
    assert_string_equal(internet_address_get_name(internet_address_list_get_address(to, 0)),
                        in.to_name);
    assert_string_equal(internet_address_mailbox_get_addr(
                            INTERNET_ADDRESS_MAILBOX(internet_address_list_get_address(to, 0))),
                        "kim@cust.test");
    g_object_unref(message);
    g_string_free(out, TRUE);
}

static void test_no_injection(void **state)
{
    static const char evil[] = "x\r\nBcc: all@shop.test\r\n\r\nbody\n.\nMAIL FROM:<a@b>";
    struct fl_part text = part("text/plain", NULL, evil), file = part("text/csv", evil, "a,b\n");
    const struct fl_part *const parts[] = {&text, &file};
    struct email_settings set = settings();
    struct fl_item in = item(parts, 2);
    GMimeMessage *message;
    GString *out;

    (void)state;
    in.subject = in.to_name = in.sender_name = in.campaign = evil;
    out = built(&set, &in);
    assert_null(
        strstr(out->str, "\r\nBcc: all@shop.test\r\n\r\nbody\r\n.\r\nMAIL FROM:<a@b>\r\nX"));
    message = parse(out);
    assert_null(g_mime_object_get_header(GMIME_OBJECT(message), "Bcc"));
    assert_int_equal(
        internet_address_list_length(g_mime_message_get_addresses(message, GMIME_ADDRESS_TYPE_TO)),
        1);
    g_object_unref(message);
    g_string_free(out, TRUE);

    in = item(parts, 1);
    in.unsubscribe_url = "https://x>\r\nBcc: y";
    assert_refused(&in, "unsubscribe_url");
    in = item(parts, 1);
    in.token_identity = "x\r\nBcc: y";
    assert_refused(&in, "token_identity");
    in = item(parts, 1);
    in.token_reply = "a@b";
    assert_refused(&in, "token");
    in = item(parts, 1);
    in.language = "ko\r\nBcc: y";
    assert_refused(&in, "language");
    text.type = "text/plain\r\nBcc: y";
    in = item(parts, 1);
    assert_refused(&in, "type/subtype");
    text.type = "image/png";
    assert_refused(&in, "file name");
    in = item(NULL, 0);
    assert_refused(&in, "no parts");
}

/* Bodies come back as they went, with canonical line ends. */
static void body_round_trip(const char *text, const char *expected, const char *encoding)
{
    struct fl_part body = part("text/plain", NULL, text);
    const struct fl_part *const parts[] = {&body};
    struct email_settings set = settings();
    struct fl_item in = item(parts, 1);
    GString *out = built(&set, &in);
    GMimeMessage *message = parse(out);
    char *got = g_mime_text_part_get_text(GMIME_TEXT_PART(g_mime_message_get_mime_part(message)));
    GString *unix_lines = g_string_new(NULL);

    for (const char *p = got; *p; p++) {
        if (*p != '\r')
            g_string_append_c(unix_lines, *p);
    }
    assert_string_equal(unix_lines->str, expected);
    assert_non_null(strstr(out->str, encoding));
    g_string_free(unix_lines, TRUE);
    g_free(got);
    g_object_unref(message);
    g_string_free(out, TRUE);
}

static void test_bodies(void **state)
{
    char *longest = g_strnfill(5000, 'x');
    char *with_end = g_strconcat(longest, "\n", NULL);

    (void)state;
    body_round_trip("a = b \n.\n..\nFrom me\n", "a = b \n.\n..\nFrom me\n", "quoted-printable");
    body_round_trip("one\r\ntwo\rthree\nfour\n", "one\ntwo\nthree\nfour\n", "quoted-printable");
    body_round_trip("안녕하세요\n고객님\n", "안녕하세요\n고객님\n", "base64");
    body_round_trip("Price: 3,000원 and a long English text about it, mostly ASCII\n",
                    "Price: 3,000원 and a long English text about it, mostly ASCII\n",
                    "quoted-printable");
    body_round_trip(with_end, with_end, "quoted-printable");
    body_round_trip("", "", "quoted-printable");
    g_free(longest);
    g_free(with_end);
}

static void test_attachment(void **state)
{
    static const char bytes[] = "\x00\x01\xff%PDF\r\n\n";
    struct fl_part text = part("text/plain", NULL, "see file\n");
    struct fl_part html = part("text/html", NULL, "<p>see file</p>");
    struct fl_part file = {sizeof file, "application/pdf", "초대장.pdf", bytes, sizeof bytes};
    const struct fl_part *const parts[] = {&text, &html, &file};
    struct email_settings set = settings();
    struct fl_item in = item(parts, 3);
    GString *out = built(&set, &in);
    GMimeMessage *message = parse(out);
    GMimeObject *top = g_mime_message_get_mime_part(message), *last;
    GMimeStream *content = g_mime_stream_mem_new();
    GByteArray *got;

    (void)state;
    assert_true(GMIME_IS_MULTIPART(top));
    assert_int_equal(g_mime_multipart_get_count(GMIME_MULTIPART(top)), 2);
    last = g_mime_multipart_get_part(GMIME_MULTIPART(top), 1);
    assert_string_equal(g_mime_part_get_filename(GMIME_PART(last)), "초대장.pdf");
    g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(last)), content);
    got = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(content));
    assert_int_equal(got->len, sizeof bytes);
    assert_memory_equal(got->data, bytes, sizeof bytes);
    g_object_unref(content);
    g_object_unref(message);
    g_string_free(out, TRUE);
}

static void test_classify(void **state)
{
    static const struct {
        enum email_stage stage;
        const char *line;
        enum fl_outcome outcome;
        enum fl_fault_class fault;
    } cases[] = {
        {EMAIL_STAGE_RCPT, "550 5.1.1 no such user", FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
        {EMAIL_STAGE_DATA, "550 5.1.1 no such user", FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
        {EMAIL_STAGE_RCPT, "550 no such user", FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
        {EMAIL_STAGE_DATA, "550 looks like spam", FL_OUTCOME_FAILED, FL_FAULT_POLICY},
        {EMAIL_STAGE_MAIL, "550 5.1.8 sender unknown", FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
        {EMAIL_STAGE_MAIL, "553 5.1.7 sender malformed", FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
        {EMAIL_STAGE_MAIL, "550 5.1.1 sender", FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
        {EMAIL_STAGE_RCPT, "552 5.2.2 over quota", FL_OUTCOME_BOUNCED, FL_FAULT_MAILBOX},
        {EMAIL_STAGE_RCPT, "452 4.2.2 over quota", FL_OUTCOME_DEFERRED, FL_FAULT_MAILBOX},
        {EMAIL_STAGE_MAIL, "552 5.3.4 too big", FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
        {EMAIL_STAGE_DATA, "552 too big", FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
        {EMAIL_STAGE_RCPT, "450 4.7.1 greylisted", FL_OUTCOME_DEFERRED, FL_FAULT_THROTTLED},
        {EMAIL_STAGE_RCPT, "550 5.7.1 blocked", FL_OUTCOME_FAILED, FL_FAULT_POLICY},
        {EMAIL_STAGE_RCPT, "550 5.4.1 access denied", FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
        {EMAIL_STAGE_RCPT, "556 5.1.10 null MX", FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
        {EMAIL_STAGE_MAIL, "530 5.7.0 authentication required", FL_OUTCOME_FAILED,
         FL_FAULT_OUR_SIDE},
        {EMAIL_STAGE_MAIL, "535 5.7.8 bad credentials", FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
        {EMAIL_STAGE_DATA, "554 5.6.0 bad MIME", FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
        {EMAIL_STAGE_DATA, "421 4.7.0 too fast", FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
        {EMAIL_STAGE_DATA, "451 4.3.0 try again", FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
        {EMAIL_STAGE_RCPT, "501 5.5.4 bad parameter", FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
        /* a status of another class than the code does not count */
        {EMAIL_STAGE_RCPT, "550 2.1.5 fine", FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
        {EMAIL_STAGE_RCPT, "399 odd", FL_OUTCOME_DEFERRED, FL_FAULT_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct email_reply reply;
        struct email_verdict verdict;

        assert_true(email_reply_parse(cases[i].line, &reply));
        verdict = email_classify(cases[i].stage, &reply);
        if (verdict.outcome != cases[i].outcome || verdict.fault != cases[i].fault)
            print_message("%s: %d %d\n", cases[i].line, (int)verdict.outcome, (int)verdict.fault);
        assert_int_equal(verdict.outcome, cases[i].outcome);
        assert_int_equal(verdict.fault, cases[i].fault);
    }
}

static void test_reply_parse(void **state)
{
    struct email_reply reply;

    (void)state;
    assert_true(email_reply_parse("250-2.1.5 Ok\r\n", &reply));
    assert_int_equal(reply.code, 250);
    assert_int_equal(reply.enh_subject, 1);
    assert_string_equal(reply.text, "Ok");
    assert_true(email_reply_parse("354", &reply));
    assert_int_equal(reply.enh_class, 0);
    assert_true(email_reply_parse("550 1.2.3.4 is listed", &reply));
    assert_int_equal(reply.enh_class, 0);
    assert_string_equal(reply.text, "1.2.3.4 is listed");
    assert_false(email_reply_parse("2500 x", &reply));
    assert_false(email_reply_parse("certainly", &reply));
    assert_false(email_reply_parse("", &reply));
    assert_false(email_reply_parse("25", &reply));
}

static void test_address(void **state)
{
    char *too_long = g_strnfill(65, 'a'), *address = g_strconcat(too_long, "@x.test", NULL);

    (void)state;
    assert_true(email_address_is_safe("kim.minji+tag@sub.cust.test"));
    assert_true(email_address_is_safe("o'brien@cust.test"));
    assert_false(email_address_is_safe("kim"));
    assert_false(email_address_is_safe("@cust.test"));
    assert_false(email_address_is_safe("kim@"));
    assert_false(email_address_is_safe("kim@cust..test"));
    assert_false(email_address_is_safe("kim>@cust.test"));
    assert_false(email_address_is_safe("kim\r\nRCPT TO:<x@y>@cust.test"));
    assert_false(email_address_is_safe("a b@cust.test"));
    assert_false(email_address_is_safe("김@cust.test"));
    assert_false(email_address_is_safe(address));
    g_free(too_long);
    g_free(address);
}

static enum fl_call check_with(const struct fl_option *more, size_t n_more, struct fl_why *why)
{
    struct fl_option options[16] = {
        {"from_address", "news@shop.test", 0}, {"host", "localhost", 25},
        {"tls", "none", EMAIL_TLS_NONE},       {"return_local", "bounces", 0},
        {"reply_local", "reply", 0},           {"unsubscribe_local", "unsubscribe", 0},
        {"imap_keyword", "$FairlineDone", 0}};
    size_t n = 7;

    for (size_t i = 0; i < n_more; i++) {
        size_t at = 0;

        while (at < n && strcmp(options[at].name, more[i].name) != 0)
            at++;
        options[at] = more[i];
        if (at == n)
            n++;
    }
    return fairline_channel_v1()->check(options, n, why);
}

static void test_check(void **state)
{
    static const struct {
        struct fl_option options[3];
        size_t n;
        const char *word; /* NULL: fine */
    } cases[] = {
        {{{NULL, NULL, 0}}, 0, NULL},
        {{{"from_address", NULL, 0}}, 1, "from_address"},
        {{{"from_address", "news", 0}}, 1, "from_address"},
        {{{"from_address", "news@shop.test>", 0}}, 1, "from_address"},
        {{{"host", NULL, 0}}, 1, "host"},
        {{{"host", "::1", 25}}, 1, "IPv6"},
        {{{"return_local", "a-local-part-that-is-too-long", 0}}, 1, "return_local"},
        {{{"reply_local", "a b", 0}}, 1, "reply_local"},
        {{{"from_name", "a\nb", 0}}, 1, "from_name"},
        {{{"list_id", "<x>", 0}}, 1, "list_id"},
        {{{"user", "kim", 0}}, 1, "belong together"},
        {{{"user", "kim", 0}, {"password", "pw\n", 0}}, 2, NULL},
        {{{"user", "kim", 0}, {"password", "pw", 0}, {"host", "mx.test", 25}}, 3, "in clear"},
        {{{"transport", "maildir", 1}}, 1, "maildir"},
        {{{"transport", "maildir", 1}, {"maildir", "/x", 0}}, 2, NULL},
        {{{"inbound", "maildir", 1}}, 1, "inbound_maildir"},
        {{{"inbound", "imap", 2}}, 1, "imap"},
        {{{"inbound", "imap", 2}, {"imap", "localhost", 993}}, 2, "imap_user"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fl_why why = {.size = sizeof why};
        enum fl_call call = check_with(cases[i].options, cases[i].n, &why);

        if (call != (cases[i].word ? FL_CALL_FAILED : FL_CALL_OK))
            print_message("case %zu: %s\n", i, why.text);
        assert_int_equal(call, cases[i].word ? FL_CALL_FAILED : FL_CALL_OK);
        if (cases[i].word && !strstr(why.text, cases[i].word))
            print_message("case %zu: %s\n", i, why.text);
        assert_true(!cases[i].word || strstr(why.text, cases[i].word));
        assert_null(strstr(why.text, "pw")); /* no secret in a sentence */
    }
}

static void test_dedupe_key(void **state)
{
    static const char mail[] = "Subject: x\r\nMessage-Id: <a@b>\r\n\r\nMessage-Id: <no@no>\r\n";
    static const char none[] = "Subject: x\n\nMessage-Id: <no@no>\n";
    char a[256], b[256];

    (void)state;
    email_dedupe_key(a, sizeof a, mail, strlen(mail));
    email_dedupe_key(b, sizeof b, mail, strlen(mail));
    assert_string_equal(a, b);
    assert_non_null(strstr(a, ":a@b"));
    email_dedupe_key(b, sizeof b, mail, strlen(mail) - 1);
    assert_string_not_equal(a, b);
    email_dedupe_key(b, sizeof b, none, strlen(none));
    assert_null(strstr(b, "no@no"));
    email_dedupe_key(b, sizeof b, "", 0);
    assert_int_equal(strncmp(b, "mail:", 5), 0);
}

/* The offer of CHUNKING is spoilt however the reply is cut into reads. */
static void test_hide_chunking(void **state)
{
    static const char reply[] =
        "250-bad.test\r\n250-Chunking\r\n250-PIPELINING\r\n250 CHUNKING\r\n";

    (void)state;
    for (size_t cut = 1; cut < sizeof reply - 1; cut++) {
        struct email_wire wire;
        char text[sizeof reply];

        memcpy(text, reply, sizeof text);
        email_wire_init(&wire, 1000);
        email_wire_watch("EHLO x\r\n", 8, 1, &wire);
        email_wire_watch(text, (int)cut, 0, &wire);
        email_wire_watch(text + cut, (int)(sizeof reply - 1 - cut), 0, &wire);
        assert_string_equal(text,
                            "250-bad.test\r\n250-ChunkinX\r\n250-PIPELINING\r\n250 CHUNKINX\r\n");
        /* Elsewhere the word stays. */
        memcpy(text, reply, sizeof text);
        email_wire_watch("MAIL FROM:<>\r\n", 14, 1, &wire);
        email_wire_watch(text, (int)sizeof reply - 1, 0, &wire);
        assert_string_equal(text, reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),       cmocka_unit_test(test_answer),
        cmocka_unit_test(test_korean_header), cmocka_unit_test(test_no_injection),
        cmocka_unit_test(test_bodies),        cmocka_unit_test(test_attachment),
        cmocka_unit_test(test_classify),      cmocka_unit_test(test_reply_parse),
        cmocka_unit_test(test_address),       cmocka_unit_test(test_check),
        cmocka_unit_test(test_dedupe_key),    cmocka_unit_test(test_hide_chunking),
    };

    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
