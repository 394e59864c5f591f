/* SPDX-License-Identifier: MIT
 *
 * One call to the program.  It answers with lines until it says "done"; what it may say in which
 * call is one table. */
#include "exec_turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKOFF_FIRST_MS = 1000,
    BACKOFF_MAX_MS = 60000,
    END_GRACE_MS = 2000,
    MEMORY_MAX = 4096,
    SHOWN_MAX = 80
};

#define BIT(verb) (1u << (verb))
#define ANY                                                                                        \
    (BIT(EXEC_LOG) | BIT(EXEC_WAKE) | BIT(EXEC_REMEMBER) | BIT(EXEC_RECALL) | BIT(EXEC_DONE))

static const struct {
    const char *call;
    unsigned verbs;
} allowed[] = {
    {"open", ANY},
    {"deliver", ANY | BIT(EXEC_REPORT) | BIT(EXEC_BEGIN)},
    {"collect", ANY | BIT(EXEC_INBOUND) | BIT(EXEC_RECEIPT) | BIT(EXEC_COMMIT)},
    {"http", ANY | BIT(EXEC_INBOUND) | BIT(EXEC_RECEIPT) | BIT(EXEC_COMMIT) | BIT(EXEC_RESPONSE)},
    {"lookup", ANY | BIT(EXEC_RECEIPT) | BIT(EXEC_COMMIT)},
    {"health", ANY},
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void log_line(void *ctx, const char *line)
{
    struct exec *exec = ctx;

    exec->services->log(exec->services->host, FL_LEVEL_INFO, line);
}

void exec_init(struct exec *exec, const struct fl_services *services)
{
    exec->services = services;
    exec->process.pidfd = exec->process.in = exec->process.out = exec->process.err = -1;
    exec->process.on_err = log_line;
    exec->process.ctx = exec;
}

void exec_finish(struct exec *exec)
{
    char how[EXEC_WHY_MAX];

    exec_line_finish(&exec->answer);
    if (exec->process.pid)
        exec_process_end(&exec->process, END_GRACE_MS, how);
}

/* Ends a program that has failed and says why: FL_CALL_RETRY, since it is started again. */
__attribute__((format(printf, 4, 5))) static enum fl_call lose(struct exec *exec, int grace_ms,
                                                               struct fl_why *why, const char *fmt,
                                                               ...)
{
    char how[EXEC_WHY_MAX];
    size_t used;
    va_list ap;

    exec_process_end(&exec->process, grace_ms, how);
    va_start(ap, fmt);
    vsnprintf(why->text, sizeof why->text, fmt, ap);
    va_end(ap);
    used = strlen(why->text);
    snprintf(why->text + used, sizeof why->text - used, "%s %s", used ? "; it" : "the program",
             how);
    exec->services->log(exec->services->host, FL_LEVEL_WARN, why->text);
    exec->not_before_ms = now_ms() + exec->backoff_ms;
    exec->backoff_ms = exec->backoff_ms ? exec->backoff_ms * 2 : BACKOFF_FIRST_MS;
    if (exec->backoff_ms > BACKOFF_MAX_MS)
        exec->backoff_ms = BACKOFF_MAX_MS;
    why->fault = FL_FAULT_OUR_SIDE;
    return FL_CALL_RETRY;
}

int exec_report(struct exec *exec, size_t item, enum fl_outcome outcome, const char *detail)
{
    const struct fl_report report = {
        .size = sizeof report,
        .item = (uint32_t)item,
        .outcome = outcome,
        .fault = FL_FAULT_OUR_SIDE,
        .detail = detail,
    };

    return exec->services->report(exec->services->host, &report);
}

/* --- what the program says ---*/

static bool send_json(struct exec *exec, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    size_t len = text ? strlen(text) : 0;
    enum exec_got got = EXEC_GOT_END;

    json_decref(json);
    if (text) {
        text[len] = '\n'; /* in the place of the end: its length goes with it */
        got = exec_process_send(&exec->process, text, len + 1, exec->timeout_ms);
    }
    free(text);
    return got == EXEC_GOT_LINE;
}

static bool take_item(const struct exec_turn *turn, uint32_t item, const char *verb, char *why)
{
    if (item < turn->n_items && !turn->has_report[item])
        return true;
    snprintf(why, EXEC_WHY_MAX, "\"%s\" names item %u, expected one of the %zu it was given%s",
             verb, item, turn->n_items, item < turn->n_items ? " and has not reported" : "");
    return false;
}

static bool on_report(struct exec *exec, struct exec_turn *turn, struct exec_line *line, char *why)
{
    const struct fl_services *s = exec->services;
    struct fl_report report = line->report;

    if (!take_item(turn, report.item, "report", why))
        return false;
    turn->has_report[report.item] = true;
    report.item += (uint32_t)turn->first;
    if (!turn->is_unheard && s->report(s->host, &report) != 0)
        turn->is_unheard = true;
    return true;
}

static bool on_begin(struct exec *exec, struct exec_turn *turn, uint32_t item, char *why)
{
    const struct fl_services *s = exec->services;
    bool is_fine = true;

    if (!take_item(turn, item, "begin", why))
        return false;
    if (exec->begins && FL_HAS(s, begin))
        is_fine = !turn->is_unheard && s->begin(s->host, (uint32_t)turn->first + item) == 0;
    turn->has_begun[item] = turn->has_begun[item] || is_fine;
    return send_json(exec, json_pack("{s:i, s:b}", "begin", (int)item, "ok", is_fine));
}

/* The content of a file instead of data: a scan need not become base64. */
static void *read_piece(const char *path, size_t *out_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    char *data = NULL;
    size_t len = 0;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= EXEC_FILE_MAX) {
        ssize_t n = 1;

        data = malloc((size_t)st.st_size + 1);
        while (data && n > 0 && len < (size_t)st.st_size) {
            n = read(fd, data + len, (size_t)st.st_size - len);
            len += n > 0 ? (size_t)n : 0;
        }
        if (data && len != (size_t)st.st_size) {
            free(data);
            data = NULL;
        }
    }
    if (fd >= 0)
        close(fd);
    *out_len = len;
    return data;
}

