/*
 * The store: what comes back - events, raw evidence, feedback, answers, short links, and the small
 * values that plugins remember.  Part of store/store.h, which says the rules and includes this.
 */
#ifndef FL_STORE_INWARD_H
#define FL_STORE_INWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/token.h"
#include "fairline/channel.h"

struct fl_store;

enum fl_event_kind {
    FL_EVENT_ACCEPTED = 1,
    FL_EVENT_DELIVERED,
    FL_EVENT_DEFERRED,
    FL_EVENT_BOUNCED,
    FL_EVENT_FAILED,
    FL_EVENT_UNCERTAIN,
    FL_EVENT_SUPPRESSED,
    FL_EVENT_EXPIRED,
    FL_EVENT_HELD,
    FL_EVENT_RELEASED,
    FL_EVENT_CANCELLED,
    FL_EVENT_RESOLVED,
    FL_EVENT_DELAYED, /* a DSN says: still trying */
    FL_EVENT_CLICKED,
    FL_EVENT_OPENED,
    FL_EVENT_REPLIED,
    FL_EVENT_COMPLAINED,
    FL_EVENT_OPTED_OUT,
    FL_EVENT_ANSWERED, /* a survey */
    FL_EVENT_VISITED   /* a page was opened by hand or by a machine; no engagement */
};

struct fl_event {
    int64_t id;
    int64_t message;
    enum fl_event_kind kind;
    enum fl_fault_class fault;
    int attempt;
    int code;
    const char *status;       /* NULL or RFC 3463 */
    const char *detail;       /* NULL or words */
    const char *provider_ref; /* NULL or the peer's reference */
    int64_t cost_micro;
    const char *currency; /* NULL or ISO 4217 */
    int units;            /* SMS parts, fax pages, sheets; 0: unknown */
    bool is_machine;      /* a click or open that looks like a scanner's */
    int64_t at_us;
    const char *evidence;   /* NULL or SHA-256 */
    const char *dedupe_key; /* NULL or unique */
};

/* FL_CONFLICT when the dedupe key is known: nothing is stored again. */
FL_CHECK_RESULT enum fl_status fl_store_event_put(struct fl_store *store,
                                                  const struct fl_event *event, int64_t *out_id,
                                                  struct fl_error *err);
