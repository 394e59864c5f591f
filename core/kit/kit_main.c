/* The conformance run: arguments, the peer, and each case in a process of its own. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "kit/kit_private.h"

enum {
    EXIT_FINE = 0,
    EXIT_NEGATIVE = 1,
    EXIT_USAGE = 64,
    EXIT_SYSTEM = 71,
    ARENA_MAX = 512 << 20,
    DEADLINE_S_DEFAULT = 60,
    DEADLINE_S_MAX = 3600,
    PEER_READY_S = 60,
    PEER_LINE_MAX = 4096,
    PEER_GRACE_MS = 5000
};

static const char usage[] =
    "usage: fairline-plugin-test PLUGIN.so [--option KEY=VALUE]... [--inbound COMMAND]\n"
    "                            [--peer COMMAND] [--only WORDS] [--deadline SECONDS]\n"
    "Runs the conformance cases over a channel plugin and prints TAP; see "
    "fairline-plugin-test(1).\n";

struct run {
    struct fl_kit kit;
    const char *peer, *only;
    int64_t deadline_s;
    pid_t peer_pid;
    int peer_fd, n, n_failed;
    bool has_bailed; /* it does not even load: nothing else can be said of it */
};

/* --- the end of a case: a letter and a sentence through the pipe ---*/

static void say(struct fl_kit *kit, char result, const char *fmt, va_list ap)
{
    char text[FL_KIT_TEXT_MAX];
    int len;

    text[0] = result;
    len = vsnprintf(text + 1, sizeof text - 1, fmt, ap);
    len = len < 0 ? 0 : len < (int)sizeof text - 1 ? len : (int)sizeof text - 2;
    for (int i = 1; i <= len; i++)
        if (text[i] == '\n')
            text[i] = ' ';
    if (write(kit->result_fd, text, (size_t)len + 1) < 0)
        _exit(EXIT_SYSTEM);
}

void fl_kit_fail(struct fl_kit *kit, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(kit, 'F', fmt, ap);
    va_end(ap);
    _exit(EXIT_FINE);
}

void fl_kit_skip(struct fl_kit *kit, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(kit, 'S', fmt, ap);
    va_end(ap);
    _exit(EXIT_FINE);
}

/* --- one case ---*/

static _Noreturn void run_child(struct fl_kit *kit, const struct fl_kit_case *one, int fd)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setpgid(0, 0);
    (void)signal(SIGPIPE, SIG_IGN); /* as in a host */
    (void)dup2(STDERR_FILENO, STDOUT_FILENO);
    kit->result_fd = fd;
    one->run(kit);
    if (write(fd, "P", 1) < 0)
        _exit(EXIT_SYSTEM);
    exit(EXIT_FINE); /* not _exit(): a leak checker has its say at exit */
}

