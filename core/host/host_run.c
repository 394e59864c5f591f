/* The host below core: takes frames one after the other and turns them into calls. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/host_run_private.h"

enum {
    BATCH_ARENA_MAX = 256 << 20,
    OPEN_TIMEOUT_S = 60,
    /* A plugin whose descriptors stay ready must not turn the host into a busy loop. */
    COLLECT_SPACING_US = 1000000
};

static void send_result(struct fl_host *host, enum fl_host_frame type, uint64_t correlation,
                        enum fl_host_frame call, enum fl_call result, struct fl_why *why)
{
    struct fl_host_result out = {.call = result, .fault = why->fault, .why = why->text};

    why->text[sizeof why->text - 1] = '\0';
    if ((unsigned)out.call > FL_CALL_UNSUPPORTED)
        out.call = FL_CALL_FAILED;
    if ((unsigned)out.fault > FL_FAULT_UNKNOWN)
        out.fault = FL_FAULT_UNKNOWN;
    fl_wire_start(&host->out, (uint16_t)type, correlation);
    if (type == FL_HOST_CALLED)
        fl_wire_put_u32(&host->out, call);
    fl_host_put_result(&host->out, &out);
}

static void send_began(struct fl_host *host, enum fl_host_frame call)
{
    fl_wire_start(&host->out, FL_HOST_BEGAN, 0);
    fl_wire_put_u32(&host->out, call);
    fl_host_send(host);
}

static bool read_items(struct fl_host *host, struct fl_wire_frame *frame, struct fl_item *items,
                       const struct fl_item **pointers, size_t *n)
{
    struct fl_wire_frame *bag = fl_arena_alloc(host->batch_arena, sizeof *bag);

    if (!bag)
        return false;
    /* The bag owns nothing while it reads from inside `frame`, so it needs no finish. */
    fl_wire_init_nested(bag);
    fl_wire_get_nested(frame, bag);
    while (fl_wire_more(bag)) {
        if (*n == FL_HOST_BATCH_ITEMS_MAX || !fl_host_get_item(bag, host->batch_arena, &items[*n]))
            return false;
        pointers[*n] = &items[*n];
        ++*n;
    }
    return fl_wire_end(bag) && fl_wire_end(frame);
}

static bool read_batch(struct fl_host *host, struct fl_wire_frame *last, struct fl_item *items,
                       const struct fl_item **pointers, size_t *n)
{
    for (struct fl_host_queued *q = host->items; q; q = q->next)
        if (q->frame.correlation != last->correlation ||
            !read_items(host, &q->frame, items, pointers, n))
            return false;
    return read_items(host, last, items, pointers, n) && *n > 0;
}

static bool on_deliver(struct fl_host *host, struct fl_wire_frame *frame)
{
    struct fl_item items[FL_HOST_BATCH_ITEMS_MAX];
    const struct fl_item *pointers[FL_HOST_BATCH_ITEMS_MAX];
    struct fl_why why = fl_host_why();
    enum fl_call call = FL_CALL_UNSUPPORTED;
    size_t n = 0;

    if (!read_batch(host, frame, items, pointers, &n))
        return false;
    host->batch = frame->correlation;
    fl_wire_start(&host->out, FL_HOST_STARTED, host->batch);
    fl_host_send(host);
    if (host->is_core_gone)
        return true;
    host->n_items = n;
    if (host->instance.channel->capabilities & FL_CAN_DELIVER)
        call = host->instance.channel->deliver(host->instance.self, pointers, n, &why);
    host->n_items = 0;
    send_result(host, FL_HOST_FINISHED, host->batch, 0, call, &why);
    fl_host_send(host);
    return true;
}

static void collect(struct fl_host *host, uint64_t request)
{
    struct fl_why why = fl_host_why();
    enum fl_call call = FL_CALL_UNSUPPORTED;

    send_began(host, FL_HOST_COLLECT);
    if (host->instance.channel->capabilities & FL_CAN_COLLECT)
        call = host->instance.channel->collect(host->instance.self, &why);
    host->collected_us = fl_clock_monotonic_us();
    host->collect_due_us = host->collected_us + host->open.collect_interval_us;
    send_result(host, FL_HOST_CALLED, request, FL_HOST_COLLECT, call, &why);
    fl_host_send(host);
}

static void on_health(struct fl_host *host, uint64_t request)
{
    struct fl_why why = fl_host_why();
    enum fl_call call = FL_CALL_UNSUPPORTED;

    send_began(host, FL_HOST_HEALTH);
    if (host->instance.channel->capabilities & FL_CAN_HEALTH)
        call = host->instance.channel->health(host->instance.self, &why);
    send_result(host, FL_HOST_CALLED, request, FL_HOST_HEALTH, call, &why);
    fl_host_send(host);
}

