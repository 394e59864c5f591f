/* Forms, texts and pictures: how they are read, and what they change in the store. */
#include "feedback-scene.h"

#include "base/str.h"

static const char survey_file[] =
    "## satisfaction: csat\nHow satisfied are you?\n\n"
    "## recommend: nps\nWould you recommend us?\n\n"
    "## reason: choice\nWhy?\n- price The price\n- friend A friend\n\n"
    "## wants: choices\nWhat next?\n- milk Milk\n- class Classes\n\n"
    "## words: text\nWhat else?\n";

/* Adds an address, a channel of that medium, and a message that has left for it. */
static void go_out_on(struct scene *s, enum fl_medium medium, const char *address)
{
    struct fl_content_file files[] = {
        {"content.md", "---\nsubject: News\n---\nHello", 32},
        {"survey.md", survey_file, sizeof survey_file - 1},
    };
    struct fl_content_version content = {
        .name = "asked", .hash = "hash-2", .files = files, .n_files = 2};
    struct fl_address to = {.medium = medium, .value = address};
    struct fl_consent consents[] = {
        {.purpose = "marketing", .medium = medium, .state = FL_CONSENT_GRANTED, .source = "test"},
        {.purpose = "service", .medium = medium, .state = FL_CONSENT_GRANTED, .source = "test"}};
    struct fl_customer with = {.external_id = "c000000",
                               .addresses = &to,
                               .n_addresses = 1,
                               .consents = consents,
                               .n_consents = 2};
    struct fl_occurrence occurrence = {
        .campaign = s->world.campaign, .stage = "", .cycle = "asked", .scheduled_us = WORLD_NOW};
    struct fl_message message = {
        .customer = s->customer, .state = FL_MESSAGE_ACCEPTED, .attempts = 1, .due_us = WORLD_NOW};
    struct fl_event event = {.kind = FL_EVENT_ACCEPTED, .at_us = WORLD_NOW};
    struct fl_customer got;
    enum fl_put put;

    files[0].body_len = strlen(files[0].body);
    world_begin(&s->world);
    assert_ok(fl_store_content_put(s->world.store, &content, &put, &occurrence.content, &err));
    assert_ok(fl_store_channel_id(s->world.store, fl_medium_name(medium), medium, &s->world.channel,
                                  &err));
    if (address)
        assert_ok(fl_store_customer_put(s->world.store, &with, &put, &message.customer, &err));
    occurrence.channel = message.channel = s->world.channel;
    assert_ok(
        fl_store_occurrence_put(s->world.store, &occurrence, &put, &message.occurrence, &err));
    assert_ok(fl_store_customer_get(s->world.store, s->world.arena, s->customer, &got, &err));
    for (size_t i = 0; i < got.n_addresses; i++)
        if (got.addresses[i].medium == medium && got.addresses[i].status == FL_ADDRESS_OK)
            message.address = got.addresses[i].id;
    assert_ok(fl_store_message_put(s->world.store, &message, &err));
    event.message = message.id;
    assert_ok(fl_store_event_put(s->world.store, &event, NULL, &err));
    world_commit(&s->world);
    s->message = message.id;
    s->address = message.address;
}

static struct fl_feedback_parsed parsed_of(struct scene *s, const struct fl_inbound *inbound)
{
    struct fl_feedback_parsed parsed;

    assert_ok(fl_feedback_parse(s->world.arena, inbound, &parsed, &err));
    return parsed;
}

static int64_t take(struct scene *s, enum fl_medium medium, struct fl_inbound inbound)
{
    struct fl_feedback_parsed parsed;
    int64_t id = -1;

    inbound.size = sizeof inbound;
    if (inbound.data && !inbound.data_len)
        inbound.data_len = strlen(inbound.data);
    if (!inbound.received_us)
        inbound.received_us = WORLD_NOW + 5;
    parsed = parsed_of(s, &inbound);
    world_begin(&s->world);
    assert_ok(
        fl_feedback_accept(&s->context, s->world.channel, medium, &parsed, &inbound, &id, &err));
    world_commit(&s->world);
    assert_ok(fl_store_check(s->world.store, world_show, NULL, &err));
    return id;
}

