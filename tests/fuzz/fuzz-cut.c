/* Any text through the cutter: every byte that is not white space comes out exactly once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "feedback/feedback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_MAX = 64 << 20 };

static size_t count_full(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += !strchr(" \t\r\n", *s);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    struct fl_feedback_cut cut;
    char *body;
    const char *html;

    if (!arena || !(body = fl_arena_strndup(arena, (const char *)data, size)))
        abort();
    if (fl_utf8_is_valid(body, strlen(body)) && fl_feedback_cut(arena, body, &cut, NULL) == FL_OK &&
        count_full(body) !=
            count_full(cut.text) + count_full(cut.quoted) + count_full(cut.signature))
        abort();
    if (fl_feedback_html_text(arena, body, strlen(body), &html, NULL) == FL_OK &&
        !fl_utf8_is_valid(html, strlen(html)))
        abort();
    fl_arena_destroy(&arena);
    return 0;
}
