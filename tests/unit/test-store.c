/* What is special about the SQLite driver: files, schemas, damage, callbacks. */
#include "store-file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/file.h"
#include "store/store_sqlite_private.h"

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
    assert_int_equal(fl_store_schema_version(w->store), 3);
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

static bool is_old_event(void *ctx, const struct fl_event *event)
{
    assert_string_equal(event->provider_ref, "ref-1");
    assert_null(event->currency);
    assert_int_equal(event->units, 0);
    assert_false(event->is_machine);
    ++*(int *)ctx;
    return true;
}

/* Rows of schema 0001 are all there afterwards, and what is new can be put beside them. */
static void test_migrated_rows(void **state)
{
    enum { CUSTOMER = 64, MESSAGE = 1024, FEEDBACK = 1536, SCRIPT_MAX = 64 << 10 };
    struct world *w = *state;
    const char *top = getenv("FL_TOP_SRCDIR");
    char *script;
    char path[512];
    struct fl_customer customer;
    struct fl_feedback feedback;
    struct fl_answer answer = {.message = MESSAGE,
                               .customer = CUSTOMER,
                               .feedback = FEEDBACK,
                               .question = "recommend",
                               .has_number = true,
                               .number = 9};
    struct fl_error err;
    size_t len;
    int n = 0;

    if (!top) {
        print_message("FL_TOP_SRCDIR is not set: the database of schema 0001 is not looked at\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/tests/unit/store-0001.sql", top);
    assert_ok(fl_file_read(w->arena, path, SCRIPT_MAX, &script, &len, &err));
    assert_int_equal(raw(w, script, NULL, 0), SQLITE_OK);
    world_open(w);
    assert_int_equal(fl_store_schema_version(w->store), 3);
    assert_ok(fl_store_customer_get(w->store, w->arena, CUSTOMER, &customer, &err));
    assert_int_equal(customer.n_addresses, 2);
    assert_int_equal(customer.n_consents, 1);
    assert_ok(fl_store_event_each(w->store, MESSAGE, is_old_event, &n, &err));
    assert_int_equal(n, 1);
    assert_ok(fl_store_feedback_get(w->store, w->arena, FEEDBACK, &feedback, &err));
    assert_string_equal(feedback.text, "Thank you");
    assert_sound(w);
    world_begin(w);
    assert_ok(fl_store_answer_put(w->store, &answer, &err));
    world_commit(w);
    assert_sound(w);
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

static bool count_customer(void *ctx, const struct fl_customer *customer)
{
    (void)customer;
    ++*(int *)ctx;
    return true;
}

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
        ON_FILE(test_new_file),     ON_FILE(test_refused_arguments),    ON_FILE(test_foreign_files),
        ON_FILE(test_newer_schema), ON_FILE(test_migrations),           ON_FILE(test_migrated_rows),
        ON_FILE(test_read_only),    ON_FILE(test_ledger_cannot_change), ON_FILE(test_check_finds),
        ON_FILE(test_damage),       ON_FILE(test_callbacks_may_ask),    ON_FILE(test_arena_limit),
        cmocka_unit_test(test_map), cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
