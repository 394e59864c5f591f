/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is reported of each message of an SMTP session. */
#include "email_smtp_private.h"

#include <string.h>

/* "250 2.0.0 Ok: queued as 4XyZ1" gives the peer's own name of the message. */
static void queue_id_copy(char *out, size_t out_size, const char *text)
{
    const char *p = strstr(text, "queued as ");
    size_t n = 0;

    if (p) {
        for (p += strlen("queued as "); g_ascii_isalnum(*p) && n + 1 < out_size; p++)
            out[n++] = *p;
    }
    out[n] = '\0';
}

void email_smtp_slot_report(struct smtp_slot *slot, enum fl_outcome outcome,
                            enum fl_fault_class fault, const struct email_reply *reply,
                            const char *detail)
{
    const struct fl_services *services = slot->run->self->services;
    char status[32] = "", queue_id[64] = "", text[640];
    struct fl_report report = {.size = sizeof report,
                               .item = slot->item,
                               .outcome = outcome,
                               .fault = fault,
                               .status = status,
                               .detail = detail,
                               .provider_ref = queue_id};

    if (slot->is_reported)
        return;
    if (reply) {
        report.code = reply->code;
        if (reply->enh_class)
            g_snprintf(status, sizeof status, "%d.%d.%d", reply->enh_class, reply->enh_subject,
                       reply->enh_detail);
        queue_id_copy(queue_id, sizeof queue_id, reply->text);
    }
    if (reply && reply->text[0]) {
        g_snprintf(text, sizeof text, "%s%s%s", detail ? detail : "", detail ? ": " : "",
                   reply->text);
        report.detail = text;
    }
    slot->is_reported = true;
    if (services->report(services->host, &report) != 0)
        slot->run->is_deaf = slot->run->is_ending = true;
}

void email_smtp_slot_drop_body(struct smtp_slot *slot)
{
    if (slot->body)
        g_string_free(slot->body, TRUE);
    slot->body = NULL;
}

void email_smtp_reply_read(const smtp_status_t *status, struct email_reply *out)
{
    memset(out, 0, sizeof *out);
    if (!status)
        return;
    out->code = status->code;
    out->enh_class = status->enh_class;
    out->enh_subject = status->enh_subject;
    out->enh_detail = status->enh_detail;
    if (status->text) {
        g_strlcpy(out->text, status->text, sizeof out->text);
        g_strdelimit(out->text, "\r\n\t", ' ');
        g_strchomp(out->text);
    }
}

void email_smtp_run_note(struct smtp_run *run, enum fl_fault_class fault, const char *fmt, ...)
{
    va_list ap;

    run->is_ending = true;
    if (run->stop.text[0])
        return;
    va_start(ap, fmt);
    g_vsnprintf(run->stop.text, sizeof run->stop.text, fmt, ap);
    va_end(ap);
    run->stop.fault = fault;
}

void email_smtp_slot_refused(struct smtp_slot *slot, enum email_stage stage,
                             const struct email_reply *reply)
{
    struct email_verdict verdict = email_classify(stage, reply);

    email_smtp_slot_report(slot, verdict.outcome, verdict.fault, reply, NULL);
    if (reply->code == 421)
        email_smtp_run_note(slot->run, FL_FAULT_TRANSIENT, "\"%s\" ends the session: 421 %s",
                            slot->run->self->set.host, reply->text);
}

uint32_t email_smtp_run_settle(struct smtp_run *run)
{
    /* libesmtp gives up on a reply whose lines differ in status; it was read along here. */
    const struct email_reply *end = &run->wire.end;
    uint32_t untried = 0;

    for (uint32_t i = 0; i < run->n_items; i++) {
        struct smtp_slot *slot = &run->slots[i];

        if (slot->is_reported)
            continue;
        if (slot->is_ended && slot == run->current && end->code >= 400)
            email_smtp_slot_refused(slot, EMAIL_STAGE_DATA, end);
        else if (slot->is_ended && slot == run->current && end->code / 100 == 2)
            email_smtp_slot_report(slot, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE, end, NULL);
        else if (slot->is_ended)
            email_smtp_slot_report(slot, FL_OUTCOME_UNCERTAIN, FL_FAULT_TRANSIENT, NULL,
                                   "the message was sent and no reply came");
        else if (slot->is_begun)
            email_smtp_slot_report(slot, FL_OUTCOME_DEFERRED, run->stop.fault, NULL,
                                   run->stop.text);
        else
            untried++;
    }
    return untried;
}
