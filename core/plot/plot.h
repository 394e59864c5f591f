/*
 * Plots: the relationship map and its companions as SVG or PNG, good enough for a slide.
 *
 * FOR    ops (`value map|tracking|frequency|survival|calibration`), the console later.
 * DRAWS  with cairo and Pango; every label in the language asked for (en, ko), light or dark.
 * OWNS   nothing.  Pure: numbers in, bytes out; no store, no clock.
 */
#ifndef FL_PLOT_PLOT_H
#define FL_PLOT_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum fl_plot_format { FL_PLOT_SVG = 0, FL_PLOT_PNG };

struct fl_plot_style {
    enum fl_plot_format format;
    int width, height; /* 320..4096 pixels (points in SVG); 0: 960 x 720 */
    bool is_dark;
    const char *language; /* "ko", anything else: English */
    const char *title;    /* NULL: the plot's own */
    const char *subtitle; /* NULL: none; e.g. "Dawnfield Dairy, 2026-11-22, 2,357 customers" */
};

struct fl_plot_point {
    float cv, ce;   /* (0,1) */
    uint8_t zone;   /* enum fl_zone of value/position.h */
    uint8_t keys;   /* enum fl_key_flag */
    uint16_t group; /* index into groups; 0: none */
};
/* The relationship map: density (hexagons or points, by how many there are), zones, fair line and
 * band, key customers marked, centre of each named group, share of each zone. */
struct fl_plot_map {
    const struct fl_plot_point *points;
    size_t n;
    double intercept, slope, band;
    const char *const *groups; /* names; [0] unused */
    size_t n_groups;
};
FL_CHECK_RESULT enum fl_status fl_plot_map(const struct fl_plot_style *style,
                                           const struct fl_plot_map *map, struct fl_buf *out,
                                           struct fl_error *err);

/* Cumulative actual and expected purchases by period. */
struct fl_plot_tracking {
    size_t n;
    const double *actual, *expected;
    size_t holdout_from; /* 0: none */
    const char *period;  /* "week" */
    int32_t first_date;  /* FL_DATE_NONE: periods are counted only */
    double period_days;
};
FL_CHECK_RESULT enum fl_status fl_plot_tracking(const struct fl_plot_style *style,
                                                const struct fl_plot_tracking *tracking,
                                                struct fl_buf *out, struct fl_error *err);

/* Conditional expectation by frequency: pairs of bars or points; the last class is "n+". */
struct fl_plot_frequency {
    size_t n;
    const double *customers, *actual, *expected;
    double window_periods;
};
FL_CHECK_RESULT enum fl_status fl_plot_frequency(const struct fl_plot_style *style,
                                                 const struct fl_plot_frequency *frequency,
                                                 struct fl_buf *out, struct fl_error *err);

/* Survival by period with the observed band. */
struct fl_plot_survival {
    size_t n;
    const double *observed, *low, *high, *expected;
    const char *period;
};
FL_CHECK_RESULT enum fl_status fl_plot_survival(const struct fl_plot_style *style,
                                                const struct fl_plot_survival *survival,
                                                struct fl_buf *out, struct fl_error *err);

/* Calibration of CL: predicted against observed share by bin, with intervals, the diagonal, the
 * size of each bin, and the scores. */
struct fl_plot_calibration {
    size_t n;
    const double *predicted, *observed, *low, *high, *customers;
    double auc, auc_p, brier, brier_p; /* NAN: not known */
};
FL_CHECK_RESULT enum fl_status fl_plot_calibration(const struct fl_plot_style *style,
                                                   const struct fl_plot_calibration *calibration,
                                                   struct fl_buf *out, struct fl_error *err);

#endif
