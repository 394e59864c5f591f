/* Plots of any numbers at all: each is drawn or refused, never both, never neither.  A head of
 * bytes chooses plot, form, size and title; the rest are raw floating-point numbers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "plot/plot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 16, TITLE = 6, VALUES_MAX = 4096, PICTURE_MAX = 96 << 20, SIDE_STEP = 8, PLOTS = 5 };

struct numbers {
    double value[VALUES_MAX];
    size_t n;
};

static enum fl_status draw_map(const struct fl_plot_style *style, const struct numbers *numbers,
                               const uint8_t *head, struct fl_buf *out)
{
    static const char *const groups[] = {"", "one", "둘", "three"};
    struct fl_plot_point *points = calloc(numbers->n + 1, sizeof *points);
    struct fl_plot_map map = {.points = points,
                              .slope = (head[12] - 100) / 50.0,
                              .intercept = (head[13] - 100) / 100.0,
                              .band = head[14] / 256.0,
                              .groups = groups,
                              .n_groups = sizeof groups / sizeof groups[0]};
    enum fl_status st;

    if (!points)
        return FL_INVALID;
    for (size_t i = 0; i + 1 < numbers->n; i += 2) {
        struct fl_plot_point *point = &points[map.n++];

        *point = (struct fl_plot_point){.cv = (float)numbers->value[i],
                                        .ce = (float)numbers->value[i + 1],
                                        .zone = (uint8_t)(i % 4),
                                        .keys = (uint8_t)(i / 2),
                                        .group = (uint16_t)(i % 5 ? i % 4 : 0)};
    }
    if (head[15] > 127)
        map.slope = numbers->value[0];
    st = fl_plot_map(style, &map, out, NULL);
    free(points);
    return st;
}

static enum fl_status draw(const struct fl_plot_style *style, const struct numbers *numbers,
                           const uint8_t *head, struct fl_buf *out)
{
    size_t n = numbers->n / 5;
    const double *v = numbers->value;
    const struct fl_plot_tracking tracking = {.n = numbers->n / 2,
                                              .actual = v,
                                              .expected = v + numbers->n / 2,
                                              .holdout_from = head[12],
                                              .period = head[13] & 1 ? "week" : "x",
                                              .first_date = ((int32_t)head[14] - 128) * 30000,
                                              .period_days = head[15] / 4.0};
    const struct fl_plot_frequency frequency = {.n = numbers->n / 3,
                                                .customers = v,
                                                .actual = v + numbers->n / 3,
                                                .expected = v + numbers->n / 3 * 2,
                                                .window_periods = head[12]};
    const struct fl_plot_survival survival = {.n = n,
                                              .observed = v,
                                              .low = v + n,
                                              .high = v + 2 * n,
                                              .expected = v + 3 * n,
                                              .period = NULL};
    const struct fl_plot_calibration calibration = {.n = n,
                                                    .predicted = v,
                                                    .observed = v + n,
                                                    .low = v + 2 * n,
                                                    .high = v + 3 * n,
                                                    .customers = v + 4 * n,
                                                    .auc = v[0],
                                                    .auc_p = v[1],
                                                    .brier = v[2],
                                                    .brier_p = v[3]};

    switch (head[0] % PLOTS) {
    case 0:
        return draw_map(style, numbers, head, out);
    case 1:
        return fl_plot_tracking(style, &tracking, out, NULL);
    case 2:
        return fl_plot_frequency(style, &frequency, out, NULL);
    case 3:
        return fl_plot_survival(style, &survival, out, NULL);
    default:
        return fl_plot_calibration(style, &calibration, out, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct numbers numbers;
    FL_AUTO_BUF struct fl_buf out = FL_BUF(PICTURE_MAX);
    char title[TITLE + 1] = "";
    struct fl_plot_style style = {.title = title};
    enum fl_status st;

    if (size < HEAD)
        return 0;
    memset(&numbers, 0, sizeof numbers);
    memcpy(title, data + HEAD - TITLE - 4, TITLE);
    style.format = data[1] & 1 ? FL_PLOT_PNG : FL_PLOT_SVG;
    style.is_dark = data[1] & 2;
    style.language = data[1] & 4 ? "ko" : NULL;
    style.subtitle = data[1] & 8 ? title : NULL;
    style.width = data[2] * SIDE_STEP;
    style.height = data[3] * SIDE_STEP;
    numbers.n = (size - HEAD) / sizeof(double);
    numbers.n = numbers.n < VALUES_MAX ? numbers.n : VALUES_MAX;
    memcpy(numbers.value, data + HEAD, numbers.n * sizeof(double));
    st = draw(&style, &numbers, data, &out);
    if ((st != FL_OK && st != FL_INVALID) || (st == FL_OK) != (out.len > 0))
        abort();
    return 0;
}
