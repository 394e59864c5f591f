/*
 * Draws an example of every plot, to be looked at: both themes, both languages, several sizes.
 *     draw-plots FOLDER
 * The customers are drawn from a Gaussian copula, the rest from a curve with noise; all of it from
 * a fixed seed.
 */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "plot/plot.h"
#include "value/position.h"

enum { MANY = 1000000, FEW = 900, WEEKS = 78, BYTES_MAX = 80 << 20, FILE_MODE = 0644 };

static uint64_t state = 20021122;

static double uniform(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
    return gsl_cdf_ugaussian_Pinv(uniform());
}

static const char *const groups_en[] = {"", "Mothers' class", "Home delivery", "Shop", "Web"};
static const char *const groups_ko[] = {"", "어머니 교실", "가정 배달", "매장", "온라인"};
static const double shift_cv[] = {0, 0.9, -0.9, 0.1, -0.1}, shift_ce[] = {0, -0.5, 0.6, 0, -0.3};

static void draw_points(struct fl_plot_point *points, size_t n, double band)
{
    for (size_t i = 0; i < n; i++) {
        struct fl_plot_point *point = &points[i];
        double common = normal(), cv, ce, d;

        point->group = (uint16_t)(uniform() < 0.4   ? 3
                                  : uniform() < 0.4 ? 4
                                  : uniform() < 0.5 ? 1
                                                    : 2);
        cv = 0.75 * common + 0.66 * normal() + shift_cv[point->group];
        ce = 0.75 * common + 0.66 * normal() + shift_ce[point->group];
        point->cv = (float)gsl_cdf_ugaussian_P(cv / 1.15);
        point->ce = (float)gsl_cdf_ugaussian_P(ce / 1.1);
        d = ((double)point->cv - (double)point->ce) / sqrt(2.0);
        point->zone = uniform() < 0.03 ? FL_ZONE_N
                      : d > band       ? FL_ZONE_I
                      : d < -band      ? FL_ZONE_II
                                       : FL_ZONE_III;
        point->keys = (uint8_t)((ce + 0.5 * normal() > 0.8 ? FL_KEY_CONTRIBUTION : 0) |
                                (uniform() < 0.12 ? FL_KEY_EXCHANGE : 0) |
                                (uniform() < 0.01 ? FL_KEY_LEADER : 0));
    }
}

struct example {
    const char *folder;
    struct fl_plot_style style;
};

static int keep(const struct example *example, const char *name, enum fl_status st,
                struct fl_buf *picture, struct fl_error *err)
{
    char path[4096];
    const struct fl_plot_style *style = &example->style;

    snprintf(path, sizeof path, "%s/%s-%dx%d-%s-%s.%s", example->folder, name, style->width,
             style->height, style->is_dark ? "dark" : "light", style->language,
             style->format == FL_PLOT_SVG ? "svg" : "png");
    if (!st)
        st = fl_file_write(path, picture->data, picture->len, FILE_MODE, err);
    if (st)
        fprintf(stderr, "%s: %s\n", path, err->text);
    else
        printf("%s %zu\n", path, picture->len);
    fl_buf_finish(picture);
    return st != FL_OK;
}

static int draw_maps(const struct example *example, struct fl_plot_point *points)
{
    const bool is_ko = strcmp(example->style.language, "ko") == 0;
    struct fl_plot_map map = {.points = points,
                              .slope = 1,
                              .band = 0.15,
                              .groups = is_ko ? groups_ko : groups_en,
                              .n_groups = sizeof groups_en / sizeof groups_en[0]};
    struct fl_buf picture = FL_BUF(BYTES_MAX);
    struct fl_error err = {0};
    int failed;

    map.n = MANY;
    failed = keep(example, "map-many", fl_plot_map(&example->style, &map, &picture, &err), &picture,
                  &err);
    map.n = FEW;
    failed |= keep(example, "map-few", fl_plot_map(&example->style, &map, &picture, &err), &picture,
                   &err);
    return failed;
}

static int draw_tracking(const struct example *example)
{
    double actual[WEEKS], expected[WEEKS];
    struct fl_plot_tracking tracking = {.n = WEEKS,
                                        .actual = actual,
                                        .expected = expected,
                                        .holdout_from = WEEKS / 2,
                                        .period = "week",
                                        .first_date = 9862,
                                        .period_days = 7};
    struct fl_buf picture = FL_BUF(BYTES_MAX);
    struct fl_error err = {0};

    for (int i = 0; i < WEEKS; i++) {
        expected[i] = 4300 * (1 - exp(-(i + 1) / 40.0)) * (1 - 0.5 * exp(-(i + 1) / 8.0));
        actual[i] = expected[i] * (1 + 0.03 * sin(i / 9.0) + 0.005 * normal());
        if (i && actual[i] < actual[i - 1])
            actual[i] = actual[i - 1];
    }
    return keep(example, "tracking", fl_plot_tracking(&example->style, &tracking, &picture, &err),
                &picture, &err);
}

