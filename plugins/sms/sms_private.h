/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The SMS channel: what its files share.
 *
 *   sms.c           descriptor, open and close, health, preview
 *   sms_options.c   options to settings, with every check that needs no network
 *   sms_number.c    numbers: E.164 and the other ways to write them
 *   sms_text.c      alphabets, lengths, parts
 *   sms_field.c     the one substitution, escaped for where it stands
 *   sms_mapping.c   a gateway's API as data: the file, read and checked whole,
 *   sms_mapping_read.c   by tables of members, with file, line, field and reason
 *   sms_rules.c     what a status, a code or words mean: outcome and class
 *   sms_value.c     JSON, XML and forms as one kind of tree, and paths into it
 *   sms_request.c   a mapping and an item to an HTTP request, with its signature
 *   sms_http.c      requests over libcurl: side by side, bounded, counted
 *   sms_judge.c     an answer to outcome, class, reference and cost
 *   sms_item.c      an item prepared, or refused before anything leaves
 *   sms_send.c      a batch: sent, judged, reported
 *   sms_hook.c      callbacks: authenticated, taken apart, handed over
 *   sms_join.c      long inbound messages that come in parts
 *   sms_poll.c      collecting where the gateway does not call back
 *   sms_kannel.c    Kannel, as a mapping that is built in
 *
 * OWNS  in `struct sms`: settings (copied), the mapping, the curl multi handle.
 * FAILS with a sentence in struct fl_why; GLib ends the process when memory is out, which costs the
 *       host one batch.
 */
#ifndef FL_PLUGIN_SMS_PRIVATE_H
#define FL_PLUGIN_SMS_PRIVATE_H

#include "../plug/plug.h"
#include <fairline/channel.h>

#include <curl/curl.h>
#include <glib.h>
#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMS_PRINTF(a, b) __attribute__((format(printf, a, b)))

enum {
    SMS_GSM_ONE = 160, /* septets of a single message, 3GPP TS 23.038 */
    SMS_GSM_PART = 153,
    SMS_UCS2_ONE = 70,
    SMS_UCS2_PART = 67,
    SMS_EUCKR_ONE = 90,    /* bytes of an SMS in the Korean networks */
    SMS_EUCKR_LONG = 2000, /* bytes of an LMS */
    SMS_PARTS_MAX = 255,   /* the concatenation header counts in one byte */
    SMS_NUMBER_MAX = 15,   /* digits, E.164 */
    SMS_TEXT_MAX = 64 << 10,
    SMS_BATCH_MAX = 200,
    SMS_PARALLEL_MAX = 64,
    SMS_RECIPIENTS_MAX = 200, /* in one request */
    SMS_CALL_TIMEOUT_S = 600,
    SMS_CALL_BUDGET_MS = 300000, /* after this a call begins nothing new, so that the host does not
                                    kill it with requests in doubt */
    SMS_ANSWER_MAX = 1 << 20,
    SMS_HOOK_MAX = 256 << 10,
    SMS_MAPPING_MAX = 256 << 10,
    SMS_DEPTH_MAX = 32,     /* of an answer */
    SMS_VALUES_MAX = 50000, /* in an answer */
    SMS_DETAIL_MAX = 400,   /* characters of the peer's words that are kept */
    SMS_POLL_ROUNDS = 20    /* pages fetched by one collect() */
};

/* --- settings (sms_options.c) ------------------------------------------------------------------*/

enum sms_api { SMS_API_KANNEL, SMS_API_MAPPING };
enum sms_charset { SMS_CHARSET_AUTO, SMS_CHARSET_GSM, SMS_CHARSET_UCS2, SMS_CHARSET_EUCKR };
enum sms_number_format { SMS_NUMBER_E164, SMS_NUMBER_PLAIN, SMS_NUMBER_NATIONAL };

