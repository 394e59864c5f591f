/* One plugin from loading to close, and the services it is given. */
#include <stdio.h>
#include <string.h>

#include "host/host_private.h"
#include "host/host_protocol.h"

enum { ARENA_MAX = 16 << 20, INBOUND_ARENA_MAX = 256 << 20, LOG_LINE_MAX = 2000 };

/* Copies a struct of the plugin's into one of ours: members it does not know are zero.  False when
 * it is shorter than `first_size`, which the first version of the contract had. */
static bool take_sized(void *out, size_t out_size, size_t first_size, const void *theirs)
{
    uint32_t size;

    if (!theirs)
        return false;
    memcpy(&size, theirs, sizeof size);
    if (size < first_size)
        return false;
    memset(out, 0, out_size);
    memcpy(out, theirs, size < out_size ? size : out_size);
    memcpy(out, &(uint32_t){(uint32_t)out_size}, sizeof(uint32_t));
    return true;
}

static void service_log(void *host, enum fl_level level, const char *message)
{
    struct fl_host_instance *instance = host;
    char line[LOG_LINE_MAX];

    if (!message)
        return;
    snprintf(line, sizeof line, "%s", message);
    fl_log_write(&instance->log, (enum fl_log_level)level, line,
                 (const struct fl_log_kv[]){{NULL, NULL, 0}});
}

static int64_t service_now(void *host)
{
    (void)host;
    return fl_clock_now(&fl_clock_system);
}

static int service_report(void *host, const struct fl_report *report)
{
    struct fl_host_instance *instance = host;
    struct fl_report own;

    if (!take_sized(&own, sizeof own, sizeof own, report))
        return -1;
    return instance->sink->report(instance->sink->ctx, &own);
}

static int service_begin(void *host, uint32_t item)
{
    struct fl_host_instance *instance = host;

    return instance->sink->begin(instance->sink->ctx, item);
}

static struct fl_feedback_parsed nothing_parsed(const struct fl_inbound *inbound)
{
    return (struct fl_feedback_parsed){
        .kind = FL_FEEDBACK_UNKNOWN,
        .from_address = inbound->from_address ? inbound->from_address : "",
        .to_address = inbound->to_address ? inbound->to_address : "",
        .subject = "",
        .message_id = "",
        .text = "",
        .quoted = "",
        .signature = "",
        .language = "",
        .form = "",
    };
}

/* The pages of a piece stand in its raw bytes too, so one that has too many loses nothing. */
static void bound_attachments(struct fl_host_instance *instance, struct fl_inbound *inbound)
{
    size_t n = 0, bytes = 0;

    while (n < inbound->n_attachments && n < FL_FEEDBACK_ATTACHMENTS_MAX &&
           inbound->attachments[n]->data_len <= FL_FEEDBACK_RAW_MAX - bytes)
        bytes += inbound->attachments[n++]->data_len;
    if (n < inbound->n_attachments)
        FL_LOG(&instance->log, FL_LOG_WARN, "a piece has too much beside it: the rest is left out",
               FL_KV_STR("key", inbound->dedupe_key), FL_KV_INT("kept", (int64_t)n),
               FL_KV_INT("attachments", (int64_t)inbound->n_attachments));
    inbound->n_attachments = n;
}

static int service_inbound(void *host, const struct fl_inbound *inbound)
{
    struct fl_host_instance *instance = host;
    struct fl_feedback_parsed parsed;
    struct fl_inbound own;
    struct fl_error err;

    if (!take_sized(&own, sizeof own, offsetof(struct fl_inbound, form), inbound) ||
        !own.dedupe_key || !*own.dedupe_key || (!own.data && own.data_len)) {
        FL_LOG(&instance->log, FL_LOG_ERROR,
               "the plugin handed over a piece without size, key or data: it is refused");
        return -1;
    }
    if (own.data_len > FL_FEEDBACK_RAW_MAX) {
        FL_LOG(&instance->log, FL_LOG_ERROR, "a piece is too large: it stays where it is",
               FL_KV_STR("key", own.dedupe_key), FL_KV_INT("bytes", (int64_t)own.data_len));
        return -1;
    }
    if (!own.received_us)
        own.received_us = service_now(host);
    bound_attachments(instance, &own);
    fl_arena_reset(instance->inbound_arena);
    if (fl_feedback_parse(instance->inbound_arena, &own, &parsed, &err)) {
        FL_LOG(&instance->log, FL_LOG_WARN, "a piece could not be read: it is stored as it came",
               FL_KV_STR("key", own.dedupe_key), FL_KV_STR("reason", err.text));
        parsed = nothing_parsed(&own);
    }
    return instance->sink->inbound(instance->sink->ctx, &own, &parsed);
}

