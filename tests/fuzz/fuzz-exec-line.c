/* What a program of the exec plugin could write as one line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/exec/exec_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct exec_line line;
    char why[EXEC_WHY_MAX] = "";

    if (!exec_line_parse((const char *)data, size, &line, why)) {
        if (!*why)
            abort();
        return 0;
    }
    if (line.verb >= EXEC_N_VERBS || line.report.item >= EXEC_BATCH_MAX ||
        (unsigned)line.report.outcome > FL_OUTCOME_UNCERTAIN)
        abort();
    if (line.verb == EXEC_INBOUND &&
        (!line.inbound.dedupe_key || (!line.file && !line.inbound.data)))
        abort();
    if (line.inbound.data_len) {
        volatile uint8_t sum = 0;

        for (size_t i = 0; i < line.inbound.data_len; i++)
            sum = (uint8_t)(sum + ((const uint8_t *)line.inbound.data)[i]);
    }
    exec_line_finish(&line);
    return 0;
}
