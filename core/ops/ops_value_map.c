/* `value map`: every valued customer between what they receive and what the firm earns. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/local.h"
#include "ops/ops_plot.h"

enum {
    GROUPS_MAX = 1000,   /* more values are no groups but identities */
    POINTS_FIRST = 1024, /* room that doubles */
    NO_GROUP = 0
};

struct mapping {
    struct fl_ops_call *call;
    struct fl_plot_point *points; /* in order of customer */
    int64_t *customers;
    size_t n, cap;
    size_t at;                      /* of them, while the customers go by */
    json_t *indexes;                /* of groups, by name */
    const char *groups[GROUPS_MAX]; /* as they are stored */
    const char *names[GROUPS_MAX];  /* as they are read */
    size_t n_groups;                /* with the unused one */
    bool is_out_of_memory;
};

static bool grow(struct mapping *mapping)
{
    size_t cap = mapping->cap ? 2 * mapping->cap : POINTS_FIRST;
    struct fl_plot_point *points = reallocarray(mapping->points, cap, sizeof *points);
    int64_t *customers;

    if (points)
        mapping->points = points;
    customers = points ? reallocarray(mapping->customers, cap, sizeof *customers) : NULL;
    if (customers)
        mapping->customers = customers;
    mapping->is_out_of_memory = !customers;
    mapping->cap = customers ? cap : mapping->cap;
    return customers;
}

static bool on_score(void *ctx, const struct fl_score *score)
{
    struct mapping *mapping = ctx;

    if (mapping->n == mapping->cap && !grow(mapping))
        return false;
    mapping->points[mapping->n] = (struct fl_plot_point){.cv = (float)score->cv,
                                                         .ce = (float)score->ce,
                                                         .zone = (uint8_t)score->zone,
                                                         .keys = (uint8_t)score->keys,
                                                         .group = NO_GROUP};
    mapping->customers[mapping->n++] = score->customer;
    return true;
}

/* The place of a group among the names, NO_GROUP for none and for those beyond all places. */
static uint16_t group_of(struct mapping *mapping, const char *name)
{
    const json_t *known;
    char *kept, *readable;

    if (!*name)
        return NO_GROUP;
    known = json_object_get(mapping->indexes, name);
    if (known)
        return (uint16_t)json_integer_value(known);
    if (mapping->n_groups == GROUPS_MAX)
        return NO_GROUP;
    kept = fl_arena_strdup(mapping->call->args->arena, name);
    readable = fl_arena_strdup(mapping->call->args->arena, name);
    if (!kept || !readable ||
        json_object_set_new(mapping->indexes, name, json_integer((json_int_t)mapping->n_groups)) !=
            0) {
        mapping->is_out_of_memory = true;
        return NO_GROUP;
    }
    for (char *c = strchr(readable, '_'); c; c = strchr(c, '_'))
        *c = ' ';
    mapping->groups[mapping->n_groups] = kept;
    mapping->names[mapping->n_groups] = readable;
    return (uint16_t)mapping->n_groups++;
}

static bool on_customer(void *ctx, const struct fl_trade_row *row)
{
    struct mapping *mapping = ctx;

    while (mapping->at < mapping->n && mapping->customers[mapping->at] < row->customer)
        mapping->at++;
    if (mapping->at == mapping->n)
        return false;
    if (mapping->customers[mapping->at] == row->customer)
        mapping->points[mapping->at].group = group_of(mapping, row->segment);
    return !mapping->is_out_of_memory;
}

/* The run that counted at the end of the day given; 0: the scores of now. */
static enum fl_status choose_run(struct fl_ops_call *call, int64_t *out)
{
    const char *text = fl_ops_str(call->args, "run");
    int64_t us;
    int32_t date;
    enum fl_status st;

    *out = 0;
    if (!text)
        return FL_OK;
    if (!fl_date_parse(text, &date))
        return fl_error_set(call->err, FL_INVALID, "--run: \"%s\" is no date such as 2026-11-22",
                            text);
    st = fl_time_of_local(call->context->conf->time_zone, ((int64_t)date + 1) * FL_US_PER_DAY, &us,
                          call->err);
    if (!st)
        st = fl_store_run_at(call->context->store, us - 1, out, call->err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(call->err, st, "--run: no valuation was done until %s", text);
    return st;
}

static enum fl_status read_scores(struct mapping *mapping, int64_t run)
{
    const struct fl_score_filter filter = {
        .run = run, .state = FL_SCORE_VALUED, .zone = -1, .segment = -1};
    struct fl_ops_call *call = mapping->call;
    const char *attribute = call->context->conf->value.segment_by;
    enum fl_status st =
        fl_store_score_each(call->context->store, &filter, on_score, mapping, call->err);

