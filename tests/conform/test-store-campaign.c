/* Content, channels, campaigns and planning, by every driver. */
#include "drivers.h"

/* ---- content, channels, campaigns -------------------------------------------------------------*/

static bool count_content(void *ctx, const struct fl_content_version *content)
{
    int *n = ctx;

    assert_string_equal(content->name, "welcome");
    ++*n;
    return true;
}

static void test_content(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_content_file files[] = {
        {.path = "content.md", .body = "Hello {{name}}", .body_len = 14},
        {.path = "content.ko.md", .body = "a\0b", .body_len = 3}};
    struct fl_content_version content = {
        .name = "welcome", .hash = "h1", .files = files, .n_files = 2};
    struct fl_content_version got;
    enum fl_put put;
    int64_t first, second, third = 0;
    int n = 0;

    world_begin(w);
    assert_ok(fl_store_content_put(w->store, &content, &put, &first, &err));
    assert_int_equal(put, FL_PUT_INSERTED);
    assert_ok(fl_store_content_put(w->store, &content, &put, &second, &err));
    assert_status(FL_INVALID,
                  fl_store_content_put(w->store, &(struct fl_content_version){.name = "x"}, &put,
                                       &third, &err));
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND, fl_store_content_get(w->store, w->arena, first, &got, &err));
        assert_status(FL_NOT_FOUND, fl_store_content_newest(w->store, "welcome", &third, &err));
        assert_ok(fl_store_content_each(w->store, count_content, &n, &err));
        assert_int_equal(n, 0);
        return;
    }
    assert_int_equal(put, FL_PUT_UNCHANGED);
    assert_int_equal(first, second);
    content.hash = "h2";
    assert_ok(fl_store_content_put(w->store, &content, &put, &second, &err));
    assert_int_equal(put, FL_PUT_UPDATED);
    world_commit(w);
    assert_ok(fl_store_content_newest(w->store, "welcome", &third, &err));
    assert_int_equal(third, second);
    assert_ok(fl_store_content_get(w->store, w->arena, second, &got, &err));
    assert_int_equal(got.version, 2);
    assert_string_equal(got.hash, "h2");
    assert_int_equal(got.n_files, 2);
    assert_string_equal(got.files[0].path, "content.ko.md");
    assert_memory_equal(got.files[0].body, "a\0b", 4);
    assert_string_equal(got.files[1].body, "Hello {{name}}");
    assert_ok(fl_store_content_each(w->store, count_content, &n, &err));
    assert_int_equal(n, 2);
    assert_status(FL_NOT_FOUND, fl_store_content_newest(w->store, "none", &third, &err));
    assert_status(FL_NOT_FOUND, fl_store_content_get(w->store, w->arena, 1, &got, &err));
}

static void test_channels(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    int64_t id = 0, again = 0;
    const char *name = NULL;
    enum fl_medium medium;

    assert_status(FL_INTERNAL, fl_store_channel_id(w->store, "mail", FL_MEDIUM_EMAIL, &id, &err));
    world_begin(w);
    assert_ok(fl_store_channel_id(w->store, "mail", FL_MEDIUM_EMAIL, &id, &err));
    assert_true(id > 0);
    assert_status(FL_INVALID, fl_store_channel_id(w->store, "", FL_MEDIUM_EMAIL, &id, &err));
    assert_status(FL_INVALID, fl_store_channel_id(w->store, "x", FL_MEDIUM_NONE, &id, &err));
    world_commit(w);
    assert_status(FL_NOT_FOUND, fl_store_channel_find(w->store, "none", &again, &medium, &err));
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND,
                      fl_store_channel_name(w->store, w->arena, id, &name, &medium, &err));
        return;
    }
    assert_non_null(strstr(err.text, "\"none\""));
    assert_ok(fl_store_channel_find(w->store, "mail", &again, &medium, &err));
    assert_int_equal(again, id);
    assert_ok(fl_store_channel_id(w->store, "mail", FL_MEDIUM_EMAIL, &again, &err));
    assert_int_equal(again, id);
    assert_status(FL_CONFLICT, fl_store_channel_id(w->store, "mail", FL_MEDIUM_SMS, &again, &err));
    assert_ok(fl_store_channel_name(w->store, w->arena, id, &name, &medium, &err));
    assert_string_equal(name, "mail");
    assert_int_equal(medium, FL_MEDIUM_EMAIL);
    assert_status(FL_NOT_FOUND, fl_store_channel_name(w->store, w->arena, 1, &name, &medium, &err));
}

