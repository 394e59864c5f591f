/* `campaign report`: what became of a campaign, in numbers that add up. */
#include <stdio.h>
#include <string.h>

#include "content/survey.h"
#include "ops/ops_private.h"
#include "policy/policy.h"

enum { FAULT_CLASSES = FL_FAULT_UNKNOWN + 1, RULES = FL_RULES };

struct report {
    struct fl_ops_call *call;
    struct fl_ops_list ids; /* messages whose events say whose fault it was */
    int64_t rules[RULES];
    int64_t faults[FAULT_CLASSES];
    enum fl_fault_class last;
};

static json_t *row_of(const char *section, const char *key, int64_t count, const char *sentence)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "section", section);
    fl_ops_put_str(row, "key", key);
    fl_ops_put_int(row, "count", count);
    fl_ops_put_str(row, "sentence", sentence);
    return row;
}

static void emit(struct report *report, const char *section, const char *key, int64_t count,
                 const char *sentence)
{
    fl_ops_row_emit(report->call->sink, row_of(section, key, count, sentence));
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

/* --- answers and cost --------------------------------------------------------------------------*/

/* Of one question, over all numbers that were answered. */
struct question {
    char key[FL_SURVEY_KEY_MAX + 1];
    int64_t n, n_numbers, n_promoters, n_detractors;
    double sum;
};

struct tallying {
    struct report *report;
    struct question question;
};

static bool is_recommend(const struct question *question)
{
    return strcmp(question->key, "recommend") == 0 && question->n_numbers;
}

static void emit_question(struct tallying *tallying)
{
    const struct question *q = &tallying->question;
    struct fl_arena *arena = tallying->report->call->args->arena;
    double mean = q->n_numbers ? q->sum / (double)q->n_numbers : 0, nps = 0;
    const char *sentence = q->n_numbers ? fl_arena_printf(arena, "mean %.2f", mean) : NULL;
    json_t *row;

    if (is_recommend(q)) {
        nps = 100.0 * (double)(q->n_promoters - q->n_detractors) / (double)q->n_numbers;
        sentence = fl_arena_printf(arena, "mean %.2f, net promoter score %+.0f", mean, nps);
    }
    if (!q->n)
        return;
    row = row_of("answer", q->key, q->n, sentence);
    if (q->n_numbers)
        fl_ops_put_real(row, "mean", mean);
    if (is_recommend(q))
        fl_ops_put_real(row, "nps", nps);
    fl_ops_row_emit(tallying->report->call->sink, row);
}

/* Lines come in order of question; NPS as Reichheld counts it: 9 and 10 less 0 to 6. */
static bool tally_answer(void *ctx, const struct fl_answer_tally *tally)
{
    enum { PROMOTER = 9, DETRACTOR = 6 };
    struct tallying *tallying = ctx;
    struct question *q = &tallying->question;

    if (strcmp(q->key, tally->question) != 0) {
        emit_question(tallying);
        *q = (struct question){.n = 0};
        snprintf(q->key, sizeof q->key, "%s", tally->question);
    }
    q->n += tally->n;
    if (!tally->has_number)
        return true;
    q->n_numbers += tally->n;
    q->sum += tally->number * (double)tally->n;
    q->n_promoters += tally->number >= PROMOTER ? tally->n : 0;
    q->n_detractors += tally->number <= DETRACTOR ? tally->n : 0;
    return true;
}

static bool emit_cost(void *ctx, const struct fl_cost_tally *tally)
{
    struct report *report = ctx;
    const char *money = fl_ops_money(report->call->args->arena, tally->cost_micro);
    json_t *row =
        row_of("cost", *tally->currency ? tally->currency : "unknown", tally->units,
               fl_arena_printf(report->call->args->arena, "%s %s for %lld units",
                               money ? money : "?", tally->currency, (long long)tally->units));

    fl_ops_put_str(row, "cost", money);
    fl_ops_row_emit(report->call->sink, row);
    return true;
}

static enum fl_status count_answers(struct report *report, int64_t campaign)
{
    struct fl_store *store = report->call->context->store;
    struct tallying tallying = {.report = report};
    enum fl_status st =
        fl_store_answer_tally(store, campaign, tally_answer, &tallying, report->call->err);

    if (st)
        return st;
    emit_question(&tallying);
    return fl_store_cost_tally(store, campaign, emit_cost, report, report->call->err);
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
    if (!st)
        st = count_answers(&report, row.id);
    if (!st && report.rules[FL_RULE_HOLD_OUT])
        fl_ops_effect_rows(&call, &row, report.rules[FL_RULE_HOLD_OUT]);
    return st;
}
