/* An import of facts: one transaction around whatever form they come in. */
#include <stdlib.h>
#include <string.h>

#include "people/people_fact_private.h"

static enum fl_status read_all(struct people_facts *facts, int fd, struct fl_error *err)
{
    static enum fl_status (*const read[])(struct people_facts *, int, struct fl_error *) = {
        [FL_FACT_CSV] = people_facts_read_csv,
        [FL_FACT_JSON] = people_facts_read_json,
        [FL_FACT_XML] = people_facts_read_xml,
    };
    enum fl_status st = read[facts->options->form](facts, fd, err);

    if (!st && people_facts_have_faults(facts))
        st = fl_faults_status(facts->faults, err);
    if (!st)
        st = fl_store_transactions_end(facts->store, err);
    return st;
}

/* The bulk outlives the transaction that was taken back, and has nothing to do any more. */
static void give_up(struct people_facts *facts)
{
    fl_store_rollback(facts->store);
    if (!fl_store_begin(facts->store, NULL))
        (void)!fl_store_transactions_end(facts->store, NULL);
    fl_store_rollback(facts->store);
}

/* A dry run writes as well and takes it back: so its counts are the true ones. */
static enum fl_status import_run(struct people_facts *facts, int fd, struct fl_error *err)
{
    enum fl_status st = fl_store_transactions_begin(facts->store, err);

    if (st)
        return st;
    st = fl_store_begin(facts->store, err);
    if (!st)
        st = read_all(facts, fd, err);
    if (st)
        give_up(facts);
    else if (facts->options->is_dry_run)
        fl_store_rollback(facts->store);
    else
        st = fl_store_commit(facts->store, err);
    return st;
}

/* The configured currency must be the store's, where it has one already. */
static enum fl_status currency_find(struct people_facts *facts, struct fl_error *err)
{
    const char *wanted = facts->options->currency ? facts->options->currency : "";
    char known[sizeof facts->currency];
    enum fl_status st = fl_store_currency(facts->store, known, err);

    if (st && st != FL_NOT_FOUND)
        return st;
    if (st == FL_NOT_FOUND)
        memcpy(known, wanted, strlen(wanted) < sizeof known ? strlen(wanted) + 1 : sizeof known);
    else if (*wanted && strcmp(wanted, known) != 0)
        return fl_error_set(err, FL_REJECTED,
                            "values in the store are in %s, the configuration says %s", known,
                            wanted);
    memcpy(facts->currency, known, sizeof facts->currency);
    return FL_OK;
}

enum fl_status fl_people_import_facts(struct fl_store *store, int fd,
                                      const struct fl_fact_options *options,
                                      struct fl_faults *faults, struct fl_fact_result *out,
                                      struct fl_error *err)
{
    struct people_facts facts = {.store = store,
                                 .options = options,
                                 .faults = faults,
                                 .n_faults_before = faults->n_total,
                                 .arena = fl_arena_create(FL_ARENA_DEFAULT_MAX)};
    enum fl_status st;

    people_keys_init(&facts.keys);
    st = facts.arena ? currency_find(&facts, err) : fl_error_set(err, FL_IO, "out of memory");
    if (!st)
        st = import_run(&facts, fd, err);
    people_keys_finish(&facts.keys);
    fl_arena_destroy(&facts.arena);
    if (!st)
        *out = facts.result;
    return st;
}
