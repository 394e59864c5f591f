/* The wire room: every type through a real socket, bodies, descriptors, and frames as a stranger
 * would write them. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "wire/wire.h"

static struct fl_error err;

struct pair {
    int fds[2];
    struct fl_wire_frame out, in;
};

static int set_up(void **state)
{
    struct pair *p = calloc(1, sizeof *p);

    assert_ok(fl_wire_pair(p->fds, &err));
    fl_wire_init(&p->out);
    fl_wire_init(&p->in);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *p = *state;

    for (int i = 0; i < 2; i++)
        if (p->fds[i] >= 0)
            close(p->fds[i]);
    fl_wire_finish(&p->out);
    fl_wire_finish(&p->in);
    free(p);
    return 0;
}

static int open_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void pass(struct pair *p)
{
    assert_ok(fl_wire_send(p->fds[0], &p->out, &err));
    assert_ok(fl_wire_recv(p->fds[1], &p->in, &err));
}

static void test_types(void **state)
{
    struct pair *p = *state;
    size_t len;

    fl_wire_start(&p->out, 7, UINT64_C(0x1122334455667788));
    fl_wire_put_u32(&p->out, 4000000000u);
    fl_wire_put_i64(&p->out, INT64_MIN);
    fl_wire_put_bool(&p->out, true);
    fl_wire_put_double(&p->out, -0.125);
    fl_wire_put_str(&p->out, "\xed\x95\x9c");
    fl_wire_put_str(&p->out, "");
    fl_wire_put_str(&p->out, NULL);
    fl_wire_put_bytes(&p->out, "a\0b", 3);
    fl_wire_put_bytes(&p->out, NULL, 0);
    pass(p);
    assert_int_equal(p->in.type, 7);
    assert_true(p->in.correlation == UINT64_C(0x1122334455667788));
    assert_int_equal(fl_wire_get_u32(&p->in), 4000000000u);
    assert_true(fl_wire_get_i64(&p->in) == INT64_MIN);
    assert_true(fl_wire_get_bool(&p->in));
    assert_true(fl_wire_get_double(&p->in) == -0.125);
    assert_string_equal(fl_wire_get_str(&p->in), "\xed\x95\x9c");
    assert_string_equal(fl_wire_get_str(&p->in), "");
    assert_null(fl_wire_get_str(&p->in));
    assert_memory_equal(fl_wire_get_bytes(&p->in, &len), "a\0b", 3);
    assert_int_equal(len, 3);
    assert_non_null(fl_wire_get_bytes(&p->in, &len));
    assert_int_equal(len, 0);
    assert_false(fl_wire_more(&p->in));
    assert_true(fl_wire_end(&p->in));
}

static void test_wrong_reads(void **state)
{
    struct pair *p = *state;

    fl_wire_start(&p->out, 1, 0);
    fl_wire_put_u32(&p->out, 1);
    pass(p);
    assert_false(fl_wire_end(&p->in)); /* something is left */
    pass(p);
    assert_true(fl_wire_get_i64(&p->in) == 0); /* another type */
    assert_int_equal(fl_wire_get_u32(&p->in), 0);
    assert_null(fl_wire_get_str(&p->in));
    assert_false(fl_wire_end(&p->in));
    pass(p);
    assert_int_equal(fl_wire_get_u32(&p->in), 1);
    assert_int_equal(fl_wire_get_u32(&p->in), 0); /* one too many */
    assert_false(fl_wire_end(&p->in));
}

static void test_bodies(void **state)
{
    struct pair *p = *state;
    size_t big = 3u << 20, len;
    char *text = malloc(big + 1);
    const char *got;
    int before = open_fds();

    memset(text, 'x', big);
    text[big] = '\0';
    fl_wire_start(&p->out, 1, 0);
    fl_wire_put_bytes(&p->out, text, big);
    fl_wire_put_str(&p->out, text);
    /* The second of these does not fit inline although each is small enough. */
    fl_wire_put_bytes(&p->out, text, 64000);
    fl_wire_put_bytes(&p->out, text, 64000);
    fl_wire_put_bytes(&p->out, text, 64000);
    pass(p);
    got = fl_wire_get_bytes(&p->in, &len);
    assert_int_equal(len, big);
    assert_memory_equal(got, text, big);
    assert_string_equal(fl_wire_get_str(&p->in), text);
    for (int i = 0; i < 3; i++)
        assert_memory_equal(fl_wire_get_bytes(&p->in, &len), text, 64000);
    assert_true(fl_wire_end(&p->in));
    fl_wire_start(&p->in, 0, 0);
    fl_wire_start(&p->out, 0, 0);
    assert_int_equal(open_fds(), before);
    fl_wire_put_bytes(&p->out, text, (size_t)FL_WIRE_BODY_MAX + 1);
    assert_status(FL_LIMIT, fl_wire_send(p->fds[0], &p->out, &err));
    free(text);
}

