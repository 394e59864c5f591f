/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options: the table, and the checks that need no network. */
#include "email_private.h"

#include <arpa/inet.h>
#include <string.h>

enum { LOCAL_PREFIX_MAX = EMAIL_LOCAL_MAX - 1 - EMAIL_TOKEN_LEN };

const struct fl_option_spec email_option_specs[] = {
    {"transport", FL_OPTION_ENUM, "smtp", 0, 0, "smtp|maildir", FL_OPTION_RELOAD,
     "how messages leave: to a mail server, or into a Maildir"},
    {"host", FL_OPTION_HOSTPORT, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "mail server for transport smtp, as name:port"},
    {"tls", FL_OPTION_ENUM, "starttls", 0, 0, "none|optional|starttls|implicit", FL_OPTION_RELOAD,
     "encryption to the mail server; optional does not verify the certificate"},
    {"user", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "name to log in with at the mail server"},
    {"password", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET | FL_OPTION_RELOAD,
     "password of that name"},
    {"ca_file", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "certificates to trust instead of the system's"},
    {"helo", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "name to greet the mail server with; the domain when not given"},
    {"timeout", FL_OPTION_DURATION, "60s", 1000000, INT64_C(600000000), NULL, FL_OPTION_RELOAD,
     "how long to wait for a reply of a server"},
    {"from_address", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_REQUIRED | FL_OPTION_RELOAD,
     "address customers see as the sender"},
    {"from_name", FL_OPTION_STRING, "", 0, 0, NULL, FL_OPTION_RELOAD,
     "name beside that address, where a campaign names none"},
    {"domain", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "domain of return, reply and unsubscribe addresses; that of from_address when not given"},
    {"return_local", FL_OPTION_STRING, "bounces", 0, 0, NULL, FL_OPTION_RELOAD,
     "bounces come to RETURN_LOCAL+token@domain"},
    {"reply_local", FL_OPTION_STRING, "reply", 0, 0, NULL, FL_OPTION_RELOAD,
     "replies come to REPLY_LOCAL+token@domain"},
    {"unsubscribe_local", FL_OPTION_STRING, "unsubscribe", 0, 0, NULL, FL_OPTION_RELOAD,
     "opt-outs come to UNSUBSCRIBE_LOCAL+token@domain"},
    {"list_id", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "identity for the List-Id header, such as news.example.com"},
    {"maildir", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_RELOAD, "folder for transport maildir"},
    {"maildir_each", FL_OPTION_BOOL, "yes", 0, 0, NULL, FL_OPTION_RELOAD,
     "yes: a Maildir for each recipient below that folder; no: the folder is one Maildir"},
    {"inbound", FL_OPTION_ENUM, "none", 0, 0, "none|maildir|imap", FL_OPTION_RELOAD,
     "where bounces and replies are collected"},
    {"inbound_maildir", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "the Maildir for inbound maildir"},
    {"imap", FL_OPTION_HOSTPORT, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "mail store for inbound imap, as name:port"},
    {"imap_tls", FL_OPTION_ENUM, "implicit", 0, 0, "none|starttls|implicit", FL_OPTION_RELOAD,
     "encryption to the mail store"},
    {"imap_user", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "name to log in with at the mail store"},
    {"imap_password", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET | FL_OPTION_RELOAD,
     "password of that name"},
    {"imap_folder", FL_OPTION_STRING, "INBOX", 0, 0, NULL, FL_OPTION_RELOAD, "folder to collect"},
    {"imap_keyword", FL_OPTION_STRING, "$FairlineDone", 0, 0, NULL, FL_OPTION_RELOAD,
     "keyword that marks what has been collected"},
    {"imap_move_to", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "folder to move collected messages to; they stay when not given"},
    {"poll", FL_OPTION_DURATION, "60s", 1000000, INT64_C(86400000000), NULL, FL_OPTION_RELOAD,
     "how often to look for new mail"},
    {"max_size", FL_OPTION_SIZE, "25M", 1024, INT64_C(1) << 30, NULL, FL_OPTION_RELOAD,
     "larger messages are left where they are, with a warning"},
    {NULL, FL_OPTION_STRING, NULL, 0, 0, NULL, 0, NULL},
};

