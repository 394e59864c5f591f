/* Plugins and channels: what is installed, what it takes, whether the options fit.
 *
 * These load plugin code into the command line, never into core. */
#include <string.h>

#include "base/str.h"
#include "host/host.h"
#include "kit/kit.h"
#include "ops/ops_private.h"

struct capability {
    unsigned bit;
    const char *name;
};

static const struct capability capabilities[] = {
    {FL_CAN_DELIVER, "deliver"},
    {FL_CAN_COLLECT, "collect"},
    {FL_CAN_RECEIPTS, "receipts"},
    {FL_CAN_HTTP, "http"},
    {FL_CAN_LOOKUP, "lookup"},
    {FL_CAN_HEALTH, "health"},
    {FL_ONE_WAY, "one_way"},
    {FL_DEDUPES, "dedupes"},
    {FL_COSTS_MONEY, "costs_money"},
    {FL_CAN_PREVIEW, "preview"},
    {FL_WANTS_MARKDOWN, "wants_markdown"},
    {FL_BEGINS, "begins"},
};

static const char *direction(const struct fl_channel_v1 *channel)
{
    const bool out = channel->capabilities & FL_CAN_DELIVER;
    const bool in = channel->capabilities & (FL_CAN_COLLECT | FL_CAN_HTTP | FL_CAN_RECEIPTS);

    return out && in ? "both" : in ? "in" : "out";
}

struct listing {
    struct fl_ops_call *call;
    int64_t n_bad;
};

static void list_one(void *ctx, const char *name, const char *path)
{
    struct listing *listing = ctx;
    struct fl_plugin *plugin = NULL;
    struct fl_error err = {0};
    const struct fl_channel_v1 *channel;
    json_t *row;

    if (fl_plugin_load("", path, &plugin, &err)) {
        fl_ops_note(listing->call->sink, "plugin \"%s\" cannot be used: %s", name, err.text);
        listing->n_bad++;
        return;
    }
    channel = fl_plugin_info(plugin)->channel;
    row = json_object();
    fl_ops_put_str(row, "name", channel->name);
    fl_ops_put_str(row, "version", channel->version);
    fl_ops_put_str(row, "medium", channel->medium);
    fl_ops_put_str(row, "direction", direction(channel));
    fl_ops_put_str(row, "summary", channel->summary);
    fl_ops_put_str(row, "path", path);
    fl_ops_row_emit(listing->call->sink, row);
    fl_plugin_unload(&plugin);
}

FL_OPS_RUN(fl_ops_plugin_list_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct listing listing = {.call = &call};

    return fl_plugin_each(context->conf->plugin_dir, list_one, &listing, err);
}

static json_t *capability_names(const struct fl_channel_v1 *channel)
{
    json_t *array = json_array();

    for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++)
        if (channel->capabilities & capabilities[i].bit)
            (void)json_array_append_new(array, json_string(capabilities[i].name));
    return array;
}

static json_t *limits_of(const struct fl_channel_v1 *channel)
{
    const struct fl_limits *limits = channel->limits;
    json_t *object = json_object();

    if (!limits)
        return object;
    if (FL_HAS(limits, batch_max))
        fl_ops_put_int(object, "batch_max", limits->batch_max);
    if (FL_HAS(limits, text_max))
        fl_ops_put_int(object, "text_max", limits->text_max);
    if (FL_HAS(limits, rate_max))
        fl_ops_put_int(object, "rate_max", limits->rate_max);
    if (FL_HAS(limits, call_timeout_s))
        fl_ops_put_int(object, "call_timeout_s", limits->call_timeout_s);
    return object;
}

static const char *flags_text(struct fl_arena *arena, unsigned flags)
{
    return fl_arena_printf(arena, "%s%s%s", flags & FL_OPTION_REQUIRED ? "required " : "",
                           flags & FL_OPTION_SECRET ? "secret " : "",
                           flags & FL_OPTION_RELOAD ? "reload" : "");
}

