/* What plots ask for, read from the store as of the frame's date. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise_private.h"

enum { SPAN_MAX_DAYS = 366 * 100, SPAN_MAX_PERIODS = 100000 };

static enum fl_status not_fitted(const char *what, struct fl_error *err)
{
    return fl_error_set(err, FL_NOT_FOUND, "the last valuation could fit no model of %s", what);
}

/* ---- tracking ---------------------------------------------------------------------------------*/

struct tracking {
    struct appraise_dates dates;
    int32_t first;
    bool is_counting;            /* second pass: `first` is known */
    double *newcomers, *repeats; /* by day since `first` */
};

static bool on_tracked(void *ctx, const struct fl_trade_row *row)
{
    struct tracking *tracking = ctx;
    int32_t first = FL_DATE_NONE;

    if (row->state == FL_CUSTOMER_OBJECTED)
        return true;
    for (size_t i = 0; i < row->n_days && row->days[i].date <= tracking->dates.today; i++) {
        if (row->days[i].purchases <= 0)
            continue;
        if (!tracking->is_counting) {
            if (row->days[i].date < tracking->first)
                tracking->first = row->days[i].date;
            return true;
        }
        if (first == FL_DATE_NONE)
            tracking->newcomers[row->days[i].date - tracking->first]++;
        else
            tracking->repeats[row->days[i].date - tracking->first]++;
        first = row->days[i].date;
    }
    return true;
}

/* Expected up to a day: each day's newcomers, by how long they have been customers. */
static void expect(const struct tracking *tracking, const double *by_age,
                   const struct fl_appraise_tracking *out)
{
    double actual = 0;
    int32_t day = 0, span = tracking->dates.today - tracking->first;

    for (size_t i = 0; i < out->n; i++) {
        int32_t end = (int32_t)floor((double)(i + 1) * out->period_days);

        for (; day <= end && day <= span; day++)
            actual += tracking->repeats[day];
        out->actual[i] = actual;
        for (int32_t d = 0; d <= end && d <= span; d++)
            out->expected[i] += tracking->newcomers[d] * by_age[end - d];
    }
}

static enum fl_status track(struct tracking *tracking, const struct fl_appraise_frame *frame,
                            struct fl_store *store, struct fl_arena *arena,
                            struct fl_appraise_tracking *out, struct fl_error *err)
{
    const struct fl_value_fit *fit = frame->calibrated_at != FL_DATE_NONE
                                         ? &frame->calibration
                                         : &frame->models.purchase.fit.fit;
    int32_t span = tracking->dates.today - tracking->first;
    double period = tracking->dates.period_days;
    double *by_age = FL_ARENA_ARRAY(arena, double, (size_t)span + 1);
    struct fl_appraise_tracking found = {
        .n = (size_t)(span / period), .first_date = tracking->first, .period_days = period};
    enum fl_status st;

    tracking->newcomers = FL_ARENA_ARRAY(arena, double, (size_t)span + 1);
    tracking->repeats = FL_ARENA_ARRAY(arena, double, (size_t)span + 1);
    found.actual = FL_ARENA_ARRAY(arena, double, found.n + 1);
    found.expected = FL_ARENA_ARRAY(arena, double, found.n + 1);
    if (!by_age || !tracking->newcomers || !tracking->repeats || !found.actual || !found.expected)
        return fl_error_set(err, FL_IO, "no memory for %d days", (int)span);
    tracking->is_counting = true;
    st = fl_store_trade_each(store, INT64_MIN, INT64_MAX, NULL, on_tracked, tracking, err);
    if (st)
        return st;
    for (int32_t d = 1; d <= span; d++)
        by_age[d] = fl_value_expected(fit->model, fit->p, d / period);
    expect(tracking, by_age, &found);
    if (frame->calibrated_at != FL_DATE_NONE)
        found.holdout_from = (size_t)((frame->calibrated_at - tracking->first) / period);
    *out = found;
    return FL_OK;
}

