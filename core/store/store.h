/*
 * The store: everything Fairline remembers.
 *
 * FOR    core (the only writer while the daemon runs) and the command line when it is down.
 * OWNS   the database connection and prepared statements; results are copied into the
 *        caller's arena and live as long as that.
 * RULES  every write happens between begin and commit; commit is durable when it returns
 *        (fsync).  Writes of several callers may share one transaction (group commit).
 *        A failed write leaves the transaction usable only for rollback.
 *        One thread at a time.
 * DRIVERS "sqlite:PATH" (WAL, one file) and "null:" (accepts and forgets, for tests and
 *        benchmarks); PostgreSQL will be the third.  All pass tests/conform.
 * FAILS  FL_UNAVAILABLE (locked for longer than the timeout), FL_CONFLICT (unique key),
 *        FL_IO (disk), FL_INVALID (not our database, newer schema).
 *
 *     fl_store_open("sqlite:/var/lib/fairline/fairline.db", &options, &store, err);
 *     fl_store_begin(store, err);
 *     fl_store_customer_put(store, &customer, &put, err);
 *     fl_store_commit(store, err);
 */
#ifndef FL_STORE_STORE_H
#define FL_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/token.h"
#include "fairline/channel.h"

struct fl_store;

struct fl_store_options {
    struct fl_clock clock;
    const struct fl_log *log; /* may be NULL */
    int node;
    bool is_read_only;
    bool create_if_missing;
    int64_t busy_timeout_us;
    int64_t
        cache_bytes; /* of pages; 0: FL_STORE_CACHE_DEFAULT, which a daemon can afford for long */
};

/* An import touches a dozen indexes in no order; with a small cache it writes and reads pages all
 * the time (1,000,000 customers: 22 to 27 s with 16 MiB, 17 s with 64, no less with 256). */
#define FL_STORE_CACHE_DEFAULT (INT64_C(24) << 20)
#define FL_STORE_CACHE_IMPORT  (INT64_C(64) << 20)

/* Opens and migrates forward (refuses a schema newer than the program). */
FL_CHECK_RESULT enum fl_status fl_store_open(const char *uri,
                                             const struct fl_store_options *options,
                                             struct fl_store **out, struct fl_error *err);
void fl_store_close(struct fl_store **store);
const char *fl_store_driver(const struct fl_store *store); /* "sqlite", "null" */
bool fl_store_remembers(const struct fl_store *store);     /* can what was put be got? */
int fl_store_schema_version(struct fl_store *store);
int64_t fl_store_new_id(struct fl_store *store); /* from the store's id generator */

