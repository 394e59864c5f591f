/* What is special about the SQLite driver under the valuation: packed days, old schemas, imports
 * that are cut off, damage, disks that fail. */
#include "store-file.h"

#include <sqlite3.h>

#include "bad-disk.h"
#include "store/store_days.h"
#include "store/store_sqlite_private.h"

enum { DAY = 20000 };

static void raw(struct world *w, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        print_message("%s: %s\n", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_errcode(db), SQLITE_OK);
    sqlite3_close(db);
}

static struct fl_transaction purchase(int64_t customer, const char *external_id)
{
    return (struct fl_transaction){.customer = customer,
                                   .external_id = external_id,
                                   .kind = FL_TRANSACTION_PURCHASE,
                                   .date = DAY,
                                   .amount_minor = 10,
                                   .margin_minor = 5,
                                   .currency = "KRW"};
}

static void put(struct world *w, int64_t customer, const char *external_id)
{
    struct fl_transaction t = purchase(customer, external_id);
    struct fl_error err;
    enum fl_put done;
    int64_t id;

    assert_ok(fl_store_transaction_put(w->store, &t, &done, &id, &err));
}

/* ---- packed days ------------------------------------------------------------------------------*/

/* The same numbers each time. */
static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 11;
}

static int64_t any_number(uint64_t *state)
{
    int64_t number = (int64_t)(next_random(state) >> next_random(state) % 50);

    return next_random(state) % 3 == 0 ? 0 : next_random(state) % 2 ? number : -number;
}

static struct fl_days days_of(uint64_t seed, size_t n)
{
    struct fl_days days = {0};
    struct fl_error err;

    for (size_t i = 0; i < n; i++) {
        struct fl_transaction t = {.kind = next_random(&seed) % 3 ? FL_TRANSACTION_PURCHASE
                                                                  : FL_TRANSACTION_REFUND,
                                   .date = (int32_t)(next_random(&seed) % 60000) - 20000,
                                   .amount_minor = any_number(&seed),
                                   .margin_minor = any_number(&seed),
                                   .saved_minor = any_number(&seed),
                                   .discount_minor = any_number(&seed),
                                   .gift_minor = any_number(&seed),
                                   .fee_minor = any_number(&seed) / 2,
                                   .points = any_number(&seed)};

        assert_ok(fl_days_add(&days, &t, &err));
    }
    return days;
}

static void test_packed_days(void **state)
{
    struct fl_error err;

    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct fl_days days = days_of(seed, (size_t)seed), again = {0};
        struct fl_buf packed = FL_BUF(1 << 20);

        for (size_t i = 1; i < days.n; i++)
            assert_true(days.list[i - 1].date < days.list[i].date);
        fl_days_pack(&days, &packed);
        assert_false(fl_buf_failed(&packed));
        assert_ok(fl_days_unpack(&again, packed.data, packed.len, &err));
        assert_true(fl_days_equal(&days, &again));
        for (size_t len = 0; len < packed.len && seed < 20; len++)
            assert_status(FL_INVALID, fl_days_unpack(&again, packed.data, len, &err));
        fl_buf_putc(&packed, 1);
        assert_status(FL_INVALID, fl_days_unpack(&again, packed.data, packed.len, &err));
        fl_days_finish(&days);
        fl_days_finish(&again);
        fl_buf_finish(&packed);
    }
}

/* Whatever the bytes: days that ascend, or a refusal. */
static void test_days_of_any_bytes(void **state)
{
    struct fl_days days = {0};
    uint64_t random = 1;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        unsigned char bytes[24];
        size_t len = next_random(&random) % (sizeof bytes + 1);
        char *exact = malloc(len ? len : 1);

        for (size_t i = 0; i < len; i++)
            bytes[i] = (unsigned char)next_random(&random);
        if (len && round % 2)
            bytes[0] %= 8;
        memcpy(exact, bytes, len);
        if (!fl_days_unpack(&days, exact, len, NULL))
            for (size_t i = 1; i < days.n; i++)
                assert_true(days.list[i - 1].date < days.list[i].date);
        free(exact);
    }
    fl_days_finish(&days);
}

