/* What every cmocka program includes: cmocka needs these headers before its own. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

/* Runs a fallible call and shows its error text when it fails. */
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        enum fl_status st_ = (call);                                                               \
        if (st_)                                                                                   \
            print_message("%s: %s: %s\n", #call, fl_status_name(st_), err.text);                   \
        assert_int_equal(st_, FL_OK);                                                              \
    } while (0)

#define assert_status(expected, call) assert_int_equal((expected), (call))

#endif
