/* SPDX-License-Identifier: MIT
 *
 * The program as a process: started clean, spoken to by pipes, ended with its whole group. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exec_private.h"

enum { READ_MAX = 64 << 10, EXIT_NO_EXEC = 127, TERM_GRACE_MS = 1000, SIGNALS_MAX = 32 };

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- starting ---*/

/* Between fork and exec.  The host ignores signals and keeps descriptors; a program gets neither,
 * and of the environment only what it cannot do without. */
static _Noreturn void become_program(const char *const argv[], const char *folder, const int fds[3],
                                     int failed, pid_t host)
{
    static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
                                              NULL};
    sigset_t none;
    int error;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int sig = 1; sig < SIGNALS_MAX; sig++)
        signal(sig, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == host && (!folder || chdir(folder) == 0)) {
        /* The three are above 2, so that none is overwritten before its turn. */
        for (int i = 0; i < 3; i++)
            dup2(fds[i], i);
        dup3(failed, 3, O_CLOEXEC);
        close_range(4, ~0u, 0);
        execve(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)environment);
        failed = 3;
    }
    error = errno;
    if (write(failed, &error, sizeof error) < 0)
        _exit(EXIT_NO_EXEC);
    _exit(EXIT_NO_EXEC);
}

static bool make_pipe(int out[2])
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return false;
    for (int i = 0; i < 2; i++) {
        out[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 4);
        close(fds[i]);
    }
    return out[0] >= 0 && out[1] >= 0;
}

static void set_nonblocking(int fd)
{
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

bool exec_process_start(struct exec_process *process, const char *const argv[], const char *folder,
                        char why[EXEC_WHY_MAX])
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1}, failed[2] = {-1, -1};
    const pid_t host = getpid();
    int error = 0;
    bool is_fine = make_pipe(in) && make_pipe(out) && make_pipe(err) && make_pipe(failed);

    process->pid = is_fine ? fork() : -1;
    if (process->pid == 0)
        become_program(argv, folder, (const int[]){in[0], out[1], err[1]}, failed[1], host);
    if (process->pid < 0)
        error = errno;
    close_fd(&in[0]);
    close_fd(&out[1]);
    close_fd(&err[1]);
    close_fd(&failed[1]);
    process->in = in[1];
    process->out = out[0];
    process->err = err[0];
    process->lines.start = process->lines.len = process->lines.seen = process->err_len = 0;
    if (process->pid > 0 && read(failed[0], &error, sizeof error) > 0)
        is_fine = false;
    close_fd(&failed[0]);
    if (process->pid > 0)
        process->pidfd = pidfd_open(process->pid, 0);
    if (is_fine && process->pid > 0) {
        set_nonblocking(process->in);
        set_nonblocking(process->out);
        set_nonblocking(process->err);
        return true;
    }
    if (process->pid > 0)
        exec_process_end(process, 0, why);
    process->pid = 0;
    close_fd(&process->in);
    close_fd(&process->out);
    close_fd(&process->err);
    snprintf(why, EXEC_WHY_MAX, "cannot start \"%.200s\"%s%.100s: %s", argv[0],
             folder ? " in " : "", folder ? folder : "", strerror(error));
    return false;
}

/* --- what it says ---*/

static void flush_err(struct exec_process *process)
{
    process->err_line[process->err_len] = '\0';
    if (process->err_len)
        process->on_err(process->ctx, process->err_line);
    process->err_len = 0;
}

static void read_err(struct exec_process *process)
{
    char bytes[4096];
    ssize_t n = read(process->err, bytes, sizeof bytes);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        close_fd(&process->err);
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] == '\n' || process->err_len == EXEC_STDERR_LINE_MAX)
            flush_err(process);
        if (bytes[i] != '\n')
            process->err_line[process->err_len++] = bytes[i] ? bytes[i] : ' ';
    }
}