static bool count_campaigns(void *ctx, const struct fl_campaign_row *campaign)
{
    int *n = ctx;

    assert_non_null(campaign->name);
    return ++*n < 2;
}

static void test_campaigns(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_campaign_row row = {.name = "mothers", .definition = "one", .purpose = "marketing"};
    struct fl_campaign_row got;
    enum fl_put put;
    int64_t id = 0, again;
    int n = 0;

    world_begin(w);
    assert_ok(fl_store_campaign_put(w->store, &row, &put, &id, &err));
    assert_int_equal(put, FL_PUT_INSERTED);
    assert_ok(fl_store_campaign_put(w->store, &row, &put, &again, &err));
    assert_status(FL_INVALID, fl_store_campaign_put(w->store, &(struct fl_campaign_row){.name = ""},
                                                    &put, &again, &err));
    assert_status(FL_INVALID, fl_store_campaign_set_state(w->store, id, (enum fl_campaign_state)77,
                                                          NULL, &err));
    if (!fl_store_remembers(w->store)) {
        assert_ok(fl_store_campaign_set_state(w->store, id, FL_CAMPAIGN_PAUSED, NULL, &err));
        assert_status(FL_NOT_FOUND, fl_store_campaign_get(w->store, w->arena, id, &got, &err));
        assert_status(FL_NOT_FOUND, fl_store_campaign_find(w->store, w->arena, "x", &got, &err));
        assert_ok(fl_store_campaign_each(w->store, count_campaigns, &n, &err));
        assert_int_equal(n, 0);
        return;
    }
    assert_int_equal(put, FL_PUT_UNCHANGED);
    assert_int_equal(again, id);
    assert_ok(
        fl_store_campaign_set_state(w->store, id, FL_CAMPAIGN_PAUSED, "too many bounces", &err));
    row.definition = "two";
    assert_ok(fl_store_campaign_put(w->store, &row, &put, &again, &err));
    assert_int_equal(put, FL_PUT_UPDATED);
    assert_ok(fl_store_campaign_find(w->store, w->arena, "mothers", &got, &err));
    assert_int_equal(got.id, id);
    assert_int_equal(got.version, 2);
    assert_int_equal(got.state, FL_CAMPAIGN_PAUSED);
    assert_string_equal(got.reason, "too many bounces");
    assert_ok(fl_store_campaign_get(w->store, w->arena, id, &got, &err));
    assert_string_equal(got.definition, "two");
    for (int i = 0; i < 3; i++) {
        row.name = i == 0 ? "a" : i == 1 ? "b" : "c";
        assert_ok(fl_store_campaign_put(w->store, &row, &put, &again, &err));
    }
    world_commit(w);
    assert_ok(fl_store_campaign_each(w->store, count_campaigns, &n, &err));
    assert_int_equal(n, 2);
    world_begin(w);
    assert_status(FL_NOT_FOUND,
                  fl_store_campaign_set_state(w->store, 1, FL_CAMPAIGN_DONE, NULL, &err));
    assert_status(FL_NOT_FOUND, fl_store_campaign_get(w->store, w->arena, 1, &got, &err));
    assert_status(FL_NOT_FOUND, fl_store_campaign_find(w->store, w->arena, "x", &got, &err));
}

static bool count_occurrences(void *ctx, const struct fl_occurrence *occurrence)
{
    int *n = ctx;

    assert_non_null(occurrence->stage);
    ++*n;
    return true;
}

