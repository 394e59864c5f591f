/* Dispatch on a real store with workers made of callbacks: the life of a message, also when
 * workers die, lie or stay silent. */
#include "unit.h"

#include <unistd.h>

#include "base/file.h"
#include "dispatch/dispatch_private.h"
#include "policy/policy.h"

enum { CUSTOMERS = 40, BATCH = 8 };

struct handed {
    uint64_t batch;
    size_t n_items;
    int64_t ids[BATCH];
    char identity[BATCH][FL_TOKEN_SIZE];
    void *worker_ctx;
};

struct world {
    char dir[64];
    char uri[128];
    struct fl_clock_manual time;
    struct fl_store *store;
    struct fl_token_keys *keys;
    struct fl_conf_channel channel;
    struct fl_conf conf;
    struct fl_dispatch *dispatch;
    struct handed handed[64];
    size_t n_handed;
    int64_t campaign, occurrence, channel_id;
    struct fl_error err;
};

static enum fl_status on_deliver(void *ctx, void *worker_ctx, uint64_t batch,
                                 const struct fl_item *const *items, size_t n_items,
                                 struct fl_error *err)
{
    struct world *w = ctx;
    struct handed *h = &w->handed[w->n_handed++];

    (void)err;
    assert_true(n_items <= BATCH);
    h->batch = batch;
    h->n_items = n_items;
    h->worker_ctx = worker_ctx;
    for (size_t i = 0; i < n_items; i++) {
        h->ids[i] = items[i]->message_id;
        strcpy(h->identity[i], items[i]->token_identity);
        assert_int_equal(strlen(items[i]->token_return), FL_TOKEN_LEN);
        assert_non_null(strchr(items[i]->to_address, '@'));
        assert_true(items[i]->n_parts >= 1);
        assert_non_null(strstr(items[i]->subject, "Hello"));
    }
    return FL_OK;
}

static void open_dispatch(struct world *w)
{
    struct fl_error err = {0};
    struct fl_dispatch_options options = {
        .store = w->store,
        .keys = w->keys,
        .clock = fl_clock_of_manual(&w->time),
        .conf = &w->conf,
        .io = {on_deliver, w},
    };

    assert_ok(fl_dispatch_create(&options, &w->dispatch, &err));
    assert_ok(fl_dispatch_recover(w->dispatch, &err));
    w->n_handed = 0;
}

static void open_store(struct world *w)
{
    struct fl_error err = {0};
    struct fl_store_options options = {
        .clock = fl_clock_of_manual(&w->time),
        .create_if_missing = true,
        .busy_timeout_us = FL_US_PER_S,
    };

    assert_ok(fl_store_open(w->uri, &options, &w->store, &err));
}

static void put_customers(struct world *w)
{
    struct fl_error err = {0};

    for (int i = 0; i < CUSTOMERS; i++) {
        char external_id[16], address[32];
        struct fl_address addresses[] = {{.medium = FL_MEDIUM_EMAIL, .value = address}};
        struct fl_consent consents[] = {{.purpose = "marketing",
                                         .medium = FL_MEDIUM_EMAIL,
                                         .state = FL_CONSENT_GRANTED,
                                         .source = "import",
                                         .proof = "test",
                                         .at_us = w->time.now_us}};
        struct fl_customer customer = {
            .external_id = external_id,
            .name = "Kim",
            .language = "en",
            .time_zone = "",
            .attributes = "{\"city\":\"Seoul\"}",
            .addresses = addresses,
            .n_addresses = 1,
            .consents = consents,
            .n_consents = 1,
        };
        enum fl_put put;
        int64_t id;

        snprintf(external_id, sizeof external_id, "c%03d", i);
        snprintf(address, sizeof address, "c%03d@cust.test", i);
        assert_ok(fl_store_customer_put(w->store, &customer, &put, &id, &err));
    }
}

