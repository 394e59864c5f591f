/* The host below core: state that its files share. */
#ifndef FL_HOST_HOST_RUN_PRIVATE_H
#define FL_HOST_HOST_RUN_PRIVATE_H

#include "host/host_private.h"
#include "host/host_protocol.h"

/* Exit codes of sysexits. */
enum { EXIT_FINE = 0, EXIT_NO_PEER = 69, EXIT_BUG = 70, EXIT_SYSTEM = 71, EXIT_CONFIG = 78 };

enum {
    /* Uncommitted raw pieces above this make the host wait for core, so that a flood stands in the
     * plugin's upstream and not in core's memory. */
    FL_HOST_OUTSTANDING_MAX = 8 << 20,
    FL_HOST_QUEUE_MAX = 64,
    FL_HOST_POLL_FDS_MAX = 16
};

struct fl_host_queued {
    struct fl_host_queued *next;
    struct fl_wire_frame frame;
};

struct fl_host {
    int fd;
    struct fl_host_open open;
    struct fl_arena *arena;       /* of `open` */
    struct fl_arena *batch_arena; /* of the call at hand */
    struct fl_host_instance instance;
    struct fl_log log;
    struct fl_wire_frame out;
    struct fl_host_queued *first, **last; /* frames that came while another was waited for */
    int n_queued;
    struct fl_host_queued *items; /* ITEMS of the batch whose DELIVER has not come yet */
    uint64_t batch;
    size_t n_items; /* of the batch at hand; 0 outside deliver() */
    size_t outstanding;
    bool is_core_gone;
    bool is_stopping;
    int64_t collect_due_us; /* monotonic */
    int64_t collected_us;
};

/* --- frames (host_link.c) ---*/
void fl_host_send(struct fl_host *host); /* host->out; remembers that core is gone */
/* Takes the next frame for the main loop; NULL when none came until `timeout_ms` or a descriptor of
 * the plugin is ready, or core is gone. */
struct fl_host_queued *fl_host_next(struct fl_host *host, const int *fds, size_t n_fds,
                                    int timeout_ms, bool *out_fd_ready);
/* Waits for a frame of this type, queueing the others; NULL when core is gone. */
struct fl_host_queued *fl_host_wait_for(struct fl_host *host, enum fl_host_frame type);
void fl_host_look(struct fl_host *host); /* queues what is there already, does not wait */
void fl_host_queued_free(struct fl_host_queued **queued);

/* One item as its customer would get it (host_preview.c); `frame` is behind its OPEN part. */
int fl_host_run_preview(struct fl_host *host, struct fl_wire_frame *frame);

extern const struct fl_host_sink fl_host_link_sink; /* its ctx is set to the host */

#endif
