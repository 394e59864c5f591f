/* The invariants of the design, each a query whose rows are violations. */
#include "store_sqlite_private.h"

#include <stdio.h>
#include <string.h>

enum { VIOLATIONS_MAX = 100, TEXT_MAX = 256 };

struct invariant {
    const char *sentence; /* with one %lld: the first column */
    const char *sql;
};

static const struct invariant invariants[] = {
    {"message %lld is in no block",
     "SELECT m.id FROM message m WHERE NOT EXISTS (SELECT 1 FROM block b WHERE b.id ="
     " (SELECT max(id) FROM block WHERE id <= m.id) AND b.last_id >= m.id)"},
    {"block %lld reaches into the next one",
     "SELECT id FROM (SELECT id, last_id, lead(id) OVER (PARTITION BY id & 63 ORDER BY id) AS next"
     " FROM block) WHERE last_id >= next OR last_id < id"},
    {"message %lld is of another occurrence or channel than its block",
     "SELECT m.id FROM block b CROSS JOIN message m ON m.id BETWEEN b.id AND b.last_id"
     " WHERE m.id & 63 = b.id & 63 AND (m.occurrence <> b.occurrence OR m.channel <> b.channel)"},
    {"customer %lld has two messages of one occurrence on one channel",
     "SELECT customer FROM message GROUP BY occurrence, customer, channel HAVING count(*) > 1"},
    {"message %lld is accepted and no event says so",
     "SELECT id FROM message m WHERE state = 2"
     " AND NOT EXISTS (SELECT 1 FROM event e WHERE e.message = m.id AND e.kind IN (1, 12))"},
    {"message %lld is delivered and no event says so",
     "SELECT id FROM message m WHERE state = 3"
     " AND NOT EXISTS (SELECT 1 FROM event e WHERE e.message = m.id AND e.kind IN (2, 12))"},
    {"message %lld is bounced and no event says so",
     "SELECT id FROM message m WHERE state = 4"
     " AND NOT EXISTS (SELECT 1 FROM event e WHERE e.message = m.id AND e.kind IN (4, 12))"},
    {"message %lld is failed and no event says so",
     "SELECT id FROM message m WHERE state = 5"
     " AND NOT EXISTS (SELECT 1 FROM event e WHERE e.message = m.id AND e.kind IN (5, 12))"},
    {"message %lld is uncertain and no event says so",
     "SELECT id FROM message m WHERE state = 6"
     " AND NOT EXISTS (SELECT 1 FROM event e WHERE e.message = m.id AND e.kind = 6)"},
    {"message %lld is suppressed and no rule says why",
     "SELECT id FROM message WHERE state = 7 AND rule = 0"},
    {"message %lld is planned and neither in an open block nor in somebody's hand",
     "SELECT m.id FROM block b CROSS JOIN message m ON m.id BETWEEN b.id AND b.last_id"
     " WHERE NOT b.is_open AND +m.state = 0 AND NOT fl_is_leased(m.id)"},
    {"message %lld waits in an occurrence that is finished",
     "SELECT m.id FROM occurrence o CROSS JOIN block b ON b.occurrence = o.id"
     " CROSS JOIN message m ON m.id BETWEEN b.id AND b.last_id"
     " WHERE o.state = 1 AND +m.state IN (0, 1, 6, 9) AND +m.occurrence = o.id"},
    {"consent line %lld is the newest and does not hold",
     "SELECT k.id FROM consent k WHERE k.id = (SELECT id FROM consent i WHERE i.customer ="
     " k.customer AND i.purpose = k.purpose AND i.medium = k.medium"
     " ORDER BY i.at_us DESC, i.id DESC LIMIT 1)"
     " AND NOT EXISTS (SELECT 1 FROM consent_now n WHERE n.customer = k.customer"
     " AND n.purpose = k.purpose AND n.medium = k.medium AND n.consent = k.id"
     " AND n.state = k.state)"},
    {"a consent of customer %lld holds without a line in the ledger",
     "SELECT n.customer FROM consent_now n LEFT JOIN consent k ON k.id = n.consent"
     " WHERE k.id IS NULL OR k.customer <> n.customer OR k.purpose <> n.purpose"
     " OR k.medium <> n.medium OR k.state <> n.state"},
    {"lease %lld is not made of whole ids", "SELECT id FROM lease WHERE length(ids) % 8 <> 0"},
    {"message %lld belongs to no customer",
     "SELECT id FROM message WHERE customer NOT IN (SELECT id FROM customer)"},
    {"message %lld belongs to no occurrence",
     "SELECT id FROM message WHERE occurrence NOT IN (SELECT id FROM occurrence)"},
    {"message %lld has an address of somebody else",
     "SELECT m.id FROM message m LEFT JOIN address a ON a.id = m.address"
     " WHERE m.address <> 0 AND (a.customer IS NULL OR a.customer <> m.customer)"},
    {"an answer to message %lld is of somebody else",
     "SELECT a.message FROM answer a LEFT JOIN message m ON m.id = a.message"
     " WHERE a.message <> a.feedback AND (m.id IS NULL OR m.customer <> a.customer)"},
    /* An answer that was given elsewhere stands under its own feedback, not under a message. */
    {"the answer in feedback %lld is of somebody else",
     "SELECT a.feedback FROM answer a LEFT JOIN feedback f ON f.id = a.feedback"
     " WHERE a.message = a.feedback AND f.customer IS NOT a.customer"},
    {"an answer to message %lld came with a piece of feedback about another",
     "SELECT a.message FROM answer a JOIN feedback f ON f.id = a.feedback"
     " WHERE f.message <> a.message AND f.matched_by <> 6"},
    {"a short link leads to message %lld, which is not there",
     "SELECT message FROM short_link WHERE message NOT IN (SELECT id FROM message)"},
    {"the transactions of customer %lld are not among his purchase days",
     "SELECT DISTINCT customer FROM trade_line WHERE customer NOT IN (SELECT customer FROM trade)"},
    {"transaction %lld cannot be found by its name",
     "SELECT l.id FROM trade_line l LEFT JOIN trade_key k ON k.external_id = l.external_id"
     " WHERE k.id IS NOT l.id OR k.customer <> l.customer OR k.date <> l.date"},
    {"transaction %lld has a name and no line",
     "SELECT k.id FROM trade_key k WHERE NOT EXISTS (SELECT 1 FROM trade_line l"
     " WHERE l.customer = k.customer AND l.date = k.date AND l.id = k.id)"
     " AND NOT EXISTS (SELECT 1 FROM trade_new n WHERE n.id = k.id)"},
    {"transaction %lld is in no known currency",
     "SELECT id FROM trade_line WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'currency')"
     " LIMIT 1"},
    {"subscription %lld ends before it starts", "SELECT id FROM subscription WHERE end < start"},
    {"customer %lld has brought himself",
     "SELECT referred FROM referral WHERE referred = referrer"},
    {"complaint %lld is settled before it was made",
     "SELECT id FROM complaint WHERE settled_us < opened_us"},
    {"run %lld is the current one and was not done, or has no scores",
     "SELECT n.run FROM value_now n LEFT JOIN value_run r ON r.id = n.run"
     " WHERE r.state IS NOT 1 OR NOT r.has_scores"},
    {"run %lld failed or was thinned out and has scores",
     "SELECT id FROM value_run WHERE NOT has_scores AND id IN (SELECT run FROM score)"},
    /* A run that is working may still hold one who has just objected: its end takes him out. */
    {"customer %lld must not be profiled and has a score",
     "SELECT c.id FROM customer c WHERE c.state <> 0 AND EXISTS (SELECT 1 FROM value_run r"
     " CROSS JOIN score s ON s.run = r.id AND s.customer = c.id WHERE r.state <> 0)"
     " UNION SELECT c.id FROM rescore s CROSS JOIN customer c ON c.id = s.customer"
     " WHERE c.state <> 0"},
    {"zone change %lld goes nowhere", "SELECT id FROM zone_change WHERE zone_from = zone_to"},
};

