/* `campaign effect`: did it move them?  The treated against the hold-out. */
#include <math.h>
#include <string.h>

#include "ops/ops_private.h"
#include "value/effect.h"
#include "value/position.h"

enum { SENTENCE_SIZE = 240, MEASURES = 4, DECIMAL = 10 };
static const double LEVEL = 0.95;

static double change_of_cv(const struct fl_effect_row *row)
{
    return row->after.cv - row->before.cv;
}

static double change_of_ce(const struct fl_effect_row *row)
{
    return row->after.ce - row->before.ce;
}

static double change_of_equity(const struct fl_effect_row *row)
{
    return (double)row->after.ce_minor - (double)row->before.ce_minor;
}

static double change_of_commitment(const struct fl_effect_row *row)
{
    return row->after.commitment - row->before.commitment;
}

static const struct measure {
    const char *key, *title;
    double (*change)(const struct fl_effect_row *row);
    bool is_money;
} measures[MEASURES] = {
    {"cv", "customer value (rank)", change_of_cv, false},
    {"ce", "customer equity (rank)", change_of_ce, false},
    {"equity", "customer equity", change_of_equity, true},
    {"commitment", "commitment", change_of_commitment, false},
};

struct groups {
    struct fl_effect_group treated[MEASURES], hold_out[MEASURES];
    double minor; /* minor units of one of the currency */
};

static bool add_row(void *ctx, const struct fl_effect_row *row)
{
    struct groups *groups = ctx;

    /* Of others there is no number that could have changed. */
    if (row->before.state != FL_SCORE_VALUED || row->after.state != FL_SCORE_VALUED)
        return true;
    for (int i = 0; i < MEASURES; i++) {
        double change = measures[i].change(row);

        fl_effect_add(row->is_hold_out ? &groups->hold_out[i] : &groups->treated[i],
                      measures[i].is_money ? change / groups->minor : change);
    }
    return true;
}

static bool first_of(void *ctx, const struct fl_occurrence *occurrence)
{
    int64_t *first = ctx;

    if (*first == FL_TIME_NONE || occurrence->scheduled_us < *first)
        *first = occurrence->scheduled_us;
    return true;
}

