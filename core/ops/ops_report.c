/* `campaign report`: what became of a campaign, in numbers that add up. */
#include "ops/ops_private.h"
#include "policy/policy.h"

enum { FAULT_CLASSES = FL_FAULT_UNKNOWN + 1, RULES = FL_RULE_EXPIRED + 1 };

struct report {
    struct fl_ops_call *call;
    struct fl_ops_list ids; /* messages whose events say whose fault it was */
    int64_t rules[RULES];
    int64_t faults[FAULT_CLASSES];
    enum fl_fault_class last;
};

static void emit(struct report *report, const char *section, const char *key, int64_t count,
                 const char *sentence)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "section", section);
    fl_ops_put_str(row, "key", key);
    fl_ops_put_int(row, "count", count);
    fl_ops_put_str(row, "sentence", sentence);
    fl_ops_row_emit(report->call->sink, row);
}

static bool count_rule(void *ctx, const struct fl_message *message)
{
    struct report *report = ctx;

    if ((int)message->rule < RULES)
        report->rules[message->rule]++;
    return true;
}

static bool remember(void *ctx, const struct fl_message *message)
{
    struct report *report = ctx;
    int64_t *id = fl_ops_list_add(&report->ids);

    if (id)
        *id = message->id;
    return id != NULL;
}

static bool last_fault(void *ctx, const struct fl_event *event)
{
    struct report *report = ctx;

    if (event->fault)
        report->last = event->fault;
    return true;
}

static enum fl_status each(struct report *report, enum fl_message_state state, int64_t campaign,
                           fl_store_message_fn *fn)
{
    return fl_store_message_each(report->call->context->store, state, campaign, 0, FL_OPS_LIST_MAX,
                                 fn, report, report->call->err);
}

static enum fl_status count_rules(struct report *report, int64_t campaign)
{
    static const enum fl_message_state states[] = {FL_MESSAGE_SUPPRESSED, FL_MESSAGE_HELD,
                                                   FL_MESSAGE_FAILED, FL_MESSAGE_EXPIRED,
                                                   FL_MESSAGE_CANCELLED};
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < sizeof states / sizeof states[0]; i++)
        st = each(report, states[i], campaign, count_rule);
    for (int rule = FL_RULE_NONE + 1; !st && rule < RULES; rule++)
        if (report->rules[rule])
            emit(report, "rule", fl_rule_name((enum fl_rule)rule), report->rules[rule],
                 fl_rule_sentence((enum fl_rule)rule));
    return st;
}

static enum fl_status count_faults(struct report *report, int64_t campaign)
{
    static const enum fl_message_state states[] = {FL_MESSAGE_BOUNCED, FL_MESSAGE_FAILED,
                                                   FL_MESSAGE_DEFERRED, FL_MESSAGE_EXPIRED};
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < sizeof states / sizeof states[0]; i++)
        st = each(report, states[i], campaign, remember);
    for (size_t i = 0; !st && i < report->ids.n; i++) {
        report->last = FL_FAULT_NONE;
        st = fl_store_event_each(report->call->context->store, ((int64_t *)report->ids.items)[i],
                                 last_fault, report, report->call->err);
        if ((int)report->last < FAULT_CLASSES)
            report->faults[report->last]++;
    }
    for (int fault = FL_FAULT_NONE + 1; !st && fault < FAULT_CLASSES; fault++)
        if (report->faults[fault])
            emit(report, "fault", fl_fault_class_name((enum fl_fault_class)fault),
                 report->faults[fault], NULL);
    return st;
}

FL_OPS_RUN(fl_ops_campaign_report_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct report report = {.call = &call};
    int64_t states[FL_MESSAGE_STATES], kinds[FL_FEEDBACK_KINDS], all = 0;
    struct fl_campaign_row row;
    enum fl_status st;

    fl_ops_list_init(&report.ids, args->arena, sizeof(int64_t));
    st = fl_ops_campaign(context, args, fl_ops_str(args, "campaign"), &row, err);
    if (!st)
        st = fl_store_message_counts(context->store, row.id, states, err);
    if (!st)
        st = fl_store_feedback_counts(context->store, row.id, kinds, err);
    if (st)
        return st;
    for (int i = 0; i < FL_MESSAGE_STATES; i++)
        all += states[i];
    emit(&report, "messages", "all", all, NULL);
    for (int i = 0; i < FL_MESSAGE_STATES; i++)
        if (states[i])
            emit(&report, "state", fl_message_state_name((enum fl_message_state)i), states[i],
                 NULL);
    st = count_rules(&report, row.id);
    if (!st)
        st = count_faults(&report, row.id);
    for (int i = 0; !st && i < FL_FEEDBACK_KINDS; i++)
        if (kinds[i])
            emit(&report, "feedback", fl_feedback_kind_name((enum fl_feedback_kind)i), kinds[i],
                 NULL);
    return st;
}
