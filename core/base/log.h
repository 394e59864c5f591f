/*
 * Logging: one event per line, a message and key-value pairs, on stderr as
 * logfmt (or "<N>" prefixed for the journal when JOURNAL_STREAM is ours).
 *
 * LEVELS ERROR = an operator must act; WARN = degraded, says what happens next;
 *        INFO = one line per batch; DEBUG = free.
 * RULES  no secret ever; addresses masked above DEBUG (fl_str_mask_address).
 *        A child log carries the fields of its object into every line.
 *
 *     struct fl_log log = fl_log_child(parent, FL_KV_STR("channel", "mail"));
 *     FL_LOG(&log, FL_LOG_INFO, "batch delivered", FL_KV_INT("items", 64));
 */
#ifndef FL_BASE_LOG_H
#define FL_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum fl_log_level { FL_LOG_ERROR = 3, FL_LOG_WARN = 4, FL_LOG_INFO = 6, FL_LOG_DEBUG = 7 };

struct fl_log_kv {
    const char *key;
    const char *text; /* NULL: `number` counts */
    int64_t number;
};

#define FL_KV_STR(k, v)                                                                            \
    (struct fl_log_kv)                                                                             \
    {                                                                                              \
        .key = (k), .text = (v)                                                                    \
    }
#define FL_KV_INT(k, v)                                                                            \
    (struct fl_log_kv)                                                                             \
    {                                                                                              \
        .key = (k), .number = (v)                                                                  \
    }

enum { FL_LOG_CHILD_FIELDS = 4 };

struct fl_log_sink {
    void (*write)(void *ctx, enum fl_log_level level, const char *line);
    void *ctx;
    enum fl_log_level max_level;
};

/* A log is a small value; its strings must outlive it. */
struct fl_log {
    const struct fl_log_sink *sink; /* NULL: silent */
    struct fl_log_kv fields[FL_LOG_CHILD_FIELDS];
    int n_fields;
};

extern struct fl_log_sink fl_log_stderr; /* the only mutable global besides the signal flag */

struct fl_log fl_log_root(const struct fl_log_sink *sink, const char *role);
struct fl_log fl_log_child(const struct fl_log *parent, struct fl_log_kv field);

/* `kv` ends with an element whose key is NULL.  Logging cannot fail and keeps errno. */
void fl_log_write(const struct fl_log *log, enum fl_log_level level, const char *message,
                  const struct fl_log_kv *kv);
bool fl_log_level_parse(const char *name, enum fl_log_level *out);

#define FL_LOG(log, level, ...) FL_LOG_(log, level, __VA_ARGS__, {NULL, NULL, 0})
#define FL_LOG_(log, level, message, ...)                                                          \
    fl_log_write((log), (level), (message), (const struct fl_log_kv[]){__VA_ARGS__})

#endif
