/* Valuation runs, and how relationships moved between them. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/local.h"
#include "base/str.h"
#include "ops/ops_worth.h"

enum { ZONES_AND_NONE = FL_ZONES + 1, NONE = FL_ZONES };

static const char *run_state_name(enum fl_run_state state)
{
    switch (state) {
    case FL_RUN_RUNNING:
        return "running";
    case FL_RUN_FAILED:
        return "failed";
    case FL_RUN_DONE:
        break;
    }
    return "done";
}

/* ---- value runs -------------------------------------------------------------------------------*/

static bool remember(void *ctx, const struct fl_value_run *run)
{
    struct fl_value_run *item = fl_ops_list_add(ctx);

    if (item) {
        *item = *run;
        item->report = NULL;
        item->reference = NULL;
    }
    return item != NULL;
}

/* Newest first. */
static enum fl_status list_runs(struct fl_ops_call *call, struct fl_ops_list *out)
{
    enum fl_status st;

    fl_ops_list_init(out, call->args->arena, sizeof(struct fl_value_run));
    st = fl_store_run_each(call->context->store, remember, out, call->err);
    if (!st && out->has_failed)
        st = fl_error_set(call->err, FL_IO, "no memory for the runs");
    return st;
}

FL_OPS_RUN(fl_ops_value_runs_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    int64_t limit = fl_ops_limit(args, FL_OPS_LIST_LIMIT);
    struct fl_ops_list runs;
    enum fl_status st = list_runs(&call, &runs);

    if (st)
        return st;
    for (size_t i = 0; i < runs.n && (int64_t)i < limit; i++) {
        const struct fl_value_run *run = (const struct fl_value_run *)runs.items + i;
        json_t *row = json_object();

        fl_ops_put_id(row, "run", run->id);
        fl_ops_put_time(row, "as_of", run->as_of_us);
        fl_ops_put_str(row, "state", run_state_name(run->state));
        fl_ops_put_int(row, "customers", run->n_customers);
        fl_ops_put_int(row, "valued", run->n_valued);
        fl_ops_put_time(row, "started_at", run->started_us);
        fl_ops_put_time(row, "finished_at", run->finished_us);
        fl_ops_row_emit(sink, row);
    }
    fl_ops_note_limit(sink, args, (int64_t)runs.n);
    return FL_OK;
}

/* ---- value movement ---------------------------------------------------------------------------*/

/* The last moment of a day, or the moment itself. */
static enum fl_status moment_of(struct fl_ops_call *call, const char *name, int64_t *out)
{
    const char *text = fl_ops_str(call->args, name);
    int64_t us;
    int32_t date;
    enum fl_status st;

    if (fl_date_parse(text, &date)) {
        st = fl_time_of_local(call->context->conf->time_zone, ((int64_t)date + 1) * FL_US_PER_DAY,
                              &us, call->err);
        if (!st)
            *out = us - 1;
        return st;
    }
    if (fl_time_parse(text, out))
        return FL_OK;
    return fl_error_set(call->err, FL_INVALID, "--%s: \"%s\" is no date such as 2026-11-22", name,
                        text);
}

static int by_date(const void *a, const void *b)
{
    const struct fl_value_run *x = a, *y = b;

    if (x->as_of_us != y->as_of_us)
        return x->as_of_us > y->as_of_us ? -1 : 1;
    return x->id > y->id ? -1 : x->id < y->id;
}

/* The run that counted at the moment given, else the `back`-th before the last by valuation date.
 */
static enum fl_status run_of(struct fl_ops_call *call, const struct fl_ops_list *runs,
                             const char *name, int back, struct fl_value_run *out)
{
    const struct fl_value_run *items = runs->items;
    int64_t at_us, id = 0;
    enum fl_status st;

    if (fl_ops_str(call->args, name)) {
        st = moment_of(call, name, &at_us);
        if (!st)
            st = fl_store_run_at(call->context->store, at_us, &id, call->err);
        if (st == FL_NOT_FOUND)
            return fl_error_set(call->err, st, "--%s: no valuation was done until %s", name,
                                fl_ops_str(call->args, name));
        if (st)
            return st;
    }
    for (size_t i = 0; i < runs->n; i++) {
        if (id ? items[i].id == id : items[i].state == FL_RUN_DONE && back-- == 0) {
            *out = items[i];
            return FL_OK;
        }
    }
    return fl_error_set(call->err, FL_NOT_FOUND,
                        "two valuations are needed to see a movement; \"fairline value run\" makes "
                        "one");
}

static const char *zone_or(int zone, const char *none)
{
    return zone == NONE ? none : fl_zone_name((enum fl_zone)zone);
}