FL_CHECK_RESULT enum fl_status fl_store_begin(struct fl_store *store, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_commit(struct fl_store *store, struct fl_error *err);
void fl_store_rollback(struct fl_store *store); /* harmless outside a transaction */
bool fl_store_in_transaction(const struct fl_store *store);

/* A consistent copy while writers go on; the file appears whole or not at all. */
FL_CHECK_RESULT enum fl_status fl_store_backup(struct fl_store *store, const char *path,
                                               struct fl_error *err);
/* Checks the invariants of the design and the database itself; each violation is a line through
 * `report`.  FL_CONFLICT when there was one. */
typedef void fl_store_report_fn(void *ctx, const char *violation);
FL_CHECK_RESULT enum fl_status fl_store_check(struct fl_store *store, fl_store_report_fn *report,
                                              void *ctx, struct fl_error *err);

FL_CHECK_RESULT enum fl_status fl_store_meta_get(struct fl_store *store, struct fl_arena *arena,
                                                 const char *key, const char **out,
                                                 struct fl_error *err); /* FL_NOT_FOUND */
FL_CHECK_RESULT enum fl_status fl_store_meta_set(struct fl_store *store, const char *key,
                                                 const char *value, struct fl_error *err);

/* ---- of the customer -------------------------------------------------------------------------*/

enum fl_customer_state {
    FL_CUSTOMER_ACTIVE = 0,
    FL_CUSTOMER_OBJECTED = 1, /* objects to profiling */
    FL_CUSTOMER_ERASED = 2
};

enum fl_address_status {
    FL_ADDRESS_OK = 0,
    FL_ADDRESS_SUPPRESSED = 1, /* a hard address fault; `evidence` names the event */
    FL_ADDRESS_COMPLAINED = 2,
    FL_ADDRESS_REPLACED = 3 /* the customer has a newer one */
};

enum fl_consent_state { FL_CONSENT_NONE = 0, FL_CONSENT_GRANTED = 1, FL_CONSENT_WITHDRAWN = 2 };

struct fl_address {
    int64_t id;
    enum fl_medium medium;
    const char *value;
    enum fl_address_status status;
    int64_t status_us; /* get: since when */
};

struct fl_anchor {
    const char *name;
    int32_t date;
};

struct fl_consent {
    int64_t id;
    int64_t customer;
    const char *purpose;
    enum fl_medium medium;
    enum fl_consent_state state;
    const char *source;
    const char *proof;
    int64_t at_us;
};

struct fl_customer {
    int64_t id;
    const char *external_id;
    const char *name;
    const char *language;
    const char *time_zone;
    const char *attributes; /* JSON object */
    enum fl_customer_state state;
    const struct fl_address *addresses;
    size_t n_addresses;
    const struct fl_anchor *anchors;
    size_t n_anchors;
    const struct fl_consent *consents; /* put: to append; get: the current ones */
    size_t n_consents;
    int64_t created_us, updated_us;
};

enum fl_put { FL_PUT_UNCHANGED = 0, FL_PUT_INSERTED, FL_PUT_UPDATED };

/* Inserts or updates by external_id.  A member that is NULL stays as it was, and so does the state
 * where ACTIVE is given.  Addresses given replace the ones of the same medium: the old ones become
 * FL_ADDRESS_REPLACED and what is queued for them goes to the new one; an address at fault stays at
 * fault.  Anchors given are set.  A consent is appended only where it changes the current state and
 * is not older than it.  Ids are made here.  FL_REJECTED: the customer was erased; FL_INVALID: the
 * attributes are no JSON object. */
FL_CHECK_RESULT enum fl_status fl_store_customer_put(struct fl_store *store,
                                                     const struct fl_customer *customer,
                                                     enum fl_put *out_put, int64_t *out_id,
                                                     struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_customer_get(struct fl_store *store, struct fl_arena *arena,
                                                     int64_t id, struct fl_customer *out,
                                                     struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_customer_find(struct fl_store *store,
                                                      const char *external_id, int64_t *out_id,
                                                      struct fl_error *err);
/* Customers that have this address, most recently written to first; at most `max` ids. */
FL_CHECK_RESULT enum fl_status fl_store_customers_by_address(struct fl_store *store,
                                                             enum fl_medium medium,
                                                             const char *value, int64_t *ids,
                                                             size_t max, size_t *out_n,
                                                             struct fl_error *err);
/* In order of id, from `after` on; calls back until it returns false. */
typedef bool fl_store_customer_fn(void *ctx, const struct fl_customer *customer);
FL_CHECK_RESULT enum fl_status fl_store_customer_each(struct fl_store *store, int64_t after,
                                                      int64_t limit, fl_store_customer_fn *fn,
                                                      void *ctx, struct fl_error *err);

/* Withdrawing this purpose, on any medium, is an objection to profiling: the customer becomes
 * FL_CUSTOMER_OBJECTED and his scores are forgotten; granting it again on each takes it back. */
#define FL_PURPOSE_PROFILING "profiling"

/* Always appended; holds from now on unless a line with a later `at_us` (0: now) is there. */
FL_CHECK_RESULT enum fl_status fl_store_consent_append(struct fl_store *store,
                                                       const struct fl_consent *consent,
                                                       struct fl_error *err);
typedef bool fl_store_consent_fn(void *ctx, const struct fl_consent *consent);
FL_CHECK_RESULT enum fl_status fl_store_consent_history(struct fl_store *store, int64_t customer,
                                                        fl_store_consent_fn *fn, void *ctx,
                                                        struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_address_set_status(struct fl_store *store, int64_t address,
                                                           enum fl_address_status status,
                                                           int64_t evidence_event,
                                                           struct fl_error *err);

/* ---- for the customer ------------------------------------------------------------------------*/

struct fl_content_file {
    const char *path; /* "content.md", "content.ko.md", "email.html", ... */
    const char *body;
    size_t body_len;
};

struct fl_content_version {
    int64_t id;
    const char *name;
    int64_t version;
    const char *hash;
    const struct fl_content_file *files;
    size_t n_files;
    int64_t created_us;
};

/* Stores a new version unless the newest one has the same hash; `id` and `version` are results. */
FL_CHECK_RESULT enum fl_status fl_store_content_put(struct fl_store *store,
                                                    const struct fl_content_version *content,
                                                    enum fl_put *out_put, int64_t *out_id,
                                                    struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_content_get(struct fl_store *store, struct fl_arena *arena,
                                                    int64_t id, struct fl_content_version *out,
                                                    struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_content_newest(struct fl_store *store, const char *name,
                                                       int64_t *out_id, struct fl_error *err);
typedef bool fl_store_content_fn(void *ctx, const struct fl_content_version *content);
FL_CHECK_RESULT enum fl_status fl_store_content_each(struct fl_store *store,
                                                     fl_store_content_fn *fn, void *ctx,
                                                     struct fl_error *err); /* without files */

/* Id of a configured channel, made at first sight; FL_CONFLICT when it had another medium. */
FL_CHECK_RESULT enum fl_status fl_store_channel_id(struct fl_store *store, const char *name,
                                                   enum fl_medium medium, int64_t *out_id,
                                                   struct fl_error *err);
/* One that was seen before; FL_NOT_FOUND. */
FL_CHECK_RESULT enum fl_status fl_store_channel_find(struct fl_store *store, const char *name,
                                                     int64_t *out_id, enum fl_medium *out_medium,
                                                     struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_channel_name(struct fl_store *store, struct fl_arena *arena,
                                                     int64_t id, const char **out_name,
                                                     enum fl_medium *out_medium,
                                                     struct fl_error *err);

enum fl_campaign_state {
    FL_CAMPAIGN_DRAFT = 0, /* applied, not scheduled */
    FL_CAMPAIGN_SCHEDULED, /* its occurrences are planned when their time comes */
    FL_CAMPAIGN_PAUSED,
    FL_CAMPAIGN_CANCELLED,
    FL_CAMPAIGN_DONE
};

struct fl_campaign_row {
    int64_t id;
    const char *name;
    enum fl_campaign_state state;
    const char *definition;
    int64_t version;
    const char *purpose;
    const char *reason;
    int64_t created_us, updated_us;
};

FL_CHECK_RESULT enum fl_status fl_store_campaign_put(struct fl_store *store,
                                                     const struct fl_campaign_row *campaign,
                                                     enum fl_put *out_put, int64_t *out_id,
                                                     struct fl_error *err); /* by name */
FL_CHECK_RESULT enum fl_status fl_store_campaign_set_state(struct fl_store *store, int64_t id,
                                                           enum fl_campaign_state state,
                                                           const char *reason,
                                                           struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_campaign_get(struct fl_store *store, struct fl_arena *arena,
                                                     int64_t id, struct fl_campaign_row *out,
                                                     struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_campaign_find(struct fl_store *store,
                                                      struct fl_arena *arena, const char *name,
                                                      struct fl_campaign_row *out,
                                                      struct fl_error *err);
typedef bool fl_store_campaign_fn(void *ctx, const struct fl_campaign_row *campaign);
FL_CHECK_RESULT enum fl_status fl_store_campaign_each(struct fl_store *store,
                                                      fl_store_campaign_fn *fn, void *ctx,
                                                      struct fl_error *err);

enum fl_occurrence_state { FL_OCCURRENCE_PLANNED = 0, FL_OCCURRENCE_FINISHED };

struct fl_occurrence {
    int64_t id;
    int64_t campaign;
    const char *stage;
    const char *cycle;
    int64_t content;
    int64_t channel;
    enum fl_occurrence_state state;
    int64_t scheduled_us;
};

/* Finds by (campaign, stage, cycle) or makes it; an existing one takes the new content version for
 * messages planned from now on and is open again. */
FL_CHECK_RESULT enum fl_status fl_store_occurrence_put(struct fl_store *store,
                                                       const struct fl_occurrence *occurrence,
                                                       enum fl_put *out_put, int64_t *out_id,
                                                       struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_occurrence_get(struct fl_store *store,
                                                       struct fl_arena *arena, int64_t id,
                                                       struct fl_occurrence *out,
                                                       struct fl_error *err);
typedef bool fl_store_occurrence_fn(void *ctx, const struct fl_occurrence *occurrence);
FL_CHECK_RESULT enum fl_status fl_store_occurrence_each(struct fl_store *store, int64_t campaign,
                                                        fl_store_occurrence_fn *fn, void *ctx,
                                                        struct fl_error *err);
/* Marks occurrences without a non-final message as finished. */
FL_CHECK_RESULT enum fl_status fl_store_occurrence_finish(struct fl_store *store,
                                                          int64_t *out_finished,
                                                          struct fl_error *err);

/* ---- messages --------------------------------------------------------------------------------*/

/* States that are stored.  `due` is `planned` or `deferred` whose time has come; `claimed` and
 * `begun` are what a lease says; all are shown by fl_message_state_name() and the queue verbs. */
enum fl_message_state {
    FL_MESSAGE_PLANNED = 0,
    FL_MESSAGE_DEFERRED = 1,
    FL_MESSAGE_ACCEPTED = 2,
    FL_MESSAGE_DELIVERED = 3,
    FL_MESSAGE_BOUNCED = 4,
    FL_MESSAGE_FAILED = 5,
    FL_MESSAGE_UNCERTAIN = 6,
    FL_MESSAGE_SUPPRESSED = 7,
    FL_MESSAGE_EXPIRED = 8,
    FL_MESSAGE_HELD = 9,
    FL_MESSAGE_CANCELLED = 10,
    FL_MESSAGE_DUE = 11,     /* derived */
    FL_MESSAGE_CLAIMED = 12, /* derived */
    FL_MESSAGE_BEGUN = 13    /* derived */
};
enum { FL_MESSAGE_STATES = 14 };

/* Why a message is suppressed, held or cancelled.  One row each in policy's table. */
enum fl_rule {
    FL_RULE_NONE = 0,
    FL_RULE_NO_ADDRESS = 1,
    FL_RULE_ADDRESS_SUPPRESSED = 2,
    FL_RULE_COMPLAINED = 3,
    FL_RULE_NO_CONSENT = 4,
    FL_RULE_OPTED_OUT = 5,
    FL_RULE_ERASED = 6,
    FL_RULE_CAMPAIGN_CANCELLED = 7,
    FL_RULE_HELD_BY_STAFF = 8,
    FL_RULE_HELD_UNCERTAIN = 9,
    FL_RULE_HELD_QUARANTINE = 10, /* killed two hosts */
    FL_RULE_RENDERING_FAILED = 11,
    FL_RULE_EXPIRED = 12,
    FL_RULE_HOLD_OUT = 13 /* gets nothing, so that the others can be compared */
};
enum { FL_RULES = FL_RULE_HOLD_OUT + 1 };

struct fl_message {
    int64_t id;
    int64_t occurrence;
    int64_t customer;
    int64_t channel;
    int64_t address;
    enum fl_message_state state;
    enum fl_rule rule;
    int attempts;
    int64_t due_us;
};

/* Who is in an audience by the current score.  Codes of value/position.h; -1 and 0: any.  Nobody
 * who objects to profiling, and nobody without a score; ranges and segments are of those who are
 * valued. */
struct fl_store_worth_filter {
    unsigned zones;    /* 1 << zone of those wanted; 0: any */
    unsigned keys;     /* all of these flags */
    unsigned segments; /* 1 << segment of those wanted; 0: any */
    bool has_ce, has_cv, has_commitment;
    double ce_min, ce_max, cv_min, cv_max; /* ranks in (0,1) */
    double commitment_min, commitment_max;
    /* Zones of a change at or after `change_since_us`, -1: any, to the zone they still are in;
     * FL_TIME_NONE: no change is asked for. */
    int change_from, change_to;
    int64_t change_since_us;
};
#define FL_STORE_WORTH_ANY                                                                         \
    {                                                                                              \
        .change_from = -1, .change_to = -1, .change_since_us = FL_TIME_NONE                        \
    }

/* Plans one block, set-based: one message for each customer in the audience who has none yet in
 * this occurrence on this channel.  Ineligible customers get a row too, suppressed, with the rule.
 * On the web nobody needs an address: everybody has pages. */
struct fl_store_plan {
    int64_t occurrence;
    int64_t channel;
    enum fl_medium medium;
    const char *purpose; /* consent that is needed; NULL: none (transactional) */
    const char *anchor;  /* NULL: all customers */
    int32_t anchor_from; /* anchor dates in [from, to] */
    int32_t anchor_to;
    const char *const *attribute_names; /* all must equal; NULL-terminated; may be NULL */
    const char *const *attribute_values;
    const struct fl_store_worth_filter *worth; /* NULL: whatever they are worth */
    int hold_out_permille;                     /* of the audience: suppressed by FL_RULE_HOLD_OUT */
    int64_t hold_out_key;                      /* the campaign's: see fl_store_is_held_out() */
    int64_t due_us;
    int64_t limit;   /* 0: none */
    bool is_dry_run; /* counts only; occurrence and channel may be 0: not there yet */
};

/* The same customers each time; more of them where the share is larger; for another key others. */
bool fl_store_is_held_out(int64_t key, int64_t customer, int permille);

struct fl_store_plan_result {
    int64_t n_audience;             /* customers in the audience without a message yet */
    int64_t n_planned;              /* of these, to be sent */
    int64_t n_suppressed[FL_RULES]; /* of these, by rule */
    int64_t first_id, last_id;      /* of the block; 0 when empty */
};

FL_CHECK_RESULT enum fl_status fl_store_plan(struct fl_store *store,
                                             const struct fl_store_plan *plan,
                                             struct fl_store_plan_result *out,
                                             struct fl_error *err);

/* One message to one customer outside any audience (test-send, answers): FL_CONFLICT if it exists.
 */
FL_CHECK_RESULT enum fl_status fl_store_message_put(struct fl_store *store,
                                                    struct fl_message *message,
                                                    struct fl_error *err);

/* What is needed to decide about a message and to render it, as of now. */
struct fl_claim_row {
    struct fl_message message;
    int64_t campaign;
    enum fl_campaign_state campaign_state;
    int64_t content;
    const char *stage;
    const char *campaign_name;
    const char *address; /* NULL: none; on the web the external_id where there is none */
    enum fl_address_status address_status;
    enum fl_consent_state consent; /* for the campaign's purpose on the channel's medium */
    const char *purpose;
    enum fl_customer_state customer_state;
    const char *external_id;
    const char *name;
    const char *language;
    const char *time_zone;
    const char *attributes; /* JSON object */
    const char *anchors;    /* JSON object name -> "YYYY-MM-DD" */
};

/* Due messages of a channel in block order, deferred ones first, that are in no lease and not in a
 * paused campaign; at most `limit`.  Writes nothing. */
FL_CHECK_RESULT enum fl_status fl_store_claim(struct fl_store *store, struct fl_arena *arena,
                                              int64_t channel, int64_t now_us, size_t limit,
                                              struct fl_claim_row **out, size_t *out_n,
                                              struct fl_error *err);
/* When the next message of the channel will be due; FL_TIME_NONE when there is none. */
FL_CHECK_RESULT enum fl_status fl_store_next_due(struct fl_store *store, int64_t channel,
                                                 int64_t *out_us, struct fl_error *err);

struct fl_lease {
    int64_t id; /* result of put */
    int64_t channel;
    int64_t worker;
    int64_t epoch;
    bool is_begun;
    const int64_t *ids;
    size_t n_ids;
};

/* `id` 0: a new lease; else that lease becomes what is given.  FL_CONFLICT: a message is in another
 * one.  Dropping a lease frees what was not settled. */
FL_CHECK_RESULT enum fl_status fl_store_lease_put(struct fl_store *store, struct fl_lease *lease,
                                                  struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_lease_drop(struct fl_store *store, int64_t lease,
                                                   struct fl_error *err);
/* Leases that stand, with ids copied into the arena; for recovery. */
FL_CHECK_RESULT enum fl_status fl_store_lease_all(struct fl_store *store, struct fl_arena *arena,
                                                  struct fl_lease **out, size_t *out_n,
                                                  struct fl_error *err);

/* New state of one message, with the event that caused it in the same transaction.  `from` is what
 * the caller saw: FL_CONFLICT (and nothing changed) when the row is in another state by now. */
struct fl_settle {
    int64_t message;
    enum fl_message_state from; /* stored state */
    enum fl_message_state to;
    enum fl_rule rule;
    int attempts;
    int64_t due_us; /* of a deferred one; else as it was */
};
FL_CHECK_RESULT enum fl_status fl_store_message_settle(struct fl_store *store,
                                                       const struct fl_settle *settle,
                                                       struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_message_get(struct fl_store *store, int64_t id,
                                                    struct fl_message *out, struct fl_error *err);
/* The messages of a customer in a campaign (0: in all), newest first: for `why` and for matching.
 */
typedef bool fl_store_message_fn(void *ctx, const struct fl_message *message);
FL_CHECK_RESULT enum fl_status fl_store_message_of(struct fl_store *store, int64_t customer,
                                                   int64_t campaign, fl_store_message_fn *fn,
                                                   void *ctx, struct fl_error *err);
/* Messages of one state (derived states too), campaign 0: all; in order of id after `after`. */
FL_CHECK_RESULT enum fl_status fl_store_message_each(struct fl_store *store,
                                                     enum fl_message_state state, int64_t campaign,
                                                     int64_t after, int64_t limit,
                                                     fl_store_message_fn *fn, void *ctx,
                                                     struct fl_error *err);
/* All non-final messages of a campaign that no worker has in hand go to `to` with the rule. */
FL_CHECK_RESULT enum fl_status fl_store_message_sweep(struct fl_store *store, int64_t campaign,
                                                      enum fl_message_state from,
                                                      enum fl_message_state to, enum fl_rule rule,
                                                      int64_t *out_n, struct fl_error *err);
/* Messages by state, campaign 0: all.  Each counts once: what is due, claimed or begun is not
 * counted as planned or deferred too. */
FL_CHECK_RESULT enum fl_status fl_store_message_counts(struct fl_store *store, int64_t campaign,
                                                       int64_t out[FL_MESSAGE_STATES],
                                                       struct fl_error *err);

const char *fl_message_state_name(enum fl_message_state state);
bool fl_message_state_parse(const char *name, enum fl_message_state *out);
bool fl_message_state_is_final(enum fl_message_state state);

#include "store/inward.h" /* by the customer */
#include "store/worth.h"  /* what it is worth */

#endif
