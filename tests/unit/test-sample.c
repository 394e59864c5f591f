/* The answers of the sample company's customers are mails that a reader of mail understands. */
#include "unit.h"

#include <gmime/gmime.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/clock.h"
#include "people/sample.h"

enum { MAILS = 300 };

static struct fl_sample_original original_of(const char *language)
{
    return (struct fl_sample_original){
        .language = language,
        .customer = "minji.kim7@cust.test",
        .customer_name = language[0] == 'k' ? "김민지" : "Emma Smith",
        .from = "news@shop.test",
        .from_name = "아침목장",
        .reply_to = "reply+abcdefghijklmnopqrstuvwxyz234567abcdefgh@shop.test",
        .return_path = "bounces+abcdefghijklmnopqrstuvwxyz234567abcdefgh@shop.test",
        .subject = "엄마교실 안내 <11월>",
        .message_id = "abcdefghijklmnopqrstuvwxyz234567abcdefgh@shop.test",
        .text =
            "안녕하세요 김민지님,\r\n\r\n이번 달 엄마교실을 안내합니다.\n\nFrom the dairy & farm\n",
        .now_us = INT64_C(1795316645000000), /* 2026-11-22 */
    };
}

static GMimeMessage *parse(const struct fl_sample_mail *mail)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(mail->data, mail->len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

    g_object_unref(parser);
    g_object_unref(stream);
    assert_non_null(message);
    return message;
}

static void check_answer(const struct fl_sample_mail *mail, GMimeMessage *message,
                         const struct fl_sample_original *original)
{
    GMimeObject *body = g_mime_message_get_mime_part(message);
    char *text;

    assert_string_equal(mail->to, original->reply_to);
    assert_non_null(strstr(g_mime_object_get_header(GMIME_OBJECT(message), "In-Reply-To"),
                           original->message_id));
    /* Not the whole: GMime 3.2.13 loses the second of two base64 words if the first is padded. */
    assert_non_null(strstr(g_mime_message_get_subject(message), "엄마교실"));
    if (GMIME_IS_MULTIPART(body))
        body = g_mime_multipart_get_part(GMIME_MULTIPART(body), 0);
    text = g_mime_text_part_get_text(GMIME_TEXT_PART(body));
    assert_true(*mail->words);
    for (char *p = text, *q = text;; p++) { /* LF for CRLF */
        if (*p != '\r')
            *q++ = *p;
        if (!*p)
            break;
    }
    assert_ptr_equal(strstr(text, mail->words), text);
    if (mail->kind == FL_SAMPLE_VACATION)
        assert_non_null(g_mime_object_get_header(GMIME_OBJECT(message), "Auto-Submitted"));
    else
        assert_non_null(strstr(text, "From the dairy & farm"));
    g_free(text);
}

static void check_bounce(const struct fl_sample_mail *mail, GMimeMessage *message,
                         const struct fl_sample_original *original)
{
    GMimeMultipart *parts = GMIME_MULTIPART(g_mime_message_get_mime_part(message));

    assert_string_equal(mail->to, original->return_path);
    assert_string_equal(mail->words, "");
    assert_int_equal(g_mime_multipart_get_count(parts), 3);
    assert_non_null(strstr(mail->data, "Status: 5."));
    assert_non_null(strstr(mail->data, original->message_id));
}

static void test_replies(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    int counts[FL_SAMPLE_KINDS] = {0};
    bool has_euckr = false, has_naver = false;
    struct fl_error err;

    (void)state;
    for (uint64_t seed = 0; seed < MAILS; seed++) {
        struct fl_sample_original original = original_of(seed % 3 ? "ko" : "en");
        struct fl_sample_mail mail, again;
        GMimeMessage *message;

        assert_ok(fl_people_sample_reply(arena, seed, &original, &mail, &err));
        assert_ok(fl_people_sample_reply(arena, seed, &original, &again, &err));
        assert_string_equal(mail.data, again.data);
        assert_int_equal(mail.len, strlen(mail.data));
        for (size_t i = 0; i < mail.len; i++)
            if (mail.data[i] == '\n')
                assert_int_equal(mail.data[i - 1], '\r');
        counts[mail.kind]++;
        has_euckr = has_euckr || strstr(mail.data, "charset=ks_c_5601-1987");
        has_naver = has_naver || strstr(mail.data, "NaverMail");
        message = parse(&mail);
        if (mail.kind == FL_SAMPLE_BOUNCE)
            check_bounce(&mail, message, &original);
        else
            check_answer(&mail, message, &original);
        g_object_unref(message);
        fl_arena_reset(arena);
    }
    for (int i = 0; i < FL_SAMPLE_KINDS; i++) {
        assert_true(counts[i] > 3);
        assert_string_not_equal(fl_sample_kind_name((enum fl_sample_kind)i), "unknown");
    }
    assert_true(has_euckr && has_naver);
    fl_arena_destroy(&arena);
}

