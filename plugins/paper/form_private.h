/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Form: what its files share.
 *
 *   form.c         a survey to a form; a reading to JSON
 *   form_layout.c  the text of the code, and where everything stands
 *   form_draw.c    a form onto a cairo surface
 *   form_image.c   a picture to square pixels, black and white, without specks
 *   form_code.c    codes in a picture
 *   form_find.c    the four marks around a code
 *   form_read.c    boxes
 *
 * UNITS  A form is FORM_WIDTH units wide and as high as its layout says; the length of a unit is
 *        found again from the corner marks.  Nothing but the layout decides where a box stands.
 */
#ifndef PLUGINS_PAPER_FORM_PRIVATE_H
#define PLUGINS_PAPER_FORM_PRIVATE_H

#include "paper/form.h"

#define FORM_WIDTH       34.0
#define FORM_MARK        1.2 /* side of a corner mark */
#define FORM_INSET       1.6 /* of everything else */
#define FORM_CODE_SIDE   7.0 /* with the quiet zone */
#define FORM_CODE_X      (FORM_WIDTH - FORM_INSET - FORM_CODE_SIDE)
#define FORM_CODE_Y      1.4
#define FORM_FIRST       9.0 /* top of the first question */
#define FORM_INDENT      3.4 /* of questions, right of their numbers */
#define FORM_RIGHT       (FORM_WIDTH - FORM_INSET)
#define FORM_BOX         1.0  /* outer side */
#define FORM_FRAME       0.08 /* width of its line, which lies inside */
#define FORM_TEXT_HEIGHT 1.8  /* of a question's words */
#define FORM_FIELD       3.8  /* height of a field for words */

enum { FORM_TOKEN_LEN = 40, FORM_COLUMNS = 3 /* of a choice */, FORM_SCALE_PITCHES = 5 };

struct form_point {
    double x, y;
};
struct form_rect {
    double x, y, width, height;
};

struct form_layout {
    size_t n;
    char types[FORM_QUESTIONS_MAX];
    int boxes[FORM_QUESTIONS_MAX];
};

/* --- form_layout.c */
void form_layout_of(const struct form *form, struct form_layout *out);
/* False when it does not fit. */
bool form_layout_write(const char *token, const struct form_layout *layout,
                       char code[FORM_CODE_MAX]);
/* False: not one of our codes.  *out_has: there is a layout behind the token. */
bool form_layout_read(const char *code, size_t len, char token[FORM_TOKEN_LEN + 1],
                      struct form_layout *out, bool *out_has);
double form_layout_top(const struct form_layout *layout, size_t question); /* n: after the last */
double form_layout_height(const struct form_layout *layout);
double form_layout_pitch(const struct form_layout *layout, size_t question); /* between columns */
struct form_point form_layout_box(const struct form_layout *layout, size_t question, int box);
struct form_rect form_layout_field(const struct form_layout *layout, size_t question);
struct form_point form_layout_opt_out(const struct form_layout *layout);

/* --- form_image.c */
enum {
    FORM_PIXELS_MAX = 40000000, /* of a picture that is read: A3 at 400 dpi */
    FORM_SIDE_MIN = 40          /* pixels; nothing smaller holds a code */
};

/* Square pixels, 0 black to 255 white. */
struct form_picture {
    int width, height;
    uint8_t *pixels;
};

/* NULL pixels and false: no memory, or a size nobody scans. */
bool form_picture_make(const struct form_image *image, struct form_picture *out);
/* Black and white, single specks taken away. */
bool form_picture_clean(const struct form_picture *in, struct form_picture *out);
bool form_picture_blur(const struct form_picture *in, struct form_picture *out);
bool form_picture_double(const struct form_picture *in, struct form_picture *out);
/* Takes away what is straight, long and thin: lines of a bad scan, and our own. */
bool form_picture_unstreak(const struct form_picture *clean, int min_length, int max_thickness,
                           struct form_picture *out);
void form_picture_free(struct form_picture *picture);

static inline bool form_is_black(const struct form_picture *p, int x, int y)
{
    return x >= 0 && y >= 0 && x < p->width && y < p->height &&
           p->pixels[(size_t)y * (size_t)p->width + (size_t)x] < 128;
}

/* --- form_code.c */
struct form_code {
    char token[FORM_TOKEN_LEN + 1];
    struct form_layout layout;
    bool has_layout;
    size_t text_len;
    struct form_point corners[4]; /* upper left, upper right, lower right, lower left of the code
                                     itself, without quiet zone, as the code stands */
};

size_t form_codes_find(const struct form_picture *picture, const struct form_picture *clean,
                       struct form_code *out, size_t max);

/* --- form_find.c */
/* Units to pixels. */
struct form_map {
    double xx, xy, x0; /* x' = xx x + xy y + x0 */
    double yx, yy, y0;
};

static inline struct form_point form_map_point(const struct form_map *map, double x, double y)
{
    return (struct form_point){map->xx * x + map->xy * y + map->x0,
                               map->yx * x + map->yy * y + map->y0};
}

/* From the code alone: good near it, and for which way is up. */
void form_map_of_code(const struct form_code *code, struct form_map *out);
double form_map_unit(const struct form_map *map); /* pixels */

/* A form in a picture, by the middles of its marks: upper left, upper right, lower left, lower
 * right. */
struct form_sheet {
    struct form_point marks[4];
    double height; /* units */
};

/* False when they cannot be found. */
bool form_sheet_find(const struct form_picture *picture, const struct form_code *code,
                     struct form_sheet *out);
struct form_point form_sheet_point(const struct form_sheet *sheet, double x, double y);

#endif
