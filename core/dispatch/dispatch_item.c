/* From one claimed message and its content to the item a plugin gets. */
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"
#include "dispatch/dispatch.h"

enum { PARTS_MAX = 3 };

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

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
                                const struct fl_claim_row *row, const struct fl_dispatch_urls *urls,
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
        {"unsubscribe_url", urls->unsubscribe},
        {"preferences_url", urls->preferences},
        {"page_url", urls->page},
        {"survey_url", urls->survey},
    };
    struct fl_data *data = fl_data_object(arena);
    enum fl_status st;

    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
        if (!data || !fl_data_set_str(arena, data, strings[i].name, or_empty(strings[i].value)))
            return fl_error_set(err, FL_LIMIT, "no memory for the template's values");
    st = set_json(arena, data, "attributes", row->attributes, err);
    if (!st)
        st = set_json(arena, data, "anchors", row->anchors, err);
    if (!st)
        *out = data;
    return st;
}

/* ---- tokens and addresses of pages -----------------------------------------------------------*/

void fl_dispatch_short_code(char out[FL_DISPATCH_SHORT_CODE_LEN + 1])
{
    unsigned char random[9]; /* 72 bits, of which 65 are used */
    char text[FL_BASE32_LEN(sizeof random) + 1];

    fl_random_bytes(random, sizeof random);
    fl_base32_encode(random, sizeof random, text);
    memcpy(out, text, FL_DISPATCH_SHORT_CODE_LEN);
    out[FL_DISPATCH_SHORT_CODE_LEN] = '\0';
}

static bool counts_characters(enum fl_medium medium)
{
    return medium == FL_MEDIUM_SMS || medium == FL_MEDIUM_PUSH;
}

bool fl_dispatch_wants_short_link(const struct fl_dispatch_compose *compose)
{
    return counts_characters(compose->medium) && *or_empty(compose->conf->web_base);
}

/* One message being composed. */
struct composing {
    const struct fl_dispatch_compose *compose;
    struct fl_arena *arena;
    int64_t message;
    const char *click; /* token of its links */
    struct fl_error *err;
};

static enum fl_status sign(const struct composing *c, enum fl_token_kind kind, const char **out)
{
    const struct fl_token token = {c->message, c->compose->medium, kind};
    char *text = fl_arena_alloc(c->arena, FL_TOKEN_SIZE);
    enum fl_status st;

    if (!text)
        return fl_error_set(c->err, FL_LIMIT, "no memory for a token");
    st = fl_token_sign(c->compose->keys, &token, text, c->err);
    if (!st)
        *out = text;
    return st;
}

/* What is printed as a code; 0 where the medium has no paper. */
static enum fl_token_kind card_kind(enum fl_medium medium)
{
    return medium == FL_MEDIUM_LETTER ? FL_TOKEN_CARD
           : medium == FL_MEDIUM_FAX  ? FL_TOKEN_FAX_BACK
                                      : (enum fl_token_kind)0;
}

static enum fl_status sign_all(const struct composing *c, struct fl_item *item)
{
    const struct {
        enum fl_token_kind kind;
        const char **out;
    } tokens[] = {
        {FL_TOKEN_RETURN_PATH, &item->token_return},
        {FL_TOKEN_REPLY, &item->token_reply},
        {FL_TOKEN_MESSAGE_ID, &item->token_identity},
        {FL_TOKEN_UNSUBSCRIBE, &item->token_unsubscribe},
        {card_kind(c->compose->medium), &item->token_card},
    };

    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        enum fl_status st = FL_OK;

        *tokens[i].out = "";
        if (tokens[i].kind)
            st = sign(c, tokens[i].kind, tokens[i].out);
        if (st)
            return st;
    }
    return FL_OK;
}

static enum fl_status url_make(const struct composing *c, const char *page, enum fl_token_kind kind,
                               const char **out)
{
    const char *token = "";
    enum fl_status st = sign(c, kind, &token);

    if (st)
        return st;
    *out = fl_arena_printf(c->arena, "%s/%s/%s", c->compose->conf->web_base, page, token);
    return *out ? FL_OK : fl_error_set(c->err, FL_LIMIT, "no memory for a link");
}

