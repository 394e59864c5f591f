#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum { LINE_MAX_BYTES = 8192 };

static const char *level_name(enum fl_log_level level)
{
    switch (level) {
    case FL_LOG_ERROR:
        return "error";
    case FL_LOG_WARN:
        return "warn";
    case FL_LOG_INFO:
        return "info";
    case FL_LOG_DEBUG:
        return "debug";
    }
    return "info";
}

bool fl_log_level_parse(const char *name, enum fl_log_level *out)
{
    static const enum fl_log_level levels[] = {FL_LOG_ERROR, FL_LOG_WARN, FL_LOG_INFO,
                                               FL_LOG_DEBUG};

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(name, level_name(levels[i])) == 0) {
            *out = levels[i];
            return true;
        }
    }
    return false;
}

/* The journal sets JOURNAL_STREAM and understands "<N>"; elsewhere a time stamp is wanted. */
static void write_stderr(void *ctx, enum fl_log_level level, const char *line)
{
    char head[FL_TIME_TEXT_SIZE + 16], text[LINE_MAX_BYTES + sizeof head];
    int len;

    (void)ctx;
    if (getenv("JOURNAL_STREAM")) {
        snprintf(head, sizeof head, "<%d>", (int)level);
    } else {
        char stamp[FL_TIME_TEXT_SIZE];

        fl_time_format(fl_clock_system.now_us(NULL), stamp);
        snprintf(head, sizeof head, "%s ", stamp);
    }
    len = snprintf(text, sizeof text, "%slevel=%s %s\n", head, level_name(level), line);
    if (len > 0 && write(STDERR_FILENO, text, (size_t)len) < 0)
        return; /* there is nowhere left to say it */
}

struct fl_log_sink fl_log_stderr = {write_stderr, NULL, FL_LOG_INFO};

struct fl_log fl_log_root(const struct fl_log_sink *sink, const char *role)
{
    struct fl_log log = {.sink = sink};

    if (role)
        log.fields[log.n_fields++] = FL_KV_STR("role", role);
    return log;
}

struct fl_log fl_log_child(const struct fl_log *parent, struct fl_log_kv field)
{
    struct fl_log log = *parent;

    if (log.n_fields < FL_LOG_CHILD_FIELDS)
        log.fields[log.n_fields++] = field;
    return log;
}

/* A value with blanks, quotes or control bytes is quoted, so that a line stays one line. */
static void add_value(struct fl_buf *line, const char *text)
{
    bool is_plain = *text != '\0';

    for (const char *p = text; *p && is_plain; p++)
        is_plain = (unsigned char)*p > ' ' && *p != '"' && *p != '=' && *p != '\\' && *p != 0x7f;
    if (is_plain) {
        fl_buf_puts(line, text);
        return;
    }
    fl_buf_putc(line, '"');
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == '"' || c == '\\')
            fl_buf_printf(line, "\\%c", c);
        else if (c == '\n')
            fl_buf_puts(line, "\\n");
        else if (c < ' ' || c == 0x7f)
            fl_buf_printf(line, "\\x%02x", c);
        else
            fl_buf_putc(line, *p);
    }
    fl_buf_putc(line, '"');
}

static void add_field(struct fl_buf *line, const struct fl_log_kv *kv)
{
    fl_buf_printf(line, " %s=", kv->key);
    if (kv->text)
        add_value(line, kv->text);
    else
        fl_buf_printf(line, "%" PRId64, kv->number);
}

void fl_log_write(const struct fl_log *log, enum fl_log_level level, const char *message,
                  const struct fl_log_kv *kv)
{
    struct fl_buf line = FL_BUF(LINE_MAX_BYTES - 1);
    int saved_errno = errno;

    if (!log || !log->sink || level > log->sink->max_level)
        return;
    fl_buf_puts(&line, "msg=");
    add_value(&line, message);
    for (int i = 0; i < log->n_fields; i++)
        add_field(&line, &log->fields[i]);
    for (; kv->key; kv++)
        add_field(&line, kv);
    log->sink->write(log->sink->ctx, level, line.data);
    fl_buf_finish(&line);
    errno = saved_errno;
}