static void test_occurrences(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_occurrence row, got;
    enum fl_put put;
    int64_t id = 0, n_finished = -1;
    int n = 0;

    world_begin(w);
    world_campaign(w);
    row = (struct fl_occurrence){.campaign = w->campaign,
                                 .stage = "12-weeks",
                                 .cycle = "2026",
                                 .content = w->content,
                                 .channel = w->channel,
                                 .scheduled_us = 5};
    assert_ok(fl_store_occurrence_put(w->store, &row, &put, &id, &err));
    assert_int_equal(put, FL_PUT_INSERTED);
    assert_status(FL_INVALID,
                  fl_store_occurrence_put(w->store, &(struct fl_occurrence){0}, &put, &id, &err));
    assert_ok(fl_store_occurrence_finish(w->store, &n_finished, &err));
    if (!fl_store_remembers(w->store)) {
        assert_int_equal(n_finished, 0);
        assert_status(FL_NOT_FOUND, fl_store_occurrence_get(w->store, w->arena, id, &got, &err));
        assert_ok(fl_store_occurrence_each(w->store, w->campaign, count_occurrences, &n, &err));
        assert_int_equal(n, 0);
        return;
    }
    assert_int_equal(n_finished, 2);
    assert_ok(fl_store_occurrence_get(w->store, w->arena, id, &got, &err));
    assert_int_equal(got.state, FL_OCCURRENCE_FINISHED);
    assert_string_equal(got.stage, "12-weeks");
    assert_string_equal(got.cycle, "2026");
    assert_int_equal(got.scheduled_us, 5);
    row.content = 4711 * FL_ID_STRIDE;
    assert_ok(fl_store_occurrence_put(w->store, &row, &put, &id, &err));
    assert_int_equal(put, FL_PUT_UPDATED);
    assert_ok(fl_store_occurrence_get(w->store, w->arena, id, &got, &err));
    assert_int_equal(got.state, FL_OCCURRENCE_PLANNED);
    assert_int_equal(got.content, row.content);
    assert_ok(fl_store_occurrence_put(w->store, &row, &put, &id, &err));
    assert_int_equal(put, FL_PUT_UNCHANGED);
    assert_ok(fl_store_occurrence_each(w->store, w->campaign, count_occurrences, &n, &err));
    assert_int_equal(n, 2);
    assert_status(FL_NOT_FOUND, fl_store_occurrence_get(w->store, w->arena, 1, &got, &err));
    fl_store_rollback(w->store); /* that content does not exist */
}

/* ---- planning ---------------------------------------------------------------------------------*/

static void set_all_addresses(struct world *w, int64_t customer, enum fl_address_status status)
{
    struct fl_error err;
    struct fl_customer got;

    assert_ok(fl_store_customer_get(w->store, w->arena, customer, &got, &err));
    for (size_t i = 0; i < got.n_addresses; i++)
        assert_ok(fl_store_address_set_status(w->store, got.addresses[i].id, status, 0, &err));
}

static bool keep_message(void *ctx, const struct fl_message *message)
{
    *(struct fl_message *)ctx = *message;
    return false;
}

static void expect_rule(struct world *w, int64_t customer, enum fl_rule rule)
{
    struct fl_error err;
    struct fl_message message = {0};

    assert_ok(fl_store_message_of(w->store, customer, w->campaign, keep_message, &message, &err));
    assert_int_equal(message.customer, customer);
    assert_int_equal(message.rule, rule);
    assert_int_equal(message.state, rule ? FL_MESSAGE_SUPPRESSED : FL_MESSAGE_PLANNED);
}

