/* Claims, leases, settling, lists and counts, by every driver. */
#include "drivers.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_claim_nothing),      BOTH(test_claim_rows),
        BOTH(test_claim_lease_settle), BOTH(test_block_is_walked_once),
        BOTH(test_block_opens_again),  BOTH(test_rollback_forgets_leases),
        BOTH(test_paused_and_future),  BOTH(test_settle_conflicts),
        BOTH(test_message_put),        BOTH(test_new_address_takes_the_queue),
        BOTH(test_lists_and_sweeps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
