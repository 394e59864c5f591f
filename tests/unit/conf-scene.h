/* What tests of the configuration share: an arena, faults, a folder of their own. */
#ifndef FL_TEST_CONF_SCENE_H
#define FL_TEST_CONF_SCENE_H

#include "unit.h"

#include "base/arena.h"
#include "base/faults.h"
#include "conf/conf.h"

struct fixture {
    struct fl_arena *arena;
    struct fl_faults faults;
    struct fl_error err;
    char dir[64];
};

static int setup(void **state)
{
    static struct fixture f;

    f = (struct fixture){.arena = fl_arena_create(FL_ARENA_DEFAULT_MAX)};
    fl_faults_init(&f.faults, f.arena);
    strcpy(f.dir, "/tmp/fairline-conf-XXXXXX");
    if (!mkdtemp(f.dir))
        return -1;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[100];

    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    fl_arena_destroy(&f->arena);
    return system(command);
}

static const struct fl_conf *parse_ok(struct fixture *f, const char *text)
{
    const struct fl_conf *conf = NULL;
    struct fl_error err;

    assert_ok(fl_conf_parse(f->arena, "f.conf", text, &f->faults, &conf, &err));
    assert_int_equal(f->faults.n_total, 0);
    return conf;
}

/* Expects exactly these faults, in this order; `expected` ends with NULL. */
static void check_faults(struct fixture *f, const char *const *expected)
{
    size_t n = 0;

    for (; expected[n]; n++) {
        const char *text;

        if (n == f->faults.n_items)
            fail_msg("missing fault: %s", expected[n]);
        text = fl_fault_text(f->arena, &f->faults.items[n]);
        if (!strstr(text, expected[n]))
            fail_msg("fault \"%s\", expected \"%s\"", text, expected[n]);
    }
    if (n != f->faults.n_items)
        fail_msg("one too many: %s", fl_fault_text(f->arena, &f->faults.items[n]));
    fl_faults_init(&f->faults, f->arena);
}

static void parse_bad(struct fixture *f, const char *text, const char *const *expected)
{
    const struct fl_conf *conf = NULL;

    assert_status(FL_INVALID, fl_conf_parse(f->arena, "f.conf", text, &f->faults, &conf, &f->err));
    assert_null(conf);
    check_faults(f, expected);
}

#define BAD(text, ...) parse_bad(f, (text), (const char *const[]){__VA_ARGS__, NULL})

#endif
