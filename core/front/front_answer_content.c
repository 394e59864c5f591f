/* Contents compiled once, and messages rendered as pages. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "campaign/campaign.h"
#include "dispatch/dispatch.h"
#include "front/front_answer_private.h"

struct fl_front_cache {
    struct cached {
        int64_t id;
        struct fl_content *content;
        uint64_t used;
    } entries[FL_FRONT_CACHE_SIZE];
    uint64_t clock;
};

struct fl_front_cache *fl_front_cache_create(void)
{
    return calloc(1, sizeof(struct fl_front_cache));
}

void fl_front_cache_destroy(struct fl_front_cache **cache)
{
    if (!*cache)
        return;
    for (int i = 0; i < FL_FRONT_CACHE_SIZE; i++)
        fl_content_destroy(&(*cache)->entries[i].content);
    free(*cache);
    *cache = NULL;
}

static enum fl_status compile(struct fl_store *store, int64_t id, struct fl_content **out,
                              struct fl_error *err)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_content_version version;
    struct fl_faults faults;
    enum fl_status st;

    if (!arena)
        return fl_error_set(err, FL_IO, "no memory for a content");
    fl_faults_init(&faults, arena);
    st = fl_store_content_get(store, arena, id, &version, err);
    return st ? st
              : fl_content_compile(version.name, version.files, version.n_files, &faults, out, err);
}

/* A version never changes, so an entry is good for ever. */
enum fl_status fl_front_cache_get(struct fl_front_cache *cache, struct fl_store *store, int64_t id,
                                  struct fl_content **out, struct fl_error *err)
{
    struct cached *oldest = &cache->entries[0];
    struct fl_content *content;
    enum fl_status st;

    for (int i = 0; i < FL_FRONT_CACHE_SIZE; i++) {
        struct cached *entry = &cache->entries[i];

        if (entry->content && entry->id == id) {
            entry->used = ++cache->clock;
            *out = entry->content;
            return FL_OK;
        }
        if (entry->used < oldest->used)
            oldest = entry;
    }
    st = compile(store, id, &content, err);
    if (st)
        return st;
    fl_content_destroy(&oldest->content);
    *oldest = (struct cached){.id = id, .content = content, .used = ++cache->clock};
    *out = content;
    return FL_OK;
}

enum fl_status fl_front_page_token(const struct fl_front_subject *subject, int64_t message,
                                   enum fl_medium medium, char out[FL_TOKEN_SIZE],
                                   struct fl_error *err)
{
    const struct fl_token token = {message, medium, FL_TOKEN_PAGE};

    return fl_token_sign(subject->context->keys, &token, out, err);
}

static bool sent_one(void *ctx, const struct fl_event *event)
{
    int64_t *at_us = ctx;

    if (event->kind != FL_EVENT_ACCEPTED && event->kind != FL_EVENT_DELIVERED)
        return true;
    *at_us = event->at_us;
    return false;
}

enum fl_status fl_front_sent_at(struct fl_store *store, const struct fl_message *message,
                                int64_t *out_us, struct fl_error *err)
{
    int64_t at_us = message->due_us;
    enum fl_status st = fl_store_event_each(store, message->id, sent_one, &at_us, err);

    if (!st)
        *out_us = at_us;
    return st;
}

static const char *local_date(const struct fl_front_subject *subject, int64_t at_us)
{
    const char *zone = subject->customer.time_zone;
    char text[FL_TIME_TEXT_SIZE];
    int64_t local_us = at_us;
    const char *copy;

    if (!zone || !*zone)
        zone = subject->context->conf->time_zone;
    /* A zone nobody knows: the UTC day is shown. */
    if (fl_campaign_time_to_local(zone, at_us, &local_us, NULL))
        local_us = at_us;
    fl_date_format(fl_date_of_time(local_us), text);
    copy = fl_arena_strdup(subject->arena, text);
    return copy ? copy : "";
}

