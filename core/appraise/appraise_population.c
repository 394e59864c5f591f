/* A run values everybody, and places each among the others. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise_run_private.h"

/* ---- money ------------------------------------------------------------------------------------*/

static enum fl_status value_streams(struct appraise_part *part, struct fl_error *err)
{
    const struct appraise_run *run = part->run;
    struct appraise_memo *memo = appraise_memo_create();

    if (!memo)
        return fl_error_set(err, FL_IO, "no memory");
    for (size_t i = 0; i < part->records.n; i++) {
        struct appraise_record *record = appraise_list_at(&part->records, i);
        const struct appraise_facts facts = appraise_facts_of(part, record);
        struct appraise_worth worth;

        appraise_streams_of(&run->frame->models, &run->frame->settings, &run->dates, &facts, memo,
                            &worth);
        if (!isfinite(worth.ltv) || !isfinite(worth.p)) { /* no number is better than a wrong one */
            worth = (struct appraise_worth){.state = FL_SCORE_NOT_ENOUGH};
            part->n_lost++;
        }
        record->ltv = worth.ltv;
        record->p = worth.p;
        record->score = (uint8_t)worth.state;
        if (worth.state == FL_SCORE_VALUED)
            record->place = (uint32_t)part->n_valued++;
    }
    appraise_memo_destroy(&memo);
    return FL_OK;
}

static void worth_of(const struct appraise_part *part, const struct appraise_record *record,
                     struct appraise_facts *out_facts, struct appraise_worth *out)
{
    const struct fl_appraise_frame *frame = part->run->frame;

    *out_facts = appraise_facts_of(part, record);
    *out = (struct appraise_worth){
        .state = (enum fl_score_state)record->score, .ltv = record->ltv, .p = record->p};
    appraise_worth_complete(&frame->settings, out_facts, &frame->segments[record->segment].prior,
                            out);
}

static enum fl_status value_sides(struct appraise_part *part, struct fl_error *err)
{
    struct appraise_run *run = part->run;
    struct appraise_facts facts;
    struct appraise_worth worth;

    (void)err;
    for (size_t i = 0; i < part->records.n; i++) {
        struct appraise_record *record = appraise_list_at(&part->records, i);

        if (record->score != FL_SCORE_VALUED)
            continue;
        record->place += (uint32_t)part->valued_from;
        worth_of(part, record, &facts, &worth);
        run->ce[record->place] = worth.ce;
        run->cv[record->place] = worth.value.cv;
    }
    return FL_OK;
}

enum fl_status appraise_value(struct appraise_run *run, struct fl_error *err)
{
    enum fl_status st = appraise_parallel(run, value_streams, err);
    size_t n_lost = 0;

    if (st)
        return st;
    for (size_t p = 0; p < run->n_parts; p++) {
        run->parts[p].valued_from = run->n_valued;
        run->n_valued += run->parts[p].n_valued;
        n_lost += run->parts[p].n_lost;
    }
    if (n_lost)
        appraise_warn(
            run, "%zu customers are beyond what the models can compute and stay in zone N", n_lost);
    run->ce = appraise_alloc(run, run->n_valued, sizeof *run->ce);
    run->cv = appraise_alloc(run, run->n_valued, sizeof *run->cv);
    if (!run->ce || !run->cv)
        return fl_error_set(err, FL_IO, "no memory for the values");
    return appraise_parallel(run, value_sides, err);
}

/* ---- key customers ----------------------------------------------------------------------------*/

static enum fl_status map_referrals(struct appraise_run *run, struct fl_referral **out,
                                    size_t *out_n, struct fl_error *err)
{
    struct fl_referral *mapped = calloc(run->n_referrals ? run->n_referrals : 1, sizeof *mapped);
    size_t n = 0;

    if (!mapped)
        return fl_error_set(err, FL_IO, "no memory for the referrals");
    for (size_t i = 0; i < run->n_referrals; i++) {
        const struct appraise_record *from = appraise_find(run, run->referrals[i].referrer, NULL);
        const struct appraise_record *to = appraise_find(run, run->referrals[i].referred, NULL);

        if (from && to && from->score == FL_SCORE_VALUED && to->score == FL_SCORE_VALUED)
            mapped[n++] = (struct fl_referral){from->place, to->place};
    }
    *out = mapped;
    *out_n = n;
    return FL_OK;
}

