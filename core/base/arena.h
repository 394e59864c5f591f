/*
 * Arenas: memory for one phase (a batch, a configuration, a command), freed whole.
 *
 * OWNS   every byte handed out, until reset or destroy.
 * FAILS  by returning NULL: the arena is above its maximum, or memory is out.
 *        Both are reported by the caller as FL_LIMIT or FL_IO.
 *
 *     struct fl_arena *a = fl_arena_create(FL_ARENA_DEFAULT_MAX);
 *     char *name = fl_arena_strdup(a, "kim");
 *     fl_arena_destroy(&a);
 */
#ifndef FL_BASE_ARENA_H
#define FL_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/error.h"

#define FL_ARENA_DEFAULT_MAX ((size_t)256 << 20)

struct fl_arena;

struct fl_arena *fl_arena_create(size_t max_bytes);
void fl_arena_destroy(struct fl_arena **arena); /* NULL is fine */
void fl_arena_reset(struct fl_arena *arena);    /* frees what was handed out, keeps one block */

void *fl_arena_alloc(struct fl_arena *arena, size_t size); /* aligned for any type, not cleared */
void *fl_arena_calloc(struct fl_arena *arena, size_t count, size_t size); /* checked, cleared */
char *fl_arena_strdup(struct fl_arena *arena, const char *s);             /* NULL gives NULL */
char *fl_arena_strndup(struct fl_arena *arena, const char *s, size_t len);
void *fl_arena_memdup(struct fl_arena *arena, const void *p, size_t len);
char *fl_arena_printf(struct fl_arena *arena, const char *fmt, ...) FL_PRINTF(2, 3);
size_t fl_arena_used(const struct fl_arena *arena); /* bytes handed out since the last reset */

#define FL_ARENA_NEW(arena, type)      ((type *)fl_arena_calloc((arena), 1, sizeof(type)))
#define FL_ARENA_ARRAY(arena, type, n) ((type *)fl_arena_calloc((arena), (n), sizeof(type)))

#endif
