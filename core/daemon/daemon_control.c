/* The control socket, core's side.  An operation runs to its end in core's thread; what a reader
 * does not take in time is refused, never waited for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/control.h"
#include "daemon/daemon_core_private.h"
#include "daemon/daemon_frames.h"

enum {
    CLIENTS_MAX = 64,
    CLIENT_QUEUE_MAX = 16 << 20,
    CALL_ARENA_MAX = 512 << 20,
    CALL_JSON_MAX = 16 << 20,
    ROWS_FRAME_BYTES = 32 << 10,
    ROW_MAX = 48 << 20,
    GROUPS_MAX = 64,
    /* A reader that is only a little slower than core may hold it up for so long in one call. */
    PATIENCE_US = 1000000,
    PATIENCE_STEP_US = 20000,
    PROGRESS_SPACING_US = 100000
};

struct client {
    struct client *next;
    struct fl_control_server *server;
    struct fl_link *link;
    bool is_running; /* an operation */
    bool is_gone;
};

struct fl_control_server {
    struct fl_core *core;
    int fd;
    gid_t group;
    struct fl_source *source;
    struct client *clients;
    int n_clients;
    struct fl_wire_frame out;
};

/* Results of one call on their way to the client. */
struct answer {
    struct client *client;
    struct fl_buf rows;
    int64_t patience_us;
    int64_t progressed_us;
    enum fl_status status; /* not FL_OK: the reader did not keep up or is gone */
    struct fl_error why;
};

static void client_free(struct client *client)
{
    struct client **p = &client->server->clients;

    while (*p != client)
        p = &(*p)->next;
    *p = client->next;
    client->server->n_clients--;
    fl_link_destroy(&client->link);
    free(client);
}

static void on_client_gone(void *ctx, const char *why)
{
    struct client *client = ctx;

    (void)why;
    client->is_gone = true;
    if (!client->is_running)
        client_free(client);
}

/* --- answers ---*/

static void answer_send(struct answer *answer)
{
    struct fl_wire_frame *out = &answer->client->server->out;

    while (!answer->status) {
        answer->status = answer->client->is_gone
                             ? fl_error_set(&answer->why, FL_UNAVAILABLE, "the client is gone")
                             : fl_link_send(answer->client->link, out, &answer->why);
        if (answer->status != FL_LIMIT || answer->patience_us <= 0)
            break;
        fl_link_flush(answer->client->link, PATIENCE_STEP_US);
        answer->patience_us -= PATIENCE_STEP_US;
        answer->status = FL_OK;
    }
    fl_wire_start(out, 0, 0);
}

static void flush_rows(struct answer *answer)
{
    struct fl_wire_frame *out = &answer->client->server->out;

    if (!answer->rows.len)
        return;
    fl_wire_start(out, FL_CONTROL_ROWS, 0);
    fl_wire_put_bytes(out, answer->rows.data, answer->rows.len);
    fl_buf_reset(&answer->rows);
    answer_send(answer);
}

static int add_json(const char *data, size_t len, void *ctx)
{
    fl_buf_add(ctx, data, len);
    return 0;
}

static void sink_row(void *ctx, json_t *row)
{
    struct answer *answer = ctx;

    if (answer->status)
        return;
    (void)json_dump_callback(row, add_json, &answer->rows, JSON_COMPACT);
    fl_buf_putc(&answer->rows, '\n');
    if (fl_buf_failed(&answer->rows))
        answer->status = fl_error_set(&answer->why, FL_LIMIT, "a row is above %d bytes", ROW_MAX);
    else if (answer->rows.len > ROWS_FRAME_BYTES)
        flush_rows(answer);
}

static void sink_note(void *ctx, const char *text)
{
    struct answer *answer = ctx;
    struct fl_wire_frame *out = &answer->client->server->out;

    flush_rows(answer);
    fl_wire_start(out, FL_CONTROL_NOTE, 0);
    fl_wire_put_str(out, text);
    answer_send(answer);
}

