/*
 * Planning: one INSERT ... SELECT for a whole audience.
 *
 * The inner SELECT walks the audience in order of customer, so that addresses and consents are met
 * in the order of their own indexes and the unique index of the messages is appended to.  What it
 * finds for one customer is a row of
 *     customer, customer's state, best address, consent
 * where "best address" packs goodness, id and status of an address into one number, whose maximum
 * is the newest usable address, else the newest that was not replaced.
 */
#include "store_sqlite_private.h"

#include "base/file.h"
#include "base/str.h"

enum { SQL_MAX = 16 << 10, VALUES_MAX = 64 };

/* address: bit 62 = usable, then the id, then two bits of status */
#define BEST_ADDRESS                                                                               \
    "(SELECT max((a.status = 0) << 62 | a.id << 2 | a.status) FROM address a"                      \
    "  WHERE a.customer = c.id AND a.medium = ?3 AND a.status <> 3)"
#define ADDRESS_ID "(best >> 2 & 0x0fffffffffffffff)"

/* The precedence of policy_decide(); numbers are of enum fl_rule and the states. */
#define RULE                                                                                       \
    "CASE WHEN state = 2 THEN 6 WHEN best IS NULL THEN 1"                                          \
    " WHEN best & 3 = 1 THEN 2 WHEN best & 3 = 2 THEN 3"                                           \
    " WHEN consent = 1 THEN 0 WHEN consent = 2 THEN 5 ELSE 4 END"

_Static_assert(FL_CUSTOMER_ERASED == 2 && FL_RULE_ERASED == 6 && FL_RULE_NO_ADDRESS == 1 &&
                   FL_ADDRESS_SUPPRESSED == 1 && FL_RULE_ADDRESS_SUPPRESSED == 2 &&
                   FL_ADDRESS_COMPLAINED == 2 && FL_RULE_COMPLAINED == 3 &&
                   FL_CONSENT_GRANTED == 1 && FL_CONSENT_WITHDRAWN == 2 && FL_RULE_OPTED_OUT == 5 &&
                   FL_RULE_NO_CONSENT == 4 && FL_ADDRESS_REPLACED == 3 &&
                   FL_MESSAGE_SUPPRESSED == 7,
               "RULE is written in numbers");

/* fl_plan_id(rule): the next id of the block; counts by the way. */
static void sql_plan_id(sqlite3_context *ctx, int n_args, sqlite3_value **args)
{
    struct fl_plan_tally *tally = sqlite3_user_data(ctx);
    int rule = sqlite3_value_int(args[0]);

    (void)n_args;
    if (rule >= 0 && rule <= FL_RULE_EXPIRED)
        tally->n_suppressed[rule]++;
    sqlite3_result_int64(ctx, tally->next_id);
    tally->next_id += FL_ID_STRIDE;
}

enum fl_status fl_sqlite_register_functions(struct fl_sqlite *db, struct fl_error *err)
{
    int rc =
        sqlite3_create_function_v2(db->handle, "fl_plan_id", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                   &db->tally, sql_plan_id, NULL, NULL, NULL);

    return rc == SQLITE_OK ? FL_OK : fl_sqlite_fail(db, rc, err);
}

struct builder {
    struct fl_buf sql;
    struct fl_arena *arena;
    struct fl_value values[VALUES_MAX];
    size_t n_values;
};

static int add_value(struct builder *b, struct fl_value value)
{
    b->values[b->n_values++] = value;
    return (int)b->n_values;
}

static void add_attributes(struct builder *b, const struct fl_store_plan *plan)
{
    for (size_t i = 0; plan->attribute_names && plan->attribute_names[i]; i++) {
        const char *path = fl_arena_printf(b->arena, "$.\"%s\"", plan->attribute_names[i]);
        int p = add_value(b, (struct fl_value)Q_TEXT(path));
        int v = add_value(b, (struct fl_value)Q_TEXT(plan->attribute_values[i]));

        fl_buf_printf(&b->sql, " AND json_extract(c.attributes, ?%d) = ?%d", p, v);
    }
}

/* customer, state, best, consent for each in the audience, in order of customer */
static void add_audience(struct builder *b, const struct fl_store_plan *plan, bool has_messages)
{
    fl_buf_puts(&b->sql, "SELECT c.id AS customer, c.state AS state, " BEST_ADDRESS " AS best, ");
    fl_buf_puts(&b->sql, plan->purpose ? "n.state AS consent" : "1 AS consent");
    if (plan->anchor) {
        int name = add_value(b, (struct fl_value)Q_TEXT(plan->anchor));
        int from = add_value(b, (struct fl_value)Q_INT(plan->anchor_from));
        int to = add_value(b, (struct fl_value)Q_INT(plan->anchor_to));

        fl_buf_printf(&b->sql,
                      " FROM (SELECT customer AS id FROM anchor WHERE name = ?%d"
                      " AND date BETWEEN ?%d AND ?%d ORDER BY customer) f"
                      " CROSS JOIN customer c ON c.id = f.id",
                      name, from, to);
    } else {
        /* Not by the index of external ids, which is in no useful order. */
        fl_buf_puts(&b->sql, " FROM customer c NOT INDEXED");
    }
    if (plan->purpose)
        fl_buf_printf(&b->sql,
                      " LEFT JOIN consent_now n ON n.customer = c.id AND n.purpose = ?%d"
                      " AND n.medium = ?3",
                      add_value(b, (struct fl_value)Q_TEXT(plan->purpose)));
    fl_buf_puts(&b->sql, " WHERE true");
    add_attributes(b, plan);
    /* Asked only where it can be: reading the table that is written to makes SQLite keep the whole
     * result aside first. */
    if (has_messages)
        fl_buf_puts(&b->sql, " AND NOT EXISTS (SELECT 1 FROM message m WHERE m.occurrence = ?1"
                             " AND m.customer = c.id AND m.channel = ?2)");
    if (!plan->anchor)
        fl_buf_puts(&b->sql, " ORDER BY c.id");
    fl_buf_printf(&b->sql, " LIMIT ?%d",
                  add_value(b, (struct fl_value)Q_INT(plan->limit ? plan->limit : -1)));
}

