/* What the last valuation says of everybody. */
#include <math.h>
#include <string.h>

#include "appraise/appraise.h"
#include "ops/ops_worth.h"

enum { GROUPS_MAX = 100 };
#define GROUP_OTHER "(other)"

/* Some customers together. */
struct tally {
    int64_t n, valued, zones[FL_ZONES];
    double commitment, cv, ce;
    int64_t ltv_minor, ce_minor, cv_minor;
};
struct group { /* by the value of the segment attribute */
    const char *name;
    struct tally tally;
};
struct member {
    int64_t customer;
    size_t group;
};
struct report {
    struct fl_ops_call *call;
    struct tally all, zones[FL_ZONES], segments[FL_SEGMENTS], keys[FL_KEY_LEADER + 1];
    int64_t states[FL_SCORE_OBJECTED + 1];
    struct fl_ops_list groups;
    struct fl_ops_list members; /* who is in which, in order of customer */
    size_t at;                  /* of them, while the scores go by */
    size_t last;                /* group: customers of one often stand together */
};

/* ---- counting --------------------------------------------------------------------------------*/

static void add(struct tally *tally, const struct fl_score *score)
{
    tally->n++;
    tally->zones[score->zone]++;
    if (score->state != FL_SCORE_VALUED)
        return;
    tally->valued++;
    tally->commitment += score->commitment;
    tally->cv += score->cv;
    tally->ce += score->ce;
    tally->ltv_minor += score->ltv_minor;
    tally->ce_minor += score->ce_minor;
    tally->cv_minor += score->cv_minor;
}

/* Its place among the groups; SIZE_MAX: no memory. */
static size_t group_of(struct report *report, const char *name)
{
    const struct group *groups = report->groups.items;
    size_t n = report->groups.n;
    struct group *group;

    if (n && strcmp(groups[report->last].name, name) == 0)
        return report->last;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(groups[i].name, name) == 0)
            return report->last = i;
    }
    if (n >= GROUPS_MAX && strcmp(name, GROUP_OTHER) != 0)
        return group_of(report, GROUP_OTHER);
    group = fl_ops_list_add(&report->groups);
    name = group ? fl_arena_strdup(report->call->args->arena, name) : NULL;
    if (!name)
        return SIZE_MAX;
    group->name = name;
    return report->last = report->groups.n - 1;
}

static bool on_customer(void *ctx, const struct fl_trade_row *row)
{
    struct report *report = ctx;
    size_t group = group_of(report, row->segment);
    struct member *member = group == SIZE_MAX ? NULL : fl_ops_list_add(&report->members);

    if (member)
        *member = (struct member){row->customer, group};
    return member != NULL;
}

/* Customers and scores both come in order of id. */
static struct tally *group_tally(struct report *report, int64_t customer)
{
    const struct member *members = report->members.items;

    while (report->at < report->members.n && members[report->at].customer < customer)
        report->at++;
    if (report->at == report->members.n || members[report->at].customer != customer)
        return NULL;
    return &((struct group *)report->groups.items)[members[report->at].group].tally;
}

static bool on_score(void *ctx, const struct fl_score *score)
{
    struct report *report = ctx;
    struct tally *group = group_tally(report, score->customer);

    report->states[score->state]++;
    add(&report->all, score);
    add(&report->zones[score->zone], score);
    if (group)
        add(group, score);
    if (score->state == FL_SCORE_VALUED)
        add(&report->segments[score->segment], score);
    for (unsigned flag = FL_KEY_CONTRIBUTION; flag <= FL_KEY_LEADER; flag <<= 1) {
        if (score->keys & flag)
            add(&report->keys[flag], score);
    }
    return true;
}

static enum fl_status count(struct report *report)
{
    struct fl_ops_call *call = report->call;
    const struct fl_score_filter all = {.state = -1, .zone = -1, .segment = -1};
    const char *attribute = call->context->conf->value.segment_by;
    enum fl_status st = FL_OK;

    fl_ops_list_init(&report->groups, call->args->arena, sizeof(struct group));
    fl_ops_list_init(&report->members, call->args->arena, sizeof(struct member));
    if (*attribute)
        st = fl_store_trade_each(call->context->store, 0, INT64_MAX, attribute, on_customer, report,
                                 call->err);
    if (!st && (report->members.has_failed || report->groups.has_failed))
        st = fl_error_set(call->err, FL_IO, "no memory for the groups of all customers");
    return st ? st : fl_store_score_each(call->context->store, &all, on_score, report, call->err);
}

/* ---- rows ------------------------------------------------------------------------------------*/

static json_t *row_of(const char *section, const char *key)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "section", section);
    fl_ops_put_str(row, "key", key);
    return row;
}

static void emit_count(struct report *report, const char *section, const char *key, int64_t n,
                       const char *sentence)
{
    json_t *row = row_of(section, key);

    fl_ops_put_int(row, "count", n);
    fl_ops_put_str(row, "sentence", sentence);
    fl_ops_row_emit(report->call->sink, row);
}

static double share_of(int64_t part, int64_t all)
{
    return all ? (double)part / (double)all : 0;
}

static const char *mean_of(struct report *report, int64_t minor, int64_t n)
{
    return fl_ops_minor(report->call->args->arena, report->call->context->conf,
                        llround((double)minor / (double)n));
}

static void put_zones(json_t *row, const struct tally *tally)
{
    json_t *zones = json_object();

    for (int zone = 0; zone < FL_ZONES; zone++)
        fl_ops_put_int(zones, fl_zone_name((enum fl_zone)zone), tally->zones[zone]);
    (void)json_object_set_new(row, "zones", zones);
}

