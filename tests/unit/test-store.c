/* What is special about the SQLite driver: files, crashes, locks, damage, a full disk. */
#include "../conform/world.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/store_sqlite_private.h"

static int setup(void **state)
{
    struct world *w = malloc(sizeof *w);

    world_init(w, "sqlite");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_finish(*state);
    free(*state);
    return 0;
}

/* Runs SQL past the store. */
static int raw(struct world *w, const char *sql, char *message, size_t size)
{
    sqlite3 *db;
    int rc;

    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (message)
        snprintf(message, size, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    return rc;
}

static void write_file(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    close(fd);
}

static enum fl_status open_status(struct world *w, struct fl_error *err)
{
    enum fl_status st = fl_store_open(w->uri, &w->options, &w->store, err);

    if (!st)
        fl_store_close(&w->store);
    return st;
}

static void assert_sound(struct world *w)
{
    struct fl_error err;

    assert_ok(fl_store_check(w->store, world_show, NULL, &err));
}

/* ---- opening ----------------------------------------------------------------------------------*/

static void test_new_file(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct stat info;
    int64_t id;

    w->options.create_if_missing = false;
    assert_status(FL_NOT_FOUND, open_status(w, &err));
    w->options.create_if_missing = true;
    umask(0);
    world_open(w);
    assert_string_equal(fl_store_driver(w->store), "sqlite");
    assert_int_equal(stat(w->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(fl_store_schema_version(w->store), 1);
    id = fl_store_new_id(w->store);
    world_begin(w);
    assert_true(world_customer(w, "a", "a@b.example", FL_CONSENT_GRANTED) > id);
    world_commit(w);
    id = fl_store_new_id(w->store);
    fl_store_close(&w->store);
    assert_null(w->store);
    fl_store_close(&w->store);
    /* The clock goes back, the ids do not. */
    w->manual.now_us -= 3600 * FL_US_PER_S;
    world_open(w);
    assert_true(fl_store_new_id(w->store) >= id - FL_ID_STRIDE);
}

static void test_refused_arguments(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_store_options options = w->options;

    assert_status(FL_INVALID, fl_store_open("oracle:x", &options, &w->store, &err));
    assert_status(FL_INVALID, fl_store_open("/path", &options, &w->store, &err));
    assert_status(FL_INVALID, fl_store_open("sqlite:", &options, &w->store, &err));
    assert_status(FL_INVALID, fl_store_open("sqlite::memory:", &options, &w->store, &err));
    assert_status(FL_INVALID, fl_store_open("null:x", &options, &w->store, &err));
    assert_status(FL_INVALID, fl_store_open("sqlite:/tmp", &options, &w->store, &err));
    assert_status(FL_NOT_FOUND, fl_store_open("sqlite:/nowhere/x", &options, &w->store, &err));
    options.node = 64;
    assert_status(FL_INVALID, fl_store_open(w->uri, &options, &w->store, &err));
    options.node = 0;
    options.busy_timeout_us = -1;
    assert_status(FL_INVALID, fl_store_open(w->uri, &options, &w->store, &err));
    assert_null(w->store);
}

static void test_foreign_files(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    char garbage[5000];

    memset(garbage, 'g', sizeof garbage);
    write_file(w->path, garbage, sizeof garbage);
    assert_status(FL_INVALID, open_status(w, &err));
    assert_non_null(strstr(err.text, "is not a database"));
    write_file(w->path, "", 0);
    assert_int_equal(raw(w, "CREATE TABLE t (x)", NULL, 0), SQLITE_OK);
    assert_status(FL_INVALID, open_status(w, &err));
    assert_non_null(strstr(err.text, "another program"));
    write_file(w->path, "", 0);
    assert_int_equal(raw(w, "PRAGMA application_id = 5; CREATE TABLE t (x)", NULL, 0), SQLITE_OK);
    assert_status(FL_INVALID, open_status(w, &err));
    assert_non_null(strstr(err.text, "another program"));
}

static void test_newer_schema(void **state)
{
    struct world *w = *state;
    struct fl_error err;

    world_open(w);
    fl_store_close(&w->store);
    assert_int_equal(raw(w, "PRAGMA user_version = 99", NULL, 0), SQLITE_OK);
    assert_status(FL_INVALID, open_status(w, &err));
    assert_non_null(strstr(err.text, "schema 99"));
}

/* A database as each release made it must open and be sound. */
static void test_migrations(void **state)
{
    struct world *w = *state;

    for (const struct fl_migration *last = fl_store_migrations; last->version; last++) {
        char sql[128];

        write_file(w->path, "", 0);
        for (const struct fl_migration *m = fl_store_migrations; m <= last; m++)
            assert_int_equal(raw(w, m->sql, NULL, 0), SQLITE_OK);
        snprintf(sql, sizeof sql, "PRAGMA application_id = 0x464c4e45; PRAGMA user_version = %d",
                 last->version);
        assert_int_equal(raw(w, sql, NULL, 0), SQLITE_OK);
        world_open(w);
        world_planned(w, 3);
        assert_sound(w);
        fl_store_close(&w->store);
    }
}

static void test_read_only(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_claim_row *rows;
    size_t n;

    write_file(w->path, "", 0);
    w->options.is_read_only = true;
    assert_status(FL_INVALID, open_status(w, &err));
    assert_non_null(strstr(err.text, "schema 0"));
    unlink(w->path);
    assert_status(FL_NOT_FOUND, open_status(w, &err));
    w->options.is_read_only = false;
    world_open(w);
    world_planned(w, 3);
    fl_store_close(&w->store);
    w->options.is_read_only = true;
    world_open(w);
    assert_status(FL_REJECTED, fl_store_begin(w->store, &err));
    assert_status(FL_REJECTED, fl_store_meta_set(w->store, "a", "b", &err));
    assert_ok(fl_store_claim(w->store, w->arena, w->channel, WORLD_NOW, 10, &rows, &n, &err));
    assert_int_equal(n, 3);
    assert_sound(w);
}

/* ---- other processes --------------------------------------------------------------------------*/

static void test_busy(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    sqlite3 *other;
    int64_t since;

    world_open(w);
    assert_int_equal(sqlite3_open(w->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    since = fl_clock_monotonic_us();
    assert_status(FL_UNAVAILABLE, fl_store_begin(w->store, &err));
    assert_true(fl_clock_monotonic_us() - since >= w->options.busy_timeout_us);
    assert_non_null(strstr(err.text, "locked for more than 20 ms"));
    assert_false(fl_store_in_transaction(w->store));
    sqlite3_close(other);
    world_begin(w);
    world_commit(w);
}

static void test_somebody_else_writes(void **state)
{
    struct world *w = *state;
    struct world other = *w;
    struct fl_error err;
    struct fl_claim_row *rows;
    struct fl_lease lease = {.worker = 1};
    size_t n;

    world_open(w);
    world_planned(w, 3);
    assert_ok(fl_store_claim(w->store, w->arena, w->channel, WORLD_NOW, 1, &rows, &n, &err));
    world_open(&other);
    other.manual.now_us += FL_US_PER_DAY;
    world_begin(&other);
    lease.channel = w->channel;
    lease.ids = &rows[0].message.id;
    lease.n_ids = 1;
    assert_ok(fl_store_lease_put(other.store, &lease, &err));
    world_customer(&other, "later", "x@y.example", FL_CONSENT_NONE);
    world_commit(&other);
    fl_store_close(&other.store);
    assert_ok(fl_store_claim(w->store, w->arena, w->channel, WORLD_NOW, 9, &rows, &n, &err));
    assert_int_equal(n, 2);
    world_begin(w);
    assert_true(fl_store_new_id(w->store) > lease.id);
    world_commit(w);
}

/* Writes one customer in a child, which is killed before or after its commit. */
static void die_with(struct world *w, const char *external_id, bool has_committed)
{
    int pipes[2];
    pid_t child;
    char byte;

    assert_int_equal(pipe(pipes), 0);
    child = fork();
    if (child == 0) {
        struct fl_error err;

        if (fl_store_open(w->uri, &w->options, &w->store, &err) || fl_store_begin(w->store, &err))
            _exit(1);
        world_customer(w, external_id, "x@y.example", FL_CONSENT_GRANTED);
        if (has_committed && fl_store_commit(w->store, &err))
            _exit(1);
        if (write(pipes[1], "x", 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(pipes[0]);
}

static void test_killed(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    int64_t id;

    die_with(w, "before", false);
    die_with(w, "after", true);
    world_open(w);
    assert_ok(fl_store_customer_find(w->store, "after", &id, &err));
    assert_status(FL_NOT_FOUND, fl_store_customer_find(w->store, "before", &id, &err));
    assert_sound(w);
}

/* ---- backup -----------------------------------------------------------------------------------*/

static void write_until_told(struct world *w, int told, int ready)
{
    struct fl_error err;
    struct pollfd fd = {.fd = told, .events = POLLIN};

    if (fl_store_open(w->uri, &w->options, &w->store, &err))
        _exit(1);
    for (int i = 0; poll(&fd, 1, 0) == 0; i++) {
        char external_id[32], email[64];

        if (fl_store_begin(w->store, &err))
            _exit(1);
        for (int k = 0; k < 20; k++) {
            snprintf(external_id, sizeof external_id, "%d-%d", i, k);
            snprintf(email, sizeof email, "%d-%d@example.org", i, k);
            world_customer(w, external_id, email, FL_CONSENT_GRANTED);
        }
        if (fl_store_commit(w->store, &err))
            _exit(1);
        if (i == 0 && write(ready, "x", 1) != 1)
            _exit(1);
    }
    fl_store_close(&w->store);
    _exit(0);
}

static bool count_customer(void *ctx, const struct fl_customer *customer)
{
    (void)customer;
    ++*(int *)ctx;
    return true;
}

static void test_backup_while_writing(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct world copy = *w;
    int told[2], ready[2], status, n = 0;
    pid_t child;
    char byte;

    assert_int_equal(pipe(told), 0);
    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        close(told[1]);
        write_until_told(w, told[0], ready[1]);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    w->options.is_read_only = true;
    world_open(w);
    snprintf(copy.path, sizeof copy.path, "%s/copy", w->dir);
    snprintf(copy.uri, sizeof copy.uri, "sqlite:%s", copy.path);
    for (int i = 0; i < 5; i++)
        assert_ok(fl_store_backup(w->store, copy.path, &err));
    close(told[1]);
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(told[0]);
    close(ready[0]);
    world_open(&copy);
    assert_sound(&copy);
    assert_ok(fl_store_customer_each(copy.store, 0, 0, count_customer, &n, &err));
    assert_true(n > 0);
    assert_int_equal(n % 20, 0);
    fl_store_close(&copy.store);
}

static int count_files(const struct world *w)
{
    DIR *dir = opendir(w->dir);
    int n = 0;

    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void test_backup_refusals(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    char path[128];
    int n_files;

    world_open(w);
    n_files = count_files(w);
    assert_status(FL_INVALID, fl_store_backup(w->store, "", &err));
    assert_status(FL_INVALID, fl_store_backup(w->store, w->path, &err));
    assert_status(FL_INVALID, fl_store_backup(w->store, w->dir, &err));
    snprintf(path, sizeof path, "%s/nowhere/copy", w->dir);
    assert_status(FL_NOT_FOUND, fl_store_backup(w->store, path, &err));
    world_begin(w);
    snprintf(path, sizeof path, "%s/copy", w->dir);
    assert_status(FL_INTERNAL, fl_store_backup(w->store, path, &err));
    fl_store_rollback(w->store);
    assert_int_equal(count_files(w), n_files);
    assert_ok(fl_store_backup(w->store, path, &err));
    assert_int_equal(count_files(w), n_files + 1);
}

/* ---- check ------------------------------------------------------------------------------------*/

static void test_ledger_cannot_change(void **state)
{
    struct world *w = *state;
    char message[256];

    world_open(w);
    world_planned(w, 1);
    assert_int_equal(raw(w, "UPDATE consent SET state = 2", message, sizeof message),
                     SQLITE_CONSTRAINT);
    assert_string_equal(message, "the consent ledger is append only");
    assert_int_equal(raw(w, "DELETE FROM consent", message, sizeof message), SQLITE_CONSTRAINT);
    assert_sound(w);
}

struct expectation {
    const char *needle;
    int n;
};

static void look_for(void *ctx, const char *violation)
{
    struct expectation *expected = ctx;

    if (strstr(violation, expected->needle))
        expected->n++;
}

static void test_check_finds(void **state)
{
    static const struct {
        const char *sql, *needle;
    } faults[] = {
        {"DELETE FROM block", "is in no block"},
        {"UPDATE block SET last_id = last_id + 640;"
         "INSERT INTO block SELECT last_id, last_id, occurrence, channel, 0, 0 FROM block",
         "reaches into the next one"},
        {"UPDATE block SET channel = 7", "of another occurrence or channel"},
        {"DROP INDEX message_customer; UPDATE message SET state = 2", "accepted and no event"},
        {"UPDATE message SET state = 3", "delivered and no event"},
        {"UPDATE message SET state = 4", "bounced and no event"},
        {"UPDATE message SET state = 5", "failed and no event"},
        {"UPDATE message SET state = 6", "uncertain and no event"},
        {"UPDATE message SET state = 7", "no rule says why"},
        {"UPDATE block SET is_open = 0", "neither in an open block"},
        {"UPDATE occurrence SET state = 1", "waits in an occurrence"},
        {"UPDATE consent_now SET state = 2", "without a line in the ledger"},
        {"DELETE FROM consent_now", "is the newest and does not hold"},
        {"INSERT INTO lease VALUES (1, 1, 1, 1, 1, 1, x'0102')", "not made of whole ids"},
        {"INSERT INTO lease VALUES (1, 1, 1, 1, 1, 1, x'4000000000000000')",
         "holds message 64, which is not there"},
        {"UPDATE message SET customer = customer + 1", "belongs to no customer"},
        {"UPDATE message SET occurrence = occurrence + 1", "belongs to no occurrence"},
        {"UPDATE message SET address = address + 1", "an address of somebody else"},
        {"DELETE FROM customer", "refers to a row of \"customer\""},
    };
    struct world *w = *state;
    struct fl_error err;

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct expectation expected = {faults[i].needle, 0};

        unlink(w->path);
        world_open(w);
        world_planned(w, 3);
        assert_sound(w);
        assert_int_equal(raw(w, faults[i].sql, err.text, sizeof err.text), SQLITE_OK);
        assert_status(FL_CONFLICT, fl_store_check(w->store, look_for, &expected, &err));
        if (!expected.n)
            print_message("not found: %s\n", faults[i].needle);
        assert_true(expected.n > 0);
        fl_store_close(&w->store);
    }
}

static void test_damage(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct expectation any = {"", 0};
    char junk[8192], hash[65];
    enum fl_status st;
    void *data;
    size_t len;
    int fd;

    world_open(w);
    world_planned(w, 500);
    world_begin(w);
    assert_ok(fl_store_evidence_put(w->store, "abc", 3, hash, &err));
    world_commit(w);
    assert_int_equal(raw(w, "UPDATE evidence SET size = 2", NULL, 0), SQLITE_OK);
    assert_status(FL_IO, fl_store_evidence_get(w->store, w->arena, hash, &data, &len, &err));
    fl_store_close(&w->store);
    memset(junk, 0xa5, sizeof junk);
    fd = open(w->path, O_WRONLY);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 40960), (ssize_t)sizeof junk);
    close(fd);
    st = fl_store_open(w->uri, &w->options, &w->store, &err);
    if (!st)
        st = fl_store_check(w->store, look_for, &any, &err);
    assert_true(st == FL_IO || (st == FL_CONFLICT && any.n > 0));
}

/* ---- callbacks --------------------------------------------------------------------------------*/

struct nest {
    struct world *w;
    int n;
};

static bool ask_again(void *ctx, const struct fl_customer *customer)
{
    struct nest *nest = ctx;
    struct fl_customer same;
    struct fl_error err;
    int n = 0;

    assert_ok(fl_store_customer_each(nest->w->store, 0, 0, count_customer, &n, &err));
    assert_int_equal(n, 4);
    assert_ok(fl_store_customer_get(nest->w->store, nest->w->arena, customer->id, &same, &err));
    assert_string_equal(same.external_id, customer->external_id);
    nest->n++;
    return true;
}

static void test_callbacks_may_ask(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct nest nest = {w, 0};

    world_open(w);
    world_planned(w, 4);
    assert_ok(fl_store_customer_each(w->store, 0, 0, ask_again, &nest, &err));
    assert_int_equal(nest.n, 4);
}

static void test_arena_limit(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_customer customer;
    struct fl_campaign_row campaign;
    struct fl_content_version content;
    struct fl_occurrence occurrence;
    struct fl_claim_row *rows;
    const char *name;
    int64_t id;
    size_t n;

    world_open(w);
    world_planned(w, 2);
    assert_ok(fl_store_customer_find(w->store, "c000000", &id, &err));
    /* Whatever does not fit, the caller is told. */
    for (size_t max = 0; max < 64; max += 3) {
        struct fl_arena *small = fl_arena_create(max);

        assert_status(FL_IO, fl_store_customer_get(w->store, small, id, &customer, &err));
        assert_status(FL_IO,
                      fl_store_claim(w->store, small, w->channel, WORLD_NOW, 4, &rows, &n, &err));
        fl_arena_reset(small);
        if (max < 4) {
            assert_status(FL_IO,
                          fl_store_campaign_get(w->store, small, w->campaign, &campaign, &err));
            assert_status(FL_IO, fl_store_content_get(w->store, small, w->content, &content, &err));
            assert_status(FL_IO,
                          fl_store_channel_name(w->store, small, w->channel, &name, NULL, &err));
        }
        if (max == 0)
            assert_status(
                FL_IO, fl_store_occurrence_get(w->store, small, w->occurrence, &occurrence, &err));
        fl_arena_destroy(&small);
    }
}

/* ---- a disk that fails ------------------------------------------------------------------------*/

/* A file system that fails the n-th write or sync, with SQLite's own below it. */
static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    long left; /* writes until it fails; negative: never */
    int rc;
} bad_disk;

struct bad_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static bool fails_now(void)
{
    if (bad_disk.left < 0)
        return false;
    if (bad_disk.left > 0) {
        bad_disk.left--;
        return false;
    }
    return true; /* and from now on */
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct bad_file *)file)->real;
}

static int bad_close(sqlite3_file *f)
{
    int rc = real_of(f)->pMethods->xClose(real_of(f));

    sqlite3_free(real_of(f));
    return rc;
}
static int bad_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}
static int bad_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    return fails_now() ? bad_disk.rc : real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}
static int bad_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}
static int bad_sync(sqlite3_file *f, int flags)
{
    return fails_now() ? SQLITE_IOERR_FSYNC : real_of(f)->pMethods->xSync(real_of(f), flags);
}
static int bad_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}
static int bad_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}
static int bad_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}
static int bad_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}
static int bad_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}
static int bad_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}
static int bad_traits(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}
static int bad_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}
static int bad_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}
static void bad_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}
static int bad_unmap(sqlite3_file *f, int remove)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods bad_methods = {
    .iVersion = 2,
    .xClose = bad_close,
    .xRead = bad_read,
    .xWrite = bad_write,
    .xTruncate = bad_truncate,
    .xSync = bad_sync,
    .xFileSize = bad_size,
    .xLock = bad_lock,
    .xUnlock = bad_unlock,
    .xCheckReservedLock = bad_reserved,
    .xFileControl = bad_control,
    .xSectorSize = bad_sector,
    .xDeviceCharacteristics = bad_traits,
    .xShmMap = bad_map,
    .xShmLock = bad_shm_lock,
    .xShmBarrier = bad_barrier,
    .xShmUnmap = bad_unmap,
};