static void plan(struct world *w)
{
    static const char body[] = "---\nsubject: Hello {{name}}\n---\n\nDear {{name}} in "
                               "{{attributes.city}}, good day.\n";
    struct fl_content_file file = {"content.md", body, sizeof body - 1};
    struct fl_content_version version = {
        .name = "hello", .hash = "h1", .files = &file, .n_files = 1};
    struct fl_campaign_row campaign = {.name = "hello",
                                       .state = FL_CAMPAIGN_SCHEDULED,
                                       .definition = "",
                                       .version = 1,
                                       .purpose = "marketing",
                                       .reason = ""};
    struct fl_occurrence occurrence = {.stage = "", .cycle = ""};
    struct fl_store_plan p = {.medium = FL_MEDIUM_EMAIL, .purpose = "marketing"};
    struct fl_store_plan_result result;
    struct fl_error err = {0};
    enum fl_put put;

    assert_ok(fl_store_begin(w->store, &err));
    put_customers(w);
    assert_ok(fl_store_channel_id(w->store, "mail", FL_MEDIUM_EMAIL, &w->channel_id, &err));
    assert_ok(fl_store_content_put(w->store, &version, &put, &occurrence.content, &err));
    assert_ok(fl_store_campaign_put(w->store, &campaign, &put, &w->campaign, &err));
    assert_ok(fl_store_campaign_set_state(w->store, w->campaign, FL_CAMPAIGN_SCHEDULED, "", &err));
    occurrence.campaign = w->campaign;
    occurrence.channel = w->channel_id;
    occurrence.scheduled_us = w->time.now_us;
    assert_ok(fl_store_occurrence_put(w->store, &occurrence, &put, &w->occurrence, &err));
    p.occurrence = w->occurrence;
    p.channel = w->channel_id;
    p.due_us = w->time.now_us;
    assert_ok(fl_store_plan(w->store, &p, &result, &err));
    assert_ok(fl_store_commit(w->store, &err));
    assert_int_equal(result.n_planned, CUSTOMERS);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    unsigned char key[FL_TOKEN_KEY_BYTES] = {9};
    struct fl_error err = {0};

    strcpy(w->dir, "/tmp/fl-dispatch-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->uri, sizeof w->uri, "sqlite:%s/fairline.db", w->dir);
    w->time.now_us = INT64_C(1795000000000000);
    w->keys = fl_token_keys_create();
    assert_ok(fl_token_keys_load(w->keys, 0, key, &err));
    w->channel = (struct fl_conf_channel){
        .name = "mail",
        .plugin = "email",
        .workers = 2,
        .batch = BATCH,
        .retry_first_us = 60 * FL_US_PER_S,
        .retry_max_us = 3600 * FL_US_PER_S,
        .expire_after_us = FL_US_PER_DAY,
        .is_enabled = true,
    };
    w->conf = (struct fl_conf){.organisation = "Dairy",
                               .postal_address = "Hill 1",
                               .contact = "care@shop.test",
                               .language = "en",
                               .time_zone = "UTC",
                               .country = "KR",
                               .web_base = "",
                               .channels = &w->channel,
                               .n_channels = 1};
    open_store(w);
    plan(w);
    open_dispatch(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    static const char *const names[] = {"fairline.db", "fairline.db-wal", "fairline.db-shm"};

    fl_dispatch_destroy(&w->dispatch);
    fl_store_close(&w->store);
    fl_token_keys_destroy(&w->keys);
    for (size_t i = 0; i < 3; i++) {
        char path[128];

        snprintf(path, sizeof path, "%s/%s", w->dir, names[i]);
        unlink(path);
    }
    rmdir(w->dir);
    free(w);
    return 0;
}

static struct fl_dispatch_worker *up(struct world *w, int number, unsigned more)
{
    struct fl_dispatch_worker *worker;
    struct fl_error err = {0};

    assert_ok(fl_dispatch_worker_up(w->dispatch, "mail", FL_MEDIUM_EMAIL, number,
                                    FL_CAN_DELIVER | more, BATCH, (void *)(intptr_t)number, &worker,
                                    &err));
    return worker;
}

static int64_t step(struct world *w)
{
    struct fl_error err = {0};
    int64_t wake;

    assert_ok(fl_dispatch_step(w->dispatch, &wake, &err));
    return wake;
}

static void report(struct fl_dispatch_worker *worker, const struct handed *h, uint32_t item,
                   enum fl_outcome outcome, enum fl_fault_class fault)
{
    struct fl_report r = {.size = sizeof r,
                          .item = item,
                          .outcome = outcome,
                          .fault = fault,
                          .code = 250,
                          .status = "2.0.0",
                          .detail = "said the peer",
                          .provider_ref = ""};

    fl_dispatch_reported(worker, h->batch, &r);
}

static int64_t count(struct world *w, enum fl_message_state s)
{
    int64_t counts[FL_MESSAGE_STATES];
    struct fl_error err = {0};

    assert_ok(fl_store_message_counts(w->store, w->campaign, counts, &err));
    return counts[s];
}

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
        WORLD(test_begun_alone_is_doubtful),
        WORLD(test_killer_that_was_not_begun),
        WORLD(test_deliver_returns_without_reports),
        WORLD(test_doubts_are_listed),
        WORLD(test_short_link_is_kept),
        WORLD(test_opt_out_stops_queued),
        WORLD(test_rate),
        WORLD(test_expires),
        WORLD(test_judge),
        cmocka_unit_test(test_state_table),
        cmocka_unit_test(test_policy_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
