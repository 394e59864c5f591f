/* Runs one operation and tells what came of it. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/cli_private.h"

enum { FOLLOW_INTERVAL_MS = 1000, AWAIT_INTERVAL_MS = 100, ANSWER_SIZE = 16 };

int fl_cli_exit_of(enum fl_status status)
{
    switch (status) {
    case FL_OK:
        return FL_EXIT_OK;
    case FL_INVALID:
    case FL_LIMIT:
        return FL_EXIT_DATA;
    case FL_NOT_FOUND:
    case FL_CONFLICT:
        return FL_EXIT_NEGATIVE;
    case FL_UNAVAILABLE:
        return FL_EXIT_UNAVAILABLE;
    case FL_AGAIN:
    case FL_UNCERTAIN:
        return FL_EXIT_AGAIN;
    case FL_REJECTED:
        return FL_EXIT_DENIED;
    case FL_IO:
        return FL_EXIT_IO;
    case FL_INTERNAL:
        break;
    }
    return FL_EXIT_INTERNAL;
}

static void on_row(void *ctx, json_t *row)
{
    struct fl_cli *cli = ctx;
    const char *id = json_string_value(json_object_get(row, "id"));

    if (id)
        snprintf(cli->last_id, sizeof cli->last_id, "%s", id);
    if ((cli->op->flags & FL_OPS_CHECKS) &&
        fl_str_equal(json_string_value(json_object_get(row, "result")), "FAIL"))
        cli->has_fail_row = true;
    fl_cli_progress_clear(cli->progress);
    fl_cli_out_row(cli->out, row);
}

static void on_note(void *ctx, const char *text)
{
    struct fl_cli *cli = ctx;

    if (cli->globals.is_quiet)
        return;
    fl_cli_progress_clear(cli->progress);
    fl_cli_put_harmless(stderr, text, strlen(text));
    fputc('\n', stderr);
}

static void on_progress(void *ctx, const char *what, int64_t done, int64_t total)
{
    struct fl_cli *cli = ctx;

    fl_cli_progress_show(cli->progress, what, done, total);
}

static json_t *fault_json(const struct fl_fault *fault)
{
    json_t *object = json_object();

    (void)json_object_set_new(object, "file", fault->file ? json_string(fault->file) : NULL);
    (void)json_object_set_new(object, "line", json_integer(fault->line));
    (void)json_object_set_new(object, "field", fault->field ? json_string(fault->field) : NULL);
    (void)json_object_set_new(object, "value", fault->value ? json_string(fault->value) : NULL);
    (void)json_object_set_new(object, "reason", json_string(fault->reason));
    return object;
}

/* One a line; with -o json they are part of the error object. */
static void on_faults(void *ctx, const struct fl_faults *faults)
{
    struct fl_cli *cli = ctx;

    cli->n_faults = faults->n_total;
    fl_cli_progress_clear(cli->progress);
    for (size_t i = 0; i < faults->n_items; i++) {
        const char *text;

        if (cli->format == FL_CLI_JSON) {
            (void)json_array_append_new(cli->faults, fault_json(&faults->items[i]));
            continue;
        }
        text = fl_fault_text(cli->arena, &faults->items[i]);
        if (text)
            fl_cli_put_harmless(stderr, text, strlen(text));
        fputc('\n', stderr);
    }
    if (faults->n_total > faults->n_items)
        fprintf(stderr, "and %zu more\n", faults->n_total - faults->n_items);
}

static struct fl_ops_sink sink_of(struct fl_cli *cli)
{
    return (struct fl_ops_sink){
        .ctx = cli, .row = on_row, .note = on_note, .progress = on_progress, .faults = on_faults};
}

static bool has_param(const struct fl_ops_op *op, const char *name)
{
    for (const struct fl_ops_param *param = op->params; param->name; param++)
        if (fl_str_equal(param->name, name))
            return true;
    return false;
}

