/* Front, the process: state that its files share. */
#ifndef FL_FRONT_FRONT_SERVER_H
#define FL_FRONT_FRONT_SERVER_H

#include <microhttpd.h>

#include "front/front.h"
#include "front/front_limit.h"
#include "front/front_pages.h"
#include "loop/link.h"
#include "loop/loop.h"

enum {
    FL_FRONT_ADDRESS_SIZE = 48,
    FL_FRONT_CORE_QUEUE_MAX = 32 << 20,
    /* Above core's own deadline for a plugin's answer. */
    FL_FRONT_ASK_TIMEOUT_US = 25000000
};

struct fl_front_server;

/* Where a request of a connection stands. */
enum fl_front_stage {
    FL_FRONT_IDLE,      /* nothing of a request has come, or not its first line */
    FL_FRONT_RECEIVING, /* the first line is there */
    FL_FRONT_ASKED,     /* all is there, core is asked, libmicrohttpd sleeps on it */
    FL_FRONT_ANSWERED,  /* core has answered, or will not */
    FL_FRONT_SENDING
};

/* A client, and the one request of it that is served. */
struct fl_front_connection {
    struct fl_front_server *server;
    struct MHD_Connection *mhd;
    size_t slot;
    int fd;
    char address[FL_FRONT_ADDRESS_SIZE]; /* of who connected: may be the proxy */
    struct fl_front_network network;
    bool is_proxy;
    int64_t deadline_us; /* monotonic */

    /* the request */
    enum fl_front_stage stage;
    uint32_t generation; /* of requests: an answer to an earlier one is late */
    int64_t begun_us;
    struct fl_arena *arena;
    const char *url; /* as it came */
    const char *path;
    const char *peer; /* who it is from, by X-Forwarded-For where that counts */
    bool has_head, has_plan, is_body_too_large, is_refused;
    struct fl_buf body;
    struct fl_front_request request;
    struct fl_front_plan plan;
    enum fl_status status; /* core's */
    json_t *answer;
    bool has_reply; /* a hook's */
    struct fl_front_reply reply;
    int sent_status;
};

struct fl_front_server {
    struct fl_log log;
    struct fl_loop *loop;
    struct fl_link *parent;
    struct fl_link *core; /* NULL while there is none */
    struct fl_arena *arena;
    const struct fl_conf *conf;
    const char *base_path; /* of web_base; "" mostly */
    struct fl_front_pages *pages;
    struct fl_front_site site;
    char *tls_cert, *tls_key;
    struct MHD_Daemon *mhd;
    struct fl_source *epoll, *run, *sweep;
    struct fl_front_connection **connections; /* by slot; NULL: free */
    size_t n_connections, n_slots;
    struct fl_front_limit *lookups, *misses;
    struct fl_wire_frame out;
    bool is_draining;
    int exit_code;
};

/* --- libmicrohttpd (front_server.c) ---*/
FL_CHECK_RESULT enum fl_status fl_front_server_start(struct fl_front_server *server, int listen_fd,
                                                     struct fl_error *err);
void fl_front_server_stop(struct fl_front_server *server);
void fl_front_server_poke(struct fl_front_server *server); /* runs it at the end of this turn */
/* No new connections; the loop stops when the last request is answered. */
void fl_front_server_drain(struct fl_front_server *server);
void fl_front_connection_wake(struct fl_front_connection *connection); /* core's answer is there */

/* --- a request (front_serve.c) ---*/
void fl_front_request_begin(struct fl_front_connection *connection, const char *url);
enum MHD_Result fl_front_request_go_on(struct fl_front_connection *connection, const char *method,
                                       const char *version, const char *upload, size_t *upload_len);
void fl_front_request_end(struct fl_front_connection *connection);

/* --- its answer (front_send.c) ---*/
enum MHD_Result fl_front_send(struct fl_front_connection *connection,
                              const struct fl_front_reply *reply);
enum MHD_Result fl_front_send_error(struct fl_front_connection *connection, int status);

/* --- core (front_ask.c) ---*/
/* Sends what the plan wants; FL_UNAVAILABLE: there is no core. */
FL_CHECK_RESULT enum fl_status fl_front_ask(struct fl_front_connection *connection,
                                            struct fl_error *err);
void fl_front_core_take(struct fl_front_server *server, int fd); /* a new core */
void fl_front_core_lose(struct fl_front_server *server);

#endif
