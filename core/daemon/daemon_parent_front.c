/* The front as a process.  The parent holds the socket that is listened on, which may need root and
 * must outlive the process: who connects while there is none waits a moment and notices nothing. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "daemon/daemon_frames.h"
#include "daemon/daemon_parent_private.h"
#include "front/front.h"
#include "host/host.h"

enum { FRONT_BACKLOG = 1024, FRONT_QUEUE_MAX = 4 << 20 };

/* One process; an old one lives beside the new one until that is ready and its own last request is
 * answered. */
struct fl_parent_front {
    struct fl_parent_front *next;
    struct fl_parent *parent;
    struct fl_link *link;
    pid_t pid;
    bool is_ready, is_retired;
};

/* --- the socket ---*/

static enum fl_status listen_on(const char *where, int *out_fd, struct fl_error *err)
{
    struct sockaddr_storage address;
    socklen_t len;
    const int yes = 1;
    int fd, saved;

    if (!fl_conf_listen_parse(where, &address, &len))
        return fl_error_set(err, FL_INVALID, "listen \"%s\" is no address", where);
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fl_error_set_errno(err, errno, "could not make a socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, FRONT_BACKLOG) < 0) {
        saved = errno;
        close(fd);
        return fl_error_set_errno(err, saved, "cannot listen on %s", where);
    }
    *out_fd = fd;
    return FL_OK;
}

enum fl_status fl_parent_front_listen(struct fl_parent *parent, struct fl_error *err)
{
    const struct fl_conf_front *front = &parent->conf.conf->front;
    int fd = -1;
    enum fl_status st = FL_OK;

    if (front->is_enabled && strcmp(front->listen, parent->front_listens) == 0)
        return FL_OK;
    if (front->is_enabled)
        st = listen_on(front->listen, &fd, err);
    if (st)
        return st;
    if (parent->front_fd >= 0)
        close(parent->front_fd);
    parent->front_fd = fd;
    snprintf(parent->front_listens, sizeof parent->front_listens, "%s",
             front->is_enabled ? front->listen : "");
    return FL_OK;
}

/* --- processes ---*/

static void front_free(struct fl_parent_front *front)
{
    struct fl_parent_front **p = &front->parent->fronts;

    while (*p != front)
        p = &(*p)->next;
    *p = front->next;
    fl_link_destroy(&front->link);
    free(front);
}

static void retire(struct fl_parent_front *front)
{
    struct fl_error err;

    front->is_retired = true;
    fl_wire_start(&front->parent->out, FL_FRONT_DRAIN, 0);
    if (fl_link_send(front->link, &front->parent->out, &err))
        FL_LOG(&front->parent->log, FL_LOG_DEBUG, "the front ended before it was asked to");
}

/* The old ones go when the new one is there: one that cannot start costs nothing. */
static void on_ready(struct fl_parent_front *front, const char *listens)
{
    struct fl_parent *parent = front->parent;

    front->is_ready = true;
    parent->front_backoff_us = 0;
    FL_LOG(&parent->log, FL_LOG_INFO, "front ready", FL_KV_STR("listen", listens));
    for (struct fl_parent_front *other = parent->fronts; other; other = other->next)
        if (other != front && !other->is_retired)
            retire(other);
}

static bool on_front_frame(void *ctx, struct fl_wire_frame *frame)
{
    struct fl_parent_front *front = ctx;
    const char *text = fl_wire_get_str(frame);

    if (!text || !fl_wire_end(frame))
        return false;
    if (frame->type == FL_FRONT_READY) {
        on_ready(front, text);
        return true;
    }
    FL_LOG(&front->parent->log, FL_LOG_ERROR, "the front cannot start", FL_KV_STR("reason", text));
    return frame->type == FL_FRONT_FAILED;
}

