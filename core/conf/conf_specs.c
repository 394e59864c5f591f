/* The option tables of fairline.conf, and where their values go. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/conf_private.h"

#define MINUTE    (60 * FL_US_PER_S)
#define RETRY_MAX (30 * FL_US_PER_DAY)

static const struct fl_option_spec global_specs[] = {
    {.name = "data_dir",
     .type = FL_OPTION_PATH,
     .default_text = FL_STATE_DIR,
     .help = "folder of the store, the keys and the control socket"},
    {.name = "store",
     .type = FL_OPTION_STRING,
     .help = "where everything is remembered: sqlite:PATH; by default fairline.db in data_dir"},
    {.name = "control_socket",
     .type = FL_OPTION_PATH,
     .help = "socket for the command line; by default control in data_dir"},
    {.name = "plugin_dir",
     .type = FL_OPTION_STRING,
     .default_text = FL_PLUGIN_DIR,
     .help = "folders that plugins are loaded from, separated by ':'"},
    {.name = "user",
     .type = FL_OPTION_STRING,
     .default_text = "",
     .help = "user that core runs as when the daemon is started by root"},
    {.name = "node",
     .type = FL_OPTION_INT,
     .default_text = "0",
     .min = 0,
     .max = 63,
     .help = "number of this node, different for each node on one store"},
    {.name = "log_level",
     .type = FL_OPTION_ENUM,
     .default_text = "info",
     .choices = "error|warn|info|debug",
     .flags = FL_OPTION_RELOAD,
     .help = "how much is logged"},
    {.name = "drain_timeout",
     .type = FL_OPTION_DURATION,
     .default_text = "30s",
     .min = FL_US_PER_MS,
     .max = 60 * MINUTE,
     .flags = FL_OPTION_RELOAD,
     .help = "at shutdown, how long batches in hand may take"},
    {.name = "plan_interval",
     .type = FL_OPTION_DURATION,
     .default_text = "15s",
     .min = FL_US_PER_MS,
     .max = FL_US_PER_DAY,
     .flags = FL_OPTION_RELOAD,
     .help = "how often schedules are looked at"},
    {.name = NULL},
};

static const struct fl_option_spec organisation_specs[] = {
    {.name = "name",
     .type = FL_OPTION_STRING,
     .default_text = "",
     .flags = FL_OPTION_REQUIRED | FL_OPTION_RELOAD,
     .help = "name of the firm, as customers know it"},
    {.name = "postal_address",
     .type = FL_OPTION_STRING,
     .default_text = "",
     .flags = FL_OPTION_RELOAD,
     .help = "printed in footers, as the law wants"},
    {.name = "contact",
     .type = FL_OPTION_STRING,
     .default_text = "",
     .flags = FL_OPTION_RELOAD,
     .help = "where a customer reaches a person: address or number"},
    {.name = "language",
     .type = FL_OPTION_STRING,
     .default_text = "en",
     .flags = FL_OPTION_RELOAD,
     .help = "language of a customer who has none, as BCP 47 writes it"},
    {.name = "time_zone",
     .type = FL_OPTION_STRING,
     .default_text = "UTC",
     .flags = FL_OPTION_RELOAD,
     .help = "time zone of schedules and of a customer who has none"},
    {.name = "country",
     .type = FL_OPTION_STRING,
     .default_text = "ZZ",
     .flags = FL_OPTION_RELOAD,
     .help = "country of telephone numbers without '+'; ZZ: such numbers are refused"},
    {.name = "web_base",
     .type = FL_OPTION_STRING,
     .default_text = "",
     .flags = FL_OPTION_RELOAD,
     .help = "address of the public pages, https://..."},
    {.name = NULL},
};

static const struct fl_option_spec channel_specs[] = {
    {.name = "plugin",
     .type = FL_OPTION_STRING,
     .flags = FL_OPTION_REQUIRED,
     .help = "name of the plugin that delivers and collects"},
    {.name = "user",
     .type = FL_OPTION_STRING,
     .default_text = "",
     .help = "user that its hosts run as when the daemon is started by root"},
    {.name = "workers",
     .type = FL_OPTION_INT,
     .default_text = "1",
     .min = 1,
     .max = FL_CONF_WORKERS_MAX,
     .flags = FL_OPTION_RELOAD,
     .help = "processes that deliver at the same time"},
    {.name = "batch",
     .type = FL_OPTION_INT,
     .default_text = "100",
     .min = 1,
     .max = 500,
     .flags = FL_OPTION_RELOAD,
     .help = "messages that a worker gets at a time"},
    {.name = "collect_interval",
     .type = FL_OPTION_DURATION,
     .default_text = "60s",
     .min = FL_US_PER_MS,
     .max = FL_US_PER_DAY,
     .flags = FL_OPTION_RELOAD,
     .help = "how often replies are fetched"},
    {.name = "call_timeout",
     .type = FL_OPTION_DURATION,
     .default_text = "120s",
     .min = FL_US_PER_MS,
     .max = FL_US_PER_DAY,
     .flags = FL_OPTION_RELOAD,
     .help = "after this a call into the plugin is given up and its process killed"},
    {.name = "retry_first",
     .type = FL_OPTION_DURATION,
     .default_text = "1m",
     .min = FL_US_PER_MS,
     .max = RETRY_MAX,
     .flags = FL_OPTION_RELOAD,
     .help = "pause before the second try; doubled each time"},
    {.name = "retry_max",
     .type = FL_OPTION_DURATION,
     .default_text = "4h",
     .min = FL_US_PER_MS,
     .max = RETRY_MAX,
     .flags = FL_OPTION_RELOAD,
     .help = "longest pause between two tries"},
    {.name = "expire_after",
     .type = FL_OPTION_DURATION,
     .default_text = "3d",
     .min = FL_US_PER_S,
     .max = 366 * FL_US_PER_DAY,
     .flags = FL_OPTION_RELOAD,
     .help = "a message that is due for so long is not sent any more"},
    {.name = "rate",
     .type = FL_OPTION_INT,
     .default_text = "0",
     .min = 0,
     .max = 1000000,
     .flags = FL_OPTION_RELOAD,
     .help = "messages a second over all workers; 0: no limit"},
    {.name = "enabled",
     .type = FL_OPTION_BOOL,
     .default_text = "yes",
     .flags = FL_OPTION_RELOAD,
     .help = "no: nothing is delivered or collected"},
    {.name = NULL},
};

#define TEXT(type, member)                                                                         \
    {                                                                                              \
        FL_CONF_SLOT_TEXT, offsetof(struct type, member)                                           \
    }
#define NUMBER(type, member)                                                                       \
    {                                                                                              \
        FL_CONF_SLOT_NUMBER, offsetof(struct type, member)                                         \
    }
#define FLAG(type, member)                                                                         \
    {                                                                                              \
        FL_CONF_SLOT_BOOL, offsetof(struct type, member)                                           \
    }

static const struct fl_conf_slot global_slots[] = {
    TEXT(fl_conf, data_dir),
    TEXT(fl_conf, store),
    TEXT(fl_conf, control_socket),
    TEXT(fl_conf, plugin_dir),
    TEXT(fl_conf, user),
    NUMBER(fl_conf, node),
    NUMBER(fl_conf, log_level),
    NUMBER(fl_conf, drain_timeout_us),
    NUMBER(fl_conf, plan_interval_us),
};

static const struct fl_conf_slot organisation_slots[] = {
    TEXT(fl_conf, organisation), TEXT(fl_conf, postal_address), TEXT(fl_conf, contact),
    TEXT(fl_conf, language),     TEXT(fl_conf, time_zone),      TEXT(fl_conf, country),
    TEXT(fl_conf, web_base),
};

static const struct fl_conf_slot channel_slots[] = {
    TEXT(fl_conf_channel, plugin),
    TEXT(fl_conf_channel, user),
    NUMBER(fl_conf_channel, workers),
    NUMBER(fl_conf_channel, batch),
    NUMBER(fl_conf_channel, collect_interval_us),
    NUMBER(fl_conf_channel, call_timeout_us),
    NUMBER(fl_conf_channel, retry_first_us),
    NUMBER(fl_conf_channel, retry_max_us),
    NUMBER(fl_conf_channel, expire_after_us),
    NUMBER(fl_conf_channel, rate),
    FLAG(fl_conf_channel, is_enabled),
};

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))
_Static_assert(ROWS(global_slots) == ROWS(global_specs) - 1, "a slot for each row");
_Static_assert(ROWS(organisation_slots) == ROWS(organisation_specs) - 1, "a slot for each row");
_Static_assert(ROWS(channel_slots) == ROWS(channel_specs) - 1, "a slot for each row");

const struct fl_option_spec *fl_conf_global_specs(void)
{
    return global_specs;
}

const struct fl_option_spec *fl_conf_organisation_specs(void)
{
    return organisation_specs;
}

const struct fl_option_spec *fl_conf_channel_specs(void)
{
    return channel_specs;
}

const struct fl_conf_slot *fl_conf_global_slots(void)
{
    return global_slots;
}

const struct fl_conf_slot *fl_conf_organisation_slots(void)
{
    return organisation_slots;
}

const struct fl_conf_slot *fl_conf_channel_slots(void)
{
    return channel_slots;
}

static const enum fl_log_level log_levels[] = {FL_LOG_ERROR, FL_LOG_WARN, FL_LOG_INFO,
                                               FL_LOG_DEBUG};

int64_t fl_conf_log_level_of_index(int64_t index)
{
    return log_levels[index];
}

int64_t fl_conf_log_level_to_index(int64_t level)
{
    int64_t index = 0;

    while (index < (int64_t)ROWS(log_levels) - 1 && (int64_t)log_levels[index] < level)
        index++;
    return index;
}

/* ---- what a type cannot say ------------------------------------------------------------------*/