    if (!st && attribute && *attribute && mapping->n)
        st = fl_store_trade_each(call->context->store, mapping->customers[0],
                                 mapping->customers[mapping->n - 1], attribute, on_customer,
                                 mapping, call->err);
    if (!st && mapping->is_out_of_memory)
        st = fl_error_set(call->err, FL_IO, "no memory for %zu customers", mapping->n);
    return st;
}

/* --- as rows -----------------------------------------------------------------------------------*/

struct tally {
    int64_t n;
    double cv, ce;
};

static void emit(struct mapping *mapping, const char *section, const char *key,
                 const struct tally *tally)
{
    double n = (double)tally->n;
    json_t *row = json_object();

    fl_ops_put_str(row, "section", section);
    fl_ops_put_str(row, "key", key);
    fl_ops_put_int(row, "customers", tally->n);
    fl_ops_put_real(row, "share", mapping->n ? n / (double)mapping->n : 0);
    if (tally->n) {
        fl_ops_put_real(row, "cv", tally->cv / n);
        fl_ops_put_real(row, "ce", tally->ce / n);
    }
    fl_ops_row_emit(mapping->call->sink, row);
}

static void add(struct tally *tally, const struct fl_plot_point *point)
{
    tally->n++;
    tally->cv += (double)point->cv;
    tally->ce += (double)point->ce;
}

static enum fl_status emit_all(struct mapping *mapping)
{
    static const enum fl_key_flag flags[] = {FL_KEY_CONTRIBUTION, FL_KEY_EXCHANGE, FL_KEY_LEADER};
    enum { KINDS = sizeof flags / sizeof flags[0] };
    struct tally zones[FL_ZONES] = {{0}}, keys[KINDS] = {{0}};
    struct tally *groups =
        FL_ARENA_ARRAY(mapping->call->args->arena, struct tally, mapping->n_groups);

    if (!groups)
        return fl_error_set(mapping->call->err, FL_LIMIT, "no memory for the groups");
    for (size_t i = 0; i < mapping->n; i++) {
        const struct fl_plot_point *point = &mapping->points[i];

        add(&zones[point->zone], point);
        add(&groups[point->group], point);
        for (size_t k = 0; k < KINDS; k++)
            if (point->keys & flags[k])
                add(&keys[k], point);
    }
    for (int zone = 0; zone < FL_ZONES; zone++)
        emit(mapping, "zone", fl_zone_name((enum fl_zone)zone), &zones[zone]);
    for (size_t k = 0; k < KINDS; k++)
        emit(mapping, "key", fl_key_flag_name(flags[k]), &keys[k]);
    for (size_t i = NO_GROUP + 1; i < mapping->n_groups; i++)
        emit(mapping, "group", mapping->groups[i], &groups[i]);
    return FL_OK;
}

static enum fl_status draw(const struct fl_plot_style *style, const void *data, struct fl_buf *out,
                           struct fl_error *err)
{
    return fl_plot_map(style, data, out, err);
}

/* The line the zones of a run were told by, as its report keeps it; the settings may have changed.
 */
static void line_of(const struct fl_ops_call *call, const struct fl_value_run *run,
                    struct fl_plot_map *map)
{
    const struct fl_conf_worth *now = &call->context->conf->value;
    json_t *report = run->report ? json_loads(run->report, 0, NULL) : NULL;
    const json_t *position = json_object_get(report, "position");
    const json_t *intercept = json_object_get(position, "line_intercept");
    const json_t *slope = json_object_get(position, "line_slope");
    const json_t *band = json_object_get(position, "band");

    map->intercept = intercept ? json_number_value(intercept) : now->line_intercept;
    map->slope = slope ? json_number_value(slope) : now->line_slope;
    map->band = band ? json_number_value(band) : now->band;
    json_decref(report);
}

/* --- the operation -----------------------------------------------------------------------------*/

static enum fl_status show(struct mapping *mapping, struct fl_ops_plot *plot,
                           const struct fl_value_run *run)
{
    struct fl_plot_map map = {.points = mapping->points,
                              .n = mapping->n,
                              .groups = mapping->names,
                              .n_groups = mapping->n_groups};
    enum fl_status st;

    if (!fl_ops_plot_is_drawn(plot))
        return emit_all(mapping);
    line_of(mapping->call, run, &map);
    st = fl_ops_plot_subtitle(plot, run->as_of_us, NULL);
    return st ? st : fl_ops_plot_write(plot, draw, &map);
}

FL_OPS_RUN(fl_ops_value_map_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct mapping mapping = {.call = &call, .n_groups = NO_GROUP + 1};
    struct fl_ops_plot plot;
    struct fl_value_run run;
    int64_t wanted = 0;
    enum fl_status st = fl_ops_plot_begin(&plot, &call);

    if (!st)
        st = choose_run(&call, &wanted);
    if (!st)
        st = fl_ops_plot_run(&call, wanted, &run);
    mapping.indexes = json_object();
    if (!st)
        st = read_scores(&mapping, wanted);
    if (!st)
        st = show(&mapping, &plot, &run);
    json_decref(mapping.indexes);
    free(mapping.customers);
    free(mapping.points);
    return st;
}
