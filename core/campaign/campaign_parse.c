/* Campaign files. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "campaign/campaign_private.h"
#include "value/position.h"

enum { KEY_MAX = 64, FIRST_YEAR = 2000, END_YEAR = 2200 /* of schedules: beyond is a slip */ };

static const struct fl_conf_kind audience_children[] = {
    {.name = "attribute", .has_title = true},
    {.name = NULL},
};
static const struct fl_conf_kind campaign_children[] = {
    {.name = "audience", .children = audience_children},
    {.name = "schedule"},
    {.name = "stage", .has_title = true},
    {.name = NULL},
};
static const struct fl_conf_kind kinds[] = {
    {.name = "campaign", .has_title = true, .children = campaign_children},
    {.name = NULL},
};

#define REQUIRED_TEXT(key, text)                                                                   \
    {                                                                                              \
        .name = (key), .type = FL_OPTION_STRING, .flags = FL_OPTION_REQUIRED, .help = (text)       \
    }

/* In the order of enum fl_zone, which a choice's number is. */
#define ZONES "N|I|II|III"
_Static_assert(FL_ZONE_N == 0 && FL_ZONE_I == 1 && FL_ZONE_II == 2 && FL_ZONE_III == 3, ZONES);

static const struct fl_option_spec no_specs[] = {{.name = NULL}};
static const struct fl_option_spec campaign_specs[] = {
    REQUIRED_TEXT("purpose", "consent that is needed; \"\" for transactional messages"),
    REQUIRED_TEXT("channel", "channel that carries the messages"),
    {.name = "content", .type = FL_OPTION_STRING, .help = "what is sent; stages have their own"},
    {.name = "hold_out",
     .type = FL_OPTION_STRING,
     .default_text = "0%",
     .help = "share of the audience that gets nothing, so that the others can be compared"},
    {.name = NULL},
};
static const struct fl_option_spec attribute_specs[] = {
    REQUIRED_TEXT("equals", "value that the attribute of a customer must have"),
    {.name = NULL},
};
static const struct fl_option_spec schedule_specs[] = {
    REQUIRED_TEXT("at", "when, such as 2026-11-22T10:00, or now"),
    {.name = NULL},
};
static const struct fl_option_spec stage_specs[] = {
    {.name = "anchor",
     .type = FL_OPTION_STRING,
     .help = "name of the date that the stage is counted from"},
    {.name = "from", .type = FL_OPTION_STRING, .help = "first day of the stage, such as -12w"},
    {.name = "to", .type = FL_OPTION_STRING, .help = "last day of the stage, such as -8w"},
    {.name = "zone_from",
     .type = FL_OPTION_ENUM,
     .choices = ZONES,
     .help = "zone that customers have left"},
    {.name = "zone_to",
     .type = FL_OPTION_ENUM,
     .choices = ZONES,
     .help = "zone that customers have come to, and are in"},
    {.name = "within",
     .type = FL_OPTION_DURATION,
     .min = 60 * FL_US_PER_S,
     .max = 366 * FL_US_PER_DAY,
     .help = "how long ago they came to it at most; 7d by default"},
    REQUIRED_TEXT("content", "what is sent in this stage"),
    {.name = NULL},
};
/* rows of stage_specs */
enum { ANCHOR, STAGE_FROM, STAGE_TO, ZONE_FROM, ZONE_TO, WITHIN, STAGE_CONTENT };
enum { WITHIN_DAYS = 7 };
enum { PURPOSE, CHANNEL, CONTENT, HOLD_OUT }; /* rows of campaign_specs */

void campaign_fault(struct campaign_parse *parse, const struct fl_conf_section *section,
                    const char *key, const char *value, const char *expected)
{
    const struct fl_conf_setting *setting = fl_conf_section_setting(section, key);

    fl_faults_add(parse->faults, section->file, setting ? setting->line : section->line, key, value,
                  "expected %s", expected);
}

/* Names that may begin with a digit, such as "12-weeks". */
static bool is_label(const char *s, size_t max)
{
    size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    return len && !s[len] && len <= max && *s != '-' && *s != '_';
}

static void check_label(struct campaign_parse *parse, const struct fl_conf_section *section,
                        const char *key, const char *text, size_t max)
{
    if (!is_label(text, max))
        campaign_fault(
            parse, section, key, text,
            fl_arena_printf(parse->arena, "a name [a-z0-9][a-z0-9_-]* of at most %zu bytes", max));
}

