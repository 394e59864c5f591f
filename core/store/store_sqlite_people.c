/* Customers: looking them up, their addresses and the consent ledger. */
#include "store_sqlite_private.h"

#include "base/file.h"
#include "base/str.h"

enum { CUSTOMER_ARENA_MAX = 16 << 20 };

/* ---- consent ----------------------------------------------------------------------------------*/

static enum fl_status consent_insert(struct fl_sqlite *db, const struct fl_consent *consent,
                                     int64_t at_us, int64_t *out_id, struct fl_error *err)
{
    int64_t id = fl_store_new_id(db->store);
    enum fl_status st = fl_query_exec(
        db,
        "INSERT INTO consent (id, customer, purpose, medium, state, source, proof, at_us)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        Q_VALUES(Q_INT(id), Q_INT(consent->customer), Q_TEXT(consent->purpose),
                 Q_INT(consent->medium), Q_INT(consent->state),
                 Q_TEXT(fl_text_or(consent->source, "")), Q_TEXT(fl_text_or(consent->proof, "")),
                 Q_INT(at_us)),
        err);

    if (!st)
        *out_id = id;
    return st;
}

static enum fl_status consent_set_now(struct fl_sqlite *db, const struct fl_consent *consent,
                                      int64_t id, struct fl_error *err)
{
    return fl_query_exec(db,
                         "INSERT INTO consent_now (customer, purpose, medium, state, consent)"
                         " VALUES (?1, ?2, ?3, ?4, ?5)"
                         " ON CONFLICT (customer, purpose, medium) DO UPDATE"
                         " SET state = excluded.state, consent = excluded.consent",
                         Q_VALUES(Q_INT(consent->customer), Q_TEXT(consent->purpose),
                                  Q_INT(consent->medium), Q_INT(consent->state), Q_INT(id)),
                         err);
}

struct current {
    bool is_known;
    enum fl_consent_state state;
    int64_t at_us;
};

