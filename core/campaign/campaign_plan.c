/* From campaigns to messages. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "campaign/campaign_private.h"

struct plan {
    struct fl_store *store;
    const struct fl_conf *conf;
    const struct fl_campaign_row *row;
    const struct fl_campaign *campaign;
    int64_t now_us;
    bool is_dry_run;
    fl_campaign_planned_fn *fn;
    void *ctx;
    int64_t channel;
    enum fl_medium medium;
    struct fl_error *err;
};

/* What the configuration says about the medium before the plugin has ever run: plugins of one
 * medium carry its name, others (a simulator, a program) may have a setting for it. */
static enum fl_medium medium_of_conf(const struct fl_conf_channel *channel)
{
    enum fl_medium medium = FL_MEDIUM_NONE;

    for (size_t i = 0; i < channel->n_settings; i++)
        if (strcmp(channel->settings[i].key, "medium") == 0 &&
            fl_medium_parse(channel->settings[i].text, &medium))
            return medium;
    return fl_medium_parse(channel->plugin, &medium) ? medium : FL_MEDIUM_NONE;
}

static enum fl_status find_channel(struct plan *plan)
{
    const char *name = plan->campaign->channel;
    const struct fl_conf_channel *channel = fl_conf_channel_find(plan->conf, name);
    enum fl_status st;

    st = fl_store_channel_find(plan->store, name, &plan->channel, &plan->medium, plan->err);
    if (st != FL_NOT_FOUND)
        return st;
    plan->medium = channel ? medium_of_conf(channel) : FL_MEDIUM_NONE;
    if (plan->medium == FL_MEDIUM_NONE)
        return fl_error_set(plan->err, FL_UNAVAILABLE,
                            "channel \"%s\" has never run: it is not known yet which medium it has",
                            name);
    plan->channel = 0;
    if (plan->is_dry_run)
        return FL_OK;
    return fl_store_channel_id(plan->store, name, plan->medium, &plan->channel, plan->err);
}

struct search {
    const char *stage;
    bool is_found;
    struct fl_occurrence occurrence; /* without its texts */
};

static bool on_occurrence(void *ctx, const struct fl_occurrence *occurrence)
{
    struct search *search = ctx;

    if (strcmp(occurrence->stage, search->stage) != 0 || *occurrence->cycle)
        return true;
    search->is_found = true;
    search->occurrence = *occurrence;
    search->occurrence.stage = search->occurrence.cycle = NULL;
    return false;
}

static enum fl_status put_occurrence(struct plan *plan, const char *stage, int64_t content,
                                     int64_t due_us, int64_t *out_id)
{
    struct fl_occurrence occurrence = {.campaign = plan->row->id,
                                       .stage = stage,
                                       .cycle = "",
                                       .content = content,
                                       .channel = plan->channel,
                                       .state = FL_OCCURRENCE_PLANNED,
                                       .scheduled_us = due_us};
    enum fl_put put;

    return fl_store_occurrence_put(plan->store, &occurrence, &put, out_id, plan->err);
}

/* One occurrence.  One that exists and has nobody new is left alone: putting it again would open
 * it each time schedules are looked at. */
static enum fl_status plan_occurrence(struct plan *plan, const char *stage, const char *content,
                                      struct fl_store_plan *block)
{
    struct search search = {.stage = stage};
    struct fl_store_plan_result result = {0};
    int64_t content_id;
    enum fl_status st;

    st = fl_store_content_newest(plan->store, content, &content_id, plan->err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(plan->err, FL_NOT_FOUND, "no content \"%s\" is stored", content);
    if (!st)
        st =
            fl_store_occurrence_each(plan->store, plan->row->id, on_occurrence, &search, plan->err);
    if (st)
        return st;
    if (search.is_found && plan->campaign->is_once && !plan->is_dry_run) {
        bool is_done;

        return fl_campaign_finish(plan->store, plan->row, plan->campaign, &is_done, plan->err);
    }
    block->occurrence = search.occurrence.id;
    block->channel = plan->channel;
    block->medium = plan->medium;
    block->purpose = *plan->campaign->purpose ? plan->campaign->purpose : NULL;
    block->attribute_names = plan->campaign->attribute_names;
    block->attribute_values = plan->campaign->attribute_values;
    block->hold_out_permille = plan->campaign->hold_out_permille;
    block->hold_out_key = plan->row->id;
    block->is_dry_run = true;
    if (plan->is_dry_run || search.is_found) {
        st = fl_store_plan(plan->store, block, &result, plan->err);
        if (st)
            return st;
    }
    if (!plan->is_dry_run && (!search.is_found || result.n_audience)) {
        block->is_dry_run = false;
        st = put_occurrence(plan, stage, content_id, block->due_us, &block->occurrence);
        if (!st)
            st = fl_store_plan(plan->store, block, &result, plan->err);
        if (st)
            return st;
    }
    if (plan->fn)
        plan->fn(plan->ctx, stage, &result);
    return FL_OK;
}

static enum fl_status plan_schedule(struct plan *plan)
{
    const struct fl_campaign *campaign = plan->campaign;
    struct fl_store_plan block = {.worth = campaign->worth,
                                  .due_us = campaign->is_at_once ? plan->now_us : campaign->at_us};