/* Anchors, attributes and purposes are called as the import calls them: with another name a
 * campaign would silently reach nobody. */
static void check_key(struct campaign_parse *parse, const struct fl_conf_section *section,
                      const char *key, const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

    if (text[0] < 'a' || text[0] > 'z' || text[len] || len > KEY_MAX)
        campaign_fault(
            parse, section, key, text,
            fl_arena_printf(parse->arena, "a name [a-z][a-z0-9_]* of at most %d bytes", KEY_MAX));
}

static const struct fl_option *options(struct campaign_parse *parse,
                                       const struct fl_option_spec *specs,
                                       const struct fl_conf_section *section)
{
    const struct fl_option *out;

    return fl_conf_section_options(parse->arena, specs, section, parse->faults, &out, NULL) ? NULL
                                                                                            : out;
}

/* Also where another setting of the section is wrong, so that all is told at once. */
static void check_channel(struct campaign_parse *parse, const struct fl_conf_section *section)
{
    const struct fl_conf *conf = parse->conf;
    const char **names = FL_ARENA_ARRAY(parse->arena, const char *, conf->n_channels + 1);
    const struct fl_conf_setting *setting = fl_conf_section_setting(section, "channel");
    const char *name;

    if (!setting || fl_conf_channel_find(conf, setting->text))
        return;
    name = setting->text;
    for (size_t i = 0; names && i < conf->n_channels; i++)
        names[i] = conf->channels[i].name;
    fl_faults_add(parse->faults, section->file, setting->line, "channel", name,
                  "no such channel in %s%s", conf->file,
                  names ? fl_conf_suggestion(parse->arena, name, names, conf->n_channels) : "");
}

static void take_attribute(struct campaign_parse *parse, const struct fl_conf_section *section,
                           const char **out_name, const char **out_value)
{
    const struct fl_option *values = options(parse, attribute_specs, section);

    check_key(parse, section, "attribute", section->title);
    *out_name = section->title;
    *out_value = values ? values[0].text : "";
}

static void take_audience(struct campaign_parse *parse, const struct fl_conf_section *section,
                          struct fl_campaign *out)
{
    const char **names = FL_ARENA_ARRAY(parse->arena, const char *, section->n_sections + 1);
    const char **values = FL_ARENA_ARRAY(parse->arena, const char *, section->n_sections + 1);

    if (!names || !values) {
        parse->has_failed = true;
        return;
    }
    out->worth = campaign_worth(parse, section, options(parse, campaign_audience_specs, section));
    if (section->n_sections > FL_CAMPAIGN_ATTRIBUTES_MAX)
        fl_faults_add(parse->faults, section->file, section->line, "audience", NULL,
                      "more than %d attributes", FL_CAMPAIGN_ATTRIBUTES_MAX);
    for (size_t i = 0; i < section->n_sections; i++)
        take_attribute(parse, &section->sections[i], &names[i], &values[i]);
    out->attribute_names = names;
    out->attribute_values = values;
}

/* "...T10:00" is local; with Z or an offset it is what it says. */
static bool parse_time(struct campaign_parse *parse, const char *text, int64_t *out)
{
    const char *clock = strpbrk(text, "Tt ");
    struct fl_error err;
    int64_t t;

    if (!clock || !fl_time_parse(text, &t) ||
        fl_date_of_time(t) < fl_date_of_civil(FIRST_YEAR, 1, 1) ||
        fl_date_of_time(t) >= fl_date_of_civil(END_YEAR, 1, 1))
        return false;
    if (strpbrk(clock, "Zz+-")) {
        *out = t;
        return true;
    }
    if (!fl_campaign_time_of_local(parse->conf->time_zone, t, out, &err))
        return true;
    parse->has_failed = true;
    return false;
}

static const char *take_schedule(struct campaign_parse *parse,
                                 const struct fl_conf_section *section, struct fl_campaign *out)
{
    const struct fl_conf_setting *at = fl_conf_section_setting(section, "at");

    (void)options(parse, schedule_specs, section);
    out->is_once = true;
    if (!at)
        return NULL;
    out->is_at_once = strcmp(at->text, "now") == 0;
    if (!out->is_at_once && !parse_time(parse, at->text, &out->at_us))
        campaign_fault(parse, section, "at", at->text, "a time such as 2026-11-22T10:00, or now");
    return at->text;
}