/* The command that leads on, where one does. */
static const char *hint_of(const struct fl_cli *cli, const struct fl_error *err)
{
    static const struct {
        const char *param, *hint;
    } lists[] = {
        {"campaign", "fairline campaign list"}, {"customer", "fairline customer list"},
        {"feedback", "fairline feedback list"}, {"message", "fairline queue list"},
        {"plugin", "fairline plugin list"},     {"channel", "fairline channel list"},
        {"content", "fairline content list"},
    };

    if (err->status == FL_UNAVAILABLE)
        return "fairline doctor";
    if (err->status != FL_NOT_FOUND)
        return NULL;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (has_param(cli->op, lists[i].param) && strstr(err->text, lists[i].param))
            return lists[i].hint;
    return NULL;
}

static void error_json(struct fl_cli *cli, const struct fl_error *err)
{
    json_t *object = json_object(), *error = json_object();

    (void)json_object_set_new(error, "status", json_string(fl_status_name(err->status)));
    (void)json_object_set_new(error, "text", json_string(err->text));
    (void)json_object_set_new(object, "error", error);
    (void)json_object_set(object, "faults", cli->faults);
    (void)json_dumpf(object, stdout, JSON_INDENT(2));
    fputc('\n', stdout);
    json_decref(object);
}

static int tell(struct fl_cli *cli, enum fl_status st, struct fl_error *err)
{
    int code = fl_cli_exit_of(st);

    if (st == FL_INVALID && cli->n_faults && fl_str_equal(cli->op->noun, "config"))
        code = FL_EXIT_CONFIG;
    err->status = st;
    if (cli->format == FL_CLI_JSON && fl_cli_out_count(cli->out) == 0)
        error_json(cli, err);
    else
        fl_cli_out_finish(cli->out);
    if (cli->n_faults)
        return fl_cli_fail(cli, code, NULL, "%zu fault%s%s", cli->n_faults,
                           cli->n_faults == 1 ? "" : "s",
                           cli->op->flags & FL_OPS_WRITES ? "; nothing was changed" : "");
    return fl_cli_fail(cli, code, hint_of(cli, err), "%s",
                       *err->text ? err->text : fl_status_name(st));
}

static struct fl_cli_out *out_create(struct fl_cli *cli, FILE *stream, bool is_terminal)
{
    struct fl_cli_out_options options = {
        .stream = stream,
        .format = cli->format,
        .columns = cli->globals.fields,
        .is_terminal = is_terminal,
        .has_colour = cli->has_colour && is_terminal,
        .width = cli->width,
    };

    if (!options.columns && (cli->format == FL_CLI_TABLE || cli->format == FL_CLI_NAME)) {
        options.columns = cli->op->columns;
        options.has_own_columns = true;
    }
    if (!cli->globals.format && (cli->op->flags & FL_OPS_RAW) && !cli->globals.fields)
        options.format = FL_CLI_RAW;
    return fl_cli_out_create(&options);
}

