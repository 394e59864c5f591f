/* SPDX-License-Identifier: MIT
 *
 * The exec channel: any program that speaks the contract as JSON lines on its standard input and
 * output.  README.md and fairline-exec(7) have the words; this file is the descriptor and the
 * calls, exec_turn.c one call from its line to "done". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec_turn.h"

/* Rows of the option table, in its order. */
enum option { O_COMMAND, O_FOLDER, O_SECRET, O_BATCH, O_BEGINS, O_TIMEOUT, N_OPTIONS };

enum { TIMEOUT_MIN_US = 100000, TIMEOUT_MAX_S = 3600 };

static const struct fl_option_spec options[] = {
    {"command", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_REQUIRED,
     "absolute path of the program and its arguments; quotation marks keep blanks, there is no "
     "shell"},
    {"folder", FL_OPTION_PATH, NULL, 0, 0, NULL, 0,
     "folder it works in, and the only one it may write to"},
    {"secret", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET,
     "handed over in the open call, never as argument or in the environment"},
    {"batch", FL_OPTION_INT, "1", 1, EXEC_BATCH_MAX, NULL, 0, "items it is given at a time"},
    {"begins", FL_OPTION_BOOL, "no", 0, 0, NULL, 0,
     "it says \"begin\" before each irrevocable act; else an item has begun once it is given"},
    {"timeout", FL_OPTION_DURATION, "60s", TIMEOUT_MIN_US, TIMEOUT_MAX_S *INT64_C(1000000), NULL, 0,
     "silence within a call after which it is ended; keep call_timeout above it"},
    {NULL, (enum fl_option_type)0, NULL, 0, 0, NULL, 0, NULL},
};
_Static_assert(sizeof options / sizeof options[0] == N_OPTIONS + 1, "the enum names every row");

static enum fl_call exec_check(const struct fl_option *o, size_t n, struct fl_why *why)
{
    struct exec_command command;

    why->fault = FL_FAULT_OUR_SIDE;
    if (n != N_OPTIONS || !o[O_COMMAND].text) {
        snprintf(why->text, sizeof why->text, "command is missing, expected the path of a program");
        return FL_CALL_FAILED;
    }
    if (!exec_command_split(o[O_COMMAND].text, &command, why->text))
        return FL_CALL_FAILED;
    why->fault = FL_FAULT_NONE;
    return FL_CALL_OK;
}

static void exec_close(void *self)
{
    struct exec *exec = self;

    exec_finish(exec);
    free(exec->folder);
    free(exec->secret);
    free(exec);
}

static enum fl_call exec_open(const struct fl_option *o, size_t n,
                              const struct fl_services *services, void **out_self,
                              struct fl_why *why)
{
    enum fl_call call = exec_check(o, n, why);
    struct exec *exec;

    if (call != FL_CALL_OK)
        return call;
    exec = calloc(1, sizeof *exec);
    if (!exec || (o[O_FOLDER].text && !(exec->folder = strdup(o[O_FOLDER].text))) ||
        (o[O_SECRET].text && !(exec->secret = strdup(o[O_SECRET].text)))) {
        free(exec ? exec->folder : NULL);
        free(exec);
        snprintf(why->text, sizeof why->text, "no memory");
        return FL_CALL_RETRY;
    }
    (void)exec_command_split(o[O_COMMAND].text, &exec->command, why->text);
    exec->batch = (size_t)o[O_BATCH].number;
    exec->begins = o[O_BEGINS].number != 0;
    exec->timeout_ms = (int)(o[O_TIMEOUT].number / 1000);
    exec_init(exec, services);
    call = exec_start(exec, why);
    if (call != FL_CALL_OK) {
        exec_close(exec);
        return call;
    }
    *out_self = exec;
    return FL_CALL_OK;
}

static enum fl_call exec_deliver(void *self, const struct fl_item *const *items, size_t n_items,
                                 struct fl_why *why)
{
    struct exec *exec = self;
    const struct fl_services *s = exec->services;