static const char *anchors_json(const struct fl_front_subject *subject)
{
    json_t *json = json_object();
    const char *copy = NULL;
    char *text;

    for (size_t i = 0; i < subject->customer.n_anchors; i++) {
        char date[FL_TIME_TEXT_SIZE];

        fl_date_format(subject->customer.anchors[i].date, date);
        json_object_set_new(json, subject->customer.anchors[i].name, json_string(date));
    }
    text = json_dumps(json, JSON_COMPACT);
    if (text)
        copy = fl_arena_strdup(subject->arena, text);
    free(text);
    json_decref(json);
    return copy ? copy : "{}";
}

static enum fl_status data_of(const struct fl_front_subject *subject,
                              const struct fl_occurrence *occurrence,
                              const struct fl_campaign_row *campaign,
                              const struct fl_dispatch_urls *urls, const struct fl_data **out,
                              struct fl_error *err)
{
    const struct fl_claim_row row = {.stage = occurrence->stage,
                                     .campaign_name = campaign->name,
                                     .external_id = subject->customer.external_id,
                                     .name = subject->customer.name,
                                     .language = subject->language,
                                     .time_zone = subject->customer.time_zone,
                                     .attributes = subject->customer.attributes,
                                     .anchors = anchors_json(subject)};

    return fl_dispatch_data(subject->arena, subject->context->conf, &row, urls, out, err);
}

static const char *url_of(const struct fl_front_subject *subject, const char *page,
                          const char *token)
{
    const char *url =
        fl_arena_printf(subject->arena, "%s/%s/%s", subject->context->conf->web_base, page, token);

    return url ? url : "";
}

/* On its page a message leads to the others by the token of pages. */
static struct fl_dispatch_urls urls_of(const struct fl_front_subject *subject, const char *token,
                                       bool has_survey)
{
    return (struct fl_dispatch_urls){
        .unsubscribe = url_of(subject, "u", token),
        .preferences = url_of(subject, "p", token),
        .page = url_of(subject, "m", token),
        .survey = has_survey ? url_of(subject, "s", token) : "",
    };
}

enum fl_status fl_front_render(const struct fl_front_subject *subject,
                               const struct fl_message *message, struct fl_front_shown *out,
                               struct fl_error *err)
{
    const struct fl_front_context *context = subject->context;
    struct fl_occurrence occurrence = subject->occurrence;
    struct fl_campaign_row campaign = subject->campaign;
    struct fl_front_shown shown = {0};
    char token[FL_TOKEN_SIZE];
    struct fl_content *content;
    const struct fl_data *data;
    struct fl_dispatch_urls urls;
    const char *name;
    enum fl_status st = FL_OK;

    if (message->occurrence != occurrence.id) {
        st = fl_store_occurrence_get(context->store, subject->arena, message->occurrence,
                                     &occurrence, err);
        if (!st)
            st = fl_store_campaign_get(context->store, subject->arena, occurrence.campaign,
                                       &campaign, err);
    }
    if (!st)
        st = fl_store_channel_name(context->store, subject->arena, message->channel, &name,
                                   &shown.medium, err);
    if (!st)
        st = fl_front_page_token(subject, message->id, shown.medium, token, err);
    if (!st)
        st = fl_front_sent_at(context->store, message, &shown.at_us, err);
    if (st)
        return st;
    shown.date = local_date(subject, shown.at_us);
    st = fl_front_cache_get(context->cache, context->store, occurrence.content, &content, err);
    if (st)
        return st;
    shown.survey = fl_content_survey(content, subject->language);
    urls = urls_of(subject, token, shown.survey != NULL);
    st = data_of(subject, &occurrence, &campaign, &urls, &data, err);
    if (!st)
        st = fl_content_render(content, FL_MEDIUM_WEB, subject->language, data, subject->arena,
                               &shown.rendering, err);
    if (!st)
        *out = shown;
    return st;
}
