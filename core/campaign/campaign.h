/*
 * Campaigns: declarative files, schedules, planning.
 *
 * FOR    the command line (apply, plan, schedule, ...) and core (plans what is due).
 * FORM   a file in the syntax of fairline.conf:
 *
 *            campaign "mothers-class" {
 *                purpose  = "marketing"          # consent that is needed; "" for transactional
 *                channel  = "mail"
 *                content  = "welcome"            # folder beside the file, or a stored name
 *                audience { attribute "segment" { equals = "mothers_class" } }
 *                schedule { at = "2026-11-22T10:00" }        # once; "now" for at once
 *            }
 *            campaign "pregnancy" {
 *                ...
 *                stage "12-weeks" { anchor = "birth"  from = "-12w"  to = "-8w"  content = "w12" }
 *                stage "welcome"  { anchor = "birth"  from = "0d"    to = "4w"   content = "w0" }
 *            }
 *
 *        Offsets are d, w, M, y and inclusive.  A campaign has either a schedule or stages.
 * RULES  apply is idempotent; the store is the truth; a stage reaches a customer once.
 *        Local times are in the organisation's time zone.
 */
#ifndef FL_CAMPAIGN_CAMPAIGN_H
#define FL_CAMPAIGN_CAMPAIGN_H

#include "base/faults.h"
#include "conf/conf.h"
#include "content/content.h"
#include "store/store.h"

enum { FL_CAMPAIGN_FILE_MAX = 1 << 20, FL_CAMPAIGN_STAGES_MAX = 200 };

struct fl_offset {
    int n;     /* signed */
    char unit; /* 'd' 'w' 'M' 'y' */
};

struct fl_stage {
    const char *name;
    const char *anchor;
    struct fl_offset from, to;
    const char *content;
};

struct fl_campaign {
    const char *name;
    const char *purpose;
    const char *channel;
    const char *content; /* NULL with stages */
    bool is_once;        /* has a schedule */
    bool is_at_once;     /* at = "now" */
    int64_t at_us;
    const char *const *attribute_names; /* NULL-terminated, parallel */
    const char *const *attribute_values;
    const struct fl_stage *stages;
    size_t n_stages;
    const char *definition; /* the text of this campaign's section, canonical */
};

/* Parses a file that may hold several campaigns; every fault is listed. */
FL_CHECK_RESULT enum fl_status fl_campaign_parse(struct fl_arena *arena, const char *file,
                                                 const char *text, const struct fl_conf *conf,
                                                 struct fl_faults *faults, struct fl_campaign **out,
                                                 size_t *out_n, struct fl_error *err);

/* Anchor dates for which `stage` is open on `today`: anchor + from <= today <= anchor + to. */
void fl_stage_anchor_range(const struct fl_stage *stage, int32_t today, int32_t *out_from,
                           int32_t *out_to);

/* Plans whatever of one campaign is due at `now_us` (all stages, or the one schedule): makes the
 * occurrences and their messages in the caller's transaction.  Dry run: counts only.
 * `fn` is called for each occurrence with its counts. */
typedef void fl_campaign_planned_fn(void *ctx, const char *stage,
                                    const struct fl_store_plan_result *result);
FL_CHECK_RESULT enum fl_status fl_campaign_plan(struct fl_store *store, const struct fl_conf *conf,
                                                const struct fl_campaign_row *row,
                                                const struct fl_campaign *campaign, int64_t now_us,
                                                bool is_dry_run, fl_campaign_planned_fn *fn,
                                                void *ctx, struct fl_error *err);

#endif
