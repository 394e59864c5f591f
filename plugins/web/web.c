/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The web channel: messages stand on their customers' pages, and other web sites talk with us. */
#include "web_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void web_log(const struct web *self, enum fl_level level, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    self->services->log(self->services->host, level, text);
}

enum fl_call web_why(struct fl_why *why, enum fl_call call, enum fl_fault_class fault,
                     const char *fmt, ...)
{
    va_list ap;

    why->fault = fault;
    va_start(ap, fmt);
    vsnprintf(why->text, sizeof why->text, fmt, ap);
    va_end(ap);
    return call;
}

const struct fl_part *web_part(const struct fl_item *item, const char *type)
{
    for (size_t i = 0; i < item->n_parts; i++)
        if (strcmp(item->parts[i]->type, type) == 0 && !item->parts[i]->name)
            return item->parts[i];
    return NULL;
}

static enum fl_call web_check(const struct fl_option *options, size_t n, struct fl_why *why)
{
    struct web_settings settings = {0};
    enum fl_call call = web_settings_read(options, n, &settings, why);

    web_settings_finish(&settings);
    return call;
}

static void web_close(void *ctx)
{
    struct web *self = ctx;

    web_post_close(self);
    web_settings_finish(&self->set);
    free(self);
}

static enum fl_call web_open(const struct fl_option *options, size_t n,
                             const struct fl_services *services, void **out_self,
                             struct fl_why *why)
{
    struct web *self = calloc(1, sizeof *self);
    enum fl_call call;

    if (!self)
        return web_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "no memory");
    self->services = services;
    call = web_settings_read(options, n, &self->set, why);
    if (!call && self->set.mode == WEB_WEBHOOK)
        call = web_post_open(self, why);
    if (call) {
        web_close(self);
        return call;
    }
    web_hook_recall(self);
    *out_self = self;
    return FL_CALL_OK;
}

/* --- the inbox ---------------------------------------------------------------------------------*/

/* The page is there from the moment the message is: nothing leaves, and nothing is left to do. */
static enum fl_call inbox_deliver(struct web *self, const struct fl_item *const *items, size_t n,
                                  struct fl_why *why)
{
    const struct fl_services *s = self->services;

    for (size_t i = 0; i < n; i++) {
        const char *url = FL_HAS(items[i], page_url) ? items[i]->page_url : NULL;
        struct fl_report report = {.size = sizeof report, .item = (uint32_t)i};

        if (url && *url) {
            report.outcome = FL_OUTCOME_DELIVERED;
            report.detail = "published";
        } else {
            report.outcome = FL_OUTCOME_DEFERRED;
            report.fault = FL_FAULT_OUR_SIDE;
            report.detail = "there are no public pages: set web_base and front";
        }
        if ((i && s->is_stopping(s->host)) ||
            (FL_HAS(s, begin) && s->begin(s->host, (uint32_t)i)) || s->report(s->host, &report)) {
            snprintf(why->text, sizeof why->text, "asked to stop");
            return FL_CALL_RETRY;
        }
    }
    return FL_CALL_OK;
}

static enum fl_call web_deliver(void *ctx, const struct fl_item *const *items, size_t n,
                                struct fl_why *why)
{
    struct web *self = ctx;

    return self->set.mode == WEB_INBOX ? inbox_deliver(self, items, n, why)
                                       : web_post_deliver(self, items, n, why);
}

static enum fl_call web_http(void *ctx, const struct fl_http_request *request,
                             struct fl_http_response *response, struct fl_why *why)
{
    return web_hook(ctx, request, response, why);
}

static enum fl_call web_health(void *ctx, struct fl_why *why)
{
    struct web *self = ctx;

    return self->set.mode == WEB_INBOX ? FL_CALL_OK : web_post_health(self, why);
}

/* --- preview -----------------------------------------------------------------------------------*/

static void preview_part(void (*part)(void *ctx, const struct fl_part *part), void *ctx,
                         const char *type, const char *name, const void *data, size_t len)
{
    const struct fl_part p = {
        .size = sizeof p, .type = type, .name = name, .data = data, .data_len = len};

    part(ctx, &p);
}

static enum fl_call web_preview(const struct fl_option *options, size_t n_options,
                                const struct fl_item *item, int wants_picture,
                                void (*part)(void *ctx, const struct fl_part *part), void *ctx,
                                struct fl_why *why)
{
    const struct fl_part *html = web_part(item, "text/html");
    const struct fl_part *text = web_part(item, "text/plain");
    struct web_settings settings = {0};
    enum fl_call call = web_settings_read(options, n_options, &settings, why);
    enum web_mode mode = settings.mode;
    char *body;

    web_settings_finish(&settings);
    if (call)
        return call;
    if (wants_picture)
        return FL_CALL_UNSUPPORTED;
    if (html)
        preview_part(part, ctx, "text/html", NULL, html->data, html->data_len);
    if (text)
        preview_part(part, ctx, "text/plain", NULL, text->data, text->data_len);
    if (mode != WEB_WEBHOOK)
        return FL_CALL_OK;
    body = web_post_body(item);
    if (!body)
        return web_why(why, FL_CALL_FAILED, FL_FAULT_CONTENT, "the message is not valid UTF-8");
    preview_part(part, ctx, "application/json", "webhook.json", body, strlen(body));
    free(body);
    return FL_CALL_OK;
}

static const struct fl_limits limits = {
    .size = sizeof limits, .batch_max = WEB_BATCH_MAX, .call_timeout_s = WEB_CALL_TIMEOUT_S};

static const struct fl_channel_v1 channel = {
    .magic = FL_CHANNEL_MAGIC,
    .abi_major = FL_CHANNEL_ABI_MAJOR,
    .abi_minor = FL_CHANNEL_ABI_MINOR,
    .size = sizeof channel,
    .name = "web",
    .version = "1.0",
    .summary = "personal pages and inbox; signed webhooks out and in",
    .medium = "web",
    .capabilities = FL_CAN_DELIVER | FL_CAN_HTTP | FL_CAN_RECEIPTS | FL_CAN_HEALTH | FL_DEDUPES |
                    FL_CAN_PREVIEW | FL_BEGINS,
    .limits = &limits,
    .options = web_option_specs,
    .check = web_check,
    .open = web_open,
    .deliver = web_deliver,
    .http = web_http,
    .health = web_health,
    .close = web_close,
    .preview = web_preview,
};

FL_CHANNEL_EXPORT const struct fl_channel_v1 *fairline_channel_v1(void)
{
    return &channel;
}
