/* argv to an operation and its arguments, by popt. */
#include <popt.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli_private.h"

enum { GLOBAL_BASE = 1000, PARAM_BASE = 2000, OPTIONS_MAX = 64 };
enum global {
    GLOBAL_CONF,
    GLOBAL_DATA_DIR,
    GLOBAL_OUTPUT,
    GLOBAL_FIELDS,
    GLOBAL_LIMIT,
    GLOBAL_DRY_RUN,
    GLOBAL_YES,
    GLOBAL_QUIET,
    GLOBAL_VERSION,
    GLOBAL_HELP
};

/* In the order of enum global. */
const struct fl_cli_global_option fl_cli_global_options[] = {
    {"config", 'c', "FILE", "configuration file"},
    {"data-dir", 0, "DIR", "folder of the store and the control socket"},
    {"output", 'o', "FORMAT", "table, json, jsonl, csv or name"},
    {"fields", 0, "LIST", "members to show, separated by ','"},
    {"limit", 0, "N", "at most so many rows; 0: all"},
    {"dry-run", 0, NULL, "do everything but write and send"},
    {"yes", 'y', NULL, "do not ask"},
    {"quiet", 'q', NULL, "no words but errors"},
    {"version", 0, NULL, "version and what it was built with (-o json)"},
    {"help", 'h', NULL, "this help, for every command"},
    {NULL, 0, NULL, NULL},
};

static int set_global(struct fl_cli *cli, enum global which, const char *value)
{
    struct fl_cli_globals *globals = &cli->globals;

    switch (which) {
    case GLOBAL_CONF:
        globals->conf_path = value;
        break;
    case GLOBAL_DATA_DIR:
        globals->data_dir = value;
        break;
    case GLOBAL_OUTPUT:
        if (!fl_cli_format_parse(value, &cli->format))
            return fl_cli_usage(cli, "-o \"%s\": expected table, json, jsonl, csv or name", value);
        globals->format = value;
        break;
    case GLOBAL_FIELDS:
        globals->fields = value;
        break;
    case GLOBAL_LIMIT:
        if (!fl_str_parse_i64(value, 0, INT64_MAX, &globals->limit))
            return fl_cli_usage(cli, "--limit \"%s\": expected a number from 0 on", value);
        globals->has_limit = true;
        break;
    case GLOBAL_DRY_RUN:
        globals->is_dry_run = true;
        break;
    case GLOBAL_YES:
        globals->is_yes = true;
        break;
    case GLOBAL_QUIET:
        globals->is_quiet = true;
        break;
    case GLOBAL_VERSION:
        globals->wants_version = true;
        break;
    case GLOBAL_HELP:
        globals->wants_help = true;
        break;
    }
    return FL_EXIT_OK;
}

static size_t add_globals(struct poptOption *options, size_t n)
{
    for (int i = 0; fl_cli_global_options[i].name; i++)
        options[n++] = (struct poptOption){
            .longName = fl_cli_global_options[i].name,
            .shortName = fl_cli_global_options[i].letter,
            .argInfo = fl_cli_global_options[i].value ? POPT_ARG_STRING : POPT_ARG_NONE,
            .val = GLOBAL_BASE + i};
    return n;
}

static unsigned arg_info(const struct fl_ops_param *param)
{
    if (param->type == FL_OPS_BOOL)
        return POPT_ARG_NONE;
    return POPT_ARG_STRING | (param->flags & FL_OPS_BARE ? POPT_ARGFLAG_OPTIONAL : 0);
}

static size_t add_params(struct poptOption *options, size_t n, const struct fl_ops_param *params)
{
    for (int i = 0; params[i].name; i++)
        if (!(params[i].flags & FL_OPS_POSITIONAL))
            options[n++] = (struct poptOption){.longName = params[i].name,
                                               .shortName = params[i].letter,
                                               .argInfo = arg_info(&params[i]),
                                               .val = PARAM_BASE + i};
    return n;
}

static const struct fl_ops_param *next_positional(const struct fl_ops_param *params, int *at)
{
    for (; params[*at].name; (*at)++)
        if (params[*at].flags & FL_OPS_POSITIONAL)
            return &params[*at];
    return NULL;
}

static int set_typed(struct fl_cli *cli, const struct fl_ops_param *param, const char *text,
                     json_t **out)
{
    int64_t number;

    switch (param->type) {
    case FL_OPS_BOOL:
        *out = json_true();
        return FL_EXIT_OK;
    case FL_OPS_INT:
        if (!fl_str_parse_i64(text, 0, INT64_MAX, &number))
            return fl_cli_usage(cli, "--%s \"%s\": expected a number from 0 on", param->name, text);
        *out = json_integer(number);
        return FL_EXIT_OK;
    case FL_OPS_STRING:
    case FL_OPS_FILE:
    case FL_OPS_FOLDER:
    case FL_OPS_BUNDLE:
    case FL_OPS_PATH:
        break;
    }
    *out = json_string(text);
    return *out ? FL_EXIT_OK : fl_cli_usage(cli, "\"%s\" is not UTF-8", param->name);
}

static bool is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);

    for (const char *p = choices; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (strcspn(p, "|") == len && strncmp(p, text, len) == 0)
            return true;
    return false;
}

