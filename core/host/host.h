/*
 * Host: runs one channel plugin in a process of its own.
 *
 * FOR    parent (spawns hosts, has options checked), core (speaks to them by host_protocol.h) and
 *        the program fairline-host itself, which is nothing but this room.
 * OWNS   the plugin's handle and instance; its end of the socket to core.
 * LIFE   spawn -> OPEN -> load, gate, options, check -> rights given up -> open -> READY ->
 *        { DELIVER | COLLECT | HEALTH | LOOKUP | HTTP }* -> STOP or end of stream -> close.
 * HOLDS  bytes from outside are parsed here and never in core.  A report leaves at once, so that
 *        a crash costs the items in hand and nothing else.  When core is gone report() says so
 *        and the host ends after the current item.
 * FAILS  a plugin that does not fit is refused in a sentence; deadlines are kept by core, which
 *        has an overdue host killed.
 */
#ifndef FL_HOST_HOST_H
#define FL_HOST_HOST_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/faults.h"
#include "base/log.h"
#include "conf/conf.h"
#include "fairline/channel.h"

enum { FL_HOST_OPTIONS_MAX = 128 };

/* --- plugins -----------------------------------------------------------------------------------*/

struct fl_plugin;

struct fl_plugin_info {
    const char *path;
    const struct fl_channel_v1 *channel;
};

/* Searches the folders of `plugin_dir` (separated by ':') for NAME.so; a name with a slash is a
 * path.  File and folder must belong to root or to the running user (root trusts only root) and
 * must not be writable by group or others.  FL_NOT_FOUND, FL_REJECTED, FL_INVALID. */
FL_CHECK_RESULT enum fl_status fl_plugin_load(const char *plugin_dir, const char *name,
                                              struct fl_plugin **out, struct fl_error *err);
void fl_plugin_unload(struct fl_plugin **plugin);
const struct fl_plugin_info *fl_plugin_info(const struct fl_plugin *plugin);

/* Does this descriptor fit this program?  Names the value, what was expected and what was found. */
FL_CHECK_RESULT enum fl_status fl_plugin_gate(const struct fl_channel_v1 *channel,
                                              struct fl_error *err);

/* Finds every plugin below `plugin_dir`; calls back with its name and path, in order of name. */
typedef void fl_plugin_each_fn(void *ctx, const char *name, const char *path);
FL_CHECK_RESULT enum fl_status fl_plugin_each(const char *plugin_dir, fl_plugin_each_fn *fn,
                                              void *ctx, struct fl_error *err);

/* --- processes ---------------------------------------------------------------------------------*/

/* Where fairline-host is: FAIRLINE_LIBEXEC_DIR, beside the running program (a build tree), or where
 * it was installed. */
FL_CHECK_RESULT enum fl_status fl_host_program(struct fl_arena *arena, const char **out,
                                               struct fl_error *err);
/* Starts `argv` with descriptor `fd` as number 3, standard streams, nothing else, and an
 * environment of PATH, LANG, TZ and, when `keeps_fairline`, FAIRLINE_*. */
FL_CHECK_RESULT enum fl_status fl_host_spawn(const char *const argv[], int fd, bool keeps_fairline,
                                             pid_t *out_pid, struct fl_error *err);
/* Has a host look at the options of every enabled channel, without opening anything; adds faults
 * with file and line.  FL_OK also when there are faults. */
FL_CHECK_RESULT enum fl_status fl_host_check(struct fl_arena *arena, const struct fl_conf *conf,
                                             struct fl_faults *faults, struct fl_error *err);

/* An item as its customer would get it, made by the channel's plugin in a confined process of its
 * own; nothing is sent or opened.  With `wants_picture` one image/png for each page.  The parts
 * live in the arena.  FL_NOT_FOUND: the plugin has no preview (of this kind); FL_UNAVAILABLE: it
 * crashed or hung; FL_LIMIT: too much. */
struct fl_host_preview {
    const struct fl_conf *conf;
    const struct fl_conf_channel *channel;
    const struct fl_item *item;
    bool wants_picture;
};
FL_CHECK_RESULT enum fl_status fl_host_preview(struct fl_arena *arena,
                                               const struct fl_host_preview *preview,
                                               const struct fl_part **out, size_t *out_n,
                                               struct fl_error *err);

/* What a host gives up before it opens its plugin.  What the kernel does not know is left out with
 * a line in the log. */
struct fl_host_rights {
    const char *user;         /* "" keeps the user */
    const char *const *paths; /* may be read and written; a path that does not exist: its folder */
    size_t n_paths;
    bool is_pure; /* paths are read alone, and there is no network */
};
FL_CHECK_RESULT enum fl_status fl_host_confine(const struct fl_host_rights *rights,
                                               const struct fl_log *log, struct fl_error *err);
/* For good, with its groups; "" or not being root: nothing happens. */
FL_CHECK_RESULT enum fl_status fl_host_become(const char *user, struct fl_error *err);
void fl_host_harden_early(void); /* at the start of main: no core file, dies with its parent */

/* The two ways to run: below core on a socket, and by hand with JSON lines.  Return exit codes. */
int fl_host_run(int fd);
int fl_host_inproc(int argc, char **argv);

#endif