/* Its end is told by SIGCHLD; one that only closed its socket is of no use any more. */
static void on_front_gone(void *ctx, const char *why)
{
    struct fl_parent_front *front = ctx;

    (void)why;
    if (front->pid && !front->is_retired)
        kill(front->pid, SIGKILL);
}

/* A new pair of sockets between it and core. */
static void connect_core(struct fl_parent_front *front)
{
    struct fl_parent *parent = front->parent;
    struct fl_error err;
    int fds[2];

    if (!parent->is_core_ready)
        return;
    if (fl_wire_pair(fds, &err)) {
        FL_LOG(&parent->log, FL_LOG_ERROR, "front and core cannot be connected",
               FL_KV_STR("reason", err.text));
        return;
    }
    fl_wire_start(&parent->out, FL_PARENT_FRONT, 0);
    fl_wire_put_fd(&parent->out, fds[0]);
    fl_parent_tell_core(parent);
    fl_wire_start(&parent->out, FL_FRONT_CORE, 0);
    fl_wire_put_fd(&parent->out, fds[1]);
    if (fl_link_send(front->link, &parent->out, &err))
        FL_LOG(&parent->log, FL_LOG_DEBUG, "the front ended before it was connected");
    close(fds[0]);
    close(fds[1]);
}

static enum fl_status spawn(struct fl_parent_front *front, struct fl_error *err)
{
    static const char *const argv[] = {"/proc/self/exe", "--front-fd", "3", NULL};
    struct fl_parent *parent = front->parent;
    const struct fl_link_handler handler = {on_front_frame, on_front_gone, front};
    int fds[2];
    enum fl_status st = fl_wire_pair(fds, err);

    if (st)
        return st;
    st = fl_host_spawn(argv, fds[1], true, &front->pid, err);
    close(fds[1]);
    front->link = fl_link_create(parent->loop, fds[0], FRONT_QUEUE_MAX, &handler);
    if (st || !front->link)
        return st ? st : fl_error_set(err, FL_IO, "no memory");
    fl_wire_start(&parent->out, FL_FRONT_OPEN, 0);
    fl_wire_put_str(&parent->out, parent->conf.name);
    fl_wire_put_str(&parent->out, parent->conf.text);
    fl_wire_put_fd(&parent->out, parent->front_fd);
    st = fl_link_send(front->link, &parent->out, err);
    if (!st)
        connect_core(front);
    return st;
}

static void start(struct fl_parent *parent)
{
    struct fl_parent_front *front;
    struct fl_error err = {.text = "no memory"};

    if (parent->front_fd < 0 || parent->stage || fl_loop_is_armed(parent->front_timer))
        return;
    front = calloc(1, sizeof *front);
    if (front) {
        front->parent = parent;
        front->next = parent->fronts;
        parent->fronts = front;
        if (!spawn(front, &err))
            return;
        if (front->pid)
            kill(front->pid, SIGKILL); /* reaped like any other */
        else
            front_free(front);
    }
    FL_LOG(&parent->log, FL_LOG_ERROR, "the front could not be started; tried again later",
           FL_KV_STR("reason", err.text));
    parent->front_backoff_us = fl_parent_next_backoff(parent->front_backoff_us);
    fl_loop_arm(parent->front_timer, parent->front_backoff_us);
}

static struct fl_parent_front *current(const struct fl_parent *parent)
{
    struct fl_parent_front *front = parent->fronts;

    while (front && front->is_retired)
        front = front->next;
    return front;
}

static void on_front_timer(void *ctx)
{
    struct fl_parent *parent = ctx;

    if (!current(parent))
        start(parent);
}

static void add_file(struct fl_buf *buf, const char *path)
{
    struct stat st;

    if (*path && stat(path, &st) == 0)
        fl_buf_printf(buf, "%s@%lld.%09ld;", path, (long long)st.st_mtim.tv_sec,
                      st.st_mtim.tv_nsec);
}

