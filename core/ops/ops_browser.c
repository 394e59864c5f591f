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

enum {
    BROWSER_TIMEOUT_MS = 60000,
    PICTURE_MAX = 64 << 20,
    PAGE_MODE = 0600,
    HEIGHT_UNKNOWN = 1400,
    HEIGHT_MAX = 12000
};

static const char *const names[] = {"chromium", "chromium-browser", "google-chrome-stable",
                                    "google-chrome", NULL};

static const char *find_browser(struct fl_arena *arena, const char *given)
{
    const char *path = getenv("PATH");

    if (!given || !*given)
        given = secure_getenv("FAIRLINE_BROWSER");
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

/* `output` takes what it prints. */
static enum fl_status run(const char *const argv[], const char *output, struct fl_error *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid;
    int failure;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC,
                                     PAGE_MODE);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    failure =
        posix_spawnp(&pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failure)
        return fl_error_set_errno(err, failure, "could not start \"%s\"", argv[0]);
    return wait_for(pid, err);
}

struct shooting {
    struct fl_arena *arena;
    const char *browser, *folder;
    const struct fl_ops_picture *picture;
    struct fl_error *err;
};

static const char *file_of(const struct shooting *shooting, const char *name)
{
    return fl_arena_printf(shooting->arena, "%s/%s", shooting->folder, name);
}

/* The page in a window of this height; `task` says what is to be done with it. */
static enum fl_status browse(const struct shooting *shooting, int height, const char *task)
{
    struct fl_arena *arena = shooting->arena;
    const char *output = file_of(shooting, "dom");
    const char *const argv[] = {
        shooting->browser,
        "--headless",
        "--disable-gpu",
        "--hide-scrollbars",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        /* Pictures from elsewhere stay away: no name is found, and a number leads to a closed port.
         */
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--proxy-server=127.0.0.1:9",
        /* Root may not use the browser's own sandbox; the page is our author's, and its policy lets
         * no script run. */
        geteuid() == 0 ? "--no-sandbox" : "--disable-dev-shm-usage",
        fl_arena_printf(arena, "--user-data-dir=%s/profile", shooting->folder),
        fl_arena_printf(arena, "--window-size=%d,%d", shooting->picture->width, height),
        task,
        fl_arena_printf(arena, "file://%s/page.html", shooting->folder),
        NULL,
    };

    for (size_t i = 0; i + 1 < sizeof argv / sizeof argv[0]; i++)
        if (!argv[i] || !output)
            return fl_error_set(shooting->err, FL_LIMIT, "no memory for the browser's arguments");
    return run(argv, output, shooting->err);
}

/* The page stands in a frame in which no script of its own runs; one of ours measures it. */
static enum fl_status put_page(const struct shooting *shooting, const char *html, size_t len,
                               int height)
{
    const char *path = file_of(shooting, "page.html");
    FL_AUTO_BUF struct fl_buf page = FL_BUF((size_t)PICTURE_MAX);

    fl_buf_printf(&page,
                  "<!doctype html><meta charset=utf-8><body style=\"margin:0\"><iframe id=f "
                  "sandbox=allow-same-origin style=\"display:block;border:0;width:%dpx;"
                  "height:%dpx\" srcdoc=\"",
                  shooting->picture->width, height);
    for (size_t i = 0; i < len; i++) {
        if (html[i] == '&')
            fl_buf_puts(&page, "&amp;");
        else if (html[i] == '"')
            fl_buf_puts(&page, "&quot;");
        else
            fl_buf_putc(&page, html[i]);
    }
    fl_buf_puts(&page, "\"></iframe><script>f.onload=()=>{document.documentElement.dataset.height="
                       "f.contentDocument.documentElement.scrollHeight}</script>");
    if (!path || fl_buf_failed(&page))
        return fl_error_set(shooting->err, FL_LIMIT, "no memory for the page");
    return fl_file_write(path, page.data, page.len, PAGE_MODE, shooting->err);
}

static enum fl_status measure(const struct shooting *shooting, int *height)
{
    static const char mark[] = "data-height=\"";
    const char *path = file_of(shooting, "dom"), *found;
    enum fl_status st = browse(shooting, *height, "--dump-dom");
    size_t len;
    char *dom;
    int measured;

    if (!st)
        st = fl_file_read(shooting->arena, path, PICTURE_MAX, &dom, &len, shooting->err);
    if (st)
        return st;
    found = strstr(dom, mark);
    measured = found ? (int)strtol(found + sizeof mark - 1, NULL, 10) : HEIGHT_UNKNOWN;
    if (measured > *height)
        *height = measured < HEIGHT_MAX ? measured : HEIGHT_MAX;
    return FL_OK;
}

static enum fl_status shoot(const struct shooting *shooting, const char *html, size_t len,
                            char **out, size_t *out_len)
{
    const char *picture = file_of(shooting, "page.png");
    int height = shooting->picture->height_min;
    enum fl_status st = put_page(shooting, html, len, height);

    if (!st)
        st = measure(shooting, &height);
    if (!st)
        st = put_page(shooting, html, len, height);
    if (!st)
        st = browse(shooting, height,
                    fl_arena_printf(shooting->arena, "--screenshot=%s", picture ? picture : ""));
    return st ? st
              : fl_file_read(shooting->arena, picture, PICTURE_MAX, out, out_len, shooting->err);
}

static void remove_tree(struct fl_arena *arena, const char *folder)
{
    const char *const argv[] = {"/bin/rm", "-rf", "--", folder, NULL};
    struct fl_error err;

    (void)arena;
    if (run(argv, "/dev/null", &err))
        (void)rmdir(folder);
}

enum fl_status fl_ops_browser_picture(struct fl_arena *arena, const char *given,
                                      const struct fl_ops_picture *picture, const char *html,
                                      size_t len, char **out, size_t *out_len, struct fl_error *err)
{
    const char *browser = find_browser(arena, given), *tmp = getenv("TMPDIR");
    char *folder = fl_arena_printf(arena, "%s/fairline-preview.XXXXXX", tmp ? tmp : "/tmp");
    const struct shooting shooting = {arena, browser, folder, picture, err};
    enum fl_status st;

    if (!browser)
        return fl_error_set(err, FL_UNAVAILABLE,
                            "a picture of HTML needs a browser: install the package \"chromium\", "
                            "or name one with --browser or in FAIRLINE_BROWSER");
    if (!folder || !mkdtemp(folder))
        return fl_error_set_errno(err, errno, "cannot make a temporary folder");
    st = shoot(&shooting, html, len, out, out_len);
    remove_tree(arena, folder);
    return st;
}