static void emit_tally(struct report *report, const char *section, const char *key,
                       const char *title, const struct tally *tally)
{
    struct fl_arena *arena = report->call->args->arena;
    const struct fl_conf *conf = report->call->context->conf;
    int64_t n = tally->valued ? tally->valued : 1;
    json_t *row = row_of(section, key);
    const char *ce = mean_of(report, tally->ce_minor, n);
    const char *cv = mean_of(report, tally->cv_minor, n);

    fl_ops_put_int(row, "count", tally->n);
    fl_ops_put_real(row, "share", share_of(tally->n, report->all.n));
    fl_ops_put_str(row, "sentence",
                   tally->valued ? fl_arena_printf(arena, "%s%smean CE %s, CV %s, commitment %.2f",
                                                   title ? title : "", title ? "; " : "", ce, cv,
                                                   tally->commitment / (double)n)
                                 : title);
    if (tally->valued) {
        fl_ops_put_real(row, "mean_commitment", tally->commitment / (double)n);
        fl_ops_put_real(row, "mean_cv", tally->cv / (double)n);
        fl_ops_put_real(row, "mean_ce", tally->ce / (double)n);
        fl_ops_put_minor(row, "sum_ltv", arena, conf, tally->ltv_minor);
        fl_ops_put_minor(row, "sum_customer_equity", arena, conf, tally->ce_minor);
        fl_ops_put_minor(row, "sum_customer_value", arena, conf, tally->cv_minor);
    }
    put_zones(row, tally);
    fl_ops_row_emit(report->call->sink, row);
}

static void emit_population(struct report *report)
{
    static const char *const meanings[FL_ZONES] = {
        [FL_ZONE_N] = "too little is known",
        [FL_ZONE_I] = "receives more than the firm earns",
        [FL_ZONE_II] = "the firm earns more than the customer receives",
        [FL_ZONE_III] = "fair"};
    static const enum fl_zone order[FL_ZONES] = {FL_ZONE_I, FL_ZONE_II, FL_ZONE_III, FL_ZONE_N};
    struct fl_arena *arena = report->call->args->arena;
    const struct group *groups = report->groups.items;

    for (int i = 0; i < FL_ZONES; i++)
        emit_tally(report, "zone", fl_zone_name(order[i]), meanings[order[i]],
                   &report->zones[order[i]]);
    for (size_t i = 0; i < report->groups.n; i++)
        emit_tally(
            report, "group", *groups[i].name ? groups[i].name : "(unknown)",
            fl_arena_printf(arena, "I %.0f %%, II %.0f %%, III %.0f %%, N %.0f %%",
                            100 * share_of(groups[i].tally.zones[FL_ZONE_I], groups[i].tally.n),
                            100 * share_of(groups[i].tally.zones[FL_ZONE_II], groups[i].tally.n),
                            100 * share_of(groups[i].tally.zones[FL_ZONE_III], groups[i].tally.n),
                            100 * share_of(groups[i].tally.zones[FL_ZONE_N], groups[i].tally.n)),
            &groups[i].tally);
    for (unsigned flag = FL_KEY_CONTRIBUTION; flag <= FL_KEY_LEADER; flag <<= 1)
        emit_tally(report, "key", fl_key_flag_name((enum fl_key_flag)flag), NULL,
                   &report->keys[flag]);
    for (int i = FL_SEGMENTS - 1; i >= 0; i--)
        emit_tally(report, "segment", fl_segment_name(i), fl_segment_title(i),
                   &report->segments[i]);
}

/* Who objected has no score: the run has counted them. */
static void emit_run(struct report *report, const struct fl_value_run *run, const json_t *kept)
{
    const json_t *objected = json_object_get(json_object_get(kept, "customers"), "objected");
    char as_of[FL_TIME_TEXT_SIZE];

    fl_time_format(run->as_of_us, as_of);
    report->states[FL_SCORE_OBJECTED] = json_integer_value(objected);
    emit_count(report, "run", "customers", run->n_customers,
               fl_arena_printf(report->call->args->arena, "as of %s", as_of));
    for (int i = 0; i <= FL_SCORE_OBJECTED; i++)
        emit_count(report, "run", fl_score_state_name((enum fl_score_state)i), report->states[i],
                   i == FL_SCORE_VALUED ? NULL
                                        : fl_strategy_of((enum fl_score_state)i, NULL)->meaning);
}

static void emit_warnings(struct report *report, const json_t *kept)
{
    json_t *warning;
    size_t i;

    json_array_foreach(json_object_get(kept, "warnings"), i, warning)
    {
        json_t *row = row_of("warning", NULL);

        (void)json_object_set(row, "sentence", warning);
        fl_ops_row_emit(report->call->sink, row);
    }
}

FL_OPS_RUN(fl_ops_value_report_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct report *report = FL_ARENA_NEW(args->arena, struct report);
    struct fl_appraise_frame *frame = NULL;
    struct fl_value_run run;
    json_t *kept;
    enum fl_status st;

    if (!report)
        return fl_error_set(err, FL_IO, "no memory for the report");
    report->call = &call;
    st = fl_store_run_get(context->store, args->arena, 0, &run, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "there is no valuation yet; \"fairline value run\" makes one");
    if (!st)
        st = fl_appraise_frame_open(context->store, context->conf, &frame, err);
    if (!st)
        st = count(report);
    if (!st) {
        kept = run.report ? json_loads(run.report, 0, NULL) : NULL;
        emit_run(report, &run, kept);
        emit_population(report);
        fl_ops_value_models(&call, frame, kept);
        emit_warnings(report, kept);
        json_decref(kept);
    }
    fl_appraise_frame_close(&frame);
    return st;
}
