/* sign-token DATA_DIR KIND MESSAGE [MEDIUM]: the token of this kind (page, survey, unsubscribe,
 * click, open) that a gateway with this data folder would print on a message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"

static const struct {
    const char *name;
    enum fl_token_kind kind;
} kinds[] = {{"page", FL_TOKEN_PAGE},
             {"survey", FL_TOKEN_SURVEY},
             {"unsubscribe", FL_TOKEN_UNSUBSCRIBE},
             {"click", FL_TOKEN_CLICK},
             {"open", FL_TOKEN_OPEN}};

int main(int argc, char **argv)
{
    struct fl_token token = {.medium = FL_MEDIUM_EMAIL};
    struct fl_token_keys *keys = NULL;
    char text[FL_TOKEN_SIZE];
    struct fl_error err = {.text = "usage: sign-token DATA_DIR KIND MESSAGE [MEDIUM]"};

    for (size_t i = 0; argc >= 4 && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, argv[2]) == 0)
            token.kind = kinds[i].kind;
    if (argc >= 4)
        token.message_id = strtoll(argv[3], NULL, 10);
    if (!token.kind || (argc > 4 && !fl_medium_parse(argv[4], &token.medium)) ||
        fl_keys_open(argv[1], false, &keys, &err) || fl_token_sign(keys, &token, text, &err)) {
        fprintf(stderr, "sign-token: %s\n", err.text);
        fl_token_keys_destroy(&keys);
        return EXIT_FAILURE;
    }
    puts(text);
    fl_token_keys_destroy(&keys);
    return EXIT_SUCCESS;
}
