/* Accepting: what a piece changes in the store, and what a forged one does not. */
#include "feedback-scene.h"

#include "base/str.h"

static const char *dsn(struct scene *s, const char *to_token, const char *action,
                       const char *status, const char *diagnostic, const char *message_id)
{
    return fl_arena_printf(
        s->world.arena,
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.test\nTo: bounces+%s@shop.test\n"
        "Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n"
        "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; "
        "boundary=\"b/b\"\n\n--b/b\nContent-Type: text/plain\n\nThis is the mail system.\n\n--b/b\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.test\n\n"
        "Final-Recipient: rfc822; c000000@example.org\nAction: %s\nStatus: %s\n"
        "Diagnostic-Code: smtp; %s\n\n--b/b\nContent-Type: message/rfc822\n\n"
        "Message-ID: <%s@shop.test>\nSubject: News\n\nHi\n\n--b/b--\n",
        to_token, action, status, diagnostic, message_id);
}

/* Parses and accepts in a transaction; the id of the feedback. */
static int64_t accept_from(struct scene *s, const char *key, const char *raw, const char *from)
{
    struct fl_inbound inbound = {.size = sizeof inbound,
                                 .kind =
                                     strncmp(raw, "TEXT ", 5) ? FL_INBOUND_MAIL : FL_INBOUND_TEXT,
                                 .dedupe_key = key,
                                 .from_address = from,
                                 .received_us = WORLD_NOW + 5};
    struct fl_feedback_parsed parsed;
    int64_t id = -1;

    inbound.data = raw + (inbound.kind == FL_INBOUND_TEXT ? 5 : 0);
    inbound.data_len = strlen(inbound.data);
    assert_ok(fl_feedback_parse(s->world.arena, &inbound, &parsed, &err));
    world_begin(&s->world);
    assert_ok(fl_feedback_accept(&s->context, s->world.channel, FL_MEDIUM_EMAIL, &parsed, &inbound,
                                 &id, &err));
    world_commit(&s->world);
    return id;
}

static int64_t take(struct scene *s, const char *key, const char *raw)
{
    return accept_from(s, key, raw, NULL);
}

/* --- reports ---------------------------------------------------------------------------------*/

static void test_bounce(void **state)
{
    struct scene *s = *state;
    const char *mail =
        dsn(s, token(s, FL_TOKEN_RETURN_PATH), "failed", "5.1.1", "550 5.1.1 User unknown", "x");
    struct fl_feedback f = stored(s, take(s, "k1", mail));
    struct count count = {.kind = FL_EVENT_BOUNCED};
    void *raw;
    size_t len;

    assert_int_equal(f.kind, FL_FEEDBACK_BOUNCE);
    assert_int_equal(f.matched_by, FL_MATCH_TOKEN);
    assert_true(f.confidence > 0.98);
    assert_int_equal(f.customer, s->customer);
    assert_int_equal(f.message, s->message);
    assert_int_equal(f.state, FL_FEEDBACK_SYSTEM);
    assert_int_equal(message_state(s), FL_MESSAGE_BOUNCED);
    assert_int_equal(customer(s).addresses[0].status, FL_ADDRESS_SUPPRESSED);
    assert_ok(fl_store_event_each(s->world.store, s->message, count_event, &count, &err));
    assert_int_equal(count.n, 1);
    assert_true(count.has_evidence);
    assert_ok(fl_store_evidence_get(s->world.store, s->world.arena, f.evidence, &raw, &len, &err));
    assert_int_equal(len, strlen(mail));
    assert_memory_equal(raw, mail, len);

    assert_int_equal(take(s, "k1", mail), 0); /* the same piece again */
    assert_int_equal(events(s, FL_EVENT_BOUNCED), 1);
}

