/* A plugin by hand, below a debugger or in a test: no daemon, no core, JSON lines on stdout.
 *
 *     fairline-host --inproc ./mail.so --option key=value deliver items.json */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "host/host_inproc_private.h"

enum { EXIT_FINE = 0, EXIT_NEGATIVE = 1, EXIT_USAGE = 64, EXIT_DATA = 65, EXIT_CONFIG = 78 };
enum { ARENA_MAX = 512 << 20, FILE_MAX_BYTES = 64 << 20, ITEMS_MAX = 100000 };

static void print_line(const char *kind, json_t *body)
{
    json_t *line = json_pack("{s:o}", kind, body);

    if (line)
        json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII * 0);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static int inproc_report(void *ctx, const struct fl_report *report)
{
    struct fl_inproc *inproc = ctx;

    if (report->item >= inproc->n_items) {
        fprintf(stderr, "fairline-host: the plugin reports item %u of %zu\n", report->item,
                inproc->n_items);
        return 0;
    }
    print_line("report", fl_inproc_report_json(report));
    return 0;
}

static int inproc_begin(void *ctx, uint32_t item)
{
    const struct fl_inproc *inproc = ctx;

    if (item >= inproc->n_items) {
        fprintf(stderr, "fairline-host: the plugin begins item %u of %zu\n", item, inproc->n_items);
        return -1;
    }
    print_line("begin", json_pack("{s:i}", "item", (int)item));
    return 0;
}

static int inproc_inbound(void *ctx, const struct fl_inbound *inbound,
                          const struct fl_feedback_parsed *parsed)
{
    (void)ctx;
    print_line("inbound", fl_inproc_inbound_json(inbound, parsed));
    return 0;
}

static int inproc_receipt(void *ctx, const struct fl_receipt *receipt)
{
    (void)ctx;
    print_line("receipt", fl_inproc_receipt_json(receipt));
    return 0;
}

static int inproc_commit(void *ctx)
{
    (void)ctx;
    print_line("commit", json_true());
    return 0;
}

static int inproc_is_stopping(void *ctx)
{
    (void)ctx;
    return 0;
}

static int inproc_remember(void *ctx, const char *key, const void *data, size_t len)
{
    struct fl_inproc *inproc = ctx;

    print_line("remember", json_pack("{s:s, s:s%}", "key", key, "value", data, len));
    return json_object_set_new(inproc->memory, key, json_stringn_nocheck(data, len)) ? -1 : 0;
}

static long inproc_recall(void *ctx, const char *key, void *data, size_t cap)
{
    struct fl_inproc *inproc = ctx;
    json_t *value = json_object_get(inproc->memory, key);
    size_t len = json_string_length(value);

    if (!value)
        return -1;
    memcpy(data, json_string_value(value), len < cap ? len : cap);
    return (long)len;
}

static int finish_call(const char *what, enum fl_call call, struct fl_why *why)
{
    static const char *const names[] = {"ok", "retry", "failed", "unsupported"};

    why->text[sizeof why->text - 1] = '\0';
    print_line("result", json_pack("{s:s, s:s, s:s, s:i}", "call", what, "result",
                                   (unsigned)call < 4 ? names[call] : "unknown", "why", why->text,
                                   "fault", (int)why->fault));
    return call == FL_CALL_OK ? EXIT_FINE : EXIT_NEGATIVE;
}

static int do_deliver(struct fl_inproc *inproc, const char *path)
{
    const struct fl_channel_v1 *channel = inproc->instance.channel;
    struct fl_why why = fl_host_why();
    const struct fl_item **items;
    struct fl_error err;
    size_t n;
    int code = EXIT_FINE;

    if (!(channel->capabilities & FL_CAN_DELIVER))
        return finish_call("deliver", FL_CALL_UNSUPPORTED, &why);
    if (fl_inproc_items_read(inproc->arena, path, &items, &n, &err)) {
        fprintf(stderr, "fairline-host: %s\n", err.text);
        return EXIT_DATA;
    }
    for (size_t at = 0; at < n && code == EXIT_FINE; at += inproc->n_items) {
        inproc->n_items = n - at < channel->limits->batch_max ? n - at : channel->limits->batch_max;
        code = finish_call(
            "deliver", channel->deliver(inproc->instance.self, items + at, inproc->n_items, &why),
            &why);
    }
    return code;
}

static json_t *headers_json(const struct fl_http_response *response)
{
    json_t *headers = json_array();

    for (size_t i = 0; i < response->n_headers; i++)
        json_array_append_new(
            headers, json_pack("[s, s]", response->headers[i].name, response->headers[i].value));
    return headers;
}

static int do_http(struct fl_inproc *inproc, int argc, char **argv)
{
    const struct fl_channel_v1 *channel = inproc->instance.channel;
    struct fl_http_request request = {.size = sizeof request, .peer_address = "127.0.0.1"};
    struct fl_http_response response = {.size = sizeof response};
    struct fl_why why = fl_host_why();
    enum fl_call call = FL_CALL_UNSUPPORTED;
    struct fl_error err;
    char *body = NULL;
    size_t len = 0;

    if (argc < 2 ||
        (argc > 2 && fl_file_read(inproc->arena, argv[2], FILE_MAX_BYTES, &body, &len, &err)))
        return EXIT_USAGE;
    request.method = argv[0];
    request.path = argv[1];
    request.body = body;
    request.body_len = len;
    if (channel->capabilities & FL_CAN_HTTP)
        call = channel->http(inproc->instance.self, &request, &response, &why);
    if (call == FL_CALL_OK)
        print_line("response",
                   json_pack("{s:i, s:s?, s:s%, s:s?, s:o}", "status", response.status,
                             "content_type", response.content_type, "body",
                             response.body ? response.body : "", response.body_len, "location",
                             response.location, "headers", headers_json(&response)));
    return finish_call("http", call, &why);
}

