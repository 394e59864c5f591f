/*
 * A valuation run from store to stored scores, and one rescoring; beside them the least that could
 * be done: writing the same rows by bare SQLite.
 *
 *     bench-appraise [CUSTOMERS [THREADS]]      default 1000000 and 2; ten purchases each
 *     BENCH_APPRAISE_DB=FILE                    made when missing, kept, used again
 */
#include "bench-store.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "appraise/appraise.h"
#include "base/file.h"
#include "value/simulate.h"

enum {
    CUSTOMERS_DEFAULT = 1000000,
    THREADS_DEFAULT = 2,
    PURCHASES_MAX = 200,
    WEEKS = 156,
    FIRST_DAY = 19723, /* 2024-01-01 */
    BATCH = 10000,
    RESCORINGS = 1000,
    ARENA_MAX = 256 << 20
};
static const double params[] = {1.2, 13, 0.8, 160}; /* Pareto/NBD: ten purchases in 156 weeks */

static void add_customers(const char *path, int n)
{
    sqlite3 *db = NULL;
    char sql[512];

    if (sqlite3_open(path, &db) != SQLITE_OK)
        bench_die(path, "cannot be opened");
    bench_settings(db);
    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE;"
             "CREATE TEMP TABLE n AS WITH RECURSIVE t(i) AS"
             " (SELECT 0 UNION ALL SELECT i + 1 FROM t WHERE i + 1 < %d) SELECT i FROM t;"
             "INSERT INTO customer SELECT 64000 + i * 64, 'C' || i, 'Kim ' || i, 'ko', '',"
             " '{\"segment\": \"s' || (i %% 20) || '\"}', 0, 0, 0 FROM n;"
             "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)",
             n);
    bench_sql(db, sql);
    sqlite3_close(db);
}

static void buy(struct fl_store *store, int64_t customer, int32_t date, int64_t number,
                double spend)
{
    char id[32];
    struct fl_transaction transaction = {.customer = customer,
                                         .external_id = id,
                                         .kind = FL_TRANSACTION_PURCHASE,
                                         .at_us = (int64_t)date * FL_US_PER_DAY,
                                         .date = date,
                                         .amount_minor = llround(spend * 100),
                                         .margin_minor = llround(spend * 30),
                                         .discount_minor = number % 7 ? 0 : llround(spend * 5),
                                         .currency = "USD",
                                         .product = ""};
    struct fl_error err;
    enum fl_put put;
    int64_t made;

    snprintf(id, sizeof id, "T%" PRId64, number);
    if (fl_store_transaction_put(store, &transaction, &put, &made, &err))
        bench_die("transaction", err.text);
}

static int64_t add_purchases(struct fl_store *store, int n)
{
    struct fl_value_random random;
    double times[PURCHASES_MAX];
    struct fl_error err;
    int64_t number = 0;

    fl_value_random_init(&random, 1);
    if (fl_store_transactions_begin(store, &err) || fl_store_begin(store, &err))
        bench_die("begin", err.text);
    for (int i = 0; i < n; i++) {
        double start = WEEKS * fl_value_random_uniform(&random) / 2;
        double mean = 20 + 1 / fl_value_random_gamma(&random, 3.7, 0.1);
        size_t k = fl_value_simulate_times(FL_VALUE_PARETONBD, params, WEEKS - start, &random,
                                           times, PURCHASES_MAX);
        int64_t customer = 64000 + (int64_t)i * 64;

        buy(store, customer, FIRST_DAY + (int32_t)(start * 7), number++, mean);
        for (size_t j = 0; j < k; j++)
            buy(store, customer, FIRST_DAY + (int32_t)((start + times[j]) * 7), number++,
                mean * (0.5 + fl_value_random_uniform(&random)));
        if (i % BATCH == BATCH - 1 && (fl_store_commit(store, &err) || fl_store_begin(store, &err)))
            bench_die("commit", err.text);
    }
    if (fl_store_transactions_end(store, &err) || fl_store_commit(store, &err))
        bench_die("end", err.text);
    return number;
}

static int64_t now_us(void)
{
    return (FIRST_DAY + (int64_t)WEEKS * 7 + 1) * FL_US_PER_DAY;
}

static void on_progress(void *ctx, const char *what, int64_t done, int64_t total)
{
    double *last = ctx;
    double now = (double)fl_clock_monotonic_us() / 1e6;

    (void)total;
    if (getenv("BENCH_APPRAISE_STEPS"))
        fprintf(stderr, "%6.2f s  %s %" PRId64 "\n", now - *last, what, done);
}