static bool ask(struct fl_cli *cli)
{
    char answer[ANSWER_SIZE];

    fprintf(stderr, "Go on with \"%s\"? [y/N] ", fl_cli_command(cli));
    fflush(stderr);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* What sends or deletes is first done dry, with its rows beside the question. */
static int confirm(struct fl_cli *cli, struct fl_cli_place *place)
{
    const struct fl_ops_sink sink = sink_of(cli);
    struct fl_error err = {0};
    struct fl_cli_out *out = cli->out;
    enum fl_status st;

    if (!(cli->op->flags & FL_OPS_CONFIRMS) || cli->globals.is_yes || cli->globals.is_dry_run)
        return FL_EXIT_OK;
    if (!isatty(STDIN_FILENO) || !cli->is_err_terminal)
        return fl_cli_usage(cli, "this sends or deletes; a script says --yes, or --dry-run");
    (void)json_object_set_new(cli->args.values, "dry-run", json_true());
    cli->out = out_create(cli, stderr, true);
    st = cli->out ? fl_cli_place_call(place, &sink, &err) : FL_IO;
    if (cli->out && !st)
        fl_cli_out_finish(cli->out);
    fl_cli_out_destroy(&cli->out);
    cli->out = out;
    (void)json_object_del(cli->args.values, "dry-run");
    if (st)
        return tell(cli, st, &err);
    return ask(cli) ? FL_EXIT_OK : fl_cli_fail(cli, FL_EXIT_NEGATIVE, NULL, "nothing was done");
}

/* Calls again and again, each time from the last row on, until the reader or a signal ends it. */
static enum fl_status follow(struct fl_cli *cli, struct fl_cli_place *place,
                             const struct fl_ops_sink *sink, struct fl_error *err)
{
    const struct timespec pause = {.tv_sec = FOLLOW_INTERVAL_MS / 1000};
    enum fl_status st = FL_OK;

    while (!st && !ferror(stdout)) {
        fl_cli_out_finish(cli->out);
        nanosleep(&pause, NULL);
        (void)json_object_set_new(cli->args.values, "after",
                                  json_string(*cli->last_id ? cli->last_id : "1"));
        st = fl_cli_place_call(place, sink, err);
    }
    return st;
}

/* Asks again until what was begun has come to its end. */
static enum fl_status await(struct fl_cli *cli, struct fl_cli_place *place,
                            const struct fl_ops_sink *sink, struct fl_error *err)
{
    const struct timespec pause = {.tv_nsec = AWAIT_INTERVAL_MS * 1000000L};
    enum fl_status st = FL_AGAIN;

    (void)json_object_set_new(cli->args.values, "again", json_true());
    while (st == FL_AGAIN) {
        nanosleep(&pause, NULL);
        st = fl_cli_place_call(place, sink, err);
    }
    return st;
}

static int call(struct fl_cli *cli, struct fl_cli_place *place)
{
    const struct fl_ops_sink sink = sink_of(cli);
    struct fl_error err = {0};
    enum fl_status st = fl_cli_place_call(place, &sink, &err);

    if (st == FL_AGAIN && (cli->op->flags & FL_OPS_AWAITS))
        st = await(cli, place, &sink, &err);
    if (!st && (cli->op->flags & FL_OPS_FOLLOWS))
        st = follow(cli, place, &sink, &err);
    fl_cli_progress_clear(cli->progress);
    if (st)
        return tell(cli, st, &err);
    fl_cli_out_finish(cli->out);
    if (fflush(stdout) != 0)
        return fl_cli_fail(cli, FL_EXIT_IO, NULL, "cannot write to standard output");
    if (fl_cli_out_count(cli->out) == 0 && fl_cli_out_lost(cli->out) > 0)
        return fl_cli_usage(cli, "no row has any of the fields asked for");
    return cli->has_fail_row ? FL_EXIT_NEGATIVE : FL_EXIT_OK;
}

int fl_cli_run(struct fl_cli *cli)
{
    struct fl_cli_place *place = NULL;
    struct fl_error err = {0};
    enum fl_status st;
    int code;

    if ((cli->op->flags & FL_OPS_FOLLOWS) && cli->format == FL_CLI_JSON)
        return fl_cli_usage(cli, "it has no end: expected -o jsonl instead of json");
    cli->faults = json_array();
    cli->out = out_create(cli, stdout, cli->is_out_terminal);
    if (!cli->out || !cli->faults)
        return fl_cli_fail(cli, FL_EXIT_INTERNAL, NULL, "no memory");
    if (cli->is_err_terminal && !cli->globals.is_quiet)
        cli->progress = fl_cli_progress_create(stderr, cli->width);
    st = fl_cli_place_open(cli, &place, &err);
    code = st ? tell(cli, st, &err) : confirm(cli, place);
    if (!st && !code)
        code = call(cli, place);
    fl_cli_place_close(&place);
    fl_cli_progress_destroy(&cli->progress);
    fl_cli_out_destroy(&cli->out);
    json_decref(cli->faults);
    return code;
}
