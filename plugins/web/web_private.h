/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The web channel: what its files share.
 *
 *   web.c          descriptor, open and close, the inbox, health, preview
 *   web_options.c  option table, options to settings
 *   web_sign.c     signatures of webhooks, both ways
 *   web_post.c     a batch as signed webhooks, in parallel
 *   web_reply.c    what a receiver's answer means
 *   web_hook.c     signed webhooks that come in
 *   web_object.c   one object of such a webhook: a form or a receipt
 *
 * OWNS  in `struct web`: settings (copied), curl handles, the ring of signatures seen.
 */
#ifndef FL_PLUGIN_WEB_PRIVATE_H
#define FL_PLUGIN_WEB_PRIVATE_H

#include <fairline/channel.h>

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEB_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define WEB_US_PER_S     INT64_C(1000000)

enum {
    WEB_BATCH_MAX = 200,
    WEB_CALL_TIMEOUT_S = 600,
    WEB_SECRET_MIN = 16, /* characters; what is shorter can be guessed */
    WEB_SECRET_MAX = 512,
    WEB_SECRETS = 2, /* the one in force and the one before */
    WEB_SIGNATURE_HEX = 64,
    WEB_SIGNATURE_HEADER_MAX = 512,
    WEB_SIGNATURES_MAX = 4, /* in one header */
    WEB_SEEN_MAX = 500,     /* signatures remembered: 4,000 of the 4,096 bytes a value may have */
    WEB_REPLY_MAX = 64 << 10,
    WEB_DETAIL_MAX = 200,
    WEB_OBJECTS_MAX = 1000, /* in one webhook */
    WEB_REFUSALS = 7,       /* kinds of refusal, by status */
    WEB_ID_MAX = 200,
    WEB_KEY_MAX = 256
};

enum web_mode { WEB_INBOX, WEB_WEBHOOK };

struct web_secrets {
    char *text[WEB_SECRETS]; /* NULL: none */
};

struct web_settings {
    enum web_mode mode;
    char *url;
    struct web_secrets out, in;
    int64_t window_us;
    size_t parallel;
    long timeout_ms;
    char *ca_file;
    size_t max_size;
};

struct web {
    struct web_settings set;
    const struct fl_services *services;
    CURLM *multi;         /* NULL in mode inbox */
    CURL *const *handles; /* set.parallel of them */
    uint64_t seen[WEB_SEEN_MAX];
    size_t n_seen, next_seen;
    struct web_warned {
        int64_t at_us; /* when a refusal of this kind was last logged */
        unsigned n_since;
    } warned[WEB_REFUSALS];
};

/* --- web.c */
void web_log(const struct web *self, enum fl_level level, const char *fmt, ...) WEB_PRINTF(3, 4);
enum fl_call web_why(struct fl_why *why, enum fl_call call, enum fl_fault_class fault,
                     const char *fmt, ...) WEB_PRINTF(4, 5);
const struct fl_part *web_part(const struct fl_item *item, const char *type); /* or NULL */

/* --- web_options.c */
extern const struct fl_option_spec web_option_specs[];
enum fl_call web_settings_read(const struct fl_option *options, size_t n_options,
                               struct web_settings *out, struct fl_why *why);
void web_settings_finish(struct web_settings *settings);

/* --- web_sign.c
 * "t=SECONDS,v1=HEX[,v1=HEX]": HMAC-SHA256 over "SECONDS.BODY", once for each secret. */
bool web_signature_make(const struct web_secrets *secrets, int64_t at_s, const char *body,
                        size_t len, char out[WEB_SIGNATURE_HEADER_MAX]);
enum web_signature {
    WEB_SIGNATURE_FITS,
    WEB_SIGNATURE_MISSING,
    WEB_SIGNATURE_GARBLED,
    WEB_SIGNATURE_FORGED,
    WEB_SIGNATURE_STALE
};
/* `*out_at_s`: the time it names; `*out_mark`: by which a replay is known.  Constant time in the
 * secrets. */
enum web_signature web_signature_check(const struct web_secrets *secrets, const char *header,
                                       const void *body, size_t len, int64_t now_us,
                                       int64_t window_us, int64_t *out_at_s, uint64_t *out_mark);
void web_digest_hex(const void *data, size_t len, char out[WEB_SIGNATURE_HEX + 1]);

/* --- web_post.c */
enum fl_call web_post_open(struct web *self, struct fl_why *why);
void web_post_close(struct web *self);
enum fl_call web_post_deliver(struct web *self, const struct fl_item *const *items, size_t n,
                              struct fl_why *why);
enum fl_call web_post_health(struct web *self, struct fl_why *why);
/* The body of a webhook; free() it. */
char *web_post_body(const struct fl_item *item);

/* --- web_reply.c */
struct web_reply {
    CURLcode result;
    long status;
    curl_off_t sent; /* bytes of the request that left */
    curl_off_t retry_after_s;
    const char *error; /* curl's words */
    const char *body;
    size_t body_len;
};
/* Fills outcome, fault, code, detail, provider_ref and retry_after of `out`; texts into `detail`
 * and `ref`. */
void web_reply_class(const struct web_reply *reply, char detail[WEB_DETAIL_MAX],
                     char ref[WEB_ID_MAX], struct fl_report *out);
/* The receiver cannot be reached at all: nothing more is tried now. */
bool web_reply_is_away(const struct web_reply *reply);

/* --- web_hook.c */
enum fl_call web_hook(struct web *self, const struct fl_http_request *request,
                      struct fl_http_response *response, struct fl_why *why);
void web_hook_recall(struct web *self);

/* --- web_object.c */
/* Is it something we take?  NULL, or what is wrong with it. */
const char *web_object_fault(const json_t *object);
/* Hands it over; non-zero: refused by the host. */
int web_object_submit(const struct web *self, const json_t *object, int64_t at_s);

#endif