static void on_inbound(struct exec *exec, struct exec_turn *turn, struct exec_line *line)
{
    const struct fl_services *s = exec->services;
    struct fl_inbound inbound = line->inbound;
    void *piece = NULL;

    if (line->file) {
        char text[EXEC_WHY_MAX];

        piece = read_piece(line->file, &inbound.data_len);
        inbound.data = piece;
        if (!piece) {
            snprintf(text, sizeof text,
                     "cannot read \"%.300s\" of a piece, expected a file of at most %d bytes",
                     line->file, EXEC_FILE_MAX);
            s->log(s->host, FL_LEVEL_ERROR, text);
        }
    }
    if ((line->file && !piece) || s->inbound(s->host, &inbound) != 0)
        turn->has_refused = true;
    free(piece);
}

static bool on_commit(struct exec *exec, struct exec_turn *turn)
{
    const struct fl_services *s = exec->services;
    bool is_stored = s->commit(s->host) == 0 && !turn->has_refused;

    turn->has_refused = false;
    return send_json(exec, json_pack("{s:b}", "commit", is_stored));
}

static bool on_recall(struct exec *exec, const char *key)
{
    const struct fl_services *s = exec->services;
    char value[MEMORY_MAX];
    long len = s->recall(s->host, key, value, sizeof value);
    json_t *json = NULL;

    if (len >= 0)
        json = json_stringn(value, (size_t)len < sizeof value ? (size_t)len : sizeof value);
    return send_json(exec,
                     json_pack("{s:s, s:o}", "recall", key, "value", json ? json : json_null()));
}

static void on_remember(struct exec *exec, const struct exec_line *line)
{
    const struct fl_services *s = exec->services;

    if (s->remember(s->host, line->key, line->value ? line->value : "", line->value_len) != 0)
        s->log(s->host, FL_LEVEL_ERROR, "a value of the program could not be remembered");
}

/* False with a sentence when the program is to be ended. */
static bool obey(struct exec *exec, struct exec_turn *turn, struct exec_line *line, char *why)
{
    const struct fl_services *s = exec->services;
    bool is_answered = true;

    snprintf(why, EXEC_WHY_MAX, "the program does not read its answers");
    switch (line->verb) {
    case EXEC_REPORT:
        return on_report(exec, turn, line, why);
    case EXEC_BEGIN:
        is_answered = on_begin(exec, turn, line->item, why);
        break;
    case EXEC_INBOUND:
        on_inbound(exec, turn, line);
        break;
    case EXEC_RECEIPT:
        if (s->receipt(s->host, &line->receipt) != 0)
            turn->has_refused = true;
        break;
    case EXEC_RESPONSE:
        exec_line_finish(&exec->answer);
        exec->answer = *line;
        *line = (struct exec_line){.verb = EXEC_RESPONSE};
        break;
    case EXEC_COMMIT:
        is_answered = on_commit(exec, turn);
        break;
    case EXEC_LOG:
        s->log(s->host, line->level, line->text);
        break;
    case EXEC_REMEMBER:
        on_remember(exec, line);
        break;
    case EXEC_RECALL:
        is_answered = on_recall(exec, line->key);
        break;
    default:
        break;
    }
    return is_answered;
}

