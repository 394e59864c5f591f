/* What the files of the host room share. */
#ifndef FL_HOST_HOST_PRIVATE_H
#define FL_HOST_HOST_PRIVATE_H

#include "feedback/feedback.h"
#include "host/host.h"
#include "wire/wire.h"

/* --- reading what the other process wrote (host_protocol.c) ---*/

/* Valid UTF-8 of at most `max` bytes, cut and cleaned where needed; "" for NULL. */
const char *fl_host_clean_text(struct fl_arena *arena, const char *s, size_t max);
const char *fl_host_get_text(struct fl_wire_frame *frame); /* never NULL; bad UTF-8 fails */
int fl_host_get_enum(struct fl_wire_frame *frame, uint32_t last);
size_t fl_host_get_count(struct fl_wire_frame *frame, size_t max);
void *fl_host_get_array(struct fl_wire_frame *frame, struct fl_arena *arena, size_t n, size_t size);

/* --- one plugin, opened (host_instance.c) ---*/

/* Where a plugin's services lead: frames to core, or JSON lines. */
struct fl_host_sink {
    void *ctx;
    int (*report)(void *ctx, const struct fl_report *report);
    int (*begin)(void *ctx, uint32_t item);
    int (*inbound)(void *ctx, const struct fl_inbound *inbound,
                   const struct fl_feedback_parsed *parsed);
    int (*receipt)(void *ctx, const struct fl_receipt *receipt);
    int (*commit)(void *ctx);
    int (*is_stopping)(void *ctx);
    int (*remember)(void *ctx, const char *key, const void *data, size_t len);
    long (*recall)(void *ctx, const char *key, void *data, size_t cap);
};

struct fl_host_instance {
    struct fl_plugin *plugin;
    const struct fl_channel_v1 *channel;
    void *self;
    bool is_open;
    struct fl_services services;
    const struct fl_host_sink *sink;
    struct fl_log log;
    struct fl_arena *arena;         /* options, for the life of the instance */
    struct fl_arena *inbound_arena; /* one raw piece */
    const struct fl_option *options;
    size_t n_options;
};

/* Loads and has the options looked at; faults are listed with where they stand. */
FL_CHECK_RESULT enum fl_status fl_host_instance_load(struct fl_host_instance *instance,
                                                     const char *plugin_dir, const char *plugin,
                                                     const struct fl_log *log,
                                                     struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_host_instance_check(struct fl_host_instance *instance,
                                                      const struct fl_conf_channel *channel,
                                                      struct fl_faults *faults,
                                                      struct fl_error *err);
/* The options, not looked at by the plugin; secrets that cannot be read are left out. */
FL_CHECK_RESULT enum fl_status fl_host_instance_read(struct fl_host_instance *instance,
                                                     const struct fl_conf_channel *channel,
                                                     struct fl_faults *faults,
                                                     struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_host_instance_confine(struct fl_host_instance *instance,
                                                        const char *user, bool is_pure,
                                                        struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_host_instance_open(struct fl_host_instance *instance,
                                                     const struct fl_host_sink *sink,
                                                     struct fl_error *err);
void fl_host_instance_finish(struct fl_host_instance *instance);

/* A fl_why ready to be written to. */
struct fl_why fl_host_why(void);

#endif
