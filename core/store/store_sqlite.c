/*
 * The SQLite driver: opening, transactions, the table of its functions.
 *
 * SETTINGS  WAL, so that readers and the backup never wait for the writer.  synchronous=FULL: a
 *           commit is on the disk when it returns.  foreign_keys off: each insert of a child would
 *           look its parent up again, nothing here deletes a parent, and fl_store_check() runs
 *           foreign_key_check.  The page cache is bounded and no file is mapped: mapped pages count
 *           as resident, and core has a budget.
 */
#include "store_sqlite_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { BUSY_SLEEP_NS = 500000, FILE_MODE = 0600 };

/* The WAL is checkpointed every 16 MiB and given back above 64 MiB. */
static const char settings_common[] = "PRAGMA mmap_size = 0;"
                                      "PRAGMA foreign_keys = OFF;"
                                      "PRAGMA trusted_schema = OFF;"
                                      "PRAGMA temp_store = FILE;";
static const char settings_writer[] = "PRAGMA journal_mode = WAL;"
                                      "PRAGMA synchronous = FULL;"
                                      "PRAGMA wal_autocheckpoint = 4096;"
                                      "PRAGMA journal_size_limit = 67108864;";
static const char settings_reader[] = "PRAGMA query_only = ON;";

/* The stock handler sleeps up to 100 ms, which stalls a writer for that long. */
static int on_busy(void *ctx, int n_calls)
{
    struct fl_sqlite *db = ctx;
    struct timespec span = {.tv_nsec = BUSY_SLEEP_NS};
    int64_t now_us = fl_clock_monotonic_us();

    if (n_calls == 0)
        db->busy_since_us = now_us;
    if (now_us - db->busy_since_us >= db->busy_timeout_us)
        return 0;
    nanosleep(&span, NULL);
    return 1;
}

static enum fl_status set_cache(struct fl_sqlite *db, int64_t bytes, struct fl_error *err)
{
    char sql[64];

    /* A negative size counts KiB, a positive one pages. */
    snprintf(sql, sizeof sql, "PRAGMA cache_size = %lld",
             (long long)-((bytes ? bytes : FL_STORE_CACHE_DEFAULT) >> 10));
    return fl_sqlite_script(db, sql, err);
}

/* SQLite would create the file with the umask's rights: it holds personal data. */
static enum fl_status make_file(const char *path, const struct fl_store_options *options,
                                struct fl_error *err)
{
    struct stat info;
    FL_AUTO_FD int fd = -1;

    if (stat(path, &info) == 0) {
        if (S_ISREG(info.st_mode))
            return FL_OK;
        return fl_error_set(err, FL_INVALID, "\"%s\" is not a file", path);
    }
    if (errno != ENOENT)
        return fl_error_set_errno(err, errno, "cannot open \"%s\"", path);
    if (!options->create_if_missing || options->is_read_only)
        return fl_error_set(err, FL_NOT_FOUND, "there is no database \"%s\"", path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0 && errno != EEXIST)
        return fl_error_set_errno(err, errno, "cannot create \"%s\"", path);
    return FL_OK;
}

