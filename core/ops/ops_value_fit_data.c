/* `value fit`: from tables to one row a customer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "ops/ops_value_fit.h"

enum { COMPARE_BYTES = 64 << 10, CUSTOMERS_FIRST_CAP = 1024, FILES_MAX = 1000 };

/* ---- files -----------------------------------------------------------------------------------*/

/* The same bytes: such a file says nothing that was not said. */
static bool are_equal_files(int a, int b)
{
    FL_AUTO_FREE char *left = malloc(COMPARE_BYTES);
    FL_AUTO_FREE char *right = malloc(COMPARE_BYTES);
    struct stat of_a, of_b;
    off_t pos = 0;

    if (!left || !right || fstat(a, &of_a) || fstat(b, &of_b) || of_a.st_size != of_b.st_size)
        return false;
    while (pos < of_a.st_size) {
        ssize_t n = pread(a, left, COMPARE_BYTES, pos);

        if (n <= 0 || pread(b, right, (size_t)n, pos) != n || memcmp(left, right, (size_t)n) != 0)
            return false;
        pos += n;
    }
    return true;
}

static bool was_given(const int *fds, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (are_equal_files(fds[k], fds[i]))
            return true;
    return false;
}

static enum fl_status read_file(struct fl_ops_call *call, struct fl_ops_fit_data *data,
                                const json_t *list, size_t i, const struct fl_summary_options *like,
                                int *fds, struct fl_faults *faults)
{
    struct fl_summary_options options = *like;
    enum fl_status st =
        fl_ops_file(call->args, json_array_get(list, i), &fds[i], &options.name, call->err);

    if (st)
        return st;
    if (was_given(fds, i)) {
        data->n_files_twice++;
        return FL_OK;
    }
    st = fl_people_purchases_read(&data->purchases, fds[i], &options, faults, call->err);
    return st == FL_INVALID && faults->n_total ? FL_OK : st; /* the faults of the others too */
}

static enum fl_status read_purchases(struct fl_ops_call *call,
                                     const struct fl_ops_fit_request *request,
                                     struct fl_ops_fit_data *data)
{
    const json_t *list = json_object_get(call->args->values, "transactions");
    struct fl_summary_options options = {.map = request->map};
    size_t n = json_array_size(list);
    FL_AUTO_FREE int *fds = calloc(n, sizeof *fds);
    struct fl_faults faults;
    enum fl_status st = FL_OK;

    if (!fds)
        return fl_error_set(call->err, FL_IO, "out of memory");
    if (n > FILES_MAX)
        return fl_error_set(call->err, FL_LIMIT, "%zu files, at most %d", n, FILES_MAX);
    for (size_t i = 0; i < n; i++)
        fds[i] = -1;
    fl_faults_init(&faults, call->args->arena);
    for (size_t i = 0; !st && i < n; i++)
        st = read_file(call, data, list, i, &options, fds, &faults);
    for (size_t i = 0; i < n; i++)
        fl_cleanup_fd(&fds[i]);
    data->has_values = data->purchases.has_amounts;
    data->ignored = data->purchases.ignored;
    if (faults.n_total)
        call->sink->faults(call->sink->ctx, &faults);
    if (!st && faults.n_total)
        st = fl_faults_status(&faults, call->err);
    return st;
}

/* ---- purchases to customers ------------------------------------------------------------------*/

static int compare_purchases(const void *left, const void *right)
{
    const struct fl_purchase *a = left, *b = right;

    if (a->customer != b->customer)
        return a->customer < b->customer ? -1 : 1;
    if (a->date != b->date)
        return a->date < b->date ? -1 : 1;
    /* so that amounts are added up in one order */
    return (a->amount > b->amount) - (a->amount < b->amount);
}

static enum fl_status customer_add(struct fl_ops_fit_data *data,
                                   const struct fl_ops_fit_customer *customer, struct fl_error *err)
{
    if (data->n == data->cap) {
        size_t cap = data->cap ? data->cap * 2 : CUSTOMERS_FIRST_CAP;
        void *grown = reallocarray(data->customers, cap, sizeof *data->customers);

        if (!grown)
            return fl_error_set(err, FL_IO, "out of memory");
        data->customers = grown;
        data->cap = cap;
    }
    data->customers[data->n++] = *customer;
    return FL_OK;
}

/* The opportunity in which a day lies, from 1; BG/BB knows no time within it. */
static double opportunity(const struct fl_ops_fit_request *request, int32_t days)
{
    return ceil(days / request->unit_days);
}

struct window {
    const struct fl_ops_fit_request *request;
    int32_t come_by, until, holdout_until;
    bool is_discrete;
    double ahead; /* whole opportunities of the hold-out */
};

