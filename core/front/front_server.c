/* libmicrohttpd on the loop: connections, their number and their deadlines. */
#include "front/front_server.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum {
    /* Request line, header fields and a piece of the body or the answer's head: the largest head
     * that is taken. */
    CONNECTION_MEMORY = 32 * 1024,
    SWEEP_MAX_US = 500000,
    SWEEPS_PER_TIMEOUT = 4,
    ADDRESSES = 8192,
    /* Codes of short links cannot be guessed at these rates within the life of anybody, and a
     * carrier's whole network behind one address may still open what it was sent. */
    LOOKUPS_BURST = 300,
    LOOKUP_INTERVAL_US = 100000,
    MISSES_BURST = 30,
    MISS_INTERVAL_US = 2000000
};

static void address_text(const struct sockaddr *address, char *out, size_t size)
{
    const struct sockaddr_in *four = (const void *)address;
    const struct sockaddr_in6 *six = (const void *)address;

    *out = '\0';
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &four->sin_addr, out, (socklen_t)size);
    else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, out, (socklen_t)size);
    else if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &six->sin6_addr, out, (socklen_t)size);
}

/* --- running ---*/

static void run(struct fl_front_server *server)
{
    MHD_UNSIGNED_LONG_LONG ms;

    MHD_run(server->mhd);
    if (MHD_get_timeout(server->mhd, &ms) == MHD_YES)
        fl_loop_arm(server->run, (int64_t)ms * FL_US_PER_MS);
    if (server->is_draining && server->n_connections == 0)
        fl_loop_stop(server->loop);
}

static void on_epoll(void *ctx, int fd, int ready)
{
    (void)fd;
    (void)ready;
    run(ctx);
}

static void on_run(void *ctx)
{
    run(ctx);
}

void fl_front_server_poke(struct fl_front_server *server)
{
    fl_loop_arm(server->run, 0);
}

void fl_front_connection_wake(struct fl_front_connection *connection)
{
    connection->stage = FL_FRONT_ANSWERED;
    connection->deadline_us =
        fl_clock_monotonic_us() + connection->server->conf->front.request_timeout_us;
    MHD_resume_connection(connection->mhd);
    fl_front_server_poke(connection->server);
}

/* --- deadlines ---*/

/* A deadline is for the whole of a request, so that a client who sends a byte now and then gains
 * nothing; the library's own timeout starts again with each byte. */
static void overdue(struct fl_front_connection *connection)
{
    if (connection->stage == FL_FRONT_ASKED) {
        connection->status = FL_UNAVAILABLE;
        connection->generation++;
        fl_front_connection_wake(connection);
        return;
    }
    FL_LOG(&connection->server->log, FL_LOG_DEBUG, "a client is too slow",
           FL_KV_INT("stage", connection->stage));
    (void)shutdown(connection->fd, SHUT_RDWR);
}

static void on_sweep(void *ctx)
{
    struct fl_front_server *server = ctx;
    int64_t now_us = fl_clock_monotonic_us();
    int64_t interval_us = server->conf->front.request_timeout_us / SWEEPS_PER_TIMEOUT;

    for (size_t i = 0; i < server->n_slots; i++)
        if (server->connections[i] && server->connections[i]->deadline_us < now_us)
            overdue(server->connections[i]);
    if (server->n_connections)
        fl_loop_arm(server->sweep, interval_us < SWEEP_MAX_US ? interval_us : SWEEP_MAX_US);
}

/* --- connections ---*/

static enum MHD_Result may_connect(void *cls, const struct sockaddr *address, socklen_t len)
{
    const struct fl_front_server *server = cls;
    char text[FL_FRONT_ADDRESS_SIZE];
    struct fl_front_network network;
    int64_t n = 0;

    (void)len;
    address_text(address, text, sizeof text);
    if (!fl_front_network_of(text, &network) ||
        strcmp(text, server->conf->front.trusted_proxy) == 0)
        return MHD_YES;
    for (size_t i = 0; i < server->n_slots; i++)
        n += server->connections[i] &&
             memcmp(&server->connections[i]->network, &network, sizeof network) == 0;
    return n < server->conf->front.connections_per_address ? MHD_YES : MHD_NO;
}

static struct fl_front_connection *connection_create(struct fl_front_server *server,
                                                     struct MHD_Connection *mhd)
{
    struct fl_front_connection *connection = calloc(1, sizeof *connection);
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    size_t slot = 0;

    while (slot < server->n_slots && server->connections[slot])
        slot++;
    if (!connection || slot == server->n_slots || !fd || !address) {
        free(connection);
        return NULL;
    }
    connection->server = server;
    connection->mhd = mhd;
    connection->slot = slot;
    connection->fd = fd->connect_fd;
    address_text(address->client_addr, connection->address, sizeof connection->address);
    (void)fl_front_network_of(connection->address, &connection->network);
    connection->is_proxy = strcmp(connection->address, server->conf->front.trusted_proxy) == 0;
    connection->deadline_us = fl_clock_monotonic_us() + server->conf->front.request_timeout_us;
    fl_buf_init(&connection->body, (size_t)server->conf->front.body_max);
    server->connections[slot] = connection;
    server->n_connections++;
    if (!fl_loop_is_armed(server->sweep))
        fl_loop_arm(server->sweep, server->conf->front.request_timeout_us / SWEEPS_PER_TIMEOUT);
    return connection;
}