static int bad_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct bad_file *f = (struct bad_file *)file;
    int rc;

    (void)vfs;
    f->base.pMethods = NULL;
    f->real = sqlite3_malloc(bad_disk.real->szOsFile);
    memset(f->real, 0, (size_t)bad_disk.real->szOsFile);
    rc = bad_disk.real->xOpen(bad_disk.real, name, f->real, flags, out);
    if (rc == SQLITE_OK)
        f->base.pMethods = &bad_methods;
    else
        sqlite3_free(f->real);
    return rc;
}

static void bad_disk_install(void)
{
    bad_disk.real = sqlite3_vfs_find(NULL);
    bad_disk.vfs = *bad_disk.real;
    bad_disk.vfs.zName = "bad";
    bad_disk.vfs.szOsFile = (int)sizeof(struct bad_file);
    bad_disk.vfs.xOpen = bad_open;
    bad_disk.vfs.pNext = NULL;
    bad_disk.left = -1;
    assert_int_equal(sqlite3_vfs_register(&bad_disk.vfs, 1), SQLITE_OK);
}

static void bad_disk_remove(void)
{
    bad_disk.left = -1;
    sqlite3_vfs_unregister(&bad_disk.vfs);
    sqlite3_vfs_register(bad_disk.real, 1);
}

