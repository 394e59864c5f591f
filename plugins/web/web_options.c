/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options: the table, and settings made of it. */
#include "web_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct fl_option_spec web_option_specs[] = {
    {"mode", FL_OPTION_ENUM, "inbox", 0, 0, "inbox|webhook", FL_OPTION_RELOAD,
     "inbox: messages stand on the customer's pages; webhook: they are posted to a web site too"},
    {"url", FL_OPTION_URL, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "where webhooks are posted to, for mode webhook"},
    {"secret", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET | FL_OPTION_RELOAD,
     "key that signs webhooks going out"},
    {"old_secret", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET | FL_OPTION_RELOAD,
     "the key before it: signs too while receivers change over"},
    {"inbound_secret", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET | FL_OPTION_RELOAD,
     "key that webhooks coming in are signed with; without it none is taken"},
    {"old_inbound_secret", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET | FL_OPTION_RELOAD,
     "the key before it: counts too while senders change over"},
    {"window", FL_OPTION_DURATION, "5m", 1000000, INT64_C(3600000000), NULL, FL_OPTION_RELOAD,
     "how old, or ahead of our clock, a webhook coming in may be"},
    {"parallel", FL_OPTION_INT, "16", 1, 64, NULL, FL_OPTION_RELOAD,
     "webhooks a worker posts at the same time"},
    {"timeout", FL_OPTION_DURATION, "10s", 100000, INT64_C(120000000), NULL, FL_OPTION_RELOAD,
     "how long one webhook may take"},
    {"ca_file", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "certificates to trust instead of the system's"},
    {"max_size", FL_OPTION_SIZE, "1M", 1024, INT64_C(32) << 20, NULL, FL_OPTION_RELOAD,
     "larger webhooks coming in are refused"},
    {NULL, FL_OPTION_STRING, NULL, 0, 0, NULL, 0, NULL},
};

struct reader {
    const struct fl_option *options;
    size_t n;
    struct fl_why *why;
};

static const struct fl_option *find(const struct reader *in, const char *name)
{
    for (size_t i = 0; i < in->n; i++)
        if (strcmp(in->options[i].name, name) == 0)
            return &in->options[i];
    return NULL;
}

static const char *text_of(const struct reader *in, const char *name)
{
    const struct fl_option *option = find(in, name);

    return option && option->text && *option->text ? option->text : NULL;
}

static int64_t number_of(const struct reader *in, const char *name)
{
    const struct fl_option *option = find(in, name);

    return option ? option->number : 0;
}

/* NULL stays NULL; false without memory. */
static bool copy(const char *text, char **out)
{
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

static enum fl_call secret_read(const struct reader *in, const char *name, char **out)
{
    const char *text = text_of(in, name);
    size_t len = text ? strlen(text) : 0;

    if (text && (len < WEB_SECRET_MIN || len > WEB_SECRET_MAX))
        return web_why(in->why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                       "%s has %zu characters, expected %d to %d", name, len, WEB_SECRET_MIN,
                       WEB_SECRET_MAX);
    if (!copy(text, out))
        return web_why(in->why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "no memory");
    return FL_CALL_OK;
}

static enum fl_call secrets_read(const struct reader *in, const char *name, const char *old_name,
                                 struct web_secrets *out)
{
    enum fl_call call = secret_read(in, name, &out->text[0]);

    if (!call)
        call = secret_read(in, old_name, &out->text[1]);
    if (!call && out->text[1] && !out->text[0])
        call = web_why(in->why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                       "%s_file stands there without %s_file", old_name, name);
    return call;
}

static bool is_at_home(const char *host)
{
    static const char *const homes[] = {"localhost", "127.0.0.1", "[::1]"};

    for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++) {
        size_t len = strlen(homes[i]);

        if (strncasecmp(host, homes[i], len) == 0 &&
            (!host[len] || host[len] == ':' || host[len] == '/'))
            return true;
    }
    return false;
}

/* What is posted opens the customer's pages: it travels encrypted, or does not leave the machine.
 */
static enum fl_call url_check(const struct reader *in, const char *url)
{
    if (!url)
        return web_why(in->why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "mode webhook needs url");
    if (strncasecmp(url, "https://", 8) == 0 && url[8])
        return FL_CALL_OK;
    if (strncasecmp(url, "http://", 7) == 0 && is_at_home(url + 7))
        return FL_CALL_OK;
    return web_why(in->why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                   "url is \"%s\", expected https://..., or http:// to this machine", url);
}

enum fl_call web_settings_read(const struct fl_option *options, size_t n_options,
                               struct web_settings *out, struct fl_why *why)
{
    const struct reader in = {options, n_options, why};
    enum fl_call call = FL_CALL_OK;

    out->mode = (enum web_mode)number_of(&in, "mode");
    out->window_us = number_of(&in, "window");
    out->parallel = (size_t)number_of(&in, "parallel");
    out->timeout_ms = (long)(number_of(&in, "timeout") / 1000);
    out->max_size = (size_t)number_of(&in, "max_size");
    if (!copy(text_of(&in, "url"), &out->url) || !copy(text_of(&in, "ca_file"), &out->ca_file))
        return web_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "no memory");
    if (out->mode == WEB_WEBHOOK)
        call = url_check(&in, out->url);
    if (!call)
        call = secrets_read(&in, "secret", "old_secret", &out->out);
    if (!call)
        call = secrets_read(&in, "inbound_secret", "old_inbound_secret", &out->in);
    if (!call && out->mode == WEB_WEBHOOK && !out->out.text[0])
        call = web_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                       "mode webhook needs secret_file, a file with the key to sign with");
    return call;
}

static void secret_free(char **secret)
{
    if (*secret)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}

void web_settings_finish(struct web_settings *settings)
{
    for (int i = 0; i < WEB_SECRETS; i++) {
        secret_free(&settings->out.text[i]);
        secret_free(&settings->in.text[i]);
    }
    free(settings->url);
    free(settings->ca_file);
    settings->url = settings->ca_file = NULL;
}