static void test_refusals(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_sample_original original = original_of("ko");
    struct fl_sample_mail mail;
    struct fl_error err;

    (void)state;
    original.reply_to = "";
    assert_status(FL_INVALID, fl_people_sample_reply(arena, 1, &original, &mail, &err));
    fl_arena_destroy(&arena);
}

/* ---- what they bought -------------------------------------------------------------------------*/

enum { TRADERS = 600 };

static int32_t today(void)
{
    return fl_date_of_civil(2026, 11, 22);
}

/* The lines of a CSV but the first, each with a first date that has come; how many. */
static int check_lines(const char *csv, const char *header)
{
    const char *line = csv + strlen(header);
    int n = 0;

    assert_int_equal(strncmp(csv, header, strlen(header)), 0);
    for (; *line; line = strchr(line, '\n') + 1) {
        const char *date = strstr(line, ",20");
        int32_t at;
        char text[11];

        assert_non_null(date);
        snprintf(text, sizeof text, "%.10s", date + 1);
        assert_true(fl_date_parse(text, &at) && at <= today());
        n++;
    }
    return n;
}

static int check_events(const char *lines)
{
    int n = 0;

    for (const char *line = lines; *line; line = strchr(line, '\n') + 1) {
        json_t *event = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
        const char *type = json_string_value(json_object_get(event, "type"));
        double value = json_number_value(json_object_get(event, "value"));

        assert_non_null(type);
        if (strcmp(type, "answer") == 0)
            assert_true(value >= json_number_value(json_object_get(event, "low")) &&
                        value <= json_number_value(json_object_get(event, "high")));
        else
            assert_string_equal(type, "complaint");
        json_decref(event);
        n++;
    }
    return n;
}

static void test_trade(void **state)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_sample_trade trade, again, other, more;
    struct fl_error err;

    (void)state;
    assert_ok(fl_people_sample_trade(arena, 1, TRADERS, today(), &trade, &err));
    assert_ok(fl_people_sample_trade(arena, 1, TRADERS, today(), &again, &err));
    assert_ok(fl_people_sample_trade(arena, 2, TRADERS, today(), &other, &err));
    assert_ok(fl_people_sample_trade(arena, 1, TRADERS + 1, today(), &more, &err));
    assert_string_equal(trade.transactions, again.transactions);
    assert_string_equal(trade.events, again.events);
    assert_string_not_equal(trade.transactions, other.transactions);
    /* One more customer changes nothing of the others. */
    assert_memory_equal(trade.transactions, more.transactions, strlen(trade.transactions));
    assert_memory_equal(trade.events, more.events, strlen(trade.events));
    assert_true(check_lines(trade.transactions,
                            "transaction,customer,date,kind,amount,margin,quantity,"
                            "reference_price,discount,points,gift,fee,currency,product\r\n") >
                TRADERS);
    assert_true(check_lines(trade.subscriptions,
                            "subscription,customer,start,end,period,price,margin,currency,"
                            "product\r\n") > TRADERS / 4);
    assert_true(check_lines(trade.referrals, "referrer,referred,date\r\n") > 0);
    assert_true(check_events(trade.events) > TRADERS);
    assert_status(FL_INVALID, fl_people_sample_trade(arena, 1, 0, today(), &trade, &err));
    fl_arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_replies),
                                       cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_trade)};

    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