struct sms_settings {
    enum sms_api api;
    const char *url; /* the texts are never NULL; "" is: not given */
    const char *username, *password;
    const char *mapping;
    const char *smsc;
    const char *sender;
    const char *senders; /* separated by commas */
    const char *callback_url, *callback_secret;
    const char *country_code;
    const char *ca_file;
    const char *currency;
    enum sms_number_format number_format;
    enum sms_charset charset;
    bool is_split;
    int64_t max_parts;
    int64_t cost_per_part_micro, cost_long_micro;
    int64_t parallel;
    int64_t timeout_ms, poll_ms, join_wait_us;
};

extern const struct fl_option_spec sms_option_specs[];
enum fl_call sms_settings_read(const struct fl_option *options, size_t n_options,
                               GStringChunk *strings, struct sms_settings *out, struct fl_why *why);
/* True when this number or name may stand as the sender. */
bool sms_sender_is_registered(const struct sms_settings *set, const char *sender);

/* --- numbers (sms_number.c) --------------------------------------------------------------------*/

/* As E.164 where it can be told: "+8210...", "8210...", "010..." with the country code, "0082...".
 * What is no such number (a short code, a name) stays as it is, cut to what is printable. */
char *sms_number_read(const char *number, const char *country_code);
/* The other way, for the gateway.  NULL when it is not an E.164 number. */
char *sms_number_write(const char *e164, enum sms_number_format format, const char *country_code);

/* --- text (sms_text.c) -------------------------------------------------------------------------*/

enum sms_alphabet { SMS_GSM, SMS_UCS2, SMS_EUCKR };

struct sms_measure {
    enum sms_alphabet alphabet;
    size_t units;   /* septets, UTF-16 units or bytes */
    size_t parts;   /* what it takes, never splitting a character */
    gunichar unfit; /* the first character the alphabet does not have; 0: none */
    bool is_long;   /* EUC-KR: an LMS */
};

/* Valid UTF-8, line ends \n, without control characters.  g_free() it. */
char *sms_text_clean(const void *data, size_t len);
void sms_text_measure(const char *text, enum sms_charset charset, bool is_split,
                      struct sms_measure *out);
/* The parts, each within one message; elements are owned by the array. */
GPtrArray *sms_text_split(const char *text, const struct sms_measure *measure);
const char *sms_alphabet_name(enum sms_alphabet alphabet);
/* Anything to UTF-8; what cannot be read becomes U+FFFD.  An unknown charset is taken for UTF-8. */
char *sms_text_decode(const char *data, size_t len, const char *charset);
/* UTF-8 to `charset`; NULL when a character is not in it. */
GString *sms_text_encode(const char *text, const char *charset);

/* --- substitution (sms_field.c) ----------------------------------------------------------------*/

enum sms_field {
    SMS_F_USERNAME,
    SMS_F_PASSWORD,
    SMS_F_URL,
    SMS_F_CALLBACK,
    SMS_F_SECRET,
    SMS_F_SMSC,
    SMS_F_TIME,
    SMS_F_TIME_MS,
    SMS_F_NONCE,
    SMS_F_TO,
    SMS_F_FROM,
    SMS_F_TEXT,
    SMS_F_SUBJECT,
    SMS_F_ID,
    SMS_F_TOKEN,
    SMS_F_CAMPAIGN,
    SMS_F_LANGUAGE,
    SMS_F_PARTS,
    SMS_F_UNITS,
    SMS_F_PART,
    SMS_F_CODING,
    SMS_F_ALPHABET,
    SMS_F_KIND,
    SMS_F_UDH,
    SMS_F_MASK,
    SMS_F_RECIPIENTS,
    SMS_F_CURSOR,
    SMS_F_METHOD,
    SMS_F_PATH,
    SMS_F_QUERY,
    SMS_F_BODY,
    SMS_F_BODY_SHA256,
    SMS_F_SIGNATURE,
    SMS_FIELDS
};

