/* Dispatch and what nobody knows the fate of: begun and unbegun messages, and asking about them. */
#include "dispatch-world.h"

/* Of a plugin that says when it begins only what it has begun is doubtful, and held where a second
 * one would cost money; the rest is sent as if nothing had happened. */
static void test_begun_alone_is_doubtful(void **state)
{
    const unsigned can = FL_BEGINS | FL_COSTS_MONEY;
    struct world *w = *state;
    struct fl_dispatch_worker *worker = up(w, 1, can);
    struct fl_error err = {0};
    struct fl_message message;
    struct handed first;

    step(w);
    first = w->handed[0];
    fl_dispatch_started(worker, first.batch);
    fl_dispatch_began(worker, first.batch, 0);
    report(worker, &first, 0, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE);
    fl_dispatch_began(worker, first.batch, 1);
    fl_dispatch_began(worker, first.batch, 99); /* no such item: ignored */
    fl_dispatch_worker_lost(&worker);
    step(w);
    assert_int_equal(count(w, FL_MESSAGE_ACCEPTED), 1);
    assert_int_equal(count(w, FL_MESSAGE_UNCERTAIN), 1);
    assert_ok(fl_store_message_get(w->store, first.ids[1], &message, &err));
    assert_int_equal(message.state, FL_MESSAGE_UNCERTAIN);
    assert_int_equal(message.rule, FL_RULE_HELD_UNCERTAIN);
    assert_ok(fl_store_message_get(w->store, first.ids[2], &message, &err));
    assert_int_equal(message.state, FL_MESSAGE_DEFERRED);
    assert_int_equal(message.attempts, 0);
    worker = up(w, 1, can);
    for (int round = 0; round < 2 * CUSTOMERS; round++) {
        w->n_handed = 0;
        step(w);
        for (size_t n = 0; n < w->n_handed; n++) {
            fl_dispatch_started(worker, w->handed[n].batch);
            for (uint32_t i = 0; i < w->handed[n].n_items; i++) {
                assert_int_not_equal(w->handed[n].ids[i], first.ids[1]);
                fl_dispatch_began(worker, w->handed[n].batch, i);
                report(worker, &w->handed[n], i, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE);
            }
            fl_dispatch_finished(worker, w->handed[n].batch, false, NULL);
        }
    }
    assert_int_equal(count(w, FL_MESSAGE_ACCEPTED), CUSTOMERS - 1);
    fl_dispatch_worker_lost(&worker);
}

/* A batch up to the killer, which is not begun; true: the worker died of it. */
static bool serve_until(struct fl_dispatch_worker **worker, const struct handed *h, int64_t killer)
{
    fl_dispatch_started(*worker, h->batch);
    for (uint32_t i = 0; i < h->n_items; i++) {
        if (h->ids[i] == killer) {
            fl_dispatch_worker_lost(worker);
            return true;
        }
        fl_dispatch_began(*worker, h->batch, i);
        report(*worker, h, i, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE);
    }
    fl_dispatch_finished(*worker, h->batch, false, NULL);
    return false;
}

/* One that dies before it begins anything costs no message but the one it dies of. */
static void test_killer_that_was_not_begun(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker = NULL;
    int64_t killer = 0;

    for (int round = 0; round < 3 * CUSTOMERS; round++) {
        bool is_dead = false;

        if (!worker)
            worker = up(w, 1, FL_BEGINS | FL_COSTS_MONEY);
        w->n_handed = 0;
        step(w);
        for (size_t n = 0; n < w->n_handed && !is_dead; n++) {
            killer = killer ? killer : w->handed[n].ids[3];
            is_dead = serve_until(&worker, &w->handed[n], killer);
        }
    }
    assert_int_equal(count(w, FL_MESSAGE_ACCEPTED), CUSTOMERS - 1);
    assert_int_equal(count(w, FL_MESSAGE_HELD), 1);
    assert_int_equal(count(w, FL_MESSAGE_UNCERTAIN), 0);
    fl_dispatch_worker_lost(&worker);
}