FL_OPS_RUN(fl_ops_value_movement_run)
{
    static const char *const to[ZONES_AND_NONE] = {"to_n", "to_i", "to_ii", "to_iii", "gone"};
    struct fl_ops_call call = {context, args, sink, err};
    int64_t matrix[ZONES_AND_NONE][ZONES_AND_NONE];
    char from_text[FL_TIME_TEXT_SIZE], to_text[FL_TIME_TEXT_SIZE];
    struct fl_value_run before, after;
    struct fl_ops_list runs;
    enum fl_status st = list_runs(&call, &runs);

    if (!st && runs.n)
        qsort(runs.items, runs.n, sizeof(struct fl_value_run), by_date);
    if (!st)
        st = run_of(&call, &runs, "to", 0, &after);
    if (!st)
        st = run_of(&call, &runs, "from", 1, &before);
    if (!st)
        st = fl_store_zone_matrix(context->store, before.id, after.id, matrix, err);
    if (st)
        return st;
    fl_time_format(before.as_of_us, from_text);
    fl_time_format(after.as_of_us, to_text);
    for (int i = 0; i < ZONES_AND_NONE; i++) {
        json_t *row = json_object();
        int64_t all = 0;

        fl_ops_put_str(row, "zone", zone_or(i, "new"));
        for (int j = 0; j < ZONES_AND_NONE; j++) {
            fl_ops_put_int(row, to[j], matrix[i][j]);
            all += matrix[i][j];
        }
        fl_ops_put_int(row, "all", all);
        fl_ops_put_str(row, "from", from_text);
        fl_ops_put_str(row, "to", to_text);
        fl_ops_row_emit(sink, row);
    }
    fl_ops_note(sink, "from the zones of %s (down) to those of %s (across)", from_text, to_text);
    return FL_OK;
}

/* ---- value path -------------------------------------------------------------------------------*/

struct step {
    int64_t at_us;
    size_t place;
    json_t *row;
};

struct path {
    struct fl_ops_call *call;
    struct fl_ops_list steps;
};

static void add_step(struct path *path, int64_t at_us, const char *what, json_t *more)
{
    struct step *step = fl_ops_list_add(&path->steps);
    json_t *row = json_object();

    fl_ops_put_time(row, "at", at_us);
    fl_ops_put_str(row, "what", what);
    (void)json_object_update(row, more);
    json_decref(more);
    if (step)
        *step = (struct step){at_us, path->steps.n, row};
    else
        json_decref(row);
}

static void add_score(struct path *path, int64_t at_us, const char *what,
                      const struct fl_score *score)
{
    json_t *row = json_object();

    fl_ops_put_score(row, path->call->args->arena, path->call->context->conf, score);
    add_step(path, at_us, what, row);
}

static bool add_change(void *ctx, const struct fl_zone_change *change)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "zone", fl_zone_name((enum fl_zone)change->to));
    fl_ops_put_str(row, "zone_before", fl_zone_name((enum fl_zone)change->from));
    add_step(ctx, change->at_us, change->run ? "change by a run" : "change by an event", row);
    return true;
}

static int by_time(const void *a, const void *b)
{
    const struct step *x = a, *y = b;

    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static enum fl_status add_runs(struct path *path, int64_t customer, const struct fl_ops_list *runs)
{
    struct fl_ops_call *call = path->call;
    const struct fl_value_run *items = runs->items;
    int64_t last_us = FL_TIME_NONE;
    struct fl_score score;
    enum fl_status st = FL_OK;

    for (size_t i = runs->n; i-- > 0 && !st;) {
        if (items[i].state != FL_RUN_DONE)
            continue;
        st = fl_store_score_of_run(call->context->store, items[i].id, customer, &score, call->err);
        if (!st) {
            add_score(path, items[i].as_of_us, "run", &score);
            last_us = items[i].as_of_us > last_us ? items[i].as_of_us : last_us;
        } else if (st == FL_NOT_FOUND) { /* not there yet, or thinned out */
            st = FL_OK;
        }
    }
    if (st)
        return st;
    st = fl_store_score_get(call->context->store, customer, &score, call->err);
    if (!st && score.at_us > last_us)
        add_score(path, score.at_us, "now", &score);
    return st == FL_NOT_FOUND ? FL_OK : st;
}

FL_OPS_RUN(fl_ops_value_path_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct path path = {.call = &call};
    struct fl_customer customer;
    struct fl_ops_list runs;
    enum fl_status st =
        fl_ops_customer(context, args, fl_ops_str(args, "customer"), &customer, err);

    fl_ops_list_init(&path.steps, args->arena, sizeof(struct step));
    if (!st)
        st = list_runs(&call, &runs);
    if (!st)
        st = add_runs(&path, customer.id, &runs);
    if (!st)
        st = fl_store_zone_change_each(context->store, customer.id, 0, FL_OPS_LIST_MAX, add_change,
                                       &path, err);
    if (path.steps.n)
        qsort(path.steps.items, path.steps.n, sizeof(struct step), by_time);
    for (size_t i = 0; i < path.steps.n; i++) {
        json_t *row = ((struct step *)path.steps.items)[i].row;

        if (st)
            json_decref(row);
        else
            fl_ops_row_emit(sink, row);
    }
    return st;
}
