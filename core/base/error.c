#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum fl_status fl_error_set(struct fl_error *err, enum fl_status status, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return status;
    err->status = status;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    return status;
}

static enum fl_status status_of_errno(int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ENOTDIR:
        return FL_NOT_FOUND;
    case EEXIST:
        return FL_CONFLICT;
    case EAGAIN:
    case EINTR:
        return FL_AGAIN;
    case EACCES:
    case EPERM:
        return FL_REJECTED;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case ETIMEDOUT:
        return FL_UNAVAILABLE;
    default:
        return FL_IO;
    }
}

enum fl_status fl_error_set_errno(struct fl_error *err, int errnum, const char *fmt, ...)
{
    enum fl_status status = status_of_errno(errnum);
    size_t used;
    va_list ap;

    if (!err)
        return status;
    err->status = status;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(errnum));
    return status;
}

enum fl_status fl_error_prefix(struct fl_error *err, enum fl_status status, const char *fmt, ...)
{
    char context[FL_ERROR_TEXT_SIZE / 2];
    size_t context_len, text_len;
    va_list ap;

    if (!err)
        return status;
    va_start(ap, fmt);
    vsnprintf(context, sizeof context - 2, fmt, ap);
    va_end(ap);
    context_len = strlen(context);
    memcpy(context + context_len, ": ", 2);
    context_len += 2;
    text_len = strlen(err->text);
    if (text_len + context_len >= sizeof err->text)
        text_len = sizeof err->text - context_len - 1;
    memmove(err->text + context_len, err->text, text_len);
    memcpy(err->text, context, context_len);
    err->text[context_len + text_len] = '\0';
    err->status = status;
    return status;
}

void fl_error_clear(struct fl_error *err)
{
    err->status = FL_OK;
    err->text[0] = '\0';
}

const char *fl_status_name(enum fl_status status)
{
    static const char *const names[] = {
        [FL_OK] = "ok",
        [FL_AGAIN] = "not now",
        [FL_REJECTED] = "rejected",
        [FL_INVALID] = "invalid",
        [FL_NOT_FOUND] = "not found",
        [FL_CONFLICT] = "conflict",
        [FL_UNAVAILABLE] = "unavailable",
        [FL_UNCERTAIN] = "uncertain",
        [FL_LIMIT] = "limit exceeded",
        [FL_IO] = "input/output error",
        [FL_INTERNAL] = "internal error",
    };

    if ((size_t)status >= sizeof names / sizeof names[0] || !names[status])
        return "unknown status";
    return names[status];
}
