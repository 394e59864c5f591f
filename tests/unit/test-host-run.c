/* A real host process with the null plugin; the test plays core. */
#include "unit.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "host/host.h"
#include "host/host_protocol.h"

enum { ANSWER_TIMEOUT_S = 30 };

static struct fl_error err;

struct scene {
    char folder[64], journal[128], inbox[128], plugin_dir[4096], program[4096];
    struct fl_conf_setting settings[8];
    size_t n_settings;
    int fd;
    pid_t pid;
    struct fl_wire_frame out, in;
    struct fl_arena *arena;
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    const char *top = getenv("FL_TOP_BUILDDIR");

    strcpy(s->folder, "/tmp/fairline-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->journal, sizeof s->journal, "%s/journal", s->folder);
    snprintf(s->inbox, sizeof s->inbox, "%s/inbox", s->folder);
    snprintf(s->plugin_dir, sizeof s->plugin_dir, "%s/plugins/null/.libs", top);
    snprintf(s->program, sizeof s->program, "%s/fairline-host", top);
    s->fd = -1;
    fl_wire_init(&s->out);
    fl_wire_init(&s->in);
    s->arena = fl_arena_create(64 << 20);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    char command[256];

    if (s->fd >= 0)
        close(s->fd);
    if (s->pid)
        waitpid(s->pid, NULL, 0);
    fl_wire_finish(&s->out);
    fl_wire_finish(&s->in);
    fl_arena_destroy(&s->arena);
    snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
    assert_int_equal(system(command), 0);
    free(s);
    return 0;
}

static void set(struct scene *s, const char *key, const char *text)
{
    s->settings[s->n_settings++] = (struct fl_conf_setting){key, text, "test.conf", 1};
}

static void start(struct scene *s, bool is_check_only)
{
    const char *const argv[] = {s->program, "--fd", "3", NULL};
    const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
    const struct fl_host_open open = {.channel = "drill",
                                      .plugin = "null",
                                      .plugin_dir = s->plugin_dir,
                                      .user = "",
                                      .file = "test.conf",
                                      .line = 1,
                                      .collects = true,
                                      .is_check_only = is_check_only,
                                      .collect_interval_us = 3600000000,
                                      .log_level = 3,
                                      .settings = s->settings,
                                      .n_settings = s->n_settings};
    int fds[2];

    assert_ok(fl_wire_pair(fds, &err));
    assert_ok(fl_host_spawn(argv, fds[1], false, &s->pid, &err));
    close(fds[1]);
    s->fd = fds[0];
    assert_int_equal(setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
    fl_wire_start(&s->out, FL_HOST_OPEN, 0);
    fl_host_put_open(&s->out, &open);
    assert_ok(fl_wire_send(s->fd, &s->out, &err));
}

/* The next frame of this type; notices about calls in between are passed over. */
static void expect(struct scene *s, unsigned type)
{
    do
        assert_ok(fl_wire_recv(s->fd, &s->in, &err));
    while (type != s->in.type && (s->in.type == FL_HOST_BEGAN || s->in.type == FL_HOST_CALLED));
    assert_int_equal(s->in.type, type);
}

static void open_host(struct scene *s)
{
    struct fl_host_ready ready;

    start(s, false);
    expect(s, FL_HOST_READY);
    assert_true(fl_host_get_ready(&s->in, s->arena, &ready));
    assert_string_equal(ready.plugin, "null");
    assert_int_equal(ready.batch_max, 500);
}

static void send_batch(struct scene *s, uint64_t batch, int n, int n_frames, size_t body)
{
    struct fl_wire_frame bag;
    char *text = calloc(1, body + 1);

    fl_wire_init_nested(&bag);
    for (int i = 0; i < n; i++) {
        const struct fl_part part = {sizeof part, "text/plain", NULL, text, body};
        const struct fl_part *parts[] = {&part};
        const struct fl_item item = {.size = sizeof item,
                                     .attempt = 1,
                                     .message_id = i + 1,
                                     .to_address = "kim@example.org",
                                     .token_identity = "identity",
                                     .parts = parts,
                                     .n_parts = 1};

        fl_host_put_item(&bag, &item);
        if ((i + 1) % (n / n_frames) == 0) {
            fl_wire_start(&s->out, i + 1 == n ? FL_HOST_DELIVER : FL_HOST_ITEMS, batch);
            fl_wire_put_nested(&s->out, &bag);
            assert_ok(fl_wire_send(s->fd, &s->out, &err));
            fl_wire_start(&bag, 0, 0);
        }
    }
    fl_wire_finish(&bag);
    free(text);
}

static enum fl_call expect_batch(struct scene *s, uint64_t batch, int n, struct fl_report *last)
{
    struct fl_host_result result;

    expect(s, FL_HOST_STARTED);
    assert_true(s->in.correlation == batch);
    for (int i = 0; i < n; i++) {
        expect(s, FL_HOST_REPORT);
        assert_true(s->in.correlation == batch);
        assert_true(fl_host_get_report(&s->in, s->arena, last));
        assert_int_equal(last->item, i);
    }
    expect(s, FL_HOST_FINISHED);
    assert_true(fl_host_get_result(&s->in, s->arena, &result));
    return result.call;
}

static void stop(struct scene *s)
{
    int status;

    fl_wire_start(&s->out, FL_HOST_STOP, 0);
    assert_ok(fl_wire_send(s->fd, &s->out, &err));
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    s->pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_deliver(void **state)
{
    struct scene *s = *state;
    struct fl_report last;
    struct stat st;

    set(s, "journal", s->journal);
    open_host(s);
    send_batch(s, 11, 5, 1, 10);
    send_batch(s, 12, 500, 4, 20000); /* 10 MB in four frames, queued behind the first */
    assert_int_equal(expect_batch(s, 11, 5, &last), FL_CALL_OK);
    assert_int_equal(expect_batch(s, 12, 500, &last), FL_CALL_OK);
    assert_int_equal(last.outcome, FL_OUTCOME_ACCEPTED);
    assert_string_equal(last.provider_ref, "null-500");
    assert_int_equal(stat(s->journal, &st), 0);
    assert_true(st.st_size > 505 * 12);
    stop(s);
}

static void test_faults_of_a_plugin(void **state)
{
    struct scene *s = *state;
    struct fl_report last;

    set(s, "lie_every", "1"); /* reports of items it was not given never reach core */
    set(s, "away_every", "2");
    open_host(s);
    send_batch(s, 1, 3, 1, 10);
    assert_int_equal(expect_batch(s, 1, 3, &last), FL_CALL_OK);
    send_batch(s, 2, 3, 1, 10);
    assert_int_equal(expect_batch(s, 2, 0, &last), FL_CALL_RETRY);
    stop(s);
}

static void test_crash(void **state)
{
    struct scene *s = *state;
    int status;

    set(s, "crash_every", "3");
    open_host(s);
    send_batch(s, 1, 5, 1, 10);
    expect(s, FL_HOST_STARTED);
    expect(s, FL_HOST_REPORT);
    expect(s, FL_HOST_REPORT);
    assert_status(FL_UNAVAILABLE, fl_wire_recv(s->fd, &s->in, &err));
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    s->pid = 0;
    assert_true(WIFSIGNALED(status));
}

static void answer_commit(struct scene *s, bool is_stored)
{
    expect(s, FL_HOST_COMMIT);
    fl_wire_start(&s->out, FL_HOST_COMMITTED, 0);
    fl_wire_put_bool(&s->out, is_stored);
    assert_ok(fl_wire_send(s->fd, &s->out, &err));
}

static void expect_piece(struct scene *s, const char *key, const char *text)
{
    struct fl_feedback_parsed parsed;
    struct fl_inbound inbound;
    struct fl_wire_frame found;

    fl_wire_init_nested(&found);
    expect(s, FL_HOST_INBOUND);
    assert_true(fl_host_get_inbound(&s->in, s->arena, &inbound));
    fl_wire_get_nested(&s->in, &found);
    assert_true(fl_host_get_parsed(&found, s->arena, &parsed));
    assert_true(fl_wire_end(&s->in));
    assert_string_equal(inbound.dedupe_key, key);
    assert_string_equal(parsed.text, text);
}

static void test_collect(void **state)
{
    struct scene *s = *state;
    char file[256], done[256];

    set(s, "inbox", s->inbox);
    assert_int_equal(mkdir(s->inbox, 0700), 0);
    snprintf(file, sizeof file, "%s/a.txt", s->inbox);
    snprintf(done, sizeof done, "%s/done/a.txt", s->inbox);
    assert_ok(fl_file_write(file, "thank you", 9, 0600, &err));
    open_host(s);
    expect_piece(s, "null:a.txt", "thank you"); /* the first look, soon after opening */
    answer_commit(s, false);                    /* not stored: it must stay */
    fl_wire_start(&s->out, FL_HOST_COLLECT, 77);
    assert_ok(fl_wire_send(s->fd, &s->out, &err));
    expect_piece(s, "null:a.txt", "thank you");
    assert_int_equal(access(file, F_OK), 0);
    answer_commit(s, true);
    do
        expect(s, FL_HOST_CALLED);
    while (s->in.correlation != 77);
    assert_int_equal(access(file, F_OK), -1);
    assert_int_equal(access(done, F_OK), 0);
    stop(s);
}

/* Core goes away while a batch is under way: the host ends after the item at hand. */
static void test_core_gone(void **state)
{
    struct scene *s = *state;
    int status;

    set(s, "latency", "5ms");
    open_host(s);
    send_batch(s, 1, 500, 1, 10);
    expect(s, FL_HOST_STARTED);
    expect(s, FL_HOST_REPORT);
    close(s->fd);
    s->fd = -1;
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    s->pid = 0;
    assert_true(WIFEXITED(status));
}

static void test_refusals(void **state)
{
    struct scene *s = *state;
    struct fl_faults faults;

    set(s, "latency", "5");
    set(s, "jurnal", "/x");
    start(s, true);
    expect(s, FL_HOST_CHECKED);
    fl_faults_init(&faults, s->arena);
    assert_true(fl_host_get_faults(&s->in, &faults));
    assert_int_equal(faults.n_items, 2);
    close(s->fd);
    assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
    start(s, false);
    expect(s, FL_HOST_FAILED);
    assert_non_null(strstr(fl_wire_get_str(&s->in), "(and 1 more)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_deliver, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_faults_of_a_plugin, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_crash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_collect, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_core_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("host-run", tests, NULL, NULL);
}
