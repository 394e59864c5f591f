/* Campaigns: what is stored, what state they are in. */
#include <string.h>

#include "base/str.h"
#include "ops/ops_private.h"
#include "value/position.h"

enum fl_status fl_ops_campaign(struct fl_ops_context *context, struct fl_ops_args *args,
                               const char *name, struct fl_campaign_row *out, struct fl_error *err)
{
    enum fl_status st;

    if (!name)
        return fl_error_set(err, FL_INVALID, "a campaign is missing");
    st = fl_store_campaign_find(context->store, args->arena, name, out, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "no campaign \"%s\"", name);
    return st;
}

enum fl_status fl_ops_campaign_parsed(struct fl_ops_context *context, struct fl_ops_args *args,
                                      const struct fl_campaign_row *row, struct fl_campaign **out,
                                      struct fl_error *err)
{
    struct fl_campaign *campaigns;
    struct fl_faults faults;
    size_t n;
    enum fl_status st;

    fl_faults_init(&faults, args->arena);
    st = fl_campaign_parse(args->arena, row->name, row->definition, context->conf, &faults,
                           &campaigns, &n, err);
    if (st)
        return fl_error_prefix(err, st, "the stored definition of campaign \"%s\"", row->name);
    if (n != 1)
        return fl_error_set(err, FL_INTERNAL, "campaign \"%s\" is stored as %zu campaigns",
                            row->name, n);
    *out = campaigns;
    return FL_OK;
}

struct campaigns {
    struct fl_arena *arena;
    struct fl_ops_list rows;
    bool with_tests;
};

static bool collect(void *ctx, const struct fl_campaign_row *row)
{
    struct campaigns *campaigns = ctx;
    struct fl_campaign_row *copy;

    if (!campaigns->with_tests && fl_str_starts_with(row->name, FL_OPS_TEST_PREFIX))
        return true;
    copy = fl_ops_list_add(&campaigns->rows);
    if (!copy)
        return false;
    *copy = *row;
    copy->name = fl_arena_strdup(campaigns->arena, row->name);
    copy->purpose = fl_arena_strdup(campaigns->arena, row->purpose);
    copy->reason = fl_arena_strdup(campaigns->arena, row->reason);
    copy->definition = fl_arena_strdup(campaigns->arena, row->definition);
    return true;
}

enum fl_status fl_ops_campaigns(struct fl_ops_context *context, struct fl_arena *arena,
                                bool with_tests, struct fl_campaign_row **out, size_t *out_n,
                                struct fl_error *err)
{
    struct campaigns campaigns = {.arena = arena, .with_tests = with_tests};
    enum fl_status st;

    fl_ops_list_init(&campaigns.rows, arena, sizeof(struct fl_campaign_row));
    st = fl_store_campaign_each(context->store, collect, &campaigns, err);
    if (!st && campaigns.rows.has_failed)
        st = fl_error_set(err, FL_IO, "no memory for the campaigns");
    if (st)
        return st;
    *out = campaigns.rows.items;
    *out_n = campaigns.rows.n;
    return FL_OK;
}

enum fl_status fl_ops_message_totals(struct fl_ops_context *context, int64_t campaign,
                                     int64_t *out_all, int64_t *out_waiting, struct fl_error *err)
{
    int64_t counts[FL_MESSAGE_STATES];
    enum fl_status st = fl_store_message_counts(context->store, campaign, counts, err);

    if (st)
        return st;
    *out_all = *out_waiting = 0;
    for (int i = 0; i < FL_MESSAGE_STATES; i++) {
        *out_all += counts[i];
        if (!fl_message_state_is_final((enum fl_message_state)i))
            *out_waiting += counts[i];
    }
    return FL_OK;
}

