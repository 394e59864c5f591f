/* What the two halves of the wire room share: the tags of fields. */
#ifndef FL_WIRE_WIRE_PRIVATE_H
#define FL_WIRE_WIRE_PRIVATE_H

#include <fcntl.h>
#include <stdint.h>

#define FL_WIRE_MAGIC UINT32_C(0x46574c31) /* "FWL1" */

enum fl_wire_tag {
    FL_WIRE_TAG_U32 = 1,
    FL_WIRE_TAG_I64,
    FL_WIRE_TAG_BOOL,
    FL_WIRE_TAG_DOUBLE,
    FL_WIRE_TAG_NULL,
    FL_WIRE_TAG_STR,   /* u32 length with the final NUL, then the text */
    FL_WIRE_TAG_BYTES, /* u32 length, then the bytes */
    FL_WIRE_TAG_FD,
    FL_WIRE_BY_FD = 0x40 /* on STR and BYTES: the content is in the next descriptor */
};

static inline int fl_wire_dup(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

#endif
