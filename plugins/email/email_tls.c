/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS to the mail server.
 *
 * For STARTTLS libesmtp makes the SSL from our context and hands it nothing else, so everything is
 * arranged in the context: the name to verify, the server name sent (set from the info callback,
 * which comes before the first byte), and TLS 1.2 at most, because libesmtp's polling deadlocks
 * with TLS 1.3 session tickets.
 *
 * Implicit TLS is unknown to libesmtp: a bridge shakes hands on the connected socket, puts one end
 * of a socket pair in its place, and a thread carries the bytes across.
 */
#include "email_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BRIDGE_BUFFER = 32768 };

/* Lives as long as the context, in its application data. */
struct tls_state {
    char *host;
    bool is_verified;
    char trouble[256];
};

static struct tls_state *tls_state(SSL_CTX *ctx)
{
    return SSL_CTX_get_app_data(ctx);
}

static bool is_ip(const char *host)
{
    unsigned char addr[16];

    return inet_pton(AF_INET, host, addr) == 1;
}

static void on_info(const SSL *ssl, int where, int ret)
{
    (void)ret;
    if (where & SSL_CB_HANDSHAKE_START) {
        struct tls_state *state = tls_state(SSL_get_SSL_CTX(ssl));

        if (!is_ip(state->host))
            SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, state->host);
    }
}

static int on_verify(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_state *state = tls_state(SSL_get_SSL_CTX(ssl));

    if (!ok && !state->trouble[0])
        g_strlcpy(state->trouble, X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)),
                  sizeof state->trouble);
    return ok || !state->is_verified;
}

static bool tls_trust(SSL_CTX *ctx, const struct email_settings *set, struct fl_why *why)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
    int ok;

    if (set->ca_file)
        ok = SSL_CTX_load_verify_locations(ctx, set->ca_file, NULL);
    else
        ok = SSL_CTX_set_default_verify_paths(ctx);
    if (!ok) {
        plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                 "ca_file \"%s\" cannot be read as certificates: %s",
                 set->ca_file ? set->ca_file : "(the system's)",
                 ERR_reason_error_string(ERR_get_error()));
        ERR_clear_error();
        return false;
    }
    if (is_ip(set->host))
        ok = X509_VERIFY_PARAM_set1_ip_asc(param, set->host);
    else
        ok = X509_VERIFY_PARAM_set1_host(param, set->host, 0);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return ok == 1;
}

SSL_CTX *email_tls_create(const struct email_settings *set, struct fl_why *why)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct tls_state *state = g_new0(struct tls_state, 1);

    if (!ctx) {
        g_free(state);
        plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "could not set up TLS");
        return NULL;
    }
    state->host = g_strdup(set->host);
    state->is_verified = set->tls != EMAIL_TLS_OPTIONAL;
    SSL_CTX_set_app_data(ctx, state);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    if (set->tls != EMAIL_TLS_IMPLICIT)
        SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_info_callback(ctx, on_info);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
    if (!tls_trust(ctx, set, why)) {
        email_tls_destroy(&ctx);
        return NULL;
    }
    return ctx;
}

void email_tls_destroy(SSL_CTX **ctx)
{
    struct tls_state *state;

    if (!*ctx)
        return;
    state = tls_state(*ctx);
    SSL_CTX_free(*ctx);
    g_free(state->host);
    g_free(state);
    *ctx = NULL;
}

const char *email_tls_trouble(SSL_CTX *ctx)
{
    return ctx ? tls_state(ctx)->trouble : "";
}

void email_tls_forget(SSL_CTX *ctx)
{
    if (ctx)
        tls_state(ctx)->trouble[0] = '\0';
}

/* --- the bridge -------------------------------------------------------------------------------*/

struct flow {
    char data[BRIDGE_BUFFER];
    size_t off, len;
    bool is_ended; /* the source has no more */
};

struct email_bridge {
    SSL *ssl;
    int net;   /* the TCP connection */
    int inner; /* our end of the pair */
    pthread_t thread;
    struct flow out, in;
    bool wants_write; /* TLS cannot go on before `net` takes bytes */
};

static int wait_for(int fd, short events, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = events};
    int n;

    do {
        n = poll(&p, 1, timeout_ms);
    } while (n < 0 && errno == EINTR);
    return n;
}

static bool handshake(struct email_bridge *bridge, int timeout_ms)
{
    int64_t end = email_monotonic_ms() + timeout_ms;

    for (;;) {
        int ret = SSL_connect(bridge->ssl), error = SSL_get_error(bridge->ssl, ret);
        int64_t left = end - email_monotonic_ms();

        if (ret == 1)
            return true;
        if ((error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) || left <= 0 ||
            wait_for(bridge->net, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, (int)left) <= 0)
            return false;
    }
}