static void test_days_that_overflow(void **state)
{
    struct fl_days days = {0}, before = {0};
    struct fl_transaction t = purchase(7, "t");
    struct fl_error err;

    (void)state;
    t.amount_minor = INT64_MAX / 2 + 1;
    assert_ok(fl_days_add(&days, &t, &err));
    assert_ok(fl_days_add(&before, &t, &err));
    assert_status(FL_LIMIT, fl_days_add(&days, &t, &err));
    assert_non_null(strstr(err.text, "customer 7"));
    assert_true(fl_days_equal(&days, &before));
    fl_days_finish(&days);
    fl_days_finish(&before);
}

/* ---- files ------------------------------------------------------------------------------------*/

static bool find_scale(void *ctx, const struct fl_answer *answer)
{
    static const struct {
        const char *question;
        double low, high;
    } expected[] = {{"choice", 0, 0}, {"odd", 0, 0}, {"recommend", 0, 10}, {"satisfaction", 1, 5}};
    int i = (*(int *)ctx)++;

    assert_true(i < 4);
    assert_string_equal(answer->question, expected[i].question);
    assert_true(answer->low == expected[i].low && answer->high == expected[i].high);
    return true;
}

/* Answers of schema 0002 get the scale they were given on. */
static void test_from_0002(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    int n = 0;

    for (const struct fl_migration *m = fl_store_migrations; m->version && m->version < 3; m++)
        raw(w, m->sql);
    raw(w, "PRAGMA application_id = 0x464c4e45; PRAGMA user_version = 2;"
           "INSERT INTO answer VALUES (64, 'satisfaction', 1, 1, 4, '', 1, 5),"
           " (64, 'recommend', 1, 1, 9, '', 1, 5), (64, 'choice', 1, 1, 2, 'price', 1, 5),"
           " (64, 'odd', 1, 1, 77, '', 1, 5)");
    world_open(w);
    assert_int_equal(fl_store_schema_version(w->store), 3);
    assert_ok(fl_store_answer_each(w->store, 64, 0, find_scale, &n, &err));
    assert_int_equal(n, 4);
}

/* One customer who bought, and a run that has scored him. */
static void value_somebody(struct world *w)
{
    struct fl_value_run run = {.as_of_us = WORLD_NOW, .n_customers = 1};
    struct fl_score score = {.zone = 1};
    struct fl_error err;
    int64_t id;

    world_begin(w);
    assert_ok(fl_store_customer_find(w->store, "c000000", &id, &err));
    score.customer = id;
    put(w, id, "t");
    assert_ok(fl_store_run_begin(w->store, &run, &run.id, &err));
    assert_ok(fl_store_scores_put(w->store, run.id, &score, 1, &err));
    assert_ok(fl_store_run_finish(w->store, &run, &id, &err));
    world_commit(w);
}

struct expectation {
    const char *needle;
    int n;
};

static void look_for(void *ctx, const char *violation)
{
    struct expectation *expected = ctx;

    expected->n += strstr(violation, expected->needle) != NULL;
}