/* Where a rescoring draws the lines. */
static void set_key_lines(struct appraise_run *run, const double *margin, const uint32_t *exchanges)
{
    struct appraise_places *places = &run->frame->places;

    places->contribution_from = places->exchanges_from = INFINITY;
    for (size_t i = 0; i < run->n_valued; i++) {
        if (run->keys[i] & FL_KEY_CONTRIBUTION)
            places->contribution_from = fmin(places->contribution_from, margin[i]);
        if (run->keys[i] & FL_KEY_EXCHANGE)
            places->exchanges_from = fmin(places->exchanges_from, exchanges[i]);
    }
}

/* `margin` by place. */
static enum fl_status find_keys(struct appraise_run *run, const double *margin,
                                struct fl_error *err)
{
    uint32_t *exchanges = appraise_alloc(run, run->n_valued, sizeof *exchanges);
    struct fl_referral *referrals = NULL;
    size_t n_referrals = 0;
    enum fl_status st;

    run->keys = appraise_alloc(run, run->n_valued, sizeof *run->keys);
    if (!exchanges || !run->keys) {
        appraise_free(run, exchanges, run->n_valued, sizeof *exchanges);
        return fl_error_set(err, FL_IO, "no memory for key customers");
    }
    for (size_t p = 0; p < run->n_parts; p++)
        for (size_t i = 0; i < run->parts[p].records.n; i++) {
            const struct appraise_record *record = appraise_list_at(&run->parts[p].records, i);

            if (record->score == FL_SCORE_VALUED)
                exchanges[record->place] =
                    appraise_facts_of(&run->parts[p], record).attitude->exchanges;
        }
    st = map_referrals(run, &referrals, &n_referrals, err);
    if (!st && run->n_valued)
        st = fl_key_customers(&run->frame->settings.keys, margin, exchanges, run->n_valued,
                              referrals, n_referrals, run->keys, err);
    if (!st)
        set_key_lines(run, margin, exchanges);
    free(referrals);
    appraise_free(run, exchanges, run->n_valued, sizeof *exchanges);
    return st;
}

/* ---- places -----------------------------------------------------------------------------------*/

/* Sorts. */
static enum fl_status median_of(double *values, size_t n, double *out, struct fl_error *err)
{
    enum fl_status st = n ? fl_position_sort(values, n, err) : FL_OK;

    if (!st)
        *out = n ? (values[(n - 1) / 2] + values[n / 2]) / 2 : 0;
    return st;
}

enum measure { CURRENT, POTENTIAL, LOYALTY };

static void collect(const struct appraise_run *run, enum measure measure, double *out)
{
    struct appraise_facts facts;
    struct appraise_worth worth;

    for (size_t p = 0; p < run->n_parts; p++)
        for (size_t i = 0; i < run->parts[p].records.n; i++) {
            const struct appraise_record *record = appraise_list_at(&run->parts[p].records, i);

            if (record->score != FL_SCORE_VALUED)
                continue;
            if (measure == POTENTIAL) {
                out[record->place] = record->ltv;
                continue;
            }
            worth_of(&run->parts[p], record, &facts, &worth);
            out[record->place] = measure == CURRENT ? appraise_margin(&facts) : worth.commitment;
        }
}

static enum fl_status set_cuts(struct appraise_run *run, struct fl_error *err)
{
    struct fl_segment_cuts *cuts = &run->frame->places.cuts;
    double *values = appraise_alloc(run, run->n_valued, sizeof *values);
    enum fl_status st = FL_OK;

    if (!values)
        return fl_error_set(err, FL_IO, "no memory for the segments");
    collect(run, CURRENT, values);
    st = find_keys(run, values, err);
    if (!st)
        st = median_of(values, run->n_valued, &cuts->current, err);
    collect(run, POTENTIAL, values);
    if (!st)
        st = median_of(values, run->n_valued, &cuts->potential, err);
    collect(run, LOYALTY, values);
    if (!st)
        st = median_of(values, run->n_valued, &cuts->loyalty, err);
    appraise_free(run, values, run->n_valued, sizeof *values);
    return st;
}

/* Ranks of all, then what is kept of the population; `values` are sorted by it. */
static enum fl_status place_side(struct appraise_run *run, double *values, double **out_ranks,
                                 struct fl_reference *reference, double *out_median,
                                 struct fl_error *err)
{
    size_t n = run->n_valued;
    double *ranks = appraise_alloc(run, n, sizeof *ranks);
    enum fl_status st = ranks ? FL_OK : fl_error_set(err, FL_IO, "no memory for the ranks");
    bool is_rank = run->frame->settings.position.scale == FL_SCALE_RANK;

