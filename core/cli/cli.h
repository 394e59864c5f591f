/*
 * The command line: `fairline [global options] NOUN VERB arguments`.
 *
 * FOR    people and scripts.  Everything it can do is a row of the table of operations; help,
 *        completion and the options sections of the manual pages come from the same rows.
 * RUNS   an operation over the control socket while the daemon is up; else itself on the store,
 *        holding the daemon's lock while it writes, so that there is one writer at any time.
 * SPEAKS data on stdout, words on stderr.  Exit codes are those of sysexits.
 */
#ifndef FL_CLI_CLI_H
#define FL_CLI_CLI_H

#include "base/error.h"

enum fl_cli_exit {
    FL_EXIT_OK = 0,
    FL_EXIT_NEGATIVE = 1, /* not found, in conflict, a check failed */
    FL_EXIT_USAGE = 64,
    FL_EXIT_DATA = 65,
    FL_EXIT_NO_INPUT = 66,
    FL_EXIT_UNAVAILABLE = 69,
    FL_EXIT_INTERNAL = 70,
    FL_EXIT_IO = 74,
    FL_EXIT_AGAIN = 75,
    FL_EXIT_DENIED = 77,
    FL_EXIT_CONFIG = 78,
    FL_EXIT_INTERRUPTED = 130
};

int fl_cli_main(int argc, char **argv);

/* The exit code an operation's result is told by. */
int fl_cli_exit_of(enum fl_status status);

#endif
