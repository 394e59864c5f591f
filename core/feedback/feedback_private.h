/* Shared inside the room: header fields, the opened mail, the words of each language. */
#ifndef FL_FEEDBACK_FEEDBACK_PRIVATE_H
#define FL_FEEDBACK_FEEDBACK_PRIVATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "content/survey.h"
#include "feedback/feedback.h"

struct fl_content;

/* --- bytes to text -----------------------------------------------------------------------------*/

/* Any bytes as valid UTF-8 without NUL.  What the text is in is decided by `charset` (may be NULL)
 * only where the bytes do not say otherwise.  NULL: the arena is full. */
const char *fl_feedback_to_utf8(struct fl_arena *arena, const char *charset, const char *data,
                                size_t len);
/* CRLF and CR to LF, in place. */
void fl_feedback_unify_newlines(char *s);
/* Cuts at most `max` bytes off without splitting a character. */
size_t fl_feedback_utf8_cut(const char *s, size_t len, size_t max);
const char *fl_feedback_language(const char *text); /* "ko", "en", ..., "" */

/* --- header fields -----------------------------------------------------------------------------*/

struct fl_feedback_field {
    const char *name;
    const char *value; /* unfolded, UTF-8; encoded words as they came */
};

struct fl_feedback_fields {
    struct fl_feedback_field *items;
    size_t n_items;
};

/* Reads fields up to an empty line or the end; *out_used is where the rest begins. */
FL_CHECK_RESULT enum fl_status fl_feedback_fields_parse(struct fl_arena *arena, const char *data,
                                                        size_t len, struct fl_feedback_fields *out,
                                                        size_t *out_used, struct fl_error *err);
/* Value of the first field of that name, "" when there is none. */
const char *fl_feedback_field(const struct fl_feedback_fields *fields, const char *name);
bool fl_feedback_has_field(const struct fl_feedback_fields *fields, const char *name);
/* RFC 2047 encoded words to text; NULL: the arena is full. */
const char *fl_feedback_decode_words(struct fl_arena *arena, const char *value);
/* First address in a header value, "" when there is none; NULL: the arena is full. */
const char *fl_feedback_first_address(struct fl_arena *arena, const char *value);

/* --- the opened mail ---------------------------------------------------------------------------*/

struct fl_feedback_mail {
    struct fl_feedback_fields fields;
    const char *report_type;     /* of multipart/report, "" */
    const char *text;            /* what a reader sees, HTML already as text */
    const char *links;           /* raw HTML, for tokens in addresses of links; "" */
    const char *delivery_status; /* bodies of message/... parts; NULL: none */
    const char *feedback_report;
    const char *disposition;
    struct fl_feedback_fields original; /* header of an embedded message */
    bool has_original;
    bool has_attachment;
};

