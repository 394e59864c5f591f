/* Tries a channel's login: a host of its own does it, as the daemon's would, and is thrown away. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "host/host.h"
#include "ops/ops_private.h"

#define LOGIN_TIMEOUT_US (INT64_C(30) * FL_US_PER_S)
enum { LOGIN_OUTPUT_MAX = 64 << 10, FIXED_ARGUMENTS = 5, READ_SIZE = 4096 };

extern char **environ;

/* Host, --inproc, plugin, --option KEY=VALUE ..., health.  Secrets are file references here too. */
static char **arguments(struct fl_arena *arena, const char *program, const char *plugin,
                        const struct fl_conf_channel *channel)
{
    char **argv = FL_ARENA_ARRAY(arena, char *, 2 * channel->n_settings + FIXED_ARGUMENTS);
    size_t n = 0;

    if (!argv)
        return NULL;
    argv[n++] = fl_arena_strdup(arena, program);
    argv[n++] = fl_arena_strdup(arena, "--inproc");
    argv[n++] = fl_arena_strdup(arena, plugin);
    for (size_t i = 0; i < channel->n_settings; i++) {
        argv[n++] = fl_arena_strdup(arena, "--option");
        argv[n++] =
            fl_arena_printf(arena, "%s=%s", channel->settings[i].key, channel->settings[i].text);
    }
    argv[n++] = fl_arena_strdup(arena, "health");
    for (size_t i = 0; i < n; i++)
        if (!argv[i])
            return NULL;
    return argv;
}

static enum fl_status start(char **argv, int out_fd, pid_t *out_pid, struct fl_error *err)
{
    posix_spawn_file_actions_t actions;
    int why;

    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, out_fd, STDERR_FILENO);
    why = posix_spawn(out_pid, argv[0], &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return why ? fl_error_set_errno(err, why, "cannot start \"%s\"", argv[0]) : FL_OK;
}

/* Reads until the end or the deadline; false when the deadline came first. */
static bool read_all(int fd, struct fl_buf *buf)
{
    int64_t until_us = fl_clock_monotonic_us() + LOGIN_TIMEOUT_US;

    for (;;) {
        int64_t left_ms = (until_us - fl_clock_monotonic_us()) / FL_US_PER_MS;
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        char data[READ_SIZE];
        ssize_t n;

        if (left_ms <= 0 || poll(&poller, 1, (int)left_ms) == 0)
            return false;
        n = read(fd, data, sizeof data);
        if (n == 0 || (n < 0 && errno != EINTR))
            return true;
        if (n > 0)
            fl_buf_add(buf, data, (size_t)n);
    }
}

/* The words of the result line, or the last line that was said. */
static enum fl_status judge(struct fl_arena *arena, char *output, int status, struct fl_error *err)
{
    const char *last = "it said nothing";

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return FL_OK;
    for (char *next, *line = output; line && *line; line = next) {
        json_t *object, *result;
        const char *why;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        object = json_loads(line, 0, NULL);
        result = json_object_get(object, "result");
        why = json_string_value(json_object_get(result, "why"));
        if (why && *why)
            last = fl_arena_strdup(arena, why);
        else if (!object && *line)
            last = line;
        json_decref(object);
    }
    return fl_error_set(err, FL_UNAVAILABLE, "%s", last ? last : "no memory");
}

static enum fl_status run(struct fl_arena *arena, char **argv, struct fl_error *err)
{
    FL_AUTO_BUF struct fl_buf output = FL_BUF(LOGIN_OUTPUT_MAX);
    FL_AUTO_FD int in = -1;
    FL_AUTO_FD int out = -1;
    int fds[2], status = 0;
    bool is_done;
    char *text;
    pid_t pid;
    enum fl_status st;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return fl_error_set_errno(err, errno, "a pipe");
    in = fds[0];
    out = fds[1];
    st = start(argv, out, &pid, err);
    if (st)
        return st;
    fl_cleanup_fd(&out); /* else the end would never be read */
    out = -1;
    is_done = read_all(in, &output);
    if (!is_done)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!is_done)
        return fl_error_set(err, FL_UNAVAILABLE, "no answer within %d s",
                            (int)(LOGIN_TIMEOUT_US / FL_US_PER_S));
    text = fl_arena_strndup(arena, output.data, output.len);
    return text ? judge(arena, text, status, err) : fl_error_set(err, FL_IO, "no memory");
}

enum fl_status fl_ops_channel_login(struct fl_ops_context *context, struct fl_arena *arena,
                                    const struct fl_conf_channel *channel, bool *out_was_tried,
                                    struct fl_error *err)
{
    struct fl_plugin *plugin = NULL;
    const char *program, *path;
    bool can_say;
    char **argv;
    enum fl_status st;

    *out_was_tried = false;
    st = fl_plugin_load(context->conf->plugin_dir, channel->plugin, &plugin, err);
    if (st)
        return st;
    path = fl_arena_strdup(arena, fl_plugin_info(plugin)->path);
    can_say = fl_plugin_info(plugin)->channel->capabilities & FL_CAN_HEALTH;
    fl_plugin_unload(&plugin);
    if (!can_say)
        return FL_OK;
    st = fl_host_program(arena, &program, err);
    if (st)
        return st;
    argv = path ? arguments(arena, program, path, channel) : NULL;
    if (!argv)
        return fl_error_set(err, FL_IO, "no memory for the host");
    *out_was_tried = true;
    return run(arena, argv, err);
}
