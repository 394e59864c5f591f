/* `demo`: the sample company, from an empty folder.  Every step may be done again. */
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/str.h"
#include "ops/ops_private.h"
#include "people/people.h"

#define DEMO_SEED       UINT64_C(20260401)
#define DEMO_TIMEOUT_US (INT64_C(10) * FL_US_PER_S)
static const char TODAY_KEY[] = "demo.today";

enum {
    DEMO_CUSTOMERS = 2000,
    DEMO_CUSTOMERS_MAX = 1000000,
    DIR_MODE = 0750,
    CONF_MODE = 0640,
    DEMO_PORT = 8080
};

struct demo {
    struct fl_ops_call *call;
    struct fl_ops_context context; /* with the store and the configuration of the sample */
    struct fl_arena *arena;
    const char *dir, *samples;
};

void fl_ops_demo_done(const struct fl_ops_sink *sink, const char *step, const char *result,
                      int64_t count)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "step", step);
    fl_ops_put_str(row, "result", result);
    fl_ops_put_int(row, "count", count);
    fl_ops_row_emit(sink, row);
}

static const char *samples_folder(struct fl_ops_call *call)
{
    const char *given = fl_ops_str(call->args, "samples");
    const char *base = secure_getenv("FAIRLINE_DATA");

    if (given)
        return given;
    return fl_arena_printf(call->args->arena, "%s/samples/dairy", base ? base : FL_DATA_DIR);
}

/* A port of the loopback that nobody listens on, so that two samples can run beside each other. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    FL_AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return DEMO_PORT;
    return ntohs(address.sin_port);
}

/* `text` with every @DATA_DIR@ and @PORT@ replaced.  Plugins that are not where they are installed,
 * as in a build tree, are written down: the sample shall also run in another shell. */
static const char *fill_in(struct demo *demo, const char *text)
{
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(FL_CONF_FILE_MAX);
    const char *plugin_dir = demo->call->context->conf->plugin_dir;
    const char *port = fl_arena_printf(demo->arena, "%d", free_port());
    const struct {
        const char *mark, *value;
    } marks[] = {{"@DATA_DIR@", demo->dir}, {"@PORT@", port ? port : ""}};

    if (!fl_str_equal(plugin_dir, FL_PLUGIN_DIR))
        fl_buf_printf(&buf, "plugin_dir = \"%s\"\n", plugin_dir);
    while (*text) {
        size_t taken = 0;

        for (size_t i = 0; !taken && i < sizeof marks / sizeof marks[0]; i++)
            if (strncmp(text, marks[i].mark, strlen(marks[i].mark)) == 0) {
                fl_buf_puts(&buf, marks[i].value);
                taken = strlen(marks[i].mark);
            }
        if (!taken)
            fl_buf_putc(&buf, *text);
        text += taken ? taken : 1;
    }
    return fl_buf_failed(&buf) ? NULL : fl_arena_strndup(demo->arena, buf.data, buf.len);
}

/* What is there was perhaps changed by hand: it stays. */
static enum fl_status put_conf(struct demo *demo, struct fl_error *err)
{
    const char *to = fl_arena_printf(demo->arena, "%s/fairline.conf", demo->dir);
    const char *from = fl_arena_printf(demo->arena, "%s/dairy.conf", demo->samples);
    const char *filled;
    struct fl_faults faults;
    bool is_new = false;
    char *text;
    size_t len;
    enum fl_status st;

    if (!to || !from)
        return fl_error_set(err, FL_IO, "no memory for the sample company");
    if (access(to, F_OK) != 0) {
        st = fl_file_read(demo->arena, from, FL_CONF_FILE_MAX, &text, &len, err);
        if (st)
            return st;
        filled = fill_in(demo, text);
        if (!filled)
            return fl_error_set(err, FL_LIMIT, "\"%s\" is too large", from);
        st = fl_file_write(to, filled, strlen(filled), CONF_MODE, err);
        if (st)
            return st;
        is_new = true;
    }
    fl_faults_init(&faults, demo->arena);
    st = fl_conf_load(demo->arena, to, &faults, &demo->context.conf, err);
    if (st)
        return st;
    fl_ops_demo_done(demo->call->sink, "configuration", is_new ? "inserted" : "unchanged", 1);
    return FL_OK;
}

static const char *setting(const struct fl_conf *conf, const char *key)
{
    for (size_t i = 0; i < conf->n_channels; i++)
        for (size_t k = 0; k < conf->channels[i].n_settings; k++)
            if (fl_str_equal(conf->channels[i].settings[k].key, key))
                return conf->channels[i].settings[k].text;
    return NULL;
}

const char *fl_ops_demo_maildir(const struct fl_conf *conf, bool is_inbound)
{
    return setting(conf, is_inbound ? "inbound_maildir" : "maildir");
}

