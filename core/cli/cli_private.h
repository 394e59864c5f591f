/* What the files of the command line share. */
#ifndef FL_CLI_PRIVATE_H
#define FL_CLI_PRIVATE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/faults.h"
#include "cli/cli.h"
#include "cli/cli_out.h"
#include "ops/ops.h"

/* Options that every command takes. */
struct fl_cli_globals {
    const char *conf_path;
    const char *data_dir;
    const char *format; /* NULL: table */
    const char *fields;
    int64_t limit;
    bool has_limit;
    bool is_dry_run;
    bool is_yes;
    bool is_quiet;
    bool wants_help;
    bool wants_version;
};

struct fl_cli {
    const char *program;
    struct fl_arena *arena;
    struct fl_cli_globals globals;
    const struct fl_conf *conf;
    const struct fl_ops_op *op; /* NULL until it is known */
    struct fl_ops_args args;
    enum fl_cli_format format;
    bool is_out_terminal, is_err_terminal;
    bool has_colour;
    int width;
    /* While an operation runs */
    struct fl_cli_out *out;
    bool has_fail_row; /* of an operation that CHECKS */
    size_t n_faults;
    json_t *faults;   /* with -o json */
    char last_id[24]; /* "id" of the last row: where a FOLLOWS operation goes on */
    struct fl_cli_progress *progress;
};

struct fl_cli_global_option {
    const char *name;
    char letter;
    const char *value; /* NULL: a switch */
    const char *help;
};
extern const struct fl_cli_global_option fl_cli_global_options[]; /* ends with a NULL name */

/* --- parsing: return an exit code, FL_EXIT_OK to go on --- */
/* Globals before the noun; *out_rest is what follows (argv style, NULL-terminated). */
int fl_cli_parse_globals(struct fl_cli *cli, int argc, const char **argv, const char ***out_rest,
                         int *out_n);
/* Arguments of the operation, globals among them. */
int fl_cli_parse_args(struct fl_cli *cli, int argc, const char **argv);
/* Opens files and reads folders that the parameters name. */
int fl_cli_attach(struct fl_cli *cli);
FL_CHECK_RESULT enum fl_status fl_cli_absolute(struct fl_arena *arena, const char *path,
                                               const char **out, struct fl_error *err);

/* --- words --- */
/* "fairline: ..." and a hint; returns `code`. */
int fl_cli_fail(struct fl_cli *cli, int code, const char *hint, const char *fmt, ...)
    FL_PRINTF(4, 5);
int fl_cli_usage(struct fl_cli *cli, const char *fmt, ...) FL_PRINTF(2, 3);
const char *fl_cli_command(struct fl_cli *cli); /* "campaign apply" */
void fl_cli_help(FILE *stream, const char *noun, const struct fl_ops_op *op);
const char *fl_cli_suggest(struct fl_arena *arena, const char *word, const char *noun);
bool fl_cli_is_noun(const char *noun);
/* "FOLDER" of "folder"; into the arena. */
const char *fl_cli_metavar(struct fl_arena *arena, const struct fl_ops_param *param);

/* --- running --- */
int fl_cli_run(struct fl_cli *cli);
int fl_cli_conf_load(struct fl_cli *cli);

/* One round of the operation, wherever it runs. */
struct fl_cli_place;
FL_CHECK_RESULT enum fl_status fl_cli_place_open(struct fl_cli *cli, struct fl_cli_place **out,
                                                 struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_cli_place_call(struct fl_cli_place *place,
                                                 const struct fl_ops_sink *sink,
                                                 struct fl_error *err);
void fl_cli_place_close(struct fl_cli_place **place);

/* --- progress on a terminal, from the second second on --- */
struct fl_cli_progress *fl_cli_progress_create(FILE *stream, int width);
void fl_cli_progress_show(struct fl_cli_progress *progress, const char *what, int64_t done,
                          int64_t total);
void fl_cli_progress_clear(struct fl_cli_progress *progress); /* before words are printed */
void fl_cli_progress_destroy(struct fl_cli_progress **progress);

/* --- what is made from the table --- */
int fl_cli_completion(struct fl_cli *cli, const char *shell);
int fl_cli_complete(struct fl_cli *cli, int argc, const char **argv); /* __complete */
int fl_cli_table_dump(void);                                          /* __table */
int fl_cli_man(struct fl_arena *arena, const char *what);             /* __man */

#endif
