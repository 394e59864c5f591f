/*
 * Results and errors.
 *
 * FOR    every function that can fail: it returns an fl_status and takes a
 *        `struct fl_error *` as its last parameter.
 * OWNS   nothing: the error is the caller's, fixed in size, so that the error
 *        path never allocates.
 * RULES  set once where it happens, prefixed with context on the way up, logged
 *        at the top; a function logs or returns an error, never both.
 *        Out-parameters are untouched on failure.  `err` may be NULL.
 * PROSE  lower case, no full stop, no function names; "could not" may pass
 *        later, "cannot" never will.
 *
 *     if (!file) return fl_error_set(err, FL_NOT_FOUND, "no file \"%s\"", path);
 *     st = load(path, err);
 *     if (st) return fl_error_prefix(err, st, "loading the sample");
 */
#ifndef FL_BASE_ERROR_H
#define FL_BASE_ERROR_H

#include <stddef.h>

enum fl_status {
    FL_OK = 0,
    FL_AGAIN,       /* not now; nothing was done */
    FL_REJECTED,    /* a rule or a person says no */
    FL_INVALID,     /* the input is wrong */
    FL_NOT_FOUND,   /* the thing named is not there */
    FL_CONFLICT,    /* somebody else was first, or it exists already */
    FL_UNAVAILABLE, /* a peer or service does not answer */
    FL_UNCERTAIN,   /* done or not done: nobody knows */
    FL_LIMIT,       /* a named limit is exceeded */
    FL_IO,          /* the system failed: disk, memory, descriptor */
    FL_INTERNAL     /* our bug */
};

enum { FL_ERROR_TEXT_SIZE = 1024 };

struct fl_error {
    enum fl_status status;
    char text[FL_ERROR_TEXT_SIZE];
};

#define FL_CHECK_RESULT     __attribute__((warn_unused_result))
#define FL_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))

/* Fills `err` (when not NULL) and returns `status`, so that it can be the return statement. */
enum fl_status fl_error_set(struct fl_error *err, enum fl_status status, const char *fmt, ...)
    FL_PRINTF(3, 4);

/* The same with ": " and the text of the errno value `errnum` appended. */
enum fl_status fl_error_set_errno(struct fl_error *err, int errnum, const char *fmt, ...)
    FL_PRINTF(3, 4);

/* Puts "context: " before the text that is there; returns `status`. */
enum fl_status fl_error_prefix(struct fl_error *err, enum fl_status status, const char *fmt, ...)
    FL_PRINTF(3, 4);

void fl_error_clear(struct fl_error *err);

/* "invalid", "not found", ...; never NULL. */
const char *fl_status_name(enum fl_status status);

#endif
