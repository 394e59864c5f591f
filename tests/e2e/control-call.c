/* One call over the control socket, for tests: control-call SOCKET NOUN VERB JSON [FILE]...
 * VERB may be "-".  Rows go to stdout as JSON lines, words to stderr; exit 0, 1 (the operation
 * failed) or 69 (no daemon). */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "daemon/control.h"

enum { EXIT_NEGATIVE = 1, EXIT_USAGE = 64, EXIT_DOWN = 69 };

static void on_row(void *ctx, json_t *row)
{
    (void)ctx;
    json_dumpf(row, stdout, JSON_COMPACT);
    putchar('\n');
}

static void on_note(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "note: %s\n", text);
}

static void on_faults(void *ctx, const struct fl_faults *faults)
{
    (void)ctx;
    for (size_t i = 0; i < faults->n_items; i++)
        fprintf(stderr, "fault: %s:%ld: %s\n", faults->items[i].file, faults->items[i].line,
                faults->items[i].reason);
}

int main(int argc, char **argv)
{
    const struct fl_ops_sink sink = {NULL, on_row, on_note, NULL, on_faults};
    struct fl_control *control;
    struct fl_error err;
    int fds[FL_CONTROL_FDS_MAX], n_fds = 0;
    json_t *values;
    enum fl_status st;

    if (argc < 5 || argc - 5 > FL_CONTROL_FDS_MAX)
        return EXIT_USAGE;
    values = json_loads(argv[4], 0, NULL);
    for (int i = 5; i < argc; i++) {
        fds[n_fds] = open(argv[i], O_RDONLY | O_CLOEXEC);
        if (fds[n_fds++] < 0)
            return EXIT_USAGE;
    }
    st = fl_control_connect(argv[1], &control, &err);
    if (st) {
        fprintf(stderr, "control-call: %s\n", err.text);
        return EXIT_DOWN;
    }
    st = fl_control_call(control, argv[2], strcmp(argv[3], "-") ? argv[3] : NULL, values, fds,
                         n_fds, &sink, &err);
    if (st)
        fprintf(stderr, "control-call: %s: %s\n", fl_status_name(st), err.text);
    fl_control_close(&control);
    json_decref(values);
    return st ? EXIT_NEGATIVE : 0;
}