static enum fl_status consent_current(struct fl_sqlite *db, const struct fl_consent *consent,
                                      struct current *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(
        db, &query,
        "SELECT n.state, k.at_us FROM consent_now n JOIN consent k ON k.id = n.consent"
        " WHERE n.customer = ?1 AND n.purpose = ?2 AND n.medium = ?3",
        Q_VALUES(Q_INT(consent->customer), Q_TEXT(consent->purpose), Q_INT(consent->medium)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st)
        return fl_query_end(st);
    *out = (struct current){true, (enum fl_consent_state)fl_query_int(&query, 0),
                            fl_query_int(&query, 1)};
    return FL_OK;
}

static int64_t consent_time(struct fl_sqlite *db, const struct fl_consent *consent)
{
    return consent->at_us ? consent->at_us : fl_clock_now(&db->store->clock);
}

/* What a file or the staff say is no sign of the customer's. */
static enum fl_status mark_if_withdrawn(struct fl_sqlite *db, const struct fl_consent *consent,
                                        struct fl_error *err)
{
    const char *source = fl_text_or(consent->source, "");

    if (consent->state != FL_CONSENT_WITHDRAWN || fl_str_equal(source, "import") ||
        fl_str_equal(source, "staff"))
        return FL_OK;
    return fl_sqlite_mark_stale(db, consent->customer, err);
}

/* A customer who has withdrawn the purpose "profiling" on any medium objects to being valued. */
static enum fl_status follow_objection(struct fl_sqlite *db, const struct fl_consent *consent,
                                       struct fl_error *err)
{
    int64_t objects = 0;
    enum fl_status st;

    if (!fl_str_equal(consent->purpose, FL_PURPOSE_PROFILING))
        return FL_OK;
    st = fl_query_number(db,
                         "SELECT EXISTS (SELECT 1 FROM consent_now WHERE customer = ?1"
                         " AND purpose = ?2 AND state = ?3)",
                         Q_VALUES(Q_INT(consent->customer), Q_TEXT(FL_PURPOSE_PROFILING),
                                  Q_INT(FL_CONSENT_WITHDRAWN)),
                         &objects, err);
    if (!st)
        st = fl_query_exec(db, "UPDATE customer SET state = ?2 WHERE id = ?1 AND state <> ?3",
                           Q_VALUES(Q_INT(consent->customer),
                                    Q_INT(objects ? FL_CUSTOMER_OBJECTED : FL_CUSTOMER_ACTIVE),
                                    Q_INT(FL_CUSTOMER_ERASED)),
                           err);
    if (st)
        return st;
    return objects ? fl_sqlite_forget_scores(db, consent->customer, err)
                   : fl_sqlite_mark_stale(db, consent->customer, err);
}

enum fl_status fl_sqlite_consent_append(struct fl_store *store, const struct fl_consent *consent,
                                        struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    int64_t at_us = consent_time(db, consent), id = 0;
    struct current now = {0};
    enum fl_status st = consent_current(db, consent, &now, err);

    if (!st)
        st = consent_insert(db, consent, at_us, &id, err);
    /* A line about the past does not change what holds now. */
    if (!st && (!now.is_known || at_us >= now.at_us))
        st = consent_set_now(db, consent, id, err);
    if (!st)
        st = mark_if_withdrawn(db, consent, err);
    return st ? st : follow_objection(db, consent, err);
}

enum fl_status fl_sqlite_consent_change(struct fl_sqlite *db, const struct fl_consent *consent,
                                        bool is_first, bool *out_has_changed, struct fl_error *err)
{
    int64_t at_us = consent_time(db, consent), id = 0;
    struct current now = {0};
    enum fl_status st = is_first ? FL_OK : consent_current(db, consent, &now, err);

    /* An old grant that is imported again must not undo a later withdrawal. */
    if (st || (now.is_known && (now.state == consent->state || at_us < now.at_us)))
        return st;
    st = consent_insert(db, consent, at_us, &id, err);
    if (!st)
        st = consent_set_now(db, consent, id, err);
    if (!st)
        st = mark_if_withdrawn(db, consent, err);
    if (!st)
        st = follow_objection(db, consent, err);
    if (!st)
        *out_has_changed = true;
    return st;
}

enum fl_status fl_sqlite_consent_history(struct fl_store *store, int64_t customer,
                                         fl_store_consent_fn *fn, void *ctx, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(
        fl_sqlite_of(store), &query,
        "SELECT id, customer, purpose, medium, state, source, proof, at_us FROM consent"
        " WHERE customer = ?1 ORDER BY at_us, id",
        Q_VALUES(Q_INT(customer)), err);

    while (!st) {
        struct fl_consent line;

        st = fl_query_next(&query, err);
        if (st)
            break;
        line = (struct fl_consent){.id = fl_query_int(&query, 0),
                                   .customer = fl_query_int(&query, 1),
                                   .purpose = fl_query_peek(&query, 2),
                                   .medium = (enum fl_medium)fl_query_int(&query, 3),
                                   .state = (enum fl_consent_state)fl_query_int(&query, 4),
                                   .source = fl_query_peek(&query, 5),
                                   .proof = fl_query_peek(&query, 6),
                                   .at_us = fl_query_int(&query, 7)};
        if (!fn(ctx, &line))
            return FL_OK;
    }
    return fl_query_end(st);
}

/* ---- reading ----------------------------------------------------------------------------------*/

/* The rows of a child table are counted first: an arena array cannot grow. */
static enum fl_status count_children(struct fl_sqlite *db, int64_t customer, size_t n[3],
                                     struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(db, &query,
                                      "SELECT (SELECT count(*) FROM address WHERE customer = ?1),"
                                      " (SELECT count(*) FROM anchor WHERE customer = ?1),"
                                      " (SELECT count(*) FROM consent_now WHERE customer = ?1)",
                                      Q_VALUES(Q_INT(customer)), err);

    if (!st)
        st = fl_query_next(&query, err);
    for (int i = 0; !st && i < 3; i++)
        n[i] = (size_t)fl_query_int(&query, i);
    return st;
}

static void take_address(struct fl_query *query, struct fl_arena *arena, void *item)
{
    *(struct fl_address *)item =
        (struct fl_address){.id = fl_query_int(query, 0),
                            .medium = (enum fl_medium)fl_query_int(query, 1),
                            .value = fl_query_text(query, 2, arena),
                            .status = (enum fl_address_status)fl_query_int(query, 3),
                            .status_us = fl_query_int(query, 4)};
}

static void take_anchor(struct fl_query *query, struct fl_arena *arena, void *item)
{
    *(struct fl_anchor *)item = (struct fl_anchor){.name = fl_query_text(query, 0, arena),
                                                   .date = (int32_t)fl_query_int(query, 1)};
}

static void take_consent(struct fl_query *query, struct fl_arena *arena, void *item)
{
    *(struct fl_consent *)item =
        (struct fl_consent){.id = fl_query_int(query, 0),
                            .customer = fl_query_int(query, 1),
                            .purpose = fl_query_text(query, 2, arena),
                            .medium = (enum fl_medium)fl_query_int(query, 3),
                            .state = (enum fl_consent_state)fl_query_int(query, 4),
                            .source = fl_query_text(query, 5, arena),
                            .proof = fl_query_text(query, 6, arena),
                            .at_us = fl_query_int(query, 7)};
}

struct children {
    const char *sql;
    size_t item_size;
    void (*take)(struct fl_query *query, struct fl_arena *arena, void *item);
};

/* At most *n rows, which becomes how many there are; *out is theirs. */
static enum fl_status read_children(struct fl_sqlite *db, struct fl_arena *arena, int64_t customer,
                                    const struct children *children, size_t *n, void **out,
                                    struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    char *list = fl_arena_calloc(arena, *n, children->item_size);
    size_t i = 0;
    enum fl_status st =
        list ? fl_query_open(db, &query, children->sql, Q_VALUES(Q_INT(customer)), err)
             : fl_sqlite_no_memory(err);

    while (!st && i < *n) {
        st = fl_query_next(&query, err);
        if (!st)
            children->take(&query, arena, list + children->item_size * i++);
    }
    *n = i;
    *out = list;
    st = fl_query_end(st);
    return st ? st : fl_query_memory(&query, err);
}

static enum fl_status read_all_children(struct fl_sqlite *db, struct fl_arena *arena,
                                        struct fl_customer *out, struct fl_error *err)
{
    static const struct children kinds[] = {
        {"SELECT id, medium, value, status, status_us FROM address WHERE customer = ?1"
         " ORDER BY medium, id",
         sizeof(struct fl_address), take_address},
        {"SELECT name, date FROM anchor WHERE customer = ?1 ORDER BY name",
         sizeof(struct fl_anchor), take_anchor},
        {"SELECT k.id, k.customer, k.purpose, k.medium, k.state, k.source, k.proof, k.at_us"
         " FROM consent_now n JOIN consent k ON k.id = n.consent"
         " WHERE n.customer = ?1 ORDER BY n.purpose, n.medium",
         sizeof(struct fl_consent), take_consent},
    };
    void *lists[3] = {NULL};
    size_t n[3] = {0};
    enum fl_status st = count_children(db, out->id, n, err);

    for (int i = 0; !st && i < 3; i++)
        st = read_children(db, arena, out->id, &kinds[i], &n[i], &lists[i], err);
    out->addresses = lists[0];
    out->n_addresses = n[0];
    out->anchors = lists[1];
    out->n_anchors = n[1];
    out->consents = lists[2];
    out->n_consents = n[2];
    return st;
}

#define CUSTOMER_COLUMNS                                                                           \
    "id, external_id, name, language, time_zone, attributes, state, created_us, updated_us"

/* The row the query stands on, with its children. */
static enum fl_status read_customer(struct fl_query *query, struct fl_arena *arena,
                                    struct fl_customer *out, struct fl_error *err)
{
    enum fl_status st;

    *out = (struct fl_customer){.id = fl_query_int(query, 0),
                                .external_id = fl_query_text(query, 1, arena),
                                .name = fl_query_text(query, 2, arena),
                                .language = fl_query_text(query, 3, arena),
                                .time_zone = fl_query_text(query, 4, arena),
                                .attributes = fl_query_text(query, 5, arena),
                                .state = (enum fl_customer_state)fl_query_int(query, 6),
                                .created_us = fl_query_int(query, 7),
                                .updated_us = fl_query_int(query, 8)};
    st = fl_query_memory(query, err);
    return st ? st : read_all_children(query->db, arena, out, err);
}

enum fl_status fl_sqlite_customer_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                      struct fl_customer *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_customer customer;
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query,
                                      "SELECT " CUSTOMER_COLUMNS " FROM customer WHERE id = ?1",
                                      Q_VALUES(Q_INT(id)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, FL_NOT_FOUND, "there is no customer %lld", (long long)id);
    if (!st)
        st = read_customer(&query, arena, &customer, err);
    if (!st)
        *out = customer;
    return st;
}

