/*
 * Inside the plots.  A plot first checks and counts its data (which may fail), then opens a canvas,
 * draws (which cannot fail: cairo keeps its first error), and closes it, where errors come out.
 *
 * All lengths are pixels.  `unit` is 1 at 960 x 720; type and lines are multiples of it, so that a
 * larger picture has larger type, not more of it.
 */
#ifndef FL_PLOT_PRIVATE_H
#define FL_PLOT_PRIVATE_H

#include <pango/pangocairo.h>

#include "plot/plot.h"

enum {
    FL_PLOT_WIDTH = 960,
    FL_PLOT_HEIGHT = 720,
    FL_PLOT_SIDE_MIN = 320,
    FL_PLOT_SIDE_MAX = 4096,
    FL_PLOT_NUMBER_MAX = 40,        /* bytes of a number with its signs */
    FL_PLOT_TEXT_MAX = 256,         /* bytes of a text made here */
    FL_PLOT_TITLE_MAX = 512,        /* bytes of a title that is given; the rest is cut */
    FL_PLOT_BYTES_MAX = 80 << 20,   /* above a PNG of the largest size, not compressed */
    FL_PLOT_PERIODS_MAX = 1000000,  /* of a tracking plot: 2,700 years of days */
    FL_PLOT_FREQUENCIES_MAX = 50,   /* more bars cannot be told apart */
    FL_PLOT_SURVIVAL_MAX = 100000,  /* periods */
    FL_PLOT_CALIBRATION_MAX = 1000, /* bins */
    FL_PLOT_VERTICES_MAX = 2000     /* of one line: half a pixel each at the largest width */
};
/* Counts beyond it are no counts of anything. */
#define FL_PLOT_VALUE_MAX 1e15

/* ---- colours ---------------------------------------------------------------------------------*/

enum fl_plot_ink {
    FL_INK_BACK = 0,
    FL_INK_TEXT,
    FL_INK_MUTED, /* text of less weight */
    FL_INK_GRID,
    FL_INK_AXIS,
    FL_INK_ACTUAL,   /* what happened; zone I */
    FL_INK_EXPECTED, /* what the model says; zone II */
    FL_INK_BAND,     /* an interval around what happened */
    FL_INK_ZONE_I,   /* tints */
    FL_INK_ZONE_II,
    FL_INK_ZONE_III,
    FL_INK_MARK /* key customers */
};
enum { FL_INKS = FL_INK_MARK + 1, FL_PLOT_LEVELS = 7 };

struct fl_plot_palette {
    uint32_t ink[FL_INKS];          /* 0xRRGGBB */
    uint32_t level[FL_PLOT_LEVELS]; /* density, from few to many */
};
const struct fl_plot_palette *fl_plot_palette_of(bool is_dark);
/* Contrast ratio of WCAG 2.1, 1..21. */
double fl_plot_contrast(uint32_t a, uint32_t b);
/* `over` painted on `under` with this opacity. */
uint32_t fl_plot_blend(uint32_t over, uint32_t under, double alpha);
/* How opaque the plates behind texts on data are: the least at which all texts stay readable. */
#define FL_PLOT_PLATE 0.88

/* ---- words -----------------------------------------------------------------------------------*/

enum fl_plot_language { FL_PLOT_EN = 0, FL_PLOT_KO };
enum { FL_PLOT_LANGUAGES = FL_PLOT_KO + 1 };

