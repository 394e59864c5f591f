/* The host's end of the socket to core: what is sent at once, what is waited for. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "host/host_run_private.h"

void fl_host_queued_free(struct fl_host_queued **queued)
{
    if (!*queued)
        return;
    fl_wire_finish(&(*queued)->frame);
    free(*queued);
    *queued = NULL;
}

static void lose_core(struct fl_host *host, const struct fl_error *err)
{
    if (err->status != FL_UNAVAILABLE && !host->is_core_gone)
        FL_LOG(&host->log, FL_LOG_ERROR, "the link to core failed: the host ends",
               FL_KV_STR("reason", err->text));
    host->is_core_gone = true;
    host->is_stopping = true;
}

void fl_host_send(struct fl_host *host)
{
    struct fl_error err;

    if (!host->is_core_gone && fl_wire_send(host->fd, &host->out, &err))
        lose_core(host, &err);
}

/* One frame from the socket, which has one; NULL when core is gone. */
static struct fl_host_queued *receive(struct fl_host *host)
{
    struct fl_host_queued *queued = calloc(1, sizeof *queued);
    struct fl_error err = {.status = FL_IO, .text = "no memory"};

    if (queued)
        fl_wire_init(&queued->frame);
    if (!queued || fl_wire_recv(host->fd, &queued->frame, &err)) {
        fl_host_queued_free(&queued);
        lose_core(host, &err);
        return NULL;
    }
    if (queued->frame.type == FL_HOST_STOP)
        host->is_stopping = true;
    return queued;
}

static void enqueue(struct fl_host *host, struct fl_host_queued *queued)
{
    struct fl_error err;

    if (host->n_queued == FL_HOST_QUEUE_MAX) {
        fl_error_set(&err, FL_LIMIT, "more than %d frames are waiting", FL_HOST_QUEUE_MAX);
        fl_host_queued_free(&queued);
        lose_core(host, &err);
        return;
    }
    *host->last = queued;
    host->last = &queued->next;
    host->n_queued++;
}

void fl_host_look(struct fl_host *host)
{
    struct pollfd p = {.fd = host->fd, .events = POLLIN};

    while (!host->is_core_gone && host->n_queued < FL_HOST_QUEUE_MAX && poll(&p, 1, 0) > 0) {
        struct fl_host_queued *queued = receive(host);

        if (queued)
            enqueue(host, queued);
    }
}

static struct fl_host_queued *dequeue(struct fl_host *host)
{
    struct fl_host_queued *queued = host->first;

    if (!queued)
        return NULL;
    host->first = queued->next;
    if (!host->first)
        host->last = &host->first;
    queued->next = NULL;
    host->n_queued--;
    return queued;
}