/* What it is started with, in short: when it differs after a reload there is a new one. */
static void fingerprint(const struct fl_conf *conf, char out[FL_SHA256_HEX_SIZE])
{
    const struct fl_conf_front *front = &conf->front;
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(FL_CONF_FILE_MAX);

    fl_buf_printf(&buf, "%s;%s;%s;%lld;%lld;%lld;%lld;%lld;", front->listen, front->user,
                  front->trusted_proxy, (long long)front->connections,
                  (long long)front->connections_per_address, (long long)front->request_timeout_us,
                  (long long)front->body_max, (long long)conf->log_level);
    fl_buf_printf(&buf, "%s;%s;%s;%s;%s;", conf->organisation, conf->contact, conf->postal_address,
                  conf->language, conf->web_base);
    add_file(&buf, front->tls_cert);
    add_file(&buf, front->tls_key);
    fl_sha256_hex(buf.data, buf.len, out);
}

enum fl_status fl_parent_fronts_init(struct fl_parent *parent, struct fl_error *err)
{
    parent->front_timer = fl_loop_add_timer(parent->loop, on_front_timer, parent);
    return parent->front_timer ? FL_OK : fl_error_set(err, FL_IO, "no memory");
}

void fl_parent_fronts_match(struct fl_parent *parent)
{
    struct fl_parent_front *old = current(parent);
    char print[FL_SHA256_HEX_SIZE];
    struct fl_error err;

    if (fl_parent_front_listen(parent, &err)) {
        FL_LOG(&parent->log, FL_LOG_ERROR, "the front stays as it was",
               FL_KV_STR("reason", err.text));
        return;
    }
    fingerprint(parent->conf.conf, print);
    if (old && parent->front_fd >= 0 && strcmp(print, parent->front_print) == 0)
        return;
    memcpy(parent->front_print, print, sizeof print);
    parent->front_backoff_us = 0;
    fl_loop_disarm(parent->front_timer);
    if (parent->front_fd < 0)
        fl_parent_fronts_drain(parent);
    start(parent);
}

void fl_parent_fronts_connect(struct fl_parent *parent)
{
    for (struct fl_parent_front *front = parent->fronts; front; front = front->next)
        if (front->link)
            connect_core(front);
}

void fl_parent_fronts_drain(struct fl_parent *parent)
{
    for (struct fl_parent_front *front = parent->fronts; front; front = front->next)
        if (!front->is_retired && front->link)
            retire(front);
}

static void ended(struct fl_parent_front *front, int status)
{
    struct fl_parent *parent = front->parent;
    bool is_clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    bool was_ready = front->is_ready, was_current = !front->is_retired;

    fl_parent_log_exit(parent, "the front has ended", "none", 0, status, is_clean);
    front_free(front);
    if (was_current && current(parent)) {
        FL_LOG(&parent->log, FL_LOG_WARN, "the front stays as it was");
        *parent->front_print = '\0'; /* the next reload tries again */
    } else if (was_current && !was_ready && !parent->stage) {
        parent->front_backoff_us = fl_parent_next_backoff(parent->front_backoff_us);
        fl_loop_arm(parent->front_timer, parent->front_backoff_us);
    } else if (was_current) {
        start(parent);
    }
    fl_parent_child_gone(parent);
}

void fl_parent_fronts_reap(struct fl_parent *parent)
{
    int status;

    for (struct fl_parent_front *front = parent->fronts, *next; front; front = next) {
        next = front->next;
        if (front->pid && waitpid(front->pid, &status, WNOHANG) == front->pid)
            ended(front, status);
    }
}

void fl_parent_fronts_kill(struct fl_parent *parent)
{
    for (struct fl_parent_front *front = parent->fronts; front; front = front->next)
        if (front->pid)
            kill(front->pid, SIGKILL);
}

void fl_parent_fronts_finish(struct fl_parent *parent)
{
    while (parent->fronts)
        front_free(parent->fronts);
    fl_loop_remove(&parent->front_timer);
    if (parent->front_fd >= 0)
        close(parent->front_fd);
}
