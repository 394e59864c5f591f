#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "dispatch/dispatch_private.h"

/* The parts of what a template sees that come as JSON text from the store. */
static enum fl_status set_json(struct fl_arena *arena, struct fl_data *data, const char *name,
                               const char *json, struct fl_error *err)
{
    struct fl_data *value;
    enum fl_status st;

    if (!json || !*json || strcmp(json, "{}") == 0)
        return FL_OK;
    st = fl_data_of_json(arena, json, strlen(json), &value, err);
    if (st)
        return fl_error_prefix(err, st, "%s", name);
    if (!fl_data_set(arena, data, name, value))
        return fl_error_set(err, FL_LIMIT, "no memory for %s", name);
    return FL_OK;
}

enum fl_status fl_dispatch_data(struct fl_arena *arena, const struct fl_conf *conf,
                                const struct fl_claim_row *row, const char *unsubscribe_url,
                                const struct fl_data **out, struct fl_error *err)
{
    const struct {
        const char *name, *value;
    } strings[] = {
        {"name", row->name},
        {"external_id", row->external_id},
        {"language", row->language},
        {"campaign", row->campaign_name},
        {"stage", row->stage},
        {"organisation", conf->organisation},
        {"postal_address", conf->postal_address},
        {"contact", conf->contact},
        {"unsubscribe_url", unsubscribe_url},
    };
    struct fl_data *data = fl_data_object(arena);
    enum fl_status st;

    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
        if (!data || !fl_data_set_str(arena, data, strings[i].name,
                                      strings[i].value ? strings[i].value : ""))
            return fl_error_set(err, FL_LIMIT, "no memory for the template's values");
    st = set_json(arena, data, "attributes", row->attributes, err);
    if (!st)
        st = set_json(arena, data, "anchors", row->anchors, err);
    if (!st)
        *out = data;
    return st;
}

static void cache_drop(struct cached_content *entry)
{
    fl_content_destroy(&entry->content);
    memset(entry, 0, sizeof *entry);
}

void fl_dispatch_cache_clear(struct fl_dispatch *dispatch)
{
    for (int i = 0; i < CONTENT_CACHE_SIZE; i++)
        cache_drop(&dispatch->cache[i]);
}

/* Compiles a stored version; one that has a fault is remembered as such with the reason. */
static void cache_fill(struct fl_dispatch *dispatch, struct cached_content *entry, int64_t id)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_content_version version;
    struct fl_faults faults;
    struct fl_error err = {0};
    enum fl_status st;

    cache_drop(entry);
    entry->id = id;
    if (!arena) {
        snprintf(entry->why, sizeof entry->why, "no memory");
        return;
    }
    fl_faults_init(&faults, arena);
    st = fl_store_content_get(dispatch->options.store, arena, id, &version, &err);
    if (!st)
        st = fl_content_compile(version.name, version.files, version.n_files, &faults,
                                &entry->content, &err);
    if (st)
        snprintf(entry->why, sizeof entry->why, "%s", err.text);
    fl_arena_destroy(&arena);
}

static struct cached_content *cache_get(struct fl_dispatch *dispatch, int64_t id)
{
    struct cached_content *oldest = &dispatch->cache[0];

    for (int i = 0; i < CONTENT_CACHE_SIZE; i++) {
        struct cached_content *entry = &dispatch->cache[i];

        if (entry->id == id) {
            entry->used = ++dispatch->cache_clock;
            return entry;
        }
        if (entry->used < oldest->used)
            oldest = entry;
    }
    cache_fill(dispatch, oldest, id);
    oldest->used = ++dispatch->cache_clock;
    return oldest;
}

static enum fl_status sign(struct fl_dispatch *dispatch, struct fl_arena *arena, int64_t message,
                           enum fl_medium medium, enum fl_token_kind kind, const char **out,
                           struct fl_error *err)
{
    const struct fl_token token = {message, medium, kind};
    char *text = fl_arena_alloc(arena, FL_TOKEN_SIZE);
    enum fl_status st;

    if (!text)
        return fl_error_set(err, FL_LIMIT, "no memory for a token");
    st = fl_token_sign(dispatch->options.keys, &token, text, err);
    if (!st)
        *out = text;
    return st;
}

