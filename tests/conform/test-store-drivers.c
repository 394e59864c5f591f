/*
 * What every driver of the store must do.  A driver that forgets says so by fl_store_remembers();
 * of it everything is asked that can be asked, and that it finds nothing.
 */
#include "world.h"

static int open_driver(void **state, const char *driver)
{
    struct world *w = malloc(sizeof *w);

    world_init(w, driver);
    world_open(w);
    *state = w;
    return 0;
}

static int open_sqlite(void **state)
{
    return open_driver(state, "sqlite");
}

static int open_null(void **state)
{
    return open_driver(state, "null");
}

static int finish(void **state)
{
    struct world *w = *state;
    struct fl_error err;

    fl_store_rollback(w->store);
    assert_ok(fl_store_check(w->store, world_show, NULL, &err));
    world_finish(w);
    free(w);
    return 0;
}

/* ---- transactions -----------------------------------------------------------------------------*/

static void test_transactions(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    const char *value = NULL;

    assert_false(fl_store_in_transaction(w->store));
    fl_store_rollback(w->store);
    assert_status(FL_INTERNAL, fl_store_commit(w->store, &err));
    assert_status(FL_INTERNAL, fl_store_meta_set(w->store, "k", "v", &err));
    world_begin(w);
    assert_true(fl_store_in_transaction(w->store));
    assert_status(FL_INTERNAL, fl_store_begin(w->store, &err));
    assert_ok(fl_store_meta_set(w->store, "k", "v", &err));
    assert_status(FL_INVALID, fl_store_meta_set(w->store, "", "v", &err));
    world_commit(w);
    world_begin(w);
    assert_ok(fl_store_meta_set(w->store, "k", "other", &err));
    fl_store_rollback(w->store);
    assert_false(fl_store_in_transaction(w->store));
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND, fl_store_meta_get(w->store, w->arena, "k", &value, &err));
        return;
    }
    assert_ok(fl_store_meta_get(w->store, w->arena, "k", &value, &err));
    assert_string_equal(value, "v");
    assert_status(FL_NOT_FOUND, fl_store_meta_get(w->store, w->arena, "other", &value, &err));
    assert_non_null(strstr(err.text, "\"other\""));
}

static void test_ids_grow(void **state)
{
    struct world *w = *state;
    int64_t a = fl_store_new_id(w->store), b;

    for (int i = 0; i < 1000; i++) {
        b = fl_store_new_id(w->store);
        assert_true(b > a);
        a = b;
    }
    assert_non_null(fl_store_driver(w->store));
    assert_true(fl_store_schema_version(w->store) >= 0);
}

/* ---- customers --------------------------------------------------------------------------------*/

static bool count_customer(void *ctx, const struct fl_customer *customer)
{
    int *n = ctx;

    assert_non_null(customer->external_id);
    return ++*n < 3;
}

