/* What the benchmarks of the store share: a folder of their own, two databases with the same
 * schema and settings, one driven by Fairline and one by bare SQLite. */
#ifndef TESTS_BENCH_STORE_H
#define TESTS_BENCH_STORE_H

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"

struct bench_dir {
    char path[64];
};

static inline void bench_die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static inline void bench_dir_make(struct bench_dir *dir)
{
    const char *base = getenv("TMPDIR");

    snprintf(dir->path, sizeof dir->path, "%.30s/fairline-bench-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(dir->path))
        bench_die("mkdtemp", dir->path);
}

static inline void bench_dir_remove(const struct bench_dir *dir)
{
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-shm",
                                        "b.db", "b.db-wal", "b.db-shm"};
    char path[100];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", dir->path, names[i]);
        unlink(path);
    }
    rmdir(dir->path);
    sync();
}

static inline struct fl_store *bench_store(const struct bench_dir *dir, const char *name)
{
    struct fl_store_options options = {.clock = fl_clock_system,
                                       .create_if_missing = true,
                                       .busy_timeout_us = FL_US_PER_S,
                                       .cache_bytes = FL_STORE_CACHE_IMPORT};
    struct fl_store *store = NULL;
    struct fl_error err;
    char uri[120];

    snprintf(uri, sizeof uri, "sqlite:%s/%s", dir->path, name);
    if (fl_store_open(uri, &options, &store, &err))
        bench_die("store", err.text);
    return store;
}

static inline void bench_sql(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        bench_die(sql, sqlite3_errmsg(db));
}

static inline sqlite3_stmt *bench_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
        bench_die(sql, sqlite3_errmsg(db));
    return stmt;
}

/* Those of the store's writer. */
static inline void bench_settings(sqlite3 *db)
{
    bench_sql(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                  "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4096;"
                  "PRAGMA temp_store = FILE");
}

/* The same schema and settings as the store's writer, without the store. */
static inline sqlite3 *bench_bare(const struct bench_dir *dir, const char *name)
{
    struct fl_store *store = bench_store(dir, name);
    sqlite3 *db = NULL;
    char path[100];

    fl_store_close(&store);
    snprintf(path, sizeof path, "%s/%s", dir->path, name);
    if (sqlite3_open(path, &db) != SQLITE_OK)
        bench_die(path, "cannot be opened");
    bench_settings(db);
    return db;
}

/* Time on the wall, and of the processor, which a busy machine distorts less. */
struct bench_span {
    double wall_s, cpu_s;
};

static inline struct bench_span bench_now(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (struct bench_span){(double)fl_clock_monotonic_us() / 1e6,
                               (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                                   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6};
}

static inline struct bench_span bench_since(struct bench_span start)
{
    struct bench_span now = bench_now();

    return (struct bench_span){now.wall_s - start.wall_s, now.cpu_s - start.cpu_s};
}

static inline int bench_compare(const void *a, const void *b)
{
    double d = *(const double *)a - *(const double *)b;

    return d < 0 ? -1 : d > 0;
}

/* Of wall and processor time each; a quiet moment or a noisy one counts for nothing. */
static inline struct bench_span bench_median(const struct bench_span *spans, int n)
{
    double wall[16], cpu[16];

    for (int i = 0; i < n && i < 16; i++) {
        wall[i] = spans[i].wall_s;
        cpu[i] = spans[i].cpu_s;
    }
    qsort(wall, (size_t)n, sizeof *wall, bench_compare);
    qsort(cpu, (size_t)n, sizeof *cpu, bench_compare);
    return (struct bench_span){wall[n / 2], cpu[n / 2]};
}

#endif