static enum fl_status make_folders(struct demo *demo, struct fl_error *err)
{
    const char *out = fl_ops_demo_maildir(demo->context.conf, false);
    const char *in = fl_ops_demo_maildir(demo->context.conf, true);
    static const char *const subs[] = {"", "/new", "/cur", "/tmp"};
    static const char *const folders[] = {"directory", "returns"}; /* of letters */
    enum fl_status st = FL_OK;

    if (!out || !in)
        return fl_error_set(err, FL_INVALID,
                            "the sample company needs a channel with maildir and inbound_maildir");
    for (size_t i = 0; !st && i < sizeof subs / sizeof subs[0]; i++)
        st = fl_dir_make(fl_arena_printf(demo->arena, "%s%s", in, subs[i]), DIR_MODE, err);
    for (size_t i = 0; !st && i < sizeof folders / sizeof folders[0]; i++) {
        const char *folder = setting(demo->context.conf, folders[i]);

        if (folder)
            st = fl_dir_make(folder, DIR_MODE, err);
    }
    return st ? st : fl_dir_make(out, DIR_MODE, err);
}

/* The day the sample was made for is kept, so that the same customers come out the next day. */
static enum fl_status sample_day(struct demo *demo, int32_t *out, struct fl_error *err)
{
    char date[FL_TIME_TEXT_SIZE];
    const char *text;
    enum fl_status st;

    st = fl_store_meta_get(demo->context.store, demo->arena, TODAY_KEY, &text, err);
    if (!st && fl_date_parse(text, out))
        return FL_OK;
    if (st && st != FL_NOT_FOUND)
        return st;
    *out = fl_date_of_time(fl_clock_now(&demo->context.clock));
    fl_date_format(*out, date);
    st = fl_store_begin(demo->context.store, err);
    if (st)
        return st;
    st = fl_store_meta_set(demo->context.store, TODAY_KEY, date, err);
    if (!st)
        st = fl_store_commit(demo->context.store, err);
    if (st)
        fl_store_rollback(demo->context.store);
    return st;
}

static enum fl_status put_customers(struct demo *demo, struct fl_error *err)
{
    struct fl_import_options options = {
        .name = "sample company",
        .country = demo->context.conf->country,
        .now_us = fl_clock_now(&demo->context.clock),
    };
    int64_t n = fl_ops_int(demo->call->args, "customers", DEMO_CUSTOMERS);
    struct fl_import_result result = {0};
    struct fl_faults faults;
    FL_AUTO_FD int fd = -1;
    int32_t today;
    char *csv;
    size_t len;
    enum fl_status st;

    if (n < 1 || n > DEMO_CUSTOMERS_MAX)
        return fl_error_set(err, FL_INVALID, "--customers %" PRId64 ": expected 1 to %d", n,
                            DEMO_CUSTOMERS_MAX);
    st = sample_day(demo, &today, err);
    if (!st)
        st = fl_people_sample(demo->arena, DEMO_SEED, (int)n, today, &csv, &len, err);
    if (!st)
        st = fl_memfd_sealed("sample", csv, len, &fd, err);
    if (st)
        return st;
    fl_faults_init(&faults, demo->arena);
    st = fl_people_import(demo->context.store, fd, &options, &faults, &result, err);
    if (faults.n_total)
        demo->call->sink->faults(demo->call->sink->ctx, &faults);
    if (st)
        return st;
    fl_ops_demo_done(demo->call->sink, "customers",
                     result.n_inserted  ? "inserted"
                     : result.n_updated ? "updated"
                                        : "unchanged",
                     result.n_rows);
    return fl_ops_demo_trade(&demo->context, demo->call->args, demo->call->sink, DEMO_SEED, (int)n,
                             today, err);
}

/* --- campaigns ---------------------------------------------------------------------------------*/

static json_t *folder_json(const char *name, const struct fl_content_version *version)
{
    json_t *folder = json_object(), *files = json_array();

    fl_ops_put_str(folder, "name", name);
    fl_ops_put_str(folder, "hash", version->hash);
    (void)json_object_set_new(folder, "files", files);
    for (size_t i = 0; i < version->n_files; i++) {
        json_t *file = json_object();

        fl_ops_put_str(file, "path", version->files[i].path);
        fl_ops_put_text(file, "body", version->files[i].body, version->files[i].body_len);
        (void)json_array_append_new(files, file);
    }
    return folder;
}

/* Every folder beside the campaign files; apply takes those a file names. */
static enum fl_status read_folders(struct demo *demo, const char *dir, json_t *out,
                                   struct fl_error *err)
{
    const char *pattern = fl_arena_printf(demo->arena, "%s/*/", dir);
    glob_t found = {0};
    enum fl_status st = FL_OK;

    if (!pattern || glob(pattern, GLOB_ONLYDIR, NULL, &found) != 0)
        found.gl_pathc = 0;
    for (size_t i = 0; !st && i < found.gl_pathc; i++) {
        char *path = fl_arena_strdup(demo->arena, found.gl_pathv[i]);
        struct fl_content_version version;

        if (!path)
            st = fl_error_set(err, FL_IO, "no memory for the contents");
        else
            path[strlen(path) - 1] = '\0';
        if (!st)
            st = fl_content_read_folder(demo->arena, path, &version, err);
        if (!st)
            (void)json_array_append_new(out, folder_json(strrchr(path, '/') + 1, &version));
    }
    globfree(&found);
    return st;
}