    if (!plan->is_dry_run && block.due_us > plan->now_us)
        return FL_OK;
    return plan_occurrence(plan, "", campaign->content, &block);
}

static enum fl_status plan_stage(struct plan *plan, const struct fl_stage *stage, int32_t today)
{
    struct fl_store_plan block = {.anchor = stage->anchor, .due_us = plan->now_us};
    struct fl_store_worth_filter worth = FL_STORE_WORTH_ANY;

    if (plan->campaign->worth)
        worth = *plan->campaign->worth;
    if (stage->anchor) {
        fl_stage_anchor_range(stage, today, &block.anchor_from, &block.anchor_to);
        block.worth = plan->campaign->worth;
    } else {
        worth.change_from = stage->zone_from;
        worth.change_to = stage->zone_to;
        worth.change_since_us = plan->now_us - stage->within_us;
        block.worth = &worth;
    }
    return plan_occurrence(plan, stage->name, stage->content, &block);
}

static enum fl_status plan_stages(struct plan *plan)
{
    int64_t local_us;
    enum fl_status st =
        fl_campaign_time_to_local(plan->conf->time_zone, plan->now_us, &local_us, plan->err);

    for (size_t i = 0; !st && i < plan->campaign->n_stages; i++) {
        const struct fl_stage *stage = &plan->campaign->stages[i];

        st = plan_stage(plan, stage, fl_date_of_time(local_us));
        if (st)
            st = fl_error_prefix(plan->err, st, "stage \"%s\"", stage->name);
    }
    return st;
}

enum fl_status fl_campaign_plan(struct fl_store *store, const struct fl_conf *conf,
                                const struct fl_campaign_row *row,
                                const struct fl_campaign *campaign, int64_t now_us, bool is_dry_run,
                                fl_campaign_planned_fn *fn, void *ctx, struct fl_error *err)
{
    struct plan plan = {.store = store,
                        .conf = conf,
                        .row = row,
                        .campaign = campaign,
                        .now_us = now_us,
                        .is_dry_run = is_dry_run,
                        .fn = fn,
                        .ctx = ctx,
                        .err = err};
    enum fl_status st;

    if (!is_dry_run && row->state != FL_CAMPAIGN_SCHEDULED)
        return fl_error_set(err, FL_REJECTED, "campaign \"%s\" is not scheduled", row->name);
    st = find_channel(&plan);
    if (st)
        return st;
    return campaign->is_once ? plan_schedule(&plan) : plan_stages(&plan);
}

struct unfinished {
    int64_t n, n_open;
};

static bool count_open(void *ctx, const struct fl_occurrence *occurrence)
{
    struct unfinished *count = ctx;

    count->n++;
    count->n_open += occurrence->state != FL_OCCURRENCE_FINISHED;
    return true;
}

enum fl_status fl_campaign_finish(struct fl_store *store, const struct fl_campaign_row *row,
                                  const struct fl_campaign *campaign, bool *out_is_done,
                                  struct fl_error *err)
{
    struct unfinished count = {0};
    enum fl_status st = FL_OK;
    bool is_done = false;

    if (campaign->is_once && row->state == FL_CAMPAIGN_SCHEDULED) {
        st = fl_store_occurrence_each(store, row->id, count_open, &count, err);
        is_done = !st && count.n && !count.n_open;
        if (is_done)
            st = fl_store_campaign_set_state(store, row->id, FL_CAMPAIGN_DONE, "", err);
    }
    if (!st)
        *out_is_done = is_done;
    return st;
}
