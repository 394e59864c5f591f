/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A picture to square pixels, black and white, without specks and streaks. */
#include "paper/form_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORK_PIXELS_MAX = 10000000, /* A4 at 300 dpi; finer pictures are made smaller */
    THRESHOLD_MIN = 80,         /* what Otsu finds is kept within these: an almost white page */
    THRESHOLD_MAX = 200,
    NEIGHBOURS_MIN = 2, /* a pixel with fewer of its own colour around it is a speck */
    OBLONG_MAX = 5      /* dpi that differ by more than this are wrong */
};

static bool picture_alloc(struct form_picture *out, int width, int height)
{
    out->width = width;
    out->height = height;
    out->pixels = malloc((size_t)width * (size_t)height);
    return out->pixels != NULL;
}

void form_picture_free(struct form_picture *picture)
{
    free(picture->pixels);
    picture->pixels = NULL;
}

/* Source pixels of a target pixel: from *first on *n of them are averaged, or, where the picture
 * grows, two mixed by *part (0..256 of the second). */
struct span {
    int first, n, part;
};

static void spans_of(struct span *spans, int from, int to)
{
    double step = (double)from / to;

    for (int i = 0; i < to; i++) {
        double at = (i + 0.5) * step - 0.5;
        int first = (int)(i * step), last = (int)((i + 1) * step);

        if (step > 1) {
            last = last < first + 1 ? first + 1 : last > from ? from : last;
            spans[i] = (struct span){first, last - first, 0};
            continue;
        }
        at = fmin(fmax(at, 0), from - 1);
        spans[i] = (struct span){(int)at, (int)at + 1 < from ? 2 : 1, (int)((at - (int)at) * 256)};
    }
}

static uint8_t span_mix(const struct span *span, const uint8_t *first, size_t stride, bool grows)
{
    unsigned sum = 0;

    if (grows)
        return span->n == 1
                   ? *first
                   : (uint8_t)((first[0] * (256 - span->part) + first[stride] * span->part) / 256);
    for (int i = 0; i < span->n; i++)
        sum += first[(size_t)i * stride];
    return (uint8_t)(sum / (unsigned)span->n);
}

static bool resample(const uint8_t *pixels, int width, int height, struct form_picture *out)
{
    uint8_t *rows = malloc((size_t)out->width * (size_t)height);
    struct span *spans =
        calloc((size_t)(out->width > out->height ? out->width : out->height), sizeof *spans);
    size_t w = (size_t)out->width;
    bool is_made = rows && spans;

    if (is_made) {
        spans_of(spans, width, out->width);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < out->width; x++)
                rows[(size_t)y * w + (size_t)x] =
                    span_mix(&spans[x], pixels + (size_t)y * (size_t)width + spans[x].first, 1,
                             width <= out->width);
        spans_of(spans, height, out->height);
        for (int y = 0; y < out->height; y++)
            for (size_t x = 0; x < w; x++)
                out->pixels[(size_t)y * w + x] = span_mix(
                    &spans[y], rows + (size_t)spans[y].first * w + x, w, height <= out->height);
    }
    free(spans);
    free(rows);
    return is_made;
}

bool form_picture_make(const struct form_image *image, struct form_picture *out)
{
    double ratio = image->x_dpi / image->y_dpi, width = image->width, height = image->height;
    double total;

    *out = (struct form_picture){0};
    if (image->width < FORM_SIDE_MIN || image->height < FORM_SIDE_MIN ||
        (int64_t)image->width * image->height > FORM_PIXELS_MAX)
        return false;
    if (!(image->x_dpi > 0 && image->y_dpi > 0 && ratio < OBLONG_MAX && ratio > 1.0 / OBLONG_MAX))
        ratio = 1;
    if (ratio > 1)
        height *= ratio;
    else
        width /= ratio;
    total = width * height;
    if (total > WORK_PIXELS_MAX) {
        width *= sqrt(WORK_PIXELS_MAX / total);
        height *= sqrt(WORK_PIXELS_MAX / total);
    }
    if (width < FORM_SIDE_MIN || height < FORM_SIDE_MIN ||
        !picture_alloc(out, (int)width, (int)height))
        return false;
    if (resample(image->pixels, image->width, image->height, out))
        return true;
    form_picture_free(out);
    return false;
}

/* The grey that parts dark from light best (Otsu 1979). */
static int threshold_of(const struct form_picture *picture)
{
    size_t counts[256] = {0}, n = (size_t)picture->width * (size_t)picture->height, below = 0;
    double sum = 0, sum_below = 0, best = -1;
    int threshold = 128;

    for (size_t i = 0; i < n; i++)
        counts[picture->pixels[i]]++;
    for (int i = 0; i < 256; i++)
        sum += (double)i * (double)counts[i];
    for (int i = 0; i < 255; i++) {
        double between, difference;

        below += counts[i];
        sum_below += (double)i * (double)counts[i];
        if (!below || below == n)
            continue;
        difference = sum_below / (double)below - (sum - sum_below) / (double)(n - below);
        between = (double)below * (double)(n - below) * difference * difference;
        if (between > best) {
            best = between;
            threshold = i + 1;
        }
    }
    /* Two colours only: any grey between them parts them, so the middle does. */
    if (counts[0] + counts[255] == n)
        return 128;
    return threshold < THRESHOLD_MIN ? THRESHOLD_MIN
                                     : (threshold > THRESHOLD_MAX ? THRESHOLD_MAX : threshold);
}