static const char *token_on(struct scene *s, enum fl_medium medium, enum fl_token_kind kind)
{
    struct fl_token t = {s->message, medium, kind};
    char *text = fl_arena_alloc(s->world.arena, FL_TOKEN_SIZE);

    assert_ok(fl_token_sign(s->keys, &t, text, &err));
    return text;
}

static int64_t take_form(struct scene *s, const char *key, const char *fmt, const char *token_text)
{
    const char *at = strstr(fmt, "TOKEN");
    const char *json =
        at ? fl_arena_printf(s->world.arena, "%.*s%s%s", (int)(at - fmt), fmt, token_text, at + 5)
           : fmt;

    return take(s, FL_MEDIUM_WEB,
                (struct fl_inbound){.kind = FL_INBOUND_FORM, .dedupe_key = key, .data = json});
}

static enum fl_consent_state consent_on(struct scene *s, const char *purpose, enum fl_medium medium)
{
    struct fl_customer c = customer(s);

    for (size_t i = 0; i < c.n_consents; i++)
        if (c.consents[i].medium == medium && fl_str_equal(c.consents[i].purpose, purpose))
            return c.consents[i].state;
    return FL_CONSENT_NONE;
}

static bool list_answer(void *ctx, const struct fl_answer *answer)
{
    struct fl_buf *buf = ctx;

    if (answer->has_number)
        fl_buf_printf(buf, "%s=%g(%s) ", answer->question, answer->number, answer->text);
    else
        fl_buf_printf(buf, "%s=%s ", answer->question, answer->text);
    return true;
}

static void assert_answers(struct scene *s, const char *expected)
{
    struct fl_buf buf = FL_BUF(4096);

    assert_ok(fl_store_answer_each(s->world.store, s->message, 0, list_answer, &buf, &err));
    assert_string_equal(buf.data, expected);
    fl_buf_finish(&buf);
}

/* --- reading ---------------------------------------------------------------------------------*/

static void test_normalised(void **state)
{
    struct scene *s = *state;
    struct fl_inbound inbound = {
        .size = sizeof inbound,
        .kind = FL_INBOUND_FORM,
        .dedupe_key = "k",
        .data = "{\"answers\":{\"recommend\":9,\"wants\":[\"milk\",\"class\"],\"reason\":\"price\","
                "\"bad\":{\"a\":1},\"also bad\":1},\"boxes\":{\"2\":[1],\"x\":[1],\"3\":[0]},"
                "\"text\":\" Thank\\r\\nyou \",\"is_opt_out\":1,\"unknown\":true,"
                "\"preferences\":[{\"purpose\":\"news\",\"medium\":\"sms\",\"state\":\"granted\"},"
                "{\"purpose\":\"news\",\"medium\":\"pigeon\",\"state\":\"granted\"}],"
                "\"name\":7,\"reply_to\":\"kim@example.org\",\"subject\":\"a\\nb\","
                "\"details\":{\"pages\":2}}"};
    struct fl_feedback_parsed p;

    inbound.data_len = strlen(inbound.data);
    p = parsed_of(s, &inbound);
    assert_int_equal(p.kind, FL_FEEDBACK_SURVEY);
    assert_string_equal(p.text, "Thank\nyou");
    assert_string_equal(p.subject, "a b");
    assert_string_equal(p.from_address, "kim@example.org");
    assert_string_equal(
        p.form,
        "{\"answers\":{\"reason\":\"price\",\"recommend\":9,\"wants\":[\"milk\",\"class\"]},"
        "\"boxes\":{\"2\":[1]},\"details\":{\"pages\":2},\"faults\":["
        "\"answer \\\"bad\\\": expected a number, words or an array of option keys\","
        "\"answer: the key of a question has 1 to 64 characters without blanks\","
        "\"boxes \\\"x\\\": expected the place of a question and an array of places\","
        "\"boxes \\\"3\\\": expected the place of a question and an array of places\","
        "\"preference \\\"news\\\": expected purpose, medium and state \\\"granted\\\" or "
        "\\\"withdrawn\\\"\",\"name: expected text\"],"
        "\"preferences\":[{\"medium\":\"sms\",\"purpose\":\"news\",\"state\":\"granted\"}],"
        "\"reply_to\":\"kim@example.org\",\"subject\":\"a b\",\"text\":\"Thank\\nyou\"}");
}

