/* A run reads the store: everybody's trade first, then what needs the dates that follow from it. */
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise_run_private.h"

/* ---- trade -----------------------------------------------------------------------------------*/

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

/* 1 + index among the part's names; 0: none, or too many. */
static uint16_t segment_of(struct appraise_part *part, const char *name)
{
    char cut[APPRAISE_NAME_SIZE];
    uint32_t slot;
    char *item;

    if (!*name)
        return 0;
    snprintf(cut, sizeof cut, "%s", name);
    for (slot = hash_of(cut) % APPRAISE_SEGMENT_SLOTS; part->segment_slots[slot];
         slot = (slot + 1) % APPRAISE_SEGMENT_SLOTS)
        if (strcmp(appraise_list_at(&part->segments, part->segment_slots[slot] - 1u), cut) == 0)
            return part->segment_slots[slot];
    item = part->segments.n < APPRAISE_SEGMENTS_MAX ? appraise_list_add(&part->segments) : NULL;
    if (!item) {
        part->has_many_segments = true;
        return 0;
    }
    memcpy(item, cut, sizeof cut);
    part->segment_slots[slot] = (uint16_t)part->segments.n;
    return part->segment_slots[slot];
}

static bool on_trade(void *ctx, const struct fl_trade_row *row)
{
    struct appraise_part *part = ctx;
    struct appraise_record *record;

    if (row->n_days && row->days[row->n_days - 1].date > part->run->now_date) {
        part->future_customer = row->customer;
        part->future_date = row->days[row->n_days - 1].date;
        return false;
    }
    record = appraise_list_add(&part->records);
    if (!record) {
        part->status = fl_error_set(&part->err, FL_IO, "no memory for the customers");
        return false;
    }
    record->customer = row->customer;
    record->state = (uint8_t)row->state;
    record->trade.first = record->trade.last = FL_DATE_NONE;
    if (row->state == FL_CUSTOMER_OBJECTED)
        return true;
    record->segment = segment_of(part, row->segment);
    appraise_trade_of(&part->run->dates, row->days, row->n_days, &record->trade);
    if (record->trade.first != FL_DATE_NONE && record->trade.first < part->first_purchase)
        part->first_purchase = record->trade.first;
    return true;
}

static enum fl_status read_part_trade(struct appraise_part *part, struct fl_error *err)
{
    const char *segment_by = part->run->frame->settings.segment_by;
    enum fl_status st = fl_store_trade_each(part->store, part->first, part->last,
                                            *segment_by ? segment_by : NULL, on_trade, part, err);

    if (!st && part->status && err)
        *err = part->err;
    return st ? st : part->status;
}

/* ---- a date that is not there yet -------------------------------------------------------------*/

static bool copy_id(void *ctx, const struct fl_transaction *transaction)
{
    snprintf(ctx, APPRAISE_NAME_SIZE, "%s",
             transaction->external_id ? transaction->external_id : "");
    return false;
}

static enum fl_status refuse_future(struct appraise_run *run, const struct appraise_part *part,
                                    struct fl_error *err)
{
    struct fl_store *store = run->input->store;
    struct fl_customer customer;
    char id[APPRAISE_NAME_SIZE] = "", date[FL_TIME_TEXT_SIZE], today[FL_TIME_TEXT_SIZE];
    enum fl_status st =
        fl_store_customer_get(store, run->arena, part->future_customer, &customer, err);

    if (!st)
        st = fl_store_transaction_each(store, part->future_customer, part->future_date,
                                       part->future_date, copy_id, id, err);
    if (st)
        return st;
    fl_date_format(part->future_date, date);
    fl_date_format(run->now_date, today);
    return fl_error_set(err, FL_INVALID,
                        "customer \"%s\" has transaction \"%s\" of %s, which is after today, %s",
                        customer.external_id, id, date, today);
}

/* ---- segments ---------------------------------------------------------------------------------*/

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Names of all parts, sorted, each once; returns their number. */
static size_t merge_names(const struct appraise_run *run, char (*names)[APPRAISE_NAME_SIZE])
{
    size_t n = 0, kept = 0;

    for (size_t p = 0; p < run->n_parts; p++)
        for (size_t i = 0; i < run->parts[p].segments.n; i++)
            memcpy(names[n++], appraise_list_at(&run->parts[p].segments, i), APPRAISE_NAME_SIZE);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0)
            memmove(names[kept++], names[i], sizeof *names);
    return kept;
}

