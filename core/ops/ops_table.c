/* What can be asked for.  Parameters stand beside in ops_params.c. */
#include "base/str.h"
#include "ops/ops_params.h"
#include "ops/ops_private.h"

#define CAMPAIGN_COUNTS "campaign,stage,rule,customers,sentence"
#define QUEUE_COLUMNS   "id,state,campaign,stage,customer,channel,attempts,due_at,rule"

static const struct fl_ops_op table[] = {
    {"campaign", "apply", "store the campaigns of a file and the content beside it",
     fl_ops_params_bundle, FL_OPS_WRITES, "kind,name,result,version,state",
     fl_ops_campaign_apply_run,
     "campaign apply campaigns/spring.conf\ncampaign apply --dry-run campaigns/spring.conf"},
    {"campaign", "cancel", "end a campaign and cancel what is still queued",
     fl_ops_params_campaign_reason, FL_OPS_WRITES | FL_OPS_CONFIRMS, "campaign,state,cancelled",
     fl_ops_campaign_cancel_run, "campaign cancel spring --reason \"wrong price\""},
    {"campaign", "list", "list the campaigns", fl_ops_params_campaign_list, 0,
     "name,state,purpose,messages,waiting,version,updated_at", fl_ops_campaign_list_run,
     "campaign list\ncampaign list -o json"},
    {"campaign", "pause", "stop sending and planning; nothing is lost",
     fl_ops_params_campaign_reason, FL_OPS_WRITES, "campaign,state,waiting",
     fl_ops_campaign_pause_run, "campaign pause spring --reason \"price is being checked\""},
    {"campaign", "plan", "count whom a campaign would reach now, by stage and rule",
     fl_ops_params_campaign, FL_OPS_WRITES, CAMPAIGN_COUNTS, fl_ops_campaign_plan_run,
     "campaign plan spring"},
    {"campaign", "preview", "show a campaign as one customer would get it",
     fl_ops_params_campaign_preview, FL_OPS_RAW, NULL, fl_ops_campaign_preview_run,
     "campaign preview spring --customer D-1007\n"
     "campaign preview spring --customer D-1007 --part html"},
    {"campaign", "report",
     "what became of a campaign: states, rules, faults, feedback, answers, cost",
     fl_ops_params_campaign, 0, "section,key,count,sentence", fl_ops_campaign_report_run,
     "campaign report spring\ncampaign report spring -o csv"},
    {"campaign", "resume", "go on with a paused campaign", fl_ops_params_campaign, FL_OPS_WRITES,
     "campaign,state,waiting", fl_ops_campaign_resume_run, "campaign resume spring"},
    {"campaign", "schedule", "let a campaign run: it is planned when its time comes",
     fl_ops_params_campaign_schedule, FL_OPS_WRITES | FL_OPS_CONFIRMS, CAMPAIGN_COUNTS,
     fl_ops_campaign_schedule_run,
     "campaign schedule spring\ncampaign schedule spring --now --yes"},
    {"campaign", "show", "show a campaign and its definition", fl_ops_params_campaign, 0, NULL,
     fl_ops_campaign_show_run, "campaign show spring"},
    {"campaign", "test-send", "send a campaign to one address of yours",
     fl_ops_params_campaign_test, FL_OPS_WRITES | FL_OPS_CONFIRMS, "message,campaign,stage,to",
     fl_ops_campaign_test_send_run, "campaign test-send spring --to me@example.org"},
    {"channel", "check", "check a channel's options against its plugin", fl_ops_params_channel,
     FL_OPS_LOCAL | FL_OPS_CHECKS, "result,what,detail", fl_ops_channel_check_run,
     "channel check mail"},
    {"channel", "list", "list the configured channels", fl_ops_params_none, FL_OPS_LOCAL,
     "name,plugin,medium,enabled,workers,direction", fl_ops_channel_list_run, "channel list"},
    {"channel", "status", "what the channels and their workers are doing", fl_ops_params_none, 0,
     "name,state,workers,waiting,oldest_due_at,detail", fl_ops_channel_status_run,
     "channel status"},
    {"config", "check", "check a configuration file and list all its faults",
     fl_ops_params_config_check, FL_OPS_LOCAL | FL_OPS_CHECKS, "result,file,channels",
     fl_ops_config_check_run, "config check\nconfig check /etc/fairline/fairline.conf"},
    {"config", "dump", "show the settings in force", fl_ops_params_config_dump,
     FL_OPS_LOCAL | FL_OPS_RAW, NULL, fl_ops_config_dump_run, "config dump -n"},
    {"config", "help", "explain the keys of the configuration file", fl_ops_params_config_help,
     FL_OPS_LOCAL, "key,expected,default,help", fl_ops_config_help_run,
     "config help\nconfig help retry_first"},
    {"consent", "history", "every line of a customer's consent ledger", fl_ops_params_customer, 0,
     "at,purpose,medium,state,source,proof", fl_ops_consent_history_run, "consent history D-1007"},
    {"consent", "set", "write a line into a customer's consent ledger", fl_ops_params_consent_set,
     FL_OPS_WRITES, "customer,purpose,medium,state,result", fl_ops_consent_set_run,
     "consent set D-1007 --purpose marketing --medium email --state withdrawn --proof \"by "
     "phone\""},
    {"content", "apply", "store a content folder as a new version", fl_ops_params_folder,
     FL_OPS_WRITES, "kind,name,result,version", fl_ops_content_apply_run,
     "content apply contents/welcome"},
    {"content", "check", "compile a content folder and list all its faults", fl_ops_params_folder,
     FL_OPS_LOCAL, "name,files,variables,hash", fl_ops_content_check_run,
     "content check contents/welcome"},
    {"content", "list", "list the stored content", fl_ops_params_none, 0,
     "name,version,hash,created_at", fl_ops_content_list_run, "content list"},
    {"content", "preview", "show content as one customer would get it",
     fl_ops_params_content_preview, FL_OPS_RAW | FL_OPS_DIRECT, NULL, fl_ops_content_preview_run,
     "content preview contents/welcome --customer D-1007\n"
     "content preview welcome --customer D-1007 --language ko --part subject\n"
     "content preview spring --channel post --write spring.pdf\n"
     "content preview spring --channel fax --png --write pages/"},
    {"customer", "list", "list the customers", fl_ops_params_customer_list, 0,
     "external_id,name,language,state,addresses,updated_at", fl_ops_customer_list_run,
     "customer list --limit 20\ncustomer list -o jsonl --limit 0"},
    {"customer", "show", "everything stored of a customer", fl_ops_params_customer, 0, NULL,
     fl_ops_customer_show_run, "customer show D-1007"},
    {"customer", "timeline", "what was said on both sides, in order", fl_ops_params_customer, 0,
     "at,direction,medium,what,campaign,detail", fl_ops_customer_timeline_run,
     "customer timeline D-1007\ncustomer timeline D-1007 -o jsonl"},
    {"demo", NULL, "set up the sample company: customers, campaigns, a local mail folder",
     fl_ops_params_demo, FL_OPS_LOCAL | FL_OPS_WRITES, "step,result,count", fl_ops_demo_run,
     "--data-dir /tmp/dairy demo"},
    {"demo", "reply", "let customers of the sample company answer their mail",
     fl_ops_params_demo_reply, FL_OPS_LOCAL, "step,result,count", fl_ops_demo_reply_run,
     "--data-dir /tmp/dairy demo reply --count 40"},
    {"doctor", NULL, "look for what is wrong or will be, with the remedy", fl_ops_params_none,
     FL_OPS_LOCAL | FL_OPS_CHECKS, "result,what,detail,remedy", fl_ops_doctor_run, "doctor"},
    {"feedback", "assign", "say whose feedback it is", fl_ops_params_feedback_assign, FL_OPS_WRITES,
     "id,customer,message,matched_by", fl_ops_feedback_assign_run,
     "feedback assign 14620000000000000 --customer D-1007"},
    {"feedback", "image", "a page of a received fax or scan, as a picture",
     fl_ops_params_feedback_image, FL_OPS_RAW, NULL, fl_ops_feedback_image_run,
     "feedback image 14620000000000000 > page.png\n"
     "feedback image 14620000000000000 --page 2 > page-2.png"},
    {"feedback", "list", "list what customers said, newest first", fl_ops_params_feedback_list, 0,
     "id,received_at,kind,customer,campaign,subject,text", fl_ops_feedback_list_run,
     "feedback list --limit 20\nfeedback list --kind survey\nfeedback list --unmatched"},
    {"feedback", "parse", "show what is understood of mail files, storing nothing",
     fl_ops_params_feedback_parse, FL_OPS_LOCAL, "file,kind,confidence,language,from,subject",
     fl_ops_feedback_parse_run, "feedback parse mail.eml\nfeedback parse -o json *.eml"},
    {"feedback", "raw", "the raw piece as it came", fl_ops_params_feedback, FL_OPS_RAW, NULL,
     fl_ops_feedback_raw_run, "feedback raw 14620000000000000 > piece.eml"},
    {"feedback", "show", "one piece of feedback in full", fl_ops_params_feedback, 0, NULL,
     fl_ops_feedback_show_run, "feedback show 14620000000000000"},
    {"feedback", "tail", "print feedback as it arrives", fl_ops_params_feedback_tail,
     FL_OPS_FOLLOWS, "id,received_at,kind,customer,campaign,subject,text", fl_ops_feedback_tail_run,
     "feedback tail\nfeedback tail -o jsonl"},
    {"import", "customers", "bring customers in from a CSV file", fl_ops_params_import,
     FL_OPS_WRITES, "file,charset,rows,inserted,updated,unchanged", fl_ops_import_customers_run,
     "import customers people.csv\nimport customers --dry-run people.csv\n"
     "import customers people.csv --map \"No=external_id,Mail=email\" --charset CP949"},
    {"message", "link", "addresses of a message's pages, to help a customer with",
     fl_ops_params_message, FL_OPS_NEEDS_DAEMON, NULL, fl_ops_message_link_run,
     "message link 14620000000000000"},
    {"message", "show", "a message with everything that happened to it", fl_ops_params_message, 0,
     NULL, fl_ops_message_show_run, "message show 14620000000000000"},
    {"plugin", "check", "check a plugin file against the contract", fl_ops_params_plugin_check,
     FL_OPS_LOCAL | FL_OPS_CHECKS, "result,what,detail", fl_ops_plugin_check_run,
     "plugin check ./sms.so"},
    {"plugin", "list", "list the plugins that are installed", fl_ops_params_none, FL_OPS_LOCAL,
     "name,version,medium,direction,summary", fl_ops_plugin_list_run, "plugin list"},
    {"plugin", "new", "write the skeleton of a channel plugin of your own",
     fl_ops_params_plugin_new, FL_OPS_LOCAL, "file", fl_ops_plugin_new_run,
     "plugin new ntfy\nplugin new ntfy --folder ~/src/ntfy"},
    {"plugin", "show", "a plugin's options, capabilities and limits", fl_ops_params_plugin,
     FL_OPS_LOCAL, NULL, fl_ops_plugin_show_run, "plugin show email"},
    {"queue", "cancel", "cancel queued messages", fl_ops_params_queue_select,
     FL_OPS_WRITES | FL_OPS_CONFIRMS, "action,messages", fl_ops_queue_cancel_run,
     "queue cancel 14620000000000000\nqueue cancel --campaign spring --yes"},
    {"queue", "flush", "try deferred messages now", fl_ops_params_queue_flush, FL_OPS_WRITES,
     "action,messages", fl_ops_queue_flush_run, "queue flush\nqueue flush --campaign spring"},
    {"queue", "hold", "hold queued messages back until they are released",
     fl_ops_params_queue_select, FL_OPS_WRITES, "action,messages", fl_ops_queue_hold_run,
     "queue hold --campaign spring"},
    {"queue", "list", "list messages that are not finished", fl_ops_params_queue_list, 0,
     QUEUE_COLUMNS, fl_ops_queue_list_run,
     "queue list\nqueue list --state held\nqueue list --campaign spring --state bounced"},
    {"queue", "release", "let held messages go", fl_ops_params_queue_select, FL_OPS_WRITES,
     "action,messages", fl_ops_queue_release_run, "queue release --campaign spring"},
    {"queue", "resolve", "decide about a message nobody knows was sent",
     fl_ops_params_queue_resolve, FL_OPS_WRITES, QUEUE_COLUMNS, fl_ops_queue_resolve_run,
     "queue resolve 14620000000000000 --as sent"},
    {"queue", "show", "messages by state", fl_ops_params_queue_show, 0, "state,messages,is_final",
     fl_ops_queue_show_run, "queue show\nqueue show --campaign spring"},
    {"run", "plan", "plan every scheduled campaign once, for those who want cron",
     fl_ops_params_run_plan, FL_OPS_WRITES, CAMPAIGN_COUNTS, fl_ops_run_plan_run,
     "run plan --once"},
    {"status", NULL, "is it running, what is queued, what is late", fl_ops_params_none, 0, NULL,
     fl_ops_status_run, "status\nstatus -o json"},
    {"store", "backup", "a consistent copy of the store while it is in use",
     fl_ops_params_store_backup, FL_OPS_DIRECT, "file,bytes", fl_ops_store_backup_run,
     "store backup /var/backups/fairline.db"},
    {"store", "check", "check the store and the promises it keeps", fl_ops_params_none,
     FL_OPS_DIRECT | FL_OPS_CHECKS, "result,what,detail", fl_ops_store_check_run, "store check"},
    {"store", "info", "which store, which schema, how large", fl_ops_params_none, FL_OPS_DIRECT,
     NULL, fl_ops_store_info_run, "store info"},
    {"store", "migrate", "bring the store to this program's schema", fl_ops_params_none,
     FL_OPS_WRITES, "store,schema", fl_ops_store_migrate_run, "store migrate"},
    {"why", NULL, "why a customer got a campaign, or did not", fl_ops_params_why, 0, NULL,
     fl_ops_why_run, "why D-1007 spring"},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL},
};

