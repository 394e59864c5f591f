/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options: the table, and the checks that need no network. */
#include "sms_private.h"

#include <string.h>

enum { SENDER_NAME_MAX = 11, SECRET_MIN = 16 };

const struct fl_option_spec sms_option_specs[] = {
    {"api", FL_OPTION_ENUM, "kannel", 0, 0, "kannel|mapping", FL_OPTION_RELOAD,
     "the gateway's interface: Kannel, or any other by a mapping file"},
    {"mapping", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "file that describes the gateway, for api mapping"},
    {"url", FL_OPTION_URL, NULL, 0, 0, NULL, FL_OPTION_REQUIRED | FL_OPTION_RELOAD,
     "where requests go: Kannel's sendsms, or {url} of a mapping"},
    {"username", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "name to log in with at the gateway"},
    {"password", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET | FL_OPTION_RELOAD,
     "password or key of that name"},
    {"smsc", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "centre the gateway is to send by; the gateway decides when not given"},
    {"sender", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "number or name customers see, where a campaign names none"},
    {"senders", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "all senders that are registered, separated by commas; others are refused"},
    {"callback_url", FL_OPTION_URL, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "this channel's path of the front as the gateway reaches it; no receipts when not given"},
    {"callback_secret", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET | FL_OPTION_RELOAD,
     "what a callback must carry or be signed with"},
    {"country_code", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "calling code of numbers that begin with 0, such as 82"},
    {"number_format", FL_OPTION_ENUM, "e164", 0, 0, "e164|plain|national", FL_OPTION_RELOAD,
     "how the gateway wants numbers: +8210..., 8210... or 010..."},
    {"charset", FL_OPTION_ENUM, "auto", 0, 0, "auto|gsm|ucs2|euc-kr", FL_OPTION_RELOAD,
     "alphabet of texts; auto: GSM where every character is in it, else UCS-2"},
    {"split", FL_OPTION_BOOL, "no", 0, 0, NULL, FL_OPTION_RELOAD,
     "yes: long texts are cut and joined by a header here, where the gateway does not"},
    {"max_parts", FL_OPTION_INT, "8", 1, SMS_PARTS_MAX, NULL, FL_OPTION_RELOAD,
     "texts that take more parts are refused"},
    {"cost_per_part", FL_OPTION_STRING, "0", 0, 0, NULL, FL_OPTION_RELOAD,
     "what a part costs, such as 9.9, where the gateway does not say"},
    {"cost_long", FL_OPTION_STRING, "0", 0, 0, NULL, FL_OPTION_RELOAD,
     "what an LMS costs, for charset euc-kr"},
    {"currency", FL_OPTION_STRING, "KRW", 0, 0, NULL, FL_OPTION_RELOAD,
     "currency of the two, three letters"},
    {"parallel", FL_OPTION_INT, "4", 1, SMS_PARALLEL_MAX, NULL, FL_OPTION_RELOAD,
     "requests side by side, each over a connection of its own"},
    {"timeout", FL_OPTION_DURATION, "30s", 100000, INT64_C(240000000), NULL, FL_OPTION_RELOAD,
     "how long to wait for an answer; after that nobody knows whether it was sent"},
    {"ca_file", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "certificates to trust instead of the system's"},
    {"poll", FL_OPTION_DURATION, "60s", 1000000, INT64_C(86400000000), NULL, FL_OPTION_RELOAD,
     "how often to ask a gateway whose mapping polls"},
    {"join_wait", FL_OPTION_DURATION, "6h", 1000000, INT64_C(604800000000), NULL, FL_OPTION_RELOAD,
     "how long parts of an inbound message wait for the missing ones"},
    {NULL, FL_OPTION_STRING, NULL, 0, 0, NULL, 0, NULL},
};

static bool has_control(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    }
    return false;
}

/* "9.9" as millionths. */
static bool cost_read(const char *text, int64_t *out)
{
    char *end;
    double number = g_ascii_strtod(text, &end);

    if (end == text || *end || !(number >= 0) || number > 1e6)
        return false;
    *out = (int64_t)(number * 1e6 + 0.5);
    return true;
}

