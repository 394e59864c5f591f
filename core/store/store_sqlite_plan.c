/*
 * Planning: one INSERT ... SELECT for a whole audience.
 *
 * The SELECT walks the audience in order of customer, so that addresses and consents are met in the
 * order of their own indexes and the unique index of the messages is appended to.  It joins every
 * address that was not replaced; a customer has one, as a rule.  Finding the best by an aggregate
 * for each customer would take longer than all the rest, so fl_plan_take() lets the first row of a
 * customer pass and notes where a later one is better; these few messages are corrected at the end.
 * "Best" is the newest usable address, else the newest.
 *
 * Scores are asked for customer by customer, along their own index in the same order: joined, the
 * view of current scores would be copied first.
 */
#include "store_sqlite_private.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "value/position.h"

enum { SQL_MAX = 16 << 10, VALUES_MAX = 64, BETTER_FIRST_CAP = 64 };

/* Wholly eligible, asked first because nearly all are; CONSENT is "n.state", or "1" where none is
 * needed.  The precedence is that of policy_decide(); numbers are of enum fl_rule and the states.
 */
#define GOOD(CONSENT) "c.state <> 2 AND a.status = 0 AND " CONSENT " = 1"
#define RULE(CONSENT)                                                                              \
    "CASE WHEN " GOOD(CONSENT) " THEN 0 WHEN c.state = 2 THEN 6 WHEN a.id IS NULL THEN 1"          \
                               " WHEN a.status = 1 THEN 2 WHEN a.status = 2 THEN 3 WHEN " CONSENT  \
                               " = 2 THEN 5 ELSE 4 END"
#define TAKE(CONSENT) " WHERE fl_plan_take(c.id, a.id, a.status, " RULE(CONSENT) ")"

_Static_assert(FL_CUSTOMER_ERASED == 2 && FL_RULE_ERASED == 6 && FL_RULE_NO_ADDRESS == 1 &&
                   FL_ADDRESS_SUPPRESSED == 1 && FL_RULE_ADDRESS_SUPPRESSED == 2 &&
                   FL_ADDRESS_COMPLAINED == 2 && FL_RULE_COMPLAINED == 3 &&
                   FL_CONSENT_GRANTED == 1 && FL_CONSENT_WITHDRAWN == 2 && FL_RULE_OPTED_OUT == 5 &&
                   FL_RULE_NO_CONSENT == 4 && FL_ADDRESS_REPLACED == 3,
               "RULE is written in numbers");

/* Goodness, id and status of an address in one number; 0 where there is none. */
static int64_t rank_of(sqlite3_value *id, sqlite3_value *status)
{
    if (sqlite3_value_type(id) == SQLITE_NULL)
        return 0;
    return (int64_t)(sqlite3_value_int(status) == FL_ADDRESS_OK) << 62 | sqlite3_value_int64(id);
}

static bool note_better(struct fl_plan_tally *tally, int64_t address, int rule)
{
    if (tally->n_better && tally->better[tally->n_better - 1].message == tally->id)
        tally->n_better--;
    if (tally->n_better == tally->cap_better) {
        size_t cap = tally->cap_better ? 2 * tally->cap_better : BETTER_FIRST_CAP;
        struct fl_plan_better *better = realloc(tally->better, cap * sizeof *better);

        if (!better)
            return false;
        tally->better = better;
        tally->cap_better = cap;
    }
    tally->better[tally->n_better++] = (struct fl_plan_better){tally->id, address, rule};
    return true;
}

/* fl_plan_take(customer, address, status, rule): is this the customer's first row?  Rows of one
 * customer follow each other.  Gives the message its id and counts by the way. */
static void sql_plan_take(sqlite3_context *ctx, int n_args, sqlite3_value **args)
{
    struct fl_plan_tally *tally = sqlite3_user_data(ctx);
    int64_t customer = sqlite3_value_int64(args[0]), rank = rank_of(args[1], args[2]);
    int rule = sqlite3_value_int(args[3]);
    bool is_first = customer != tally->customer;

    /* Of those alone who would get it: the others could not be compared with them. */
    if (!rule && fl_store_is_held_out(tally->hold_out_key, customer, tally->hold_out_permille))
        rule = FL_RULE_HOLD_OUT;

    (void)n_args;
    if (is_first) {
        tally->customer = customer;
        tally->id = tally->next_id;
        tally->next_id += FL_ID_STRIDE;
    } else if (rank > tally->rank) {
        tally->n_suppressed[tally->rule]--;
        if (!note_better(tally, sqlite3_value_int64(args[1]), rule)) {
            sqlite3_result_error_nomem(ctx);
            return;
        }
    }
    if (is_first || rank > tally->rank) {
        tally->rank = rank;
        tally->rule = rule;
        tally->n_suppressed[rule]++;
    }
    sqlite3_result_int(ctx, is_first);
}

