/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What became of jobs: the queue of those that are done says it until the server clears it, which
 * by HylaFAX's own setting is after a quarter of an hour; look more often than that.
 */
#include "fax/fax_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef bool job_fn(void *ctx, const struct fax_job *job);

/* Every job of a queue that is readable; a job of another program has a tag that is not ours. */
static enum fax_result queue_read(struct fax *self, const char *queue, job_fn *fn, void *ctx,
                                  struct fax_reply *reply)
{
    static const char *const before[] = {"TZONE GMT", "JOBFMT \"" FAX_JOB_FORMAT "\"", NULL};
    GByteArray *listing = g_byte_array_new();
    enum fax_result result =
        fax_server_get(self->server, queue, before, FAX_LISTING_MAX, listing, reply);
    const char *p = (const char *)listing->data, *end = p ? p + listing->len : p;

    while (result == FAX_OK && p < end) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        struct fax_job job;

        if (fax_job_read(p, (size_t)((eol ? eol : end) - p), &job) &&
            strlen(job.tag) == FAX_TOKEN_LEN && !fn(ctx, &job))
            break;
        p = eol ? eol + 1 : end;
    }
    g_byte_array_free(listing, TRUE);
    return result;
}

static bool hand_over(struct fax *self, const struct fax_job *job)
{
    const struct fax_settings *set = &self->set;
    const struct fl_services *s = self->services;
    struct fax_verdict verdict = fax_job_classify(job);
    char key[128], ref[32], detail[400];
    struct fl_receipt receipt = {
        .size = sizeof receipt,
        .kind = FL_RECEIPT_OUTCOME,
        .dedupe_key = key,
        .token = job->tag,
        .provider_ref = ref,
        .report = {.size = sizeof receipt.report,
                   .outcome = verdict.outcome,
                   .fault = verdict.fault,
                   .detail = detail,
                   .provider_ref = ref},
        .is_authenticated = 1,
    };

    g_snprintf(key, sizeof key, "fax-job:%s:%d:%c", job->tag, job->id,
               verdict.outcome == FL_OUTCOME_ACCEPTED ? 'Q' : job->state);
    g_snprintf(ref, sizeof ref, "%d", job->id);
    g_snprintf(detail, sizeof detail, "%s%s%d of %d pages, %d dials, call %s", job->words,
               *job->words ? "; " : "", job->pages_sent, job->pages, job->dials,
               *job->communication ? job->communication : "none");
    /* What was transmitted is paid, also when the call broke after it. */
    if (verdict.outcome != FL_OUTCOME_ACCEPTED && job->pages_sent > 0) {
        receipt.report.cost_micro = set->cost_per_page * job->pages_sent;
        receipt.report.currency = set->cost_per_page ? set->currency : NULL;
    }
    return s->receipt(s->host, &receipt) == 0;
}

struct collect {
    struct fax *self;
    struct fax_seen *seen;
    GPtrArray *done; /* names to remember once they are stored */
    bool is_refused;
};

static bool on_done(void *ctx, const struct fax_job *job)
{
    struct collect *collect = ctx;
    char name[96];

    g_snprintf(name, sizeof name, "%d:%s:%c", job->id, job->tag, job->state);
    if ((job->state != 'D' && job->state != 'F') || fax_seen_has(collect->seen, name))
        return true;
    collect->is_refused = !hand_over(collect->self, job);
    if (!collect->is_refused)
        g_ptr_array_add(collect->done, g_strdup(name));
    return !collect->is_refused;
}

enum fl_call fax_jobs_collect(struct fax *self, struct fl_why *why)
{
    const struct fl_services *s = self->services;
    struct collect collect = {self, fax_seen_load(s, "jobs"),
                              g_ptr_array_new_with_free_func(g_free), false};
    struct fax_reply reply;
    enum fax_result result = queue_read(self, "doneq/", on_done, &collect, &reply);
    bool is_stored = true;

    if (collect.done->len)
        is_stored = s->commit(s->host) == 0;
    for (guint i = 0; is_stored && i < collect.done->len; i++)
        fax_seen_add(collect.seen, g_ptr_array_index(collect.done, i));
    fax_seen_save(&collect.seen, result == FAX_OK && !collect.is_refused && is_stored);
    g_ptr_array_free(collect.done, TRUE);
    if (!is_stored || collect.is_refused)
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "nobody takes receipts");
    return fax_server_why(self->server, result, &reply, why);
}

/* --- lookup ------------------------------------------------------------------------------------*/

struct lookup {
    struct fax *self;
    const char *const *refs;
    size_t n_refs;
};

/* By the job's number, or by its tag: who does not know whether there is a job has only that. */
static bool on_job(void *ctx, const struct fax_job *job)
{
    struct lookup *lookup = ctx;
    char number[16];

    g_snprintf(number, sizeof number, "%d", job->id);
    for (size_t i = 0; i < lookup->n_refs; i++) {
        if (strcmp(lookup->refs[i], number) == 0 || strcmp(lookup->refs[i], job->tag) == 0)
            return hand_over(lookup->self, job);
    }
    return true;
}

enum fl_call fax_jobs_lookup(struct fax *self, const char *const *refs, size_t n_refs,
                             struct fl_why *why)
{
    struct lookup lookup = {self, refs, n_refs};
    struct fax_reply reply;
    enum fax_result result = queue_read(self, "sendq/", on_job, &lookup, &reply);

    if (result == FAX_OK)
        result = queue_read(self, "doneq/", on_job, &lookup, &reply);
    if (result == FAX_OK && self->services->commit(self->services->host) != 0)
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "nobody takes receipts");
    return fax_server_why(self->server, result, &reply, why);
}