struct reporter {
    fl_store_report_fn *fn;
    void *ctx;
    int64_t n;
};

static void report(struct reporter *r, const char *text)
{
    r->n++;
    r->fn(r->ctx, text);
}

static enum fl_status check_one(struct fl_sqlite *db, const struct invariant *invariant,
                                struct reporter *r, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    char text[TEXT_MAX];
    int n = 0;
    enum fl_status st = fl_query_open_once(db, &query, invariant->sql, Q_NONE, err);

    while (!st) {
        const char *mark = strstr(invariant->sentence, "%lld");

        st = fl_query_next(&query, err);
        if (st)
            break;
        if (n++ == VIOLATIONS_MAX) {
            report(r, "and more of the same kind");
            return FL_OK;
        }
        snprintf(text, sizeof text, "%.*s%lld%s", (int)(mark - invariant->sentence),
                 invariant->sentence, (long long)fl_query_int(&query, 0), mark + 4);
        report(r, text);
    }
    return fl_query_end(st);
}

/* Rows of a pragma that names what is wrong; "ok" is its word for nothing. */
static enum fl_status check_database(struct fl_sqlite *db, struct reporter *r, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open_once(db, &query, "PRAGMA integrity_check(100)", Q_NONE, err);

    while (!st) {
        st = fl_query_next(&query, err);
        if (!st && strcmp(fl_text_or(fl_query_peek(&query, 0), ""), "ok") != 0)
            report(r, fl_text_or(fl_query_peek(&query, 0), "the database is damaged"));
    }
    return fl_query_end(st);
}