enum fl_status fl_appraise_tracking(const struct fl_appraise_frame *frame, struct fl_store *store,
                                    struct fl_arena *arena, struct fl_appraise_tracking *out,
                                    struct fl_error *err)
{
    struct tracking tracking = {.first = INT32_MAX};
    enum fl_status st;

    if (!frame->models.purchase.is_fitted)
        return not_fitted("shop purchases", err);
    st = appraise_dates_of(&frame->settings, frame->as_of_us, &tracking.dates, err);
    if (!st)
        st = fl_store_trade_each(store, INT64_MIN, INT64_MAX, NULL, on_tracked, &tracking, err);
    if (st)
        return st;
    if (tracking.first == INT32_MAX ||
        (double)(tracking.dates.today - tracking.first) < tracking.dates.period_days)
        return fl_error_set(err, FL_NOT_FOUND, "purchases are known for less than one period");
    if (tracking.dates.today - tracking.first > SPAN_MAX_DAYS)
        return fl_error_set(err, FL_LIMIT, "purchases go back more than %d days", SPAN_MAX_DAYS);
    return track(&tracking, frame, store, arena, out, err);
}

/* ---- frequency --------------------------------------------------------------------------------*/

struct frequency {
    const struct fl_value_fit *fit;
    struct appraise_dates before, until;
    struct fl_appraise_frequency found;
};

static bool on_counted(void *ctx, const struct fl_trade_row *row)
{
    struct frequency *frequency = ctx;
    struct appraise_trade before, until;
    struct fl_value_obs obs;
    size_t class;

    if (row->state == FL_CUSTOMER_OBJECTED)
        return true;
    appraise_trade_of(&frequency->before, row->days, row->n_days, &before);
    if (before.first == frequency->before.today ||
        !appraise_trade_obs(&before, &frequency->before, &obs))
        return true;
    appraise_trade_of(&frequency->until, row->days, row->n_days, &until);
    class = before.x < FL_APPRAISE_FREQUENCIES - 1 ? before.x : FL_APPRAISE_FREQUENCIES - 1;
    frequency->found.customers[class]++;
    frequency->found.actual[class] += until.x - before.x;
    frequency->found.expected[class] += fl_value_conditional(
        frequency->fit->model, frequency->fit->p, &obs, frequency->found.window_periods, false);
    return true;
}

enum fl_status fl_appraise_frequency(const struct fl_appraise_frame *frame, struct fl_store *store,
                                     struct fl_appraise_frequency *out, struct fl_error *err)
{
    struct frequency frequency = {.fit = &frame->calibration};
    enum fl_status st;

    if (!frame->models.purchase.is_fitted)
        return not_fitted("shop purchases", err);
    if (frame->calibrated_at == FL_DATE_NONE)
        return fl_error_set(err, FL_NOT_FOUND,
                            "purchases are known for too short a time to hold some of it out");
    st = appraise_dates_of(&frame->settings, frame->as_of_us, &frequency.until, err);
    if (st)
        return st;
    frequency.before = frequency.until;
    frequency.before.today = frame->calibrated_at;
    frequency.found.window_periods =
        (frequency.until.today - frame->calibrated_at) / frequency.until.period_days;
    st = fl_store_trade_each(store, INT64_MIN, INT64_MAX, NULL, on_counted, &frequency, err);
    if (st)
        return st;
    for (int i = 0; i < FL_APPRAISE_FREQUENCIES; i++)
        if (frequency.found.customers[i] > 0) {
            frequency.found.actual[i] /= frequency.found.customers[i];
            frequency.found.expected[i] /= frequency.found.customers[i];
        }
    *out = frequency.found;
    return FL_OK;
}

/* ---- survival ---------------------------------------------------------------------------------*/

struct survival {
    struct appraise_dates dates;
    struct fl_arena *arena;
    double *left, *still; /* by whole periods */
    size_t n, cap;
    bool has_failed;
};