/* False at the end of the stream, or when there is no memory for more. */
static bool read_out(struct exec_process *process)
{
    struct exec_buffer *b = &process->lines;
    ssize_t n;

    if (b->start) {
        memmove(b->data, b->data + b->start, b->len - b->start);
        b->len -= b->start;
        b->start = 0;
    }
    if (b->cap - b->len < READ_MAX) {
        size_t cap = (b->cap + READ_MAX) * 2;
        char *data = realloc(b->data, cap);

        if (!data)
            return false;
        b->data = data;
        b->cap = cap;
    }
    n = read(process->out, b->data + b->len, READ_MAX);
    if (n > 0)
        b->len += (size_t)n;
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool take_line(struct exec_buffer *b, char **out_line, size_t *out_len)
{
    char *line = b->data + b->start;
    size_t len = b->len - b->start;
    char *end = len > b->seen ? memchr(line + b->seen, '\n', len - b->seen) : NULL;

    b->seen = end ? 0 : len;
    if (!end)
        return false;
    *out_line = line;
    *out_len = (size_t)(end - line);
    b->start += *out_len + 1;
    return true;
}

/* Waits for what it says or, with `to_send`, until it can be told more. */
static enum exec_got wait_for(struct exec_process *process, bool to_send, int64_t until_ms)
{
    struct pollfd fds[] = {{.fd = process->out, .events = POLLIN},
                           {.fd = process->err, .events = POLLIN},
                           {.fd = to_send ? process->in : -1, .events = POLLOUT}};
    int64_t left_ms = until_ms - now_ms();
    int n = poll(fds, 3, left_ms > 0 ? (int)left_ms : 0);

    if (n < 0 && errno != EINTR)
        return EXEC_GOT_END;
    if (n == 0 && left_ms <= 0)
        return EXEC_GOT_NOTHING;
    if (n > 0 && fds[1].revents)
        read_err(process);
    if (n > 0 && fds[0].revents && !read_out(process))
        return EXEC_GOT_END;
    return EXEC_GOT_LINE;
}

enum exec_got exec_process_send(struct exec_process *process, const char *data, size_t len,
                                int timeout_ms)
{
    int64_t until_ms = now_ms() + timeout_ms;

    while (len) {
        ssize_t n = write(process->in, data, len);
        enum exec_got got;

        if (n > 0) {
            data += n;
            len -= (size_t)n;
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return EXEC_GOT_END;
        got = wait_for(process, true, until_ms);
        if (got != EXEC_GOT_LINE)
            return got;
        if (process->lines.len - process->lines.start > EXEC_LINE_MAX)
            return EXEC_GOT_TOO_LONG;
    }
    return EXEC_GOT_LINE;
}

enum exec_got exec_process_line(struct exec_process *process, int timeout_ms, char **out_line,
                                size_t *out_len)
{
    int64_t until_ms = now_ms() + timeout_ms;

    for (;;) {
        enum exec_got got;

        if (take_line(&process->lines, out_line, out_len))
            return *out_len > EXEC_LINE_MAX ? EXEC_GOT_TOO_LONG : EXEC_GOT_LINE;
        if (process->lines.len - process->lines.start > EXEC_LINE_MAX)
            return EXEC_GOT_TOO_LONG;
        got = wait_for(process, false, until_ms);
        if (got != EXEC_GOT_LINE)
            return got;
    }
}

/* --- ending ---*/

static bool is_over(struct exec_process *process, int grace_ms)
{
    int64_t until_ms = now_ms() + grace_ms;
    siginfo_t info = {.si_pid = 0};

    for (;;) {
        struct pollfd fds[] = {{.fd = process->pidfd, .events = POLLIN},
                               {.fd = process->err, .events = POLLIN}};
        int64_t left_ms = until_ms - now_ms();

        if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid)
            return true;
        if (left_ms <= 0 || poll(fds, 2, (int)left_ms) < 0)
            return false;
        if (fds[1].revents)
            read_err(process);
    }
}

void exec_process_end(struct exec_process *process, int grace_ms, char how[EXEC_WHY_MAX])
{
    int status = 0;

    close_fd(&process->in);
    if (!is_over(process, grace_ms)) {
        (void)kill(-process->pid, SIGTERM);
        (void)is_over(process, TERM_GRACE_MS);
    }
    /* Whatever it started goes with it. */
    (void)kill(-process->pid, SIGKILL);
    (void)kill(process->pid, SIGKILL);
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    for (int i = 0; i < READ_MAX && process->err >= 0; i++) {
        struct pollfd fd = {.fd = process->err, .events = POLLIN};

        if (poll(&fd, 1, 0) <= 0)
            break;
        read_err(process);
    }
    flush_err(process);
    if (WIFSIGNALED(status))
        snprintf(how, EXEC_WHY_MAX, "was ended by signal %d", WTERMSIG(status));
    else
        snprintf(how, EXEC_WHY_MAX, "ended with exit status %d", WEXITSTATUS(status));
    close_fd(&process->out);
    close_fd(&process->err);
    close_fd(&process->pidfd);
    free(process->lines.data);
    process->lines = (struct exec_buffer){.data = NULL};
    process->pid = 0;
}