/* The last run before the campaign said anything, and that there is a later one. */
static enum fl_status find_runs(struct fl_ops_call *call, const struct fl_campaign_row *row,
                                int64_t *out_before)
{
    struct fl_store *store = call->context->store;
    struct fl_value_run now;
    int64_t first = FL_TIME_NONE, before = 0;
    char when[FL_TIME_TEXT_SIZE];
    enum fl_status st = fl_store_occurrence_each(store, row->id, first_of, &first, call->err);

    if (st)
        return st;
    if (first == FL_TIME_NONE)
        return fl_error_set(call->err, FL_CONFLICT,
                            "campaign \"%s\" has not been planned yet; \"fairline campaign "
                            "schedule %s\" lets it run",
                            row->name, row->name);
    fl_time_format(first, when);
    st = fl_store_run_at(store, first, &before, call->err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(call->err, FL_CONFLICT,
                            "nobody was valued before campaign \"%s\" was planned at %s; run "
                            "\"fairline value run\" before scheduling the next one",
                            row->name, when);
    if (!st)
        st = fl_store_run_get(store, call->args->arena, 0, &now, call->err);
    if (!st && (now.id == before || now.as_of_us <= first))
        return fl_error_set(call->err, FL_CONFLICT,
                            "nobody was valued since campaign \"%s\" was planned at %s; run "
                            "\"fairline value run\" when it has had time to work",
                            row->name, when);
    if (!st)
        *out_before = before;
    return st;
}

static bool is_without_hold_out(const struct groups *groups, const struct fl_campaign *campaign)
{
    return !campaign->hold_out_permille && !(groups->hold_out[0].n > 0);
}

static enum fl_status measure(struct fl_ops_call *call, const struct fl_campaign_row *row,
                              struct groups *out)
{
    struct groups groups = {.minor = pow(DECIMAL, (double)call->context->conf->value.minor_digits)};
    struct fl_campaign *campaign;
    int64_t before = 0;
    enum fl_status st =
        fl_ops_campaign_parsed(call->context, call->args, row, &campaign, call->err);

    if (!st)
        st = find_runs(call, row, &before);
    if (!st)
        st = fl_store_effect_each(call->context->store, row->id, before, 0, add_row, &groups,
                                  call->err);
    if (st)
        return st;
    if (is_without_hold_out(&groups, campaign))
        return fl_error_set(call->err, FL_CONFLICT,
                            "campaign \"%s\" has no hold-out, so nobody can be compared with; set "
                            "hold_out = \"10%%\" in its file before it is scheduled",
                            row->name);
    *out = groups;
    return FL_OK;
}

/* For all measures together: whoever looks for any effect looks at four. */
static struct fl_effect effect_of(struct fl_ops_call *call, const struct groups *groups, int i,
                                  char *sentence)
{
    struct fl_effect effect =
        fl_effect_of(&groups->treated[i], &groups->hold_out[i], LEVEL, MEASURES);
    const char *title = measures[i].title;
    char currency[4];
    struct fl_error err;

    if (measures[i].is_money && !fl_store_currency(call->context->store, currency, &err))
        title = fl_arena_printf(call->args->arena, "%s in %s", title, currency);
    fl_effect_sentence(&effect, title ? title : measures[i].title, sentence, SENTENCE_SIZE);
    return effect;
}

static void put_number(json_t *row, const char *key, double value)
{
    if (isfinite(value))
        fl_ops_put_real(row, key, value);
    else
        (void)json_object_set_new(row, key, json_null());
}

static void put_effect(json_t *row, const struct fl_effect *effect)
{
    fl_ops_put_int(row, "treated", (int64_t)effect->treated_n);
    fl_ops_put_int(row, "hold_out", (int64_t)effect->holdout_n);
    put_number(row, "treated_mean", effect->treated_mean);
    put_number(row, "hold_out_mean", effect->holdout_mean);
    put_number(row, "difference", effect->difference);
    put_number(row, "low", effect->low);
    put_number(row, "high", effect->high);
    put_number(row, "p_value", effect->p_value);
    fl_ops_put_real(row, "level", effect->level);
    fl_ops_put_str(row, "verdict", fl_effect_verdict_name(effect->verdict));
}

FL_OPS_RUN(fl_ops_campaign_effect_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    const char *wanted = fl_ops_str(args, "measure");
    struct fl_campaign_row row;
    struct groups groups;
    enum fl_status st;

    st = fl_ops_campaign(context, args, fl_ops_str(args, "campaign"), &row, err);
    if (!st)
        st = measure(&call, &row, &groups);
    for (int i = 0; !st && i < MEASURES; i++) {
        char sentence[SENTENCE_SIZE];
        struct fl_effect effect;
        json_t *item;

        if (wanted && strcmp(wanted, measures[i].key) != 0)
            continue;
        effect = effect_of(&call, &groups, i, sentence);
        item = json_object();
        fl_ops_put_str(item, "campaign", row.name);
        fl_ops_put_str(item, "measure", measures[i].key);
        put_effect(item, &effect);
        fl_ops_put_str(item, "sentence", sentence);
        fl_ops_row_emit(sink, item);
    }
    return st;
}

void fl_ops_effect_rows(struct fl_ops_call *call, const struct fl_campaign_row *row,
                        int64_t n_held_out)
{
    struct groups groups;

    if (measure(call, row, &groups)) {
        json_t *item = json_object();

        fl_ops_put_str(item, "section", "effect");
        fl_ops_put_str(item, "key", "none");
        fl_ops_put_int(item, "count", n_held_out);
        fl_ops_put_str(item, "sentence", call->err->text);
        fl_ops_row_emit(call->sink, item);
        fl_error_clear(call->err);
        return;
    }
    for (int i = 0; i < MEASURES; i++) {
        char sentence[SENTENCE_SIZE];
        struct fl_effect effect = effect_of(call, &groups, i, sentence);
        json_t *item = json_object();

        fl_ops_put_str(item, "section", "effect");
        fl_ops_put_str(item, "key", measures[i].key);
        fl_ops_put_int(item, "count", (int64_t)effect.treated_n);
        fl_ops_put_str(item, "sentence", sentence);
        put_effect(item, &effect);
        fl_ops_row_emit(call->sink, item);
    }
}
