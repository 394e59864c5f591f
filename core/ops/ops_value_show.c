/* What one relationship is worth. */
#include "ops/ops_worth.h"

enum fl_status fl_ops_score(struct fl_ops_context *context, const struct fl_customer *customer,
                            struct fl_score *out, struct fl_error *err)
{
    enum fl_status st = fl_store_score_get(context->store, customer->id, out, err);

    if (st == FL_NOT_FOUND && customer->state == FL_CUSTOMER_OBJECTED) {
        *out = (struct fl_score){.customer = customer->id, .state = FL_SCORE_OBJECTED};
        return FL_OK;
    }
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "\"%s\" has no score yet; \"fairline value run\" makes them",
                            customer->external_id);
    return st;
}

/* Why, in the numbers of the valuation that placed the customer. */
static void put_reason(json_t *row, struct fl_ops_context *context, const struct fl_score *score)
{
    enum { REASON_SIZE = 320 };
    struct fl_position position = fl_ops_position(score);
    struct fl_appraise_frame *frame = NULL;
    char reason[REASON_SIZE];

    /* A valuation of another version has scores to be shown, but no settings to be read. */
    if (score->state != FL_SCORE_VALUED ||
        fl_appraise_frame_open(context->store, context->conf, &frame, NULL))
        return;
    fl_strategy_reason(fl_appraise_frame_position(frame), FL_SCORE_VALUED, &position, reason,
                       sizeof reason);
    fl_appraise_frame_close(&frame);
    fl_ops_put_str(row, "because", reason);
}

FL_OPS_RUN(fl_ops_value_show_run)
{
    struct fl_customer customer;
    struct fl_score score;
    enum fl_status st =
        fl_ops_customer(context, args, fl_ops_str(args, "customer"), &customer, err);
    json_t *row;

    if (!st)
        st = fl_ops_score(context, &customer, &score, err);
    if (st)
        return st;
    row = json_object();
    fl_ops_put_str(row, "customer", customer.external_id);
    fl_ops_put_str(row, "name", customer.name);
    fl_ops_put_score(row, args->arena, context->conf, &score);
    put_reason(row, context, &score);
    fl_ops_row_emit(sink, row);
    return FL_OK;
}
