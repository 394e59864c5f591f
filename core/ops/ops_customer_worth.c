/* Customers by what the last valuation said of them. */
#include "ops/ops_worth.h"

/* A filter that is not given is -1, and 0 for keys. */
static enum fl_status filter_of(const struct fl_ops_args *args, struct fl_score_filter *out,
                                struct fl_error *err)
{
    const char *zone = fl_ops_str(args, "zone"), *segment = fl_ops_str(args, "segment");
    const json_t *keys = json_object_get(args->values, "key");
    enum fl_zone of_zone;
    enum fl_key_flag flag;
    size_t i;
    json_t *key;

    *out = (struct fl_score_filter){.state = -1, .zone = -1, .segment = -1};
    if (zone) {
        if (!fl_zone_parse(zone, &of_zone))
            return fl_error_set(err, FL_INVALID, "--zone: \"%s\" is none of I, II, III, N", zone);
        out->zone = (int)of_zone;
    }
    if (segment && !fl_segment_parse(segment, &out->segment))
        return fl_error_set(err, FL_INVALID,
                            "--segment: \"%s\" is none of HHH to LLL (current value, potential "
                            "value, loyalty, each high or low)",
                            segment);
    json_array_foreach(keys, i, key)
    {
        if (!fl_key_flag_parse(json_string_value(key), &flag))
            return fl_error_set(err, FL_INVALID,
                                "--key: \"%s\" is none of contribution, exchange, leadership",
                                json_string_value(key));
        out->keys |= flag;
    }
    return FL_OK;
}

bool fl_ops_customer_is_by_worth(const struct fl_ops_args *args)
{
    return fl_ops_str(args, "zone") || fl_ops_str(args, "segment") || fl_ops_bool(args, "value") ||
           json_array_size(json_object_get(args->values, "key"));
}

static bool remember(void *ctx, const struct fl_score *score)
{
    struct fl_score *item = fl_ops_list_add(ctx);

    if (item)
        *item = *score;
    return item != NULL;
}

enum fl_status fl_ops_customer_list_by_worth(struct fl_ops_call *call, int64_t after)
{
    struct fl_ops_args *args = call->args;
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_score_filter filter;
    struct fl_ops_list scores;
    enum fl_status st = filter_of(args, &filter, call->err);

    if (!arena)
        return fl_error_set(call->err, FL_IO, "no memory for the list");
    fl_ops_list_init(&scores, args->arena, sizeof(struct fl_score));
    filter.after = after;
    filter.limit = fl_ops_limit(args, FL_OPS_LIST_LIMIT);
    if (!st)
        st = fl_store_score_each(call->context->store, &filter, remember, &scores, call->err);
    if (!st && scores.has_failed)
        st = fl_error_set(call->err, FL_LIMIT,
                          "too many customers at once; use --limit and --after");
    for (size_t i = 0; !st && i < scores.n; i++) {
        const struct fl_score *score = (const struct fl_score *)scores.items + i;
        struct fl_customer customer;
        json_t *row;

        fl_arena_reset(arena);
        st = fl_store_customer_get(call->context->store, arena, score->customer, &customer,
                                   call->err);
        if (st)
            break;
        row = fl_ops_customer_row(&customer);
        fl_ops_put_score(row, arena, call->context->conf, score);
        fl_ops_row_emit(call->sink, row);
    }
    fl_arena_destroy(&arena);
    if (!st)
        fl_ops_note_limit(call->sink, args, (int64_t)scores.n);
    return st;
}