static void renumber(struct appraise_run *run, bool is_known)
{
    for (size_t p = 0; p < run->n_parts; p++) {
        struct appraise_part *part = &run->parts[p];
        uint16_t numbers[APPRAISE_SEGMENTS_MAX + 1] = {0};

        for (size_t i = 0; is_known && i < part->segments.n; i++)
            numbers[i + 1] =
                (uint16_t)appraise_frame_segment(run->frame, appraise_list_at(&part->segments, i));
        for (size_t i = 0; i < part->records.n; i++) {
            struct appraise_record *record = appraise_list_at(&part->records, i);

            record->segment = numbers[record->segment];
            if (record->state != FL_CUSTOMER_OBJECTED)
                run->frame->segments[record->segment].customers++;
        }
    }
}

/* From the parts' own names to those of the frame. */
static enum fl_status settle_segments(struct appraise_run *run, struct fl_error *err)
{
    size_t most = 1, n;
    bool has_many = false;
    char(*names)[APPRAISE_NAME_SIZE];
    struct appraise_segment *segments;

    for (size_t p = 0; p < run->n_parts; p++) {
        most += run->parts[p].segments.n;
        has_many |= run->parts[p].has_many_segments;
    }
    names = calloc(most, sizeof *names);
    if (!names)
        return fl_error_set(err, FL_IO, "no memory");
    n = merge_names(run, names);
    if (n > APPRAISE_SEGMENTS_MAX || has_many) {
        appraise_warn(run,
                      "the attribute \"%s\" has more than %d values and tells no segments apart",
                      run->frame->settings.segment_by, APPRAISE_SEGMENTS_MAX);
        has_many = true;
        n = 0;
    }
    segments = calloc(n + 1, sizeof *segments);
    if (segments) {
        free(run->frame->segments);
        run->frame->segments = segments;
        run->frame->n_segments = n + 1;
        for (size_t i = 0; i < n; i++)
            memcpy(segments[i + 1].name, names[i], sizeof *names);
        renumber(run, !has_many);
    }
    free(names);
    return segments ? FL_OK : fl_error_set(err, FL_IO, "no memory");
}

/* ---- the calibration period -------------------------------------------------------------------*/

/* Two thirds of what was observed; shorter than this on either side, nothing can be said. */
enum { CALIBRATION_SHARE = 3, PERIODS_MIN = 4 };

static enum fl_status settle_calibration(struct appraise_run *run, struct fl_error *err)
{
    int32_t first = INT32_MAX, cut;
    double window;
    enum fl_status st;

    for (size_t p = 0; p < run->n_parts; p++)
        if (run->parts[p].first_purchase < first)
            first = run->parts[p].first_purchase;
    if (first == INT32_MAX)
        return FL_OK;
    cut = run->dates.today - (run->dates.today - first) / CALIBRATION_SHARE;
    window = (double)(run->dates.today - cut) / run->dates.period_days;
    if (window < PERIODS_MIN) {
        appraise_warn(run, "purchases are known for %d days only: no hold-out was possible",
                      (int)(run->dates.today - first));
        return FL_OK;
    }
    st = appraise_dates_of(&run->frame->settings,
                           run->dates.as_of_us - (int64_t)(run->dates.today - cut) * FL_US_PER_DAY,
                           &run->then, err);
    run->then.today = cut; /* also where the clocks were changed in between */
    run->has_then = !st;
    return st;
}

enum fl_status appraise_read_trade(struct appraise_run *run, struct fl_error *err)
{
    enum fl_status st;

    for (size_t p = 0; p < run->n_parts; p++)
        run->parts[p].first_purchase = INT32_MAX;
    st = appraise_parallel(run, read_part_trade, err);
    for (size_t p = 0; !st && p < run->n_parts; p++) {
        run->n_customers += run->parts[p].records.n;
        if (run->parts[p].future_customer)
            st = refuse_future(run, &run->parts[p], err);
    }
    if (!st)
        st = settle_segments(run, err);
    return st ? st : settle_calibration(run, err);
}