const struct fl_ops_op *fl_ops_table(void)
{
    return table;
}

const struct fl_ops_op *fl_ops_find(const char *noun, const char *verb)
{
    for (const struct fl_ops_op *op = table; op->noun; op++)
        if (fl_str_equal(op->noun, noun) && fl_str_equal(op->verb, verb))
            return op;
    return NULL;
}

static const struct {
    const char *noun, *summary;
} nouns[] = {
    {"campaign", "what is said to whom and when"},
    {"channel", "configured ways out and in"},
    {"config", "the configuration file"},
    {"consent", "what customers agreed to"},
    {"content", "what is said, in every language"},
    {"customer", "who they are and what was said"},
    {"demo", "the sample company"},
    {"doctor", "look for what is wrong or will be"},
    {"feedback", "what customers said"},
    {"import", "bring customers in"},
    {"message", "one message to one customer"},
    {"plugin", "what channels are made of"},
    {"queue", "messages that are not finished"},
    {"run", "tasks of the daemon, once"},
    {"status", "what is running, queued and late"},
    {"store", "where everything is remembered"},
    {"why", "why a customer got a campaign, or did not"},
};

const char *fl_ops_noun_summary(const char *noun)
{
    for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++)
        if (fl_str_equal(nouns[i].noun, noun))
            return nouns[i].summary;
    return NULL;
}
