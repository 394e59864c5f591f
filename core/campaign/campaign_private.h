/* Inside the room. */
#ifndef FL_CAMPAIGN_CAMPAIGN_PRIVATE_H
#define FL_CAMPAIGN_CAMPAIGN_PRIVATE_H

#include "campaign/campaign.h"

/* The canonical text of a campaign; `at` is the schedule's text, NULL without.  NULL when memory is
 * out. */
const char *fl_campaign_definition(struct fl_arena *arena, const struct fl_campaign *campaign,
                                   const char *at);

/* False when there are anchors for which `to` comes before `from`; *out_example is one. */
bool fl_stage_is_ordered(struct fl_offset from, struct fl_offset to, int32_t *out_example);

#endif
