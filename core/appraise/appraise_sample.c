/* The calibration period: what was known at its end, and what came after. */
#include <stdlib.h>

#include "appraise/appraise_run_private.h"

static bool has_signals_then(const struct appraise_part *part, const struct appraise_record *record)
{
    const struct appraise_stance *stance;

    if (!record->attitude)
        return false;
    stance = appraise_list_at(&part->stances, record->attitude - 1);
    for (int i = 0; i < FL_SIGNALS; i++)
        if (stance->then[i] != 0)
            return true;
    return false;
}

static bool is_eligible(const struct appraise_part *part, const struct appraise_record *record,
                        bool with_signals_only)
{
    return record->trade.first != FL_DATE_NONE && record->trade.first < part->run->then.today &&
           (!with_signals_only || has_signals_then(part, record));
}

static bool on_days(void *ctx, const struct fl_trade_row *row)
{
    struct appraise_sample *sample = ctx;
    const struct appraise_run *run = sample->part->run;
    struct appraise_trade before;

    appraise_trade_of(&run->then, row->days, row->n_days, &before);
    if (appraise_trade_obs(&before, &run->then, &sample->before))
        sample->later = (double)sample->record->trade.x - before.x;
    return false;
}

static size_t count(const struct appraise_run *run, bool with_signals_only)
{
    size_t n = 0;

    for (size_t p = 0; p < run->n_parts; p++)
        for (size_t i = 0; i < run->parts[p].records.n; i++)
            n += is_eligible(&run->parts[p], appraise_list_at(&run->parts[p].records, i),
                             with_signals_only);
    return n;
}

/* Every (all / wanted)-th of those eligible. */
static size_t choose(const struct appraise_run *run, bool with_signals_only, size_t n_all,
                     struct appraise_sample *samples, size_t wanted)
{
    size_t seen = 0, n = 0;

    for (size_t p = 0; p < run->n_parts; p++) {
        const struct appraise_part *part = &run->parts[p];

        for (size_t i = 0; i < part->records.n && n < wanted; i++) {
            const struct appraise_record *record = appraise_list_at(&part->records, i);

            if (!is_eligible(part, record, with_signals_only))
                continue;
            if (seen++ * wanted / n_all >= n)
                samples[n++] = (struct appraise_sample){.part = part, .record = record};
        }
    }
    return n;
}

enum fl_status appraise_sample_read(struct appraise_run *run, bool with_signals_only, size_t max,
                                    struct appraise_sample **out, size_t *out_n,
                                    struct fl_error *err)
{
    size_t n_all = count(run, with_signals_only);
    size_t wanted = n_all < max ? n_all : max, n;
    struct appraise_sample *samples = calloc(wanted ? wanted : 1, sizeof *samples);
    enum fl_status st = FL_OK;

    if (!samples)
        return fl_error_set(err, FL_IO, "no memory");
    n = choose(run, with_signals_only, n_all, samples, wanted);
    for (size_t i = 0; !st && i < n; i++) {
        int64_t customer = samples[i].record->customer;

        (void)appraise_trade_obs(&samples[i].record->trade, &run->dates, &samples[i].until);
        st = fl_store_trade_each(run->input->store, customer, customer, NULL, on_days, &samples[i],
                                 err);
    }
    if (st) {
        free(samples);
        return st;
    }
    /* Somebody erased meanwhile has no days left. */
    for (size_t i = 0; i < n;)
        if (samples[i].before.n > 0)
            i++;
        else
            samples[i] = samples[--n];
    *out = samples;
    *out_n = n;
    return FL_OK;
}