#define SMS_BIT(f) (UINT64_C(1) << (f))
#define SMS_FIELDS_ALWAYS                                                                          \
    (SMS_BIT(SMS_F_USERNAME) | SMS_BIT(SMS_F_PASSWORD) | SMS_BIT(SMS_F_URL) |                      \
     SMS_BIT(SMS_F_CALLBACK) | SMS_BIT(SMS_F_SECRET) | SMS_BIT(SMS_F_SMSC) | SMS_BIT(SMS_F_TIME) | \
     SMS_BIT(SMS_F_TIME_MS) | SMS_BIT(SMS_F_NONCE))
#define SMS_FIELDS_ITEM ((SMS_BIT(SMS_F_MASK + 1) - SMS_BIT(SMS_F_TO)) | SMS_FIELDS_ALWAYS)
#define SMS_FIELDS_SIGNED                                                                          \
    (SMS_BIT(SMS_F_METHOD) | SMS_BIT(SMS_F_PATH) | SMS_BIT(SMS_F_QUERY) | SMS_BIT(SMS_F_BODY) |    \
     SMS_BIT(SMS_F_BODY_SHA256))

struct sms_fields {
    const char *value[SMS_FIELDS]; /* UTF-8; NULL is "" */
};

enum sms_escape { SMS_RAW, SMS_ESCAPE_URL, SMS_ESCAPE_FORM, SMS_ESCAPE_XML, SMS_ESCAPE_HEADER };

/* A template: text with {name}, {name:url}, {name:number} and {name?}; "{{" and "}}" are braces.
 * `allowed` is a set of bits.  False with a reason. */
bool sms_template_check(const char *text, uint64_t allowed, char **out_reason);
/* Appends the filled template; false when a {name?} is empty: the whole is to be left out. */
bool sms_template_fill(const char *text, const struct sms_fields *fields, enum sms_escape escape,
                       GString *out);
/* A JSON value whose texts are templates, filled; members to be left out are.  A text that is one
 * {name:number} becomes a number.  NULL: left out. */
json_t *sms_template_json(json_t *tree, const struct sms_fields *fields);
void sms_escape_append(GString *out, const char *text, enum sms_escape escape);

/* --- values and paths (sms_value.c) ------------------------------------------------------------*/

enum sms_type { SMS_TYPE_JSON, SMS_TYPE_XML, SMS_TYPE_FORM, SMS_TYPE_TEXT, SMS_TYPE_NONE };

/* NULL, with a reason, when it cannot be read. */
json_t *sms_value_parse(enum sms_type type, const char *data, size_t len, const char *charset,
                        char **out_reason);
/* "messages.0.id" in `tree`; an index 0 of what is no list is the thing itself. */
json_t *sms_value_at(json_t *tree, const char *path);
/* The text of the first of the paths (a string or a list of them) that says something, in `item`
 * and else in `root`.  g_free() it; NULL: none. */
char *sms_value_text(json_t *item, json_t *root, json_t *paths);
/* The same as millionths of a unit; 0 when it is no number. */
int64_t sms_value_micro(const char *text);

/* --- rules (sms_rules.c) -----------------------------------------------------------------------*/

struct sms_verdict {
    enum fl_outcome outcome;
    enum fl_fault_class fault;
    bool stops; /* the rest of the batch is not begun */
};

struct sms_rule {
    int status_low, status_high; /* 0: any */
    const char *code;            /* NULL: any */
    bool has_match;
    regex_t match;
    struct sms_verdict verdict;
};

struct sms_rules {
    struct sms_rule *items;
    size_t n;
};

/* The first rule that fits; false: none does. */
bool sms_rules_apply(const struct sms_rules *rules, long status, const char *code,
                     const char *detail, struct sms_verdict *out);
/* What an HTTP status means where no rule speaks. */
struct sms_verdict sms_status_verdict(long status);

/* --- mapping (sms_mapping.c) -------------------------------------------------------------------*/

enum sms_auth_type {
    SMS_AUTH_NONE,
    SMS_AUTH_BASIC,
    SMS_AUTH_BEARER,
    SMS_AUTH_HEADER,
    SMS_AUTH_HMAC,
    SMS_AUTH_SECRET
};
enum sms_digest { SMS_SHA256, SMS_SHA1, SMS_SHA512 };
enum sms_encoding { SMS_HEX, SMS_BASE64 };

