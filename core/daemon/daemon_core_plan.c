/* The planner's turn: whatever a scheduled campaign is due to send gets its rows. */
#include <string.h>

#include "base/file.h"
#include "campaign/campaign.h"
#include "daemon/daemon_core_private.h"

enum { PLAN_ARENA_MAX = 256 << 20 };

struct scheduled {
    struct scheduled *next;
    struct fl_campaign_row row;
};

struct turn {
    struct fl_core *core;
    struct fl_arena *arena;
    struct scheduled *first, **last;
    int64_t n_planned;
    bool has_no_memory;
};

static bool keep_scheduled(void *ctx, const struct fl_campaign_row *row)
{
    struct turn *turn = ctx;
    struct scheduled *s;

    if (row->state != FL_CAMPAIGN_SCHEDULED)
        return true;
    s = FL_ARENA_NEW(turn->arena, struct scheduled);
    if (!s) {
        turn->has_no_memory = true;
        return false;
    }
    s->row = *row;
    s->row.name = fl_arena_strdup(turn->arena, row->name);
    s->row.definition = fl_arena_strdup(turn->arena, row->definition);
    s->row.purpose = fl_arena_strdup(turn->arena, row->purpose);
    s->row.reason = fl_arena_strdup(turn->arena, row->reason);
    *turn->last = s;
    turn->last = &s->next;
    return true;
}

static void on_planned(void *ctx, const char *stage, const struct fl_store_plan_result *result)
{
    struct turn *turn = ctx;

    turn->n_planned += result->n_planned;
    if (result->n_audience)
        FL_LOG(&turn->core->log, FL_LOG_INFO, "planned", FL_KV_STR("stage", stage),
               FL_KV_INT("customers", result->n_audience), FL_KV_INT("to_send", result->n_planned));
}

static enum fl_status plan_one(struct turn *turn, const struct fl_campaign_row *row,
                               struct fl_error *err)
{
    struct fl_core *core = turn->core;
    struct fl_campaign *campaigns;
    struct fl_faults faults;
    size_t n = 0;
    enum fl_status st;

    fl_faults_init(&faults, turn->arena);
    st = fl_campaign_parse(turn->arena, row->name, row->definition, core->conf, &faults, &campaigns,
                           &n, err);
    if (!st && n != 1)
        st = fl_error_set(err, FL_INVALID, "its definition holds %zu campaigns, expected 1", n);
    if (st)
        return st;
    st = fl_store_begin(core->store, err);
    if (!st)
        st = fl_campaign_plan(core->store, core->conf, row, &campaigns[0],
                              fl_clock_now(&fl_clock_system), false, on_planned, turn, err);
    if (!st)
        st = fl_store_commit(core->store, err);
    if (st)
        fl_store_rollback(core->store);
    return st;
}

static enum fl_status finish_occurrences(struct fl_core *core, struct fl_error *err)
{
    int64_t n;
    enum fl_status st = fl_store_begin(core->store, err);

    if (!st)
        st = fl_store_occurrence_finish(core->store, &n, err);
    if (!st)
        st = fl_store_commit(core->store, err);
    if (st)
        fl_store_rollback(core->store);
    return st;
}

void fl_core_plan(struct fl_core *core)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(PLAN_ARENA_MAX);
    struct turn turn = {.core = core, .arena = arena};
    struct fl_error err;
    enum fl_status st;

    turn.last = &turn.first;
    if (!arena)
        return;
    st = fl_store_campaign_each(core->store, keep_scheduled, &turn, &err);
    if (st)
        FL_LOG(&core->log, FL_LOG_ERROR, "campaigns could not be read; tried again later",
               FL_KV_STR("reason", err.text));
    for (struct scheduled *s = turn.first; s && !turn.has_no_memory; s = s->next)
        if ((st = plan_one(&turn, &s->row, &err))) /* at first start its channel is not up yet */
            FL_LOG(&core->log, st == FL_UNAVAILABLE ? FL_LOG_INFO : FL_LOG_ERROR,
                   "a campaign could not be planned; tried again later",
                   FL_KV_STR("campaign", s->row.name), FL_KV_STR("reason", err.text));
    if (finish_occurrences(core, &err))
        FL_LOG(&core->log, FL_LOG_WARN, "finished occurrences could not be marked",
               FL_KV_STR("reason", err.text));
    if (turn.n_planned)
        fl_core_poke(core);
}
