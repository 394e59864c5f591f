/*
 * Importing customers against the least that could be done: a loop of prepared inserts of the same
 * rows, already parsed and normalised, into the same tables.
 *
 *     bench-import [ROWS]      default 1000000
 */
#include "bench-store.h"

#include <string.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/str.h"
#include "people/people.h"

enum { ROWS_DEFAULT = 1000000, CELL = 40 };

struct row {
    char external_id[CELL], name[CELL], email[CELL], phone[CELL], birth[CELL];
    int32_t birth_date;
};

static void row_of(int i, struct row *row)
{
    static const char *const names[] = {"김민지", "이서연", "박준호", "최지훈", "Emma Smith"};

    row->birth_date = fl_date_of_civil(2025, 1, 1) + i % 700;
    snprintf(row->external_id, CELL, "C%07d", i);
    snprintf(row->name, CELL, "%s%d", names[i % 5], i % 97);
    snprintf(row->email, CELL, "customer.%d@cust%d.test", i, i % 50);
    snprintf(row->phone, CELL, "+8210%08d", 20000000 + i);
    fl_date_format(row->birth_date, row->birth);
}

static void make_csv(struct fl_buf *csv, int n)
{
    fl_buf_puts(csv, "external_id,name,email,phone,anchor.birth,consent.marketing.email\r\n");
    for (int i = 0; i < n; i++) {
        struct row row;

        row_of(i, &row);
        /* As people write it: the file has 010-1234-5678, the store +821012345678. */
        fl_buf_printf(csv, "%s,%s,%s,0%.2s-%.4s-%s,%s,yes\r\n", row.external_id, row.name,
                      row.email, row.phone + 3, row.phone + 5, row.phone + 9, row.birth);
    }
    if (fl_buf_failed(csv))
        bench_die("csv", "out of memory");
}

static void step(sqlite3 *db, sqlite3_stmt *stmt)
{
    if (sqlite3_step(stmt) != SQLITE_DONE)
        bench_die("insert", sqlite3_errmsg(db));
    sqlite3_reset(stmt);
}

static void bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
    sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

enum { CUSTOMER, ADDRESS, ANCHOR, CONSENT, CONSENT_NOW, STATEMENTS };

static void insert_row(sqlite3 *db, sqlite3_stmt **s, const struct row *row, int64_t *id,
                       int64_t now_us)
{
    int64_t customer = *id += FL_ID_STRIDE;

    sqlite3_bind_int64(s[CUSTOMER], 1, customer);
    bind_text(s[CUSTOMER], 2, row->external_id);
    bind_text(s[CUSTOMER], 3, row->name);
    sqlite3_bind_int64(s[CUSTOMER], 4, now_us);
    step(db, s[CUSTOMER]);
    for (int medium = FL_MEDIUM_EMAIL; medium <= FL_MEDIUM_SMS; medium++) {
        sqlite3_bind_int64(s[ADDRESS], 1, *id += FL_ID_STRIDE);
        sqlite3_bind_int64(s[ADDRESS], 2, customer);
        sqlite3_bind_int(s[ADDRESS], 3, medium);
        bind_text(s[ADDRESS], 4, medium == FL_MEDIUM_EMAIL ? row->email : row->phone);
        sqlite3_bind_int64(s[ADDRESS], 5, now_us);
        step(db, s[ADDRESS]);
    }
    sqlite3_bind_int64(s[ANCHOR], 1, customer);
    sqlite3_bind_int(s[ANCHOR], 2, row->birth_date);
    step(db, s[ANCHOR]);
    sqlite3_bind_int64(s[CONSENT], 1, *id += FL_ID_STRIDE);
    sqlite3_bind_int64(s[CONSENT], 2, customer);
    sqlite3_bind_int64(s[CONSENT], 3, now_us);
    step(db, s[CONSENT]);
    sqlite3_bind_int64(s[CONSENT_NOW], 1, customer);
    sqlite3_bind_int64(s[CONSENT_NOW], 2, *id);
    step(db, s[CONSENT_NOW]);
}

