#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "daemon/daemon_parent_private.h"
#include "host/host.h"

enum { LISTEN_BACKLOG = 64, PATH_SIZE = 4096 };

static enum fl_status read_text(struct fl_parent_conf *conf, const char *path, struct fl_error *err)
{
    enum fl_status st;
    char *text = NULL;
    size_t len;

    conf->name = fl_conf_find(conf->arena, path);
    if (!conf->name) {
        conf->name = "defaults";
        conf->text = "";
        return FL_OK;
    }
    st = fl_file_read(conf->arena, conf->name, FL_CONF_FILE_MAX, &text, &len, err);
    conf->text = text;
    if (!st && strlen(text) != len)
        st = fl_error_set(err, FL_INVALID, "\"%s\" holds a zero byte", conf->name);
    return st;
}

enum fl_status fl_parent_conf_load(const char *path, struct fl_parent_conf *out,
                                   struct fl_faults *faults, struct fl_error *err)
{
    struct fl_parent_conf conf = {.arena = fl_arena_create(FL_PARENT_CONF_ARENA_MAX)};
    enum fl_status st;

    if (!conf.arena)
        return fl_error_set(err, FL_IO, "no memory");
    st = read_text(&conf, path, err);
    if (!st)
        st = fl_conf_parse(conf.arena, conf.name, conf.text, faults, &conf.conf, err);
    if (!st)
        st = fl_host_check(conf.arena, conf.conf, faults, err);
    if (!st)
        fl_conf_check_files(conf.conf, faults);
    if (!st)
        st = fl_faults_status(faults, err);
    if (st) {
        fl_parent_conf_finish(&conf);
        return st;
    }
    *out = conf;
    return FL_OK;
}

void fl_parent_conf_finish(struct fl_parent_conf *conf)
{
    fl_arena_destroy(&conf->arena);
    *conf = (struct fl_parent_conf){0};
}

/* Gives what root has made to the user core will run as. */
static enum fl_status give(const char *path, const char *user, struct fl_error *err)
{
    struct passwd *pw;

    if (!*user || geteuid() != 0)
        return FL_OK;
    errno = 0;
    pw = getpwnam(user);
    if (!pw)
        return fl_error_set(err, FL_NOT_FOUND, "no user \"%s\" on this system", user);
    if (lchown(path, pw->pw_uid, pw->pw_gid) < 0)
        return fl_error_set_errno(err, errno, "cannot give \"%s\" to \"%s\"", path, user);
    return FL_OK;
}

static enum fl_status bind_control(struct fl_parent *parent, struct fl_error *err)
{
    const char *path = parent->conf.conf->control_socket, *user = parent->conf.conf->user;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool has_user = *user && geteuid() == 0;

    if (strlen(path) >= sizeof address.sun_path)
        return fl_error_set(err, FL_INVALID, "control_socket \"%s\" is longer than %zu bytes", path,
                            sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    parent->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (parent->listen_fd < 0)
        return fl_error_set_errno(err, errno, "could not make a socket");
    /* We hold the lock, so whoever bound it is gone. */
    (void)unlink(path);
    if (bind(parent->listen_fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        chmod(path, has_user ? 0660 : 0600) < 0 || listen(parent->listen_fd, LISTEN_BACKLOG) < 0)
        return fl_error_set_errno(err, errno, "cannot listen on \"%s\"", path);
    return give(path, user, err);
}

enum fl_status fl_parent_prepare(struct fl_parent *parent, struct fl_error *err)
{
    const struct fl_conf *conf = parent->conf.conf;
    char path[PATH_SIZE];
    struct fl_token_keys *keys;
    enum fl_status st;

    umask(077);
    st = fl_dir_make(conf->data_dir, 0700, err);
    if (!st)
        st = give(conf->data_dir, conf->user, err);
    if (!st)
        st = fl_lock_take(conf->data_dir, &parent->lock_fd, err);
    if (!st) {
        snprintf(path, sizeof path, "%s/lock", conf->data_dir);
        st = give(path, conf->user, err);
    }
    if (!st)
        st = fl_keys_open(conf->data_dir, true, &keys, err);
    if (st)
        return st;
    fl_token_keys_destroy(&keys);
    snprintf(path, sizeof path, "%s/token.key", conf->data_dir);
    st = give(path, conf->user, err);
    if (!st)
        st = fl_host_program(parent->arena, &parent->host_program, err);
    return st ? st : bind_control(parent, err);
}
