/* SPDX-License-Identifier: MIT
 *
 * A line of the program, read strictly: members it has beside the known ones are ignored, a known
 * one that is of another type, out of range or an unknown word is refused in a sentence. */
#include <limits.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec_private.h"

enum { WORDS_MAX = 200, SHOWN_MAX = 80 };

const char *const exec_verb_names[EXEC_N_VERBS] = {"report", "inbound", "receipt", "response",
                                                   "begin",  "commit",  "log",     "remember",
                                                   "recall", "wake",    "done"};

static const char *const outcomes[] = {"not_tried", "accepted", "delivered", "deferred",
                                       "bounced",   "failed",   "uncertain", NULL};
static const char *const faults[] = {"none",     "address",   "mailbox",   "content", "policy",
                                     "our_side", "throttled", "transient", "unknown", NULL};
static const char *const inbound_kinds[] = {"mail", "text", "image", "form", NULL};
static const char *const receipt_kinds[] = {"outcome", "click", "open", NULL};
static const char *const calls[] = {"ok", "retry", "failed", "unsupported", NULL};
static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const enum fl_level level_values[] = {FL_LEVEL_ERROR, FL_LEVEL_WARN, FL_LEVEL_INFO,
                                             FL_LEVEL_DEBUG};

/* Reads the members of one object; the first fault is kept, and everything after it is skipped. */
struct reader {
    const char *what; /* the object's own name, for sentences */
    json_t *object;
    char *why;
    bool is_bad;
};

__attribute__((format(printf, 2, 3))) static void refuse(struct reader *r, const char *fmt, ...)
{
    va_list ap;

    if (r->is_bad)
        return;
    r->is_bad = true;
    va_start(ap, fmt);
    vsnprintf(r->why, EXEC_WHY_MAX, fmt, ap);
    va_end(ap);
}

static struct reader read_object(struct reader *outer, const char *what, json_t *object)
{
    struct reader r = {.what = what, .object = object, .why = outer->why, .is_bad = outer->is_bad};

    if (!json_is_object(object))
        refuse(&r, "\"%s\" is no object, expected {...}", what);
    return r;
}

/* NULL where it is missing or null. */
static const char *get_text(struct reader *r, const char *key)
{
    json_t *value = json_object_get(r->object, key);

    if (!value || json_is_null(value))
        return NULL;
    if (!json_is_string(value))
        refuse(r, "\"%s\" of \"%s\" is no text, expected \"...\"", key, r->what);
    return json_string_value(value);
}

static const char *need_text(struct reader *r, const char *key)
{
    const char *s = get_text(r, key);

    if (!s || !*s)
        refuse(r, "\"%s\" has no \"%s\", expected some text", r->what, key);
    return s;
}

static int64_t get_number(struct reader *r, const char *key, int64_t min, int64_t max)
{
    json_t *value = json_object_get(r->object, key);

    if (!value || json_is_null(value))
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < min ||
        json_integer_value(value) > max)
        refuse(r, "\"%s\" of \"%s\" is no whole number from %lld to %lld", key, r->what,
               (long long)min, (long long)max);
    return json_integer_value(value);
}

static bool get_flag(struct reader *r, const char *key)
{
    json_t *value = json_object_get(r->object, key);

    if (value && !json_is_boolean(value) && !json_is_null(value))
        refuse(r, "\"%s\" of \"%s\" is neither true nor false", key, r->what);
    return json_is_true(value);
}