static void take_days(struct campaign_parse *parse, const struct fl_conf_section *section,
                      const struct fl_option *values, struct fl_stage *out)
{
    static const char offset[] = "a number and d, w, M or y, such as -12w, 0d or 4M, at most a "
                                 "hundred years";
    bool has_from = fl_offset_parse(values[STAGE_FROM].text, &out->from);
    bool has_to = fl_offset_parse(values[STAGE_TO].text, &out->to);
    int32_t example;

    check_key(parse, section, "anchor", out->anchor);
    if (!has_from)
        campaign_fault(parse, section, "from", values[STAGE_FROM].text, offset);
    if (!has_to)
        campaign_fault(parse, section, "to", values[STAGE_TO].text, offset);
    if (has_from && has_to && !fl_stage_is_ordered(out->from, out->to, &example)) {
        char date[FL_TIME_TEXT_SIZE];

        fl_date_format(example, date);
        fl_faults_add(parse->faults, section->file, section->line, "from", values[STAGE_FROM].text,
                      "is after to = \"%s\" (when the anchor is %s): the stage is never open",
                      values[STAGE_TO].text, date);
    }
}

static void take_change(struct campaign_parse *parse, const struct fl_conf_section *section,
                        const struct fl_option *values, struct fl_stage *out)
{
    if (values[ZONE_FROM].text)
        out->zone_from = (int)values[ZONE_FROM].number;
    if (values[ZONE_TO].text)
        out->zone_to = (int)values[ZONE_TO].number;
    out->within_us = values[WITHIN].text ? values[WITHIN].number : WITHIN_DAYS * FL_US_PER_DAY;
    if (out->zone_from == out->zone_to)
        campaign_fault(parse, section, "zone_to", values[ZONE_TO].text,
                       out->zone_to < 0 ? "zone_from or zone_to" : "another zone than zone_from");
}

/* All of an anchor or something of a change, and not both; what is missing is added. */
static bool is_shaped(struct campaign_parse *parse, const struct fl_conf_section *section,
                      const struct fl_option *values)
{
    bool has_change = values[ZONE_FROM].text || values[ZONE_TO].text || values[WITHIN].text;
    bool has_days = values[ANCHOR].text || values[STAGE_FROM].text || values[STAGE_TO].text;
    bool is_whole = true;

    if (has_change && has_days) {
        fl_faults_add(parse->faults, section->file, section->line, "stage", section->title,
                      "has both an anchor with from and to, and a change of zone; expected one");
        return false;
    }
    for (int i = ANCHOR; !has_change && i <= STAGE_TO; i++)
        if (!values[i].text) {
            is_whole = false;
            fl_faults_add(parse->faults, section->file, section->line, stage_specs[i].name, NULL,
                          "missing in stage \"%s\"", section->title);
        }
    return is_whole;
}

static void take_stage(struct campaign_parse *parse, const struct fl_conf_section *section,
                       struct fl_stage *out)
{
    const struct fl_option *values = options(parse, stage_specs, section);

    check_label(parse, section, "stage", section->title, FL_CAMPAIGN_NAME_MAX);
    if (!values)
        return;
    *out = (struct fl_stage){.name = section->title,
                             .anchor = values[ANCHOR].text,
                             .zone_from = -1,
                             .zone_to = -1,
                             .content = values[STAGE_CONTENT].text,
                             .line = section->line};
    check_label(parse, section, "content", out->content, FL_CAMPAIGN_NAME_MAX);
    if (!is_shaped(parse, section, values))
        return;
    if (out->anchor)
        take_days(parse, section, values, out);
    else
        take_change(parse, section, values, out);
}

