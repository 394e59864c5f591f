/* What an audience and a stage ask of the worth of a relationship. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "campaign/campaign_private.h"
#include "value/position.h"

enum { NAME_SIZE = 32, REAL_SIZE = 40 };

#define BORDER(key, text)                                                                          \
    {                                                                                              \
        .name = (key), .type = FL_OPTION_STRING, .help = (text)                                    \
    }

/* Rows; each range has two. */
enum { ZONE, SEGMENT, KEY, CE, CV = CE + 2, COMMITMENT = CV + 2 };
const struct fl_option_spec campaign_audience_specs[] = {
    {.name = "zone", .type = FL_OPTION_STRING, .help = "one of these zones, such as I|II"},
    {.name = "segment",
     .type = FL_OPTION_STRING,
     .help = "one of these value segments, such as HHH|HHL"},
    {.name = "key",
     .type = FL_OPTION_STRING,
     .help = "key customers by all of these criteria, such as contribution+leadership"},
    BORDER("ce_min", "least rank in customer equity, 0 to 1"),
    BORDER("ce_max", "highest rank in customer equity, 0 to 1"),
    BORDER("cv_min", "least rank in customer value, 0 to 1"),
    BORDER("cv_max", "highest rank in customer value, 0 to 1"),
    BORDER("commitment_min", "least commitment, 0 to 1"),
    BORDER("commitment_max", "highest commitment, 0 to 1"),
    {.name = NULL},
};

/* ---- names ------------------------------------------------------------------------------------*/

static bool zone_bit(const char *name, unsigned *out)
{
    enum fl_zone zone;

    if (!fl_zone_parse(name, &zone))
        return false;
    *out = 1u << zone;
    return true;
}

static bool segment_bit(const char *name, unsigned *out)
{
    int segment;

    if (!fl_segment_parse(name, &segment))
        return false;
    *out = 1u << segment;
    return true;
}

static bool key_bit(const char *name, unsigned *out)
{
    enum fl_key_flag flag;

    if (!fl_key_flag_parse(name, &flag))
        return false;
    *out = (unsigned)flag;
    return true;
}

/* Names with a separator between them, blanks around it or not. */
static bool parse_names(const char *text, char separator, bool (*bit)(const char *, unsigned *),
                        unsigned *out)
{
    const char cut[] = {separator, '\0'};
    unsigned all = 0;

    for (;; text++) {
        size_t len = strcspn(text, cut);
        char name[NAME_SIZE];
        unsigned one;

        if (len >= sizeof name)
            return false;
        memcpy(name, text, len);
        name[len] = '\0';
        if (!bit(fl_str_trim(name), &one))
            return false;
        all |= one;
        text += len;
        if (!*text)
            break;
    }
    *out = all;
    return true;
}

struct names {
    char separator;
    bool (*bit)(const char *, unsigned *);
    const char *expected;
};

static void take_names(struct campaign_parse *parse, const struct fl_conf_section *section,
                       const struct fl_option *value, const struct names *names, unsigned *out)
{
    if (value->text && !parse_names(value->text, names->separator, names->bit, out))
        campaign_fault(parse, section, value->name, value->text, names->expected);
}

/* ---- ranges -----------------------------------------------------------------------------------*/

/* A border that is not given is `fallback`. */
static bool take_border(struct campaign_parse *parse, const struct fl_conf_section *section,
                        const struct fl_option *value, double fallback, double *out)
{
    *out = fallback;
    if (!value->text || (fl_conf_real_parse(value->text, out) && *out >= 0 && *out <= 1))
        return true;
    campaign_fault(parse, section, value->name, value->text, "a number within 0..1");
    return false;
}

/* `values`: the least and the highest. */
static void take_range(struct campaign_parse *parse, const struct fl_conf_section *section,
                       const struct fl_option *values, bool *out_has, double *out_min,
                       double *out_max)
{
    bool is_good = take_border(parse, section, &values[0], 0, out_min);

    is_good = take_border(parse, section, &values[1], 1, out_max) && is_good;
    *out_has = values[0].text || values[1].text;
    if (is_good && *out_min > *out_max)
        campaign_fault(parse, section, values[0].name, values[0].text,
                       fl_arena_printf(parse->arena, "at most %s, which is %s", values[1].name,
                                       values[1].text ? values[1].text : "1"));
}

