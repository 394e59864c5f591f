/* Core and hosts as processes: started, reaped, started again. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "daemon/daemon_frames.h"
#include "daemon/daemon_parent_private.h"
#include "host/host.h"
#include "host/host_protocol.h"

enum { EXIT_INTERNAL = 70 };

enum { ORPHAN_GRACE_US = 5000000 };

void fl_parent_log_exit(struct fl_parent *parent, const char *what, const char *channel, int worker,
                        int status, bool is_expected)
{
    enum fl_log_level level = is_expected ? FL_LOG_DEBUG : FL_LOG_WARN;

    if (WIFSIGNALED(status))
        FL_LOG(&parent->log, level, what, FL_KV_STR("channel", channel),
               FL_KV_INT("worker", worker), FL_KV_STR("signal", strsignal(WTERMSIG(status))));
    else
        FL_LOG(&parent->log, level, what, FL_KV_STR("channel", channel),
               FL_KV_INT("worker", worker), FL_KV_INT("code", WEXITSTATUS(status)));
}

int64_t fl_parent_next_backoff(int64_t backoff_us)
{
    if (backoff_us == 0)
        return FL_PARENT_BACKOFF_FIRST_US;
    return backoff_us * 2 < FL_PARENT_BACKOFF_MAX_US ? backoff_us * 2 : FL_PARENT_BACKOFF_MAX_US;
}

/* --- core ---*/

void fl_parent_core_start(struct fl_parent *parent)
{
    /* The very file that runs, also when a newer one was installed in its place. */
    static const char *const argv[] = {"/proc/self/exe", "--core-fd", "3", NULL};
    struct fl_link_handler handler = fl_parent_core_handler;
    int fds[2];
    struct fl_error err;
    enum fl_status st;

    if (parent->core_pid || parent->stage || fl_parent_has_hosts(parent) ||
        fl_loop_is_armed(parent->core_timer))
        return;
    st = fl_wire_pair(fds, &err);
    if (!st) {
        st = fl_host_spawn(argv, fds[1], true, &parent->core_pid, &err);
        close(fds[1]);
        handler.ctx = parent;
        fl_link_destroy(&parent->core);
        parent->core = fl_link_create(parent->loop, fds[0], FL_PARENT_QUEUE_MAX, &handler);
    }
    if (st || !parent->core) {
        FL_LOG(&parent->log, FL_LOG_ERROR, "core could not be started",
               FL_KV_STR("reason", st ? err.text : "no memory"));
        fl_loop_arm(parent->core_timer, FL_PARENT_BACKOFF_FIRST_US);
        return;
    }
    parent->is_core_ready = parent->was_core_ready = false;
    parent->ponged_us = fl_clock_monotonic_us();
    fl_wire_start(&parent->out, FL_PARENT_START, 0);
    fl_wire_put_str(&parent->out, parent->conf.name);
    fl_wire_put_str(&parent->out, parent->conf.text);
    fl_wire_put_fd(&parent->out, parent->listen_fd);
    fl_parent_tell_core(parent);
}

static void core_ended(struct fl_parent *parent, int status)
{
    bool was_ready = parent->was_core_ready;

    fl_parent_log_exit(parent, "core has ended", "none", 0, status, parent->stage > 0);
    parent->core_pid = 0;
    parent->is_core_ready = false;
    fl_link_destroy(&parent->core);
    fl_parent_value_kill(parent); /* its scores would go nowhere */
    /* A core that ends by itself at the first start will do so again: its reason is ours.  One that
     * somebody killed is started again. */
    if (parent->stage == 0 && !parent->was_core_ever_ready && WIFEXITED(status)) {
        parent->exit_code = WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_INTERNAL;
        parent->stage = 3;
    }
    if (parent->stage == 0 && !was_ready) {
        parent->core_backoff_us = fl_parent_next_backoff(parent->core_backoff_us);
        fl_loop_arm(parent->core_timer, parent->core_backoff_us);
    } else {
        parent->core_backoff_us = 0;
    }
    /* Its hosts end with their sockets; one that hangs is not waited for long. */
    if (parent->stage == 0 && fl_parent_has_hosts(parent))
        fl_loop_arm(parent->orphans, ORPHAN_GRACE_US);
    else if (parent->stage)
        fl_parent_hosts_kill(parent);
    if (parent->stage)
        fl_parent_fronts_kill(parent);
    fl_parent_core_start(parent);
    fl_parent_child_gone(parent);
}

/* --- hosts ---*/