static void test_customer_put_get(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_address addresses[] = {{.medium = FL_MEDIUM_EMAIL, .value = "kim@example.org"},
                                     {.medium = FL_MEDIUM_SMS, .value = "+821012345678"},
                                     {.medium = FL_MEDIUM_EMAIL, .value = "kim@example.org"}};
    struct fl_anchor anchors[] = {{"birth", 20000}, {"contract_end", 21000}};
    struct fl_consent consents[] = {
        {.purpose = "marketing", .medium = FL_MEDIUM_EMAIL, .state = FL_CONSENT_GRANTED},
        {.purpose = "marketing", .medium = FL_MEDIUM_SMS, .state = FL_CONSENT_WITHDRAWN}};
    struct fl_customer customer = {.external_id = "kim-1",
                                   .name = "Kim \"\xea\xb9\x80\" O'Neil",
                                   .attributes = "{\"a\":\"b\"}",
                                   .addresses = addresses,
                                   .n_addresses = 3,
                                   .anchors = anchors,
                                   .n_anchors = 2,
                                   .consents = consents,
                                   .n_consents = 2};
    struct fl_customer got;
    enum fl_put put = FL_PUT_UNCHANGED;
    int64_t id = 0, found = 0, ids[4];
    size_t n = 9;
    int n_each = 0;

    world_begin(w);
    assert_ok(fl_store_customer_put(w->store, &customer, &put, &id, &err));
    assert_int_equal(put, FL_PUT_INSERTED);
    assert_true(id > 0);
    world_commit(w);
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND, fl_store_customer_get(w->store, w->arena, id, &got, &err));
        assert_status(FL_NOT_FOUND, fl_store_customer_find(w->store, "kim-1", &found, &err));
        assert_ok(fl_store_customers_by_address(w->store, FL_MEDIUM_EMAIL, "x", ids, 4, &n, &err));
        assert_int_equal(n, 0);
        assert_ok(fl_store_customer_each(w->store, 0, 0, count_customer, &n_each, &err));
        assert_int_equal(n_each, 0);
        return;
    }
    assert_ok(fl_store_customer_find(w->store, "kim-1", &found, &err));
    assert_int_equal(found, id);
    assert_ok(fl_store_customer_get(w->store, w->arena, id, &got, &err));
    assert_string_equal(got.name, customer.name);
    assert_string_equal(got.language, "");
    assert_string_equal(got.attributes, "{\"a\":\"b\"}");
    assert_int_equal(got.n_addresses, 2);
    assert_string_equal(got.addresses[0].value, "kim@example.org");
    assert_int_equal(got.addresses[1].medium, FL_MEDIUM_SMS);
    assert_int_equal(got.n_anchors, 2);
    assert_string_equal(got.anchors[0].name, "birth");
    assert_int_equal(got.anchors[0].date, 20000);
    assert_int_equal(got.n_consents, 2);
    assert_int_equal(got.consents[1].state, FL_CONSENT_WITHDRAWN);
    assert_int_equal(got.consents[1].at_us, WORLD_NOW);
    assert_int_equal(got.created_us, WORLD_NOW);
    assert_ok(fl_store_customers_by_address(w->store, FL_MEDIUM_EMAIL, "kim@example.org", ids, 4,
                                            &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(ids[0], id);
    assert_status(FL_NOT_FOUND, fl_store_customer_find(w->store, "kim-2", &found, &err));
    assert_status(FL_NOT_FOUND, fl_store_customer_get(w->store, w->arena, 1, &got, &err));
}

static void test_customer_update(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_address address = {.medium = FL_MEDIUM_EMAIL, .value = "old@example.org"};
    struct fl_anchor anchor = {"birth", 20000};
    struct fl_customer customer = {.external_id = "kim-1",
                                   .name = "Kim",
                                   .addresses = &address,
                                   .n_addresses = 1,
                                   .anchors = &anchor,
                                   .n_anchors = 1};
    struct fl_customer got;
    enum fl_put put;
    int64_t id, again;

    world_begin(w);
    assert_ok(fl_store_customer_put(w->store, &customer, &put, &id, &err));
    assert_ok(fl_store_customer_put(w->store, &customer, &put, &again, &err));
    if (!fl_store_remembers(w->store)) {
        assert_int_equal(put, FL_PUT_INSERTED);
        return;
    }
    assert_int_equal(put, FL_PUT_UNCHANGED);
    assert_int_equal(again, id);
    address.value = "new@example.org";
    anchor.date = 20001;
    customer.name = NULL;
    customer.language = "ko";
    w->manual.now_us += FL_US_PER_S;
    assert_ok(fl_store_customer_put(w->store, &customer, &put, &again, &err));
    assert_int_equal(put, FL_PUT_UPDATED);
    assert_ok(fl_store_customer_get(w->store, w->arena, id, &got, &err));
    assert_string_equal(got.name, "Kim");
    assert_string_equal(got.language, "ko");
    assert_int_equal(got.updated_us, WORLD_NOW + FL_US_PER_S);
    assert_int_equal(got.created_us, WORLD_NOW);
    assert_int_equal(got.n_addresses, 2);
    assert_int_equal(got.addresses[0].status, FL_ADDRESS_REPLACED);
    assert_int_equal(got.addresses[1].status, FL_ADDRESS_OK);
    assert_int_equal(got.anchors[0].date, 20001);
    /* Back to the old one. */
    address.value = "old@example.org";
    assert_ok(fl_store_customer_put(w->store, &customer, &put, &again, &err));
    assert_int_equal(put, FL_PUT_UPDATED);
    assert_ok(fl_store_customer_get(w->store, w->arena, id, &got, &err));
    assert_int_equal(got.addresses[0].status, FL_ADDRESS_OK);
    assert_int_equal(got.addresses[1].status, FL_ADDRESS_REPLACED);
    /* What is at fault stays at fault, whatever a file says. */
    assert_ok(
        fl_store_address_set_status(w->store, got.addresses[0].id, FL_ADDRESS_SUPPRESSED, 7, &err));
    assert_ok(fl_store_customer_put(w->store, &customer, &put, &again, &err));
    assert_int_equal(put, FL_PUT_UNCHANGED);
    address.value = "third@example.org";
    assert_ok(fl_store_customer_put(w->store, &customer, &put, &again, &err));
    assert_ok(fl_store_customer_get(w->store, w->arena, id, &got, &err));
    assert_int_equal(got.addresses[0].status, FL_ADDRESS_SUPPRESSED);
    assert_status(FL_NOT_FOUND, fl_store_address_set_status(w->store, 1, FL_ADDRESS_OK, 0, &err));
    world_commit(w);
}

static void test_customer_states(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_customer customer = {.external_id = "kim-1", .state = FL_CUSTOMER_OBJECTED};
    struct fl_customer got;
    enum fl_put put;
    int64_t id;

    world_begin(w);
    assert_ok(fl_store_customer_put(w->store, &customer, &put, &id, &err));
    if (!fl_store_remembers(w->store))
        return;
    customer.state = FL_CUSTOMER_ACTIVE;
    customer.attributes = "[1]";
    assert_status(FL_INVALID, fl_store_customer_put(w->store, &customer, &put, &id, &err));
    customer.attributes = "{\"a\":";
    assert_status(FL_INVALID, fl_store_customer_put(w->store, &customer, &put, &id, &err));
    customer.attributes = NULL;
    customer.name = "Kim";
    assert_ok(fl_store_customer_put(w->store, &customer, &put, &id, &err));
    assert_ok(fl_store_customer_get(w->store, w->arena, id, &got, &err));
    assert_int_equal(got.state, FL_CUSTOMER_OBJECTED);
    customer.state = FL_CUSTOMER_ERASED;
    assert_ok(fl_store_customer_put(w->store, &customer, &put, &id, &err));
    assert_int_equal(put, FL_PUT_UPDATED);
    assert_status(FL_REJECTED, fl_store_customer_put(w->store, &customer, &put, &id, &err));
    world_commit(w);
}

static void test_customer_refusals(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_address bad_medium = {.medium = FL_MEDIUM_NONE, .value = "x"};
    struct fl_address empty = {.medium = FL_MEDIUM_EMAIL, .value = ""};
    struct fl_anchor no_name = {"", 1};
    struct fl_consent no_purpose = {.purpose = "", .medium = FL_MEDIUM_EMAIL};
    struct fl_consent bad_state = {
        .purpose = "p", .medium = FL_MEDIUM_EMAIL, .state = (enum fl_consent_state)9};
    const struct fl_customer refused[] = {
        {.external_id = NULL},
        {.external_id = ""},
        {.external_id = "a", .state = (enum fl_customer_state)7},
        {.external_id = "a", .addresses = &bad_medium, .n_addresses = 1},
        {.external_id = "a", .addresses = &empty, .n_addresses = 1},
        {.external_id = "a", .anchors = &no_name, .n_anchors = 1},
        {.external_id = "a", .consents = &no_purpose, .n_consents = 1},
        {.external_id = "a", .consents = &bad_state, .n_consents = 1}};
    enum fl_put put;
    int64_t id = 42;

    assert_status(FL_INTERNAL, fl_store_customer_put(w->store, &refused[0], &put, &id, &err));
    world_begin(w);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_status(FL_INVALID, fl_store_customer_put(w->store, &refused[i], &put, &id, &err));
    assert_int_equal(id, 42);
    assert_status(FL_INVALID, fl_store_consent_append(w->store, &no_purpose, &err));
    bad_state.state = FL_CONSENT_GRANTED;
    assert_status(FL_INVALID, fl_store_consent_append(w->store, &bad_state, &err));
    assert_status(FL_INVALID,
                  fl_store_address_set_status(w->store, 1, (enum fl_address_status)9, 0, &err));
    /* Refusals do not spoil the transaction. */
    world_commit(w);
}

static void test_customer_each(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    int n = 0;

    world_begin(w);
    for (int i = 0; i < 5; i++) {
        char external_id[16];

        snprintf(external_id, sizeof external_id, "c%d", i);
        world_customer(w, external_id, "same@example.org", FL_CONSENT_NONE);
    }
    world_commit(w);
    assert_ok(fl_store_customer_each(w->store, 0, 2, count_customer, &n, &err));
    assert_int_equal(n, fl_store_remembers(w->store) ? 2 : 0);
    n = 0;
    assert_ok(fl_store_customer_each(w->store, 0, 0, count_customer, &n, &err));
    assert_int_equal(n, fl_store_remembers(w->store) ? 3 : 0);
}

/* ---- consent ----------------------------------------------------------------------------------*/

static bool count_lines(void *ctx, const struct fl_consent *line)
{
    int *n = ctx;

    assert_string_equal(line->purpose, "marketing");
    ++*n;
    return true;
}

static enum fl_consent_state consent_now(struct world *w, int64_t customer)
{
    struct fl_error err;
    struct fl_customer got;

    assert_ok(fl_store_customer_get(w->store, w->arena, customer, &got, &err));
    assert_int_equal(got.n_consents, 1);
    return got.consents[0].state;
}

static void test_consent_ledger(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_consent line = {.purpose = "marketing",
                              .medium = FL_MEDIUM_EMAIL,
                              .state = FL_CONSENT_WITHDRAWN,
                              .source = "reply",
                              .at_us = WORLD_NOW + 10};
    int n = 0;

    world_begin(w);
    line.customer = world_customer(w, "kim", "kim@example.org", FL_CONSENT_GRANTED);
    assert_ok(fl_store_consent_append(w->store, &line, &err));
    if (!fl_store_remembers(w->store)) {
        assert_ok(fl_store_consent_history(w->store, line.customer, count_lines, &n, &err));
        assert_int_equal(n, 0);
        return;
    }
    assert_int_equal(consent_now(w, line.customer), FL_CONSENT_WITHDRAWN);
    /* An import that brings the old grant again changes nothing. */
    w->manual.now_us = WORLD_NOW + 5;
    world_customer(w, "kim", "kim@example.org", FL_CONSENT_GRANTED);
    assert_int_equal(consent_now(w, line.customer), FL_CONSENT_WITHDRAWN);
    assert_ok(fl_store_consent_history(w->store, line.customer, count_lines, &n, &err));
    assert_int_equal(n, 2);
    /* A line about the past is kept and does not hold. */
    line.state = FL_CONSENT_GRANTED;
    line.at_us = WORLD_NOW - 10;
    assert_ok(fl_store_consent_append(w->store, &line, &err));
    assert_int_equal(consent_now(w, line.customer), FL_CONSENT_WITHDRAWN);
    /* A newer grant holds. */
    w->manual.now_us = WORLD_NOW + 20;
    world_customer(w, "kim", "kim@example.org", FL_CONSENT_GRANTED);
    assert_int_equal(consent_now(w, line.customer), FL_CONSENT_GRANTED);
    n = 0;
    assert_ok(fl_store_consent_history(w->store, line.customer, count_lines, &n, &err));
    assert_int_equal(n, 4);
    world_commit(w);
}

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

/* ---- claims, leases, settling -----------------------------------------------------------------*/

static size_t claim(struct world *w, size_t limit, struct fl_claim_row **out)
{
    struct fl_error err;
    size_t n = 99;

    assert_ok(
        fl_store_claim(w->store, w->arena, w->channel, w->manual.now_us, limit, out, &n, &err));
    return n;
}

static int64_t lease_rows(struct world *w, const struct fl_claim_row *rows, size_t n, bool is_begun)
{
    struct fl_error err;
    int64_t ids[256];
    struct fl_lease lease = {.channel = w->channel,
                             .worker = 1,
                             .epoch = 7,
                             .is_begun = is_begun,
                             .ids = ids,
                             .n_ids = n};

    for (size_t i = 0; i < n; i++)
        ids[i] = rows[i].message.id;
    assert_ok(fl_store_lease_put(w->store, &lease, &err));
    assert_true(lease.id > 0);
    return lease.id;
}

static void settle(struct world *w, int64_t message, enum fl_message_state from,
                   enum fl_message_state to, int64_t due_us)
{
    struct fl_error err;
    struct fl_settle s = {
        .message = message, .from = from, .to = to, .attempts = 1, .due_us = due_us};
    struct fl_event event = {.message = message, .kind = FL_EVENT_ACCEPTED};
    int64_t id;

    assert_ok(fl_store_message_settle(w->store, &s, &err));
    if (to == FL_MESSAGE_ACCEPTED)
        assert_ok(fl_store_event_put(w->store, &event, &id, &err));
}

static int64_t next_due(struct world *w)
{
    struct fl_error err;
    int64_t due = 1;

    assert_ok(fl_store_next_due(w->store, w->channel, &due, &err));
    return due;
}

static void test_claim_nothing(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_claim_row *rows;
    struct fl_lease *leases;
    size_t n = 9;

    world_begin(w);
    world_campaign(w);
    world_commit(w);
    assert_int_equal(claim(w, 64, &rows), 0);
    assert_true(next_due(w) == FL_TIME_NONE);
    assert_ok(fl_store_lease_all(w->store, w->arena, &leases, &n, &err));
    assert_int_equal(n, 0);
}

static void test_claim_rows(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_anchor anchors[] = {{"birth", 20000}, {"a\"b", 0}};
    struct fl_customer more = {.external_id = "c000000", .anchors = anchors, .n_anchors = 2};
    struct fl_claim_row *rows;
    enum fl_put put;
    int64_t id;

    world_planned(w, 3);
    if (!fl_store_remembers(w->store))
        return;
    world_begin(w);
    assert_ok(fl_store_customer_put(w->store, &more, &put, &id, &err));
    world_commit(w);
    assert_int_equal(claim(w, 64, &rows), 3);
    assert_int_equal(rows[0].message.customer, id);
    assert_int_equal(rows[0].message.occurrence, w->occurrence);
    assert_int_equal(rows[0].message.channel, w->channel);
    assert_int_equal(rows[0].message.due_us, WORLD_NOW);
    assert_int_equal(rows[0].campaign, w->campaign);
    assert_int_equal(rows[0].content, w->content);
    assert_string_equal(rows[0].campaign_name, "mothers");
    assert_string_equal(rows[0].purpose, "marketing");
    assert_string_equal(rows[0].stage, "");
    assert_string_equal(rows[0].address, "c000000@example.org");
    assert_int_equal(rows[0].address_status, FL_ADDRESS_OK);
    assert_int_equal(rows[0].consent, FL_CONSENT_GRANTED);
    assert_string_equal(rows[0].external_id, "c000000");
    assert_string_equal(rows[0].name, "Kim");
    assert_string_equal(rows[0].attributes, "{\"segment\":\"mothers\"}");
    assert_string_equal(rows[0].anchors, "{\"a\\\"b\":\"1970-01-01\",\"birth\":\"2024-10-04\"}");
    assert_string_equal(rows[1].anchors, "{}");
    /* Nothing was written: the same again. */
    assert_int_equal(claim(w, 2, &rows), 2);
    assert_string_equal(rows[1].external_id, "c000001");
    assert_status(FL_NOT_FOUND, fl_store_claim(w->store, w->arena, 1, w->manual.now_us, 1, &rows,
                                               &(size_t){0}, &err));
}

static void test_claim_lease_settle(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_claim_row *rows;
    struct fl_lease *leases, again;
    int64_t a, b, counts[FL_MESSAGE_STATES];
    size_t n;

    world_planned(w, 10);
    if (!fl_store_remembers(w->store))
        return;
    assert_int_equal(next_due(w), WORLD_NOW);
    world_begin(w);
    assert_int_equal(claim(w, 4, &rows), 4);
    a = lease_rows(w, rows, 4, false);
    again = (struct fl_lease){.ids = &rows[1].message.id, .n_ids = 1};
    assert_status(FL_CONFLICT, fl_store_lease_put(w->store, &again, &err));
    assert_int_equal(claim(w, 100, &rows), 6);
    b = lease_rows(w, rows, 4, true);
    world_commit(w);
    assert_ok(fl_store_message_counts(w->store, 0, counts, &err));
    assert_int_equal(counts[FL_MESSAGE_CLAIMED], 4);
    assert_int_equal(counts[FL_MESSAGE_BEGUN], 4);
    assert_int_equal(counts[FL_MESSAGE_DUE], 2);
    assert_int_equal(counts[FL_MESSAGE_PLANNED], 0);
    assert_ok(fl_store_lease_all(w->store, w->arena, &leases, &n, &err));
    assert_int_equal(n, 2);
    assert_int_equal(leases[0].id, a);
    assert_int_equal(leases[1].epoch, 7);
    assert_true(leases[1].is_begun);
    assert_int_equal(leases[1].n_ids, 4);
    world_begin(w);
    /* One lease is worked off, but for one that is put off; the other goes back untouched. */
    for (size_t i = 0; i < 3; i++)
        settle(w, leases[1].ids[i], FL_MESSAGE_PLANNED, FL_MESSAGE_ACCEPTED, 0);
    settle(w, leases[1].ids[3], FL_MESSAGE_PLANNED, FL_MESSAGE_DEFERRED, WORLD_NOW + 50);
    assert_ok(fl_store_lease_drop(w->store, b, &err));
    assert_ok(fl_store_lease_drop(w->store, a, &err));
    assert_status(FL_NOT_FOUND, fl_store_lease_drop(w->store, a, &err));
    world_commit(w);
    assert_int_equal(claim(w, 100, &rows), 6);
    assert_int_equal(rows[0].message.id, leases[0].ids[0]);
    w->manual.now_us = WORLD_NOW + 60;
    assert_int_equal(claim(w, 100, &rows), 7);
    assert_int_equal(rows[0].message.id, leases[1].ids[3]);
    assert_int_equal(rows[0].message.state, FL_MESSAGE_DEFERRED);
    assert_int_equal(rows[0].message.attempts, 1);
}

static void test_block_is_walked_once(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_claim_row *rows;
    int64_t lease, n_finished = -1;
    size_t n, n_total = 0;

    world_planned(w, 100);
    if (!fl_store_remembers(w->store))
        return;
    for (;;) {
        world_begin(w);
        n = claim(w, 7, &rows);
        if (!n)
            break;
        n_total += n;
        lease = lease_rows(w, rows, n, true);
        world_commit(w);
        assert_status(FL_INTERNAL, fl_store_occurrence_finish(w->store, &n_finished, &err));
        world_begin(w);
        for (size_t i = 0; i < n; i++)
            settle(w, rows[i].message.id, FL_MESSAGE_PLANNED, FL_MESSAGE_ACCEPTED, 0);
        assert_ok(fl_store_lease_drop(w->store, lease, &err));
        world_commit(w);
    }
    assert_int_equal(n_total, 100);
    world_commit(w); /* closes the block */
    assert_true(next_due(w) == FL_TIME_NONE);
    world_begin(w);
    assert_ok(fl_store_occurrence_finish(w->store, &n_finished, &err));
    assert_int_equal(n_finished, 1);
    world_commit(w);
}

/* All in hand, the block is closed, and then one comes back. */
static void test_block_opens_again(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_claim_row *rows;
    int64_t lease, n_finished = -1, counts[FL_MESSAGE_STATES];

    world_planned(w, 5);
    if (!fl_store_remembers(w->store))
        return;
    world_begin(w);
    assert_int_equal(claim(w, 100, &rows), 5);
    lease = lease_rows(w, rows, 5, true);
    assert_int_equal(claim(w, 100, &rows), 0);
    world_commit(w);
    assert_true(next_due(w) == FL_TIME_NONE);
    world_begin(w);
    assert_ok(fl_store_occurrence_finish(w->store, &n_finished, &err));
    assert_int_equal(n_finished, 0);
    assert_ok(fl_store_lease_drop(w->store, lease, &err));
    world_commit(w);
    assert_int_equal(next_due(w), WORLD_NOW);
    assert_int_equal(claim(w, 100, &rows), 5);
    /* A lease that is renewed as begun. */
    world_begin(w);
    lease = lease_rows(w, rows, 5, false);
    assert_ok(fl_store_lease_put(w->store,
                                 &(struct fl_lease){.id = lease,
                                                    .channel = w->channel,
                                                    .is_begun = true,
                                                    .ids = &rows[0].message.id,
                                                    .n_ids = 1},
                                 &err));
    assert_status(
        FL_NOT_FOUND,
        fl_store_lease_put(
            w->store, &(struct fl_lease){.id = 64, .ids = &rows[0].message.id, .n_ids = 1}, &err));
    world_commit(w);
    assert_ok(fl_store_message_counts(w->store, w->campaign, counts, &err));
    assert_int_equal(counts[FL_MESSAGE_BEGUN], 1);
    assert_int_equal(counts[FL_MESSAGE_DUE], 4);
    assert_int_equal(claim(w, 100, &rows), 4);
}

static void test_rollback_forgets_leases(void **state)
{
    struct world *w = *state;
    struct fl_claim_row *rows;

    world_planned(w, 5);
    if (!fl_store_remembers(w->store))
        return;
    world_begin(w);
    assert_int_equal(claim(w, 100, &rows), 5);
    lease_rows(w, rows, 5, true);
    assert_int_equal(claim(w, 100, &rows), 0);
    fl_store_rollback(w->store);
    assert_int_equal(claim(w, 100, &rows), 5);
}

static void test_paused_and_future(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_claim_row *rows;

    world_planned(w, 5);
    if (!fl_store_remembers(w->store))
        return;
    w->manual.now_us = WORLD_NOW - 1;
    assert_int_equal(claim(w, 100, &rows), 0);
    assert_int_equal(next_due(w), WORLD_NOW);
    w->manual.now_us = WORLD_NOW;
    assert_int_equal(claim(w, 1, &rows), 1);
    world_begin(w);
    settle(w, rows[0].message.id, FL_MESSAGE_PLANNED, FL_MESSAGE_DEFERRED, WORLD_NOW - 5);
    assert_ok(fl_store_campaign_set_state(w->store, w->campaign, FL_CAMPAIGN_PAUSED, "", &err));
    world_commit(w);
    assert_int_equal(claim(w, 100, &rows), 0);
    assert_true(next_due(w) == FL_TIME_NONE);
    world_begin(w);
    assert_ok(fl_store_campaign_set_state(w->store, w->campaign, FL_CAMPAIGN_SCHEDULED, "", &err));
    world_commit(w);
    assert_int_equal(next_due(w), WORLD_NOW - 5);
    assert_int_equal(claim(w, 100, &rows), 5);
}

static void test_settle_conflicts(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_claim_row *rows;
    struct fl_message message;
    struct fl_settle s = {.message = 64,
                          .from = FL_MESSAGE_PLANNED,
                          .to = FL_MESSAGE_CANCELLED,
                          .rule = FL_RULE_CAMPAIGN_CANCELLED};

    world_planned(w, 2);
    world_begin(w);
    s.to = FL_MESSAGE_CLAIMED;
    assert_status(FL_INVALID, fl_store_message_settle(w->store, &s, &err));
    s.to = FL_MESSAGE_CANCELLED;
    s.from = FL_MESSAGE_DUE;
    assert_status(FL_INVALID, fl_store_message_settle(w->store, &s, &err));
    s.from = FL_MESSAGE_PLANNED;
    s.rule = (enum fl_rule)99;
    assert_status(FL_INVALID, fl_store_message_settle(w->store, &s, &err));
    s.rule = FL_RULE_CAMPAIGN_CANCELLED;
    if (!fl_store_remembers(w->store)) {
        assert_ok(fl_store_message_settle(w->store, &s, &err));
        assert_status(FL_NOT_FOUND, fl_store_message_get(w->store, 64, &message, &err));
        return;
    }
    assert_status(FL_NOT_FOUND, fl_store_message_settle(w->store, &s, &err));
    claim(w, 1, &rows);
    s.message = rows[0].message.id;
    assert_ok(fl_store_message_settle(w->store, &s, &err));
    assert_status(FL_CONFLICT, fl_store_message_settle(w->store, &s, &err));
    assert_non_null(strstr(err.text, "cancelled"));
    assert_ok(fl_store_message_get(w->store, s.message, &message, &err));
    assert_int_equal(message.state, FL_MESSAGE_CANCELLED);
    assert_int_equal(message.rule, FL_RULE_CAMPAIGN_CANCELLED);
    assert_int_equal(message.due_us, WORLD_NOW);
    /* A cancelled message that a person plans again is found again. */
    s = (struct fl_settle){
        .message = s.message, .from = FL_MESSAGE_CANCELLED, .to = FL_MESSAGE_PLANNED};
    assert_ok(fl_store_message_settle(w->store, &s, &err));
    assert_int_equal(claim(w, 100, &rows), 2);
    world_commit(w);
}

static void test_message_put(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_claim_row *rows;
    struct fl_message message;

    world_begin(w);
    world_campaign(w);
    message = (struct fl_message){.occurrence = w->occurrence,
                                  .customer = world_customer(w, "a", "a@b.example", 0),
                                  .channel = w->channel,
                                  .due_us = WORLD_NOW};
    assert_ok(fl_store_message_put(w->store, &message, &err));
    assert_true(message.id > 0);
    message.state = FL_MESSAGE_BEGUN;
    assert_status(FL_INVALID, fl_store_message_put(w->store, &message, &err));
    assert_status(FL_INVALID, fl_store_message_put(w->store, &(struct fl_message){0}, &err));
    message.state = FL_MESSAGE_PLANNED;
    if (!fl_store_remembers(w->store))
        return;
    assert_status(FL_CONFLICT, fl_store_message_put(w->store, &message, &err));
    world_commit(w);
    assert_int_equal(claim(w, 10, &rows), 1);
    assert_int_equal(rows[0].message.id, message.id);
    assert_null(rows[0].address);
}

static void test_new_address_takes_the_queue(void **state)
{
    struct world *w = *state;
    struct fl_claim_row *rows;

    world_planned(w, 1);
    if (!fl_store_remembers(w->store))
        return;
    world_begin(w);
    world_customer(w, "c000000", "elsewhere@example.org", FL_CONSENT_NONE);
    world_commit(w);
    assert_int_equal(claim(w, 10, &rows), 1);
    assert_string_equal(rows[0].address, "elsewhere@example.org");
    assert_int_equal(rows[0].address_status, FL_ADDRESS_OK);
}

static bool count_messages(void *ctx, const struct fl_message *message)
{
    (void)message;
    ++*(int *)ctx;
    return true;
}

static int n_of(struct world *w, enum fl_message_state state, int64_t campaign)
{
    struct fl_error err;
    int n = 0;

    assert_ok(fl_store_message_each(w->store, state, campaign, 0, 0, count_messages, &n, &err));
    return n;
}

static void test_lists_and_sweeps(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_claim_row *rows;
    int64_t n = -1, lease, counts[FL_MESSAGE_STATES];
    int n_few = 0;

    world_planned(w, 6);
    world_begin(w);
    assert_status(FL_INVALID, fl_store_message_sweep(w->store, w->campaign, FL_MESSAGE_ACCEPTED,
                                                     FL_MESSAGE_CANCELLED, FL_RULE_NONE, &n, &err));
    assert_status(FL_INVALID, fl_store_message_each(w->store, (enum fl_message_state)99, 0, 0, 0,
                                                    count_messages, &n_few, &err));
    if (!fl_store_remembers(w->store)) {
        assert_ok(fl_store_message_sweep(w->store, w->campaign, FL_MESSAGE_PLANNED,
                                         FL_MESSAGE_CANCELLED, FL_RULE_NONE, &n, &err));
        assert_int_equal(n, 0);
        assert_int_equal(n_of(w, FL_MESSAGE_DUE, 0), 0);
        assert_ok(fl_store_message_counts(w->store, 0, counts, &err));
        assert_int_equal(counts[FL_MESSAGE_DUE], 0);
        assert_ok(fl_store_message_of(w->store, 1, 1, count_messages, &n_few, &err));
        assert_int_equal(n_few, 0);
        return;
    }
    claim(w, 2, &rows);
    lease = lease_rows(w, rows, 2, true);
    assert_int_equal(n_of(w, FL_MESSAGE_BEGUN, w->campaign), 2);
    assert_int_equal(n_of(w, FL_MESSAGE_DUE, w->campaign), 4);
    assert_int_equal(n_of(w, FL_MESSAGE_PLANNED, 0), 0);
    assert_int_equal(n_of(w, FL_MESSAGE_DUE, 64), 0);
    assert_ok(
        fl_store_message_each(w->store, FL_MESSAGE_DUE, 0, 0, 3, count_messages, &n_few, &err));
    assert_int_equal(n_few, 3);
    /* Hold what nobody has in hand, release it again, cancel it. */
    assert_ok(fl_store_message_sweep(w->store, w->campaign, FL_MESSAGE_PLANNED, FL_MESSAGE_HELD,
                                     FL_RULE_HELD_BY_STAFF, &n, &err));
    assert_int_equal(n, 4);
    assert_int_equal(n_of(w, FL_MESSAGE_HELD, w->campaign), 4);
    assert_int_equal(claim(w, 100, &rows), 0);
    assert_ok(fl_store_message_sweep(w->store, w->campaign, FL_MESSAGE_HELD, FL_MESSAGE_PLANNED,
                                     FL_RULE_NONE, &n, &err));
    assert_int_equal(claim(w, 100, &rows), 4);
    assert_ok(fl_store_message_sweep(w->store, w->campaign, FL_MESSAGE_PLANNED,
                                     FL_MESSAGE_CANCELLED, FL_RULE_CAMPAIGN_CANCELLED, &n, &err));
    assert_int_equal(n, 4);
    assert_ok(fl_store_lease_drop(w->store, lease, &err));
    assert_int_equal(claim(w, 100, &rows), 2);
    world_commit(w);
    assert_ok(fl_store_message_counts(w->store, w->campaign, counts, &err));
    assert_int_equal(counts[FL_MESSAGE_CANCELLED], 4);
    assert_int_equal(counts[FL_MESSAGE_DUE], 2);
}

/* ---- what comes back --------------------------------------------------------------------------*/

static bool keep_event(void *ctx, const struct fl_event *event)
{
    int *n = ctx;

    assert_int_equal(event->kind, FL_EVENT_BOUNCED);
    assert_string_equal(event->status, "5.1.1");
    assert_null(event->detail);
    assert_int_equal(event->cost_micro, 17);
    ++*n;
    return true;
}

static void test_events(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_event event = {.message = 640,
                             .kind = FL_EVENT_BOUNCED,
                             .fault = FL_FAULT_ADDRESS,
                             .status = "5.1.1",
                             .provider_ref = "ref-1",
                             .cost_micro = 17,
                             .dedupe_key = "k1"};
    int64_t id = 0, message = 0;
    int n = 0;

    world_begin(w);
    assert_ok(fl_store_event_put(w->store, &event, &id, &err));
    assert_true(id > 0);
    event.kind = (enum fl_event_kind)99;
    assert_status(FL_INVALID, fl_store_event_put(w->store, &event, &id, &err));
    event.kind = FL_EVENT_BOUNCED;
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND, fl_store_event_by_provider(w->store, "ref-1", &message, &err));
        assert_ok(fl_store_event_each(w->store, 640, keep_event, &n, &err));
        assert_int_equal(n, 0);
        return;
    }
    assert_status(FL_CONFLICT, fl_store_event_put(w->store, &event, &id, &err));
    event.dedupe_key = NULL;
    assert_ok(fl_store_event_put(w->store, &event, &id, &err));
    assert_ok(fl_store_event_put(w->store, &event, &id, &err));
    world_commit(w);
    assert_ok(fl_store_event_each(w->store, 640, keep_event, &n, &err));
    assert_int_equal(n, 3);
    assert_ok(fl_store_event_by_provider(w->store, "ref-1", &message, &err));
    assert_int_equal(message, 640);
    assert_status(FL_NOT_FOUND, fl_store_event_by_provider(w->store, "ref-2", &message, &err));
}

