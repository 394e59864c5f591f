/*
 * Planning a campaign against the least that could be done: one INSERT ... SELECT of the very same
 * rows, ready made, into a table with the same indexes.  Then the same audience once more, by what
 * relationships are worth and with a hold-out.
 *
 *     bench-plan [CUSTOMERS [ROUNDS]]      default 1000000 and 3; the medians count
 */
#include "bench-store.h"

#include <inttypes.h>

enum { CUSTOMERS_DEFAULT = 1000000, ROUNDS_DEFAULT = 3, ROUNDS_MAX = 9 };
enum { SHARE_WITHOUT_CONSENT = 10, SHARE_SUPPRESSED = 50 };

/* Every tenth has no consent, every fiftieth a bad address; written by SQL, for speed. */
static void fill(const struct bench_dir *dir, int n)
{
    sqlite3 *db = bench_bare(dir, "a.db");
    char sql[2048];

    snprintf(
        sql, sizeof sql,
        "BEGIN IMMEDIATE;"
        "CREATE TEMP TABLE n AS WITH RECURSIVE t(i) AS"
        " (SELECT 0 UNION ALL SELECT i + 1 FROM t WHERE i + 1 < %d) SELECT i FROM t;"
        "INSERT INTO customer SELECT 64000 + i * 64, 'C' || i, 'Kim ' || i, 'ko', '', '{}', 0,"
        " 0, 0 FROM n;"
        "INSERT INTO address (id, customer, medium, value, status, status_us)"
        " SELECT 640000000064 + i * 64, 64000 + i * 64, 1,"
        " 'customer.' || i || '@cust.test', CASE WHEN i %% %d = 7 THEN 1 ELSE 0 END, 0"
        " FROM n;"
        "INSERT INTO consent SELECT 1280000000064 + i * 64, 64000 + i * 64, 'marketing', 1, 1,"
        " 'import', 'b.csv', 0 FROM n WHERE i %% %d <> 3;"
        "INSERT INTO consent_now SELECT customer, purpose, medium, state, id FROM consent;"
        "INSERT INTO value_run VALUES (64, 0, 0, 0, 1, 1, 0, 0, '{}', NULL);"
        "INSERT INTO value_now VALUES (1, 64);"
        "INSERT INTO score SELECT 64, 64000 + i * 64, 0, i %% 4, i %% 8, i %% 8, 0, 0, 0.5, 0.5,"
        " 0, 0, 0, 0, 0, 0, 0.5, 0.5, 0, 0.9 FROM n;"
        "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)",
        n, SHARE_SUPPRESSED, SHARE_WITHOUT_CONSENT);
    bench_sql(db, sql);
    sqlite3_close(db);
}

/* A campaign with one occurrence on one channel; returns what is to be planned. */
static struct fl_store_plan make_plan(struct fl_store *store, const char *name)
{
    struct fl_store_plan plan = {.medium = FL_MEDIUM_EMAIL, .purpose = "marketing"};
    struct fl_content_version content = {.name = "c", .hash = "h"};
    struct fl_campaign_row campaign = {.name = name,
                                       .state = FL_CAMPAIGN_SCHEDULED,
                                       .definition = "",
                                       .purpose = "marketing",
                                       .reason = ""};
    struct fl_occurrence occurrence = {.stage = "", .cycle = ""};
    struct fl_error err;
    enum fl_put put;

    plan.due_us = fl_clock_now(&fl_clock_system);
    if (fl_store_begin(store, &err) ||
        fl_store_channel_id(store, "mail", FL_MEDIUM_EMAIL, &plan.channel, &err) ||
        fl_store_content_put(store, &content, &put, &occurrence.content, &err) ||
        fl_store_campaign_put(store, &campaign, &put, &occurrence.campaign, &err))
        bench_die("campaign", err.text);
    occurrence.channel = plan.channel;
    occurrence.scheduled_us = plan.due_us;
    if (fl_store_occurrence_put(store, &occurrence, &put, &plan.occurrence, &err) ||
        fl_store_commit(store, &err))
        bench_die("occurrence", err.text);
    return plan;
}

static struct bench_span run_plan(struct fl_store *store, const struct fl_store_plan *plan, int n,
                                  struct fl_store_plan_result *out)
{
    struct bench_span start = bench_now();
    struct fl_error err;

    if (fl_store_begin(store, &err) || fl_store_plan(store, plan, out, &err) ||
        fl_store_commit(store, &err))
        bench_die("plan", err.text);
    if (out->n_audience != n)
        bench_die("plan", "not everybody is in the audience");
    return bench_since(start);
}