static enum fl_status urls_make(const struct composing *c, bool has_survey,
                                struct fl_dispatch_urls *out)
{
    const struct fl_dispatch_compose *compose = c->compose;
    enum fl_status st;

    *out = (struct fl_dispatch_urls){"", "", "", ""};
    if (!*or_empty(compose->conf->web_base))
        return FL_OK;
    st = url_make(c, "u", FL_TOKEN_UNSUBSCRIBE, &out->unsubscribe);
    if (!st)
        st = url_make(c, "p", FL_TOKEN_UNSUBSCRIBE, &out->preferences);
    if (!st && compose->short_code) {
        out->page =
            fl_arena_printf(c->arena, "%s/l/%s", compose->conf->web_base, compose->short_code);
        out->survey = has_survey ? out->page : "";
        return out->page ? FL_OK : fl_error_set(c->err, FL_LIMIT, "no memory for a link");
    }
    if (!st)
        st = url_make(c, "m", FL_TOKEN_PAGE, &out->page);
    if (!st && has_survey)
        st = url_make(c, "s", FL_TOKEN_SURVEY, &out->survey);
    return st;
}

enum fl_status fl_dispatch_urls_of(struct fl_arena *arena, const struct fl_conf *conf,
                                   struct fl_token_keys *keys, int64_t message,
                                   enum fl_medium medium, bool has_survey,
                                   struct fl_dispatch_urls *out, struct fl_error *err)
{
    const struct fl_dispatch_compose compose = {.conf = conf, .keys = keys, .medium = medium};
    const struct composing c = {
        .compose = &compose, .arena = arena, .message = message, .err = err};

    return urls_make(&c, has_survey, out);
}

/* ---- links of a mail that go over us ---------------------------------------------------------*/

static void percent_put(const char *url, struct fl_buf *out)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *url; url++) {
        if (strchr(plain, *url))
            fl_buf_putc(out, *url);
        else
            fl_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*url);
    }
}

static const char *link_wrap(void *ctx, struct fl_arena *arena, const char *url)
{
    const struct composing *c = ctx;
    struct fl_buf wrapped = FL_BUF(FL_BUF_LINE_MAX);
    char seal[FL_TOKEN_SEAL_LEN + 1];
    const char *result = NULL;
    struct fl_error err;

    /* A link that cannot be counted still has to lead where it should. */
    if (fl_token_seal(c->compose->keys, c->click, url, seal, &err))
        return url;
    fl_buf_printf(&wrapped, "%s/c/%s/%s?u=", c->compose->conf->web_base, c->click, seal);
    percent_put(url, &wrapped);
    if (!fl_buf_failed(&wrapped))
        result = fl_arena_strndup(arena, wrapped.data, wrapped.len);
    fl_buf_finish(&wrapped);
    return result ? result : url;
}

static enum fl_status links_make(struct composing *c, struct fl_content_links *out, bool *out_has)
{
    const struct fl_conf *conf = c->compose->conf;
    enum fl_status st = FL_OK;

    *out_has = false;
    if (c->compose->medium != FL_MEDIUM_EMAIL || !*or_empty(conf->web_base))
        return FL_OK;
    if (conf->front.tracks_clicks)
        st = sign(c, FL_TOKEN_CLICK, &c->click);
    if (!st && conf->front.tracks_opens)
        st = url_make(c, "o", FL_TOKEN_OPEN, &out->pixel_url);
    if (c->click)
        out->wrap = link_wrap;
    out->ctx = c;
    *out_has = c->click || out->pixel_url;
    return st;
}

/* ---- the item --------------------------------------------------------------------------------*/

