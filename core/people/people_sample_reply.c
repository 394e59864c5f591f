#include <string.h>

#include "people/people_sample_private.h"

/* How customers answer, in percent; the rest are bounces. */
static const int shares[FL_SAMPLE_KINDS] = {
    [FL_SAMPLE_COMPLAINT] = 17, [FL_SAMPLE_QUESTION] = 22,  [FL_SAMPLE_PRAISE] = 18,
    [FL_SAMPLE_ORDER] = 12,     [FL_SAMPLE_SUGGESTION] = 8, [FL_SAMPLE_OPT_OUT] = 7,
    [FL_SAMPLE_VACATION] = 8,   [FL_SAMPLE_BOUNCE] = 8,
};

const char *fl_sample_kind_name(enum fl_sample_kind kind)
{
    static const char *const names[FL_SAMPLE_KINDS] = {
        "complaint", "question", "praise", "order", "suggestion", "opt_out", "vacation", "bounce"};

    return (unsigned)kind < FL_SAMPLE_KINDS ? names[kind] : "unknown";
}

static enum fl_sample_kind draw_kind(struct people_random *random)
{
    int at = people_random_below(random, 100), kind = 0;

    while (kind < FL_SAMPLE_BOUNCE && (at -= shares[kind]) >= 0)
        kind++;
    return (enum fl_sample_kind)kind;
}

static enum sample_program draw_program(struct people_random *random, bool is_korean)
{
    enum sample_program program = (enum sample_program)people_random_below(random, SAMPLE_PROGRAMS);

    return program == SAMPLE_NAVER && !is_korean ? SAMPLE_GMAIL : program;
}

static const char *draw_signature(struct sample_answer *a)
{
    const char *name = a->original->customer_name;
    int form = people_random_below(&a->random, 4);

    if (a->program == SAMPLE_IPHONE)
        return a->is_korean ? "나의 iPhone에서 보냄" : "Sent from my iPhone";
    if (!*name || form == 0)
        return "";
    if (form == 1)
        return fl_arena_printf(a->arena, "-- \n%s", name);
    return fl_arena_printf(a->arena, a->is_korean ? "%s 드림" : "%s", name);
}

static const char *draw_words(struct sample_answer *a)
{
    const char *core = people_sample_words(&a->random, a->kind, a->is_korean);
    bool is_short = a->kind == FL_SAMPLE_OPT_OUT || a->kind == FL_SAMPLE_VACATION;

    a->closing = "";
    if (is_short)
        return core;
    a->closing = people_sample_closing(&a->random, a->is_korean);
    return fl_arena_printf(a->arena, "%s%s", people_sample_greeting(&a->random, a->is_korean),
                           core);
}

enum fl_status fl_people_sample_reply(struct fl_arena *arena, uint64_t seed,
                                      const struct fl_sample_original *original,
                                      struct fl_sample_mail *out, struct fl_error *err)
{
    struct sample_answer answer = {.arena = arena, .original = original, .random = {seed}};

    if (!strchr(original->customer, '@') || !strchr(original->reply_to, '@'))
        return fl_error_set(err, FL_INVALID,
                            "an answer needs the customer's address and where "
                            "to write to");
    people_random_u64(&answer.random); /* neighbouring seeds part ways */
    answer.is_korean = original->language && !strncmp(original->language, "ko", 2);
    answer.kind = draw_kind(&answer.random);
    answer.program = draw_program(&answer.random, answer.is_korean);
    answer.words = answer.kind == FL_SAMPLE_BOUNCE ? "" : draw_words(&answer);
    answer.signature = answer.kind == FL_SAMPLE_VACATION ? "" : draw_signature(&answer);
    if (!answer.words || !answer.signature ||
        (answer.kind != FL_SAMPLE_BOUNCE && !people_sample_compose(&answer)))
        return fl_error_set(err, FL_LIMIT, "out of memory");
    return people_sample_mail(&answer, out, err);
}