/* A repeat purchase day `days` after the first, `spend` on it. */
static void add_day(const struct window *window, struct fl_ops_fit_customer *customer,
                    int32_t first, int32_t date, double spend)
{
    struct fl_value_obs *obs = &customer->obs;
    double days = date - first, when = days / window->request->unit_days;

    if (window->is_discrete) {
        when = opportunity(window->request, date - first);
        if (when <= obs->T)
            obs->x += when > obs->tx;
        else
            customer->actual += when > customer->last && when <= obs->T + window->ahead;
        customer->last = when; /* an opportunity counts once */
        if (when <= obs->T)
            obs->tx = when;
        return;
    }
    if (date > window->until) {
        customer->actual += date <= window->holdout_until;
        return;
    }
    obs->x++;
    obs->tx = when;
    obs->z += (spend - obs->z) / obs->x;
}

/* The purchases [from, to) of one customer. */
static enum fl_status reduce_one(struct fl_ops_fit_data *data, const struct window *window,
                                 size_t from, size_t to, struct fl_error *err)
{
    const struct fl_purchase *items = data->purchases.items;
    int32_t first = items[from].date;
    struct fl_ops_fit_customer customer = {
        .name = data->purchases.names.items[items[from].customer],
        .obs = {.T = (window->until - first) / window->request->unit_days, .n = 1}};

    if (first > window->come_by) {
        data->n_later_customers++;
        return FL_OK;
    }
    if (window->is_discrete)
        customer.obs.T = floor(customer.obs.T);
    for (size_t i = from; i < to;) {
        int32_t date = items[i].date;
        double spend = 0;

        for (; i < to && items[i].date == date; i++)
            spend += items[i].amount;
        if (date > first)
            add_day(window, &customer, first, date, spend);
    }
    if (window->is_discrete && customer.obs.T < 1)
        return FL_OK; /* had no opportunity yet */
    return customer_add(data, &customer, err);
}

enum fl_status fl_ops_fit_reduce(struct fl_ops_fit_data *data,
                                 const struct fl_ops_fit_request *request, int32_t come_by,
                                 int32_t until, int32_t holdout_until, struct fl_error *err)
{
    const struct window window = {request,
                                  come_by,
                                  until,
                                  holdout_until,
                                  !request->is_auto && request->model == FL_VALUE_BGBB,
                                  floor((holdout_until - until) / request->unit_days)};
    const struct fl_purchase *items = data->purchases.items;
    size_t n = data->purchases.n;
    enum fl_status st = FL_OK;

    data->n = 0;
    data->n_later_customers = 0;
    for (size_t from = 0, to; !st && from < n; from = to) {
        for (to = from; to < n && items[to].customer == items[from].customer;)
            to++;
        st = reduce_one(data, &window, from, to, err);
    }
    return st;
}

/* A slip of the pen in one year would make everybody else look lost. */
static enum fl_status check_last(const struct fl_ops_call *call, int32_t last)
{
    char text[FL_TIME_TEXT_SIZE];
    int32_t tomorrow = fl_date_of_time(fl_clock_now(&call->context->clock)) + 1;

    if (last <= tomorrow) /* somewhere it is tomorrow already */
        return FL_OK;
    fl_date_format(last, text);
    return fl_error_set(call->err, FL_INVALID,
                        "the last purchase is of %s, which has not come yet: give --until", text);
}

static enum fl_status reduce_all(struct fl_ops_fit_data *data,
                                 const struct fl_ops_fit_request *request,
                                 const struct fl_ops_call *call)
{
    const struct fl_purchase *items = data->purchases.items;
    int32_t first = INT32_MAX, last = INT32_MIN, end;

    for (size_t i = 0; i < data->purchases.n; i++) {
        first = items[i].date < first ? items[i].date : first;
        last = items[i].date > last ? items[i].date : last;
    }
    if (!data->purchases.n) {
        data->first = data->until = data->holdout_until = FL_DATE_NONE;
        return FL_OK;
    }
    if (request->until == FL_DATE_NONE && check_last(call, last))
        return FL_INVALID;
    data->first = first;
    data->until = request->until == FL_DATE_NONE ? last : request->until;
    data->holdout_until = request->holdout_until;
    end = data->holdout_until == FL_DATE_NONE ? data->until : data->holdout_until;
    if (end < data->until || (data->holdout_until != FL_DATE_NONE && end == data->until))
        return fl_error_set(call->err, FL_INVALID, "--holdout-until has to be later than %s",
                            request->until == FL_DATE_NONE ? "the last purchase: give --until too"
                                                           : "--until");
    for (size_t i = 0; i < data->purchases.n; i++)
        data->n_later_purchases += items[i].date > end;
    qsort(data->purchases.items, data->purchases.n, sizeof *items, compare_purchases);
    return fl_ops_fit_reduce(data, request, data->until, data->until, end, call->err);
}

/* ---- a summary -------------------------------------------------------------------------------*/