FL_OPS_RUN(fl_ops_campaign_list_run)
{
    struct fl_campaign_row *rows;
    size_t n;
    enum fl_status st;

    st = fl_ops_campaigns(context, args->arena, fl_ops_bool(args, "all"), &rows, &n, err);
    for (size_t i = 0; !st && i < n; i++) {
        int64_t all, waiting;
        json_t *row;

        st = fl_ops_message_totals(context, rows[i].id, &all, &waiting, err);
        if (st)
            break;
        row = json_object();
        fl_ops_put_str(row, "name", rows[i].name);
        fl_ops_put_str(row, "state", fl_ops_campaign_state_name(rows[i].state));
        fl_ops_put_str(row, "purpose", rows[i].purpose);
        fl_ops_put_int(row, "messages", all);
        fl_ops_put_int(row, "waiting", waiting);
        fl_ops_put_int(row, "version", rows[i].version);
        fl_ops_put_str(row, "reason", rows[i].reason);
        fl_ops_put_time(row, "updated_at", rows[i].updated_us);
        fl_ops_put_id(row, "id", rows[i].id);
        fl_ops_row_emit(sink, row);
    }
    return st;
}

static const char *offset_text(struct fl_arena *arena, struct fl_offset offset)
{
    return fl_arena_printf(arena, "%+d%c", offset.n, offset.unit);
}

static void put_change(json_t *item, const struct fl_stage *stage, struct fl_arena *arena)
{
    if (stage->zone_from >= 0)
        fl_ops_put_str(item, "zone_from", fl_zone_name((enum fl_zone)stage->zone_from));
    if (stage->zone_to >= 0)
        fl_ops_put_str(item, "zone_to", fl_zone_name((enum fl_zone)stage->zone_to));
    fl_ops_put_str(item, "within", fl_conf_duration(arena, stage->within_us));
}

static void put_stages(json_t *row, const struct fl_campaign *campaign, struct fl_arena *arena)
{
    json_t *array = json_array();

    for (size_t i = 0; i < campaign->n_stages; i++) {
        const struct fl_stage *stage = &campaign->stages[i];
        json_t *item = json_object();

        fl_ops_put_str(item, "stage", stage->name);
        if (stage->anchor) {
            fl_ops_put_str(item, "anchor", stage->anchor);
            fl_ops_put_str(item, "from", offset_text(arena, stage->from));
            fl_ops_put_str(item, "to", offset_text(arena, stage->to));
        } else {
            put_change(item, stage, arena);
        }
        fl_ops_put_str(item, "content", stage->content);
        (void)json_array_append_new(array, item);
    }
    (void)json_object_set_new(row, "stages", array);
}

FL_OPS_RUN(fl_ops_campaign_show_run)
{
    struct fl_campaign_row found;
    struct fl_campaign *campaign;
    int64_t all, waiting;
    json_t *row;
    enum fl_status st;

    st = fl_ops_campaign(context, args, fl_ops_str(args, "campaign"), &found, err);
    if (!st)
        st = fl_ops_message_totals(context, found.id, &all, &waiting, err);
    if (!st)
        st = fl_ops_campaign_parsed(context, args, &found, &campaign, err);
    if (st)
        return st;
    row = json_object();
    fl_ops_put_str(row, "name", found.name);
    fl_ops_put_id(row, "id", found.id);
    fl_ops_put_str(row, "state", fl_ops_campaign_state_name(found.state));
    fl_ops_put_str(row, "reason", found.reason);
    fl_ops_put_str(row, "purpose", found.purpose);
    fl_ops_put_str(row, "channel", campaign->channel);
    fl_ops_put_str(row, "content", campaign->content);
    if (campaign->is_once && campaign->is_at_once)
        fl_ops_put_str(row, "at", "now");
    else if (campaign->is_once)
        fl_ops_put_time(row, "at", campaign->at_us);
    fl_ops_put_real(row, "hold_out_percent", campaign->hold_out_permille / 10.0);
    fl_ops_put_int(row, "version", found.version);
    fl_ops_put_int(row, "messages", all);
    fl_ops_put_int(row, "waiting", waiting);
    fl_ops_put_time(row, "created_at", found.created_us);
    fl_ops_put_time(row, "updated_at", found.updated_us);
    if (campaign->n_stages)
        put_stages(row, campaign, args->arena);
    fl_ops_put_str(row, "definition", found.definition);
    fl_ops_row_emit(sink, row);
    return FL_OK;
}

