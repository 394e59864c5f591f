/* The value process: started when core asks, one at a time. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/daemon_frames.h"
#include "daemon/daemon_parent_private.h"
#include "host/host.h"

static enum fl_status spawn(struct fl_parent *parent, int64_t as_of_us, int64_t now_us,
                            struct fl_error *err)
{
    static const char *const argv[] = {"/proc/self/exe", "--value-fd", "3", NULL};
    int fds[2];
    enum fl_status st;

    if (parent->value_pid)
        return fl_error_set(err, FL_CONFLICT, "the last value process has not ended yet");
    st = fl_wire_pair(fds, err);
    if (st)
        return st;
    fl_wire_start(&parent->out, FL_VALUE_OPEN, 0);
    fl_wire_put_str(&parent->out, parent->conf.name);
    fl_wire_put_str(&parent->out, parent->conf.text);
    fl_wire_put_i64(&parent->out, as_of_us);
    fl_wire_put_i64(&parent->out, now_us);
    st = fl_wire_send(fds[0], &parent->out, err);
    if (!st)
        st = fl_host_spawn(argv, fds[1], true, &parent->value_pid, err);
    if (!st) {
        fl_wire_start(&parent->out, FL_PARENT_VALUE, 0);
        fl_wire_put_fd(&parent->out, fds[0]);
        fl_parent_tell_core(parent);
    }
    close(fds[0]);
    close(fds[1]);
    return st;
}

bool fl_parent_value_start(struct fl_parent *parent, struct fl_wire_frame *frame)
{
    int64_t as_of_us = fl_wire_get_i64(frame), now_us = fl_wire_get_i64(frame);
    struct fl_error err;

    if (!fl_wire_end(frame))
        return false;
    if (!parent->stage && !spawn(parent, as_of_us, now_us, &err))
        return true;
    fl_wire_start(&parent->out, FL_PARENT_VALUE_FAILED, 0);
    fl_wire_put_str(&parent->out, parent->stage ? "the gateway ends" : err.text);
    fl_parent_tell_core(parent);
    return true;
}

void fl_parent_value_reap(struct fl_parent *parent)
{
    int status;

    if (!parent->value_pid || waitpid(parent->value_pid, &status, WNOHANG) != parent->value_pid)
        return;
    parent->value_pid = 0;
    fl_parent_log_exit(parent, "the value process has ended", "none", 0, status,
                       parent->stage || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    fl_parent_child_gone(parent);
}

void fl_parent_value_kill(struct fl_parent *parent)
{
    if (parent->value_pid)
        kill(parent->value_pid, SIGKILL);
}