enum fl_status fl_sqlite_customer_each(struct fl_store *store, int64_t after, int64_t limit,
                                       fl_store_customer_fn *fn, void *ctx, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(CUSTOMER_ARENA_MAX);
    enum fl_status st;

    if (!arena)
        return fl_sqlite_no_memory(err);
    st = fl_query_open(fl_sqlite_of(store), &query,
                       "SELECT " CUSTOMER_COLUMNS
                       " FROM customer WHERE id > ?1 ORDER BY id LIMIT ?2",
                       Q_VALUES(Q_INT(after), Q_INT(limit > 0 ? limit : -1)), err);
    while (!st) {
        struct fl_customer customer;

        st = fl_query_next(&query, err);
        if (!st)
            st = read_customer(&query, arena, &customer, err);
        if (!st && !fn(ctx, &customer))
            return FL_OK;
        fl_arena_reset(arena);
    }
    return fl_query_end(st);
}

enum fl_status fl_sqlite_customer_find(struct fl_store *store, const char *external_id,
                                       int64_t *out_id, struct fl_error *err)
{
    enum fl_status st =
        fl_query_number(fl_sqlite_of(store), "SELECT id FROM customer WHERE external_id = ?1",
                        Q_VALUES(Q_TEXT(external_id)), out_id, err);

    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no customer \"%s\"", external_id);
    return st;
}