static bool on_lookup(struct fl_host *host, struct fl_wire_frame *frame)
{
    const char *refs[FL_HOST_REFS_MAX];
    struct fl_why why = fl_host_why();
    enum fl_call call = FL_CALL_UNSUPPORTED;
    size_t n = fl_host_get_count(frame, FL_HOST_REFS_MAX);

    for (size_t i = 0; i < n; i++)
        refs[i] = fl_host_get_text(frame);
    if (!fl_wire_end(frame))
        return false;
    send_began(host, FL_HOST_LOOKUP);
    if (host->instance.channel->capabilities & FL_CAN_LOOKUP)
        call = host->instance.channel->lookup(host->instance.self, refs, n, &why);
    send_result(host, FL_HOST_CALLED, frame->correlation, FL_HOST_LOOKUP, call, &why);
    fl_host_send(host);
    return true;
}

static bool on_http(struct fl_host *host, struct fl_wire_frame *frame)
{
    struct fl_http_response response = {.size = sizeof response};
    struct fl_http_request request;
    struct fl_why why = fl_host_why();
    enum fl_call call = FL_CALL_UNSUPPORTED;

    if (!fl_host_get_http_request(frame, host->batch_arena, &request) || !fl_wire_end(frame))
        return false;
    send_began(host, FL_HOST_HTTP);
    if (host->instance.channel->capabilities & FL_CAN_HTTP)
        call = host->instance.channel->http(host->instance.self, &request, &response, &why);
    send_result(host, FL_HOST_CALLED, frame->correlation, FL_HOST_HTTP, call, &why);
    if (call == FL_CALL_OK)
        fl_host_put_http_response(&host->out, &response);
    fl_host_send(host);
    return true;
}

/* False for a frame that cannot be: core and host are of one build, so that is a bug. */
static bool handle(struct fl_host *host, struct fl_host_queued **queued)
{
    struct fl_wire_frame *frame = &(*queued)->frame;
    bool is_fine;

    switch (frame->type) {
    case FL_HOST_ITEMS:
        for (struct fl_host_queued **p = &host->items;; p = &(*p)->next)
            if (!*p) {
                *p = *queued;
                *queued = NULL;
                return true;
            }
    case FL_HOST_DELIVER:
        is_fine = on_deliver(host, frame);
        while (host->items) {
            struct fl_host_queued *first = host->items;

            host->items = first->next;
            fl_host_queued_free(&first);
        }
        return is_fine;
    case FL_HOST_COLLECT:
        collect(host, frame->correlation);
        return true;
    case FL_HOST_HEALTH:
        on_health(host, frame->correlation);
        return true;
    case FL_HOST_LOOKUP:
        return on_lookup(host, frame);
    case FL_HOST_HTTP:
        return on_http(host, frame);
    case FL_HOST_STOP:
        return true;
    default:
        return false;
    }
}

static bool does_collect(const struct fl_host *host)
{
    return host->open.collects && (host->instance.channel->capabilities & FL_CAN_COLLECT);
}

/* How long the host may sleep, and on which of the plugin's descriptors. */
static int plan_wait(struct fl_host *host, int64_t now_us, int *fds, size_t *n_fds)
{
    const struct fl_channel_v1 *channel = host->instance.channel;
    int64_t due_us = host->collect_due_us;
    int plugin_ms = -1;

    *n_fds = 0;
    if (!does_collect(host))
        return -1;
    if (channel->poll_fds) {
        int64_t ready_us = host->collected_us + COLLECT_SPACING_US;

        *n_fds = channel->poll_fds(host->instance.self, fds, FL_HOST_POLL_FDS_MAX, &plugin_ms);
        if (*n_fds > FL_HOST_POLL_FDS_MAX)
            *n_fds = FL_HOST_POLL_FDS_MAX;
        if (plugin_ms >= 0 && host->collected_us + plugin_ms * FL_US_PER_MS < due_us)
            due_us = host->collected_us + plugin_ms * FL_US_PER_MS;
        if (due_us < ready_us)
            due_us = ready_us;
        if (*n_fds && now_us < ready_us) { /* look at them again when the spacing is over */
            *n_fds = 0;
            if (ready_us < due_us)
                return (int)((ready_us - now_us) / FL_US_PER_MS) + 1;
        }
    }
    if (due_us <= now_us)
        return 0;
    due_us = (due_us - now_us) / FL_US_PER_MS + 1;
    return due_us > INT32_MAX ? INT32_MAX : (int)due_us;
}

static int serve(struct fl_host *host)
{
    int fds[FL_HOST_POLL_FDS_MAX];
    size_t n_fds;

    /* A first look soon, but not all hosts of a restart at once with their open(). */
    host->collected_us = fl_clock_monotonic_us() - COLLECT_SPACING_US;
    host->collect_due_us = host->collected_us + COLLECT_SPACING_US;
    while (!host->is_stopping) {
        bool is_ready = false;
        int64_t now_us = fl_clock_monotonic_us();
        int timeout_ms = plan_wait(host, now_us, fds, &n_fds);
        struct fl_host_queued *queued;
        bool is_fine;

        if (does_collect(host) && timeout_ms == 0) {
            collect(host, 0);
            continue;
        }
        queued = fl_host_next(host, fds, n_fds, timeout_ms, &is_ready);
        is_fine = !queued || handle(host, &queued);
        fl_host_queued_free(&queued);
        fl_arena_reset(host->batch_arena);
        if (!is_fine) {
            FL_LOG(&host->log, FL_LOG_ERROR, "core sent a frame that cannot be: the host ends");
            return EXIT_BUG;
        }
        if (is_ready && !host->is_stopping)
            collect(host, 0);
    }
    return EXIT_FINE;
}

