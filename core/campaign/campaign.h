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
 *                hold_out = "10%"                # who gets nothing, so that the effect shows
 *                audience {
 *                    attribute "segment" { equals = "mothers_class" }
 *                    zone = "I|II"               # one of these zones
 *                    segment = "HHH|HHL"         # one of these value segments
 *                    key = "contribution+leadership"         # all of these criteria
 *                    cv_min = 0.5  ce_max = 0.5  commitment_min = 0.5    # also ..._max, ..._min
 *                }
 *                schedule { at = "2026-11-22T10:00" }        # once; "now" for at once
 *            }
 *            campaign "pregnancy" {
 *                ...
 *                stage "12-weeks" { anchor = "birth"  from = "-12w"  to = "-8w"  content = "w12" }
 *                stage "welcome"  { anchor = "birth"  from = "0d"    to = "4w"   content = "w0" }
 *            }
 *            campaign "win-back" {
 *                ...
 *                stage "gift" { zone_from = "III"  zone_to = "II"  within = "7d"  content = "gift"
 * }
 *            }
 *
 *        Offsets are d, w, M, y and inclusive.  A campaign has either a schedule or stages.
 *        `purpose` must stand there, also when it is "": forgetting it must not mean that no
 *        consent is needed.  A stage is counted from an anchor, or follows a change of zone: for
 *        customers who came to `zone_to` (from `zone_from`) within that time and still are there;
 *        one of the zones may be left out.  Whoever objects to profiling is in no audience that
 *        asks for zone, segment, key, ce, cv or commitment.
 * RULES  apply is idempotent; the store is the truth; a stage reaches a customer once.
 *        Local times are in the organisation's time zone; one that a change of the clocks skips or
 *        repeats is the later instant it can mean.  "...Z" and "...+09:00" are taken as they are.
 */
#ifndef FL_CAMPAIGN_CAMPAIGN_H
#define FL_CAMPAIGN_CAMPAIGN_H

#include "base/faults.h"
#include "conf/conf.h"
#include "content/content.h"
#include "store/store.h"

enum {
    FL_CAMPAIGN_FILE_MAX = 1 << 20,
    FL_CAMPAIGN_STAGES_MAX = 200,
    FL_CAMPAIGN_ATTRIBUTES_MAX = 16,
    FL_CAMPAIGN_NAME_MAX = 64,      /* of campaigns, stages, contents; [a-z0-9][a-z0-9_-]* */
    FL_CAMPAIGN_HOLD_OUT_MAX = 900, /* permille: somebody has to be treated */
    FL_OFFSET_YEARS_MAX = 100
};

struct fl_offset {
    int n;     /* signed */
    char unit; /* 'd' 'w' 'M' 'y' */
};

struct fl_stage {
    const char *name;
    const char *anchor; /* NULL: after a change of zone */
    struct fl_offset from, to;
    int zone_from, zone_to; /* enum fl_zone; -1: any */
    int64_t within_us;      /* of the change */
    const char *content;
    long line; /* of its section in the file */
};

struct fl_campaign {
    const char *name;
    const char *purpose; /* "": transactional */
    const char *channel;
    const char *content;                /* NULL with stages */
    bool is_once;                       /* has a schedule */
    bool is_at_once;                    /* at = "now" */
    int64_t at_us;                      /* FL_TIME_NONE with stages and at once */
    const char *const *attribute_names; /* NULL-terminated, parallel */
    const char *const *attribute_values;
    const struct fl_store_worth_filter *worth; /* NULL: whatever they are worth */
    int hold_out_permille;
    const struct fl_stage *stages;
    size_t n_stages;
    long line;              /* of its section in the file */
    const char *definition; /* the text of this campaign's section, canonical: parses to the same */
};

/* Parses a file that may hold several campaigns; every fault is listed. */
FL_CHECK_RESULT enum fl_status fl_campaign_parse(struct fl_arena *arena, const char *file,
                                                 const char *text, const struct fl_conf *conf,
                                                 struct fl_faults *faults, struct fl_campaign **out,
                                                 size_t *out_n, struct fl_error *err);

/* "-12w" "0d" "+4M" "1y"; at most FL_OFFSET_YEARS_MAX years either way. */
bool fl_offset_parse(const char *text, struct fl_offset *out);
/* `date` moved by an offset; a day past the end of a month becomes its last day. */
int32_t fl_offset_apply(int32_t date, struct fl_offset offset);

/* Of a stage with an anchor: anchor dates for which `stage` is open on `today`: anchor + from <=
 * today <= anchor + to, exactly. Without such a date *out_from is after *out_to. */
void fl_stage_anchor_range(const struct fl_stage *stage, int32_t today, int32_t *out_from,
                           int32_t *out_to);

/* Wall-clock time of a zone, as if it were UTC, to the instant and back.  Where the clocks are
 * changed: the later instant.  FL_INVALID for a zone that is not known. */
FL_CHECK_RESULT enum fl_status fl_campaign_time_of_local(const char *time_zone, int64_t local_us,
                                                         int64_t *out_us, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_campaign_time_to_local(const char *time_zone, int64_t us,
                                                         int64_t *out_local_us,
                                                         struct fl_error *err);

/* Plans whatever of one campaign is due at `now_us` (all stages, or the one schedule): makes the
 * occurrences and their messages in the caller's transaction.  A schedule is planned once, when its
 * time has come (after that it is only looked whether it is done); a stage again and again, for
 * customers it did not reach yet, with the newest content.  Dry run: counts only, whatever the time
 * and the state, also in the transaction. `fn` is called for each occurrence that was planned or
 * counted, with its counts; `stage` is "" for a schedule.  FL_REJECTED: the campaign is not
 * scheduled.  FL_UNAVAILABLE: the channel has never run and its plugin's name does not say which
 * medium it has. */
typedef void fl_campaign_planned_fn(void *ctx, const char *stage,
                                    const struct fl_store_plan_result *result);
FL_CHECK_RESULT enum fl_status fl_campaign_plan(struct fl_store *store, const struct fl_conf *conf,
                                                const struct fl_campaign_row *row,
                                                const struct fl_campaign *campaign, int64_t now_us,
                                                bool is_dry_run, fl_campaign_planned_fn *fn,
                                                void *ctx, struct fl_error *err);

/* Sets a campaign with a schedule to FL_CAMPAIGN_DONE when it was planned and all its occurrences
 * are finished (fl_store_occurrence_finish comes first); in the caller's transaction. */
FL_CHECK_RESULT enum fl_status fl_campaign_finish(struct fl_store *store,
                                                  const struct fl_campaign_row *row,
                                                  const struct fl_campaign *campaign,
                                                  bool *out_is_done, struct fl_error *err);

#endif
