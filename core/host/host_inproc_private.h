/* The host by hand: its state, and the JSON of what goes in and comes out. */
#ifndef FL_HOST_HOST_INPROC_PRIVATE_H
#define FL_HOST_HOST_INPROC_PRIVATE_H

#include <jansson.h>

#include "host/host_private.h"

struct fl_inproc {
    struct fl_arena *arena;
    struct fl_host_instance instance;
    struct fl_conf_setting settings[FL_HOST_OPTIONS_MAX];
    size_t n_settings;
    size_t n_items; /* of the batch at hand */
    json_t *memory;
    bool is_confined;
};

/* A file with one item or an array of items; members are those of struct fl_item, a part is
 * {"type", "name", "text"} or {"type", "name", "file"}. */
FL_CHECK_RESULT enum fl_status fl_inproc_items_read(struct fl_arena *arena, const char *path,
                                                    const struct fl_item ***out, size_t *out_n,
                                                    struct fl_error *err);

json_t *fl_inproc_report_json(const struct fl_report *report);
json_t *fl_inproc_receipt_json(const struct fl_receipt *receipt);
json_t *fl_inproc_inbound_json(const struct fl_inbound *inbound,
                               const struct fl_feedback_parsed *parsed);

#endif
