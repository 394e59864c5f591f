/*
 * Pages: from a request to what is asked of core, and from core's answer to HTML.  Pure: no socket,
 * no clock, no state; so every page can be tested without a server.
 *
 *     plan = fl_front_plan(request)      ASK a call, SUBMIT a form, HOOK to a plugin, or REPLY
 *     fl_front_finish(plan, answer)      the reply, when the answer is there
 */
#ifndef FL_FRONT_FRONT_PAGES_H
#define FL_FRONT_FRONT_PAGES_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "fairline/channel.h"
#include "front/front.h"

enum {
    FL_FRONT_PAGE_MAX = 50 * 1024, /* bytes of a page, without what the marketer wrote */
    FL_FRONT_FIELDS_MAX = 200,
    FL_FRONT_FIELD_MAX = 16 << 10
};

/* A request that passed the guards.  HEAD is answered as GET; the server leaves the body out. */
struct fl_front_request {
    struct fl_http_request http;      /* path as it came, decoded query and headers, raw body */
    const struct fl_http_field *form; /* decoded application/x-www-form-urlencoded or multipart */
    size_t n_form;
    int64_t at_us;
};

enum fl_front_step { FL_FRONT_REPLY, FL_FRONT_ASKS, FL_FRONT_SUBMITS, FL_FRONT_HOOKS };

struct fl_front_reply {
    int status;
    const char *content_type;
    const char *body;
    size_t body_len;
    const char *location;
    const struct fl_http_field *headers;
    size_t n_headers;
    bool may_be_cached;
};

/* In the request's arena. */
struct fl_front_plan {
    enum fl_front_step step;
    int page; /* which page of the table; internal to front_pages */
    const char
        *language; /* "ko" or "en", by ?l= or Accept-Language; the answer may say otherwise */
    struct fl_front_reply reply; /* REPLY */
    const char *call;            /* ASKS */
    json_t *args;                /* ASKS; owned by the plan */
    struct fl_inbound inbound;   /* SUBMITS: a form; its token and kind are core's to look at, by
                                    fl_front_admit() */
    const char *channel, *path;  /* HOOKS */
};

struct fl_front_pages; /* the templates, compiled once; constant afterwards */

FL_CHECK_RESULT enum fl_status fl_front_pages_create(struct fl_front_pages **out,
                                                     struct fl_error *err);
void fl_front_pages_destroy(struct fl_front_pages **pages);

struct fl_front_site {
    const struct fl_front_pages *pages;
    const char *organisation, *contact, *postal_address;
    const char *language; /* of the firm */
    const char *web_base;
};

FL_CHECK_RESULT enum fl_status fl_front_plan(const struct fl_front_site *site,
                                             const struct fl_front_request *request,
                                             struct fl_arena *arena, struct fl_front_plan *out,
                                             struct fl_error *err);
void fl_front_plan_finish(struct fl_front_plan *plan);

/* `status` and `answer` are core's (answer may be NULL): of fl_front_answer() for ASKS, of
 * fl_front_admit() or, where that is fine, of storing for SUBMITS.  What stands in the answer stays
 * the caller's and must live as long as the reply.  Never fails: at worst the reply is 500. */
void fl_front_finish(const struct fl_front_site *site, const struct fl_front_request *request,
                     const struct fl_front_plan *plan, enum fl_status status, const json_t *answer,
                     struct fl_arena *arena, struct fl_front_reply *out);
/* The page for anything that goes wrong before or beside a plan: 400 404 405 413 429 503 ... */
void fl_front_error_reply(const struct fl_front_site *site, const char *language, int status,
                          struct fl_arena *arena, struct fl_front_reply *out);

#endif
