/*
 * Phone numbers: the border to libphonenumber, which is C++, and the short cut around it.
 *
 * The library costs some ten microseconds a number; the shapes that fill a customer file are
 * recognised by hand.  The short cut may only say "not me"; where it answers, the library answers
 * the same (tests/unit/test-people.c compares them over random numbers).
 */
#ifndef FL_PEOPLE_PHONE_H
#define FL_PEOPLE_PHONE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PEOPLE_PHONE_SIZE = 24 }; /* "+", at most 17 digits the library may give, NUL */

/* False with a reason (a constant) when `in` cannot be a number. */
bool people_phone_by_library(const char *in, const char *country, char out[PEOPLE_PHONE_SIZE],
                             const char **out_reason);
/* False where the number is none of the common shapes: ask the library. */
bool people_phone_by_shape(const char *in, const char *country, char out[PEOPLE_PHONE_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
