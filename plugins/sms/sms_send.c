/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A batch: sent, judged, reported.
 *
 * Until a first answer has come one request is under way, then `parallel` of them: a gateway that
 * takes requests and never answers leaves one message in doubt and not a batch of them.  The first
 * sign of trouble on the way, a login refused or "slow down" ends the batch; what was not begun is
 * not reported and stays untried.
 */
#include "sms_private.h"

#include <string.h>

struct job {
    struct batch *batch;
    uint32_t first, n; /* in `picked` */
    GPtrArray *texts;  /* the parts, where they are sent one by one */
    guint part;
    struct sms_exchange exchange;
};

struct batch {
    struct sms *self;
    const struct fl_item *const *items;
    uint32_t *picked; /* indexes of the items that are to be sent */
    struct sms_prepared *prepared;
    uint32_t n_picked, next;
    struct fl_why *why;
    enum fl_call call;
    bool has_answer, is_stopped;
    int64_t begun_ms;
};

static void stop(struct batch *batch, enum fl_fault_class fault, const char *fmt, ...)
    SMS_PRINTF(3, 4);

static void stop(struct batch *batch, enum fl_fault_class fault, const char *fmt, ...)
{
    va_list ap;

    if (batch->is_stopped)
        return;
    batch->is_stopped = true;
    batch->call = FL_CALL_RETRY;
    batch->why->fault = fault;
    va_start(ap, fmt);
    g_vsnprintf(batch->why->text, sizeof batch->why->text, fmt, ap);
    va_end(ap);
}

/* --- reports -----------------------------------------------------------------------------------*/

static void report(struct batch *batch, uint32_t index, const struct sms_measure *measure,
                   const struct sms_result *result, int64_t retry_after_us)
{
    const struct sms_settings *set = &batch->self->set;
    const struct fl_services *services = batch->self->services;
    struct fl_report out = {.size = sizeof out,
                            .item = index,
                            .outcome = result->verdict.outcome,
                            .fault = result->verdict.fault,
                            .code = result->code,
                            .detail = result->detail,
                            .provider_ref = result->reference,
                            .retry_after_us = retry_after_us};

    if (measure && (out.outcome == FL_OUTCOME_ACCEPTED || out.outcome == FL_OUTCOME_DELIVERED)) {
        out.units = result->parts ? result->parts : (int32_t)measure->parts;
        out.cost_micro = result->cost_micro;
        out.currency = result->currency;
        if (!out.cost_micro) {
            out.cost_micro =
                measure->is_long ? set->cost_long_micro : set->cost_per_part_micro * out.units;
            out.currency = NULL;
        }
        if (out.cost_micro && (!out.currency || strlen(out.currency) != 3))
            out.currency = set->currency;
    }
    if (services->report(services->host, &out) != 0)
        stop(batch, FL_FAULT_TRANSIENT, "nobody listens");
}

static void report_job(struct job *job, const struct sms_result *result, int64_t retry_after_us)
{
    struct batch *batch = job->batch;

    for (uint32_t i = 0; i < job->n; i++)
        report(batch, batch->picked[job->first + i], &batch->prepared[job->first + i].measure,
               result, retry_after_us);
}

/* Earlier parts of this message are paid for: it is neither sent nor unsent, which only a person
 * can settle. */
static void report_half(struct job *job, const char *trouble)
{
    struct sms_result result = {.code = (int32_t)job->exchange.status};

    sms_result_set(&result, FL_OUTCOME_UNCERTAIN, FL_FAULT_TRANSIENT,
                   "%u of %u parts were accepted, the next was not: %.200s", job->part,
                   job->texts->len, trouble ? trouble : "no reason given");
    report_job(job, &result, 0);
    sms_result_finish(&result);
}

/* --- jobs --------------------------------------------------------------------------------------*/

static void job_destroy(struct job *job)
{
    sms_exchange_finish(&job->exchange);
    if (job->texts)
        g_ptr_array_free(job->texts, TRUE);
    g_free(job);
}

static bool job_begin(void *arg)
{
    struct job *job = arg;
    const struct fl_services *services = job->batch->self->services;

    if (job->part || !FL_HAS(services, begin) || !services->begin)
        return true;
    for (uint32_t i = 0; i < job->n; i++) {
        if (services->begin(services->host, job->batch->picked[job->first + i]) != 0) {
            stop(job->batch, FL_FAULT_TRANSIENT, "nobody listens");
            return false;
        }
    }
    return true;
}

/* What the fields of one item point to while they are used. */
struct numbers {
    char id[24], parts[8], units[8], part[8], udh[16];
};

static void fields_of_item(const struct job *job, uint32_t at, struct numbers *numbers,
                           struct sms_fields *fields)
{
    const struct batch *batch = job->batch;
    const struct fl_item *item = batch->items[batch->picked[at]];
    const struct sms_prepared *prepared = &batch->prepared[at];
    const struct sms_measure *measure = &prepared->measure;
    bool is_cut = job->texts && job->texts->len > 1;
    bool is_last = !is_cut || job->part + 1 == job->texts->len;

