/* What customers did, as other programs write it: the first byte chooses JSON, XML or the kind of a
 * CSV.  The store knows two customers; every import is a dry run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "people/trade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_MAX = 64 << 20 };

static char folder[] = "/tmp/fuzz-facts-XXXXXX";

static void clean(void)
{
    static const char *const names[] = {"t.db", "t.db-wal", "t.db-shm"};
    char path[64];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static struct fl_store *store_make(void)
{
    struct fl_store_options options = {.clock = fl_clock_system, .create_if_missing = true};
    struct fl_store *store = NULL;
    char uri[64];

    if (!mkdtemp(folder))
        abort();
    atexit(clean);
    snprintf(uri, sizeof uri, "sqlite:%s/t.db", folder);
    if (fl_store_open(uri, &options, &store, NULL) || fl_store_begin(store, NULL))
        abort();
    for (const char *id = "A\0B\0"; *id; id += strlen(id) + 1) {
        struct fl_customer customer = {.external_id = id, .name = id};
        enum fl_put put;
        int64_t number;

        if (fl_store_customer_put(store, &customer, &put, &number, NULL))
            abort();
    }
    if (fl_store_commit(store, NULL))
        abort();
    return store;
}

static int64_t as_it_is(void *ctx, int64_t us)
{
    (void)ctx;
    return us;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fl_store *store;
    struct fl_fact_options options = {.name = "fuzz",
                                      .currency = "",
                                      .minor_digits = 2,
                                      .margin_rate = 1,
                                      .now_us = INT64_C(1795316645000000),
                                      .is_dry_run = true,
                                      .of_local = as_it_is,
                                      .to_local = as_it_is};
    struct fl_fact_result result;
    struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    struct fl_faults faults;
    struct fl_error err;
    int fd;

    if (!store)
        store = store_make();
    if (!size || !arena || fl_memfd_sealed("fuzz", data + 1, size - 1, &fd, NULL)) {
        fl_arena_destroy(&arena);
        return 0;
    }
    options.form = data[0] == 'J' ? FL_FACT_JSON : data[0] == 'X' ? FL_FACT_XML : FL_FACT_CSV;
    options.fact = data[0] == 'S'   ? FL_FACT_SUBSCRIPTION
                   : data[0] == 'R' ? FL_FACT_REFERRAL
                                    : FL_FACT_TRANSACTION;
    fl_faults_init(&faults, arena);
    if (!fl_people_import_facts(store, fd, &options, &faults, &result, &err)) {
        if (faults.n_total ||
            result.n_inserted + result.n_updated + result.n_unchanged != result.n_rows)
            abort();
    } else if (err.status == FL_INTERNAL)
        abort();
    if (fl_store_in_transaction(store))
        abort();
    close(fd);
    fl_arena_destroy(&arena);
    return 0;
}
