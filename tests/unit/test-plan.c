/* Planning campaigns on a real store: who gets a message, when, and only once. */
#include "unit.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "campaign/campaign.h"
#include "value/position.h"

struct fixture {
    struct fl_arena *arena;
    struct fl_store *store;
    const struct fl_conf *conf;
    struct fl_clock_manual clock;
    char dir[64];
    /* what the last plan said */
    int n_calls;
    int64_t n_audience, n_planned, n_no_consent, n_no_address;
    char stages[200];
};

static const char conf_text[] = "organisation { name = Dairy time_zone = Asia/Seoul }\n"
                                "channel mail { plugin = email }\n"
                                "channel dry { plugin = null options { medium = sms } }\n"
                                "channel own { plugin = homemade }\n";

static int64_t utc(const char *text)
{
    int64_t t = 0;

    assert_true(fl_time_parse(text, &t));
    return t;
}

static int setup(void **state)
{
    static struct fixture f;
    struct fl_faults faults;
    struct fl_error err;
    char uri[100];

    f = (struct fixture){.arena = fl_arena_create(FL_ARENA_DEFAULT_MAX)};
    fl_faults_init(&faults, f.arena);
    strcpy(f.dir, "/tmp/fairline-plan-XXXXXX");
    if (!mkdtemp(f.dir))
        return -1;
    f.clock.now_us = utc("2026-11-22T00:30:00Z");
    snprintf(uri, sizeof uri, "sqlite:%s/t.db", f.dir);
    assert_ok(fl_conf_parse(f.arena, "fairline.conf", conf_text, &faults, &f.conf, &err));
    assert_ok(fl_store_open(uri,
                            &(struct fl_store_options){.clock = fl_clock_of_manual(&f.clock),
                                                       .create_if_missing = true,
                                                       .busy_timeout_us = FL_US_PER_S},
                            &f.store, &err));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[100];

    fl_store_close(&f->store);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    fl_arena_destroy(&f->arena);
    return system(command);
}

/* `birth` may be NULL; without consent where `has_consent` is false. */
static void add_customer(struct fixture *f, const char *external_id, const char *segment,
                         const char *birth, bool has_consent)
{
    struct fl_error err;
    struct fl_anchor anchor = {.name = "birth"};
    char mail[64], attributes[128];
    struct fl_address address = {.medium = FL_MEDIUM_EMAIL, .value = mail};
    struct fl_consent consent = {.purpose = "marketing",
                                 .medium = FL_MEDIUM_EMAIL,
                                 .state = FL_CONSENT_GRANTED,
                                 .source = "test",
                                 .proof = "",
                                 .at_us = f->clock.now_us};
    struct fl_customer customer = {.external_id = external_id,
                                   .name = external_id,
                                   .language = "ko",
                                   .time_zone = "",
                                   .attributes = attributes,
                                   .addresses = &address,
                                   .n_addresses = 1,
                                   .anchors = &anchor,
                                   .n_anchors = birth ? 1 : 0,
                                   .consents = &consent,
                                   .n_consents = has_consent ? 1 : 0};
    enum fl_put put;
    int64_t id;

    snprintf(mail, sizeof mail, "%s@example.org", external_id);
    snprintf(attributes, sizeof attributes, "{\"segment\":\"%s\"}", segment);
    if (birth)
        assert_true(fl_date_parse(birth, &anchor.date));
    assert_ok(fl_store_begin(f->store, &err));
    assert_ok(fl_store_customer_put(f->store, &customer, &put, &id, &err));
    assert_ok(fl_store_commit(f->store, &err));
}

static int64_t add_content(struct fixture *f, const char *name, const char *hash)
{
    struct fl_error err;
    struct fl_content_file file = {.path = "content.md", .body = hash, .body_len = strlen(hash)};
    struct fl_content_version version = {.name = name, .hash = hash, .files = &file, .n_files = 1};
    enum fl_put put;
    int64_t id = 0;

    assert_ok(fl_store_begin(f->store, &err));
    assert_ok(fl_store_content_put(f->store, &version, &put, &id, &err));
    assert_ok(fl_store_commit(f->store, &err));
    return id;
}