/* A number, or a name of at most 11 GSM characters, as the networks take it. */
static bool sender_is_fine(const char *sender)
{
    size_t len = strlen(sender);

    if (strspn(sender + (*sender == '+'), "0123456789") == len - (*sender == '+'))
        return len > 2 && len <= SMS_NUMBER_MAX + 1;
    return len <= SENDER_NAME_MAX && !has_control(sender) && g_str_is_ascii(sender);
}

bool sms_sender_is_registered(const struct sms_settings *set, const char *sender)
{
    char **names;
    bool is_found = strcmp(sender, set->sender) == 0;

    names = g_strsplit(set->senders, ",", -1);
    for (char **name = names; *name; name++)
        is_found |= strcmp(g_strstrip(*name), sender) == 0;
    g_strfreev(names);
    return is_found;
}

static enum fl_call check_senders(const struct sms_settings *set, struct fl_why *why)
{
    enum fl_call call = FL_CALL_OK;
    bool is_listed = !*set->senders || !*set->sender;
    char **names;

    if (*set->sender && !sender_is_fine(set->sender))
        return plug_refuse(why,
                           "sender \"%s\" is neither a number nor a name of at most %d characters",
                           set->sender, SENDER_NAME_MAX);
    names = g_strsplit(set->senders, ",", -1);
    for (char **name = names; *name && call == FL_CALL_OK; name++) {
        g_strstrip(*name);
        is_listed |= strcmp(*name, set->sender) == 0;
        if (!**name || !sender_is_fine(*name))
            call = plug_refuse(
                why,
                "senders has \"%s\", which is neither a number nor a name of at most %d "
                "characters",
                *name, SENDER_NAME_MAX);
    }
    g_strfreev(names);
    if (call == FL_CALL_OK && !is_listed)
        return plug_refuse(why,
                           "sender \"%s\" is not among senders, which lists all that are "
                           "registered",
                           set->sender);
    return call;
}

static bool is_this_machine(const char *url)
{
    return g_str_has_prefix(url, "http://localhost") || g_str_has_prefix(url, "http://127.") ||
           g_str_has_prefix(url, "http://[::1]");
}

static bool url_is_fine(const char *url)
{
    return (g_str_has_prefix(url, "http://") || g_str_has_prefix(url, "https://")) &&
           !has_control(url) && !strchr(url, ' ');
}

static enum fl_call check_gateway(const struct sms_settings *set, struct fl_why *why)
{
    if (!url_is_fine(set->url))
        return plug_refuse(
            why, "url \"%s\" is not of the form http://host/path or https://host/path", set->url);
    if (*set->password && g_str_has_prefix(set->url, "http://") && !is_this_machine(set->url))
        return plug_refuse(why,
                           "url \"%s\" would send the password in clear, expected https:// beyond "
                           "this machine",
                           set->url);
    if (has_control(set->username) || has_control(set->password) || has_control(set->smsc))
        return plug_refuse(why, "username, password_file or smsc holds control characters");
    if (set->api == SMS_API_MAPPING && !*set->mapping)
        return plug_refuse(why, "mapping is not given, expected a file for api mapping");
    if (set->api == SMS_API_KANNEL && !*set->username)
        return plug_refuse(why, "username is not given, expected that of a sendsms-user of Kannel");
    if (set->api == SMS_API_KANNEL && set->charset == SMS_CHARSET_EUCKR)
        return plug_refuse(why, "charset euc-kr is for api mapping; Kannel takes gsm and ucs2");
    return FL_CALL_OK;
}

static enum fl_call check_callback(const struct sms_settings *set, struct fl_why *why)
{
    if (*set->callback_url && !url_is_fine(set->callback_url))
        return plug_refuse(why, "callback_url \"%s\" is not of the form http://host/h/channel",
                           set->callback_url);
    if (*set->callback_url && !*set->callback_secret)
        return plug_refuse(why,
                           "callback_secret_file is not given, expected one beside callback_url");
    if (*set->callback_secret && strlen(set->callback_secret) < SECRET_MIN)
        return plug_refuse(why, "callback_secret_file holds %zu characters, expected at least %d",
                           strlen(set->callback_secret), SECRET_MIN);
    if (has_control(set->callback_secret))
        return plug_refuse(why, "callback_secret_file holds control characters");
    return FL_CALL_OK;
}

