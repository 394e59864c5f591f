/* Where an operation runs: in core over the control socket, or here on the store. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/str.h"
#include "cli/cli_private.h"
#include "daemon/control.h"
#include "daemon/daemon.h"

#define BUSY_TIMEOUT_US (INT64_C(10) * FL_US_PER_S)

struct fl_cli_place {
    struct fl_cli *cli;
    struct fl_control *control; /* NULL: the daemon is down */
    struct fl_store *store;     /* NULL: over the socket, or a local operation */
    struct fl_token_keys *keys;
    int lock_fd;
    struct fl_log log;
    struct fl_ops_daemon daemon;
    bool is_remote;
};

struct channel_rows {
    json_t *out;
};

static void take_channels(void *ctx, json_t *row)
{
    struct channel_rows *rows = ctx;

    (void)json_array_append(rows->out, row);
}

/* What a local operation may ask of a running daemon: the state of its channels. */
static enum fl_status remote_channels(void *ctx, json_t *out_array, struct fl_error *err)
{
    struct fl_cli_place *place = ctx;
    struct channel_rows rows = {out_array};
    const struct fl_ops_sink sink = {.ctx = &rows, .row = take_channels};
    json_t *values = json_object();
    enum fl_status st =
        fl_control_call(place->control, "channel", "status", values, NULL, 0, &sink, err);

    json_decref(values);
    return st;
}

/* Held by somebody, and nobody answers: the daemon is starting or ending, or another command runs.
 */
static enum fl_status lock(struct fl_cli_place *place, struct fl_error *err)
{
    const struct fl_conf *conf = place->cli->conf;
    enum fl_status st = fl_lock_take(conf->data_dir, &place->lock_fd, err);

    if (st == FL_AGAIN)
        return fl_error_set(err, FL_UNAVAILABLE,
                            "the store in \"%s\" is in use, but nobody answers on \"%s\"",
                            conf->data_dir, conf->control_socket);
    return st;
}

static enum fl_status open_store(struct fl_cli_place *place, bool writes, struct fl_error *err)
{
    const struct fl_conf *conf = place->cli->conf;
    struct fl_store_options options = {
        .clock = fl_clock_system,
        .log = &place->log,
        .node = (int)conf->node,
        .is_read_only = !writes,
        .create_if_missing = writes,
        .busy_timeout_us = BUSY_TIMEOUT_US,
        .cache_bytes = FL_STORE_CACHE_IMPORT,
    };
    enum fl_status st = FL_OK;

    if (writes) {
        st = fl_dir_make(conf->data_dir, 0750, err);
        if (!st)
            st = lock(place, err);
    }
    if (!st)
        st = fl_store_open(conf->store, &options, &place->store, err);
    return st;
}

enum fl_status fl_cli_place_open(struct fl_cli *cli, struct fl_cli_place **out,
                                 struct fl_error *err)
{
    struct fl_cli_place *place = calloc(1, sizeof *place);
    const unsigned flags = cli->op->flags;
    enum fl_status st = FL_OK;

    if (!place)
        return fl_error_set(err, FL_IO, "no memory");
    place->cli = cli;
    place->lock_fd = -1;
    place->log = fl_log_root(&fl_log_stderr, "cli");
    if (fl_control_connect(cli->conf->control_socket, &place->control, NULL))
        place->control = NULL;
    place->daemon = (struct fl_ops_daemon){.ctx = place, .channels = remote_channels};
    place->is_remote = place->control && !(flags & (FL_OPS_LOCAL | FL_OPS_DIRECT));
    if (!place->control && (flags & FL_OPS_NEEDS_DAEMON))
        st = fl_error_set(err, FL_UNAVAILABLE, "nobody answers on \"%s\"",
                          cli->conf->control_socket);
    else if (!place->is_remote && !(flags & FL_OPS_LOCAL))
        st = open_store(place, (flags & FL_OPS_WRITES) != 0, err);
    if (st) {
        fl_cli_place_close(&place);
        return st;
    }
    *out = place;
    return FL_OK;
}

enum fl_status fl_cli_place_call(struct fl_cli_place *place, const struct fl_ops_sink *sink,
                                 struct fl_error *err)
{
    struct fl_cli *cli = place->cli;
    struct fl_ops_context context = {
        .store = place->store,
        .conf = cli->conf,
        .clock = fl_clock_system,
        .log = &place->log,
        .daemon = place->control ? &place->daemon : NULL,
    };

    if (place->is_remote)
        return fl_control_call(place->control, cli->op->noun, cli->op->verb, cli->args.values,
                               cli->args.fds, cli->args.n_fds, sink, err);
    return cli->op->run(&context, &cli->args, sink, err);
}

void fl_cli_place_close(struct fl_cli_place **place)
{
    if (!*place)
        return;
    fl_store_close(&(*place)->store);
    fl_token_keys_destroy(&(*place)->keys);
    if ((*place)->control)
        fl_control_close(&(*place)->control);
    if ((*place)->lock_fd >= 0)
        close((*place)->lock_fd);
    free(*place);
    *place = NULL;
}
