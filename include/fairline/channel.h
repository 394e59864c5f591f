/* SPDX-License-Identifier: MIT
 *
 * fairline/channel.h - the contract between Fairline and a channel plugin.
 *
 * A plugin is one shared object that exports one function,
 * fairline_channel_v1(), which returns a constant descriptor.  It is loaded
 * into a process of its own (fairline-host), one process per worker of a
 * configured channel.  It links to nothing of Fairline: what it needs from its
 * host arrives as a table of services.
 *
 * Calls
 *   All calls into a plugin are single-threaded and may block.  The host holds
 *   the deadlines: a call that does not come back is killed with its process,
 *   and costs the items it had in hand, nothing else.
 *   check, preview (pure) -> open -> { deliver | collect | http | lookup | health }* -> close
 *
 * Memory
 *   What the host passes in lives until the call returns.  What the plugin
 *   passes to a service is copied before the service returns.  No pointer is
 *   freed on the other side.
 *
 * Growth
 *   Every struct that crosses begins with its size and grows only at its end.
 *   Read a member of a struct from the other side only where FL_HAS() says it
 *   is there.  The minor version counts additions, the major version breaks.
 */
#ifndef FAIRLINE_CHANNEL_H
#define FAIRLINE_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FL_CHANNEL_MAGIC     UINT32_C(0x464c4348) /* "FLCH" */
#define FL_CHANNEL_ABI_MAJOR 1
#define FL_CHANNEL_ABI_MINOR 1

/* True where a struct that says its size in its first member holds `member`. */
#define FL_HAS(ptr, member)                                                                        \
    ((ptr)->size >= offsetof(__typeof__(*(ptr)), member) + sizeof((ptr)->member))

/* --- options ----------------------------------------------------------------------------------
 * A plugin says which settings it takes; Fairline reads them from the
 * configuration, refuses what does not fit with file and line, prints them in
 * `fairline plugin show`, and hands them over typed. */

enum fl_option_type {
    FL_OPTION_STRING = 1,
    FL_OPTION_INT,      /* int64 within min..max (both 0: any) */
    FL_OPTION_BOOL,     /* yes/no, true/false, on/off */
    FL_OPTION_DURATION, /* "500ms" "30s" "15m" "4h" "2d"; microseconds in `number` */
    FL_OPTION_SIZE,     /* "64k" "10M"; bytes in `number` */
    FL_OPTION_ENUM,     /* one of `choices`, a list separated by '|'; the index in `number` */
    FL_OPTION_PATH,     /* absolute path; the host's sandbox lets the plugin read and write there */
    FL_OPTION_URL,
    FL_OPTION_HOSTPORT /* "host:port"; host in `text`, port in `number` */
};

enum fl_option_flags {
    FL_OPTION_REQUIRED = 1 << 0,
    FL_OPTION_SECRET = 1 << 1, /* given as a file reference (NAME_file); never shown or logged */
    FL_OPTION_RELOAD = 1 << 2  /* a change takes effect by reload, without losing the queue */
};

struct fl_option_spec {
    const char *name; /* lower case with underscores; NULL ends a table */
    enum fl_option_type type;
    const char *default_text; /* as it would stand in the file; NULL: none */
    int64_t min, max;
    const char *choices;
    unsigned flags;
    const char *help; /* one line */
};

struct fl_option {
    const char *name;
    const char *text; /* the value as text; NULL when not given and without default */
    int64_t
        number; /* INT, BOOL (0/1), DURATION (us), SIZE (bytes), ENUM (index), HOSTPORT (port) */
};

/* --- outcomes ---------------------------------------------------------------------------------
 * An outcome says what happened to one item, a class says whose doing it was. */

enum fl_outcome {
    FL_OUTCOME_NOT_TRIED = 0, /* nothing irrevocable was begun: safe to try again */
    FL_OUTCOME_ACCEPTED,      /* the peer took responsibility; final unless a receipt follows */
    FL_OUTCOME_DELIVERED,     /* the customer's device or mailbox has it */
    FL_OUTCOME_DEFERRED,      /* refused for now; try again later */
    FL_OUTCOME_BOUNCED,       /* refused for good because of this address or mailbox */
    FL_OUTCOME_FAILED,        /* refused for good for another reason (see the class) */
    FL_OUTCOME_UNCERTAIN      /* begun, and nobody can tell whether it happened */
};