/* What the case said and how its process ended, as one sentence; "" when it has passed. */
static void sentence_of(const char *said, size_t len, int status, bool is_late, int64_t deadline_s,
                        char out[FL_KIT_TEXT_MAX])
{
    *out = '\0';
    if (is_late)
        snprintf(out, FL_KIT_TEXT_MAX, "it has not come back after %lld s", (long long)deadline_s);
    else if (len && said[0] == 'F')
        snprintf(out, FL_KIT_TEXT_MAX, "%.*s", (int)len - 1, said + 1);
    else if (WIFSIGNALED(status))
        snprintf(out, FL_KIT_TEXT_MAX, "it crashes: signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != EXIT_FINE)
        snprintf(out, FL_KIT_TEXT_MAX, "its process ends with status %d%s", WEXITSTATUS(status),
                 len ? ": a leak, or a sanitizer's finding above" : "");
    else if (!len)
        snprintf(out, FL_KIT_TEXT_MAX, "it ends the process");
}

static bool wait_until(pid_t pid, int64_t timeout_ms)
{
    FL_AUTO_FD int pidfd = pidfd_open(pid, 0);
    struct pollfd fd = {.fd = pidfd, .events = POLLIN};
    int64_t until_us = fl_clock_monotonic_us() + timeout_ms * FL_US_PER_MS;
    int n;

    do {
        int64_t left_ms = (until_us - fl_clock_monotonic_us()) / FL_US_PER_MS;

        n = poll(&fd, 1, left_ms > 0 ? (int)left_ms : 0);
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

static void run_case(struct run *run, const struct fl_kit_case *one)
{
    char said[FL_KIT_TEXT_MAX], sentence[FL_KIT_TEXT_MAX] = "cannot start a process";
    int fds[2], status = 0;
    ssize_t len = 0;
    pid_t pid = -1;
    bool is_late = false;

    if (run->only && !strstr(one->name, run->only))
        return;
    fflush(stdout);
    if (pipe(fds) == 0) {
        pid = fork();
        if (pid == 0) {
            close(fds[0]);
            run_child(&run->kit, one, fds[1]);
        }
        close(fds[1]);
        if (pid > 0) {
            is_late = !wait_until(pid, run->deadline_s * 1000);
            /* With all it has started. */
            (void)kill(-pid, SIGKILL);
            (void)kill(pid, SIGKILL);
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                continue;
            len = is_late ? 0 : read(fds[0], said, sizeof said);
            sentence_of(said, len > 0 ? (size_t)len : 0, status, is_late, run->deadline_s,
                        sentence);
        }
        close(fds[0]);
    }
    run->n++;
    if (*sentence) {
        run->n_failed++;
        printf("not ok %d - %s\n# %s\n", run->n, one->name, sentence);
    } else if (said[0] == 'S') {
        printf("ok %d - %s # SKIP %.*s\n", run->n, one->name, (int)len - 1, said + 1);
    } else {
        printf("ok %d - %s\n", run->n, one->name);
    }
    if (run->n_failed && one == fl_kit_cases_static) {
        run->has_bailed = true;
        printf("Bail out! the plugin cannot be loaded\n");
    }
    fflush(stdout);
}

/* --- the peer: a command that prints KEY=VALUE lines, then "ready" ---*/

static bool take_option(struct fl_kit *kit, const char *text)
{
    const char *equals = strchr(text, '=');
    struct fl_conf_setting *setting = &kit->settings[kit->n_settings];

    if (!equals || kit->n_settings == FL_KIT_OPTIONS_MAX)
        return false;
    setting->key = fl_arena_strndup(kit->arena, text, (size_t)(equals - text));
    setting->text = fl_arena_strdup(kit->arena, equals + 1);
    setting->file = "command line";
    kit->n_settings++;
    return setting->key && setting->text;
}

/* The command of --inbound needs to know too where the peer is. */
static bool export_option(char *line)
{
    char *equals = strchr(line, '=');

    *equals = '\0';
    return setenv(line, equals + 1, 1) == 0;
}

static bool read_peer(struct run *run)
{
    char line[PEER_LINE_MAX];
    size_t len = 0;

    for (;;) {
        struct pollfd fd = {.fd = run->peer_fd, .events = POLLIN};

        if (len == sizeof line - 1 || poll(&fd, 1, PEER_READY_S * 1000) <= 0 ||
            read(run->peer_fd, line + len, 1) != 1)
            return false;
        if (line[len] != '\n') {
            len++;
            continue;
        }
        line[len] = '\0';
        len = 0;
        if (strcmp(line, "ready") == 0)
            return true;
        if (!take_option(&run->kit, line) || !export_option(line))
            return false;
    }
}

static bool start_peer(struct run *run)
{
    int fds[2];

    if (!run->peer)
        return true;
    if (pipe(fds) < 0)
        return false;
    run->peer_pid = fork();
    if (run->peer_pid == 0) {
        (void)setpgid(0, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        close(fds[1]);
        execl("/bin/sh", "sh", "-c", run->peer, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    run->peer_fd = fds[0];
    return run->peer_pid > 0 && read_peer(run);
}

static void stop_peer(struct run *run)
{
    if (run->peer_pid <= 0)
        return;
    (void)kill(-run->peer_pid, SIGTERM);
    (void)wait_until(run->peer_pid, PEER_GRACE_MS);
    (void)kill(-run->peer_pid, SIGKILL);
    while (waitpid(run->peer_pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    close(run->peer_fd);
}

/* --- arguments ---*/

static bool take_arguments(struct run *run, int argc, char **argv, char path[PATH_MAX])
{
    const char *plugin = NULL;

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strncmp(argv[i], "--", 2) != 0) {
            if (plugin)
                return false;
            plugin = argv[i];
            continue;
        }
        if (!value)
            return false;
        i++;
        if (strcmp(argv[i - 1], "--option") == 0) {
            if (!take_option(&run->kit, value))
                return false;
        } else if (strcmp(argv[i - 1], "--inbound") == 0)
            run->kit.inbound = value;
        else if (strcmp(argv[i - 1], "--peer") == 0)
            run->peer = value;
        else if (strcmp(argv[i - 1], "--only") == 0)
            run->only = value;
        else if (strcmp(argv[i - 1], "--deadline") != 0 ||
                 !fl_str_parse_i64(value, 1, DEADLINE_S_MAX, &run->deadline_s))
            return false;
    }
    if (plugin && !realpath(plugin, path)) {
        fprintf(stderr, "fairline-plugin-test: cannot find \"%s\": %s\n", plugin, strerror(errno));
        exit(EXIT_USAGE);
    }
    return plugin != NULL;
}

int fl_kit_test(int argc, char **argv)
{
    static const struct fl_kit_case *const groups[] = {fl_kit_cases_static, fl_kit_cases_calls,
                                                       fl_kit_cases_deliver, fl_kit_cases_inbound};
    struct run run = {.deadline_s = DEADLINE_S_DEFAULT};
    char path[PATH_MAX];

    run.kit.arena = fl_arena_create(ARENA_MAX);
    if (!run.kit.arena || !take_arguments(&run, argc, argv, path)) {
        fputs(usage, stderr);
        fl_arena_destroy(&run.kit.arena);
        return EXIT_USAGE;
    }
    run.kit.path = path;
    if (!start_peer(&run)) {
        fprintf(stderr,
                "fairline-plugin-test: the peer did not print KEY=VALUE lines and "
                "\"ready\" within %d s\n",
                PEER_READY_S);
        stop_peer(&run);
        fl_arena_destroy(&run.kit.arena);
        return EXIT_SYSTEM;
    }
    for (size_t g = 0; g < sizeof groups / sizeof groups[0] && !run.has_bailed; g++)
        for (const struct fl_kit_case *one = groups[g]; one->name && !run.has_bailed; one++)
            run_case(&run, one);
    printf("1..%d\n", run.n);
    stop_peer(&run);
    fl_arena_destroy(&run.kit.arena);
    return run.n_failed ? EXIT_NEGATIVE : EXIT_FINE;
}
