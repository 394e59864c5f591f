#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "host/host.h"
#include "host/host_protocol.h"

extern char **environ;

enum { ENVIRONMENT_MAX = 64, CHILD_FD = 3, CHECK_TIMEOUT_S = 20 };

static const char program_name[] = "fairline-host";

enum fl_status fl_host_program(struct fl_arena *arena, const char **out, struct fl_error *err)
{
    const char *folder = getenv("FAIRLINE_LIBEXEC_DIR");
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *path = NULL;

    if (folder)
        path = fl_arena_printf(arena, "%s/%s", folder, program_name);
    if (!folder && n > 0) {
        self[n] = '\0';
        *strrchr(self, '/') = '\0';
        path = fl_arena_printf(arena, "%s/%s", self, program_name);
    }
    if (!folder && path && access(path, X_OK) < 0)
        path = fl_arena_printf(arena, "%s/%s", FL_LIBEXEC_DIR, program_name);
    if (!path)
        return fl_error_set(err, FL_IO, "no memory");
    if (access(path, X_OK) < 0)
        return fl_error_set_errno(err, errno, "cannot run \"%s\"", path);
    *out = path;
    return FL_OK;
}

static bool is_kept(const char *variable, bool keeps_fairline)
{
    static const char *const kept[] = {
        "PATH=",           "LANG=",          "LC_ALL=",      "TZ=", "FAIRLINE_CONNECT_TIMEOUT_MS=",
        "JOURNAL_STREAM=",
#ifdef __SANITIZE_ADDRESS__
        "ASAN_OPTIONS=",   "UBSAN_OPTIONS=", "LSAN_OPTIONS="
#endif
    };

    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (fl_str_starts_with(variable, kept[i]))
            return true;
    return keeps_fairline && fl_str_starts_with(variable, "FAIRLINE_");
}

/* Between fork and exec; only calls that are safe there. */
static _Noreturn void become_child(const char *const argv[], char *const envp[], int fd)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_IGN); /* meant for the parent, who decides how all of it ends */
    signal(SIGTERM, SIG_IGN);
    if (fd == CHILD_FD)
        fcntl(fd, F_SETFD, 0);
    else if (dup2(fd, CHILD_FD) < 0)
        _exit(71);
    /* What the parent may open, such as a port below 1024, is not for its children. */
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    close_range(CHILD_FD + 1, ~0u, 0);
    execve(argv[0], (char *const *)(uintptr_t)argv, envp);
    _exit(71);
}

enum fl_status fl_host_spawn(const char *const argv[], int fd, bool keeps_fairline, pid_t *out_pid,
                             struct fl_error *err)
{
    char *envp[ENVIRONMENT_MAX + 1];
    size_t n = 0;
    pid_t pid;

    for (char **e = environ; *e && n < ENVIRONMENT_MAX; e++)
        if (is_kept(*e, keeps_fairline))
            envp[n++] = *e;
    envp[n] = NULL;
    pid = fork();
    if (pid < 0)
        return fl_error_set_errno(err, errno, "could not start \"%s\"", argv[0]);
    if (pid == 0)
        become_child(argv, envp, fd);
    *out_pid = pid;
    return FL_OK;
}

/* --- checking the options of a configuration ---*/

static enum fl_status ask(int fd, const struct fl_conf *conf, const struct fl_conf_channel *channel,
                          struct fl_faults *faults, struct fl_error *err)
{
    const struct fl_host_open open = {
        .channel = channel->name,
        .plugin = channel->plugin,
        .plugin_dir = conf->plugin_dir,
        .user = channel->user,
        .file = channel->file,
        .line = channel->line,
        .is_check_only = true,
        .log_level = conf->log_level,
        .settings = channel->settings,
        .n_settings = channel->n_settings,
    };
    const struct timeval timeout = {.tv_sec = CHECK_TIMEOUT_S};
    FL_AUTO_FRAME struct fl_wire_frame frame;
    enum fl_status st;

    fl_wire_init(&frame);
    fl_wire_start(&frame, FL_HOST_OPEN, 0);
    fl_host_put_open(&frame, &open);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    st = fl_wire_send(fd, &frame, err);
    if (!st)
        st = fl_wire_recv(fd, &frame, err);
    if (st == FL_AGAIN)
        return fl_error_set(err, FL_UNAVAILABLE, "the plugin did not answer within %d s",
                            CHECK_TIMEOUT_S);
    if (st)
        return st;
    if (frame.type != FL_HOST_CHECKED || !fl_host_get_faults(&frame, faults) ||
        !fl_wire_end(&frame))
        return fl_error_set(err, FL_INVALID, "the host answered with something else");
    return FL_OK;
}

static enum fl_status check_channel(const char *program, const struct fl_conf *conf,
                                    const struct fl_conf_channel *channel, struct fl_faults *faults,
                                    struct fl_error *err)
{
    const char *const argv[] = {program, "--fd", "3", NULL};
    int fds[2], status;
    enum fl_status st = fl_wire_pair(fds, err);
    pid_t pid;

    if (st)
        return st;
    st = fl_host_spawn(argv, fds[1], false, &pid, err);
    close(fds[1]);
    if (!st) {
        st = ask(fds[0], conf, channel, faults, err);
        if (st)
            kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    close(fds[0]);
    return st;
}

enum fl_status fl_host_check(struct fl_arena *arena, const struct fl_conf *conf,
                             struct fl_faults *faults, struct fl_error *err)
{
    const char *program;
    enum fl_status st = fl_host_program(arena, &program, err);

    for (size_t i = 0; !st && i < conf->n_channels; i++) {
        const struct fl_conf_channel *channel = &conf->channels[i];
        struct fl_error why;

        if (!channel->is_enabled)
            continue;
        /* A plugin that dies while it is asked is a fault of the configuration that names it. */
        if (check_channel(program, conf, channel, faults, &why))
            fl_faults_add(faults, channel->file, channel->line, "plugin", channel->plugin,
                          "cannot be asked about its options: %s", why.text);
    }
    return st;
}
