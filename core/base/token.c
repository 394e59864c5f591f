#include "base/token.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

enum { CLAIM_BYTES = 9, MAC_BYTES = 16, TOKEN_BYTES = CLAIM_BYTES + MAC_BYTES, SEAL_BYTES = 10 };

_Static_assert(FL_BASE32_LEN(TOKEN_BYTES) == FL_TOKEN_LEN, "a token is 40 characters");
_Static_assert(FL_BASE32_LEN(SEAL_BYTES) == FL_TOKEN_SEAL_LEN, "a seal is 16 characters");

struct fl_token_keys {
    struct fl_hmac *hmac[FL_TOKEN_KEYS];
    int signing_slot; /* -1: none loaded */
};

static const char *const medium_names[] = {
    [FL_MEDIUM_NONE] = "none", [FL_MEDIUM_EMAIL] = "email",   [FL_MEDIUM_SMS] = "sms",
    [FL_MEDIUM_FAX] = "fax",   [FL_MEDIUM_LETTER] = "letter", [FL_MEDIUM_WEB] = "web",
    [FL_MEDIUM_PUSH] = "push", [FL_MEDIUM_OTHER] = "other",
};

const char *fl_medium_name(enum fl_medium medium)
{
    if ((size_t)medium >= sizeof medium_names / sizeof medium_names[0])
        return "none";
    return medium_names[medium];
}

bool fl_medium_parse(const char *name, enum fl_medium *out)
{
    for (int i = FL_MEDIUM_EMAIL; i <= FL_MEDIUM_OTHER; i++) {
        if (strcmp(name, medium_names[i]) == 0) {
            *out = (enum fl_medium)i;
            return true;
        }
    }
    return false;
}

struct fl_token_keys *fl_token_keys_create(void)
{
    struct fl_token_keys *keys = calloc(1, sizeof *keys);

    if (keys)
        keys->signing_slot = -1;
    return keys;
}

void fl_token_keys_destroy(struct fl_token_keys **keys)
{
    if (!*keys)
        return;
    for (int i = 0; i < FL_TOKEN_KEYS; i++)
        fl_hmac_destroy(&(*keys)->hmac[i]);
    free(*keys);
    *keys = NULL;
}

enum fl_status fl_token_keys_load(struct fl_token_keys *keys, int slot, const unsigned char *key,
                                  struct fl_error *err)
{
    struct fl_hmac *hmac;

    if (slot < 0 || slot >= FL_TOKEN_KEYS)
        return fl_error_set(err, FL_INVALID, "token key slot %d is not in 0..%d", slot,
                            FL_TOKEN_KEYS - 1);
    hmac = fl_hmac_create(key, FL_TOKEN_KEY_BYTES);
    if (!hmac)
        return fl_error_set(err, FL_IO, "could not prepare a token key: no memory");
    fl_hmac_destroy(&keys->hmac[slot]);
    keys->hmac[slot] = hmac;
    keys->signing_slot = slot;
    return FL_OK;
}

static void pack_claim(const struct fl_token *token, int slot, unsigned char out[CLAIM_BYTES])
{
    uint64_t id = (uint64_t)token->message_id;

    /* 63 bits of id, then slot, medium and kind in the last 9. */
    id = id << 1 | ((unsigned)slot >> 1 & 1u);
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(id >> (56 - 8 * i));
    out[8] = (unsigned char)(((unsigned)slot & 1u) << 7 | ((unsigned)token->medium & 7u) << 4 |
                             ((unsigned)token->kind & 15u));
}

static int unpack_claim(const unsigned char in[CLAIM_BYTES], struct fl_token *token)
{
    uint64_t id = 0;

    for (int i = 0; i < 8; i++)
        id = id << 8 | in[i];
    token->message_id = (int64_t)(id >> 1);
    token->medium = (enum fl_medium)(in[8] >> 4 & 7);
    token->kind = (enum fl_token_kind)(in[8] & 15);
    return (int)((id & 1) << 1 | in[8] >> 7);
}

enum fl_status fl_token_sign(struct fl_token_keys *keys, const struct fl_token *token,
                             char out[FL_TOKEN_SIZE], struct fl_error *err)
{
    unsigned char bytes[CLAIM_BYTES + FL_SHA256_SIZE];

    if (keys->signing_slot < 0)
        return fl_error_set(err, FL_NOT_FOUND, "no token key is loaded");
    pack_claim(token, keys->signing_slot, bytes);
    if (!fl_hmac_compute(keys->hmac[keys->signing_slot], bytes, CLAIM_BYTES, bytes + CLAIM_BYTES))
        return fl_error_set(err, FL_IO, "could not sign a token");
    fl_base32_encode(bytes, TOKEN_BYTES, out);
    return FL_OK;
}

