#include "ops/ops_params.h"

#define END                                                                                        \
    {                                                                                              \
        NULL, FL_OPS_STRING, 0, NULL, NULL, 0                                                      \
    }
#define NEEDED (FL_OPS_POSITIONAL | FL_OPS_NEEDED)
#define MEDIA  "email|sms|fax|letter|web|push|other"
#define CAMPAIGN                                                                                   \
    {                                                                                              \
        "campaign", FL_OPS_STRING, NEEDED, "name of the campaign", NULL, 0                         \
    }
#define CUSTOMER                                                                                   \
    {                                                                                              \
        "customer", FL_OPS_STRING, NEEDED, "external id of the customer", NULL, 0                  \
    }
#define OF_CAMPAIGN                                                                                \
    {                                                                                              \
        "campaign", FL_OPS_STRING, 0, "only messages of this campaign", NULL, 0                    \
    }
#define PART                                                                                       \
    {                                                                                              \
        "part", FL_OPS_STRING, 0, "what to show (default: text)", "text|html|subject", 0           \
    }
#define LANGUAGE                                                                                   \
    {                                                                                              \
        "language", FL_OPS_STRING, 0, "BCP 47 tag (default: the customer's)", NULL, 0              \
    }
#define REASON                                                                                     \
    {                                                                                              \
        "reason", FL_OPS_STRING, 0, "kept with the campaign", NULL, 0                              \
    }

const struct fl_ops_param fl_ops_params_none[] = {END};
const struct fl_ops_param fl_ops_params_campaign[] = {CAMPAIGN, END};
const struct fl_ops_param fl_ops_params_campaign_effect[] = {
    CAMPAIGN,
    {"measure", FL_OPS_STRING, 0, "show this one alone", "cv|ce|equity|commitment", 0},
    END};
