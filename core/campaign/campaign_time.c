/* Wall-clock times, for what is planned. */
#include "base/local.h"
#include "campaign/campaign_private.h"

enum fl_status fl_campaign_time_of_local(const char *time_zone, int64_t local_us, int64_t *out_us,
                                         struct fl_error *err)
{
    return fl_time_of_local(time_zone, local_us, out_us, err);
}

enum fl_status fl_campaign_time_to_local(const char *time_zone, int64_t us, int64_t *out_local_us,
                                         struct fl_error *err)
{
    return fl_time_to_local(time_zone, us, out_local_us, err);
}
