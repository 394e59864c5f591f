/* The loop room: descriptors, timers and signals, and callbacks that remove sources. */
#include "unit.h"

#include <signal.h>
#include <unistd.h>

#include "loop/loop.h"

static struct fl_error err;

struct scene {
    struct fl_loop *loop;
    struct fl_source *source, *other, *timer;
    int pipe_fds[2];
    int n_read, n_written, n_fired, n_signals;
};

static void on_readable(void *ctx, int fd, int ready)
{
    struct scene *s = ctx;
    char c;

    assert_int_equal(ready, FL_LOOP_READ);
    assert_int_equal(read(fd, &c, 1), 1);
    if (++s->n_read == 3) {
        fl_loop_remove(&s->source); /* itself */
        fl_loop_arm(s->timer, 0);
    }
}

static void on_writable(void *ctx, int fd, int ready)
{
    struct scene *s = ctx;

    assert_int_equal(ready, FL_LOOP_WRITE);
    assert_int_equal(write(fd, "x", 1), 1);
    if (++s->n_written == 3)
        fl_loop_set_interest(s->other, 0);
}

static void on_timer(void *ctx)
{
    struct scene *s = ctx;

    assert_false(fl_loop_is_armed(s->timer));
    if (++s->n_fired == 1) {
        fl_loop_arm(s->timer, 1000);
        assert_true(fl_loop_is_armed(s->timer));
        fl_loop_disarm(s->timer);
        assert_false(fl_loop_is_armed(s->timer));
        raise(SIGUSR1);
    }
}

static void on_signal(void *ctx)
{
    struct scene *s = ctx;

    s->n_signals++;
    fl_loop_stop(s->loop);
}

static void test_everything(void **state)
{
    struct scene s = {0};
    struct fl_source *nothing = NULL;

    (void)state;
    s.loop = fl_loop_create();
    assert_int_equal(pipe(s.pipe_fds), 0);
    s.source = fl_loop_add_fd(s.loop, s.pipe_fds[0], FL_LOOP_READ, on_readable, &s);
    s.other = fl_loop_add_fd(s.loop, s.pipe_fds[1], 0, on_writable, &s);
    s.timer = fl_loop_add_timer(s.loop, on_timer, &s);
    assert_non_null(fl_loop_add_signal(s.loop, SIGUSR1, on_signal, &s));
    fl_loop_set_interest(s.other, FL_LOOP_WRITE);
    assert_ok(fl_loop_run(s.loop, &err));
    assert_null(s.source);
    assert_int_equal(s.n_read, 3);
    assert_int_equal(s.n_written, 3);
    assert_int_equal(s.n_fired, 1);
    assert_int_equal(s.n_signals, 1);
    fl_loop_remove(&nothing);
    fl_loop_destroy(&s.loop);
    assert_null(s.loop);
    fl_loop_destroy(&s.loop);
    close(s.pipe_fds[0]);
    close(s.pipe_fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_everything)};

    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
