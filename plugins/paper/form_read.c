/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boxes: empty, marked, or doubtful.
 *
 * A box is looked for near its place by its frame, then the ink within is counted: as a share of
 * the inside, less what a part of the form has that is always empty (noise).  Ink that reaches
 * nowhere is a dot and no mark.
 */
#include "paper/form_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Shares of the inside of a box, after noise was taken off. */
#define EMPTY_MAX  0.035 /* less is empty */
#define MARKED_MIN 0.09  /* more is a mark, when it also reaches far enough */
#define REACH_MIN  0.42  /* of the inside, in one direction */
#define NOISE_MAX  0.05  /* more than this where nothing should be: nothing can be read */
#define INSIDE     0.19  /* from a box's edge to what counts: the frame and a pen that slips */
#define FRAME_MIN  0.55  /* share of a frame that must be there */
#define FRAMES_MIN 0.6   /* share of the boxes of a form whose frame must be found */
#define SHIFT_MAX  0.36  /* units a box may be away from its place */
#define SHIFT_STEP 0.06
#define SHIFT_COST 0.12   /* of a frame's share, a unit away */
#define WORDS_MIN  0.0012 /* share of a field for words: two letters */
#define WORDS_EDGE 0.35

#define STREAK_LENGTH    4.0 /* units: longer straight lines are no handwriting */
#define STREAK_THICKNESS 0.16

enum { SIDE_SAMPLES = 24, STRIP_SAMPLES = 200 };

enum state { EMPTY, MARKED, DOUBTFUL };

struct reader {
    const struct form_picture *picture;
    const struct form_sheet *sheet;
    double noise;
    int n_boxes, n_frames;
};

static bool is_ink(const struct reader *reader, double x, double y)
{
    struct form_point p = form_sheet_point(reader->sheet, x, y);

    return fabs(p.x) < 1e6 && fabs(p.y) < 1e6 &&
           form_is_black(reader->picture, (int)lround(p.x), (int)lround(p.y));
}

static double frame_share(const struct reader *reader, struct form_point at)
{
    const double near = FORM_FRAME / 2, far = FORM_BOX - FORM_FRAME / 2;
    int ink = 0;

    for (int i = 0; i < SIDE_SAMPLES; i++) {
        double along = FORM_BOX * (i + 0.5) / SIDE_SAMPLES;

        ink += is_ink(reader, at.x + along, at.y + near);
        ink += is_ink(reader, at.x + along, at.y + far);
        ink += is_ink(reader, at.x + near, at.y + along);
        ink += is_ink(reader, at.x + far, at.y + along);
    }
    return (double)ink / (4 * SIDE_SAMPLES);
}

/* Moves `at` to where the frame is; returns how much of it is there. */
static double frame_find(const struct reader *reader, struct form_point *at)
{
    struct form_point found = *at;
    double best = -1, share = 0;

    for (double dy = -SHIFT_MAX; dy <= SHIFT_MAX + 1e-9; dy += SHIFT_STEP) {
        for (double dx = -SHIFT_MAX; dx <= SHIFT_MAX + 1e-9; dx += SHIFT_STEP) {
            struct form_point here = {at->x + dx, at->y + dy};
            double s = frame_share(reader, here);

            if (s - SHIFT_COST * hypot(dx, dy) > best) {
                best = s - SHIFT_COST * hypot(dx, dy);
                share = s;
                found = here;
            }
        }
    }
    *at = found;
    return share;
}

static enum state box_read(struct reader *reader, struct form_point at)
{
    const double from = INSIDE, to = FORM_BOX - INSIDE;
    double low_x = 1, high_x = 0, low_y = 1, high_y = 0, share;
    int ink = 0;

    reader->n_boxes++;
    if (frame_find(reader, &at) < FRAME_MIN)
        return DOUBTFUL;
    reader->n_frames++;
    for (int i = 0; i < SIDE_SAMPLES; i++) {
        for (int j = 0; j < SIDE_SAMPLES; j++) {
            double u = (i + 0.5) / SIDE_SAMPLES, v = (j + 0.5) / SIDE_SAMPLES;

            if (!is_ink(reader, at.x + from + u * (to - from), at.y + from + v * (to - from)))
                continue;
            ink++;
            low_x = fmin(low_x, u);
            high_x = fmax(high_x, u);
            low_y = fmin(low_y, v);
            high_y = fmax(high_y, v);
        }
    }
    share = (double)ink / (SIDE_SAMPLES * SIDE_SAMPLES) - reader->noise;
    if (reader->noise > NOISE_MAX)
        return DOUBTFUL;
    if (share < EMPTY_MAX)
        return EMPTY;
    return share >= MARKED_MIN && fmax(high_x - low_x, high_y - low_y) >= REACH_MIN ? MARKED
                                                                                    : DOUBTFUL;
}

