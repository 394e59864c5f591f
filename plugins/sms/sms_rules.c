/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a status, a code or words of the peer mean. */
#include "sms_private.h"

#include <string.h>

static const struct {
    const char *name;
    struct sms_verdict verdict;
} outcomes[] = {
    {"accepted", {FL_OUTCOME_ACCEPTED, FL_FAULT_NONE, false}},
    {"delivered", {FL_OUTCOME_DELIVERED, FL_FAULT_NONE, false}},
    {"deferred", {FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT, false}},
    {"bounced", {FL_OUTCOME_BOUNCED, FL_FAULT_UNKNOWN, false}},
    {"failed", {FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN, false}},
    {"uncertain", {FL_OUTCOME_UNCERTAIN, FL_FAULT_TRANSIENT, false}},
    {"stop", {FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE, true}},
};
static const char *const faults[] = {"none",     "address",   "mailbox",   "content", "policy",
                                     "our_side", "throttled", "transient", "unknown"};

static bool fault_find(const char *name, enum fl_fault_class *out)
{
    for (size_t i = 0; name && i < G_N_ELEMENTS(faults); i++) {
        if (strcmp(faults[i], name) == 0) {
            *out = (enum fl_fault_class)i;
            return true;
        }
    }
    return false;
}

static bool outcome_find(const char *name, struct sms_verdict *out)
{
    for (size_t i = 0; name && i < G_N_ELEMENTS(outcomes); i++) {
        if (strcmp(outcomes[i].name, name) == 0) {
            *out = outcomes[i].verdict;
            return true;
        }
    }
    return false;
}

/* 404 or "4xx" */
static bool status_read(json_t *value, int *low, int *high)
{
    const char *text = json_string_value(value);

    if (json_is_integer(value)) {
        *low = *high = (int)json_integer_value(value);
        return *low >= 100 && *low <= 599;
    }
    if (!text || text[0] < '1' || text[0] > '5' || strcmp(text + 1, "xx") != 0)
        return false;
    *low = (text[0] - '0') * 100;
    *high = *low + 99;
    return true;
}

static const char *rule_read(json_t *object, struct sms_rule *out)
{
    static const char *const known[] = {"status", "code", "match", "outcome",
                                        "fault",  "stop", NULL};
    json_t *code = json_object_get(object, "code");
    json_t *match = json_object_get(object, "match");
    json_t *status = json_object_get(object, "status");
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (!g_strv_contains(known, key))
            return "has a member that is none of status, code, match, outcome, fault, stop";
    }
    if (!json_is_object(object) || (!code && !match && !status))
        return "is no object with status, code or match";
    if (status && !status_read(status, &out->status_low, &out->status_high))
        return "status is neither a number from 100 to 599 nor like \"4xx\"";
    if (code && !json_is_string(code))
        return "code is no text";
    out->code = json_string_value(code);
    if (!outcome_find(json_string_value(json_object_get(object, "outcome")), &out->verdict))
        return "outcome is none of accepted, delivered, deferred, bounced, failed, uncertain, stop";
    value = json_object_get(object, "fault");
    if (value && !fault_find(json_string_value(value), &out->verdict.fault))
        return "fault is none of none, address, mailbox, content, policy, our_side, throttled, "
               "transient, unknown";
    value = json_object_get(object, "stop");
    if (value && !json_is_boolean(value))
        return "stop is neither true nor false";
    out->verdict.stops |= json_is_true(value);
    if (match && (!json_is_string(match) || regcomp(&out->match, json_string_value(match),
                                                    REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0))
        return "match is no regular expression";
    out->has_match = match != NULL;
    return NULL;
}

bool sms_rules_read(json_t *list, struct sms_rules *out, size_t *out_at, char **out_reason)
{
    size_t n = json_array_size(list);

    *out = (struct sms_rules){.items = NULL};
    if (!json_is_array(list)) {
        *out_at = 0;
        *out_reason = g_strdup("is no list of rules");
        return false;
    }
    out->items = g_new0(struct sms_rule, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        const char *trouble = rule_read(json_array_get(list, i), &out->items[i]);

        if (trouble) {
            *out_at = i;
            *out_reason = g_strdup(trouble);
            out->n = i;
            return false;
        }
        out->n = i + 1;
    }
    return true;
}

void sms_rules_finish(struct sms_rules *rules)
{
    for (size_t i = 0; i < rules->n; i++) {
        if (rules->items[i].has_match)
            regfree(&rules->items[i].match);
    }
    g_free(rules->items);
    *rules = (struct sms_rules){.items = NULL};
}

bool sms_rules_apply(const struct sms_rules *rules, long status, const char *code,
                     const char *detail, struct sms_verdict *out)
{
    for (size_t i = 0; i < rules->n; i++) {
        const struct sms_rule *rule = &rules->items[i];

        if (rule->status_low && (status < rule->status_low || status > rule->status_high))
            continue;
        if (rule->code && (!code || strcmp(rule->code, code) != 0))
            continue;
        if (rule->has_match && regexec(&rule->match, detail ? detail : "", 0, NULL, 0) != 0)
            continue;
        *out = rule->verdict;
        return true;
    }
    return false;
}

struct sms_verdict sms_status_verdict(long status)
{
    switch (status) {
    case 401:
    case 403:
    case 404:
    case 405:
    case 407:
        return (struct sms_verdict){FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE, true};
    case 402: /* the account is empty */
        return (struct sms_verdict){FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE, true};
    case 408:
        return (struct sms_verdict){FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT, false};
    case 413:
        return (struct sms_verdict){FL_OUTCOME_FAILED, FL_FAULT_CONTENT, false};
    case 429:
        return (struct sms_verdict){FL_OUTCOME_DEFERRED, FL_FAULT_THROTTLED, true};
    case 503:
        return (struct sms_verdict){FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT, true};
    case 502:
    case 504: /* a proxy speaks: what the gateway behind it did, nobody knows */
        return (struct sms_verdict){FL_OUTCOME_UNCERTAIN, FL_FAULT_TRANSIENT, false};
    default:
        break;
    }
    if (status >= 500)
        return (struct sms_verdict){FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT, false};
    if (status >= 400)
        return (struct sms_verdict){FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN, false};
    if (status >= 300) /* the URL is not the gateway's */
        return (struct sms_verdict){FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE, true};
    return (struct sms_verdict){FL_OUTCOME_UNCERTAIN, FL_FAULT_UNKNOWN, false};
}