enum fl_plot_word {
    FL_WORD_MAP = 0,
    FL_WORD_MAP_EMPTY,
    FL_WORD_CV,
    FL_WORD_CE,
    FL_WORD_FAIR_LINE,
    FL_WORD_ZONES,
    FL_WORD_MEANING_N,
    FL_WORD_MEANING_I,
    FL_WORD_MEANING_II,
    FL_WORD_MEANING_III,
    FL_WORD_STRATEGY_N,
    FL_WORD_STRATEGY_I,
    FL_WORD_STRATEGY_II,
    FL_WORD_STRATEGY_III,
    FL_WORD_PER_HEXAGON,
    FL_WORD_KEYS,
    FL_WORD_KEY_CONTRIBUTION,
    FL_WORD_KEY_EXCHANGE,
    FL_WORD_KEY_LEADER,
    FL_WORD_KEYS_SOME,
    FL_WORD_GROUPS,
    FL_WORD_GROUPS_SOME,
    FL_WORD_TRACKING,
    FL_WORD_TRACKING_EMPTY,
    FL_WORD_CUMULATIVE,
    FL_WORD_CALIBRATION_PERIOD,
    FL_WORD_HOLDOUT_PERIOD,
    FL_WORD_DIFFERENCE,
    FL_WORD_FREQUENCY,
    FL_WORD_FREQUENCY_EMPTY,
    FL_WORD_PURCHASES_BEFORE,
    FL_WORD_PURCHASES_IN_WINDOW,
    FL_WORD_CLASS_SIZES,
    FL_WORD_SURVIVAL,
    FL_WORD_SURVIVAL_EMPTY,
    FL_WORD_STILL_THERE,
    FL_WORD_BAND_95,
    FL_WORD_CALIBRATION,
    FL_WORD_CALIBRATION_EMPTY,
    FL_WORD_PREDICTED,
    FL_WORD_OBSERVED,
    FL_WORD_OBSERVED_95,
    FL_WORD_DIAGONAL,
    FL_WORD_BINS,
    FL_WORD_AUC,
    FL_WORD_BRIER,
    FL_WORD_P_ALONE,
    FL_WORD_ACTUAL,
    FL_WORD_EXPECTED,
    FL_WORD_DATE,
    FL_WORD_SINCE_START,
    FL_WORD_WEEK,
    FL_WORD_MONTH,
    FL_WORD_DAY,
    FL_WORD_YEAR,
    FL_WORD_PERIOD
};
enum { FL_WORDS = FL_WORD_PERIOD + 1 };
enum fl_plot_language fl_plot_language_of(const char *tag);
const char *fl_plot_word(enum fl_plot_language language, enum fl_plot_word word);
/* The word with {0} and {1} replaced; a text that does not fit is cut at a character. */
void fl_plot_say(enum fl_plot_language language, char out[FL_PLOT_TEXT_MAX], enum fl_plot_word word,
                 const char *first, const char *second);
/* "week" in the language; a period nobody knows stays as it is given. */
const char *fl_plot_period(enum fl_plot_language language, const char *period);

/* ---- numbers ---------------------------------------------------------------------------------*/

void fl_plot_number(char out[FL_PLOT_NUMBER_MAX], double value, int decimals);  /* "12,345.6" */
void fl_plot_percent(char out[FL_PLOT_NUMBER_MAX], double share, int decimals); /* "12%" */

enum { FL_PLOT_TICKS_MAX = 24 };
struct fl_plot_tick {
    double at;
    char text[FL_PLOT_NUMBER_MAX];
};
struct fl_plot_axis {
    double low, high; /* shown; the first and the last tick need not be there */
    struct fl_plot_tick ticks[FL_PLOT_TICKS_MAX];
    size_t n;
    const char *title; /* "" none; what stands before ": " alone where there is no room */
};
/* At most `ticks` marks at 1, 2 or 5 times a power of ten; `high` is raised to the next one. */
void fl_plot_axis_number(struct fl_plot_axis *axis, double high, int ticks);
void fl_plot_axis_percent(struct fl_plot_axis *axis, double low, double high, int ticks);
void fl_plot_axis_whole(struct fl_plot_axis *axis, double low, double high, int ticks);
/* `low` and `high` in days. */
void fl_plot_axis_date(struct fl_plot_axis *axis, double low, double high, int ticks);

/* ---- canvas ----------------------------------------------------------------------------------*/

struct fl_plot_area {
    double x, y, width, height;
};

struct fl_plot_canvas {
    enum fl_plot_format format;
    enum fl_plot_language language;
    const struct fl_plot_palette *palette;
    double width, height, unit;
    cairo_surface_t *surface;
    cairo_t *cairo;
    PangoLayout *layout;
    struct fl_buf bytes;
    char name[FL_PLOT_TITLE_MAX]; /* what an SVG is called: title and subtitle */
};
/* FL_INVALID: size, format or texts that cannot be. */
FL_CHECK_RESULT enum fl_status fl_plot_open(struct fl_plot_canvas *canvas,
                                            const struct fl_plot_style *style,
                                            struct fl_error *err);
/* Appends the picture to `out` where all went well; the canvas is gone in any case. */
FL_CHECK_RESULT enum fl_status fl_plot_close(struct fl_plot_canvas *canvas, struct fl_buf *out,
                                             struct fl_error *err);

