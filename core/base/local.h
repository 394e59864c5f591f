/* Wall-clock times of a zone, as if they were UTC, to the instant and back. */
#ifndef FL_BASE_LOCAL_H
#define FL_BASE_LOCAL_H

#include <stdint.h>

#include "base/error.h"

/* Where the clocks are changed: the later instant.  FL_INVALID for a zone that is not known. */
FL_CHECK_RESULT enum fl_status fl_time_of_local(const char *time_zone, int64_t local_us,
                                                int64_t *out_us, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_time_to_local(const char *time_zone, int64_t us,
                                                int64_t *out_local_us, struct fl_error *err);

#endif
