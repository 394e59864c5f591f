/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smtpcount [-c] [-p PORTFILE] [-l LOG] - a fast SMTP sink that keeps account.
 *
 * Listens on a free loopback port (written to PORTFILE once it listens), takes every message, and
 * before it answers 250 appends "MESSAGE-ID RECIPIENT" to LOG - so what the log holds twice was
 * sent twice, and what a client was told is accepted stands in it, however the client died.
 *
 *   -c   offers CHUNKING (BDAT)
 *
 * Ends on SIGTERM or when its standard input closes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 65536, REPLY_BYTES = 8192, ID_BYTES = 512, EVENTS = 64, LINE_MAX_BYTES = 4096 };

enum mode { MODE_COMMAND, MODE_DATA, MODE_CHUNK };

struct client {
    int fd;
    enum mode mode;
    char line[LINE_MAX_BYTES]; /* an incomplete line, of a command or a message */
    size_t line_len;
    size_t chunk_left;
    bool is_last_chunk, is_header, has_id;
    bool is_closing;
    char id[ID_BYTES], to[ID_BYTES];
    char reply[REPLY_BYTES];
    size_t reply_len;
};

struct server {
    int epoll, listener, log;
    bool has_chunking;
};

static void reply_flush(struct client *client)
{
    size_t off = 0;

    while (off < client->reply_len) {
        ssize_t n = send(client->fd, client->reply + off, client->reply_len - off, MSG_NOSIGNAL);

        if (n <= 0) {
            client->is_closing = true;
            break;
        }
        off += (size_t)n;
    }
    client->reply_len = 0;
}

static void reply_add(struct client *client, const char *text)
{
    size_t len = strlen(text);

    if (client->reply_len + len > sizeof client->reply)
        reply_flush(client);
    memcpy(client->reply + client->reply_len, text, len);
    client->reply_len += len;
}

static void message_begin(struct client *client)
{
    client->is_header = true;
    client->has_id = false;
    snprintf(client->id, sizeof client->id, "-");
}

static void message_accept(struct server *server, struct client *client)
{
    char entry[2 * ID_BYTES + 4];
    int len = snprintf(entry, sizeof entry, "%s %s\n", client->id, client->to);

    if (server->log >= 0 && write(server->log, entry, (size_t)len) != len) {
        reply_add(client, "451 4.3.0 the log cannot be written\r\n");
        return;
    }
    reply_add(client, "250 2.0.0 Ok\r\n");
}

static void message_line(struct client *client, const char *line, size_t len)
{
    static const char name[] = "message-id:";

    if (!client->is_header)
        return;
    if (len == 0) {
        client->is_header = false;
    } else if (!client->has_id && len > sizeof name &&
               strncasecmp(line, name, sizeof name - 1) == 0) {
        const char *p = line + sizeof name - 1;

        while (*p == ' ')
            p++;
        snprintf(client->id, sizeof client->id, "%.*s", (int)(line + len - p), p);
        client->has_id = true;
    }
}

static void recipient_copy(struct client *client, const char *line)
{
    const char *open = strchr(line, '<'), *close = open ? strchr(open, '>') : NULL;

    if (close)
        snprintf(client->to, sizeof client->to, "%.*s", (int)(close - open - 1), open + 1);
}

static void command_chunk(struct client *client, const char *line)
{
    char *end;

    client->chunk_left = strtoul(line + 5, &end, 10);
    client->is_last_chunk = strcasecmp(end, " LAST") == 0;
    client->mode = MODE_CHUNK;
}

static void command(struct server *server, struct client *client, const char *line)
{
    if (strncasecmp(line, "MAIL", 4) == 0) {
        message_begin(client);
        reply_add(client, "250 2.1.0 Ok\r\n");
    } else if (strncasecmp(line, "RCPT", 4) == 0) {
        recipient_copy(client, line);
        reply_add(client, "250 2.1.5 Ok\r\n");
    } else if (strncasecmp(line, "DATA", 4) == 0) {
        client->mode = MODE_DATA;
        reply_add(client, "354 go on\r\n");
    } else if (strncasecmp(line, "BDAT ", 5) == 0 && server->has_chunking) {
        command_chunk(client, line);
    } else if (strncasecmp(line, "EHLO", 4) == 0) {
        reply_add(client,
                  "250-count.test\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n");
        if (server->has_chunking)
            reply_add(client, "250-CHUNKING\r\n");
        reply_add(client, "250 SIZE 104857600\r\n");
    } else if (strncasecmp(line, "QUIT", 4) == 0) {
        reply_add(client, "221 2.0.0 bye\r\n");
        client->is_closing = true;
    } else if (strncasecmp(line, "RSET", 4) == 0 || strncasecmp(line, "NOOP", 4) == 0 ||
               strncasecmp(line, "HELO", 4) == 0) {
        reply_add(client, "250 2.0.0 Ok\r\n");
    } else {
        reply_add(client, "502 5.5.2 what?\r\n");
    }
}