static void test_plan_rules(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_customer erased = {.external_id = "erased", .state = FL_CUSTOMER_ERASED};
    struct fl_store_plan plan;
    struct fl_store_plan_result result, dry;
    int64_t c[7];
    enum fl_put put;

    world_begin(w);
    c[FL_RULE_NONE] = world_customer(w, "fine", "a@example.org", FL_CONSENT_GRANTED);
    c[FL_RULE_NO_ADDRESS] = world_customer(w, "nowhere", NULL, FL_CONSENT_GRANTED);
    c[FL_RULE_ADDRESS_SUPPRESSED] = world_customer(w, "bad", "c@example.org", FL_CONSENT_WITHDRAWN);
    c[FL_RULE_COMPLAINED] = world_customer(w, "angry", "d@example.org", FL_CONSENT_NONE);
    c[FL_RULE_NO_CONSENT] = world_customer(w, "silent", "e@example.org", FL_CONSENT_NONE);
    c[FL_RULE_OPTED_OUT] = world_customer(w, "out", "f@example.org", FL_CONSENT_WITHDRAWN);
    assert_ok(fl_store_customer_put(w->store, &erased, &put, &c[FL_RULE_ERASED], &err));
    world_campaign(w);
    plan = world_plan(w);
    if (!fl_store_remembers(w->store)) {
        assert_ok(fl_store_plan(w->store, &plan, &result, &err));
        assert_int_equal(result.n_audience, 0);
        return;
    }
    set_all_addresses(w, c[FL_RULE_ADDRESS_SUPPRESSED], FL_ADDRESS_SUPPRESSED);
    set_all_addresses(w, c[FL_RULE_COMPLAINED], FL_ADDRESS_COMPLAINED);
    plan.is_dry_run = true;
    assert_ok(fl_store_plan(w->store, &plan, &dry, &err));
    plan.is_dry_run = false;
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_audience, 7);
    assert_int_equal(result.n_planned, 1);
    assert_int_equal(result.last_id, result.first_id + 6 * FL_ID_STRIDE);
    assert_int_equal(dry.n_audience, 7);
    assert_int_equal(dry.n_planned, 1);
    assert_int_equal(dry.first_id, 0);
    for (int rule = 0; rule <= FL_RULE_ERASED; rule++) {
        expect_rule(w, c[rule], (enum fl_rule)rule);
        assert_int_equal(result.n_suppressed[rule], rule ? 1 : 0);
        assert_int_equal(dry.n_suppressed[rule], rule ? 1 : 0);
    }
    assert_true(fl_store_new_id(w->store) > result.last_id);
    /* Planning again finds nobody; a new customer is found. */
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_audience, 0);
    assert_int_equal(result.first_id, 0);
    c[0] = world_customer(w, "new", "g@example.org", FL_CONSENT_GRANTED);
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_planned, 1);
    assert_int_equal(result.first_id, result.last_id);
    world_commit(w);
}

/* An older address at fault and a newer good one, in both orders of their values. */
static int64_t put_addresses(struct world *w, const char *external_id, const char *older,
                             enum fl_address_status status, const char *newer)
{
    int64_t id = world_customer(w, external_id, older, FL_CONSENT_GRANTED);

    set_all_addresses(w, id, status);
    assert_int_equal(world_customer(w, external_id, newer, FL_CONSENT_GRANTED), id);
    return id;
}

static void expect_address(struct world *w, int64_t customer, const char *value)
{
    struct fl_error err;
    struct fl_message message = {0};
    struct fl_customer got;

    assert_ok(fl_store_message_of(w->store, customer, w->campaign, keep_message, &message, &err));
    assert_ok(fl_store_customer_get(w->store, w->arena, customer, &got, &err));
    for (size_t i = 0; i < got.n_addresses; i++)
        if (got.addresses[i].id == message.address) {
            assert_string_equal(got.addresses[i].value, value);
            return;
        }
    fail_msg("the message goes to none of the customer's addresses");
}