/* The place of a word in a list; `otherwise` where it is missing. */
static int get_word(struct reader *r, const char *key, const char *const words[], int otherwise)
{
    const char *s = get_text(r, key);
    char all[WORDS_MAX] = "";
    size_t used = 0;

    if (!s && otherwise >= 0)
        return otherwise;
    for (int i = 0; words[i]; i++) {
        if (s && strcmp(words[i], s) == 0)
            return i;
        if (used < sizeof all)
            used +=
                (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", words[i]);
    }
    refuse(r, "\"%s\" of \"%s\" is \"%.*s\", expected one of %s", key, r->what, SHOWN_MAX,
           s ? s : "", all);
    return 0;
}

static void read_report(struct reader *r, struct fl_report *out)
{
    *out = (struct fl_report){
        .size = sizeof *out,
        .item = (uint32_t)get_number(r, "item", 0, EXEC_BATCH_MAX - 1),
        .outcome = (enum fl_outcome)get_word(r, "outcome", outcomes, -1),
        .fault = (enum fl_fault_class)get_word(r, "fault", faults, FL_FAULT_NONE),
        .code = (int32_t)get_number(r, "code", INT32_MIN, INT32_MAX),
        .status = get_text(r, "status"),
        .detail = get_text(r, "detail"),
        .provider_ref = get_text(r, "provider_ref"),
        .cost_micro = get_number(r, "cost_micro", 0, INT64_MAX),
        .currency = get_text(r, "currency"),
        .units = (int32_t)get_number(r, "units", 0, INT32_MAX),
        .retry_after_us = get_number(r, "retry_after_us", 0, INT64_MAX),
    };
}

/* Text under one key, or base64 under another; decoded bytes are kept in the line. */
static void get_data(struct reader *r, struct exec_line *line, const char *text_key,
                     const char *base64_key, const void **out, size_t *out_len)
{
    const char *base64 = get_text(r, base64_key);
    size_t len = base64 ? strlen(base64) : 0;
    int n;

    *out = get_text(r, text_key);
    *out_len = *out ? json_string_length(json_object_get(r->object, text_key)) : 0;
    if (!base64 || r->is_bad)
        return;
    if (*out || len % 4 || len > INT_MAX) {
        refuse(r, "\"%s\" of \"%s\" is no base64, or stands beside \"%s\"", base64_key, r->what,
               text_key);
        return;
    }
    line->bytes = malloc(len / 4 * 3 + 1);
    n = line->bytes ? EVP_DecodeBlock(line->bytes, (const unsigned char *)base64, (int)len) : -1;
    if (n < 0) {
        refuse(r, "\"%s\" of \"%s\" is no base64", base64_key, r->what);
        return;
    }
    for (size_t i = len; i > 0 && i > len - 2 && base64[i - 1] == '='; i--)
        n--;
    *out = line->bytes;
    *out_len = (size_t)n;
}

static void read_inbound(struct reader *r, struct exec_line *line)
{
    struct fl_inbound *out = &line->inbound;
    json_t *form = json_object_get(r->object, "form");

    *out = (struct fl_inbound){
        .size = sizeof *out,
        .kind = (enum fl_inbound_kind)(FL_INBOUND_MAIL + get_word(r, "kind", inbound_kinds, -1)),
        .dedupe_key = need_text(r, "dedupe_key"),
        .content_type = get_text(r, "content_type"),
        .from_address = get_text(r, "from_address"),
        .to_address = get_text(r, "to_address"),
        .received_us = get_number(r, "received_us", 0, INT64_MAX),
        .is_authenticated = get_flag(r, "is_authenticated"),
    };
    line->file = get_text(r, "file");
    get_data(r, line, "data", "data_base64", &out->data, &out->data_len);
    if (form && !json_is_object(form))
        refuse(r, "\"form\" of \"%s\" is no object, expected {...}", r->what);
    if (form && !r->is_bad) {
        line->form = json_dumps(form, JSON_COMPACT);
        out->form = line->form;
        if (out->kind == FL_INBOUND_FORM && !out->data && !line->file && line->form) {
            out->data = line->form;
            out->data_len = strlen(line->form);
            out->form = NULL;
        }
    }
    if (!out->data && !line->file)
        refuse(r, "\"%s\" has none of \"data\", \"data_base64\", \"file\"", r->what);
    if (line->file && (out->data || *line->file != '/'))
        refuse(r, "\"file\" of \"%s\" is no absolute path, or stands beside data", r->what);
}

static void read_receipt(struct reader *r, struct fl_receipt *out)
{
    *out = (struct fl_receipt){
        .size = sizeof *out,
        .kind = (enum fl_receipt_kind)(FL_RECEIPT_OUTCOME + get_word(r, "kind", receipt_kinds, 0)),
        .dedupe_key = need_text(r, "dedupe_key"),
        .token = get_text(r, "token"),
        .provider_ref = get_text(r, "provider_ref"),
        .report = {.size = sizeof out->report},
        .at_us = get_number(r, "at_us", 0, INT64_MAX),
        .is_authenticated = get_flag(r, "is_authenticated"),
        .target = get_text(r, "target"),
    };
    if (!out->token && !out->provider_ref)
        refuse(r, "\"%s\" has neither \"token\" nor \"provider_ref\"", r->what);
    if (out->kind == FL_RECEIPT_OUTCOME) {
        struct reader report = read_object(r, "report", json_object_get(r->object, "report"));

        if (!report.is_bad)
            read_report(&report, &out->report);
        r->is_bad = r->is_bad || report.is_bad;
    }
}

static void read_response(struct reader *r, struct exec_line *line)
{
    struct fl_http_response *out = &line->response;

    *out = (struct fl_http_response){
        .size = sizeof *out,
        .status = (int32_t)get_number(r, "status", 100, 599),
        .content_type = get_text(r, "content_type"),
        .location = get_text(r, "location"),
    };
    get_data(r, line, "body", "body_base64", &out->body, &out->body_len);
}

/* "recall":"key" and "begin":0 are no objects: their value is read as a member of the line. */
static void read_verb(struct reader *r, json_t *value, struct exec_line *line)
{
    struct reader inner = {.why = r->why};

    switch (line->verb) {
    case EXEC_REPORT:
    case EXEC_INBOUND:
    case EXEC_RECEIPT:
    case EXEC_RESPONSE:
    case EXEC_REMEMBER:
        inner = read_object(r, exec_verb_names[line->verb], value);
        if (inner.is_bad)
            break;
        if (line->verb == EXEC_REPORT && !json_object_get(inner.object, "item"))
            refuse(&inner, "\"report\" has no \"item\", expected its number within the call");
        if (line->verb == EXEC_REPORT)
            read_report(&inner, &line->report);
        else if (line->verb == EXEC_INBOUND)
            read_inbound(&inner, line);
        else if (line->verb == EXEC_RECEIPT)
            read_receipt(&inner, &line->receipt);
        else if (line->verb == EXEC_RESPONSE)
            read_response(&inner, line);
        else {
            line->key = need_text(&inner, "key");
            line->value = get_text(&inner, "value");
            line->value_len = line->value ? strlen(line->value) : 0;
        }
        break;
    case EXEC_BEGIN:
        line->item = (uint32_t)get_number(r, "begin", 0, EXEC_BATCH_MAX - 1);
        break;
    case EXEC_LOG:
        line->text = need_text(r, "log");
        line->level = level_values[get_word(r, "level", levels, 2)];
        break;
    case EXEC_RECALL:
        line->key = need_text(r, "recall");
        break;
    case EXEC_DONE:
        line->call = (enum fl_call)get_word(r, "done", calls, -1);
        line->text = get_text(r, "why");
        line->fault = (enum fl_fault_class)get_word(r, "fault", faults, FL_FAULT_NONE);
        break;
    default:
        break;
    }
    r->is_bad = r->is_bad || inner.is_bad;
}

/* Before the parser, which recurses: how deep brackets stand outside of strings. */
static bool is_shallow(const char *data, size_t len)
{
    bool is_string = false;
    int depth = 0;

    for (size_t i = 0; i < len; i++) {
        if (is_string && data[i] == '\\')
            i++;
        else if (data[i] == '"')
            is_string = !is_string;
        else if (!is_string && (data[i] == '{' || data[i] == '[') && ++depth > EXEC_DEPTH_MAX)
            return false;
        else if (!is_string && (data[i] == '}' || data[i] == ']'))
            depth--;
    }
    return true;
}

/* The one verb of a line; NULL with a sentence where there is none, or more. */
static json_t *find_verb(struct reader *r, enum exec_verb *out)
{
    json_t *found = NULL;

    for (int i = 0; i < EXEC_N_VERBS; i++) {
        json_t *value = json_object_get(r->object, exec_verb_names[i]);

        if (value && found)
            refuse(r, "it says both \"%s\" and \"%s\", expected one", exec_verb_names[*out],
                   exec_verb_names[i]);
        if (value) {
            *out = (enum exec_verb)i;
            found = value;
        }
    }
    if (!found)
        refuse(r, "it says none of report, inbound, receipt, response, begin, commit, log, "
                  "remember, recall, wake, done");
    return r->is_bad ? NULL : found;
}

bool exec_line_parse(const char *data, size_t len, struct exec_line *out, char why[EXEC_WHY_MAX])
{
    struct exec_line line = {.root = NULL};
    struct reader r = {.what = "line", .why = why};
    json_error_t error;
    json_t *value;

    if (!is_shallow(data, len)) {
        snprintf(why, EXEC_WHY_MAX, "it is nested deeper than %d", EXEC_DEPTH_MAX);
        return false;
    }
    line.root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(line.root)) {
        snprintf(why, EXEC_WHY_MAX, "it is no JSON object%s%s", line.root ? "" : ": ",
                 line.root ? "" : error.text);
        json_decref(line.root);
        return false;
    }
    r.object = line.root;
    value = find_verb(&r, &line.verb);
    if (value)
        read_verb(&r, value, &line);
    if (r.is_bad) {
        exec_line_finish(&line);
        return false;
    }
    *out = line;
    return true;
}

void exec_line_finish(struct exec_line *line)
{
    json_decref(line->root);
    free(line->bytes);
    free(line->form);
    *line = (struct exec_line){.root = NULL};
}