struct fl_host_queued *fl_host_next(struct fl_host *host, const int *fds, size_t n_fds,
                                    int timeout_ms, bool *out_fd_ready)
{
    struct pollfd polls[1 + FL_HOST_POLL_FDS_MAX] = {{.fd = host->fd, .events = POLLIN}};
    struct fl_host_queued *queued = dequeue(host);
    int n;

    if (queued || host->is_core_gone)
        return queued;
    for (size_t i = 0; i < n_fds; i++)
        polls[1 + i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    n = poll(polls, 1 + (nfds_t)n_fds, timeout_ms);
    if (n <= 0)
        return NULL;
    for (size_t i = 0; i < n_fds; i++)
        if (polls[1 + i].revents)
            *out_fd_ready = true;
    return polls[0].revents ? receive(host) : NULL;
}

struct fl_host_queued *fl_host_wait_for(struct fl_host *host, enum fl_host_frame type)
{
    while (!host->is_core_gone) {
        struct fl_host_queued *queued = receive(host);

        if (queued && queued->frame.type == type)
            return queued;
        if (queued)
            enqueue(host, queued);
    }
    return NULL;
}

/* --- services over frames ---*/

static int link_report(void *ctx, const struct fl_report *report)
{
    struct fl_host *host = ctx;

    if (!host->n_items || report->item >= host->n_items) {
        FL_LOG(&host->log, FL_LOG_ERROR, "the plugin reports an item it was not given: ignored",
               FL_KV_INT("item", report->item), FL_KV_INT("items", (int64_t)host->n_items));
        return host->is_core_gone;
    }
    fl_wire_start(&host->out, FL_HOST_REPORT, host->batch);
    fl_host_put_report(&host->out, report);
    fl_host_send(host);
    return host->is_core_gone;
}

static int link_begin(void *ctx, uint32_t item)
{
    struct fl_host *host = ctx;

    if (!host->n_items || item >= host->n_items) {
        FL_LOG(&host->log, FL_LOG_ERROR, "the plugin begins an item it was not given: refused",
               FL_KV_INT("item", item), FL_KV_INT("items", (int64_t)host->n_items));
        return -1;
    }
    fl_wire_start(&host->out, FL_HOST_BEGAN_ITEM, host->batch);
    fl_wire_put_u32(&host->out, item);
    fl_host_send(host);
    return host->is_core_gone;
}

static int link_commit(void *ctx)
{
    struct fl_host *host = ctx;
    struct fl_host_queued *answer;
    bool is_stored = false;

    fl_wire_start(&host->out, FL_HOST_COMMIT, 0);
    fl_host_send(host);
    answer = fl_host_wait_for(host, FL_HOST_COMMITTED);
    if (answer) {
        is_stored = fl_wire_get_bool(&answer->frame);
        is_stored = fl_wire_end(&answer->frame) && is_stored;
    }
    fl_host_queued_free(&answer);
    host->outstanding = 0;
    return is_stored ? 0 : -1;
}

static int send_piece(struct fl_host *host, size_t len)
{
    fl_host_send(host);
    host->outstanding += len;
    if (host->is_core_gone)
        return -1;
    return host->outstanding > FL_HOST_OUTSTANDING_MAX ? link_commit(host) : 0;
}

static int link_inbound(void *ctx, const struct fl_inbound *inbound,
                        const struct fl_feedback_parsed *parsed)
{
    size_t len = inbound->data_len + FL_HOST_TEXT_MAX;
    struct fl_host *host = ctx;
    struct fl_wire_frame found;

    for (size_t i = 0; i < inbound->n_attachments; i++)
        len += inbound->attachments[i]->data_len;
    fl_wire_init_nested(&found);
    fl_host_put_parsed(&found, parsed);
    fl_wire_start(&host->out, FL_HOST_INBOUND, 0);
    fl_host_put_inbound(&host->out, inbound);
    fl_wire_put_nested(&host->out, &found);
    fl_wire_finish(&found);
    return send_piece(host, len);
}

static int link_receipt(void *ctx, const struct fl_receipt *receipt)
{
    struct fl_host *host = ctx;

    fl_wire_start(&host->out, FL_HOST_RECEIPT, 0);
    fl_host_put_receipt(&host->out, receipt);
    return send_piece(host, FL_HOST_TEXT_MAX);
}

static int link_is_stopping(void *ctx)
{
    struct fl_host *host = ctx;

    fl_host_look(host);
    return host->is_stopping;
}

static int link_remember(void *ctx, const char *key, const void *data, size_t len)
{
    struct fl_host *host = ctx;

    fl_wire_start(&host->out, FL_HOST_REMEMBER, 0);
    fl_wire_put_str(&host->out, key);
    fl_wire_put_bytes(&host->out, data, len);
    return send_piece(host, len);
}

static long link_recall(void *ctx, const char *key, void *data, size_t cap)
{
    struct fl_host *host = ctx;
    struct fl_host_queued *answer;
    const void *value = NULL;
    size_t len = 0;
    long result = -1;

    fl_wire_start(&host->out, FL_HOST_RECALL, 0);
    fl_wire_put_str(&host->out, key);
    fl_host_send(host);
    answer = fl_host_wait_for(host, FL_HOST_MEMORY);
    if (answer && fl_wire_get_bool(&answer->frame))
        value = fl_wire_get_bytes(&answer->frame, &len);
    if (value) {
        memcpy(data, value, len < cap ? len : cap);
        result = (long)len;
    }
    fl_host_queued_free(&answer);
    return result;
}

const struct fl_host_sink fl_host_link_sink = {
    .report = link_report,
    .begin = link_begin,
    .inbound = link_inbound,
    .receipt = link_receipt,
    .commit = link_commit,
    .is_stopping = link_is_stopping,
    .remember = link_remember,
    .recall = link_recall,
};