/* On the web nobody needs an address, and consent counts as everywhere. */
static void test_plan_web(void **state)
{
    struct world *w = *state;
    struct fl_consent consent = {.purpose = "marketing",
                                 .medium = FL_MEDIUM_WEB,
                                 .state = FL_CONSENT_GRANTED,
                                 .source = "test",
                                 .proof = "test"};
    struct fl_store_plan plan;
    struct fl_store_plan_result result;
    struct fl_claim_row *rows;
    struct fl_error err;
    size_t n = 0;

    world_begin(w);
    consent.customer = world_customer(w, "nowhere", NULL, FL_CONSENT_NONE);
    world_customer(w, "silent", "e@example.org", FL_CONSENT_GRANTED);
    world_campaign(w);
    plan = world_plan(w);
    plan.medium = FL_MEDIUM_WEB;
    assert_ok(fl_store_channel_id(w->store, "pages", FL_MEDIUM_WEB, &plan.channel, &err));
    if (!fl_store_remembers(w->store)) {
        assert_ok(fl_store_plan(w->store, &plan, &result, &err));
        return;
    }
    assert_ok(fl_store_consent_append(w->store, &consent, &err));
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_audience, 2);
    assert_int_equal(result.n_planned, 1);
    assert_int_equal(result.n_suppressed[FL_RULE_NO_CONSENT], 1);
    assert_ok(fl_store_claim(w->store, w->arena, plan.channel, WORLD_NOW, 10, &rows, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].message.address, 0);
    assert_string_equal(rows[0].address, "nowhere");
    assert_int_equal(rows[0].consent, FL_CONSENT_GRANTED);
    plan.purpose = NULL;
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_audience, 0);
    world_commit(w);
}

static void test_plan_best_address(void **state)
{
    struct world *w = *state;
    struct fl_store_plan plan;
    struct fl_store_plan_result result, dry;
    struct fl_error err;
    int64_t a, b, c, d;

    if (!fl_store_remembers(w->store))
        return;
    world_begin(w);
    world_customer(w, "before", "x@example.org", FL_CONSENT_GRANTED);
    a = put_addresses(w, "a", "a1@example.org", FL_ADDRESS_SUPPRESSED, "a2@example.org");
    b = put_addresses(w, "b", "b2@example.org", FL_ADDRESS_COMPLAINED, "b1@example.org");
    /* Both at fault: the newer one says which rule. */
    c = put_addresses(w, "c", "c1@example.org", FL_ADDRESS_SUPPRESSED, "c2@example.org");
    set_all_addresses(w, c, FL_ADDRESS_COMPLAINED);
    d = put_addresses(w, "d", "d3@example.org", FL_ADDRESS_SUPPRESSED, "d2@example.org");
    set_all_addresses(w, d, FL_ADDRESS_SUPPRESSED);
    world_customer(w, "d", "d1@example.org", FL_CONSENT_GRANTED);
    world_customer(w, "after", "y@example.org", FL_CONSENT_GRANTED);
    world_campaign(w);
    plan = world_plan(w);
    plan.is_dry_run = true;
    assert_ok(fl_store_plan(w->store, &plan, &dry, &err));
    plan.is_dry_run = false;
    plan.limit = 3; /* of customers, not of addresses */
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_audience, 3);
    assert_int_equal(result.last_id, result.first_id + 2 * FL_ID_STRIDE);
    plan.limit = 0;
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_audience, 3);
    assert_int_equal(result.n_suppressed[FL_RULE_COMPLAINED], 1);
    assert_int_equal(dry.n_audience, 6);
    assert_int_equal(dry.n_planned, 5);
    assert_int_equal(dry.n_suppressed[FL_RULE_COMPLAINED], 1);
    assert_int_equal(dry.n_suppressed[FL_RULE_ADDRESS_SUPPRESSED], 0);
    expect_rule(w, a, FL_RULE_NONE);
    expect_address(w, a, "a2@example.org");
    expect_rule(w, b, FL_RULE_NONE);
    expect_address(w, b, "b1@example.org");
    expect_rule(w, c, FL_RULE_COMPLAINED);
    expect_rule(w, d, FL_RULE_NONE);
    expect_address(w, d, "d1@example.org");
    world_commit(w);
}

