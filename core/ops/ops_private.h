/* What the operations share: rows, arguments, names, transactions. */
#ifndef FL_OPS_PRIVATE_H
#define FL_OPS_PRIVATE_H

#include "campaign/campaign.h"
#include "content/content.h"
#include "ops/ops.h"

enum {
    FL_OPS_LIST_LIMIT = 100, /* rows of a list when no --limit is given */
    FL_OPS_LIST_MAX = 10000000
};

/* What an operation is called with, in one hand. */
struct fl_ops_call {
    struct fl_ops_context *context;
    struct fl_ops_args *args;
    const struct fl_ops_sink *sink;
    struct fl_error *err;
};

#define FL_OPS_RUN(name)                                                                           \
    enum fl_status name(struct fl_ops_context *context, struct fl_ops_args *args,                  \
                        const struct fl_ops_sink *sink, struct fl_error *err)

/* --- rows: members are set in order of call; memory failures leave a member out --- */
void fl_ops_put_str(json_t *row, const char *key, const char *value); /* NULL gives null */
void fl_ops_put_text(json_t *row, const char *key, const char *text, size_t len);
void fl_ops_put_int(json_t *row, const char *key, int64_t value);
void fl_ops_put_real(json_t *row, const char *key, double value);
void fl_ops_put_bool(json_t *row, const char *key, bool value);
/* As text: identities do not fit into the numbers of JavaScript and jq.  0 gives null. */
void fl_ops_put_id(json_t *row, const char *key, int64_t id);
void fl_ops_put_time(json_t *row, const char *key, int64_t time_us); /* ISO 8601, 0 gives null */
void fl_ops_put_json(json_t *row, const char *key, const char *json_text);
void fl_ops_row_emit(const struct fl_ops_sink *sink, json_t *row); /* takes the reference */
json_t *fl_ops_string(const char *text, size_t len);               /* repairs bad UTF-8 */
void fl_ops_note(const struct fl_ops_sink *sink, const char *fmt, ...) FL_PRINTF(2, 3);
void fl_ops_progress(const struct fl_ops_sink *sink, const char *what, int64_t done, int64_t total);
const char *fl_ops_put_name(enum fl_put put); /* "inserted", "updated", "unchanged" */

/* cost (as decimal text), currency, units and is_machine of an event */
void fl_ops_put_cost(json_t *row, struct fl_arena *arena, const struct fl_event *event);
const char *fl_ops_money(struct fl_arena *arena, int64_t micro); /* "9.9" */
const char *fl_ops_answer(struct fl_arena *arena, const struct fl_answer *answer);
FL_CHECK_RESULT enum fl_status fl_ops_base64(struct fl_arena *arena, const void *data, size_t len,
                                             char **out, struct fl_error *err);