static enum fl_call check_rest(const struct sms_settings *set, const struct plug_reader *in,
                               struct fl_why *why)
{
    int64_t ignored;

    if (strspn(set->country_code, "0123456789") != strlen(set->country_code) ||
        strlen(set->country_code) > 3 || set->country_code[0] == '0')
        return plug_refuse(why,
                           "country_code \"%s\" is no calling code, expected digits such as 82",
                           set->country_code);
    if (set->number_format == SMS_NUMBER_NATIONAL && !*set->country_code)
        return plug_refuse(why,
                           "country_code is not given, expected one for number_format national");
    if (!cost_read(plug_or_empty(plug_text(in, "cost_per_part")), &ignored) ||
        !cost_read(plug_or_empty(plug_text(in, "cost_long")), &ignored))
        return plug_refuse(why, "cost_per_part or cost_long is no number such as 9.9");
    if (strlen(set->currency) != 3 || strspn(set->currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        return plug_refuse(why, "currency \"%s\" is not of three capital letters", set->currency);
    return FL_CALL_OK;
}

static void read_all(const struct plug_reader *in, struct sms_settings *set)
{
    char *base;

    set->api = (enum sms_api)plug_number(in, "api");
    set->mapping = plug_or_empty(plug_text(in, "mapping"));
    set->url = plug_or_empty(plug_text(in, "url"));
    set->username = plug_or_empty(plug_text(in, "username"));
    set->password = plug_or_empty(plug_secret(in, "password"));
    set->smsc = plug_or_empty(plug_text(in, "smsc"));
    set->sender = plug_or_empty(plug_text(in, "sender"));
    set->senders = plug_or_empty(plug_text(in, "senders"));
    set->callback_secret = plug_or_empty(plug_secret(in, "callback_secret"));
    set->country_code = plug_or_empty(plug_text(in, "country_code"));
    set->ca_file = plug_or_empty(plug_text(in, "ca_file"));
    set->currency = plug_or_empty(plug_text(in, "currency"));
    set->number_format = (enum sms_number_format)plug_number(in, "number_format");
    set->charset = (enum sms_charset)plug_number(in, "charset");
    set->is_split = plug_number(in, "split") != 0;
    set->max_parts = plug_number(in, "max_parts");
    set->parallel = MAX(plug_number(in, "parallel"), 1);
    set->timeout_ms = plug_number(in, "timeout") / 1000;
    set->poll_ms = plug_number(in, "poll") / 1000;
    set->join_wait_us = plug_number(in, "join_wait");
    (void)cost_read(plug_or_empty(plug_text(in, "cost_per_part")), &set->cost_per_part_micro);
    (void)cost_read(plug_or_empty(plug_text(in, "cost_long")), &set->cost_long_micro);
    base = g_strdup(plug_or_empty(plug_text(in, "callback_url")));
    if (g_str_has_suffix(base, "/"))
        base[strlen(base) - 1] = '\0';
    set->callback_url = g_string_chunk_insert(in->strings, base);
    g_free(base);
}

enum fl_call sms_settings_read(const struct fl_option *options, size_t n_options,
                               GStringChunk *strings, struct sms_settings *out, struct fl_why *why)
{
    const struct plug_reader in = {options, n_options, strings};
    struct sms_settings set = {.max_parts = 0};
    enum fl_call call;

    read_all(&in, &set);
    call = check_gateway(&set, why);
    if (call == FL_CALL_OK)
        call = check_senders(&set, why);
    if (call == FL_CALL_OK)
        call = check_callback(&set, why);
    if (call == FL_CALL_OK)
        call = check_rest(&set, &in, why);
    if (call == FL_CALL_OK)
        *out = set;
    return call;
}