/* Refuses what would cost too much to take apart; one pass over the bytes. */
FL_CHECK_RESULT enum fl_status fl_feedback_scan(const char *data, size_t len, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_feedback_mail_open(struct fl_arena *arena, const char *data,
                                                     size_t len, struct fl_feedback_mail *out,
                                                     struct fl_error *err);
enum fl_status fl_feedback_no_memory(struct fl_error *err);

/* Pieces that are no mail: texts, forms, pictures. */
FL_CHECK_RESULT enum fl_status fl_feedback_parse_other(struct fl_arena *arena,
                                                       const struct fl_inbound *inbound,
                                                       struct fl_feedback_parsed *out,
                                                       struct fl_error *err);

/* --- reports -----------------------------------------------------------------------------------*/

/* message/delivery-status; true when it names a recipient.  *out_kind by the worst action. */
FL_CHECK_RESULT enum fl_status fl_feedback_dsn(struct fl_arena *arena,
                                               const struct fl_feedback_mail *mail,
                                               struct fl_feedback_parsed *out, bool *out_is_dsn,
                                               struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_feedback_arf(struct fl_arena *arena,
                                               const struct fl_feedback_mail *mail,
                                               struct fl_feedback_parsed *out, bool *out_is_arf,
                                               struct fl_error *err);
/* Bounces of programs that do not know RFC 3464: told by sender, subject and words. */
FL_CHECK_RESULT enum fl_status fl_feedback_text_bounce(struct fl_arena *arena,
                                                       const struct fl_feedback_mail *mail,
                                                       struct fl_feedback_parsed *out,
                                                       bool *out_is_bounce, struct fl_error *err);
/* The paragraph of a bounce for people that says why, "" when none does; NULL: no memory. */
const char *fl_feedback_reason(struct fl_arena *arena, const char *text);
/* SMTP reply code and RFC 3463 status written in words; 0 and "" where there is none. */
int fl_feedback_find_code(const char *text);
bool fl_feedback_find_status(const char *text, char *out, size_t out_size);

/* --- what it refers to -------------------------------------------------------------------------*/

/* Candidates for our token in order of trust: envelope, report, thread, embedded mail, text. */
FL_CHECK_RESULT enum fl_status fl_feedback_tokens(struct fl_arena *arena,
                                                  const struct fl_feedback_mail *mail,
                                                  const char *to_address,
                                                  struct fl_feedback_parsed *out,
                                                  struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_feedback_references(struct fl_arena *arena,
                                                      const struct fl_feedback_mail *mail,
                                                      struct fl_feedback_parsed *out,
                                                      struct fl_error *err);

/* ---- kinds of mail that people or their programs write ----------------------------------------*/

bool fl_feedback_is_loop(const struct fl_feedback_mail *mail);
bool fl_feedback_is_list(const struct fl_feedback_mail *mail);
bool fl_feedback_is_challenge(const struct fl_feedback_mail *mail, const char *subject);
/* Confidence that a program wrote it, 0: no sign of it. */
double fl_feedback_is_auto_reply(const struct fl_feedback_mail *mail, const char *subject);
/* The whole of a short text asks to be left alone; a word of it within a sentence does not. */
bool fl_feedback_is_opt_out(const char *text);

/* --- forms -------------------------------------------------------------------------------------*/

/* Reads a form as of FL_INBOUND_FORM into one with members of the contract alone, each of the right
 * type, and "faults", an array of sentences about what was left out.  A new reference.  FL_INVALID:
 * no JSON object; FL_LIMIT: too large, too deep, too many values. */
FL_CHECK_RESULT enum fl_status fl_feedback_form_read(const char *data, size_t len, json_t **out,
                                                     struct fl_error *err);
/* What the other has read, bounds checked again: core asks each member for its type. */
FL_CHECK_RESULT enum fl_status fl_feedback_form_load(const char *data, size_t len, json_t **out,
                                                     struct fl_error *err);
/* A text of it, "" where there is none; lives as long as the form. */
const char *fl_feedback_form_text(const json_t *form, const char *key);

static inline void fl_feedback_form_free(json_t **form)
{
    if (*form)
        json_decref(*form);
}
#define FL_AUTO_FORM __attribute__((cleanup(fl_feedback_form_free)))

/* ---- what becomes of it, in core --------------------------------------------------------------*/

enum { FL_FEEDBACK_CUSTOMERS_MAX = 16 }; /* that may share one address */

struct fl_feedback_matched {
    enum fl_match by; /* FL_MATCH_NONE: nothing else counts */
    double confidence;
    enum fl_token_kind token;  /* by token: of which kind, else 0 */
    enum fl_medium medium;     /* the message went out on; without one, the piece came over */
    struct fl_message message; /* id 0: none */
    int64_t customers[FL_FEEDBACK_CUSTOMERS_MAX]; /* the first is meant, all have the address */
    size_t n_customers;
};

/* Finds the message and customer of a piece; FL_OK with FL_MATCH_NONE when there is none. */
FL_CHECK_RESULT enum fl_status fl_feedback_match(const struct fl_feedback_context *context,
                                                 int64_t channel, enum fl_medium medium,
                                                 const struct fl_feedback_parsed *parsed,
                                                 const struct fl_inbound *inbound,
                                                 struct fl_feedback_matched *out,
                                                 struct fl_error *err);
/* What a token of this kind may bring about; a form can hold all three. */
enum fl_feedback_effect { FL_FEEDBACK_ANSWERS, FL_FEEDBACK_LEAVING, FL_FEEDBACK_PREFERENCES };
bool fl_feedback_token_allows(enum fl_token_kind kind, enum fl_feedback_effect effect);
/* Answers that fit the questions of the message, and notes, a line each, about what does not. */
enum { FL_FEEDBACK_NOTES_MAX = 16 << 10 };
struct fl_feedback_answers {
    struct fl_content *content; /* owns the questions */
    struct fl_answer_value values[FL_SURVEY_QUESTIONS_MAX];
    size_t n_values;
    struct fl_buf notes;
};
void fl_feedback_note(struct fl_feedback_answers *answers, const char *text);
FL_CHECK_RESULT enum fl_status fl_feedback_answers_read(const struct fl_feedback_context *context,
                                                        struct fl_arena *arena,
                                                        const struct fl_feedback_matched *matched,
                                                        const json_t *form,
                                                        struct fl_feedback_answers *out,
                                                        struct fl_error *err);
/* A later answer takes the place of an earlier one. */
FL_CHECK_RESULT enum fl_status fl_feedback_answers_store(const struct fl_feedback_context *context,
                                                         const struct fl_feedback_answers *answers,
                                                         const struct fl_feedback_matched *matched,
                                                         enum fl_medium medium, int64_t feedback,
                                                         int64_t at_us, struct fl_error *err);
void fl_feedback_answers_finish(struct fl_feedback_answers *answers);

/* Withdraws the campaign's purpose on the medium of the message; without a message, everything that
 * was allowed on the medium the piece came over. */
FL_CHECK_RESULT enum fl_status fl_feedback_withdraw(const struct fl_feedback_context *context,
                                                    const struct fl_feedback_matched *matched,
                                                    const char *source, const char *proof,
                                                    struct fl_error *err);
/* Preferences of a form, each a line in the ledger. */
FL_CHECK_RESULT enum fl_status fl_feedback_prefer(const struct fl_feedback_context *context,
                                                  const struct fl_feedback_matched *matched,
                                                  const json_t *form, const char *proof,
                                                  int64_t at_us, struct fl_error *err);
/* Stores an event and moves the message to `to` where the state table allows it. */
FL_CHECK_RESULT enum fl_status fl_feedback_settle(const struct fl_feedback_context *context,
                                                  const struct fl_message *message,
                                                  enum fl_message_state to,
                                                  const struct fl_event *event, int64_t *out_event,
                                                  struct fl_error *err);
/* Gives the address of a message a worse status; never a better one. */
FL_CHECK_RESULT enum fl_status fl_feedback_blame_address(const struct fl_feedback_context *context,
                                                         const struct fl_message *message,
                                                         enum fl_address_status status,
                                                         int64_t event, struct fl_error *err);

/* --- the words of each language
 * ------------------------------------------------------------------- Lists end with NULL; a
 * missing list is NULL.  Matching ignores the case of ASCII letters. */

struct fl_feedback_words {
    const char *language;
    const char *const *said_starts;   /* how "On Monday, X wrote:" begins; NULL: with a date */
    const char *const *said_verbs;    /* what it contains */
    const char *const *separators;    /* "Original Message", between dashes */
    const char *const *headers;       /* "From", "Sent", ... of a quoted header block */
    const char *const *footers;       /* "Sent from my iPhone": how such a line begins */
    const char *const *footer_ends;   /* ... or ends */
    const char *const *sign_offs;     /* "Best regards": the last words above a name */
    const char *const *name_ends;     /* a last line that ends so is a signature */
    const char *const *legal_starts;  /* "This e-mail is confidential": to the end of the text */
    const char *const *auto_subjects; /* how the subject of an automatic reply begins */
    const char *const *bounce_subjects;
    const char *const *opt_out_words;   /* the whole text */
    const char *const *opt_out_phrases; /* within a short text */
    const char *const *opt_in_phrases;  /* within it: what takes an opt-out back */
    const char *const *stop_words;      /* frequent words that give a language away */
};

extern const struct fl_feedback_words *const fl_feedback_languages[]; /* ends with NULL */

#endif
