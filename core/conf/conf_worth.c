/* `value { ... }`: its table, and real numbers, which no option type has. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "conf/conf_private.h"

#define CURRENCY_EXPECTED "three capital letters such as KRW"
#define RUN_AT_EXPECTED   "a time such as 03:00, or off"

enum { CURRENCY_LENGTH = 3 };

static const struct fl_option_spec value_specs[] = {
    {.name = "currency",
     .type = FL_OPTION_STRING,
     .default_text = "",
     .flags = FL_OPTION_RELOAD,
     .help = "ISO 4217 code all values are in; by default that of the first transaction"},
    {.name = "minor_digits",
     .type = FL_OPTION_INT,
     .default_text = "2",
     .min = 0,
     .max = 4,
     .flags = FL_OPTION_RELOAD,
     .help =
         "decimals of the currency in files and on screens: 2 for USD and EUR, 0 for KRW and JPY"},
    {.name = "model",
     .type = FL_OPTION_ENUM,
     .default_text = "auto",
     .choices = "auto|bgnbd|mbgnbd|paretonbd|nbd",
     .flags = FL_OPTION_RELOAD,
     .help = "model of shop purchases; auto takes the best on a hold-out"},
    {.name = "subscription_model",
     .type = FL_OPTION_ENUM,
     .default_text = "auto",
     .choices = "auto|sbg|bdw",
     .flags = FL_OPTION_RELOAD,
     .help = "model of subscriptions; auto takes BdW where duration dependence shows"},
    {.name = "period",
     .type = FL_OPTION_DURATION,
     .default_text = "7d",
     .min = FL_US_PER_DAY,
     .max = 366 * FL_US_PER_DAY,
     .flags = FL_OPTION_RELOAD,
     .help = "time unit of the purchase models"},
    {.name = "horizon",
     .type = FL_OPTION_INT,
     .default_text = "156",
     .min = 1,
     .max = 5200,
     .flags = FL_OPTION_RELOAD,
     .help = "periods ahead that a lifetime value counts"},
    {.name = "discount_rate",
     .type = FL_OPTION_STRING,
     .default_text = "0.10",
     .flags = FL_OPTION_RELOAD,
     .help = "yearly rate that future margin is discounted with"},
    {.name = "margin_rate",
     .type = FL_OPTION_STRING,
     .default_text = "1",
     .flags = FL_OPTION_RELOAD,
     .help = "margin of a transaction that names none, as a share of what was paid"},
    {.name = "window",
     .type = FL_OPTION_DURATION,
     .default_text = "365d",
     .min = FL_US_PER_DAY,
     .max = 3660 * FL_US_PER_DAY,
     .flags = FL_OPTION_RELOAD,
     .help = "how far back customer value looks"},
    {.name = "segment_by",
     .type = FL_OPTION_STRING,
     .default_text = "segment",
     .flags = FL_OPTION_RELOAD,
     .help = "attribute whose value is a customer's segment, for estimates of answers"},
    {.name = "run_at",
     .type = FL_OPTION_STRING,
     .default_text = "03:00",
     .flags = FL_OPTION_RELOAD,
     .help = "time of the nightly run in the organisation's time zone, HH:MM; off: none"},
    {.name = "keep",
     .type = FL_OPTION_DURATION,
     .default_text = "400d",
     .min = FL_US_PER_DAY,
     .max = 36600 * FL_US_PER_DAY,
     .flags = FL_OPTION_RELOAD,
     .help = "how long the scores of every run are kept; older ones once a month"},
    {.name = "learn",
     .type = FL_OPTION_BOOL,
     .default_text = "yes",
     .flags = FL_OPTION_RELOAD,
     .help = "learn the weights of attitude signals where 500 customers or more carry some"},
    {.name = "derive_items",
     .type = FL_OPTION_BOOL,
     .default_text = "no",
     .flags = FL_OPTION_RELOAD,
     .help = "derive the weights of survey items from stated value for money"},
    {.name = "half_life",
     .type = FL_OPTION_DURATION,
     .default_text = "180d",
     .min = FL_US_PER_DAY,
     .max = 36600 * FL_US_PER_DAY,
     .flags = FL_OPTION_RELOAD,
     .help = "after this an attitude signal counts half"},
    {.name = "settled_within",
     .type = FL_OPTION_DURATION,
     .default_text = "48h",
     .min = FL_US_PER_S,
     .max = 365 * FL_US_PER_DAY,
     .flags = FL_OPTION_RELOAD,
     .help = "a complaint settled within this counts as settled quickly"},
    {.name = "weight_satisfaction",
     .type = FL_OPTION_STRING,
     .default_text = "0.6",
     .flags = FL_OPTION_RELOAD,
     .help = "log-odds of commitment for a full signal: stated satisfaction"},
    {.name = "weight_commitment",
     .type = FL_OPTION_STRING,
     .default_text = "0.8",
     .flags = FL_OPTION_RELOAD,
     .help = "log-odds of commitment for a full signal: stated commitment"},
    {.name = "weight_advocacy",
     .type = FL_OPTION_STRING,
     .default_text = "0.5",
     .flags = FL_OPTION_RELOAD,
     .help = "log-odds of commitment for a full signal: would recommend (NPS)"},
    {.name = "weight_open_complaint",
     .type = FL_OPTION_STRING,
     .default_text = "-1.0",
     .flags = FL_OPTION_RELOAD,
     .help = "log-odds of commitment for a full signal: a complaint that is open"},
    {.name = "weight_settled",
     .type = FL_OPTION_STRING,
     .default_text = "0.3",
     .flags = FL_OPTION_RELOAD,
     .help = "log-odds of commitment for a full signal: a complaint settled quickly"},
    {.name = "weight_referral",
     .type = FL_OPTION_STRING,
     .default_text = "0.4",
     .flags = FL_OPTION_RELOAD,
     .help = "log-odds of commitment for a full signal: has referred others"},
    {.name = "weight_engagement",
     .type = FL_OPTION_STRING,
     .default_text = "0.5",
     .flags = FL_OPTION_RELOAD,
     .help = "log-odds of commitment for a full signal: replies, clicks by hand, answers"},
    {.name = "weight_opt_out",
     .type = FL_OPTION_STRING,
     .default_text = "-0.8",
     .flags = FL_OPTION_RELOAD,
     .help = "log-odds of commitment for a full signal: some channel or purpose was withdrawn"},
    {.name = "item_convenience",
     .type = FL_OPTION_STRING,
     .default_text = "0.05",
     .flags = FL_OPTION_RELOAD,
     .help = "share of the spend that the whole range of this survey item is worth: convenience"},
    {.name = "item_safety",
     .type = FL_OPTION_STRING,
     .default_text = "0.05",
     .flags = FL_OPTION_RELOAD,
     .help = "share of the spend that the whole range of this survey item is worth: safety"},
    {.name = "item_brand",
     .type = FL_OPTION_STRING,
     .default_text = "0.05",
     .flags = FL_OPTION_RELOAD,
     .help = "share of the spend that the whole range of this survey item is worth: brand"},
    {.name = "item_usefulness",
     .type = FL_OPTION_STRING,
     .default_text = "0.05",
     .flags = FL_OPTION_RELOAD,
     .help = "share of the spend that the whole range of this survey item is worth: usefulness of "
             "what we send"},
    {.name = "item_satisfaction",
     .type = FL_OPTION_STRING,
     .default_text = "0.05",
     .flags = FL_OPTION_RELOAD,
     .help = "share of the spend that the whole range of this survey item is worth: satisfaction"},
    {.name = "point_value",
     .type = FL_OPTION_STRING,
     .default_text = "1",
     .flags = FL_OPTION_RELOAD,
     .help = "minor units that a point is worth to the customer"},
    {.name = "gift_share",
     .type = FL_OPTION_STRING,
     .default_text = "0.7",
     .flags = FL_OPTION_RELOAD,
     .help = "share of a gift's cost that the customer perceives as value"},
    {.name = "hour_value",
     .type = FL_OPTION_STRING,
     .default_text = "0",
     .flags = FL_OPTION_RELOAD,
     .help = "minor units that an hour of waiting for a complaint's answer costs the customer"},
    {.name = "contact_burden",
     .type = FL_OPTION_STRING,
     .default_text = "0",
     .flags = FL_OPTION_RELOAD,
     .help = "minor units that a message above the welcome ones costs the customer"},
    {.name = "welcome_contacts",
     .type = FL_OPTION_STRING,
     .default_text = "52",
     .flags = FL_OPTION_RELOAD,
     .help = "messages of ours that are welcome within the window"},
    {.name = "scale",
     .type = FL_OPTION_ENUM,
     .default_text = "rank",
     .choices = "rank|money",
     .flags = FL_OPTION_RELOAD,
     .help = "place customers by rank, or by the ratio of money to the median"},
    {.name = "line_intercept",
     .type = FL_OPTION_STRING,
     .default_text = "0",
     .flags = FL_OPTION_RELOAD,
     .help = "fair-value line: ce at cv = 0"},
    {.name = "line_slope",
     .type = FL_OPTION_STRING,
     .default_text = "1",
     .flags = FL_OPTION_RELOAD,
     .help = "fair-value line: its slope"},
    {.name = "band",
     .type = FL_OPTION_STRING,
     .default_text = "0.15",
     .flags = FL_OPTION_RELOAD,
     .help = "distance from the fair-value line that still is fair"},
    {.name = "certainty",
     .type = FL_OPTION_STRING,
     .default_text = "0.8",
     .flags = FL_OPTION_RELOAD,
     .help = "how sure it must be that a customer is in zone I or II"},
    {.name = "contribution_share",
     .type = FL_OPTION_STRING,
     .default_text = "0.8",
     .flags = FL_OPTION_RELOAD,
     .help = "key customers cover this share of the margin"},
    {.name = "exchange_percentile",
     .type = FL_OPTION_STRING,
     .default_text = "0.8",
     .flags = FL_OPTION_RELOAD,
     .help = "key customers exchange more than this share of all"},
    {.name = "leader_percentile",
     .type = FL_OPTION_STRING,
     .default_text = "0.8",
     .flags = FL_OPTION_RELOAD,
     .help = "opinion leaders rank above this share of those who referred somebody"},
    {.name = NULL},
};

#define VALUE(slot, member)                                                                        \
    {                                                                                              \
        FL_CONF_SLOT_##slot, offsetof(struct fl_conf_worth, member)                                \
    }

static const struct fl_conf_slot value_slots[] = {
    VALUE(TEXT, currency),
    VALUE(NUMBER, minor_digits),
    VALUE(TEXT, model),
    VALUE(TEXT, subscription_model),
    VALUE(NUMBER, period_us),
    VALUE(NUMBER, horizon),
    VALUE(REAL, discount_rate),
    VALUE(REAL, margin_rate),
    VALUE(NUMBER, window_us),
    VALUE(TEXT, segment_by),
    VALUE(TEXT, run_at),
    VALUE(NUMBER, keep_us),
    VALUE(BOOL, learns),
    VALUE(BOOL, derives_items),
    VALUE(NUMBER, half_life_us),
    VALUE(NUMBER, settled_within_us),
    VALUE(REAL, signal_weight[0]),
    VALUE(REAL, signal_weight[1]),
    VALUE(REAL, signal_weight[2]),
    VALUE(REAL, signal_weight[3]),
    VALUE(REAL, signal_weight[4]),
    VALUE(REAL, signal_weight[5]),
    VALUE(REAL, signal_weight[6]),
    VALUE(REAL, signal_weight[7]),
    VALUE(REAL, aspect_weight[0]),
    VALUE(REAL, aspect_weight[1]),
    VALUE(REAL, aspect_weight[2]),
    VALUE(REAL, aspect_weight[3]),
    VALUE(REAL, aspect_weight[4]),
    VALUE(REAL, point_value),
    VALUE(REAL, gift_share),
    VALUE(REAL, hour_value),
    VALUE(REAL, contact_burden),
    VALUE(REAL, welcome_contacts),
    VALUE(TEXT, scale),
    VALUE(REAL, line_intercept),
    VALUE(REAL, line_slope),
    VALUE(REAL, band),
    VALUE(REAL, certainty),
    VALUE(REAL, contribution_share),
    VALUE(REAL, exchange_percentile),
    VALUE(REAL, leader_percentile),
};
_Static_assert(sizeof value_slots / sizeof value_slots[0] ==
                   sizeof value_specs / sizeof value_specs[0] - 1,
               "a slot for each row");

static const struct range {
    const char *key;
    double min, max;
    const char *expected;
} ranges[] = {
    {"discount_rate", 0, 10, "a number within 0..10"},
    {"margin_rate", 0, 1, "a number within 0..1"},
    {"weight_satisfaction", -10, 10, "a number within -10..10"},
    {"weight_commitment", -10, 10, "a number within -10..10"},
    {"weight_advocacy", -10, 10, "a number within -10..10"},
    {"weight_open_complaint", -10, 10, "a number within -10..10"},
    {"weight_settled", -10, 10, "a number within -10..10"},
    {"weight_referral", -10, 10, "a number within -10..10"},
    {"weight_engagement", -10, 10, "a number within -10..10"},
    {"weight_opt_out", -10, 10, "a number within -10..10"},
    {"item_convenience", 0, 10, "a number within 0..10"},
    {"item_safety", 0, 10, "a number within 0..10"},
    {"item_brand", 0, 10, "a number within 0..10"},
    {"item_usefulness", 0, 10, "a number within 0..10"},
    {"item_satisfaction", 0, 10, "a number within 0..10"},
    {"point_value", 0, 1000000000.0, "a number within 0..1000000000"},
    {"gift_share", 0, 10, "a number within 0..10"},
    {"hour_value", 0, 1000000000000.0, "a number within 0..1e+12"},
    {"contact_burden", 0, 1000000000000.0, "a number within 0..1e+12"},
    {"welcome_contacts", 0, 1000000.0, "a number within 0..1000000"},
    {"line_intercept", -1, 1, "a number within -1..1"},
    {"line_slope", 0.01, 100, "a number within 0.01..100"},
    {"band", 0, 0.7, "a number within 0..0.7"},
    {"certainty", 0.5, 0.999, "a number within 0.5..0.999"},
    {"contribution_share", 0, 1, "a number within 0..1"},
    {"exchange_percentile", 0, 1, "a number within 0..1"},
    {"leader_percentile", 0, 1, "a number within 0..1"},
};

const struct fl_option_spec *fl_conf_worth_specs(void)
{
    return value_specs;
}

const struct fl_conf_slot *fl_conf_worth_slots(void)
{
    return value_slots;
}

const char *fl_conf_worth_expected(const struct fl_option_spec *spec)
{
    if (spec < value_specs || spec >= value_specs + sizeof value_specs / sizeof value_specs[0])
        return NULL;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (strcmp(ranges[i].key, spec->name) == 0)
            return ranges[i].expected;
    if (strcmp(spec->name, "currency") == 0)
        return CURRENCY_EXPECTED;
    return strcmp(spec->name, "run_at") == 0 ? RUN_AT_EXPECTED : NULL;
}

bool fl_conf_real_parse(const char *text, double *out)
{
    char *end;
    double value;

    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    errno = 0;
    value = strtod(text, &end);
    if (*end || errno || !isfinite(value))
        return false;
    *out = value;
    return true;
}

static bool is_currency(const char *text)
{
    return !*text || (strlen(text) == CURRENCY_LENGTH &&
                      strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == CURRENCY_LENGTH);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_run_at(const char *text)
{
    return strcmp(text, "off") == 0 ||
           (strlen(text) == 5 && is_digit(text[0]) && is_digit(text[1]) && text[2] == ':' &&
            is_digit(text[3]) && is_digit(text[4]) && strncmp(text, "24", 2) < 0 && text[3] < '6');
}

static const char *expected_of(const struct fl_conf_setting *setting)
{
    double value;

    if (strcmp(setting->key, "currency") == 0 && !is_currency(setting->text))
        return CURRENCY_EXPECTED;
    if (strcmp(setting->key, "run_at") == 0 && !is_run_at(setting->text))
        return RUN_AT_EXPECTED;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (strcmp(ranges[i].key, setting->key) == 0 &&
            (!fl_conf_real_parse(setting->text, &value) || value < ranges[i].min ||
             value > ranges[i].max))
            return ranges[i].expected;
    return NULL;
}

void fl_conf_worth_check(const struct fl_conf_section *section, struct fl_faults *faults)
{
    for (size_t i = 0; section && i < section->n_settings; i++) {
        const struct fl_conf_setting *s = &section->settings[i];
        const char *expected = expected_of(s);

        if (expected)
            fl_faults_add(faults, s->file, s->line, s->key, s->text, "expected %s", expected);
    }
}
