/* A bar for what takes longer than a second, on a terminal only. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli_private.h"

#define SHOWN_AFTER_US (INT64_C(1) * FL_US_PER_S)
#define STEP_US        (INT64_C(100) * FL_US_PER_MS)
enum { BAR_WIDTH = 24, LINE_MIN = 60 };

struct fl_cli_progress {
    FILE *stream;
    int64_t begun_us, shown_us;
    int64_t last_done;
    int width;
    bool is_shown;
};

struct fl_cli_progress *fl_cli_progress_create(FILE *stream, int width)
{
    struct fl_cli_progress *progress = calloc(1, sizeof *progress);

    if (!progress)
        return NULL;
    progress->stream = stream;
    progress->width = width;
    progress->begun_us = fl_clock_monotonic_us();
    return progress;
}

void fl_cli_progress_clear(struct fl_cli_progress *progress)
{
    if (!progress || !progress->is_shown)
        return;
    fputs("\r\033[K", progress->stream);
    fflush(progress->stream);
    progress->is_shown = false;
}

void fl_cli_progress_show(struct fl_cli_progress *progress, const char *what, int64_t done,
                          int64_t total)
{
    int64_t now = fl_clock_monotonic_us(), spent, left;
    int filled;

    if (!progress || progress->width < LINE_MIN || total <= 0 || done < 0)
        return;
    if (done < progress->last_done) /* another pass */
        progress->begun_us = now;
    progress->last_done = done;
    spent = now - progress->begun_us;
    if (spent < SHOWN_AFTER_US || now - progress->shown_us < STEP_US)
        return;
    progress->shown_us = now;
    progress->is_shown = true;
    filled = (int)(done * BAR_WIDTH / total);
    left = done ? spent / FL_US_PER_S * (total - done) / done : 0;
    fprintf(progress->stream, "\r[%.*s%*s] %3d%%  %" PRId64 " %s/s  %" PRId64 " s left\033[K",
            filled, "########################", BAR_WIDTH - filled, "", (int)(done * 100 / total),
            done / (spent / FL_US_PER_S), what, left);
    fflush(progress->stream);
}

void fl_cli_progress_destroy(struct fl_cli_progress **progress)
{
    if (!*progress)
        return;
    fl_cli_progress_clear(*progress);
    free(*progress);
    *progress = NULL;
}
