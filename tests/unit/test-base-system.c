/* The base room where it meets the system: files, the lock, log lines. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/str.h"

struct room {
    char dir[64];
    struct fl_arena *arena;
};

static int setup(void **state)
{
    struct room *room = calloc(1, sizeof *room);

    snprintf(room->dir, sizeof room->dir, "/tmp/fl-base-XXXXXX");
    assert_non_null(mkdtemp(room->dir));
    room->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    *state = room;
    return 0;
}

static const char *in(struct room *room, const char *name)
{
    return fl_arena_printf(room->arena, "%s/%s", room->dir, name);
}

static int teardown(void **state)
{
    struct room *room = *state;

    unlink(in(room, "file"));
    unlink(in(room, "lock"));
    rmdir(in(room, "a/b"));
    rmdir(in(room, "a"));
    assert_int_equal(rmdir(room->dir), 0); /* no temporary file is left behind */
    fl_arena_destroy(&room->arena);
    free(room);
    return 0;
}

static void test_files(void **state)
{
    struct room *room = *state;
    struct fl_error err = {0};
    const char *path = in(room, "file");
    struct stat info;
    char *data = NULL;
    size_t len;

    assert_status(FL_NOT_FOUND, fl_file_read(room->arena, path, 10, &data, &len, &err));
    assert_non_null(strstr(err.text, path));
    assert_null(data);
    assert_ok(fl_file_write(path, "first", 5, 0600, &err));
    assert_ok(fl_file_write(path, "second\0x", 8, 0640, &err)); /* replaces as a whole */
    assert_ok(fl_file_read(room->arena, path, 8, &data, &len, &err));
    assert_int_equal(len, 8);
    assert_memory_equal(data, "second\0x", 9);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_status(FL_LIMIT, fl_file_read(room->arena, path, 7, &data, &len, &err));
    assert_status(FL_NOT_FOUND, fl_file_write(in(room, "none/file"), "x", 1, 0600, &err));
    assert_ok(fl_dir_make(in(room, "a/b"), 0700, &err));
    assert_ok(fl_dir_make(in(room, "a/b"), 0700, &err));
    assert_int_not_equal(fl_dir_make(in(room, "file/b"), 0700, &err), FL_OK);
    assert_int_not_equal(fl_file_read(room->arena, in(room, "a"), 10, &data, &len, &err), FL_OK);
}

static void test_memory_file(void **state)
{
    struct room *room = *state;
    struct fl_error err = {0};
    FL_AUTO_FD int fd = -1;
    char *data;
    size_t len;

    assert_ok(fl_memfd_sealed("test", "body", 4, &fd, &err));
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_ok(fl_file_read_fd(room->arena, fd, 4, &data, &len, &err));
    assert_string_equal(data, "body");
}

static void test_lock(void **state)
{
    struct room *room = *state;
    struct fl_error err = {0};
    int first = -1, second = -1;

    assert_ok(fl_lock_take(room->dir, &first, &err));
    assert_status(FL_AGAIN, fl_lock_take(room->dir, &second, &err));
    assert_int_equal(second, -1);
    close(first);
    assert_ok(fl_lock_take(room->dir, &second, &err));
    close(second);
    assert_int_not_equal(fl_lock_take(in(room, "none"), &second, &err), FL_OK);
}

static void test_errno(void **state)
{
    static const struct {
        int errnum;
        enum fl_status status;
    } cases[] = {{ENOENT, FL_NOT_FOUND}, {EEXIST, FL_CONFLICT},   {EAGAIN, FL_AGAIN},
                 {EACCES, FL_REJECTED},  {EPIPE, FL_UNAVAILABLE}, {EIO, FL_IO}};
    struct fl_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(fl_error_set_errno(&err, cases[i].errnum, "cannot open \"%s\"", "x"),
                         cases[i].status);
        assert_non_null(strstr(err.text, "cannot open \"x\": "));
        assert_int_equal(fl_error_set_errno(NULL, cases[i].errnum, "x"), cases[i].status);
    }
    fl_error_clear(&err);
    assert_int_equal(err.status, FL_OK);
    assert_string_equal(err.text, "");
    assert_string_equal(fl_status_name(FL_LIMIT), "limit exceeded");
    assert_string_equal(fl_status_name((enum fl_status)99), "unknown status");
}

struct lines {
    struct fl_buf text;
    int n;
};

static void keep(void *ctx, enum fl_log_level level, const char *line)
{
    struct lines *lines = ctx;

    lines->n++;
    fl_buf_reset(&lines->text);
    fl_buf_printf(&lines->text, "%d %s", (int)level, line);
}

static void test_log_lines(void **state)
{
    struct lines lines = {.text = FL_BUF(FL_BUF_LINE_MAX)};
    const struct fl_log_sink sink = {keep, &lines, FL_LOG_INFO};
    struct fl_log root = fl_log_root(&sink, "core"), silent = {0};
    struct fl_log log = fl_log_child(&root, FL_KV_STR("channel", "mail"));
    enum fl_log_level level;

    (void)state;
    FL_LOG(&log, FL_LOG_WARN, "it is late", FL_KV_INT("n", -3), FL_KV_STR("why", "a=\"b\"\n\x01"));
    assert_string_equal(lines.text.data, "4 msg=\"it is late\" role=core channel=mail n=-3 "
                                         "why=\"a=\\\"b\\\"\\n\\x01\"");
    FL_LOG(&log, FL_LOG_DEBUG, "not wanted");
    FL_LOG(&silent, FL_LOG_ERROR, "nobody listens");
    FL_LOG(&log, FL_LOG_INFO, "ready", FL_KV_STR("empty", ""));
    assert_int_equal(lines.n, 2);
    assert_string_equal(lines.text.data, "6 msg=ready role=core channel=mail empty=\"\"");
    assert_true(fl_log_level_parse("debug", &level));
    assert_int_equal(level, FL_LOG_DEBUG);
    assert_false(fl_log_level_parse("loud", &level));
    fl_buf_finish(&lines.text);
}

static void test_strings(void **state)
{
    struct fl_buf buf = FL_BUF(100);
    char text[] = "  MiXed \t", shown[32], *stolen;

    (void)state;
    fl_buf_puts(&buf, "kept");
    stolen = fl_buf_steal(&buf);
    assert_string_equal(stolen, "kept");
    free(stolen);
    assert_int_equal(buf.len, 0);
    assert_string_equal(fl_str_trim(text), "MiXed");
    fl_str_lower_ascii(text);
    assert_string_equal(text, "  mixed");
    assert_true(fl_str_equal(NULL, NULL));
    assert_false(fl_str_equal("a", NULL));
    assert_true(fl_str_equal_nocase("Ab", "aB"));
    assert_true(fl_str_starts_with("fairline", "fair"));
    assert_true(fl_str_ends_with("fairline", "line"));
    assert_false(fl_str_ends_with("e", "line"));
    fl_str_mask_address(shown, sizeof shown, "kim@cust.test");
    assert_string_equal(shown, "k***@cust.test");
    fl_str_mask_address(shown, sizeof shown, "+821012345678");
    assert_string_equal(shown, "+8210***5678");
    fl_str_mask_address(shown, sizeof shown, "12345");
    assert_string_equal(shown, "***");
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(test_files),
        IN_ROOM(test_memory_file),
        IN_ROOM(test_lock),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_log_lines),
        cmocka_unit_test(test_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