static json_t *options_of(const struct fl_channel_v1 *channel, struct fl_arena *arena)
{
    json_t *array = json_array();

    for (const struct fl_option_spec *spec = channel->options; spec && spec->name; spec++) {
        json_t *item = json_object();
        char *flags = fl_arena_strdup(arena, flags_text(arena, spec->flags));

        fl_ops_put_str(item, "option", spec->name);
        fl_ops_put_str(item, "expected", fl_conf_spec_expected(arena, spec));
        fl_ops_put_str(item, "default", spec->default_text);
        fl_ops_put_str(item, "flags", flags ? fl_str_trim(flags) : "");
        fl_ops_put_str(item, "help", spec->help);
        (void)json_array_append_new(array, item);
    }
    return array;
}

FL_OPS_RUN(fl_ops_plugin_show_run)
{
    struct fl_plugin *plugin = NULL;
    const struct fl_plugin_info *info;
    enum fl_status st;
    json_t *row;

    st = fl_plugin_load(context->conf->plugin_dir, fl_ops_str(args, "plugin"), &plugin, err);
    if (st)
        return st;
    info = fl_plugin_info(plugin);
    row = json_object();
    fl_ops_put_str(row, "name", info->channel->name);
    fl_ops_put_str(row, "version", info->channel->version);
    fl_ops_put_str(row, "summary", info->channel->summary);
    fl_ops_put_str(row, "medium", info->channel->medium);
    fl_ops_put_str(row, "direction", direction(info->channel));
    fl_ops_put_str(row, "path", info->path);
    (void)json_object_set_new(row, "capabilities", capability_names(info->channel));
    (void)json_object_set_new(row, "limits", limits_of(info->channel));
    (void)json_object_set_new(row, "options", options_of(info->channel, args->arena));
    fl_ops_row_emit(sink, row);
    fl_plugin_unload(&plugin);
    return FL_OK;
}

void fl_ops_check_emit(const struct fl_ops_sink *sink, enum fl_ops_check check, const char *what,
                       const char *detail, const char *remedy)
{
    static const char *const names[] = {"OK", "WARN", "FAIL"};
    json_t *row = json_object();

    fl_ops_put_str(row, "result", names[check]);
    fl_ops_put_str(row, "what", what);
    fl_ops_put_str(row, "detail", detail);
    fl_ops_put_str(row, "remedy", remedy);
    fl_ops_row_emit(sink, row);
}

FL_OPS_RUN(fl_ops_plugin_check_run)
{
    const char *path = fl_ops_str(args, "file");
    struct fl_plugin *plugin = NULL;
    const struct fl_channel_v1 *channel;
    struct fl_error why = {0};

    (void)context;
    (void)err;
    if (fl_plugin_load("", path, &plugin, &why)) {
        fl_ops_check_emit(sink, FL_OPS_FAIL, "loads", why.text, NULL);
        return FL_OK;
    }
    channel = fl_plugin_info(plugin)->channel;
    fl_ops_check_emit(sink, FL_OPS_FINE, "loads",
                      fl_arena_printf(args->arena, "%s %s, contract %u.%u", channel->name,
                                      channel->version, (unsigned)channel->abi_major,
                                      (unsigned)channel->abi_minor),
                      NULL);
    if (channel->capabilities & (FL_CAN_COLLECT | FL_CAN_HTTP | FL_ONE_WAY))
        fl_ops_check_emit(sink, FL_OPS_FINE, "inbound", direction(channel), NULL);
    else
        fl_ops_check_emit(sink, FL_OPS_WARN, "inbound", "collects nothing",
                          "declare FL_ONE_WAY, so that people can see it");
    if (channel->capabilities & FL_CAN_HEALTH)
        fl_ops_check_emit(sink, FL_OPS_FINE, "health", "can be asked", NULL);
    else
        fl_ops_check_emit(sink, FL_OPS_WARN, "health", "cannot be asked",
                          "implement health(), so that doctor can try the login");
    fl_plugin_unload(&plugin);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_plugin_new_run)
{
    const char *name = fl_ops_str(args, "name");
    const char *given = fl_ops_str(args, "folder");
    const char *folder = given ? given : name, *file;
    enum fl_status st = fl_kit_skeleton_write(args->arena, name, folder, err);

    (void)context;
    for (size_t i = 0; !st && (file = fl_kit_skeleton_file(args->arena, name, i)); i++) {
        json_t *row = json_object();

        fl_ops_put_str(row, "file", fl_arena_printf(args->arena, "%s/%s", folder, file));
        fl_ops_row_emit(sink, row);
    }
    if (!st)
        fl_ops_note(sink, "now: cd %s && make && make check", folder);
    return st;
}
