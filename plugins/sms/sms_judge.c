/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An answer to outcome, class, reference and cost. */
#include "sms_private.h"

#include <string.h>

void sms_result_finish(struct sms_result *result)
{
    g_free(result->detail);
    g_free(result->reference);
    g_free(result->currency);
    *result = (struct sms_result){.code = 0};
}

void sms_result_set(struct sms_result *out, enum fl_outcome outcome, enum fl_fault_class fault,
                    const char *fmt, ...)
{
    va_list ap;

    sms_result_finish(out);
    out->verdict = (struct sms_verdict){.outcome = outcome, .fault = fault};
    va_start(ap, fmt);
    out->detail = g_strdup_vprintf(fmt, ap);
    va_end(ap);
}

json_t *sms_answer_read(const struct sms_answer *answer, const struct sms_exchange *exchange)
{
    json_t *root = json_object();
    char *reason = NULL;
    json_t *body = sms_value_parse((enum sms_type)answer->type, exchange->answer->str,
                                   exchange->answer->len, exchange->answer_charset, &reason);

    json_object_set_new(root, "status", json_integer(exchange->status));
    if (body)
        json_object_set_new(root, "body", body);
    g_free(reason);
    return root;
}

/* One line of what the peer said, short enough to be kept. */
static char *words_of(const struct sms_exchange *exchange, const char *detail)
{
    char *text = detail ? sms_text_clean(detail, strlen(detail))
                        : sms_text_clean(exchange->answer->str, exchange->answer->len);
    char *cut = g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), (glong)SMS_DETAIL_MAX));
    char *line = g_strdelimit(cut, "\n\r\t", ' ');
    char *out = g_strdup_printf("HTTP %ld: %s", exchange->status, line);

    g_free(cut);
    g_free(text);
    return out;
}

static bool equals_any(json_t *values, const char *text)
{
    size_t n = json_is_array(values) ? json_array_size(values) : 1;

    for (size_t i = 0; text && i < n; i++) {
        const char *value =
            json_string_value(json_is_array(values) ? json_array_get(values, i) : values);

        if (value && strcmp(value, text) == 0)
            return true;
    }
    return false;
}

static bool is_success(const struct sms_answer *answer, long status, json_t *item, json_t *root)
{
    char *text;
    bool is_fine;

    if (status < answer->status_low || status > answer->status_high ||
        !json_object_get(root, "body"))
        return false;
    if (!answer->success_path)
        return true;
    text = sms_value_text(item, root, answer->success_path);
    is_fine = text != NULL;
    if (is_fine && answer->success_equals)
        is_fine = equals_any(answer->success_equals, text);
    if (is_fine && answer->has_success_match)
        is_fine = regexec(&answer->success_match, text, 0, NULL, 0) == 0;
    g_free(text);
    return is_fine;
}

static bool names(json_t *element, json_t *paths, const char *to)
{
    char *text = sms_value_text(element, element, paths);
    bool is_same;

    /* Gateways give numbers back with and without what stands in front. */
    is_same = text && (strcmp(text, to) == 0 || (*to == '+' && strcmp(text, to + 1) == 0) ||
                       (*text == '+' && strcmp(text + 1, to) == 0));
    g_free(text);
    return is_same;
}

static json_t *element_of(const struct sms_answer *answer, json_t *root, size_t index,
                          const char *to)
{
    json_t *list = sms_value_at(root, answer->list);
    size_t n = json_is_array(list) ? json_array_size(list) : list ? 1 : 0;

    for (size_t i = 0; i < n; i++) {
        json_t *element = json_is_array(list) ? json_array_get(list, i) : list;

        if (answer->match ? names(element, answer->match, to) : i == index)
            return element;
    }
    return NULL;
}

/* What the gateway says of one recipient, without what it says of the others. */
static char *element_words(json_t *element)
{
    char *dump = json_dumps(element, JSON_COMPACT | JSON_ENCODE_ANY);
    char *words = g_strdup(dump ? dump : "");

    free(dump);
    return words;
}

static struct sms_verdict judge(const struct sms_answer *answer,
                                const struct sms_exchange *exchange, json_t *root, json_t *item,
                                const char *code, const char *detail)
{
    bool is_positive =
        exchange->status >= answer->status_low && exchange->status <= answer->status_high;
    struct sms_verdict verdict;

    if (item && is_success(answer, exchange->status, item, root))
        return (struct sms_verdict){.outcome = FL_OUTCOME_ACCEPTED};
    if (sms_rules_apply(&answer->rules, exchange->status, code, detail, &verdict))
        return verdict;
    /* A gateway that says yes and cannot be understood may have sent it. */
    if (is_positive && (!item || !json_object_get(root, "body") || (!code && !answer->list)))
        return (struct sms_verdict){FL_OUTCOME_UNCERTAIN, FL_FAULT_UNKNOWN, false};
    if (is_positive)
        return (struct sms_verdict){FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN, false};
    return sms_status_verdict(exchange->status);
}

void sms_answer_judge(const struct sms_answer *answer, const struct sms_exchange *exchange,
                      json_t *root, size_t index, const char *to, struct sms_result *out)
{
    json_t *item = answer->list ? element_of(answer, root, index, to) : root;
    json_t *source = item ? item : root;
    char *code = sms_value_text(source, root, answer->code);
    char *detail = sms_value_text(source, root, answer->detail);
    char *cost = sms_value_text(source, root, answer->cost);
    char *parts = sms_value_text(source, root, answer->parts);
    char *end = NULL;
    gint64 number = code ? g_ascii_strtoll(code, &end, 10) : 0;

    sms_result_finish(out);
    if (!detail && answer->list && item)
        detail = element_words(item);
    out->detail = words_of(exchange, detail);
    out->verdict =
        judge(answer, exchange, root, item, code, detail ? detail : exchange->answer->str);
    out->code = code && *code && !*end && number > INT32_MIN && number < INT32_MAX
                    ? (int32_t)number
                    : (int32_t)exchange->status;
    out->reference = sms_value_text(source, root, answer->reference);
    out->currency = sms_value_text(source, root, answer->currency);
    out->cost_micro = sms_value_micro(cost);
    if (parts)
        out->parts = (int32_t)CLAMP(g_ascii_strtoll(parts, NULL, 10), 0, SMS_PARTS_MAX);
    g_free(code);
    g_free(detail);
    g_free(cost);
    g_free(parts);
}