/* ---- the rest ---------------------------------------------------------------------------------*/

struct complaint {
    int64_t customer, id, opened_us, settled_us;
};

/* Streams in order of customer, beside the records. */
struct rest {
    struct appraise_part *part;
    size_t at; /* the record in hand */
    struct appraise_signs now, then;
    bool is_begun, has_then; /* somebody's signs are being collected */
    struct appraise_list complaints;
    size_t complaint, referral; /* next ones */
    bool has_no_memory;
};

/* Moves on to the record of a customer; NULL: there is none that counts. */
static struct appraise_record *record_of(struct rest *rest, int64_t customer)
{
    struct appraise_list *records = &rest->part->records;

    while (rest->at < records->n) {
        struct appraise_record *record = appraise_list_at(records, rest->at);

        if (record->customer >= customer)
            return record->customer == customer && record->state != FL_CUSTOMER_OBJECTED ? record
                                                                                         : NULL;
        rest->at++;
    }
    return NULL;
}

static bool on_subscription(void *ctx, const struct fl_subscription *subscription)
{
    struct rest *rest = ctx;
    struct appraise_part *part = rest->part;
    struct appraise_record *record = record_of(rest, subscription->customer);
    struct appraise_contract contract, *kept;

    if (!record || !appraise_contract_of(&part->run->dates, subscription, &contract) ||
        record->n_contracts == UINT16_MAX)
        return true;
    kept = appraise_list_add(&part->contracts);
    if (!kept) {
        rest->has_no_memory = true;
        return false;
    }
    *kept = contract;
    if (!record->n_contracts++)
        record->contract = (uint32_t)(part->contracts.n - 1);
    return true;
}

static bool on_complaint(void *ctx, const struct fl_complaint *complaint)
{
    struct rest *rest = ctx;
    struct complaint *kept = appraise_list_add(&rest->complaints);

    if (!kept) {
        rest->has_no_memory = true;
        return false;
    }
    *kept = (struct complaint){complaint->customer, complaint->id, complaint->opened_us,
                               complaint->settled_us};
    return true;
}

static bool keep_stance(struct rest *rest, struct appraise_record *record)
{
    struct appraise_attitude attitude;
    struct appraise_stance *stance;
    bool is_empty;

    appraise_signs_end(&rest->now, &attitude);
    is_empty = !rest->now.n && !attitude.contacts && !attitude.exchanges && !rest->now.n_money &&
               !(attitude.waited_hours > 0);
    for (int k = 0; k < FL_ASPECTS; k++)
        is_empty &= !attitude.n_items[k];
    if (is_empty && !rest->then.n)
        return true;
    stance = appraise_list_add(&rest->part->stances);
    if (!stance)
        return false;
    stance->now = attitude;
    if (rest->has_then) {
        appraise_signs_end(&rest->then, &attitude);
        memcpy(stance->then, attitude.signal, sizeof stance->then);
    }
    record->attitude = (uint32_t)rest->part->stances.n;
    return true;
}

/* Complaints and referrals of the record in hand, and that is all of it. */
static void complete(struct rest *rest, struct appraise_record *record)
{
    const struct appraise_run *run = rest->part->run;

    for (; rest->complaint < rest->complaints.n; rest->complaint++) {
        const struct complaint *c = appraise_list_at(&rest->complaints, rest->complaint);

        if (c->customer > record->customer)
            break;
        if (c->customer < record->customer)
            continue;
        appraise_signs_complaint(&rest->now, c->id, c->opened_us, c->settled_us);
        appraise_signs_complaint(&rest->then, c->id, c->opened_us, c->settled_us);
    }
    for (; rest->referral < run->n_referrals; rest->referral++) {
        const struct appraise_referral *r = &run->referrals[rest->referral];

        if (r->referrer > record->customer)
            break;
        if (r->referrer < record->customer)
            continue;
        appraise_signs_referral(&rest->now, r->referred, r->at_us);
        appraise_signs_referral(&rest->then, r->referred, r->at_us);
    }
    if (record->state != FL_CUSTOMER_OBJECTED && !keep_stance(rest, record))
        rest->has_no_memory = true;
    appraise_signs_begin(&rest->now);
    appraise_signs_begin(&rest->then);
}

