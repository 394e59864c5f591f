#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 16 * 1024, ALIGNMENT = 16 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    _Alignas(ALIGNMENT) unsigned char data[];
};

struct fl_arena {
    struct block *blocks; /* the first one is being filled */
    size_t max_bytes;
    size_t used;
};

struct fl_arena *fl_arena_create(size_t max_bytes)
{
    struct fl_arena *arena = calloc(1, sizeof *arena);

    if (arena)
        arena->max_bytes = max_bytes;
    return arena;
}

static void free_blocks(struct block *block)
{
    while (block) {
        struct block *next = block->next;

        free(block);
        block = next;
    }
}

void fl_arena_destroy(struct fl_arena **arena)
{
    if (!*arena)
        return;
    free_blocks((*arena)->blocks);
    free(*arena);
    *arena = NULL;
}

void fl_arena_reset(struct fl_arena *arena)
{
    struct block *kept = arena->blocks;

    arena->used = 0;
    if (!kept)
        return;
    free_blocks(kept->next);
    kept->next = NULL;
    if (kept->size > BLOCK_SIZE) {
        free(kept);
        arena->blocks = NULL;
    } else {
        kept->used = 0;
    }
}

static struct block *block_add(struct fl_arena *arena, size_t size)
{
    size_t capacity = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct block *block = malloc(sizeof *block + capacity);

    if (!block)
        return NULL;
    block->size = capacity;
    block->used = 0;
    /* A large object gets a block of its own behind the one that is being filled. */
    if (size > BLOCK_SIZE && arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *fl_arena_alloc(struct fl_arena *arena, size_t size)
{
    struct block *block = arena->blocks;
    void *p;

    if (size > arena->max_bytes - arena->used || size > SIZE_MAX / 2)
        return NULL;
    arena->used += size;
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!block || block->size - block->used < size) {
        block = block_add(arena, size);
        if (!block)
            return NULL;
    }
    p = block->data + block->used;
    block->used += size;
    return p;
}

void *fl_arena_calloc(struct fl_arena *arena, size_t count, size_t size)
{
    void *p;

    if (size && count > SIZE_MAX / size)
        return NULL;
    p = fl_arena_alloc(arena, count * size);
    return p ? memset(p, 0, count * size) : NULL;
}

void *fl_arena_memdup(struct fl_arena *arena, const void *src, size_t len)
{
    void *p = fl_arena_alloc(arena, len);

    return p && len ? memcpy(p, src, len) : p;
}

char *fl_arena_strndup(struct fl_arena *arena, const char *s, size_t len)
{
    char *p = fl_arena_alloc(arena, len + 1);

    if (!p)
        return NULL;
    if (len)
        memcpy(p, s, len);
    p[len] = '\0';
    return p;
}

char *fl_arena_strdup(struct fl_arena *arena, const char *s)
{
    return s ? fl_arena_strndup(arena, s, strlen(s)) : NULL;
}

char *fl_arena_printf(struct fl_arena *arena, const char *fmt, ...)
{
    va_list ap, again;
    char *p;
    int len;

    va_start(ap, fmt);
    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    p = len < 0 ? NULL : fl_arena_alloc(arena, (size_t)len + 1);
    if (p)
        vsnprintf(p, (size_t)len + 1, fmt, again);
    va_end(again);
    return p;
}

size_t fl_arena_used(const struct fl_arena *arena)
{
    return arena->used;
}