static void line_complete(struct server *server, struct client *client)
{
    char *line = client->line;
    size_t len = client->line_len;

    client->line_len = 0;
    if (len && line[len - 1] == '\r')
        len--;
    line[len] = '\0';
    if (client->mode == MODE_COMMAND) {
        command(server, client, line);
    } else if (client->mode == MODE_DATA && len == 1 && line[0] == '.') {
        client->mode = MODE_COMMAND;
        message_accept(server, client);
    } else {
        message_line(client, line, len);
    }
}

/* Takes a line, or what there is of it; returns how many bytes were used. */
static size_t take_line(struct server *server, struct client *client, const char *data, size_t len)
{
    const char *end = memchr(data, '\n', len);
    size_t n = end ? (size_t)(end - data) : len;
    size_t room = sizeof client->line - 1 - client->line_len;

    memcpy(client->line + client->line_len, data, n < room ? n : room);
    client->line_len += n < room ? n : room;
    if (!end)
        return n;
    line_complete(server, client);
    return n + 1;
}

static size_t take_chunk(struct server *server, struct client *client, const char *data, size_t len)
{
    size_t n = len < client->chunk_left ? len : client->chunk_left, off = 0;

    while (off < n)
        off += take_line(server, client, data + off, n - off);
    client->chunk_left -= n;
    if (client->chunk_left)
        return n;
    client->mode = MODE_COMMAND;
    client->line_len = 0;
    if (client->is_last_chunk)
        message_accept(server, client);
    else
        reply_add(client, "250 2.0.0 Ok\r\n");
    return n;
}

static void client_take(struct server *server, struct client *client, const char *data, size_t len)
{
    for (size_t off = 0; off < len && !client->is_closing;) {
        if (client->mode == MODE_CHUNK)
            off += take_chunk(server, client, data + off, len - off);
        else
            off += take_line(server, client, data + off, len - off);
        if (client->mode == MODE_CHUNK && !client->chunk_left)
            (void)take_chunk(server, client, data + off, 0);
    }
    reply_flush(client);
}

static void client_accept(struct server *server)
{
    struct client *client = calloc(1, sizeof *client);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    int one = 1;

    if (!client)
        return;
    client->fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client->fd < 0) {
        free(client);
        return;
    }
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    reply_add(client, "220 count.test ESMTP\r\n");
    reply_flush(client);
    epoll_ctl(server->epoll, EPOLL_CTL_ADD, client->fd, &event);
}

static void client_ready(struct server *server, struct client *client)
{
    static char data[READ_BYTES];
    ssize_t n = recv(client->fd, data, sizeof data, 0);

    if (n > 0)
        client_take(server, client, data, (size_t)n);
    if (n <= 0 || client->is_closing) {
        close(client->fd);
        free(client);
    }
}

static bool server_listen(struct server *server, const char *port_file)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = server};
    socklen_t len = sizeof addr;
    char path[4096];
    FILE *file;

    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (struct sockaddr *)&addr, sizeof addr) < 0 ||
        listen(server->listener, 500) < 0 ||
        getsockname(server->listener, (struct sockaddr *)&addr, &len) < 0 ||
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event) < 0)
        return false;
    if (!port_file)
        return printf("%d\n", ntohs(addr.sin_port)) > 0 && fflush(stdout) == 0;
    snprintf(path, sizeof path, "%s.tmp", port_file);
    file = fopen(path, "w");
    return file && fprintf(file, "%d\n", ntohs(addr.sin_port)) > 0 && fclose(file) == 0 &&
           rename(path, port_file) == 0;
}

static void serve(struct server *server)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];

    /* Without a pipe on standard input (a terminal, /dev/null) only a signal ends it. */
    (void)epoll_ctl(server->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    for (;;) {
        int n = epoll_wait(server->epoll, events, EVENTS, -1);
        char byte;

        if (n < 0 && errno != EINTR)
            return;
        for (int i = 0; i < n; i++) {
            if (!events[i].data.ptr) {
                if (read(STDIN_FILENO, &byte, 1) <= 0)
                    return;
            } else if (events[i].data.ptr == server) {
                client_accept(server);
            } else {
                client_ready(server, events[i].data.ptr);
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct server server = {.log = -1};
    const char *port_file = NULL;
    int c;

    while ((c = getopt(argc, argv, "cp:l:")) != -1) {
        if (c == 'c')
            server.has_chunking = true;
        else if (c == 'p')
            port_file = optarg;
        else if (c == 'l')
            server.log = open(optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        else
            return 64;
        if (c == 'l' && server.log < 0) {
            perror(optarg);
            return 73;
        }
    }
    if (!server_listen(&server, port_file)) {
        perror("smtpcount");
        return 71;
    }
    serve(&server);
    return 0;
}
