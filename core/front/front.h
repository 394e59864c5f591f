/*
 * Front: the public pages and the callbacks of plugins, over HTTP.
 *
 * FOR    customers (pages, surveys, preferences, one-click opt-out, clicks), and the peers of
 *        channels (receipts, inbound messages by webhook).
 * TWO SIDES
 *        the process fairlined starts (front_run): libmicrohttpd, one thread, no store, no keys;
 *        it guards, routes, renders HTML and parses forms.  What it needs it asks core for by
 *        frames; a request waits suspended, nothing blocks.
 *        core (front_answer): looks the token up and says in JSON what a page shows.
 * URLS   below web_base; TOKEN is a signed token (base/token.h)
 *            /m/TOKEN            the message as a page          PAGE
 *            /i/TOKEN            the inbox                      PAGE
 *            /s/TOKEN            the survey                     PAGE, SURVEY
 *            /p/TOKEN            preferences                    PAGE, UNSUBSCRIBE
 *            /u/TOKEN            opting out; a POST acts        UNSUBSCRIBE, PAGE
 *            /k/TOKEN            writing to us                  PAGE
 *            /f/TOKEN            feed (Atom)                    PAGE
 *            /c/TOKEN/SEAL?u=URL click: redirect                CLICK
 *            /o/TOKEN            open: one pixel                OPEN
 *            /l/CODE             short link: redirect to /m/
 *            /h/CHANNEL/...      to the plugin of that channel
 *            /healthz            200 when core answers
 * RULES  a GET changes nothing but the record that it happened.  Every form is an inbound piece
 *        (FL_INBOUND_FORM) that takes the way of all feedback: stored raw, matched, acted upon,
 *        committed before it is acknowledged.  No page needs JavaScript or anything from elsewhere.
 * FAILS  core away: 503 with Retry-After; a token that is not ours, of another kind, or of an
 *        erased customer: 404, all alike.
 */
#ifndef FL_FRONT_FRONT_H
#define FL_FRONT_FRONT_H

#include <jansson.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/token.h"
#include "conf/conf.h"
#include "fairline/channel.h"
#include "store/store.h"

/* --- the process -------------------------------------------------------------------------------*/

/* Serves until the socket to core (descriptor `fd`) or the process is told to end; exit code. */
int fl_front_run(int fd);

/* Frames between core and front (numbers beside those of host_protocol.h and daemon_frames.h). */
enum fl_front_frame {
    FL_FRONT_OPEN = 128, /* parent -> front: configuration name and text, listening socket */
    FL_FRONT_READY,      /* front -> parent: what it listens on */
    FL_FRONT_FAILED,     /* front -> parent: text */
    FL_FRONT_ASK,        /* front -> core: call, JSON arguments; correlation names the request */
    FL_FRONT_ANSWER,     /* core -> front: status, JSON */
    FL_FRONT_SUBMIT,     /* front -> core: an inbound piece as FL_HOST_INBOUND has it */
    FL_FRONT_SUBMITTED,  /* core -> front: status, FL_OK when it is committed; no JSON */
    FL_FRONT_HOOK,       /* front -> core: channel, HTTP request */
    FL_FRONT_HOOKED,     /* core -> front: status, HTTP response */
    FL_FRONT_CORE,       /* parent -> front: socket to core, whenever there is a new one */
    FL_FRONT_DRAIN       /* parent -> front: no new connections, end with the last request */
};

/* --- core's side -------------------------------------------------------------------------------*/

struct fl_front_context {
    struct fl_store *store;
    struct fl_token_keys *keys;
    const struct fl_conf *conf;
    struct fl_clock clock;
    const struct fl_log *log;
    struct fl_front_cache *cache; /* compiled contents */
};

/* What `call` shows, as a JSON object (a new reference).  Read only but for the events that record
 * a click, an open or a visit: the caller has a transaction open.  FL_NOT_FOUND: token or code say
 * nothing; FL_REJECTED: a seal does not fit; FL_INVALID: arguments. */
FL_CHECK_RESULT enum fl_status fl_front_answer(const struct fl_front_context *context,
                                               const char *call, const json_t *args, json_t **out,
                                               struct fl_error *err);
/* May this form come in?  Asked before it is stored, so that strangers cannot fill the store.
 * FL_NOT_FOUND: its token is not ours, not of a kind that may say such a thing, or of an erased
 * customer; FL_INVALID: no JSON object. */
FL_CHECK_RESULT enum fl_status fl_front_admit(const struct fl_front_context *context,
                                              const struct fl_inbound *form, struct fl_error *err);
struct fl_front_cache *fl_front_cache_create(void);
void fl_front_cache_destroy(struct fl_front_cache **cache);

#endif