enum fl_status fl_token_verify(struct fl_token_keys *keys, const char *text, size_t len,
                               struct fl_token *out, struct fl_error *err)
{
    unsigned char bytes[TOKEN_BYTES], mac[FL_SHA256_SIZE];
    struct fl_token token;
    int slot;

    if (!fl_base32_decode(text, len, bytes, sizeof bytes))
        return fl_error_set(err, FL_INVALID, "not a token");
    slot = unpack_claim(bytes, &token);
    if (!keys->hmac[slot])
        return fl_error_set(err, FL_REJECTED, "token signed with a key that is not loaded");
    if (!fl_hmac_compute(keys->hmac[slot], bytes, CLAIM_BYTES, mac))
        return fl_error_set(err, FL_IO, "could not check a token");
    if (CRYPTO_memcmp(mac, bytes + CLAIM_BYTES, MAC_BYTES) != 0)
        return fl_error_set(err, FL_REJECTED, "token is not signed by us");
    *out = token;
    return FL_OK;
}

/* Over "seal", NUL, the token, NUL and the text: never the bytes a token is signed over.  The text
 * has no bound of its own, so only its digest goes in. */
static bool compute_seal(struct fl_hmac *hmac, const char *token, const char *text,
                         char out[FL_TOKEN_SEAL_LEN + 1])
{
    static const char label[] = "seal";
    unsigned char bytes[sizeof label + FL_TOKEN_SIZE + FL_SHA256_SIZE], mac[FL_SHA256_SIZE];

    memcpy(bytes, label, sizeof label);
    /* A token is read in any case and sealed as it is written. */
    for (int i = 0; i < FL_TOKEN_SIZE; i++)
        bytes[sizeof label + (size_t)i] = (unsigned char)tolower((unsigned char)token[i]);
    fl_sha256(text, strlen(text), bytes + sizeof label + FL_TOKEN_SIZE);
    if (!fl_hmac_compute(hmac, bytes, sizeof bytes, mac))
        return false;
    fl_base32_encode(mac, SEAL_BYTES, out);
    return true;
}

/* The key a token was signed with; NULL where it is none or the key is not loaded. */
static struct fl_hmac *key_of(const struct fl_token_keys *keys, const char *token)
{
    unsigned char bytes[TOKEN_BYTES];
    struct fl_token claim;

    if (strlen(token) != FL_TOKEN_LEN ||
        !fl_base32_decode(token, FL_TOKEN_LEN, bytes, sizeof bytes))
        return NULL;
    return keys->hmac[unpack_claim(bytes, &claim)];
}

enum fl_status fl_token_seal(struct fl_token_keys *keys, const char *token, const char *text,
                             char out[FL_TOKEN_SEAL_LEN + 1], struct fl_error *err)
{
    struct fl_hmac *hmac = key_of(keys, token);

    if (!hmac)
        return fl_error_set(err, FL_INVALID, "a text is sealed beside a token of ours");
    if (!compute_seal(hmac, token, text, out))
        return fl_error_set(err, FL_IO, "could not seal a text");
    return FL_OK;
}

bool fl_token_seal_fits(struct fl_token_keys *keys, const char *token, const char *text,
                        const char *seal)
{
    struct fl_hmac *hmac = key_of(keys, token);
    char expected[FL_TOKEN_SEAL_LEN + 1];

    return hmac && strlen(seal) == FL_TOKEN_SEAL_LEN && compute_seal(hmac, token, text, expected) &&
           CRYPTO_memcmp(expected, seal, FL_TOKEN_SEAL_LEN) == 0;
}

static bool is_token_char(char c)
{
    return isalpha((unsigned char)c) || (c >= '2' && c <= '7');
}

bool fl_token_find(const char *text, size_t len, size_t *pos, const char **out_token)
{
    size_t i = *pos;

    while (i < len) {
        size_t start;

        while (i < len && !is_token_char(text[i]))
            i++;
        start = i;
        while (i < len && is_token_char(text[i]))
            i++;
        if (i - start == FL_TOKEN_LEN) {
            *pos = i;
            *out_token = text + start;
            return true;
        }
    }
    *pos = len;
    return false;
}
