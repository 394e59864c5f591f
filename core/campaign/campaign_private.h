/* Inside the room. */
#ifndef FL_CAMPAIGN_CAMPAIGN_PRIVATE_H
#define FL_CAMPAIGN_CAMPAIGN_PRIVATE_H

#include "campaign/campaign.h"
#include "conf/conf_file.h"

/* A file at hand. */
struct campaign_parse {
    struct fl_arena *arena;
    const struct fl_conf *conf;
    struct fl_faults *faults;
    bool has_failed; /* memory is out */
};

/* "expected ..." at a setting's line, or at its section's. */
void campaign_fault(struct campaign_parse *parse, const struct fl_conf_section *section,
                    const char *key, const char *value, const char *expected);

/* ---- what a relationship is worth (campaign_worth.c) ------------------------------------------*/
extern const struct fl_option_spec campaign_audience_specs[];
/* `values` in the order of campaign_audience_specs.  NULL: nothing of it is asked for. */
const struct fl_store_worth_filter *campaign_worth(struct campaign_parse *parse,
                                                   const struct fl_conf_section *section,
                                                   const struct fl_option *values);
/* "10%", "2.5%" to permille. */
bool campaign_hold_out_parse(const char *text, int *out);
/* Settings of an audience, and "zone_from = ...", as they parse to the same again. */
void campaign_put_worth(struct fl_buf *out, const struct fl_store_worth_filter *worth);
void campaign_put_change(struct fl_buf *out, struct fl_arena *arena, const struct fl_stage *stage);

/* The canonical text of a campaign; `at` is the schedule's text, NULL without.  NULL when memory is
 * out. */
const char *fl_campaign_definition(struct fl_arena *arena, const struct fl_campaign *campaign,
                                   const char *at);

/* False when there are anchors for which `to` comes before `from`; *out_example is one. */
bool fl_stage_is_ordered(struct fl_offset from, struct fl_offset to, int32_t *out_example);

#endif