static void test_kinds(void **state)
{
    static const char token40[] = "abcdefghijklmnopqrstuvwxyz234567abcdefgh";
    static const struct {
        enum fl_inbound_kind kind;
        const char *data, *form, *to;
        enum fl_feedback_kind result;
    } cases[] = {
        {FL_INBOUND_FORM, "{\"is_opt_out\":true,\"answers\":{\"a\":1}}", NULL, "",
         FL_FEEDBACK_OPT_OUT},
        {FL_INBOUND_FORM, "{\"boxes\":{\"1\":[2]}}", NULL, "", FL_FEEDBACK_SURVEY},
        {FL_INBOUND_FORM, "{\"boxes\":{\"1\":[]}}", NULL, "", FL_FEEDBACK_UNKNOWN},
        {FL_INBOUND_FORM,
         "{\"preferences\":[{\"purpose\":\"a\",\"medium\":\"sms\",\"state\":\"withdrawn\"}]}", NULL,
         "", FL_FEEDBACK_PREFERENCE},
        {FL_INBOUND_FORM, "{\"text\":\"Hello\"}", NULL, "", FL_FEEDBACK_CONTACT},
        {FL_INBOUND_FORM, "{\"text\":\"Hello\"}", NULL, token40, FL_FEEDBACK_REPLY},
        {FL_INBOUND_FORM, "{\"text\":\"Please unsubscribe me\"}", NULL, token40,
         FL_FEEDBACK_OPT_OUT},
        {FL_INBOUND_FORM, "[1]", NULL, token40, FL_FEEDBACK_UNKNOWN},
        {FL_INBOUND_FORM, "{\"text\":\"\xff\"}", NULL, token40, FL_FEEDBACK_UNKNOWN},
        {FL_INBOUND_FORM, "", NULL, "", FL_FEEDBACK_UNKNOWN},
        {FL_INBOUND_FORM, "{\"a\":1,\"a\":2}", NULL, "", FL_FEEDBACK_UNKNOWN},
        {FL_INBOUND_IMAGE, "II*", NULL, token40, FL_FEEDBACK_UNKNOWN},
        {FL_INBOUND_IMAGE, "II*", "{\"boxes\":{\"1\":[2]}}", "", FL_FEEDBACK_SURVEY},
        {FL_INBOUND_IMAGE, "II*", "{\"is_opt_out\":true}", "", FL_FEEDBACK_OPT_OUT},
        {FL_INBOUND_IMAGE, "II*", "{broken", "", FL_FEEDBACK_UNKNOWN},
        {FL_INBOUND_TEXT, "Hello", NULL, "", FL_FEEDBACK_CONTACT},
        {FL_INBOUND_TEXT, "Hello", NULL, token40, FL_FEEDBACK_REPLY},
        {FL_INBOUND_TEXT, "9", "{\"answers\":{\"recommend\":9}}", token40, FL_FEEDBACK_SURVEY},
    };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fl_inbound inbound = {.size = sizeof inbound,
                                     .kind = cases[i].kind,
                                     .dedupe_key = "k",
                                     .data = cases[i].data,
                                     .data_len = strlen(cases[i].data),
                                     .form = cases[i].form,
                                     .to_address = cases[i].to};
        struct fl_feedback_parsed p = parsed_of(s, &inbound);

        if (p.kind != cases[i].result)
            print_message("case %zu: %s\n", i, cases[i].data);
        assert_int_equal(p.kind, cases[i].result);
        assert_true(fl_utf8_is_valid(p.text, strlen(p.text)));
    }
}