static int set_param(struct fl_cli *cli, const struct fl_ops_param *param, const char *text)
{
    const char *dashes = param->flags & FL_OPS_POSITIONAL ? "" : "--";
    json_t *value, *list = json_object_get(cli->args.values, param->name);
    int code;

    if (!text && (param->flags & FL_OPS_BARE))
        text =
            fl_arena_printf(cli->arena, "%.*s", (int)strcspn(param->choices, "|"), param->choices);
    if (param->choices && !is_choice(param->choices, text))
        return fl_cli_usage(cli, "%s%s \"%s\": expected %s", dashes, param->name, text,
                            param->choices);
    if (list && !(param->flags & FL_OPS_REPEATED))
        return fl_cli_usage(cli, "%s%s is given twice", dashes, param->name);
    code = set_typed(cli, param, text, &value);
    if (code)
        return code;
    if (!(param->flags & FL_OPS_REPEATED)) {
        (void)json_object_set_new(cli->args.values, param->name, value);
        return FL_EXIT_OK;
    }
    if (!list) {
        list = json_array();
        (void)json_object_set_new(cli->args.values, param->name, list);
    }
    (void)json_array_append_new(list, value);
    return FL_EXIT_OK;
}

static int on_option(struct fl_cli *cli, poptContext popt, int val)
{
    char *text = poptGetOptArg(popt);
    const char *copy = fl_arena_strdup(cli->arena, text);

    free(text);
    if (val >= PARAM_BASE)
        return set_param(cli, &cli->op->params[val - PARAM_BASE], copy);
    return set_global(cli, (enum global)(val - GLOBAL_BASE), copy);
}

/* popt's own words, with the option it means. */
static int on_error(struct fl_cli *cli, poptContext popt, int error)
{
    const char *word = poptBadOption(popt, POPT_BADOPTION_NOALIAS);

    switch (error) {
    case POPT_ERROR_BADOPT:
        return fl_cli_usage(cli, "no option \"%s\"", word);
    case POPT_ERROR_NOARG:
        return fl_cli_usage(cli, "%s needs a value", word);
    default:
        return fl_cli_usage(cli, "%s: %s", word, poptStrerror(error));
    }
}

int fl_cli_parse_globals(struct fl_cli *cli, int argc, const char **argv, const char ***out_rest,
                         int *out_n)
{
    struct poptOption options[OPTIONS_MAX] = {0};
    const char **left, **rest;
    int code = FL_EXIT_OK, val, n = 0;
    poptContext popt;

    (void)add_globals(options, 0);
    popt = poptGetContext(NULL, argc, argv, options, POPT_CONTEXT_POSIXMEHARDER);
    while (!code && (val = poptGetNextOpt(popt)) >= 0)
        code = on_option(cli, popt, val);
    if (!code && val < -1)
        code = on_error(cli, popt, val);
    left = poptGetArgs(popt);
    while (left && left[n])
        n++;
    rest = FL_ARENA_ARRAY(cli->arena, const char *, (size_t)n + 1);
    for (int i = 0; rest && i < n; i++)
        rest[i] = fl_arena_strdup(cli->arena, left[i]);
    poptFreeContext(popt);
    *out_rest = rest;
    *out_n = rest ? n : 0;
    return code;
}

static int check_needed(struct fl_cli *cli)
{
    for (const struct fl_ops_param *param = cli->op->params; param->name; param++) {
        const bool is_positional = param->flags & FL_OPS_POSITIONAL;

        if (!(param->flags & FL_OPS_NEEDED) || json_object_get(cli->args.values, param->name))
            continue;
        return fl_cli_usage(cli, "%s%s is missing: %s", is_positional ? "" : "--",
                            is_positional ? fl_cli_metavar(cli->arena, param) : param->name,
                            param->help);
    }
    return FL_EXIT_OK;
}

int fl_cli_parse_args(struct fl_cli *cli, int argc, const char **argv)
{
    struct poptOption options[OPTIONS_MAX] = {0};
    int code = FL_EXIT_OK, val, at = 0;
    const char **left;
    poptContext popt;

    (void)add_params(options, add_globals(options, 0), cli->op->params);
    popt = poptGetContext(NULL, argc, argv, options, POPT_CONTEXT_KEEP_FIRST);
    while (!code && (val = poptGetNextOpt(popt)) >= 0)
        code = on_option(cli, popt, val);
    if (!code && val < -1)
        code = on_error(cli, popt, val);
    left = poptGetArgs(popt);
    for (; !code && !cli->globals.wants_help && left && *left; left++) {
        const struct fl_ops_param *param = next_positional(cli->op->params, &at);

        code = param ? set_param(cli, param, fl_arena_strdup(cli->arena, *left))
                     : fl_cli_usage(cli, "\"%s\" is one argument too many", *left);
        if (param && !(param->flags & FL_OPS_REPEATED))
            at++;
    }
    poptFreeContext(popt);
    if (code || cli->globals.wants_help || cli->globals.wants_version)
        return code;
    if (cli->globals.has_limit)
        (void)json_object_set_new(cli->args.values, "limit", json_integer(cli->globals.limit));
    if (cli->globals.is_dry_run)
        (void)json_object_set_new(cli->args.values, "dry-run", json_true());
    return check_needed(cli);
}