/* Parses and stores one campaign, scheduled. */
static struct fl_campaign *add_campaign(struct fixture *f, const char *text,
                                        struct fl_campaign_row *row)
{
    struct fl_campaign *campaign = NULL;
    struct fl_faults faults;
    struct fl_error err;
    enum fl_put put;
    size_t n = 0;
    int64_t id = 0;

    fl_faults_init(&faults, f->arena);
    assert_ok(fl_campaign_parse(f->arena, "c", text, f->conf, &faults, &campaign, &n, &err));
    assert_int_equal(n, 1);
    *row = (struct fl_campaign_row){.name = campaign->name,
                                    .definition = campaign->definition,
                                    .purpose = campaign->purpose,
                                    .reason = ""};
    assert_ok(fl_store_begin(f->store, &err));
    assert_ok(fl_store_campaign_put(f->store, row, &put, &id, &err));
    assert_ok(fl_store_campaign_set_state(f->store, id, FL_CAMPAIGN_SCHEDULED, "", &err));
    assert_ok(fl_store_commit(f->store, &err));
    assert_ok(fl_store_campaign_get(f->store, f->arena, id, row, &err));
    return campaign;
}

static void on_planned(void *ctx, const char *stage, const struct fl_store_plan_result *result)
{
    struct fixture *f = ctx;

    f->n_calls++;
    f->n_audience += result->n_audience;
    f->n_planned += result->n_planned;
    f->n_no_consent += result->n_suppressed[FL_RULE_NO_CONSENT];
    f->n_no_address += result->n_suppressed[FL_RULE_NO_ADDRESS];
    strcat(f->stages, stage);
    strcat(f->stages, ";");
}

static enum fl_status plan(struct fixture *f, const struct fl_campaign_row *row,
                           const struct fl_campaign *campaign, bool is_dry_run,
                           struct fl_error *out_err)
{
    struct fl_error err;
    enum fl_status st;

    f->n_calls = 0;
    f->n_audience = f->n_planned = f->n_no_consent = f->n_no_address = 0;
    f->stages[0] = '\0';
    assert_ok(fl_store_begin(f->store, &err));
    st = fl_campaign_plan(f->store, f->conf, row, campaign, f->clock.now_us, is_dry_run, on_planned,
                          f, out_err);
    if (st)
        fl_store_rollback(f->store);
    else
        assert_ok(fl_store_commit(f->store, &err));
    return st;
}

static int64_t planned_total(struct fixture *f)
{
    int64_t counts[FL_MESSAGE_STATES];
    struct fl_error err;

    assert_ok(fl_store_message_counts(f->store, 0, counts, &err));
    return counts[FL_MESSAGE_PLANNED] + counts[FL_MESSAGE_DUE];
}

static void test_once(void **state)
{
    struct fixture *f = *state;
    struct fl_campaign_row row;
    struct fl_campaign *campaign;
    struct fl_error err;

    add_content(f, "home", "v1");
    add_customer(f, "a", "home", NULL, true);
    add_customer(f, "b", "home", NULL, false);
    add_customer(f, "c", "shop", NULL, true);
    campaign = add_campaign(f,
                            "campaign h { purpose = marketing channel = mail content = home\n"
                            "audience { attribute segment { equals = home } }\n"
                            "schedule { at = \"2026-11-22T10:00\" } }",
                            &row);

    assert_ok(plan(f, &row, campaign, false, &err)); /* half an hour too early */
    assert_int_equal(f->n_calls, 0);
    assert_ok(plan(f, &row, campaign, true, &err));
    assert_int_equal(f->n_audience, 2);
    assert_int_equal(f->n_planned, 1);
    assert_int_equal(f->n_no_consent, 1);
    assert_int_equal(planned_total(f), 0);

    f->clock.now_us = utc("2026-11-22T01:00:00Z");
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_string_equal(f->stages, ";");
    assert_int_equal(f->n_planned, 1);
    assert_int_equal(planned_total(f), 1);
    /* Once is once, also for who comes later. */
    add_customer(f, "d", "home", NULL, true);
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_int_equal(f->n_calls, 0);
    assert_int_equal(planned_total(f), 1);
    assert_ok(plan(f, &row, campaign, true, &err));
    assert_int_equal(f->n_audience, 1);
}

