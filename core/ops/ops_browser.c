/* HTML as a picture, by a browser that is there: nothing of it is linked, nothing is sent. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "ops/ops_private.h"

extern char **environ;

enum { BROWSER_TIMEOUT_MS = 60000, PICTURE_MAX = 64 << 20, PAGE_MODE = 0600 };

static const char *const names[] = {"chromium", "chromium-browser", "google-chrome-stable",
                                    "google-chrome", NULL};

static const char *find_browser(struct fl_arena *arena)
{
    const char *given = secure_getenv("FAIRLINE_BROWSER"), *path = getenv("PATH");

    if (given && *given)
        return given;
    while (path && *path) {
        size_t len = strcspn(path, ":");

        for (const char *const *name = names; *name; name++) {
            const char *file = fl_arena_printf(arena, "%.*s/%s", (int)len, path, *name);

            if (file && access(file, X_OK) == 0)
                return file;
        }
        path += len + (path[len] == ':');
    }
    return NULL;
}

/* Waits with a deadline; a browser that hangs is killed with what it started. */
static enum fl_status wait_for(pid_t pid, struct fl_error *err)
{
    FL_AUTO_FD int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    int status = 0;
    bool is_late = fd < 0 || poll(&ready, 1, BROWSER_TIMEOUT_MS) <= 0;

    if (is_late)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (is_late)
        return fl_error_set(err, FL_UNAVAILABLE, "the browser took longer than %d s",
                            BROWSER_TIMEOUT_MS / 1000);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return fl_error_set(err, FL_UNAVAILABLE, "the browser failed (status %d)", status);
    return FL_OK;
}

static enum fl_status run(const char *const argv[], struct fl_error *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid;
    int failure;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    failure =
        posix_spawn(&pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failure)
        return fl_error_set_errno(err, failure, "could not start \"%s\"", argv[0]);
    return wait_for(pid, err);
}

static enum fl_status shoot(struct fl_arena *arena, const char *browser, const char *folder,
                            int width, int height, char **out, size_t *out_len,
                            struct fl_error *err)
{
    const char *picture = fl_arena_printf(arena, "%s/page.png", folder);
    const char *const argv[] = {
        browser,
        "--headless",
        "--disable-gpu",
        "--hide-scrollbars",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--host-resolver-rules=MAP * ~NOTFOUND", /* pictures from elsewhere stay away */
        /* Root may not use the browser's own sandbox; the page is our author's, and its policy lets
         * no script run. */
        geteuid() == 0 ? "--no-sandbox" : "--disable-dev-shm-usage",
        fl_arena_printf(arena, "--user-data-dir=%s/profile", folder),
        fl_arena_printf(arena, "--window-size=%d,%d", width, height),
        fl_arena_printf(arena, "--screenshot=%s", picture),
        fl_arena_printf(arena, "file://%s/page.html", folder),
        NULL,
    };
    enum fl_status st = FL_OK;

    for (size_t i = 0; i + 1 < sizeof argv / sizeof argv[0]; i++)
        if (!argv[i])
            return fl_error_set(err, FL_LIMIT, "no memory for the browser's arguments");
    st = run(argv, err);
    if (st)
        return st;
    return fl_file_read(arena, picture, PICTURE_MAX, out, out_len, err);
}

static void remove_tree(struct fl_arena *arena, const char *folder)
{
    const char *const argv[] = {"/bin/rm", "-rf", "--", folder, NULL};
    struct fl_error err;

    (void)arena;
    if (run(argv, &err))
        (void)rmdir(folder);
}

enum fl_status fl_ops_browser_picture(struct fl_arena *arena, const char *html, size_t len,
                                      int width, int height, char **out, size_t *out_len,
                                      struct fl_error *err)
{
    const char *browser = find_browser(arena), *tmp = getenv("TMPDIR");
    char *folder = fl_arena_printf(arena, "%s/fairline-preview.XXXXXX", tmp ? tmp : "/tmp");
    const char *page;
    enum fl_status st;

    if (!browser)
        return fl_error_set(err, FL_UNAVAILABLE,
                            "a picture of HTML needs a browser: install the package \"chromium\", "
                            "or name one in FAIRLINE_BROWSER");
    if (!folder || !mkdtemp(folder))
        return fl_error_set_errno(err, errno, "cannot make a temporary folder");
    page = fl_arena_printf(arena, "%s/page.html", folder);
    st = page ? fl_file_write(page, html, len, PAGE_MODE, err)
              : fl_error_set(err, FL_LIMIT, "no memory for the page");
    if (!st)
        st = shoot(arena, browser, folder, width, height, out, out_len, err);
    remove_tree(arena, folder);
    return st;
}
