/* Any bytes as a form (F), a text (T), or as what was read off a picture (I, by the first byte):
 * never a crash, always valid UTF-8, and a form that comes out is read again to the same. */
#include <jansson.h>
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

/* A form that was read holds nothing that would be left out again. */
static void check_again(struct fl_arena *arena, const struct fl_feedback_parsed *first)
{
    struct fl_inbound inbound = {.size = sizeof inbound,
                                 .kind = FL_INBOUND_FORM,
                                 .dedupe_key = "k",
                                 .data = first->form,
                                 .data_len = strlen(first->form)};
    struct fl_feedback_parsed again;
    json_t *a = json_loads(first->form, 0, NULL), *b;

    if (!json_is_object(a) || fl_feedback_parse(arena, &inbound, &again, NULL) != FL_OK)
        abort();
    b = json_loads(again.form, 0, NULL);
    json_object_del(a, "faults");
    if (!json_equal(a, b))
        abort();
    json_decref(a);
    json_decref(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    struct fl_inbound inbound = {
        .size = sizeof inbound, .kind = FL_INBOUND_FORM, .dedupe_key = "k"};
    struct fl_feedback_parsed p;
    char *form = NULL;

    if (!arena)
        abort();
    if (size && data[0] == 'T')
        inbound.kind = FL_INBOUND_TEXT;
    if (size && data[0] == 'I') {
        inbound.kind = FL_INBOUND_IMAGE;
        form = strndup((const char *)data + 1, size - 1);
    }
    inbound.form = form;
    inbound.data = size ? data + 1 : data;
    inbound.data_len = size ? size - 1 : 0;
    if (fl_feedback_parse(arena, &inbound, &p, NULL) == FL_OK) {
        check(p.from_address);
        check(p.to_address);
        check(p.subject);
        check(p.text);
        check(p.language);
        check(p.form);
        if ((size_t)p.kind >= FL_FEEDBACK_KINDS || !(p.confidence >= 0 && p.confidence <= 1))
            abort();
        if (*p.form)
            check_again(arena, &p);
    }
    free(form);
    fl_arena_destroy(&arena);
    return 0;
}
