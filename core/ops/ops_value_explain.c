/* Why one relationship is worth what it is. */
#include "ops/ops_worth.h"

/* Amounts and units of money in the currency's decimals, beside the exact ones. */
static void put_money(json_t *row, struct fl_arena *arena, const struct fl_conf *conf)
{
    const json_t *unit = json_object_get(row, "unit_minor");
    const json_t *amount = json_object_get(row, "amount_minor");

    if (json_is_number(unit))
        fl_ops_put_str(row, "unit", fl_ops_minor_unit(arena, conf, json_number_value(unit)));
    if (json_is_integer(amount))
        fl_ops_put_str(row, "amount", fl_ops_minor(arena, conf, json_integer_value(amount)));
}

/* "transaction T-17", and its day. */
static void put_source(json_t *row, struct fl_arena *arena)
{
    enum { DAY_LENGTH = 10 }; /* of a date and time */
    const char *of = json_string_value(json_object_get(row, "of"));
    const char *name = json_string_value(json_object_get(row, "name"));
    const char *event = json_string_value(json_object_get(row, "event"));
    const char *at = json_string_value(json_object_get(row, "at"));

    if (of)
        fl_ops_put_str(row, "source", fl_arena_printf(arena, "%s %s", of, name ? name : event));
    if (at)
        fl_ops_put_str(row, "date", fl_arena_strndup(arena, at, DAY_LENGTH));
}

/* "model of purchases: Pareto/NBD" */
static void put_what(json_t *row, struct fl_arena *arena)
{
    const char *label = json_string_value(json_object_get(row, "label"));
    const char *text = json_string_value(json_object_get(row, "text"));

    fl_ops_put_str(row, "what_and_why",
                   text ? fl_arena_printf(arena, "%s: %s", label ? label : "", text) : label);
}

static void emit_section(struct fl_ops_call *call, const char *section, json_t *lines)
{
    size_t i;
    json_t *line;

    json_array_foreach(lines, i, line)
    {
        json_t *row = json_object();

        fl_ops_put_str(row, "section", section);
        (void)json_object_update(row, line);
        put_money(row, call->args->arena, call->context->conf);
        put_source(row, call->args->arena);
        put_what(row, call->args->arena);
        fl_ops_row_emit(call->sink, row);
    }
}

static void emit_all(struct fl_ops_call *call, json_t *explained)
{
    const char *section;
    json_t *lines;

    json_object_foreach(explained, section, lines)
    {
        if (json_is_array(lines))
            emit_section(call, section, lines);
    }
}

/* In words, where there is no value. */
static void emit_state(struct fl_ops_call *call, enum fl_score_state state)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "section", "state");
    fl_ops_put_str(row, "kind", "fact");
    fl_ops_put_str(row, "label", fl_score_state_name(state));
    fl_ops_put_str(row, "text", fl_strategy_of(state, NULL)->meaning);
    put_what(row, call->args->arena);
    fl_ops_row_emit(call->sink, row);
}

FL_OPS_RUN(fl_ops_value_explain_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_appraise_frame *frame = NULL;
    struct fl_customer customer;
    struct fl_score score;
    json_t *explained = NULL;
    enum fl_status st =
        fl_ops_customer(context, args, fl_ops_str(args, "customer"), &customer, err);

    if (!st)
        st = fl_ops_score(context, &customer, &score, err);
    if (!st && score.state != FL_SCORE_OBJECTED)
        st = fl_appraise_frame_open(context->store, context->conf, &frame, err);
    if (frame)
        st = fl_appraise_explain(frame, context->store, customer.id, &explained, err);
    fl_appraise_frame_close(&frame);
    if (st)
        return st;
    if (score.state != FL_SCORE_VALUED)
        emit_state(&call, (enum fl_score_state)score.state);
    emit_all(&call, explained);
    json_decref(explained);
    return FL_OK;
}
