/* Settings of a run, and the dates it looks from. */
#include <stdio.h>
#include <string.h>

#include "appraise/appraise_private.h"
#include "base/local.h"

/* After so many half-lives a signal counts less than half a per cent of itself. */
enum { SIGNAL_HALF_LIVES = 8 };

static double days_of(int64_t us)
{
    return (double)us / (double)FL_US_PER_DAY;
}

void fl_appraise_settings(const struct fl_conf *conf, struct fl_commitment_settings *commitment,
                          struct fl_customer_value_settings *customer,
                          struct fl_position_settings *position, struct fl_key_settings *keys,
                          struct fl_value_horizon *horizon)
{
    const struct fl_conf_worth *value = &conf->value;

    _Static_assert((int)FL_CONF_SIGNALS == (int)FL_SIGNALS, "one weight each");
    _Static_assert((int)FL_CONF_ASPECTS == (int)FL_ASPECTS, "one weight each");
    fl_commitment_defaults(commitment);
    memcpy(commitment->weight, value->signal_weight, sizeof commitment->weight);
    commitment->half_life_days = days_of(value->half_life_us);
    commitment->settled_hours_max = days_of(value->settled_within_us) * 24;
    fl_customer_value_defaults(customer);
    memcpy(customer->aspect_weight, value->aspect_weight, sizeof customer->aspect_weight);
    customer->point_value = value->point_value;
    customer->gift_share = value->gift_share;
    customer->hour_value = value->hour_value;
    customer->contact_burden = value->contact_burden;
    customer->welcome_contacts = value->welcome_contacts;
    *position = (struct fl_position_settings){
        .intercept = value->line_intercept,
        .slope = value->line_slope,
        .band = value->band,
        .level = value->certainty,
        .scale = strcmp(value->scale, "money") == 0 ? FL_SCALE_MONEY : FL_SCALE_RANK,
    };
    *keys = (struct fl_key_settings){.contribution_share = value->contribution_share,
                                     .exchange_percentile = value->exchange_percentile,
                                     .leader_percentile = value->leader_percentile};
    *horizon = (struct fl_value_horizon){.periods = (int)value->horizon,
                                         .yearly_rate = value->discount_rate,
                                         .period_days = days_of(value->period_us)};
}

void appraise_settings_of(const struct fl_conf *conf, struct appraise_settings *out)
{
    fl_appraise_settings(conf, &out->commitment, &out->customer, &out->position, &out->keys,
                         &out->horizon);
    out->window_us = conf->value.window_us;
    snprintf(out->segment_by, sizeof out->segment_by, "%s", conf->value.segment_by);
    snprintf(out->time_zone, sizeof out->time_zone, "%s", conf->time_zone);
}

enum fl_status appraise_dates_of(const struct appraise_settings *settings, int64_t as_of_us,
                                 struct appraise_dates *out, struct fl_error *err)
{
    int64_t lookback_us =
        (int64_t)(settings->commitment.half_life_days * SIGNAL_HALF_LIVES) * FL_US_PER_DAY;
    int64_t local_us;
    enum fl_status st = fl_time_to_local(settings->time_zone, as_of_us, &local_us, err);

    if (st)
        return st;
    *out = (struct appraise_dates){
        .as_of_us = as_of_us,
        .today = fl_date_of_time(local_us),
        .window_from_us = as_of_us - settings->window_us,
        .signals_from_us = as_of_us - lookback_us,
        .period_days = settings->horizon.period_days,
    };
    /* The window is its last day and as many before it as make it full. */
    out->window_from = out->today - (int32_t)(settings->window_us / FL_US_PER_DAY) + 1;
    return FL_OK;
}