static void forget_row(void *ctx, json_t *row)
{
    (void)ctx;
    (void)row;
}

static enum fl_status apply_file(struct demo *demo, const char *path, json_t *folders,
                                 struct fl_error *err)
{
    struct fl_ops_sink sink = *demo->call->sink;
    struct fl_ops_args args = {.values = json_object(), .arena = demo->arena};
    json_t *bundle = json_object();
    enum fl_status st;

    fl_ops_put_str(bundle, "name", path);
    fl_ops_put_str(bundle, "path", path);
    (void)json_object_set(bundle, "folders", folders);
    (void)json_object_set_new(args.values, "file", bundle);
    sink.row = forget_row; /* the demo tells of steps, not of every piece */
    st = fl_ops_campaign_apply_run(&demo->context, &args, &sink, err);
    json_decref(args.values);
    return st ? fl_error_prefix(err, st, "%s", path) : FL_OK;
}

static enum fl_status apply_all(struct demo *demo, struct fl_error *err)
{
    const char *dir = fl_arena_printf(demo->arena, "%s/campaigns", demo->samples);
    const char *pattern = fl_arena_printf(demo->arena, "%s/*.conf", dir);
    json_t *folders = json_array();
    glob_t found = {0};
    enum fl_status st = read_folders(demo, dir, folders, err);

    if (!st && (!pattern || glob(pattern, 0, NULL, &found) != 0))
        st = fl_error_set(err, FL_NOT_FOUND, "no campaign files \"%s\"", pattern ? pattern : "");
    for (size_t i = 0; !st && i < found.gl_pathc; i++)
        st = apply_file(demo, found.gl_pathv[i], folders, err);
    globfree(&found);
    json_decref(folders);
    return st;
}

static enum fl_status schedule_all(struct demo *demo, struct fl_error *err)
{
    struct fl_campaign_row *rows;
    int64_t n_scheduled = 0;
    size_t n;
    enum fl_status st;

    st = fl_ops_campaigns(&demo->context, demo->arena, false, &rows, &n, err);
    if (!st)
        st = fl_store_begin(demo->context.store, err);
    if (st)
        return st;
    for (size_t i = 0; !st && i < n; i++) {
        if (rows[i].state != FL_CAMPAIGN_DRAFT)
            continue;
        st = fl_store_campaign_set_state(demo->context.store, rows[i].id, FL_CAMPAIGN_SCHEDULED, "",
                                         err);
        n_scheduled++;
    }
    if (!st)
        st = fl_store_commit(demo->context.store, err);
    if (st) {
        fl_store_rollback(demo->context.store);
        return st;
    }
    fl_ops_demo_done(demo->call->sink, "campaigns", n_scheduled ? "scheduled" : "unchanged",
                     (int64_t)n);
    return FL_OK;
}

static enum fl_status fill_store(struct demo *demo, struct fl_error *err)
{
    const struct fl_store_options options = {
        .clock = demo->context.clock,
        .log = demo->context.log,
        .node = (int)demo->context.conf->node,
        .create_if_missing = true,
        .busy_timeout_us = DEMO_TIMEOUT_US,
        .cache_bytes = FL_STORE_CACHE_IMPORT,
    };
    enum fl_status st =
        fl_store_open(demo->context.conf->store, &options, &demo->context.store, err);

    if (!st)
        st = put_customers(demo, err);
    if (!st)
        st = apply_all(demo, err);
    if (!st)
        st = schedule_all(demo, err);
    fl_store_close(&demo->context.store);
    return st;
}

FL_OPS_RUN(fl_ops_demo_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct demo demo = {
        .call = &call,
        .context = *context,
        .arena = args->arena,
        .dir = context->conf->data_dir,
        .samples = samples_folder(&call),
    };
    FL_AUTO_FD int lock = -1;
    enum fl_status st;

    if (!demo.samples)
        return fl_error_set(err, FL_IO, "no memory for the sample company");
    if (fl_ops_is_dry(args)) {
        fl_ops_note(sink, "the sample company of \"%s\" would be set up in \"%s\"", demo.samples,
                    demo.dir);
        return FL_OK;
    }
    st = fl_dir_make(demo.dir, DIR_MODE, err);
    if (!st)
        st = fl_lock_take(demo.dir, &lock, err);
    if (st == FL_AGAIN)
        return fl_error_set(err, FL_UNAVAILABLE,
                            "the gateway is running in \"%s\"; stop it, or give another --data-dir",
                            demo.dir);
    if (!st)
        st = put_conf(&demo, err);
    if (!st)
        st = make_folders(&demo, err);
    return st ? st : fill_store(&demo, err);
}
