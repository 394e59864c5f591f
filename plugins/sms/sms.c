/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMS channel: descriptor, open and close, preview. */
#include "sms_private.h"

#include <libxml/parser.h>
#include <signal.h>
#include <string.h>
#include <time.h>

int64_t sms_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool sms_is_stopping(const struct sms *self)
{
    return self->services->is_stopping(self->services->host) != 0;
}

static struct sms_mapping *mapping_of(const struct sms_settings *set, struct fl_why *why)
{
    if (set->api == SMS_API_KANNEL)
        return sms_mapping_parse("kannel", sms_kannel_mapping, strlen(sms_kannel_mapping), why);
    return sms_mapping_load(set->mapping, why);
}

static enum fl_call channel_check(const struct fl_option *options, size_t n_options,
                                  struct fl_why *why)
{
    GStringChunk *strings = g_string_chunk_new(1024);
    struct sms_settings set;
    struct sms_mapping *mapping = NULL;
    enum fl_call call = sms_settings_read(options, n_options, strings, &set, why);

    if (call == FL_CALL_OK) {
        mapping = mapping_of(&set, why);
        call = mapping ? FL_CALL_OK : FL_CALL_FAILED;
    }
    sms_mapping_destroy(&mapping);
    g_string_chunk_free(strings);
    return call;
}

static void channel_close(void *arg)
{
    struct sms *self = arg;

    if (self->multi)
        curl_multi_cleanup(self->multi);
    sms_mapping_destroy(&self->mapping);
    g_string_chunk_free(self->strings);
    g_free(self);
}

static enum fl_call channel_open(const struct fl_option *options, size_t n_options,
                                 const struct fl_services *services, void **out_self,
                                 struct fl_why *why)
{
    struct sms *self = g_new0(struct sms, 1);
    enum fl_call call;

    self->services = services;
    self->strings = g_string_chunk_new(1024);
    self->may_hold_parts = true; /* an earlier process may have left some */
    call = sms_settings_read(options, n_options, self->strings, &self->set, why);
    if (call == FL_CALL_OK) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        xmlInitParser();
        self->mapping = mapping_of(&self->set, why);
        self->multi = curl_multi_init();
        call = self->mapping && self->multi ? FL_CALL_OK : FL_CALL_FAILED;
    }
    if (call != FL_CALL_OK) {
        channel_close(self);
        return call;
    }
    curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, (long)self->set.parallel);
    *out_self = self;
    return FL_CALL_OK;
}

static enum fl_call channel_deliver(void *self, const struct fl_item *const *items, size_t n_items,
                                    struct fl_why *why)
{
    return sms_deliver(self, items, n_items, why);
}

static enum fl_call channel_collect(void *self, struct fl_why *why)
{
    return sms_collect(self, why);
}

static enum fl_call channel_http(void *self, const struct fl_http_request *request,
                                 struct fl_http_response *response, struct fl_why *why)
{
    return sms_http(self, request, response, why);
}

static enum fl_call channel_health(void *self, struct fl_why *why)
{
    return sms_health(self, why);
}

static size_t channel_poll_fds(void *arg, int *fds, size_t max_fds, int *timeout_ms)
{
    const struct sms *self = arg;
    bool polls = self->mapping->poll_receipts.hook.is_given ||
                 self->mapping->poll_inbound.hook.is_given || self->may_hold_parts;

    (void)fds, (void)max_fds;
    *timeout_ms = polls ? (int)self->set.poll_ms : -1;
    return 0;
}

/* The text as it arrives, and what it takes. */
static enum fl_call channel_preview(const struct fl_option *options, size_t n_options,
                                    const struct fl_item *item, int wants_picture,
                                    void (*part)(void *ctx, const struct fl_part *part), void *ctx,
                                    struct fl_why *why)
{
    static const char *const names[] = {"GSM 7 bit", "UCS-2", "EUC-KR"};
    static const char *const units[] = {"characters", "characters", "bytes"};
    GStringChunk *strings = g_string_chunk_new(1024);
    struct sms_settings set;
    struct sms_prepared prepared = {.text = NULL};
    struct sms_result refusal = {.code = 0};
    enum fl_call call = sms_settings_read(options, n_options, strings, &set, why);

    if (wants_picture)
        call = plug_why(why, FL_CALL_UNSUPPORTED, FL_FAULT_NONE, "a text message has no picture");
    if (call == FL_CALL_OK && !sms_item_prepare(&set, item, &prepared, &refusal))
        call = plug_why(why, FL_CALL_FAILED, refusal.verdict.fault, "%s", refusal.detail);
    if (call == FL_CALL_OK) {
        const struct sms_measure *m = &prepared.measure;
        char *text =
            g_strdup_printf("%s\n\n-- from %s to %s: %s, %zu %s, %s%zu %s\n", prepared.text,
                            *prepared.from ? prepared.from : "the gateway's own number",
                            prepared.to, names[m->alphabet], m->units, units[m->alphabet],
                            m->is_long ? "LMS, " : "", m->parts, m->parts == 1 ? "part" : "parts");
        struct fl_part out = {
            .size = sizeof out, .type = "text/plain", .data = text, .data_len = strlen(text)};

        part(ctx, &out);
        g_free(text);
    }
    sms_result_finish(&refusal);
    sms_prepared_finish(&prepared);
    g_string_chunk_free(strings);
    return call;
}

static const struct fl_limits channel_limits = {
    .size = sizeof(struct fl_limits),
    .batch_max = SMS_BATCH_MAX,
    .text_max = SMS_TEXT_MAX,
    .call_timeout_s = SMS_CALL_TIMEOUT_S,
};

static const struct fl_channel_v1 channel = {
    .magic = FL_CHANNEL_MAGIC,
    .abi_major = FL_CHANNEL_ABI_MAJOR,
    .abi_minor = FL_CHANNEL_ABI_MINOR,
    .size = sizeof(struct fl_channel_v1),
    .name = "sms",
    .version = "1.0",
    .summary =
        "text messages by Kannel or any HTTP gateway; receipts and answers by callback or poll",
    .medium = "sms",
    .capabilities = FL_CAN_DELIVER | FL_CAN_COLLECT | FL_CAN_RECEIPTS | FL_CAN_HTTP |
                    FL_CAN_HEALTH | FL_CAN_PREVIEW | FL_COSTS_MONEY | FL_BEGINS,
    .limits = &channel_limits,
    .options = sms_option_specs,
    .check = channel_check,
    .open = channel_open,
    .deliver = channel_deliver,
    .collect = channel_collect,
    .http = channel_http,
    .poll_fds = channel_poll_fds,
    .health = channel_health,
    .close = channel_close,
    .preview = channel_preview,
};

const struct fl_channel_v1 *fairline_channel_v1(void)
{
    return &channel;
}
