#include "base/crypto.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct fl_hmac {
    EVP_MAC_CTX *ctx;
};

void fl_sha256(const void *data, size_t len, unsigned char out[FL_SHA256_SIZE])
{
    if (!EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL))
        abort(); /* only on memory exhaustion */
}

void fl_sha256_hex(const void *data, size_t len, char out[FL_SHA256_HEX_SIZE])
{
    unsigned char digest[FL_SHA256_SIZE];

    fl_sha256(data, len, digest);
    for (int i = 0; i < FL_SHA256_SIZE; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

struct fl_hmac *fl_hmac_create(const void *key, size_t key_len)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    struct fl_hmac *hmac = calloc(1, sizeof *hmac);

    if (mac && hmac)
        hmac->ctx = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    if (!hmac || !hmac->ctx || !EVP_MAC_init(hmac->ctx, key, key_len, params)) {
        fl_hmac_destroy(&hmac);
        return NULL;
    }
    return hmac;
}

void fl_hmac_destroy(struct fl_hmac **hmac)
{
    if (!*hmac)
        return;
    EVP_MAC_CTX_free((*hmac)->ctx);
    free(*hmac);
    *hmac = NULL;
}

bool fl_hmac_compute(struct fl_hmac *hmac, const void *data, size_t len,
                     unsigned char out[FL_SHA256_SIZE])
{
    size_t out_len;

    /* A NULL key starts a new computation with the key given at creation. */
    return EVP_MAC_init(hmac->ctx, NULL, 0, NULL) && EVP_MAC_update(hmac->ctx, data, len) &&
           EVP_MAC_final(hmac->ctx, out, &out_len, FL_SHA256_SIZE);
}

void fl_random_bytes(void *out, size_t len)
{
    unsigned char *p = out;

    while (len) {
        ssize_t n = getrandom(p, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort();
        p += n;
        len -= (size_t)n;
    }
}

uint64_t fl_random_u64(void)
{
    uint64_t v;

    fl_random_bytes(&v, sizeof v);
    return v;
}

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

void fl_base32_encode(const void *data, size_t len, char *out)
{
    const unsigned char *p = data;
    uint32_t bits = 0;
    int n_bits = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | p[i];
        n_bits += 8;
        while (n_bits >= 5) {
            n_bits -= 5;
            *out++ = alphabet[bits >> n_bits & 31];
        }
    }
    if (n_bits)
        *out++ = alphabet[bits << (5 - n_bits) & 31];
    *out = '\0';
}

static int digit_of(char c)
{
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= '2' && c <= '7')
        return c - '2' + 26;
    return -1;
}

bool fl_base32_decode(const char *text, size_t text_len, void *out, size_t out_len)
{
    unsigned char *p = out;
    uint32_t bits = 0;
    int n_bits = 0;

    if (text_len != FL_BASE32_LEN(out_len))
        return false;
    for (size_t i = 0; i < text_len; i++) {
        int digit = digit_of(text[i]);

        if (digit < 0)
            return false;
        bits = bits << 5 | (uint32_t)digit;
        n_bits += 5;
        if (n_bits >= 8) {
            n_bits -= 8;
            *p++ = (unsigned char)(bits >> n_bits);
        }
    }
    return (bits & ((1u << n_bits) - 1)) == 0;
}