static void test_words_to_leave(void **state)
{
    static const char *const leaves[] = {"STOP",
                                         "stop",
                                         "Stop.",
                                         "STOP!!",
                                         " stop\n",
                                         "\"STOP\"",
                                         "STOPALL",
                                         "Stop all",
                                         "CANCEL",
                                         "End",
                                         "QUIT",
                                         "Unsubscribe",
                                         "(STOP)",
                                         "수신거부",
                                         "수신거부.",
                                         "수신거부!",
                                         "거부",
                                         "해지",
                                         "그만",
                                         "그만。",
                                         "「수신거부",
                                         "please stop texting me",
                                         "수신거부 부탁드립니다"};
    static const char *const stays[] = {
        "START",
        "start",
        "UNSTOP",
        "재수신",
        "수신거부 해제",
        "수신거부 철회합니다",
        "I will stop by tomorrow",
        "When does the sale end?",
        "Cancel my Tuesday milk and bring it on Friday",
        "그만큼 좋아요",
        "해지된 카드로 결제했어요",
        "Don't stop, it is great",
        "How do I unsubscribe?",
        "YES",
        "",
    };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0] + sizeof stays / sizeof stays[0]; i++) {
        bool does_leave = i < sizeof leaves / sizeof leaves[0];
        const char *text = does_leave ? leaves[i] : stays[i - sizeof leaves / sizeof leaves[0]];
        struct fl_inbound inbound = {.size = sizeof inbound,
                                     .kind = FL_INBOUND_TEXT,
                                     .dedupe_key = "k",
                                     .data = text,
                                     .data_len = strlen(text)};

        if ((parsed_of(s, &inbound).kind == FL_FEEDBACK_OPT_OUT) != does_leave)
            fail_msg("\"%s\" %s", text, does_leave ? "should leave" : "should stay");
    }
}

static void test_bounds(void **state)
{
    struct scene *s = *state;
    struct fl_inbound inbound = {
        .size = sizeof inbound, .kind = FL_INBOUND_FORM, .dedupe_key = "k"};
    struct fl_feedback_parsed p;
    struct fl_buf buf = FL_BUF(1 << 20);

    fl_buf_puts(&buf, "{\"details\":");
    for (int i = 0; i < FL_FEEDBACK_FORM_DEPTH_MAX; i++)
        fl_buf_puts(&buf, "{\"a\":");
    fl_buf_puts(&buf, "1");
    for (int i = 0; i < FL_FEEDBACK_FORM_DEPTH_MAX; i++)
        fl_buf_putc(&buf, '}');
    fl_buf_putc(&buf, '}');
    inbound.data = buf.data;
    inbound.data_len = buf.len;
    assert_status(FL_LIMIT, fl_feedback_parse(s->world.arena, &inbound, &p, &err));
    fl_buf_reset(&buf);
    fl_buf_puts(&buf, "{\"details\":{\"a\":[0");
    for (int i = 0; i < FL_FEEDBACK_FORM_MEMBERS_MAX; i++)
        fl_buf_puts(&buf, ",1");
    fl_buf_puts(&buf, "]}}");
    inbound.data = buf.data;
    inbound.data_len = buf.len;
    assert_status(FL_LIMIT, fl_feedback_parse(s->world.arena, &inbound, &p, &err));
    fl_buf_reset(&buf);
    fl_buf_printf(&buf, "{\"text\":\"%*s\"}", FL_FEEDBACK_FORM_MAX, "x");
    inbound.data = buf.data;
    inbound.data_len = buf.len;
    assert_status(FL_LIMIT, fl_feedback_parse(s->world.arena, &inbound, &p, &err));
    fl_buf_finish(&buf);
}

/* --- surveys ---------------------------------------------------------------------------------*/

static bool event_detail(void *ctx, const struct fl_event *event)
{
    if (event->kind == FL_EVENT_ANSWERED)
        snprintf(ctx, 400, "%s", event->detail ? event->detail : "");
    return true;
}

static void test_survey(void **state)
{
    struct scene *s = *state;
    struct fl_feedback f;
    const char *page;
    char detail[400] = "";
    int64_t id;

    go_out_on(s, FL_MEDIUM_SMS, "+821055501234");
    page = token_on(s, FL_MEDIUM_SMS, FL_TOKEN_PAGE);
    id = take_form(
        s, "k1",
        "{\"token\":\"TOKEN\",\"answers\":{\"recommend\":9,\"reason\":\"friend\","
        "\"wants\":[\"class\",\"milk\"],\"satisfaction\":7,\"nothing\":1,\"words\":\"\"}}",
        page);
    f = stored(s, id);
    assert_int_equal(f.kind, FL_FEEDBACK_SURVEY);
    assert_int_equal(f.matched_by, FL_MATCH_TOKEN);
    assert_int_equal(f.message, s->message);
    assert_int_equal(f.state, FL_FEEDBACK_OPEN); /* something was not taken */
    assert_non_null(strstr(f.quoted, "\"7\" is no answer to \"satisfaction\""));
    assert_non_null(strstr(f.quoted, "does not ask \"nothing\""));
    assert_answers(s, "reason=2(friend) recommend=9() wants=milk class ");
    assert_int_equal(events(s, FL_EVENT_ANSWERED), 1);
    assert_ok(fl_store_event_each(s->world.store, s->message, event_detail, detail, &err));
    assert_non_null(strstr(detail, "satisfaction"));

    /* The same again; then a part of it anew. */
    assert_int_equal(
        take_form(s, "k1", "{\"token\":\"TOKEN\",\"answers\":{\"recommend\":1}}", page), 0);
    assert_answers(s, "reason=2(friend) recommend=9() wants=milk class ");
    f = stored(s, take_form(s, "k2",
                            "{\"token\":\"TOKEN\",\"answers\":{\"recommend\":3,\"words\":\"Hi\"}}",
                            page));
    assert_int_equal(f.state, FL_FEEDBACK_CLOSED);
    assert_answers(s, "reason=2(friend) recommend=3() wants=milk class words=Hi ");
    assert_int_equal(events(s, FL_EVENT_ANSWERED), 2);
}