static int service_receipt(void *host, const struct fl_receipt *receipt)
{
    struct fl_host_instance *instance = host;
    struct fl_receipt own;

    if (!take_sized(&own, sizeof own, sizeof own, receipt) || !own.dedupe_key || !*own.dedupe_key)
        return -1;
    if (!own.at_us)
        own.at_us = service_now(host);
    return instance->sink->receipt(instance->sink->ctx, &own);
}

static int service_commit(void *host)
{
    struct fl_host_instance *instance = host;

    return instance->sink->commit(instance->sink->ctx);
}

static int service_is_stopping(void *host)
{
    struct fl_host_instance *instance = host;

    return instance->sink->is_stopping(instance->sink->ctx);
}

static int service_remember(void *host, const char *key, const void *data, size_t len)
{
    struct fl_host_instance *instance = host;

    if (!key || !*key || strlen(key) > FL_HOST_MEMORY_KEY_MAX || len > FL_HOST_MEMORY_VALUE_MAX)
        return -1;
    return instance->sink->remember(instance->sink->ctx, key, data, len);
}

static long service_recall(void *host, const char *key, void *data, size_t cap)
{
    struct fl_host_instance *instance = host;

    if (!key || !*key || strlen(key) > FL_HOST_MEMORY_KEY_MAX)
        return -1;
    return instance->sink->recall(instance->sink->ctx, key, data, cap);
}

struct fl_why fl_host_why(void)
{
    return (struct fl_why){.size = sizeof(struct fl_why)};
}

static enum fl_status status_of_call(enum fl_call call, const char *what, struct fl_why *why,
                                     struct fl_error *err)
{
    why->text[sizeof why->text - 1] = '\0';
    if (call == FL_CALL_OK)
        return FL_OK;
    return fl_error_set(err, call == FL_CALL_RETRY ? FL_UNAVAILABLE : FL_INVALID, "%s: %s", what,
                        *why->text ? why->text : "the plugin gave no reason");
}

enum fl_status fl_host_instance_load(struct fl_host_instance *instance, const char *plugin_dir,
                                     const char *plugin, const struct fl_log *log,
                                     struct fl_error *err)
{
    enum fl_status st;

    *instance = (struct fl_host_instance){.log = *log};
    instance->arena = fl_arena_create(ARENA_MAX);
    instance->inbound_arena = fl_arena_create(INBOUND_ARENA_MAX);
    if (!instance->arena || !instance->inbound_arena)
        return fl_error_set(err, FL_IO, "no memory");
    st = fl_plugin_load(plugin_dir, plugin, &instance->plugin, err);
    if (!st)
        instance->channel = fl_plugin_info(instance->plugin)->channel;
    return st;
}

enum fl_status fl_host_instance_check(struct fl_host_instance *instance,
                                      const struct fl_conf_channel *channel,
                                      struct fl_faults *faults, struct fl_error *err)
{
    struct fl_why why = fl_host_why();
    struct fl_error reason;
    enum fl_status st = fl_conf_options(instance->arena, instance->channel->options, channel,
                                        faults, &instance->options, &instance->n_options, err);

    if (st || faults->n_total)
        return st ? st : fl_faults_status(faults, err);
    if (status_of_call(instance->channel->check(instance->options, instance->n_options, &why),
                       "the plugin refuses its options", &why, &reason))
        fl_faults_add(faults, channel->file, channel->line, NULL, NULL, "%s", reason.text);
    return fl_faults_status(faults, err);
}

