/* What every cmocka program includes: cmocka needs these headers before its own. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <math.h>
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

/* Within `tolerance`, 0: exactly; NAN never is. */
#define assert_near(actual, expected, tolerance)                                                   \
    do {                                                                                           \
        double a_ = (actual), e_ = (expected), t_ = (tolerance);                                   \
        if (!(fabs(a_ - e_) <= t_))                                                                \
            print_message("%s is %.12g, expected %.12g within %g\n", #actual, a_, e_, t_);         \
        assert_true(fabs(a_ - e_) <= t_);                                                          \
    } while (0)

#define assert_status(expected, call) assert_int_equal((expected), (call))

#endif
