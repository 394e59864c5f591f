/* What the files of the exec plugin share. */
#ifndef EXEC_PRIVATE_H
#define EXEC_PRIVATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <fairline/channel.h>

enum {
    EXEC_PROTOCOL = 1,
    EXEC_ARGS_MAX = 64,
    EXEC_COMMAND_MAX = 4096,
    EXEC_DEPTH_MAX = 16,         /* of the JSON of one line */
    EXEC_LINE_MAX = 48 << 20,    /* a scan of 32 MiB in base64 */
    EXEC_FILE_MAX = 32 << 20,    /* of a piece handed over by file name */
    EXEC_STDERR_LINE_MAX = 1000, /* a longer line is cut into several */
    EXEC_BATCH_MAX = 100,
    EXEC_WHY_MAX = 512
};

/* --- the command line (exec_command.c) ---*/

struct exec_command {
    char text[EXEC_COMMAND_MAX + EXEC_ARGS_MAX]; /* the words, each with its NUL */
    const char *argv[EXEC_ARGS_MAX + 1];
};

/* Splits at blanks; "..." and '...' keep them, a backslash takes the next character as it is
 * outside of '...'.  No shell, no variables, no wildcards.  False with a sentence in `why`. */
bool exec_command_split(const char *text, struct exec_command *out, char why[EXEC_WHY_MAX]);

/* --- what a program says (exec_line.c): pure, and all that parses it ---*/

enum exec_verb {
    EXEC_REPORT,
    EXEC_INBOUND,
    EXEC_RECEIPT,
    EXEC_RESPONSE,
    EXEC_BEGIN,
    EXEC_COMMIT,
    EXEC_LOG,
    EXEC_REMEMBER,
    EXEC_RECALL,
    EXEC_WAKE,
    EXEC_DONE,
    EXEC_N_VERBS
};

extern const char *const exec_verb_names[EXEC_N_VERBS];

/* One line, read.  Pointers lead into `root` and `bytes` and are gone with exec_line_finish(). */
struct exec_line {
    enum exec_verb verb;
    struct fl_report report;
    struct fl_inbound inbound;
    struct fl_receipt receipt;
    struct fl_http_response response;
    const char *file; /* inbound: the piece is the content of this file */
    uint32_t item;    /* begin */
    enum fl_level level;
    const char *text; /* log; why of done */
    const char *key;  /* remember, recall */
    const char *value;
    size_t value_len;
    enum fl_call call; /* done */
    enum fl_fault_class fault;
    json_t *root;
    void *bytes; /* decoded base64 */
    char *form;  /* inbound: JSON text of its form */
};

/* False with a sentence in `why`, which says what was expected; then there is nothing to finish. */
bool exec_line_parse(const char *data, size_t len, struct exec_line *out, char why[EXEC_WHY_MAX]);
void exec_line_finish(struct exec_line *line);

/* --- what a program is told (exec_call.c): NULL when memory is out ---*/

json_t *exec_call_deliver(const struct fl_item *const *items, size_t n_items);
json_t *exec_call_http(const struct fl_http_request *request);
json_t *exec_call_lookup(const char *const *refs, size_t n_refs);

/* --- the process (exec_process.c) ---*/

struct exec_buffer {
    char *data;
    size_t start, len, cap;
    size_t seen; /* bytes from start that hold no line end */
};

struct exec_process {
    pid_t pid; /* 0: none */
    int pidfd;
    int in, out, err; /* our ends of its standard streams */
    struct exec_buffer lines;
    char err_line[EXEC_STDERR_LINE_MAX + 1];
    size_t err_len;
    void (*on_err)(void *ctx, const char *line);
    void *ctx;
};

enum exec_got { EXEC_GOT_LINE, EXEC_GOT_NOTHING, EXEC_GOT_END, EXEC_GOT_TOO_LONG };

bool exec_process_start(struct exec_process *process, const char *const argv[], const char *folder,
                        char why[EXEC_WHY_MAX]);
/* All of it, reading meanwhile what the program says, so that neither waits for the other. */
enum exec_got exec_process_send(struct exec_process *process, const char *data, size_t len,
                                int timeout_ms);
/* The next line without its end; it lives until the next call of this family. */
enum exec_got exec_process_line(struct exec_process *process, int timeout_ms, char **out_line,
                                size_t *out_len);
/* Closes its input, gives it `grace_ms`, then ends it and its group; says how it ended. */
void exec_process_end(struct exec_process *process, int grace_ms, char how[EXEC_WHY_MAX]);

#endif