static void test_bounce_by_embedded(void **state)
{
    struct scene *s = *state;
    struct fl_feedback f = stored(s, take(s, "k1",
                                          dsn(s, "none", "failed", "5.2.2", "552 mailbox full",
                                              token(s, FL_TOKEN_MESSAGE_ID))));

    assert_int_equal(f.matched_by, FL_MATCH_EMBEDDED);
    assert_int_equal(message_state(s), FL_MESSAGE_BOUNCED);
    assert_int_equal(customer(s).addresses[0].status, FL_ADDRESS_OK); /* full is not gone */
}

static void test_refusal_by_policy_fails(void **state)
{
    struct scene *s = *state;

    take(s, "k1",
         dsn(s, token(s, FL_TOKEN_RETURN_PATH), "failed", "5.7.1", "550 blocked by policy", "x"));
    assert_int_equal(message_state(s), FL_MESSAGE_FAILED);
    assert_int_equal(events(s, FL_EVENT_FAILED), 1);
    assert_int_equal(customer(s).addresses[0].status, FL_ADDRESS_OK);
}

static void test_delayed_is_no_bounce(void **state)
{
    struct scene *s = *state;

    take(s, "k1",
         dsn(s, token(s, FL_TOKEN_RETURN_PATH), "delayed", "4.1.1", "450 user unknown", "x"));
    assert_int_equal(message_state(s), FL_MESSAGE_ACCEPTED);
    assert_int_equal(events(s, FL_EVENT_DELAYED), 1);
    assert_int_equal(customer(s).addresses[0].status, FL_ADDRESS_OK);
    take(s, "k2", dsn(s, token(s, FL_TOKEN_RETURN_PATH), "delivered", "2.0.0", "250 ok", "x"));
    assert_int_equal(message_state(s), FL_MESSAGE_DELIVERED);
    assert_int_equal(events(s, FL_EVENT_DELIVERED), 1);
}

static void assert_changed_nothing(struct scene *s)
{
    static const enum fl_event_kind kinds[] = {FL_EVENT_BOUNCED, FL_EVENT_FAILED,
                                               FL_EVENT_COMPLAINED, FL_EVENT_OPTED_OUT};

    assert_int_equal(message_state(s), FL_MESSAGE_ACCEPTED);
    assert_int_equal(customer(s).addresses[0].status, FL_ADDRESS_OK);
    assert_int_equal(consent(s), FL_CONSENT_GRANTED);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        assert_int_equal(events(s, kinds[i]), 0);
}

static void test_forged_report_changes_nothing(void **state)
{
    static const char foreign[] = "abcdefghijklmnopqrstuvwxyz234567abcdefgh";
    struct scene *s = *state;
    struct fl_feedback f;
    char *changed = fl_arena_strdup(s->world.arena, token(s, FL_TOKEN_RETURN_PATH));

    f = stored(s, take(s, "k1", dsn(s, foreign, "failed", "5.1.1", "550 User unknown", foreign)));
    assert_int_equal(f.kind, FL_FEEDBACK_BOUNCE);
    assert_int_equal(f.matched_by, FL_MATCH_NONE);
    assert_int_equal(f.message, 0);
    stored(s, take(s, "k2", dsn(s, "none", "failed", "5.1.1", "550 User unknown", "none")));
    changed[3] = changed[3] == 'a' ? 'b' : 'a';
    stored(s, take(s, "k3", dsn(s, changed, "failed", "5.1.1", "550 User unknown", "none")));
    /* A token people see, from a link or the reply address, does not speak for a mail system. */
    stored(s, take(s, "k4",
                   dsn(s, token(s, FL_TOKEN_REPLY), "failed", "5.1.1", "550 gone",
                       token(s, FL_TOKEN_CLICK))));
    stored(s, take(s, "k5",
                   dsn(s, token(s, FL_TOKEN_UNSUBSCRIBE), "failed", "5.1.1", "550 gone",
                       token(s, FL_TOKEN_OPEN))));
    assert_changed_nothing(s);
}