static void test_evidence(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    static char big[100000];
    char hash[65] = "", empty_hash[65] = "";
    void *data = NULL;
    size_t len = 0;

    memset(big, 'x', sizeof big);
    world_begin(w);
    assert_ok(fl_store_evidence_put(w->store, big, sizeof big, hash, &err));
    assert_int_equal(strlen(hash), 64);
    assert_ok(fl_store_evidence_put(w->store, big, sizeof big, hash, &err));
    assert_ok(fl_store_evidence_put(w->store, "", 0, empty_hash, &err));
    assert_string_equal(empty_hash,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_status(FL_LIMIT, fl_store_evidence_put(w->store, big, (size_t)1 << 30, hash, &err));
    world_commit(w);
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND,
                      fl_store_evidence_get(w->store, w->arena, hash, &data, &len, &err));
        return;
    }
    assert_ok(fl_store_evidence_get(w->store, w->arena, hash, &data, &len, &err));
    assert_int_equal(len, sizeof big);
    assert_memory_equal(data, big, sizeof big);
    assert_ok(fl_store_evidence_get(w->store, w->arena, empty_hash, &data, &len, &err));
    assert_int_equal(len, 0);
    assert_status(FL_NOT_FOUND, fl_store_evidence_get(w->store, w->arena, "00", &data, &len, &err));
}

