/* Channels as configured, and whether their options fit their plugins. */
#include <string.h>

#include "base/str.h"
#include "host/host.h"
#include "ops/ops_private.h"

FL_OPS_RUN(fl_ops_channel_list_run)
{
    (void)args;
    (void)err;
    for (size_t i = 0; i < context->conf->n_channels; i++) {
        const struct fl_conf_channel *channel = &context->conf->channels[i];
        struct fl_plugin *plugin = NULL;
        json_t *row = json_object();
        struct fl_error why = {0};
        const char *medium = NULL;
        const char *one_way = NULL;

        if (fl_plugin_load(context->conf->plugin_dir, channel->plugin, &plugin, &why)) {
            fl_ops_note(sink, "channel \"%s\": %s", channel->name, why.text);
        } else {
            const struct fl_channel_v1 *descriptor = fl_plugin_info(plugin)->channel;

            medium = descriptor->medium;
            one_way = descriptor->capabilities & FL_ONE_WAY ? "one way" : "both ways";
        }
        fl_ops_put_str(row, "name", channel->name);
        fl_ops_put_str(row, "plugin", channel->plugin);
        fl_ops_put_str(row, "medium", medium);
        fl_ops_put_bool(row, "enabled", channel->is_enabled);
        fl_ops_put_int(row, "workers", channel->workers);
        fl_ops_put_str(row, "direction", one_way);
        fl_ops_row_emit(sink, row);
        fl_plugin_unload(&plugin);
    }
    return FL_OK;
}

enum fl_status fl_ops_channel_options(struct fl_ops_context *context, struct fl_arena *arena,
                                      const struct fl_conf_channel *channel,
                                      struct fl_faults *faults, struct fl_error *err)
{
    struct fl_why why = {.size = sizeof why};
    const struct fl_option *options;
    const struct fl_channel_v1 *descriptor;
    struct fl_plugin *plugin = NULL;
    size_t n;
    enum fl_status st;

    st = fl_plugin_load(context->conf->plugin_dir, channel->plugin, &plugin, err);
    if (st)
        return st;
    descriptor = fl_plugin_info(plugin)->channel;
    st = fl_conf_options(arena, descriptor->options, channel, faults, &options, &n, err);
    if (!st && descriptor->check && descriptor->check(options, n, &why) != FL_CALL_OK) {
        why.text[sizeof why.text - 1] = '\0';
        st = fl_error_set(err, FL_INVALID, "%s", why.text);
    }
    fl_plugin_unload(&plugin);
    return st;
}

static enum fl_status learn(struct fl_ops_context *context, const struct fl_conf_channel *channel,
                            struct fl_error *err)
{
    struct fl_plugin *plugin = NULL;
    enum fl_medium medium;
    int64_t id;
    enum fl_status st;

    if (fl_store_channel_find(context->store, channel->name, &id, &medium, NULL) == FL_OK)
        return FL_OK;
    st = fl_plugin_load(context->conf->plugin_dir, channel->plugin, &plugin, err);
    if (st)
        return fl_error_prefix(err, st, "channel \"%s\"", channel->name);
    if (fl_medium_parse(fl_plugin_info(plugin)->channel->medium, &medium))
        st = fl_store_channel_id(context->store, channel->name, medium, &id, err);
    fl_plugin_unload(&plugin);
    return st;
}

enum fl_status fl_ops_channel_learn(struct fl_ops_context *context, const char *name,
                                    struct fl_error *err)
{
    const struct fl_conf_channel *channel = fl_conf_channel_find(context->conf, name);

    /* Core learns it from the host and loads no plugin. */
    return context->daemon || !channel ? FL_OK : learn(context, channel, err);
}

FL_OPS_RUN(fl_ops_channel_check_run)
{
    const char *name = fl_ops_str(args, "channel");
    const struct fl_conf_channel *channel = fl_conf_channel_find(context->conf, name);
    struct fl_faults faults;
    struct fl_error why = {0};
    enum fl_status st;

    if (!channel)
        return fl_error_set(err, FL_NOT_FOUND, "no channel \"%s\" in %s", name,
                            context->conf->file ? context->conf->file : "the configuration");
    fl_faults_init(&faults, args->arena);
    st = fl_ops_channel_options(context, args->arena, channel, &faults, &why);
    for (size_t i = 0; i < faults.n_items; i++)
        fl_ops_check_emit(sink, FL_OPS_FAIL, "options",
                          fl_fault_text(args->arena, &faults.items[i]), NULL);
    if (st && !faults.n_items)
        fl_ops_check_emit(sink, FL_OPS_FAIL, "options", why.text, NULL);
    if (!st)
        fl_ops_check_emit(sink, FL_OPS_FINE, "options",
                          fl_arena_printf(args->arena, "fit plugin \"%s\"", channel->plugin), NULL);
    return FL_OK;
}
