/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The e-mail channel: descriptor, life cycle, and the helpers its files share. */
#include "email_private.h"

#include <curl/curl.h>
#include <gmime/gmime.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_ID_SHOWN = 120, HASH_BYTES = 20 };

bool email_is_stopping(const struct email *self)
{
    return self->services->is_stopping(self->services->host) != 0;
}

int64_t email_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Copies the Message-ID out of the header, without what a key should not hold. */
static void message_id_copy(char *out, size_t out_size, const char *data, size_t len)
{
    static const char name[] = "message-id:";
    const char *p = data, *end = data + len;
    size_t n = 0;

    out[0] = '\0';
    while (p < end && *p != '\n' && *p != '\r') {
        const char *eol = memchr(p, '\n', (size_t)(end - p));

        if ((size_t)(end - p) > sizeof name && g_ascii_strncasecmp(p, name, sizeof name - 1) == 0)
            break;
        p = eol ? eol + 1 : end;
    }
    if (p >= end || *p == '\n' || *p == '\r')
        return;
    for (p += sizeof name - 1; p < end && *p != '>' && n + 1 < out_size; p++) {
        if (g_ascii_isgraph(*p) && *p != '<')
            out[n++] = *p;
        else if (*p == '\n' && (p + 1 >= end || (p[1] != ' ' && p[1] != '\t')))
            break;
    }
    out[n] = '\0';
}

void email_dedupe_key(char *out, size_t out_size, const char *data, size_t len)
{
    unsigned char hash[EVP_MAX_MD_SIZE] = {0};
    char hex[2 * HASH_BYTES + 1], id[MESSAGE_ID_SHOWN];

    EVP_Digest(data, len, hash, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; i < HASH_BYTES; i++)
        g_snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    message_id_copy(id, sizeof id, data, len);
    g_snprintf(out, (gulong)out_size, "mail:%s:%s", hex, id);
}

static enum fl_call channel_check(const struct fl_option *options, size_t n_options,
                                  struct fl_why *why)
{
    GStringChunk *strings = g_string_chunk_new(1024);
    struct email_settings set;
    enum fl_call call = email_settings_read(options, n_options, strings, &set, why);

    g_string_chunk_free(strings);
    return call;
}

