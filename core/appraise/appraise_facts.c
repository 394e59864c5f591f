/* What is known of one customer at a moment. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise_private.h"
#include "base/str.h"

enum { LINES_FIRST = 16 };
static const double us_per_hour = 3600.0 * (double)FL_US_PER_S;

const struct appraise_attitude appraise_attitude_unknown = {.value_for_money = NAN};

/* ---- trade -----------------------------------------------------------------------------------*/

static void add_window(struct appraise_trade *trade, const struct fl_trade_day *day)
{
    trade->spend_minor += day->spend_minor;
    trade->margin_minor += day->margin_minor;
    trade->discount_minor += day->discount_minor;
    trade->saved_minor += day->saved_minor;
    trade->gift_minor += day->gift_minor;
    trade->fee_minor += day->fee_minor;
    trade->points += day->points;
}

void appraise_trade_of(const struct appraise_dates *dates, const struct fl_trade_day *days,
                       size_t n, struct appraise_trade *out)
{
    *out = (struct appraise_trade){.first = FL_DATE_NONE, .last = FL_DATE_NONE};
    for (size_t i = 0; i < n && days[i].date <= dates->today; i++) {
        const struct fl_trade_day *day = &days[i];

        if (day->purchases > 0) {
            if (out->first == FL_DATE_NONE)
                out->first = day->date;
            else if (out->x < FL_VALUE_X_MAX)
                out->x++;
            out->last = day->date;
        }
        if (out->first == FL_DATE_NONE || day->date == out->first)
            out->first_margin_minor += day->margin_minor;
        else
            out->repeat_margin_minor += day->margin_minor;
        if (day->date >= dates->window_from)
            add_window(out, day);
    }
}

bool appraise_trade_obs(const struct appraise_trade *trade, const struct appraise_dates *dates,
                        struct fl_value_obs *out)
{
    if (trade->first == FL_DATE_NONE)
        return false;
    *out = (struct fl_value_obs){
        .x = trade->x,
        .tx = trade->x ? (double)(trade->last - trade->first) / dates->period_days : 0,
        .T = (double)(dates->today - trade->first) / dates->period_days,
        .z = appraise_trade_mean(trade),
        .n = 1,
    };
    return true;
}

double appraise_trade_mean(const struct appraise_trade *trade)
{
    return trade->x ? fmax((double)trade->repeat_margin_minor / trade->x, 0) : 0;
}

/* ---- subscriptions ----------------------------------------------------------------------------*/

/* Periods that began within [from, until], the first one on the day of the start. */
static int32_t periods_begun(int32_t start, int32_t period, int32_t from, int32_t until)
{
    int32_t before = from > start ? (from - start + period - 1) / period : 0;

    return until < start || until < from ? 0 : (until - start) / period + 1 - before;
}

bool appraise_contract_of(const struct appraise_dates *dates,
                          const struct fl_subscription *subscription, struct appraise_contract *out)
{
    int32_t period = subscription->period_days;
    bool is_over = subscription->end != FL_DATE_NONE && subscription->end <= dates->today;
    int32_t days = (is_over ? subscription->end : dates->today) - subscription->start;

    if (subscription->start > dates->today || period <= 0)
        return false;
    if (days < 0)
        days = 0;
    *out = (struct appraise_contract){
        .T = is_over ? (days + period - 1) / period : days / period,
        .period_days = period,
        .n_paid = periods_begun(subscription->start, period, dates->window_from,
                                is_over ? subscription->end - 1 : dates->today),
        .is_over = is_over,
        .margin_minor = subscription->margin_minor,
        .price_minor = subscription->price_minor,
    };
    if (is_over && out->T == 0) /* given up on the day it began */
        out->T = 1;
    return true;
}

struct fl_value_obs appraise_contract_obs(const struct appraise_contract *contract)
{
    return (struct fl_value_obs){.x = contract->is_over, .T = contract->T, .n = 1};
}

/* ---- signs -----------------------------------------------------------------------------------*/

bool appraise_question_aspect(const char *question, enum fl_aspect *out)
{
    return question && fl_aspect_parse(question, out);
}

