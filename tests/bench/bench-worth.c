/*
 * What the store does for the valuation: loading transactions, reading everybody's purchase days,
 * writing scores.  Processor time, and time on the wall where the disk has a part in it.
 *     bench-worth [CUSTOMERS [TRANSACTIONS OF EACH [by-time]]]
 */
#include <inttypes.h>
#include <string.h>

#include "bench-store.h"

enum { CUSTOMERS = 1000000, EACH = 10, CHUNK = 10000, ZONES = 4, SINGLE = 2000, FIRST_DAY = 18000 };

static struct fl_error err;

static void must(enum fl_status st)
{
    if (st)
        bench_die("bench-worth", err.text);
}

static void show(const char *what, int64_t n, struct bench_span since)
{
    struct bench_span span = bench_since(since);

    printf("%-44s %9.0f /s %8.2f s, processor %8.2f s\n", what, (double)n / span.wall_s,
           span.wall_s, span.cpu_s);
    fflush(stdout);
}

/* The same numbers in each run, in no order. */
static uint64_t scatter(uint64_t i)
{
    i = (i ^ i >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    return i ^ i >> 29;
}

static int64_t *add_customers(struct fl_store *store, int n)
{
    int64_t *ids = malloc((size_t)n * sizeof *ids);
    char external_id[32];
    enum fl_put put;

    if (!ids)
        bench_die("bench-worth", "no memory");
    must(fl_store_begin(store, &err));
    for (int i = 0; i < n; i++) {
        struct fl_customer customer = {.external_id = external_id,
                                       .attributes = "{\"segment\":\"mothers_class\"}"};

        snprintf(external_id, sizeof external_id, "K%07d", i);
        must(fl_store_customer_put(store, &customer, &put, &ids[i], &err));
    }
    must(fl_store_commit(store, &err));
    return ids;
}

static struct fl_transaction transaction_of(const int64_t *ids, int n, int each, int64_t k,
                                            bool is_by_time, char external_id[32])
{
    int64_t customer = is_by_time ? (int64_t)(scatter((uint64_t)k) % (uint64_t)n) : k / each;
    uint64_t random = scatter((uint64_t)k * 3 + 1);
    int32_t date = (int32_t)(FIRST_DAY + (is_by_time ? k * 1000 / ((int64_t)n * each)
                                                     : k % each * 100 + (int64_t)(random % 90)));

    snprintf(external_id, 32, "T%09" PRId64, k);
    return (struct fl_transaction){.customer = ids[customer],
                                   .external_id = external_id,
                                   .kind = FL_TRANSACTION_PURCHASE,
                                   .at_us = date * FL_US_PER_DAY,
                                   .date = date,
                                   .amount_minor = 1000 + (int64_t)(random % 50000),
                                   .margin_minor = 250 + (int64_t)(random % 10000),
                                   .currency = "KRW"};
}

static void load(struct fl_store *store, const int64_t *ids, int n, int each, bool is_by_time)
{
    struct bench_span start = bench_now(), end;
    char external_id[32];
    enum fl_put put;
    int64_t id, total = (int64_t)n * each;

    must(fl_store_transactions_begin(store, &err));
    for (int64_t k = 0; k < total; k++) {
        struct fl_transaction t = transaction_of(ids, n, each, k, is_by_time, external_id);

        if (k % CHUNK == 0)
            must(fl_store_begin(store, &err));
        must(fl_store_transaction_put(store, &t, &put, &id, &err));
        if (k % CHUNK == CHUNK - 1 || k == total - 1)
            must(fl_store_commit(store, &err));
    }
    end = bench_now();
    must(fl_store_begin(store, &err));
    must(fl_store_transactions_end(store, &err));
    must(fl_store_commit(store, &err));
    show("transactions loaded, with their days", total, start);
    show("  of which the days, customers", n, end);
}

struct sum {
    int64_t rows, days;
};

static bool add_row(void *ctx, const struct fl_trade_row *row)
{
    struct sum *sum = ctx;

    sum->rows++;
    sum->days += (int64_t)row->n_days;
    return true;
}

static bool no_sign(void *ctx, const struct fl_sign *sign)
{
    (void)ctx;
    (void)sign;
    bench_die("bench-worth", "a sign of nothing");
    return false;
}

static void scan(struct fl_store *store)
{
    struct bench_span start = bench_now();
    struct sum sum = {0};
    int64_t cuts[3];

    must(fl_store_trade_each(store, 1, INT64_MAX, NULL, add_row, &sum, &err));
    show("customers with their days read", sum.rows, start);
    start = bench_now();
    sum = (struct sum){0};
    must(fl_store_trade_each(store, 1, INT64_MAX, "segment", add_row, &sum, &err));
    show("  and a segment", sum.rows, start);
    printf("%-44s %9.1f\n", "  days of each", (double)sum.days / (double)sum.rows);
    start = bench_now();
    must(fl_store_sign_each(store, 1, INT64_MAX, 0, INT64_MAX, no_sign, NULL, &err));
    show("signs, of which there are none", sum.rows, start);
    start = bench_now();
    must(fl_store_customer_cuts(store, 2, cuts, &err));
    show("customers cut in two", sum.rows, start);
}

static bool add_score(void *ctx, const struct fl_score *score)
{
    *(int64_t *)ctx += score->zone >= 0;
    return true;
}

static int64_t value_all(struct fl_store *store, const int64_t *ids, int n, int seed)
{
    struct fl_value_run run = {.as_of_us = fl_clock_now(&fl_clock_system),
                               .started_us = fl_clock_now(&fl_clock_system)};
    struct fl_score *scores = calloc(CHUNK, sizeof *scores);
    struct bench_span start = bench_now();
    int64_t n_changes = 0, seen = 0;

    if (!scores)
        bench_die("bench-worth", "no memory");
    must(fl_store_begin(store, &err));
    must(fl_store_run_begin(store, &run, &run.id, &err));
    must(fl_store_commit(store, &err));
    for (int i = 0; i < n; i += CHUNK) {
        int m = n - i < CHUNK ? n - i : CHUNK;

        for (int k = 0; k < m; k++) {
            uint64_t random = scatter((uint64_t)(i + k));
            double part = (double)(random % 1000) / 1000;

            scores[k] = (struct fl_score){
                .customer = ids[i + k],
                .zone = (int)((random + (random % 50 ? 0 : (uint64_t)seed)) % ZONES),
                .segment = (int)(random % 8),
                .p = part,
                .commitment = part / 3,
                .ltv_minor = (int64_t)(random % 900000),
                .ce_minor = (int64_t)(random % 300000),
                .ev_minor = (int64_t)(random % 3000),
                .spv_minor = (int64_t)(random % 4000),
                .cost_minor = (int64_t)(random % 500),
                .cv_minor = (int64_t)(random % 6000),
                .ce = part / 7,
                .cv = part / 9,
                .distance = part / 11,
                .certainty = part / 13};
        }
        must(fl_store_begin(store, &err));
        must(fl_store_scores_put(store, run.id, scores, (size_t)m, &err));
        must(fl_store_commit(store, &err));
    }
    show("scores written", n, start);
    start = bench_now();
    run.n_customers = run.n_valued = n;
    must(fl_store_begin(store, &err));
    must(fl_store_run_finish(store, &run, &n_changes, &err));
    must(fl_store_commit(store, &err));
    show("  the run finished, zone changes", n_changes, start);
    start = bench_now();
    must(fl_store_score_each(store,
                             &(struct fl_score_filter){.state = -1, .zone = -1, .segment = -1},
                             add_score, &seen, &err));
    show("current scores read", seen, start);
    free(scores);
    return run.id;
}

/* One thing happens to one customer: stored, and scored again. */
static void one_by_one(struct fl_store *store, const int64_t *ids, int n)
{
    struct bench_span start = bench_now();
    char external_id[32];
    enum fl_put put;
    int64_t id;

    must(fl_store_begin(store, &err));
    for (int i = 0; i < SINGLE; i++) {
        int64_t customer = ids[scatter((uint64_t)i) % (uint64_t)n];
        struct fl_transaction t = {.customer = customer,
                                   .external_id = external_id,
                                   .kind = FL_TRANSACTION_PURCHASE,
                                   .date = 20000,
                                   .amount_minor = 5,
                                   .currency = "KRW"};
        struct fl_score score = {.customer = customer, .zone = i % ZONES};
        struct sum sum = {0};

        snprintf(external_id, sizeof external_id, "S%d", i);
        must(fl_store_transaction_put(store, &t, &put, &id, &err));
        must(fl_store_trade_each(store, customer, customer, "segment", add_row, &sum, &err));
        must(fl_store_rescore_put(store, &score, &err));
        must(fl_store_stale_drop(store, customer, &err));
    }
    must(fl_store_commit(store, &err));
    show("one transaction stored and read, one rescored", SINGLE, start);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : CUSTOMERS, each = argc > 2 ? atoi(argv[2]) : EACH;
    bool is_by_time = argc > 3 && strcmp(argv[3], "by-time") == 0;
    struct bench_dir dir;
    struct fl_store *store;
    struct bench_span start;
    int64_t *ids, first, second, matrix[5][5];

    if (n < 1 || each < 1)
        bench_die("bench-worth", "expected numbers of customers and of transactions");
    bench_dir_make(&dir);
    store = bench_store(&dir, "a.db");
    ids = add_customers(store, n);
    load(store, ids, n, each, is_by_time);
    scan(store);
    first = value_all(store, ids, n, 0);
    second = value_all(store, ids, n, 1);
    start = bench_now();
    must(fl_store_zone_matrix(store, first, second, matrix, &err));
    show("two runs compared, customers", n, start);
    one_by_one(store, ids, n);
    free(ids);
    fl_store_close(&store);
    bench_dir_remove(&dir);
    return 0;
}