static void test_plan_transactional(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_store_plan plan;
    struct fl_store_plan_result result;

    world_begin(w);
    world_customer(w, "out", "f@example.org", FL_CONSENT_WITHDRAWN);
    world_customer(w, "silent", "g@example.org", FL_CONSENT_NONE);
    world_campaign(w);
    plan = world_plan(w);
    plan.purpose = NULL;
    plan.limit = 1;
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_planned, fl_store_remembers(w->store) ? 1 : 0);
    plan.limit = 0;
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_planned, fl_store_remembers(w->store) ? 1 : 0);
    world_commit(w);
}

static void put_with_anchor(struct world *w, const char *external_id, int32_t birth,
                            const char *attributes)
{
    struct fl_error err;
    struct fl_anchor anchor = {"birth", birth};
    struct fl_customer customer = {
        .external_id = external_id, .attributes = attributes, .anchors = &anchor, .n_anchors = 1};
    enum fl_put put;
    int64_t id;

    assert_ok(fl_store_customer_put(w->store, &customer, &put, &id, &err));
}

static void test_plan_audience(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    const char *names[] = {"segment", "o'clock", NULL};
    const char *values[] = {"a", "x' OR '1'='1", NULL};
    struct fl_store_plan plan;
    struct fl_store_plan_result result;
    bool can = fl_store_remembers(w->store);

    world_begin(w);
    put_with_anchor(w, "1", 100, "{\"segment\":\"a\",\"o'clock\":\"x' OR '1'='1\"}");
    put_with_anchor(w, "2", 101, "{\"segment\":\"a\"}");
    put_with_anchor(w, "3", 102, "{\"segment\":\"b\"}");
    put_with_anchor(w, "4", 103, "{}");
    world_campaign(w);
    plan = world_plan(w);
    plan.is_dry_run = true;
    plan.anchor = "birth";
    plan.anchor_from = 101;
    plan.anchor_to = 102;
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_audience, can ? 2 : 0);
    plan.attribute_names = names;
    plan.attribute_values = values;
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_audience, 0);
    plan.anchor = NULL;
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_audience, can ? 1 : 0);
    plan.is_dry_run = false;
    plan.anchor = "birth";
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    plan.attribute_names = NULL;
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_audience, can ? 2 : 0);
    assert_int_equal(result.n_suppressed[FL_RULE_NO_ADDRESS], can ? 2 : 0);
    world_commit(w);
}

static void test_plan_refusals(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    const char *bad[] = {"a\"b", NULL};
    const char *many[20], *none[] = {"a", NULL};
    struct fl_store_plan plan = {.occurrence = 64, .channel = 64, .medium = FL_MEDIUM_EMAIL};
    struct fl_store_plan_result result;

    assert_status(FL_INTERNAL, fl_store_plan(w->store, &plan, &result, &err));
    world_begin(w);
    plan.limit = -1;
    assert_status(FL_INVALID, fl_store_plan(w->store, &plan, &result, &err));
    plan.limit = 0;
    plan.attribute_names = bad;
    plan.attribute_values = bad;
    assert_status(FL_INVALID, fl_store_plan(w->store, &plan, &result, &err));
    for (int i = 0; i < 19; i++)
        many[i] = "a";
    many[19] = NULL;
    plan.attribute_names = plan.attribute_values = many;
    assert_status(FL_LIMIT, fl_store_plan(w->store, &plan, &result, &err));
    plan.attribute_names = none;
    plan.attribute_values = NULL;
    assert_status(FL_INVALID, fl_store_plan(w->store, &plan, &result, &err));
    plan.attribute_names = NULL;
    plan.medium = FL_MEDIUM_NONE;
    assert_status(FL_INVALID, fl_store_plan(w->store, &plan, &result, &err));
    plan.channel = 0;
    assert_status(FL_INVALID, fl_store_plan(w->store, &plan, &result, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_content),           BOTH(test_channels),           BOTH(test_campaigns),
        BOTH(test_occurrences),       BOTH(test_plan_rules),         BOTH(test_plan_web),
        BOTH(test_plan_best_address), BOTH(test_plan_transactional), BOTH(test_plan_audience),
        BOTH(test_plan_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
