/* A store with a small company in it, for the conformance suite and the tests of one driver. */
#ifndef TESTS_CONFORM_WORLD_H
#define TESTS_CONFORM_WORLD_H

#include "../unit/unit.h"

#include <dirent.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/store.h"

#define WORLD_NOW INT64_C(1800000000000000)

struct world {
    struct fl_store *store;
    struct fl_clock_manual manual;
    struct fl_store_options options;
    struct fl_arena *arena;
    char dir[64];
    char path[96];
    char uri[128];
    struct fl_error err;
    int64_t channel, content, campaign, occurrence;
};

static inline void world_init(struct world *w, const char *driver)
{
    memset(w, 0, sizeof *w);
    w->manual.now_us = WORLD_NOW;
    w->options = (struct fl_store_options){.clock = fl_clock_of_manual(&w->manual),
                                           .create_if_missing = true,
                                           .busy_timeout_us = 20 * FL_US_PER_MS};
    strcpy(w->dir, "/tmp/fl-store-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/fairline.db", w->dir);
    snprintf(w->uri, sizeof w->uri, "%s:%s", driver, strcmp(driver, "null") ? w->path : "");
    w->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
}

static inline void world_open(struct world *w)
{
    struct fl_error err;

    assert_ok(fl_store_open(w->uri, &w->options, &w->store, &err));
}

static inline void world_finish(struct world *w)
{
    DIR *dir = opendir(w->dir);
    struct dirent *entry;
    char path[512];

    fl_store_close(&w->store);
    while ((entry = readdir(dir))) {
        snprintf(path, sizeof path, "%s/%s", w->dir, entry->d_name);
        unlink(path);
    }
    closedir(dir);
    rmdir(w->dir);
    fl_arena_destroy(&w->arena);
}

static inline void world_begin(struct world *w)
{
    struct fl_error err;

    assert_ok(fl_store_begin(w->store, &err));
}

static inline void world_commit(struct world *w)
{
    struct fl_error err;

    assert_ok(fl_store_commit(w->store, &err));
}

/* A customer with one e-mail address and, where `consent` is not NONE, one line about marketing. */
static inline int64_t world_customer(struct world *w, const char *external_id, const char *email,
                                     enum fl_consent_state consent)
{
    struct fl_error err;
    struct fl_address address = {.medium = FL_MEDIUM_EMAIL, .value = email};
    struct fl_consent line = {
        .purpose = "marketing", .medium = FL_MEDIUM_EMAIL, .state = consent, .source = "test"};
    struct fl_customer customer = {.external_id = external_id,
                                   .name = "Kim",
                                   .language = "ko",
                                   .attributes = "{\"segment\":\"mothers\"}",
                                   .addresses = &address,
                                   .n_addresses = email ? 1 : 0,
                                   .consents = &line,
                                   .n_consents = consent ? 1 : 0};
    enum fl_put put;
    int64_t id = 0;

    assert_ok(fl_store_customer_put(w->store, &customer, &put, &id, &err));
    return id;
}

/* Content, a channel, a scheduled campaign and its occurrence. */
static inline void world_campaign(struct world *w)
{
    struct fl_error err;
    struct fl_content_file file = {.path = "content.md", .body = "Hello", .body_len = 5};
    struct fl_content_version content = {
        .name = "welcome", .hash = "hash-1", .files = &file, .n_files = 1};
    struct fl_campaign_row campaign = {.name = "mothers",
                                       .state = FL_CAMPAIGN_SCHEDULED,
                                       .definition = "campaign mothers {}",
                                       .purpose = "marketing"};
    struct fl_occurrence occurrence = {.stage = "", .cycle = "", .scheduled_us = WORLD_NOW};
    enum fl_put put;

    assert_ok(fl_store_content_put(w->store, &content, &put, &w->content, &err));
    assert_ok(fl_store_channel_id(w->store, "mail", FL_MEDIUM_EMAIL, &w->channel, &err));
    assert_ok(fl_store_campaign_put(w->store, &campaign, &put, &w->campaign, &err));
    occurrence.campaign = w->campaign;
    occurrence.content = w->content;
    occurrence.channel = w->channel;
    assert_ok(fl_store_occurrence_put(w->store, &occurrence, &put, &w->occurrence, &err));
}

static inline struct fl_store_plan world_plan(const struct world *w)
{
    return (struct fl_store_plan){.occurrence = w->occurrence,
                                  .channel = w->channel,
                                  .medium = FL_MEDIUM_EMAIL,
                                  .purpose = "marketing",
                                  .due_us = WORLD_NOW};
}

/* `n` customers who may be written to, a campaign, and a message planned for each. */
static inline void world_planned(struct world *w, int n)
{
    struct fl_error err;
    struct fl_store_plan plan;
    struct fl_store_plan_result result;

    world_begin(w);
    for (int i = 0; i < n; i++) {
        char external_id[32], email[64];

        snprintf(external_id, sizeof external_id, "c%06d", i);
        snprintf(email, sizeof email, "c%06d@example.org", i);
        world_customer(w, external_id, email, FL_CONSENT_GRANTED);
    }
    world_campaign(w);
    plan = world_plan(w);
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    world_commit(w);
}

static inline void world_show(void *ctx, const char *violation)
{
    (void)ctx;
    print_message("violation: %s\n", violation);
}

#endif