enum fl_fault_class {
    FL_FAULT_NONE = 0,
    FL_FAULT_ADDRESS,   /* no such address: suppresses it */
    FL_FAULT_MAILBOX,   /* full, disabled for now */
    FL_FAULT_CONTENT,   /* too large, refused for what it says */
    FL_FAULT_POLICY,    /* blocked, reputation, consent at the peer */
    FL_FAULT_OUR_SIDE,  /* login, configuration, our own fault */
    FL_FAULT_THROTTLED, /* slow down */
    FL_FAULT_TRANSIENT, /* network, peer restarting */
    FL_FAULT_UNKNOWN
};

/* --- outward: messages -------------------------------------------------------------------------*/

struct fl_part {
    uint32_t size;
    const char *type; /* "text/plain", "text/html", "text/markdown", ... text is UTF-8 */
    const char *name; /* file name of an attachment; NULL for a body */
    const void *data;
    size_t data_len;
};

/* One message to one customer.  Text is UTF-8. */
struct fl_item {
    uint32_t size;
    uint32_t attempt;   /* 1 for the first try */
    int64_t message_id; /* Fairline's identity of the message, the same on every try */
    const char
        *to_address;          /* normalised: e-mail address, E.164 number; a postal address is lines
                                 separated by '\n', of which the last is the country (ISO 3166, two
                                 letters) and the one before it the postcode ("" where there is none) */
    const char *to_name;      /* may be "" */
    const char *language;     /* BCP 47 */
    const char *subject;      /* may be "" */
    const char *sender_name;  /* "" : the channel's own */
    const char *token_return; /* signed tokens, 40 characters each */
    const char *token_reply;
    const char *token_identity;
    const char *token_unsubscribe;
    const char *unsubscribe_url; /* "" when there are no public pages */
    const char *campaign;        /* name, for the peer's bookkeeping */
    const struct fl_part *const *parts;
    size_t n_parts;
    const char *in_reply_to; /* the customer's message this one answers; "" for none */
    /* since 1.1 */
    const char *token_card; /* to be printed as a code: what is sent or scanned back carries it */
    const char *page_url;   /* the customer's page of this message, short where characters cost
                               money; "" when there are no public pages */
    const char *survey;     /* JSON array of questions, "" for none:
                               {"key", "type": scale|choice|choices|text, "min", "max", "text",
                                "options": [{"key", "label"}]}; a scale's options label some of its
                                numbers */
};

struct fl_report {
    uint32_t size;
    uint32_t item; /* index within the batch */
    enum fl_outcome outcome;
    enum fl_fault_class fault;
    int32_t code;             /* the peer's own number (SMTP 550, HTTP 503); 0: none */
    const char *status;       /* RFC 3463 "5.1.1" or ""; NULL is "" */
    const char *detail;       /* the peer's words, or ours; NULL is "" */
    const char *provider_ref; /* the peer's reference, for receipts and lookup; NULL is "" */
    int64_t cost_micro;       /* millionths of the currency unit; 0: free or unknown */
    const char *currency;     /* ISO 4217 or NULL */
    int32_t units;            /* SMS parts, fax pages, sheets */
    int64_t retry_after_us;   /* for DEFERRED: the peer's wish, 0: ours */
};

/* --- inward: what comes back -------------------------------------------------------------------*/

enum fl_inbound_kind {
    FL_INBOUND_MAIL = 1, /* a whole RFC 5322 message */
    FL_INBOUND_TEXT,     /* an SMS, a chat message, a form: UTF-8 text */
    FL_INBOUND_IMAGE,    /* a received fax or scan; `content_type` says which */
    FL_INBOUND_FORM      /* a JSON object of fields and answers, as below */
};

/* A form, whatever it was filled in on - page, fax, card, somebody else's web site.  All members
 * may be missing; unknown ones are kept as evidence and not looked at. token        of the message
 * it answers answers      object by key of the question: a number, the key of an option, an array
 * of such keys, or words boxes        the same read off paper: object by place of the question,
 * from "1" on: array of the places, from 1 on, of the boxes that are marked text         the
 * customer's own words is_opt_out   true: wants no more of this preferences  [{"purpose", "medium",
 * "state": "granted"|"withdrawn"}] name, reply_to, subject details      object of what a person may
 * want to see: pages, called number, ...
 */

