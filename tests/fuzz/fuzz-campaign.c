/* Campaign files: refused with a place, or taken, and their definitions parse to themselves. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "campaign/campaign.h"

enum { TEXT_MAX = 16 << 10 }; /* larger files find nothing new */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t parse(struct fl_arena *arena, const struct fl_conf *conf, const char *text,
                    struct fl_campaign **out)
{
    struct fl_faults faults;
    size_t n = 0;
    enum fl_status st;

    fl_faults_init(&faults, arena);
    st = fl_campaign_parse(arena, "fuzz", text, conf, &faults, out, &n, NULL);
    if ((st == FL_OK) != (n > 0) || (st == FL_INVALID) != (faults.n_total > 0))
        abort();
    return n;
}

/* For some days around a leap day, the ends of the range must be open and their neighbours not. */
static void check_stage(const struct fl_stage *stage)
{
    for (int32_t today = 19780; today < 19790; today++) {
        int32_t from, to;

        fl_stage_anchor_range(stage, today, &from, &to);
        if (fl_offset_apply(from, stage->to) < today || fl_offset_apply(to, stage->from) > today ||
            fl_offset_apply(from - 1, stage->to) >= today ||
            fl_offset_apply(to + 1, stage->from) <= today)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_faults faults;
    const struct fl_conf *conf;
    struct fl_campaign *campaigns, *again;
    size_t n;

    if (!arena || size > TEXT_MAX) {
        fl_arena_destroy(&arena);
        return 0;
    }
    fl_faults_init(&faults, arena);
    if (fl_conf_parse(arena, "conf",
                      "organisation { name = x time_zone = Europe/Berlin }\n"
                      "channel mail { plugin = email }\n",
                      &faults, &conf, NULL))
        abort();
    n = parse(arena, conf, fl_arena_strndup(arena, (const char *)data, size), &campaigns);
    for (size_t i = 0; i < n; i++) {
        if (parse(arena, conf, campaigns[i].definition, &again) != 1 ||
            strcmp(campaigns[i].definition, again->definition) != 0 ||
            campaigns[i].at_us != again->at_us)
            abort();
        for (size_t k = 0; k < campaigns[i].n_stages; k++)
            check_stage(&campaigns[i].stages[k]);
    }
    fl_arena_destroy(&arena);
    return 0;
}
