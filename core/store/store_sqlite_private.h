/*
 * Internals of the SQLite driver.
 *
 * A query is a prepared statement in use.  It is kept by the address of its text, so the text must
 * be a constant; one that is in use already (a callback asks the same again) or that was put
 * together at run time is prepared for this one use.
 */
#ifndef FL_STORE_STORE_SQLITE_PRIVATE_H
#define FL_STORE_STORE_SQLITE_PRIVATE_H

#include <sqlite3.h>

#include "store_days.h"
#include "store_map.h"
#include "store_private.h"

/* What the driver keeps in mind about work in hand; rebuilt from the database when it cannot be
 * trusted: after a rollback, and when another process has written. */
struct fl_hands {
    bool is_loaded;
    struct fl_lease *leases; /* ids are owned */
    size_t n_leases;
    size_t cap_leases;
    struct fl_map leased;  /* message -> FL_HAND_* */
    struct fl_map cursors; /* block -> first id that may be free, see fl_cursor_* */
    int64_t *to_close;     /* blocks whose end was seen, closed at the next commit */
    size_t n_to_close;
    size_t cap_to_close;
};

enum { FL_HAND_LEASED = 1, FL_HAND_BEGUN = 2, FL_HAND_SETTLED = 4 };

/* A planned message that has a better address than the one it was written with. */
struct fl_plan_better {
    int64_t message;
    int64_t address;
    int rule;
};

/* Planning as it goes, see store_sqlite_plan.c; the last four are of the customer at hand. */
struct fl_plan_tally {
    int64_t next_id;
    int64_t n_suppressed[FL_RULES]; /* [0]: to be sent */
    struct fl_plan_better *better;
    size_t n_better;
    size_t cap_better;
    int64_t hold_out_key;
    int hold_out_permille;
    int64_t customer;
    int64_t id;
    int64_t rank;
    int rule;
};

struct fl_message_tally {
    int64_t now_us;
    int64_t counts[FL_MESSAGE_STATES];
};

/* Many transactions at once, see store_sqlite_bulk.c. */
struct fl_bulk {
    bool is_on;
    struct fl_map known; /* customers that were seen to be there */
    int n_stale;         /* marked one by one since it began */
};

struct fl_sqlite {
    sqlite3 *handle;
    struct fl_store *store;
    char *path;
    int64_t busy_timeout_us;
    int64_t busy_since_us;
    int64_t data_version;
    struct fl_map statements; /* text -> sqlite3_stmt */
    struct fl_hands hands;
    struct fl_plan_tally tally;
    struct fl_message_tally message_tally;
    struct fl_bulk bulk;
    char currency[4]; /* "" not read, or none yet */
};

static inline struct fl_sqlite *fl_sqlite_of(struct fl_store *store)
{
    return store->data;
}

/* ---- queries ----------------------------------------------------------------------------------*/

enum fl_value_type { FL_VALUE_INT, FL_VALUE_REAL, FL_VALUE_TEXT, FL_VALUE_BLOB };

struct fl_value {
    enum fl_value_type type;
    int64_t number;
    double real;
    const void *data; /* must live until the query is closed */
    size_t len;
};

#define Q_INT(x)                                                                                   \
    {                                                                                              \
        .type = FL_VALUE_INT, .number = (int64_t)(x)                                               \
    }
#define Q_REAL(x)                                                                                  \
    {                                                                                              \
        .type = FL_VALUE_REAL, .real = (x)                                                         \
    }
#define Q_TEXT(s)                                                                                  \
    {                                                                                              \
        .type = FL_VALUE_TEXT, .data = (s)                                                         \
    } /* NULL is NULL */
#define Q_BLOB(p, n)                                                                               \
    {                                                                                              \
        .type = FL_VALUE_BLOB, .data = (p), .len = (n)                                             \
    }

struct fl_query {
    struct fl_sqlite *db;
    sqlite3_stmt *stmt;
    bool is_kept;
    bool has_no_memory;
};

void fl_query_close(struct fl_query *query);
#define FL_AUTO_QUERY __attribute__((cleanup(fl_query_close)))

#define Q_VALUES(...)                                                                              \
    (const struct fl_value[]){__VA_ARGS__},                                                        \
        sizeof((const struct fl_value[]){__VA_ARGS__}) / sizeof(struct fl_value)
#define Q_NONE NULL, 0

FL_CHECK_RESULT enum fl_status fl_query_open(struct fl_sqlite *db, struct fl_query *query,
                                             const char *sql, const struct fl_value *values,
                                             size_t n_values, struct fl_error *err);
