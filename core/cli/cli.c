#include "config.h"

#include "cli/cli.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/cli_private.h"
#include "fairline/channel.h"

enum { WIDTH_DEFAULT = 80, MAN_ARGS = 2 };

static void on_interrupt(int signum)
{
    static const char newline[] = "\n";

    (void)signum;
    /* Nothing to tidy: what was written is durable or rolled back by the store. */
    (void)!write(STDERR_FILENO, newline, 1);
    _exit(FL_EXIT_INTERRUPTED);
}

static int terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int64_t number;

    if (columns && fl_str_parse_i64(columns, 1, INT16_MAX, &number))
        return (int)number;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    return WIDTH_DEFAULT;
}

static void look_around(struct fl_cli *cli)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    /* Widths of Korean need a UTF-8 locale; ours or the one every Debian has. */
    if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    cli->is_out_terminal = isatty(STDOUT_FILENO);
    cli->is_err_terminal = isatty(STDERR_FILENO);
    cli->has_colour =
        !(no_colour && *no_colour) && !(term && fl_str_equal(term, "dumb")) && cli->is_out_terminal;
    cli->width = terminal_width();
}

static int version(const struct fl_cli *cli)
{
    json_t *object, *features;

    if (cli->format != FL_CLI_JSON && cli->format != FL_CLI_JSONL) {
        puts("fairline " FL_VERSION);
        return FL_EXIT_OK;
    }
    object = json_object();
    features = json_object();
    (void)json_object_set_new(object, "name", json_string("fairline"));
    (void)json_object_set_new(object, "version", json_string(FL_VERSION));
    (void)json_object_set_new(features, "channel_abi_major", json_integer(FL_CHANNEL_ABI_MAJOR));
    (void)json_object_set_new(features, "channel_abi_minor", json_integer(FL_CHANNEL_ABI_MINOR));
    (void)json_object_set_new(features, "stores", json_pack("[s, s]", "sqlite", "null"));
    (void)json_object_set_new(features, "plugin_dir", json_string(FL_PLUGIN_DIR));
    (void)json_object_set_new(features, "jansson", json_string(JANSSON_VERSION));
    (void)json_object_set_new(features, "compiler", json_string(__VERSION__));
    (void)json_object_set_new(object, "features", features);
    (void)json_dumpf(object, stdout, JSON_INDENT(2));
    fputc('\n', stdout);
    json_decref(object);
    return FL_EXIT_OK;
}

/* The operation of NOUN [VERB]; *out_used words were taken.  NULL with a code that was told. */
static const struct fl_ops_op *find_op(struct fl_cli *cli, const char **words, int n, int *out_used,
                                       int *out_code)
{
    const struct fl_ops_op *op = n > 1 ? fl_ops_find(words[0], words[1]) : NULL;

    *out_code = FL_EXIT_OK;
    *out_used = op ? 2 : 1;
    if (op)
        return op;
    if (!fl_cli_is_noun(words[0])) {
        *out_code = fl_cli_fail(cli, FL_EXIT_USAGE, "fairline --help", "no command \"%s\"%s",
                                words[0], fl_cli_suggest(cli->arena, words[0], NULL));
        return NULL;
    }
    op = fl_ops_find(words[0], NULL);
    if (op)
        return op;
    if (n > 1 && words[1][0] != '-') {
        const char *hint = fl_arena_printf(cli->arena, "fairline %s --help", words[0]);

        *out_code = fl_cli_fail(cli, FL_EXIT_USAGE, hint, "%s: no verb \"%s\"%s", words[0],
                                words[1], fl_cli_suggest(cli->arena, words[1], words[0]));
    }
    return NULL;
}

static bool asks_help(const char **words, int n)
{
    for (int i = 0; i < n; i++)
        if (fl_str_equal(words[i], "--help") || fl_str_equal(words[i], "-h"))
            return true;
    return false;
}

static int run_op(struct fl_cli *cli, const char **words, int n)
{
    int code, used;

    cli->op = find_op(cli, words, n, &used, &code);
    if (code)
        return code;
    if (!cli->op) {
        const bool wants_help = cli->globals.wants_help || asks_help(words, n);

        fl_cli_help(wants_help ? stdout : stderr, words[0], NULL);
        return wants_help ? FL_EXIT_OK : FL_EXIT_USAGE;
    }
    code = fl_cli_parse_args(cli, n - used, words + used);
    if (code)
        return code;
    if (cli->globals.wants_help) {
        fl_cli_help(stdout, cli->op->noun, cli->op);
        return FL_EXIT_OK;
    }
    if (cli->globals.wants_version)
        return version(cli);
    code = fl_cli_conf_load(cli);
    if (!code)
        code = fl_cli_attach(cli);
    if (!code)
        code = fl_cli_run(cli);
    return code;
}

static int help(struct fl_cli *cli, const char **words, int n)
{
    const struct fl_ops_op *op;
    int code, used;

    if (n == 0) {
        fl_cli_help(stdout, NULL, NULL);
        return FL_EXIT_OK;
    }
    op = find_op(cli, words, n, &used, &code);
    if (!code)
        fl_cli_help(stdout, words[0], op);
    return code;
}

static int dispatch(struct fl_cli *cli, const char **words, int n)
{
    if (cli->globals.wants_version)
        return version(cli);
    if (n == 0) {
        fl_cli_help(cli->globals.wants_help ? stdout : stderr, NULL, NULL);
        return cli->globals.wants_help ? FL_EXIT_OK : FL_EXIT_USAGE;
    }
    if (fl_str_equal(words[0], "help"))
        return help(cli, words + 1, n - 1);
    if (fl_str_equal(words[0], "completion"))
        return fl_cli_completion(cli, n > 1 ? words[1] : "");
    if (fl_str_equal(words[0], "__complete"))
        return fl_cli_complete(cli, n - 1, words + 1);
    if (fl_str_equal(words[0], "__table"))
        return fl_cli_table_dump();
    if (fl_str_equal(words[0], "__man") && n == MAN_ARGS)
        return fl_cli_man(cli->arena, words[1]);
    return run_op(cli, words, n);
}

int fl_cli_main(int argc, char **argv)
{
    const struct sigaction interrupt = {.sa_handler = on_interrupt};
    struct fl_cli cli = {.program = "fairline", .format = FL_CLI_TABLE};
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    const char **words = NULL;
    int n = 0, code;

    if (!arena)
        return FL_EXIT_INTERNAL;
    (void)sigaction(SIGINT, &interrupt, NULL);
    cli.arena = arena;
    cli.args = (struct fl_ops_args){.values = json_object(), .arena = arena};
    look_around(&cli);
    code = fl_cli_parse_globals(&cli, argc, (const char **)(uintptr_t)argv, &words, &n);
    if (!code)
        code = dispatch(&cli, words, n);
    for (int i = 0; i < cli.args.n_fds; i++)
        if (cli.args.fds[i] >= 0)
            close(cli.args.fds[i]);
    json_decref(cli.args.values);
    return code;
}
