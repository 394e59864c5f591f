/* What every `value` plot shares: its options, and the files it is written into. */
#ifndef FL_OPS_PLOT_H
#define FL_OPS_PLOT_H

#include "appraise/appraise.h"
#include "ops/ops_private.h"
#include "plot/plot.h"

struct fl_ops_plot {
    struct fl_ops_call *call;
    struct fl_plot_style style;
    const char *svg, *png; /* files to write, or NULL */
};

/* Reads and checks the options of the call. */
FL_CHECK_RESULT enum fl_status fl_ops_plot_begin(struct fl_ops_plot *plot,
                                                 struct fl_ops_call *call);
/* Whether files are asked for; else the operation gives its numbers as rows. */
bool fl_ops_plot_is_drawn(const struct fl_ops_plot *plot);
/* "Dawnfield Dairy, 2026-11-22, BG/NBD"; `more` NULL: nothing more. */
FL_CHECK_RESULT enum fl_status fl_ops_plot_subtitle(struct fl_ops_plot *plot, int64_t as_of_us,
                                                    const char *more);
/* Draws `data` with `draw` into every file asked for, all drawn before the first is written, and
 * emits a row for each. */
typedef enum fl_status fl_ops_draw_fn(const struct fl_plot_style *style, const void *data,
                                      struct fl_buf *out, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_ops_plot_write(struct fl_ops_plot *plot, fl_ops_draw_fn *draw,
                                                 const void *data);

/* Where `st` is FL_NOT_FOUND because nothing was valued: the sentence that says how it is. */
FL_CHECK_RESULT enum fl_status fl_ops_plot_say_run(struct fl_ops_call *call, enum fl_status st);
/* The date of the run a plot is of; `run` 0: the last. */
FL_CHECK_RESULT enum fl_status fl_ops_plot_run(struct fl_ops_call *call, int64_t run,
                                               struct fl_value_run *out);

#endif
