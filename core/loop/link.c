#include "loop/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { FRAMES_A_TURN = 256, FRAME_OVERHEAD = 512 };

struct waiting {
    struct waiting *next;
    struct fl_wire_frame frame;
};

struct fl_link {
    struct fl_source *source;
    struct fl_link_handler handler;
    struct fl_wire_frame in;
    struct waiting *first, **last;
    size_t queued, queue_max;
    int fd;
    int depth; /* of callbacks */
    bool is_reading;
    bool is_gone;
    bool is_destroyed;
};

static void set_interest(struct fl_link *link)
{
    int interest = link->is_gone
                       ? 0
                       : (link->is_reading ? FL_LOOP_READ : 0) | (link->first ? FL_LOOP_WRITE : 0);

    fl_loop_set_interest(link->source, interest);
}

static void waiting_pop(struct fl_link *link)
{
    struct waiting *w = link->first;

    link->first = w->next;
    if (!link->first)
        link->last = &link->first;
    link->queued -= w->frame.bytes.len + FRAME_OVERHEAD;
    fl_wire_finish(&w->frame);
    free(w);
}

static void link_free(struct fl_link *link)
{
    fl_loop_remove(&link->source);
    while (link->first)
        waiting_pop(link);
    fl_wire_finish(&link->in);
    close(link->fd);
    free(link);
}

static void enter(struct fl_link *link)
{
    link->depth++;
}

/* False when the link was destroyed by a callback and is no more. */
static bool leave(struct fl_link *link)
{
    link->depth--;
    if (link->is_destroyed && link->depth == 0) {
        link_free(link);
        return false;
    }
    return !link->is_destroyed;
}

static void lose(struct fl_link *link, const char *why)
{
    if (link->is_gone || link->is_destroyed)
        return;
    link->is_gone = true;
    set_interest(link);
    link->handler.on_gone(link->handler.ctx, why);
}

/* Reads what is there, at most one turn's worth. */
static void drain(struct fl_link *link)
{
    struct fl_error err;

    for (int i = 0; i < FRAMES_A_TURN && !link->is_gone && !link->is_destroyed && link->is_reading;
         i++) {
        enum fl_status st = fl_wire_recv(link->fd, &link->in, &err);

        if (st == FL_AGAIN)
            return;
        if (st)
            lose(link, err.text);
        else if (!link->handler.on_frame(link->handler.ctx, &link->in))
            lose(link, "the peer sent a frame that cannot be");
    }
}

static void push(struct fl_link *link)
{
    struct fl_error err;

    while (link->first && !link->is_gone) {
        enum fl_status st = fl_wire_send(link->fd, &link->first->frame, &err);

        if (st == FL_AGAIN)
            return;
        if (st)
            lose(link, err.text);
        if (link->is_destroyed)
            return;
        waiting_pop(link);
    }
    set_interest(link);
}

static void on_ready(void *ctx, int fd, int ready)
{
    struct fl_link *link = ctx;

    (void)fd;
    enter(link);
    if (ready & FL_LOOP_WRITE)
        push(link);
    if (ready & FL_LOOP_READ)
        drain(link);
    (void)leave(link);
}

struct fl_link *fl_link_create(struct fl_loop *loop, int fd, size_t queue_max,
                               const struct fl_link_handler *handler)
{
    struct fl_link *link = calloc(1, sizeof *link);
    int flags = fcntl(fd, F_GETFL);

    if (!link || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        free(link);
        close(fd);
        return NULL;
    }
    link->fd = fd;
    link->handler = *handler;
    link->queue_max = queue_max;
    link->last = &link->first;
    link->is_reading = true;
    fl_wire_init(&link->in);
    link->source = fl_loop_add_fd(loop, fd, FL_LOOP_READ, on_ready, link);
    if (!link->source) {
        link_free(link);
        return NULL;
    }
    return link;
}

void fl_link_destroy(struct fl_link **link)
{
    struct fl_link *l = *link;

    *link = NULL;
    if (!l)
        return;
    l->is_destroyed = true;
    if (l->depth == 0)
        link_free(l);
    else
        set_interest(l);
}

enum fl_status fl_link_send(struct fl_link *link, struct fl_wire_frame *frame, struct fl_error *err)
{
    struct waiting *w;
    enum fl_status st = FL_AGAIN;

    if (link->is_gone) {
        fl_wire_start(frame, 0, 0); /* a descriptor in it must not outlive the peer */
        return fl_error_set(err, FL_UNAVAILABLE, "the peer is gone");
    }
    if (frame->has_failed || fl_buf_failed(&frame->bytes))
        return fl_error_set(err, FL_LIMIT, "a frame of type %u does not fit", frame->type);
    if (!link->first)
        st = fl_wire_send(link->fd, frame, err);
    if (st != FL_AGAIN) {
        fl_wire_start(frame, 0, 0);
        return st;
    }
    if (link->queued + frame->bytes.len > link->queue_max)
        return fl_error_set(err, FL_LIMIT, "more than %zu bytes wait for the peer",
                            link->queue_max);
    w = calloc(1, sizeof *w);
    if (!w)
        return fl_error_set(err, FL_IO, "no memory");
    w->frame = *frame;
    fl_wire_init(frame);
    *link->last = w;
    link->last = &w->next;
    link->queued += w->frame.bytes.len + FRAME_OVERHEAD;
    set_interest(link);
    return FL_OK;
}

static bool wait_ready(struct fl_link *link, short events, int64_t until_us)
{
    struct pollfd p = {.fd = link->fd, .events = events};
    int64_t left_us = until_us - fl_clock_monotonic_us();

    if (left_us <= 0)
        return false;
    return poll(&p, 1, (int)(left_us / FL_US_PER_MS) + 1) > 0 || errno == EINTR;
}

enum fl_status fl_link_wait(struct fl_link *link, const bool *is_done, int64_t timeout_us,
                            struct fl_error *err)
{
    int64_t until_us = fl_clock_monotonic_us() + timeout_us;

    enter(link);
    while (!*is_done && !link->is_gone && !link->is_destroyed) {
        push(link);
        if (link->is_gone || !wait_ready(link, POLLIN, until_us))
            break;
        drain(link);
    }
    if (!leave(link))
        return *is_done ? FL_OK : fl_error_set(err, FL_UNAVAILABLE, "the peer is gone");
    if (*is_done)
        return FL_OK;
    return fl_error_set(err, FL_UNAVAILABLE, "no answer within %lld s",
                        (long long)(timeout_us / FL_US_PER_S));
}

void fl_link_flush(struct fl_link *link, int64_t timeout_us)
{
    int64_t until_us = fl_clock_monotonic_us() + timeout_us;

    enter(link);
    do
        push(link);
    while (link->first && !link->is_gone && wait_ready(link, POLLOUT, until_us));
    (void)leave(link);
}

size_t fl_link_queued(const struct fl_link *link)
{
    return link->queued;
}

void fl_link_set_reading(struct fl_link *link, bool is_reading)
{
    link->is_reading = is_reading;
    set_interest(link);
}

int fl_link_fd(const struct fl_link *link)
{
    return link->fd;
}