/* Sends whatever is due on the channel, as dispatch would: claim, lease, settle, drop. */
static void send_all(struct fixture *f)
{
    struct fl_error err;
    struct fl_claim_row *rows;
    int64_t channel = 0, ids[100], lease;
    enum fl_medium medium;
    size_t n = 0;

    assert_ok(fl_store_channel_find(f->store, "mail", &channel, &medium, &err));
    do {
        struct fl_lease put = {.channel = channel, .worker = 1, .epoch = 1, .ids = ids};

        assert_ok(
            fl_store_claim(f->store, f->arena, channel, f->clock.now_us, 100, &rows, &n, &err));
        assert_ok(fl_store_begin(f->store, &err));
        for (size_t i = 0; i < n; i++)
            ids[i] = rows[i].message.id;
        put.n_ids = n;
        if (n)
            assert_ok(fl_store_lease_put(f->store, &put, &err));
        lease = put.id;
        for (size_t i = 0; i < n; i++)
            assert_ok(fl_store_message_settle(f->store,
                                              &(struct fl_settle){.message = ids[i],
                                                                  .from = rows[i].message.state,
                                                                  .to = FL_MESSAGE_DELIVERED,
                                                                  .attempts = 1},
                                              &err));
        if (n)
            assert_ok(fl_store_lease_drop(f->store, lease, &err));
        assert_ok(fl_store_commit(f->store, &err));
    } while (n);
}

static int64_t finish(struct fixture *f)
{
    struct fl_error err;
    int64_t n = 0;

    assert_ok(fl_store_begin(f->store, &err));
    assert_ok(fl_store_occurrence_finish(f->store, &n, &err));
    assert_ok(fl_store_commit(f->store, &err));
    return n;
}

static void test_done(void **state)
{
    struct fixture *f = *state;
    struct fl_campaign_row row;
    struct fl_campaign *campaign;
    struct fl_error err;
    bool is_done = true;

    add_content(f, "home", "v1");
    add_customer(f, "a", "home", NULL, true);
    campaign = add_campaign(
        f, "campaign h { purpose = '' channel = mail content = home schedule { at = now } }", &row);
    assert_ok(fl_store_begin(f->store, &err));
    assert_ok(fl_campaign_finish(f->store, &row, campaign, &is_done, &err));
    assert_false(is_done); /* not planned yet */
    assert_ok(fl_store_commit(f->store, &err));
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_int_equal(f->n_planned, 1);

    assert_int_equal(finish(f), 0); /* still to be sent */
    assert_ok(fl_store_begin(f->store, &err));
    assert_ok(fl_campaign_finish(f->store, &row, campaign, &is_done, &err));
    assert_ok(fl_store_commit(f->store, &err));
    assert_false(is_done);
    send_all(f);
    assert_int_equal(finish(f), 1);

    assert_ok(plan(f, &row, campaign, false, &err)); /* planning notices */
    assert_ok(fl_store_campaign_get(f->store, f->arena, row.id, &row, &err));
    assert_int_equal(row.state, FL_CAMPAIGN_DONE);
    assert_status(FL_REJECTED, plan(f, &row, campaign, false, &err));
}

struct newest {
    int64_t content;
    enum fl_occurrence_state state;
    int n;
};

static bool on_occurrence(void *ctx, const struct fl_occurrence *occurrence)
{
    struct newest *newest = ctx;

    newest->n++;
    if (strcmp(occurrence->stage, "before") == 0)
        newest->content = occurrence->content;
    newest->state = occurrence->state;
    return true;
}