/* Result of an SSL call: true when the connection is over. */
static bool is_over(struct email_bridge *bridge, int ret)
{
    int error = SSL_get_error(bridge->ssl, ret);

    if (error == SSL_ERROR_WANT_WRITE)
        bridge->wants_write = true;
    ERR_clear_error();
    return error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
}

/* From libesmtp to the network; false when the network is gone. */
static bool carry_out(struct email_bridge *bridge, bool *has_moved)
{
    struct flow *flow = &bridge->out;

    if (!flow->len && !flow->is_ended) {
        ssize_t n = recv(bridge->inner, flow->data, sizeof flow->data, MSG_DONTWAIT);

        if (n > 0) {
            flow->off = 0;
            flow->len = (size_t)n;
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            flow->is_ended = true;
        }
    }
    if (flow->len) {
        int n = SSL_write(bridge->ssl, flow->data + flow->off, (int)flow->len);

        if (n <= 0)
            return !is_over(bridge, n);
        flow->off += (size_t)n;
        flow->len -= (size_t)n;
        *has_moved = true;
    }
    return true;
}

/* From the network to libesmtp; false when libesmtp is gone. */
static bool carry_in(struct email_bridge *bridge, bool *has_moved)
{
    struct flow *flow = &bridge->in;
    int one = 1;

    if (!flow->len && !flow->is_ended) {
        int n = SSL_read(bridge->ssl, flow->data, sizeof flow->data);

        if (n > 0) {
            flow->off = 0;
            flow->len = (size_t)n;
            setsockopt(bridge->net, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
        } else if (is_over(bridge, n)) {
            flow->is_ended = true;
        }
    }
    if (flow->len) {
        ssize_t n =
            send(bridge->inner, flow->data + flow->off, flow->len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        flow->off += (size_t)n;
        flow->len -= (size_t)n;
        *has_moved = true;
    }
    return true;
}

static void *bridge_run(void *arg)
{
    struct email_bridge *bridge = arg;

    for (;;) {
        bool has_moved = false, goes_on;
        struct pollfd p[2] = {{.fd = bridge->net}, {.fd = bridge->inner}};

        bridge->wants_write = false;
        goes_on = carry_out(bridge, &has_moved) && carry_in(bridge, &has_moved);
        if (!goes_on || (bridge->out.is_ended && !bridge->out.len) ||
            (bridge->in.is_ended && !bridge->in.len))
            break;
        if (has_moved)
            continue;
        p[0].events = (short)((bridge->in.len ? 0 : POLLIN) | (bridge->wants_write ? POLLOUT : 0));
        p[1].events = (short)((bridge->out.len ? 0 : POLLIN) | (bridge->in.len ? POLLOUT : 0));
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            break;
    }
    SSL_shutdown(bridge->ssl);
    ERR_clear_error();
    shutdown(bridge->net, SHUT_RDWR);
    shutdown(bridge->inner, SHUT_RDWR); /* libesmtp sees the end */
    return NULL;
}

static void bridge_free(struct email_bridge *bridge)
{
    SSL_free(bridge->ssl);
    if (bridge->net >= 0)
        close(bridge->net);
    if (bridge->inner >= 0)
        close(bridge->inner);
    g_free(bridge);
}

static bool bridge_splice(struct email_bridge *bridge, int fd)
{
    int pair[2];
    bool ok;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return false;
    bridge->inner = pair[0];
    ok = dup3(pair[1], fd, O_CLOEXEC) >= 0 &&
         pthread_create(&bridge->thread, NULL, bridge_run, bridge) == 0;
    close(pair[1]);
    return ok;
}

struct email_bridge *email_bridge_start(SSL_CTX *ctx, const char *host, int fd, int timeout_ms,
                                        char *trouble, size_t trouble_size)
{
    struct email_bridge *bridge = g_new0(struct email_bridge, 1);

    bridge->inner = -1;
    bridge->net = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    bridge->ssl = SSL_new(ctx);
    if (bridge->net < 0 || !bridge->ssl || SSL_set_fd(bridge->ssl, bridge->net) != 1) {
        g_strlcpy(trouble, "could not set up TLS", trouble_size);
    } else if (!handshake(bridge, timeout_ms)) {
        const char *reason = ERR_reason_error_string(ERR_peek_error());

        g_snprintf(trouble, (gulong)trouble_size, "the TLS handshake with \"%s\" failed: %s", host,
                   email_tls_trouble(ctx)[0] ? email_tls_trouble(ctx)
                   : reason                  ? reason
                                             : "no answer");
        ERR_clear_error();
    } else if (!bridge_splice(bridge, fd)) {
        g_strlcpy(trouble, "could not set up the TLS bridge", trouble_size);
    } else {
        return bridge;
    }
    bridge_free(bridge);
    return NULL;
}

void email_bridge_finish(struct email_bridge **bridge)
{
    if (!*bridge)
        return;
    pthread_join((*bridge)->thread, NULL);
    bridge_free(*bridge);
    *bridge = NULL;
}