static void test_check_finds(void **state)
{
    static const struct {
        const char *sql, *needle;
    } faults[] = {
        {"UPDATE trade SET days = x'00'", "are not those of his transactions"},
        {"UPDATE trade SET days = x'ff'", "are not those of his transactions"},
        {"DELETE FROM trade_line", "are not those of his transactions"},
        {"UPDATE trade_line SET margin_minor = 6", "are not those of his transactions"},
        {"DELETE FROM trade", "not among his purchase days"},
        {"DELETE FROM trade_key", "cannot be found by its name"},
        {"DELETE FROM trade_line", "has a name and no line"},
        {"DELETE FROM meta WHERE key = 'currency'", "in no known currency"},
        {"INSERT INTO subscription SELECT 1, id, 's', 5, 4, 1, 1, 1, '', 0 FROM customer LIMIT 1",
         "ends before it starts"},
        {"INSERT INTO referral SELECT id, id, 0 FROM customer", "has brought himself"},
        {"INSERT INTO complaint SELECT 1, id, 'c', 0, 5, 4, '' FROM customer LIMIT 1",
         "settled before it was made"},
        {"UPDATE value_run SET state = 0", "is the current one and was not done"},
        {"UPDATE value_run SET has_scores = 0", "was thinned out and has scores"},
        {"UPDATE customer SET state = 1", "must not be profiled and has a score"},
        {"INSERT INTO zone_change VALUES (1, 1, 2, 2, 0, 0)", "goes nowhere"},
    };
    struct world *w = *state;
    struct fl_error err;

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct expectation expected = {faults[i].needle, 0};

        unlink(w->path);
        world_open(w);
        world_planned(w, 3);
        value_somebody(w);
        assert_sound(w);
        raw(w, faults[i].sql);
        assert_status(FL_CONFLICT, fl_store_check(w->store, look_for, &expected, &err));
        if (!expected.n)
            print_message("not found: %s\n", faults[i].needle);
        assert_true(expected.n > 0);
        fl_store_close(&w->store);
    }
}

struct trade {
    int n_rows;
    size_t n_days;
};

static bool add_row(void *ctx, const struct fl_trade_row *row)
{
    struct trade *trade = ctx;

    trade->n_rows++;
    trade->n_days += row->n_days;
    return true;
}

static struct trade read_trade(struct fl_store *store)
{
    struct trade trade = {0};
    struct fl_error err;

    assert_ok(fl_store_trade_each(store, 1, INT64_MAX, NULL, add_row, &trade, &err));
    return trade;
}

static void test_damaged_days(void **state)
{
    struct world *w = *state;
    struct trade trade = {0};
    struct fl_error err;
    int64_t kim;
    char name[32];

    world_open(w);
    world_begin(w);
    kim = world_customer(w, "kim", NULL, 0);
    put(w, kim, "t");
    world_commit(w);
    raw(w, "UPDATE trade SET days = x'0301'");
    snprintf(name, sizeof name, "customer %lld", (long long)kim);
    assert_status(FL_IO, fl_store_trade_each(w->store, 1, INT64_MAX, NULL, add_row, &trade, &err));
    assert_non_null(strstr(err.text, name));
}

/* The importer dies after a commit: its lines wait, and the next run takes them in. */
static void test_import_cut_off(void **state)
{
    struct world *w = *state;
    struct fl_value_run run = {.as_of_us = WORLD_NOW};
    struct fl_error err;
    int64_t kim;

    world_open(w);
    world_begin(w);
    kim = world_customer(w, "kim", NULL, 0);
    assert_ok(fl_store_transactions_begin(w->store, &err));
    put(w, kim, "t");
    world_commit(w);
    fl_store_close(&w->store);
    world_open(w);
    assert_sound(w);
    assert_int_equal(read_trade(w->store).n_days, 0);
    world_begin(w);
    put(w, kim, "t");
    assert_ok(fl_store_run_begin(w->store, &run, &run.id, &err));
    world_commit(w);
    assert_int_equal(read_trade(w->store).n_days, 1);
    assert_sound(w);
}

/* Who reads beside the writer sees what was committed. */
static void test_reader_beside_the_writer(void **state)
{
    struct world *w = *state;
    struct fl_store_options options;
    struct fl_store *reader = NULL;
    struct fl_error err;
    char currency[4];
    int64_t kim;

    world_open(w);
    options = w->options;
    options.is_read_only = true;
    assert_ok(fl_store_open(w->uri, &options, &reader, &err));
    world_begin(w);
    kim = world_customer(w, "kim", NULL, 0);
    put(w, kim, "t");
    assert_int_equal(read_trade(reader).n_rows, 0);
    assert_status(FL_NOT_FOUND, fl_store_currency(reader, currency, &err));
    world_commit(w);
    assert_int_equal(read_trade(reader).n_days, 1);
    assert_ok(fl_store_currency(reader, currency, &err));
    assert_status(FL_REJECTED, fl_store_transactions_begin(reader, &err));
    fl_store_close(&reader);
}

