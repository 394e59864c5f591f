/* What a mail server says and what a customer sends, in any cut: the dialogue read along, the
 * reply parsed and classed, the key of a received message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/email/email_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 65536 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void dialogue(const char *text, size_t size)
{
    struct email_wire wire;
    size_t step = size ? 1 + (unsigned char)text[0] % 64 : 1;
    char *copy = g_memdup2(text, size ? size : 1);

    email_wire_init(&wire, 60000);
    email_wire_watch("EHLO x\r\n", 8, 1, &wire);
    for (size_t off = 0; off < size; off += step) {
        size_t n = size - off < step ? size - off : step;

        if (off / step % 7 == 3)
            email_wire_watch("AUTH PLAIN x\r\n", 14, 1, &wire);
        if (off / step % 11 == 5)
            wire.is_after_body = true;
        email_wire_watch(copy + off, (int)n, 0, &wire);
        check(wire.line_len < sizeof wire.line);
        check(wire.last.code >= 0 && wire.last.code <= 999);
    }
    g_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum email_stage stages[] = {EMAIL_STAGE_MAIL, EMAIL_STAGE_RCPT, EMAIL_STAGE_DATA};
    struct email_reply reply;
    char key[256];
    char *text;

    if (size > INPUT_MAX)
        return 0;
    text = g_strndup((const char *)data, size);
    dialogue(text, size);
    if (email_reply_parse(text, &reply)) {
        for (size_t i = 0; i < G_N_ELEMENTS(stages); i++) {
            struct email_verdict verdict = email_classify(stages[i], &reply);

            check(verdict.outcome == FL_OUTCOME_DEFERRED || reply.code / 100 == 5);
            check(verdict.fault != FL_FAULT_NONE);
        }
    }
    email_dedupe_key(key, sizeof key, (const char *)data, size);
    check(strncmp(key, "mail:", 5) == 0);
    for (const char *p = key; *p; p++)
        check(g_ascii_isgraph(*p));
    (void)email_address_is_safe(text);
    g_free(text);
    return 0;
}
