/* Which configuration is in force: flag, environment, data folder, installed file, defaults. */
#include <stdlib.h>

#include "base/str.h"
#include "cli/cli_private.h"
#include "conf/conf.h"

static const char DEFAULTS[] = "built-in defaults";

static int tell_faults(struct fl_cli *cli, const char *path, const struct fl_faults *faults,
                       const struct fl_error *err)
{
    for (size_t i = 0; i < faults->n_items; i++)
        fprintf(stderr, "%s\n", fl_fault_text(cli->arena, &faults->items[i]));
    if (faults->n_total)
        return fl_cli_fail(cli, FL_EXIT_CONFIG, "fairline config help",
                           "the configuration \"%s\" has %zu fault%s", path, faults->n_total,
                           faults->n_total == 1 ? "" : "s");
    return fl_cli_fail(cli, FL_EXIT_CONFIG, NULL, "the configuration: %s", err->text);
}

int fl_cli_conf_load(struct fl_cli *cli)
{
    struct fl_faults faults;
    struct fl_error err = {0};
    const char *path, *dir;
    enum fl_status st;

    fl_faults_init(&faults, cli->arena);
    if (cli->globals.data_dir) {
        /* The environment goes before the file, and a flag is the strongest word of it. */
        if (fl_cli_absolute(cli->arena, cli->globals.data_dir, &dir, &err) ||
            setenv("FAIRLINE_DATA_DIR", dir, 1) != 0)
            return fl_cli_fail(cli, FL_EXIT_USAGE, NULL, "--data-dir: %s", err.text);
    }
    path = fl_conf_find(cli->arena, cli->globals.conf_path);
    if (path) {
        st = fl_conf_load(cli->arena, path, &faults, &cli->conf, &err);
    } else {
        /* An empty file: the defaults with the environment laid over them. */
        st = fl_conf_parse(cli->arena, DEFAULTS, "", &faults, &cli->conf, &err);
    }
    if (st)
        return tell_faults(cli, path ? path : DEFAULTS, &faults, &err);
    return FL_EXIT_OK;
}
