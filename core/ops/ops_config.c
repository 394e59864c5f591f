/* `config check|dump|help`: the file, what it says, and what may stand in it. */
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "host/host.h"
#include "ops/ops_private.h"

enum { DUMP_MAX = 4 << 20 };

/* A file given by hand is checked as it stands; else the one in force, which was read already. */
static enum fl_status given(struct fl_ops_args *args, const struct fl_conf **inout,
                            struct fl_faults *faults, struct fl_error *err)
{
    const json_t *value = json_object_get(args->values, "file");
    FL_AUTO_FD int fd = -1;
    const char *name;
    char *text;
    size_t len;
    enum fl_status st;

    if (!value)
        return FL_OK;
    st = fl_ops_file(args, value, &fd, &name, err);
    if (!st)
        st = fl_file_read_fd(args->arena, fd, FL_CONF_FILE_MAX, &text, &len, err);
    if (st)
        return st;
    return fl_conf_parse(args->arena, name, text, faults, inout, err);
}

FL_OPS_RUN(fl_ops_config_check_run)
{
    const struct fl_conf *conf = context->conf;
    struct fl_faults faults;
    struct fl_ops_context other = *context;
    enum fl_status st;
    json_t *row;

    fl_faults_init(&faults, args->arena);
    st = given(args, &conf, &faults, err);
    other.conf = conf;
    for (size_t i = 0; !st && i < conf->n_channels; i++) {
        const struct fl_conf_channel *channel = &conf->channels[i];
        struct fl_error why = {0};
        size_t n = faults.n_total;

        if (channel->is_enabled &&
            fl_ops_channel_options(&other, args->arena, channel, &faults, &why) &&
            faults.n_total == n)
            fl_faults_add(&faults, channel->file, channel->line, "channel", channel->name, "%s",
                          why.text);
    }
    if (!st)
        fl_conf_check_files(conf, &faults);
    if (!st)
        st = fl_faults_status(&faults, err);
    if (faults.n_total)
        sink->faults(sink->ctx, &faults);
    if (st)
        return st;
    row = json_object();
    fl_ops_put_str(row, "result", "OK");
    fl_ops_put_str(row, "file", conf->file ? conf->file : "defaults");
    fl_ops_put_int(row, "channels", (int64_t)conf->n_channels);
    fl_ops_row_emit(sink, row);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_config_dump_run)
{
    enum fl_conf_dump what = FL_CONF_DUMP_ALL;
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(DUMP_MAX);
    json_t *row;

    if (fl_ops_bool(args, "defaults"))
        what = FL_CONF_DUMP_DEFAULTS;
    else if (fl_ops_bool(args, "non-defaults"))
        what = FL_CONF_DUMP_CHANGED;
    fl_conf_dump(args->arena, context->conf, what, &buf);
    if (fl_buf_failed(&buf))
        return fl_error_set(err, FL_LIMIT, "the configuration is above %d bytes", DUMP_MAX);
    row = json_object();
    fl_ops_put_str(row, "file", context->conf->file);
    fl_ops_put_text(row, "text", buf.data, buf.len);
    fl_ops_row_emit(sink, row);
    return FL_OK;
}

static int64_t help_table(struct fl_ops_call *call, const char *section,
                          const struct fl_option_spec *specs)
{
    const char *wanted = fl_ops_str(call->args, "key");
    struct fl_arena *arena = call->args->arena;
    int64_t n = 0;

    for (; specs->name; specs++) {
        const char *key =
            *section ? fl_arena_printf(arena, "%s.%s", section, specs->name) : specs->name;
        json_t *row;

        if (wanted && !fl_str_equal(wanted, specs->name) && !fl_str_equal(wanted, key) &&
            !(*section && fl_str_equal(wanted, section)))
            continue;
        row = json_object();
        fl_ops_put_str(row, "key", key);
        fl_ops_put_str(row, "expected", fl_conf_spec_expected(arena, specs));
        fl_ops_put_str(row, "default", specs->default_text);
        fl_ops_put_bool(row, "is_required", specs->flags & FL_OPTION_REQUIRED);
        fl_ops_put_bool(row, "is_reloaded", specs->flags & FL_OPTION_RELOAD);
        fl_ops_put_str(row, "help", specs->help);
        fl_ops_row_emit(call->sink, row);
        n++;
    }
    return n;
}

FL_OPS_RUN(fl_ops_config_help_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    int64_t n = help_table(&call, "", fl_conf_global_specs());

    n += help_table(&call, "organisation", fl_conf_organisation_specs());
    n += help_table(&call, "front", fl_conf_front_specs());
    n += help_table(&call, "value", fl_conf_worth_specs());
    n += help_table(&call, "channel", fl_conf_channel_specs());
    if (n == 0)
        return fl_error_set(err, FL_NOT_FOUND, "no key or section \"%s\" in fairline.conf",
                            fl_ops_str(args, "key"));
    return FL_OK;
}