static void sink_progress(void *ctx, const char *what, int64_t done, int64_t total)
{
    struct answer *answer = ctx;
    struct fl_wire_frame *out = &answer->client->server->out;
    int64_t now_us = fl_clock_monotonic_us();

    if (done != total && now_us - answer->progressed_us < PROGRESS_SPACING_US)
        return;
    answer->progressed_us = now_us;
    flush_rows(answer);
    fl_wire_start(out, FL_CONTROL_PROGRESS, 0);
    fl_wire_put_str(out, what);
    fl_wire_put_i64(out, done);
    fl_wire_put_i64(out, total);
    answer_send(answer);
}

static void sink_faults(void *ctx, const struct fl_faults *faults)
{
    struct answer *answer = ctx;
    struct fl_wire_frame *out = &answer->client->server->out;

    flush_rows(answer);
    for (size_t at = 0; at < faults->n_items; at += FL_HOST_FAULTS_MAX) {
        struct fl_faults some = *faults;

        some.items += at;
        some.n_items -= at;
        fl_wire_start(out, FL_CONTROL_FAULTS, 0);
        fl_host_put_faults(out, &some);
        answer_send(answer);
    }
}

static void answer_end(struct answer *answer, enum fl_status st, const struct fl_error *err)
{
    struct fl_wire_frame *out = &answer->client->server->out;

    flush_rows(answer);
    if (answer->status == FL_LIMIT && !answer->client->is_gone) {
        fl_error_set(&answer->why, FL_LIMIT,
                     "the answer is longer than its reader takes in time; ask for less at once");
        st = FL_LIMIT;
        err = &answer->why;
        answer->status = FL_OK;
        fl_link_flush(answer->client->link, PATIENCE_STEP_US);
    }
    fl_wire_start(out, FL_CONTROL_END, 0);
    fl_wire_put_u32(out, (uint32_t)st);
    fl_wire_put_str(out, st ? err->text : "");
    answer_send(answer);
}

/* --- calls ---*/

static bool read_call(struct fl_wire_frame *frame, const struct fl_ops_op **out_op,
                      struct fl_ops_args *args, struct fl_error *err)
{
    const char *noun = fl_wire_get_str(frame), *verb = fl_wire_get_str(frame);
    size_t len;
    const char *text = fl_wire_get_bytes(frame, &len);
    int n_fds = (int)fl_wire_get_u32(frame);
    json_error_t why;

    while (!frame->has_failed && args->n_fds < n_fds && args->n_fds < FL_CONTROL_FDS_MAX) {
        int fd = fl_wire_get_fd(frame);

        if (fd >= 0)
            args->fds[args->n_fds++] = fd;
    }
    if (!fl_wire_end(frame) || !noun || !text || len > CALL_JSON_MAX)
        return false;
    args->values = json_loadb(text, len, 0, &why);
    *out_op = fl_ops_find(noun, verb);
    if (!json_is_object(args->values))
        fl_error_set(err, FL_INVALID, "the arguments are no JSON object: %s", why.text);
    else if (!*out_op || ((*out_op)->flags & FL_OPS_LOCAL))
        fl_error_set(err, FL_NOT_FOUND, "the daemon has no operation \"%s%s%s\"", noun,
                     verb ? " " : "", verb ? verb : "");
    return true;
}

static enum fl_status run(struct fl_core *core, const struct fl_ops_op *op,
                          struct fl_ops_args *args, const struct fl_ops_sink *sink,
                          struct fl_error *err)
{
    struct fl_ops_context context = {
        .store = core->store,
        .conf = core->conf,
        .keys = core->keys,
        .clock = fl_clock_system,
        .log = &core->log,
        .dispatch = core->dispatch,
        .daemon = &core->ops_daemon,
    };
    enum fl_status st;

    fl_core_settle(core);
    st = op->run(&context, args, sink, err);
    if (fl_store_in_transaction(core->store))
        fl_store_rollback(core->store); /* what an operation that failed left open */
    fl_core_poke(core);
    return st;
}

