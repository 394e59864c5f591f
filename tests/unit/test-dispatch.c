/* Dispatch on a real store with workers made of callbacks: the life of a message, also when
 * workers die, lie or stay silent. */
#include "dispatch-world.h"

#include "policy/policy.h"

static void test_all_accepted(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *a = up(w, 1, FL_DEDUPES), *b = up(w, 2, FL_DEDUPES);
    int64_t seen[CUSTOMERS * 2];
    size_t n_seen = 0, next = 0;

    for (int round = 0; round < 20; round++) {
        step(w);
        for (; next < w->n_handed; next++) {
            struct handed *h = &w->handed[next];
            struct fl_dispatch_worker *worker = h->worker_ctx == (void *)1 ? a : b;

            fl_dispatch_started(worker, h->batch);
            for (uint32_t i = 0; i < h->n_items; i++) {
                seen[n_seen++] = h->ids[i];
                report(worker, h, i, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE);
            }
            fl_dispatch_finished(worker, h->batch, false, NULL);
        }
    }
    assert_int_equal(n_seen, CUSTOMERS);
    for (size_t i = 0; i < n_seen; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(seen[i], seen[k]);
    assert_int_equal(count(w, FL_MESSAGE_ACCEPTED), CUSTOMERS);
    assert_false(fl_dispatch_has_work_in_hand(w->dispatch));
    assert_int_equal(step(w), FL_TIME_NONE);
    fl_dispatch_worker_lost(&a);
    fl_dispatch_worker_lost(&b);
}

static void test_outcomes(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker = up(w, 1, FL_DEDUPES);
    struct fl_error err = {0};
    struct fl_message message;
    struct handed h;
    int64_t wake;

    step(w);
    h = w->handed[0];
    fl_dispatch_started(worker, h.batch);
    report(worker, &h, 0, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS);
    report(worker, &h, 1, FL_OUTCOME_BOUNCED, FL_FAULT_MAILBOX);
    report(worker, &h, 2, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT);
    report(worker, &h, 3, FL_OUTCOME_FAILED, FL_FAULT_CONTENT);
    report(worker, &h, 3, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE);  /* a second word: ignored */
    report(worker, &h, 77, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE); /* no such item: ignored */
    fl_dispatch_drain(w->dispatch);
    fl_dispatch_finished(worker, h.batch, true, "the peer went away");
    step(w);
    assert_int_equal(count(w, FL_MESSAGE_BOUNCED), 2);
    assert_int_equal(count(w, FL_MESSAGE_FAILED), 1);
    assert_ok(fl_store_message_get(w->store, h.ids[2], &message, &err));
    assert_int_equal(message.state, FL_MESSAGE_DEFERRED);
    assert_int_equal(message.attempts, 1);
    wake = message.due_us - w->time.now_us;
    assert_in_range(wake, 45 * FL_US_PER_S, 75 * FL_US_PER_S);
    assert_ok(fl_store_message_get(w->store, h.ids[4], &message, &err)); /* never reported */
    assert_int_equal(message.state, FL_MESSAGE_DEFERRED);
    fl_dispatch_worker_lost(&worker);
}

/* Only what was started is doubtful; each suspect is then tried alone, and one that kills again is
 * quarantined, while the others go through under the identity they had. */
static void test_worker_dies(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker = up(w, 1, FL_DEDUPES);
    struct handed first;
    int64_t killer;
    int deaths = 1;

    step(w);
    assert_int_equal(w->n_handed, 2);
    first = w->handed[0];
    killer = first.ids[5];
    fl_dispatch_started(worker, first.batch);
    for (uint32_t i = 0; i < 5; i++)
        report(worker, &first, i, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE);
    fl_dispatch_worker_lost(&worker);
    step(w);
    assert_int_equal(count(w, FL_MESSAGE_ACCEPTED), 5);
    for (int round = 0; round < 60 && deaths < 10; round++) {
        w->n_handed = 0;
        worker = up(w, 1, FL_DEDUPES);
        step(w);
        for (size_t n = 0; worker && n < w->n_handed; n++) {
            struct handed *h = &w->handed[n];
            bool has_killer = false;

            fl_dispatch_started(worker, h->batch);
            for (uint32_t i = 0; i < h->n_items; i++) {
                for (uint32_t k = 5; k < BATCH; k++)
                    if (h->ids[i] == first.ids[k]) {
                        assert_string_equal(h->identity[i], first.identity[k]);
                        assert_int_equal(h->n_items, 1); /* a suspect travels alone */
                    }
                has_killer |= h->ids[i] == killer;
                if (!has_killer)
                    report(worker, h, i, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE);
            }
            if (has_killer) {
                deaths++;
                fl_dispatch_worker_lost(&worker);
            } else {
                fl_dispatch_finished(worker, h->batch, false, NULL);
            }
        }
        if (worker)
            fl_dispatch_worker_lost(&worker);
        step(w);
    }
    assert_int_equal(deaths, 2);
    assert_int_equal(count(w, FL_MESSAGE_HELD), 1);
    assert_int_equal(count(w, FL_MESSAGE_ACCEPTED), CUSTOMERS - 1);
}

/* A peer that never answers gets everything again a few times, ever later, and then no more. */
static void test_silent(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker = up(w, 1, FL_DEDUPES);
    size_t n_sent = 0;

    step(w); /* suspects, whose worker died of something else, are bounded alike */
    for (size_t n = 0; n < w->n_handed; n++) {
        n_sent += w->handed[n].n_items;
        fl_dispatch_started(worker, w->handed[n].batch);
    }
    fl_dispatch_worker_lost(&worker);
    worker = up(w, 1, FL_DEDUPES);
    for (int minute = 0; minute < 60; minute++) {
        for (int round = 0; round < CUSTOMERS; round++) {
            w->n_handed = 0;
            step(w);
            for (size_t n = 0; n < w->n_handed; n++) {
                n_sent += w->handed[n].n_items;
                fl_dispatch_started(worker, w->handed[n].batch);
                fl_dispatch_finished(worker, w->handed[n].batch, false, NULL);
            }
        }
        if (minute == 0)
            assert_int_equal(n_sent, 2 * CUSTOMERS);
        w->time.now_us += 60 * FL_US_PER_S;
    }
    assert_int_equal(n_sent, FL_DISPATCH_DOUBTS_MAX * CUSTOMERS);
    assert_int_equal(count(w, FL_MESSAGE_UNCERTAIN), CUSTOMERS);
}

/* kill -9 of the gateway: what was handed over is doubtful, the rest untouched. */
static void test_core_dies(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker;
    struct handed first;

    up(w, 1, FL_DEDUPES);
    step(w);
    first = w->handed[0];
    fl_dispatch_destroy(&w->dispatch);
    fl_store_close(&w->store);
    w->time.now_us += FL_US_PER_S;
    open_store(w);
    open_dispatch(w);
    worker = up(w, 1, FL_DEDUPES);
    step(w);
    assert_true(w->n_handed >= 1);
    assert_int_equal(w->handed[0].ids[0], first.ids[0]);
    assert_string_equal(w->handed[0].identity[0], first.identity[0]);
    fl_dispatch_worker_lost(&worker);
}

static void test_core_dies_money(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker;
    size_t n_begun;

    up(w, 1, FL_COSTS_MONEY);
    step(w);
    n_begun = w->handed[0].n_items + w->handed[1].n_items;
    fl_dispatch_destroy(&w->dispatch);
    fl_store_close(&w->store);
    open_store(w);
    open_dispatch(w);
    worker = up(w, 1, FL_COSTS_MONEY);
    step(w);
    assert_int_equal(count(w, FL_MESSAGE_UNCERTAIN), n_begun); /* a person decides */
    for (size_t i = 0; i < w->n_handed; i++)
        for (size_t k = 0; k < w->handed[i].n_items; k++)
            assert_true(w->handed[i].ids[k] > w->handed[0].ids[0] - 1);
    fl_dispatch_worker_lost(&worker);
}

static void test_opt_out_stops_queued(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker;
    struct fl_consent consent = {.purpose = "marketing",
                                 .medium = FL_MEDIUM_EMAIL,
                                 .state = FL_CONSENT_WITHDRAWN,
                                 .source = "reply",
                                 .proof = "stop",
                                 .at_us = w->time.now_us + 1};
    struct fl_error err = {0};

    assert_ok(fl_store_customer_find(w->store, "c003", &consent.customer, &err));
    assert_ok(fl_store_begin(w->store, &err));
    assert_ok(fl_store_consent_append(w->store, &consent, &err));
    assert_ok(fl_store_commit(w->store, &err));
    worker = up(w, 1, FL_DEDUPES);
    step(w);
    assert_int_equal(count(w, FL_MESSAGE_SUPPRESSED), 1);
    fl_dispatch_worker_lost(&worker);
}

static void test_rate(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker;
    size_t n = 0;

    w->channel.rate = 5;
    worker = up(w, 1, FL_DEDUPES);
    step(w);
    assert_int_equal(w->n_handed, 0); /* the bucket fills with time */
    w->time.now_us += FL_US_PER_S;
    step(w);
    for (size_t i = 0; i < w->n_handed; i++)
        n += w->handed[i].n_items;
    assert_in_range(n, 1, 5);
    fl_dispatch_worker_lost(&worker);
}

static void test_expires(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker = up(w, 1, FL_DEDUPES);

    w->time.now_us += 2 * FL_US_PER_DAY;
    step(w);
    assert_int_equal(w->n_handed, 0);
    assert_int_equal(count(w, FL_MESSAGE_EXPIRED), CUSTOMERS);
    fl_dispatch_worker_lost(&worker);
}

static void test_judge(void **state)
{
    struct world *w = *state;
    struct fl_report deferred = {
        .size = sizeof deferred, .outcome = FL_OUTCOME_DEFERRED, .fault = FL_FAULT_TRANSIENT};
    struct fl_report uncertain = {.size = sizeof uncertain, .outcome = FL_OUTCOME_UNCERTAIN};
    struct fl_report strange = {.size = sizeof strange, .outcome = (enum fl_outcome)99};
    struct fl_verdict v;
    int64_t last = 0;

    for (int attempt = 1; attempt < 6; attempt++) {
        v = fl_dispatch_judge(&w->channel, &deferred, 0, attempt, 1000, 500);
        assert_int_equal(v.state, FL_MESSAGE_DEFERRED);
        assert_true(v.due_us > last); /* doubles */
        last = v.due_us;
    }
    v = fl_dispatch_judge(&w->channel, &deferred, 0, 30, 1000, 0);
    assert_int_equal(v.state, FL_MESSAGE_EXPIRED);
    v = fl_dispatch_judge(&w->channel, &uncertain, FL_DEDUPES, 1, 1000, 0);
    assert_int_equal(v.state, FL_MESSAGE_DEFERRED);
    v = fl_dispatch_judge(&w->channel, &uncertain, FL_DEDUPES | FL_COSTS_MONEY, 1, 1000, 0);
    assert_int_equal(v.state, FL_MESSAGE_UNCERTAIN);
    v = fl_dispatch_judge(&w->channel, &strange, 0, 1, 1000, 0);
    assert_int_equal(v.state, FL_MESSAGE_UNCERTAIN);
}

static void test_state_table(void **state)
{
    (void)state;
    for (int from = 0; from < FL_MESSAGE_STATES; from++)
        for (int to = 0; to < FL_MESSAGE_STATES; to++)
            if (fl_message_state_is_final((enum fl_message_state)from) &&
                from != FL_MESSAGE_ACCEPTED && from != FL_MESSAGE_DELIVERED)
                assert_false(
                    fl_dispatch_may_follow((enum fl_message_state)from, (enum fl_message_state)to));
    assert_true(fl_dispatch_may_follow(FL_MESSAGE_ACCEPTED, FL_MESSAGE_BOUNCED));
    assert_false(fl_dispatch_may_follow(FL_MESSAGE_ACCEPTED, FL_MESSAGE_DEFERRED));
    assert_false(fl_dispatch_may_follow(FL_MESSAGE_BEGUN, FL_MESSAGE_SUPPRESSED));
    assert_false(fl_dispatch_may_follow((enum fl_message_state)99, FL_MESSAGE_DUE));
}

static void test_policy_order(void **state)
{
    struct fl_claim_row row = {.address = "a@b.test", .purpose = "marketing"};

    (void)state;
    assert_int_equal(fl_policy_decide(&row), FL_RULE_NO_CONSENT);
    row.consent = FL_CONSENT_GRANTED;
    assert_int_equal(fl_policy_decide(&row), FL_RULE_NONE);
    row.consent = FL_CONSENT_WITHDRAWN;
    assert_int_equal(fl_policy_decide(&row), FL_RULE_OPTED_OUT);
    row.address_status = FL_ADDRESS_COMPLAINED;
    assert_int_equal(fl_policy_decide(&row), FL_RULE_COMPLAINED);
    row.address_status = FL_ADDRESS_SUPPRESSED;
    assert_int_equal(fl_policy_decide(&row), FL_RULE_ADDRESS_SUPPRESSED);
    row.address = NULL;
    assert_int_equal(fl_policy_decide(&row), FL_RULE_NO_ADDRESS);
    row.customer_state = FL_CUSTOMER_ERASED;
    assert_int_equal(fl_policy_decide(&row), FL_RULE_ERASED);
    row = (struct fl_claim_row){.address = "a@b.test", .purpose = ""};
    assert_int_equal(fl_policy_decide(&row), FL_RULE_NONE); /* transactional */
    assert_string_equal(fl_rule_name(FL_RULE_OPTED_OUT), "opted_out");
    assert_non_null(fl_rule_sentence(FL_RULE_NONE));
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(test_all_accepted),
        WORLD(test_outcomes),
        WORLD(test_worker_dies),
        WORLD(test_silent),
        WORLD(test_core_dies),
        WORLD(test_core_dies_money),
        WORLD(test_opt_out_stops_queued),
        WORLD(test_rate),
        WORLD(test_expires),
        WORLD(test_judge),
        cmocka_unit_test(test_state_table),
        cmocka_unit_test(test_policy_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