/* One raw piece, handed over as it came. */
struct fl_inbound {
    uint32_t size;
    enum fl_inbound_kind kind;
    const char *dedupe_key;   /* the same piece gives the same key, always */
    const char *content_type; /* may be NULL */
    const void *data;
    size_t data_len;
    const char *from_address; /* as the peer says; NULL: see data */
    const char *to_address;   /* the address it was sent to, with token; NULL: see data */
    int64_t received_us;      /* 0: now */
    int is_authenticated;     /* the peer has proved who it is (signature, client certificate) */
    /* since 1.1 */
    const char *form; /* what the plugin has read off an image or text: JSON as of FL_INBOUND_FORM;
                         NULL: nothing */
    const struct fl_part *const *attachments; /* kept beside the piece: a page as image/png */
    size_t n_attachments;
};

/* News about an earlier message: delivery receipts, opens, clicks, returned letters. */
enum fl_receipt_kind {
    FL_RECEIPT_OUTCOME = 1, /* `report` says what became of it */
    FL_RECEIPT_CLICK,
    FL_RECEIPT_OPEN
};

struct fl_receipt {
    uint32_t size;
    enum fl_receipt_kind kind;
    const char *dedupe_key;
    const char *token;        /* ours, where the peer gives it back; else NULL */
    const char *provider_ref; /* else this */
    struct fl_report report;  /* `item` is not used */
    int64_t at_us;
    int is_authenticated;
    const char *target; /* the link of a click */
};

/* ---- HTTP: requests under the channel's own path ----------------------------------------------*/

struct fl_http_field {
    const char *name; /* lower case */
    const char *value;
};

struct fl_http_request {
    uint32_t size;
    const char *method;
    const char *path; /* below the channel's prefix, begins with '/' */
    const struct fl_http_field *query;
    size_t n_query;
    const struct fl_http_field *headers;
    size_t n_headers;
    const void *body;
    size_t body_len;
    const char *peer_address;
};

struct fl_http_response {
    uint32_t size;
    int32_t status;           /* 0: the host answers 500 */
    const char *content_type; /* NULL: text/plain; charset=utf-8 */
    const void *body;         /* copied when the call returns */
    size_t body_len;
    const char *location; /* for 3xx */
    /* since 1.1 */
    const struct fl_http_field *headers; /* further ones */
    size_t n_headers;
};

/* ---- services: what the host does for a plugin ------------------------------------------------*/

enum fl_level { FL_LEVEL_ERROR = 3, FL_LEVEL_WARN = 4, FL_LEVEL_INFO = 6, FL_LEVEL_DEBUG = 7 };

struct fl_services {
    uint32_t size;
    void *host; /* the first argument of every service */

    void (*log)(void *host, enum fl_level level, const char *message);
    int64_t (*now_us)(void *host); /* use this clock, not the system's */

    /* During deliver(): says what became of one item, at once, in any order.  An item without a
     * report when deliver() returns counts as UNCERTAIN.  Non-zero: stop, nobody is listening. */
    int (*report)(void *host, const struct fl_report *report);

    /* During collect(), http(): hands over a raw piece.  Non-zero: refused, try it another time. */
    int (*inbound)(void *host, const struct fl_inbound *inbound);
    int (*receipt)(void *host, const struct fl_receipt *receipt);

    /* Blocks until everything handed over so far is durably stored.  Acknowledge to the peer
     * (mark, move, answer 200) only after this returned 0. */
    int (*commit)(void *host);

    /* Non-zero when the host wants to stop; look between two items. */
    int (*is_stopping)(void *host);

    /* A few small values that outlive the process (a cursor, a UIDVALIDITY); at most 64 keys of
     * 64 bytes with 4 KiB each.  recall() copies up to `cap` bytes and returns the length, or -1.
     */
    int (*remember)(void *host, const char *key, const void *data, size_t len);
    long (*recall)(void *host, const char *key, void *data, size_t cap);

    /* since 1.1
     * During deliver(): the irrevocable act for this item (index within the batch) comes next.  A
     * plugin that calls it for every item is believed when its process dies: what it has not begun
     * is tried again, and only what it had begun and not reported is doubtful.  Non-zero: do not
     * begin, nobody is listening.  Does not block. */
    int (*begin)(void *host, uint32_t item);
};

/* --- the descriptor ----------------------------------------------------------------------------*/

