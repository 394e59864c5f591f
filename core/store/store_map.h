/* A small map from int64 (never 0) to int64: open addressing, for what the driver keeps in mind. */
#ifndef FL_STORE_STORE_MAP_H
#define FL_STORE_STORE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fl_map_entry {
    int64_t key; /* 0: free */
    int64_t value;
};

struct fl_map {
    struct fl_map_entry *entries;
    size_t cap; /* a power of two */
    size_t n;
};

int64_t *fl_map_get(const struct fl_map *map, int64_t key); /* NULL: not there */
/* The value of `key`, 0 where it is new; NULL: no memory.  Valid until the next add or remove. */
int64_t *fl_map_add(struct fl_map *map, int64_t key);
void fl_map_remove(struct fl_map *map, int64_t key);
void fl_map_clear(struct fl_map *map); /* keeps the memory */
void fl_map_finish(struct fl_map *map);

#endif
