/* SPDX-License-Identifier: MIT
 *
 * The command of the configuration as words, without a shell. */
#include <stdio.h>
#include <string.h>

#include "exec_private.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Takes one word from *in to *out; false when a quotation is left open. */
static bool take_word(const char **in, char **out)
{
    const char *p = *in;
    char quote = 0;

    for (; *p && (quote || !is_blank(*p)); p++) {
        if (quote ? *p == quote : *p == '"' || *p == '\'')
            quote = quote ? 0 : *p;
        else if (*p == '\\' && quote != '\'' && p[1])
            *(*out)++ = *++p;
        else
            *(*out)++ = *p;
    }
    *(*out)++ = '\0';
    *in = p;
    return !quote;
}

bool exec_command_split(const char *text, struct exec_command *out, char why[EXEC_WHY_MAX])
{
    char *to = out->text;
    size_t n = 0;

    if (strlen(text) > EXEC_COMMAND_MAX) {
        snprintf(why, EXEC_WHY_MAX, "command has %zu bytes, expected at most %d", strlen(text),
                 EXEC_COMMAND_MAX);
        return false;
    }
    for (;;) {
        while (is_blank(*text))
            text++;
        if (!*text)
            break;
        if (n == EXEC_ARGS_MAX) {
            snprintf(why, EXEC_WHY_MAX, "command has more than %d words", EXEC_ARGS_MAX);
            return false;
        }
        out->argv[n++] = to;
        if (!take_word(&text, &to)) {
            snprintf(why, EXEC_WHY_MAX, "command ends within a quotation, expected its other mark");
            return false;
        }
    }
    out->argv[n] = NULL;
    if (n == 0 || out->argv[0][0] != '/') {
        snprintf(why, EXEC_WHY_MAX,
                 "command is \"%.200s\", expected to begin with the absolute path of a program",
                 n ? out->argv[0] : "");
        return false;
    }
    return true;
}