static enum fl_status sign_all(struct fl_dispatch *dispatch, struct fl_arena *arena,
                               const struct channel *channel, int64_t message, struct fl_item *item,
                               struct fl_error *err)
{
    const struct {
        enum fl_token_kind kind;
        const char **out;
    } tokens[] = {
        {FL_TOKEN_RETURN_PATH, &item->token_return},
        {FL_TOKEN_REPLY, &item->token_reply},
        {FL_TOKEN_MESSAGE_ID, &item->token_identity},
        {FL_TOKEN_UNSUBSCRIBE, &item->token_unsubscribe},
    };

    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        enum fl_status st =
            sign(dispatch, arena, message, channel->medium, tokens[i].kind, tokens[i].out, err);

        if (st)
            return st;
    }
    return FL_OK;
}

static bool add_part(struct fl_arena *arena, const struct fl_part **parts, size_t *n,
                     const char *type, const char *data, size_t len)
{
    struct fl_part *part = FL_ARENA_NEW(arena, struct fl_part);

    if (!part)
        return false;
    part->size = sizeof *part;
    part->type = type;
    part->data = data;
    part->data_len = len;
    parts[(*n)++] = part;
    return true;
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

static enum fl_status put_rendering(struct fl_arena *arena, struct fl_item *item,
                                    const struct fl_content_rendering *rendering,
                                    struct fl_error *err)
{
    const struct fl_part **parts = FL_ARENA_ARRAY(arena, const struct fl_part *, 2);
    bool is_fine = parts != NULL;

    if (is_fine && rendering->text)
        is_fine = add_part(arena, parts, &item->n_parts, "text/plain", rendering->text,
                           rendering->text_len);
    if (is_fine && rendering->html)
        is_fine = add_part(arena, parts, &item->n_parts, "text/html", rendering->html,
                           rendering->html_len);
    if (!is_fine)
        return fl_error_set(err, FL_LIMIT, "no memory for the parts");
    item->parts = parts;
    item->language = or_empty(rendering->language);
    item->subject = or_empty(rendering->subject);
    item->sender_name = or_empty(rendering->sender_name);
    return FL_OK;
}

static const char *language_of(const struct fl_dispatch *dispatch, const struct fl_claim_row *row)
{
    return row->language && *row->language ? row->language
                                           : or_empty(dispatch->options.conf->language);
}

enum fl_status fl_dispatch_item(struct fl_dispatch *dispatch, struct fl_arena *arena,
                                const struct channel *channel, const struct fl_claim_row *row,
                                const struct fl_item **out, struct fl_error *err)
{
    struct cached_content *cached = cache_get(dispatch, row->content);
    const char *web_base = or_empty(dispatch->options.conf->web_base);
    struct fl_content_rendering rendering = {0};
    struct fl_item *item = FL_ARENA_NEW(arena, struct fl_item);
    const struct fl_data *data;
    enum fl_status st;

    if (!cached->content)
        return fl_error_set(err, FL_INVALID, "content: %s", cached->why);
    if (!item)
        return fl_error_set(err, FL_LIMIT, "no memory for the message");
    item->size = sizeof *item;
    item->attempt = (uint32_t)row->message.attempts + 1;
    item->message_id = row->message.id;
    item->to_address = fl_arena_strdup(arena, row->address);
    item->to_name = fl_arena_strdup(arena, or_empty(row->name));
    item->campaign = fl_arena_strdup(arena, or_empty(row->campaign_name));
    item->in_reply_to = "";
    st = sign_all(dispatch, arena, channel, row->message.id, item, err);
    if (st)
        return st;
    item->unsubscribe_url =
        *web_base ? fl_arena_printf(arena, "%s/u/%s", web_base, item->token_unsubscribe) : "";
    st = fl_dispatch_data(arena, dispatch->options.conf, row, item->unsubscribe_url, &data, err);
    if (!st)
        st = fl_content_render(cached->content, channel->medium, language_of(dispatch, row), data,
                               arena, &rendering, err);
    if (!st)
        st = put_rendering(arena, item, &rendering, err);
    if (!st && (!item->to_address || !item->to_name || !item->campaign || !item->unsubscribe_url))
        st = fl_error_set(err, FL_LIMIT, "no memory for the message");
    if (!st)
        *out = item;
    return st;
}
