/* What the tests of the SQLite driver share: a world on a file that may not open. */
#ifndef TESTS_UNIT_STORE_FILE_H
#define TESTS_UNIT_STORE_FILE_H

#include "../conform/world.h"

static inline int setup(void **state)
{
    struct world *w = malloc(sizeof *w);

    world_init(w, "sqlite");
    *state = w;
    return 0;
}

static inline int teardown(void **state)
{
    world_finish(*state);
    free(*state);
    return 0;
}

static inline enum fl_status open_status(struct world *w, struct fl_error *err)
{
    enum fl_status st = fl_store_open(w->uri, &w->options, &w->store, err);

    if (!st)
        fl_store_close(&w->store);
    return st;
}

static inline void assert_sound(struct world *w)
{
    struct fl_error err;

    assert_ok(fl_store_check(w->store, world_show, NULL, &err));
}

#endif
