#include "base/str.h"
#include "ops/ops_private.h"

json_t *fl_ops_consent_row(const struct fl_consent *consent)
{
    json_t *item = json_object();

    fl_ops_put_time(item, "at", consent->at_us);
    fl_ops_put_str(item, "purpose", consent->purpose);
    fl_ops_put_str(item, "medium", fl_medium_name(consent->medium));
    fl_ops_put_str(item, "state", fl_ops_consent_state_name(consent->state));
    fl_ops_put_str(item, "source", consent->source);
    fl_ops_put_str(item, "proof", consent->proof);
    return item;
}

static bool history_one(void *ctx, const struct fl_consent *consent)
{
    fl_ops_row_emit(ctx, fl_ops_consent_row(consent));
    return true;
}

FL_OPS_RUN(fl_ops_consent_history_run)
{
    struct fl_customer customer;
    enum fl_status st;

    st = fl_ops_customer(context, args, fl_ops_str(args, "customer"), &customer, err);
    if (st)
        return st;
    return fl_store_consent_history(context->store, customer.id, history_one,
                                    (void *)(uintptr_t)sink, err);
}

static enum fl_status consent_append(struct fl_ops_call *call, const struct fl_consent *consent)
{
    struct fl_ops_context *context = call->context;
    enum fl_status st = fl_ops_begin(context, call->err);

    if (st)
        return st;
    st = fl_store_consent_append(context->store, consent, call->err);
    return fl_ops_end(context, call->args, st, call->err);
}

FL_OPS_RUN(fl_ops_consent_set_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    const char *state = fl_ops_str(args, "state");
    struct fl_consent consent = {
        .purpose = fl_ops_str(args, "purpose"),
        .state = fl_str_equal(state, "granted") ? FL_CONSENT_GRANTED : FL_CONSENT_WITHDRAWN,
        .source = "staff",
        .proof = fl_ops_str(args, "proof"),
        .at_us = fl_clock_now(&context->clock),
    };
    struct fl_customer customer;
    bool is_there = false;
    enum fl_status st;
    json_t *row;

    st = fl_ops_medium(args, "medium", FL_MEDIUM_EMAIL, &consent.medium, err);
    if (!st)
        st = fl_ops_customer(context, args, fl_ops_str(args, "customer"), &customer, err);
    if (st)
        return st;
    if (!*consent.purpose || !*consent.proof)
        return fl_error_set(err, FL_INVALID, "--purpose and --proof cannot be empty");
    consent.customer = customer.id;
    for (size_t i = 0; i < customer.n_consents; i++) {
        const struct fl_consent *now = &customer.consents[i];

        if (now->medium == consent.medium && now->state == consent.state &&
            fl_str_equal(now->purpose, consent.purpose))
            is_there = true;
    }
    if (!is_there) {
        st = consent_append(&call, &consent);
        if (st)
            return st;
        fl_ops_changed(context);
    }
    row = json_object();
    fl_ops_put_str(row, "customer", customer.external_id);
    fl_ops_put_str(row, "purpose", consent.purpose);
    fl_ops_put_str(row, "medium", fl_medium_name(consent.medium));
    fl_ops_put_str(row, "state", fl_ops_consent_state_name(consent.state));
    fl_ops_put_str(row, "result", is_there ? "unchanged" : "written");
    fl_ops_row_emit(sink, row);
    return FL_OK;
}