static enum fl_status connect_file(struct fl_sqlite *db, struct fl_error *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (db->store->is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int rc;

    /* Counting bytes costs 5 %; refused, without harm, where SQLite is in use already. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    rc = sqlite3_open_v2(db->path, &db->handle, flags, NULL);
    if (!db->handle)
        return fl_error_set(err, FL_IO, "no memory for the store");
    if (rc != SQLITE_OK)
        return fl_sqlite_fail(db, rc, err);
    sqlite3_busy_handler(db->handle, on_busy, db);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return FL_OK;
}

static enum fl_status init_ids(struct fl_sqlite *db, struct fl_error *err)
{
    struct fl_store *store = db->store;
    int64_t highest = 0;
    enum fl_status st = fl_sqlite_highest_id(db, &highest, err);

    if (!st && highest / FL_ID_STRIDE > store->ids.last_tick)
        fl_ids_init(&store->ids, store->clock, store->ids.node, highest);
    return st;
}

static enum fl_status sqlite_open(struct fl_store *store, const char *path,
                                  const struct fl_store_options *options, struct fl_error *err)
{
    struct fl_sqlite *db = calloc(1, sizeof *db);
    enum fl_status st;

    if (!db)
        return fl_error_set(err, FL_IO, "no memory for the store");
    store->data = db;
    db->store = store;
    db->busy_timeout_us = options->busy_timeout_us;
    db->path = strdup(path);
    if (!db->path)
        return fl_error_set(err, FL_IO, "no memory for the store");
    /* To SQLite a leading colon is a name of its own, such as ":memory:". */
    if (!*path || *path == ':')
        return fl_error_set(err, FL_INVALID, "\"%s\" cannot be the file name of a database", path);
    st = make_file(path, options, err);
    if (!st)
        st = connect_file(db, err);
    if (!st)
        st = set_cache(db, options->cache_bytes, err);
    if (!st)
        st = fl_sqlite_script(db, settings_common, err);
    if (!st)
        st = fl_sqlite_migrate(db, !store->is_read_only, err);
    if (!st)
        st = fl_sqlite_script(db, store->is_read_only ? settings_reader : settings_writer, err);
    if (!st)
        st = fl_sqlite_register_plan_functions(db, err);
    if (!st)
        st = fl_sqlite_register_message_functions(db, err);
    if (!st)
        st = fl_sqlite_register_worth_functions(db, err);
    if (!st)
        st = init_ids(db, err);
    return st;
}

static void sqlite_close(struct fl_store *store)
{
    struct fl_sqlite *db = fl_sqlite_of(store);

    if (!db)
        return;
    fl_sqlite_forget_statements(db);
    fl_hands_finish(&db->hands);
    fl_map_finish(&db->bulk.known);
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
    store->data = NULL;
}

static int sqlite_schema_version(struct fl_store *store)
{
    int64_t version = 0;

    if (fl_query_number(fl_sqlite_of(store), "PRAGMA user_version", Q_NONE, &version, NULL))
        return 0;
    return (int)version;
}

/* ---- transactions -----------------------------------------------------------------------------*/

enum fl_status fl_sqlite_look(struct fl_sqlite *db, struct fl_error *err)
{
    int64_t version = 0;
    enum fl_status st = fl_query_number(db, "PRAGMA data_version", Q_NONE, &version, err);

    if (st)
        return st;
    if (version != db->data_version) {
        fl_hands_forget(&db->hands);
        st = init_ids(db, err);
        if (st)
            return st;
        db->data_version = version;
    }
    return db->hands.is_loaded ? FL_OK : fl_hands_load(db, err);
}

static enum fl_status sqlite_begin(struct fl_store *store, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    enum fl_status st = fl_query_exec(db, "BEGIN IMMEDIATE", Q_NONE, err);

    if (st)
        return st;
    st = fl_sqlite_look(db, err);
    if (st)
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

static enum fl_status sqlite_commit(struct fl_store *store, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    enum fl_status st = fl_hands_close_blocks(db, err);

    /* A full disk may have rolled everything back already; COMMIT would then say "none is open". */
    return st ? st : fl_query_exec(db, "COMMIT", Q_NONE, err);
}

static void sqlite_rollback(struct fl_store *store)
{
    struct fl_sqlite *db = fl_sqlite_of(store);

    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    fl_hands_forget(&db->hands);
    fl_sqlite_bulk_rolled_back(db);
}

/* ---- small values of our own ------------------------------------------------------------------*/

static enum fl_status sqlite_meta_get(struct fl_store *store, struct fl_arena *arena,
                                      const char *key, const char **out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(fl_sqlite_of(store), &query, "SELECT value FROM meta WHERE key = ?1",
                      Q_VALUES(Q_TEXT(key)), err);
    const char *value;

    if (!st)
        st = fl_query_next(&query, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, FL_NOT_FOUND, "no value \"%s\" is stored", key);
    if (st)
        return st;
    value = fl_query_text(&query, 0, arena);
    st = fl_query_memory(&query, err);
    if (!st)
        *out = value;
    return st;
}

static enum fl_status sqlite_meta_set(struct fl_store *store, const char *key, const char *value,
                                      struct fl_error *err)
{
    return fl_query_exec(fl_sqlite_of(store),
                         "INSERT INTO meta (key, value) VALUES (?1, ?2)"
                         " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                         Q_VALUES(Q_TEXT(key), Q_TEXT(value)), err);
}

const struct fl_store_driver fl_store_driver_sqlite = {
    .name = "sqlite",
    .remembers = true,
    .open = sqlite_open,
    .close = sqlite_close,
    .schema_version = sqlite_schema_version,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .backup = fl_sqlite_backup,
    .check = fl_sqlite_check,
    .meta_get = sqlite_meta_get,
    .meta_set = sqlite_meta_set,
    .customer_put = fl_sqlite_customer_put,
    .customer_get = fl_sqlite_customer_get,
    .customer_find = fl_sqlite_customer_find,
    .customers_by_address = fl_sqlite_customers_by_address,
    .customer_each = fl_sqlite_customer_each,
    .consent_append = fl_sqlite_consent_append,
    .consent_history = fl_sqlite_consent_history,
    .address_set_status = fl_sqlite_address_set_status,
    .content_put = fl_sqlite_content_put,
    .content_get = fl_sqlite_content_get,
    .content_newest = fl_sqlite_content_newest,
    .content_each = fl_sqlite_content_each,
    .channel_find = fl_sqlite_channel_find,
    .channel_add = fl_sqlite_channel_add,
    .channel_name = fl_sqlite_channel_name,
    .campaign_put = fl_sqlite_campaign_put,
    .campaign_set_state = fl_sqlite_campaign_set_state,
    .campaign_get = fl_sqlite_campaign_get,
    .campaign_find = fl_sqlite_campaign_find,
    .campaign_each = fl_sqlite_campaign_each,
    .occurrence_put = fl_sqlite_occurrence_put,
    .occurrence_get = fl_sqlite_occurrence_get,
    .occurrence_each = fl_sqlite_occurrence_each,
    .occurrence_finish = fl_sqlite_occurrence_finish,
    .plan = fl_sqlite_plan,
    .message_put = fl_sqlite_message_put,
    .claim = fl_sqlite_claim,
    .next_due = fl_sqlite_next_due,
    .lease_put = fl_sqlite_lease_put,
    .lease_drop = fl_sqlite_lease_drop,
    .lease_all = fl_sqlite_lease_all,
    .message_settle = fl_sqlite_message_settle,
    .message_get = fl_sqlite_message_get,
    .message_of = fl_sqlite_message_of,
    .message_each = fl_sqlite_message_each,
    .message_sweep = fl_sqlite_message_sweep,
    .message_counts = fl_sqlite_message_counts,
    .event_put = fl_sqlite_event_put,
    .event_each = fl_sqlite_event_each,
    .event_by_provider = fl_sqlite_event_by_provider,
    .evidence_put = fl_sqlite_evidence_put,
    .evidence_get = fl_sqlite_evidence_get,
    .feedback_put = fl_sqlite_feedback_put,
    .feedback_get = fl_sqlite_feedback_get,
    .feedback_assign = fl_sqlite_feedback_assign,
    .feedback_each = fl_sqlite_feedback_each,
    .feedback_counts = fl_sqlite_feedback_counts,
    .attachment_put = fl_sqlite_attachment_put,
    .attachments = fl_sqlite_attachments,
    .answer_put = fl_sqlite_answer_put,
    .answer_each = fl_sqlite_answer_each,
    .answer_tally = fl_sqlite_answer_tally,
    .cost_tally = fl_sqlite_cost_tally,
    .short_link_put = fl_sqlite_short_link_put,
    .short_link_get = fl_sqlite_short_link_get,
    .short_link_of = fl_sqlite_short_link_of,
    .memory_set = fl_sqlite_memory_set,
    .memory_get = fl_sqlite_memory_get,
    .transaction_put = fl_sqlite_transaction_put,
    .transactions_begin = fl_sqlite_transactions_begin,
    .transactions_end = fl_sqlite_transactions_end,
    .transaction_each = fl_sqlite_transaction_each,
    .currency = fl_sqlite_currency,
    .trade_each = fl_sqlite_trade_each,
    .customer_cuts = fl_sqlite_customer_cuts,
    .subscription_put = fl_sqlite_subscription_put,
    .subscription_each = fl_sqlite_subscription_each,
    .referral_put = fl_sqlite_referral_put,
    .referral_each = fl_sqlite_referral_each,
    .complaint_put = fl_sqlite_complaint_put,
    .complaint_each = fl_sqlite_complaint_each,
    .sign_each = fl_sqlite_sign_each,
    .run_begin = fl_sqlite_run_begin,
    .scores_put = fl_sqlite_scores_put,
    .run_finish = fl_sqlite_run_finish,
    .run_fail = fl_sqlite_run_fail,
    .run_get = fl_sqlite_run_get,
    .run_at = fl_sqlite_run_at,
    .run_each = fl_sqlite_run_each,
    .run_thin = fl_sqlite_run_thin,
    .score_get = fl_sqlite_score_get,
    .score_each = fl_sqlite_score_each,
    .rescore_put = fl_sqlite_rescore_put,
    .stale_add = fl_sqlite_stale_add,
    .stale_list = fl_sqlite_stale_list,
    .stale_drop = fl_sqlite_stale_drop,
    .zone_change_each = fl_sqlite_zone_change_each,
    .zone_matrix = fl_sqlite_zone_matrix,
    .effect_each = fl_sqlite_effect_each,
};
