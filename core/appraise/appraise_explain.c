/* Every number of a stored score, down to the events and parameters that made it. */
#include <math.h>
#include <stdlib.h>

#include "appraise/appraise_explain.h"
#include "base/clock.h"

enum fl_status appraise_explain_equity(struct appraise_explain *explain,
                                       struct appraise_sheet *sheet)
{
    appraise_sheet_line(sheet, "CL x LTV", explain->worth.commitment, explain->worth.ltv);
    appraise_sheet_total(sheet, "CE, customer equity", explain->worth.ce);
    return FL_OK;
}

/* Of the whole amounts that are shown, so that they add up to the one shown. */
enum fl_status appraise_explain_value(struct appraise_explain *explain,
                                      struct appraise_sheet *sheet)
{
    const struct fl_score *score = &explain->score;

    appraise_sheet_line(sheet, "EV, economic value", 1, (double)score->ev_minor);
    appraise_sheet_line(sheet, "SpV, social-psychological value", 1, (double)score->spv_minor);
    appraise_sheet_line(sheet, "C, relationship cost", -1, (double)score->cost_minor);
    appraise_sheet_total(sheet, "CV, customer value", (double)score->cv_minor);
    return FL_OK;
}

static const struct section {
    const char *name;
    enum fl_status (*fill)(struct appraise_explain *explain, struct appraise_sheet *sheet);
} sections[] = {
    {"ltv", appraise_explain_ltv},           {"commitment", appraise_explain_commitment},
    {"equity", appraise_explain_equity},     {"economic", appraise_explain_economic},
    {"social", appraise_explain_social},     {"cost", appraise_explain_cost},
    {"value", appraise_explain_value},       {"position", appraise_explain_position},
    {"strategy", appraise_explain_strategy}, {"keys", appraise_explain_keys},
    {"segment", appraise_explain_segment},
};

static enum fl_status add_section(struct appraise_explain *explain, const struct section *section,
                                  json_t *out)
{
    struct appraise_sheet sheet;
    enum fl_status st;

    appraise_sheet_init(&sheet);
    st = section->fill(explain, &sheet);
    appraise_sheet_put(&sheet, out, section->name);
    if (!st && sheet.has_no_memory)
        st = fl_error_set(explain->err, FL_IO, "no memory to explain a score");
    appraise_sheet_finish(&sheet);
    return st;
}

/* What is known now gives what was stored. */
static enum fl_status compare(const struct appraise_explain *explain)
{
    const struct appraise_worth *worth = &explain->worth;
    const struct fl_score *score = &explain->score;
    char when[FL_TIME_TEXT_SIZE];

    if ((int)worth->state == score->state &&
        (worth->state != FL_SCORE_VALUED ||
         (llround(worth->ltv) == score->ltv_minor && llround(worth->ce) == score->ce_minor &&
          llround(worth->value.ev) == score->ev_minor &&
          llround(worth->value.spv) == score->spv_minor &&
          llround(worth->value.cost) == score->cost_minor)))
        return FL_OK;
    fl_time_format(score->at_us, when);
    return fl_error_set(explain->err, FL_CONFLICT,
                        "what is known of the customer is no longer what the score of %s was made "
                        "from; another valuation is needed",
                        when);
}

static enum fl_status fill(struct appraise_explain *explain, json_t *out)
{
    enum fl_score_state state = (enum fl_score_state)explain->score.state;
    char when[FL_TIME_TEXT_SIZE];
    enum fl_status st = FL_OK;

    fl_time_format(explain->score.at_us, when);
    (void)json_object_set_new(out, "at", json_string(when));
    (void)json_object_set_new(out, "state", json_string(fl_score_state_name(state)));
    if (state == FL_SCORE_OBJECTED)
        return FL_OK;
    if (state == FL_SCORE_NOT_ENOUGH) {
        st = add_section(explain, &sections[0], out); /* says what is missing */
        return st;
    }
    for (size_t i = 0; !st && i < sizeof sections / sizeof *sections; i++)
        st = add_section(explain, &sections[i], out);
    return st;
}

static enum fl_status explain_open(struct appraise_explain *explain)
{
    const struct fl_appraise_frame *frame = explain->frame;
    enum fl_status st;

    if (explain->score.state == FL_SCORE_OBJECTED)
        return FL_OK; /* nothing is looked at */
    st = appraise_file_open(frame, explain->store, explain->score.customer, explain->score.at_us,
                            &explain->file, explain->err);
    if (st)
        return st;
    explain->prior = appraise_file_prior(frame, &explain->file);
    appraise_worth_of(&frame->models, &frame->settings, &explain->file.dates, &explain->file.facts,
                      explain->prior, NULL, &explain->worth);
    return compare(explain);
}

enum fl_status fl_appraise_explain(const struct fl_appraise_frame *frame, struct fl_store *store,
                                   int64_t customer, json_t **out, struct fl_error *err)
{
    struct appraise_explain explain = {.frame = frame, .store = store, .err = err};
    json_t *object = json_object();
    enum fl_status st = fl_store_score_get(store, customer, &explain.score, err);

    if (!st)
        st = explain_open(&explain);
    if (!st)
        st = fill(&explain, object);
    appraise_file_close(&explain.file);
    if (st) {
        json_decref(object);
        return st;
    }
    *out = object;
    return FL_OK;
}