void fl_plot_ink(const struct fl_plot_canvas *canvas, enum fl_plot_ink ink);
void fl_plot_colour(const struct fl_plot_canvas *canvas, uint32_t rgb, double alpha);
void fl_plot_line_width(const struct fl_plot_canvas *canvas, double units);
void fl_plot_dash(const struct fl_plot_canvas *canvas, double on, double off); /* 0, 0: solid */
void fl_plot_box(const struct fl_plot_canvas *canvas, const struct fl_plot_area *area,
                 double radius); /* a path */

/* Sizes of type, in units. */
#define FL_TYPE_TITLE   22.0
#define FL_TYPE_HEADING 13.5
#define FL_TYPE_BODY    13.5
#define FL_TYPE_SMALL   12.0
#define FL_TYPE_ZONE    17.0

enum fl_plot_align { FL_ALIGN_LEFT = 0, FL_ALIGN_MIDDLE, FL_ALIGN_RIGHT };
struct fl_plot_text {
    const char *text;
    double size; /* units */
    enum fl_plot_ink ink;
    bool is_bold;
    double width; /* 0: as it needs */
    int lines;    /* 0: one; what does not fit ends in an ellipsis */
    enum fl_plot_align align;
    bool has_plate; /* a plate of the background behind it */
};
/* Size in pixels. */
void fl_plot_text_size(const struct fl_plot_canvas *canvas, const struct fl_plot_text *text,
                       double *out_width, double *out_height);
/* (x, y): its upper edge at the left, middle or right.  Returns the height. */
double fl_plot_text_draw(const struct fl_plot_canvas *canvas, const struct fl_plot_text *text,
                         double x, double y);
/* Upwards, its centre at (x, y). */
void fl_plot_text_upwards(const struct fl_plot_canvas *canvas, const struct fl_plot_text *text,
                          double x, double y);

/* ---- frame -----------------------------------------------------------------------------------*/

/* Background, title and subtitle; returns where the rest begins. */
double fl_plot_head(struct fl_plot_canvas *canvas, const struct fl_plot_style *style,
                    enum fl_plot_word title);
double fl_plot_margin(const struct fl_plot_canvas *canvas);
/* A sentence in the middle of what is left. */
void fl_plot_sentence(const struct fl_plot_canvas *canvas, double top, const char *sentence);

enum fl_plot_swatch {
    FL_SWATCH_LINE = 0,
    FL_SWATCH_DASHES,
    FL_SWATCH_BOX,
    FL_SWATCH_HATCH,
    FL_SWATCH_BAND,
    FL_SWATCH_DOT,
    FL_SWATCH_DOT_LINE
};
struct fl_plot_key {
    enum fl_plot_swatch swatch;
    enum fl_plot_ink ink;
    const char *text;
};
/* One row (or more where they do not fit) of keys; returns where the rest begins. */
double fl_plot_keys(const struct fl_plot_canvas *canvas, const struct fl_plot_key *keys, size_t n,
                    double top);

struct fl_plot_frame {
    struct fl_plot_area area;
    struct fl_plot_axis x, y;
};
/* How many ticks there is room for. */
int fl_plot_ticks_across(const struct fl_plot_canvas *canvas);
int fl_plot_ticks_up(const struct fl_plot_canvas *canvas);
/* The area left of `outer` beside the texts of both axes; then grid, axes and texts. */
void fl_plot_frame_fit(const struct fl_plot_canvas *canvas, struct fl_plot_frame *frame,
                       const struct fl_plot_area *outer);
void fl_plot_frame_grid(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame);
void fl_plot_frame_axes(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame);
/* The title of the x axis as much lower, where texts of the plot's own stand under the axis. */
void fl_plot_frame_axes_shifted(const struct fl_plot_canvas *canvas,
                                const struct fl_plot_frame *frame, double shift);
double fl_plot_x(const struct fl_plot_frame *frame, double value);
double fl_plot_y(const struct fl_plot_frame *frame, double value);
/* A line through n values at x = first, first + 1, ...; of very many those that can be seen. */
void fl_plot_line(const struct fl_plot_canvas *canvas, const struct fl_plot_frame *frame,
                  const double *values, size_t n, double first);
/* A bar filled with strokes and an outline, so that it is told without colour. */
void fl_plot_hatch(const struct fl_plot_canvas *canvas, const struct fl_plot_area *area,
                   enum fl_plot_ink ink);

/* All of `values` finite and within [low, high]; FL_INVALID names the first that is not. */
FL_CHECK_RESULT enum fl_status fl_plot_check(const char *what, const double *values, size_t n,
                                             double low, double high, struct fl_error *err);

#endif