static bool is_allowed(const char *call, enum exec_verb verb)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (strcmp(allowed[i].call, call) == 0)
            return allowed[i].verbs & BIT(verb);
    return false;
}

static enum fl_call lose_for(struct exec *exec, enum exec_got got, struct fl_why *why)
{
    if (got == EXEC_GOT_NOTHING)
        return lose(exec, 0, why, "the program said nothing for %d ms, expected \"done\"",
                    exec->timeout_ms);
    if (got == EXEC_GOT_TOO_LONG)
        return lose(exec, 0, why, "the program wrote a line of more than %d bytes", EXEC_LINE_MAX);
    return lose(exec, END_GRACE_MS, why, "%s", "");
}

/* Until "done"; the program is gone when `turn->is_lost`. */
static enum fl_call converse(struct exec *exec, struct exec_turn *turn, struct fl_why *why)
{
    for (;;) {
        struct exec_line line;
        char sentence[EXEC_WHY_MAX], *text;
        size_t len;
        enum exec_got got = exec_process_line(&exec->process, exec->timeout_ms, &text, &len);
        bool is_fine = false;

        if (got != EXEC_GOT_LINE) {
            turn->is_lost = true;
            return lose_for(exec, got, why);
        }
        if (exec_line_parse(text, len, &line, sentence)) {
            bool is_done = line.verb == EXEC_DONE;
            enum fl_call call = line.call;

            is_fine = is_allowed(turn->name, line.verb);
            if (!is_fine)
                snprintf(sentence, sizeof sentence, "it says \"%s\" during \"%s\"",
                         exec_verb_names[line.verb], turn->name);
            if (is_done) {
                snprintf(why->text, sizeof why->text, "%s",
                         line.text            ? line.text
                         : call == FL_CALL_OK ? ""
                                              : "the program gave no reason");
                why->fault = line.fault;
            }
            is_fine = is_fine && obey(exec, turn, &line, sentence);
            exec_line_finish(&line);
            if (is_done && is_fine)
                return call;
        }
        if (!is_fine) {
            turn->is_lost = true;
            return lose(exec, 0, why, "cannot take the line \"%.*s\" of the program: %s",
                        (int)(len < SHOWN_MAX ? len : SHOWN_MAX), text, sentence);
        }
    }
}

/* --- starting ---*/

int exec_restart_in_ms(const struct exec *exec)
{
    int64_t left_ms = exec->not_before_ms - now_ms();

    return left_ms > 0 ? (int)left_ms : 0;
}

enum fl_call exec_start(struct exec *exec, struct fl_why *why)
{
    struct exec_turn turn = {.name = "open"};
    json_t *call;
    enum fl_call result;

    if (exec->process.pid)
        return FL_CALL_OK;
    if (exec_restart_in_ms(exec) > 0) {
        snprintf(why->text, sizeof why->text, "the program is started again in %d ms",
                 exec_restart_in_ms(exec));
        why->fault = FL_FAULT_OUR_SIDE;
        return FL_CALL_RETRY;
    }
    if (!exec_process_start(&exec->process, exec->command.argv, exec->folder, why->text)) {
        why->fault = FL_FAULT_OUR_SIDE;
        exec->not_before_ms = now_ms() + BACKOFF_MAX_MS;
        return FL_CALL_FAILED;
    }
    call = json_pack("{s:s, s:i, s:{s:s?, s:s?, s:i, s:b}}", "call", "open", "protocol",
                     EXEC_PROTOCOL, "options", "folder", exec->folder, "secret", exec->secret,
                     "batch", (int)exec->batch, "begins", exec->begins);
    if (!send_json(exec, call))
        return lose(exec, END_GRACE_MS, why, "%s", "");
    result = converse(exec, &turn, why);
    if (result != FL_CALL_OK && !turn.is_lost) {
        char said[EXEC_WHY_MAX];

        snprintf(said, sizeof said, "%s", why->text);
        (void)lose(exec, END_GRACE_MS, why, "the program cannot open: %s", said);
    }
    return result == FL_CALL_UNSUPPORTED ? FL_CALL_FAILED : result;
}

