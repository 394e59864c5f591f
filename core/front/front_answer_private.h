/* Core's side of the pages: one call on its way to an answer. */
#ifndef FL_FRONT_ANSWER_PRIVATE_H
#define FL_FRONT_ANSWER_PRIVATE_H

#include <jansson.h>

#include "content/content.h"
#include "front/front.h"

enum {
    FL_FRONT_CACHE_SIZE = 32,
    FL_FRONT_INBOX_ROWS = 10,
    FL_FRONT_PURPOSES_MAX = 32,
    FL_FRONT_EXCERPT_MAX = 160, /* characters, about two lines */
    FL_FRONT_ANSWER_MAX = 32 << 20
};

/* What a token leads to. */
struct fl_front_subject {
    const struct fl_front_context *context;
    const json_t *args;
    struct fl_arena *arena;
    const char *token_text;
    struct fl_token token;
    struct fl_message message;
    struct fl_customer customer;
    struct fl_occurrence occurrence;
    struct fl_campaign_row campaign;
    const char *language; /* asked for, of the customer, of the firm */
    int64_t now_us;
};

/* --- front_answer_content.c */

/* A compiled version, the cache's; NULL with the reason when it has a fault. */
FL_CHECK_RESULT enum fl_status fl_front_cache_get(struct fl_front_cache *cache,
                                                  struct fl_store *store, int64_t id,
                                                  struct fl_content **out, struct fl_error *err);
/* A message as its page shows it; `content_of` may be another message of the same customer. */
struct fl_front_shown {
    struct fl_content_rendering rendering;
    const struct fl_survey *survey;
    enum fl_medium medium;
    int64_t at_us;
    const char *date; /* YYYY-MM-DD where the customer is */
};
FL_CHECK_RESULT enum fl_status fl_front_render(const struct fl_front_subject *subject,
                                               const struct fl_message *message,
                                               struct fl_front_shown *out, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_front_page_token(const struct fl_front_subject *subject,
                                                   int64_t message, enum fl_medium medium,
                                                   char out[FL_TOKEN_SIZE], struct fl_error *err);
/* When it left; when it was due, where that is not known. */
FL_CHECK_RESULT enum fl_status fl_front_sent_at(struct fl_store *store,
                                                const struct fl_message *message, int64_t *out_us,
                                                struct fl_error *err);

/* --- front_answer_pages.c: each fills `out` */
typedef enum fl_status fl_front_answer_fn(const struct fl_front_subject *subject, json_t *out,
                                          struct fl_error *err);
fl_front_answer_fn fl_front_answer_message;
fl_front_answer_fn fl_front_answer_inbox;
fl_front_answer_fn fl_front_answer_survey;
fl_front_answer_fn fl_front_answer_preferences;
fl_front_answer_fn fl_front_answer_opt_out;
fl_front_answer_fn fl_front_answer_contact;

#endif
