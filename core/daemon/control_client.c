#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/control.h"
#include "daemon/daemon_frames.h"
#include "host/host_protocol.h"
#include "wire/wire.h"

enum { FAULTS_ARENA_MAX = 16 << 20 };

struct fl_control {
    int fd;
    struct fl_wire_frame frame;
};

enum fl_status fl_control_connect(const char *socket_path, struct fl_control **out,
                                  struct fl_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct fl_control *control;
    int fd;

    if (strlen(socket_path) >= sizeof address.sun_path)
        return fl_error_set(err, FL_INVALID, "the control socket \"%s\" is longer than %zu bytes",
                            socket_path, sizeof address.sun_path - 1);
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fl_error_set_errno(err, errno, "could not make a socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int errnum = errno;
        bool is_down = errnum == ENOENT || errnum == ECONNREFUSED;

        close(fd);
        if (is_down)
            return fl_error_set(err, FL_UNAVAILABLE, "no daemon listens on \"%s\"", socket_path);
        return fl_error_set_errno(err, errnum, "cannot connect to \"%s\"", socket_path);
    }
    control = calloc(1, sizeof *control);
    if (!control) {
        close(fd);
        return fl_error_set(err, FL_IO, "no memory");
    }
    control->fd = fd;
    fl_wire_init(&control->frame);
    *out = control;
    return FL_OK;
}

void fl_control_close(struct fl_control **control)
{
    if (!*control)
        return;
    close((*control)->fd);
    fl_wire_finish(&(*control)->frame);
    free(*control);
    *control = NULL;
}

int fl_control_fd(const struct fl_control *control)
{
    return control->fd;
}

static enum fl_status send_call(struct fl_control *control, const char *noun, const char *verb,
                                json_t *values, const int *fds, int n_fds, struct fl_error *err)
{
    struct fl_wire_frame *frame = &control->frame;
    char *text;

    if (n_fds > FL_CONTROL_FDS_MAX)
        return fl_error_set(err, FL_LIMIT, "%d files are above the limit of %d in one call", n_fds,
                            FL_CONTROL_FDS_MAX);
    text = json_dumps(values, JSON_COMPACT);
    if (!text)
        return fl_error_set(err, FL_INVALID, "the arguments are no JSON");
    fl_wire_start(frame, FL_CONTROL_CALL, 0);
    fl_wire_put_str(frame, noun);
    fl_wire_put_str(frame, verb);
    fl_wire_put_bytes(frame, text, strlen(text));
    free(text);
    fl_wire_put_u32(frame, (uint32_t)n_fds);
    for (int i = 0; i < n_fds; i++)
        fl_wire_put_fd(frame, fds[i]);
    return fl_wire_send(control->fd, frame, err);
}

static bool pass_rows(struct fl_wire_frame *frame, const struct fl_ops_sink *sink)
{
    size_t len;
    const char *at = fl_wire_get_bytes(frame, &len), *end = at + len;

    if (!fl_wire_end(frame))
        return false;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        json_t *row = line_end ? json_loadb(at, (size_t)(line_end - at), 0, NULL) : NULL;

        if (!row)
            return false;
        if (sink->row)
            sink->row(sink->ctx, row);
        json_decref(row);
        at = line_end + 1;
    }
    return true;
}

static bool pass_faults(struct fl_wire_frame *frame, const struct fl_ops_sink *sink)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(FAULTS_ARENA_MAX);
    struct fl_faults faults;

    if (!arena)
        return false;
    fl_faults_init(&faults, arena);
    if (!fl_host_get_faults(frame, &faults) || !fl_wire_end(frame))
        return false;
    if (sink->faults)
        sink->faults(sink->ctx, &faults);
    return true;
}

static bool pass_progress(struct fl_wire_frame *frame, const struct fl_ops_sink *sink)
{
    const char *what = fl_wire_get_str(frame);
    int64_t done = fl_wire_get_i64(frame), total = fl_wire_get_i64(frame);

    if (!fl_wire_end(frame))
        return false;
    if (sink->progress)
        sink->progress(sink->ctx, what, done, total);
    return true;
}

static bool pass_note(struct fl_wire_frame *frame, const struct fl_ops_sink *sink)
{
    const char *text = fl_wire_get_str(frame);

    if (!fl_wire_end(frame) || !text)
        return false;
    if (sink->note)
        sink->note(sink->ctx, text);
    return true;
}

static bool pass(struct fl_wire_frame *frame, const struct fl_ops_sink *sink)
{
    switch (frame->type) {
    case FL_CONTROL_ROWS:
        return pass_rows(frame, sink);
    case FL_CONTROL_NOTE:
        return pass_note(frame, sink);
    case FL_CONTROL_PROGRESS:
        return pass_progress(frame, sink);
    case FL_CONTROL_FAULTS:
        return pass_faults(frame, sink);
    default:
        return false;
    }
}

static enum fl_status read_end(struct fl_wire_frame *frame, struct fl_error *err)
{
    uint32_t status = fl_wire_get_u32(frame);
    const char *text = fl_wire_get_str(frame);

    if (!fl_wire_end(frame) || !text || status > FL_INTERNAL)
        return fl_error_set(err, FL_INTERNAL, "the daemon answered with something else");
    return status ? fl_error_set(err, (enum fl_status)status, "%s", text) : FL_OK;
}

enum fl_status fl_control_call(struct fl_control *control, const char *noun, const char *verb,
                               json_t *values, const int *fds, int n_fds,
                               const struct fl_ops_sink *sink, struct fl_error *err)
{
    struct fl_wire_frame *frame = &control->frame;
    enum fl_status st = send_call(control, noun, verb, values, fds, n_fds, err);

    while (!st) {
        st = fl_wire_recv(control->fd, frame, err);
        if (st == FL_UNAVAILABLE)
            return fl_error_set(err, st, "the daemon went away before it answered");
        if (!st && frame->type == FL_CONTROL_END)
            return read_end(frame, err);
        if (!st && !pass(frame, sink))
            st = fl_error_set(err, FL_INTERNAL, "the daemon answered with something else");
    }
    return st;
}