static void fill_open(const struct fl_parent *parent, const struct fl_conf_channel *channel,
                      int worker, struct fl_host_open *out)
{
    *out = (struct fl_host_open){
        .channel = channel->name,
        .plugin = channel->plugin,
        .plugin_dir = parent->conf.conf->plugin_dir,
        .user = channel->user,
        .file = channel->file,
        .line = channel->line,
        .worker = worker,
        .collects = worker == 0,
        .collect_interval_us = channel->collect_interval_us,
        .log_level = parent->conf.conf->log_level,
        .settings = channel->settings,
        .n_settings = channel->n_settings,
    };
}

static void add_mtime(struct fl_buf *buf, const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0)
        fl_buf_printf(buf, "%lld.%09ld;", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* What a host is started with, in short: when it differs after a reload the host is replaced.
 * Secret files and the plugin itself count by their time of change, line numbers do not. */
static void fingerprint(const struct fl_parent *parent, const struct fl_conf_channel *channel,
                        int worker, char out[FL_SHA256_HEX_SIZE])
{
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(FL_CONF_FILE_MAX);

    fl_buf_printf(&buf, "%s;%s;%s;%s;%d;%lld;%lld;%lld;", channel->name, channel->plugin,
                  parent->conf.conf->plugin_dir, channel->user, worker,
                  (long long)channel->collect_interval_us, (long long)channel->call_timeout_us,
                  (long long)parent->conf.conf->log_level);
    fl_buf_printf(&buf, "%lld;", (long long)channel->batch);
    for (size_t i = 0; i < channel->n_settings; i++) {
        fl_buf_printf(&buf, "%s=%s;", channel->settings[i].key, channel->settings[i].text);
        if (fl_str_ends_with(channel->settings[i].key, "_file"))
            add_mtime(&buf, channel->settings[i].text);
    }
    for (const char *dir = parent->conf.conf->plugin_dir; *dir;) {
        size_t len = strcspn(dir, ":");
        char path[4096];

        snprintf(path, sizeof path, "%.*s/%s.so", (int)len, dir, channel->plugin);
        add_mtime(&buf, path);
        dir += len + (dir[len] == ':');
    }
    fl_sha256_hex(buf.data, buf.len, out);
}

static enum fl_status spawn(struct fl_parent_host *host, const struct fl_conf_channel *channel,
                            struct fl_error *err)
{
    struct fl_parent *parent = host->parent;
    const char *const argv[] = {parent->host_program, "--fd", "3", NULL};
    struct fl_host_open open;
    int fds[2];
    enum fl_status st = fl_wire_pair(fds, err);

    if (st)
        return st;
    fill_open(parent, channel, host->worker, &open);
    fl_wire_start(&parent->out, FL_HOST_OPEN, 0);
    fl_host_put_open(&parent->out, &open);
    st = fl_wire_send(fds[0], &parent->out, err);
    if (!st)
        st = fl_host_spawn(argv, fds[1], false, &host->pid, err);
    if (!st) {
        host->generation = ++parent->generation;
        host->is_ready = false;
        fl_wire_start(&parent->out, FL_PARENT_HOST, 0);
        fl_wire_put_str(&parent->out, host->channel);
        fl_wire_put_u32(&parent->out, (uint32_t)host->worker);
        fl_wire_put_i64(&parent->out, host->generation);
        fl_wire_put_i64(&parent->out, channel->call_timeout_us);
        fl_wire_put_fd(&parent->out, fds[0]);
        fl_parent_tell_core(parent);
    }
    close(fds[0]);
    close(fds[1]);
    return st;
}

void fl_parent_host_start(struct fl_parent_host *host)
{
    struct fl_parent *parent = host->parent;
    const struct fl_conf_channel *channel = fl_conf_channel_find(parent->conf.conf, host->channel);
    struct fl_error err;

    if (host->pid || !host->is_wanted || !channel || !parent->is_core_ready || parent->stage ||
        fl_loop_is_armed(host->timer))
        return;
    if (spawn(host, channel, &err)) {
        FL_LOG(&parent->log, FL_LOG_ERROR, "a host could not be started; tried again later",
               FL_KV_STR("channel", host->channel), FL_KV_STR("reason", err.text));
        host->backoff_us = fl_parent_next_backoff(host->backoff_us);
        fl_loop_arm(host->timer, host->backoff_us);
    }
}

static void on_host_timer(void *ctx)
{
    fl_parent_host_start(ctx);
}

void fl_parent_host_stop(struct fl_parent_host *host)
{
    struct fl_parent *parent = host->parent;

    if (!host->pid || !parent->core)
        return;
    fl_wire_start(&parent->out, FL_PARENT_HOST_STOP, 0);
    fl_wire_put_str(&parent->out, host->channel);
    fl_wire_put_u32(&parent->out, (uint32_t)host->worker);
    fl_wire_put_i64(&parent->out, host->generation);
    fl_parent_tell_core(parent);
}

static void host_free(struct fl_parent_host *host)
{
    struct fl_parent_host **p = &host->parent->hosts;

    while (*p != host)
        p = &(*p)->next;
    *p = host->next;
    fl_loop_remove(&host->timer);
    free(host);
}

static struct fl_parent_host *host_get(struct fl_parent *parent, const char *channel, int worker)
{
    struct fl_parent_host *host;

    for (host = parent->hosts; host; host = host->next)
        if (host->worker == worker && strcmp(host->channel, channel) == 0)
            return host;
    host = calloc(1, sizeof *host);
    if (!host)
        return NULL;
    host->parent = parent;
    host->worker = worker;
    snprintf(host->channel, sizeof host->channel, "%s", channel);
    host->timer = fl_loop_add_timer(parent->loop, on_host_timer, host);
    if (!host->timer) {
        free(host);
        return NULL;
    }
    host->next = parent->hosts;
    parent->hosts = host;
    return host;
}

static void match_worker(struct fl_parent *parent, const struct fl_conf_channel *channel,
                         int worker)
{
    struct fl_parent_host *host = host_get(parent, channel->name, worker);
    char print[FL_SHA256_HEX_SIZE];

    if (!host)
        return;
    host->is_wanted = true;
    fingerprint(parent, channel, worker, print);
    if (strcmp(print, host->fingerprint) == 0)
        return;
    memcpy(host->fingerprint, print, sizeof print);
    fl_loop_disarm(host->timer);
    host->backoff_us = 0;
    fl_parent_host_stop(host);
}

void fl_parent_hosts_match(struct fl_parent *parent)
{
    const struct fl_conf *conf = parent->conf.conf;

    for (struct fl_parent_host *h = parent->hosts; h; h = h->next)
        h->is_wanted = false;
    for (size_t i = 0; i < conf->n_channels; i++)
        for (int w = 0; conf->channels[i].is_enabled && w < conf->channels[i].workers; w++)
            match_worker(parent, &conf->channels[i], w);
    for (struct fl_parent_host *h = parent->hosts, *next; h; h = next) {
        next = h->next;
        if (h->is_wanted)
            fl_parent_host_start(h);
        else if (h->pid)
            fl_parent_host_stop(h);
        else
            host_free(h);
    }
}

struct fl_parent_host *fl_parent_host_find(struct fl_parent *parent, struct fl_wire_frame *frame)
{
    const char *channel = fl_wire_get_str(frame);
    int worker = (int)fl_wire_get_u32(frame);
    int64_t generation = fl_wire_get_i64(frame);

    if (!fl_wire_end(frame) || !channel)
        return NULL;
    for (struct fl_parent_host *h = parent->hosts; h; h = h->next)
        if (h->pid && h->generation == generation && h->worker == worker &&
            strcmp(h->channel, channel) == 0)
            return h;
    return NULL;
}

static void host_ended(struct fl_parent_host *host, int status)
{
    struct fl_parent *parent = host->parent;
    bool is_clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

    fl_parent_log_exit(parent, "a host has ended", host->channel, host->worker, status, is_clean);
    host->pid = 0;
    if (!host->is_wanted) {
        host_free(host);
    } else if (host->is_ready || is_clean) {
        host->backoff_us = 0;
        fl_parent_host_start(host);
    } else if (parent->is_core_ready && !parent->stage) {
        host->backoff_us = fl_parent_next_backoff(host->backoff_us);
        fl_loop_arm(host->timer, host->backoff_us);
    }
    fl_parent_core_start(parent); /* where only the last host of a dead core was in the way */
    fl_parent_child_gone(parent);
}

/* Each by its own id: whoever asks about options waits for its child itself.  Core first: hosts
 * that end with it must not be started for it again. */
void fl_parent_reap(struct fl_parent *parent)
{
    int status;

    if (parent->core_pid && waitpid(parent->core_pid, &status, WNOHANG) == parent->core_pid)
        core_ended(parent, status);
    for (struct fl_parent_host *h = parent->hosts, *next; h; h = next) {
        next = h->next;
        if (h->pid && waitpid(h->pid, &status, WNOHANG) == h->pid)
            host_ended(h, status);
    }
    fl_parent_fronts_reap(parent);
    fl_parent_value_reap(parent);
}

bool fl_parent_has_hosts(const struct fl_parent *parent)
{
    for (const struct fl_parent_host *h = parent->hosts; h; h = h->next)
        if (h->pid)
            return true;
    return false;
}

void fl_parent_hosts_kill(struct fl_parent *parent)
{
    for (struct fl_parent_host *h = parent->hosts; h; h = h->next)
        if (h->pid)
            kill(h->pid, SIGKILL);
}

void fl_parent_hosts_finish(struct fl_parent *parent)
{
    while (parent->hosts)
        host_free(parent->hosts);
}