enum { TIME_ZONE_MAX = 64, LANGUAGE_MAX = 35, USER_MAX = 32, PLUGIN_MAX = 32 };

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A primary tag of letters, then tags of letters and digits; the registry is not consulted. */
static bool is_language(const char *s)
{
    size_t tag = 0, tags = 1;

    if (strlen(s) > LANGUAGE_MAX)
        return false;
    for (; *s; s++) {
        if (*s == '-') {
            if (tag < (tags == 1 ? 2 : 1))
                return false;
            tag = 0;
            tags++;
        } else if (!is_alnum(*s) || (tags == 1 && *s <= '9') || ++tag > (tags == 1 ? 3 : 8)) {
            return false;
        }
    }
    return tag >= (tags == 1 ? 2 : 1);
}

static bool is_time_zone(const char *s)
{
    static const char *const folders[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo"};
    char path[128];
    struct stat st;

    if (strcmp(s, "UTC") == 0)
        return true;
    if (!is_alnum(s[0]) || strlen(s) > TIME_ZONE_MAX || strstr(s, ".."))
        return false;
    for (const char *p = s; *p; p++)
        if (!is_alnum(*p) && !strchr("_+-/", *p))
            return false;
    for (size_t i = 0; i < ROWS(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", folders[i], s);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
            return true;
    }
    return false;
}

static bool is_country(const char *s)
{
    return strlen(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z';
}

static bool is_user(const char *s)
{
    return !*s || fl_conf_is_name(s, USER_MAX);
}

static bool is_plugin(const char *s)
{
    return fl_conf_is_name(s, PLUGIN_MAX);
}

static bool is_web_base(const char *s)
{
    const char *host = s + strlen(fl_str_starts_with(s, "https://") ? "https://" : "http://");

    if (!*s)
        return true;
    return (fl_str_starts_with(s, "https://") || fl_str_starts_with(s, "http://")) &&
           is_alnum(*host) && !strpbrk(s, " \t\"<>?#\\") && !fl_str_ends_with(s, "/");
}

static bool is_store(const char *s)
{
    return strcmp(s, "null:") == 0 || fl_str_starts_with(s, "sqlite:/");
}

static bool is_path_list(const char *s)
{
    for (;; s++) {
        if (*s != '/')
            return false;
        s += strcspn(s, ":");
        if (!*s)
            return true;
    }
}

const char *fl_conf_key_check(const char *key, const char *text)
{
    static const struct {
        const char *key;
        bool (*is_fine)(const char *s);
        const char *expected;
    } checks[] = {
        {"language", is_language, "a language tag such as ko or en-GB"},
        {"time_zone", is_time_zone, "a time zone this system knows, such as Asia/Seoul"},
        {"country", is_country, "two capital letters such as KR"},
        {"user", is_user, "the name of a user of this system"},
        {"plugin", is_plugin, "the name of a plugin: [a-z][a-z0-9_-]*, at most 32 bytes"},
        {"web_base", is_web_base, "https://HOST or https://HOST/PATH without '/' at its end"},
        {"store", is_store, "sqlite:/ABSOLUTE/PATH or null:"},
        {"plugin_dir", is_path_list, "absolute paths separated by ':'"},
        {"listen", fl_conf_is_listen,
         "ADDRESS:PORT in numbers, such as 127.0.0.1:8080 or [::]:443"},
        {"trusted_proxy", fl_conf_is_address, "an address in numbers, such as 127.0.0.1"},
        {"tls_cert", fl_conf_is_path_or_empty, "an absolute path"},
        {"tls_key", fl_conf_is_path_or_empty, "an absolute path"},
    };

    for (size_t i = 0; i < ROWS(checks); i++)
        if (strcmp(checks[i].key, key) == 0)
            return checks[i].is_fine(text) ? NULL : checks[i].expected;
    return NULL;
}