    g_snprintf(numbers->id, sizeof numbers->id, "%" G_GINT64_FORMAT, item->message_id);
    g_snprintf(numbers->parts, sizeof numbers->parts, "%u", (unsigned)measure->parts);
    g_snprintf(numbers->units, sizeof numbers->units, "%u", (unsigned)measure->units);
    g_snprintf(numbers->part, sizeof numbers->part, "%u", job->part + 1);
    numbers->udh[0] = '\0';
    if (is_cut)
        g_snprintf(numbers->udh, sizeof numbers->udh, "050003%02x%02x%02x",
                   (unsigned)(item->message_id & 0xff), job->texts->len & 0xff,
                   (job->part + 1) & 0xff);
    fields->value[SMS_F_TO] = prepared->to;
    fields->value[SMS_F_FROM] = prepared->from;
    fields->value[SMS_F_TEXT] = is_cut ? g_ptr_array_index(job->texts, job->part) : prepared->text;
    fields->value[SMS_F_SUBJECT] = item->subject;
    fields->value[SMS_F_ID] = numbers->id;
    fields->value[SMS_F_TOKEN] = item->token_return;
    fields->value[SMS_F_CAMPAIGN] = item->campaign;
    fields->value[SMS_F_LANGUAGE] = item->language;
    fields->value[SMS_F_PARTS] = numbers->parts;
    fields->value[SMS_F_UNITS] = numbers->units;
    fields->value[SMS_F_PART] = numbers->part;
    fields->value[SMS_F_UDH] = numbers->udh;
    fields->value[SMS_F_CODING] = measure->alphabet == SMS_UCS2 ? "2" : "0";
    fields->value[SMS_F_ALPHABET] = sms_alphabet_name(measure->alphabet);
    fields->value[SMS_F_KIND] = measure->is_long ? "LMS" : "SMS";
    /* One receipt is enough for a message, however many parts it has. */
    if (!is_last)
        fields->value[SMS_F_CALLBACK] = "";
    else if (*batch->self->set.callback_url)
        fields->value[SMS_F_MASK] = "31";
}

static json_t *recipients_of(const struct job *job)
{
    const struct sms_request *request = &job->batch->self->mapping->send;
    json_t *list;

    if (!request->each)
        return NULL;
    list = json_array();
    for (uint32_t i = 0; i < job->n; i++) {
        struct sms_fields fields = {.value = {NULL}};
        struct numbers numbers;

        sms_fields_common(job->batch->self, &fields);
        fields_of_item(job, job->first + i, &numbers, &fields);
        json_array_append_new(list, sms_template_json(request->each, &fields));
    }
    return list;
}

/* False: it did not even set out, and that is reported. */
static bool job_start(struct job *job)
{
    struct batch *batch = job->batch;
    struct sms_fields fields = {.value = {NULL}};
    struct sms_result result = {.code = 0};
    struct numbers numbers;
    char *reason = NULL;
    json_t *recipients = recipients_of(job);
    bool is_started;

    sms_exchange_init(&job->exchange);
    job->exchange.begin = job_begin;
    job->exchange.ctx = job;
    sms_fields_common(batch->self, &fields);
    fields_of_item(job, job->first, &numbers, &fields);
    is_started = sms_request_build(batch->self, &batch->self->mapping->send, &fields, recipients,
                                   &job->exchange, &reason);
    json_decref(recipients);
    if (!is_started) {
        sms_result_set(&result, FL_OUTCOME_FAILED, FL_FAULT_CONTENT, "%s", reason);
        if (job->part)
            report_half(job, reason);
        else
            report_job(job, &result, 0);
        sms_result_finish(&result);
        g_free(reason);
        return false;
    }
    if (sms_exchange_start(batch->self, &job->exchange))
        return true;
    stop(batch, FL_FAULT_OUR_SIDE, "curl refuses a request to \"%s\"", batch->self->set.url);
    if (job->part)
        report_half(job, "curl refuses the request");
    return false;
}

static struct job *job_create(struct batch *batch)
{
    const struct sms_settings *set = &batch->self->set;
    struct job *job = g_new0(struct job, 1);
    uint32_t most = (uint32_t)batch->self->mapping->send.recipients;

    job->batch = batch;
    job->first = batch->next;
    job->n = MIN(most, batch->n_picked - batch->next);
    /* What stands once in the request must be the same for all. */
    for (uint32_t i = 1; i < job->n; i++) {
        if (strcmp(batch->prepared[job->first].from, batch->prepared[job->first + i].from) != 0)
            job->n = i;
    }
    batch->next += job->n;
    if (set->is_split && job->n == 1)
        job->texts =
            sms_text_split(batch->prepared[job->first].text, &batch->prepared[job->first].measure);
    return job;
}

/* --- answers -----------------------------------------------------------------------------------*/

