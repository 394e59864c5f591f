/* Inside the pages: one request on its way to a reply. */
#ifndef FL_FRONT_PAGES_PRIVATE_H
#define FL_FRONT_PAGES_PRIVATE_H

#include <jansson.h>

#include "content/data.h"
#include "front/front_pages.h"
#include "front/front_words.h"

enum fl_front_page {
    FL_PAGE_NONE = 0,
    FL_PAGE_MESSAGE,
    FL_PAGE_INBOX,
    FL_PAGE_SURVEY,
    FL_PAGE_PREFERENCES,
    FL_PAGE_OPT_OUT,
    FL_PAGE_CONTACT,
    FL_PAGE_FEED,
    FL_PAGE_CLICK,
    FL_PAGE_OPEN,
    FL_PAGE_SHORT,
    FL_PAGE_HOOK,
    FL_PAGE_HEALTH,
    FL_PAGE_ROBOTS
};

enum {
    FL_FRONT_PAGE_NUMBER_MAX = 1000000, /* of ?page= */
    FL_FRONT_WORDS_MAX = 10000,         /* bytes of what a customer writes to us */
    FL_FRONT_ADDRESS_MAX = 254,
    FL_FRONT_URL_MAX = 4096,
    FL_FRONT_CHANNEL_MAX = 32,
    FL_FRONT_CODE_MAX = 32,
    FL_FRONT_PURPOSE_MAX = 64
};

struct fl_front_visit;

/* A row of the table of pages. */
struct fl_front_route {
    enum fl_front_page page;
    const char *name; /* first segment of the path */
    const char *call; /* of core; NULL: none is asked */
    bool has_form;
    enum fl_status (*plan)(struct fl_front_visit *visit, struct fl_front_plan *out,
                           struct fl_error *err);
    void (*show)(struct fl_front_visit *visit, const json_t *answer, struct fl_front_reply *out);
};

struct fl_front_visit {
    const struct fl_front_site *site;
    const struct fl_front_request *request;
    struct fl_arena *arena;
    const struct fl_front_route *route;
    const char *path;  /* below the base of our pages */
    const char *token; /* of the path, lower case; "" */
    const char *rest;  /* what follows the token; "" */
    enum fl_front_language language;
    bool is_language_asked; /* by ?l=: it travels on every link */
};

/* --- the request (front_request.c) */
bool fl_front_visit_start(struct fl_front_visit *visit, const struct fl_front_site *site,
                          const struct fl_front_request *request, struct fl_arena *arena);
const char *fl_front_header(const struct fl_front_request *request, const char *name); /* or "" */
const char *fl_front_query(const struct fl_front_request *request, const char *name);  /* or "" */
const char *fl_front_field(const struct fl_front_request *request, const char *name);  /* or "" */
bool fl_front_is_post(const struct fl_front_request *request);
bool fl_front_is_foreign(const struct fl_front_site *site, const struct fl_front_request *request);
bool fl_front_is_machine(const struct fl_front_request *request);
/* Address of a page for this visitor, with base path and language; `query` without '?', or "". */
const char *fl_front_href(const struct fl_front_visit *visit, const char *name, const char *token,
                          const char *query);
const char *fl_front_base(const struct fl_front_site *site); /* path of web_base: "" or "/x" */

