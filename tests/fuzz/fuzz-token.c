/* Tokens as strangers send them: found in any text, verified, never trusted. */
#include <stdint.h>
#include <stdlib.h>

#include "base/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char key[FL_TOKEN_KEY_BYTES] = {7};
    struct fl_token_keys *keys = fl_token_keys_create();
    struct fl_token token;
    const char *found;
    size_t pos = 0;

    if (!keys || fl_token_keys_load(keys, 0, key, NULL))
        abort();
    while (fl_token_find((const char *)data, size, &pos, &found))
        if (fl_token_verify(keys, found, FL_TOKEN_LEN, &token, NULL) == FL_OK) {
            char again[FL_TOKEN_SIZE];

            /* Whatever verifies must be exactly what we would have signed. */
            if (fl_token_sign(keys, &token, again, NULL))
                abort();
            for (int i = 0; i < FL_TOKEN_LEN; i++)
                if ((found[i] | 32) != (again[i] | 32))
                    abort();
        }
    fl_token_keys_destroy(&keys);
    return 0;
}
