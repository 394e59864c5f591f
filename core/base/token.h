/*
 * The signed token that is on every piece, on every channel.
 *
 *     25 bytes = message id (63 bits) · key slot (2) · medium (3) · kind (4)   72 bits
 *              + HMAC-SHA256 over these, truncated                           128 bits
 *     40 characters of base32, lower case, read in any case
 *
 * It holds no personal data and cannot be guessed; nothing in it expires, what
 * may still be done with it is decided by the message it names.  Four key slots
 * live at once: signing uses the newest, reading accepts all that are loaded,
 * and a retired slot makes its tokens foreign.
 */
#ifndef FL_BASE_TOKEN_H
#define FL_BASE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { FL_TOKEN_LEN = 40, FL_TOKEN_SIZE = FL_TOKEN_LEN + 1, FL_TOKEN_KEYS = 4 };
enum { FL_TOKEN_KEY_BYTES = 32 };

/* What the token is printed on; part of what is signed, so that one cannot stand for another. */
enum fl_token_kind {
    FL_TOKEN_RETURN_PATH = 1, /* VERP address: bounces */
    FL_TOKEN_REPLY,           /* Reply-To address */
    FL_TOKEN_MESSAGE_ID,      /* Message-ID header */
    FL_TOKEN_UNSUBSCRIBE,     /* List-Unsubscribe address and URL */
    FL_TOKEN_CLICK,
    FL_TOKEN_OPEN,
    FL_TOKEN_PAGE,
    FL_TOKEN_SURVEY,
    FL_TOKEN_CARD,    /* letter: QR code and reply card */
    FL_TOKEN_FAX_BACK /* fax: barcode */
};

/* The medium of a channel; also how addresses are classed in the store. */
enum fl_medium {
    FL_MEDIUM_NONE = 0,
    FL_MEDIUM_EMAIL = 1,
    FL_MEDIUM_SMS = 2,
    FL_MEDIUM_FAX = 3,
    FL_MEDIUM_LETTER = 4,
    FL_MEDIUM_WEB = 5,
    FL_MEDIUM_PUSH = 6,
    FL_MEDIUM_OTHER = 7
};

const char *fl_medium_name(enum fl_medium medium); /* "email", ...; "none" */
bool fl_medium_parse(const char *name, enum fl_medium *out);

struct fl_token {
    int64_t message_id;
    enum fl_medium medium;
    enum fl_token_kind kind;
};

struct fl_token_keys; /* a key ring */

struct fl_token_keys *fl_token_keys_create(void);
void fl_token_keys_destroy(struct fl_token_keys **keys);
/* Loads a key of FL_TOKEN_KEY_BYTES into `slot` (0..3); the slot loaded last signs. */
FL_CHECK_RESULT enum fl_status fl_token_keys_load(struct fl_token_keys *keys, int slot,
                                                  const unsigned char *key, struct fl_error *err);

/* Signs; `out` gets FL_TOKEN_LEN characters and a NUL. */
FL_CHECK_RESULT enum fl_status fl_token_sign(struct fl_token_keys *keys,
                                             const struct fl_token *token, char out[FL_TOKEN_SIZE],
                                             struct fl_error *err);

/* FL_INVALID: not a token.  FL_REJECTED: has the shape of one but is not ours. */
FL_CHECK_RESULT enum fl_status fl_token_verify(struct fl_token_keys *keys, const char *text,
                                               size_t len, struct fl_token *out,
                                               struct fl_error *err);

/* Seals a text that travels beside a token (the target of a link), so that nobody can put another
 * in its place: `out` gets 16 characters, 80 bits of HMAC-SHA256 over token and text. */
enum { FL_TOKEN_SEAL_LEN = 16 };
FL_CHECK_RESULT enum fl_status fl_token_seal(struct fl_token_keys *keys, const char *token,
                                             const char *text, char out[FL_TOKEN_SEAL_LEN + 1],
                                             struct fl_error *err);
/* Constant time.  A seal counts as long as the key of its token is loaded. */
bool fl_token_seal_fits(struct fl_token_keys *keys, const char *token, const char *text,
                        const char *seal);

/* Next run of exactly FL_TOKEN_LEN base32 characters in `text` from *pos on that is not part of a
 * longer one; moves *pos past it.  Whether it is ours, only fl_token_verify() tells. */
bool fl_token_find(const char *text, size_t len, size_t *pos, const char **out_token);

#endif
