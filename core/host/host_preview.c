/* Previews: a host of its own for one item, without opening the plugin; both ends of it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "host/host_run_private.h"

enum {
    PREVIEW_TIMEOUT_S = 60,
    PREVIEW_PARTS_MAX = 200,
    PREVIEW_BYTES_MAX = 48 << 20 /* of all parts; below FL_WIRE_BODY_MAX */
};

/* --- the host's end ----------------------------------------------------------------------------*/

struct showing {
    struct fl_wire_frame bag;
    size_t n, bytes;
    bool is_too_much;
};

static void take_part(void *ctx, const struct fl_part *part)
{
    struct showing *showing = ctx;

    if (!part || part->size < sizeof *part || !part->type || (!part->data && part->data_len))
        return;
    if (showing->n == PREVIEW_PARTS_MAX || part->data_len > PREVIEW_BYTES_MAX - showing->bytes) {
        showing->is_too_much = true;
        return;
    }
    showing->n++;
    showing->bytes += part->data_len;
    fl_wire_put_str(&showing->bag, part->type);
    fl_wire_put_str(&showing->bag, part->name);
    fl_wire_put_bytes(&showing->bag, part->data, part->data_len);
}

static enum fl_status show(struct fl_host *host, const struct fl_item *item, bool wants_picture,
                           struct showing *showing, struct fl_error *err)
{
    const struct fl_channel_v1 *channel = host->instance.channel;
    struct fl_why why = fl_host_why();
    enum fl_call call = channel->preview(host->instance.options, host->instance.n_options, item,
                                         wants_picture, take_part, showing, &why);

    why.text[sizeof why.text - 1] = '\0';
    if (call == FL_CALL_UNSUPPORTED)
        return fl_error_set(err, FL_NOT_FOUND, "the plugin has no such preview");
    if (call != FL_CALL_OK)
        return fl_error_set(err, FL_INVALID, "the plugin cannot show it: %s",
                            *why.text ? why.text : "it gave no reason");
    if (showing->is_too_much)
        return fl_error_set(err, FL_LIMIT, "more than %d parts or %d MiB", PREVIEW_PARTS_MAX,
                            PREVIEW_BYTES_MAX >> 20);
    return FL_OK;
}

static enum fl_status preview(struct fl_host *host, const struct fl_item *item, bool wants_picture,
                              struct showing *showing, struct fl_error *err)
{
    const struct fl_conf_channel channel = {.name = host->open.channel,
                                            .file = host->open.file,
                                            .line = host->open.line,
                                            .settings = host->open.settings,
                                            .n_settings = host->open.n_settings};
    struct fl_faults faults;
    enum fl_status st;

    fl_faults_init(&faults, host->arena);
    st = fl_host_instance_load(&host->instance, host->open.plugin_dir, host->open.plugin,
                               &host->log, err);
    if (!st && (!(host->instance.channel->capabilities & FL_CAN_PREVIEW) ||
                !FL_HAS(host->instance.channel, preview) || !host->instance.channel->preview))
        return fl_error_set(err, FL_NOT_FOUND, "the plugin has no preview");
    if (!st)
        st = fl_host_instance_read(&host->instance, &channel, &faults, err);
    if (!st)
        st = fl_host_instance_confine(&host->instance, host->open.user, true, err);
    return st ? st : show(host, item, wants_picture, showing, err);
}

int fl_host_run_preview(struct fl_host *host, struct fl_wire_frame *frame)
{
    struct showing showing = {.n = 0};
    struct fl_item item;
    struct fl_error err = {0};
    bool wants_picture;
    enum fl_status st;

    wants_picture = fl_wire_get_bool(frame);
    if (!fl_host_get_item(frame, host->arena, &item) || !fl_wire_end(frame))
        return EXIT_BUG;
    fl_wire_init_nested(&showing.bag);
    st = preview(host, &item, wants_picture, &showing, &err);
    fl_wire_start(&host->out, FL_HOST_PREVIEWED, 0);
    fl_wire_put_u32(&host->out, st);
    fl_wire_put_str(&host->out, st ? err.text : "");
    if (!st)
        fl_wire_put_nested(&host->out, &showing.bag);
    fl_wire_finish(&showing.bag);
    fl_host_send(host);
    return host->is_core_gone ? EXIT_NO_PEER : EXIT_FINE;
}

/* --- the asker's end ---------------------------------------------------------------------------*/

