/* The gate: does a descriptor fit this program?  Each refusal names the value, what was expected
 * and what was found, in words for the person who installed the plugin. */
#include <string.h>

#include "base/str.h"
#include "base/token.h"
#include "host/host.h"

enum { NAME_MAX_BYTES = 32, HELP_MAX_BYTES = 200 };

static enum fl_status gate_version(const struct fl_channel_v1 *channel, struct fl_error *err)
{
    /* 1.1 added preview(); what a plugin of 1.0 does not have is never read. */
    size_t least =
        channel->abi_minor < 1 ? offsetof(struct fl_channel_v1, preview) : sizeof *channel;

    if (channel->magic != FL_CHANNEL_MAGIC)
        return fl_error_set(err, FL_INVALID,
                            "its magic number is 0x%08x, expected 0x%08x: this is no channel "
                            "descriptor",
                            channel->magic, FL_CHANNEL_MAGIC);
    if (channel->abi_major != FL_CHANNEL_ABI_MAJOR)
        return fl_error_set(err, FL_INVALID,
                            "it was built for channel ABI %u.%u, expected %d.x: build it again "
                            "with the fairline/channel.h of this release",
                            channel->abi_major, channel->abi_minor, FL_CHANNEL_ABI_MAJOR);
    if (channel->abi_minor > FL_CHANNEL_ABI_MINOR)
        return fl_error_set(err, FL_INVALID,
                            "it was built for channel ABI %u.%u, expected at most %d.%d: it is "
                            "newer than this Fairline",
                            channel->abi_major, channel->abi_minor, FL_CHANNEL_ABI_MAJOR,
                            FL_CHANNEL_ABI_MINOR);
    if (channel->size < least)
        return fl_error_set(err, FL_INVALID,
                            "its descriptor is %u bytes long, expected at least %zu for channel "
                            "ABI %u.%u",
                            channel->size, least, channel->abi_major, channel->abi_minor);
    return FL_OK;
}

static bool is_name(const char *s)
{
    return s && *s >= 'a' && *s <= 'z' && strlen(s) <= NAME_MAX_BYTES &&
           s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

static enum fl_status gate_identity(const struct fl_channel_v1 *channel, struct fl_error *err)
{
    enum fl_medium medium;

    if (!is_name(channel->name))
        return fl_error_set(err, FL_INVALID,
                            "its name is \"%.40s\", expected at most %d of a-z 0-9 _ - that begin "
                            "with a letter",
                            channel->name ? channel->name : "", NAME_MAX_BYTES);
    if (!channel->version || !*channel->version)
        return fl_error_set(err, FL_INVALID, "its version is empty, expected some text");
    if (!channel->summary || !*channel->summary)
        return fl_error_set(err, FL_INVALID, "its summary is empty, expected one line");
    if (!channel->medium || !fl_medium_parse(channel->medium, &medium) || medium == FL_MEDIUM_NONE)
        return fl_error_set(err, FL_INVALID,
                            "its medium is \"%.40s\", expected email, sms, fax, letter, web, push "
                            "or other",
                            channel->medium ? channel->medium : "");
    return FL_OK;
}

static enum fl_status gate_calls(const struct fl_channel_v1 *channel, struct fl_error *err)
{
    const struct {
        unsigned flag;
        bool is_there;
        const char *flag_name, *call;
    } calls[] = {
        {0, channel->check, "", "check"},
        {0, channel->open, "", "open"},
        {0, channel->close, "", "close"},
        {FL_CAN_DELIVER, channel->deliver, "FL_CAN_DELIVER", "deliver"},
        {FL_CAN_COLLECT, channel->collect, "FL_CAN_COLLECT", "collect"},
        {FL_CAN_HTTP, channel->http, "FL_CAN_HTTP", "http"},
        {FL_CAN_LOOKUP, channel->lookup, "FL_CAN_LOOKUP", "lookup"},
        {FL_CAN_HEALTH, channel->health, "FL_CAN_HEALTH", "health"},
        {FL_CAN_PREVIEW, FL_HAS(channel, preview) && channel->preview, "FL_CAN_PREVIEW", "preview"},
    };
    const unsigned inward = FL_CAN_COLLECT | FL_CAN_HTTP;

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (calls[i].is_there)
            continue;
        if (!calls[i].flag)
            return fl_error_set(err, FL_INVALID, "it has no %s(), expected of every plugin",
                                calls[i].call);
        if (channel->capabilities & calls[i].flag)
            return fl_error_set(err, FL_INVALID,
                                "it declares %s and has no %s(), expected both or neither",
                                calls[i].flag_name, calls[i].call);
    }
    if (!(channel->capabilities & (inward | FL_ONE_WAY)))
        return fl_error_set(err, FL_INVALID,
                            "it collects nothing and does not say so, expected FL_CAN_COLLECT, "
                            "FL_CAN_HTTP or FL_ONE_WAY");
    if ((channel->capabilities & FL_ONE_WAY) && (channel->capabilities & inward))
        return fl_error_set(err, FL_INVALID,
                            "it declares FL_ONE_WAY and collects, expected one of the two");
    return FL_OK;
}