static int do_call(struct fl_inproc *inproc, int argc, char **argv)
{
    const struct fl_channel_v1 *channel = inproc->instance.channel;
    struct fl_why why = fl_host_why();
    enum fl_call call = FL_CALL_UNSUPPORTED;

    if (strcmp(argv[0], "deliver") == 0 && argc == 2)
        return do_deliver(inproc, argv[1]);
    if (strcmp(argv[0], "http") == 0)
        return do_http(inproc, argc - 1, argv + 1);
    if (strcmp(argv[0], "health") == 0) {
        if (channel->capabilities & FL_CAN_HEALTH)
            call = channel->health(inproc->instance.self, &why);
    } else if (strcmp(argv[0], "collect") == 0) {
        if (channel->capabilities & FL_CAN_COLLECT)
            call = channel->collect(inproc->instance.self, &why);
    } else if (strcmp(argv[0], "lookup") == 0) {
        if (channel->capabilities & FL_CAN_LOOKUP)
            call = channel->lookup(inproc->instance.self, (const char *const *)(argv + 1),
                                   (size_t)argc - 1, &why);
    } else {
        return EXIT_USAGE;
    }
    return finish_call(argv[0], call, &why);
}

static int run_plugin(struct fl_inproc *inproc, int argc, char **argv)
{
    const struct fl_host_sink sink = {
        .ctx = inproc,
        .report = inproc_report,
        .begin = inproc_begin,
        .inbound = inproc_inbound,
        .receipt = inproc_receipt,
        .commit = inproc_commit,
        .is_stopping = inproc_is_stopping,
        .remember = inproc_remember,
        .recall = inproc_recall,
    };
    struct fl_error err;
    int code;

    if (strcmp(argv[0], "check") == 0)
        return finish_call("check", FL_CALL_OK, &(struct fl_why){.size = sizeof(struct fl_why)});
    if ((inproc->is_confined && fl_host_instance_confine(&inproc->instance, "", false, &err)) ||
        fl_host_instance_open(&inproc->instance, &sink, &err)) {
        fprintf(stderr, "fairline-host: %s\n", err.text);
        return EXIT_CONFIG;
    }
    code = do_call(inproc, argc, argv);
    return code;
}

static int load(struct fl_inproc *inproc, const char *plugin)
{
    const struct fl_conf_channel channel = {.name = plugin,
                                            .file = "command line",
                                            .settings = inproc->settings,
                                            .n_settings = inproc->n_settings};
    struct fl_log log = fl_log_root(&fl_log_stderr, "host");
    struct fl_faults faults;
    struct fl_error err;

    fl_faults_init(&faults, inproc->arena);
    if (fl_host_instance_load(&inproc->instance, "", plugin, &log, &err)) {
        fprintf(stderr, "fairline-host: %s\n", err.text);
        return EXIT_CONFIG;
    }
    if (!fl_host_instance_check(&inproc->instance, &channel, &faults, &err))
        return EXIT_FINE;
    for (size_t i = 0; i < faults.n_items; i++)
        fprintf(stderr, "fairline-host: %s\n", fl_fault_text(inproc->arena, &faults.items[i]));
    if (!faults.n_items)
        fprintf(stderr, "fairline-host: %s\n", err.text);
    return EXIT_CONFIG;
}

static bool take_option(struct fl_inproc *inproc, const char *text)
{
    const char *equals = strchr(text, '=');
    struct fl_conf_setting *setting = &inproc->settings[inproc->n_settings];

    if (!equals || inproc->n_settings == FL_HOST_OPTIONS_MAX)
        return false;
    setting->key = fl_arena_strndup(inproc->arena, text, (size_t)(equals - text));
    setting->text = equals + 1;
    setting->file = "command line";
    inproc->n_settings++;
    return setting->key != NULL;
}

int fl_host_inproc(int argc, char **argv)
{
    struct fl_inproc inproc = {.memory = json_object(), .arena = fl_arena_create(ARENA_MAX)};
    const char *plugin = argc > 0 ? argv[0] : NULL;
    char path[4096];
    int at = 1, code = EXIT_USAGE;

    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--confine") == 0)
            inproc.is_confined = true;
        else if (strcmp(argv[at], "--option") != 0 || ++at == argc ||
                 !take_option(&inproc, argv[at]))
            break;
    }
    if (plugin && inproc.arena && inproc.memory && at < argc && argv[at][0] != '-') {
        /* A name without folder means a file here, not one in plugin_dir. */
        snprintf(path, sizeof path, "%s%s", strchr(plugin, '/') ? "" : "./", plugin);
        code = load(&inproc, path);
        if (code == EXIT_FINE)
            code = run_plugin(&inproc, argc - at, argv + at);
        fl_host_instance_finish(&inproc.instance);
    }
    if (code == EXIT_USAGE)
        fprintf(stderr, "usage: fairline-host --inproc PLUGIN.so [--confine] "
                        "[--option KEY=VALUE]... CALL\n"
                        "CALL: check | health | deliver FILE.json | collect | lookup REF... | "
                        "http METHOD PATH [BODY-FILE]\n");
    json_decref(inproc.memory);
    fl_arena_destroy(&inproc.arena);
    return code;
}