static void test_survey_needs_its_token(void **state)
{
    static const enum fl_token_kind others[] = {FL_TOKEN_UNSUBSCRIBE, FL_TOKEN_CLICK, FL_TOKEN_OPEN,
                                                FL_TOKEN_RETURN_PATH, FL_TOKEN_MESSAGE_ID};
    struct scene *s = *state;
    char key[16];

    go_out_on(s, FL_MEDIUM_SMS, "+821055501234");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct fl_feedback f;

        snprintf(key, sizeof key, "k%zu", i);
        f = stored(s, take_form(s, key, "{\"token\":\"TOKEN\",\"answers\":{\"recommend\":9}}",
                                token_on(s, FL_MEDIUM_SMS, others[i])));
        assert_int_equal(f.kind, FL_FEEDBACK_SURVEY);
        assert_int_equal(f.state, FL_FEEDBACK_OPEN);
        assert_non_null(strstr(f.quoted, "without a token"));
    }
    take_form(s, "forged", "{\"token\":\"TOKEN\",\"answers\":{\"recommend\":9}}",
              "abcdefghijklmnopqrstuvwxyz234567abcdefgh");
    assert_answers(s, "");
    assert_int_equal(events(s, FL_EVENT_ANSWERED), 0);
}

static void test_fax_with_boxes(void **state)
{
    static const struct fl_part page = {sizeof page, "image/png", "page-1.png", "png", 3};
    static const struct fl_part *const pages[] = {&page};
    struct scene *s = *state;
    struct fl_inbound fax = {.kind = FL_INBOUND_IMAGE,
                             .dedupe_key = "f1",
                             .content_type = "image/tiff",
                             .data = "II*raw",
                             .from_address = "+82255501234",
                             .attachments = pages,
                             .n_attachments = 1};
    struct fl_attachment *list;
    struct fl_feedback f;
    size_t n, len;
    void *data;

    go_out_on(s, FL_MEDIUM_FAX, "+82255501234");
    fax.form = fl_arena_printf(s->world.arena,
                               "{\"token\":\"%s\",\"boxes\":{\"1\":[4],\"2\":[11],\"3\":[1,2],"
                               "\"9\":[1]},\"details\":{\"pages\":1}}",
                               token_on(s, FL_MEDIUM_FAX, FL_TOKEN_FAX_BACK));
    f = stored(s, take(s, FL_MEDIUM_FAX, fax));
    assert_int_equal(f.kind, FL_FEEDBACK_SURVEY);
    assert_answers(s, "recommend=10() satisfaction=4() ");
    assert_non_null(strstr(f.quoted, "pages: 1"));
    assert_non_null(strstr(f.quoted, "\"reason\" has 2 boxes marked"));
    assert_ok(fl_store_attachments(s->world.store, s->world.arena, f.id, &list, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(list[0].name, "page-1.png");
    assert_ok(
        fl_store_evidence_get(s->world.store, s->world.arena, list[0].evidence, &data, &len, &err));
    assert_memory_equal(data, "png", 3);
    assert_int_equal(take(s, FL_MEDIUM_FAX, fax), 0);

    /* Nothing read, and no barcode: kept with its page, known by the caller's number. */
    fax.form = NULL;
    fax.dedupe_key = "f2";
    f = stored(s, take(s, FL_MEDIUM_FAX, fax));
    assert_int_equal(f.kind, FL_FEEDBACK_UNKNOWN);
    assert_int_equal(f.matched_by, FL_MATCH_SENDER);
    assert_int_equal(f.message, s->message);
    assert_ok(fl_store_attachments(s->world.store, s->world.arena, f.id, &list, &n, &err));
    assert_int_equal(n, 1);
}

/* --- leaving and choosing --------------------------------------------------------------------*/

static struct fl_inbound text_from(const char *key, const char *from, const char *text)
{
    return (struct fl_inbound){
        .kind = FL_INBOUND_TEXT, .dedupe_key = key, .data = text, .from_address = from};
}

static void test_text(void **state)
{
    struct scene *s = *state;
    struct fl_feedback f;

    go_out_on(s, FL_MEDIUM_SMS, "+821055501234");
    s->context.country = "KR";
    f = stored(s, take(s, FL_MEDIUM_SMS, text_from("t1", "010-5550-1234", "Where is my milk?")));
    assert_int_equal(f.kind, FL_FEEDBACK_REPLY);
    assert_int_equal(f.message, s->message);
    assert_int_equal(events(s, FL_EVENT_REPLIED), 1);
    f = stored(s, take(s, FL_MEDIUM_SMS, text_from("t2", "+821055509999", "Hello")));
    assert_int_equal(f.kind, FL_FEEDBACK_CONTACT);
    assert_int_equal(f.customer, 0);
    assert_int_equal(f.state, FL_FEEDBACK_OPEN);
    f = stored(s, take(s, FL_MEDIUM_SMS, text_from("t3", "+821055501234", "stop.")));
    assert_int_equal(f.kind, FL_FEEDBACK_OPT_OUT);
    assert_int_equal(f.state, FL_FEEDBACK_CLOSED);
    assert_int_equal(consent_on(s, "marketing", FL_MEDIUM_SMS), FL_CONSENT_WITHDRAWN);
    assert_int_equal(consent_on(s, "service", FL_MEDIUM_SMS), FL_CONSENT_GRANTED);
    assert_int_equal(consent_on(s, "marketing", FL_MEDIUM_EMAIL), FL_CONSENT_GRANTED);
    assert_int_equal(events(s, FL_EVENT_OPTED_OUT), 1);
}

/* Long after the last message the customer is known, but not what is meant: all of it ends. */
static void test_text_long_after(void **state)
{
    struct scene *s = *state;
    struct fl_feedback f;

    go_out_on(s, FL_MEDIUM_SMS, "+821055501234");
    s->world.manual.now_us += (FL_FEEDBACK_RECENT_DAYS + 1) * FL_US_PER_DAY;
    f = stored(s, take(s, FL_MEDIUM_SMS, text_from("t1", "+821055501234", "Hello")));
    assert_int_equal(f.kind, FL_FEEDBACK_CONTACT);
    assert_int_equal(f.customer, s->customer);
    assert_int_equal(f.message, 0);
    stored(s, take(s, FL_MEDIUM_SMS, text_from("t2", "+821055501234", "STOP")));
    assert_int_equal(consent_on(s, "marketing", FL_MEDIUM_SMS), FL_CONSENT_WITHDRAWN);
    assert_int_equal(consent_on(s, "service", FL_MEDIUM_SMS), FL_CONSENT_WITHDRAWN);
    assert_int_equal(consent_on(s, "marketing", FL_MEDIUM_EMAIL), FL_CONSENT_GRANTED);
}

/* A number that two share: who was written to last is meant, and both have left. */
static void test_text_of_a_family(void **state)
{
    struct scene *s = *state;
    struct fl_address to = {.medium = FL_MEDIUM_SMS, .value = "+821055501234"};
    struct fl_consent line = {.purpose = "marketing",
                              .medium = FL_MEDIUM_SMS,
                              .state = FL_CONSENT_GRANTED,
                              .source = "test"};
    struct fl_customer other = {.external_id = "sister",
                                .addresses = &to,
                                .n_addresses = 1,
                                .consents = &line,
                                .n_consents = 1};
    struct fl_customer got;
    struct fl_feedback f;
    enum fl_put put;
    int64_t sister;

    go_out_on(s, FL_MEDIUM_SMS, "+821055501234");
    world_begin(&s->world);
    assert_ok(fl_store_customer_put(s->world.store, &other, &put, &sister, &err));
    world_commit(&s->world);
    f = stored(s, take(s, FL_MEDIUM_SMS, text_from("t1", "+821055501234", "수신거부")));
    assert_int_equal(f.customer, s->customer);
    assert_int_equal(f.message, s->message);
    assert_ok(fl_store_customer_get(s->world.store, s->world.arena, sister, &got, &err));
    assert_int_equal(got.consents[0].state, FL_CONSENT_WITHDRAWN);
}

static void test_opt_out_form(void **state)
{
    static const char form[] = "{\"token\":\"TOKEN\",\"is_opt_out\":true,"
                               "\"answers\":{\"recommend\":2}}";
    struct scene *s = *state;
    struct fl_feedback f;

    go_out_on(s, FL_MEDIUM_LETTER, "Seoul\n04524\nKR");
    /* Anybody may write a sender into a form, and any link may be forwarded. */
    stored(s, take_form(s, "k1", "{\"is_opt_out\":true,\"reply_to\":\"c000000@example.org\"}", ""));
    stored(s, take_form(s, "k2", form, token_on(s, FL_MEDIUM_LETTER, FL_TOKEN_CLICK)));
    assert_int_equal(consent_on(s, "marketing", FL_MEDIUM_LETTER), FL_CONSENT_GRANTED);
    assert_int_equal(consent_on(s, "marketing", FL_MEDIUM_EMAIL), FL_CONSENT_GRANTED);

    f = stored(s, take_form(s, "k3", form, token_on(s, FL_MEDIUM_LETTER, FL_TOKEN_CARD)));
    assert_int_equal(f.kind, FL_FEEDBACK_OPT_OUT);
    assert_int_equal(consent_on(s, "marketing", FL_MEDIUM_LETTER), FL_CONSENT_WITHDRAWN);
    assert_int_equal(consent_on(s, "service", FL_MEDIUM_LETTER), FL_CONSENT_GRANTED);
    assert_int_equal(consent_on(s, "marketing", FL_MEDIUM_EMAIL), FL_CONSENT_GRANTED);
    assert_int_equal(events(s, FL_EVENT_OPTED_OUT), 1);
    assert_answers(s, "recommend=2() "); /* said on the way out, and kept */
}

static void test_preferences(void **state)
{
    static const char form[] =
        "{\"token\":\"TOKEN\",\"preferences\":["
        "{\"purpose\":\"marketing\",\"medium\":\"email\",\"state\":\"withdrawn\"},"
        "{\"purpose\":\"news\",\"medium\":\"sms\",\"state\":\"granted\"}]}";
    struct scene *s = *state;
    struct fl_feedback f;

    go_out_on(s, FL_MEDIUM_EMAIL, NULL);
    f = stored(s, take_form(s, "k1", form, token_on(s, FL_MEDIUM_EMAIL, FL_TOKEN_SURVEY)));
    assert_int_equal(f.kind, FL_FEEDBACK_PREFERENCE);
    assert_int_equal(consent_on(s, "marketing", FL_MEDIUM_EMAIL), FL_CONSENT_GRANTED);
    stored(s, take_form(s, "k2", form, token_on(s, FL_MEDIUM_EMAIL, FL_TOKEN_UNSUBSCRIBE)));
    assert_int_equal(consent_on(s, "marketing", FL_MEDIUM_EMAIL), FL_CONSENT_WITHDRAWN);
    assert_int_equal(consent_on(s, "news", FL_MEDIUM_SMS), FL_CONSENT_GRANTED);
}

/* --- receipts --------------------------------------------------------------------------------*/

static void receive(struct scene *s, enum fl_medium medium, struct fl_receipt r)
{
    r.size = sizeof r;
    r.report.size = sizeof r.report;
    world_begin(&s->world);
    assert_ok(fl_feedback_receipt(&s->context, s->world.channel, medium, &r, &err));
    world_commit(&s->world);
}

static bool find_cost(void *ctx, const struct fl_event *event)
{
    int *n = ctx;

    if (event->kind == FL_EVENT_DELIVERED) {
        assert_int_equal(event->cost_micro, 9900000);
        assert_string_equal(event->currency, "KRW");
        assert_int_equal(event->units, 2);
        ++*n;
    }
    return true;
}

static void test_receipt_resolves_doubt(void **state)
{
    static const struct {
        enum fl_message_state state;
        enum fl_rule rule;
    } doubts[] = {{FL_MESSAGE_UNCERTAIN, FL_RULE_HELD_UNCERTAIN},
                  {FL_MESSAGE_HELD, FL_RULE_HELD_UNCERTAIN}};
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof doubts / sizeof doubts[0]; i++) {
        struct fl_settle doubt = {.to = doubts[i].state, .rule = doubts[i].rule, .attempts = 1};
        struct fl_message message;
        char key[16];
        int n = 0;

        go_out_on(s, i ? FL_MEDIUM_FAX : FL_MEDIUM_SMS, i ? "+82255501234" : "+821055501234");
        doubt.message = s->message;
        doubt.from = FL_MESSAGE_ACCEPTED;
        world_begin(&s->world);
        assert_ok(fl_store_message_settle(s->world.store, &doubt, &err));
        world_commit(&s->world);
        snprintf(key, sizeof key, "r%zu", i);
        receive(s, i ? FL_MEDIUM_FAX : FL_MEDIUM_SMS,
                (struct fl_receipt){
                    .kind = FL_RECEIPT_OUTCOME,
                    .dedupe_key = key,
                    .token = token_on(s, i ? FL_MEDIUM_FAX : FL_MEDIUM_SMS, FL_TOKEN_RETURN_PATH),
                    .report = {.outcome = FL_OUTCOME_DELIVERED,
                               .cost_micro = 9900000,
                               .currency = "KRW",
                               .units = 2}});
        assert_ok(fl_store_message_get(s->world.store, s->message, &message, &err));
        assert_int_equal(message.state, FL_MESSAGE_DELIVERED);
        assert_int_equal(message.rule, FL_RULE_NONE);
        assert_ok(fl_store_event_each(s->world.store, s->message, find_cost, &n, &err));
        assert_int_equal(n, 1);
    }
}

/* A letter comes back weeks later; the customer has moved since and is reachable. */
static void test_returned_letter(void **state)
{
    struct scene *s = *state;
    struct fl_address moved = {.medium = FL_MEDIUM_LETTER, .value = "Busan\n48058\nKR"};
    struct fl_customer with = {.external_id = "c000000", .addresses = &moved, .n_addresses = 1};
    struct fl_receipt returned = {
        .kind = FL_RECEIPT_OUTCOME,
        .report = {.outcome = FL_OUTCOME_BOUNCED, .fault = FL_FAULT_ADDRESS}};
    struct fl_customer c;
    enum fl_put put;
    int64_t id, first;
    int n_ok = 0;

    go_out_on(s, FL_MEDIUM_LETTER, "Seoul\n04524\nKR");
    first = s->address;
    world_begin(&s->world);
    assert_ok(fl_store_customer_put(s->world.store, &with, &put, &id, &err));
    world_commit(&s->world);
    returned.dedupe_key = "r1";
    returned.token = token_on(s, FL_MEDIUM_LETTER, FL_TOKEN_CARD);
    receive(s, FL_MEDIUM_SMS, returned); /* of another trade: not theirs to say */
    assert_int_equal(message_state(s), FL_MESSAGE_ACCEPTED);
    returned.dedupe_key = "r2";
    receive(s, FL_MEDIUM_LETTER, returned);
    assert_int_equal(message_state(s), FL_MESSAGE_BOUNCED);
    c = customer(s);
    for (size_t i = 0; i < c.n_addresses; i++)
        if (c.addresses[i].medium == FL_MEDIUM_LETTER) {
            if (c.addresses[i].id == first)
                assert_int_not_equal(c.addresses[i].status, FL_ADDRESS_OK);
            else
                n_ok += c.addresses[i].status == FL_ADDRESS_OK;
        }
    assert_int_equal(n_ok, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_normalised),
        TEST(test_kinds),
        TEST(test_words_to_leave),
        TEST(test_bounds),
        TEST(test_survey),
        TEST(test_survey_needs_its_token),
        TEST(test_fax_with_boxes),
        TEST(test_text),
        TEST(test_text_long_after),
        TEST(test_text_of_a_family),
        TEST(test_opt_out_form),
        TEST(test_preferences),
        TEST(test_receipt_resolves_doubt),
        TEST(test_returned_letter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