static enum fl_fault_class fault_of(CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return FL_FAULT_OUR_SIDE;
    default:
        return FL_FAULT_TRANSIENT;
    }
}

static void job_trouble(struct job *job, enum sms_transport transport)
{
    struct batch *batch = job->batch;
    const struct sms_exchange *exchange = &job->exchange;
    struct sms_result result = {.code = 0};

    if (transport == SMS_TRANSPORT_NOT_BEGUN) {
        stop(batch, fault_of(exchange->result), "could not reach the gateway: %s",
             exchange->trouble);
        if (job->part)
            report_half(job, exchange->trouble);
        return;
    }
    stop(batch, FL_FAULT_TRANSIENT, "the gateway does not answer: %s", exchange->trouble);
    if (transport == SMS_TRANSPORT_BROKEN)
        sms_result_set(&result, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT,
                       "the connection broke before the request left: %s", exchange->trouble);
    else
        sms_result_set(&result, FL_OUTCOME_UNCERTAIN, FL_FAULT_TRANSIENT,
                       "the request left and no answer came: %s", exchange->trouble);
    if (job->part)
        report_half(job, result.detail);
    else
        report_job(job, &result, 0);
    sms_result_finish(&result);
}

static void job_judge_all(struct job *job)
{
    struct batch *batch = job->batch;
    const struct sms_answer *answer = &batch->self->mapping->answer;
    json_t *root = sms_answer_read(answer, &job->exchange);
    struct sms_result result = {.code = 0};

    for (uint32_t i = 0; i < job->n; i++) {
        const struct sms_prepared *prepared = &batch->prepared[job->first + i];
        bool has_failed;

        sms_answer_judge(answer, &job->exchange, root, i, prepared->to, &result);
        has_failed = result.verdict.outcome != FL_OUTCOME_ACCEPTED &&
                     result.verdict.outcome != FL_OUTCOME_DELIVERED;
        if (result.verdict.stops)
            stop(batch, result.verdict.fault, "the gateway refuses: %.300s", result.detail);
        if (has_failed && job->part)
            report_half(job, result.detail);
        else if (has_failed || !job->texts || job->part + 1 == job->texts->len)
            report(batch, batch->picked[job->first + i], &prepared->measure, &result,
                   job->exchange.retry_after_us);
        if (has_failed && job->texts)
            job->part = job->texts->len;
    }
    sms_result_finish(&result);
    json_decref(root);
}

/* True when another part of the same message has set out. */
static bool job_continue(struct job *job)
{
    enum sms_transport transport = sms_exchange_transport(&job->exchange);

    if (transport != SMS_TRANSPORT_FINE) {
        job_trouble(job, transport);
        return false;
    }
    job->batch->has_answer = true;
    job_judge_all(job);
    sms_exchange_finish(&job->exchange);
    return job->texts && ++job->part < job->texts->len && job_start(job);
}

/* --- the batch ---------------------------------------------------------------------------------*/

static void batch_start_more(struct batch *batch)
{
    struct sms *self = batch->self;
    int most = batch->has_answer ? (int)self->set.parallel : 1;

    while (!batch->is_stopped && batch->next < batch->n_picked && self->n_under_way < most) {
        struct job *job;

        if (sms_is_stopping(self))
            stop(batch, FL_FAULT_NONE, "asked to stop");
        else if (sms_monotonic_ms() - batch->begun_ms > SMS_CALL_BUDGET_MS)
            stop(batch, FL_FAULT_TRANSIENT, "the gateway is slow, the rest is for another call");
        if (batch->is_stopped)
            return;
        job = job_create(batch);
        if (!job_start(job))
            job_destroy(job);
    }
}

static void batch_run(struct batch *batch)
{
    struct sms_exchange *exchange;

    batch_start_more(batch);
    while ((exchange = sms_exchange_wait(batch->self)) != NULL) {
        struct job *job = exchange->ctx;

        if (!job_continue(job))
            job_destroy(job);
        batch_start_more(batch);
    }
}

enum fl_call sms_deliver(struct sms *self, const struct fl_item *const *items, size_t n_items,
                         struct fl_why *why)
{
    struct batch batch = {.self = self,
                          .items = items,
                          .picked = g_new0(uint32_t, n_items),
                          .prepared = g_new0(struct sms_prepared, n_items),
                          .why = why,
                          .begun_ms = sms_monotonic_ms()};
    struct sms_result refusal = {.code = 0};

    for (size_t i = 0; i < n_items && !batch.is_stopped; i++) {
        if (sms_item_prepare(&self->set, items[i], &batch.prepared[batch.n_picked], &refusal))
            batch.picked[batch.n_picked++] = (uint32_t)i;
        else
            report(&batch, (uint32_t)i, NULL, &refusal, 0);
        sms_result_finish(&refusal);
    }
    batch_run(&batch);
    for (uint32_t i = 0; i < batch.n_picked; i++)
        sms_prepared_finish(&batch.prepared[i]);
    g_free(batch.prepared);
    g_free(batch.picked);
    return batch.call;
}