static bool part_add(struct fl_arena *arena, const struct fl_part **parts, size_t *n,
                     const char *type, const char *data, size_t len)
{
    struct fl_part *part = FL_ARENA_NEW(arena, struct fl_part);

    if (!part)
        return false;
    *part = (struct fl_part){.size = sizeof *part, .type = type, .data = data, .data_len = len};
    parts[(*n)++] = part;
    return true;
}

static enum fl_status rendering_put(const struct composing *c,
                                    const struct fl_content_rendering *rendering,
                                    struct fl_item *item)
{
    const struct fl_part **parts = FL_ARENA_ARRAY(c->arena, const struct fl_part *, PARTS_MAX);
    bool is_fine = parts != NULL;

    if (is_fine && rendering->text)
        is_fine = part_add(c->arena, parts, &item->n_parts, "text/plain", rendering->text,
                           rendering->text_len);
    if (is_fine && rendering->html)
        is_fine = part_add(c->arena, parts, &item->n_parts, "text/html", rendering->html,
                           rendering->html_len);
    if (is_fine && rendering->markdown && (c->compose->capabilities & FL_WANTS_MARKDOWN))
        is_fine = part_add(c->arena, parts, &item->n_parts, "text/markdown", rendering->markdown,
                           rendering->markdown_len);
    item->survey = rendering->survey ? fl_survey_json(c->arena, rendering->survey) : "";
    if (!is_fine || !item->survey)
        return fl_error_set(c->err, FL_LIMIT, "no memory for the parts");
    item->parts = parts;
    item->language = or_empty(rendering->language);
    item->subject = or_empty(rendering->subject);
    item->sender_name = or_empty(rendering->sender_name);
    return FL_OK;
}

static enum fl_status envelope_put(const struct composing *c, const struct fl_claim_row *row,
                                   struct fl_item *item)
{
    item->size = sizeof *item;
    item->attempt = (uint32_t)row->message.attempts + 1;
    item->message_id = row->message.id;
    item->to_address = fl_arena_strdup(c->arena, or_empty(row->address));
    item->to_name = fl_arena_strdup(c->arena, or_empty(row->name));
    item->campaign = fl_arena_strdup(c->arena, or_empty(row->campaign_name));
    item->in_reply_to = "";
    if (!item->to_address || !item->to_name || !item->campaign)
        return fl_error_set(c->err, FL_LIMIT, "no memory for the message");
    return sign_all(c, item);
}

static enum fl_status body_put(struct composing *c, struct fl_content *content,
                               const struct fl_claim_row *row, struct fl_item *item)
{
    const char *language =
        row->language && *row->language ? row->language : or_empty(c->compose->conf->language);
    struct fl_content_rendering rendering = {0};
    struct fl_content_links links = {.wrap = NULL};
    struct fl_dispatch_urls urls;
    const struct fl_data *data;
    bool has_links;
    enum fl_status st = urls_make(c, fl_content_survey(content, language) != NULL, &urls);

    if (st)
        return st;
    item->unsubscribe_url = urls.unsubscribe;
    item->page_url = urls.page;
    st = fl_dispatch_data(c->arena, c->compose->conf, row, &urls, &data, c->err);
    if (!st)
        st = links_make(c, &links, &has_links);
    if (!st)
        st = fl_content_render_linked(content, c->compose->medium, language, data,
                                      has_links ? &links : NULL, c->arena, &rendering, c->err);
    return st ? st : rendering_put(c, &rendering, item);
}

enum fl_status fl_dispatch_compose(const struct fl_dispatch_compose *compose,
                                   struct fl_content *content, const struct fl_claim_row *row,
                                   struct fl_arena *arena, const struct fl_item **out,
                                   struct fl_error *err)
{
    struct composing c = {
        .compose = compose, .arena = arena, .message = row->message.id, .err = err};
    struct fl_item *item = FL_ARENA_NEW(arena, struct fl_item);
    enum fl_status st;

    if (!item)
        return fl_error_set(err, FL_LIMIT, "no memory for the message");
    st = envelope_put(&c, row, item);
    if (!st)
        st = body_put(&c, content, row, item);
    if (!st)
        *out = item;
    return st;
}