    *out_ranks = ranks;
    if (!st && is_rank && n)
        st = fl_position_ranks(values, n, ranks, err);
    else if (!st)
        memcpy(ranks, values, n * sizeof *ranks);
    if (!st)
        st = median_of(values, n, out_median, err);
    for (size_t i = 0; !st && !is_rank && i < n; i++)
        ranks[i] = fl_position_money(ranks[i], *out_median);
    if (!st)
        fl_reference_init(reference, values, n);
    return st;
}

/* A ratio against a median of nothing, or of a loss, would put everybody at an end: ranks then. */
static enum fl_status check_scale(struct appraise_run *run, const double *values, const char *what,
                                  struct fl_error *err)
{
    struct fl_position_settings *position = &run->frame->settings.position;
    size_t n = run->n_valued;
    double *sorted, median = 0;
    enum fl_status st;

    if (position->scale == FL_SCALE_RANK || !n)
        return FL_OK;
    sorted = appraise_alloc(run, n, sizeof *sorted);
    if (!sorted)
        return fl_error_set(err, FL_IO, "no memory for the median");
    memcpy(sorted, values, n * sizeof *sorted);
    st = median_of(sorted, n, &median, err);
    appraise_free(run, sorted, n, sizeof *sorted);
    if (!st && median < 1) {
        position->scale = FL_SCALE_RANK;
        appraise_warn(run,
                      "the median of %s is not above 0, so that no ratio against it can be "
                      "told: customers were placed by rank, not by money",
                      what);
    }
    return st;
}

enum fl_status appraise_place(struct appraise_run *run, struct fl_error *err)
{
    struct appraise_places *places = &run->frame->places;
    enum fl_status st = check_scale(run, run->ce, "customer equity", err);

    if (!st)
        st = check_scale(run, run->cv, "customer value", err);
    if (!st)
        st = place_side(run, run->ce, &run->ce_rank, &places->ce, &places->ce_median, err);
    if (!st)
        st = place_side(run, run->cv, &run->cv_rank, &places->cv, &places->cv_median, err);
    if (!st && run->n_valued > 1 && !(run->cv[0] < run->cv[run->n_valued - 1]))
        appraise_warn(run, "customer value is the same for everybody: without discounts, points, "
                           "gifts, fees or answers, zones follow from customer equity alone");
    appraise_free(run, run->ce, run->n_valued, sizeof *run->ce);
    appraise_free(run, run->cv, run->n_valued, sizeof *run->cv);
    run->ce = run->cv = NULL;
    if (!st)
        st = set_cuts(run, err);
    return st ? st : appraise_spread(run, err);
}

/* ---- scores -----------------------------------------------------------------------------------*/

static void count(struct appraise_run *run, const struct fl_score *score)
{
    run->by_zone[score->zone]++;
    run->n_objected += score->state == FL_SCORE_OBJECTED;
    if (score->state != FL_SCORE_VALUED)
        return;
    run->by_segment[score->segment]++;
    for (int k = 0; k < 3; k++)
        run->by_key[k] += (score->keys >> k) & 1;
}

static void score_of(const struct appraise_part *part, const struct appraise_record *record,
                     struct fl_score *out)
{
    const struct appraise_run *run = part->run;
    bool is_valued = record->score == FL_SCORE_VALUED;
    struct appraise_facts facts;
    struct appraise_worth worth;

    worth_of(part, record, &facts, &worth);
    appraise_score_of(&run->frame->settings, &run->frame->places, &facts, &worth,
                      is_valued ? run->cv_rank[record->place] : 0,
                      is_valued ? run->ce_rank[record->place] : 0, run->dates.as_of_us, out);
    if (is_valued)
        out->keys = run->keys[record->place];
}

enum fl_status appraise_write(struct appraise_run *run, struct fl_error *err)
{
    const struct fl_appraise_sink *sink = &run->input->sink;
    struct fl_score *scores = calloc(FL_APPRAISE_CHUNK, sizeof *scores);
    enum fl_status st = scores ? FL_OK : fl_error_set(err, FL_IO, "no memory for the scores");
    size_t n = 0, done = 0;

    for (size_t p = 0; p < run->n_parts; p++)
        for (size_t i = 0; !st && i < run->parts[p].records.n; i++) {
            score_of(&run->parts[p], appraise_list_at(&run->parts[p].records, i), &scores[n]);
            count(run, &scores[n++]);
            done++;
            if (n < FL_APPRAISE_CHUNK && done < run->n_customers)
                continue;
            st = sink->scores(sink->ctx, scores, n, err);
            n = 0;
            appraise_progress(run, "writing scores", (int64_t)done);
        }
    free(scores);
    return st;
}