const struct fl_ops_param fl_ops_params_campaign_reason[] = {CAMPAIGN, REASON, END};
const struct fl_ops_param fl_ops_params_campaign_list[] = {
    {"all", FL_OPS_BOOL, 0, "test sends too", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_campaign_preview[] = {
    CAMPAIGN,
    {"customer", FL_OPS_STRING, 0, "external id (default: an example)", NULL, 0},
    {"stage", FL_OPS_STRING, 0, "stage of the programme (default: the first)", NULL, 0},
    LANGUAGE,
    PART,
    END};
const struct fl_ops_param fl_ops_params_campaign_schedule[] = {
    CAMPAIGN, {"now", FL_OPS_BOOL, 0, "plan at once also when the daemon is down", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_campaign_test[] = {
    CAMPAIGN,
    {"to", FL_OPS_STRING, FL_OPS_NEEDED, "address on the campaign's channel", NULL, 0},
    {"customer", FL_OPS_STRING, 0, "show it as this customer would see it", NULL, 0},
    {"stage", FL_OPS_STRING, 0, "stage of the programme (default: the first)", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_bundle[] = {
    {"file", FL_OPS_BUNDLE, NEEDED, "campaign file", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_channel[] = {
    {"channel", FL_OPS_STRING, NEEDED, "name of the channel", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_config_check[] = {
    {"file", FL_OPS_FILE, FL_OPS_POSITIONAL, "file (default: the one in force)", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_config_dump[] = {
    {"non-defaults", FL_OPS_BOOL, 0, "only what differs from the default", NULL, 'n'},
    {"defaults", FL_OPS_BOOL, 0, "only the defaults", NULL, 'd'},
    END};
const struct fl_ops_param fl_ops_params_config_help[] = {
    {"key", FL_OPS_STRING, FL_OPS_POSITIONAL, "one key, or a section (default: all)", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_customer[] = {CUSTOMER, END};
const struct fl_ops_param fl_ops_params_consent_set[] = {
    CUSTOMER,
    {"purpose", FL_OPS_STRING, FL_OPS_NEEDED, "what the consent is for", NULL, 0},
    {"medium", FL_OPS_STRING, FL_OPS_NEEDED, "on which medium", MEDIA, 0},
    {"state", FL_OPS_STRING, FL_OPS_NEEDED, "what the customer said", "granted|withdrawn", 0},
    {"proof", FL_OPS_STRING, FL_OPS_NEEDED, "how it is known", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_folder[] = {
    {"folder", FL_OPS_FOLDER, NEEDED, "content folder", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_content_preview[] = {
    {"content", FL_OPS_FOLDER, NEEDED | FL_OPS_OR_NAME, "folder, or name of stored content", NULL,
     0},
    {"customer", FL_OPS_STRING, 0, "external id (default: an example)", NULL, 0},
    LANGUAGE,
    {"medium", FL_OPS_STRING, 0, "as on this medium (default: email)", MEDIA, 0},
    {"channel", FL_OPS_STRING, 0, "as the plugin of this channel sends it", NULL, 0},
    PART,
    {"png", FL_OPS_BOOL, 0, "as pictures, one a page", NULL, 0},
    {"write", FL_OPS_PATH, 0, "write files: this one, or into this folder", NULL, 0},
    {"browser", FL_OPS_STRING, 0,
     "Chromium or Chrome for pictures no plugin draws (default: FAIRLINE_BROWSER, or one in PATH)",
     NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_customer_list[] = {
    {"after", FL_OPS_STRING, 0, "go on after this external id", NULL, 0},
    {"zone", FL_OPS_STRING, 0, "only of this zone", "I|II|III|N", 0},
    {"key", FL_OPS_STRING, FL_OPS_REPEATED | FL_OPS_BARE,
     "only key customers, for all of these reasons (default: any)",
     "any|contribution|exchange|leadership", 0},
    {"segment", FL_OPS_STRING, 0, "only of this value segment", "HHH|HHL|HLH|HLL|LHH|LHL|LLH|LLL",
     0},
    {"value", FL_OPS_BOOL, 0, "with what they are worth, as members for --fields", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_demo[] = {
    {"customers", FL_OPS_INT, 0, "how many (default: 2000)", NULL, 0},
    {"samples", FL_OPS_PATH, 0, "folder of the sample company (default: the installed one)", NULL,
     0},
    END};
const struct fl_ops_param fl_ops_params_demo_reply[] = {
    {"count", FL_OPS_INT, 0, "how many customers answer (default: 40)", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_feedback[] = {
    {"feedback", FL_OPS_STRING, NEEDED, "id of the feedback", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_feedback_assign[] = {
    {"feedback", FL_OPS_STRING, NEEDED, "id of the feedback", NULL, 0},
    {"customer", FL_OPS_STRING, FL_OPS_NEEDED, "external id of the customer", NULL, 0},
    {"message", FL_OPS_STRING, 0, "id of the message it answers", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_feedback_image[] = {
    {"feedback", FL_OPS_STRING, NEEDED, "id of the feedback", NULL, 0},
    {"page", FL_OPS_INT, 0, "which of its pictures, from 1 on (default: the first)", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_feedback_list[] = {
    {"kind", FL_OPS_STRING, 0, "only this kind",
     "unknown|reply|opt_out|bounce|delayed|delivered|relayed|complaint|auto_reply|challenge|mdn|"
     "list|survey|preference|contact",
     0},
    {"customer", FL_OPS_STRING, 0, "only of this customer", NULL, 0},
    {"unmatched", FL_OPS_BOOL, 0, "only what matched nobody", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_feedback_parse[] = {
    {"file", FL_OPS_FILE, NEEDED | FL_OPS_REPEATED, "files with one raw message each", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_feedback_tail[] = {
    {"after", FL_OPS_STRING, 0, "begin after this id (default: the newest ten)", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_import[] = {
    {"file", FL_OPS_FILE, NEEDED, "CSV file with a header line", NULL, 0},
    {"map", FL_OPS_STRING, 0, "\"COLUMN=FIELD,...\" where header names are no field names", NULL,
     0},
    {"charset", FL_OPS_STRING, 0, "of the file (default: detected)", NULL, 0},
    {"proof", FL_OPS_STRING, 0, "of the consents (default: the name of the file)", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_import_facts[] = {
    {"file", FL_OPS_FILE, NEEDED, "CSV file with a header line", NULL, 0},
    {"map", FL_OPS_STRING, 0, "\"COLUMN=FIELD,...\" where header names are no field names", NULL,
     0},
    {"charset", FL_OPS_STRING, 0, "of the file (default: detected)", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_import_events[] = {
    {"file", FL_OPS_FILE, NEEDED, "JSON, one object a line, or XML", NULL, 0},
    {"format", FL_OPS_STRING, 0, "form of the file (default: by its first character)", "json|xml",
     0},
    END};
const struct fl_ops_param fl_ops_params_message[] = {
    {"message", FL_OPS_STRING, NEEDED, "id of the message", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_plugin[] = {
    {"plugin", FL_OPS_STRING, NEEDED, "name of the plugin", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_plugin_check[] = {
    {"file", FL_OPS_PATH, NEEDED, "shared object", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_plugin_new[] = {
    {"name", FL_OPS_STRING, NEEDED, "name of the new plugin", NULL, 0},
    {"folder", FL_OPS_PATH, 0, "folder to make (default: the name)", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_queue_select[] = {
    {"message", FL_OPS_STRING, FL_OPS_POSITIONAL, "id of one message", NULL, 0}, OF_CAMPAIGN, END};
const struct fl_ops_param fl_ops_params_queue_flush[] = {OF_CAMPAIGN, END};
const struct fl_ops_param fl_ops_params_queue_show[] = {OF_CAMPAIGN, END};
const struct fl_ops_param fl_ops_params_queue_list[] = {
    {"state", FL_OPS_STRING, 0, "only this state (default: all that are not final)",
     "planned|due|claimed|begun|deferred|accepted|delivered|bounced|failed|uncertain|suppressed|"
     "expired|held|cancelled",
     0},
    OF_CAMPAIGN,
    END};
const struct fl_ops_param fl_ops_params_queue_resolve[] = {
    {"message", FL_OPS_STRING, NEEDED, "id of the message", NULL, 0},
    {"as", FL_OPS_STRING, FL_OPS_NEEDED, "what is known now", "sent|failed|retry", 0},
    END};
const struct fl_ops_param fl_ops_params_run_plan[] = {
    {"once", FL_OPS_BOOL, FL_OPS_NEEDED, "one round, then end", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_store_backup[] = {
    {"file", FL_OPS_PATH, NEEDED, "file to write", NULL, 0}, END};
const struct fl_ops_param fl_ops_params_value_fit[] = {
    {"model", FL_OPS_STRING, 0, "which model (default: auto)",
     "auto|bgnbd|mbgnbd|paretonbd|nbd|bgbb|sbg|bdw|gammagamma", 0},
    {"transactions", FL_OPS_FILE, FL_OPS_REPEATED,
     "purchases: a CSV file with customer, date, amount, or CDNOW's text", NULL, 0},
    {"summary", FL_OPS_FILE, 0,
     "customers: a CSV file with x, tx, T, z, n, or survivors with year, n", NULL, 0},
    {"until", FL_OPS_STRING, 0, "last day to fit on (default: the last there is)", NULL, 0},
    {"holdout-until", FL_OPS_STRING, 0, "compare with what came after, up to this day", NULL, 0},
    {"unit", FL_OPS_STRING, 0, "length of a period (default: week)", "day|week|month|year", 0},
    {"horizon", FL_OPS_INT, 0, "periods ahead to predict (default: three years)", NULL, 0},
    {"discount-rate", FL_OPS_STRING, 0, "a year (default: 0.10)", NULL, 0},
    {"map", FL_OPS_STRING, 0, "\"COLUMN=FIELD,...\" where header names are no field names", NULL,
     0},
    {"predict", FL_OPS_FILE, 0,
     "add a row for each customer of this CSV file: names, purchases or x, tx, T", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_value_run[] = {
    {"as-of", FL_OPS_STRING, 0, "end of this day, what came later does not count (default: now)",
     NULL, 0},
    {"wait", FL_OPS_BOOL, 0, "until it is done, also where the daemon does it", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_value_movement[] = {
    {"from", FL_OPS_STRING, 0, "date (default: of the valuation before the last)", NULL, 0},
    {"to", FL_OPS_STRING, 0, "date (default: of the last valuation)", NULL, 0},
    END};
#define PLOT                                                                                       \
    {"svg", FL_OPS_PATH, 0, "write the plot as SVG into this file", NULL, 0},                      \
        {"png", FL_OPS_PATH, 0, "write the plot as PNG into this file", NULL, 0},                  \
        {"size", FL_OPS_STRING, 0, "WIDTHxHEIGHT, 320 to 4096 each (default: 960x720)", NULL, 0},  \
        {"dark", FL_OPS_BOOL, 0, "light on dark", NULL, 0},                                        \
        {"language", FL_OPS_STRING, 0, "of the plot (default: the organisation's)", "ko|en", 0},   \
    {                                                                                              \
        "title", FL_OPS_STRING, 0, "above the plot (default: what it shows)", NULL, 0              \
    }
const struct fl_ops_param fl_ops_params_value_plot[] = {PLOT, END};
const struct fl_ops_param fl_ops_params_value_map[] = {
    PLOT,
    {"run", FL_OPS_STRING, 0, "the valuation of this date (default: the scores of now)", NULL, 0},
    END};
const struct fl_ops_param fl_ops_params_why[] = {CUSTOMER, CAMPAIGN, END};