static bool is_secret(const struct fl_option_spec *specs, const char *key)
{
    for (; specs->name; specs++) {
        size_t len = strlen(specs->name);

        if ((specs->flags & FL_OPTION_SECRET) && !strncmp(key, specs->name, len) &&
            (!key[len] || !strcmp(key + len, "_file")))
            return true;
    }
    return false;
}

static enum fl_status read_without_secrets(struct fl_host_instance *instance,
                                           const struct fl_conf_channel *channel,
                                           struct fl_faults *faults, struct fl_error *err)
{
    const struct fl_option_spec *table = instance->channel->options;
    struct fl_option_spec specs[FL_HOST_OPTIONS_MAX + 1] = {{.name = NULL}};
    struct fl_conf_setting settings[FL_HOST_SETTINGS_MAX];
    struct fl_conf_channel bare = *channel;

    for (size_t i = 0; table[i].name; i++) { /* the gate has counted them */
        specs[i] = table[i];
        if (specs[i].flags & FL_OPTION_SECRET)
            specs[i].flags &= ~(unsigned)FL_OPTION_REQUIRED;
    }
    bare.settings = settings;
    bare.n_settings = 0;
    for (size_t i = 0; i < channel->n_settings && i < FL_HOST_SETTINGS_MAX; i++)
        if (!is_secret(table, channel->settings[i].key))
            settings[bare.n_settings++] = channel->settings[i];
    return fl_conf_options(instance->arena, specs, &bare, faults, &instance->options,
                           &instance->n_options, err);
}

enum fl_status fl_host_instance_read(struct fl_host_instance *instance,
                                     const struct fl_conf_channel *channel,
                                     struct fl_faults *faults, struct fl_error *err)
{
    enum fl_status st = fl_conf_options(instance->arena, instance->channel->options, channel,
                                        faults, &instance->options, &instance->n_options, err);

    /* Who looks at a message need not be who may read the secrets. */
    if (faults->n_total) {
        fl_faults_init(faults, faults->arena);
        st = read_without_secrets(instance, channel, faults, err);
    }
    return st ? st : fl_faults_status(faults, err);
}

enum fl_status fl_host_instance_confine(struct fl_host_instance *instance, const char *user,
                                        bool is_pure, struct fl_error *err)
{
    const char *paths[FL_HOST_OPTIONS_MAX];
    struct fl_host_rights rights = {.user = user, .paths = paths, .is_pure = is_pure};

    for (size_t i = 0; i < instance->n_options && rights.n_paths < FL_HOST_OPTIONS_MAX; i++)
        if (instance->channel->options[i].type == FL_OPTION_PATH && instance->options[i].text &&
            *instance->options[i].text)
            paths[rights.n_paths++] = instance->options[i].text;
    return fl_host_confine(&rights, &instance->log, err);
}

enum fl_status fl_host_instance_open(struct fl_host_instance *instance,
                                     const struct fl_host_sink *sink, struct fl_error *err)
{
    struct fl_why why = fl_host_why();
    enum fl_status st;

    instance->sink = sink;
    instance->services = (struct fl_services){
        .size = sizeof instance->services,
        .host = instance,
        .log = service_log,
        .now_us = service_now,
        .report = service_report,
        .inbound = service_inbound,
        .receipt = service_receipt,
        .commit = service_commit,
        .is_stopping = service_is_stopping,
        .remember = service_remember,
        .recall = service_recall,
        .begin = service_begin,
    };
    st = status_of_call(instance->channel->open(instance->options, instance->n_options,
                                                &instance->services, &instance->self, &why),
                        "the plugin cannot open", &why, err);
    instance->is_open = !st;
    return st;
}

void fl_host_instance_finish(struct fl_host_instance *instance)
{
    if (instance->is_open)
        instance->channel->close(instance->self);
    instance->is_open = false;
    fl_plugin_unload(&instance->plugin);
    fl_arena_destroy(&instance->arena);
    fl_arena_destroy(&instance->inbound_arena);
}
