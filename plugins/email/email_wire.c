/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The socket below libesmtp.
 *
 * libesmtp gives no access to its socket, never sets TCP_NODELAY, goes on without a login when the
 * login fails, and waits for ever on a server that drips.  So: the descriptor is found in the
 * CONNECT event (one session at a time, so there is exactly one that fits), the dialogue is read
 * along in the monitor callback, and what must not go on is cut by shutdown(2), which libesmtp
 * sees as a lost connection.
 */
#include "email_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void email_wire_init(struct email_wire *wire, int timeout_ms)
{
    memset(wire, 0, sizeof *wire);
    wire->fd = -1;
    wire->timeout_ms = timeout_ms;
    /* The kernel gives out the lowest free number: the session's will be this one or, should a
     * lower one be closed meanwhile, near it. */
    wire->first_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    if (wire->first_fd < 0)
        wire->first_fd = 0;
    else
        close(wire->first_fd);
    for (int i = 0; i < EMAIL_WIRE_FDS; i++)
        wire->was_open[i] = fcntl(wire->first_fd + i, F_GETFD) >= 0;
}

static bool is_connected_to(int fd, int port)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;

    if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0)
        return false;
    if (peer.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&peer)->sin_port) == port;
    if (peer.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&peer)->sin6_port) == port;
    return false;
}

void email_wire_connected(struct email_wire *wire, int port)
{
    int one = 1;

    wire->fd = -1;
    wire->line_len = 0;
    wire->is_login_pending = wire->is_logged_in = wire->is_starttls_pending = false;
    memset(&wire->last, 0, sizeof wire->last);
    memset(&wire->refused, 0, sizeof wire->refused);
    for (int i = 0; i < EMAIL_WIRE_FDS && wire->fd < 0; i++) {
        if (!wire->was_open[i] && is_connected_to(wire->first_fd + i, port))
            wire->fd = wire->first_fd + i;
    }
    if (wire->fd >= 0) {
        setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        email_wire_quickack(wire);
    }
    wire->reply_since_ms = email_monotonic_ms();
}

void email_wire_quickack(const struct email_wire *wire)
{
    int one = 1;

    if (wire->fd >= 0)
        setsockopt(wire->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

void email_wire_cut(struct email_wire *wire)
{
    wire->is_cut = true;
    if (wire->fd >= 0)
        shutdown(wire->fd, SHUT_RDWR);
}

void email_wire_quit(struct email_wire *wire, SSL *starttls)
{
    static const char quit[] = "QUIT\r\n";

    if (starttls)
        (void)SSL_write(starttls, quit, sizeof quit - 1);
    else if (wire->fd >= 0)
        (void)send(wire->fd, quit, sizeof quit - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    email_wire_cut(wire);
}

static void reply_complete(struct email_wire *wire)
{
    wire->reply_since_ms = 0;
    if (wire->last.code >= 400)
        wire->refused = wire->last;
    if (wire->is_after_body && !wire->end.code)
        wire->end = wire->last;
    if (wire->is_login_pending && wire->last.code != 334) {
        wire->is_login_pending = false;
        wire->is_logged_in = wire->last.code == 235;
        if (!wire->is_logged_in)
            wire->login = wire->last;
    }
}

/* What comes from here on answers something else, QUIT perhaps. */
static void end_is_lost(struct email_wire *wire)
{
    if (wire->is_after_body && !wire->end.code)
        wire->end.code = -1;
}

static void line_complete(struct email_wire *wire)
{
    struct email_reply reply;

    wire->line[wire->line_len] = '\0';
    wire->line_len = 0;
    if (!email_reply_parse(wire->line, &reply)) {
        end_is_lost(wire);
        return;
    }
    wire->last = reply;
    if (wire->line[3] != '-')
        reply_complete(wire);
}

/* With CHUNKING libesmtp sends BDAT commands ahead, and when the connection breaks then it steps
 * below the first entry of its table of states and calls what lies there.  Nothing turns CHUNKING
 * off, so the offer is made unreadable: `buf` is libesmtp's own read buffer, seen before libesmtp
 * parses it.  Changing the last letter works however the reply was cut into reads. */
static void hide_chunking(const struct email_wire *wire, const char *last_letter)
{
    static const char keyword[] = "CHUNKING";
    enum { AFTER_CODE = 4 };

    if (wire->is_ehlo_pending && wire->line_len == AFTER_CODE + sizeof keyword - 1 &&
        g_ascii_strncasecmp(wire->line + AFTER_CODE, keyword, sizeof keyword - 1) == 0)
        *(char *)(uintptr_t)last_letter = 'X';
}

static void watch_read(struct email_wire *wire, const char *buf, size_t len)
{
    if (wire->is_starttls_pending) {
        const char *eol = memchr(buf, '\n', len);

        /* Whoever answers before TLS is not the server: RFC 3207, CVE-2011-0411. */
        if (eol && eol + 1 < buf + len) {
            wire->is_injected = true;
            email_wire_cut(wire);
        }
        if (eol)
            wire->is_starttls_pending = false;
    }
    for (size_t i = 0; i < len; i++) {
        if (wire->line_len < sizeof wire->line - 1)
            wire->line[wire->line_len++] = buf[i];
        hide_chunking(wire, buf + i);
        if (buf[i] == '\n')
            line_complete(wire);
    }
    if (wire->reply_since_ms && email_monotonic_ms() - wire->reply_since_ms > wire->timeout_ms) {
        wire->is_slow = true;
        email_wire_cut(wire);
    }
}

/* Only the verb is looked at: what follows AUTH is a password. */
static void watch_written(struct email_wire *wire, const char *buf, size_t len)
{
    wire->reply_since_ms = email_monotonic_ms();
    wire->is_ehlo_pending = len >= 4 && memcmp(buf, "EHLO", 4) == 0;
    if (len >= 5 && memcmp(buf, "AUTH ", 5) == 0)
        wire->is_login_pending = true;
    else if (len >= 8 && memcmp(buf, "STARTTLS", 8) == 0)
        wire->is_starttls_pending = true;
    else if (len >= 4 && memcmp(buf, "QUIT", 4) == 0)
        end_is_lost(wire);
}

void email_wire_watch(const char *buf, int len, int writing, void *arg)
{
    struct email_wire *wire = arg;

    if (len <= 0)
        return;
    if (writing)
        watch_written(wire, buf, (size_t)len);
    else
        watch_read(wire, buf, (size_t)len);
}
