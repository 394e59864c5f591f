/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The state and words of a job to outcome and class.
 *
 * Words are HylaFAX's own, those of its modem drivers, and the causes of ISDN and SIP gateways that
 * come through as words.  A machine that is busy, silent or not a fax is the customer's for now
 * (MAILBOX): it suppresses nothing.  Only a number that is not in service is a wrong address.
 */
#include "fax/fax_private.h"

#include <string.h>

static const struct {
    const char *words; /* contained, in any case */
    enum fl_fault_class fault;
} rules[] = {
    {"not in service", FL_FAULT_ADDRESS},
    {"unallocated", FL_FAULT_ADDRESS},
    {"unassigned number", FL_FAULT_ADDRESS},
    {"number changed", FL_FAULT_ADDRESS},
    {"no such number", FL_FAULT_ADDRESS},
    {"invalid dialing command", FL_FAULT_OUR_SIDE},
    {"convert dial string", FL_FAULT_OUR_SIDE},
    {"no local dialtone", FL_FAULT_OUR_SIDE},
    {"no dialtone", FL_FAULT_OUR_SIDE},
    {"blacklisted", FL_FAULT_OUR_SIDE},
    {"operator intervention", FL_FAULT_OUR_SIDE},
    {"aborted by", FL_FAULT_OUR_SIDE},
    {"killed", FL_FAULT_OUR_SIDE},
    {"rejected", FL_FAULT_OUR_SIDE},
    {"document conversion failed", FL_FAULT_OUR_SIDE},
    {"modem power", FL_FAULT_OUR_SIDE},
    {"too many pages", FL_FAULT_CONTENT},
    {"busy", FL_FAULT_MAILBOX},
    {"no answer", FL_FAULT_MAILBOX},
    {"no carrier", FL_FAULT_MAILBOX},
    {"ring", FL_FAULT_MAILBOX},
    {"no receiver protocol", FL_FAULT_MAILBOX},
    {"no t.4 receiver", FL_FAULT_MAILBOX},
    {"too many attempts to dial", FL_FAULT_MAILBOX},
    {"kill time expired", FL_FAULT_TRANSIENT},
    {"too many attempts to transmit", FL_FAULT_TRANSIENT},
    {"no response to", FL_FAULT_TRANSIENT},
    {"disconnect", FL_FAULT_TRANSIENT},
    {"train", FL_FAULT_TRANSIENT},
    {"timeout", FL_FAULT_TRANSIENT},
    {"carrier", FL_FAULT_TRANSIENT},
};

static enum fl_fault_class fault_of(const char *words)
{
    g_autofree char *lower = g_ascii_strdown(words, -1);

    /* The scheduler did not like the job: nothing of that has to do with the customer, but for the
     * attempts, which are what became of it. */
    if (g_str_has_prefix(lower, "reject") && !strstr(lower, "attempts") && !strstr(lower, "pages"))
        return FL_FAULT_OUR_SIDE;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strstr(lower, rules[i].words))
            return rules[i].fault;
    }
    return FL_FAULT_UNKNOWN;
}

struct fax_verdict fax_job_classify(const struct fax_job *job)
{
    enum fl_fault_class fault;

    if (job->state == 'D')
        return (struct fax_verdict){FL_OUTCOME_DELIVERED, FL_FAULT_NONE};
    if (job->state != 'F')
        return (struct fax_verdict){FL_OUTCOME_ACCEPTED, FL_FAULT_NONE};
    fault = fault_of(job->words);
    return (struct fax_verdict){fault == FL_FAULT_ADDRESS || fault == FL_FAULT_MAILBOX
                                    ? FL_OUTCOME_BOUNCED
                                    : FL_OUTCOME_FAILED,
                                fault};
}
