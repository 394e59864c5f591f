#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/wire.h"
#include "wire/wire_private.h"

struct header {
    uint32_t magic;
    uint16_t type;
    uint16_t zero;
    uint64_t correlation;
};
_Static_assert(sizeof(struct header) == FL_WIRE_HEADER_SIZE, "the header has no holes");

union fd_control {
    struct cmsghdr align;
    char space[CMSG_SPACE(sizeof(int) * FL_WIRE_FDS_MAX)];
};

static bool is_gone(int errnum)
{
    return errnum == EPIPE || errnum == ECONNRESET || errnum == ENOTCONN || errnum == ECONNREFUSED;
}

static void attach_fds(struct msghdr *msg, union fd_control *control,
                       const struct fl_wire_frame *frame)
{
    size_t size = sizeof(int) * (size_t)frame->n_fds;
    struct cmsghdr *cmsg;

    memset(control, 0, sizeof *control);
    msg->msg_control = control->space;
    msg->msg_controllen = CMSG_SPACE(size);
    cmsg = CMSG_FIRSTHDR(msg);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(cmsg), frame->fds, size);
}

enum fl_status fl_wire_send(int fd, struct fl_wire_frame *frame, struct fl_error *err)
{
    struct header header = {htole32(FL_WIRE_MAGIC), htole16(frame->type), 0,
                            htole64(frame->correlation)};
    struct iovec iov[2] = {{&header, sizeof header}, {frame->bytes.data, frame->bytes.len}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
    union fd_control control;
    ssize_t n;

    if (frame->has_failed || fl_buf_failed(&frame->bytes))
        return fl_error_set(err, FL_LIMIT, "a frame of type %u does not fit", frame->type);
    if (frame->n_fds)
        attach_fds(&msg, &control, frame);
    do
        n = sendmsg(fd, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return FL_OK;
    if (errno == EAGAIN || errno == ENOBUFS)
        return fl_error_set(err, FL_AGAIN, "the socket is full");
    if (is_gone(errno))
        return fl_error_set(err, FL_UNAVAILABLE, "the peer is gone");
    return fl_error_set_errno(err, errno, "could not send a frame of type %u", frame->type);
}

/* Moves every received descriptor into the frame; the kernel has closed what did not fit. */
static void collect_fds(struct msghdr *msg, struct fl_wire_frame *frame)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        const unsigned char *p = CMSG_DATA(c);
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, p + i * sizeof fd, sizeof fd);
            if (frame->n_fds < FL_WIRE_FDS_MAX)
                frame->fds[frame->n_fds++] = fd;
            else
                close(fd);
        }
    }
}

static enum fl_status parse(const char *data, size_t len, struct fl_wire_frame *frame,
                            struct fl_error *err)
{
    struct header header;

    if (len < sizeof header)
        return fl_error_set(err, FL_INVALID, "a frame of %zu bytes is shorter than its header",
                            len);
    memcpy(&header, data, sizeof header);
    if (le32toh(header.magic) != FL_WIRE_MAGIC || header.zero)
        return fl_error_set(err, FL_INVALID, "not a frame of ours");
    frame->type = le16toh(header.type);
    frame->correlation = le64toh(header.correlation);
    fl_buf_add(&frame->bytes, data + sizeof header, len - sizeof header);
    if (fl_buf_failed(&frame->bytes))
        return fl_error_set(err, FL_LIMIT, "a frame of %zu bytes is too long", len);
    frame->view = frame->bytes.data;
    frame->view_len = frame->bytes.len;
    return FL_OK;
}

enum fl_status fl_wire_parse(const void *data, size_t len, struct fl_wire_frame *frame,
                             struct fl_error *err)
{
    fl_wire_start(frame, 0, 0);
    return parse(data, len, frame, err);
}

enum fl_status fl_wire_recv(int fd, struct fl_wire_frame *frame, struct fl_error *err)
{
    char data[FL_WIRE_FRAME_MAX];
    struct iovec iov = {data, sizeof data};
    union fd_control control;
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.space,
                         .msg_controllen = sizeof control.space};
    ssize_t n;

    fl_wire_start(frame, 0, 0);
    do
        n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return fl_error_set(err, FL_AGAIN, "no frame is waiting");
    if (n == 0 || (n < 0 && is_gone(errno)))
        return fl_error_set(err, FL_UNAVAILABLE, "the peer is gone");
    if (n < 0)
        return fl_error_set_errno(err, errno, "could not receive a frame");
    collect_fds(&msg, frame);
    if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        return fl_error_set(err, FL_INVALID,
                            "a frame is longer than %d bytes or has more than %d "
                            "descriptors",
                            FL_WIRE_FRAME_MAX, FL_WIRE_FDS_MAX);
    return parse(data, (size_t)n, frame, err);
}

enum fl_status fl_wire_pair(int out_fds[2], struct fl_error *err)
{
    /* The kernel cuts this to its own maximum, which is above one frame everywhere. */
    const int buffer = 4 * FL_WIRE_FRAME_MAX;
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return fl_error_set_errno(err, errno, "could not make a socket pair");
    for (int i = 0; i < 2; i++)
        (void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    out_fds[0] = fds[0];
    out_fds[1] = fds[1];
    return FL_OK;
}
