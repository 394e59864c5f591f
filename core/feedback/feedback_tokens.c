/* Candidates for our token and the messages a mail refers to, in order of trust. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "feedback/feedback_private.h"

struct list {
    struct fl_arena *arena;
    const char **items;
    size_t n, max;
    bool has_failed;
};

static void add(struct list *list, const char *s, size_t len)
{
    char *copy;

    if (list->n == list->max)
        return;
    for (size_t i = 0; i < list->n; i++)
        if (strlen(list->items[i]) == len && strncasecmp(list->items[i], s, len) == 0)
            return;
    copy = fl_arena_strndup(list->arena, s, len);
    if (!copy) {
        list->has_failed = true;
        return;
    }
    list->items[list->n++] = copy;
}

static void add_tokens(struct list *list, const char *text)
{
    const char *token;
    size_t pos = 0, len = text ? strlen(text) : 0;

    while (list->n < list->max && fl_token_find(text, len, &pos, &token)) {
        size_t before = list->n;

        add(list, token, FL_TOKEN_LEN);
        if (list->n > before)
            /* Mail systems change the case of local parts; base32 has only one. */
            fl_str_lower_ascii((char *)(uintptr_t)list->items[before]);
    }
}

static void add_field_tokens(struct list *list, const struct fl_feedback_fields *fields,
                             const char *const *names)
{
    for (; *names; names++)
        for (size_t i = 0; i < fields->n_items; i++)
            if (strcasecmp(fields->items[i].name, *names) == 0)
                add_tokens(list, fields->items[i].value);
}

enum fl_status fl_feedback_tokens(struct fl_arena *arena, const struct fl_feedback_mail *mail,
                                  const char *to_address, struct fl_feedback_parsed *out,
                                  struct fl_error *err)
{
    static const char *const envelope[] = {"Delivered-To",
                                           "X-Original-To",
                                           "Envelope-To",
                                           "X-Envelope-To",
                                           "X-Delivered-To",
                                           "To",
                                           "Cc",
                                           NULL};
    static const char *const thread[] = {"In-Reply-To", "References", NULL};
    static const char *const embedded[] = {"Message-ID", "Reply-To", "Return-Path",
                                           "List-Unsubscribe", NULL};
    struct list list = {.arena = arena, .max = FL_FEEDBACK_TOKENS_MAX};

    list.items = FL_ARENA_ARRAY(arena, const char *, list.max);
    if (!list.items)
        return fl_feedback_no_memory(err);
    add_tokens(&list, to_address);
    add_field_tokens(&list, &mail->fields, envelope);
    add_tokens(&list, mail->delivery_status);
    add_field_tokens(&list, &mail->fields, thread);
    add_tokens(&list, mail->feedback_report);
    add_tokens(&list, mail->disposition);
    add_field_tokens(&list, &mail->original, embedded);
    add_tokens(&list, mail->text);
    add_tokens(&list, mail->links);
    if (list.has_failed)
        return fl_feedback_no_memory(err);
    out->tokens = list.items;
    out->n_tokens = list.n;
    return FL_OK;
}

/* Message ids in <angle brackets>. */
static void add_ids(struct list *list, const char *value)
{
    while ((value = strchr(value, '<'))) {
        size_t len = strcspn(value, "> ");

        if (value[len] == '>' && len > 3)
            add(list, value + 1, len - 1);
        value += len;
    }
}

/* The newest first: the direct parent, then the thread backwards. */
enum fl_status fl_feedback_references(struct fl_arena *arena, const struct fl_feedback_mail *mail,
                                      struct fl_feedback_parsed *out, struct fl_error *err)
{
    struct list list = {.arena = arena, .max = FL_FEEDBACK_REFERENCES_MAX};
    const char *references = fl_feedback_field(&mail->fields, "References"), *end;

    list.items = FL_ARENA_ARRAY(arena, const char *, list.max);
    if (!list.items)
        return fl_feedback_no_memory(err);
    add_ids(&list, fl_feedback_field(&mail->fields, "In-Reply-To"));
    end = references + strlen(references);
    while (end > references && list.n < list.max) {
        const char *open = memrchr(references, '<', (size_t)(end - references));

        if (!open)
            break;
        if (memchr(open, '>', (size_t)(end - open))) {
            size_t len = (size_t)((const char *)memchr(open, '>', (size_t)(end - open)) - open);

            if (len > 3)
                add(&list, open + 1, len - 1);
        }
        end = open;
    }
    if (list.has_failed)
        return fl_feedback_no_memory(err);
    out->references = list.items;
    out->n_references = list.n;
    return FL_OK;
}