/* One round of what core does; the number of steps that were acknowledged. */
static enum fl_status one_round(struct world *w, int round, struct fl_error *err)
{
    struct fl_address address = {.medium = FL_MEDIUM_EMAIL, .value = "new@example.org"};
    struct fl_customer customer = {.addresses = &address, .n_addresses = 1};
    struct fl_store_plan plan = world_plan(w);
    struct fl_store_plan_result result;
    struct fl_claim_row *rows;
    struct fl_lease lease = {.worker = 1};
    struct fl_settle settled = {.to = FL_MESSAGE_ACCEPTED, .attempts = 1};
    struct fl_event event = {.kind = FL_EVENT_ACCEPTED};
    char external_id[32];
    enum fl_put put;
    int64_t id;
    size_t n = 0;
    enum fl_status st = fl_store_begin(w->store, err);

    snprintf(external_id, sizeof external_id, "round-%d", round);
    customer.external_id = external_id;
    plan.purpose = NULL;
    if (!st)
        st = fl_store_customer_put(w->store, &customer, &put, &id, err);
    if (!st)
        st = fl_store_plan(w->store, &plan, &result, err);
    if (!st)
        st = fl_store_claim(w->store, w->arena, w->channel, WORLD_NOW, 1, &rows, &n, err);
    if (!st && n) {
        settled.message = event.message = rows[0].message.id;
        lease.ids = &settled.message;
        lease.n_ids = 1;
        lease.channel = w->channel;
        st = fl_store_lease_put(w->store, &lease, err);
        if (!st)
            st = fl_store_message_settle(w->store, &settled, err);
        if (!st)
            st = fl_store_event_put(w->store, &event, &id, err);
        if (!st)
            st = fl_store_lease_drop(w->store, lease.id, err);
    }
    return st ? st : fl_store_commit(w->store, err);
}