/* For text put together at run time. */
FL_CHECK_RESULT enum fl_status fl_query_open_once(struct fl_sqlite *db, struct fl_query *query,
                                                  const char *sql, const struct fl_value *values,
                                                  size_t n_values, struct fl_error *err);
/* FL_OK: a row; FL_NOT_FOUND: no more, and `err` is untouched. */
FL_CHECK_RESULT enum fl_status fl_query_next(struct fl_query *query, struct fl_error *err);
/* Runs to the end without rows. */
FL_CHECK_RESULT enum fl_status fl_query_exec(struct fl_sqlite *db, const char *sql,
                                             const struct fl_value *values, size_t n_values,
                                             struct fl_error *err);
/* One number of one row; FL_NOT_FOUND without a row, and `err` is untouched. */
FL_CHECK_RESULT enum fl_status fl_query_number(struct fl_sqlite *db, const char *sql,
                                               const struct fl_value *values, size_t n_values,
                                               int64_t *out, struct fl_error *err);
/* What ended a loop over fl_query_next(), as a result. */
static inline enum fl_status fl_query_end(enum fl_status st)
{
    return st == FL_NOT_FOUND ? FL_OK : st;
}

static inline int64_t fl_query_int(const struct fl_query *query, int column)
{
    return sqlite3_column_int64(query->stmt, column);
}

static inline const char *fl_query_peek(const struct fl_query *query, int column)
{
    return (const char *)sqlite3_column_text(query->stmt, column);
}

/* Copies; a missing arena or value gives NULL.  Asked once per row with fl_query_memory(). */
const char *fl_query_text(struct fl_query *query, int column, struct fl_arena *arena);
FL_CHECK_RESULT enum fl_status fl_query_memory(const struct fl_query *query, struct fl_error *err);