static bool count_feedback(void *ctx, const struct fl_feedback *feedback)
{
    int *n = ctx;

    assert_non_null(feedback->text);
    ++*n;
    return true;
}

static int n_feedback(struct world *w, const struct fl_feedback_filter *filter)
{
    struct fl_error err;
    int n = 0;

    assert_ok(fl_store_feedback_each(w->store, filter, count_feedback, &n, &err));
    return n;
}

static void test_feedback(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_feedback f = {.kind = FL_FEEDBACK_REPLY,
                            .matched_by = FL_MATCH_TOKEN,
                            .confidence = 0.75,
                            .text = "Thank you",
                            .dedupe_key = "d1"};
    struct fl_feedback got;
    struct fl_claim_row *rows;
    int64_t id = 0, counts[FL_FEEDBACK_KINDS];

    world_planned(w, 1);
    world_begin(w);
    if (claim(w, 1, &rows)) {
        f.customer = rows[0].message.customer;
        f.message = rows[0].message.id;
    }
    assert_ok(fl_store_feedback_put(w->store, &f, &id, &err));
    f.confidence = 1.5;
    assert_status(FL_INVALID, fl_store_feedback_put(w->store, &f, &id, &err));
    f.confidence = 1;
    f.kind = (enum fl_feedback_kind)99;
    assert_status(FL_INVALID, fl_store_feedback_put(w->store, &f, &id, &err));
    f.kind = FL_FEEDBACK_REPLY;
    f.state = (enum fl_feedback_state)99;
    assert_status(FL_INVALID, fl_store_feedback_put(w->store, &f, &id, &err));
    f.state = FL_FEEDBACK_OPEN;
    f.dedupe_key = "";
    assert_status(FL_INVALID, fl_store_feedback_put(w->store, &f, &id, &err));
    f.dedupe_key = "d1";
    assert_status(FL_INVALID, fl_store_feedback_assign(w->store, id, 0, 0, &err));
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND, fl_store_feedback_assign(w->store, id, 64, 0, &err));
        assert_status(FL_NOT_FOUND, fl_store_feedback_get(w->store, w->arena, id, &got, &err));
        assert_int_equal(n_feedback(w, &(struct fl_feedback_filter){.kind = -1}), 0);
        assert_ok(fl_store_feedback_counts(w->store, 0, counts, &err));
        assert_int_equal(counts[FL_FEEDBACK_REPLY], 0);
        return;
    }
    assert_status(FL_CONFLICT, fl_store_feedback_put(w->store, &f, &id, &err));
    assert_ok(fl_store_feedback_get(w->store, w->arena, id, &got, &err));
    assert_string_equal(got.text, "Thank you");
    assert_true(got.confidence > 0.74 && got.confidence < 0.76);
    assert_int_equal(got.received_us, WORLD_NOW);
    f = (struct fl_feedback){.kind = FL_FEEDBACK_BOUNCE, .dedupe_key = "d2"};
    assert_ok(fl_store_feedback_put(w->store, &f, &id, &err));
    world_commit(w);
    assert_int_equal(n_feedback(w, &(struct fl_feedback_filter){.kind = -1}), 2);
    assert_int_equal(n_feedback(w, &(struct fl_feedback_filter){.kind = FL_FEEDBACK_BOUNCE}), 1);
    assert_int_equal(n_feedback(w, &(struct fl_feedback_filter){.kind = -1, .limit = 1}), 1);
    assert_int_equal(
        n_feedback(w, &(struct fl_feedback_filter){.kind = -1, .is_unmatched_only = true}), 1);
    assert_int_equal(n_feedback(w, &(struct fl_feedback_filter){.kind = -1,
                                                                .customer = got.customer,
                                                                .is_newest_first = true}),
                     1);
    assert_ok(fl_store_feedback_counts(w->store, w->campaign, counts, &err));
    assert_int_equal(counts[FL_FEEDBACK_REPLY], 1);
    assert_int_equal(counts[FL_FEEDBACK_BOUNCE], 0);
    assert_ok(fl_store_feedback_counts(w->store, 0, counts, &err));
    assert_int_equal(counts[FL_FEEDBACK_BOUNCE], 1);
    assert_status(FL_NOT_FOUND, fl_store_feedback_get(w->store, w->arena, 1, &got, &err));
    world_begin(w);
    assert_ok(fl_store_feedback_assign(w->store, id, got.customer, got.message, &err));
    assert_status(FL_NOT_FOUND, fl_store_feedback_assign(w->store, 1, got.customer, 0, &err));
    world_commit(w);
    assert_ok(fl_store_feedback_get(w->store, w->arena, id, &got, &err));
    assert_int_equal(got.matched_by, FL_MATCH_STAFF);
    assert_int_equal(
        n_feedback(w, &(struct fl_feedback_filter){.kind = -1, .is_unmatched_only = true}), 0);
}