static void test_nested(void **state)
{
    struct pair *p = *state;
    struct fl_wire_frame bag, got;

    fl_wire_init_nested(&bag);
    fl_wire_init_nested(&got);
    for (int round = 0; round < 2; round++) {
        int n = round ? 100000 : 3; /* by memfd, inline */

        fl_wire_start(&bag, 0, 0);
        for (int i = 0; i < n; i++)
            fl_wire_put_i64(&bag, i);
        fl_wire_start(&p->out, 2, 9);
        fl_wire_put_nested(&p->out, &bag);
        assert_int_equal(p->out.n_fds, round);
        pass(p);
        fl_wire_get_nested(&p->in, &got);
        for (int i = 0; i < n; i++)
            assert_int_equal(fl_wire_get_i64(&got), i);
        assert_true(fl_wire_end(&got));
        assert_true(fl_wire_end(&p->in));
    }
    fl_wire_start(&p->out, 2, 9);
    fl_wire_put_u32(&p->out, 1);
    pass(p);
    fl_wire_get_nested(&p->in, &got);
    assert_int_equal(fl_wire_get_i64(&got), 0);
    assert_false(fl_wire_end(&got));
    fl_wire_finish(&bag);
    fl_wire_finish(&got);
}

static void test_descriptors(void **state)
{
    struct pair *p = *state;
    int before = open_fds(), pipe_fds[2], fd;
    char c = 0;

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    fl_wire_start(&p->out, 1, 0);
    fl_wire_put_fd(&p->out, pipe_fds[1]);
    pass(p);
    fd = fl_wire_get_fd(&p->in);
    assert_true(fl_wire_end(&p->in));
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(fd, "y", 1), 1);
    assert_int_equal(read(pipe_fds[0], &c, 1), 1);
    assert_int_equal(c, 'y');
    close(fd);
    /* What nobody takes is closed, and counts as left over. */
    pass(p);
    assert_false(fl_wire_end(&p->in));
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    fl_wire_start(&p->in, 0, 0);
    fl_wire_start(&p->out, 0, 0);
    assert_int_equal(open_fds(), before);
}

/* Sends raw bytes with descriptors, as a process would that does not use our code. */
static void send_raw(int sock, const void *data, size_t len, const int *fds, size_t n_fds)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int) * 32)];
    } control = {0};
    struct iovec iov = {(void *)(uintptr_t)data, len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    if (n_fds) {
        struct cmsghdr *c;

        msg.msg_control = control.space;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
    }
    assert_int_equal(sendmsg(sock, &msg, 0), (ssize_t)len);
}

static size_t frame_with_body(unsigned char *raw, uint32_t claimed_len)
{
    static const unsigned char head[] = {0x31, 0x4c, 0x57, 0x46, 1, 0, 0, 0,   0,
                                         0,    0,    0,    0,    0, 0, 0, 0x47};

    memcpy(raw, head, sizeof head);
    memcpy(raw + sizeof head, &claimed_len, 4);
    return sizeof head + 4;
}

static void test_hostile_bodies(void **state)
{
    struct pair *p = *state;
    unsigned char raw[64];
    size_t n = frame_with_body(raw, 5), len;
    int fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int sealed = -1;

    assert_int_equal(write(fd, "hello", 5), 5);
    send_raw(p->fds[0], raw, n, &fd, 1);
    assert_ok(fl_wire_recv(p->fds[1], &p->in, &err));
    assert_null(fl_wire_get_bytes(&p->in, &len));
    assert_false(fl_wire_end(&p->in));
    close(fd);
    fd = open("/dev/zero", O_RDONLY | O_CLOEXEC); /* no memfd at all */
    send_raw(p->fds[0], raw, n, &fd, 1);
    assert_ok(fl_wire_recv(p->fds[1], &p->in, &err));
    assert_null(fl_wire_get_bytes(&p->in, &len));
    close(fd);
    assert_ok(fl_memfd_sealed("ok", "hello", 5, &sealed, &err));
    n = frame_with_body(raw, 6); /* one more than there is */
    send_raw(p->fds[0], raw, n, &sealed, 1);
    assert_ok(fl_wire_recv(p->fds[1], &p->in, &err));
    assert_null(fl_wire_get_bytes(&p->in, &len));
    n = frame_with_body(raw, 5);
    send_raw(p->fds[0], raw, n, &sealed, 1);
    assert_ok(fl_wire_recv(p->fds[1], &p->in, &err));
    assert_memory_equal(fl_wire_get_bytes(&p->in, &len), "hello", 5);
    assert_true(fl_wire_end(&p->in));
    send_raw(p->fds[0], raw, n, NULL, 0); /* the descriptor is missing */
    assert_ok(fl_wire_recv(p->fds[1], &p->in, &err));
    assert_null(fl_wire_get_bytes(&p->in, &len));
    close(sealed);
}

