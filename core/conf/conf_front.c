/* `front { ... }`: its table, and what a type cannot say. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/str.h"
#include "conf/conf_private.h"

enum { HOST_MAX = 64, BODY_MAX = 16 << 20, CONNECTIONS_MAX = 100000 };

static const struct fl_option_spec front_specs[] = {
    {.name = "enabled",
     .type = FL_OPTION_BOOL,
     .default_text = "yes",
     .flags = FL_OPTION_RELOAD,
     .help = "no: as if the section were not there"},
    {.name = "listen",
     .type = FL_OPTION_STRING,
     .default_text = "127.0.0.1:8080",
     .flags = FL_OPTION_RELOAD,
     .help = "address and port that are listened on"},
    {.name = "user",
     .type = FL_OPTION_STRING,
     .default_text = "",
     .flags = FL_OPTION_RELOAD,
     .help = "user that the front runs as when the daemon is started by root"},
    {.name = "tls_cert",
     .type = FL_OPTION_STRING,
     .default_text = "",
     .flags = FL_OPTION_RELOAD,
     .help = "PEM file of the certificate and its chain; without it plain HTTP, for a proxy"},
    {.name = "tls_key",
     .type = FL_OPTION_STRING,
     .default_text = "",
     .flags = FL_OPTION_RELOAD,
     .help = "PEM file of the certificate's key"},
    {.name = "trusted_proxy",
     .type = FL_OPTION_STRING,
     .default_text = "127.0.0.1",
     .flags = FL_OPTION_RELOAD,
     .help = "address of the proxy whose X-Forwarded-For is believed; empty: of nobody"},
    {.name = "connections",
     .type = FL_OPTION_INT,
     .default_text = "1000",
     .min = 1,
     .max = CONNECTIONS_MAX,
     .flags = FL_OPTION_RELOAD,
     .help = "connections at the same time; more have to wait"},
    {.name = "connections_per_address",
     .type = FL_OPTION_INT,
     .default_text = "50",
     .min = 1,
     .max = CONNECTIONS_MAX,
     .flags = FL_OPTION_RELOAD,
     .help = "connections at the same time from one address; the proxy has no such limit"},
    {.name = "request_timeout",
     .type = FL_OPTION_DURATION,
     .default_text = "10s",
     .min = 100 * FL_US_PER_MS,
     .max = 600 * FL_US_PER_S,
     .flags = FL_OPTION_RELOAD,
     .help = "how long a client may take over a whole request, or over taking the answer"},
    {.name = "body_max",
     .type = FL_OPTION_SIZE,
     .default_text = "1M",
     .min = 1024,
     .max = BODY_MAX,
     .flags = FL_OPTION_RELOAD,
     .help = "largest body of a request"},
    {.name = "track_clicks",
     .type = FL_OPTION_BOOL,
     .default_text = "no",
     .flags = FL_OPTION_RELOAD,
     .help = "links in messages go over web_base, so that clicks are seen"},
    {.name = "track_opens",
     .type = FL_OPTION_BOOL,
     .default_text = "no",
     .flags = FL_OPTION_RELOAD,
     .help = "mails get a picture of one pixel; opens never count as interest"},
    {.name = NULL},
};

#define FRONT(slot, member)                                                                        \
    {                                                                                              \
        FL_CONF_SLOT_##slot, offsetof(struct fl_conf_front, member)                                \
    }

static const struct fl_conf_slot front_slots[] = {
    FRONT(BOOL, is_enabled),
    FRONT(TEXT, listen),
    FRONT(TEXT, user),
    FRONT(TEXT, tls_cert),
    FRONT(TEXT, tls_key),
    FRONT(TEXT, trusted_proxy),
    FRONT(NUMBER, connections),
    FRONT(NUMBER, connections_per_address),
    FRONT(NUMBER, request_timeout_us),
    FRONT(NUMBER, body_max),
    FRONT(BOOL, tracks_clicks),
    FRONT(BOOL, tracks_opens),
};
_Static_assert(sizeof front_slots / sizeof front_slots[0] ==
                   sizeof front_specs / sizeof front_specs[0] - 1,
               "a slot for each row");

const struct fl_option_spec *fl_conf_front_specs(void)
{
    return front_specs;
}

const struct fl_conf_slot *fl_conf_front_slots(void)
{
    return front_slots;
}

/* No name is looked up: what is listened on must not hang on a name server. */
static bool resolve(const char *host, const char *port, struct sockaddr_storage *out,
                    socklen_t *out_len)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;

    if (getaddrinfo(host, port, &hints, &found) != 0)
        return false;
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *out_len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

bool fl_conf_listen_parse(const char *text, struct sockaddr_storage *out, socklen_t *out_len)
{
    const char *colon = strrchr(text, ':');
    bool has_brackets = text[0] == '[' && colon && colon[-1] == ']';
    size_t len = colon ? (size_t)(colon - text) : 0;
    char host[HOST_MAX];
    int64_t port;

    if (has_brackets) {
        text++;
        len -= 2;
    }
    if (!colon || len == 0 || len >= sizeof host || !fl_str_parse_i64(colon + 1, 1, 65535, &port) ||
        has_brackets != (memchr(text, ':', len) != NULL))
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    return resolve(host, colon + 1, out, out_len);
}

bool fl_conf_is_listen(const char *text)
{
    struct sockaddr_storage address;
    socklen_t len;

    return fl_conf_listen_parse(text, &address, &len);
}

bool fl_conf_is_address(const char *text)
{
    struct sockaddr_storage address;
    socklen_t len;

    return !*text || resolve(text, NULL, &address, &len);
}

bool fl_conf_is_path_or_empty(const char *text)
{
    return !*text || *text == '/';
}

static bool is_loopback_url(const char *url)
{
    static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};

    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        if (fl_str_starts_with(url, hosts[i]) && strchr(":/", url[strlen(hosts[i])]))
            return true;
    return false;
}

void fl_conf_front_check(const struct fl_conf *conf, const struct fl_conf_section *section,
                         struct fl_faults *faults)
{
    const struct fl_conf_front *front = &conf->front;

    if (!front->is_enabled || !front->tls_cert || !conf->web_base)
        return;
    if (!*front->tls_cert != !*front->tls_key)
        fl_faults_add(faults, section->file, section->line,
                      *front->tls_cert ? "tls_key" : "tls_cert", NULL,
                      "missing in front: tls_cert and tls_key go together");
    if (!*conf->web_base)
        fl_faults_add(faults, section->file, section->line, "front", NULL,
                      "web_base is missing in organisation: without it no page has an address");
    else if (!fl_str_starts_with(conf->web_base, "https://") && !is_loopback_url(conf->web_base))
        fl_faults_add(faults, section->file, section->line, "web_base", conf->web_base,
                      "expected https:// for public pages (http:// only for this machine)");
}

static void check_file(const struct fl_conf *conf, const char *key, const char *path,
                       struct fl_faults *faults)
{
    struct stat st;

    if (!*path)
        return;
    if (stat(path, &st) < 0 && errno == EACCES)
        return; /* who may read it will see */
    if (stat(path, &st) < 0)
        fl_faults_add(faults, conf->file, conf->front.line, key, path, "cannot be found");
    else if (!S_ISREG(st.st_mode))
        fl_faults_add(faults, conf->file, conf->front.line, key, path, "is no file");
}

void fl_conf_check_files(const struct fl_conf *conf, struct fl_faults *faults)
{
    if (!conf->front.is_enabled)
        return;
    check_file(conf, "tls_cert", conf->front.tls_cert, faults);
    check_file(conf, "tls_key", conf->front.tls_key, faults);
}