static bool make_room(struct survival *survival, size_t periods)
{
    size_t cap = survival->cap ? survival->cap : 64;
    double *left, *still;

    if (periods >= SPAN_MAX_PERIODS)
        return false;
    while (cap <= periods)
        cap *= 2;
    if (cap == survival->cap)
        return true;
    left = FL_ARENA_ARRAY(survival->arena, double, cap);
    still = FL_ARENA_ARRAY(survival->arena, double, cap);
    if (!left || !still)
        return false;
    if (survival->cap) {
        memcpy(left, survival->left, survival->cap * sizeof *left);
        memcpy(still, survival->still, survival->cap * sizeof *still);
    }
    survival->left = left;
    survival->still = still;
    survival->cap = cap;
    return true;
}

static bool on_contract(void *ctx, const struct fl_subscription *subscription)
{
    struct survival *survival = ctx;
    struct appraise_contract contract;

    if (!appraise_contract_of(&survival->dates, subscription, &contract))
        return true;
    if (!make_room(survival, (size_t)contract.T)) {
        survival->has_failed = true;
        return false;
    }
    if (contract.is_over)
        survival->left[contract.T]++;
    else
        survival->still[contract.T]++;
    if ((size_t)contract.T >= survival->n)
        survival->n = (size_t)contract.T + 1;
    return true;
}

/* Kaplan & Meier 1958, with the log-log band of Kalbfleisch & Prentice: it stays within 0 and 1. */
static void estimate(const struct survival *survival, const struct fl_value_fit *fit,
                     const struct fl_appraise_survival *out)
{
    static const double z = 1.959963984540054;
    double at_risk = 0, s = 1, greenwood = 0;

    for (size_t t = 0; t < out->n; t++)
        at_risk += survival->left[t] + survival->still[t];
    for (size_t t = 0; t < out->n; t++) {
        double half = 0;

        out->at_risk[t] = at_risk;
        if (at_risk > 0 && survival->left[t] > 0) {
            s *= 1 - survival->left[t] / at_risk;
            if (at_risk > survival->left[t])
                greenwood += survival->left[t] / (at_risk * (at_risk - survival->left[t]));
        }
        if (s > 0 && s < 1)
            half = z * sqrt(greenwood) / fabs(log(s));
        out->observed[t] = s;
        out->low[t] = s > 0 && s < 1 ? pow(s, exp(half)) : s;
        out->high[t] = s > 0 && s < 1 ? pow(s, exp(-half)) : s;
        out->expected[t] = fl_value_survival(fit->model, fit->p, (double)t);
        at_risk -= survival->left[t] + survival->still[t];
    }
}

enum fl_status fl_appraise_survival(const struct fl_appraise_frame *frame, struct fl_store *store,
                                    struct fl_arena *arena, struct fl_appraise_survival *out,
                                    struct fl_error *err)
{
    struct survival survival = {.arena = arena};
    struct fl_appraise_survival found = {0};
    enum fl_status st;

    if (!frame->models.subscription.is_fitted)
        return not_fitted("subscriptions", err);
    st = appraise_dates_of(&frame->settings, frame->as_of_us, &survival.dates, err);
    if (!st)
        st = fl_store_subscription_each(store, INT64_MIN, INT64_MAX, on_contract, &survival, err);
    if (st)
        return st;
    found.n = survival.n;
    found.observed = FL_ARENA_ARRAY(arena, double, found.n + 1);
    found.low = FL_ARENA_ARRAY(arena, double, found.n + 1);
    found.high = FL_ARENA_ARRAY(arena, double, found.n + 1);
    found.expected = FL_ARENA_ARRAY(arena, double, found.n + 1);
    found.at_risk = FL_ARENA_ARRAY(arena, double, found.n + 1);
    if (survival.has_failed || !found.observed || !found.low || !found.high || !found.expected ||
        !found.at_risk)
        return fl_error_set(err, FL_LIMIT, "a subscription of more periods than can be drawn");
    if (found.n)
        estimate(&survival, &frame->models.subscription.fit.fit, &found);
    *out = found;
    return FL_OK;
}
