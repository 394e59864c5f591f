/* One call to the program, from its line to "done". */
#ifndef EXEC_TURN_H
#define EXEC_TURN_H

#include "exec_private.h"

struct exec {
    const struct fl_services *services;
    struct exec_command command;
    char *folder, *secret;
    size_t batch;
    bool begins;
    int timeout_ms;
    bool is_one_way; /* it has said that it collects nothing */
    struct exec_process process;
    int64_t not_before_ms; /* monotonic: when it may be started again */
    int backoff_ms;
    struct exec_line answer; /* its last HTTP response: lives until the next */
};

struct exec_turn {
    const char *name;
    size_t first, n_items; /* of the batch, that the program has now */
    bool has_begun[EXEC_BATCH_MAX], has_report[EXEC_BATCH_MAX];
    bool is_unheard;  /* nobody listens to reports any more */
    bool has_refused; /* a piece was not taken since the last commit */
    bool is_lost;     /* the program is gone or was ended within this call */
};

void exec_init(struct exec *exec, const struct fl_services *services);
void exec_finish(struct exec *exec);

/* Runs the program and opens it, unless it runs; FL_CALL_RETRY while it is held back. */
enum fl_call exec_start(struct exec *exec, struct fl_why *why);
int exec_restart_in_ms(const struct exec *exec);

/* Takes `call` over.  A program that dies, is silent for too long or says what cannot be understood
 * is ended, and the call is FL_CALL_RETRY with a sentence. */
enum fl_call exec_call(struct exec *exec, struct exec_turn *turn, json_t *call, struct fl_why *why);
enum fl_call exec_deliver_some(struct exec *exec, const struct fl_item *const *items, size_t first,
                               size_t n, struct fl_why *why);
/* Reads what it says between calls: log and wake. */
enum fl_call exec_listen(struct exec *exec, struct fl_why *why);
int exec_report(struct exec *exec, size_t item, enum fl_outcome outcome, const char *detail);

#endif