/* An import so large that everybody is valued after it marks nobody; a smaller one does. */
static void test_bulk_and_stale(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    int64_t list[1], total = -1;
    size_t n;

    world_open(w);
    world_planned(w, 1);
    value_somebody(w);
    for (int size = FL_STORE_BULK_STALE_MAX; size <= FL_STORE_BULK_STALE_MAX + 1; size++) {
        world_begin(w);
        assert_ok(fl_store_transactions_begin(w->store, &err));
        for (int i = 0; i < size; i++) {
            char name[32];

            snprintf(name, sizeof name, "b%d-%d", size, i);
            put(w, world_customer(w, name, NULL, 0), name);
        }
        assert_ok(fl_store_transactions_end(w->store, &err));
        assert_ok(fl_store_stale_list(w->store, list, 1, &n, &total, &err));
        assert_int_equal(total, FL_STORE_BULK_STALE_MAX);
        world_commit(w);
    }
    assert_sound(w);
}

/* ---- disks that fail --------------------------------------------------------------------------*/

static enum fl_status one_round(struct world *w, int64_t customer, int round, struct fl_error *err)
{
    char name[3][32];
    struct fl_value_run run = {.as_of_us = WORLD_NOW + round};
    struct fl_score score = {.customer = customer, .zone = round % 4};
    enum fl_put done;
    int64_t id;
    enum fl_status st = fl_store_begin(w->store, err);

    if (!st && round % 2)
        st = fl_store_transactions_begin(w->store, err);
    for (int i = 0; !st && i < 3; i++) {
        struct fl_transaction t = purchase(customer, name[i]);

        t.date += i;
        snprintf(name[i], sizeof name[i], "r%d-%d", round, i);
        st = fl_store_transaction_put(w->store, &t, &done, &id, err);
    }
    if (round % 2) {
        /* Also after a failure: the bulk must not stay open. */
        enum fl_status ended = fl_store_transactions_end(w->store, st ? NULL : err);

        st = st ? st : ended;
    }
    if (!st)
        st = fl_store_run_begin(w->store, &run, &run.id, err);
    if (!st)
        st = fl_store_scores_put(w->store, run.id, &score, 1, err);
    if (!st)
        st = fl_store_run_finish(w->store, &run, &id, err);
    return st ? st : fl_store_commit(w->store, err);
}

static void test_failing_disk(void **state)
{
    static const int codes[] = {SQLITE_FULL, SQLITE_IOERR_WRITE};
    struct world *w = *state;
    struct fl_error err;

    bad_disk_install();
    for (int k = 0; k < 2 * 60; k++) {
        int64_t kim;
        int n_done = 0;

        unlink(w->path);
        world_open(w);
        world_begin(w);
        kim = world_customer(w, "kim", NULL, 0);
        world_commit(w);
        bad_disk_fail_at(k / 2, codes[k % 2]);
        for (enum fl_status st = FL_OK; !st && n_done < 3; n_done += !st) {
            st = one_round(w, kim, n_done, &err);
            if (!st)
                continue;
            assert_int_equal(st, FL_IO);
            fl_store_rollback(w->store);
        }
        bad_disk_fail_at(-1, 0);
        fl_store_close(&w->store);
        world_open(w);
        assert_sound(w);
        assert_int_equal(read_trade(w->store).n_days, n_done ? 3 : 0);
        assert_ok(one_round(w, kim, 99, &err));
        assert_sound(w);
        fl_store_close(&w->store);
    }
    bad_disk_remove();
}

#define ON_FILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed_days),
        cmocka_unit_test(test_days_of_any_bytes),
        cmocka_unit_test(test_days_that_overflow),
        ON_FILE(test_from_0002),
        ON_FILE(test_check_finds),
        ON_FILE(test_damaged_days),
        ON_FILE(test_import_cut_off),
        ON_FILE(test_reader_beside_the_writer),
        ON_FILE(test_bulk_and_stale),
        ON_FILE(test_failing_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