static enum fl_status gate_limits(const struct fl_limits *limits, struct fl_error *err)
{
    if (!limits)
        return fl_error_set(err, FL_INVALID, "it has no limits, expected a struct fl_limits");
    if (limits->size < sizeof *limits)
        return fl_error_set(err, FL_INVALID, "its limits are %u bytes long, expected at least %zu",
                            limits->size, sizeof *limits);
    if (limits->batch_max == 0)
        return fl_error_set(err, FL_INVALID, "its batch_max is 0, expected at least 1");
    return FL_OK;
}

static bool has_choice(const char *choices, const char *wanted)
{
    size_t len = strlen(wanted);

    for (const char *p = choices; *p; p += strcspn(p, "|"), p += *p == '|')
        if (strcspn(p, "|") == len && memcmp(p, wanted, len) == 0)
            return true;
    return false;
}

static enum fl_status gate_option(const struct fl_option_spec *table, size_t i,
                                  struct fl_error *err)
{
    const struct fl_option_spec *o = &table[i];

    if (!is_name(o->name))
        return fl_error_set(err, FL_INVALID,
                            "option %zu is named \"%.40s\", expected at most %d of a-z 0-9 _ -", i,
                            o->name, NAME_MAX_BYTES);
    for (size_t j = 0; j < i; j++)
        if (strcmp(table[j].name, o->name) == 0)
            return fl_error_set(err, FL_INVALID, "option \"%s\" stands twice, expected once",
                                o->name);
    if (o->type < FL_OPTION_STRING || o->type > FL_OPTION_HOSTPORT)
        return fl_error_set(err, FL_INVALID, "option \"%s\" is of type %d, expected %d to %d",
                            o->name, (int)o->type, FL_OPTION_STRING, FL_OPTION_HOSTPORT);
    if (!o->help || !*o->help || strlen(o->help) > HELP_MAX_BYTES)
        return fl_error_set(err, FL_INVALID,
                            "option \"%s\" has no help, expected one line of at most %d bytes",
                            o->name, HELP_MAX_BYTES);
    if (o->min > o->max)
        return fl_error_set(err, FL_INVALID,
                            "option \"%s\" ranges from %lld to %lld, expected the smaller first",
                            o->name, (long long)o->min, (long long)o->max);
    if (o->type == FL_OPTION_ENUM && (!o->choices || !*o->choices))
        return fl_error_set(err, FL_INVALID,
                            "option \"%s\" has no choices, expected a list separated by '|'",
                            o->name);
    if (o->type == FL_OPTION_ENUM && o->default_text && !has_choice(o->choices, o->default_text))
        return fl_error_set(err, FL_INVALID,
                            "option \"%s\" has the default \"%.40s\", expected one of %s", o->name,
                            o->default_text, o->choices);
    if ((o->flags & FL_OPTION_SECRET) && o->default_text)
        return fl_error_set(err, FL_INVALID,
                            "option \"%s\" is a secret with a default, expected none", o->name);
    return FL_OK;
}

static enum fl_status gate_options(const struct fl_option_spec *table, struct fl_error *err)
{
    enum fl_status st;

    if (!table)
        return fl_error_set(err, FL_INVALID, "it has no option table, expected at least its end");
    for (size_t i = 0; table[i].name; i++) {
        if (i == FL_HOST_OPTIONS_MAX)
            return fl_error_set(err, FL_INVALID,
                                "its option table has no end, expected a row without name after "
                                "at most %d",
                                FL_HOST_OPTIONS_MAX);
        st = gate_option(table, i, err);
        if (st)
            return st;
    }
    return FL_OK;
}

enum fl_status fl_plugin_gate(const struct fl_channel_v1 *channel, struct fl_error *err)
{
    enum fl_status st;

    if (!channel)
        return fl_error_set(err, FL_INVALID, "its %s() gave no descriptor", FL_CHANNEL_ENTRY);
    st = gate_version(channel, err);
    if (!st)
        st = gate_identity(channel, err);
    if (!st)
        st = gate_calls(channel, err);
    if (!st)
        st = gate_limits(channel->limits, err);
    return st ? st : gate_options(channel->options, err);
}