/* Completes everybody before a customer. */
static void advance(struct rest *rest, int64_t customer)
{
    struct appraise_list *records = &rest->part->records;

    for (; rest->at < records->n; rest->at++) {
        struct appraise_record *record = appraise_list_at(records, rest->at);

        if (record->customer >= customer)
            break;
        complete(rest, record);
    }
}

static bool on_sign(void *ctx, const struct fl_sign *sign)
{
    struct rest *rest = ctx;

    advance(rest, sign->customer);
    if (record_of(rest, sign->customer)) {
        appraise_signs_add(&rest->now, sign);
        if (rest->has_then)
            appraise_signs_add(&rest->then, sign);
    }
    return !rest->has_no_memory;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum fl_status read_streams(struct rest *rest, struct fl_error *err)
{
    struct appraise_part *part = rest->part;
    const struct appraise_run *run = part->run;
    int64_t from_us = earlier(run->dates.signals_from_us, run->dates.window_from_us);
    enum fl_status st;

    if (rest->has_then)
        from_us = earlier(from_us, run->then.signals_from_us);
    st = fl_store_subscription_each(part->store, part->first, part->last, on_subscription, rest,
                                    err);
    if (!st)
        st = fl_store_complaint_each(part->store, part->first, part->last, on_complaint, rest, err);
    rest->at = 0;
    if (!st)
        st = fl_store_sign_each(part->store, part->first, part->last, from_us, run->dates.as_of_us,
                                on_sign, rest, err);
    advance(rest, INT64_MAX);
    if (!st && (rest->has_no_memory || rest->now.has_no_memory || rest->then.has_no_memory))
        st = fl_error_set(err, FL_IO, "no memory for what customers said");
    return st;
}

static enum fl_status read_part_rest(struct appraise_part *part, struct fl_error *err)
{
    struct appraise_run *run = part->run;
    struct rest rest = {.part = part, .has_then = run->has_then};
    enum fl_status st;

    appraise_list_init(&rest.complaints, sizeof(struct complaint));
    appraise_signs_init(&rest.now, &run->frame->settings, &run->dates);
    appraise_signs_init(&rest.then, &run->frame->settings,
                        run->has_then ? &run->then : &run->dates);
    st = read_streams(&rest, err);
    appraise_signs_finish(&rest.now);
    appraise_signs_finish(&rest.then);
    appraise_list_finish(&rest.complaints);
    return st;
}

/* ---- referrals --------------------------------------------------------------------------------*/

struct referring {
    struct appraise_run *run;
    size_t cap;
    bool has_no_memory;
};

static bool on_referral(void *ctx, int64_t referrer, int64_t referred, int64_t at_us)
{
    struct referring *referring = ctx;
    struct appraise_run *run = referring->run;

    if (at_us > run->dates.as_of_us)
        return true;
    if (run->n_referrals == referring->cap) {
        size_t cap = referring->cap ? 2 * referring->cap : APPRAISE_CHUNK_ITEMS;
        struct appraise_referral *more = realloc(run->referrals, cap * sizeof *more);

        if (!more) {
            referring->has_no_memory = true;
            return false;
        }
        run->referrals = more;
        referring->cap = cap;
    }
    run->referrals[run->n_referrals++] = (struct appraise_referral){referrer, referred, at_us};
    return true;
}

static int by_referrer(const void *a, const void *b)
{
    const struct appraise_referral *x = a, *y = b;

    if (x->referrer != y->referrer)
        return x->referrer < y->referrer ? -1 : 1;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return (x->referred > y->referred) - (x->referred < y->referred);
}

enum fl_status appraise_read_rest(struct appraise_run *run, struct fl_error *err)
{
    struct referring referring = {.run = run};
    enum fl_status st = fl_store_referral_each(run->input->store, on_referral, &referring, err);

    if (!st && referring.has_no_memory)
        st = fl_error_set(err, FL_IO, "no memory for the referrals");
    if (st)
        return st;
    if (run->n_referrals)
        qsort(run->referrals, run->n_referrals, sizeof *run->referrals, by_referrer);
    return appraise_parallel(run, read_part_rest, err);
}
