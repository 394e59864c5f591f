/* Any bytes as a mail: never a crash, always valid UTF-8, always within the named bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "feedback/feedback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_MAX = 64 << 20 };

static void check(const char *s)
{
    if (!s || !fl_utf8_is_valid(s, strlen(s)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    struct fl_inbound inbound = {.size = sizeof inbound,
                                 .kind = FL_INBOUND_MAIL,
                                 .dedupe_key = "k",
                                 .data = data,
                                 .data_len = size};
    struct fl_feedback_parsed p;

    if (!arena)
        abort();
    if (fl_feedback_parse(arena, &inbound, &p, NULL) == FL_OK) {
        check(p.from_address);
        check(p.to_address);
        check(p.subject);
        check(p.message_id);
        check(p.text);
        check(p.quoted);
        check(p.signature);
        check(p.language);
        for (size_t i = 0; i < p.n_tokens; i++)
            if (strlen(p.tokens[i]) != FL_TOKEN_LEN)
                abort();
        for (size_t i = 0; i < p.n_references; i++)
            check(p.references[i]);
        for (size_t i = 0; i < p.n_recipients; i++) {
            check(p.recipients[i].address);
            check(p.recipients[i].action);
            check(p.recipients[i].status);
            check(p.recipients[i].diagnostic);
            if (p.recipients[i].is_hard && p.recipients[i].fault != FL_FAULT_ADDRESS)
                abort();
        }
        if (p.n_tokens > FL_FEEDBACK_TOKENS_MAX || p.n_references > FL_FEEDBACK_REFERENCES_MAX ||
            p.n_recipients > FL_FEEDBACK_RECIPIENTS_MAX)
            abort();
    }
    fl_arena_destroy(&arena);
    return 0;
}
