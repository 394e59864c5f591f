/* What the tests of accepting share: a company with one message to one customer on its way. */
#ifndef TESTS_UNIT_FEEDBACK_SCENE_H
#define TESTS_UNIT_FEEDBACK_SCENE_H

#include "../conform/world.h"

#include "feedback/feedback.h"

struct scene {
    struct world world;
    struct fl_token_keys *keys;
    struct fl_feedback_context context;
    int64_t customer, message, address;
};

static struct fl_error err;

static inline bool first_message(void *ctx, const struct fl_message *message)
{
    *(struct fl_message *)ctx = *message;
    return false;
}

static inline void settle(struct scene *s, int64_t id, enum fl_message_state to)
{
    struct fl_message message;
    struct fl_settle step = {.message = id, .to = to, .attempts = 1};

    assert_ok(fl_store_message_get(s->world.store, id, &message, &err));
    step.from = message.state;
    assert_ok(fl_store_message_settle(s->world.store, &step, &err));
}

static inline int setup(void **state)
{
    static const unsigned char key[FL_TOKEN_KEY_BYTES] = {9};
    struct scene *s = calloc(1, sizeof *s);
    struct fl_message message;

    world_init(&s->world, "sqlite");
    world_open(&s->world);
    world_planned(&s->world, 1);
    s->keys = fl_token_keys_create();
    assert_ok(fl_token_keys_load(s->keys, 0, key, &err));
    assert_ok(fl_store_customer_find(s->world.store, "c000000", &s->customer, &err));
    assert_ok(fl_store_message_of(s->world.store, s->customer, 0, first_message, &message, &err));
    s->message = message.id;
    s->address = message.address;
    world_begin(&s->world);
    settle(s, s->message, FL_MESSAGE_ACCEPTED);
    assert_ok(fl_store_event_put(
        s->world.store,
        &(struct fl_event){.message = s->message, .kind = FL_EVENT_ACCEPTED, .at_us = WORLD_NOW},
        NULL, &err));
    world_commit(&s->world);
    s->context = (struct fl_feedback_context){
        .store = s->world.store, .keys = s->keys, .clock = s->world.options.clock};
    *state = s;
    return 0;
}

static inline int teardown(void **state)
{
    struct scene *s = *state;

    fl_token_keys_destroy(&s->keys);
    world_finish(&s->world);
    free(s);
    return 0;
}

/* --- helpers ---------------------------------------------------------------------------------*/

static inline const char *token(struct scene *s, enum fl_token_kind kind)
{
    struct fl_token t = {s->message, FL_MEDIUM_EMAIL, kind};
    char *text = fl_arena_alloc(s->world.arena, FL_TOKEN_SIZE);

    assert_ok(fl_token_sign(s->keys, &t, text, &err));
    return text;
}

static inline struct fl_feedback stored(struct scene *s, int64_t id)
{
    struct fl_feedback feedback;

    assert_true(id > 0);
    assert_ok(fl_store_feedback_get(s->world.store, s->world.arena, id, &feedback, &err));
    return feedback;
}

static inline enum fl_message_state message_state(struct scene *s)
{
    struct fl_message message;

    assert_ok(fl_store_message_get(s->world.store, s->message, &message, &err));
    return message.state;
}

static inline struct fl_customer customer(struct scene *s)
{
    struct fl_customer c;

    assert_ok(fl_store_customer_get(s->world.store, s->world.arena, s->customer, &c, &err));
    return c;
}

static inline enum fl_consent_state consent(struct scene *s)
{
    struct fl_customer c = customer(s);

    return c.n_consents ? c.consents[0].state : FL_CONSENT_NONE;
}

struct count {
    enum fl_event_kind kind;
    int n;
    bool has_evidence;
};

static inline bool count_event(void *ctx, const struct fl_event *event)
{
    struct count *count = ctx;

    if (event->kind == count->kind) {
        count->n++;
        count->has_evidence = event->evidence && strlen(event->evidence) == 64;
    }
    return true;
}

static inline int events(struct scene *s, enum fl_event_kind kind)
{
    struct count count = {.kind = kind};

    assert_ok(fl_store_event_each(s->world.store, s->message, count_event, &count, &err));
    return count.n;
}

#endif
