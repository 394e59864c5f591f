/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Out: upload, job parameters, submission.
 *
 * Everything up to the submission can be thrown away: the server forgets a job that was not
 * submitted when the connection ends.  Then begin() and JSUBM, by itself.  When the connection
 * breaks after JSUBM left, nobody knows; the job's tag, which is the message's token, will tell.
 */
#include "fax/fax_private.h"

#include <stdio.h>
#include <string.h>

enum { PARAMETERS = 20, PARAMETER_MAX = 160 };

struct sending {
    struct fax *self;
    const struct fl_item *item;
    struct fl_report report;
    GByteArray *tiff;
    size_t n_pages;
    char number[FAX_NUMBER_MAX];
    char detail[256], ref[32], why[256];
};

/* Hands over what became of an item; false: nobody listens. */
static bool say(struct sending *sending, enum fl_outcome outcome, enum fl_fault_class fault,
                const char *detail)
{
    const struct fl_services *s = sending->self->services;

    g_strlcpy(sending->detail, detail, sizeof sending->detail);
    sending->report.outcome = outcome;
    sending->report.fault = fault;
    sending->report.detail = sending->detail;
    return s->report(s->host, &sending->report) == 0;
}

/* DDHHMM */
static void last_time(int64_t us, char out[8])
{
    int minutes = (int)(us / 60000000);

    g_snprintf(out, 8, "%02d%02d%02d", minutes / 1440 % 100, minutes / 60 % 24, minutes % 60);
}

/* A quoted value; what would end it is left out. */
static void quoted(char *out, size_t size, const char *name, const char *value)
{
    size_t n = (size_t)g_snprintf(out, (gulong)size, "JPARM %s \"", name);

    for (; *value && n + 2 < size && n < 100; value++) {
        if ((unsigned char)*value >= 0x20 && *value != '"' && *value != '\\' && *value != 0x7f)
            out[n++] = *value;
    }
    out[n++] = '"';
    out[n] = '\0';
}

static size_t parameters(const struct sending *sending, const char *file,
                         char out[PARAMETERS][PARAMETER_MAX])
{
    const struct fax_settings *set = &sending->self->set;
    int64_t retry_s = set->retry_us / 1000000;
    char last[8];
    size_t n = 0;

    last_time(set->give_up_us, last);
    g_strlcpy(out[n++], "JNEW", PARAMETER_MAX);
    quoted(out[n++], PARAMETER_MAX, "FROMUSER", set->user);
    quoted(out[n++], PARAMETER_MAX, "DIALSTRING", sending->number);
    quoted(out[n++], PARAMETER_MAX, "EXTERNAL", sending->number);
    quoted(out[n++], PARAMETER_MAX, "JOBINFO", sending->item->token_identity);
    g_strlcpy(out[n++], "JPARM NOTIFY \"none\"", PARAMETER_MAX);
    g_snprintf(out[n++], PARAMETER_MAX, "JPARM LASTTIME %s", last);
    g_snprintf(out[n++], PARAMETER_MAX, "JPARM RETRYTIME %02d%02d", (int)(retry_s / 60 % 60),
               (int)(retry_s % 60));
    g_snprintf(out[n++], PARAMETER_MAX, "JPARM MAXDIALS %d", set->max_dials);
    g_snprintf(out[n++], PARAMETER_MAX, "JPARM MAXTRIES %d", set->max_tries);
    g_snprintf(out[n++], PARAMETER_MAX, "JPARM VRES %d", FAX_Y_DPI);
    g_strlcpy(out[n++], "JPARM PAGEWIDTH 209", PARAMETER_MAX);
    g_snprintf(out[n++], PARAMETER_MAX, "JPARM PAGELENGTH %d",
               (int)(set->page_height * 25.4 / FAX_Y_DPI));
    g_strlcpy(out[n++], "JPARM PAGECHOP \"none\"", PARAMETER_MAX);
    g_snprintf(out[n++], PARAMETER_MAX, "JPARM DOCUMENT tmp/%s", file);
    return n;
}

/* Everything but the submission. */
static enum fax_result prepare(struct sending *sending, struct fax_reply *reply)
{
    static const char *const before[] = {"FORM TIFF", NULL};
    static gint counter;
    char lines[PARAMETERS][PARAMETER_MAX], file[80];
    const char *after[PARAMETERS + 1] = {NULL};
    size_t n;

