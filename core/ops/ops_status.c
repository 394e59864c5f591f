/* `status` and `channel status`: what is running, what waits, what is late. */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "ops/ops_private.h"

enum fl_status fl_ops_oldest_due(struct fl_ops_context *context, int64_t *out, struct fl_error *err)
{
    int64_t oldest = FL_TIME_NONE;

    for (size_t i = 0; i < context->conf->n_channels; i++) {
        int64_t id, due = FL_TIME_NONE;
        enum fl_medium medium;
        enum fl_status st;

        if (fl_store_channel_find(context->store, context->conf->channels[i].name, &id, &medium,
                                  NULL))
            continue;
        st = fl_store_next_due(context->store, id, &due, err);
        if (st)
            return st;
        if (due != FL_TIME_NONE && (oldest == FL_TIME_NONE || due < oldest))
            oldest = due;
    }
    *out = oldest;
    return FL_OK;
}

/* Rows of the daemon, or of the configuration where it is down. */
static enum fl_status channel_rows(struct fl_ops_context *context, json_t *out,
                                   struct fl_error *err)
{
    if (context->daemon && context->daemon->channels)
        return context->daemon->channels(context->daemon->ctx, out, err);
    for (size_t i = 0; i < context->conf->n_channels; i++) {
        const struct fl_conf_channel *channel = &context->conf->channels[i];
        json_t *row = json_object();

        fl_ops_put_str(row, "name", channel->name);
        fl_ops_put_str(row, "plugin", channel->plugin);
        fl_ops_put_str(row, "state", channel->is_enabled ? "down" : "disabled");
        fl_ops_put_int(row, "workers", 0);
        (void)json_array_append_new(out, row);
    }
    return FL_OK;
}

static void put_counts(json_t *row, const int64_t counts[FL_MESSAGE_STATES])
{
    json_t *object = json_object();

    for (int i = 0; i < FL_MESSAGE_STATES; i++)
        if (counts[i])
            fl_ops_put_int(object, fl_message_state_name((enum fl_message_state)i), counts[i]);
    (void)json_object_set_new(row, "messages", object);
}

/* The valuation that counts, whether one is going on, and who waits to be scored again. */
static enum fl_status put_valuation(struct fl_ops_context *context, struct fl_arena *arena,
                                    json_t *row, struct fl_error *err)
{
    struct fl_ops_value value = {.is_running = false};
    struct fl_value_run run = {.as_of_us = 0};
    int64_t first, stale = 0;
    size_t n;
    enum fl_status st = fl_store_run_get(context->store, arena, 0, &run, err);

    if (st && st != FL_NOT_FOUND)
        return st;
    if (context->daemon && context->daemon->value_state)
        context->daemon->value_state(context->daemon->ctx, &value);
    fl_ops_put_str(row, "valuation", value.is_running ? "running" : st ? "none" : "done");
    fl_ops_put_time(row, "valued_as_of", run.as_of_us);
    st = fl_store_stale_list(context->store, &first, 1, &n, &stale, err);
    fl_ops_put_int(row, "to_be_scored", stale);
    return st;
}

FL_OPS_RUN(fl_ops_status_run)
{
    int64_t counts[FL_MESSAGE_STATES], oldest = FL_TIME_NONE, waiting = 0, late = 0;
    int64_t now = fl_clock_now(&context->clock);
    json_t *row, *channels = json_array(), *valuation = json_object();
    enum fl_status st;

    st = fl_store_message_counts(context->store, 0, counts, err);
    if (!st)
        st = fl_ops_oldest_due(context, &oldest, err);
    if (!st)
        st = channel_rows(context, channels, err);
    if (!st)
        st = put_valuation(context, args->arena, valuation, err);
    if (st) {
        json_decref(valuation);
        json_decref(channels);
        return st;
    }
    for (int i = 0; i < FL_MESSAGE_STATES; i++)
        if (!fl_message_state_is_final((enum fl_message_state)i))
            waiting += counts[i];
    if (oldest != FL_TIME_NONE && oldest < now)
        late = (now - oldest) / FL_US_PER_S;
    row = json_object();
    fl_ops_put_str(row, "daemon", context->daemon ? "running" : "down");
    fl_ops_put_str(row, "version", FL_VERSION);
    fl_ops_put_str(row, "data_dir", context->conf->data_dir);
    fl_ops_put_int(row, "waiting", waiting);
    fl_ops_put_time(row, "oldest_due_at", oldest);
    fl_ops_put_int(row, "late_s", late);
    if (context->daemon && context->daemon->front)
        fl_ops_put_str(row, "front", context->daemon->front(context->daemon->ctx));
    else
        fl_ops_put_str(row, "front", context->conf->front.is_enabled ? "down" : "disabled");
    (void)json_object_update(row, valuation);
    json_decref(valuation);
    put_counts(row, counts);
    (void)json_object_set_new(row, "channels", channels);
    fl_ops_row_emit(sink, row);
    return FL_OK;
}

static enum fl_status put_queue(struct fl_ops_context *context, json_t *row, struct fl_error *err)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    int64_t id, due = FL_TIME_NONE;
    enum fl_medium medium;
    enum fl_status st;

    if (!name || fl_store_channel_find(context->store, name, &id, &medium, NULL))
        return FL_OK;
    st = fl_store_next_due(context->store, id, &due, err);
    if (st)
        return st;
    fl_ops_put_str(row, "medium", fl_medium_name(medium));
    fl_ops_put_time(row, "oldest_due_at", due);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_channel_status_run)
{
    json_t *channels = json_array();
    enum fl_status st;
    json_t *row;
    size_t i;

    (void)args;
    st = channel_rows(context, channels, err);
    json_array_foreach(channels, i, row)
    {
        if (!st)
            st = put_queue(context, row, err);
        if (!st)
            sink->row(sink->ctx, row);
    }
    json_decref(channels);
    return st;
}