static struct bench_span run_worth(struct fl_store *store, int n)
{
    struct fl_store_worth_filter worth = FL_STORE_WORTH_ANY;
    struct fl_store_plan plan = make_plan(store, "worth");
    struct fl_store_plan_result result;

    worth.zones = 0xf; /* every zone, so that everybody is asked and everybody is meant */
    worth.has_ce = worth.has_cv = true;
    worth.ce_max = worth.cv_max = 1;
    plan.worth = &worth;
    plan.hold_out_permille = 100;
    plan.hold_out_key = 64;
    return run_plan(store, &plan, n, &result);
}

static struct bench_span run_bare(const struct bench_dir *dir)
{
    sqlite3 *db = NULL;
    char path[100];
    struct bench_span span;
    struct bench_span start;

    snprintf(path, sizeof path, "%s/a.db", dir->path);
    if (sqlite3_open(path, &db) != SQLITE_OK)
        bench_die(path, "cannot be opened");
    bench_settings(db);
    bench_sql(db, "CREATE TABLE copy (id INTEGER PRIMARY KEY, occurrence INTEGER NOT NULL,"
                  " customer INTEGER NOT NULL, channel INTEGER NOT NULL, address INTEGER NOT NULL,"
                  " state INTEGER NOT NULL, rule INTEGER NOT NULL, attempts INTEGER NOT NULL,"
                  " due_us INTEGER NOT NULL, UNIQUE (occurrence, customer, channel));"
                  "CREATE INDEX copy_customer ON copy (customer);"
                  "CREATE INDEX copy_deferred ON copy (channel, due_us) WHERE state = 1;"
                  "CREATE INDEX copy_waiting ON copy (state) WHERE state IN (6, 9)");
    start = bench_now();
    /* The ORDER keeps SQLite from copying page by page, which it can do between two tables alone.
     */
    bench_sql(db, "BEGIN IMMEDIATE; INSERT INTO copy SELECT * FROM message ORDER BY id; COMMIT");
    span = bench_since(start);
    sqlite3_close(db);
    return span;
}

struct round {
    struct bench_span plan, worth, bare;
};

static struct round run_round(const struct bench_dir *dir, int n, struct fl_store_plan_result *out)
{
    struct fl_store *store;
    struct fl_store_plan plan;
    struct round round;

    fill(dir, n);
    store = bench_store(dir, "a.db");
    plan = make_plan(store, "c");
    round.plan = run_plan(store, &plan, n, out);
    fl_store_close(&store);
    round.bare = run_bare(dir);
    store = bench_store(dir, "a.db");
    round.worth = run_worth(store, n);
    fl_store_close(&store);
    return round;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : CUSTOMERS_DEFAULT;
    int n_rounds = argc > 2 ? atoi(argv[2]) : ROUNDS_DEFAULT;
    struct bench_span plans[ROUNDS_MAX], worths[ROUNDS_MAX], bares[ROUNDS_MAX], plan, worth, bare;
    struct fl_store_plan_result result = {0};

    if (n < 1 || n_rounds < 1 || n_rounds > ROUNDS_MAX)
        bench_die("bench-plan", "how many customers, how many rounds?");
    for (int i = 0; i < n_rounds; i++) {
        struct bench_dir dir;
        struct round round;

        bench_dir_make(&dir);
        round = run_round(&dir, n, &result);
        plans[i] = round.plan;
        worths[i] = round.worth;
        bares[i] = round.bare;
        bench_dir_remove(&dir);
    }
    plan = bench_median(plans, n_rounds);
    worth = bench_median(worths, n_rounds);
    bare = bench_median(bares, n_rounds);
    printf("{\"bench\":\"plan\",\"customers\":%d,\"planned\":%" PRId64 ",\"plan_s\":%.3f,"
           "\"bare_s\":%.3f,\"plan_rows_per_s\":%.0f,\"bare_rows_per_s\":%.0f,"
           "\"plan_vs_bare\":%.3f,\"plan_cpu_s\":%.3f,\"bare_cpu_s\":%.3f,"
           "\"plan_worth_s\":%.3f,\"plan_worth_vs_plan\":%.3f}\n",
           n, result.n_planned, plan.wall_s, bare.wall_s, n / plan.wall_s, n / bare.wall_s,
           plan.wall_s / bare.wall_s, plan.cpu_s, bare.cpu_s, worth.wall_s,
           worth.wall_s / plan.wall_s);
    return 0;
}