static void test_stages(void **state)
{
    struct fixture *f = *state;
    struct fl_campaign_row row;
    struct fl_campaign *campaign;
    struct newest newest = {0};
    struct fl_error err;
    int64_t second;

    add_content(f, "w12", "v1");
    add_content(f, "w0", "v1");
    add_customer(f, "early", "m", "2027-02-14", true); /* 12 weeks before */
    add_customer(f, "late", "m", "2027-01-17", true);  /* 8 weeks before, the last day */
    add_customer(f, "outside", "m", "2027-02-15", true);
    add_customer(f, "born", "m", "2026-11-22", true);
    add_customer(f, "none", "m", NULL, true);
    campaign = add_campaign(f,
                            "campaign p { purpose = marketing channel = mail\n"
                            "stage before { anchor = birth from = -12w to = -8w content = w12 }\n"
                            "stage welcome { anchor = birth from = 0d to = 4w content = w0 } }",
                            &row);
    assert_ok(plan(f, &row, campaign, true, &err));
    assert_int_equal(f->n_planned, 3);
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_string_equal(f->stages, "before;welcome;");
    assert_int_equal(f->n_planned, 3);
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_int_equal(f->n_planned, 0);
    assert_int_equal(planned_total(f), 3);

    /* The next day, in Seoul: one more comes into the window, with the newest content. */
    second = add_content(f, "w12", "v2");
    f->clock.now_us = utc("2026-11-22T15:00:00Z");
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_int_equal(f->n_planned, 1);
    assert_ok(fl_store_occurrence_each(f->store, row.id, on_occurrence, &newest, &err));
    assert_int_equal(newest.n, 2);
    assert_int_equal(newest.content, second);

    /* A campaign of stages is never done, and planning nobody does not open what is finished. */
    send_all(f);
    assert_int_equal(finish(f), 2);
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_ok(fl_store_occurrence_each(f->store, row.id, on_occurrence, &newest, &err));
    assert_int_equal(newest.state, FL_OCCURRENCE_FINISHED);
    assert_ok(fl_store_campaign_get(f->store, f->arena, row.id, &row, &err));
    assert_int_equal(row.state, FL_CAMPAIGN_SCHEDULED);
}

/* A valuation now, in which each customer of `ids` is in the zone. */
static void value(struct fixture *f, const int64_t *ids, const enum fl_zone *zones, size_t n)
{
    struct fl_value_run run = {.as_of_us = f->clock.now_us, .report = "{}"};
    struct fl_error err;
    int64_t n_changes;

    assert_ok(fl_store_begin(f->store, &err));
    assert_ok(fl_store_run_begin(f->store, &run, &run.id, &err));
    for (size_t i = 0; i < n; i++) {
        struct fl_score score = {.customer = ids[i], .zone = (int)zones[i], .ce = 0.5, .cv = 0.5};

        assert_ok(fl_store_scores_put(f->store, run.id, &score, 1, &err));
    }
    assert_ok(fl_store_run_finish(f->store, &run, &n_changes, &err));
    assert_ok(fl_store_commit(f->store, &err));
}

/* A change of zone is acted upon at the next turn, for a week, and once. */
static void test_zone_stage(void **state)
{
    enum { CUSTOMERS = 4 };
    static const enum fl_zone before[] = {FL_ZONE_III, FL_ZONE_III, FL_ZONE_III, FL_ZONE_I};
    static const enum fl_zone after[] = {FL_ZONE_II, FL_ZONE_III, FL_ZONE_II, FL_ZONE_II};
    struct fixture *f = *state;
    struct fl_campaign_row row;
    struct fl_campaign *campaign;
    struct fl_error err;
    int64_t ids[CUSTOMERS];

    add_content(f, "gift", "v1");
    for (int i = 0; i < CUSTOMERS; i++) {
        const char *name = fl_arena_printf(f->arena, "c%d", i);

        add_customer(f, name, i == 2 ? "b" : "a", NULL, true);
        assert_ok(fl_store_customer_find(f->store, name, &ids[i], &err));
    }
    campaign = add_campaign(f,
                            "campaign w { purpose = marketing channel = mail\n"
                            "audience { attribute segment { equals = a } }\n"
                            "stage back { zone_from = III zone_to = II content = gift }\n"
                            "stage all { zone_to = II within = 1d content = gift } }",
                            &row);
    value(f, ids, before, CUSTOMERS);
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_int_equal(f->n_audience, 0);
    f->clock.now_us += FL_US_PER_DAY;
    value(f, ids, after, CUSTOMERS);
    f->clock.now_us += FL_US_PER_S;
    assert_ok(plan(f, &row, campaign, true, &err));
    assert_int_equal(f->n_planned, 3);
    /* Two days later one of the stages is closed, the other not. */
    f->clock.now_us += 2 * FL_US_PER_DAY;
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_int_equal(f->n_planned, 1);
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_int_equal(f->n_planned, 0);
    /* There and back again: the stage has reached him. */
    value(f, ids, before, CUSTOMERS);
    f->clock.now_us += FL_US_PER_S;
    value(f, ids, after, CUSTOMERS);
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_string_equal(f->stages, "back;all;");
    assert_int_equal(f->n_planned, 2); /* by the other stage, which had reached nobody */
    f->clock.now_us += 8 * FL_US_PER_DAY;
    assert_ok(plan(f, &row, campaign, true, &err));
    assert_int_equal(f->n_audience, 0);
}

