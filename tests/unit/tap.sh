#!/bin/sh
# Runs a test program.  cmocka 1.1 says "not ok N # SKIP name" of a test that is skipped, which TAP
# calls a failure; the exit status stays the program's, for a sanitizer speaks at the end.
exec 4>&1
status=$({ { "$@" 4>&-; echo $? >&3; } | sed 's/^not ok \(.*# SKIP\)/ok \1/' >&4; } 3>&1)
exit "$status"
