/* One customer, from queries: for rescoring after an event, and for `explain`. */
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise_private.h"

enum { CONTRACTS_FIRST = 4 };

struct reading {
    const struct fl_appraise_frame *frame;
    struct appraise_file *file;
    size_t cap;
    bool is_found, has_no_memory;
};

static bool on_trade(void *ctx, const struct fl_trade_row *row)
{
    struct reading *reading = ctx;
    struct appraise_facts *facts = &reading->file->facts;

    reading->is_found = true;
    facts->state = row->state;
    facts->segment = appraise_frame_segment(reading->frame, row->segment);
    appraise_trade_of(&reading->file->dates, row->days, row->n_days, &facts->trade);
    return false;
}

static bool on_subscription(void *ctx, const struct fl_subscription *subscription)
{
    struct reading *reading = ctx;
    struct appraise_file *file = reading->file;
    struct appraise_contract contract;

    if (!appraise_contract_of(&file->dates, subscription, &contract))
        return true;
    if (file->n_contracts == reading->cap) {
        size_t cap = reading->cap ? 2 * reading->cap : CONTRACTS_FIRST;
        struct appraise_contract *more = realloc(file->contracts, cap * sizeof *more);

        if (!more) {
            reading->has_no_memory = true;
            return false;
        }
        file->contracts = more;
        reading->cap = cap;
    }
    file->contracts[file->n_contracts++] = contract;
    return true;
}

static bool on_sign(void *ctx, const struct fl_sign *sign)
{
    struct reading *reading = ctx;

    appraise_signs_add(&reading->file->signs, sign);
    return true;
}

static bool on_complaint(void *ctx, const struct fl_complaint *complaint)
{
    struct reading *reading = ctx;

    appraise_signs_complaint(&reading->file->signs, complaint->id, complaint->opened_us,
                             complaint->settled_us);
    return true;
}

static bool on_referral(void *ctx, int64_t referrer, int64_t referred, int64_t at_us)
{
    struct reading *reading = ctx;

    (void)referrer;
    appraise_signs_referral(&reading->file->signs, referred, at_us);
    return true;
}

static enum fl_status read_attitude(struct reading *reading, struct fl_store *store,
                                    struct fl_error *err)
{
    struct appraise_file *file = reading->file;
    int64_t customer = file->facts.customer;
    int64_t from_us = file->dates.signals_from_us < file->dates.window_from_us
                          ? file->dates.signals_from_us
                          : file->dates.window_from_us;
    enum fl_status st;

    st = fl_store_sign_each(store, customer, customer, from_us, file->dates.as_of_us, on_sign,
                            reading, err);
    if (!st)
        st = fl_store_complaint_each(store, customer, customer, on_complaint, reading, err);
    if (!st)
        st = fl_store_referral_of(store, customer, on_referral, reading, err);
    if (!st && file->signs.has_no_memory)
        st = fl_error_set(err, FL_IO, "no memory");
    if (st)
        return st;
    appraise_signs_end(&file->signs, &file->attitude);
    return FL_OK;
}

enum fl_status appraise_file_open(const struct fl_appraise_frame *frame, struct fl_store *store,
                                  int64_t customer, int64_t as_of_us, struct appraise_file *out,
                                  struct fl_error *err)
{
    struct reading reading = {.frame = frame, .file = out};
    enum fl_status st;

    *out = (struct appraise_file){.facts.customer = customer};
    out->facts.attitude = &out->attitude;
    out->attitude = appraise_attitude_unknown;
    st = appraise_dates_of(&frame->settings, as_of_us, &out->dates, err);
    if (st)
        return st;
    appraise_signs_init(&out->signs, &frame->settings, &out->dates);
    st = fl_store_trade_each(store, customer, customer,
                             *frame->settings.segment_by ? frame->settings.segment_by : NULL,
                             on_trade, &reading, err);
    if (!st && !reading.is_found)
        st = fl_error_set(err, FL_NOT_FOUND, "no customer %lld", (long long)customer);
    if (!st && out->facts.state == FL_CUSTOMER_OBJECTED)
        return FL_OK; /* nothing else of them is looked at */
    if (!st)
        st = fl_store_subscription_each(store, customer, customer, on_subscription, &reading, err);
    if (!st && reading.has_no_memory)
        st = fl_error_set(err, FL_IO, "no memory");
    out->facts.contracts = out->contracts;
    out->facts.n_contracts = out->n_contracts;
    return st ? st : read_attitude(&reading, store, err);
}

void appraise_file_close(struct appraise_file *file)
{
    appraise_signs_finish(&file->signs);
    free(file->contracts);
    file->contracts = NULL;
}

const struct fl_aspect_prior *appraise_file_prior(const struct fl_appraise_frame *frame,
                                                  const struct appraise_file *file)
{
    return &frame->segments[file->facts.segment].prior;
}

/* Opinion leadership is of the whole network: it stays as the last run saw it. */
static unsigned keys_of(const struct fl_appraise_frame *frame, struct fl_store *store,
                        const struct appraise_facts *facts)
{
    const struct appraise_places *places = &frame->places;
    struct fl_score before;
    unsigned keys = 0;

    if (!fl_store_score_get(store, facts->customer, &before, NULL))
        keys = before.keys & FL_KEY_LEADER;
    if (appraise_margin(facts) >= places->contribution_from)
        keys |= FL_KEY_CONTRIBUTION;
    if (facts->attitude->exchanges >= places->exchanges_from)
        keys |= FL_KEY_EXCHANGE;
    return keys;
}

enum fl_status fl_appraise_one(const struct fl_appraise_frame *frame, struct fl_store *store,
                               int64_t customer, int64_t as_of_us, struct fl_score *out,
                               struct fl_error *err)
{
    struct appraise_file file;
    struct appraise_worth worth;
    enum fl_status st = appraise_file_open(frame, store, customer, as_of_us, &file, err);

    if (!st) {
        appraise_worth_of(&frame->models, &frame->settings, &file.dates, &file.facts,
                          appraise_file_prior(frame, &file), NULL, &worth);
        appraise_score_of(&frame->settings, &frame->places, &file.facts, &worth,
                          appraise_place_cv(&frame->settings, &frame->places, worth.value.cv),
                          appraise_place_ce(&frame->settings, &frame->places, worth.ce), as_of_us,
                          out);
        if (worth.state == FL_SCORE_VALUED)
            out->keys = keys_of(frame, store, &file.facts);
    }
    appraise_file_close(&file);
    return st;
}
