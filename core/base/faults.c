#include "base/faults.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { VALUE_SHOWN_MAX = 80 };

void fl_faults_init(struct fl_faults *faults, struct fl_arena *arena)
{
    *faults = (struct fl_faults){.arena = arena};
}

static bool grow(struct fl_faults *faults)
{
    size_t cap = faults->cap ? faults->cap * 2 : 16;
    struct fl_fault *items = FL_ARENA_ARRAY(faults->arena, struct fl_fault, cap);

    if (!items)
        return false;
    if (faults->n_items)
        memcpy(items, faults->items, faults->n_items * sizeof *items);
    faults->items = items;
    faults->cap = cap;
    return true;
}

/* Cuts at a character border, so that what is shown stays valid UTF-8. */
static const char *shown_value(struct fl_arena *arena, const char *value)
{
    size_t len = VALUE_SHOWN_MAX;

    if (!value || strlen(value) <= VALUE_SHOWN_MAX)
        return fl_arena_strdup(arena, value);
    while (len && ((unsigned char)value[len] & 0xc0) == 0x80)
        len--;
    return fl_arena_printf(arena, "%.*s...", (int)len, value);
}

void fl_faults_add(struct fl_faults *faults, const char *file, long line, const char *field,
                   const char *value, const char *fmt, ...)
{
    struct fl_fault *fault;
    char reason[FL_ERROR_TEXT_SIZE];
    va_list ap;

    faults->n_total++;
    if (faults->n_items == FL_FAULTS_KEPT_MAX || (faults->n_items == faults->cap && !grow(faults)))
        return;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    fault = &faults->items[faults->n_items++];
    fault->file = fl_arena_strdup(faults->arena, file);
    fault->line = line;
    fault->field = fl_arena_strdup(faults->arena, field);
    fault->value = shown_value(faults->arena, value);
    fault->reason = fl_arena_strdup(faults->arena, reason);
}

const char *fl_fault_text(struct fl_arena *arena, const struct fl_fault *fault)
{
    struct fl_buf text = FL_BUF(FL_BUF_LINE_MAX);
    const char *copy;

    if (fault->file)
        fl_buf_puts(&text, fault->file);
    if (fault->line)
        fl_buf_printf(&text, ":%ld", fault->line);
    if (text.len)
        fl_buf_puts(&text, ": ");
    if (fault->field)
        fl_buf_printf(&text, "%s ", fault->field);
    if (fault->value)
        fl_buf_printf(&text, "\"%s\"", fault->value);
    if (fault->field || fault->value) {
        if (!fault->value)
            text.data[--text.len] = '\0';
        fl_buf_puts(&text, ": ");
    }
    fl_buf_puts(&text, fault->reason ? fault->reason : "?");
    copy = fl_arena_strndup(arena, text.data, text.len);
    fl_buf_finish(&text);
    return copy;
}

enum fl_status fl_faults_status(const struct fl_faults *faults, struct fl_error *err)
{
    const char *text;

    if (!faults->n_total)
        return FL_OK;
    text = faults->n_items ? fl_fault_text(faults->arena, &faults->items[0]) : "the input is wrong";
    if (faults->n_total > 1)
        return fl_error_set(err, FL_INVALID, "%s (and %zu more)", text, faults->n_total - 1);
    return fl_error_set(err, FL_INVALID, "%s", text);
}
