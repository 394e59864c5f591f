#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "wire/wire.h"
#include "wire/wire_private.h"

/* The next `len` bytes of the frame, or NULL and a failed frame. */
static const unsigned char *take(struct fl_wire_frame *frame, size_t len)
{
    const unsigned char *p;

    if (frame->has_failed || len > frame->view_len - frame->pos) {
        frame->has_failed = true;
        return NULL;
    }
    p = (const unsigned char *)frame->view + frame->pos;
    frame->pos += len;
    return p;
}

static uint64_t take_le(struct fl_wire_frame *frame, size_t n_bytes)
{
    const unsigned char *p = take(frame, n_bytes);
    uint64_t v = 0;

    if (p)
        for (size_t i = 0; i < n_bytes; i++)
            v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static bool take_tag(struct fl_wire_frame *frame, unsigned tag)
{
    const unsigned char *p = take(frame, 1);

    if (p && *p != tag)
        frame->has_failed = true;
    return !frame->has_failed;
}

uint32_t fl_wire_get_u32(struct fl_wire_frame *frame)
{
    return take_tag(frame, FL_WIRE_TAG_U32) ? (uint32_t)take_le(frame, 4) : 0;
}

int64_t fl_wire_get_i64(struct fl_wire_frame *frame)
{
    return take_tag(frame, FL_WIRE_TAG_I64) ? (int64_t)take_le(frame, 8) : 0;
}

bool fl_wire_get_bool(struct fl_wire_frame *frame)
{
    uint64_t v;

    if (!take_tag(frame, FL_WIRE_TAG_BOOL))
        return false;
    v = take_le(frame, 1);
    if (v > 1)
        frame->has_failed = true;
    return v == 1;
}

double fl_wire_get_double(struct fl_wire_frame *frame)
{
    uint64_t bits;
    double v;

    if (!take_tag(frame, FL_WIRE_TAG_DOUBLE))
        return 0;
    bits = take_le(frame, 8);
    memcpy(&v, &bits, sizeof v);
    return v;
}

static int take_fd(struct fl_wire_frame *frame)
{
    if (frame->has_failed || frame->next_fd >= frame->n_fds) {
        frame->has_failed = true;
        return -1;
    }
    return frame->fds[frame->next_fd++];
}

/* Only a memfd that nobody can change or shrink any more may be mapped: reading one that shrinks
 * would be SIGBUS, one that changes would be checked once and used as something else. */
static const void *map_body(struct fl_wire_frame *frame, size_t len)
{
    const int needed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    int fd = take_fd(frame);
    struct stat st;
    void *map;

    if (fd < 0)
        return NULL;
    if ((fcntl(fd, F_GET_SEALS) & needed) != needed || fcntl(fd, F_GET_SEALS) < 0 ||
        fstat(fd, &st) < 0 || (uint64_t)st.st_size != len) {
        frame->has_failed = true;
        return NULL;
    }
    if (len == 0)
        return "";
    map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        frame->has_failed = true;
        return NULL;
    }
    frame->maps[frame->n_maps] = map;
    frame->map_sizes[frame->n_maps++] = len;
    return map;
}

static const void *take_blob(struct fl_wire_frame *frame, unsigned tag, size_t *out_len)
{
    const unsigned char *p = take(frame, 1);
    const void *data;
    size_t len;

    if (!p || (*p & ~(unsigned)FL_WIRE_BY_FD) != tag) {
        frame->has_failed = true;
        return NULL;
    }
    len = take_le(frame, 4);
    if (len > FL_WIRE_BODY_MAX)
        frame->has_failed = true;
    data = *p & FL_WIRE_BY_FD ? map_body(frame, len) : take(frame, len);
    if (data)
        *out_len = len;
    return data;
}

const char *fl_wire_get_str(struct fl_wire_frame *frame)
{
    const char *text;
    size_t len = 0;

    if (!frame->has_failed && frame->pos < frame->view_len &&
        frame->view[frame->pos] == FL_WIRE_TAG_NULL) {
        frame->pos++;
        return NULL;
    }
    text = take_blob(frame, FL_WIRE_TAG_STR, &len);
    if (!text)
        return NULL;
    if (len == 0 || memchr(text, '\0', len) != text + len - 1) {
        frame->has_failed = true;
        return NULL;
    }
    return text;
}

const void *fl_wire_get_bytes(struct fl_wire_frame *frame, size_t *out_len)
{
    size_t len = 0;
    const void *data = take_blob(frame, FL_WIRE_TAG_BYTES, &len);

    *out_len = data ? len : 0;
    return data;
}

void fl_wire_get_nested(struct fl_wire_frame *frame, struct fl_wire_frame *inner)
{
    size_t len;
    const char *data = fl_wire_get_bytes(frame, &len);

    fl_wire_start(inner, frame->type, frame->correlation);
    inner->view = data ? data : "";
    inner->view_len = len;
    inner->has_failed = !data;
}

int fl_wire_get_fd(struct fl_wire_frame *frame)
{
    int fd = take_tag(frame, FL_WIRE_TAG_FD) ? take_fd(frame) : -1;

    if (fd >= 0)
        frame->fds[frame->next_fd - 1] = -1;
    return fd;
}

bool fl_wire_more(const struct fl_wire_frame *frame)
{
    return !frame->has_failed && frame->pos < frame->view_len;
}

bool fl_wire_end(struct fl_wire_frame *frame)
{
    if (frame->pos != frame->view_len || frame->next_fd != frame->n_fds)
        frame->has_failed = true;
    return !frame->has_failed;
}
