/* Help and the words that lead to it, all from the table. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli_private.h"
#include "conf/conf_file.h"

enum { WORD_MAX = 64, METAVAR_MAX = 32, LEFT_WIDTH = 24 };

bool fl_cli_is_noun(const char *noun)
{
    for (const struct fl_ops_op *op = fl_ops_table(); op->noun; op++)
        if (fl_str_equal(op->noun, noun))
            return true;
    return false;
}

static void upper(char *out, size_t size, const char *text)
{
    size_t i = 0;

    for (; text[i] && i + 1 < size; i++)
        out[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
    out[i] = '\0';
}

const char *fl_cli_metavar(struct fl_arena *arena, const struct fl_ops_param *param)
{
    char text[METAVAR_MAX];

    upper(text, sizeof text, param->name);
    return fl_arena_strdup(arena, text);
}

static void print_usage(FILE *stream, const struct fl_ops_op *op)
{
    char metavar[METAVAR_MAX];

    fprintf(stream, "usage: fairline %s%s%s", op->noun, op->verb ? " " : "",
            op->verb ? op->verb : "");
    for (const struct fl_ops_param *param = op->params; param->name; param++) {
        const bool is_needed = param->flags & FL_OPS_NEEDED;
        const char *dots = param->flags & FL_OPS_REPEATED ? "..." : "";

        upper(metavar, sizeof metavar, param->name);
        if (param->flags & FL_OPS_POSITIONAL)
            fprintf(stream, is_needed ? " %s%s" : " [%s%s]", metavar, dots);
        else if (is_needed && param->type == FL_OPS_BOOL)
            fprintf(stream, " --%s", param->name);
        else if (is_needed)
            fprintf(stream, " --%s %s%s", param->name, metavar, dots);
    }
    fputs(" [options]\n", stream);
}

static void print_left(FILE *stream, const char *left, const char *help)
{
    if (strlen(left) > LEFT_WIDTH)
        fprintf(stream, "  %s\n  %-*s  %s\n", left, LEFT_WIDTH, "", help);
    else
        fprintf(stream, "  %-*s  %s\n", LEFT_WIDTH, left, help);
}

static void print_choices(FILE *stream, const char *choices)
{
    fprintf(stream, "  %-*s  one of ", LEFT_WIDTH, "");
    for (const char *p = choices; *p; p++)
        if (*p == '|')
            fputs(", ", stream);
        else
            fputc(*p, stream);
    fputc('\n', stream);
}

static void print_params(FILE *stream, const struct fl_ops_op *op, bool is_positional)
{
    const char *title = is_positional ? "\narguments:\n" : "\noptions:\n";
    char left[2 * WORD_MAX], metavar[METAVAR_MAX];

    for (const struct fl_ops_param *param = op->params; param->name; param++) {
        if (!(param->flags & FL_OPS_POSITIONAL) == is_positional)
            continue;
        fputs(title, stream);
        title = "";
        upper(metavar, sizeof metavar, param->name);
        if (is_positional)
            snprintf(left, sizeof left, "%s", metavar);
        else if (param->letter)
            snprintf(left, sizeof left, "-%c, --%s", param->letter, param->name);
        else
            snprintf(left, sizeof left, param->flags & FL_OPS_BARE ? "--%s%s[%s]" : "--%s%s%s",
                     param->name, param->type == FL_OPS_BOOL ? "" : " ",
                     param->type == FL_OPS_BOOL ? "" : metavar);
        print_left(stream, left, param->help);
        if (param->choices)
            print_choices(stream, param->choices);
    }
}

static void print_examples(FILE *stream, const char *examples)
{
    fputs("\nexamples:\n", stream);
    while (*examples) {
        size_t len = strcspn(examples, "\n");

        fprintf(stream, "  fairline %.*s\n", (int)len, examples);
        examples += len;
        examples += *examples == '\n';
    }
}

static void print_op(FILE *stream, const struct fl_ops_op *op)
{
    print_usage(stream, op);
    fprintf(stream, "\n%s\n", op->summary);
    print_params(stream, op, true);
    print_params(stream, op, false);
    if (op->examples)
        print_examples(stream, op->examples);
    fputs("\n\"fairline --help\" lists the options of every command.\n", stream);
}

static void print_noun(FILE *stream, const char *noun)
{
    fprintf(stream, "usage: fairline %s VERB ...\n\n%s\n\nverbs:\n", noun,
            fl_ops_noun_summary(noun));
    for (const struct fl_ops_op *op = fl_ops_table(); op->noun; op++)
        if (fl_str_equal(op->noun, noun))
            print_left(stream, op->verb ? op->verb : "(none)", op->summary);
    fprintf(stream, "\n\"fairline %s VERB --help\" says more.\n", noun);
}

static void print_top(FILE *stream)
{
    const char *last = "";

    fputs("usage: fairline [options] NOUN VERB ...\n\n"
          "Fairline carries the conversation between a firm and each of its customers.\n\n"
          "commands:\n",
          stream);
    for (const struct fl_ops_op *op = fl_ops_table(); op->noun; op++) {
        if (fl_str_equal(op->noun, last))
            continue;
        last = op->noun;
        print_left(stream, op->noun, fl_ops_noun_summary(op->noun));
    }
    print_left(stream, "completion", "a completion script: bash, zsh or fish");
    print_left(stream, "help", "help on a command: fairline help NOUN VERB");
    fputs("\noptions:\n", stream);
    for (const struct fl_cli_global_option *o = fl_cli_global_options; o->name; o++) {
        char left[WORD_MAX];

        snprintf(left, sizeof left, "%s%c%s--%s%s%s", o->letter ? "-" : "  ",
                 o->letter ? o->letter : ' ', o->letter ? ", " : " ", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        print_left(stream, left, o->help);
    }
    fputs("\nexamples:\n"
          "  fairline status\n"
          "  fairline import customers people.csv\n"
          "  fairline campaign apply spring.conf\n"
          "  fairline why D-1007 spring\n",
          stream);
}

void fl_cli_help(FILE *stream, const char *noun, const struct fl_ops_op *op)
{
    if (op)
        print_op(stream, op);
    else if (noun)
        print_noun(stream, noun);
    else
        print_top(stream);
}

const char *fl_cli_command(struct fl_cli *cli)
{
    if (!cli->op)
        return NULL;
    return cli->op->verb ? fl_arena_printf(cli->arena, "%s %s", cli->op->noun, cli->op->verb)
                         : cli->op->noun;
}

FL_PRINTF(3, 0)
static void say(struct fl_cli *cli, const char *hint, const char *fmt, va_list ap)
{
    char text[FL_ERROR_TEXT_SIZE];
    const char *command = fl_cli_command(cli);

    vsnprintf(text, sizeof text, fmt, ap);
    fl_cli_progress_clear(cli->progress);
    fflush(stdout);
    fprintf(stderr, "fairline: %s%s", command ? command : "", command ? ": " : "");
    fl_cli_put_harmless(stderr, text, strlen(text));
    fputc('\n', stderr);
    if (hint)
        fprintf(stderr, "hint: %s\n", hint);
}

int fl_cli_fail(struct fl_cli *cli, int code, const char *hint, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(cli, hint, fmt, ap);
    va_end(ap);
    return code;
}

int fl_cli_usage(struct fl_cli *cli, const char *fmt, ...)
{
    const char *command = fl_cli_command(cli);
    char hint[2 * WORD_MAX];
    va_list ap;

    snprintf(hint, sizeof hint, "fairline %s%s--help", command ? command : "", command ? " " : "");
    va_start(ap, fmt);
    say(cli, hint, fmt, ap);
    va_end(ap);
    return FL_EXIT_USAGE;
}

const char *fl_cli_suggest(struct fl_arena *arena, const char *word, const char *noun)
{
    const char *candidates[2 * WORD_MAX];
    size_t n = 0;

    for (const struct fl_ops_op *op = fl_ops_table(); op->noun; op++) {
        const char *candidate = noun ? op->verb : op->noun;

        if (noun && !fl_str_equal(op->noun, noun))
            continue;
        if (candidate && n < sizeof candidates / sizeof candidates[0] &&
            (n == 0 || !fl_str_equal(candidates[n - 1], candidate)))
            candidates[n++] = candidate;
    }
    return fl_conf_suggestion(arena, word, candidates, n);
}