bool appraise_question_signal(const char *question, enum fl_signal *out)
{
    if (fl_str_equal(question, "recommend")) /* the usual name of the NPS question */
        *out = FL_SIGNAL_ADVOCACY;
    else if (fl_str_equal(question, "satisfaction"))
        *out = FL_SIGNAL_SATISFACTION;
    else if (fl_str_equal(question, "commitment"))
        *out = FL_SIGNAL_COMMITMENT;
    else if (fl_str_equal(question, "advocacy"))
        *out = FL_SIGNAL_ADVOCACY;
    else
        return false;
    return true;
}

void appraise_signs_init(struct appraise_signs *signs, const struct appraise_settings *settings,
                         const struct appraise_dates *dates)
{
    *signs = (struct appraise_signs){.settings = settings, .dates = *dates};
}

void appraise_signs_finish(struct appraise_signs *signs)
{
    free(signs->lines);
    signs->lines = NULL;
}

void appraise_signs_begin(struct appraise_signs *signs)
{
    struct fl_signal_line *lines = signs->lines;
    size_t cap = signs->cap;
    bool has_no_memory = signs->has_no_memory;

    *signs = (struct appraise_signs){.settings = signs->settings,
                                     .dates = signs->dates,
                                     .lines = lines,
                                     .cap = cap,
                                     .has_no_memory = has_no_memory};
}

static void add_line(struct appraise_signs *signs, enum fl_signal signal, int64_t at_us,
                     int64_t event, double value, double low, double high)
{
    if (signs->n == signs->cap) {
        size_t cap = signs->cap ? 2 * signs->cap : LINES_FIRST;
        struct fl_signal_line *lines = realloc(signs->lines, cap * sizeof *lines);

        if (!lines) {
            signs->has_no_memory = true;
            return;
        }
        signs->lines = lines;
        signs->cap = cap;
    }
    signs->lines[signs->n++] = (struct fl_signal_line){
        .signal = signal,
        .value = value,
        .low = low,
        .high = high,
        .age_days = (double)(signs->dates.as_of_us - at_us) / (double)FL_US_PER_DAY,
        .event = event,
    };
}

static void add_flag(struct appraise_signs *signs, enum fl_signal signal, int64_t at_us,
                     int64_t event)
{
    add_line(signs, signal, at_us, event, 1, 0, 1);
}

static void add_answer(struct appraise_signs *signs, const struct fl_sign *sign)
{
    /* Answers brought in one by one have an event each, and the survey's time. */
    bool is_new_contact = !signs->last_answer || (sign->event != signs->last_answer &&
                                                  sign->at_us != signs->last_answer_us);
    double item = (sign->value - sign->low) / (sign->high - sign->low) - 0.5;
    enum fl_signal signal;
    enum fl_aspect aspect;

    signs->last_answer = sign->event;
    signs->last_answer_us = sign->at_us;
    if (sign->at_us >= signs->dates.signals_from_us) {
        if (is_new_contact)
            add_flag(signs, FL_SIGNAL_ENGAGEMENT, sign->at_us, sign->event);
        if (appraise_question_signal(sign->question, &signal))
            add_line(signs, signal, sign->at_us, sign->event, sign->value, sign->low, sign->high);
    }
    if (sign->at_us < signs->dates.window_from_us)
        return;
    signs->exchanges += is_new_contact;
    if (!isfinite(item) || fabs(item) > 0.5)
        return;
    if (appraise_question_aspect(sign->question, &aspect)) {
        signs->item_sum[aspect] += item;
        signs->n_items[aspect]++;
    } else if (fl_str_equal(sign->question, "value_for_money")) {
        signs->money_sum += item;
        signs->n_money++;
    }
}

void appraise_signs_add(struct appraise_signs *signs, const struct fl_sign *sign)
{
    const struct appraise_dates *dates = &signs->dates;

    if (sign->at_us > dates->as_of_us)
        return;
    switch (sign->kind) {
    case FL_SIGN_ANSWER:
        add_answer(signs, sign);
        break;
    case FL_SIGN_CONTACT_IN:
        if (sign->at_us >= dates->signals_from_us)
            add_flag(signs, FL_SIGNAL_ENGAGEMENT, sign->at_us, sign->event);
        signs->exchanges += sign->at_us >= dates->window_from_us;
        break;
    case FL_SIGN_OPT_OUT:
        if (sign->at_us >= dates->signals_from_us)
            add_flag(signs, FL_SIGNAL_OPT_OUT, sign->at_us, sign->event);
        break;
    case FL_SIGN_MESSAGE_OUT:
        signs->contacts += sign->at_us >= dates->window_from_us;
        break;
    }
}