static void test_memory(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    static char big[4097];
    void *data = NULL;
    size_t len = 0;

    world_begin(w);
    assert_ok(fl_store_memory_set(w->store, "mail", "uid", "12", 2, &err));
    assert_ok(fl_store_memory_set(w->store, "mail", "uid", "13\0", 3, &err));
    assert_status(FL_LIMIT, fl_store_memory_set(w->store, "mail", "x", big, sizeof big, &err));
    assert_status(FL_INVALID, fl_store_memory_set(w->store, "mail", "", "x", 1, &err));
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND,
                      fl_store_memory_get(w->store, w->arena, "mail", "uid", &data, &len, &err));
        return;
    }
    for (int i = 1; i < 64; i++) {
        char key[16];

        snprintf(key, sizeof key, "k%d", i);
        assert_ok(fl_store_memory_set(w->store, "mail", key, NULL, 0, &err));
    }
    assert_status(FL_LIMIT, fl_store_memory_set(w->store, "mail", "more", "x", 1, &err));
    assert_ok(fl_store_memory_set(w->store, "sms", "more", "x", 1, &err));
    world_commit(w);
    assert_ok(fl_store_memory_get(w->store, w->arena, "mail", "uid", &data, &len, &err));
    assert_int_equal(len, 3);
    assert_memory_equal(data, "13\0", 4);
    assert_ok(fl_store_memory_get(w->store, w->arena, "mail", "k1", &data, &len, &err));
    assert_int_equal(len, 0);
    assert_status(FL_NOT_FOUND,
                  fl_store_memory_get(w->store, w->arena, "fax", "uid", &data, &len, &err));
}

