/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plug/plug.h"

#include <stdarg.h>
#include <string.h>

enum { LOG_LINE_MAX = 1024 };

const struct fl_option *plug_option(const struct plug_reader *in, const char *name)
{
    for (size_t i = 0; i < in->n; i++) {
        if (strcmp(in->options[i].name, name) == 0)
            return &in->options[i];
    }
    return NULL;
}

const char *plug_text(const struct plug_reader *in, const char *name)
{
    const struct fl_option *option = plug_option(in, name);

    if (!option || !option->text || !option->text[0])
        return NULL;
    return g_string_chunk_insert(in->strings, option->text);
}

const char *plug_secret(const struct plug_reader *in, const char *name)
{
    const struct fl_option *option = plug_option(in, name);
    size_t len = option && option->text ? strcspn(option->text, "\r\n") : 0;

    return len ? g_string_chunk_insert_len(in->strings, option->text, (gssize)len) : NULL;
}

int64_t plug_number(const struct plug_reader *in, const char *name)
{
    const struct fl_option *option = plug_option(in, name);

    return option ? option->number : 0;
}

static void put(struct fl_why *why, enum fl_fault_class fault, const char *fmt, va_list ap)
{
    if (!why)
        return;
    g_vsnprintf(why->text, sizeof why->text, fmt, ap);
    why->fault = fault;
}

enum fl_call plug_why(struct fl_why *why, enum fl_call call, enum fl_fault_class fault,
                      const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put(why, fault, fmt, ap);
    va_end(ap);
    return call;
}

enum fl_call plug_refuse(struct fl_why *why, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put(why, FL_FAULT_OUR_SIDE, fmt, ap);
    va_end(ap);
    return FL_CALL_FAILED;
}

void plug_log(const struct fl_services *services, enum fl_level level, const char *fmt, ...)
{
    char text[LOG_LINE_MAX];
    va_list ap;

    va_start(ap, fmt);
    g_vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    services->log(services->host, level, text);
}
