/* One valuation run, step by step. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise_run_private.h"
#include "base/local.h"

enum { WARNING_SIZE = 512 };
static const int64_t reader_busy_us = 10 * FL_US_PER_S;

/* ---- small things -----------------------------------------------------------------------------*/

void appraise_warn(struct appraise_run *run, const char *fmt, ...)
{
    char text[WARNING_SIZE];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)json_array_append_new(run->warnings, json_string(text));
}

void appraise_progress(struct appraise_run *run, const char *what, int64_t done)
{
    const struct fl_appraise_sink *sink = &run->input->sink;

    if (sink->progress)
        sink->progress(sink->ctx, what, done, (int64_t)run->n_customers);
}

void *appraise_alloc(struct appraise_run *run, size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);

    run->memory_bytes += (int64_t)(n * size);
    if (run->memory_bytes > run->memory_peak)
        run->memory_peak = run->memory_bytes;
    return p;
}

void appraise_free(struct appraise_run *run, void *p, size_t n, size_t size)
{
    free(p);
    run->memory_bytes -= (int64_t)(n * size);
}

struct appraise_record *appraise_find(const struct appraise_run *run, int64_t customer,
                                      struct appraise_part **out_part)
{
    for (size_t p = 0; p < run->n_parts; p++) {
        const struct appraise_part *part = &run->parts[p];
        size_t low = 0, high = part->records.n;

        if (customer < part->first || customer > part->last)
            continue;
        while (low < high) {
            size_t middle = (low + high) / 2;
            struct appraise_record *record = appraise_list_at(&part->records, middle);

            if (record->customer == customer) {
                if (out_part)
                    *out_part = (struct appraise_part *)(uintptr_t)part;
                return record;
            }
            if (record->customer < customer)
                low = middle + 1;
            else
                high = middle;
        }
    }
    return NULL;
}

struct appraise_facts appraise_facts_of(const struct appraise_part *part,
                                        const struct appraise_record *record)
{
    struct appraise_facts facts = {
        .customer = record->customer,
        .state = (enum fl_customer_state)record->state,
        .segment = record->segment,
        .trade = record->trade,
        .n_contracts = record->n_contracts,
        .attitude = &appraise_attitude_unknown,
    };

    if (record->n_contracts)
        facts.contracts = appraise_list_at(&part->contracts, record->contract);
    if (record->attitude) {
        const struct appraise_stance *stance =
            appraise_list_at(&part->stances, record->attitude - 1);

        facts.attitude = &stance->now;
    }
    return facts;
}

/* ---- threads ----------------------------------------------------------------------------------*/

struct job {
    pthread_t thread;
    struct appraise_part *part;
    appraise_step_fn *step;
    bool is_running;
    enum fl_status status;
    struct fl_error err;
};

static void *run_job(void *ctx)
{
    struct job *job = ctx;

    job->status = job->step(job->part, &job->err);
    return NULL;
}

enum fl_status appraise_parallel(struct appraise_run *run, appraise_step_fn *step,
                                 struct fl_error *err)
{
    struct job jobs[APPRAISE_THREADS_MAX] = {0};
    enum fl_status st = FL_OK;

    for (size_t p = 0; p < run->n_parts; p++)
        jobs[p] = (struct job){.part = &run->parts[p], .step = step};
    for (size_t p = 1; p < run->n_parts; p++)
        jobs[p].is_running = pthread_create(&jobs[p].thread, NULL, run_job, &jobs[p]) == 0;
    for (size_t p = 0; p < run->n_parts; p++) {
        if (jobs[p].is_running)
            (void)pthread_join(jobs[p].thread, NULL);
        else
            (void)run_job(&jobs[p]);
    }
    /* The first part's error, whichever thread was quicker. */
    for (size_t p = run->n_parts; p-- > 0;)
        if (jobs[p].status) {
            st = jobs[p].status;
            if (err)
                *err = jobs[p].err;
        }
    return st;
}

/* ---- parts ------------------------------------------------------------------------------------*/

static enum fl_status open_parts(struct appraise_run *run, struct fl_error *err)
{
    const struct fl_appraise_input *input = run->input;
    const struct fl_store_options options = {
        .clock = fl_clock_system, .is_read_only = true, .busy_timeout_us = reader_busy_us};
    size_t wanted = input->store_uri && input->threads > 1 ? (size_t)input->threads : 1;
    int64_t cuts[APPRAISE_THREADS_MAX + 1];
    enum fl_status st;

    if (wanted > APPRAISE_THREADS_MAX)
        wanted = APPRAISE_THREADS_MAX;
    st = fl_store_customer_cuts(input->store, wanted, cuts, err);
    for (size_t p = 0; !st && p < wanted; p++) {
        struct appraise_part *part = &run->parts[p];

        *part = (struct appraise_part){
            .run = run,
            .first = p ? cuts[p] : INT64_MIN,
            .last = p + 1 < wanted ? cuts[p + 1] - 1 : INT64_MAX,
            .store = input->store,
            .owns_store = p > 0,
        };
        appraise_list_init(&part->records, sizeof(struct appraise_record));
        appraise_list_init(&part->stances, sizeof(struct appraise_stance));
        appraise_list_init(&part->contracts, sizeof(struct appraise_contract));
        appraise_list_init(&part->segments, APPRAISE_NAME_SIZE);
        if (p)
            st = fl_store_open(input->store_uri, &options, &part->store, err);
        if (!st)
            run->n_parts++;
    }
    return st;
}

