#include "wire/wire.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "wire/wire_private.h"

static void drop_resources(struct fl_wire_frame *frame)
{
    for (int i = 0; i < frame->n_maps; i++)
        munmap(frame->maps[i], frame->map_sizes[i]);
    for (int i = 0; i < frame->n_fds; i++)
        if (frame->fds[i] >= 0)
            close(frame->fds[i]);
    frame->n_maps = 0;
    frame->n_fds = 0;
}

static void init(struct fl_wire_frame *frame, size_t max, bool is_nested)
{
    memset(frame, 0, sizeof *frame);
    fl_buf_init(&frame->bytes, max);
    frame->is_nested = is_nested;
    frame->view = "";
}

void fl_wire_init(struct fl_wire_frame *frame)
{
    init(frame, FL_WIRE_FRAME_MAX - FL_WIRE_HEADER_SIZE, false);
}

void fl_wire_init_nested(struct fl_wire_frame *frame)
{
    init(frame, FL_WIRE_BODY_MAX, true);
}

void fl_wire_finish(struct fl_wire_frame *frame)
{
    drop_resources(frame);
    fl_buf_finish(&frame->bytes);
    frame->view = "";
    frame->view_len = 0;
}

void fl_wire_start(struct fl_wire_frame *frame, uint16_t type, uint64_t correlation)
{
    drop_resources(frame);
    fl_buf_reset(&frame->bytes);
    frame->type = type;
    frame->correlation = correlation;
    frame->has_failed = false;
    frame->view = "";
    frame->view_len = 0;
    frame->pos = 0;
    frame->next_fd = 0;
}

static void put_le(struct fl_wire_frame *frame, uint64_t v, int n_bytes)
{
    unsigned char le[8];

    for (int i = 0; i < n_bytes; i++)
        le[i] = (unsigned char)(v >> (8 * i));
    fl_buf_add(&frame->bytes, le, (size_t)n_bytes);
}

static void put_tag(struct fl_wire_frame *frame, enum fl_wire_tag tag)
{
    fl_buf_putc(&frame->bytes, (char)tag);
}

void fl_wire_put_u32(struct fl_wire_frame *frame, uint32_t v)
{
    put_tag(frame, FL_WIRE_TAG_U32);
    put_le(frame, v, 4);
}

void fl_wire_put_i64(struct fl_wire_frame *frame, int64_t v)
{
    put_tag(frame, FL_WIRE_TAG_I64);
    put_le(frame, (uint64_t)v, 8);
}

void fl_wire_put_bool(struct fl_wire_frame *frame, bool v)
{
    put_tag(frame, FL_WIRE_TAG_BOOL);
    put_le(frame, v, 1);
}

void fl_wire_put_double(struct fl_wire_frame *frame, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    put_tag(frame, FL_WIRE_TAG_DOUBLE);
    put_le(frame, bits, 8);
}

/* Takes over `fd`. */
static void add_fd(struct fl_wire_frame *frame, int fd)
{
    if (frame->n_fds == FL_WIRE_FDS_MAX || frame->is_nested) {
        close(fd);
        frame->has_failed = true;
        return;
    }
    frame->fds[frame->n_fds++] = fd;
}

/* Either `len` bytes inline or, when they are many, a sealed memfd beside the frame. */
static void put_blob(struct fl_wire_frame *frame, enum fl_wire_tag tag, const void *data,
                     size_t len)
{
    bool is_inline =
        frame->is_nested || (len <= FL_WIRE_INLINE_MAX && !fl_wire_is_full(frame, len + 5));
    int fd;

    if (len > FL_WIRE_BODY_MAX) {
        frame->has_failed = true;
        return;
    }
    put_tag(frame, is_inline ? tag : tag | FL_WIRE_BY_FD);
    put_le(frame, len, 4);
    if (is_inline)
        fl_buf_add(&frame->bytes, data, len);
    else if (fl_memfd_sealed("fairline-body", data, len, &fd, NULL))
        frame->has_failed = true;
    else
        add_fd(frame, fd);
}

void fl_wire_put_str(struct fl_wire_frame *frame, const char *s)
{
    if (!s)
        put_tag(frame, FL_WIRE_TAG_NULL);
    else
        put_blob(frame, FL_WIRE_TAG_STR, s, strlen(s) + 1);
}

void fl_wire_put_bytes(struct fl_wire_frame *frame, const void *data, size_t len)
{
    put_blob(frame, FL_WIRE_TAG_BYTES, data, len);
}

void fl_wire_put_nested(struct fl_wire_frame *frame, const struct fl_wire_frame *inner)
{
    if (inner->has_failed || fl_buf_failed(&inner->bytes))
        frame->has_failed = true;
    else
        put_blob(frame, FL_WIRE_TAG_BYTES, inner->bytes.data, inner->bytes.len);
}

void fl_wire_put_fd(struct fl_wire_frame *frame, int fd)
{
    int copy = fl_wire_dup(fd);

    put_tag(frame, FL_WIRE_TAG_FD);
    if (copy < 0)
        frame->has_failed = true;
    else
        add_fd(frame, copy);
}

bool fl_wire_is_full(const struct fl_wire_frame *frame, size_t more)
{
    return more > frame->bytes.max - frame->bytes.len;
}
