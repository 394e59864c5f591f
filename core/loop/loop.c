#include "loop/loop.h"

#include <stdlib.h>

#include <event2/event.h>

enum kind { KIND_FD, KIND_TIMER, KIND_SIGNAL };

struct fl_source {
    struct fl_loop *loop;
    struct fl_source *prev, *next;
    struct event *event;
    enum kind kind;
    union {
        fl_loop_fd_fn *on_fd;
        fl_loop_fn *on_event;
    } fn;
    void *ctx;
};

struct fl_loop {
    struct event_base *base;
    struct fl_source *first;
};

struct fl_loop *fl_loop_create(void)
{
    struct fl_loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        return NULL;
    loop->base = event_base_new();
    if (!loop->base) {
        free(loop);
        return NULL;
    }
    return loop;
}

void fl_loop_destroy(struct fl_loop **loop)
{
    if (!*loop)
        return;
    while ((*loop)->first) {
        struct fl_source *source = (*loop)->first;

        fl_loop_remove(&source);
    }
    event_base_free((*loop)->base);
    free(*loop);
    *loop = NULL;
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct fl_source *source = arg;
    int ready = (what & EV_READ ? FL_LOOP_READ : 0) | (what & EV_WRITE ? FL_LOOP_WRITE : 0);

    if (source->kind == KIND_FD)
        source->fn.on_fd(source->ctx, fd, ready);
    else
        source->fn.on_event(source->ctx);
}

static struct fl_source *source_new(struct fl_loop *loop, enum kind kind, void *ctx)
{
    struct fl_source *source = calloc(1, sizeof *source);

    if (!source)
        return NULL;
    source->loop = loop;
    source->kind = kind;
    source->ctx = ctx;
    source->next = loop->first;
    if (loop->first)
        loop->first->prev = source;
    loop->first = source;
    return source;
}

/* Gives the source its libevent half; removes the source when that is not to be had. */
static struct fl_source *source_attach(struct fl_source *source, int fd, short what)
{
    if (!source)
        return NULL;
    source->event = event_new(source->loop->base, fd, what, on_event, source);
    if (!source->event || (what && event_add(source->event, NULL) < 0))
        fl_loop_remove(&source);
    return source;
}

static short events_of(int interest)
{
    return (short)((interest & FL_LOOP_READ ? EV_READ : 0) |
                   (interest & FL_LOOP_WRITE ? EV_WRITE : 0) | (interest ? EV_PERSIST : 0));
}

struct fl_source *fl_loop_add_fd(struct fl_loop *loop, int fd, int interest, fl_loop_fd_fn *fn,
                                 void *ctx)
{
    struct fl_source *source = source_new(loop, KIND_FD, ctx);

    if (source)
        source->fn.on_fd = fn;
    return source_attach(source, fd, events_of(interest));
}

void fl_loop_set_interest(struct fl_source *source, int interest)
{
    evutil_socket_t fd = event_get_fd(source->event);
    short wanted = events_of(interest);

    if (event_get_events(source->event) == wanted)
        return;
    event_del(source->event);
    event_assign(source->event, source->loop->base, fd, wanted, on_event, source);
    if (interest)
        event_add(source->event, NULL);
}

struct fl_source *fl_loop_add_timer(struct fl_loop *loop, fl_loop_fn *fn, void *ctx)
{
    struct fl_source *source = source_new(loop, KIND_TIMER, ctx);

    if (source)
        source->fn.on_event = fn;
    return source_attach(source, -1, 0);
}

void fl_loop_arm(struct fl_source *timer, int64_t after_us)
{
    int64_t us = after_us > 0 ? after_us : 0;
    struct timeval tv = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};

    event_add(timer->event, &tv);
}

void fl_loop_disarm(struct fl_source *timer)
{
    event_del(timer->event);
}

bool fl_loop_is_armed(const struct fl_source *timer)
{
    return event_pending(timer->event, EV_TIMEOUT, NULL);
}

struct fl_source *fl_loop_add_signal(struct fl_loop *loop, int signum, fl_loop_fn *fn, void *ctx)
{
    struct fl_source *source = source_new(loop, KIND_SIGNAL, ctx);

    if (source)
        source->fn.on_event = fn;
    return source_attach(source, signum, EV_SIGNAL | EV_PERSIST);
}

void fl_loop_remove(struct fl_source **source)
{
    struct fl_source *s = *source;

    if (!s)
        return;
    *source = NULL;
    if (s->event)
        event_free(s->event);
    if (s->prev)
        s->prev->next = s->next;
    else
        s->loop->first = s->next;
    if (s->next)
        s->next->prev = s->prev;
    free(s);
}

enum fl_status fl_loop_run(struct fl_loop *loop, struct fl_error *err)
{
    if (event_base_dispatch(loop->base) < 0)
        return fl_error_set(err, FL_IO, "the event loop has failed");
    return FL_OK;
}

void fl_loop_stop(struct fl_loop *loop)
{
    event_base_loopbreak(loop->base);
}