static bool is_atext(unsigned char c)
{
    return g_ascii_isalnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

static bool domain_is_safe(const char *s)
{
    size_t len = strlen(s);

    if (!len || len > 253 || s[0] == '.' || s[0] == '-' || s[len - 1] == '.' || strstr(s, ".."))
        return false;
    for (; *s; s++) {
        if (!g_ascii_isalnum(*s) && *s != '-' && *s != '.' && *s != '_')
            return false;
    }
    return true;
}

bool email_address_is_safe(const char *address)
{
    const char *at = strrchr(address, '@');
    size_t local = at ? (size_t)(at - address) : 0;

    if (!at || !local || local > EMAIL_LOCAL_MAX || strlen(address) > EMAIL_ADDRESS_MAX)
        return false;
    for (size_t i = 0; i < local; i++) {
        if (!is_atext((unsigned char)address[i]))
            return false;
    }
    return domain_is_safe(at + 1);
}

static bool local_is_safe(const char *s)
{
    if (!s || strlen(s) > LOCAL_PREFIX_MAX)
        return false;
    for (; *s; s++) {
        if (!g_ascii_isalnum(*s) && *s != '-' && *s != '_' && *s != '.')
            return false;
    }
    return true;
}

static bool has_control(const char *s)
{
    for (; s && *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    }
    return false;
}

static bool is_this_machine(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0;
}

static enum fl_call check_sender(const struct email_settings *set, struct fl_why *why)
{
    const struct {
        const char *name, *value;
    } locals[] = {{"return_local", set->return_local},
                  {"reply_local", set->reply_local},
                  {"unsubscribe_local", set->unsubscribe_local}};

    if (!set->from_address)
        return plug_refuse(why, "from_address is not given, expected an address such as "
                                "news@example.com");
    if (!email_address_is_safe(set->from_address))
        return plug_refuse(why,
                           "from_address \"%s\" is not an address, expected local@domain in ASCII",
                           set->from_address);
    if (!domain_is_safe(set->domain))
        return plug_refuse(why, "domain \"%s\" is not a domain name", set->domain);
    if (!domain_is_safe(set->helo))
        return plug_refuse(why, "helo \"%s\" is not a host name", set->helo);
    if (set->list_id && !domain_is_safe(set->list_id))
        return plug_refuse(why, "list_id \"%s\" is not of the form news.example.com", set->list_id);
    if (!g_utf8_validate(set->from_name, -1, NULL) || has_control(set->from_name))
        return plug_refuse(why, "from_name holds control characters or is not UTF-8");
    for (size_t i = 0; i < G_N_ELEMENTS(locals); i++) {
        if (!local_is_safe(locals[i].value))
            return plug_refuse(why,
                               "%s \"%s\" cannot stand before \"+token@\", expected at most %d "
                               "letters, digits, dots, hyphens or underscores",
                               locals[i].name, locals[i].value ? locals[i].value : "",
                               LOCAL_PREFIX_MAX);
    }
    return FL_CALL_OK;
}

static enum fl_call check_login(const char *prefix, const char *host, enum email_tls_mode tls,
                                const char *user, const char *password, struct fl_why *why)
{
    if (!user != !password)
        return plug_refuse(why, "%suser and %spassword_file belong together, only one is given",
                           prefix, prefix);
    if (has_control(user) || has_control(password))
        return plug_refuse(why, "%suser or %spassword_file holds control characters", prefix,
                           prefix);
    if (user && (tls == EMAIL_TLS_NONE || tls == EMAIL_TLS_OPTIONAL) && !is_this_machine(host))
        return plug_refuse(why,
                           "%suser would send its password to \"%s\" in clear, expected %stls = "
                           "starttls or implicit",
                           prefix, host, prefix);
    return FL_CALL_OK;
}

static enum fl_call check_outbound(const struct email_settings *set, struct fl_why *why)
{
    unsigned char v6[16];

    if (set->transport == EMAIL_TRANSPORT_MAILDIR) {
        if (!set->maildir)
            return plug_refuse(why,
                               "maildir is not given, expected a folder for transport maildir");
        return FL_CALL_OK;
    }
    if (!set->host || set->port < 1 || set->port > 65535)
        return plug_refuse(why, "host is not given, expected the mail server as name:port");
    /* libesmtp splits host and port at the first colon. */
    if (set->host[0] == '[' || inet_pton(AF_INET6, set->host, v6) == 1)
        return plug_refuse(why,
                           "host \"%s\" is a bare IPv6 address, expected a name that stands for it",
                           set->host);
    if (!domain_is_safe(set->host))
        return plug_refuse(why, "host \"%s\" is not a host name", set->host);
    return check_login("", set->host, set->tls, set->user, set->password, why);
}

static bool keyword_is_safe(const char *s)
{
    if (!s || strlen(s) > 64)
        return false;
    for (; *s; s++) {
        if (!g_ascii_isalnum(*s) && !strchr("$-_.", *s))
            return false;
    }
    return true;
}

static enum fl_call check_inbound(const struct email_settings *set, struct fl_why *why)
{
    if (set->inbound == EMAIL_INBOUND_MAILDIR && !set->inbound_maildir)
        return plug_refuse(why,
                           "inbound_maildir is not given, expected a folder for inbound maildir");
    if (set->inbound != EMAIL_INBOUND_IMAP)
        return FL_CALL_OK;
    if (!set->imap_host || set->imap_port < 1 || set->imap_port > 65535)
        return plug_refuse(why, "imap is not given, expected the mail store as name:port");
    if (!domain_is_safe(set->imap_host))
        return plug_refuse(why, "imap \"%s\" is not a host name", set->imap_host);
    if (!set->imap_user)
        return plug_refuse(why, "imap_user is not given, expected the name to log in with");
    if (!keyword_is_safe(set->imap_keyword))
        return plug_refuse(why,
                           "imap_keyword \"%s\" is not a keyword, expected letters and digits, "
                           "such as $FairlineDone",
                           set->imap_keyword ? set->imap_keyword : "");
    if (has_control(set->imap_folder) || has_control(set->imap_move_to))
        return plug_refuse(why, "imap_folder or imap_move_to holds control characters");
    return check_login("imap_", set->imap_host, set->imap_tls, set->imap_user, set->imap_password,
                       why);
}

static void read_outbound(const struct plug_reader *in, struct email_settings *set)
{
    set->transport = (enum email_transport)plug_number(in, "transport");
    set->host = plug_text(in, "host");
    set->port = (int)plug_number(in, "host");
    set->tls = (enum email_tls_mode)plug_number(in, "tls");
    set->user = plug_text(in, "user");
    set->password = plug_secret(in, "password");
    set->ca_file = plug_text(in, "ca_file");
    set->timeout_ms = (int)(plug_number(in, "timeout") / 1000);
    set->from_address = plug_text(in, "from_address");
    set->from_name = plug_text(in, "from_name");
    set->domain = plug_text(in, "domain");
    set->helo = plug_text(in, "helo");
    set->return_local = plug_text(in, "return_local");
    set->reply_local = plug_text(in, "reply_local");
    set->unsubscribe_local = plug_text(in, "unsubscribe_local");
    set->list_id = plug_text(in, "list_id");
    set->maildir = plug_text(in, "maildir");
    set->is_maildir_each = plug_number(in, "maildir_each") != 0;
    if (!set->from_name)
        set->from_name = "";
    if (!set->domain && set->from_address) {
        const char *at = strrchr(set->from_address, '@');

        set->domain = at ? at + 1 : "";
    }
    if (!set->helo)
        set->helo = set->domain;
}

static void read_inbound(const struct plug_reader *in, struct email_settings *set)
{
    /* imap_tls has no "optional": its choices are numbered differently. */
    static const enum email_tls_mode imap_modes[] = {EMAIL_TLS_NONE, EMAIL_TLS_STARTTLS,
                                                     EMAIL_TLS_IMPLICIT};
    int64_t mode = plug_number(in, "imap_tls");

    set->inbound = (enum email_inbound)plug_number(in, "inbound");
    set->inbound_maildir = plug_text(in, "inbound_maildir");
    set->imap_host = plug_text(in, "imap");
    set->imap_port = (int)plug_number(in, "imap");
    set->imap_tls = mode >= 0 && mode < 3 ? imap_modes[mode] : EMAIL_TLS_IMPLICIT;
    set->imap_user = plug_text(in, "imap_user");
    set->imap_password = plug_secret(in, "imap_password");
    set->imap_folder = plug_text(in, "imap_folder");
    set->imap_keyword = plug_text(in, "imap_keyword");
    set->imap_move_to = plug_text(in, "imap_move_to");
    set->poll_ms = (int)(plug_number(in, "poll") / 1000);
    set->max_size = (size_t)plug_number(in, "max_size");
    if (!set->imap_folder)
        set->imap_folder = "INBOX";
}

enum fl_call email_settings_read(const struct fl_option *options, size_t n_options,
                                 GStringChunk *strings, struct email_settings *out,
                                 struct fl_why *why)
{
    struct plug_reader in = {options, n_options, strings};
    struct email_settings set = {0};
    enum fl_call call;

    read_outbound(&in, &set);
    read_inbound(&in, &set);
    call = check_sender(&set, why);
    if (call == FL_CALL_OK)
        call = check_outbound(&set, why);
    if (call == FL_CALL_OK)
        call = check_inbound(&set, why);
    if (call == FL_CALL_OK)
        *out = set;
    return call;
}
