/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fax channel: descriptor, life cycle, preview. */
#include "fax/fax_private.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fax_is_stopping(const struct fax *self)
{
    return self->services->is_stopping(self->services->host) != 0;
}

static enum fl_call channel_check(const struct fl_option *options, size_t n_options,
                                  struct fl_why *why)
{
    GStringChunk *strings = g_string_chunk_new(1024);
    struct fax_settings set;
    enum fl_call call = fax_settings_read(options, n_options, strings, &set, why);

    g_string_chunk_free(strings);
    return call;
}

static void channel_close(void *arg)
{
    struct fax *self = arg;

    fax_server_destroy(&self->server);
    g_string_chunk_free(self->strings);
    g_free(self);
}

static enum fl_call channel_open(const struct fl_option *options, size_t n_options,
                                 const struct fl_services *services, void **out_self,
                                 struct fl_why *why)
{
    struct fax *self = g_new0(struct fax, 1);
    enum fl_call call;

    self->services = services;
    self->strings = g_string_chunk_new(1024);
    call = fax_settings_read(options, n_options, self->strings, &self->set, why);
    if (call != FL_CALL_OK) {
        channel_close(self);
        return call;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    self->server = fax_server_create(&self->set);
    *out_self = self;
    return FL_CALL_OK;
}

static enum fl_call channel_deliver(void *arg, const struct fl_item *const *items, size_t n_items,
                                    struct fl_why *why)
{
    return fax_send(arg, items, n_items, why);
}

static enum fl_call channel_collect(void *arg, struct fl_why *why)
{
    struct fax *self = arg;
    struct fl_why other = {.size = sizeof other};
    enum fl_call jobs = fax_jobs_collect(self, why), received = FL_CALL_OK;

    if (self->set.inbound != FAX_INBOUND_NONE)
        received = fax_receive_collect(self, &other);
    if (jobs == FL_CALL_OK && received != FL_CALL_OK)
        return plug_why(why, received, other.fault, "%s", other.text);
    return jobs;
}

static size_t channel_poll_fds(void *arg, int *fds, size_t max_fds, int *timeout_ms)
{
    const struct fax *self = arg;

    (void)fds;
    (void)max_fds;
    *timeout_ms = self->set.poll_ms;
    return 0;
}

static enum fl_call channel_lookup(void *arg, const char *const *refs, size_t n_refs,
                                   struct fl_why *why)
{
    return fax_jobs_lookup(arg, refs, n_refs, why);
}

static enum fl_call channel_health(void *arg, struct fl_why *why)
{
    static const char *const commands[] = {"NOOP", NULL};
    struct fax *self = arg;
    struct fax_reply reply;
    enum fax_result result = fax_server_say(self->server, commands, NULL, &reply);

    return fax_server_why(self->server, result, &reply, why);
}

/* --- preview -----------------------------------------------------------------------------------*/

struct showing {
    void (*part)(void *ctx, const struct fl_part *part);
    void *ctx;
};

static bool on_page(void *arg, cairo_surface_t *page, size_t index, size_t n_pages)
{
    const struct showing *showing = arg;
    GByteArray *png = g_byte_array_new();
    bool is_made = fax_png_of_page(page, png);
    char name[32];

    (void)n_pages;
    g_snprintf(name, sizeof name, "page-%zu.png", index + 1);
    if (is_made)
        showing->part(showing->ctx, &(struct fl_part){.size = sizeof(struct fl_part),
                                                      .type = "image/png",
                                                      .name = name,
                                                      .data = png->data,
                                                      .data_len = png->len});
    g_byte_array_free(png, TRUE);
    return is_made;
}

static enum fl_call channel_preview(const struct fl_option *options, size_t n_options,
                                    const struct fl_item *item, int wants_picture,
                                    void (*part)(void *ctx, const struct fl_part *part), void *ctx,
                                    struct fl_why *why)
{
    GStringChunk *strings = g_string_chunk_new(1024);
    GByteArray *tiff = g_byte_array_new();
    struct showing showing = {part, ctx};
    struct fax_settings set;
    char words[256] = "";
    size_t n;
    enum fl_call call = fax_settings_read(options, n_options, strings, &set, why);

    if (call == FL_CALL_OK &&
        !(wants_picture ? fax_pages_draw(&set, item, on_page, &showing, words, sizeof words)
                        : fax_tiff_of_item(&set, item, tiff, &n, words, sizeof words)))
        call = plug_why(why, FL_CALL_FAILED, FL_FAULT_CONTENT, "%s", words);
    if (call == FL_CALL_OK && !wants_picture)
        part(ctx, &(struct fl_part){.size = sizeof(struct fl_part),
                                    .type = "image/tiff",
                                    .name = "fax.tif",
                                    .data = tiff->data,
                                    .data_len = tiff->len});
    g_byte_array_free(tiff, TRUE);
    g_string_chunk_free(strings);
    return call;
}

static const struct fl_limits channel_limits = {
    .size = sizeof(struct fl_limits),
    .batch_max = FAX_BATCH_MAX,
    .call_timeout_s = FAX_CALL_TIMEOUT_S,
};

static const struct fl_channel_v1 channel = {
    .magic = FL_CHANNEL_MAGIC,
    .abi_major = FL_CHANNEL_ABI_MAJOR,
    .abi_minor = FL_CHANNEL_ABI_MINOR,
    .size = sizeof(struct fl_channel_v1),
    .name = "fax",
    .version = "1.0",
    .summary = "fax by HylaFAX; received faxes and forms faxed back",
    .medium = "fax",
    .capabilities = FL_CAN_DELIVER | FL_CAN_COLLECT | FL_CAN_RECEIPTS | FL_CAN_LOOKUP |
                    FL_CAN_HEALTH | FL_COSTS_MONEY | FL_CAN_PREVIEW | FL_WANTS_MARKDOWN | FL_BEGINS,
    .limits = &channel_limits,
    .options = fax_option_specs,
    .check = channel_check,
    .open = channel_open,
    .deliver = channel_deliver,
    .collect = channel_collect,
    .poll_fds = channel_poll_fds,
    .lookup = channel_lookup,
    .health = channel_health,
    .close = channel_close,
    .preview = channel_preview,
};

const struct fl_channel_v1 *fairline_channel_v1(void)
{
    return &channel;
}