static void take_worth(struct campaign_parse *parse, const struct fl_conf_section *section,
                       const struct fl_option *values, struct fl_store_worth_filter *out)
{
    static const struct names zones = {'|', zone_bit,
                                       "zones N, I, II, III with | between them, such as I|II"};
    static const struct names segments = {
        '|', segment_bit, "value segments HHH to LLL with | between them, such as HHH|HHL"};
    static const struct names keys = {
        '+', key_bit, "criteria contribution, exchange, leadership with + between them"};

    take_names(parse, section, &values[ZONE], &zones, &out->zones);
    take_names(parse, section, &values[SEGMENT], &segments, &out->segments);
    take_names(parse, section, &values[KEY], &keys, &out->keys);
    take_range(parse, section, &values[CE], &out->has_ce, &out->ce_min, &out->ce_max);
    take_range(parse, section, &values[CV], &out->has_cv, &out->cv_min, &out->cv_max);
    take_range(parse, section, &values[COMMITMENT], &out->has_commitment, &out->commitment_min,
               &out->commitment_max);
}

const struct fl_store_worth_filter *campaign_worth(struct campaign_parse *parse,
                                                   const struct fl_conf_section *section,
                                                   const struct fl_option *values)
{
    struct fl_store_worth_filter worth = FL_STORE_WORTH_ANY, *out;
    bool is_asked = false;

    for (int i = 0; values && campaign_audience_specs[i].name; i++)
        is_asked |= values[i].text != NULL;
    if (!is_asked)
        return NULL;
    take_worth(parse, section, values, &worth);
    out = FL_ARENA_NEW(parse->arena, struct fl_store_worth_filter);
    if (out)
        *out = worth;
    parse->has_failed |= !out;
    return out;
}

bool campaign_hold_out_parse(const char *text, int *out)
{
    size_t len = strlen(text);
    char number[NAME_SIZE];
    double share;

    if (len < 2 || len > sizeof number || text[len - 1] != '%')
        return false;
    memcpy(number, text, len - 1);
    number[len - 1] = '\0';
    if (!fl_conf_real_parse(number, &share) || share < 0 ||
        share > FL_CAMPAIGN_HOLD_OUT_MAX / 10.0 || fabs(share * 10 - round(share * 10)) > 1e-9)
        return false;
    *out = (int)lround(share * 10);
    return true;
}

/* ---- back as text -----------------------------------------------------------------------------*/

static void put_names(struct fl_buf *out, const char *key, char separator, const char *(*name)(int),
                      int n, unsigned bits)
{
    bool has_one = false;

    if (!bits)
        return;
    fl_buf_printf(out, "        %s = \"", key);
    for (int i = 0; i < n; i++)
        if (bits >> i & 1u) {
            if (has_one)
                fl_buf_putc(out, separator);
            fl_buf_puts(out, name(i));
            has_one = true;
        }
    fl_buf_puts(out, "\"\n");
}

static const char *zone_name(int i)
{
    return fl_zone_name((enum fl_zone)i);
}

static const char *key_name(int i)
{
    return fl_key_flag_name((enum fl_key_flag)(1 << i));
}

/* The shortest of two that parses to the same. */
static void put_real(struct fl_buf *out, const char *key, double value)
{
    char text[REAL_SIZE];
    double again;

    snprintf(text, sizeof text, "%.15g", value);
    if (!fl_conf_real_parse(text, &again) || again < value || again > value)
        snprintf(text, sizeof text, "%.17g", value);
    fl_buf_printf(out, "        %s = \"%s\"\n", key, text);
}

static void put_range(struct fl_buf *out, int row, bool has, double min, double max)
{
    if (!has)
        return;
    put_real(out, campaign_audience_specs[row].name, min);
    put_real(out, campaign_audience_specs[row + 1].name, max);
}

void campaign_put_worth(struct fl_buf *out, const struct fl_store_worth_filter *worth)
{
    enum { KEY_FLAGS = 3 };

    put_names(out, "zone", '|', zone_name, FL_ZONES, worth->zones);
    put_names(out, "segment", '|', fl_segment_name, FL_SEGMENTS, worth->segments);
    put_names(out, "key", '+', key_name, KEY_FLAGS, worth->keys);
    put_range(out, CE, worth->has_ce, worth->ce_min, worth->ce_max);
    put_range(out, CV, worth->has_cv, worth->cv_min, worth->cv_max);
    put_range(out, COMMITMENT, worth->has_commitment, worth->commitment_min, worth->commitment_max);
}

void campaign_put_change(struct fl_buf *out, struct fl_arena *arena, const struct fl_stage *stage)
{
    if (stage->zone_from >= 0)
        fl_buf_printf(out, "        zone_from = \"%s\"\n", zone_name(stage->zone_from));
    if (stage->zone_to >= 0)
        fl_buf_printf(out, "        zone_to = \"%s\"\n", zone_name(stage->zone_to));
    fl_buf_printf(out, "        within = \"%s\"\n", fl_conf_duration(arena, stage->within_us));
}
