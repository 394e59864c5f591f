/* Cases of collect(): what could not be stored is offered again, under the same key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/kit_private.h"

enum { SLOW_US = 5000, ROUNDS_MAX = 5, EMPTY_PORTIONS_MAX = 100 };

static void open_to_collect(struct fl_kit *kit)
{
    fl_kit_open(kit);
    if (!(kit->channel->capabilities & FL_CAN_COLLECT))
        fl_kit_skip(kit, "%s",
                    kit->channel->capabilities & FL_ONE_WAY ? "it is one-way, and says so"
                                                            : "what comes back comes by http()");
}

static void put_piece(struct fl_kit *kit)
{
    int status;
    pid_t pid;

    if (!kit->inbound)
        fl_kit_skip(kit, "needs --inbound, a command that puts a piece where it collects");
    pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", kit->inbound, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        fl_kit_fail(kit, "the command of --inbound failed");
}

static enum fl_call collect(struct fl_kit *kit, struct fl_why *why)
{
    enum fl_call call;

    kit->world.n_keys = kit->world.n_commits = kit->world.n_uncommitted = 0;
    *why = fl_kit_why();
    call = kit->channel->collect(kit->self, why);
    fl_kit_judge(kit, "collect", call, why);
    if (call == FL_CALL_UNSUPPORTED)
        fl_kit_fail(kit, "it declares FL_CAN_COLLECT and collect() is unsupported");
    if (call == FL_CALL_OK && kit->world.n_uncommitted && !kit->world.refuses_commit)
        fl_kit_fail(kit, "collect() returns FL_CALL_OK and has not committed what it handed over");
    return call;
}

/* Takes what earlier cases left, so that the pieces of this one are alone. */
static void empty(struct fl_kit *kit)
{
    struct fl_why why;

    for (int i = 0; i < EMPTY_PORTIONS_MAX; i++) {
        if (collect(kit, &why) != FL_CALL_OK)
            fl_kit_skip(kit, "nothing can be collected with the options given: %.400s", why.text);
        if (kit->world.n_keys == 0)
            return;
    }
    fl_kit_fail(kit, "collect() hands over something each time, also after it was committed");
}

static void nothing_there(struct fl_kit *kit)
{
    open_to_collect(kit);
    empty(kit);
    fl_kit_close(kit);
}

/* `refuses` says no until it is told otherwise; then the same key comes, and then nothing. */
static void offered_again(struct fl_kit *kit, bool *refuses)
{
    char key[sizeof kit->world.keys[0]];
    struct fl_why why;

    open_to_collect(kit);
    empty(kit);
    put_piece(kit);
    *refuses = true;
    (void)collect(kit, &why);
    if (kit->world.n_keys == 0)
        fl_kit_fail(kit, "collect() finds nothing after the command of --inbound");
    snprintf(key, sizeof key, "%s", kit->world.keys[0]);
    *refuses = false;
    /* A new process must find it too: the old one may have died at that point. */
    fl_kit_close(kit);
    fl_kit_open(kit);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        (void)collect(kit, &why);
        if (kit->world.n_keys)
            break;
    }
    if (kit->world.n_keys == 0)
        fl_kit_fail(kit, "what could not be stored is lost: it has been acknowledged");
    if (strcmp(key, kit->world.keys[0]) != 0)
        fl_kit_fail(kit, "the same piece is \"%s\" first and \"%s\" then", key, kit->world.keys[0]);
    (void)collect(kit, &why);
    if (kit->world.n_keys)
        fl_kit_fail(kit, "what is stored is handed over again: it has not been acknowledged");
    fl_kit_close(kit);
}

static void commit_is_refused(struct fl_kit *kit)
{
    offered_again(kit, &kit->world.refuses_commit);
}

static void piece_is_refused(struct fl_kit *kit)
{
    offered_again(kit, &kit->world.refuses_inbound);
}

static void slow_services(struct fl_kit *kit)
{
    struct fl_why why;

    open_to_collect(kit);
    put_piece(kit);
    kit->world.delay_us = SLOW_US;
    (void)collect(kit, &why);
    fl_kit_close(kit);
}

static void old_host(struct fl_kit *kit)
{
    struct fl_why why;

    fl_kit_open_old(kit);
    if (!(kit->channel->capabilities & FL_CAN_COLLECT))
        fl_kit_skip(kit, "it does not collect");
    (void)collect(kit, &why);
    fl_kit_close(kit);
}

const struct fl_kit_case fl_kit_cases_inbound[] = {
    {"collect ends when there is nothing", nothing_there},
    {"what could not be committed is offered again", commit_is_refused},
    {"a piece that was not taken is offered again", piece_is_refused},
    {"collecting with services that take their time", slow_services},
    {"collecting for a host of contract 1.0", old_host},
    {NULL, NULL},
};
