/*
 * Kit: what somebody needs to write a channel plugin of their own.
 *
 * FOR    the command line (`plugin new`) and the program fairline-plugin-test, which is nothing
 *        but this room.
 * OWNS   the skeleton's templates, which are part of the program, and the conformance cases.
 * HOLDS  each case runs in a process of its own with a deadline, so that a plugin that crashes or
 *        hangs fails that case alone.  Services are the kit's own: they refuse, delay and jump
 *        where a real host would only do so on its worst day.
 * FAILS  a case says what was expected and what was found.
 */
#ifndef FL_KIT_KIT_H
#define FL_KIT_KIT_H

#include "base/arena.h"
#include "base/error.h"

/* Writes the skeleton of a two-way plugin `name` (a-z 0-9 _ -, a letter first) into the new folder
 * `folder`; nothing that is there is touched. */
FL_CHECK_RESULT enum fl_status fl_kit_skeleton_write(struct fl_arena *arena, const char *name,
                                                     const char *folder, struct fl_error *err);
/* The files of a skeleton in the order in which they are to be read; NULL after the last. */
const char *fl_kit_skeleton_file(struct fl_arena *arena, const char *name, size_t index);

/* The conformance run: TAP on stdout, an exit code of sysexits. */
int fl_kit_test(int argc, char **argv);

#endif