static bool on_call(struct client *client, struct fl_wire_frame *frame)
{
    struct fl_ops_args args = {.arena = fl_arena_create(CALL_ARENA_MAX)};
    struct answer answer = {.client = client, .patience_us = PATIENCE_US};
    const struct fl_ops_sink sink = {&answer, sink_row, sink_note, sink_progress, sink_faults};
    struct fl_error err = {.status = FL_OK};
    const struct fl_ops_op *op = NULL;
    bool is_fine;

    fl_buf_init(&answer.rows, ROW_MAX);
    client->is_running = true;
    is_fine = args.arena && read_call(frame, &op, &args, &err);
    if (is_fine) {
        enum fl_status st =
            err.status ? err.status : run(client->server->core, op, &args, &sink, &err);

        answer_end(&answer, st, &err);
    }
    client->is_running = false;
    for (int i = 0; i < args.n_fds; i++)
        close(args.fds[i]);
    json_decref(args.values);
    fl_arena_destroy(&args.arena);
    fl_buf_finish(&answer.rows);
    return is_fine;
}

static bool on_client_frame(void *ctx, struct fl_wire_frame *frame)
{
    struct client *client = ctx;
    bool is_fine = frame->type == FL_CONTROL_CALL && on_call(client, frame);

    if (client->is_gone)
        client_free(client); /* while it ran */
    return is_fine;
}

/* --- connections ---*/

/* The peer's user is ours or root, or one of its groups is the socket's. */
static bool may_connect(const struct fl_control_server *server, int fd)
{
    struct ucred peer;
    gid_t groups[GROUPS_MAX];
    socklen_t len = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return false;
    if (peer.uid == 0 || peer.uid == geteuid() || peer.gid == server->group)
        return true;
    len = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
        return false;
    for (size_t i = 0; i < len / sizeof groups[0]; i++)
        if (groups[i] == server->group)
            return true;
    return false;
}

static void on_connection(void *ctx, int listen_fd, int ready)
{
    struct fl_control_server *server = ctx;
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct fl_link_handler handler = {on_client_frame, on_client_gone, NULL};
    struct client *client;

    (void)ready;
    if (fd < 0)
        return;
    client = calloc(1, sizeof *client);
    if (!client || server->n_clients == CLIENTS_MAX || !may_connect(server, fd)) {
        FL_LOG(&server->core->log, FL_LOG_WARN, "a client of the control socket was turned away");
        free(client);
        close(fd);
        return;
    }
    client->server = server;
    handler.ctx = client;
    client->link = fl_link_create(server->core->loop, fd, CLIENT_QUEUE_MAX, &handler);
    if (!client->link) {
        free(client);
        return;
    }
    client->next = server->clients;
    server->clients = client;
    server->n_clients++;
}

enum fl_status fl_control_server_create(struct fl_core *core, int listen_fd,
                                        struct fl_control_server **out, struct fl_error *err)
{
    struct fl_control_server *server = calloc(1, sizeof *server);
    struct stat st;

    if (!server)
        return fl_error_set(err, FL_IO, "no memory");
    server->core = core;
    server->fd = listen_fd;
    server->group = stat(core->conf->control_socket, &st) == 0 ? st.st_gid : getegid();
    fl_wire_init(&server->out);
    server->source = fl_loop_add_fd(core->loop, listen_fd, FL_LOOP_READ, on_connection, server);
    *out = server;
    return server->source ? FL_OK : fl_error_set(err, FL_IO, "no memory");
}

void fl_control_server_destroy(struct fl_control_server **server)
{
    struct fl_control_server *s = *server;

    if (!s)
        return;
    while (s->clients)
        client_free(s->clients);
    fl_loop_remove(&s->source);
    close(s->fd);
    fl_wire_finish(&s->out);
    free(s);
    *server = NULL;
}
