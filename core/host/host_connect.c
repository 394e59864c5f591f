/* connect() as every library in this process sees it.
 *
 * libesmtp leaves Nagle's algorithm on and gives nobody its socket: with a peer that delays its
 * acknowledgements that is 23 messages a second instead of thousands.  It also connects without a
 * time limit.  The program that hosts it may define connect() itself, and both are cured. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TIMEOUT_DEFAULT_MS = 10000, TIMEOUT_MAX_MS = 600000 };

typedef int connect_fn(int fd, const struct sockaddr *address, socklen_t len);

static int real_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    void *symbol = dlsym(RTLD_NEXT, "connect");
    connect_fn *fn;

    if (!symbol) {
        errno = ENOSYS;
        return -1;
    }
    memcpy(&fn, &symbol, sizeof fn);
    return fn(fd, address, len);
}

static bool is_tcp(int fd)
{
    int domain = 0, type = 0;
    socklen_t len = sizeof domain;

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
        return false;
    len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM &&
           (domain == AF_INET || domain == AF_INET6);
}

static int timeout_ms(void)
{
    const char *text = getenv("FAIRLINE_CONNECT_TIMEOUT_MS");
    long ms = text ? strtol(text, NULL, 10) : 0;

    return ms > 0 && ms <= TIMEOUT_MAX_MS ? (int)ms : TIMEOUT_DEFAULT_MS;
}

/* Waits for a connection that is under way; sets errno as a blocking connect() would. */
static int wait_for(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int error = 0, n;
    socklen_t len = sizeof error;

    do
        n = poll(&p, 1, timeout_ms());
    while (n < 0 && errno == EINTR);
    if (n == 0)
        error = ETIMEDOUT;
    else if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error)
        errno = error;
    return error ? -1 : 0;
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    const int on = 1;
    int flags, result, saved;

    if (!is_tcp(fd))
        return real_connect(fd, address, len);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_NONBLOCK))
        return real_connect(fd, address, len);
    (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    result = real_connect(fd, address, len);
    if (result < 0 && errno == EINPROGRESS)
        result = wait_for(fd);
    saved = errno;
    (void)fcntl(fd, F_SETFL, flags);
    errno = saved;
    return result;
}