#define BOTH(test)                                                                                 \
    {.name = #test " (sqlite)",                                                                    \
     .test_func = (test),                                                                          \
     .setup_func = open_sqlite,                                                                    \
     .teardown_func = finish},                                                                     \
    {                                                                                              \
        .name = #test " (null)", .test_func = (test), .setup_func = open_null,                     \
        .teardown_func = finish                                                                    \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_transactions),
        BOTH(test_ids_grow),
        BOTH(test_customer_put_get),
        BOTH(test_customer_update),
        BOTH(test_customer_states),
        BOTH(test_customer_refusals),
        BOTH(test_customer_each),
        BOTH(test_consent_ledger),
        BOTH(test_content),
        BOTH(test_channels),
        BOTH(test_campaigns),
        BOTH(test_occurrences),
        BOTH(test_plan_rules),
        BOTH(test_plan_transactional),
        BOTH(test_plan_audience),
        BOTH(test_plan_refusals),
        BOTH(test_claim_nothing),
        BOTH(test_claim_rows),
        BOTH(test_claim_lease_settle),
        BOTH(test_block_is_walked_once),
        BOTH(test_block_opens_again),
        BOTH(test_rollback_forgets_leases),
        BOTH(test_paused_and_future),
        BOTH(test_settle_conflicts),
        BOTH(test_message_put),
        BOTH(test_new_address_takes_the_queue),
        BOTH(test_lists_and_sweeps),
        BOTH(test_events),
        BOTH(test_evidence),
        BOTH(test_feedback),
        BOTH(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