/* fl_plan_id(): of the message that was taken last. */
static void sql_plan_id(sqlite3_context *ctx, int n_args, sqlite3_value **args)
{
    struct fl_plan_tally *tally = sqlite3_user_data(ctx);

    (void)n_args;
    (void)args;
    sqlite3_result_int64(ctx, tally->id);
}

/* fl_plan_rule(), fl_plan_state(): what follows for it from its first row. */
static void sql_plan_rule(sqlite3_context *ctx, int n_args, sqlite3_value **args)
{
    struct fl_plan_tally *tally = sqlite3_user_data(ctx);

    (void)n_args;
    (void)args;
    sqlite3_result_int(ctx, tally->rule);
}

static void sql_plan_state(sqlite3_context *ctx, int n_args, sqlite3_value **args)
{
    struct fl_plan_tally *tally = sqlite3_user_data(ctx);

    (void)n_args;
    (void)args;
    sqlite3_result_int(ctx, tally->rule ? FL_MESSAGE_SUPPRESSED : FL_MESSAGE_PLANNED);
}

enum fl_status fl_sqlite_register_plan_functions(struct fl_sqlite *db, struct fl_error *err)
{
    static const struct {
        const char *name;
        int n_args;
        void (*fn)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {{"fl_plan_take", 4, sql_plan_take},
                     {"fl_plan_id", 0, sql_plan_id},
                     {"fl_plan_rule", 0, sql_plan_rule},
                     {"fl_plan_state", 0, sql_plan_state}};
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < sizeof functions / sizeof functions[0]; i++)
        rc = sqlite3_create_function_v2(db->handle, functions[i].name, functions[i].n_args,
                                        SQLITE_UTF8 | SQLITE_DIRECTONLY, &db->tally,
                                        functions[i].fn, NULL, NULL, NULL);
    return rc == SQLITE_OK ? FL_OK : fl_sqlite_fail(db, rc, err);
}

struct builder {
    struct fl_buf sql;
    struct fl_arena *arena;
    struct fl_value values[VALUES_MAX];
    size_t n_values;
};

