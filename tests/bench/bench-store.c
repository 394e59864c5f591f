/*
 * How fast the SQLite driver is, each figure beside the same rows written by a bare loop of
 * prepared statements into the same tables.   bench-store [CUSTOMERS [FOLDER]]
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

enum { BATCH = 64, PER_COMMIT = 100 };

static struct fl_error err;

static void must(enum fl_status st)
{
    if (st) {
        fprintf(stderr, "bench-store: %s\n", err.text);
        exit(1);
    }
}

static void must_sql(sqlite3 *db, int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE) {
        fprintf(stderr, "bench-store: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
}

/* Time of the processor: what else runs on the machine does not count, and neither does fsync. */
static int64_t cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static double show(const char *what, int64_t n, int64_t since_us)
{
    double s = (double)(cpu_us() - since_us) / 1e6;

    printf("%-44s %9.0f /s   %7.2f s\n", what, (double)n / s, s);
    fflush(stdout);
    return (double)n / s;
}

static void show_memory(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    printf("%-44s %9ld MiB\n", "peak resident size", usage.ru_maxrss / 1024);
}

/* Ids and addresses come in no order, as in a firm's own file. */
static unsigned scatter(int i)
{
    return (unsigned)i * 2654435761u;
}

struct person {
    char external_id[24], email[48], phone[24];
};

static struct person person_of(int i)
{
    struct person p;

    snprintf(p.external_id, sizeof p.external_id, "K%08x", scatter(i));
    snprintf(p.email, sizeof p.email, "user%08x@example.org", scatter(i ^ 0x5555));
    snprintf(p.phone, sizeof p.phone, "+8210%08u", scatter(i ^ 0x3333) % 100000000u);
    return p;
}

static const char attributes[] = "{\"segment\":\"mothers_class\",\"branch\":\"seoul\"}";

static struct fl_store *open_store(const char *path, bool is_read_only)
{
    char uri[512];
    struct fl_store_options options = {.clock = fl_clock_system,
                                       .create_if_missing = true,
                                       .is_read_only = is_read_only,
                                       .busy_timeout_us = FL_US_PER_S};
    struct fl_store *store;

    snprintf(uri, sizeof uri, "sqlite:%s", path);
    must(fl_store_open(uri, &options, &store, &err));
    return store;
}

static void remove_database(const char *path)
{
    char other[600];

    unlink(path);
    snprintf(other, sizeof other, "%s-wal", path);
    unlink(other);
    snprintf(other, sizeof other, "%s-shm", path);
    unlink(other);
}

/* ---- import -----------------------------------------------------------------------------------*/

static double import_ours(struct fl_store *store, int n, const char *what)
{
    int64_t since = cpu_us();

    must(fl_store_begin(store, &err));
    for (int i = 0; i < n; i++) {
        struct person p = person_of(i);
        struct fl_address addresses[] = {{.medium = FL_MEDIUM_EMAIL, .value = p.email},
                                         {.medium = FL_MEDIUM_SMS, .value = p.phone}};
        struct fl_anchor anchor = {"birth", 15000 + i % 5000};
        struct fl_consent consents[] = {{.purpose = "marketing",
                                         .medium = FL_MEDIUM_EMAIL,
                                         .state = FL_CONSENT_GRANTED,
                                         .source = "import",
                                         .proof = "file",
                                         .at_us = 1},
                                        {.purpose = "marketing",
                                         .medium = FL_MEDIUM_SMS,
                                         .state = FL_CONSENT_GRANTED,
                                         .source = "import",
                                         .proof = "file",
                                         .at_us = 1}};
        struct fl_customer customer = {.external_id = p.external_id,
                                       .name = "Kim Min-ji",
                                       .language = "ko",
                                       .time_zone = "Asia/Seoul",
                                       .attributes = attributes,
                                       .addresses = addresses,
                                       .n_addresses = 2,
                                       .anchors = &anchor,
                                       .n_anchors = 1,
                                       .consents = consents,
                                       .n_consents = 2};
        enum fl_put put;
        int64_t id;

        must(fl_store_customer_put(store, &customer, &put, &id, &err));
    }
    must(fl_store_commit(store, &err));
    return show(what, n, since);
}

static void run(sqlite3 *db, sqlite3_stmt *stmt)
{
    must_sql(db, sqlite3_step(stmt));
    must_sql(db, sqlite3_reset(stmt));
}