/* Rounds until the disk fails; then what was acknowledged is there, and nothing by halves. */
static void torture(struct world *w, long fail_at, int rc)
{
    struct fl_error err;
    int n_done = 0;
    int64_t id;

    bad_disk.rc = rc;
    bad_disk.left = fail_at;
    while (n_done < 3) {
        enum fl_status st = one_round(w, n_done, &err);

        if (st) {
            assert_int_equal(st, FL_IO);
            if (fl_store_in_transaction(w->store))
                assert_status(FL_REJECTED, fl_store_commit(w->store, &err));
            fl_store_rollback(w->store);
            break;
        }
        n_done++;
    }
    bad_disk.left = -1;
    fl_store_close(&w->store);
    world_open(w);
    assert_sound(w);
    for (int i = 0; i < n_done; i++) {
        char external_id[32];

        snprintf(external_id, sizeof external_id, "round-%d", i);
        assert_ok(fl_store_customer_find(w->store, external_id, &id, &err));
    }
    /* Better now: it goes on. */
    assert_ok(one_round(w, 99, &err));
}

static void test_failing_disk(void **state)
{
    static const int codes[] = {SQLITE_FULL, SQLITE_IOERR_WRITE};
    struct world *w = *state;

    bad_disk_install();
    for (size_t c = 0; c < 2; c++) {
        for (long fail_at = 0; fail_at < 60; fail_at++) {
            unlink(w->path);
            world_open(w);
            world_planned(w, 2);
            torture(w, fail_at, codes[c]);
            fl_store_close(&w->store);
            fl_arena_reset(w->arena);
        }
    }
    bad_disk_remove();
}