/* --- arguments --- */
int64_t fl_ops_limit(const struct fl_ops_args *args, int64_t fallback);
void fl_ops_note_limit(const struct fl_ops_sink *sink, const struct fl_ops_args *args, int64_t n);
bool fl_ops_is_dry(const struct fl_ops_args *args);
FL_CHECK_RESULT enum fl_status fl_ops_id(const struct fl_ops_args *args, const char *name,
                                         int64_t *out, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_ops_medium(const struct fl_ops_args *args, const char *name,
                                             enum fl_medium fallback, enum fl_medium *out,
                                             struct fl_error *err);
/* The descriptor of a FILE or BUNDLE, the caller's from now on, and its name. */
FL_CHECK_RESULT enum fl_status fl_ops_file(struct fl_ops_args *args, const json_t *value,
                                           int *out_fd, const char **out_name,
                                           struct fl_error *err);
/* A FOLDER as a content version; FL_NOT_FOUND where only a name was given. */
FL_CHECK_RESULT enum fl_status fl_ops_folder(struct fl_ops_args *args, const json_t *value,
                                             struct fl_content_version *out, struct fl_error *err);

/* --- transactions --- */
FL_CHECK_RESULT enum fl_status fl_ops_begin(struct fl_ops_context *context, struct fl_error *err);
/* Commits when `st` is FL_OK and this is no dry run; else rolls back. */
FL_CHECK_RESULT enum fl_status fl_ops_end(struct fl_ops_context *context,
                                          const struct fl_ops_args *args, enum fl_status st,
                                          struct fl_error *err);

/* --- lists that are collected before anything else is asked of the store --- */
struct fl_ops_list {
    struct fl_arena *arena;
    void *items;
    size_t n, cap, item_size;
    bool has_failed;
};
void fl_ops_list_init(struct fl_ops_list *list, struct fl_arena *arena, size_t item_size);
void *fl_ops_list_add(struct fl_ops_list *list); /* cleared; NULL when memory is out */

/* --- names --- */
FL_CHECK_RESULT enum fl_status fl_ops_customer(struct fl_ops_context *context,
                                               struct fl_ops_args *args, const char *external_id,
                                               struct fl_customer *out, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_ops_campaign(struct fl_ops_context *context,
                                               struct fl_ops_args *args, const char *name,
                                               struct fl_campaign_row *out, struct fl_error *err);
json_t *fl_ops_consent_row(const struct fl_consent *consent);
const char *fl_ops_customer_state_name(enum fl_customer_state state);
const char *fl_ops_consent_state_name(enum fl_consent_state state);
const char *fl_ops_address_status_name(enum fl_address_status status);
const char *fl_ops_campaign_state_name(enum fl_campaign_state state);

/* What a message is about, in words; remembers occurrences so that a long list is cheap. */
struct fl_ops_names {
    struct fl_ops_context *context;
    struct fl_arena *arena;
    struct fl_ops_list occurrences;
};
void fl_ops_names_init(struct fl_ops_names *names, struct fl_ops_context *context,
                       struct fl_arena *arena);
/* id, state, campaign, stage, customer, channel, attempts, due, rule */
FL_CHECK_RESULT enum fl_status fl_ops_message_row(struct fl_ops_names *names,
                                                  const struct fl_message *message,
                                                  enum fl_message_state shown_state, json_t **out,
                                                  struct fl_error *err);
/* The name of the campaign a message belongs to. */
FL_CHECK_RESULT enum fl_status fl_ops_message_campaign(struct fl_ops_names *names, int64_t message,
                                                       const char **out, struct fl_error *err);
/* The events of a message as an array. */
FL_CHECK_RESULT enum fl_status fl_ops_events(struct fl_ops_context *context, struct fl_arena *arena,
                                             int64_t message, json_t **out, struct fl_error *err);
/* planned, due, claimed, begun, ... as of now; a stored final state stays. */
FL_CHECK_RESULT enum fl_status fl_ops_message_state(struct fl_ops_context *context,
                                                    struct fl_arena *arena,
                                                    const struct fl_message *message,
                                                    enum fl_message_state *out,
                                                    struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_ops_message_in_hand(struct fl_ops_context *context,
                                                      struct fl_arena *arena, int64_t message,
                                                      bool *out_is_in_hand, bool *out_is_begun,
                                                      struct fl_error *err);

/* --- checks: rows of OK, WARN and FAIL --- */
enum fl_ops_check { FL_OPS_FINE, FL_OPS_WARN, FL_OPS_FAIL };
void fl_ops_check_emit(const struct fl_ops_sink *sink, enum fl_ops_check check, const char *what,
                       const char *detail, const char *remedy);
/* A row for each violation, or one that says there is none. */
FL_CHECK_RESULT enum fl_status fl_ops_store_checked(struct fl_store *store,
                                                    const struct fl_ops_sink *sink,
                                                    struct fl_error *err);
/* When the next message of a configured channel is or was due; FL_TIME_NONE. */
FL_CHECK_RESULT enum fl_status fl_ops_oldest_due(struct fl_ops_context *context, int64_t *out,
                                                 struct fl_error *err);
/* Loads the plugin into this process and looks at the options; never call it in core. */
FL_CHECK_RESULT enum fl_status fl_ops_channel_options(struct fl_ops_context *context,
                                                      struct fl_arena *arena,
                                                      const struct fl_conf_channel *channel,
                                                      struct fl_faults *faults,
                                                      struct fl_error *err);

/* Has a host log in at the channel's peer and out again, sending nothing.  *out_was_tried is false
 * where the plugin cannot say.  FL_UNAVAILABLE with the peer's words. */
FL_CHECK_RESULT enum fl_status fl_ops_channel_login(struct fl_ops_context *context,
                                                    struct fl_arena *arena,
                                                    const struct fl_conf_channel *channel,
                                                    bool *out_was_tried, struct fl_error *err);
/* Without a daemon, a channel that never ran becomes known by its plugin; in the open transaction.
 */
FL_CHECK_RESULT enum fl_status fl_ops_channel_learn(struct fl_ops_context *context,
                                                    const char *name, struct fl_error *err);

/* The Maildirs of the sample company; NULL when the configuration is not one. */
void fl_ops_demo_done(const struct fl_ops_sink *sink, const char *step, const char *result,
                      int64_t count);
/* The trade of the sample's first customers, imported. */
FL_CHECK_RESULT enum fl_status fl_ops_demo_trade(struct fl_ops_context *context,
                                                 struct fl_ops_args *args,
                                                 const struct fl_ops_sink *sink, uint64_t seed,
                                                 int n, int32_t today, struct fl_error *err);
const char *fl_ops_demo_maildir(const struct fl_conf *conf, bool is_inbound);

/* --- imports --- */
struct fl_fact_options;
struct fl_fact_result;
/* Brings in facts as the configuration says (currency, time zone); faults are shown. */
FL_CHECK_RESULT enum fl_status fl_ops_facts(struct fl_ops_context *context,
                                            struct fl_ops_args *args,
                                            const struct fl_ops_sink *sink, int fd,
                                            struct fl_fact_options *options,
                                            struct fl_fact_result *out, struct fl_error *err);

/* --- content --- */
/* Compiles and warns of variables that no message has; faults are listed. */
FL_CHECK_RESULT enum fl_status fl_ops_content_compile(struct fl_ops_args *args,
                                                      const struct fl_ops_sink *sink,
                                                      const struct fl_content_version *version,
                                                      struct fl_faults *faults,
                                                      struct fl_content **out,
                                                      struct fl_error *err);
extern const struct fl_customer fl_ops_example_customer;
/* Renders for the example customer and forgets it: what fails here fails for everybody. */
FL_CHECK_RESULT enum fl_status fl_ops_content_trial(struct fl_ops_context *context,
                                                    struct fl_ops_args *args,
                                                    struct fl_content *content,
                                                    enum fl_medium medium, struct fl_error *err);
/* Renders for one customer and emits it: `part` text, html or subject. */
/* Everything there is to know of one customer, as a message would have it. */
struct fl_claim_row fl_ops_content_row(struct fl_ops_call *call, const struct fl_customer *customer,
                                       const char *campaign, const char *stage);
/* The same over a channel, by its plugin, or as a picture; arguments channel, medium, png, write.
 */
FL_CHECK_RESULT enum fl_status fl_ops_preview(struct fl_ops_call *call,
                                              const struct fl_content_version *version,
                                              const struct fl_customer *customer,
                                              const char *campaign, const char *stage);
/* HTML as a PNG, whole, by the browser `given`, FAIRLINE_BROWSER or one in PATH; no script runs. */
struct fl_ops_picture {
    int width, height_min; /* pixels */
};
FL_CHECK_RESULT enum fl_status fl_ops_browser_picture(struct fl_arena *arena, const char *given,
                                                      const struct fl_ops_picture *picture,
                                                      const char *html, size_t len, char **out,
                                                      size_t *out_len, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_ops_content_emit(struct fl_ops_call *call,
                                                   const struct fl_content_version *version,
                                                   const struct fl_customer *customer,
                                                   const char *campaign, const char *stage,
                                                   enum fl_medium medium);

/* --- campaigns --- */
/* Test sends live in a campaign of their own, so that no report counts them. */
#define FL_OPS_TEST_PREFIX "test:"
FL_CHECK_RESULT enum fl_status fl_ops_campaigns(struct fl_ops_context *context,
                                                struct fl_arena *arena, bool with_tests,
                                                struct fl_campaign_row **out, size_t *out_n,
                                                struct fl_error *err);
/* Messages in all and those that are not final; campaign 0: of all campaigns. */
FL_CHECK_RESULT enum fl_status fl_ops_message_totals(struct fl_ops_context *context,
                                                     int64_t campaign, int64_t *out_all,
                                                     int64_t *out_waiting, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_ops_campaign_parsed(struct fl_ops_context *context,
                                                      struct fl_ops_args *args,
                                                      const struct fl_campaign_row *row,
                                                      struct fl_campaign **out,
                                                      struct fl_error *err);
/* The stage that is meant ("" without stages) and its content. */
FL_CHECK_RESULT enum fl_status fl_ops_stage(const struct fl_campaign *campaign, const char *wanted,
                                            const char **out_stage, const char **out_content,
                                            struct fl_error *err);
/* Plans what is due of one campaign and emits a row for each stage and rule. */
FL_CHECK_RESULT enum fl_status fl_ops_campaign_plan_rows(struct fl_ops_call *call,
                                                         const struct fl_campaign_row *row,
                                                         bool is_dry_run, bool is_quiet,
                                                         int64_t *out_planned);
/* Why the customer is not in an audience by worth; *out NULL, with the score, when he is.  `worth`
 * NULL: of everybody who is valued. */
FL_CHECK_RESULT enum fl_status fl_ops_worth_missed(struct fl_ops_call *call,
                                                   const struct fl_store_worth_filter *worth,
                                                   const struct fl_customer *customer,
                                                   const char **out, struct fl_score *out_score);
/* Whether a stage on a change of zone is open for a customer. */
FL_CHECK_RESULT enum fl_status fl_ops_change_found(struct fl_ops_call *call,
                                                   const struct fl_stage *stage,
                                                   const struct fl_score *score, bool *out);
/* Rows of `campaign report`: the effect, or why it cannot be told. */
void fl_ops_effect_rows(struct fl_ops_call *call, const struct fl_campaign_row *row,
                        int64_t n_held_out);
/* Stores contents and campaigns of one file in the open transaction; rows for all of them. */
FL_CHECK_RESULT enum fl_status fl_ops_campaign_store(struct fl_ops_call *call,
                                                     const struct fl_campaign *campaigns, size_t n,
                                                     const struct fl_content_version *contents,
                                                     size_t n_contents);
void fl_ops_changed(const struct fl_ops_context *context); /* the queue: dispatch should look */

/* One function for each row of the table. */
FL_OPS_RUN(fl_ops_campaign_apply_run);
FL_OPS_RUN(fl_ops_campaign_cancel_run);
FL_OPS_RUN(fl_ops_campaign_effect_run);
FL_OPS_RUN(fl_ops_campaign_list_run);
FL_OPS_RUN(fl_ops_campaign_pause_run);
FL_OPS_RUN(fl_ops_campaign_plan_run);
FL_OPS_RUN(fl_ops_campaign_preview_run);
FL_OPS_RUN(fl_ops_campaign_report_run);
FL_OPS_RUN(fl_ops_campaign_resume_run);
FL_OPS_RUN(fl_ops_campaign_schedule_run);
FL_OPS_RUN(fl_ops_campaign_show_run);
FL_OPS_RUN(fl_ops_campaign_test_send_run);
FL_OPS_RUN(fl_ops_channel_check_run);
FL_OPS_RUN(fl_ops_channel_list_run);
FL_OPS_RUN(fl_ops_channel_status_run);
FL_OPS_RUN(fl_ops_config_check_run);
FL_OPS_RUN(fl_ops_config_dump_run);
FL_OPS_RUN(fl_ops_config_help_run);
FL_OPS_RUN(fl_ops_consent_history_run);
FL_OPS_RUN(fl_ops_consent_set_run);
FL_OPS_RUN(fl_ops_content_apply_run);
FL_OPS_RUN(fl_ops_content_check_run);
FL_OPS_RUN(fl_ops_content_list_run);
FL_OPS_RUN(fl_ops_content_preview_run);
FL_OPS_RUN(fl_ops_customer_list_run);
FL_OPS_RUN(fl_ops_customer_show_run);
FL_OPS_RUN(fl_ops_customer_timeline_run);
FL_OPS_RUN(fl_ops_demo_run);
FL_OPS_RUN(fl_ops_demo_reply_run);
FL_OPS_RUN(fl_ops_doctor_run);
FL_OPS_RUN(fl_ops_feedback_assign_run);
FL_OPS_RUN(fl_ops_feedback_image_run);
FL_OPS_RUN(fl_ops_feedback_list_run);
FL_OPS_RUN(fl_ops_feedback_parse_run);
FL_OPS_RUN(fl_ops_feedback_raw_run);
FL_OPS_RUN(fl_ops_feedback_show_run);
FL_OPS_RUN(fl_ops_feedback_tail_run);
FL_OPS_RUN(fl_ops_import_customers_run);
FL_OPS_RUN(fl_ops_import_events_run);
FL_OPS_RUN(fl_ops_import_referrals_run);
FL_OPS_RUN(fl_ops_import_subscriptions_run);
FL_OPS_RUN(fl_ops_import_transactions_run);
FL_OPS_RUN(fl_ops_message_link_run);
FL_OPS_RUN(fl_ops_message_show_run);
FL_OPS_RUN(fl_ops_plugin_check_run);
FL_OPS_RUN(fl_ops_plugin_list_run);
FL_OPS_RUN(fl_ops_plugin_new_run);
FL_OPS_RUN(fl_ops_plugin_show_run);
FL_OPS_RUN(fl_ops_queue_cancel_run);
FL_OPS_RUN(fl_ops_queue_flush_run);
FL_OPS_RUN(fl_ops_queue_hold_run);
FL_OPS_RUN(fl_ops_queue_list_run);
FL_OPS_RUN(fl_ops_queue_release_run);
FL_OPS_RUN(fl_ops_queue_resolve_run);
FL_OPS_RUN(fl_ops_queue_show_run);
FL_OPS_RUN(fl_ops_run_plan_run);
FL_OPS_RUN(fl_ops_status_run);
FL_OPS_RUN(fl_ops_store_backup_run);
FL_OPS_RUN(fl_ops_store_check_run);
FL_OPS_RUN(fl_ops_store_info_run);
FL_OPS_RUN(fl_ops_store_migrate_run);
FL_OPS_RUN(fl_ops_value_calibration_run);
FL_OPS_RUN(fl_ops_value_explain_run);
FL_OPS_RUN(fl_ops_value_fit_run);
FL_OPS_RUN(fl_ops_value_frequency_run);
FL_OPS_RUN(fl_ops_value_map_run);
FL_OPS_RUN(fl_ops_value_movement_run);
FL_OPS_RUN(fl_ops_value_path_run);
FL_OPS_RUN(fl_ops_value_report_run);
FL_OPS_RUN(fl_ops_value_run_run);
FL_OPS_RUN(fl_ops_value_runs_run);
FL_OPS_RUN(fl_ops_value_show_run);
FL_OPS_RUN(fl_ops_value_survival_run);
FL_OPS_RUN(fl_ops_value_tracking_run);
FL_OPS_RUN(fl_ops_why_run);

#endif
