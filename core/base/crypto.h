/* Digests, keyed digests, random bytes and base32, over OpenSSL and getrandom(2). */
#ifndef FL_BASE_CRYPTO_H
#define FL_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { FL_SHA256_SIZE = 32, FL_SHA256_HEX_SIZE = 65 };

void fl_sha256(const void *data, size_t len, unsigned char out[FL_SHA256_SIZE]);
void fl_sha256_hex(const void *data, size_t len, char out[FL_SHA256_HEX_SIZE]);

/* HMAC-SHA256 with a key prepared once (about 0.4 us a call); not shared between threads. */
struct fl_hmac;
struct fl_hmac *fl_hmac_create(const void *key, size_t key_len);
void fl_hmac_destroy(struct fl_hmac **hmac);
bool fl_hmac_compute(struct fl_hmac *hmac, const void *data, size_t len,
                     unsigned char out[FL_SHA256_SIZE]);

/* Aborts when the kernel gives no randomness: nothing safe can be done without. */
void fl_random_bytes(void *out, size_t len);
uint64_t fl_random_u64(void);

/* RFC 4648 base32, lower case, no padding.  Encoded length is ceil(len * 8 / 5). */
#define FL_BASE32_LEN(len) (((len)*8 + 4) / 5)
void fl_base32_encode(const void *data, size_t len, char *out); /* out: FL_BASE32_LEN + 1 bytes */
/* Any letter case; false on a foreign character, a wrong length or stray final bits. */
bool fl_base32_decode(const char *text, size_t text_len, void *out, size_t out_len);

#endif