static const char *arf(struct scene *s, const char *message_id)
{
    return fl_arena_printf(
        s->world.arena,
        "From: fbl@isp.test\nSubject: complaint\nMIME-Version: 1.0\nContent-Type: "
        "multipart/report; "
        "report-type=feedback-report; boundary=b\n\n--b\nContent-Type: text/plain\n\nabuse\n--b\n"
        "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
        "Original-Rcpt-To: c000000@example.org\n\n--b\nContent-Type: message/rfc822\n\n"
        "Message-ID: <%s@shop.test>\nSubject: News\n\nHi\n--b--\n",
        message_id);
}

static void test_complaint(void **state)
{
    struct scene *s = *state;

    stored(s, take(s, "k0", arf(s, "abcdefghijklmnopqrstuvwxyz234567abcdefgh")));
    assert_changed_nothing(s);
    stored(s, take(s, "k1", arf(s, token(s, FL_TOKEN_MESSAGE_ID))));
    assert_int_equal(customer(s).addresses[0].status, FL_ADDRESS_COMPLAINED);
    assert_int_equal(consent(s), FL_CONSENT_WITHDRAWN);
    assert_int_equal(events(s, FL_EVENT_COMPLAINED), 1);
    /* A later bounce does not make it better. */
    take(s, "k2",
         dsn(s, token(s, FL_TOKEN_RETURN_PATH), "failed", "5.1.1", "550 User unknown", "x"));
    assert_int_equal(customer(s).addresses[0].status, FL_ADDRESS_COMPLAINED);
}

/* --- people ----------------------------------------------------------------------------------*/

static const char *reply(struct scene *s, const char *to, const char *in_reply_to, const char *text)
{
    return fl_arena_printf(s->world.arena,
                           "From: Kim <c000000@example.org>\nTo: %s\nSubject: Re: News\n"
                           "In-Reply-To: <%s@shop.test>\n\n%s\n",
                           to, in_reply_to, text);
}

static void test_reply(void **state)
{
    struct scene *s = *state;
    const char *to =
        fl_arena_printf(s->world.arena, "reply+%s@shop.test", token(s, FL_TOKEN_REPLY));
    struct fl_feedback f = stored(s, take(s, "k1", reply(s, to, "x", "I like it.\n\n> Hello")));

    assert_int_equal(f.kind, FL_FEEDBACK_REPLY);
    assert_int_equal(f.state, FL_FEEDBACK_OPEN);
    assert_int_equal(f.matched_by, FL_MATCH_TOKEN);
    assert_string_equal(f.text, "I like it.");
    assert_string_equal(f.quoted, "> Hello");
    assert_int_equal(events(s, FL_EVENT_REPLIED), 1);

    f = stored(s, take(s, "k2", reply(s, "a@shop.test", token(s, FL_TOKEN_MESSAGE_ID), "Again")));
    assert_int_equal(f.matched_by, FL_MATCH_REFERENCES);
    assert_int_equal(f.message, s->message);

    f = stored(s, take(s, "k3", reply(s, "a@shop.test", "lost", "And again")));
    assert_int_equal(f.matched_by, FL_MATCH_SENDER);
    assert_true(f.confidence <= 0.5);
    assert_int_equal(f.customer, s->customer);
    assert_int_equal(f.message, s->message);

    f = stored(s, accept_from(s, "k4", reply(s, "a@shop.test", "lost", "Who?"), "no@where.test"));
    assert_int_equal(f.matched_by, FL_MATCH_NONE);
    assert_int_equal(f.customer, 0);
    assert_int_equal(f.state, FL_FEEDBACK_OPEN);
    assert_int_equal(events(s, FL_EVENT_REPLIED), 3);
    assert_int_equal(consent(s), FL_CONSENT_GRANTED);
}