struct sms_auth {
    int type;   /* enum sms_auth_type */
    int digest; /* enum sms_digest */
    int encoding;
    const char *name;   /* header */
    const char *value;  /* template: what stands in it */
    const char *string; /* template: what is signed */
    const char *time;   /* header of a callback that says when it was signed */
};

struct sms_request {
    bool is_given;
    const char *method, *url; /* url: template */
    const char *content_type, *charset;
    json_t *headers; /* of templates */
    int type;        /* enum sms_type, of the body */
    json_t *body;
    json_t *each; /* one of several recipients */
    int64_t recipients;
    struct sms_auth auth;
};

struct sms_answer {
    int type;
    int status_low, status_high;
    json_t *success_path, *success_equals;
    bool has_success_match;
    regex_t success_match;
    const char *list;
    json_t *match; /* path of the recipient within an element of the list; NULL: in order */
    json_t *reference, *code, *detail, *cost, *currency, *parts;
    struct sms_rules rules;
};

/* A callback, or one element of what was polled. */
struct sms_hook {
    bool is_given;
    const char *path;
    int type;
    const char *list;
    struct sms_auth auth;
    json_t *id, *token, *reference, *code, *detail, *time;
    json_t *from, *to, *text, *charset, *udh, *part, *parts, *group;
    struct sms_rules rules;
    const char *reply; /* body of the answer to the gateway */
};

struct sms_poll {
    struct sms_request request;
    struct sms_hook hook;
    json_t *cursor; /* path in the answer */
    const char *cursor_start;
};

struct sms_mapping {
    json_t *root; /* everything points into it */
    const char *name;
    struct sms_request send, health;
    struct sms_answer answer, health_answer;
    struct sms_hook receipt, inbound;
    struct sms_poll poll_receipts, poll_inbound;
};

/* NULL, with file, line, field and reason in `why`. */
struct sms_mapping *sms_mapping_load(const char *path, struct fl_why *why);
struct sms_mapping *sms_mapping_parse(const char *name, const char *text, size_t len,
                                      struct fl_why *why);
void sms_mapping_destroy(struct sms_mapping **mapping);
bool sms_rules_read(json_t *list, struct sms_rules *out, size_t *out_at, char **out_reason);
void sms_rules_finish(struct sms_rules *rules);

extern const char sms_kannel_mapping[];

/* --- requests (sms_request.c, sms_http.c) ------------------------------------------------------*/

struct sms;

/* One HTTP exchange. */
struct sms_exchange {
    CURL *easy;
    struct curl_slist *headers;
    char *method, *url;
    GString *body;

    bool (*begin)(void *ctx); /* called once, right before the request leaves; false: do not */
    void *ctx;

    int n_begun; /* times the request set out; a second time is not let happen */
    CURLcode result;
    long status;
    GString *answer;
    bool is_too_long;
    char *answer_charset;
    int64_t retry_after_us;
    char trouble[CURL_ERROR_SIZE];
};

/* What stands in every request of this channel. */
void sms_fields_common(const struct sms *self, struct sms_fields *fields);
/* Headers, URL, body and signature; false with a reason when the text does not fit the charset. */
bool sms_request_build(struct sms *self, const struct sms_request *request,
                       struct sms_fields *fields, json_t *recipients, struct sms_exchange *out,
                       char **out_reason);
/* HMAC of `text` as hex or base64.  g_free() it. */
char *sms_hmac(int digest, int encoding, const char *key, const char *text, size_t len);

void sms_exchange_init(struct sms_exchange *exchange);
void sms_exchange_finish(struct sms_exchange *exchange);
bool sms_exchange_start(struct sms *self, struct sms_exchange *exchange);
/* Waits for one that is done; NULL: none is under way. */
struct sms_exchange *sms_exchange_wait(struct sms *self);
/* One alone, from start to end. */
bool sms_exchange_run(struct sms *self, struct sms_exchange *exchange);

