#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "host/host.h"

/* Rights that came with later versions of landlock than the headers of Debian 12 know. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

enum { ABI_WITH_REFER = 2, ABI_WITH_TRUNCATE = 3 };

#define READ_FILES   (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE)
#define READ_FOLDERS (READ_FILES | LANDLOCK_ACCESS_FS_READ_DIR)
#define CHANGE_FOLDERS                                                                             \
    (LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                              \
     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |    \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
     LANDLOCK_ACCESS_FS_MAKE_SYM)

struct jail {
    int fd;
    uint64_t handled;
    uint64_t write_files;
    uint64_t change_folders;
};

void fl_host_harden_early(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGPIPE, SIG_IGN);
}

enum fl_status fl_host_become(const char *user, struct fl_error *err)
{
    struct passwd *pw;

    if (!*user || geteuid() != 0)
        return FL_OK;
    errno = 0;
    pw = getpwnam(user);
    if (!pw)
        return fl_error_set(err, FL_NOT_FOUND, "no user \"%s\" on this system", user);
    if (initgroups(user, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0)
        return fl_error_set_errno(err, errno, "cannot become the user \"%s\"", user);
    if (pw->pw_uid != 0 && setuid(0) == 0)
        return fl_error_set(err, FL_INTERNAL, "the way back to root is still open");
    /* A change of user forgets the death signal. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    return FL_OK;
}

static bool jail_create(struct jail *jail)
{
    struct landlock_ruleset_attr attr = {0};
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    if (abi < 1)
        return false;
    jail->write_files = LANDLOCK_ACCESS_FS_WRITE_FILE |
                        (abi >= ABI_WITH_TRUNCATE ? LANDLOCK_ACCESS_FS_TRUNCATE : 0);
    jail->change_folders = CHANGE_FOLDERS | (abi >= ABI_WITH_REFER ? LANDLOCK_ACCESS_FS_REFER : 0);
    jail->handled = READ_FOLDERS | jail->write_files | jail->change_folders;
    attr.handled_access_fs = jail->handled;
    jail->fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    return jail->fd >= 0;
}

/* What is not there gives no right and is no error: hosts differ in /lib64 and the like. */
static void jail_allow(const struct jail *jail, const char *path, bool may_write)
{
    FL_AUTO_FD int fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.parent_fd = fd};
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    rule.allowed_access = S_ISDIR(st.st_mode) ? READ_FOLDERS : READ_FILES;
    if (may_write)
        rule.allowed_access |= jail->write_files;
    if (may_write && S_ISDIR(st.st_mode))
        rule.allowed_access |= jail->change_folders;
    (void)syscall(SYS_landlock_add_rule, jail->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static void jail_allow_option(const struct jail *jail, const char *path, bool may_write)
{
    char folder[PATH_MAX];
    char *slash;

    if (access(path, F_OK) == 0) {
        jail_allow(jail, path, may_write);
        return;
    }
    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return;
    *slash = '\0';
    jail_allow(jail, folder, may_write);
}

static void enter_jail(const struct fl_host_rights *rights, const struct fl_log *log)
{
    static const char *const readable[] = {"/usr",        "/etc",
                                           "/lib",        "/lib64",
                                           "/bin",        "/run/systemd/resolve",
                                           "/proc/self",  "/dev/urandom",
                                           "/dev/random", "/var/cache/fontconfig"};
    struct jail jail;

    if (!jail_create(&jail)) {
        FL_LOG(log, FL_LOG_WARN,
               "the kernel has no landlock: the plugin may use any file its user "
               "may");
        return;
    }
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++)
        jail_allow(&jail, readable[i], false);
    jail_allow(&jail, "/dev/null", true);
    for (size_t i = 0; i < rights->n_paths; i++)
        jail_allow_option(&jail, rights->paths[i], !rights->is_pure);
    if (syscall(SYS_landlock_restrict_self, jail.fd, 0) < 0)
        FL_LOG(log, FL_LOG_WARN, "landlock refused: the plugin may use any file its user may",
               FL_KV_STR("reason", strerror(errno)));
    close(jail.fd);
}

enum fl_status fl_host_confine(const struct fl_host_rights *rights, const struct fl_log *log,
                               struct fl_error *err)
{
    enum fl_status st = fl_host_become(rights->user, err);

    if (st)
        return st;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fl_error_set_errno(err, errno, "could not give up new privileges");
#ifndef __SANITIZE_ADDRESS__ /* the leak check traces its own process */
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
    /* A network of its own has nothing but a loopback that is down; where the kernel gives none to
     * ordinary users, the plugin is only not asked to go out. */
    if (rights->is_pure)
        (void)unshare(CLONE_NEWUSER | CLONE_NEWNET);
    enter_jail(rights, log);
    return FL_OK;
}
