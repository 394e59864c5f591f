/* A table for `value fit` as anybody may have one.  The first byte says which kind, the rest of the
 * first line is the map. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "people/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_MAX = 64 << 20, MAP_MAX = 1000 };

static void try_purchases(int fd, const struct fl_summary_options *options,
                          struct fl_faults *faults)
{
    struct fl_purchases purchases = {0};
    struct fl_error err = {0};

    if (!fl_people_purchases_read(&purchases, fd, options, faults, &err)) {
        if (faults->n_total)
            abort();
        for (size_t i = 0; i < purchases.n; i++)
            if (purchases.items[i].customer >= purchases.names.n ||
                !isfinite(purchases.items[i].amount))
                abort();
    } else if (err.status == FL_INTERNAL || (err.status == FL_INVALID && !faults->n_total))
        abort();
    fl_people_purchases_finish(&purchases);
}

static void try_summary(int fd, const struct fl_summary_options *options, struct fl_faults *faults)
{
    struct fl_summary summary = {0};
    struct fl_error err = {0};

    if (!fl_people_summary_read(&summary, fd, options, faults, &err)) {
        if (faults->n_total || (summary.names.n && summary.names.n < summary.n))
            abort();
        for (size_t i = 0; i < summary.n; i++) {
            const struct fl_summary_row *row = &summary.items[i];

            if (!isfinite(row->x) || !isfinite(row->tx) || !isfinite(row->T) || !isfinite(row->z) ||
                !(row->n >= 0))
                abort();
        }
        for (size_t i = 0; i < summary.names.n; i++)
            if (fl_people_names_find(&summary.names, summary.names.items[i]) != i)
                abort();
    } else if (err.status == FL_INTERNAL || (err.status == FL_INVALID && !faults->n_total))
        abort();
    fl_people_summary_finish(&summary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t map_len = end && end > data ? (size_t)(end - data) - 1 : 0;
    struct fl_summary_options options = {.name = "fuzz"};
    struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    struct fl_faults faults;
    char map[MAP_MAX + 1];
    int fd;

    if (!end || end == data || map_len > MAP_MAX || !arena ||
        fl_memfd_sealed("fuzz", end + 1, size - map_len - 2, &fd, NULL)) {
        fl_arena_destroy(&arena);
        return 0;
    }
    memcpy(map, data + 1, map_len);
    map[map_len] = '\0';
    if (map_len)
        options.map = map;
    fl_faults_init(&faults, arena);
    options.may_be_list = data[0] == 'l';
    if (data[0] == 't')
        try_purchases(fd, &options, &faults);
    else
        try_summary(fd, &options, &faults);
    close(fd);
    fl_arena_destroy(&arena);
    return 0;
}