static bool is_speck(const struct form_picture *p, size_t at)
{
    size_t w = (size_t)p->width;
    const uint8_t *c = p->pixels + at;
    int same = (c[-1] == *c) + (c[1] == *c);

    for (int d = -1; d <= 1; d++)
        same += (*(c - w + d) == *c) + (c[(ptrdiff_t)w + d] == *c);
    return same < NEIGHBOURS_MIN;
}

bool form_picture_clean(const struct form_picture *in, struct form_picture *out)
{
    struct form_picture bits = {0};
    size_t w = (size_t)in->width, h = (size_t)in->height;
    int threshold = threshold_of(in);

    if (!picture_alloc(out, in->width, in->height))
        return false;
    if (!picture_alloc(&bits, in->width, in->height)) {
        form_picture_free(out);
        return false;
    }
    for (size_t i = 0; i < w * h; i++)
        bits.pixels[i] = in->pixels[i] < threshold ? 0 : 255;
    memcpy(out->pixels, bits.pixels, w * h);
    for (size_t y = 1; y + 1 < h; y++) {
        for (size_t x = 1; x + 1 < w; x++) {
            if (is_speck(&bits, y * w + x))
                out->pixels[y * w + x] = (uint8_t)(255 - bits.pixels[y * w + x]);
        }
    }
    form_picture_free(&bits);
    return true;
}

bool form_picture_blur(const struct form_picture *in, struct form_picture *out)
{
    size_t w = (size_t)in->width, h = (size_t)in->height;

    if (!picture_alloc(out, in->width, in->height))
        return false;
    memcpy(out->pixels, in->pixels, w * h);
    for (size_t y = 1; y + 1 < h; y++) {
        for (size_t x = 1; x + 1 < w; x++) {
            const uint8_t *c = in->pixels + y * w + x;
            int sum = 0;

            for (int dx = -1; dx <= 1; dx++)
                sum += *(c - w + dx) + c[dx] + c[(ptrdiff_t)w + dx];
            out->pixels[y * w + x] = (uint8_t)(sum / 9);
        }
    }
    return true;
}

bool form_picture_double(const struct form_picture *in, struct form_picture *out)
{
    if ((int64_t)in->width * in->height > WORK_PIXELS_MAX / 2 ||
        !picture_alloc(out, in->width * 2, in->height * 2))
        return false;
    if (resample(in->pixels, in->width, in->height, out))
        return true;
    form_picture_free(out);
    return false;
}

/* --- streaks -----------------------------------------------------------------------------------*/

struct walk {
    size_t along, across; /* steps in the array */
    int length, breadth;  /* of the picture in these directions */
};

static int thickness(const uint8_t *pixel, const struct walk *walk, int at, int max)
{
    int n = 1;

    for (int i = 1; i <= max && at - i >= 0 && !*(pixel - (size_t)i * walk->across); i++)
        n++;
    for (int i = 1; i <= max && at + i < walk->breadth && !pixel[(size_t)i * walk->across]; i++)
        n++;
    return n;
}

static void erase_runs(const struct form_picture *in, struct form_picture *out,
                       const struct walk *walk, int min_length, int max_thickness)
{
    for (int at = 0; at < walk->breadth; at++) {
        const size_t line = (size_t)at * walk->across;

        for (int i = 0; i < walk->length;) {
            int first = i;

            while (i < walk->length && !in->pixels[line + (size_t)i * walk->along])
                i++;
            for (int k = first; i - first >= min_length && k < i; k++) {
                size_t pixel = line + (size_t)k * walk->along;

                if (thickness(in->pixels + pixel, walk, at, max_thickness) <= max_thickness)
                    out->pixels[pixel] = 255;
            }
            i += i == first;
        }
    }
}

bool form_picture_unstreak(const struct form_picture *clean, int min_length, int max_thickness,
                           struct form_picture *out)
{
    size_t w = (size_t)clean->width;
    const struct walk rows = {1, w, clean->width, clean->height};
    const struct walk columns = {w, 1, clean->height, clean->width};

    if (!picture_alloc(out, clean->width, clean->height))
        return false;
    memcpy(out->pixels, clean->pixels, w * (size_t)clean->height);
    erase_runs(clean, out, &rows, min_length, max_thickness);
    erase_runs(clean, out, &columns, min_length, max_thickness);
    return true;
}