/* What became of a request whose answer is not there or not whole. */
enum sms_transport {
    SMS_TRANSPORT_FINE,
    SMS_TRANSPORT_NOT_BEGUN, /* nothing left this machine */
    SMS_TRANSPORT_BROKEN,    /* begun, and not a byte of it left */
    SMS_TRANSPORT_DOUBTFUL
};
enum sms_transport sms_exchange_transport(const struct sms_exchange *exchange);

/* --- the channel -------------------------------------------------------------------------------*/

struct sms {
    struct sms_settings set;
    GStringChunk *strings;
    const struct fl_services *services;
    struct sms_mapping *mapping;
    CURLM *multi;
    int n_under_way;
    int64_t forged_logged_ms; /* when a forged callback was last logged */
    int64_t n_forged;
    bool may_hold_parts; /* parts of long inbound messages may be waiting */
};

#define sms_log(self, ...) plug_log((self)->services, __VA_ARGS__)
int64_t sms_monotonic_ms(void);
bool sms_is_stopping(const struct sms *self);

/* --- out (sms_judge.c, sms_item.c, sms_send.c) -------------------------------------------------*/

struct sms_result {
    struct sms_verdict verdict;
    int32_t code;
    char *detail, *reference, *currency;
    int64_t cost_micro;
    int32_t parts; /* 0: not said */
};

void sms_result_finish(struct sms_result *result);
void sms_result_set(struct sms_result *out, enum fl_outcome outcome, enum fl_fault_class fault,
                    const char *fmt, ...) SMS_PRINTF(4, 5);
/* {"status", "body"}; without body when it cannot be read. */
json_t *sms_answer_read(const struct sms_answer *answer, const struct sms_exchange *exchange);
/* What the answer says of one recipient: element `index` of its list, or the one that names `to`.
 */
void sms_answer_judge(const struct sms_answer *answer, const struct sms_exchange *exchange,
                      json_t *root, size_t index, const char *to, struct sms_result *out);
/* Prepared text and sender of an item, or the report that refuses it. */
struct sms_prepared {
    char *text, *to;
    const char *from;
    struct sms_measure measure;
};
bool sms_item_prepare(const struct sms_settings *set, const struct fl_item *item,
                      struct sms_prepared *out, struct sms_result *refusal);
void sms_prepared_finish(struct sms_prepared *prepared);
enum fl_call sms_deliver(struct sms *self, const struct fl_item *const *items, size_t n_items,
                         struct fl_why *why);

/* --- in (sms_hook.c, sms_join.c, sms_poll.c) ---------------------------------------------------*/

enum fl_call sms_http(struct sms *self, const struct fl_http_request *request,
                      struct fl_http_response *response, struct fl_why *why);
/* One callback or polled element, handed over; false: refused, try it another time. */
bool sms_hand_over_receipt(struct sms *self, const struct sms_hook *hook, json_t *item,
                           json_t *root);
bool sms_hand_over_inbound(struct sms *self, const struct sms_hook *hook, json_t *item,
                           json_t *root);
/* The elements of a callback or page: the list, or the whole when there is none. */
json_t *sms_hook_elements(const struct sms_hook *hook, json_t *root);

struct sms_piece {
    const char *from, *to, *text, *id;
    int64_t at_us;
    unsigned group, part, parts; /* part counts from 1; parts 0 or 1: it is whole */
};
bool sms_inbound_put(struct sms *self, const struct sms_piece *piece);
/* Keeps a part, or hands the whole over when it was the last one. */
bool sms_join_part(struct sms *self, const struct sms_piece *piece);
/* Hands over what has waited too long for its missing parts. */
bool sms_join_expire(struct sms *self);
/* Group, part and parts out of a user data header in hex. */
bool sms_join_udh(const char *hex, struct sms_piece *piece);

enum fl_call sms_collect(struct sms *self, struct fl_why *why);
enum fl_call sms_health(struct sms *self, struct fl_why *why);

#endif
