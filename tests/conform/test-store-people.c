/* Transactions, customers and consent, by every driver. */
#include "drivers.h"

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

static enum fl_customer_state state_of(struct world *w, int64_t customer)
{
    struct fl_error err;
    struct fl_customer got;

    assert_ok(fl_store_customer_get(w->store, w->arena, customer, &got, &err));
    return got.state;
}

/* The ledger alone says who objects to profiling, whichever way the line came. */
static void test_objection(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_consent line = {.purpose = FL_PURPOSE_PROFILING,
                              .medium = FL_MEDIUM_EMAIL,
                              .state = FL_CONSENT_WITHDRAWN,
                              .source = "reply",
                              .at_us = WORLD_NOW + 10};

    world_begin(w);
    line.customer = world_customer(w, "kim", "kim@example.org", FL_CONSENT_GRANTED);
    assert_ok(fl_store_consent_append(w->store, &line, &err));
    if (!fl_store_remembers(w->store))
        return;
    assert_int_equal(state_of(w, line.customer), FL_CUSTOMER_OBJECTED);
    line.medium = FL_MEDIUM_LETTER;
    assert_ok(fl_store_consent_append(w->store, &line, &err));
    /* Granted on one medium it still stands on the other. */
    line.state = FL_CONSENT_GRANTED;
    line.at_us = WORLD_NOW + 20;
    assert_ok(fl_store_consent_append(w->store, &line, &err));
    assert_int_equal(state_of(w, line.customer), FL_CUSTOMER_OBJECTED);
    line.medium = FL_MEDIUM_EMAIL;
    assert_ok(fl_store_consent_append(w->store, &line, &err));
    assert_int_equal(state_of(w, line.customer), FL_CUSTOMER_ACTIVE);
    /* Another purpose is no objection. */
    line.purpose = "marketing";
    line.state = FL_CONSENT_WITHDRAWN;
    assert_ok(fl_store_consent_append(w->store, &line, &err));
    assert_int_equal(state_of(w, line.customer), FL_CUSTOMER_ACTIVE);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_transactions),    BOTH(test_ids_grow),        BOTH(test_customer_put_get),
        BOTH(test_customer_update), BOTH(test_customer_states), BOTH(test_customer_refusals),
        BOTH(test_customer_each),   BOTH(test_consent_ledger),  BOTH(test_objection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