/* One campaign holds out the same customers in every stage and at every turn. */
static void test_hold_out(void **state)
{
    enum { CUSTOMERS = 60 };
    struct fixture *f = *state;
    struct fl_campaign_row row;
    struct fl_campaign *campaign;
    struct fl_error err;
    int64_t first;

    add_content(f, "c", "v1");
    for (int i = 0; i < CUSTOMERS; i++)
        add_customer(f, fl_arena_printf(f->arena, "c%d", i), "a", "2026-11-22", true);
    campaign = add_campaign(f,
                            "campaign h { purpose = marketing channel = mail hold_out = 50%\n"
                            "stage one { anchor = birth from = 0d to = 4w content = c }\n"
                            "stage two { anchor = birth from = 0d to = 4w content = c } }",
                            &row);
    assert_ok(plan(f, &row, campaign, true, &err));
    first = f->n_planned;
    assert_int_equal(f->n_audience, 2 * CUSTOMERS);
    assert_in_range(first, 2, 2 * CUSTOMERS - 2);
    assert_int_equal(first % 2, 0);
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_int_equal(f->n_planned, first);
    assert_int_equal(planned_total(f), first);
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_int_equal(f->n_audience, 0);
}

static void test_refused(void **state)
{
    struct fixture *f = *state;
    struct fl_campaign_row row;
    struct fl_campaign *campaign;
    struct fl_error err;
    enum fl_medium medium;
    int64_t id;

    campaign = add_campaign(
        f, "campaign a { purpose = '' channel = mail content = none schedule { at = now } }", &row);
    assert_status(FL_NOT_FOUND, plan(f, &row, campaign, false, &err));
    assert_string_equal(err.text, "no content \"none\" is stored");
    add_content(f, "none", "v1");
    row.state = FL_CAMPAIGN_PAUSED;
    assert_status(FL_REJECTED, plan(f, &row, campaign, false, &err));

    /* Nobody knows what medium this plugin has before it has run; and asking must not settle it. */
    campaign = add_campaign(
        f, "campaign b { purpose = '' channel = own content = none schedule { at = now } }", &row);
    assert_status(FL_UNAVAILABLE, plan(f, &row, campaign, true, &err));
    assert_status(FL_UNAVAILABLE, plan(f, &row, campaign, false, &err));
    assert_status(FL_NOT_FOUND, fl_store_channel_find(f->store, "own", &id, &medium, &err));
    assert_ok(fl_store_begin(f->store, &err));
    assert_ok(fl_store_channel_id(f->store, "own", FL_MEDIUM_FAX, &id, &err));
    assert_ok(fl_store_commit(f->store, &err));
    add_customer(f, "a", "x", NULL, true);
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_int_equal(f->n_no_address, 1); /* no fax number */

    campaign = add_campaign(
        f, "campaign c { purpose = '' channel = dry content = none schedule { at = now } }", &row);
    assert_ok(plan(f, &row, campaign, false, &err));
    assert_ok(fl_store_channel_find(f->store, "dry", &id, &medium, &err));
    assert_int_equal(medium, FL_MEDIUM_SMS);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_once),       TEST(test_done),     TEST(test_stages),
        TEST(test_zone_stage), TEST(test_hold_out), TEST(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
