#include "store_map.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

static size_t home_of(const struct fl_map *map, int64_t key)
{
    /* Fibonacci hashing: ids differ mostly in the middle bits. */
    return (size_t)(((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (map->cap - 1);
}

static struct fl_map_entry *slot_of(const struct fl_map *map, int64_t key)
{
    size_t i = home_of(map, key);

    while (map->entries[i].key && map->entries[i].key != key)
        i = (i + 1) & (map->cap - 1);
    return &map->entries[i];
}

int64_t *fl_map_get(const struct fl_map *map, int64_t key)
{
    struct fl_map_entry *entry;

    if (!map->n)
        return NULL;
    entry = slot_of(map, key);
    return entry->key ? &entry->value : NULL;
}

static bool grow(struct fl_map *map)
{
    struct fl_map bigger = {.cap = map->cap ? map->cap * 2 : FIRST_CAP, .n = map->n};

    bigger.entries = calloc(bigger.cap, sizeof *bigger.entries);
    if (!bigger.entries)
        return false;
    for (size_t i = 0; i < map->cap; i++)
        if (map->entries[i].key)
            *slot_of(&bigger, map->entries[i].key) = map->entries[i];
    free(map->entries);
    *map = bigger;
    return true;
}

int64_t *fl_map_add(struct fl_map *map, int64_t key)
{
    struct fl_map_entry *entry;

    if (map->n * 2 >= map->cap && !grow(map))
        return NULL;
    entry = slot_of(map, key);
    if (!entry->key) {
        entry->key = key;
        entry->value = 0;
        map->n++;
    }
    return &entry->value;
}

void fl_map_remove(struct fl_map *map, int64_t key)
{
    size_t hole, i;

    if (!fl_map_get(map, key))
        return;
    hole = (size_t)(slot_of(map, key) - map->entries);
    /* What stands behind moves up where its home allows, so that no tombstones are needed. */
    for (i = (hole + 1) & (map->cap - 1); map->entries[i].key; i = (i + 1) & (map->cap - 1)) {
        size_t from_home = (i - home_of(map, map->entries[i].key)) & (map->cap - 1);
        size_t from_hole = (i - hole) & (map->cap - 1);

        if (from_home >= from_hole) {
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    map->entries[hole].key = 0;
    map->n--;
}

void fl_map_clear(struct fl_map *map)
{
    if (map->n)
        memset(map->entries, 0, map->cap * sizeof *map->entries);
    map->n = 0;
}

void fl_map_finish(struct fl_map *map)
{
    free(map->entries);
    *map = (struct fl_map){0};
}