static void close_readers(struct appraise_run *run)
{
    for (size_t p = 0; p < run->n_parts; p++)
        if (run->parts[p].owns_store)
            fl_store_close(&run->parts[p].store);
}

static void count_lists(struct appraise_run *run)
{
    for (size_t p = 0; p < run->n_parts; p++)
        run->memory_bytes += appraise_list_bytes(&run->parts[p].records) +
                             appraise_list_bytes(&run->parts[p].stances) +
                             appraise_list_bytes(&run->parts[p].contracts);
    run->memory_bytes += (int64_t)(run->n_referrals * sizeof *run->referrals);
    run->memory_peak = run->memory_bytes;
}

static void run_finish(struct appraise_run *run)
{
    close_readers(run);
    for (size_t p = 0; p < run->n_parts; p++) {
        appraise_list_finish(&run->parts[p].records);
        appraise_list_finish(&run->parts[p].stances);
        appraise_list_finish(&run->parts[p].contracts);
        appraise_list_finish(&run->parts[p].segments);
    }
    free(run->referrals);
    free(run->ce);
    free(run->cv);
    free(run->ce_rank);
    free(run->cv_rank);
    free(run->keys);
    json_decref(run->warnings);
    appraise_frame_destroy(&run->frame);
    free(run);
}

/* ---- the run ----------------------------------------------------------------------------------*/

static enum fl_status begin(struct appraise_run *run, struct fl_error *err)
{
    const struct fl_appraise_input *input = run->input;
    const struct fl_value_run row = {
        .as_of_us = input->as_of_us, .started_us = input->now_us, .state = FL_RUN_RUNNING};
    int64_t local_us;
    enum fl_status st;

    if (input->as_of_us > input->now_us)
        return fl_error_set(err, FL_INVALID, "the valuation date is in the future");
    appraise_settings_of(input->conf, &run->frame->settings);
    run->frame->as_of_us = input->as_of_us;
    st = appraise_dates_of(&run->frame->settings, input->as_of_us, &run->dates, err);
    if (!st)
        st = fl_time_to_local(run->frame->settings.time_zone, input->now_us, &local_us, err);
    if (st)
        return st;
    run->now_date = fl_date_of_time(local_us);
    return input->sink.begin(input->sink.ctx, &row, err);
}

static enum fl_status work(struct appraise_run *run, struct fl_error *err)
{
    enum fl_status st = open_parts(run, err);

    appraise_progress(run, "reading purchases", 0);
    if (!st)
        st = appraise_read_trade(run, err);
    appraise_progress(run, "reading what customers said", 0);
    if (!st)
        st = appraise_read_rest(run, err);
    count_lists(run);
    appraise_progress(run, "fitting the models", 0);
    if (!st)
        st = appraise_fit(run, err);
    if (!st)
        st = appraise_learn(run, err);
    close_readers(run); /* an open reader keeps the writer's log from being taken up */
    if (!st)
        st = appraise_priors(run, err);
    appraise_progress(run, "valuing", 0);
    if (!st)
        st = appraise_value(run, err);
    if (!st)
        st = appraise_place(run, err);
    return st ? st : appraise_write(run, err);
}

static enum fl_status finish(struct appraise_run *run, struct fl_appraise_result *out,
                             struct fl_error *err)
{
    const struct fl_appraise_input *input = run->input;
    struct fl_value_run row = {.as_of_us = input->as_of_us,
                               .started_us = input->now_us,
                               .state = FL_RUN_DONE,
                               .n_customers = (int64_t)run->n_customers,
                               .n_valued = (int64_t)run->n_valued};
    void *reference = NULL;
    int64_t n_changes = 0;
    enum fl_status st = appraise_report(run, &row.report, err);

    if (!st)
        st = appraise_frame_pack(run->frame, &reference, &row.reference_len, err);
    row.reference = reference;
    if (!st)
        st = input->sink.finish(input->sink.ctx, &row, &n_changes, err);
    free(reference);
    if (st)
        return st;
    *out = (struct fl_appraise_result){
        .n_customers = row.n_customers,
        .n_valued = row.n_valued,
        .n_objected = (int64_t)run->n_objected,
        .n_not_enough = row.n_customers - row.n_valued - (int64_t)run->n_objected,
        .n_changes = n_changes,
        .memory_bytes = run->memory_peak,
        .report = row.report,
    };
    memcpy(out->by_zone, run->by_zone, sizeof out->by_zone);
    return FL_OK;
}

enum fl_status fl_appraise_run(struct fl_arena *arena, const struct fl_appraise_input *input,
                               struct fl_appraise_result *out, struct fl_error *err)
{
    struct appraise_run *run = calloc(1, sizeof *run);
    enum fl_status st;

    if (!run)
        return fl_error_set(err, FL_IO, "no memory");
    run->input = input;
    run->arena = arena;
    run->warnings = json_array();
    run->frame = appraise_frame_create(1);
    st = run->frame ? begin(run, err) : fl_error_set(err, FL_IO, "no memory");
    if (!st)
        st = work(run, err);
    if (!st)
        st = finish(run, out, err);
    run_finish(run);
    return st;
}