static int draw_frequency(const struct example *example)
{
    static const double customers[] = {1411, 439, 214, 100, 62, 38, 29, 64};
    static const double actual[] = {0.24, 0.70, 1.39, 1.56, 2.53, 2.95, 3.86, 6.36};
    static const double expected[] = {0.23, 0.52, 1.04, 1.52, 2.04, 2.61, 3.20, 6.15};
    const struct fl_plot_frequency frequency = {.n = 8,
                                                .customers = customers,
                                                .actual = actual,
                                                .expected = expected,
                                                .window_periods = 39};
    struct fl_buf picture = FL_BUF(BYTES_MAX);
    struct fl_error err = {0};

    return keep(example, "frequency",
                fl_plot_frequency(&example->style, &frequency, &picture, &err), &picture, &err);
}

static int draw_survival(const struct example *example)
{
    enum { YEARS = 13 };
    double observed[YEARS], low[YEARS], high[YEARS], expected[YEARS];
    const struct fl_plot_survival survival = {.n = YEARS,
                                              .observed = observed,
                                              .low = low,
                                              .high = high,
                                              .expected = expected,
                                              .period = "year"};
    struct fl_buf picture = FL_BUF(BYTES_MAX);
    struct fl_error err = {0};

    for (int i = 0; i < YEARS; i++) {
        expected[i] = i ? expected[i - 1] * (1.182 + i - 1) / (0.704 + 1.182 + i - 1) : 1;
        observed[i] = i ? fmin(observed[i - 1], expected[i] * (1 + 0.04 * normal())) : 1;
        low[i] = observed[i] * (1 - 0.012 * i);
        high[i] = fmin(1, observed[i] * (1 + 0.012 * i));
    }
    return keep(example, "survival", fl_plot_survival(&example->style, &survival, &picture, &err),
                &picture, &err);
}

static int draw_calibration(const struct example *example)
{
    static const double predicted[] = {.03, .08, .13, .19, .27, .36, .47, .61, .76, .91};
    static const double observed[] = {.04, .07, .15, .18, .29, .33, .49, .63, .74, .93};
    static const double customers[] = {236, 236, 235, 236, 236, 235, 236, 236, 235, 236};
    double low[10], high[10];
    const struct fl_plot_calibration calibration = {.n = 10,
                                                    .predicted = predicted,
                                                    .observed = observed,
                                                    .low = low,
                                                    .high = high,
                                                    .customers = customers,
                                                    .auc = 0.812,
                                                    .auc_p = 0.774,
                                                    .brier = 0.1523,
                                                    .brier_p = 0.1611};
    struct fl_buf picture = FL_BUF(BYTES_MAX);
    struct fl_error err = {0};

    for (int i = 0; i < 10; i++) {
        double half = 1.96 * sqrt(observed[i] * (1 - observed[i]) / customers[i]);

        low[i] = fmax(0, observed[i] - half);
        high[i] = fmin(1, observed[i] + half);
    }
    return keep(example, "calibration",
                fl_plot_calibration(&example->style, &calibration, &picture, &err), &picture, &err);
}

int main(int argc, char **argv)
{
    static const struct {
        int width, height;
    } sizes[] = {{480, 360}, {960, 720}, {1600, 1200}, {1280, 720}, {600, 1000}, {320, 320}};
    struct fl_plot_point *points = calloc(MANY, sizeof *points);
    int failed = 0;

    if (argc != 2 || !points) {
        fprintf(stderr, "draw-plots FOLDER\n");
        free(points);
        return 2;
    }
    draw_points(points, MANY, 0.15);
    for (size_t size = 0; size < sizeof sizes / sizeof sizes[0]; size++)
        for (int variant = 0; variant < 4; variant++) {
            struct example example = {argv[1],
                                      {.format = variant == 2 ? FL_PLOT_SVG : FL_PLOT_PNG,
                                       .width = sizes[size].width,
                                       .height = sizes[size].height,
                                       .is_dark = variant & 1,
                                       .language = variant & 2 ? "ko" : "en",
                                       .subtitle = variant & 2 ? "새벽들 유업, 2026-11-22"
                                                               : "Dawnfield Dairy, 2026-11-22"}};

            failed |= draw_maps(&example, points) | draw_tracking(&example) |
                      draw_frequency(&example) | draw_survival(&example) |
                      draw_calibration(&example);
        }
    free(points);
    return failed;
}
