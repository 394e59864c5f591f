/* The parameters of every operation, for the table. */
#ifndef FL_OPS_PARAMS_H
#define FL_OPS_PARAMS_H

#include "ops/ops.h"

extern const struct fl_ops_param fl_ops_params_none[];
extern const struct fl_ops_param fl_ops_params_campaign[];
extern const struct fl_ops_param fl_ops_params_campaign_effect[];
extern const struct fl_ops_param fl_ops_params_campaign_reason[];
extern const struct fl_ops_param fl_ops_params_campaign_list[];
extern const struct fl_ops_param fl_ops_params_campaign_preview[];
extern const struct fl_ops_param fl_ops_params_campaign_schedule[];
extern const struct fl_ops_param fl_ops_params_campaign_test[];
extern const struct fl_ops_param fl_ops_params_bundle[];
extern const struct fl_ops_param fl_ops_params_channel[];
extern const struct fl_ops_param fl_ops_params_config_check[];
extern const struct fl_ops_param fl_ops_params_config_dump[];
extern const struct fl_ops_param fl_ops_params_config_help[];
extern const struct fl_ops_param fl_ops_params_customer[];
extern const struct fl_ops_param fl_ops_params_consent_set[];
extern const struct fl_ops_param fl_ops_params_folder[];
extern const struct fl_ops_param fl_ops_params_content_preview[];
extern const struct fl_ops_param fl_ops_params_customer_list[];
extern const struct fl_ops_param fl_ops_params_demo[];
extern const struct fl_ops_param fl_ops_params_demo_reply[];
extern const struct fl_ops_param fl_ops_params_feedback[];
extern const struct fl_ops_param fl_ops_params_feedback_assign[];
extern const struct fl_ops_param fl_ops_params_feedback_image[];
extern const struct fl_ops_param fl_ops_params_feedback_list[];
extern const struct fl_ops_param fl_ops_params_feedback_parse[];
extern const struct fl_ops_param fl_ops_params_feedback_tail[];
extern const struct fl_ops_param fl_ops_params_import[];
extern const struct fl_ops_param fl_ops_params_import_events[];
extern const struct fl_ops_param fl_ops_params_import_facts[];
extern const struct fl_ops_param fl_ops_params_message[];
extern const struct fl_ops_param fl_ops_params_plugin[];
extern const struct fl_ops_param fl_ops_params_plugin_check[];
extern const struct fl_ops_param fl_ops_params_plugin_new[];
extern const struct fl_ops_param fl_ops_params_queue_select[];
extern const struct fl_ops_param fl_ops_params_queue_flush[];
extern const struct fl_ops_param fl_ops_params_queue_show[];
extern const struct fl_ops_param fl_ops_params_queue_list[];
extern const struct fl_ops_param fl_ops_params_queue_resolve[];
extern const struct fl_ops_param fl_ops_params_run_plan[];
extern const struct fl_ops_param fl_ops_params_store_backup[];
extern const struct fl_ops_param fl_ops_params_value_fit[];
extern const struct fl_ops_param fl_ops_params_value_movement[];
extern const struct fl_ops_param fl_ops_params_value_run[];
extern const struct fl_ops_param fl_ops_params_value_plot[];
extern const struct fl_ops_param fl_ops_params_value_map[];
extern const struct fl_ops_param fl_ops_params_why[];

#endif