static void emit_state(const struct fl_ops_sink *sink, const char *name,
                       enum fl_campaign_state state, const char *count_name, int64_t count)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "campaign", name);
    fl_ops_put_str(row, "state", fl_ops_campaign_state_name(state));
    fl_ops_put_int(row, count_name, count);
    fl_ops_row_emit(sink, row);
}

static enum fl_status change_state(struct fl_ops_call *call, const struct fl_campaign_row *row,
                                   enum fl_campaign_state to)
{
    struct fl_ops_context *context = call->context;
    const char *reason = fl_ops_str(call->args, "reason");
    enum fl_status st = fl_ops_begin(context, call->err);

    if (st)
        return st;
    st = fl_store_campaign_set_state(context->store, row->id, to, reason ? reason : "", call->err);
    return fl_ops_end(context, call->args, st, call->err);
}

/* Pause and resume: allowed from the states in `from`, a set of bits. */
static enum fl_status switch_state(struct fl_ops_call *call, unsigned from,
                                   enum fl_campaign_state to, const char *expected)
{
    struct fl_campaign_row row;
    int64_t all, waiting;
    enum fl_status st;

    st = fl_ops_campaign(call->context, call->args, fl_ops_str(call->args, "campaign"), &row,
                         call->err);
    if (!st)
        st = fl_ops_message_totals(call->context, row.id, &all, &waiting, call->err);
    if (st)
        return st;
    if (row.state == to) {
        fl_ops_note(call->sink, "campaign \"%s\" was %s already", row.name,
                    fl_ops_campaign_state_name(to));
    } else if (!(from >> row.state & 1u)) {
        return fl_error_set(call->err, FL_CONFLICT, "campaign \"%s\" is %s; expected %s", row.name,
                            fl_ops_campaign_state_name(row.state), expected);
    } else {
        st = change_state(call, &row, to);
        if (st)
            return st;
        fl_ops_changed(call->context);
    }
    emit_state(call->sink, row.name, to, "waiting", waiting);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_campaign_pause_run)
{
    struct fl_ops_call call = {context, args, sink, err};

    return switch_state(&call, 1u << FL_CAMPAIGN_SCHEDULED | 1u << FL_CAMPAIGN_DONE,
                        FL_CAMPAIGN_PAUSED, "a scheduled one");
}

FL_OPS_RUN(fl_ops_campaign_resume_run)
{
    struct fl_ops_call call = {context, args, sink, err};

    return switch_state(&call, 1u << FL_CAMPAIGN_PAUSED, FL_CAMPAIGN_SCHEDULED, "a paused one");
}

static enum fl_status sweep_all(struct fl_ops_call *call, int64_t campaign, int64_t *out_n)
{
    static const enum fl_message_state from[] = {FL_MESSAGE_PLANNED, FL_MESSAGE_DEFERRED,
                                                 FL_MESSAGE_HELD};
    int64_t sum = 0;

    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        int64_t n = 0;
        enum fl_status st =
            fl_store_message_sweep(call->context->store, campaign, from[i], FL_MESSAGE_CANCELLED,
                                   FL_RULE_CAMPAIGN_CANCELLED, &n, call->err);

        if (st)
            return st;
        sum += n;
    }
    *out_n = sum;
    return FL_OK;
}

FL_OPS_RUN(fl_ops_campaign_cancel_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    const char *reason = fl_ops_str(args, "reason");
    struct fl_campaign_row row;
    int64_t cancelled = 0;
    enum fl_status st;

    st = fl_ops_campaign(context, args, fl_ops_str(args, "campaign"), &row, err);
    if (!st)
        st = fl_ops_begin(context, err);
    if (st)
        return st;
    st = fl_store_campaign_set_state(context->store, row.id, FL_CAMPAIGN_CANCELLED,
                                     reason ? reason : "", err);
    if (!st)
        st = sweep_all(&call, row.id, &cancelled);
    st = fl_ops_end(context, args, st, err);
    if (st)
        return st;
    fl_ops_changed(context);
    emit_state(sink, row.name, FL_CAMPAIGN_CANCELLED, "cancelled", cancelled);
    return FL_OK;
}