static void test_failing_disk_at_start(void **state)
{
    struct world *w = *state;
    struct fl_error err;

    bad_disk_install();
    bad_disk.rc = SQLITE_FULL;
    for (long fail_at = 0; fail_at < 200; fail_at += 5) {
        enum fl_status st;

        unlink(w->path);
        bad_disk.left = fail_at;
        st = open_status(w, &err);
        assert_true(st == FL_OK || st == FL_IO);
        bad_disk.left = -1;
        world_open(w);
        world_planned(w, 1);
        assert_sound(w);
        fl_store_close(&w->store);
    }
    bad_disk_remove();
}

static void test_backup_on_failing_disk(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    char path[128];
    int n_files;

    bad_disk_install();
    world_open(w);
    world_planned(w, 50);
    n_files = count_files(w);
    snprintf(path, sizeof path, "%s/copy", w->dir);
    bad_disk.rc = SQLITE_FULL;
    bad_disk.left = 7;
    assert_status(FL_IO, fl_store_backup(w->store, path, &err));
    assert_non_null(strstr(err.text, "no space left"));
    bad_disk.rc = SQLITE_IOERR_WRITE;
    bad_disk.left = 3;
    assert_status(FL_IO, fl_store_backup(w->store, path, &err));
    assert_int_equal(count_files(w), n_files);
    bad_disk.left = -1;
    assert_ok(fl_store_backup(w->store, path, &err));
    fl_store_close(&w->store);
    bad_disk_remove();
}