/* Between the marks of the left edge nothing is printed. */
static double noise_of(const struct reader *reader)
{
    double top = 2 * FORM_MARK, height = reader->sheet->height - 4 * FORM_MARK;
    int ink = 0, n = 0;

    for (int i = 0; i < STRIP_SAMPLES; i++) {
        for (int j = 0; j < SIDE_SAMPLES; j++, n++)
            ink += is_ink(reader, FORM_MARK * (j + 0.5) / SIDE_SAMPLES,
                          top + height * (i + 0.5) / STRIP_SAMPLES);
    }
    return (double)ink / n;
}

static bool has_words(const struct reader *reader, struct form_rect field)
{
    double width = field.width - 2 * WORDS_EDGE, height = field.height - 2 * WORDS_EDGE;
    int columns = (int)(width * SIDE_SAMPLES), rows = (int)(height * SIDE_SAMPLES), ink = 0;

    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++)
            ink += is_ink(reader, field.x + WORDS_EDGE + width * (x + 0.5) / columns,
                          field.y + WORDS_EDGE + height * (y + 0.5) / rows);
    }
    return (double)ink / ((double)columns * rows) - reader->noise > WORDS_MIN;
}

static void boxes_read(struct reader *reader, const struct form_layout *layout,
                       struct form_reading *out)
{
    enum state opt_out;

    for (size_t q = 0; q < layout->n; q++) {
        if (layout->types[q] == 't')
            out->has_words[q] = has_words(reader, form_layout_field(layout, q));
        for (int i = 0; i < layout->boxes[q]; i++) {
            enum state state = box_read(reader, form_layout_box(layout, q, i));

            out->marked[q] |= (uint16_t)(state == MARKED ? 1U << i : 0);
            out->doubtful[q] |= (uint16_t)(state == DOUBTFUL ? 1U << i : 0);
        }
    }
    opt_out = box_read(reader, form_layout_opt_out(layout));
    out->is_opted_out = opt_out == MARKED;
    out->is_opt_out_doubtful = opt_out == DOUBTFUL;
}

static int turned_by(const struct form_code *code)
{
    struct form_map map;
    double quarters;

    form_map_of_code(code, &map);
    quarters = atan2(map.yx, map.xx) / (M_PI / 2);
    return ((int)lround(quarters) + 4) % 4 * 90;
}

static void reading_set(const struct form_picture *clean, const struct form_code *code,
                        struct form_reading *out)
{
    struct form_picture plain = {0};
    struct form_sheet sheet;
    struct form_map map;
    struct form_reading read;
    double unit;

    *out = (struct form_reading){.has_layout = code->has_layout, .turned = turned_by(code)};
    memcpy(out->token, code->token, sizeof out->token);
    if (!code->has_layout)
        return;
    out->n_questions = code->layout.n;
    memcpy(out->types, code->layout.types, sizeof out->types);
    form_map_of_code(code, &map);
    unit = form_map_unit(&map);
    if (form_picture_unstreak(clean, (int)fmin(unit * STREAK_LENGTH, 1e6),
                              (int)fmin(fmax(2, unit * STREAK_THICKNESS), 1e3), &plain) &&
        form_sheet_find(&plain, code, &sheet)) {
        struct reader reader = {.picture = &plain, .sheet = &sheet};

        reader.noise = noise_of(&reader);
        read = *out;
        boxes_read(&reader, &code->layout, &read);
        read.has_marks = reader.n_frames >= FRAMES_MIN * reader.n_boxes;
        if (read.has_marks)
            *out = read;
    }
    form_picture_free(&plain);
}

size_t form_read(const struct form_image *image, struct form_reading *out, size_t max)
{
    struct form_code codes[FORM_CODES_MAX];
    struct form_picture picture, clean = {0};
    size_t n = 0;

    if (!form_picture_make(image, &picture))
        return 0;
    if (form_picture_clean(&picture, &clean))
        n = form_codes_find(&picture, &clean, codes, max < FORM_CODES_MAX ? max : FORM_CODES_MAX);
    for (size_t i = 0; i < n; i++)
        reading_set(&clean, &codes[i], &out[i]);
    form_picture_free(&clean);
    form_picture_free(&picture);
    return n;
}
