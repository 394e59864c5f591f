/* `value fit`: what its files share. */
#ifndef FL_OPS_VALUE_FIT_H
#define FL_OPS_VALUE_FIT_H

#include "ops/ops_private.h"
#include "people/summary.h"
#include "value/value.h"

/* What was asked for. */
struct fl_ops_fit_request {
    bool is_auto;
    enum fl_value_model model;
    const char *map, *unit;
    double unit_days, rate;
    int horizon;                  /* periods */
    int32_t until, holdout_until; /* FL_DATE_NONE: not given */
};

/* One customer, or as many as stand behind a row of a summary. */
struct fl_ops_fit_customer {
    const char *name;        /* NULL: the table has no names */
    struct fl_value_obs obs; /* at the end of the calibration; z is the mean of repeat days */
    double actual;           /* purchases in the hold-out */
    double last;             /* BG/BB: the last opportunity that was taken */
};

struct fl_ops_fit_data {
    struct fl_purchases purchases;
    struct fl_summary summary;
    struct fl_ops_fit_customer *customers;
    size_t n, cap;
    bool has_values;
    int32_t first, until, holdout_until;          /* FL_DATE_NONE: a table has no dates */
    int64_t n_files_twice;                        /* files that were given before */
    int64_t n_later_purchases, n_later_customers; /* beyond all that is looked at */
    const char *ignored;
};

/* Reads the tables that were given and brings them down to one row a customer. */
FL_CHECK_RESULT enum fl_status fl_ops_fit_read(struct fl_ops_call *call,
                                               const struct fl_ops_fit_request *request,
                                               struct fl_ops_fit_data *out);
void fl_ops_fit_data_finish(struct fl_ops_fit_data *data);

/* Customers (from data->purchases, which is sorted here) as they were known at the end of `until`:
 * only those who had come by then, or by `come_by`. */
FL_CHECK_RESULT enum fl_status fl_ops_fit_reduce(struct fl_ops_fit_data *data,
                                                 const struct fl_ops_fit_request *request,
                                                 int32_t come_by, int32_t until,
                                                 int32_t holdout_until, struct fl_error *err);

/* What was fitted. */
struct fl_ops_fit_result {
    struct fl_value_fit fit, spend;
    bool has_spend;
    double correlation;          /* of frequency and value; NAN: none can be told */
    double expected, actual;     /* in the hold-out */
    double one_time;             /* customers who never came back */
    char why[FL_VALUE_WHY_SIZE]; /* of the choice */
    const enum fl_value_model *candidates;
    size_t n_candidates;
    double scores[FL_VALUE_MODELS]; /* of the candidates; NAN: left out */
};
FL_CHECK_RESULT enum fl_status fl_ops_fit_make(struct fl_ops_fit_data *data,
                                               const struct fl_ops_fit_request *request,
                                               struct fl_ops_fit_result *out, struct fl_error *err);

void fl_ops_fit_emit(const struct fl_ops_call *call, const struct fl_ops_fit_request *request,
                     const struct fl_ops_fit_data *data, const struct fl_ops_fit_result *result);
/* A row for each customer of the file "predict". */
FL_CHECK_RESULT enum fl_status fl_ops_fit_predict(struct fl_ops_call *call,
                                                  const struct fl_ops_fit_request *request,
                                                  const struct fl_ops_fit_data *data,
                                                  const struct fl_ops_fit_result *result);
/* A row of a summary as a model is told of it. */
struct fl_value_obs fl_ops_fit_obs(const struct fl_summary_row *row);

#endif
