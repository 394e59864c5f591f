/* The daemon room without processes: token keys on disk, and links that fill, end and vanish. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/daemon.h"
#include "loop/link.h"

static struct fl_error err;

/* --- keys ---*/

static void write_key(const char *folder, const char *text, mode_t mode)
{
    char path[128];

    snprintf(path, sizeof path, "%s/token.key", folder);
    assert_ok(fl_file_write(path, text, strlen(text), mode, &err));
}

static void key_refused(const char *folder, enum fl_status status, const char *words)
{
    struct fl_token_keys *keys = NULL;

    assert_status(status, fl_keys_open(folder, true, &keys, &err));
    assert_null(keys);
    assert_non_null(strstr(err.text, words));
}

static void test_keys(void **state)
{
    char folder[] = "/tmp/fairline-test-XXXXXX", path[128], text[FL_TOKEN_SIZE];
    const struct fl_token token = {.message_id = 5, FL_MEDIUM_EMAIL, FL_TOKEN_REPLY};
    struct fl_token_keys *keys = NULL, *again = NULL;
    struct fl_token got;
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/token.key", folder);
    assert_status(FL_NOT_FOUND, fl_keys_open(folder, false, &keys, &err));
    assert_ok(fl_keys_open(folder, true, &keys, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_ok(fl_token_sign(keys, &token, text, &err));
    assert_ok(fl_keys_open(folder, true, &again, &err)); /* the same key, not a new one */
    assert_ok(fl_token_verify(again, text, FL_TOKEN_LEN, &got, &err));
    fl_token_keys_destroy(&keys);
    fl_token_keys_destroy(&again);
    assert_int_equal(chmod(path, 0640), 0);
    key_refused(folder, FL_REJECTED, "mode 0640, expected 0600");
    write_key(folder, "# nothing\n", 0600);
    key_refused(folder, FL_INVALID, "holds no key");
    write_key(folder, "7 aaaa\n", 0600);
    key_refused(folder, FL_INVALID, "slot \"7\"");
    write_key(folder, "0 aaaa\n", 0600);
    key_refused(folder, FL_INVALID, "base32");
    unlink(path);
    rmdir(folder);
}

/* --- links ---*/

struct scene {
    struct fl_loop *loop;
    struct fl_link *a, *b;
    struct fl_wire_frame out;
    int n_got, n_wanted, n_gone;
    bool destroys_itself, refuses, is_done;
};

static bool on_frame(void *ctx, struct fl_wire_frame *frame)
{
    struct scene *s = ctx;

    assert_int_equal(fl_wire_get_u32(frame), s->n_got);
    s->n_got++;
    if (s->destroys_itself)
        fl_link_destroy(&s->b);
    if (s->n_got == s->n_wanted) {
        s->is_done = true;
        fl_loop_stop(s->loop);
    }
    return !s->refuses;
}

static void on_gone(void *ctx, const char *why)
{
    struct scene *s = ctx;

    assert_non_null(why);
    s->n_gone++;
    fl_loop_stop(s->loop);
}

static void make_pair(struct scene *s)
{
    const struct fl_link_handler handler = {on_frame, on_gone, s};
    int fds[2];

    memset(s, 0, sizeof *s);
    fl_wire_init(&s->out);
    s->loop = fl_loop_create();
    assert_ok(fl_wire_pair(fds, &err));
    s->a = fl_link_create(s->loop, fds[0], 64 << 20, &handler);
    s->b = fl_link_create(s->loop, fds[1], 64 << 20, &handler);
    assert_non_null(s->a);
    assert_non_null(s->b);
}

static void finish(struct scene *s)
{
    fl_link_destroy(&s->a);
    fl_link_destroy(&s->b);
    fl_wire_finish(&s->out);
    fl_loop_destroy(&s->loop);
}

static enum fl_status send_number(struct scene *s, int i, size_t body)
{
    char *data = calloc(1, body + 1);
    enum fl_status st;

    fl_wire_start(&s->out, 1, 0);
    fl_wire_put_u32(&s->out, (uint32_t)i);
    fl_wire_put_bytes(&s->out, data, body);
    free(data);
    st = fl_link_send(s->a, &s->out, &err);
    return st;
}

static void test_link_queues(void **state)
{
    struct scene s;

    (void)state;
    make_pair(&s);
    s.n_wanted = 400;
    for (int i = 0; i < 400; i++)
        assert_ok(send_number(&s, i, 50000)); /* 20 MB: far above the socket's buffer */
    assert_true(fl_link_queued(s.a) > 10u << 20);
    assert_ok(fl_loop_run(s.loop, &err));
    assert_int_equal(s.n_got, 400);
    assert_int_equal(fl_link_queued(s.a), 0);
    finish(&s);
}

static void test_link_limit(void **state)
{
    struct scene s;
    enum fl_status st = FL_OK;

    (void)state;
    make_pair(&s);
    for (int i = 0; !st; i++)
        st = send_number(&s, i, 60000);
    assert_int_equal(st, FL_LIMIT);
    assert_true(s.out.bytes.len > 0); /* still there, to be sent later */
    finish(&s);
}

static void test_link_ends(void **state)
{
    struct scene s;

    (void)state;
    make_pair(&s);
    fl_link_destroy(&s.b);
    assert_ok(fl_loop_run(s.loop, &err));
    assert_int_equal(s.n_gone, 1);
    assert_status(FL_UNAVAILABLE, send_number(&s, 0, 1));
    assert_int_equal(s.out.bytes.len, 0);
    finish(&s);

    make_pair(&s); /* a callback destroys its own link, with more frames waiting */
    s.destroys_itself = true;
    for (int i = 0; i < 3; i++)
        assert_ok(send_number(&s, i, 1));
    assert_ok(fl_loop_run(s.loop, &err)); /* until `a` sees that `b` is gone */
    assert_int_equal(s.n_got, 1);
    assert_int_equal(s.n_gone, 1);
    finish(&s);

    make_pair(&s); /* nonsense ends it */
    s.refuses = true;
    assert_ok(send_number(&s, 0, 1));
    assert_ok(fl_loop_run(s.loop, &err));
    assert_int_equal(s.n_gone, 1);
    finish(&s);
}

static void test_link_wait(void **state)
{
    struct scene s;

    (void)state;
    make_pair(&s);
    s.n_wanted = 2;
    assert_status(FL_UNAVAILABLE, fl_link_wait(s.b, &s.is_done, 1000, &err));
    assert_ok(send_number(&s, 0, 1));
    assert_ok(send_number(&s, 1, 1));
    assert_ok(fl_link_wait(s.b, &s.is_done, 10000000, &err));
    assert_int_equal(s.n_got, 2);
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),       cmocka_unit_test(test_link_queues),
        cmocka_unit_test(test_link_limit), cmocka_unit_test(test_link_ends),
        cmocka_unit_test(test_link_wait),
    };

    return cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
}
