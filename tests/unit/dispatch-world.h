/* A store with a planned campaign and a dispatch over it, with workers made of callbacks: what the
 * tests of dispatch share. */
#ifndef TESTS_UNIT_DISPATCH_WORLD_H
#define TESTS_UNIT_DISPATCH_WORLD_H

#include "unit.h"

#include <unistd.h>

#include "base/file.h"
#include "dispatch/dispatch_private.h"

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

static inline enum fl_status on_deliver(void *ctx, void *worker_ctx, uint64_t batch,
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

static inline void open_dispatch(struct world *w)
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

static inline void open_store(struct world *w)
{
    struct fl_error err = {0};
    struct fl_store_options options = {
        .clock = fl_clock_of_manual(&w->time),
        .create_if_missing = true,
        .busy_timeout_us = FL_US_PER_S,
    };

    assert_ok(fl_store_open(w->uri, &options, &w->store, &err));
}

static inline void put_customers(struct world *w)
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

static inline void plan(struct world *w)
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

static inline int setup(void **state)
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

static inline int teardown(void **state)
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

static inline struct fl_dispatch_worker *up(struct world *w, int number, unsigned more)
{
    struct fl_dispatch_worker *worker;
    struct fl_error err = {0};

    assert_ok(fl_dispatch_worker_up(w->dispatch, "mail", FL_MEDIUM_EMAIL, number,
                                    FL_CAN_DELIVER | more, BATCH, (void *)(intptr_t)number, &worker,
                                    &err));
    return worker;
}

static inline int64_t step(struct world *w)
{
    struct fl_error err = {0};
    int64_t wake;

    assert_ok(fl_dispatch_step(w->dispatch, &wake, &err));
    return wake;
}

static inline void report(struct fl_dispatch_worker *worker, const struct handed *h, uint32_t item,
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

static inline int64_t count(struct world *w, enum fl_message_state s)
{
    int64_t counts[FL_MESSAGE_STATES];
    struct fl_error err = {0};

    assert_ok(fl_store_message_counts(w->store, w->campaign, counts, &err));
    return counts[s];
}

#endif