static double import_bare(const char *path, int n)
{
    static const char *const texts[] = {
        "INSERT INTO customer VALUES (?1, ?2, 'Kim Min-ji', 'ko', 'Asia/Seoul', ?3, 0, ?4, ?4)",
        "INSERT INTO address VALUES (?2, ?3, ?4, ?1, 0, ?5, NULL)",
        "INSERT INTO anchor VALUES (?1, 'birth', ?2)",
        "INSERT INTO consent VALUES (?1, ?2, 'marketing', ?3, 1, 'import', 'file', 1)",
        "INSERT INTO consent_now VALUES (?1, 'marketing', ?2, 1, ?3)"};
    sqlite3 *db;
    sqlite3_stmt *s[5];
    int64_t id = INT64_C(1) << 50, since;

    fl_store_close(&(struct fl_store *){open_store(path, false)});
    must_sql(NULL, sqlite3_open(path, &db));
    must_sql(db, sqlite3_exec(db,
                              "PRAGMA synchronous = FULL; PRAGMA cache_size = -24576;"
                              "PRAGMA wal_autocheckpoint = 4096",
                              NULL, NULL, NULL));
    for (int i = 0; i < 5; i++)
        must_sql(db, sqlite3_prepare_v2(db, texts[i], -1, &s[i], NULL));
    since = cpu_us();
    must_sql(db, sqlite3_exec(db, "BEGIN", NULL, NULL, NULL));
    for (int i = 0; i < n; i++) {
        struct person p = person_of(i);
        int64_t customer = id += 64;

        sqlite3_bind_int64(s[0], 1, customer);
        sqlite3_bind_text(s[0], 2, p.external_id, -1, SQLITE_STATIC);
        sqlite3_bind_text(s[0], 3, attributes, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s[0], 4, since);
        run(db, s[0]);
        for (int k = 0; k < 2; k++) {
            sqlite3_bind_int64(s[1], 1, id += 64);
            sqlite3_bind_int64(s[1], 2, customer);
            sqlite3_bind_int(s[1], 3, k + 1);
            sqlite3_bind_text(s[1], 4, k ? p.phone : p.email, -1, SQLITE_STATIC);
            sqlite3_bind_int64(s[1], 5, since);
            run(db, s[1]);
        }
        sqlite3_bind_int64(s[2], 1, customer);
        sqlite3_bind_int(s[2], 2, 15000 + i % 5000);
        run(db, s[2]);
        for (int k = 0; k < 2; k++) {
            sqlite3_bind_int64(s[3], 1, id += 64);
            sqlite3_bind_int64(s[3], 2, customer);
            sqlite3_bind_int(s[3], 3, k + 1);
            run(db, s[3]);
            sqlite3_bind_int64(s[4], 1, customer);
            sqlite3_bind_int(s[4], 2, k + 1);
            sqlite3_bind_int64(s[4], 3, id);
            run(db, s[4]);
        }
    }
    must_sql(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    for (int i = 0; i < 5; i++)
        sqlite3_finalize(s[i]);
    sqlite3_close(db);
    return show("import, bare prepared inserts", n, since);
}

/* ---- planning ---------------------------------------------------------------------------------*/

static int64_t plan_ours(struct fl_store *store, int n, int64_t *channel, double *rate)
{
    struct fl_content_version content = {.name = "welcome", .hash = "h"};
    struct fl_campaign_row campaign = {
        .name = "bench", .state = FL_CAMPAIGN_SCHEDULED, .purpose = "marketing"};
    struct fl_occurrence occurrence = {.stage = "", .cycle = ""};
    struct fl_store_plan plan = {.medium = FL_MEDIUM_EMAIL, .purpose = "marketing", .due_us = 1};
    struct fl_store_plan_result result;
    enum fl_put put;
    int64_t since;

    must(fl_store_begin(store, &err));
    must(fl_store_content_put(store, &content, &put, &occurrence.content, &err));
    must(fl_store_channel_id(store, "mail", FL_MEDIUM_EMAIL, channel, &err));
    must(fl_store_campaign_put(store, &campaign, &put, &occurrence.campaign, &err));
    occurrence.channel = plan.channel = *channel;
    must(fl_store_occurrence_put(store, &occurrence, &put, &plan.occurrence, &err));
    must(fl_store_commit(store, &err));
    plan.is_dry_run = true;
    since = cpu_us();
    must(fl_store_plan(store, &plan, &result, &err));
    show("plan, dry run", result.n_audience, since);
    plan.is_dry_run = false;
    since = cpu_us();
    must(fl_store_begin(store, &err));
    must(fl_store_plan(store, &plan, &result, &err));
    must(fl_store_commit(store, &err));
    *rate = show("plan", result.n_planned, since);
    since = cpu_us();
    must(fl_store_begin(store, &err));
    must(fl_store_plan(store, &plan, &result, &err));
    must(fl_store_commit(store, &err));
    show("plan again, nobody is new (customers)", n, since);
    return plan.occurrence;
}

static double plan_bare(const char *path, int64_t occurrence)
{
    sqlite3 *db;
    int64_t since, n;
    char sql[512];

    must_sql(NULL, sqlite3_open(path, &db));
    must_sql(db, sqlite3_exec(db,
                              "PRAGMA synchronous = FULL; PRAGMA cache_size = -24576;"
                              "PRAGMA wal_autocheckpoint = 4096;"
                              "CREATE TABLE rows AS SELECT * FROM message ORDER BY id;"
                              "DELETE FROM message; PRAGMA wal_checkpoint(TRUNCATE)",
                              NULL, NULL, NULL));
    snprintf(sql, sizeof sql,
             "BEGIN; INSERT INTO message SELECT * FROM rows WHERE occurrence = %" PRId64 "; COMMIT",
             occurrence);
    since = cpu_us();
    must_sql(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
    n = sqlite3_changes64(db);
    must_sql(
        db, sqlite3_exec(db, "DROP TABLE rows; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL));
    sqlite3_close(db);
    return show("plan, bare INSERT ... SELECT", n, since);
}

/* ---- dispatch ---------------------------------------------------------------------------------*/

static void dispatch(struct fl_store *store, int64_t channel)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    int64_t claim_us = 0, lease_us = 0, settle_us = 0, event_us = 0, commit_us = 0, n_rows = 0, t;
    int64_t ids[PER_COMMIT][BATCH], leases[PER_COMMIT];
    int64_t longest_us = 0, since = cpu_us();
    size_t n = 1, n_ids[PER_COMMIT];

    while (n && n_rows < 500000) {
        int n_batches = 0;

        must(fl_store_begin(store, &err));
        for (int b = 0; b < PER_COMMIT && n; b++) {
            struct fl_claim_row *rows;
            struct fl_lease lease = {.channel = channel, .is_begun = true, .ids = ids[b]};

            fl_arena_reset(arena);
            t = cpu_us();
            must(fl_store_claim(store, arena, channel, 100, BATCH, &rows, &n, &err));
            t = cpu_us() - t;
            claim_us += t;
            if (t > longest_us)
                longest_us = t;
            if (!n)
                break;
            for (size_t i = 0; i < n; i++)
                ids[b][i] = rows[i].message.id;
            lease.n_ids = n_ids[b] = n;
            t = cpu_us();
            must(fl_store_lease_put(store, &lease, &err));
            lease_us += cpu_us() - t;
            leases[b] = lease.id;
            n_batches++;
            n_rows += (int64_t)n;
        }
        t = cpu_us();
        must(fl_store_commit(store, &err));
        commit_us += cpu_us() - t;
        must(fl_store_begin(store, &err));
        t = cpu_us();
        for (int b = 0; b < n_batches; b++)
            for (size_t i = 0; i < n_ids[b]; i++)
                must(fl_store_message_settle(store,
                                             &(struct fl_settle){.message = ids[b][i],
                                                                 .to = FL_MESSAGE_ACCEPTED,
                                                                 .attempts = 1},
                                             &err));
        settle_us += cpu_us() - t;
        t = cpu_us();
        for (int b = 0; b < n_batches; b++) {
            for (size_t i = 0; i < n_ids[b]; i++) {
                int64_t id;

                must(fl_store_event_put(store,
                                        &(struct fl_event){.message = ids[b][i],
                                                           .kind = FL_EVENT_ACCEPTED,
                                                           .attempt = 1,
                                                           .code = 250,
                                                           .detail = "2.0.0 Ok: queued",
                                                           .at_us = 1},
                                        &id, &err));
            }
        }
        event_us += cpu_us() - t;
        t = cpu_us();
        for (int b = 0; b < n_batches; b++)
            must(fl_store_lease_drop(store, leases[b], &err));
        lease_us += cpu_us() - t;
        t = cpu_us();
        must(fl_store_commit(store, &err));
        commit_us += cpu_us() - t;
    }
    t = cpu_us();
    show("claim 64", n_rows, t - claim_us);
    printf("%-44s %9" PRId64 " us\n", "claim 64, longest call", longest_us);
    show("lease 64 and drop", n_rows, t - lease_us);
    show("settle", n_rows, t - settle_us);
    show("event", n_rows, t - event_us);
    show("commits (rows)", n_rows, t - commit_us);
    show("claim, lease, settle, event, commit", n_rows, since);
    fl_arena_destroy(&arena);
}

static void count(struct fl_store *store)
{
    int64_t counts[FL_MESSAGE_STATES], since = cpu_us(), n = 0;

    must(fl_store_message_counts(store, 0, counts, &err));
    for (int i = 0; i < FL_MESSAGE_STATES; i++)
        n += counts[i];
    show("counts by state (rows)", n, since);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 1000000;
    const char *folder = argc > 2 ? argv[2] : "/tmp";
    char ours[400], bare[400];
    struct fl_store *store;
    int64_t channel, occurrence, since;
    double import_rate, plan_rate, bare_rate;

    snprintf(ours, sizeof ours, "%s/bench-store-%d.db", folder, (int)getpid());
    snprintf(bare, sizeof bare, "%s/bench-bare-%d.db", folder, (int)getpid());
    bare_rate = import_bare(bare, n);
    remove_database(bare);
    store = open_store(ours, false);
    import_rate = import_ours(store, n, "import");
    printf("%-44s %9.2f\n", "import, ratio to bare", import_rate / bare_rate);
    import_ours(store, n, "import again, unchanged");
    occurrence = plan_ours(store, n, &channel, &plan_rate);
    show_memory();
    fl_store_close(&store);
    bare_rate = plan_bare(ours, occurrence);
    printf("%-44s %9.2f\n", "plan, times the bare one's time", bare_rate / plan_rate);
    store = open_store(ours, false);
    dispatch(store, channel);
    count(store);
    since = cpu_us();
    must(fl_store_backup(store, bare, &err));
    show("backup (customers)", n, since);
    remove_database(bare);
    show_memory();
    fl_store_close(&store);
    remove_database(ours);
    return 0;
}