/* Returns the schedule's text, NULL without. */
static const char *take_sections(struct campaign_parse *parse,
                                 const struct fl_conf_section *section, struct fl_campaign *out)
{
    struct fl_stage *stages = FL_ARENA_ARRAY(parse->arena, struct fl_stage, FL_CAMPAIGN_STAGES_MAX);
    const char *at = NULL;

    if (!stages) {
        parse->has_failed = true;
        return NULL;
    }
    for (size_t i = 0; i < section->n_sections; i++) {
        const struct fl_conf_section *child = &section->sections[i];

        if (strcmp(child->kind, "audience") == 0)
            take_audience(parse, child, out);
        else if (strcmp(child->kind, "schedule") == 0)
            at = take_schedule(parse, child, out);
        else if (out->n_stages < FL_CAMPAIGN_STAGES_MAX)
            take_stage(parse, child, &stages[out->n_stages++]);
        else {
            fl_faults_add(parse->faults, child->file, child->line, "stage", child->title,
                          "more than %d stages", FL_CAMPAIGN_STAGES_MAX);
            break;
        }
    }
    out->stages = stages;
    return at;
}

static void check_shape(struct campaign_parse *parse, const struct fl_conf_section *section,
                        const struct fl_campaign *campaign)
{
    const struct fl_conf_setting *content = fl_conf_section_setting(section, "content");
    const char *reason = NULL;

    if (campaign->is_once && campaign->n_stages)
        reason = "has both a schedule and stages; expected one of them";
    else if (!campaign->is_once && !campaign->n_stages)
        reason = "has neither a schedule nor a stage";
    else if (campaign->is_once && !content)
        reason = "content is missing";
    else if (campaign->n_stages && content)
        reason = "has stages, which have content of their own; its own is never sent";
    if (reason)
        fl_faults_add(parse->faults, section->file,
                      content && campaign->n_stages ? content->line : section->line, "campaign",
                      section->title, "%s", reason);
}

static void take_campaign(struct campaign_parse *parse, const struct fl_conf_section *section,
                          struct fl_campaign *out)
{
    static const char *const nothing[] = {NULL};
    const struct fl_option *values = options(parse, campaign_specs, section);
    size_t n_before = parse->faults->n_total;
    const char *at;

    *out = (struct fl_campaign){.name = section->title,
                                .line = section->line,
                                .at_us = FL_TIME_NONE,
                                .attribute_names = nothing,
                                .attribute_values = nothing};
    check_label(parse, section, "campaign", section->title, FL_CAMPAIGN_NAME_MAX);
    if (values) {
        out->purpose = values[PURPOSE].text;
        out->channel = values[CHANNEL].text;
        out->content = values[CONTENT].text;
        if (!campaign_hold_out_parse(values[HOLD_OUT].text, &out->hold_out_permille))
            campaign_fault(parse, section, "hold_out", values[HOLD_OUT].text,
                           "a share from 0% to 90%, such as 10% or 2.5%");
        if (*out->purpose)
            check_key(parse, section, "purpose", out->purpose);
        if (out->content)
            check_label(parse, section, "content", out->content, FL_CAMPAIGN_NAME_MAX);
    }
    check_channel(parse, section);
    at = take_sections(parse, section, out);
    check_shape(parse, section, out);
    if (values && !parse->has_failed && parse->faults->n_total == n_before) {
        out->definition = fl_campaign_definition(parse->arena, out, at);
        parse->has_failed = !out->definition;
    }
}

enum fl_status fl_campaign_parse(struct fl_arena *arena, const char *file, const char *text,
                                 const struct fl_conf *conf, struct fl_faults *faults,
                                 struct fl_campaign **out, size_t *out_n, struct fl_error *err)
{
    struct campaign_parse parse = {.arena = arena, .conf = conf, .faults = faults};
    const struct fl_conf_section *root;
    struct fl_campaign *campaigns;
    enum fl_status st;

    st = fl_conf_file_parse(arena, file, text, kinds, faults, &root, err);
    if (st)
        return st;
    campaigns = FL_ARENA_ARRAY(arena, struct fl_campaign, root->n_sections + 1);
    if (!campaigns)
        return fl_error_set(err, FL_LIMIT, "%s: no memory for the campaigns", file);
    (void)options(&parse, no_specs, root);
    if (!root->n_sections)
        fl_faults_add(faults, file, 0, NULL, NULL, "no campaign \"NAME\" { ... } in it");
    for (size_t i = 0; i < root->n_sections; i++)
        take_campaign(&parse, &root->sections[i], &campaigns[i]);
    if (faults->n_total)
        return fl_faults_status(faults, err);
    if (parse.has_failed)
        return fl_error_set(err, FL_LIMIT, "%s: no memory for the campaigns", file);
    *out = campaigns;
    *out_n = root->n_sections;
    return FL_OK;
}
