/* Planning: whom a campaign reaches now, and making its messages. */
#include <string.h>

#include "ops/ops_private.h"
#include "policy/policy.h"

struct planning {
    struct fl_ops_call *call;
    const char *campaign;
    bool is_quiet; /* stages that reach nobody are not shown */
    int64_t n_audience, n_planned;
};

static void emit(struct planning *planning, const char *stage, const char *rule, int64_t n,
                 const char *sentence)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "campaign", planning->campaign);
    fl_ops_put_str(row, "stage", stage);
    fl_ops_put_str(row, "rule", rule);
    fl_ops_put_int(row, "customers", n);
    fl_ops_put_str(row, "sentence", sentence);
    fl_ops_row_emit(planning->call->sink, row);
}

static void on_planned(void *ctx, const char *stage, const struct fl_store_plan_result *result)
{
    struct planning *planning = ctx;

    planning->n_audience += result->n_audience;
    planning->n_planned += result->n_planned;
    if (result->n_planned || !planning->is_quiet)
        emit(planning, stage, "none", result->n_planned, "will be sent");
    for (int rule = FL_RULE_NONE + 1; rule < FL_RULES; rule++)
        if (result->n_suppressed[rule])
            emit(planning, stage, fl_rule_name((enum fl_rule)rule), result->n_suppressed[rule],
                 fl_rule_sentence((enum fl_rule)rule));
}

enum fl_status fl_ops_campaign_plan_rows(struct fl_ops_call *call,
                                         const struct fl_campaign_row *row, bool is_dry_run,
                                         bool is_quiet, int64_t *out_planned)
{
    struct planning planning = {.call = call, .campaign = row->name, .is_quiet = is_quiet};
    struct fl_ops_context *context = call->context;
    struct fl_campaign *campaign;
    enum fl_status st;

    st = fl_ops_campaign_parsed(context, call->args, row, &campaign, call->err);
    if (!st)
        st = fl_ops_channel_learn(context, campaign->channel, call->err);
    if (!st)
        st = fl_campaign_plan(context->store, context->conf, row, campaign,
                              fl_clock_now(&context->clock), is_dry_run, on_planned, &planning,
                              call->err);
    if (st)
        return fl_error_prefix(call->err, st, "campaign \"%s\"", row->name);
    *out_planned = planning.n_planned;
    return FL_OK;
}

FL_OPS_RUN(fl_ops_campaign_plan_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_campaign_row row;
    int64_t planned = 0;
    enum fl_status st;

    st = fl_ops_campaign(context, args, fl_ops_str(args, "campaign"), &row, err);
    if (!st)
        st = fl_ops_begin(context, err);
    if (st)
        return st;
    st = fl_ops_campaign_plan_rows(&call, &row, true, false, &planned);
    fl_store_rollback(context->store);
    return st;
}

/* Counts in a transaction of its own that is rolled back: what scheduling would do. */
static enum fl_status count(struct fl_ops_call *call, const struct fl_campaign_row *row)
{
    int64_t planned = 0;
    enum fl_status st = fl_ops_begin(call->context, call->err);

    if (st)
        return st;
    st = fl_ops_campaign_plan_rows(call, row, true, false, &planned);
    fl_store_rollback(call->context->store);
    if (!st)
        fl_ops_note(call->sink, "campaign \"%s\" would send %lld messages now", row->name,
                    (long long)planned);
    return st;
}

static enum fl_status schedule(struct fl_ops_call *call, struct fl_campaign_row *row,
                               bool plans_now)
{
    struct fl_ops_context *context = call->context;
    int64_t planned = 0;
    enum fl_status st = fl_ops_begin(context, call->err);

    if (st)
        return st;
    st = fl_store_campaign_set_state(context->store, row->id, FL_CAMPAIGN_SCHEDULED, "", call->err);
    row->state = FL_CAMPAIGN_SCHEDULED;
    if (!st && plans_now)
        st = fl_ops_campaign_plan_rows(call, row, false, true, &planned);
    st = fl_ops_end(context, call->args, st, call->err);
    if (st)
        return st;
    fl_ops_changed(context);
    if (plans_now)
        fl_ops_note(call->sink, "campaign \"%s\" is scheduled; %lld messages were planned",
                    row->name, (long long)planned);
    else
        fl_ops_note(call->sink, "campaign \"%s\" is scheduled", row->name);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_campaign_schedule_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_campaign_row row;
    enum fl_status st;

    st = fl_ops_campaign(context, args, fl_ops_str(args, "campaign"), &row, err);
    if (st)
        return st;
    if (row.state == FL_CAMPAIGN_CANCELLED)
        return fl_error_set(err, FL_CONFLICT,
                            "campaign \"%s\" was cancelled; apply it under a new name", row.name);
    if (fl_ops_is_dry(args))
        return count(&call, &row);
    st = schedule(&call, &row, fl_ops_bool(args, "now"));
    if (!st && context->daemon && context->daemon->plan_now)
        context->daemon->plan_now(context->daemon->ctx);
    else if (!st && !context->daemon && !fl_ops_bool(args, "now"))
        fl_ops_note(sink, "the daemon is down: it is planned when fairlined runs, or by "
                          "\"fairline run plan --once\"");
    return st;
}

/* Every scheduled campaign in a transaction of its own: one that cannot be planned does not keep
 * the others back. */
FL_OPS_RUN(fl_ops_run_plan_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_campaign_row *rows;
    enum fl_status st, first = FL_OK;
    int64_t sum = 0;
    size_t n;

    st = fl_ops_campaigns(context, args->arena, false, &rows, &n, err);
    if (st)
        return st;
    for (size_t i = 0; i < n; i++) {
        int64_t planned = 0;

        if (rows[i].state != FL_CAMPAIGN_SCHEDULED)
            continue;
        st = fl_ops_begin(context, err);
        if (st)
            return st;
        st = fl_ops_campaign_plan_rows(&call, &rows[i], fl_ops_is_dry(args), true, &planned);
        st = fl_ops_end(context, args, st, err);
        if (st && !first)
            first = st;
        if (st)
            fl_ops_note(sink, "%s", err ? err->text : rows[i].name);
        sum += planned;
    }
    fl_ops_note(sink, "%lld messages %s", (long long)sum,
                fl_ops_is_dry(args) ? "would be planned" : "were planned");
    fl_ops_changed(context);
    return first;
}
