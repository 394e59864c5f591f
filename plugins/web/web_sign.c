/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signatures: HMAC-SHA256 over "SECONDS.BODY", so that neither can be changed or used again later.
 */
#include "web_private.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAC_SIZE = 32, STAMP_SIZE = 32 };

static void hex_of(const unsigned char *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = '\0';
}

void web_digest_hex(const void *data, size_t len, char out[WEB_SIGNATURE_HEX + 1])
{
    unsigned char digest[MAC_SIZE] = {0};
    unsigned n = sizeof digest;

    EVP_Digest(data, len, digest, &n, EVP_sha256(), NULL);
    hex_of(digest, sizeof digest, out);
}

static bool mac_make(const char *secret, int64_t at_s, const void *body, size_t len,
                     char out[WEB_SIGNATURE_HEX + 1])
{
    char stamp[STAMP_SIZE];
    unsigned char mac[MAC_SIZE];
    size_t mac_len = 0;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", (char *)"SHA256", 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *kind = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = kind ? EVP_MAC_CTX_new(kind) : NULL;
    int stamp_len = snprintf(stamp, sizeof stamp, "%" PRId64 ".", at_s);
    bool is_fine = ctx &&
                   EVP_MAC_init(ctx, (const unsigned char *)secret, strlen(secret), params) == 1 &&
                   EVP_MAC_update(ctx, (const unsigned char *)stamp, (size_t)stamp_len) == 1 &&
                   (!len || EVP_MAC_update(ctx, body, len) == 1) &&
                   EVP_MAC_final(ctx, mac, &mac_len, sizeof mac) == 1 && mac_len == sizeof mac;

    if (is_fine)
        hex_of(mac, sizeof mac, out);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(kind);
    return is_fine;
}

bool web_signature_make(const struct web_secrets *secrets, int64_t at_s, const char *body,
                        size_t len, char out[WEB_SIGNATURE_HEADER_MAX])
{
    char hex[WEB_SIGNATURE_HEX + 1];
    size_t n = (size_t)snprintf(out, WEB_SIGNATURE_HEADER_MAX, "t=%" PRId64, at_s);

    for (int i = 0; i < WEB_SECRETS; i++) {
        if (!secrets->text[i])
            continue;
        if (!mac_make(secrets->text[i], at_s, body, len, hex))
            return false;
        n += (size_t)snprintf(out + n, WEB_SIGNATURE_HEADER_MAX - n, ",v1=%s", hex);
    }
    return true;
}

/* --- reading -----------------------------------------------------------------------------------*/

struct header {
    int64_t at_s;
    char macs[WEB_SIGNATURES_MAX][WEB_SIGNATURE_HEX + 1];
    size_t n;
};

/* Decimal digits and nothing else; seconds of at most 12 digits. */
static bool seconds_read(const char *text, size_t len, int64_t *out)
{
    int64_t value = 0;

    if (!len || len > 12)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return true;
}

static bool header_read(const char *text, struct header *out)
{
    bool has_time = false;

    if (strlen(text) >= WEB_SIGNATURE_HEADER_MAX)
        return false;
    while (*text) {
        size_t len = strcspn(text, ",");

        if (len > 2 && strncmp(text, "t=", 2) == 0) {
            if (has_time || !seconds_read(text + 2, len - 2, &out->at_s))
                return false;
            has_time = true;
        } else if (len > 3 && strncmp(text, "v1=", 3) == 0) {
            if (len - 3 != WEB_SIGNATURE_HEX || out->n == WEB_SIGNATURES_MAX)
                return false;
            memcpy(out->macs[out->n++], text + 3, WEB_SIGNATURE_HEX);
        }
        text += len;
        text += *text == ',';
    }
    return has_time && out->n;
}

/* Every pair is compared, whatever fitted before. */
static bool any_fits(const struct web_secrets *secrets, const struct header *header,
                     const void *body, size_t len)
{
    bool fits = false;

    for (int i = 0; i < WEB_SECRETS; i++) {
        char expected[WEB_SIGNATURE_HEX + 1];

        if (!secrets->text[i] || !mac_make(secrets->text[i], header->at_s, body, len, expected))
            continue;
        for (size_t j = 0; j < header->n; j++)
            fits |= CRYPTO_memcmp(expected, header->macs[j], WEB_SIGNATURE_HEX) == 0;
    }
    return fits;
}

/* The same request gives the same mark, whichever of its signatures it is sent with: the digest of
 * time and body, 64 bits of it. */
static uint64_t mark_of(int64_t at_s, const void *body, size_t len)
{
    unsigned char digest[MAC_SIZE] = {0};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint64_t mark;
    unsigned n = sizeof digest;

    if (ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
        EVP_DigestUpdate(ctx, &at_s, sizeof at_s) == 1 && EVP_DigestUpdate(ctx, body, len) == 1)
        EVP_DigestFinal_ex(ctx, digest, &n);
    EVP_MD_CTX_free(ctx);
    memcpy(&mark, digest, sizeof mark);
    return mark;
}

enum web_signature web_signature_check(const struct web_secrets *secrets, const char *text,
                                       const void *body, size_t len, int64_t now_us,
                                       int64_t window_us, int64_t *out_at_s, uint64_t *out_mark)
{
    struct header header = {0};
    int64_t age_us;

    if (!text || !*text)
        return WEB_SIGNATURE_MISSING;
    if (!header_read(text, &header))
        return WEB_SIGNATURE_GARBLED;
    if (!any_fits(secrets, &header, body, len))
        return WEB_SIGNATURE_FORGED;
    age_us = now_us - header.at_s * WEB_US_PER_S;
    if (age_us > window_us || age_us < -window_us)
        return WEB_SIGNATURE_STALE;
    *out_at_s = header.at_s;
    *out_mark = mark_of(header.at_s, body, len);
    return WEB_SIGNATURE_FITS;
}