static enum fl_status take_parts(struct fl_wire_frame *bag, struct fl_arena *arena,
                                 const struct fl_part **out, size_t *out_n, struct fl_error *err)
{
    struct fl_part *parts = FL_ARENA_ARRAY(arena, struct fl_part, PREVIEW_PARTS_MAX);
    size_t n = 0;

    while (parts && fl_wire_more(bag) && n < PREVIEW_PARTS_MAX) {
        struct fl_part *part = &parts[n++];
        const char *type = fl_wire_get_str(bag), *name = fl_wire_get_str(bag);
        const void *data = fl_wire_get_bytes(bag, &part->data_len);

        part->size = sizeof *part;
        part->type = fl_arena_strdup(arena, type);
        part->name = fl_arena_strdup(arena, name);
        part->data = fl_arena_memdup(arena, data, part->data_len);
        if (!part->type || (part->data_len && !part->data))
            return fl_error_set(err, FL_LIMIT, "no memory for the preview");
    }
    if (!parts || !fl_wire_end(bag))
        return fl_error_set(err, FL_INVALID, "the host answered with something else");
    *out = parts;
    *out_n = n;
    return FL_OK;
}

static enum fl_status take_answer(struct fl_wire_frame *frame, struct fl_arena *arena,
                                  const struct fl_part **out, size_t *out_n, struct fl_error *err)
{
    struct fl_wire_frame bag;
    uint32_t status = fl_wire_get_u32(frame);
    const char *why = fl_wire_get_str(frame);
    enum fl_status st;

    if (frame->type != FL_HOST_PREVIEWED || frame->has_failed || status > FL_INTERNAL)
        return fl_error_set(err, FL_INVALID, "the host answered with something else");
    if (status)
        return fl_error_set(err, (enum fl_status)status, "%s", why ? why : "");
    fl_wire_init_nested(&bag); /* only reads from inside `frame`: owns nothing */
    fl_wire_get_nested(frame, &bag);
    st = take_parts(&bag, arena, out, out_n, err);
    if (!st && !fl_wire_end(frame))
        st = fl_error_set(err, FL_INVALID, "the host answered with something else");
    return st;
}

static enum fl_status ask(int fd, const struct fl_host_preview *preview, struct fl_arena *arena,
                          const struct fl_part **out, size_t *out_n, struct fl_error *err)
{
    const struct fl_conf_channel *channel = preview->channel;
    const struct fl_host_open open = {
        .channel = channel->name,
        .plugin = channel->plugin,
        .plugin_dir = preview->conf->plugin_dir,
        .user = channel->user,
        .file = channel->file,
        .line = channel->line,
        .log_level = preview->conf->log_level,
        .settings = channel->settings,
        .n_settings = channel->n_settings,
    };
    const struct timeval timeout = {.tv_sec = PREVIEW_TIMEOUT_S};
    FL_AUTO_FRAME struct fl_wire_frame frame;
    enum fl_status st;

    fl_wire_init(&frame);
    fl_wire_start(&frame, FL_HOST_PREVIEW, 0);
    fl_host_put_open(&frame, &open);
    fl_wire_put_bool(&frame, preview->wants_picture);
    fl_host_put_item(&frame, preview->item);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    st = fl_wire_send(fd, &frame, err);
    if (!st)
        st = fl_wire_recv(fd, &frame, err);
    if (st == FL_AGAIN)
        return fl_error_set(err, FL_UNAVAILABLE, "the plugin showed nothing within %d s",
                            PREVIEW_TIMEOUT_S);
    return st ? st : take_answer(&frame, arena, out, out_n, err);
}

enum fl_status fl_host_preview(struct fl_arena *arena, const struct fl_host_preview *preview,
                               const struct fl_part **out, size_t *out_n, struct fl_error *err)
{
    const char *argv[] = {NULL, "--fd", "3", NULL};
    FL_AUTO_FD int near = -1;
    int fds[2], status = 0;
    pid_t pid;
    enum fl_status st = fl_host_program(arena, &argv[0], err);

    if (!st)
        st = fl_wire_pair(fds, err);
    if (st)
        return st;
    near = fds[0];
    st = fl_host_spawn(argv, fds[1], false, &pid, err);
    close(fds[1]);
    if (st)
        return st;
    st = ask(near, preview, arena, out, out_n, err);
    if (st)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (st && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        return fl_error_set(err, FL_UNAVAILABLE, "the plugin \"%s\" crashed while it was asked",
                            preview->channel->plugin);
    return st;
}