/* --- forms (front_form.c) */
FL_CHECK_RESULT enum fl_status fl_front_form_survey(struct fl_front_visit *visit,
                                                    struct fl_front_plan *out,
                                                    struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_front_form_preferences(struct fl_front_visit *visit,
                                                         struct fl_front_plan *out,
                                                         struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_front_form_opt_out(struct fl_front_visit *visit,
                                                     struct fl_front_plan *out,
                                                     struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_front_form_contact(struct fl_front_visit *visit,
                                                     struct fl_front_plan *out,
                                                     struct fl_error *err);
/* What is wrong with a contact form. */
struct fl_front_contact_faults {
    bool is_empty, is_too_long, is_bad_address;
};
struct fl_front_contact_faults fl_front_contact_check(const struct fl_front_request *request);

/* --- views: from core's answer to what a template sees (front_view*.c) */
struct fl_front_view {
    struct fl_front_visit *visit;
    struct fl_data *root;
    bool has_failed; /* memory */
};

void fl_front_view_start(struct fl_front_view *view, struct fl_front_visit *visit,
                         const json_t *answer, const char *title);
void fl_front_put(struct fl_front_view *view, struct fl_data *object, const char *name,
                  const char *text);
void fl_front_put_flag(struct fl_front_view *view, struct fl_data *object, const char *name,
                       bool flag);
struct fl_data *fl_front_put_list(struct fl_front_view *view, struct fl_data *object,
                                  const char *name);
struct fl_data *fl_front_add(struct fl_front_view *view, struct fl_data *list); /* an object */
const char *fl_front_word(const struct fl_front_view *view, const char *key);
/* A word with %1 and %2 replaced. */
const char *fl_front_fill(const struct fl_front_view *view, const char *key, const char *one,
                          const char *two);
const char *fl_front_medium_word(const struct fl_front_view *view, const char *medium);
const char *fl_front_purpose_word(const struct fl_front_view *view, const char *purpose);
const char *fl_front_date_word(const struct fl_front_view *view, const char *date); /* YYYY-MM-DD */

void fl_front_show_message(struct fl_front_visit *visit, const json_t *answer,
                           struct fl_front_reply *out);
void fl_front_show_inbox(struct fl_front_visit *visit, const json_t *answer,
                         struct fl_front_reply *out);
void fl_front_show_survey(struct fl_front_visit *visit, const json_t *answer,
                          struct fl_front_reply *out);
void fl_front_show_preferences(struct fl_front_visit *visit, const json_t *answer,
                               struct fl_front_reply *out);
void fl_front_show_opt_out(struct fl_front_visit *visit, const json_t *answer,
                           struct fl_front_reply *out);
void fl_front_show_contact(struct fl_front_visit *visit, const json_t *answer,
                           struct fl_front_reply *out);
void fl_front_show_feed(struct fl_front_visit *visit, const json_t *answer,
                        struct fl_front_reply *out);

/* --- replies (front_reply.c) */
enum fl_front_template {
    FL_TEMPLATE_HEAD,
    FL_TEMPLATE_FOOT,
    FL_TEMPLATE_MESSAGE,
    FL_TEMPLATE_INBOX,
    FL_TEMPLATE_SURVEY,
    FL_TEMPLATE_PREFERENCES,
    FL_TEMPLATE_OPT_OUT,
    FL_TEMPLATE_CONTACT,
    FL_TEMPLATE_NOTICE,
    FL_TEMPLATE_FEED
};
enum { FL_FRONT_TEMPLATES = FL_TEMPLATE_FEED + 1 };

struct fl_data *fl_front_pages_words(const struct fl_front_pages *pages,
                                     enum fl_front_language language);
const char *fl_front_pages_style(const struct fl_front_pages *pages);
/* HTML with the headers every page has; `is_foreign_html`: what a marketer wrote is in it. */
void fl_front_reply_page(struct fl_front_view *view, enum fl_front_template template, int status,
                         bool has_foreign_html, struct fl_front_reply *out);
void fl_front_reply_feed(struct fl_front_view *view, struct fl_front_reply *out);
void fl_front_reply_redirect(struct fl_front_visit *visit, int status, const char *location,
                             struct fl_front_reply *out);
void fl_front_reply_text(struct fl_arena *arena, int status, const char *text,
                         struct fl_front_reply *out);
void fl_front_reply_pixel(struct fl_front_visit *visit, struct fl_front_reply *out);
void fl_front_reply_notice(struct fl_front_visit *visit, int status, const char *title_key,
                           const char *text_key, struct fl_front_reply *out);
void fl_front_reply_status(struct fl_front_visit *visit, int status, struct fl_front_reply *out);

/* The files of pages/, embedded at build time; ends with a row without name. */
struct fl_front_file {
    const char *name;
    const char *text;
};
extern const struct fl_front_file fl_front_files[];

#endif