enum fl_status fl_sqlite_fail(struct fl_sqlite *db, int rc, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_sqlite_script(struct fl_sqlite *db, const char *sql,
                                                struct fl_error *err);
enum fl_status fl_sqlite_no_memory(struct fl_error *err);
void fl_sqlite_forget_statements(struct fl_sqlite *db);

static inline const char *fl_text_or(const char *s, const char *fallback)
{
    return s ? s : fallback;
}

/* ---- life -------------------------------------------------------------------------------------*/

struct fl_migration {
    int version;
    const char *sql;
};
extern const struct fl_migration fl_store_migrations[]; /* generated; ends with version 0 */

FL_CHECK_RESULT enum fl_status fl_sqlite_migrate(struct fl_sqlite *db, bool may_write,
                                                 struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_sqlite_highest_id(struct fl_sqlite *db, int64_t *out,
                                                    struct fl_error *err);
/* Another process has written since we looked: what is kept in mind is stale. */
FL_CHECK_RESULT enum fl_status fl_sqlite_look(struct fl_sqlite *db, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_sqlite_register_plan_functions(struct fl_sqlite *db,
                                                                 struct fl_error *err);

FL_CHECK_RESULT enum fl_status fl_sqlite_register_message_functions(struct fl_sqlite *db,
                                                                    struct fl_error *err);
/* Appends to the ledger where it changes what holds now; `is_first`: nothing holds yet. */
FL_CHECK_RESULT enum fl_status fl_sqlite_consent_change(struct fl_sqlite *db,
                                                        const struct fl_consent *consent,
                                                        bool is_first, bool *out_has_changed,
                                                        struct fl_error *err);

/* ---- work in hand -----------------------------------------------------------------------------*/

FL_CHECK_RESULT enum fl_status fl_hands_load(struct fl_sqlite *db, struct fl_error *err);
void fl_hands_forget(struct fl_hands *hands);
void fl_hands_finish(struct fl_hands *hands);
/* A block's end was seen; it is closed with the next commit unless something comes back. */
FL_CHECK_RESULT enum fl_status fl_hands_note_end(struct fl_hands *hands, int64_t block,
                                                 struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_hands_close_blocks(struct fl_sqlite *db, struct fl_error *err);
/* A message is free again: its block is open and looked through from it on. */
FL_CHECK_RESULT enum fl_status fl_hands_reopen(struct fl_sqlite *db, int64_t message,
                                               struct fl_error *err);

/* A cursor and "its end was seen" in one number. */
static inline int64_t fl_cursor_make(int64_t id, bool is_at_end)
{
    return id << 1 | (is_at_end ? 1 : 0);
}
static inline int64_t fl_cursor_id(int64_t cursor)
{
    return cursor >> 1;
}
static inline bool fl_cursor_is_at_end(int64_t cursor)
{
    return cursor & 1;
}

/* ---- what it is worth -------------------------------------------------------------------------*/

/* FL_NOT_FOUND, FL_REJECTED (erased). */
FL_CHECK_RESULT enum fl_status fl_sqlite_need_customer(struct fl_sqlite *db, int64_t customer,
                                                       struct fl_error *err);
/* The first one becomes the store's; FL_REJECTED: another. */
FL_CHECK_RESULT enum fl_status fl_sqlite_take_currency(struct fl_sqlite *db, const char *currency,
                                                       const char *external_id,
                                                       struct fl_error *err);
/* From all the customer's lines. */
FL_CHECK_RESULT enum fl_status fl_sqlite_days_make(struct fl_sqlite *db, int64_t customer,
                                                   struct fl_days *days, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_sqlite_days_keep(struct fl_sqlite *db, int64_t customer,
                                                   const struct fl_days *days,
                                                   struct fl_error *err);
/* None: no days. */
FL_CHECK_RESULT enum fl_status fl_sqlite_days_get(struct fl_sqlite *db, int64_t customer,
                                                  struct fl_days *days, struct fl_error *err);
/* From a column of the row a query stands on; FL_IO: damaged. */
FL_CHECK_RESULT enum fl_status fl_sqlite_days_take(const struct fl_query *query, int64_t customer,
                                                   int column, struct fl_days *days,
                                                   struct fl_error *err);
/* Columns of a line as fl_sqlite_line_row() reads and fl_sqlite_line_put() writes them. */
#define FL_LINE_COLUMNS(of)                                                                        \
    of "id, " of "customer, " of "external_id, " of "kind, " of "at_us, " of "date, " of           \
       "amount_minor, " of "margin_minor, " of "saved_minor, " of "discount_minor, " of            \
       "gift_minor, " of "fee_minor, " of "shipping_minor, " of "points, " of "product"
struct fl_transaction fl_sqlite_line_row(const struct fl_query *query, const char *currency);
FL_CHECK_RESULT enum fl_status fl_sqlite_line_put(struct fl_sqlite *db,
                                                  const struct fl_transaction *line, int64_t id,
                                                  bool is_in_bulk, struct fl_error *err);
/* fl_sqlite_need_customer() once for each. */
FL_CHECK_RESULT enum fl_status fl_sqlite_bulk_need(struct fl_sqlite *db, int64_t customer,
                                                   struct fl_error *err);
/* Lines that were put aside go where they belong, with their days. */
FL_CHECK_RESULT enum fl_status fl_sqlite_bulk_take_in(struct fl_sqlite *db, struct fl_error *err);
void fl_sqlite_bulk_rolled_back(struct fl_sqlite *db);
/* Only where there was a run and the customer may be profiled; in a bulk only the first ones. */
FL_CHECK_RESULT enum fl_status fl_sqlite_mark_stale(struct fl_sqlite *db, int64_t customer,
                                                    struct fl_error *err);
/* Everything the valuation keeps about a customer who objected goes. */
FL_CHECK_RESULT enum fl_status fl_sqlite_forget_scores(struct fl_sqlite *db, int64_t customer,
                                                       struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_sqlite_register_worth_functions(struct fl_sqlite *db,
                                                                  struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_sqlite_current_run(struct fl_sqlite *db, int64_t *out,
                                                     struct fl_error *err);

/* Columns of a score as fl_sqlite_score_row() reads them, from a table or view `of`. */
#define FL_SCORE_VALUES(of)                                                                        \
    of "state, " of "zone, " of "segment, " of "keys, " of "is_high, " of "is_estimated, " of      \
       "p, " of "commitment, " of "ltv_minor, " of "ce_minor, " of "ev_minor, " of                 \
       "spv_minor, " of "cost_minor, " of "cv_minor, " of "ce, " of "cv, " of "distance, " of      \
       "certainty"
enum { FL_SCORE_N_VALUES = 18 };
/* The customer in column `at`, the time in the next one, then FL_SCORE_VALUES. */
struct fl_score fl_sqlite_score_row(const struct fl_query *query, int at);
/* "score_now", or the scores of one run with the columns of it; `run` binds as ?N. */
#define FL_SCORES_NOW "score_now"
#define FL_SCORES_OF(N)                                                                            \
    "(SELECT s.customer AS customer, r.as_of_us AS at_us, " FL_SCORE_VALUES(                       \
        "s.") " FROM value_run r CROSS JOIN score s ON s.run = r.id WHERE r.id = ?" N ")"

/* ---- the slots of the driver ------------------------------------------------------------------*/

#define SLOT(name, ...)                                                                            \
    FL_CHECK_RESULT enum fl_status fl_sqlite_##name(struct fl_store *store, __VA_ARGS__,           \
                                                    struct fl_error *err)

SLOT(backup, const char *path);
SLOT(check, fl_store_report_fn *report, void *ctx);
SLOT(customer_put, const struct fl_customer *customer, enum fl_put *out_put, int64_t *out_id);
SLOT(customer_get, struct fl_arena *arena, int64_t id, struct fl_customer *out);
SLOT(customer_find, const char *external_id, int64_t *out_id);
SLOT(customers_by_address, enum fl_medium medium, const char *value, int64_t *ids, size_t max,
     size_t *out_n);
SLOT(customer_each, int64_t after, int64_t limit, fl_store_customer_fn *fn, void *ctx);
SLOT(consent_append, const struct fl_consent *consent);
SLOT(consent_history, int64_t customer, fl_store_consent_fn *fn, void *ctx);
SLOT(address_set_status, int64_t address, enum fl_address_status status, int64_t evidence);
SLOT(content_put, const struct fl_content_version *content, enum fl_put *out_put, int64_t *out_id);
SLOT(content_get, struct fl_arena *arena, int64_t id, struct fl_content_version *out);
SLOT(content_newest, const char *name, int64_t *out_id);
SLOT(content_each, fl_store_content_fn *fn, void *ctx);
SLOT(channel_find, const char *name, int64_t *out_id, enum fl_medium *out_medium);
SLOT(channel_add, const char *name, enum fl_medium medium, int64_t *out_id);
SLOT(channel_name, struct fl_arena *arena, int64_t id, const char **out_name,
     enum fl_medium *out_medium);
SLOT(campaign_put, const struct fl_campaign_row *campaign, enum fl_put *out_put, int64_t *out_id);
SLOT(campaign_set_state, int64_t id, enum fl_campaign_state state, const char *reason);
SLOT(campaign_get, struct fl_arena *arena, int64_t id, struct fl_campaign_row *out);
SLOT(campaign_find, struct fl_arena *arena, const char *name, struct fl_campaign_row *out);
SLOT(campaign_each, fl_store_campaign_fn *fn, void *ctx);
SLOT(occurrence_put, const struct fl_occurrence *occurrence, enum fl_put *out_put, int64_t *out_id);
SLOT(occurrence_get, struct fl_arena *arena, int64_t id, struct fl_occurrence *out);
SLOT(occurrence_each, int64_t campaign, fl_store_occurrence_fn *fn, void *ctx);
SLOT(occurrence_finish, int64_t *out_finished);
SLOT(plan, const struct fl_store_plan *plan, struct fl_store_plan_result *out);
SLOT(message_put, struct fl_message *message);
SLOT(claim, struct fl_arena *arena, int64_t channel, int64_t now_us, size_t limit,
     struct fl_claim_row **out, size_t *out_n);
SLOT(next_due, int64_t channel, int64_t *out_us);
SLOT(lease_put, struct fl_lease *lease);
SLOT(lease_drop, int64_t lease);
SLOT(lease_all, struct fl_arena *arena, struct fl_lease **out, size_t *out_n);
SLOT(message_settle, const struct fl_settle *settle);
SLOT(message_get, int64_t id, struct fl_message *out);
SLOT(message_of, int64_t customer, int64_t campaign, fl_store_message_fn *fn, void *ctx);
SLOT(message_each, enum fl_message_state state, int64_t campaign, int64_t after, int64_t limit,
     fl_store_message_fn *fn, void *ctx);
SLOT(message_sweep, int64_t campaign, enum fl_message_state from, enum fl_message_state to,
     enum fl_rule rule, int64_t *out_n);
SLOT(message_counts, int64_t campaign, int64_t *out);
SLOT(event_put, const struct fl_event *event, int64_t *out_id);
SLOT(event_each, int64_t message, fl_store_event_fn *fn, void *ctx);
SLOT(event_by_provider, const char *provider_ref, int64_t *out_message);
SLOT(evidence_put, const char *hash, const void *data, size_t len);
SLOT(evidence_get, struct fl_arena *arena, const char *hash, void **out, size_t *out_len);
SLOT(feedback_put, const struct fl_feedback *feedback, int64_t *out_id);
SLOT(feedback_get, struct fl_arena *arena, int64_t id, struct fl_feedback *out);
SLOT(feedback_assign, int64_t id, int64_t customer, int64_t message);
SLOT(feedback_each, const struct fl_feedback_filter *filter, fl_store_feedback_fn *fn, void *ctx);
SLOT(feedback_counts, int64_t campaign, int64_t *out);
SLOT(attachment_put, int64_t feedback, const struct fl_attachment *attachment);
SLOT(attachments, struct fl_arena *arena, int64_t feedback, struct fl_attachment **out,
     size_t *out_n);
SLOT(answer_put, const struct fl_answer *answer);
SLOT(answer_each, int64_t message, int64_t customer, fl_store_answer_fn *fn, void *ctx);
SLOT(answer_tally, int64_t campaign, fl_store_answer_tally_fn *fn, void *ctx);
SLOT(cost_tally, int64_t campaign, fl_store_cost_tally_fn *fn, void *ctx);
SLOT(short_link_put, const char *code, int64_t message, int64_t expires_us);
SLOT(short_link_get, const char *code, int64_t now_us, int64_t *out_message);
SLOT(short_link_of, struct fl_arena *arena, int64_t message, const char **out_code);
SLOT(memory_set, const char *channel, const char *key, const void *data, size_t len);
SLOT(memory_get, struct fl_arena *arena, const char *channel, const char *key, void **out,
     size_t *out_len);
SLOT(transaction_put, const struct fl_transaction *transaction, enum fl_put *out_put,
     int64_t *out_id);
FL_CHECK_RESULT enum fl_status fl_sqlite_transactions_begin(struct fl_store *store,
                                                            struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_sqlite_transactions_end(struct fl_store *store,
                                                          struct fl_error *err);
SLOT(transaction_each, int64_t customer, int32_t from, int32_t to, fl_store_transaction_fn *fn,
     void *ctx);
SLOT(currency, char *out);
SLOT(trade_each, int64_t first, int64_t last, const char *segment_attribute, fl_store_trade_fn *fn,
     void *ctx);
SLOT(customer_cuts, size_t parts, int64_t *out);
SLOT(subscription_put, const struct fl_subscription *subscription, enum fl_put *out_put,
     int64_t *out_id);
SLOT(subscription_each, int64_t first, int64_t last, fl_store_subscription_fn *fn, void *ctx);
SLOT(referral_put, int64_t referrer, int64_t referred, int64_t at_us, enum fl_put *out_put);
SLOT(referral_each, int64_t referrer, fl_store_referral_fn *fn, void *ctx);
SLOT(complaint_put, const struct fl_complaint *complaint, enum fl_put *out_put, int64_t *out_id);
SLOT(complaint_each, int64_t first, int64_t last, fl_store_complaint_fn *fn, void *ctx);
SLOT(sign_each, int64_t first, int64_t last, int64_t from_us, int64_t until_us,
     fl_store_sign_fn *fn, void *ctx);
SLOT(run_begin, const struct fl_value_run *run, int64_t *out_id);
SLOT(scores_put, int64_t run, const struct fl_score *scores, size_t n);
SLOT(run_finish, const struct fl_value_run *run, int64_t *out_n_changes);
SLOT(run_fail, int64_t run, const char *report);
SLOT(run_get, struct fl_arena *arena, int64_t id, struct fl_value_run *out);
SLOT(run_at, int64_t at_us, int64_t *out_id);
SLOT(run_each, fl_store_run_fn *fn, void *ctx);
SLOT(run_thin, int64_t before_us, int64_t *out_n);
SLOT(score_get, int64_t run, int64_t customer, struct fl_score *out);
SLOT(score_each, const struct fl_score_filter *filter, fl_store_score_fn *fn, void *ctx);
SLOT(rescore_put, const struct fl_score *score);
SLOT(stale_add, int64_t customer);
SLOT(stale_list, int64_t *out, size_t max, size_t *out_n, int64_t *out_total);
SLOT(stale_drop, int64_t customer);
SLOT(zone_change_each, int64_t customer, int64_t after, int64_t limit, fl_store_zone_change_fn *fn,
     void *ctx);
SLOT(zone_matrix, int64_t run_from, int64_t run_to, int64_t (*out)[5]);
SLOT(effect_each, int64_t campaign, int64_t run_before, int64_t run_after, fl_store_effect_fn *fn,
     void *ctx);

#undef SLOT

#endif
