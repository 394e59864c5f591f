/* What value operations share. */
#ifndef FL_OPS_WORTH_H
#define FL_OPS_WORTH_H

#include "appraise/appraise.h"
#include "ops/ops_private.h"
#include "value/position.h"

/* "-12.50", in the decimals of value.minor_digits. */
const char *fl_ops_minor(struct fl_arena *arena, const struct fl_conf *conf, int64_t minor);
/* The same of a price that is no whole number of minor units: "0.0125". */
const char *fl_ops_minor_unit(struct fl_arena *arena, const struct fl_conf *conf, double minor);
void fl_ops_put_minor(json_t *row, const char *key, struct fl_arena *arena,
                      const struct fl_conf *conf, int64_t minor);
struct fl_position fl_ops_position(const struct fl_score *score);
json_t *fl_ops_keys(unsigned keys); /* names, as an array */
/* State, zone and strategy in words and, where there is one, everything that was computed. */
void fl_ops_put_score(json_t *row, struct fl_arena *arena, const struct fl_conf *conf,
                      const struct fl_score *score);

/* FL_NOT_FOUND with the remedy in words; who objected to profiling has the state of that. */
FL_CHECK_RESULT enum fl_status fl_ops_score(struct fl_ops_context *context,
                                            const struct fl_customer *customer,
                                            struct fl_score *out, struct fl_error *err);
/* external_id, name, language, state, addresses, updated_at */
json_t *fl_ops_customer_row(const struct fl_customer *customer);
/* `customer list` with --zone, --key, --segment or --value. */
bool fl_ops_customer_is_by_worth(const struct fl_ops_args *args);
FL_CHECK_RESULT enum fl_status fl_ops_customer_list_by_worth(struct fl_ops_call *call,
                                                             int64_t after);

/* Models and commitment of a valuation, as rows of its report; `kept` is what the run wrote down.
 */
void fl_ops_value_models(struct fl_ops_call *call, const struct fl_appraise_frame *frame,
                         const json_t *kept);

#endif
