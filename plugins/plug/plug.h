/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plug: what our plugins have in common - reading options, saying why, writing to the log.
 *
 * FOR    email, sms, fax and letter, which link it; a plugin of somebody else's needs nothing of
 * it. OWNS   nothing: texts are copied into the caller's string chunk.
 */
#ifndef PLUGINS_PLUG_PLUG_H
#define PLUGINS_PLUG_PLUG_H

#include <fairline/channel.h>
#include <glib.h>

#define PLUG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

struct plug_reader {
    const struct fl_option *options;
    size_t n;
    GStringChunk *strings;
};

/* NULL: the host did not send it. */
const struct fl_option *plug_option(const struct plug_reader *in, const char *name);
/* NULL when it is not given or empty, so that `user = ""` is the same as no user. */
const char *plug_text(const struct plug_reader *in, const char *name);
/* The same; a file that ends with a line break means the line. */
const char *plug_secret(const struct plug_reader *in, const char *name);
int64_t plug_number(const struct plug_reader *in, const char *name); /* 0 when it is not given */

static inline const char *plug_or_empty(const char *s)
{
    return s ? s : "";
}

/* Puts a sentence into `why` (NULL: nobody wants it) and returns `call`. */
enum fl_call plug_why(struct fl_why *why, enum fl_call call, enum fl_fault_class fault,
                      const char *fmt, ...) PLUG_PRINTF(4, 5);
/* FL_CALL_FAILED, our side: a setting that cannot be. */
enum fl_call plug_refuse(struct fl_why *why, const char *fmt, ...) PLUG_PRINTF(2, 3);

void plug_log(const struct fl_services *services, enum fl_level level, const char *fmt, ...)
    PLUG_PRINTF(3, 4);

#endif