/* Libraries with state of the process; a host runs one plugin, so this happens in open(). */
static void libraries_setup(void)
{
    struct sigaction action;

    g_mime_init();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    email_smtp_setup();
    /* libesmtp writes to sockets without MSG_NOSIGNAL. */
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

static void channel_close(void *arg)
{
    struct email *self = arg;

    email_imap_destroy(&self->imap);
    email_tls_destroy(&self->tls);
    if (self->inotify_fd >= 0)
        close(self->inotify_fd);
    g_string_chunk_free(self->strings);
    g_free(self);
}

static enum fl_call resources_open(struct email *self, struct fl_why *why)
{
    const struct email_settings *set = &self->set;

    if (set->transport == EMAIL_TRANSPORT_SMTP && set->tls != EMAIL_TLS_NONE) {
        self->tls = email_tls_create(set, why);
        if (!self->tls)
            return FL_CALL_FAILED;
    }
    if (set->inbound == EMAIL_INBOUND_IMAP) {
        self->imap = email_imap_create(self, why);
        if (!self->imap)
            return FL_CALL_FAILED;
    }
    if (set->inbound == EMAIL_INBOUND_MAILDIR)
        email_maildir_watch(self);
    return FL_CALL_OK;
}

static enum fl_call channel_open(const struct fl_option *options, size_t n_options,
                                 const struct fl_services *services, void **out_self,
                                 struct fl_why *why)
{
    struct email *self = g_new0(struct email, 1);
    enum fl_call call;

    self->services = services;
    self->inotify_fd = -1;
    self->strings = g_string_chunk_new(1024);
    call = email_settings_read(options, n_options, self->strings, &self->set, why);
    if (call == FL_CALL_OK) {
        libraries_setup();
        call = resources_open(self, why);
    }
    if (call != FL_CALL_OK) {
        channel_close(self);
        return call;
    }
    *out_self = self;
    return FL_CALL_OK;
}

static enum fl_call channel_deliver(void *arg, const struct fl_item *const *items, size_t n_items,
                                    struct fl_why *why)
{
    struct email *self = arg;

    if (self->set.transport == EMAIL_TRANSPORT_MAILDIR)
        return email_maildir_deliver(self, items, n_items, why);
    return email_smtp_deliver(self, items, n_items, why);
}

static enum fl_call channel_collect(void *arg, struct fl_why *why)
{
    struct email *self = arg;

    switch (self->set.inbound) {
    case EMAIL_INBOUND_MAILDIR:
        return email_maildir_collect(self, why);
    case EMAIL_INBOUND_IMAP:
        return email_imap_collect(self->imap, why);
    case EMAIL_INBOUND_NONE:
        break;
    }
    return FL_CALL_OK;
}

static size_t channel_poll_fds(void *arg, int *fds, size_t max_fds, int *timeout_ms)
{
    struct email *self = arg;

    *timeout_ms = self->set.inbound == EMAIL_INBOUND_NONE ? -1 : self->set.poll_ms;
    if (self->inotify_fd < 0 || !max_fds)
        return 0;
    fds[0] = self->inotify_fd;
    return 1;
}

static enum fl_call channel_health(void *arg, struct fl_why *why)
{
    struct email *self = arg;
    const struct email_settings *set = &self->set;
    enum fl_call call = set->transport == EMAIL_TRANSPORT_SMTP
                            ? email_smtp_health(self, why)
                            : email_maildir_health(set->maildir, why);

    if (call == FL_CALL_OK && set->inbound == EMAIL_INBOUND_IMAP)
        call = email_imap_health(self->imap, why);
    if (call == FL_CALL_OK && set->inbound == EMAIL_INBOUND_MAILDIR)
        call = email_maildir_health(set->inbound_maildir, why);
    return call;
}

/* The message as it would leave, but for its date. */
static enum fl_call channel_preview(const struct fl_option *options, size_t n_options,
                                    const struct fl_item *item, int wants_picture,
                                    void (*part)(void *ctx, const struct fl_part *part), void *ctx,
                                    struct fl_why *why)
{
    GStringChunk *strings = g_string_chunk_new(1024);
    GString *message = g_string_new(NULL);
    struct email_settings set;
    enum fl_call call = email_settings_read(options, n_options, strings, &set, why);

    if (wants_picture)
        call = plug_why(why, FL_CALL_UNSUPPORTED, FL_FAULT_NONE, "a mail is no picture");
    if (call == FL_CALL_OK) {
        g_mime_init();
        if (!email_message_build(&set, item, g_get_real_time(), message, why))
            call = FL_CALL_FAILED;
    }
    if (call == FL_CALL_OK) {
        const struct fl_part out = {.size = sizeof out,
                                    .type = "message/rfc822",
                                    .data = message->str,
                                    .data_len = message->len};

        part(ctx, &out);
    }
    g_string_free(message, TRUE);
    g_string_chunk_free(strings);
    return call;
}

static const struct fl_limits channel_limits = {
    .size = sizeof(struct fl_limits),
    .batch_max = EMAIL_BATCH_MAX,
    .call_timeout_s = EMAIL_CALL_TIMEOUT_S,
};

static const struct fl_channel_v1 channel = {
    .magic = FL_CHANNEL_MAGIC,
    .abi_major = FL_CHANNEL_ABI_MAJOR,
    .abi_minor = FL_CHANNEL_ABI_MINOR,
    .size = sizeof(struct fl_channel_v1),
    .name = "email",
    .version = "1.0",
    .summary = "e-mail by SMTP or Maildir; bounces and replies by IMAP or Maildir",
    .medium = "email",
    .capabilities = FL_CAN_DELIVER | FL_CAN_COLLECT | FL_CAN_RECEIPTS | FL_CAN_HEALTH | FL_DEDUPES |
                    FL_CAN_PREVIEW,
    .limits = &channel_limits,
    .options = email_option_specs,
    .check = channel_check,
    .open = channel_open,
    .deliver = channel_deliver,
    .collect = channel_collect,
    .poll_fds = channel_poll_fds,
    .health = channel_health,
    .close = channel_close,
    .preview = channel_preview,
};

const struct fl_channel_v1 *fairline_channel_v1(void)
{
    return &channel;
}
