/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The e-mail channel: what its files share.
 *
 *   email.c          descriptor, option table, open and close
 *   email_options.c  options to settings, with every check that needs no network
 *   email_header.c   header fields: encoded, folded
 *   email_mime.c     an item to an RFC 5322 message, CRLF and 7 bit
 *   email_class.c    an SMTP reply to outcome and fault class, by one table
 *   email_smtp.c     one libesmtp session for a batch
 *   email_slot.c     what is reported of each message of it
 *   email_wire.c     the socket below libesmtp: found, tuned, watched, cut
 *   email_tls.c      our own SSL_CTX, and a TLS bridge for implicit TLS
 *   email_maildir.c  Maildir out and in
 *   email_imap.c     IMAP in, by libcurl
 *
 * OWNS  in `struct email`: settings (copied), the SSL_CTX, the IMAP handle, the inotify descriptor.
 * FAILS with a sentence in struct fl_why; GLib ends the process when memory is out, which costs the
 *       host one batch.
 */
#ifndef FL_PLUGIN_EMAIL_PRIVATE_H
#define FL_PLUGIN_EMAIL_PRIVATE_H

#include "../plug/plug.h"
#include <fairline/channel.h>

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMAIL_PRINTF(a, b) __attribute__((format(printf, a, b)))

enum {
    EMAIL_ADDRESS_MAX = 254, /* RFC 5321 4.5.3.1.3 with the brackets taken off */
    EMAIL_LOCAL_MAX = 64,    /* RFC 5321 4.5.3.1.1 */
    EMAIL_TOKEN_LEN = 40,    /* length of a Fairline token */
    EMAIL_NAME_MAX = 200,    /* bytes of the name of a person, a firm, a file */
    EMAIL_LINE_MAX = 998,    /* RFC 5322 2.1.1, without CRLF */
    EMAIL_BATCH_MAX = 100,   /* messages in one SMTP session: past the knee of TLS cost, and a
                                crash leaves no more than this in doubt */
    EMAIL_CALL_TIMEOUT_S = 600,
    EMAIL_CALL_BUDGET_MS = 300000, /* after this a call begins nothing new, so that the host does
                                      not kill it with a batch in doubt */
    EMAIL_COLLECT_PORTION = 200    /* pieces handed over by one collect() */
};

enum email_transport { EMAIL_TRANSPORT_SMTP, EMAIL_TRANSPORT_MAILDIR };
enum email_tls_mode { EMAIL_TLS_NONE, EMAIL_TLS_OPTIONAL, EMAIL_TLS_STARTTLS, EMAIL_TLS_IMPLICIT };
enum email_inbound { EMAIL_INBOUND_NONE, EMAIL_INBOUND_MAILDIR, EMAIL_INBOUND_IMAP };

struct email_settings {
    enum email_transport transport;
    const char *host; /* NULL with transport maildir */
    int port;
    enum email_tls_mode tls;
    const char *user, *password; /* both or neither */
    const char *ca_file;         /* NULL: the system's */
    const char *helo;
    int timeout_ms; /* for each reply of a server */

    const char *domain;
    const char *from_address, *from_name;
    const char *return_local, *reply_local, *unsubscribe_local;
    const char *list_id; /* NULL: none */

    const char *maildir; /* out */
    bool is_maildir_each;

    enum email_inbound inbound;
    const char *inbound_maildir;
    const char *imap_host;
    int imap_port;
    enum email_tls_mode imap_tls;
    const char *imap_user, *imap_password;
    const char *imap_folder, *imap_keyword, *imap_move_to;
    int poll_ms;
    size_t max_size; /* of a message that comes in */
};

struct email_imap;

struct email {
    struct email_settings set;
    GStringChunk *strings; /* what `set` points to */
    const struct fl_services *services;
    SSL_CTX *tls; /* NULL without TLS */
    struct email_imap *imap;
    int inotify_fd; /* -1: none */
};

/* --- email.c: small helpers used everywhere */
#define email_log(self, ...) plug_log((self)->services, __VA_ARGS__)
bool email_is_stopping(const struct email *self);
int64_t email_monotonic_ms(void);
/* The key under which a received message is known: the same bytes give the same key. */
void email_dedupe_key(char *out, size_t out_size, const char *data, size_t len);

/* --- email_options.c */
extern const struct fl_option_spec email_option_specs[];
enum fl_call email_settings_read(const struct fl_option *options, size_t n_options,
                                 GStringChunk *strings, struct email_settings *out,
                                 struct fl_why *why);
/* True for local@domain in printable ASCII that cannot leave an SMTP command or a header. */
bool email_address_is_safe(const char *address);

/* --- email_header.c */
bool email_is_plain_ascii(const char *s);
/* One line of valid UTF-8: control characters become blanks, so nothing can begin a new header; at
 * most `max` bytes, cut between characters.  g_free() it. */