static bool last_consent(void *ctx, const struct fl_consent *line)
{
    struct fl_consent *out = ctx;

    if (line->state == FL_CONSENT_WITHDRAWN) {
        out->state = line->state;
        out->customer++; /* counts */
        assert_string_equal(line->source, "reply");
        assert_string_equal(line->purpose, "marketing");
        assert_int_equal(strlen(line->proof), 64);
    }
    return true;
}

static void test_opt_out(void **state)
{
    struct scene *s = *state;
    const char *to =
        fl_arena_printf(s->world.arena, "unsubscribe+%s@shop.test", token(s, FL_TOKEN_UNSUBSCRIBE));
    struct fl_consent seen = {.state = FL_CONSENT_NONE};

    stored(s, take(s, "k1", reply(s, to, "x", "")));
    assert_int_equal(consent(s), FL_CONSENT_WITHDRAWN);
    assert_int_equal(events(s, FL_EVENT_OPTED_OUT), 1);
    stored(s, take(s, "k2", reply(s, to, "x", "again")));
    assert_ok(fl_store_consent_history(s->world.store, s->customer, last_consent, &seen, &err));
    assert_int_equal(seen.customer, 1); /* the ledger says it once */
    assert_int_equal(message_state(s), FL_MESSAGE_ACCEPTED);
}

static void test_opt_out_by_words_and_sender(void **state)
{
    struct scene *s = *state;
    struct fl_feedback f = stored(s, accept_from(s, "k1", "TEXT STOP", "c000000@example.org"));

    assert_int_equal(f.kind, FL_FEEDBACK_OPT_OUT);
    assert_int_equal(f.matched_by, FL_MATCH_SENDER);
    assert_int_equal(consent(s), FL_CONSENT_WITHDRAWN);
    f = stored(s, accept_from(s, "k2", "TEXT STOP", "stranger@example.org"));
    assert_int_equal(f.state, FL_FEEDBACK_OPEN); /* a person has to find out who it was */
}

static void test_programs_change_nothing(void **state)
{
    struct scene *s = *state;
    struct fl_feedback f = stored(
        s, take(s, "k1",
                fl_arena_printf(s->world.arena,
                                "From: c000000@example.org\nTo: bounces+%s@shop.test\n"
                                "Auto-Submitted: auto-replied\nSubject: away\n\nunsubscribe\n",
                                token(s, FL_TOKEN_RETURN_PATH))));

    assert_int_equal(f.kind, FL_FEEDBACK_AUTO_REPLY);
    assert_int_equal(f.message, s->message);
    assert_changed_nothing(s);
    assert_int_equal(events(s, FL_EVENT_REPLIED), 0);
}

static void test_no_key_is_the_piece_itself(void **state)
{
    struct scene *s = *state;

    assert_true(take(s, NULL, "From: a@b.test\n\nHi\n") > 0);
    assert_int_equal(take(s, "", "From: a@b.test\n\nHi\n"), 0);
    assert_true(take(s, NULL, "From: a@b.test\n\nHello\n") > 0);
}

static void test_rollback_leaves_nothing(void **state)
{
    struct scene *s = *state;
    struct fl_inbound inbound = {.size = sizeof inbound,
                                 .kind = FL_INBOUND_MAIL,
                                 .dedupe_key = "k1",
                                 .data = "From: c000000@example.org\n\nSTOP\n",
                                 .data_len = 32};
    struct fl_feedback_parsed parsed;
    int64_t id = 0;

    inbound.data_len = strlen(inbound.data);
    assert_ok(fl_feedback_parse(s->world.arena, &inbound, &parsed, &err));
    world_begin(&s->world);
    assert_ok(fl_feedback_accept(&s->context, s->world.channel, FL_MEDIUM_EMAIL, &parsed, &inbound,
                                 &id, &err));
    fl_store_rollback(s->world.store);
    assert_changed_nothing(s);
    assert_true(take(s, "k1", inbound.data) > 0);
    assert_int_equal(consent(s), FL_CONSENT_WITHDRAWN);
}

/* --- receipts --------------------------------------------------------------------------------*/