static struct bench_span run_bare(const struct bench_dir *dir, const struct row *rows, int n)
{
    static const char *const sql[STATEMENTS] = {
        [CUSTOMER] = "INSERT INTO customer (id, external_id, name, language, time_zone, attributes,"
                     " state, created_us, updated_us) VALUES (?1, ?2, ?3, '', '', '{}', 0, ?4, ?4)",
        [ADDRESS] = "INSERT INTO address (id, customer, medium, value, status, status_us)"
                    " VALUES (?1, ?2, ?3, ?4, 0, ?5)",
        [ANCHOR] = "INSERT INTO anchor (customer, name, date) VALUES (?1, 'birth', ?2)",
        [CONSENT] = "INSERT INTO consent (id, customer, purpose, medium, state, source, proof,"
                    " at_us) VALUES (?1, ?2, 'marketing', 1, 1, 'import', 'bench.csv', ?3)",
        [CONSENT_NOW] = "INSERT INTO consent_now (customer, purpose, medium, state, consent)"
                        " VALUES (?1, 'marketing', 1, 1, ?2)",
    };
    sqlite3 *db = bench_bare(dir, "b.db");
    sqlite3_stmt *statements[STATEMENTS];
    struct bench_span start = bench_now();
    int64_t id = (int64_t)1 << 50;
    int64_t now_us = fl_clock_now(&fl_clock_system);
    struct bench_span span;

    for (int i = 0; i < STATEMENTS; i++)
        statements[i] = bench_prepare(db, sql[i]);
    bench_sql(db, "BEGIN IMMEDIATE");
    for (int i = 0; i < n; i++)
        insert_row(db, statements, &rows[i], &id, now_us);
    bench_sql(db, "COMMIT");
    span = bench_since(start);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(statements[i]);
    sqlite3_close(db);
    return span;
}

static struct bench_span run_import(const struct bench_dir *dir, const struct fl_buf *csv, int n)
{
    struct fl_import_options options = {
        .name = "bench.csv", .country = "KR", .now_us = fl_clock_now(&fl_clock_system)};
    struct fl_store *store = bench_store(dir, "a.db");
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_import_result result = {0};
    struct fl_faults faults;
    struct fl_error err;
    struct bench_span start;
    struct bench_span span;
    int fd;

    fl_faults_init(&faults, arena);
    if (fl_memfd_sealed("bench", csv->data, csv->len, &fd, &err))
        bench_die("memfd", err.text);
    start = bench_now();
    if (fl_people_import(store, fd, &options, &faults, &result, &err))
        bench_die("import", err.text);
    span = bench_since(start);
    if (result.n_inserted != n)
        bench_die("import", "not all rows are new");
    close(fd);
    fl_arena_destroy(&arena);
    fl_store_close(&store);
    return span;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : ROWS_DEFAULT;
    struct fl_buf csv = FL_BUF((size_t)FL_IMPORT_FILE_MAX);
    struct row *rows = n > 0 ? calloc((size_t)n, sizeof *rows) : NULL;
    struct bench_dir dir;
    struct bench_span bare, import;

    if (!rows)
        bench_die("bench-import", "how many rows?");
    for (int i = 0; i < n; i++)
        row_of(i, &rows[i]);
    make_csv(&csv, n);
    /* Each in a folder that is gone before the other begins: nobody pays for another's writing. */
    bench_dir_make(&dir);
    bare = run_bare(&dir, rows, n);
    bench_dir_remove(&dir);
    bench_dir_make(&dir);
    import = run_import(&dir, &csv, n);
    bench_dir_remove(&dir);
    printf("{\"bench\":\"import\",\"rows\":%d,\"csv_bytes\":%zu,\"import_s\":%.3f,\"bare_s\":%.3f,"
           "\"import_rows_per_s\":%.0f,\"bare_rows_per_s\":%.0f,\"import_vs_bare\":%.3f,"
           "\"import_cpu_s\":%.3f,\"bare_cpu_s\":%.3f}\n",
           n, csv.len, import.wall_s, bare.wall_s, n / import.wall_s, n / bare.wall_s,
           bare.wall_s / import.wall_s, import.cpu_s, bare.cpu_s);
    fl_buf_finish(&csv);
    free(rows);
    return 0;
}