static enum fl_status check_parents(struct fl_sqlite *db, struct reporter *r, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    char text[TEXT_MAX];
    int n = 0;
    enum fl_status st = fl_query_open_once(db, &query, "PRAGMA foreign_key_check", Q_NONE, err);

    while (!st && n++ < VIOLATIONS_MAX) {
        st = fl_query_next(&query, err);
        if (st)
            break;
        snprintf(text, sizeof text,
                 "row %lld of \"%s\" refers to a row of \"%s\" that is not there",
                 (long long)fl_query_int(&query, 1), fl_text_or(fl_query_peek(&query, 0), "?"),
                 fl_text_or(fl_query_peek(&query, 2), "?"));
        report(r, text);
    }
    return fl_query_end(st);
}

/* An answered message may stay in its lease until the whole batch is finished; one that does not
 * exist may not. */
static enum fl_status check_leases(struct fl_sqlite *db, struct reporter *r, struct fl_error *err)
{
    char text[TEXT_MAX];

    for (size_t i = 0; i < db->hands.n_leases; i++) {
        const struct fl_lease *lease = &db->hands.leases[i];

        for (size_t k = 0; k < lease->n_ids; k++) {
            int64_t state = -1;
            enum fl_status st = fl_query_number(db, "SELECT state FROM message WHERE id = ?1",
                                                Q_VALUES(Q_INT(lease->ids[k])), &state, err);

            if (fl_query_end(st))
                return st;
            if (state >= 0)
                continue;
            snprintf(text, sizeof text, "lease %lld holds message %lld, which is not there",
                     (long long)lease->id, (long long)lease->ids[k]);
            report(r, text);
        }
    }
    return FL_OK;
}

/* What is kept of a customer's transactions against what they say. */
static enum fl_status check_days(struct fl_sqlite *db, struct reporter *r, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    struct fl_days kept = {0}, made = {0};
    char text[TEXT_MAX];
    int n = 0;
    enum fl_status st = fl_query_open(db, &query, "SELECT customer, days FROM trade", Q_NONE, err);

    while (!st && n < VIOLATIONS_MAX) {
        int64_t customer;

        st = fl_query_next(&query, err);
        if (st)
            break;
        customer = fl_query_int(&query, 0);
        st = fl_sqlite_days_make(db, customer, &made, err);
        if (st)
            break;
        if (!fl_sqlite_days_take(&query, customer, 1, &kept, NULL) && fl_days_equal(&kept, &made))
            continue;
        n++;
        snprintf(text, sizeof text,
                 "the purchase days of customer %lld are not those of his transactions",
                 (long long)customer);
        report(r, text);
    }
    fl_days_finish(&kept);
    fl_days_finish(&made);
    return fl_query_end(st);
}

enum fl_status fl_sqlite_check(struct fl_store *store, fl_store_report_fn *fn, void *ctx,
                               struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    struct reporter r = {.fn = fn, .ctx = ctx};
    enum fl_status st = fl_sqlite_look(db, err);

    if (!st)
        st = check_database(db, &r, err);
    if (!st)
        st = check_parents(db, &r, err);
    if (!st)
        st = check_leases(db, &r, err);
    if (!st)
        st = check_days(db, &r, err);
    for (size_t i = 0; !st && i < sizeof invariants / sizeof invariants[0]; i++)
        st = check_one(db, &invariants[i], &r, err);
    if (st)
        return st;
    if (r.n)
        return fl_error_set(err, FL_CONFLICT, "the store violates %lld invariant%s", (long long)r.n,
                            r.n == 1 ? "" : "s");
    return FL_OK;
}
