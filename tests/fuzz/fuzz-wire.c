/* Frames as a broken or taken-over process would send them: the first bytes choose the getters. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N_CHOICES = 32 };

static void get(struct fl_wire_frame *frame, unsigned choice)
{
    struct fl_wire_frame inner;
    const char *text;
    size_t len;

    switch (choice % 8) {
    case 0:
        fl_wire_get_u32(frame);
        break;
    case 1:
        fl_wire_get_i64(frame);
        break;
    case 2:
        fl_wire_get_bool(frame);
        break;
    case 3:
        fl_wire_get_double(frame);
        break;
    case 4:
        text = fl_wire_get_str(frame);
        if (text && strlen(text) > FL_WIRE_BODY_MAX)
            abort();
        break;
    case 5:
        if (!fl_wire_get_bytes(frame, &len) && len)
            abort();
        break;
    case 6:
        if (fl_wire_get_fd(frame) >= 0)
            abort();
        break;
    default:
        fl_wire_init_nested(&inner);
        fl_wire_get_nested(frame, &inner);
        for (unsigned i = 0; i < 7 && fl_wire_more(&inner); i++)
            get(&inner, choice / 8 + i);
        (void)!fl_wire_end(&inner);
        fl_wire_finish(&inner);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_wire_frame frame;

    if (size < N_CHOICES)
        return 0;
    fl_wire_init(&frame);
    if (fl_wire_parse(data + N_CHOICES, size - N_CHOICES, &frame, NULL) == FL_OK) {
        for (unsigned i = 0; i < N_CHOICES && fl_wire_more(&frame); i++)
            get(&frame, data[i]);
        (void)!fl_wire_end(&frame);
    }
    fl_wire_finish(&frame);
    return 0;
}
