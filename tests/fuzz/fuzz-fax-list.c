/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of the fax server's listings: what is read of them is whole and bounded. */
#include "fax/fax_private.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fax_job job;
    struct fax_received received;

    if (fax_job_read((const char *)data, size, &job)) {
        assert(job.id >= 0 && g_utf8_validate(job.words, -1, NULL));
        assert(fax_job_classify(&job).outcome != FL_OUTCOME_NOT_TRIED);
    }
    if (fax_received_read((const char *)data, size, &received))
        assert(fax_file_is_safe(received.file) && !strchr(received.file, '/') &&
               g_utf8_validate(received.sender, -1, NULL));
    return 0;
}
