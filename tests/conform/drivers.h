/*
 * The conformance suite: what every driver of the store must do.  A driver that forgets says so by
 * fl_store_remembers(); of it everything is asked that can be asked, and that it finds nothing.
 */
#ifndef TESTS_CONFORM_DRIVERS_H
#define TESTS_CONFORM_DRIVERS_H

#include "world.h"

static inline int open_driver(void **state, const char *driver)
{
    struct world *w = malloc(sizeof *w);

    world_init(w, driver);
    world_open(w);
    *state = w;
    return 0;
}

static inline int open_sqlite(void **state)
{
    return open_driver(state, "sqlite");
}

static inline int open_null(void **state)
{
    return open_driver(state, "null");
}

static inline int finish(void **state)
{
    struct world *w = *state;
    struct fl_error err;

    fl_store_rollback(w->store);
    assert_ok(fl_store_check(w->store, world_show, NULL, &err));
    world_finish(w);
    free(w);
    return 0;
}

#define BOTH(test)                                                                                 \
    {.name = #test " (sqlite)",                                                                    \
     .test_func = (test),                                                                          \
     .setup_func = open_sqlite,                                                                    \
     .teardown_func = finish},                                                                     \
    {                                                                                              \
        .name = #test " (null)", .test_func = (test), .setup_func = open_null,                     \
        .teardown_func = finish                                                                    \
    }

#endif