static struct fl_conf_channel channel_of(const struct fl_host_open *open)
{
    return (struct fl_conf_channel){.name = open->channel,
                                    .file = open->file,
                                    .line = open->line,
                                    .settings = open->settings,
                                    .n_settings = open->n_settings};
}

static int check_only(struct fl_host *host)
{
    const struct fl_conf_channel channel = channel_of(&host->open);
    struct fl_faults faults;
    struct fl_error err;

    fl_faults_init(&faults, host->arena);
    if (fl_host_instance_load(&host->instance, host->open.plugin_dir, host->open.plugin, &host->log,
                              &err))
        fl_faults_add(&faults, host->open.file, host->open.line, NULL, NULL, "%s", err.text);
    else if (fl_host_instance_check(&host->instance, &channel, &faults, &err) && !faults.n_total)
        fl_faults_add(&faults, host->open.file, host->open.line, NULL, NULL, "%s", err.text);
    fl_wire_start(&host->out, FL_HOST_CHECKED, 0);
    fl_host_put_faults(&host->out, &faults);
    fl_host_send(host);
    return EXIT_FINE;
}

static enum fl_status open_plugin(struct fl_host *host, struct fl_host_sink *sink,
                                  struct fl_error *err)
{
    const struct fl_host_open *open = &host->open;
    const struct fl_conf_channel channel = channel_of(open);
    struct fl_faults faults;
    enum fl_status st;

    fl_faults_init(&faults, host->arena);
    st = fl_host_instance_load(&host->instance, open->plugin_dir, open->plugin, &host->log, err);
    if (!st)
        st = fl_host_instance_check(&host->instance, &channel, &faults, err);
    if (!st)
        st = fl_host_instance_confine(&host->instance, open->user, false, err);
    *sink = fl_host_link_sink;
    sink->ctx = host;
    return st ? st : fl_host_instance_open(&host->instance, sink, err);
}

static int run_opened(struct fl_host *host)
{
    struct fl_host_sink sink;
    struct fl_host_ready ready;
    struct fl_error err;

    if (open_plugin(host, &sink, &err)) {
        fl_wire_start(&host->out, FL_HOST_FAILED, 0);
        fl_wire_put_str(&host->out, err.text);
        fl_host_send(host);
        return EXIT_CONFIG;
    }
    ready = (struct fl_host_ready){
        .plugin = host->instance.channel->name,
        .version = host->instance.channel->version,
        .medium = host->instance.channel->medium,
        .capabilities = host->instance.channel->capabilities,
        .batch_max = host->instance.channel->limits->batch_max,
        .call_timeout_s = host->instance.channel->limits->call_timeout_s,
    };
    fl_wire_start(&host->out, FL_HOST_READY, 0);
    fl_host_put_ready(&host->out, &ready);
    fl_host_send(host);
    return serve(host);
}

static void host_finish(struct fl_host *host)
{
    struct fl_host_queued *queued;
    bool ready = false;

    fl_host_instance_finish(&host->instance);
    host->is_core_gone = true; /* only what is queued, nothing from the socket */
    while ((queued = fl_host_next(host, NULL, 0, 0, &ready)))
        fl_host_queued_free(&queued);
    fl_wire_finish(&host->out);
    fl_arena_destroy(&host->batch_arena);
    fl_arena_destroy(&host->arena);
}

int fl_host_run(int fd)
{
    const struct timeval timeout = {.tv_sec = OPEN_TIMEOUT_S}, none = {0};
    struct fl_host host = {.fd = fd, .log = fl_log_root(&fl_log_stderr, "host")};
    FL_AUTO_FRAME struct fl_wire_frame frame;
    struct fl_error err;
    int code = EXIT_SYSTEM;

    host.last = &host.first;
    fl_wire_init(&frame);
    fl_wire_init(&host.out);
    host.arena = fl_arena_create(BATCH_ARENA_MAX);
    host.batch_arena = fl_arena_create(BATCH_ARENA_MAX);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    if (!host.arena || !host.batch_arena || fl_wire_recv(fd, &frame, &err))
        code = EXIT_NO_PEER;
    else if ((frame.type != FL_HOST_OPEN && frame.type != FL_HOST_PREVIEW) ||
             !fl_host_get_open(&frame, host.arena, &host.open) ||
             (frame.type == FL_HOST_OPEN && !fl_wire_end(&frame)))
        code = EXIT_BUG;
    else {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
        fl_log_stderr.max_level = (enum fl_log_level)host.open.log_level;
        host.log = fl_log_child(&host.log, FL_KV_STR("channel", host.open.channel));
        host.log = fl_log_child(&host.log, FL_KV_INT("worker", host.open.worker));
        code = frame.type == FL_HOST_PREVIEW ? fl_host_run_preview(&host, &frame)
               : host.open.is_check_only     ? check_only(&host)
                                             : run_opened(&host);
    }
    host_finish(&host);
    return code;
}