    for (size_t at = 0; at < n_items; at += exec->batch) {
        size_t n = n_items - at < exec->batch ? n_items - at : exec->batch;
        enum fl_call call;

        if (at && s->is_stopping(s->host)) {
            snprintf(why->text, sizeof why->text, "asked to stop");
            return FL_CALL_RETRY;
        }
        call = exec_deliver_some(exec, items + at, at, n, why);
        if (call == FL_CALL_OK)
            continue;
        /* What was not even given to the program has not been tried, whatever it says of itself. */
        for (size_t i = at + n; call != FL_CALL_RETRY && i < n_items; i++)
            if (exec_report(exec, i, FL_OUTCOME_NOT_TRIED, why->text) != 0)
                break;
        return call;
    }
    return FL_CALL_OK;
}

static enum fl_call call_plain(struct exec *exec, const char *name, struct fl_why *why)
{
    struct exec_turn turn = {.name = name};

    return exec_call(exec, &turn, json_pack("{s:s}", "call", name), why);
}

static enum fl_call exec_collect(void *self, struct fl_why *why)
{
    struct exec *exec = self;
    enum fl_call call;

    /* A program that has told once that it collects nothing is only listened to. */
    if (exec->is_one_way)
        return exec_listen(exec, why);
    call = call_plain(exec, "collect", why);
    exec->is_one_way = call == FL_CALL_UNSUPPORTED;
    return exec->is_one_way ? FL_CALL_OK : call;
}

static enum fl_call exec_http(void *self, const struct fl_http_request *request,
                              struct fl_http_response *response, struct fl_why *why)
{
    struct exec *exec = self;
    struct exec_turn turn = {.name = "http"};
    enum fl_call call;

    exec_line_finish(&exec->answer);
    call = exec_call(exec, &turn, exec_call_http(request), why);
    if (call != FL_CALL_OK)
        return call;
    response->status = exec->answer.response.status;
    response->content_type = exec->answer.response.content_type;
    response->body = exec->answer.response.body;
    response->body_len = exec->answer.response.body_len;
    response->location = exec->answer.response.location;
    return FL_CALL_OK;
}

static enum fl_call exec_lookup(void *self, const char *const *refs, size_t n_refs,
                                struct fl_why *why)
{
    struct exec_turn turn = {.name = "lookup"};

    return exec_call(self, &turn, exec_call_lookup(refs, n_refs), why);
}

static enum fl_call exec_health(void *self, struct fl_why *why)
{
    enum fl_call call = call_plain(self, "health", why);

    /* It runs and answers: more cannot be asked of a program without a check of its own. */
    return call == FL_CALL_UNSUPPORTED ? FL_CALL_OK : call;
}

static size_t exec_poll_fds(void *self, int *fds, size_t max_fds, int *timeout_ms)
{
    const struct exec *exec = self;
    size_t n = 0;

    *timeout_ms = exec->process.pid ? -1 : exec_restart_in_ms(exec);
    if (exec->process.pid && exec->process.out >= 0 && n < max_fds)
        fds[n++] = exec->process.out;
    if (exec->process.pid && exec->process.err >= 0 && n < max_fds)
        fds[n++] = exec->process.err;
    return n;
}

static const struct fl_limits limits = {.size = sizeof limits, .batch_max = EXEC_BATCH_MAX};

static const struct fl_channel_v1 channel = {
    .magic = FL_CHANNEL_MAGIC,
    .abi_major = FL_CHANNEL_ABI_MAJOR,
    .abi_minor = FL_CHANNEL_ABI_MINOR,
    .size = sizeof channel,
    .name = "exec",
    .version = "1.0",
    .summary = "any program, by JSON lines on its standard input and output",
    .medium = "other",
    .capabilities = FL_CAN_DELIVER | FL_CAN_COLLECT | FL_CAN_RECEIPTS | FL_CAN_HTTP |
                    FL_CAN_LOOKUP | FL_CAN_HEALTH | FL_BEGINS,
    .limits = &limits,
    .options = options,
    .check = exec_check,
    .open = exec_open,
    .deliver = exec_deliver,
    .collect = exec_collect,
    .http = exec_http,
    .poll_fds = exec_poll_fds,
    .lookup = exec_lookup,
    .health = exec_health,
    .close = exec_close,
};

const struct fl_channel_v1 *fairline_channel_v1(void)
{
    return &channel;
}
