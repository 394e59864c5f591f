/* Customers by what the last valuation said of them. */
#include "base/str.h"
#include "ops/ops_worth.h"

enum { PAGE = 1000 };

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
        const char *name = json_string_value(key);

        out->is_key = true;
        if (fl_str_equal(name, "any"))
            continue;
        if (!fl_key_flag_parse(name, &flag))
            return fl_error_set(err, FL_INVALID,
                                "--key: \"%s\" is none of any, contribution, exchange, leadership",
                                name);
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

static enum fl_status emit_page(struct fl_ops_call *call, struct fl_arena *arena,
                                const struct fl_ops_list *scores)
{
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < scores->n; i++) {
        const struct fl_score *score = (const struct fl_score *)scores->items + i;
        struct fl_customer customer;
        json_t *row;

        st = fl_store_customer_get(call->context->store, arena, score->customer, &customer,
                                   call->err);
        if (st)
            break;
        row = fl_ops_customer_row(&customer);
        fl_ops_put_score(row, arena, call->context->conf, score);
        fl_ops_row_emit(call->sink, row);
    }
    return st;
}

/* Page by page: a list of everybody takes no more memory than one. */
static enum fl_status emit_pages(struct fl_ops_call *call, struct fl_arena *arena,
                                 struct fl_score_filter *filter, int64_t *out_n)
{
    int64_t limit = fl_ops_limit(call->args, FL_OPS_LIST_LIMIT);
    enum fl_status st;

    for (*out_n = 0; *out_n < limit;) {
        struct fl_ops_list scores;

        fl_arena_reset(arena);
        fl_ops_list_init(&scores, arena, sizeof(struct fl_score));
        filter->limit = limit - *out_n < PAGE ? limit - *out_n : PAGE;
        st = fl_store_score_each(call->context->store, filter, remember, &scores, call->err);
        if (!st && scores.has_failed)
            st = fl_error_set(call->err, FL_IO, "no memory for the list");
        if (!st)
            st = emit_page(call, arena, &scores);
        if (st)
            return st;
        *out_n += (int64_t)scores.n;
        if (scores.n < PAGE)
            break;
        filter->after = ((const struct fl_score *)scores.items)[scores.n - 1].customer;
    }
    return FL_OK;
}

enum fl_status fl_ops_customer_list_by_worth(struct fl_ops_call *call, int64_t after)
{
    struct fl_score_filter filter;
    struct fl_arena *arena;
    int64_t n = 0;
    enum fl_status st = filter_of(call->args, &filter, call->err);

    if (st)
        return st;
    arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    if (!arena)
        return fl_error_set(call->err, FL_IO, "no memory for the list");
    filter.after = after;
    st = emit_pages(call, arena, &filter, &n);
    fl_arena_destroy(&arena);
    if (!st)
        fl_ops_note_limit(call->sink, call->args, n);
    return st;
}
