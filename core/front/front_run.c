/* The process: parent's frames, rights given up, the end. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "front/front_server.h"
#include "host/host.h"

enum {
    EXIT_FINE = 0,
    EXIT_NO_PEER = 69,
    EXIT_TEMPORARY = 75,
    EXIT_CONFIG = 78,
    ARENA_MAX = 64 << 20,
    PEM_MAX = 1 << 20,
    PARENT_QUEUE_MAX = 1 << 20,
    FLUSH_US = 2000000
};

static enum fl_status read_conf(struct fl_front_server *server, struct fl_wire_frame *frame,
                                struct fl_error *err)
{
    const char *name = fl_wire_get_str(frame), *text = fl_wire_get_str(frame);
    struct fl_faults faults;
    enum fl_status st;

    if (!name || !text)
        return fl_error_set(err, FL_INVALID, "no configuration came");
    fl_faults_init(&faults, server->arena);
    st = fl_conf_parse(server->arena, fl_arena_strdup(server->arena, name),
                       fl_arena_strdup(server->arena, text), &faults, &server->conf, err);
    if (!st)
        fl_log_stderr.max_level = (enum fl_log_level)server->conf->log_level;
    return st;
}

static enum fl_status read_tls(struct fl_front_server *server, struct fl_error *err)
{
    const struct fl_conf_front *front = &server->conf->front;
    size_t len;
    enum fl_status st;

    if (!*front->tls_cert)
        return FL_OK;
    st = fl_file_read(server->arena, front->tls_cert, PEM_MAX, &server->tls_cert, &len, err);
    return st ? st
              : fl_file_read(server->arena, front->tls_key, PEM_MAX, &server->tls_key, &len, err);
}

static enum fl_status make_site(struct fl_front_server *server, struct fl_error *err)
{
    const struct fl_conf *conf = server->conf;
    const char *host = strstr(conf->web_base, "://");
    enum fl_status st = fl_front_pages_create(&server->pages, err);

    server->base_path = host ? strchr(host + strlen("://"), '/') : NULL;
    if (!server->base_path)
        server->base_path = "";
    server->site = (struct fl_front_site){
        .pages = server->pages,
        .organisation = conf->organisation,
        .contact = conf->contact,
        .postal_address = conf->postal_address,
        .language = conf->language,
        .web_base = conf->web_base,
    };
    return st;
}

/* All that needs a file comes before the rights are given up. */
static enum fl_status open_all(struct fl_front_server *server, int listen_fd, struct fl_error *err)
{
    struct fl_host_rights rights = {0};
    enum fl_status st = read_tls(server, err);

    if (st)
        return st;
    rights.user = server->conf->front.user;
    st = fl_host_confine(&rights, &server->log, err);
    if (!st)
        st = make_site(server, err);
    return st ? st : fl_front_server_start(server, listen_fd, err);
}

static void tell_parent(struct fl_front_server *server, uint16_t type, const char *text)
{
    struct fl_error err;

    fl_wire_start(&server->out, type, 0);
    fl_wire_put_str(&server->out, text);
    if (fl_link_send(server->parent, &server->out, &err))
        FL_LOG(&server->log, FL_LOG_WARN, "the parent could not be told",
               FL_KV_STR("reason", err.text));
    fl_link_flush(server->parent, FLUSH_US);
}

static bool on_open(struct fl_front_server *server, struct fl_wire_frame *frame)
{
    struct fl_error err;
    enum fl_status st = read_conf(server, frame, &err);
    int listen_fd = fl_wire_get_fd(frame);

    if (server->mhd || !fl_wire_end(frame)) {
        if (listen_fd >= 0)
            close(listen_fd);
        return false;
    }
    if (!st)
        st = open_all(server, listen_fd, &err);
    if (!st) {
        tell_parent(server, FL_FRONT_READY, server->conf->front.listen);
        return true;
    }
    tell_parent(server, FL_FRONT_FAILED, err.text);
    server->exit_code = EXIT_CONFIG;
    fl_loop_stop(server->loop);
    return true;
}

static bool on_parent_frame(void *ctx, struct fl_wire_frame *frame)
{
    struct fl_front_server *server = ctx;
    int fd;

    switch (frame->type) {
    case FL_FRONT_OPEN:
        return on_open(server, frame);
    case FL_FRONT_CORE:
        fd = fl_wire_get_fd(frame);
        if (!fl_wire_end(frame))
            return false;
        fl_front_core_take(server, fd);
        return true;
    case FL_FRONT_DRAIN:
        server->exit_code = EXIT_FINE;
        fl_front_server_drain(server);
        return fl_wire_end(frame);
    default:
        return false;
    }
}

static void on_parent_gone(void *ctx, const char *why)
{
    struct fl_front_server *server = ctx;

    (void)why;
    server->exit_code = EXIT_NO_PEER;
    fl_loop_stop(server->loop);
}

static void finish(struct fl_front_server *server)
{
    fl_front_server_stop(server);
    fl_front_pages_destroy(&server->pages);
    fl_link_destroy(&server->core);
    fl_link_destroy(&server->parent);
    fl_loop_destroy(&server->loop);
    fl_wire_finish(&server->out);
    fl_arena_destroy(&server->arena);
    free(server);
}

int fl_front_run(int fd)
{
    struct fl_front_server *server = calloc(1, sizeof *server);
    const struct fl_link_handler handler = {on_parent_frame, on_parent_gone, server};
    struct fl_error err;
    int code;

    fl_host_harden_early();
    if (!server)
        return EXIT_TEMPORARY;
    server->log = fl_log_root(&fl_log_stderr, "front");
    server->exit_code = EXIT_TEMPORARY;
    fl_wire_init(&server->out);
    server->arena = fl_arena_create(ARENA_MAX);
    server->loop = fl_loop_create();
    if (server->arena && server->loop)
        server->parent = fl_link_create(server->loop, fd, PARENT_QUEUE_MAX, &handler);
    if (server->parent && fl_loop_run(server->loop, &err))
        FL_LOG(&server->log, FL_LOG_ERROR, "the front ends", FL_KV_STR("reason", err.text));
    code = server->exit_code;
    finish(server);
    return code;
}
