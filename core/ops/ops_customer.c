#include "base/str.h"
#include "ops/ops_worth.h"

enum fl_status fl_ops_customer(struct fl_ops_context *context, struct fl_ops_args *args,
                               const char *external_id, struct fl_customer *out,
                               struct fl_error *err)
{
    int64_t id;
    enum fl_status st;

    if (!external_id)
        return fl_error_set(err, FL_INVALID, "a customer is missing");
    st = fl_store_customer_find(context->store, external_id, &id, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, st, "no customer \"%s\"", external_id);
    if (!st)
        st = fl_store_customer_get(context->store, args->arena, id, out, err);
    return st;
}

struct listing {
    const struct fl_ops_sink *sink;
    int64_t n;
};

json_t *fl_ops_customer_row(const struct fl_customer *customer)
{
    json_t *row = json_object();
    struct fl_buf buf = FL_BUF(FL_BUF_LINE_MAX);

    for (size_t i = 0; i < customer->n_addresses; i++) {
        const struct fl_address *address = &customer->addresses[i];

        if (address->status != FL_ADDRESS_REPLACED)
            fl_buf_printf(&buf, "%s%s:%s", buf.len ? " " : "", fl_medium_name(address->medium),
                          address->value);
    }
    fl_ops_put_str(row, "external_id", customer->external_id);
    fl_ops_put_str(row, "name", customer->name);
    fl_ops_put_str(row, "language", customer->language);
    fl_ops_put_str(row, "state", fl_ops_customer_state_name(customer->state));
    fl_ops_put_str(row, "addresses", buf.data);
    fl_ops_put_time(row, "updated_at", customer->updated_us);
    fl_buf_finish(&buf);
    return row;
}

static bool list_one(void *ctx, const struct fl_customer *customer)
{
    struct listing *listing = ctx;

    fl_ops_row_emit(listing->sink, fl_ops_customer_row(customer));
    listing->n++;
    return true;
}

FL_OPS_RUN(fl_ops_customer_list_run)
{
    const char *after = fl_ops_str(args, "after");
    int64_t limit = fl_ops_limit(args, FL_OPS_LIST_LIMIT);
    struct fl_ops_call call = {context, args, sink, err};
    struct listing listing = {sink, 0};
    int64_t id = 0;
    enum fl_status st;

    if (after) {
        st = fl_store_customer_find(context->store, after, &id, err);
        if (st)
            return fl_error_prefix(err, st, "--after");
    }
    if (fl_ops_customer_is_by_worth(args))
        return fl_ops_customer_list_by_worth(&call, id);
    st = fl_store_customer_each(context->store, id, limit, list_one, &listing, err);
    fl_ops_note_limit(sink, args, st ? 0 : listing.n);
    return st;
}

static void put_addresses(json_t *row, const struct fl_customer *customer)
{
    json_t *array = json_array();

    for (size_t i = 0; i < customer->n_addresses; i++) {
        const struct fl_address *address = &customer->addresses[i];
        json_t *item = json_object();

        fl_ops_put_str(item, "medium", fl_medium_name(address->medium));
        fl_ops_put_str(item, "value", address->value);
        fl_ops_put_str(item, "status", fl_ops_address_status_name(address->status));
        (void)json_array_append_new(array, item);
    }
    (void)json_object_set_new(row, "addresses", array);
}

static void put_anchors(json_t *row, const struct fl_customer *customer)
{
    json_t *object = json_object();

    for (size_t i = 0; i < customer->n_anchors; i++) {
        char date[FL_TIME_TEXT_SIZE];

        fl_date_format(customer->anchors[i].date, date);
        fl_ops_put_str(object, customer->anchors[i].name, date);
    }
    (void)json_object_set_new(row, "anchors", object);
}

/* Nothing before the first valuation. */
static enum fl_status put_worth(json_t *row, struct fl_ops_context *context,
                                struct fl_ops_args *args, int64_t customer, struct fl_error *err)
{
    struct fl_score score;
    enum fl_status st = fl_store_score_get(context->store, customer, &score, err);

    if (!st)
        fl_ops_put_score(row, args->arena, context->conf, &score);
    return st == FL_NOT_FOUND ? FL_OK : st;
}

FL_OPS_RUN(fl_ops_customer_show_run)
{
    struct fl_customer customer;
    json_t *row, *consents;
    enum fl_status st;

    st = fl_ops_customer(context, args, fl_ops_str(args, "customer"), &customer, err);
    if (st)
        return st;
    row = json_object();
    fl_ops_put_str(row, "external_id", customer.external_id);
    fl_ops_put_id(row, "id", customer.id);
    fl_ops_put_str(row, "name", customer.name);
    fl_ops_put_str(row, "language", customer.language);
    fl_ops_put_str(row, "time_zone", customer.time_zone);
    fl_ops_put_str(row, "state", fl_ops_customer_state_name(customer.state));
    fl_ops_put_time(row, "created_at", customer.created_us);
    fl_ops_put_time(row, "updated_at", customer.updated_us);
    fl_ops_put_json(row, "attributes", customer.attributes);
    put_anchors(row, &customer);
    put_addresses(row, &customer);
    consents = json_array();
    for (size_t i = 0; i < customer.n_consents; i++)
        (void)json_array_append_new(consents, fl_ops_consent_row(&customer.consents[i]));
    (void)json_object_set_new(row, "consents", consents);
    st = put_worth(row, context, args, customer.id, err);
    if (st) {
        json_decref(row);
        return st;
    }
    fl_ops_row_emit(sink, row);
    return FL_OK;
}