/* Between two calls a program may log and wake; anything else would be taken for an answer to the
 * next call. */
enum fl_call exec_listen(struct exec *exec, struct fl_why *why)
{
    for (;;) {
        struct exec_line line;
        char sentence[EXEC_WHY_MAX], *text;
        size_t len;
        enum exec_got got;
        bool is_fine;

        if (!exec->process.pid)
            return exec_start(exec, why);
        got = exec_process_line(&exec->process, 0, &text, &len);
        if (got == EXEC_GOT_NOTHING)
            return FL_CALL_OK;
        if (got != EXEC_GOT_LINE) {
            (void)lose_for(exec, got, why);
            continue;
        }
        is_fine = exec_line_parse(text, len, &line, sentence);
        if (is_fine) {
            is_fine = line.verb == EXEC_LOG || line.verb == EXEC_WAKE;
            if (line.verb == EXEC_LOG)
                exec->services->log(exec->services->host, line.level, line.text);
            if (!is_fine)
                snprintf(sentence, sizeof sentence, "it says \"%s\" between two calls",
                         exec_verb_names[line.verb]);
            exec_line_finish(&line);
        }
        if (!is_fine)
            (void)lose(exec, 0, why, "cannot take the line \"%.*s\" of the program: %s",
                       (int)(len < SHOWN_MAX ? len : SHOWN_MAX), text, sentence);
    }
}

/* --- calls ---*/

static enum fl_call ask(struct exec *exec, struct exec_turn *turn, json_t *call, struct fl_why *why)
{
    enum fl_call result;

    why->text[0] = '\0';
    if (!send_json(exec, call)) {
        turn->is_lost = true;
        return lose(exec, END_GRACE_MS, why, "the program does not take the call \"%s\"",
                    turn->name);
    }
    result = converse(exec, turn, why);
    if (!turn->is_lost)
        exec->backoff_ms = 0;
    return result;
}

enum fl_call exec_call(struct exec *exec, struct exec_turn *turn, json_t *call, struct fl_why *why)
{
    enum fl_call result = exec_listen(exec, why);

    if (result != FL_CALL_OK) {
        json_decref(call);
        return result;
    }
    return ask(exec, turn, call, why);
}

/* What became of the items the program said nothing about. */
static void settle(struct exec *exec, struct exec_turn *turn, enum fl_call result, const char *why)
{
    for (size_t i = 0; i < turn->n_items && !turn->is_unheard; i++) {
        /* A program that lives and says "retry" or "failed" is believed: without `begins`, an item
         * has begun only because nobody could know better if it had died. */
        bool is_doubtful =
            turn->has_begun[i] && (exec->begins || turn->is_lost || result == FL_CALL_OK);

        if (!turn->has_report[i] &&
            exec_report(exec, turn->first + i,
                        is_doubtful ? FL_OUTCOME_UNCERTAIN : FL_OUTCOME_NOT_TRIED,
                        *why ? why : "the program has not reported it") != 0)
            turn->is_unheard = true;
    }
}

static bool begin_all(struct exec *exec, struct exec_turn *turn)
{
    const struct fl_services *s = exec->services;

    for (size_t i = 0; i < turn->n_items; i++) {
        if (FL_HAS(s, begin) && s->begin(s->host, (uint32_t)(turn->first + i)) != 0)
            return false;
        turn->has_begun[i] = true;
    }
    return true;
}

enum fl_call exec_deliver_some(struct exec *exec, const struct fl_item *const *items, size_t first,
                               size_t n, struct fl_why *why)
{
    struct exec_turn turn = {.name = "deliver", .first = first, .n_items = n};
    enum fl_call result = exec_listen(exec, why);

    if (result != FL_CALL_OK)
        return result == FL_CALL_FAILED ? FL_CALL_RETRY : result;
    if (!exec->begins && !begin_all(exec, &turn)) {
        snprintf(why->text, sizeof why->text, "nobody is listening");
        return FL_CALL_RETRY;
    }
    result = ask(exec, &turn, exec_call_deliver(items, n), why);
    settle(exec, &turn, result, why->text);
    if (turn.is_unheard) {
        snprintf(why->text, sizeof why->text, "nobody is listening");
        return FL_CALL_RETRY;
    }
    return result;
}
