/*
 * Feedback: from raw bytes to what the customer said.
 *
 * FOR    hosts (parse: hostile input, no database) and core (match, store, act).
 * STEPS  parse: kind -> extract -> the customer's own words; pure, over GMime, in the host.
 *        accept: match -> store -> act, in core, in one transaction with the raw evidence, so that
 *        the upstream copy is acknowledged only when everything is durable.
 * RULES  nothing is deleted: what matches nothing is stored unmatched.  Idempotent by dedupe key.
 *        A bounce or complaint counts only with our token; otherwise it is stored and changes
 * nothing. Only class ADDRESS suppresses an address; "delayed" is no bounce.
 */
#ifndef FL_FEEDBACK_FEEDBACK_H
#define FL_FEEDBACK_FEEDBACK_H

#include "base/arena.h"
#include "base/log.h"
#include "base/token.h"
#include "fairline/channel.h"
#include "store/store.h"

struct json_t; /* jansson */

enum {
    FL_FEEDBACK_RAW_MAX = 32 << 20,
    FL_FEEDBACK_TEXT_MAX = 256 << 10,
    FL_FEEDBACK_PARTS_MAX = 500,
    FL_FEEDBACK_REFERENCES_MAX = 50,
    FL_FEEDBACK_DEPTH_MAX = 30,           /* parts within parts */
    FL_FEEDBACK_FIELDS_MAX = 2000,        /* header fields of one part */
    FL_FEEDBACK_FIELDS_TOTAL_MAX = 50000, /* of all parts together */
    FL_FEEDBACK_FIELD_MAX = 64 << 10,     /* bytes of one header field, unfolded */
    FL_FEEDBACK_TOKENS_MAX = 32,
    FL_FEEDBACK_RECIPIENTS_MAX = 100,
    FL_FEEDBACK_FORM_MAX = 64 << 10,    /* bytes of a form as JSON */
    FL_FEEDBACK_FORM_DEPTH_MAX = 8,     /* values within values */
    FL_FEEDBACK_FORM_MEMBERS_MAX = 500, /* of all objects and arrays together */
    FL_FEEDBACK_ATTACHMENTS_MAX = 500   /* pages beside one piece, together FL_FEEDBACK_RAW_MAX */
};

struct fl_feedback_recipient {
    const char *address;
    const char *action; /* failed, delayed, delivered, relayed, expanded */
    const char *status; /* RFC 3463, "" */
    int code;           /* SMTP reply code, 0 */
    const char *diagnostic;
    enum fl_fault_class fault;
    bool is_hard;
};

/* What the pure part finds in one raw piece.  All strings in the arena, UTF-8, never NULL. */
struct fl_feedback_parsed {
    enum fl_feedback_kind kind;
    double confidence; /* in the kind */
    const char *from_address;
    const char *to_address; /* envelope or header, with the token */
    const char *subject;
    const char *message_id;
    const char *text; /* the customer's own words */
    const char *quoted;
    const char *signature;
    const char *language;      /* "ko", "en", ... "" when unknown */
    const char *const *tokens; /* candidates in order of trust, not yet verified */
    size_t n_tokens;
    const char *const *references;
    size_t n_references;
    const struct fl_feedback_recipient *recipients; /* of a report */
    size_t n_recipients;
    int64_t date_us; /* 0: none */
    const char
        *form; /* JSON object as of FL_INBOUND_FORM, checked and within bounds; "" for none */
};

/* Never fails on bad input: what cannot be understood is FL_FEEDBACK_UNKNOWN with the text there
 * is.  FL_LIMIT when a named bound is hit (the piece is still stored raw). */
FL_CHECK_RESULT enum fl_status fl_feedback_parse(struct fl_arena *arena,
                                                 const struct fl_inbound *inbound,
                                                 struct fl_feedback_parsed *out,
                                                 struct fl_error *err);

/* Cuts a plain-text body into the customer's words, what they quote and their signature. */
struct fl_feedback_cut {
    const char *text, *quoted, *signature;
};
FL_CHECK_RESULT enum fl_status fl_feedback_cut(struct fl_arena *arena, const char *body,
                                               struct fl_feedback_cut *out, struct fl_error *err);

/* HTML as the plain text a reader sees; quotations by mark-up become lines with "> ". */
FL_CHECK_RESULT enum fl_status fl_feedback_html_text(struct fl_arena *arena, const char *html,
                                                     size_t len, const char **out,
                                                     struct fl_error *err);

/* What was found as a JSON object for people and scripts: kind, confidence, from, to, subject,
 * message_id, date, language, reply {text, quoted, signature}, bounce.recipients[] {address,
 * action, status, code, class, hard, diagnostic}, tokens[], references[], form.  NULL without
 * memory; the caller owns the reference. */
struct json_t *fl_feedback_parsed_json(const struct fl_feedback_parsed *parsed);

/* Class and hardness of an RFC 3463 status and SMTP code. */
enum fl_fault_class fl_feedback_classify(const char *status, int code, const char *diagnostic,
                                         bool *out_is_hard);

/* A short message or fax without a token answers what was sent to its sender this long ago. */
enum { FL_FEEDBACK_RECENT_DAYS = 30 };

struct fl_feedback_context {
    struct fl_store *store;
    struct fl_token_keys *keys;
    struct fl_clock clock;
    const struct fl_log *log;
    const char *country; /* region of numbers without '+'; NULL: none */
};

/* Matches, stores and acts, inside the caller's transaction.  A piece seen before gives FL_OK and
 * *out_id 0. */
FL_CHECK_RESULT enum fl_status fl_feedback_accept(const struct fl_feedback_context *context,
                                                  int64_t channel, enum fl_medium medium,
                                                  const struct fl_feedback_parsed *parsed,
                                                  const struct fl_inbound *inbound, int64_t *out_id,
                                                  struct fl_error *err);
/* News about an earlier message (receipts); same rules. */
FL_CHECK_RESULT enum fl_status fl_feedback_receipt(const struct fl_feedback_context *context,
                                                   int64_t channel, enum fl_medium medium,
                                                   const struct fl_receipt *receipt,
                                                   struct fl_error *err);

#endif