enum fl_capability {
    FL_CAN_DELIVER = 1 << 0,
    FL_CAN_COLLECT = 1 << 1,
    FL_CAN_RECEIPTS = 1 << 2, /* outcomes may follow after ACCEPTED */
    FL_CAN_HTTP = 1 << 3,
    FL_CAN_LOOKUP = 1 << 4,
    FL_CAN_HEALTH = 1 << 5,
    FL_ONE_WAY = 1 << 6, /* collects nothing; shown to the marketer */
    FL_DEDUPES = 1 << 7, /* the same identity sent twice reaches the customer as one: an UNCERTAIN
                            item is sent again; without this it is held for a person */
    FL_COSTS_MONEY = 1 << 8, /* never resent without a person's word */
    /* since 1.1 */
    FL_CAN_PREVIEW = 1 << 9,
    FL_WANTS_MARKDOWN = 1 << 10, /* lays out pages itself: gets the body as text/markdown too */
    FL_BEGINS = 1 << 11          /* calls services->begin() for every item */
};

struct fl_limits {
    uint32_t size;
    uint32_t batch_max;      /* items a deliver() call may get; at least 1 */
    uint32_t text_max;       /* bytes of a text body; 0: none */
    uint32_t rate_max;       /* items a second a worker may be given; 0: none */
    uint32_t call_timeout_s; /* after this a call is killed; 0: the host's default */
};

/* Results of the calls.  On FL_CALL_FAILED and FL_CALL_RETRY a sentence is put into `why`. */
enum fl_call { FL_CALL_OK = 0, FL_CALL_RETRY, FL_CALL_FAILED, FL_CALL_UNSUPPORTED };

struct fl_why {
    uint32_t size;
    enum fl_fault_class fault;
    char text[512];
};

struct fl_channel_v1 {
    uint32_t magic; /* FL_CHANNEL_MAGIC */
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t size; /* of this struct */
    const char *name;
    const char *version;
    const char *summary; /* one line */
    const char *medium;  /* "email" "sms" "fax" "letter" "web" "push" "other" */
    unsigned capabilities;
    const struct fl_limits *limits;
    const struct fl_option_spec *options;

    /* Looks at the options alone, touches nothing; says which value is wrong and what is expected.
     */
    enum fl_call (*check)(const struct fl_option *options, size_t n_options, struct fl_why *why);

    /* Makes one instance.  The services outlive it. */
    enum fl_call (*open)(const struct fl_option *options, size_t n_options,
                         const struct fl_services *services, void **out_self, struct fl_why *why);

    /* Sends a batch; one report for each item through services->report().  FL_CALL_RETRY: the peer
     * is away; items without a report are then NOT_TRIED. */
    enum fl_call (*deliver)(void *self, const struct fl_item *const *items, size_t n_items,
                            struct fl_why *why);

    /* Fetches what is there, hands it over, commits, acknowledges; returns when there is no more
     * or after a reasonable portion. */
    enum fl_call (*collect)(void *self, struct fl_why *why);

    enum fl_call (*http)(void *self, const struct fl_http_request *request,
                         struct fl_http_response *response, struct fl_why *why);

    /* Descriptors whose readiness means that collect() has something to do; returns how many were
     * written.  *timeout_ms: call collect() at the latest then (-1: the host's interval). */
    size_t (*poll_fds)(void *self, int *fds, size_t max_fds, int *timeout_ms);

    /* What became of these references?  Answers through services->receipt(). */
    enum fl_call (*lookup)(void *self, const char *const *provider_refs, size_t n_refs,
                           struct fl_why *why);

    /* Logs in and out again at the peer, sends nothing. */
    enum fl_call (*health)(void *self, struct fl_why *why);

    void (*close)(void *self);

    /* since 1.1
     * Shows an item as its customer would get it, without sending anything: hands over one part
     * after the other (text/plain, text/html, application/pdf, image/tiff, ...), or, when
     * `wants_picture`, one image/png for each page.  Pure, as check() is. */
    enum fl_call (*preview)(const struct fl_option *options, size_t n_options,
                            const struct fl_item *item, int wants_picture,
                            void (*part)(void *ctx, const struct fl_part *part), void *ctx,
                            struct fl_why *why);
};

#define FL_CHANNEL_ENTRY "fairline_channel_v1"
typedef const struct fl_channel_v1 *(*fl_channel_entry_fn)(void);

#if defined(__GNUC__)
#define FL_CHANNEL_EXPORT __attribute__((visibility("default")))
#else
#define FL_CHANNEL_EXPORT
#endif

/* The one exported function of a plugin. */
FL_CHANNEL_EXPORT const struct fl_channel_v1 *fairline_channel_v1(void);

#ifdef __cplusplus
}
#endif

#endif
