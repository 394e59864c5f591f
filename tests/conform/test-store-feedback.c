/* Events, evidence, feedback and what plugins remember, by every driver. */
#include "drivers.h"

static size_t claim(struct world *w, size_t limit, struct fl_claim_row **out)
{
    struct fl_error err;
    size_t n = 99;

    assert_ok(
        fl_store_claim(w->store, w->arena, w->channel, w->manual.now_us, limit, out, &n, &err));
    return n;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_events),
        BOTH(test_evidence),
        BOTH(test_feedback),
        BOTH(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