char *email_header_text(const char *text, size_t max);
/* Adds "Name: value", folded before blanks; `value` is ASCII.  A fold is never placed so that a
 * line of blanks alone would stand. */
void email_header_add(GString *out, const char *name, const char *value);
void email_header_add_text(GString *out, const char *name, const char *text);
void email_header_add_address(GString *out, const char *header, const char *display,
                              const char *address);

/* --- email_mime.c */
/* Replaces `out` by the whole message.  False, with a reason, when the item cannot be a message;
 * that is the content's fault. */
bool email_message_build(const struct email_settings *set, const struct fl_item *item,
                         int64_t now_us, GString *out, struct fl_why *why);
/* "bounces+TOKEN@domain", or without the token when there is none. */
char *email_plus_address(const char *local, const char *token, const char *domain);

/* --- email_class.c */
enum email_stage { EMAIL_STAGE_MAIL = 1, EMAIL_STAGE_RCPT = 2, EMAIL_STAGE_DATA = 4 };

struct email_verdict {
    enum fl_outcome outcome;
    enum fl_fault_class fault;
};

struct email_reply {
    int code; /* 0: none */
    int enh_class, enh_subject, enh_detail;
    char text[512]; /* on one line */
};

struct email_verdict email_classify(enum email_stage stage, const struct email_reply *reply);
/* Reads "550 5.1.1 text"; false when it does not begin with a reply code. */
bool email_reply_parse(const char *line, struct email_reply *out);

/* --- email_tls.c */
SSL_CTX *email_tls_create(const struct email_settings *set, struct fl_why *why);
void email_tls_destroy(SSL_CTX **ctx);
/* Why the last handshake with this context was refused; "" when it was not. */
const char *email_tls_trouble(SSL_CTX *ctx);
void email_tls_forget(SSL_CTX *ctx);

struct email_bridge;
/* Puts TLS between `fd` and its peer: shakes hands on the socket, then replaces `fd` by one end of
 * a pair whose other end a thread carries over TLS.  NULL when the handshake fails; `fd` is then
 * still the bare socket. */
struct email_bridge *email_bridge_start(SSL_CTX *ctx, const char *host, int fd, int timeout_ms,
                                        char *trouble, size_t trouble_size);
void email_bridge_finish(struct email_bridge **bridge); /* after `fd` was closed or shut down */

/* --- email_wire.c */
struct email_wire; /* see there */
enum { EMAIL_WIRE_FDS = 256 };

struct email_wire {
    int first_fd; /* lowest descriptor that was free before the session */
    bool was_open[EMAIL_WIRE_FDS];
    int fd; /* the session's; -1: not connected */
    int timeout_ms;
    bool is_cut;
    bool is_slow; /* cut because a reply did not end in time */

    bool is_login_pending, is_logged_in;
    bool is_starttls_pending, is_injected;
    bool is_ehlo_pending;
    int64_t reply_since_ms; /* 0: no reply under way */
    char line[1100];
    size_t line_len;
    struct email_reply last;    /* last complete reply */
    struct email_reply refused; /* last one of 400 and above */
    struct email_reply login;   /* the reply that refused the login */
    bool is_after_body;
    struct email_reply end; /* the first reply after the body of the current message; code -1:
                               there will be none that can be read */
};

void email_wire_init(struct email_wire *wire, int timeout_ms);
/* Finds the descriptor that was connected to `port` since init, and tunes it. */
void email_wire_connected(struct email_wire *wire, int port);
void email_wire_quickack(const struct email_wire *wire);
void email_wire_cut(struct email_wire *wire);
/* Says QUIT where libesmtp would go on, then cuts; `starttls` is NULL where there is none. */
void email_wire_quit(struct email_wire *wire, SSL *starttls);
void email_wire_watch(const char *buf, int len, int writing, void *arg); /* smtp_monitorcb_t */

/* --- transports */
enum fl_call email_smtp_deliver(struct email *self, const struct fl_item *const *items,
                                size_t n_items, struct fl_why *why);
enum fl_call email_smtp_health(struct email *self, struct fl_why *why);
void email_smtp_setup(void); /* once in a process */

enum fl_call email_maildir_deliver(struct email *self, const struct fl_item *const *items,
                                   size_t n_items, struct fl_why *why);
enum fl_call email_maildir_collect(struct email *self, struct fl_why *why);
enum fl_call email_maildir_health(const char *path, struct fl_why *why);
void email_maildir_watch(struct email *self); /* sets inotify_fd where it can */

struct email_imap *email_imap_create(struct email *self, struct fl_why *why);
void email_imap_destroy(struct email_imap **imap);
enum fl_call email_imap_collect(struct email_imap *imap, struct fl_why *why);
enum fl_call email_imap_health(struct email_imap *imap, struct fl_why *why);

#endif
