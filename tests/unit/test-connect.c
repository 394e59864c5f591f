/* connect() of fairline-host: what libraries that know nothing of it get. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener(struct sockaddr_in *address, int backlog)
{
    socklen_t len = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
    return fd;
}

static int attempt(const struct sockaddr_in *address, int *out_fd)
{
    *out_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(*out_fd, (const struct sockaddr *)address, sizeof *address);
}

static void test_no_delay(void **state)
{
    struct sockaddr_in address;
    int server = listener(&address, 5), fd, on = 0;
    socklen_t len = sizeof on;

    (void)state;
    assert_int_equal(attempt(&address, &fd), 0);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_int_not_equal(on, 0);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    close(fd);
    close(server);
    assert_int_equal(attempt(&address, &fd), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
}

/* A full queue answers nobody, as a firewall that drops. */
static void test_timeout(void **state)
{
    enum { TRIES_MAX = 16 };
    struct sockaddr_in address;
    int server = listener(&address, 0), fds[TRIES_MAX], n = 0, result = 0;

    (void)state;
    assert_int_equal(setenv("FAIRLINE_CONNECT_TIMEOUT_MS", "50", 1), 0);
    while (result == 0 && n < TRIES_MAX)
        result = attempt(&address, &fds[n++]);
    assert_int_equal(result, -1);
    assert_int_equal(errno, ETIMEDOUT);
    for (int i = 0; i < n; i++)
        close(fds[i]);
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_delay),
        cmocka_unit_test(test_timeout),
    };

    return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
