/* The part of a manual page that the table knows, in scdoc. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli_private.h"

/* scdoc reads _ and * as marks, and a line that begins with a dot is roff's. */
static void put_plain(const char *text)
{
    for (; *text; text++) {
        if (strchr("_*\\#`", *text))
            putchar('\\');
        putchar(*text);
    }
}

static void put_upper(const char *text)
{
    for (; *text; text++)
        putchar(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text);
}

static void put_value(const struct fl_ops_param *p)
{
    if (p->type == FL_OPS_BOOL)
        return;
    fputs(p->flags & FL_OPS_BARE ? " [_" : " _", stdout);
    put_upper(p->name);
    fputs(p->flags & FL_OPS_BARE ? "_]" : "_", stdout);
}

static void put_head(const struct fl_ops_op *op)
{
    printf("*fairline %s%s%s*", op->noun, op->verb ? " " : "", op->verb ? op->verb : "");
    for (const struct fl_ops_param *p = op->params; p->name; p++) {
        const bool is_needed = p->flags & FL_OPS_NEEDED;

        if (p->flags & FL_OPS_POSITIONAL) {
            fputs(is_needed ? " _" : " [_", stdout);
            put_upper(p->name);
            fputs(p->flags & FL_OPS_REPEATED ? "_..." : "_", stdout);
            fputs(is_needed ? "" : "]", stdout);
        } else {
            printf(is_needed ? " *--%s*" : " [*--%s*", p->name);
            put_value(p);
            fputs(is_needed ? "" : "]", stdout);
        }
    }
    putchar('\n');
}

static void put_param(const struct fl_ops_param *p)
{
    if (p->flags & FL_OPS_POSITIONAL) {
        fputs("\t_", stdout);
        put_upper(p->name);
        fputs("_\n\t\t", stdout);
    } else {
        fputs("\t", stdout);
        if (p->letter)
            printf("*-%c*, ", p->letter);
        printf("*--%s*", p->name);
        put_value(p);
        fputs("\n\t\t", stdout);
    }
    put_plain(p->help);
    if (p->choices) {
        fputs("; one of ", stdout);
        for (const char *c = p->choices; *c; c++) {
            const char letter[2] = {*c, '\0'};

            put_plain(*c == '|' ? ", " : letter);
        }
    }
    fputs("\n\n", stdout);
}

static void put_examples(const char *noun)
{
    fputs("# EXAMPLES\n\n", stdout);
    for (const struct fl_ops_op *op = fl_ops_table(); op->noun; op++) {
        if (!fl_str_equal(op->noun, noun) || !op->examples)
            continue;
        put_plain(op->summary);
        fputs(":\n\n```\n", stdout);
        for (const char *p = op->examples; *p;) {
            size_t len = strcspn(p, "\n");

            printf("    fairline %.*s\n", (int)len, p);
            p += len;
            p += *p == '\n';
        }
        fputs("```\n\n", stdout);
    }
}

static void put_commands(const char *noun)
{
    fputs("# COMMANDS\n\n", stdout);
    for (const struct fl_ops_op *op = fl_ops_table(); op->noun; op++) {
        if (!fl_str_equal(op->noun, noun))
            continue;
        put_head(op);
        fputs("\t", stdout);
        put_plain(op->summary);
        fputs("\n\n", stdout);
        for (const struct fl_ops_param *p = op->params; p->name; p++)
            put_param(p);
    }
}

/* fairline(1): what every command takes, and the nouns. */
static void put_globals(void)
{
    const char *last = "";

    fputs("# OPTIONS\n\n", stdout);
    for (const struct fl_cli_global_option *o = fl_cli_global_options; o->name; o++) {
        if (o->letter)
            printf("*-%c*, ", o->letter);
        printf("*--%s*", o->name);
        if (o->value)
            printf(" _%s_", o->value);
        fputs("\n\t", stdout);
        put_plain(o->help);
        fputs("\n\n", stdout);
    }
    fputs("# COMMANDS\n\n", stdout);
    for (const struct fl_ops_op *op = fl_ops_table(); op->noun; op++) {
        if (fl_str_equal(op->noun, last))
            continue;
        last = op->noun;
        printf("*fairline-%s*(1)\n\t", op->noun);
        put_plain(fl_ops_noun_summary(op->noun));
        fputs("\n\n", stdout);
    }
}

static void put_specs(const char *title, const struct fl_option_spec *specs, struct fl_arena *arena)
{
    printf("# %s\n\n", title);
    for (; specs->name; specs++) {
        printf("*%s*\n\t", specs->name);
        put_plain(specs->help);
        fputs(". Expected: ", stdout);
        put_plain(fl_conf_spec_expected(arena, specs));
        if (specs->flags & FL_OPTION_REQUIRED)
            fputs(". Required", stdout);
        /* Where it is installed differs from machine to machine. */
        if (specs->default_text && *specs->default_text && *specs->default_text != '/') {
            fputs(". Default: ", stdout);
            put_plain(specs->default_text);
        }
        fputs(specs->flags & FL_OPTION_RELOAD ? ". Taken over by reload.\n\n" : ".\n\n", stdout);
    }
}

int fl_cli_man(struct fl_arena *arena, const char *what)
{
    if (fl_str_equal(what, "fairline")) {
        put_globals();
    } else if (fl_str_equal(what, "fairline.conf")) {
        put_specs("SETTINGS", fl_conf_global_specs(), arena);
        put_specs("ORGANISATION", fl_conf_organisation_specs(), arena);
        put_specs("FRONT", fl_conf_front_specs(), arena);
        put_specs("VALUE", fl_conf_worth_specs(), arena);
        put_specs("CHANNEL", fl_conf_channel_specs(), arena);
    } else if (fl_cli_is_noun(what)) {
        put_examples(what);
        put_commands(what);
    } else {
        return FL_EXIT_USAGE;
    }
    return FL_EXIT_OK;
}