/* Its number in the statement; too many spoil the statement, which its user then sees. */
static int add_value(struct builder *b, struct fl_value value)
{
    if (b->n_values == VALUES_MAX) {
        b->sql.has_failed = true;
        return 0;
    }
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

/* " AND LOW <= column AND column <= HIGH" */
static void add_range(struct builder *b, const char *column, double low, double high)
{
    int from = add_value(b, (struct fl_value)Q_REAL(low));
    int to = add_value(b, (struct fl_value)Q_REAL(high));

    fl_buf_printf(&b->sql, " AND s.%s BETWEEN ?%d AND ?%d", column, from, to);
}

/* The score of c; in zone f.zone where customers come by a change. */
static void add_worth(struct builder *b, const struct fl_store_worth_filter *worth)
{
    bool is_of_valued = worth->segments || worth->has_ce || worth->has_cv || worth->has_commitment;

    fl_buf_printf(&b->sql,
                  " AND c.state = %d AND EXISTS (SELECT 1 FROM score_now s WHERE s.customer = c.id",
                  FL_CUSTOMER_ACTIVE);
    if (is_of_valued)
        fl_buf_printf(&b->sql, " AND s.state = %d", FL_SCORE_VALUED);
    if (worth->change_since_us != FL_TIME_NONE)
        fl_buf_puts(&b->sql, " AND s.zone = f.zone");
    if (worth->zones)
        fl_buf_printf(&b->sql, " AND %u >> s.zone & 1", worth->zones);
    if (worth->segments)
        fl_buf_printf(&b->sql, " AND %u >> s.segment & 1", worth->segments);
    if (worth->keys)
        fl_buf_printf(&b->sql, " AND s.keys & %u = %u", worth->keys, worth->keys);
    if (worth->has_ce)
        add_range(b, "ce", worth->ce_min, worth->ce_max);
    if (worth->has_cv)
        add_range(b, "cv", worth->cv_min, worth->cv_max);
    if (worth->has_commitment)
        add_range(b, "commitment", worth->commitment_min, worth->commitment_max);
    fl_buf_puts(&b->sql, ")");
}

/* Where customers come from: an anchor, a change of zone, or everybody. */
static void add_source(struct builder *b, const struct fl_store_plan *plan)
{
    const struct fl_store_worth_filter *worth = plan->worth;

    if (plan->anchor) {
        int name = add_value(b, (struct fl_value)Q_TEXT(plan->anchor));
        int from = add_value(b, (struct fl_value)Q_INT(plan->anchor_from));
        int to = add_value(b, (struct fl_value)Q_INT(plan->anchor_to));

        fl_buf_printf(&b->sql,
                      " FROM (SELECT customer AS id FROM anchor WHERE name = ?%d"
                      " AND date BETWEEN ?%d AND ?%d) f"
                      " CROSS JOIN customer c ON c.id = f.id",
                      name, from, to);
    } else if (worth && worth->change_since_us != FL_TIME_NONE) {
        int since = add_value(b, (struct fl_value)Q_INT(worth->change_since_us));

        /* Of several changes the one to where the customer is now, once.  Left to itself SQLite
         * reads the changes of all times, for the sake of DISTINCT. */
        fl_buf_printf(&b->sql,
                      " FROM (SELECT DISTINCT customer AS id, zone_to AS zone"
                      " FROM zone_change INDEXED BY zone_change_at"
                      " WHERE at_us >= ?%d",
                      since);
        if (worth->change_from >= 0)
            fl_buf_printf(&b->sql, " AND zone_from = %d", worth->change_from);
        if (worth->change_to >= 0)
            fl_buf_printf(&b->sql, " AND zone_to = %d", worth->change_to);
        fl_buf_puts(&b->sql, ") f CROSS JOIN customer c ON c.id = f.id");
    } else {
        /* Not by the index of external ids, which is in no useful order. */
        fl_buf_puts(&b->sql, " FROM customer c NOT INDEXED");
    }
}

/* " FROM ...": customers of the audience as c, each with its addresses a and its consent n */
static void add_audience(struct builder *b, const struct fl_store_plan *plan, bool has_messages)
{
    fl_buf_puts(&b->sql, " FROM (SELECT c.id AS id, c.state AS state");
    add_source(b, plan);
    fl_buf_puts(&b->sql, " WHERE true");
    add_attributes(b, plan);
    if (plan->worth)
        add_worth(b, plan->worth);
    /* Asked only where it can be: reading the table that is written to makes SQLite keep the whole
     * result aside first. */
    if (has_messages)
        fl_buf_puts(&b->sql, " AND NOT EXISTS (SELECT 1 FROM message m WHERE m.occurrence = ?1"
                             " AND m.customer = c.id AND m.channel = ?2)");
    /* The LIMIT keeps the order also where SQLite would drop it as useless to a join. */
    fl_buf_printf(&b->sql, " ORDER BY c.id LIMIT ?%d) c",
                  add_value(b, (struct fl_value)Q_INT(plan->limit ? plan->limit : -1)));
    /* Everybody has pages: on the web a customer is reached without an address. */
    fl_buf_puts(&b->sql, plan->medium == FL_MEDIUM_WEB
                             ? " LEFT JOIN (SELECT 0 AS id, 0 AS status) a"
                             : " LEFT JOIN address a ON a.customer = c.id AND a.medium = ?3"
                               " AND a.status <> 3");
    if (plan->purpose)
        fl_buf_printf(&b->sql,
                      " LEFT JOIN consent_now n ON n.customer = c.id AND n.purpose = ?%d"
                      " AND n.medium = ?3",
                      add_value(b, (struct fl_value)Q_TEXT(plan->purpose)));
    fl_buf_puts(&b->sql, plan->purpose ? TAKE("n.state") : TAKE("1"));
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
    if (plan->is_dry_run)
        fl_buf_puts(&b->sql, "SELECT count(*)");
    else
        fl_buf_puts(&b->sql, "INSERT INTO message (id, occurrence, customer, channel, address,"
                             " state, rule, attempts, due_us)"
                             " SELECT fl_plan_id(), ?1, c.id, ?2, ifnull(a.id, 0),"
                             " fl_plan_state(), fl_plan_rule(), 0, ?4");
    add_audience(b, plan, has);
    if (fl_buf_failed(&b->sql))
        return fl_error_set(err, FL_LIMIT, "the audience is too long to be asked for");
    return FL_OK;
}

static enum fl_status run(struct fl_sqlite *db, struct builder *b, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open_once(db, &query, b->sql.data, b->values, b->n_values, err);

    while (!st)
        st = fl_query_next(&query, err);
    return fl_query_end(st);
}

static enum fl_status correct(struct fl_sqlite *db, struct fl_error *err)
{
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < db->tally.n_better; i++) {
        const struct fl_plan_better *better = &db->tally.better[i];

        st = fl_query_exec(
            db, "UPDATE message SET address = ?2, state = ?3, rule = ?4 WHERE id = ?1",
            Q_VALUES(Q_INT(better->message), Q_INT(better->address),
                     Q_INT(better->rule ? FL_MESSAGE_SUPPRESSED : FL_MESSAGE_PLANNED),
                     Q_INT(better->rule)),
            err);
    }
    return st;
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

    db->tally = (struct fl_plan_tally){.next_id = first,
                                       .hold_out_key = plan->hold_out_key,
                                       .hold_out_permille = plan->hold_out_permille};
    st = run(db, b, err);
    if (!st && !plan->is_dry_run)
        st = correct(db, err);
    free(db->tally.better);
    db->tally.better = NULL;
    if (st)
        return st;
    for (int rule = 0; rule < FL_RULES; rule++)
        result.n_audience += db->tally.n_suppressed[rule];
    result.n_planned = db->tally.n_suppressed[FL_RULE_NONE];
    for (int rule = 1; rule < FL_RULES; rule++)
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
