/* fairline-host: the process that runs one channel plugin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "config.h"
#include "host/host.h"

enum { EXIT_USAGE = 64, FD_MAX = 1 << 20 };

int main(int argc, char **argv)
{
    int64_t fd;

    fl_host_harden_early();
    if (argc == 3 && strcmp(argv[1], "--fd") == 0 && fl_str_parse_i64(argv[2], 3, FD_MAX, &fd))
        return fl_host_run((int)fd);
    if (argc > 2 && strcmp(argv[1], "--inproc") == 0)
        return fl_host_inproc(argc - 2, argv + 2);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("fairline-host %s\n", FL_VERSION);
        return EXIT_SUCCESS;
    }
    fprintf(stderr, "usage: fairline-host --inproc PLUGIN.so [--option KEY=VALUE]... CALL\n"
                    "The form --fd N is for fairlined alone.\n");
    return EXIT_USAGE;
}