static void test_deliver_returns_without_reports(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker = up(w, 1, FL_BEGINS | FL_COSTS_MONEY);
    struct fl_error err = {0};
    struct fl_message message;

    step(w);
    fl_dispatch_drain(w->dispatch);
    for (size_t n = 0; n < 2; n++) {
        struct handed h = w->handed[n];

        fl_dispatch_started(worker, h.batch);
        fl_dispatch_began(worker, h.batch, 4);
        fl_dispatch_finished(worker, h.batch, n == 1, "the line was cut");
        step(w);
        assert_int_equal(count(w, FL_MESSAGE_UNCERTAIN), n + 1);
        assert_ok(fl_store_message_get(w->store, h.ids[4], &message, &err));
        assert_int_equal(message.rule, FL_RULE_HELD_UNCERTAIN);
        assert_ok(fl_store_message_get(w->store, h.ids[0], &message, &err));
        assert_int_equal(message.state, FL_MESSAGE_DEFERRED);
        assert_true(message.due_us > w->time.now_us);
    }
    fl_dispatch_worker_lost(&worker);
}

/* What is doubtful can be asked about: by the peer's reference, else by our own identity. */
static void test_doubts_are_listed(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker = up(w, 1, FL_COSTS_MONEY);
    struct fl_report known = {.size = sizeof known,
                              .item = 1,
                              .outcome = FL_OUTCOME_UNCERTAIN,
                              .provider_ref = "peer-77"};
    struct fl_arena *arena = fl_arena_create(1 << 20);
    const char *const *refs;
    struct fl_error err = {0};
    struct handed h;
    size_t n;

    assert_ok(fl_dispatch_doubts(worker, arena, 10, &refs, &n, &err));
    assert_int_equal(n, 0);
    step(w);
    h = w->handed[0];
    fl_dispatch_started(worker, h.batch);
    fl_dispatch_reported(worker, h.batch, &known);
    fl_dispatch_finished(worker, h.batch, false, NULL);
    fl_dispatch_drain(w->dispatch);
    step(w);
    assert_ok(fl_dispatch_doubts(worker, arena, 100, &refs, &n, &err));
    assert_int_equal(n, h.n_items);
    assert_string_equal(refs[0], h.identity[0]);
    assert_string_equal(refs[1], "peer-77");
    assert_ok(fl_dispatch_doubts(worker, arena, 5, &refs, &n, &err));
    assert_int_equal(n, 5);
    assert_ok(fl_dispatch_doubts(worker, arena, 5, &refs, &n, &err)); /* goes on, then again */
    assert_int_equal(n, h.n_items - 5);
    assert_string_equal(refs[0], h.identity[5]);
    assert_ok(fl_dispatch_doubts(worker, arena, 5, &refs, &n, &err));
    assert_string_equal(refs[0], h.identity[0]);
    fl_arena_destroy(&arena);
    fl_dispatch_worker_lost(&worker);
}

/* The link of a message stays the same from try to try, and leads back to it. */
static void test_short_link_is_kept(void **state)
{
    struct world *w = *state;
    struct fl_dispatch_worker *worker = up(w, 1, FL_DEDUPES);
    struct fl_arena *arena = fl_arena_create(1 << 20);
    struct fl_error err = {0};
    const char *first, *again;
    struct handed h;
    int64_t message;

    w->conf.web_base = "https://p.test";
    w->dispatch->channels->medium = FL_MEDIUM_SMS;
    step(w);
    h = w->handed[0];
    assert_ok(fl_store_short_link_of(w->store, arena, h.ids[0], &first, &err));
    assert_int_equal(strlen(first), FL_DISPATCH_SHORT_CODE_LEN);
    assert_ok(fl_store_short_link_get(w->store, first, w->time.now_us, &message, &err));
    assert_int_equal(message, h.ids[0]);
    assert_status(
        FL_NOT_FOUND,
        fl_store_short_link_get(w->store, first,
                                w->time.now_us + (FL_DISPATCH_SHORT_LINK_DAYS + 1) * FL_US_PER_DAY,
                                &message, &err));
    fl_dispatch_started(worker, h.batch);
    report(worker, &h, 0, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT);
    fl_dispatch_finished(worker, h.batch, true, NULL);
    w->time.now_us += 3600 * FL_US_PER_S;
    w->n_handed = 0;
    step(w);
    assert_true(w->n_handed > 0);
    assert_ok(fl_store_short_link_of(w->store, arena, h.ids[0], &again, &err));
    assert_string_equal(again, first);
    fl_arena_destroy(&arena);
    fl_dispatch_worker_lost(&worker);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(test_begun_alone_is_doubtful),
        WORLD(test_killer_that_was_not_begun),
        WORLD(test_deliver_returns_without_reports),
        WORLD(test_doubts_are_listed),
        WORLD(test_short_link_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