enum fl_status fl_sqlite_customers_by_address(struct fl_store *store, enum fl_medium medium,
                                              const char *value, int64_t *ids, size_t max,
                                              size_t *out_n, struct fl_error *err)
{
    /* States from "accepted" to "uncertain" have left; the others were never written to. */
    static const char sql[] =
        "SELECT a.customer FROM address a WHERE a.medium = ?1 AND a.value = ?2"
        " ORDER BY (SELECT max(m.id) FROM message m"
        "           WHERE m.customer = a.customer AND m.state BETWEEN 2 AND 6) DESC NULLS LAST,"
        " a.id DESC LIMIT ?3";
    FL_AUTO_QUERY struct fl_query query = {0};
    size_t n = 0;
    enum fl_status st = fl_query_open(fl_sqlite_of(store), &query, sql,
                                      Q_VALUES(Q_INT(medium), Q_TEXT(value), Q_INT(max)), err);

    while (!st && n < max) {
        st = fl_query_next(&query, err);
        if (!st)
            ids[n++] = fl_query_int(&query, 0);
    }
    st = fl_query_end(st);
    if (!st)
        *out_n = n;
    return st;
}

enum fl_status fl_sqlite_address_set_status(struct fl_store *store, int64_t address,
                                            enum fl_address_status status, int64_t evidence,
                                            struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    enum fl_status st = fl_query_exec(
        db,
        "UPDATE address SET status = ?2, status_us = ?3, evidence = nullif(?4, 0) WHERE id = ?1",
        Q_VALUES(Q_INT(address), Q_INT(status), Q_INT(fl_clock_now(&store->clock)),
                 Q_INT(evidence)),
        err);

    if (!st && !sqlite3_changes(db->handle))
        return fl_error_set(err, FL_NOT_FOUND, "there is no address %lld", (long long)address);
    return st;
}
