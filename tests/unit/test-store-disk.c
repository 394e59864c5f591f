/* What is kept when the disk is full or fails at any write. */
#include "store-file.h"

#include <sqlite3.h>

#include "bad-disk.h"

static int count_files(const struct world *w)
{
    DIR *dir = opendir(w->dir);
    int n = 0;

    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
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

    bad_disk_fail_at(fail_at, rc);
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
    bad_disk_fail_at(-1, 0);
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
    for (long fail_at = 0; fail_at < 200; fail_at += 5) {
        enum fl_status st;

        unlink(w->path);
        bad_disk_fail_at(fail_at, SQLITE_FULL);
        st = open_status(w, &err);
        assert_true(st == FL_OK || st == FL_IO);
        bad_disk_fail_at(-1, 0);
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
    bad_disk_fail_at(7, SQLITE_FULL);
    assert_status(FL_IO, fl_store_backup(w->store, path, &err));
    assert_non_null(strstr(err.text, "no space left"));
    bad_disk_fail_at(3, SQLITE_IOERR_WRITE);
    assert_status(FL_IO, fl_store_backup(w->store, path, &err));
    assert_int_equal(count_files(w), n_files);
    bad_disk_fail_at(-1, 0);
    assert_ok(fl_store_backup(w->store, path, &err));
    fl_store_close(&w->store);
    bad_disk_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_failing_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failing_disk_at_start, setup, teardown),
        cmocka_unit_test_setup_teardown(test_backup_on_failing_disk, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