static void test_surplus_descriptors(void **state)
{
    struct pair *p = *state;
    int before = open_fds(), many[32];
    unsigned char raw[64];
    size_t n = frame_with_body(raw, 5);

    for (size_t i = 0; i < 32; i++)
        many[i] = p->fds[0];
    send_raw(p->fds[0], raw, n, many, 32);
    assert_status(FL_INVALID, fl_wire_recv(p->fds[1], &p->in, &err));
    fl_wire_start(&p->in, 0, 0);
    assert_int_equal(open_fds(), before);
    fl_wire_start(&p->out, 1, 0);
    for (int i = 0; i < FL_WIRE_FDS_MAX + 1; i++)
        fl_wire_put_fd(&p->out, p->fds[0]);
    assert_status(FL_LIMIT, fl_wire_send(p->fds[0], &p->out, &err));
    fl_wire_start(&p->out, 1, 0);
    assert_int_equal(open_fds(), before);
}

static void test_ends(void **state)
{
    struct pair *p = *state;
    int n = 0;
    enum fl_status st;

    assert_int_equal(fcntl(p->fds[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(fcntl(p->fds[1], F_SETFL, O_NONBLOCK), 0);
    assert_status(FL_AGAIN, fl_wire_recv(p->fds[1], &p->in, &err));
    fl_wire_start(&p->out, 1, 0);
    for (int i = 0; i < 13000; i++)
        fl_wire_put_i64(&p->out, i);
    while (!(st = fl_wire_send(p->fds[0], &p->out, &err)))
        n++;
    assert_int_equal(st, FL_AGAIN);
    assert_true(n >= 1);
    for (int i = 0; i < n; i++)
        assert_ok(fl_wire_recv(p->fds[1], &p->in, &err));
    close(p->fds[0]);
    p->fds[0] = -1;
    assert_status(FL_UNAVAILABLE, fl_wire_recv(p->fds[1], &p->in, &err));
    assert_status(FL_UNAVAILABLE, fl_wire_send(p->fds[1], &p->out, &err));
}

/* A good frame cut at every byte, and with every byte changed: never more than a failure. */
static void test_torture(void **state)
{
    struct pair *p = *state;
    unsigned char raw[512], cut[512];
    ssize_t n;
    size_t len;

    fl_wire_start(&p->out, 3, 5);
    fl_wire_put_u32(&p->out, 1);
    fl_wire_put_str(&p->out, "text");
    fl_wire_put_bytes(&p->out, "bytes", 5);
    fl_wire_put_bool(&p->out, false);
    fl_wire_put_double(&p->out, 1.5);
    fl_wire_put_i64(&p->out, -1);
    assert_ok(fl_wire_send(p->fds[0], &p->out, &err));
    n = recv(p->fds[1], raw, sizeof raw, 0);
    assert_true(n > FL_WIRE_HEADER_SIZE);
    for (size_t i = 0; i < (size_t)n * 257; i++) {
        size_t at = i / 257, size = i % 257 == 256 ? at : (size_t)n;
        bool is_same = size == (size_t)n && (i % 257) == raw[at], is_good;

        memcpy(cut, raw, size);
        if (size == (size_t)n)
            cut[at] = (unsigned char)(i % 257);
        if (fl_wire_parse(cut, size, &p->in, &err))
            continue;
        fl_wire_get_u32(&p->in);
        fl_wire_get_str(&p->in);
        fl_wire_get_bytes(&p->in, &len);
        fl_wire_get_bool(&p->in);
        fl_wire_get_double(&p->in);
        fl_wire_get_i64(&p->in);
        is_good = fl_wire_end(&p->in);
        if (size < (size_t)n)
            assert_false(is_good);
        if (is_same)
            assert_true(is_good);
    }
    for (size_t size = 0; size < FL_WIRE_HEADER_SIZE; size++)
        assert_status(FL_INVALID, fl_wire_parse(raw, size, &p->in, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bodies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nested, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_descriptors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile_bodies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_surplus_descriptors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_torture, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