static void receive(struct scene *s, const struct fl_receipt *receipt)
{
    world_begin(&s->world);
    assert_ok(fl_feedback_receipt(&s->context, s->world.channel, FL_MEDIUM_EMAIL, receipt, &err));
    world_commit(&s->world);
}

static void test_receipts(void **state)
{
    struct scene *s = *state;
    struct fl_receipt r = {.size = sizeof r,
                           .kind = FL_RECEIPT_OUTCOME,
                           .dedupe_key = "r1",
                           .token = token(s, FL_TOKEN_RETURN_PATH),
                           .report = {.size = sizeof r.report, .outcome = FL_OUTCOME_DELIVERED},
                           .at_us = WORLD_NOW};

    receive(s, &r);
    receive(s, &r);
    assert_int_equal(message_state(s), FL_MESSAGE_DELIVERED);
    assert_int_equal(events(s, FL_EVENT_DELIVERED), 1);
    r.dedupe_key = "r2";
    r.report.outcome = FL_OUTCOME_BOUNCED;
    r.report.fault = FL_FAULT_ADDRESS;
    receive(s, &r);
    assert_int_equal(message_state(s), FL_MESSAGE_BOUNCED);
    assert_int_equal(customer(s).addresses[0].status, FL_ADDRESS_SUPPRESSED);
}

static void test_forged_receipts(void **state)
{
    struct scene *s = *state;
    struct fl_event accepted = {.message = s->message,
                                .kind = FL_EVENT_ACCEPTED,
                                .provider_ref = "ref-1",
                                .at_us = WORLD_NOW};
    struct fl_receipt r = {.size = sizeof r,
                           .kind = FL_RECEIPT_OUTCOME,
                           .dedupe_key = "r1",
                           .provider_ref = "ref-1",
                           .report = {.size = sizeof r.report,
                                      .outcome = FL_OUTCOME_BOUNCED,
                                      .fault = FL_FAULT_ADDRESS},
                           .at_us = WORLD_NOW};

    world_begin(&s->world);
    assert_ok(fl_store_event_put(s->world.store, &accepted, NULL, &err));
    world_commit(&s->world);
    receive(s, &r); /* a reference that anybody could guess */
    assert_changed_nothing(s);
    r.dedupe_key = "r2";
    r.token = token(s, FL_TOKEN_CLICK);
    receive(s, &r);
    assert_changed_nothing(s);
    r.dedupe_key = "r3";
    r.is_authenticated = 1;
    receive(s, &r);
    assert_int_equal(message_state(s), FL_MESSAGE_BOUNCED);
}

static void test_clicks_and_opens(void **state)
{
    struct scene *s = *state;
    struct fl_receipt r = {.size = sizeof r,
                           .kind = FL_RECEIPT_CLICK,
                           .dedupe_key = "r1",
                           .token = token(s, FL_TOKEN_CLICK),
                           .target = "https://shop.test/a"};

    receive(s, &r);
    r.kind = FL_RECEIPT_OPEN;
    r.dedupe_key = "r2";
    r.token = token(s, FL_TOKEN_OPEN);
    receive(s, &r);
    assert_int_equal(events(s, FL_EVENT_CLICKED), 1);
    assert_int_equal(events(s, FL_EVENT_OPENED), 1);
    assert_changed_nothing(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bounce),
        TEST(test_bounce_by_embedded),
        TEST(test_refusal_by_policy_fails),
        TEST(test_delayed_is_no_bounce),
        TEST(test_forged_report_changes_nothing),
        TEST(test_complaint),
        TEST(test_reply),
        TEST(test_opt_out),
        TEST(test_opt_out_by_words_and_sender),
        TEST(test_programs_change_nothing),
        TEST(test_no_key_is_the_piece_itself),
        TEST(test_rollback_leaves_nothing),
        TEST(test_receipts),
        TEST(test_forged_receipts),
        TEST(test_clicks_and_opens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