struct fl_value_obs fl_ops_fit_obs(const struct fl_summary_row *row)
{
    return (struct fl_value_obs){row->x, row->tx, row->T, row->z, row->n};
}

/* Left in year T: who were there in the year before and are not any more. */
static enum fl_status reduce_survival(struct fl_ops_fit_data *data,
                                      const struct fl_ops_fit_request *request, const char *name,
                                      struct fl_faults *faults, struct fl_error *err)
{
    /* Shares say nothing of how many they are of; the literature takes a thousand. */
    static const double OF_A_THOUSAND = 10;
    const struct fl_summary *summary = &data->summary;
    double scale = summary->is_percent ? OF_A_THOUSAND : 1;
    enum fl_status st = FL_OK;

    if (!request->is_auto && request->model != FL_VALUE_SBG && request->model != FL_VALUE_BDW)
        return fl_error_set(err, FL_INVALID, "\"%s\" is of survivors by year, for sbg or bdw",
                            name);
    for (size_t i = 0; !st && i < summary->n; i++) {
        const struct fl_summary_row *row = &summary->items[i];
        struct fl_ops_fit_customer customer = {.obs = {.x = 1, .T = row->T, .z = 0}};

        if (row->T > (double)i || row->T < (double)i)
            fl_faults_add(faults, name, row->line, "year", NULL, "year %zu is expected", i);
        else if (i && row->n > row[-1].n)
            fl_faults_add(faults, name, row->line, summary->is_percent ? "percent" : "n", NULL,
                          "more than in the year before");
        if (!i || faults->n_total)
            continue;
        customer.obs.n = (row[-1].n - row->n) * scale;
        if (customer.obs.n > 0)
            st = customer_add(data, &customer, err);
        customer.obs = (struct fl_value_obs){.T = row->T, .n = row->n * scale};
        if (!st && i + 1 == summary->n && row->n > 0)
            st = customer_add(data, &customer, err);
    }
    return st;
}

/* Which rows a model can be told; the others are faults. */
static enum fl_status reduce_rows(struct fl_ops_fit_data *data,
                                  const struct fl_ops_fit_request *request, const char *name,
                                  struct fl_faults *faults, struct fl_error *err)
{
    enum fl_value_model model = request->is_auto ? FL_VALUE_BGNBD : request->model;
    const struct fl_summary *summary = &data->summary;
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < summary->n; i++) {
        struct fl_ops_fit_customer customer = {.name = summary->names.n ? summary->names.items[i]
                                                                        : NULL,
                                               .obs = fl_ops_fit_obs(&summary->items[i])};
        struct fl_error fault = {0};

        /* Spend is asked of those who came back; the others stay for the list. */
        if (model != FL_VALUE_GAMMAGAMMA && fl_value_check(model, &customer.obs, 1, &fault)) {
            const char *reason = strchr(fault.text, '('); /* "row 1 (x ...": the line says it */

            fl_faults_add(faults, name, summary->items[i].line, NULL, NULL, "%s",
                          reason ? reason : fault.text);
        } else
            st = customer_add(data, &customer, err);
    }
    return st;
}

static enum fl_status read_summary(struct fl_ops_call *call,
                                   const struct fl_ops_fit_request *request,
                                   struct fl_ops_fit_data *data)
{
    struct fl_summary_options options = {.map = request->map};
    struct fl_faults faults;
    FL_AUTO_FD int fd = -1;
    enum fl_status st = fl_ops_file(call->args, json_object_get(call->args->values, "summary"), &fd,
                                    &options.name, call->err);

    if (st)
        return st;
    fl_faults_init(&faults, call->args->arena);
    data->first = data->until = data->holdout_until = FL_DATE_NONE;
    st = fl_people_summary_read(&data->summary, fd, &options, &faults, call->err);
    if (!st && data->summary.is_survival)
        st = reduce_survival(data, request, options.name, &faults, call->err);
    else if (!st || faults.n_total) /* of the rows that could be read: all faults at once */
        st = reduce_rows(data, request, options.name, &faults, call->err);
    data->has_values = data->summary.has_values;
    data->ignored = data->summary.ignored;
    if (faults.n_total)
        call->sink->faults(call->sink->ctx, &faults);
    return st || !faults.n_total ? st : fl_faults_status(&faults, call->err);
}

enum fl_status fl_ops_fit_read(struct fl_ops_call *call, const struct fl_ops_fit_request *request,
                               struct fl_ops_fit_data *out)
{
    enum fl_status st;

    if (json_object_get(call->args->values, "summary"))
        return read_summary(call, request, out);
    st = read_purchases(call, request, out);
    return st ? st : reduce_all(out, request, call);
}

void fl_ops_fit_data_finish(struct fl_ops_fit_data *data)
{
    fl_people_purchases_finish(&data->purchases);
    fl_people_summary_finish(&data->summary);
    free(data->customers);
    *data = (struct fl_ops_fit_data){0};
}