static void connection_destroy(struct fl_front_connection *connection)
{
    struct fl_front_server *server = connection->server;

    server->connections[connection->slot] = NULL;
    server->n_connections--;
    fl_front_request_end(connection);
    fl_buf_finish(&connection->body);
    fl_arena_destroy(&connection->arena);
    free(connection);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = connection_create(cls, mhd);
    } else if (*context) {
        connection_destroy(*context);
        *context = NULL;
    }
}

static struct fl_front_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

/* --- requests ---*/

static void *on_url(void *cls, const char *url, struct MHD_Connection *mhd)
{
    struct fl_front_connection *connection = connection_of(mhd);

    (void)cls;
    if (connection)
        fl_front_request_begin(connection, url);
    return connection;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **request)
{
    (void)cls;
    (void)mhd;
    (void)url;
    return *request ? fl_front_request_go_on(*request, method, version, upload, upload_len)
                    : MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **request,
                         enum MHD_RequestTerminationCode code)
{
    struct fl_front_connection *connection = *request;
    struct fl_front_server *server = cls;

    (void)mhd;
    (void)code;
    if (!connection)
        return;
    fl_front_request_end(connection);
    connection->deadline_us = fl_clock_monotonic_us() + server->conf->front.request_timeout_us;
}

/* URLs are decoded by our own rules. */
static size_t leave_as_it_is(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

/* --- life ---*/

static enum fl_status start_daemon(struct fl_front_server *server, int listen_fd,
                                   struct fl_error *err)
{
    bool has_tls = server->tls_cert != NULL;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, server->tls_cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, server->tls_key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (char[]){"NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"}},
        {MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (has_tls ? MHD_USE_TLS : 0u);

    server->mhd = MHD_start_daemon(
        flags, 0, may_connect, server, on_request, server, MHD_OPTION_LISTEN_SOCKET, listen_fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)server->conf->front.connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_UNESCAPE_CALLBACK, leave_as_it_is, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_url,
        NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_ARRAY, has_tls ? tls : &tls[3], MHD_OPTION_END);
    if (!server->mhd)
        return fl_error_set(err, FL_INVALID, "the HTTP server cannot start%s",
                            has_tls ? ": tls_cert and tls_key may not fit each other" : "");
    return FL_OK;
}

enum fl_status fl_front_server_start(struct fl_front_server *server, int listen_fd,
                                     struct fl_error *err)
{
    const union MHD_DaemonInfo *info;
    enum fl_status st;

    server->n_slots = (size_t)server->conf->front.connections;
    server->connections = calloc(server->n_slots, sizeof(struct fl_front_connection *));
    server->lookups = fl_front_limit_create(ADDRESSES, LOOKUPS_BURST, LOOKUP_INTERVAL_US);
    server->misses = fl_front_limit_create(ADDRESSES, MISSES_BURST, MISS_INTERVAL_US);
    server->run = fl_loop_add_timer(server->loop, on_run, server);
    server->sweep = fl_loop_add_timer(server->loop, on_sweep, server);
    if (!server->connections || !server->lookups || !server->misses || !server->run ||
        !server->sweep)
        return fl_error_set(err, FL_IO, "no memory");
    st = start_daemon(server, listen_fd, err);
    if (st)
        return st;
    info = MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    server->epoll =
        info ? fl_loop_add_fd(server->loop, info->epoll_fd, FL_LOOP_READ, on_epoll, server) : NULL;
    return server->epoll ? FL_OK : fl_error_set(err, FL_IO, "the HTTP server cannot be waited for");
}

/* Served before and waiting for more; one that has just come, or has sent something, is served. */
static bool is_resting(const struct fl_front_connection *connection)
{
    char byte;

    return connection->stage == FL_FRONT_IDLE && connection->generation > 0 &&
           recv(connection->fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

void fl_front_server_drain(struct fl_front_server *server)
{
    MHD_socket fd;

    if (server->is_draining || !server->mhd)
        return;
    server->is_draining = true;
    fd = MHD_quiesce_daemon(server->mhd);
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; i < server->n_slots; i++)
        if (server->connections[i] && is_resting(server->connections[i]))
            (void)shutdown(server->connections[i]->fd, SHUT_RDWR);
    fl_front_server_poke(server);
}

void fl_front_server_stop(struct fl_front_server *server)
{
    /* Who is suspended must be resumed before the library ends. */
    for (size_t i = 0; server->mhd && i < server->n_slots; i++)
        if (server->connections[i] && server->connections[i]->stage == FL_FRONT_ASKED)
            fl_front_connection_wake(server->connections[i]);
    fl_loop_remove(&server->epoll);
    if (server->mhd)
        MHD_stop_daemon(server->mhd);
    server->mhd = NULL;
    fl_loop_remove(&server->run);
    fl_loop_remove(&server->sweep);
    fl_front_limit_destroy(&server->lookups);
    fl_front_limit_destroy(&server->misses);
    free(server->connections);
    server->connections = NULL;
}