typedef bool fl_store_event_fn(void *ctx, const struct fl_event *event);
FL_CHECK_RESULT enum fl_status fl_store_event_each(struct fl_store *store, int64_t message,
                                                   fl_store_event_fn *fn, void *ctx,
                                                   struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_event_by_provider(struct fl_store *store,
                                                          const char *provider_ref,
                                                          int64_t *out_message,
                                                          struct fl_error *err);
const char *fl_event_kind_name(enum fl_event_kind kind);
const char *fl_fault_class_name(enum fl_fault_class fault);

/* Raw bytes by their SHA-256; storing the same twice is fine. */
FL_CHECK_RESULT enum fl_status fl_store_evidence_put(struct fl_store *store, const void *data,
                                                     size_t len, char out_hash[65],
                                                     struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_evidence_get(struct fl_store *store, struct fl_arena *arena,
                                                     const char *hash, void **out, size_t *out_len,
                                                     struct fl_error *err);

enum fl_feedback_kind {
    FL_FEEDBACK_UNKNOWN = 0,
    FL_FEEDBACK_REPLY,
    FL_FEEDBACK_OPT_OUT,
    FL_FEEDBACK_BOUNCE,
    FL_FEEDBACK_DELAYED,
    FL_FEEDBACK_DELIVERED,
    FL_FEEDBACK_RELAYED,
    FL_FEEDBACK_COMPLAINT,
    FL_FEEDBACK_AUTO_REPLY,
    FL_FEEDBACK_CHALLENGE,
    FL_FEEDBACK_MDN,
    FL_FEEDBACK_LIST,
    FL_FEEDBACK_SURVEY,     /* answers to a survey */
    FL_FEEDBACK_PREFERENCE, /* consents given or withdrawn one by one */
    FL_FEEDBACK_CONTACT     /* words that answer no message */
};
enum { FL_FEEDBACK_KINDS = FL_FEEDBACK_CONTACT + 1 };
enum fl_feedback_state { FL_FEEDBACK_OPEN = 0, FL_FEEDBACK_CLOSED, FL_FEEDBACK_SYSTEM };
enum fl_match {
    FL_MATCH_NONE = 0,
    FL_MATCH_TOKEN,
    FL_MATCH_REFERENCES,
    FL_MATCH_EMBEDDED,
    FL_MATCH_PROVIDER,
    FL_MATCH_SENDER,
    FL_MATCH_STAFF
};

struct fl_feedback {
    int64_t id;
    int64_t channel;
    int64_t customer; /* 0: unmatched */
    int64_t message;  /* 0: unmatched */
    enum fl_feedback_kind kind;
    enum fl_feedback_state state;
    enum fl_match matched_by;
    double confidence;
    const char *from_address;
    const char *subject;
    const char *text;
    const char *quoted;
    const char *signature;
    const char *language;
    const char *evidence; /* SHA-256 of the raw piece */
    const char *dedupe_key;
    int64_t received_us, stored_us;
};

/* FL_CONFLICT when the dedupe key is known. */
FL_CHECK_RESULT enum fl_status fl_store_feedback_put(struct fl_store *store,
                                                     const struct fl_feedback *feedback,
                                                     int64_t *out_id, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_feedback_get(struct fl_store *store, struct fl_arena *arena,
                                                     int64_t id, struct fl_feedback *out,
                                                     struct fl_error *err);
/* Staff say whose it is: matched_by becomes FL_MATCH_STAFF with confidence 1; `message` 0: none. */
FL_CHECK_RESULT enum fl_status fl_store_feedback_assign(struct fl_store *store, int64_t feedback,
                                                        int64_t customer, int64_t message,
                                                        struct fl_error *err);
struct fl_feedback_filter {
    int64_t after;    /* ids above this */
    int64_t customer; /* 0: any */
    int kind;         /* -1: any */
    bool is_unmatched_only;
    bool is_newest_first;
    int64_t limit; /* 0: none */
};
typedef bool fl_store_feedback_fn(void *ctx, const struct fl_feedback *feedback);
FL_CHECK_RESULT enum fl_status fl_store_feedback_each(struct fl_store *store,
                                                      const struct fl_feedback_filter *filter,
                                                      fl_store_feedback_fn *fn, void *ctx,
                                                      struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_feedback_counts(struct fl_store *store, int64_t campaign,
                                                        int64_t out[FL_FEEDBACK_KINDS],
                                                        struct fl_error *err);
const char *fl_feedback_kind_name(enum fl_feedback_kind kind);
bool fl_feedback_kind_parse(const char *name, enum fl_feedback_kind *out);
const char *fl_match_name(enum fl_match match);

/* Pieces kept beside a feedback (pages as pictures), in order. */
struct fl_attachment {
    const char *name;
    const char *type;
    const char *evidence; /* SHA-256 */
};
FL_CHECK_RESULT enum fl_status fl_store_attachment_put(struct fl_store *store, int64_t feedback,
                                                       const struct fl_attachment *attachment,
                                                       struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_attachments(struct fl_store *store, struct fl_arena *arena,
                                                    int64_t feedback, struct fl_attachment **out,
                                                    size_t *out_n, struct fl_error *err);

/* Answers: one a message and question; a later one (at_us) takes the place of an earlier. */
struct fl_answer {
    int64_t message;
    int64_t customer;
    int64_t feedback; /* the piece it came with */
    const char *question;
    bool has_number;
    double number;
    double low, high; /* the scale it was given on; low == high: none, or not known */
    const char *text;
    enum fl_medium medium; /* it came over */
    int64_t at_us;
};
FL_CHECK_RESULT enum fl_status fl_store_answer_put(struct fl_store *store,
                                                   const struct fl_answer *answer,
                                                   struct fl_error *err);
typedef bool fl_store_answer_fn(void *ctx, const struct fl_answer *answer);
/* Of one message, or (message 0) of one customer, in order of question and time. */
FL_CHECK_RESULT enum fl_status fl_store_answer_each(struct fl_store *store, int64_t message,
                                                    int64_t customer, fl_store_answer_fn *fn,
                                                    void *ctx, struct fl_error *err);

/* Answers of a campaign by question and number, in this order; `n` counts them.  Answers in words
 * are one line a question, without a number. */
struct fl_answer_tally {
    const char *question;
    bool has_number;
    double number;
    int64_t n;
};
typedef bool fl_store_answer_tally_fn(void *ctx, const struct fl_answer_tally *tally);
FL_CHECK_RESULT enum fl_status fl_store_answer_tally(struct fl_store *store, int64_t campaign,
                                                     fl_store_answer_tally_fn *fn, void *ctx,
                                                     struct fl_error *err);

/* What the messages of a campaign cost, a line for each currency ("" where none was said). */
struct fl_cost_tally {
    const char *currency;
    int64_t cost_micro;
    int64_t units;
};
typedef bool fl_store_cost_tally_fn(void *ctx, const struct fl_cost_tally *tally);
FL_CHECK_RESULT enum fl_status fl_store_cost_tally(struct fl_store *store, int64_t campaign,
                                                   fl_store_cost_tally_fn *fn, void *ctx,
                                                   struct fl_error *err);

/* Short links: a random code that is looked up, for channels where characters cost money.
 * FL_CONFLICT: the code is taken.  FL_NOT_FOUND: unknown, or expired by now. */
FL_CHECK_RESULT enum fl_status fl_store_short_link_put(struct fl_store *store, const char *code,
                                                       int64_t message, int64_t expires_us,
                                                       struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_short_link_get(struct fl_store *store, const char *code,
                                                       int64_t now_us, int64_t *out_message,
                                                       struct fl_error *err);
/* The link a message already has; FL_NOT_FOUND. */
FL_CHECK_RESULT enum fl_status fl_store_short_link_of(struct fl_store *store,
                                                      struct fl_arena *arena, int64_t message,
                                                      const char **out_code, struct fl_error *err);

/* Small durable values of a channel's plugin; FL_NOT_FOUND, FL_LIMIT (64 keys, 4 KiB). */
FL_CHECK_RESULT enum fl_status fl_store_memory_set(struct fl_store *store, const char *channel,
                                                   const char *key, const void *data, size_t len,
                                                   struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_store_memory_get(struct fl_store *store, struct fl_arena *arena,
                                                   const char *channel, const char *key, void **out,
                                                   size_t *out_len, struct fl_error *err);

#endif