    /* Names must differ between attempts: the server keeps an upload until its own clearing. */
    g_snprintf(file, sizeof file, "fl-%.12s-%" G_GINT64_FORMAT "-%d.tif",
               sending->item->token_identity,
               sending->self->services->now_us(sending->self->services->host),
               g_atomic_int_add(&counter, 1));
    n = parameters(sending, file, lines);
    for (size_t i = 0; i < n; i++)
        after[i] = lines[i];
    return fax_server_upload(sending->self->server, file, sending->tiff->data, sending->tiff->len,
                             before, after, reply);
}

/* False: the rest is not to be tried, as said in `why`. */
static bool submit(struct sending *sending, int job, enum fl_call *out_call, struct fl_why *why)
{
    static const char *const command[] = {"JSUBM", NULL};
    struct fax *self = sending->self;
    struct fax_reply reply;
    enum fax_result result;

    if (FL_HAS(self->services, begin) &&
        self->services->begin(self->services->host, sending->report.item) != 0) {
        *out_call = plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "nobody listens");
        return false;
    }
    result = fax_server_say(self->server, command, "JSUBM", &reply);
    sending->report.code = reply.code;
    if (result == FAX_OK) {
        g_snprintf(sending->ref, sizeof sending->ref, "%d", job);
        sending->report.provider_ref = sending->ref;
        sending->report.units = (int32_t)sending->n_pages;
        return say(sending, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE, reply.text);
    }
    if (result == FAX_REFUSED)
        return say(sending, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE, reply.text);
    *out_call = fax_server_why(self->server, result, &reply, why);
    sending->report.code = 0;
    if (reply.is_sent)
        say(sending, FL_OUTCOME_UNCERTAIN, FL_FAULT_TRANSIENT,
            "the connection broke after the job was submitted");
    else
        say(sending, FL_OUTCOME_NOT_TRIED, FL_FAULT_TRANSIENT, "the connection broke");
    return false;
}

static bool send_item(struct sending *sending, enum fl_call *out_call, struct fl_why *why)
{
    struct fax *self = sending->self;
    struct fax_reply reply;
    enum fax_result result;

    if (!fax_number_dial(&self->set, sending->item->to_address, sending->number))
        return say(sending, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS,
                   "the address is no international telephone number");
    if (strlen(sending->item->token_identity) != FAX_TOKEN_LEN)
        return say(sending, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE, "the message has no token");
    if (!fax_tiff_of_item(&self->set, sending->item, sending->tiff, &sending->n_pages, sending->why,
                          sizeof sending->why))
        return say(sending, FL_OUTCOME_FAILED, FL_FAULT_CONTENT, sending->why);
    result = prepare(sending, &reply);
    if (result == FAX_REFUSED)
        return say(sending, reply.code < 500 ? FL_OUTCOME_DEFERRED : FL_OUTCOME_FAILED,
                   reply.code < 500 ? FL_FAULT_TRANSIENT : FL_FAULT_OUR_SIDE, reply.text);
    if (result != FAX_OK || !reply.job) {
        *out_call = fax_server_why(self->server, result == FAX_OK ? FAX_AWAY : result, &reply, why);
        return false;
    }
    return submit(sending, reply.job, out_call, why);
}

enum fl_call fax_send(struct fax *self, const struct fl_item *const *items, size_t n_items,
                      struct fl_why *why)
{
    for (size_t i = 0; i < n_items; i++) {
        struct sending sending = {
            .self = self,
            .item = items[i],
            .report = {.size = sizeof sending.report, .item = (uint32_t)i},
            .tiff = g_byte_array_new(),
        };
        enum fl_call call = FL_CALL_OK;
        bool goes_on = send_item(&sending, &call, why);

        g_byte_array_free(sending.tiff, TRUE);
        if (!goes_on)
            return call != FL_CALL_OK
                       ? call
                       : plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "nobody listens");
        if (i + 1 < n_items && fax_is_stopping(self))
            return plug_why(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "asked to stop");
    }
    return FL_CALL_OK;
}
