/* fairlined: the daemon.  Started by hand or by a service manager it is the parent; started by
 * itself with a descriptor it is core, the front, or the value process. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <popt.h>

#include "config.h"
#include "daemon/daemon.h"
#include "front/front.h"

enum { EXIT_USAGE = 64, OPTION_VERSION = 1 };

/* The environment is laid over the file, so it is also how the option takes effect in core. */
static bool set_data_dir(const char *path)
{
    char folder[PATH_MAX], whole[2 * PATH_MAX];

    if (*path != '/') {
        if (!getcwd(folder, sizeof folder))
            return false;
        snprintf(whole, sizeof whole, "%s/%s", folder, path);
        path = whole;
    }
    return setenv("FAIRLINE_DATA_DIR", path, 1) == 0;
}

static int run_core(const char *fd)
{
    (void)prctl(PR_SET_NAME, "fairlined-core");
    return fl_daemon_run_core((int)strtol(fd, NULL, 10));
}

static int run_front(const char *fd)
{
    (void)prctl(PR_SET_NAME, "fairlined-front");
    return fl_front_run((int)strtol(fd, NULL, 10));
}

static int run_value(const char *fd)
{
    (void)prctl(PR_SET_NAME, "fairlined-value");
    return fl_daemon_run_value((int)strtol(fd, NULL, 10));
}

int main(int argc, char **argv)
{
    struct fl_daemon_options options = {0};
    char *conf_path = NULL, *data_dir = NULL;
    int is_check_only = 0, is_foreground = 0, result;
    const struct poptOption table[] = {
        {"config", 'c', POPT_ARG_STRING, &conf_path, 0, "configuration file", "FILE"},
        {"data-dir", 0, POPT_ARG_STRING, &data_dir, 0, "folder of store, keys and control socket",
         "DIR"},
        {"check", 0, POPT_ARG_NONE, &is_check_only, 0, "only check the configuration", NULL},
        {"foreground", 'f', POPT_ARG_NONE, &is_foreground, 0, "stay in the foreground (always)",
         NULL},
        {"version", 0, POPT_ARG_NONE, NULL, OPTION_VERSION, "print the version", NULL},
        POPT_AUTOHELP POPT_TABLEEND};
    poptContext popt;

    if (argc == 3 && strcmp(argv[1], "--core-fd") == 0)
        return run_core(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--front-fd") == 0)
        return run_front(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--value-fd") == 0)
        return run_value(argv[2]);
    popt = poptGetContext("fairlined", argc, (const char **)(void *)argv, table, 0);
    result = poptGetNextOpt(popt);
    if (result == OPTION_VERSION) {
        printf("fairlined %s\n", FL_VERSION);
        poptFreeContext(popt);
        return EXIT_SUCCESS;
    }
    if (result != -1 || poptPeekArg(popt)) {
        fprintf(stderr, "fairlined: %s: %s\n",
                result < -1 ? poptBadOption(popt, 0) : poptPeekArg(popt),
                result < -1 ? poptStrerror(result) : "no arguments are taken");
        poptFreeContext(popt);
        return EXIT_USAGE;
    }
    poptFreeContext(popt);
    options.conf_path = conf_path;
    options.is_check_only = is_check_only;
    result = EXIT_USAGE;
    if (!data_dir || set_data_dir(data_dir))
        result = fl_daemon_run_parent(&options);
    free(conf_path);
    free(data_dir);
    return result;
}
