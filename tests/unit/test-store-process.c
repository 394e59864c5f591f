/* The SQLite driver beside other processes: locks, writers, kills, backups. */
#include "store-file.h"

#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_somebody_else_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_backup_while_writing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_backup_refusals, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