/* ---- small parts ------------------------------------------------------------------------------*/

static void test_map(void **state)
{
    struct fl_map map = {0};
    unsigned seed = 7;

    (void)state;
    assert_null(fl_map_get(&map, 5));
    fl_map_remove(&map, 5);
    for (int round = 0; round < 20000; round++) {
        int64_t key;

        seed = seed * 1103515245u + 12345u;
        key = 1 + (int64_t)(seed >> 16) % 500;
        if (seed & 1) {
            int64_t *value = fl_map_add(&map, key);

            assert_true(*value == 0 || *value == key * 3);
            *value = key * 3;
        } else {
            fl_map_remove(&map, key);
            assert_null(fl_map_get(&map, key));
        }
    }
    for (int64_t key = 1; key <= 500; key++) {
        const int64_t *value = fl_map_get(&map, key);

        assert_true(!value || *value == key * 3);
    }
    fl_map_clear(&map);
    assert_int_equal(map.n, 0);
    fl_map_finish(&map);
}

static void test_names(void **state)
{
    enum fl_message_state message_state;
    enum fl_feedback_kind kind;

    (void)state;
    for (int i = 0; i < FL_MESSAGE_STATES; i++) {
        const char *name = fl_message_state_name((enum fl_message_state)i);

        assert_true(fl_message_state_parse(name, &message_state));
        assert_int_equal(message_state, i);
    }
    for (int i = 0; i < FL_FEEDBACK_KINDS; i++) {
        assert_true(fl_feedback_kind_parse(fl_feedback_kind_name((enum fl_feedback_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    for (int i = FL_EVENT_ACCEPTED; i <= FL_EVENT_OPTED_OUT; i++)
        assert_string_not_equal(fl_event_kind_name((enum fl_event_kind)i), "unknown");
    assert_false(fl_message_state_parse("nonsense", &message_state));
    assert_false(fl_feedback_kind_parse("nonsense", &kind));
    assert_string_equal(fl_event_kind_name((enum fl_event_kind)0), "unknown");
    assert_string_equal(fl_event_kind_name((enum fl_event_kind) - 1), "unknown");
    assert_string_equal(fl_fault_class_name(FL_FAULT_MAILBOX), "mailbox");
    assert_string_equal(fl_match_name(FL_MATCH_STAFF), "staff");
    assert_true(fl_message_state_is_final(FL_MESSAGE_ACCEPTED));
    assert_false(fl_message_state_is_final(FL_MESSAGE_HELD));
    assert_false(fl_message_state_is_final(FL_MESSAGE_UNCERTAIN));
}

int main(void)
{
#define ON_FILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ON_FILE(test_new_file),
        ON_FILE(test_refused_arguments),
        ON_FILE(test_foreign_files),
        ON_FILE(test_newer_schema),
        ON_FILE(test_migrations),
        ON_FILE(test_read_only),
        ON_FILE(test_busy),
        ON_FILE(test_somebody_else_writes),
        ON_FILE(test_killed),
        ON_FILE(test_backup_while_writing),
        ON_FILE(test_backup_refusals),
        ON_FILE(test_ledger_cannot_change),
        ON_FILE(test_check_finds),
        ON_FILE(test_damage),
        ON_FILE(test_callbacks_may_ask),
        ON_FILE(test_arena_limit),
        ON_FILE(test_failing_disk),
        ON_FILE(test_failing_disk_at_start),
        ON_FILE(test_backup_on_failing_disk),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