static enum fl_status has_messages(struct fl_sqlite *db, const struct fl_store_plan *plan,
                                   bool *out, struct fl_error *err)
{
    int64_t one = 0;
    enum fl_status st =
        fl_query_number(db, "SELECT 1 FROM message WHERE occurrence = ?1 AND channel = ?2 LIMIT 1",
                        Q_VALUES(Q_INT(plan->occurrence), Q_INT(plan->channel)), &one, err);

    *out = one != 0;
    return fl_query_end(st);
}

static enum fl_status build(struct fl_sqlite *db, struct builder *b,
                            const struct fl_store_plan *plan, struct fl_error *err)
{
    bool has = false;
    enum fl_status st = has_messages(db, plan, &has, err);

    if (st)
        return st;
    add_value(b, (struct fl_value)Q_INT(plan->occurrence));
    add_value(b, (struct fl_value)Q_INT(plan->channel));
    add_value(b, (struct fl_value)Q_INT(plan->medium));
    add_value(b, (struct fl_value)Q_INT(plan->due_us));
    if (plan->is_dry_run) {
        fl_buf_puts(&b->sql, "SELECT " RULE " FROM (");
        add_audience(b, plan, has);
        fl_buf_puts(&b->sql, ")");
    } else {
        fl_buf_puts(&b->sql,
                    "INSERT INTO message (id, occurrence, customer, channel, address, state, rule,"
                    " attempts, due_us)"
                    " SELECT fl_plan_id(rule), ?1, customer, ?2, ifnull(" ADDRESS_ID ", 0),"
                    " CASE rule WHEN 0 THEN 0 ELSE 7 END, rule, 0, ?4"
                    " FROM (SELECT customer, best, " RULE " AS rule FROM (");
        add_audience(b, plan, has);
        /* Two LIMITs keep SQLite from merging the levels and asking for an address twice. */
        fl_buf_puts(&b->sql, ")) LIMIT -1");
    }
    if (fl_buf_failed(&b->sql))
        return fl_error_set(err, FL_LIMIT, "the audience is too long to be asked for");
    return FL_OK;
}

static enum fl_status run(struct fl_sqlite *db, struct builder *b, bool is_dry_run,
                          struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open_once(db, &query, b->sql.data, b->values, b->n_values, err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (!st && is_dry_run)
            db->tally.n_suppressed[fl_query_int(&query, 0)]++;
    }
    return fl_query_end(st);
}

static enum fl_status add_block(struct fl_sqlite *db, const struct fl_store_plan *plan,
                                const struct fl_store_plan_result *result, struct fl_error *err)
{
    return fl_query_exec(db,
                         "INSERT INTO block (id, last_id, occurrence, channel, due_us, is_open)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                         Q_VALUES(Q_INT(result->first_id), Q_INT(result->last_id),
                                  Q_INT(plan->occurrence), Q_INT(plan->channel),
                                  Q_INT(plan->due_us), Q_INT(result->n_planned > 0)),
                         err);
}

static enum fl_status plan_with(struct fl_sqlite *db, struct builder *b,
                                const struct fl_store_plan *plan, struct fl_store_plan_result *out,
                                struct fl_error *err)
{
    struct fl_ids *ids = &db->store->ids;
    struct fl_store_plan_result result = {0};
    int64_t first = plan->is_dry_run ? 0 : fl_ids_next(ids);
    enum fl_status st;

    db->tally = (struct fl_plan_tally){.next_id = first};
    st = run(db, b, plan->is_dry_run, err);
    if (st)
        return st;
    for (int rule = 0; rule <= FL_RULE_EXPIRED; rule++)
        result.n_audience += db->tally.n_suppressed[rule];
    result.n_planned = db->tally.n_suppressed[FL_RULE_NONE];
    for (int rule = 1; rule <= FL_RULE_EXPIRED; rule++)
        result.n_suppressed[rule] = db->tally.n_suppressed[rule];
    if (!plan->is_dry_run && result.n_audience) {
        result.first_id = first;
        result.last_id = first + (result.n_audience - 1) * FL_ID_STRIDE;
        /* The block ran ahead of the generator, which must not give these again. */
        ids->last_tick = result.last_id / FL_ID_STRIDE;
        st = add_block(db, plan, &result, err);
    }
    if (!st)
        *out = result;
    return st;
}

enum fl_status fl_sqlite_plan(struct fl_store *store, const struct fl_store_plan *plan,
                              struct fl_store_plan_result *out, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(SQL_MAX);
    struct builder b = {.arena = arena, .sql = FL_BUF(SQL_MAX)};
    enum fl_status st;

    if (!arena)
        return fl_sqlite_no_memory(err);
    st = build(db, &b, plan, err);
    if (!st)
        st = plan_with(db, &b, plan, out, err);
    fl_buf_finish(&b.sql);
    return st;
}
