/* What is made from the table: completion, the list for checks, parts of manual pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli_private.h"

enum { COMPLETED_MAX = 200 };

static const char bash[] =
    "# bash completion for fairline\n"
    "_fairline() {\n"
    "    local IFS=$'\\n' cur=${COMP_WORDS[COMP_CWORD]}\n"
    "    local answers\n"
    "    answers=$(fairline __complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null) || answers=\n"
    "    COMPREPLY=($(compgen -W \"$answers\" -- \"$cur\"))\n"
    "    [ ${#COMPREPLY[@]} -eq 0 ] && compopt -o default 2>/dev/null\n"
    "    return 0\n"
    "}\n"
    "complete -F _fairline fairline\n";

static const char zsh[] = "#compdef fairline\n"
                          "_fairline() {\n"
                          "    local -a answers\n"
                          "    answers=(${(f)\"$(fairline __complete ${words[2,CURRENT]} "
                          "2>/dev/null)\"})\n"
                          "    if (( ${#answers} )); then\n"
                          "        compadd -- $answers\n"
                          "    else\n"
                          "        _files\n"
                          "    fi\n"
                          "}\n"
                          "compdef _fairline fairline\n";

static const char fish[] = "# fish completion for fairline\n"
                           "function __fairline_complete\n"
                           "    set -l words (commandline -opc) (commandline -ct)\n"
                           "    fairline __complete $words[2..-1] 2>/dev/null\n"
                           "end\n"
                           "complete -c fairline -a '(__fairline_complete)'\n";

int fl_cli_completion(struct fl_cli *cli, const char *shell)
{
    if (fl_str_equal(shell, "bash"))
        fputs(bash, stdout);
    else if (fl_str_equal(shell, "zsh"))
        fputs(zsh, stdout);
    else if (fl_str_equal(shell, "fish"))
        fputs(fish, stdout);
    else
        return fl_cli_usage(cli, "completion \"%s\": expected bash, zsh or fish", shell);
    return FL_EXIT_OK;
}

static void offer(const char *word, const char *prefix)
{
    if (word && fl_str_starts_with(word, prefix))
        puts(word);
}

static void offer_options(const struct fl_ops_op *op, const char *prefix)
{
    char word[COMPLETED_MAX];

    for (const struct fl_cli_global_option *o = fl_cli_global_options; o->name; o++) {
        snprintf(word, sizeof word, "--%s", o->name);
        offer(word, prefix);
    }
    for (const struct fl_ops_param *p = op ? op->params : NULL; p && p->name; p++) {
        if (p->flags & FL_OPS_POSITIONAL)
            continue;
        snprintf(word, sizeof word, "--%s", p->name);
        offer(word, prefix);
    }
}

static void offer_choices(const char *choices, const char *prefix)
{
    char word[COMPLETED_MAX];

    while (choices && *choices) {
        size_t len = strcspn(choices, "|");

        snprintf(word, sizeof word, "%.*s", (int)len, choices);
        offer(word, prefix);
        choices += len;
        choices += *choices == '|';
    }
}

static void offer_words(const char *noun, const char *prefix)
{
    const char *last = "";

    for (const struct fl_ops_op *op = fl_ops_table(); op->noun; op++) {
        const char *word = noun ? op->verb : op->noun;

        if ((noun && !fl_str_equal(op->noun, noun)) || fl_str_equal(word, last) || !word)
            continue;
        last = word;
        offer(word, prefix);
    }
    if (!noun) {
        offer("completion", prefix);
        offer("help", prefix);
    }
}

/* Where the identities of a parameter come from. */
static const struct fl_ops_op *list_of(const char *param)
{
    static const char *const nouns[] = {"campaign", "customer", "feedback",
                                        "plugin",   "channel",  "content"};

    if (fl_str_equal(param, "message"))
        return fl_ops_find("queue", "list");
    for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++)
        if (fl_str_equal(nouns[i], param))
            return fl_ops_find(nouns[i], "list");
    return NULL;
}

/* Asks the store, or the daemon, as `fairline NOUN list -o name` does. */
static void offer_ids(struct fl_cli *cli, const char *param)
{
    const struct fl_ops_op *op = list_of(param);

    if (!op || fl_cli_conf_load(cli))
        return;
    cli->op = op;
    cli->format = FL_CLI_NAME;
    cli->globals.format = "name";
    cli->globals.is_quiet = true;
    (void)json_object_clear(cli->args.values);
    (void)json_object_set_new(cli->args.values, "limit", json_integer(COMPLETED_MAX));
    (void)fl_cli_run(cli);
}

static const struct fl_ops_param *param_of(const struct fl_ops_op *op, const char *option)
{
    for (const struct fl_ops_param *p = op->params; p->name; p++)
        if (!(p->flags & FL_OPS_POSITIONAL) && fl_str_starts_with(option, "--") &&
            fl_str_equal(option + 2, p->name))
            return p;
    return NULL;
}

/* The positional parameter that the last of `n` words is. */
static const struct fl_ops_param *positional_at(const struct fl_ops_op *op, const char **words,
                                                int n)
{
    int at = 0;

    for (int i = 0; i + 1 < n; i++) {
        const struct fl_ops_param *param = param_of(op, words[i]);

        if (words[i][0] != '-')
            at++;
        else if (param && param->type != FL_OPS_BOOL)
            i++;
    }
    for (const struct fl_ops_param *p = op->params; p->name; p++)
        if ((p->flags & FL_OPS_POSITIONAL) && at-- == 0)
            return p;
    return NULL;
}

/* `words` are those after "fairline"; the last one is being typed and may be "". */
int fl_cli_complete(struct fl_cli *cli, int n, const char **words)
{
    const char *prefix = n ? words[n - 1] : "";
    const struct fl_ops_op *op;
    const struct fl_ops_param *param = NULL;
    int used;

    if (n <= 1) {
        if (*prefix == '-')
            offer_options(NULL, prefix);
        else
            offer_words(NULL, prefix);
        return FL_EXIT_OK;
    }
    op = fl_ops_find(words[0], n > 2 ? words[1] : NULL);
    used = op && op->verb ? 2 : 1;
    if (!op)
        op = fl_ops_find(words[0], NULL);
    if (n == 2 && *prefix != '-')
        offer_words(words[0], prefix);
    if (*prefix == '-') {
        offer_options(op, prefix);
        return FL_EXIT_OK;
    }
    if (op && n > used) {
        param = param_of(op, words[n - 2]);
        if (!param)
            param = positional_at(op, words + used, n - used);
    }
    if (param && param->choices)
        offer_choices(param->choices, prefix);
    else if (param && param->type != FL_OPS_FILE && param->type != FL_OPS_BUNDLE)
        offer_ids(cli, param->name);
    return FL_EXIT_OK;
}

/* noun TAB verb TAB option, one a line: what manual pages must speak of. */
int fl_cli_table_dump(void)
{
    for (const struct fl_ops_op *op = fl_ops_table(); op->noun; op++) {
        const char *verb = op->verb ? op->verb : "";

        printf("%s\t%s\t\n", op->noun, verb);
        for (const struct fl_ops_param *p = op->params; p->name; p++)
            if (!(p->flags & FL_OPS_POSITIONAL))
                printf("%s\t%s\t--%s\n", op->noun, verb, p->name);
    }
    return FL_EXIT_OK;
}