double appraise_waited_hours(const struct appraise_dates *dates, int64_t opened_us,
                             int64_t settled_us)
{
    bool is_open = settled_us == FL_TIME_NONE || settled_us > dates->as_of_us;
    int64_t until_us = is_open ? dates->as_of_us : settled_us;
    int64_t from_us = opened_us > dates->window_from_us ? opened_us : dates->window_from_us;

    return until_us > from_us ? (double)(until_us - from_us) / us_per_hour : 0;
}

void appraise_signs_complaint(struct appraise_signs *signs, int64_t complaint, int64_t opened_us,
                              int64_t settled_us)
{
    const struct appraise_dates *dates = &signs->dates;
    bool is_open = settled_us == FL_TIME_NONE || settled_us > dates->as_of_us;

    if (opened_us > dates->as_of_us)
        return;
    signs->waited_hours += appraise_waited_hours(dates, opened_us, settled_us);
    if (is_open)
        add_flag(signs, FL_SIGNAL_OPEN_COMPLAINT, opened_us, complaint);
    else if (settled_us >= dates->signals_from_us &&
             (double)(settled_us - opened_us) <=
                 signs->settings->commitment.settled_hours_max * us_per_hour)
        add_flag(signs, FL_SIGNAL_SETTLED, settled_us, complaint);
}

void appraise_signs_referral(struct appraise_signs *signs, int64_t referred, int64_t at_us)
{
    if (at_us <= signs->dates.as_of_us && at_us >= signs->dates.signals_from_us)
        add_flag(signs, FL_SIGNAL_REFERRAL, at_us, referred);
}

void appraise_signs_end(struct appraise_signs *signs, struct appraise_attitude *out)
{
    double s[FL_SIGNALS];

    *out = appraise_attitude_unknown;
    fl_commitment_signals(&signs->settings->commitment, signs->lines, signs->n, s, &out->is_known);
    for (int i = 0; i < FL_SIGNALS; i++)
        out->signal[i] = (float)s[i];
    for (int k = 0; k < FL_ASPECTS; k++) {
        if (!signs->n_items[k])
            continue;
        out->item[k] = (float)(signs->item_sum[k] / signs->n_items[k]);
        out->n_items[k] =
            (uint8_t)(signs->n_items[k] < APPRAISE_ITEM_ANSWERS_MAX ? signs->n_items[k]
                                                                    : APPRAISE_ITEM_ANSWERS_MAX);
    }
    if (signs->n_money)
        out->value_for_money = (float)(signs->money_sum / signs->n_money);
    out->waited_hours = (float)signs->waited_hours;
    out->contacts = signs->contacts;
    out->exchanges = signs->exchanges;
}

/* ---- for customer value -----------------------------------------------------------------------*/

void appraise_customer_facts(const struct appraise_facts *facts, struct fl_customer_facts *out)
{
    const struct appraise_trade *trade = &facts->trade;

    *out = (struct fl_customer_facts){
        .spend_minor = trade->spend_minor,
        .discount_minor = trade->discount_minor,
        .gift_minor = trade->gift_minor,
        .saved_minor = trade->saved_minor,
        .fee_minor = trade->fee_minor,
        .points = trade->points,
        .waited_hours = (double)facts->attitude->waited_hours,
        .contacts = facts->attitude->contacts,
    };
    for (size_t i = 0; i < facts->n_contracts; i++)
        out->spend_minor += facts->contracts[i].price_minor * facts->contracts[i].n_paid;
    for (int k = 0; k < FL_ASPECTS; k++) {
        out->items[k].is_known = facts->attitude->n_items[k] > 0;
        out->items[k].score = (double)facts->attitude->item[k];
        out->items[k].n = facts->attitude->n_items[k];
    }
}

double appraise_margin(const struct appraise_facts *facts)
{
    double margin = (double)facts->trade.margin_minor;

    for (size_t i = 0; i < facts->n_contracts; i++)
        margin += (double)facts->contracts[i].margin_minor * facts->contracts[i].n_paid;
    return margin;
}
