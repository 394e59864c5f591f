/* A customer file as anybody may upload it, with a map: the first line of the input is the map. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "people/people.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_MAX = 64 << 20, MAP_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_store_options store_options = {.clock = fl_clock_system};
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t map_len = end ? (size_t)(end - data) : 0;
    struct fl_import_options options = {.name = "fuzz", .country = "KR"};
    struct fl_import_result result;
    struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    struct fl_store *store = NULL;
    struct fl_faults faults;
    struct fl_error err;
    char map[MAP_MAX + 1];
    int fd;

    if (!end || map_len > MAP_MAX || !arena ||
        fl_memfd_sealed("fuzz", end + 1, size - map_len - 1, &fd, NULL)) {
        fl_arena_destroy(&arena);
        return 0;
    }
    memcpy(map, data, map_len);
    map[map_len] = '\0';
    if (map_len)
        options.map = map;
    fl_faults_init(&faults, arena);
    if (fl_store_open("null:", &store_options, &store, &err))
        abort();
    if (!fl_people_import(store, fd, &options, &faults, &result, &err)) {
        /* The null store knows nobody, so every row is new; and what is taken has no fault. */
        if (faults.n_total || result.n_inserted != result.n_rows || !result.charset)
            abort();
    } else if (err.status == FL_INTERNAL || err.status == FL_CONFLICT)
        abort();
    if (fl_store_in_transaction(store))
        abort();
    fl_store_close(&store);
    fl_arena_destroy(&arena);
    close(fd);
    return 0;
}
