/*
 * Faults: everything that is wrong with a piece of input, listed at once.
 *
 * Configuration, imports, content and campaign files are read to their end; each
 * fault is added here with file, line, field, value and reason, and nothing of
 * the input takes effect while the list is not empty.
 */
#ifndef FL_BASE_FAULTS_H
#define FL_BASE_FAULTS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct fl_fault {
    const char *file;
    long line;         /* from 1; 0: the whole file */
    const char *field; /* key or column; NULL: the whole line */
    const char *value; /* as it stands there; NULL: not to be shown */
    const char *reason;
};

enum { FL_FAULTS_KEPT_MAX = 10000 }; /* more are counted, not kept */

struct fl_faults {
    struct fl_arena *arena; /* the caller's */
    struct fl_fault *items;
    size_t n_items;
    size_t cap;
    size_t n_total;
};

void fl_faults_init(struct fl_faults *faults, struct fl_arena *arena);
/* All strings are copied.  Values longer than 80 bytes are cut with "...". */
void fl_faults_add(struct fl_faults *faults, const char *file, long line, const char *field,
                   const char *value, const char *fmt, ...) FL_PRINTF(6, 7);
/* "file:line: field \"value\": reason" into the arena. */
const char *fl_fault_text(struct fl_arena *arena, const struct fl_fault *fault);
/* FL_OK when empty; else FL_INVALID with the first fault and "(and N more)". */
enum fl_status fl_faults_status(const struct fl_faults *faults, struct fl_error *err);

#endif
