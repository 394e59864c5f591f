/* Messages nobody knows the fate of: the peer is asked, and a receipt settles them. */
#include "daemon/daemon_core_private.h"

static void ask(struct fl_core_host *host, const char *const *refs, size_t n)
{
    struct fl_core *core = host->core;
    struct fl_error err;

    fl_wire_start(&core->out, FL_HOST_LOOKUP, 0);
    fl_wire_put_u32(&core->out, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        fl_wire_put_str(&core->out, refs[i]);
    host->is_looking_up = fl_link_send(host->link, &core->out, &err) == FL_OK;
    FL_LOG(&core->log, FL_LOG_INFO, "the peer is asked about doubtful messages",
           FL_KV_STR("channel", host->channel), FL_KV_INT("messages", (int64_t)n));
}

static void on_time(void *ctx)
{
    struct fl_core_host *host = ctx;
    struct fl_core *core = host->core;
    const char *const *refs = NULL;
    struct fl_error err;
    size_t n = 0;

    fl_loop_arm(host->lookup, FL_CORE_LOOKUP_INTERVAL_MS * FL_US_PER_MS);
    if (host->is_looking_up || core->is_draining || !host->dispatched)
        return;
    fl_arena_reset(core->piece_arena);
    if (fl_dispatch_doubts(host->dispatched, core->piece_arena, FL_CORE_LOOKUP_REFS_MAX, &refs, &n,
                           &err))
        FL_LOG(&core->log, FL_LOG_WARN, "doubtful messages could not be listed; tried again later",
               FL_KV_STR("channel", host->channel), FL_KV_STR("reason", err.text));
    else if (n)
        ask(host, refs, n);
}

void fl_core_lookup_begin(struct fl_core_host *host)
{
    host->lookup = fl_loop_add_timer(host->core->loop, on_time, host);
    if (host->lookup)
        fl_loop_arm(host->lookup, FL_CORE_LOOKUP_FIRST_MS * FL_US_PER_MS);
}