static void run(struct fl_store *store, const char *uri, const struct fl_conf *conf, int threads)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    double started_s = (double)fl_clock_monotonic_us() / 1e6;
    struct fl_appraise_store_sink to = {
        .store = store, .progress = on_progress, .progress_ctx = &started_s};
    struct fl_appraise_input input = {.store = store,
                                      .store_uri = uri,
                                      .conf = conf,
                                      .as_of_us = now_us(),
                                      .now_us = now_us(),
                                      .threads = threads,
                                      .sink = fl_appraise_sink_of_store(&to)};
    struct fl_appraise_result result;
    struct bench_span start = bench_now(), span;
    struct fl_error err;

    if (fl_appraise_run(arena, &input, &result, &err))
        bench_die("run", err.text);
    span = bench_since(start);
    printf("{\"s\": %.3f, \"cpu_s\": %.3f, \"customers\": %" PRId64
           ", \"bytes_a_customer\": %.1f}\n",
           span.wall_s, span.cpu_s, result.n_valued,
           (double)result.memory_bytes / (double)result.n_customers);
    if (getenv("BENCH_APPRAISE_STEPS"))
        fprintf(stderr, "%s\n", result.report);
}

static void rescore(struct fl_store *store, const struct fl_conf *conf, int n)
{
    struct fl_appraise_frame *frame;
    struct bench_span start, span;
    struct fl_score score;
    struct fl_error err;

    start = bench_now();
    if (fl_appraise_frame_open(store, conf, &frame, &err))
        bench_die("frame", err.text);
    span = bench_since(start);
    printf("{\"frame_ms\": %.3f}\n", span.wall_s * 1e3);
    start = bench_now();
    for (int i = 0; i < RESCORINGS; i++)
        if (fl_appraise_one(frame, store, 64000 + (int64_t)(i * 7919 % n) * 64, now_us(), &score,
                            &err))
            bench_die("rescoring", err.text);
    span = bench_since(start);
    printf("{\"rescore_ms\": %.4f}\n", span.wall_s * 1e3 / RESCORINGS);
    fl_appraise_frame_close(&frame);
}

/* The same rows once more into a table like theirs. */
static void bare(const char *path)
{
    struct bench_span start, span;
    sqlite3 *db = NULL;

    if (sqlite3_open(path, &db) != SQLITE_OK)
        bench_die(path, "cannot be opened");
    bench_settings(db);
    bench_sql(db, "CREATE TABLE bare_score AS SELECT * FROM "
                  "score LIMIT 0; CREATE UNIQUE INDEX bare_key ON bare_score (customer)");
    start = bench_now();
    bench_sql(db, "BEGIN IMMEDIATE; INSERT INTO bare_score SELECT * FROM score WHERE run = (SELECT "
                  "MAX(run) FROM score); COMMIT");
    span = bench_since(start);
    printf("{\"bare_write_s\": %.3f}\n", span.wall_s);
    bench_sql(db, "DROP TABLE bare_score");
    sqlite3_close(db);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : CUSTOMERS_DEFAULT;
    int threads = argc > 2 ? (int)strtol(argv[2], NULL, 10) : THREADS_DEFAULT;
    const char *kept = getenv("BENCH_APPRAISE_DB");
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    struct fl_store_options options = {.clock = fl_clock_system,
                                       .create_if_missing = true,
                                       .busy_timeout_us = FL_US_PER_S,
                                       .cache_bytes = FL_STORE_CACHE_IMPORT};
    struct bench_dir dir = {""};
    char path[200], uri[220];
    const struct fl_conf *conf;
    struct fl_store *store = NULL;
    struct rusage used;
    struct fl_error err;
    bool is_new = !kept || access(kept, R_OK) != 0;

    if (!kept)
        bench_dir_make(&dir);
    snprintf(path, sizeof path, "%s%s", kept ? kept : dir.path, kept ? "" : "/a.db");
    snprintf(uri, sizeof uri, "sqlite:%s", path);
    if (!arena || fl_conf_default(arena, "/nonexistent", &conf, &err) ||
        fl_store_open(uri, &options, &store, &err))
        bench_die("store", err.text);
    if (is_new) {
        add_customers(path, n);
        printf("{\"transactions\": %" PRId64 "}\n", add_purchases(store, n));
    }
    run(store, uri, conf, threads);
    getrusage(RUSAGE_SELF, &used);
    printf("{\"peak_mib\": %.1f}\n", (double)used.ru_maxrss / 1024);
    rescore(store, conf, n);
    fl_store_close(&store);
    bare(path);
    if (!kept)
        bench_dir_remove(&dir);
    return 0;
}
