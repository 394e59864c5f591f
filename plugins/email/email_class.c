/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An SMTP reply to outcome and fault class, by one table.
 *
 * The enhanced status (RFC 3463) says more than the code and comes first; the bare code (RFC 5321)
 * is read by the stage it was given at, because 550 to RCPT is about the address and 550 to the
 * message is not.
 */
#include "email_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANY = -1, ALL = EMAIL_STAGE_MAIL | EMAIL_STAGE_RCPT | EMAIL_STAGE_DATA };
enum { TO = EMAIL_STAGE_RCPT, AFTER = EMAIL_STAGE_DATA, FROM = EMAIL_STAGE_MAIL };

struct rule {
    int stages;
    int code;                    /* ANY, a digit for the class, or the whole */
    int enh_subject, enh_detail; /* ANY; a rule that names them needs a status in the reply */
    enum fl_outcome outcome;
    enum fl_fault_class fault;
};

/* First match wins. */
static const struct rule rules[] = {
    {ALL, 421, ANY, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
    /* temporary */
    {ALL, 4, 1, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_ADDRESS},
    {ALL, 4, 2, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_MAILBOX},
    {ALL, 4, 3, 4, FL_OUTCOME_DEFERRED, FL_FAULT_CONTENT},
    {ALL, 4, 4, 5, FL_OUTCOME_DEFERRED, FL_FAULT_THROTTLED},
    {ALL, 4, 5, 3, FL_OUTCOME_DEFERRED, FL_FAULT_THROTTLED},
    {ALL, 4, 6, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_CONTENT},
    {ALL, 454, 7, 0, FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE},
    {ALL, 4, 7, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_THROTTLED}, /* greylisting, rate */
    {ALL, 4, 3, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
    {ALL, 4, 4, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
    {TO, 450, ANY, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_MAILBOX},
    {TO, 452, ANY, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_MAILBOX},
    {ALL, 432, ANY, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE},
    {ALL, 454, ANY, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE},
    {ALL, 4, ANY, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT},
    /* for good, by enhanced status */
    {ALL, 5, 1, 7, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE}, /* the sender's address */
    {ALL, 5, 1, 8, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
    {FROM, 5, 1, ANY, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
    {ALL, 5, 1, ANY, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
    {ALL, 5, 2, 3, FL_OUTCOME_FAILED, FL_FAULT_CONTENT}, /* too long for this mailbox */
    {ALL, 5, 2, ANY, FL_OUTCOME_BOUNCED, FL_FAULT_MAILBOX},
    {ALL, 5, 3, 4, FL_OUTCOME_FAILED, FL_FAULT_CONTENT},  /* too big */
    {ALL, 5, 4, 1, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS}, /* how Exchange says "nobody" */
    {ALL, 5, 4, 4, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS}, /* no route */
    {ALL, 5, 4, 6, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE}, /* loop */
    {ALL, 5, 4, 7, FL_OUTCOME_BOUNCED, FL_FAULT_TRANSIENT},
    {TO, 550, 5, 0, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS}, /* a bare 550 dressed up */
    {ALL, 5, 5, 3, FL_OUTCOME_FAILED, FL_FAULT_THROTTLED},
    {AFTER, 503, ANY, ANY, FL_OUTCOME_DEFERRED, FL_FAULT_UNKNOWN}, /* follows an earlier refusal */
    {AFTER, 554, 5, 1, FL_OUTCOME_DEFERRED, FL_FAULT_UNKNOWN},     /* no valid recipients */
    {ALL, 5, 5, ANY, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
    {ALL, 5, 6, ANY, FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
    {ALL, 5, 7, 8, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE}, /* credentials */
    {ALL, 5, 7, 9, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
    {ALL, 5, 7, 11, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
    {ALL, 5, 7, 14, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
    {ALL, 5, 7, 17, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS}, /* the mailbox has a new owner */
    {ALL, 530, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
    {ALL, 535, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
    {ALL, 5, 7, ANY, FL_OUTCOME_FAILED, FL_FAULT_POLICY},
    {ALL, 5, 3, ANY, FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN},
    {ALL, 5, 4, ANY, FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN},
    /* for good, by bare code */
    {ALL, 534, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
    {ALL, 538, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
    {ALL, 521, ANY, ANY, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS}, /* RFC 7504: takes no mail */
    {ALL, 556, ANY, ANY, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
    {ALL, 523, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
    {TO, 550, ANY, ANY, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
    {TO, 551, ANY, ANY, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
    {TO, 552, ANY, ANY, FL_OUTCOME_BOUNCED, FL_FAULT_MAILBOX},
    {TO, 553, ANY, ANY, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS},
    {FROM, 552, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_CONTENT}, /* the SIZE we announced */
    {AFTER, 552, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_CONTENT},
    {FROM, 553, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE},
    {FROM, 550, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_POLICY},
    {AFTER, 550, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_POLICY},
    {ALL, 554, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_POLICY},
    {ALL, 5, ANY, ANY, FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE}, /* 500-504: a command of ours */
};

static bool code_matches(int rule_code, int code)
{
    return rule_code < 10 ? code / 100 == rule_code : code == rule_code;
}

struct email_verdict email_classify(enum email_stage stage, const struct email_reply *reply)
{
    struct email_verdict verdict = {FL_OUTCOME_DEFERRED, FL_FAULT_UNKNOWN};
    /* A status of another class than the code is noise. */
    bool has_status = reply->enh_class && reply->enh_class == reply->code / 100;

    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        const struct rule *rule = &rules[i];

        if (!(rule->stages & (int)stage) || !code_matches(rule->code, reply->code))
            continue;
        if (rule->enh_subject != ANY && (!has_status || rule->enh_subject != reply->enh_subject))
            continue;
        if (rule->enh_detail != ANY && rule->enh_detail != reply->enh_detail)
            continue;
        verdict.outcome = rule->outcome;
        verdict.fault = rule->fault;
        break;
    }
    return verdict;
}

bool email_reply_parse(const char *line, struct email_reply *out)
{
    struct email_reply reply = {0};
    int used = 0;
    char *end;

    if (!g_ascii_isdigit(line[0]) || !g_ascii_isdigit(line[1]) || !g_ascii_isdigit(line[2]))
        return false;
    reply.code = (int)strtol(line, &end, 10);
    if (end != line + 3 || (*end && !strchr(" -\r\n", *end)))
        return false;
    line = *end ? end + 1 : end;
    if (sscanf(line, "%1d.%3d.%3d%n", &reply.enh_class, &reply.enh_subject, &reply.enh_detail,
               &used) == 3 &&
        used && (!line[used] || g_ascii_isspace(line[used])))
        line += used;
    else
        reply.enh_class = reply.enh_subject = reply.enh_detail = 0;
    while (*line == ' ')
        line++;
    g_strlcpy(reply.text, line, sizeof reply.text);
    g_strchomp(reply.text);
    *out = reply;
    return true;
}
